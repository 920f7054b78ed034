// SPDX-License-Identifier: Apache-2.0
//
// The state of a translation, which translate.c and step.c share.
#ifndef CZM_ONNX_SCOPE_H
#define CZM_ONNX_SCOPE_H

#include "base/name_table.h"
#include "onnx/step.h"

struct czm_onnx_scope {
    czm_onnx_graph *graph; // where nodes go
    bool is_main;          // whether shape inference knows the nodes that are translated
    bool is_inner;         // the ONNX graph lies in another: what is made here stays here
};

struct czm_onnx_translator {
    czm_context *context;
    const czm_model *model;
    const czm_shapes *shapes;
    int opset;
    czm_onnx_model *result;
    czm_name_table ops;       // name of a TensorFlow op -> its row in ops.def
    czm_name_table names;     // of ONNX nodes and tensors: each is unique
    czm_name_table constants; // bytes, type and shape -> czm_onnx_weight
    czm_status status;
};

// `wanted`, or `wanted` with a number.
const char *czm_unique_name(czm_onnx_translator *translator, const char *wanted);

#endif
