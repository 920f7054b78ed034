// SPDX-License-Identifier: Apache-2.0
//
// From nodes to the names of layers: messages name "block3/conv", not "model/block3/conv/Conv2D".
#ifndef CZM_GRAPH_LAYER_NAME_H
#define CZM_GRAPH_LAYER_NAME_H

#include "graph/graph.h"

czm_layer_names czm_layer_names_of(czm_arena *arena, const czm_graph *graph);

// The layer that a node belongs to, as its author wrote it.
const char *czm_layer_name(czm_arena *arena, const char *node_name, czm_layer_names names);

#endif
