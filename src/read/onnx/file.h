// SPDX-License-Identifier: Apache-2.0
//
// A reader of ONNX files of any writer and operator set: input and output, operations, and the places of the weights.
// Weights stay in the file, except those inside a node (Constant), which are read with the node. Facts:
// onnx/onnx.proto.
//
//     ModelProto {ir_version=1, producer_name=2, producer_version=3, graph=7, opset_import=8,
//                 metadata_props=14 {key=1, value=2}}
//     GraphProto {node=1, initializer=5, input=11, output=12}
//     NodeProto {input=1, output=2, name=3, op_type=4, attribute=5, domain=7}
//     TensorProto {dims=1, data_type=2, float_data=4, int32_data=5, int64_data=7, name=8,
//                  raw_data=9, double_data=10, uint64_data=11, external_data=13, data_location=14}
#ifndef CZM_READ_ONNX_FILE_H
#define CZM_READ_ONNX_FILE_H

#include "base/name_table.h"
#include "graph/graph.h"
#include "read/source.h"
#include "shape/shape.h"

typedef struct czm_onnx_operation {
    const char *op;    // "Conv"; of another domain "ai.onnx.ml::Scaler"
    const char *name;  // of the node; ""
    czm_bytes message; // the NodeProto
    czm_extent extent; // where it lies
} czm_onnx_operation;

// FunctionProto {name=1, input=4, output=5, attribute=6, node=7, opset_import=9, domain=10,
//                attribute_proto=11, overload=13}
typedef struct czm_onnx_function {
    const char *name; // "domain::name"
    int64_t opset;    // of the default domain; 0: not stated
    czm_bytes message;
    czm_extent extent;
} czm_onnx_function;

typedef struct czm_onnx_initializer {
    const char *name;
    czm_dtype dtype;
    czm_shape shape;
    czm_extent data; // of raw_data, of the list of values, or of external data
    uint32_t field;  // the field of TensorProto that contains them; external data count as raw_data
    bool is_unpacked; // each value is a separate field: `data` spans them all, with their tags
} czm_onnx_initializer;

// Whether the bytes in the file are the elements.
bool czm_onnx_is_ready(const czm_onnx_initializer *weight);

// The origin of a tensor.
typedef enum czm_onnx_origin_kind {
    CZM_ONNX_INPUT,
    CZM_ONNX_WEIGHT,
    CZM_ONNX_OPERATION
} czm_onnx_origin_kind;

typedef struct czm_onnx_origin {
    czm_onnx_origin_kind kind;
    size_t index;  // in the list of its kind
    size_t output; // of the operation
} czm_onnx_origin;

typedef struct czm_onnx_end {
    czm_extent field; // of an input or output of the file, with its tag
    const char *name;
    czm_dtype dtype;
    czm_shape shape;
} czm_onnx_end;

typedef struct czm_onnx_window czm_onnx_window;

typedef struct czm_onnx_file {
    const char *where; // its name in messages
    czm_extent extent;
    const czm_source *source; // has the files of external data; NULL: they are an error
    const char *producer;     // name and version; ""
    const char *exporter;     // of the network that was translated, as this program writes it; ""
    int64_t ir_version, opset;
    czm_extent graph_field, graph;           // with its tag; its content
    CZM_LIST(czm_onnx_operation) operations; // of the main graph
    CZM_LIST(czm_onnx_initializer) initializers;
    CZM_LIST(czm_onnx_function *) functions;
    czm_name_table functions_by_name; // of czm_onnx_function_of()
    CZM_LIST(czm_onnx_end) inputs;    // that are no initializers
    CZM_LIST(czm_onnx_end) outputs;
    czm_name_table origins;   // by the names of tensors: czm_onnx_origin
    czm_onnx_window *windows; // of the reader: what of the file is in memory
} czm_onnx_file;

// NULL: the file has no such function. `name` is qualified by its domain.
const czm_onnx_function *czm_onnx_function_of(czm_arena *arena, const czm_onnx_file *file,
                                              const char *name, czm_bytes overload);

// NULL: no tensor of the main graph has this name.
const czm_onnx_origin *czm_onnx_origin_of(const czm_onnx_file *file, czm_bytes name);

// The names in quotes, for messages.
const char *czm_onnx_list_names(czm_arena *arena, const czm_onnx_end *ends, size_t count);

// Reads the file, and checks that each tensor has bytes for its shape and that something computes each input.
// `source` has the files of external data; NULL: weights in other files are an error.
CZM_MUST_CHECK czm_status czm_onnx_file_read(czm_context *context, const char *where,
                                             const czm_source *source, czm_extent extent,
                                             czm_onnx_file *file);

// Sets what computes each tensor. Operations that stand before one that they read are sorted.
CZM_MUST_CHECK czm_status czm_onnx_connect(czm_context *context, czm_onnx_file *file);

// An operation of a NodeProto that is in memory.
czm_onnx_operation czm_onnx_operation_of(czm_arena *arena, czm_bytes message, czm_extent extent);

// Checks that the file can be packed unchanged: no weights of an operation's graphs, of a Constant or of a function
// lie in another file. Weights of the main graph may: they are moved into the file.
CZM_MUST_CHECK czm_status czm_onnx_check_inner(czm_context *context, const czm_onnx_file *file);

// Reads a TensorProto that lies in the file.
CZM_MUST_CHECK czm_status czm_onnx_tensor_read(czm_context *context, czm_onnx_file *file,
                                               czm_extent message, czm_onnx_initializer *tensor);

// A model with the same input and output and one operation of unknown kind between them: enough for the checks of
// input and output. The file must have one of each.
CZM_MUST_CHECK czm_status czm_onnx_file_model(czm_context *context, const czm_onnx_file *file,
                                              czm_model *model);

#endif
