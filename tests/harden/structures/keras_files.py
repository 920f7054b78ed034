# SPDX-License-Identifier: Apache-2.0
"""Keras files, and HDF5."""
import json
import os
import struct
import zlib

from .parts import kind, put
import keras_file

# ---- Keras

KERAS_COMMANDS = ('inspect', 'check', 'convert', 'onnx', 'new', 'diff')


def keras_layer(name, kind_of, calls, **config):
    return {'class_name': kind_of, 'name': name, 'config': {'name': name, **config},
            'inbound_nodes': [[[after, index, 0, {}] for after, index in call] for call in calls]}


def keras_start(name='x'):
    return {'class_name': 'InputLayer', 'name': name, 'inbound_nodes': [],
            'config': {'name': name, 'batch_input_shape': [None, 8, 8, 2]}}


def functional(layers, outputs, name='model', inputs=('x',)):
    return {'class_name': 'Functional', 'name': name, 'config': {
        'name': name, 'layers': layers, 'input_layers': [[one, 0, 0] for one in inputs],
        'output_layers': [[layer, index, 0] for layer, index in outputs]}}


def keras(folder, config, weights=None):
    """In an archive, stored: attributes of HDF5 end at 64 KB."""
    path = os.path.join(folder, 'model.keras')
    keras_file.write({'version': '2.15.0', 'config': config, 'weights': weights or {}}, path)
    return path


def keras_softmax(after, call=0):
    return keras_layer('y', 'Softmax', [[(after, call)]])


@kind(2500, 5000, 10000, commands=KERAS_COMMANDS)
def keras_chain(folder, n):
    layers = [keras_layer(f't{i}', 'ReLU', [[(f't{i - 1}' if i else 'x', 0)]]) for i in range(n)]
    return keras(folder, functional([keras_start(), *layers, keras_softmax(f't{n - 1}')], [('y', 0)]))


@kind(2500, 5000, 10000, commands=KERAS_COMMANDS)
def keras_shared_layer(folder, n):
    shared = keras_layer('shared', 'ReLU', [[('shared', i - 1) if i else ('x', 0)] for i in range(n)])
    return keras(folder, functional([keras_start(), shared, keras_softmax('shared', n - 1)], [('y', 0)]))


@kind(8, 12, 30, commands=KERAS_COMMANDS)
def keras_unfolding(folder, n):
    """Models that each call the next one twice."""
    inner = functional([keras_start(), keras_layer('r', 'ReLU', [[('x', 0)]])], [('r', 0)], 'm0')
    for level in range(1, n):
        inner = {**inner, 'inbound_nodes': [[['x', 0, 0, {}]], [[inner['name'], 0, 0, {}]]]}
        inner = functional([keras_start(), inner], [(inner['name'], 1)], f'm{level}')
    inner = {**inner, 'inbound_nodes': [[['x', 0, 0, {}]]]}
    return keras(folder, functional([keras_start(), inner, keras_softmax(inner['name'])], [('y', 0)]))


@kind(2500, 5000, 10000, commands=KERAS_COMMANDS)
def keras_outputs(folder, n):
    layers = [keras_layer(f'output_{i}', 'ReLU', [[('x', 0)]]) for i in range(n)]
    return keras(folder, functional([keras_start(), *layers], [(f'output_{i}', 0) for i in range(n)]))


@kind(2500, 5000, 10000, commands=KERAS_COMMANDS)
def keras_inputs(folder, n):
    names = [f'input_{i}' for i in range(n)]
    add = keras_layer('sum', 'Add', [[(name, 0) for name in names]])
    return keras(folder, functional([*map(keras_start, names), add, keras_softmax('sum')], [('y', 0)],
                                    inputs=names))


@kind(100, 1000, 10000, commands=KERAS_COMMANDS)
def keras_circle(folder, n):
    layers = [keras_layer(f't{i}', 'ReLU', [[(f't{(i - 1) % n}', 0)]]) for i in range(n)]
    return keras(folder, functional([keras_start(), *layers, keras_softmax('t0')], [('y', 0)]))


