# SPDX-License-Identifier: Apache-2.0
"""The metadata of a .czann file, as tuples with the fields of czmodel 6.x."""
from __future__ import annotations

import os
from typing import Any, Dict, List, NamedTuple, Optional, Sequence, Tuple, Union

from ... import v3
from ...v3.model_metadata import ModelType, read_json

__all__ = ['CZANN_FORMAT_VERSION', 'ModelMetadata', 'ModelType']

CZANN_FORMAT_VERSION = '2.1.0'


class _Fields(NamedTuple):
    model_type: ModelType
    input_shape: List[int]
    output_shape: List[int]
    model_id: Optional[str]
    min_overlap: Optional[List[int]]
    classes: Optional[List[str]]
    model_name: Optional[str]
    scaling: Optional[Tuple[float, ...]]


class ModelMetadata(_Fields):
    """What ZEN has to know of a model: the fields of czmodel.v3.model_metadata.ModelMetadata, and

    Attributes:
        min_overlap: for each axis of the input but its channels, how far tiles must overlap, in pixels.
        scaling: the size of a pixel in x and y (and z), in metres; None: not stated.
    """
    __slots__ = ()

    def __new__(cls, model_type: ModelType, input_shape: List[int], output_shape: List[int],
                model_id: Optional[str] = None, min_overlap: Optional[List[int]] = None,
                classes: Optional[List[str]] = None, model_name: Optional[str] = None,
                scaling: Optional[Sequence[float]] = None) -> ModelMetadata:
        return super().__new__(cls, model_type, input_shape, output_shape, model_id, min_overlap, classes,
                               model_name, None if scaling is None else tuple(map(float, scaling)))

    @classmethod
    def from_json(cls, model_metadata: Union[str, os.PathLike[str], Dict[str, Any]]) -> ModelMetadata:
        """Reads what stands under ModelMetadata in a specification, or in a .czann's model.json.

        Raises:
            MissingFileError, FileAccessError: there is no such file, or it cannot be read.
            InvalidModelError: it is no JSON, or a key is missing or has a wrong value.
        """
        if not isinstance(model_metadata, dict):
            model_metadata = read_json(model_metadata)
        values = {key: value for key, value in model_metadata.items() if key != 'FormatVersion'}
        return cls(*v3.ModelMetadata.from_json(values), values.get('Scaling'))

    def to_czann_dict(self) -> Dict[str, Any]:
        """The content of the model.json of a .czann, without the keys that have no value."""
        values = {'FormatVersion': CZANN_FORMAT_VERSION, **v3.ModelMetadata(*self[:-1]).to_czann_dict()}
        return values if self.scaling is None else {**values, 'Scaling': list(self.scaling)}
