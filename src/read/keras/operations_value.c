// SPDX-License-Identifier: Apache-2.0
//
// Operations that compute: arithmetic, activations, reductions.
#include <math.h>

#include "read/keras/operations.h"

enum { MOST_RANK = CZM_KERAS_HIGHEST_RANK };

// ---- arithmetic

czm_tensor czm_keras_op_binary(czm_keras_call *c, czm_keras_detail detail) {
    czm_tensor a = czm_keras_operand(c, 0), b = czm_keras_operand(c, 1);
    return CZM_KERAS_AS(c, czm_keras_operator_name(detail.op), detail.op, a, b);
}

czm_tensor czm_keras_op_matmul(czm_keras_call *c, czm_keras_detail detail) {
    czm_node *node = CZM_KERAS_NODE(c, detail.op, czm_keras_operand(c, 0), czm_keras_operand(c, 1));
    czm_set_bool(c->graph, node, "adj_x", czm_keras_flag(c, "transpose_a"));
    czm_set_bool(c->graph, node, "adj_y", czm_keras_flag(c, "transpose_b"));
    return czm_output(node);
}

czm_tensor czm_keras_op_sum(czm_keras_call *c, czm_keras_detail detail) {
    size_t count;
    czm_tensor *terms = czm_keras_operands(c, &count);
    return czm_output(czm_keras_node(c, czm_op_name(detail.op), detail.op, terms, count));
}

czm_tensor czm_keras_op_where(czm_keras_call *c, czm_keras_detail detail) {
    (void)detail;
    const czm_keras_argument *a = czm_keras_operand_at(c, 1);
    size_t typed = a && a->is_tensor ? 1 : 2; // one of them is a tensor, or both are numbers
    const czm_keras_argument *b = czm_keras_operand_at(c, typed);
    czm_dtype dtype = b && b->is_tensor ? czm_tensor_dtype(c->tensors[b - c->arguments->items])
                                        : CZM_DTYPE_FLOAT;
    return CZM_KERAS_OP(c, CZM_OP_SelectV2, czm_keras_operand_as(c, 0, CZM_DTYPE_BOOL),
                        czm_keras_operand_as(c, 1, dtype), czm_keras_operand_as(c, 2, dtype));
}

czm_tensor czm_keras_op_unary(czm_keras_call *c, czm_keras_detail detail) {
    return CZM_KERAS_OP(c, detail.op, c->in[0]);
}

czm_tensor czm_keras_op_shape(czm_keras_call *c, czm_keras_detail detail) {
    const char *type = json_string_value(czm_keras_option(c, "out_type"));
    if (type && !czm_text_equal(type, "int32"))
        czm_keras_fail(c, NULL, "only int32 shapes are supported");
    return czm_keras_op_unary(c, detail);
}

// ---- activations

static czm_tensor like(czm_keras_call *c, const char *suffix, czm_tensor x, double value) {
    return czm_keras_number(c, suffix, czm_tensor_dtype(x), value);
}

static czm_tensor times(czm_keras_call *c, czm_tensor x, double factor) {
    return CZM_KERAS_AS(c, "mul", CZM_OP_Mul, x, like(c, "mul/y", x, factor));
}

czm_tensor czm_keras_op_active(czm_keras_call *c, czm_keras_detail detail) {
    return czm_keras_activate_by_name(c, detail.activation, c->in[0]);
}

czm_tensor czm_keras_op_silu(czm_keras_call *c, czm_keras_detail detail) {
    if (czm_keras_number_or(czm_keras_option(c, "beta"), 1) != 1)
        czm_keras_fail(c, NULL, "only beta 1 is supported");
    return czm_keras_op_active(c, detail);
}

