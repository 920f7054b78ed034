# SPDX-License-Identifier: Apache-2.0
"""The ONNX test: translated networks must give the original's answer in ONNX Runtime.

    run.py --translate PROGRAM --build FOLDER [--runtime VERSION] [--opset N]... [--only TEXT] [NETWORKS...]

NETWORKS are folders of networks, each with model/, input.npy and expected.npy as the exporters leave them, and
input2.npy and expected2.npy if another size is to work; without any, the fixtures, the cases of ../cases, what the
engines test has exported to FOLDER/engines, and the networks of export_ops.py, by the TensorFlow that the engines
test has installed.

Each network is translated at opset 12 and at 18, and must pass onnx.checker with strict inference
of shapes and give the expected result, without and with graph optimisation; for a batch of two, if it
accepts one, the same result twice. All files run in a second process, which is started again where a
version of ONNX Runtime ends it. The oldest ONNX Runtime, which the specifications of the formats name, supports
opset 12 only; the one between the oldest and the newest merges nodes that the others keep. An operation may be
rejected only if ONNX cannot express it (INEXPRESSIBLE), in one operator set or in both, or is known not to be
translated (UNTRANSLATED). Other tests check SavedModels that are rejected as such, and so are the cases
that have to be rejected. ONNX Runtime is installed into FOLDER/engines unless it is there; where no Python fits
it, that is said, and the test skipped.
"""
import argparse
import collections
import glob
import importlib.util
import json
import os
import re
import shutil
import subprocess
import sys
import tempfile

HERE = os.path.dirname(os.path.abspath(__file__))
FIXTURES = os.path.join(os.path.dirname(HERE), 'fixtures', 'models')
NETWORKS = os.path.join(os.path.dirname(HERE), 'networks')
SKIPPED = 77
NEWEST = '1.32.0'

Runtime = collections.namedtuple('Runtime', 'folder pythons opsets packages')
RUNTIMES = {
    NEWEST: Runtime('onnx', ((3, 11), (3, 13)), (12, 18),
                      ['onnxruntime==1.32.0', 'onnx==1.23.2', 'numpy==2.4.6']),
    '1.20.1': Runtime('onnx120', ((3, 10), (3, 12)), (12, 18),
                      ['onnxruntime==1.20.1', 'onnx==1.16.2', 'numpy==1.26.4']),
    '1.4.0': Runtime('onnx14', ((3, 7), (3, 7)), (12,),
                     ['onnxruntime==1.4.0', 'onnx==1.12.0', 'protobuf==3.20.1', 'numpy==1.21.6']),
}

# Greatest difference, relative to the greatest value where that is over 1. ONNX computes in single
# precision what the original rounds to half of it.
TOLERANCE, HALF_TOLERANCE = 1e-4, 6e-3

# operation: why no translation of it is wanted
INEXPRESSIBLE = {
    'AsString': 'ONNX has no texts of numbers',
    'DecodeRaw': 'ONNX does not read files',
    'PyFunc': 'it calls into the exporter\'s Python',
    'XlaCallModule': 'it is a program for XLA',
}

# What operator set 12 cannot express.
SINCE_18 = set('BitwiseAnd Invert ScatterNd TensorScatterAdd TensorScatterMax TensorScatterSub'.split())

# Also rejected, although ONNX could express some of their uses: work that remains.
UNTRANSLATED = set('Cumprod CumulativeLogsumexp DynamicStitch InTopKV2 UnsortedSegmentMax'.split())

# rejected: the operator sets
# suffix: of the arrays' names: "2" if the network gets the size of these first
Network = collections.namedtuple('Network', 'label folder signature rejected suffix')


class Failure(Exception):
    """The fault of a network."""


class Refused(Exception):
    """The translator's message, and the operation that it names or ''."""

    def __init__(self, message):
        super().__init__(message)
        named = re.search(r'operation (\S+): .*\[onnx-unsupported\]', message)
        self.operation = named.group(1) if named else ''


# --------------------------------------------- networks

def networks_of(folder):
    for expected in sorted(glob.glob(os.path.join(glob.escape(folder), '*', 'expected.npy'))):
        place = os.path.dirname(expected)
        meta = {}
        if os.path.exists(os.path.join(place, 'meta.json')):
            with open(os.path.join(place, 'meta.json')) as file:
                meta = json.load(file)
        label = '/'.join(place.split(os.sep)[-2:])
        for suffix in ('', '2') if os.path.exists(os.path.join(place, 'input2.npy')) else ('',):
            yield Network(label + suffix, place, meta.get('signature', 'serving_default'),
                          meta.get('rejected', ()), suffix)


def default_folders(build):
    engines = os.path.join(build, 'engines')
    yield FIXTURES
    sys.path.insert(0, os.path.join(os.path.dirname(HERE), 'cases'))
    import cases
    yield cases.unpack(os.path.join(engines, 'cases'))
    yield from sorted(glob.glob(os.path.join(glob.escape(engines), 'exports', '*')))
    python = os.path.join(engines, 'tf221', 'bin', 'python')
    if os.path.exists(python):
        yield export(python, os.path.join(engines, 'onnx-ops'))


