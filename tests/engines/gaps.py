# SPDX-License-Identifier: Apache-2.0
"""The probes of docs/tf200-gaps.md: small graphs that TensorFlow 2.0.0's CPU may reject or
compute otherwise than a new TensorFlow.

A table without any TensorFlow: tools/make_tf200_gaps.py turns its rows into GraphDefs, and
test_gaps.py runs the ones that fail again.  A graph is written as nested calls:

    N('Relu', X(2, 3))                          an op of an image that is fed
    N('Transpose', X(2, 3), K([1, 0]))          K: a constant
    N('MaxPool', X(1, 4, 4, 1), ksize=[1, 2, 2, 1], ...)       attrs by keyword

Element types: T stands for the type that a row is repeated for.
"""
import collections
import itertools
import zlib

import numpy as np

T = 'T'
F, H, D, B = 'float32', 'float16', 'float64', 'bfloat16'
FLOATS = (F, H, D, B)


class X:
    """A tensor that is fed, its values drawn from [low, high); `whole` makes them integers."""

    def __init__(self, *shape, dtype=T, low=-2, high=2, whole=False, values=None):
        self.shape, self.dtype, self.low, self.high = shape, dtype, low, high
        self.whole, self.values = whole, values

    def draw(self, random, dtype):
        if self.values is not None:
            return np.asarray(self.values)
        if dtype == 'bool':
            return random.randint(0, 2, self.shape).astype(bool)
        if self.whole or 'int' in dtype:
            low = int(np.ceil(max(self.low, 0) if dtype.startswith('u') else self.low))
            return random.randint(low, max(int(self.high), low + 1), self.shape)
        # Multiples of 1/64 are exact in every type but bfloat16, which has eight bits.
        values = random.uniform(self.low, self.high, self.shape)
        return np.round(values * 64) / 64


class K:
    """A constant."""

    def __init__(self, values, dtype='int32'):
        self.values, self.dtype = values, dtype


class N:
    """A node: the name of an op, its inputs in order (a list where the op takes one), its attrs."""

    def __init__(self, op, *inputs, **attrs):
        self.op, self.inputs, self.attrs = op, inputs, attrs

    def __getitem__(self, index):
        return Out(self, index)


class Out:
    def __init__(self, node, index):
        self.node, self.index = node, index


Probe = collections.namedtuple('Probe', 'op condition detail dtype graph outputs like rewrite')
PROBES = []


def probe(op, condition, graph, dtypes=(F,), detail='', outputs=None, like=None, rewrite=None):
    """A row for each dtype.  `outputs`: how many are compared; `like`: a graph that 2.21 can
    compute, with the same fed tensors, where it cannot compute this one; `rewrite`: one that 2.0.0
    can compute, with the same value."""
    for dtype in dtypes:
        PROBES.append(Probe(op, condition, detail, dtype, graph, outputs, like, rewrite))


def seed_of(p):
    return zlib.crc32('|'.join((p.op, p.condition, p.detail)).encode()) & 0x7fffffff


# --------------------------------------------- layouts

def first(rank):
    """The permutation from channels-first to channels-last."""
    return [0, *range(2, rank), 1]


def last(rank):
    return [0, rank - 1, *range(1, rank - 1)]


def in_order(values, order):
    return [values[i] for i in order]


def windows(op, image, *rest, condition='', dtypes=FLOATS, outputs=None, rewrite=None, **attrs):
    """The op channels-last; then channels-first, whose reference is computed channels-last."""
    rank = len(image.shape)
    one, two = ('NHWC', 'NCHW') if rank == 4 else ('NDHWC', 'NCDHW')
    detail = ' '.join(f'{k}={v}' for k, v in attrs.items())
    shape = 'x'.join(map(str, image.shape))
    probe(op, condition or one, N(op, image, *rest, data_format=one, **attrs), dtypes,
          f'{one} {shape} {detail}', outputs, None, rewrite)
    moved = dict(attrs)
    for name in ('strides', 'ksize', 'dilations'):
        if name in moved:
            moved[name] = in_order(moved[name], last(rank))
    if 'explicit_paddings' in moved and moved['explicit_paddings']:
        pairs = moved['explicit_paddings']
        pairs = [pairs[2 * i:2 * i + 2] for i in range(rank)]
        moved['explicit_paddings'] = sum(in_order(pairs, last(rank)), [])
    flipped = X(*in_order(image.shape, last(rank)), dtype=image.dtype, low=image.low,
                high=image.high)
    reference = N('Transpose', N(op, N('Transpose', flipped, K(first(rank))), *rest,
                                 data_format=one, **attrs), K(last(rank)))
    probe(op, f'{two}' + (f', {condition}' if condition else ''),
          N(op, flipped, *rest, data_format=two, **moved), dtypes, f'{two} {shape} {detail}',
          1, reference)


# --------------------------------------------- rewrites

def reshape(x, *shape):
    return N('Reshape', x, K(np.int32(shape)))


def spread(filters, shape, dilations):
    """The filter with zeros between its taps, a dimension after the other: rank 3 is enough."""
    sides = list(shape)
    for i, d in enumerate(dilations):
        if d == 1:
            continue
        before, rest, k = int(np.prod(sides[:i])), int(np.prod(sides[i + 1:])), sides[i]
        apart = N('Pad', reshape(filters, before * k, 1, rest), K([[0, 0], [0, d - 1], [0, 0]]))
        sides[i] = (k - 1) * d + 1
        filters = N('Slice', reshape(apart, before, k * d, rest), K([0, 0, 0]),
                    K([before, sides[i], rest]))
    return reshape(filters, *sides)


def norm_as_rank_4(x, *rest, **attrs):
    channels = x.shape[-1]
    flat = N('FusedBatchNormV3', reshape(x, -1, 1, 1, channels), *rest, **attrs)
    statistics = [flat[1], flat[2]] if attrs.get('is_training') else []
    return [N('Reshape', flat, N('Shape', x)), *statistics]


