# SPDX-License-Identifier: Apache-2.0
"""Makes small networks of the kinds that the libraries of the field export, as cases of this folder.

    make_cases.py FOLDER [NAME...]

Each becomes FOLDER/NAME/{model/,input.npy,expected.npy}; those that must also work at another size have
input2.npy and expected2.npy, the answer of the network that was built for that size with the same weights.
cases.py adds them to the archive. Runs in TensorFlow 2.21 with Keras 3 and tf_keras; weights and inputs are
random, from the name.
"""
import collections
import os
import shutil
import sys

os.environ.setdefault('TF_CPP_MIN_LOG_LEVEL', '3')
os.environ.setdefault('CUDA_VISIBLE_DEVICES', '')
os.environ.setdefault('TF_ENABLE_ONEDNN_OPTS', '0')
sys.path.insert(0, os.path.join(os.path.dirname(os.path.dirname(os.path.abspath(__file__))), 'networks'))

import keras  # noqa: E402
import numpy as np  # noqa: E402
import tensorflow as tf  # noqa: E402
import tf_keras  # noqa: E402

import networks  # noqa: E402

v1 = tf.compat.v1
SIZE, OTHER = (8, 12), (12, 16)
CHANNELS, CLASSES = 3, 2

# name    unique, in the archive too
# save    save(case, folder): writes the network, and gives the function that computes its answer
# build   what `save` makes the network of
# sizes   height and width; a second pair: another size that must work
# is_open whether the file leaves them open
# dtype   of the input; the arrays hold its values as float32, which a converted file accepts
Case = collections.namedtuple('Case', 'name save build sizes is_open dtype')
CASES = []


def case(name, save, other=None, is_open=False, size=SIZE, dtype='float32'):
    def enter(build):
        CASES.append(Case(name, save, build, (size, other) if other else (size,), is_open, dtype))
        return build
    return enter


# --------------------------------------------- ways to make and save a network

def build_keras(library, made, size):
    """build(library, input, height, width) gives the output, or a model that is finished."""
    inputs = library.Input((None, None, CHANNELS) if made.is_open else (*size, CHANNELS))
    result = made.build(library, inputs, *size)
    if isinstance(result, library.Model):
        return result
    model = library.Model(inputs, result)
    networks.randomise([w for w in model.weights if 'seed' not in w.name], made.name)
    return model


def save_keras(library, made, folder):
    first = build_keras(library, made, made.sizes[0])
    if library is keras:
        first.export(folder, verbose=False)
    else: # without the functions of the layers, which no case needs
        module = tf.Module()
        module.weights = first.weights
        module.run = tf.function(lambda image: {'output': first(image, training=False)}, input_signature=[
            tf.TensorSpec(first.inputs[0].shape, tf.float32, 'image')])
        tf.saved_model.save(module, folder, signatures=module.run)

    def answer(image):
        if made.is_open or image.shape[1:3] == made.sizes[0]:
            return first(image, training=False)
        other = build_keras(library, made, image.shape[1:3])
        for theirs, own in zip(other.weights, first.weights):
            theirs.assign(np.asarray(own))
        return other(image, training=False)
    return answer


def keras2(made, folder):
    return save_keras(tf_keras, made, folder)


def keras3(made, folder):
    return save_keras(keras, made, folder)


def function(made, folder):
    """build(image, height, width), as a tf.function with constants for weights."""
    module = tf.Module()
    size = [None, None] if made.is_open else made.sizes[0]
    module.run = tf.function(lambda image: {'output': made.build(image, *made.sizes[0])}, input_signature=[
        tf.TensorSpec([None, *size, CHANNELS], tf.float32, 'image')])
    tf.saved_model.save(module, folder, signatures=module.run)
    return lambda image: made.build(tf.constant(image), *image.shape[1:3])


