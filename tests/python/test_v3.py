# SPDX-License-Identifier: Apache-2.0
"""czmodel.v3 without TensorFlow: the interface of czmodel 3.0.0, conversion of files, faults. What
it writes is read back by others; see read_back.py."""
import inspect
import json
import pickle
import subprocess
import unittest
import zipfile

import czmodel
from czmodel import v3
from czmodel.v3.convert import DefaultConverter, LegacyConverter
from czmodel.v3.legacy_model_metadata import ModelMetadata as LegacyModelMetadata
from czmodel.v3.legacy_model_metadata import ModelSpec as LegacyModelSpec
from czmodel.v3.legacy_model_metadata import SegmentationClass
from czmodel.v3.model_metadata import ModelMetadata, ModelSpec, ModelType
from czmodel.v3.util import transforms
from support import CLASSES, FIXTURES, SCRIPTS, TestCase

NETWORK = FIXTURES / 'tf221-keras3'  # 16 x 16 pixels, three channels, three classes
ID = '6f1c3bd0-7a54-4b69-9e57-0c1d5c1f8a11'


def metadata(**changes):
    values = {'model_type': ModelType.SINGLE_CLASS_SEMANTIC_SEGMENTATION,
              'input_shape': [16, 16, 3], 'output_shape': [16, 16, 3], 'classes': CLASSES, 'model_name': 'ModelName',
              'min_overlap': [4, 4]}
    return ModelMetadata(**{**values, **changes})


def legacy_metadata(**changes):
    values = {'name': 'Legacy', 'classes': CLASSES, 'pixel_types': 'Bgr24',
              'color_handling': 'SplitRgb', 'border_size': 2}
    return LegacyModelMetadata(**{**values, **changes})


class InterfaceTest(TestCase):
    """Names, parameters, defaults and fields of czmodel 3.0.0."""

    def test_converters(self):
        none = inspect.Parameter.empty
        tail = [('output_path', none), ('output_name', 'DNNModel'), ('spatial_dims', None),
                ('preprocessing', None), ('postprocessing', None)]
        for converter in (DefaultConverter(), LegacyConverter()):
            for function, first in ((converter.convert_from_model_spec, 'model_spec'),
                                    (converter.convert_from_json_spec, 'model_spec_path')):
                found = inspect.signature(function).parameters.values()
                self.assertEqual([(p.name, p.default) for p in found
                                  if p.kind is p.POSITIONAL_OR_KEYWORD], [(first, none)] + tail)

    def test_fields(self):
        self.assertEqual(ModelMetadata._fields,
                         ('model_type', 'input_shape', 'output_shape', 'model_id', 'min_overlap',
                          'classes', 'model_name'))
        self.assertEqual(LegacyModelMetadata._fields,
                         ('name', 'color_handling', 'pixel_types', 'classes', 'border_size',
                          'model_id', 'post_processing'))
        for spec in (ModelSpec, LegacyModelSpec):
            self.assertEqual(spec._fields, ('model', 'model_metadata', 'license_file'))
            self.assertEqual(spec('model', None).license_file, None)
        self.assertEqual({kind.name.replace('_', '').lower() for kind in ModelType},
                         {kind.value.lower() for kind in ModelType})
        self.assertEqual(len(ModelType), 8)

    def test_ids(self):
        for make in (metadata, legacy_metadata):
            self.assertIsNone(make().model_id)
            self.assertEqual(make(model_id=ID).model_id, ID)
            given = make()
            self.assertEqual(pickle.loads(pickle.dumps(given)), given)
            self.assertEqual(given._replace(model_id=ID).model_id, ID)

    def test_names_of_the_package(self):
        self.assertIs(v3.LegacyModelSpec, LegacyModelSpec)
        self.assertIs(v3.ModelSpec, ModelSpec)
        for name in v3.__all__:
            self.assertTrue(getattr(v3, name).__doc__, name)