def strided(conv, image, kernel, strides, padding):
    """What a convolution with these strides gives, of one that has none.  With SAME the first
    window starts where the image's size, known only when the graph runs, says."""
    if padding == 'SAME':
        size = N('StridedSlice', N('Shape', image), K([1]), K([3]), K([1]))
        s = np.int32(strides)
        windows = N('FloorDiv', N('AddV2', size, K(s - 1)), K(s))
        total = N('Sub', N('AddV2', N('Mul', N('Sub', windows, K([1, 1])), K(s)), K(kernel)), size)
        before = N('FloorDiv', N('Maximum', total, K([0, 0])), K([2, 2]))
        begin = N('Pad', N('Sub', K([(k - 1) // 2 for k in kernel]), before), K([[1, 1]]))
    else:
        begin = K([0, 0, 0, 0])
    return N('StridedSlice', conv, begin, K([0, 0, 0, 0]), K([1, *strides, 1]), end_mask=15)


def in_groups(op, axis, groups, image, filters, filter_axis, make=None, **attrs):
    images = N('Split', K(axis), image, num_split=groups)
    parts = N('Split', K(filter_axis), filters, num_split=groups)
    make = make or (lambda x, f: N(op, x, f, **attrs))
    return N('ConcatV2', [make(images[i], parts[i]) for i in range(groups)], K(axis))


def cast(x, to):
    return N('Cast', x, DstT=to)


COMPARISONS = ('Greater', 'GreaterEqual', 'Less', 'LessEqual', 'Equal', 'NotEqual')


class Wider:
    """Stands for float32 in a row of a floating point type, int32 in one of a whole type."""


def in_wider(op, *inputs, **attrs):
    wide = N(op, *[cast(x, Wider) for x in inputs], **attrs)
    return wide if op in COMPARISONS else cast(wide, T)


# --------------------------------------------- convolutions

for (s, d, pad, batch) in [((1, 1), (1, 1), 'SAME', 1), ((2, 2), (1, 1), 'SAME', 3),
                           ((2, 2), (1, 1), 'VALID', 1), ((2, 1), (1, 1), 'SAME', 1),
                           ((1, 1), (2, 2), 'SAME', 3), ((1, 1), (2, 3), 'VALID', 1),
                           ((1, 1), (2, 1), 'SAME', 1), ((2, 2), (2, 2), 'SAME', 1),
                           ((1, 1), (1, 1), 'SAME', 0), ((3, 3), (1, 1), 'VALID', 1)]:
    c = ', '.join(x for x in ('strides differ' if s[0] != s[1] else '',
                              'dilations' if d != (1, 1) else '',
                              'with strides' if d != (1, 1) and s != (1, 1) else '',
                              'batch 0' if not batch else '') if x)
    windows('Conv2D', X(batch, 11, 9, 4), X(3, 3, 4, 6), condition=c, strides=[1, *s, 1],
            dilations=[1, *d, 1], padding=pad)
    image, filters = X(batch, 11, 9, 4), X(3, 3, 4, 2)
    rewrite = None
    if s[0] != s[1]:
        rewrite = strided(N('DepthwiseConv2dNative', image, filters, strides=[1, 1, 1, 1],
                            padding=pad), image, [3, 3], s, pad)
    elif d != (1, 1):
        rewrite = N('DepthwiseConv2dNative', image, spread(filters, (3, 3, 4, 2), d),
                    strides=[1, *s, 1], padding=pad)
    windows('DepthwiseConv2dNative', image, filters, condition=c, rewrite=rewrite,
            strides=[1, *s, 1], dilations=[1, *d, 1], padding=pad)
    probe('Dilation2D', c or 'any', N('Dilation2D', X(batch, 11, 9, 4), X(3, 3, 4),
                                      strides=[1, *s, 1], rates=[1, *d, 1], padding=pad),
          (F, H, D, B, 'int32'), f'{s} {d} {pad}')
    size = {'SAME': (11 * s[0], 9 * s[1]),
            'VALID': (10 * s[0] + 1 + 2 * d[0], 8 * s[1] + 1 + 2 * d[1])}[pad]
    image, filters = X(batch, 5, 8, 9, 3), X(3, 3, 3, 3, 4)
    rewrite = None
    if d != (1, 1):
        rewrite = N('Conv3D', image, spread(filters, (3, 3, 3, 3, 4), (d[0], *d)),
                    strides=[1, s[0], *s, 1], padding=pad)
    windows('Conv3D', image, filters, condition=c, rewrite=rewrite,
            strides=[1, s[0], *s, 1], dilations=[1, d[0], *d, 1], padding=pad)
    rank4 = dict(strides=[1, *s, 1], dilations=[1, *d, 1], padding=pad)
    image = X(batch, 11, 9, 6)
    flipped = X(batch, 6, 11, 9)
    filters = X(3, 3, 4, 6)
    nhwc = lambda x, at: N('Conv2DBackpropInput', K([batch, *size, 4]), filters, x, **at)
    probe('Conv2DBackpropInput', c or 'NHWC', nhwc(image, rank4), FLOATS, f'{s} {d} {pad}')
    probe('Conv2DBackpropInput', 'NCHW' + (c and ', ' + c),
          N('Conv2DBackpropInput', K([batch, 4, *size]), filters, flipped, padding=pad,
            strides=[1, 1, *s], dilations=[1, 1, *d], data_format='NCHW'), FLOATS,
          f'{s} {d} {pad}', None,
          N('Transpose', nhwc(N('Transpose', flipped, K([0, 2, 3, 1])), rank4), K([0, 3, 1, 2])))
    depth = 5 * s[0] if pad == 'SAME' else 4 * s[0] + 1 + 2 * d[0]
    tall = {'SAME': (7 * s[0], 6 * s[1]),
            'VALID': (6 * s[0] + 1 + 2 * d[0], 5 * s[1] + 1 + 2 * d[1])}[pad]
    rank5 = dict(strides=[1, s[0], *s, 1], dilations=[1, d[0], *d, 1], padding=pad)
    volume = X(3, 3, 3, 3, 4)
    nd = lambda x, at: N('Conv3DBackpropInputV2', K([batch, depth, *tall, 3]), volume, x, **at)
    flipped = X(batch, 4, 5, 7, 6)
    image, rewrite = X(batch, 5, 7, 6, 4), None
    if d != (1, 1):
        rewrite = N('Conv3DBackpropInputV2', K([batch, depth, *tall, 3]),
                    spread(volume, (3, 3, 3, 3, 4), (d[0], *d)), image, strides=rank5['strides'],
                    padding=pad)
    probe('Conv3DBackpropInputV2', c or 'NDHWC', nd(image, rank5), FLOATS,
          f'{s} {d} {pad}', None, None, rewrite)
    probe('Conv3DBackpropInputV2', 'NCDHW' + (c and ', ' + c),
          N('Conv3DBackpropInputV2', K([batch, 3, depth, *tall]), volume, flipped,
            padding=pad, strides=[1, 1, s[0], *s], dilations=[1, 1, d[0], *d],
            data_format='NCDHW'), FLOATS, f'{s} {d} {pad}', None,
          N('Transpose', nd(N('Transpose', flipped, K([0, 2, 3, 4, 1])), rank5),
            K([0, 4, 1, 2, 3])))

windows('Conv2D', X(1, 8, 9, 4), X(3, 3, 2, 6), condition='groups', strides=[1, 1, 1, 1],
        padding='SAME')
windows('Conv2D', X(1, 8, 9, 4), X(3, 3, 1, 4), condition='groups', strides=[1, 2, 2, 1],
        padding='SAME')
windows('Conv2D', X(1, 8, 9, 4), X(3, 3, 1, 8), condition='groups, one filter a channel',
        strides=[1, 2, 1, 1], padding='VALID')
windows('Conv2D', X(1, 8, 9, 4), X(3, 3, 2, 6), condition='groups, dilations',
        strides=[1, 1, 1, 1], dilations=[1, 2, 2, 1], padding='SAME')
IMAGE, FILTERS = X(1, 5, 6, 7, 4), X(3, 3, 3, 2, 6)
windows('Conv3D', IMAGE, FILTERS, condition='groups', strides=[1, 1, 1, 1, 1], padding='SAME',
        rewrite=in_groups('Conv3D', 4, 2, IMAGE, FILTERS, 4, strides=[1, 1, 1, 1, 1],
                          padding='SAME'))
windows('Conv3D', X(1, 5, 6, 7, 4), X(1, 1, 1, 4, 6), condition='1x1x1 filter',
        strides=[1, 1, 1, 1, 1], padding='SAME')
windows('Conv2D', X(1, 8, 9, 4), X(1, 1, 4, 6), condition='1x1 filter', strides=[1, 1, 1, 1],
        padding='SAME')
windows('Conv2D', X(1, 8, 9, 4), X(3, 3, 4, 5), condition='', strides=[1, 1, 2, 1],
        padding='VALID')
windows('Conv2D', X(1, 8, 9, 0), X(3, 3, 0, 5), condition='no channels', strides=[1, 1, 1, 1],
        padding='SAME')
windows('Conv2D', X(1, 8, 9, 4), X(3, 3, 4, 0), condition='no filters', strides=[1, 1, 1, 1],
        padding='SAME')
windows('Conv2D', X(1, 8, 9, 4), X(3, 3, 4, 5, low=-2), condition='whole numbers',
        strides=[1, 1, 1, 1], padding='SAME', dtypes=('int32',))
for s, d in (([1, 1], [1, 1]), ([2, 2], [1, 1]), ([1, 1], [2, 2])):
    condition = 'explicit paddings' + (', dilations' if d[0] > 1 else '')
    for op, filters in (('Conv2D', X(3, 3, 4, 6)), ('DepthwiseConv2dNative', X(3, 3, 4, 2))):
        windows(op, X(2, 9, 8, 4), filters, condition=condition, strides=[1, *s, 1],
                dilations=[1, *d, 1], padding='EXPLICIT',
                explicit_paddings=[0, 0, 1, 2, 2, 0, 0, 0])
    out = [9 * s[0], 8 * s[0]]
    h = (out[0] + 3 - (2 * d[0] + 1)) // s[0] + 1
    w = (out[1] + 2 - (2 * d[0] + 1)) // s[0] + 1
    probe('Conv2DBackpropInput', condition,
          N('Conv2DBackpropInput', K([2, *out, 4]), X(3, 3, 4, 6), X(2, h, w, 6),
            strides=[1, *s, 1], dilations=[1, *d, 1], padding='EXPLICIT',
            explicit_paddings=[0, 0, 1, 2, 2, 0, 0, 0]), FLOATS, f'{s} {d}')
IMAGE, FILTERS = X(1, 8, 9, 6), X(3, 3, 2, 6)
probe('Conv2DBackpropInput', 'groups',
      N('Conv2DBackpropInput', K([1, 8, 9, 4]), FILTERS, IMAGE,
        strides=[1, 1, 1, 1], padding='SAME'), FLOATS, rewrite=in_groups(
            '', 3, 2, IMAGE, FILTERS, 3, lambda x, f: N(
                'Conv2DBackpropInput', K([1, 8, 9, 2]), f, x, strides=[1, 1, 1, 1],
                padding='SAME')))
IMAGE, FILTERS = X(1, 8, 9, 6), X(3, 3, 4, 6)
SIZES = N('ConcatV2', [N('Slice', N('Shape', IMAGE), K([0]), K([1])), K([8, 9]), K([4])], K(0))
probe('Conv2DBackpropInput', 'sizes of two entries',
      N('Conv2DBackpropInput', K([8, 9]), FILTERS, IMAGE, strides=[1, 1, 1, 1],
        padding='SAME'), FLOATS, rewrite=N('Conv2DBackpropInput', SIZES, FILTERS, IMAGE,
                                           strides=[1, 1, 1, 1], padding='SAME'))
probe('Conv3DBackpropInputV2', 'sizes of type int64',
      N('Conv3DBackpropInputV2', K([1, 4, 4, 4, 3], 'int64'), X(3, 3, 3, 3, 2), X(1, 4, 4, 4, 2),
        strides=[1, 1, 1, 1, 1], padding='SAME'), (F,))
probe('Conv2DBackpropInput', 'filter smaller than the stride',
      N('Conv2DBackpropInput', K([1, 12, 15, 4]), X(2, 2, 4, 6), X(1, 4, 5, 6),
        strides=[1, 3, 3, 1], padding='SAME'), FLOATS)
probe('DepthwiseConv2dNative', 'one channel',
      N('DepthwiseConv2dNative', X(1, 8, 9, 1), X(3, 3, 1, 4), strides=[1, 1, 1, 1],
        padding='SAME'), FLOATS)
probe('DepthwiseConv2dNative', 'filter larger than the image',
      N('DepthwiseConv2dNative', X(1, 3, 3, 2), X(7, 7, 2, 1), strides=[1, 1, 1, 1],
        padding='SAME'), FLOATS)
probe('Conv2D', 'filter larger than the image',
      N('Conv2D', X(1, 3, 3, 2), X(7, 7, 2, 3), strides=[1, 1, 1, 1], padding='SAME'), FLOATS)
probe('DepthwiseConv2dNativeBackpropInput', 'any',
      N('DepthwiseConv2dNativeBackpropInput', K([1, 8, 9, 3]), X(3, 3, 3, 2), X(1, 8, 9, 6),
        strides=[1, 1, 1, 1], padding='SAME'), FLOATS)
probe('DepthwiseConv2dNativeBackpropInput', 'dilations',
      N('DepthwiseConv2dNativeBackpropInput', K([1, 8, 9, 3]), X(3, 3, 3, 2), X(1, 8, 9, 6),
        strides=[1, 1, 1, 1], dilations=[1, 2, 2, 1], padding='SAME'), FLOATS)

# --------------------------------------------- pooling

for k, s, pad, batch in [((2, 2), (2, 2), 'VALID', 1), ((3, 3), (2, 2), 'SAME', 3),
                         ((3, 2), (1, 2), 'SAME', 1), ((2, 2), (1, 1), 'SAME', 0),
                         ((1, 1), (2, 2), 'SAME', 1), ((3, 3), (3, 1), 'VALID', 1)]:
    c = ', '.join(x for x in ('strides differ' if s[0] != s[1] else '',
                              'batch 0' if not batch else '') if x)
    windows('MaxPool', X(batch, 9, 8, 3), condition=c, ksize=[1, *k, 1], strides=[1, *s, 1],
            padding=pad, dtypes=(*FLOATS, 'int32', 'uint8'))
    windows('AvgPool', X(batch, 9, 8, 3), condition=c, ksize=[1, *k, 1], strides=[1, *s, 1],
            padding=pad)
    for op in ('MaxPool3D', 'AvgPool3D'):
        windows(op, X(batch, 5, 7, 6, 2), condition=c, ksize=[1, 2, *k, 1],
                strides=[1, 1, *s, 1], padding=pad)
    image = X(batch, 3, 9, 8)
    last_one = N('MaxPoolV2', N('Transpose', image, K(first(4))), K([1, *k, 1]), K([1, *s, 1]),
                 padding=pad)
    probe('MaxPoolV2', 'NCHW', N('MaxPoolV2', image, K([1, 1, *k]), K([1, 1, *s]), padding=pad,
                                 data_format='NCHW'), (F, H), f'{k} {s} {pad}', None,
          N('Transpose', last_one, K(last(4))), N('Transpose', last_one, K(last(4))))
    probe('MaxPoolV2', c or 'NHWC', N('MaxPoolV2', X(batch, 9, 8, 3), K([1, *k, 1]),
                                      K([1, *s, 1]), padding=pad), FLOATS, f'{k} {s} {pad}')
    probe('MaxPoolWithArgmax', c or 'any', N('MaxPoolWithArgmax', X(batch, 9, 8, 3),
                                             ksize=[1, *k, 1], strides=[1, *s, 1], padding=pad),
          FLOATS, f'{k} {s} {pad}')
probe('MaxPoolWithArgmax', 'include_batch_in_index',
      N('MaxPoolWithArgmax', X(2, 8, 8, 3), ksize=[1, 2, 2, 1], strides=[1, 2, 2, 1],
        padding='VALID', include_batch_in_index=True), (F,))
probe('MaxPoolWithArgmax', 'Targmax int32',
      N('MaxPoolWithArgmax', X(2, 8, 8, 3), ksize=[1, 2, 2, 1], strides=[1, 2, 2, 1],
        padding='VALID', Targmax='int32'), (F,))
probe('MaxPool', 'over channels', N('MaxPool', X(1, 4, 4, 6), ksize=[1, 1, 1, 3],
                                    strides=[1, 1, 1, 3], padding='VALID'), FLOATS)
probe('AvgPool', 'over channels', N('AvgPool', X(1, 4, 4, 6), ksize=[1, 1, 1, 3],
                                    strides=[1, 1, 1, 3], padding='VALID'), FLOATS)
windows('MaxPool', X(2, 9, 8, 3, high=-1), condition='explicit paddings', ksize=[1, 3, 3, 1],
        strides=[1, 2, 2, 1], padding='EXPLICIT', explicit_paddings=[0, 0, 1, 1, 0, 2, 0, 0])
probe('MaxPool', 'NaN in the image',
      N('MaxPool', X(values=np.float32([[1, np.nan, 3, 4]]).reshape(1, 2, 2, 1)),
        ksize=[1, 2, 2, 1], strides=[1, 2, 2, 1], padding='VALID'), (F,))
probe('MaxPool', 'infinities in the image',
      N('MaxPool', X(values=np.float32([[-np.inf] * 4]).reshape(1, 2, 2, 1)),
        ksize=[1, 2, 2, 1], strides=[1, 2, 2, 1], padding='VALID'), (F, H))

# --------------------------------------------- normalisation, bias, rearranging

CHANNELS = [X(3, dtype=F, low=0.5, high=2), X(3, dtype=F), X(3, dtype=F),
            X(3, dtype=F, low=0.5, high=2)]
NOTHING = [*CHANNELS[:2], K(np.zeros(0), F), K(np.zeros(0), F)]
for op, training, batch in itertools.product(
        ('FusedBatchNorm', 'FusedBatchNormV2', 'FusedBatchNormV3'), (False, True), (0, 1, 3)):
    c = ', '.join(x for x in ('is_training' if training else '', '' if batch else 'batch 0') if x)
    rest = NOTHING if training else CHANNELS
    dtypes = (F,) if op == 'FusedBatchNorm' else (F, H, B)
    windows(op, X(batch, 4, 5, 3), *rest, condition=c, is_training=training, dtypes=dtypes,
            outputs=3 if training else 1)
    if op == 'FusedBatchNormV3':
        image = X(batch, 4, 5, 2, 3)
        windows(op, image, *rest, condition='rank 5' + (c and ', ' + c),
                is_training=training, dtypes=dtypes, outputs=3 if training else 1,
                rewrite=norm_as_rank_4(image, *rest, is_training=training))
probe('FusedBatchNormV3', 'exponential_avg_factor, training', N(
    'FusedBatchNormV3', X(2, 4, 5, 3), *CHANNELS, is_training=True, exponential_avg_factor=0.25),
    (F,), outputs=3)
probe('FusedBatchNormV3', 'exponential_avg_factor, inference', N(
    'FusedBatchNormV3', X(2, 4, 5, 3), *CHANNELS, is_training=False, exponential_avg_factor=0.25),
    (F,), outputs=1)
IMAGE = X(2, 4, 5, 3)
EMPTY = [*CHANNELS[:2], K(np.zeros(0), F), K(np.zeros(0), F)]
probe('FusedBatchNormV3', 'is_training, mean and variance given', N(
    'FusedBatchNormV3', IMAGE, *CHANNELS, is_training=True), (F,), outputs=1,
    rewrite=N('FusedBatchNormV3', IMAGE, *EMPTY, is_training=True))
probe('FusedBatchNormV3', 'is_training, one pixel', N(
    'FusedBatchNormV3', X(1, 1, 1, 3), *NOTHING, is_training=True), (F,), outputs=3)
for rank in range(2, 8):
    shape = [2, 3, 2, 2, 2, 2, 2][:rank - 1]
    image, bias = X(*shape, 4), X(4)
    probe('BiasAdd', f'rank {rank}', N('BiasAdd', image, bias), (*FLOATS, 'int32', 'uint8'),
          rewrite=N('AddV2', image, bias) if rank > 5 else None)
    if rank > 2:
        image = X(2, 4, *shape[1:])
        probe('BiasAdd', f'NCHW, rank {rank}', N('BiasAdd', image, bias, data_format='NCHW'),
              (*FLOATS, 'int32'), rewrite=N('AddV2', image, reshape(bias, 4, *[1] * (rank - 2))))
probe('BiasAdd', 'batch 0', N('BiasAdd', X(0, 3, 3, 4), X(4)), FLOATS)
probe('BiasAddV1', 'any', N('BiasAddV1', X(2, 3, 3, 4), X(4)), FLOATS)
for op, shape in (('DepthToSpace', (2, 3, 4, 8)), ('SpaceToDepth', (2, 4, 6, 3))):
    windows(op, X(*shape), condition='', block_size=2,
            dtypes=(*FLOATS, 'int32', 'uint8', 'int8', 'int64', 'bool'))
probe('DepthToSpace', 'batch 0', N('DepthToSpace', X(0, 3, 4, 8), block_size=2), (F,))
probe('SpaceToDepth', 'batch 0', N('SpaceToDepth', X(0, 4, 4, 8), block_size=2), (F,))
for attrs in ({}, {'depth_radius': 1, 'bias': 0.5, 'alpha': 0.3, 'beta': 0.7},
              {'depth_radius': 2, 'beta': 0.5}, {'beta': 1.0}):
    probe('LRN', 'any', N('LRN', X(2, 3, 4, 7), **attrs), (F, H, B), str(attrs))
for op in ('Softmax', 'LogSoftmax'):
    for rank in range(1, 6):
        probe(op, f'rank {rank}', N(op, X(*[2, 3, 4, 2, 3][:rank])), FLOATS)
    probe(op, 'batch 0', N(op, X(0, 4)), FLOATS)
    probe(op, 'no classes', N(op, X(4, 0)), FLOATS)
    probe(op, 'large values', N(op, X(3, 4, low=-30000, high=30000, whole=True)), FLOATS)
    probe(op, 'infinities', N(op, X(values=np.float32([[-np.inf, 0, 1], [-np.inf, -np.inf, 2]]))),
          FLOATS)
probe('L2Loss', 'any', N('L2Loss', X(3, 4)), FLOATS)

# --------------------------------------------- resizing

IMAGES = (F, H, D, B, 'uint8', 'int32', 'int8', 'int16', 'uint16', 'int64')
for op in ('ResizeBilinear', 'ResizeNearestNeighbor', 'ResizeBicubic', 'ResizeArea'):
    modes = [{}, {'align_corners': True}]
    if op != 'ResizeArea':
        modes.append({'half_pixel_centers': True})
    if op == 'ResizeNearestNeighbor':
        modes.append({'align_corners': True, 'half_pixel_centers': True})
    for mode, (size, name) in itertools.product(modes, [
            ((10, 14), 'twice'), ((13, 9), 'up'), ((3, 4), 'down'), ((1, 1), 'to 1 x 1'),
            ((5, 7), 'the same size'), ((2, 21), 'up and down')]):
        for batch in (1, 0, 3):
            if batch != 1 and name != 'up':
                continue
            c = ', '.join([*mode] + ([] if batch else ['batch 0'])) or 'any'
            probe(op, c, N(op, X(batch, 5, 7, 3, low=-100, high=100), K(list(size)), **mode),
                  IMAGES, f'{name} {batch}')
    probe(op, 'size 0', N(op, X(1, 5, 7, 3), K([0, 4])), (F,))
    probe(op, 'one pixel', N(op, X(1, 1, 1, 3), K([4, 5])), (F, 'uint8'))
    probe(op, 'large', N(op, X(1, 37, 53, 2), K([111, 97])), (F, 'uint8'))
    if op != 'ResizeArea':
        probe(op, 'half_pixel_centers', N(op, X(1, 37, 53, 2), K([111, 97]),
                                          half_pixel_centers=True), (F, 'uint8'), 'large')
        probe(op, 'half_pixel_centers', N(op, X(1, 111, 97, 2), K([37, 53]),
                                          half_pixel_centers=True), (F, 'uint8'), 'large, down')
    probe(op, 'align_corners', N(op, X(1, 37, 53, 2), K([111, 97]), align_corners=True),
          (F, 'uint8'), 'large')
for kernel, antialias in itertools.product(
        ('lanczos1', 'lanczos3', 'lanczos5', 'gaussian', 'box', 'triangle', 'keyscubic',
         'mitchellcubic'), (False, True)):
    for size, scale in (((10, 14), (2, 2)), ((3, 4), (0.6, 0.57142857))):
        probe('ScaleAndTranslate', 'any' if antialias else 'antialias false',
              N('ScaleAndTranslate', X(2, 5, 7, 3), K(list(size)), K(list(scale), F),
                K([0, 0], F), kernel_type=kernel, antialias=antialias),
              (F, 'uint8', H), f'{kernel} {size}')
probe('ScaleAndTranslate', 'batch 0', N(
    'ScaleAndTranslate', X(0, 5, 7, 3), K([4, 4]), K([.8, .6], F), K([0, 0], F)), (F,))
for method in ('bilinear', 'nearest'):
    probe('CropAndResize', f'{method}', N(
        'CropAndResize', X(2, 8, 9, 3, low=0, high=100),
        K([[0, 0, 1, 1], [.1, .2, .9, .7], [-.5, 0, 1.5, 1], [.9, 0, .1, 1]], F),
        K([0, 1, 0, 1]), K([5, 6]), method=method), (F, H, D, 'uint8', 'int32'))
probe('CropAndResize', 'no boxes', N(
    'CropAndResize', X(2, 8, 9, 3), K(np.zeros((0, 4)), F), K([]), K([5, 6])), (F,))
probe('CropAndResize', 'extrapolation_value', N(
    'CropAndResize', X(2, 8, 9, 3), K([[-.5, 0, 1.5, 1]], F), K([0]), K([5, 6]),
    extrapolation_value=-7.0), (F,))

# --------------------------------------------- padding, moving, ranks

SIDES = [2, 3, 1, 2, 2, 1, 3, 2, 1, 2]
ALL = (*FLOATS, 'int32', 'int64', 'uint8', 'bool')
for rank in range(0, 11):
    shape, which = SIDES[:rank], f'rank {rank}'
    pads = np.array([[i % 2, (i + 1) % 3] for i in range(rank)]).reshape(rank, 2).tolist()
    small = np.array([[min(i % 2, SIDES[i] - 1), min(1, SIDES[i] - 1)]
                      for i in range(rank)]).reshape(rank, 2).tolist()
    probe('Pad', which, N('Pad', X(*shape), K(np.int32(pads).reshape(rank, 2))), ALL)
    probe('PadV2', which, N('PadV2', X(*shape), K(np.int32(pads).reshape(rank, 2)), K(1, T)), ALL)
    for mode in ('REFLECT', 'SYMMETRIC'):
        probe('MirrorPad', which, N('MirrorPad', X(*shape), K(np.int32(small).reshape(rank, 2)),
                                    mode=mode), ALL, mode)
    probe('Transpose', which, N('Transpose', X(*shape), K(np.int32(range(rank))[::-1])), ALL)
    if rank > 2:
        mixed = [*range(1, rank, 2), *range(0, rank, 2)]
        probe('Transpose', which, N('Transpose', X(*shape), K(mixed)), (F, H, B), 'mixed')
    image = X(*shape)
    rewrite, sides = image, list(shape)
    for i, s in enumerate(shape):  # a dimension at a time
        before, after = int(np.prod(sides[:i])), int(np.prod(sides[i + 1:]))
        rewrite = N('Slice', reshape(rewrite, before, s, after), K([0, s // 3, 0]), K([-1, -1, -1]))
        sides[i] = s - s // 3
    probe('Slice', which, N('Slice', image, K(np.int32([s // 3 for s in shape])),
                            K(np.int32([-1] * rank))), ALL,
          rewrite=reshape(rewrite, *sides) if rank > 7 else None)
    if rank:
        spec = dict(begin_mask=1, end_mask=2)
        image = X(*shape)
        rewrite, sides = image, list(shape)
        for i, s in enumerate(shape):
            before, after = int(np.prod(sides[:i])), int(np.prod(sides[i + 1:]))
            step = 1 + i % 2
            rewrite = N('StridedSlice', reshape(rewrite, before, s, after), K([0, 0, 0]),
                        K([0, s, 0]), K([1, step, 1]), begin_mask=5, end_mask=5)
            sides[i] = (s + step - 1) // step
        probe('StridedSlice', which, N('StridedSlice', image, K([0] * rank),
                                       K([s for s in shape]), K([1 + i % 2 for i in range(rank)]),
                                       **spec), ALL,
              rewrite=reshape(rewrite, *sides) if rank > 7 else None)
        probe('StridedSlice', which + ', backwards',
              N('StridedSlice', X(*shape), K([-1] * rank), K([-s - 1 for s in shape]),
                K([-1] * rank)), ALL)
        probe('StridedSlice', which + ', new and shrunk axes',
              N('StridedSlice', X(*shape), K([0] * (rank + 1)), K([1] * (rank + 1)),
                K([1] * (rank + 1)), new_axis_mask=1, shrink_axis_mask=1 << rank), (F, H))
        probe('ReverseV2', which, N('ReverseV2', X(*shape), K([0, rank - 1][:min(rank, 2)])), ALL)
        probe('ConcatV2', which, N('ConcatV2', [X(*shape), X(*shape)], K(rank - 1)), ALL)
        probe('Split', which, N('Split', K(0), X(*shape), num_split=2), ALL)
        probe('SplitV', which, N('SplitV', X(*shape), K([1, -1]), K(0), num_split=2), ALL)
        probe('Unpack', which, N('Unpack', X(*shape), num=2, axis=0), ALL)
        image, middle = X(*shape), rank // 2
        flat = reshape(image, int(np.prod(shape[:middle])), shape[middle], -1)
        for op in ('ArgMax', 'ArgMin'):
            flat_op = N(op, flat, K(1))
            probe(op, which, N(op, image, K(middle)), (*FLOATS, 'int32', 'uint8', 'bool'),
                  rewrite=reshape(flat_op, *shape[:middle], *shape[middle + 1:])
                  if rank > 5 else None)
        for exclusive, reverse in itertools.product((False, True), repeat=2):
            probe('Cumsum', which, N('Cumsum', X(*shape), K(rank - 1), exclusive=exclusive,
                                     reverse=reverse), (*FLOATS, 'int32'), f'{exclusive} {reverse}')
        probe('Cumprod', which, N('Cumprod', X(*shape), K(0)), (F, H, B))
        probe('GatherV2', which, N('GatherV2', X(*shape), K([1, 0, 1]), K(0)), ALL)
        probe('Roll', which, N('Roll', X(*shape), K([1]), K([rank - 1])), ALL)
        probe('BroadcastTo', which, N('BroadcastTo', X(*[1, *shape[1:]]),
                                      K([3, *shape[1:]])), ALL)
        probe('BroadcastTo', which + ', several axes',
              N('BroadcastTo', X(*[1 if i % 2 else s for i, s in enumerate(shape)]), K(shape)),
              ALL)
        probe('ExpandDims', which, N('ExpandDims', X(*shape), K(-1)), ALL)
        probe('Squeeze', which, N('Squeeze', X(*shape)), ALL)
    probe('Tile', which, N('Tile', X(*shape), K(np.int32([1 + i % 2 for i in range(rank)]))), ALL)
    probe('Pack', which, N('Pack', [X(*shape), X(*shape)], axis=-1), ALL)
    for op in ('Sum', 'Mean', 'Max', 'Min', 'Prod', 'EuclideanNorm'):
        axes = {'all': range(rank), 'odd': range(1, rank, 2), 'even': range(0, rank, 2),
                'none': []}
        for name, axis in axes.items():
            c = which if len(axis) or op != 'EuclideanNorm' else 'over no axis'
            image = X(*shape)
            probe(op, c, N(op, image, K(np.int32(list(axis))), keep_dims=name == 'odd'),
                  (*FLOATS, 'int32', 'uint8', 'int64') if name == 'odd' else FLOATS, f'{which} {name}',
                  rewrite=N('Abs', image) if c == 'over no axis' else None)
    for op in ('All', 'Any'):
        probe(op, which, N(op, X(*shape, dtype='bool'), K(np.int32(range(0, rank, 2)))), (F,))
    # Broadcasting: alternate sides of 1
    ones = [1 if i % 2 else s for i, s in enumerate(shape)]
    others = [s if i % 2 else 1 for i, s in enumerate(shape)]
    for op in ('AddV2', 'Add', 'Sub', 'Mul', 'RealDiv', 'Maximum', 'Minimum', 'SquaredDifference',
               'Pow', 'FloorDiv', 'FloorMod', 'Greater', 'Equal', 'LessEqual', 'DivNoNan'):
        low = 0.5 if op in ('RealDiv', 'Pow', 'FloorDiv', 'FloorMod') else -2
        types = FLOATS if op in ('RealDiv', 'DivNoNan', 'Pow') else (*FLOATS, 'int32', 'int64',
                                                                      'uint8')
        a, b = X(*ones, low=low), X(*others, low=low)
        probe(op, f'broadcasting, {which}', N(op, a, b), (F, H), 'two sides')
        if rank in (2, 4):
            probe(op, 'any', N(op, a, b), types, which, rewrite=in_wider(op, a, b))
            probe(op, which, N(op, X(*shape, low=low), X(1, low=low)), (F,), 'one value')
    probe('SelectV2', which, N('SelectV2', X(*shape, dtype='bool'), X(*shape), X(*shape)), ALL)
    probe('SelectV2', f'broadcasting, {which}',
          N('SelectV2', X(*ones, dtype='bool'), X(*others), X(*shape)), (F, H, 'int32'))
    probe('SelectV2', f'a scalar, {which}',
          N('SelectV2', X(*shape, dtype='bool'), X(), X(*shape)), (F, H))
    probe('Select', which, N('Select', X(*shape, dtype='bool'), X(*shape), X(*shape)), ALL)
    probe('ClipByValue', which, N('ClipByValue', X(*shape), K(-1, T), K(1, T)),
          (*FLOATS, 'int32'))
    probe('LogicalAnd', f'broadcasting, {which}', N('LogicalAnd', X(*ones, dtype='bool'),
                                                   X(*others, dtype='bool')), (F,))
    probe('ZerosLike', which, N('ZerosLike', X(*shape)), ALL)
    probe('Shape', which, N('Shape', X(*shape), out_type='int64'), ALL)
    probe('AddN', which, N('AddN', [X(*shape)] * 3), FLOATS)

# --------------------------------------------- matrices

for a, b in (((), ()), ((2,), (2,)), ((2, 3), (2, 3)), ((0,), (0,)), ((2, 1), (1, 3)), ((3,), ()),
             ((2, 1, 2, 1), (1, 3, 1, 2)), ((2, 1, 2, 1, 2), (1, 3, 1, 2, 1))):
    for x, y in itertools.product((False, True), repeat=2):
        left = X(*a, *((4, 3) if x else (3, 4)))
        right = X(*b, *((5, 4) if y else (4, 5)))
        if a == b and len(a) > 0:
            probe('BatchMatMul', 'any', N('BatchMatMul', left, right, adj_x=x, adj_y=y),
                  (*FLOATS, 'int32', 'int64'), f'{a} {b} {x} {y}')
        c = 'any' if a == b else f'broadcasting'
        probe('BatchMatMulV2', c, N('BatchMatMulV2', left, right, adj_x=x, adj_y=y),
              (*FLOATS, 'int32', 'int64', 'int16'), f'{a} {b} {x} {y}')
        probe('BatchMatMulV3', c, N('BatchMatMulV3', left, right, Tout=T, adj_x=x, adj_y=y),
              (F, H, D, B, 'int32'), f'{a} {b} {x} {y}')
        if not a and not b:
            probe('MatMul', 'any', N('MatMul', left, right, transpose_a=x, transpose_b=y),
                  (*FLOATS, 'int32', 'int64'), f'{x} {y}')
probe('MatMul', 'zero-size', N('MatMul', X(3, 0), X(0, 4)), FLOATS)
probe('MatMul', 'zero-size', N('MatMul', X(0, 3), X(3, 4)), FLOATS, 'rows')
probe('BatchMatMulV2', 'zero-size', N('BatchMatMulV2', X(2, 3, 0), X(2, 0, 4)), FLOATS)
for left, right, out in (('uint8', 'int8', 'int32'), ('int8', 'int8', 'int32'), (B, B, F),
                         (H, H, F), (F, F, D), (F, B, F)):
    a, b = X(2, 3, 4, dtype=left, low=-2, high=9), X(2, 4, 5, dtype=right, low=-2, high=9)
    probe('BatchMatMulV3', f'{left} and {right} to {out}', N('BatchMatMulV3', a, b, Tout=out), (F,),
          rewrite=N('BatchMatMulV2', cast(a, out), cast(b, out)))
for equation, *shapes in (('ij,jk->ik', (2, 3), (3, 4)), ('bij,bjk->bik', (2, 2, 3), (2, 3, 4)),
                          ('abc,cde->abde', (2, 3, 4), (4, 2, 3)),
                          ('aecd,abcd->acbe', (2, 3, 2, 4), (2, 5, 2, 4)),
                          ('acbe,aecd->abcd', (2, 3, 4, 5), (2, 5, 3, 4)),
                          ('abcd,cde->abe', (2, 3, 4, 5), (4, 5, 6)),
                          ('...ij,jk->...ik', (2, 3, 2, 3), (3, 4)),
                          ('...i,...i->...', (2, 3), (3,)), ('ii->i', (3, 3)), ('ii', (3, 3)),
                          ('iij,ijk->k', (2, 2, 3), (2, 3, 4)), ('ij->ji', (2, 3)),
                          ('ij->', (2, 3)), ('i,j->ij', (2,), (3,)), ('ij,ij->ij', (2, 3), (2, 3)),
                          ('bhwc,bhwd->bcd', (2, 3, 2, 4), (2, 3, 2, 5))):
    probe('Einsum', 'any', N('Einsum', [X(*s) for s in shapes], equation=equation),
          (F, H, D, B, 'int32'), equation)

# --------------------------------------------- blocks, gathering, scattering, sorting

for shape, block, pads, crops in (((2, 4, 6, 3), [2, 2], [[0, 0], [0, 0]], [[0, 0], [0, 0]]),
                                  ((1, 5, 7, 2), [2, 3], [[1, 0], [1, 1]], [[1, 0], [0, 1]]),
                                  ((2, 4, 3), [2], [[0, 0]], [[0, 0]]),
                                  ((1, 4, 4, 4, 2), [2, 2, 2], [[0, 0]] * 3, [[0, 0]] * 3),
                                  ((1, 4, 4, 4, 4, 2), [2] * 4, [[0, 0]] * 4, [[0, 0]] * 4),
                                  ((0, 4, 4, 2), [2, 2], [[0, 0]] * 2, [[0, 0]] * 2)):
    probe('SpaceToBatchND', 'any', N('SpaceToBatchND', X(*shape), K(block), K(pads)), ALL, f'{shape}')
    probe('BatchToSpaceND', 'any', N('BatchToSpaceND', X(int(np.prod(block)) * shape[0], *shape[1:]),
                                     K(block), K(crops)), ALL, f'{shape}')
probe('SpaceToBatch', 'any', N('SpaceToBatch', X(1, 4, 4, 2), K([[0, 0], [0, 0]]), block_size=2), ALL)
probe('BatchToSpace', 'any', N('BatchToSpace', X(4, 4, 4, 2), K([[0, 0], [1, 0]]), block_size=2), ALL)
for dims in (0, 1, 2):
    probe('GatherV2', f'batch_dims {dims}', N(
        'GatherV2', X(2, 3, 4, 5), X(*[2, 3, 2][:dims + 1], dtype='int32', low=0, high=2), K(dims),
        batch_dims=dims), ALL)
probe('GatherV2', 'batch_dims -1', N('GatherV2', X(2, 3, 4), X(2, 2, dtype='int32', low=0, high=3),
                                     K(1), batch_dims=-1), (F,))
probe('GatherV2', 'batch_dims 1, axis 2', N(
    'GatherV2', X(2, 3, 4, 5), X(2, 2, dtype='int32', low=0, high=4), K(2), batch_dims=1), ALL)
probe('GatherV2', 'axis -1', N('GatherV2', X(2, 3, 4), K([3, 0]), K(-1)), ALL)
probe('GatherV2', 'index out of range', N('GatherV2', X(2, 3), K([5, 0]), K(0)), (F,))
probe('Gather', 'any', N('Gather', X(4, 3), K([3, 0])), ALL)
probe('GatherNd', 'any', N('GatherNd', X(3, 4, 2), K([[0, 1], [2, 3]])), ALL)
probe('GatherNd', 'indices of 5 to 7', N('GatherNd', X(2, 2, 2, 2, 2, 2, 2), K([[0, 1, 0, 1, 0, 1]])), (F,))
probe('GatherNd', 'indices of 5 to 7', N('GatherNd', X(2, 2, 2, 2, 2, 2, 2), K([[0, 1, 0, 1, 0, 1, 1]])),
      (F,), '7')
probe('GatherNd', 'bad_indices_policy IGNORE', N(
    'GatherNd', X(3, 4, 2), K([[0, 1], [2, 9]]), bad_indices_policy='IGNORE'), (F,))
IMAGE = X(3, 4, 2)
probe('GatherNd', 'bad_indices_policy ERROR', N(
    'GatherNd', IMAGE, K([[0, 1], [2, 3]]), bad_indices_policy='ERROR'), (F,),
    rewrite=N('GatherNd', IMAGE, K([[0, 1], [2, 3]])))
SCATTERED = K([[0], [2], [0]])
probe('ScatterNd', 'any', N('ScatterNd', SCATTERED, X(3, 4), K([5, 4])), ALL)
probe('ScatterNd', 'bad_indices_policy IGNORE', N(
    'ScatterNd', K([[0], [9], [0]]), X(3, 4), K([5, 4]), bad_indices_policy='IGNORE'), (F,))
for op in ('TensorScatterUpdate', 'TensorScatterAdd', 'TensorScatterSub', 'TensorScatterMax',
           'TensorScatterMin'):
    indices = K([[0], [2], [1]]) if op.endswith('Update') else SCATTERED
    image, updates, rewrite = X(5, 4), X(3, 4), None
    if op[-3:] in ('Max', 'Min'):
        rewrite = N(op[-3:] + 'imum', image, N('UnsortedSegment' + op[-3:], updates,
                                               reshape(indices, -1), K(5)))
    probe(op, 'any', N(op, image, indices, updates), ALL[:-1], rewrite=rewrite)
probe('TensorScatterUpdate', 'a scalar', N('TensorScatterUpdate', X(4), K([[0], [2]]), X(2)), (F, H))
for rank in (1, 2, 3, 5):
    probe('TopKV2', 'any', N('TopKV2', X(*[2, 3, 2, 2, 7][-rank:]), K(3)),
          (*FLOATS, 'int32', 'uint8'), f'{rank}')
probe('TopKV2', 'equal values', N('TopKV2', X(3, 9, whole=True), K(5)), (F, H, 'int32'))
IMAGE = X(2, 7)
for kind in ('int64', 'int16'):
    probe('TopKV2', f'Tk {kind}', N('TopKV2', IMAGE, K(3, kind)), (F,),
          rewrite=N('TopKV2', IMAGE, cast(K(3, kind), 'int32')))
    TOP = N('TopKV2', IMAGE, K(3))
    probe('TopKV2', f'index_type {kind}', N('TopKV2', IMAGE, K(3), index_type=kind), (F,),
          rewrite=[TOP[0], cast(TOP[1], kind)])
probe('TopKV2', 'k 0', N('TopKV2', X(2, 7), K(0)), (F,))
probe('InTopKV2', 'any', N('InTopKV2', X(3, 7, dtype=F), K([1, 2, 3]), K(3)), (F,))
probe('ExtractImagePatches', 'any', N(
    'ExtractImagePatches', X(2, 8, 9, 3), ksizes=[1, 3, 2, 1], strides=[1, 2, 1, 1],
    rates=[1, 1, 2, 1], padding='VALID'), (*ALL, 'int8', 'uint16'))
probe('ExtractImagePatches', 'any', N(
    'ExtractImagePatches', X(2, 8, 9, 3), ksizes=[1, 3, 3, 1], strides=[1, 1, 1, 1],
    rates=[1, 1, 1, 1], padding='SAME'), (F, H, B), 'SAME')
probe('ExtractVolumePatches', 'any', N(
    'ExtractVolumePatches', X(1, 4, 5, 6, 2), ksizes=[1, 2, 2, 2, 1], strides=[1, 1, 2, 1, 1],
    padding='VALID'), FLOATS)
for axis in (-1, 0, 1):
    probe('OneHot', 'any', N('OneHot', X(3, 4, dtype='int32', low=-1, high=6), K(5), K(1, T), K(0, T),
                             axis=axis), ALL, f'{axis}')
    probe('OneHot', 'indices uint8', N('OneHot', X(3, 4, dtype='uint8', high=6), K(5), K(1, T),
                                       K(0, T), axis=axis), (F,), f'{axis}')
    probe('OneHot', 'indices int64', N('OneHot', X(3, 4, dtype='int64', low=-1, high=6), K(5),
                                       K(1, T), K(0, T), axis=axis), ALL, f'{axis}')
    for kind in ('int8', 'int16'):
        indices = X(3, 4, dtype=kind, low=-1, high=6)
        probe('OneHot', f'indices {kind}', N('OneHot', indices, K(5), K(1, T), K(0, T), axis=axis),
              (F,), f'{axis}', rewrite=N('OneHot', cast(indices, 'int32'), K(5), K(1, T), K(0, T),
                                         axis=axis))
probe('OneHot', 'rank 9', N('OneHot', X(*[1] * 8, dtype='int32', low=0, high=3), K(3), K(1, T), K(0, T)), (F,))
probe('Unique', 'any', N('Unique', X(20, whole=True)), (*FLOATS, 'int32', 'int64', 'uint8', 'bool'))
probe('UniqueV2', 'any', N('UniqueV2', X(5, 2, whole=True), K([0])), (F, 'int32', 'int64'))
probe('UniqueWithCounts', 'any', N('UniqueWithCounts', X(20, whole=True)), (F, 'int32', 'int64'))
for rank in range(0, 10):
    probe('Where', f'rank {rank}', N('Where', X(*SIDES[:rank], dtype='bool')), (F,))
    image = X(*SIDES[:rank], whole=True)
    probe('Where', f'rank {rank}, numbers', N('Where', image), (*FLOATS, 'int32', 'uint8', 'int64'),
          rewrite=N('Where', N('NotEqual', image, K(0, T))) if 0 < rank < 9 else None)
probe('SegmentSum', 'any', N('SegmentSum', X(4, 3), K([0, 0, 1, 3])), (*FLOATS, 'int32'))
probe('SegmentMax', 'any', N('SegmentMax', X(4, 3), K([0, 0, 1, 1])), FLOATS)
probe('SegmentMean', 'any', N('SegmentMean', X(4, 3), K([0, 0, 1, 1])), FLOATS)
for op in ('UnsortedSegmentSum', 'UnsortedSegmentMax', 'UnsortedSegmentMin', 'UnsortedSegmentProd'):
    probe(op, 'any', N(op, X(4, 3), K([0, 2, -1, 2]), K(4)), (*FLOATS, 'int32'))
for name in ('Bincount', 'DenseBincount'):
    weights = X(6, dtype=F)
    probe(name, 'any', N(name, K([0, 1, 1, 3, 2, 1]), K(5), weights), (F,),
          rewrite=N('Bincount', K([0, 1, 1, 3, 2, 1]), K(5), weights))
# Not bfloat16: 2.0.0 reads uninitialised memory and fails or not at random.
probe('Range', 'any', N('Range', K(0, T), K(7, T), K(2, T)), (F, D, 'int32', 'int64'))
probe('LinSpace', 'any', N('LinSpace', K(0, T), K(7, T), K(5)), FLOATS)
probe('Fill', 'any', N('Fill', K([2, 3]), K(1, T)), ALL)
probe('Fill', 'index_type int64', N('Fill', K([2, 3], 'int64'), K(1, T)), (F,))
IMAGE, SQUARE = X(2, 3), X(2, 3, 3)
for v in ('V2', 'V3'):
    probe('MatrixDiag' + v, 'any', N('MatrixDiag' + v, IMAGE, K(0), K(-1), K(-1), K(0, T)),
          (F, H, D), rewrite=N('MatrixDiag', IMAGE))
    probe('MatrixDiagPart' + v, 'any', N('MatrixDiagPart' + v, SQUARE, K(0), K(0, T)), (F, H, D),
          rewrite=N('MatrixDiagPart', SQUARE))
    probe('MatrixSetDiag' + v, 'any', N('MatrixSetDiag' + v, SQUARE, IMAGE, K(0)), (F, H, D),
          rewrite=N('MatrixSetDiag', SQUARE, IMAGE))
probe('MatrixDiag', 'any', N('MatrixDiag', X(2, 3)), (*FLOATS,))
probe('MatrixBandPart', 'any', N('MatrixBandPart', X(2, 3, 4), K(1), K(1)), FLOATS)
probe('Diag', 'any', N('Diag', X(3)), FLOATS)
probe('DiagPart', 'any', N('DiagPart', X(3, 3)), FLOATS)
probe('ReverseSequence', 'any', N('ReverseSequence', X(3, 4, 2), K([1, 4, 2]), seq_dim=1, batch_dim=0), FLOATS)
probe('DynamicStitch', 'any', N('DynamicStitch', [K([0, 2]), K([1])], [X(2, 3), X(1, 3)]), ALL)
probe('DynamicPartition', 'any', N('DynamicPartition', X(4, 3), K([0, 1, 0, 1]), num_partitions=2), ALL)
probe('Bucketize', 'any', N('Bucketize', X(6), boundaries=[-1.0, 0.0, 1.0]), (F, D, 'int32'))
probe('NonMaxSuppressionV3', 'any', N('NonMaxSuppressionV3',
      K([[0, 0, 1, 1], [0, 0, 1, 1.1], [2, 2, 3, 3]], F), K([.9, .8, .7], F), K(3), K(.5, F), K(0., F)), (F,))
probe('NonMaxSuppressionV4', 'any', N('NonMaxSuppressionV4',
      K([[0, 0, 1, 1], [0, 0, 1, 1.1], [2, 2, 3, 3]], F), K([.9, .8, .7], F), K(3), K(.5, F), K(0., F)), (F,))
probe('NonMaxSuppressionV5', 'any', N('NonMaxSuppressionV5',
      K([[0, 0, 1, 1], [0, 0, 1, 1.1], [2, 2, 3, 3]], F), K([.9, .8, .7], F), K(3), K(.5, F), K(0., F), K(0., F)), (F,))
probe('FFT2D', 'any', N('Real', N('FFT2D', N('Cast', X(2, 4, 4, dtype=F), SrcT=F, DstT='complex64'))), (F,))
probe('RFFT2D', 'any', N('Real', N('RFFT2D', X(2, 4, 4, dtype=F), K([4, 4]))), (F,))
probe('IRFFT2D', 'any', N('IRFFT2D', N('RFFT2D', X(2, 4, 4, dtype=F), K([4, 4])), K([4, 4])), (F,))
probe('RFFT', 'float64', N('Real', N('RFFT', X(2, 8, dtype=D), K([8]), Tcomplex='complex128'),
                           Tout=D), (F,))

# --------------------------------------------- element by element

UNARY = {'Abs': -2, 'Acos': -1, 'Acosh': 1, 'Asin': -1, 'Asinh': -2, 'Atan': -2, 'Atanh': -1,
         'Ceil': -2, 'Cos': -2, 'Cosh': -2, 'Digamma': .5, 'Elu': -2, 'Erf': -2, 'Erfc': -2, 'Exp': -2,
         'Expm1': -2, 'Floor': -2, 'Inv': .5, 'IsFinite': -2, 'IsInf': -2, 'IsNan': -2,
         'LeakyRelu': -2, 'Lgamma': .5, 'Log': .5, 'Log1p': -.5, 'Neg': -2, 'Reciprocal': .5, 'Relu': -2,
         'Relu6': -2, 'Rint': -2, 'Round': -2, 'Rsqrt': .5, 'Selu': -2, 'Sigmoid': -2, 'Sign': -2, 'Sin': -2,
         'Sinh': -2, 'Softplus': -2, 'Softsign': -2, 'Sqrt': 0, 'Square': -2, 'Tan': -1, 'Tanh': -2,
         'Identity': -2, 'StopGradient': -2, 'Snapshot': -2, 'BesselI0e': -2, 'BesselI1e': -2, 'Ndtri': .1,
         'Erfinv': -.9, 'OnesLike': -2}
for op, low in UNARY.items():
    high = {'Acos': 1, 'Asin': 1, 'Atanh': 1, 'Tan': 1, 'Ndtri': .9, 'Erfinv': .9}.get(op, 2)
    probe(op, 'any', N(op, X(3, 50, low=low, high=high)), FLOATS)
    probe(op, 'zero-size', N(op, X(0, 5)), (F, H))
    if op in ('Abs', 'Neg', 'Sign', 'Square', 'Relu', 'Relu6'):
        image = X(3, 50, low=-9, high=9)
        probe(op, 'whole numbers', N(op, image), ('int32', 'int64', 'int8', 'uint8', 'int16'),
              rewrite=in_wider(op, image))
for op in ('Elu', 'Exp', 'Expm1', 'Sigmoid', 'Softplus', 'Tanh', 'Erf', 'Erfc', 'Selu', 'Softsign', 'Relu6',
           'Sinh', 'Cosh', 'Log1p', 'Sin', 'Cos', 'Tan', 'Asinh', 'Round', 'Rint', 'Atan', 'Rsqrt', 'Sqrt', 'Log'):
    probe(op, 'large values', N(op, X(300, low=-100 if op not in ('Log1p', 'Rsqrt', 'Sqrt', 'Log') else 1,
                                      high=100)), FLOATS)
    probe(op, 'special values', N(op, X(values=np.float32(
        [0, -0.0, np.inf, -np.inf, np.nan, 1e-20, -1e-20, 1e20, -1e20, .5, 1.5, 2.5, -.5, -1.5]))), (F, H, D))
for op in ('Relu', 'Maximum', 'Minimum', 'LeakyRelu', 'Elu'):
    inputs = [X(values=np.float32([np.nan, np.inf, -np.inf, -0.0]))]
    if op in ('Maximum', 'Minimum'):
        inputs.append(X(values=np.float32([1, np.nan, 1, 0.0])))
    probe(op, 'special values', N(op, *inputs), (F, H))
probe('LeakyRelu', 'alpha', N('LeakyRelu', X(50), alpha=0.01), FLOATS)
probe('LeakyRelu', 'alpha above 1', N('LeakyRelu', X(50), alpha=1.5), FLOATS)
probe('LeakyRelu', 'alpha negative', N('LeakyRelu', X(50), alpha=-0.5), FLOATS)
for op in ('Atan2', 'Mod', 'TruncateDiv', 'TruncateMod', 'Div', 'FloorDiv', 'FloorMod', 'Xdivy', 'Xlogy', 'Xlog1py',
           'MulNoNan', 'DivNoNan', 'NotEqual', 'Less', 'GreaterEqual', 'Igamma', 'Igammac', 'Zeta', 'Polygamma',
           'NextAfter', 'Betainc', 'ApproximateEqual', 'BitwiseAnd', 'LeftShift', 'Pow'):
    low = .5 if op in ('Igamma', 'Igammac', 'Xlogy', 'Pow') else 1.5 if op in ('Zeta', 'Polygamma') else -2
    types = ('int32', 'uint8') if op in ('BitwiseAnd', 'LeftShift') else FLOATS
    if op != 'Betainc':
        a, b = X(40, low=low, high=4), X(40, low=low, high=4)
        rewrite = N('MulNoNan', N('Log1p', b), a) if op == 'Xlog1py' else in_wider(op, a, b)
        probe(op, 'any', N(op, a, b), types, rewrite=rewrite)
for op in ('FloorDiv', 'FloorMod', 'Div', 'TruncateDiv', 'TruncateMod', 'Mod', 'Pow', 'RealDiv'):
    a, b = X(40, low=0 if op == 'Pow' else -9, high=9), X(40, low=1, high=5)
    probe(op, 'whole numbers', N(op, a, b), ('int32', 'int64', 'uint8', 'int8', 'int16', 'uint16'),
          rewrite=in_wider(op, a, b))
for op in ('RealDiv', 'Div', 'Xdivy', 'FloorDiv', 'TruncateDiv'):
    probe(op, 'by zero and by infinity', N(op, X(values=np.float32([1, -1, 0, 1, 0, 3, -2, 1, 1])), K(
        [0, 0, 0, np.inf, np.inf, 0, 0, -np.inf, 1e-40], T)), (F, D))
for op in ('Reciprocal', 'Inv', 'Rsqrt'):
    probe(op, 'by zero and by infinity', N(op, X(values=np.float32(
        [0, 0, np.inf, 1, 2, 3, 0, 0, np.inf]))), (F, D))
probe('DivNoNan', 'by zero', N('DivNoNan', X(9), K(np.zeros(9), T)), FLOATS)
probe('Equal', 'incompatible_shape_error false, shapes differ', N(
    'Equal', X(3), X(2), incompatible_shape_error=False), (F,))
probe('Equal', 'incompatible_shape_error false', N(
    'Equal', X(3), X(3), incompatible_shape_error=False), (F,))
TYPES = ('bool', 'uint8', 'int8', 'uint16', 'int16', 'int32', 'uint32', 'int64', 'uint64', H, B, F, D)
for src, dst in itertools.product(TYPES, TYPES):
    probe('Cast', f'{src} to {dst}', N('Cast', X(40, dtype=src, low=0, high=100), SrcT=src, DstT=dst), (F,))
for dst in (B, H):
    probe('Cast', f'float32 to {dst}', N('Cast', X(values=np.linspace(-3, 3, 101).astype(F), dtype=F),
                                         SrcT=F, DstT=dst), (F,), 'rounding')
probe('Cast', 'float32 to uint8, out of range', N('Cast', X(values=np.float32([-1, 256, 300.5, 255.9])),
                                                 SrcT=F, DstT='uint8'), (F,))
probe('Cast', 'float32 to int32, negative', N('Cast', X(50, dtype=F, low=-9, high=9), SrcT=F, DstT='int32'), (F,))
probe('Cast', 'Truncate', N('Cast', X(values=np.linspace(-3, 3, 101).astype(F), dtype=F), SrcT=F, DstT=B,
                            Truncate=True), (F,))
probe('Bitcast', 'any', N('Bitcast', X(4, dtype=F), type='int32'), (F,))
probe('QuantizeAndDequantizeV4', 'any', N('QuantizeAndDequantizeV4', X(20), K(-2., T), K(2., T)), (F,))
for op in ('QuantizeAndDequantizeV2', 'QuantizeAndDequantizeV3'):
    extra = [K(8)] if op.endswith('3') else []
    probe(op, 'any', N(op, X(20), K(-2., T), K(2., T), *extra, range_given=True), (F, D, H, B))
    probe(op, 'axis', N(op, X(20, 3), K([-2.] * 3, T), K([2., 1, 2], T), *extra, range_given=True, axis=1), (F,))
    probe(op, 'narrow_range', N(op, X(20), K(-2., T), K(2., T), *extra, range_given=True, narrow_range=True), (F,))
probe('FakeQuantWithMinMaxVars', 'any', N('FakeQuantWithMinMaxVars', X(50, dtype=F), K(-1.1, F), K(1.7, F)), (F,))
probe('FakeQuantWithMinMaxArgs', 'any', N('FakeQuantWithMinMaxArgs', X(50, dtype=F), min=-1.1, max=1.7), (F,))
probe('FakeQuantWithMinMaxVarsPerChannel', 'any', N('FakeQuantWithMinMaxVarsPerChannel', X(5, 3, dtype=F),
      K([-1.1] * 3, F), K([1.7, 1, 2], F)), (F,))
probe('QuantizeV2', 'axis', N('Dequantize', N('QuantizeV2', X(5, 3, dtype=F), K([-2.] * 3, F), K([2.] * 3, F),
      T='quint8', axis=1), K([-2.] * 3, F), K([2.] * 3, F), axis=1), (F,))
probe('QuantizeV2', 'any', N('Dequantize', N('QuantizeV2', X(5, 3, dtype=F), K(-2., F), K(2., F),
      T='quint8'), K(-2., F), K(2., F)), (F,))

# --------------------------------------------- ops together: what the optimiser fuses

ONE = dict(strides=[1, 1, 1, 1], padding='SAME')
WEIGHTS = K(np.round(np.sin(np.arange(3 * 3 * 4 * 4)).reshape(3, 3, 4, 4) * 64) / 64, F)
SCALES = [K([1., .5, 2, 1.5], F), K([.1, -.2, 0, 1], F), K([.3, .2, -.1, 0], F), K([1., 2, .5, 1], F)]
CONV = N('Conv2D', X(2, 9, 8, 4, dtype=F), WEIGHTS, **ONE)
BIAS = N('BiasAdd', CONV, SCALES[1])
NORM = N('FusedBatchNormV3', CONV, *SCALES, is_training=False, epsilon=0.001)
for name, head in (('Conv2D, BiasAdd', BIAS), ('Conv2D, FusedBatchNormV3', NORM)):
    for act in ('Relu', 'Relu6', 'Elu', 'LeakyRelu', 'Tanh', 'Sigmoid', 'Selu', 'Softplus'):
        probe('Conv2D', f'fused: {name}, activation', N(act, head), (F,), act)
    probe('Conv2D', f'fused: {name}, Add, Relu', N('Relu', N('AddV2', head, X(2, 9, 8, 4, dtype=F))), (F,))
PADDED = N('Pad', X(2, 9, 8, 4, dtype=F), K([[0, 0], [1, 1], [2, 0], [0, 0]]))
probe('Conv2D', 'fused: Pad, Conv2D', N('Conv2D', PADDED, WEIGHTS, strides=[1, 2, 2, 1], padding='VALID'), (F,))
probe('MatMul', 'fused: BiasAdd, Relu', N('Relu', N('BiasAdd', N('MatMul', X(3, 4, dtype=F),
      K(np.ones((4, 4)), F)), SCALES[1])), (F,))
BLOCK, NONE = K([2, 2]), K([[2, 2], [2, 2]])
probe('Conv2D', 'fused: SpaceToBatchND, Conv2D, BatchToSpaceND', N('BatchToSpaceND', N('Conv2D', N(
    'SpaceToBatchND', X(1, 8, 8, 4, dtype=F), BLOCK, NONE), WEIGHTS, strides=[1, 1, 1, 1], padding='VALID'),
    BLOCK, K([[0, 0], [0, 0]])), (F,))
HALVES = N('Cast', X(2, 9, 8, 4, dtype=F), SrcT=F, DstT=H)
probe('Conv2D', 'float16 with a Cast on either side', N('Cast', N('Relu', N('BiasAdd', N('Conv2D', HALVES, N(
    'Cast', WEIGHTS, SrcT=F, DstT=H), **ONE), N('Cast', SCALES[1], SrcT=F, DstT=H))), SrcT=H, DstT=F), (F,))
FIRST = N('Transpose', X(2, 9, 8, 4, dtype=F), K([0, 3, 1, 2]))
probe('Transpose', 'fused: there and back', N('Transpose', N('Relu', FIRST), K([0, 2, 3, 1])), (F,))
MEAN = N('Mean', X(2, 9, 8, 4, dtype=F), K([1, 2]), keep_dims=True)
probe('Mean', 'fused: squeeze and excite', N('Mul', X(2, 9, 8, 4, dtype=F, low=-1), N('Sigmoid', MEAN)), (F,))

# --------------------------------------------- long sums

BIG, LONG, TALL = X(1, 96, 96, 3, low=0, high=2), X(4, 9000, low=0, high=2), X(900, 2, low=0, high=2)
for op in ('Sum', 'Mean'):
    for image, axes, which in ((TALL, [0], 'first axis'), (LONG, [1], 'last axis'),
                               (BIG, [1, 2], 'middle axes'), (BIG, [0, 1, 2, 3], 'all')):
        probe(op, 'many values', N(op, image, K(axes)), (F, H, D), which)
        probe(op, 'many values', N(op, image, K(axes)), (B,), which,
              rewrite=cast(N(op, cast(image, F), K(axes)), T))
probe('Cumsum', 'many values', N('Cumsum', TALL, K(0)), (F, H, B))
probe('SegmentSum', 'many values', N('SegmentSum', TALL, K(np.zeros(900, np.int32))), (F, H, B))
probe('MatMul', 'many values', N('MatMul', X(3, 2000, low=0, high=.1), X(2000, 4, low=0, high=.1)),
      (F, H, B))

# --------------------------------------------- ops of newer versions

IMAGE, FILTERS = X(1, 8, 9, 4), X(3, 3, 4, 6)
probe('Conv', 'rank 4', N('Conv', IMAGE, FILTERS, strides=[1, 2, 2, 1], padding='SAME'), (F,),
      rewrite=N('Conv2D', IMAGE, FILTERS, strides=[1, 2, 2, 1], padding='SAME'))
VALUE = X()
probe('ToBool', 'a scalar', N('ToBool', VALUE), (F, H, 'int32'),
      rewrite=N('NotEqual', VALUE, K(0, T)))
IMAGE = X(3, 4)
for op in ('BesselI0', 'BesselI1'):
    probe(op, 'any', N(op, IMAGE), (F, D),
          rewrite=N('Mul', N(op + 'e', IMAGE), N('Exp', N('Abs', IMAGE))))
for kind in ('Sum', 'Prod', 'Max', 'Min'):
    probe(f'Segment{kind}V2', 'any', N(f'Segment{kind}V2', IMAGE, K([0, 2, 2]), K(3)), (F,),
          rewrite=N(f'UnsortedSegment{kind}', IMAGE, K([0, 2, 2]), K(3)) if kind == 'Sum' else None)

# Where the new TensorFlow is the one that is wrong: op, condition.
NEWER_IS_WRONG = {
    ('Conv2D', 'batch 0'), ('Conv2D', 'NCHW, batch 0'), ('Conv3D', 'batch 0'),
    ('Conv3D', 'NCDHW, batch 0'), ('DepthwiseConv2dNative', 'batch 0'),
    ('DepthwiseConv2dNative', 'NCHW, batch 0'), ('Round', 'whole numbers'),
    ('Erf', 'special values'),
}

# What czmodel does: op ('' for any), part of the condition, of the words, the answer; the first
# row that fits counts.
LAYOUT = 'Transpose to channels-last and back'
SPREAD = 'the filter is spread: zeros between its taps'
WIDER = 'computed in a wider type'
WIDENED = 'Abs BatchMatMulV2 FloorMod Maximum Minimum Neg Pow Sign Square'.split()
FLATTENED = 'Reshape to three dimensions, and back'
DIAGONAL = 'the op without V3, where it can express the same'
ANSWERS = (
    ('MaxPoolV2', 'NCHW', '', 'MaxPool channels last, between two Transposes, if the windows are constant'),
    ('AvgPool', 'over channels', '', 'rejected'),
    ('Slice', 'rank', '', 'rejected'), ('StridedSlice', 'rank', '', 'rejected'),
    ('ArgMax', 'rank', 'Unhandled', FLATTENED), ('ArgMin', 'rank', 'Unhandled', FLATTENED),
    ('Conv2D', 'whole numbers', '', 'rejected'),
    ('OneHot', 'indices int8', '', WIDER),
    ('TruncateDiv', 'whole numbers', '', WIDER), ('TruncateDiv', 'infinity', '', 'rejected'),
    *((op, '', 'list of allowed', WIDER) for op in WIDENED),
    ('BatchMatMulV3', 'int8 to int32', '', 'BatchMatMulV2 of int32'),
    ('MatrixDiagV3', '', '', DIAGONAL), ('MatrixDiagPartV3', '', '', DIAGONAL),
    ('MatrixSetDiagV3', '', '', DIAGONAL),
    ('LessEqual', '', 'Multiple', 'float32 between two Casts'),
    ('Mean', 'rank', '', 'float32 between two Casts'),
    ('FusedBatchNormV3', 'is_training, mean', '', 'the statistics become empty constants'),
    ('FusedBatchNormV3', 'rank 5', '', 'Reshape to [-1, 1, 1, C] and back'),
    ('DepthwiseConv2dNative', 'strides differ', '', 'stride 1, then StridedSlice'),
    ('Conv3D', 'NCDHW', '', LAYOUT),
    ('Conv3D', 'dilations', '', SPREAD),
    ('Conv3DBackpropInputV2', 'NCDHW', '', LAYOUT),
    ('Conv3DBackpropInputV2', 'dilations', '', SPREAD),
    ('Conv3D', 'groups', '', 'Split, a Conv3D a group, ConcatV2'),
    ('EuclideanNorm', 'over no axis', '', 'Abs'),
    ('BiasAdd', 'NCHW, rank', '', 'rejected'), ('BiasAdd', 'rank', '', 'AddV2'),
    ('Sum', 'many values', '', 'float32 between two Casts'),
    ('Mean', 'many values', '', 'float32 between two Casts'),
    ('Conv2DBackpropInput', 'groups', '', 'Split, one a group, ConcatV2'),
    ('Conv2DBackpropInput', 'sizes of two entries', '', 'batch and channels are added'),
    ('FusedBatchNorm', 'is_training', '', 'the statistics become empty constants'),
    ('', 'NCHW', '', LAYOUT), ('', 'NCDHW', '', LAYOUT),
    ('Conv2D', 'one filter a channel', '', 'DepthwiseConv2dNative'),
    ('Conv2D', 'groups', '', 'Split, a Conv2D a group, ConcatV2'),
    ('DepthwiseConv2dNative', 'dilations, with strides', '', SPREAD),
    ('DepthwiseConv2dNative', 'dilations', '', 'SpaceToBatchND and back, or ' + SPREAD),
    ('Conv2DBackpropInput', 'dilations', '', SPREAD),
    ('DepthwiseConv2dNative', 'explicit', '', 'Pad, then VALID'),
    ('MaxPool', 'explicit', '', 'PadV2 with the lowest value, then VALID'),
    ('BatchMatMulV3', 'any', '', 'BatchMatMulV2'), ('BatchMatMulV3', 'broadcasting', '', 'BatchMatMulV2'),
    ('FusedBatchNormV3', 'exponential_avg_factor, inference', '', 'the attr is dropped unless outputs 1 and 2 are read'),
    ('', 'special values', '', 'nothing: such values are left as they are'),
    ('', 'large values', '', 'nothing: such values are left as they are'),
    ('', 'infinity', '', 'nothing: such values are left as they are'),
    ('', '', 'not registered', 'rejected'), ('', '', 'mentions attr', 'rejected'),
    ('', '', 'no kernel', 'rejected'), ('', '', 'list of allowed', 'rejected'),
    ('', '', '', 'nothing yet'),
)

# Ops that 2.0.0 does not have and that an inference graph may hold.
NEWER_OPS = '''
ApproxTopK BandedTriangularSolve BatchMatMulV3 BesselI0 BesselI1 BesselJ0 BesselJ1 BesselK0 BesselK0e
BesselK1 BesselK1e BesselY0 BesselY1 BlockLSTMV2 CheckNumericsV2 Conv Conv2DBackpropInputV2 Dawsn
DenseBincount DenseCountSparseOutput DisableCopyOnRead Eig Erfinv Expint ExtractGlimpseV2 FFTND
FresnelCos FresnelSin GenerateBoundingBoxProposals GetOptions IFFTND IRFFTND
ImageProjectiveTransformV2 ImageProjectiveTransformV3 IsotonicRegression KthOrderStatistic
MatrixDiagPartV3 MatrixDiagV3 MatrixSetDiagV3 Ndtri QuantizeAndDequantizeV4
QuantizedMatMulWithBiasAndDequantize QuantizedMatMulWithBiasAndRequantize RFFTND RaggedBincount
RaggedFillEmptyRows RaggedTensorToTensor RandomIndexShuffle ScatterNdMax ScatterNdMin SegmentMaxV2
SegmentMinV2 SegmentProdV2 SegmentSumV2 SobolSample SparseBincount SparseMatrixMatMul Spence
StatelessCase StatelessParameterizedTruncatedNormal StatelessRandomBinomial StatelessRandomGammaV3
StatelessRandomGetAlg StatelessRandomGetKeyCounter StatelessRandomGetKeyCounterAlg
StatelessRandomNormalV2 StatelessRandomUniformFullIntV2 StatelessRandomUniformIntV2
StatelessRandomUniformV2 StatelessShuffle StatelessTruncatedNormalV2 StochasticCastToInt
TensorScatterMax TensorScatterMin ToBool TopKUnique TopKWithUnique UniformDequantize UniformQuantize
UniformQuantizedAdd UniformQuantizedClipByValue UniformQuantizedConvolution
UniformQuantizedConvolutionHybrid UniformQuantizedDot UniformQuantizedDotHybrid UniformRequantize
WindowOp XlaCallModule Xlog1py
'''.split()
NEWER_ANSWERS = {'BatchMatMulV3': 'BatchMatMulV2', 'StatelessCase': 'If',
                 **dict.fromkeys(('MatrixDiagV3', 'MatrixDiagPartV3', 'MatrixSetDiagV3'), DIAGONAL)}


def answer_to(op, condition, words, dtype):
    if dtype in (H, B) and ('no kernel' in words or "attr 'T' of" in words):
        return 'computed in float32'
    return next(text for o, part, of_words, text in ANSWERS
                if o in ('', op) and part in condition and of_words in words)
