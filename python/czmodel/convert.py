# SPDX-License-Identifier: Apache-2.0
"""Conversion to CZModels: the functions of czmodel 0.1.3, with more options.

Beyond the parameters of czmodel 0.1.3, the conversion and czmodel.check() take these keywords:

    postprocessing  layers or texts of steps after the network, such as 'softmax'
    border          pixels, or 'auto' for the required border; instead of the metadata's
    allow           id or ids of rules whose errors become warnings
    strict          True: warnings become errors
    signature       the signature to use; else serving_default, serve, or the only one
    output          the key of the output to use, if the signature has several
    config          the path of a file with model.to_json(), for a Keras file that contains weights alone
    memory          MB that the model may need, if more than in proportion to its size
    as_is           True: the SavedModel's files are packed unchanged
    format          '3.0.0', '3.1.0', or 'czann-1.0.0' to 'czann-2.1.0'
    zen             the newest format that this ZEN accepts, such as '3.4' or 'core 3.3'
    value_range     what the network expects: 'raw' (the values of the pixel type) or 'unit' (0 to
                    1); else as in the metadata. If the format feeds other values, a factor is
                    inserted before the network, and a finding reports it
    extension       of the file, instead of the format's: 'czseg'
    progress        called with the bytes of weights done and their total; returning False cancels.
                    It may be a progress bar with `total`, `n` and `update`, such as tqdm's
"""
from __future__ import annotations

import os
from typing import TYPE_CHECKING, Any, Optional, Sequence, Union

from . import _binding as c
from ._library import Path, new, path_bytes, text_bytes
from ._task import Task
from .model_metadata import ModelSpec

if TYPE_CHECKING:
    from typing_extensions import Unpack

    from ._task import Options
    from .reports import Conversion

Layers = Union[Any, Sequence[Any], None]


def convert_from_model_spec(model_spec: ModelSpec, output_path: Path,
                            output_name: str = 'DNNModel',
                            spatial_dims: Optional[Sequence[int]] = None,
                            preprocessing: Layers = None,
                            **options: Unpack[Options]) -> Conversion:
    """Converts a model to a CZModel for ZEN Intellesis.

    Args:
        model_spec: the model, in memory or on disk, and its metadata.
        output_path: the folder for the CZModel; it is created if it is missing.
        output_name: the name of the file; '.czmodel' is appended if it is missing.
        spatial_dims: height and width, in pixels, of the new input; None keeps the size.
        preprocessing: a layer or a sequence of layers to insert before the network, in this order:
            those of czmodel.util.preprocessing, layers of your own, or texts such as 'scale=0.5'.
        **options: postprocessing, border, allow, strict, signature, output, as_is, progress; the
            docstring of the module czmodel.convert describes them.

    Returns:
        The file that was written, its model id, and all findings.

    Raises:
        InvalidModelError: the model or the metadata breaks a rule; its `findings` contain the details.
        MissingFileError, FileAccessError: a file is missing, or cannot be read or written.
        UsageError: the options contradict each other. CancelledError: `progress` returned False.
        All are ConversionErrors. An existing file of that name is then unchanged.

    Warns:
        CzmodelWarning: the file was written, but its results may be wrong.
    """
    if isinstance(model_spec, (str, os.PathLike)):
        raise TypeError(f'model_spec: a ModelSpec is required, not the path {model_spec!r}; '
                        'convert_from_json_spec() accepts the path of a JSON specification')
    if not isinstance(model_spec, ModelSpec):
        model_spec = ModelSpec(*model_spec)
    return convert(model_spec, output_path, output_name, spatial_dims, preprocessing, options)


def convert_from_json_spec(model_spec_path: Path, output_path: Path, output_name: str = 'DNNModel',
                           spatial_dims: Optional[Sequence[int]] = None,
                           preprocessing: Layers = None,
                           **options: Unpack[Options]) -> Conversion:
    """Converts the model that a JSON specification names to a CZModel for ZEN Intellesis.

    Args:
        model_spec_path: the JSON file. Paths in it are absolute or relative to it.

    Everything else is as in convert_from_model_spec().
    """
    if not isinstance(model_spec_path, (str, os.PathLike)):
        raise TypeError('model_spec_path: the path of a JSON specification is required, not '
                        f'{model_spec_path!r}; convert_from_model_spec() accepts a ModelSpec')
    return convert(os.fspath(model_spec_path), output_path, output_name, spatial_dims,
                   preprocessing, options)


def convert(source, output_path, output_name, spatial_dims, preprocessing, options,
            no_factor=False) -> Conversion:
    from ._records import Conversion
    result = new(c.czm_result)
    with Task(source) as task:
        task.take(spatial_dims, preprocessing, **options)
        task.options.no_factor = no_factor
        task.options.output_folder = path_bytes(output_path, 'output_path')
        task.options.output_name = text_bytes(output_name, 'output_name')
        task.checked('czm_convert', task.options, result)
        return Conversion(os.fsdecode(result.path), result.model_id.decode(), result.size,
                          result.class_count, task.findings())
