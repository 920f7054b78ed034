# SPDX-License-Identifier: Apache-2.0
"""The segmentation networks that the converter is tried on, each written once.

Every builder takes the `keras` module to build with, so that the same network
can come out of Keras 2 (tf.keras of TensorFlow 2.0 up, tf_keras) and Keras 3:
what differs between two exports of one row is then the exporter, not the
network.  NETWORKS lists the Keras networks, MODULES those that are plain
tf.Module objects.  Python 3.7 must be able to read this file, because that is
the newest Python with a TensorFlow 2.0.0.
"""
import collections
import contextlib
import functools
import zlib

import numpy as np
import tensorflow as tf

ANY = (2, 3)

# name     unique, also the name of the folder it is exported to
# build    build(keras, height, width, channels, classes) -> keras model
# shape    (height, width, channels); height and width may be None
# classes  number of output channels
# keras    the major versions of Keras that can express the network
# since    the TensorFlow version whose tf.keras first had the layers
# expect   "converts", or "refused" with the reason in notes
# notes    why the row is here
Network = collections.namedtuple(
    'Network', 'name build shape classes keras since expect notes')
NETWORKS = []


def add(name, build, notes, shape=(32, 32, 3), classes=3, keras=ANY,
        since=(2, 0), expect='converts'):
    NETWORKS.append(Network(name, build, shape, classes, keras, since,
                            expect, notes))


def row(name, notes, **fields):
    """Decorator: the builder below makes one row of the table."""
    def enter(build):
        add(name, build, notes, **fields)
        return build
    return enter


# --------------------------------------------- weights

def _kernel(rng, shape):
    fan_in = max(1, int(np.prod(shape[:-1])))
    return rng.normal(0, (2.0 / fan_in) ** 0.5, shape)


def _near(centre, spread):
    return lambda rng, shape: centre + spread * rng.uniform(-1, 1, shape)


# By the last part of the variable's name.  Statistics and offsets are set far
# from their start values 0 and 1: at those, a converter that mixes up mean and
# variance, or drops a bias, would still look right.
FILLERS = {
    'gamma': _near(1.0, 0.4), 'beta': _near(0.0, 0.3), 'bias': _near(0.0, 0.3),
    'mean': _near(0.1, 0.3), 'variance': _near(1.0, 0.6),
    'moving_mean': _near(0.1, 0.3), 'moving_variance': _near(1.0, 0.6),
    'alpha': _near(0.2, 0.15), 'scale': _near(0.5, 0.3),
}


def filler(name):
    return FILLERS.get(name.split('/')[-1].split(':')[0], _kernel)


def randomise(weights, seed_text):
    """Gives every floating point variable seeded values; integers (random
    generator states, counters) stay as they are."""
    rng = np.random.RandomState(zlib.crc32(seed_text.encode()) & 0x7fffffff)
    for weight in weights:
        dtype = str(getattr(weight.dtype, 'name', weight.dtype))
        if 'float' not in dtype:
            continue
        shape = tuple(int(n) for n in weight.shape)
        value = filler(weight.name)(rng, shape)
        if dtype == 'bfloat16':
            value = tf.cast(value, dtype)
        weight.assign(value)


def sample(shape, seed_text, batch=2, dtype='float32'):
    """An input picture: noise on a ramp, so that mirrored or transposed
    results cannot pass for right ones."""
    rng = np.random.RandomState(zlib.crc32(seed_text.encode()) & 0x7fffffff)
    full = (batch,) + tuple(shape)
    picture = rng.uniform(0, 1, full)
    ramp = np.linspace(-0.5, 0.5, shape[0])
    ramp = ramp.reshape((1, -1) + (1,) * (len(shape) - 1))
    picture = picture + ramp
    if np.issubdtype(np.dtype(dtype), np.integer):
        picture = np.clip(picture * 160 + 20, 0, 255)
    return picture.astype(dtype)


# --------------------------------------------- building blocks

def major(keras):
    """Some tf.keras of the 2.x line do not contain their version."""
    return int(getattr(keras, '__version__', '2').split('.')[0])



def conv(keras, x, filters, size=3, activation='relu', **more):
    more.setdefault('padding', 'same')
    return keras.layers.Conv2D(filters, size, activation=activation, **more)(x)


def conv_bn(keras, x, filters, size=3, activation='relu', **more):
    x = conv(keras, x, filters, size, activation=None, use_bias=False, **more)
    x = keras.layers.BatchNormalization()(x)
    return keras.layers.Activation(activation)(x) if activation else x


def head(keras, x, classes, **more):
    return keras.layers.Conv2D(classes, 1, activation='softmax', **more)(x)


def start(keras, height, width, channels, **more):
    return keras.Input(shape=(height, width, channels), **more)


def finish(keras, inputs, x, classes, **more):
    return keras.Model(inputs, head(keras, x, classes, **more))


def swish(keras, x):
    """TensorFlow 2.0 has no such activation yet, and its tf.nn.swish cannot
    be traced by Keras."""
    try:
        return keras.layers.Activation('swish')(x)
    except ValueError:
        return keras.layers.Multiply()([
            x, keras.layers.Activation('sigmoid')(x)])


def experimental(keras, name):
    """A layer that lived under `experimental.preprocessing` before TF 2.6."""
    if hasattr(keras.layers, name):
        return getattr(keras.layers, name)
    return getattr(keras.layers.experimental.preprocessing, name)


def custom(keras, call, weights=(), **more):
    """An instance of a layer of our own.

    weights: (name, shape or function of the input shape, trainable).
    """
    class Custom(keras.layers.Layer):
        def build(self, shape):
            for name, size, trainable in weights:
                size = size(shape) if callable(size) else size
                setattr(self, name, self.add_weight(
                    name=name, shape=size, initializer='zeros',
                    trainable=trainable))
            super(Custom, self).build(shape)

        def call(self, x):
            return call(self, x)
    return Custom(**more)


def last(shape):
    return (int(shape[-1]),)


@contextlib.contextmanager
def policy(keras, name):
    """Sets the global precision policy for as long as a network is built."""
    setter = getattr(keras.mixed_precision, 'set_global_policy', None) \
        or keras.mixed_precision.experimental.set_policy
    setter(name)
    try:
        yield
    finally:
        setter('float32')


# --------------------------------------------- U-Nets

def up_step(keras, x, filters, how):
    if how == 'transpose':
        return keras.layers.Conv2DTranspose(filters, 2, strides=2,
                                            padding='same')(x)
    x = keras.layers.UpSampling2D(2, interpolation=how)(x)
    return conv(keras, x, filters, 2)


def unet(keras, height, width, channels, classes, up='transpose', norm=False,
         depth=2, base=8, inputs=None):
    block = conv_bn if norm else conv
    inputs = inputs or start(keras, height, width, channels)
    x, skips = inputs, []
    for level in range(depth):
        x = block(keras, x, base << level)
        x = block(keras, x, base << level)
        skips.append(x)
        x = keras.layers.MaxPooling2D(2)(x)
    x = block(keras, x, base << depth)
    for level in reversed(range(depth)):
        x = up_step(keras, x, base << level, up)
        x = keras.layers.Concatenate()([skips[level], x])
        x = block(keras, x, base << level)
    return finish(keras, inputs, x, classes)


add('unet', unet, 'Conv2DTranspose, the plain case')
add('unet_nearest', functools.partial(unet, up='nearest'), 'UpSampling2D')
add('unet_bilinear', functools.partial(unet, up='bilinear'), 'UpSampling2D')
add('unet_bicubic', functools.partial(unet, up='bicubic'),
    'ResizeBicubic', since=(2, 13))
add('unet_bn', functools.partial(unet, norm=True), 'batch normalisation')
add('unet_bn_undefined', functools.partial(unet, norm=True),
    'height and width undefined', shape=(None, None, 3))
add('unet_undefined', unet, 'height and width undefined',
    shape=(None, None, 3))
add('unet_nearest_undefined', functools.partial(unet, up='nearest'),
    'height and width undefined', shape=(None, None, 1), classes=2)
add('unet_bilinear_undefined', functools.partial(unet, up='bilinear'),
    'Keras 3 cannot export it before its fix', shape=(None, None, 1))
add('unet_rgba_wide', functools.partial(unet, norm=True),
    'four channels, not square', shape=(24, 40, 4))
add('unet_one_channel', unet, 'grey picture, two classes',
    shape=(32, 32, 1), classes=2)
add('unet_deep', functools.partial(unet, norm=True, depth=4),
    'many variables: several blocks in the checkpoint index')
add('unet_many_classes', unet, 'more classes than colours', classes=12)


@row('unet_fit', 'trained one step: optimizer slots in the checkpoint')
def unet_fit(keras, height, width, channels, classes):
    model = unet(keras, height, width, channels, classes, norm=True)
    model.compile('adam', 'mse')
    return model


@row('unet_attention', 'attention gates')
def unet_attention(keras, height, width, channels, classes):
    layers = keras.layers
    inputs = start(keras, height, width, channels)
    skip = conv(keras, inputs, 8)
    deep = conv(keras, layers.MaxPooling2D(2)(skip), 16)
    gate = layers.Conv2D(8, 1)(deep)
    theta = layers.Conv2D(8, 2, strides=2)(skip)
    gate = layers.Activation('relu')(layers.Add()([gate, theta]))
    gate = layers.Conv2D(1, 1, activation='sigmoid')(gate)
    gate = layers.UpSampling2D(2, interpolation='bilinear')(gate)
    x = layers.Concatenate()([layers.Multiply()([skip, gate]),
                              layers.Conv2DTranspose(8, 2, strides=2)(deep)])
    return finish(keras, inputs, conv(keras, x, 8), classes)


def dense_net(keras, height, width, channels, classes):
    inputs = start(keras, height, width, channels)
    x = conv(keras, inputs, 8)
    for _ in range(3):
        y = keras.layers.BatchNormalization()(x)
        y = conv(keras, keras.layers.Activation('relu')(y), 4)
        x = keras.layers.Concatenate()([x, y])
    x = keras.layers.AveragePooling2D(2)(conv(keras, x, 8, 1))
    x = keras.layers.UpSampling2D(2)(x)
    return finish(keras, inputs, x, classes)


add('dense_blocks', dense_net, 'pre-activation and concatenation')


