# SPDX-License-Identifier: Apache-2.0
"""Builds the page and tests it in Debian's Chromium.

    run.py --czmodel build/czmodel --build build

Exits with 77 where Node.js, npm or Chromium is not there, and says which.
"""
import argparse
import os
import pathlib
import re
import shutil
import subprocess
import sys

import inputs

ROOT = pathlib.Path(__file__).parents[2]
SKIPPED = 77
LEAST_NODE = 18


def skip(reason):
    print(f'skipped: {reason}')
    sys.exit(SKIPPED)


def chromium():
    """Its path. That of Ubuntu is a snap, which cannot be run without a user's session."""
    found = shutil.which('chromium')
    if not found or '/snap/' in os.path.realpath(found):
        skip('there is no Chromium that is not a snap; Debian has it (apt-get install chromium)')
    return found


def check_node():
    if not shutil.which('node') or not shutil.which('npm'):
        skip('there is no Node.js with npm')
    version = subprocess.run(['node', '--version'], capture_output=True, text=True, check=True).stdout
    if int(re.match(r'v(\d+)', version).group(1)) < LEAST_NODE:
        skip(f'Node.js {version.strip()} is older than {LEAST_NODE}')


def main():
    parser = argparse.ArgumentParser()
    parser.add_argument('--czmodel', type=pathlib.Path, required=True)
    parser.add_argument('--build', type=pathlib.Path, required=True)
    arguments = parser.parse_args()
    browser = chromium()
    check_node()
    build = arguments.build.resolve()
    page = build / 'page'
    made = subprocess.run([ROOT / 'page/build', page, build / 'cross'], capture_output=True, text=True,
                          check=False)
    if made.returncode:
        sys.exit(made.stdout[-4000:] + made.stderr[-4000:])
    inputs.make(page / 'inputs', arguments.czmodel.resolve())
    return subprocess.run(['node', 'test/run.mjs', arguments.czmodel.resolve(), ROOT, page, browser,
                           page / 'inputs'], cwd=page / 'source', check=False).returncode


if __name__ == '__main__':
    sys.exit(main())
