# SPDX-License-Identifier: Apache-2.0
"""Writes small networks of every layer of Keras with random weights, an input and the output that Keras computes.

    export_keras.py FOLDER [--random N] [--only TEXT]

NAME.h5, NAME.keras and NAME.npz (input, expected, what) for each network; NAME.saved_model for some. A row of LAYERS names a class, the
shape of an image, and the values of each argument, the usual one first. The networks of a row change one
argument at a time, and N of them change any number at random. Runs with the Keras that is installed, 2 or 3;
TF_USE_LEGACY_KERAS selects tf_keras. Arguments that this Keras does not have or does not accept are left out, as
left_out.txt says; classes.txt lists the classes of layers that this Keras has.
"""
import argparse
import os
import random
import re
import zlib

os.environ.setdefault('TF_CPP_MIN_LOG_LEVEL', '3')
os.environ.setdefault('CUDA_VISIBLE_DEVICES', '')
os.environ.setdefault('TF_ENABLE_ONEDNN_OPTS', '0')
if os.environ.get('TF_USE_LEGACY_KERAS'):
    import tf_keras as keras
else:
    import keras
import numpy as np
import tensorflow as tf

layers = keras.layers
IS_NEW = keras.__version__.startswith('3')
MERGED = {'Add', 'Dot', 'Multiply', 'Subtract', 'Average', 'Maximum', 'Minimum', 'Concatenate'}

LINE, IMAGE, VOLUME, PHOTO = (11, 4), (9, 8, 4), (5, 7, 6, 4), (9, 8, 3)
FORMATS = [None, 'channels_first']
PADDINGS = ['valid', 'same']
METHODS = ['bicubic', 'area', 'lanczos3', 'lanczos5', 'gaussian', 'mitchellcubic']
ACTIVATIONS = '''
    linear relu sigmoid tanh softmax elu selu softplus softsign exponential swish silu relu6 gelu mish log_softmax
    leaky_relu hard_silu hard_swish celu squareplus hard_sigmoid hard_tanh hard_shrink soft_shrink tanh_shrink
    sparse_plus log_sigmoid glu threshold sparsemax sparse_sigmoid
'''.split()

# Layers for training, which do nothing at inference.
AUGMENTATION = {
    'RandomFlip': dict(mode=['horizontal']), 'RandomRotation': dict(factor=[0.2]), 'RandomZoom': dict(height_factor=[0.2]),
    'RandomContrast': dict(factor=[0.2]), 'RandomTranslation': dict(height_factor=[0.2], width_factor=[0.1]),
    'RandomBrightness': dict(factor=[0.2]), 'RandomHeight': dict(factor=[0.2]), 'RandomWidth': dict(factor=[0.2]),
    'RandomHue': dict(factor=[0.2]), 'RandomSaturation': dict(factor=[0.2]), 'RandomGrayscale': dict(factor=[0.2]),
    'RandomSharpness': dict(factor=[0.2]), 'RandomShear': dict(x_factor=[0.2]), 'RandomPerspective': dict(factor=[0.2]),
    'RandomGaussianBlur': dict(factor=[0.2]), 'RandomInvert': dict(factor=[0.2]),
    'RandomPosterization': dict(factor=[4]), 'RandomColorJitter': dict(brightness_factor=[0.2]),
    'RandomColorDegeneration': dict(factor=[0.2]), 'RandomErasing': dict(factor=[0.2]), 'RandomElasticTransform': {},
    'RandAugment': {}, 'AugMix': {}, 'MixUp': {}, 'CutMix': {}, 'Solarization': {}, 'Equalization': {},
    'MaxNumBoundingBoxes': dict(max_number=[3]),
}

