# SPDX-License-Identifier: Apache-2.0
"""The engines test: a converted network must give the original's result in TensorFlow.

    run.py --czmodel PROGRAM --build FOLDER [--fast] [--complete]
           [--python-py37 PYTHON] [--python-tf221 PYTHON] [--python-tf215 PYTHON] [--only TEXT]

1. The fixtures: converted, unpacked, run in TensorFlow 2.0.0, converted again to the same bytes.
2. The example, likewise; its original must fail in TensorFlow 2.0.0.
3. Unless --fast: networks that TensorFlow 2.21 (Keras 3, tf_keras, tf.Module, version 1) and, where
   Python is old enough, TensorFlow 2.15 export on the spot; run in TensorFlow 2.0.0 and in 2.21.
4. Unless --fast: Google's protobuf and TensorFlow's checkpoint reader look at every result, and each
   is opened in all ways of loaders.py: in the Python TensorFlow 2.0.0, if there is a Python 3.7 (if not,
   this is skipped, or a failure where CZM_REQUIRE_PYTHON37 is set), and the fixtures, the example and a
   choice of the others in 2.15 and in 2.21 with tf_keras. With --complete all of them are opened
   everywhere, and the originals in 2.0.0, which the table counts.

TensorFlow is downloaded to FOLDER/engines unless it is there. An interpreter that already has one
can be given; it needs what REQUIREMENTS lists. Writes FOLDER/engines/table.md.
"""
import argparse
import collections
import concurrent.futures
import contextlib
import glob
import hashlib
import io
import json
import os
import queue
import select
import shutil
import subprocess
import sys
import time
import zipfile

import numpy as np

HERE = os.path.dirname(os.path.abspath(__file__))
ROOT = os.path.dirname(os.path.dirname(HERE))
FIXTURES = os.path.join(ROOT, 'tests', 'fixtures', 'models')
EXPORTERS = os.path.join(ROOT, 'tests', 'networks')
EXAMPLE = os.path.join(ROOT, 'example', 'nuclei')

# Half precision: a network of some depth answers within 2e-3 typically; the largest seen is 2.3e-3,
# where the exporter's own answer is 4.6e-3 away from that of the same network in float32.
TOLERANCE, HALF_TOLERANCE, EXAMPLE_TOLERANCE = 2e-4, 3e-3, 1e-5
# A fixed id, so that the bytes of two conversions can be compared.
MODEL_ID = '6f1c3bd0-7a54-4b69-9e57-0c1d5c1f8a11'
CONVERT_SECONDS, ANSWER_SECONDS, EXPORT_SECONDS = 120, 300, 900


# --------------------------------------------- networks that are exported during the test
# Chosen for variety: each rewrite, each way of writing a variable, a loop, a branch, each dtype.

KERAS3 = '''
    unet_bn unet_fit unet_bn_undefined unet_attention dense_blocks pyramid_pooling squeeze_excite
    mobilenet_v2 convnext shufflenet aspp aspp_depthwise dilated_depthwise_odd
    dilated_depthwise_undefined grouped grouped_all grouped_undefined grouped_dilated
    transpose_dilated transpose_dilated_undefined transpose_output_padding norm_layer norm_group
    norm_instance norm_batch_unfused norm_spectral act_prelu_full act_gelu_erf channels_first
    fn_channels_first fn_explicit_padding_pool fn_switch_case fn_cond fn_while_data fn_map_fn
    fn_einsum fn_resize_bicubic fn_resize_antialias fn_unpool_argmax fn_fourier conv_lstm
    einsum_dense attention_bottleneck segformer position_embedding mixed_float16 mixed_bfloat16
    float16 float64 uint8_input sigmoid_one identity_network fixed_batch odd_names two_outputs
    two_inputs class_output random_flip fn_python_function
'''.split()
TF_KERAS = '''
    unet_bn unet_fit unet_bn_undefined linknet efficientnet separable aspp dilated_depthwise_odd
    grouped grouped_strided transpose_dilated norm_layer norm_group norm_layer_undefined
    causal_rows lstm_rows gru_bidirectional normalization augmented_unet nested subclassed
    slash_names training_flag mixed_float16 fn_einsum pixel_shuffle channels_first two_outputs
'''.split()
MODULES = '''
    module module_undefined module_no_signature module_batch_one module_named_output module_nested
    module_captured module_shape_driven module_python_loop module_while_variables
    module_cond_variables module_counter_unread module_counter_read module_running_mean
    module_running_mean_unread module_weight_norm module_lookup_table module_lookup_table_aside module_string_input module_two_signatures
    module_only_custom_signature module_shared_name module_resource_gather module_gradient
    module_xla module_batch_norm_training module_uint8 module_no_batch module_unknown_rank
    module_raw_transposed_groups module_raw_transposed_sizes module_raw_depthwise_strides
    module_raw_depthwise_strides_valid module_raw_norm_training module_raw_norm_volume
    module_raw_pad_wide module_raw_matmul_v3 module_raw_high_ranks
'''.split()
VERSION1 = '''
    ref_variables resource_variables partitioned_ref partitioned_resource partitioned_three
    partitioned_sharded sharded stripped two_graphs frozen cond_training cond_training_fed
    cond_training_unfed cond_training_not cond_nested cond_data cond_data_v2 cond_training_v2
    while_loop while_loop_v2 map_fn dropout_keep dropout_keep_fed dropout_training undefined
    input_default input_iterator training_graph moving_average assertions assign_in_path
    channels_first channels_first_input called_function defun atrous
'''.split()
KERAS2 = '''
    unet_bn unet_fit unet_undefined resnet mobilenet_v3 convnext aspp_depthwise grouped
    grouped_dilated transpose_dilated norm_layer norm_layer_hwc norm_group fn_einsum fn_while_loop
    fn_map_fn fn_cond lstm_rows attention_layer mixed_float16 channels_first module_nested
    module_cond_variables
'''.split()

