# SPDX-License-Identifier: Apache-2.0
"""A release is made twice, in two places, one after the other, by two users with other habits: the
bytes must be the same. The archive of programs holds all of them; the static program is position independent
and computes checksums by the processor's instruction, and the wheel is what wheels.py expects.

    release.py --build FOLDER

Only the target of static programs on this machine is built, to save time, and the page is that of the page's test. A release is of the last
commit, so there must be a repository. The compiler and the sources of dependencies come from FOLDER/cross,
where `make cross` keeps them.
"""
import argparse
import glob
import io
import os
import shutil
import subprocess
import sys
import tarfile

from support import ROOT, check_acceleration, files_below, page, read, run, skip
from wheels import Wheel

TARGET = 'linux-x64'
# Its files in a release.
FILES = '''RELEASE-NOTES.md SHA256SUMS czmodel-VERSION.cdx.json czmodel-VERSION.html czmodel-VERSION.tar.gz
    czmodel-VERSION-linux-x64.tar.gz czmodel_native-VERSION.tar.gz
    czmodel_native-VERSION-py3-none-musllinux_1_2_x86_64.whl
    czmodel_VERSION-1_amd64.deb libczm0_VERSION-1_amd64.deb libczm-dev_VERSION-1_amd64.deb
    python3-czmodel_VERSION-1_amd64.deb'''

POSITION_INDEPENDENT = 3  # ET_DYN, the type of an ELF file

# The contents of the archive of programs.
PROGRAMS = ('LICENSE README.md THIRD-PARTY.txt '
            'czmodel czmodel.html savedmodel2czann savedmodel2czmodel').split()
EXECUTABLE = ('czmodel', 'savedmodel2czann', 'savedmodel2czmodel')
# Of the second user; German where it is installed.
HABITS = {'TZ': 'Asia/Tokyo', 'LANG': 'de_DE.UTF-8', 'GIT_CONFIG_COUNT': '2',
          'GIT_CONFIG_KEY_0': 'tar.umask', 'GIT_CONFIG_VALUE_0': '0077',
          'GIT_CONFIG_KEY_1': 'core.autocrlf', 'GIT_CONFIG_VALUE_1': 'true'}


def make(folder, cache, umask, **settings):
    shutil.rmtree(folder, ignore_errors=True)
    before = os.umask(umask)
    run(os.path.join(ROOT, 'packaging', 'make_release'), folder, TARGET, CROSS_CACHE=cache,
        ALLOW_OUTDATED='1', **settings)
    os.umask(before)
    return {name: read(os.path.join(folder, name)) for name in files_below(folder)}


def check_programs(archive, folder):
    with tarfile.open(fileobj=io.BytesIO(archive)) as file:
        there = {entry.name: entry.mode for entry in file.getmembers() if entry.isfile()}
    expected = {f'{folder}/{name}': 0o755 if name in EXECUTABLE else 0o644 for name in PROGRAMS}
    if there != expected:
        sys.exit(f'the programs are {there}\nexpected         {expected}')


def check_static_program(archive, folder):
    """Of the first release, unpacked."""
    run('tar', '-xf', archive, '-C', folder)
    program = os.path.join(archive[:-len('.tar.gz')], 'czmodel')
    if read(program)[16] != POSITION_INDEPENDENT:
        sys.exit(f'{program} is not position independent')
    check_acceleration(program, '--version')


def main():
    parser = argparse.ArgumentParser(description=__doc__.split('\n')[0])
    parser.add_argument('--build', metavar='FOLDER', required=True, type=os.path.abspath)
    build = parser.parse_args().build
    if not shutil.which('git') or subprocess.run(['git', '-C', ROOT, 'log', '-1'],
                                                 stdout=subprocess.DEVNULL).returncode:
        skip('there is no git commit here, and a release needs one')
    if not shutil.which('dh_python3'):
        skip('dh_python3 is missing; apt-get install debhelper dh-python')
    cache = os.path.join(build, 'cross', 'cache')
    folder = os.path.join(build, 'packaging', 'release')
    the_page = page(build, os.path.join(build, 'packaging'))
    first = make(folder, cache, 0o022, PAGE=the_page)
    second = make(os.path.join(build, 'packaging', 'again', 'in', 'another', 'place'), cache, 0o077,
                  PAGE=the_page, **HABITS)
    version = read(os.path.join(ROOT, 'VERSION')).decode().strip()
    expected = FILES.replace('VERSION', version).split()
    if sorted(first) != sorted(expected):
        sys.exit(f'a release of {sorted(first)}\nexpected     {sorted(expected)}')
    programs = f'czmodel-{version}-linux-x64'
    check_programs(first[f'{programs}.tar.gz'], programs)
    check_static_program(os.path.join(folder, f'{programs}.tar.gz'), folder)
    Wheel(glob.glob(os.path.join(glob.escape(folder), '*.whl'))[0]).check()
    differing = [name for name in expected if first[name] != second.get(name)]
    if differing:
        sys.exit(f'not the same the second time: {", ".join(differing)}')
    print(f'{len(first)} files, the same twice')


if __name__ == '__main__':
    main()
