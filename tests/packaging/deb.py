# SPDX-License-Identifier: Apache-2.0
"""The Debian packages, installed where there is nothing else.

    deb.py --build FOLDER

`make deb` builds them, debootstrap makes a root of this distribution, apt installs them there with
what they depend on; then the command, a program with each of the two libraries, and Python convert the
example into the same bytes. At last they are purged, and must leave nothing. Needs root and the
network: about 150 MB.
"""
import argparse
import os
import shutil
import stat
import sys

from support import EXAMPLE, MODEL_ID, PROGRAM, ROOT, converted, read, run, skip

sys.path.insert(0, os.path.join(ROOT, 'tests', 'lib'))
from plain_path import plain_path  # noqa: E402

TOOLS = ('debootstrap', 'dpkg-buildpackage', 'dh', 'dh_python3')
PACKAGES = ('czmodel', 'libczm0', 'libczm-dev', 'python3-czmodel')
COMPILER = 'gcc libc6-dev pkg-config'
# Commands in the root. Each makes made.czmodel in the folder of its name.
USES = {
    'command': f'czmodel convert --quiet --model-id {MODEL_ID} /nuclei/model_spec.json /command made',
    'shared': 'cc /program/program.c -o /uses_shared $(pkg-config --cflags --libs czm); '
              '/uses_shared /nuclei/model_spec.json /shared',
    'static': 'cc -static /program/program.c -o /uses_static '
              '$(pkg-config --static --cflags --libs czm); /uses_static /nuclei/model_spec.json /static',
    'python': 'python3 -B /program/program.py /nuclei/model_spec.json /python',
}
METADATA = "import importlib.metadata as m; print(m.version('czmodel-native'))"


def codename():
    with open('/etc/os-release', encoding='utf-8') as file:
        return dict(line.strip().split('=', 1) for line in file if '=' in line)['VERSION_CODENAME']


def has_devices(folder):
    """Whether devices can be made there and work: some containers do not let even root."""
    os.makedirs(folder, exist_ok=True)
    path = os.path.join(folder, 'null')
    try:
        os.mknod(path, 0o600 | stat.S_IFCHR, os.makedev(1, 3))
        try:
            with open(path, 'wb'):
                return True
        finally:
            os.remove(path)
    except OSError:
        return False


class Root:
    """A folder with a system of its own."""

    def __init__(self, path):
        self.path = path
        shutil.rmtree(path, ignore_errors=True)
        run('debootstrap', '--variant=minbase', codename(), path)
        self.run('apt-get update')

    def run(self, line):
        return run('chroot', self.path, '/bin/sh', '-ec', line, LC_ALL='C.UTF-8',
                   DEBIAN_FRONTEND='noninteractive')

    def copy(self, folder, name):
        shutil.copytree(folder, os.path.join(self.path, name))

    def packaged_files(self):
        """The files of our packages, which know where they put them."""
        return [name for name in self.run('dpkg -L ' + ' '.join(PACKAGES)).splitlines()
                if 'czm' in name]

    def exists(self, name):
        return os.path.lexists(os.path.join(self.path, name.lstrip('/')))


def test(build, folder):
    packages = os.path.join(folder, 'deb')
    run('make', '-C', ROOT, 'deb', f'DEB={packages}')
    expected = converted(os.path.join(build, 'czmodel'), folder)
    with plain_path(folder) as place:
        use(Root(os.path.join(place, 'root')), packages, expected)


def use(root, packages, expected):
    for source, name in ((packages, 'packages'), (EXAMPLE, 'nuclei'), (PROGRAM, 'program')):
        root.copy(source, name)
    files = ' '.join(f'/packages/{name}_*.deb' for name in PACKAGES)
    root.run(f'apt-get install --yes --no-install-recommends {COMPILER} {files}')
    for name, line in USES.items():
        root.run(line)
        if read(os.path.join(root.path, name, 'made.czmodel')) != expected:
            sys.exit(f'{line}\nmakes another file than the command')
        print(f'{name}: the same file')
    told = root.run(f'python3 -c "{METADATA}"')
    if told != read(os.path.join(ROOT, 'VERSION')).decode().strip():
        sys.exit(f'the metadata of the Python package says version {told}')
    installed = root.packaged_files()
    root.run('apt-get purge --yes ' + ' '.join(PACKAGES))
    left = [name for name in installed if root.exists(name)]
    if left or not installed:
        sys.exit(f'of {len(installed)} files, these are left: {left}')
    shutil.rmtree(root.path)


def main():
    parser = argparse.ArgumentParser(description=__doc__.split('\n')[0])
    parser.add_argument('--build', metavar='FOLDER', required=True, type=os.path.abspath)
    build = parser.parse_args().build
    if os.geteuid():
        skip('only root can make a root with debootstrap')
    missing = [tool for tool in TOOLS if not shutil.which(tool)]
    if missing:
        skip(f'{", ".join(missing)} missing; apt-get install debootstrap dpkg-dev debhelper dh-python')
    folder = os.path.join(build, 'packaging')
    if not has_devices(folder):
        skip(f'debootstrap cannot make devices in {folder}')
    test(build, folder)


if __name__ == '__main__':
    main()
