// SPDX-License-Identifier: Apache-2.0
//
// Rewrites for kernels of TensorFlow 2.0.0 that do not support so many dimensions, or int64 paddings.
#include "passes/lower.h"
#include "view/window.h"

// ---- int64 paddings

bool czm_wide_paddings_applies(czm_lowering *l, czm_node *node) {
    (void)l;
    return czm_attr_type(node, "Tpaddings") == CZM_DTYPE_INT64 && node->inputs.count == 3;
}

void czm_wide_paddings_rewrite(czm_lowering *l, czm_node *node) {
    node->inputs.items[1] = czm_lower_cast(l, node, node->inputs.items[1], CZM_DTYPE_INT32);
    czm_set_type(l->graph, node, "Tpaddings", CZM_DTYPE_INT32);
}

// ---- ranks that the kernels do not have

enum { BIAS_RANK = 5, PLACE_RANK = 5 };

bool czm_high_bias_applies(czm_lowering *l, czm_node *node) {
    return node->inputs.count == 2 && !czm_is_channels_first(node) &&
           czm_lower_shape(l, node->inputs.items[0]).rank > BIAS_RANK;
}

void czm_high_bias_rewrite(czm_lowering *l, czm_node *node) {
    czm_build_anew(l->graph, node, CZM_OP_AddV2,
                   CZM_INPUTS(node->inputs.items[0], node->inputs.items[1]));
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
    core->inputs.items[0] =
        czm_output(czm_lower_add(l, node, "reshaped", CZM_OP_Reshape,
                                 CZM_INPUTS(core->inputs.items[0],
                                            czm_lower_ints(l, node, "sizes", flat, 3))));
    core->inputs.items[1] = czm_lower_int(l, node, "axis", 1);
    czm_set_type(l->graph, core, "Tidx", CZM_DTYPE_INT32);
    czm_build_anew(l->graph, node, CZM_OP_Reshape,
                   CZM_INPUTS(czm_output(core), czm_lower_ints(l, node, "rest", rest, count)));
}

// ---- a norm over no axis

// The kernel gives the numbers themselves, with their signs.
bool czm_lone_norm_applies(czm_lowering *l, czm_node *node) {
    static const czm_dtype signs[] = {CZM_DTYPE_FLOAT,    CZM_DTYPE_DOUBLE, CZM_DTYPE_HALF,
                                      CZM_DTYPE_BFLOAT16, CZM_DTYPE_INT32,  CZM_DTYPE_INT64};
    if (node->inputs.count != 2) return false;
    czm_dtype dtype = czm_attr_type(node, "T");
    bool has_sign = false;
    for (size_t i = 0; i < CZM_COUNT_OF(signs); i++) has_sign |= dtype == signs[i];
    return has_sign && czm_shape_count(czm_lower_shape(l, node->inputs.items[1])) == 0;
}

void czm_lone_norm_rewrite(czm_lowering *l, czm_node *node) {
    czm_build_anew(l->graph, node, CZM_OP_Abs, CZM_INPUTS(node->inputs.items[0]));
}
