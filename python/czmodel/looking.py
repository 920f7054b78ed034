# SPDX-License-Identifier: Apache-2.0
"""The calls that examine models: check, inspect, unpack, diff, verify."""
from __future__ import annotations

import os
from typing import TYPE_CHECKING, Any, Callable, Optional, Sequence

from . import _binding as c
from ._library import Call, Path, error_of_status, new, path_bytes
from ._task import Task
from .errors import MissingFileError

if TYPE_CHECKING:
    from typing_extensions import Unpack

    from ._task import Options
    from .reports import Check, Comparison, Inspection, Verification


def check(model: Any, spatial_dims: Optional[Sequence[int]] = None, preprocessing: Any = None,
          **options: Unpack[Options]) -> Check:
    """Checks every rule that ZEN's specification and TensorFlow 2.0.0 set; writes nothing.

    Args:
        model: the path of a JSON specification, a SavedModel or a CZModel; a ModelSpec; or a Keras
            model. For all but a CZModel, the result of a conversion is checked.
        spatial_dims, preprocessing, **options: as for the conversion.

    Returns:
        The outcome of every rule. Faults of the model do not raise an exception.

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
    """Describes a model: input, output, operations, weights, layers, border and memory.

    Args:
        model: as for check().
        **options: `signature` and `output` choose the described network.

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


def unpack(file: Path, folder: Path, progress: Optional[Callable[[int, int], Any]] = None,
           memory: Optional[int] = None) -> None:
    """Unpacks a CZModel into a new or empty folder: model_spec.json, which can be converted again, the
    SavedModel, the licence and the original XML.

    Args:
        progress: called with the bytes done and their total; returning False cancels.
        memory: MB that the call may need, if more than in proportion to the size of the file.

    Raises:
        MissingFileError, FileAccessError: the file is missing, or the folder cannot be written.
        InvalidModelError: the file is damaged. After a failure no file remains.
    """
    with Call() as call:
        call.allow_memory(memory)
        call.checked('czm_unpack', path_bytes(file, 'file'), path_bytes(folder, 'folder'),
                     call.observed(progress), None)


def diff(a: Path, b: Path, memory: Optional[int] = None) -> Comparison:
    """Compares the metadata, the graphs and the weights of two models on disk, each of any kind.

    Args:
        memory: MB that the call may need, if more than in proportion to the size of the models.

    Raises:
        ConversionError: one of them cannot be read.
    """
    import json

    from .reports import Comparison
    found = new(c.czm_differences)
    with Call() as call:
        call.allow_memory(memory)
        call.checked('czm_diff', path_bytes(a, 'a'), path_bytes(b, 'b'), found)
        return Comparison.of(json.loads(call.text('czm_differences_json', found)))


def verify(model: Path, image: Optional[Path] = None, preview: Optional[Path] = None,
           runtime: Optional[Path] = None, memory: Optional[int] = None) -> Verification:
    """Runs the network in ONNX Runtime, in a separate process, and checks its output.

    Args:
        model: the path of a JSON specification, a SavedModel, an ONNX file or a container.
        image: a PNG, JPEG or TIFF file; else the specification's TestImageFile, or a generated image.
        preview: a PNG file to write: the image, its classes, and the confidence.
        runtime: ONNX Runtime's library or its folder; else the onnxruntime of this Python.
        memory: MB that reading the model may need, if more than in proportion to its size.

    Returns:
        The measurements; `ok` is False if a check failed.

    Raises:
        ConversionError: the network cannot be run; its text is the message of the program.
    """
    import json
    import subprocess

    from . import _programs
    from .reports import Verification
    program = _programs.find()
    if program is None:
        raise MissingFileError('the program czmodel, which runs networks, is not installed with this '
                               'package', status=3)
    named = {'runtime': runtime or _programs.find_onnx_runtime(), 'image': image, 'preview': preview,
             'memory': None if memory is None else str(memory)}
    options = [word for name, value in named.items() if value is not None
               for word in (f'--{name}', os.fspath(value))]
    done = subprocess.run([program, 'verify', '--json', *options, '--', os.fspath(model)],
                          stdout=subprocess.PIPE, stderr=subprocess.PIPE, stdin=subprocess.DEVNULL)
    if not done.stdout:
        raise error_of_status(done.returncode, done.stderr.decode(errors='replace').strip())
    return Verification.of(json.loads(done.stdout.decode()))
