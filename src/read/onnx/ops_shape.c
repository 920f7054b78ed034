// SPDX-License-Identifier: Apache-2.0
//
// Operations on shapes: reshaping, joining, cutting, padding, repeating.
#include "read/onnx/import.h"

// ---- orders

// Renames the axes of every form that the value has.
czm_status czm_import_op_transpose(czm_import_step *s) {
    czm_import_value *x = czm_import_in(s, 0);
    int64_t perm[CZM_MOST_AXES];
    int rank = czm_import_order(s, x).rank;
    size_t count = czm_import_ints(s, "perm", perm, CZM_MOST_AXES);
    for (int i = 0; i < rank && count == 0; i++) perm[i] = rank - 1 - i;
    if (count && count != (size_t)rank)
        return czm_import_reject(s, NULL, "perm names %zu of %d axes", count, rank);
    czm_import_made(s, x); // a constant has a form now
    for (size_t i = 0; i < x->forms.count; i++) {
        czm_import_form form = x->forms.items[i];
        czm_order renamed = form.order;
        for (int a = 0; a < rank; a++)
            if (perm[a] >= 0 && perm[a] < rank)
                renamed.axis[czm_order_place(&form.order, (int)perm[a])] = a;
        czm_import_put(s, 0, form.tensor, renamed);
    }
    return CZM_OK;
}

// ---- reshaping

// A run: axes of two shapes with the same product.
typedef struct run {
    int from, from_end, to, to_end;
} run;

enum { MOST_RUNS = 2 * CZM_MOST_AXES };

// The next run, or false: the sizes do not determine its end.
static bool next_run(czm_shape from, const czm_dims *to, run *r) {
    int64_t p = 1, q = 1;
    r->from = r->from_end;
    r->to = r->to_end;
    bool has_from = r->from < from.rank, has_to = r->to < to->rank;
    if (has_from && has_to && from.dims[r->from] == CZM_UNKNOWN && to->at[r->to] == CZM_UNKNOWN) {
        r->from_end++;
        r->to_end++;
        return true;
    }
    while (p != q || r->from_end == r->from || r->to_end == r->to) {
        bool is_behind = p < q || (p == q && r->from_end == r->from);
        bool takes_from = r->from_end < from.rank && (is_behind || r->to_end == to->rank);
        if (!takes_from && r->to_end == to->rank) break;
        int64_t size = takes_from ? from.dims[r->from_end++] : to->at[r->to_end++];
        if (size <= 0) return false;
        int64_t *product = takes_from ? &p : &q;
        *product = czm_dim_multiply(*product, size);
        if (*product == CZM_UNKNOWN) return false;
    }
    return p == q;
}

static size_t split_runs(czm_shape from, const czm_dims *to, run *runs) {
    run r = {0};
    size_t count = 0;
    while (r.from_end < from.rank || r.to_end < to->rank) {
        if (count == MOST_RUNS || !next_run(from, to, &r)) return 0;
        runs[count++] = r;
    }
    return count;
}

static const run *run_of(const run *runs, size_t count, int axis) {
    for (size_t i = 0; i < count; i++)
        if (axis >= runs[i].from && axis < runs[i].from_end) return &runs[i];
    return NULL;
}

// The order of the reshaped tensor if the stored order keeps the axes of each run together and sorted: then no
// transposition is needed. false: it is needed.
static bool keeps_order(const czm_order *order, czm_shape from, const czm_dims *to,
                        czm_order *out) {
    run runs[MOST_RUNS];
    size_t count = split_runs(from, to, runs);
    *out = (czm_order){0};
    for (int k = 0; k < order->rank && count;) {
        const run *r = run_of(runs, count, order->axis[k]);
        if (!r) return false;
        for (int a = r->from; a < r->from_end; a++, k++)
            if (k == order->rank || order->axis[k] != a) return false;
        for (int a = r->to; a < r->to_end; a++) out->axis[out->rank++] = a;
    }
    for (int a = out->rank; a < to->rank; a++) out->axis[out->rank++] = a; // 1s at the end
    return count > 0;
}

