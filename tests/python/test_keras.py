# SPDX-License-Identifier: Apache-2.0
"""The examples of czmodel 0.1.3's page, and what goes beyond them, with a Keras at hand. The
results run in TensorFlow 2.0.0 and must give what Keras itself computes.

CZM_TEST_KERAS names the module: keras (3), tf_keras, or tensorflow.keras (2)."""
import concurrent.futures
import importlib
import os
import pathlib
import subprocess
import sys
import unittest
import warnings

import numpy as np

# As parameters they need no Keras; made here, before there is one.
from czmodel.util.preprocessing import (PerImageStandardization, RgbaToBgra, RgbToBgr,
                                        add_preprocessing_layers)

EARLY = RgbToBgr()

import tensorflow as tf  # noqa: E402

import czmodel  # noqa: E402
import notebook  # noqa: E402
from czmodel.convert import convert_from_json_spec, convert_from_model_spec  # noqa: E402
from czmodel.model_metadata import ModelMetadata, ModelSpec  # noqa: E402
from support import CLASSES, ROOT, TestCase  # noqa: E402

KERAS = os.environ['CZM_TEST_KERAS']
keras = tf.keras if KERAS == 'tensorflow.keras' else importlib.import_module(KERAS)
GREY = {'PixelType': 'Gray16', 'ColorHandling': 'ConvertToMonochrome'}


def small_network(side, channels):
    """A network with a level below, so that sizes matter; the same weights each time."""
    keras.utils.set_random_seed(5)
    entry = keras.Input((side, side, channels))
    above = keras.layers.Conv2D(4, 3, padding='same', activation='relu')(entry)
    below = keras.layers.Conv2D(6, 3, strides=2, padding='same', activation='relu')(above)
    raised = keras.layers.UpSampling2D(2)(below)
    joined = keras.layers.Concatenate()([above, raised])
    return keras.Model(entry, keras.layers.Conv2D(len(CLASSES), 1, activation='softmax')(joined))


class Brighten(keras.layers.Layer):
    """A user's own layer; the factor is no constant of the graph but a weight."""

    def build(self, shape):
        self.factor = self.add_weight(shape=(shape[-1],), initializer='ones', name='factor')

    def call(self, inputs):
        return inputs * self.factor * 0.5 + 0.25


class Grey(keras.layers.Layer):
    """Makes one channel of three."""

    def call(self, inputs):
        return tf.reduce_mean(inputs, axis=-1, keepdims=True)


# A user's script, in which tf_keras is imported at the end; the environment says which Keras is TensorFlow's.
CHOICE = '''
import sys
import numpy as np
import tensorflow as tf
from czmodel.convert import convert_from_model_spec
from czmodel.model_metadata import ModelMetadata, ModelSpec
from czmodel.util.preprocessing import RgbToBgr, add_preprocessing_layers
def network(keras):
    return keras.Sequential([keras.Input((16, 16, 3)), keras.layers.Conv2D(3, 1, activation='softmax')])
models, step = [(tf.keras, network(tf.keras))], RgbToBgr()
import tf_keras
models += [(tf_keras, network(tf_keras))]
picture = np.random.default_rng(3).random((1, 16, 16, 3), np.float32)
np.save(sys.argv[1] + '/picture', picture)
for number, (keras, model) in enumerate(models):
    assert isinstance(add_preprocessing_layers(model, [step, RgbToBgr()]), keras.Model)
    metadata = ModelMetadata.from_params(name='n', color_handling='SplitRgb', pixel_type='Bgr24',
                                         classes=['a', 'b', 'c'], border_size=8)
    convert_from_model_spec(ModelSpec(model, metadata), sys.argv[1], str(number), preprocessing=[step, keras.layers.Rescaling(0.5)])
    np.save(f'{sys.argv[1]}/{number}', model(picture[..., ::-1] / 2))
print(*(type(model).__module__.split('.')[0] for _, model in models))
'''


class Broken(keras.layers.Layer):
    def call(self, inputs):
        raise RuntimeError('this layer is broken')


