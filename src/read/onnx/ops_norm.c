// SPDX-License-Identifier: Apache-2.0
//
// Normalisation, written out as arithmetic: mean, deviation, scale and shift.
#include "read/onnx/import.h"

#include <math.h>

static czm_tensor mean(czm_import_step *s, czm_tensor x, const int64_t *axes, size_t count) {
    czm_node *node = CZM_NODE(s, CZM_OP_Mean, x, czm_import_const(s, axes, count));
    czm_set_bool(s->run->graph, node, "keep_dims", true);
    return czm_output(node);
}

static czm_tensor inverse_deviation(czm_import_step *s, czm_tensor variance, double epsilon) {
    return CZM_OUT(s, CZM_OP_Rsqrt,
                   CZM_OUT(s, CZM_OP_AddV2, variance, czm_import_scalar(s, variance, epsilon)));
}

static size_t stored_axes(const czm_order *order, unsigned axes, int64_t *out) {
    size_t count = 0;
    for (int k = 0; k < order->rank; k++)
        if (axes >> order->axis[k] & 1) out[count++] = k;
    return count;
}

// A vector with an element for each channel, reshaped so that it broadcasts to the stored order.
static czm_tensor per_channel(czm_import_step *s, czm_import_value *v, const czm_order *order) {
    int64_t dims[CZM_MOST_AXES];
    czm_tensor t = czm_import_plain(s, v);
    if (czm_order_last(order) == 1) return t;
    for (int k = 0; k < order->rank; k++)
        dims[k] = order->axis[k] == 1 ? czm_shape_count(czm_import_shape(s, v)) : 1;
    return czm_import_reshape(s, t, dims, (size_t)order->rank);
}

static czm_order image_order(czm_import_step *s, const czm_import_value *x) {
    czm_order order = czm_import_order(s, x);
    return czm_order_is_plain(&order) && order.rank > 3 ? czm_order_channels_last(order.rank)
                                                        : order;
}

// (x - mean) / deviation * scale + shift, with the mean along all axes but `kept`, and inputs 1 and 2.
static czm_status normalise(czm_import_step *s, czm_import_value *v, czm_order order,
                            unsigned kept) {
    int64_t axes[CZM_MOST_AXES];
    size_t count = stored_axes(&order, ((1u << order.rank) - 1) & ~kept, axes);
    czm_tensor x = czm_import_get(s, v, order);
    czm_tensor d = CZM_OUT(s, CZM_OP_Sub, x, mean(s, x, axes, count));
    czm_tensor variance = mean(s, CZM_OUT(s, CZM_OP_Square, d), axes, count);
    czm_tensor k = CZM_OUT(s, CZM_OP_Mul,
                           inverse_deviation(s, variance, czm_import_float(s, "epsilon", 1e-5)),
                           per_channel(s, czm_import_in(s, 1), &order));
    czm_tensor y = CZM_OUT(s, CZM_OP_AddV2, CZM_OUT(s, CZM_OP_Mul, d, k),
                           per_channel(s, czm_import_in(s, 2), &order));
    czm_import_put(s, 0, y, order);
    return CZM_OK;
}

// ---- batch normalisation

static bool is_training(const czm_import_step *s) {
    if (s->opset >= 14) return czm_import_int(s, "training_mode", 0) != 0;
    if (s->opset >= 7) return s->output_count > 1 && s->outputs[1];
    return czm_import_int(s, "is_test", 0) == 0;
}

static czm_tensor vector_const(czm_import_step *s, czm_dtype dtype, const double *numbers,
                               size_t count, const czm_order *order) {
    int64_t dims[CZM_MOST_AXES];
    for (int k = 0; k < order->rank; k++) dims[k] = order->axis[k] == 1 ? (int64_t)count : 1;
    bool is_last = czm_order_last(order) == 1;
    return czm_import_numbers_const(s, dtype, numbers, is_last ? &dims[order->rank - 1] : dims,
                                    is_last ? 1 : (size_t)order->rank);
}

