# SPDX-License-Identifier: Apache-2.0
"""The networks of networks/onnx_networks.py: both back ends give the numbers of ONNX Runtime.

    built.py --read PROGRAM --build FOLDER [--only TEXT] [--verbose]

Each network is run as it is in ONNX Runtime, without optimisation; then it is read, and run as a graph of
TensorFlow 2.0.0 and, translated back, in ONNX Runtime. Networks with open sizes run at a second size too.
"""
import argparse
import os
import subprocess
import sys
import tempfile

import run as environment

HERE = os.path.dirname(os.path.abspath(__file__))
sys.path.insert(0, os.path.join(os.path.dirname(HERE), 'networks'))

from onnx_networks import REJECTED, TOLERANCE, networks  # noqa: E402


def in_runtime(model, feed, key, is_plain):
    import onnxruntime
    options = onnxruntime.SessionOptions()
    options.intra_op_num_threads = 1
    options.log_severity_level = 4
    if is_plain:
        options.graph_optimization_level = onnxruntime.GraphOptimizationLevel.ORT_DISABLE_ALL
    session = onnxruntime.InferenceSession(model, options, providers=['CPUExecutionProvider'])
    port, = session.get_inputs()
    return session.run(None, {key: environment.as_type(feed, port.type) if key == 'input' else feed})[0]


def check(answer, expected, tolerance):
    import numpy as np
    if expected.ndim == 4 and answer.shape != expected.shape or expected.ndim == 4 and is_first(expected):
        expected = expected.transpose(0, 2, 3, 1)
    if answer.shape != expected.shape:
        return f'{answer.shape} instead of {expected.shape}'
    difference = np.abs(answer.astype(np.float64) - expected.astype(np.float64))
    limit = tolerance * max(1, float(np.abs(expected).max()))
    return '' if difference.max() <= limit else f'off by {difference.max():.1e}'


def is_first(array):
    return array.shape[1] <= 6 < array.shape[3]


def judge(path, name, feeds, tolerance, lines, model, tensorflow):
    import numpy as np
    faults = []
    try:
        expected = [in_runtime(model, feed, 'x', True) for feed in feeds]
    except Exception as error:
        return [f'invalid: {error}']
    for engine, line in zip(('TensorFlow', 'ONNX Runtime'), lines):
        if REJECTED in line:
            continue
        if not line.startswith('ok '):
            faults.append(f'{engine}: {line}')
            continue
        for feed, wanted in zip(feeds, expected):
            image = np.ascontiguousarray(feed.transpose(0, 2, 3, 1))
            try:
                if engine == 'TensorFlow':
                    _, fed, fetched = line.split()
                    with open(path + '.out.pb', 'rb') as file:
                        answer = tensorflow.run_graph(file.read(), {fed: image}, [fetched])[0]
                else:
                    answer = in_runtime(path + '.out.onnx', image, 'input', False)
                fault = check(answer, wanted, tolerance)
            except Exception as error:  # whatever the engine says
                fault = ' '.join(str(error).split())[:300]
            if fault:
                faults.append(f'{engine}: {fault}')
    return faults


def main():
    parser = argparse.ArgumentParser(description=__doc__.split('\n')[0])
    parser.add_argument('--read', required=True, metavar='PROGRAM')
    parser.add_argument('--build', required=True, metavar='FOLDER')
    parser.add_argument('--only', default='', metavar='TEXT')
    parser.add_argument('--verbose', action='store_true')
    options = parser.parse_args()
    environment.enter(options.build, environment.NEWEST)
    import onnx
    sys.path.insert(0, os.path.join(os.path.dirname(HERE), 'engines'))
    import engine
    with tempfile.TemporaryDirectory() as folder:
        chosen = [network for network in networks() if options.only in network[0]]
        paths = [os.path.join(folder, f'{i}.onnx') for i in range(len(chosen))]
        for path, (name, model, _, _) in zip(paths, chosen):
            if name.startswith('unet'):  # weights beside the file
                onnx.save_model(model, path, save_as_external_data=True, size_threshold=64,
                                location=os.path.basename(path) + '.data')
            else:
                onnx.save_model(model, path)
        lines = ''.join(f'{path}\t-\t{network[1].graph.output[0].name}\t{path}.out\n'
                        for path, network in zip(paths, chosen))
        done = subprocess.run([options.read], input=lines, capture_output=True, text=True, timeout=1200, check=True)
        answers = done.stdout.splitlines()
        tensorflow = engine.Engine(os.path.join(os.path.abspath(options.build), 'engines', 'tf200'))
        failed = 0
        for i, (name, model, feeds, tolerance) in enumerate(chosen):
            faults = judge(paths[i], name, feeds, tolerance, answers[2 * i:2 * i + 2], paths[i], tensorflow)
            failed += bool(faults)
            for fault in faults:
                print(f'{name}: {fault}', flush=True)
            if options.verbose and not faults:
                print(f'{name}: right')
    print(f'{len(chosen) - failed} networks right, {failed} wrong')
    sys.exit(bool(failed))


if __name__ == '__main__':
    main()
