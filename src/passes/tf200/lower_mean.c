// SPDX-License-Identifier: Apache-2.0
//
// Means over large images. TensorFlow 2.0.0 adds the pixels of a channel one after the other in float32: the mean of
// 720 x 720 random pixels is off by 2.5e-5 of its value, and an instance normalisation of a nearly constant image by
// 0.1. The mean of the rows' means is off by 1e-6, and does not take longer.
#include "passes/lower.h"

enum { ROWS = 1, COLUMNS = 2, IMAGE_RANK = 4, MOST_PIXELS = 1 << 16 };

bool czm_pixel_mean_applies(czm_lowering *l, czm_node *node) {
    if (node->inputs.count != 2 || czm_attr_type(node, "T") != CZM_DTYPE_FLOAT) return false;
    czm_shape shape = czm_lower_shape(l, node->inputs.items[0]);
    bool is_named[IMAGE_RANK] = {false};
    if (shape.rank != IMAGE_RANK ||
        !czm_axes_mark(czm_lower_value(l, node->inputs.items[1]), IMAGE_RANK, is_named))
        return false;
    int64_t pixels = czm_dim_multiply(shape.dims[ROWS], shape.dims[COLUMNS]);
    return is_named[ROWS] && is_named[COLUMNS] && !is_named[0] && !is_named[IMAGE_RANK - 1] &&
           shape.dims[COLUMNS] != 1 && (pixels == CZM_UNKNOWN || pixels > MOST_PIXELS);
}

void czm_pixel_mean_rewrite(czm_lowering *l, czm_node *node) {
    czm_tensor columns = czm_lower_ints(l, node, "columns", (const int32_t[]){COLUMNS}, 1);
    czm_node *rows =
        czm_lower_add(l, node, "rows", CZM_OP_Mean, CZM_INPUTS(node->inputs.items[0], columns));
    czm_set_bool(l->graph, rows, "keep_dims", true);
    node->inputs.items[0] = czm_output(rows);
}
