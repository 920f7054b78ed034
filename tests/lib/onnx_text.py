# SPDX-License-Identifier: Apache-2.0
"""Tiny ONNX files, written field by field (onnx/onnx.proto), for forms that no converter here writes: old
operator sets, open sizes, loops, weights in other files, and damage."""
import struct

from protobuf import message, number, varint

FLOAT, UINT8, UINT16, INT64, BOOL = 1, 2, 4, 7, 9


def end(name, shape, dtype=FLOAT):
    """A ValueInfoProto; text in a shape is the name of an open size."""
    dims = b''.join(message(1, message(2, d) if isinstance(d, str) else number(1, d)) for d in shape)
    return message(1, name) + message(2, message(1, number(1, dtype) + message(2, dims)))


def weight(name, values, dims, packed=False, outside=False):
    """A TensorProto of float32."""
    shape = message(1, b''.join(map(varint, dims))) if packed else b''.join(number(1, d) for d in dims)
    if outside:
        content = message(13, message(1, 'location') + message(2, 'weights.bin')) + number(14, 1)
    else:
        content = message(9, struct.pack(f'<{len(values)}f', *values))
    return shape + number(2, FLOAT) + message(8, name) + content


def node(op, inputs, outputs, name='', domain='', attributes=()):
    return (b''.join(message(1, i) for i in inputs) + b''.join(message(2, o) for o in outputs)
            + message(3, name) + message(4, op) + b''.join(message(5, a) for a in attributes)
            + (message(7, domain) if domain else b''))


def graph(nodes, inputs, outputs, weights=()):
    return (b''.join(message(1, n) for n in nodes) + message(2, 'graph')
            + b''.join(message(5, w) for w in weights) + b''.join(message(11, i) for i in inputs)
            + b''.join(message(12, o) for o in outputs))


def model(content, opset=12, ir=7, producer='test'):
    return (number(1, ir) + message(2, producer) + message(3, '1.0') + message(7, content)
            + (message(8, message(1, '') + number(2, opset)) if opset else b''))


def ints(name, values):
    """An AttributeProto."""
    return message(1, name) + b''.join(number(8, value) for value in values) + number(20, 7)


def integer(name, value):
    return message(1, name) + number(3, value) + number(20, 2)


def convolution(output='logits'):
    """The nodes of a convolution between two transposes: channels last outside."""
    return [node('Transpose', ['input'], ['first'], 'first', attributes=[ints('perm', [0, 3, 1, 2])]),
            node('Conv', ['first', 'kernel'], ['planes'], 'conv'),
            node('Transpose', ['planes'], [output], 'last', attributes=[ints('perm', [0, 2, 3, 1])])]


def softmax(logits='logits'):
    return node('Softmax', [logits], ['output'], 'softmax', attributes=[integer('axis', 3)])


def segmentation(height=16, width=16, channels=1, classes=2, opset=12, ir=7, **changes):
    """A convolution and a softmax, channels last outside."""
    nodes = changes.get('nodes') or [*convolution(), softmax()]
    kernel = changes.get('kernel') or weight('kernel', [0.5] * (channels * classes),
                                             (classes, channels, 1, 1))
    return model(graph(nodes, changes.get('inputs') or [end('input', ['batch', height, width, channels])],
                       changes.get('outputs') or [end('output', ['batch', height, width, classes])],
                       [kernel]), opset=opset, ir=ir)
