# SPDX-License-Identifier: Apache-2.0
"""czmodel.v6 without PyTorch: the interface of czmodel 6.x, networks with the channels first, faults. A stand-in
for PyTorch shows what is asked of it."""
import inspect
import json
import os
import struct
import sys
import types
import unittest
import zipfile
from contextlib import nullcontext
from unittest import mock

import czmodel
from czmodel.v6.core.legacy_model_metadata import ModelMetadata as LegacyModelMetadata
from czmodel.v6.core.model_metadata import ModelMetadata, ModelType
from czmodel.v6.core.util.onnx_export import DefaultOnnxConverter, LegacyOnnxConverter
from czmodel.v6.pytorch.convert import DefaultConverter, LegacyConverter
from czmodel.v6.pytorch.legacy_model_spec import ModelSpec as LegacyModelSpec
from czmodel.v6.pytorch.model_spec import ModelSpec
from support import TestCase

CLASSES = ['Background', 'Cell']
ID = '6f1c3bd0-7a54-4b69-9e57-0c1d5c1f8a11'


def varint(value):
    return bytes([value]) if value < 128 else bytes([value & 127 | 128]) + varint(value >> 7)


def field(number, value):
    """A field of a protobuf message: a number, or bytes or text."""
    if isinstance(value, int):
        return varint(number << 3) + varint(value)
    value = value.encode() if isinstance(value, str) else value
    return varint(number << 3 | 2) + varint(len(value)) + value


def value_info(name, *shape):
    dims = b''.join(field(1, field(1, size) if isinstance(size, int) else field(2, size)) for size in shape)
    return field(1, name) + field(2, field(1, field(1, 1) + field(2, dims)))


def network():
    """ONNX of operator set 13, channels first: a convolution of 3 x 3 pixels from 3 channels to 2, and a softmax."""
    pads = field(1, 'pads') + b''.join(field(8, 1) for _ in range(4)) + field(20, 7)
    axis = field(1, 'axis') + field(3, 1) + field(20, 2)
    nodes = (field(1, 'input') + field(1, 'w') + field(2, 'c') + field(3, '/conv/Conv') + field(4, 'Conv') + field(5, pads),
             field(1, 'c') + field(2, 'output') + field(3, '/Softmax') + field(4, 'Softmax') + field(5, axis))
    weight = b''.join(field(1, size) for size in (2, 3, 3, 3)) + field(2, 1) + field(8, 'w') + field(
        9, struct.pack('<54f', *(i / 54 for i in range(54))))
    graph = b''.join(field(1, node) for node in nodes) + field(2, 'g') + field(5, weight) + field(
        11, value_info('input', 'batch', 3, 16, 24)) + field(12, value_info('output', 'batch', 2, 16, 24))
    return field(1, 7) + field(7, graph) + field(8, field(2, 13))


def metadata(**changes):
    values = {'model_type': ModelType.SINGLE_CLASS_SEMANTIC_SEGMENTATION, 'input_shape': [16, 24, 3],
              'output_shape': [16, 24, 2], 'classes': CLASSES, 'model_name': 'Cells', 'min_overlap': [2, 4],
              'scaling': (1e-7, 2e-7), 'model_id': ID}
    return ModelMetadata(**{**values, **changes})


def legacy_metadata(**changes):
    values = {'name': 'Cells', 'classes': CLASSES, 'pixel_types': 'Bgr24', 'color_handling': 'SplitRgb',
              'border_size': 2, 'model_id': ID}
    return LegacyModelMetadata(**{**values, **changes})


class Module:
    """A network of the stand-in."""
    training = True

    def eval(self):
        self.training = False

    def train(self, mode):
        self.training = mode

    def parameters(self):
        return iter([types.SimpleNamespace(device='gpu')])


def torch_stand_in(asked):
    def export(model, arguments, path, *, dynamo=None, **options):
        asked.update(options, is_training=model.training, arguments=arguments, dynamo=dynamo)
        with open(path, 'wb') as file:
            file.write(network())
    torch = types.ModuleType('torch')
    torch.nn = types.SimpleNamespace(Module=Module)
    torch.onnx = types.SimpleNamespace(export=export)
    torch.serialization = types.SimpleNamespace(safe_globals=lambda classes: asked.update(classes=classes) or nullcontext())
    torch.zeros = lambda *shape, device: (*shape, device)
    torch.load = lambda path, weights_only: Module() if weights_only else None
    return torch


