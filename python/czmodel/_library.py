# SPDX-License-Identifier: Apache-2.0
"""The C library: loading it, and calling it.

Layouts and signatures come from include/czm.h (_binding.py is made of it when the package is
built), and the library compares the size of each struct with its own in every call. ctypes releases
the interpreter's lock during a call. The library has no mutable globals, so that any number of
threads may call at once, each with a report of its own.
"""
from __future__ import annotations

import ctypes
import operator
import os
import sys
import warnings
from typing import List, Union

from . import _binding as c
from . import errors


Path = Union[str, 'os.PathLike[str]']

NAMES = {'win32': 'czm.dll', 'darwin': 'libczm.dylib'}


def load():
    name = NAMES.get(sys.platform, 'libczm.so')
    library = ctypes.CDLL(os.path.join(os.path.dirname(__file__), name))
    for name, (result, arguments) in c.FUNCTIONS.items():
        function = getattr(library, name)
        function.restype, function.argtypes = result, arguments
    return library


LIBRARY = load()
VERSION = LIBRARY.czm_version().decode()



def spelling(name: str, before: str = "'", comma: str = ',', after: str = "'"):
    """How findings write an option: as the keyword argument `name`."""
    return c.czm_spelling(name.encode(), f'{name}={before}'.encode(), comma.encode(),
                          after.encode())


# How this package writes the options of the library: `name` and `license_file` are arguments of
# ModelMetadata, as is `model_id`.
SPELLINGS = {
    c.CZM_OPTION_SIGNATURE: spelling('signature'),
    c.CZM_OPTION_OUTPUT: spelling('output'),
    c.CZM_OPTION_SPATIAL_DIMS: spelling('spatial_dims', '(', ', ', ')'),
    c.CZM_OPTION_PREPROCESSING: spelling('preprocessing'),
    c.CZM_OPTION_POSTPROCESSING: spelling('postprocessing'),
    c.CZM_OPTION_BORDER: spelling('border'),
    c.CZM_OPTION_FORMAT: spelling('format'),
    c.CZM_OPTION_ZEN: spelling('zen'),
    c.CZM_OPTION_EXTENSION: spelling('extension'),
    c.CZM_OPTION_MODEL_NAME: spelling('name'),
    c.CZM_OPTION_MODEL_ID: spelling('model_id'),
    c.CZM_OPTION_LICENSE: spelling('license_file'),
    c.CZM_OPTION_ALLOW: spelling('allow'),
    c.CZM_OPTION_STRICT: spelling('strict', '', ',', ''),
    c.CZM_OPTION_AS_IS: spelling('as_is', '', ',', ''),
    c.CZM_OPTION_CONFIG: spelling('config'),
    c.CZM_OPTION_VALUE_RANGE: spelling('value_range'),
    c.CZM_OPTION_LAYOUT: spelling('layout'),
    c.CZM_OPTION_MEMORY: spelling('memory', '', ',', ''),
    c.CZM_OPTION_VERIFY: spelling('czmodel.verify()'),
    c.CZM_OPTION_NEW: spelling('czmodel new'),
}
SPELLING_ROWS = (c.czm_spelling * c.CZM_OPTION_COUNT)(
    *(SPELLINGS.get(option, spelling('')) for option in range(c.CZM_OPTION_COUNT)))

SEVERITIES = {c.CZM_NOTE: 'note', c.CZM_WARNING: 'warning', c.CZM_ERROR: 'error'}
ERRORS = {
    c.CZM_ERROR_INVALID: errors.InvalidModelError,
    c.CZM_ERROR_USAGE: errors.UsageError,
    c.CZM_ERROR_IO: errors.FileAccessError,
    c.CZM_ERROR_MEMORY: errors.OutOfMemoryError,
    c.CZM_ERROR_CANCELLED: errors.CancelledError,
}


def new(kind):
    """A struct with its size set, as the library requires; all other members are zero."""
    return kind(struct_size=ctypes.sizeof(kind))


def path_bytes(path, what: str) -> bytes:
    """The path as bytes for the system. Raises TypeError, and ValueError for a NUL inside; `what` is
    the name of the parameter."""
    if not isinstance(path, (str, bytes, os.PathLike)):
        raise TypeError(f'{what}: a path is required, not {path!r}')
    name = os.fsencode(path)
    if b'\0' in name:
        raise ValueError(f'{what}: {path!r} is not a path, since it contains a NUL')
    return name