// `to` has at most one unknown size.
static void reshape_to(czm_import_step *s, czm_import_value *x, czm_dims *to) {
    czm_order order = czm_import_order(s, x), reshaped = czm_order_plain(to->rank);
    czm_shape shape = czm_import_shape(s, x);
    bool keeps = !czm_order_is_plain(&order) && keeps_order(&order, shape, to, &reshaped);
    if (!keeps) reshaped = czm_order_plain(to->rank);
    czm_tensor t = keeps ? czm_import_made(s, x) : czm_import_plain(s, x);
    czm_dims stored = czm_order_apply(&reshaped, czm_dims_shape(to));
    czm_import_put(s, 0, czm_import_reshape(s, t, stored.at, (size_t)stored.rank), reshaped);
    s->outputs[0]->source = x;
}

// Whether the Reshape undoes an earlier one.
static bool goes_back(czm_import_step *s, const czm_import_value *x, const czm_import_value *sizes,
                      const czm_dims *to) {
    if (!x->source) return false;
    if (sizes && sizes->shape_of &&
        (sizes->shape_of == x->source || sizes->shape_of == x->source->shape_of))
        return true;
    czm_shape shape = czm_dims_shape(to);
    int unknown = 0;
    for (int i = 0; i < shape.rank; i++) unknown += shape.dims[i] == CZM_UNKNOWN;
    return unknown <= 1 && czm_shape_equal(czm_import_shape(s, x->source), shape);
}

// A computed size: 0 copies that of the input, unless the operation allows 0.
static czm_tensor computed_size(czm_import_step *s, czm_tensor sizes, czm_tensor shape, size_t i) {
    czm_tensor size = czm_import_element(s, sizes, (int64_t)i);
    if (!shape.node) return size;
    czm_tensor own = czm_import_element(s, shape, (int64_t)i);
    return CZM_OUT(s, CZM_OP_SelectV2, czm_import_with(s, CZM_OP_Equal, size, 0), own, size);
}

// Several open sizes: each is a number, copied from the input, or computed.
static void reshape_open(czm_import_step *s, czm_import_value *x, czm_import_value *sizes,
                         const int64_t *wanted, const bool *copies, size_t count) {
    czm_tensor parts[CZM_MOST_AXES], t = czm_import_plain(s, x), shape = {0}, vector = {0};
    // sizes of tensors are never 0
    bool is_safe = czm_import_int(s, "allowzero", 0) ||
                   czm_import_is_made_of(czm_import_plain(s, sizes), CZM_OP_Shape);
    size_t may_be_zero = is_safe ? 0 : (size_t)czm_import_order(s, x).rank;
    bool copies_any = false;
    for (size_t i = 0; i < count; i++)
        copies_any |= copies[i] || (wanted[i] == CZM_UNKNOWN_INT && i < may_be_zero);
    if (!copies_any) { // TensorFlow accepts the vector unchanged
        czm_import_put(s, 0, CZM_OUT(s, CZM_OP_Reshape, t, czm_import_plain(s, sizes)),
                       czm_order_plain((int)count));
        s->outputs[0]->source = x;
        return;
    }
    for (size_t i = 0; i < count; i++) {
        bool is_computed = wanted[i] == CZM_UNKNOWN_INT;
        bool may_copy = is_computed && i < may_be_zero;
        if ((copies[i] || may_copy) && !shape.node) shape = CZM_OUT(s, CZM_OP_Shape, t);
        if (!copies[i] && is_computed && !vector.node)
            vector = czm_import_cast(s, czm_import_plain(s, sizes), CZM_DTYPE_INT32);
        parts[i] = copies[i]     ? czm_import_element(s, shape, (int64_t)i)
                   : is_computed ? computed_size(s, vector, may_copy ? shape : (czm_tensor){0}, i)
                                 : czm_import_const_of(s, (int32_t)wanted[i]);
    }
    czm_tensor to = czm_output(czm_import_node(s, CZM_OP_Pack, parts, count));
    czm_import_put(s, 0, CZM_OUT(s, CZM_OP_Reshape, t, to), czm_order_plain((int)count));
    s->outputs[0]->source = x;
}

