# SPDX-License-Identifier: Apache-2.0
"""The Keras test: files of every layer, of Keras 2 and Keras 3, give the output of Keras in both engines.

    run.py --czmodel PROGRAM --convert PROGRAM --translate PROGRAM --build FOLDER
           [--random N] [--only TEXT] [--folder FOLDER]

../networks/export_keras.py writes the files in the environments of the engines test; old_versions.tar.xz holds files of older
versions (make_old.py). Each is converted for TensorFlow 2.0.0 and for ONNX, and both run. If the archive and the
HDF5 file of a network become the same bytes, which they should, they run once. "diff" must find no difference to
the SavedModels that Keras 2 wrote of some. What is rejected must be in rejected.txt: the network, and the message.
Together the files contain each row of layers.def and operations.def, and each class of keras.layers is a row of
layers.def, or rejected by its name in classes.c. The environment of the ONNX test runs this script.
"""
import argparse
import collections
import fnmatch
import glob
import json
import os
import re
import shutil
import subprocess
import sys
import tarfile
import types

HERE = os.path.dirname(os.path.abspath(__file__))
TESTS = os.path.dirname(HERE)
sys.path.insert(0, os.path.join(TESTS, 'engines'))
onnx_test = types.ModuleType('onnx_test') # there is another run.py among the engines
onnx_test.__file__ = os.path.join(TESTS, 'onnx', 'run.py')
with open(onnx_test.__file__, encoding='utf-8') as code:
    exec(compile(code.read(), onnx_test.__file__, 'exec'), onnx_test.__dict__)

# folder: (environment, variables)
DIALECTS = {'keras2': ('tf215', {}), 'keras3': ('tf221', {}),
            'tf_keras': ('tf221', {'TF_USE_LEGACY_KERAS': '1'}), 'old': None}
TOLERANCE = 3e-5
HALF_TOLERANCES = {'bfloat16': 3e-2, 'float16': 5e-3} # by the word in what a network is
OPSET = '18'


def python_of(build, dialect):
    return os.path.join(build, 'engines', DIALECTS[dialect][0], 'bin', 'python')


def is_there(build, dialect):
    """Keras 2 needs a Python of at most 3.11, which newer systems do not have."""
    if not DIALECTS[dialect] or os.path.exists(python_of(build, dialect)):
        return True
    print(f'skipped: {dialect}, the engines test has found no Python for its TensorFlow', flush=True)
    return False


def make_networks(build, dialect, random_count, only):
    """The folder of the files, which are written again if the script has changed; old ones are unpacked."""
    if dialect == 'old':
        folder = os.path.join(build, 'engines', 'keras', 'old')
        shutil.rmtree(folder, ignore_errors=True)
        with tarfile.open(os.path.join(HERE, 'old_versions.tar.xz')) as archive:
            archive.extractall(folder)
        return folder
    script = os.path.join(TESTS, 'networks', 'export_keras.py')
    folder = os.path.join(build, 'engines', 'keras', f'{dialect}-{random_count}')
    mark = os.path.join(folder, 'left_out.txt')
    if not os.path.exists(mark) or os.path.getmtime(mark) < os.path.getmtime(script) or only:
        shutil.rmtree(folder, ignore_errors=True)
        subprocess.run([python_of(build, dialect), '-B', script, folder, '--random', str(random_count), '--only', only],
                       env={**os.environ, **DIALECTS[dialect][1]}, check=True, stderr=subprocess.DEVNULL)
    return folder


# --------------------------------------------- converting

Converted = collections.namedtuple('Converted', 'label folder network onnx recorded')


def convert_one(options, path, folder):
    """What both programs said; '' if all went well."""
    os.makedirs(os.path.join(folder, 'variables'), exist_ok=True)
    messages = []
    for command in ([options.convert, path, folder],
                    [options.translate, path, OPSET, os.path.join(folder, 'network.onnx')]):
        done = subprocess.run(command, capture_output=True, text=True, timeout=120)
        if done.returncode not in range(5) or 'Sanitizer' in done.stderr or 'runtime error' in done.stderr:
            return f'exit status {done.returncode}: {done.stderr[-300:]}'
        if done.returncode:
            messages.append(done.stderr.strip().split('\n')[-1] or 'no message')
    return messages[0] if messages else ''


def content(folder):
    files = [os.path.join(folder, name) for name in
             ('saved_model.pb', 'network.onnx', 'variables/variables.data-00000-of-00001')]
    return [open(path, 'rb').read() for path in files if os.path.exists(path)]


