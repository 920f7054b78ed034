# SPDX-License-Identifier: Apache-2.0
"""ONNX's own node tests: each is read, and gives the expected output in both back ends, or is rejected.

    nodes.py --read PROGRAM --build FOLDER [--only TEXT] [--update]

The tests are those of the package onnx (onnx.backend.test.case.node), which is installed into FOLDER with
ONNX Runtime unless it is there. A network has one input, so that one input of the node stays and the
others become constants; each input is the one that stays in turn. Tensors with three dimensions or more are
tried in ONNX's order and with the channels last. The graph of TensorFlow operations is run by TensorFlow
2.0.0, its translation (operator set 18) by ONNX Runtime.

nodes.txt lists every test that does not pass, below the reason. The test fails if an output is wrong, except
those of DIFFERENT, or if the list is not exact. --update writes the list.
"""
import argparse
import collections
import os
import re
import subprocess
import sys
import tempfile
import textwrap
import warnings

import run as environment

HERE = os.path.dirname(os.path.abspath(__file__))
LIST = os.path.join(HERE, 'nodes.txt')
HEAD = '''\
ONNX's node tests (onnx 1.23.2) that are not right in both back ends, each below the reason.
Written by nodes.py --update. A reason that begins with "scope" is not about networks for images.
'''

# Why the operations of a test are not about networks for images: operation or prefix of the test's name.
SCOPE = [
    ('training', r'^(Adagrad|Adam|Momentum|SoftmaxCrossEntropyLoss|NegativeLogLikelihoodLoss|Gradient)$'),
    ('random numbers', r'^(Bernoulli|Random\w+|Multinomial)$'),
    ('text', r'^(String\w+|RegexFullMatch|TfIdfVectorizer|LabelEncoder)$'),
    ('sequences and optional values', r'^(Sequence\w+|SplitToSequence|ConcatFromSequence|Optional\w*)$'),
    ('signals', r'^(DFT|STFT|MelWeightMatrix|\w+Window)$'),
    ('other domains', r'^(TreeEnsemble|ArrayFeatureExtractor|Binarizer)$'),
    ('recurrent networks', r'^(RNN|LSTM|GRU)$'),
    ('files', r'^ImageDecoder$'),
    ('sizes that depend on values', r'^(NonZero|Unique|Compress|NonMaxSuppression)$'),
    ('language models', r'^(LinearAttention|CausalConvWithState|FlexAttention|RotaryEmbedding|TensorScatter)$'),
]
# Element types that TensorFlow 2.0.0 cannot compute with.
TYPES = r'float8|float4|int4|int2|FLOAT8|FLOAT4|INT4|INT2|BFLOAT16|bfloat16|STRING|_string|uint64|UINT64'

# Known differences, at values that images do not have.
DIFFERENT = {
    'test_mod_float_edge_cases_fmod_0_float16': 'the remainder of a division by infinity is NaN in ONNX Runtime',
    'test_mod_float_edge_cases_fmod_0_float32': 'the remainder of a division by infinity is NaN in ONNX Runtime',
    'test_mod_float_edge_cases_fmod_0_float64': 'the remainder of a division by infinity is NaN in ONNX Runtime',
    'test_reduce_max_empty_set_bool': 'the maximum of no truth values is true in ONNX Runtime',
    'test_reshape_allowzero_reordered': 'ONNX Runtime does not reshape tensors without elements',
}

Job = collections.namedtuple('Job', 'test expected tolerance feed layout path')


# --------------------------------------------- the tests

def cases():
    from onnx.backend.test.case.node import collect_testcases
    with warnings.catch_warnings():
        warnings.simplefilter('ignore')
        return sorted(collect_testcases(None), key=lambda case: case.name)


def scope_of(case):
    """Why the test is out of scope; ''."""
    import numpy as np
    operations = {node.op_type for node in case.model.graph.node}
    if re.search(TYPES, case.name):
        return 'scope: element types'
    for reason, pattern in SCOPE:
        if any(re.match(pattern, operation) for operation in operations):
            return f'scope: {reason}'
    if any(entry.domain == '' and entry.version < 7 for entry in case.model.opset_import):
        return 'scope: operator sets below 7'
    inputs, outputs = arrays_of(case)
    if any(value.dtype.kind not in 'fiub' for value in (*inputs, *outputs)):
        return 'scope: element types'
    return '' if inputs else 'scope: no input'


