# SPDX-License-Identifier: Apache-2.0
"""Fails if a source file includes a file of a layer that it may not use: src/README.md is the map.

    layers.py [ROOT]
"""
import os
import re
import sys

ROOT = sys.argv[1] if len(sys.argv) > 1 else os.path.join(os.path.dirname(__file__), '..', '..')
INCLUDE = re.compile(r'^\s*#\s*include\s+"([^"]+)"', re.MULTILINE)

# What each layer may include beside itself and the public header.
BELOW = {
    'base': [],
    'report': ['base'],
    'codec': ['base'],
    'spec': ['base', 'report', 'codec'],
    'op': ['base', 'codec'],
    'graph': ['base', 'report', 'codec', 'op'],
    'view': ['base', 'report', 'codec', 'op', 'graph'],
    'shape': ['base', 'report', 'codec', 'op', 'graph', 'view'],
}
BELOW['fold'] = BELOW['analysis'] = BELOW['shape'] + ['shape']
BELOW['passes'] = BELOW['fold'] + ['fold']
BELOW['read'] = BELOW['fold'] + ['fold', 'spec'] # the metadata of a container is a specification's
BELOW['check'] = BELOW['analysis'] + ['analysis', 'spec']
# Steps of the user may be models of their own, and the check of class order needs the metadata.
BELOW['edit'] = BELOW['shape'] + ['shape', 'spec', 'read']
BELOW['write'] = BELOW['passes'] + ['passes']
BELOW['package'] = BELOW['graph'] + ['graph', 'spec']
BELOW['draw'] = ['base', 'codec', 'op']
BELOW['api'] = list(BELOW)
BELOW['version.c'] = []
BELOW['cli/verify'] = ['base/os.h', 'base/bytes.h']
BELOW['cli/runtime'] = [*BELOW['cli/verify'], 'cli/verify', 'cli/terminal.h', 'codec/wire.h']
BELOW['cli/page'] = [*BELOW['cli/verify'], 'cli/verify']
BELOW['cli'] = ['base/os.h', 'base/bytes.h', 'base/printable.h', 'cli/verify', 'cli/runtime']


def layer_of(path):
    """The first component below src/; cli, or the folder below it."""
    parts = path.split('/')
    return parts[1] if parts[0] == 'src' else os.path.dirname(path)


def is_sibling(path, included):
    """Whether a file of one front end, of the passes for one target, or of one back end includes one of another."""
    own, other = path.split('/')[1:-1], included.split('/')[:-1]
    return len(own) == len(other) == 2 and own[0] == other[0] and own != other


def is_allowed(layer, included):
    folder = os.path.dirname(included)
    if layer not in ('cli', 'cli/page', 'cli/verify', 'cli/runtime'): # a folder of src/ may have folders of its own
        folder = folder.split('/')[0]
    if folder == layer or included == 'czm.h':
        return True
    return folder in BELOW[layer] or included in BELOW[layer]


def source_files():
    for top in ('src', 'cli'):
        for folder, _, files in os.walk(os.path.join(ROOT, top)):
            for file in files:
                if file.endswith(('.c', '.h')):
                    yield os.path.relpath(os.path.join(folder, file), ROOT).replace(os.sep, '/')


def main():
    faults, count = [], 0
    for path in sorted(source_files()):
        layer = layer_of(path)
        with open(os.path.join(ROOT, path), encoding='utf-8') as file:
            includes = INCLUDE.findall(file.read())
        if layer not in BELOW:
            faults.append(f'{path}: the layer "{layer}" is not in the list of {__file__}')
            continue
        count += len(includes)
        faults += [f'{path} includes {included}, which is not below {layer}'
                   for included in includes if not is_allowed(layer, included) or is_sibling(path, included)]
    print(f'{count} includes')
    if faults or not count:
        sys.exit('\n'.join(faults) or 'no source was found')


if __name__ == '__main__':
    main()