# folder         where it is exported to, and the first part of the models' labels
# exporter, how  the first two columns of the table
# python         which interpreter, see PYTHONS
# script         in tests/networks, with its further arguments and the networks' names
Export = collections.namedtuple('Export', 'folder exporter how python script arguments names')
EXPORTS = [
    Export('keras3', 'TensorFlow 2.21, Keras 3', '`model.export`', 'tf221', 'export.py',
           ['--table', 'keras'], KERAS3),
    Export('tf_keras', 'TensorFlow 2.21, tf_keras', '`model.save`', 'tf221', 'export.py',
           ['--keras', 'tf_keras', '--how', 'keras-save', '--table', 'keras'], TF_KERAS),
    Export('modules', 'TensorFlow 2.21', '`tf.Module`', 'tf221', 'export.py',
           ['--table', 'modules'], MODULES),
    Export('version1', 'TensorFlow 2.21', 'graph and session (TF 1)', 'tf221', 'export_v1.py',
           [], VERSION1),
    Export('keras2', 'TensorFlow 2.15, Keras 2', '`model.save`, `tf.Module`', 'tf215', 'export.py',
           [], KERAS2),
]

# Networks that the table of networks calls convertible, and that are rejected for a reason of this
# program's contract. (folder of the export, or * for all; name): why
REFUSED = {
    ('*', 'two_outputs'): 'a CZModel has one output; --output chooses',
    ('*', 'module_no_batch'): 'a CZModel takes a batch of pictures',
    ('keras3', 'random_flip'): 'Keras 3 changes the state of its random generator in inference',
    ('version1', 'cond_training_fed'): 'the training flag is a second input',
    ('version1', 'dropout_keep_fed'): 'the keep probability is a second input',
}
# Networks that are opened in all ways in every TensorFlow: each kind of variable, branch, loop and input once.
OPENED_EVERYWHERE = '''
    fixtures/ example keras3/unet_fit keras3/fn_cond keras3/fn_while_data keras3/conv_lstm
    keras3/mixed_bfloat16 keras3/uint8_input keras3/odd_names keras3/identity_network
    tf_keras/nested tf_keras/subclassed tf_keras/slash_names tf_keras/mixed_float16
    modules/module_shared_name modules/module_while_variables modules/module_cond_variables
    modules/module_captured modules/module_unknown_rank modules/module_batch_one
    version1/partitioned_sharded version1/cond_nested version1/while_loop version1/map_fn
    version1/frozen version1/called_function keras2/unet_fit keras2/lstm_rows keras2/fn_cond
'''.split()
# Where the last dimension of the answer is not what its author would call the classes.
CLASSES = {'channels_first_input': 3}

REQUIREMENTS = {
    # Each list is one call of pip; the last works without dependencies, for tf_keras would bring
    # the large tensorflow beside tensorflow-cpu. The first that there is opens every model.
    'py37': [['tensorflow==2.0.0', 'protobuf<3.21', 'h5py<3']],
    'tf221': [['tensorflow-cpu==2.21.0', 'keras==3.15.1', 'numpy==2.4.6'],
              ['--no-deps', 'tf_keras==2.21.0']],
    'tf215': [['tensorflow-cpu==2.15.1', 'numpy==1.26.4']],
}
# Alternatives if a platform has no wheel of the first name.
SECOND_CHOICE = {'tensorflow-cpu==2.21.0': 'tensorflow==2.21.0'}
PYTHONS = {'tf221': ((3, 10), (3, 13)), 'tf215': ((3, 9), (3, 11)), 'py37': ((3, 7), (3, 7))}
# Results of all ways of opening a model agree with the first one's.
WAY_TOLERANCE = 2e-6

FIXTURE_EXPORTERS = {
    'tf115': ('TensorFlow 1.15', 'builder'),
    'tf200': ('TensorFlow 2.0.0, Keras 2', '`tf.saved_model.save`'),
    'tf24': ('TensorFlow 2.4, Keras 2', '`tf.Module`'),
    'tf215': ('TensorFlow 2.15, Keras 2', 'committed fixtures'),
    'tf221': ('TensorFlow 2.21, Keras 3, tf_keras', 'committed fixtures'),
}


