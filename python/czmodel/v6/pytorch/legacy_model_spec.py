# SPDX-License-Identifier: Apache-2.0
"""A network and the metadata of its .czmodel file."""
from ..core.legacy_model_spec import ModelSpec

__all__ = ['ModelSpec']