@row('linknet', 'additive skips, strided convolutions')
def linknet(keras, height, width, channels, classes):
    layers = keras.layers
    inputs = start(keras, height, width, channels)
    a = conv_bn(keras, inputs, 8, strides=2)
    b = conv_bn(keras, a, 16, strides=2)
    x = layers.Conv2DTranspose(8, 3, strides=2, padding='same')(b)
    x = layers.Add()([x, a])
    x = layers.Conv2DTranspose(8, 4, strides=2, padding='same')(x)
    return finish(keras, inputs, x, classes)


@row('pyramid_pooling', 'PSPNet: pools of several sizes, enlarged again')
def pyramid_pooling(keras, height, width, channels, classes):
    layers = keras.layers
    inputs = start(keras, height, width, channels)
    x = conv(keras, inputs, 8)
    parts = [x]
    for factor in (2, 4, 8):
        y = conv_bn(keras, layers.AveragePooling2D(factor)(x), 4, 1)
        parts.append(layers.UpSampling2D(factor, interpolation='bilinear')(y))
    return finish(keras, inputs, layers.Concatenate()(parts), classes)


@row('feature_pyramid', 'FPN: lateral sums, shared heads')
def feature_pyramid(keras, height, width, channels, classes):
    layers = keras.layers
    inputs = start(keras, height, width, channels)
    levels = [conv(keras, inputs, 8)]
    for _ in range(2):
        levels.append(conv(keras, levels[-1], 8, strides=2))
    x = layers.Conv2D(8, 1)(levels[2])
    for level in (1, 0):
        x = layers.UpSampling2D(2)(x)
        x = layers.Add()([x, layers.Conv2D(8, 1)(levels[level])])
    return finish(keras, inputs, x, classes)


# --------------------------------------------- blocks of known encoders

