# SPDX-License-Identifier: Apache-2.0
"""The examples of czmodel 3.0.0's page with a Keras at hand, but for their import lines, and what
goes beyond them. ONNX Runtime must give what Keras itself computes.

CZM_TEST_KERAS names the module: keras (3), tf_keras, or tensorflow.keras (2)."""
import json
import os
import subprocess
import sys
import unittest
import uuid
import zipfile

import numpy as np

# As a parameter it needs no Keras; made here, before there is one.
from czmodel.v3.util.transforms import (PerImageStandardization, Scale, Shift,
                                        SigmoidToSoftmaxScores, TransposeChannels,
                                        add_postprocessing_layers, add_preprocessing_layers)

EARLY = TransposeChannels(order=(2, 1, 0))

from czmodel.v3.convert import DefaultConverter, LegacyConverter  # noqa: E402
from czmodel.v3.legacy_model_metadata import ModelMetadata as LegacyModelMetadata  # noqa: E402
from czmodel.v3.legacy_model_metadata import ModelSpec as LegacyModelSpec  # noqa: E402
from czmodel.v3.model_metadata import ModelMetadata, ModelSpec, ModelType  # noqa: E402
from support import CLASSES  # noqa: E402
from test_keras import Base, Brighten, keras, small_network  # noqa: E402

# Where czmodel 3.0.0 is, if it runs with this TensorFlow.
REFERENCE = os.environ.get('CZM_TEST_CZMODEL_3')
# arguments: a file of Keras, a folder
SCRIPT = '''
import sys
from czmodel.convert import DefaultConverter, LegacyConverter
from czmodel.legacy_model_metadata import ModelMetadata as LegacyModelMetadata
from czmodel.legacy_model_metadata import ModelSpec as LegacyModelSpec
from czmodel.model_metadata import ModelMetadata, ModelSpec, ModelType
from czmodel.util.transforms import PerImageStandardization, Scale, Shift, TransposeChannels

model, folder = sys.argv[1:]
model_id = '6f1c3bd0-7a54-4b69-9e57-0c1d5c1f8a11'
classes = ['class1', 'class2', 'class3']
metadata = ModelMetadata(input_shape=[32, 32, 3], output_shape=[32, 32, 3], model_id=model_id,
                         model_type=ModelType.SINGLE_CLASS_SEMANTIC_SEGMENTATION, classes=classes,
                         model_name='Zellen \u00fc <1>', min_overlap=[8, 8])
legacy = LegacyModelMetadata(name='Zellen \u00fc <1>', classes=classes, pixel_types='Bgr24',
                             color_handling='SplitRgb', border_size=8, model_id=model_id)
DefaultConverter().convert_from_model_spec(ModelSpec(model, metadata), folder, 'plain')
DefaultConverter().convert_from_model_spec(
    ModelSpec(model, metadata), folder, 'steps',
    preprocessing=[TransposeChannels(order=(2, 1, 0)), Shift((0.1, 0.2, 0.3)), Scale((2.0,)),
                   PerImageStandardization()])
LegacyConverter().convert_from_model_spec(LegacyModelSpec(model, legacy), folder, 'legacy')
'''


def metadata(height, width, channels, classes=CLASSES):
    return ModelMetadata(input_shape=[height, width, channels],
                         output_shape=[height, width, len(classes)],
                         model_type=ModelType.SINGLE_CLASS_SEMANTIC_SEGMENTATION, classes=classes,
                         model_name='ModelName', min_overlap=[8, 8])


def one_probability(side):
    keras.utils.set_random_seed(6)
    entry = keras.Input((side, side, 1))
    layer = keras.layers.Conv2D(1, 3, padding='same', activation='sigmoid')
    return keras.Model(entry, layer(entry))


class V3Base(Base):
    def check_result(self, path, picture, expected):
        """Also whether others can read the file."""
        np.save(self.folder / 'picture.npy', picture)
        np.save(self.folder / 'expected.npy', np.asarray(expected))
        return self.read_back(path, self.folder / 'picture.npy', self.folder / 'expected.npy')