// y = x * k + (bias - mean * k) with k = scale / sqrt(variance + epsilon), in double precision.
static bool batch_norm_of_constants(czm_import_step *s, czm_tensor x, const czm_order *order,
                                    czm_tensor *y) {
    enum { MOST_CHANNELS = 1 << 16 };
    const double *v[4];
    size_t count[4];
    for (size_t i = 0; i < 4; i++) {
        const czm_import_value *in = czm_import_in(s, i + 1);
        v[i] = in && in->constant ? czm_import_numbers(s, in, MOST_CHANNELS, &count[i]) : NULL;
        if (!v[i] || count[i] != count[0]) return false;
    }
    double epsilon = czm_import_float(s, "epsilon", 1e-5);
    double *k = CZM_NEW_ARRAY(s->run->context->arena, double, count[0]);
    double *shift = CZM_NEW_ARRAY(s->run->context->arena, double, count[0]);
    for (size_t i = 0; i < count[0]; i++) {
        k[i] = v[0][i] / sqrt(v[3][i] + epsilon);
        shift[i] = v[1][i] - v[2][i] * k[i];
    }
    czm_dtype dtype = czm_tensor_dtype(x);
    *y = CZM_OUT(s, CZM_OP_AddV2,
                 CZM_OUT(s, CZM_OP_Mul, x, vector_const(s, dtype, k, count[0], order)),
                 vector_const(s, dtype, shift, count[0], order));
    return true;
}

czm_status czm_import_op_batch_norm(czm_import_step *s) {
    czm_import_value *v = czm_import_in(s, 0);
    for (size_t i = 1; i < 5; i++)
        if (!czm_import_in(s, i)) return czm_import_reject(s, NULL, "it does not have five inputs");
    if (czm_import_order(s, v).rank < 2)
        return czm_import_reject(s, NULL, "a tensor of %d dimensions has no channels",
                                 czm_import_order(s, v).rank);
    // PyTorch writes the standardisation of weights as a normalisation in training mode.
    if (is_training(s) && czm_import_is_made_of(czm_import_made(s, v), CZM_OP_ReadVariableOp))
        return normalise(s, v, czm_import_order(s, v), 2u);
    if (is_training(s))
        return czm_import_reject(s, "export the network in evaluation mode: model.eval()",
                                 "it uses the statistics of the batch");
    if (s->opset < 9 && czm_import_int(s, "spatial", 1) == 0)
        return czm_import_reject(s, NULL, "spatial=0 is not supported");
    czm_order order = image_order(s, v);
    czm_tensor x = czm_import_get(s, v, order), y;
    if (!batch_norm_of_constants(s, x, &order, &y)) {
        czm_tensor t[4];
        for (size_t i = 0; i < 4; i++)
            t[i] = czm_import_cast(s, per_channel(s, czm_import_in(s, i + 1), &order),
                                   czm_tensor_dtype(x));
        czm_tensor k = CZM_OUT(s, CZM_OP_Mul, t[0],
                               inverse_deviation(s, t[3], czm_import_float(s, "epsilon", 1e-5)));
        y = CZM_OUT(s, CZM_OP_AddV2, CZM_OUT(s, CZM_OP_Mul, CZM_OUT(s, CZM_OP_Sub, x, t[2]), k),
                    t[1]);
    }
    czm_import_put(s, 0, y, order);
    return CZM_OK;
}

// An operation of the first exporters, which ONNX Runtime still computes: x * scale + a number for each channel.
czm_status czm_import_op_image_scaler(czm_import_step *s) {
    czm_import_value *v = czm_import_in(s, 0);
    int64_t channels = czm_import_dim(s, v, 1);
    size_t count = czm_import_floats(s, "bias", NULL, 0);
    if (channels < 1 || (int64_t)count != channels)
        return czm_import_reject(s, NULL, "it has %zu numbers for %lld channels", count,
                                 (long long)channels);
    double *bias = CZM_NEW_ARRAY(s->run->context->arena, double, count);
    czm_import_floats(s, "bias", bias, count);
    czm_order order = image_order(s, v);
    czm_tensor x = czm_import_get(s, v, order);
    czm_tensor scaled =
        CZM_OUT(s, CZM_OP_Mul, x, czm_import_scalar(s, x, czm_import_float(s, "scale", 1)));
    czm_tensor shift = vector_const(s, czm_tensor_dtype(x), bias, count, &order);
    czm_import_put(s, 0, CZM_OUT(s, CZM_OP_AddV2, scaled, shift), order);
    return CZM_OK;
}

