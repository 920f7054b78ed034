# SPDX-License-Identifier: Apache-2.0
"""The exact message for each Keras file that is rejected, and what becomes of damaged ones.

    rejections.py --czmodel PROGRAM [--update]

The files are made here (keras_file.py). --update writes rejections.txt instead of comparing it. Each message in the
sources (messages.py) must be among them.
"""
import argparse
import copy
import json
import os
import subprocess
import sys
import tempfile
import zipfile

sys.path.insert(0, os.path.join(os.path.dirname(os.path.dirname(os.path.abspath(__file__))), 'lib'))
import expected  # noqa: E402
import keras_file  # noqa: E402
import messages as sources  # noqa: E402

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


TENSOR = {'class_name': '__keras_tensor__',
          'config': {'shape': [None, 16, 16, 1], 'keras_history': ['input', 0, 0]}}


def new_operation(name, config=None, args=(TENSOR,), **arguments):
    """A call of an operation of Keras 3."""
    return {'module': 'keras.src.ops.numpy', 'class_name': name, 'name': 'op',
            'config': {'name': 'op', **(config or {})},
            'inbound_nodes': [{'args': list(args), 'kwargs': arguments}]}


def new(name, *more, **arguments):
    return of(new_operation(name, *more, **arguments), version='3.1.0')


def old(function, **arguments):
    """A file with a call of an operation of Keras 2."""
    return of(called(layer('op', 'TFOpLambda', {'function': function}), **arguments))


def in_sequence(function):
    """A file whose Sequential calls an operation of Keras 2, without arguments."""
    start = layer('input', 'InputLayer', {'batch_input_shape': [None, 16, 16, 1]})
    return {'config': {'class_name': 'Sequential', 'config': {'layers': [
        start, layer('op', 'TFOpLambda', {'function': function})]}}}


def node(op='Neg', inputs=('input',), attributes=None, constants=None):
    """A file with an operation as early tf.keras stores it."""
    return of(layer('op', 'TensorFlowOpLayer', {
        'node_def': {'op': op, 'input': list(inputs), 'attr': attributes or {}},
        'constants': constants or {}}))


def open_input(*layers, shape=(None, None, None, 3), **more):
    """A network of an input of other sizes."""
    file = of(*layers, **more)
    file['config']['config']['layers'][0]['config']['batch_input_shape'] = list(shape)
    return file


def changed(**config):
    one = copy.deepcopy(CONV)
    one['config'].update(config)
    return one


def called(one, **arguments):
    one['inbound_nodes'][0][0][3] = arguments
    return one


DEEP = CONV
for _ in range(20):
    DEEP = layer('deep', 'Functional', model(DEEP)['config'])
SECOND = {'class_name': 'InputLayer', 'name': 'second', 'inbound_nodes': [],
          'config': {'name': 'second', 'batch_input_shape': [None, 16, 16, 1]}}
STEPS = {'kernel:0': [3, 3, 1, 8], 'recurrent_kernel:0': [3, 3, 2, 8], 'bias:0': [8]}
HEADS = {f'{name}:{kind}': dims for name in 'qkv' for kind, dims in (('0', [1, 1, 1]), ('1', [1, 1]))}
HEADS.update({'o:0': [1, 1, 1], 'o:1': [1]})
LOCAL = {'local': {'kernel:0': [196, 9, 2], 'bias:0': [14, 14, 2]}}
CLAHE = 'ContrastLimitedAdaptiveHistogramEqualization'
TRAINING = called(layer('drop', 'BatchNormalization'), training=True)

