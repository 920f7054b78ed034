# SPDX-License-Identifier: Apache-2.0
"""Keras: finds the Keras that an object belongs to, and exports a SavedModel with it.

There are three: Keras 2 inside TensorFlow, tf_keras (the same on its own), and Keras 3. Nothing
here imports any of them, and Keras' files are read by the library.
"""
from __future__ import annotations

import functools
import importlib
import os
import sys
import threading

from .errors import InvalidModelError

# Packages that contain Keras, and the module that users import.
HOMES = {'keras': 'keras', 'tf_keras': 'tf_keras', 'tensorflow': 'tensorflow.keras',
         'tensorflow_core': 'tensorflow.keras'}
# Tracing a model changes global state of Keras and TensorFlow.
LOCK = threading.RLock()


def loaded_keras():
    """The Keras that is already imported, or None: tf_keras if it was imported; else the Keras of
    TensorFlow, as in czmodel 0.1.3."""
    if 'tf_keras' in sys.modules:
        return sys.modules['tf_keras']
    if 'tensorflow' in sys.modules:
        return getattr(sys.modules['tensorflow'], 'keras', None)
    return sys.modules.get('keras')


def home_of(thing):
    """The package of the Keras that a layer or model belongs to; None if it is neither."""
    for base in type(thing).__mro__:
        package = base.__module__.partition('.')[0]
        if base.__name__ == 'Layer' and package in HOMES:
            return package
    return None


def keras_of(thing):
    """The Keras of a layer or model."""
    name = HOMES[home_of(thing)]
    if name == 'tensorflow.keras':
        return importlib.import_module('tensorflow').keras
    return importlib.import_module(name)


def explained(action):
    """A decorator: an exception of Keras becomes an InvalidModelError that begins with `action`."""
    def decorate(function):
        @functools.wraps(function)
        def call(*arguments):
            try:
                with LOCK:
                    return function(*arguments)
            except (InvalidModelError, MemoryError):
                raise
            except Exception as error:
                raise InvalidModelError(f'{action}: {error}') from error
        return call
    return decorate


def acts_in_training(model) -> bool:
    """Whether a layer is in training mode by default, as the augmentation layers of Keras 3 are:
    Keras itself exports them in this mode."""
    from inspect import signature
    layers = getattr(model, '_flatten_layers', lambda: ())()
    return any(getattr(signature(layer.call).parameters.get('training'), 'default', None) is True
               for layer in layers)


def quietly(function) -> dict:
    """The argument that suppresses output, which Keras 3.0 to 3.4 does not have."""
    from inspect import signature  # slow to import
    return {'verbose': False} if 'verbose' in signature(function).parameters else {}


def export_for_inference(model, folder: str):
    keras = keras_of(model)
    archive = keras.export.ExportArchive()
    archive.track(model)
    archive.add_endpoint('serve', lambda image: model(image, training=False),
                         input_signature=[keras.InputSpec(shape=each.shape, dtype=each.dtype)
                                          for each in model.inputs])
    archive.write_out(folder, **quietly(archive.write_out))


@explained('Keras cannot export the model')
def export(model, folder: str) -> str:
    """Writes a Keras model as a SavedModel into `folder`, which is returned."""
    if not hasattr(model, 'export') or keras_of(model).__version__ < '3':
        model.save(folder, include_optimizer=False, save_format='tf')
    elif acts_in_training(model):
        export_for_inference(model, folder)
    else:
        model.export(folder, **quietly(model.export))
    return folder


@explained('the preprocessing layer cannot be exported')
def export_layer(layer, shape, dtype: str, folder: str):
    """Writes a layer with an input of this shape (batch first) and type as a SavedModel into
    `folder`, and returns the shape of its output."""
    keras = keras_of(layer)
    entry = keras.Input(batch_shape=tuple(shape), dtype=dtype)
    result = layer(entry)
    export(keras.Model(entry, result), folder)
    return tuple(result.shape)


def saved_model_of(model, scratch) -> str:
    """The path of the model: `model` itself, or the folder to which it was exported."""
    if isinstance(model, (str, os.PathLike)):
        return os.fspath(model)
    if home_of(model) is None:
        raise TypeError(f'model: a Keras model or the path of a model is required, not {model!r}')
    return export(model, scratch.folder())
