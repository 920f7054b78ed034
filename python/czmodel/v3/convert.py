# SPDX-License-Identifier: Apache-2.0
"""Conversion to .czann and .czseg files: the converters of czmodel 3.0.0.

Like those, they insert nothing: where the format feeds other values than the network expects, the
rule pixel-range warns. czmodel.convert inserts the factor.

Beyond its parameters, the conversions take the keywords that the docstring of czmodel.convert
describes, and

    format  another format than the converter's own, such as 'czann-2.1.0'
    zen     the newest format that this ZEN accepts instead, such as '3.4' or 'core 3.3'
"""
from __future__ import annotations

import os
from typing import TYPE_CHECKING, Generic, Optional, Sequence, TypeVar

from .._library import Path
from ..convert import Layers, convert
from .legacy_model_metadata import ModelSpec as LegacyModelSpec
from .model_metadata import ModelSpec

if TYPE_CHECKING:
    from typing_extensions import Unpack

    from .._task import CommonOptions
    from ..reports import Conversion

Spec = TypeVar('Spec', ModelSpec, LegacyModelSpec)


class BaseConverter(Generic[Spec]):
    """What the converters share: each has a format, and the extension of its files."""
    _format: str
    _extension: Optional[str] = None

    def convert_from_model_spec(self, model_spec: Spec, output_path: Path,
                                output_name: str = 'DNNModel',
                                spatial_dims: Optional[Sequence[int]] = None,
                                preprocessing: Layers = None, postprocessing: Layers = None,
                                **options: Unpack[CommonOptions]) -> Conversion:
        """Converts a model in memory or on disk.

        Args:
            model_spec: the model and its metadata.
            output_path: the folder for the file; it is made if it is missing.
            output_name: the name of the file, to which the extension is appended unless it is
                there.
            spatial_dims: height and width, in pixels, of the new input; None keeps the size.
            preprocessing: a layer or a sequence of layers to insert before the network, in this order:
                those of czmodel.v3.util.transforms, layers of your own, or texts such as
                'scale=0.5'.
            postprocessing: the same, after the network.
            **options: see the docstring of this module.

        Returns:
            The file that was written, its model id, and all findings.

        Raises:
            InvalidModelError: the model or the metadata breaks a rule; its `findings` contain the details.
            MissingFileError, FileAccessError: a file is missing, or cannot be read or written.
            UsageError: the options contradict each other. CancelledError: `progress` returned
            False. All are ConversionErrors. An existing file of that name is then unchanged.

        Warns:
            CzmodelWarning: the file was written, but its results may be wrong.
        """
        return self._convert(model_spec, output_path, output_name, spatial_dims, preprocessing,
                             {'postprocessing': postprocessing, **options})

    def convert_from_json_spec(self, model_spec_path: Path, output_path: Path,
                               output_name: str = 'DNNModel',
                               spatial_dims: Optional[Sequence[int]] = None,
                               preprocessing: Layers = None, postprocessing: Layers = None,
                               **options: Unpack[CommonOptions]) -> Conversion:
        """Converts the model that a JSON specification names.

        Args:
            model_spec_path: the JSON file. Paths in it are absolute or relative to it.

        Everything else is as in convert_from_model_spec().
        """
        return self._convert(os.fspath(model_spec_path), output_path, output_name, spatial_dims,
                             preprocessing, {'postprocessing': postprocessing, **options})

    def _convert(self, source, output_path, output_name, spatial_dims, preprocessing, options):
        if options.get('zen') is None:
            options.setdefault('format', self._format)
        options.setdefault('extension', self._extension)
        return convert(source, output_path, output_name, spatial_dims, preprocessing, options,
                       no_factor=True)


class DefaultConverter(BaseConverter[ModelSpec]):
    """Writes .czann files of version 1.0.0, whose network is ONNX of operator set 12."""
    _format = 'czann-1.0.0'


class LegacyConverter(BaseConverter[LegacyModelSpec]):
    """Writes .czseg files of model version 3.1.0, whose network is ONNX of operator set 12."""
    _format = '3.1.0'
    _extension = 'czseg'
