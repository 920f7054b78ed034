# SPDX-License-Identifier: Apache-2.0
"""The cases test: each network of cases.tar.xz converts to each kind of format, or is rejected with its message.

    run.py --czmodel PROGRAM --folder FOLDER [--tensorflow] [--only TEXT]

The archive is unpacked to FOLDER. With --tensorflow, which needs numpy, what is written for 3.0.0 runs in
TensorFlow 2.0.0, in a process each, and must give the expected output. ../onnx/run.py runs the same networks
in ONNX Runtime.
"""
import argparse
import itertools
import json
import os
import subprocess
import sys
import tempfile

import cases

HERE = os.path.dirname(os.path.abspath(__file__))
FORMATS = ('3.0.0', *cases.OPSETS)
TOLERANCE = 2e-4  # relative to the largest value above 1
# Faults of these networks as models of ZEN that do not matter here.
ALLOWED = '''border class-count input-batch input-channels input-layout input-size-undefined output-size
             pixel-type-channels probabilities random-op tile-memory'''.split()


class Failure(Exception):
    """The fault of a case."""


def shape_of(path):
    """Without the batch; nulls where that is no image."""
    shape = cases.shape_of(path)
    return shape[1:] if len(shape) in (4, 5) else [None, None, None]


def convert(options, place, folder, name, suffix):
    """Exit status and messages. A .czann states the sizes that its network leaves open."""
    spec = os.path.join(folder, 'spec.json')
    first = {'BorderSize': 0, 'ColorHandling': 'SplitRgb', 'PixelType': 'Bgr24', 'Classes': ['a', 'b']}
    later = {'ModelMetadata': {
        'Type': 'SingleClassSemanticSegmentation', 'Classes': ['a', 'b'],
        'InputShape': shape_of(os.path.join(place, f'input{suffix}.npy')),
        'OutputShape': shape_of(os.path.join(place, f'expected{suffix}.npy'))}}
    with open(spec, 'w', encoding='utf-8') as file:
        json.dump({**(later if name.startswith('czann') else first), 'ModelPath': os.path.join(place, 'model')}, file)
    size = cases.size_of(place) if suffix else []
    done = subprocess.run([options.czmodel, 'convert', spec, folder, 'model', '--format', name, '--allow',
                           ','.join(ALLOWED), *(['--spatial-dims', ','.join(map(str, size))] if size else [])],
                          capture_output=True, text=True, timeout=300, check=False)
    return done.returncode, done.stderr


def check_conversion(options, place, folder, name, suffix, message):
    status, text = convert(options, place, folder, name, suffix)
    if message and message not in text:
        raise Failure(f'{name}: expected "{message}", got:\n{text}')
    if status != (1 if message else 0):
        raise Failure(f'{name}: exit status {status}\n{text}')


def check_in_tensorflow(options, place, folder, suffix):
    import numpy as np
    unpacked = os.path.join(folder, 'unpacked')
    path = os.path.join(folder, 'model.czmodel')
    subprocess.run([options.czmodel, 'unpack', path, unpacked], check=True, capture_output=True)
    model, = (base for base, _, files in os.walk(unpacked) if 'saved_model.pb' in files)
    output = os.path.join(folder, 'output.npy')
    engine = os.path.join(os.path.dirname(HERE), 'engines', 'engine.py')
    done = subprocess.run([sys.executable, engine, model, os.path.join(place, f'input{suffix}.npy'), output],
                          capture_output=True, text=True, timeout=600, check=False)
    if done.returncode:
        raise Failure(f'TensorFlow 2.0.0: exit status {done.returncode}: {done.stderr[-400:]}')
    got, expected = np.load(output), np.load(os.path.join(place, f'expected{suffix}.npy'))
    if got.shape != expected.shape:
        raise Failure(f'TensorFlow 2.0.0: shape {got.shape}, expected {expected.shape}')
    scale = max(1, np.max(np.abs(expected), initial=0))
    if not np.allclose(got, expected, 0, TOLERANCE * scale, equal_nan=True):
        raise Failure(f'TensorFlow 2.0.0: off by {np.max(np.abs(got - expected))}')


def check(options, folder, case, messages):
    place = os.path.join(folder, case)
    for name, suffix in itertools.product(FORMATS, ('', '2') if cases.size_of(place) else ('',)):
        with tempfile.TemporaryDirectory() as scratch:
            check_conversion(options, place, scratch, name, suffix, messages.get(name, ''))
            if options.tensorflow and name == '3.0.0' and name not in messages:
                check_in_tensorflow(options, place, scratch, suffix)


def main():
    parser = argparse.ArgumentParser(description=__doc__.split('\n', maxsplit=1)[0])
    parser.add_argument('--czmodel', required=True, metavar='PROGRAM')
    parser.add_argument('--folder', required=True)
    parser.add_argument('--tensorflow', action='store_true')
    parser.add_argument('--only', default='', metavar='TEXT')
    options = parser.parse_args()
    options.czmodel = os.path.abspath(options.czmodel)
    folder, rejections = cases.unpack(os.path.abspath(options.folder)), cases.rejections()
    names = sorted(name for name in os.listdir(folder) if options.only in name and name != 'complete')
    failed = 0
    for case in names:
        try:
            check(options, folder, case, rejections.get(case, {}))
        except Failure as failure:
            failed += 1
            print(f'{case}: {failure}', flush=True)
    print(f'{len(names) - failed} of {len(names)} cases are as expected')
    return 1 if failed or not names else 0


if __name__ == '__main__':
    sys.exit(main())
