# SPDX-License-Identifier: Apache-2.0
"""New spatial dimensions, preprocessing and postprocessing, measured in TensorFlow 2.0.0.

    spatial.py --czmodel PATH --build DIR [--python-tf221 PATH] [--python-tf215 PATH]
               [--quick] [--only NAME...] [--exports DIR] [--update]

Each network of tests/networks/networks.py is exported at its own size and built a second time, at
another size, with the same weights.  The export is converted with --spatial-dims and a swap of the
channels; in TensorFlow 2.0.0 it must give what the second network gives for the swapped picture.
A network that cannot be built at the other size with the same weights must be rejected.

--python-tf221, --python-tf215  interpreters with TensorFlow 2.21 (and tf_keras) and 2.15; without
                                the first that of run.py is used, in DIR/engines; without the
                                second Keras 2 is left out (tf_keras is Keras 2, too)
--quick                         a selection, for continuous integration
--exports DIR                   take DIR/EXPORTER/NAME/model where it exists, as export.py left it
--update                        write the messages that are expected (pinned/) anew

One program, three roles: the driver; `make` runs where a TensorFlow is and writes the cases, a
folder each; `run` runs converted networks in TensorFlow 2.0.0.
"""
import argparse
import collections
import functools
import io
import json
import os
import re
import random
import shutil
import subprocess
import sys
import zipfile

HERE = os.path.dirname(os.path.abspath(__file__))
PINNED = os.path.join(HERE, 'pinned')
MODEL_ID = '6f1c3bd0-7a54-4b69-9e57-0c1d5c1f8a11'

# exporter: the interpreter it needs
EXPORTERS = {'keras3': 'tf221', 'tf_keras': 'tf221', 'keras2': 'tf215'}

# Greatest difference, relative to the greatest value where that is over 1.
TOLERANCE = 2e-4
# Half precision: an element's last bit is worth 1e-3 and more, and sums are added up in an order
# of each TensorFlow's own.
COARSE = {'float16': 2e-2, 'mixed_float16': 2e-2, 'mixed_bfloat16': 5e-2}

# The size for networks of open size, and of the exports in the tables below.
OPEN_SIZE = (64, 96)

EVERY = tuple(EXPORTERS)
STATEFUL = ('keras3',), 'refused at any size: a random state is changed'
HOLDS_SIZES = EVERY, 'the builder holds sizes'
# Networks whose second building is no measure. network: (exporters, why)
UNLIKE = {
    'monte_carlo_dropout': (EVERY, 'random on purpose'),
    'two_outputs': (EVERY, 'one must be chosen'),
    'normalization': (EVERY, 'what it adapted to is in constants, not in its weights'),
    'conv3d': HOLDS_SIZES, 'conv3d_dilated': HOLDS_SIZES, 'conv3d_transpose': HOLDS_SIZES,
    'time_distributed': HOLDS_SIZES,
    'random_flip': STATEFUL, 'random_rotation': STATEFUL, 'random_zoom': STATEFUL,
    'random_contrast': STATEFUL, 'random_translation': STATEFUL, 'augmented_unet': STATEFUL,
}
# Networks with stored sizes that the converter assumes to follow the input: the test expects the note
# about this assumption.
ASSUMED = {
    'resizing': 'its sizes are absolute',
    'global_max': 'a factor enlarges one pixel to the old size of the picture',
    'fn_resize_antialias': 'a third of the size, rounded down',
    'fn_resize_antialias_bicubic': 'a third of the size, rounded down',
}
# Networks that can be built at any size, but whose exports cannot change it: they must be rejected.
# network: (exporters, what is exported)
BOUND = {
    'center_crop': (EVERY, 'a crop to an absolute size'),
    'fn_coordinates': (EVERY, 'a picture of coordinates is a constant'),
    'fn_fourier': (EVERY, 'the lengths of the transforms are constants'),
    'fn_map_fn': (EVERY, 'the shape of the elements is a constant'),
    'unproven_loop': (EVERY, 'the size cannot be inferred through the loop'),
}

QUICK = {
    'keras3': '''unet unet_bilinear unet_rgba_wide unet_bn_undefined unet_attention squeeze_excite
                 aspp aspp_depthwise mobilenet_v2 resnet efficientnet separable act_prelu_shared
                 norm_layer norm_group nested dense transpose_output_padding
                 fixed_batch strip_pooling tokens transpose_dilated identity_network
                 flatten_dense act_prelu_full position_embedding aspp_fixed_factor
                 dense_after_flatten reshape_sizes unproven_loop pixel_shuffle window_parts
                 tiled_mean cropped whole_map_pools stacked_maps'''.split(),
    'tf_keras': '''unet unet_nearest unet_bilinear unet_rgba_wide unet_attention aspp
                   mobilenet_v2 efficientnet act_prelu_shared norm_layer nested
                   grouped_dilated flatten_dense act_prelu_full'''.split(),
    'keras2': [],
}
RANDOM_NETWORKS, QUICK_RANDOM_NETWORKS = 40, 6


# ------------------------------------------------------------ cases

# A case is a folder: input.npy, expected.npy (if it is to run) and case.json with these fields.
#
# name       unique, also the folder's
# model      the SavedModel, relative to the folder
# arguments  of czmodel convert
# classes    how many
# exit       the status that is expected
# golden     name of the file with all that is expected on standard error, or none
# mentions   what standard error must contain, or none
# tolerance  see above
# dims       the new height and width, or none
Case = collections.namedtuple(
    'Case', 'name model arguments classes exit golden mentions tolerance dims')


def case(name, model, arguments, classes, exit=0, golden=None, mentions=None,
         tolerance=TOLERANCE, dims=None):
    return Case(name, model, list(arguments), classes, exit, golden, mentions, tolerance, dims)


def read_case(folder):
    with open(os.path.join(folder, 'case.json')) as file:
        return Case(**json.load(file))


def write_case(root, made, arrays=()):
    folder = os.path.join(root, made.name)
    os.makedirs(folder, exist_ok=True)
    for name, value in dict(arrays).items():
        import numpy
        numpy.save(os.path.join(folder, name + '.npy'), value)
    with open(os.path.join(folder, 'case.json'), 'w') as file:
        json.dump(made._asdict(), file, indent=1)
        file.write('\n')


# channels: (step, the order of the channels)
SWAPS = {3: ('rgb-to-bgr', [2, 1, 0]), 4: ('rgba-to-bgra', [2, 1, 0, 3])}


def edits(dims, channels):
    """(arguments for a new size and a swap of the channels, the swap as a function)"""
    arguments = ['--spatial-dims', '%d,%d' % dims]
    if channels not in SWAPS:
        return arguments, lambda picture: picture
    step, order = SWAPS[channels]
    return arguments + ['--preprocessing', step], lambda picture: picture[..., order]


