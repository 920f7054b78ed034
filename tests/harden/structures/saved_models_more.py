# SPDX-License-Identifier: Apache-2.0
"""More SavedModels: control flow, attributes, tensors, the wire, objects, checkpoints."""
import os
import struct

from .parts import HEAD, IMAGE, TAIL, kind as any_kind, meta_graph, network, put, repeated, saved_model
from graph_text import entry, node, op_def, shape, tensor_info
from protobuf import message, number, varint
from make_sources import masked_crc32c, table, block, handle
from .saved_models import index_entry


def kind(*sizes):
    return any_kind(*sizes, commands=('inspect', 'convert', 'size', 'czann'))


SOFTMAX = 'node y Softmax x T=type:FLOAT'


def raw_network(folder, nodes, functions=b'', more=b''):
    """`nodes`: bytes of NodeDefs besides x and y."""
    ends = (entry(1, 'image', tensor_info('x:0', 'FLOAT', IMAGE))
            + entry(2, 'classes', tensor_info('y:0', 'FLOAT', IMAGE)))
    head = message(1, node(HEAD[1].split()[1:]))
    return meta_graph(folder, message(1, message(4, 'serve')),
                      message(2, head + nodes + functions), entry(5, 'serving_default', ends), more)


# t: whether the pixels' sum is not 0.
CONDITION = ['node axes Const dtype=type:INT32 value=ints:0,1,2,3', 'node sum Sum x axes T=type:FLOAT Tidx=type:INT32',
             'node t Cast sum SrcT=type:FLOAT DstT=type:BOOL']
ONE_BRANCH = 'Tcond=type:BOOL Tin=types:FLOAT Tout=types:FLOAT'


def y(before='x'):
    return message(1, node(f'y Softmax {before} T=type:FLOAT'.split()))


# ---- functions and control flow

def nested(n, call):
    """Functions F0 to F(n-1). Each contains the node `call`, whose {next} is the function after it; the last one a Relu."""
    lines = []
    for i in range(n):
        is_last = i + 1 == n
        lines += [f'function F{i} a:FLOAT b:FLOAT b=r:{"activations" if is_last else "output"}:0',
                  'node r Relu a T=type:FLOAT' if is_last else call.format(next=f'F{i + 1}'), 'end']
    return lines


@kind(100, 1000, 4000)
def nested_calls(folder, n):
    lines = nested(n, 'node r PartitionedCall a f=function:{next} Tin=types:FLOAT Tout=types:FLOAT')
    return saved_model(folder, [*HEAD, 'node f PartitionedCall x f=function:F0 Tin=types:FLOAT Tout=types:FLOAT',
                                'node y Softmax f T=type:FLOAT', *lines, *TAIL])


@kind(1, 10, 1000)
def call_circle(folder, n):
    lines = []
    for i in range(n):
        lines += [f'function F{i} a:FLOAT b:FLOAT b=r:output:0',
                  f'node r PartitionedCall a f=function:F{(i + 1) % n} Tin=types:FLOAT Tout=types:FLOAT', 'end']
    return saved_model(folder, [*HEAD, 'node f PartitionedCall x f=function:F0 Tin=types:FLOAT Tout=types:FLOAT',
                                'node y Softmax f T=type:FLOAT', *lines, *TAIL])


@kind(10, 100, 1000)
def whiles(folder, n):
    """A loop in a loop in a loop."""
    lines = ['function C a:FLOAT b:BOOL b=t:output:0', 'node t Const dtype=type:BOOL value=scalar:true', 'end']
    lines += nested(n, 'node r While a cond=function:C body=function:{next} T=types:FLOAT')
    return saved_model(folder, [*HEAD, 'node f While x cond=function:C body=function:F0 T=types:FLOAT',
                                'node y Softmax f T=type:FLOAT', *lines, *TAIL])


@kind(8, 12, 24)
def while_tower(folder, n):
    """Loops whose condition and body both contain the next loop."""
    lines = []
    for i in range(n):
        last = i + 1 == n
        lines += [f'function C{i} a:FLOAT b:BOOL b=t:output:0',
                  'node q Relu a T=type:FLOAT' if last else
                  f'node q While a cond=function:C{i + 1} body=function:F{i + 1} T=types:FLOAT',
                  'node t Const dtype=type:BOOL value=scalar:true', 'end',
                  f'function F{i} a:FLOAT b:FLOAT b=r:{"activations" if last else "output"}:0',
                  'node r Relu a T=type:FLOAT' if last else
                  f'node r While a cond=function:C{i + 1} body=function:F{i + 1} T=types:FLOAT', 'end']
    return saved_model(folder, [*HEAD, 'node f While x cond=function:C0 body=function:F0 T=types:FLOAT',
                                'node y Softmax f T=type:FLOAT', *lines, *TAIL])


