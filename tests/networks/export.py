# SPDX-License-Identifier: Apache-2.0
"""Exports the table of networks with whatever TensorFlow runs this script.

    export.py OUT_DIR [--only NAME...] [--list]
              [--how keras-save|saved-model-save|export] [--keras tf_keras]

For each network OUT_DIR/NAME receives the SavedModel in model/, a picture in
input.npy, what the network itself made of it in expected.npy (and _1, _2 ...
for further inputs and outputs), and meta.json.  The answer is taken before the
export, in Python: that makes the exporter part of what is tested.

A network that this version cannot build or export is reported and left out;
one line per network on standard output: status, name, remark, with tabs.
"""
import argparse
import contextlib
import io
import json
import os
import shutil
import sys
import warnings

os.environ.setdefault('TF_CPP_MIN_LOG_LEVEL', '3')
os.environ.setdefault('CUDA_VISIBLE_DEVICES', '')
if 'tf_keras' in sys.argv:
    os.environ['TF_USE_LEGACY_KERAS'] = '1'
warnings.filterwarnings('ignore')

import numpy as np
import tensorflow as tf
from tensorflow.core.protobuf import saved_model_pb2

import networks

# Where a row leaves height and width open, this picture is tried.  The sides
# differ so that exchanging them shows.
OPEN_SIZE = (32, 48)
BATCH = 2


class Skip(Exception):
    """This version of TensorFlow or Keras lacks a requirement of the row."""


# --------------------------------------------- versions

def tensorflow_version():
    return tuple(int(part) for part in tf.__version__.split('.')[:2])


def find_keras(name):
    """The keras module to build with; standalone Keras 3 comes with
    TensorFlow 2.16 and is `keras` there."""
    if name == 'tf_keras':
        import tf_keras
        return tf_keras
    if tensorflow_version() >= (2, 16):
        import keras
        return keras
    return tf.keras


# --------------------------------------------- ways to save

def keras_save(model, path):
    model.save(path, save_format='tf')


def saved_model_save(model, path):
    tf.saved_model.save(model, path)


def keras_export(model, path):
    if not hasattr(model, 'export'):
        raise Skip('this Keras has no Model.export')
    model.export(path)


WAYS = {
    'keras-save': keras_save,
    'saved-model-save': saved_model_save,
    'export': keras_export,
}
USUAL_WAY = {2: 'keras-save', 3: 'export'}


# --------------------------------------------- running

def arrays(result):
    """The outputs of a call as a flat list of arrays, dictionaries in the
    order of their keys (as signatures number them)."""
    if isinstance(result, dict):
        result = [result[key] for key in sorted(result)]
    if not isinstance(result, (list, tuple)):
        result = [result]
    return [np.array(value) for value in result]


def main_signature(signatures):
    keys = [key for key in signatures if not key.startswith('__')]
    return 'serving_default' if 'serving_default' in keys else keys[0]


def describe(path, inputs, expected):
    """The entry of meta.json about the exported signature. Only several outputs
    must be run to be told apart, and that takes time."""
    if len(expected) > 1:
        return reload_and_run(path, inputs, expected)
    with open(os.path.join(path, 'saved_model.pb'), 'rb') as stream:
        graph = saved_model_pb2.SavedModel.FromString(stream.read()).meta_graphs[0]
    key = main_signature(graph.signature_def)
    return {'signature': key, 'outputs': sorted(graph.signature_def[key].outputs)}


def reload_and_run(path, inputs, expected):
    """Runs the exported signature; returns the entry of meta.json about it.

    Each output key is matched with the expected array it is nearest to,
    because Keras' order of outputs is not the signature's.
    """
    loaded = tf.saved_model.load(path)
    key = main_signature(loaded.signatures)
    function = loaded.signatures[key]
    specs = function.structured_input_signature[1]
    names = sorted(specs)
    feed = {name: tf.constant(value) for name, value in zip(names, inputs)}
    results = {name: np.array(value) for name, value in
               function(**feed).items()}
    chosen, worst = [], 0.0
    for want in expected:
        gaps = {name: gap(value, want) for name, value in results.items()}
        best = min(sorted(gaps), key=gaps.get)
        chosen.append(best)
        worst = max(worst, gaps[best])
    return {
        'signature': key,
        'inputs': {name: {'shape': shape_list(specs[name].shape),
                          'dtype': specs[name].dtype.name} for name in names},
        'outputs': chosen,
        'reload_max_diff': worst,
    }


def gap(a, b):
    if a.shape != b.shape:
        return float('inf')
    if a.size == 0 or a.dtype.kind not in 'fiub':
        return 0.0
    return float(np.max(np.abs(a.astype(np.float64) - b.astype(np.float64))))


def shape_list(shape):
    return None if shape.rank is None else shape.as_list()


# --------------------------------------------- files

def numbered(base, index):
    return base + ('' if index == 0 else '_%d' % index) + '.npy'


def store(value):
    """Numbers travel as float32, whatever the network computes in."""
    return value.astype(np.float32) if value.dtype.kind == 'f' \
        or value.dtype.name == 'bfloat16' else value


