# SPDX-License-Identifier: Apache-2.0
"""Which lines of the library the fast tests run, by folder, from the counters of a build for gcov.

    coverage.py BUILD_FOLDER [--lines]

--lines names the lines that never ran. Fails if a folder of MINIMA has fewer than it should.
"""
import argparse
import collections
import glob
import json
import os
import subprocess
import sys

# Percent of the lines of a folder; 90 of one that is not named.
MINIMA = {'analysis': 94, 'api': 93, 'base': 94, 'check': 96, 'codec': 97, 'draw': 97, 'fold': 97, 'graph': 97,
          'op': 95, 'package': 95, 'passes': 97, 'passes/onnx': 94, 'passes/tf200': 96, 'read': 94,
          'read/keras': 92, 'read/onnx': 90, 'read/savedmodel': 94, 'report': 93, 'shape': 95, 'spec': 97, 'view': 98,
          'write/onnx': 93, 'write/savedmodel': 97}


def read_counts(build):
    """For each source file, how often each line ran."""
    counts = collections.defaultdict(collections.Counter)
    pattern = os.path.join(glob.escape(build), 'CMakeFiles', 'czm_objects.dir', 'src', '**', '*.gcda')
    for counters in sorted(glob.glob(pattern, recursive=True)):
        done = subprocess.run(['gcov', '--json-format', '--stdout', counters], check=True,
                              capture_output=True, cwd=build)
        for file in json.loads(done.stdout)['files']:
            for line in file['lines']:
                counts[os.path.realpath(os.path.join(build, file['file']))][line['line_number']] += line['count']
    return counts


def main():
    parser = argparse.ArgumentParser()
    parser.add_argument('build')
    parser.add_argument('--lines', action='store_true')
    arguments = parser.parse_args()
    source = os.path.join(os.path.dirname(os.path.dirname(os.path.abspath(__file__))), 'src')
    folders = collections.defaultdict(lambda: [0, 0])
    for path, lines in sorted(read_counts(os.path.abspath(arguments.build)).items()):
        name = os.path.relpath(path, os.path.realpath(source))
        if name.startswith('..'):
            continue
        missed = sorted(number for number, count in lines.items() if count == 0)
        folder = folders[os.path.dirname(name) or '.']
        folder[0] += len(lines) - len(missed)
        folder[1] += len(lines)
        if arguments.lines and missed:
            print(name, *missed)
    is_good = bool(folders)
    for name, (run, count) in sorted(folders.items()):
        percent = 100 * run / count
        is_enough = percent >= MINIMA.get(name, 90)
        is_good &= is_enough
        print(f'{name:10} {run:6} of {count:6} lines {percent:6.1f} %'
              f'{"" if is_enough else "   too few"}')
    sys.exit(not is_good)


if __name__ == '__main__':
    main()
