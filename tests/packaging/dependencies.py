# SPDX-License-Identifier: Apache-2.0
"""The requirements for a build are in several places, which must agree: `dev` installs what Debian's package
of this source asks for, and docs/python.md names what a wheel is built with.

    dependencies.py
"""
import os
import re
import sys

from support import ROOT, read

# Asked for by the tools that build packages, without being said.
IMPLIED = {'build-essential'}


def text(*path):
    return read(os.path.join(ROOT, *path)).decode()


def installed_by_dev():
    lists = re.findall(r'^\w+_packages=\((.*?)\)', text('dev'), re.MULTILINE | re.DOTALL)
    return set(' '.join(lists).split())


def asked_for_by_debian():
    """Names alone; a virtual package is named after what provides it."""
    provided = {'debhelper-compat': 'debhelper', 'dh-sequence-python3': 'dh-python'}
    field = re.search(r'^Build-Depends:(.*?)^\S', text('packaging', 'debian', 'control'),
                      re.MULTILINE | re.DOTALL).group(1)
    names = [re.split(r'[\s(:]', entry.strip())[0] for entry in field.split(',')]
    return {provided.get(name, name) for name in names} | IMPLIED


def asked_for_by_wheels():
    lines = text('python', 'CMakeLists.txt').split('set(PACKAGES')[1].split(')')[0].split()
    return set(lines[1::2]) | {'pkg-config'}


def main():
    faults = [f'./dev does not install {name}, which the Debian packages need'
              for name in sorted(asked_for_by_debian() - installed_by_dev())]
    faults += [f'{place} does not name {name}, which pip install . needs'
               for place in (('docs', 'python.md'),)
               for name in sorted(asked_for_by_wheels()) if name not in text(*place)]
    if faults:
        sys.exit('\n'.join(faults))
    print(f'{len(installed_by_dev())} packages')


if __name__ == '__main__':
    main()
