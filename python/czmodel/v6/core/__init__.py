# SPDX-License-Identifier: Apache-2.0
"""What does not depend on PyTorch."""
from .legacy_model_spec import ModelSpec as LegacyModelSpec
from .model_spec import ModelSpec

__all__ = ['LegacyModelSpec', 'ModelSpec']
