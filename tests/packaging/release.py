# SPDX-License-Identifier: Apache-2.0
"""A release is made twice, in two places, one after the other: the bytes must be the same.

    release.py --build FOLDER

Only the targets of Linux on this kind of machine are built, to save time. A release is of the last
commit, so there must be a repository. The compiler and the sources of dependencies come from FOLDER/cross,
where `make cross` keeps them.
"""
import argparse
import os
import shutil
import subprocess
import sys

from support import ROOT, files_below, read, run, skip

TARGETS = ('linux-x64', 'manylinux-x64')
# What a release has of these targets.
FILES = '''SHA256SUMS czmodel-VERSION.tar.gz czmodel-VERSION-linux-x64.tar.gz
    czmodel_native-VERSION-py3-none-manylinux2014_x86_64.manylinux_2_17_x86_64.whl
    czmodel_VERSION-1_amd64.deb libczm0_VERSION-1_amd64.deb libczm-dev_VERSION-1_amd64.deb
    python3-czmodel_VERSION-1_amd64.deb'''


def make(folder, cache):
    shutil.rmtree(folder, ignore_errors=True)
    run(os.path.join(ROOT, 'packaging', 'make_release'), folder, *TARGETS, CROSS_CACHE=cache)
    return {name: read(os.path.join(folder, name)) for name in files_below(folder)}


def main():
    parser = argparse.ArgumentParser(description=__doc__.split('\n')[0])
    parser.add_argument('--build', metavar='FOLDER', required=True, type=os.path.abspath)
    build = parser.parse_args().build
    if not shutil.which('git') or subprocess.run(['git', '-C', ROOT, 'log', '-1'],
                                                 stdout=subprocess.DEVNULL).returncode:
        skip('git knows no commit here, and a release is of one')
    if not shutil.which('dh_python3'):
        skip('dh_python3 is missing; apt-get install debhelper dh-python')
    cache = os.path.join(build, 'cross', 'cache')
    first = make(os.path.join(build, 'packaging', 'release'), cache)
    second = make(os.path.join(build, 'packaging', 'again', 'in', 'another', 'place'), cache)
    version = read(os.path.join(ROOT, 'VERSION')).decode().strip()
    expected = FILES.replace('VERSION', version).split()
    if sorted(first) != sorted(expected):
        sys.exit(f'a release of {sorted(first)}\nexpected     {sorted(expected)}')
    differing = [name for name in expected if first[name] != second.get(name)]
    if differing:
        sys.exit(f'not the same the second time: {", ".join(differing)}')
    print(f'{len(first)} files, the same twice')


if __name__ == '__main__':
    main()
