# SPDX-License-Identifier: Apache-2.0
"""Small networks of the kinds that engines compute differently from version to version, for export_ops.py:

    whole_OP_TYPE        an operation on integers of each type that TensorFlow computes it for
    same_OP_...          SAME padding of an open size: sizes, strides, kernels, dilations
    padded_OP_...        padding before a window, which optimisers merge
    bicubic_...          bicubic resizes, with transpositions or without around them
    resize_...           resizes to sizes that a rounded factor misses
    patches_..., dilation_...   what ONNX has no operation for
    quantised_...        fake quantisation, of empty ranges too
    open_...             what holds for some sizes only
    selected_...         reductions of as many elements as the image selects
"""
import numpy as np
import tensorflow as tf

raw = tf.raw_ops
WHOLE = 'uint8 int8 uint16 int16 int32 int64 uint32'.split()


# --------------------------------------------- integers

def random_filter(*shape):
    return tf.constant(np.random.RandomState(sum(shape)).normal(size=shape), tf.float32)


def loop(v):
    return tf.while_loop(lambda i, s: i < 3, lambda i, s: (i + 1, s + v), [0, v])[1]


def small(v):
    """Indices 0 to 3."""
    return tf.cast(tf.math.floormod(tf.cast(v, tf.int32), 4), v.dtype)


