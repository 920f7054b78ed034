// SPDX-License-Identifier: Apache-2.0
//
// An ONNX model in memory: the result of the translation, and the input of the writer.
//
// Weights are not in memory: each has the place of its bytes in the checkpoint, and the changes for ONNX (order of
// dimensions, factors of channels). Facts: onnx/onnx.proto and docs/Operators.md of the ONNX project.
#ifndef CZM_ONNX_ONNX_H
#define CZM_ONNX_ONNX_H

#include "graph/graph.h"
#include "shape/shape.h"

enum {
    CZM_ONNX_OLD = 12,     // opset of model version 3.1.0 and of .czann up to 2.0.0
    CZM_ONNX_NEW = 18,     // opset of .czann 2.1.0
    CZM_ONNX_MOST_DIMS = 8 // of a weight
};

typedef struct czm_onnx_graph czm_onnx_graph;

typedef enum czm_onnx_attr_kind { // AttributeProto.AttributeType
    CZM_ONNX_FLOAT = 1,
    CZM_ONNX_INT = 2,
    CZM_ONNX_STRING = 3,
    CZM_ONNX_GRAPH = 5,
    CZM_ONNX_INTS = 7,
} czm_onnx_attr_kind;

typedef struct czm_onnx_attr {
    const char *name;
    czm_onnx_attr_kind kind;
    float number;
    const char *text;
    const int64_t *ints; // one, for CZM_ONNX_INT
    size_t count;
    czm_onnx_graph *graph;
} czm_onnx_attr;

typedef CZM_LIST(czm_onnx_attr) czm_onnx_attr_list;

typedef struct czm_onnx_node {
    const char *op, *name;
    const char **inputs; // "" for an omitted one
    size_t input_count;
    const char **outputs;
    size_t output_count;
    czm_onnx_attr_list attrs;
    const czm_node *source; // the node of TensorFlow that it belongs to
} czm_onnx_node;

// An initializer. Its bytes are those of `content` or, if there is a `source`, of the checkpoint; then dimension i of
// the result is stored dimension order[i].
typedef struct czm_onnx_weight {
    const char *name;
    czm_dtype dtype; // as stored
    const czm_tensor_source *source;
    czm_bytes content;
    int stored_rank, rank;
    int64_t stored_dims[CZM_ONNX_MOST_DIMS];
    int order[CZM_ONNX_MOST_DIMS];    // of stored_rank dimensions
    int64_t dims[CZM_ONNX_MOST_DIMS]; // in ONNX: with the same number of elements
    const float *scale; // NULL, or a factor for each element of dimension scaled_dim of the result
    int scaled_dim;
    bool is_read;
} czm_onnx_weight;

typedef struct czm_onnx_port {
    const char *name;
    czm_dtype dtype;
    czm_shape shape; // unknown dims are free
} czm_onnx_port;

struct czm_onnx_graph {
    const char *name;
    CZM_LIST(czm_onnx_node *) nodes; // in topological order
    CZM_LIST(czm_onnx_weight *) weights;
    CZM_LIST(czm_onnx_port) inputs;
    CZM_LIST(czm_onnx_port) outputs;
};

typedef struct czm_onnx_model {
    int opset;
    const char *exporter; // of the original network, "TensorFlow 2.15.1"; "": not known
    czm_onnx_graph graph;
} czm_onnx_model;

// The element type in ONNX (TensorProto.DataType) for one of TensorFlow; 0: there is none. All floating-point types
// become float32, which every engine supports; only float64 loses precision.
int czm_onnx_dtype(czm_dtype dtype);

// Bytes an element in the file.
size_t czm_onnx_element_size(czm_dtype dtype);

int64_t czm_onnx_weight_count(const czm_onnx_weight *weight);

#endif
