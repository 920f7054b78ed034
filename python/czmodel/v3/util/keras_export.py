# SPDX-License-Identifier: Apache-2.0
"""Conversion of Keras models and SavedModels: the converters of czmodel 3.0.0, whose files are named by their path."""
from .onnx_export import BaseOnnxConverter as BaseKerasConverter
from .onnx_export import DefaultOnnxConverter as DefaultKerasConverter
from .onnx_export import LegacyOnnxConverter as LegacyKerasConverter

__all__ = ['BaseKerasConverter', 'DefaultKerasConverter', 'LegacyKerasConverter']
