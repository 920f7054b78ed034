# SPDX-License-Identifier: Apache-2.0
"""Adds to exports/: small networks of Keras as its own exporter and tf2onnx write them, with Keras' own outputs.

    make_keras_exports.py FOLDER tf2onnx|tensorflow|torch

"tf2onnx" needs a Python with TensorFlow 2.15 and tf2onnx; the others one with Keras 3 and that backend. NAME.npz has
the input "x" and the output "y", and those of a second size if the size is open ("x2" and "y2"), channels first, as in
make_exports.py. The files themselves have their channels last.
"""
import os
import sys

FOLDER, EXPORTER = sys.argv[1:]
os.environ['KERAS_BACKEND'] = 'tensorflow' if EXPORTER == 'tf2onnx' else EXPORTER

import keras  # noqa: E402
import numpy as np  # noqa: E402
from keras import layers  # noqa: E402

SIZE, SECOND = (24, 32), (2, 40, 16)


def norm(x):
    return layers.Activation('relu')(layers.BatchNormalization()(x))


def unet(x, up):
    """Two levels; what makes the image larger differs."""
    a = norm(layers.Conv2D(6, 3, padding='same', use_bias=False)(x))
    b = norm(layers.Conv2D(12, 3, padding='same')(layers.MaxPooling2D()(a)))
    y = norm(layers.SeparableConv2D(6, 3, padding='same')(layers.Concatenate()([a, up(b)])))
    return layers.Conv2D(3, 1, activation='softmax')(y)


def transposed(x):
    return layers.Conv2DTranspose(6, 3, strides=2, padding='same')(x)


def resized(kind):
    return layers.UpSampling2D(2, interpolation=kind)


def mobile(x):
    """Strides with SAME padding, depthwise filters, squeeze and excitation, a dilated branch."""
    a = layers.Conv2D(8, 3, strides=2, padding='same', activation='relu6')(x)
    b = norm(layers.DepthwiseConv2D(5, padding='same')(a))
    s = layers.GlobalAveragePooling2D(keepdims=True)(b)
    b = b * layers.Conv2D(8, 1, activation='sigmoid')(layers.Conv2D(4, 1, activation='relu')(s))
    c = layers.Conv2D(8, 3, padding='same', dilation_rate=2, activation='swish')(a + b)
    y = layers.LeakyReLU()(layers.AveragePooling2D(3, 1, padding='same')(c))
    return layers.Conv2D(2, 1, activation='sigmoid')(layers.UpSampling2D(2, interpolation='bilinear')(y))


def attention(x):
    """Pixels as words: layer norm, attention of two heads, a perceptron."""
    h = layers.Conv2D(16, 4, strides=4)(x)
    t = layers.Reshape((SIZE[0] * SIZE[1] // 16, 16))(h)
    n = layers.LayerNormalization()(t)
    t = t + layers.MultiHeadAttention(2, 8)(n, n)
    t = t + layers.Dense(16)(layers.Dense(32, activation='swish')(layers.LayerNormalization()(t)))
    return layers.Conv2DTranspose(2, 4, strides=4)(layers.Reshape((SIZE[0] // 4, SIZE[1] // 4, 16))(t))


def standardised(x):
    """As the networks that ZEN trains: each image of the batch has its own statistics, in a loop over the batch."""
    import tensorflow as tf
    x = layers.Lambda(lambda images: tf.map_fn(tf.image.per_image_standardization, images))(x)
    return unet(x, resized('nearest'))


# name: network, operator set, whether the size is open, exporters
NETWORKS = {
    'unet_transposed': (lambda x: unet(x, transposed), 18, True, ('tf2onnx', 'tensorflow', 'torch')),
    'unet_bilinear': (lambda x: unet(x, resized('bilinear')), 13, False, ('tf2onnx', 'tensorflow', 'torch')),
    'mobile': (mobile, 17, False, ('tf2onnx', 'tensorflow', 'torch')),
    'attention': (attention, 15, False, ('tf2onnx', 'tensorflow')),
    'standardised': (standardised, 11, True, ('tf2onnx',)),
}


def settle(model):
    """Statistics that are not 0 and 1, as after training."""
    random = np.random.default_rng(3)
    for layer in model.layers:
        if isinstance(layer, layers.BatchNormalization):
            gamma, beta, mean, variance = layer.get_weights()
            layer.set_weights([gamma, random.normal(0, 0.1, beta.shape), random.normal(0, 0.1, mean.shape),
                               random.uniform(0.5, 1.5, variance.shape)])


def export(model, shape, opset, path):
    if EXPORTER != 'tf2onnx':
        model.export(path, format='onnx', opset_version=opset, verbose=False)
        return
    import tensorflow as tf
    import tf2onnx
    tf2onnx.convert.from_keras(model, [tf.TensorSpec(shape, tf.float32, 'input')], opset=opset, output_path=path)


def main():
    for name, (make, opset, is_open, exporters) in NETWORKS.items():
        if EXPORTER not in exporters:
            continue
        is_open = is_open and EXPORTER != 'torch'  # it cannot export open sizes
        keras.utils.set_random_seed(5)
        shape = [1 if name == 'standardised' else None, *((None, None) if is_open else SIZE), 3]
        image = keras.Input(shape[1:], shape[0], name='input')
        model = keras.Model(image, make(image))
        settle(model)
        random = np.random.default_rng(7)
        arrays = {'x': random.uniform(-1, 1, (1, *SIZE, 3))}
        if is_open:
            arrays['x2'] = random.uniform(-1, 1, (shape[0] or SECOND[0], *SECOND[1:], 3))
        arrays.update({'y' + key[1:]: np.asarray(model.predict(value, verbose=0)) for key, value in list(arrays.items())})
        stem = os.path.join(FOLDER, f'{EXPORTER}_{name}_{opset}')
        export(model, shape, opset, stem + '.onnx')
        np.savez_compressed(stem + '.npz', **{key: value.transpose(0, 3, 1, 2).astype(np.float32)
                                              for key, value in arrays.items()})


if __name__ == '__main__':
    main()
