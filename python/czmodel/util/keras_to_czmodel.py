# SPDX-License-Identifier: Apache-2.0
"""Conversion to a CZModel that is named by its path."""
from __future__ import annotations

import os
from typing import TYPE_CHECKING, Any, Optional, Sequence

from .._library import Path
from ..convert import Layers, convert_from_model_spec
from ..model_metadata import ModelMetadata, ModelSpec

if TYPE_CHECKING:
    from typing_extensions import Unpack

    from .._task import Options
    from ..reports import Conversion


def convert(model: Any, model_metadata: ModelMetadata, output_path: Path,
            spatial_dims: Optional[Sequence[int]] = None, preprocessing: Layers = None,
            **options: Unpack[Options]) -> Conversion:
    """Converts a model to the file `output_path`; '.czmodel' is appended if it is missing. See
    czmodel.convert.convert_from_model_spec()."""
    folder, name = os.path.split(os.path.abspath(os.fspath(output_path)))
    return convert_from_model_spec(ModelSpec(model, model_metadata), folder, name, spatial_dims, preprocessing, **options)
