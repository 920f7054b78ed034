// SPDX-License-Identifier: Apache-2.0
//
// Joining tensors, and cutting parts out of them.
#include "read/onnx/import.h"

static bool is_empty(czm_import_step *s, const czm_import_value *v) {
    return czm_shape_count(czm_import_shape(s, v)) == 0;
}

static bool are_constants(czm_import_value *const *values, size_t count) {
    for (size_t i = 0; i < count; i++)
        if (!values[i]->constant) return false;
    return true;
}

czm_status czm_import_op_concat(czm_import_step *s) {
    czm_import_value **parts =
        CZM_NEW_ARRAY(s->run->context->arena, czm_import_value *, s->input_count);
    czm_tensor *t = CZM_NEW_ARRAY(s->run->context->arena, czm_tensor, s->input_count + 1);
    size_t count = 0;
    int axis;
    for (size_t i = 0; i < s->input_count; i++)
        if (s->inputs[i] && !is_empty(s, s->inputs[i])) parts[count++] = s->inputs[i];
    if (count == 0) parts[count++] = s->inputs[0];
    czm_order order = czm_import_align(s, parts, count, t);
    CZM_TRY(czm_import_axis(s, czm_import_int(s, "axis", 1), order.rank, &axis));
    if (count == 1) {
        czm_import_pass(s, 0, parts[0]);
        return CZM_OK;
    }
    t[count] = czm_import_const_of(s, czm_order_place(&order, axis));
    czm_import_put(s, 0, czm_output(czm_import_node(s, CZM_OP_ConcatV2, t, count + 1)), order);
    if (axis == order.rank - 1 && are_constants(parts, count)) {
        s->outputs[0]->parts = parts;
        s->outputs[0]->part_count = count;
    }
    return CZM_OK;
}

// The sizes of the parts: given, or equal with a smaller last one.
static czm_status part_sizes(czm_import_step *s, const czm_import_value *x, int axis,
                             int64_t *sizes) {
    const czm_import_value *given = s->opset >= 13 ? czm_import_in(s, 1) : NULL;
    size_t count = given ? czm_import_vector(s, given, sizes, s->output_count)
                         : czm_import_ints(s, "split", sizes, s->output_count);
    int64_t size = czm_import_dim(s, x, axis), n = (int64_t)s->output_count;
    for (size_t i = 0; i < count && i < s->output_count; i++)
        if (sizes[i] == CZM_UNKNOWN_INT)
            return czm_import_reject(s, "export the network with a fixed size, or set the size",
                                     "the sizes of its parts are computed while the network runs");
    if (count == s->output_count) return CZM_OK;
    if (size == CZM_UNKNOWN)
        return czm_import_reject(s, "export the network with a fixed size, or set the size",
                                 "it splits an open size into equal parts");
    int64_t part = size / n + (size % n != 0), rest = size;
    for (int64_t i = 0; i < n; i++) {
        sizes[i] = i + 1 < n ? part : rest;
        rest -= part;
    }
    return CZM_OK;
}

czm_node *czm_import_split(czm_import_step *s, czm_import_value *x, int axis, const int64_t *sizes,
                           size_t count) {
    czm_order order = czm_import_order(s, x);
    czm_node *node = CZM_NODE(s, CZM_OP_SplitV, czm_import_made(s, x),
                              czm_import_const(s, sizes, count),
                              czm_import_const_of(s, czm_order_place(&order, axis)));
    czm_set_int(s->run->graph, node, "num_split", (int64_t)count);
    return node;
}

czm_status czm_import_op_split(czm_import_step *s) {
    czm_import_value *x = czm_import_in(s, 0);
    czm_order order = czm_import_order(s, x);
    int64_t *sizes = CZM_NEW_ARRAY(s->run->context->arena, int64_t, s->output_count);
    int axis;
    CZM_TRY(czm_import_axis(s, czm_import_int(s, "axis", 0), order.rank, &axis));
    CZM_TRY(part_sizes(s, x, axis, sizes));
    czm_node *node = czm_import_split(s, x, axis, sizes, s->output_count);
    for (size_t i = 0; i < s->output_count; i++)
        czm_import_put(s, i, (czm_tensor){node, (uint32_t)i}, order);
    return CZM_OK;
}

typedef struct cut {
    int64_t begin[CZM_MOST_AXES], end[CZM_MOST_AXES], stride[CZM_MOST_AXES]; // by stored place
    int64_t begin_mask, end_mask;
} cut;

// As in Python, ends are clamped; TensorFlow's masks mean "from the start", "to the end".
static void cut_axis(cut *c, int place, int64_t begin, int64_t end, int64_t stride, int64_t size) {
    int64_t bit = (int64_t)1 << place;
    c->begin[place] = begin;
    c->end[place] = end;
    c->stride[place] = stride;
    c->begin_mask &= ~bit;
    c->end_mask &= ~bit;
    if (stride > 0 && (begin == 0 || (begin != CZM_UNKNOWN_INT && begin < -INT32_MAX)))
        c->begin_mask |= bit;
    if (stride > 0 && end >= INT32_MAX) c->end_mask |= bit;
    if (stride < 0 && end < -(size == CZM_UNKNOWN ? INT32_MAX / 2 : size)) c->end_mask |= bit;
    if (stride < 0 && size != CZM_UNKNOWN && begin >= size) c->begin[place] = size - 1;
}

