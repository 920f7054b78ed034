# SPDX-License-Identifier: Apache-2.0
"""A PyTorch network and the metadata of its .czann file."""
from typing import TYPE_CHECKING

from ..core.model_spec import ModelSpec as _ModelSpec

if TYPE_CHECKING:
    from torch.nn import Module

__all__ = ['ModelSpec']


class ModelSpec(_ModelSpec['Module']):
    """As czmodel.v6.core.model_spec.ModelSpec; the model may be a torch.nn.Module."""