// ---- normalisation by the image's own statistics

// The mean of the pixels and channels of each group, at each channel: [batch, 1, 1, channels]. Only the means of the
// channels, which are few numbers, are arranged by groups.
static czm_tensor group_mean(czm_import_step *s, czm_tensor x, int64_t channels, int64_t groups) {
    const int64_t axes[] = {1, 2}, last = 2, image[] = {CZM_UNKNOWN, 1, 1, channels};
    const int64_t grouped[] = {CZM_UNKNOWN, groups, channels / groups};
    const int64_t times[] = {1, 1, channels / groups};
    czm_tensor means = CZM_OUT(s, CZM_OP_Mean, x, czm_import_const(s, axes, 2));
    czm_tensor mean_of_groups = mean(s, czm_import_reshape(s, means, grouped, 3), &last, 1);
    czm_tensor repeated = CZM_OUT(s, CZM_OP_Tile, mean_of_groups, czm_import_const(s, times, 3));
    return czm_import_reshape(s, repeated, image, 4);
}

// A scale or shift: one number a channel (operator set 21) or a group (18).
static czm_tensor group_vector(czm_import_step *s, czm_import_value *v, int64_t channels,
                               int64_t groups) {
    czm_tensor t = czm_import_plain(s, v);
    if (czm_shape_count(czm_import_shape(s, v)) == channels) return t;
    const int64_t column[] = {groups, 1}, times[] = {1, channels / groups}, flat[] = {channels};
    t = CZM_OUT(s, CZM_OP_Tile, czm_import_reshape(s, t, column, 2), czm_import_const(s, times, 2));
    return czm_import_reshape(s, t, flat, 1);
}

czm_status czm_import_group_norm(czm_import_step *s, czm_import_value *v, int64_t groups,
                                 double epsilon, czm_import_value *scale, czm_import_value *shift,
                                 czm_tensor *y) {
    czm_order order = czm_order_channels_last(4);
    int64_t channels = czm_import_dim(s, v, 1);
    if (czm_import_order(s, v).rank != 4 || channels < 1 || groups < 1 || channels % groups)
        return czm_import_reject(s, NULL, "%lld groups of %lld channels are not supported",
                                 (long long)groups, (long long)channels);
    czm_tensor x = czm_import_get(s, v, order);
    czm_tensor d = CZM_OUT(s, CZM_OP_Sub, x, group_mean(s, x, channels, groups));
    czm_tensor variance = group_mean(s, CZM_OUT(s, CZM_OP_Square, d), channels, groups);
    czm_tensor k = inverse_deviation(s, variance, epsilon);
    if (scale) k = CZM_OUT(s, CZM_OP_Mul, k, group_vector(s, scale, channels, groups));
    *y = CZM_OUT(s, CZM_OP_Mul, d, k);
    if (shift) *y = CZM_OUT(s, CZM_OP_AddV2, *y, group_vector(s, shift, channels, groups));
    return CZM_OK;
}

czm_status czm_import_op_group_norm(czm_import_step *s) {
    czm_tensor y;
    CZM_TRY(czm_import_group_norm(s, czm_import_in(s, 0), czm_import_int(s, "num_groups", 0),
                                  czm_import_float(s, "epsilon", 1e-5), czm_import_in(s, 1),
                                  czm_import_in(s, 2), &y));
    czm_import_put(s, 0, y, czm_order_channels_last(4));
    return CZM_OK;
}

