# SPDX-License-Identifier: Apache-2.0
"""Conversion of ONNX files: the converters of czmodel 6.x.

The file may have its channels first or last and be of any operator set; the result has its channels last and the
operator set of the format. Further keywords are those of czmodel.v3.convert.
"""
from __future__ import annotations

import os
from typing import TYPE_CHECKING, Generic, Optional, TypeVar

from ...._library import Path
from ....convert import convert as _convert
from ..legacy_model_metadata import ModelMetadata as LegacyModelMetadata
from ..legacy_model_spec import ModelSpec as LegacyModelSpec
from ..model_metadata import ModelMetadata
from ..model_spec import ModelSpec

if TYPE_CHECKING:
    from typing_extensions import Unpack

    from ...._task import CommonOptions
    from ....reports import Conversion

Metadata = TypeVar('Metadata', ModelMetadata, LegacyModelMetadata)


def convert_spec(spec, output_path: Path, output_name: str, format_name: str, extension: Optional[str],
                 options) -> Conversion:
    """Converts a specification whose model is a path. Nothing is inserted, as in czmodel 6.x."""
    if options.get('zen') is None:
        options.setdefault('format', format_name)
    return _convert(spec, output_path, output_name, None, None, {'extension': extension, **options},
                    no_factor=True)


class _OnnxConverter(Generic[Metadata]):
    _spec: type
    _format: str
    _extension: Optional[str] = None

    def convert(self, model: Path, model_metadata: Metadata, output_path: Path,
                license_file: Optional[Path] = None, **options: Unpack[CommonOptions]) -> Conversion:
        """Packs an ONNX network into a container.

        Args:
            model: the path of the ONNX file; files with its weights lie beside it.
            model_metadata: the metadata.
            output_path: the path of the file to be written; the extension is appended unless it is there.
            license_file: a text file that is packed beside the network.

        Raises:
            ConversionError: see czmodel.v3.convert.
        """
        folder, name = os.path.split(os.path.abspath(os.fspath(output_path)))
        return convert_spec(self._spec(os.fspath(model), model_metadata, license_file), folder, name,
                            self._format, self._extension, dict(options))


class DefaultOnnxConverter(_OnnxConverter[ModelMetadata]):
    """Writes .czann files of version 2.1.0, whose network is ONNX of operator set 18."""
    _spec = ModelSpec
    _format = 'czann-2.1.0'


class LegacyOnnxConverter(_OnnxConverter[LegacyModelMetadata]):
    """Writes .czmodel files of model version 3.1.0, whose network is ONNX of operator set 12."""
    _spec = LegacyModelSpec
    _format = '3.1.0'


__all__ = ['DefaultOnnxConverter', 'LegacyModelMetadata', 'LegacyOnnxConverter', 'ModelMetadata']
