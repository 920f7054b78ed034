# SPDX-License-Identifier: Apache-2.0
"""Another machine writes the same bytes and prints the same text: with other byte order, or other sizes of numbers.

    machines.py --czmodel PROGRAM --other "COMMAND..." MODEL...

COMMAND runs the program that was built for the other machine, under an emulator if necessary. The models are all kinds
of networks. Each is described, checked and converted to both kinds of networks.
"""
import argparse
import os
import shlex
import subprocess
import sys
import tempfile

FORMATS = ('3.0.0', '3.1.0', 'czann-2.1.0')


def calls(model):
    """Arguments, in the order in which they need each other's files."""
    yield 'inspect', '--json', model, '--svg', 'network.svg'
    yield 'new', model, 'spec.json'
    yield 'check', '--json', model
    for name in FORMATS:
        yield 'convert', 'spec.json', 'out', name, '--format', name
    yield 'convert', 'spec.json', 'out', 'small', '--spatial-dims', '64,64', '--preprocessing', 'scale=0.3'
    yield 'diff', model, 'spec.json'


def files_below(folder):
    found = {}
    for parent, _, names in os.walk(folder):
        for name in names:
            path = os.path.join(parent, name)
            with open(path, 'rb') as file:
                found[os.path.relpath(path, folder)] = file.read()
    return found


def results(command, model):
    """Exit status and output of each call, and all files."""
    with tempfile.TemporaryDirectory(prefix='czm-machines-') as folder:
        done = [subprocess.run([*command, *call], cwd=folder, stdin=subprocess.DEVNULL, stdout=subprocess.PIPE,
                               stderr=subprocess.STDOUT, check=False) for call in calls(model)]
        return [(one.returncode, one.stdout) for one in done], files_below(folder)


def differences(model, one, other):
    for call, a, b in zip(calls(model), one[0], other[0]):
        if a != b:
            yield f'{" ".join(call)}: {a[0]} {a[1][-500:]!r}, {b[0]} {b[1][-500:]!r}'
    for name in sorted({*one[1], *other[1]}):
        if one[1].get(name) != other[1].get(name):
            yield f'{name} differs'


def main():
    parser = argparse.ArgumentParser()
    parser.add_argument('--czmodel', required=True)
    parser.add_argument('--other', required=True)
    parser.add_argument('models', nargs='+')
    options = parser.parse_args()
    files = bad = 0
    for model in map(os.path.abspath, options.models):
        one = results([os.path.abspath(options.czmodel)], model)
        found = list(differences(model, one, results(shlex.split(options.other), model)))
        files += len(one[1])
        bad += bool(found)
        for text in found:
            print(f'{model}: {text}')
    print(f'{len(options.models)} models, {files} files: {bad} models differ')
    sys.exit(1 if bad else 0)


if __name__ == '__main__':
    main()
