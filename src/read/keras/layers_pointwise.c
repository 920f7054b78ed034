// SPDX-License-Identifier: Apache-2.0
//
// Layers that work element by element, or join several tensors.
#include "read/keras/layers.h"

enum { MOST_RANK = CZM_KERAS_HIGHEST_RANK };

czm_keras_tensor czm_keras_build_identity(czm_keras_call *c) { return c->in[0]; }

// Keras 2 writes an Identity for it.
czm_keras_tensor czm_keras_build_dropout(czm_keras_call *c) {
    return CZM_KERAS_OP(c, CZM_OP_Identity, c->in[0]);
}

czm_keras_tensor czm_keras_build_activation(czm_keras_call *c) {
    return czm_keras_activate(c, czm_config_get(c->config, "activation"), c->in[0]);
}

static czm_keras_tensor number(czm_keras_call *c, const char *suffix, double value) {
    return czm_keras_number(c, suffix, czm_keras_dtype(c->in[0]), value);
}

// ---- rectifiers

// x where x > bound, else 0.
static czm_keras_tensor above(czm_keras_call *c, czm_keras_tensor x, double bound) {
    czm_keras_tensor is_above = czm_keras_with(c, CZM_OP_Greater, x, bound);
    czm_keras_tensor factor = czm_keras_cast(c, "Cast", is_above, czm_keras_dtype(x));
    return CZM_KERAS_OP(c, CZM_OP_Mul, x, factor);
}

// The part below the threshold, times the slope.
static czm_keras_tensor below(czm_keras_call *c, czm_keras_tensor x, double bound, double slope) {
    czm_keras_tensor part = CZM_KERAS_OP(c, CZM_OP_Neg, x);
    if (bound != 0) part = czm_keras_with(c, CZM_OP_AddV2, part, bound);
    part = CZM_KERAS_OP(c, CZM_OP_Relu, part);
    return CZM_KERAS_OP(c, CZM_OP_Mul, number(c, "Const_2", slope), part);
}

czm_keras_tensor czm_keras_build_relu(czm_keras_call *c) {
    const json_t *bounded = czm_config_get(c->config, "max_value");
    double most = czm_config_number(c->config, "max_value", 0),
           slope = czm_config_number(c->config, "negative_slope", 0);
    double bound = czm_config_number(c->config, "threshold", 0);
    czm_keras_tensor x = c->in[0], y;
    if (slope != 0 && !bounded && bound == 0)
        return czm_keras_activate_by_name(c, "leaky_relu", x, &slope);
    if (bound != 0)
        y = above(c, x, bound);
    else if (bounded && most == 6)
        y = CZM_KERAS_OP(c, CZM_OP_Relu6, x);
    else
        y = CZM_KERAS_OP(c, CZM_OP_Relu, x);
    if (bounded && (most != 6 || bound != 0)) y = czm_keras_clip(c, y, 0, most);
    return slope != 0 ? CZM_KERAS_OP(c, CZM_OP_Sub, y, below(c, x, bound, slope)) : y;
}

czm_keras_tensor czm_keras_build_leaky_relu(czm_keras_call *c) {
    double alpha = czm_config_number(c->config, "alpha", 0.3),
           slope = czm_config_number(c->config, "negative_slope", alpha);
    return czm_keras_activate_by_name(c, "leaky_relu", c->in[0], &slope);
}

czm_keras_tensor czm_keras_build_prelu(czm_keras_call *c) {
    czm_keras_tensor x = c->in[0], above_zero = CZM_KERAS_OP(c, CZM_OP_Relu, x);
    size_t rank = czm_keras_rank(c, x);
    czm_keras_tensor alpha = czm_keras_weight_as(c, "alpha", CZM_KERAS_READ, rank ? rank - 1 : 0);
    czm_keras_tensor below_zero = CZM_KERAS_OP(c, CZM_OP_Relu, CZM_KERAS_OP(c, CZM_OP_Neg, x));
    czm_keras_tensor part =
        CZM_KERAS_OP(c, CZM_OP_Mul, CZM_KERAS_OP(c, CZM_OP_Neg, alpha), below_zero);
    return CZM_KERAS_OP(c, CZM_OP_AddV2, above_zero, part);
}

czm_keras_tensor czm_keras_build_elu(czm_keras_call *c) {
    double alpha = czm_config_number(c->config, "alpha", 1);
    return czm_keras_activate_by_name(c, "elu", c->in[0], &alpha);
}

czm_keras_tensor czm_keras_build_thresholded_relu(czm_keras_call *c) {
    return above(c, c->in[0], czm_config_number(c->config, "theta", 1));
}

// ---- softmax

