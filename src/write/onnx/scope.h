// SPDX-License-Identifier: Apache-2.0
//
// The state of a translation, which translate.c and step.c share.
#ifndef CZM_ONNX_SCOPE_H
#define CZM_ONNX_SCOPE_H

#include "base/name_table.h"
#include "write/onnx/step.h"

struct czm_onnx_scope {
    czm_onnx_graph *graph;    // the graph to which nodes are added
    const czm_shapes *shapes; // of the nodes that are translated
    unsigned nesting;         // of functions
    bool is_inner;            // the ONNX graph is inside another one
};

struct czm_onnx_translator {
    czm_context *context;
    const czm_model *model;
    czm_variable_index variables;
    int opset;
    czm_onnx_model *result;
    czm_name_table names;     // of ONNX nodes and tensors: each is unique
    czm_name_table makers;    // name of a tensor -> the czm_onnx_node that makes it
    czm_name_table constants; // bytes, type and shape -> czm_onnx_weight
    czm_name_table empties;   // names of tensors that may have no elements
    size_t steps;             // the number of translated nodes; those of functions count each time
    czm_status status;
};

// `wanted`, or `wanted` with a number.
const char *czm_onnx_unique_name(czm_onnx_translator *translator, const char *wanted);

// The node that makes a tensor; NULL: it is an input or an initializer.
czm_onnx_node *czm_onnx_maker_of(const czm_onnx_translator *translator, const char *name);
void czm_onnx_set_maker(czm_onnx_translator *translator, const char *name, czm_onnx_node *node);

#endif
