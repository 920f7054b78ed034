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
from dataclasses import replace
from unittest import mock

import czmodel
from czmodel.util.keras_to_czmodel import convert
from czmodel.v3 import ModelMetadata as V3Metadata
from czmodel.v3.util import model_packing as v3_packing
from czmodel.v3.util import onnx_export as v3
from czmodel.v6.core import LegacyModelSpec as LegacyCoreSpec
from czmodel.v6.core import ModelSpec as CoreSpec
from czmodel.v6.core.convert import UnpackModel
from czmodel.v6.core.legacy_model_metadata import ModelMetadata as LegacyModelMetadata
from czmodel.v6.core.model_metadata import ModelMetadata, ModelType
from czmodel.v6.core.util.common import validate_legacy_metadata, validate_metadata
from czmodel.v6.core.util.model_packing import create_legacy_model_zip, create_model_zip
from czmodel.v6.core.util.onnx_export import DefaultOnnxConverter, LegacyOnnxConverter
from czmodel.v6.pytorch.convert import DefaultConverter, LegacyConverter
from czmodel.v6.pytorch.legacy_model_spec import ModelSpec as LegacyModelSpec
from czmodel.v6.pytorch.model_spec import ModelSpec
from czmodel.v6.pytorch.util.torch_export import DefaultPyTorchConverter, LegacyPyTorchConverter, switch_shape
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
    nodes = (node('Conv', ['input', 'w'], 'c', pads), node('Softmax', ['c'], 'output', axis(1)))
    weight = b''.join(field(1, size) for size in (2, 3, 3, 3)) + field(2, 1) + field(8, 'w') + field(
        9, struct.pack('<54f', *(i / 54 for i in range(54))))
    return model(13, nodes, [weight], ('batch', 3, 16, 24), ('batch', 2, 16, 24))


def channels_last():
    """ONNX of operator set 12, channels last: a product with a matrix from 3 channels to 2, and a softmax."""
    weight = field(1, 3) + field(1, 2) + field(2, 1) + field(8, 'w') + field(9, struct.pack('<6f', *range(6)))
    nodes = (node('MatMul', ['input', 'w'], 'c'), node('Softmax', ['c'], 'output', axis(3)))
    return model(12, nodes, [weight], ('batch', 16, 24, 3), ('batch', 16, 24, 2))


def axis(number):
    return field(1, 'axis') + field(3, number) + field(20, 2)


def node(op, inputs, output, *attributes):
    return b''.join(field(1, name) for name in inputs) + field(2, output) + field(3, f'/{op}') + field(4, op) + b''.join(
        field(5, attribute) for attribute in attributes)


def model(opset, nodes, weights, input_shape, output_shape):
    graph = b''.join(field(1, content) for content in nodes) + field(2, 'g') + b''.join(
        field(5, weight) for weight in weights) + field(11, value_info('input', *input_shape)) + field(
        12, value_info('output', *output_shape))
    return field(1, 7) + field(7, graph) + field(8, field(2, opset))


def metadata(**changes):
    values = {'model_type': ModelType.SINGLE_CLASS_SEMANTIC_SEGMENTATION, 'input_shape': [16, 24, 3],
              'output_shape': [16, 24, 2], 'classes': CLASSES, 'model_name': 'Cells', 'min_overlap': [2, 4],
              'scaling': (1e-7, 2e-7), 'model_id': ID}
    return ModelMetadata(**{**values, **changes})


