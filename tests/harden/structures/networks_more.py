# SPDX-License-Identifier: Apache-2.0
"""More ONNX files: functions, control flow, sizes, external data."""
import os
import struct

from .parts import kind, put
from .networks import onnx, onnx_end, onnx_node
from protobuf import message, number, varint
import onnx_text

ONNX_COMMANDS = ('inspect', 'check', 'convert')
SOFTMAX = onnx_node('Softmax', 'x', 'y')


def tensor(name, dtype, dims, content=b''):
    return b''.join(number(1, d) for d in dims) + number(2, dtype) + message(8, name) + content


def ints64(name, values):
    return message(5, tensor(name, 7, (len(values),), message(9, struct.pack(f'<{len(values)}q', *values))))


def scalar64(name, value):
    return message(5, tensor(name, 7, (), message(9, struct.pack('<q', value))))


def attribute_graph(name, graph):
    return message(5, message(1, name) + message(6, graph) + number(20, 5))


def value(field, name, dtype=1, dims=(1, 2, 8, 8)):
    shape = b''.join(message(1, number(1, d)) for d in dims)
    return message(field, message(1, name) + message(2, message(1, number(1, dtype) + message(2, shape))))


def function(name, inputs, outputs, nodes):
    return message(25, message(1, name) + b''.join(message(4, i) for i in inputs)
                   + b''.join(message(5, o) for o in outputs) + b''.join(message(7, n) for n in nodes)
                   + message(9, message(1, '') + number(2, 18)) + message(9, message(1, 'd') + number(2, 1))
                   + message(10, 'd'))


def inner_node(op, inputs, outputs, domain='', more=b''):
    return (b''.join(message(1, i) for i in inputs) + b''.join(message(2, o) for o in outputs) + message(4, op)
            + more + (message(7, domain) if domain else b''))


def with_functions(folder, content, functions):
    content += onnx_end(11, 'x') + onnx_end(12, 'y')
    return put(folder, 'model.onnx', number(1, 8) + message(7, content) + functions
               + message(8, message(1, '') + number(2, 18)) + message(8, message(1, 'd') + number(2, 1)))


def call(name, before, after):
    return message(1, inner_node(name, [before], [after], 'd'))


@kind(10, 15, 30, commands=ONNX_COMMANDS)
def onnx_unfolding(folder, n):
    functions = b''.join(function(f'F{i}', 'a', 'b', [inner_node(f'F{i + 1}', 'a', 'm', 'd'),
                                                      inner_node(f'F{i + 1}', 'm', 'b', 'd')])
                         for i in range(n)) + function(f'F{n}', 'a', 'b', [inner_node('Relu', 'a', 'b')])
    return with_functions(folder, call('F0', 'x', 't') + onnx_node('Softmax', 't', 'y'), functions)


@kind(100, 1000, 10000, commands=ONNX_COMMANDS)
def onnx_unfolding_of_long_names(folder, n):
    functions = b''.join(function(f'F{i}', 'a', 'b', [
        inner_node(f'F{i + 1}', 'a', ['m' * n], 'd', message(3, 'k' * n)), inner_node(f'F{i + 1}', ['m' * n], 'b', 'd')])
                         for i in range(12)) + function(f'F{12}', 'a', 'b', [inner_node('Relu', 'a', 'b')])
    return with_functions(folder, call('F0', 'x', 't') + onnx_node('Softmax', 't', 'y'), functions)


@kind(100, 1000, 4000, commands=ONNX_COMMANDS)
def onnx_nested_functions(folder, n):
    functions = b''.join(function(f'F{i}', 'a', 'b', [inner_node(f'F{i + 1}', 'a', 'b', 'd')])
                         for i in range(n)) + function(f'F{n}', 'a', 'b', [inner_node('Relu', 'a', 'b')])
    return with_functions(folder, call('F0', 'x', 't') + onnx_node('Softmax', 't', 'y'), functions)


@kind(1, 10, 1000, commands=ONNX_COMMANDS)
def onnx_function_circle(folder, n):
    functions = b''.join(function(f'F{i}', 'a', 'b', [inner_node(f'F{(i + 1) % n}', 'a', 'b', 'd')]) for i in range(n))
    return with_functions(folder, call('F0', 'x', 't') + onnx_node('Softmax', 't', 'y'), functions)


