# SPDX-License-Identifier: Apache-2.0
"""Writes src/write/onnx/kernels.def: for which element types every supported ONNX Runtime has kernels.

    make_onnx_kernels.py PYTHON...

Each PYTHON has another version of ONNX Runtime, and the first one also the package onnx. Every operation that
the translation writes becomes a model of one node for each combination of element types, in both operator sets.
A combination is in the table if each version that supports the operator set loads and runs the model, and if
all give the result of the first: the list of kernels that a version publishes, where it does, is not enough,
because some kernels are wrong. Only the CPU is asked.
"""
import itertools
import json
import os
import pickle
import subprocess
import sys
import tempfile

import numpy as np

HERE = os.path.dirname(os.path.abspath(__file__))
TABLE = os.path.join(os.path.dirname(HERE), 'src', 'write', 'onnx', 'kernels.def')

# Operator set: the oldest ONNX Runtime that must load it.
OPSETS = {12: (1, 4), 18: (1, 14)}

# TensorProto.DataType: numpy's name
TYPES = {1: 'float32', 2: 'uint8', 3: 'int8', 4: 'uint16', 5: 'int16', 6: 'int32', 7: 'int64', 9: 'bool',
         11: 'float64', 12: 'uint32', 13: 'uint64'}
SYMBOLS = {1: 'FLOAT', 2: 'UINT8', 3: 'INT8', 4: 'UINT16', 5: 'INT16', 6: 'INT32', 7: 'INT64', 9: 'BOOL',
           11: 'DOUBLE', 12: 'UINT32', 13: 'UINT64'}
FIXED = {'F': 1, 'L': 7, 'B': 9}
INDICES = (6, 7)


# --------------------------------------------- the operations

class Op:
    """One operation. `types` is "inputs>outputs", a letter each: a, b and c are types that are tried, F, L and B
    are float, int64 and bool. `exact` operations move or compare numbers, and never make new ones. `inputs` holds
    the values of inputs by number: an array is a constant, a tuple the shape of a fed one."""

    def __init__(self, name, types, exact=False, inputs=(), only=(), attrs=(), opsets=(12, 18), changes=()):
        self.name, self.types, self.exact, self.opsets = name, types, exact, opsets
        self.inputs, self.only, self.attrs = dict(inputs), dict(only), dict(attrs)
        self.changes = dict(changes)  # opset: the fields that differ there

    def of(self, opset):
        if opset not in self.changes:
            return self
        fields = {'types': self.types, 'exact': self.exact, 'inputs': self.inputs, 'only': self.only,
                  'attrs': self.attrs, **self.changes[opset]}
        return Op(self.name, **fields)


def ints(*values):
    return np.array(values, np.int64)


def with_axes(name, types, axes, since, **more):
    """Axes are an attribute before the operator set `since`, and an input from there on."""
    before, after = types.split('>')
    old = {'attrs': {'axes': axes, **more.pop('attrs', {})}}
    new = {'types': f'{before}L>{after}', 'inputs': {1: ints(*axes)},
           'attrs': {key: value for key, value in old['attrs'].items() if key != 'axes'}}
    return Op(name, types, **old, changes={18: new} if since <= 18 else {}, **more)


