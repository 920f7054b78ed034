// SPDX-License-Identifier: Apache-2.0
//
// Padding and cropping.
#include "read/onnx/import.h"

typedef struct padding {
    int64_t before[CZM_MOST_AXES], after[CZM_MOST_AXES]; // by stored place
} padding;

static czm_status read_padding(czm_import_step *s, const czm_order *order, padding *p) {
    int64_t list[2 * CZM_MOST_AXES];
    unsigned axes;
    bool is_given = false;
    const char *name = czm_import_has(s, "pads") ? "pads" : "paddings";
    size_t count = s->opset < 11
                       ? czm_import_ints(s, name, list, CZM_COUNT_OF(list))
                       : czm_import_vector(s, czm_import_in(s, 1), list, CZM_COUNT_OF(list));
    if (s->opset >= 18 && czm_import_in(s, 3))
        CZM_TRY(czm_import_axes(s, 0, 3, order->rank, &axes, &is_given));
    if (!is_given) axes = (1u << order->rank) - 1;
    int64_t chosen[CZM_MOST_AXES];
    size_t half = 0;
    if (is_given) {
        half = czm_import_vector(s, czm_import_in(s, 3), chosen, CZM_MOST_AXES);
    } else {
        for (int a = 0; a < order->rank; a++) chosen[half++] = a;
    }
    *p = (padding){{0}, {0}};
    if (count != 2 * half)
        return czm_import_reject(
            s, NULL, "it has %zu amounts of padding for %zu axes, which require two each", count,
            half);
    for (size_t i = 0; i < half; i++) {
        int place =
            czm_order_place(order, (int)(chosen[i] < 0 ? chosen[i] + order->rank : chosen[i]));
        p->before[place] = list[i];
        p->after[place] = list[i + half];
        if (list[i] == CZM_UNKNOWN_INT || list[i + half] == CZM_UNKNOWN_INT)
            return czm_import_reject(s, "export the network with a fixed size, or set the size",
                                     "the amounts of padding are computed while the network runs");
        if (list[i] > CZM_IMPORT_MOST_PIXELS || list[i] < -CZM_IMPORT_MOST_PIXELS ||
            list[i + half] > CZM_IMPORT_MOST_PIXELS || list[i + half] < -CZM_IMPORT_MOST_PIXELS)
            return czm_import_reject(s, NULL, "padding by %lld and %lld pixels is not supported",
                                     (long long)list[i], (long long)list[i + half]);
    }
    return CZM_OK;
}

// Negative amounts cut.
static czm_tensor crop(czm_import_step *s, czm_tensor x, padding *p, int rank) {
    int64_t begin[CZM_MOST_AXES] = {0}, end[CZM_MOST_AXES] = {0}, ones[CZM_MOST_AXES], end_mask = 0;
    bool cuts = false;
    for (int k = 0; k < rank; k++) {
        ones[k] = 1;
        if (p->before[k] < 0) begin[k] = -p->before[k];
        if (p->after[k] < 0) end[k] = p->after[k];
        if (p->after[k] >= 0) end_mask |= (int64_t)1 << k;
        cuts |= p->before[k] < 0 || p->after[k] < 0;
        if (p->before[k] < 0) p->before[k] = 0;
        if (p->after[k] < 0) p->after[k] = 0;
    }
    if (!cuts) return x;
    czm_node *node = CZM_NODE(s, CZM_OP_StridedSlice, x, czm_import_const(s, begin, (size_t)rank),
                              czm_import_const(s, end, (size_t)rank),
                              czm_import_const(s, ones, (size_t)rank));
    czm_set_int(s->run->graph, node, "end_mask", end_mask);
    return czm_output(node);
}

static czm_tensor amounts(czm_import_step *s, const padding *p, int rank) {
    double list[2 * CZM_MOST_AXES];
    int64_t dims[] = {rank, 2};
    for (int k = 0; k < rank; k++) {
        list[2 * k] = (double)p->before[k];
        list[2 * k + 1] = (double)p->after[k];
    }
    return czm_import_numbers_const(s, CZM_DTYPE_INT32, list, dims, 2);
}

// Rows or columns from `begin` to `end` of axis `k`; negative ones count from the end, and an end of 0 is that of the
// axis.
static czm_tensor part(czm_import_step *s, czm_tensor x, int rank, int k, int64_t begin,
                       int64_t end) {
    int64_t begins[CZM_MOST_AXES] = {0}, ends[CZM_MOST_AXES] = {0}, ones[CZM_MOST_AXES];
    for (int i = 0; i < rank; i++) ones[i] = 1;
    begins[k] = begin;
    ends[k] = end;
    czm_node *node = CZM_NODE(s, CZM_OP_StridedSlice, x, czm_import_const(s, begins, (size_t)rank),
                              czm_import_const(s, ends, (size_t)rank),
                              czm_import_const(s, ones, (size_t)rank));
    int64_t all = (1 << rank) - 1, open = end ? all & ~(1 << k) : all;
    czm_set_int(s->run->graph, node, "begin_mask", all & ~(1 << k));
    czm_set_int(s->run->graph, node, "end_mask", open);
    return czm_output(node);
}

