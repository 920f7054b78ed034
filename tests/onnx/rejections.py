# SPDX-License-Identifier: Apache-2.0
"""The exact message for each kind of ONNX file that is rejected; two that are not.

    rejections.py --czmodel PROGRAM [--update]

The files are made here (../lib/onnx_text.py). --update writes the messages instead of comparing them.
"""
import argparse
import json
import os
import struct
import subprocess
import sys
import tempfile

HERE = os.path.dirname(os.path.abspath(__file__))
sys.path.insert(0, os.path.join(os.path.dirname(HERE), 'lib'))
import expected  # noqa: E402
from onnx_text import BOOL, INT64, end, graph, integer, ints, model, node, weight  # noqa: E402
from protobuf import message, number, varint  # noqa: E402

IMAGE = end('x', ['batch', 3, 16, 24])
OPEN = end('x', ['batch', 3, 'h', 'w'])
KERNEL = weight('w', [0.1] * 12, (4, 3, 1, 1))
CONV = node('Conv', ['x', 'w'], ['c'], '/conv/Conv')


def text(name, value):
    return message(1, name) + message(4, value) + number(20, 3)


def whole(name, values, dims=None, dtype=INT64):
    """A TensorProto of whole numbers."""
    dims = (len(values),) if dims is None else dims
    return b''.join(number(1, d) for d in dims) + number(2, dtype) + message(8, name) + message(
        7, b''.join(map(varint, values)))


def file(*nodes, inputs=(IMAGE,), weights=(KERNEL,), out='y', opset=17, extra=b''):
    return model(graph(nodes, inputs, [end(out, ['batch', 4, 16, 24])], weights), opset=opset) + extra


def after(op, *inputs, weights=(), opset=17, **more):
    """A convolution, and a node that reads it."""
    return file(CONV, node(op, ['c', *inputs], ['y'], f'/head/{op}', **more), weights=[KERNEL, *weights], opset=opset)


def dynamo(op, *scopes):
    """A node as the dynamo exporter of PyTorch writes it, with the names of the modules around it."""
    entry = message(1, 'pkg.torch.onnx.name_scopes') + message(2, str(['', *scopes]))
    return node(op, ['c'], ['y'], f'node_{op}_7') + message(9, entry)


def function(name, *nodes, domain='own'):
    return message(25, message(1, name) + message(4, 'a') + message(5, 'b') + b''.join(message(7, n) for n in nodes)
                   + message(9, message(1, '') + number(2, 17)) + message(10, domain))


def branch(name):
    return graph([node('Relu', ['c'], [name], name)], [], [end(name, ['batch', 4, 16, 24])])


def attribute_graph(name, content):
    return message(1, name) + message(6, content) + number(20, 5)


LOOP = graph([node('Identity', ['go'], ['more'], 'i'), node('Relu', ['state'], ['next'], 'r')],
             [end('i', [], INT64), end('go', [], BOOL), end('state', ['batch', 4, 16, 24])],
             [end('more', [], BOOL), end('next', ['batch', 4, 16, 24])])
MEAN = node('ReduceMean', ['c'], ['m'], '/mean', attributes=[integer('keepdims', 0)])

def floats(values, *dims):
    """The weight w in float_data."""
    head = b''.join(number(1, d) for d in dims) + number(2, 1) + message(8, 'w')
    return head + (message(4, struct.pack(f'<{len(values)}f', *values)) if values else b'')


ONE_BY_ONE = b''.join(number(1, d) for d in (4, 3, 1, 1)) + number(2, 1) + message(8, 'w') + b''.join(
    bytes([4 << 3 | 5]) + struct.pack('<f', 0.1) for _ in range(12))

