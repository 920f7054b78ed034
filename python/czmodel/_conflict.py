# SPDX-License-Identifier: Apache-2.0
"""Warns if ZEISS's distribution "czmodel" is installed as well: both own the folder czmodel."""
import os
import sys
import warnings

from .errors import CzmodelWarning

ADVICE = ('ZEISS\'s distribution "czmodel" is installed beside "czmodel-native" ({}), and both own '
          'the import package czmodel. Keep one of them: run "pip uninstall czmodel '
          'czmodel-native", then install the one you want again.')


def names_in(folder):
    try:
        return os.listdir(folder or '.')
    except OSError:  # an archive, or not there
        return []


def warn_of_conflict():
    """Searches file names: importlib.metadata would take longer than the whole import."""
    for folder in sys.path:
        for name in names_in(folder):
            if name.startswith('czmodel-') and name.endswith(('.dist-info', '.egg-info')):
                place = os.path.join(folder, name)
                warnings.warn(ADVICE.format(place), CzmodelWarning, stacklevel=3)
                return
