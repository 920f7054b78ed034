// SPDX-License-Identifier: Apache-2.0
//
// Numbers that go to places which are computed: ScatterNd and its relatives.
#include "onnx/ops.h"
#include "view/window.h"

enum { SUMS_SINCE = 16, EXTREMES_SINCE = 18 }; // opsets of ScatterND's reductions

// ---- whether each place occurs once

static bool hands_on(const czm_node *node) {
    static const czm_op_kind ops[] = {CZM_OP_Reshape, CZM_OP_ExpandDims, CZM_OP_Squeeze,
                                      CZM_OP_Cast, CZM_OP_Identity};
    for (size_t i = 0; i < CZM_COUNT_OF(ops); i++)
        if (czm_node_is(node, ops[i])) return true;
    return false;
}

// Windows that do not overlap have their largest pixels at different places.
static bool is_pool_without_overlap(const czm_node *node) {
    if (!czm_node_is(node, CZM_OP_MaxPoolWithArgmax)) return false;
    czm_windows windows = czm_windows_of(node, 4);
    const czm_window *rows = &windows.along[1], *columns = &windows.along[2];
    return czm_attr_bool(node, "include_batch_in_index") && rows->size <= rows->stride &&
           columns->size <= columns->stride;
}

static bool are_different(czm_tensor places) {
    while (hands_on(places.node)) places = places.node->inputs.items[0];
    return czm_node_is(places.node, CZM_OP_Where) ||
           (is_pool_without_overlap(places.node) && places.index == 1);
}

// ---- ScatterND

static const char *as_int64(czm_onnx_step *step, size_t input) {
    const char *name = czm_in_plain(step, input);
    bool is_wide = czm_in(step, input)->dtype == CZM_DTYPE_INT64;
    return is_wide ? name : czm_emit_cast(step, name, CZM_DTYPE_INT64);
}

// `reduction` NULL: the numbers replace what is there.
static void scatter(czm_onnx_step *step, const char *data, const char *places, const char *numbers,
                    const char *reduction) {
    czm_out(step, 0, CZM_EMIT(step, "ScatterND", data, places, numbers));
    if (reduction) czm_onnx_set_text(step->arena, czm_last(step), "reduction", reduction);
}

void czm_onnx_scatter_new(czm_onnx_step *step) { // ScatterNd(indices, updates, shape)
    bool has_doubles = !are_different(step->node->inputs.items[0]);
    if (has_doubles && step->opset < SUMS_SINCE) {
        czm_refuse_opset(step, "cannot add values at the same position");
        return;
    }
    const char *zero = czm_number(step, czm_in(step, 1)->dtype, 0);
    const char *data = CZM_EMIT(step, "Expand", zero, as_int64(step, 2));
    scatter(step, data, as_int64(step, 0), czm_in_plain(step, 1), has_doubles ? "add" : NULL);
}

// TensorScatter...(tensor, indices, updates); "-add" adds the negative.
void czm_onnx_scatter_into(czm_onnx_step *step) {
    const char *reduction = step->detail, *numbers = czm_in_plain(step, 2);
    bool is_difference = reduction && reduction[0] == '-';
    bool is_sum = reduction && strstr(reduction, "add");
    int since = !reduction ? 0 : is_sum ? SUMS_SINCE : EXTREMES_SINCE;
    if (step->opset < since) {
        czm_refuse_opset(step, "cannot combine values at the same position");
        return;
    }
    if (is_difference) numbers = CZM_EMIT(step, "Neg", numbers);
    scatter(step, czm_in_plain(step, 0), as_int64(step, 1), numbers,
            is_difference ? reduction + 1 : reduction);
}