@kind(1000, 2000, 4000)
def loops_in_a_row(folder, n):
    lines = ['function C a:FLOAT b:BOOL b=t:output:0', 'node t Const dtype=type:BOOL value=scalar:true', 'end',
             'function F a:FLOAT b:FLOAT b=r:activations:0', 'node r Relu a T=type:FLOAT', 'end']
    nodes = [f'node f{i} While {f"f{i-1}" if i else "x"} cond=function:C body=function:F T=types:FLOAT'
             for i in range(n)]
    return saved_model(folder, [*HEAD, *nodes, f'node y Softmax f{n - 1} T=type:FLOAT', *lines, *TAIL])


@kind(10 ** 3, 10 ** 6, 2 ** 31 - 1)
def counted_loop(folder, n):
    """A loop whose count is a constant."""
    def arg(field, name, of):
        return message(field, message(1, name) + number(3, of))
    cond = message(1, message(1, 'C') + arg(2, 'i', 3) + arg(2, 'a', 1) + arg(3, 'b', 10))
    cond += message(3, node(f'n Const dtype=type:INT32 value=ints:{n}'.split()))
    cond += message(3, node('l Less i n:output:0 T=type:INT32'.split())) + entry(4, 'b', 'l:z:0')
    body = message(1, message(1, 'F') + arg(2, 'i', 3) + arg(2, 'a', 1) + arg(3, 'j', 3) + arg(3, 'b', 1))
    body += message(3, node('one Const dtype=type:INT32 value=ints:1'.split()))
    body += message(3, node('k AddV2 i one:output:0 T=type:INT32'.split()))
    body += message(3, node('r Relu a T=type:FLOAT'.split()))
    body += entry(4, 'j', 'k:z:0') + entry(4, 'b', 'r:activations:0')
    nodes = b''.join(message(1, node(line.split())) for line in [
        'zero Const dtype=type:INT32 value=ints:0',
        'w StatelessWhile zero x cond=function:C body=function:F T=types:INT32,FLOAT', 'y Softmax w:1 T=type:FLOAT'])
    return raw_network(folder, nodes, message(2, message(1, cond) + message(1, body)))


@kind(1000, 2000, 4000)
def cases(folder, n):
    """A Case with n branches."""
    branches = entry(5, 'branches', message(1, b''.join(message(9, message(1, 'F')) for _ in range(n))))
    function = message(1, op_def('F', 'a:FLOAT', 'b:FLOAT')) + message(3, node('r Relu a T=type:FLOAT'.split()))
    function += entry(4, 'b', 'r:activations:0')
    case = node('c Case i x Tin=types:FLOAT Tout=types:FLOAT'.split()) + branches
    nodes = message(1, node('i Const dtype=type:INT32 value=ints:1'.split())) + message(1, case) + y('c')
    return raw_network(folder, nodes, message(2, message(1, function)))


@kind(1000, 2000, 4000)
def switches(folder, n):
    """Control flow of TensorFlow 1."""
    return repeated(folder, n, ['node s{i} Switch {before} t T=type:FLOAT', 'node a{i} Relu s{i} T=type:FLOAT',
                                'node b{i} Relu s{i}:1 T=type:FLOAT', 'node m{i} Merge a{i} b{i} T=type:FLOAT N=int:2'],
                    ['node t Placeholder dtype=type:BOOL shape=shape:'])


@kind(500, 1000, 2000)
def frames(folder, n):
    """Loops of TensorFlow 1 in loops."""
    lines, before = ['node t Const dtype=type:BOOL value=scalar:true'], 'x'
    for i in range(n):
        lines += [f'node e{i} Enter {before} T=type:FLOAT frame_name=text:f{i}',
                  f'node m{i} Merge e{i} n{i} T=type:FLOAT N=int:2', f'node c{i} LoopCond t',
                  f'node s{i} Switch m{i} c{i} T=type:FLOAT', f'node n{i} NextIteration s{i}:1 T=type:FLOAT']
        before = f's{i}:1'
    for i in range(n):
        lines += [f'node x{i} Exit {f"x{i - 1}" if i else before} T=type:FLOAT']
    return network(folder, [*lines, f'node y Softmax x{n - 1} T=type:FLOAT'])


@kind(500, 1000, 2000)
def functions_of_many_results(folder, n):
    """Calls of a function with n results."""
    calls = int(n ** .5)
    arg = b''.join(message(3, message(1, f'b{i}') + number(3, 1)) for i in range(n))
    function = message(1, message(1, 'F') + message(2, message(1, 'a') + number(3, 1)) + arg)
    function += message(3, node('r Relu a T=type:FLOAT'.split()))
    function += b''.join(entry(4, f'b{i}', 'r:activations:0') for i in range(n))
    nodes = b''.join(message(1, node([f'f{i}', 'F', f'f{i - 1}:{n - 1}' if i else 'x'])) for i in range(calls))
    return raw_network(folder, nodes + y(f'f{calls - 1}'), message(2, message(1, function)))