// Whether the first size of the result is that of the input, both of which are open.
static bool keeps_batch(czm_import_step *s, const czm_import_value *x,
                        const czm_import_value *sizes) {
    if (x->constant || !sizes || sizes->constant) return false;
    czm_shapes_catch_up(s->run->sample);
    czm_shape made = czm_shape_of(s->run->sample, x->forms.items[0].tensor);
    czm_value to = czm_value_of(s->run->sample, sizes->forms.items[0].tensor);
    czm_dims dims = czm_order_restore(&x->forms.items[0].order, made);
    return to.elements && to.elements[0].is_known && (int64_t)to.elements[0].number == dims.at[0];
}

// Replaces -1, if the other sizes are known; false if more than one size is unknown.
static bool complete(czm_import_step *s, const czm_import_value *x, czm_dims *to, int rest,
                     bool carries_batch) {
    czm_shape shape = czm_import_shape(s, x);
    int64_t have = czm_shape_count(shape), others = 1;
    int unknown = 0;
    for (int i = 0; i < to->rank; i++) {
        unknown += to->at[i] == CZM_UNKNOWN;
        if (i != rest) others = czm_dim_multiply(others, to->at[i]);
    }
    if (rest >= 0 && have > 0 && others > 0 && have % others == 0) to->at[rest] = have / others;
    if (carries_batch && others == CZM_UNKNOWN && unknown == 2) {
        // what remains follows from the other sizes
        int64_t left = 1, used = 1;
        for (int i = 1; i < shape.rank; i++) left = czm_dim_multiply(left, shape.dims[i]);
        for (int i = 1; i < to->rank; i++)
            if (i != rest) used = czm_dim_multiply(used, to->at[i]);
        if (left <= 0 || used <= 0 || left % used) return false;
        to->at[rest] = left / used;
        return true;
    }
    return unknown <= 1;
}

czm_status czm_import_op_reshape(czm_import_step *s) {
    czm_import_value *x = czm_import_in(s, 0), *sizes = czm_import_in(s, 1);
    int64_t wanted[CZM_MOST_AXES];
    czm_shape shape = czm_import_shape(s, x);
    size_t count = s->opset < 5 ? czm_import_ints(s, "shape", wanted, CZM_MOST_AXES)
                                : czm_import_vector(s, sizes, wanted, CZM_MOST_AXES);
    if (count > CZM_MOST_AXES)
        return czm_import_reject(s, NULL, "a shape of more than %d dimensions is not supported",
                                 CZM_MOST_AXES);
    czm_dims to = czm_dims_unknown((int)count);
    bool copies[CZM_MOST_AXES] = {false};
    int rest = -1;
    for (size_t i = 0; i < count; i++) {
        copies[i] = wanted[i] == 0 && !czm_import_int(s, "allowzero", 0) && (int)i < shape.rank;
        if (wanted[i] == -1) rest = (int)i;
        if (copies[i])
            to.at[i] = shape.dims[i];
        else if (wanted[i] >= 0)
            to.at[i] = wanted[i];
    }
    bool carries_batch = rest > 0 && shape.rank > 0 && shape.dims[0] == CZM_UNKNOWN &&
                         to.at[0] == CZM_UNKNOWN && (copies[0] || keeps_batch(s, x, sizes));
    bool is_complete = complete(s, x, &to, rest, carries_batch);
    if (goes_back(s, x, s->opset < 5 ? NULL : sizes, &to))
        czm_import_pass(s, 0, x->source);
    else if (is_complete)
        reshape_to(s, x, &to);
    else
        reshape_open(s, x, sizes, wanted, copies, count);
    return CZM_OK;
}

czm_status czm_import_op_flatten(czm_import_step *s) {
    czm_import_value *x = czm_import_in(s, 0);
    czm_shape shape = czm_import_shape(s, x);
    int64_t axis = czm_import_int(s, "axis", 1);
    if (axis < 0) axis += shape.rank;
    czm_dims to = {.rank = 2, .at = {1, 1}};
    for (int i = 0; i < shape.rank; i++)
        to.at[i >= axis] = czm_dim_multiply(to.at[i >= axis], shape.dims[i]);
    if (to.at[0] == CZM_UNKNOWN && to.at[1] == CZM_UNKNOWN)
        return czm_import_reject(s, NULL, "it flattens more than one open size");
    reshape_to(s, x, &to);
    return CZM_OK;
}

