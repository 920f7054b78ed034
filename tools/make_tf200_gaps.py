# SPDX-License-Identifier: Apache-2.0
"""Finds what TensorFlow 2.0.0 cannot do on the CPU, or does otherwise than a new TensorFlow.

    python tools/make_tf200_gaps.py [--only OP]...

Turns each probe of tests/engines/gaps.py into a GraphDef, runs it in the TensorFlow of this Python
(2.21 or newer) and, in a process of its own, in TensorFlow 2.0.0, and writes

    docs/tf200-gaps.md              the table, for people
    tests/engines/gaps_data.json.gz what test_gaps.py runs again: graphs, inputs' seeds, verdicts

The interpreter must have TensorFlow 2.21; 2.0.0 comes through tests/engines/engine.py, which needs
no Python of its own.  Takes about six minutes on two cores.  --only OP prints the verdicts of one op
and writes nothing.
"""
import argparse
import base64
import gzip
import json
import os
import pickle
import re
import subprocess
import sys
import tempfile

import numpy as np

ROOT = os.path.join(os.path.dirname(os.path.abspath(__file__)), '..')
sys.path.insert(0, os.path.join(ROOT, 'tests', 'engines'))

import gaps  # noqa: E402
import test_gaps  # noqa: E402

# --------------------------------------------- graphs, in the new TensorFlow

def import_tensorflow():
    os.environ.update(CUDA_VISIBLE_DEVICES='-1', TF_CPP_MIN_LOG_LEVEL='3')
    import tensorflow
    tensorflow.compat.v1.logging.set_verbosity('ERROR')
    return tensorflow


class Builder:
    """Turns one probe into a GraphDef.  bfloat16 crosses the border as float32."""

    def __init__(self, tf, dtype):
        from tensorflow.python.framework import op_def_library, op_def_registry
        self.tf, self.dtype = tf, dtype
        self.apply_op, self.op_def = op_def_library.apply_op, op_def_registry.get
        self.made, self.feeds = {}, {}

    def type_of(self, dtype):
        if dtype is gaps.Wider:
            return 'int32' if 'int' in self.dtype else 'float32'
        return self.dtype if dtype == gaps.T else dtype

    def tensor(self, x):
        if isinstance(x, list):
            return [self.tensor(item) for item in x]
        if isinstance(x, gaps.Out):
            return self.node(x.node)[x.index]
        if isinstance(x, gaps.N):
            return self.node(x)[0]
        if id(x) not in self.made:
            self.made[id(x)] = (self.constant(x) if isinstance(x, gaps.K) else self.fed(x), x)
        return self.made[id(x)][0]

    def constant(self, x):
        dtype = self.type_of(x.dtype)
        values = np.asarray(x.values, bool) if dtype == 'bool' else x.values
        return self.tf.constant(values, dtype, np.shape(x.values))

    def fed(self, x):
        dtype = self.type_of(x.dtype)
        outside = 'float32' if dtype == 'bfloat16' else dtype
        shape = np.shape(x.values) if x.values is not None else x.shape
        name = f'x{len(self.feeds)}'
        placeholder = self.tf.compat.v1.placeholder(outside, shape, name)
        self.feeds[name] = x
        return placeholder if outside == dtype else self.tf.raw_ops.Cast(x=placeholder, DstT=dtype)

    def node(self, n):
        if id(n) not in self.made:
            op_def = self.op_def(n.op)
            if op_def is None:
                raise ValueError(f'no op {n.op}')
            inputs = {arg.name: self.tensor(value)
                      for arg, value in zip(op_def.input_arg, n.inputs)}
            attrs = {key: self.type_of(value) if value in (gaps.T, gaps.Wider) else value
                     for key, value in n.attrs.items()}
            inferred = {name for arg in op_def.input_arg
                        for name in (arg.type_attr, arg.number_attr, arg.type_list_attr)}
            for attr in op_def.attr:
                if attr.name in inferred:
                    attrs.pop(attr.name, None)
                elif attr.name not in attrs and attr.HasField('default_value'):
                    attrs[attr.name] = self.default(attr)
                elif attr.type == 'type':
                    attrs[attr.name] = self.tf.as_dtype(attrs[attr.name])
            made = self.apply_op(n.op, **inputs, **attrs)
            self.made[id(n)] = (list(made) if isinstance(made, (list, tuple)) else [made], n)
        return self.made[id(n)][0]

    def default(self, attr):
        kind = attr.default_value.WhichOneof('value')
        value = getattr(attr.default_value, kind)
        if kind == 'list':
            return [item for _, items in value.ListFields() for item in items]
        if kind == 'type':
            return self.tf.as_dtype(value)
        return self.tf.TensorShape(value) if kind == 'shape' else value

    def outputs(self, graph, count):
        outputs = self.tensor(graph) if isinstance(graph, list) else self.node(graph)
        if isinstance(outputs[0], list):
            outputs = outputs[0]
        for i, output in enumerate(outputs[:count if count else None]):
            if output.dtype == self.tf.bfloat16:
                output = self.tf.raw_ops.Cast(x=output, DstT='float32')
            yield self.tf.identity(output, f'y{i}').name


