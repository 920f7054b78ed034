# SPDX-License-Identifier: Apache-2.0
"""The machines test: the program writes the same bytes on a big-endian machine, and on one of 32 bits.

    machines.py --czmodel PROGRAM --build FOLDER [--networks FOLDER]

The sources are built for each machine, in FOLDER/machines, with Debian's libraries for it, and every committed
network, or every one in a folder, is converted by it in qemu and by PROGRAM: to each kind of format, with each rule
allowed that can be. Exit status, messages and file must be equal. On Debian 12 with gcc-s390x-linux-gnu,
gcc-i686-linux-gnu and qemu-user-static.
"""
import argparse
import glob
import itertools
import json
import os
import shutil
import subprocess
import sys
import tarfile
import tempfile

HERE = os.path.dirname(os.path.abspath(__file__))
TESTS = os.path.dirname(HERE)
ROOT = os.path.dirname(TESTS)
# By Debian's name: how the compiler calls it.
MACHINES = {'s390x': 's390x-linux-gnu', 'i386': 'i686-linux-gnu'}
PACKAGES = '''libc6 libc6-dev linux-libc-dev libcrypt1 libgcc-s1 libdeflate0 libdeflate-dev libexpat1 libexpat1-dev
              libjansson4 libjansson-dev zlib1g zlib1g-dev'''.split()
FORMATS = ('3.0.0', '3.1.0', 'czann-2.1.0')
SPEC = {'BorderSize': 8, 'ColorHandling': 'SplitRgb', 'PixelType': 'Gray16', 'Classes': ['a', 'b']}
SKIPPED = 77
SECONDS = 600

sys.path[:0] = [os.path.join(TESTS, 'cases'), os.path.join(TESTS, 'networks')]
import cases  # noqa: E402
import small_files  # noqa: E402


def run(command, **more):
    subprocess.run(command, check=True, stdout=subprocess.DEVNULL, **more)


def fetch_libraries(machine, folder):
    """Unpacks the packages; this machine's apt learns nothing of them."""
    root, apt = os.path.join(folder, 'root'), os.path.join(folder, 'apt')
    if os.path.isdir(root):
        return root
    os.makedirs(os.path.join(apt, 'lists', 'partial'), exist_ok=True)
    sources = os.path.join(apt, 'sources.list')
    with open(sources, 'w', encoding='utf-8') as file:
        file.write('deb http://deb.debian.org/debian bookworm main\n')
    with open(os.path.join(apt, 'status'), 'w', encoding='utf-8'):
        pass
    options = [f'-o{key}={value}' for key, value in {
        'Dir::State': apt, 'Dir::State::status': os.path.join(apt, 'status'), 'Dir::Cache': apt,
        'Dir::Etc::sourcelist': sources, 'Dir::Etc::sourceparts': '/dev/null', 'APT::Sandbox::User': '',
        'APT::Architecture': machine, 'APT::Architectures': machine}.items()]
    run(['apt-get', '-qq', *options, 'update'])
    run(['apt-get', '-qq', *options, 'download', *PACKAGES], cwd=apt)
    for package in glob.glob(os.path.join(apt, '*.deb')):
        run(['dpkg', '--extract', package, root + '.part'])
    for link in filter(os.path.islink, glob.glob(os.path.join(root + '.part', 'usr', 'lib', '*', '*.so'))):
        target = os.readlink(link)
        if target.startswith('/'):  # of this machine
            os.remove(link)
            os.symlink(os.path.relpath(root + '.part' + target, os.path.dirname(link)), link)
    os.rename(root + '.part', root)
    return root


def build(machine, folder):
    """The command that runs czmodel of that machine."""
    root = fetch_libraries(machine, folder)
    work = os.path.join(folder, 'work')
    libraries = f'{machine}-linux-gnu'
    defined = {'CMAKE_SYSTEM_NAME': 'Linux', 'CMAKE_SYSTEM_PROCESSOR': machine, 'CMAKE_SYSROOT': root,
               'CMAKE_C_COMPILER': MACHINES[machine] + '-gcc', 'CMAKE_LIBRARY_ARCHITECTURE': libraries,
               'CMAKE_FIND_ROOT_PATH_MODE_LIBRARY': 'ONLY', 'CMAKE_FIND_ROOT_PATH_MODE_INCLUDE': 'ONLY',
               'CMAKE_C_FLAGS': f'-B{root}/usr/lib/{libraries}', 'BUILD_TESTING': 'OFF',
               'CMAKE_BUILD_TYPE': 'MinSizeRel'}
    environment = {**os.environ, 'PKG_CONFIG_SYSROOT_DIR': root,
                   'PKG_CONFIG_LIBDIR': os.path.join(root, 'usr', 'lib', libraries, 'pkgconfig')}
    run(['cmake', '-S', ROOT, '-B', work, *(f'-D{key}={value}' for key, value in defined.items())], env=environment)
    run(['cmake', '--build', work, '--target', 'czmodel'])
    return [f'qemu-{machine}-static', '-L', root, os.path.join(work, 'czmodel')]