# (class, shape without the batch, {argument: values})
LAYERS = [
    ('Conv1D', LINE, dict(filters=[6], kernel_size=[3, 2], strides=[1, 2], padding=[*PADDINGS, 'causal'],
                          dilation_rate=[1, 2], groups=[1, 2], use_bias=[True, False],
                          activation=['linear', 'relu'], data_format=FORMATS)),
    ('Conv2D', IMAGE, dict(filters=[6], kernel_size=[3, [2, 3], 1], strides=[1, 2, [3, 2]], padding=PADDINGS,
                           dilation_rate=[1, 2, [1, 3]], groups=[1, 2, 4], use_bias=[True, False],
                           activation=['linear', 'relu', 'softmax'], data_format=FORMATS,
                           dtype=['float32', 'float64', 'mixed_float16', 'float16', 'mixed_bfloat16'],
                           kernel_constraint=[None, 'unit_norm'], kernel_regularizer=[None, 'l2'])),
    ('Conv3D', VOLUME, dict(filters=[6], kernel_size=[3, [1, 2, 3]], strides=[1, 2, [1, 2, 1]], padding=PADDINGS,
                            dilation_rate=[1, 2], use_bias=[True, False], activation=['linear', 'relu'],
                            data_format=FORMATS, groups=[1, 2])),
    ('DepthwiseConv1D', LINE, dict(kernel_size=[3, 2], strides=[1, 2], padding=PADDINGS, depth_multiplier=[1, 2],
                                   dilation_rate=[1, 2], use_bias=[True, False], activation=['linear', 'relu'],
                                   data_format=FORMATS)),
    ('DepthwiseConv2D', IMAGE, dict(kernel_size=[3, [2, 3]], strides=[1, 2], padding=PADDINGS,
                                    depth_multiplier=[1, 2], dilation_rate=[1, 2, [2, 1]], use_bias=[True, False],
                                    activation=['linear', 'relu'], data_format=FORMATS)),
    ('SeparableConv1D', LINE, dict(filters=[5], kernel_size=[3, 2], strides=[1, 2], padding=[*PADDINGS, 'causal'],
                                   depth_multiplier=[1, 2], dilation_rate=[1, 2], use_bias=[True, False],
                                   activation=['linear', 'relu'], data_format=FORMATS)),
    ('SeparableConv2D', IMAGE, dict(filters=[5], kernel_size=[3, [2, 3]], strides=[1, 2], padding=PADDINGS,
                                    depth_multiplier=[1, 2], dilation_rate=[1, 2], use_bias=[True, False],
                                    activation=['linear', 'relu'], data_format=FORMATS)),
    ('Conv1DTranspose', LINE, dict(filters=[5], kernel_size=[3, 2, 4], strides=[1, 2, 3], padding=PADDINGS,
                                   output_padding=[None, 0, 1], use_bias=[True, False],
                                   activation=['linear', 'relu'], dilation_rate=[1, 2], data_format=FORMATS)),
    ('Conv2DTranspose', IMAGE, dict(filters=[5], kernel_size=[3, [2, 3], 4, 1], strides=[1, 2, [1, 3]],
                                    padding=PADDINGS, output_padding=[None, 0, 1, [0, 1]], use_bias=[True, False],
                                    activation=['linear', 'relu'], dilation_rate=[1, 2], data_format=FORMATS)),
    ('Conv3DTranspose', VOLUME, dict(filters=[5], kernel_size=[3, [1, 2, 3]], strides=[1, 2, [1, 2, 1]],
                                     padding=PADDINGS, output_padding=[None, 0, 1], use_bias=[True, False],
                                     activation=['linear', 'relu'], dilation_rate=[1, 2], data_format=FORMATS)),
    *((f'LocallyConnected{rank}D', shape, dict(filters=[5], kernel_size=[3, 2], strides=[1, 2], use_bias=[True, False],
                                               activation=['linear', 'relu'], data_format=FORMATS))
      for rank, shape in ((1, LINE), (2, IMAGE))),
    *((f'{kind}Pooling1D', LINE, dict(pool_size=[2, 3], strides=[None, 1, 3], padding=PADDINGS, data_format=FORMATS))
      for kind in ('Max', 'Average')),
    *((f'{kind}Pooling2D', IMAGE, dict(pool_size=[2, 3, [3, 2]], strides=[None, 1, 3, [1, 2]], padding=PADDINGS,
                                       data_format=FORMATS)) for kind in ('Max', 'Average')),
    *((f'{kind}Pooling3D', VOLUME, dict(pool_size=[2, 3, [1, 3, 2]], strides=[None, 1, [1, 2, 1]],
                                        padding=PADDINGS, data_format=FORMATS)) for kind in ('Max', 'Average')),
    *((f'Global{kind}Pooling{rank}D', shape, dict(keepdims=[True, False], data_format=FORMATS))
      for kind in ('Max', 'Average') for rank, shape in ((1, LINE), (2, IMAGE), (3, VOLUME))),
    *((f'Adaptive{kind}Pooling{rank}D', shape, dict(output_size=[2, 3, 5], data_format=FORMATS))
      for kind in ('Max', 'Average') for rank, shape in ((1, LINE), (2, IMAGE), (3, VOLUME))),
    ('UpSampling1D', LINE, dict(size=[2, 3])),
    ('UpSampling2D', IMAGE, dict(size=[2, [3, 1]], interpolation=['nearest', 'bilinear', *METHODS],
                                 data_format=FORMATS)),
    ('UpSampling3D', VOLUME, dict(size=[2, [1, 2, 3]], data_format=FORMATS)),
    ('ZeroPadding1D', LINE, dict(padding=[1, [0, 2]], data_format=FORMATS)),
    ('ZeroPadding2D', IMAGE, dict(padding=[1, [1, 2], [[1, 0], [2, 3]]], data_format=FORMATS)),
    ('ZeroPadding3D', VOLUME, dict(padding=[1, [1, 2, 0], [[1, 0], [2, 3], [0, 1]]], data_format=FORMATS)),
    ('Cropping1D', LINE, dict(cropping=[1, [0, 2]])),
    ('Cropping2D', IMAGE, dict(cropping=[1, [1, 2], [[1, 0], [2, 3]], 0], data_format=FORMATS)),
    ('Cropping3D', VOLUME, dict(cropping=[1, [1, 2, 0], [[1, 0], [2, 3], [0, 1]]], data_format=FORMATS)),
    ('Resizing', IMAGE, dict(height=[12, 5, 9], width=[16, 4, 8], antialias=[None, True],
                             interpolation=['bilinear', 'nearest', *METHODS],
                             crop_to_aspect_ratio=[None, True], pad_to_aspect_ratio=[None, True],
                             data_format=FORMATS)),
    *(('Resizing', IMAGE, dict(height=[5], width=[4], antialias=[True], interpolation=[method]))
      for method in ('nearest', *METHODS)),
    ('CenterCrop', IMAGE, dict(height=[5, 9, 12], width=[4, 5, 3], data_format=FORMATS)),
    ('RandomCrop', IMAGE, dict(height=[5, 9], width=[4, 5])),
    *((f'ConvLSTM{rank}D', (3, *shape, 2), dict(filters=[3], kernel_size=[3, 2], strides=[1, 2], padding=['same', 'valid'],
                                                dilation_rate=[1, 2], return_sequences=[True, False],
                                                use_bias=[True, False], activation=['tanh', 'relu'],
                                                recurrent_activation=['hard_sigmoid', 'sigmoid'],
                                                go_backwards=[False, True], data_format=FORMATS))
      for rank, shape in ((1, (6,)), (2, (6, 5)), (3, (4, 5, 4)))),
    ('Dense', IMAGE, dict(units=[5], use_bias=[True, False], activation=['linear', 'softmax'])),
    ('Dense', (7,), dict(units=[5], use_bias=[True, False])),
    ('EinsumDense', IMAGE, dict(equation=['abcd,de->abce'], output_shape=[[9, 8, 5]], bias_axes=['e', None, 'ce'],
                                activation=['linear', 'relu'])),
    ('BatchNormalization', IMAGE, dict(axis=[-1, 1, 2], epsilon=[1e-3, 1e-2], center=[True, False],
                                       scale=[True, False], dtype=['float32', 'mixed_float16'],
                                       renorm=[False, True])),
    ('BatchNormalization', LINE, dict(axis=[-1, 1], center=[True, False], scale=[True, False])),
    ('BatchNormalization', VOLUME, dict(axis=[-1, 2])),
    ('LayerNormalization', IMAGE, dict(axis=[-1, [1, 2], [1, 2, 3], 2], epsilon=[1e-3, 1e-2],
                                       center=[True, False], scale=[True, False], rms_scaling=[None, True])),
    ('GroupNormalization', IMAGE, dict(groups=[2, 4, 1, -1], axis=[-1, 2], epsilon=[1e-3, 1e-2],
                                       center=[True, False], scale=[True, False])),
    ('GroupNormalization', LINE, dict(groups=[2])),
    ('RMSNormalization', IMAGE, dict(axis=[-1, [1, 2, 3], [2, 3]], epsilon=[1e-6, 1e-2])),
    ('UnitNormalization', IMAGE, dict(axis=[-1, [1, 2], 2])),
    ('Normalization', IMAGE, dict(axis=[-1, None], mean=[None], invert=[False, True])),
    ('Normalization', IMAGE, dict(axis=[-1, 2], mean=[0.5], variance=[2.5], invert=[False, True])),
    ('Normalization', IMAGE, dict(axis=[-1], mean=[[1., 2., 3., 4.]], variance=[[2., 1., 3., 0.]])),
    ('Rescaling', IMAGE, dict(scale=[0.5, 1 / 255, 2, [1., 2., 3., 4.]], offset=[0, -1.5, [1., 2., 3., 4.]])),
    ('Activation', IMAGE, dict(activation=ACTIVATIONS)),
    ('ReLU', IMAGE, dict(max_value=[None, 6.0, 1.5], negative_slope=[0.0, 0.2], threshold=[0.0, 0.5, -1.0])),
    ('LeakyReLU', IMAGE, {'negative_slope' if IS_NEW else 'alpha': [0.3, 0.01]}),
    ('PReLU', IMAGE, dict(shared_axes=[None, [1, 2], [3]])),
    ('ELU', IMAGE, dict(alpha=[1.0, 0.5])),
    ('ThresholdedReLU', IMAGE, dict(theta=[1.0, 0.3])),
    ('Softmax', IMAGE, dict(axis=[-1, 1, [1, 2], [2, 3]])),
    *((name, IMAGE, dict(inputs=[2, 3, 'row'])) for name in sorted(MERGED - {'Concatenate', 'Dot', 'Subtract'})),
    ('Subtract', IMAGE, dict(inputs=[2, 'row'])),
    *(('Dot', shape, dict(axes=[-1, 1, [1, 1]], normalize=[False, True])) for shape in ((7,), LINE, IMAGE)),
    ('Concatenate', IMAGE, dict(inputs=[2, 3], axis=[-1, 1, 3])),
    ('Reshape', IMAGE, dict(target_shape=[[8, 9, 4], [-1, 4], [72, -1], [4, 3, 3, 8], [-1]])),
    ('Flatten', IMAGE, dict(data_format=FORMATS)),
    ('Permute', IMAGE, dict(dims=[[2, 1, 3], [3, 1, 2]])),
    ('RepeatVector', (7,), dict(n=[3])),
    ('Dropout', IMAGE, dict(rate=[0.5])),
    *((f'SpatialDropout{rank}D', shape, dict(rate=[0.5])) for rank, shape in ((1, LINE), (2, IMAGE), (3, VOLUME))),
    ('GaussianNoise', IMAGE, dict(stddev=[0.5])),
    ('GaussianDropout', IMAGE, dict(rate=[0.5])),
    ('AlphaDropout', IMAGE, dict(rate=[0.5])),
    ('ActivityRegularization', IMAGE, dict(l1=[0.5])),
    ('Identity', IMAGE, {}),
    *((name, PHOTO, arguments) for name, arguments in AUGMENTATION.items()),
    ('AutoContrast', PHOTO, dict(value_range=[[0, 255], [0, 1], [-1, 3]], dtype=['float32', 'float64'])),
    ('ContrastLimitedAdaptiveHistogramEqualization', PHOTO, dict(
        value_range=[[-1, 3], [0, 255], [0, 1]], clip_limit=[4.0, 0.0, 40.0], data_format=FORMATS,
        tile_grid_size=[[2, 2], [8, 8], [3, 4], [1, 1]], dtype=['float32', 'float64'])),
]