class PageTest(V3Base):
    """The page of czmodel 3.0.0."""

    def test_keras_model_in_memory(self):
        model = small_network(64, 3)
        model.compile('adam', 'categorical_crossentropy')
        (self.folder / 'LICENSE.txt').write_text('CC0')
        model_metadata = metadata(64, 64, 3)
        model_spec = ModelSpec(model=model, model_metadata=model_metadata,
                               license_file=str(self.folder / 'LICENSE.txt'))
        DefaultConverter().convert_from_model_spec(
            model_spec=model_spec, output_path=str(self.folder / 'some/path'),
            output_name='some_file_name')
        picture = self.picture(1, 64, 64, 3)
        found = self.check_result(self.folder / 'some/path/some_file_name.czann', picture,
                                  model(picture))['read_by_czmodel']
        self.assertEqual((uuid.UUID(found['id']).version, found['min_overlap']), (8, [8, 8]))

    def test_legacy(self):
        model = small_network(32, 3)
        model_metadata_legacy = LegacyModelMetadata(
            name='Simple_Nuclei_SegmentationModel_Legacy', classes=CLASSES, pixel_types='Bgr24',
            color_handling='SplitRgb', border_size=8)
        legacy_model_spec = LegacyModelSpec(model=model, model_metadata=model_metadata_legacy)
        LegacyConverter().convert_from_model_spec(
            model_spec=legacy_model_spec, output_path=str(self.folder),
            output_name='some_file_name')
        picture = self.picture(1, 32, 32, 3) * 255
        found = self.check_result(self.folder / 'some_file_name.czseg', picture, model(picture))
        self.assertEqual(found['read_by_czmodel']['border'], 8)

    def test_json_spec_with_a_file_of_keras(self):
        model = small_network(32, 1)
        model.save(str(self.folder / 'model.keras'))
        given = metadata(32, 32, 1)
        path = self.folder / 'spec.json'
        path.write_text(json.dumps({'ModelMetadata': given.to_czann_dict(),
                                    'ModelPath': 'model.keras'}))
        DefaultConverter().convert_from_json_spec(str(path), str(self.folder), 'Model Name')
        picture = self.picture(1, 32, 32, 1)
        found = self.check_result(self.folder / 'Model Name.czann', picture, model(picture))
        self.assertEqual(len(found['read_by_czmodel']['id']), 36)

    def test_channels_and_other_spatial_dims(self):
        spatial_dims = 512, 512
        preprocessing = [TransposeChannels(order=(2, 1, 0))]
        DefaultConverter().convert_from_model_spec(
            model_spec=ModelSpec(small_network(64, 3), metadata(512, 512, 3)),
            output_path=str(self.folder), output_name='some_file_name', spatial_dims=spatial_dims,
            preprocessing=preprocessing, postprocessing=None)
        picture = self.picture(1, 512, 512, 3)
        self.check_result(self.folder / 'some_file_name.czann', picture,
                          small_network(512, 3)(picture[..., ::-1]))

    def test_sigmoid_to_softmax(self):
        model = one_probability(32)
        result = DefaultConverter().convert_from_model_spec(
            ModelSpec(model, metadata(32, 32, 1, ['a', 'b'])), self.folder,
            postprocessing=SigmoidToSoftmaxScores())
        picture = self.picture(1, 32, 32, 1)
        one = np.asarray(model(picture))
        self.check_result(result.path, picture, np.concatenate([one, 1 - one], axis=-1))


