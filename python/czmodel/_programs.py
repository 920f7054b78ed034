# SPDX-License-Identifier: Apache-2.0
"""The console scripts with the reference's names.

They are the program czmodel with their name as its subcommand: a wheel knows no links, and two more
copies would make it three times as large.
"""
import os
import subprocess
import sys


def run(name):
    folder = os.path.dirname(os.path.realpath(sys.argv[0]))  # pip puts all programs into one
    program = os.path.join(folder, 'czmodel.exe' if os.name == 'nt' else 'czmodel')
    command = [program, name, *sys.argv[1:]]
    if os.name == 'nt':  # exec would return to the shell before the program has ended
        sys.exit(subprocess.call(command))
    os.execv(program, command)


def savedmodel2czmodel():
    run('savedmodel2czmodel')


def savedmodel2czann():
    run('savedmodel2czann')