# ------------------------------------------------------------ networks of our own

def own_networks(networks):
    """Rows like those of networks.py: what is pinned, or easily got wrong."""
    rows = []

    def row(name, build, shape=(32, 32, 3), classes=3):
        rows.append(networks.Network(name, build, shape, classes, (2, 3), (2, 0), 'converts', ''))

    def own(name, middle, shape=(32, 32, 3)):
        def build(keras, height, width, channels, classes):
            inputs = networks.start(keras, height, width, channels)
            x = networks.conv(keras, inputs, 4)
            return networks.finish(keras, inputs, middle(keras, keras.layers, x), classes)
        row(name, build, shape)
    own('aspp_fixed_factor', aspp_fixed_factor)
    own('dense_after_flatten', dense_after_flatten)
    own('reshape_sizes', reshape_sizes)
    for build in (pixel_shuffle, window_parts, open_tokens, tiled_mean, cropped, whole_map_pools,
                  stacked_maps):
        own(build.__name__, build)
    own('growing_loop', growing_loop)
    own('unproven_loop', unproven_loop)
    own('transpose_chain', transpose_chain)
    own('transpose_uneven', transpose_uneven, (20, 12, 3))
    own('resize_chain', resize_chain)
    own('dilated_chain', dilated_chain, (30, 22, 3))
    own('strip_pooling', strip_pooling, (24, 36, 3))
    own('aspp_three_parts', aspp_three_parts)
    own('tokens', tokens)
    own('resizing_undefined', resizing_undefined, (None, None, 3))
    return rows


def aspp_fixed_factor(keras, layers, x):
    pooled = layers.Reshape((1, 1, 4))(layers.GlobalAveragePooling2D()(x))
    return layers.Concatenate()([x, layers.UpSampling2D(tuple(x.shape[1:3]))(pooled)])


def dense_after_flatten(keras, layers, x):
    gate = layers.Dense(4, activation='sigmoid')(layers.Flatten()(layers.MaxPooling2D(8)(x)))
    return layers.Multiply()([x, layers.Reshape((1, 1, 4))(gate)])


def reshape_sizes(keras, layers, x):
    height, width = x.shape[1:3]
    return layers.Reshape((height, width, 4))(layers.Reshape((height * width * 2, 2))(x))


def lambda_layer(layers, x, function, shape):
    return layers.Lambda(function, output_shape=tuple(shape))(x)


def pixel_shuffle(keras, layers, x):
    """Depth to space by reshapes; and space to depth before it."""
    height, width = int(x.shape[1]) // 2, int(x.shape[2]) // 2
    x = layers.Permute((1, 3, 2, 4, 5))(layers.Reshape((height, 2, width, 2, 4))(x))
    x = layers.Dense(16)(layers.Reshape((height, width, 16))(x))
    x = layers.Permute((1, 3, 2, 4, 5))(layers.Reshape((height, width, 2, 2, 4))(x))
    return layers.Reshape((height * 2, width * 2, 4))(x)


