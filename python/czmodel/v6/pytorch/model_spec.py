# SPDX-License-Identifier: Apache-2.0
"""A network and the metadata of its .czann file."""
from ..core.model_spec import ModelSpec

__all__ = ['ModelSpec']
