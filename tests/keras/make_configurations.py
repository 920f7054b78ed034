# SPDX-License-Identifier: Apache-2.0
"""Writes the configurations of Keras networks as text (tests/networks/keras.json.xz), from files that Keras wrote.

    make_configurations.py OUTPUT PROGRAM FOLDER...

Each FOLDER is one that tests/networks/export_keras.py filled. A network is a line of JSON: its name, the version of Keras, the
configuration without what no conversion reads (initializers, regularizers ...), and the shapes of its weights;
"@[shape,history]" stands for a tensor of Keras 3. Of the networks of one layer, up to two are taken that become
different operations. PROGRAM is
tests/unit/tables.c. Runs with the Python of a TensorFlow, for h5py. What is read from them (tests/networks/keras.txt) is written by configurations.py --update.
"""
import collections
import glob
import json
import lzma
import os
import re
import subprocess
import sys
import zipfile

import h5py

MOST = 2  # networks of a layer
DROPPED = re.compile(r'.*_(initializer|regularizer|constraint)$|registered_name|build_config|compile_config|'
                     'batch_size|ragged|sparse|optional|shared_object_id|seed|keras_version|backend')

USUAL = (('use_bias', True), ('data_format', 'channels_last'))


def trimmed(value):
    if isinstance(value, list):
        return [trimmed(one) for one in value]
    if not isinstance(value, dict):
        return value
    if value.get('class_name') == 'DTypePolicy':
        return value['config']['name']
    if value.get('class_name') == '__keras_tensor__':
        return '@' + json.dumps([value['config']['shape'], value['config']['keras_history']], separators=(',', ':'))
    kept = {}
    for key, one in value.items():
        is_of_layer = key == 'dtype' and 'trainable' in value and trimmed(one) == 'float32'
        if not DROPPED.match(key) and (key, one) not in USUAL and not is_of_layer:
            kept[key] = trimmed(one)
    return kept


def text_of(value):
    return value.decode() if isinstance(value, bytes) else value


def from_hdf5(path):
    with h5py.File(path) as file:
        group, weights = file['model_weights'], {}
        for layer in map(text_of, group.attrs['layer_names']):
            names = [text_of(name) for name in group[layer].attrs['weight_names']]
            if names:
                weights[layer] = {name: list(group[layer][name].shape) for name in names}
        return {'version': text_of(file.attrs['keras_version']),
                'config': trimmed(json.loads(text_of(file.attrs['model_config']))), 'weights': weights}


def from_archive(path):
    weights = {}
    with zipfile.ZipFile(path) as archive:
        with archive.open('model.weights.h5') as file, h5py.File(file) as data:
            data.visititems(lambda name, one: weights.update({name: list(one.shape)})
                            if isinstance(one, h5py.Dataset) else None)
        return {'version': json.loads(archive.read('metadata.json'))['keras_version'],
                'config': trimmed(json.loads(archive.read('config.json'))), 'weights': weights}


def operations_of(program, paths):
    """By path, the class of layer and the operations that it becomes."""
    text = subprocess.run([program, '--print', *paths], capture_output=True, text=True, check=True).stdout
    found = {}
    for part in text.split('== ')[1:]:
        path, graph = part.split('\n', 1)
        label = re.sub(r'-\d+$', '', os.path.splitext(os.path.basename(path))[0])
        found[path] = label.replace('operation-', ''), frozenset(re.findall(r'=(\w+)\(', graph)), '!' in graph
    return found


def main():
    output, program, *folders = sys.argv[1:]
    seen, lines = set(), []
    for folder in folders:
        taken = collections.defaultdict(list)
        paths = glob.glob(os.path.join(folder, '*.h5'))
        paths += [path for path in glob.glob(os.path.join(folder, '*.keras')) if path[:-6] + '.h5' not in paths]
        operations = operations_of(program, sorted(paths))
        for path in sorted(paths):
            label, ending = os.path.splitext(os.path.basename(path))
            layer = operations[path][0]
            if operations[path] in seen or layer != 'Activation' and len(taken[layer]) == MOST:
                continue
            seen.add(operations[path])
            taken[layer].append(path)
            network = from_hdf5(path) if ending == '.h5' else from_archive(path)
            lines.append(json.dumps({'name': f'{os.path.basename(folder)}-{label}{ending}', **network},
                                    separators=(',', ':')))
    with lzma.open(output, 'wt', encoding='utf-8') as file:
        file.write('\n'.join(lines) + '\n')
    print(len(lines), 'networks')


if __name__ == '__main__':
    main()
