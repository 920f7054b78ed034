// SPDX-License-Identifier: Apache-2.0
//
// Operations that give the same elements another shape or order, and sizes as numbers.
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
    unsigned named = 0;
    for (int i = 0; i < rank; i++)
        if (perm[i] >= 0 && perm[i] < rank) named |= 1u << perm[i];
    if (named != (1u << rank) - 1)
        return czm_import_reject(s, NULL, "perm does not name each of the %d axes once", rank);
    czm_import_made(s, x); // a constant has a form now
    for (size_t i = 0; i < x->forms.count; i++) {
        czm_import_form form = x->forms.items[i];
        czm_order renamed = form.order;
        for (int a = 0; a < rank; a++) renamed.axis[czm_order_place(&form.order, (int)perm[a])] = a;
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

// The next run, or false: the sizes do not determine its end. `are_equal`: two unknown sizes at the same position are.
static bool next_run(czm_shape from, const czm_dims *to, bool are_equal, run *r) {
    int64_t p = 1, q = 1;
    r->from = r->from_end;
    r->to = r->to_end;
    bool has_from = r->from < from.rank, has_to = r->to < to->rank;
    if (has_from && has_to && are_equal && from.dims[r->from] == CZM_UNKNOWN &&
        to->at[r->to] == CZM_UNKNOWN) {
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

// With one unknown size in `to`, equal products leave equal sizes. With several (`is_open`, the batches are equal), the
// first run without a known end reaches to the ends of both shapes.
static size_t split_runs(czm_shape from, const czm_dims *to, bool is_open, run *runs) {
    run r = {0};
    size_t count = 0;
    while (r.from_end < from.rank || r.to_end < to->rank) {
        run before = r;
        if (count == MOST_RUNS) return 0;
        if (!next_run(from, to, !is_open || count == 0, &r)) {
            if (!is_open || before.from_end == from.rank || before.to_end == to->rank) return 0;
            r = (run){before.from_end, from.rank, before.to_end, to->rank};
        }
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
static bool keeps_order(const czm_order *order, czm_shape from, const czm_dims *to, bool is_open,
                        czm_order *out) {
    run runs[MOST_RUNS];
    size_t count = split_runs(from, to, is_open, runs);
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
    bool keeps = !czm_order_is_plain(&order) && keeps_order(&order, shape, to, false, &reshaped);
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
static czm_tensor computed_size(czm_import_step *s, czm_tensor sizes, czm_tensor own, size_t i) {
    czm_tensor size = czm_import_element(s, sizes, (int64_t)i);
    if (!own.node) return size;
    return CZM_OUT(s, CZM_OP_SelectV2, czm_import_with(s, CZM_OP_Equal, size, 0), own, size);
}

// Sizes that are computed, in the stored order.
static czm_tensor sizes_in_order(czm_import_step *s, czm_import_value *sizes,
                                 const czm_order *order) {
    int64_t axes[CZM_MOST_AXES];
    czm_tensor vector = czm_import_plain(s, sizes);
    if (czm_order_is_plain(order)) return vector;
    for (int k = 0; k < order->rank; k++) axes[k] = order->axis[k];
    return CZM_OUT(s, CZM_OP_GatherV2, vector, czm_import_const(s, axes, (size_t)order->rank),
                   czm_import_const_of(s, 0));
}

// Several open sizes: each is a number, copied from the input, or computed.
static void reshape_open(czm_import_step *s, czm_import_value *x, czm_import_value *sizes,
                         const int64_t *wanted, const bool *copies, const czm_dims *to,
                         bool is_same_batch) {
    czm_order order = czm_import_order(s, x), reshaped;
    bool keeps = is_same_batch && !czm_order_is_plain(&order) &&
                 keeps_order(&order, czm_import_shape(s, x), to, true, &reshaped);
    if (!keeps) order = czm_order_plain(order.rank), reshaped = czm_order_plain(to->rank);
    czm_tensor parts[CZM_MOST_AXES], t = czm_import_get(s, x, order), shape = {0}, vector = {0};
    // sizes of tensors are never 0
    bool is_safe = czm_import_int(s, "allowzero", 0) ||
                   czm_import_is_made_of(czm_import_plain(s, sizes), CZM_OP_Shape);
    size_t may_be_zero = is_safe ? 0 : (size_t)czm_import_order(s, x).rank;
    bool copies_any = false;
    for (size_t i = 0; i < (size_t)to->rank; i++)
        copies_any |= copies[i] || (wanted[i] == CZM_UNKNOWN_INT && i < may_be_zero);
    for (size_t k = 0; k < (size_t)to->rank && copies_any; k++) {
        size_t i = (size_t)reshaped.axis[k];
        bool is_computed = wanted[i] == CZM_UNKNOWN_INT;
        bool may_copy = is_computed && i < may_be_zero;
        int64_t place = i < (size_t)order.rank ? czm_order_place(&order, (int)i) : 0;
        if ((copies[i] || may_copy) && !shape.node) shape = CZM_OUT(s, CZM_OP_Shape, t);
        if (!copies[i] && is_computed && !vector.node)
            vector = czm_import_cast(s, czm_import_plain(s, sizes), CZM_DTYPE_INT32);
        czm_tensor own = copies[i] || may_copy ? czm_import_element(s, shape, place)
                                               : (czm_tensor){0};
        parts[k] = copies[i]     ? own
                   : is_computed ? computed_size(s, vector, own, i)
                                 : czm_import_const_of(s, (int32_t)wanted[i]);
    }
    czm_tensor dims = copies_any
                          ? czm_output(czm_import_node(s, CZM_OP_Pack, parts, (size_t)to->rank))
                          : sizes_in_order(s, sizes, &reshaped);
    czm_import_put(s, 0, CZM_OUT(s, CZM_OP_Reshape, t, dims), reshaped);
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
    bool is_same_batch = rest != 0 && shape.rank > 0 && shape.dims[0] == CZM_UNKNOWN &&
                         to.at[0] == CZM_UNKNOWN && (copies[0] || keeps_batch(s, x, sizes));
    bool is_complete = complete(s, x, &to, rest, rest > 0 && is_same_batch);
    if (goes_back(s, x, s->opset < 5 ? NULL : sizes, &to))
        czm_import_pass(s, 0, x->source);
    else if (is_complete)
        reshape_to(s, x, &to);
    else
        reshape_open(s, x, sizes, wanted, copies, &to, is_same_batch);
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

// The same numbers with more axes.
static void widen_constant(czm_import_step *s, const czm_onnx_initializer *constant, int rank,
                           unsigned axes) {
    czm_onnx_initializer *wide = CZM_NEW(s->run->context->arena, czm_onnx_initializer);
    czm_dims dims = {0};
    for (int a = 0, own = 0; a < rank; a++)
        czm_dims_add(&dims, axes >> a & 1 ? 1 : constant->shape.dims[own++]);
    *wide = *constant;
    wide->shape = czm_dims_keep(s->run->context->arena, &dims);
    s->outputs[0]->constant = wide;
}

czm_status czm_import_op_unsqueeze(czm_import_step *s) {
    czm_import_value *x = czm_import_in(s, 0);
    czm_order order = czm_import_order(s, x);
    int64_t list[CZM_MOST_AXES];
    size_t count = s->opset < 13 ? czm_import_ints(s, "axes", list, CZM_MOST_AXES)
                                 : czm_import_vector(s, czm_import_in(s, 1), list, CZM_MOST_AXES);
    unsigned axes = 0;
    if (count > (size_t)(CZM_MOST_AXES - order.rank))
        return czm_import_reject(s, NULL, "tensors of more than %d dimensions are not supported",
                                 CZM_MOST_AXES);
    int rank = order.rank + (int)count;
    for (size_t i = 0; i < count; i++) {
        int axis;
        CZM_TRY(czm_import_axis(s, list[i], rank, &axis));
        axes |= 1u << axis;
    }
    if (x->constant) {
        widen_constant(s, x->constant, rank, axes);
        return CZM_OK;
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
