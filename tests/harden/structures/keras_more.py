# SPDX-License-Identifier: Apache-2.0
"""More Keras files: configurations, and the structures of HDF5 itself."""
import json
import struct
import zipfile
import zlib

from .keras_files import (DEFLATE, KERAS_COMMANDS, SHUFFLE, floats, functional, keras, keras_layer, keras_of_chunk,
                          keras_of_data, keras_softmax, keras_start)
from .parts import kind as any_kind, put
import keras_file


def kind(*sizes):
    return any_kind(*sizes, commands=KERAS_COMMANDS)


# ---- configurations

def plain(folder, more=(), last='x', **of_last):
    layers = [*more, keras_layer('y', 'Softmax', [[(last, 0)]], **of_last)]
    return keras(folder, functional([keras_start(), *layers], [('y', 0)]))


def sequential(layers, name='model'):
    return {'class_name': 'Sequential', 'name': name, 'config': {'name': name, 'layers': layers}}


def simple(name, class_name='ReLU', **config):
    return {'class_name': class_name, 'name': name, 'config': {'name': name, **config}}


def start():
    return {'class_name': 'InputLayer', 'config': {'name': 'x', 'batch_input_shape': [None, 8, 8, 2]}}


@kind(10, 50, 100)
def keras_nest(folder, n):
    """Models in models, deeper than anybody builds them."""
    inner = sequential([start(), simple('y', 'Softmax')])
    for i in range(n):
        inner = sequential([inner], f'm{i}')
    return keras(folder, inner)


@kind(500, 1000, 2000)
def keras_models(folder, n):
    """A model that is called again and again."""
    inner = functional([keras_start(), keras_layer('r', 'ReLU', [[('x', 0)]])], [('r', 0)], 'inner')
    inner['inbound_nodes'] = [[['inner', i, 0, {}]] if i else [['x', 0, 0, {}]] for i in range(n)]
    return keras(folder, functional([keras_start(), inner, keras_softmax('inner', n)], [('y', 0)]))


@kind(1000, 2000, 4000)
def keras_wide(folder, n):
    """A layer that reads all outputs of another one."""
    calls = [[('x', 0)]] * n
    add = keras_layer('sum', 'Add', [[('r', i) for i in range(n)]])
    return keras(folder, functional([keras_start(), keras_layer('r', 'ReLU', calls), add, keras_softmax('sum')], [('y', 0)]))


@kind(10 ** 4, 10 ** 5, 3 * 10 ** 5)
def keras_keys(folder, n):
    return plain(folder, **{f'k{i}': i for i in range(n)})


@kind(10 ** 4, 10 ** 5, 3 * 10 ** 5)
def keras_objects(folder, n):
    return plain(folder, more_of_it=[{}] * n)


@kind(10 ** 4, 10 ** 5, 10 ** 6)
def keras_numbers(folder, n):
    """Constants in the configuration."""
    scale = keras_layer('scale', 'Rescaling', [[('x', 0)]], scale=[0.5] * n, offset=0.0)
    normalize = keras_layer('n', 'Normalization', [[('scale', 0)]], mean=[0.5] * n, variance=[1.0] * n, axis=-1)
    return plain(folder, [scale, normalize], 'n')


@kind(10 ** 4, 10 ** 5, 10 ** 6)
def keras_long_names(folder, n):
    return plain(folder, [keras_layer('r' * n, 'ReLU', [[('x', 0)]])], 'r' * n)


@kind(10 ** 4, 10 ** 5, 10 ** 6)
def keras_long_class(folder, n):
    return plain(folder, [keras_layer('r', 'ReLU' * n, [[('x', 0)]])], 'r')


@kind(10 ** 4, 10 ** 5, 10 ** 6)
def keras_axes(folder, n):
    return plain(folder, [keras_layer('p', 'Permute', [[('x', 0)]], dims=list(range(1, n))),
                          keras_layer('r', 'Reshape', [[('p', 0)]], target_shape=[1] * n)], 'r')


@kind(10 ** 3, 10 ** 4, 10 ** 5)
def keras_crops(folder, n):
    layers = [keras_layer('z', 'ZeroPadding2D', [[('x', 0)]], padding=[[10 ** 8, 10 ** 8]] * n),
              keras_layer('c', 'Cropping2D', [[('z', 0)]], cropping=[[2 ** 31, 0], [0, 0]]),
              keras_layer('r', 'RepeatVector', [[('c', 0)]], n=10 ** 9)]
    return plain(folder, layers, 'r')


