// SPDX-License-Identifier: Apache-2.0
//
// Ops on arrays that TensorFlow 2.0.0 does not know or cannot compute: diagonals in their later
// versions, high ranks, and slices that are put into a tensor.
#include "graph/build.h"
#include "passes/lower.h"
#include "view/window.h"

// ---- MatrixDiagV3 and its kin: of the main diagonal they are what they were before

typedef struct diagonal_op {
    czm_op_kind op, older;
    size_t inputs; // of the older one; the next is the diagonal's number
} diagonal_op;

static const diagonal_op diagonal_ops[] = {
    {CZM_OP_MatrixDiagV2, CZM_OP_MatrixDiag, 1},
    {CZM_OP_MatrixDiagV3, CZM_OP_MatrixDiag, 1},
    {CZM_OP_MatrixDiagPartV2, CZM_OP_MatrixDiagPart, 1},
    {CZM_OP_MatrixDiagPartV3, CZM_OP_MatrixDiagPart, 1},
    {CZM_OP_MatrixSetDiagV2, CZM_OP_MatrixSetDiag, 2},
    {CZM_OP_MatrixSetDiagV3, CZM_OP_MatrixSetDiag, 2},
};

static const diagonal_op *find_diagonal(const czm_node *node) {
    for (size_t i = 0; i < CZM_COUNT_OF(diagonal_ops); i++)
        if (czm_node_is(node, diagonal_ops[i].op)) return &diagonal_ops[i];
    return NULL;
}

static bool is_number(const czm_lowering *l, czm_tensor tensor, double number) {
    double known;
    return czm_value_number(czm_lower_value(l, tensor), &known) && known == number;
}

// MatrixDiagV3 may be told how many rows and columns there are (inputs 2 and 3): -1 leaves it open.
bool czm_diagonal_applies(czm_lowering *l, czm_node *node) {
    const diagonal_op *d = find_diagonal(node);
    if (!d || node->inputs.count <= d->inputs || !is_number(l, node->inputs.items[d->inputs], 0))
        return false;
    bool is_sized = d->older == CZM_OP_MatrixDiag;
    return !is_sized || (node->inputs.count > 3 && is_number(l, node->inputs.items[2], -1) &&
                         is_number(l, node->inputs.items[3], -1));
}

void czm_diagonal_rewrite(czm_lowering *l, czm_node *node) {
    const diagonal_op *d = find_diagonal(node);
    czm_node_become(l->graph, node, d->older);
    node->inputs.count = d->inputs;
    czm_remove_attr(node, "align");
}

// ---- ranks that the kernels do not have

enum { BIAS_RANK = 5, PLACE_RANK = 5 };

bool czm_high_bias_applies(czm_lowering *l, czm_node *node) {
    return node->inputs.count == 2 && !czm_is_channels_first(node) &&
           czm_lower_shape(l, node->inputs.items[0]).rank > BIAS_RANK;
}

void czm_high_bias_rewrite(czm_lowering *l, czm_node *node) {
    czm_tensor value = node->inputs.items[0], bias = node->inputs.items[1];
    czm_lower_become(l, node, CZM_OP_AddV2);
    czm_node_add_input(l->graph, node, value);
    czm_node_add_input(l->graph, node, bias);
    czm_node_derive_attrs(l->graph, node);
}

static bool read_axis(const czm_lowering *l, czm_tensor tensor, int rank, int *axis) {
    int64_t value;
    return czm_value_int(czm_lower_value(l, tensor), 0, &value) && czm_axis_find(value, rank, axis);
}

// One size at most may be open.
bool czm_high_place_applies(czm_lowering *l, czm_node *node) {
    if (node->inputs.count != 2) return false;
    czm_shape shape = czm_lower_shape(l, node->inputs.items[0]);
    int axis, open = 0;
    for (int i = 0; i < shape.rank; i++) open += shape.dims[i] == CZM_UNKNOWN;
    return shape.rank > PLACE_RANK && open <= 1 &&
           read_axis(l, node->inputs.items[1], shape.rank, &axis);
}

static czm_node *add_reshape(czm_lowering *l, const czm_node *node, czm_tensor of,
                             const int32_t *dims, size_t count) {
    czm_tensor inputs[] = {of, czm_lower_ints(l, node, "sizes", dims, count)};
    return czm_build_node(l->graph, czm_lower_name(l, node, "reshaped"), CZM_OP_Reshape, inputs, 2);
}

// The dimensions before and after the axis become one each.
void czm_high_place_rewrite(czm_lowering *l, czm_node *node) {
    czm_shape shape = czm_lower_shape(l, node->inputs.items[0]);
    int32_t *rest = CZM_NEW_ARRAY(l->context->arena, int32_t, (size_t)shape.rank);
    int32_t flat[] = {1, 1, 1};
    int axis = 0;
    size_t count = 0;
    read_axis(l, node->inputs.items[1], shape.rank, &axis);
    for (int i = 0; i < shape.rank; i++) {
        int32_t size = shape.dims[i] == CZM_UNKNOWN ? -1 : (int32_t)shape.dims[i];
        int32_t *side = &flat[i < axis ? 0 : i == axis ? 1 : 2];
        *side = size < 0 || *side < 0 ? -1 : *side * size;
        if (i != axis) rest[count++] = size;
    }
    czm_node *core = czm_lower_split(l, node, "places");
    core->inputs.items[0] = czm_output(add_reshape(l, node, core->inputs.items[0], flat, 3));
    core->inputs.items[1] = czm_lower_int(l, node, "axis", 1);
    czm_set_type(l->graph, core, "Tidx", CZM_DTYPE_INT32);
    czm_lower_become(l, node, CZM_OP_Reshape);
    czm_node_add_input(l->graph, node, czm_output(core));
    czm_node_add_input(l->graph, node, czm_lower_ints(l, node, "rest", rest, count));
    czm_node_derive_attrs(l->graph, node);
}

