# SPDX-License-Identifier: Apache-2.0
"""The exact message for each Keras file that is rejected, and what becomes of damaged ones.

    rejections.py --czmodel PROGRAM [--update]

The files are made here (keras_file.py). --update prints the messages instead of comparing them.
"""
import argparse
import copy
import json
import os
import subprocess
import sys
import tempfile
import zipfile

import keras_file

LAMBDA = ['4wEAAAAAAAAA', None, None]


def layer(name, kind, config=None, after='input', **more):
    """A layer of a functional model of Keras 2, called on the one before it."""
    return {'class_name': kind, 'name': name, 'config': {'name': name, **(config or {})},
            'inbound_nodes': [[[after, 0, 0, {}]]], **more}


CONV = layer('conv', 'Conv2D', {'filters': 2, 'kernel_size': [3, 3], 'padding': 'same',
                                'activation': 'softmax'})
KERNEL = {'conv': {'kernel:0': [3, 3, 1, 2], 'bias:0': [2]}}
OLD_KERNEL = {'conv': {'conv_W': [3, 3, 1, 2], 'conv_b': [2]}}


def model(*layers, **more):
    start = {'class_name': 'InputLayer', 'name': 'input', 'inbound_nodes': [],
             'config': {'name': 'input', 'batch_input_shape': [None, 16, 16, 1]}}
    return {'class_name': 'Functional',
            'config': {'name': 'model', 'layers': [start, *layers],
                       'input_layers': [['input', 0, 0]],
                       'output_layers': [[layers[-1]['name'], 0, 0]], **more}}


def of(*layers, weights=None, version='2.15.0', backend=None, **more):
    named = {'backend': backend} if backend else {}
    return {'version': version, 'config': model(*layers, **more), 'weights': weights or {}, **named}


def new_operation(name, module='keras.src.ops.numpy'):
    """A call of an operation of Keras 3."""
    tensor = {'class_name': '__keras_tensor__',
              'config': {'shape': [None, 16, 16, 1], 'keras_history': ['input', 0, 0]}}
    return {'module': module, 'class_name': name, 'name': 'op', 'config': {'name': 'op'},
            'inbound_nodes': [{'args': [tensor], 'kwargs': {}}]}


def changed(**config):
    one = copy.deepcopy(CONV)
    one['config'].update(config)
    return one


def called(one, **arguments):
    one['inbound_nodes'][0][0][3] = arguments
    return one


TRAINING = called(layer('drop', 'BatchNormalization'), training=True)