# of v [1, 8, 6, 4] and a constant k of its type, 3
WHOLE_OPS = {
    'abs': lambda v, k: tf.abs(v),
    'neg': lambda v, k: -v,
    'sign': lambda v, k: tf.sign(v),
    'square': lambda v, k: tf.square(v),
    'relu': lambda v, k: tf.nn.relu(v),
    'relu6': lambda v, k: tf.nn.relu6(v),
    'add': lambda v, k: v + k,
    'add_wraps': lambda v, k: (v + v + v) // k,
    'sub': lambda v, k: k - v,
    'mul': lambda v, k: v * k,
    'floor_div': lambda v, k: v // k,
    'floor_mod': lambda v, k: v % k,
    'truncate_div': lambda v, k: tf.truncatediv(v, k),
    'truncate_mod': lambda v, k: tf.truncatemod(v, k),
    'pow': lambda v, k: tf.pow(v, tf.constant(2, v.dtype)),
    'squared_difference': lambda v, k: tf.math.squared_difference(v, k),
    'maximum': lambda v, k: tf.maximum(v, k),
    'minimum': lambda v, k: tf.minimum(v, k),
    'clip': lambda v, k: tf.clip_by_value(v, k, k + k),
    'equal': lambda v, k: tf.equal(v, k),
    'not_equal': lambda v, k: tf.not_equal(v, k),
    'less': lambda v, k: v < k,
    'less_equal': lambda v, k: v <= k,
    'greater': lambda v, k: v > k,
    'greater_equal': lambda v, k: v >= k,
    'add_n': lambda v, k: tf.add_n([v, v, v]),
    'where': lambda v, k: tf.where(v > k, v, k),
    'select_rows': lambda v, k: raw.Select(condition=[True, False, True, False], x=v[0, :4], y=v[0, 4:]),
    'sum': lambda v, k: tf.reduce_sum(v, 3),
    'mean': lambda v, k: tf.reduce_mean(v, [1, 2]),
    'mean_all': lambda v, k: tf.reduce_mean(v),
    'mean_256': lambda v, k: tf.reduce_mean(tf.tile(v, [1, 4, 8, 1])[:, :16, :16], [1, 2]),
    'prod': lambda v, k: tf.reduce_prod(v, 3),
    'max': lambda v, k: tf.reduce_max(v, [1, 2], keepdims=True),
    'min': lambda v, k: tf.reduce_min(v, 3),
    'arg_max': lambda v, k: tf.argmax(v, 3),
    'arg_max_1': lambda v, k: tf.argmax(v, 1, output_type=tf.int32),
    'arg_min': lambda v, k: tf.argmin(v, 3),
    'cumsum': lambda v, k: tf.cumsum(v, 2),
    'top_k': lambda v, k: tf.math.top_k(v, 2)[0],
    'sort': lambda v, k: tf.sort(v, -1),
    'one_hot': lambda v, k: tf.one_hot(v, 5),
    'one_hot_small': lambda v, k: tf.one_hot(small(v), 4, axis=1),
    'one_hot_of': lambda v, k: tf.one_hot(tf.cast(small(v), tf.int32), 4, on_value=k, off_value=k + k),
    'one_hot_scalar': lambda v, k: tf.one_hot(small(v)[0, 0, 0, 0], 4, on_value=k, off_value=k + k),
    'max_pool': lambda v, k: raw.MaxPool(input=v, ksize=[1, 2, 2, 1], strides=[1, 2, 2, 1], padding='SAME'),
    'pad': lambda v, k: tf.pad(v, [[0, 0], [1, 2], [0, 1], [0, 0]]),
    'pad_with': lambda v, k: tf.pad(v, [[0, 0], [1, 2], [0, 1], [0, 0]], constant_values=k),
    'pad_mirror': lambda v, k: tf.pad(v, [[0, 0], [1, 2], [0, 1], [0, 0]], 'REFLECT'),
    'pad_symmetric': lambda v, k: tf.pad(v, [[0, 0], [1, 2], [0, 1], [0, 0]], 'SYMMETRIC'),
    'concat': lambda v, k: tf.concat([v, v], 3),
    'split': lambda v, k: tf.split(v, 2, 3)[1],
    'split_sizes': lambda v, k: tf.split(v, [1, 3], 3)[1],
    'stack': lambda v, k: tf.stack([v, v], 1),
    'unstack': lambda v, k: tf.unstack(v, axis=3)[2],
    'slice': lambda v, k: v[:, 1:5:2, ::-1, 1],
    'reverse': lambda v, k: tf.reverse(v, [1]),
    'roll': lambda v, k: tf.roll(v, 2, 1),
    'tile': lambda v, k: tf.tile(v, [1, 2, 1, 1]),
    'transpose': lambda v, k: tf.transpose(v, [0, 2, 1, 3]),
    'broadcast': lambda v, k: tf.broadcast_to(v, [2, 8, 6, 4]),
    'gather': lambda v, k: tf.gather(v, [3, 1], axis=2),
    'gather_at': lambda v, k: tf.gather(tf.range(40.), tf.cast(small(v), v.dtype)),
    'gather_nd': lambda v, k: tf.gather_nd(v, [[0, 1], [0, 3]]),
    'scatter_nd': lambda v, k: tf.scatter_nd([[3], [0]], v[0, :2], [5, 6, 4]),
    'tensor_scatter': lambda v, k: tf.tensor_scatter_nd_update(v, [[0, 1]], v[0, 2][tf.newaxis]),
    'boolean_mask': lambda v, k: tf.boolean_mask(v, [True, False] * 4, axis=1),
    'non_zero': lambda v, k: tf.cast(tf.where(v), tf.float32),
    'mat_mul': lambda v, k: tf.matmul(v[0], tf.transpose(v[0], [0, 2, 1])),
    'einsum': lambda v, k: tf.einsum('nhwc,nhwd->nhcd', v, v),
    'tensordot': lambda v, k: tf.tensordot(v, v[0, 0, :4], 1),
    'zeros_like': lambda v, k: tf.zeros_like(v) + tf.ones_like(v) + v,
    'fill': lambda v, k: tf.fill(tf.shape(v), k) + v,
    'range': lambda v, k: tf.range(tf.constant(0, v.dtype), k + k),
    'range_open': lambda v, k: tf.range(tf.constant(0, v.dtype), small(v)[0, 0, 0, 0] + k),
    'resize_nearest': lambda v, k: raw.ResizeNearestNeighbor(images=v, size=[16, 12]),
    'resize_bilinear': lambda v, k: raw.ResizeBilinear(images=v, size=[16, 12], half_pixel_centers=True),
    'depth_to_space': lambda v, k: tf.nn.depth_to_space(v, 2),
    'space_to_depth': lambda v, k: tf.nn.space_to_depth(v, 2),
    'space_to_batch': lambda v, k: tf.space_to_batch(v, [2, 2], [[0, 0], [0, 0]]),
    'bitwise': lambda v, k: tf.bitwise.bitwise_and(v, k) + tf.bitwise.bitwise_xor(v, k),
    'invert': lambda v, k: tf.bitwise.invert(v),
    'left_shift': lambda v, k: tf.bitwise.left_shift(v, small(v)),
    'right_shift': lambda v, k: tf.bitwise.right_shift(v, small(v)),
    'shift_far': lambda v, k: tf.bitwise.left_shift(v, k * 11) + tf.bitwise.right_shift(v, k * 21),
    'band_part': lambda v, k: tf.linalg.band_part(v, 1, 0),
    'diag': lambda v, k: tf.linalg.diag(v),
    'diag_part': lambda v, k: tf.linalg.diag_part(v[0, :4]),
    'set_diag': lambda v, k: tf.linalg.set_diag(v, v[:, :, :4, 0]),
    'unique': lambda v, k: tf.unique(tf.reshape(v, [-1]))[1],
    'unique_values': lambda v, k: tf.unique(tf.reshape(v, [-1]))[0],
    'reverse_sequence': lambda v, k: tf.reverse_sequence(v, [5], 1),
    'cond': lambda v, k: tf.cond(tf.reduce_sum(tf.cast(v, tf.float32)) > 0, lambda: v, lambda: v + k),
    'while': lambda v, k: loop(v),
    'map': lambda v, k: tf.map_fn(lambda row: row + k, v[0])[tf.newaxis],
    'to_uint8': lambda v, k: tf.cast(v, tf.uint8),
    'to_int8': lambda v, k: tf.cast(v, tf.int8),
    'to_bool': lambda v, k: tf.cast(v, tf.bool),
    'to_int64': lambda v, k: tf.cast(v, tf.int64),
    'narrow_and_back': lambda v, k: tf.cast(tf.cast(v * k, tf.uint8), v.dtype) + k,
    'segment_sum': lambda v, k: tf.math.segment_sum(v[0], [0, 0, 1, 1, 2, 2, 2, 3]),
    'bucketize': lambda v, k: raw.Bucketize(input=v, boundaries=[0., 5., 10.]),
    'l2': lambda v, k: tf.cast(v, tf.float32) * 0.5,
}