CASES = [
    ('sound.onnx', file(CONV, node('Relu', ['c'], ['y'], '/relu'))),
    ('unpacked.onnx', file(CONV, node('Relu', ['c'], ['y'], '/relu'), weights=[ONE_BY_ONE])),
    ('old.onnx', file(CONV, node('Relu', ['c'], ['y'], '/relu'), opset=6)),
    # operations that are not known
    ('op.onnx', after('NonZero')),
    ('scopes.onnx', file(CONV, dynamo('NonMaxSuppression', 'head', 'head.nms', 'nms'))),
    ('ml.onnx', after('Scaler', domain='ai.onnx.ml')),
    ('domain.onnx', after('FusedConv', domain='com.microsoft')),
    ('recurrent.onnx', after('LSTM')),
    ('random.onnx', after('RandomNormalLike')),
    ('function.onnx', file(CONV, node('Block', ['c'], ['y'], 'outer', domain='own'),
                           extra=function('Block', node('Unique', ['a'], ['b'], 'inner')))),
    ('circle.onnx', file(CONV, node('Block', ['c'], ['y'], 'outer', domain='own'),
                         extra=function('Block', node('Block', ['a'], ['b'], 'inner', domain='own')))),
    # what the network computes must not decide the structure
    ('if.onnx', file(CONV, MEAN, node('Cast', ['m'], ['b'], '/cast', attributes=[integer('to', BOOL)]),
                     node('If', ['b'], ['y'], '/if', attributes=[attribute_graph('then_branch', branch('p')),
                                                                attribute_graph('else_branch', branch('q'))]))),
    ('loop.onnx', file(CONV, MEAN, node('Cast', ['m'], ['n'], '/cast', attributes=[integer('to', INT64)]),
                       node('Loop', ['n', '', 'c'], ['y'], '/loop', attributes=[attribute_graph('body', LOOP)]))),
    ('endless.onnx', file(CONV, node('Loop', ['', 't', 'c'], ['y'], '/loop', attributes=[attribute_graph('body', LOOP)]),
                          weights=[KERNEL, number(2, BOOL) + message(8, 't') + message(9, b'\x01')])),
    # training forms
    ('training.onnx', after('BatchNormalization', *'abde', weights=[weight(n, [1.] * 4, (4,)) for n in 'abde'],
                            attributes=[integer('training_mode', 1)])),
    ('dropout.onnx', after('Dropout', 'r', 't', weights=[weight('r', [0.5], ()),
                                                         number(2, BOOL) + message(8, 't') + message(9, b'\x01')])),
    # forms of operations
    ('positions.onnx', file(CONV, node('MaxPool', ['c'], ['y', 'p'], '/pool', attributes=[ints('kernel_shape', [2, 2])]),
                            node('Identity', ['p'], ['z'], '/use'))),
    ('scatter.onnx', after('ScatterElements', 'i', 'u', opset=18, attributes=[text('reduction', 'mul')],
                           weights=[whole('i', [0], (1, 1, 1, 1)), weight('u', [1.], (1, 1, 1, 1))])),
    ('einsum.onnx', after('Einsum', 'w', 'w', attributes=[text('equation', 'nchw,ocij,pcij->n')])),
    ('pads.onnx', after('MaxPool', attributes=[ints('kernel_shape', [2, 2]), ints('pads', [2 ** 64 - 1, 0, 0, 0])])),
    ('resize-axes.onnx', after('Resize', '', 's', opset=18, attributes=[ints('axes', [0] * 40)],
                               weights=[weight('s', [1.], (1,))])),
    ('norm-axes.onnx', after('MeanVarianceNormalization', attributes=[ints('axes', [1] * 40)])),
    ('norm-rank.onnx', file(CONV, node('ReduceMean', ['c'], ['m'], '/mean', attributes=[integer('keepdims', 0)]),
                            node('BatchNormalization', ['m', *'abde'], ['y'], '/norm'),
                            weights=[KERNEL, *(weight(n, [1.] * 4, (4,)) for n in 'abde')])),
    ('split-sizes.onnx', after('SplitToSequence', 'n', weights=[whole('n', [2 ** 63 - 1], ())])),
    ('far.onnx', after('Resize', 'r', 's', weights=[weight('s', [1., 1., 2., 2.], (4,)),
                                                    weight('r', [0.] * 4 + [1e19] * 4, (8,))],
                       attributes=[text('coordinate_transformation_mode', 'tf_crop_and_resize')])),
    ('ranks.onnx', file(CONV, node('Shape', ['v'], ['y'], '/shape'), weights=[KERNEL, weight('v', [1.], (1,) * 12)])),
    ('rank.onnx', file(CONV, node('Relu', ['c'], ['y'], '/relu'), inputs=[end('x', [1] * 12)])),
    ('axis.onnx', after('Softmax', attributes=[integer('axis', 7)])),
    ('absent.onnx', after('PRelu')),
    # open sizes
    ('ceil.onnx', file(CONV, node('AveragePool', ['c'], ['y'], '/pool', attributes=[
        ints('kernel_shape', [3, 3]), ints('strides', [2, 2]), ints('pads', [1, 1, 0, 0]), integer('ceil_mode', 1),
        integer('count_include_pad', 1)]), inputs=[OPEN])),
    ('cubic.onnx', file(CONV, node('Resize', ['c', '', 's'], ['y'], '/up', attributes=[text('mode', 'cubic')]),
                        inputs=[OPEN], weights=[KERNEL, weight('s', [1., 1., 2., 2.], (4,))])),
    # inputs, outputs, layout
    ('inputs.onnx', file(CONV, node('Add', ['c', 'z'], ['y'], '/add'), inputs=[IMAGE, end('z', ['batch', 4, 16, 24])])),
    ('layout.onnx', file(node('Relu', ['x'], ['y'], '/relu'), inputs=[end('x', ['batch', 16, 16, 16])])),
    # damage
    ('unmade.onnx', file(node('Relu', ['nothing'], ['y'], '/relu'))),
    ('integers.onnx', file(CONV, node('ReverseSequence', ['c', 'n'], ['y'], '/reverse'),
                           weights=[KERNEL, whole('n', [16], (2 ** 61,))])),
    ('floats.onnx', file(CONV, node('Relu', ['c'], ['y'], '/relu'), weights=[floats([0.1] * 5, 4, 3, 1, 1)])),
    ('nothing.onnx', file(CONV, node('Relu', ['c'], ['y'], '/relu'), weights=[floats([], 4, 3, 1, 1)])),
    ('bytes.onnx', file(CONV, node('Relu', ['c'], ['y'], '/relu'), weights=[weight('w', [0.1] * 11, (4, 3, 1, 1))])),
    ('outside.onnx', file(CONV, node('Relu', ['c'], ['y'], '/relu'), weights=[weight('w', [], (4, 3, 1, 1), outside=True)])),
    ('opset.onnx', file(CONV, node('Relu', ['c'], ['y'], '/relu'), opset=0)),
    ('cut.onnx', file(CONV, node('Relu', ['c'], ['y'], '/relu'))[:-40]),
]


