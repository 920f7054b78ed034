# SPDX-License-Identifier: Apache-2.0
"""Makes the networks of onnx_speed.py: segmentation networks as Keras users build them, untrained.

    onnx_sources.py FOLDER [NAME...]

Run by a Python with TensorFlow 2.15. Writes FOLDER/NAME/{model,input.npy,expected.npy}.
"""
import os
import sys

import numpy as np
import tensorflow as tf

keras = tf.keras
layers = keras.layers
applications = keras.applications
CLASSES = 3


def conv_norm(x, filters, kernel=3, **options):
    x = layers.Conv2D(filters, kernel, padding='same', use_bias=False, **options)(x)
    return layers.ReLU()(layers.BatchNormalization()(x))


def conv(x, filters):
    return layers.Conv2D(filters, 3, padding='same', activation='relu')(x)


def head(inputs, x):
    return keras.Model(inputs, layers.Conv2D(CLASSES, 1, activation='softmax')(x))


def unet(size=256, base=32, channels=1, block=conv_norm, up='transposed'):
    inputs = x = layers.Input((size, size, channels))
    skips = []
    for level in range(5):
        x = block(block(x, base << level), base << level)
        skips.append(x)
        x = layers.MaxPooling2D()(x) if level < 4 else x
    for level in reversed(range(4)):
        if up == 'transposed':
            x = layers.Conv2DTranspose(base << level, 2, strides=2, padding='same')(x)
        else:
            x = layers.UpSampling2D(interpolation=up)(x)
        x = layers.Concatenate()([x, skips[level]])
        x = block(block(x, base << level), base << level)
    return head(inputs, x)


def on_backbone(backbone, **options):
    body = backbone(include_top=False, weights=None, input_shape=(256, 256, 3), **options)
    x = layers.Conv2D(128, 1, activation='relu')(body.output)
    x = layers.UpSampling2D(32, interpolation='bilinear')(layers.Conv2D(CLASSES, 1)(x))
    return keras.Model(body.input, layers.Softmax()(x))


def dilated(size=256):
    """DeepLab's head: pooling at several rates."""
    inputs = x = layers.Input((size, size, 3))
    for filters in (32, 64):
        x = layers.MaxPooling2D()(conv_norm(x, filters))
    x = conv_norm(x, 128)
    views = [conv_norm(x, 64, 1)] + [conv_norm(x, 64, 3, dilation_rate=r) for r in (2, 4, 6)]
    x = conv_norm(layers.Concatenate()(views), 128, 1)
    return head(inputs, layers.UpSampling2D(4, interpolation='bilinear')(x))


def separable():
    inputs = x = layers.Input((256, 256, 3))
    for filters in (32, 64, 128):
        x = layers.SeparableConv2D(filters, 3, strides=2, padding='same', use_bias=False)(x)
        x = layers.Activation('swish')(layers.BatchNormalization()(x))
    for filters in (64, 32, 16):
        x = layers.UpSampling2D()(x)
        x = layers.LeakyReLU()(layers.SeparableConv2D(filters, 3, padding='same')(x))
    return head(inputs, x)


def grouped():
    inputs = x = layers.Input((256, 256, 3))
    x = layers.MaxPooling2D()(conv_norm(x, 64))
    for _ in range(4):
        y = conv_norm(conv_norm(x, 64, 1), 64, 3, groups=8)
        x = layers.Add()([x, y])
    return head(inputs, layers.UpSampling2D()(x))


def attention(size=64):
    inputs = layers.Input((size, size, 3))
    side = size // 4
    x = layers.Reshape((side * side, 64))(layers.Conv2D(64, 4, strides=4)(inputs))
    for _ in range(3):
        y = layers.LayerNormalization()(x)
        x = layers.Add()([x, layers.MultiHeadAttention(4, 16)(y, y)])
        y = layers.Dense(256, activation='gelu')(layers.LayerNormalization()(x))
        x = layers.Add()([x, layers.Dense(64)(y)])
    x = layers.UpSampling2D(4, interpolation='bilinear')(layers.Reshape((side, side, 64))(x))
    return head(inputs, x)


NETWORKS = {
    'U-Net': lambda: unet(block=conv),
    'U-Net, batch norm': unet,
    'U-Net, bilinear': lambda: unet(up='bilinear'),
    'U-Net, nearest': lambda: unet(up='nearest'),
    'U-Net, 512 x 512': lambda: unet(512, 16, 3),
    'MobileNetV2': lambda: on_backbone(applications.MobileNetV2),
    'MobileNetV3': lambda: on_backbone(applications.MobileNetV3Small),
    'ResNet50': lambda: on_backbone(applications.ResNet50),
    'DenseNet121': lambda: on_backbone(applications.DenseNet121),
    'EfficientNetB0': lambda: on_backbone(applications.EfficientNetB0),
    'ConvNeXtTiny': lambda: on_backbone(applications.ConvNeXtTiny),
    'RegNetX002': lambda: on_backbone(applications.RegNetX002),
    'dilated': dilated,
    'separable': separable,
    'grouped': grouped,
    'attention': attention,
}


def unsettle(model):
    """Weights as after training: none of them 0 or 1, which could be left out."""
    random = np.random.default_rng(1)
    for layer in model.layers:
        layer.set_weights([w * random.uniform(.8, 1.2, w.shape) + random.uniform(-.02, .02, w.shape) * (w.ndim == 1)
                           for w in layer.get_weights()])


def soften(model, picture):
    """Logits of about 1: a probability of 0 or 1 would hide differences."""
    last = model.layers[-1]
    if last.get_weights():
        kernel, bias = last.get_weights()
        logits = np.tensordot(keras.Model(model.input, last.input)(picture).numpy(), kernel[0, 0], 1)
        last.set_weights([kernel / np.std(logits), bias])


def make(folder, name):
    place = os.path.join(folder, name)
    keras.utils.set_random_seed(0)
    model = NETWORKS[name]()
    unsettle(model)
    picture = np.random.default_rng(0).uniform(0, 1, (1, *model.input_shape[1:]))
    picture = picture.astype(np.float32)
    soften(model, picture)
    model.save(os.path.join(place, 'model'), include_optimizer=False, save_format='tf')
    np.save(os.path.join(place, 'input.npy'), picture)
    np.save(os.path.join(place, 'expected.npy'), model(picture, training=False).numpy())


if __name__ == '__main__':
    for wanted in sys.argv[2:] or NETWORKS:
        make(sys.argv[1], wanted)
