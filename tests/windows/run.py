# SPDX-License-Identifier: Apache-2.0
"""The Windows test: the programs for Windows, run by Wine, do what those for Linux do.

    run.py --czmodel PROGRAM --build FOLDER

packaging/cross builds them in FOLDER/cross, which takes a minute the first time. The tests of the
commands, the broken inputs, the formats and the golden files are run against them; every network
of the fixtures and the example must give the same bytes as PROGRAM, which is Linux's; then come the
paths that only Windows has. Wine is Debian's wine64; without it the test is skipped.
"""
import argparse
import json
import os
import re
import shlex
import shutil
import subprocess
import sys
import tempfile
import time

HERE = os.path.dirname(os.path.abspath(__file__))
TESTS = os.path.dirname(HERE)
ROOT = os.path.dirname(TESTS)
EXAMPLE = os.path.join(ROOT, 'example', 'nuclei')
ID = '6f1c3bd0-7a54-4b69-9e57-0c1d5c1f8a11'
PROGRAMS = ('czmodel', 'savedmodel2czmodel', 'savedmodel2czann')
LARGEST = 4_000_000  # bytes of a program
SKIPPED = 77
RUNTIME = 'onnxruntime==1.23.2'
SECONDS = 600

sys.path[:0] = [os.path.join(TESTS, 'lib'), os.path.join(TESTS, 'networks')]
import recipe  # noqa: E402
import small_files  # noqa: E402


class Fault(Exception):
    """What Windows' program does otherwise than it should."""


def expect(condition, text):
    if not condition:
        raise Fault(text)


# ---- Wine

def fixed_addresses():
    """Wine asks for one page of memory at a fixed address, and about once in 4,000 starts something was put
    there by chance ("failed to map the shared user data"): where chance can be switched off, it is."""
    command = ['setarch', '--addr-no-randomize']
    can = shutil.which(command[0]) and not subprocess.run([*command, 'true'], check=False,
                                                          stderr=subprocess.DEVNULL).returncode
    return command if can else []


def find_wine():
    """The command that starts a program, and Wine's server, which stays for the next one."""
    for folder in (None, '/usr/lib/wine'):
        loader = shutil.which('wine64', path=folder) or shutil.which('wine', path=folder)
        server = shutil.which('wineserver64', path=folder) or shutil.which('wineserver', path=folder)
        if loader and server:
            return [*fixed_addresses(), loader], server
    print('skipped: Wine is not installed (Debian: wine64)')
    sys.exit(SKIPPED)


class Windows:
    """Programs for Windows, with a folder of scripts that start them as if they were Linux's."""

    def __init__(self, build):
        self.start, self.server = find_wine()
        self.programs = os.path.join(build, 'cross', 'windows-x64')
        self.folder = os.path.join(build, 'windows')
        self.scripts = os.path.join(self.folder, 'bin')
        self.environment = {**os.environ, 'WINEPREFIX': os.path.join(self.folder, 'prefix'),
                            'WINEDEBUG': '-all', 'LC_ALL': 'C.UTF-8'}
        for folder in (self.scripts, self.environment['WINEPREFIX']):
            os.makedirs(folder, exist_ok=True)
        for name in PROGRAMS:
            self.write_script(name)

    def write_script(self, name):
        path = os.path.join(self.scripts, name)
        lines = ['#!/bin/sh']
        lines += [f'export {key}="{self.environment[key]}"'
                  for key in ('WINEPREFIX', 'WINEDEBUG', 'LC_ALL')]
        start = shlex.join([*self.start, os.path.join(self.programs, name + '.exe')])
        lines.append(f'exec {start} "$@"')
        with open(path, 'w', encoding='utf-8') as file:
            file.write('\n'.join(lines) + '\n')
        os.chmod(path, 0o755)

    def __enter__(self):
        """The first program makes the prefix and starts Wine's services, which would keep a pipe."""
        for command, seconds in (([self.server, '-p'], SECONDS),
                                 ([os.path.join(self.scripts, 'czmodel'), '--version'], 4 * SECONDS)):
            subprocess.run(command, env=self.environment, check=True, timeout=seconds,
                           stdin=subprocess.DEVNULL, stdout=subprocess.DEVNULL,
                           stderr=subprocess.DEVNULL)
        return self

    def __exit__(self, *_):
        subprocess.run([self.server, '-k'], env=self.environment, check=False, timeout=SECONDS)

    def __call__(self, status, *arguments):
        """What czmodel.exe printed, both channels."""
        done = subprocess.run([*self.start, os.path.join(self.programs, 'czmodel.exe'), *arguments],
                              env=self.environment, capture_output=True, timeout=SECONDS, check=False,
                              stdin=subprocess.DEVNULL)
        text = (done.stdout + done.stderr).decode('utf-8', 'replace')
        expect(done.returncode == status,
               f'{" ".join(arguments)}: exit status {done.returncode}, not {status}: {text}')
        return text


