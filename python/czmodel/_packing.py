# SPDX-License-Identifier: Apache-2.0
"""Conversions whose result is named by its path: what czmodel.v3.util and czmodel.v6.core.util have in common."""
from __future__ import annotations

import os
from tempfile import TemporaryDirectory
from typing import TYPE_CHECKING, Any, Dict, Generic, Optional, Sequence, TypeVar, Union

from ._library import Path
from .convert import Layers
from .convert import convert as _convert

if TYPE_CHECKING:
    from typing_extensions import Unpack

    from ._task import CommonOptions
    from .reports import Conversion

Metadata = TypeVar('Metadata')
Network = Union[str, 'os.PathLike[str]', bytes, bytearray, memoryview]


class PathConverter(Generic[Metadata]):
    """A converter of one format. Nothing is inserted, as in czmodel 3.0.0 and 6.x."""
    _spec: type
    _format: str
    _extension: Optional[str] = None

    def convert(self, model: Any, model_metadata: Metadata, output_path: Path, license_file: Optional[Path] = None,
                spatial_dims: Optional[Sequence[int]] = None, preprocessing: Layers = None,
                postprocessing: Layers = None, **options: Unpack[CommonOptions]) -> Conversion:
        """Packs a network into a container.

        Args:
            model: the network: its path, or a Keras model. Files with the weights of an ONNX file lie beside it.
            model_metadata: the metadata.
            output_path: the path of the file to be written; the extension is appended unless it is there.
            license_file: a text file that is packed beside the network.
            spatial_dims, preprocessing, postprocessing, **options: see czmodel.v3.convert.

        Raises:
            ConversionError: see czmodel.v3.convert.
        """
        folder, name = os.path.split(os.path.abspath(os.fspath(output_path)))
        return self.write(self._spec(model, model_metadata, license_file), folder, name, spatial_dims, preprocessing,
                          {'postprocessing': postprocessing, **options})

    def write(self, spec: Any, output_path: Path, output_name: str, spatial_dims: Optional[Sequence[int]],
              preprocessing: Layers, options: Dict[str, Any]) -> Conversion:
        """Packs the network of a specification."""
        options.setdefault('extension', self._extension)
        if options.get('zen') is None:
            options.setdefault('format', self._format)
        return _convert(spec, output_path, output_name, spatial_dims, preprocessing, options, no_factor=True)

    def pack(self, model: Network, model_metadata: Metadata, output_path: Path,
             license_file: Optional[Path] = None) -> Conversion:
        """Packs an ONNX network, a file or its bytes, unchanged."""
        with TemporaryDirectory(prefix='czmodel-') as folder:
            if isinstance(model, (bytes, bytearray, memoryview)):
                path = os.path.join(folder, 'network.onnx')
                with open(path, 'wb') as file:
                    file.write(model)
                model = path
            return self.convert(model, model_metadata, output_path, license_file, as_is=True)