@kind(5000, 10000, 20000, commands=ONNX_COMMANDS)
def onnx_unused_functions(folder, n):
    return with_functions(folder, SOFTMAX, b''.join(
        function(f'F{i}', 'a', 'b', [inner_node('Relu', 'a', 'b')]) for i in range(n)))


@kind(1000, 4000, 16000, commands=ONNX_COMMANDS)
def onnx_calls_of_functions(folder, n):
    """n calls of n functions."""
    functions = b''.join(function(f'F{i}', 'a', 'b', [inner_node('Relu', 'a', 'b')]) for i in range(n))
    return with_functions(folder, b''.join(call(f'F{i}', f't{i}' if i else 'x', f't{i + 1}') for i in range(n))
                          + onnx_node('Softmax', [f't{n}'], 'y'), functions)


@kind(200, 400, 800, commands=ONNX_COMMANDS)
def onnx_arguments_of_functions(folder, n):
    """A function with n inputs and outputs, called 20 times."""
    names = [f'a{i}' for i in range(n)]
    made = function('F', names, [f'b{i}' for i in range(n)], [inner_node('Relu', [a], ['b' + a[1:]]) for a in names])
    content, before = b'', ['x'] * n
    for i in range(20):
        after = [f't{i}/{k}' for k in range(n)]
        content += message(1, inner_node('F', before, after, 'd'))
        before = after
    return with_functions(folder, content + onnx_node('Softmax', [before[-1]], 'y'), made)


def loop(n, body):
    return scalar64('n', n) + onnx_node('Loop', ('n', '', 'x'), 't', attribute_graph('body', body))


def loop_body(nodes):
    return (nodes + value(11, 'i', 7, ()) + value(11, 'c', 9, ()) + value(11, 'a')
            + value(12, 'd', 9, ()) + value(12, 'b'))


IDENTITY = onnx_node('Identity', 'c', 'd')


@kind(10 ** 2, 10 ** 6, 2 ** 62, commands=ONNX_COMMANDS)
def onnx_loop(folder, n):
    body = loop_body(IDENTITY + onnx_node('Relu', 'a', 'b'))
    return onnx(folder, loop(n, body) + onnx_node('Softmax', 't', 'y'))


@kind(1, 2, 5, commands=ONNX_COMMANDS)
def onnx_loops(folder, n):
    """Loops in loops, of a thousand rounds each."""
    nodes = onnx_node('Relu', 'a', 'b')
    for _ in range(n):
        body = loop_body(IDENTITY + nodes)
        nodes = scalar64('n', 1000) + onnx_node('Loop', ('n', '', 'a'), 'b', attribute_graph('body', body))
    body = loop_body(IDENTITY + nodes)
    return onnx(folder, loop(1000, body) + onnx_node('Softmax', 't', 'y'))


@kind(10, 100, 1000, commands=ONNX_COMMANDS)
def onnx_loop_nest(folder, n):
    """Loops in loops, of one round each."""
    nodes = onnx_node('Relu', 'a', 'b')
    for _ in range(n):
        body = loop_body(IDENTITY + nodes)
        nodes = onnx_node('Loop', ('n', '', 'a'), 'b', attribute_graph('body', body))
    return onnx(folder, loop(1, loop_body(IDENTITY + nodes)) + onnx_node('Softmax', 't', 'y'))


@kind(100, 400, 1600, commands=ONNX_COMMANDS)
def onnx_loop_that_grows(folder, n):
    """A tensor that grows in each round."""
    body = loop_body(IDENTITY + onnx_node('Concat', 'aa', 'b', message(5, onnx_text.integer('axis', 1))))
    return onnx(folder, loop(n, body) + onnx_node('Softmax', 't', 'y'))


