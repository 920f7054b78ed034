# SPDX-License-Identifier: Apache-2.0
"""The program czmodel, and the console scripts with the reference's names.

They are the program czmodel with their name as its subcommand: a wheel cannot contain links, and two more
copies would make it three times as large.
"""
from __future__ import annotations

import os
import subprocess
import sys
from typing import Optional

PROGRAM = 'czmodel.exe' if os.name == 'nt' else 'czmodel'


def find() -> Optional[str]:
    """The program that was installed with this package, or None."""
    import shutil
    import sysconfig
    for folder in (sysconfig.get_path('scripts'), sysconfig.get_path('scripts', f'{os.name}_user')):
        path = os.path.join(folder, PROGRAM)
        if os.path.exists(path):
            return path
    return shutil.which(PROGRAM)


def find_onnx_runtime() -> Optional[str]:
    """The folder of ONNX Runtime's library in this Python, which is not imported; None without one."""
    from importlib.util import find_spec
    spec = find_spec('onnxruntime')
    places = spec.submodule_search_locations if spec else None
    return os.path.join(list(places)[0], 'capi') if places else None


def run(name):
    folder = os.path.dirname(os.path.realpath(sys.argv[0]))  # pip puts all programs into one
    program = os.path.join(folder, PROGRAM)
    command = [program, name, *sys.argv[1:]]
    if os.name == 'nt':  # exec would return to the shell before the program has ended
        sys.exit(subprocess.call(command))
    os.execv(program, command)


def savedmodel2czmodel():
    run('savedmodel2czmodel')


def savedmodel2czann():
    run('savedmodel2czann')
