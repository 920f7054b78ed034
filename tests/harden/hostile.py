# SPDX-License-Identifier: Apache-2.0
"""Structures made to cost much: each at three sizes, in every command that reads it.

    hostile.py --czmodel PROGRAM [--only KIND] [--size N] [--lenient] [--table]

Each call must end within 2 seconds of processor time and with exit status 0, 1 or 3, and use no more
memory than SECURITY.md allows (FACTOR and SPARE are those of src/base/arena.h). Its cost must not grow
faster than the input: four times the input may cost at most six times as much. --lenient is for programs
with sanitizers: neither time nor memory is measured. --table writes that of docs/hardness.md.
"""
import argparse
import json
import os
import re
import resource
import struct
import subprocess
import sys
import tempfile
import zipfile
import zlib

HERE = os.path.dirname(os.path.abspath(__file__))
ROOT = os.path.dirname(os.path.dirname(HERE))
sys.path.insert(0, os.path.join(os.path.dirname(HERE), 'lib'))
sys.path.insert(0, os.path.join(ROOT, 'bench'))

from graph_text import Model, entry, node, op_def, shape, tensor_info  # noqa: E402
from protobuf import message, number  # noqa: E402
from make_sources import masked_crc32c, table  # noqa: E402
import keras_file  # noqa: E402
import onnx_text  # noqa: E402

SECONDS, LENIENT_SECONDS, GROWTH, NOISE = 2, 100, 6, 0.2
SPARE = 64 << 20
PROGRAM = 16 << 20 # what the program itself and its libraries use
MOST_BYTES = 16 << 30 # of address space

IMAGE = '-1,8,8,2'
HEAD = ['tag serve', f'node x Placeholder dtype=type:FLOAT shape=shape:{IMAGE}']
TAIL = [f'input serving_default image x:0 FLOAT {IMAGE}',
        f'output serving_default classes y:0 FLOAT {IMAGE}']
SPEC = {'BorderSize': 1, 'ColorHandling': 'ConvertToMonochrome', 'PixelType': 'Gray16',
        'Classes': ['a', 'b']}

KINDS = {}


def kind(*sizes, commands=('inspect', 'check', 'convert', 'onnx', 'new', 'diff')):
    """Registers a generator of inputs: write(folder, size) gives the path."""
    def register(write):
        KINDS[write.__name__] = (write, sizes, commands)
        return write
    return register


def put(folder, name, content):
    path = os.path.join(folder, name)
    os.makedirs(os.path.dirname(path), exist_ok=True)
    with open(path, 'wb') as out:
        out.write(content)
    return path


def graph(lines):
    """As graph_text.saved_model(), in a time that grows with the number of lines and no faster."""
    model, nodes = Model(), []
    for line in lines:
        word, *words = line.split()
        if word == 'node' and model.function is None:
            nodes.append(message(1, node(words)))
        else:
            model.take(word, words)
    model.nodes = b''.join(nodes)
    return model.bytes()


def saved_model(folder, lines):
    put(folder, 'model/saved_model.pb', graph(lines))
    return os.path.join(folder, 'model')


def network(folder, lines):
    """`lines` make y of x."""
    return saved_model(folder, [*HEAD, *lines, *TAIL])


def meta_graph(folder, *parts):
    put(folder, 'model/saved_model.pb', number(1, 1) + message(2, b''.join(parts)))
    return os.path.join(folder, 'model')


# ---- names and lists

@kind(5000, 10000, 20000)
def tags(folder, n):
    put(folder, 'model/saved_model.pb', b''.join(message(2, b'') for _ in range(n)))
    return os.path.join(folder, 'model')


@kind(5000, 10000, 20000)
def tags_of_one_graph(folder, n):
    return meta_graph(folder, message(1, b''.join(message(4, f't{i}') for i in range(n))))


@kind(5000, 10000, 20000)
def signatures(folder, n):
    lines = ['node y Softmax x T=type:FLOAT']
    for i in range(n):
        lines += [f'input s{i} image x:0 FLOAT {IMAGE}', f'output s{i} classes y:0 FLOAT {IMAGE}']
    return saved_model(folder, [*HEAD, *lines])


@kind(5000, 10000, 20000)
def signature_outputs(folder, n):
    lines = [f'output serving_default o{i} y:0 FLOAT {IMAGE}' for i in range(n)]
    return network(folder, ['node y Softmax x T=type:FLOAT', *lines])