// The approximation: x/2 * (1 + tanh(sqrt(2/pi) * (x + 0.044715 x^3))). Keras 3 has it as the usual case.
czm_tensor czm_keras_op_gelu(czm_keras_call *c, czm_keras_detail detail) {
    if (!czm_keras_flag(c, "approximate")) return czm_keras_op_active(c, detail);
    czm_tensor x = c->in[0];
    czm_tensor cube = CZM_KERAS_OP(c, CZM_OP_Pow, x, like(c, "Pow/y", x, 3));
    czm_tensor inner = CZM_KERAS_AS(c, "add", CZM_OP_AddV2, x, times(c, cube, 0.044715));
    czm_tensor tanh = CZM_KERAS_OP(c, CZM_OP_Tanh, times(c, inner, 0.7978845608028654));
    czm_tensor half =
        times(c, CZM_KERAS_AS(c, "add", CZM_OP_AddV2, tanh, like(c, "add/y", x, 1)), 0.5);
    return CZM_KERAS_AS(c, "mul", CZM_OP_Mul, x, half);
}

czm_tensor czm_keras_op_elu(czm_keras_call *c, czm_keras_detail detail) {
    (void)detail;
    return czm_keras_elu(c, c->in[0], czm_keras_number_or(czm_keras_option(c, "alpha"), 1));
}

// alpha * Elu(x / alpha)
czm_tensor czm_keras_op_celu(czm_keras_call *c, czm_keras_detail detail) {
    (void)detail;
    double alpha = czm_keras_number_or(czm_keras_option(c, "alpha"), 1);
    if (alpha <= 0) {
        czm_keras_fail(c, NULL, "alpha is not a positive number");
        return c->in[0];
    }
    czm_tensor y = CZM_KERAS_OP(c, CZM_OP_Elu, times(c, c->in[0], 1 / alpha));
    return times(c, y, alpha);
}

czm_tensor czm_keras_op_leaky_relu(czm_keras_call *c, czm_keras_detail detail) {
    czm_node *node = CZM_KERAS_NODE(c, detail.op, c->in[0]);
    czm_set_float(c->graph, node, "alpha",
                  (float)czm_keras_number_or(czm_keras_either(c, "alpha", "negative_slope"), 0.2));
    return czm_output(node);
}

// (x + sqrt(x^2 + b)) / 2
czm_tensor czm_keras_op_squareplus(czm_keras_call *c, czm_keras_detail detail) {
    (void)detail;
    czm_tensor x = c->in[0], square = CZM_KERAS_OP(c, CZM_OP_Square, x);
    czm_tensor root =
        CZM_KERAS_OP(c, CZM_OP_Sqrt,
                     CZM_KERAS_AS(c, "add", CZM_OP_AddV2, square,
                                  like(c, "add/y", x,
                                       czm_keras_number_or(czm_keras_option(c, "b"), 4))));
    return times(c, CZM_KERAS_AS(c, "add", CZM_OP_AddV2, x, root), 0.5);
}

static czm_tensor bounded(czm_keras_call *c, czm_tensor x, double low, double high) {
    czm_tensor y = CZM_KERAS_AS(c, "clip_by_value/Minimum", CZM_OP_Minimum, x,
                                like(c, "clip_by_value/Minimum/y", x, high));
    return CZM_KERAS_AS(c, "clip_by_value", CZM_OP_Maximum, y, like(c, "clip_by_value/y", x, low));
}

czm_tensor czm_keras_op_soft_shrink(czm_keras_call *c, czm_keras_detail detail) {
    (void)detail;
    double bound = czm_keras_number_or(czm_keras_option(c, "threshold"), 0.5);
    return CZM_KERAS_AS(c, "sub", CZM_OP_Sub, c->in[0], bounded(c, c->in[0], -bound, bound));
}

czm_tensor czm_keras_op_hard_shrink(czm_keras_call *c, czm_keras_detail detail) {
    (void)detail;
    czm_tensor x = c->in[0];
    czm_tensor is_kept =
        CZM_KERAS_OP(c, CZM_OP_Greater, CZM_KERAS_OP(c, CZM_OP_Abs, x),
                     like(c, "Greater/y", x,
                          czm_keras_number_or(czm_keras_option(c, "threshold"), 0.5)));
    return CZM_KERAS_OP(c, CZM_OP_SelectV2, is_kept, x, like(c, "SelectV2/e", x, 0));
}

