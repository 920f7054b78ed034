# SPDX-License-Identifier: Apache-2.0
"""Steps to put before a network: ZEN feeds colours as blue, green, red.

As parameters of the conversion they are words that the C library understands, and need no Keras.
Where a Keras was loaded before one is made, it is a layer of it and can be used in models too.
"""
from __future__ import annotations

import functools
import types
from typing import Any, Optional, Sequence

from .. import _export
from .._task import sequence, two_sizes


@functools.lru_cache(maxsize=None)
def layer_class(cls, layer):
    """The class that is both `cls` and a layer of a Keras, whose class Layer is `layer`."""
    def get_config(self):
        return {**layer.get_config(self), **self.values()}

    def fill(namespace):
        namespace.update(__module__=cls.__module__, __doc__=cls.__doc__, get_config=get_config,
                         **own_step(cls))
    return types.new_class(cls.__name__, (cls, layer), exec_body=fill)


def own_step(cls):
    """A subclass of a step may do anything: it is none of the library's."""
    return {'_czmodel_step': cls._czmodel_step} if '_czmodel_step' in vars(cls) else {}


class _Step:
    def __new__(cls, *arguments: Any, **keywords: Any) -> Any:
        if hasattr(cls, 'get_config'):  # a layer of some Keras already
            return super().__new__(cls, *arguments, **keywords)
        keras = _export.loaded_keras()
        if keras is None:
            return super().__new__(cls)
        cls = layer_class(cls, keras.layers.Layer)
        return cls.__new__(cls, *arguments, **keywords)

    def values(self):
        """The parameters with which it was made."""
        return {}

    @classmethod
    def from_config(cls, config):
        """What Keras needs to load a model that holds this layer."""
        return cls(**config)


class RgbToBgr(_Step):
    """Turns [..., red, green, blue] into [..., blue, green, red]."""
    _czmodel_step = 'rgb-to-bgr'

    def call(self, inputs):
        return inputs[..., ::-1]


class RgbaToBgra(_Step):
    """Turns [..., red, green, blue, alpha] into [..., blue, green, red, alpha]."""
    _czmodel_step = 'rgba-to-bgra'

    def call(self, inputs):
        import tensorflow as tf
        return tf.gather(inputs, [2, 1, 0, 3], axis=-1)


class PerImageStandardization(_Step):
    """Shifts and scales each image to mean 0 and variance 1: tf.image.per_image_standardization."""
    _czmodel_step = 'per-image-standardization'

    def call(self, inputs):
        import tensorflow as tf
        return tf.image.per_image_standardization(tf.image.convert_image_dtype(inputs, 'float32'))


DEFAULT_LAYER = RgbToBgr()


def add_preprocessing_layers(model: Any, layers: Any = DEFAULT_LAYER,
                             spatial_dims: Optional[Sequence[int]] = None) -> Any:
    """Puts layers before a Keras model and returns the new Keras model.

    Args:
        model: a Keras model of one input, [batch, height, width, channels].
        layers: a layer or a sequence of layers, or None.
        spatial_dims: height and width, in pixels, of the new input; the model's layers must not
            depend on them. (The conversion changes sizes that this function cannot.)
    """
    keras = _export.keras_of(model)
    shape = list(model.inputs[0].shape)
    if spatial_dims is not None:
        shape[1:3] = two_sizes(spatial_dims)
    entry = keras.Input(batch_shape=tuple(shape), name='input')
    result = entry
    for layer in sequence(layers):
        result = as_layer_of(keras, layer)(result)
    return keras.Model(inputs=entry, outputs=model(result))


def as_layer_of(keras, layer):
    """A step that was made without this Keras, made anew with it; other layers as they are."""
    if isinstance(layer, keras.layers.Layer) or '_czmodel_step' not in vars(type(layer)):
        return layer
    plain = next(base for base in type(layer).__mro__ if not hasattr(base, 'get_config'))
    return layer_class(plain, keras.layers.Layer)(**layer.values())