@kind(10, 1000, 10 ** 6, commands=ONNX_COMMANDS)
def onnx_scan(folder, n):
    body = (onnx_node('Add', 'as', 'b') + onnx_node('Identity', 'b', 'o') + value(11, 'a') + value(11, 's', 1, (1, 2, 8, 8))
            + value(12, 'b') + value(12, 'o'))
    content = ints64('shape', (n, 1, 2, 8, 8)) + onnx_node('ConstantOfShape', ['shape'], ['seq'])
    content += onnx_node('Scan', ('x', 'seq'), ('t', 'all'), attribute_graph('body', body)
                         + message(5, onnx_text.integer('num_scan_inputs', 1)))
    return onnx(folder, content + onnx_node('Softmax', 't', 'y'))


@kind(8, 12, 24, commands=ONNX_COMMANDS)
def onnx_if_tower(folder, n):
    """n levels; both branches of each are written out up to the sixth, then one."""
    nodes = onnx_node('Relu', 'x', 'b')
    for level in range(n):
        branch = nodes + value(12, 'b')
        then = attribute_graph('then_branch', branch)
        other = attribute_graph('else_branch', branch if level < 6 else onnx_node('Relu', 'x', 'b') + value(12, 'b'))
        nodes = onnx_node('If', ['c'], 'b', then + other)
    content = onnx_node('ReduceSum', 'x', ['s'], message(5, onnx_text.integer('keepdims', 0)))
    content += onnx_node('Cast', 's', 'c', message(5, onnx_text.integer('to', 9)))
    return onnx(folder, content + nodes + onnx_node('Softmax', 'b', 'y'))


@kind(10 ** 3, 10 ** 6, 2 ** 40, commands=ONNX_COMMANDS)
def onnx_range(folder, n):
    content = scalar64('z', 0) + scalar64('n', n) + scalar64('o', 1)
    content += onnx_node('Range', 'zno', 'r') + onnx_node('ReduceSum', 'r', 's', message(5, onnx_text.integer('keepdims', 0)))
    content += onnx_node('Cast', 's', 'f', message(5, onnx_text.integer('to', 1))) + onnx_node('Add', 'xf', 't')
    return onnx(folder, content + onnx_node('Softmax', 't', 'y'))


@kind(10, 20, 62, commands=ONNX_COMMANDS)
def onnx_doubling(folder, n):
    content, before = ints64('k', [1] * 64), 'k'
    for i in range(n):
        content += onnx_node('Concat', [before, before], [f'd{i}'], message(5, onnx_text.integer('axis', 0)))
        before = f'd{i}'
    content += onnx_node('ReduceSum', [before], 's', message(5, onnx_text.integer('keepdims', 0)))
    content += onnx_node('Cast', 's', 'f', message(5, onnx_text.integer('to', 1))) + onnx_node('Add', 'xf', 't')
    return onnx(folder, content + onnx_node('Softmax', 't', 'y'))


@kind(100, 1000, 10 ** 4, commands=ONNX_COMMANDS)
def onnx_outer_product(folder, n):
    """[n, 1] times [1, n], of constants."""
    content = message(5, tensor('a', 1, (n, 1), message(9, bytes(4 * n)))) + message(5, tensor('b', 1, (1, n), message(9, bytes(4 * n))))
    content += onnx_node('MatMul', 'ab', 'm') + onnx_node('Mul', 'ab', 'p') + onnx_node('Add', 'mp', 'q')
    content += onnx_node('ReduceSum', 'q', 's', message(5, onnx_text.integer('keepdims', 0))) + onnx_node('Add', 'xs', 't')
    return onnx(folder, content + onnx_node('Softmax', 't', 'y'))


def constants_of(op, inputs, sizes):
    content = ints64('n', sizes) + message(5, tensor('k', 1, (1, 1, 1, 1), message(9, bytes(4))))
    content += onnx_node(op, inputs, ['t0'])
    return content + onnx_node('ReduceSum', ['t0'], 's', message(5, onnx_text.integer('keepdims', 0)))