class MetadataTest(TestCase):
    def test_czann_dict(self):
        given = metadata(model_id=ID)
        self.assertEqual(given.to_czann_dict(), {
            'Id': ID, 'Type': 'SingleClassSemanticSegmentation', 'InputShape': [16, 16, 3],
            'OutputShape': [16, 16, 3], 'MinOverlap': [4, 4], 'Classes': CLASSES,
            'ModelName': 'ModelName'})
        self.assertEqual(ModelMetadata.from_json(given.to_czann_dict()), given)
        few = metadata(model_id=ID, min_overlap=None, classes=None, model_name=None)
        self.assertEqual(list(few.to_czann_dict()), ['Id', 'Type', 'InputShape', 'OutputShape'])
        self.assertEqual(ModelMetadata.from_json(few.to_czann_dict()), few)

    def test_files(self):
        given = metadata(model_id=ID, min_overlap=[4, 2])
        path = self.folder / 'model.json'
        path.write_text(json.dumps(given.to_czann_dict()))
        for place in (path, str(path)):
            self.assertEqual(ModelMetadata.from_json(place), given)
        spec = later_spec(self.folder, 'net', given)
        for place in (spec, str(spec)):
            self.assertEqual(ModelSpec.from_json(place),
                             (f'{self.folder}/net', given, None))

    def test_legacy(self):
        given = legacy_metadata(model_id=ID, post_processing='Crf')
        self.assertEqual(given.pixel_types, ['Bgr24'])
        self.assertEqual(given.classes[0], SegmentationClass(CLASSES[0], (255, 0, 0)))
        root = given.to_xml().getroot()
        self.assertEqual(root.get('Version'), '3.1.0')
        self.assertEqual([root.findtext('Id'), root.findtext('Postprocessing')], [ID, 'Crf'])
        spec = LegacyModelSpec.from_json(self.spec('net'))
        self.assertEqual(spec.model, f'{self.folder}/net')
        self.assertEqual(spec.model_metadata._replace(model_id=ID),
                         given._replace(name='net', post_processing=None))

    def test_faults(self):
        with self.assertRaises(czmodel.MissingFileError):
            ModelMetadata.from_json(self.folder / 'none.json')
        with self.assertRaises(czmodel.FileAccessError):
            ModelMetadata.from_json(self.folder)
        with self.assertRaises(czmodel.MissingFileError):
            ModelSpec.from_json(self.folder / 'none.json')
        (self.folder / 'bad.json').write_text('{')
        for read in (ModelMetadata.from_json, ModelSpec.from_json):
            with self.assertRaises(czmodel.InvalidModelError):
                read(self.folder / 'bad.json')
        with self.assertRaisesRegex(czmodel.InvalidModelError, 'ModelMetadata'):
            ModelSpec.from_json(self.spec('net'))
        for wrong in ({'Type': 'Nonsense'}, {'Type': None}, {'InputShape': 'abc'},
                      {'InputShape': []}, {'Classes': 'ab'}, {'MinOverlap': 4}, {'Id': 7}):
            content = {**metadata().to_czann_dict(), **wrong}
            with self.subTest(wrong), self.assertRaises(czmodel.InvalidModelError):
                ModelMetadata.from_json(content)
        del content['OutputShape']
        with self.assertRaisesRegex(czmodel.InvalidModelError, 'OutputShape'):
            ModelMetadata.from_json(content)
        for wrong in ({'pixel_types': ['Gray8', 'Gray8']}, {'pixel_types': []},
                      {'color_handling': 'split'}, {'border_size': -1}):
            with self.subTest(wrong), self.assertRaises(czmodel.InvalidModelError):
                legacy_metadata(**wrong)


def later_spec(folder, model, given, **more):
    """The path of a JSON specification of czmodel 3.0.0."""
    path = folder / 'later.json'
    path.write_text(json.dumps({'ModelMetadata': given.to_czann_dict(), 'ModelPath': str(model),
                                **more}))
    return path


