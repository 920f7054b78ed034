# SPDX-License-Identifier: Apache-2.0
"""Paths for tools that handle neither blanks nor brackets: debootstrap, and pip for scripts."""
import contextlib
import os
import re
import tempfile


@contextlib.contextmanager
def plain_path(folder):
    """A path of the folder that consists of ASCII letters, digits and /._+-: its own, or a link that goes with the
    context."""
    if re.fullmatch(r'[\w/.+-]+', folder, re.ASCII):
        yield folder
        return
    with tempfile.TemporaryDirectory(prefix='czm-') as place:
        link = os.path.join(place, 'link')
        os.symlink(folder, link)
        yield link