czm_tensor czm_keras_op_threshold(czm_keras_call *c, czm_keras_detail detail) {
    (void)detail;
    czm_tensor x = c->in[0];
    czm_tensor is_kept =
        CZM_KERAS_OP(c, CZM_OP_Greater, x,
                     like(c, "Greater/y", x,
                          czm_keras_number_or(czm_keras_option(c, "threshold"), 0)));
    return CZM_KERAS_OP(c, CZM_OP_SelectV2, is_kept, x,
                        like(c, "SelectV2/e", x,
                             czm_keras_number_or(czm_keras_option(c, "default_value"), 0)));
}

czm_tensor czm_keras_op_softmax(czm_keras_call *c, czm_keras_detail detail) {
    return czm_keras_along_last(c, detail.op, c->in[0],
                                czm_keras_axis(c, "axis", czm_keras_rank(c, c->in[0]), -1));
}

czm_tensor czm_keras_op_glu(czm_keras_call *c, czm_keras_detail detail) {
    (void)detail;
    return czm_keras_glu(c, c->in[0], czm_keras_axis(c, "axis", czm_keras_rank(c, c->in[0]), -1));
}

// ---- along axes

czm_tensor czm_keras_op_reduce(czm_keras_call *c, czm_keras_detail detail) {
    int64_t axes[MOST_RANK];
    size_t count = czm_keras_all_axes(c, axes);
    return czm_keras_reduce(c, czm_op_name(detail.op), detail.op, c->in[0], axes, count,
                            czm_keras_flag(c, "keepdims"));
}

czm_tensor czm_keras_op_variance(czm_keras_call *c, czm_keras_detail detail) {
    int64_t axes[MOST_RANK];
    czm_tensor x = c->in[0];
    size_t count = czm_keras_all_axes(c, axes);
    czm_tensor mean = czm_keras_reduce(c, "Mean", CZM_OP_Mean, x, axes, count, true);
    czm_tensor squares = CZM_KERAS_OP(c, CZM_OP_SquaredDifference, x, mean);
    czm_tensor y = czm_keras_reduce(c, "Mean_1", CZM_OP_Mean, squares, axes, count,
                                    czm_keras_flag(c, "keepdims"));
    return detail.op ? CZM_KERAS_OP(c, detail.op, y) : y;
}

// log(sum(exp(x - max))) + max
czm_tensor czm_keras_op_logsumexp(czm_keras_call *c, czm_keras_detail detail) {
    (void)detail;
    int64_t axes[MOST_RANK];
    czm_tensor x = c->in[0];
    size_t count = czm_keras_all_axes(c, axes);
    bool keeps = czm_keras_flag(c, "keepdims");
    czm_tensor most = czm_keras_reduce(c, "Max", CZM_OP_Max, x, axes, count, true);
    czm_tensor power = CZM_KERAS_OP(c, CZM_OP_Exp, CZM_KERAS_AS(c, "sub", CZM_OP_Sub, x, most));
    czm_tensor y = CZM_KERAS_OP(c, CZM_OP_Log,
                                czm_keras_reduce(c, "Sum", CZM_OP_Sum, power, axes, count, keeps));
    if (!keeps) most = czm_keras_reduce(c, "Max_1", CZM_OP_Max, x, axes, count, false);
    return CZM_KERAS_AS(c, "add", CZM_OP_AddV2, y, most);
}