class ConversionTest(TestCase):
    FED, EXPECTED = NETWORK / 'input.npy', NETWORK / 'expected.npy'

    def test_model_spec(self):
        (self.folder / 'LICENSE.txt').write_text('CC0')
        spec = ModelSpec(model=NETWORK / 'model', model_metadata=metadata(model_id=ID),
                         license_file=self.folder / 'LICENSE.txt')
        result = DefaultConverter().convert_from_model_spec(
            model_spec=spec, output_path=self.folder / 'some/path', output_name='name')
        self.assertEqual(result.path, str(self.folder / 'some/path/name.czann'))
        with zipfile.ZipFile(result.path) as archive:
            self.assertEqual(archive.namelist(), ['model.json', 'model.model', 'LICENSE.txt'])
            self.assertEqual(json.loads(archive.read('model.json')),
                             spec.model_metadata.to_czann_dict())
        found = self.read_back(result.path, self.FED, self.EXPECTED)['read_by_czmodel']
        self.assertEqual(found, {
            'id': ID, 'classes': CLASSES, 'type': 'SingleClassSemanticSegmentation',
            'min_overlap': [4, 4], 'input_shape': [16, 16, 3], 'output_shape': [16, 16, 3],
            'name': 'ModelName'})

    def test_legacy_spec(self):
        spec = LegacyModelSpec(model=str(NETWORK / 'model'),
                               model_metadata=legacy_metadata(model_id=ID))
        result = LegacyConverter().convert_from_model_spec(
            model_spec=spec, output_path=str(self.folder), output_name='name.czseg')
        self.assertEqual(result.path, str(self.folder / 'name.czseg'))
        self.assertIn(f'<Id>{ID}</Id>', self.manifest(result.path))
        found = self.read_back(result.path, self.FED, self.EXPECTED)
        self.assertEqual(found['read_by_czmodel'], {
            'classes': CLASSES, 'border': 2, 'pixel_types': "['Bgr24']"})
        self.assertEqual(found['read_by_napari'], {
            'classes': CLASSES, 'min_overlap': [4, 4], 'is_bgr': True,
            'colours': [[255, 0, 0], [0, 255, 0], [0, 0, 255]]})

    def test_json_specs(self):
        result = DefaultConverter().convert_from_json_spec(
            str(later_spec(self.folder, NETWORK / 'model', metadata(model_id=ID))),
            str(self.folder), 'Model Name')
        self.assertEqual(result.path, str(self.folder / 'Model Name.czann'))
        self.assertEqual(result.model_id, ID)
        self.read_back(result.path, self.FED, self.EXPECTED)
        result = LegacyConverter().convert_from_json_spec(self.spec(NETWORK / 'model'), self.folder)
        self.assertEqual(result.path, str(self.folder / 'DNNModel.czseg'))
        self.read_back(result.path, self.FED, self.EXPECTED)

    def test_script(self):
        spec = later_spec(self.folder, NETWORK / 'model', metadata(model_id=ID))
        subprocess.run([SCRIPTS / 'savedmodel2czann', spec, self.folder / 'out', 'name', '--quiet'],
                       check=True)
        DefaultConverter().convert_from_json_spec(spec, self.folder, 'package')
        self.assertEqual((self.folder / 'out/name.czann').read_bytes(),
                         (self.folder / 'package.czann').read_bytes())

    def test_steps_and_size(self):
        given = metadata(input_shape=[40, 24, 3], output_shape=[40, 24, 3])
        result = DefaultConverter().convert_from_model_spec(
            ModelSpec(NETWORK / 'model', given), self.folder, spatial_dims=(40, 24),
            preprocessing=[transforms.TransposeChannels(order=(2, 1, 0)), transforms.Shift(0.5),
                           transforms.Scale((1, 2, 3)), transforms.PerImageStandardization()],
            postprocessing='softmax')
        self.assertEqual(czmodel.inspect(result.path).network.input.shape, [None, 40, 24, 3])

    def test_onnx_file(self):
        spec = ModelSpec(NETWORK / 'model', metadata())
        first = DefaultConverter().convert_from_model_spec(spec, self.folder, 'first')
        with zipfile.ZipFile(first.path) as archive:
            (self.folder / 'net.onnx').write_bytes(archive.read('model.model'))
        spec = ModelSpec(self.folder / 'net.onnx', metadata(model_name=None))
        second = DefaultConverter().convert_from_model_spec(spec, self.folder, 'second')
        found = self.read_back(second.path, self.FED, self.EXPECTED)['read_by_czmodel']
        self.assertEqual(found['name'], 'net')

    def test_other_formats(self):
        spec = ModelSpec(NETWORK / 'model', metadata())
        for options, version in (({'format': 'czann-2.1.0'}, 'czann-2.1.0'),
                                 ({'zen': '3.13'}, 'czann-2.1.0'),
                                 ({}, 'czann-1.0.0')):
            result = DefaultConverter().convert_from_model_spec(spec, self.folder, **options)
            self.assertEqual(czmodel.inspect(result.path).model_version, version)

    def test_a_model_for_check(self):
        self.assertTrue(czmodel.check(ModelSpec(NETWORK / 'model', metadata())).ok)
        report = czmodel.check(ModelSpec(NETWORK / 'model', metadata(input_shape=[32, 32, 3])))
        self.assertIn('metadata-shape', {f.rule for f in report.findings})

    def test_faults(self):
        def fails(error, message='', converter=DefaultConverter, model=NETWORK / 'model', **more):
            options = {name: more.pop(name) for name in ('preprocessing', 'postprocessing')
                       if name in more}
            spec = ModelSpec(model, metadata(**more))
            with self.assertRaisesRegex(error, message):
                converter().convert_from_model_spec(spec, self.folder / 'out', **options)
            self.assertFalse((self.folder / 'out').exists())
        fails(czmodel.InvalidModelError, 'metadata-shape', input_shape=[32, 32, 3])
        fails(czmodel.InvalidModelError, 'class-count', classes=['class1', 'class2'])
        fails(czmodel.InvalidModelError, 'model_type', model_type='Nonsense')
        fails(czmodel.UsageError, 'model-id', model_id='no id')
        fails(czmodel.MissingFileError, 'nowhere', model=self.folder / 'nowhere')
        fails(TypeError, 'a Keras layer', postprocessing=3)
        fails(TypeError, min_overlap=['a', 'b'])
        fails(czmodel.UsageError, 'sigmoid', preprocessing=transforms.SigmoidToSoftmaxScores())
        fails(czmodel.InvalidModelError, 'step', postprocessing=transforms.SigmoidToSoftmaxScores())
        fails(czmodel.InvalidModelError, 'PixelType', converter=LegacyConverter)


