# SPDX-License-Identifier: Apache-2.0
"""Each file that people write begins with its licence (https://spdx.dev) and states its purpose.

    spdx.py [ROOT]
"""
import os
import sys

ROOT = sys.argv[1] if len(sys.argv) > 1 else os.path.join(os.path.dirname(__file__), '..', '..')
LICENCE = 'SPDX-License-Identifier: Apache-2.0'
ENDINGS = ('.c', '.h', '.cc', '.def', '.inc', '.py', '.sh', '.cmake', '.test', 'CMakeLists.txt',
           'Makefile')
SKIPPED = ('.git', 'build', 'models', '__pycache__')


def written_files():
    for folder, folders, files in os.walk(ROOT):
        folders[:] = [name for name in folders if name not in SKIPPED]
        for file in files:
            if file.endswith(ENDINGS):
                yield os.path.join(folder, file)


def head(path, count):
    with open(path, encoding='utf-8') as file:
        return [file.readline() for _ in range(count)]


def main():
    files = sorted(written_files())
    # The second line may stand below a "#!" line, and what the file is for on either side.
    faults = [path for path in files if LICENCE not in ''.join(head(path, 2))
              or not ''.join(head(path, 5)).replace(LICENCE, '').strip('/#*\n -')]
    print(f'{len(files)} files')
    if faults or not files:
        sys.exit('the licence line or the purpose is missing in: ' + ' '.join(faults))


if __name__ == '__main__':
    main()
