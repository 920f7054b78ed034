# SPDX-License-Identifier: Apache-2.0
"""The metadata of a .czann file, as tuples with the fields of czmodel 3.0.0."""
from __future__ import annotations

import ctypes
import json
import os
from enum import Enum
from typing import Any, Dict, List, NamedTuple, Optional, Union

from .. import _binding as c
from .. import errors
from .._library import Call, integer, new, path_bytes, text_bytes
from ..model_metadata import read_dictionary

class ModelType(Enum):
    """What a network is for."""
    SINGLE_CLASS_INSTANCE_SEGMENTATION = 'SingleClassInstanceSegmentation'
    MULTI_CLASS_INSTANCE_SEGMENTATION = 'MultiClassInstanceSegmentation'
    SINGLE_CLASS_SEMANTIC_SEGMENTATION = 'SingleClassSemanticSegmentation'
    MULTI_CLASS_SEMANTIC_SEGMENTATION = 'MultiClassSemanticSegmentation'
    SINGLE_CLASS_CLASSIFICATION = 'SingleClassClassification'
    MULTI_CLASS_CLASSIFICATION = 'MultiClassClassification'
    OBJECT_DETECTION = 'ObjectDetection'
    REGRESSION = 'Regression'


class _Fields(NamedTuple):
    model_type: ModelType
    input_shape: List[int]
    output_shape: List[int]
    model_id: Optional[str]
    min_overlap: Optional[List[int]]
    classes: Optional[List[str]]
    model_name: Optional[str]


class ModelMetadata(_Fields):
    """The metadata that ZEN needs.

    Attributes:
        model_type: what the network is for.
        input_shape: height, width and channels of the input, without the batch. Its values are
            pixels from 0 to 1.
        output_shape: height, width and channels of the output, one channel a class.
        model_id: UUID of the model. None: it follows from the network and the metadata, so that the
            same input gives the same file.
        min_overlap: for height and width, how far tiles must overlap, in pixels: twice what cannot
            be trusted at each side. None: nothing. The file gets the larger of the two.
        classes: the names of the classes, in the order of the output's channels; None where there
            are none.
        model_name: the name that ZEN shows; None: the last part of the model's path.
    """
    __slots__ = ()

    def __new__(cls, model_type: ModelType, input_shape: List[int], output_shape: List[int],
                model_id: Optional[str] = None, min_overlap: Optional[List[int]] = None,
                classes: Optional[List[str]] = None,
                model_name: Optional[str] = None) -> ModelMetadata:
        return super().__new__(cls, model_type, input_shape, output_shape, model_id, min_overlap,
                               classes, model_name)

    @classmethod
    def from_json(cls, model_metadata: Union[str, os.PathLike[str], Dict[str, Any]]) -> ModelMetadata:
        """Reads what stands under ModelMetadata in a specification, or in a .czann's model.json.

        Args:
            model_metadata: the path of a JSON file, or its content as a dictionary.

        Raises:
            MissingFileError, FileAccessError: there is no such file, or it cannot be read.
            InvalidModelError: it is no JSON, or a key is missing or has a wrong value.
        """
        if not isinstance(model_metadata, dict):
            model_metadata = read_json(model_metadata)
        return ModelSpec.from_json({'ModelMetadata': model_metadata,
                                    'ModelPath': 'model'}).model_metadata

    def to_czann_dict(self) -> Dict[str, Any]:
        """The content of the model.json of a .czann, without the keys that have no value."""
        values = {'Id': self.model_id and str(self.model_id), 'Type': type_name(self.model_type),
                  'InputShape': self.input_shape, 'OutputShape': self.output_shape,
                  'MinOverlap': self.min_overlap, 'Classes': self.classes,
                  'ModelName': self.model_name}
        return {key: value for key, value in values.items() if value is not None}