# --------------------------------------------- cases

# One model: `row` is its (exporter, how) in the table, `refused` why it must be refused or ''.
class Case(collections.namedtuple(
        'Case', 'label row model input expected classes tolerance refused signature options key')):
    def way_tolerance(self):
        """For what two loaders make of the same network; half precision is rounded in other places."""
        return HALF_TOLERANCE if self.tolerance == HALF_TOLERANCE else WAY_TOLERANCE


def case_of(label, row, folder, **changes):
    expected = np.load(os.path.join(folder, 'expected.npy'))
    half = 'float16' in os.path.basename(folder)
    case = Case(label=label, row=row, model=os.path.join(folder, 'model'),
                input=os.path.join(folder, 'input.npy'), expected=expected,
                classes=expected.shape[-1] if expected.ndim else 1,
                tolerance=HALF_TOLERANCE if half else TOLERANCE, refused='',
                signature='serving_default', options=(), key='')
    return case._replace(**changes)


def fixture_cases():
    for name in sorted(os.listdir(FIXTURES)):
        yield case_of(f'fixtures/{name}', FIXTURE_EXPORTERS[name.split('-')[0]],
                      os.path.join(FIXTURES, name),
                      refused='see the fixtures\' README' if 'refused' in name else '')


def live_cases(export, folder):
    """The cases of one export, in the order of its list."""
    for name in export.names:
        place = os.path.join(folder, name)
        if not os.path.exists(os.path.join(place, 'meta.json')):
            continue
        with open(os.path.join(place, 'meta.json')) as file:
            meta = json.load(file)
        label = f'{export.folder}/{name}'
        row = (export.exporter, export.how + (', half precision' if 'float16' in name else ''))
        why = (REFUSED.get((export.folder, name)) or REFUSED.get(('*', name))
               or (meta['expect'] == 'refused' and meta['notes']) or '')
        changes = {'refused': why, 'signature': meta.get('signature', 'serving_default')}
        if name in CLASSES:
            changes['classes'] = CLASSES[name]
        yield case_of(label, row, place, **changes)
        if name == 'two_outputs':
            yield from each_output(label, row, place, meta['outputs'])


def each_output(label, row, place, keys):
    """A model of several outputs, once for each of them: --output takes it."""
    for index, key in enumerate(keys):
        expected = np.load(os.path.join(place, f'expected_{index}.npy' if index else
                                        'expected.npy'))
        yield case_of(f'{label} --output {key}', row, place, expected=expected, key=key,
                      classes=expected.shape[-1], options=('--output', key))


# --------------------------------------------- results

# What became of a case: its line, and the outcomes and the numbers of ways before and after conversion.
Result = collections.namedtuple('Result', 'case status remark before after ways')


class Report:
    """A line a model, sums, and the rows of the table."""

    def __init__(self):
        self.counts = collections.Counter()
        self.models = []

    def line(self, status, label, remark=''):
        self.counts[status] += 1
        print(f'{status:7} {label:52} {remark}'.rstrip(), flush=True)

    def close(self, path):
        with open(path, 'w') as file:
            file.write(table_text(self.models))
        print(f"{self.counts['ok']} passed, {self.counts['FAILED']} failed, "
              f"{self.counts['skipped']} skipped")
        return 1 if self.counts['FAILED'] else 0


def table_text(models):
    """The table of the README, of Results."""
    rows = {}
    for model in models:
        rows.setdefault(model.case.row, []).append(model)
    lines = ['| exporter | how | models | right in TensorFlow 2.0.0 before | after '
             '| largest difference | ways to open it before | after |', '|---|---|---|---|---|---|---|---|']
    for (exporter, how), found in rows.items():
        taken = [model for model in found if not model.case.refused]
        refused = len(found) - len(taken)
        right = [model.after.gap for model in taken if model.after.is_right(model.case.tolerance)]
        cells = (exporter, how, f'{len(taken)}' + (f' and {refused} rejected' if refused else ''),
                 before_text(taken), str(len(right)),
                 f'{max(right):.0e}' if right else '-', ways_text(taken, 0), ways_text(taken, 1))
        lines.append('| ' + ' | '.join(cells) + ' |')
    return '\n'.join(lines) + '\n'


def before_text(taken):
    right = sum(model.before.is_right(model.case.tolerance) for model in taken)
    broken = sum(model.before.loaded for model in taken) - right
    return f'{right}' + (f'; {broken} load but fail or are wrong' if broken else '')


def ways_text(taken, index):
    """The number of ways before (0) or after (1) conversion, or their range."""
    counts = sorted({model.ways[index] for model in taken if model.ways})
    if not counts:
        return '-'
    return f'{counts[0]}' + (f' to {counts[-1]}' if len(counts) > 1 else '')


