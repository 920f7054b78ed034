# SPDX-License-Identifier: Apache-2.0
"""Exports the SavedModels of this folder, with the TensorFlow whose Python runs it.

    make_models.py NAME        writes models/NAME/, such as tf221

One file with a signature for each way of obeying or breaking a rule about the network: the tests
choose among them with --signature. The weights are seeded noise.
"""
import os
import shutil
import sys

import numpy as np
import tensorflow as tf

HERE = os.path.dirname(os.path.abspath(__file__))
SIZE = 16
SIGNATURES = {}


def picture(height=SIZE, width=SIZE, channels=3, batch=None, dtype=tf.float32):
    return tf.TensorSpec([batch, height, width, channels], dtype, 'image')


def signature(*specs):
    """Enters a method of Net as the signature of its name."""
    def enter(method):
        SIGNATURES[method.__name__] = method, specs
        return method
    return enter


class Net(tf.Module):
    def __init__(self):
        super().__init__()
        noise = np.random.default_rng(5)
        self.kernels = {}
        for size, channels, filters in ((3, 3, 2), (3, 1, 2), (3, 4, 2), (3, 3, 1), (3, 3, 3),
                                        (3, 1, 64), (1, 64, 2)):
            values = noise.normal(0, 0.4, (size, size, channels, filters)).astype('float32')
            self.kernels[f'{size}_{channels}_{filters}'] = tf.Variable(values, name='kernel')

    def conv(self, x, filters=2, size=3, strides=1, dilations=1):
        kernel = self.kernels[f'{size}_{x.shape[-1]}_{filters}']
        return tf.nn.conv2d(x, kernel, strides, 'SAME', dilations=dilations)

    # ---- as it should be

    @signature(picture())
    def serving_default(self, image):
        return tf.nn.softmax(self.conv(image))

    @signature(picture(channels=1))
    def gray(self, image):
        return tf.nn.softmax(self.conv(image))

    @signature(picture(channels=4))
    def bgra(self, image):
        return tf.nn.softmax(self.conv(image))

    @signature(picture(batch=1))
    def one_tile(self, image):
        return tf.nn.softmax(self.conv(image))

    # ---- inputs

    @signature(picture(None, None))
    def any_size(self, image):
        return tf.nn.softmax(self.conv(image))

    @signature(picture(batch=4))
    def batch_of_four(self, image):
        return tf.nn.softmax(self.conv(image))

    @signature(picture(channels=None))
    def any_channels(self, image):
        mean = tf.reduce_mean(image, -1)
        return tf.nn.softmax(tf.stack([mean, -mean], -1))

    @signature(picture(3, SIZE, SIZE))
    def channels_first(self, image):
        return tf.nn.softmax(self.conv(tf.transpose(image, [0, 2, 3, 1])))

    @signature(tf.TensorSpec([None, SIZE * SIZE], tf.float32, 'image'))
    def vector(self, image):
        return tf.nn.softmax(tf.stack([image, -image], -1))

    @signature(picture(dtype=tf.uint8))
    def bytes_in(self, image):
        return tf.nn.softmax(self.conv(tf.cast(image, tf.float32)))

    @signature(picture(), tf.TensorSpec([None, SIZE, SIZE, 3], tf.float32, 'other'))
    def two_inputs(self, image, other):
        return tf.nn.softmax(self.conv(image + other))

    # ---- outputs

    @signature(picture())
    def two_outputs(self, image):
        y = self.conv(image)
        return {'probabilities': tf.nn.softmax(y), 'logits': y}

    @signature(picture())
    def half_size(self, image):
        return tf.nn.softmax(self.conv(image, strides=2))

    @signature(picture())
    def one_answer(self, image):
        return tf.nn.softmax(tf.reduce_mean(self.conv(image), [1, 2]))

    @signature(picture())
    def labels(self, image):
        return tf.argmax(self.conv(image), -1, output_type=tf.int32)[..., tf.newaxis]

    @signature(picture())
    def unknown_shape(self, image):
        y = tf.nn.softmax(self.conv(image))
        found, _ = tf.unique(tf.shape(y))  # how many are different is not known beforehand
        return tf.reshape(y, tf.concat([found[:0], tf.shape(y)], 0))

    # ---- what comes out

    @signature(picture())
    def logits(self, image):
        return self.conv(image)

    @signature(picture())
    def relu(self, image):
        return tf.nn.relu(self.conv(image))

    @signature(picture())
    def tanh(self, image):
        return tf.tanh(self.conv(image))

    @signature(picture())
    def one_channel(self, image):
        return tf.sigmoid(self.conv(image, 1))

    @signature(picture())
    def sigmoids(self, image):
        return tf.sigmoid(self.conv(image, 3))

    @signature(picture())
    def undecided(self, image):
        return tf.clip_by_value(self.conv(image), 0.0, 1.0)

    @signature(picture())
    def softmax_by_hand(self, image):
        y = self.conv(image)
        e = tf.exp(y - tf.reduce_max(y, -1, keepdims=True))
        return e / tf.reduce_sum(e, -1, keepdims=True)

    @signature(picture())
    def enlarged(self, image):
        y = tf.nn.softmax(self.conv(image, strides=2))
        return tf.image.resize(y, [SIZE, SIZE])

    @signature(picture())
    def augmented(self, image):
        with tf.name_scope('augmentation'):
            image = image + tf.random.normal(tf.shape(image))
        return tf.nn.softmax(self.conv(image))

    # ---- tiles

    @signature(picture(16384, 16384, 1))
    def too_large(self, image):
        with tf.name_scope('wide'):
            y = tf.nn.relu(self.conv(image, 64))
        return tf.nn.softmax(self.conv(y, size=1))

    @signature(picture(4352, 4352, 1))
    def nearly_too_large(self, image):
        with tf.name_scope('wide'):
            y = self.conv(image, 64)
            y = tf.nn.softmax(y)
        return tf.nn.softmax(self.conv(y, size=1))

    @signature(picture(64, 64))
    def sees_far(self, image):
        return tf.nn.softmax(self.conv(image, dilations=20))

    @signature(picture())
    def sees_all(self, image):
        with tf.name_scope('pooling'):
            mean = tf.reduce_mean(image, [1, 2], keepdims=True)
        return tf.nn.softmax(self.conv(image - mean))


def main():
    folder = os.path.join(HERE, 'models', sys.argv[1])
    shutil.rmtree(folder, ignore_errors=True)
    net = Net()
    concrete = {}
    for name, (method, specs) in SIGNATURES.items():
        traced = tf.function(method.__get__(net), input_signature=specs)
        concrete[name] = traced.get_concrete_function()
    tf.saved_model.save(net, folder, signatures=concrete)
    for extra in ('fingerprint.pb', 'assets'):
        path = os.path.join(folder, extra)
        if os.path.isdir(path):
            os.rmdir(path)
        elif os.path.exists(path):
            os.remove(path)


if __name__ == '__main__':
    main()
