# SPDX-License-Identifier: Apache-2.0
"""Writes the first inputs for fuzzing, one folder for each fuzzer, from the inputs of other tests.

    make_seeds.py --czmodel PROGRAM FOLDER
"""
import argparse
import glob
import importlib.util
import io
import os
import re
import shutil
import subprocess
import sys
import tempfile
import zipfile

TESTS = os.path.dirname(os.path.dirname(os.path.abspath(__file__)))
ONNX_OPERATIONS = os.path.join(os.path.dirname(TESTS), 'src', 'read', 'onnx', 'ops.def')
MODELS = sorted(glob.glob(os.path.join(glob.escape(TESTS), 'fixtures', 'models', '*', 'model')))
SLICES = [b'', b'3 3 4 8 0,3:0,3:0,4:0,8', b'3 3 4 8 -:0,3:2,2:-', b'8 4,4']
WAYS = (0, 1, 2, 4, 8, 16, 32)
FIXTURE_FIELD, WAY_FIELD = 1000, 1001

LARGEST_SEED = 20000 # bytes of a file for the fuzzers

sys.path[:0] = [os.path.join(TESTS, 'lib'), os.path.join(TESTS, 'keras'), os.path.join(TESTS, 'harden')]
import keras_file  # noqa: E402
import onnx_text  # noqa: E402
import rejections  # noqa: E402
from hostile import KINDS  # noqa: E402
from graph_text import saved_model  # noqa: E402
from protobuf import number  # noqa: E402


def read(path):
    with open(path, 'rb') as file:
        return file.read()


def module_of(path):
    """A module by its path: two tests have one of the same name."""
    spec = importlib.util.spec_from_file_location('of_' + os.path.basename(os.path.dirname(path)), path)
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


def hostile(name):
    """The small files of this name among the hostile structures of size 3."""
    with tempfile.TemporaryDirectory() as folder:
        for kind, (write_kind, _, commands) in sorted(KINDS.items()):
            if 'convert' not in commands:
                continue
            own = os.path.join(folder, kind)
            os.makedirs(own)
            path = write_kind(own, 3)
            path = os.path.join(path, name) if os.path.isdir(path) else path
            if os.path.basename(path) == name and os.path.isfile(path) and os.path.getsize(path) <= LARGEST_SEED:
                yield read(path)


def specs():
    pattern = os.path.join(glob.escape(TESTS), '*', '**', 'spec.json')
    return [read(path) for path in sorted(glob.glob(pattern, recursive=True))]


def small_graphs():
    texts = sorted(glob.glob(os.path.join(glob.escape(TESTS), 'errors', '*', 'graph.txt')))
    return [saved_model(read(path).decode()) for path in texts]


def exported_graphs():
    return [read(os.path.join(model, 'saved_model.pb')) for model in MODELS]


def graphs():
    return small_graphs() + exported_graphs() + list(hostile('saved_model.pb'))


def conversions():
    numbered = [(graph, 0) for graph in [*small_graphs(), *hostile('saved_model.pb')]]
    numbered += [(graph, i) for i, graph in enumerate(exported_graphs())]
    return [graph + number(FIXTURE_FIELD, i) + number(WAY_FIELD, way)
            for graph, i in numbered for way in WAYS]


def bundles():
    for model in MODELS:
        index, data = (read(os.path.join(model, 'variables', 'variables.' + name))
                       for name in ('index', 'data-00000-of-00001'))
        for repairs, text in enumerate(SLICES):
            yield (bytes([repairs % 2, len(text)]) + text + len(index).to_bytes(2, 'little') +
                   index + data)


def archive(model, method):
    out = io.BytesIO()
    with zipfile.ZipFile(out, 'w', method) as target:
        for name in ('saved_model.pb', 'variables/variables.index',
                     'variables/variables.data-00000-of-00001'):
            target.write(os.path.join(model, name), 'model/' + name)
    return out.getvalue()


def container(czmodel, model, folder):
    """The file that czmodel writes, or nothing for a fixture that it rejects."""
    spec = os.path.join(folder, 'spec.json')
    with open(spec, 'w', encoding='utf-8') as file:
        file.write('{"BorderSize": 0, "ColorHandling": "SplitRgb", "PixelType": "Bgr24", '
                   f'"Classes": ["a", "b"], "ModelPath": "{model}"}}')
    done = subprocess.run([czmodel, 'convert', '--quiet', spec, folder], check=False,
                          stderr=subprocess.DEVNULL)
    return None if done.returncode else read(os.path.join(folder, 'DNNModel.czmodel'))


def repacked(content, method):
    out = io.BytesIO()
    with zipfile.ZipFile(io.BytesIO(content)) as source, zipfile.ZipFile(out, 'w', method) as to:
        for name in source.namelist():
            to.writestr(name, source.read(name))
    return out.getvalue()


def czanns():
    metadata = ('{"Id": "6f1c3bd0-7a54-4b69-9e57-0c1d5c1f8a11", "Type": "Regression", "InputShape": '
                '[16, 16, 1], "OutputShape": [16, 16, 2], "MinOverlap": [4, 4], "ModelName": "n"}')
    for method in (zipfile.ZIP_STORED, zipfile.ZIP_DEFLATED):
        out = io.BytesIO()
        with zipfile.ZipFile(out, 'w', method) as to:
            to.writestr('model.json', metadata)
            to.writestr('model.model', onnx_text.segmentation())
        yield out.getvalue()