@kind(5000, 10000, 20000)
def signature_inputs(folder, n):
    lines = ['node y Softmax x T=type:FLOAT']
    for i in range(n):
        lines += [f'node p{i} Placeholder dtype=type:FLOAT shape=shape:{IMAGE}',
                  f'input serving_default p{i} p{i}:0 FLOAT {IMAGE}']
    return network(folder, lines)


@kind(10000, 20000, 40000)
def colliding_names(folder, n):
    """Collide in a table whose hash has no key: h ^ 8 bytes, mixed, twice."""
    mask = (1 << 64) - 1

    def mix(h):
        h ^= h >> 32
        h = h * 0x9e3779b97f4a7c15 & mask
        return h ^ h >> 29

    names, size = [], 16
    for i in range(n):
        first = (f'{i:07}n').encode()
        second = (mix(size ^ int.from_bytes(first, 'little')) ^ 0x1234).to_bytes(8, 'little')
        names.append(first + second)
    nodes = b''.join(message(1, message(1, name) + message(2, 'NoOp')) for name in names)
    info = message(1, message(4, 'serve'))
    ends = (entry(1, 'image', tensor_info('x:0', 'FLOAT', IMAGE))
            + entry(2, 'classes', tensor_info('y:0', 'FLOAT', IMAGE)))
    real = b''.join(message(1, node(line.split()[1:])) for line in
                    [HEAD[1], 'node y Softmax x T=type:FLOAT'])
    return meta_graph(folder, info, message(2, nodes + real), entry(5, 'serving_default', ends))


# ---- chains and circles

@kind(10000, 20000, 40000)
def chain(folder, n):
    lines = [f'node r{i} Relu {"r" + str(i - 1) if i else "x"} T=type:FLOAT' for i in range(n)]
    return network(folder, [*lines, f'node y Softmax r{n - 1} T=type:FLOAT'])


@kind(2000, 4000, 8000)
def identity_chain_of_assigns(folder, n):
    lines = ['node v VarHandleOp dtype=type:FLOAT shape=shape:2',
             'node c Const dtype=type:FLOAT value=floats:1']
    lines += [f'node i{i} Identity {"i" + str(i - 1) if i else "v"} T=type:RESOURCE'
              for i in range(n)]
    lines += [f'node a{i} AssignVariableOp i{n - 1} c dtype=type:FLOAT' for i in range(n)]
    lines.append('node y Softmax x ' + ' '.join(f'^a{i}' for i in range(n)) + ' T=type:FLOAT')
    return network(folder, lines)


@kind(10, 100, 1000)
def identity_circle(folder, n):
    lines = ['node c Const dtype=type:FLOAT value=floats:1',
             'node a AssignVariableOp i0 c dtype=type:FLOAT', 'node y Softmax x ^a T=type:FLOAT']
    lines += [f'node i{i} Identity i{(i + 1) % n} T=type:RESOURCE' for i in range(n)]
    return network(folder, lines)


@kind(2000, 4000, 8000)
def fan(folder, n):
    """One node that reads n others, which all read one."""
    lines = [f'node r{i} Relu x T=type:FLOAT' for i in range(n)]
    return network(folder, [*lines, f'node s AddN ' + ' '.join(f'r{i}' for i in range(n))
                            + f' T=type:FLOAT N=int:{n}', 'node y Softmax s T=type:FLOAT'])


@kind(1000, 2000, 4000)
def concatenations(folder, n):
    """Each reads all channels before it, as a dense block does."""
    lines = ['node axis Const dtype=type:INT32 value=ints:3']
    before = 'x'
    for i in range(n):
        lines.append(f'node c{i} ConcatV2 {before} x axis T=type:FLOAT Tidx=type:INT32 N=int:2')
        before = f'c{i}'
    return network(folder, [*lines, f'node y Softmax {before} T=type:FLOAT'])


@kind(1000, 2000, 4000)
def diamonds(folder, n):
    """2 ** n paths."""
    lines, before = [], 'x'
    for i in range(n):
        lines += [f'node a{i} Relu {before} T=type:FLOAT', f'node b{i} Relu {before} T=type:FLOAT',
                  f'node c{i} AddV2 a{i} b{i} T=type:FLOAT']
        before = f'c{i}'
    return network(folder, [*lines, f'node y Softmax {before} T=type:FLOAT'])


