# SPDX-License-Identifier: Apache-2.0
"""SavedModels of any size, without TensorFlow: networks that add up so many variables.

    make_sources.py FOLDER MEGABYTES     weights of one MiB each, of eight in large networks
    make_sources.py FOLDER --nodes N     no weights, a chain of N nodes

Everything in them is as TensorFlow writes it, checksums too; the numbers are noise.
"""
import os
import random
import sys

HERE = os.path.dirname(os.path.abspath(__file__))
sys.path.insert(0, os.path.join(os.path.dirname(HERE), 'tests', 'lib'))

from graph_text import Model, node, shape  # noqa: E402
from protobuf import message, number, varint  # noqa: E402

SIDE, CHANNELS = 64, 3
MIB = 1 << 18  # elements of float32
LARGE = 400     # MiB

IMAGE = f'-1,{SIDE},{SIDE},{CHANNELS}'
HEAD = ['tag serve', f'node x Placeholder dtype=type:FLOAT shape=shape:{IMAGE}']
TAIL = [f'input serving_default image x:0 FLOAT {IMAGE}',
        f'output serving_default classes y:0 FLOAT {IMAGE}']


def crc32c_table():
    table = []
    for value in range(256):
        for _ in range(8):
            value = value >> 1 ^ (0x82f63b78 if value & 1 else 0)
        table.append(value)
    return table


TABLE = crc32c_table()


def masked_crc32c(content):
    crc = 0xffffffff
    for byte in content:
        crc = crc >> 8 ^ TABLE[(crc ^ byte) & 0xff]
    crc ^= 0xffffffff
    return (crc >> 15 | crc << 17) + 0xa282ead8 & 0xffffffff


# ---- the index: leveldb's table with blocks of one entry each, no shared prefixes

def block(entries):
    content = b''.join(varint(0) + varint(len(key)) + varint(len(value)) + key + value
                       for key, value in entries)
    content += bytes(4) + (1).to_bytes(4, 'little')
    return content + bytes(1) + masked_crc32c(content + bytes(1)).to_bytes(4, 'little')


def handle(at, part):
    return varint(at) + varint(len(part) - 5)


def table(entries):
    out, index = b'', []
    for first in range(0, len(entries), 64):
        part = block(entries[first:first + 64])
        index.append((entries[min(first + 63, len(entries) - 1)][0], handle(len(out), part)))
        out += part
    meta, ends = block([]), block(index)
    footer = handle(len(out), meta) + handle(len(out) + len(meta), ends)
    return out + meta + ends + footer.ljust(40, b'\0') + bytes.fromhex('57fb808b247547db')


# ---- the models

def write_model(folder, lines):
    """As graph_text.saved_model(), in a time that grows with the number of lines and no faster."""
    model, nodes = Model(), []
    for line in lines:
        word, *words = line.split()
        if word == 'node':
            nodes.append(message(1, node(words)))
        else:
            model.take(word, words)
    model.nodes = b''.join(nodes)
    os.makedirs(folder)
    with open(os.path.join(folder, 'saved_model.pb'), 'wb') as out:
        out.write(model.bytes())


def weights(folder, names, elements):
    path = os.path.join(folder, 'variables')
    os.makedirs(path)
    content = random.Random(7).randbytes(4 * elements)
    crc = masked_crc32c(content)
    entries = [(b'', number(1, 1))]
    with open(os.path.join(path, 'variables.data-00000-of-00001'), 'wb') as out:
        for i, name in enumerate(names):
            out.write(content)
            entries.append((name.encode(), number(1, 1) + message(2, shape(str(elements)))
                            + number(4, i * len(content)) + number(5, len(content))
                            + varint(6 << 3 | 5) + crc.to_bytes(4, 'little')))
    with open(os.path.join(path, 'variables.index'), 'wb') as out:
        out.write(table(entries))


def of_weights(folder, megabytes):
    each = 8 if megabytes >= LARGE else 1
    elements = each * MIB
    names = [f'v{i:05}' for i in range(megabytes // each)]
    lines = [*HEAD, 'node axis Const dtype=type:INT32 value=ints:0']
    before = 'x'
    for i, name in enumerate(names):
        after = 'sum' if i + 1 == len(names) else f'add/{name}'
        lines += [f'node {name} VarHandleOp dtype=type:FLOAT shape=shape:{elements}',
                  f'node read/{name} ReadVariableOp {name} dtype=type:FLOAT',
                  f'node mean/{name} Mean read/{name} axis T=type:FLOAT Tidx=type:INT32',
                  f'node {after} AddV2 {before} mean/{name} T=type:FLOAT',
                  f'node assign/{name} AssignVariableOp {name} restore:{i} dtype=type:FLOAT']
        before = after
    lines += ['node y Softmax sum T=type:FLOAT',
              'node names Const dtype=type:STRING value=strings:' + ','.join(names),
              'node slices Const dtype=type:STRING value=strings:' + ',' * (len(names) - 1),
              'node prefix Const dtype=type:STRING value=strings:unused',
              'node restore RestoreV2 prefix names slices dtypes=types:'
              + ','.join(['FLOAT'] * len(names)),
              'node restore_all NoOp ' + ' '.join(f'^assign/{name}' for name in names),
              'restore restore_all', *TAIL]
    write_model(folder, lines)
    weights(folder, names, elements)


def of_nodes(folder, count):
    lines = list(HEAD)
    before = 'x'
    for i in range(count - 2):
        lines.append(f'node block{i // 100}/layer{i}/Relu Relu {before} T=type:FLOAT')
        before = f'block{i // 100}/layer{i}/Relu'
    lines += [f'node y Softmax {before} T=type:FLOAT', *TAIL]
    write_model(folder, lines)


def main():
    if len(sys.argv) == 4 and sys.argv[2] == '--nodes':
        of_nodes(sys.argv[1], int(sys.argv[3]))
    elif len(sys.argv) == 3:
        of_weights(sys.argv[1], int(sys.argv[2]))
    else:
        sys.exit(__doc__)


if __name__ == '__main__':
    main()