def convert_all(options, dialect, source, target):
    """([Converted], [fault])"""
    expected = read_rejections('keras2' if dialect == 'tf_keras' else dialect)
    networks, faults, met = [], [], set()
    for recorded in sorted(glob.glob(os.path.join(glob.escape(source), '*.npz'))):
        name = os.path.basename(recorded)[:-4]
        if options.only not in f'{dialect}/{name}':
            continue
        before = None
        for ending in ('.h5', '.keras'):
            path, label = recorded[:-4] + ending, f'{dialect}/{name}{ending}'
            if not os.path.exists(path):
                continue
            folder = os.path.join(target, name + ending)
            message = convert_one(options, path, folder)
            known = [pattern for pattern, text in expected
                     if fnmatch.fnmatch(name + ending, pattern) and text in message]
            met.update(known)
            if message and not known:
                faults.append((label, message, recorded))
            if message or before == content(folder):
                continue
            before = content(folder)
            networks.append(Converted(label, folder, path, os.path.join(folder, 'network.onnx'), recorded))
    if not options.only and not options.random:
        faults += [(f'{dialect}/{pattern}', 'was not rejected', None)
                   for pattern, _ in expected if pattern not in met]
    return networks, faults


def read_rejections(dialect):
    """[(pattern, part of the message)]: "keras3/NAME: message" a line."""
    with open(os.path.join(HERE, 'rejected.txt'), encoding='utf-8') as file:
        lines = [line.strip() for line in file if line.strip() and not line.startswith('#')]
    pairs = (line.split(': ', 1) for line in lines)
    return [(pattern.split('/', 1)[1], text) for pattern, text in pairs
            if fnmatch.fnmatch(dialect, pattern.split('/', 1)[0])]


# Layers that Keras 2 writes with other operations, with the same numbers. It treats lines as images in another
# order, computes sizes in the graph, joins parts instead of repeating, and has a loop for an LSTM. RandomCrop
# reads and changes a variable there.
OTHER_GRAPHS = {
    'Conv1DTranspose', 'DepthwiseConv1D', 'SeparableConv1D', 'GlobalAveragePooling1D', 'GlobalMaxPooling1D',
    'Conv3DTranspose', 'CenterCrop', 'GroupNormalization', 'UpSampling1D', 'UpSampling3D', 'ConvLSTM1D', 'ConvLSTM2D',
    'ConvLSTM3D', 'RandomCrop', 'Dot', 'LocallyConnected1D', 'LocallyConnected2D'}


def compare_saved_models(options, source):
    """What differs between the files and the SavedModels of Keras 2: nothing but OTHER_GRAPHS."""
    for saved in sorted(glob.glob(os.path.join(glob.escape(source), '*.saved_model'))):
        if os.path.basename(saved).split('-')[0] in OTHER_GRAPHS:
            continue
        for ending in ('.h5', '.keras'):
            path = saved[:-len('.saved_model')] + ending
            done = subprocess.run([options.czmodel, 'diff', path, saved], capture_output=True, text=True)
            if done.stdout.strip() != 'no difference':
                yield os.path.basename(path), 'differs from its SavedModel: ' + done.stdout + done.stderr, None


# --------------------------------------------- the tables

SOURCES = os.path.join(os.path.dirname(TESTS), 'src', 'read', 'keras')
ABSTRACT = {'Layer', 'Wrapper', 'AbstractRNNCell'} # of which no model has one
NOT_MADE = {'BatchNormalizationV1', 'BatchNormalizationV2', # tf.keras 1.13 and 1.14
            'Equalization', # fails in a functional model
            'SyncBatchNormalization'} # as BatchNormalization, for several processors


def rows(file, pattern):
    with open(os.path.join(SOURCES, file), encoding='utf-8') as text:
        return re.findall(pattern, text.read(), re.MULTILINE)


def words_of(folder):
    """The classes and functions that files name in their configurations, which are plain text in them."""
    words = set()
    for path in glob.glob(os.path.join(glob.escape(folder), '*.h5')) + glob.glob(
            os.path.join(glob.escape(folder), '*.keras')):
        with open(path, 'rb') as file:
            words.update(re.findall(rb'"(?:class_name|function)": "([\w.]+)"', file.read()))
    return {word.decode() for word in words}


def compare_tables(met, classes):
    """Rows of a table without a network, and names of Keras without a row."""
    layers = set(rows('layers.def', r'^LAYER\("(\w+)"'))
    for name in sorted(layers - met - NOT_MADE):
        yield f'layers.def: {name}', 'is in no network', None
    for name, names in rows('operations.def', r'^OPERATION\("(\w*)", "([^"]*)"'):
        if not {name, *names.split()} & met:
            yield f'operations.def: {name or names}', 'is in no network', None
    for name in sorted(classes - layers - set(rows('classes.c', r'^    \{"(\w+)", ')) - ABSTRACT):
        yield f'keras.layers.{name}', 'is neither converted nor rejected by its name', None


