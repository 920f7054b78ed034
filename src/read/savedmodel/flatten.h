// SPDX-License-Identifier: Apache-2.0
//
// Makes a graph from records: names become pointers, and calls of functions become the nodes of the functions.
//
// A worklist contains the names that are still to be resolved: nodes that nothing reads are never decoded, and chains
// and nests of any depth need no stack. Control dependencies are followed, because they determine which assignments
// run. They are kept only between the nodes of TensorFlow 1's control flow.
#ifndef CZM_READ_SAVEDMODEL_FLATTEN_H
#define CZM_READ_SAVEDMODEL_FLATTEN_H

#include "read/savedmodel/meta_graph.h"

typedef struct czm_flat_graph {
    czm_graph graph;          // unsorted; its nodes include those that only control inputs need
    czm_node_list assigns;    // nodes that run and change the variable that is their first input
    czm_node_list functional; // nodes with functions that stay: If, While, Case ...
} czm_flat_graph;

// Flattens the nodes that the named tensors of the main graph ("node:index") need, and the nodes that run with them;
// `run` names nodes of the main graph that run too. The tensors become graph.outputs with empty names, in order.
// Faults are in context->report.
CZM_MUST_CHECK czm_status czm_flatten_main(czm_context *context, czm_meta_graph *meta,
                                           const czm_bytes *tensors, size_t tensor_count,
                                           const char *run, czm_flat_graph *flat);

// Flattens a function that stays a function; its arguments become graph.inputs.
CZM_MUST_CHECK czm_status czm_flatten_function(czm_context *context, czm_meta_graph *meta,
                                               czm_bytes name, czm_flat_graph *flat);

#endif
