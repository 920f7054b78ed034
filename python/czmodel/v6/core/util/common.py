# SPDX-License-Identifier: Apache-2.0
"""Checks of metadata against the shapes of a network, without the network. The conversions check more."""
from ....v3.util.common import validate_legacy_metadata, validate_metadata

__all__ = ['validate_legacy_metadata', 'validate_metadata']
