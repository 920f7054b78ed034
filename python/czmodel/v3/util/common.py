# SPDX-License-Identifier: Apache-2.0
"""Checks of metadata against the shapes of a network, without the network. The conversions check more."""
from __future__ import annotations

from typing import Any, Optional, Sequence

from ... import errors
from ..model_metadata import ModelMetadata

__all__ = ['validate_legacy_metadata', 'validate_metadata']

Shape = Sequence[Optional[int]]  # without the batch; None and 0 are open sizes


def validate_metadata(metadata: ModelMetadata, model_input_shape: Shape, model_output_shape: Shape) -> None:
    """Compares the metadata of a .czann with the shapes of its network.

    Raises:
        InvalidModelError: a ValueError: a shape is not that of the network, or min_overlap has not one value for
            each axis of the input but its channels.
    """
    for name, stated, found in (('input_shape', metadata.input_shape, model_input_shape),
                                ('output_shape', metadata.output_shape, model_output_shape)):
        if len(stated) != len(found) or any(size and size != other for size, other in zip(found, stated)):
            raise errors.InvalidModelError(f'{name}: the metadata contain {list(stated)}, but the network has '
                                           f'{list(found)}')
    overlap, axes = metadata.min_overlap, len(metadata.input_shape) - 1
    if overlap is not None and len(overlap) != axes:
        raise errors.InvalidModelError(f'min_overlap: {axes} values are required, one for each axis of the input but '
                                       f'its channels, not {list(overlap)}')


def validate_legacy_metadata(_: Any, model_input_shape: Shape, model_output_shape: Shape) -> None:
    """Checks the shapes of a network for a .czseg or .czmodel.

    Raises:
        InvalidModelError: a ValueError: a height or a width is open.
    """
    for name, shape in (('input', model_input_shape), ('output', model_output_shape)):
        if not all(shape[:2]):
            raise errors.InvalidModelError(f'the {name} of the network has the shape {list(shape)}, but height and width '
                                           'must be fixed; spatial_dims sets them')