# name of the file, its contents, the words of its message
CASES = [
    ('sound.h5', of(CONV, weights=KERNEL)),
    # layers that cannot be converted
    ('lambda.h5', of(layer('scale', 'Lambda', {'function': LAMBDA}))),
    ('custom.h5', of(layer('mine', 'MyLayer'))),
    ('registered.h5', of(layer('mine', 'Custom>MyLayer'))),
    ('module.keras', of(layer('mine', 'Conv2D', module='my_module'), version='3.1.0')),
    ('quantised.h5', of(changed(dtype={'class_name': 'QuantizedDTypePolicy',
                                       'config': {'name': 'int8_from_float32'}}))),
    ('subclassed.h5', {'config': {'class_name': 'NestedModel', 'config': {}}}),
    ('training.h5', of(TRAINING, weights={'drop': dict.fromkeys('abcd', [1])})),
    ('activation.h5', of(changed(activation='my_activation'), weights=KERNEL)),
    ('operation.h5', of(layer('tf.strange', 'TFOpLambda', {'function': 'strange.op'}))),
    ('operation.keras', of(new_operation('Strange'), version='3.1.0')),
    ('interpolation.h5', of(layer('up', 'UpSampling2D', {'interpolation': 'strange'}))),
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
    ('tensor.h5', of({**CONV, 'inbound_nodes': [[['input', 0, 7, {}]]]}, weights=KERNEL)),
    ('call.h5', of({**CONV, 'inbound_nodes': [[['input', 7, 0, {}]]]}, weights=KERNEL)),
    ('twice.h5', of(CONV, CONV, weights=KERNEL)),
    ('ends.h5', of(CONV, weights=KERNEL, output_layers=[])),
    ('strides.h5', of(changed(strides=[0, 1]), weights=KERNEL)),
    ('class.h5', of(layer('nothing', ''))),
    ('deep.h5', of(DEEP)),
    ('absent.h5', of(CONV, weights={'conv': {'kernel:0': 'absent', 'bias:0': [2]}})),
    ('unused.h5', of(CONV, {**CONV, 'name': 'loose', 'inbound_nodes': []},
                     weights={**KERNEL, 'loose': KERNEL['conv']})),
    ('inputs.h5', of(layer('inner', 'Functional', model(CONV, input_layers=[['input', 0, 0]] * 2)['config']),
                     weights={'inner': KERNEL['conv']})),
    ('input.h5', of({**CONV, 'inbound_nodes': [[]]}, weights=KERNEL)),
    ('two-outputs.h5', of(CONV, weights=KERNEL, output_layers=[['conv', 0, 0], ['input', 0, 0]])),
    ('two-inputs.h5', of({**layer('sum', 'Add'), 'inbound_nodes': [[['input', 0, 0, {}], ['second', 0, 0, {}]]]},
                         SECOND, input_layers=[['input', 0, 0], ['second', 0, 0]],
                         output_layers=[['sum', 0, 0]])),
    ('shapeless.h5', {'config': {'class_name': 'Sequential', 'config': {'layers': [layer('relu', 'ReLU')]}}}),
    ('text.json.h5', {'config': []}),
    # arguments of layers
    ('word.h5', of(changed(activation=3), weights=KERNEL)),
    ('prelu.h5', of(changed(activation={'class_name': 'PReLU', 'config': {}}), weights=KERNEL)),
    ('sparsemax.h5', open_input(layer('act', 'Activation', {'activation': 'sparsemax'}),
                                shape=(None, 8, 8, None))),
    ('padding.h5', of(changed(padding='full'), weights=KERNEL)),
    ('axis.h5', of(layer('soft', 'Softmax', {'axis': 7}))),
    ('join.h5', of(layer('join', 'Concatenate', {'axis': 9}))),
    ('rms.h5', of(layer('norm', 'RMSNormalization', {'axis': [1]}), weights={'norm': {'scale': [16]}})),
    ('rank.keras.h5', open_input(layer('soft', 'Softmax', {'axis': 1}), shape=())),
    ('heads.h5', of(layer('heads', 'MultiHeadAttention', {'key_dim': 1, 'num_heads': 1}), weights={'heads': HEADS})),
    ('pixels.h5', open_input(layer('heads', 'MultiHeadAttention', {'key_dim': 1, 'num_heads': 1, 'attention_axes': [2]}),
                             shape=(None, 8, 1), weights={'heads': HEADS})),
    ('window.h5', open_input(layer('heads', 'MultiHeadAttention', {'key_dim': 1, 'num_heads': 1, 'sliding_window': 3}),
                             shape=(None, 8, 1), weights={'heads': HEADS})),
    ('dot.h5', of(layer('dot', 'Dot', {'axes': 1}))),
    ('key.h5', open_input(layer('heads', 'MultiHeadAttention', {'key_dim': 0, 'num_heads': 1}), shape=(None, 8, 1),
                          weights={'heads': HEADS})),
    ('wrapper.h5', of(layer('times', 'TimeDistributed', {'layer': None}))),
    ('times.h5', open_input(layer('times', 'TimeDistributed', {'layer': layer('relu', 'ReLU')}), shape=(None, 8))),
    ('groups.h5', of(layer('norm', 'GroupNormalization', {'groups': 3, 'axis': -1}),
                     weights={'norm': {'gamma:0': [1], 'beta:0': [1]}})),
    ('statistics.h5', of(layer('norm', 'Normalization', {'axis': [1, 2], 'mean': [1, 2], 'variance': [1, 2]}))),
    ('scale.h5', of(layer('scale', 'Rescaling', {'scale': 'much'}))),
    ('scale16.h5', of(layer('scale', 'Rescaling', {'scale': [1, 'x']}))),
    ('contrast.h5', of(layer('contrast', 'AutoContrast', {'value_range': [1, 0]}))),
    ('clahe.h5', open_input(layer('contrast', CLAHE, {}))),
    ('clahe-tiles.h5', open_input(layer('contrast', CLAHE, {'tile_grid_size': [4000, 4000]}), shape=(None, 4000, 4000, 1))),
    ('clahe-small.h5', open_input(layer('contrast', CLAHE, {'tile_grid_size': [8, 8]}), shape=(None, 3, 8, 1))),
    ('borders.h5', of(layer('pad', 'ZeroPadding2D', {'padding': [1, 2, 3]}))),
    ('size.h5', open_input(layer('crop', 'CenterCrop', {'height': 8, 'width': 8}))),
    ('height.h5', of(layer('resize', 'Resizing', {'height': 0, 'width': 8}))),
    ('target.h5', of(layer('reshape', 'Reshape', {'target_shape': ['a']}))),
    ('dims.h5', of(layer('permute', 'Permute', {'dims': [1, 2]}))),
    ('empty-kernel.h5', of(CONV, weights={'conv': {'kernel:0': [3, 3, 0, 2], 'bias:0': [2]}})),
    ('rest.h5', of(layer('up', 'Conv2DTranspose', {'kernel_size': [3, 3], 'output_padding': [1, 2, 3]}),
                   weights={'up': {'kernel:0': [3, 3, 2, 1], 'bias:0': [2]}})),
    ('far.h5', of(layer('up', 'Conv2DTranspose', {'kernel_size': [3, 3], 'strides': [2000000000, 1]}),
                   weights={'up': {'kernel:0': [3, 3, 2, 1], 'bias:0': [2]}})),
    ('flat.h5', open_input(layer('up', 'Conv2DTranspose', {'kernel_size': [3, 3]}), shape=(None, 8),
                           weights={'up': {'kernel:0': [3, 3, 2, 1], 'bias:0': [2]}})),
    ('local.h5', of(layer('local', 'LocallyConnected2D', {'kernel_size': [3, 3], 'implementation': 2}), weights=LOCAL)),
    ('local-rank.h5', open_input(layer('local', 'LocallyConnected2D', {'kernel_size': [3, 3]}), shape=(None, 8), weights=LOCAL)),
    ('local-kernel.h5', of(layer('local', 'LocallyConnected2D', {'kernel_size': [2, 2]}), weights=LOCAL)),
    ('pool.h5', open_input(layer('pool', 'AdaptiveMaxPooling2D', {'output_size': 2}))),
    ('steps.h5', open_input(layer('steps', 'ConvLSTM2D', {'kernel_size': [3, 3]}), shape=(None, None, 8, 8, 1),
                            weights={'steps': STEPS})),
    ('stateful.h5', open_input(layer('steps', 'ConvLSTM2D', {'kernel_size': [3, 3], 'stateful': True}),
                               shape=(None, 2, 8, 8, 1), weights={'steps': STEPS})),
    # operations between layers
    ('node-form.h5', of(layer('op', 'TensorFlowOpLayer', {'node_def': 'nothing'}))),
    ('node-op.h5', node('Strange')),
    ('node-attribute.h5', node(attributes={'T': {'tensor': {}}})),
    ('node-input.h5', node('AddV2', ('input', 'other'))),
    ('node-constant.h5', node('AddV2', ('input', 'other'), {'T': {'type': 'DT_FLOAT'}}, {'1': ['a']})),
    ('operand.h5', old('math.add', y='much')),
    ('operand.keras', new('Add', None, [TENSOR, 'much'])),
    ('constant.h5', of(layer('cast', 'TFOpLambda', {'function': 'cast', 'dtype': 'uint8'}),
                       called(layer('op', 'TFOpLambda', {'function': 'math.add'}, 'cast'), y=1e30))),
    ('rank-unknown.h5', of(layer('op', 'TensorFlowOpLayer', {'node_def': {
        'op': 'ParseTensor', 'input': ['input'], 'attr': {'out_type': {'type': 'DT_FLOAT'}}}}), layer('soft', 'Softmax', {'axis': 1}, 'op'))),
    ('no-input.keras', new('Add', None, [1, 2])),
    ('parts.h5', open_input(called(layer('op', 'TFOpLambda', {'function': 'split'}), num_or_size_splits=[]))),
    ('unstack.h5', open_input(called(layer('op', 'TFOpLambda', {'function': 'unstack'}), axis=1))),
    ('indices.h5', old('gather', indices=['a'])),
    ('indices-in-sequence.h5', in_sequence('gather')),
    ('slice.keras', new('GetItem', None, [TENSOR, [{'class_name': '__slice__',
                                                    'config': {'start': 'a', 'stop': None, 'step': None}}]])),
    ('shape.keras', new('Reshape', {'newshape': ['a']})),
    ('order.keras', new('Transpose', {'axes': [0, 1]})),
    ('move.keras', new('Moveaxis', {'source': [1, 2], 'destination': [2, 1]})),
    ('repeat.keras', new('Repeat', {'repeats': [1, 2], 'axis': 1})),
    ('roll.keras', new('Roll', {'shift': [1, 2], 'axis': [1, 2]})),
    ('tile.keras', new('Tile', {'repeats': [2]})),
    ('pad.keras', new('Pad', {'pad_width': [1, 2]})),
    ('pad-mode.keras', new('Pad', {'pad_width': [[0, 0]] * 4, 'mode': 'edge'})),
    ('resize.keras', new('Resize', {'size': [1]})),
    ('aspect.keras', new('Resize', {'size': [8, 8], 'crop_to_aspect_ratio': True})),
    ('einsum.keras', new('Einsum')),
    ('einsum-constant.keras', new('Einsum', {'subscripts': 'ab,bc->ac'}, [TENSOR, [1, 2]])),
    ('module-lost.h5', of({'class_name': 'Multiply', 'name': 'op', 'config': {'name': 'op'},
                           'inbound_nodes': [{'args': [TENSOR, 2.0], 'kwargs': {}}]}, version='3.1.0')),
    ('constant-layer.keras', of({**layer('times', 'Multiply', {'dtype': 'float32'}, module='keras.layers'),
                                 'inbound_nodes': [{'args': [TENSOR, 2.0], 'kwargs': {}}]}, version='3.1.0')),
    ('window.keras', new('MaxPool', {'pool_size': [1, 2, 3]})),
    ('type.h5', old('shape', out_type='int64')),
    ('alpha.keras', new('Celu', {'alpha': -1})),
    ('argmax.keras', new('Argmax')),
    ('cumsum.keras', new('Cumsum')),
    ('bounds.keras', new('Clip', {'x_min': 'a', 'x_max': 1})),
    ('norm.keras', new('Normalize', {'order': 1})),
    ('cast.keras', new('Cast', {'dtype': 'strange'})),
    ('empty.h5', {'config': {'class_name': 'Sequential', 'config': []}}),
]