czm_keras_tensor czm_keras_along_last(czm_keras_call *c, czm_op_kind op, czm_keras_tensor x,
                                      int64_t axis) {
    size_t rank = czm_keras_rank(c, x);
    if (axis == -1 || axis == (int64_t)rank - 1) return CZM_KERAS_OP(c, op, x);
    int64_t order[MOST_RANK];
    if (axis < 0) axis += (int64_t)rank;
    if (axis < 0 || axis >= (int64_t)rank) {
        czm_keras_fail_damaged(c,
                               "an axis of the layer does not exist: its input has %zu dimensions",
                               rank);
        return x;
    }
    for (size_t i = 0; i < rank; i++) order[i] = (int64_t)i;
    order[axis] = (int64_t)rank - 1;
    order[rank - 1] = axis;
    czm_keras_tensor turned = czm_keras_transpose(c, x, order, rank);
    return czm_keras_transpose(c, CZM_KERAS_OP(c, op, turned), order, rank);
}

// Over several axes: exp(x - max) by its sum.
static czm_keras_tensor softmax_over(czm_keras_call *c, czm_keras_tensor x, const int64_t *axes,
                                     size_t count) {
    czm_keras_tensor most = czm_keras_reduce(c, NULL, CZM_OP_Max, x, axes, count, true);
    czm_keras_tensor power = CZM_KERAS_OP(c, CZM_OP_Exp, CZM_KERAS_OP(c, CZM_OP_Sub, x, most));
    return CZM_KERAS_OP(c, CZM_OP_RealDiv, power,
                        czm_keras_reduce(c, NULL, CZM_OP_Sum, power, axes, count, true));
}

czm_keras_tensor czm_keras_build_softmax(czm_keras_call *c) {
    int64_t axes[MOST_RANK];
    const json_t *axis = czm_config_get(c->config, "axis");
    size_t rank = czm_keras_rank(c, c->in[0]);
    size_t count = axis ? czm_keras_axes(c, axis, rank, axes) : 0;
    if (count > 1) return softmax_over(c, c->in[0], axes, count);
    return czm_keras_along_last(c, CZM_OP_Softmax, c->in[0], count ? axes[0] : -1);
}

// ---- several inputs

// If ranks differ, Keras adds dimensions after the batch.
static czm_keras_tensor with_rank(czm_keras_call *c, czm_keras_tensor x, size_t rank) {
    for (size_t own = czm_keras_rank(c, x); own && own < rank; own++)
        x = CZM_KERAS_OP(c, CZM_OP_ExpandDims, x, czm_keras_int(c, "ExpandDims/dim", 1));
    return x;
}

static czm_keras_tensor chain(czm_keras_call *c, czm_op_kind op) {
    size_t rank = 0;
    for (size_t i = 0; i < c->in_count; i++) {
        size_t own = czm_keras_rank(c, c->in[i]);
        if (own > rank) rank = own;
    }
    czm_keras_tensor result = with_rank(c, c->in[0], rank);
    for (size_t i = 1; i < c->in_count; i++)
        result = CZM_KERAS_OP(c, op, result, with_rank(c, c->in[i], rank));
    return result;
}

czm_keras_tensor czm_keras_build_merge(czm_keras_call *c) { return chain(c, c->layer->class->op); }

czm_keras_tensor czm_keras_build_average(czm_keras_call *c) {
    czm_keras_tensor sum = chain(c, CZM_OP_AddV2);
    return czm_keras_with(c, CZM_OP_RealDiv, sum, (double)c->in_count);
}

czm_keras_tensor czm_keras_concatenate(czm_keras_call *c, const czm_keras_tensor *parts,
                                       size_t count, int64_t axis) {
    czm_keras_tensor *all = CZM_NEW_ARRAY(c->arena, czm_keras_tensor, count + 1);
    memcpy(all, parts, count * sizeof *all);
    all[count] = czm_keras_int(c, "concat/axis", axis);
    return czm_keras_output(c, czm_keras_node(c, "concat", CZM_OP_ConcatV2, all, count + 1), 0);
}

static czm_keras_tensor concatenate_along(czm_keras_call *c, const char *key) {
    int64_t axis;
    size_t rank = czm_keras_rank(c, c->in[0]);
    const json_t *value = czm_config_get(c->config, key);
    if (!value)
        axis = (int64_t)rank - 1;
    else
        czm_keras_axes(c, value, rank, &axis);
    return c->in_count > 1 ? czm_keras_concatenate(c, c->in, c->in_count, axis) : c->in[0];
}

czm_keras_tensor czm_keras_build_concatenate(czm_keras_call *c) {
    return concatenate_along(c, "axis");
}

// Keras 1 has one class for all.
czm_keras_tensor czm_keras_build_old_merge(czm_keras_call *c) {
    const char *mode = czm_config_text(c->config, "mode", "");
    if (czm_text_equal(mode, "sum")) return chain(c, CZM_OP_AddV2);
    if (czm_text_equal(mode, "mul")) return chain(c, CZM_OP_Mul);
    if (czm_text_equal(mode, "max")) return chain(c, CZM_OP_Maximum);
    if (czm_text_equal(mode, "ave")) return czm_keras_build_average(c);
    if (czm_text_equal(mode, "concat")) return concatenate_along(c, "concat_axis");
    czm_keras_fail(c, NULL, "the mode \"%s\" is not supported", mode);
    return c->in[0];
}
