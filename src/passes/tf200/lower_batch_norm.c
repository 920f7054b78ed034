// SPDX-License-Identifier: Apache-2.0
//
// Batch normalisation of volumes, whose layout TensorFlow 2.0.0 does not support: each channel is normalised
// separately, so height, width and depth can be joined into one dimension.
#include "passes/lower.h"

bool czm_volume_norm_applies(czm_lowering *l, czm_node *node) {
    if (!czm_attr_is(node, "data_format", "NDHWC") || node->inputs.count != 5) return false;
    czm_shape scale = czm_lower_shape(l, node->inputs.items[1]);
    return scale.rank == 1 && scale.dims[0] > 0 && scale.dims[0] <= INT32_MAX;
}

void czm_volume_norm_rewrite(czm_lowering *l, czm_node *node) {
    czm_tensor image = node->inputs.items[0];
    const int32_t flat[] = {-1, 1, 1, (int32_t)czm_lower_shape(l, node->inputs.items[1]).dims[0]};
    czm_node *core = czm_lower_split(l, node, "flat");
    core->inputs.items[0] =
        czm_lower_reshape(l, node, "input", image, czm_lower_ints(l, node, "shape", flat, 4));
    czm_set_string(l->graph, core, "data_format", "NHWC");
    czm_node *shape = czm_lower_add(l, node, "shape", CZM_OP_Shape, CZM_INPUTS(image));
    czm_build_anew(l->graph, node, CZM_OP_Reshape, CZM_INPUTS(czm_output(core), czm_output(shape)));
    czm_remove_attr(node, "Tshape"); // int32, its default
}
