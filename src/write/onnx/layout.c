// SPDX-License-Identifier: Apache-2.0
//
// The layout of an operation and of its operands; see layout.h.
#include "write/onnx/layout.h"

bool czm_onnx_is_single(const czm_onnx_value *value) {
    for (int i = 0; i < value->shape.rank; i++)
        if (value->shape.dims[i] != 1) return false;
    return value->shape.rank != CZM_UNKNOWN;
}

bool czm_onnx_is_vector(const czm_onnx_value *value) {
    int rank = value->shape.rank;
    for (int i = 0; i + 1 < rank; i++)
        if (value->shape.dims[i] != 1) return false;
    return rank > 0 && value->shape.dims[rank - 1] > 0;
}

czm_onnx_layout czm_onnx_layout_of(const czm_onnx_step *step) {
    return czm_onnx_layout_among(step, 0, czm_onnx_in_count(step));
}

czm_onnx_layout czm_onnx_layout_among(const czm_onnx_step *step, size_t first, size_t count) {
    czm_onnx_layout layout = {0, false};
    for (size_t i = first; i < first + count; i++) {
        const czm_onnx_value *value = czm_onnx_in(step, i);
        if (value->shape.rank == CZM_UNKNOWN) return (czm_onnx_layout){CZM_UNKNOWN, false};
        if (value->shape.rank > layout.rank) layout.rank = value->shape.rank;
    }
    int planar_costs = 0, plain_costs = 0; // transpositions
    for (size_t i = first; i < first + count && layout.rank > 2; i++) {
        const czm_onnx_value *value = czm_onnx_in(step, i);
        if (value->shape.rank != layout.rank || value->weight) continue;
        layout.is_planar |= value->planar != NULL;
        planar_costs += value->planar == NULL;
        plain_costs += value->plain == NULL;
    }
    layout.is_planar &= planar_costs <= plain_costs;
    for (size_t i = first; i < first + count; i++) {
        const czm_onnx_value *value = czm_onnx_in(step, i);
        bool can_move = value->shape.rank == layout.rank || czm_onnx_is_single(value) ||
                        czm_onnx_is_vector(value) || czm_shape_is_complete(value->shape);
        layout.is_planar &= can_move;
    }
    return layout;
}

// A vector along the channels, as [C,1,1].
static const char *vector_operand(czm_onnx_step *step, czm_onnx_value *value, int rank) {
    int64_t dims[CZM_ONNX_MOST_DIMS] = {value->shape.dims[value->shape.rank - 1]};
    for (int i = 1; i < rank - 1; i++) dims[i] = 1;
    const czm_onnx_weight *stored = czm_onnx_weight_of(step, value);
    if (!stored) return czm_onnx_emit_reshape(step, czm_onnx_plain_of(step, value), dims, rank - 1);
    czm_onnx_weight *w = czm_onnx_weight_copy(step, stored);
    w->rank = rank - 1;
    memcpy(w->dims, dims, (size_t)w->rank * sizeof *dims);
    return w->name;
}

static const char *wide_operand(czm_onnx_step *step, czm_onnx_value *value, int rank) {
    int64_t dims[CZM_ONNX_MOST_DIMS], order[CZM_ONNX_MOST_DIMS];
    int missing = rank - value->shape.rank;
    for (int i = 0; i < rank; i++) {
        dims[i] = i < missing ? 1 : value->shape.dims[i - missing];
        order[czm_onnx_planar_axis(i, rank)] = i;
    }
    const char *wide = czm_onnx_emit_reshape(step, czm_onnx_plain_of(step, value), dims, rank);
    return czm_onnx_emit_transpose(step, wide, order, rank);
}

const char *czm_onnx_operand(czm_onnx_step *step, size_t input, czm_onnx_layout layout) {
    czm_onnx_value *value = czm_onnx_in(step, input);
    if (!layout.is_planar || czm_onnx_is_single(value)) return czm_onnx_plain_of(step, value);
    if (value->shape.rank == layout.rank) return czm_onnx_planar_of(step, value);
    if (czm_onnx_is_vector(value)) return vector_operand(step, value, layout.rank);
    return wide_operand(step, value, layout.rank);
}

void czm_onnx_put(czm_onnx_step *step, czm_onnx_layout layout, const char *name) {
    czm_onnx_out_layout(step, 0, layout.is_planar, name);
}
