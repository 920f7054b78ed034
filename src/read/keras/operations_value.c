// SPDX-License-Identifier: Apache-2.0
//
// Operations that compute: arithmetic, activations, reductions.
#include "read/keras/operations.h"

enum { MOST_RANK = CZM_KERAS_HIGHEST_RANK };

// ---- arithmetic

czm_keras_tensor czm_keras_op_binary(czm_keras_call *c, czm_op_kind op) {
    czm_keras_tensor a = czm_keras_operand(c, 0), b = czm_keras_operand(c, 1);
    return CZM_KERAS_OP(c, op, a, b);
}

czm_keras_tensor czm_keras_op_matmul(czm_keras_call *c, czm_op_kind op) {
    czm_node *node = CZM_KERAS_NODE(c, op, czm_keras_operand(c, 0), czm_keras_operand(c, 1));
    czm_set_bool(c->graph, node, "adj_x", czm_keras_flag(c, "transpose_a"));
    czm_set_bool(c->graph, node, "adj_y", czm_keras_flag(c, "transpose_b"));
    return czm_keras_output(c, node, 0);
}

czm_keras_tensor czm_keras_op_sum(czm_keras_call *c, czm_op_kind op) {
    size_t count;
    czm_keras_tensor *terms = czm_keras_operands(c, &count);
    return czm_keras_output(c, czm_keras_node(c, NULL, op, terms, count), 0);
}

czm_keras_tensor czm_keras_op_where(czm_keras_call *c, czm_op_kind op) {
    (void)op;
    const czm_keras_argument *a = czm_keras_operand_at(c, 1);
    size_t typed = a && a->is_tensor ? 1 : 2; // one of them is a tensor, or both are numbers
    const czm_keras_argument *b = czm_keras_operand_at(c, typed);
    czm_dtype dtype = b && b->is_tensor ? czm_keras_dtype(c->tensors[b - c->arguments->items])
                                        : CZM_DTYPE_FLOAT;
    return CZM_KERAS_OP(c, CZM_OP_SelectV2, czm_keras_operand_as(c, 0, CZM_DTYPE_BOOL),
                        czm_keras_operand_as(c, 1, dtype), czm_keras_operand_as(c, 2, dtype));
}

czm_keras_tensor czm_keras_op_unary(czm_keras_call *c, czm_op_kind op) {
    return CZM_KERAS_OP(c, op, c->in[0]);
}

czm_keras_tensor czm_keras_op_shape(czm_keras_call *c, czm_op_kind op) {
    const char *type = json_string_value(czm_keras_option(c, "out_type"));
    if (type && !czm_text_equal(type, "int32"))
        czm_keras_fail(c, NULL, "only int32 shapes are supported");
    return czm_keras_op_unary(c, op);
}

// ---- activations

// The approximation: x/2 * (1 + tanh(sqrt(2/pi) * (x + 0.044715 x^3))). It is the default of Keras 3.
czm_keras_tensor czm_keras_op_gelu(czm_keras_call *c, czm_op_kind op) {
    if (!czm_keras_flag(c, "approximate")) return czm_keras_op_active(c, op);
    czm_keras_tensor x = c->in[0];
    czm_keras_tensor cube =
        czm_keras_with(c, CZM_OP_Mul, czm_keras_with(c, CZM_OP_Pow, x, 3), 0.044715);
    czm_keras_tensor inner =
        czm_keras_with(c, CZM_OP_Mul, CZM_KERAS_OP(c, CZM_OP_AddV2, x, cube), 0.7978845608028654);
    czm_keras_tensor sum = czm_keras_with(c, CZM_OP_AddV2, CZM_KERAS_OP(c, CZM_OP_Tanh, inner), 1);
    return CZM_KERAS_OP(c, CZM_OP_Mul, x, czm_keras_with(c, CZM_OP_Mul, sum, 0.5));
}

czm_keras_tensor czm_keras_op_threshold(czm_keras_call *c, czm_op_kind op) {
    (void)op;
    czm_keras_tensor x = c->in[0];
    double bound = czm_keras_number_or(czm_keras_option(c, "threshold"), 0),
           other = czm_keras_number_or(czm_keras_option(c, "default_value"), 0);
    return CZM_KERAS_OP(c, CZM_OP_SelectV2, czm_keras_with(c, CZM_OP_Greater, x, bound), x,
                        czm_keras_number(c, "SelectV2/e", czm_keras_dtype(x), other));
}

czm_keras_tensor czm_keras_op_softmax(czm_keras_call *c, czm_op_kind op) {
    return czm_keras_along_last(c, op, c->in[0],
                                czm_keras_axis(c, "axis", czm_keras_rank(c, c->in[0]), -1));
}

czm_keras_tensor czm_keras_op_glu(czm_keras_call *c, czm_op_kind op) {
    (void)op;
    return czm_keras_glu(c, c->in[0], czm_keras_axis(c, "axis", czm_keras_rank(c, c->in[0]), -1));
}

// ---- along axes

czm_keras_tensor czm_keras_op_reduce(czm_keras_call *c, czm_op_kind op) {
    int64_t axes[MOST_RANK];
    size_t count = czm_keras_all_axes(c, axes);
    return czm_keras_reduce(c, NULL, op, c->in[0], axes, count, czm_keras_flag(c, "keepdims"));
}

