# SPDX-License-Identifier: Apache-2.0
"""Conversion of PyTorch networks. PyTorch is imported only where a module is to be exported."""
from .convert import DefaultConverter, LegacyConverter
from .legacy_model_spec import ModelSpec as LegacyModelSpec
from .model_spec import ModelSpec

__all__ = ['DefaultConverter', 'LegacyConverter', 'LegacyModelSpec', 'ModelSpec']