typedef struct slicing {
    int64_t begin[CZM_MOST_AXES], end[CZM_MOST_AXES], axes[CZM_MOST_AXES], steps[CZM_MOST_AXES];
    size_t count;
} slicing;

static czm_status read_slicing(czm_import_step *s, int rank, slicing *c) {
    bool is_old = s->opset < 10;
    czm_import_value *axes = czm_import_in(s, 3), *steps = czm_import_in(s, 4);
    c->count = is_old ? czm_import_ints(s, "starts", c->begin, CZM_MOST_AXES)
                      : czm_import_vector(s, czm_import_in(s, 1), c->begin, CZM_MOST_AXES);
    size_t ends = is_old ? czm_import_ints(s, "ends", c->end, CZM_MOST_AXES)
                         : czm_import_vector(s, czm_import_in(s, 2), c->end, CZM_MOST_AXES);
    for (int i = 0; i < CZM_MOST_AXES; i++) {
        c->axes[i] = i;
        c->steps[i] = 1;
    }
    if (is_old) czm_import_ints(s, "axes", c->axes, CZM_MOST_AXES);
    if (!is_old && axes) czm_import_vector(s, axes, c->axes, CZM_MOST_AXES);
    if (!is_old && steps) czm_import_vector(s, steps, c->steps, CZM_MOST_AXES);
    if (c->count > (size_t)rank || ends != c->count)
        return czm_import_reject(s, NULL, "it cuts more axes than the tensor has");
    unsigned seen = 0;
    for (size_t i = 0; i < c->count; i++) {
        int axis;
        if (c->axes[i] == CZM_UNKNOWN_INT || c->steps[i] == CZM_UNKNOWN_INT || c->steps[i] == 0)
            return czm_import_reject(s, NULL,
                                     "its axes or steps are computed while the network runs");
        CZM_TRY(czm_import_axis(s, c->axes[i], rank, &axis));
        if (seen >> axis & 1) return czm_import_reject(s, NULL, "it cuts axis %d twice", axis);
        seen |= 1u << axis;
        c->axes[i] = axis;
    }
    return CZM_OK;
}

// A vector with some elements that are computed: element `from[i]` of `computed` where unknown.
static czm_tensor partly_known(czm_import_step *s, const int64_t *known, const size_t *from,
                               size_t count, czm_import_value *computed) {
    czm_tensor parts[CZM_MOST_AXES], vector = {0};
    bool is_known = true;
    for (size_t i = 0; i < count; i++) is_known &= known[i] != CZM_UNKNOWN_INT;
    if (is_known) return czm_import_const(s, known, count);
    vector = czm_import_cast(s, czm_import_plain(s, computed), CZM_DTYPE_INT32);
    for (size_t i = 0; i < count; i++)
        parts[i] = known[i] == CZM_UNKNOWN_INT
                       ? czm_import_element(s, vector, (int64_t)from[i])
                       : czm_import_const_of(s, (int32_t)(known[i] > INT32_MAX    ? INT32_MAX
                                                          : known[i] < -INT32_MAX ? -INT32_MAX
                                                                                  : known[i]));
    return czm_output(czm_import_node(s, CZM_OP_Pack, parts, count));
}

czm_status czm_import_op_slice(czm_import_step *s) {
    czm_import_value *x = czm_import_in(s, 0);
    czm_order order = czm_import_order(s, x);
    size_t from[CZM_MOST_AXES] = {0}, rank = (size_t)order.rank;
    slicing given;
    CZM_TRY(read_slicing(s, order.rank, &given));
    cut c = {.begin_mask = ((int64_t)1 << rank) - 1, .end_mask = ((int64_t)1 << rank) - 1};
    for (size_t k = 0; k < rank; k++) c.stride[k] = 1;
    for (size_t i = 0; i < given.count; i++) {
        int axis = (int)given.axes[i], place = czm_order_place(&order, axis);
        cut_axis(&c, place, given.begin[i], given.end[i], given.steps[i],
                 czm_import_dim(s, x, axis));
        if (given.end[i] == CZM_UNKNOWN_INT) c.end_mask &= ~((int64_t)1 << place);
        from[place] = i;
    }
    czm_node *node = CZM_NODE(s, CZM_OP_StridedSlice, czm_import_made(s, x),
                              partly_known(s, c.begin, from, rank, czm_import_in(s, 1)),
                              partly_known(s, c.end, from, rank, czm_import_in(s, 2)),
                              czm_import_const(s, c.stride, rank));
    czm_set_int(s->run->graph, node, "begin_mask", c.begin_mask);
    czm_set_int(s->run->graph, node, "end_mask", c.end_mask);
    czm_import_put(s, 0, czm_output(node), order);
    return CZM_OK;
}
