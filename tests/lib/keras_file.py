# SPDX-License-Identifier: Apache-2.0
"""Writes small Keras files without Keras and without h5py, for tests of messages.

A file is described in JSON:

    {"version": "2.15.0", "config": {...}, "weights": {"layer": {"kernel:0": [3, 3, 1, 2]}}}

The weights are zeros, or with "counted" -3, -2 ... 3, -3 ... "@[shape,history]" stands for a tensor of Keras 3. "room" is a number of blanks behind the configuration in HDF5, "backend" an attribute. Without
"config" it is a file of weights alone. docs/formats/hdf5.md describes
the layout; this is its newest form, which needs the least: headers of version 2, links in messages.
"""
import json
import struct
import zipfile
import zlib

UNDEFINED = (1 << 64) - 1


def message(kind, body):
    return struct.pack('<BHB', kind, len(body), 0) + body


def text_attribute(name, values):
    """An attribute of fixed-length text: one value, or a list of them."""
    texts = [value.encode() for value in ([values] if isinstance(values, str) else values)]
    size = max([len(text) for text in texts] + [1])
    kind = struct.pack('<BBBBI', 0x13, 0, 0, 0, size)
    space = struct.pack('<BBBB', 2, 0, 0, 0) if isinstance(values, str) else \
        struct.pack('<BBBBQ', 2, 1, 0, 1, len(texts))
    label = name.encode() + b'\0'
    return message(12, struct.pack('<BBHHHB', 3, 0, len(label), len(kind), len(space), 0) + label +
                   kind + space + b''.join(text.ljust(size, b'\0') for text in texts))


def link(name, address):
    text = name.encode()
    return message(6, struct.pack('<BBH', 1, 1, len(text)) + text + struct.pack('<Q', address))


class Writer:
    def __init__(self, is_counted=False):
        self.data = bytearray(48)
        self.is_counted = is_counted

    def put(self, content):
        address = len(self.data)
        self.data += content
        return address

    def header(self, messages):
        body = b''.join(messages)
        return self.put(b'OHDR' + struct.pack('<BBI', 2, 2, len(body)) + body + bytes(4))

    def dataset(self, dims):
        if dims == 'absent':
            return self.group({}) # where a dataset should be
        count = 1
        for dim in dims:
            count *= dim
        address = self.put(bytes(4 * count))
        return self.floats(dims, message(8, struct.pack('<BBQQ', 3, 1, address, 4 * count)))

    def floats(self, dims, *layout):
        """A dataset of float32; the messages of `layout` say where its numbers are."""
        space = struct.pack('<BBBB', 2, len(dims), 0, 1) + struct.pack(f'<{len(dims)}Q', *dims)
        kind = struct.pack('<BBBBIHHBBBBI', 0x11, 0x20, 31, 0, 4, 0, 32, 23, 8, 0, 23, 127)
        return self.header([message(1, space), message(3, kind), *layout])

    def group(self, children, attributes=()):
        return self.header([*attributes, *(link(name, at) for name, at in children.items())])

    def finish(self, root):
        head = b'\x89HDF\r\n\x1a\n' + bytes([2, 8, 8, 0])
        self.data[:48] = head + struct.pack('<QQQQI', 0, UNDEFINED, len(self.data), root, 0)
        return bytes(self.data)


def nested(writer, paths):
    """The groups of paths such as "conv/kernel:0"."""
    children, inner = {}, {}
    for path, address in paths.items():
        first, _, rest = path.partition('/')
        if rest:
            inner.setdefault(first, {})[rest] = address
        else:
            children[first] = address
    children.update((name, writer.group(nested(writer, below))) for name, below in inner.items())
    return children


def hdf5(description):
    """As model.save('x.h5') of Keras 1 and 2, and of Keras 3 in this format."""
    writer, layers = Writer(description.get('counted')), {}
    for layer, weights in description.get('weights', {}).items():
        paths = {name: writer.dataset(dims) for name, dims in weights.items()}
        layers[layer] = writer.group(nested(writer, paths),
                                     [text_attribute('weight_names', list(weights))])
    attributes = [text_attribute('layer_names', list(layers)),
                  text_attribute('keras_version', description.get('version', '2.15.0'))]
    if 'backend' in description:
        attributes.append(text_attribute('backend', description['backend']))
    if 'config' not in description:
        return writer.finish(writer.group(layers, attributes))
    config = text_attribute('model_config', json.dumps(description['config']) + ' ' * description.get('room', 0))
    root = {'model_weights': writer.group(layers, attributes)}
    return writer.finish(writer.group(root, [config, attributes[1]]))


def archive(description, path):
    """As model.save('x.keras'): the weights are named by their paths there."""
    writer = Writer(description.get('counted'))
    paths = {name: writer.dataset(dims) for name, dims in description.get('weights', {}).items()}
    with zipfile.ZipFile(path, 'w') as file:
        file.writestr('metadata.json', json.dumps({'keras_version': description.get('version')}))
        file.writestr('config.json', json.dumps(description['config']))
        file.writestr('model.weights.h5', writer.finish(writer.group(nested(writer, paths))))


def expanded(value):
    if isinstance(value, dict):
        return {key: expanded(one) for key, one in value.items()}
    if isinstance(value, list):
        return [expanded(one) for one in value]
    if isinstance(value, str) and value.startswith('@['):
        shape, history = json.loads(value[1:])
        return {'class_name': '__keras_tensor__', 'config': {'shape': shape, 'keras_history': history}}
    return value


def write(description, path):
    description = expanded(description)
    if path.endswith('.keras'):
        archive(description, path)
        return
    with open(path, 'wb') as file:
        file.write(hdf5(description))
