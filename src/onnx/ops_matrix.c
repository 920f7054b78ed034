// SPDX-License-Identifier: Apache-2.0
//
// Products of matrices.
#include "onnx/ops.h"

// The last two dimensions change places.
static const char *transposed(czm_onnx_step *step, size_t input) {
    const czm_onnx_value *value = czm_in(step, input);
    int rank = value->shape.rank;
    czm_onnx_weight *stored = czm_in_weight(step, input);
    if (stored) {
        czm_onnx_weight *w = czm_weight_copy(step, stored);
        w->order[rank - 1] = stored->order[rank - 2];
        w->order[rank - 2] = stored->order[rank - 1];
        w->dims[rank - 1] = stored->dims[rank - 2];
        w->dims[rank - 2] = stored->dims[rank - 1];
        return w->name;
    }
    int64_t order[CZM_ONNX_MOST_DIMS];
    for (int i = 0; i < rank; i++) order[i] = i < rank - 2 ? i : 2 * rank - 3 - i;
    return czm_emit_transpose(step, czm_in_plain(step, input), order, rank);
}

static const char *factor(czm_onnx_step *step, size_t input, bool is_transposed) {
    return is_transposed ? transposed(step, input) : czm_in_plain(step, input);
}

// "transpose_a transpose_b", the names of the attributes.
void czm_onnx_product(czm_onnx_step *step) {
    bool is_plain = czm_text_equal(step->detail, "transpose");
    bool a = czm_attr_bool(step->node, is_plain ? "transpose_a" : "adj_x");
    bool b = czm_attr_bool(step->node, is_plain ? "transpose_b" : "adj_y");
    if ((a && czm_in(step, 0)->shape.rank < 2) || (b && czm_in(step, 1)->shape.rank < 2)) {
        czm_refuse(step, "the rank of its input is not known");
        return;
    }
    const char *first = factor(step, 0, a), *second = factor(step, 1, b);
    czm_out(step, 0, CZM_EMIT(step, "MatMul", first, second));
}

void czm_onnx_einsum(czm_onnx_step *step) {
    const char **inputs = CZM_NEW_ARRAY(step->arena, const char *, czm_in_count(step) + 1);
    for (size_t i = 0; i < czm_in_count(step); i++) inputs[i] = czm_in_plain(step, i);
    const char *name = czm_emit(step, "Einsum", inputs);
    czm_onnx_set_text(step->arena, czm_last(step), "equation",
                      czm_arena_string(step->arena, czm_attr_string(step->node, "equation")));
    czm_out(step, 0, name);
}
