# SPDX-License-Identifier: Apache-2.0
"""Conversion of ONNX files: the converters of czmodel 3.0.0, whose files are named by their path.

The file may have its channels first or last and be of any operator set; the result has its channels last and the
operator set of the format. Further keywords are those of czmodel.v3.convert.
"""
from typing import TypeVar

from ..._packing import PathConverter
from ..legacy_model_metadata import ModelMetadata as LegacyModelMetadata
from ..legacy_model_metadata import ModelSpec as LegacyModelSpec
from ..model_metadata import ModelMetadata, ModelSpec

__all__ = ['BaseOnnxConverter', 'DefaultOnnxConverter', 'LegacyOnnxConverter']

Metadata = TypeVar('Metadata', ModelMetadata, LegacyModelMetadata)


class BaseOnnxConverter(PathConverter[Metadata]):
    """What both have in common."""


class DefaultOnnxConverter(BaseOnnxConverter[ModelMetadata]):
    """Writes .czann files of version 1.0.0, whose network is ONNX of operator set 12."""
    _spec = ModelSpec
    _format = 'czann-1.0.0'


class LegacyOnnxConverter(BaseOnnxConverter[LegacyModelMetadata]):
    """Writes .czseg files of model version 3.1.0, whose network is ONNX of operator set 12."""
    _spec = LegacyModelSpec
    _format = '3.1.0'
    _extension = 'czseg'
