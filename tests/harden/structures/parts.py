# SPDX-License-Identifier: Apache-2.0
"""Parts of the structures, and their list: KINDS has a row for each name."""
import os
import sys

HERE = os.path.dirname(os.path.abspath(__file__))
TESTS = os.path.dirname(os.path.dirname(HERE))
sys.path.insert(0, os.path.join(TESTS, 'lib'))
sys.path.insert(0, os.path.join(os.path.dirname(TESTS), 'bench'))

from graph_text import Model, node  # noqa: E402
from protobuf import message, number  # noqa: E402

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


def repeated(folder, n, links, first=()):
    """A network of `first` and n times the lines `links`. In these, {i} is the number of the repetition, and {before} the
    last node of the one before it."""
    lines, before = list(first), 'x'
    for i in range(n):
        lines += [link.format(i=i, before=before) for link in links]
        before = lines[-1].split()[1]
    return network(folder, [*lines, f'node y Softmax {before} T=type:FLOAT'])


def meta_graph(folder, *parts):
    put(folder, 'model/saved_model.pb', number(1, 1) + message(2, b''.join(parts)))
    return os.path.join(folder, 'model')