czm_status czm_import_op_squeeze(czm_import_step *s) {
    czm_import_value *x = czm_import_in(s, 0);
    czm_shape shape = czm_import_shape(s, x);
    czm_order order = czm_import_order(s, x);
    int64_t list[CZM_MOST_AXES];
    unsigned axes;
    bool is_given;
    CZM_TRY(czm_import_axes(s, 13, 1, order.rank, &axes, &is_given));
    for (int i = 0; i < shape.rank && !is_given; i++) {
        if (shape.dims[i] == CZM_UNKNOWN)
            return czm_import_reject(s, NULL, "it removes axes of an open size");
        axes |= (unsigned)(shape.dims[i] == 1) << i;
    }
    size_t count = 0;
    for (int k = 0; k < order.rank; k++)
        if (axes >> order.axis[k] & 1) list[count++] = k;
    if (count == 0) {
        czm_import_pass(s, 0, x);
        return CZM_OK;
    }
    czm_node *node = CZM_NODE(s, CZM_OP_Squeeze, czm_import_made(s, x));
    czm_set_ints(s->run->graph, node, "squeeze_dims", list, count);
    czm_import_put(s, 0, czm_output(node), czm_order_without(&order, axes));
    return CZM_OK;
}

// A new axis is stored before the axis that follows it in ONNX, or at the end.
static void insert_axis(czm_import_step *s, czm_tensor *t, czm_order *order, int axis) {
    int place = order->rank;
    for (int k = 0; k < order->rank; k++) {
        if (order->axis[k] >= axis) order->axis[k]++;
        if (order->axis[k] == axis + 1) place = k;
    }
    for (int k = order->rank++; k > place; k--) order->axis[k] = order->axis[k - 1];
    order->axis[place] = axis;
    *t = CZM_OUT(s, CZM_OP_ExpandDims, *t, czm_import_const_of(s, place));
}

czm_status czm_import_op_unsqueeze(czm_import_step *s) {
    czm_import_value *x = czm_import_in(s, 0);
    czm_order order = czm_import_order(s, x);
    int64_t list[CZM_MOST_AXES];
    size_t count = s->opset < 13 ? czm_import_ints(s, "axes", list, CZM_MOST_AXES)
                                 : czm_import_vector(s, czm_import_in(s, 1), list, CZM_MOST_AXES);
    int rank = order.rank + (int)count;
    unsigned axes = 0;
    if (count > CZM_MOST_AXES || rank > CZM_MOST_AXES)
        return czm_import_reject(s, NULL, "tensors of more than %d dimensions are not supported",
                                 CZM_MOST_AXES);
    for (size_t i = 0; i < count; i++) {
        int axis;
        CZM_TRY(czm_import_axis(s, list[i], rank, &axis));
        axes |= 1u << axis;
    }
    czm_tensor t = czm_import_made(s, x);
    for (int a = 0; a < rank; a++)
        if (axes >> a & 1) insert_axis(s, &t, &order, a);
    czm_import_put(s, 0, t, order);
    return CZM_OK;
}

// ---- sizes as numbers

czm_status czm_import_op_shape(czm_import_step *s) {
    czm_import_value *x = czm_import_in(s, 0);
    czm_shape shape = czm_import_shape(s, x);
    czm_order order = czm_import_order(s, x);
    int64_t begin = czm_import_int(s, "start", 0), end = czm_import_int(s, "end", shape.rank);
    if (begin < 0) begin = begin + shape.rank < 0 ? 0 : begin + shape.rank;
    if (end < 0) end += shape.rank;
    if (end > shape.rank) end = shape.rank;
    size_t count = end > begin ? (size_t)(end - begin) : 0;
    int64_t places[CZM_MOST_AXES], dim = (int64_t)count;
    double sizes[CZM_MOST_AXES];
    bool is_known = true;
    for (size_t i = 0; i < count; i++) {
        int axis = (int)begin + (int)i;
        places[i] = czm_order_place(&order, axis);
        is_known &= shape.dims[axis] != CZM_UNKNOWN;
        sizes[i] = (double)shape.dims[axis];
    }
    czm_tensor y;
    if (is_known) {
        y = czm_import_numbers_const(s, CZM_DTYPE_INT64, sizes, &dim, 1);
    } else {
        czm_node *all = CZM_NODE(s, CZM_OP_Shape, czm_import_made(s, x));
        czm_set_type(s->run->graph, all, "out_type", CZM_DTYPE_INT64);
        y = CZM_OUT(s, CZM_OP_GatherV2, czm_output(all), czm_import_const(s, places, count),
                    czm_import_const_of(s, 0));
    }
    czm_import_put(s, 0, y, czm_order_plain(1));
    if (begin == 0 && end == shape.rank) s->outputs[0]->shape_of = x;
    return CZM_OK;
}

