# SPDX-License-Identifier: Apache-2.0
"""A network and the metadata of its .czann file."""
from __future__ import annotations

import ctypes
import os
from dataclasses import dataclass
from typing import Generic, TypeVar, Union

from ... import _binding as c
from ... import v3
from ...v3.model_metadata import read_json
from .model_metadata import ModelMetadata

Network = TypeVar('Network')


@dataclass
class ModelSpec(Generic[Network]):
    """A model and its metadata.

    Attributes:
        model: a torch.nn.Module; or the path of an ONNX file, of a file of torch.save() that holds a module, or
            of any other network that czmodel reads.
        model_metadata: its metadata.
        license_file: a text file that is packed beside the model, or None. A relative path is relative to the
            working directory.
    """
    model: Union[str, os.PathLike[str], Network]
    model_metadata: ModelMetadata
    license_file: Union[str, os.PathLike[str], None] = None

    @classmethod
    def from_json(cls, model_spec_path: Union[str, os.PathLike[str]]) -> ModelSpec[Network]:
        """Reads a JSON specification. Paths in it are relative to it.

        Raises:
            MissingFileError, FileAccessError: there is no such file, or it cannot be read.
            InvalidModelError: it is no JSON, or a key is missing or has a wrong value.
        """
        spec = v3.ModelSpec.from_json(model_spec_path)
        metadata = ModelMetadata.from_json(read_json(model_spec_path)['ModelMetadata'])
        return cls(spec.model, metadata, spec.license_file)

    def struct(self, model: bytes) -> c.czm_metadata:
        """The metadata as a struct of the library; `model` is the path of the network."""
        metadata = v3.ModelMetadata(*self.model_metadata[:-1])
        result = v3.ModelSpec(self.model, metadata, self.license_file).struct(model)
        scaling = self.model_metadata.scaling or ()
        result.scaling, result.scaling_count = (ctypes.c_double * len(scaling))(*scaling), len(scaling)
        return result
