# SPDX-License-Identifier: Apache-2.0
"""ONNX files."""
from .parts import kind, put
from protobuf import message, number
import onnx_text

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


@kind(10 ** 4, 2 * 10 ** 4, 4 * 10 ** 4, commands=ONNX_COMMANDS)
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
