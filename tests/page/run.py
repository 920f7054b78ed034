# SPDX-License-Identifier: Apache-2.0
"""Builds the page and tests it in Debian's Chromium and, if it is there, in Firefox.

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
# The tests in page/test, and the programs that they drive.
BROWSERS = (('run.mjs', 'chromium'), ('firefox.mjs', 'firefox-esr', 'firefox'))


def skip(reason):
    print(f'skipped: {reason}')
    sys.exit(SKIPPED)


def find(*names):
    """The path of a browser, or None. Those of Ubuntu are snaps, which cannot be run without a user's session."""
    for path in filter(None, map(shutil.which, names)):
        # The program may be a script that starts a snap.
        if '/snap/' not in os.path.realpath(path) and not pathlib.Path(f'/snap/bin/{pathlib.Path(path).name}').exists():
            return path
    return None


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
    browsers = [(script, find(*names)) for script, *names in BROWSERS]
    if not browsers[0][1]:
        skip('there is no Chromium that is not a snap; Debian has it (apt-get install chromium)')
    check_node()
    build = arguments.build.resolve()
    page = build / 'page'
    made = subprocess.run([ROOT / 'page/build', page, build / 'cross'], capture_output=True, text=True,
                          check=False)
    if made.returncode:
        sys.exit(made.stdout[-4000:] + made.stderr[-4000:])
    inputs.make(page / 'inputs', arguments.czmodel.resolve())
    # Beside each other. Both begin with the same build and the same inputs.
    running = [subprocess.Popen(['node', f'test/{script}', arguments.czmodel.resolve(), ROOT, page / 'inputs', page, browser],
                                cwd=page / 'source') for script, browser in browsers if browser]
    for script, browser in browsers:
        if not browser:
            print(f'skipped: {script}, for there is no such browser (apt-get install firefox-esr)')
    return max([process.wait() for process in running])


if __name__ == '__main__':
    sys.exit(main())