class MoreTest(V3Base):
    """What goes beyond the page."""

    def test_steps_give_what_their_layers_give(self):
        model = small_network(32, 3)
        picture = self.picture(1, 32, 32, 3)
        for layer in (TransposeChannels((1, 2, 0)), PerImageStandardization(), Shift(0.25),
                      Shift((0.1, 0.2, 0.3)), Scale(2), Scale([0.5, 1, 2])):
            self.assertIsInstance(layer, keras.layers.Layer)
            result = DefaultConverter().convert_from_model_spec(
                ModelSpec(model, metadata(32, 32, 3)), self.folder, preprocessing=layer)
            self.check_result(result.path, picture, model(layer(picture)))

    def test_own_layers_on_both_sides(self):
        model, before, behind = small_network(32, 3), Brighten(), Brighten()
        for size in (32, 48):
            result = DefaultConverter().convert_from_model_spec(
                ModelSpec(model, metadata(size, size, 3)), self.folder, spatial_dims=(size, size),
                preprocessing=[EARLY, before], postprocessing=[behind, keras.layers.Softmax()])
            picture = self.picture(1, size, size, 3)
            answer = small_network(size, 3)(before(picture[..., ::-1]))
            self.check_result(result.path, picture, keras.layers.Softmax()(behind(answer)))

    def test_layers_in_models(self):
        model = one_probability(32)
        picture = self.picture(1, 32, 32, 1)
        wrapped = add_preprocessing_layers(model, [Scale(2, name='double'), Shift((1,))])
        expected = np.asarray(model(picture * 2 + 1))
        np.testing.assert_allclose(np.asarray(wrapped(picture)), expected, atol=1e-6)
        both = add_postprocessing_layers(wrapped, SigmoidToSoftmaxScores())
        np.testing.assert_allclose(np.asarray(both(picture)),
                                   np.concatenate([expected, 1 - expected], -1), atol=1e-6)
        both.save(str(self.folder / 'both.keras'))
        own = {kind.__name__: kind for kind in (Scale, Shift, SigmoidToSoftmaxScores)}
        again = keras.models.load_model(str(self.folder / 'both.keras'), custom_objects=own)
        np.testing.assert_allclose(np.asarray(again(picture)), np.asarray(both(picture)), atol=1e-6)

    def test_an_early_layer_in_a_model(self):
        model = small_network(32, 3)
        picture = self.picture(1, 32, 32, 3)
        wrapped = add_preprocessing_layers(model, EARLY)
        np.testing.assert_allclose(np.asarray(wrapped(picture)),
                                   np.asarray(model(picture[..., ::-1])), atol=1e-6)


class ReferenceTest(V3Base):
    """A script for czmodel 3.0.0, with that and, with other import lines, with this package."""

    def run_script(self, script, *path):
        folder = self.folder / f'out{len(path)}'
        places = os.pathsep.join([*path, os.environ['PYTHONPATH']])
        done = subprocess.run([sys.executable, '-c', script, str(self.folder / 'model.keras'),
                               str(folder)], capture_output=True, text=True,
                              env={**os.environ, 'PYTHONPATH': places})
        self.assertEqual(done.returncode, 0, done.stderr[-2000:])
        return folder

    def members(self, path):
        """Names and contents of all but the network; JSON as its values."""
        with zipfile.ZipFile(path) as archive:
            return {name: None if name.endswith('.model')
                    else json.loads(archive.read(name)) if name.endswith('.json')
                    else archive.read(name) for name in archive.namelist()}

    @unittest.skipUnless(REFERENCE, 'czmodel 3.0.0 does not run with this TensorFlow')
    def test_a_script(self):
        model = small_network(32, 3)
        model.save(str(self.folder / 'model.keras'))
        theirs = self.run_script(SCRIPT, REFERENCE)
        ours = self.run_script(SCRIPT.replace('from czmodel', 'from czmodel.v3'))
        picture = self.picture(1, 32, 32, 3)
        fed = PerImageStandardization()((picture[..., ::-1] + np.float32([0.1, 0.2, 0.3])) * 2)
        for name, expected in (('plain.czann', model(picture)), ('steps.czann', model(fed)),
                               ('legacy.czseg', model(picture))):
            self.assertEqual(self.members(ours / name), self.members(theirs / name))
            self.assertEqual(self.check_result(ours / name, picture, expected),
                             self.check_result(theirs / name, picture, expected))


if __name__ == '__main__':
    unittest.main()
