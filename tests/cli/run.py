# SPDX-License-Identifier: Apache-2.0
"""The command line test: runs the *.test files of this folder.

    run.py --build FOLDER [--system NAME] [TEST ...]

A test begins in an empty folder that holds spec.json (of this folder) alone, and is a list of

    given VERB ...          makes an input (../lib/recipe.py)
    env NAME=VALUE          for all runs that follow
    run PROGRAM ARGUMENT... runs czmodel or a savedmodel2...; every run but the last must succeed
                            unless `exit` follows it
    interrupt PROGRAM ...   runs it, and sends it an interrupt as soon as it writes its file
    exit STATUS             of the run; 0 if it is not said; `interrupted`: as the system has it
    stdout TEXT             a line of it, in order; * stands for anything, as the last line also for
                            further lines. Not said: not looked at
    stderr TEXT             likewise; not said: it must be empty. Notes are not counted
    no-stdout               standard output is empty
    files NAME...           all files that are there and were not given
    content FILE TEXT       the file is TEXT and a line feed
    copy FILE TARGET
    unpack FILE FOLDER      the network of a container
    same-network FILE FILE
    spec KEY JSON           changes the specification; `-` removes the key
    sound FILE              it is a CZModel (container.py); a date may follow: 2020-02-03T04:05:06
    members FILE NAME...    of the container, UUID for the id
    network FILE NAME...    members of the network's archive
    xml FILE TEXT           the metadata holds TEXT
    same FILE FILE          byte by byte
    differ FILE FILE
    same-id FILE FILE       of containers
    other-id FILE FILE
    id-version FILE NUMBER  the version of the UUID
"""
import argparse
import datetime
import fnmatch
import io
import json
import os
import re
import shlex
import shutil
import signal
import subprocess
import sys
import tempfile
import time
import uuid
import zipfile

HERE = os.path.dirname(os.path.abspath(__file__))
sys.path.insert(0, os.path.join(os.path.dirname(HERE), 'lib'))

import container  # noqa: E402
import recipe  # noqa: E402

SECONDS = 600


def read(path, mode='rb'):
    with open(path, mode) as file:
        return file.read()


def id_of(file):
    with zipfile.ZipFile(file) as archive:
        return re.search(container.UUID, ' '.join(archive.namelist())).group()


def network_of(file):
    with zipfile.ZipFile(file) as archive:
        return archive.read(archive.namelist()[1])


def matches(line, pattern):
    """As fnmatch, but brackets mean themselves."""
    return re.fullmatch(fnmatch.translate(pattern.replace('[', '[[]')), line) is not None


# As a parent sees that an interrupt ended a program: by a signal, or the last byte of
# STATUS_CONTROL_C_EXIT, 0xC000013A.
INTERRUPTED = {'': -signal.SIGINT, 'windows': 0x3A}


