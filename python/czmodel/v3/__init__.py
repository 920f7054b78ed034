# SPDX-License-Identifier: Apache-2.0
"""The interface of ZEISS's czmodel 3.0.0, which writes .czann and .czseg files.

A script changes no more than its import lines: czmodel.convert becomes czmodel.v3.convert, and
likewise model_metadata, legacy_model_metadata and the modules of util. The package czmodel itself keeps
the interface of czmodel 0.1.3, which writes .czmodel files.
"""
from .convert import DefaultConverter, LegacyConverter
from .legacy_model_metadata import ModelMetadata as LegacyModelMetadata
from .legacy_model_metadata import ModelSpec as LegacyModelSpec
from .model_metadata import ModelMetadata, ModelSpec, ModelType

__all__ = ['DefaultConverter', 'LegacyConverter', 'LegacyModelMetadata', 'LegacyModelSpec',
           'ModelMetadata', 'ModelSpec', 'ModelType']
