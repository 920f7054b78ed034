# SPDX-License-Identifier: Apache-2.0
"""Looking at models: check, inspect, unpack, diff."""
from __future__ import annotations

import os
from typing import TYPE_CHECKING, Any, Callable, Optional, Sequence, Union

from . import _binding as c
from ._library import Call, new, path_bytes
from ._task import Task

if TYPE_CHECKING:
    from typing_extensions import Unpack

    from ._task import Options
    from .reports import Check, Comparison, Inspection

Path = Union[str, os.PathLike]


def check(model: Any, spatial_dims: Optional[Sequence[int]] = None, preprocessing: Any = None,
          **options: Unpack[Options]) -> Check:
    """Checks every rule that ZEN's specification and TensorFlow 2.0.0 set; writes nothing.

    Args:
        model: the path of a JSON specification, a SavedModel or a CZModel; a ModelSpec; or a Keras
            model. All but a CZModel are judged by what a conversion would write.
        spatial_dims, preprocessing, **options: as for the conversion.

    Returns:
        The outcome of every rule. What is wrong with the model does not raise.

    Raises:
        UsageError: the options contradict each other.
    """
    import json

    from .reports import Check
    verdict = new(c.czm_verdict)
    with Task(model) as task:
        task.take(spatial_dims, preprocessing, **options)
        status = task.run('czm_check', task.options, verdict)
        if status not in (c.CZM_OK, c.CZM_ERROR_INVALID, c.CZM_ERROR_IO):
            task.settle(status)
        return Check.of(json.loads(task.text('czm_check_json', verdict)))


def inspect(model: Any, **options: Unpack[Options]) -> Inspection:
    """Describes a model: its ends, operations, weights, layers, border and memory.

    Args:
        model: as for check().
        **options: `signature` and `output` choose what to look at.

    Raises:
        ConversionError: the model cannot be read.
    """
    import json

    from .reports import Inspection
    found = new(c.czm_inspection)
    with Task(model) as task:
        task.take(**options)
        task.checked('czm_inspect', task.options, found)
        svg = task.text('czm_inspection_svg', found)
        return Inspection.of({**json.loads(task.text('czm_inspection_json', found)), 'svg': svg})


def unpack(file: Path, folder: Path, progress: Optional[Callable[[int, int], Any]] = None) -> None:
    """Unpacks a CZModel into a new or empty folder: model_spec.json, which converts back, the
    SavedModel, the licence and the original XML.

    Args:
        progress: called with the bytes done and their total; returning False cancels.

    Raises:
        MissingFileError, FileAccessError: the file is missing, or the folder cannot be written.
        InvalidModelError: the file is damaged. On failure nothing is left behind.
    """
    with Call() as call:
        call.checked('czm_unpack', path_bytes(file, 'file'), path_bytes(folder, 'folder'),
                     call.observed(progress), None)


def diff(a: Path, b: Path) -> Comparison:
    """Compares the metadata, the graphs and the weights of two models on disk, each of any kind.

    Raises:
        ConversionError: one of them cannot be read.
    """
    import json

    from .reports import Comparison
    found = new(c.czm_differences)
    with Call() as call:
        call.checked('czm_diff', path_bytes(a, 'a'), path_bytes(b, 'b'), found)
        return Comparison.of(json.loads(call.text('czm_differences_json', found)))