# ---- numbers that stand for many

@kind(10 ** 4, 10 ** 6, 10 ** 8)
def split(folder, n):
    return network(folder, ['node axis Const dtype=type:INT32 value=ints:3',
                            f'node s Split axis x T=type:FLOAT num_split=int:{n}',
                            'node y Softmax s T=type:FLOAT'])


@kind(10 ** 4, 10 ** 6, 10 ** 8)
def counted_arguments(folder, n):
    argument = message(1, 'a') + number(3, 1) + message(5, 'N')
    signature = (message(1, 'F') + message(2, argument) + message(3, message(1, 'b') + number(3, 1))
                 + message(4, message(1, 'N') + message(2, 'int')))
    body = message(3, node('r Relu a T=type:FLOAT'.split()))
    function = message(1, message(1, signature) + body + entry(4, 'b', 'r:activations:0'))
    nodes = b''.join(message(1, node(line.split())) for line in
                     [HEAD[1][5:], f'f F x N=int:{n}', 'y Softmax f T=type:FLOAT'])
    ends = (entry(1, 'image', tensor_info('x:0', 'FLOAT', IMAGE))
            + entry(2, 'classes', tensor_info('y:0', 'FLOAT', IMAGE)))
    return meta_graph(folder, message(1, message(4, 'serve')),
                      message(2, nodes + message(2, function)), entry(5, 'serving_default', ends))


@kind(10 ** 4, 10 ** 6, 10 ** 8)
def fill(folder, n):
    return network(folder, [f'node dims Const dtype=type:INT32 value=ints:{n},2',
                            'node zero Const dtype=type:FLOAT value=floats:0',
                            'node f Fill dims zero T=type:FLOAT index_type=type:INT32',
                            'node axes Const dtype=type:INT32 value=ints:0,1',
                            'node m Mean f axes T=type:FLOAT Tidx=type:INT32',
                            'node a AddV2 x m T=type:FLOAT', 'node y Softmax a T=type:FLOAT'])


# ---- functions

def calls(levels, before, idle=0):
    """Functions F0 .. that each call the next one twice."""
    lines = []
    for level in range(levels):
        lines.append(f'function F{level} a:FLOAT b:FLOAT b=second:{"b" if level + 1 < levels else "activations"}:0')
        lines += [f'node idle{i} NoOp' for i in range(idle)]
        if level + 1 < levels:
            lines += [f'node {before}first F{level + 1} a', f'node second F{level + 1} {before}first:b:0']
        else:
            lines.append('node second Relu a T=type:FLOAT')
        lines.append('end')
    return lines


@kind(10, 15, 20)
def unfolding(folder, n):
    return saved_model(folder, [*HEAD, 'node f F0 x', 'node y Softmax f T=type:FLOAT',
                                *calls(n, ''), *TAIL])


@kind(100, 1000, 10000)
def unfolding_of_long_names(folder, n):
    return saved_model(folder, [*HEAD, 'node f F0 x', 'node y Softmax f T=type:FLOAT',
                                *calls(15, 'n' * n), *TAIL])