class Outcome(collections.namedtuple('Outcome', 'loaded gap message')):
    """What an engine did: whether it loaded the model, how far off the answer was (infinite if
    there is none), what it said."""

    def is_right(self, tolerance):
        return self.gap <= tolerance

    def text(self):
        if self.message:
            return ('runs not: ' if self.loaded else 'loads not: ') + short(self.message, 60)
        return f'{self.gap:.1e}'


def short(text, size=160):
    text = ' '.join(text.split())
    return text if len(text) <= size else text[:size] + ' ...'


def gap(result, expected):
    """The largest difference of two arrays of one shape; infinite where a number is none."""
    wide = np.complex128 if np.iscomplexobj(expected) else np.float64
    worst = np.max(np.abs(result.astype(wide) - expected.astype(wide)), initial=0)
    return float('inf') if np.isnan(worst) else float(worst)


# --------------------------------------------- the program

class Refused(Exception):
    """The program did not convert; the message is its output."""

    def __init__(self, code, message):
        super().__init__(message)
        self.code = code


class Failure(Exception):
    """A test found a fault."""


# These networks show what can be computed; not all are valid for ZEN.
ALLOWED = ('input-size-undefined,input-batch,input-channels,output-size,'
           'pixel-type-channels,tile-memory')


def convert(program, spec, folder, name, options=()):
    """Converts and returns the inner archive's bytes."""
    path = os.path.join(folder, name + '.json')
    with open(path, 'w') as file:
        json.dump(spec, file)
    # a fixed id last: the bytes of two files are to be compared
    done = subprocess.run([program, 'convert', path, folder, name, *options,
                           '--allow', ALLOWED, '--model-id', MODEL_ID], stdin=subprocess.DEVNULL,
                          capture_output=True, text=True, timeout=CONVERT_SECONDS)
    if 'Sanitizer' in done.stderr or 'runtime error' in done.stderr or done.returncode not in (
            0, 1):
        raise Failure(f'exit status {done.returncode}: {short(done.stderr, 400)}')
    result = os.path.join(folder, name + '.czmodel')
    if done.returncode:
        if os.path.exists(result):
            raise Failure('rejected, but there is a file')
        raise Refused(done.returncode, done.stderr)
    return inner_archive(result)


def inner_archive(path):
    with zipfile.ZipFile(path) as outer:
        test_archive(outer, path)
        name, = (name for name in outer.namelist() if name.endswith('.model'))
        return outer.read(name)


def test_archive(archive, path):
    bad = archive.testzip()
    if bad:
        raise Failure(f'{path}: member {bad} is damaged')


def unpack(inner, folder):
    shutil.rmtree(folder, ignore_errors=True)
    with zipfile.ZipFile(io.BytesIO(inner)) as archive:
        test_archive(archive, folder)
        archive.extractall(folder)


def spec_of(case, model):
    return {'BorderSize': 0, 'ColorHandling': 'SplitRgb', 'PixelType': 'Bgr24',
            'Classes': [f'class {i}' for i in range(case.classes)], 'ModelPath': model}


def convert_case(program, case, folder):
    """Converts, unpacks, and converts the unpacked again; returns the unpacked folder."""
    os.makedirs(folder, exist_ok=True)
    inner = convert(program, spec_of(case, case.model), folder, 'first', case.options)
    unpacked = os.path.join(folder, 'first')
    unpack(inner, unpacked)
    # relative to the specification, and with the same last component: the name is in the metadata
    try:
        again = convert(program, spec_of(case, 'first'), folder, 'second')
    except Refused as error:
        raise Failure(f'its own output is rejected: {short(str(error), 400)}') from None
    if again != inner:
        raise Failure('converting the unpacked output again gives other bytes')
    for name in ('first.czmodel', 'second.czmodel'):
        os.remove(os.path.join(folder, name))
    return unpacked


# --------------------------------------------- engines, each in its own process
# A worker reads a request a line and answers a line, both JSON. If TensorFlow ends the process,
# only that request fails: the next one starts another.

class Worker:
    def __init__(self, command, environment=None):
        self.command, self.environment = command, environment or {}
        self.process = None

    def ask(self, **request):
        if self.process is None:
            self.process = subprocess.Popen(self.command, stdin=subprocess.PIPE,
                                            stdout=subprocess.PIPE, stderr=subprocess.DEVNULL,
                                            text=True,
                                            env={**quiet_environment(), **self.environment})
        try:
            self.process.stdin.write(json.dumps(request) + '\n')
            self.process.stdin.flush()
            ready, _, _ = select.select([self.process.stdout], [], [], ANSWER_SECONDS)
            line = self.process.stdout.readline() if ready else ''
        except BrokenPipeError:
            line = ''
        if line:
            return json.loads(line)
        return {'message': self.end()}

    def end(self):
        """Ends the process and returns its outcome."""
        if self.process is None:
            return ''
        process, self.process = self.process, None
        with contextlib.suppress(BrokenPipeError):
            process.stdin.close()
        try:
            code = process.wait(timeout=200)
        except subprocess.TimeoutExpired:
            process.kill()
            process.wait()
            return 'no answer in time'
        finally:
            process.stdout.close()
        return f'the engine ended with {code}'


