# SPDX-License-Identifier: Apache-2.0
"""Shared by the tests of packages: running commands, and the file that everything must make."""
import os
import re
import subprocess
import sys

ROOT = os.path.dirname(os.path.dirname(os.path.dirname(os.path.abspath(__file__))))
EXAMPLE = os.path.join(ROOT, 'example', 'nuclei')
PROGRAM = os.path.join(ROOT, 'tests', 'packaging', 'program')
SPEC = os.path.join(EXAMPLE, 'model_spec.json')
MODEL_ID = '00000000-0000-4000-8000-000000000000'
SKIPPED = 77  # as CTest is told


def run(*command, **environment):
    """The output of a command; the test ends if it fails."""
    done = subprocess.run(command, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True,
                          env={**os.environ, **environment}, stdin=subprocess.DEVNULL)
    if done.returncode:
        sys.exit(f'{" ".join(command)} ended with {done.returncode}:\n{done.stdout}')
    return done.stdout.strip()


def skip(reason):
    print(f'skipped: {reason}')
    sys.exit(SKIPPED)


def read(path):
    with open(path, 'rb') as file:
        return file.read()


def files_below(folder):
    return sorted(os.path.relpath(os.path.join(parent, name), folder)
                  for parent, _, names in os.walk(folder) for name in names)


def check_acceleration(*command):
    """What is shipped for this processor computes CRC-32C by its instruction; the command prints by what."""
    with open('/proc/cpuinfo', encoding='utf-8') as file:
        has_instruction = {'sse4_2', 'crc32'} & set(file.read().split())
    method = re.search('CRC-32C by (.*)', run(*command)).group(1)
    if has_instruction and method == 'table':
        sys.exit(f'{command[0]} computes CRC-32C by a table, although this processor has an instruction')
    print(f'{command[0]}: CRC-32C by {method}')


def page(build, scratch):
    """The folder with the page: of the test of the page, or, where that was skipped, with files that stand for it."""
    folder = os.path.join(build, 'page')
    if not os.path.exists(os.path.join(folder, 'small', 'czmodel.html')):
        folder = os.path.join(scratch, 'page')
        os.makedirs(os.path.join(folder, 'small'), exist_ok=True)
        for name in ('czmodel.html', 'small/czmodel.html'):
            with open(os.path.join(folder, name), 'w', encoding='utf-8') as file:
                file.write('<!DOCTYPE html><title>czmodel</title>\n')
    return folder


def converted(command, folder):
    """The example as this czmodel converts it, with an id that is always the same."""
    run(command, 'convert', '--quiet', '--model-id', MODEL_ID, SPEC, folder, 'expected')
    return read(os.path.join(folder, 'expected.czmodel'))