def as_whole(x, dtype):
    """Whole numbers of up to 40, positive ones where the type has no others."""
    scaled = tf.floor(x * 40)
    return tf.cast(tf.abs(scaled) if dtype.startswith('u') else scaled, dtype)


def whole(op, dtype):
    return lambda x: tf.cast(WHOLE_OPS[op](as_whole(x, dtype), tf.constant(3, dtype)), tf.float32)


def logical(op):
    return lambda x: tf.cast(LOGICAL_OPS[op](x > 0.1, x < 0.5), tf.float32)


LOGICAL_OPS = {
    'where': lambda a, b: tf.where(a, b, tf.logical_not(b)),
    'one_hot': lambda a, b: tf.one_hot(tf.cast(a, tf.int32), 3, on_value=True, off_value=False),
    'any': lambda a, b: tf.reduce_any(a, 3),
    'all': lambda a, b: tf.reduce_all(a, [1, 2]),
    'concat': lambda a, b: tf.concat([a, b], 3),
    'pad': lambda a, b: tf.pad(a, [[0, 0], [1, 1], [0, 0], [0, 0]]),
    'tile': lambda a, b: tf.tile(a, [1, 2, 1, 1]),
    'gather': lambda a, b: tf.gather(a, [2, 0], axis=1),
    'split': lambda a, b: tf.split(a, 2, 3)[0],
    'slice': lambda a, b: a[:, ::2, 1],
    'equal': lambda a, b: tf.equal(a, b),
    'band_part': lambda a, b: tf.linalg.band_part(a, 0, 1),
    'diag': lambda a, b: tf.linalg.diag(a),
    'set_diag': lambda a, b: tf.linalg.set_diag(a, b[:, :, :4, 0]),
    'scatter': lambda a, b: tf.tensor_scatter_nd_update(a, [[0, 1]], b[0, 2][tf.newaxis]),
    'scatter_nd': lambda a, b: tf.scatter_nd([[3], [0]], a[0, :2], [5, 6, 4]),
    'reverse': lambda a, b: tf.reverse(a, [1]),
    'where_places': lambda a, b: tf.cast(tf.where(a), tf.float32),
    'mask': lambda a, b: tf.boolean_mask(a, [True, False] * 4, axis=1),
    'while': lambda a, b: tf.while_loop(lambda i, s: i < 2, lambda i, s: (i + 1, s ^ b), [0, a])[1],
    'cond': lambda a, b: tf.cond(a[0, 0, 0, 0], lambda: a, lambda: b),
    'zeros_like': lambda a, b: tf.zeros_like(a) | b,
    'stack': lambda a, b: tf.stack([a, b], 1),
    'roll': lambda a, b: tf.roll(a, 1, 2),
    'broadcast': lambda a, b: tf.broadcast_to(a, [2, 8, 6, 4]),
}