class Runner(Worker):
    """Runs models."""

    def __init__(self, python, engine, folder, lane):
        super().__init__([python, os.path.abspath(__file__), '--serve', engine, '--build', folder])
        self.result = os.path.join(folder, 'engines', f'{engine}.result{lane}.npy')

    def run(self, case, model, signature, key=''):
        """The Outcome of a model."""
        answer = self.ask(model=model, input=case.input, output=self.result, signature=signature,
                          key=key)
        if 'message' in answer:
            return Outcome(answer.get('loaded', False), float('inf'), answer['message'])
        found = np.load(self.result)
        os.remove(self.result)
        if found.shape != case.expected.shape:
            return Outcome(True, float('inf'), f'{found.shape}, not {case.expected.shape}')
        return Outcome(True, gap(found, case.expected), '')


class Opener(Worker):
    """Opens models in all ways (loaders.py)."""

    def __init__(self, name, python, scratch):
        legacy = {'TF_USE_LEGACY_KERAS': '1'} if name == 'tf221' else {}
        # AutoGraph of TensorFlow 2.0.0 does not remove its files.
        super().__init__([python, os.path.join(HERE, 'loaders.py')], {'TMPDIR': scratch, **legacy})
        self.name = name

    def faults(self, case, model):
        """{way: '' or the fault}"""
        answer = self.ask(model=model, input=case.input,
                          tolerance=case.way_tolerance())
        return answer.get('ways') or {'all': answer['message']}


def count_of_ways(faults):
    return sum(not fault for fault in faults.values())


def quiet_environment():
    """No messages, no graphics card, no files beside the scripts. oneDNN stays as it is: without
    it an exporter cannot run the networks that newer kernels made possible."""
    return {**os.environ, 'TF_CPP_MIN_LOG_LEVEL': '3', 'CUDA_VISIBLE_DEVICES': '',
            'PYTHONDONTWRITEBYTECODE': '1'}


def serve(answers):
    """Worker process: answers requests until there are no more."""
    # What TensorFlow itself prints must not come between the answers.
    out = os.fdopen(os.dup(1), 'w')
    os.dup2(2, 1)
    for line in sys.stdin:
        request = json.loads(line)
        try:
            answer = answers[request.pop('kind', 'run')](**request)
        except Exception as error:
            answer = {'message': f'{type(error).__name__}: {error}'}
        out.write(json.dumps(answer) + '\n')
        out.flush()


def serve_tf200(build):
    import engine
    tf200 = engine.Engine(os.path.join(build, 'engines', 'tf200'))

    def run(model, input, output, signature, key):
        loaded = False
        try:
            with tf200.load(model) as session:
                loaded = True
                inputs, outputs = engine.signature_of(session.meta_graph, signature)
                fetched = outputs[key] if key else only(outputs)
                fed = session.as_fed(only(inputs), np.load(input))
                np.save(output, session.run({only(inputs): fed}, [fetched])[0])
                return {}
        except (engine.EngineError, KeyError, TypeError, ValueError) as error:
            return {'loaded': loaded, 'message': str(error)}
    serve({'run': run})


def only(names):
    if len(names) != 1:
        raise ValueError(f'one tensor wanted, the signature has {sorted(names)}')
    return next(iter(names.values()))


def serve_tensorflow(_build):
    import tensorflow as tf
    tf.config.threading.set_intra_op_parallelism_threads(1)
    tf.config.threading.set_inter_op_parallelism_threads(1)

    def run(model, input, output, signature, key):
        function = tf.saved_model.load(model).signatures[signature]
        (name, spec), = function.structured_input_signature[1].items()
        fed = tf.constant(np.load(input))
        results = function(**{name: fed if fed.dtype == spec.dtype else tf.cast(fed, spec.dtype)})
        result = results[key] if key else only(results)
        np.save(output, np.array(tf.cast(result, tf.float32) if result.dtype == tf.bfloat16
                                 else result))
        return {}
    serve({'run': run, 'oracle': oracle})


# --------------------------------------------- oracles, in the process of the newer TensorFlow

def oracle(model, original):
    """Faults that protobuf and the checkpoint reader see in `model`."""
    faults = message_faults(os.path.join(model, 'saved_model.pb'))
    if os.path.exists(os.path.join(model, 'variables')):
        faults += checkpoint_faults(model, original)
    return {'faults': faults}


def message_faults(path):
    from tensorflow.core.protobuf import saved_model_pb2
    with open(path, 'rb') as file:
        data = file.read()
    message = saved_model_pb2.SavedModel.FromString(data)
    if saved_model_pb2.SavedModel.FromString(message.SerializeToString()) != message:
        return ['saved_model.pb is another message when written again']
    known = saved_model_pb2.SavedModel.FromString(data)
    known.DiscardUnknownFields()
    return [] if known == message else ['saved_model.pb has fields that protobuf does not know']


