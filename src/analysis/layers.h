// SPDX-License-Identifier: Apache-2.0
//
// The main graph as layers in the order of data flow, as its author named them, instead of nodes.
#ifndef CZM_ANALYSIS_LAYERS_H
#define CZM_ANALYSIS_LAYERS_H

#include "shape/shape.h"

typedef struct czm_layer {
    czm_layer_info info; // without the receptive field
    czm_tensor output;   // what leaves the layer
} czm_layer;

typedef CZM_LIST(czm_layer) czm_layer_list;

// How many numbers of a constant are weights: those of a floating-point array. 0: it is none.
uint64_t czm_constant_weights(const czm_shapes *shapes, czm_node *node);

// The graph must be sorted, and `shapes` inferred from it. A layer reads only layers before it: one
// that is applied again to what became of its own output is a row each time. The last row gives the
// network's output.
czm_layer_list czm_layers_of(czm_arena *arena, const czm_model *model, const czm_shapes *shapes);

#endif
