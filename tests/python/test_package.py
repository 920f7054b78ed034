# SPDX-License-Identifier: Apache-2.0
"""The package without TensorFlow: its interface, the conversion of files, faults, threads, time."""
import concurrent.futures
import contextlib
import dataclasses
import inspect
import json
import os
import pathlib
import pickle
import shutil
import subprocess
import sys
import threading
import unittest
import uuid
import warnings
import xml.etree.ElementTree as ElementTree
import zipfile

import czmodel
from czmodel import reports
from czmodel.convert import convert_from_json_spec, convert_from_model_spec
from czmodel.model_metadata import ModelMetadata, ModelSpec, SegmentationClass
from czmodel.util import preprocessing
from support import CLASSES, EXAMPLE, FIXTURES, ROOT, SCRIPTS, TestCase

sys.path.append(str(ROOT / 'tests' / 'networks'))
import small_files  # noqa: E402

ID = '6f1c3bd0-7a54-4b69-9e57-0c1d5c1f8a11'
NETWORK = FIXTURES / 'tf221-keras3'  # 16 x 16 pixels, three channels, three classes


def metadata(**changes):
    values = {'color_handling': 'SplitRgb', 'pixel_type': 'Bgr24', 'classes': CLASSES,
              'border_size': 2}
    return ModelMetadata.from_params(**{**values, **changes})


class InterfaceTest(TestCase):
    """Names, parameters, defaults and fields of czmodel 0.1.3."""

    def parameters(self, function):
        found = inspect.signature(function).parameters.values()
        return [(p.name, p.default) for p in found
                if p.kind is p.POSITIONAL_OR_KEYWORD and p.name != 'self']

    def test_class_colors(self):
        """Colours of classes, by a keyword and by a key that are this package's own."""
        colours = [(1, 2, 3), None, (0, 0, 255)]
        expected = [(1, 2, 3), (0, 255, 0), (0, 0, 255)]
        self.assertEqual([c.color for c in metadata(class_colors=colours).classes], expected)
        spec = self.spec('model', ClassColors=['#010203', None, '#0000ff'])
        self.assertEqual([c.color for c in ModelMetadata.from_json(spec).classes], expected)
        with self.assertRaisesRegex(ValueError, 'class_colors'):
            metadata(class_colors=colours[:2])

    def test_functions(self):
        none = inspect.Parameter.empty
        tail = [('output_path', none), ('output_name', 'DNNModel'), ('spatial_dims', None),
                ('preprocessing', None)]
        self.assertEqual(self.parameters(convert_from_model_spec), [('model_spec', none)] + tail)
        self.assertEqual(self.parameters(convert_from_json_spec),
                         [('model_spec_path', none)] + tail)
        self.assertEqual(self.parameters(ModelMetadata.from_params),
                         [('color_handling', none), ('pixel_type', none), ('classes', none),
                          ('border_size', none), ('name', 'DNN Model'), ('license_file', None)])
        self.assertEqual(self.parameters(ModelMetadata.from_json), [('model_metadata', none)])
        self.assertEqual(self.parameters(ModelSpec.from_json), [('model_spec_path', none)])
        self.assertEqual(self.parameters(SegmentationClass.to_xml),
                         [('label_value', none), ('node_name', 'Item')])
        self.assertEqual(self.parameters(preprocessing.add_preprocessing_layers),
                         [('model', none), ('layers', preprocessing.DEFAULT_LAYER),
                          ('spatial_dims', None)])
        self.assertIs(type(preprocessing.DEFAULT_LAYER), preprocessing.RgbToBgr)

    def test_fields(self):
        self.assertEqual(ModelMetadata._fields,
                         ('name', 'color_handling', 'pixel_type', 'classes', 'border_size',
                          'license_file', 'post_processing', 'model_id'))
        self.assertEqual(ModelSpec._fields, ('model', 'model_metadata'))
        self.assertEqual(SegmentationClass._fields, ('name', 'color'))
        made = ModelMetadata('name', 'SplitRgb', 'Bgr24', [SegmentationClass('a', (1, 2, 3))], 5)
        self.assertEqual(made[:7], ('name', 'SplitRgb', 'Bgr24', [('a', (1, 2, 3))], 5, None, None))
        self.assertIsNone(made.model_id)

    def test_the_id_follows_from_the_content(self):
        given = metadata()
        self.assertEqual(pickle.loads(pickle.dumps(given)), given)
        results = [convert_from_model_spec(ModelSpec(NETWORK / 'model', changed), self.folder, name)
                   for name, changed in (('one', given), ('two', given),
                                         ('three', given._replace(border_size=1)))]
        ids = [result.model_id for result in results]
        self.assertEqual(ids[0], ids[1])
        self.assertNotEqual(ids[0], ids[2])
        self.assertEqual(uuid.UUID(ids[0]).version, 8)
        files = [(self.folder / f'{name}.czmodel').read_bytes() for name in ('one', 'two')]
        self.assertEqual(*files)

    def test_errors_name_the_parameter(self):
        spec = ModelSpec(NETWORK / 'model', metadata())
        for name, call in (
                ('spatial_dims', lambda: convert_from_model_spec(spec, '.', spatial_dims='512')),
                ('spatial_dims', lambda: convert_from_model_spec(spec, '.', spatial_dims=512)),
                ('spatial_dims', lambda: convert_from_model_spec(spec, '.', spatial_dims=(1.5, 2))),
                ('border', lambda: convert_from_model_spec(spec, '.', border=1.5)),
                ('output_path', lambda: convert_from_model_spec(spec, 5)),
                ('convert_from_json_spec', lambda: convert_from_model_spec('spec.json', '.')),
                ('convert_from_model_spec', lambda: convert_from_json_spec(spec, '.')),
                ('border_size', lambda: metadata(border_size='2')),
                ('pixel_type', lambda: metadata(pixel_type=8))):
            with self.subTest(name), self.assertRaisesRegex(TypeError, name):
                call()

    def test_messages_are_in_python(self):
        spec = ModelSpec(NETWORK / 'model', metadata(border_size=0))
        with self.assertRaises(czmodel.InvalidModelError) as raised:
            convert_from_model_spec(spec, self.folder, strict=True, border=0)
        text = str(raised.exception)
        self.assertIn("border='auto'", text)
        self.assertIn('border_size', text)
        self.assertNotIn('--', text)

    def test_print(self):
        printed = str(czmodel.check(ModelSpec(NETWORK / 'model', metadata(border_size=0))))
        self.assertIn('ok: ', printed)
        self.assertIn('warning: metadata: border_size: ', printed)
        self.assertNotIn('Finding(', printed)
        self.assertIn('exporter: ', str(czmodel.inspect(NETWORK / 'model')))

    def test_everything_has_a_docstring(self):
        for name in czmodel.__all__:
            if name != '__version__':
                self.assertTrue(getattr(czmodel, name).__doc__, name)
        self.assertTrue(os.path.exists(os.path.join(os.path.dirname(czmodel.__file__), 'py.typed')))