def export(python, folder):
    """The folder, filled unless it is newer than what fills it."""
    scripts = [os.path.join(NETWORKS, name) for name in ('export_ops.py', 'sweep.py')]
    mark = os.path.join(folder, 'complete')
    if not os.path.exists(mark) or os.path.getmtime(mark) < max(map(os.path.getmtime, scripts)):
        shutil.rmtree(folder, ignore_errors=True)
        print('running export_ops.py ...', flush=True)
        subprocess.run([python, '-B', scripts[0], folder], check=True, stderr=subprocess.DEVNULL)
        open(mark, 'w').close()
    return folder


# --------------------------------------------- one network

def translate(program, network, opset, path):
    size = load(os.path.join(network.folder, 'input2.npy')).shape[1:3] if network.suffix else ()
    done = subprocess.run([program, os.path.join(network.folder, 'model'), str(opset), path,
                           network.signature, *map(str, size)], capture_output=True, text=True, timeout=1200)
    if done.returncode < 0 or 'Sanitizer' in done.stderr or 'runtime error' in done.stderr:
        raise Failure(f'exit status {done.returncode}: {done.stderr[-400:]}')
    if done.returncode and not done.stderr:
        raise Failure(f'exit status {done.returncode} and no message')
    if done.returncode:
        raise Refused(done.stderr.strip())


def run(path, pictures, is_optimised):
    """The answer, and whether the batch is free."""
    import onnxruntime
    options = onnxruntime.SessionOptions()
    levels = onnxruntime.GraphOptimizationLevel
    options.graph_optimization_level = levels.ORT_ENABLE_ALL if is_optimised else levels.ORT_DISABLE_ALL
    options.intra_op_num_threads = 1
    options.log_severity_level = 4
    session = onnxruntime.InferenceSession(path, options, providers=['CPUExecutionProvider'])
    port, = session.get_inputs()
    is_free = bool(port.shape) and not isinstance(port.shape[0], int)
    answer, = session.run(None, {port.name: as_type(pictures, port.type)})
    return answer, is_free


def as_type(pictures, onnx_type):
    import numpy as np
    names = {'tensor(float)': np.float32, 'tensor(double)': np.float64}
    return pictures.astype(names.get(onnx_type, pictures.dtype))


def compare(answer, expected, tolerance):
    import numpy as np
    if answer.shape != expected.shape:
        raise Failure(f'shape {answer.shape}, expected {expected.shape}')
    difference = np.asarray(np.abs(answer.astype(np.float64) - expected.astype(np.float64)))
    difference[np.isnan(answer) & np.isnan(expected)] = 0
    difference[answer == expected] = 0 # two infinities
    worst = float(np.max(difference, initial=0))
    scale = max(1, float(np.max(np.abs(expected[np.isfinite(expected)]), initial=0)))
    if not worst <= tolerance * scale:
        raise Failure(f'off by {worst:.2e}')
    return worst


def load(path):
    import numpy as np
    array = np.load(path)
    if array.dtype.kind == 'V': # bfloat16, which numpy does not know: half of a float
        array = (array.view(np.uint16).astype(np.uint32) << 16).view(np.float32)
    return array


class Engine:
    """A second process, which ONNX Runtime may end."""

    def __init__(self):
        self.child, self.questions, self.answers = 0, None, None

    def start(self):
        theirs, self.questions = (os.fdopen(end, mode) for end, mode in zip(os.pipe(), 'rw'))
        self.answers, mine = (os.fdopen(end, mode) for end, mode in zip(os.pipe(), 'rw'))
        self.child = os.fork()
        if not self.child:
            self.questions.close() # or it would wait for itself
            for line in theirs:
                mine.write(answer_of(json.loads(line)) + '\n')
                mine.flush()
            os._exit(0)
        theirs.close()
        mine.close()

    def check(self, path, network):
        if not self.child:
            self.start()
        self.questions.write(json.dumps([path, *network]) + '\n')
        self.questions.flush()
        line = self.answers.readline()
        if not line:
            raise Failure(f'the engine ended the process (wait status {self.end()})')
        value, message = json.loads(line)
        if message:
            raise Failure(message)
        return value

    def end(self):
        if not self.child:
            return 0
        try:
            self.questions.close()
        except BrokenPipeError:
            pass # it has ended itself
        self.answers.close()
        _, status = os.waitpid(self.child, 0)
        self.child = 0
        return status


def answer_of(question):
    """What check() returns, and what went wrong, as JSON."""
    path, *network = question
    try:
        return json.dumps((check(path, Network(*network)), ''))
    except Exception as error: # whatever onnx and ONNX Runtime say
        return json.dumps((None, ' '.join(f'{type(error).__name__}: {error}'.split())[:300]))


