# SPDX-License-Identifier: Apache-2.0
"""SavedModels: names, chains, numbers that stand for many, functions, weights."""
import os

from .parts import HEAD, IMAGE, TAIL, kind, meta_graph, network, put, repeated, saved_model
from graph_text import entry, node, op_def, shape, tensor_info
from protobuf import message, number
from make_sources import masked_crc32c, table

# ---- names and lists

@kind(5000, 10000, 20000)
def tags(folder, n):
    put(folder, 'model/saved_model.pb', b''.join(message(2, b'') for _ in range(n)))
    return os.path.join(folder, 'model')


@kind(5000, 10000, 20000)
def tags_of_one_graph(folder, n):
    return meta_graph(folder, message(1, b''.join(message(4, f't{i}') for i in range(n))))


@kind(5000, 10000, 20000)
def signatures(folder, n):
    lines = ['node y Softmax x T=type:FLOAT']
    for i in range(n):
        lines += [f'input s{i} image x:0 FLOAT {IMAGE}', f'output s{i} classes y:0 FLOAT {IMAGE}']
    return saved_model(folder, [*HEAD, *lines])


@kind(5000, 10000, 20000)
def signature_outputs(folder, n):
    lines = [f'output serving_default o{i} y:0 FLOAT {IMAGE}' for i in range(n)]
    return network(folder, ['node y Softmax x T=type:FLOAT', *lines])


@kind(5000, 10000, 20000)
def signature_inputs(folder, n):
    lines = ['node y Softmax x T=type:FLOAT']
    for i in range(n):
        lines += [f'node p{i} Placeholder dtype=type:FLOAT shape=shape:{IMAGE}',
                  f'input serving_default p{i} p{i}:0 FLOAT {IMAGE}']
    return network(folder, lines)


@kind(10000, 20000, 40000)
def colliding_names(folder, n):
    """Collide in a table whose hash has no key: h ^ 8 bytes, mixed, twice."""
    mask = (1 << 64) - 1

    def mix(h):
        h ^= h >> 32
        h = h * 0x9e3779b97f4a7c15 & mask
        return h ^ h >> 29

    names, size = [], 16
    for i in range(n):
        first = (f'{i:07}n').encode()
        second = (mix(size ^ int.from_bytes(first, 'little')) ^ 0x1234).to_bytes(8, 'little')
        names.append(first + second)
    nodes = b''.join(message(1, message(1, name) + message(2, 'NoOp')) for name in names)
    info = message(1, message(4, 'serve'))
    ends = (entry(1, 'image', tensor_info('x:0', 'FLOAT', IMAGE))
            + entry(2, 'classes', tensor_info('y:0', 'FLOAT', IMAGE)))
    real = b''.join(message(1, node(line.split()[1:])) for line in
                    [HEAD[1], 'node y Softmax x T=type:FLOAT'])
    return meta_graph(folder, info, message(2, nodes + real), entry(5, 'serving_default', ends))


# ---- chains and circles

@kind(10000, 20000, 40000)
def chain(folder, n):
    lines = [f'node r{i} Relu {"r" + str(i - 1) if i else "x"} T=type:FLOAT' for i in range(n)]
    return network(folder, [*lines, f'node y Softmax r{n - 1} T=type:FLOAT'])


@kind(2000, 4000, 8000)
def identity_chain_of_assigns(folder, n):
    lines = ['node v VarHandleOp dtype=type:FLOAT shape=shape:2',
             'node c Const dtype=type:FLOAT value=floats:1']
    lines += [f'node i{i} Identity {"i" + str(i - 1) if i else "v"} T=type:RESOURCE'
              for i in range(n)]
    lines += [f'node a{i} AssignVariableOp i{n - 1} c dtype=type:FLOAT' for i in range(n)]
    lines.append('node y Softmax x ' + ' '.join(f'^a{i}' for i in range(n)) + ' T=type:FLOAT')
    return network(folder, lines)


@kind(10, 100, 1000)
def identity_circle(folder, n):
    lines = ['node c Const dtype=type:FLOAT value=floats:1',
             'node a AssignVariableOp i0 c dtype=type:FLOAT', 'node y Softmax x ^a T=type:FLOAT']
    lines += [f'node i{i} Identity i{(i + 1) % n} T=type:RESOURCE' for i in range(n)]
    return network(folder, lines)


@kind(2000, 4000, 8000)
def fan(folder, n):
    """One node that reads n others, which all read one."""
    lines = [f'node r{i} Relu x T=type:FLOAT' for i in range(n)]
    return network(folder, [*lines, f'node s AddN ' + ' '.join(f'r{i}' for i in range(n))
                            + f' T=type:FLOAT N=int:{n}', 'node y Softmax s T=type:FLOAT'])