for name_, op_, inputs_, sizes_ in (('onnx_constant_expand', 'Expand', 'kn', lambda n: (1, 1, n, n)),
                                    ('onnx_constant_tile', 'Tile', 'kn', lambda n: (1, 1, n, n)),
                                    ('onnx_constant_pad', 'Pad', 'kn', lambda n: (0, 0, n, n, 0, 0, n, n)),
                                    ('onnx_constant_resize', 'Resize', ('k', '', '', 'n'), lambda n: (1, 1, n, n)),
                                    ('onnx_resize', 'Resize', ('x', '', '', 'n'), lambda n: (1, 2, n, n)),
                                    ('onnx_pad', 'Pad', 'xn', lambda n: (0, 0, n, n, 0, 0, n, n))):
    def write_(folder, n, op=op_, inputs=inputs_, sizes=sizes_):
        return onnx(folder, constants_of(op, inputs, sizes(n)) + onnx_node('Add', 'xs', 'q') + onnx_node('Softmax', 'q', 'y'))
    write_.__name__ = name_
    kind(10 ** 2, 10 ** 5, 2 ** 40, commands=ONNX_COMMANDS)(write_)


def attributes_of(op, **attrs):
    return onnx_node(op, 'x', 't', b''.join(message(5, onnx_text.ints(k, v) if isinstance(v, list) else
                                                       onnx_text.integer(k, v)) for k, v in attrs.items()))


for name_, op_, attrs_ in (('onnx_huge_pool', 'MaxPool', lambda n: dict(kernel_shape=[n, n], pads=[n - 1, 0, n - 1, 0])),
                           ('onnx_huge_strides', 'AveragePool', lambda n: dict(kernel_shape=[1, 1], strides=[n, n])),
                           ('onnx_huge_dilations', 'MaxPool', lambda n: dict(kernel_shape=[2, 2], dilations=[n, n], pads=[0, 0, n, n])),
                           ('onnx_huge_blocks', 'SpaceToDepth', lambda n: dict(blocksize=n)),
                           ('onnx_huge_depth', 'DepthToSpace', lambda n: dict(blocksize=n)),
                           ('onnx_huge_split', 'Split', lambda n: dict(num_outputs=n, axis=1)),
                           ('onnx_huge_axis', 'Softmax', lambda n: dict(axis=n)),
                           ('onnx_huge_lrn', 'LRN', lambda n: dict(size=n))):
    def write_(folder, n, op=op_, attrs=attrs_):
        return onnx(folder, attributes_of(op, **attrs(n)) + onnx_node('Softmax', 't', 'y'))
    write_.__name__ = name_
    kind(10 ** 2, 10 ** 5, 2 ** 62, commands=ONNX_COMMANDS)(write_)


@kind(10 ** 2, 10 ** 5, 2 ** 40, commands=ONNX_COMMANDS)
def onnx_one_hot(folder, n):
    content = scalar64('n', n) + ints64('i', [0, 1]) + message(5, tensor('v', 1, (2,), message(9, bytes(8))))
    content += onnx_node('OneHot', 'inv', 'h') + onnx_node('ReduceSum', 'h', 's', message(5, onnx_text.integer('keepdims', 0)))
    return onnx(folder, content + onnx_node('Add', 'xs', 't') + onnx_node('Softmax', 't', 'y'))


@kind(2 ** 20, 2 ** 32, 2 ** 62, commands=ONNX_COMMANDS)
def onnx_dims(folder, n):
    return onnx(folder, message(5, tensor('k', 1, (n, n))) + onnx_node('Add', 'xk', 't') + onnx_node('Softmax', 't', 'y'))


@kind(10 ** 3, 10 ** 4, 10 ** 5, commands=ONNX_COMMANDS)
def onnx_rank(folder, n):
    return onnx(folder, message(5, tensor('k', 1, (1,) * n, message(9, bytes(4)))) + onnx_node('Add', 'xk', 't')
                + onnx_node('Softmax', 't', 'y'))


@kind(2500, 5000, 10000, commands=ONNX_COMMANDS)
def onnx_metadata(folder, n):
    more = b''.join(message(14, message(1, f'k{i}') + message(2, f'v{i}')) for i in range(n))
    more += b''.join(message(8, message(1, f'd{i}') + number(2, 1)) for i in range(n))
    return onnx(folder, SOFTMAX + b''.join(onnx_end(13, f'v{i}') + message(14, message(1, f'v{i}')) for i in range(n)), more)