def table():
    for name in '''Acos Acosh Asin Asinh Atan Atanh Ceil Cos Cosh Elu Erf Exp Floor HardSigmoid LeakyRelu
                   Log LogSoftmax Reciprocal Relu Round Selu Sigmoid Sin Sinh Softmax Softplus Softsign Sqrt
                   Tan Tanh'''.split():
        yield Op(name, 'a>a')
    for name in 'Abs Neg Sign'.split():
        yield Op(name, 'a>a')
    for name in 'Add Sub Mul Sum'.split():
        yield Op(name, 'aa>a')
    yield Op('Div', 'aa>a', inputs={1: 3})
    for name in 'Max Min'.split():
        yield Op(name, 'aa>a', exact=True)
    for name in 'Equal Greater GreaterOrEqual Less LessOrEqual'.split():
        yield Op(name, 'aa>B', exact=True)
    for name in 'And Or'.split():
        yield Op(name, 'BB>B')
    for name in 'BitwiseAnd BitwiseOr BitwiseXor'.split():
        yield Op(name, 'aa>a', exact=True, opsets=(18,))
    yield Op('BitwiseNot', 'a>a', opsets=(18,))
    yield Op('Not', 'B>B')
    for name in 'IsInf IsNaN'.split():
        yield Op(name, 'a>B')
    yield Op('Mod', 'aa>a', inputs={1: 3},
             only={'a': [t for t in TYPES if t not in (1, 9, 11)]})
    yield Op('Mod', 'aa>a', inputs={1: 3}, only={'a': (1, 11)}, attrs={'fmod': 1})
    yield Op('Pow', 'ab>a')
    yield Op('Clip', 'aaa>a', exact=True, inputs={1: 0, 2: 1})
    yield Op('Where', 'Baa>a', exact=True)
    for name in 'Identity Transpose'.split():
        yield Op(name, 'a>a', exact=True)
    yield Op('Cast', 'a>b')
    yield Op('Shape', 'a>L', exact=True)
    yield Op('Size', 'a>L', exact=True)
    yield Op('Reshape', 'aL>a', exact=True, inputs={1: ints(3, 2)})
    yield Op('Expand', 'aL>a', exact=True, inputs={1: ints(2, 2, 3)})
    yield Op('Tile', 'aL>a', exact=True, inputs={1: ints(2, 1)})
    yield with_axes('Squeeze', 'a>a', [0], 13, exact=True).with_shape((1, 3))
    yield with_axes('Unsqueeze', 'a>a', [0], 13, exact=True)
    yield Op('Concat', 'aa>a', exact=True, attrs={'axis': 0})
    yield Op('Split', 'a>aa', exact=True, attrs={'axis': 0, 'split': [1, 1]},
             changes={18: {'types': 'aL>aa', 'attrs': {'axis': 0}, 'inputs': {1: ints(1, 1)}}})
    yield Op('Slice', 'aLLLL>a', exact=True, inputs={1: ints(0), 2: ints(2), 3: ints(1), 4: ints(1)})
    yield Op('Pad', 'aLa>a', exact=True, inputs={1: ints(0, 1, 0, 1), 2: 0})
    yield Op('Gather', 'ab>a', exact=True, only={'b': INDICES}, inputs={1: ints(1, 0)})
    yield Op('GatherND', 'aL>a', exact=True, inputs={1: ints(1, 0)[:, None]})
    yield Op('ScatterND', 'aLa>a', exact=True, inputs={1: ints(1, 0)[:, None]})
    yield Op('Compress', 'aB>a', exact=True, inputs={1: np.array([True, False])}, attrs={'axis': 0})
    yield Op('ReverseSequence', 'aL>a', exact=True, inputs={1: ints(1, 2)},
             attrs={'batch_axis': 0, 'time_axis': 1})
    yield Op('NonZero', 'a>L', exact=True)
    yield Op('Range', 'aaa>a', inputs={0: 0, 1: 3, 2: 1})
    yield Op('TopK', 'aL>aL', exact=True, inputs={1: ints(2)})
    yield Op('Unique', 'a>aLLL', exact=True, attrs={'sorted': 0})
    for name in 'ArgMax ArgMin'.split():
        yield Op(name, 'a>L', exact=True, attrs={'axis': 1, 'keepdims': 0})
    yield Op('CumSum', 'ab>a', only={'b': INDICES}, inputs={1: np.array(1)})
    for name in 'ReduceMax ReduceMin'.split():
        yield with_axes(name, 'a>a', [1], 18, exact=True)
    yield with_axes('ReduceSum', 'a>a', [1], 13)
    for name in 'ReduceMean ReduceProd ReduceL2 ReduceSumSquare'.split():
        yield with_axes(name, 'a>a', [1], 18)
    yield Op('MatMul', 'aa>a', inputs={0: (2, 3), 1: (3, 2)})
    yield Op('Einsum', 'aa>a', inputs={0: (2, 3), 1: (3, 2)}, attrs={'equation': 'ij,jk->ik'})
    yield Op('Det', 'a>a', inputs={0: (2, 2)})
    image = {0: (1, 4, 4, 4)}
    yield Op('MaxPool', 'a>a', exact=True, inputs=image, attrs={'kernel_shape': [2, 2]})
    yield Op('AveragePool', 'a>a', inputs=image, attrs={'kernel_shape': [2, 2]})
    yield Op('GlobalAveragePool', 'a>a', inputs=image)
    yield Op('PRelu', 'aa>a', inputs={**image, 1: (4, 1, 1)})
    yield Op('DepthToSpace', 'a>a', exact=True, inputs=image, attrs={'blocksize': 2})
    yield Op('SpaceToDepth', 'a>a', exact=True, inputs=image, attrs={'blocksize': 2})
    yield Op('LRN', 'a>a', inputs=image, attrs={'size': 3})
    for name in 'Conv ConvTranspose'.split():
        yield Op(name, 'aaa>a', inputs={**image, 1: (4, 4, 3, 3), 2: (4,)})
    yield Op('BatchNormalization', 'aaaaa>a', inputs={**image, 1: (4,), 2: (4,), 3: (4,), 4: np.ones(4)})
    yield Op('InstanceNormalization', 'aaa>a', inputs={**image, 1: (4,), 2: (4,)})
    yield Op('LayerNormalization', 'aaa>a', inputs={**image, 1: (4,), 2: (4,)}, opsets=(18,))
    yield Op('Resize', 'aFF>a', exact=True, attrs={'mode': 'nearest'},
             inputs={**image, 1: np.zeros(0, np.float32), 2: np.array([1, 1, 2, 2], np.float32)})
    yield Op('NonMaxSuppression', 'FFLFF>L', inputs={
        0: np.array([[[0, 0, 1, 1], [0, 0, 2, 2]]], np.float32), 1: np.array([[[.5, .6]]], np.float32),
        2: ints(2), 3: np.array([.5], np.float32), 4: np.array([.1], np.float32)})
    for name in 'RandomNormalLike RandomUniformLike'.split():
        yield Op(name, 'a>a', attrs={'seed': 1.0})


