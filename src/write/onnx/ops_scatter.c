// SPDX-License-Identifier: Apache-2.0
//
// Writing elements to computed positions: ScatterNd and similar ops.
#include <stdlib.h>

#include "base/bytes.h"
#include "view/window.h"
#include "write/onnx/ops.h"
#include "write/onnx/scope.h"
#include "write/onnx/write.h"

enum { SUMS_SINCE = 16, EXTREMES_SINCE = 18 }; // opsets of ScatterND's reductions

// ---- whether each position occurs once

static bool hands_on(const czm_node *node) {
    bool is_same = czm_node_traits(node)->memory == CZM_OP_HANDS_ON ||
                   czm_node_is(node, CZM_OP_Cast);
    return is_same && node->inputs.count > 0;
}

// Windows that do not overlap have their maxima at different positions.
static bool is_pool_without_overlap(const czm_node *node) {
    if (!czm_node_is(node, CZM_OP_MaxPoolWithArgmax)) return false;
    czm_windows windows = czm_windows_of(node, 4);
    const czm_window *rows = &windows.along[1], *columns = &windows.along[2];
    return czm_attr_bool(node, "include_batch_in_index") && rows->size <= rows->stride &&
           columns->size <= columns->stride;
}

// The coordinates of constant positions, one after the other; NULL: they are computed.
static const int64_t *coordinates_of(czm_onnx_step *step, size_t input, size_t *count) {
    enum { MOST = 1 << 20 };
    const czm_onnx_value *value = czm_onnx_in(step, input);
    int64_t *out = CZM_NEW_ARRAY(step->arena, int64_t, CZM_LARGEST_VALUE);
    int few = czm_onnx_in_ints(step, input, out, CZM_LARGEST_VALUE);
    *count = few < 0 ? 0 : (size_t)few;
    if (few >= 0) return out;
    if (!value->weight || czm_onnx_weight_count(value->weight) > MOST) return NULL;
    uint8_t *bytes;
    if (czm_onnx_weight_read(step->translator->context, value->weight, &bytes)) return NULL;
    *count = (size_t)czm_onnx_weight_count(value->weight);
    out = CZM_NEW_ARRAY(step->arena, int64_t, *count + 1);
    for (size_t i = 0; i < *count; i++)
        out[i] = value->dtype == CZM_DTYPE_INT64 ? ((const int64_t *)(void *)bytes)[i]
                                                 : ((const int32_t *)(void *)bytes)[i];
    return out;
}

// Each position becomes one number, its index in an array that contains all positions: appends coordinate `k`.
static bool append_coordinate(uint64_t *numbers, size_t places, const int64_t *at, size_t depth,
                              size_t k) {
    uint64_t size = 1;
    for (size_t i = 0; i < places; i++) {
        if (at[i * depth + k] < 0) return false;
        if ((uint64_t)at[i * depth + k] >= size) size = (uint64_t)at[i * depth + k] + 1;
    }
    for (size_t i = 0; i < places; i++)
        if (!czm_mul_u64(numbers[i], size, &numbers[i]) ||
            !czm_add_u64(numbers[i], (uint64_t)at[i * depth + k], &numbers[i]))
            return false;
    return true;
}

static int compare(const void *a, const void *b) {
    uint64_t left = *(const uint64_t *)a, right = *(const uint64_t *)b;
    return (left > right) - (left < right);
}

static bool are_constant_and_different(czm_onnx_step *step, size_t input) {
    size_t count;
    czm_shape shape = czm_onnx_in(step, input)->shape;
    const int64_t *at = coordinates_of(step, input, &count);
    if (!at || shape.rank < 1 || shape.dims[shape.rank - 1] < 1) return false;
    size_t depth = (size_t)shape.dims[shape.rank - 1], places = count / depth;
    uint64_t *numbers = CZM_NEW_ARRAY(step->arena, uint64_t, places + 1);
    for (size_t k = 0; k < depth; k++)
        if (!append_coordinate(numbers, places, at, depth, k)) return false;
    qsort(numbers, places, sizeof *numbers, compare);
    for (size_t i = 1; i < places; i++)
        if (numbers[i] == numbers[i - 1]) return false;
    return true;
}

