// SPDX-License-Identifier: Apache-2.0
//
// The intermediate form that every pass works on: nodes that point at the nodes they read.
//
// A model has one main graph, whose inputs are Placeholders, and a graph for each function that
// stays a function (the branches of If, the bodies of While), whose inputs are nodes of the pseudo
// op "_Arg". Calls of other functions do not occur: reading inlines them. Attributes stay
// serialised AttrValue messages and are decoded by the accessors below, which also know the
// defaults that exporters leave out.
#ifndef CZM_GRAPH_GRAPH_H
#define CZM_GRAPH_GRAPH_H

#include "base/list.h"
#include "codec/wire.h"
#include "op/op.h"
#include "report/report.h"

typedef struct czm_node czm_node;

// Output number `index` of a node.
typedef struct czm_tensor {
    czm_node *node;
    uint32_t index;
} czm_tensor;

typedef struct czm_attr {
    czm_bytes name;
    czm_bytes value; // a serialised AttrValue
} czm_attr;

typedef CZM_LIST(czm_attr) czm_attr_list;
typedef CZM_LIST(czm_tensor) czm_tensor_list;
typedef CZM_LIST(czm_node *) czm_node_list;

struct czm_node {
    const char *name; // a path such as "block1/conv/Conv2D"; unique once passes/name_nodes has run
    const char *op;
    const czm_op *def; // NULL: an unknown op
    czm_tensor_list inputs;
    czm_node_list controls; // only between the old Switch / Merge / Enter / Exit nodes
    czm_attr_list attrs;
    uint32_t order; // position in the last topological order, 1-based; 0: not in it
    void *scratch;  // of the pass or analysis that is running
};

// A named way in or out of a graph: for the main graph the key in the signature, for a function
// the name of the argument.
typedef struct czm_port {
    const char *name;
    czm_tensor tensor;
    czm_dtype dtype;
} czm_port;

typedef CZM_LIST(czm_port) czm_port_list;

typedef struct czm_graph {
    czm_arena *arena;
    czm_op_registry *ops;
    const char *name;    // of the function; NULL for the main graph
    czm_node_list nodes; // in topological order after czm_graph_sort
    czm_port_list inputs, outputs;
    czm_node_list effects; // they run even if nothing reads them; only while a model is read
    bool is_used;          // of a function: a node names it
    bool is_shared;        // more than one node names it
} czm_graph;

// The source of the bytes of a variable: read/ makes it, package/ streams it.
typedef struct czm_sink {
    czm_status (*take)(void *user, czm_bytes block); // called with the bytes in order
    void *user;
} czm_sink;

typedef struct czm_tensor_source czm_tensor_source;
struct czm_tensor_source {
    uint64_t size;
    // Passes all bytes to the sink, verifies the checkpoint's checksums, and returns the CRC-32C of the passed bytes.
    czm_status (*stream)(const czm_tensor_source *self, czm_context *context, czm_sink sink,
                         uint32_t *crc32c);
};

typedef struct czm_variable {
    czm_node *handle;
    const char *name;  // its author's name for it; pass "names" gives it to the handle
    bool is_trainable; // changed by training: weights, not moving statistics
    czm_dtype dtype;
    const int64_t *dims;
    size_t rank;
    const czm_tensor_source *source;
} czm_variable;

// The target: what will run a network.
typedef enum czm_pass_target {
    CZM_FOR_ALL,
    CZM_FOR_TF200, // TensorFlow 2.0.0
    CZM_FOR_ONNX,
} czm_pass_target;

typedef CZM_LIST(czm_graph *) czm_graph_list;
typedef CZM_LIST(czm_variable) czm_variable_list;

// The variables of a model by the order of their handles, until the graph is sorted again.
typedef struct czm_variable_index {
    czm_variable **by_order;
    size_t count;
} czm_variable_index;

// How the names of a graph's nodes contain the names of layers.
typedef struct czm_layer_names {
    const char *scope; // the model's own, which all nodes share: "model/", or ""
    bool has_echo;     // layers' names end with a number that tracing twice added (Keras 3)
} czm_layer_names;

// A converted file names the exporter of its network by this text and a name.
#define CZM_EXPORTER "exported by "