def windows_path(path):
    """How Wine's programs see a path: drive Z is the root."""
    return 'Z:' + os.path.abspath(path).replace('/', '\\')


# ---- the tests of the other system

def run_suite(windows, name, *arguments):
    done = subprocess.run([sys.executable, '-B', os.path.join(TESTS, name, 'run.py'), *arguments],
                          env={**os.environ, 'LC_ALL': 'C.UTF-8'}, capture_output=True, text=True,
                          timeout=3600, check=False)
    expect(done.returncode == 0, done.stdout + done.stderr)
    return done.stdout.strip().splitlines()[-1]


def test_suites(windows, _):
    czmodel = os.path.join(windows.scripts, 'czmodel')
    told = [run_suite(windows, 'cli', '--build', windows.scripts, '--system', 'windows'),
            run_suite(windows, 'errors', '--czmodel', czmodel, '--system', 'windows'),
            run_suite(windows, 'formats', '--czmodel', czmodel),
            run_suite(windows, 'golden', '--czmodel', czmodel)]
    return '; '.join(told)


def test_bytes(windows, czmodel):
    """Every fixture, in two formats, and the example."""
    equal = refused = 0
    rules = json.loads(subprocess.run([czmodel, 'explain', '--json'], capture_output=True,
                                      check=True).stdout)
    allowed = ','.join(rule['rule'] for rule in rules if rule['can_be_allowed'])
    fixtures = sorted(os.listdir(os.path.join(TESTS, 'fixtures', 'models')))
    for name in fixtures:
        recipe.copy(name, name)
    for source in [*fixtures, os.path.join(EXAMPLE, 'model')]:
        with open('spec.json', 'w', encoding='utf-8') as file:
            json.dump({'BorderSize': 8, 'ColorHandling': 'SplitRgb', 'PixelType': 'Gray16',
                       'Classes': ['a', 'b'], 'ModelPath': source}, file)
        for form in ('3.0.0', '3.1.0'):
            contents, statuses = [], []
            for program in (czmodel, os.path.join(windows.scripts, 'czmodel')):
                shutil.rmtree('out', ignore_errors=True)
                done = subprocess.run([program, 'convert', 'spec.json', 'out', 'x', '--model-id', ID, '--format',
                                       form, '--allow', allowed], capture_output=True, check=False,
                                      timeout=SECONDS)
                statuses.append((done.returncode, done.stderr))
                contents.append(read('out/x.czmodel') if done.returncode == 0 else None)
            expect(statuses[0] == statuses[1], f'{source} {form}: {statuses}')
            expect(contents[0] == contents[1], f'{source} {form}: other bytes')
            equal += contents[0] is not None
            refused += contents[0] is None
    expect(equal > refused, f'only {equal} were converted: {statuses}')
    return f'{equal} files of the same bytes, {refused} rejected with the same words'


def read(path):
    with open(path, 'rb') as file:
        return file.read()


# ---- paths

def write_spec(path, **changes):
    spec = json.loads(read(os.path.join(EXAMPLE, 'model_spec.json')))
    spec.update({'ModelPath': windows_path(os.path.join(EXAMPLE, 'model')),
                 'LicenseFile': windows_path(os.path.join(EXAMPLE, 'LICENSE.txt'))}, **changes)
    spec.pop('TestImageFile')
    with open(path, 'w', encoding='utf-8') as file:
        json.dump(spec, file, ensure_ascii=False)