class Test:
    """One test in the working directory; the methods are the words."""

    def __init__(self, build, system):
        self.build, self.system = build, system
        self.environment = {'PATH': os.environ['PATH'], 'LC_ALL': 'C'}
        for name in ('ASAN_OPTIONS', 'UBSAN_OPTIONS'):
            if name in os.environ:
                self.environment[name] = os.environ[name]
        self.inputs = set()
        self.last = None
        self.expected = {}

    # ---- inputs

    def word_given(self, verb, *words):
        recipe.VERBS[verb](*words[:1], *([' '.join(words[1:])] if len(words) > 1 else []))
        self.inputs = set(recipe.files_below('.'))

    def word_env(self, setting):
        name, value = setting.split('=', 1)
        self.environment[name] = value

    def word_spec(self, key, *text):
        spec = json.loads(read('spec.json'))
        spec[key] = json.loads(' '.join(text)) if text != ('-',) else None
        spec = {name: value for name, value in spec.items() if value is not None}
        with open('spec.json', 'w', encoding='utf-8') as file:
            json.dump(spec, file)

    # ---- runs

    def command(self, program, arguments):
        return [os.path.join(self.build, program), *arguments]

    def word_run(self, program, *arguments):
        self.finish()
        done = subprocess.run(self.command(program, arguments), capture_output=True, check=False,
                              env=self.environment, timeout=SECONDS)
        self.last = {'exit': done.returncode, 'stdout': done.stdout.decode().splitlines(),
                     'stderr': recipe.without_notes(done.stderr.decode()).splitlines()}
        self.expected = {'exit': 0, 'stdout': None, 'stderr': []}

    def word_interrupt(self, program, *arguments):
        self.finish()
        before = set(recipe.files_below('.'))
        with subprocess.Popen(self.command(program, arguments), env=self.environment,
                              stdout=subprocess.PIPE, stderr=subprocess.PIPE) as process:
            end = time.monotonic() + SECONDS
            while (set(recipe.files_below('.')) == before and process.poll() is None
                   and time.monotonic() < end):
                time.sleep(0.005)
            process.send_signal(signal.SIGINT)
            out, err = process.communicate(timeout=SECONDS)
        self.last = {'exit': process.returncode, 'stdout': out.decode().splitlines(),
                     'stderr': recipe.without_notes(err.decode()).splitlines()}
        self.expected = {'exit': 0, 'stdout': None, 'stderr': []}

    def word_exit(self, status):
        self.expected['exit'] = INTERRUPTED[self.system] if status == 'interrupted' else int(status)

    def word_stdout(self, *words):
        self.expected['stdout'] = (self.expected['stdout'] or []) + [' '.join(words)]

    def word_no_stdout(self):
        self.expected['stdout'] = []

    def word_stderr(self, *words):
        self.expected['stderr'].append(' '.join(words))

    def finish(self):
        """Compares the last run with its expectations."""
        if self.last is None:
            return
        if self.last['exit'] != self.expected['exit']:
            raise AssertionError(f'exit status {self.last["exit"]}, not {self.expected["exit"]}: '
                                 + '\n'.join(self.last['stderr']))
        for stream in ('stdout', 'stderr'):
            patterns, lines = self.expected[stream], self.last[stream]
            if patterns is None:
                continue
            if patterns[-1:] == ['*']:
                patterns = patterns[:-1]
                lines = lines[:len(patterns)]
            if len(lines) != len(patterns) or not all(map(matches, lines, patterns)):
                raise AssertionError('\n  '.join([f'{stream} is', *lines, 'and not', *patterns]))
        self.last = None

    # ---- results

    def word_files(self, *names):
        there = {os.path.normpath(file) for file in set(recipe.files_below('.')) - self.inputs}
        if there != set(names):
            raise AssertionError(f'there are {sorted(there)}, not {sorted(names)}')

    def word_content(self, file, *words):
        if read(file, 'r') != ' '.join(words) + '\n':
            raise AssertionError(f'{file} is {read(file)!r}')

    def word_copy(self, file, target):
        shutil.copyfile(file, target)

    def word_unpack(self, file, folder):
        with zipfile.ZipFile(io.BytesIO(network_of(file))) as archive:
            archive.extractall(folder)
        self.inputs = set(recipe.files_below('.'))

    def word_same_network(self, one, other):
        if network_of(one) != network_of(other):
            raise AssertionError(f'the networks of {one} and {other} differ')

    def word_sound(self, file, date=None):
        when = datetime.datetime.fromisoformat(date) if date else None
        faults = list(container.faults(file, when.timetuple()[:6] if when else container.EARLIEST))
        if faults:
            raise AssertionError('\n  '.join(faults))

    def word_members(self, file, *names):
        with zipfile.ZipFile(file) as archive:
            there = [re.sub(container.UUID, 'UUID', name) for name in archive.namelist()]
        if there != list(names):
            raise AssertionError(f'the members are {there}')

    def word_network(self, file, *names):
        there = zipfile.ZipFile(io.BytesIO(network_of(file))).namelist()
        if there != list(names):
            raise AssertionError(f'the members are {there}')

    def word_xml(self, file, *words):
        with zipfile.ZipFile(file) as archive:
            text = archive.read(archive.namelist()[0]).decode()
        if ' '.join(words) not in text:
            raise AssertionError(f'the metadata is {text}')

    def word_same(self, one, other):
        if read(one) != read(other):
            raise AssertionError(f'{one} and {other} differ')

    def word_differ(self, one, other):
        if read(one) == read(other):
            raise AssertionError(f'{one} and {other} are the same')


    def word_same_id(self, one, other):
        if id_of(one) != id_of(other):
            raise AssertionError(f'the ids are {id_of(one)} and {id_of(other)}')

    def word_other_id(self, one, other):
        if id_of(one) == id_of(other):
            raise AssertionError(f'both ids are {id_of(one)}')

    def word_id_version(self, file, version):
        if uuid.UUID(id_of(file)).version != int(version):
            raise AssertionError(f'the id is {id_of(file)}')


# These take text as it stands; the words of the others may be quoted.
VERBATIM = ('given', 'spec', 'xml', 'stdout', 'stderr', 'content')

# Words that examine the files of a run: it must have ended as expected.
RESULTS = ('files', 'content', 'copy', 'unpack', 'sound', 'members', 'network', 'xml', 'same',
           'same-network', 'differ', 'same-id', 'other-id', 'id-version')


def run_test(build, system, file):
    test = Test(build, system)
    shutil.copy(os.path.join(HERE, 'spec.json'), '.')
    test.inputs = set(recipe.files_below('.'))
    for number, line in enumerate(read(file, 'r').splitlines(), 1):
        if not line or line.startswith('#'):
            continue
        word, *words = line.split(' ') if line.startswith(VERBATIM) else shlex.split(line)
        if word in RESULTS:
            test.finish()
        try:
            getattr(test, 'word_' + word.replace('-', '_'))(*words)
        except AssertionError as fault:
            raise AssertionError(f'line {number}: {fault}') from None
    test.finish()


def main():
    parser = argparse.ArgumentParser()
    parser.add_argument('--build', required=True)
    parser.add_argument('--system', default='', choices=sorted(INTERRUPTED))
    parser.add_argument('tests', nargs='*')
    options = parser.parse_args()
    build = os.path.abspath(options.build)
    names = options.tests or sorted(n[:-5] for n in os.listdir(HERE) if n.endswith('.test'))
    bad = 0
    for name in names:
        with tempfile.TemporaryDirectory() as folder:
            os.chdir(folder)
            try:
                run_test(build, options.system, os.path.join(HERE, name + '.test'))
            except AssertionError as fault:
                bad += 1
                print(f'{name}: {fault}')
            finally:
                os.chdir(HERE)
    print(f'{len(names) - bad} of {len(names)} tests passed')
    if bad:
        sys.exit(1)


if __name__ == '__main__':
    main()