def window_parts(keras, layers, x):
    """Blocks of 4 x 4 pixels are pictures of their own, as in a Swin transformer."""
    height, width = int(x.shape[1]), int(x.shape[2])

    def part(t):
        import tensorflow as tf
        t = tf.reshape(t, (-1, height // 4, 4, width // 4, 4, 4))
        return tf.reshape(tf.transpose(t, (0, 1, 3, 2, 4, 5)), (-1, 16, 4))

    def join(t):
        import tensorflow as tf
        t = tf.reshape(t, (-1, height // 4, width // 4, 4, 4, 4))
        return tf.reshape(tf.transpose(t, (0, 1, 3, 2, 4, 5)), (-1, height, width, 4))
    y = layers.Softmax(axis=1)(lambda_layer(layers, x, part, (16, 4)))
    return layers.Add()([x, lambda_layer(layers, y, join, x.shape[1:])])


def open_tokens(keras, layers, x):
    height, width = x.shape[1:3]
    y = layers.Dense(4)(layers.Reshape((-1, 4))(x))
    return layers.Reshape((height, width, 4))(y)


def tiled_mean(keras, layers, x):
    height, width = int(x.shape[1]), int(x.shape[2])

    def call(t):
        import tensorflow as tf
        mean = tf.reduce_mean(t, (1, 2), keepdims=True)
        ones = mean * tf.ones((1, height, width, 1))
        return tf.concat([t, ones, tf.tile(mean, (1, height, width, 1))], 3)
    x = lambda_layer(layers, x, call, (height, width, 12))
    y = layers.RepeatVector(height * width)(layers.GlobalAveragePooling2D()(x))
    return layers.Concatenate()([x, layers.Reshape((height, width, 12))(y)])


def cropped(keras, layers, x):
    """Padding that is cropped again at absolute places."""
    height, width = int(x.shape[1]), int(x.shape[2])
    x = layers.Conv2D(4, 3)(layers.ZeroPadding2D(3)(x))
    return lambda_layer(layers, x, lambda t: t[:, 2:height + 2, 2:width + 2, :],
                        (height, width, 4))


def whole_map_pools(keras, layers, x):
    height, width = int(x.shape[1]), int(x.shape[2])
    parts = [x]
    for count in (1, 2, 4):
        size = (height // count, width // count)
        y = layers.Conv2D(2, 1)(layers.AveragePooling2D(size)(x))
        parts.append(layers.UpSampling2D(size, interpolation='bilinear')(y))
    return layers.Concatenate()(parts)


def stacked_maps(keras, layers, x):
    """A loop over a stack of maps."""
    height, width = int(x.shape[1]), int(x.shape[2])
    y = layers.Conv2D(4, 3, padding='same')(x)
    y = layers.Concatenate(axis=1)([layers.Reshape((1, height, width, 4))(t) for t in (x, y)])
    return layers.ConvLSTM2D(4, 3, padding='same')(y)


def growing_loop(keras, layers, x):
    """A loop that makes its picture larger, so that its size is only known when it runs."""
    def call(t):
        import tensorflow as tf

        def body(step, grown):
            return step + 1, tf.pad(grown, [[0, 0], [1, 1], [1, 1], [0, 0]])
        shape = tf.TensorShape([None, None, None, 4])
        _, grown = tf.while_loop(
            lambda step, _: step < tf.cast(tf.reduce_sum(t * 0.0), tf.int32) + 2, body,
            [tf.constant(0), t], shape_invariants=[tf.TensorShape([]), shape])
        return tf.reshape(grown[:, 2:-2, 2:-2], tf.shape(t))
    return layers.Lambda(call, output_shape=tuple(x.shape[1:]))(x)


def unproven_loop(keras, layers, x):
    """A loop that keeps the size, which only its author can know."""
    def call(t):
        import tensorflow as tf

        def body(step, moved):
            rest = moved[:, step:]
            moved = tf.pad(rest, [[0, 0], [0, step], [0, 0], [0, 0]])
            moved.set_shape(t.shape)
            return step + 1, moved
        _, moved = tf.while_loop(lambda step, _: step < 3, body, [tf.constant(0), t],
                                 shape_invariants=[tf.TensorShape([]), t.shape])
        return moved
    return layers.Lambda(call, output_shape=tuple(x.shape[1:]))(x)


def transpose_chain(keras, layers, x):
    for kernel, padding in ((2, 'same'), (3, 'valid'), (4, 'same')):
        x = layers.Conv2D(4, 3, strides=2, padding='same')(x)
        x = layers.Conv2DTranspose(4, kernel, strides=2, padding=padding)(x)
        x = x if padding == 'same' else layers.Cropping2D(((1, 0), (0, 1)))(x)
    return x


def transpose_uneven(keras, layers, x):
    x = layers.Conv2D(4, 3, strides=(4, 3), padding='same')(x)
    return layers.Conv2DTranspose(4, (5, 3), strides=(4, 3), padding='same')(x)


def resize_chain(keras, layers, x):
    for factors, kind in (((2, 3), 'bilinear'), ((3, 1), 'nearest'), ((1, 2), 'bilinear')):
        x = layers.UpSampling2D(factors, interpolation=kind)(x)
    return layers.MaxPooling2D((6, 6))(x)


def dilated_chain(keras, layers, x):
    for rate, padding in (((2, 3), 'same'), ((3, 1), 'valid'), ((4, 5), 'same')):
        x = layers.Conv2D(4, 3, dilation_rate=rate, padding=padding)(x)
    return layers.ZeroPadding2D(((3, 3), (1, 1)))(x)


def resize_to(keras, x, like):
    """To the size of `like`, which the exporter stores as a number."""
    size = [int(n) for n in like.shape[1:3]]

    def call(t):
        import tensorflow as tf
        return tf.image.resize(t, size)
    return keras.layers.Lambda(call, output_shape=tuple(like.shape[1:3]) + (x.shape[-1],))(x)


def pool(keras, x, axes):
    def call(t):
        import tensorflow as tf
        return tf.reduce_mean(t, axes, keepdims=True)
    shape = [1 if axis in axes else x.shape[axis] for axis in (1, 2, 3)]
    return keras.layers.Lambda(call, output_shape=tuple(shape))(x)


def strip_pooling(keras, layers, x):
    rows = resize_to(keras, layers.Conv2D(4, 1)(pool(keras, x, [1])), x)
    columns = resize_to(keras, layers.Conv2D(4, 1)(pool(keras, x, [2])), x)
    return layers.Multiply()([x, layers.Activation('sigmoid')(layers.Add()([rows, columns]))])


def aspp_three_parts(keras, layers, x):
    """The picture's mean at two depths."""
    for strides in (1, 2):
        x = layers.Conv2D(4, 3, strides=strides, padding='same')(x)
        mean = resize_to(keras, layers.Conv2D(2, 1)(pool(keras, x, [1, 2])), x)
        x = layers.Concatenate()([x, mean])
    return layers.UpSampling2D(2, interpolation='bilinear')(x)


def tokens(keras, layers, x):
    """Pixels as a sequence, and back, at two depths."""
    for _ in range(2):
        x = layers.MaxPooling2D(2)(x)
        height, width = int(x.shape[1]), int(x.shape[2])
        y = layers.Reshape((height * width, 4))(x)
        y = layers.Activation('softmax')(y)
        x = layers.Add()([x, layers.Reshape((height, width, 4))(y)])
    return layers.UpSampling2D(4)(x)


def resizing_undefined(keras, layers, x):
    """An absolute size in a network that leaves its own open."""
    def call(t):
        import tensorflow as tf
        return tf.image.resize(t, [24, 40])
    return layers.Lambda(call, output_shape=(24, 40, 4))(x)


# (network, new size): beside twice the old size
MORE_SIZES = [
    ('unet', (16, 48)), ('unet', (20, 4)), ('unet_bilinear', (36, 60)),
    ('unet_rgba_wide', (40, 24)), ('unet_undefined', (4, 100)), ('aspp', (34, 50)),
    ('dilated_depthwise_odd', (37, 64)), ('fixed_batch', (14, 62)), ('resnet', (48, 80)),
    ('strip_pooling', (48, 18)), ('tokens', (28, 44)), ('aspp_three_parts', (36, 20)),
    ('transpose_dilated', (31, 47)), ('identity_network', (8, 12)), ('dilated_chain', (31, 47)),
    ('transpose_uneven', (8, 27)), ('aspp_undefined', (36, 22)),
]
# (network, size): sizes that do not fit
MISFITS = [('unet', (50, 50)), ('unet', (33, 64)), ('unet_undefined', (50, 62)),
           ('unet_attention', (35, 32)), ('linknet', (30, 40))]
# Networks whose whole rejection message is tested.
WORD_FOR_WORD = {'flatten_dense', 'act_prelu_full', 'position_embedding', 'segformer',
                 'norm_layer_hwc', 'dense_after_flatten',
                 'unproven_loop', 'lstm_rows'}


# ------------------------------------------------------------ random networks

def random_network(networks, seed):
    """A small fully convolutional network, and a new size that fits it."""
    rng = random.Random(seed)
    factors = [rng.choice([2, 2, 3]) for _ in range(rng.randint(1, 3))]
    unit = functools.reduce(lambda a, b: a * b, factors)
    most = max(2, 64 // unit)
    old, new = ([unit * rng.randint(1, most) for _ in 'hw'] for _ in range(2))
    is_open = rng.random() < 0.2
    shape = ((None, None) if is_open else tuple(old)) + (rng.choice([1, 3, 3, 4]),)

    def build(keras, height, width, channels, classes):
        inputs = networks.start(keras, height, width, channels)
        x = RandomLayers(keras, seed, is_open).u_shape(inputs, factors)
        return networks.finish(keras, inputs, x, classes)
    row = networks.Network('random_%02d' % seed, build, shape, rng.randint(2, 4), (2, 3), (2, 0),
                           'converts', '')
    return row, tuple(new)


class RandomLayers:
    """Draws layers; the drawing does not depend on the size."""

    def __init__(self, keras, seed, is_open):
        self.layers, self.rng, self.is_open = keras.layers, random.Random(seed + 1000), is_open

    def u_shape(self, x, factors):
        skips = []
        for factor in factors:
            x = self.block(x)
            skips.append(x)
            x = self.down(x, factor)
        x = self.block(x)
        for factor, skip in zip(reversed(factors), reversed(skips)):
            x = self.join(self.up(x, factor), skip)
        return x

    def block(self, x):
        for _ in range(self.rng.randint(1, 2)):
            x = self.rng.choice([self.convolution, self.convolution, self.dilated, self.depthwise,
                                 self.separable, self.gate, self.dense, self.stride_one])(x)
            x = self.rng.choice([self.batch_norm, self.layer_norm, self.prelu, self.relu,
                                 self.relu])(x)
        return x

    def convolution(self, x):
        kernel = (self.rng.randint(1, 5), self.rng.randint(1, 5))
        return self.layers.Conv2D(self.rng.randint(2, 6), kernel, padding='same')(x)

    def dilated(self, x):
        rate = (self.rng.randint(1, 4), self.rng.randint(1, 4))
        return self.layers.Conv2D(4, 3, padding='same', dilation_rate=rate)(x)

    def depthwise(self, x):
        rate = self.rng.randint(1, 3)
        return self.layers.DepthwiseConv2D(3, padding='same', dilation_rate=rate)(x)

    def separable(self, x):
        return self.layers.SeparableConv2D(self.rng.randint(2, 6), 3, padding='same')(x)

    def gate(self, x):
        channels = int(x.shape[-1])
        y = self.layers.GlobalAveragePooling2D()(x)
        y = self.layers.Dense(channels, activation='sigmoid')(y)
        return self.layers.Multiply()([x, self.layers.Reshape((1, 1, channels))(y)])

    def dense(self, x):
        return self.layers.Dense(self.rng.randint(2, 6))(x)

    def stride_one(self, x):
        return self.layers.Conv2DTranspose(4, self.rng.randint(2, 4), padding='same')(x)

    def batch_norm(self, x):
        return self.layers.BatchNormalization()(x)

    def layer_norm(self, x):
        return self.layers.LayerNormalization(epsilon=1e-3)(x)

    def prelu(self, x):
        return self.layers.PReLU(shared_axes=[1, 2])(x)

    def relu(self, x):
        return self.layers.Activation('relu')(x)

    def down(self, x, factor):
        kind = self.rng.choice(['max', 'average', 'same', 'strided', 'padded'])
        if kind == 'max':
            return self.layers.MaxPooling2D(factor)(x)
        if kind == 'average':
            return self.layers.AveragePooling2D(factor)(x)
        if kind == 'same':
            return self.layers.MaxPooling2D(3, strides=factor, padding='same')(x)
        if kind == 'strided':
            return self.layers.Conv2D(4, self.rng.randint(2, 5), strides=factor,
                                      padding='same')(x)
        x = self.layers.ZeroPadding2D(((0, 1), (1, 0)))(x)
        return self.layers.Conv2D(4, factor + 1, strides=factor)(x)

    def up(self, x, factor):
        kinds = ['same', 'valid', 'cropped', 'nearest', 'bilinear', 'bilinear']
        # Keras 3 cannot export a bilinear one of undefined size.
        kind = self.rng.choice(kinds[:4] if self.is_open else kinds)
        transposed = functools.partial(self.layers.Conv2DTranspose, 4, strides=factor)
        if kind == 'same':
            return transposed(kernel_size=self.rng.randint(factor, 5), padding='same')(x)
        if kind == 'valid':
            return transposed(kernel_size=factor)(x)
        if kind == 'cropped':
            x = transposed(kernel_size=factor + 2)(x)
            return self.layers.Cropping2D(self.rng.choice([((1, 1), (2, 0)), ((0, 2), (1, 1))]))(x)
        return self.layers.UpSampling2D(factor, interpolation=kind)(x)

    def join(self, x, skip):
        kind = self.rng.choice(['concat', 'add', 'attend', 'none'])
        if kind == 'none':
            return x
        if kind == 'concat':
            return self.block(self.layers.Concatenate()([skip, x]))
        x, skip = self.layers.Conv2D(4, 1)(x), self.layers.Conv2D(4, 1)(skip)
        if kind == 'add':
            return self.layers.Add()([x, skip])
        return self.layers.Multiply()([x, self.layers.Activation('sigmoid')(skip)])


# ------------------------------------------------------------ steps

STEP_SHAPE = (16, 20, 3)

# Models that are used as steps. name: (channels in, list of layers from keras)
STEP_MODELS = {
    'mixer': (3, lambda k: [k.layers.Conv2D(3, 1, name='first'),
                            k.layers.BatchNormalization(name='norm')]),
    'mixer_open': (3, lambda k: [k.layers.Conv2D(3, 3, padding='same', dilation_rate=2)]),
    'doubler': (3, lambda k: [k.layers.UpSampling2D(2, interpolation='bilinear')]),
    'to_four': (3, lambda k: [k.layers.Conv2D(4, 1)]),
    'probabilities': (3, lambda k: [k.layers.Conv2D(2, 1), k.layers.Softmax()]),
    'renormalise': (2, lambda k: [k.layers.Conv2D(3, 1, activation='softmax')]),
    'halves': (3, lambda k: [k.layers.Activation('linear', dtype='float16')]),
}

# name, network, new size, steps before, steps after, and what is to come out:
# f(tools, network, x); tools.step(name, x) runs a model that is a step.
PRE, POST = '--preprocessing', '--postprocessing'
STEP_CASES = [
    ('standardise', 'logits', None, ['per-image-standardization'], [],
     lambda t, net, x: net(t.standardise(x))),
    ('standardise_bright', 'logits', None, ['shift=1000', 'per-image-standardization'], [],
     lambda t, net, x: net(t.standardise(t.add(x, 1000)))),
    ('standardise_flat', 'logits', None, ['scale=0', 'shift=3', 'per-image-standardization'], [],
     lambda t, net, x: net(t.standardise(x * 0 + 3))),
    ('standardise_resized', 'logits', (24, 36), ['per-image-standardization'], [],
     lambda t, net, x: net(t.standardise(x))),
    ('scale_one', 'logits', None, ['scale=0.00392156862745098'], [],
     lambda t, net, x: net(x * t.floats(1 / 255))),
    ('scale_channels', 'logits', None, ['scale=1,-0.5,2e0'], [],
     lambda t, net, x: net(x * t.floats(1, -0.5, 2))),
    ('shift_one', 'logits', None, ['shift=-127.5'], [],
     lambda t, net, x: net(t.add(x, -127.5))),
    ('shift_channels', 'logits', None, ['shift=-103.939,-116.779,-123.68'], [],
     lambda t, net, x: net(x + t.floats(-103.939, -116.779, -123.68))),
    ('scale_shift', 'logits', None, ['scale=2', 'shift=1,2,3'], [],
     lambda t, net, x: net(x * 2 + t.floats(1, 2, 3))),
    ('shift_scale', 'logits', None, ['shift=1,2,3', 'scale=2'], [],
     lambda t, net, x: net((x + t.floats(1, 2, 3)) * 2)),
    ('rotate_channels', 'logits', None, ['transpose-channels=1,2,0'], [],
     lambda t, net, x: net(x[..., [1, 2, 0]])),
    ('swap_then_shift', 'logits', None, ['rgb-to-bgr', 'shift=1,2,3'], [],
     lambda t, net, x: net(x[..., ::-1] + t.floats(1, 2, 3))),
    ('swap_bytes', 'uint8_input', (24, 36), ['rgb-to-bgr'], [],
     lambda t, net, x: net(x[..., ::-1])),
    ('limits', 'logits', None, ['normalize=-0.5,1.5'], [],
     lambda t, net, x: net((x + t.floats(0.5)) / t.floats(2))),
    ('limits_channels', 'logits', None, ['normalize=0,1,-2,2,0.5,0.75'], [],
     lambda t, net, x: net((x - t.floats(0, -2, 0.5)) / t.floats(1, 4, 0.25))),
    ('means', 'logits', None, ['standardize=0.25,2'], [],
     lambda t, net, x: net((x - t.floats(0.25)) / t.floats(2))),
    ('means_channels', 'logits', None, ['standardize=1,2,3,4,5,6'], [],
     lambda t, net, x: net((x - t.floats(1, 3, 5)) / t.floats(2, 4, 6))),
    ('model', 'logits', None, ['model=mixer'], [],
     lambda t, net, x: net(t.step('mixer', x))),
    ('model_twice', 'logits', None, ['model=mixer', 'model=mixer'], [],
     lambda t, net, x: net(t.step('mixer', t.step('mixer', x)))),
    ('model_between', 'logits', None, ['rgb-to-bgr', 'model=mixer', 'per-image-standardization'],
     [], lambda t, net, x: net(t.standardise(t.step('mixer', x[..., ::-1])))),
    ('model_resized', 'unet', (24, 36), ['model=mixer', 'scale=2'], [],
     lambda t, net, x: net(t.step('mixer', x) * 2)),
    ('model_open', 'unet', None, ['model=mixer_open'], [],
     lambda t, net, x: net(t.step('mixer_open', x))),
    ('model_open_resized', 'unet', (24, 36), ['model=mixer_open'], [],
     lambda t, net, x: net(t.step('mixer_open', x))),
    ('softmax', 'logits', None, [], ['softmax'],
     lambda t, net, x: t.softmax(net(x))),
    ('sigmoid', 'logits', None, [], ['sigmoid'],
     lambda t, net, x: t.sigmoid(net(x))),
    ('split', 'sigmoid_one', None, [], ['sigmoid-to-softmax'],
     lambda t, net, x: t.join(net(x), 1 - net(x))),
    ('split_background', 'sigmoid_one', None, [], ['sigmoid-to-softmax=background-first'],
     lambda t, net, x: t.join(1 - net(x), net(x))),
    ('model_behind', 'logits', None, [], ['model=probabilities'],
     lambda t, net, x: t.step('probabilities', net(x))),
    ('split_then_model', 'sigmoid_one', None, [], ['sigmoid-to-softmax', 'model=renormalise'],
     lambda t, net, x: t.step('renormalise', t.join(net(x), 1 - net(x)))),
    ('all_at_once', 'logits', (32, 12), ['rgb-to-bgr', 'model=mixer', 'scale=0.5'],
     ['softmax', 'model=probabilities'],
     lambda t, net, x: t.step('probabilities', t.softmax(
         net(t.step('mixer', x[..., ::-1]) * 0.5)))),
]

# name, network, arguments, exit status; the message is in pinned/
STEP_REFUSALS = [
    ('grey_swap', 'unet_one_channel', [PRE, 'rgb-to-bgr'], 1),
    ('rgba_swap_of_rgb', 'logits', [PRE, 'rgba-to-bgra'], 1),
    ('two_factors', 'logits', [PRE, 'scale=1,2'], 1),
    ('two_channels_of_three', 'logits', [PRE, 'transpose-channels=1,0'], 1),
    ('split_of_three', 'logits', [POST, 'sigmoid-to-softmax'], 1),
    ('model_of_four', 'logits', [PRE, 'model=to_four'], 1),
    ('model_of_halves', 'logits', [PRE, 'model=halves'], 1),
    ('model_of_other_size', 'logits', [PRE, 'model=doubler'], 1),
    ('model_behind_of_two', 'logits', [POST, 'model=renormalise'], 1),
    ('class_count', 'sigmoid_one', [POST, 'sigmoid-to-softmax'], 1),
    ('unknown_step', 'logits', [PRE, 'rgb_to_bgr'], 2),
    ('step_of_other_side', 'logits', [PRE, 'softmax'], 2),
    ('step_of_other_side_behind', 'logits', [POST, 'rgb-to-bgr'], 2),
    ('limits_equal', 'logits', [PRE, 'normalize=3,3'], 2),
    ('limits_of_two', 'logits', [PRE, 'normalize=0,1,0,1'], 1),
    ('means_odd', 'logits', [PRE, 'standardize=0.5'], 2),
    ('values_missing', 'logits', [PRE, 'scale'], 2),
    ('values_wrong', 'logits', [PRE, 'shift=1,two'], 2),
    ('values_infinite', 'logits', [PRE, 'shift=inf'], 2),
    ('values_too_many', 'logits', [PRE, 'rgb-to-bgr=1'], 2),
    ('no_permutation', 'logits', [PRE, 'transpose-channels=0,0,1'], 2),
    ('option_wrong', 'sigmoid_one', [POST, 'sigmoid-to-softmax=first'], 2),
    ('path_missing', 'logits', [PRE, 'model='], 2),
    ('model_missing', 'logits', [PRE, 'model=nowhere'], 3),
    ('dims_one', 'logits', ['--spatial-dims', '64'], 2),
    ('dims_zero', 'logits', ['--spatial-dims', '0,64'], 2),
    ('dims_text', 'logits', ['--spatial-dims', 'a,b'], 2),
]


# ------------------------------------------------------------ make: where a TensorFlow is

class Maker:
    """Writes the cases of one exporter."""

    def __init__(self, exporter, root, exports):
        if exporter == 'tf_keras':
            os.environ['TF_USE_LEGACY_KERAS'] = '1'
        sys.path.insert(0, os.path.join(HERE, '..', 'networks'))
        import export
        import networks
        import numpy
        self.export, self.networks, self.numpy = export, networks, numpy
        self.tf = export.tf
        self.keras = export.find_keras('tf_keras' if exporter == 'tf_keras' else None)
        self.major = networks.major(self.keras)
        self.root, self.exports = root, exports
        self.bound, unlike = ({name for name, (exporters, _) in table.items()
                               if exporter in exporters} for table in (BOUND, UNLIKE))
        rows = networks.NETWORKS + own_networks(networks)
        self.rows = {row.name: row for row in rows
                     if row.expect == 'converts' and row.name not in unlike}

    # ---- models

    def build(self, row, shape):
        if self.major not in row.keras:
            raise self.export.Skip('not for Keras %d' % self.major)
        if self.major == 2 and self.export.tensorflow_version() < row.since:
            raise self.export.Skip('needs a newer TensorFlow')
        self.keras.backend.clear_session()
        return row.build(self.keras, *shape, row.classes)

    def save(self, model, name, ready=None):
        """Exports a model and returns where, seen from a case."""
        ready = ready or os.path.join(self.exports or '', name, 'model')
        if self.exports and os.path.isdir(ready):
            return os.path.relpath(ready, os.path.join(self.root, name))
        how = self.export.WAYS[self.export.USUAL_WAY[self.major]]
        how(model, os.path.join(self.root, 'models', name))
        return os.path.join('..', 'models', name)

    def at_size(self, row, base, size):
        """The network at another size with the weights of `base`; None where that cannot be."""
        if None in row.shape:
            return base
        try:
            model = self.build(row, size + row.shape[2:])
        except Exception:
            return None
        old, new = base.get_weights(), model.get_weights()
        if [value.shape for value in old] != [value.shape for value in new]:
            return None
        model.set_weights(old)
        return model

    def picture(self, model, size, channels, name):
        return self.export.keras_inputs(model, size + (channels,), name)[0]

    def answer(self, model, picture):
        result = model(self.tf.constant(picture), training=False)
        return self.export.store(self.export.arrays(result)[0])

    # ---- networks

    def network(self, row, sizes):
        """The cases of one network: `sizes` are new ones; None: twice the old."""
        base = self.build(row, row.shape)
        self.networks.randomise(base.weights, row.name)
        # What is trained has other weights in a ready export.
        ready = 'none' if getattr(base, 'optimizer', None) else None
        model = self.save(base, row.name, ready)
        for size in sizes:
            self.network_case(row, base, model, size)

    def network_case(self, row, base, model, size):
        name = row.name + ('_%dx%d' % size if size else '')
        if not size:
            size = OPEN_SIZE if None in row.shape else (row.shape[0] * 2, row.shape[1] * 2)
        arguments, swap = edits(size, row.shape[2])
        made = case(name, model, arguments, row.classes, dims=size,
                    tolerance=COARSE.get(row.name, TOLERANCE))
        is_refused = (row.name, size) in MISFITS or row.name in self.bound
        other = None if is_refused else self.at_size(row, base, size)
        if row.name in ASSUMED:
            return write_case(self.root, made._replace(mentions='[spatial-assumption]'))
        if other is None:
            return write_case(self.root, self.refused(made, row.name, size))
        x = self.picture(other, size, row.shape[2], name)
        write_case(self.root, made, {'input': x, 'expected': self.answer(other, swap(x))})

    def refused(self, made, name, size):
        if name in WORD_FOR_WORD or (name, size) in MISFITS:
            return made._replace(exit=1, golden='%s.keras%d.txt' % (made.name, self.major))
        return made._replace(exit=1, mentions='[spatial-dims]')

    # ---- steps

    def make_steps(self):
        """Exports the models that are steps."""
        for name in STEP_MODELS:
            size = (None, None) if name == 'mixer_open' else STEP_SHAPE[:2]
            self.save(self.step_model(name, size), name)

    def step_model(self, name, size):
        channels, make_layers = STEP_MODELS[name]
        self.keras.backend.clear_session()
        inputs = x = self.keras.Input(shape=tuple(size) + (channels,))
        for layer in make_layers(self.keras):
            x = layer(x)
        model = self.keras.Model(inputs, x)
        self.networks.randomise(model.weights, name)
        return model

    def step_network(self, name, dims):
        """(network of the size `dims`, its export, classes); the export has a size of its own."""
        row = self.rows[name]
        channels = row.shape[2]
        row = row._replace(name='step_' + name, shape=STEP_SHAPE[:2] + (channels,))
        base = self.build(row, row.shape)
        self.networks.randomise(base.weights, row.name)
        model = os.path.join('..', 'models', row.name)
        if not os.path.isdir(os.path.join(self.root, 'models', row.name)):
            self.save(base, row.name)
        other = self.at_size(row, base, dims) if dims else base
        return other, model, row.classes

    def bring_steps(self, name, texts):
        """Copies the models into the case, so that messages show short paths only."""
        for text in texts:
            step = text[len('model='):]
            target = os.path.join(self.root, name, step)
            is_model = text.startswith('model=') and step in STEP_MODELS
            if is_model and not os.path.isdir(target):
                shutil.copytree(os.path.join(self.root, 'models', step), target)

    def step_case(self, row):
        name, network, dims, before, after, expected = row
        model, path, _ = self.step_network(network, dims)
        size = dims or STEP_SHAPE[:2]
        x = self.picture(model, size, int(model.inputs[0].shape[-1]), name)
        # Arithmetic in front of the network is done in numpy's float32, as in TensorFlow's.
        answer = expected(Tools(self), lambda value: self.answer(model, value), x)
        arguments = ['--spatial-dims', '%d,%d' % dims] if dims else []
        for option, steps in ((PRE, before), (POST, after)):
            for step in steps:
                arguments += [option, step]
        write_case(self.root, case(name, path, arguments, int(answer.shape[-1]), dims=size),
                   {'input': x, 'expected': self.numpy.array(answer)})
        self.bring_steps(name, before + after)

    def step_refusal(self, row):
        name, network, arguments, status = row
        _, path, classes = self.step_network(network, None)
        write_case(self.root, case(name, path, arguments, classes, exit=status,
                                   golden=name + '.txt'))
        self.bring_steps(name, arguments)


class Tools:
    """What the table of steps computes with; TensorFlow's own functions where there are any."""

    def __init__(self, maker):
        self.maker, self.tf, self.numpy = maker, maker.tf, maker.numpy

    def floats(self, *values):
        return self.numpy.array(values, self.numpy.float32)

    def add(self, x, value):
        return x + self.floats(value)

    def standardise(self, x):
        return self.numpy.array(self.tf.image.per_image_standardization(x))

    def softmax(self, x):
        return self.numpy.array(self.tf.nn.softmax(x))

    def sigmoid(self, x):
        return self.numpy.array(self.tf.sigmoid(x))

    def join(self, *parts):
        return self.numpy.concatenate(parts, -1)

    def step(self, name, x):
        model = self.maker.step_model(name, x.shape[1:3])
        return self.maker.answer(model, x.astype(self.numpy.float32))


def attempt(name, function, *arguments):
    """One line on standard output: what could not be made, and why."""
    noise = io.StringIO()
    stdout, sys.stdout = sys.stdout, noise
    try:
        function(*arguments)
        status = 'ok'
    except Exception as error:
        lines = [line for line in str(error).splitlines() if line.strip()]
        status = 'skip\t%s: %s' % (type(error).__name__, (lines or [''])[0][:160])
    finally:
        sys.stdout = stdout
    print('%s\t%s' % (name, status), flush=True)


def wanted_sizes(maker, quick):
    """{network: sizes}"""
    sizes = {name: [None] for name in maker.rows}
    for name, size in MORE_SIZES + MISFITS:
        sizes[name].append(size)
    if quick is not None:
        sizes = {name: sizes[name][:2] for name in quick}
    return sizes


def make(asked):
    os.environ.setdefault('TF_CPP_MIN_LOG_LEVEL', '3')
    maker = Maker(asked.exporter, asked.root, asked.exports)
    sizes = wanted_sizes(maker, QUICK[asked.exporter] if asked.quick else None)
    tasks = [(name, maker.network, maker.rows[name], sizes[name]) for name in sizes]
    count = QUICK_RANDOM_NETWORKS if asked.quick else RANDOM_NETWORKS
    # Each random network goes through one exporter in the quick selection, else through all.
    turn = sorted(EXPORTERS).index(asked.exporter)
    for seed in range(turn, count, 2) if asked.quick and turn < 2 else range(count):
        row, size = random_network(maker.networks, seed)
        tasks.append((row.name, maker.network, row, [size]))
    if asked.only:
        tasks = [task for task in tasks if task[0] in asked.only]
    if asked.exporter != 'tf_keras':
        table = [(row[0], maker.step_case, row) for row in STEP_CASES]
        if asked.exporter == 'keras3':
            table += [(row[0], maker.step_refusal, row) for row in STEP_REFUSALS]
        table = [task for task in table if not asked.only or task[0] in asked.only]
        if table:
            tasks.append(('steps', maker.make_steps))
        tasks += table
    for task in tasks:
        attempt(*task)


# ------------------------------------------------------------ run: TensorFlow 2.0.0

def dims_of(message):
    """A serialised TensorShapeProto: dim=2 {size=1}."""
    from engine import every, first
    sizes = [first(dim, 1, 0) for dim in every(message, 2)]
    return [size - (1 << 64) if size >> 63 else size for size in sizes]


def recorded(folder, session):
    """(element type, {what: shape}) of all that tells the size of the input and the output.

    SavedModel: meta_graphs=2 {graph_def=2 {node=1 {op=2, attr=5}}, signature_def=5}; AttrValue:
    type=6, shape=7; TensorInfo: tensor_shape=3.
    """
    from engine import every, first, string_map
    with open(os.path.join(folder, 'saved_model.pb'), 'rb') as file:
        graph = first(first(file.read(), 2), 2)
    placeholder, = (node for node in every(graph, 1) if first(node, 2) == b'Placeholder')
    attrs = string_map(placeholder, 5)
    signature = string_map(session.meta_graph, 5)['serving_default']
    shapes = {'Placeholder': dims_of(first(attrs['shape'], 7))}
    for part, name in ((1, 'input'), (2, 'output')):
        info, = string_map(signature, part).values()
        shapes['signature\'s ' + name] = dims_of(first(info, 3))
    for node in every(graph, 1): # only the call of the network has it: list=1 {shape=7}
        recorded_outputs = string_map(node, 5).get('_output_shapes')
        if recorded_outputs is not None:
            shapes['_output_shapes of %s' % first(node, 1).decode()] = dims_of(first(first(recorded_outputs, 1), 7))
    return first(attrs['dtype'], 6), shapes


def wrong_shape(shapes, x, expected):
    for what, shape in shapes.items():
        right = list((expected if 'output' in what else x).shape)
        if shape not in (right, [-1] + right[1:]):
            return 'the %s records %s, not %s' % (what, shape, [-1] + right[1:])
    return None


def run_case(engine, types, folder):
    """(fault or None, difference)"""
    import numpy
    x, expected = (numpy.load(os.path.join(folder, name + '.npy'))
                   for name in ('input', 'expected'))
    model = os.path.join(folder, 'converted')
    with engine.load(model) as session:
        number, shapes = recorded(model, session)
        result, = session.run({name: x.astype(types[number])
                               for name in session.inputs.values()},
                              list(session.outputs.values()))
    if result.shape != expected.shape:
        return 'it gives %s, not %s' % (result.shape, expected.shape), 0.0
    difference = numpy.abs(result.astype('f8') - expected.astype('f8')).max()
    difference = float(difference / max(1.0, numpy.abs(expected.astype('f8')).max()))
    if not difference <= read_case(folder).tolerance:
        return 'the results differ by %.1e' % difference, difference
    return wrong_shape(shapes, x, expected), difference


def run(asked):
    from engine import DTYPES, Engine
    engine = Engine(asked.cache)
    for folder in asked.folders:
        try:
            fault, difference = run_case(engine, DTYPES, folder)
        except Exception as error:
            fault, difference = 'TensorFlow 2.0.0: %s' % str(error).splitlines()[0][:200], 0.0
        print(json.dumps([folder, fault, difference]), flush=True)


# ------------------------------------------------------------ the driver

def convert(czmodel, folder, update):
    """Converts the case and unpacks the result; returns its fault, or None."""
    wanted = read_case(folder)
    spec = {'BorderSize': 0, 'ColorHandling': 'SplitRgb', 'PixelType': 'Bgr24',
            'Classes': ['class %d' % i for i in range(wanted.classes)],
            'ModelPath': wanted.model}
    with open(os.path.join(folder, 'spec.json'), 'w') as file:
        json.dump(spec, file)
    os.makedirs(os.path.join(folder, 'out'), exist_ok=True)
    command = [czmodel, 'convert', 'spec.json', 'out', 'm', '--model-id', MODEL_ID,
               '--allow', ALLOWED]
    done = subprocess.run(command + wanted.arguments, cwd=folder, stdout=subprocess.PIPE,
                          stderr=subprocess.PIPE, timeout=1200)
    message = done.stderr.decode(errors='replace')
    return (wrong_answer(wanted, done.returncode, message, update)
            or wrong_files(folder, done.returncode))


# Faults that do not matter here: these cases are about sizes.
ALLOWED = ('input-size-undefined,input-batch,input-channels,input-layout,output-size,'
           'pixel-type-channels,tile-memory')
SILENT = set(ALLOWED.split(',')) | {'border', 'border-size', 'color-order', 'input-type',
                                    'probabilities', 'random-op'}


def without_silent(message):
    """The findings that the cases are about: each has three lines, the first ends with its rule."""
    lines, kept = message.splitlines(True), []
    skip = 0
    for line in lines:
        rule = re.search(r' \[([a-z-]+)\]$', line.rstrip('\n'))
        if rule and rule.group(1) in SILENT:
            skip = 3
        if skip:
            skip -= 1
        else:
            kept.append(line)
    return ''.join(kept)


def wrong_answer(wanted, status, message, update):
    if 'Sanitizer' in message or 'runtime error' in message:
        return message
    if status != wanted.exit:
        return 'exit status %d, not %d\n%s' % (status, wanted.exit, message)
    if wanted.mentions and wanted.mentions not in message:
        return 'no %s in:\n%s' % (wanted.mentions, message)
    if not wanted.golden:
        return None
    message = without_silent(message)
    path = os.path.join(PINNED, wanted.golden)
    if update:
        with open(path, 'w') as file:
            file.write(message)
    if not os.path.exists(path):
        return 'pinned/%s is missing; the message is:\n%s' % (wanted.golden, message)
    with open(path) as file:
        text = file.read()
    return None if text == message else 'pinned/%s says:\n%sthe message is:\n%s' % (
        wanted.golden, text, message)


def wrong_files(folder, status):
    found = os.listdir(os.path.join(folder, 'out'))
    if found != ([] if status else ['m.czmodel']):
        return 'the output folder holds %s' % found
    if status == 0:
        with zipfile.ZipFile(os.path.join(folder, 'out', 'm.czmodel')) as outer:
            name, = (name for name in outer.namelist() if name.endswith('.model'))
            with zipfile.ZipFile(io.BytesIO(outer.read(name))) as inner:
                inner.extractall(os.path.join(folder, 'converted'))
    return None


def make_all(asked, pythons, root):
    """Lets each exporter write its cases; returns the lines with faults."""
    workers = []
    for exporter, version in EXPORTERS.items():
        if version not in pythons or (asked.quick and not QUICK[exporter]):
            continue
        folder = os.path.join(root, exporter)
        command = [pythons[version], os.path.abspath(__file__), 'make', exporter, folder]
        command += ['--quick'] if asked.quick else []
        command += ['--exports', os.path.join(asked.exports, exporter)] if asked.exports else []
        command += ['--only', *asked.only] if asked.only else []
        workers.append((exporter, subprocess.Popen(
            command, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True)))
    faults = []
    for exporter, worker in workers:
        output, errors = worker.communicate()
        for line in output.splitlines():
            name, status, *reason = line.split('\t')
            # Quick selections are of what every exporter can do.
            if status != 'ok' and asked.quick:
                faults.append('%s/%s: %s' % (exporter, name, reason))
            elif status != 'ok':
                print('skip', '%s/%s' % (exporter, name), *reason)
        if worker.returncode:
            faults.append('%s: the exporter ended with %d\n%s' % (
                exporter, worker.returncode, errors[-2000:]))
    return faults


def run_all(python, cache, folders):
    """{folder: (fault, difference)}; a case that ends the process does not take others along."""
    results, left = {}, list(folders)
    while left:
        command = [python, os.path.abspath(__file__), 'run', cache, *left]
        done = subprocess.run(command, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True)
        for line in done.stdout.splitlines():
            folder, fault, difference = json.loads(line)
            results[folder] = fault, difference
        left = [folder for folder in left if folder not in results]
        if left:
            results[left.pop(0)] = 'TensorFlow 2.0.0 ended with %d\n%s' % (
                done.returncode, done.stderr[-1000:]), 0.0
    return results


def python_of(asked):
    """{version: interpreter}"""
    pythons = {'tf221': asked.python_tf221 or environment(asked.build, 'tf221')}
    if asked.python_tf215:
        pythons['tf215'] = asked.python_tf215
    return {version: os.path.abspath(path) for version, path in pythons.items()}


def environment(build, version):
    """The virtual environment of run.py, which is made unless it is there."""
    from run import PYTHONS, REQUIREMENTS, find_python, make_venv
    base = find_python(*PYTHONS[version])
    if not base:
        sys.exit('spatial.py needs a Python of a version in %s' % (PYTHONS[version],))
    return make_venv(base, os.path.join(build, 'engines', version), REQUIREMENTS[version])


def drive(asked):
    pythons = python_of(asked)
    root = os.path.join(os.path.abspath(asked.build), 'spatial')
    shutil.rmtree(root, ignore_errors=True)
    faults = make_all(asked, pythons, root)
    for text in faults:
        print('FAIL', text)
    folders = sorted(os.path.join(root, exporter, name) for exporter in EXPORTERS
                     for name in listed(os.path.join(root, exporter)) if name != 'models')
    results = {folder: (convert(os.path.abspath(asked.czmodel), folder, asked.update), 0.0)
               for folder in folders}
    runnable = [folder for folder, (fault, _) in results.items() if fault is None
                and os.path.exists(os.path.join(folder, 'expected.npy'))]
    cache = os.path.join(os.path.abspath(asked.build), 'engines', 'tf200')
    results.update(run_all(pythons['tf221'], cache, runnable))
    for folder, (fault, difference) in results.items():
        name = os.path.relpath(folder, root)
        if fault:
            print('FAIL', name + ':', fault)
        else:
            print('ok', name, '%.1e' % difference if folder in runnable else '')
    failed = len(faults) + sum(1 for fault, _ in results.values() if fault)
    print('%d passed, %d failed' % (len(results) + len(faults) - failed, failed))
    return 1 if failed or not results else 0


def listed(folder):
    return os.listdir(folder) if os.path.isdir(folder) else []


def options(arguments):
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    role = arguments[0] if arguments and arguments[0] in ('make', 'run') else None
    if role == 'run':
        parser.add_argument('cache')
        parser.add_argument('folders', nargs='+')
    else:
        parser.add_argument('--quick', action='store_true')
        parser.add_argument('--only', nargs='+', metavar='NAME')
        parser.add_argument('--exports', metavar='DIR')
    if role == 'make':
        parser.add_argument('exporter', choices=sorted(EXPORTERS))
        parser.add_argument('root')
    if role is None:
        parser.add_argument('--czmodel', required=True)
        parser.add_argument('--build', required=True)
        parser.add_argument('--python-tf221')
        parser.add_argument('--python-tf215')
        parser.add_argument('--update', action='store_true')
    return {'make': make, 'run': run, None: drive}[role], parser.parse_args(
        arguments[1:] if role else arguments)


def main(arguments):
    role, asked = options(arguments)
    return role(asked)


if __name__ == '__main__':
    sys.exit(main(sys.argv[1:]))