def check(path, network):
    """Returns the greatest difference."""
    import onnx
    onnx.checker.check_model(path, full_check=True)
    pictures, expected = (load(os.path.join(network.folder, name))
                          for name in (f'input{network.suffix}.npy', f'expected{network.suffix}.npy'))
    tolerance = HALF_TOLERANCE if 'float16' in network.label else TOLERANCE
    return max(check_run(path, pictures, expected, tolerance, is_optimised)
               for is_optimised in (False, True))


def check_run(path, pictures, expected, tolerance, is_optimised):
    import numpy as np
    try:
        answer, is_free = run(path, pictures, is_optimised)
        worst = compare(answer, expected, tolerance)
        if is_free and len(pictures) == 1 and len(expected) == 1:
            answer, _ = run(path, np.concatenate([pictures, pictures]), is_optimised)
            compare(answer, np.concatenate([expected, expected]), tolerance)
        return worst
    except Exception as error:
        how = 'with' if is_optimised else 'without'
        raise Failure(f'{how} optimisation: {error}') from error


# --------------------------------------------- all of them

def judge(program, engine, network, opset, path):
    """(status, remark)"""
    try:
        translate(program, network, opset, path)
        return 'ok', f'{engine.check(path, network):.1e}'
    except Refused as error:
        if not error.operation:
            return 'no model', ''
        allowed = UNTRANSLATED | set(INEXPRESSIBLE) | (SINCE_18 if opset < 18 else set())
        return 'refused' if error.operation in allowed else 'MISSING', str(error)
    except (Failure, subprocess.TimeoutExpired) as error:
        return 'FAILED', str(error)


def run_all(options):
    counts, refused = collections.Counter(), collections.Counter()
    folders, engine = options.networks or default_folders(options.build), Engine()
    with tempfile.TemporaryDirectory() as scratch:
        path = os.path.join(scratch, 'network.onnx')
        for network in (network for folder in folders for network in networks_of(folder)):
            if options.only not in network.label:
                continue
            for opset in sorted(set(options.opset or RUNTIMES[options.runtime].opsets).difference(network.rejected)):
                status, remark = judge(options.translate, engine, network, opset, path)
                counts[status] += 1
                if status in ('refused', 'MISSING'):
                    refused[remark.split('operation ', 1)[-1]] += 1
                if status not in ('ok', 'no model') or options.verbose:
                    print(f'{status:8} {opset} {network.label:48} {remark}', flush=True)
        engine.end()
    report(counts, refused)
    return 1 if counts['FAILED'] + counts['MISSING'] or not counts['ok'] else 0


def report(counts, refused):
    for reason, count in refused.most_common():
        print(f'{count:5} {reason}')
    print(', '.join(f'{count} {status}' for status, count in sorted(counts.items())))


def runtime_is_there(version):
    try:
        import numpy, onnx, onnxruntime # noqa: E401, F401
    except ImportError:
        return False
    return onnxruntime.__version__ == version


def engines_test():
    """The module of ../engines/run.py; this file may be loaded under its name already."""
    folder = os.path.join(os.path.dirname(HERE), 'engines')
    sys.path.insert(0, folder)
    spec = importlib.util.spec_from_file_location('engines_test', os.path.join(folder, 'run.py'))
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


def install(build, version):
    """The interpreter of a virtual environment with ONNX Runtime."""
    runtime = RUNTIMES[version]
    engines = engines_test()
    base = engines.find_python(*runtime.pythons)
    if not base:
        print('needs a Python of', ' to '.join(sorted({f'3.{minor}' for _, minor in runtime.pythons})))
        sys.exit(SKIPPED)
    os.makedirs(os.path.join(build, 'engines'), exist_ok=True)
    return engines.make_venv(base, os.path.join(build, 'engines', runtime.folder), [runtime.packages])


def enter(build, version):
    """Starts the running script again in an environment with ONNX Runtime, unless it runs in one."""
    if not runtime_is_there(version):
        python = install(os.path.abspath(build), version)
        os.execv(python, [python, '-B', os.path.abspath(sys.argv[0]), *sys.argv[1:]])


def main():
    parser = argparse.ArgumentParser(description=__doc__.split('\n')[0])
    parser.add_argument('--translate', required=True, metavar='PROGRAM')
    parser.add_argument('--build', required=True, metavar='FOLDER')
    parser.add_argument('--runtime', default=NEWEST, choices=RUNTIMES)
    parser.add_argument('--opset', type=int, action='append')
    parser.add_argument('--only', default='', metavar='TEXT')
    parser.add_argument('--verbose', action='store_true', help='those that are right as well')
    parser.add_argument('networks', nargs='*')
    options = parser.parse_args()
    enter(options.build, options.runtime)
    return run_all(options)


if __name__ == '__main__':
    sys.exit(main())