def test_names(windows, _):
    """Drive letters, backslashes, and names in any script, on the command line and in the JSON."""
    folder = 'Zellkerne µm 細胞核 Ядра'
    os.mkdir(folder)
    shutil.copytree(os.path.join(EXAMPLE, 'model'), os.path.join(folder, 'réseau'))
    write_spec(os.path.join(folder, 'spéc.json'), ModelPath='.\\réseau', LicenseFile=None)
    windows(0, 'convert', windows_path(os.path.join(folder, 'spéc.json')),
            windows_path(os.path.join(folder, 'выход')), '結果')
    expect(os.path.exists(os.path.join(folder, 'выход', '結果.czmodel')), os.listdir(folder))
    windows(0, 'check', f'{folder}\\выход\\結果.czmodel')
    windows(0, 'unpack', f'{folder}\\выход\\結果.czmodel', f'{folder}\\aus\\')
    expect(os.path.exists(os.path.join(folder, 'aus', 'réseau', 'saved_model.pb')), 'unpacked')


def test_long(windows, _):
    """Longer than the 260 characters that old programs can name."""
    write_spec('spec.json')
    folder = os.path.join(*['a-folder-with-a-name-of-forty-characters'] * 8)
    windows(0, 'convert', 'spec.json', folder.replace('/', '\\'), 'long')
    path = os.path.join(folder, 'long.czmodel')
    expect(os.path.exists(path) and len(windows_path(path)) > 320, path)
    windows(0, 'check', windows_path(path))


def test_shares(windows, _):
    """UNC: \\\\?\\ before a drive, and a share's name, which is not there."""
    write_spec('spec.json')
    windows(0, 'convert', '\\\\?\\' + windows_path('spec.json'), '\\\\?\\' + windows_path('out'), 'x')
    expect(os.path.exists('out/x.czmodel'), 'with \\\\?\\')
    for command in (('check', '\\\\nowhere\\share\\x.czmodel'),
                    ('check', '\\\\?\\UNC\\nowhere\\share\\x.json'),
                    ('convert', 'spec.json', '\\\\nowhere\\share\\out')):
        text = windows(3, *command)
        expect(not re.search('error [0-9]+ of Windows|not a regular file', text), text)


def test_json(windows, _):
    """As Notepad writes it."""
    write_spec('plain.json')
    text = json.dumps(json.loads(read('plain.json')), indent=2).replace('\n', '\r\n')
    with open('spec.json', 'wb') as file:
        file.write(b'\xef\xbb\xbf' + text.encode())
    windows(0, 'convert', 'spec.json', 'out', 'x')


def test_reserved(windows, _):
    """Names of devices are not files."""
    write_spec('spec.json')
    for name in ('CON', 'nul', 'COM1', 'aux.old', 'LPT³'):
        for folder in ('out', '\\\\?\\' + windows_path('out'), 'out\\' + name + '\\deep'):
            text = windows(3, 'convert', 'spec.json', folder, name)
            expect('file-unwritable' in text and 'reserves this name for a device' in text, text)
    text = windows(3, 'check', 'nul')
    expect('reserves this name for a device' in text, text)
    expect(not os.path.exists('out') or not os.listdir('out'), 'something was written')


def test_colons(windows, _):
    """A letter and a colon mean the current folder of that drive."""
    os.mkdir('here')
    os.chdir('here')
    shutil.copytree(os.path.join(EXAMPLE, 'model'), 'net')
    write_spec('spec.json', ModelPath='Z:net')
    windows(0, 'convert', 'Z:spec.json', 'Z:', 'x')
    windows(0, 'Z:spec.json')
    text = windows(0, 'inspect', 'Z:x.czmodel')
    expect(re.search(r'model name +net\n', text), text)
    expect({'x.czmodel', 'spec.czmodel'} <= set(os.listdir('.')), os.listdir('.'))
    windows(2, 'convert', 'spec.json', 'out', 'c:x')
    text = windows(3, 'convert', 'spec.json', 'out', 'name:stream')
    expect('Windows does not allow this name' in text, text)
    expect(not os.path.exists('out') or not os.listdir('out'), 'something was written')


def test_rooted(windows, _):
    """In a specification, a path without a drive is on the drive of the specification."""
    drive = os.path.join(windows.environment['WINEPREFIX'], 'drive_c')
    folder = tempfile.mkdtemp(dir=drive)
    try:
        shutil.copytree(os.path.join(EXAMPLE, 'model'), os.path.join(folder, 'net'))
        name = '\\' + os.path.basename(folder)
        write_spec(os.path.join(folder, 'spec.json'), ModelPath=name + '\\net')
        windows(0, 'convert', f'C:{name}\\spec.json', 'out', 'x')
    finally:
        shutil.rmtree(folder)


