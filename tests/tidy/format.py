# SPDX-License-Identifier: Apache-2.0
"""Fails if a C source is not as clang-format 14 lays it out with the options of .clang-format.

    format.py [ROOT]

Other versions of clang-format break some lines otherwise. Without version 14 the test is skipped (77).
"""
import os
import shutil
import subprocess
import sys

ROOT = sys.argv[1] if len(sys.argv) > 1 else '.'
PROGRAM = 'clang-format-14'
FOLDERS = ('src', 'cli', 'include', 'tests', 'bench', 'python', 'example', 'page')
SKIPPED = ('build', 'node_modules')


def sources():
    for top in FOLDERS:
        for folder, folders, files in os.walk(os.path.join(ROOT, top)):
            folders[:] = [name for name in folders if name not in SKIPPED]
            yield from (os.path.join(folder, file) for file in sorted(files) if file.endswith(('.c', '.h', '.cc')))


def main():
    if not shutil.which(PROGRAM):
        print(f'{PROGRAM} is not installed')
        return 77
    files = list(sources())
    done = subprocess.run([PROGRAM, '--dry-run', '-Werror', '--ferror-limit=1', *files])
    print(f'{len(files)} files')
    return 1 if done.returncode or not files else 0


if __name__ == '__main__':
    sys.exit(main())