@kind(1000, 2000, 4000)
def concatenations(folder, n):
    """Each reads all channels before it, as a dense block does."""
    return repeated(folder, n, ['node c{i} ConcatV2 {before} x axis T=type:FLOAT Tidx=type:INT32 N=int:2'],
                    ['node axis Const dtype=type:INT32 value=ints:3'])


@kind(1000, 2000, 4000)
def diamonds(folder, n):
    """2 ** n paths."""
    return repeated(folder, n, ['node a{i} Relu {before} T=type:FLOAT', 'node b{i} Relu {before} T=type:FLOAT',
                                'node c{i} AddV2 a{i} b{i} T=type:FLOAT'])


# ---- numbers that stand for many

@kind(10 ** 4, 10 ** 6, 10 ** 8)
def split(folder, n):
    return network(folder, ['node axis Const dtype=type:INT32 value=ints:3',
                            f'node s Split axis x T=type:FLOAT num_split=int:{n}',
                            'node y Softmax s T=type:FLOAT'])


@kind(10 ** 4, 10 ** 6, 10 ** 8)
def counted_arguments(folder, n):
    argument = message(1, 'a') + number(3, 1) + message(5, 'N')
    signature = (message(1, 'F') + message(2, argument) + message(3, message(1, 'b') + number(3, 1))
                 + message(4, message(1, 'N') + message(2, 'int')))
    body = message(3, node('r Relu a T=type:FLOAT'.split()))
    function = message(1, message(1, signature) + body + entry(4, 'b', 'r:activations:0'))
    nodes = b''.join(message(1, node(line.split())) for line in
                     [HEAD[1][5:], f'f F x N=int:{n}', 'y Softmax f T=type:FLOAT'])
    ends = (entry(1, 'image', tensor_info('x:0', 'FLOAT', IMAGE))
            + entry(2, 'classes', tensor_info('y:0', 'FLOAT', IMAGE)))
    return meta_graph(folder, message(1, message(4, 'serve')),
                      message(2, nodes + message(2, function)), entry(5, 'serving_default', ends))


@kind(10 ** 4, 10 ** 6, 10 ** 8)
def fill(folder, n):
    return network(folder, [f'node dims Const dtype=type:INT32 value=ints:{n},2',
                            'node zero Const dtype=type:FLOAT value=floats:0',
                            'node f Fill dims zero T=type:FLOAT index_type=type:INT32',
                            'node axes Const dtype=type:INT32 value=ints:0,1',
                            'node m Mean f axes T=type:FLOAT Tidx=type:INT32',
                            'node a AddV2 x m T=type:FLOAT', 'node y Softmax a T=type:FLOAT'])


# ---- functions

def calls(levels, before, idle=0):
    """Functions F0 .. that each call the next one twice."""
    lines = []
    for level in range(levels):
        lines.append(f'function F{level} a:FLOAT b:FLOAT b=second:{"b" if level + 1 < levels else "activations"}:0')
        lines += [f'node idle{i} NoOp' for i in range(idle)]
        if level + 1 < levels:
            lines += [f'node {before}first F{level + 1} a', f'node second F{level + 1} {before}first:b:0']
        else:
            lines.append('node second Relu a T=type:FLOAT')
        lines.append('end')
    return lines


@kind(10, 15, 20)
def unfolding(folder, n):
    return saved_model(folder, [*HEAD, 'node f F0 x', 'node y Softmax f T=type:FLOAT',
                                *calls(n, ''), *TAIL])


@kind(100, 1000, 10000)
def unfolding_of_long_names(folder, n):
    return saved_model(folder, [*HEAD, 'node f F0 x', 'node y Softmax f T=type:FLOAT',
                                *calls(15, 'n' * n), *TAIL])