def arrays_of(case):
    """([input], [output]): numbers are tensors without dimensions."""
    import numpy as np
    return [[np.asarray(value) if not isinstance(value, (list, dict)) else np.asarray('') for value in part]
            for part in case.data_sets[0]]


def with_one_input(model, values, live):
    """A copy whose inputs, except the one at `live`, are constants."""
    import onnx
    from onnx import numpy_helper
    copy = onnx.ModelProto()
    copy.CopyFrom(model)
    ports = list(copy.graph.input)
    for i, (port, value) in enumerate(zip(ports, values)):
        if i != live:
            copy.graph.initializer.append(numpy_helper.from_array(value, port.name))
            copy.graph.input.remove(port)
    return copy


def jobs_of(case, folder):
    inputs, outputs = arrays_of(case)
    for live, feed in enumerate(inputs):
        path = os.path.join(folder, f'{case.name}.{live}.onnx')
        with open(path, 'wb') as file:
            file.write(with_one_input(case.model, inputs, live).SerializeToString())
        for port, expected in zip(case.model.graph.output, outputs):
            for layout in ('nhwc', 'nchw') if feed.ndim > 2 else ('-',):
                yield (Job(case.name, expected, case.rtol, feed, layout, f'{path}.{port.name}.{layout}'),
                       '\t'.join((path, layout, port.name, f'{path}.{port.name}.{layout}')))


# --------------------------------------------- running

def is_equal(job, answer):
    import numpy as np
    expected = job.expected
    wide = 5e-3 if expected.dtype == np.float16 else max(job.tolerance, 1e-4)
    orders = [expected]
    if expected.ndim in (4, 5):  # the reader decides whether the output is an image or a volume
        orders.append(to_channels_last(expected))
    return any(answer.shape == one.shape and answer.dtype.kind == one.dtype.kind and
               np.allclose(answer, one, rtol=wide, atol=wide / 100, equal_nan=True) for one in orders)


def feed_of(job):
    return job.feed if job.layout != 'nchw' else to_channels_last(job.feed)


def to_channels_last(array):
    import numpy as np
    return np.ascontiguousarray(np.moveaxis(array, 1, -1))


def in_tensorflow(engine, job, line):
    _, fed, fetched = line.split()
    with open(job.path + '.pb', 'rb') as file:
        graph = file.read()
    return feed_of(job) if fed == fetched else engine.run_graph(graph, {fed: feed_of(job)}, [fetched])[0]


def in_runtime(job):
    import onnxruntime
    options = onnxruntime.SessionOptions()
    options.intra_op_num_threads = 1
    options.log_severity_level = 4
    session = onnxruntime.InferenceSession(job.path + '.onnx', options, providers=['CPUExecutionProvider'])
    port, = session.get_inputs()
    return session.run(None, {'input': environment.as_type(feed_of(job), port.type)})[0]


def verdict(job, lines, engine):
    """('right' | 'rejected' | 'failed' | 'wrong', reason) of each back end."""
    for name, line, compute in zip(('TensorFlow', 'ONNX Runtime'), lines,
                                   (lambda line: in_tensorflow(engine, job, line), lambda _: in_runtime(job))):
        if not line.startswith('ok '):
            yield 'rejected', re.sub(r'^.*?: (?=layer)', '', line.strip())
            continue
        try:
            answer = compute(line)
        except Exception as error:  # whatever the engine says
            yield 'failed', f'{name}: ' + ' '.join(str(error).split())[:200]
            continue
        yield ('right', '') if is_equal(job, answer) else ('wrong', f'{name}: {difference(job, answer)}')


def difference(job, answer):
    import numpy as np
    if answer.shape != job.expected.shape or answer.dtype.kind != job.expected.dtype.kind:
        return f'{answer.dtype}{answer.shape} instead of {job.expected.dtype}{job.expected.shape}'
    return f'off by {np.nanmax(np.abs(answer.astype(float) - job.expected.astype(float))):.2e}'