@kind(1000, 4000, 16000)
def unfolding_of_idle_nodes(folder, n):
    return saved_model(folder, [*HEAD, 'node f F0 x', 'node y Softmax f T=type:FLOAT',
                                *calls(13, '', n // 13), *TAIL])


@kind(1000, 4000, 16000)
def pass_through(folder, n):
    """A chain of calls of a function that returns its argument, and readers of its end."""
    lines = [f'node c{i} F {"c" + str(i - 1) if i else "x"}' for i in range(n)]
    lines += [f'node r{i} Relu c{n - 1} T=type:FLOAT' for i in range(n)]
    lines += [f'node s AddN {" ".join(f"r{i}" for i in range(n))} T=type:FLOAT N=int:{n}',
              'node y Softmax s T=type:FLOAT']
    return saved_model(folder, [*HEAD, *lines, 'function F a:FLOAT b:FLOAT b=a', 'end', *TAIL])


def tower(levels, leaf):
    """Ifs in Ifs: both branches of each are the next one."""
    lines = []
    for level in range(levels):
        lines.append(f'function F{level} a:FLOAT b:FLOAT b=r:{"output" if level + 1 < levels else leaf[1]}:0')
        if level + 1 < levels:
            lines += ['node t Const dtype=type:BOOL value=scalar:true',
                      f'node r If t a then_branch=function:F{level + 1} else_branch=function:F{level + 1} '
                      'Tcond=type:BOOL Tin=types:FLOAT Tout=types:FLOAT']
        else:
            lines.append(leaf[0])
        lines.append('end')
    return lines


@kind(8, 12, 24)
def if_tower(folder, n):
    lines = ['node size Size x T=type:FLOAT out_type=type:INT32',
             'node zero Const dtype=type:INT32 value=ints:0', 'node most Max size zero T=type:INT32 Tidx=type:INT32',
             'node t Greater most most T=type:INT32',
             'node f If t x then_branch=function:F0 else_branch=function:F0 Tcond=type:BOOL Tin=types:FLOAT '
             'Tout=types:FLOAT', 'node y Softmax f T=type:FLOAT']
    leaf = ('node r Relu a T=type:FLOAT', 'activations')
    return saved_model(folder, [*HEAD, *lines, *tower(n, leaf), *TAIL])


@kind(8, 12, 24)
def if_tower_of_a_variable(folder, n):
    lines = ['node v VarHandleOp dtype=type:FLOAT shape=shape:2',
             'node f If v v then_branch=function:F0 else_branch=function:F0 Tcond=type:RESOURCE '
             'Tin=types:RESOURCE Tout=types:RESOURCE',
             'node w ReadVariableOp v dtype=type:FLOAT',
             'node s BiasAdd x w ^f T=type:FLOAT', 'node y Softmax s T=type:FLOAT']
    leaf = ('node r Identity a T=type:RESOURCE', 'output')
    return saved_model(folder, [*HEAD, *lines, *tower(n, leaf), *TAIL])


# ---- weights

def index_entry(key, offset, content, count):
    return key, (number(1, 1) + message(2, shape(str(count))) + number(4, offset)
                 + number(5, len(content)) + b'\x35' + masked_crc32c(content).to_bytes(4, 'little'))


def variables(folder, n, key_of, keys):
    """n variables of 2 floats; `keys` are in the checkpoint, key_of(i) is that of a variable."""
    lines = []
    for i in range(n):
        lines += [f'node v{i} VarHandleOp dtype=type:FLOAT shape=shape:2',
                  f'node w{i} ReadVariableOp v{i} dtype=type:FLOAT',
                  f'node s{i} BiasAdd {"s" + str(i - 1) if i else "x"} w{i} T=type:FLOAT',
                  f'node a{i} AssignVariableOp v{i} restore:{i} dtype=type:FLOAT']
    lines += ['node prefix Const dtype=type:STRING value=strings:p',
              'node names Const dtype=type:STRING value=strings:' + ','.join(map(key_of, range(n))),
              'node slices Const dtype=type:STRING value=strings:' + ',' * (n - 1),
              'node restore RestoreV2 prefix names slices dtypes=types:' + ','.join(['FLOAT'] * n),
              'node all NoOp ' + ' '.join(f'^a{i}' for i in range(n)), 'restore all',
              f'node y Softmax s{n - 1} T=type:FLOAT']
    content = bytes(8)
    entries = [(b'', number(1, 1)), *(index_entry(key.encode(), 8 * place, content, 2)
                                      for key, place in keys)]
    put(folder, 'model/variables/variables.index', table(entries))
    put(folder, 'model/variables/variables.data-00000-of-00001',
        content * (max(place for _, place in keys) + 1))
    return network(folder, lines)


@kind(500, 1000, 2000)
def many_variables(folder, n):
    return variables(folder, n, lambda i: f'v{i:05}', [(f'v{i:05}', i) for i in range(n)])


@kind(500, 1000, 2000)
def shared_key(folder, n):
    return variables(folder, n, lambda i: 'v', [('v', 0)])


@kind(500, 1000, 2000)
def shared_bytes(folder, n):
    return variables(folder, n, lambda i: f'v{i:05}', [(f'v{i:05}', 0) for i in range(n)])


# ---- ONNX

def onnx_end(field, name):
    dims = b''.join(message(1, number(1, size)) for size in (1, 2, 8, 8))
    return message(field, message(1, name)
                   + message(2, message(1, number(1, 1) + message(2, dims))))


def onnx_node(op, inputs, outputs, more=b''):
    return message(1, b''.join(message(1, name) for name in inputs)
                   + b''.join(message(2, name) for name in outputs) + message(4, op) + more)


def onnx(folder, content, more=b''):
    content += onnx_end(11, 'x') + onnx_end(12, 'y')
    return put(folder, 'model.onnx', number(1, 8) + more + message(7, content)
               + message(8, number(2, 13)))


ONNX_COMMANDS = ('inspect', 'check', 'convert', 'new', 'diff')


@kind(25000, 50000, 100000, commands=ONNX_COMMANDS)
def onnx_initialisers(folder, n):
    return onnx(folder, message(5, b'') * n + onnx_node('Softmax', 'x', 'y'))


@kind(5000, 10000, 20000, commands=ONNX_COMMANDS)
def onnx_producers(folder, n):
    return onnx(folder, onnx_node('Softmax', 'x', 'y'), message(2, 'p') * n)


@kind(10000, 20000, 40000, commands=ONNX_COMMANDS)
def onnx_graphs(folder, n):
    return onnx(folder, onnx_node('Softmax', 'x', 'y'), message(7, b'') * n)


@kind(10000, 20000, 40000, commands=ONNX_COMMANDS)
def onnx_chain(folder, n):
    nodes = [onnx_node('Relu', [f't{i - 1}' if i else 'x'], [f't{i}']) for i in range(n)]
    return onnx(folder, b''.join(nodes) + onnx_node('Softmax', [f't{n - 1}'], ['y']))


@kind(10, 100, 1000, commands=ONNX_COMMANDS)
def onnx_nest(folder, n):
    """Graphs in attributes of nodes."""
    inner = b''
    for _ in range(n):
        inner = onnx_node('If', 'x', 'z', message(5, message(1, 'then_branch') + message(6, inner)
                                                  + number(20, 5)))
    return onnx(folder, inner + onnx_node('Softmax', 'x', 'y'))


@kind(2500, 5000, 10000, commands=ONNX_COMMANDS)
def onnx_outputs(folder, n):
    return onnx(folder, b''.join(onnx_node('Relu', 'x', [f'o{i}']) + onnx_end(12, f'o{i}') for i in range(n))
                + onnx_node('Softmax', 'x', 'y'))


@kind(250, 500, 1000, commands=ONNX_COMMANDS)
def onnx_fans(folder, n):
    """Every sum reads the hundred before it."""
    nodes = [onnx_node('Sum', [f't{max(i - k, 0)}' for k in range(1, 100)] if i else ['x'], [f't{i}'])
             for i in range(n)]
    return onnx(folder, b''.join(nodes) + onnx_node('Softmax', [f't{n - 1}'], ['y']))


def onnx_sizes(folder, op, n, more=b'', inputs=('s',)):
    """An operation that makes a value as large as a small tensor says."""
    sizes = b''.join(number(7, size) for size in (1, 2, n, n))
    sizes = number(1, 4) + number(2, 7) + sizes + message(8, 's')
    return onnx(folder, message(5, sizes) + onnx_node(op, inputs, ['t'], more)
                + onnx_node('Add', ['x', 't'], ['z']) + onnx_node('Softmax', ['z'], ['y']))


@kind(10 ** 3, 10 ** 5, 10 ** 8, commands=ONNX_COMMANDS)
def onnx_fill(folder, n):
    return onnx_sizes(folder, 'ConstantOfShape', n)


@kind(10 ** 3, 10 ** 5, 10 ** 8, commands=ONNX_COMMANDS)
def onnx_expand(folder, n):
    return onnx_sizes(folder, 'Expand', n, inputs=('x', 's'))


@kind(10 ** 3, 10 ** 5, 10 ** 8, commands=ONNX_COMMANDS)
def onnx_tile(folder, n):
    return onnx_sizes(folder, 'Tile', n, inputs=('x', 's'))


@kind(5000, 10000, 20000, commands=ONNX_COMMANDS)
def onnx_transposes(folder, n):
    turn = message(5, onnx_text.ints('perm', [0, 2, 3, 1]))
    nodes = [onnx_node('Transpose', [f't{i - 1}' if i else 'x'], [f't{i}'], turn) for i in range(n)]
    return onnx(folder, b''.join(nodes) + onnx_node('Softmax', [f't{n - 1}'], ['y']))


@kind(5000, 10000, 20000, commands=ONNX_COMMANDS)
def onnx_constants(folder, n):
    """Constants that fold: each is computed of the one before it."""
    nodes = [onnx_node('Add', [f'c{i - 1}' if i else 'k', 'k'], [f'c{i}']) for i in range(n)]
    return onnx(folder, message(5, onnx_text.weight('k', [1.0] * 16, (16,))) + b''.join(nodes)
                + onnx_node('ReduceSum', [f'c{n - 1}'], ['sum'], message(5, onnx_text.integer('keepdims', 0)))
                + onnx_node('Add', ['x', 'sum'], ['z']) + onnx_node('Softmax', ['z'], ['y']))


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
    """Layers that enlarge what they get."""
    layers = [keras_layer('up', 'UpSampling2D', [[('x', 0)]], size=[n, n]),
              keras_layer('pad', 'ZeroPadding2D', [[('up', 0)]], padding=[[n, n], [n, n]])]
    return keras(folder, functional([keras_start(), *layers, keras_softmax('pad')], [('y', 0)]))


def chunked(n, times):
    """A float dataset of n numbers, one compressed chunk that `times` entries of its B-tree name."""
    writer = keras_file.Writer()
    packed = zlib.compress(bytes(4 * n))
    address = writer.put(packed)
    key = struct.pack('<IIQQQQQ', len(packed), 0, 0, 0, 0, 0, 0)
    tree = b'TREE' + struct.pack('<BBHQQ', 1, 0, times, keras_file.UNDEFINED, keras_file.UNDEFINED)
    tree = writer.put(tree + (key + struct.pack('<Q', address)) * times + key)
    kind_of = struct.pack('<BBBBIHHBBBBI', 0x11, 0x20, 31, 0, 4, 0, 32, 23, 8, 0, 23, 127)
    dims = (1, 1, 2, n // 2)
    data = writer.header([
        keras_file.message(1, struct.pack('<BBBB', 2, 4, 0, 1) + struct.pack('<4Q', *dims)),
        keras_file.message(3, kind_of),
        keras_file.message(8, struct.pack('<BBBQ', 3, 2, 5, tree) + struct.pack('<5I', *dims, 4)),
        keras_file.message(11, struct.pack('<BBHHHI', 2, 1, 1, 0, 1, 6))])
    return writer, data


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
    return keras_of_data(folder, n, *chunked(n, 1))


@kind(100, 1000, 10000, commands=KERAS_COMMANDS)
def hdf5_chunk_again(folder, n):
    """The same chunk, n times."""
    return keras_of_data(folder, 10 ** 5, *chunked(10 ** 5, n))


# ---- archives

def archive(folder, members, method=zipfile.ZIP_DEFLATED):
    path = os.path.join(folder, 'model.zip')
    with zipfile.ZipFile(path, 'w', method) as out:
        for name, content in members:
            out.writestr(name, content)
    return path


def small():
    return graph([*HEAD, 'node y Softmax x T=type:FLOAT', *TAIL])


@kind(10 ** 7, 4 * 10 ** 7, 10 ** 8)
def deflated_graph(folder, n):
    return archive(folder, [('saved_model.pb', small() + message(15, bytes(n)))])


@kind(10 ** 7, 4 * 10 ** 7, 2 * 10 ** 8)
def deflated_weights(folder, n):
    return archive(folder, [('saved_model.pb', small()),
                            ('variables/variables.data-00000-of-00001', bytes(n))])


@kind(5000, 10000, 20000, commands=('inspect', 'check', 'convert', 'as-is', 'new', 'diff'))
def members(folder, n):
    return archive(folder, [('saved_model.pb', small()), *((f'assets/{i}', b'') for i in range(n))],
                   zipfile.ZIP_STORED)


@kind(500, 1000, 2000, commands=('inspect', 'convert', 'as-is'))
def files(folder, n):
    for i in range(n):
        put(folder, f'model/assets/{i}', b'')
    return network(folder, ['node y Softmax x T=type:FLOAT'])


# ---- measuring

def arguments(command, path, folder):
    spec = put(folder, 'spec.json', json.dumps({**SPEC, 'ModelPath': path}).encode())
    out = os.path.join(folder, 'out')
    return {'inspect': ['inspect', path], 'check': ['check', spec],
            'convert': ['convert', spec, out], 'onnx': ['convert', '--format', '3.1.0', spec, out],
            'as-is': ['convert', '--as-is', spec, out],
            'new': ['new', path, os.path.join(folder, 'new.json')],
            'diff': ['diff', path, path]}[command]


def limit():
    resource.setrlimit(resource.RLIMIT_CPU, (LENIENT_SECONDS, LENIENT_SECONDS))
    resource.setrlimit(resource.RLIMIT_NOFILE, (256, 256))


def run(argv):
    """Exit status, seconds of processor time, peak memory in bytes, output."""
    with tempfile.TemporaryFile() as out:
        child = subprocess.Popen(argv, stdin=subprocess.DEVNULL, stdout=out, stderr=out,
                                 preexec_fn=limit)
        _, status, used = os.wait4(child.pid, 0)
        child.returncode = os.waitstatus_to_exitcode(status)
        out.seek(0)
        return child.returncode, used.ru_utime + used.ru_stime, used.ru_maxrss << 10, out.read()


def size_on_disk(path):
    if os.path.isfile(path):
        return os.path.getsize(path)
    return sum(os.path.getsize(os.path.join(folder, name))
               for folder, _, names in os.walk(path) for name in names)


def factor():
    with open(os.path.join(ROOT, 'src', 'base', 'arena.h'), encoding='utf-8') as header:
        return int(re.search(r'CZM_BUDGET_FACTOR (\d+)u', header.read()).group(1))


class Measuring:
    def __init__(self, options):
        self.options = options
        self.factor = factor()
        self.faults = 0

    def fault(self, name, command, size, text):
        self.faults += 1
        print(f'{name} of {size}, {command}: {text}')

    def judge(self, name, command, size, path, result):
        status, seconds, memory, out = result
        if status not in (0, 1, 3):
            self.fault(name, command, size, f'exit status {status}: {out[-300:]!r}')
        if self.options.lenient:
            return
        inputs = 2 if command == 'diff' else 1
        allowed = self.factor * inputs * size_on_disk(path) + SPARE + PROGRAM
        if seconds > SECONDS:
            self.fault(name, command, size, f'{seconds:.2f} s')
        if memory > allowed:
            self.fault(name, command, size, f'{memory >> 20} MB, allowed are {allowed >> 20} MB')

    def measure(self, name, write, size, commands):
        with tempfile.TemporaryDirectory(prefix='czm-hostile-') as folder:
            path = write(folder, size)
            results = {}
            for command in commands:
                results[command] = run([self.options.czmodel, *arguments(command, path, folder)])
                self.judge(name, command, size, path, results[command])
            return size_on_disk(path), results

    def measure_all(self, name):
        write, sizes, commands = KINDS[name]
        if self.options.size is not None:
            sizes = sizes[self.options.size:self.options.size + 1]
        rows = [self.measure(name, write, size, commands) for size in sizes]
        for command in () if self.options.lenient else commands:
            (first, a), (last, b) = rows[0], rows[-1]
            before, after = a[command][1], b[command][1]
            if after > max(1, last / first) * GROWTH / 4 * before + NOISE:
                self.fault(name, command, sizes[-1], f'{before:.2f} s became {after:.2f} s')
        if self.options.table:
            worst = max(result[1] for result in rows[-1][1].values())
            peak = max(result[2] for result in rows[-1][1].values())
            print(f'| {name.replace("_", " ")} | {sizes[-1]:,} | {rows[-1][0] / 1e3:,.0f} '
                  f'| {worst:.2f} | {peak / 1e6:.0f} |', flush=True)


def main():
    parser = argparse.ArgumentParser()
    parser.add_argument('--czmodel', required=True)
    parser.add_argument('--only', action='append', choices=sorted(KINDS))
    parser.add_argument('--size', type=int, choices=(0, 1, 2))
    parser.add_argument('--lenient', action='store_true')
    parser.add_argument('--table', action='store_true')
    measuring = Measuring(parser.parse_args())
    for name in measuring.options.only or KINDS:
        measuring.measure_all(name)
    sys.exit(1 if measuring.faults else 0)


if __name__ == '__main__':
    main()
