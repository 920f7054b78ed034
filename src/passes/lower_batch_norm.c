// SPDX-License-Identifier: Apache-2.0
//
// Batch normalisation in training mode, with running statistics given. TensorFlow 2.0.0 requires them to be empty,
// since it would not read them.
#include "passes/lower.h"

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
