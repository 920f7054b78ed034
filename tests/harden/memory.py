# SPDX-License-Identifier: Apache-2.0
"""--memory raises the limit in every command that reads a model, and a long network needs no higher limit.

    memory.py --czmodel PROGRAM

The graph is a few bytes that unpack to more than a file of this size may, and so is the licence of the container. The
long network is a chain of 40,000 ONNX operations of 23 bytes.
"""
import argparse
import json
import os
import subprocess
import sys
import tempfile
import zipfile

from structures import archives, networks
from structures.parts import SPEC

SIZE, ENOUGH = 75 * 10 ** 6, '400' # bytes; MB
ALLOW = ['--allow', 'pixel-type-channels']
COMMANDS = (['inspect', 'model.zip'], ['new', 'model.zip', 'new.json'], ['diff', 'model.zip', 'model.zip'],
            ['check', 'spec.json', *ALLOW], ['convert', 'spec.json', 'out', *ALLOW],
            ['verify', 'spec.json', '--runtime', 'nowhere'], ['report', 'model.zip'], ['unpack', 'large.czmodel', 'folder'])


def write_inputs(czmodel):
    archives.deflated_graph('.', SIZE)
    with open('spec.json', 'w', encoding='utf-8') as out:
        json.dump({**SPEC, 'ModelPath': 'model.zip'}, out)
    subprocess.run([czmodel, 'convert', 'spec.json', '.', 'small', '--memory', ENOUGH, *ALLOW], check=True,
                   stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
    with zipfile.ZipFile('small.czmodel') as small, \
            zipfile.ZipFile('large.czmodel', 'w', zipfile.ZIP_DEFLATED) as large:
        metadata, network, model_id = small.namelist()
        large.writestr(metadata, small.read(metadata))
        large.writestr(network, small.read(network))
        large.writestr('LICENSE.txt', bytes(SIZE))
        large.writestr(model_id, b'')


def is_too_large(czmodel, command):
    """Whether the call exceeds its limit, and what it printed."""
    done = subprocess.run([czmodel, *command], stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True, check=False)
    return 'too-large' in done.stdout, f'{command}: exit status {done.returncode}\n{done.stdout}'


def main():
    parser = argparse.ArgumentParser()
    parser.add_argument('--czmodel', required=True)
    czmodel = os.path.abspath(parser.parse_args().czmodel)
    faults = 0
    with tempfile.TemporaryDirectory(prefix='czm-memory-') as folder:
        os.chdir(folder)
        write_inputs(czmodel)
        calls = [([*command, *more], not more) for command in COMMANDS for more in ([], ['--memory', ENOUGH])]
        calls.append((['inspect', networks.onnx_chain('.', 40000)], False))
        for command, expected in calls:
            found, text = is_too_large(czmodel, command)
            if found != expected:
                faults += 1
                print(text)
        os.chdir('/')
    sys.exit(1 if faults else 0)


if __name__ == '__main__':
    main()
