// SPDX-License-Identifier: Apache-2.0
//
// saved_model.pb as records by name, before they are connected. Records are views into the file's bytes; node
// attributes are decoded only where a node is used.
//
//     SavedModel    schema version=1, meta_graphs=2
//     MetaGraphDef  meta_info_def=1, graph_def=2, saver_def=3, signature_def=5, asset_file_def=6, object_graph_def=7
//     GraphDef      node=1, library=2 {function=1}
//     FunctionDef   signature=1 (OpDef), node_def=3, ret=4 (map)
//     NodeDef       name=1, op=2, input=3, attr=5 (map)
// Source: tensorflow/core/protobuf/{saved_model,meta_graph}.proto, core/framework/*.proto.
#ifndef CZM_READ_SAVEDMODEL_META_GRAPH_H
#define CZM_READ_SAVEDMODEL_META_GRAPH_H

#include "graph/graph.h"
#include "read/source.h"

typedef struct czm_node_record {
    czm_bytes name, op;
    czm_bytes message; // the NodeDef
} czm_node_record;

// The nodes of the main graph or of one function body.
typedef struct czm_node_records {
    CZM_LIST(czm_node_record) list;
    czm_name_table by_name;
    czm_bytes twice; // a name that two nodes have; empty: none
    CZM_LIST(const czm_node_record *)
    effects;          // nodes that flatten.c runs even if nothing reads them
    bool has_effects; // whether they have been collected
} czm_node_records;

typedef struct czm_function_record {
    const char *name;
    czm_bytes message; // the FunctionDef
    bool is_indexed, is_damaged;
    czm_op *signature; // arguments as of an op
    czm_node_records nodes;
    czm_name_table returns; // output argument -> czm_bytes, the tensor's name
} czm_function_record;

typedef struct czm_signature_tensor {
    const char *key;
    czm_bytes tensor; // its name in the graph, "node:index"; empty if it is not a dense tensor
    czm_dtype dtype;
    czm_bytes shape; // a TensorShapeProto
} czm_signature_tensor;

typedef CZM_LIST(czm_signature_tensor) czm_signature_tensors;

typedef struct czm_signature {
    const char *key;
    czm_signature_tensors inputs, outputs; // sorted by key
} czm_signature;

typedef struct czm_meta_graph {
    const char *where; // the name of the file in messages
    const char *exporter;
    czm_op_registry *ops;
    czm_node_records nodes;
    czm_name_table functions; // name -> czm_function_record
    CZM_LIST(czm_signature) signatures;
    const char *restore_op; // SaverDef.restore_op_name; NULL if there is no saver
    czm_bytes object_graph; // SavedObjectGraph, empty if TensorFlow 1 wrote the file
    czm_name_table assets;  // names of tensors that hold the path of an asset file
    size_t record_count;    // nodes in the main graph and in all function bodies
} czm_meta_graph;

// Reads saved_model.pb and chooses the graph with the tag "serve".
CZM_MUST_CHECK czm_status czm_meta_graph_read(czm_context *context, const czm_source *source,
                                              czm_meta_graph *graph);

// The function of this name with its nodes indexed, or NULL; *damaged is set if it cannot be read.
czm_function_record *czm_meta_graph_function(czm_context *context, czm_meta_graph *graph,
                                             czm_bytes name, bool *damaged);

#endif