def read_classes(source):
    path = os.path.join(source, 'classes.txt')
    return set(open(path, encoding='utf-8').read().split()) if os.path.exists(path) else set()


# --------------------------------------------- running

def run_in_tensorflow(networks):
    import engine
    tensorflow = engine.Engine()
    for network in networks:
        yield network, lambda pictures, n=network: answer_of_tensorflow(tensorflow, n.folder, pictures)


def answer_of_tensorflow(tensorflow, folder, pictures):
    with tensorflow.load(folder) as session:
        (name,), outputs = session.inputs.values(), list(session.outputs.values())
        return session.run({name: session.as_fed(name, pictures)}, outputs)[0]


def run_in_onnx_runtime(networks):
    for network in networks:
        yield network, lambda pictures, n=network: onnx_test.run(n.onnx, pictures, True)[0]


def judge(engine, networks):
    """Runs all in one process; a fault is (label, remark, recorded)."""
    import numpy as np
    worst = 0.
    for network, answer in engine(networks):
        with np.load(network.recorded) as recorded:
            pictures, expected, what = recorded['input'], recorded['expected'], str(recorded['what'])
        try:
            tolerance = next((HALF_TOLERANCES[word] for word in HALF_TOLERANCES if word in what), TOLERANCE)
            difference = onnx_test.compare(answer(pictures), expected, tolerance)
            if tolerance == TOLERANCE:
                worst = max(worst, difference / max(1, np.abs(expected).max(initial=0)))
        except Exception as error: # whatever an engine says
            yield network.label, ' '.join(str(error).split())[:200], network.recorded
    yield None, f'{len(networks)} networks in {engine.__name__[7:]}, greatest difference {worst:.1e}', None


def in_process(function, *arguments):
    """The values of a generator that runs in its own process; a process can load one engine."""
    reader, writer = os.pipe()
    child = os.fork()
    if not child:
        with os.fdopen(writer, 'w') as file:
            for item in function(*arguments):
                print(json.dumps(item), file=file, flush=True)
        os._exit(0)
    os.close(writer)
    with os.fdopen(reader) as file:
        yield from (json.loads(line) for line in file)
    if os.waitpid(child, 0)[1]:
        yield 'engine', 'ended the process', None


def report(label, remark, recorded):
    import numpy as np
    what = ''
    if recorded:
        with np.load(recorded) as file:
            what = str(file['what'])
    print(f'FAILED {label}: {remark}\n       {what}', flush=True)


def run_all(options):
    failed, met, classes = 0, set(), set()
    asked = options.dialect or ('old', 'keras2', 'keras3')
    dialects = [dialect for dialect in asked if options.folder or is_there(options.build, dialect)]
    for dialect in dialects:
        source = options.folder or make_networks(options.build, dialect, options.random, options.make_only)
        target = os.path.join(options.build, 'tests', 'scratch', 'keras', dialect)
        shutil.rmtree(target, ignore_errors=True)
        networks, faults = convert_all(options, dialect, source, target)
        faults += compare_saved_models(options, source)
        met |= words_of(source)
        classes |= read_classes(source)
        for engine in (run_in_tensorflow, run_in_onnx_runtime):
            for label, remark, recorded in in_process(judge, engine, networks):
                if label:
                    faults.append((label, f'{engine.__name__[7:]}: {remark}', recorded))
                else:
                    print(dialect, remark, flush=True)
        for fault in faults:
            report(*fault)
        failed += len(faults)
        if not options.keep:
            shutil.rmtree(target, ignore_errors=True) # --only may have chosen none
    if not (options.dialect or options.only or options.folder) and len(dialects) == len(asked):
        for fault in compare_tables(met, classes):
            report(*fault)
            failed += 1
    return 1 if failed else 0


def main():
    parser = argparse.ArgumentParser(description=__doc__.split('\n')[0])
    for name in ('czmodel', 'convert', 'translate', 'build'):
        parser.add_argument(f'--{name}', required=True)
    parser.add_argument('--only', default='', metavar='TEXT')
    parser.add_argument('--make-only', default='', metavar='TEXT')
    parser.add_argument('--random', type=int, default=0)
    parser.add_argument('--dialect', action='append', choices=DIALECTS)
    parser.add_argument('--folder', help='with networks that are there')
    parser.add_argument('--keep', action='store_true')
    options = parser.parse_args()
    options.build = os.path.abspath(options.build)
    if not onnx_test.runtime_is_there(onnx_test.NEWEST):
        python = onnx_test.install(options.build, onnx_test.NEWEST)
        os.execv(python, [python, '-B', os.path.abspath(__file__), *sys.argv[1:]])
    return run_all(options)


if __name__ == '__main__':
    sys.exit(main())
