# SPDX-License-Identifier: Apache-2.0
"""Writes networks with an old Keras, as fixtures: NAME.h5 (and NAME.keras), NAME.npz with input and output.

    make_old.py FOLDER            by the Keras in the path
    make_old.py FOLDER tensorflow by tf.keras

old_versions.tar.xz holds what these wrote, which is not made again by any test: Keras 1.2.2, 2.2.4 and 2.3.1 with
TensorFlow 1.15, the first two also with Theano 1.0.5 (KERAS_BACKEND=theano); tf.keras of TensorFlow 1.15, 2.0, 2.3,
2.12, 2.13 and 2.14. Each ran in an environment of its own, with Python 3.7, and 3.11 from 2.12 on.
"""
import os
import sys
import zlib

os.environ.setdefault('TF_CPP_MIN_LOG_LEVEL', '3')
import numpy as np

if sys.argv[2:] == ['tensorflow']:
    import tensorflow as tf
    from tensorflow import keras
    LABEL = 'tf' + tf.__version__
else:
    import keras
    LABEL = 'keras' + keras.__version__ + '-' + keras.backend.backend()
    tf = None

if keras.backend.backend() == 'theano':
    import theano.ifelse # which Keras 1 forgets

L = keras.layers
IS_OLD = LABEL.startswith('keras1')
IS_THEANO = 'theano' in LABEL


# ---- Keras 1

def conv1(x, n, **more):
    return L.Convolution2D(n, 3, 3, border_mode='same', **more)(x)


def image_old(order):
    """Every layer for images; with Theano's order of dimensions the channels come first."""
    axis = 3 if order == 'tf' else 1
    keras.backend.set_image_dim_ordering(order)
    x = start = L.Input(shape=(8, 8, 3) if order == 'tf' else (3, 8, 8))
    a = conv1(x, 4, activation='relu', subsample=(1, 1))
    x = L.BatchNormalization(axis=axis)(a)
    x = L.MaxPooling2D((2, 2))(x)
    x = L.PReLU(shared_axes=[2, 3] if axis == 1 else [1, 2])(conv1(x, 5, bias=False))
    x = L.Dropout(0.5)(L.ELU(0.7)(x))
    x = L.UpSampling2D((2, 2))(x)
    if axis == 3:
        x = L.Deconvolution2D(4, 3, 3, output_shape=(None, 8, 8, 4), border_mode='same')(x)
        x = L.SeparableConvolution2D(4, 3, 3, border_mode='same', depth_multiplier=2)(x)
    x = L.merge([a, L.LeakyReLU(0.2)(x)] if axis == 3 else [a, a], mode='concat', concat_axis=axis)
    x = L.AtrousConvolution2D(3, 3, 3, atrous_rate=(2, 2), border_mode='same', dim_ordering=order)(x)
    x = L.merge([x, L.Activation('hard_sigmoid')(x)], mode='sum')
    x = L.Cropping2D(((1, 0), (0, 1)))(L.ZeroPadding2D((1, 2))(L.AveragePooling2D((3, 3), strides=(1, 1))(x)))
    return keras.models.Model(start, x)


def line_old():
    x = start = L.Input(shape=(12, 3))
    x = L.Convolution1D(5, 3, border_mode='same', activation='tanh')(x)
    x = L.UpSampling1D(2)(L.MaxPooling1D(2)(x))
    return keras.models.Model(start, L.TimeDistributed(L.Dense(4))(x))


def sequential_old():
    inner = keras.models.Sequential([L.Convolution2D(3, 1, 1, input_shape=(8, 8, 4)), L.BatchNormalization()])
    return keras.models.Sequential([
        L.Convolution2D(4, 3, 3, input_shape=(8, 8, 3), border_mode='same'), inner, L.Reshape((64, 3)),
        L.Activation('softmax'), L.Reshape((8, 8, 3))])


# ---- Keras 2

def conv(x, n=4, **more):
    return L.Conv2D(n, 3, padding='same', **more)(x)


def image():
    x = start = L.Input(shape=(8, 8, 3))
    a = conv(x, activation='relu')
    x = L.BatchNormalization()(a)
    x = L.PReLU(shared_axes=[1, 2])(conv(L.MaxPooling2D()(x), 5, use_bias=False))
    x = L.Dropout(0.5)(L.ELU(0.7)(x))
    x = L.UpSampling2D(2)(x)
    x = L.Conv2DTranspose(4, 3, padding='same')(x)
    x = L.SeparableConv2D(4, 3, padding='same', depth_multiplier=2)(x)
    x = L.Concatenate()([a, L.LeakyReLU(0.2)(x)])
    if hasattr(L, 'DepthwiseConv2D') and not IS_THEANO:
        x = L.DepthwiseConv2D(3, padding='same')(x)
    x = conv(x, 3, dilation_rate=2)
    x = L.Add()([x, L.Activation('hard_sigmoid')(x)])
    x = L.Cropping2D(((1, 0), (0, 1)))(L.ZeroPadding2D((1, 2))(L.AveragePooling2D(3, strides=1)(x)))
    x = L.Conv2DTranspose(3, 3, strides=2, padding='valid')(x)
    return keras.models.Model(start, L.Softmax()(L.Permute((2, 1, 3))(x)))