@kind(10 ** 3, 4000, 16000)
def calls_of_many_results(folder, n):
    """n calls of a function with a hundred results."""
    arg = b''.join(message(3, message(1, f'b{i}') + number(3, 1)) for i in range(100))
    function = message(1, message(1, 'F') + message(2, message(1, 'a') + number(3, 1)) + arg)
    function += message(3, node('r Relu a T=type:FLOAT'.split()))
    function += b''.join(entry(4, f'b{i}', 'r:activations:0') for i in range(100))
    nodes = b''.join(message(1, node([f'f{i}', 'F', f'f{i - 1}:99' if i else 'x'])) for i in range(n))
    return raw_network(folder, nodes + y(f'f{n - 1}'), message(2, message(1, function)))


@kind(5000, 10000, 20000)
def unused_functions(folder, n):
    lines = []
    for i in range(n):
        lines += [f'function F{i} a:FLOAT b:FLOAT b=r:activations:0', 'node r Relu a T=type:FLOAT', 'end']
    return saved_model(folder, [*HEAD, SOFTMAX, *lines, *TAIL])


@kind(5000, 10000, 20000)
def functions_of_one_name(folder, n):
    lines = []
    for i in range(n):
        lines += ['function F a:FLOAT b:FLOAT b=r:activations:0', 'node r Relu a T=type:FLOAT', 'end']
    return saved_model(folder, [*HEAD, 'node f F x', 'node y Softmax f T=type:FLOAT', *lines, *TAIL])


@kind(500, 1000, 2000)
def functions_with_conditionals(folder, n):
    """n functions with a conditional each."""
    before, functions = 'x', []
    lines = list(CONDITION)
    for i in range(n):
        lines.append(f'node f{i} If t {before} then_branch=function:a{i} else_branch=function:g {ONE_BRANCH}')
        functions += [f'function a{i} a:FLOAT b:FLOAT b=r:output:0', CONDITION[0],
                      'node s Sum a axes:output:0 T=type:FLOAT Tidx=type:INT32',
                      'node t Cast s:output:0 SrcT=type:FLOAT DstT=type:BOOL',
                      f'node r If t:y:0 a then_branch=function:g else_branch=function:h {ONE_BRANCH}', 'end']
        before = f'f{i}'
    for name, op, result in (('g', 'Tanh', 'y'), ('h', 'Relu', 'activations')):
        functions += [f'function {name} a:FLOAT b:FLOAT b=r:{result}:0', f'node r {op} a T=type:FLOAT', 'end']
    return saved_model(folder, [*HEAD, *lines, f'node y Softmax {before} T=type:FLOAT', *functions, *TAIL])


@kind(5000, 10000, 20000)
def gradients(folder, n):
    more = message(2, b''.join(message(2, message(1, f'F{i}') + message(2, f'G{i}')) for i in range(n)))
    return raw_network(folder, y(), more)


# ---- names

@kind(10 ** 4, 10 ** 5, 10 ** 6)
def long_names(folder, n):
    name = 'n' * n
    return network(folder, [f'node {name} Relu x T=type:FLOAT', f'node y Softmax {name} T=type:FLOAT'])


@kind(10 ** 4, 10 ** 5, 10 ** 6)
def long_operation(folder, n):
    return network(folder, [f'node q {"Q" * n} x T=type:FLOAT', 'node y Softmax q T=type:FLOAT'])


@kind(500, 1000, 2000)
def scopes(folder, n):
    """Names of nodes with a scope each deeper than the last."""
    scope, lines, before = '', [], 'x'
    for i in range(n):
        scope += 'a/'
        lines.append(f'node {scope}r Relu {before} T=type:FLOAT')
        before = scope + 'r'
    return network(folder, [*lines, f'node y Softmax {before} T=type:FLOAT'])


@kind(10000, 20000, 40000)
def slashes(folder, n):
    name = '/'.join('a' * n)
    return network(folder, [f'node {name} Relu x T=type:FLOAT', f'node y Softmax {name} T=type:FLOAT'])


@kind(2000, 4000, 8000)
def same_names(folder, n):
    return network(folder, ['node r Relu x T=type:FLOAT'] * n + ['node y Softmax r T=type:FLOAT'])


@kind(2000, 4000, 8000)
def numbered_names(folder, n):
    """Names that a program would give itself."""
    lines = [f'node Relu_{i} Relu {f"Relu_{i - 1}" if i else "x"} T=type:FLOAT' for i in range(n)]
    return network(folder, [*lines, f'node y Softmax Relu_{n - 1} T=type:FLOAT'])


# ---- attributes and tensors

@kind(5000, 10000, 20000)
def attributes(folder, n):
    more = b''.join(entry(5, f'_a{i}', number(3, i)) for i in range(n))
    return raw_network(folder, message(1, node('r Relu x T=type:FLOAT'.split()) + more) + y('r'))


