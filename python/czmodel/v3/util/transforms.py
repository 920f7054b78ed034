# SPDX-License-Identifier: Apache-2.0
"""Steps before and after a network: those of czmodel 3.0.0.

As parameters of the conversion they are words that the C library understands, and need no Keras.
Where a Keras was loaded before one is made, it is a layer of it and can be used in models too.
"""
from __future__ import annotations

import operator
from typing import Any, Optional, Sequence, Union

from ... import _export
from ..._task import sequence
from ...util import preprocessing
from ...util.preprocessing import PerImageStandardization, _Step, as_layer_of

__all__ = ['PerImageStandardization', 'Scale', 'Shift', 'SigmoidToSoftmaxScores',
           'TransposeChannels', 'add_postprocessing_layers', 'add_preprocessing_layers']


class _ValuedStep(_Step):
    """A step with a list of numbers, whose parameter has the name `_parameter`."""
    _parameter: str

    def __init__(self, numbers, **keywords):
        if hasattr(self, 'get_config'):  # without Keras nobody asks for a layer's name
            super().__init__(**keywords)
        self._numbers = tuple(numbers)

    def values(self):
        return {self._parameter: list(self._numbers)}

    def _text(self, step: str) -> str:
        return f'{step}={",".join(map(str, self._numbers))}'


class TransposeChannels(_ValuedStep):
    """Gives the channels another order.

    Args:
        order: for each channel of the output, which channel of the input it is, from 0:
            (2, 1, 0) turns [..., blue, green, red] into [..., red, green, blue].

    Raises:
        ValueError: a channel occurs twice or is left out.
    """
    _parameter = 'order'

    def __init__(self, order: Sequence[int], **keywords: Any):
        super().__init__(map(operator.index, order), **keywords)
        if sorted(self._numbers) != list(range(len(self._numbers))):
            raise ValueError(f'order: each channel, counted from 0, is required once, not {self._numbers}')

    def _czmodel_step(self):
        return self._text('transpose-channels')

    def call(self, inputs):
        import tensorflow as tf
        return tf.gather(inputs, self._numbers, axis=-1)


class Shift(_ValuedStep):
    """Adds a number to all pixels, or one to each channel.

    Args:
        shift: one number, or as many as there are channels, in the unit of the pixels' values.
    """
    _parameter = 'shift'

    def __init__(self, shift: Union[float, Sequence[float]], **keywords: Any):
        super().__init__(map(float, sequence(shift)), **keywords)

    def _czmodel_step(self):
        return self._text('shift')

    def call(self, inputs):
        import tensorflow as tf
        return inputs + tf.constant(self._numbers, inputs.dtype)


class Scale(_ValuedStep):
    """Multiplies all pixels by a number, or each channel by its own.

    Args:
        scale: one number, or as many as there are channels.
    """
    _parameter = 'scale'

    def __init__(self, scale: Union[float, Sequence[float]], **keywords: Any):
        super().__init__(map(float, sequence(scale)), **keywords)

    def _czmodel_step(self):
        return self._text('scale')

    def call(self, inputs):
        import tensorflow as tf
        return inputs * tf.constant(self._numbers, inputs.dtype)


class SigmoidToSoftmaxScores(_Step):
    """Turns the one probability p of [..., 1] into those of two classes: [..., (p, 1 - p)]."""
    _czmodel_step = 'sigmoid-to-softmax'

    def call(self, inputs):
        import tensorflow as tf
        return tf.concat([inputs, 1.0 - inputs], axis=-1)


def add_preprocessing_layers(model: Any, layers: Any = None,
                             spatial_dims: Optional[Sequence[int]] = None) -> Any:
    """Puts layers before a Keras model and returns the new Keras model.

    Args:
        model: a Keras model of one input, [batch, height, width, channels].
        layers: a layer or a sequence of layers, or None.
        spatial_dims: height and width, in pixels, of the new input; the model's layers must not
            depend on them. (The conversion changes sizes that this function cannot.)
    """
    return preprocessing.add_preprocessing_layers(model, layers, spatial_dims)


def add_postprocessing_layers(model: Any, layers: Any) -> Any:
    """Inserts a layer or a sequence of layers after a Keras model, and returns the new Keras model;
    None: no layers."""
    keras = _export.keras_of(model)
    result = model.outputs[0]
    for layer in sequence(layers):
        result = as_layer_of(keras, layer)(result)
    return keras.Model(inputs=model.inputs, outputs=result)
