# SPDX-License-Identifier: Apache-2.0
"""Lets every call of the operating system and every allocation fail in turn (faulty.c).

    faults.py --czmodel PROGRAM --library FAULTY [--all]

Whatever fails: either the command says so, with exit status 3 (where memory or the system fails), or
also 1 (where a file is not what it was), and everything is as before; or it is done, and what it wrote is
what it always writes. Without --all, only some of the calls of each kind fail.
"""
import argparse
import glob
import json
import os
import shutil
import subprocess
import sys
import tempfile
import zipfile

sys.path.insert(0, os.path.join(os.path.dirname(os.path.dirname(os.path.abspath(__file__))), 'networks'))
import small_files  # noqa: E402

TESTS = os.path.dirname(os.path.dirname(os.path.abspath(__file__)))
MODEL = os.path.join(TESTS, 'fixtures', 'models', 'tf221-keras3', 'model')
MODEL_ID = '6f1c3bd0-7a54-4b69-9e57-0c1d5c1f8a11'
SECONDS = 200
EARLIER = b'precious'
LARGE = 9 << 20  # members of 8 MiB and more are written by a second thread

# Without --all, so many calls of each kind fail in each way, spread over all of them.
SOME = 6

# The faults of a call; a + after it: all later calls of this kind too.
FAULTS = {
    'open': ('EACCES', 'EMFILE+'), 'stat': ('EIO', 'EACCES+'), 'fstat': ('EIO',),
    'read': ('EIO', 'END', 'EINTR', 'SHORT'),
    'pread': ('EIO', 'EIO+', 'END', 'CHANGED', 'EINTR', 'SHORT+'),
    'pwrite': ('EIO', 'ENOSPC+', 'EDQUOT', 'EINTR', 'SHORT+'),
    'close': ('EIO', 'ENOSPC'), 'rename': ('EIO', 'EACCES'), 'mkdir': ('EROFS', 'ENOSPC+'),
    'mkstemp': ('ENOSPC', 'EACCES'), 'opendir': ('EMFILE', 'EACCES'), 'readdir': ('EIO',),
    'realpath': ('EIO',), 'malloc': ('ENOMEM', 'ENOMEM+'), 'calloc': ('ENOMEM', 'ENOMEM+'),
    'realloc': ('ENOMEM', 'ENOMEM+'),
}
# These must pass unnoticed.
HARMLESS = ('EINTR', 'SHORT')

SPEC = ('{"BorderSize": 8, "ColorHandling": "SplitRgb", "PixelType": "Bgr24", "Classes": '
        '["Background", "Cell with a long name", "Edge"], "ModelPath": "%s", '
        '"LicenseFile": "licence with a long name.txt"}')

# The input files, the command, and its output.
SCENARIOS = {
    'convert': ('convert spec.json out --model-id ' + MODEL_ID, 'out/DNNModel.czmodel'),
    'convert a deflated archive': ('convert zip.json out --model-id ' + MODEL_ID,
                                   'out/DNNModel.czmodel'),
    'convert by two threads': ('convert spec.json out --license large.txt --model-id ' + MODEL_ID,
                               'out/DNNModel.czmodel'),
    'convert as it is': ('convert spec.json out --as-is --model-id ' + MODEL_ID,
                         'out/DNNModel.czmodel'),
    'check a CZModel': ('check made.czmodel', None),
    'check a specification': ('check spec.json', None),
    'inspect': ('inspect model', None),
    'unpack': ('unpack made.czmodel unpacked', 'unpacked'),
    'new': ('new model fresh.json', 'fresh.json'),
    'diff': ('diff made.czmodel deflated.zip', None),
    'inspect as JSON': ('inspect network.onnx --json', None),
    'convert ONNX to ONNX': ('convert onnx.json out --format czann-1.0.0 --model-id ' + MODEL_ID,
                             'out/DNNModel.czann'),
    'check ONNX': ('check network.onnx --json', None),
    'convert a .keras': ('convert keras.json out --model-id ' + MODEL_ID, 'out/DNNModel.czmodel'),
    'convert a .h5': ('convert h5.json out --model-id ' + MODEL_ID, 'out/DNNModel.czmodel'),
}


def read_tree(path):
    """All files and folders below, with their content."""
    found = {}
    for folder, folders, files in os.walk(path):
        for name in folders:
            found[os.path.relpath(os.path.join(folder, name), path)] = None
        for name in files:
            full = os.path.join(folder, name)
            with open(full, 'rb') as file:
                found[os.path.relpath(full, path)] = file.read()
    return found


def different(a, b):
    return ', '.join(sorted(name for name in {**a, **b} if a.get(name, '') != b.get(name, '')))


def write(path, content):
    with open(path, 'wb') as file:
        file.write(content if isinstance(content, bytes) else content.encode())


def prepare(czmodel, folder):
    shutil.copytree(MODEL, os.path.join(folder, 'model'))
    os.chdir(folder)
    with zipfile.ZipFile('deflated.zip', 'w', zipfile.ZIP_DEFLATED) as archive:
        for name in sorted(read_tree('model')):
            archive.write(os.path.join('model', name), os.path.join('model', name))
    write('spec.json', SPEC % 'model')
    write('zip.json', SPEC % 'deflated.zip')
    for name in small_files.write('.'):
        write(name.rpartition('.')[2] + '.json', SPEC % name)
    write('licence with a long name.txt', 'All rights are given away.\n')
    write('large.txt', bytes(LARGE))
    os.mkdir('tmp')
    subprocess.run([czmodel, 'convert', '--quiet', 'spec.json', '.', 'made'], check=True)


