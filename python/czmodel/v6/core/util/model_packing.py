# SPDX-License-Identifier: Apache-2.0
"""Packing of ONNX networks that are ready: their bytes are packed unchanged, after the checks."""
from __future__ import annotations

from typing import TYPE_CHECKING, Optional

from ...._library import Path
from ...._packing import Network
from ..legacy_model_metadata import ModelMetadata as LegacyModelMetadata
from ..model_metadata import ModelMetadata
from .onnx_export import DefaultOnnxConverter, LegacyOnnxConverter

if TYPE_CHECKING:
    from ....reports import Conversion

__all__ = ['create_legacy_model_zip', 'create_model_zip']


def create_model_zip(model: Network, model_metadata: ModelMetadata, output_path: Path,
                     license_file: Optional[Path] = None) -> Conversion:
    """Writes a .czann file of an ONNX network, which is a path or the bytes of a file.

    Raises:
        ConversionError: see czmodel.v3.convert.
    """
    return DefaultOnnxConverter().pack(model, model_metadata, output_path, license_file)


def create_legacy_model_zip(model: Network, model_metadata: LegacyModelMetadata, output_path: Path,
                            license_file: Optional[Path] = None) -> Conversion:
    """Writes a .czmodel file; otherwise as create_model_zip()."""
    return LegacyOnnxConverter().pack(model, model_metadata, output_path, license_file)
