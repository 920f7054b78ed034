# SPDX-License-Identifier: Apache-2.0
"""Exports networks in the manner of TensorFlow 1: graph, session, builder.

    export_v1.py OUT_DIR [--only NAME...] [--list]

Runs in TensorFlow 1.15 and, through tf.compat.v1, in every 2.x; what it writes
is described in export.py.  Such models have no functions: the signature points
straight into one graph, which may still hold everything the training needed.
"""
import argparse
import collections
import os

# oneDNN of TensorFlow 2.15 keeps weights of reference variables from one
# session to the next: the answers of a second network in the same process are
# then wrong now and then.
os.environ.setdefault('TF_ENABLE_ONEDNN_OPTS', '0')

import export  # first: it sets the environment that TensorFlow reads
import numpy as np
import tensorflow as tf

import networks

v1 = tf.compat.v1
SIZE, CHANNELS, CLASSES = 16, 3, 3

# name     unique, also the folder
# build    build() -> Net, inside a fresh graph
# save     save(session, net, path), or None for the plain builder
# expect   "converts" or "refused"
# notes    why the row is here
Row = collections.namedtuple('Row', 'name build save expect notes')
ROWS = []

# x and y are the tensors of the signature; feed holds what else the session
# needs to compute y; answer is the tensor to compare with, if not y itself
# (where this machine cannot compute y); init is run before saving.
Net = collections.namedtuple('Net', 'x y feed answer extra')


def net(x, y, feed=None, answer=None, extra=None):
    return Net(x, y, feed or {}, y if answer is None else answer, extra or {})


def row(name, notes, save=None, expect='converts'):
    def enter(build):
        ROWS.append(Row(name, build, save, expect, notes))
        return build
    return enter


# --------------------------------------------- building blocks

def picture(height=SIZE, width=SIZE, batch=None):
    return v1.placeholder(tf.float32, [batch, height, width, CHANNELS],
                          name='picture')


def variable(name, shape, **more):
    return v1.get_variable(name, shape, tf.float32,
                           v1.zeros_initializer(), **more)


def conv(name, x, filters, size=3, activate=tf.nn.relu, **more):
    with v1.variable_scope(name):
        kernel = variable('kernel', [size, size, int(x.shape[-1]), filters],
                          **more)
        bias = variable('bias', [filters])
        y = tf.nn.conv2d(x, kernel, [1, 1, 1, 1], 'SAME')
        y = tf.nn.bias_add(y, bias)
        return activate(y) if activate else y


def head(x):
    return tf.nn.softmax(conv('last', x, CLASSES, 1, None), name='probs')


def batch_norm(name, x, training):
    """Batch normalisation as hand-written TF 1 code has it: a condition picks
    the statistics of the batch or the running ones."""
    depth = int(x.shape[-1])
    with v1.variable_scope(name):
        gamma, beta = variable('gamma', [depth]), variable('beta', [depth])
        mean = variable('moving_mean', [depth], trainable=False)
        variance = variable('moving_variance', [depth], trainable=False)
        batch = tf.nn.moments(x, [0, 1, 2])

        def learn():
            with tf.control_dependencies([
                    v1.assign(mean, mean * 0.9 + batch[0] * 0.1),
                    v1.assign(variance, variance * 0.9 + batch[1] * 0.1)]):
                return tf.identity(batch[0]), tf.identity(batch[1])
        used = v1.cond(training, learn, lambda: (mean + 0.0, variance + 0.0))
        return tf.nn.batch_normalization(x, used[0], used[1], beta, gamma,
                                         1e-3)


def fused_norm(name, x):
    depth = int(x.shape[-1])
    with v1.variable_scope(name):
        return v1.nn.fused_batch_norm(
            x, variable('gamma', [depth]), variable('beta', [depth]),
            variable('moving_mean', [depth], trainable=False),
            variable('moving_variance', [depth], trainable=False),
            is_training=False)[0]


def scope(**more):
    return v1.variable_scope('net', **more)


# --------------------------------------------- ways to save

def builder_save(session, made, path, saver=None, tags=('serve',), **more):
    builder = v1.saved_model.builder.SavedModelBuilder(path)
    builder.add_meta_graph_and_variables(
        session, list(tags), signature(made), saver=saver, **more)
    builder.save()


def signature(made):
    inputs = {'input_image': made.x}
    inputs.update(made.extra)
    return {'serving_default':
            v1.saved_model.signature_def_utils.predict_signature_def(
                inputs, {'probabilities': made.y})}