def archives(czmodel):
    small = sorted(MODELS, key=lambda model: os.path.getsize(model + '/saved_model.pb'))[:4]
    with tempfile.TemporaryDirectory() as folder:
        for model in small:
            yield archive(model, zipfile.ZIP_STORED)
            yield archive(model, zipfile.ZIP_DEFLATED)
            content = container(czmodel, model, folder)
            if content:
                yield content
                yield repacked(content, zipfile.ZIP_DEFLATED)
    yield from czanns()


def onnx_files():
    exports = glob.glob(os.path.join(glob.escape(TESTS), 'onnx', 'exports', '*.onnx'))
    yield from (read(path) for path in sorted(exports) if os.path.getsize(path) <= LARGEST_SEED)
    cases = module_of(os.path.join(TESTS, 'onnx', 'rejections.py'))
    yield from (content for _, content in cases.CASES)
    for op in re.findall(r'^OP\((\w+),', read(ONNX_OPERATIONS).decode(), re.M): # with what many operations require
        numbers = [onnx_text.ints('axes', [1]), onnx_text.integer('axis', 1), onnx_text.ints('kernel_shape', [1, 1])]
        yield cases.after(op, attributes=numbers)
        yield cases.after(op, 'n', 'n', weights=[cases.whole('n', [1, 1, 1, 1])], attributes=numbers[:2])
    yield from hostile('model.onnx')
    image = [onnx_text.end('input', ['n', 16, 16, 1])]
    yield onnx_text.segmentation()
    yield onnx_text.segmentation(opset=18, kernel=onnx_text.weight('kernel', [1, 2], (2, 1, 1, 1), True))
    yield onnx_text.segmentation(kernel=onnx_text.weight('kernel', [], (2, 1, 1, 1), outside=True))
    inner = onnx_text.graph([onnx_text.node('Identity', ['a'], ['b'])], [], [])
    attribute = onnx_text.message(1, 'body') + onnx_text.message(6, inner) + onnx_text.number(20, 5)
    yield onnx_text.model(onnx_text.graph(
        [onnx_text.node('Loop', ['', '', 'input'], ['output'], 'l', 'ai.onnx', [attribute])], image, image))


def hdf5_files():
    return [read(path) for path in sorted(glob.glob(os.path.join(glob.escape(TESTS), 'fixtures', 'hdf5', '*.h5')))]


def keras_files():
    """Small models with room for a longer configuration, one layer of every kind that has weights among them."""
    for name, description in rejections.CASES:
        if name.endswith('.h5') and 'config' in description:
            yield keras_file.hdf5({**description, 'room': 1000})
    weights = {'conv': {'kernel:0': [3, 3, 1, 2], 'bias:0': [2]},
               'depth': {'depthwise_kernel:0': [3, 3, 2, 1], 'bias:0': [2]},
               'up': {'kernel:0': [2, 2, 2, 2], 'bias:0': [2]},
               'norm': dict.fromkeys(['gamma:0', 'beta:0', 'moving_mean:0', 'moving_variance:0'], [2]),
               'prelu': {'alpha:0': [16, 16, 2]}, 'dense': {'kernel:0': [2, 2], 'bias:0': [2]}}
    layer = rejections.layer
    yield keras_file.hdf5({'room': 3000, **rejections.of(
        rejections.CONV, layer('depth', 'DepthwiseConv2D', {'kernel_size': [3, 3], 'padding': 'same'}, 'conv'),
        layer('norm', 'BatchNormalization', {'axis': [3]}, 'depth'), layer('pool', 'MaxPooling2D', {}, 'norm'),
        layer('up', 'Conv2DTranspose', {'filters': 2, 'kernel_size': [2, 2], 'strides': [2, 2]}, 'pool'),
        layer('prelu', 'PReLU', {}, 'up'), layer('zero', 'ZeroPadding2D', {'padding': [[1, 0], [0, 1]]}, 'prelu'),
        layer('crop', 'Cropping2D', {'cropping': 1}, 'zero'), layer('size', 'UpSampling2D', {'size': 2}, 'crop'),
        layer('dense', 'Dense', {'units': 2, 'activation': 'softmax'}, 'size'), weights=weights)})


def write(folder, inputs):
    shutil.rmtree(folder, ignore_errors=True)
    os.makedirs(folder)
    for i, content in enumerate(inputs):
        with open(os.path.join(folder, f'seed-{i:03d}'), 'wb') as file:
            file.write(content)


def main():
    parser = argparse.ArgumentParser()
    parser.add_argument('--czmodel', required=True)
    parser.add_argument('folder')
    arguments = parser.parse_args()
    czmodel = os.path.abspath(arguments.czmodel)
    for name, inputs in (('spec', specs()), ('graph', graphs()), ('bundle', bundles()),
                         ('archive', archives(czmodel)), ('convert', conversions()),
                         ('onnx', onnx_files()), ('hdf5', hdf5_files()), ('keras', keras_files())):
        write(os.path.join(arguments.folder, name), inputs)


if __name__ == '__main__':
    main()