def checkpoint_faults(model, original):
    """Tensors have other names than in the original, and are known by type, shape and bytes."""
    import tensorflow as tf
    mine, theirs = (dict(tensors_of(tf, folder)) for folder in (model, original))
    known = {digest(value) for value in theirs.values()}
    return [f'the tensor "{name}" is none of the original\'s' for name, value in mine.items()
            if digest(value) not in known
            and not any(is_part(value, whole) for whole in theirs.values())]


def tensors_of(tf, folder):
    if not os.path.exists(os.path.join(folder, 'variables', 'variables.index')):
        return # a network of constants
    reader = tf.train.load_checkpoint(os.path.join(folder, 'variables', 'variables'))
    for name, dtype in reader.get_variable_to_dtype_map().items():
        if dtype != tf.string:
            yield name, reader.get_tensor(name)


def digest(value):
    return str(value.dtype), np.shape(value), hashlib.sha256(value.tobytes()).digest()


def is_part(part, whole):
    """Whether a partitioned variable's slice was cut from `whole`, along one dimension."""
    if part.dtype != whole.dtype or part.ndim != whole.ndim:
        return False
    axes = [axis for axis in range(part.ndim) if part.shape[axis] != whole.shape[axis]]
    if len(axes) != 1:
        return False
    length = part.shape[axes[0]]
    whole = np.moveaxis(whole, axes[0], 0)
    part = np.moveaxis(part, axes[0], 0)
    return any(np.array_equal(whole[at:at + length], part)
               for at in range(len(whole) - length + 1))


# --------------------------------------------- one model through all engines

class Lane:
    """The engines, which look at one model after another. Two lanes use two processors."""

    def __init__(self, options, pythons, number):
        self.options = options
        self.work = os.path.join(options.build, 'engines', 'work')
        self.tf200 = Runner(sys.executable, 'tf200', options.build, number)
        self.modern = None
        if pythons.get('tf221'):
            self.modern = Runner(pythons['tf221'], 'tensorflow', options.build, number)
        self.openers = [Opener(name, python, self.work) for name, python in pythons.items() if python]

    def run(self, case):
        """One model, through everything."""
        # The original, in the state in which TensorFlow 2.0.0 gets it without this program.
        before = self.tf200.run(case, case.model, case.signature, case.key)
        after, ways = Outcome(False, float('inf'), 'not converted'), None
        try:
            remark, after, ways = self.converted(case)
            status, remark = 'ok', f'{remark}; before: {before.text()}'
        except (Failure, Refused, subprocess.TimeoutExpired, zipfile.BadZipFile) as error:
            status, remark = 'FAILED', short(str(error), 500)
        return Result(case, status, remark, before, after, ways)

    def converted(self, case):
        """(remark, Outcome in TensorFlow 2.0.0, number of ways before and after)"""
        folder = os.path.join(self.work, case.label.replace(' ', '_'))
        try:
            unpacked = convert_case(self.options.czmodel, case, folder)
        except Refused as error:
            refused = Outcome(False, float('inf'), 'refused')
            return f'refused: {refusal(case, error)}', refused, None
        if case.refused:
            raise Failure(f'converts, but should be rejected: {case.refused}')
        after = self.tf200.run(case, unpacked, 'serving_default')
        if not after.is_right(case.tolerance):
            raise Failure(f'in TensorFlow 2.0.0: {after.text()}')
        remark = after.text() + self.second_opinion(case, unpacked)
        return remark, after, self.open(case, unpacked)

    def open(self, case, unpacked):
        """Opens the converted model in all ways, which must work; how many work before and after."""
        is_complete = self.options.complete or case.label.startswith(tuple(OPENED_EVERYWHERE))
        counts = None
        for opener in self.openers if is_complete else self.openers[:1]:
            faults = opener.faults(case, unpacked)
            if any(faults.values()):
                raise Failure(f'{opener.name}: ' + '; '.join(
                    f'{way}: {short(fault)}' for way, fault in faults.items() if fault))
            if opener.name == 'py37' and self.options.complete:
                counts = count_of_ways(opener.faults(case, case.model)), count_of_ways(faults)
        return counts

    def second_opinion(self, case, unpacked):
        """The newer TensorFlow and the oracles; their reports about a correct model."""
        if self.modern is None:
            return ''
        outcome = self.modern.run(case, unpacked, 'serving_default')
        if not outcome.is_right(case.tolerance):
            raise Failure(f'in the newer TensorFlow: {outcome.text()}')
        answer = self.modern.ask(kind='oracle', model=unpacked, original=case.model)
        faults = answer.get('faults', [answer.get('message')])
        if faults:
            raise Failure('; '.join(map(str, faults)))
        return f', newer {outcome.gap:.1e}'

    # ---- the example

    def example(self):
        """(status, remark)"""
        expected = np.load(os.path.join(EXAMPLE, 'expected.npz'))
        picture = os.path.join(self.work, 'example.npy')
        np.save(picture, expected['input'][np.newaxis].astype(np.float32))
        start, stop = expected['crop']
        try:
            whole = self.example_answer(picture)
        except (Failure, Refused) as error:
            return 'FAILED', short(str(error), 400)
        worst = gap(whole[start:stop, start:stop], expected['output'])
        same = np.array_equal(whole.argmax(-1), expected['classes'])
        good = worst <= EXAMPLE_TOLERANCE and same
        return 'ok' if good else 'FAILED', f'{worst:.1e}' + ('' if same else ', and other classes')

    def example_answer(self, picture):
        """The converted example's probabilities."""
        folder = os.path.join(self.work, 'example')
        case = Case('example', (), os.path.join(EXAMPLE, 'model'), picture, np.zeros((0,)), 3,
                    EXAMPLE_TOLERANCE, '', 'serving_default', (), '')
        if self.tf200.run(case, case.model, 'serving_default').loaded:
            raise Failure('the original loads in TensorFlow 2.0.0')
        unpacked = convert_case(self.options.czmodel, case, folder)
        self.open(case, unpacked)
        result = os.path.join(folder, 'result.npy')
        answer = self.tf200.ask(model=unpacked, input=picture, output=result, key='',
                                signature='serving_default')
        if 'message' in answer:
            raise Failure(short(answer['message']))
        return np.load(result)[0]

    def end(self):
        for worker in (self.tf200, self.modern, *self.openers):
            if worker:
                worker.end()