// PyTorch writes GroupNorm as Reshape [0,groups,-1], InstanceNormalization, Reshape. The result for
// the image is kept beside that for the flat tensor, so that the second Reshape finds it.
static bool is_flat_group(czm_import_step *s, const czm_import_value *flat) {
    if (!flat->source || czm_import_order(s, flat).rank != 3) return false;
    czm_shape image = czm_import_shape(s, flat->source), shape = czm_import_shape(s, flat);
    return image.rank == 4 && image.dims[1] > 0 && shape.dims[1] > 0 &&
           image.dims[1] % shape.dims[1] == 0;
}

static czm_status norm_of_flat_group(czm_import_step *s, czm_import_value *flat) {
    czm_shape shape = czm_import_shape(s, flat);
    czm_tensor y;
    CZM_TRY(czm_import_group_norm(s, flat->source, shape.dims[1],
                                  czm_import_float(s, "epsilon", 1e-5), czm_import_in(s, 1),
                                  czm_import_in(s, 2), &y));
    czm_import_value *image = czm_import_value_of(s->run, czm_order_channels_last(4), y);
    image->shape_of = flat->source;
    czm_tensor sizes = CZM_OUT(s, CZM_OP_Shape, czm_import_plain(s, flat));
    czm_import_put(s, 0, CZM_OUT(s, CZM_OP_Reshape, czm_import_plain(s, image), sizes),
                   czm_order_plain(3));
    s->outputs[0]->source = image;
    return CZM_OK;
}

czm_status czm_import_op_instance_norm(czm_import_step *s) {
    czm_import_value *v = czm_import_in(s, 0);
    if (is_flat_group(s, v)) return norm_of_flat_group(s, v);
    return normalise(s, v, image_order(s, v), 3u);
}

czm_status czm_import_op_layer_norm(czm_import_step *s) {
    czm_import_value *v = czm_import_in(s, 0);
    czm_order order = czm_import_order(s, v);
    int axis;
    int64_t axes[CZM_MOST_AXES];
    CZM_TRY(czm_import_axis(s, czm_import_int(s, "axis", -1), order.rank, &axis));
    // Tokens stay in ONNX's order: the reader is usually a product of matrices.
    if (order.rank == 3 && axis == 2) order = czm_import_order_ending_with(s, v, axis);
    unsigned all = (1u << order.rank) - 1;
    size_t count = stored_axes(&order, all & ~((1u << axis) - 1), axes);
    czm_tensor x = czm_import_get(s, v, order), d = x;
    if (czm_import_is(s, "LayerNormalization")) {
        czm_tensor m = mean(s, x, axes, count);
        d = CZM_OUT(s, CZM_OP_Sub, x, m);
        czm_import_put(s, 1, m, order);
    }
    czm_tensor variance = mean(s, CZM_OUT(s, CZM_OP_Square, d), axes, count);
    czm_tensor k = inverse_deviation(s, variance, czm_import_float(s, "epsilon", 1e-5));
    czm_import_put(s, 2, k, order);
    czm_tensor y = CZM_OUT(s, CZM_OP_Mul, d, k);
    if (czm_import_in(s, 1))
        y = CZM_OUT(s, CZM_OP_Mul, y, czm_import_widened(s, czm_import_in(s, 1), order));
    if (czm_import_in(s, 2))
        y = CZM_OUT(s, CZM_OP_AddV2, y, czm_import_widened(s, czm_import_in(s, 2), order));
    czm_import_put(s, 0, y, order);
    return CZM_OK;
}

czm_status czm_import_op_lp_norm(czm_import_step *s) {
    czm_import_value *v = czm_import_in(s, 0);
    czm_order order = czm_import_order(s, v);
    int axis;
    CZM_TRY(czm_import_axis(s, czm_import_int(s, "axis", -1), order.rank, &axis));
    int64_t place = czm_order_place(&order, axis), p = czm_import_int(s, "p", 2);
    czm_tensor x = czm_import_made(s, v);
    czm_node *sum = CZM_NODE(s, CZM_OP_Sum, CZM_OUT(s, p == 1 ? CZM_OP_Abs : CZM_OP_Square, x),
                             czm_import_const(s, &place, 1));
    czm_set_bool(s->run->graph, sum, "keep_dims", true);
    czm_tensor norm = czm_output(sum);
    if (p != 1) norm = CZM_OUT(s, CZM_OP_Sqrt, norm);
    czm_import_put(s, 0, CZM_OUT(s, CZM_OP_DivNoNan, x, norm), order);
    return CZM_OK;
}