czm_status czm_import_op_size(czm_import_step *s) {
    czm_import_value *x = czm_import_in(s, 0);
    czm_node *node = CZM_NODE(s, CZM_OP_Size, czm_import_made(s, x));
    czm_set_type(s->run->graph, node, "out_type", CZM_DTYPE_INT64);
    czm_import_put(s, 0, czm_output(node), czm_order_plain(0));
    return CZM_OK;
}

// ---- joining and cutting

static bool is_empty(czm_import_step *s, const czm_import_value *v) {
    return czm_shape_count(czm_import_shape(s, v)) == 0;
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
    int64_t part = (size + n - 1) / n;
    for (int64_t i = 0; i < n; i++) sizes[i] = i + 1 < n ? part : size - part * (n - 1);
    return CZM_OK;
}

czm_status czm_import_op_split(czm_import_step *s) {
    czm_import_value *x = czm_import_in(s, 0);
    czm_order order = czm_import_order(s, x);
    int64_t *sizes = CZM_NEW_ARRAY(s->run->context->arena, int64_t, s->output_count);
    int axis;
    CZM_TRY(czm_import_axis(s, czm_import_int(s, "axis", 0), order.rank, &axis));
    CZM_TRY(part_sizes(s, x, axis, sizes));
    czm_node *node = CZM_NODE(s, CZM_OP_SplitV, czm_import_made(s, x),
                              czm_import_const(s, sizes, s->output_count),
                              czm_import_const_of(s, czm_order_place(&order, axis)));
    czm_set_int(s->run->graph, node, "num_split", (int64_t)s->output_count);
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

// ---- padding

typedef struct padding {
    int64_t before[CZM_MOST_AXES], after[CZM_MOST_AXES]; // by stored place
} padding;

enum { MOST_PIXELS = 1 << 20 };

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
        if (list[i] > MOST_PIXELS || list[i] < -MOST_PIXELS || list[i + half] > MOST_PIXELS ||
            list[i + half] < -MOST_PIXELS)
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

// edge and wrap: the index of the pixel for each position.
static czm_status pad_by_index(czm_import_step *s, czm_tensor *x, const padding *p, int rank,
                               bool wraps) {
    for (int k = 0; k < rank; k++) {
        if (p->before[k] == 0 && p->after[k] == 0) continue;
        czm_shape shape = czm_import_stored_shape(s, *x);
        if (shape.rank != rank || shape.dims[k] < 1 || shape.dims[k] > MOST_PIXELS)
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
        if (size == CZM_UNKNOWN || sizes[i] == CZM_UNKNOWN_INT || sizes[i] > MOST_PIXELS)
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

// ---- repeating and making

// Two-sided: a 1 in the shape keeps the input's size.
czm_status czm_import_op_expand(czm_import_step *s) {
    czm_import_value *x = czm_import_in(s, 0), *shape = czm_import_in(s, 1);
    int64_t wanted[CZM_MOST_AXES];
    size_t count = czm_import_vector(s, shape, wanted, CZM_MOST_AXES);
    if (count > CZM_MOST_AXES)
        return czm_import_reject(s, NULL, "a shape of more than %d dimensions is not supported",
                                 CZM_MOST_AXES);
    czm_order own = czm_import_order(s, x);
    czm_tensor t = czm_import_plain(s, x);
    czm_dims target = {0};
    bool is_known = true;
    for (size_t i = 0; i < count; i++) is_known &= wanted[i] != CZM_UNKNOWN_INT && wanted[i] > 0;
    czm_shape given = {(int)count, wanted};
    is_known = is_known && czm_shape_broadcast(czm_import_shape(s, x), given, &target);
    for (int i = 0; i < target.rank; i++) is_known &= target.at[i] != CZM_UNKNOWN;
    int rank = own.rank > (int)count ? own.rank : (int)count;
    czm_tensor y;
    if (is_known) {
        y = CZM_OUT(s, CZM_OP_BroadcastTo, t, czm_import_const(s, target.at, (size_t)target.rank));
    } else {
        bool is_bool = czm_import_type(x) == CZM_DTYPE_BOOL;
        czm_tensor sizes = czm_import_cast(s, czm_import_plain(s, shape), CZM_DTYPE_INT32);
        czm_tensor ones = CZM_OUT(s, CZM_OP_Fill, sizes, czm_import_scalar(s, t, 1));
        y = CZM_OUT(s, is_bool ? CZM_OP_LogicalAnd : CZM_OP_Mul, t, ones);
    }
    czm_import_put(s, 0, y, czm_order_plain(rank));
    return CZM_OK;
}

czm_status czm_import_op_tile(czm_import_step *s) {
    czm_import_value *x = czm_import_in(s, 0);
    int64_t times[CZM_MOST_AXES], stored[CZM_MOST_AXES];
    czm_order order = czm_import_order(s, x);
    size_t count = czm_import_vector(s, czm_import_in(s, 1), times, CZM_MOST_AXES);
    bool is_known = count == (size_t)order.rank;
    for (size_t i = 0; i < count && is_known; i++) is_known = times[i] != CZM_UNKNOWN_INT;
    for (int k = 0; k < order.rank && is_known; k++) stored[k] = times[order.axis[k]];
    if (is_known)
        czm_import_put(s, 0,
                       CZM_OUT(s, CZM_OP_Tile, czm_import_made(s, x),
                               czm_import_const(s, stored, (size_t)order.rank)),
                       order);
    else
        czm_import_put(s, 0,
                       CZM_OUT(s, CZM_OP_Tile, czm_import_plain(s, x),
                               czm_import_plain(s, czm_import_in(s, 1))),
                       czm_order_plain(order.rank));
    return CZM_OK;
}

// The tensor of an attribute, by its place in the file.
static czm_status tensor_attr(czm_import_step *s, const char *name, czm_onnx_initializer *tensor) {
    czm_extent extent = czm_import_extent_of(s, czm_wire_find(czm_import_attr(s, name), 5).bytes);
    return czm_onnx_tensor_read(s->run->context, s->run->file, extent, tensor);
}

static void put_list(czm_import_step *s, czm_dtype dtype, const double *numbers, size_t count,
                     bool is_scalar) {
    int64_t dim = (int64_t)count;
    czm_tensor t = czm_import_numbers_const(s, dtype, numbers, &dim, is_scalar ? 0 : 1);
    czm_import_put(s, 0, t, czm_order_plain(is_scalar ? 0 : 1));
}

czm_status czm_import_op_constant(czm_import_step *s) {
    enum { LONGEST = 4096 };
    if (czm_import_has(s, "value")) {
        czm_onnx_initializer *t = CZM_NEW(s->run->context->arena, czm_onnx_initializer);
        CZM_TRY(tensor_attr(s, "value", t));
        t->name = "";
        s->outputs[0]->constant = t;
        return CZM_OK;
    }
    double *numbers = CZM_NEW_ARRAY(s->run->context->arena, double, LONGEST);
    int64_t *ints = CZM_NEW_ARRAY(s->run->context->arena, int64_t, LONGEST);
    size_t count = 1;
    bool is_float = czm_import_has(s, "value_float"), is_int = czm_import_has(s, "value_int");
    if (is_float) numbers[0] = czm_import_float(s, "value_float", 0);
    if (is_int) numbers[0] = (double)czm_import_int(s, "value_int", 0);
    if (czm_import_has(s, "value_ints")) {
        count = czm_import_ints(s, "value_ints", ints, LONGEST);
        for (size_t i = 0; i < count && i < LONGEST; i++) numbers[i] = (double)ints[i];
    } else if (czm_import_has(s, "value_floats")) {
        count = czm_import_floats(s, "value_floats", numbers, LONGEST);
        if (count <= LONGEST) put_list(s, CZM_DTYPE_FLOAT, numbers, count, false);
        if (count <= LONGEST) return CZM_OK;
    } else if (!is_float && !is_int) {
        return czm_import_reject(s, NULL, "its value is neither a tensor nor numbers");
    }
    if (count > LONGEST) return czm_import_reject(s, NULL, "it has more than %d numbers", LONGEST);
    put_list(s, is_float ? CZM_DTYPE_FLOAT : CZM_DTYPE_INT64, numbers, count, is_float || is_int);
    return CZM_OK;
}

czm_status czm_import_op_constant_of_shape(czm_import_step *s) {
    czm_import_value *shape = czm_import_in(s, 0);
    double number = 0;
    czm_dtype dtype = CZM_DTYPE_FLOAT;
    if (czm_import_has(s, "value")) {
        czm_onnx_initializer t;
        size_t count;
        CZM_TRY(tensor_attr(s, "value", &t));
        const double *numbers = czm_import_weight_numbers(s->run->context, &t, 1, &count);
        if (!numbers || count != 1)
            return czm_import_reject(s, NULL, "its value is not one number");
        number = *numbers;
        dtype = t.dtype;
    }
    int64_t sizes[CZM_MOST_AXES];
    size_t rank = czm_import_vector(s, shape, sizes, CZM_MOST_AXES);
    if (rank > CZM_MOST_AXES)
        return czm_import_reject(s, NULL, "a shape of more than %d dimensions is not supported",
                                 CZM_MOST_AXES);
    czm_tensor value = czm_import_numbers_const(s, dtype, &number, NULL, 0);
    bool is_known = true;
    for (size_t i = 0; i < rank; i++) is_known &= sizes[i] != CZM_UNKNOWN_INT;
    czm_tensor dims = is_known ? czm_import_const(s, sizes, rank)
                               : czm_import_cast(s, czm_import_plain(s, shape), CZM_DTYPE_INT32);
    czm_import_put(s, 0, CZM_OUT(s, CZM_OP_Fill, dims, value), czm_order_plain((int)rank));
    return CZM_OK;
}

// [rows, columns] of integers or real numbers: 1 where column - row lies between two limits.
static czm_tensor band(czm_import_step *s, czm_dtype dtype, int64_t rows, int64_t columns,
                       int64_t low, int64_t high) {
    int64_t dims[] = {rows, columns};
    double *numbers = CZM_NEW_ARRAY(s->run->context->arena, double, (size_t)(rows * columns) + 1);
    for (int64_t i = 0; i < rows * columns; i++) {
        int64_t distance = i % columns - i / columns;
        numbers[i] = distance >= low && distance <= high;
    }
    return czm_import_numbers_const(s, dtype, numbers, dims, 2);
}

static bool is_band_size(int64_t rows, int64_t columns) {
    return rows >= 0 && columns >= 0 && rows <= MOST_PIXELS && columns <= MOST_PIXELS / (rows + 1);
}

czm_status czm_import_op_trilu(czm_import_step *s) {
    czm_import_value *x = czm_import_in(s, 0), *k = czm_import_in(s, 1);
    int rank = czm_import_order(s, x).rank;
    bool is_upper = czm_import_int(s, "upper", 1) != 0;
    int64_t first = 0, rows = czm_import_dim(s, x, rank - 2),
            columns = czm_import_dim(s, x, rank - 1);
    if (k && (czm_import_vector(s, k, &first, 1) != 1 || first == CZM_UNKNOWN_INT))
        return czm_import_reject(s, NULL, "its diagonal is computed while the network runs");
    if (rank < 2 || !is_band_size(rows, columns))
        return czm_import_reject(s, "export the network with a fixed size, or set the size",
                                 "a triangle of an open size is not supported");
    czm_tensor t = czm_import_plain(s, x);
    czm_tensor is_kept = band(s, CZM_DTYPE_BOOL, rows, columns, is_upper ? first : -INT64_MAX,
                              is_upper ? INT64_MAX : first);
    czm_import_put(s, 0, CZM_OUT(s, CZM_OP_SelectV2, is_kept, t, CZM_OUT(s, CZM_OP_ZerosLike, t)),
                   czm_order_plain(rank));
    return CZM_OK;
}

czm_status czm_import_op_eye_like(czm_import_step *s) {
    czm_import_value *x = czm_import_in(s, 0);
    int64_t wanted = czm_import_int(s, "dtype", 0), k = czm_import_int(s, "k", 0);
    int64_t rows = czm_import_dim(s, x, 0), columns = czm_import_dim(s, x, 1);
    czm_dtype dtype = wanted ? czm_onnx_dtype_of((uint64_t)wanted) : czm_import_type(x);
    if (czm_import_order(s, x).rank != 2 || !is_band_size(rows, columns) || !czm_dtype_size(dtype))
        return czm_import_reject(s, "export the network with a fixed size, or set the size",
                                 "a diagonal of an open size is not supported");
    czm_import_put(s, 0, band(s, dtype, rows, columns, k, k), czm_order_plain(2));
    return CZM_OK;
}

czm_status czm_import_op_range(czm_import_step *s) {
    czm_tensor t[3];
    for (size_t i = 0; i < 3; i++) {
        czm_import_value *v = czm_import_in(s, i);
        if (!v) return czm_import_reject(s, NULL, "it does not have three operands");
        t[i] = czm_import_plain(s, v);
        if (czm_import_order(s, v).rank) t[i] = czm_import_reshape(s, t[i], NULL, 0);
    }
    czm_node *node = CZM_NODE(s, CZM_OP_Range, t[0], t[1], t[2]);
    czm_import_put(s, 0, czm_output(node), czm_order_plain(1));
    return CZM_OK;
}

// ---- pixels and channels

static czm_status block_size(czm_import_step *s, int64_t *block) {
    *block = czm_import_int(s, "blocksize", 0);
    if (*block < 1 || *block > 1024 || czm_import_order(s, czm_import_in(s, 0)).rank != 4)
        return czm_import_reject(s, NULL, "a block of %lld pixels is not supported",
                                 (long long)*block);
    return CZM_OK;
}

static czm_tensor blocks(czm_import_step *s, czm_op_kind op, czm_tensor x, int64_t block) {
    czm_node *node = CZM_NODE(s, op, x);
    czm_set_int(s->run->graph, node, "block_size", block);
    return czm_output(node);
}

// Channels that are numbered [rows, columns] are numbered [columns, rows].
static czm_tensor exchange_channels(czm_import_step *s, czm_tensor x, int64_t rows,
                                    int64_t columns) {
    int64_t channels = rows * columns;
    int64_t *from = CZM_NEW_ARRAY(s->run->context->arena, int64_t, (size_t)channels);
    for (int64_t i = 0; i < channels; i++) from[i] = i % rows * columns + i / rows;
    return CZM_OUT(s, CZM_OP_GatherV2, x, czm_import_const(s, from, (size_t)channels),
                   czm_import_const_of(s, 3));
}

// TensorFlow's order is DCR. PyTorch's PixelShuffle is CRD: its channels are [channel, place in the block].
czm_status czm_import_op_depth_to_space(czm_import_step *s) {
    czm_import_value *v = czm_import_in(s, 0);
    czm_order order = czm_order_channels_last(4);
    int64_t block, channels = czm_import_dim(s, v, 1);
    CZM_TRY(block_size(s, &block));
    czm_tensor x = czm_import_get(s, v, order);
    if (block == 1) {
        czm_import_pass(s, 0, v);
        return CZM_OK;
    }
    if (czm_import_text_is(s, "mode", "DCR", "CRD")) {
        if (channels == CZM_UNKNOWN || channels % (block * block))
            return czm_import_reject(s, NULL, "the number of its channels is not known");
        x = exchange_channels(s, x, channels / (block * block), block * block);
    }
    czm_import_put(s, 0, blocks(s, CZM_OP_DepthToSpace, x, block), order);
    return CZM_OK;
}

czm_status czm_import_op_space_to_depth(czm_import_step *s) {
    czm_order order = czm_order_channels_last(4);
    int64_t block;
    CZM_TRY(block_size(s, &block));
    int64_t channels = czm_import_dim(s, czm_import_in(s, 0), 1);
    czm_tensor x = czm_import_get(s, czm_import_in(s, 0), order);
    if (block > 1) x = blocks(s, CZM_OP_SpaceToDepth, x, block);
    if (czm_import_text_is(s, "mode", "DCR", "CRD")) {
        if (channels == CZM_UNKNOWN || channels > INT32_MAX / (block * block))
            return czm_import_reject(s, NULL, "the number of its channels is not known");
        x = exchange_channels(s, x, block * block, channels);
    }
    czm_import_put(s, 0, x, order);
    return CZM_OK;
}
