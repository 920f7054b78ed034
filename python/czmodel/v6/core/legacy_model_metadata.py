# SPDX-License-Identifier: Apache-2.0
"""The metadata of a .czmodel file, as tuples with the fields of czmodel 6.x: those of 3.0.0."""
from __future__ import annotations

import os
from typing import Union
from xml.etree import ElementTree

from ...errors import InvalidModelError
from ...v3.legacy_model_metadata import ModelMetadata as _Metadata
from ...v3.legacy_model_metadata import SegmentationClass

__all__ = ['ModelMetadata', 'SegmentationClass']


class ModelMetadata(_Metadata):
    """What ZEN has to know of a model; see czmodel.v3.legacy_model_metadata.ModelMetadata."""
    __slots__ = ()

    @classmethod
    def from_xml(cls, model_metadata: Union[str, os.PathLike[str]]) -> ModelMetadata:
        """Reads the XML of a model.

        Raises:
            InvalidModelError: it is no such XML.
        """
        try:
            root = ElementTree.parse(os.fspath(model_metadata)).getroot()
            pixel_types = [item.attrib['PixelType'] for item in root.iterfind('Channels/Item')]
            classes = [item.attrib['Name'] for item in root.iterfind('TrainingClasses/Item')]
            return cls(classes, pixel_types, root.findtext('ModelName', ''),
                       root.findtext('ColorHandling', ''), int(root.findtext('BorderSize', '0')),
                       root.findtext('Postprocessing') or None, model_id=root.findtext('Id'))
        except (ElementTree.ParseError, KeyError, ValueError) as error:
            raise InvalidModelError(f'{os.fspath(model_metadata)}: this is not the XML of a model: {error!r}') from error