# name of the file, what it holds, the words of its message
CASES = [
    ('sound.h5', of(CONV, weights=KERNEL)),
    # layers that cannot be converted
    ('lambda.h5', of(layer('scale', 'Lambda', {'function': LAMBDA}))),
    ('custom.h5', of(layer('mine', 'MyLayer'))),
    ('registered.h5', of(layer('mine', 'Custom>MyLayer'))),
    ('module.keras', of(layer('mine', 'Conv2D', module='my_module'), version='3.1.0')),
    ('lstm.h5', of(layer('memory', 'LSTM'))),
    ('embedding.h5', of(layer('words', 'Embedding'))),
    ('local.h5', of(layer('local', 'LocallyConnected2D'))),
    ('foreign.h5', of(layer('torch', 'TorchModuleWrapper'))),
    ('text.h5', of(layer('text', 'TextVectorization'))),
    ('dot.h5', of(layer('dot', 'Dot'))),
    ('quantised.h5', of(changed(dtype={'class_name': 'QuantizedDTypePolicy',
                                       'config': {'name': 'int8_from_float32'}}))),
    ('subclassed.h5', {'config': {'class_name': 'NestedModel', 'config': {}}}),
    ('training.h5', of(TRAINING, weights={'drop': dict.fromkeys('abcd', [1])})),
    ('activation.h5', of(changed(activation='my_activation'), weights=KERNEL)),
    ('operation.h5', of(layer('tf.strange', 'TFOpLambda', {'function': 'strange.op'}))),
    ('operation.keras', of(new_operation('Strange'), version='3.1.0')),
    ('interpolation.h5', of(layer('up', 'UpSampling2D', {'interpolation': 'lanczos3'}))),
    ('antialias.h5', of(layer('resize', 'Resizing', {'height': 8, 'width': 8, 'antialias': True}))),
    ('histogram.h5', of(layer('contrast', 'AutoContrast'))),
    ('sound-layer.h5', of(layer('spectrum', 'STFTSpectrogram'))),
    ('argument.h5', of(called(layer('conv', 'Dropout'), mask=True))),
    ('option.h5', of(called(layer('sum', 'TFOpLambda', {'function': 'math.reduce_sum'}), dim=3))),
    ('operands.h5', of(called(layer('neg', 'TFOpLambda', {'function': 'math.negative'}), y=3))),
    ('mode.h5', of(layer('norm', 'BatchNormalization', {'axis': -1, 'mode': 1}), version='1.2.2',
                   weights={'norm': dict.fromkeys('abcd', [1])})),
    ('merge.h5', of(layer('merge', 'Merge', {'mode': 'cos'}), version='1.2.2')),
    # the backend: Theano mirrors kernels, and Keras 1 does not name it
    ('theano.h5', of(CONV, version='1.2.2', weights=OLD_KERNEL)),
    ('theano-unnamed.h5', of(CONV, version='1.2.2',
                             weights={'conv': {'param_0': [3, 3, 1, 2], 'param_1': [2]}})),
    ('theano-named.h5', of(CONV, version='1.2.2', weights=OLD_KERNEL, backend='theano')),
    ('theano-pixel.h5', of(changed(kernel_size=[1, 1]), version='1.2.2',
                           weights={'conv': {'conv_W': [1, 1, 1, 2], 'conv_b': [2]}})),
    ('theano-tensorflow.h5', of(CONV, version='1.2.2', weights=KERNEL)),
    ('theano-strides.h5', of(changed(strides=[2, 2]), weights=KERNEL, backend='theano')),
    ('theano-even.h5', of(changed(kernel_size=[2, 3]), backend='theano',
                          weights={'conv': {'kernel:0': [2, 3, 1, 2], 'bias:0': [2]}})),
    ('theano-pool.h5', of(layer('pool', 'MaxPooling2D', {'pool_size': [2, 2], 'padding': 'same'}),
                          backend='theano')),
    # weights and architecture
    ('weights.h5', {'weights': KERNEL}),
    ('count.h5', of(CONV, weights={'conv': {'kernel:0': [3, 3, 1, 2]}})),
    ('shape.h5', of(CONV, weights={'conv': {'kernel:0': [5, 3, 1, 2], 'bias:0': [2]}})),
    ('rank.h5', of(CONV, weights={'conv': {'kernel:0': [3, 3, 2], 'bias:0': [2]}})),
    ('missing.keras', of(CONV, version='3.1.0')),
    # a configuration that contradicts itself
    ('unconnected.h5', of({**CONV, 'inbound_nodes': [[['nobody', 0, 0, {}]]]}, weights=KERNEL)),
    ('circle.h5', of({**CONV, 'inbound_nodes': [[['conv', 0, 0, {}]]]}, weights=KERNEL)),
    ('call.h5', of({**CONV, 'inbound_nodes': [[['input', 7, 0, {}]]]}, weights=KERNEL)),
    ('twice.h5', of(CONV, CONV, weights=KERNEL)),
    ('ends.h5', of(CONV, weights=KERNEL, output_layers=[])),
    ('strides.h5', of(changed(strides=[0, 1]), weights=KERNEL)),
    ('empty.h5', {'config': {'class_name': 'Sequential', 'config': []}}),
]

# What is no Keras file, whatever its name says.
BYTES = [
    ('pointer.h5', b'version https://git-lfs.github.com/spec/v1\noid sha256:00\nsize 5\n'),
    ('noise.h5', b'\0' * 100),
]


