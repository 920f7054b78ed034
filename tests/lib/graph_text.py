# SPDX-License-Identifier: Apache-2.0
"""Small SavedModels from a description in text, so that broken ones can be read in a diff.

    version 2.4.0                                     TensorFlow that is said to have written it
    tag serve
    node y Relu x T=type:FLOAT                        name, op, inputs, attrs
    node c Const dtype=type:INT32 value=ints:1,2      a vector of int32; floats: likewise
    node t Const dtype=type:BOOL value=scalar:true    a truth value
    input serving_default x x:0 FLOAT 1,16,16,3       signature, key, tensor, type, shape
    output serving_default y y:0 FLOAT 1,16,16,3
    signature other                                   one without inputs and outputs
    op Fancy x:FLOAT y:FLOAT                          an OpDef of the model's own list
    asset file:0                                      a tensor that holds the path of an asset
    restore save/restore_all                          the node that restores the variables
    function f x:FLOAT y:FLOAT y=n:activations:0      begins a function: name, argument, result
    end                                               ends it; its nodes stand between

A dimension of -1 is undefined; the shape - is unknown. Nothing here checks what TensorFlow would.
"""
import struct

from protobuf import message, number, varint

TYPES = {'FLOAT': 1, 'DOUBLE': 2, 'INT32': 3, 'UINT8': 4, 'STRING': 7, 'INT64': 9, 'BOOL': 10,
         'HALF': 19, 'RESOURCE': 20, 'FLOAT8_E4M3FN': 25}


def entry(field, key, value):
    """One pair of a map of messages."""
    return message(field, message(1, key) + message(2, value))


def shape(text):
    if text == '-':
        return number(3, 1)
    sizes = [] if text == '' else [int(size) for size in text.split(',')]
    return b''.join(message(2, number(1, size)) for size in sizes)


def ints(text):
    values = [int(value) for value in text.split(',')]
    content = b''.join(value.to_bytes(4, 'little', signed=True) for value in values)
    return number(1, TYPES['INT32']) + message(2, shape(str(len(values)))) + message(4, content)


def strings(text):
    values = text.split(',')
    return (number(1, TYPES['STRING']) + message(2, shape(str(len(values))))
            + b''.join(message(8, value) for value in values))


def floats(text):
    values = [float(value) for value in text.split(',')]
    return (number(1, TYPES['FLOAT']) + message(2, shape(str(len(values))))
            + message(4, struct.pack(f'<{len(values)}f', *values)))


def scalar(text):
    return number(1, TYPES['BOOL']) + message(2, b'') + number(11, text == 'true')


ATTRS = {
    'type': lambda text: number(6, TYPES[text]),
    'shape': lambda text: message(7, shape(text)),
    'int': lambda text: number(3, int(text)),
    'bool': lambda text: number(5, text == 'true'),
    'text': lambda text: message(2, text),
    'list': lambda text: message(1, b''.join(number(3, int(v)) for v in text.split(','))),
    'ints': lambda text: message(8, ints(text)),
    'floats': lambda text: message(8, floats(text)),
    'scalar': lambda text: message(8, scalar(text)),
    'strings': lambda text: message(8, strings(text)),
    'types': lambda text: message(1, message(6, b''.join(varint(TYPES[t])
                                                         for t in text.split(',')))),
    'function': lambda text: message(10, message(1, text)),
}


def attr(text):
    name, value = text.split('=', 1)
    kind, value = value.split(':', 1)
    return entry(5, name, ATTRS[kind](value))


def node(words):
    name, op, *rest = words
    inputs = [word for word in rest if '=' not in word]
    attrs = [word for word in rest if '=' in word]
    return (message(1, name) + message(2, op) + b''.join(message(3, word) for word in inputs)
            + b''.join(map(attr, attrs)))


def arg(field, word):
    name, kind = word.split(':')
    return message(field, message(1, name) + number(3, TYPES[kind]))


def op_def(name, argument, result):
    return message(1, name) + arg(2, argument) + arg(3, result)


def tensor_info(tensor, kind, dims):
    return message(1, tensor) + number(2, TYPES[kind]) + message(3, shape(dims))


class Model:
    """The parts of a MetaGraphDef from the lines so far."""

    def __init__(self):
        self.nodes = self.functions = self.tags = self.ops = self.assets = self.saver = b''
        self.signatures = {}
        self.version = '2.4.0'
        self.function = None

    def take(self, word, words):
        if word == 'version':
            self.version, = words
        elif word == 'tag':
            self.tags += message(4, words[0])
        elif word == 'node' and self.function is None:
            self.nodes += message(1, node(words))
        elif word == 'node':
            self.function += message(3, node(words))
        elif word == 'op':
            self.ops += message(1, op_def(*words))
        elif word == 'asset':
            info = message(1, message(1, words[0]))
            self.assets += message(6, info + message(2, 'vocabulary.txt'))
        elif word == 'restore':
            self.saver = message(3, message(3, words[0]))
        elif word == 'signature':
            self.signatures.setdefault(words[0], b'')
        elif word in ('input', 'output'):
            signature, key, *info = words
            pair = entry(1 if word == 'input' else 2, key, tensor_info(*info))
            self.signatures[signature] = self.signatures.get(signature, b'') + pair
        elif word == 'function':
            name, argument, result, returned = words
            key, tensor = returned.split('=')
            self.function = message(1, op_def(name, argument, result)) + entry(4, key, tensor)
        elif word == 'end':
            self.functions += message(1, self.function)
            self.function = None
        else:
            raise ValueError(f'unknown word: {word}')

    def bytes(self):
        info = message(2, self.ops) + self.tags + message(5, self.version)
        signatures = b''.join(entry(5, key, value) for key, value in self.signatures.items())
        meta = (message(1, info) + message(2, self.nodes + message(2, self.functions)) + signatures
                + self.saver + self.assets)
        return number(1, 1) + message(2, meta)


def saved_model(text):
    model = Model()
    for line in text.splitlines():
        words = line.split()
        if words and not line.startswith('#'):
            model.take(words[0], words[1:])
    return model.bytes()
