// SPDX-License-Identifier: Apache-2.0
//
// The main graph as layers in the order of data flow, as its author named them, instead of nodes.
#ifndef CZM_ANALYSIS_LAYERS_H
#define CZM_ANALYSIS_LAYERS_H

#include "shape/shape.h"

typedef struct czm_layer {
    czm_layer_info info; // without the receptive field
    czm_tensor output;   // the output of the layer
} czm_layer;

typedef CZM_LIST(czm_layer) czm_layer_list;

// The number of weights in a constant: the elements of a floating-point array, else 0.
uint64_t czm_constant_weights(const czm_shapes *shapes, czm_node *node);

// The graph must be sorted, and `shapes` inferred from it. A layer reads only earlier rows: a layer that is applied
// again to its own (processed) output has a row for each use. The last row is the layer of the network's output.
czm_layer_list czm_layers_of(czm_arena *arena, const czm_model *model, const czm_shapes *shapes);

#endif