def test_open(windows, _):
    """A file that another program has open cannot be replaced; it stays, and no other file remains."""
    write_spec('spec.json')
    os.mkdir('out')
    holder = [*windows.start, 'cmd', '/c', 'set /p answer= > out\\x.czmodel']
    with subprocess.Popen(holder, env=windows.environment, stdin=subprocess.PIPE,
                          stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL) as process:
        end = time.monotonic() + SECONDS
        while not os.path.exists('out/x.czmodel') and time.monotonic() < end:
            time.sleep(0.1)
        text = windows(3, 'convert', 'spec.json', 'out', 'x')
        expect('another program has the file open' in text, text)
        expect(os.listdir('out') == ['x.czmodel'], os.listdir('out'))
        process.communicate(b'done\r\n', timeout=SECONDS)
    windows(0, 'convert', 'spec.json', 'out', 'x')
    expect(os.listdir('out') == ['x.czmodel'], os.listdir('out'))


def test_drop(windows, _):
    """A JSON file, a folder, files of Keras and a container, dropped on the program."""
    os.mkdir('drop')
    write_spec('drop/spec.json')
    windows(0, windows_path('drop/spec.json'))
    expect(os.path.exists('drop/spec.czmodel'), os.listdir('drop'))
    text = windows(0, windows_path('drop/spec.czmodel'))
    expect('ZEN blue 3.2' in text, text)
    shutil.copytree(os.path.join(EXAMPLE, 'model'), 'drop/net')
    windows(0, windows_path('drop/net') + '\\')
    expect({'net.json', 'net.czmodel'} <= set(os.listdir('drop')), os.listdir('drop'))
    for path in small_files.write('drop/files')[1:]: # network.keras and network.h5
        windows(0, windows_path(path))
        made = {os.path.basename(path) + '.json', 'network.czmodel'}
        expect(made <= set(os.listdir('drop/files')), os.listdir('drop/files'))
        for name in made:
            os.remove(os.path.join('drop/files', name))
    names = ['one', 'two.1', 'two.2']
    for name in names:
        shutil.copytree(os.path.join(EXAMPLE, 'model'), os.path.join('drop', name))
    windows(0, *(windows_path(os.path.join('drop', name)) for name in names))
    expect({f'{name}.czmodel' for name in names} <= set(os.listdir('drop')), os.listdir('drop'))
    text = windows(1, 'Z:\\')
    expect('error: Z:/: this is a folder without' in text, text)
    text = windows(2, 'no-such-thing')
    expect('czmodel PATH' in text, text)


def test_library(windows, czmodel):
    """libczm.dll, loaded as Python's ctypes would; Python for Windows is not available here."""
    compiler = os.path.join(windows.programs, '..', 'work', 'windows-x64', 'cc')
    subprocess.run([compiler, '-I', os.path.join(ROOT, 'include'), '-o', 'library.exe',
                    os.path.join(HERE, 'library.c'), '-lshell32'], check=True, capture_output=True,
                   env={**os.environ, 'ZIG_GLOBAL_CACHE_DIR':
                        os.path.join(windows.programs, '..', 'cache', 'zig')})
    spec = os.path.join(EXAMPLE, 'model_spec.json')
    done = subprocess.run([*windows.start, 'library.exe', os.path.join(windows.programs, 'libczm.dll'),
                           windows_path(spec), 'theirs', ID], env=windows.environment,
                          capture_output=True, timeout=SECONDS, check=False)
    expect(done.returncode == 0, f'{done.returncode} {done.stderr}')
    subprocess.run([czmodel, 'convert', spec, 'ours', 'made', '--model-id', ID, '--quiet'], check=True)
    expect(read('theirs/made.czmodel') == read('ours/made.czmodel'), 'other bytes')


def run_unpacked(windows, spec):
    return subprocess.run([*windows.start, os.path.abspath('unpacked/czmodel.exe'), 'verify', spec],
                          env=windows.environment, capture_output=True, timeout=SECONDS, check=False)


