# SPDX-License-Identifier: Apache-2.0
"""How the estimate of a tile's memory compares with what TensorFlow 2.0.0 takes.

    tile_memory.py --czmodel PATH --build DIR [--side PIXELS] [--write]

Takes the example and networks that run.py has exported (run it first: the test "engines"), gives them
inputs of --side pixels, converts them, and runs each in a process of its own: the peak of that process
less what it had after loading. Prints the table of docs/tile-memory.md; --write puts it there. Fails if
an estimate is below the half or above the threefold of what was measured.
"""
import argparse
import json
import os
import re
import resource
import subprocess
import sys
import tempfile
import zipfile

import numpy as np

HERE = os.path.dirname(os.path.abspath(__file__))
ROOT = os.path.dirname(os.path.dirname(HERE))
PAGE = os.path.join(ROOT, 'docs', 'tile-memory.md')
ALLOWED = 'input-size-undefined,pixel-type-channels,class-count,tile-memory'
BEGIN, END = '<!-- table -->\n', '<!-- end of the table -->\n'
LOWEST, HIGHEST = 0.5, 3.0
MIB = 1 << 20

NETWORKS = ['example/nuclei', 'keras2/convnext', 'keras2/grouped_dilated', 'keras2/mobilenet_v3',
            'keras2/resnet', 'keras2/unet_bn', 'keras3/act_gelu_erf', 'keras3/aspp',
            'keras3/aspp_depthwise', 'keras3/dense_blocks', 'keras3/mobilenet_v2',
            'keras3/pyramid_pooling', 'keras3/segformer', 'keras3/shufflenet',
            'keras3/squeeze_excite', 'keras3/unet_attention', 'tf_keras/efficientnet',
            'tf_keras/linknet', 'tf_keras/pixel_shuffle', 'tf_keras/separable',
            'tf_keras/subclassed']


def peak():
    return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss * 1024


def serve(folder, cache):
    """In its own process: prints the bytes that the first run needed."""
    from engine import Engine
    engine = Engine(cache)
    with engine.load(folder) as session:
        (_, name), = session.inputs.items()
        shape, dtype = json.loads(sys.stdin.readline()), np.float32
        image = np.random.default_rng(1).random(shape, dtype)
        image.sum()
        before = peak()
        session.run({name: image}, list(session.outputs.values()))
        print(peak() - before)


def convert(czmodel, model, side, folder):
    """The unpacked network and its description."""
    spec = os.path.join(folder, 'spec.json')
    with open(spec, 'w', encoding='utf-8') as file:
        json.dump({'BorderSize': 0, 'ColorHandling': 'SplitRgb', 'PixelType': 'Gray8',
                   'Classes': ['a', 'b'], 'ModelPath': model}, file)
    done = subprocess.run([czmodel, 'convert', spec, folder, 'm', '--allow', ALLOWED,
                           '--spatial-dims', f'{side},{side}'], capture_output=True, check=False)
    if done.returncode:
        return None, None
    path = os.path.join(folder, 'm.czmodel')
    subprocess.run([czmodel, 'unpack', path, os.path.join(folder, 'u')], check=True,
                   capture_output=True)
    with open(os.path.join(folder, 'u', 'model_spec.json'), encoding='utf-8') as file:
        network = os.path.join(folder, 'u', json.load(file)['ModelPath'])
    told = subprocess.run([czmodel, 'inspect', path, '--json'], check=True, capture_output=True)
    return network, json.loads(told.stdout)['network']


def measure(network, shape, cache):
    done = subprocess.run([sys.executable, os.path.abspath(__file__), '--serve', network, cache],
                          input=json.dumps([1] + shape[1:]), capture_output=True, text=True,
                          check=True, timeout=3000)
    return int(done.stdout)


def rows(asked):
    for name in NETWORKS:
        at = ROOT if name.startswith('example/') else os.path.join(asked.build, 'engines', 'exports')
        model = os.path.join(at, *name.split('/'), 'model')
        if not os.path.exists(model):
            continue
        with tempfile.TemporaryDirectory() as folder:
            network, told = convert(asked.czmodel, model, asked.side, folder)
            if network is None or not told['tile_memory']['known']:
                continue
            estimate = told['tile_memory']['peak'] - told['tile_memory']['weights']
            took = measure(network, told['input']['shape'],
                           os.path.join(asked.build, 'engines', 'tf200'))
        yield name, told['tile_memory']['activations'], estimate, took


def main():
    if sys.argv[1:2] == ['--serve']:
        serve(*sys.argv[2:])
        return
    parser = argparse.ArgumentParser()
    parser.add_argument('--czmodel', required=True)
    parser.add_argument('--build', required=True)
    parser.add_argument('--side', type=int, default=1024)
    parser.add_argument('--write', action='store_true')
    asked = parser.parse_args()
    asked.czmodel, asked.build = os.path.abspath(asked.czmodel), os.path.abspath(asked.build)
    text = ('| network | live tensors, MiB | with workspace, MiB | TensorFlow 2.0.0, MiB | ratio |\n'
            '|---|---|---|---|---|\n')
    ratios = []
    for name, activations, estimate, took in rows(asked):
        ratios.append(estimate / took)
        text += (f'| {name} | {activations / MIB:.0f} | {estimate / MIB:.0f} | {took / MIB:.0f} | '
                 f'{estimate / took:.2f} |\n')
    print(text + f'{len(ratios)} networks, ratios {min(ratios):.2f} to {max(ratios):.2f}')
    if asked.write:
        with open(PAGE, encoding='utf-8') as file:
            page = file.read()
        page = re.sub(re.escape(BEGIN) + '.*?' + re.escape(END), lambda _: BEGIN + text + END, page,
                      flags=re.DOTALL)
        with open(PAGE, 'w', encoding='utf-8') as file:
            file.write(page)
    if not ratios or min(ratios) < LOWEST or max(ratios) > HIGHEST:
        sys.exit('the estimate is too far from what TensorFlow 2.0.0 takes')


if __name__ == '__main__':
    main()