class Base(TestCase):
    def setUp(self):
        super().setUp()
        keras.backend.clear_session()
        self.random = np.random.default_rng(3)

    def metadata(self, pixel_type='Gray16', **more):
        color_handling = 'SplitRgb' if pixel_type.startswith('Bgr') else 'ConvertToMonochrome'
        licence = self.folder / 'LICENSE.txt'
        licence.write_text('CC0')
        return ModelMetadata.from_params(
            name='DNNModelFromKeras', color_handling=color_handling, pixel_type=pixel_type,
            classes=CLASSES, border_size=8, license_file=str(licence), **more)

    def picture(self, *shape):
        return self.random.random(shape, np.float32)

    def check_result(self, czmodel_path, picture, expected):
        np.save(self.folder / 'picture.npy', picture)
        np.save(self.folder / 'expected.npy', np.asarray(expected))
        self.assert_right_in_tensorflow_2_0_0(czmodel_path, self.folder / 'picture.npy',
                                              self.folder / 'expected.npy')


class PageTest(Base):
    """The page of czmodel 0.1.3."""

    def test_keras_model_in_memory(self):
        model = small_network(32, 1)
        model.compile('adam', 'categorical_crossentropy')
        metadata = self.metadata()
        model_spec = ModelSpec(model=model, model_metadata=metadata)
        convert_from_model_spec(model_spec=model_spec, output_path=str(self.folder / 'some/path'),
                                output_name='some_file_name')
        result = self.folder / 'some/path/some_file_name.czmodel'
        picture = self.picture(1, 32, 32, 1)
        self.check_result(result, picture, model(picture))
        self.assertIn('<ModelName>DNNModelFromKeras</ModelName>', self.manifest(result))

    def test_json_spec(self):
        model = small_network(32, 1)
        if hasattr(model, 'export'):
            model.export(str(self.folder / 'exported'))
        else:
            model.save(str(self.folder / 'exported'), include_optimizer=False)
        spec = self.spec('exported', **GREY)
        convert_from_json_spec(str(spec), str(self.folder / 'out'), 'Model Name')
        picture = self.picture(1, 32, 32, 1)
        self.check_result(self.folder / 'out/Model Name.czmodel', picture, model(picture))

    def test_rgb_to_bgr_and_other_spatial_dims(self):
        spatial_dims = 512, 512
        preprocessing = RgbToBgr()
        self.assertIsInstance(preprocessing, keras.layers.Layer)
        model_spec = ModelSpec(small_network(64, 3), self.metadata('Bgr24'))
        convert_from_model_spec(model_spec=model_spec, output_path=str(self.folder),
                                output_name='some_file_name', spatial_dims=spatial_dims,
                                preprocessing=preprocessing)
        picture = self.picture(1, 512, 512, 3)
        self.check_result(self.folder / 'some_file_name.czmodel', picture,
                          small_network(512, 3)(picture[..., ::-1]))

    def test_a_layer_of_the_users_own(self):
        model, layer = small_network(32, 3), Brighten()
        result = convert_from_model_spec(ModelSpec(model, self.metadata('Bgr24')), self.folder,
                                         preprocessing=layer)
        picture = self.picture(1, 32, 32, 3)
        self.check_result(result.path, picture, model(layer(picture)))


