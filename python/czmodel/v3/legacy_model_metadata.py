# SPDX-License-Identifier: Apache-2.0
"""The metadata of a .czseg file, as tuples with the fields of czmodel 3.0.0."""
from __future__ import annotations

import os
from typing import TYPE_CHECKING, Any, Dict, List, NamedTuple, Optional, Sequence, Union

from .. import _binding as c
from .. import errors, model_metadata as first
from ..model_metadata import SegmentationClass

if TYPE_CHECKING:
    from xml.etree.ElementTree import ElementTree

__all__ = ['ModelMetadata', 'ModelSpec', 'SegmentationClass']


class _Fields(NamedTuple):
    name: str
    color_handling: str
    pixel_types: List[str]
    classes: List[SegmentationClass]
    border_size: int
    model_id: Optional[str]
    post_processing: Optional[str]


class ModelMetadata(_Fields):
    """The metadata that ZEN needs.

    Attributes:
        name: the name that ZEN shows.
        color_handling: 'ConvertToMonochrome' or 'SplitRgb' (keeps the channels).
        pixel_types: what the network is fed, as a list of one: Gray8, Gray16, Gray32Float, Bgr24,
            Bgr48, Bgr96Float, Bgra32, Gray64ComplexFloat or Bgr192ComplexFloat.
        classes: one for each channel of the output, in its order; the names that are given get
            colours.
        border_size: pixels at each side of a tile whose result ZEN discards, 0 or more.
        model_id: UUID of the model. None: it follows from the network and the metadata, so that the
            same input gives the same file.
        post_processing: text of the XML element Postprocessing, or None.

    Raises:
        InvalidModelError: a value is none of those that the specification names.
    """
    __slots__ = ()

    def __new__(cls, classes: Sequence[str], pixel_types: Union[str, List[str]], name: str,
                color_handling: str, border_size: int, post_processing: Optional[str] = None, *,
                model_id: Optional[str] = None) -> ModelMetadata:
        pixel_types = [pixel_types] if isinstance(pixel_types, str) else list(pixel_types)
        made = first.ModelMetadata.from_params(color_handling, only(pixel_types), classes,
                                               border_size, name)
        return super().__new__(cls, name, color_handling, pixel_types, made.classes, border_size,
                               model_id,
                               post_processing)

    def __reduce__(self):
        """Copies and pickles are made of the fields, whose order is not that of the parameters."""
        return type(self)._make, (tuple(self),)

    def _replace(self, **changes: Any) -> ModelMetadata:
        """The same with other fields, which are named. (In some versions of PyPy, that of tuples calls __new__().)"""
        fields = self._asdict()
        if not fields.keys() >= changes.keys():
            raise ValueError(f'not fields: {sorted(changes.keys() - fields.keys())}')
        return self._make({**fields, **changes}.values())

    @classmethod
    def from_json(cls, model_metadata: Union[str, os.PathLike[str], Dict[str, Any]]) -> ModelMetadata:
        """Reads a JSON specification; see czmodel.model_metadata.ModelMetadata.from_json()."""
        return ModelSpec.from_json(model_metadata).model_metadata

    def to_xml(self) -> ElementTree:
        """The metadata as the XML of model version 3.1.0.

        Raises:
            InvalidModelError: a value is none of those that the specification names.
        """
        tree = self.first().to_xml()
        next(tree.iter('Model')).set('Version', '3.1.0')
        return tree

    def first(self, license_file=None) -> first.ModelMetadata:
        """The same with the fields of czmodel 0.1.3."""
        return first.ModelMetadata(self.name, self.color_handling, only(self.pixel_types),
                                   self.classes, self.border_size, license_file,
                                   self.post_processing, self.model_id)


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
        """Reads a JSON specification and finds its model; see
        czmodel.model_metadata.ModelMetadata.from_json()."""
        model, metadata = first.ModelSpec.from_json(model_spec_path)
        fields = (metadata.name, metadata.color_handling, [metadata.pixel_type], metadata.classes,
                  metadata.border_size, metadata.model_id, metadata.post_processing)
        return cls(model, ModelMetadata._make(fields), metadata.license_file)

    def struct(self, model: bytes) -> c.czm_metadata:
        """The metadata as a struct of the library; `model` is the path of the network."""
        return first.metadata_struct(self.model_metadata.first(self.license_file), model)


def only(pixel_types: Sequence[str]) -> str:
    """The one pixel type."""
    if len(pixel_types) != 1:
        raise errors.InvalidModelError('pixel_types: ZEN feeds one image to a network, so '
                                       f'one pixel type is required, not {list(pixel_types)}')
    return pixel_types[0]