def strip_defaults(tf, graph_def):
    """What is equal to the newest default says nothing; 2.0.0 may not even know the attr."""
    from tensorflow.python.framework import op_def_registry
    for node in graph_def.node:
        # Else what the CPU lacks runs on XLA_CPU, which 2.0.0 has on Linux and not on Windows.
        node.device = '/device:CPU:0'
        for attr in op_def_registry.get(node.op).attr:
            if (attr.HasField('default_value') and attr.name in node.attr and
                    node.attr[attr.name] == attr.default_value):
                del node.attr[attr.name]
        for name in [name for name in node.attr if name.startswith('_')]:
            del node.attr[name]
    graph_def.versions.Clear()
    graph_def.versions.producer = 119  # that of 2.0.0
    return graph_def.SerializeToString(deterministic=True)


def build(tf, graph, dtype, count, feeds=None):
    """(serialised GraphDef, {feed name: X}, [fetches])"""
    with tf.Graph().as_default() as g:
        builder = Builder(tf, dtype)
        if feeds:  # the same names as in the graph that this one stands for
            for name, x in feeds.items():
                before = builder.feeds
                builder.feeds = dict.fromkeys(range(int(name[1:])))
                builder.made[id(x)] = (builder.fed(x), x)
                builder.feeds = before
        fetches = list(builder.outputs(graph, count))
        return strip_defaults(tf, g.as_graph_def()), builder.feeds, fetches


def draw(p, feeds):
    random = np.random.RandomState(gaps.seed_of(p))
    arrays = {}
    for name, x in feeds.items():
        dtype = p.dtype if x.dtype == gaps.T else x.dtype
        values = x.draw(random, dtype)
        if dtype == 'bfloat16':  # only values that it holds
            values = np.asarray(values, np.float32)
            values = (values.view(np.uint32) & 0xffff0000).view(np.float32)
            dtype = 'float32'
        arrays[name] = np.asarray(values, dtype)
    return arrays


def run_new(tf, graph_def, arrays, fetches):
    message = tf.compat.v1.GraphDef.FromString(graph_def)
    with tf.Graph().as_default() as g:
        tf.import_graph_def(message, name='')
        with tf.compat.v1.Session(graph=g) as session:
            return session.run(fetches, {f'{name}:0': a for name, a in arrays.items()})


def first_line(error):
    return str(error).strip().split('\n')[0][:300]


def make_cases(tf, probes):
    for p in probes:
        case = {'probe': p._replace(graph=None, like=None, rewrite=None)}
        try:
            case['graph_def'], feeds, case['fetches'] = build(tf, p.graph, p.dtype, p.outputs)
        except Exception as error:  # pylint: disable=broad-except
            case['invalid'] = f'{type(error).__name__}: {first_line(error)}'
            yield case
            continue
        case['feeds'] = draw(p, feeds)
        if p.rewrite is not None:
            try:
                case['rewrite'], _, case['rewrite_fetches'] = build(
                    tf, p.rewrite, p.dtype, p.outputs, feeds)
            except (TypeError, ValueError) as error:
                case['no_rewrite'] = first_line(error)
        graph_def, fetches = case['graph_def'], case['fetches']
        try:
            if p.like is not None:
                graph_def, _, fetches = build(tf, p.like, p.dtype, p.outputs, feeds)
            case['expected'] = run_new(tf, graph_def, case['feeds'], fetches)
        except Exception as error:  # pylint: disable=broad-except
            case['no_reference'] = first_line(error)
        yield case


# --------------------------------------------- TensorFlow 2.0.0, in processes that may die

