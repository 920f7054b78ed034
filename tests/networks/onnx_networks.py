# SPDX-License-Identifier: Apache-2.0
"""ONNX networks with the channels first, of operator sets 7 to 24: architectures, and operations in many forms.

networks() yields the name, the model, what it is fed, and the tolerance of its results. It needs the package onnx.
"""
import itertools

TOLERANCE, HALF_TOLERANCE = 1e-4, 5e-2


# ONNX and ONNX Runtime disagree about align_corners with a scale that gives no whole number of pixels.
REJECTED = 'align_corners with a scale of 1.7'


class Net:
    """A graph that grows: a method call adds a node and gives the name of its first output."""

    def __init__(self, opset, shape=(1, 3, 12, 20), dtype='float32', seed=1):
        import numpy as np
        self.np, self.opset, self.shape, self.dtype = np, opset, shape, dtype
        self.random = np.random.default_rng(seed)
        self.nodes, self.weights, self.functions, self.count = [], [], [], 0

    def __getattr__(self, op):
        def add(*inputs, outputs=1, domain='', name=None, **attrs):
            import onnx
            names = [self.new(op) for _ in range(outputs)]
            inputs = [self.const(v) if not isinstance(v, str) else v for v in inputs]
            self.nodes.append(onnx.helper.make_node(op, inputs, names, name=name or f'/{names[0]}/{op}',
                                                    domain=domain, **attrs))
            return names[0] if outputs == 1 else names
        return add

    def new(self, stem):
        self.count += 1
        return f'{stem.lower()}_{self.count}'

    def const(self, value, dtype=None):
        """A weight: an array, a list of whole numbers, or a shape to be filled with random numbers."""
        from onnx import numpy_helper
        array = self.np.asarray(value)
        if dtype or array.dtype == self.np.float64:
            array = array.astype(dtype or self.dtype)
        name = self.new('weight')
        self.weights.append(numpy_helper.from_array(array, name))
        return name

    def values(self, *shape, scale=0.4):
        return self.const(self.random.standard_normal(shape) * scale, self.dtype)

    def positive(self, *shape):
        return self.const(self.random.random(shape) + 0.5, self.dtype)

    def conv(self, x, channels, out, kernel=3, **attrs):
        kernel = (kernel, kernel) if isinstance(kernel, int) else kernel
        w = self.values(out, channels // attrs.get('group', 1), *kernel)
        if not {'pads', 'auto_pad'} & set(attrs) and all(k % 2 for k in kernel):
            attrs['pads'] = [k // 2 for k in kernel] * 2
        return self.Conv(x, w, self.values(out), kernel_shape=list(kernel), **attrs)

    def norm(self, x, channels):
        return self.BatchNormalization(x, self.positive(channels), self.values(channels),
                                       self.values(channels), self.positive(channels))

    def axes(self, op, x, axes, **attrs):
        """Operations whose axes became an input."""
        since = {'ReduceSum': 13, 'Squeeze': 13, 'Unsqueeze': 13}.get(op, 18)
        if self.opset >= since:
            return getattr(self, op)(x, axes, **attrs)
        return getattr(self, op)(x, axes=axes, **attrs)

    def reshape(self, x, *shape):
        return self.Reshape(x, list(shape))

    def slice(self, x, starts, ends, axes, steps=None):
        if self.opset < 10:
            return self.Slice(x, starts=starts, ends=ends, axes=axes)
        return self.Slice(x, starts, ends, axes, steps or [1] * len(starts))

    def pad(self, x, pads, mode='constant'):
        return self.Pad(x, pads=pads, mode=mode) if self.opset < 11 else self.Pad(x, pads, mode=mode)

    def clip(self, x, low, high):
        if self.opset < 11:
            return self.Clip(x, min=float(low), max=float(high))
        return self.Clip(x, self.const(float(low)), self.const(float(high)))

    def up(self, x, factor=2, mode='nearest'):
        scales = [1.0, 1.0, float(factor), float(factor)]
        if self.opset < 9:
            return self.Upsample(x, scales=scales, mode=mode)
        if self.opset < 11:
            op = self.Upsample if self.opset < 10 else self.Resize
            return op(x, self.const(scales, 'float32'), mode=mode)
        where = {'nearest': 'asymmetric', 'linear': 'half_pixel', 'cubic': 'half_pixel'}[mode]
        return self.Resize(x, self.none(), self.const(scales, 'float32'), mode=mode, nearest_mode='floor',
                           coordinate_transformation_mode=where)

    def none(self):
        """No regions, no scales: up to operator set 12 they may not be absent."""
        return '' if self.opset >= 13 else self.const(self.np.zeros(0), 'float32')

    def model(self, output):
        import onnx
        kind = {'float32': onnx.TensorProto.FLOAT, 'float16': onnx.TensorProto.FLOAT16}[self.dtype]
        graph = onnx.helper.make_graph(
            self.nodes, 'g', [onnx.helper.make_tensor_value_info('x', kind, self.shape)],
            [onnx.helper.make_empty_tensor_value_info(output)], self.weights)
        imports = [onnx.helper.make_opsetid('', self.opset)]
        imports += [onnx.helper.make_opsetid(d, 1) for d in sorted({f.domain for f in self.functions})]
        model = onnx.helper.make_model(graph, opset_imports=imports, functions=self.functions)
        model.ir_version = 4 if self.opset < 9 else 8 if self.opset < 22 else 10
        return model


# --------------------------------------------- whole networks

def unet(n):
    def block(x, a, b):
        return n.Relu(n.norm(n.conv(n.Relu(n.norm(n.conv(x, a, b), b)), b, b), b))
    first = block('x', 3, 6)
    second = block(n.MaxPool(first, kernel_shape=[2, 2], strides=[2, 2]), 6, 8)
    up = n.up(second)
    return n.Sigmoid(n.conv(block(n.Concat(up, first, axis=1), 14, 6), 6, 2, 1))


def resnet(n):
    x = n.Relu(n.norm(n.conv('x', 3, 8, 7, strides=[2, 2], pads=[3, 3, 3, 3]), 8))
    x = n.MaxPool(x, kernel_shape=[3, 3], strides=[2, 2], pads=[1, 1, 1, 1])
    for a, b, stride in ((8, 8, 1), (8, 12, 2)):
        y = n.norm(n.conv(n.Relu(n.norm(n.conv(x, a, b, strides=[stride] * 2), b)), b, b), b)
        short = x if a == b and stride == 1 else n.norm(n.conv(x, a, b, 1, strides=[stride] * 2), b)
        x = n.Relu(n.Add(y, short))
    return n.up(n.conv(x, 12, 3, 1), 8, 'linear' if n.opset < 10 or n.opset > 10 else 'nearest')


def deeplab(n):
    x = n.Relu(n.conv('x', 3, 8, strides=[2, 2]))
    parts = [n.Relu(n.conv(x, 8, 6, 3, dilations=[d, d], pads=[d] * 4)) for d in (1, 2, 4)]
    shape = n.Shape(x)
    pooled = n.conv(n.GlobalAveragePool(x), 8, 6, 1)
    if n.opset >= 11:
        size = n.slice(shape, [2], [4], [0])
        whole = n.Concat(n.slice(n.Shape(pooled), [0], [2], [0]), size, axis=0)
        parts.append(n.Resize(pooled, n.none(), n.none(), whole, mode='linear',
                              coordinate_transformation_mode='half_pixel'))
    x = n.conv(n.Concat(*parts, axis=1), 6 * len(parts), 4, 1)
    return n.Softmax(n.up(x), axis=1) if n.opset >= 13 else n.Sigmoid(n.up(x))


def layer_norm(n, x, channels):
    if n.opset >= 17:
        return n.LayerNormalization(x, n.positive(channels), n.values(channels), axis=-1)
    mean = n.axes('ReduceMean', x, [-1])
    d = n.Sub(x, mean)
    variance = n.axes('ReduceMean', n.Pow(d, n.const(2.0)), [-1])
    y = n.Div(d, n.Sqrt(n.Add(variance, n.const(1e-5))))
    return n.Add(n.Mul(y, n.positive(channels)), n.values(channels))


def transformer(n, is_open=False):
    c, heads = 8, 2
    x = n.conv('x', 3, c, 7, strides=[4, 4], pads=[3, 3, 3, 3])
    shape = n.Shape(x)
    tokens = n.Transpose(n.reshape(x, 0, c, -1), perm=[0, 2, 1])
    y = layer_norm(n, tokens, c)
    q, k, v = [n.Transpose(n.reshape(n.Add(n.MatMul(y, n.values(c, c)), n.values(c)), 0, -1, heads, c // heads),
                           perm=[0, 2, 1, 3]) for _ in range(3)]
    scores = n.Mul(n.MatMul(q, n.Transpose(k, perm=[0, 1, 3, 2])), n.const(0.5))
    y = n.MatMul(n.Softmax(scores, axis=-1 if n.opset >= 13 else 3), v)
    y = n.Add(n.MatMul(n.reshape(n.Transpose(y, perm=[0, 2, 1, 3]), 0, -1, c), n.values(c, c)), tokens)
    y = layer_norm(n, y, c)
    if is_open:
        back = n.Reshape(n.Transpose(y, perm=[0, 2, 1]), shape)
    else:
        back = n.reshape(n.Transpose(y, perm=[0, 2, 1]), 1, c, 3, 5)
    return n.up(n.conv(back, c, 2), 4)


def mobilenet(n):
    x = n.clip(n.conv('x', 3, 8, 3, strides=[2, 2]), 0, 6)
    x = n.clip(n.conv(x, 8, 16, 3, group=8), 0, 6)
    gate = n.conv(n.Relu(n.conv(n.axes('ReduceMean', x, [2, 3], keepdims=1), 16, 4, 1)), 4, 16, 1)
    x = n.Mul(x, n.HardSigmoid(gate, alpha=1 / 6))
    return n.up(n.conv(x, 16, 2, 1))


def convnext(n):
    x = n.conv('x', 3, 8, 4, strides=[4, 4], pads=[0] * 4)
    y = n.conv(x, 8, 8, 7, group=8)
    y = layer_norm(n, n.Transpose(y, perm=[0, 2, 3, 1]), 8)
    y = n.Add(n.MatMul(y, n.values(8, 32)), n.values(32))
    y = n.Mul(n.Mul(y, n.Add(n.Erf(n.Div(y, n.const(2 ** 0.5))), n.const(1.0))), n.const(0.5))
    y = n.Mul(n.Add(n.MatMul(y, n.values(32, 8)), n.values(8)), n.values(8))
    x = n.Add(x, n.Transpose(y, perm=[0, 3, 1, 2]))
    return n.conv(n.DepthToSpace(x, blocksize=2, mode='CRD'), 2, 3)


WHOLE = [(f, o) for f, opsets in ((unet, (7, 8, 9, 10, 11, 13, 17, 21, 24)), (resnet, (7, 9, 11, 15, 20)),
                                  (deeplab, (9, 11, 13, 18, 22)), (transformer, (11, 13, 17, 20)),
                                  (mobilenet, (9, 11, 13, 18)), (convnext, (11, 14, 17))) for o in opsets]


# --------------------------------------------- parts: yields (name, opset, function of the Net)

def tail(n, x, channels):
    """Something after it that is an image, so that layouts matter."""
    return n.conv(x, channels, 2, 1)


def unsorted(n):
    """Editors of graphs append operations, and ONNX Runtime sorts them."""
    y = tail(n, n.Concat(n.Relu(n.conv('x', 3, 4)), n.Sigmoid(n.conv('x', 3, 4)), axis=1), 8)
    n.nodes.reverse()
    return y


def convolutions():
    for k, s, d, g, pads in itertools.product(((3, 3), (2, 4), (1, 5)), (1, 2, 3), (1, 2), (1, 2, 6),
                                              ((0, 0, 0, 0), (1, 0, 2, 3), (2, 2, 2, 2))):
        if (s, d) == (3, 2):
            continue
        yield (f'conv-{k}-s{s}-d{d}-g{g}-{pads}', 13, lambda n, k=k, s=s, d=d, g=g, pads=pads: tail(
            n, n.conv(n.conv('x', 3, 6), 6, 12, k, strides=[s, s], dilations=[d, d], group=g, pads=list(pads)), 12))
    for auto, s, k in itertools.product(('SAME_UPPER', 'SAME_LOWER', 'VALID'), (1, 2, 3), (2, 3, 5)):
        yield (f'conv-{auto}-s{s}-k{k}', 11, lambda n, a=auto, s=s, k=k: tail(
            n, n.conv('x', 3, 4, k, strides=[s, s], auto_pad=a), 4))
    yield 'conv-strides', 11, lambda n: tail(n, n.conv('x', 3, 4, 3, strides=[1, 2]), 4)
    yield 'conv-depthwise-stride', 11, lambda n: tail(n, n.conv(n.conv('x', 3, 4), 4, 8, 3, strides=[1, 2], group=4), 8)


def transposed():
    for k, s, p, o, g in itertools.product((2, 3, 4), (1, 2, 3), ((0, 0, 0, 0), (1, 1, 1, 1), (0, 1, 1, 0)),
                                           (0, 1), (1, 2)):
        if o >= s and o:
            continue

        def net(n, k=k, s=s, p=p, o=o, g=g):
            x = n.conv('x', 3, 4)
            y = n.ConvTranspose(x, n.values(4, 6 // g, k, k), n.values(6), strides=[s, s], pads=list(p),
                                output_padding=[o, o], group=g, kernel_shape=[k, k])
            return tail(n, y, 6)
        yield f'transposed-k{k}-s{s}-p{p}-o{o}-g{g}', 11, net
    for d in (1, 2):
        yield f'transposed-d{d}', 11, lambda n, d=d: tail(n, n.ConvTranspose(
            n.conv('x', 3, 4), n.values(4, 3, 3, 3), dilations=[d, d], strides=[2, 2], pads=[1, 1, 1, 1]), 3)
    for auto in ('SAME_UPPER', 'SAME_LOWER'):
        yield f'transposed-{auto}', 11, lambda n, a=auto: tail(n, n.ConvTranspose(
            n.conv('x', 3, 4), n.values(4, 3, 3, 3), auto_pad=a, strides=[2, 2]), 3)
    yield 'transposed-output_shape', 11, lambda n: tail(n, n.ConvTranspose(
        n.conv('x', 3, 4), n.values(4, 3, 3, 3), output_shape=[24, 41], strides=[2, 2]), 3)


def pools():
    for op, k, s, p, c, i in itertools.product(('MaxPool', 'AveragePool'), (2, 3), (1, 2, 3),
                                               ((0, 0, 0, 0), (1, 1, 1, 1), (0, 1, 1, 0)), (0, 1), (0, 1)):
        if op == 'MaxPool' and i:
            continue
        more = {'count_include_pad': i} if op == 'AveragePool' else {}
        yield (f'{op}-k{k}-s{s}-p{p}-ceil{c}-count{i}', 12, lambda n, op=op, k=k, s=s, p=p, c=c, more=more: tail(
            n, getattr(n, op)(n.conv('x', 3, 4), kernel_shape=[k, k], strides=[s, s], pads=list(p), ceil_mode=c,
                              **more), 4))
    for op, auto, s in itertools.product(('MaxPool', 'AveragePool'), ('SAME_UPPER', 'SAME_LOWER', 'VALID'), (1, 2, 3)):
        yield (f'{op}-{auto}-s{s}', 12, lambda n, op=op, a=auto, s=s: tail(
            n, getattr(n, op)(n.conv('x', 3, 4), kernel_shape=[3, 2], strides=[s, s], auto_pad=a), 4))
    for op, d, c in itertools.product(('MaxPool', 'AveragePool'), (2, 3), (0, 1)):
        yield (f'{op}-d{d}-ceil{c}', 19, lambda n, op=op, d=d, c=c: tail(
            n, getattr(n, op)(n.conv('x', 3, 4), kernel_shape=[2, 3], strides=[2, 1], dilations=[d, d],
                              pads=[1, 1, 1, 1], ceil_mode=c), 4))
    yield 'LpPool', 11, lambda n: tail(n, n.LpPool('x', kernel_shape=[2, 3], strides=[2, 2], pads=[0, 1, 0, 1], p=2), 3)
    yield 'GlobalMaxPool', 11, lambda n: n.Mul(n.conv('x', 3, 4), n.GlobalMaxPool(n.conv('x', 3, 4)))


def resizes():
    places = ('half_pixel', 'pytorch_half_pixel', 'asymmetric', 'align_corners')
    for mode, at, scales in itertools.product(('nearest', 'linear', 'cubic'), places,
                                              ((2.0, 2.0), (0.5, 0.6), (1.7, 3.0))):
        rounds = ('round_prefer_floor', 'round_prefer_ceil', 'floor', 'ceil') if mode == 'nearest' else ('floor',)
        for nearest in rounds:
            yield (f'resize-{mode}-{at}-{nearest}-{scales}', 13, lambda n, m=mode, at=at, r=nearest, sc=scales: tail(
                n, n.Resize(n.conv('x', 3, 4), '', n.const([1, 1, *sc], 'float32'), mode=m, nearest_mode=r,
                            coordinate_transformation_mode=at), 4))
    for mode, at, size in itertools.product(('nearest', 'linear', 'cubic'), places, ((24, 40), (7, 9), (13, 31))):
        yield (f'resize-{mode}-{at}-sizes{size}', 13, lambda n, m=mode, at=at, z=size: tail(
            n, n.Resize(n.conv('x', 3, 4), '', '', [1, 4, *z], mode=m, coordinate_transformation_mode=at), 4))
    for mode in ('linear', 'cubic'):
        for a, e in itertools.product((0, 1), (0, 1)):
            yield (f'resize-{mode}-antialias{a}-exclude{e}', 18, lambda n, m=mode, a=a, e=e: tail(
                n, n.Resize(n.conv('x', 3, 4), '', '', [5, 7], mode=m, antialias=a, axes=[2, 3],
                            exclude_outside=e if m == 'cubic' or a else 0), 4))
    yield 'resize-symmetric', 19, lambda n: tail(n, n.Resize(
        'x', '', n.const([1, 1, 0.6, 1.3], 'float32'), mode='linear',
        coordinate_transformation_mode='half_pixel_symmetric'), 3)
    yield 'resize-crop', 13, lambda n: tail(n, n.Resize(
        'x', n.const([0, 0, 0.2, 0.1, 1, 1, 0.8, 0.7], 'float32'), '', [1, 3, 9, 10], mode='linear',
        coordinate_transformation_mode='tf_crop_and_resize', extrapolation_value=0.5), 3)
    for mode, scale in itertools.product(('nearest', 'linear'), (2.0, 0.5, 1.5)):
        yield f'resize10-{mode}-{scale}', 10, lambda n, m=mode, s=scale: tail(
            n, n.Resize(n.conv('x', 3, 4), n.const([1, 1, s, s], 'float32'), mode=m), 4)


def norms():
    yield 'instance', 11, lambda n: tail(n, n.InstanceNormalization(n.conv('x', 3, 4), n.positive(4), n.values(4)), 4)
    yield 'group21', 21, lambda n: tail(n, n.GroupNormalization(n.conv('x', 3, 8), n.positive(8), n.values(8), num_groups=4), 8)
    yield 'group18', 18, lambda n: tail(n, n.GroupNormalization(n.conv('x', 3, 8), n.positive(4), n.values(4), num_groups=4), 8)

    def torch_group(n):
        x = n.conv('x', 3, 8)
        y = n.InstanceNormalization(n.reshape(x, 0, 4, -1), n.const([1.0] * 4), n.const([0.0] * 4))
        y = n.Reshape(y, n.Shape(x))
        return tail(n, n.Add(n.Mul(y, n.positive(8, 1, 1)), n.values(8, 1, 1)), 8)
    yield 'group-torch', 13, torch_group
    for axis in (1, 2, 3, -1):
        shape = {1: (4, 12, 20), 2: (12, 20), 3: (20,), -1: (20,)}[axis]
        yield f'layer{axis}', 17, lambda n, a=axis, s=shape: tail(
            n, n.LayerNormalization(n.conv('x', 3, 4), n.positive(*s), n.values(*s), axis=a), 4)
    yield 'lrn', 13, lambda n: tail(n, n.LRN(n.conv('x', 3, 6), size=5, alpha=0.3, beta=0.6, bias=1.5), 6)
    yield 'lp', 13, lambda n: tail(n, n.LpNormalization(n.conv('x', 3, 4), axis=1, p=2), 4)
    yield 'mvn', 13, lambda n: tail(n, n.MeanVarianceNormalization(n.conv('x', 3, 4)), 4)
    yield 'batch-after-relu', 9, lambda n: tail(n, n.norm(n.Relu(n.conv('x', 3, 4)), 4), 4)
    yield 'batch-first', 15, lambda n: tail(n, n.norm('x', 3), 3)


def shapes():
    for mode in ('DCR', 'CRD'):
        yield f'd2s-{mode}', 13, lambda n, m=mode: tail(n, n.DepthToSpace(n.conv('x', 3, 16), blocksize=2, mode=m), 4)
    yield 's2d', 13, lambda n: tail(n, n.SpaceToDepth('x', blocksize=2), 12)
    yield 'shuffle-channels', 13, lambda n: tail(n, n.reshape(n.Transpose(
        n.reshape(n.conv('x', 3, 6), 1, 2, 3, 12, 20), perm=[0, 2, 1, 3, 4]), 1, 6, 12, 20), 6)
    yield 'pixel-unshuffle', 13, lambda n: tail(n, n.reshape(n.Transpose(
        n.reshape('x', 1, 3, 6, 2, 10, 2), perm=[0, 1, 3, 5, 2, 4]), 1, 12, 6, 10), 12)
    yield 'pixel-shuffle', 13, lambda n: tail(n, n.reshape(n.Transpose(
        n.reshape(n.conv('x', 3, 8), 1, 2, 2, 2, 12, 20), perm=[0, 1, 4, 2, 5, 3]), 1, 2, 24, 40), 2)
    yield 'focus', 11, lambda n: tail(n, n.Concat(*(n.slice('x', [a, b], [2 ** 31 - 1, 2 ** 63 - 1], [2, 3], [2, 2])
                                                    for a in (0, 1) for b in (0, 1)), axis=1), 12)
    yield 'split', 11, lambda n: tail(n, n.Mul(*n.Split(n.conv('x', 3, 8), axis=1, outputs=2)), 4)
    yield 'split13', 13, lambda n: tail(n, n.Concat(*n.Split(n.conv('x', 3, 8), [2, 5, 1], axis=1, outputs=3)[::-1], axis=-3), 8)
    yield 'flip', 13, lambda n: tail(n, n.slice(n.conv('x', 3, 4), [-1], [-2 ** 63], [3], [-1]), 4)
    for mode in ('constant', 'reflect', 'edge'):
        yield f'pad-{mode}', 11, lambda n, m=mode: tail(n, n.pad(n.conv('x', 3, 4), [0, 0, 1, 2, 0, 0, 3, 4], m), 4)
    yield 'pad-wrap', 19, lambda n: tail(n, n.pad(n.conv('x', 3, 4), [0, 0, 1, 2, 0, 0, 3, 4], 'wrap'), 4)
    yield 'sequence', 13, lambda n: tail(n, n.ConcatFromSequence(n.SequenceInsert(n.SequenceErase(
        n.SplitToSequence(n.conv('x', 3, 4), axis=1)), 'x', n.const(1)), axis=1), 6)
    yield 'sequence-at', 13, lambda n: tail(n, n.SequenceAt(
        n.SplitToSequence(n.conv('x', 3, 8), n.const(3), axis=1), n.const(-1)), 2)
    yield 'sequence-row', 13, lambda n: tail(n, n.axes('Unsqueeze', n.SequenceAt(
        n.SplitToSequence(n.conv('x', 3, 4), axis=1, keepdims=0), n.const(2)), [1]), 1)
    yield 'sequence-stack', 13, lambda n: tail(n, n.ReduceMax(n.ConcatFromSequence(n.SequenceInsert(
        n.SequenceInsert(n.SequenceEmpty(), 'x'), n.Relu('x')), axis=0, new_axis=1), axes=[0], keepdims=0), 3)
    for name, row in ('twice', lambda i: i // 2), ('back', lambda i: 19 - i % 12):
        yield f'gather-grid-{name}', 13, lambda n, row=row: tail(n, n.Transpose(n.GatherND(
            n.Transpose(n.conv('x', 3, 4), perm=[3, 2, 1, 0]), n.const([[[row(i), k // 2] for k in range(24)] for i in range(40)])),
            perm=[3, 2, 1, 0]), 4)
    yield 'pad-negative', 11, lambda n: tail(n, n.pad(n.conv('x', 3, 4), [0, 0, -1, 2, 0, 0, 3, -2]), 4)
    yield 'pad-axes', 18, lambda n: tail(n, n.Pad(n.conv('x', 3, 4), [1, 2, 3, 4], '', [-1, 2]), 4)
    yield 'squeeze', 13, lambda n: tail(n, n.axes('Unsqueeze', n.axes('Squeeze', n.conv('x', 3, 1), [1]), [1]), 1)
    yield 'expand', 13, lambda n: tail(n, n.Expand(n.GlobalAveragePool(n.conv('x', 3, 4)), [1, 4, 12, 20]), 4)
    yield 'tile', 13, lambda n: tail(n, n.Tile(n.conv('x', 3, 4), [1, 2, 1, 3]), 8)
    yield 'gather-channels', 13, lambda n: tail(n, n.Gather('x', [2, -2, 0, 0], axis=1), 4)
    yield 'gather-row', 13, lambda n: tail(n, n.Add('x', n.axes('Unsqueeze', n.Gather('x', n.const(3), axis=2), [2])), 3)
    yield 'flatten-dense', 13, lambda n: n.Mul('x', n.reshape(n.Gemm(
        n.Flatten(n.MaxPool('x', kernel_shape=[4, 4], strides=[4, 4])), n.values(3, 45), n.values(3), transB=1), 1, 3, 1, 1))
    yield 'scatter', 13, lambda n: tail(n, n.ScatterElements(
        n.conv('x', 3, 4), n.const(n.np.arange(4).reshape(1, 4, 1, 1)), n.values(1, 4, 1, 1), axis=3), 4)
    yield 'gather-nd', 13, lambda n: n.reshape(n.GatherND(
        n.conv('x', 3, 4), n.const(n.np.array([[[3], [1]]])), batch_dims=1), 1, 2, 12, 20)


def elements():
    for op in ('Relu', 'Sigmoid', 'Tanh', 'Elu', 'Selu', 'LeakyRelu', 'HardSigmoid', 'HardSwish', 'Softplus', 'Softsign',
               'Exp', 'Abs', 'Floor', 'Celu', 'ThresholdedRelu', 'Mish', 'Neg', 'Sign', 'Round', 'Ceil', 'Erf'):
        yield op, 18, lambda n, op=op: tail(n, getattr(n, op)(n.conv('x', 3, 4)), 4)
    yield 'image-scaler', 7, lambda n: tail(n, n.ImageScaler('x', scale=1.5, bias=[0.5, -1.0, 2.0]), 3)
    yield 'image-scaler-inside', 7, lambda n: tail(n, n.ImageScaler(n.conv('x', 3, 4), bias=[0.5, -1.0, 2.0, 1.0]), 4)
    yield 'crop-affine', 7, lambda n: tail(n, n.Affine(n.Crop(n.conv('x', 3, 4), border=[1, 2, 3, 0]), alpha=1.5, beta=-0.5), 4)
    yield 'global-lp', 13, lambda n: n.Mul(n.conv('x', 3, 4), n.GlobalLpPool(n.conv('x', 3, 4), p=3))
    yield 'shrink-int', 13, lambda n: tail(n, n.Cast(n.Shrink(n.Cast(n.Mul('x', n.const(9.0)), to=6), lambd=1.4, bias=1.5), to=1), 3)
    yield 'unsorted', 13, unsorted
    yield 'gelu', 20, lambda n: tail(n, n.Gelu(n.Gelu(n.conv('x', 3, 4)), approximate='tanh'), 4)
    yield 'prelu', 11, lambda n: tail(n, n.PRelu(n.PRelu(n.conv('x', 3, 4), n.values(4, 1, 1)), n.values(1)), 4)
    yield 'clip-high', 13, lambda n: tail(n, n.Clip(n.conv('x', 3, 4), '', n.const(0.3)), 4)
    yield 'where', 13, lambda n: tail(n, n.Where(n.Greater(n.conv('x', 3, 4), n.values(4, 1, 1)), n.conv('x', 3, 4), n.values(20)), 4)
    yield 'broadcast', 13, lambda n: tail(n, n.Add(n.Mul(n.conv('x', 3, 4), n.values(20)), n.values(1, 4, 12, 1)), 4)
    yield 'max', 13, lambda n: tail(n, n.Max(n.conv('x', 3, 4), n.values(4, 1, 1), n.const(0.1)), 4)
    yield 'mean', 13, lambda n: tail(n, n.Mean(n.conv('x', 3, 4), n.conv('x', 3, 4), n.conv('x', 3, 4)), 4)
    yield 'pow', 13, lambda n: tail(n, n.Pow(n.Abs(n.conv('x', 3, 4)), n.const(3)), 4)
    yield 'reduce', 13, lambda n: tail(n, n.Sub(n.conv('x', 3, 4), n.ReduceMax(n.conv('x', 3, 4), axes=[1, -1])), 4)
    yield 'cumsum', 13, lambda n: tail(n, n.CumSum(n.conv('x', 3, 4), n.const(3)), 4)
    yield 'argmax', 13, lambda n: n.Cast(n.ArgMax(n.conv('x', 3, 4), axis=1, keepdims=0), to=1)
    yield 'argmax-keep', 13, lambda n: n.Cast(n.ArgMax(n.conv('x', 3, 4), axis=1, keepdims=1), to=1)
    yield 'topk', 13, lambda n: tail(n, n.TopK(n.conv('x', 3, 5), [2], axis=1, outputs=2)[0], 2)
    yield 'softmax-h', 13, lambda n: tail(n, n.Softmax(n.conv('x', 3, 4), axis=2), 4)
    yield 'softmax11', 11, lambda n: tail(n, n.Softmax(n.conv('x', 3, 4), axis=1), 4)
    yield 'logsoftmax', 13, lambda n: n.LogSoftmax(n.conv('x', 3, 4), axis=1)
    yield 'nhwc-out', 13, lambda n: n.Transpose(n.Softmax(n.conv('x', 3, 4), axis=1), perm=[0, 2, 3, 1])
    yield 'einsum-channels', 13, lambda n: tail(n, n.Einsum(n.conv('x', 3, 4), n.values(5, 4), equation='nchw,oc->nohw'), 5)
    yield 'einsum-attention', 13, lambda n: tail(n, n.Einsum(n.Softmax(n.Einsum(
        n.conv('x', 3, 4), n.conv('x', 3, 4), equation='bchw,bdhw->bcd'), axis=-1), n.conv('x', 3, 4),
        equation='b c d, b d h w -> b c h w'), 4)
    yield 'matmul-spatial', 13, lambda n: tail(n, n.MatMul(n.conv('x', 3, 4), n.values(20, 6)), 4)
    yield 'linear-channels', 13, lambda n: tail(n, n.Transpose(n.MatMul(
        n.Transpose(n.conv('x', 3, 4), perm=[0, 2, 3, 1]), n.values(4, 5)), perm=[0, 3, 1, 2]), 5)
    for mode, pad, corners in itertools.product(('linear', 'nearest', 'cubic'), ('zeros', 'border', 'reflection'), (0, 1)):
        yield f'grid-{mode}-{pad}-{corners}', 20, lambda n, m=mode, p=pad, c=corners: tail(n, n.GridSample(
            n.conv('x', 3, 4), n.const(n.random.random((1, 6, 9, 2)) * 2.6 - 1.3, 'float32'), mode=m, padding_mode=p,
            align_corners=c), 4)


def weights():
    from onnx import helper, TensorProto
    yield 'shared', 13, lambda n: (lambda w: tail(n, n.Add(n.Conv('x', w), n.Mul(n.Conv('x', w), n.axes(
        'ReduceMean', w, [0, 1, 2, 3], keepdims=1))), 4))(n.values(4, 3, 1, 1))
    yield 'transposed-weight', 13, lambda n: tail(n, n.Conv('x', n.Transpose(n.values(1, 1, 3, 4), perm=[3, 2, 0, 1])), 4)
    yield 'identity-weight', 13, lambda n: tail(n, n.Conv('x', n.Identity(n.values(4, 3, 1, 1))), 4)
    yield 'computed-weight', 13, lambda n: tail(n, n.Conv('x', n.Sub(n.values(4, 3, 1, 1), n.const(0.1))), 4)
    yield 'constant-node', 13, lambda n: tail(n, n.Conv('x', n.Constant(value=helper.make_tensor(
        'v', TensorProto.FLOAT, (4, 3, 1, 1), n.random.random(12).tolist()))), 4)

    def quantised(n, axis, kind):
        w = n.DequantizeLinear(n.const(n.random.integers(-100, 100, (4, 3, 3, 3)), kind),
                               n.const(n.random.random(4) / 100 if axis is not None else 0.01, 'float32'),
                               n.const([0] * 4 if axis is not None else 0, kind), **({'axis': 0} if axis is not None else {}))
        x = n.DequantizeLinear(n.QuantizeLinear('x', n.const(0.02, 'float32'), n.const(3, 'uint8')),
                               n.const(0.02, 'float32'), n.const(3, 'uint8'))
        return tail(n, n.Relu(n.Conv(x, w, n.values(4), pads=[1] * 4)), 4)
    yield 'qdq-axis', 13, lambda n: quantised(n, 0, 'int8')
    yield 'qdq', 13, lambda n: quantised(n, None, 'int8')

    def function(n):
        f = helper.make_function('own', 'Block', ['a', 'w', 'b'], ['y'], [
            helper.make_node('Conv', ['a', 'w', 'b'], ['c'], name='conv', pads=[1, 1, 1, 1]),
            helper.make_node('LeakyRelu', ['c'], ['y'], name='act')],
            [helper.make_opsetid('', n.opset)], ['alpha'])
        attr = helper.make_node('LeakyRelu', ['c'], ['y'], name='act')
        attr.attribute.add(name='alpha', ref_attr_name='alpha', type=1)
        f.node[1].CopyFrom(attr)
        outer = helper.make_function('own', 'Twice', ['a', 'w', 'v'], ['y'], [
            helper.make_node('Block', ['a', 'w'], ['c'], domain='own', name='first', alpha=0.3),
            helper.make_node('Block', ['c', 'v'], ['y'], domain='own', name='second', alpha=0.1)],
            [helper.make_opsetid('', n.opset), helper.make_opsetid('own', 1)])
        n.functions = [f, outer]
        return tail(n, n.Twice('x', n.values(4, 3, 3, 3), n.values(4, 4, 3, 3), domain='own'), 4)
    yield 'functions', 17, function

    def branch(n):
        def graph(op, name):
            return helper.make_graph([helper.make_node(op, ['conv_of_if'], [name])], name, [],
                                     [helper.make_empty_tensor_value_info(name)])
        n.nodes.append(helper.make_node('Identity', [n.conv('x', 3, 4)], ['conv_of_if']))
        return tail(n, n.If(n.Equal(n.Gather(n.Shape('x'), n.const(1)), n.const(3)),
                            then_branch=graph('Relu', 'p'), else_branch=graph('Neg', 'q')), 4)
    yield 'if', 13, branch


def open_sizes():
    for mode in ('edge', 'wrap'):
        yield f'pad-{mode}', 19, lambda n, m=mode: tail(n, n.pad(n.conv('x', 3, 4), [0, 0, 1, 2, 0, 0, 3, 0], m), 4)
    yield 'softmax-rest', 11, lambda n: tail(n, n.Softmax(n.conv('x', 3, 4), axis=1), 4)

    def tokens(n):
        image = n.conv('x', 3, 4)
        flat = n.Reshape(image, n.Concat(n.slice(n.Shape(image), [0], [2], [0]), [-1], axis=0))
        rows = n.MatMul(n.Transpose(flat, perm=[0, 2, 1]), n.values(4, 4))
        return tail(n, n.Add(image, n.Reshape(n.Transpose(rows, perm=[0, 2, 1]), n.Shape(image))), 4)
    yield 'tokens', 13, tokens


PARTS = (convolutions, transposed, pools, resizes, norms, shapes, elements, weights)


def networks():
    """(name, model, [input], tolerance)"""
    import numpy as np
    random = np.random.default_rng(5)

    def one(name, opset, build, shape=(1, 3, 12, 20), sizes=None, dtype='float32'):
        net = Net(opset, shape, dtype)
        model = net.model(build(net))
        feeds = [random.random(size).astype(dtype) * 2 - 1 for size in (sizes or [shape])]
        return name, model, feeds, HALF_TOLERANCE if dtype == 'float16' else TOLERANCE
    for build, opset in WHOLE:
        yield one(f'{build.__name__}-{opset}', opset, build)
    for build, opset in ((unet, 9), (unet, 13), (deeplab, 13), (resnet, 11), (mobilenet, 13)):
        yield one(f'{build.__name__}-{opset}-open', opset, build, ('N', 3, 'H', 'W'), [(1, 3, 16, 24), (2, 3, 24, 16)])
    yield one('transformer-13-open', 13, lambda n: transformer(n, True), ('N', 3, 'H', 'W'),
              [(1, 3, 16, 24), (2, 3, 24, 16)])
    for name, opset, build in open_sizes():
        yield one(f'open/{name}', opset, build, ('N', 3, 'H', 'W'), [(1, 3, 16, 24), (2, 3, 24, 20)])
    for build, opset in ((unet, 13), (resnet, 15), (convnext, 17)):
        yield one(f'{build.__name__}-{opset}-half', opset, build, dtype='float16')
    for part in PARTS:
        for name, opset, build in part():
            yield one(f'{part.__name__}/{name}', opset, build)
