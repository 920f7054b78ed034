# SPDX-License-Identifier: Apache-2.0
"""The wheels of every system, from what packaging/cross/build has built for it.

    make_wheels.py --built FOLDER --to FOLDER [--sdist] [--page FILE]

A wheel is a ZIP archive: the package, the library with its binding, the program, and the metadata, scikit-build-core makes of pyproject.toml as it does for `pip wheel`. The library carries all that it
needs, and the program gets into the user's folder of scripts as it is, so that nothing has to be
repaired afterwards. The page, without ONNX Runtime, is where `czmodel page` looks for it. SOURCE_DATE_EPOCH is the time of everything inside.
"""
import argparse
import base64
import hashlib
import os
import subprocess
import sys
import tempfile
import time
import typing
import zipfile

ROOT = os.path.dirname(os.path.dirname(os.path.abspath(__file__)))
EARLIEST = (1980, 1, 1, 0, 0, 0)  # of a ZIP archive
FILE, PROGRAM = 0o100644 << 16, 0o100755 << 16


class Target(typing.NamedTuple):
    """A system: where its binaries are, and how they are called in the wheel."""
    platforms: str  # compressed tag set, PEP 425
    library: str
    program: str
    name: str


TARGETS = (
    Target('manylinux2014_x86_64.manylinux_2_17_x86_64', 'manylinux-x64/libczm.so',
           'manylinux-x64/czmodel', 'libczm.so'),
    Target('manylinux2014_aarch64.manylinux_2_17_aarch64', 'manylinux-arm64/libczm.so',
           'manylinux-arm64/czmodel', 'libczm.so'),
    Target('musllinux_1_2_x86_64', 'linux-x64/libczm.so', 'linux-x64/czmodel', 'libczm.so'),
    Target('musllinux_1_2_aarch64', 'linux-arm64/libczm.so', 'linux-arm64/czmodel', 'libczm.so'),
    Target('win_amd64', 'windows-x64/libczm.dll', 'windows-x64/czmodel.exe', 'czm.dll'),
    Target('macosx_11_0_x86_64', 'macos-x64/libczm.dylib', 'macos-x64/czmodel', 'libczm.dylib'),
    Target('macosx_11_0_arm64', 'macos-arm64/libczm.dylib', 'macos-arm64/czmodel', 'libczm.dylib'),
)


def read(*path):
    with open(os.path.join(*path), 'rb') as file:
        return file.read()


def tree(folder, below):
    """The files below a folder as {`below`/name: bytes}."""
    files = {}
    for parent, folders, names in os.walk(folder):
        folders[:] = [name for name in folders if name != '__pycache__']
        for name in names:
            path = os.path.join(parent, name)
            inside = os.path.relpath(path, folder).replace(os.sep, '/')
            files[f'{below}/{inside}'] = read(path)
    return files


def metadata(scratch):
    """The folder of metadata as pip would see it, and its name."""
    code = 'import sys; from scikit_build_core import build; ' \
           'print(build.prepare_metadata_for_build_wheel(sys.argv[1]))'
    done = subprocess.run([sys.executable, '-B', '-c', code, scratch], cwd=ROOT, check=True,
                          stdout=subprocess.PIPE, text=True)
    name = done.stdout.split()[-1]
    return name, tree(os.path.join(scratch, name), name)


def make_sdist(folder):
    # -B: compiled files would be packed.  They differ each time.
    code = 'import sys; from scikit_build_core import build; print(build.build_sdist(sys.argv[1]))'
    subprocess.run([sys.executable, '-B', '-c', code, os.path.abspath(folder)], cwd=ROOT, check=True)


def common_files(built, page):
    """The files of every wheel, and the name of its metadata folder."""
    with tempfile.TemporaryDirectory() as scratch:
        info, files = metadata(scratch)
        binding = os.path.join(scratch, '_binding.py')
        subprocess.run([sys.executable, '-B', os.path.join(ROOT, 'python', 'make_binding.py'),
                        os.path.join(ROOT, 'include', 'czm.h'), binding], check=True)
        files['czmodel/_binding.py'] = read(binding)
    files.update(tree(os.path.join(ROOT, 'python', 'czmodel'), 'czmodel'))
    files[f'{info}/licenses/THIRD-PARTY.txt'] = read(built, 'THIRD-PARTY.txt')
    if page:
        files[f'{info[:-len(".dist-info")]}.data/data/share/czmodel/czmodel.html'] = read(page)
    return info, files


def wheel_file(target):
    tags = ''.join(f'Tag: py3-none-{platform}\n' for platform in target.platforms.split('.'))
    return f'Wheel-Version: 1.0\nGenerator: czmodel\nRoot-Is-Purelib: false\n{tags}'.encode()


def record(files, name):
    """PEP 376: each file with its digest and size, but for this one."""
    lines = []
    for path in sorted(files):
        digest = base64.urlsafe_b64encode(hashlib.sha256(files[path]).digest()).decode()
        lines.append(f'{path},sha256={digest.rstrip("=")},{len(files[path])}\n')
    return ''.join([*lines, f'{name},,\n']).encode()


def write_wheel(path, files, program):
    moment = max(time.gmtime(int(os.environ.get('SOURCE_DATE_EPOCH', time.time())))[:6], EARLIEST)
    with zipfile.ZipFile(path, 'w') as archive:
        for name in sorted(files, key=lambda name: ('.dist-info/' in name, name)):
            entry = zipfile.ZipInfo(name, moment)
            entry.compress_type = zipfile.ZIP_DEFLATED
            entry.external_attr = PROGRAM if name == program else FILE
            archive.writestr(entry, files[name], compresslevel=9)


def make_wheel(target, built, common, info, folder):
    release = info[:-len('.dist-info')]
    program = f'{release}.data/scripts/{os.path.basename(target.program)}'
    files = {**common, f'{info}/WHEEL': wheel_file(target),
             program: read(built, target.program),
             f'czmodel/{target.name}': read(built, target.library)}
    files[f'{info}/RECORD'] = record(files, f'{info}/RECORD')
    path = os.path.join(folder, f'{release}-py3-none-{target.platforms}.whl')
    write_wheel(path, files, program)
    print(f'{os.path.getsize(path):8} {path}')


def main():
    parser = argparse.ArgumentParser(description=__doc__.split('\n')[0])
    for name in ('built', 'to'):
        parser.add_argument(f'--{name}', required=True)
    parser.add_argument('--sdist', action='store_true', help='the package as source, too')
    parser.add_argument('--page', metavar='FILE', help='small/czmodel.html of page/build')
    options = parser.parse_args()
    os.makedirs(options.to, exist_ok=True)
    if options.sdist:
        make_sdist(options.to)
    info, common = common_files(options.built, options.page)
    for target in TARGETS:
        if os.path.exists(os.path.join(options.built, target.library)):
            make_wheel(target, options.built, common, info, options.to)
        else:
            print(f'no wheel for {target.platforms}: {target.library} is not built')


if __name__ == '__main__':
    main()