def run_old(cases_path, results_path, start):
    from engine import Engine, EngineError
    engine = Engine()
    with open(cases_path, 'rb') as stream:
        cases = pickle.load(stream)
    with open(results_path, 'ab') as out:
        for i in range(start, len(cases)):
            case, result = cases[i], {}
            pickle.dump(i, out)
            out.flush()
            if 'graph_def' in case:
                try:
                    with engine.load_graph(case['graph_def']) as session:
                        try:
                            result['values'] = session.run(case['feeds'], case['fetches'])
                        except EngineError as error:
                            result['run'] = str(error)
                except EngineError as error:
                    result['load'] = str(error)
            if 'rewrite' in case:
                try:
                    result['rewrite'] = engine.run_graph(case['rewrite'], case['feeds'],
                                                         case['rewrite_fetches'])
                except EngineError as error:
                    result['rewrite_error'] = str(error)
            pickle.dump(result, out)
            out.flush()


def write_kernels(path):
    from engine import Engine
    with open(path, 'wb') as stream:
        stream.write(Engine().kernel_list())


def kernels_of_old():
    with tempfile.TemporaryDirectory() as scratch:
        path = os.path.join(scratch, 'kernels')
        subprocess.run([sys.executable, os.path.abspath(__file__), '--kernels', path], check=True,
                       stderr=subprocess.DEVNULL)
        with open(path, 'rb') as stream:
            return stream.read()


def read_stream(path):
    items = []
    with open(path, 'rb') as stream:
        while True:
            try:
                items.append(pickle.load(stream))
            except EOFError:
                return items


def all_old(cases):
    results, start = {}, 0
    with tempfile.TemporaryDirectory() as scratch:
        cases_path = os.path.join(scratch, 'cases')
        with open(cases_path, 'wb') as stream:
            pickle.dump(cases, stream)
        while start < len(cases):
            results_path = os.path.join(scratch, f'results{start}')
            code = subprocess.run([sys.executable, os.path.abspath(__file__), '--run-old',
                                   cases_path, results_path, str(start)],
                                  stderr=subprocess.DEVNULL, check=False).returncode
            items = read_stream(results_path)
            for i in range(0, len(items) - 1, 2):
                results[items[i]] = items[i + 1]
            if len(items) % 2:
                results[items[-1]] = {'died': code}
            elif not items:
                sys.exit(f'TensorFlow 2.0.0 does not start: {code}')
            start = max(results) + 1
    return [results[i] for i in range(len(cases))]


# --------------------------------------------- verdicts

def judge(case, result):
    """(verdict, words)"""
    if 'invalid' in case:
        return 'invalid', case['invalid']
    for kind in ('load', 'run', 'died'):
        if kind in result:
            text = str(result[kind])
            both = 'no_reference' in case
            return kind, text + (' [2.21: ' + case['no_reference'] + ']' if both else '')
    if 'no_reference' in case:
        return 'unknown', case['no_reference']
    apart = test_gaps.worst_difference(case['expected'], result['values'], case['probe'].dtype)
    return ('wrong', f'by {apart:.3g}') if apart else ('same', '')


def judge_rewrite(case, result):
    """'' without one or without a reference."""
    if 'rewrite_error' in result:
        return 'rewrite fails: ' + first_line(result['rewrite_error'])
    if 'rewrite' not in result or 'expected' not in case:
        return ''
    apart = test_gaps.worst_difference(case['expected'], result['rewrite'], case['probe'].dtype)
    return f'rewrite wrong by {apart:.3g}' if apart else 'rewrite right'


# --------------------------------------------- what is published

DOCUMENT = os.path.join(ROOT, 'docs', 'tf200-gaps.md')
DATA = os.path.join(ROOT, 'tests', 'engines', 'gaps_data.json.gz')

