// SPDX-License-Identifier: Apache-2.0
//
// Making nodes for one call of one layer. The functions in layers_*.c, activation.c and operation.c get a call
// (czm_keras_call) with its inputs, its configuration and its weights. They add nodes and return the output.
//
// Nodes have the names that Keras 2 gives, "model/layer/Op", so that messages contain the author's names of layers.
// Shapes are inferred while the graph grows, since many layers depend on rank and sizes.
//
// Faults are reported with czm_keras_fail(). The function then continues with any tensor: the first fault ends the
// conversion after the layer.
#ifndef CZM_KERAS_BUILD_H
#define CZM_KERAS_BUILD_H

#include "read/keras/layer.h"
#include "shape/shape.h"

// What all calls of one file share.
typedef struct czm_keras_builder {
    czm_context *context;
    const czm_keras_file *file;
    czm_model *model;
    czm_shapes *shapes;
    czm_name_table scopes; // that are in use
    size_t calls;
    czm_status status; // of the first fault
} czm_keras_builder;

typedef struct czm_keras_operation czm_keras_operation;

struct czm_keras_call {
    czm_keras_builder *b;
    czm_arena *arena;
    czm_graph *graph;
    czm_keras_layer *layer;
    const json_t *config; // the layer's
    const char *scope;    // "model/conv2d"
    czm_dtype dtype;      // the type that the layer computes in
    czm_dtype stored;     // the type of its stored weights
    const czm_tensor *in;
    size_t in_count;
    const czm_keras_arguments *arguments; // of a call in a functional model; NULL
    const czm_tensor *tensors;            // of the arguments that are tensors
    const czm_keras_operation *operation; // in operation.c
};

// Applies a layer to existing tensors: calls its class's function, or runs its model.
czm_tensor czm_keras_run(czm_keras_builder *b, czm_keras_layer *layer, const char *outer,
                         const czm_tensor *in, size_t count);

// ---- faults

CZM_PRINTF(3, 4)
void czm_keras_fail(czm_keras_call *call, const char *hint, const char *format, ...);

// The file contradicts itself.
CZM_PRINTF(2, 3) void czm_keras_fail_damaged(czm_keras_call *call, const char *format, ...);

// ---- nodes

czm_node *czm_keras_node(czm_keras_call *call, const char *suffix, czm_op_kind op,
                         const czm_tensor *inputs, size_t count);

#define CZM_KERAS_INPUTS(...)          \
    (const czm_tensor[]){__VA_ARGS__}, \
        sizeof((const czm_tensor[]){__VA_ARGS__}) / sizeof(czm_tensor)

// A node of an op that is also its name.
#define CZM_KERAS_NODE(call, op, ...) \
    czm_keras_node(call, czm_op_name(op), op, CZM_KERAS_INPUTS(__VA_ARGS__))
#define CZM_KERAS_OP(call, op, ...) czm_output(CZM_KERAS_NODE(call, op, __VA_ARGS__))

// Keras's name for the node of an operator, "mul" for Mul; for other ops their own name.
const char *czm_keras_operator_name(czm_op_kind op);

// Names of nodes that are those of their op.
#define CZM_KERAS_CONST czm_op_name(CZM_OP_Const)
#define CZM_KERAS_READ czm_op_name(CZM_OP_ReadVariableOp)

// The same under another name.
#define CZM_KERAS_AS(call, name, op, ...) \
    czm_output(czm_keras_node(call, name, op, CZM_KERAS_INPUTS(__VA_ARGS__)))

czm_tensor czm_keras_cast(czm_keras_call *call, const char *suffix, czm_tensor x, czm_dtype dtype);

// Reductions over `axes`.
czm_tensor czm_keras_reduce(czm_keras_call *call, const char *suffix, czm_op_kind op, czm_tensor x,
                            const int64_t *axes, size_t count, bool keeps);

czm_tensor czm_keras_transpose(czm_keras_call *call, czm_tensor x, const int64_t *order,
                               size_t rank);

// ---- constants

czm_tensor czm_keras_int(czm_keras_call *call, const char *suffix, int64_t value);
czm_tensor czm_keras_ints(czm_keras_call *call, const char *suffix, const int64_t *values,
                          size_t count);
czm_tensor czm_keras_matrix(czm_keras_call *call, const char *suffix, const int64_t *values,
                            size_t rows); // of two columns
czm_tensor czm_keras_number(czm_keras_call *call, const char *suffix, czm_dtype dtype,
                            double value);
czm_tensor czm_keras_numbers(czm_keras_call *call, const char *suffix, czm_dtype dtype,
                             const double *values, const int64_t *dims, size_t rank);

// A number or nested lists of numbers of the configuration; false: it is neither.
bool czm_keras_constant(czm_keras_call *call, const char *suffix, czm_dtype dtype,
                        const json_t *value, czm_tensor *out);

// ---- weights

bool czm_keras_has_weight(const czm_keras_call *call, const char *name);

// A weight of the layer, read as node `suffix`. It is a fault if it does not have `rank` dimensions.
czm_tensor czm_keras_weight_as(czm_keras_call *call, const char *name, const char *suffix,
                               size_t rank);

// Its dimensions; all 1 after a fault.
const int64_t *czm_keras_weight_dims(czm_keras_call *call, const char *name, size_t rank);

// ---- shapes

czm_shape czm_keras_shape(czm_keras_call *call, czm_tensor x);

// The number of dimensions; 0, with a fault, if it is not known.
size_t czm_keras_rank(czm_keras_call *call, czm_tensor x);

// A size that may only be known when the network runs.
typedef struct czm_keras_size {
    int64_t known;
    czm_tensor tensor; // a scalar; node NULL: the size is known
} czm_keras_size;

static inline czm_keras_size czm_keras_known(int64_t size) { return (czm_keras_size){size, {0}}; }

// The sizes of all dimensions, `rank` of them.
czm_keras_size *czm_keras_sizes(czm_keras_call *call, czm_tensor x, size_t *rank);

// size OP number, where the op is Mul, AddV2, Sub or FloorDiv.
czm_keras_size czm_keras_size_with(czm_keras_call *call, czm_op_kind op, czm_keras_size size,
                                   int64_t number);

// A vector of sizes.
czm_tensor czm_keras_pack(czm_keras_call *call, const char *suffix, const czm_keras_size *sizes,
                          size_t count);

czm_tensor czm_keras_reshape(czm_keras_call *call, czm_tensor x, const czm_keras_size *sizes,
                             size_t count);

// ---- configuration

bool czm_keras_is_channels_first(czm_keras_call *call);

// "SAME" or "VALID".
const char *czm_keras_padding(czm_keras_call *call);

// `absent` where the key is missing; a fault where it is something else.
void czm_keras_get_sizes(czm_keras_call *call, const char *key, size_t rank, int64_t absent,
                         int64_t *out);

// The axes that a key names, counted from 0 and sorted; a fault if one does not exist.
size_t czm_keras_axes(czm_keras_call *call, const json_t *value, size_t rank, int64_t *axes);

// ---- activations

// `value` is a name, an object that contains one, or a layer; NULL: no activation.
czm_tensor czm_keras_activate(czm_keras_call *c, const json_t *value, czm_tensor x);
czm_tensor czm_keras_activate_by_name(czm_keras_call *c, const char *name, czm_tensor x);

// ---- operations between layers

// An operation of Keras 3; those of Keras 2 are layers of a class of their own.
czm_tensor czm_keras_operate(czm_keras_call *call);

#endif