def with_shape(self, shape):
    self.inputs[0] = shape
    for change in self.changes.values():
        change.setdefault('inputs', {})[0] = shape
    return self


Op.with_shape = with_shape


# --------------------------------------------- models

def sample(shape, dtype):
    dtype = np.dtype(dtype)
    values = np.arange(int(np.prod(shape))).reshape(shape) * 7 % 5
    return (values if dtype.kind in 'ub' else values - 2).astype(dtype)


def models_of(op, opset):
    """Yields (types of the letters, serialised model, feeds); plain bytes, which every numpy reads."""
    from onnx import TensorProto, helper, numpy_helper
    before, after = op.types.split('>')
    letters = sorted(set(before + after) & set('abc'))
    for choice in itertools.product(*(op.only.get(letter, TYPES) for letter in letters)):
        types = {**FIXED, **dict(zip(letters, choice))}
        ports, feeds, constants, names = [], {}, [], []
        for i, letter in enumerate(before):
            name, dtype, value = f'x{i}', TYPES[types[letter]], op.inputs.get(i, (2, 3))
            names.append(name)
            if isinstance(value, tuple):
                fed = sample(value, dtype)
                feeds[name] = dtype, fed.shape, fed.tobytes()
                ports.append(helper.make_tensor_value_info(name, types[letter], value))
            else:
                constants.append(numpy_helper.from_array(np.asarray(value).astype(dtype), name))
        outputs = [f'y{i}' for i in range(len(after))]
        attrs = {**op.attrs, **({'to': types['b']} if op.name == 'Cast' else {})}
        node = helper.make_node(op.name, names, outputs, **attrs)
        graph = helper.make_graph([node], 'one', ports, [
            helper.make_tensor_value_info(name, types[letter], None)
            for name, letter in zip(outputs, after)], constants)
        model = helper.make_model(graph, opset_imports=[helper.make_opsetid('', opset)])
        model.ir_version = 7 if opset == 12 else 8
        assert TensorProto.DOUBLE == 11
        yield choice, model.SerializeToString(), feeds


def make_models():
    models = []
    for op in table():
        for opset in op.opsets:
            for choice, model, feeds in models_of(op.of(opset), opset):
                models.append(((op.name, opset, op.of(opset).types, op.exact, choice), model, feeds))
    return models


# --------------------------------------------- what one version does

def answer(model, feeds):
    """The outputs as nested lists, or None."""
    import onnxruntime
    options = onnxruntime.SessionOptions()
    options.log_severity_level = 4
    options.intra_op_num_threads = 1
    options.graph_optimization_level = onnxruntime.GraphOptimizationLevel.ORT_DISABLE_ALL
    try:
        session = onnxruntime.InferenceSession(model, options, providers=['CPUExecutionProvider'])
        arrays = {name: np.frombuffer(data, dtype).reshape(shape)
                  for name, (dtype, shape, data) in feeds.items()}
        return [np.asarray(value).astype(float).tolist() for value in session.run(None, arrays)]
    except Exception:
        return None