class V6Test(TestCase):
    def setUp(self):
        super().setUp()
        self.path = str(self.folder / 'network.onnx')
        with open(self.path, 'wb') as file:
            file.write(network())

    def test_interface(self):
        none = inspect.Parameter.empty
        for converter in (DefaultConverter(), LegacyConverter()):
            for function, first in ((converter.convert_from_model_spec, 'model_spec'),
                                    (converter.convert_from_json_spec, 'model_spec_path')):
                found = inspect.signature(function).parameters.values()
                self.assertEqual([(p.name, p.default) for p in found if p.kind is p.POSITIONAL_OR_KEYWORD],
                                 [(first, none), ('output_path', none), ('input_shape', none), ('output_name', 'DNNModel')])

    def test_onnx_file(self):
        made = DefaultConverter().convert_from_model_spec(ModelSpec(self.path, metadata()), self.folder, (3, 16, 24), 'm')
        self.assertEqual(os.path.basename(made.path), 'm.czann')
        found, path = DefaultConverter().unpack_model(made.path, self.folder / 'out')
        self.assertEqual((found.scaling, found.min_overlap, found.model_id, found.classes),
                         ((1e-7, 2e-7), [2, 4], ID, CLASSES))
        self.assertEqual(czmodel.inspect(path).network.input.shape[1:], [16, 24, 3])

    def test_legacy(self):
        made = LegacyConverter().convert_from_model_spec(LegacyModelSpec(self.path, legacy_metadata()), self.folder,
                                                         (3, 16, 24), 'm')
        self.assertEqual(os.path.basename(made.path), 'm.czmodel')
        found, path = LegacyConverter().unpack_model(made.path, self.folder / 'out')
        self.assertEqual((found.name, found.pixel_types, found.border_size, found.model_id),
                         ('Cells', ['Bgr24'], 2, ID))
        self.assertTrue(os.path.exists(path))

    def test_json(self):
        values = {key: value for key, value in metadata().to_czann_dict().items() if key != 'FormatVersion'}
        spec = {'ModelPath': 'network.onnx', 'ModelMetadata': values}
        (self.folder / 'spec.json').write_text(json.dumps(spec))
        made = DefaultConverter().convert_from_json_spec(self.folder / 'spec.json', self.folder, (3, 16, 24))
        with zipfile.ZipFile(made.path) as container:
            self.assertEqual(json.loads(container.read('model.json'))['Scaling'], [1e-7, 2e-7])

    def test_onnx_converters(self):
        for converter, values, suffix in ((DefaultOnnxConverter(), metadata(), '.czann'),
                                          (LegacyOnnxConverter(), legacy_metadata(), '.czmodel')):
            made = converter.convert(self.path, values, self.folder / 'n')
            self.assertEqual(made.path, str(self.folder / 'n') + suffix)

    def test_module(self):
        asked, module = {}, Module()
        with mock.patch.dict(sys.modules, torch=torch_stand_in(asked)):
            DefaultConverter().convert_from_model_spec(ModelSpec(module, metadata()), self.folder, (3, 16, 24))
            DefaultConverter().convert_from_model_spec(ModelSpec('m.pth', metadata()), self.folder, (3, 16, 24))
            with self.assertRaises(TypeError):
                DefaultConverter().convert_from_model_spec(ModelSpec(3, metadata()), self.folder, (3, 16, 24))
        self.assertEqual((asked['is_training'], asked['arguments'], asked['dynamo'], asked['classes']),
                         (False, ((1, 3, 16, 24, 'gpu'),), False, [Module]))
        self.assertTrue(module.training)

    def test_faults(self):
        with mock.patch.dict(sys.modules, torch=None), self.assertRaisesRegex(ImportError, 'torch.onnx.export'):
            DefaultConverter().convert_from_model_spec(ModelSpec(Module(), metadata()), self.folder, (3, 16, 24))
        with self.assertRaises(czmodel.InvalidModelError):
            DefaultConverter().unpack_model(self.path, self.folder / 'out')
        with zipfile.ZipFile(self.folder / 'empty.czann', 'w'):
            pass
        with self.assertRaisesRegex(czmodel.InvalidModelError, r'\*\.json'):
            DefaultConverter().unpack_model(self.folder / 'empty.czann', self.folder / 'out')


if __name__ == '__main__':
    unittest.main()