def nested():
    inner_start = L.Input(shape=(8, 8, 4))
    inner = keras.models.Model(inner_start, L.BatchNormalization(trainable=False)(conv(inner_start)), name='inner')
    chain = keras.models.Sequential([L.Conv2D(4, 1, input_shape=(8, 8, 4)), L.ReLU(6.)], name='chain')
    deep_start = L.Input(shape=(8, 8, 4))
    deep = keras.models.Model(deep_start, L.BatchNormalization()(inner(chain(deep_start))), name='deep')
    shared, start = L.Conv2D(4, 3, padding='same'), L.Input(shape=(8, 8, 4))
    x = deep(shared(deep(shared(start))))
    return keras.models.Model(start, L.Multiply()([x, L.Reshape((1, 1, 4))(L.GlobalAveragePooling2D()(x))]))


def sequential():
    return keras.models.Sequential([
        L.Conv2D(4, 3, input_shape=(8, 8, 3), activation='relu'), L.BatchNormalization(),
        L.UpSampling2D(2, interpolation='bilinear'), L.Conv2D(2, 1, activation='sigmoid')])


def small():
    """For tests/harden: three channels become three classes."""
    return keras.models.Sequential([
        L.Conv2D(3, 3, input_shape=(16, 16, 3), padding='same', activation='relu'), L.BatchNormalization(),
        L.Conv2D(3, 1, activation='softmax')])


def line():
    x = start = L.Input(shape=(12, 3))
    x = L.Conv1D(5, 3, padding='causal', dilation_rate=2, activation='tanh')(x)
    x = L.UpSampling1D(2)(L.MaxPooling1D(2)(x))
    return keras.models.Model(start, L.TimeDistributed(L.Dense(4))(x))


def operations():
    x = start = L.Input(shape=(8, 8, 3))
    y = tf.nn.relu(x * 2.0 - 1.0) / 3.0
    y = tf.concat([y, -x, conv(x)], axis=-1)
    y = tf.pad(y[:, 1:-1], [[0, 0], [1, 1], [0, 0], [0, 0]], mode='REFLECT')
    y = y + tf.reduce_mean(y, axis=[1, 2], keepdims=True)
    return keras.models.Model(start, tf.sigmoid(tf.transpose(y, [0, 2, 1, 3])))


def mixed_float16():
    policy = keras.mixed_precision
    set_policy = getattr(policy, 'set_global_policy', None) or policy.experimental.set_policy
    set_policy('mixed_float16')
    try:
        return keras.models.Sequential([
            L.Conv2D(4, 3, input_shape=(8, 8, 3), activation='relu'), L.BatchNormalization(),
            L.Conv2D(2, 1, activation='sigmoid', dtype='float32')])
    finally:
        set_policy('float32')


def builders():
    if IS_OLD:
        if not IS_THEANO:
            yield 'image', lambda: image_old('tf')
            yield 'sequential', sequential_old
        else:
            yield 'image', lambda: image_old('th')
        yield 'line', line_old
        return
    if IS_THEANO:
        keras.backend.set_image_data_format('channels_last')
        yield 'line', lambda: keras.models.Model(*(lambda x: (x, L.Conv1D(5, 3)(x)))(L.Input(shape=(12, 3))))
        yield 'sequential', lambda: keras.models.Sequential([
            L.Conv2D(4, 3, input_shape=(8, 8, 3)), L.BatchNormalization(), L.Conv2DTranspose(3, 3, strides=2)])
        yield 'depthwise', lambda: keras.models.Sequential([
            L.DepthwiseConv2D((3, 2), input_shape=(8, 8, 3)), L.SeparableConv2D(3, 3, padding='same'),
            L.MaxPooling2D(3, strides=1, padding='same')])
        yield 'lstm', lambda: keras.models.Sequential([
            L.ConvLSTM2D(2, 3, input_shape=(2, 6, 6, 3), padding='same')])
        return
    yield from [('image', image), ('nested', nested), ('sequential', sequential), ('line', line)]
    if tf:
        yield 'operations', operations
    if LABEL.startswith(('tf2.0', 'tf2.14')):
        yield 'small', small
    if tf and not tf.__version__.startswith(('1.', '2.0')):
        yield 'mixed_float16', mixed_float16


def write(name, build, folder):
    rng = np.random.RandomState(zlib.crc32(name.encode()) & 0xffff)
    keras.backend.clear_session() if hasattr(keras.backend, 'clear_session') else None
    model = build()
    weights = []
    for weight in model.get_weights():
        weights.append(rng.standard_normal(weight.shape).astype('float32') * 0.4)
    names = [w.name for w in model.weights]
    for i, label in enumerate(names):
        if any(word in label for word in ('variance', 'running_std', 'gamma')):
            weights[i] = 0.5 + np.abs(weights[i])
    model.set_weights(weights)
    pictures = rng.standard_normal((2,) + tuple(model.input_shape[1:])).astype('float32')
    path = os.path.join(folder, LABEL + '-' + name)
    options = {} if IS_OLD else {'include_optimizer': False}
    model.save(path + '.h5', **options)
    if IS_OLD and IS_THEANO: # which Keras 1 does not store
        import h5py
        with h5py.File(path + '.h5', 'r+') as file:
            file.attrs['backend'] = b'theano'
    if LABEL.startswith(('tf2.12', 'tf2.13', 'tf2.14')):
        more = {'save_format': 'keras_v3'} if '2.12' in LABEL else {}
        model.save(path + '.keras', **more)
    np.savez(path + '.npz', input=pictures, expected=model.predict(pictures, verbose=0), what=np.array(name))


def main():
    os.makedirs(sys.argv[1], exist_ok=True)
    for name, build in builders():
        try:
            write(name, build, sys.argv[1])
        except Exception as error:  # of a Keras that lacks something
            print(LABEL, name, type(error).__name__, str(error)[:300])


if __name__ == '__main__':
    main()