def simple_save(session, made, path):
    v1.saved_model.simple_save(session, path, {'input_image': made.x},
                               {'probabilities': made.y})


def sharded_save(session, made, path):
    builder_save(session, made, path, saver=v1.train.Saver(sharded=True))


def stripped_save(session, made, path):
    builder_save(session, made, path, strip_default_attrs=True,
                 clear_devices=True)


def two_graphs_save(session, made, path):
    """The same variables under a second, smaller set of tags."""
    builder = v1.saved_model.builder.SavedModelBuilder(path)
    builder.add_meta_graph_and_variables(session, ['train'], {})
    builder.add_meta_graph(['serve'], signature(made))
    builder.save()


def gpu_tags_save(session, made, path):
    builder_save(session, made, path, tags=('serve', 'gpu'))


def frozen_save(session, made, path):
    """Variables become constants first, as in a .pb file for deployment."""
    graph = v1.graph_util.convert_variables_to_constants(
        session, session.graph.as_graph_def(), [made.y.op.name])
    with tf.Graph().as_default():
        x, y = v1.import_graph_def(graph, name='', return_elements=[
            made.x.name, made.y.name])
        with v1.Session() as other:
            builder_save(other, net(x, y), path)


def asset_save(session, made, path):
    """A vocabulary file and a table that the picture never meets."""
    source = os.path.join(os.path.dirname(path), 'words.txt')
    with open(source, 'w') as stream:
        stream.write('cell\nnucleus\n')
    table = tf.lookup.StaticHashTable(tf.lookup.TextFileInitializer(
        source, tf.string, tf.lookup.TextFileIndex.WHOLE_LINE, tf.int64,
        tf.lookup.TextFileIndex.LINE_NUMBER), -1)
    table.lookup(tf.constant(['cell']))
    asset = tf.constant(source)
    v1.add_to_collection(v1.GraphKeys.ASSET_FILEPATHS, asset)
    builder_save(session, made, path, main_op=v1.tables_initializer(),
                 assets_collection=[asset])


# --------------------------------------------- the rows

def plain():
    x = picture()
    y = fused_norm('norm', conv('first', x, 8))
    return net(x, head(conv('second', tf.nn.relu(y), 8)))


@row('ref_variables', 'VariableV2', simple_save)
def ref_variables():
    with scope(use_resource=False):
        return plain()


@row('resource_variables', 'VarHandleOp in a version 1 graph', simple_save)
def resource_variables():
    with scope(use_resource=True):
        return plain()


def _partitioned(use_resource, parts=2):
    with scope(use_resource=use_resource, partitioner=v1.
               fixed_size_partitioner(parts, axis=0)):
        return plain()


row('partitioned_ref', 'slices of one tensor in the checkpoint')(
    lambda: _partitioned(False))
row('partitioned_resource', 'the same, resource variables')(
    lambda: _partitioned(True))
row('partitioned_three', 'slices of unequal size')(
    lambda: _partitioned(True, 3))
row('partitioned_sharded', 'slices and several data files', sharded_save)(
    lambda: _partitioned(False))
row('partitioned_frozen', 'slices that became constants', frozen_save)(
    lambda: _partitioned(False))


@row('sharded', 'several data files', sharded_save)
def sharded():
    with scope(use_resource=False):
        x = picture()
        with tf.device('/job:localhost/replica:0/task:0/device:CPU:0'):
            y = conv('first', x, 8)
        return net(x, head(y))


@row('stripped', 'default attributes left out', stripped_save)
def stripped():
    return plain()


@row('two_graphs', 'tags train and serve', two_graphs_save)
def two_graphs():
    return plain()


@row('gpu_tags', 'tags serve and gpu together', gpu_tags_save)
def gpu_tags():
    return plain()


@row('assets', 'assets folder, table and main_op', asset_save)
def assets():
    return plain()


@row('frozen', 'constants only: no variables folder', frozen_save)
def frozen():
    return plain()


def _cond_norm(x, training):
    y = tf.nn.relu(batch_norm('norm', conv('first', x, 8), training))
    return net(x, head(conv('second', y, 8)))


@row('cond_training', 'PlaceholderWithDefault picks the statistics')
def cond_training():
    training = v1.placeholder_with_default(False, [], name='is_training')
    return _cond_norm(picture(), training)