@kind(1000, 4000, 16000)
def unfolding_of_idle_nodes(folder, n):
    return saved_model(folder, [*HEAD, 'node f F0 x', 'node y Softmax f T=type:FLOAT',
                                *calls(13, '', n // 13), *TAIL])


@kind(1000, 4000, 16000)
def pass_through(folder, n):
    """A chain of calls of a function that returns its argument, and readers of its end."""
    lines = [f'node c{i} F {"c" + str(i - 1) if i else "x"}' for i in range(n)]
    lines += [f'node r{i} Relu c{n - 1} T=type:FLOAT' for i in range(n)]
    lines += [f'node s AddN {" ".join(f"r{i}" for i in range(n))} T=type:FLOAT N=int:{n}',
              'node y Softmax s T=type:FLOAT']
    return saved_model(folder, [*HEAD, *lines, 'function F a:FLOAT b:FLOAT b=a', 'end', *TAIL])


def tower(levels, leaf):
    """Ifs in Ifs: both branches of each are the next one."""
    lines = []
    for level in range(levels):
        lines.append(f'function F{level} a:FLOAT b:FLOAT b=r:{"output" if level + 1 < levels else leaf[1]}:0')
        if level + 1 < levels:
            lines += ['node t Const dtype=type:BOOL value=scalar:true',
                      f'node r If t a then_branch=function:F{level + 1} else_branch=function:F{level + 1} '
                      'Tcond=type:BOOL Tin=types:FLOAT Tout=types:FLOAT']
        else:
            lines.append(leaf[0])
        lines.append('end')
    return lines


@kind(8, 12, 24)
def if_tower(folder, n):
    lines = ['node size Size x T=type:FLOAT out_type=type:INT32',
             'node zero Const dtype=type:INT32 value=ints:0', 'node most Max size zero T=type:INT32 Tidx=type:INT32',
             'node t Greater most most T=type:INT32',
             'node f If t x then_branch=function:F0 else_branch=function:F0 Tcond=type:BOOL Tin=types:FLOAT '
             'Tout=types:FLOAT', 'node y Softmax f T=type:FLOAT']
    leaf = ('node r Relu a T=type:FLOAT', 'activations')
    return saved_model(folder, [*HEAD, *lines, *tower(n, leaf), *TAIL])


@kind(8, 12, 24)
def if_tower_of_a_variable(folder, n):
    lines = ['node v VarHandleOp dtype=type:FLOAT shape=shape:2',
             'node f If v v then_branch=function:F0 else_branch=function:F0 Tcond=type:RESOURCE '
             'Tin=types:RESOURCE Tout=types:RESOURCE',
             'node w ReadVariableOp v dtype=type:FLOAT',
             'node s BiasAdd x w ^f T=type:FLOAT', 'node y Softmax s T=type:FLOAT']
    leaf = ('node r Identity a T=type:RESOURCE', 'output')
    return saved_model(folder, [*HEAD, *lines, *tower(n, leaf), *TAIL])


# ---- weights

def index_entry(key, offset, content, count):
    return key, (number(1, 1) + message(2, shape(str(count))) + number(4, offset)
                 + number(5, len(content)) + b'\x35' + masked_crc32c(content).to_bytes(4, 'little'))


def variables(folder, n, key_of, keys):
    """n variables of 2 floats; `keys` are in the checkpoint, key_of(i) is that of a variable."""
    lines = []
    for i in range(n):
        lines += [f'node v{i} VarHandleOp dtype=type:FLOAT shape=shape:2',
                  f'node w{i} ReadVariableOp v{i} dtype=type:FLOAT',
                  f'node s{i} BiasAdd {"s" + str(i - 1) if i else "x"} w{i} T=type:FLOAT',
                  f'node a{i} AssignVariableOp v{i} restore:{i} dtype=type:FLOAT']
    lines += ['node prefix Const dtype=type:STRING value=strings:p',
              'node names Const dtype=type:STRING value=strings:' + ','.join(map(key_of, range(n))),
              'node slices Const dtype=type:STRING value=strings:' + ',' * (n - 1),
              'node restore RestoreV2 prefix names slices dtypes=types:' + ','.join(['FLOAT'] * n),
              'node all NoOp ' + ' '.join(f'^a{i}' for i in range(n)), 'restore all',
              f'node y Softmax s{n - 1} T=type:FLOAT']
    content = bytes(8)
    entries = [(b'', number(1, 1)), *(index_entry(key.encode(), 8 * place, content, 2)
                                      for key, place in keys)]
    put(folder, 'model/variables/variables.index', table(entries))
    put(folder, 'model/variables/variables.data-00000-of-00001',
        content * (max(place for _, place in keys) + 1))
    return network(folder, lines)


@kind(500, 1000, 2000)
def many_variables(folder, n):
    return variables(folder, n, lambda i: f'v{i:05}', [(f'v{i:05}', i) for i in range(n)])


@kind(500, 1000, 2000)
def shared_key(folder, n):
    return variables(folder, n, lambda i: 'v', [('v', 0)])


@kind(500, 1000, 2000)
def shared_bytes(folder, n):
    return variables(folder, n, lambda i: f'v{i:05}', [(f'v{i:05}', 0) for i in range(n)])