// TensorFlow's LRN has odd windows only and does not divide alpha by their size: windows of the
// squares are summed along the channels instead.
czm_status czm_import_op_lrn(czm_import_step *s) {
    czm_import_value *v = czm_import_in(s, 0);
    czm_order order = czm_order_channels_last(czm_import_order(s, v).rank);
    int64_t size = czm_import_int(s, "size", 0), channels = czm_import_dim(s, v, 1);
    if (size < 1 || size > 64 || channels < 1 || channels > INT32_MAX || order.rank != 4)
        return czm_import_reject(s, NULL, "a window of %lld channels is not supported",
                                 (long long)size);
    czm_tensor x = czm_import_get(s, v, order), sum = {0};
    const int64_t before = (size - 1) / 2, after = size / 2;
    double amounts[] = {0, 0, 0, 0, 0, 0, (double)before, (double)after};
    int64_t dims[] = {4, 2}, ones[] = {1, 1, 1, 1};
    czm_tensor squares = CZM_OUT(s, CZM_OP_Pad, CZM_OUT(s, CZM_OP_Square, x),
                                 czm_import_numbers_const(s, CZM_DTYPE_INT32, amounts, dims, 2));
    for (int64_t i = 0; i < size; i++) {
        int64_t begin[] = {0, 0, 0, i}, end[] = {0, 0, 0, i + channels};
        czm_node *part = CZM_NODE(s, CZM_OP_StridedSlice, squares, czm_import_const(s, begin, 4),
                                  czm_import_const(s, end, 4), czm_import_const(s, ones, 4));
        czm_set_int(s->run->graph, part, "begin_mask", 7);
        czm_set_int(s->run->graph, part, "end_mask", 7);
        sum = sum.node ? CZM_OUT(s, CZM_OP_AddV2, sum, czm_output(part)) : czm_output(part);
    }
    double alpha = czm_import_float(s, "alpha", 1e-4) / (double)size;
    czm_tensor base = CZM_OUT(s, CZM_OP_AddV2,
                              CZM_OUT(s, CZM_OP_Mul, sum, czm_import_scalar(s, x, alpha)),
                              czm_import_scalar(s, x, czm_import_float(s, "bias", 1)));
    czm_tensor power =
        CZM_OUT(s, CZM_OP_Pow, base, czm_import_scalar(s, x, czm_import_float(s, "beta", 0.75)));
    czm_import_put(s, 0, CZM_OUT(s, CZM_OP_RealDiv, x, power), order);
    return CZM_OK;
}

czm_status czm_import_op_mean_variance_norm(czm_import_step *s) {
    czm_import_value *v = czm_import_in(s, 0);
    czm_order order = czm_import_order(s, v);
    static const int64_t usual[] = {0, 2, 3};
    int64_t axes[CZM_MOST_AXES];
    unsigned set;
    bool is_given;
    CZM_TRY(czm_import_axes(s, INT64_MAX, 0, order.rank, &set, &is_given)); // always an attribute
    for (size_t i = 0; i < CZM_COUNT_OF(usual) && !is_given; i++) {
        int axis;
        CZM_TRY(czm_import_axis(s, usual[i], order.rank, &axis));
        set |= 1u << axis;
    }
    size_t count = stored_axes(&order, set, axes);
    czm_tensor x = czm_import_made(s, v);
    czm_tensor d = CZM_OUT(s, CZM_OP_Sub, x, mean(s, x, axes, count));
    czm_tensor deviation =
        CZM_OUT(s, CZM_OP_Sqrt, mean(s, CZM_OUT(s, CZM_OP_Square, d), axes, count));
    czm_tensor divisor = CZM_OUT(s, CZM_OP_AddV2, deviation, czm_import_scalar(s, x, 1e-9));
    czm_import_put(s, 0, CZM_OUT(s, CZM_OP_RealDiv, d, divisor), order);
    return CZM_OK;
}
