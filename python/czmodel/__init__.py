# SPDX-License-Identifier: Apache-2.0
"""Converts TensorFlow and Keras models to CZModels for segmentation in ZEISS ZEN Intellesis.

    from czmodel.convert import convert_from_json_spec, convert_from_model_spec
    from czmodel.model_metadata import ModelMetadata, ModelSpec
    from czmodel.util.preprocessing import RgbToBgr

have the interface of ZEISS's czmodel 0.1.3, and `czmodel.check`, `czmodel.inspect`,
`czmodel.verify`, `czmodel.unpack` and `czmodel.diff` examine models. A C library does the work; neither
TensorFlow nor Keras is imported unless there is a Keras model to export.
"""
from ._conflict import warn_of_conflict
from ._library import VERSION as __version__
from .convert import convert_from_json_spec, convert_from_model_spec
from .errors import (CancelledError, ConversionError, CzmodelWarning, FileAccessError,
                     InvalidModelError, MissingFileError, OutOfMemoryError, UsageError)
from .looking import check, diff, inspect, unpack, verify
from .model_metadata import ModelMetadata, ModelSpec, SegmentationClass

__all__ = [
    'CancelledError', 'ConversionError', 'CzmodelWarning', 'FileAccessError', 'InvalidModelError',
    'MissingFileError', 'ModelMetadata', 'ModelSpec', 'OutOfMemoryError', 'SegmentationClass',
    'UsageError', '__version__', 'check', 'convert_from_json_spec', 'convert_from_model_spec',
    'diff', 'inspect', 'unpack', 'verify',
]

warn_of_conflict()
