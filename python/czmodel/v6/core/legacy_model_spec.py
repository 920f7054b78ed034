# SPDX-License-Identifier: Apache-2.0
"""A network and the metadata of its .czmodel file."""
from __future__ import annotations

import os
from dataclasses import dataclass
from typing import Generic, TypeVar, Union

from ... import _binding as c
from ... import v3
from .legacy_model_metadata import ModelMetadata

Network = TypeVar('Network')


@dataclass
class ModelSpec(Generic[Network]):
    """A model and its metadata; the attributes are those of czmodel.v6.core.model_spec.ModelSpec."""
    model: Union[str, os.PathLike[str], Network]
    model_metadata: ModelMetadata
    license_file: Union[str, os.PathLike[str], None] = None

    @classmethod
    def from_json(cls, model_spec_path: Union[str, os.PathLike[str]]) -> ModelSpec[Network]:
        """Reads a JSON specification. Paths in it are relative to it."""
        model, metadata, license_file = v3.LegacyModelSpec.from_json(model_spec_path)
        return cls(model, ModelMetadata._make(metadata), license_file)

    def struct(self, model: bytes) -> c.czm_metadata:
        """The metadata as a struct of the library; `model` is the path of the network."""
        return v3.LegacyModelSpec(self.model, self.model_metadata, self.license_file).struct(model)
