// SPDX-License-Identifier: Apache-2.0
//
// XlaDynamicUpdateSlice: joins the slice with the parts before and after it, dimension by dimension from the last to
// the first.
#include "passes/lower.h"

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
    czm_node *slice =
        czm_lower_add(l, node, "kept", CZM_OP_StridedSlice, inputs, CZM_COUNT_OF(inputs));
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
    return czm_output(czm_lower_add(l, node, "joined", CZM_OP_ConcatV2, parts, count));
}

void czm_update_rewrite(czm_lowering *l, czm_node *node) {
    update u = {0};
    read_update(l, node, &u);
    czm_tensor whole = node->inputs.items[0], result = node->inputs.items[1];
    for (int axis = u.rank - 1; axis >= 0; axis--)
        if (!u.is_whole[axis]) result = join(l, node, whole, result, &u, axis);
    czm_build_anew(l->graph, node, CZM_OP_Identity, &result, 1);
}