class MetadataTest(TestCase):
    def test_colours(self):
        many = metadata(classes=[str(number) for number in range(20)])
        self.assertEqual([item.color for item in many.classes[:3]],
                         [(255, 0, 0), (0, 255, 0), (0, 0, 255)])
        self.assertEqual(len({item.color for item in many.classes}), 20)

    def test_to_xml(self):
        given = metadata(name='Name')._replace(post_processing='Crf', model_id=ID, classes=[
            SegmentationClass('<one>', (1, 2, 3)), SegmentationClass('zwölf', (254, 0, 255))])
        model = given.to_xml().getroot()
        self.assertEqual(model.get('Version'), '3.0.0')
        self.assertEqual({node.tag: node.text for node in model if node.text},
                         {'Id': str(given.model_id), 'ModelName': 'Name', 'Status': 'Trained',
                          'FeatureExtractor': 'DeepNeuralNetwork', 'Postprocessing': 'Crf',
                          'ColorHandling': 'SplitRgb', 'BorderSize': '2'})
        self.assertEqual([node.attrib for node in model.iterfind('TrainingClasses/Item')],
                         [{'colB': '3', 'colG': '2', 'colR': '1', 'LabelValue': '1',
                           'Name': '<one>'},
                          {'colB': '255', 'colG': '0', 'colR': '254', 'LabelValue': '2',
                           'Name': 'zwölf'}])
        self.assertEqual(model.find('Channels/Item').get('PixelType'), 'Bgr24')

    def test_class_to_xml(self):
        node = SegmentationClass('cell', (1, 2, 3)).to_xml(7, 'Class')
        self.assertEqual((node.tag, node.attrib), ('Class', {
            'colB': '3', 'colG': '2', 'colR': '1', 'LabelValue': '7', 'Name': 'cell'}))

    def test_from_json(self):
        licence = self.folder / 'LICENSE.txt'
        path = self.spec('models/net/', LicenseFile='LICENSE.txt', Classes=['a', 'b'])
        for given in (path, str(path)):
            spec = ModelSpec.from_json(given)
            self.assertEqual(spec.model, f'{self.folder}/models/net/')
            self.assertEqual(spec.model_metadata[:7],
                             ('net', 'SplitRgb', 'Bgr24',
                              [('a', (255, 0, 0)), ('b', (0, 255, 0))], 2, str(licence), None))
            self.assertEqual(ModelMetadata.from_json(given)[:7], spec.model_metadata[:7])

    def test_from_dictionary(self):
        content = json.loads(self.spec('x/net').read_text())
        self.assertEqual(ModelMetadata.from_json(content).name, 'net')
        del content['ModelPath']
        self.assertEqual(ModelMetadata.from_json(content).name, 'DNN model')

    def test_wrong_values(self):
        for wrong, error in (({'classes': 'abc'}, TypeError), ({'classes': [1]}, TypeError),
                             ({'border_size': 1.5}, TypeError), ({'border_size': -1}, ValueError),
                             ({'pixel_type': 'Gray7'}, ValueError), ({'name': 3}, TypeError),
                             ({'color_handling': 'split'}, ValueError),
                             ({'classes': ['a\1']}, ValueError), ({'name': 'a\0b'}, ValueError),
                             ({'classes': ['\ud800']}, ValueError)):
            with self.subTest(wrong), self.assertRaises(error):
                metadata(**wrong)
        for colour in ((256, 0, 0), (-1, 0, 0), (1, 2), 'abc'):
            with self.subTest(colour), self.assertRaises((TypeError, ValueError)):
                SegmentationClass('a', colour).to_xml(1)


