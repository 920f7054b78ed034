# SPDX-License-Identifier: Apache-2.0
"""Exports a network around each operation that the tables of networks.py and export_v1.py leave out, and those of sweep.py.

    export_ops.py FOLDER [--only TEXT]

Run by a Python with TensorFlow 2. Writes FOLDER/NAME/{model,input.npy,expected.npy}, as run.py beside this
file reads them. The input has 4 channels and values of -1 to 1, and here 8 x 6 pixels.
"""
import argparse
import os

os.environ.setdefault('TF_CPP_MIN_LOG_LEVEL', '3')

import numpy as np
import tensorflow as tf

import sweep

SHAPE = 8, 6, 4
raw, v1 = tf.raw_ops, tf.compat.v1


def ints(x, low=-20, high=20):
    """The picture as whole numbers."""
    return tf.cast(tf.floor((x + 1) / 2 * (high - low) + low), tf.int32)


def positive(x):
    return tf.abs(x) + 0.1


def flat(x):
    return tf.reshape(x, [-1])


def transposed(x, size, kernel, padding):
    """A transposed convolution whose height is computed."""
    weights = np.random.RandomState(3).normal(size=[kernel, kernel, 3, 4]).astype(np.float32)
    height = size + tf.cast(tf.reduce_max(x) > 9, tf.int32)
    return tf.nn.conv2d_transpose(x, weights, [1, height, 12, 3], 2, padding)


def number(x):
    return tf.cast(x, tf.float32)


