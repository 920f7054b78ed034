# SPDX-License-Identifier: Apache-2.0
"""Structures made to cost much: each at three sizes, in every command that reads it.

    hostile.py --czmodel PROGRAM [--only KIND] [--size N] [--lenient] [--table]

Each call must end within 2 seconds of processor time and with exit status 0, 1 or 3, and use no more
memory and write no larger file than SECURITY.md allows (FACTOR and SPARE are those of src/base/arena.h). Its cost must not grow
faster than the input: four times the input may cost at most six times as much. --lenient is for programs
with sanitizers: neither time nor memory is measured. --table writes that of docs/hardness.md.
"""
import argparse
import functools
import json
import math
import multiprocessing
import os
import re
import resource
import shutil
import subprocess
import sys
import tempfile

from structures import (archives, containers, images, keras_files, keras_more, networks, networks_more,  # noqa: F401
                        saved_models, saved_models_more)
from structures.parts import KINDS, SPEC, put

ROOT = os.path.dirname(os.path.dirname(os.path.dirname(os.path.abspath(__file__))))

SECONDS, LENIENT_SECONDS, NOISE = 2, 100, 0.2
GROWTH = math.log(6, 4)  # 16 times the input: 36 times the cost
SPARE = 64 << 20
# so that networks that do not fit the specification are written as well
ALLOWED = ('pixel-type-channels,class-count,tile-memory,output-size,input-batch,input-channels,input-layout,'
           'input-size-undefined,onnx-opset,onnx-ir-version')
PROGRAM = 16 << 20 # memory of the program itself and its libraries

# ---- measuring

def specification(folder, path):
    """What is checked and converted: `path` itself, if it is a specification or a container."""
    if path.endswith(('.json', '.czmodel', '.czann')):
        return path
    return put(folder, 'spec.json', json.dumps({**SPEC, 'ModelPath': path}).encode())


def arguments(command, path, folder):
    if command == 'verify': # `path` is an image, which is read before an engine is looked for
        return ['verify', archives.archive(folder, [('saved_model.pb', archives.small())]), '--image', path,
                '--runtime', os.path.join(folder, 'nowhere')]
    spec = specification(folder, path)
    out = os.path.join(folder, 'out')
    convert = ['convert', '--allow', ALLOWED, spec, out]
    return {'inspect': ['inspect', path], 'check': ['check', spec],
            'convert': convert, 'onnx': [*convert, '--format', '3.1.0'],
            'as-is': [*convert, '--as-is'], 'czann': [*convert, '--format', 'czann-2.1.0'],
            'size': [*convert, '--spatial-dims', '32,32'],
            'new': ['new', path, os.path.join(folder, 'new.json')],
            'unpack': ['unpack', path, os.path.join(folder, 'unpacked')],
            'diff': ['diff', path, path]}[command]


def limit():
    resource.setrlimit(resource.RLIMIT_CPU, (LENIENT_SECONDS, LENIENT_SECONDS))
    resource.setrlimit(resource.RLIMIT_NOFILE, (256, 256))


def run(argv):
    """Exit status, seconds of processor time, peak memory in bytes, output."""
    with tempfile.TemporaryFile() as out:
        child = subprocess.Popen(argv, stdin=subprocess.DEVNULL, stdout=out, stderr=out,
                                 preexec_fn=limit)
        _, status, used = os.wait4(child.pid, 0)
        child.returncode = os.waitstatus_to_exitcode(status)
        out.seek(0)
        return child.returncode, used.ru_utime + used.ru_stime, used.ru_maxrss << 10, out.read()


def size_on_disk(path):
    if os.path.isfile(path):
        return os.path.getsize(path)
    return sum(os.path.getsize(os.path.join(folder, name))
               for folder, _, names in os.walk(path) for name in names)


def factor():
    with open(os.path.join(ROOT, 'src', 'base', 'arena.h'), encoding='utf-8') as header:
        return int(re.search(r'CZM_BUDGET_FACTOR (\d+)u', header.read()).group(1))


class Measuring:
    """The measurements of a kind: `faults`, and its row of the table."""

    def __init__(self, options, name):
        self.options, self.name = options, name
        self.factor = factor()
        self.faults = []

    def fault(self, command, size, text):
        self.faults.append(f'{self.name} of {size}, {command}: {text}')

    def judge(self, command, size, path, result):
        status, seconds, memory, out = result
        if status not in (0, 1, 3):
            self.fault(command, size, f'exit status {status}: {out[-300:]!r}')
        if self.options.lenient:
            return
        inputs = 2 if command == 'diff' else 1
        allowed = self.factor * inputs * size_on_disk(path) + SPARE + PROGRAM
        if seconds > SECONDS:
            self.fault(command, size, f'{seconds:.2f} s')
        if memory > allowed:
            self.fault(command, size, f'{memory >> 20} MB, allowed are {allowed >> 20} MB')

    def judge_output(self, command, size, read, out):
        written, allowed = size_on_disk(out), self.factor * read + SPARE
        if written > allowed:
            self.fault(command, size, f'{written >> 20} MB written, allowed are {allowed >> 20} MB')
        shutil.rmtree(out, ignore_errors=True)

    def measure(self, write, size, commands):
        with tempfile.TemporaryDirectory(prefix='czm-hostile-') as folder:
            path = write(folder, size)
            read, results = size_on_disk(folder), {}
            for command in commands:
                results[command] = run([self.options.czmodel, *arguments(command, path, folder)])
                self.judge(command, size, path, results[command])
                self.judge_output(command, size, read, os.path.join(folder, 'out'))
            return size_on_disk(path), results

    def measure_all(self):
        write, sizes, commands = KINDS[self.name]
        if self.options.size is not None:
            sizes = sizes[self.options.size:self.options.size + 1]
        rows = [self.measure(write, size, commands) for size in sizes]
        for command in () if self.options.lenient else commands:
            (first, a), (last, b) = rows[0], rows[-1]
            before, after = a[command][1], b[command][1]
            if after > max(1, last / first) ** GROWTH * before + NOISE:
                self.fault(command, sizes[-1], f'{before:.2f} s became {after:.2f} s')
        worst, peak = (max(result[i] for result in rows[-1][1].values()) for i in (1, 2))
        return (f'| {self.name.replace("_", " ")} | {sizes[-1]:,} | {rows[-1][0] / 1e3:,.0f} '
                f'| {worst:.2f} | {peak / 1e6:.0f} |')


def measured(options, name):
    measuring = Measuring(options, name)
    row = measuring.measure_all()
    return measuring.faults, row


def main():
    parser = argparse.ArgumentParser()
    parser.add_argument('--czmodel', required=True)
    parser.add_argument('--only', action='append', choices=sorted(KINDS))
    parser.add_argument('--size', type=int, choices=(0, 1, 2))
    parser.add_argument('--lenient', action='store_true')
    parser.add_argument('--table', action='store_true')
    options = parser.parse_args()
    bad = 0
    with multiprocessing.Pool() as pool: # times are those of processors
        for faults, row in pool.imap(functools.partial(measured, options), options.only or KINDS):
            bad += len(faults)
            for line in [*faults, *([row] if options.table else [])]:
                print(line, flush=True)
    sys.exit(1 if bad else 0)


if __name__ == '__main__':
    main()