czm_keras_tensor czm_keras_op_variance(czm_keras_call *c, czm_op_kind op) {
    int64_t axes[MOST_RANK];
    czm_keras_tensor x = c->in[0];
    size_t count = czm_keras_all_axes(c, axes);
    czm_keras_tensor mean = czm_keras_reduce(c, NULL, CZM_OP_Mean, x, axes, count, true);
    czm_keras_tensor squares = CZM_KERAS_OP(c, CZM_OP_SquaredDifference, x, mean);
    czm_keras_tensor y =
        czm_keras_reduce(c, NULL, CZM_OP_Mean, squares, axes, count, czm_keras_flag(c, "keepdims"));
    return op ? CZM_KERAS_OP(c, op, y) : y;
}

// log(sum(exp(x - max))) + max
czm_keras_tensor czm_keras_op_logsumexp(czm_keras_call *c, czm_op_kind op) {
    (void)op;
    int64_t axes[MOST_RANK];
    czm_keras_tensor x = c->in[0];
    size_t count = czm_keras_all_axes(c, axes);
    bool keeps = czm_keras_flag(c, "keepdims");
    czm_keras_tensor most = czm_keras_reduce(c, NULL, CZM_OP_Max, x, axes, count, true);
    czm_keras_tensor power = CZM_KERAS_OP(c, CZM_OP_Exp, CZM_KERAS_OP(c, CZM_OP_Sub, x, most));
    czm_keras_tensor y =
        CZM_KERAS_OP(c, CZM_OP_Log,
                     czm_keras_reduce(c, NULL, CZM_OP_Sum, power, axes, count, keeps));
    if (!keeps) most = czm_keras_reduce(c, NULL, CZM_OP_Max, x, axes, count, false);
    return CZM_KERAS_OP(c, CZM_OP_AddV2, y, most);
}

czm_keras_tensor czm_keras_op_extreme(czm_keras_call *c, czm_op_kind op) {
    size_t rank = czm_keras_rank(c, c->in[0]);
    const char *type = json_string_value(czm_keras_option(c, "output_type"));
    bool is_wide = type ? czm_text_equal(type, "int64") : !c->layer->is_operation;
    int64_t axis = czm_keras_axis(c, "axis", rank, 0);
    if (!czm_keras_option(c, "axis") && c->layer->is_operation)
        czm_keras_fail(c, NULL, "the operation requires an axis");
    czm_node *node = CZM_KERAS_NODE(c, op, c->in[0], czm_keras_int(c, "dimension", axis));
    czm_set_type(c->graph, node, "output_type", is_wide ? CZM_DTYPE_INT64 : CZM_DTYPE_INT32);
    czm_keras_tensor y = czm_keras_output(c, node, 0);
    return czm_keras_flag(c, "keepdims")
               ? CZM_KERAS_OP(c, CZM_OP_ExpandDims, y, czm_keras_int(c, "ExpandDims/dim", axis))
               : y;
}

czm_keras_tensor czm_keras_op_cumulate(czm_keras_call *c, czm_op_kind op) {
    size_t rank = czm_keras_rank(c, c->in[0]);
    if (!czm_keras_option(c, "axis") && c->layer->is_operation)
        czm_keras_fail(c, NULL, "the operation requires an axis");
    czm_node *node = CZM_KERAS_NODE(c, op, c->in[0],
                                    czm_keras_int(c, "axis", czm_keras_axis(c, "axis", rank, 0)));
    czm_set_bool(c->graph, node, "exclusive", czm_keras_flag(c, "exclusive"));
    czm_set_bool(c->graph, node, "reverse", czm_keras_flag(c, "reverse"));
    return czm_keras_output(c, node, 0);
}

czm_keras_tensor czm_keras_op_clip(czm_keras_call *c, czm_op_kind op) {
    (void)op;
    const json_t *low = czm_keras_either(c, "x_min", "clip_value_min"),
                 *high = czm_keras_either(c, "x_max", "clip_value_max");
    if (!json_is_number(low) || !json_is_number(high))
        czm_keras_fail(c, NULL, "the bounds of the operation are not numbers");
    return czm_keras_clip(c, c->in[0], json_number_value(low), json_number_value(high));
}

czm_keras_tensor czm_keras_op_normalize(czm_keras_call *c, czm_op_kind op) {
    (void)op;
    int64_t axes[MOST_RANK];
    size_t rank = czm_keras_rank(c, c->in[0]);
    const json_t *axis = czm_keras_option(c, "axis"), *order = czm_keras_option(c, "order");
    size_t count = axis ? czm_keras_axes(c, axis, rank, axes) : 1;
    if (!axis) axes[0] = (int64_t)rank - 1;
    if (order && json_number_value(order) != 2)
        czm_keras_fail(c, NULL, "only order 2 is supported");
    return czm_keras_unit(c, c->in[0], axes, count,
                          json_number_value(czm_keras_option(c, "epsilon")));
}

czm_keras_tensor czm_keras_op_cast(czm_keras_call *c, czm_op_kind op) {
    (void)op;
    czm_dtype dtype = czm_config_dtype(czm_keras_option(c, "dtype"));
    if (dtype) return czm_keras_cast(c, "Cast", c->in[0], dtype);
    czm_keras_fail(c, NULL, "the target type of its cast is not supported");
    return c->in[0];
}