def run_all(options, chosen):
    """{test: [(verdict, reason, job's end, back end)]}"""
    sys.path.insert(0, os.path.join(os.path.dirname(HERE), 'engines'))
    import engine
    tensorflow = engine.Engine(os.path.join(os.path.abspath(options.build), 'engines', 'tf200'))
    results = collections.defaultdict(list)
    with tempfile.TemporaryDirectory() as folder:
        jobs, lines = zip(*(job for case in chosen for job in jobs_of(case, folder)))
        done = subprocess.run([options.read], input='\n'.join(lines) + '\n', capture_output=True, text=True,
                              timeout=1200, check=True)
        answers = done.stdout.splitlines()
        assert len(answers) == 2 * len(jobs), f'{len(answers)} answers for {len(jobs)} networks'
        for i, job in enumerate(jobs):
            for result in verdict(job, answers[2 * i:2 * i + 2], tensorflow):
                results[job.test].append((*result, os.path.basename(job.path)))
    return results


# --------------------------------------------- the list

def reason_of(results):
    """'' if the test is right in both back ends with one input at least; else why not."""
    for bad in ('wrong', 'failed'):
        for kind, reason, name in results:
            if kind == bad:
                return f'{bad}: {reason}'
    by_job = collections.defaultdict(list)
    for kind, reason, name in results:
        by_job[name].append((kind, reason))
    if any(all(kind == 'right' for kind, _ in pair) for pair in by_job.values()):
        return ''
    return next(reason for kind, reason, _ in results if kind == 'rejected')


def general(reason):
    """The reason without the names of one test."""
    return re.sub(r'^layer ".*?" \(op (\S+)\): ', r'\1: ', re.sub(r' \[\S+\]$', '', reason))


def written(listed):
    groups = collections.defaultdict(list)
    for test, reason in listed.items():
        groups[reason].append(test.removeprefix('test_'))
    text = HEAD
    for reason, tests in sorted(groups.items()):
        text += f'\n{reason}\n' + textwrap.fill(' '.join(sorted(tests)), 110, initial_indent='    ',
                                                subsequent_indent='    ', break_on_hyphens=False) + '\n'
    return text


def read_list():
    listed, reason = {}, ''
    with open(LIST, encoding='utf-8') as file:
        for line in file.read().split('\n\n', 1)[1].splitlines():
            if line.startswith('    '):
                listed.update({f'test_{test}': reason for test in line.split()})
            elif line:
                reason = line
    return listed


def main():
    parser = argparse.ArgumentParser(description=__doc__.split('\n')[0])
    parser.add_argument('--read', required=True, metavar='PROGRAM')
    parser.add_argument('--build', required=True, metavar='FOLDER')
    parser.add_argument('--only', default='', metavar='TEXT')
    parser.add_argument('--update', action='store_true')
    options = parser.parse_args()
    environment.enter(options.build, environment.NEWEST)
    everything = [case for case in cases() if options.only in case.name]
    found = {case.name: scope_of(case) for case in everything}
    chosen = [case for case in everything if not found[case.name]]
    results = run_all(options, chosen)
    found.update({test: DIFFERENT.get(test) or general(reason_of(results[test])) for test in results})
    listed = {test: reason for test, reason in found.items() if reason}
    if options.update:
        with open(LIST, 'w', encoding='utf-8') as file:
            file.write(written(listed))
    expected = {test: reason for test, reason in read_list().items() if options.only in test}
    changed = sorted(test for test in {*listed, *expected} if listed.get(test, '') != expected.get(test, ''))
    for test in changed:
        print(f'{test}: {listed.get(test) or "right"}; listed: {expected.get(test) or "right"}')
    wrong = [test for test, reason in listed.items() if reason.startswith(('wrong', 'failed'))]
    for test in wrong:
        print(f'{test}: {listed[test]}')
    in_scope = len(chosen) - sum(test in listed for test in results)
    print(f'{len(everything)} tests, {len(chosen)} of networks for images, {in_scope} right in both back ends, '
          f'{len(wrong)} wrong')
    sys.exit(bool(changed or wrong))


if __name__ == '__main__':
    main()
