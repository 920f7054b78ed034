// SPDX-License-Identifier: Apache-2.0
//
// Layers that look at one value at a time, or join several tensors.
#include "read/keras/layers.h"

enum { MOST_RANK = CZM_KERAS_HIGHEST_RANK };

czm_tensor czm_keras_build_identity(czm_keras_call *c) { return c->in[0]; }

// Keras 2 leaves a node of it.
czm_tensor czm_keras_build_dropout(czm_keras_call *c) {
    return CZM_KERAS_OP(c, CZM_OP_Identity, c->in[0]);
}

czm_tensor czm_keras_build_activation(czm_keras_call *c) {
    return czm_keras_activate(c, czm_config_get(c->config, "activation"), c->in[0]);
}

static czm_tensor leaky(czm_keras_call *c, czm_tensor x, double slope) {
    czm_node *node = CZM_KERAS_NODE(c, CZM_OP_LeakyRelu, x);
    czm_set_float(c->graph, node, "alpha", (float)slope);
    return czm_output(node);
}

static czm_tensor number(czm_keras_call *c, const char *suffix, double value) {
    return czm_keras_number(c, suffix, czm_tensor_dtype(c->in[0]), value);
}

// ---- rectifiers

// x where x > bound, else 0.
static czm_tensor above(czm_keras_call *c, czm_tensor x, double bound) {
    czm_tensor is_above = CZM_KERAS_OP(c, CZM_OP_Greater, x, number(c, "Greater/y", bound));
    czm_tensor factor = czm_keras_cast(c, "Cast", is_above, czm_tensor_dtype(x));
    return CZM_KERAS_AS(c, "mul", CZM_OP_Mul, x, factor);
}

static czm_tensor clip(czm_keras_call *c, czm_tensor x, double most) {
    czm_tensor high = CZM_KERAS_AS(c, "clip_by_value/Minimum", CZM_OP_Minimum, x,
                                   number(c, CZM_KERAS_CONST, most));
    return CZM_KERAS_AS(c, "clip_by_value", CZM_OP_Maximum, high, number(c, "Const_1", 0));
}

// What lies below the threshold, times the slope.
static czm_tensor below(czm_keras_call *c, czm_tensor x, double bound, double slope) {
    czm_tensor part = CZM_KERAS_OP(c, CZM_OP_Neg, x);
    if (bound != 0) part = CZM_KERAS_AS(c, "add", CZM_OP_AddV2, part, number(c, "add/y", bound));
    part = CZM_KERAS_OP(c, CZM_OP_Relu, part);
    return CZM_KERAS_AS(c, "mul_1", CZM_OP_Mul, number(c, "Const_2", slope), part);
}

czm_tensor czm_keras_build_relu(czm_keras_call *c) {
    const json_t *bounded = czm_config_get(c->config, "max_value");
    double most = czm_config_number(c->config, "max_value", 0),
           slope = czm_config_number(c->config, "negative_slope", 0);
    double bound = czm_config_number(c->config, "threshold", 0);
    czm_tensor x = c->in[0], y;
    if (slope != 0 && !bounded && bound == 0) return leaky(c, x, slope);
    if (bound != 0)
        y = above(c, x, bound);
    else if (bounded && most == 6)
        y = CZM_KERAS_OP(c, CZM_OP_Relu6, x);
    else
        y = CZM_KERAS_OP(c, CZM_OP_Relu, x);
    if (bounded && (most != 6 || bound != 0)) y = clip(c, y, most);
    return slope != 0 ? CZM_KERAS_AS(c, "sub", CZM_OP_Sub, y, below(c, x, bound, slope)) : y;
}

czm_tensor czm_keras_build_leaky_relu(czm_keras_call *c) {
    double alpha = czm_config_number(c->config, "alpha", 0.3);
    return leaky(c, c->in[0], czm_config_number(c->config, "negative_slope", alpha));
}

czm_tensor czm_keras_build_prelu(czm_keras_call *c) {
    czm_tensor x = c->in[0], above_zero = CZM_KERAS_OP(c, CZM_OP_Relu, x);
    size_t rank = czm_keras_rank(c, x);
    czm_tensor alpha = czm_keras_weight_as(c, "alpha", CZM_KERAS_READ, rank ? rank - 1 : 0);
    czm_tensor below_zero =
        CZM_KERAS_AS(c, "Relu_1", CZM_OP_Relu, CZM_KERAS_AS(c, "Neg_1", CZM_OP_Neg, x));
    czm_tensor part =
        CZM_KERAS_AS(c, "mul", CZM_OP_Mul, CZM_KERAS_OP(c, CZM_OP_Neg, alpha), below_zero);
    return CZM_KERAS_AS(c, "add", CZM_OP_AddV2, above_zero, part);
}

czm_tensor czm_keras_elu(czm_keras_call *c, czm_tensor x, double alpha) {
    czm_tensor y = CZM_KERAS_OP(c, CZM_OP_Elu, x);
    if (alpha == 1) return y;
    czm_tensor is_above = CZM_KERAS_OP(c, CZM_OP_Greater, x, number(c, "Greater/y", 0));
    czm_tensor scaled = CZM_KERAS_AS(c, "mul", CZM_OP_Mul, number(c, "mul/x", alpha), y);
    return CZM_KERAS_OP(c, CZM_OP_SelectV2, is_above, y, scaled);
}

