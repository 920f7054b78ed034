# SPDX-License-Identifier: Apache-2.0
"""Networks as PyTorch, Keras 3 and tf2onnx wrote them: both back ends give the numbers of PyTorch and Keras.

    exports.py --read PROGRAM --build FOLDER

The files are those of exports/ (make_exports.py, make_keras_exports.py). Each is read, and run as a graph of
TensorFlow 2.0.0 and, translated to the operator sets 12 and 18, in ONNX Runtime; networks with open sizes at a second
size too.
"""
import argparse
import glob
import os
import shutil
import subprocess
import sys
import tempfile

import built
import run as environment

HERE = os.path.dirname(os.path.abspath(__file__))
OPSETS = (12, 18)


def read(program, folder, names, opset):
    """{name: the two answers}"""
    import onnx
    outputs = {name: onnx.load(f'{folder}/{name}.onnx', load_external_data=False).graph.output[0].name for name in names}
    lines = ''.join(f'{folder}/{name}.onnx\t-\t{outputs[name]}\t{folder}/{name}.{opset}\n' for name in names)
    done = subprocess.run([program, str(opset)], input=lines, capture_output=True, text=True, timeout=600, check=True)
    answers = done.stdout.splitlines()
    return {name: answers[2 * i:2 * i + 2] for i, name in enumerate(names)}


def faults_of(path, answers, arrays, tensorflow):
    import numpy as np
    for engine, answer in zip(('TensorFlow', 'ONNX Runtime'), answers):
        if not answer.startswith('ok '):
            yield f'{engine}: {answer}'
            continue
        for key in sorted(key for key in arrays if key.startswith('x')):
            image = np.ascontiguousarray(arrays[key].transpose(0, 2, 3, 1))
            if engine == 'TensorFlow':
                _, fed, fetched = answer.split()
                with open(path + '.pb', 'rb') as file:
                    result = tensorflow.run_graph(file.read(), {fed: image}, [fetched])[0]
            else:
                result = built.in_runtime(path + '.onnx', image, 'input', False)
            expected = arrays['y' + key[1:]].transpose(0, 2, 3, 1)
            if result.shape != expected.shape:
                yield f'{engine}: {key}: {result.shape} instead of {expected.shape}'
            elif not np.abs(result - expected).max() <= built.TOLERANCE:
                yield f'{engine}: {key}: off by {np.abs(result - expected).max():.1e}'


def main():
    parser = argparse.ArgumentParser(description=__doc__.split('\n')[0])
    parser.add_argument('--read', required=True, metavar='PROGRAM')
    parser.add_argument('--build', required=True, metavar='FOLDER')
    options = parser.parse_args()
    environment.enter(options.build, environment.NEWEST)
    import numpy as np
    sys.path.insert(0, os.path.join(os.path.dirname(HERE), 'engines'))
    import engine
    tensorflow = engine.Engine(os.path.join(os.path.abspath(options.build), 'engines', 'tf200'))
    failed = 0
    with tempfile.TemporaryDirectory() as scratch:
        folder = os.path.join(scratch, 'exports')
        shutil.copytree(os.path.join(HERE, 'exports'), folder)
        names = sorted(os.path.basename(path)[:-5] for path in glob.glob(os.path.join(glob.escape(folder), '*.onnx')))
        for opset in OPSETS:
            answers = read(options.read, folder, names, opset)
            for name in names:
                arrays = dict(np.load(os.path.join(folder, name + '.npz')))
                faults = list(faults_of(f'{folder}/{name}.{opset}', answers[name], arrays, tensorflow))
                failed += bool(faults)
                for fault in faults:
                    print(f'{name}, operator set {opset}: {fault}', flush=True)
    print(f'{len(names)} networks, {failed} wrong')
    sys.exit(bool(failed or not names))


if __name__ == '__main__':
    main()