# ---- models: functions of one argument, the class of errors that a Keras may have with them

def conv(x, filters=4, **options):
    return layers.Conv2D(filters, 3, padding='same', **options)(x)


def unet(x):
    skips = []
    for filters in (4, 6):
        x = layers.BatchNormalization()(conv(x, filters, activation='relu', use_bias=False))
        skips.append(x)
        x = layers.MaxPooling2D()(x)
    x = layers.Dropout(0.5)(conv(x, 8, activation='relu'))
    for filters, skip in zip((6, 4), reversed(skips)):
        x = layers.Conv2DTranspose(filters, 2, strides=2, padding='same')(x)
        x = conv(layers.Concatenate()([skip, x]), filters, activation='relu')
    return layers.Conv2D(3, 1, activation='softmax')(x)


def nested(x):
    inner_input = layers.Input((8, 8, 4))
    inner = keras.Model(inner_input, layers.BatchNormalization()(conv(inner_input)), name='inner')
    chain = keras.Sequential([layers.Conv2D(4, 1, name='conv'), layers.ReLU()], name='chain')
    deep_input = layers.Input((8, 8, 4))
    deep = keras.Model(deep_input, inner(chain(inner(deep_input))), name='deep')
    return deep(deep(conv(x)))


def frozen(x):
    inner_input = layers.Input((8, 8, 3))
    y = layers.BatchNormalization(trainable=False)(conv(inner_input))
    inner = keras.Model(inner_input, layers.BatchNormalization()(conv(y)), name='inner')
    inner.layers[1].trainable = False
    outer = keras.Sequential([inner, layers.Conv2D(2, 1), layers.BatchNormalization()], name='outer')
    whole = outer(x)
    inner.trainable = False
    return whole


