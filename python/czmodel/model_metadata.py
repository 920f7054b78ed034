# SPDX-License-Identifier: Apache-2.0
"""The metadata of a model, as tuples with the fields of czmodel 0.1.3.

What ZEN wants to know is defined in ZEISS's "ANN Model Specification"; the C library reads and
writes it.
"""
from __future__ import annotations

import os
from typing import (TYPE_CHECKING, Any, Callable, Dict, List, NamedTuple, Optional, Sequence, Tuple,
                    Union)

from . import _binding as c
from ._library import Call, integer, new, path_bytes, text_bytes

if TYPE_CHECKING:
    import uuid
    from xml.etree.ElementTree import Element, ElementTree


CLASS_ITEMS = 'TrainingClasses/Item'


class SegmentationClass(NamedTuple):
    """One class of the segmentation.

    Attributes:
        name: the name that ZEN shows.
        color: red, green and blue, each 0 to 255.
    """
    name: str
    color: Tuple[int, int, int]

    def to_xml(self, label_value: int, node_name: str = 'Item') -> Element:
        """The class as an XML element `node_name`; `label_value` counts from 1.

        Raises:
            InvalidModelError: the name cannot be stored in XML.
        """
        # the other metadata do not matter
        metadata = ModelMetadata('', 'SplitRgb', 'Gray8', [self], 0)
        item = next(metadata.to_xml().iterfind(CLASS_ITEMS))
        item.tag = node_name
        item.set('LabelValue', str(label_value))
        return item


class _Fields(NamedTuple):
    name: str
    color_handling: str
    pixel_type: str
    classes: List[SegmentationClass]
    border_size: int
    license_file: Union[str, os.PathLike[str], None]
    post_processing: Optional[str]
    model_id: Union[uuid.UUID, str, None]


class ModelMetadata(_Fields):
    """The metadata that ZEN needs.

    Attributes:
        name: the name that ZEN shows.
        color_handling: 'ConvertToMonochrome' or 'SplitRgb' (keeps the channels).
        pixel_type: the pixels that ZEN feeds to the network: Gray8, Gray16, Gray32Float, Bgr24, Bgr48, Bgr96Float,
            Bgra32, Gray64ComplexFloat or Bgr192ComplexFloat.
        classes: one for each channel of the output, in its order.
        border_size: pixels at each side of a tile whose result ZEN discards, 0 or more.
        license_file: a text file that is packed into the CZModel, or None. A relative path is
            relative to the working directory.
        post_processing: text of the XML element Postprocessing, or None.
        model_id: UUID of the model. None: it follows from the network and the metadata, so that the
            same input gives the same file.
    """
    __slots__ = ()

    def __new__(cls, name: str, color_handling: str, pixel_type: str,
                classes: List[SegmentationClass], border_size: int,
                license_file: Union[str, os.PathLike[str], None] = None,
                post_processing: Optional[str] = None,
                model_id: Union[uuid.UUID, str, None] = None) -> ModelMetadata:
        return super().__new__(cls, name, color_handling, pixel_type, classes, border_size,
                               license_file, post_processing, model_id)

    @classmethod
    def from_json(cls, model_metadata: Union[str, os.PathLike[str], Dict[str, Any]]) -> ModelMetadata:
        """Reads a JSON specification.

        Args:
            model_metadata: path of the JSON file, or its content as a dictionary. Paths in a file
                are relative to it, paths in a dictionary to the working directory. The classes get
                colours; the name is the last part of ModelPath.

        Raises:
            MissingFileError, FileAccessError: there is no such file, or it cannot be read.
            InvalidModelError: it is no JSON, or a key is missing or has a wrong value.
        """
        return ModelSpec.from_json(model_metadata).model_metadata

    @classmethod
    def from_params(cls, color_handling: str, pixel_type: str, classes: Sequence[str],
                    border_size: int, name: str = 'DNN Model',
                    license_file: Union[str, os.PathLike[str], None] = None, *,
                    class_colors: Optional[Sequence[Optional[Tuple[int, int, int]]]] = None) -> ModelMetadata:
        """Metadata of these values, see the attributes. `classes` are names; `class_colors` has
        (red, green, blue) of 0 to 255 for each, or None for a colour that is chosen.

        Raises:
            InvalidModelError: a value is none of those that the specification names.
            TypeError: a value has a wrong type.
        """
        if isinstance(classes, str):
            raise TypeError(f'classes: a list of names is required, not {classes!r}')
        colours = [None] * len(classes) if class_colors is None else list(class_colors)
        if len(colours) != len(classes):
            raise ValueError(f'class_colors: {len(classes)} colours are required, not {len(colours)}')
        coloured: Any = list(zip(classes, colours))
        metadata = cls(name, color_handling, pixel_type, coloured, border_size, license_file)
        with Call() as call:
            return completed(call, metadata_struct(metadata), license_file)

    def to_xml(self) -> ElementTree:
        """The metadata as the XML of model version 3.0.0 in the CZModel.

        Raises:
            InvalidModelError: a value is none of those that the specification names.
        """
        from xml.etree.ElementTree import ElementTree
        with Call() as call:
            model_id = self.model_id and text_bytes(str(self.model_id), 'model_id')
            return ElementTree(xml_of(call, metadata_struct(self), model_id))

    def _repr_html_(self) -> str:
        from . import _html
        return _html.metadata_page(self)