def test_verify(windows, _):
    """ONNX Runtime's own library for Windows, in the folder beside the program and by --runtime."""
    wheel = os.path.join(windows.folder, 'onnxruntime')
    if not os.path.isdir(wheel):
        with tempfile.TemporaryDirectory() as folder:
            subprocess.run([sys.executable, '-m', 'pip', 'download', '--quiet', '--no-deps', '--only-binary=:all:',
                            '--platform', 'win_amd64', '--python-version', '3.11', '--dest', folder, RUNTIME],
                           check=True, capture_output=True)
            name, = os.listdir(folder)
            shutil.unpack_archive(os.path.join(folder, name), wheel + '.part', 'zip')
        os.rename(wheel + '.part', wheel)
    library = os.path.join(wheel, 'onnxruntime', 'capi')
    shutil.copytree(EXAMPLE, 'Zellkerne 細胞核')
    spec = windows_path('Zellkerne 細胞核/model_spec.json')
    text = windows(0, 'verify', spec, '--runtime', windows_path(library), '--preview', 'bild 細.png')
    expect('in ONNX Runtime' in text and read('bild 細.png').startswith(b'\x89PNG'), text)
    text = windows(3, 'verify', spec)
    expect('it is not installed' in text and 'Debian' not in text, text)
    os.mkdir('unpacked')
    shutil.copy(os.path.join(windows.programs, 'czmodel.exe'), 'unpacked')
    shutil.copytree(library, 'unpacked/onnxruntime')
    done = run_unpacked(windows, spec)
    expect(done.returncode == 0 and b'in ONNX Runtime' in done.stdout, done.stdout + done.stderr)
    # Not with a model in the folder of the program, in whatever way the folder is named.
    shutil.copytree(EXAMPLE, 'unpacked', dirs_exist_ok=True)
    for folder in ('unpacked', 'UNPACKED'):
        refused = run_unpacked(windows, windows_path(f'{folder}/model_spec.json'))
        expect(refused.returncode == 3 and b'it is not installed' in refused.stderr, refused.stdout + refused.stderr)
    return re.search('ONNX Runtime [0-9.]+', done.stdout.decode()).group()


def test_resources(windows, _):
    """What Windows shows of the program: its version, its icon; and a manifest."""
    data = read(os.path.join(windows.programs, 'czmodel.exe'))
    version = read(os.path.join(ROOT, 'VERSION')).decode().strip()
    for text in ('ProductVersion', 'FileDescription', version):
        expect(text.encode('utf-16-le') in data, text)
    for part in (b'longPathAware', b'<activeCodePage', read(os.path.join(
            ROOT, 'packaging', 'windows', 'czmodel.ico'))[-1000:]):
        expect(part in data, part[:20])


def test_acceleration(windows, czmodel):
    """Checksums are computed as the program for Linux does it on this processor."""
    mine, = re.findall('CRC-32C by (.*)', windows(0, '--version'))
    told = subprocess.run([czmodel, '--version'], capture_output=True, text=True, check=True).stdout
    expect(f'CRC-32C by {mine.strip()}' in told, f'{mine}; {told}')
    return mine.strip()


def test_size(windows, _):
    sizes = {name: os.path.getsize(os.path.join(windows.programs, name + '.exe')) for name in PROGRAMS}
    expect(max(sizes.values()) < LARGEST, sizes)
    return ', '.join(f'{name}.exe {size / 1e6:.2f} MB' for name, size in sizes.items())


CASES = (test_size, test_resources, test_acceleration, test_verify, test_library, test_suites, test_bytes, test_names,
         test_long, test_shares, test_json, test_reserved, test_colons, test_rooted, test_open, test_drop)


def main():
    parser = argparse.ArgumentParser()
    parser.add_argument('--czmodel', required=True)
    parser.add_argument('--build', required=True)
    options = parser.parse_args()
    czmodel, build = os.path.abspath(options.czmodel), os.path.abspath(options.build)
    find_wine()
    done = subprocess.run([os.path.join(ROOT, 'packaging', 'cross', 'build'),
                           os.path.join(build, 'cross'), 'windows-x64'], capture_output=True,
                          text=True, check=False)
    if done.returncode:
        sys.exit(done.stdout[-2000:] + done.stderr[-2000:])
    bad = 0
    with Windows(build) as windows:
        for case in CASES:
            with tempfile.TemporaryDirectory() as folder:
                os.chdir(folder)
                try:
                    print(f'{case.__name__}: ' + (case(windows, czmodel) or 'as it should'), flush=True)
                except Fault as fault:
                    bad += 1
                    print(f'{case.__name__}: {fault}', flush=True)
                os.chdir(HERE)
    if bad:
        sys.exit(f'{bad} of {len(CASES)} tests failed')


if __name__ == '__main__':
    main()