def shared(x):
    layer, norm = layers.Conv2D(3, 3, padding='same'), layers.BatchNormalization()
    return layers.Add()([norm(layer(x)), norm(layer(layer(x))), layer(norm(x))])


def squeeze_and_excite(x):
    y = conv(x, 8)
    s = layers.GlobalAveragePooling2D()(y)
    s = layers.Reshape((1, 1, 8))(s)
    s = layers.Dense(8, activation='sigmoid')(layers.Dense(2, activation='relu')(s))
    return layers.Multiply()([y, s])


def attention(x):
    y = layers.Reshape((64, 3))(x)
    y = layers.MultiHeadAttention(2, 5, value_dim=3)(y, y)
    return layers.Reshape((8, 8, 3))(layers.LayerNormalization()(y))


def attention_between(x):
    y = layers.Reshape((64, 3))(x)
    z = layers.Dense(6)(layers.Reshape((32, 6))(x))
    return layers.MultiHeadAttention(3, 2, use_bias=False, output_shape=4)(y, value=z, key=z)


def distributed(x):
    y = layers.Reshape((2, 4, 8, 3))(x)
    y = layers.TimeDistributed(layers.Conv2D(5, 3, padding='same'))(y)
    y = layers.TimeDistributed(layers.BatchNormalization())(y)
    return layers.TimeDistributed(layers.Dense(2))(y)


def spectral(x):
    return layers.SpectralNormalization(layers.Conv2D(4, 3))(x)


def activations_as_layers(x):
    x = conv(x, activation=layers.LeakyReLU())
    return layers.Activation(layers.ReLU(max_value=1.0))(conv(x, activation=layers.ELU()))


def unused(x):
    conv(x, 7)
    return conv(x, 2)


def mixed_ranks(x):
    return layers.Add()([conv(x), layers.GlobalAveragePooling2D()(conv(x))])


def names(x):
    x = layers.Conv2D(2, 1, name='conv')(x)
    x = layers.Conv2D(2, 1, name='conv_1')(x)
    return layers.Conv2D(2, 1, name='a.b-c')(x)