class ModelSpec(NamedTuple):
    """A model and its metadata.

    Attributes:
        model: a Keras model; or the path of a SavedModel (a folder, or a ZIP archive of it), or,
            where Keras is installed, of a .keras or .h5 file.
        model_metadata: its metadata.
    """
    model: Any
    model_metadata: ModelMetadata

    @classmethod
    def from_json(cls, model_spec_path: Union[str, os.PathLike[str], Dict[str, Any]]) -> ModelSpec:
        """Reads a JSON specification and finds its model; see ModelMetadata.from_json()."""
        if isinstance(model_spec_path, dict):
            return read_dictionary(model_spec_path, read_spec)
        with Call() as call:
            return read_spec(call, model_spec_path, os.path.dirname(os.fspath(model_spec_path)))

    def struct(self, model: bytes) -> c.czm_metadata:
        """The metadata as a struct of the library; `model` is the path of the SavedModel."""
        return metadata_struct(self.model_metadata, model)


def read_dictionary(content: Dict[str, Any], read: Callable[[Call, str, str], Any]) -> Any:
    """Writes a dictionary to a file, since the library reads specifications only from files."""
    import json
    import tempfile
    with tempfile.TemporaryDirectory(prefix='czmodel-') as folder, Call() as call:
        path = os.path.join(folder, 'specification.json')
        with open(path, 'w', encoding='utf-8') as file:
            json.dump({'ModelPath': 'DNN model', **content}, file)
        return read(call, path, '')


def read_spec(call: Call, path: Union[str, os.PathLike[str]], folder: str) -> ModelSpec:
    """Reads a JSON file whose paths are relative to `folder`."""
    found = new(c.czm_metadata)
    call.checked('czm_metadata_from_json', path_bytes(path, 'path'), found)
    model = os.path.join(folder, os.fsdecode(found.model_path))
    license_file = found.license_path and os.path.join(folder, os.fsdecode(found.license_path))
    return ModelSpec(model, completed(call, found, license_file))


def completed(call: Call, struct: c.czm_metadata, license_file) -> ModelMetadata:
    """The metadata with the library's default name and colours."""
    xml = xml_of(call, struct, None)
    classes = [class_of(item) for item in xml.iterfind(CLASS_ITEMS)]
    channel = next(xml.iterfind('Channels/Item'))
    return ModelMetadata(xml.findtext('ModelName', ''), xml.findtext('ColorHandling', ''),
                         channel.attrib['PixelType'], classes, int(xml.findtext('BorderSize', '')),
                         license_file, xml.findtext('Postprocessing') or None)


def xml_of(call: Call, struct: c.czm_metadata, model_id: Optional[bytes]) -> Element:
    from xml.etree.ElementTree import fromstring
    return fromstring(call.text('czm_metadata_xml', struct, model_id))


def metadata_struct(metadata: ModelMetadata, model: bytes = b'model') -> c.czm_metadata:
    """The metadata as a struct of the library; `model` is the path of the SavedModel."""
    result = new(c.czm_metadata)
    result.model_path = model
    result.model_name = text_bytes(metadata.name, 'name')
    result.color_handling = text_bytes(metadata.color_handling, 'color_handling')
    result.pixel_type = text_bytes(metadata.pixel_type, 'pixel_type')
    result.class_count = len(metadata.classes)
    result.classes = (c.czm_class * len(metadata.classes))(*map(class_struct, metadata.classes))
    result.border_size = integer(metadata.border_size, 'border_size')
    if metadata.license_file is not None:
        result.license_path = path_bytes(metadata.license_file, 'license_file')
    if metadata.post_processing is not None:
        result.postprocessing = text_bytes(metadata.post_processing, 'post_processing')
    return result


def class_struct(item: SegmentationClass) -> c.czm_class:
    name, colour = item
    if colour is None:
        return c.czm_class(text_bytes(name, 'classes'))
    channels = [integer(channel, 'classes') for channel in colour]
    if len(channels) != 3 or not all(0 <= channel <= 255 for channel in channels):
        raise ValueError(f'classes: class {name!r} requires red, green and blue from 0 to 255, not {colour!r}')
    return c.czm_class(text_bytes(name, 'classes'), *channels, True)


def class_of(item: Element) -> SegmentationClass:
    red, green, blue = (int(item.attrib[key]) for key in ('colR', 'colG', 'colB'))
    return SegmentationClass(item.attrib['Name'], (red, green, blue))
