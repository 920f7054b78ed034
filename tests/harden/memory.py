# SPDX-License-Identifier: Apache-2.0
"""--memory raises the limit in every command that reads a model.

    memory.py --czmodel PROGRAM

The graph is a few bytes that unpack to more than a file of this size may, and so is the licence of the container.
"""
import argparse
import json
import os
import subprocess
import sys
import tempfile
import zipfile

from structures import archives
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


def main():
    parser = argparse.ArgumentParser()
    parser.add_argument('--czmodel', required=True)
    czmodel = os.path.abspath(parser.parse_args().czmodel)
    faults = 0
    with tempfile.TemporaryDirectory(prefix='czm-memory-') as folder:
        os.chdir(folder)
        write_inputs(czmodel)
        for command in COMMANDS:
            for more in [], ['--memory', ENOUGH]:
                done = subprocess.run([czmodel, *command, *more], stdout=subprocess.PIPE, stderr=subprocess.STDOUT,
                                      text=True, check=False)
                if ('too-large' in done.stdout) == bool(more):
                    faults += 1
                    print(f'{command + more}: exit status {done.returncode}\n{done.stdout}')
        os.chdir('/')
    sys.exit(1 if faults else 0)


if __name__ == '__main__':
    main()