# Files that are no Keras files, in spite of their names.
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


def cut_hdf5(path):
    keras_file.write(of(CONV, weights=KERNEL), path)
    with open(path, 'r+b') as file:
        file.truncate(os.path.getsize(path) - 1)


def without_weights(path):
    writer = keras_file.Writer()
    config = keras_file.text_attribute('model_config', json.dumps(model(CONV)))
    with open(path, 'wb') as file:
        file.write(writer.finish(writer.group({}, [config])))


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


MADE = [('torch.h5', torch_file), ('numpy.keras', numpy_weights), ('other.h5', other_hdf5), ('cut.h5', cut_hdf5),
        ('no-weights.h5', without_weights),
        ('nan.h5', bad_json), ('crc.keras', damaged_member)]


def messages(program, path, *options):
    done = subprocess.run([program, 'inspect', path, *options], cwd=os.path.dirname(path),
                          capture_output=True, timeout=60)
    if done.returncode not in (0, 1, 2, 3, 4):
        return [f'{path}: status {done.returncode}: {done.stderr.decode()[-300:]}']
    return expected.errors_of(done.stderr.decode(), os.path.dirname(path))


def make_files(folder):
    refused = [(f'class-{name}.h5', of(layer('one', name))) for name in sources.rejected_classes()]
    for name, description in CASES + refused:
        keras_file.write(description, os.path.join(folder, name))
        yield name
    for name, content in BYTES:
        with open(os.path.join(folder, name), 'wb') as file:
            file.write(content)
        yield name
    for name, make in MADE:
        make(os.path.join(folder, name))
        yield name


