// SPDX-License-Identifier: Apache-2.0
//
// Fused batch normalisation as newer TensorFlow writes it: over volumes, and with running statistics
// given although those of the batch are to be used.
#include "passes/lower.h"

static const czm_tensor none;

// ---- volumes: each channel is normalised on its own, so height, width and depth may be one dimension

bool czm_volume_norm_applies(czm_lowering *l, czm_node *node) {
    if (!czm_attr_is(node, "data_format", "NDHWC") || node->inputs.count != 5) return false;
    czm_shape scale = czm_lower_shape(l, node->inputs.items[1]);
    return scale.rank == 1 && scale.dims[0] > 0 && scale.dims[0] <= INT32_MAX;
}

void czm_volume_norm_rewrite(czm_lowering *l, czm_node *node) {
    czm_dtype dtype = czm_attr_type(node, "T");
    czm_tensor image = node->inputs.items[0];
    const int32_t flat[] = {-1, 1, 1, (int32_t)czm_lower_shape(l, node->inputs.items[1]).dims[0]};
    czm_node *core = czm_lower_split(l, node, "flat");
    core->inputs.items[0] =
        czm_output(czm_lower_add(l, node, "input", CZM_OP_Reshape, dtype, image,
                                 czm_lower_ints(l, node, "shape", flat, 4), none));
    czm_set_string(l->graph, core, "data_format", "NHWC");
    czm_node *shape = czm_lower_add(l, node, "shape", CZM_OP_Shape, dtype, image, none, none);
    czm_lower_become(l, node, CZM_OP_Reshape);
    czm_node_add_input(l->graph, node, czm_output(core));
    czm_node_add_input(l->graph, node, czm_output(shape));
    czm_set_type(l->graph, node, "T", dtype);
}

// ---- training mode: 2.0.0 wants the running statistics empty, for it would not read them

bool czm_training_norm_applies(czm_lowering *l, czm_node *node) {
    if (!czm_attr_bool(node, "is_training") || node->inputs.count != 5) return false;
    for (size_t i = 3; i < 5; i++) {
        czm_shape shape = czm_lower_shape(l, node->inputs.items[i]);
        bool is_empty = shape.rank == 1 && shape.dims[0] == 0;
        if (!is_empty) return true;
    }
    return false;
}

void czm_training_norm_rewrite(czm_lowering *l, czm_node *node) {
    const int64_t empty = 0;
    for (size_t i = 3; i < 5; i++)
        node->inputs.items[i] = czm_add_const(l->graph, czm_lower_name(l, node, "no_statistics"),
                                              CZM_DTYPE_FLOAT, czm_bytes_of("", 0), &empty, 1);
}