class ConversionTest(TestCase):
    def check(self, path, network=NETWORK):
        self.assert_right_in_tensorflow_2_0_0(path, network / 'input.npy', network / 'expected.npy')

    def test_json_spec(self):
        shutil.copytree(NETWORK / 'model', self.folder / 'network')
        (self.folder / 'LICENSE.txt').write_text('CC0')
        spec = self.spec('network', LicenseFile='LICENSE.txt')
        convert_from_json_spec(str(spec), str(self.folder / 'some/path'), 'Model Name')
        self.check(self.folder / 'some/path/Model Name.czmodel')

    def test_model_spec(self):
        given = metadata()._replace(post_processing='Crf', model_id=ID, classes=[
            SegmentationClass('a', (9, 8, 7)), SegmentationClass('b', (6, 5, 4)),
            SegmentationClass('c', (3, 2, 1))])
        for model in (NETWORK / 'model', str(NETWORK / 'model')):
            result = convert_from_model_spec(ModelSpec(model, given), self.folder, 'name.czmodel')
            self.assertEqual(result.path, str(self.folder / 'name.czmodel'))
            self.assertEqual(result.model_id, str(given.model_id))
            self.assertEqual(result.size, os.path.getsize(result.path))
            self.assertEqual(result.class_count, 3)
        self.check(result.path)
        self.assertEqual(ElementTree.fromstring(self.manifest(result.path)).find('Id').text,
                         str(given.model_id))
        written = ElementTree.tostring(ElementTree.fromstring(self.manifest(result.path)))
        self.assertEqual(written, ElementTree.tostring(given.to_xml().getroot()))

    def test_files_of_keras(self):
        """They are read without Keras, which is not there."""
        for path in small_files.write(str(self.folder))[1:]:
            result = convert_from_model_spec(ModelSpec(path, metadata()), self.folder, 'keras')
            self.assertEqual(result.class_count, 3)
            convert_from_json_spec(self.spec(path), self.folder, 'keras')
        self.assertNotIn('keras', sys.modules)

    def test_default_name(self):
        convert_from_json_spec(self.spec(NETWORK / 'model'), self.folder)
        self.assertTrue((self.folder / 'DNNModel.czmodel').exists())

    def test_steps_and_size(self):
        spec = ModelSpec(NETWORK / 'model', metadata())
        result = convert_from_model_spec(spec, self.folder, spatial_dims=[40, 24], preprocessing=[
            preprocessing.RgbToBgr(), 'scale=0.5', preprocessing.PerImageStandardization()])
        network = czmodel.inspect(result.path).network
        self.assertEqual(network.input.shape, [None, 40, 24, 3])
        steps = ['rgb-to-bgr', 'scale', 'per-image-standardization']
        names = [layer.name for layer in network.layers]
        self.assertEqual([name for name in names if name in steps], steps)

    def test_same_as_the_program(self):
        spec, fixed = self.spec(NETWORK / 'model'), '6f1c3bd0-7a54-4b69-9e57-0c1d5c1f8a11'
        subprocess.run([SCRIPTS / 'czmodel', 'convert', spec, self.folder, 'program', '--quiet',
                        '--model-id', fixed], check=True)
        given = ModelSpec.from_json(spec)
        given = given._replace(model_metadata=given.model_metadata._replace(model_id=fixed))
        convert_from_model_spec(given, self.folder, 'package')
        self.assertEqual((self.folder / 'package.czmodel').read_bytes(),
                         (self.folder / 'program.czmodel').read_bytes())

    def test_script(self):
        subprocess.run([SCRIPTS / 'savedmodel2czmodel', self.spec(NETWORK / 'model'),
                        self.folder / 'out', 'name', '--quiet'], check=True)
        self.check(self.folder / 'out/name.czmodel')

    def test_progress(self):
        seen = []
        spec = self.spec(NETWORK / 'model')
        convert_from_json_spec(spec, self.folder, progress=lambda *now: seen.append(now))
        self.assertTrue(seen)
        self.assertEqual([done for done, _ in seen], sorted(done for done, _ in seen))

        class Bar:
            n = total = 0

            def update(self, more):
                self.n += more
        bar = Bar()
        convert_from_json_spec(spec, self.folder, progress=bar)
        self.assertEqual((bar.n, bar.total), seen[-1])

    def test_warnings(self):
        with warnings.catch_warnings(record=True) as caught:
            warnings.simplefilter('always')
            result = convert_from_json_spec(
                self.spec(NETWORK / 'model', Remark='unknown', TestImageFile='none.png'),
                self.folder)
        self.assertEqual([(w.category, w.filename) for w in caught],
                         [(czmodel.CzmodelWarning, __file__)] * 2)
        self.assertIn('[spec-unknown-key]', str(caught[0].message))
        self.assertEqual({f.rule for f in result.findings if f.severity == 'warning'},
                         {'spec-unknown-key', 'test-image'})

    def test_options(self):
        spec = self.spec(NETWORK / 'model', Remark='unknown')
        with self.assertRaises(czmodel.InvalidModelError):
            convert_from_json_spec(spec, self.folder, strict=True)
        with self.assertWarns(czmodel.CzmodelWarning):
            convert_from_json_spec(spec, self.folder, strict=True, allow=['spec-unknown-key'],
                                   border=3)
        self.assertIn('<BorderSize>3</BorderSize>', self.manifest(self.folder / 'DNNModel.czmodel'))
        with self.assertRaisesRegex(TypeError, "no option 'stric'"):
            convert_from_json_spec(spec, self.folder, stric=True)

    def test_eight_threads(self):
        barrier = threading.Barrier(8)
        spec = self.spec(EXAMPLE / 'model', PixelType='Gray16', BorderSize=24)
        given = ModelSpec.from_json(spec)

        def convert(index):
            barrier.wait()
            return [convert_from_model_spec(given, self.folder, f'{index}-{turn}').path
                    for turn in range(5)]
        with concurrent.futures.ThreadPoolExecutor(8) as pool:
            paths = sum(pool.map(convert, range(8)), [])
        self.assertEqual(len({pathlib.Path(path).read_bytes() for path in paths}), 1)
        self.assertEqual(len(paths), 40)


