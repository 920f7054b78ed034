# SPDX-License-Identifier: Apache-2.0
"""Verifies docs/tf200-gaps.md: every listed failure of TensorFlow 2.0.0 must still occur.

    test_gaps.py [OP...]

Runs the graphs of gaps_data.json.gz, which tools/make_tf200_gaps.py wrote: each must be rejected
with the published message, or give values other than the new TensorFlow's.  Where a rewrite into
other ops is known, that must give the new TensorFlow's values.  Needs numpy and engine.py, no
TensorFlow.
"""
import base64
import gzip
import json
import os
import sys

import numpy as np

from engine import Engine, EngineError

DATA = os.path.join(os.path.dirname(os.path.abspath(__file__)), 'gaps_data.json.gz')

# How far two right answers may lie apart, in parts of the largest value.
TOLERANCES = {'float32': 1e-5, 'float64': 1e-12, 'float16': 4e-3, 'bfloat16': 3e-2}

# What stands for one of several messages: TensorFlow looks at attrs in no order.
SAYINGS = {
    'no kernel for this type': ('no supported kernel', 'No OpKernel was registered'),
    'explicit paddings are unknown': ("mentions attr 'explicit_paddings'", 'of "EXPLICIT" is not'),
}


def unpacked(packed):
    data = bytearray(base64.b64decode(packed['data']))
    return np.frombuffer(data, packed['dtype']).reshape(packed['shape'])


def difference(expected, got, dtype):
    """0 where two arrays agree but for rounding, else how far they lie apart; infinity for other
    shapes, types, or places of NaN and infinity."""
    if expected.shape != got.shape or expected.dtype != got.dtype:
        return np.inf
    if expected.dtype.kind != 'f':
        return float(np.abs(expected.astype(float) - got.astype(float)).max(initial=0))
    finite = np.isfinite(expected)
    if not np.array_equal(finite, np.isfinite(got)) or not np.array_equal(
            expected[~finite].astype(str), got[~finite].astype(str)):
        return np.inf
    a, b = expected[finite].astype(float), got[finite].astype(float)
    apart = float(np.abs(a - b).max(initial=0))
    bound = TOLERANCES.get(dtype, 1e-5) * max(1e-3, np.abs(a).max(initial=0))
    return apart if apart > bound else 0.0


def worst_difference(expected, got, dtype):
    if len(expected) != len(got):
        return np.inf
    return max(difference(np.asarray(e), np.asarray(g), dtype) for e, g in zip(expected, got))


def any_differs(probe, got):
    return worst_difference([unpacked(one) for one in probe['expected']], got, probe['dtype']) > 0


def said(error, words):
    """Whether the message holds the published words; "..." stands for anything."""
    if words in SAYINGS:
        return any(text in error for text in SAYINGS[words])
    at = 0
    for part in words.split('...'):
        at = error.find(part, at)
        if at < 0:
            return False
        at += len(part)
    return True


def feeds_of(probe):
    return {name: unpacked(value) for name, value in probe['feeds'].items()}


def run_probe(engine, probe):
    """(verdict, message or values)"""
    stage = 'load'
    try:
        with engine.load_graph(base64.b64decode(probe['graph'])) as session:
            stage = 'run'
            return 'values', session.run(feeds_of(probe), probe['fetches'])
    except EngineError as error:
        return stage, str(error)


def fault_of(engine, probe):
    """The difference from the published result, or None."""
    verdict, outcome = run_probe(engine, probe)
    if probe['verdict'] == 'wrong':
        if verdict != 'values':
            return f'should run and be wrong, but: {outcome}'
        return None if any_differs(probe, outcome) else 'is right, not wrong'
    if verdict == 'values':
        return 'works, but should be rejected'
    if verdict != probe['verdict'] or not said(outcome, probe['words']):
        return f'expected {probe["verdict"]}, "{probe["words"]}", but {verdict}: {outcome}'
    return None


def fault_of_rewrite(engine, probe):
    try:
        got = engine.run_graph(base64.b64decode(probe['rewrite']), feeds_of(probe),
                               probe['rewrite_fetches'])
    except EngineError as error:
        return f'the rewrite fails: {error}'
    return 'the rewrite gives other values' if any_differs(probe, got) else None


def main(ops):
    with gzip.open(DATA) as stream:
        probes = json.load(stream)
    engine = Engine()
    counts = {True: 0, False: 0}
    for probe in probes:
        if ops and probe['op'] not in ops:
            continue
        tests = [fault_of] + ([fault_of_rewrite] if 'rewrite' in probe else [])
        for test in tests:
            fault = test(engine, probe)
            counts[fault is None] += 1
            if fault:
                name = ', '.join(probe[key] for key in ('op', 'condition', 'dtype', 'detail'))
                print(f'FAILED {name}: {fault}')
    print(f'{counts[True]} passed, {counts[False]} failed')
    return 1 if counts[False] or not counts[True] else 0


if __name__ == '__main__':
    sys.exit(main(sys.argv[1:]))