class ModelSpec(NamedTuple):
    """A model and its metadata.

    Attributes:
        model: a Keras model; or the path of a SavedModel (a folder, or a ZIP archive of it), of an
            ONNX file, or, where Keras is installed, of a .keras or .h5 file.
        model_metadata: its metadata.
        license_file: a text file that is packed beside the model, or None. A relative path is
            relative to the working directory.
    """
    model: Any
    model_metadata: ModelMetadata
    license_file: Union[str, os.PathLike[str], None] = None

    @classmethod
    def from_json(cls, model_spec_path: Union[str, os.PathLike[str], Dict[str, Any]]) -> ModelSpec:
        """Reads a JSON specification and finds its model.

        Args:
            model_spec_path: the path of the JSON file, or its content as a dictionary. Paths in a
                file are relative to it, paths in a dictionary to the working directory.

        Raises:
            MissingFileError, FileAccessError: there is no such file, or it cannot be read.
            InvalidModelError: it is no JSON, or a key is missing or has a wrong value.
        """
        if isinstance(model_spec_path, dict):
            return read_dictionary(model_spec_path, read_spec)
        with Call() as call:
            return read_spec(call, model_spec_path, os.path.dirname(os.fspath(model_spec_path)))

    def struct(self, model: bytes) -> c.czm_metadata:
        """The metadata as a struct of the library; `model` is the path of the network."""
        metadata = self.model_metadata
        result = new(c.czm_metadata)
        result.model_path, result.has_unit_range = model, True
        result.model_type = text_bytes(type_name(metadata.model_type), 'model_type')
        result.input_shape, result.input_rank = sizes(metadata.input_shape, 'input_shape')
        result.output_shape, result.output_rank = sizes(metadata.output_shape, 'output_shape')
        overlaps = [(integer(overlap, 'min_overlap') + 1) // 2 * 2
                    for overlap in metadata.min_overlap or ()]
        result.min_overlap = (ctypes.c_int64 * len(overlaps))(*overlaps)
        result.min_overlap_count = len(overlaps)
        result.border_size = max(overlaps[-2:], default=0) // 2
        names = [text_bytes(name, 'classes') for name in metadata.classes or ()]
        result.class_count = len(names)
        result.classes = (c.czm_class * len(names))(*map(c.czm_class, names))
        if metadata.model_name is not None:
            result.model_name = text_bytes(metadata.model_name, 'model_name')
        if self.license_file is not None:
            result.license_path = path_bytes(self.license_file, 'license_file')
        return result


def type_name(model_type: Union[ModelType, str]) -> str:
    return model_type.value if isinstance(model_type, ModelType) else model_type


def type_of(name: str) -> ModelType:
    try:
        return ModelType(name)
    except ValueError:
        raise errors.InvalidModelError(f'Type: "{name}" is not one of '
                                       f'{", ".join(kind.value for kind in ModelType)}') from None


def sizes(shape, name: str):
    """Sizes as an array of the library, and their number; None is an open size."""
    values = [-1 if size is None else integer(size, name) for size in shape]
    return (ctypes.c_int64 * len(values))(*values), len(values)


def read_json(path: Union[str, os.PathLike[str]]):
    try:
        with open(path, encoding='utf-8') as file:
            return json.load(file)
    except FileNotFoundError as error:
        raise errors.MissingFileError(f'{os.fspath(path)} does not exist', status=3) from error
    except OSError as error:
        raise errors.FileAccessError(f'{os.fspath(path)}: {error}', status=3) from error
    except ValueError as error:
        raise errors.InvalidModelError(f'{os.fspath(path)}: {error}') from error


def read_spec(call: Call, path: Union[str, os.PathLike[str]], folder: str) -> ModelSpec:
    """Reads a JSON file whose paths are relative to `folder`. The library checks it; values
    that the library does not distinguish from missing ones come from the file."""
    found = new(c.czm_metadata)
    call.checked('czm_metadata_from_json', path_bytes(path, 'path'), found)
    if found.model_type is None:
        raise errors.InvalidModelError(f'{os.fspath(path)}: the key "ModelMetadata" is missing; '
                                       'czmodel.model_metadata reads the first specification')
    values = read_json(path)['ModelMetadata']
    model = os.path.join(folder, os.fsdecode(found.model_path))
    license_file = found.license_path and os.path.join(folder, os.fsdecode(found.license_path))
    metadata = ModelMetadata(type_of(values['Type']), values['InputShape'],
                             values['OutputShape'], values.get('Id'), values.get('MinOverlap'),
                             values.get('Classes'), values.get('ModelName'))
    return ModelSpec(model, metadata, license_file)
