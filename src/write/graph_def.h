// SPDX-License-Identifier: Apache-2.0
//
// The records of graphs: nodes, functions that stay functions, shapes. The messages are listed in
// read/meta_graph.h.
#ifndef CZM_WRITE_GRAPH_DEF_H
#define CZM_WRITE_GRAPH_DEF_H

#include "graph/graph.h"
#include "shape/shape.h"

// How a node's input is written.
typedef const char *czm_input_text(czm_arena *arena, czm_tensor tensor);

czm_input_text czm_node_input_name; // in a graph: "node", "node:index"
czm_input_text
    czm_body_input_name; // in a function: "argument", "node:output argument:index within it"

enum { CZM_GRAPH_NODE = 1, CZM_FUNCTION_NODE = 3 }; // fields of GraphDef and FunctionDef

// A NodeDef, its attributes in the order of their names.
void czm_put_node(czm_buffer *out, uint32_t field, const czm_node *node, czm_input_text *input);

// An OpDef.ArgDef.
void czm_put_argument(czm_buffer *out, uint32_t field, const char *name, czm_dtype dtype);

// A FunctionDef of a graph whose inputs are _Arg nodes.
void czm_put_function(czm_buffer *out, const czm_graph *graph);

// Whether a function of these nodes keeps state, as FunctionDef.signature says it.
bool czm_graph_is_stateful(const czm_graph *graph);

// A map entry {key=1, value=2} of strings.
void czm_put_text_pair(czm_buffer *out, uint32_t field, const char *key, const char *value);

// A TensorShapeProto.
void czm_put_shape(czm_buffer *out, uint32_t field, czm_shape shape);

#endif