@kind(10 ** 4, 10 ** 5, 10 ** 6, commands=ONNX_COMMANDS)
def onnx_texts(folder, n):
    return onnx(folder, SOFTMAX + message(5, tensor('t', 8, (n,), message(6, b'') * n)))


@kind(10 ** 4, 10 ** 5, 10 ** 6, commands=ONNX_COMMANDS)
def onnx_numbers(folder, n):
    """Numbers one by one, not packed."""
    content = message(5, tensor('k', 1, (1, 2, 1, n // 2), (b'\x25\0\0\0\0') * n))
    content += onnx_node('ReduceSum', 'k', 's', message(5, onnx_text.integer('keepdims', 0)))
    return onnx(folder, content + onnx_node('Add', 'xs', 't') + onnx_node('Softmax', 't', 'y'))


@kind(10 ** 4, 10 ** 5, 10 ** 6, commands=ONNX_COMMANDS)
def onnx_integers(folder, n):
    content = message(5, tensor('k', 7, (n,), message(7, b'\x01' * n)))
    content += onnx_node('Cast', 'k', 'f', message(5, onnx_text.integer('to', 1)))
    content += onnx_node('ReduceSum', 'f', 's', message(5, onnx_text.integer('keepdims', 0)))
    return onnx(folder, content + onnx_node('Add', 'xs', 't') + onnx_node('Softmax', 't', 'y'))


@kind(1000, 2000, 4000, commands=ONNX_COMMANDS)
def onnx_empty_inputs(folder, n):
    return onnx(folder, onnx_node('Concat', ['x'] * n, 't', message(5, onnx_text.integer('axis', 1)))
                + onnx_node('Sum', ['t'] + [''] * n, 'u') + onnx_node('Softmax', 'u', 'y'))


@kind(1000, 2000, 4000, commands=ONNX_COMMANDS)
def onnx_circle(folder, n):
    return onnx(folder, b''.join(onnx_node('Relu', [f't{(i - 1) % n}'], [f't{i}']) for i in range(n))
                + onnx_node('Add', ['x', 't0'], 'u') + onnx_node('Softmax', 'u', 'y'))


@kind(1000, 2000, 4000, commands=ONNX_COMMANDS)
def onnx_backwards(folder, n):
    nodes = [onnx_node('Relu', [f't{i - 1}' if i else 'x'], [f't{i}']) for i in range(n)]
    return onnx(folder, onnx_node('Softmax', [f't{n - 1}'], 'y') + b''.join(reversed(nodes)))


@kind(1000, 2000, 4000, commands=ONNX_COMMANDS)
def onnx_same_outputs(folder, n):
    return onnx(folder, onnx_node('Relu', 'x', 't') * n + onnx_node('Softmax', 't', 'y'))


@kind(500, 1000, 2000, commands=ONNX_COMMANDS)
def onnx_shapes(folder, n):
    content, before = ints64('zero', [0]) + ints64('all', [0, 1, 2, 3]), 'x'
    for i in range(n):
        content += (onnx_node('Shape', [before], [f's{i}']) + onnx_node('Gather', [f's{i}', 'all'], [f'g{i}'])
                    + onnx_node('Concat', [f'g{i}'], [f'c{i}'], message(5, onnx_text.integer('axis', 0)))
                    + onnx_node('Reshape', [before, f'c{i}'], [f'r{i}']))
        before = f'r{i}'
    return onnx(folder, content + onnx_node('Softmax', [before], 'y'))


@kind(1000, 2000, 4000, commands=ONNX_COMMANDS)
def onnx_convolutions(folder, n):
    content = message(5, tensor('k', 1, (2, 2, 1, 1), message(9, bytes(16))))
    before = 'x'
    for i in range(n):
        content += onnx_node('Conv', [before, 'k'], [f't{i}'])
        before = f't{i}'
    return onnx(folder, content + onnx_node('Softmax', [before], 'y'))


@kind(250, 500, 1000, commands=ONNX_COMMANDS)
def onnx_norms(folder, n):
    content = b''.join(message(5, tensor(k, 1, (2,), message(9, bytes(8)))) for k in 'sbmv')
    before = 'x'
    for i in range(n):
        content += onnx_node('BatchNormalization', [before, *'sbmv'], [f't{i}']) + onnx_node('Relu', [f't{i}'], [f'r{i}'])
        before = f'r{i}'
    return onnx(folder, content + onnx_node('Softmax', [before], 'y'))


@kind(250, 500, 1000, commands=ONNX_COMMANDS)
def onnx_dense_blocks(folder, n):
    content, before = b'', 'x'
    for i in range(n):
        content += onnx_node('Concat', [before, 'x'], [f't{i}'], message(5, onnx_text.integer('axis', 1)))
        before = f't{i}'
    return onnx(folder, content + onnx_node('Softmax', [before], 'y'))


@kind(10, 40, 160, commands=ONNX_COMMANDS)
def onnx_upsampling(folder, n):
    content = message(5, tensor('k', 1, (4,), message(9, struct.pack('<4f', 1, 1, 2, 2))))
    before = 'x'
    for i in range(n):
        content += onnx_node('Resize', [before, '', 'k'], [f't{i}'])
        before = f't{i}'
    return onnx(folder, content + onnx_node('Softmax', [before], 'y'))


@kind(10 ** 3, 10 ** 4, 10 ** 5, commands=ONNX_COMMANDS)
def onnx_attribute_lists(folder, n):
    more = message(5, onnx_text.ints('pads', [0] * n)) + message(5, onnx_text.ints('kernel_shape', [1] * n))
    return onnx(folder, onnx_node('MaxPool', 'x', 't', more) + onnx_node('Softmax', 't', 'y'))


@kind(1000, 2000, 4000, commands=ONNX_COMMANDS)
def onnx_attributes(folder, n):
    more = b''.join(message(5, onnx_text.integer(f'a{i}', 1)) for i in range(n))
    return onnx(folder, onnx_node('Relu', 'x', 't', more) + onnx_node('Softmax', 't', 'y'))


def outside(location, offset=None, length=None):
    pairs = [('location', location)] + ([('offset', str(offset))] if offset is not None else [])
    pairs += [('length', str(length))] if length is not None else []
    return b''.join(message(13, message(1, k) + message(2, v)) for k, v in pairs) + number(14, 1)


@kind(250, 500, 1000, commands=ONNX_COMMANDS)
def onnx_same_bytes(folder, n):
    """Weights of 256 KB each, which are all the same bytes of a file beside it."""
    put(folder, 'weights.bin', bytes(1 << 18))
    content = message(5, onnx_text.weight('first', [0.5] * 512, (256, 2, 1, 1))) + onnx_node('Conv', ['x', 'first'], ['t'])
    before = 't'
    for i in range(n):
        content += message(5, tensor(f'k{i}', 1, (256, 256, 1, 1), outside('weights.bin', 0, 1 << 18)))
        content += onnx_node('Conv', [before, f'k{i}'], [f't{i}'])
        before = f't{i}'
    content += message(5, onnx_text.weight('last', [0.5] * 512, (2, 256, 1, 1))) + onnx_node('Conv', [before, 'last'], ['u'])
    return onnx(folder, content + onnx_node('Softmax', ['u'], 'y'))


PLACES = ['/dev/zero', '../../../etc/passwd', '/etc/passwd', 'fifo', 'folder', 'link', 'model.onnx', '', 'gone.bin',
          './weights.bin', 'folder/../weights.bin', 'C:\\x', '\\\\host\\share', 'a' * 5000, 'new\nline', '\0']


@kind(*range(len(PLACES)), commands=ONNX_COMMANDS)
def onnx_places(folder, n):
    os.mkfifo(os.path.join(folder, 'fifo'))
    os.mkdir(os.path.join(folder, 'folder'))
    os.symlink('/etc/passwd', os.path.join(folder, 'link'))
    put(folder, 'weights.bin', bytes(64))
    content = message(5, tensor('k', 1, (1, 2, 1, 8), outside(PLACES[n], 0, 64)))
    return onnx(folder, content + onnx_node('Add', 'xk', 't') + onnx_node('Softmax', 't', 'y'))


EXTENTS = [(0, 2 ** 62), (2 ** 62, 64), (2 ** 63, 64), ('-1', 64), ('1e3', 64), (' 0', 64), ('9' * 40, 64), (32, 64), (0, '')]


@kind(*range(len(EXTENTS)), commands=ONNX_COMMANDS)
def onnx_extents(folder, n):
    put(folder, 'weights.bin', bytes(64))
    content = message(5, tensor('k', 1, (1, 2, 1, 8), outside('weights.bin', *EXTENTS[n])))
    return onnx(folder, content + onnx_node('Add', 'xk', 't') + onnx_node('Softmax', 't', 'y'))


@kind(10 ** 3, 10 ** 6, 10 ** 9, commands=ONNX_COMMANDS)
def onnx_sparse(folder, n):
    sparse = message(1, tensor('k', 1, (1,), message(9, bytes(4)))) + message(2, tensor('i', 7, (1,), message(9, bytes(8))))
    sparse += b''.join(number(3, d) for d in (1, 2, 1, n))
    content = message(15, sparse) + onnx_node('Constant', [], ['s'], message(5, message(1, 'sparse_value') + message(22, sparse) + number(20, 11)))
    return onnx(folder, content + onnx_node('Add', 'xs', 't') + onnx_node('Add', 'tk', 'u') + onnx_node('Softmax', 'u', 'y'))


@kind(31, 40, 63, commands=ONNX_COMMANDS)
def onnx_lengths(folder, n):
    return put(folder, 'model.onnx', number(1, 8) + varint(7 << 3 | 2) + varint(2 ** n) + b'abc')


@kind(10 ** 2, 10 ** 4, 10 ** 6, commands=ONNX_COMMANDS)
def onnx_long_names(folder, n):
    return onnx(folder, onnx_node('Relu', 'x', ['t' * n]) + onnx_node('Softmax', ['t' * n], 'y'))


@kind(10 ** 2, 10 ** 4, 10 ** 6, commands=ONNX_COMMANDS)
def onnx_long_operation(folder, n):
    return onnx(folder, onnx_node('R' * n, 'x', 't') + onnx_node('Softmax', 't', 'y'))


@kind(2500, 5000, 10000, commands=ONNX_COMMANDS)
def onnx_inputs(folder, n):
    return onnx(folder, b''.join(onnx_end(11, f'i{i}') for i in range(n)) + onnx_node('Sum', ['x'] + [f'i{i}' for i in range(n)], 't')
                + onnx_node('Softmax', 't', 'y'))


@kind(10 ** 3, 10 ** 5, 2 ** 30, commands=ONNX_COMMANDS)
def onnx_lstm(folder, n):
    content = message(5, tensor('w', 1, (1, 4 * n, 2))) + message(5, tensor('r', 1, (1, 4 * n, n)))
    return onnx(folder, content + onnx_node('LSTM', 'xwr', 't', message(5, onnx_text.integer('hidden_size', n)))
                + onnx_node('Softmax', 't', 'y'))


@kind(500, 1000, 2000, commands=ONNX_COMMANDS)
def onnx_branches(folder, n):
    """n Ifs in a row, whose condition is the data's."""
    content = onnx_node('ReduceSum', 'x', ['s'], message(5, onnx_text.integer('keepdims', 0)))
    content += onnx_node('Cast', 's', 'c', message(5, onnx_text.integer('to', 9)))
    before = 'x'
    for i in range(n):
        then = attribute_graph('then_branch', onnx_node('Relu', [before], [f'a{i}']) + value(12, f'a{i}'))
        other = attribute_graph('else_branch', onnx_node('Abs', [before], [f'b{i}']) + value(12, f'b{i}'))
        content += onnx_node('If', 'c', [f't{i}'], then + other)
        before = f't{i}'
    return onnx(folder, content + onnx_node('Softmax', [before], 'y'))


@kind(500, 1000, 2000, commands=ONNX_COMMANDS)
def onnx_sequences(folder, n):
    content = onnx_node('SequenceConstruct', ['x'] * n, 'q') + scalar64('n', n - 1)
    content += onnx_node('SequenceAt', 'qn', 't')
    return onnx(folder, content + onnx_node('Softmax', 't', 'y'))
