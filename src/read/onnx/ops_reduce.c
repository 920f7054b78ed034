// SPDX-License-Identifier: Apache-2.0
//
// Reductions, and operations along one axis.
#include "read/onnx/import.h"

// The stored places of a set of ONNX axes, as an int32 vector.
static czm_tensor places(czm_import_step *s, const czm_order *order, unsigned axes) {
    int64_t list[CZM_MOST_AXES];
    size_t count = 0;
    for (int k = 0; k < order->rank; k++)
        if (axes >> order->axis[k] & 1) list[count++] = k;
    return czm_import_const(s, list, count);
}

static czm_tensor reduced(czm_import_step *s, czm_op_kind op, czm_tensor x, czm_tensor axes,
                          bool keeps) {
    czm_node *node = CZM_NODE(s, op, x, axes);
    czm_set_bool(s->run->graph, node, "keep_dims", keeps);
    return czm_output(node);
}

// log(sum(exp(x))) less the maximum, so that nothing overflows.
static czm_tensor log_sum_exp(czm_import_step *s, czm_tensor x, czm_tensor axes, bool keeps) {
    czm_tensor most = reduced(s, CZM_OP_Max, x, axes, true);
    czm_tensor sum = reduced(s, CZM_OP_Sum, CZM_OUT(s, CZM_OP_Exp, CZM_OUT(s, CZM_OP_Sub, x, most)),
                             axes, keeps);
    czm_tensor back = keeps ? most : reduced(s, CZM_OP_Max, x, axes, false);
    return CZM_OUT(s, CZM_OP_AddV2, CZM_OUT(s, CZM_OP_Log, sum), back);
}

static czm_tensor reduce(czm_import_step *s, czm_tensor x, czm_tensor axes, bool keeps) {
    czm_op_kind op = s->op;
    if (czm_tensor_dtype(x) == CZM_DTYPE_BOOL) op = op == CZM_OP_Min ? CZM_OP_All : CZM_OP_Any;
    if (czm_import_is(s, "ReduceLogSumExp")) return log_sum_exp(s, x, axes, keeps);
    if (czm_import_is(s, "ReduceL1")) x = CZM_OUT(s, CZM_OP_Abs, x);
    if (czm_import_is(s, "ReduceL2") || czm_import_is(s, "ReduceSumSquare"))
        x = CZM_OUT(s, CZM_OP_Square, x);
    czm_tensor y = reduced(s, op, x, axes, keeps);
    if (czm_import_is(s, "ReduceL2")) return CZM_OUT(s, CZM_OP_Sqrt, y);
    return czm_import_is(s, "ReduceLogSum") ? CZM_OUT(s, CZM_OP_Log, y) : y;
}

czm_status czm_import_op_reduce(czm_import_step *s) {
    czm_import_value *x = czm_import_in(s, 0);
    czm_order order = czm_import_order(s, x);
    unsigned axes;
    bool is_given, keeps = czm_import_int(s, "keepdims", 1) != 0;
    CZM_TRY(czm_import_axes(s, czm_import_is(s, "ReduceSum") ? 13 : 18, 1, order.rank, &axes,
                            &is_given));
    if (!is_given && !czm_import_int(s, "noop_with_empty_axes", 0)) axes = (1u << order.rank) - 1;
    czm_tensor along = places(s, &order, axes);
    czm_tensor y = reduce(s, czm_import_made(s, x), along, keeps);
    czm_import_put(s, 0, y, keeps ? order : czm_order_without(&order, axes));
    return CZM_OK;
}

czm_status czm_import_op_global_pool(czm_import_step *s) {
    czm_import_value *x = czm_import_in(s, 0);
    czm_order order = czm_import_order(s, x);
    unsigned axes = ((1u << order.rank) - 1) & ~3u; // all but batch and channels
    czm_tensor t = czm_import_made(s, x);
    czm_import_put(s, 0, reduced(s, s->op, t, places(s, &order, axes), true), order);
    return CZM_OK;
}

// The root of the sum of the powers p.
czm_status czm_import_op_global_lp_pool(czm_import_step *s) {
    czm_import_value *x = czm_import_in(s, 0);
    czm_order order = czm_import_order(s, x);
    unsigned axes = ((1u << order.rank) - 1) & ~3u; // all but batch and channels
    double p = (double)czm_import_int(s, "p", 2);
    if (p < 1) return czm_import_reject(s, NULL, "p is %.0f, but must be at least 1", p);
    czm_tensor powers =
        czm_import_with(s, CZM_OP_Pow, CZM_OUT(s, CZM_OP_Abs, czm_import_made(s, x)), p);
    czm_tensor sum = reduced(s, CZM_OP_Sum, powers, places(s, &order, axes), true);
    czm_import_put(s, 0, czm_import_with(s, CZM_OP_Pow, sum, 1 / p), order);
    return CZM_OK;
}

// ---- along one axis

czm_order czm_import_order_ending_with(czm_import_step *s, const czm_import_value *x, int axis) {
    for (size_t i = 0; i < x->forms.count; i++)
        if (czm_order_last(&x->forms.items[i].order) == axis) return x->forms.items[i].order;
    czm_order order = czm_import_order(s, x);
    return czm_order_ending_with(&order, axis);
}

