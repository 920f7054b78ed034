# SPDX-License-Identifier: Apache-2.0
"""Measures czmodel against the copy of the same files, and against the reference tool.

    run.py --build FOLDER [--shipped FOLDER] [--reference PYTHON] [--rounds N] [--write]

Programs run in alternation on files that are in memory (warm), N times each (7); the script reports medians.
The sources are made by make_sources.py; those for the reference, which reads Keras models alone, by
PYTHON, an interpreter with TensorFlow 2.15 and czmodel 0.1.3. --write puts the result into
docs/benchmarks.md and docs/benchmarks.svg. --shipped is where "make wheels" has built the static program and the
wheel for this machine (FOLDER/cross, FOLDER/wheels), which are measured too. What has no room on the disk three times is left out.
"""
import argparse
import glob
import json
import os
import platform
import re
import shutil
import statistics
import subprocess
import sys
import zipfile

HERE = os.path.dirname(os.path.abspath(__file__))
ROOT = os.path.dirname(HERE)
PAGE = os.path.join(ROOT, 'docs', 'benchmarks.md')
CHART = os.path.join(ROOT, 'docs', 'benchmarks.svg')
BEGIN, END = '<!-- figures -->\n', '<!-- end of the figures -->\n'
SIZES = {'1.5 MB': 1, '90 MB': 86, '500 MB': 477, '5 GB': 4768}  # in MiB of weights
NODES = (50000, 100000, 200000)

KERAS = '''
import sys, tensorflow as tf
filters = int(sys.argv[2])
x = inputs = tf.keras.Input((64, 64, 3))
for _ in range(4):
    x = tf.keras.layers.Conv2D(filters, 3, padding="same", activation="relu")(x)
x = tf.keras.layers.Conv2D(3, 1, activation="softmax")(x)
tf.keras.Model(inputs, x).save(sys.argv[1], include_optimizer=False)
'''
REFERENCE = ('import sys; from czmodel.convert import convert_from_json_spec as c; '
             'c(sys.argv[1], sys.argv[2], "reference")')
WHEEL = 'import sys, czmodel; czmodel.convert_from_json_spec(sys.argv[1], sys.argv[2])'
KERAS_FILTERS = {'1.5 MB': 118, '90 MB': 916}


def run(measure, command, **options):
    """Wall and CPU seconds, and peak memory in bytes, of a command."""
    done = subprocess.run([measure, *command], check=True, capture_output=True, text=True, **options)
    return tuple(float(word) for word in done.stdout.split())


def size_of(path):
    if os.path.isfile(path):
        return os.path.getsize(path)
    return sum(os.path.getsize(os.path.join(at, name))
               for at, _, names in os.walk(path) for name in names)


class Contest:
    """Several commands on one source, in alternation."""

    def __init__(self, asked, folder):
        self.measure_program, self.rounds = asked.measure, asked.rounds
        self.out = os.path.join(folder, 'out')
        self.commands, self.results = {}, {}

    def add(self, name, *command, **options):
        self.commands[name] = (list(command), options)
        self.results[name] = []

    def measure(self):
        for turn in range(self.rounds + 1):  # the first warms up
            for name, (command, options) in self.commands.items():
                shutil.rmtree(self.out, ignore_errors=True)
                os.makedirs(self.out)
                result = run(self.measure_program, command, **options)
                if turn:
                    self.results[name].append((*result, size_of(self.out)))
        shutil.rmtree(self.out, ignore_errors=True)

    def medians(self):
        return {name: [statistics.median(column) for column in zip(*rows)]
                for name, rows in self.results.items()}


def write_spec(folder, source):
    path = os.path.join(folder, 'spec.json')
    with open(path, 'w', encoding='utf-8') as file:
        json.dump({'BorderSize': 8, 'ColorHandling': 'SplitRgb', 'PixelType': 'Bgr24',
                   'Classes': ['a', 'b', 'c'], 'ModelPath': source}, file)
    return path


def contest(asked, folder, source):
    c = Contest(asked, folder)
    spec = write_spec(folder, source)
    c.add('cp', 'cp', '-r', '--reflink=never', source, os.path.join(c.out, 'copy'))
    c.add('czmodel convert', asked.czmodel, 'convert', spec, c.out)
    return c, spec


def sizes(asked, folder):
    """Name of the source, and medians by program."""
    for name, megabytes in SIZES.items():
        source = os.path.join(folder, 'source')
        shutil.rmtree(source, ignore_errors=True)
        if shutil.disk_usage(folder).free < 3 * (megabytes << 20):
            print(f'{name}: left out, there is no room for it', flush=True)
            continue
        subprocess.run([sys.executable, os.path.join(HERE, 'make_sources.py'), source,
                        str(megabytes)], check=True)
        c, spec = contest(asked, folder, source)
        if asked.shipped:
            c.add('static program', static_program(asked.shipped), 'convert', spec, c.out)
            c.add('wheel, in Python', sys.executable, '-c', WHEEL, spec, c.out,
                  env={**os.environ, 'PYTHONPATH': unpacked_wheel(asked.shipped, folder)})
        c.measure()
        shutil.rmtree(source)
        yield name, c.medians()


def static_program(shipped):
    machine_name = {'x86_64': 'x64', 'aarch64': 'arm64'}[platform.machine()]
    return os.path.join(shipped, 'cross', f'linux-{machine_name}', 'czmodel')


def unpacked_wheel(shipped, folder):
    wheel, = glob.glob(os.path.join(glob.escape(shipped), 'wheels', f'*manylinux*_{platform.machine()}.whl'))
    unpacked = os.path.join(folder, 'wheel')
    with zipfile.ZipFile(wheel) as archive:
        archive.extractall(unpacked)
    return unpacked