def shared_by_models(x):
    layer, norm = layers.Conv2D(3, 3, padding='same', name='both'), layers.BatchNormalization(name='norm')
    starts = [layers.Input((8, 8, 3)) for _ in range(4)]
    first = keras.Model(starts[0], norm(layer(starts[0])), name='first')
    second = keras.Model(starts[1], layers.ReLU()(norm(layer(starts[1]))), name='second')
    third = keras.Model(starts[2], layers.ReLU()(first(starts[2])), name='third')
    both = keras.Model(starts[3], layers.Add()([second(starts[3]), third(starts[3])]), name='pair')
    return layers.Add()([first(x), both(x)])


def shared_by_wrappers(x):
    layer = layers.Dense(3, name='both')
    return layers.TimeDistributed(layer)(layers.TimeDistributed(layer)(layer(x)))


def pipeline(x):
    return layers.Pipeline([layers.RandomFlip(), layers.Rescaling(2.0), layers.CenterCrop(6, 6)])(x)


MODELS = [unet, nested, frozen, shared, squeeze_and_excite, attention, attention_between, distributed, spectral,
          activations_as_layers, unused, mixed_ranks, names,
          shared_by_models, shared_by_wrappers, pipeline]

SEQUENTIAL = {
    'sequential': lambda: keras.Sequential([layers.Input((8, 8, 3)), layers.Conv2D(4, 3), layers.ReLU(),
                                            layers.Conv2D(4, 3), layers.BatchNormalization()]),
    'sequential_open': lambda: keras.Sequential([layers.Conv2D(4, 3), layers.UpSampling2D(),
                                                 layers.Conv2DTranspose(4, 3, strides=2)]),
    'sequential_nested': lambda: keras.Sequential([
        layers.Input((8, 8, 3)),
        keras.Sequential([layers.Conv2D(4, 3), keras.Sequential([layers.BatchNormalization()])]),
        layers.Conv2D(2, 1, activation='sigmoid')]),
}

# Operations between layers, one a line: of Keras 3, and of TensorFlow in Keras 2.
OPERATIONS_NEW = '''
    x + 1
    2 - x
    x * x
    x / 3
    1 / (x + 5)
    -x
    x ** 2
    abs(x)
    o.maximum(x, 0.5)
    o.minimum(0.5, x)
    o.subtract(x, conv(x, 3))
    o.divide(x, 4.0)
    o.exp(x)
    o.log(o.abs(x) + 1)
    o.sqrt(o.square(x))
    o.rsqrt(o.square(x) + 1)
    o.sin(x) + o.cos(x)
    o.sign(o.floor(x) + o.ceil(x))
    o.relu(x)
    o.relu6(x * 4)
    o.sigmoid(x)
    o.tanh(x)
    o.silu(x)
    o.gelu(x, approximate=False)
    o.gelu(x)
    o.softmax(x)
    o.softmax(x, axis=1)
    o.leaky_relu(x, 0.1)
    o.elu(x, 0.5)
    o.elu(x)
    o.selu(x)
    o.hard_sigmoid(x)
    o.hard_silu(x)
    o.log_sigmoid(x)
    o.softplus(x) + o.softsign(x)
    o.log_softmax(x)
    o.log_softmax(x, axis=2)
    o.hard_tanh(x)
    o.squareplus(x)
    o.squareplus(x, b=1)
    o.celu(x, alpha=0.5)
    o.soft_shrink(x)
    o.soft_shrink(x, 0.2)
    o.hard_shrink(x, 0.2)
    o.tanh_shrink(x)
    o.threshold(x, 0.2, -3)
    o.glu(conv(x))
    o.sparse_plus(x)
    o.mean(x, axis=[1, 2], keepdims=True)
    o.max(x, axis=-1)
    o.min(x, axis=1)
    o.sum(x, axis=(1, 3))
    o.prod(x, axis=3)
    o.var(x, axis=[1, 2], keepdims=True)
    o.std(x, axis=3)
    o.logsumexp(x, axis=3)
    o.amax(x, axis=2)
    o.concatenate([x, conv(x)], axis=-1)
    o.stack([x, x + 1], axis=1)
    o.split(x, 2, axis=1)[1]
    o.split(x, [3, 5], axis=1)[1]
    o.concatenate(o.split(x, 3, axis=-1)[::-1], axis=-1)
    x[:, 1:-1, ::2]
    x[..., 0]
    x[..., None, :2]
    x[:, ::-1]
    x[:, 3]
    o.reshape(x, (-1, 64, 3))
    o.reshape(x, (-1, 4, 2, 8, 3))
    o.transpose(x, (0, 2, 1, 3))
    o.expand_dims(x, 1)
    o.expand_dims(x, -1)
    o.squeeze(x[:, :1], axis=1)
    o.tile(x, (1, 2, 1, 3))
    o.repeat(x, 2, axis=1)
    o.pad(x, [[0, 0], [1, 2], [3, 0], [0, 0]])
    o.pad(x, [[0, 0], [1, 2], [3, 0], [0, 0]], mode='reflect')
    o.pad(x, [[0, 0], [1, 2], [3, 0], [0, 0]], mode='symmetric')
    o.pad(x, [[0, 0], [1, 2], [3, 0], [0, 0]], constant_values=2.0)
    o.pad(x, [[0, 0], [1, 1], [2, 2], [0, 0]])
    o.image.resize(x, (12, 5))
    o.image.resize(x, (12, 5), interpolation='nearest')
    o.cast(x > 0, 'float32')
    o.where(x > 0, x, x * 0.1)
    o.clip(x, -0.5, 0.7)
    o.normalize(x)
    o.normalize(x, axis=1, order=2)
    o.matmul(x, o.transpose(x, (0, 1, 3, 2)))
    o.einsum('bhwc,bhwd->bcd', x, x)
    o.average_pool(x, 2, 2, 'same')
    o.max_pool(x, 3, 1, 'valid')
    o.flip(x, axis=1)
    o.roll(x, 2, axis=1)
    o.swapaxes(x, 1, 3)
    o.moveaxis(x, 1, 3)
    o.square(o.round(x))
    o.reciprocal(x + 9)
    o.floor_divide(x, 0.3)
    o.mod(x, 0.7)
    o.log1p(o.abs(x))
    o.expm1(x)
    o.arctan(x)
    o.erf(x)
    o.stop_gradient(x)
    o.cast(o.logical_and(x > 0, x < 1), 'float32')
    o.zeros_like(x) + o.ones_like(x)
    o.add(x, o.mean(x, axis=-1, keepdims=True))
    o.image.crop_images(x, 1, 2, 3, 1)
    o.image.pad_images(x, 1, 2, 3, 1)
    o.image.rgb_to_grayscale(x)
    o.moments(x, axes=[1, 2])[1]
    o.argmax(x, axis=-1)
    o.max(o.image.extract_patches(x, 2), axis=-1)
    o.cumsum(x, axis=1)
    o.broadcast_to(x[:, :, :1], (2, 8, 8, 3))
    o.isnan(x)
    o.ravel(x)
    o.unstack(x, axis=-1)[1]
    o.append(x, x, axis=1)
    o.multiply(x, np.float32([1, 2, 3]))
    x - np.arange(3.0, dtype='float32')
    o.arctan2(x, x + 3)
    o.concatenate([x, np.ones((2, 8, 8, 1), 'float32')], axis=-1)
    o.cast(o.logical_or(x >= 1, x <= 0), 'float32')
    o.cast(o.logical_not(o.equal(o.floor(x), 0)), 'float32')
    o.cast(x != 0, 'float32') + o.tan(x) + o.sinh(x) + o.cosh(x)
    o.arcsin(o.tanh(x)) + o.arccos(o.sigmoid(x))
    o.sparse_sigmoid(x) + o.copy(x)
    o.amin(x, axis=2)
    o.cast(o.all(x > 0, axis=1), 'float32') + o.cast(o.any(x > 0, axis=1), 'float32')
    o.argmin(x, axis=-1)
    o.image.resize(x, (5, 4), antialias=True)
    o.image.resize(x, (5, 4), interpolation='lanczos3')
'''

