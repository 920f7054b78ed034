# SPDX-License-Identifier: Apache-2.0
"""The tracked files, for tests that build a copy of them."""
import os
import shutil
import subprocess

ROOT = os.path.dirname(os.path.dirname(os.path.dirname(os.path.abspath(__file__))))


def copy_sources(folder):
    """Copies them, without the history. Returns whether this is a clone: otherwise there is no list of them."""
    listed = subprocess.run(['git', '-C', ROOT, 'ls-files', '-z'], capture_output=True, check=False)
    for name in listed.stdout.decode().split('\0'):
        if name and os.path.exists(os.path.join(ROOT, name)):
            os.makedirs(os.path.join(folder, os.path.dirname(name)), exist_ok=True)
            shutil.copy2(os.path.join(ROOT, name), os.path.join(folder, name))
    return listed.returncode == 0