typedef struct czm_model {
    czm_arena *arena;
    czm_op_registry *ops;
    czm_graph main;
    czm_graph_list functions;         // those that If, While and similar nodes still name
    czm_name_table functions_by_name; // czm_graph; kept by czm_model_add_function()
    czm_variable_list variables;
    const char *exporter; // TensorFlow's version from the file; "" if it contains none
    const char *signature;
    czm_layer_names layer_names;  // of the main graph, as it was read
    czm_bytes output_shape;       // a TensorShapeProto, as the signature gives it
    int64_t ir_version;           // of a network in ONNX that is packed unchanged
    int64_t opset;                // likewise; else 0
    bool has_only_ends;           // one node of unknown kind replaces the network
    CZM_LIST(const char *) names; // if has_only_ends: of its operations and weights
    czm_dtype cast_to;            // the type to which float32 pixels are cast first; NONE: no cast
    bool is_keras;                // a Keras model, as read or written: every loader opens it
} czm_model;

// The newest IR version (ModelProto.ir_version) that the oldest runtime of an operator set reads: ONNX Runtime
// 1.4.0 reads that of onnx 1.7, and 1.14, the first to load operator set 18, that of onnx 1.13.
static inline int czm_ir_version_for(int opset) { return opset > 12 ? 8 : 7; }

// "TensorFlow 2.15.1", or the writer of the ONNX file; "": not known.
const char *czm_model_exporter(const czm_model *model);

czm_variable_index czm_variables_by_order(czm_arena *arena, const czm_model *model);

// The variable of a handle; NULL: the node is none.
czm_variable *czm_variable_of(const czm_variable_index *index, const czm_node *handle);

// Removes the output's shape of the signature, because the output has changed.
void czm_model_forget_output_shape(czm_model *model);

czm_node *czm_graph_add(czm_graph *graph, const char *name, czm_op_kind op);
// A node of an op that a file names, possibly an unknown one.
czm_node *czm_graph_add_named(czm_graph *graph, const char *name, const char *op);
// Turns a node into another op, with the inputs and attributes that it has.
void czm_node_become(czm_graph *graph, czm_node *node, czm_op_kind op);
void czm_node_add_input(czm_graph *graph, czm_node *node, czm_tensor input);

// Output 0 of a node.
static inline czm_tensor czm_output(czm_node *node) { return (czm_tensor){node, 0}; }

static inline bool czm_tensor_equal(czm_tensor a, czm_tensor b) {
    return a.node == b.node && a.index == b.index;
}

// The source of a chain of Identity nodes. Shortens the chain, so that repeated calls are cheap; a circular chain
// ends at one of its nodes.
czm_tensor czm_identity_source(czm_tensor tensor);

// The row of op/ops.def; CZM_OP_OTHER: none.
static inline czm_op_kind czm_node_kind(const czm_node *node) {
    return node->def ? node->def->kind : CZM_OP_OTHER;
}

static inline const czm_op_traits *czm_node_traits(const czm_node *node) {
    return &czm_op_traits_of[czm_node_kind(node)];
}

static inline bool czm_node_is(const czm_node *node, czm_op_kind op) {
    return czm_node_kind(node) == op;
}

// The input whose elements an output has, of a node that hands its memory on (CZM_OP_HANDS_ON) or casts it.
czm_tensor czm_handed_on(czm_tensor output);

// Keeps the inputs of the graph and the nodes that outputs and effects need, in depth-first order of the outputs'
// inputs: the same graph gives the same order. Loops of old-style control flow are cut at NextIteration. Sets
// `order`. Returns NULL, or a node whose input depends on its own output: then the graph is damaged, and its order is
// not valid.
const czm_node *czm_graph_sort(czm_graph *graph);

// A model of the same nodes, whose graphs are sorted: node number i of a graph becomes number i of its copy. What
// changes later in one of the two models leaves the other as it is.
czm_model czm_model_copy(czm_arena *arena, const czm_model *model);

// The node of a graph's copy that a node became; NULL: the node is not in the graph.
czm_node *czm_graph_copied(const czm_graph *copy, const czm_node *node);

// The graph of the function with this name, if it stays a function, else NULL.
czm_graph *czm_model_function(const czm_model *model, czm_bytes name);

// Adds a function, whose name no other one has; keeps those of which `is_kept` is true.
void czm_model_add_function(czm_model *model, czm_graph *function);
void czm_model_keep_functions(czm_model *model, bool (*is_kept)(const czm_graph *function));