// edge and wrap, of any size: parts of the tensor before and after it.
static bool pad_by_parts(czm_import_step *s, czm_tensor *x, const padding *p, int rank, int k,
                         bool wraps) {
    enum { MOST_PARTS = 32 };
    int64_t before = p->before[k], after = p->after[k],
            size = czm_import_stored_shape(s, *x).dims[k];
    czm_tensor parts[2 * MOST_PARTS + 2];
    size_t count = 0;
    // Known sizes: an index is one operation for edges, and wraps further than the size.
    bool is_whole = wraps && size > 0 && (before > size || after > size);
    if (before > MOST_PARTS || after > MOST_PARTS || is_whole || (!wraps && size > 0)) return false;
    for (int64_t i = 0; i < before && (!wraps || i == 0); i++)
        parts[count++] = wraps ? part(s, *x, rank, k, -before, 0) : part(s, *x, rank, k, 0, 1);
    parts[count++] = *x;
    for (int64_t i = 0; i < after && (!wraps || i == 0); i++)
        parts[count++] = wraps ? part(s, *x, rank, k, 0, after) : part(s, *x, rank, k, -1, 0);
    parts[count++] = czm_import_const_of(s, k);
    *x = czm_output(czm_import_node(s, CZM_OP_ConcatV2, parts, count));
    return true;
}

// edge and wrap: the index of the pixel for each position.
static czm_status pad_by_index(czm_import_step *s, czm_tensor *x, const padding *p, int rank,
                               bool wraps) {
    for (int k = 0; k < rank; k++) {
        if (p->before[k] == 0 && p->after[k] == 0) continue;
        czm_shape shape = czm_import_stored_shape(s, *x);
        if (shape.rank == rank && pad_by_parts(s, x, p, rank, k, wraps)) continue;
        if (shape.rank != rank || shape.dims[k] < 1 || shape.dims[k] > CZM_IMPORT_MOST_PIXELS)
            return czm_import_reject(
                s, "export the network with a fixed size, or set the size",
                "padding by repeated pixels is not supported for an open size");
        int64_t size = shape.dims[k], count = size + p->before[k] + p->after[k];
        int64_t *index = CZM_NEW_ARRAY(s->run->context->arena, int64_t, (size_t)count);
        for (int64_t i = 0; i < count; i++) {
            int64_t at = i - p->before[k];
            index[i] = wraps        ? ((at % size) + size) % size
                       : at < 0     ? 0
                       : at >= size ? size - 1
                                    : at;
        }
        *x = CZM_OUT(s, CZM_OP_GatherV2, *x, czm_import_const(s, index, (size_t)count),
                     czm_import_const_of(s, k));
    }
    return CZM_OK;
}

static czm_tensor pad_value(czm_import_step *s, czm_tensor x) {
    czm_import_value *v = czm_import_in(s, 2);
    if (s->opset < 11) return czm_import_scalar(s, x, czm_import_float(s, "value", 0));
    if (!v) return czm_import_scalar(s, x, 0);
    czm_tensor t = czm_import_plain(s, v);
    return czm_import_order(s, v).rank ? czm_import_reshape(s, t, NULL, 0) : t;
}

// Amounts that are computed, all before and then all after: a row for each stored axis.
static czm_tensor computed_amounts(czm_import_step *s, czm_import_value *v,
                                   const czm_order *order) {
    const int64_t halves[] = {2, order->rank}, exchange[] = {1, 0};
    int64_t rows[CZM_MOST_AXES];
    for (int k = 0; k < order->rank; k++) rows[k] = order->axis[k];
    czm_tensor flat = czm_import_cast(s, czm_import_plain(s, v), CZM_DTYPE_INT32);
    czm_tensor pairs = CZM_OUT(s, CZM_OP_Transpose, czm_import_reshape(s, flat, halves, 2),
                               czm_import_const(s, exchange, 2));
    return CZM_OUT(s, CZM_OP_GatherV2, pairs, czm_import_const(s, rows, (size_t)order->rank),
                   czm_import_const_of(s, 0));
}