def refusal(case, error):
    """The first error of an expected rejection."""
    lines = [line for line in str(error).splitlines() if line.startswith('error: ')]
    if not case.refused:
        raise error
    if error.code != 1 or not lines:
        raise Failure(f'exit status {error.code} without a message')
    return short(lines[0].removeprefix('error: ').replace(ROOT + '/', ''), 100)


# --------------------------------------------- the parts of the test

# Two processors; the exporters are about equally long in three threads.
LANES, EXPORTERS_AT_ONCE = 2, 3


class Test:
    def __init__(self, options):
        self.options = options
        self.folder = os.path.join(options.build, 'engines')
        self.report = Report()
        self.lanes = queue.Queue()

    def run(self):
        pythons = {} if self.options.fast else {name: self.python(name) for name in REQUIREMENTS}
        cases = [*fixture_cases(), *self.live_cases(pythons)]
        shutil.rmtree(os.path.join(self.folder, 'work'), ignore_errors=True)
        os.makedirs(os.path.join(self.folder, 'work'))
        for number in range(LANES):
            self.lanes.put(Lane(self.options, pythons, number))
        with concurrent.futures.ThreadPoolExecutor(LANES) as pool:
            example = self.options.only in 'example' and pool.submit(self.in_lane, Lane.example)
            wanted = (case for case in cases if self.options.only in case.label)
            for result in pool.map(lambda case: self.in_lane(Lane.run, case), wanted):
                self.report.line(result.status, result.case.label, result.remark)
                self.report.models.append(result)
            if example:
                status, remark = example.result()
                self.report.line(status, 'example', remark)

    def in_lane(self, job, *arguments):
        """Does the job in a lane that is free."""
        lane = self.lanes.get()
        try:
            return job(lane, *arguments)
        finally:
            self.lanes.put(lane)

    # ---- live exporters

    def live_cases(self, pythons):
        """Exports the networks, all exporters at once, and returns their cases."""
        exports = [self.chosen(export) for export in EXPORTS if pythons.get(export.python)]
        exports = [export for export in exports if export.names]
        with concurrent.futures.ThreadPoolExecutor(EXPORTERS_AT_ONCE) as pool:
            found = list(pool.map(
                lambda export: run_exporter(export, pythons[export.python],
                                            os.path.join(self.folder, 'exports', export.folder)),
                exports))
        for export, (folder, lines) in zip(exports, found):
            self.exported(export, lines)
            yield from live_cases(export, folder)

    def chosen(self, export):
        return export._replace(names=[name for name in export.names
                                      if self.options.only in f'{export.folder}/{name}'])

    def exported(self, export, lines):
        """Networks that an exporter's version cannot export are skipped."""
        done = {name: (status, remark) for status, name, remark in lines}
        for name in export.names:
            status, remark = done.get(name, ('fail', 'the exporter did not get so far'))
            if status != 'ok':
                self.report.line('skipped', f'{export.folder}/{name}', short(remark))

    def python(self, name):
        """An interpreter that has this TensorFlow; None, and a line, if there is none."""
        given = getattr(self.options, f'python_{name}')
        if given:
            return given
        base = find_python(*PYTHONS[name])
        if not base:
            lowest, highest = ('.'.join(map(str, version)) for version in PYTHONS[name])
            is_required = name == 'py37' and 'CZM_REQUIRE_PYTHON37' in os.environ
            return self.report.line('FAILED' if is_required else 'skipped', name,
                                    f'needs a Python of {lowest} to {highest}')
        try:
            return make_venv(base, os.path.join(self.folder, name), REQUIREMENTS[name])
        except (subprocess.CalledProcessError, OSError) as error:
            return self.report.line('skipped', name, f'cannot be installed: {short(str(error))}')

    def close(self):
        while not self.lanes.empty():
            self.lanes.get().end()
        return self.report.close(os.path.join(self.folder, 'table.md'))