def check_config(program, path, told):
    """--config brings the architecture for weights alone."""
    config = os.path.join(os.path.dirname(path), 'config.json')
    with open(config, 'w', encoding='utf-8') as file:
        json.dump({**model(CONV), **told}, file)
    return messages(program, path, '--config', config)


def new_weights(path):
    """As model.save_weights of Keras 3, without a version."""
    writer = keras_file.Writer()
    paths = {f'layers/conv2d/vars/{i}': writer.dataset(dims) for i, dims in enumerate(([3, 3, 1, 2], [2]))}
    with open(path, 'wb') as file:
        file.write(writer.finish(writer.group(keras_file.nested(writer, paths))))


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
        lines += ['== weights.h5 --config config.json', *check_config(program, os.path.join(folder, 'weights.h5'), {
            'keras_version': '2.15.0', 'backend': 'tensorflow'})]
        path = os.path.join(folder, 'new.weights.h5')
        new_weights(path)
        lines += ['== new.weights.h5 --config config.json', *check_config(program, path, {})]
        lines += ['== weights.h5 --config missing.json',
                  *messages(program, os.path.join(folder, 'weights.h5'), '--config', 'missing.json')]
        lines += ['== sound.h5 --output other',
                  *messages(program, os.path.join(folder, 'sound.h5'), '--output', 'other')]
    is_other = expected.differ(lines, expected_file, asked.update)
    missing = list(sources.unprovoked(lines))
    for message in missing:
        print('no file provokes', message)
    print(f'{sum(line.startswith("==") for line in lines)} files')
    sys.exit(is_other or bool(missing))


if __name__ == '__main__':
    main()
