// SPDX-License-Identifier: Apache-2.0
//
// From records to a graph: names become pointers, calls of functions become the functions' nodes.
//
// A body is entered by name only, on demand, through a worklist: what nothing asks for is never
// looked at, and chains and nests of any depth cost no stack. Control dependencies are followed,
// for they tell which assignments run, but kept only where they carry meaning: between the nodes of
// TensorFlow 1's control flow.
#ifndef CZM_READ_SAVEDMODEL_FLATTEN_H
#define CZM_READ_SAVEDMODEL_FLATTEN_H

#include "read/savedmodel/meta_graph.h"

typedef struct czm_flat_graph {
    czm_graph graph;          // unsorted; its nodes include those that only control inputs need
    czm_node_list assigns;    // nodes that run and change the variable that is their first input
    czm_node_list functional; // nodes with functions that stay: If, While, Case ...
} czm_flat_graph;

// Flattens what the named tensors of the main graph ("node:index") need, and what runs with them;
// `run` names nodes of the main graph that are to run too. The tensors become graph.outputs with
// empty names, in order. `context->report` gets what is wrong.
CZM_MUST_CHECK czm_status czm_flatten_main(czm_context *context, czm_meta_graph *meta,
                                           const czm_bytes *tensors, size_t tensor_count,
                                           const char *run, czm_flat_graph *flat);

// Flattens a function that stays a function; its arguments become graph.inputs.
CZM_MUST_CHECK czm_status czm_flatten_function(czm_context *context, czm_meta_graph *meta,
                                               czm_bytes name, czm_flat_graph *flat);

#endif