@kind(10 ** 4, 10 ** 5, 10 ** 6)
def attribute_list(folder, n):
    more = entry(5, '_l', message(1, message(3, b'\x01' * n)))
    return raw_network(folder, message(1, node('r Relu x T=type:FLOAT'.split()) + more) + y('r'))


@kind(10 ** 4, 10 ** 5, 10 ** 6)
def attribute_types(folder, n):
    more = entry(5, 'T', message(1, message(6, b'\x01' * n)))
    return raw_network(folder, message(1, node('r IdentityN x'.split()) + more) + y('r'))


@kind(100, 1000, 3000)
def attribute_nest(folder, n):
    """Functions in attributes of functions."""
    inner = message(1, 'F')
    for _ in range(n):
        inner = message(1, 'F') + entry(2, 'f', message(10, inner))
    more = entry(5, '_f', message(10, inner))
    return raw_network(folder, message(1, node('r Relu x T=type:FLOAT'.split()) + more) + y('r'))


@kind(100, 10 ** 4, 10 ** 5)
def rank(folder, n):
    more = entry(5, 'shape', message(7, message(2, number(1, 1)) * n))
    extra = message(1, node('p Placeholder dtype=type:FLOAT'.split()) + more)
    extra += message(1, node('r AddV2 p x T=type:FLOAT'.split()))
    return raw_network(folder, extra + y('r'))


@kind(2 ** 20, 2 ** 40, 2 ** 62)
def dims(folder, n):
    more = entry(5, 'shape', message(7, message(2, number(1, n)) * 4))
    extra = message(1, node('p Placeholder dtype=type:FLOAT'.split()) + more)
    return raw_network(folder, extra + message(1, node('r AddV2 p x T=type:FLOAT'.split())) + y('r'))


@kind(2 ** 10, 2 ** 31, 2 ** 62)
def input_dims(folder, n):
    shape = f'1,{n},{n},2'
    lines = ['tag serve', f'node x Placeholder dtype=type:FLOAT shape=shape:{shape}',
             'node r MaxPool x T=type:FLOAT ksize=list:1,3,3,1 strides=list:1,1,1,1 padding=text:SAME',
             'node y Softmax r T=type:FLOAT',
             f'input serving_default image x:0 FLOAT {shape}', f'output serving_default classes y:0 FLOAT {shape}']
    return saved_model(folder, lines)


def constant(name, dtype, dims, values):
    tensor = number(1, dtype) + message(2, b''.join(message(2, number(1, d)) for d in dims)) + values
    return message(1, message(1, name) + message(2, 'Const') + entry(5, 'dtype', number(6, dtype))
                   + entry(5, 'value', message(8, tensor)))


@kind(10 ** 4, 10 ** 6, 10 ** 9)
def splat(folder, n):
    """A constant of n numbers that are one."""
    nodes = constant('c', 1, (1, n, 1, 2), message(5, struct.pack('<f', .5)))
    return raw_network(folder, nodes + message(1, node('r AddV2 x c T=type:FLOAT'.split())) + y('r'))


@kind(10 ** 4, 10 ** 6, 10 ** 9)
def splat_of_sizes(folder, n):
    """A constant of n int32s that is used as a shape, and as axes."""
    nodes = constant('c', 3, (n,), message(7, b'\x01'))
    return raw_network(folder, nodes + message(1, node('r Reshape x c T=type:FLOAT Tshape=type:INT32'.split()))
                       + message(1, node('s Sum r c T=type:FLOAT Tidx=type:INT32'.split())) + y('s'))


@kind(10 ** 4, 10 ** 6, 2 ** 62)
def splat_twice(folder, n):
    nodes = constant('c', 1, (n, n), message(5, struct.pack('<f', .5)))
    nodes += message(1, node('m MatMul c c T=type:FLOAT'.split())) + message(1, node(
        'r AddV2 x m T=type:FLOAT'.split()))
    return raw_network(folder, nodes + y('r'))


@kind(2000, 4000, 8000)
def splats(folder, n):
    """Constants of 10 KB each, of one number each, which fold."""
    nodes, before = constant('c', 1, (1, 1, 1, 2500), message(5, struct.pack('<f', .5))), 'c'
    for i in range(n):
        nodes += message(1, node(f'd{i} AddV2 {before} c T=type:FLOAT'.split()))
        before = f'd{i}'
    nodes += message(1, node('a Const dtype=type:INT32 value=ints:3'.split()))
    nodes += message(1, node(f's Sum {before} a T=type:FLOAT Tidx=type:INT32 keep_dims=bool:true'.split()))
    return raw_network(folder, nodes + message(1, node('r AddV2 x s T=type:FLOAT'.split())) + y('r'))