@row('cond_training_fed', 'the flag has no default and is in the signature')
def cond_training_fed():
    training = v1.placeholder(tf.bool, [], name='is_training')
    made = _cond_norm(picture(), training)
    return made._replace(feed={training: False},
                         extra={'is_training': training})


@row('cond_training_unfed', 'the flag has no default and no signature',
     expect='refused')
def cond_training_unfed():
    training = v1.placeholder(tf.bool, [], name='is_training')
    return _cond_norm(picture(), training)._replace(feed={training: False})


@row('cond_training_constant', 'the flag is a constant')
def cond_training_constant():
    return _cond_norm(picture(), tf.constant(False))


@row('cond_training_not', 'the flag is computed from the placeholder')
def cond_training_not():
    serving = v1.placeholder_with_default(True, [], name='serving')
    return _cond_norm(picture(), tf.logical_not(serving))


@row('cond_nested', 'a condition inside a condition, first version')
def cond_nested():
    x = picture()
    y = conv('first', x, 8)
    flag = v1.placeholder_with_default(False, [], name='flag')
    y = v1.cond(flag, lambda: y * 2.0, lambda: v1.cond(
        tf.logical_not(flag), lambda: y + 1.0, lambda: y - 1.0))
    return net(x, head(y))


@row('cond_data', 'Switch and Merge on the data')
def cond_data():
    x = picture()
    y = conv('first', x, 8)
    y = v1.cond(tf.reduce_mean(x) > 0.1, lambda: y * 2.0, lambda: y - 1.0)
    return net(x, head(y))


def _new_control_flow(build):
    """If and While with functions, instead of Switch, Merge and Enter."""
    v1.enable_control_flow_v2()
    try:
        return build()
    finally:
        v1.disable_control_flow_v2()


row('cond_data_v2', 'If in a version 1 graph')(
    lambda: _new_control_flow(cond_data))
@row('cond_training_v2', 'If on the flag')
def cond_training_v2():
    with scope(use_resource=True):
        return _new_control_flow(cond_training)




@row('while_loop', 'Enter, Exit, NextIteration')
def while_loop():
    x = picture()
    y = conv('first', x, 8)
    _, y = v1.while_loop(lambda i, t: i < 3,
                         lambda i, t: (i + 1, t * 0.5 + tf.reverse(t, [2])),
                         [tf.constant(0), y])
    return net(x, head(y))


row('while_loop_v2', 'While in a version 1 graph')(
    lambda: _new_control_flow(while_loop))


@row('map_fn', 'TensorArray in a loop')
def map_fn():
    x = picture()
    y = tf.map_fn(lambda t: t / (1.0 + tf.reduce_max(t)),
                  conv('first', x, 8))
    return net(x, head(y))


@row('dropout_keep', 'keep probability with a default of one')
def dropout_keep():
    x = picture()
    keep = v1.placeholder_with_default(1.0, [], name='keep_prob')
    y = conv('first', x, 8)
    noise = tf.floor(keep + tf.random.uniform(tf.shape(y)))
    return net(x, head(y / keep * noise))


@row('dropout_training', 'dropout inside a condition on the flag')
def dropout_training():
    x = picture()
    flag = v1.placeholder_with_default(False, [], name='is_training')
    y = conv('first', x, 8)
    y = v1.cond(flag, lambda: v1.nn.dropout(y, rate=0.5),
                lambda: tf.identity(y))
    return net(x, head(y))


@row('dropout_keep_fed', 'keep probability in the signature')
def dropout_keep_fed():
    x = picture()
    keep = v1.placeholder(tf.float32, [], name='keep_prob')
    y = conv('first', x, 8) * keep
    return net(x, head(y), {keep: 1.0}, extra={'keep_prob': keep})


@row('undefined', 'undefined sizes, transposed convolution')
def undefined():
    x = picture(None, None)
    y = tf.nn.max_pool2d(conv('first', x, 8), 2, 2, 'SAME')
    size = tf.shape(x)
    kernel = variable('up/kernel', [2, 2, 8, 8])
    y = tf.nn.conv2d_transpose(
        y, kernel, tf.stack([size[0], size[1], size[2], 8]), [1, 2, 2, 1])
    y.set_shape([None, None, None, 8])
    return net(x, head(y))


@row('input_default', 'the picture itself has a default value')
def input_default():
    x = v1.placeholder_with_default(
        np.zeros([1, SIZE, SIZE, CHANNELS], np.float32),
        [None, SIZE, SIZE, CHANNELS], name='picture')
    return net(x, head(conv('first', x, 8)))