// Up to operator set 12, the axes from the named one on count as one.
static bool is_one_axis(czm_import_step *s, const czm_import_value *x, int axis) {
    czm_shape shape = czm_import_shape(s, x);
    for (int i = axis + 1; i < shape.rank && s->opset < 13; i++)
        if (shape.dims[i] != 1) return false;
    return true;
}

// Along several axes, of any size.
static czm_tensor softmax_of_rest(czm_import_step *s, czm_tensor x, const czm_order *order,
                                  int axis) {
    unsigned axes = ((1u << order->rank) - 1) & ~((1u << axis) - 1);
    czm_tensor high = reduced(s, CZM_OP_Max, x, places(s, order, axes), true);
    czm_tensor difference = CZM_OUT(s, CZM_OP_Sub, x, high);
    czm_tensor power = CZM_OUT(s, CZM_OP_Exp, difference);
    czm_tensor sum = reduced(s, CZM_OP_Sum, power, places(s, order, axes), true);
    if (s->op == CZM_OP_Softmax) return CZM_OUT(s, CZM_OP_RealDiv, power, sum);
    return CZM_OUT(s, CZM_OP_Sub, difference, CZM_OUT(s, CZM_OP_Log, sum));
}

czm_status czm_import_op_softmax(czm_import_step *s) {
    czm_import_value *x = czm_import_in(s, 0);
    int rank = czm_import_order(s, x).rank, axis;
    CZM_TRY(czm_import_axis(s, czm_import_int(s, "axis", s->opset >= 13 ? -1 : 1), rank, &axis));
    if (is_one_axis(s, x, axis)) {
        czm_order order = czm_import_order_ending_with(s, x, axis);
        czm_import_put(s, 0, CZM_OUT(s, s->op, czm_import_get(s, x, order)), order);
    } else {
        czm_order order = czm_import_order(s, x);
        czm_import_put(s, 0, softmax_of_rest(s, czm_import_made(s, x), &order, axis), order);
    }
    return CZM_OK;
}

// 1 at the first of the largest elements, 0 elsewhere.
czm_status czm_import_op_hardmax(czm_import_step *s) {
    czm_import_value *x = czm_import_in(s, 0);
    czm_order order = czm_import_order(s, x);
    int axis;
    CZM_TRY(
        czm_import_axis(s, czm_import_int(s, "axis", s->opset >= 13 ? -1 : 1), order.rank, &axis));
    int64_t size = czm_import_dim(s, x, axis);
    if (size < 1 || size > INT32_MAX || !is_one_axis(s, x, axis))
        return czm_import_reject(s, NULL,
                                 "a maximum of several axes, or of an open size, is not supported");
    czm_tensor t = czm_import_made(s, x);
    int place = czm_order_place(&order, axis);
    czm_node *node = CZM_NODE(s, CZM_OP_OneHot,
                              CZM_OUT(s, CZM_OP_ArgMax, t, czm_import_const_of(s, place)),
                              czm_import_const_of(s, (int32_t)size), czm_import_scalar(s, t, 1),
                              czm_import_scalar(s, t, 0));
    czm_set_int(s->run->graph, node, "axis", place == order.rank - 1 ? -1 : place);
    czm_import_put(s, 0, czm_output(node), order);
    return CZM_OK;
}

czm_status czm_import_op_arg(czm_import_step *s) {
    czm_import_value *x = czm_import_in(s, 0);
    czm_order order = czm_import_order(s, x);
    int axis;
    CZM_TRY(czm_import_axis(s, czm_import_int(s, "axis", 0), order.rank, &axis));
    int place = czm_order_place(&order, axis);
    int64_t at = place;
    czm_tensor t = czm_import_made(s, x);
    bool is_last = czm_import_int(s, "select_last_index", 0) != 0;
    int64_t size = czm_import_dim(s, x, axis);
    if (is_last && size == CZM_UNKNOWN)
        return czm_import_reject(s, NULL, "select_last_index is not supported for an open size");
    if (is_last) t = CZM_OUT(s, CZM_OP_ReverseV2, t, czm_import_const(s, &at, 1));
    czm_tensor y = CZM_OUT(s, s->op, t, czm_import_const_of(s, place));
    if (is_last) y = CZM_OUT(s, CZM_OP_Sub, czm_import_scalar(s, y, (double)size - 1), y);
    bool keeps = czm_import_int(s, "keepdims", 1) != 0;
    if (keeps) y = CZM_OUT(s, CZM_OP_ExpandDims, y, czm_import_const_of(s, place));
    czm_import_put(s, 0, y, keeps ? order : czm_order_without(&order, 1u << axis));
    return CZM_OK;
}