@kind(16, 24, 32)
def keras_doubling(folder, n):
    """Channels that double in each layer."""
    layers = [keras_layer(f'c{i}', 'Concatenate', [[(f'c{i - 1}' if i else 'x', 0), (f'c{i - 1}' if i else 'x', 0)]], axis=-1)
              for i in range(n)]
    return plain(folder, layers, f'c{n - 1}')


@kind(150, 300, 600)
def keras_dense_blocks(folder, n):
    """Each layer reads all that were made before it."""
    layers = [keras_layer(f'c{i}', 'Add', [[('x', 0), *((f'c{k}', 0) for k in range(i))]]) for i in range(n)]
    return plain(folder, layers, f'c{n - 1}')


@kind(1000, 2000, 4000)
def keras_arguments(folder, n):
    """A call with many arguments that nobody knows."""
    layer = keras_layer('r', 'ReLU', [[('x', 0)]])
    layer['inbound_nodes'][0][0][3] = {f'a{i}': ['x', 0, 0] for i in range(n)}
    return plain(folder, [layer], 'r')


@kind(1000, 2500, 5000)
def keras_activations(folder, n):
    layers = [keras_layer(f'a{i}', 'Activation', [[(f'a{i - 1}' if i else 'x', 0)]], activation='gelu') for i in range(n)]
    return plain(folder, layers, f'a{n - 1}')


@kind(250, 1000, 4000)
def keras_shared_config(folder, n):
    """Layers without weights, and one of the same name whose long configuration each is compared with."""
    long = {f'k{i}': 0 for i in range(20 * n)}
    first = simple('d', 'DepthwiseConv2D', kernel_size=[1, 1], use_bias=False, **long)
    models = [sequential([start(), first], 'm')]
    models += [sequential([simple('d', 'DepthwiseConv2D', kernel_size=[1, 1], use_bias=False)], f'm{i}') for i in range(n)]
    weights = {'layers/sequential/layers/depthwise_conv2d/vars/0': [1, 1, 2, 1]}
    return keras(folder, sequential([*models, simple('y', 'Softmax')]), weights)


@kind(250, 500, 1000)
def keras_unnamed_groups(folder, n):
    """Layers that lie in groups of other names, in HDF5."""
    groups = {f'group{i}': {} for i in range(n)}
    path = f'{folder}/model.h5'
    keras_file.write({'version': '2.2.0', 'weights': groups, 'room': 0,
                      'config': {'class_name': 'Sequential', 'config': [start_h5(), *[{'class_name': 'ReLU'} for _ in range(n - 1)]]}}, path)
    return path


def start_h5():
    return {'class_name': 'ReLU', 'config': {'name': 'first', 'batch_input_shape': [None, 8, 8, 2]}}


WRAPPED = (2939, 1471, 853, 149, 148, 134, 92, 92) # their product modulo 2 ** 64 is 384


@kind(2, 4, 8)
def keras_wrapped_count(folder, n):
    """A constant in lists in lists, of which the first ones promise more elements than a number can count."""
    value = 0.5
    for size in reversed(WRAPPED[:n]):
        value = [value] + [0.5] * (size - 1)
    return plain(folder, [keras_layer('scale', 'Rescaling', [[('x', 0)]], scale=value, offset=0.0)], 'scale')


# ---- archives

@kind(1000, 4000, 16000)
def keras_members(folder, n):
    path = plain(folder)
    with zipfile.ZipFile(path, 'a') as archive:
        for i in range(n):
            archive.writestr(f'assets/{i}', b'')
    return path