class FaultTest(TestCase):
    def fails(self, error, *arguments, message='', spec=None, **options):
        with self.assertRaisesRegex(error, message) as caught:
            convert_from_json_spec(spec or self.spec(NETWORK / 'model'), self.folder / 'out',
                                   *arguments, **options)
        self.assertFalse((self.folder / 'out').exists() and os.listdir(self.folder / 'out'))
        return caught.exception

    def test_missing_files(self):
        error = self.fails(czmodel.MissingFileError, spec='missing.json', message='missing.json')
        self.assertIsInstance(error, FileNotFoundError)
        self.assertEqual(error.status, 3)
        finding, = error.findings
        self.assertEqual((finding.rule, finding.severity), ('file-missing', 'error'))
        self.assertTrue(finding.why and finding.hint and finding.where)
        self.fails(FileNotFoundError, spec=self.spec('nowhere'), message='nowhere')
        self.fails(FileNotFoundError, spec=self.spec(NETWORK / 'model', LicenseFile='none.txt'))

    def test_folder_that_cannot_be_written(self):
        (self.folder / 'file').write_text('')
        with self.assertRaises(czmodel.FileAccessError) as caught:
            convert_from_json_spec(self.spec(NETWORK / 'model'), self.folder / 'file')
        self.assertIsInstance(caught.exception, OSError)

    def test_wrong_specification(self):
        error = self.fails(czmodel.InvalidModelError, spec=self.spec(
            NETWORK / 'model', PixelType=7, ColorHandling=3, Classes='ab'))
        self.assertIsInstance(error, ValueError)
        faults = [f for f in error.findings if f.severity == 'error']
        self.assertEqual({f.rule for f in faults}, {'spec-value'})
        self.assertEqual(str(error).splitlines(), [str(f) for f in faults])
        self.fails(ValueError, spec=self.spec(NETWORK / 'model', Classes=['one', 'two']),
                   message='class-count')

    def test_damaged_model(self):
        shutil.copytree(NETWORK / 'model', self.folder / 'network')
        data, = (self.folder / 'network/variables').glob('*.data-*')
        content = bytearray(data.read_bytes())
        content[len(content) // 2] ^= 1
        data.write_bytes(content)
        self.fails(czmodel.InvalidModelError, spec=self.spec('network'), message='weights-damaged')

    def test_wrong_options(self):
        self.fails(czmodel.UsageError, preprocessing='no-such-step', message='no-such-step')
        self.fails(czmodel.UsageError, border='wide')
        self.fails(czmodel.UsageError, allow='no-such-rule')
        self.fails(ValueError, 'a/b')
        for size in ((0, 32), (32,), (32, 32, 32), 'ab', (3.5, 2)):
            self.fails((TypeError, ValueError), spatial_dims=size)
        self.fails(TypeError, preprocessing=3, message='a Keras layer or the text of a step')
        self.fails(ValueError, spatial_dims=(33, 64), preprocessing='rgb-to-bgr')

    def test_wrong_models(self):
        for model in (3, None, object()):
            with self.assertRaisesRegex(TypeError, 'model: a Keras model or the path of a model'):
                convert_from_model_spec(ModelSpec(model, metadata()), self.folder)
        with self.assertRaises(TypeError):
            convert_from_model_spec(ModelSpec(NETWORK / 'model', metadata()), None)
        with self.assertRaisesRegex(ValueError, 'NUL'):
            convert_from_model_spec(ModelSpec('a\0b', metadata()), self.folder)

    def test_damaged_file_of_keras(self):
        (self.folder / 'model.h5').write_bytes(b'\x89HDF\r\n\x1a\n')
        self.fails(czmodel.InvalidModelError, spec=self.spec('model.h5'),
                   message='the HDF5 file is damaged')

    def test_cancelled(self):
        error = self.fails(czmodel.CancelledError, progress=lambda *_: False)
        self.assertEqual(error.status, 5)

    def test_what_the_callback_raises(self):
        def fail(*_):
            raise KeyError('mine')
        self.fails(KeyError, progress=fail, message='mine')

    def test_an_earlier_file_stays(self):
        (self.folder / 'DNNModel.czmodel').write_text('before')
        with contextlib.suppress(czmodel.CancelledError):
            convert_from_json_spec(self.spec(NETWORK / 'model'), self.folder,
                                   progress=lambda *_: False)
        self.assertEqual((self.folder / 'DNNModel.czmodel').read_text(), 'before')

    def test_errors_can_be_pickled(self):
        """multiprocessing sends them from one process to another."""
        for error in (self.fails(FileNotFoundError, spec='missing.json'),
                      self.fails(czmodel.UsageError, border='wide')):
            again = pickle.loads(pickle.dumps(error))
            self.assertEqual((type(again), str(again), again.findings, again.status),
                             (type(error), str(error), error.findings, error.status))


class LookingTest(TestCase):
    def setUp(self):
        super().setUp()
        self.path = self.spec(NETWORK / 'model')
        self.result = convert_from_json_spec(self.path, self.folder, 'network').path

    def test_check(self):
        for given, kind in ((self.path, 'specification'), (NETWORK / 'model', 'SavedModel'),
                            (self.result, 'CZModel'), (ModelSpec.from_json(self.path),
                                                       'specification')):
            report = czmodel.check(given)
            self.assertEqual((report.kind, report.ok, report.status), (kind, True, 0))
            self.assertEqual(report.model_version, '3.0.0')
            self.assertGreater(sum(rule.outcome == 'passed' for rule in report.rules), 15)
        self.assertEqual({product.product for product in report.zen}, {'ZEN blue', 'ZEN core'})

    def test_check_finds(self):
        report = czmodel.check(self.spec(NETWORK / 'model', Classes=['one', 'two']))
        self.assertEqual((report.ok, report.status, report.zen), (False, 1, []))
        self.assertIn('class-count', [f.rule for f in report.findings if f.severity == 'error'])
        self.assertIn(('class-count', 'both', 'found'),
                      [(rule.rule, rule.subject, rule.outcome) for rule in report.rules])
        with self.assertRaises(czmodel.UsageError):
            czmodel.check(self.path, border='wide')

    def test_inspect(self):
        seen = czmodel.inspect(self.result)
        self.assertEqual((seen.kind, seen.model_version), ('CZModel', '3.0.0'))
        self.assertEqual([(c.name, c.label, c.colour) for c in seen.metadata.classes],
                         [('Background', 1, [255, 0, 0]), ('Interesting Object', 2, [0, 255, 0]),
                          ('Foreground', 3, [0, 0, 255])])
        network = seen.network
        self.assertEqual((network.needs, network.newer), ('2.0.0', []))
        self.assertEqual(network.output.shape[-1], 3)
        self.assertEqual(network.weight_bytes, 4 * network.parameters)
        self.assertGreater(network.ops['Conv2D'], 0)
        self.assertEqual(network.layers[1].inputs, [0])
        ElementTree.fromstring(seen.svg)
        self.assertIsNone(czmodel.inspect(NETWORK / 'model').metadata)
        with self.assertRaises(FileNotFoundError):
            czmodel.inspect(self.folder / 'missing')

    def test_unpack(self):
        czmodel.unpack(self.result, self.folder / 'unpacked')
        again = convert_from_json_spec(self.folder / 'unpacked/model_spec.json', self.folder,
                                       'again')
        self.assertEqual([d.where for d in czmodel.diff(self.result, again.path).differences
                          if d.section != 'metadata'], [])
        with self.assertRaises(czmodel.ConversionError):
            czmodel.unpack(self.path, self.folder / 'other')
        with self.assertRaises(czmodel.CancelledError):
            czmodel.unpack(self.result, self.folder / 'other', progress=lambda *_: False)
        self.assertFalse((self.folder / 'other').exists())

    def test_diff(self):
        self.assertTrue(czmodel.diff(self.result, self.result).same)
        other = convert_from_json_spec(self.path, self.folder, 'other', border=7).path
        comparison = czmodel.diff(self.result, other)
        self.assertFalse(comparison.same)
        self.assertIn(('2', '7'), [(d.a, d.b) for d in comparison.differences])

    def test_memory(self):
        large = self.folder / 'large.czmodel'
        with zipfile.ZipFile(self.result) as small, zipfile.ZipFile(large, 'w', zipfile.ZIP_DEFLATED) as out:
            for name in small.namelist():
                out.writestr(name, small.read(name))
            out.writestr('LICENSE.txt', bytes(75_000_000))
        for call in (lambda **more: czmodel.diff(large, large, **more), lambda **more: czmodel.inspect(large, **more),
                     lambda **more: czmodel.unpack(large, self.folder / 'unpacked', **more)):
            with self.assertRaisesRegex(czmodel.InvalidModelError, 'too-large'):
                call()
            call(memory=200)

    def test_the_fields_are_the_keys(self):
        """docs/json.md is the contract: nothing of the library's JSON is without a field."""
        pairs = [czmodel.check(self.result), czmodel.inspect(self.result),
                 czmodel.diff(self.result, self.path)]
        while pairs:
            record = pairs.pop()
            names = {field.name for field in dataclasses.fields(record)}
            self.assertEqual(set(record.raw) - names - {'czmodel'}, set(), type(record))
            for value in vars(record).values():
                many = value if isinstance(value, list) else [value]
                pairs += [item for item in many if isinstance(item, reports.Record)]

    def test_keys_that_are_not_known_yet(self):
        product = reports.Product.of({'product': 'ZEN', 'since': '1', 'until': '2'})
        self.assertEqual(product, reports.Product('ZEN', '1'))
        self.assertEqual(product.raw['until'], '2')

    def test_html(self):
        evil = convert_from_json_spec(
            self.spec(NETWORK / 'model', Classes=['<script>', '&', '"']), self.folder, 'evil')
        seen = czmodel.inspect(evil.path)
        pages = [evil, seen, czmodel.check(evil.path), czmodel.diff(evil.path, self.result),
                 ModelMetadata.from_json(self.path)]
        for page in pages:
            html = page._repr_html_()
            ElementTree.fromstring(f'<r>{html.replace("<details open>", "<details>")}</r>')
            self.assertNotIn('<script>', html)
        self.assertIn('rgb(255,0,0)', seen._repr_html_())
        self.assertIn('&lt;script&gt;', seen._repr_html_())
        self.assertIn('rgb(0,255,0)', pages[-1]._repr_html_())


class ImportTest(TestCase):
    def python(self, code, **environment):
        # compiled files are written: a user's Python has them too
        environment = {**os.environ, 'PYTHONDONTWRITEBYTECODE': '', **environment}
        done = subprocess.run([sys.executable, '-c', code], check=True, text=True,
                              capture_output=True, env=environment)
        return done.stdout + done.stderr

    def test_import_time(self):
        """The best of several in processor time, since other work on the machine only adds."""
        code = ('import time; start = time.process_time(); import czmodel; '
                'print(time.process_time() - start)')
        best = min(float(self.python(code)) for _ in range(7))
        self.assertLess(best, 0.05)
        print(f'import czmodel: {best * 1000:.0f} ms')

    def test_import_is_light(self):
        code = ('import sys, czmodel, czmodel.convert, czmodel.util.preprocessing as p; '
                'p.RgbToBgr(); print([m for m in ("tensorflow", "keras", "numpy", "tf_keras") '
                'if m in sys.modules])')
        self.assertEqual(self.python(code).strip(), '[]')

    def test_zeiss_distribution_beside(self):
        (self.folder / 'czmodel-0.1.3.dist-info').mkdir()
        path = os.pathsep.join([str(self.folder), os.environ.get('PYTHONPATH', '')])
        said = self.python('import czmodel', PYTHONPATH=path)
        self.assertIn('CzmodelWarning', said)
        self.assertIn('pip uninstall czmodel czmodel-native', said)
        self.assertEqual(self.python('import czmodel'), '')

    def test_verify_says_what_the_program_says(self):
        with self.assertRaises(czmodel.ConversionError) as raised:
            czmodel.verify(self.folder / 'nowhere', runtime=self.folder)
        self.assertIn(raised.exception.status, (2, 3))
        self.assertTrue(str(raised.exception).startswith('error: '))

    def test_version(self):
        self.assertEqual(czmodel.__version__, (ROOT / 'VERSION').read_text().strip())


if __name__ == '__main__':
    unittest.main()