class MoreTest(Base):
    """What goes beyond the page."""

    def test_several_layers_in_their_order(self):
        model, layer = small_network(32, 3), Brighten()
        layers = [EARLY, layer, keras.layers.Rescaling(2.0, -0.5)]
        result = convert_from_model_spec(ModelSpec(model, self.metadata('Bgr24')), self.folder,
                                         spatial_dims=[48, 64], preprocessing=layers)
        picture = self.picture(1, 48, 64, 3)
        fed = np.asarray(layer(picture[..., ::-1])) * 2 - 0.5
        keras.utils.set_random_seed(5)
        larger = small_network(None, 3)
        self.check_result(result.path, picture, larger(fed))

    def test_an_own_layer_sees_the_size_of_the_network(self):
        """As in czmodel 0.1.3: the output of the layer must fit the network."""
        with self.assertRaises(czmodel.InvalidModelError) as caught:
            convert_from_model_spec(ModelSpec(small_network(32, 3), self.metadata('Bgr24')),
                                    self.folder, preprocessing=Grey())
        faults = [f.rule for f in caught.exception.findings if f.severity == 'error']
        self.assertEqual(faults, ['step'])

    def test_own_layer_for_a_saved_model(self):
        model, layer = small_network(32, 3), Brighten()
        path = self.folder / 'model.keras'
        model.save(path)
        exported = czmodel._export.export(model, str(self.folder / 'exported'))
        picture = self.picture(1, 32, 32, 3)
        for source in (path, pathlib.Path(exported)):
            result = convert_from_model_spec(ModelSpec(source, self.metadata('Bgr24')),
                                             self.folder, preprocessing=[layer])
            self.check_result(result.path, picture, model(layer(picture)))

    def test_files_of_keras(self):
        model = small_network(32, 1)
        picture = self.picture(1, 32, 32, 1)
        for name in ('model.keras', 'model.h5'):
            with warnings.catch_warnings():
                warnings.simplefilter('ignore')  # Keras calls its own format old
                model.save(str(self.folder / name))
            spec = self.spec(name, **GREY)
            result = convert_from_json_spec(spec, self.folder, name)
            self.check_result(result.path, picture, model(picture))
            self.assertIn('<ModelName>model</ModelName>', self.manifest(result.path))

    def augmented_network(self):
        """A network that augments its input in training."""
        entry = keras.Input((32, 32, 3))
        x = keras.layers.RandomFlip(seed=1)(entry)
        x = keras.layers.RandomRotation(0.2, seed=2)(x)
        return keras.Model(entry, small_network(32, 3)(x))

    def test_augmentation_is_off(self):
        model = self.augmented_network()
        path = self.folder / 'model.keras'
        model.save(path)
        picture = self.picture(1, 32, 32, 3)
        for source in (model, path):
            result = convert_from_model_spec(ModelSpec(source, self.metadata('Bgr24')), self.folder)
            self.check_result(result.path, picture, model(picture, training=False))

    @unittest.skipIf(KERAS != 'keras', 'Keras 2 exports layers that augment for inference')
    def test_augmentation_that_was_exported(self):
        model, folder = self.augmented_network(), str(self.folder / 'exported')
        model.export(folder)
        with self.assertRaises(czmodel.InvalidModelError) as caught:
            convert_from_model_spec(ModelSpec(folder, self.metadata('Bgr24')), self.folder)
        faults = [f for f in caught.exception.findings if f.severity == 'error']
        self.assertEqual({f.rule for f in faults}, {'stateful-inference'})
        self.assertIn('keras.Model(x, model(x, training=False)).export(...)', faults[0].hint)

    def test_a_damaged_file_of_keras(self):
        (self.folder / 'model.keras').write_bytes(b'nothing')
        with self.assertRaisesRegex(czmodel.InvalidModelError, 'a file of an unknown kind'):
            convert_from_json_spec(self.spec('model.keras'), self.folder)

    def test_a_broken_layer(self):
        with self.assertRaisesRegex(czmodel.InvalidModelError, 'this layer is broken'):
            convert_from_model_spec(ModelSpec(small_network(32, 1), self.metadata()), self.folder,
                                    preprocessing=Broken())
        self.assertEqual([path.name for path in self.folder.iterdir()], ['LICENSE.txt'])

    def test_steps_as_layers(self):
        picture = self.picture(2, 8, 8, 4)
        swapped = np.asarray(RgbaToBgra()(picture))
        np.testing.assert_array_equal(swapped, picture[..., [2, 1, 0, 3]])
        standard = np.asarray(PerImageStandardization()(picture))
        np.testing.assert_allclose(standard.mean(axis=(1, 2, 3)), 0, atol=1e-5)
        np.testing.assert_allclose(standard.std(axis=(1, 2, 3)), 1, atol=1e-5)
        bytes_ = (picture * 255).astype(np.uint8)
        np.testing.assert_allclose(np.asarray(PerImageStandardization()(bytes_)), standard,
                                   atol=0.02)

    def test_steps_give_what_their_layers_give(self):
        model = small_network(32, 4)
        picture = self.picture(1, 32, 32, 4)
        for layer in (RgbaToBgra(), PerImageStandardization()):
            result = convert_from_model_spec(
                ModelSpec(model, self.metadata('Bgra32')), self.folder, preprocessing=layer)
            self.check_result(result.path, picture, model(layer(picture)))

    def test_a_step_is_part_of_a_model(self):
        """Real layers: they are saved and loaded with the model, and take Keras' arguments."""
        layer = RgbToBgr(name='swap')
        self.assertEqual(layer.name, 'swap')
        model = keras.Sequential([keras.Input((8, 8, 3)), layer, keras.layers.Conv2D(2, 1)])
        model.save(str(self.folder / 'model.keras'))
        again = keras.models.load_model(str(self.folder / 'model.keras'),
                                        custom_objects={'RgbToBgr': RgbToBgr})
        picture = self.picture(1, 8, 8, 3)
        np.testing.assert_allclose(np.asarray(again(picture)), np.asarray(model(picture)),
                                   atol=1e-6)

    def test_a_subclass_of_a_step_does_what_it_says(self):
        class Half(RgbToBgr):
            def call(self, inputs):
                return super().call(inputs) / 2
        model, layer = small_network(32, 3), Half()
        result = convert_from_model_spec(ModelSpec(model, self.metadata('Bgr24')), self.folder,
                                         preprocessing=layer)
        picture = self.picture(1, 32, 32, 3)
        self.check_result(result.path, picture, model(picture[..., ::-1] / 2))

    def test_add_preprocessing_layers(self):
        model = small_network(None, 3)
        picture = self.picture(1, 48, 32, 3)
        expected = np.asarray(model(picture[..., ::-1]))
        for layers in ({}, {'layers': EARLY}, {'layers': [RgbToBgr()]}):
            wrapped = add_preprocessing_layers(model, spatial_dims=(48, 32), **layers)
            self.assertEqual(tuple(wrapped.inputs[0].shape), (None, 48, 32, 3))
            np.testing.assert_allclose(np.asarray(wrapped(picture)), expected, atol=1e-6)
        plain = add_preprocessing_layers(model, layers=None)
        np.testing.assert_allclose(np.asarray(plain(picture[..., ::-1])), expected, atol=1e-6)

    @unittest.skipUnless(KERAS == 'tf_keras', 'only here there are two')
    def test_a_model_of_the_other_keras(self):
        other = tf.keras
        model = other.Sequential([other.Input((16, 16, 3)), other.layers.Conv2D(3, 1)])
        picture = self.picture(1, 16, 16, 3)
        expected = np.asarray(model(picture[..., ::-1]))
        for layer in (EARLY, RgbToBgr()):
            wrapped = add_preprocessing_layers(model, layer)
            self.assertIsInstance(wrapped, other.Model)
            np.testing.assert_allclose(np.asarray(wrapped(picture)), expected, atol=1e-6)

    @unittest.skipUnless(KERAS == 'tf_keras', 'only here there are two')
    def test_the_environment_and_a_late_import(self):
        for legacy, expected in (('0', 'keras tf_keras'), ('1', 'tf_keras tf_keras')):
            done = subprocess.run([sys.executable, '-B', '-c', CHOICE, str(self.folder)], capture_output=True, text=True,
                                  env={**os.environ, 'TF_USE_LEGACY_KERAS': legacy})
            self.assertEqual(done.stdout.strip(), expected, done.stderr[-2000:])
            for number in '01':
                self.assert_right_in_tensorflow_2_0_0(self.folder / f'{number}.czmodel', self.folder / 'picture.npy',
                                                      self.folder / f'{number}.npy')

    def test_check_and_inspect_a_model_in_memory(self):
        model = small_network(32, 1)
        seen = czmodel.inspect(model)
        self.assertEqual(seen.kind, 'SavedModel')
        self.assertEqual(seen.network.input.shape[1:], [32, 32, 1])
        self.assertEqual(seen.network.parameters, model.count_params())
        report = czmodel.check(ModelSpec(model, self.metadata()))
        self.assertEqual((report.kind, report.ok), ('specification', True), report.findings)

    def test_eight_threads(self):
        models = [small_network(16 + 8 * index, 1) for index in range(8)]

        def convert(index):
            return convert_from_model_spec(ModelSpec(models[index], self.metadata()), self.folder,
                                           f'thread{index}', preprocessing=Brighten()).path
        with concurrent.futures.ThreadPoolExecutor(8) as pool:
            paths = list(pool.map(convert, range(8)))
        for index, path in enumerate(paths):
            side = 16 + 8 * index
            self.assertEqual(czmodel.inspect(path).network.input.shape, [None, side, side, 1])


class NotebookTest(Base):
    """From training to the picture."""

    @unittest.skipIf(KERAS == 'tf_keras', 'the notebook takes TensorFlow\'s own Keras')
    def test_notebook(self):
        before = os.getcwd()
        os.chdir(self.folder)
        self.addCleanup(os.chdir, before)
        names = notebook.execute(ROOT / 'example/notebook/from_training_to_zen.ipynb')
        self.assertTrue(names['report'].ok)
        self.assertGreater(names['agreement'], 0.9)
        self.check_result(names['result'].path, names['picture'], names['probabilities'])


if __name__ == '__main__':
    unittest.main()