HEAD = """<!-- Generated by tools/make_tf200_gaps.py from tests/engines/gaps.py; do not edit. -->

# What TensorFlow 2.0.0 cannot compute on the CPU

TensorFlow 2.0.0 loads many operations that its CPU kernels cannot run: a graph loads and fails when
it is run, or, worse, gives other numbers. This list was made by running {count} small
graphs of one or a few ops in TensorFlow 2.0.0 and in TensorFlow {version} and comparing.
{same} of them give the same values in both. `tests/engines/test_gaps.py` runs
those that fail again.

Each node was placed on `/device:CPU:0`. Without that, TensorFlow 2.0.0 for Linux moves ops without
a CPU kernel to its second device, XLA_CPU, which computes convolutions of bfloat16 or channels-first;
TensorFlow 2.0.0 for Windows has no such device.

"does not load": importing the graph fails. "fails": running it fails. "wrong": it runs and gives
other values, without any message. "nothing yet" in the last column: czmodel converts the network
unchanged; a replacement that "would do" was run in TensorFlow 2.0.0 and gives the right values.
"""
BOTH = """
## What neither TensorFlow does on the CPU

A network exported on a GPU may hold these.
"""
KERNELS = """
## Kernels for float32 but not for half precision

Ops with a CPU kernel for float32 in TensorFlow 2.0.0 that lack one for float16 or bfloat16. czmodel
computes them in float32 between two Casts.

| Op | Lacks |
| --- | --- |
"""
NEWER = """
## Ops that TensorFlow 2.0.0 does not know

Those that an inference graph of a newer TensorFlow may hold.

| Op | What czmodel does |
| --- | --- |
"""


def words_of(verdict):
    """The message without what differs from probe to probe."""
    kind, text = verdict
    if kind == 'wrong':
        return ''
    text = text.split(' [2.21: ')[0].split('\n')[0]
    text = re.sub(r"\[\d[\d,]*\]|\{\{.*?\}\}", '...', text)
    for saying, messages in test_gaps.SAYINGS.items():
        if any(message in text for message in messages):
            return saying
    for pattern, short in ((r"NodeDef mentions attr '(\w+)'.*", r"NodeDef mentions attr '\1'"),
                           (r"Op type not registered '(\w+)'.*", r"Op type not registered '\1'"),
                           (r"(Value for attr '\w+' of \"?\w+\"? is not in the list of allowed).*",
                            r"\1 values"),
                           (r'Multiple OpKernel registrations.*', 'Multiple OpKernel registrations'),
                           (r"(A grouped conv|Dimensions must be equal|Input to reshape).*", r'\1'),
                           (r'(Requires start <= limit).*', r'\1'),
                           (r'(input dimensions): \d+', r'\1'), (r'input dimensions \d+',
                                                                  'input dimensions')):
        text = re.sub(pattern, short, text)
    return text.strip()[:160]


UNSTABLE = 1e9  # what lay in the memory: another number in each run
KINDS = {'load': 'does not load', 'run': 'fails', 'died': 'ends the process', 'wrong': 'wrong'}


def shortest(conditions):
    """Without those that say more than another one does."""
    parts = {c: set(c.split(', ')) for c in conditions}
    return [c for c in conditions
            if c in ('any', 'NHWC', 'NDHWC') or not any(parts[o] < parts[c] for o in conditions)]


def rows_of(cases, verdicts, both):
    groups = {}
    for case, verdict in zip(cases, verdicts):
        p = case['probe']
        if verdict[0] not in KINDS or (p.op, p.condition) in gaps.NEWER_IS_WRONG:
            continue
        words = words_of(verdict)
        if ('no_reference' in case) != both:
            continue
        if words.startswith('no kernel') and p.dtype in ('float16', 'bfloat16'):
            continue  # they have a section of their own
        answer = gaps.answer_to(p.op, p.condition, words, p.dtype)
        if 'rewrite' in case and answer == 'nothing yet':
            answer = 'nothing yet; a rewrite is known'
        key = (p.op, verdict[0], words, answer)
        groups.setdefault(key, []).append((p.condition, p.dtype, verdict[1]))
    for (op, kind, words, answer), found in sorted(groups.items()):
        conditions = shortest(list(dict.fromkeys(c for c, _, _ in found)))
        types = list(dict.fromkeys(t for _, t, _ in found))
        says = KINDS[kind]
        if kind == 'wrong':
            worst = max(float(v.split()[1]) for c, _, v in found)
            says += f' by {worst:.2g}' if worst < UNSTABLE else ''
        else:
            says += ': ' + words.replace('|', '/')
        yield op, '; '.join(conditions), ', '.join(types), says, answer


def lacking_kernels(kernel_list):
    from tensorflow.core.framework import kernel_def_pb2, types_pb2
    kernels = kernel_def_pb2.KernelList.FromString(kernel_list)
    have = {}
    for kernel in kernels.kernel:
        if kernel.device_type == 'CPU':
            types = have.setdefault(kernel.op, set())
            for constraint in kernel.constraint:
                types.update(constraint.allowed_values.list.type)
    probed = {p.op for p in gaps.PROBES}
    for op in sorted(probed & set(have)):
        if types_pb2.DT_FLOAT in have[op]:
            lacks = [name for name, number in (('float16', types_pb2.DT_HALF),
                                               ('bfloat16', types_pb2.DT_BFLOAT16))
                     if number not in have[op]]
            if lacks:
                yield op, ', '.join(lacks)


