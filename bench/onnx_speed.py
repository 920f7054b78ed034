# SPDX-License-Identifier: Apache-2.0
"""Measures networks in ONNX against those that tf2onnx makes of the same SavedModels.

    onnx_speed.py --build FOLDER [--threads N] [--opset N] [--write] [NAME...]

Both files run in ONNX Runtime in alternation; the script reports medians, and the largest difference from Keras.
--write puts the result into docs/onnx.md. TensorFlow 2.15 and tf2onnx come into
FOLDER/engines/tf2onnx, ONNX Runtime into FOLDER/engines/onnx, unless they are there; the networks of
onnx_sources.py and tf2onnx's files are kept in FOLDER/onnx-speed (2 GB and half an hour).
"""
import argparse
import importlib.util
import json
import os
import statistics
import subprocess
import sys
import tempfile
import time
import zipfile

HERE = os.path.dirname(os.path.abspath(__file__))
ROOT = os.path.dirname(HERE)
PAGE = os.path.join(ROOT, 'docs', 'onnx.md')
BEGIN, END = '<!-- figures -->\n', '<!-- end of the figures -->\n'
PEER = ['tensorflow-cpu==2.15.1', 'tf2onnx==1.17.0', 'onnx==1.16.2', 'numpy==1.26.4']
FORMATS = {12: '3.1.0', 18: 'czann-2.1.0'}
SECONDS, LEAST, MOST = 6, 9, 200  # of measuring a pair; rounds


def load(*path):
    """A script as a module."""
    spec = importlib.util.spec_from_file_location('_'.join(path), os.path.join(ROOT, *path))
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


engines, onnx_test = load('tests', 'engines', 'run.py'), load('tests', 'onnx', 'run.py')


def peer_python(build):
    base = engines.find_python((3, 9), (3, 11))
    return base and engines.make_venv(base, os.path.join(build, 'engines', 'tf2onnx'), [PEER])


def make_networks(python, folder, names):
    subprocess.run([python, os.path.join(HERE, 'onnx_sources.py'), folder, *names], check=True,
                   stderr=subprocess.DEVNULL)


def by_peer(python, model, opset, path):
    """What cannot be translated leaves a file that cannot be loaded, or none."""
    subprocess.run([python, '-m', 'tf2onnx.convert', '--saved-model', model, '--opset', str(opset),
                    '--output', path], capture_output=True)


def by_czmodel(program, model, channels, opset, path):
    """The network that lies in the container."""
    specification = {
        'ModelPath': model, 'Classes': ['A', 'B', 'C'], 'BorderSize': 0,
        'ColorHandling': 'SplitRgb' if channels == 3 else 'ConvertToMonochrome',
        'PixelType': 'Gray32Float' if channels == 1 else 'Bgr96Float'}
    with tempfile.TemporaryDirectory() as scratch:
        source = os.path.join(scratch, 'spec.json')
        with open(source, 'w') as file:
            json.dump(specification, file)
        subprocess.run([program, 'convert', source, scratch, 'speed', '--format', FORMATS[opset]],
                       check=True, capture_output=True)
        made, = (name for name in os.listdir(scratch) if name.startswith('speed.'))
        with zipfile.ZipFile(os.path.join(scratch, made)) as archive:
            member = max(archive.infolist(), key=lambda info: info.file_size)
            with open(path, 'wb') as file:
                file.write(archive.read(member))


def session(path, threads):
    import onnxruntime
    options = onnxruntime.SessionOptions()
    options.intra_op_num_threads = threads
    options.log_severity_level = 3
    return onnxruntime.InferenceSession(path, options, providers=['CPUExecutionProvider'])


def answer(network, picture):
    return network.run(None, {network.get_inputs()[0].name: picture})[0]


def alternate(networks, picture):
    """Median milliseconds of each, and how much longer the last took than the first."""
    times = [[] for _ in networks]
    start = time.perf_counter()
    for turn in range(MOST):
        if turn >= LEAST and time.perf_counter() - start > SECONDS:
            break
        for i in range(len(networks))[::1 if turn % 2 else -1]:
            before = time.perf_counter()
            answer(networks[i], picture)
            times[i].append(1000 * (time.perf_counter() - before))
    ratio = statistics.median(last / first for first, last in zip(times[0], times[-1]))
    return [statistics.median(column) for column in times], ratio


def transpositions(path):
    import onnx
    graph = onnx.load(path).graph
    return sum(node.op_type == 'Transpose' for node in graph.node)


def contest(asked, python, folder, name):
    """A row of the table."""
    import numpy as np
    place = os.path.join(folder, name)
    if not os.path.exists(os.path.join(place, 'expected.npy')):
        make_networks(python, folder, [name])
    picture, expected = (np.load(os.path.join(place, f'{array}.npy'))
                         for array in ('input', 'expected'))
    model = os.path.join(place, 'model')
    ours, theirs = (os.path.join(place, f'{who}-{asked.opset}.onnx') for who in ('czmodel', 'peer'))
    by_czmodel(asked.program, model, picture.shape[3], asked.opset, ours)
    if not os.path.exists(theirs):
        by_peer(python, model, asked.opset, theirs)
    networks = [session(ours, asked.threads)]
    try:
        networks.append(session(theirs, asked.threads))
    except Exception:  # ONNX Runtime's own
        pass
    off = [f'{np.abs(answer(network, picture) - expected).max():.1e}' for network in networks]
    times, ratio = alternate(networks, picture)
    row = [f'{time:.1f} ms' for time in times]
    row += [f'{ratio:.2f}', transpositions(ours), transpositions(theirs), *off] \
        if len(networks) > 1 else ['no valid file', '', transpositions(ours), '', off[0], '']
    return '| ' + ' | '.join(str(cell) for cell in [name, *row]) + ' |\n'


def write_page(table):
    with open(PAGE, encoding='utf-8') as file:
        text = file.read()
    before, rest = text.split(BEGIN)
    with open(PAGE, 'w', encoding='utf-8') as file:
        file.write(before + BEGIN + table + END + rest.split(END)[1])


def main():
    parser = argparse.ArgumentParser(description=__doc__.split('\n')[0])
    parser.add_argument('--build', required=True)
    parser.add_argument('--threads', type=int, default=1)
    parser.add_argument('--opset', type=int, choices=FORMATS, default=12)
    parser.add_argument('--write', action='store_true')
    parser.add_argument('names', nargs='*')
    asked = parser.parse_args()
    asked.build = os.path.abspath(asked.build)
    if not onnx_test.runtime_is_there(onnx_test.NEWEST):
        with_packages = onnx_test.install(asked.build, onnx_test.NEWEST)
        os.execv(with_packages, [with_packages, *sys.argv])
    asked.program = os.path.join(asked.build, 'czmodel')
    python = peer_python(asked.build)
    if not python:
        sys.exit('needs a Python of 3.9 to 3.11')
    folder = os.path.join(asked.build, 'onnx-speed')
    os.makedirs(folder, exist_ok=True)
    names = asked.names or subprocess.run(
        [python, '-c', 'import onnx_sources; print(*onnx_sources.NETWORKS, sep="\\n")'],
        cwd=HERE, check=True, capture_output=True, text=True).stdout.splitlines()
    table = ('| network | czmodel | tf2onnx | times as fast | transpositions | of tf2onnx | '
             'off by | tf2onnx off by |\n|---|--:|--:|--:|--:|--:|--:|--:|\n')
    for name in names:
        table += contest(asked, python, folder, name)
        print(table.splitlines()[-1], flush=True)
    if asked.write:
        write_page(table)


if __name__ == '__main__':
    main()