@row('input_iterator', 'fed in place of an iterator: the signature cuts it')
def input_iterator():
    pictures = tf.data.Dataset.from_tensors(
        np.zeros([SIZE, SIZE, CHANNELS], np.float32)).batch(1)
    x = v1.data.make_one_shot_iterator(pictures).get_next()
    return net(x, head(conv('first', x, 8)))


@row('input_identity', 'the signature starts in the middle of the graph')
def input_identity():
    raw = v1.placeholder(tf.string, [], name='file')
    x = tf.reshape(tf.io.decode_raw(raw, tf.float32),
                   [-1, SIZE, SIZE, CHANNELS])
    x = tf.identity(x, name='decoded')
    return net(x, head(conv('first', x, 8)))


@row('training_graph', 'gradients, optimizer and its slots are still there')
def training_graph():
    made = plain()
    target = v1.placeholder(tf.float32, [None, SIZE, SIZE, CLASSES])
    loss = tf.reduce_mean(tf.square(made.y - target))
    step = v1.train.get_or_create_global_step()
    v1.train.AdamOptimizer().minimize(loss, step)
    return made


@row('moving_average', 'shadow variables beside the weights')
def moving_average():
    made = plain()
    v1.train.ExponentialMovingAverage(0.9).apply(v1.trainable_variables())
    return made


@row('assertions', 'Assert, Print and checks as control inputs')
def assertions():
    x = picture()
    y = conv('first', x, 8)
    with tf.control_dependencies([
            v1.assert_equal(tf.shape(x)[3], CHANNELS),
            tf.print('mean', tf.reduce_mean(y))]):
        y = tf.identity(y)
    return net(x, head(v1.check_numerics(y, 'not a number')))


@row('assign_in_path', 'the prediction changes a variable it reads',
     expect='refused')
def assign_in_path():
    x = picture()
    count = v1.get_variable('count', [], initializer=v1.ones_initializer(),
                            trainable=False, use_resource=False)
    return net(x, head(conv('first', x, 8) * v1.assign_add(count, 1.0)))


def _channels_first(x, order):
    """conv, bias, pool, normalisation in the given data format."""
    first = order == 'NCHW'
    stride = [1, 1, 2, 2] if first else [1, 2, 2, 1]
    with v1.variable_scope('planes', reuse=v1.AUTO_REUSE):
        y = tf.transpose(x, [0, 3, 1, 2]) if first else x
        y = v1.nn.conv2d(y, variable('kernel', [3, 3, CHANNELS, 8]),
                         [1, 1, 1, 1], 'SAME', data_format=order)
        y = tf.nn.relu(tf.nn.bias_add(y, variable('bias', [8]),
                                      data_format=order))
        y = v1.nn.max_pool(y, stride, stride, 'SAME', data_format=order)
        y = v1.nn.fused_batch_norm(
            y, variable('gamma', [8]), variable('beta', [8]),
            variable('moving_mean', [8], trainable=False),
            variable('moving_variance', [8], trainable=False),
            data_format=order, is_training=False)[0]
        y = tf.transpose(y, [0, 2, 3, 1]) if first else y
        y = tf.nn.conv2d(y, variable('last', [1, 1, 8, CLASSES]),
                         [1, 1, 1, 1], 'SAME')
        return tf.nn.softmax(y)


@row('channels_first', 'NCHW as for a graphics card: no CPU of 2.0.0 runs it')
def channels_first():
    x = picture()
    return net(x, _channels_first(x, 'NCHW'),
               answer=_channels_first(x, 'NHWC'))


@row('channels_first_input', 'planes already in the signature',
     expect='refused')
def channels_first_input():
    x = v1.placeholder(tf.float32, [None, CHANNELS, SIZE, SIZE])
    y = tf.transpose(_channels_first(tf.transpose(x, [0, 2, 3, 1]), 'NHWC'),
                     [0, 3, 1, 2])
    return net(x, y)


@row('called_function', 'tf.function called in a version 1 graph')
def called_function():
    x = picture()
    with scope(use_resource=True):
        square = tf.function(lambda t: t * t + 0.5)
        return net(x, head(square(conv('first', x, 8))))


@row('defun', 'an operation whose type is the name of a function')
def defun():
    from tensorflow.python.framework import function

    @function.Defun(tf.float32, func_name='half_and_one')
    def half_and_one(t):
        return t * 0.5 + 1.0
    x = picture()
    y = conv('first', x, 8)
    halved = half_and_one(y)
    halved.set_shape(y.shape)
    return net(x, head(halved))