def reference(asked, folder):
    for name, filters in KERAS_FILTERS.items():
        source = os.path.join(folder, 'source')
        shutil.rmtree(source, ignore_errors=True)
        subprocess.run([asked.reference, '-c', KERAS, source, str(filters)], check=True,
                       capture_output=True)
        c, spec = contest(asked, folder, source)
        c.rounds = min(c.rounds, 3)
        quiet = {**os.environ, 'TF_CPP_MIN_LOG_LEVEL': '3', 'CUDA_VISIBLE_DEVICES': ''}
        c.add('czmodel 0.1.3', asked.reference, '-c', REFERENCE, spec, c.out, env=quiet)
        c.add('czmodel inspect', asked.czmodel, 'inspect', source)
        c.add('saved_model_cli show', asked.reference, '-m',
              'tensorflow.python.tools.saved_model_cli', 'show', '--all', '--dir', source, env=quiet)
        c.measure()
        shutil.rmtree(source)
        yield name, c.medians()


def nodes(asked, folder):
    for count in NODES:
        source = os.path.join(folder, 'source')
        shutil.rmtree(source, ignore_errors=True)
        subprocess.run([sys.executable, os.path.join(HERE, 'make_sources.py'), source, '--nodes',
                        str(count)], check=True)
        c, _ = contest(asked, folder, source)
        c.measure()
        shutil.rmtree(source)
        yield count, c.medians()['czmodel convert']


# ---- telling it

def seconds(value):
    return f'{value * 1000:.0f} ms' if value < 0.1 else f'{value:.2f} s'


def megabytes(value):
    return f'{value / 1e6:.1f} MB'


def size_table(rows):
    text = ('| source | program | wall | CPU | peak memory | written | wall, of cp |\n'
            '|---|---|---|---|---|---|---|\n')
    for name, medians in rows:
        for program, (wall, cpu, peak, written) in medians.items():
            ratio = wall / medians['cp'][0]
            text += (f'| {name} | {program} | {seconds(wall)} | {seconds(cpu)} | {megabytes(peak)} | '
                     f'{megabytes(written)} | {ratio:.2f} |\n')
    return text


def node_table(rows):
    text = '| nodes | wall | peak memory | a node |\n|---|---|---|---|\n'
    for count, (wall, _, peak, _) in rows:
        text += (f'| {count:,} | {seconds(wall)} | {megabytes(peak)} | '
                 f'{wall / count * 1e6:.1f} us |\n')
    return text


def chart(rows):
    """Bars: wall time of each program, by source, as multiples of the copy's."""
    width, line, left = 720, 22, 150
    bars = [(name, program, medians[program][0] / medians['cp'][0])
            for name, medians in rows for program in ('cp', 'czmodel convert')]
    longest = max(2.0, *(value for _, _, value in bars))
    out = [f'<svg xmlns="http://www.w3.org/2000/svg" width="{width}" '
           f'height="{len(bars) * line + 50}" font-family="sans-serif" font-size="12">',
           '<rect width="100%" height="100%" fill="#ffffff"/>',
           '<text x="10" y="20">wall time, as a multiple of cp of the same files</text>']
    for i, (name, program, value) in enumerate(bars):
        y = 34 + i * line
        colour = '#9aa5b1' if program == 'cp' else '#2f6fab'
        out.append(f'<text x="10" y="{y + 13}">{name}, {program}</text>'
                   f'<rect x="{left + 30}" y="{y + 2}" height="{line - 6}" '
                   f'width="{value / longest * (width - left - 90):.1f}" fill="{colour}"/>'
                   f'<text x="{left + 36 + value / longest * (width - left - 90):.1f}" '
                   f'y="{y + 13}">{value:.2f}</text>')
    return '\n'.join([*out, '</svg>']) + '\n'


def machine():
    with open('/proc/cpuinfo', encoding='utf-8') as file:
        model = re.search(r'model name\s*: (.*)', file.read())
    return f'{os.cpu_count()} cores, {model.group(1) if model else platform.machine()}'


def main():
    parser = argparse.ArgumentParser()
    parser.add_argument('--build', required=True)
    parser.add_argument('--shipped', type=os.path.abspath)
    parser.add_argument('--reference')
    parser.add_argument('--rounds', type=int, default=7)
    parser.add_argument('--write', action='store_true')
    asked = parser.parse_args()
    asked.czmodel = os.path.join(os.path.abspath(asked.build), 'czmodel')
    asked.measure = os.path.join(os.path.abspath(asked.build), 'bench_measure')
    folder = os.path.join(os.path.abspath(asked.build), 'bench')
    shutil.rmtree(folder, ignore_errors=True)
    os.makedirs(folder)
    by_size = list(sizes(asked, folder))
    text = f'Machine: {machine()}. {asked.rounds} rounds, medians.\n\n' + size_table(by_size)
    if asked.reference:
        text += '\n### Against the reference, networks of Keras\n\n' + size_table(
            list(reference(asked, folder)))
    text += '\n### Graphs\n\n' + node_table(list(nodes(asked, folder)))
    text += '\n### Parts, in one thread\n\n' + subprocess.run(
        [os.path.join(os.path.abspath(asked.build), 'bench_micro')], check=True, capture_output=True, text=True,
        cwd=folder).stdout
    print(text)
    shutil.rmtree(folder)
    if asked.write:
        with open(PAGE, encoding='utf-8') as file:
            page = file.read()
        page = re.sub(re.escape(BEGIN) + '.*?' + re.escape(END), lambda _: BEGIN + text + END, page,
                      flags=re.DOTALL)
        with open(PAGE, 'w', encoding='utf-8') as file:
            file.write(page)
        with open(CHART, 'w', encoding='utf-8') as file:
            file.write(chart(by_size))


if __name__ == '__main__':
    main()
