# SPDX-License-Identifier: Apache-2.0
"""A network and the metadata of its .czmodel file."""
from __future__ import annotations

import os
from typing import Union

from ...v3.legacy_model_metadata import ModelSpec as _Spec
from .legacy_model_metadata import ModelMetadata


class ModelSpec(_Spec):
    """A model and its metadata; `model` as in czmodel.v6.core.model_spec."""
    __slots__ = ()

    @classmethod
    def from_json(cls, model_spec_path: Union[str, os.PathLike[str]]) -> ModelSpec:
        """Reads a JSON specification. Paths in it are relative to it."""
        model, metadata, license_file = _Spec.from_json(model_spec_path)
        return cls(model, ModelMetadata._make(metadata), license_file)