# --------------------------------------------- windows

def window(op, kernel, stride, dilation, padding):
    k, s = (kernel, stride) if isinstance(kernel, tuple) else ((kernel, kernel), (stride, stride))
    if op == 'conv':
        return lambda x: tf.nn.conv2d(x, random_filter(*k, 4, 3), s, padding, dilations=dilation)
    if op == 'depthwise':
        return lambda x: tf.nn.depthwise_conv2d(x, random_filter(*k, 4, 2), [1, *s, 1], padding,
                                                dilations=[dilation, dilation])
    if op == 'max':
        return lambda x: tf.nn.max_pool2d(x, k, s, padding)
    return lambda x: tf.nn.avg_pool2d(x, k, s, padding)


def volume(op, kernel, stride):
    def call(x):
        x = tf.stack([x, -x, x * 2], 1)
        if op == 'conv':
            x = tf.nn.conv3d(x, random_filter(2, kernel, kernel, 4, 3), [1, 2, stride, stride, 1], 'SAME')
        else:
            pool = tf.nn.max_pool3d if op == 'max' else tf.nn.avg_pool3d
            x = pool(x, [2, kernel, kernel], [2, stride, stride], 'SAME')
        return tf.reduce_max(x, 1)
    return call


def same_networks():
    sizes = ((7, 9), (8, 6), (9, 10), (1, 5))
    for op in ('conv', 'depthwise', 'max', 'avg'):
        for kernel in (1, 2, 3, 4, 5, (3, 2)):
            for stride in (1, 2, 3, (2, 3)):
                if isinstance(kernel, tuple) != isinstance(stride, tuple):
                    continue
                if op == 'depthwise' and isinstance(stride, tuple):
                    continue
                for number, size in enumerate(sizes):
                    name = f'same_{op}_k{kernel}_s{stride}_{size[0]}x{size[1]}'
                    name = name.replace('(', '').replace(')', '').replace(', ', 'by')
                    if stride != 1 or number == 0:
                        yield name, window(op, kernel, stride, 1, 'SAME'), size
    for size in sizes[:3]:
        yield f'same_conv_dilated_{size[0]}x{size[1]}', window('conv', 3, 1, 2, 'SAME'), size
        yield f'same_conv_dilated_strided_{size[0]}x{size[1]}', (
            lambda x: raw.Conv2D(input=x, filter=random_filter(3, 3, 4, 3), strides=[1, 2, 2, 1],
                                 padding='SAME', dilations=[1, 2, 2, 1])), size
        for op in ('conv', 'max', 'avg'):
            yield f'same_volume_{op}_{size[0]}x{size[1]}', volume(op, 3, 2), size


