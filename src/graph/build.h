// SPDX-License-Identifier: Apache-2.0
//
// Making nodes from their inputs. The definition of an op (op_table.inc) determines which attributes follow from the
// inputs: their element types (T, Tidx), their number (N), lists of types (Tin). They are set here, so a caller sets
// only the other attributes.
#ifndef CZM_GRAPH_BUILD_H
#define CZM_GRAPH_BUILD_H

#include "graph/graph.h"

// A list of tensors and its size, as two arguments.
#define CZM_INPUTS(...)                \
    (const czm_tensor[]){__VA_ARGS__}, \
        sizeof((const czm_tensor[]){__VA_ARGS__}) / sizeof(czm_tensor)

// A node of `op` that reads `inputs`, in the order of the op's definition. Inputs of an op without
// definition determine nothing.
czm_node *czm_build_node(czm_graph *graph, const char *name, czm_op_kind op,
                         const czm_tensor *inputs, size_t count);

// Turns a node into another op with these inputs; of what it was, its name is left.
void czm_build_anew(czm_graph *graph, czm_node *node, czm_op_kind op, const czm_tensor *inputs,
                    size_t count);

// Sets the attributes that follow from the inputs of a node, except those that the node has.
void czm_node_derive_attrs(czm_graph *graph, czm_node *node);

// A Cast; the tensor itself if it has the type.
czm_tensor czm_build_cast(czm_graph *graph, const char *name, czm_tensor tensor, czm_dtype to);

// An input of the network, and the handle of a variable. `shape` is an AttrValue.
czm_tensor czm_build_input(czm_graph *graph, const char *name, czm_dtype dtype, czm_bytes shape);
czm_node *czm_build_variable(czm_graph *graph, const char *name, czm_dtype dtype, czm_bytes shape);

// The value of a variable.
czm_tensor czm_build_read(czm_graph *graph, const char *name, czm_node *handle);

#endif
