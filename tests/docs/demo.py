# SPDX-License-Identifier: Apache-2.0
"""./dev demo, run in a fresh copy of the sources, whose path is hard to quote, prints what README shows.

    demo.py --build FOLDER [--update]

In README a line "..." stands for any lines. Ids and counts of bytes, which follow from every byte that is written,
may differ. --update writes the output into README, with the same lines left out.
"""
import argparse
import os
import re
import shutil
import subprocess
import sys

ROOT = os.path.dirname(os.path.dirname(os.path.dirname(os.path.abspath(__file__))))
sys.path.insert(0, os.path.join(ROOT, 'tests', 'lib'))
from sources import copy_sources  # noqa: E402

SKIPPED = 77
BLOCK = re.compile(r'(?<=^```\n)\$ \./dev demo\n.*?(?=^```)', re.S | re.M)
# The blocks of the output that README shows whole; of the others it shows the first and the last lines.
SHORT = {'build/czmodel check': (6, 1), 'build/czmodel inspect': (14, 0), 'build/czmodel new': (0, 8)}


VARYING = re.compile(r'[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}|\b\d{4,}\b|\b[\d.]+ kB')


def output_of(folder):
    done = subprocess.run(['./dev', 'demo'], cwd=folder, stdout=subprocess.PIPE,
                          stderr=subprocess.STDOUT, text=True, check=False)
    if done.returncode:
        sys.exit(f'./dev demo: status {done.returncode}\n{done.stdout}')
    return done.stdout.replace(folder + '/', '').replace(folder, '.')


def shortened(output):
    parts = re.split(r'^(?=== )', output, flags=re.M)
    lines = ['$ ./dev demo']
    for part in parts:
        if not part.startswith('== ') or part.startswith('== building'):
            continue
        title, *rest = part.rstrip().splitlines()
        head, tail = next((value for key, value in SHORT.items() if title.startswith('== ' + key)),
                          (len(rest), 0))
        if len(rest) > head + tail:
            rest = rest[:head] + ['...'] + (rest[-tail:] if tail else [])
        lines += [title, *rest, '']
    return '\n'.join(lines[:-1]) + '\n'


def main():
    parser = argparse.ArgumentParser()
    parser.add_argument('--build', required=True, type=os.path.abspath)
    parser.add_argument('--update', action='store_true')
    options = parser.parse_args()
    folder = os.path.join(options.build, 'demo (ä & ö)')
    shutil.rmtree(folder, ignore_errors=True)
    if not copy_sources(folder):
        print('this is not a clone: there is no list of the sources')
        sys.exit(SKIPPED)
    shown = shortened(output_of(folder))
    readme = os.path.join(ROOT, 'README.md')
    with open(readme, encoding='utf-8') as file:
        text = file.read()
    expected = BLOCK.search(text).group()
    shutil.rmtree(folder)
    if options.update:
        with open(readme, 'w', encoding='utf-8') as file:
            file.write(BLOCK.sub(lambda _: shown, text))
    elif VARYING.sub('#', expected) != VARYING.sub('#', shown):
        sys.exit(f'README shows\n{expected}\nbut ./dev demo prints\n{shown}')


if __name__ == '__main__':
    main()