def padded_networks():
    for op in ('conv', 'depthwise', 'max', 'avg'):
        for kernel, stride in ((3, 2), (2, 2), (3, 1)):
            for padding in ('VALID', 'SAME'):
                for how, shift in (('zero', 0.), ('one', 1.)):
                    name = f'padded_{op}_k{kernel}_s{stride}_{padding.lower()}_{how}'
                    pool = window(op, kernel, stride, 1, padding)
                    yield name, (lambda x, pool=pool, shift=shift: pool(tf.pad(
                        x - 1., [[0, 0], [1, 1], [1, 2], [0, 0]], constant_values=shift))), (8, 6)
    pool = window('max', 3, 2, 1, 'VALID')
    for name, between in {
            'identity': tf.identity,
            'float16': lambda x: tf.cast(tf.cast(x, tf.float16), tf.float32),
            'transpose': lambda x: tf.transpose(x, [0, 2, 1, 3]),
            'reshape': lambda x: tf.reshape(x, [1, 9, 10, 4]),
            'squeeze': lambda x: tf.expand_dims(tf.squeeze(x, 0), 0),
            'slice': lambda x: x[:, 1:],
            'concat': lambda x: tf.concat([x, x], 3),
            'reverse': lambda x: tf.reverse(x, [3])}.items():
        yield f'padded_max_{name}', (lambda x, between=between: pool(between(tf.pad(
            x - 1., [[0, 0], [1, 1], [1, 2], [0, 0]])))), (8, 6)
    yield 'padded_max_after_conv', (lambda x: pool(tf.pad(
        tf.nn.conv2d(x, random_filter(3, 3, 4, 3), 1, 'SAME'), [[0, 0], [1, 1], [1, 1], [0, 0]]))), (8, 6)