OPERATIONS_OLD = '''
    x + 1
    2 - x
    x * x
    x / 3
    1 / (x + 5)
    -x
    x ** 2
    abs(x)
    t.maximum(x, 0.5)
    t.minimum(x, 0.5)
    3.0 ** x
    t.subtract(x, conv(x, 3))
    t.math.divide(x, 4.0)
    t.exp(x)
    t.math.log(t.abs(x) + 1)
    t.sqrt(t.square(x))
    t.math.rsqrt(t.square(x) + 1)
    t.sin(x) + t.cos(x)
    t.sign(x) + t.floor(x) + t.math.ceil(x)
    t.nn.relu(x)
    t.nn.relu6(x * 4)
    t.sigmoid(x)
    t.nn.sigmoid(x)
    t.tanh(x)
    t.nn.silu(x)
    t.nn.gelu(x)
    t.nn.gelu(x, approximate=True)
    t.nn.softmax(x)
    t.nn.softmax(x, axis=1)
    t.nn.leaky_relu(x, 0.1)
    t.nn.leaky_relu(x)
    t.nn.elu(x)
    t.nn.selu(x)
    t.nn.softplus(x) + t.nn.softsign(x)
    t.nn.log_softmax(x)
    t.reduce_mean(x, axis=[1, 2], keepdims=True)
    t.reduce_max(x, axis=-1)
    t.reduce_min(x, 1)
    t.reduce_sum(x, axis=(1, 3))
    t.reduce_prod(x, axis=3)
    t.math.reduce_variance(x, axis=[1, 2], keepdims=True)
    t.math.reduce_std(x, 3)
    t.reduce_logsumexp(x, 3)
    t.concat([x, conv(x)], -1)
    t.concat([x, x], axis=1)
    t.stack([x, x + 1], axis=1)
    t.split(x, 2, axis=1)[1]
    t.split(x, [3, 5], axis=1)[1]
    t.unstack(x, axis=-1)[1]
    x[:, 1:-1, ::2]
    x[..., 0]
    x[..., t.newaxis, :2]
    x[:, ::-1]
    x[:, 3]
    t.reshape(x, (-1, 64, 3))
    t.reshape(x, [t.shape(x)[0], 64, 3])
    t.transpose(x, (0, 2, 1, 3))
    t.transpose(x, perm=[0, 3, 1, 2])
    t.expand_dims(x, 1)
    t.squeeze(x[:, :1], axis=1)
    t.tile(x, (1, 2, 1, 3))
    t.repeat(x, 2, axis=1)
    t.pad(x, [[0, 0], [1, 2], [3, 0], [0, 0]])
    t.pad(x, [[0, 0], [1, 2], [3, 0], [0, 0]], 'REFLECT')
    t.pad(x, [[0, 0], [1, 2], [3, 0], [0, 0]], mode='SYMMETRIC')
    t.pad(x, [[0, 0], [1, 2], [3, 0], [0, 0]], constant_values=2)
    t.image.resize(x, (12, 5))
    t.image.resize(x, [12, 5], method='nearest')
    t.image.resize(x, t.shape(x)[1:3] * 2)
    t.cast(x > 0, 'float32')
    t.cast(x > 0, t.float32)
    t.where(x > 0, x, x * 0.1)
    t.clip_by_value(x, -0.5, 0.7)
    t.nn.l2_normalize(x, -1)
    t.math.l2_normalize(x, axis=1)
    t.matmul(x, t.transpose(x, (0, 1, 3, 2)))
    t.matmul(x, x, transpose_b=True)
    t.nn.depth_to_space(conv(x), 2)
    t.nn.space_to_depth(x, 2)
    t.identity(x)
    t.stop_gradient(x)
    t.add(x, conv(x, 3))
    t.einsum('bhwc,bhwd->bcd', x, x)
    t.nn.avg_pool2d(x, 2, 2, 'SAME')
    t.nn.max_pool2d(x, 3, 1, 'VALID')
    t.reverse(x, [1])
    t.roll(x, 2, 1)
    t.round(x)
    t.math.reciprocal(x + 9)
    t.math.floordiv(x, 0.3)
    x // 0.3
    x % 0.7
    t.math.log1p(t.abs(x))
    t.math.expm1(x)
    t.atan(x)
    t.math.erf(x)
    t.cast(t.logical_and(x > 0, x < 1), 'float32')
    t.zeros_like(x) + t.ones_like(x)
    t.add_n([x, x, conv(x, 3)])
    t.math.squared_difference(x, 2.0)
    t.image.rgb_to_grayscale(x)
    t.image.flip_left_right(x)
    t.image.per_image_standardization(x)
    t.math.cumsum(x, axis=1)
    t.nn.moments(x, [1, 2])[1]
    t.argmax(x, -1)
    x * np.float32([1, 2, 3])
    x - t.constant([1., 2., 3.])
    t.gather(x, [2, 0], axis=-1)
    t.nn.conv2d(x, np.full((3, 3, 3, 2), 0.1, 'float32'), 1, 'SAME')
    t.nn.bias_add(x, np.float32([1, 2, 3]))
    t.broadcast_to(x, t.shape(x))
    t.keras.activations.hard_sigmoid(x)
    t.keras.activations.gelu(x)
    t.keras.backend.sigmoid(x)
    t.math.multiply_no_nan(x, x)
    t.image.resize_with_crop_or_pad(x, 6, 12)
    t.image.adjust_contrast(x, 2.0)
    t.math.pow(x, 2)
    t.negative(x)
    t.image.central_crop(x, 0.5)
    t.atan2(x, x + 3)
    t.concat([x, np.ones((2, 8, 8, 1), 'float32')], axis=-1)
    t.add_n([x, np.ones((2, 8, 8, 3), 'float32')])
    t.cast(t.logical_or(x >= 1, x <= 0), 'float32')
    t.cast(t.logical_not(t.equal(t.floor(x), 0)), 'float32')
    t.tan(x) + t.sinh(x) + t.cosh(x)
    t.asin(t.tanh(x)) + t.acos(t.sigmoid(x))
    t.cast(t.reduce_all(x > 0, axis=1), 'float32') + t.cast(t.reduce_any(x > 0, axis=1), 'float32')
    t.argmin(x, -1)
    t.image.resize(x, (5, 4), antialias=True)
    t.image.resize(x, (5, 4), method='lanczos5')
    t.image.resize(x, (5, 4), 'area')
'''