// ---- XlaDynamicUpdateSlice: what is before and behind the slice is joined to it, one dimension after
// the other from the last to the first

enum { HIGHEST_RANK = 8 };

typedef struct update {
    int rank;
    int32_t begin[HIGHEST_RANK], end[HIGHEST_RANK];
    int32_t size[HIGHEST_RANK];  // of the tensor; INT32_MAX where it is open
    bool is_whole[HIGHEST_RANK]; // the slice is as large as the tensor there
} update;

// false: a place or a size is not known.
static bool read_update(const czm_lowering *l, const czm_node *node, update *u) {
    if (node->inputs.count != 3) return false;
    czm_shape whole = czm_lower_shape(l, node->inputs.items[0]);
    czm_shape part = czm_lower_shape(l, node->inputs.items[1]);
    czm_value at = czm_lower_value(l, node->inputs.items[2]);
    if (whole.rank < 1 || whole.rank > HIGHEST_RANK || part.rank != whole.rank || !at.elements ||
        at.count != (size_t)whole.rank)
        return false;
    u->rank = whole.rank;
    for (int i = 0; i < u->rank; i++) {
        int64_t begin = at.elements[i].is_known ? (int64_t)at.elements[i].number : CZM_UNKNOWN;
        bool is_open = whole.dims[i] == CZM_UNKNOWN;
        int64_t size = is_open ? INT32_MAX : whole.dims[i], most = size - part.dims[i];
        u->is_whole[i] = whole.dims[i] == part.dims[i]; // the batch, where both are open
        if (u->is_whole[i]) continue;
        if (part.dims[i] == CZM_UNKNOWN || !at.elements[i].is_known || most < 0 ||
            size > INT32_MAX || (is_open && begin > 0))
            return false;
        if (begin < 0) begin = 0; // XLA keeps the slice inside
        if (begin > most) begin = most;
        u->begin[i] = (int32_t)begin;
        u->end[i] = (int32_t)(begin + part.dims[i]);
        u->size[i] = (int32_t)size;
    }
    return true;
}

bool czm_update_applies(czm_lowering *l, czm_node *node) {
    update u = {0};
    return read_update(l, node, &u);
}

// The tensor between `from` and `to` along `axis`, and where the slice is along the dimensions before.
static czm_tensor cut(czm_lowering *l, const czm_node *node, czm_tensor tensor, const update *u,
                      int axis, int32_t from, int32_t to) {
    int32_t begins[HIGHEST_RANK] = {0}, ends[HIGHEST_RANK] = {0}, steps[HIGHEST_RANK];
    int64_t open = 0; // dimensions that are kept whole
    for (int i = 0; i < u->rank; i++) {
        bool is_cut = i <= axis && !u->is_whole[i];
        steps[i] = 1;
        if (!is_cut) open |= (int64_t)1 << i;
        begins[i] = i == axis ? from : u->begin[i];
        ends[i] = i == axis ? to : u->end[i];
    }
    const czm_tensor inputs[] = {tensor, czm_lower_ints(l, node, "begin", begins, (size_t)u->rank),
                                 czm_lower_ints(l, node, "end", ends, (size_t)u->rank),
                                 czm_lower_ints(l, node, "strides", steps, (size_t)u->rank)};
    czm_node *slice = czm_build_node(l->graph, czm_lower_name(l, node, "kept"), CZM_OP_StridedSlice,
                                     inputs, CZM_COUNT_OF(inputs));
    czm_set_int(l->graph, slice, "begin_mask", open);
    czm_set_int(l->graph, slice, "end_mask", open);
    return czm_output(slice);
}

static czm_tensor join(czm_lowering *l, const czm_node *node, czm_tensor whole, czm_tensor part,
                       const update *u, int axis) {
    czm_tensor parts[4];
    size_t count = 0;
    if (u->begin[axis] > 0) parts[count++] = cut(l, node, whole, u, axis, 0, u->begin[axis]);
    parts[count++] = part;
    if (u->end[axis] < u->size[axis])
        parts[count++] = cut(l, node, whole, u, axis, u->end[axis], u->size[axis]);
    parts[count++] = czm_lower_int(l, node, "axis", axis);
    return czm_output(
        czm_build_node(l->graph, czm_lower_name(l, node, "joined"), CZM_OP_ConcatV2, parts, count));
}

void czm_update_rewrite(czm_lowering *l, czm_node *node) {
    update u = {0};
    read_update(l, node, &u);
    czm_dtype dtype = czm_attr_type(node, "T");
    czm_tensor whole = node->inputs.items[0], result = node->inputs.items[1];
    for (int axis = u.rank - 1; axis >= 0; axis--)
        if (!u.is_whole[axis]) result = join(l, node, whole, result, &u, axis);
    czm_lower_become(l, node, CZM_OP_Identity);
    czm_node_add_input(l->graph, node, result);
    czm_set_type(l->graph, node, "T", dtype);
}