class ValueRangeTest(TestCase):
    def test_factor(self):
        """Of a network for the values of Bgr24 in a .czann: as czmodel 3.0.0, v3 inserts nothing, but
        it warns; czmodel.convert inserts the factor."""
        spec = LegacyModelSpec(NETWORK / 'model', legacy_metadata())
        with self.assertWarns(czmodel.CzmodelWarning):
            found = LegacyConverter().convert_from_model_spec(
                spec, self.folder, 'v3', zen='3.5', extension=None).findings
        self.assertEqual([(f.severity, f.hint) for f in found if f.rule == 'pixel-range'],
                         [('warning', "scale the pixels: preprocessing='scale=255'")])
        found = czmodel.convert.convert_from_json_spec(
            self.spec(NETWORK / 'model'), self.folder, 'own', zen='3.5').findings
        self.assertEqual([f.severity for f in found if f.rule == 'pixel-range'], ['note'])
        found = czmodel.convert.convert_from_json_spec(
            self.spec(NETWORK / 'model'), self.folder, 'own', zen='3.5', value_range='unit').findings
        self.assertEqual([f for f in found if f.rule == 'pixel-range'], [])


class TransformsTest(TestCase):
    def test_order(self):
        for wrong in ((0, 2), (1, 1), (-1, 0), (1, 2)):
            with self.subTest(wrong), self.assertRaises(ValueError):
                transforms.TransposeChannels(wrong)
        with self.assertRaises(TypeError):
            transforms.TransposeChannels((0.5, 1))

    def test_text_of_numbers(self):
        for layer, text in ((transforms.Scale(2), 'scale=2.0'),
                            (transforms.Shift([0.1, -3e-9]), 'shift=0.1,-3e-09'),
                            (transforms.TransposeChannels((2, 0, 1)), 'transpose-channels=2,0,1')):
            self.assertEqual(czmodel._task.step_of(layer), text)


if __name__ == '__main__':
    unittest.main()