def measure(path):
    """Prints the answers as JSON; a version may end the process at some of the models."""
    import onnxruntime
    with open(path, 'rb') as file:
        models = pickle.load(file)
    version = tuple(int(part) for part in onnxruntime.__version__.split('.')[:2])
    answers = []
    for key, model, feeds in models:
        if version < OPSETS[key[1]]:
            answers.append('not asked')
            continue
        reader, writer = os.pipe()
        child = os.fork()
        if not child:
            with os.fdopen(writer, 'w') as file:
                json.dump(answer(model, feeds), file)
            os._exit(0)
        os.close(writer)
        with os.fdopen(reader) as file:
            text = file.read()
        os.waitpid(child, 0)
        answers.append(json.loads(text) if text else None)
    print(json.dumps([onnxruntime.__version__, answers]))


# --------------------------------------------- the table

def is_same(name, a, b):
    if a is None or b is None:
        return False
    return name.startswith('Random') or all(
        np.shape(x) == np.shape(y) and np.allclose(x, y, 1e-4, 1e-5, equal_nan=True) for x, y in zip(a, b))


def rows_of(choices):
    """The fewest rows of sets of types, one set for each letter, that hold these combinations."""
    rest = {}
    for first, *others in choices:
        rest.setdefault(tuple(others), set()).add(first)
    rows = {}
    for others, firsts in rest.items():
        rows.setdefault(frozenset(firsts), []).append(others)
    for firsts, all_others in rows.items():
        if not all_others[0]:
            yield (firsts,)
        else:
            for row in rows_of(all_others):
                yield (firsts, *row)


def mask(types):
    return ' | '.join(SYMBOLS[t] for t in sorted(types)) or '0'


def write_table(models, versions, answers):
    kernels, signatures = {}, {}
    for index, (key, _, _) in enumerate(models):
        name, opset, types, exact, choice = key
        signatures[name, opset] = types, exact
        asked = [one[index] for one in answers if one[index] != 'not asked']
        if all(is_same(name, asked[0], one) for one in asked):
            kernels.setdefault((name, opset), set()).add(choice)
    with open(TABLE, 'w') as file:
        file.write(HEAD.format(', '.join(versions)))
        for name, opset in sorted(signatures):
            types, exact = signatures[name, opset]
            before, after = types.split('>')
            choices = kernels.get((name, opset), set())
            rows = [()] if choices == {()} else sorted(rows_of(choices), key=mask_key) if choices else []
            for row in rows:
                sets = ', '.join(mask(types) for types in row) or '0'
                file.write(f'KERNEL("{name}", {opset}, "{before}", "{after}", {str(exact).lower()}, {sets})\n')


def mask_key(row):
    return [sorted(types) for types in row]


HEAD = '''// SPDX-License-Identifier: Apache-2.0
//
// Generated by tools/make_onnx_kernels.py; do not edit. KERNEL(operation, operator set, types of the inputs,
// types of the outputs, exact, sets of types): what ONNX Runtime computes, in each of the versions
// {}.
//
// A type is a letter: a, b and c stand for the first, second and third set, F, L and B for float, int64 and bool;
// the last letter holds for all inputs that follow. Exact operations move or compare numbers, and make no new ones.
'''


def main(pythons):
    models = make_models()
    with tempfile.TemporaryDirectory() as folder:
        path = os.path.join(folder, 'models')
        with open(path, 'wb') as file:
            pickle.dump(models, file, protocol=4)
        results = []
        for python in pythons:
            done = subprocess.run([python, os.path.abspath(__file__), '--measure', path], check=True,
                                  stdout=subprocess.PIPE, stderr=subprocess.DEVNULL)
            results.append(json.loads(done.stdout))
            print(results[-1][0], sum(one not in (None, 'not asked') for one in results[-1][1]), 'of',
                  len(models), flush=True)
    write_table(models, [version for version, _ in results], [answers for _, answers in results])
    if os.environ.get('KERNELS_DUMP'):
        with open(os.environ['KERNELS_DUMP'], 'wb') as file:
            pickle.dump(([key for key, _, _ in models], results), file)


if __name__ == '__main__':
    if sys.argv[1:2] == ['--measure']:
        measure(sys.argv[2])
    elif len(sys.argv) > 1:
        if subprocess.run([sys.argv[1], '-c', 'import onnx'], check=False).returncode:
            sys.exit('the first interpreter needs the package onnx')
        main(sys.argv[1:])
    else:
        sys.exit(__doc__)