@kind(10, 20, 40)
def doubling(folder, n):
    """Constants that are twice as large as the one before."""
    nodes, before = constant('c', 3, (64,), message(7, b'\x01')), 'c'
    nodes += message(1, node('a Const dtype=type:INT32 value=ints:0'.split()))
    for i in range(n):
        nodes += message(1, node(f'd{i} ConcatV2 {before} {before} a T=type:INT32 Tidx=type:INT32 N=int:2'.split()))
        before = f'd{i}'
    nodes += message(1, node(f's Sum {before} a T=type:INT32 Tidx=type:INT32'.split()))
    nodes += message(1, node('k Cast s SrcT=type:INT32 DstT=type:FLOAT'.split()))
    return raw_network(folder, nodes + message(1, node('r AddV2 x k T=type:FLOAT'.split())) + y('r'))


@kind(10, 20, 60)
def doubling_channels(folder, n):
    return repeated(folder, n, ['node c{i} ConcatV2 {before} {before} axis T=type:FLOAT Tidx=type:INT32 N=int:2'],
                    ['node axis Const dtype=type:INT32 value=ints:3'])


@kind(10, 20, 60)
def doubling_pixels(folder, n):
    return repeated(folder, n, ['node c{i} Tile {before} two T=type:FLOAT Tmultiples=type:INT32'],
                    ['node two Const dtype=type:INT32 value=ints:1,2,2,1'])


@kind(10 ** 4, 10 ** 5, 10 ** 6)
def many_texts(folder, n):
    nodes = constant('c', 7, (n,), message(8, b'') * n)
    return raw_network(folder, nodes + message(1, node('r Relu x ^c T=type:FLOAT'.split())) + y('r'))


@kind(10 ** 4, 10 ** 6, 2 ** 60)
def one_text_many_times(folder, n):
    nodes = constant('c', 7, (n,), message(8, b'abc'))
    return raw_network(folder, nodes + message(1, node('r Relu x ^c T=type:FLOAT'.split())) + y('r'))


def sized(op, attrs):
    def write(folder, n):
        return network(folder, [f'node r {op} x T=type:FLOAT ' + attrs.format(n=n), 'node y Softmax r T=type:FLOAT'])
    return write


for name_, op_, attrs_ in (
        ('huge_pool', 'MaxPool', 'ksize=list:1,{n},{n},1 strides=list:1,1,1,1 padding=text:SAME'),
        ('huge_stride', 'AvgPool', 'ksize=list:1,1,1,1 strides=list:1,{n},{n},1 padding=text:SAME'),
        ('huge_block', 'SpaceToDepth', 'block_size=int:{n}'),
        ('huge_depth', 'DepthToSpace', 'block_size=int:{n}'),
        ('huge_unpack', 'Unpack', 'num=int:{n} axis=int:3')):
    WRITE = sized(op_, attrs_)
    WRITE.__name__ = name_
    kind(10 ** 3, 10 ** 6, 2 ** 31 - 1)(WRITE)


@kind(10 ** 3, 10 ** 6, 2 ** 31 - 1)
def huge_dilation(folder, n):
    nodes = constant('k', 1, (3, 3, 2, 2), message(5, struct.pack('<f', .5)))
    nodes += message(1, node(f'r Conv2D x k T=type:FLOAT strides=list:1,1,1,1 dilations=list:1,{n},{n},1 '
                             'padding=text:SAME'.split()))
    return raw_network(folder, nodes + y('r'))


@kind(10 ** 3, 10 ** 6, 2 ** 31 - 1)
def huge_numbers(folder, n):
    lines = [f'node n Const dtype=type:INT32 value=ints:{n}', 'node z Const dtype=type:INT32 value=ints:0',
             'node o Const dtype=type:INT32 value=ints:1', 'node zf Const dtype=type:FLOAT value=floats:0',
             f'node nn Const dtype=type:INT32 value=ints:{n},{n}',
             f'node p Const dtype=type:INT32 value=ints:0,0,{n},{n},0,0,0,0',
             f'node four Const dtype=type:INT32 value=ints:4,2',
             'node pads Reshape p four T=type:INT32 Tshape=type:INT32',
             'node range Range z n o Tidx=type:INT32', 'node rs Sum range z T=type:INT32 Tidx=type:INT32',
             'node rf Cast rs SrcT=type:INT32 DstT=type:FLOAT', 'node bc BroadcastTo zf nn T=type:FLOAT Tidx=type:INT32',
             'node bm Max bc z T=type:FLOAT Tidx=type:INT32', 'node tile Tile range n T=type:INT32 Tmultiples=type:INT32',
             'node oh OneHot range n zf zf T=type:FLOAT TI=type:INT32 axis=int:-1',
             'node res ResizeBilinear x nn T=type:FLOAT', 'node pad Pad res pads T=type:FLOAT Tpaddings=type:INT32',
             'node s1 AddV2 x rf T=type:FLOAT', 'node s2 AddV2 s1 bm T=type:FLOAT', 'node s3 AddV2 s2 pad T=type:FLOAT',
             'node s4 AddV2 s3 oh T=type:FLOAT', 'node y Softmax s4 T=type:FLOAT']
    return network(folder, lines)