czm_tensor czm_keras_build_elu(czm_keras_call *c) {
    return czm_keras_elu(c, c->in[0], czm_config_number(c->config, "alpha", 1));
}

czm_tensor czm_keras_build_thresholded_relu(czm_keras_call *c) {
    return above(c, c->in[0], czm_config_number(c->config, "theta", 1));
}

// ---- softmax

czm_tensor czm_keras_along_last(czm_keras_call *c, czm_op_kind op, czm_tensor x, int64_t axis) {
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
    czm_tensor turned = czm_keras_transpose(c, x, order, rank);
    return czm_keras_transpose(c, CZM_KERAS_OP(c, op, turned), order, rank);
}

// Over several axes: exp(x - max) by its sum.
static czm_tensor softmax_over(czm_keras_call *c, czm_tensor x, const int64_t *axes, size_t count) {
    czm_tensor most = czm_keras_reduce(c, "Max", CZM_OP_Max, x, axes, count, true);
    czm_tensor power = CZM_KERAS_OP(c, CZM_OP_Exp, CZM_KERAS_AS(c, "sub", CZM_OP_Sub, x, most));
    return CZM_KERAS_AS(c, "truediv", CZM_OP_RealDiv, power,
                        czm_keras_reduce(c, "Sum", CZM_OP_Sum, power, axes, count, true));
}

czm_tensor czm_keras_build_softmax(czm_keras_call *c) {
    int64_t axes[MOST_RANK];
    const json_t *axis = czm_config_get(c->config, "axis");
    size_t rank = czm_keras_rank(c, c->in[0]);
    size_t count = axis ? czm_keras_axes(c, axis, rank, axes) : 0;
    if (count > 1) return softmax_over(c, c->in[0], axes, count);
    return czm_keras_along_last(c, CZM_OP_Softmax, c->in[0], count ? axes[0] : -1);
}

// ---- several inputs

// Where ranks differ, Keras adds dimensions behind the batch.
static czm_tensor with_rank(czm_keras_call *c, czm_tensor x, size_t rank) {
    for (size_t own = czm_keras_rank(c, x); own && own < rank; own++)
        x = CZM_KERAS_OP(c, CZM_OP_ExpandDims, x, czm_keras_int(c, "ExpandDims/dim", 1));
    return x;
}

static czm_tensor chain(czm_keras_call *c, czm_op_kind op) {
    size_t rank = 0;
    for (size_t i = 0; i < c->in_count; i++) {
        size_t own = czm_keras_rank(c, c->in[i]);
        if (own > rank) rank = own;
    }
    czm_tensor result = with_rank(c, c->in[0], rank);
    for (size_t i = 1; i < c->in_count; i++)
        result =
            CZM_KERAS_AS(c, czm_keras_operator_name(op), op, result, with_rank(c, c->in[i], rank));
    return result;
}

czm_tensor czm_keras_build_merge(czm_keras_call *c) { return chain(c, c->layer->class->op); }

czm_tensor czm_keras_build_average(czm_keras_call *c) {
    czm_tensor sum = chain(c, CZM_OP_AddV2);
    return CZM_KERAS_AS(c, "truediv", CZM_OP_RealDiv, sum,
                        number(c, "truediv/y", (double)c->in_count));
}

czm_tensor czm_keras_concatenate(czm_keras_call *c, const czm_tensor *parts, size_t count,
                                 int64_t axis) {
    czm_tensor *all = CZM_NEW_ARRAY(c->arena, czm_tensor, count + 1);
    memcpy(all, parts, count * sizeof *all);
    all[count] = czm_keras_int(c, "concat/axis", axis);
    return czm_output(czm_keras_node(c, "concat", CZM_OP_ConcatV2, all, count + 1));
}

static czm_tensor concatenate_along(czm_keras_call *c, const char *key) {
    int64_t axis;
    size_t rank = czm_keras_rank(c, c->in[0]);
    const json_t *value = czm_config_get(c->config, key);
    if (!value)
        axis = (int64_t)rank - 1;
    else
        czm_keras_axes(c, value, rank, &axis);
    return c->in_count > 1 ? czm_keras_concatenate(c, c->in, c->in_count, axis) : c->in[0];
}

czm_tensor czm_keras_build_concatenate(czm_keras_call *c) { return concatenate_along(c, "axis"); }

// Keras 1 has one class for all.
czm_tensor czm_keras_build_old_merge(czm_keras_call *c) {
    const char *mode = czm_config_text(c->config, "mode", "");
    if (czm_text_equal(mode, "sum")) return chain(c, CZM_OP_AddV2);
    if (czm_text_equal(mode, "mul")) return chain(c, CZM_OP_Mul);
    if (czm_text_equal(mode, "max")) return chain(c, CZM_OP_Maximum);
    if (czm_text_equal(mode, "ave")) return czm_keras_build_average(c);
    if (czm_text_equal(mode, "concat")) return concatenate_along(c, "concat_axis");
    czm_keras_fail(c, NULL, "the mode \"%s\" is not supported", mode);
    return c->in[0];
}