def unpack(folder):
    """The networks of the repository that are in archives, or that a script makes."""
    with tarfile.open(os.path.join(TESTS, 'keras', 'old_versions.tar.xz')) as archive:
        archive.extractall(os.path.join(folder, 'keras'))
    cases.unpack(os.path.join(folder, 'cases'))
    small_files.write(os.path.join(folder, 'small'))
    return folder


def below(folder):
    """Each network in a folder."""
    for base, folders, files in os.walk(folder):
        if 'saved_model.pb' in files:
            folders.clear()
            yield base
        yield from (os.path.join(base, file) for file in files if file.endswith(('.onnx', '.h5', '.keras')))


def convert(program, form, allowed):
    """Exit status, messages, and the file, in the working folder."""
    shutil.rmtree('out', ignore_errors=True)
    command = [*program, 'convert', 'spec.json', 'out', 'x', '--format', form, '--allow', allowed]
    done = subprocess.run(command, capture_output=True, timeout=SECONDS, check=False)
    written = [os.path.join('out', name) for name in os.listdir('out')] if os.path.isdir('out') else []
    contents = []
    for path in written:
        with open(path, 'rb') as file:
            contents.append(file.read())
    return done.returncode, done.stderr, contents


def compare(machine, program, czmodel, networks):
    """Whether there is no difference; prints a row of numbers."""
    rules = json.loads(subprocess.run([*czmodel, 'explain', '--json'], capture_output=True, check=True).stdout)
    allowed = ','.join(rule['rule'] for rule in rules if rule['can_be_allowed'])
    equal = rejected = different = 0
    for network in networks:
        with open('spec.json', 'w', encoding='utf-8') as file:
            json.dump({**SPEC, 'ModelPath': os.path.abspath(network)}, file)
        for form in FORMATS:
            ours, theirs = (convert(which, form, allowed) for which in (czmodel, program))
            equal += ours == theirs and ours[0] == 0
            rejected += ours == theirs and ours[0] != 0
            different += ours != theirs
            if ours != theirs:
                what = 'another file' if ours[:2] == theirs[:2] else f'{theirs[:2]}, not {ours[:2]}'
                print(f'{machine}: {network} to {form}: {what}', flush=True)
    print(f'{machine}: of {len(networks)} networks, {equal} files of the same bytes, {rejected} rejected with the same '
          f'words, {different} other results', flush=True)
    return different == 0 and equal > 0


def main():
    parser = argparse.ArgumentParser(description=__doc__.split('\n', maxsplit=1)[0])
    parser.add_argument('--czmodel', required=True, metavar='PROGRAM')
    parser.add_argument('--build', required=True, metavar='FOLDER')
    parser.add_argument('--networks', metavar='FOLDER')
    options = parser.parse_args()
    needed = [tool for machine, name in MACHINES.items() for tool in (name + '-gcc', f'qemu-{machine}-static')]
    missing = [tool for tool in needed if not shutil.which(tool)]
    if missing:
        print('skipped: ' + ', '.join(missing) + ' not installed')
        return SKIPPED
    folder, czmodel = os.path.join(os.path.abspath(options.build), 'machines'), [os.path.abspath(options.czmodel)]
    places = [options.networks] if options.networks else [
        os.path.join(TESTS, 'fixtures', 'models'), os.path.join(TESTS, 'onnx', 'exports'),
        unpack(os.path.join(folder, 'networks'))]
    networks = sorted(itertools.chain.from_iterable(map(below, places)))
    programs = {machine: build(machine, os.path.join(folder, machine)) for machine in MACHINES}
    with tempfile.TemporaryDirectory() as scratch:
        os.chdir(scratch)
        good = [compare(machine, program, czmodel, networks) for machine, program in programs.items()]
        os.chdir(HERE)
    return not all(good)


if __name__ == '__main__':
    sys.exit(main())