@row('atrous', 'SpaceToBatchND around a convolution')
def atrous():
    x = picture()
    y = conv('first', x, 8)
    y = tf.nn.atrous_conv2d(y, variable('a/kernel', [3, 3, 8, 8]), 2, 'SAME')
    return net(x, head(y))


@row('resize_corners', 'align_corners')
def resize_corners():
    x = picture()
    y = tf.nn.max_pool2d(conv('first', x, 8), 2, 2, 'SAME')
    y = v1.image.resize_bilinear(y, [SIZE, SIZE], align_corners=True)
    return net(x, head(y))


@row('sigmoid_and_mask', 'boolean mask multiplied in')
def sigmoid_and_mask():
    x = picture()
    y = conv('first', x, 8)
    mask = tf.cast(tf.reduce_mean(x, 3, keepdims=True) > 0.2, tf.float32)
    return net(x, tf.sigmoid(conv('last', y * mask, 1, 1, None)))


# --------------------------------------------- running

def fill(session, seed_text):
    """Seeded values into every floating point variable; variable.load works
    for references and resources alike."""
    session.run(v1.global_variables_initializer())
    rng = np.random.RandomState(len(seed_text))
    for one in v1.global_variables():
        if one.dtype.base_dtype != tf.float32:
            continue
        # A part of a partitioned variable ends in part_N; its kind is before.
        kind = one.op.name.split('/part_')[0]
        one.load(networks.filler(kind)(rng, one.shape.as_list()), session)


def input_shape(tensor):
    sizes = tensor.shape.as_list() if tensor.shape.rank else [None] * 4
    return [n or o for n, o in zip(sizes[1:], (SIZE, SIZE + 8, CHANNELS))]


def reload_and_run(path, inputs, expected, feed=None):
    with tf.Graph().as_default(), v1.Session() as session:
        tags = ['serve', 'gpu'] if path.endswith('gpu_tags/model') \
            else ['serve']
        loaded = v1.saved_model.loader.load(session, tags, path)
        key = 'serving_default'
        infos = loaded.signature_def[key]
        feed = dict({infos.inputs['input_image'].name: inputs[0]},
                    **(feed or {}))
        name, info = sorted(infos.outputs.items())[0]
        result = session.run(info.name, feed)
        described = {
            label: {'shape': dims(one), 'dtype': tf.as_dtype(one.dtype).name}
            for label, one in infos.inputs.items()}
    return {'signature': key, 'inputs': described, 'outputs': [name],
            'reload_max_diff': export.gap(result, expected[0])}


def dims(info):
    return [n.size if n.size >= 0 else None for n in info.tensor_shape.dim]


def case(row, _keras, _how, folder):
    v1.reset_default_graph()
    with tf.Graph().as_default(), v1.Session() as session:
        made = row.build()
        fill(session, row.name)
        value = networks.sample(input_shape(made.x), row.name)
        inputs = [value.astype(made.x.dtype.as_numpy_dtype)]
        expected = [session.run(made.answer, merged(made, inputs[0]))]
        more = {tensor.name: value for tensor, value in made.feed.items()}
        save = row.save or builder_save
        return export.write_case(
            folder, row, inputs, expected,
            lambda path: save(session, made, path),
            {'how': 'version 1', 'classes': int(expected[0].shape[-1])},
            lambda *args: reload_and_run(*args, feed=more))


def merged(made, value):
    feed = {made.x: value}
    feed.update(made.feed)
    return feed


def options(arguments):
    parser = argparse.ArgumentParser(description=__doc__.split('\n')[0])
    parser.add_argument('out_dir', nargs='?')
    parser.add_argument('--only', nargs='+', metavar='NAME')
    parser.add_argument('--list', action='store_true')
    parsed = parser.parse_args(arguments)
    if not parsed.list and not parsed.out_dir:
        parser.error('OUT_DIR is missing')
    return parsed


def main(arguments=None):
    asked = options(arguments)
    chosen = [one for one in ROWS if not asked.only or one.name in asked.only]
    if asked.list:
        for one in chosen:
            print('%s\t%s\t%s' % (one.name, one.expect, one.notes))
        return
    v1.disable_v2_behavior()
    for one in chosen:
        status, remark = export.run(case, one, None, None,
                                    os.path.join(asked.out_dir, one.name))
        print('%s\t%s\t%s' % (status, one.name, remark), flush=True)


if __name__ == '__main__':
    main()