# What Keras 2 also saves as a SavedModel, which the test compares; and the first network of each layer.
SAVED_TOO = {'unet', 'nested', 'frozen', 'squeeze_and_excite', 'distributed', 'attention', 'activations_as_layers'}


# ---- building

def random_weights(model, rng):
    for weight in model.weights:
        name = (weight.path if IS_NEW else weight.name).split('/')[-1].split(':')[0]
        values = rng.standard_normal(weight.shape) * 0.4
        if 'variance' in name or 'gamma' in name:
            values = rng.uniform(0.5, 1.5, weight.shape)
        if tf.as_dtype(weight.dtype).is_floating:
            weight.assign(values)
    for layer in model.layers:
        if isinstance(layer, layers.Normalization):
            layer.finalize_state() # it computes with numbers derived from its weights


def mixed(x, shape):
    layer = layers.Conv2D(shape[-1], 1) if shape == IMAGE else layers.Dense(shape[-1])
    return layer(x)


def layer_network(name, shape, options):
    options = dict(options)
    x = source = layers.Input(shape)
    inputs = options.pop('inputs', None)
    if name in MERGED:
        count = 2 if inputs in (None, 'row') else inputs
        parts = [x, *(mixed(x, shape) for _ in range(count - 1))]
        if inputs == 'row':
            parts[1] = layers.GlobalMaxPooling2D(keepdims=True)(parts[1])
        return keras.Model(source, getattr(layers, name)(**options)(parts))
    return keras.Model(source, getattr(layers, name)(**options)(x))


