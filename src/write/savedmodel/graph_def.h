// SPDX-License-Identifier: Apache-2.0
//
// The records of graphs: nodes, functions that stay functions, shapes. The messages are listed in
// read/savedmodel/meta_graph.h.
#ifndef CZM_WRITE_GRAPH_DEF_H
#define CZM_WRITE_GRAPH_DEF_H

#include "graph/graph.h"
#include "shape/shape.h"

// Puts the name of a tensor as a field of text.
typedef void czm_put_tensor(czm_buffer *out, uint32_t field, czm_tensor tensor);

czm_put_tensor czm_put_graph_tensor; // in a graph: "node", "node:index"
czm_put_tensor czm_put_body_tensor; // in a function: "argument", "node:output argument:index in it"

enum { CZM_GRAPH_NODE = 1, CZM_FUNCTION_NODE = 3 }; // fields of GraphDef and FunctionDef

// A NodeDef, its attributes in the order of their names.
void czm_put_node(czm_buffer *out, uint32_t field, const czm_node *node, czm_put_tensor *put_input);

// An OpDef.ArgDef.
void czm_put_argument(czm_buffer *out, uint32_t field, const char *name, czm_dtype dtype);

// A FunctionDef of a graph whose inputs are _Arg nodes.
void czm_put_function(czm_buffer *out, const czm_graph *graph);

// Whether a function of these nodes has state, for FunctionDef.signature.
bool czm_graph_is_stateful(const czm_graph *graph);

// An entry of FunctionDef.ret: {key=1, value=2}.
void czm_put_return(czm_buffer *out, const char *name, czm_tensor tensor, czm_put_tensor *put);

// A TensorShapeProto.
void czm_put_shape(czm_buffer *out, uint32_t field, czm_shape shape);

#endif
