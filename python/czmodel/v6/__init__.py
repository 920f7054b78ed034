# SPDX-License-Identifier: Apache-2.0
"""The interface of ZEISS's czmodel 6.x, which writes .czann and .czmodel files of PyTorch networks.

A script changes no more than its import lines: czmodel.pytorch.convert becomes czmodel.v6.pytorch.convert,
and likewise the other modules of pytorch and core. A torch.nn.Module is exported by the PyTorch that made it;
everything else, the order of the dimensions included, is done by the library, so that an ONNX file needs no PyTorch.
"""
from .core.legacy_model_metadata import ModelMetadata as LegacyModelMetadata
from .core.model_metadata import ModelMetadata, ModelType

__all__ = ['LegacyModelMetadata', 'ModelMetadata', 'ModelType']