def graph(made, folder):
    """build(image), as a graph with variables that a session of TensorFlow 1 saves."""
    with tf.Graph().as_default():
        size = [None, None] if made.is_open else made.sizes[0]
        image = v1.placeholder(made.dtype, [None, *size, CHANNELS], 'image')
        output = made.build(image)
        opened = v1.Session()
        for variable in v1.global_variables():
            value = networks.filler(variable.op.name)(np.random.RandomState(7), variable.shape.as_list())
            variable.load(value.astype(variable.dtype.as_numpy_dtype), opened)
        v1.saved_model.simple_save(opened, folder, {'image': image}, {'output': output})
    return lambda fed: opened.run(output, {image: fed})


def kernel(name, *shape):
    return tf.constant(networks.filler('kernel')(np.random.RandomState(len(name)), shape), tf.float32)


def conv(x, filters, name, size=3, strides=1):
    weights = kernel(name, size, size, int(x.shape[-1]), filters)
    return tf.nn.conv2d(x, weights, strides, 'SAME')


def classes(x):
    return tf.nn.softmax(conv(x, CLASSES, 'classes', 1))


def head(library, x):
    return library.layers.Conv2D(CLASSES, 1, activation='softmax')(x)


def first(library, x, filters=4, size=3, strides=1):
    return library.layers.Conv2D(filters, size, strides=strides, padding='same', activation='relu')(x)


# --------------------------------------------- SAME padding, pools, resizes

@case('suites-conv-dilated-strided-same-open-size', keras2, (10, 14), is_open=True, size=(9, 13))
def dilated_strided(library, x, height, width):
    x = library.layers.DepthwiseConv2D(3, strides=1, dilation_rate=3, padding='same')(x)
    return head(library, library.layers.Conv2D(4, 4, padding='same', dilation_rate=(2, 3))(x))


@case('zoo-zeropad-maxpool', keras2, OTHER)
def padded_pool(library, x, height, width):
    x = library.layers.Conv2D(4, 3, padding='same', activation='tanh')(x)
    x = library.layers.MaxPooling2D(3, 2)(library.layers.ZeroPadding2D(1)(x))
    return head(library, library.layers.UpSampling2D()(x))


def _twice(method):
    return lambda x: tf.image.resize(x, [2 * int(n) for n in x.shape[1:3]], method)


@case('zoo-bicubic-channels-last', keras2)
def bicubic_between_norms(library, x, height, width):
    x = library.layers.LayerNormalization()(first(library, x, strides=2))
    x = library.layers.Lambda(_twice('bicubic'))(x)
    return head(library, library.layers.LayerNormalization()(x))


@case('zoo-bicubic-after-softmax', keras2)
def bicubic_last(library, x, height, width):
    return library.layers.Lambda(_twice('bicubic'))(head(library, first(library, x, strides=2)))


@case('zoo-whole-map-pool', keras2, OTHER)
def whole_map_pool(library, x, height, width):
    x = first(library, x)
    pooled = library.layers.AveragePooling2D((height, width))(x)
    pooled = library.layers.UpSampling2D((height, width), interpolation='bilinear')(first(library, pooled, 3, 1))
    return head(library, library.layers.Concatenate()([x, pooled]))