@kind(500, 1000, 2000)
def shape_chain(folder, n):
    return repeated(folder, n, ['node s{i} Shape {before} T=type:FLOAT out_type=type:INT32',
                                'node r{i} Reshape {before} s{i} T=type:FLOAT Tshape=type:INT32'],
                    ['node one Const dtype=type:INT32 value=ints:1', 'node two Const dtype=type:INT32 value=ints:2'])


@kind(500, 1000, 2000)
def computed_sizes(folder, n):
    """Sizes of sizes: each is computed of the one before."""
    lines = ['node s Shape x T=type:FLOAT out_type=type:INT32', 'node one Const dtype=type:INT32 value=ints:1,1,1,1']
    before = 's'
    for i in range(n):
        lines += [f'node m{i} Mul {before} one T=type:INT32']
        before = f'm{i}'
    return network(folder, [*lines, f'node r Reshape x {before} T=type:FLOAT Tshape=type:INT32',
                            'node y Softmax r T=type:FLOAT'])


@any_kind(500, 2000, 8000, commands=('inspect', 'size'))
def stored_sizes(folder, n):
    """Resizes to sizes that are numbers, one after the other."""
    lines = ['node s0 Const dtype=type:INT32 value=ints:4,4', 'node s1 Const dtype=type:INT32 value=ints:8,8']
    lines += [f'node r{i} ResizeBilinear {f"r{i - 1}" if i else "x"} s{i % 2} T=type:FLOAT' for i in range(n)]
    return network(folder, [*lines, f'node y Softmax r{n - 1} T=type:FLOAT'])


@any_kind(500, 2000, 8000, commands=('inspect', 'size'))
def stored_maps(folder, n):
    """Reshapes side by side to the size of a map that does not exist."""
    lines = ['node a Const dtype=type:INT32 value=ints:-1,2,32,2', 'node b Const dtype=type:INT32 value=ints:-1,8,8,2']
    lines += [f'node p{i} Reshape x a T=type:FLOAT Tshape=type:INT32' for i in range(n)]
    lines.append(f'node s AddN {" ".join(f"p{i}" for i in range(n))} T=type:FLOAT N=int:{n}')
    return network(folder, [*lines, 'node q Reshape s b T=type:FLOAT Tshape=type:INT32', 'node y Softmax q T=type:FLOAT'])


@kind(200, 400, 800)
def convolutions(folder, n):
    nodes, before = constant('k', 1, (3, 3, 2, 2), message(5, struct.pack('<f', .5))), 'x'
    for i in range(n):
        nodes += message(1, node(f'r{i} Conv2D {before} k T=type:FLOAT strides=list:1,1,1,1 padding=text:SAME'.split()))
        before = f'r{i}'
    return raw_network(folder, nodes + y(before))


@kind(20, 40, 62)
def strides(folder, n):
    """2 ** n pixels become one."""
    return repeated(folder, n, ['node r{i} MaxPool {before} T=type:FLOAT ksize=list:1,3,3,1 strides=list:1,2,2,1 '
                                'padding=text:SAME'])


@kind(1000, 2000, 4000)
def softmaxes(folder, n):
    return repeated(folder, n, ['node r{i} Softmax {before} T=type:FLOAT'])


@kind(1000, 2000, 4000)
def transposes(folder, n):
    return repeated(folder, n, ['node r{i} Transpose {before} p T=type:FLOAT Tperm=type:INT32'],
                    ['node p Const dtype=type:INT32 value=ints:0,2,1,3'])


@kind(1000, 2000, 4000)
def controls(folder, n):
    """Each node waits for the hundred before it."""
    lines = [f'node r{i} Relu {f"r{i - 1}" if i else "x"} ' + ' '.join(f'^r{i - k}' for k in range(1, 100) if i >= k)
             + ' T=type:FLOAT' for i in range(n)]
    return network(folder, [*lines, f'node y Softmax r{n - 1} T=type:FLOAT'])


@kind(1000, 2000, 4000)
def circle(folder, n):
    lines = [f'node r{i} Relu r{(i - 1) % n} T=type:FLOAT' for i in range(n)]
    return network(folder, [*lines, 'node s AddV2 x r0 T=type:FLOAT', 'node y Softmax s T=type:FLOAT'])


@kind(10 ** 4, 10 ** 5, 10 ** 6)
def equation(folder, n):
    return network(folder, [f'node r Einsum x T=type:FLOAT N=int:1 equation=text:{"ab" * n}->{"ab" * n}',
                            'node y Softmax r T=type:FLOAT'])


# ---- the wire