def v3_metadata():
    return V3Metadata(*metadata()[:-1])


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
                                          (LegacyOnnxConverter(), legacy_metadata(), '.czmodel'),
                                          (v3.DefaultOnnxConverter(), v3_metadata(), '.czann'),
                                          (v3.LegacyOnnxConverter(), legacy_metadata(), '.czseg')):
            made = converter.convert(self.path, values, self.folder / 'n')
            self.assertEqual(made.path, str(self.folder / 'n') + suffix)
        made = convert(self.path, legacy_metadata().first(), self.folder / 'n')
        self.assertEqual(made.path, str(self.folder / 'n') + '.czmodel')

    def test_module(self):
        asked, module = {}, Module()
        with mock.patch.dict(sys.modules, torch=torch_stand_in(asked)):
            DefaultConverter().convert_from_model_spec(ModelSpec(module, metadata()), self.folder, (3, 16, 24))
            made = DefaultConverter().convert_from_model_spec(ModelSpec('m.pth', metadata(model_name=None)), self.folder,
                                                              (3, 16, 24))
            with self.assertRaises(TypeError):
                DefaultConverter().convert_from_model_spec(ModelSpec(3, metadata()), self.folder, (3, 16, 24))
        self.assertEqual((asked['is_training'], asked['arguments'], asked['dynamo'], asked['classes']),
                         (False, ((1, 3, 16, 24, 'gpu'),), False, [Module]))
        self.assertTrue(module.training)
        self.assertEqual(DefaultConverter().unpack_model(made.path, self.folder / 'out')[0].model_name, 'Module')

    def test_specifications_can_be_changed(self):
        for spec, plain in ((ModelSpec(self.path, metadata()), CoreSpec), (LegacyModelSpec(self.path, legacy_metadata()),
                                                                           LegacyCoreSpec)):
            self.assertIsInstance(spec, plain)
            self.assertIsNone(spec.license_file)
            self.assertEqual(spec, replace(spec))
            spec.license_file = self.folder / 'LICENSE'
            (self.folder / 'LICENSE').write_text('free')
            converter = DefaultConverter() if plain is CoreSpec else LegacyConverter()
            made = converter.convert_from_model_spec(spec, self.folder, (3, 16, 24))
            with zipfile.ZipFile(made.path) as container:
                self.assertIn(b'free', [container.read(name) for name in container.namelist()])
            self.assertIsInstance(converter, UnpackModel)

    def test_packing(self):
        network = (self.folder / 'last.onnx')
        network.write_bytes(channels_last())
        for pack, values, suffix in ((create_model_zip, metadata(), '.czann'),
                                     (create_legacy_model_zip, legacy_metadata(), '.czmodel'),
                                     (v3_packing.create_model_zip, v3_metadata(), '.czann'),
                                     (v3_packing.create_legacy_model_zip, legacy_metadata(), '.czseg')):
            for model in (network, str(network), network.read_bytes(), memoryview(network.read_bytes())):
                made = pack(model, values, str(self.folder / 'packed'))
                self.assertEqual(made.path, str(self.folder / 'packed') + suffix)
                with zipfile.ZipFile(made.path) as container:
                    self.assertIn(network.read_bytes(), [container.read(name) for name in container.namelist()])

    def test_validation(self):
        validate_metadata(metadata(), [None, 0, 3], [16, 24, 2])
        for values, shapes in ((metadata(), ([16, 24, 4], [16, 24, 2])), (metadata(), ([16, 24, 3], [24, 2])),
                               (metadata(min_overlap=[1, 2, 3]), ([16, 24, 3], [16, 24, 2]))):
            with self.assertRaises(ValueError):
                validate_metadata(values, *shapes)
        validate_legacy_metadata(None, [16, 24, None], [16, 24, 2])
        with self.assertRaises(ValueError):
            validate_legacy_metadata(None, [16, None, 3], [16, 24, 2])

    def test_torch_converters(self):
        self.assertEqual((switch_shape((3, 16, 24)), switch_shape((3, 8, 16, 24))), ((16, 24, 3), (8, 16, 24, 3)))
        with self.assertRaises(ValueError):
            switch_shape((16, 24))
        with mock.patch.dict(sys.modules, torch=torch_stand_in({})):
            for converter, values, suffix in ((DefaultPyTorchConverter(), metadata(), '.czann'),
                                              (LegacyPyTorchConverter(), legacy_metadata(), '.czmodel')):
                made = converter.convert(Module(), values, self.folder / 't', (3, 16, 24))
                self.assertEqual(made.path, str(self.folder / 't') + suffix)

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
