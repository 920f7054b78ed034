# SPDX-License-Identifier: Apache-2.0
"""Conversion of ONNX files: the converters of czmodel 6.x.

The file may have its channels first or last and be of any operator set; the result has its channels last and the
operator set of the format. Further keywords are those of czmodel.v3.convert.
"""
from typing import TypeVar

from ...._packing import PathConverter
from ..legacy_model_metadata import ModelMetadata as LegacyModelMetadata
from ..legacy_model_spec import ModelSpec as LegacyModelSpec
from ..model_metadata import ModelMetadata
from ..model_spec import ModelSpec

__all__ = ['BaseOnnxConverter', 'DefaultOnnxConverter', 'LegacyModelMetadata', 'LegacyOnnxConverter', 'ModelMetadata']

Metadata = TypeVar('Metadata', ModelMetadata, LegacyModelMetadata)


class BaseOnnxConverter(PathConverter[Metadata]):
    """What both have in common."""


class DefaultOnnxConverter(BaseOnnxConverter[ModelMetadata]):
    """Writes .czann files of version 2.1.0, whose network is ONNX of operator set 18."""
    _spec = ModelSpec
    _format = 'czann-2.1.0'


class LegacyOnnxConverter(BaseOnnxConverter[LegacyModelMetadata]):
    """Writes .czmodel files of model version 3.1.0, whose network is ONNX of operator set 12."""
    _spec = LegacyModelSpec
    _format = '3.1.0'