# --------------------------------------------- other interpreters

def find_python(lowest, highest):
    """An interpreter of a version in the range, this one if it fits; pyenv's need not be in the PATH."""
    if lowest <= sys.version_info[:2] <= highest:
        return sys.executable
    pyenv = os.path.join(os.environ.get('PYENV_ROOT', os.path.expanduser('~/.pyenv')), 'versions')
    for name in (f'python3.{minor}' for minor in range(highest[1], lowest[1] - 1, -1)):
        for place in (shutil.which(name), *glob.glob(os.path.join(glob.escape(pyenv), '3.*', 'bin', name))):
            if place and subprocess.run([place, '--version'], capture_output=True).returncode == 0:
                return place
    return None


def make_venv(base, folder, calls):
    """The interpreter of a virtual environment, which is made unless it is there."""
    python, mark = os.path.join(folder, 'bin', 'python'), os.path.join(folder, 'complete.json')
    if os.path.exists(mark):
        with open(mark) as file:
            if json.load(file) == calls:
                return python
    print(f'installing {calls[0][0]} into {os.path.relpath(folder)} ...', flush=True)
    shutil.rmtree(folder, ignore_errors=True)
    subprocess.run([base, '-m', 'venv', folder], check=True, stdout=subprocess.DEVNULL)
    for packages in calls:
        pip_install(python, packages)
    with open(mark, 'w') as file:
        json.dump(calls, file)
    return python


def pip_install(python, packages):
    second = [SECOND_CHOICE.get(package, package) for package in packages]
    command = [python, '-m', 'pip', 'install', '--quiet', '--disable-pip-version-check']
    try:
        subprocess.run(command + packages, check=True)
    except subprocess.CalledProcessError:
        if second == packages:
            raise
        subprocess.run(command + second, check=True)


def run_exporter(export, python, folder):
    """(folder, [(status, name, remark)])"""
    shutil.rmtree(folder, ignore_errors=True)
    os.makedirs(folder)
    command = [python, os.path.join(EXPORTERS, export.script), folder, *export.arguments, '--only']
    half = [name for name in export.names if 'float16' in name]
    lines = run_lines(command, [name for name in export.names if name not in half], {})
    # oneDNN rounds half precision elsewhere, so that the answer to compare with would be off.
    return folder, lines + run_lines(command, half, {'TF_ENABLE_ONEDNN_OPTS': '0'})


def run_lines(command, names, environment):
    if not names:
        return []
    try:
        text = subprocess.run(command + names, env={**quiet_environment(), **environment},
                              stdin=subprocess.DEVNULL, stdout=subprocess.PIPE,
                              stderr=subprocess.DEVNULL, text=True, timeout=EXPORT_SECONDS).stdout
    except subprocess.TimeoutExpired as error:
        text = (error.stdout or b'').decode()
    lines = (line.split('\t') for line in text.splitlines())
    return [line for line in lines if len(line) == 3]


# --------------------------------------------- command

SERVERS = {'tf200': serve_tf200, 'tensorflow': serve_tensorflow}


def arguments():
    parser = argparse.ArgumentParser(description=__doc__.split('\n')[0])
    parser.add_argument('--czmodel', metavar='PROGRAM', help='the program to test')
    parser.add_argument('--build', metavar='FOLDER', required=True)
    parser.add_argument('--fast', action='store_true', help='only the fixtures and the example')
    parser.add_argument('--complete', action='store_true',
                        help='open every model in all ways in every TensorFlow, and the originals')
    parser.add_argument('--only', metavar='TEXT', default='', help='models with TEXT in the label')
    for name in sorted(REQUIREMENTS):
        parser.add_argument(f'--python-{name}', metavar='PYTHON', help=f'interpreter with {name}')
    parser.add_argument('--serve', choices=sorted(SERVERS), help=argparse.SUPPRESS)
    options = parser.parse_args()
    if not options.serve and not options.czmodel:
        parser.error('--czmodel is needed')
    options.build = os.path.abspath(options.build)
    return options


def main():
    options = arguments()
    if options.serve:
        return SERVERS[options.serve](options.build)
    options.czmodel = os.path.abspath(options.czmodel)
    import engine
    engine.fetch(os.path.join(options.build, 'engines', 'tf200'))
    test = Test(options)
    started = time.monotonic()
    test.run()
    print(f'{time.monotonic() - started:.0f} s')
    return test.close()


if __name__ == '__main__':
    sys.exit(main())