@kind(1000, 2000, 4000, commands=KERAS_COMMANDS)
def keras_weights(folder, n):
    weights = {f'layers/depthwise_conv2d{f"_{i}" if i else ""}/vars/0': [1, 1, 2, 1] for i in range(n)}
    layers = [keras_layer(f'd{i}', 'DepthwiseConv2D', [[(f'd{i - 1}' if i else 'x', 0)]], kernel_size=[1, 1],
                          use_bias=False) for i in range(n)]
    return keras(folder, functional([keras_start(), *layers, keras_softmax(f'd{n - 1}')], [('y', 0)]), weights)


@kind(10 ** 2, 10 ** 5, 10 ** 9, commands=KERAS_COMMANDS)
def keras_sizes(folder, n):
    """Layers that enlarge their input."""
    layers = [keras_layer('up', 'UpSampling2D', [[('x', 0)]], size=[n, n]),
              keras_layer('pad', 'ZeroPadding2D', [[('up', 0)]], padding=[[n, n], [n, n]])]
    return keras(folder, functional([keras_start(), *layers, keras_softmax('pad')], [('y', 0)]))


SHUFFLE, DEFLATE = (2, 4), (1, 6) # filters, each with its value: the size of an element, the level


def floats(writer, n, chunk, tree, *messages):
    """A dataset of n numbers in chunks of the shape `chunk`, which the B-tree at the address `tree` names."""
    layout = struct.pack('<BBBQ', 3, 2, 5, tree) + struct.pack('<5I', *chunk, 4)
    return writer.floats((1, 1, 2, n // 2), keras_file.message(8, layout), *messages)


def keras_of_chunk(folder, n, content, times, filters):
    """A network whose only weight has n numbers in one chunk, which `times` entries of its B-tree name."""
    writer = keras_file.Writer()
    address = writer.put(content)
    key = struct.pack('<IIQQQQQ', len(content), 0, 0, 0, 0, 0, 0)
    tree = b'TREE' + struct.pack('<BBHQQ', 1, 0, times, keras_file.UNDEFINED, keras_file.UNDEFINED)
    tree = writer.put(tree + (key + struct.pack('<Q', address)) * times + key)
    through = keras_file.message(11, struct.pack('<BB', 2, len(filters)) + b''.join(
        struct.pack('<HHHI', number, 0, 1, value) for number, value in filters))
    return keras_of_data(folder, n, writer, floats(writer, n, (1, 1, 2, n // 2), tree, through))


def keras_of_data(folder, n, writer, data):
    """A network whose only weight is the dataset of n numbers."""
    layers = [keras_start(), keras_layer('conv', 'Conv2D', [[('x', 0)]], kernel_size=[1, 1], filters=n // 2,
                                         use_bias=False), keras_softmax('conv')]
    names = [keras_file.text_attribute('weight_names', ['kernel:0'])]
    group = writer.group({'conv': writer.group({'kernel:0': data}, names)},
                         [keras_file.text_attribute('layer_names', ['conv'])])
    config = keras_file.text_attribute('model_config', json.dumps(functional(layers, [('y', 0)])))
    return put(folder, 'model.h5', writer.finish(writer.group({'model_weights': group}, [config])))


@kind(10 ** 5, 10 ** 6, 10 ** 7, commands=KERAS_COMMANDS)
def hdf5_chunk(folder, n):
    """A chunk that unpacks to a thousand times its size."""
    return keras_of_chunk(folder, n, zlib.compress(bytes(4 * n)), 1, [DEFLATE])


@kind(100, 1000, 10000, commands=KERAS_COMMANDS)
def hdf5_chunk_again(folder, n):
    """The same chunk, n times."""
    return keras_of_chunk(folder, 10 ** 5, zlib.compress(bytes(4 * 10 ** 5)), n, [DEFLATE])