def rows_of(random_count):
    for name, shape, options in LAYERS:
        if not hasattr(layers, name):
            continue
        keys, picked = list(options), []
        first = tuple(values[0] for values in options.values())
        for i, key in enumerate(keys):
            picked += [(*first[:i], value, *first[i + 1:]) for value in options[key][1:]]
        rng = random.Random(zlib.crc32(f'{name}{shape}'.encode()))
        for _ in range(random_count):
            picked.append(tuple(rng.choice(values) for values in options.values()))
        seen = []
        for values in [first, *picked]:
            if values not in seen:
                seen.append(values)
                yield name, shape, dict(zip(keys, values))


def networks(random_count):
    """(label, what it is, function that builds it, formats)"""
    counts = {}
    for name, shape, options in rows_of(random_count):
        counts[name] = counts.get(name, -1) + 1
        changed = {key: value for key, value in options.items() if value is not None}
        yield (f'{name}-{counts[name]:03}', f'{name}({changed}) on {shape}',
               lambda a=(name, shape, changed): layer_network(*a))
    for function in MODELS:
        def build(function=function):
            x = layers.Input((8, 8, 3))
            return keras.Model(x, function(x))
        yield function.__name__, function.__name__, build
    yield from ((label, label, build) for label, build in SEQUENTIAL.items())
    for line in (OPERATIONS_NEW if IS_NEW else OPERATIONS_OLD).split('\n'):
        def build(text=line):
            x = layers.Input((8, 8, 3))
            places = {'x': x, 'o': getattr(keras, 'ops', None), 't': tf, 'conv': conv, 'np': np, 'keras': keras}
            return keras.Model(x, eval(text, places))
        if line.strip():
            yield 'operation-' + re.sub(r'\W+', '_', line).strip('_'), line.strip(), build


def write(label, what, build, folder):
    if IS_NEW:
        keras.utils.clear_session(free_memory=False) # which takes longer than all the rest
    else:
        keras.backend.clear_session()
    seed = zlib.crc32(label.encode())
    keras.utils.set_random_seed(seed & 0xffff)
    rng = np.random.default_rng(seed)
    model = build()
    shape = [d or 8 for d in (model.input_shape[1:] if model.built and model.inputs else (8, 8, 3))]
    pictures = rng.standard_normal((2, *shape)).astype('float32')
    if not model.built:
        model(pictures[:1])
    random_weights(model, rng)
    try:
        expected = np.asarray(model(pictures, training=False))
    except tf.errors.OpError: # channels first: XLA has the kernels
        expected = np.asarray(tf.function(lambda x: model(x, training=False), jit_compile=True)(pictures))
    if expected.dtype.name == 'bfloat16': # which NumPy does not have
        expected = expected.astype('float32')
    path = os.path.join(folder, label)
    has_archive_only = IS_NEW and label.startswith(('operation', *AUGMENTATION)) # Keras fails otherwise
    formats = ['.keras'] if has_archive_only else ['.h5', '.keras']
    for ending in formats:
        model.save(path + ending)
    if not IS_NEW and (label in SAVED_TOO or label.endswith('-000')):
        model.save(path + '.saved_model', save_format='tf')
    np.savez(path + '.npz', input=pictures, expected=expected, what=np.array(what))


def main():
    parser = argparse.ArgumentParser()
    parser.add_argument('folder')
    parser.add_argument('--random', type=int, default=0)
    parser.add_argument('--only', default='')
    asked = parser.parse_args()
    os.makedirs(asked.folder, exist_ok=True)
    left_out = []
    for label, what, build in networks(asked.random):
        if asked.only not in label:
            continue
        try:
            write(label, what, build, asked.folder)
        except Exception as error: # whatever this Keras says
            left_out.append(f'{label}: {what}: {type(error).__name__}: {str(error)[:150]}')
    classes = [each for each in vars(layers).values() if isinstance(each, type)]
    names = sorted({each.__name__ for each in classes if issubclass(each, layers.Layer)})
    with open(os.path.join(asked.folder, 'classes.txt'), 'w', encoding='utf-8') as file:
        file.write('\n'.join(names) + '\n')
    with open(os.path.join(asked.folder, 'left_out.txt'), 'w', encoding='utf-8') as file:
        file.write('\n'.join(left_out) + '\n')


if __name__ == '__main__':
    main()
