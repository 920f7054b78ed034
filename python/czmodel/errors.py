# SPDX-License-Identifier: Apache-2.0
"""The exceptions and the warning of a conversion.

Every exception is a ConversionError, and also the exception that Python's own functions raise for such
a fault, so that `except FileNotFoundError` and `except ValueError` work as well.
"""
from __future__ import annotations

from typing import TYPE_CHECKING, Sequence

if TYPE_CHECKING:
    from .reports import Finding


class CzmodelWarning(UserWarning):
    """A file was written, but its results may be wrong."""


class ConversionError(Exception):
    """A call failed; nothing was written.

    Attributes:
        findings: all findings, as `czmodel.reports.Finding`: rule, severity, where,
            finding, why, hint. Empty if the fault is not one of the C library's rules.
        status: the exit status of the program for the same fault: 1 the model or the specification
            breaks a rule or is damaged, 2 the options contradict each other, 3 a file is missing
            or cannot be read or written, 4 out of memory, 5 cancelled.
    """

    def __init__(self, message: str = '', findings: Sequence[Finding] = (), status: int = 1):
        super().__init__(message)
        self.findings = tuple(findings)
        self.status = status


class InvalidModelError(ConversionError, ValueError):
    """The model or the specification breaks a rule, or is damaged."""


class UsageError(ConversionError, ValueError):
    """The options are incomplete, or contradict each other."""


class MissingFileError(ConversionError, FileNotFoundError):
    """A required file or folder does not exist."""


class FileAccessError(ConversionError, OSError):
    """A file or folder cannot be read or written."""


class OutOfMemoryError(ConversionError, MemoryError):
    """There was not enough memory."""


class CancelledError(ConversionError):
    """The progress callback returned False."""