OPS = {
    # each element for itself
    'acosh': lambda x: tf.acosh(1 + positive(x)),
    'asin': tf.asin,
    'asinh': tf.asinh,
    'atanh': lambda x: tf.atanh(x * 0.9),
    'cosh': tf.cosh,
    'tan': tf.tan,
    'erfc': tf.math.erfc,
    'expm1': tf.math.expm1,
    'log1p': lambda x: tf.math.log1p(positive(x)),
    'rint': lambda x: tf.math.rint(x * 3),
    'round_halves': lambda x: tf.round(number(ints(x)) * 0.5),
    'sign_int': lambda x: number(tf.sign(ints(x))),
    'abs_int': lambda x: number(tf.abs(ints(x))),
    'neg_int': lambda x: number(-ints(x)),
    'relu_int': lambda x: number(tf.nn.relu(ints(x))),
    'square_int': lambda x: number(tf.square(ints(x))),
    'is_nan': lambda x: number(tf.math.is_nan(tf.math.log(x))),
    'is_inf': lambda x: number(tf.math.is_inf(1 / tf.nn.relu(x))),
    'is_finite': lambda x: number(tf.math.is_finite(1 / tf.nn.relu(x))),
    'ones_like': lambda x: x + tf.ones_like(x) - tf.zeros_like(x),
    'atan2': lambda x: tf.atan2(x, x[:, ::-1]),
    'atan2_axes': lambda x: tf.atan2(tf.round(x), tf.round(x[:, ::-1])),
    'floor_div_int': lambda x: number(ints(x) // 7 + ints(x) // -3),
    'truncate_div': lambda x: tf.truncatediv(x, 0.3),
    'floor_mod_int': lambda x: number(ints(x) % 7 + ints(x) % -3),
    'truncate_div_int': lambda x: number(tf.truncatediv(ints(x), 7)),
    'truncate_mod_int': lambda x: number(tf.truncatemod(ints(x), 7)),
    'floor_div': lambda x: x // 0.3,
    'truncate_mod': lambda x: tf.truncatemod(x, 0.3),
    'uint8_sum': lambda x: number(tf.cast(ints(x, 0, 200), tf.uint8)
                                  + tf.cast(ints(x, 0, 200), tf.uint8)),
    'int16_product': lambda x: number(tf.cast(ints(x), tf.int16) * tf.cast(ints(x), tf.int16)),
    'int64_compare': lambda x: number(tf.cast(ints(x), tf.int64) > 3),
    'uint8_compare': lambda x: number(tf.cast(ints(x, 0, 200), tf.uint8) <= 77),
    'uint8_maximum': lambda x: number(tf.maximum(tf.cast(ints(x, 0, 200), tf.uint8), 77)),
    'bool_equal': lambda x: number(tf.equal(x > 0, x < 0.5)),
    'bool_not_equal': lambda x: number(tf.not_equal(x > 0, x < 0.5)),
    'logical_xor': lambda x: number(tf.math.logical_xor(x > 0, x < 0.5)),
    'not_equal': lambda x: number(tf.not_equal(ints(x), 3)),
    'pow': lambda x: positive(x) ** x,
    'pow_int': lambda x: number(ints(x) ** 3),
    'div_no_nan': lambda x: tf.math.divide_no_nan(x, tf.nn.relu(x)),
    'mul_no_nan': lambda x: tf.math.multiply_no_nan(1 / tf.nn.relu(x), tf.nn.relu(x)),
    'xdivy': lambda x: tf.math.xdivy(tf.nn.relu(x), tf.nn.relu(x)),
    'xlogy': lambda x: tf.math.xlogy(tf.nn.relu(x), tf.nn.relu(x)),
    'xlog1py': lambda x: tf.math.xlog1py(tf.nn.relu(x), tf.nn.relu(x)),
    'approximate': lambda x: number(raw.ApproximateEqual(x=x, y=x[:, ::-1], tolerance=0.3)),
    'accumulate': lambda x: raw.AccumulateNV2(inputs=[x, x, x], shape=[1, *SHAPE]),
    'clip_rows': lambda x: tf.clip_by_value(x, -0.1, tf.abs(x[:, :1])),
    'cast_truncates': lambda x: number(tf.cast(x * 5, tf.int32)),
    'cast_bool': lambda x: number(tf.cast(ints(x), tf.bool)),
    'cast_uint8': lambda x: number(tf.cast(positive(x) * 100, tf.uint8)),
    'select_rows': lambda x: raw.Select(condition=[True], x=x, y=-x),
    'select_scalar': lambda x: tf.where(tf.reduce_mean(x) > 0, x, -x),
    'select_broadcast': lambda x: tf.where(x[..., :1] > 0, x, [1., 2., 3., 4.]),
    'bias_vector': lambda x: tf.nn.bias_add(x, [1., 2., 3., 4.]),
    'selu': tf.nn.selu,
    'elu': tf.nn.elu,
    'softsign': tf.nn.softsign,
    'relu6': lambda x: tf.nn.relu6(x * 9),
    'gelu_beside_its_half': lambda x: tf.nn.gelu(x, True) + 0.5 * x,
    'gelu_of_both_kinds': lambda x: tf.nn.gelu(x, True) + tf.nn.gelu(x),
    'gelu': lambda x: 0.5 * x * (1 + tf.math.erf(x / 1.4142135)),
    'bitwise_not': lambda x: number(tf.bitwise.invert(ints(x))),
    'bitwise_and': lambda x: number(tf.bitwise.bitwise_and(ints(x), 13)),
    'fake_quant_vars': lambda x: tf.quantization.fake_quant_with_min_max_vars(
        x, tf.constant(-0.5), tf.constant(0.8), num_bits=4),
    'fake_quant_channels': lambda x: tf.quantization.fake_quant_with_min_max_vars_per_channel(
        x, [-1., -.5, 0., -.1], [1., .5, 2., .9], num_bits=8, narrow_range=True),
    # colours
    'adjust_contrast': lambda x: tf.image.adjust_contrast(x, 1.5),
    'adjust_saturation': lambda x: tf.image.adjust_saturation(positive(x[..., :3]), 0.7),
    'adjust_hue': lambda x: tf.image.adjust_hue(positive(x[..., :3]), 0.2),
    'rgb_to_hsv': lambda x: tf.image.rgb_to_hsv(positive(x[..., :3])),
    'hsv_to_rgb': lambda x: tf.image.hsv_to_rgb(tf.clip_by_value(positive(x[..., :3]), 0, 1)),
    'rgb_to_grayscale': lambda x: tf.image.rgb_to_grayscale(x[..., :3]),
    'rgb_to_yuv': lambda x: tf.image.rgb_to_yuv(x[..., :3]),
    # along axes
    'sum_int': lambda x: number(tf.reduce_sum(ints(x), [1])),
    'sum_all': lambda x: x + tf.reduce_sum(x),
    'sum_nothing': lambda x: raw.Sum(input=x, axis=tf.constant([], tf.int32)),
    'max_uint8': lambda x: number(tf.reduce_max(tf.cast(ints(x, 0, 200), tf.uint8), [1])),
    'mean_channels': lambda x: tf.reduce_mean(x, -1, True),
    'mean_middle': lambda x: tf.reduce_mean(x, [1, 3]),
    'any': lambda x: number(tf.reduce_any(x > 0.5, [1, 2], True)),
    'all': lambda x: number(tf.reduce_all(x > -0.9, [3])),
    'prod': lambda x: tf.reduce_prod(x, 2),
    'euclidean_norm_nothing': lambda x: raw.EuclideanNorm(input=x, axis=tf.constant([], tf.int32)),
    'euclidean_norm': lambda x: tf.math.reduce_euclidean_norm(x, [1, 2]),
    'logsumexp': lambda x: tf.reduce_logsumexp(x, 3),
    'variance': lambda x: tf.math.reduce_variance(x, [1, 2], True),
    'l2_loss': lambda x: x + tf.nn.l2_loss(x),
    'l2_normalize': lambda x: tf.math.l2_normalize(x, 3),
    'argmin': lambda x: number(tf.argmin(x, 2, tf.int32)),
    'argmax_int': lambda x: number(tf.argmax(ints(x), 1)),
    'cumsum': lambda x: tf.cumsum(x, 1, exclusive=True, reverse=True),
    'cumsum_int': lambda x: number(tf.cumsum(ints(x), 2)),
    'cumprod': lambda x: tf.math.cumprod(x, 3),
    'cumulative_logsumexp': lambda x: tf.math.cumulative_logsumexp(x, 1),
    'top_k_places': lambda x: number(tf.math.top_k(x, 2)[1]),
    'top_k_int': lambda x: number(tf.math.top_k(ints(x), 2)[0]),
    'in_top_k': lambda x: number(tf.math.in_top_k([1], x[:, 0, 0], 2)),
    'softmax_int_axis': lambda x: tf.nn.softmax(x, 1),
    'log_softmax': tf.nn.log_softmax,
    'segment_sum': lambda x: tf.math.unsorted_segment_sum(x[0], [0, 1, 0, 2, 2, 1, 0, 3], 4),
    'segment_max': lambda x: tf.math.unsorted_segment_max(x[0], [0, 1, 0, 2, 2, 1, 0, 3], 4),
    'segment_mean': lambda x: tf.math.segment_mean(x[0], [0, 0, 0, 1, 1, 2, 2, 2]),
    'bucketize': lambda x: number(raw.Bucketize(input=x, boundaries=[-.5, 0., .5])),
    # the same numbers elsewhere
    'rank': lambda x: x + number(tf.raw_ops.Rank(input=x)),
    'shape_n': lambda x: x + number(raw.ShapeN(input=[x, x])[1][2]),
    'linspace': lambda x: x + tf.linspace(0., tf.reduce_mean(x), 4),
    'range_float': lambda x: x + tf.range(0., 2., 0.5),
    'fill': lambda x: x + tf.fill(tf.shape(x), 0.5),
    'broadcast_to': lambda x: tf.broadcast_to(x[:, :1], tf.shape(x)) + x,
    'broadcast_args': lambda x: tf.broadcast_to(x[:, :1], tf.broadcast_dynamic_shape(
        tf.shape(x[:, :1]), tf.shape(x))),
    'tile': lambda x: tf.tile(x, [1, 2, 1, 3]),
    'roll_far': lambda x: tf.roll(x, [-11, 2], [1, 3]),
    'reverse_sequence': lambda x: tf.reverse_sequence(x, [3], seq_axis=1, batch_axis=0),
    'reverse_sequence_far': lambda x: tf.reverse_sequence(x, [2], seq_axis=2, batch_axis=0),
    'mirror_symmetric': lambda x: tf.pad(x, [[0, 0], [2, 3], [1, 0], [0, 0]], 'SYMMETRIC'),
    'mirror_reflect': lambda x: tf.pad(x, [[0, 0], [2, 3], [1, 0], [0, 0]], 'REFLECT'),
    'mirror_rows': lambda x: tf.pad(
        tf.nn.avg_pool2d(x, 2, 1, 'SAME'), [[0, 0], [2, 3], [0, 0], [0, 0]], 'REFLECT'),
    'mirror_rank_3': lambda x: tf.pad(x[0], [[2, 3], [0, 0], [0, 0]], 'REFLECT')[None],
    'pad_int': lambda x: number(tf.pad(ints(x), [[0, 0], [2, 3], [1, 0], [0, 0]],
                                       constant_values=7)),
    'squeeze_all': lambda x: tf.squeeze(x),
    'expand_middle': lambda x: tf.expand_dims(x, 2),
    'unstack_rows': lambda x: tf.concat(tf.unstack(x, axis=1)[::2], -1),
    'split_sizes': lambda x: tf.concat(tf.split(x, [1, -1, 2], 3)[::-1], 3),
    'slice': lambda x: tf.slice(x, [0, 1, 2, 0], [-1, 4, -1, 3]),
    'strided_new_axis': lambda x: x[:, tf.newaxis, ::2, ..., 1],
    'strided_new_axis_of_rows': lambda x: tf.nn.max_pool1d(x[:, 0], 3, 2, 'SAME')[:, :, tf.newaxis],
    'strided_backwards': lambda x: x[:, 6:1:-2, ::-1],
    'strided_dynamic': lambda x: x[:, :tf.shape(x)[1] // 2],
    'strided_dynamic_one': lambda x: x[:, tf.shape(x)[1] // 2],
    'strided_update': lambda x: tf.tensor_scatter_nd_update(x, [[0, 1]], x[:, 2]),
    'gather_batch': lambda x: tf.gather(x[..., 0], ints(x[:, :, :2, 0], 0, 5), axis=2,
                                        batch_dims=2),
    'gather_negative_axis': lambda x: tf.gather(x, [[1, 0], [2, 2]], axis=-2),
    'gather_nd': lambda x: tf.gather_nd(x, [[0, 1, 2], [0, 3, 3]]),
    'gather_nd_batch': lambda x: tf.gather_nd(x, [[[1, 2], [3, 3]]], batch_dims=1),
    'scatter_nd_sum': lambda x: tf.scatter_nd([[1], [2], [1]], flat(x)[:3], [5]),
    'scatter_add': lambda x: tf.tensor_scatter_nd_add(flat(x), [[1], [2], [1]], [1., 2., 3.]),
    'scatter_nd_parts_of_places': lambda x: tf.scatter_nd(
        tf.reshape(tf.where(x > 0), [-1, 1]), tf.ones([4 * tf.shape(tf.where(x > 0))[0]]), [9]),
    'scatter_nd_pairs_of_places': lambda x: tf.scatter_nd(
        tf.reshape(tf.where(x[0, :2, :2, 0] > -9), [-1, 4]), flat(x)[:2], [2, 2, 2, 2]),
    'scatter_nd_apart': lambda x: tf.scatter_nd([[4], [0], [2]], flat(x)[:3], [5]),
    'scatter_nd_rows_apart': lambda x: tf.scatter_nd(
        [[0, i] for i in range(7, -1, -1)] + [[1, i] for i in range(40)], tf.tile(x[0, :, 0], [6, 1]), [2, 40, 4]),
    'scatter_add_apart': lambda x: tf.tensor_scatter_nd_add(flat(x), [[7], [2], [1]], [1., 2., 3.]),
    'scatter_sub_apart': lambda x: tf.tensor_scatter_nd_sub(x, [[0, 7], [0, 2]], x[0, :2]),
    'scatter_max_apart': lambda x: tf.tensor_scatter_nd_max(flat(x), [[7], [2], [1]], [0., 2., 3.]),
    'scatter_sub': lambda x: tf.tensor_scatter_nd_sub(flat(x), [[1], [2], [1]], [1., 2., 3.]),
    'scatter_max': lambda x: tf.tensor_scatter_nd_max(flat(x), [[1], [2], [1]], [0., 2., 3.]),
    'where_places': lambda x: number(tf.where(x > 0.3)),
    'boolean_mask': lambda x: tf.boolean_mask(x, x > 0.3),
    'unique_floats': lambda x: tf.unique(flat(tf.round(x * 3)))[0],
    'unique_counts': lambda x: number(tf.unique_with_counts(flat(ints(x, 0, 5)))[2]),
    'partition': lambda x: tf.dynamic_partition(x[0], [0, 1, 0, 1, 1, 1, 0, 0], 2)[1],
    'unique': lambda x: number(tf.unique(flat(ints(x, 0, 5)))[0]),
    'invert_permutation': lambda x: x + number(tf.math.invert_permutation([2, 0, 3, 1])),
    'sort': lambda x: tf.sort(x, -1),
    'median': lambda x: tf.sort(tf.reshape(x, [1, 48, 4]), 1)[:, 23:25],
    'argsort': lambda x: number(tf.argsort(x, -1)),
    'band_part': lambda x: tf.linalg.band_part(tf.transpose(x, [0, 3, 1, 2]), 1, 2),
    'band_part_lower': lambda x: tf.linalg.band_part(tf.transpose(x, [0, 3, 1, 2]), -1, 0),
    'diag': lambda x: tf.linalg.diag(x),
    'diag_part_high': lambda x: tf.linalg.diag_part(x),
    'set_diag': lambda x: tf.linalg.set_diag(x[:, :, :4], x[:, :, 0]),
    'diag_part': lambda x: tf.linalg.diag_part(tf.transpose(x, [0, 3, 1, 2])),
    'eye': lambda x: tf.matmul(x, tf.eye(4)),
    'one_hot_values': lambda x: tf.one_hot(ints(x, 0, 4), 4, 2.0, -1.0, axis=1),
    'space_to_batch': lambda x: raw.SpaceToBatch(input=x, paddings=[[0, 0], [1, 1]], block_size=2),
    'batch_to_space': lambda x: raw.BatchToSpace(
        input=raw.SpaceToBatch(input=x, paddings=[[0, 0], [0, 0]], block_size=2),
        crops=[[0, 1], [1, 0]], block_size=2),
    'meshgrid': lambda x: x + tf.stack(tf.meshgrid(
        tf.range(6.), tf.range(8.)), -1)[tf.newaxis, ..., :1],
    'dynamic_stitch': lambda x: tf.dynamic_stitch([[0, 2], [1, 3]], [x[0, :2], x[0, 2:4]]),
    'searchsorted_right': lambda x: number(tf.searchsorted([-.5, 0., .5], flat(tf.round(x * 2) / 2), 'right')),
    'searchsorted': lambda x: number(tf.searchsorted([-.5, 0., .5], flat(x))),
    # matrices
    'matmul_transposed': lambda x: tf.matmul(x, x, transpose_b=True),
    'matmul_transposed_first': lambda x: tf.matmul(x, x, transpose_a=True),
    'matmul_int': lambda x: number(tf.matmul(ints(x), ints(x), transpose_b=True)),
    'einsum_ellipsis': lambda x: tf.einsum('...c,cd->...d', x, tf.eye(4) * 2),
    'einsum_capitals': lambda x: tf.einsum('BHWc,cD->BHWD', x, tf.eye(4) * 2),
    'einsum_swapped': lambda x: tf.einsum('dc,bhwc->dbwh', tf.reshape(tf.range(20.), [5, 4]), x),
    'einsum_batch': lambda x: tf.einsum('bhwc,bhvc->bhwv', x, x),
    'einsum_values': lambda x: tf.einsum('bchw,bhcd->bwcd', tf.einsum('bhwc->bchw', x),
                                         tf.einsum('bhwc->bhcw', x)),
    'einsum_heads': lambda x: tf.einsum(
        'bhwde,dec->bhwc', tf.einsum('bhwc,cde->bhwde', x, tf.reshape(tf.range(24.), [4, 3, 2]) / 24),
        tf.reshape(tf.range(30.), [3, 2, 5]) / 30),
    'einsum_vector': lambda x: tf.einsum('bhwc,c->bhw', x, tf.range(4.))[..., None],
    'einsum_outer': lambda x: tf.einsum('bhwc,d->bhwd', x, tf.range(3.)),
    'einsum_ellipses': lambda x: tf.einsum('...i,...i->...', x, tf.range(4.))[..., None],
    'einsum_ellipses_matrices': lambda x: tf.einsum('...ij,...jk->...ik', x, tf.ones([1, 4, 3])),
    'einsum_trace': lambda x: tf.einsum('bhwc,bhwc->bhw', x, x),
    'tensordot': lambda x: tf.tensordot(x, tf.ones([4, 2]), 1),
    'cross': lambda x: tf.linalg.cross(x[..., :3], x[..., 1:]),
    'det': lambda x: tf.linalg.det(x[:, :4, :4, 0] + 2 * tf.eye(4)),
    # images
    'dilation_strided': lambda x: tf.nn.dilation2d(
        x, tf.reshape(tf.range(36.) / 36, [3, 3, 4]), [1, 2, 2, 1], 'SAME', 'NHWC', [1, 1, 1, 1]),
    'dilation_valid': lambda x: tf.nn.dilation2d(
        x, tf.reshape(tf.range(24.) / 24, [2, 3, 4]), [1, 1, 1, 1], 'VALID', 'NHWC', [1, 2, 1, 1]),
    'patches_strided': lambda x: tf.image.extract_patches(
        x, [1, 3, 2, 1], [1, 2, 3, 1], [1, 2, 1, 1], 'VALID'),
    'patches_same': lambda x: tf.image.extract_patches(
        x, [1, 3, 2, 1], [1, 2, 3, 1], [1, 1, 1, 1], 'SAME'),
    'argmax_pool_same': lambda x: number(tf.nn.max_pool_with_argmax(x, 3, 2, 'SAME')[1]),
    'crop_outside': lambda x: tf.image.crop_and_resize(
        x, [[-.2, .1, 1.1, .8], [.3, .3, .3, .9]], [0, 0], [5, 7], extrapolation_value=9),
    'crop_nearest': lambda x: tf.image.crop_and_resize(
        x, [[-.2, .1, 1.1, .8], [.3, .9, .8, .1]], [0, 0], [5, 1], 'nearest'),
    'resize_area_odd': lambda x: tf.image.resize(x, [5, 11], 'area'),
    'resize_area_corners': lambda x: raw.ResizeArea(images=x, size=[5, 11], align_corners=True),
    'scale_translate_box': lambda x: raw.ScaleAndTranslate(
        images=x, size=[5, 9], scale=[0.7, 1.3], translation=[0.4, -0.7], kernel_type='box'),
    'scale_translate_lanczos': lambda x: raw.ScaleAndTranslate(
        images=x, size=[5, 9], scale=[0.4, 1.3], translation=[0.4, -0.7], kernel_type='lanczos3'),
    'scale_translate_plain': lambda x: raw.ScaleAndTranslate(
        images=x, size=[5, 9], scale=[0.4, 1.3], translation=[0.4, -0.7], antialias=False),
    'resize_uint8': lambda x: tf.image.resize(tf.cast(positive(x) * 100, tf.uint8), [16, 12]),
    'depth_to_space': lambda x: tf.nn.depth_to_space(x, 2),
    'pad_computed': lambda x: tf.pad(x, [[0, 0], [1, tf.shape(x)[1] % 5], [2, 0], [0, 0]]),
    'pad_computed_image': lambda x: tf.nn.max_pool2d(tf.pad(tf.nn.avg_pool2d(x, 2, 1, 'SAME'), [
        [0, 0], [0, ints(tf.reduce_max(x), 0, 4)], [2, 1], [0, 0]]), 2, 1, 'VALID'),
    'pad_computed_mirror': lambda x: tf.pad(x, [
        [0, 0], [ints(tf.reduce_max(x), 0, 3), 1], [2, 1], [0, 0]], 'REFLECT'),
    'transposed_computed': lambda x: transposed(x, 16, 3, 'SAME'),
    'transposed_computed_odd': lambda x: transposed(x, 15, 3, 'SAME'),
    'transposed_computed_large': lambda x: transposed(x, 15, 5, 'SAME'),
    'transposed_computed_small': lambda x: transposed(x, 15, 1, 'SAME'),
    'transposed_computed_valid': lambda x: raw.Conv2DBackpropInput(
        input_sizes=tf.stack([1, 17 + tf.cast(tf.reduce_max(x) > 9, tf.int32), 14, 3]),
        filter=np.random.RandomState(3).normal(size=[3, 3, 3, 4]).astype(np.float32), out_backprop=x,
        strides=[1, 2, 2, 1], padding='VALID'),
    'space_to_depth': lambda x: tf.nn.space_to_depth(x, 2),
    'local_response': lambda x: tf.nn.lrn(x, 1, 1.5, 0.3, 0.6),
    'max_pool_3d': lambda x: tf.nn.max_pool3d(x[..., tf.newaxis], 2, 2, 'SAME'),
    'max_pool_inputs': lambda x: raw.MaxPoolV2(input=x, ksize=[1, 3, 2, 1], strides=[1, 2, 1, 1], padding='SAME'),
    'avg_pool_same': lambda x: tf.nn.avg_pool2d(x, 3, 2, 'SAME'),
    'non_max_suppression': lambda x: number(tf.image.non_max_suppression(
        tf.abs(x[0, 0]), tf.abs(x[0, 0, :, 0]), 3, 0.3)),
    'non_max_suppression_unscored': lambda x: number(raw.NonMaxSuppression(
        boxes=tf.abs(x[0, 0]), scores=tf.abs(x[0, 0, :, 0]), max_output_size=3,
        iou_threshold=0.2)),
    # random numbers that change nothing
    'random_uniform': lambda x: x + 0 * tf.random.uniform(tf.shape(x)),
    'random_uniform_range': lambda x: x + number(tf.random.uniform([4]) < 0),
    'random_normal': lambda x: x + 0 * tf.random.normal([6, 4]),
    # complex numbers
    'fft2d': lambda x: tf.abs(tf.signal.fft2d(tf.cast(tf.transpose(x, [0, 3, 1, 2]),
                                                      tf.complex64))),
    'fft_shifted': lambda x: tf.math.log(1e-3 + tf.abs(tf.signal.fftshift(tf.signal.fft2d(
        tf.complex(tf.transpose(x, [0, 3, 1, 2]), tf.transpose(x, [0, 3, 1, 2]) ** 2)), [2, 3]))),
    'ifft2d': lambda x: tf.math.imag(tf.signal.ifft2d(tf.complex(
        tf.transpose(x, [0, 3, 1, 2]), tf.transpose(x, [0, 3, 1, 2]) ** 2))),
    'rfft': lambda x: tf.math.real(tf.signal.rfft(tf.transpose(x, [0, 3, 1, 2]))),
    'rfft_length': lambda x: tf.math.imag(tf.signal.rfft(tf.transpose(x, [0, 3, 1, 2]), [9])),
    'irfft_odd': lambda x: tf.signal.irfft(tf.complex(x, x ** 2), [7]),
    'irfft2d': lambda x: tf.signal.irfft2d(tf.signal.rfft2d(tf.transpose(x, [0, 3, 1, 2]))
                                           * tf.complex(0.5, 0.25)),
    'fft_angle': lambda x: tf.math.angle(tf.signal.fft(tf.complex(x, x ** 2))),
    'fft3d': lambda x: tf.abs(tf.signal.fft3d(tf.complex(x, x ** 2))),
    'complex_product': lambda x: tf.math.imag(tf.complex(x, x ** 2)
                                              * tf.math.conj(tf.complex(x ** 3, x))),
    'complex_quotient': lambda x: tf.math.real(tf.complex(x, x ** 2)
                                               / tf.complex(positive(x), x)),
    'complex_sums': lambda x: tf.math.imag(tf.reduce_sum(tf.complex(x, x ** 2), [1]) - 2j),
    'spectral_weights': lambda x: tf.math.real(tf.einsum(
        'bhwc,cd->bhwd', tf.signal.fft(tf.complex(x, x ** 2)), tf.complex(tf.eye(4), tf.eye(4)))),
}


# ---- TensorFlow 1's control flow, which needs a graph of its own

def counted(x, rounds, body):
    """`body` again and again, by tf.while_loop."""
    return v1.while_loop(lambda i, value: i < rounds, lambda i, value: (i + 1, body(i, value)),
                         [tf.constant(0), x])[1]


def scanned(x):
    return v1.scan(lambda a, row: a * 0.5 + row, tf.transpose(x, [1, 0, 2, 3]))


def two_results(x):
    a, b = v1.cond(tf.reduce_mean(x) > 0, lambda: (x + 1, x * 2), lambda: (x * 3, x - 1))
    return a * b


def rows_of(x):
    """A recurrent cell along the height, as Keras's layers have it."""
    rows = v1.TensorArray(tf.float32, size=x.shape[1]).unstack(tf.transpose(x, [1, 0, 2, 3]))
    out = v1.TensorArray(tf.float32, size=x.shape[1])
    state = tf.zeros_like(x[:, 0])
    kernel = tf.constant(np.random.RandomState(2).normal(size=[3, 4, 4]), tf.float32)

    def step(i, out, state):
        state = tf.tanh(tf.nn.conv1d(state + rows.read(i), kernel, 1, 'SAME'))
        return i + 1, out.write(i, state), state
    _, out, state = v1.while_loop(lambda i, *_: i < x.shape[1], step, [0, out, state])
    return tf.transpose(out.stack(), [1, 0, 2, 3]) + state[:, tf.newaxis]


OLD_OPS = {
    'old_cond': lambda x: v1.cond(tf.reduce_mean(x) > 0, lambda: tf.nn.relu(x), lambda: -x),
    'old_cond_false': lambda x: v1.cond(tf.reduce_mean(x) > 9, lambda: tf.nn.relu(x), lambda: -x),
    'old_cond_constants': lambda x: x * v1.cond(tf.reduce_mean(x) > 0, lambda: 2., lambda: 3.),
    'old_cond_two_results': two_results,
    'old_cond_sizes': lambda x: v1.cond(tf.reduce_mean(x) > 9, lambda: x[:, :2], lambda: x[:, 1:]),
    'old_cond_nested': lambda x: v1.cond(
        tf.reduce_mean(x) > -9,
        lambda: v1.cond(tf.reduce_max(x) > 9, lambda: x * 2, lambda: x - tf.reduce_min(x)),
        lambda: x * 0),
    'old_case': lambda x: v1.case([(tf.reduce_mean(x) > 9, lambda: x), (
        tf.reduce_max(x) > 0, lambda: x * 2)], default=lambda: x * 3),
    'old_while': lambda x: counted(x, 3, lambda i, value: tf.nn.avg_pool2d(value, 3, 1, 'SAME')),
    'old_while_reads': lambda x: counted(x, tf.cast(tf.reduce_max(x) * 4, tf.int32),
                                         lambda i, value: value + tf.cast(i, tf.float32) * x),
    'old_while_nested': lambda x: counted(x, 3, lambda i, outer: counted(
        outer, i + 1, lambda k, inner: inner * 0.5 + tf.cast(i + k, tf.float32) + x)),
    'old_cond_in_while': lambda x: counted(x, 4, lambda i, value: v1.cond(
        i > 1, lambda: value * 0.5, lambda: value + x)),
    'old_while_in_cond': lambda x: v1.cond(
        tf.reduce_max(x) > 0, lambda: counted(x, 3, lambda i, value: value * value),
        lambda: x),
    'old_map': lambda x: v1.map_fn(lambda picture: picture / tf.reduce_max(picture), x),
    'old_map_rows': lambda x: v1.map_fn(lambda row: tf.sort(row, 0), x[0])[tf.newaxis],
    'old_scan': scanned,
    'old_recurrent': rows_of,
}


def export(folder, name, function, size=SHAPE[:2], is_open=False):
    """By a graph and a session, which is faster than by a function; nothing where TensorFlow has no kernel."""
    place = os.path.join(folder, name)
    pictures = np.random.RandomState(1).uniform(-1, 1, [1, *size, SHAPE[2]]).astype(np.float32)
    shape = [None, None] if is_open else size
    with tf.Graph().as_default(), v1.Session() as session:
        x = v1.placeholder(tf.float32, [1, *shape, SHAPE[2]], name='x')
        try:
            y = tf.identity(function(x), name='y')
            expected = session.run(y, {x: pictures})
        except (AssertionError, TypeError, ValueError, tf.errors.OpError):
            if name.startswith('whole_'): # not every operation has a kernel for every type
                return
            raise
        v1.saved_model.simple_save(session, os.path.join(place, 'model'), {'x': x}, {'y': y})
    np.save(os.path.join(place, 'input.npy'), pictures)
    np.save(os.path.join(place, 'expected.npy'), expected)


def main():
    parser = argparse.ArgumentParser(description=__doc__.split('\n', maxsplit=1)[0])
    parser.add_argument('folder')
    parser.add_argument('--only', default='', metavar='TEXT')
    options = parser.parse_args()
    for name, *network in [*OPS.items(), *sweep.networks()]:
        if options.only in name:
            export(options.folder, name, *network)
    v1.disable_control_flow_v2()
    for name, function in OLD_OPS.items():
        if options.only in name:
            export(options.folder, name, function)


if __name__ == '__main__':
    main()
