# SPDX-License-Identifier: Apache-2.0
"""A SavedModel that becomes ONNX and is read again gives the same numbers in TensorFlow 2.0.0.

    round_trip.py --czmodel PROGRAM --translate PROGRAM --build FOLDER

The networks are the fixtures and the example: those that convert both ways. Each is compared with the
same network converted without the way through ONNX. What TensorFlow downloads lies in FOLDER/engines.
"""
import argparse
import io
import json
import os
import re
import subprocess
import sys
import tempfile
import zipfile

import numpy as np

HERE = os.path.dirname(os.path.abspath(__file__))
ROOT = os.path.dirname(os.path.dirname(HERE))
sys.path.insert(0, os.path.join(ROOT, 'tests', 'engines'))
import engine  # noqa: E402

FIXTURES = os.path.join(ROOT, 'tests', 'fixtures', 'models')
TOLERANCE = 1e-4
ALLOWED = ('probabilities', 'class-count', 'input-size-undefined', 'pixel-type-channels', 'input-batch',
           'output-size', 'border-size', 'pixel-range', 'tile-memory')
# The operations for TensorFlow's loops and branches, and those that are not read yet.
NOT_READ = {'Loop', 'If'}


def convert(program, network, folder):
    """The folder of the network inside the converted file, or the message of the program."""
    spec = {'BorderSize': 0, 'ColorHandling': 'ConvertToMonochrome', 'PixelType': 'Gray16',
            'Classes': ['a', 'b'], 'ModelPath': network}
    path = os.path.join(folder, 'spec.json')
    with open(path, 'w', encoding='utf-8') as file:
        json.dump(spec, file)
    done = subprocess.run([program, 'convert', path, folder, 'm', '--format', '3.0.0', '--allow',
                           ','.join(ALLOWED)], capture_output=True, text=True, timeout=120, check=False)
    if done.returncode:
        return None, done.stderr
    with zipfile.ZipFile(os.path.join(folder, 'm.czmodel')) as outer:
        inner, = (name for name in outer.namelist() if name.endswith('.model'))
        with zipfile.ZipFile(io.BytesIO(outer.read(inner))) as archive:
            archive.extractall(os.path.join(folder, 'network'))
    return os.path.join(folder, 'network'), ''


def answer(runtime, network, image):
    with runtime.load(network) as session:
        key, = session.inputs.values()
        wanted, = session.outputs.values()
        return session.run({key: image}, [wanted])[0]


def input_shape(program, network):
    done = subprocess.run([program, 'inspect', network, '--json'], capture_output=True, text=True,
                          timeout=60, check=True)
    shape = json.loads(done.stdout)['network']['input']['shape']
    return [1 if i == 0 else 32 if size in (None, -1) else size for i, size in enumerate(shape)]


def compare(asked, runtime, name, network):
    """None if the network cannot be converted at all, or the largest difference."""
    with tempfile.TemporaryDirectory() as folder:
        for part in ('before', 'after'):
            os.mkdir(os.path.join(folder, part))
        straight, _ = convert(asked.czmodel, network, os.path.join(folder, 'before'))
        path = os.path.join(folder, 'network.onnx')
        done = subprocess.run([asked.translate, network, '12', path], capture_output=True, text=True,
                              timeout=120, check=False)
        if not straight or done.returncode:
            return None
        around, text = convert(asked.czmodel, path, os.path.join(folder, 'after'))
        if not around:
            rejected = re.search(r'\(op (\w+)\): .*\[onnx-import\]', text)
            assert rejected and rejected[1] in NOT_READ, f'{name}: {text}'
            return None
        shape = input_shape(asked.czmodel, network)
        image = np.random.default_rng(7).random(shape, np.float32)
        return float(np.abs(answer(runtime, straight, image) - answer(runtime, around, image)).max())


def main():
    parser = argparse.ArgumentParser()
    for option in ('czmodel', 'translate', 'build'):
        parser.add_argument('--' + option, required=True)
    asked = parser.parse_args()
    runtime = engine.Engine(os.path.join(os.path.abspath(asked.build), 'engines', 'tf200'))
    networks = {name: os.path.join(FIXTURES, name, 'model') for name in sorted(os.listdir(FIXTURES))}
    networks['example'] = os.path.join(ROOT, 'example', 'nuclei', 'model')
    differences = {name: compare(asked, runtime, name, path) for name, path in networks.items()
                   if os.path.isdir(path)}
    compared = {name: d for name, d in differences.items() if d is not None}
    for name, difference in compared.items():
        print(f'{name:40} {difference:.1e}')
    wrong = [name for name, difference in compared.items() if not difference < TOLERANCE]
    print(f'{len(compared) - len(wrong)} passed, {len(wrong)} failed')
    sys.exit(bool(wrong) or len(compared) < 5)


if __name__ == '__main__':
    main()