czm_status czm_import_op_cumsum(czm_import_step *s) {
    czm_import_value *x = czm_import_in(s, 0);
    czm_order order = czm_import_order(s, x);
    int64_t wanted;
    int axis;
    if (!czm_import_in(s, 1) || czm_import_vector(s, czm_import_in(s, 1), &wanted, 1) != 1 ||
        wanted == CZM_UNKNOWN_INT)
        return czm_import_reject(s, NULL, "its axis is computed while the network runs");
    CZM_TRY(czm_import_axis(s, wanted, order.rank, &axis));
    czm_node *node = CZM_NODE(s, CZM_OP_Cumsum, czm_import_made(s, x),
                              czm_import_const_of(s, czm_order_place(&order, axis)));
    czm_set_bool(s->run->graph, node, "exclusive", czm_import_int(s, "exclusive", 0) != 0);
    czm_set_bool(s->run->graph, node, "reverse", czm_import_int(s, "reverse", 0) != 0);
    czm_import_put(s, 0, czm_output(node), order);
    return CZM_OK;
}

// Element i of the result is the product of the elements up to i: the others are replaced by 1.
static czm_tensor products_so_far(czm_import_step *s, czm_tensor t, int place, int64_t size) {
    int64_t dims[CZM_MOST_AXES + 1], inner = place + 1;
    size_t rank = (size_t)czm_import_stored_shape(s, t).rank + 1;
    bool is_exclusive = czm_import_int(s, "exclusive", 0) != 0;
    bool is_reverse = czm_import_int(s, "reverse", 0) != 0;
    double *counts = CZM_NEW_MATRIX(s->run->context->arena, double, size, size);
    for (int64_t i = 0; i < size; i++)
        for (int64_t k = 0; k < size; k++)
            counts[i * size + k] = is_reverse ? k >= i + is_exclusive : k + is_exclusive <= i;
    for (size_t k = 0; k < rank; k++) dims[k] = 1;
    dims[place] = dims[inner] = size;
    czm_tensor each = CZM_OUT(s, CZM_OP_ExpandDims, t, czm_import_const_of(s, place));
    czm_tensor chosen = CZM_OUT(s, CZM_OP_SelectV2,
                                czm_import_numbers_const(s, CZM_DTYPE_BOOL, counts, dims, rank),
                                each, czm_import_scalar(s, t, 1));
    return CZM_OUT(s, CZM_OP_Prod, chosen, czm_import_const(s, &inner, 1));
}

czm_status czm_import_op_cumprod(czm_import_step *s) {
    enum { LONGEST = 256 };
    czm_import_value *x = czm_import_in(s, 0);
    czm_order order = czm_import_order(s, x);
    int64_t wanted;
    int axis;
    if (czm_import_vector(s, czm_import_in(s, 1), &wanted, 1) != 1 || wanted == CZM_UNKNOWN_INT)
        return czm_import_reject(s, NULL, "its axis is computed while the network runs");
    CZM_TRY(czm_import_axis(s, wanted, order.rank, &axis));
    int64_t size = czm_import_dim(s, x, axis);
    if (size < 1 || size > LONGEST || order.rank == CZM_MOST_AXES)
        return czm_import_reject(s, NULL,
                                 "an axis of more than %d, or of an open size, is not supported",
                                 LONGEST);
    czm_tensor y = products_so_far(s, czm_import_made(s, x), czm_order_place(&order, axis), size);
    czm_import_put(s, 0, y, order);
    return CZM_OK;
}

czm_status czm_import_op_reverse_sequence(czm_import_step *s) {
    czm_import_value *x = czm_import_in(s, 0);
    czm_node *node = CZM_NODE(s, CZM_OP_ReverseSequence, czm_import_plain(s, x),
                              czm_import_plain(s, czm_import_in(s, 1)));
    czm_set_int(s->run->graph, node, "seq_dim", czm_import_int(s, "time_axis", 0));
    czm_set_int(s->run->graph, node, "batch_dim", czm_import_int(s, "batch_axis", 1));
    czm_import_put(s, 0, czm_output(node), czm_order_plain(czm_import_order(s, x).rank));
    return CZM_OK;
}

czm_status czm_import_op_top_k(czm_import_step *s) {
    czm_import_value *x = czm_import_in(s, 0);
    int64_t k = czm_import_int(s, "k", CZM_UNKNOWN_INT);
    int axis;
    CZM_TRY(czm_import_axis(s, czm_import_int(s, "axis", -1), czm_import_order(s, x).rank, &axis));
    if (s->opset >= 10 && czm_import_in(s, 1)) czm_import_vector(s, czm_import_in(s, 1), &k, 1);
    if (k < 0 || k > INT32_MAX)
        return czm_import_reject(s, NULL,
                                 "the number of elements is computed while the network runs");
    bool is_largest = czm_import_int(s, "largest", 1) != 0;
    czm_order order = czm_import_order_ending_with(s, x, axis);
    czm_tensor t = czm_import_get(s, x, order);
    if (!is_largest) t = CZM_OUT(s, CZM_OP_Neg, t);
    czm_node *top = CZM_NODE(s, CZM_OP_TopKV2, t, czm_import_const_of(s, (int32_t)k));
    czm_tensor values = czm_output(top), indices = {top, 1};
    czm_import_put(s, 0, is_largest ? values : CZM_OUT(s, CZM_OP_Neg, values), order);
    czm_import_put(s, 1, czm_import_cast(s, indices, CZM_DTYPE_INT64), order);
    return CZM_OK;
}
