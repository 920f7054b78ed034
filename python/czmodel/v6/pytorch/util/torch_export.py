# SPDX-License-Identifier: Apache-2.0
"""Conversion of PyTorch networks to files that are named by their path."""
from __future__ import annotations

import os
from typing import TYPE_CHECKING, Any, Generic, Optional, Sequence, Tuple, TypeVar

from ...._library import Path
from ...core.legacy_model_metadata import ModelMetadata as LegacyModelMetadata
from ...core.model_metadata import ModelMetadata
from .. import convert as _convert
from ..legacy_model_spec import ModelSpec as LegacyModelSpec
from ..model_spec import ModelSpec

if TYPE_CHECKING:
    from typing_extensions import Unpack

    from ...._task import CommonOptions
    from ....reports import Conversion

__all__ = ['BasePyTorchConverter', 'DefaultPyTorchConverter', 'LegacyPyTorchConverter', 'switch_shape']

Metadata = TypeVar('Metadata', ModelMetadata, LegacyModelMetadata)


def switch_shape(shape: Sequence[int]) -> Tuple[int, ...]:
    """The shape of an image or a volume, without the batch, with the channels last instead of first.

    Raises:
        ValueError: it has not three or four sizes.
    """
    if len(shape) not in (3, 4):
        raise ValueError(f'shape: channels, height and width are required, or channels, slices, height and width, not '
                         f'{list(shape)}')
    return (*shape[1:], shape[0])


class BasePyTorchConverter(Generic[Metadata]):
    """What both have in common."""
    _converter: Any
    _spec: type

    def convert(self, model: Any, model_metadata: Metadata, output_path: Path, input_shape: Sequence[int],
                license_file: Optional[Path] = None, **options: Unpack[CommonOptions]) -> Conversion:
        """Converts a torch.nn.Module.

        Args:
            output_path: the path of the file to be written; the extension is appended unless it is there.
            **: the others are those of czmodel.v6.pytorch.convert.
        """
        folder, name = os.path.split(os.path.abspath(os.fspath(output_path)))
        return self._converter().convert_from_model_spec(self._spec(model, model_metadata, license_file), folder,
                                                         input_shape, name, **options)


class DefaultPyTorchConverter(BasePyTorchConverter[ModelMetadata]):
    """Writes .czann files of version 2.1.0."""
    _converter = _convert.DefaultConverter
    _spec = ModelSpec


class LegacyPyTorchConverter(BasePyTorchConverter[LegacyModelMetadata]):
    """Writes .czmodel files of model version 3.1.0."""
    _converter = _convert.LegacyConverter
    _spec = LegacyModelSpec