def squeeze_excite(keras, x, filters):
    layers = keras.layers
    y = layers.GlobalAveragePooling2D()(x)
    y = layers.Dense(filters // 2, activation='relu')(y)
    y = layers.Dense(filters, activation='sigmoid')(y)
    y = layers.Reshape((1, 1, filters))(y)
    return layers.Multiply()([x, y])


@row('squeeze_excite', 'GlobalAveragePooling, Dense, Reshape, Multiply')
def squeeze_excite_net(keras, height, width, channels, classes):
    inputs = start(keras, height, width, channels)
    x = squeeze_excite(keras, conv(keras, inputs, 8), 8)
    return finish(keras, inputs, x, classes)


@row('resnet', 'residual blocks, projection shortcut')
def resnet(keras, height, width, channels, classes):
    layers = keras.layers
    inputs = start(keras, height, width, channels)
    x = layers.ZeroPadding2D(3)(inputs)
    x = layers.Conv2D(8, 7, strides=2)(x)
    x = layers.Activation('relu')(layers.BatchNormalization()(x))
    x = layers.MaxPooling2D(3, strides=2, padding='same')(x)
    for filters in (8, 16):
        y = conv_bn(keras, conv_bn(keras, x, filters), filters,
                    activation=None)
        x = layers.Activation('relu')(
            layers.Add()([conv_bn(keras, x, filters, 1, None), y]))
    x = layers.UpSampling2D(4, interpolation='bilinear')(x)
    return finish(keras, inputs, x, classes)


def inverted_residual(keras, x, filters, strides):
    layers = keras.layers
    y = conv_bn(keras, x, filters * 2, 1, None)
    y = layers.ReLU(6.0)(y)
    if strides == 2:
        y = layers.ZeroPadding2D(((0, 1), (0, 1)))(y)
    y = layers.DepthwiseConv2D(3, strides=strides, use_bias=False,
                               padding='valid' if strides == 2 else 'same')(y)
    y = layers.ReLU(6.0)(layers.BatchNormalization()(y))
    y = conv_bn(keras, y, filters, 1, None)
    return layers.Add()([x, y]) if strides == 1 else y


@row('mobilenet_v2', 'ReLU6, depthwise, one-sided ZeroPadding2D')
def mobilenet_v2(keras, height, width, channels, classes):
    inputs = start(keras, height, width, channels)
    x = conv_bn(keras, inputs, 8)
    x = inverted_residual(keras, x, 8, 1)
    x = inverted_residual(keras, x, 8, 2)
    x = inverted_residual(keras, x, 8, 1)
    x = keras.layers.UpSampling2D(2, interpolation='bilinear')(x)
    return finish(keras, inputs, x, classes)


@row('mobilenet_v3', 'hard swish written with relu6, squeeze and excitation')
def mobilenet_v3(keras, height, width, channels, classes):
    layers = keras.layers
    inputs = start(keras, height, width, channels)
    x = conv_bn(keras, inputs, 8, activation=None)
    gate = custom(keras, lambda _, t: tf.nn.relu6(t + 3.0) * (1.0 / 6.0))(x)
    x = layers.Multiply()([x, gate])
    x = layers.DepthwiseConv2D(5, padding='same')(x)
    return finish(keras, inputs, squeeze_excite(keras, x, 8), classes)


@row('efficientnet', 'swish and squeeze-and-excitation')
def efficientnet(keras, height, width, channels, classes):
    layers = keras.layers
    inputs = start(keras, height, width, channels)
    x = swish(keras, conv_bn(keras, inputs, 8, activation=None))
    y = layers.DepthwiseConv2D(3, padding='same', use_bias=False)(x)
    y = swish(keras, layers.BatchNormalization()(y))
    y = squeeze_excite(keras, y, 8)
    y = layers.Dropout(0.2, noise_shape=(None, 1, 1, 1))(
        conv_bn(keras, y, 8, 1, None))
    return finish(keras, inputs, layers.Add()([x, y]), classes)


@row('separable', 'SeparableConv2D with depth multiplier and stride')
def separable(keras, height, width, channels, classes):
    layers = keras.layers
    inputs = start(keras, height, width, channels)
    x = layers.SeparableConv2D(8, 3, padding='same', depth_multiplier=2,
                               activation='relu')(inputs)
    x = layers.SeparableConv2D(8, 3, strides=2, padding='same')(x)
    x = layers.DepthwiseConv2D(3, depth_multiplier=2, padding='same')(x)
    return finish(keras, inputs, layers.UpSampling2D(2)(x), classes)


@row('convnext', 'depthwise 7x7, LayerNormalization, gelu, layer scale',
     since=(2, 4))
def convnext(keras, height, width, channels, classes):
    layers = keras.layers
    inputs = start(keras, height, width, channels)
    x = layers.LayerNormalization(epsilon=1e-6)(
        layers.Conv2D(8, 4, strides=4)(inputs))
    y = layers.DepthwiseConv2D(7, padding='same')(x)
    y = layers.LayerNormalization(epsilon=1e-6)(y)
    y = layers.Dense(32, activation='gelu')(y)
    y = custom(keras, lambda layer, t: t * layer.gamma,
               [('gamma', last, True)])(layers.Dense(8)(y))
    x = layers.Add()([x, y])
    x = layers.Conv2DTranspose(8, 4, strides=4)(x)
    return finish(keras, inputs, x, classes)


@row('shufflenet', 'split, channel shuffle by Reshape and Permute')
def shufflenet(keras, height, width, channels, classes):
    layers = keras.layers
    inputs = start(keras, height, width, channels)
    x = conv(keras, inputs, 8)
    halves = [layers.Lambda(lambda t: tf.split(t, 2, axis=-1)[0])(x),
              layers.Lambda(lambda t: tf.split(t, 2, axis=-1)[1])(x)]
    x = layers.Concatenate()([conv(keras, halves[0], 4), halves[1]])
    x = layers.Reshape((height, width, 2, 4))(x)
    x = layers.Reshape((height, width, 8))(layers.Permute((1, 2, 4, 3))(x))
    return finish(keras, inputs, x, classes)


# --------------------------------------------- dilation

def _resize_like(pair):
    small, example = pair
    size = list(example.shape[1:3])
    if None in size:
        size = tf.shape(example)[1:3]
    return tf.image.resize(small, size)


def aspp(keras, height, width, channels, classes, branch):
    layers = keras.layers
    inputs = start(keras, height, width, channels)
    x = conv(keras, inputs, 8, strides=2)
    parts = [conv(keras, x, 4, 1)]
    parts += [branch(layers, rate)(x) for rate in (2, 3, 6)]
    pooled = layers.Lambda(lambda t: tf.reduce_mean(t, [1, 2], True))(x)
    parts.append(layers.Lambda(_resize_like)([conv(keras, pooled, 4, 1), x]))
    x = layers.Concatenate()(parts)
    x = layers.UpSampling2D(2, interpolation='bilinear')(
        conv(keras, x, 8, 1))
    return finish(keras, inputs, x, classes)


def _aspp(**by_layer):
    kind, options = next(iter(by_layer.items()))
    return functools.partial(aspp, branch=lambda layers, rate: getattr(
        layers, kind)(*options, padding='same', dilation_rate=rate))


add('aspp', _aspp(Conv2D=(4, 3)), 'dilated Conv2D, image pooling, resize')
add('aspp_depthwise', _aspp(DepthwiseConv2D=(3,)),
    'TensorFlow 2.0.0 ignores the dilation of a depthwise convolution',
    since=(2, 2))
add('aspp_separable', _aspp(SeparableConv2D=(4, 3)), 'dilated separable')
add('aspp_undefined', _aspp(Conv2D=(4, 3)), 'dilation at any size',
    shape=(None, None, 3))


@row('dilated_valid', 'dilated without padding, then cropped skip')
def dilated_valid(keras, height, width, channels, classes):
    inputs = start(keras, height, width, channels)
    x = conv(keras, inputs, 8, dilation_rate=2, padding='valid')
    x = conv(keras, x, 8, dilation_rate=(1, 3), padding='valid')
    x = keras.layers.ZeroPadding2D(((2, 2), (5, 5)))(x)
    return finish(keras, inputs, x, classes)


@row('dilated_depthwise_odd', 'unequal dilation, sizes it does not divide',
     shape=(29, 31, 3), since=(2, 2))
def dilated_depthwise_odd(keras, height, width, channels, classes):
    layers = keras.layers
    inputs = start(keras, height, width, channels)
    x = conv(keras, inputs, 8)
    x = layers.DepthwiseConv2D(3, padding='same', dilation_rate=(2, 2))(x)
    x = layers.DepthwiseConv2D(3, padding='same', dilation_rate=3)(x)
    return finish(keras, inputs, x, classes)


@row('dilated_depthwise_undefined', 'dilation with undefined sizes',
     shape=(None, None, 3), since=(2, 2))
def dilated_depthwise_undefined(keras, height, width, channels, classes):
    layers = keras.layers
    inputs = start(keras, height, width, channels)
    x = conv(keras, inputs, 8)
    x = layers.DepthwiseConv2D(3, padding='same', dilation_rate=2)(x)
    return finish(keras, inputs, x, classes)


@row('causal_rows', 'Conv1D over rows, dilated and causal')
def causal_rows(keras, height, width, channels, classes):
    layers = keras.layers
    inputs = start(keras, height, width, channels)
    x = layers.Reshape((height, width * channels))(inputs)
    x = layers.Conv1D(width * 2, 3, padding='causal', dilation_rate=2)(x)
    x = layers.Reshape((height, width, 2))(x)
    return finish(keras, inputs, x, classes)


# --------------------------------------------- activations

def one_activation(keras, height, width, channels, classes, activate):
    inputs = start(keras, height, width, channels)
    x = conv(keras, inputs, 8, activation=None)
    return finish(keras, inputs, activate(keras, x), classes)


def _layer(name, *args, **more):
    return lambda keras, x: getattr(keras.layers, name)(*args, **more)(x)


def _named(name):
    return lambda keras, x: keras.layers.Activation(name)(x)


def _call(function):
    return lambda keras, x: keras.layers.Lambda(function)(x)


def _gelu_erf(x):
    return 0.5 * x * (1.0 + tf.math.erf(x / 1.41421356))


def _gelu_tanh(x):
    return 0.5 * x * (1.0 + tf.tanh(0.79788456 * (x + 0.044715 * x ** 3)))


# name: (activation, TensorFlow version since when)
ACTIVATIONS = {
    'prelu_shared': (_layer('PReLU', shared_axes=[1, 2]), (2, 0)),
    'prelu_full': (_layer('PReLU'), (2, 0)),
    'leaky_relu': (_layer('LeakyReLU'), (2, 0)),
    'leaky_relu_function': (_call(lambda x: tf.nn.leaky_relu(x)), (2, 0)),
    'elu': (_layer('ELU'), (2, 0)),
    'elu_scaled': (_layer('ELU', alpha=0.5), (2, 0)),
    'selu': (_named('selu'), (2, 0)),
    'softplus': (_named('softplus'), (2, 0)),
    'softsign': (_named('softsign'), (2, 0)),
    'hard_sigmoid': (_named('hard_sigmoid'), (2, 0)),
    'tanh': (_named('tanh'), (2, 0)),
    'exponential': (_named('exponential'), (2, 0)),
    'swish': (swish, (2, 0)),
    'relu_threshold': (lambda keras, x: keras.layers.ReLU(
        4.0, negative_slope=0.1, threshold=0.2)(x), (2, 0)),
    'gelu_erf': (_call(lambda x: tf.nn.gelu(x)), (2, 4)),
    'gelu_tanh': (_call(lambda x: tf.nn.gelu(x, approximate=True)), (2, 4)),
    'gelu_named': (_named('gelu'), (2, 4)),
    'gelu_erf_formula': (_call(_gelu_erf), (2, 0)),
    'gelu_tanh_formula': (_call(_gelu_tanh), (2, 0)),
    'mish': (_call(lambda x: x * tf.tanh(tf.nn.softplus(x))), (2, 0)),
    'mish_named': (_named('mish'), (2, 13)),
    'hard_swish': (_call(lambda x: x * tf.nn.relu6(x + 3.0) / 6.0), (2, 0)),
    'hard_swish_named': (_named('hard_swish'), (2, 16)),
    'crelu': (_call(lambda x: tf.nn.crelu(x)), (2, 0)),
    'log_sigmoid': (_call(lambda x: tf.math.log_sigmoid(x)), (2, 0)),
    'relu6': (_named(tf.nn.relu6), (2, 0)),
    'maxout': (_call(lambda x: tf.maximum(x[..., :4], x[..., 4:])), (2, 0)),
}
for _name, (_activate, _since) in ACTIVATIONS.items():
    add('act_' + _name, functools.partial(one_activation, activate=_activate),
        'activation', since=_since)


# --------------------------------------------- normalisation

def normalised(keras, height, width, channels, classes, norm):
    inputs = start(keras, height, width, channels)
    x = conv(keras, inputs, 8, activation=None)
    x = keras.layers.Activation('relu')(norm(keras)(x))
    return finish(keras, inputs, conv(keras, x, 8), classes)


def _instance_norm(layer, x):
    mean, variance = tf.nn.moments(x, [1, 2], keepdims=True)
    return tf.nn.batch_normalization(x, mean, variance, layer.beta,
                                     layer.gamma, 1e-5)


def _weight_norm(layer, x):
    kernel = tf.nn.l2_normalize(layer.kernel, axis=[0, 1, 2])
    return tf.nn.conv2d(x, kernel, 1, 'SAME') * layer.gamma


# name: (layer from keras, TensorFlow version since when)
NORMS = {
    'batch': (lambda k: k.layers.BatchNormalization(), (2, 0)),
    'batch_no_scale': (lambda k: k.layers.BatchNormalization(
        scale=False, center=False), (2, 0)),
    'batch_epsilon': (lambda k: k.layers.BatchNormalization(
        epsilon=0.1), (2, 0)),
    'batch_unfused': (lambda k: k.layers.BatchNormalization(
        axis=[-1], fused=False) if major(k) == 2
        else k.layers.BatchNormalization(axis=2), (2, 0)),
    'layer': (lambda k: k.layers.LayerNormalization(), (2, 0)),
    'layer_hwc': (lambda k: k.layers.LayerNormalization(axis=[1, 2, 3]),
                  (2, 0)),
    'layer_plain': (lambda k: k.layers.LayerNormalization(
        center=False, scale=False), (2, 0)),
    'group': (lambda k: k.layers.GroupNormalization(groups=4), (2, 11)),
    'group_instance': (lambda k: k.layers.GroupNormalization(groups=-1),
                       (2, 11)),
    'unit': (lambda k: k.layers.UnitNormalization(), (2, 8)),
    'rms': (lambda k: k.layers.RMSNormalization(), (2, 18)),
    'instance': (lambda k: custom(k, _instance_norm, [
        ('gamma', last, True), ('beta', last, True)]), (2, 0)),
    'weight': (lambda k: custom(k, _weight_norm, [
        ('kernel', lambda s: (3, 3, int(s[-1]), 8), True),
        ('gamma', (8,), True)]), (2, 0)),
    'spectral': (lambda k: k.layers.SpectralNormalization(
        k.layers.Conv2D(8, 3, padding='same')), (2, 13)),
    'local_response': (lambda k: k.layers.Lambda(
        lambda x: tf.nn.local_response_normalization(x, 2)), (2, 0)),
    'l2': (lambda k: k.layers.Lambda(
        lambda x: tf.nn.l2_normalize(x, axis=-1)), (2, 0)),
}
for _name, (_norm, _since) in NORMS.items():
    add('norm_' + _name, functools.partial(normalised, norm=_norm),
        'normalisation', since=_since)
add('norm_layer_undefined', functools.partial(
    normalised, norm=NORMS['layer'][0]), 'sizes undefined',
    shape=(None, None, 3))
add('norm_group_undefined', functools.partial(
    normalised, norm=NORMS['group'][0]), 'sizes undefined',
    shape=(None, None, 3), since=(2, 11))


# --------------------------------------------- functions in the middle

def with_function(keras, height, width, channels, classes, function):
    inputs = start(keras, height, width, channels)
    x = conv(keras, inputs, 8)
    x = keras.layers.Lambda(function)(x)
    return finish(keras, inputs, x, classes)


def _half(x):
    return tf.nn.avg_pool2d(x, 2, 2, 'VALID')


def _twice(method, antialias=False):
    def function(x):
        size = [int(x.shape[1]) * 2, int(x.shape[2]) * 2]
        return tf.image.resize(_half(x), size, method, antialias=antialias)
    return function


def _shrink_and_grow(method):
    def function(x):
        size = [int(x.shape[1]) // 3, int(x.shape[2]) // 3]
        full = [int(x.shape[1]), int(x.shape[2])]
        small = tf.image.resize(x, size, method, antialias=True)
        return tf.image.resize(small, full, method, antialias=True)
    return function


def _resize_v1(name, **more):
    def function(x):
        full = tf.shape(x)[1:3]
        x = getattr(tf.compat.v1.image, name)(_half(x), full, **more)
        return tf.ensure_shape(x, (None, None, None, 8))
    return function


def _unpool(x):
    """SegNet: values go back to where the maximum was found."""
    pooled, where = tf.nn.max_pool_with_argmax(
        x, 2, 2, 'SAME', include_batch_in_index=True)
    flat = tf.scatter_nd(tf.reshape(where, [-1, 1]), tf.reshape(pooled, [-1]),
                         tf.cast([tf.size(x)], tf.int64))
    return tf.reshape(flat, tf.concat([[-1], x.shape[1:]], 0))


def _while(x):
    _, x = tf.while_loop(lambda i, t: i < 3,
                         lambda i, t: (i + 1, t * 0.5 + tf.reverse(t, [2])),
                         [tf.constant(0), x],
                         shape_invariants=[tf.TensorShape([]), x.shape])
    return x


def _while_data(x):
    """A loop whose length depends on the picture."""
    _, y = tf.while_loop(lambda i, t: (i < 8) & (tf.reduce_max(t) > 1.0),
                         lambda i, t: (i + 1, t * 0.5),
                         [tf.constant(0), x],
                         shape_invariants=[tf.TensorShape([]), x.shape])
    return y


def _per_picture(x):
    return tf.map_fn(lambda picture: picture / (
        1.0 + tf.reduce_max(tf.abs(picture))), x)


def _non_local(x):
    flat = tf.reshape(x, [tf.shape(x)[0], -1, 8])
    weight = tf.nn.softmax(tf.matmul(flat, flat, transpose_b=True))
    return x + tf.reshape(tf.matmul(weight, flat), tf.shape(x))


def _channel_attention(x):
    flat = tf.reshape(x, [-1, x.shape[1] * x.shape[2], 8])
    weight = tf.nn.softmax(tf.einsum('bnc,bnd->bcd', flat, flat) * 0.01)
    return tf.reshape(tf.einsum('bcd,bnd->bnc', weight, flat), tf.shape(x))


def _coordinates(x):
    """CoordConv: the pixel's place as two more channels."""
    size = tf.shape(x)
    rows, columns = tf.meshgrid(tf.linspace(-1.0, 1.0, x.shape[1]),
                                tf.linspace(-1.0, 1.0, x.shape[2]),
                                indexing='ij')
    grid = tf.stack([rows, columns], -1)[tf.newaxis]
    return tf.concat([x, tf.tile(grid, [size[0], 1, 1, 1])], -1)


def _blur(x):
    line = tf.constant([1.0, 4.0, 6.0, 4.0, 1.0]) / 16.0
    kernel = tf.tile((line[:, None] * line)[:, :, None, None], [1, 1, 8, 1])
    return tf.nn.depthwise_conv2d(x, kernel, [1, 1, 1, 1], 'SAME')


def _fourier(x):
    planes = tf.transpose(x, [0, 3, 1, 2])
    spectrum = tf.signal.rfft2d(planes)
    planes = tf.signal.irfft2d(spectrum * 0.5)
    return tf.transpose(planes, [0, 2, 3, 1])


def _channels_first(x):
    kernel = tf.constant(_kernel(np.random.RandomState(3), (3, 3, 8, 8)),
                         tf.float32)
    y = tf.nn.conv2d(tf.transpose(x, [0, 3, 1, 2]), kernel, 1, 'SAME',
                     data_format='NCHW')
    return tf.transpose(y, [0, 2, 3, 1])


def _explicit_padding(x):
    kernel = tf.constant(_kernel(np.random.RandomState(4), (3, 3, 8, 8)),
                         tf.float32)
    return tf.nn.conv2d(x, kernel, 1, [[0, 0], [2, 0], [0, 2], [0, 0]])


def _explicit_padding_pool(x):
    return tf.nn.max_pool2d(x, 3, 1, [[0, 0], [2, 0], [1, 1], [0, 0]])


def _checked(x):
    tf.debugging.assert_rank(x, 4)
    with tf.control_dependencies([tf.debugging.assert_greater(
            tf.shape(x)[1], 1), tf.print('shape', tf.shape(x))]):
        return tf.identity(x)


def _cond(x):
    return tf.cond(tf.reduce_mean(x) > 0.1, lambda: x * 2.0,
                   lambda: tf.nn.relu(x) + 1.0)


def _switch(x):
    return tf.switch_case(tf.cast(tf.reduce_mean(x) > 0.1, tf.int32),
                          [lambda: x * 2.0, lambda: x - 1.0, lambda: x])


def _python_function(x):
    y = tf.numpy_function(lambda value: np.tanh(value), [x], tf.float32)
    y.set_shape(x.shape)
    return y


def _top(x):
    values, _ = tf.math.top_k(x, 4)
    return tf.concat([x, values], -1)


def _quantised(x):
    return tf.quantization.fake_quant_with_min_max_args(x, -3.0, 3.0)


def _patches(x):
    return tf.image.extract_patches(x, [1, 3, 3, 1], [1, 1, 1, 1],
                                    [1, 1, 1, 1], 'SAME')


def _standardised(x):
    return tf.image.per_image_standardization(x)


def _crop_and_resize(x):
    boxes = tf.tile([[0.0, 0.0, 1.0, 1.0]], [tf.shape(x)[0], 1])
    return tf.image.crop_and_resize(x, boxes, tf.range(tf.shape(x)[0]),
                                    x.shape[1:3])


def _strings(x):
    """Text in the path of the picture, if only its length."""
    text = tf.strings.as_string(tf.shape(x)[0])
    return x + 0.0 * tf.cast(tf.strings.length(text), tf.float32)


# name: (function, TensorFlow since, expectation, why)
FUNCTIONS = {
    'resize_bilinear': (_twice('bilinear'), (2, 0), 'converts', ''),
    'resize_nearest': (_twice('nearest'), (2, 0), 'converts', ''),
    'resize_bicubic': (_twice('bicubic'), (2, 0), 'converts', ''),
    'resize_area': (_twice('area'), (2, 0), 'converts', ''),
    'resize_lanczos3': (_twice('lanczos3'), (2, 0), 'converts', ''),
    'resize_lanczos5': (_twice('lanczos5'), (2, 0), 'converts', ''),
    'resize_gaussian': (_twice('gaussian'), (2, 0), 'converts', ''),
    'resize_mitchell': (_twice('mitchellcubic'), (2, 0), 'converts', ''),
    'resize_antialias': (_shrink_and_grow('bilinear'), (2, 0), 'converts', ''),
    'resize_antialias_bicubic': (_shrink_and_grow('bicubic'), (2, 0),
                                 'converts', ''),
    'resize_v1_corners': (_resize_v1('resize_bilinear', align_corners=True),
                          (2, 0), 'converts', 'align_corners'),
    'resize_v1_old': (_resize_v1('resize_bilinear'), (2, 0), 'converts',
                      'neither aligned corners nor half pixels'),
    'resize_v1_nearest': (_resize_v1('resize_nearest_neighbor',
                                     align_corners=True), (2, 0),
                          'converts', ''),
    'resize_v1_bicubic': (_resize_v1('resize_bicubic', align_corners=True),
                          (2, 0), 'converts', ''),
    'depth_to_space': (lambda x: tf.concat(
        [tf.nn.depth_to_space(tf.nn.space_to_depth(x, 2), 2),
         tf.tile(tf.nn.depth_to_space(_half(x), 2), [1, 1, 1, 4])], -1),
        (2, 0), 'converts', ''),
    'pad_reflect': (lambda x: tf.nn.avg_pool2d(tf.pad(
        x, [[0, 0], [1, 1], [1, 1], [0, 0]], 'REFLECT'), 3, 1, 'VALID'),
        (2, 0), 'converts', 'MirrorPad'),
    'pad_symmetric': (lambda x: tf.nn.avg_pool2d(tf.pad(
        x, [[0, 0], [1, 1], [1, 1], [0, 0]], 'SYMMETRIC'), 3, 1, 'VALID'),
        (2, 0), 'converts', 'MirrorPad'),
    'pad_constant': (lambda x: tf.nn.max_pool2d(tf.pad(
        x, [[0, 0], [1, 1], [1, 1], [0, 0]], constant_values=2.0), 3, 1,
        'VALID'), (2, 0), 'converts', 'PadV2'),
    'unpool_argmax': (_unpool, (2, 1), 'converts', 'SegNet'),
    'while_loop': (_while, (2, 0), 'converts', 'a loop of fixed length'),
    'while_data': (_while_data, (2, 0), 'converts', 'a loop on the data'),
    'map_fn': (_per_picture, (2, 0), 'converts', 'TensorList and While'),
    'vectorized_map': (lambda x: tf.vectorized_map(
        lambda t: t / (1.0 + tf.reduce_max(tf.abs(t))), x), (2, 1),
        'converts', ''),
    'cond': (_cond, (2, 0), 'converts', 'If on the data'),
    'switch_case': (_switch, (2, 1), 'converts', 'Case'),
    'non_local': (_non_local, (2, 0), 'converts', 'batched MatMul'),
    'einsum': (_channel_attention, (2, 0), 'converts', 'Einsum is newer'),
    'coordinates': (_coordinates, (2, 0), 'converts', 'CoordConv'),
    'blur': (_blur, (2, 0), 'converts', 'constant depthwise kernel'),
    'fourier': (_fourier, (2, 0), 'converts', 'RFFT2D, complex numbers'),
    'channels_first': (_channels_first, (2, 9), 'converts',
                       'NCHW convolution: the CPU of 2.0.0 has none'),
    'explicit_padding': (_explicit_padding, (2, 0), 'converts', ''),
    'explicit_padding_pool': (_explicit_padding_pool, (2, 5), 'converts',
                              'an attribute that 2.0.0 does not know'),
    'checked': (_checked, (2, 0), 'converts', 'assertions and printing'),
    'python_function': (_python_function, (2, 0), 'refused',
                        'code that only the exporting process has'),
    'top_k': (_top, (2, 0), 'converts', ''),
    'fake_quant': (_quantised, (2, 0), 'converts', 'quantisation aware'),
    'extract_patches': (_patches, (2, 0), 'converts', ''),
    'standardised': (_standardised, (2, 0), 'converts', ''),
    'crop_and_resize': (_crop_and_resize, (2, 0), 'converts', ''),
    'strings': (_strings, (2, 0), 'converts', 'string tensors'),
    'cumsum': (lambda x: tf.cumsum(x, 3), (2, 0), 'converts', ''),
    'one_hot': (lambda x: tf.one_hot(tf.argmax(x, -1), 8), (2, 0),
                'converts', ''),
    'where': (lambda x: tf.where(x > 0.5, x, tf.zeros_like(x)), (2, 0),
              'converts', 'SelectV2'),
    'clip': (lambda x: tf.clip_by_value(x, 0.1, 0.9), (2, 0),
             'converts', ''),
    'slice_step': (lambda x: tf.concat(
        [x[:, ::-1], x[:, :, ::-1], x[..., 2:7:2]], -1), (2, 0),
        'converts', ''),
    'roll': (lambda x: tf.roll(x, [3, 5], [1, 2]), (2, 0), 'converts',
             'shifted windows'),
    'gather': (lambda x: tf.gather(x, [3, 1, 0], axis=-1), (2, 0),
               'converts', ''),
    'unstack': (lambda x: tf.stack(tf.unstack(x, axis=-1)[::-1], -1),
                (2, 0), 'converts', 'Unpack, Pack'),
    'add_n': (lambda x: tf.add_n([x, x * 2.0, tf.nn.relu(-x)]), (2, 0),
              'converts', ''),
    'dilation2d': (lambda x: tf.nn.dilation2d(
        x, tf.zeros([3, 3, 8]), [1, 1, 1, 1], 'SAME', 'NHWC',
        [1, 1, 1, 1]), (2, 0), 'converts', 'grey morphology'),
    'log_softmax': (lambda x: tf.exp(tf.nn.log_softmax(x)), (2, 0),
                    'converts', ''),
    'norm': (lambda x: tf.concat([x, tf.norm(x, axis=-1, keepdims=True)],
                                 -1), (2, 0), 'converts', ''),
    'std': (lambda x: tf.concat([x, tf.zeros_like(x) + tf.math.reduce_std(
        x, [1, 2], True)], -1), (2, 0), 'converts', ''),
    'conv_nd': (lambda x: tf.nn.convolution(x, tf.ones([3, 3, 8, 2]) * 0.02,
                                            padding='SAME', dilations=2),
                (2, 0), 'converts', ''),
    'float_mod': (lambda x: tf.math.floormod(x, 0.7) + tf.round(x), (2, 0),
                  'converts', ''),
}
for _name, (_function, _since, _expect, _notes) in FUNCTIONS.items():
    add('fn_' + _name, functools.partial(with_function, function=_function),
        _notes or 'function inside a Lambda', since=_since, expect=_expect)
add('fn_where_undefined', functools.partial(
    with_function, function=FUNCTIONS['where'][0]), 'sizes undefined',
    shape=(None, None, 3))
add('fn_resize_v1_undefined', functools.partial(
    with_function, function=_resize_v1('resize_bilinear')),
    'sizes undefined, computed from tf.shape', shape=(None, None, 3))


# --------------------------------------------- layers in the middle

def with_layers(keras, height, width, channels, classes, make):
    inputs = start(keras, height, width, channels)
    x = conv(keras, inputs, 8)
    for layer in make(keras):
        x = layer(x)
    return finish(keras, inputs, x, classes)


# name: (list of layers from keras, TensorFlow since, shape, why)
STACKS = {
    'grouped': (lambda k: [k.layers.Conv2D(8, 3, padding='same', groups=2)],
                (2, 3), None, 'grouped convolution: 2.0.0 cannot run it'),
    'grouped_all': (lambda k: [k.layers.Conv2D(16, 3, padding='same',
                                               groups=8)],
                    (2, 3), None, 'as many groups as channels'),
    'grouped_strided': (lambda k: [
        k.layers.Conv2D(8, 3, strides=2, padding='same', groups=4),
        k.layers.UpSampling2D(2)], (2, 3), None, ''),
    'grouped_dilated': (lambda k: [k.layers.Conv2D(
        8, 3, padding='same', groups=2, dilation_rate=2)],
        (2, 3), None, ''),
    'grouped_undefined': (lambda k: [k.layers.Conv2D(
        8, 3, padding='same', groups=2)], (2, 3), (None, None, 3), ''),
    'transpose_output_padding': (lambda k: [
        k.layers.Conv2D(8, 3, strides=2),
        k.layers.Conv2DTranspose(8, 3, strides=2, output_padding=1)],
        (2, 0), None, ''),
    'transpose_dilated': (lambda k: [k.layers.Conv2DTranspose(
        8, 3, padding='same', dilation_rate=2)],
        (2, 0), None, '2.0.0 cannot run it'),
    'transpose_dilated_undefined': (lambda k: [k.layers.Conv2DTranspose(
        8, 3, padding='same', dilation_rate=2)],
        (2, 0), (None, None, 3), '2.0.0 cannot run it'),
    'transpose_valid': (lambda k: [
        k.layers.MaxPooling2D(2),
        k.layers.Conv2DTranspose(8, 3, strides=2),
        k.layers.Cropping2D(((0, 1), (0, 1)))], (2, 0), None, ''),
    'transpose_stride1': (lambda k: [k.layers.Conv2DTranspose(
        8, 3, padding='same')], (2, 0), None, ''),
    'pool_same_odd': (lambda k: [
        k.layers.MaxPooling2D(2, padding='same'),
        k.layers.AveragePooling2D(2, padding='same'),
        k.layers.UpSampling2D(4),
        k.layers.Cropping2D(((0, 3), (1, 0)))], (2, 0), (33, 31, 3), ''),
    'pool_valid_overlap': (lambda k: [
        k.layers.MaxPooling2D(3, strides=1),
        k.layers.AveragePooling2D((2, 3), strides=1),
        k.layers.ZeroPadding2D(((1, 2), (2, 2)))], (2, 0), None, ''),
    'pool_average': (lambda k: [
        k.layers.AveragePooling2D(2),
        k.layers.UpSampling2D((2, 2), interpolation='bilinear')],
        (2, 0), None, ''),
    'crop_and_pad': (lambda k: [
        k.layers.Cropping2D(((1, 2), (3, 4))),
        k.layers.ZeroPadding2D(((1, 2), (3, 4)))], (2, 0), None, ''),
    'dense': (lambda k: [k.layers.Dense(8, activation='relu')],
              (2, 0), None, 'Dense on the channel axis'),
    'dense_undefined': (lambda k: [k.layers.Dense(8, activation='relu')],
                        (2, 0), (None, None, 3), ''),
    'flatten_dense': (lambda k: [
        k.layers.AveragePooling2D(4), k.layers.Flatten(),
        k.layers.Dense(64, activation='relu'), k.layers.Dense(16 * 16 * 2),
        k.layers.Reshape((16, 16, 2)), k.layers.UpSampling2D(2)],
        (2, 0), None, 'the size is baked in'),
    'einsum_dense': (lambda k: [(
        k.layers.EinsumDense if hasattr(k.layers, 'EinsumDense')
        else k.layers.experimental.EinsumDense)(
            'bhwc,cd->bhwd', (None, None, 8), bias_axes='d')],
        (2, 4), (32, 32, 3), 'Einsum'),
    'global_max': (lambda k: [
        k.layers.GlobalMaxPooling2D(), k.layers.Reshape((1, 1, 8)),
        k.layers.UpSampling2D(32)], (2, 0), None, ''),
    'softmax_layer': (lambda k: [k.layers.Softmax(axis=-1)],
                      (2, 0), None, ''),
    'softmax_rows': (lambda k: [k.layers.Softmax(axis=2)],
                     (2, 0), None, 'softmax over another axis'),
    'noise': (lambda k: [
        k.layers.Dropout(0.3), k.layers.SpatialDropout2D(0.3),
        k.layers.GaussianNoise(0.2), k.layers.GaussianDropout(0.2),
        k.layers.ActivityRegularization(0.1)],
        (2, 0), None, 'inert when predicting'),
    'alpha_dropout': (lambda k: [k.layers.AlphaDropout(0.2)],
                      (2, 0), None, 'inert when predicting'),
    'rescaling': (lambda k: [experimental(k, 'Rescaling')(0.5, -0.1)],
                  (2, 3), None, ''),
    'resizing': (lambda k: [
        experimental(k, 'Resizing')(16, 16),
        experimental(k, 'Resizing')(32, 32, interpolation='nearest')],
        (2, 3), None, 'absolute sizes'),
    'center_crop': (lambda k: [
        experimental(k, 'CenterCrop')(24, 24),
        k.layers.ZeroPadding2D(4)], (2, 3), None, ''),
    'random_flip': (lambda k: [experimental(k, 'RandomFlip')()],
                    (2, 3), None, 'augmentation left in the network'),
    'random_rotation': (lambda k: [experimental(k, 'RandomRotation')(0.2)],
                        (2, 3), None, 'augmentation left in the network'),
    'random_zoom': (lambda k: [experimental(k, 'RandomZoom')(0.2)],
                    (2, 3), None, 'augmentation left in the network'),
    'random_contrast': (lambda k: [experimental(k, 'RandomContrast')(0.2)],
                        (2, 3), None, 'augmentation left in the network'),
    'random_translation': (lambda k: [
        experimental(k, 'RandomTranslation')(0.1, 0.1)],
        (2, 3), None, 'augmentation left in the network'),
    'permute': (lambda k: [
        k.layers.Permute((2, 1, 3)),
        k.layers.Conv2D(8, (1, 3), padding='same'),
        k.layers.Permute((2, 1, 3))], (2, 0), None, ''),
    'conv3d': (lambda k: [
        k.layers.Reshape((32, 32, 8, 1)),
        k.layers.Conv3D(2, 3, padding='same', activation='relu'),
        k.layers.MaxPooling3D((1, 1, 4)),
        k.layers.Reshape((32, 32, 4))],
        (2, 0), (32, 32, 3), 'depth squeezed away'),
    'conv3d_dilated': (lambda k: [
        k.layers.Reshape((32, 32, 8, 1)),
        k.layers.Conv3D(2, 3, padding='same', dilation_rate=(2, 2, 1)),
        k.layers.Reshape((32, 32, 16))], (2, 0), (32, 32, 3), ''),
    'conv3d_transpose': (lambda k: [
        k.layers.Reshape((32, 32, 8, 1)), k.layers.MaxPooling3D(2),
        k.layers.Conv3DTranspose(2, 2, strides=2),
        k.layers.Reshape((32, 32, 16))], (2, 0), (32, 32, 3), ''),
    'time_distributed': (lambda k: [
        k.layers.Reshape((32, 32, 2, 4)), k.layers.Permute((3, 1, 2, 4)),
        k.layers.TimeDistributed(k.layers.Conv2D(4, 3, padding='same')),
        k.layers.Permute((2, 3, 1, 4)), k.layers.Reshape((32, 32, 8))],
        (2, 0), (32, 32, 3), ''),
    'conv_lstm': (lambda k: [
        k.layers.Reshape((32, 32, 2, 4)), k.layers.Permute((3, 1, 2, 4)),
        k.layers.ConvLSTM2D(4, 3, padding='same')],
        (2, 0), (32, 32, 3), 'While'),
    'lstm_rows': (lambda k: [
        k.layers.Reshape((32, 256)),
        k.layers.LSTM(32 * 2, return_sequences=True),
        k.layers.Reshape((32, 32, 2))],
        (2, 0), (32, 32, 3), 'While and function variants'),
    'gru_bidirectional': (lambda k: [
        k.layers.Reshape((32, 256)),
        k.layers.Bidirectional(k.layers.GRU(32, return_sequences=True)),
        k.layers.Reshape((32, 32, 2))],
        (2, 0), (32, 32, 3), 'While and function variants'),
    'upsampling_uneven': (lambda k: [
        k.layers.MaxPooling2D((2, 4)), k.layers.UpSampling2D((2, 4))],
        (2, 0), None, ''),
    'asymmetric_kernels': (lambda k: [
        k.layers.Conv2D(8, (1, 5), padding='same'),
        k.layers.Conv2D(8, (5, 1), padding='same')], (2, 0), None, ''),
    'even_kernel': (lambda k: [
        k.layers.Conv2D(8, 4, padding='same'),
        k.layers.Conv2D(8, 2, padding='same', dilation_rate=3)],
        (2, 0), None, 'uneven SAME padding'),
}
for _name, (_make, _since, _shape, _notes) in STACKS.items():
    add(_name, functools.partial(with_layers, make=_make), _notes or 'layer',
        since=_since, shape=_shape or (32, 32, 3))


@row('normalization', 'captured constants: mean and variance', since=(2, 3))
def normalization(keras, height, width, channels, classes):
    layer = experimental(keras, 'Normalization')(axis=-1)
    layer.adapt(sample((8, 8, channels), 'adapt', 16) * 3)
    inputs = start(keras, height, width, channels)
    return finish(keras, inputs, conv(keras, layer(inputs), 8), classes)


@row('augmented_unet', 'rescaling and augmentation in front of a U-Net',
     since=(2, 6))
def augmented_unet(keras, height, width, channels, classes):
    layers = keras.layers
    inner = unet(keras, height, width, channels, classes, norm=True)
    inputs = start(keras, height, width, channels)
    x = layers.Rescaling(1.0 / 255)(inputs)
    x = layers.RandomFlip('horizontal')(x)
    x = layers.RandomContrast(0.1)(layers.RandomRotation(0.1)(x))
    return keras.Model(inputs, inner(x))


# --------------------------------------------- attention

def _tokens(keras, x):
    size = x.shape
    return keras.layers.Reshape((int(size[1]) * int(size[2]),
                                 int(size[3])))(x)


@row('attention_bottleneck', 'MultiHeadAttention', since=(2, 4))
def attention_bottleneck(keras, height, width, channels, classes):
    layers = keras.layers
    inputs = start(keras, height, width, channels)
    x = conv(keras, layers.MaxPooling2D(4)(conv(keras, inputs, 8)), 8)
    flat = _tokens(keras, x)
    flat = layers.Add()([flat, layers.MultiHeadAttention(2, 4)(flat, flat)])
    x = layers.Reshape((height // 4, width // 4, 8))(flat)
    return finish(keras, inputs, layers.UpSampling2D(4)(x), classes)


@row('attention_layer', 'dot-product Attention layer')
def attention_layer(keras, height, width, channels, classes):
    layers = keras.layers
    inputs = start(keras, height, width, channels)
    x = conv(keras, layers.MaxPooling2D(4)(inputs), 8)
    flat = _tokens(keras, x)
    flat = layers.Attention()([flat, flat])
    x = layers.Reshape((height // 4, width // 4, 8))(flat)
    return finish(keras, inputs, layers.UpSampling2D(4)(x), classes)


@row('segformer', 'patches, positions, attention, gelu, LayerNormalization',
     since=(2, 4))
def segformer(keras, height, width, channels, classes):
    layers = keras.layers
    inputs = start(keras, height, width, channels)
    rows, columns = height // 4, width // 4
    x = layers.Conv2D(8, 7, strides=4, padding='same')(inputs)
    x = _tokens(keras, x)
    x = custom(keras, lambda layer, t: t + layer.position,
               [('position', lambda s: (int(s[1]), int(s[2])), True)])(x)
    for _ in range(2):
        y = layers.LayerNormalization(epsilon=1e-6)(x)
        x = layers.Add()([x, layers.MultiHeadAttention(2, 4)(y, y)])
        y = layers.LayerNormalization(epsilon=1e-6)(x)
        y = layers.Dense(8)(layers.Dense(16, activation='gelu')(y))
        x = layers.Add()([x, y])
    x = layers.Reshape((rows, columns, 8))(x)
    x = layers.UpSampling2D(4, interpolation='bilinear')(x)
    return finish(keras, inputs, x, classes)


@row('position_embedding', 'Embedding: ResourceGather')
def position_embedding(keras, height, width, channels, classes):
    layers = keras.layers

    class Position(layers.Layer):
        def __init__(self, count, **more):
            super(Position, self).__init__(**more)
            self.count = count
            self.table = layers.Embedding(count, 8)

        def build(self, shape):
            self.table.build((None, self.count))
            super(Position, self).build(shape)

        def call(self, x):
            return x + self.table(tf.range(self.count))

        def get_config(self):
            return dict(super(Position, self).get_config(), count=self.count)
    inputs = start(keras, height, width, channels)
    x = _tokens(keras, conv(keras, layers.MaxPooling2D(4)(inputs), 8))
    x = Position(height // 4 * (width // 4))(x)
    x = layers.Reshape((height // 4, width // 4, 8))(x)
    return finish(keras, inputs, layers.UpSampling2D(4)(x), classes)


# --------------------------------------------- structure

@row('nested', 'a model inside a model inside a model')
def nested(keras, height, width, channels, classes):
    shape = (height, width, 8)
    inner = keras.Sequential([keras.layers.Conv2D(
        8, 3, padding='same', activation='relu', input_shape=shape)
        if major(keras) == 2 else keras.layers.Conv2D(
            8, 3, padding='same', activation='relu'),
        keras.layers.BatchNormalization()])
    point = keras.Input(shape=shape)
    outer = keras.Model(point, keras.layers.Add()([point, inner(point)]))
    inputs = start(keras, height, width, channels)
    x = outer(conv(keras, inputs, 8))
    return finish(keras, inputs, outer(x), classes)


@row('subclassed', 'a model class with its own call()')
def subclassed(keras, height, width, channels, classes):
    class Net(keras.Model):
        def __init__(self):
            super(Net, self).__init__()
            self.first = keras.layers.Conv2D(8, 3, padding='same')
            self.norm = keras.layers.BatchNormalization()
            self.final = keras.layers.Conv2D(classes, 1)

        def call(self, x, training=False):
            x = tf.nn.relu(self.norm(self.first(x), training=training))
            return tf.nn.softmax(self.final(x))
    model = Net()
    model.predict(sample((height, width, channels), 'trace'), verbose=0)
    return model


@row('sequential', 'keras.Sequential')
def sequential(keras, height, width, channels, classes):
    layers = keras.layers
    return keras.Sequential([
        keras.Input(shape=(height, width, channels)),
        layers.Conv2D(8, 3, padding='same', activation='relu'),
        layers.BatchNormalization(),
        layers.Conv2D(classes, 1, activation='softmax')])


@row('slash_names', 'layer names with slashes', keras=(2,))
def slash_names(keras, height, width, channels, classes):
    inputs = start(keras, height, width, channels, name='picture')
    x = conv(keras, inputs, 8, name='block1/conv')
    x = keras.layers.BatchNormalization(name='block1/bn')(x)
    x = conv(keras, x, 8, name='block3/conv')
    return finish(keras, inputs, x, classes, name='block3/out')


@row('odd_names', 'names with dots, dashes and capitals')
def odd_names(keras, height, width, channels, classes):
    inputs = start(keras, height, width, channels, name='Eingang.1-x')
    x = conv(keras, inputs, 8, name='Conv_2D.1')
    return finish(keras, inputs, x, classes, name='my-Out.put')


@row('shared_layer', 'one layer used twice')
def shared_layer(keras, height, width, channels, classes):
    inputs = start(keras, height, width, channels)
    shared = keras.layers.Conv2D(8, 3, padding='same', activation='relu')
    x = shared(shared(conv(keras, inputs, 8)))
    return finish(keras, inputs, x, classes)


@row('frozen_variable', 'a custom layer with a variable that is not trained')
def frozen_variable(keras, height, width, channels, classes):
    inputs = start(keras, height, width, channels)
    layer = custom(keras, lambda me, t: t * me.scale + me.offset, [
        ('scale', last, False), ('offset', last, True)])
    return finish(keras, inputs, layer(conv(keras, inputs, 8)), classes)


@row('merge_layers', 'Average, Maximum, Minimum, Subtract, Dot')
def merge_layers(keras, height, width, channels, classes):
    layers = keras.layers
    inputs = start(keras, height, width, channels)
    a, b = conv(keras, inputs, 8), conv(keras, inputs, 8, 1)
    parts = [getattr(layers, name)()([a, b]) for name in
             ('Average', 'Maximum', 'Minimum', 'Subtract', 'Multiply')]
    return finish(keras, inputs, layers.Concatenate()(parts), classes)


@row('sigmoid_one', 'one class, sigmoid', classes=1)
def sigmoid_one(keras, height, width, channels, classes):
    inputs = start(keras, height, width, channels)
    x = conv(keras, inputs, 8)
    x = keras.layers.Conv2D(classes, 1, activation='sigmoid')(x)
    return keras.Model(inputs, x)


@row('logits', 'no final activation')
def logits(keras, height, width, channels, classes):
    inputs = start(keras, height, width, channels)
    x = keras.layers.Conv2D(classes, 1)(conv(keras, inputs, 8))
    return keras.Model(inputs, x)


@row('softmax_separate', 'final softmax as a layer of its own')
def softmax_separate(keras, height, width, channels, classes):
    inputs = start(keras, height, width, channels)
    x = keras.layers.Conv2D(classes, 1)(conv(keras, inputs, 8))
    return keras.Model(inputs, keras.layers.Softmax(axis=-1)(x))


@row('smaller_output', 'output at a quarter of the resolution')
def smaller_output(keras, height, width, channels, classes):
    inputs = start(keras, height, width, channels)
    return finish(keras, inputs, conv(keras, inputs, 8, strides=4), classes)


@row('valid_unet', 'no padding: the output is smaller than the input')
def valid_unet(keras, height, width, channels, classes):
    inputs = start(keras, height, width, channels)
    x = conv(keras, conv(keras, inputs, 8, padding='valid'), 8,
             padding='valid')
    return finish(keras, inputs, x, classes)


@row('two_outputs', 'deep supervision: one output must be chosen')
def two_outputs(keras, height, width, channels, classes):
    inputs = start(keras, height, width, channels)
    x = conv(keras, inputs, 8)
    main = keras.layers.Conv2D(classes, 1, activation='softmax', name='prob')
    side = keras.layers.Conv2D(1, 1, activation='sigmoid', name='aux')
    return keras.Model(inputs, [main(x), side(x)])


@row('two_inputs', 'two pictures go in', expect='refused')
def two_inputs(keras, height, width, channels, classes):
    inputs = [start(keras, height, width, channels, name='left'),
              start(keras, height, width, channels, name='right')]
    x = conv(keras, keras.layers.Concatenate()(inputs), 8)
    return finish(keras, inputs, x, classes)


@row('identity_network', 'no variable at all: there is no variables folder')
def identity_network(keras, height, width, channels, classes):
    inputs = start(keras, height, width, channels)
    return keras.Model(inputs, keras.layers.Softmax()(inputs))


@row('fixed_batch', 'the batch size is baked in')
def fixed_batch(keras, height, width, channels, classes):
    inputs = start(keras, height, width, channels, batch_size=1)
    x = keras.layers.MaxPooling2D(2)(conv(keras, inputs, 8))
    x = keras.layers.Conv2DTranspose(8, 2, strides=2)(x)
    x = keras.layers.Dense(8)(x)
    return finish(keras, inputs, x, classes)


@row('channels_first', 'NCHW layers of Keras', since=(2, 9))
def keras_channels_first(keras, height, width, channels, classes):
    layers = keras.layers
    inputs = start(keras, height, width, channels)
    x = layers.Permute((3, 1, 2))(inputs)
    x = layers.Conv2D(8, 3, padding='same', data_format='channels_first')(x)
    x = layers.BatchNormalization(axis=1)(x)
    x = layers.Permute((2, 3, 1))(x)
    return finish(keras, inputs, x, classes)


# --------------------------------------------- number types

@row('mixed_float16', 'float32 in and out, float16 between', since=(2, 4))
def mixed_float16(keras, height, width, channels, classes):
    with policy(keras, 'mixed_float16'):
        model = unet(keras, height, width, channels, classes, norm=True)
        x = keras.layers.Activation('linear', dtype='float32')(
            model.outputs[0])
        return keras.Model(model.inputs, x)


@row('mixed_bfloat16', 'bfloat16 between: 2.0.0 has few kernels',
     since=(2, 10))
def mixed_bfloat16(keras, height, width, channels, classes):
    with policy(keras, 'mixed_bfloat16'):
        inputs = start(keras, height, width, channels)
        x = conv(keras, inputs, 8)
        return finish(keras, inputs, x, classes, dtype='float32')


@row('float16', 'float16 from end to end', since=(2, 4))
def float16(keras, height, width, channels, classes):
    with policy(keras, 'float16'):
        return unet(keras, height, width, channels, classes)


@row('float64', 'float64 from end to end', since=(2, 1))
def float64(keras, height, width, channels, classes):
    with policy(keras, 'float64'):
        return unet(keras, height, width, channels, classes, norm=True)


@row('uint8_input', 'uint8 picture, Cast inside')
def uint8_input(keras, height, width, channels, classes):
    inputs = start(keras, height, width, channels, dtype='uint8')
    x = keras.layers.Lambda(lambda t: tf.cast(t, tf.float32) / 255.0)(inputs)
    return finish(keras, inputs, conv(keras, x, 8), classes)


@row('class_output', 'class numbers instead of probabilities',
     expect='refused')
def class_output(keras, height, width, channels, classes):
    inputs = start(keras, height, width, channels)
    x = head(keras, conv(keras, inputs, 8), classes)
    return keras.Model(inputs, keras.layers.Lambda(
        lambda t: tf.argmax(t, axis=-1))(x))


@row('training_flag', 'keras learning phase decides a branch inside')
def training_flag(keras, height, width, channels, classes):
    class Noisy(keras.layers.Layer):
        def call(self, x, training=None):
            if training is None:
                training = False
            def noisy():
                return x + tf.random.normal(tf.shape(x))

            def quiet():
                return tf.identity(x)
            return tf.cond(tf.cast(training, tf.bool), noisy, quiet)
    inputs = start(keras, height, width, channels)
    x = Noisy()(conv(keras, inputs, 8))
    return finish(keras, inputs, x, classes)


@row('monte_carlo_dropout', 'dropout that stays on: random on purpose')
def monte_carlo_dropout(keras, height, width, channels, classes):
    inputs = start(keras, height, width, channels)
    x = keras.layers.Dropout(0.3)(conv(keras, inputs, 8), training=True)
    return finish(keras, inputs, x, classes)


@row('pixel_shuffle', 'sub-pixel convolution')
def pixel_shuffle(keras, height, width, channels, classes):
    inputs = start(keras, height, width, channels)
    x = conv(keras, inputs, 8, strides=2)
    x = conv(keras, x, 16)
    x = keras.layers.Lambda(lambda t: tf.nn.depth_to_space(t, 2))(x)
    return finish(keras, inputs, x, classes)


# --------------------------------------------- tf.Module

# name     as above
# build    build() -> (module, signatures or None)
# shape    of one input picture
# expect   "converts" or "refused"
Module = collections.namedtuple('Module', 'name build shape expect notes')
MODULES = []
PICTURE = (16, 16, 3)


def module(name, notes, shape=PICTURE, expect='converts'):
    def enter(build):
        MODULES.append(Module(name, build, shape, expect, notes))
        return build
    return enter


def _variable(rng, name, shape):
    return tf.Variable(tf.constant(filler(name)(rng, shape), tf.float32),
                       name=name)


def _spec(height, width, batch=None):
    return tf.TensorSpec([batch, height, width, 3], tf.float32, name='x')


def plain(function, **more):
    """tf.function without autograph, which in TensorFlow 2.0 stumbles over
    lambdas."""
    return tf.function(function, autograph=False, **more)


class Small(tf.Module):
    """Two convolutions; the base of the exports below."""

    def __init__(self):
        super(Small, self).__init__()
        rng = np.random.RandomState(5)
        self.first = _variable(rng, 'kernel', (3, 3, 3, 8))
        self.offset = _variable(rng, 'bias', (8,))
        self.last = _variable(rng, 'kernel', (1, 1, 8, 3))

    def features(self, x):
        return tf.nn.relu(tf.nn.bias_add(
            tf.nn.conv2d(x, self.first, 1, 'SAME'), self.offset))

    def classify(self, x):
        return tf.nn.softmax(tf.nn.conv2d(x, self.last, 1, 'SAME'))


def _exported(net, function, spec):
    """Attaches `function` to the module as its only signature."""
    net.serve = plain(function, input_signature=[spec])
    return net, {'serving_default': net.serve}


@module('module', 'fixed signature')
def module_fixed():
    net = Small()
    return _exported(net, lambda x: net.classify(net.features(x)),
                     _spec(16, 16))


@module('module_undefined', 'undefined height and width')
def module_undefined():
    net = Small()
    return _exported(net, lambda x: net.classify(net.features(x)),
                     _spec(None, None))


@module('module_no_signature', 'tf.function attribute, nothing declared')
def module_no_signature():
    net, _ = module_fixed()
    return net, None


@module('module_batch_one', 'batch size 1 in the signature')
def module_batch_one():
    net = Small()
    return _exported(net, lambda x: net.classify(net.features(x)),
                     _spec(16, 16, 1))


@module('module_named_output', 'a dictionary comes out')
def module_named_output():
    net = Small()
    return _exported(net, lambda x: {
        'probabilities': net.classify(net.features(x))}, _spec(16, 16))


@module('module_nested', 'functions in functions in functions')
def module_nested():
    net = Small()
    net.inner = plain(net.features)
    net.middle = plain(lambda x: net.inner(x) + net.inner(x * 0.5))
    return _exported(net, lambda x: net.classify(net.middle(x)),
                     _spec(16, 16))


@module('module_captured', 'constants captured from outside')
def module_captured():
    net = Small()
    factor = tf.constant(np.linspace(0.5, 1.5, 3), tf.float32)
    table = tf.constant(np.arange(64).reshape(8, 8) / 64.0, tf.float32)

    def call(x):
        y = net.features(x * factor)
        return net.classify(tf.tensordot(y, table, 1))
    return _exported(net, call, _spec(16, 16))


@module('module_shape_driven', 'sizes computed from tf.shape',
        shape=(16, 24, 3))
def module_shape_driven():
    net = Small()

    def call(x):
        size = tf.shape(x)[1:3]
        y = tf.image.resize(net.features(x), size // 2)
        return net.classify(tf.image.resize(y, size))
    return _exported(net, call, _spec(None, None))


@module('module_python_loop', 'autograph turns a loop into While')
def module_python_loop():
    net = Small()

    @tf.function(input_signature=[_spec(16, 16)])
    def serve(x):
        y = net.features(x)
        for _ in tf.range(3):
            y = y * 0.5 + tf.reverse(y, [1])
        if tf.reduce_mean(y) > 0.0:
            y = y * 2.0
        return net.classify(y)
    net.serve = serve
    return net, {'serving_default': serve}


@module('module_while_variables', 'a loop body that reads a variable')
def module_while_variables():
    net = Small()
    net.mix = tf.Variable(tf.constant(
        _kernel(np.random.RandomState(6), (1, 1, 8, 8)), tf.float32))

    def call(x):
        _, y = tf.while_loop(
            lambda i, t: i < 2,
            lambda i, t: (i + 1, tf.nn.conv2d(t, net.mix, 1, 'SAME')),
            [tf.constant(0), net.features(x)])
        return net.classify(y)
    return _exported(net, call, _spec(16, 16))


@module('module_cond_variables', 'branches that read variables')
def module_cond_variables():
    net = Small()

    def call(x):
        y = tf.cond(tf.reduce_mean(x) > 0.5,
                    lambda: net.features(x),
                    lambda: net.features(-x) + net.offset)
        return net.classify(y)
    return _exported(net, call, _spec(16, 16))


@module('module_counter_unread', 'a counter that nothing reads')
def module_counter_unread():
    net = Small()
    net.count = tf.Variable(0, dtype=tf.int32, trainable=False)

    def call(x):
        net.count.assign_add(1)
        return net.classify(net.features(x))
    return _exported(net, call, _spec(16, 16))


@module('module_counter_read', 'the output depends on how often it ran',
        expect='refused')
def module_counter_read():
    net = Small()
    net.count = tf.Variable(0.0, trainable=False)

    def call(x):
        net.count.assign_add(1.0)
        return net.classify(net.features(x) * net.count)
    return _exported(net, call, _spec(16, 16))


@module('module_running_mean', 'a running mean is updated, then used',
        expect='refused')
def module_running_mean():
    net = Small()
    net.mean = tf.Variable(tf.zeros([8]), trainable=False)

    def call(x):
        y = net.features(x)
        net.mean.assign(net.mean * 0.9 + 0.1 * tf.reduce_mean(y, [0, 1, 2]))
        return net.classify(y - net.mean)
    return _exported(net, call, _spec(16, 16))


@module('module_running_mean_unread', 'pix2pix: a running mean is updated, not used')
def module_running_mean_unread():
    net = Small()
    net.mean = tf.Variable(tf.zeros([8]), trainable=False)

    def call(x):
        y, mean, _ = tf.compat.v1.nn.fused_batch_norm(
            net.features(x), tf.ones([8]) * 1.2, tf.ones([8]) * 0.1,
            is_training=True)
        net.mean.assign_sub((net.mean - mean) * 0.1)
        return net.classify(y)
    return _exported(net, call, _spec(16, 16))


@module('module_weight_norm', 'a branch that assigns never runs: its flag is set')
def module_weight_norm():
    net = Small()
    rng = np.random.RandomState(12)
    net.direction = _variable(rng, 'kernel', (3, 3, 8, 8))
    net.length = tf.Variable(tf.ones([8]) * 0.7)
    net.is_initialised = tf.Variable(True, trainable=False)

    def initialise(y):
        with tf.control_dependencies([
                net.length.assign(tf.math.reduce_std(y, [0, 1, 2])),
                net.is_initialised.assign(True)]):
            return tf.identity(net.length)

    def call(x):
        y = net.features(x)
        length = tf.cond(net.is_initialised, lambda: tf.identity(net.length),
                         lambda: initialise(y))
        kernel = tf.nn.l2_normalize(net.direction, [0, 1, 2]) * length
        return net.classify(tf.nn.conv2d(y, kernel, 1, 'SAME'))
    return _exported(net, call, _spec(16, 16))


@module('module_lookup_table', 'a hash table in the path of the picture',
        expect='refused')
def module_lookup_table():
    net = Small()
    keys = tf.constant([0, 1, 2], tf.int64)
    net.table = tf.lookup.StaticHashTable(
        tf.lookup.KeyValueTensorInitializer(
            keys, tf.constant([0.1, 0.2, 0.3])), 0.0)

    def call(x):
        index = tf.argmax(x, axis=-1)
        weight = net.table.lookup(tf.reshape(index, [-1]))
        weight = tf.reshape(weight, tf.shape(index))[..., tf.newaxis]
        return net.classify(net.features(x) * weight)
    return _exported(net, call, _spec(16, 16))


@module('module_lookup_table_aside', 'a hash table the picture never meets')
def module_lookup_table_aside():
    net = Small()
    net.table = tf.lookup.StaticHashTable(
        tf.lookup.KeyValueTensorInitializer(
            tf.constant(['a', 'b']), tf.constant([1, 2], tf.int64)), 0)
    net.look = plain(net.table.lookup, input_signature=[
        tf.TensorSpec([None], tf.string)])
    return _exported(net, lambda x: net.classify(net.features(x)),
                     _spec(16, 16))


@module('module_string_input', 'encoded files go in', expect='refused')
def module_string_input():
    net = Small()

    @tf.function(input_signature=[tf.TensorSpec([None], tf.string, name='b')])
    def serve(texts):
        x = tf.reshape(tf.io.decode_raw(texts, tf.float32), [-1, 16, 16, 3])
        return net.classify(net.features(x))
    net.serve = serve
    return net, {'serving_default': serve}


@module('module_two_signatures', 'one for training beside the right one')
def module_two_signatures():
    net = Small()
    net.serve = plain(lambda x: net.classify(net.features(x)),
                            input_signature=[_spec(16, 16)])
    net.debug = plain(lambda x: net.features(x),
                            input_signature=[_spec(16, 16)])
    return net, {'serving_default': net.serve, 'features': net.debug}


@module('module_only_custom_signature', 'no serving_default at all')
def module_only_custom_signature():
    net = Small()
    net.serve = plain(lambda x: net.classify(net.features(x)),
                            input_signature=[_spec(16, 16)])
    return net, {'segment': net.serve}


@module('module_shared_name', 'variables that share a name')
def module_shared_name():
    net = Small()
    rng = np.random.RandomState(7)
    net.more = [tf.Variable(tf.constant(_kernel(rng, (1, 1, 8, 8)),
                                        tf.float32), name='w')
                for _ in range(3)]

    def call(x):
        y = net.features(x)
        for kernel in net.more:
            y = tf.nn.relu(tf.nn.conv2d(y, kernel, 1, 'SAME'))
        return net.classify(y)
    return _exported(net, call, _spec(16, 16))


@module('module_resource_gather', 'rows of a variable by index')
def module_resource_gather():
    net = Small()
    net.rows = tf.Variable(tf.constant(
        _kernel(np.random.RandomState(8), (4, 8)), tf.float32))

    def call(x):
        y = net.features(x)
        return net.classify(y + tf.gather(net.rows, [2, 0])[0]
                            + tf.nn.embedding_lookup(net.rows, 3))
    return _exported(net, call, _spec(16, 16))


@module('module_gradient', 'a gradient inside the network: function gradients')
def module_gradient():
    net = Small()

    @tf.custom_gradient
    def scaled(t):
        return tf.tanh(t), lambda up: up * 0.5
    return _exported(net, lambda x: net.classify(scaled(net.features(x))),
                     _spec(16, 16))


@module('module_xla', 'jit-compiled inner function')
def module_xla():
    net = Small()
    old = [int(n) for n in tf.__version__.split('.')[:2]] < [2, 5]
    word = 'experimental_compile' if old else 'jit_compile'
    net.inner = plain(net.features, **{word: True})
    return _exported(net, lambda x: net.classify(net.inner(x)),
                     _spec(16, 16))


@module('module_batch_norm_training', 'batch statistics of the picture itself')
def module_batch_norm_training():
    net = Small()

    def call(x):
        y, _, _ = tf.compat.v1.nn.fused_batch_norm(
            net.features(x), tf.ones([8]) * 1.2, tf.ones([8]) * 0.1,
            is_training=True)
        return net.classify(y)
    return _exported(net, call, _spec(16, 16))


@module('module_uint8', 'uint8 signature')
def module_uint8():
    net = Small()
    spec = tf.TensorSpec([None, 16, 16, 3], tf.uint8, name='x')
    return _exported(net, lambda x: net.classify(
        net.features(tf.cast(x, tf.float32) / 255.0)), spec)


@module('module_no_batch', 'a picture without the batch axis')
def module_no_batch():
    net = Small()
    spec = tf.TensorSpec([16, 16, 3], tf.float32, name='x')
    return _exported(net, lambda x: net.classify(net.features(x[None])), spec)


@module('module_unknown_rank', 'nothing is said about the input',
        expect='refused')
def module_unknown_rank():
    net = Small()
    spec = tf.TensorSpec(None, tf.float32, name='x')
    return _exported(net, lambda x: net.classify(net.features(
        tf.ensure_shape(x, [None, None, None, 3]))), spec)


@module('module_large_variable', 'a checkpoint over a megabyte')
def module_large_variable():
    net = Small()
    net.wide = tf.Variable(tf.constant(
        _kernel(np.random.RandomState(9), (3, 3, 8, 4096)), tf.float32))
    net.back = tf.Variable(tf.constant(
        _kernel(np.random.RandomState(10), (1, 1, 4096, 8)), tf.float32))

    def call(x):
        y = tf.nn.relu(tf.nn.conv2d(net.features(x), net.wide, 1, 'SAME'))
        return net.classify(tf.nn.conv2d(y, net.back, 1, 'SAME'))
    return _exported(net, call, _spec(16, 16))


# One operation each that TensorFlow 2.0.0 cannot run as it stands, between two
# convolutions: name, what it is, and the operation on eight feature maps of
# 16 x 16. `w` makes a seeded variable.
RAW = [
    ('transposed_groups', 'grouped Conv2DBackpropInput, silently wrong in 2.0.0',
     lambda w: lambda y: tf.raw_ops.Conv2DBackpropInput(
         input_sizes=tf.stack([tf.shape(y)[0], 16, 16, 8]), filter=w(3, 3, 4, 8),
         out_backprop=y, strides=[1, 1, 1, 1], padding='SAME')),
    ('transposed_sizes', 'Conv2DBackpropInput with two sizes',
     lambda w: lambda y: tf.raw_ops.Conv2DBackpropInput(
         input_sizes=[32, 32], filter=w(3, 3, 8, 8), out_backprop=y,
         strides=[1, 2, 2, 1], padding='SAME')),
    ('depthwise_strides', 'DepthwiseConv2dNative with strides that differ, SAME',
     lambda w: lambda y: tf.raw_ops.DepthwiseConv2dNative(
         input=y, filter=w(3, 3, 8, 1), strides=[1, 2, 1, 1], padding='SAME')),
    ('depthwise_strides_valid', 'DepthwiseConv2dNative with strides that differ, VALID',
     lambda w: lambda y: tf.raw_ops.DepthwiseConv2dNative(
         input=y, filter=w(3, 3, 8, 1), strides=[1, 1, 2, 1], padding='VALID')),
    ('norm_training', 'FusedBatchNormV3 in training mode, with statistics and a factor',
     lambda w: lambda y: tf.raw_ops.FusedBatchNormV3(
         x=y, scale=w(8), offset=w(8), mean=w(8), variance=tf.square(w(8)),
         is_training=True, exponential_avg_factor=0.5)[0]),
    ('norm_volume', 'FusedBatchNormV3 on volumes',
     lambda w: lambda y: tf.reshape(tf.raw_ops.FusedBatchNormV3(
         x=tf.reshape(y, [-1, 4, 4, 16, 8]), scale=w(8), offset=w(8), mean=w(8),
         variance=tf.square(w(8)), is_training=False, data_format='NDHWC')[0],
                                [-1, 16, 16, 8])),
    ('pad_wide', 'PadV2 with int64 paddings, which end the process of 2.0.0',
     lambda w: lambda y: tf.raw_ops.PadV2(
         input=y, paddings=tf.constant([[0, 0], [1, 1], [2, 2], [0, 0]], tf.int64),
         constant_values=1.5)),
    ('matmul_v3', 'BatchMatMulV3',
     lambda w: lambda y: tf.raw_ops.BatchMatMulV3(x=y, y=w(8, 8), Tout=tf.float32)),
    ('high_ranks', 'BiasAdd and ArgMax of rank 6',
     lambda w: lambda y: y + tf.cast(tf.argmax(tf.raw_ops.BiasAdd(
         value=tf.reshape(y, [-1, 16, 1, 16, 2, 4]), bias=w(4)), -1), tf.float32)[:, :, 0, :, :1]),
]


def _raw(operation):
    net = Small()
    net.more = []
    rng = np.random.RandomState(11)

    def weight(*shape):
        net.more.append(_variable(rng, 'kernel' if len(shape) > 1 else 'gamma', shape))
        return net.more[-1]
    apply = operation(weight)
    # Made outside of the function: variables are made once.
    cache = iter(())

    def again(*shape):
        return next(cache)
    apply(tf.zeros([1, 16, 16, 8]))
    made = list(net.more)

    def call(x):
        nonlocal cache
        cache = iter(made)
        return net.classify(operation(again)(net.features(x)))
    return _exported(net, call, _spec(16, 16))


for _name, _notes, _operation in RAW:
    module('module_raw_' + _name, _notes)(
        lambda operation=_operation: _raw(operation))