def torch_file(path):
    with zipfile.ZipFile(path, 'w') as file:
        file.writestr('unet/data.pkl', b'')


def numpy_weights(path):
    keras_file.archive({'version': '3.15.0', 'config': model(CONV)}, path + '.all')
    with zipfile.ZipFile(path + '.all') as whole, zipfile.ZipFile(path, 'w') as file:
        for name in ('metadata.json', 'config.json'):
            file.writestr(name, whole.read(name))
        file.writestr('model.weights.npz', b'')


def other_hdf5(path):
    writer = keras_file.Writer()
    with open(path, 'wb') as file:
        file.write(writer.finish(writer.group({})))


def bad_json(path):
    writer = keras_file.Writer()
    config = keras_file.text_attribute('model_config', '{"class_name": NaN}')
    root = writer.group({'model_weights': writer.group({})}, [config])
    with open(path, 'wb') as file:
        file.write(writer.finish(root))


def damaged_member(path):
    """A bit of a stored member that is not what its CRC-32 says."""
    keras_file.write(of(CONV, version='3.1.0',
                        weights={'layers/conv2d/vars/0': [3, 3, 1, 2],
                                 'layers/conv2d/vars/1': [2]}), path)
    with open(path, 'r+b') as file:
        content = file.read()
        file.seek(content.index(b'\x89HDF') + 200)
        file.write(b'\xff')


MADE = [('torch.h5', torch_file), ('numpy.keras', numpy_weights), ('other.h5', other_hdf5),
        ('nan.h5', bad_json), ('crc.keras', damaged_member)]


def messages(program, path, *options):
    done = subprocess.run([program, 'inspect', path, *options], cwd=os.path.dirname(path),
                          capture_output=True, timeout=60)
    if done.returncode not in (0, 1, 2, 3, 4):
        return [f'{path}: status {done.returncode}: {done.stderr.decode()[-300:]}']
    errors, lines = False, []
    for line in done.stderr.decode().splitlines():
        if not line.startswith(' '):
            errors = line.startswith('error')
        if errors and not line.startswith('  rule:'):
            lines.append(line.replace(os.path.dirname(path) + '/', ''))
    return lines


def make_files(folder):
    for name, description in CASES:
        keras_file.write(description, os.path.join(folder, name))
        yield name
    for name, content in BYTES:
        with open(os.path.join(folder, name), 'wb') as file:
            file.write(content)
        yield name
    for name, make in MADE:
        make(os.path.join(folder, name))
        yield name


def check_config(program, folder):
    """--config brings the architecture for weights alone."""
    path = os.path.join(folder, 'config.json')
    with open(path, 'w', encoding='utf-8') as file:
        json.dump({**model(CONV), 'keras_version': '2.15.0', 'backend': 'tensorflow'}, file)
    return messages(program, os.path.join(folder, 'weights.h5'), '--config', path)


def main():
    parser = argparse.ArgumentParser()
    parser.add_argument('--czmodel', required=True)
    parser.add_argument('--update', action='store_true')
    asked = parser.parse_args()
    program = os.path.abspath(asked.czmodel)
    expected_file = os.path.join(os.path.dirname(os.path.abspath(__file__)), 'rejections.txt')
    with tempfile.TemporaryDirectory() as folder:
        lines = []
        for name in make_files(folder):
            lines += [f'== {name}', *messages(program, os.path.join(folder, name))]
        lines += ['== weights.h5 --config config.json', *check_config(program, folder)]
    if asked.update:
        with open(expected_file, 'w', encoding='utf-8') as file:
            file.write('\n'.join(lines) + '\n')
        return
    with open(expected_file, encoding='utf-8') as file:
        expected = file.read().splitlines()
    for line in sorted(set(lines) ^ set(expected)):
        print('now:' if line in lines else 'was:', line)
    print(f'{sum(line.startswith("==") for line in lines)} files')
    sys.exit(lines != expected)


if __name__ == '__main__':
    main()