// ---- attributes

// The serialised AttrValue: the node's own, else the op's default, else an empty view.
czm_bytes czm_node_attr(const czm_node *node, const char *name);
czm_bytes czm_node_attr_named(const czm_node *node, czm_bytes name);
bool czm_node_has_attr(const czm_node *node, const char *name); // of the node itself

// Values; 0, false or empty if the attribute is absent or of another kind.
int64_t czm_attr_int(const czm_node *node, const char *name);
double czm_attr_float(const czm_node *node, const char *name);
bool czm_attr_bool(const czm_node *node, const char *name);
czm_dtype czm_attr_type(const czm_node *node, const char *name);
czm_bytes czm_attr_string(const czm_node *node, const char *name);
czm_bytes czm_attr_tensor(const czm_node *node, const char *name);   // a TensorProto
czm_bytes czm_attr_shape(const czm_node *node, const char *name);    // a TensorShapeProto
czm_bytes czm_attr_function(const czm_node *node, const char *name); // its name
bool czm_attr_is(const czm_node *node, const char *name, const char *string);

// The element type in an attr, by the attr's name in the op's definition.
czm_dtype czm_attr_type_named(const czm_node *node, czm_bytes name);

// Lists: return the number of elements, and store at most `most` of them.
size_t czm_attr_ints(const czm_node *node, const char *name, int64_t *out, size_t most);
size_t czm_attr_floats(const czm_node *node, const char *name, float *out, size_t most);
size_t czm_attr_types(czm_bytes value, int64_t *out, size_t most); // of a type, a list or a tensor
size_t czm_attr_list_size(const czm_node *node, const char *name);

// A value whose list of types, if it has one, is in the form that czm_set_types writes: base types, of one byte each,
// in one packed field. Nodes of a graph have only this form, so a list's size and elements are found in one step.
czm_bytes czm_attr_with_usual_types(czm_arena *arena, czm_bytes value);

void czm_set_attr(czm_graph *graph, czm_node *node, const char *name, czm_bytes value);
void czm_set_int(czm_graph *graph, czm_node *node, const char *name, int64_t value);
void czm_set_float(czm_graph *graph, czm_node *node, const char *name, float value);
void czm_set_bool(czm_graph *graph, czm_node *node, const char *name, bool value);
void czm_set_type(czm_graph *graph, czm_node *node, const char *name, czm_dtype value);
void czm_set_string(czm_graph *graph, czm_node *node, const char *name, const char *value);
void czm_set_ints(czm_graph *graph, czm_node *node, const char *name, const int64_t *values,
                  size_t count);
void czm_set_types(czm_graph *graph, czm_node *node, const char *name, const czm_dtype *values,
                   size_t count);
void czm_remove_attr(czm_node *node, const char *name);

// The functions that an AttrValue names: calls `visit` with the name of each.
void czm_attr_each_function(czm_bytes value, void (*visit)(void *user, czm_bytes name), void *user);

// ---- tensors of a node

// The number of tensors of an argument on this node; false if the attrs do not determine it.
bool czm_arg_size(const czm_node *node, const czm_op_arg *arg, size_t *size);

// The element type of the argument's tensor `index`.
czm_dtype czm_arg_dtype(const czm_node *node, const czm_op_arg *arg, size_t index);

// Number of outputs, or of data inputs, by the op's definition; false if it is not known.
bool czm_node_output_count(const czm_node *node, size_t *count);
bool czm_node_input_count(const czm_node *node, size_t *count);

// What contradicts the definition of the node's operation in its inputs: their number, or a type. NULL: nothing.
const char *czm_node_inputs_fault(czm_arena *arena, const czm_node *node);

// The element type of an output, CZM_DTYPE_NONE if unknown.
czm_dtype czm_tensor_dtype(czm_tensor tensor);

// ---- building

czm_tensor czm_add_const_ints(czm_graph *graph, const char *name, const int32_t *values,
                              size_t count, bool is_scalar);
// A Const of little-endian elements in row-major order; rank 0: a scalar.
czm_tensor czm_add_const(czm_graph *graph, const char *name, czm_dtype dtype, czm_bytes content,
                         const int64_t *dims, size_t rank);

#endif
