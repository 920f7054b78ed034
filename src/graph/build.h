// SPDX-License-Identifier: Apache-2.0
//
// Making nodes from their inputs. The definition of an op (op_table.inc) determines which attributes follow from the
// inputs: their element types (T, Tidx), their number (N), lists of types (Tin). They are set here, so a caller sets
// only the other attributes.
#ifndef CZM_GRAPH_BUILD_H
#define CZM_GRAPH_BUILD_H

#include "graph/graph.h"

// A node of `op` that reads `inputs`, in the order of the op's definition. Inputs of an op without
// definition determine nothing.
czm_node *czm_build_node(czm_graph *graph, const char *name, czm_op_kind op,
                         const czm_tensor *inputs, size_t count);

// Sets the attributes that follow from the inputs of a node, except those that the node has.
void czm_node_derive_attrs(czm_graph *graph, czm_node *node);

#endif