static int64_t last_dim(czm_shape shape) {
    return shape.rank > 0 ? shape.dims[shape.rank - 1] : CZM_UNKNOWN;
}

// A Reshape may have divided the rows of coordinates: then their parts can repeat.
static bool are_different(czm_onnx_step *step, size_t input) {
    czm_tensor places = step->node->inputs.items[input];
    while (hands_on(places.node)) places = czm_handed_on(places);
    if (is_pool_without_overlap(places.node) && places.index == 1) return true;
    if (!czm_node_is(places.node, CZM_OP_Where)) return are_constant_and_different(step, input);
    int64_t row = last_dim(czm_shape_of(step->scope->shapes, places));
    int64_t depth = last_dim(czm_onnx_in(step, input)->shape);
    return row > 0 && depth > 0 && depth % row == 0;
}

// ---- ScatterND

static const char *as_int64(czm_onnx_step *step, size_t input) {
    const char *name = czm_onnx_in_plain(step, input);
    bool is_wide = czm_onnx_in(step, input)->dtype == CZM_DTYPE_INT64;
    return is_wide ? name : czm_onnx_emit_cast(step, name, CZM_DTYPE_INT64);
}

// `reduction` NULL: the elements are replaced.
static void scatter(czm_onnx_step *step, const char *data, const char *places, const char *numbers,
                    const char *reduction) {
    czm_onnx_out(step, 0, CZM_ONNX(step, "ScatterND", data, places, numbers));
    if (reduction) czm_onnx_set_text(step, "reduction", reduction);
}

void czm_onnx_scatter_new(czm_onnx_step *step) { // ScatterNd(indices, updates, shape)
    bool has_doubles = !are_different(step, 0);
    if (has_doubles && step->opset < SUMS_SINCE) {
        czm_onnx_refuse_opset(step, "cannot add values at the same position");
        return;
    }
    const char *zero = czm_onnx_number(step, czm_onnx_in(step, 1)->dtype, 0);
    const char *data = CZM_ONNX(step, "Expand", zero, as_int64(step, 2));
    const char *updates = czm_onnx_in_plain(step, 1);
    scatter(step, data, as_int64(step, 0), updates, has_doubles ? "add" : NULL);
}

// Different positions need no reduction: the new elements are combined with the old ones before they are written.
static const char *combined(czm_onnx_step *step, const char *data, const char *places,
                            const char *numbers, const char *reduction) {
    static const char *const ops[][2] = {{"add", "Add"}, {"max", "Max"}, {"min", "Min"}};
    const char *there = CZM_ONNX(step, "GatherND", data, places);
    for (size_t i = 0; i < CZM_COUNT_OF(ops); i++)
        if (czm_text_equal(reduction, ops[i][0])) return CZM_ONNX(step, ops[i][1], there, numbers);
    return numbers;
}

// TensorScatter...(tensor, indices, updates); "-add" adds the negative.
void czm_onnx_scatter_into(czm_onnx_step *step) {
    const char *reduction = step->detail, *numbers = czm_onnx_in_plain(step, 2);
    const char *data = czm_onnx_in_plain(step, 0), *places = as_int64(step, 1);
    bool is_difference = reduction && reduction[0] == '-';
    if (is_difference) {
        numbers = CZM_ONNX(step, "Neg", numbers);
        reduction++;
    }
    bool is_sum = reduction && czm_text_equal(reduction, "add");
    int since = !reduction ? 0 : is_sum ? SUMS_SINCE : EXTREMES_SINCE;
    if (step->opset < since) {
        if (!are_different(step, 1)) {
            czm_onnx_refuse_opset(step, "cannot combine values at the same position");
            return;
        }
        numbers = combined(step, data, places, numbers, reduction);
        reduction = NULL;
    }
    scatter(step, data, places, numbers, reduction);
}