def bicubic_networks():
    for side, size in (('up', (16, 12)), ('down', (4, 3)), ('odd', (16, 4)), ('wide', (8, 12))):
        for centers in (True, False):
            for before in ('input', 'dense', 'conv', 'softmax'):
                def call(x, size=size, centers=centers, before=before):
                    if before == 'dense':
                        x = tf.tensordot(x, random_filter(4, 3), 1)
                    if before == 'conv':
                        x = tf.nn.conv2d(x, random_filter(3, 3, 4, 3), 1, 'SAME')
                    if before == 'softmax':
                        x = tf.nn.softmax(x)
                    x = raw.ResizeBicubic(images=x, size=size, half_pixel_centers=centers)
                    return tf.nn.softmax(x) if before == 'dense' else x
                yield f'bicubic_{side}_{before}_{"centers" if centers else "corners"}', call, (8, 6)
    for size in ((29, 13), (5, 4), (1, 1), (3, 18)):
        for how in ({'half_pixel_centers': True}, {'align_corners': True}, {}):
            name = '_'.join(['bicubic_to', *map(str, size), *how])
            yield name, (lambda x, size=size, how=how: raw.ResizeBicubic(images=x, size=size, **how)), (8, 6)
            yield f'{name}_open', (lambda x, size=size, how=how: raw.ResizeBicubic(
                images=x, size=tf.shape(x)[1:3] * size // [8, 6], **how)), (8, 6)
    yield 'bicubic_open_size', (lambda x: tf.image.resize(
        x, tf.shape(x)[1:3] * 2, 'bicubic')), (7, 5)


def resize_networks():
    """Sizes that some versions compute from a rounded factor, and get wrong by a pixel; places exactly between two
    pixels."""
    for old, new in ((14, 29), (22, 45), (7, 10), (3, 41)):
        for op in (raw.ResizeBilinear, raw.ResizeNearestNeighbor):
            yield f'resize_{old}_{new}_{op.__name__[6:].lower()}', (lambda x, op=op, new=new: op(
                images=x, size=[new, new], half_pixel_centers=True)), (old, old)
    for old, new in ((16, 11), (6, 1), (12, 18), (9, 9), (24, 10), (7, 21)):
        for how in ({'half_pixel_centers': True}, {'align_corners': True}, {}):
            name = '_'.join(['resize_nearest', str(old), str(new), *how])
            yield name, (lambda x, new=new, how=how: raw.ResizeNearestNeighbor(
                images=x, size=[new, new + 2], **how)), (old, old)
            yield f'{name}_open', (lambda x, old=old, new=new, how=how: raw.ResizeNearestNeighbor(
                images=x, size=tf.shape(x)[1:3] * new // old, **how)), (old, old)
    yield 'resize_by_half_more_open', (lambda x: tf.image.resize(
        x, tf.cast(tf.cast(tf.shape(x)[1:3], tf.float32) * 1.5, tf.int32))), (8, 6)
    yield 'resize_sides_by_half_more_open', (lambda x: tf.image.resize(x, tf.stack([
        tf.cast(tf.cast(tf.shape(x)[i], tf.float32) * 1.5, tf.int32) for i in (1, 2)]))), (8, 6)


def open_networks():
    """What holds for some sizes only."""
    yield 'open_compared', (lambda x: tf.cond(
        tf.shape(x)[1] > 100, lambda: x[:, :100], lambda: tf.pad(x, [[0, 0], [1, 1], [0, 0], [0, 0]]))), (8, 6)
    yield 'open_smaller', (lambda x: x * tf.cast(tf.minimum(tf.shape(x)[1], 20), tf.float32)), (8, 6)
    yield 'open_cut', (lambda x: tf.reshape(x[:, :20], tf.stack([1, -1, tf.shape(x)[2], 4]))), (8, 6)
    yield 'open_roll', (lambda x: tf.roll(x, [3, -40, 1], [1, 2, -1])), (8, 6)
    yield 'open_roll_by_half', (lambda x: tf.roll(x, tf.shape(x)[1:3] // 2, [1, 2])), (8, 6)
    yield 'open_sort', (lambda x: tf.sort(tf.reshape(x, [1, -1, 4]), 1)[:, 3:9]), (8, 6)
    yield 'open_top_k', (lambda x: tf.math.top_k(tf.reshape(x, [1, -1]), tf.size(x) // 10)[0]), (8, 6)
    yield 'open_crop_or_pad', (lambda x: tf.image.resize_with_crop_or_pad(x, 20, 5)), (8, 6)


def selected_networks():
    """As many elements as the image selects: none, or some."""
    for name, low in (('none', 9.), ('some', 0.3)):
        for op in ('sum', 'mean', 'max', 'min', 'prod', 'euclidean_norm'):
            reduce = getattr(tf, f'reduce_{op}', None) or getattr(tf.math, f'reduce_{op}')
            yield f'selected_{name}_{op}', (lambda x, low=low, reduce=reduce: x[..., :1] + reduce(
                tf.boolean_mask(x, x > low))), (8, 6)
            yield f'selected_rows_{name}_{op}', (lambda x, low=low, reduce=reduce: x + reduce(
                tf.boolean_mask(x, x[..., 0] > low), 0, keepdims=True)), (8, 6)
        yield f'selected_{name}_any_all', (lambda x, low=low: x + tf.cast(tf.reduce_any(tf.boolean_mask(
            x, x > low) > 0.5), tf.float32) + 2 * tf.cast(tf.reduce_all(tf.boolean_mask(x, x > low) > 0.5),
                                                          tf.float32)), (8, 6)
        yield f'selected_{name}_written_back', (lambda x, low=low: tf.matmul(tf.tensor_scatter_nd_update(
            x, tf.where(x > low), tf.boolean_mask(x, x > low) * 2), random_filter(4, 3))), (8, 6)


def patch_networks():
    for size in ((8, 6), (7, 9)):
        for padding in ('SAME', 'VALID'):
            name = f'open_{size[0]}_{size[1]}_{padding.lower()}'
            yield f'patches_{name}', (lambda x, padding=padding: tf.image.extract_patches(
                x, [1, 3, 2, 1], [1, 2, 3, 1], [1, 1, 2, 1], padding)), size
            yield f'dilation_{name}', (lambda x, padding=padding: tf.nn.dilation2d(
                x, random_filter(3, 3, 4), [1, 2, 2, 1], padding, 'NHWC', [1, 1, 2, 1])), size


def quantised_networks():
    for name, low, high in (('empty', 0., 0.), ('usual', -1., 1.), ('positive', 0., 2.), ('negative', -2., 0.)):
        yield f'quantised_vars_{name}', (lambda x, low=low, high=high: tf.quantization.fake_quant_with_min_max_vars(
            x, low, high)), (8, 6)
    yield 'quantised_channels', (lambda x: tf.quantization.fake_quant_with_min_max_vars_per_channel(
        x, [0., -1., 0., -.5], [0., 1., 2., .5])), (8, 6)
    yield 'quantised_narrow', (lambda x: tf.quantization.fake_quant_with_min_max_vars(
        x, 0., 0., num_bits=4, narrow_range=True)), (8, 6)


def list_networks():
    def grown(x):
        array = tf.TensorArray(tf.float32, 2, dynamic_size=True, clear_after_read=False)
        return tf.while_loop(lambda i, a: i < 8, lambda i, a: (i + 1, a.write(i, tf.gather(x[0], i))),
                             [0, array])[1].stack()[tf.newaxis]
    yield 'list_grows', grown, (8, 6)
    yield 'slice_open', lambda x: x[:, tf.shape(x)[1] // 3, 1:tf.shape(x)[2] - 1, ::2][:, tf.newaxis], (8, 6)
    yield 'slice_open_backwards', lambda x: x[:, tf.shape(x)[1] - 2:tf.shape(x)[1] // 5:-2], (9, 7)
    yield 'slice_open_last', lambda x: x[:, tf.shape(x)[1] - 10, tf.newaxis, ..., 0:tf.shape(x)[2] - 6], (9, 7)
    for axes, by in (((1, 2), 3), ((2, 1), 2), ((1,), 5), ((2,), 4)):
        def repeated(x, axes=axes, by=by):
            x = tf.nn.conv2d(x, random_filter(3, 3, 4, 3), 1, 'SAME')
            for axis in axes:
                x = tf.repeat(x, by, axis)
            return tf.nn.avg_pool2d(x, 3, 1, 'SAME')
        yield f'repeat_{"".join(map(str, axes))}', repeated, (8, 6)
        yield f'repeat_open_{"".join(map(str, axes))}', repeated, (7, 5)
    yield 'squeeze_none', lambda x: tf.squeeze(tf.concat([x, x], 0)), (8, 6)
    yield 'squeeze_open', lambda x: tf.reshape(tf.squeeze(x[:, :1]), [1, 1, -1, 4]), (8, 6)


def networks():
    """(name, function, height and width of the input, whether they are open in the network)"""
    for op in WHOLE_OPS:
        for dtype in WHOLE:
            yield f'whole_{op}_{dtype}', whole(op, dtype), (8, 6), False
    for op in LOGICAL_OPS:
        yield f'whole_{op}_bool', logical(op), (8, 6), False
    for name, call, size in same_networks():
        yield name, call, size, True
    for make in (padded_networks, bicubic_networks, resize_networks, open_networks, selected_networks,
                 patch_networks, quantised_networks, list_networks):
        for name, call, size in make():
            yield name, call, size, 'open' in name