// Zeros or another value around the tensor, by amounts for every axis that are computed.
static bool pads_by_computed(czm_import_step *s, const czm_order *order) {
    int64_t list[2 * CZM_MOST_AXES];
    czm_import_value *pads = czm_import_in(s, 1);
    size_t count = pads ? czm_import_vector(s, pads, list, CZM_COUNT_OF(list)) : 0;
    bool is_computed = false;
    if (s->opset < 11 || count != 2 * (size_t)order->rank || czm_import_in(s, 3) ||
        !czm_import_text_is(s, "mode", "constant", "constant"))
        return false;
    for (size_t i = 0; i < count; i++) is_computed |= list[i] == CZM_UNKNOWN_INT;
    if (!is_computed) return false;
    czm_tensor x = czm_import_made(s, czm_import_in(s, 0));
    czm_import_put(s, 0,
                   CZM_OUT(s, CZM_OP_PadV2, x, computed_amounts(s, pads, order), pad_value(s, x)),
                   *order);
    return true;
}

czm_status czm_import_op_pad(czm_import_step *s) {
    czm_import_value *v = czm_import_in(s, 0);
    czm_order order = czm_import_order(s, v);
    padding p;
    if (pads_by_computed(s, &order)) return CZM_OK;
    CZM_TRY(read_padding(s, &order, &p));
    czm_tensor x = crop(s, czm_import_made(s, v), &p, order.rank);
    bool pads = false;
    for (int k = 0; k < order.rank; k++) pads |= p.before[k] || p.after[k];
    bool is_constant = czm_import_text_is(s, "mode", "constant", "constant");
    bool is_reflected = czm_import_text_is(s, "mode", "constant", "reflect");
    if (pads && is_constant) {
        x = CZM_OUT(s, CZM_OP_PadV2, x, amounts(s, &p, order.rank), pad_value(s, x));
    } else if (pads && is_reflected) {
        czm_node *node = CZM_NODE(s, CZM_OP_MirrorPad, x, amounts(s, &p, order.rank));
        czm_set_string(s->run->graph, node, "mode", "REFLECT");
        x = czm_output(node);
    } else if (pads) {
        CZM_TRY(
            pad_by_index(s, &x, &p, order.rank, czm_import_text_is(s, "mode", "constant", "wrap")));
    }
    czm_import_put(s, 0, x, order);
    return CZM_OK;
}

// Half of the difference in size, rounded down, is removed or added at the beginning of an axis.
czm_status czm_import_op_center_crop_pad(czm_import_step *s) {
    czm_import_value *v = czm_import_in(s, 0);
    czm_order order = czm_import_order(s, v);
    int64_t sizes[CZM_MOST_AXES], axes[CZM_MOST_AXES];
    padding p = {{0}, {0}};
    size_t count = czm_import_vector(s, czm_import_in(s, 1), sizes, CZM_MOST_AXES);
    size_t named = czm_import_ints(s, "axes", axes, CZM_MOST_AXES);
    for (size_t i = 0; i < count && i < CZM_MOST_AXES && !named; i++) axes[i] = (int64_t)i;
    if (count > (size_t)order.rank || (named && named != count))
        return czm_import_reject(s, NULL, "it has %zu sizes for %d axes", count, order.rank);
    for (size_t i = 0; i < count; i++) {
        int axis;
        CZM_TRY(czm_import_axis(s, axes[i], order.rank, &axis));
        int64_t size = czm_import_dim(s, v, axis), place = czm_order_place(&order, axis);
        if (size == CZM_UNKNOWN || sizes[i] < 0 || sizes[i] > CZM_IMPORT_MOST_PIXELS)
            return czm_import_reject(s, "export the network with a fixed size, or set the size",
                                     "it crops or pads an open size");
        int64_t more = sizes[i] - size;
        p.before[place] = more / 2;
        p.after[place] = more - more / 2;
    }
    czm_tensor x = crop(s, czm_import_made(s, v), &p, order.rank);
    x = CZM_OUT(s, CZM_OP_PadV2, x, amounts(s, &p, order.rank), czm_import_scalar(s, x, 0));
    czm_import_put(s, 0, x, order);
    return CZM_OK;
}

// An operation of the first exporters, which ONNX Runtime still computes: `border` has left, top, right, bottom.
czm_status czm_import_op_crop(czm_import_step *s) {
    czm_import_value *v = czm_import_in(s, 0);
    czm_order order = czm_import_order(s, v);
    int64_t border[4];
    padding p = {{0}, {0}};
    if (order.rank != 4 || czm_import_ints(s, "border", border, 4) != 4 ||
        czm_import_has(s, "scale"))
        return czm_import_reject(s, NULL, "only four borders of an image are supported");
    for (size_t i = 0; i < 4; i++)
        if (border[i] < 0 || border[i] > CZM_IMPORT_MOST_PIXELS)
            return czm_import_reject(s, NULL, "a border of %lld pixels is not supported",
                                     (long long)border[i]);
    int h = czm_order_place(&order, 2), w = czm_order_place(&order, 3);
    p.before[w] = -border[0], p.before[h] = -border[1];
    p.after[w] = -border[2], p.after[h] = -border[3];
    czm_import_put(s, 0, crop(s, czm_import_made(s, v), &p, order.rank), order);
    return CZM_OK;
}
