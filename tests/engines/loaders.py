# SPDX-License-Identifier: Apache-2.0
"""Opens SavedModels in every way that TensorFlow 2's Python offers, many in one process.

    loaders.py                           a worker: a request a line, an answer a line, both JSON
    loaders.py FOLDER... [--input FILE.npy]   prints the ways of each SavedModel

A request is {"model": folder, "input": .npy, "expected": .npy, "tolerance": number}; the answer
{"ways": {way: "" or the fault}}. Keras is Keras 2: TF_USE_LEGACY_KERAS=1 with newer TensorFlows.
Runs in Python 3.7 with TensorFlow 2.0.0 and in everything newer.
"""
import argparse
import json
import os
import shutil
import sys
import tempfile

os.environ.setdefault('TF_CPP_MIN_LOG_LEVEL', '3')

import numpy as np  # noqa: E402  TensorFlow reads the variable above
import tensorflow as tf  # noqa: E402
from tensorflow.core.protobuf import saved_model_pb2  # noqa: E402


class Model:
    """A SavedModel and what its ways share; each loader loads it once."""

    def __init__(self, folder, image, again):
        self.folder, self.image, self.again = folder, image, again
        self.answer = self.loaded = self.keras = None

    def run(self):
        if self.answer is None:
            with tf.compat.v1.Session(graph=tf.Graph()) as session:
                meta = tf.compat.v1.saved_model.load(session, ['serve'], self.folder)
                signature = meta.signature_def['serving_default']
                (source,), (result,) = signature.inputs.values(), signature.outputs.values()
                self.answer = session.run(result.name, {source.name: self.image})
        return self.answer

    def load(self):
        if self.loaded is None:
            self.loaded = tf.saved_model.load(self.folder)
        return self.loaded

    def load_keras(self):
        if self.keras is None:
            self.keras = tf.keras.models.load_model(self.folder)
        return self.keras


def version1(model):
    return model.run()


def signature(model):
    function = model.load().signatures['serving_default']
    key, = function.structured_input_signature[1]
    results = function(**{key: tf.constant(model.image)})
    if list(results) != list(function.structured_outputs):
        raise ValueError('the results have other keys than structured_outputs')
    result, = results.values()
    return result


def called(model):
    return model.load()(tf.constant(model.image))


def called_for_inference(model):
    return model.load()(tf.constant(model.image), training=False)


def keras_called(model):
    return model.load_keras()(model.image)


def keras_predict(model):
    return model.load_keras().predict(model.image, verbose=0)


def keras_predict_images(model):
    images = np.concatenate([model.image] * 3)
    return model.load_keras().predict(images, batch_size=len(model.image),
                                      verbose=0)[-len(model.image):]


def keras_saved_again(model):
    model.load_keras().save(model.again, save_format='tf')
    return tf.keras.models.load_model(model.again)(model.image)


def keras_wrapped(model):
    """Like the reference tool with a model on disk: a new input before the old model."""
    image = tf.keras.Input(model.image.shape[1:], dtype=model.image.dtype.name)
    return tf.keras.Model(image, model.load_keras()(image)).predict(model.image, verbose=0)


def keras_facts(model):
    keras = model.load_keras()
    shape = keras.inputs[0].shape.as_list()
    if len(shape) != model.image.ndim or any(
            size not in (None, found) for size, found in zip(shape, model.image.shape)):
        raise ValueError('the shape of the input is {}'.format(shape))
    names = [weight.name for weight in keras.weights]
    stored = [name for name, _ in tf.train.list_variables(
        os.path.join(model.folder, 'variables', 'variables')) if not name.startswith('_CHECK')]
    if len(names) != len(set(names)) or len(names) != len(stored):
        raise ValueError('the weights are {}, in the checkpoint are {}'.format(names, stored))
    return keras.predict_on_batch(model.image)


WAYS = (version1, signature, called, called_for_inference, keras_called, keras_predict,
        keras_predict_images, keras_saved_again, keras_wrapped, keras_facts)


def fault_of(way, model, expected, tolerance):
    """The fault of a way, or ''."""
    try:
        result = np.asarray(way(model))
    except Exception as fault:  # whatever it is, it is the answer
        return '{}: {}'.format(type(fault).__name__, ' '.join(str(fault).split())[:300])
    if result.shape != expected.shape:
        return 'the shape is {}, not {}'.format(result.shape, expected.shape)
    wide = np.complex128 if np.iscomplexobj(expected) else np.float64
    gap = np.max(np.abs(result.astype(wide) - expected.astype(wide)), initial=0)
    return '' if gap <= tolerance else 'differs by {:.1e}'.format(gap)


def cast(folder, image):
    """The image in the type of the network's input: a converted one may take other numbers."""
    with open(os.path.join(folder, 'saved_model.pb'), 'rb') as file:
        graphs = saved_model_pb2.SavedModel.FromString(file.read()).meta_graphs
    source, = graphs[0].signature_def['serving_default'].inputs.values()
    return image.astype(tf.as_dtype(source.dtype).as_numpy_dtype)


def open_in_every_way(model, image, expected=None, tolerance=2e-6):
    """{way: '' or the fault}; what is expected is what the first way gives, if nothing is told."""
    again = tempfile.mkdtemp()
    tf.keras.backend.clear_session()
    try:
        opened = Model(model, cast(model, image), again)
        if expected is None:
            expected = opened.run()
        return {way.__name__: fault_of(way, opened, expected, tolerance) for way in WAYS}
    finally:
        shutil.rmtree(again, ignore_errors=True)


def serve():
    out = os.fdopen(os.dup(1), 'w')
    os.dup2(2, 1)  # what TensorFlow prints must not come between the answers
    for line in sys.stdin:
        request = json.loads(line)
        image = np.load(request['input'])
        expected = np.load(request['expected']) if 'expected' in request else None
        try:
            answer = {'ways': open_in_every_way(request['model'], image, expected,
                                                request.get('tolerance', 2e-6))}
        except Exception as fault:
            answer = {'message': '{}: {}'.format(type(fault).__name__, fault)}
        out.write(json.dumps(answer) + '\n')
        out.flush()


def main():
    parser = argparse.ArgumentParser()
    parser.add_argument('folders', nargs='*')
    parser.add_argument('--input')
    options = parser.parse_args()
    if not options.folders:
        return serve()
    failed = 0
    for folder in options.folders:
        ways = open_in_every_way(folder, np.load(options.input))
        failed += any(ways.values())
        for way, fault in ways.items():
            print('{:50} {:22} {}'.format(folder, way, fault or 'ok'))
    return failed


if __name__ == '__main__':
    sys.exit(main())