def write_document(tf, cases, verdicts, kernel_list):
    same = sum(v[0] == 'same' for v in verdicts)
    ran = sum(v[0] not in ('invalid', 'unknown') for v in verdicts)
    lines = [HEAD.format(count=ran, same=same, version=tf.__version__)]
    for both in (False, True):
        lines += [BOTH] if both else []
        lines.append('| Op | Condition | Types | TensorFlow 2.0.0 | czmodel |')
        lines.append('| --- | --- | --- | --- | --- |')
        lines += ['| ' + ' | '.join(row) + ' |' for row in rows_of(cases, verdicts, both)]
    lines.append(KERNELS.rstrip('\n'))
    lines += [f'| {op} | {lacks} |' for op, lacks in lacking_kernels(kernel_list)]
    lines.append(NEWER.rstrip('\n'))
    lines += [f'| {op} | {gaps.NEWER_ANSWERS.get(op, "rejected")} |' for op in gaps.NEWER_OPS]
    with open(DOCUMENT, 'w', encoding='utf-8') as stream:
        stream.write('\n'.join(lines) + '\n')


def packed(array):
    array = np.asarray(array)
    return {'dtype': str(array.dtype), 'shape': array.shape,
            'data': base64.b64encode(array.tobytes()).decode()}


def write_data(cases, results, verdicts):
    """One probe for each op, condition and verdict."""
    chosen, graphs = {}, lambda data: base64.b64encode(data).decode()
    for case, result, verdict in zip(cases, results, verdicts):
        p = case['probe']
        words = words_of(verdict)
        if (verdict[0] not in ('load', 'run', 'wrong') or 'no_reference' in case or
                (p.op, p.condition) in gaps.NEWER_IS_WRONG):
            continue
        if words.startswith('no kernel') and p.condition != 'any':
            continue
        right = judge_rewrite(case, result) == 'rewrite right'
        key = (p.op, p.condition, verdict[0], words)
        if key in chosen:
            continue
        row = {'op': p.op, 'condition': p.condition, 'detail': p.detail, 'dtype': p.dtype,
               'verdict': verdict[0], 'words': words, 'graph': graphs(case['graph_def']),
               'feeds': {name: packed(a) for name, a in case['feeds'].items()},
               'fetches': case['fetches']}
        if right:
            row['rewrite'] = graphs(case['rewrite'])
            row['rewrite_fetches'] = case['rewrite_fetches']
        if right or verdict[0] == 'wrong':
            row['expected'] = [packed(a) for a in case['expected']]
        chosen[key] = row
    text = json.dumps(list(chosen.values()), separators=(',', ':'), sort_keys=True)
    with open(DATA, 'wb') as stream:
        stream.write(gzip.compress(text.encode(), 9, mtime=0))
    print(f'{len(chosen)} probes, {os.path.getsize(DATA)} bytes')


def main():
    parser = argparse.ArgumentParser()
    parser.add_argument('--only', action='append')
    parser.add_argument('--dump')
    parser.add_argument('--run-old', nargs=3)
    parser.add_argument('--kernels')
    options = parser.parse_args()
    if options.kernels:
        return write_kernels(options.kernels)
    if options.run_old:
        return run_old(*options.run_old[:2], int(options.run_old[2]))
    tf = import_tensorflow()
    probes = [p for p in gaps.PROBES if not options.only or p.op in options.only]
    cases = list(make_cases(tf, probes))
    results = all_old(cases)
    verdicts = [judge(case, result) for case, result in zip(cases, results)]
    if options.dump:
        with open(options.dump, 'wb') as stream:
            pickle.dump((cases, results, verdicts), stream)
    if options.only:
        for case, result, verdict in zip(cases, results, verdicts):
            print(*case['probe'][:4], verdict[0], verdict[1][:150].replace('\n', ' '),
                  judge_rewrite(case, result), sep=' | ')
        return None
    write_document(tf, cases, verdicts, kernels_of_old())
    write_data(cases, results, verdicts)
    return None


if __name__ == '__main__':
    main()