@kind(10 ** 6, 10 ** 7, 10 ** 8)
def keras_zeros(folder, n):
    """A configuration with blanks, and an asset of zeros."""
    path = plain(folder)
    with zipfile.ZipFile(path) as archive:
        contents = {name: archive.read(name) for name in archive.namelist()}
    contents['config.json'] += b' ' * (n // 10)
    contents['assets/zeros'] = bytes(n)
    with zipfile.ZipFile(path, 'w', zipfile.ZIP_DEFLATED) as archive:
        for name, content in contents.items():
            archive.writestr(name, content)
    return path


# ---- HDF5: links, trees and heaps

def config_of(layers):
    return keras_file.text_attribute('model_config', json.dumps(functional(
        [keras_start(), *layers, keras_softmax(layers[-1]['name'] if layers else 'x')], [('y', 0)])))


def h5(folder, writer, root):
    return put(folder, 'model.h5', writer.finish(root))


def old_message(kind_of, body):
    body += bytes(-len(body) % 8)
    return struct.pack('<HHB3x', kind_of, len(body), 0) + body


def whole(folder, writer, group):
    """A file whose weights are the group at this address."""
    root = writer.header([config_of([]), keras_file.link('model_weights', group)])
    return h5(folder, writer, root)


@kind(2500, 5000, 10000)
def hdf5_groups(folder, n):
    writer = keras_file.Writer()
    groups = {f'g{i}': writer.group({}) for i in range(n)}
    return whole(folder, writer, writer.group(groups, [keras_file.text_attribute('layer_names', list(groups)[:2000])]))


@kind(100, 1000, 10000)
def hdf5_group_nest(folder, n):
    writer = keras_file.Writer()
    inner = writer.group({})
    for _ in range(n):
        inner = writer.group({'y': inner})
    return whole(folder, writer, inner)


def continuation(at, size):
    return keras_file.message(16, struct.pack('<QQ', at, size))


@kind(1000, 4000, 16000)
def hdf5_continuations(folder, n):
    """A header in many blocks."""
    writer = keras_file.Writer()
    size = 8 + 20 # signature, checksum, one message
    first = len(writer.data) + 11 + 20 + 4 + 64
    writer.put(bytes(first - len(writer.data)))
    for i in range(n):
        writer.put(b'OCHK' + continuation(first + (i + 1) * size, size) + bytes(4))
    writer.put(b'OCHK' + bytes(20) + bytes(4))
    return whole(folder, writer, writer.header([continuation(first, size)]))


@kind(10, 1000, 60000)
def hdf5_continuation_circle(folder, n):
    """A block that names itself n times."""
    writer = keras_file.Writer()
    at, size = len(writer.data), 8 + 20 * n
    writer.put(b'OCHK' + continuation(at, size) * n + bytes(4))
    return whole(folder, writer, writer.header([continuation(at, size)]))


def symbols(writer, tree, heap):
    return writer.header([keras_file.message(17, struct.pack('<QQ', tree, heap))])


def local_heap(writer, names):
    at = writer.put(names)
    return writer.put(b'HEAP' + bytes(4) + struct.pack('<QQQ', len(names), 0, at))


def tree_node(writer, level, children):
    body = b''.join(struct.pack('<QQ', 0, child) for child in children)
    return writer.put(b'TREE' + struct.pack('<BBHQQ', 0, level, len(children), keras_file.UNDEFINED, keras_file.UNDEFINED) + body)


def symbol_node(writer, places, target):
    entries = b''.join(struct.pack('<QQII16x', place, target, 0, 0) for place in places)
    return writer.put(b'SNOD' + struct.pack('<BBH', 1, 0, len(places)) + entries)


@kind(6, 12, 60)
def hdf5_tree_tower(folder, n):
    """Each node names the next one twice."""
    writer = keras_file.Writer()
    heap = local_heap(writer, b'a\0')
    node = symbol_node(writer, [0], 48)
    for level in range(n):
        node = tree_node(writer, level, [node, node])
    return whole(folder, writer, symbols(writer, node, heap))


@kind(2000, 8000, 32000)
def hdf5_long_names(folder, n):
    """Links that all have one long name."""
    writer = keras_file.Writer()
    heap = local_heap(writer, b'a' * (40 * n) + b'\0')
    node = symbol_node(writer, range(n), 48)
    return whole(folder, writer, symbols(writer, tree_node(writer, 0, [node]), heap))


@kind(2000, 8000, 32000)
def hdf5_attributes(folder, n):
    writer = keras_file.Writer()
    return whole(folder, writer, writer.header([keras_file.text_attribute(f'a{i}', 'v') for i in range(n)]))


@kind(1000, 4000, 16000)
def hdf5_shared_messages(folder, n):
    """Attributes that stand behind n other messages of an object."""
    writer = keras_file.Writer()
    target = writer.header([*[keras_file.message(13, b'')] * n, keras_file.text_attribute('a', 'v')])
    shared = struct.pack('<BHB', 12, 10, 2) + struct.pack('<BBQ', 2, 2, target)
    return whole(folder, writer, writer.header([shared] * n))


@kind(1000, 4000, 16000)
def hdf5_name_lists(folder, n):
    """layer_names in n parts."""
    writer = keras_file.Writer()
    return whole(folder, writer, writer.header([keras_file.text_attribute(f'layer_names{i}', ['a', 'b']) for i in range(n)]))


def fractal_heap(writer, rows, width, root):
    """Its identifiers have seven bytes: offsets of four, lengths of two."""
    return writer.put(b'FRHP' + struct.pack('<BHHBI', 0, 7, 0, 0, 0xffff) + bytes(96)
                      + struct.pack('<HQQHHQH', width, 512, 1 << 30, 32, 0, root, rows))


@kind(500, 2000, 8000)
def hdf5_wide_heap(folder, n):
    """Links in a heap whose table has as many columns as can be, far from its beginning."""
    writer = keras_file.Writer()
    link = keras_file.link('a', writer.group({}))[4:]
    direct = writer.put(b'FHDB' + bytes(12) + link)
    indirect = writer.put(b'FHIB' + bytes(1 + 8 + 4) + struct.pack('<Q', direct) * (1023 * 13))
    heap = fractal_heap(writer, 13, 1023, indirect)
    offset = 512 * 1023 * 2 ** 11 + 16 # in the last row
    record = struct.pack('<IBIH', 0, 0, offset, len(link))
    leaf = writer.put(b'BTLF' + bytes(2) + record * n + bytes(4))
    tree = writer.put(b'BTHD' + struct.pack('<BBIHHBBQHQ', 0, 5, 1 << 20, len(record), 0, 100, 40, leaf, n, n) + bytes(4))
    return whole(folder, writer, writer.header([keras_file.message(2, struct.pack('<BBQQ', 0, 0, heap, tree))]))


@kind(1000, 4000, 16000)
def hdf5_collections(folder, n):
    """Texts in heaps that begin inside each other."""
    writer = keras_file.Writer()
    first, unit = len(writer.data), 40
    for i in range(n):
        size = unit * (n - i)
        writer.put(b'GCOL' + struct.pack('<B3xQ', 1, size) + struct.pack('<HH4xQ', 1, 0, size - 32) + bytes(8))
    texts = b''.join(struct.pack('<IQI', 1, first + unit * i, 1) for i in range(min(n, 4000)))
    kind_of = struct.pack('<BBBBI', 0x19, 1, 0, 0, 16) + struct.pack('<BBBBI', 0x13, 0, 0, 0, 1)
    space = struct.pack('<BBBBQ', 2, 1, 0, 1, len(texts) // 16)
    label = b'layer_names\0'
    names = keras_file.message(12, struct.pack('<BBHHHB', 3, 0, len(label), len(kind_of), len(space), 0) + label + kind_of
                               + space + texts)
    return whole(folder, writer, writer.header([names]))


# ---- HDF5: datasets

@kind(100, 1000, 10000)
def hdf5_filters(folder, n):
    """Chunks that go through as many filters as there may be."""
    content = zlib.compress(bytes(4 * 10 ** 5), 9)
    return keras_of_chunk(folder, 10 ** 5, content, n, [SHUFFLE] * 31 + [DEFLATE])


@kind(10 ** 5, 10 ** 6, 10 ** 9)
def hdf5_fill(folder, n):
    """A dataset without chunks, of a size that its file cannot have."""
    return keras_of_chunk(folder, n, b'', 0, [DEFLATE])


@kind(10 ** 5, 10 ** 6, 10 ** 9)
def hdf5_small_chunks(folder, n):
    """Chunks of one number."""
    writer = keras_file.Writer()
    data = floats(writer, n, (1, 1, 1, 1), keras_file.UNDEFINED)
    return keras_of_data(folder, n, writer, data)


@kind(20, 80, 160)
def hdf5_same_bytes(folder, n):
    """Weights of a megabyte each, which are all the same bytes."""
    writer, width = keras_file.Writer(), 512
    place = struct.pack('<BBQQ', 3, 1, writer.put(bytes(4 * width * width)), 4 * width * width)
    layers, groups = [keras_start()], {}
    layers[0]['config']['batch_input_shape'][3] = width
    for i in range(n):
        layers.append(keras_layer(f'c{i}', 'Conv2D', [[(f'c{i - 1}' if i else 'x', 0)]], kernel_size=[1, 1], filters=width,
                                  use_bias=False))
        data = writer.floats((1, 1, width, width), keras_file.message(8, place))
        groups[f'c{i}'] = writer.group({'kernel:0': data}, [keras_file.text_attribute('weight_names', ['kernel:0'])])
    layers.append(keras_softmax(f'c{n - 1}'))
    weights = writer.group(groups, [keras_file.text_attribute('layer_names', list(groups))])
    config = keras_file.text_attribute('model_config', json.dumps(functional(layers, [('y', 0)])))
    return h5(folder, writer, writer.group({'model_weights': weights}, [config]))


@kind(10, 1000, 60000)
def hdf5_user_block(folder, n):
    """A file that begins late."""
    content = bytearray(keras_file.hdf5({'config': functional([keras_start(), keras_softmax('x')], [('y', 0)])}))
    room = 512 * 2 ** (n.bit_length() // 2)
    struct.pack_into('<Q', content, 12, room)
    return put(folder, 'model.h5', bytes(room) + content)