def messages(program, path):
    """The errors of a conversion for TensorFlow 2.0.0, with what to do."""
    folder = os.path.dirname(path)
    spec = {'BorderSize': 0, 'ColorHandling': 'SplitRgb', 'PixelType': 'Bgr24', 'Classes': ['a', 'b', 'c', 'd'],
            'ModelPath': path}
    with open(os.path.join(folder, 'spec.json'), 'w', encoding='utf-8') as out:
        json.dump(spec, out)
    done = subprocess.run([program, 'convert', os.path.join(folder, 'spec.json'), folder, 'm', '--format', '3.0.0',
                           '--allow', 'probabilities,output-size,input-size-undefined,input-batch,tile-memory'],
                          capture_output=True, timeout=60, check=False)
    if done.returncode not in (0, 1, 2, 3, 4):
        return [f'status {done.returncode}: {done.stderr.decode()[-300:]}']
    return expected.errors_of(done.stderr.decode(), folder) or ['accepted']


def main():
    parser = argparse.ArgumentParser(description=__doc__.split('\n')[0])
    parser.add_argument('--czmodel', required=True)
    parser.add_argument('--update', action='store_true')
    options = parser.parse_args()
    expected_file, lines = os.path.join(HERE, 'rejections.txt'), []
    with tempfile.TemporaryDirectory() as folder:
        for name, content in CASES:
            path = os.path.join(folder, name)
            with open(path, 'wb') as out:
                out.write(content)
            lines += [f'== {name}', *messages(os.path.abspath(options.czmodel), path)]
    is_other = expected.differ(lines, expected_file, options.update)
    print(f'{len(CASES)} files')
    sys.exit(is_other)


if __name__ == '__main__':
    main()
