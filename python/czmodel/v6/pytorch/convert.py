# SPDX-License-Identifier: Apache-2.0
"""Conversion of PyTorch networks: the converters of czmodel 6.x.

A module is exported in evaluation mode by torch.onnx.export(), for the input shape that is given (channels,
height, width) and any batch; the library then puts the channels last. A path is taken as it is, except files
of torch.save() (.pt, .pth): these may contain a module that consists of the classes of torch.nn, and are loaded
without running code that they contain (weights_only).
Further keywords are those of czmodel.v3.convert.
"""
from __future__ import annotations

import inspect
import os
from dataclasses import replace
from tempfile import TemporaryDirectory
from typing import TYPE_CHECKING, Any, Generic, Sequence, Tuple, TypeVar

from ..._library import Path
from ..core.convert import UnpackModel
from ..core.legacy_model_metadata import ModelMetadata as LegacyModelMetadata
from ..core.model_metadata import ModelMetadata
from ..core.util.onnx_export import DefaultOnnxConverter, LegacyOnnxConverter
from .legacy_model_spec import ModelSpec as LegacyModelSpec
from .model_spec import ModelSpec

if TYPE_CHECKING:
    from typing_extensions import Unpack

    from ..._task import CommonOptions
    from ...reports import Conversion

Spec = TypeVar('Spec', ModelSpec, LegacyModelSpec)
OPSET = 17  # the newest that PyTorch's first exporter writes in all of its versions since 1.13


class PyTorchBaseConverter(Generic[Spec]):
    """What both have in common: a converter whose model is a path, and the class of its specifications."""
    _spec: type
    _converter: Any

    def convert_from_model_spec(self, model_spec: Spec, output_path: Path, input_shape: Sequence[int],
                                output_name: str = 'DNNModel', **options: Unpack[CommonOptions]) -> Conversion:
        """Converts a network in memory or on disk.

        Args:
            model_spec: the network and its metadata.
            output_path: the folder for the file; it is made if it is missing.
            input_shape: channels, height and width of the module's input, or channels, slices, height and width;
                of no account for other networks.
            output_name: the name of the file, to which the extension is appended unless it is there.
            **options: see the docstring of this module.

        Returns:
            The file that was written, its model id, and all findings.

        Raises:
            ImportError: a module is to be exported, and PyTorch is not installed.
            ConversionError: see czmodel.v3.convert.
        """
        with TemporaryDirectory(prefix='czmodel-') as folder:
            path, is_exported = network_of(model_spec.model, input_shape, folder)
            if is_exported:
                options.setdefault('layout', 'nchw')
            return self._converter().write(replace(model_spec, model=path), output_path, output_name, None, None,
                                           dict(options))

    def convert_from_json_spec(self, model_spec_path: Path, output_path: Path, input_shape: Sequence[int],
                               output_name: str = 'DNNModel', **options: Unpack[CommonOptions]) -> Conversion:
        """Converts the network that a JSON specification names; everything else as above."""
        return self.convert_from_model_spec(self._spec.from_json(model_spec_path), output_path, input_shape,
                                            output_name, **options)


class DefaultConverter(PyTorchBaseConverter[ModelSpec], UnpackModel[ModelMetadata]):
    """Writes .czann files of version 2.1.0, whose network is ONNX of operator set 18."""
    _spec = ModelSpec
    _converter = DefaultOnnxConverter
    _metadata_suffix = '.json'
    _read_metadata = staticmethod(ModelMetadata.from_json)


class LegacyConverter(PyTorchBaseConverter[LegacyModelSpec], UnpackModel[LegacyModelMetadata]):
    """Writes .czmodel files of model version 3.1.0, whose network is ONNX of operator set 12."""
    _spec = LegacyModelSpec
    _converter = LegacyOnnxConverter
    _metadata_suffix = '.xml'
    _read_metadata = staticmethod(LegacyModelMetadata.from_xml)


def network_of(model: Any, input_shape: Sequence[int], folder: str) -> Tuple[str, bool]:
    """The path of the network, and whether it was exported into the folder."""
    is_path = isinstance(model, (str, os.PathLike))
    if is_path and not os.fspath(model).lower().endswith(('.pt', '.pth')):
        return os.fspath(model), False
    try:
        import torch
    except ImportError as error:
        raise ImportError('the export of a PyTorch module requires PyTorch, which is not installed; export it with '
                          'torch.onnx.export() and pass the path of the .onnx file') from error
    if is_path:
        model = load(torch, os.fspath(model))
    if not isinstance(model, torch.nn.Module):
        raise TypeError(f'model: a torch.nn.Module or the path of a network is required, not {type(model)}')
    path = os.path.join(folder, f'{type(model).__name__}.onnx')
    export(torch, model, input_shape, path)
    return path, True


def load(torch: Any, path: str) -> Any:
    """A module that torch.save() wrote; before PyTorch 2.5 there was no list of classes that may be loaded."""
    if not hasattr(torch.serialization, 'safe_globals'):
        return torch.load(path, weights_only=True)
    with torch.serialization.safe_globals([c for c in vars(torch.nn).values() if isinstance(c, type)]):
        return torch.load(path, weights_only=True)


def export(torch: Any, model: Any, input_shape: Sequence[int], path: str) -> None:
    """Writes the module in evaluation mode, and leaves its mode as it was."""
    has_choice = 'dynamo' in inspect.signature(torch.onnx.export).parameters
    choice = {'dynamo': False} if has_choice else {}
    was_training = model.training
    device = next((parameter.device for parameter in model.parameters()), None)
    model.eval()
    try:
        torch.onnx.export(model, (torch.zeros(1, *input_shape, device=device),), path, opset_version=OPSET,
                          input_names=['input'], output_names=['output'],
                          dynamic_axes={'input': {0: 'batch'}, 'output': {0: 'batch'}}, **choice)
    finally:
        model.train(was_training)