def write_case(folder, row, inputs, expected, save, meta, reload=None):
    """Saves one network; leaves no files if that fails."""
    reload = reload or describe
    shutil.rmtree(folder, ignore_errors=True)
    os.makedirs(folder)
    try:
        path = os.path.join(folder, 'model')
        save(path)
        for index, value in enumerate(inputs):
            np.save(os.path.join(folder, numbered('input', index)), value)
        for index, value in enumerate(expected):
            np.save(os.path.join(folder, numbered('expected', index)),
                    store(value))
        try:
            meta.update(reload(path, inputs, expected))
        except Exception as error:
            # The exporter's own reloading is a courtesy, not the test.
            meta['reload_error'] = first_line(error)
        meta.update(name=row.name, expect=row.expect, notes=row.notes,
                    tensorflow=tf.__version__)
        with open(os.path.join(folder, 'meta.json'), 'w') as stream:
            json.dump(meta, stream, indent=1, sort_keys=True)
            stream.write('\n')
    except BaseException:
        shutil.rmtree(folder, ignore_errors=True)
        raise
    return meta


def first_line(error):
    lines = [line.strip() for line in str(error).splitlines() if line.strip()]
    return '%s: %s' % (type(error).__name__, (lines or [''])[0][:200])


# --------------------------------------------- the two tables

def keras_case(row, keras, how, folder):
    if networks.major(keras) not in row.keras:
        raise Skip('only for Keras %s' % (row.keras,))
    if networks.major(keras) == 2 and tensorflow_version() < row.since:
        raise Skip('needs TensorFlow %d.%d' % row.since)
    keras.backend.clear_session()
    height, width, channels = row.shape
    model = row.build(keras, height, width, channels, row.classes)
    networks.randomise(model.weights, row.name)
    size = (height or OPEN_SIZE[0], width or OPEN_SIZE[1], channels)
    inputs = keras_inputs(model, size, row.name)
    if getattr(model, 'optimizer', None):
        train(model, inputs[0])
    fed = [tf.constant(value) for value in inputs]
    if os.environ.get('KERAS_BACKEND', 'tensorflow') != 'tensorflow':
        fed = inputs
    expected = arrays(model(fed if len(fed) > 1 else fed[0], training=False))
    return write_case(folder, row, inputs, expected,
                      lambda path: WAYS[how](model, path),
                      {'how': how, 'classes': row.classes, 'keras': getattr(
                          keras, '__version__', tf.__version__)})


def keras_inputs(model, size, name):
    """One picture per input, of the type and batch size the model asks for."""
    wanted = getattr(model, 'inputs', None) or [None]
    found = []
    for index, tensor in enumerate(wanted):
        dtype, batch = 'float32', BATCH
        if tensor is not None:
            dtype = getattr(tensor.dtype, 'name', tensor.dtype)
            batch = tensor.shape[0] or BATCH
        found.append(networks.sample(size, name + str(index), int(batch),
                                     dtype))
    return found


def train(model, picture):
    target = np.zeros(model(picture, training=False).shape, np.float32)
    model.fit(picture, target, epochs=1, verbose=0)


def module_case(row, _keras, _how, folder):
    net, signatures = row.build()
    spec = net.serve.input_signature[0]
    if spec.dtype == tf.string:
        picture = networks.sample(row.shape, row.name)
        inputs = [np.array([one.tobytes() for one in picture])]
    else:
        inputs = [module_input(row, spec)]
    expected = arrays(net.serve(tf.constant(inputs[0])))
    return write_case(folder, row, inputs, expected,
                      lambda path: tf.saved_model.save(net, path, signatures),
                      {'how': 'tf.Module', 'classes': expected[0].shape[-1]})


def module_input(row, spec):
    rank = spec.shape.rank
    batch = spec.shape[0] if rank == 4 else None
    value = networks.sample(row.shape, row.name, int(batch or BATCH),
                            spec.dtype.name)
    return value[0] if rank == 3 else value


# --------------------------------------------- command

def table(kind):
    """(row, function that exports it) for the tables that were asked for."""
    cases = []
    if kind != 'modules':
        cases += [(row, keras_case) for row in networks.NETWORKS]
    if kind != 'keras':
        cases += [(row, module_case) for row in networks.MODULES]
    return cases


def run(case, row, keras, how, folder):
    """Exports one row and prints the result in one line."""
    noise = io.StringIO()
    try:
        with contextlib.redirect_stdout(noise):
            meta = case(row, keras, how, folder)
    except Skip as error:
        return 'skip', str(error)
    except Exception as error:
        return 'fail', first_line(error)
    if 'reload_error' in meta:
        return 'ok', 'does not reload: ' + meta['reload_error']
    return 'ok', 'outputs: ' + ' '.join(meta['outputs'])


def options(arguments):
    parser = argparse.ArgumentParser(description=__doc__.split('\n')[0])
    parser.add_argument('out_dir', nargs='?')
    parser.add_argument('--only', nargs='+', metavar='NAME')
    parser.add_argument('--list', action='store_true')
    parser.add_argument('--how', choices=sorted(WAYS))
    parser.add_argument('--keras', choices=['tf_keras'])
    parser.add_argument('--table', choices=['keras', 'modules', 'all'],
                        default='all')
    parsed = parser.parse_args(arguments)
    if not parsed.list and not parsed.out_dir:
        parser.error('OUT_DIR is missing')
    return parsed


def main(arguments=None):
    asked = options(arguments)
    cases = table(asked.table)
    if asked.only:
        cases = [case for case in cases if case[0].name in asked.only]
    if asked.list:
        for row, _ in cases:
            print('%s\t%s\t%s' % (row.name, row.expect, row.notes))
        return
    keras = find_keras(asked.keras)
    how = asked.how or USUAL_WAY[networks.major(keras)]
    for row, case in cases:
        status, remark = run(case, row, keras, how,
                             os.path.join(asked.out_dir, row.name))
        print('%s\t%s\t%s' % (status, row.name, remark), flush=True)


if __name__ == '__main__':
    main()