class Scenario:
    def __init__(self, czmodel, library, name):
        self.name = name
        self.command, self.output = SCENARIOS[name]
        self.arguments = [czmodel] + self.command.split()
        self.library = library
        self.given = read_tree('.')
        self.faults = self.done = 0
        self.expected = self.expect()

    def run(self, fault=None):
        environment = {'LC_ALL': 'C', 'PATH': os.environ['PATH'], 'LD_PRELOAD': self.library,
                       'TMPDIR': os.path.abspath('tmp'), 'FAULT_COUNTS': os.devnull}
        if fault:
            environment['FAULT'] = fault
        else:
            environment['FAULT_COUNTS'] = os.path.abspath('counts')
        return subprocess.run(self.arguments, capture_output=True, timeout=SECONDS, check=False,
                              env=environment)

    def expect(self):
        """The result and the output of a run without faults, and the number of calls of each kind."""
        done = self.run()
        if done.returncode > 1:
            raise SystemExit(f'{self.name}: {done.stderr.decode()}')
        with open('counts', encoding='ascii') as file:
            self.counts = {call: int(count) for call, count in map(str.split, file)}
        os.remove('counts')
        made = read_tree('.')
        self.restore()
        if not self.counts['pread']:
            raise SystemExit('the library is not in use')
        return done.returncode, done.stdout, made

    def restore(self):
        for path in ('out', 'unpacked', *glob.glob('.czm-*')):
            shutil.rmtree(path, ignore_errors=True)
        if os.path.exists('fresh.json'):
            os.remove('fresh.json')

    def earlier(self):
        """The file that a conversion replaces; the other commands must find nothing."""
        if self.output and self.output.startswith('out/'):
            os.mkdir('out')
            write(self.output, EARLIER)
        return read_tree('.')

    def judge(self, done, before, fault):
        """The fault, or None."""
        status, answer, made = self.expected
        now = read_tree('.')
        text = done.stderr.decode('utf-8', 'replace')
        if done.returncode == status and done.stdout == answer and now == made:
            return None
        call, _, effect = fault.split()
        if effect in HARMLESS:
            return 'this should make no difference'
        if effect == 'CHANGED' and done.returncode == status:
            return self.judge_changed()
        # It tries sizes by reading the model again: one that could not be tried does not count.
        if self.name.startswith('inspect') and done.returncode == status and now == before:
            return None
        # 2: the command could not even take its arguments apart.
        if done.returncode == status:
            return 'all seems well, but for ' + (different(made, now) or 'the answer')
        statuses = (1, 3) if effect in ('END', 'CHANGED') else (2, 3) if call == 'calloc' else (3,)
        if done.returncode not in statuses:
            return f'exit status {done.returncode}'
        if not text and self.output:
            return 'there is no message'
        # Without any memory no folder can be listed, so that one that is not complete stays.
        if self.name == 'unpack' and fault.endswith('+ ENOMEM') and 'unpacked' not in now:
            return None
        if now != before:
            return 'it leaves other files: ' + different(before, now)
        return None

    def judge_changed(self):
        """Not every file has checksums: a file that was made from damaged bytes must be valid."""
        is_copied = '--as-is' in self.arguments # files are read once for the checks, and again for the copy
        if is_copied or not self.output or not self.output.startswith('out/'):
            return None
        done = subprocess.run([self.arguments[0], 'check', '--json', self.output], capture_output=True,
                              check=False)
        found = [one['rule'] for one in json.loads(done.stdout)['findings']]
        return 'the file is not sound' if any(rule.endswith('-damaged') for rule in found) else None

    def try_fault(self, fault):
        before = self.earlier()
        done = self.run(fault)
        wrong = self.judge(done, before, fault)
        self.faults += 1
        self.done += done.returncode == self.expected[0]
        if wrong:
            print(f'FAILED {self.name}, {fault}: {wrong}\n{done.stderr.decode()[-600:]}')
        self.restore()
        return not wrong

    def try_all(self, most):
        """Every fault at every call, or at `most` of them."""
        is_good = True
        for call, kinds in FAULTS.items():
            for number in range(1, self.counts[call] + 1, self.counts[call] // (most + 1) + 1):
                for kind in kinds:
                    more = '+' if kind.endswith('+') else ''
                    is_good &= self.try_fault(f'{call} {number}{more} {kind.rstrip("+")}')
        return is_good


def main():
    parser = argparse.ArgumentParser()
    parser.add_argument('--czmodel', required=True)
    parser.add_argument('--library', required=True)
    parser.add_argument('--all', action='store_true')
    arguments = parser.parse_args()
    czmodel, library = (os.path.abspath(path) for path in (arguments.czmodel, arguments.library))
    is_good = True
    print(f'{"faults":30} {"tried":>8} {"reported":>8} {"survived":>8}')
    with tempfile.TemporaryDirectory() as folder:
        prepare(czmodel, folder)
        library = shutil.copy(library, folder) # LD_PRELOAD separates names by blanks
        for name in SCENARIOS:
            scenario = Scenario(czmodel, library, name)
            is_good &= scenario.try_all(sys.maxsize if arguments.all else SOME)
            print(f'{name:30} {scenario.faults:8} {scenario.faults - scenario.done:8} '
                  f'{scenario.done:8}', flush=True)
        os.chdir('/')
    sys.exit(not is_good)


if __name__ == '__main__':
    main()