def integer(value, what: str) -> int:
    """An integer of any type. Raises TypeError; `what` is the name of the parameter."""
    try:
        return operator.index(value)
    except TypeError:
        raise TypeError(f'{what}: a whole number is required, not {value!r}') from None


def text_bytes(text, what: str) -> bytes:
    """UTF-8. Raises TypeError, and ValueError for a NUL inside or half of a surrogate pair."""
    if not isinstance(text, str):
        raise TypeError(f'{what}: a text is required, not {text!r}')
    if '\0' in text:
        raise ValueError(f'{what}: {text!r} contains a NUL')
    return text.encode()


def texts(items):
    """An array of strings for the library."""
    return (ctypes.c_char_p * len(items))(*items)


class Call:
    """A report for calls; use it in a `with`. Strings of the library are valid only inside it."""

    def __init__(self):
        self.report = LIBRARY.czm_report_new()
        if not self.report:
            raise errors.OutOfMemoryError('there is not enough memory', status=c.CZM_ERROR_MEMORY)
        LIBRARY.czm_report_set_spelling(self.report, SPELLING_ROWS, len(SPELLING_ROWS))
        self.raised = None
        self.memory = None

    def __enter__(self):
        return self

    def __exit__(self, *_):
        LIBRARY.czm_report_free(self.report)

    def allow_memory(self, megabytes):
        """Each call may use this much; None or 0: what is in proportion to the size of its input."""
        self.memory = megabytes
        LIBRARY.czm_report_set_memory(self.report, 1_000_000 * integer(megabytes or 0, 'memory'))

    def run(self, name: str, *arguments):
        """Calls a function whose last parameter is the report."""
        result = getattr(LIBRARY, name)(*arguments, self.report)
        if self.raised:
            raise self.raised
        return result

    def observed(self, progress):
        """A callback for the library that calls `progress`, which may be None or a progress bar.
        An exception in it stops the library and is raised by run(), also KeyboardInterrupt."""
        if progress is None:
            return c.czm_progress()
        observer = mover(progress) if hasattr(progress, 'update') else progress

        def call(_user, done, total):
            try:
                return observer(done, total) is not False
            except BaseException as error:
                self.raised = error
                return False
        return c.czm_progress(call)

    def checked(self, name: str, *arguments):
        """Calls a function that returns a status; raises its exception, or warns."""
        self.settle(self.run(name, *arguments))

    def text(self, name: str, *arguments) -> str:
        """Calls a function that returns a text. If there is none, the report contains the reason."""
        text = self.run(name, *arguments)
        if text is None:
            faults = [f for f in self.findings() if f.severity == 'error']
            out_of_memory = not faults or faults[-1].rule == 'memory'
            self.settle(c.CZM_ERROR_MEMORY if out_of_memory else c.CZM_ERROR_INVALID)
        return text.decode()

    def findings(self) -> List:
        from ._records import Finding  # dataclasses are slow to import
        found = (LIBRARY.czm_report_at(self.report, index).contents
                 for index in range(LIBRARY.czm_report_count(self.report)))
        return [Finding(f.rule.decode(), SEVERITIES[f.severity], f.where.decode(),
                        f.finding.decode(), f.why.decode(), f.hint.decode()) for f in found]

    def settle(self, status: int):
        """Raises the exception of this status; with CZM_OK, issues the warnings."""
        if status == c.CZM_OK and LIBRARY.czm_report_count(self.report) == 0:
            return
        findings = self.findings()
        if status != c.CZM_OK:
            raise error_of(status, findings)
        for finding in findings:
            if finding.severity == 'warning':
                warnings.warn(str(finding), errors.CzmodelWarning, stacklevel=user_level())


def mover(bar):
    """A function that moves a progress bar of tqdm's kind."""
    def move(done, total):
        bar.total = total
        bar.update(done - bar.n)
    return move


def error_of(status: int, findings):
    kind = ERRORS[status]
    faults = [finding for finding in findings if finding.severity == 'error']
    if status == c.CZM_ERROR_IO and any(fault.rule == 'file-missing' for fault in faults):
        kind = errors.MissingFileError
    message = '\n'.join(map(str, faults)) or 'cancelled'
    return kind(message, findings, status)


def error_of_status(status: int, text: str):
    """The exception for a program that ended with this status and text."""
    return ERRORS.get(status, errors.ConversionError)(text, [], status)


def user_level() -> int:
    """The stacklevel, seen from the caller, of the first frame outside this package."""
    level, frame = 1, sys._getframe(1)
    while frame.f_back and frame.f_globals.get('__name__', '').partition('.')[0] == __package__:
        level, frame = level + 1, frame.f_back
    return level