czm_tensor czm_keras_op_extreme(czm_keras_call *c, czm_keras_detail detail) {
    size_t rank = czm_keras_rank(c, c->in[0]);
    const char *type = json_string_value(czm_keras_option(c, "output_type"));
    bool is_wide = type ? czm_text_equal(type, "int64") : !c->layer->is_operation;
    int64_t axis = czm_keras_axis(c, "axis", rank, 0);
    if (!czm_keras_option(c, "axis") && c->layer->is_operation)
        czm_keras_fail(c, NULL, "the operation requires an axis");
    czm_node *node = CZM_KERAS_NODE(c, detail.op, c->in[0], czm_keras_int(c, "dimension", axis));
    czm_set_type(c->graph, node, "output_type", is_wide ? CZM_DTYPE_INT64 : CZM_DTYPE_INT32);
    czm_tensor y = czm_output(node);
    return czm_keras_flag(c, "keepdims")
               ? CZM_KERAS_OP(c, CZM_OP_ExpandDims, y, czm_keras_int(c, "ExpandDims/dim", axis))
               : y;
}

czm_tensor czm_keras_op_cumulate(czm_keras_call *c, czm_keras_detail detail) {
    size_t rank = czm_keras_rank(c, c->in[0]);
    if (!czm_keras_option(c, "axis") && c->layer->is_operation)
        czm_keras_fail(c, NULL, "the operation requires an axis");
    czm_node *node = CZM_KERAS_NODE(c, detail.op, c->in[0],
                                    czm_keras_int(c, "axis", czm_keras_axis(c, "axis", rank, 0)));
    czm_set_bool(c->graph, node, "exclusive", czm_keras_flag(c, "exclusive"));
    czm_set_bool(c->graph, node, "reverse", czm_keras_flag(c, "reverse"));
    return czm_output(node);
}

czm_tensor czm_keras_op_clip(czm_keras_call *c, czm_keras_detail detail) {
    (void)detail;
    const json_t *low = czm_keras_either(c, "x_min", "clip_value_min"),
                 *high = czm_keras_either(c, "x_max", "clip_value_max");
    if (!json_is_number(low) || !json_is_number(high))
        czm_keras_fail(c, NULL, "the bounds of the operation are not numbers");
    return bounded(c, c->in[0], json_number_value(low), json_number_value(high));
}

czm_tensor czm_keras_op_normalize(czm_keras_call *c, czm_keras_detail detail) {
    (void)detail;
    int64_t axes[MOST_RANK];
    czm_tensor x = c->in[0];
    size_t rank = czm_keras_rank(c, x);
    const json_t *axis = czm_keras_option(c, "axis"), *order = czm_keras_option(c, "order");
    size_t count = axis ? czm_keras_axes(c, axis, rank, axes) : 1;
    if (!axis) axes[0] = (int64_t)rank - 1;
    if (order && json_number_value(order) != 2)
        czm_keras_fail(c, NULL, "only order 2 is supported");
    double floor = json_number_value(czm_keras_option(c, "epsilon"));
    czm_tensor sum = czm_keras_reduce(c, "Sum", CZM_OP_Sum, CZM_KERAS_OP(c, CZM_OP_Square, x), axes,
                                      count, true);
    sum = CZM_KERAS_OP(c, CZM_OP_Maximum, sum,
                       czm_keras_number(c, "Maximum/y", czm_tensor_dtype(x),
                                        floor > 0 ? floor : 1e-12));
    return CZM_KERAS_AS(c, "mul", CZM_OP_Mul, x, CZM_KERAS_OP(c, CZM_OP_Rsqrt, sum));
}

czm_tensor czm_keras_op_cast(czm_keras_call *c, czm_keras_detail detail) {
    (void)detail;
    const json_t *value = czm_keras_option(c, "dtype");
    const char *name = json_string_value(value);
    for (int i = 1; name && i < 24; i++)
        if (czm_text_equal(czm_dtype_name((czm_dtype)i), name))
            return czm_keras_cast(c, "Cast", c->in[0], (czm_dtype)i);
    czm_keras_fail(c, NULL, "the target type of its cast is not supported");
    return c->in[0];
}