@case('reports-adaptive-pools-at-another-size', keras2, OTHER)
def adaptive_pools(library, x, height, width):
    x = first(library, x)
    maps = [x]
    for parts in (1, 2, 4):
        pooled = library.layers.AveragePooling2D((height // parts, width // parts))(x)
        maps.append(library.layers.Lambda(lambda m: tf.image.resize(m, (height, width)))(pooled))
    return head(library, library.layers.Concatenate()(maps))


@case('reports-global-feature-at-another-size', function, OTHER)
def tiled_feature(x, height, width):
    mean = tf.reduce_mean(conv(x, 4, 'mean'), [1, 2], keepdims=True)
    most = tf.reduce_max(conv(x, 2, 'most'), [1, 2], keepdims=True)
    most = tf.broadcast_to(most, tf.stack([tf.shape(x)[0], height, width, 2]))
    return classes(tf.concat([x, tf.tile(mean, [1, height, width, 1]), most], -1))


@case('reports-global-feature-times-ones', function, (24, 48), size=(32, 32))
def spread_feature(x, height, width):
    most = tf.reduce_max(conv(x, 2, 'most'), [1, 2], keepdims=True)
    return classes(tf.concat([x, most * tf.ones([1, height, width, 1])], -1))


@case('reports-loop-over-stack-at-another-size', keras2, OTHER)
def stacked_maps(library, x, height, width):
    maps = [library.layers.Reshape((1, height, width, 2))(first(library, x, 2, size)) for size in (1, 3)]
    stack = library.layers.Concatenate(axis=1)(maps)
    return head(library, library.layers.ConvLSTM2D(2, 3, padding='same')(stack))


@case('reports-meshgrid-of-open-size', function, OTHER, is_open=True)
def meshgrid(x, height, width):
    size = tf.shape(x)
    across, down = tf.meshgrid(tf.linspace(0., 1., size[2]), tf.linspace(0., 1., size[1]))
    places = tf.tile(tf.stack([across, down], -1)[None], [size[0], 1, 1, 1])
    return classes(tf.concat([conv(x, 4, 'first'), places], -1))


# --------------------------------------------- tokens and shapes

@case('zoo-mha-at-another-size', keras3, OTHER)
def attention(library, x, height, width):
    x = library.layers.Reshape((height * width // 16, 8))(first(library, x, 8, 4, 4))
    x = library.layers.Add()([x, library.layers.MultiHeadAttention(2, 4)(x, x)])
    x = library.layers.Reshape((height // 4, width // 4, 8))(x)
    return head(library, library.layers.UpSampling2D(4)(x))


@case('zoo-tokens-at-another-size', keras2, OTHER)
def tokens(library, x, height, width):
    x = library.layers.Dense(6)(library.layers.Reshape((-1, 4))(first(library, x)))
    return head(library, library.layers.Reshape((height, width, 6))(x))


@case('zoo-reshape-height-width-rest', keras2, OTHER)
def reshape_rest(library, x, height, width):
    x = library.layers.Dense(6)(library.layers.Reshape((height * width, 4))(first(library, x)))
    return head(library, first(library, library.layers.Reshape((height, width, -1))(x)))


@case('zoo-reshape-rest-channels', keras2, OTHER)
def squeeze_excite(library, x, height, width):
    x = first(library, x, 8)
    s = library.layers.Reshape((1, 1, -1))(library.layers.GlobalAveragePooling2D()(x))
    s = library.layers.Conv2D(8, 1, activation='sigmoid')(first(library, s, 4, 1))
    return head(library, library.layers.Multiply()([x, s]))


@case('zoo-pixel-shuffle-at-another-size', keras3, OTHER)
def pixel_shuffle(library, x, height, width):
    x = library.ops.reshape(first(library, x, 16, 3, 2), (-1, height // 2, width // 2, 2, 2, 4))
    x = library.ops.reshape(library.ops.transpose(x, (0, 1, 3, 2, 4, 5)), (-1, height, width, 4))
    return head(library, x)


@case('zoo-cropped-transpose-at-another-size', function, OTHER)
def cropped_transpose(x, height, width):
    down = tf.nn.relu(conv(x, 4, 'down', 3, 2))
    shape = tf.stack([tf.shape(x)[0], height + 1, width + 1, 4])
    up = tf.nn.conv2d_transpose(down, kernel('up', 3, 3, 4, 4), shape, 2, 'VALID')
    return classes(tf.strided_slice(up, [0, 1, 1, 0], [0, height + 1, width + 1, 4], [1, 1, 1, 1], 9, 9))


@case('zoo-groups-of-channels-at-another-size', function, (16, 24), size=(8, 8))
def flat_groups(x, height, width):
    x = tf.transpose(conv(x, 8, 'first'), [0, 3, 1, 2])
    mean, variance = tf.nn.moments(tf.reshape(x, [-1, 2, 4 * height * width]), [2], keepdims=True)
    x = (tf.reshape(x, [-1, 2, 4 * height * width]) - mean) / tf.sqrt(variance + 1e-3)
    return classes(tf.transpose(tf.reshape(x, [-1, 8, height, width]), [0, 2, 3, 1]))


@case('zoo-involution-at-another-size', function, OTHER)
def involution(x, height, width):
    x = conv(x, 4, 'first')
    patches = tf.image.extract_patches(x, [1, 3, 3, 1], [1, 1, 1, 1], [1, 1, 1, 1], 'SAME')
    patches = tf.reshape(patches, [-1, height, width, 9, 4])
    return classes(tf.reduce_sum(patches * conv(x, 9, 'kernels', 1)[..., tf.newaxis], 3))


def _matrix(x):
    """[N, C, H, W] times a matrix of the channels, over the pixels as one dimension."""
    return tf.matmul(kernel('matrix', 4, 4)[None] + tf.zeros([tf.shape(x)[0], 1, 1]), x)


def _computed(name, target):
    """[N, C, H, W] to [N, C, -1] and back; `target` computes the first shape."""
    @case('real-reshape-computed-' + name, function, OTHER, is_open=True)
    def build(x, height, width):
        x = tf.transpose(conv(x, 4, 'first'), [0, 3, 1, 2])
        lines = _matrix(tf.reshape(x, target(tf.shape(x))))
        return classes(tf.transpose(tf.reshape(lines, tf.shape(x)), [0, 2, 3, 1]))


_computed('slice', lambda shape: tf.concat([shape[:2], [-1]], 0))
_computed('elements', lambda shape: tf.stack([shape[0], shape[1], -1]))
_computed('gather', lambda shape: tf.concat([tf.gather(shape, [0, 1]), [-1]], 0))
_computed('constant', lambda shape: tf.stack([shape[0], 4, -1]))
_computed('product', lambda shape: tf.stack([shape[0], shape[1], tf.reduce_prod(shape[2:])]))


# --------------------------------------------- what depends on constants and weights alone

@case('zoo-median', keras3)
def median(library, x, height, width):
    x = first(library, x)
    middle = library.ops.median(x, axis=(1, 2), keepdims=True)
    return head(library, x - middle * library.ops.quantile(x, 0.3, axis=(1, 2), keepdims=True))


@case('zoo-slice-update', keras3)
def slice_update(library, x, height, width):
    ops = library.ops
    mask = ops.slice_update(ops.zeros((1, height, width, 4)), (0, 1, 2, 0), ops.ones((1, 4, 5, 4)))
    return head(library, first(library, x) * mask)


@case('zoo-fake-quantised-empty-range', function)
def empty_range(x, height, width):
    quantise = tf.quantization
    x = quantise.fake_quant_with_min_max_vars(conv(x, 4, 'first'), 0., 0.) + conv(x, 4, 'second')
    x = quantise.fake_quant_with_min_max_vars_per_channel(x, [-1., 0., -.5, 0.], [1., 0., 2., 0.])
    return classes(x)


class WeightNorm(tf_keras.layers.Layer):
    """A convolution whose weights are normalised; the first call of the training would set the gains."""

    def build(self, shape):
        self.kernel = self.add_weight('kernel', (3, 3, shape[-1], 4))
        self.gain = self.add_weight('gamma', (4,))
        self.is_set = self.add_weight('initialized', (), tf.bool, 'ones', trainable=False)

    def call(self, x):
        def measure():
            lengths = tf.sqrt(tf.reduce_sum(tf.square(self.kernel), [0, 1, 2]))
            with tf.control_dependencies([self.gain.assign(lengths), self.is_set.assign(True)]):
                return tf.identity(self.gain)
        gain = tf.cond(self.is_set, lambda: tf.identity(self.gain), measure)
        return tf.nn.conv2d(x, tf.nn.l2_normalize(self.kernel, [0, 1, 2]) * gain, 1, 'SAME')


@case('zoo-weight-normalisation', keras2)
def weight_norm(library, x, height, width):
    return head(library, WeightNorm()(x))


@case('zoo-quantised-int8', keras3)
def quantised_int8(library, x, height, width):
    return _quantised(library, x, 'int8')


@case('zoo-quantised-float8', keras3)
def quantised_float8(library, x, height, width):
    return _quantised(library, x, 'float8')


def _quantised(library, x, mode):
    hidden = library.layers.Dense(6, activation='relu')(first(library, x))
    model = library.Model(x, library.layers.Dense(CLASSES, activation='softmax')(hidden))
    networks.randomise(model.weights, mode)
    model.quantize(mode)
    return model


# --------------------------------------------- networks of TensorFlow 1, inputs

def _layer(x, filters, name, size=3):
    with v1.variable_scope(name):
        weights = v1.get_variable('kernel', [size, size, int(x.shape[-1]), filters])
        return v1.nn.conv2d(x, weights, [1, 1, 1, 1], 'SAME') + v1.get_variable('bias', [filters])


def _norm(x, is_training, name):
    with v1.variable_scope(name):
        scale, offset, mean, variance = (v1.get_variable(part, [int(x.shape[-1])], trainable=i < 2) for i, part in
                                         enumerate(('gamma', 'beta', 'moving_mean', 'moving_variance')))

    def train():
        y, now, spread = v1.nn.fused_batch_norm(x, scale, offset, is_training=True)
        with tf.control_dependencies([v1.assign(mean, now), v1.assign(variance, spread)]):
            return tf.identity(y)
    return v1.cond(is_training, train, lambda: v1.nn.fused_batch_norm(
        x, scale, offset, mean, variance, is_training=False)[0])


def _phase(x, is_training):
    x = tf.nn.relu(_norm(_layer(x, 4, 'first'), is_training, 'norm'))
    x = v1.cond(is_training, lambda: tf.nn.dropout(x, rate=0.3), lambda: x)
    return tf.nn.softmax(_layer(x, CLASSES, 'last', 1))


@case('real-learning-phase', graph, OTHER, is_open=True)
def learning_phase(x):
    return _phase(x, v1.placeholder_with_default(False, [], 'keras_learning_phase'))


@case('real-is-training', graph)
def is_training(x):
    return _phase(x, tf.equal(v1.placeholder_with_default(0, [], 'is_training'), 1))


@case('real-uint8-input', graph, dtype='uint8')
def uint8_input(x):
    return tf.nn.softmax(_layer(tf.cast(x, tf.float32) / 255, CLASSES, 'only'))


@case('real-tile-multiple', keras2, OTHER)
def tile_multiple(library, x, height, width):
    x = first(library, first(library, x, strides=2), 6, strides=2)
    return head(library, library.layers.UpSampling2D(4)(x))


def _augmented(library, x, **more):
    x = library.layers.RandomRotation(0.1)(library.layers.RandomFlip()(x, **more), **more)
    return head(library, library.layers.Dropout(0.3)(first(library, library.layers.Rescaling(1 / 255)(x))))


@case('real-augmentation', keras3)
def augmentation(library, x, height, width):
    return _augmented(library, x)


@case('real-augmentation-off', keras3)
def augmentation_off(library, x, height, width):
    return _augmented(library, x, training=False)


# --------------------------------------------- writing

def make(folder, made):
    place = os.path.join(folder, made.name)
    shutil.rmtree(place, ignore_errors=True)
    os.makedirs(place)
    answer = made.save(made, os.path.join(place, 'model'))
    for size, suffix in zip(made.sizes, ('', '2')):
        batch = 1 if suffix or size > (20, 20) else 2
        image = networks.sample((*size, CHANNELS), made.name + suffix, batch, made.dtype)
        if made.dtype == 'float32':
            image = np.round(image * 64) / np.float32(64) # packs better
        np.save(os.path.join(place, f'input{suffix}.npy'), image.astype(np.float32))
        np.save(os.path.join(place, f'expected{suffix}.npy'), np.asarray(answer(image)))
    for name in ('fingerprint.pb', 'keras_metadata.pb'):
        path = os.path.join(place, 'model', name)
        if os.path.exists(path):
            os.remove(path)
    shutil.rmtree(os.path.join(place, 'model', 'assets'), ignore_errors=True)


if __name__ == '__main__':
    if len(sys.argv) < 2:
        sys.exit(__doc__)
    for row in CASES:
        if len(sys.argv) == 2 or row.name in sys.argv[2:]:
            make(sys.argv[1], row)
            print(row.name, flush=True)
