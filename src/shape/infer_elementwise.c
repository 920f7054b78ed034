// SPDX-License-Identifier: Apache-2.0
//
// Shapes of element-wise ops, and of ops that pass values unchanged.
#include "shape/ops.h"

// Each output is the input of the same number, value and all.
void czm_infer_pass(czm_step *step) {
    for (size_t i = 0; i < step->output_count && i < czm_step_in_count(step); i++)
        czm_step_set_fact(step, i, czm_step_in_fact(step, i));
}

// Output 0 has the shape of input 0.
void czm_infer_same(czm_step *step) { czm_step_set_shape(step, 0, czm_step_in_shape(step, 0)); }

static const char *verb_of(int arithmetic) {
    static const char *const verbs[] = {
        [CZM_ADD] = "add",
        [CZM_SUBTRACT] = "subtract",
        [CZM_MULTIPLY] = "multiply",
        [CZM_DIVIDE] = "divide",
        [CZM_DIVIDE_REAL] = "divide",
        [CZM_DIVIDE_TRUNCATING] = "divide",
        [CZM_DIVIDE_FLOORING] = "divide",
    };
    bool has_verb = (size_t)arithmetic < CZM_COUNT_OF(verbs) && verbs[arithmetic];
    return has_verb ? verbs[arithmetic] : "combine";
}

static bool broadcast_all(czm_step *step, czm_dims *dims) {
    *dims = czm_dims_of(czm_step_in_shape(step, 0));
    for (size_t i = 1; i < czm_step_in_count(step); i++) {
        czm_dims before = *dims;
        if (!czm_shape_broadcast(czm_dims_shape(&before), czm_step_in_shape(step, i), dims)) {
            czm_step_fault(step, "cannot %s %s and %s", verb_of(step->detail),
                           czm_step_text_of(step, czm_dims_shape(&before)),
                           czm_step_in_text(step, i));
            return false;
        }
    }
    return true;
}

void czm_infer_broadcast(czm_step *step) {
    czm_dims dims;
    if (broadcast_all(step, &dims)) czm_step_set_dims(step, 0, &dims);
}

// Equal and NotEqual may return a single value if the shapes do not fit: czm_fold_compare().
void czm_infer_compare(czm_step *step) {
    czm_bytes attr = czm_node_attr(step->node, "incompatible_shape_error");
    if (attr.size == 0 || czm_attr_bool(step->node, "incompatible_shape_error")) {
        czm_infer_broadcast(step);
        return;
    }
    czm_shape a = czm_step_in_shape(step, 0), b = czm_step_in_shape(step, 1);
    czm_dims dims;
    bool is_sure = czm_shape_is_complete(a) && czm_shape_is_complete(b);
    if (!czm_shape_broadcast(a, b, &dims))
        czm_step_set_rank(step, 0, 0);
    else if (is_sure)
        czm_step_set_dims(step, 0, &dims);
}

// All inputs from the one in the row on have the same shape.
void czm_infer_merge_all(czm_step *step) {
    size_t first = (size_t)step->detail;
    czm_dims dims = czm_dims_of(czm_step_in_shape(step, first));
    for (size_t i = first + 1; i < czm_step_in_count(step); i++) {
        czm_dims before = dims;
        if (!czm_shape_merge(czm_dims_shape(&before), czm_step_in_shape(step, i), &dims)) {
            czm_step_fault(step, "cannot combine %s and %s",
                           czm_step_text_of(step, czm_dims_shape(&before)),
                           czm_step_in_text(step, i));
            return;
        }
    }
    czm_step_set_dims(step, 0, &dims);
}

// The bias has a value for each channel: the last dimension, or the second in "NCHW".
void czm_infer_bias(czm_step *step) {
    czm_shape shape = czm_step_in_shape(step, 0);
    czm_dims dims = czm_dims_of(shape), bias;
    if (!czm_step_in_ranked(step, 1, 1, &bias) || dims.rank == CZM_UNKNOWN) return;
    int channel = czm_is_channels_first(step->node) ? 1 : dims.rank - 1;
    if (dims.rank < 2 || !czm_dim_merge(dims.at[channel], bias.at[0], &dims.at[channel])) {
        czm_step_fault(step, "cannot add a bias of %s to %s", czm_step_in_text(step, 1),
                       czm_step_text_of(step, shape));
        return;
    }
    czm_step_set_dims(step, 0, &dims);
}

void czm_infer_ensure_shape(czm_step *step) {
    czm_shape claimed = czm_step_in_attr_shape(step, "shape");
    czm_dims dims;
    if (!czm_shape_merge(czm_step_in_shape(step, 0), claimed, &dims)) {
        czm_step_fault(step, "the shape must be %s, but is %s", czm_step_text_of(step, claimed),
                       czm_step_in_text(step, 0));
        return;
    }
    czm_step_set_dims(step, 0, &dims);
}

// Elements of another size: a dimension is added or removed.
void czm_infer_bitcast(czm_step *step) {
    size_t from = czm_dtype_size(czm_attr_type(step->node, "T"));
    size_t to = czm_dtype_size(czm_attr_type(step->node, "type"));
    czm_dims dims = czm_dims_of(czm_step_in_shape(step, 0));
    if (from == 0 || to == 0 || dims.rank == CZM_UNKNOWN) return;
    if (from > to) czm_dims_add(&dims, (int64_t)(from / to));
    if (from < to) {
        int64_t parts = (int64_t)(to / from);
        if (dims.rank == 0 || !czm_dim_merge(dims.at[dims.rank - 1], parts, &parts)) {
            czm_step_fault(step, "cannot make %zu byte values of %s, which has %zu byte values", to,
                           czm_step_in_text(step, 0), from);
            return;
        }
        dims.rank--;
    }
    czm_step_set_dims(step, 0, &dims);
}