@kind(10 ** 4, 10 ** 5, 10 ** 6)
def long_varints(folder, n):
    """Numbers of ten bytes, and unknown fields."""
    ten = b'\xff' * 9 + b'\x01'
    return raw_network(folder, y(), more=(varint(99 << 3) + ten) * (n // 12))


@kind(31, 40, 63)
def lengths(folder, n):
    put(folder, 'model/saved_model.pb', number(1, 1) + varint(2 << 3 | 2) + varint(2 ** n) + b'abc')
    return os.path.join(folder, 'model')


@kind(100, 10 ** 4, 10 ** 5)
def group_nest(folder, n):
    return raw_network(folder, y(), more=b'\x9b\x06' * n + b'\x9c\x06' * n)


@kind(2000, 4000, 8000)
def meta_parts(folder, n):
    """Fields that occur n times and are merged: signatures, savers, graphs."""
    more = (message(3, message(3, 'r')) + message(2, b'') + message(1, b'')
            + entry(5, 's', message(3, 'm'))) * n
    return raw_network(folder, y(), more=more)


@kind(2000, 4000, 8000)
def assets(folder, n):
    return raw_network(folder, y(), more=b''.join(
        message(6, message(1, message(1, 'x:0')) + message(2, f'a{i}.txt')) for i in range(n)))


@kind(2000, 4000, 8000)
def collections(folder, n):
    return raw_network(folder, y(), more=b''.join(entry(4, f'c{i}', message(2, message(1, f'x{i}'))) for i in range(n)))


@kind(2000, 4000, 8000)
def operation_list(folder, n):
    return raw_network(folder, y(), more=message(1, message(2, b''.join(
        message(1, op_def(f'Q{i}', 'a:FLOAT', 'b:FLOAT')) for i in range(n)))))


# ---- the objects

def child(name, at):
    return message(1, number(1, at) + message(2, name))


def objects(folder, nodes, functions=b''):
    tree = b''.join(message(1, one) for one in nodes) + functions
    return raw_network(folder, y(), more=message(7, tree))


@kind(5000, 10000, 20000)
def object_chain(folder, n):
    return objects(folder, [child('a', i + 1) for i in range(n)] + [b''])


@kind(5000, 10000, 20000)
def object_fan(folder, n):
    return objects(folder, [b''.join(child(f'a{i}', i + 1) for i in range(n))] + [b''] * n)


@kind(5000, 10000, 20000)
def object_circle(folder, n):
    return objects(folder, [child('a', (i + 1) % n) + child('b', 0) for i in range(n)])


@kind(5000, 10000, 20000)
def object_variables(folder, n):
    one = message(7, number(1, 1) + message(2, message(2, number(1, 2))) + number(3, 1) + message(6, 'v'))
    return objects(folder, [b''.join(child(f'v{i}', i + 1) for i in range(n))] + [one] * n)


@kind(5000, 10000, 20000)
def object_slots(folder, n):
    slot = message(3, number(1, 1) + message(2, 'm') + number(3, 1))
    return objects(folder, [child('v', 1) + slot * n, b''])


@kind(1000, 2000, 4000)
def object_functions(folder, n):
    one = message(6, message(1, 'F'))
    functions = entry(2, 'F', message(2, b'\x01' * n))
    return objects(folder, [b''.join(child(f'f{i}', i + 1) for i in range(n))] + [one] * n, functions)


@kind(100, 1000, 4000)
def structured_nest(folder, n):
    """A list of a list of a list of tensors."""
    layers, size = [], 0
    for _ in range(n): # from the inside
        part = varint(1 << 3 | 2) + varint(size)
        size += len(part)
        layers.append(part)
        part = varint(51 << 3 | 2) + varint(size)
        size += len(part)
        layers.append(part)
    inner = b''.join(reversed(layers))
    spec = message(5, message(1, inner) + message(5, inner))
    functions = entry(2, 'F', message(3, inner) + message(4, inner))
    return objects(folder, [child('f', 1), message(6, message(1, 'F') + message(2, spec))], functions)


@kind(1000, 10000, 10 ** 5)
def keras_metadata(folder, n):
    path = raw_network(folder, y())
    put(folder, 'model/keras_metadata.pb', b''.join(message(1, number(2, i) + message(3, f'root.{i}')
        + message(4, '_tf_keras_layer') + message(5, '[' * 50 + ']' * 50)) for i in range(n // 10)))
    return path


# ---- checkpoints

def checkpoint(folder, index, data=b'', shards=1):
    lines = ['node v VarHandleOp dtype=type:FLOAT shape=shape:2', 'node w ReadVariableOp v dtype=type:FLOAT',
             'node s BiasAdd x w T=type:FLOAT', 'node a AssignVariableOp v restore:0 dtype=type:FLOAT',
             'node prefix Const dtype=type:STRING value=strings:p', 'node names Const dtype=type:STRING value=strings:v',
             'node slices Const dtype=type:STRING value=strings:', 'node restore RestoreV2 prefix names slices dtypes=types:FLOAT',
             'node all NoOp ^a', 'restore all', 'node y Softmax s T=type:FLOAT']
    put(folder, 'model/variables/variables.index', index)
    put(folder, f'model/variables/variables.data-00000-of-{shards:05}', data)
    return network(folder, lines)


EIGHT = bytes(8)


@kind(10 ** 3, 10 ** 6, 2 ** 31 - 1)
def shards(folder, n):
    return checkpoint(folder, table([(b'', number(1, n)), index_entry(b'v', 0, EIGHT, 2)]), EIGHT, n)


@kind(500, 1000, 2000)
def shard_files(folder, n):
    for i in range(n):
        put(folder, f'model/variables/variables.data-{i:05}-of-{n:05}', EIGHT)
    return checkpoint(folder, table([(b'', number(1, n)), index_entry(b'v', 0, EIGHT, 2)]), EIGHT, n)


def raw_block(content, restarts=1, kind_of=0):
    content += bytes(4 * restarts) + restarts.to_bytes(4, 'little')
    return content + bytes([kind_of]) + masked_crc32c(content + bytes([kind_of])).to_bytes(4, 'little')


def raw_table(parts, index):
    """`index`: handles by position and part."""
    out = b''.join(parts)
    meta, ends = block([]), raw_block(index)
    footer = handle(len(out), meta) + handle(len(out) + len(meta), ends)
    return out + meta + ends + footer.ljust(40, b'\0') + bytes.fromhex('57fb808b247547db')


def plain(key, value):
    return varint(0) + varint(len(key)) + varint(len(value)) + key + value


@kind(250, 500, 1000)
def prefixes(folder, n):
    """Each key is the one before it and ten letters more."""
    content = plain(b'', number(1, 1))
    value = index_entry(b'', 0, EIGHT, 2)[1]
    for i in range(n):
        content += varint(i * 10) + varint(10) + varint(len(value)) + b'k' * 10 + value
    content += varint(0) + varint(1) + varint(len(value)) + b'v' + value
    part = raw_block(content)
    return checkpoint(folder, raw_table([part], plain(b'w', handle(0, part))), EIGHT)


@kind(250, 1000, 20000)
def prefixes_of_long_keys(folder, n):
    """A key of 20 KB, and n keys that share it."""
    value = index_entry(b'', 0, EIGHT, 2)[1]
    content = plain(b'', number(1, 1)) + plain(b'k' * 20000, value)
    for i in range(n):
        content += varint(20000) + varint(5) + varint(len(value)) + f'{i:05}'.encode() + value
    content += varint(0) + varint(1) + varint(len(value)) + b'v' + value
    part = raw_block(content)
    return checkpoint(folder, raw_table([part], plain(b'w', handle(0, part))), EIGHT)


@kind(250, 1000, 4000)
def block_again(folder, n):
    """An index that names the same block n times."""
    value = index_entry(b'', 0, EIGHT, 2)[1]
    part = raw_block(plain(b'', number(1, 1)) + b''.join(plain(f'k{i:04}'.encode(), value) for i in range(1000))
                     + plain(b'v', value))
    return checkpoint(folder, raw_table([part], b''.join(plain(f'w{i:05}'.encode(), handle(0, part))
                                                         for i in range(n))), EIGHT)


@kind(1000, 4000, 16000)
def blocks(folder, n):
    value = index_entry(b'', 0, EIGHT, 2)[1]
    parts, index, at = [raw_block(plain(b'', number(1, 1)))], b'', 0
    parts += [raw_block(plain(f'k{i:05}'.encode(), value)) for i in range(n)] + [raw_block(plain(b'v', value))]
    for i, part in enumerate(parts):
        index += plain(f'k{i:05}'.encode() if i <= n else b'w', handle(at, part))
        at += len(part)
    return checkpoint(folder, raw_table(parts, index), EIGHT)


@kind(1000, 10 ** 6, 2 ** 31)
def snappy(folder, n):
    part = raw_block(varint(n) + b'\xfe\x01\x00' * 100, kind_of=1)
    return checkpoint(folder, raw_table([part], plain(b'w', handle(0, part))), EIGHT)


@kind(10, 10 ** 6, 2 ** 30)
def restarts(folder, n):
    content = plain(b'', number(1, 1)) + n.to_bytes(4, 'little')
    part = content + bytes(1) + masked_crc32c(content + bytes(1)).to_bytes(4, 'little')
    return checkpoint(folder, raw_table([part], plain(b'w', handle(0, part))), EIGHT)


@kind(1000, 4000, 16000)
def slices(folder, n):
    value = number(1, 1) + message(2, shape('2')) + message(7, message(1, number(1, 0) + number(2, 1))) * n
    return checkpoint(folder, table([(b'', number(1, 1)), (b'v', value)]), EIGHT)


@kind(2 ** 20, 2 ** 40, 2 ** 62)
def checkpoint_dims(folder, n):
    value = number(1, 1) + message(2, shape(f'{n},{n}')) + number(5, n)
    return checkpoint(folder, table([(b'', number(1, 1)), (b'v', value)]), EIGHT)
