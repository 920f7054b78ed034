# SPDX-License-Identifier: Apache-2.0
"""Networks of a few layers in each kind of file that is one file, for three channels and three classes.

    small_files.py FOLDER
"""
import os
import sys

TESTS = os.path.dirname(os.path.dirname(os.path.abspath(__file__)))
sys.path.insert(0, os.path.join(TESTS, 'lib'))

import keras_file  # noqa: E402
import onnx_text  # noqa: E402

NAMES = ('network.onnx', 'network.keras', 'network.h5')


def layer(name, kind, after, **config):
    return {'class_name': kind, 'name': name, 'config': {'name': name, **config},
            'inbound_nodes': [[[after, 0, 0, {}]]]}


def keras_description(weights):
    layers = [
        {'class_name': 'InputLayer', 'name': 'input', 'inbound_nodes': [],
         'config': {'name': 'input', 'batch_input_shape': [None, 16, 16, 3]}},
        layer('conv', 'Conv2D', 'input', filters=3, kernel_size=[3, 3], padding='same', activation='relu'),
        layer('softmax', 'Softmax', 'conv', axis=-1),
    ]
    return {'version': '2.15.0', 'weights': weights, 'config': {
        'class_name': 'Functional', 'config': {
            'name': 'model', 'layers': layers, 'input_layers': [['input', 0, 0]],
            'output_layers': [['softmax', 0, 0]]}}}


KERNEL, BIAS = [3, 3, 3, 3], [3]


def write(folder):
    """Gives the paths, in the order of NAMES."""
    os.makedirs(folder, exist_ok=True)
    paths = [os.path.join(folder, name) for name in NAMES]
    with open(paths[0], 'wb') as file:
        file.write(onnx_text.segmentation(channels=3, classes=3))
    keras_file.write(keras_description({'layers/conv2d/vars/0': KERNEL, 'layers/conv2d/vars/1': BIAS}),
                     paths[1])
    keras_file.write(keras_description({'conv': {'kernel:0': KERNEL, 'bias:0': BIAS}}), paths[2])
    return paths


if __name__ == '__main__':
    write(sys.argv[1])
