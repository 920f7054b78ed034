# SPDX-License-Identifier: Apache-2.0
"""ZIP archives, and folders of many files."""
import os
import zipfile

from .parts import HEAD, TAIL, graph, kind, network, put
from protobuf import message

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
