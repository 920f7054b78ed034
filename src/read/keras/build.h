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
    const czm_keras_tensor *in;
    size_t in_count;
    const czm_keras_arguments *arguments; // in a Sequential, the inputs
    const czm_keras_tensor *tensors;      // of the arguments that are tensors
    const czm_keras_operation *operation; // in operation.c
};

// Applies a layer to existing tensors: calls its class's function, or runs its model.
czm_keras_tensor czm_keras_run(czm_keras_builder *b, czm_keras_layer *layer, const char *outer,
                               const czm_keras_tensor *in, size_t count);

// ---- faults

CZM_PRINTF(3, 4)
void czm_keras_fail(czm_keras_call *call, const char *hint, const char *format, ...);

// The file contradicts itself.
CZM_PRINTF(2, 3) void czm_keras_fail_damaged(czm_keras_call *call, const char *format, ...);

// ---- nodes

// `suffix` is the name of the node in its layer; NULL: what Keras calls it, "mul" for Mul and "Relu" for Relu.
czm_node *czm_keras_node(czm_keras_call *call, const char *suffix, czm_op_kind op,
                         const czm_keras_tensor *inputs, size_t count);

#define CZM_KERAS_INPUTS(...)                \
    (const czm_keras_tensor[]){__VA_ARGS__}, \
        sizeof((const czm_keras_tensor[]){__VA_ARGS__}) / sizeof(czm_keras_tensor)

#define CZM_KERAS_NODE(call, op, ...) czm_keras_node(call, NULL, op, CZM_KERAS_INPUTS(__VA_ARGS__))

// The tensor, by an address that lives as long as the arena.
czm_keras_tensor czm_keras_keep(czm_arena *arena, czm_tensor tensor);

// An output of a node.
czm_keras_tensor czm_keras_output(czm_keras_call *call, czm_node *node, uint32_t index);

// The output of a node with up to three inputs; NULL: it has no more.
czm_keras_tensor czm_keras_op(czm_keras_call *call, const char *suffix, czm_op_kind op,
                              czm_keras_tensor x, czm_keras_tensor y, czm_keras_tensor z);

#define CZM_KERAS_OP(call, op, ...) CZM_KERAS_AS(call, NULL, op, __VA_ARGS__)
#define CZM_KERAS_AS(call, suffix, op, ...) \
    CZM_KERAS_UP_TO_THREE(call, suffix, op, __VA_ARGS__, NULL, NULL, NULL, NULL)
#define CZM_KERAS_UP_TO_THREE(call, suffix, op, x, y, z, end, ...) \
    czm_keras_op(call, suffix, op, x, y, _Generic((end), void * : (z)))

// Names of nodes that are those of their op.
#define CZM_KERAS_CONST czm_op_name(CZM_OP_Const)
#define CZM_KERAS_READ czm_op_name(CZM_OP_ReadVariableOp)

// x OP number, of the type of x.
czm_keras_tensor czm_keras_with(czm_keras_call *call, czm_op_kind op, czm_keras_tensor x,
                                double number);

// x, but not below `low` and not above `high`.
czm_keras_tensor czm_keras_clip(czm_keras_call *call, czm_keras_tensor x, double low, double high);

// A slice of the first `count` dimensions with steps (NULL: all 1). Bit i of a mask: dimension i begins at its
// first element, ends at its last.
czm_node *czm_keras_slices(czm_keras_call *call, czm_keras_tensor x, const int64_t *begin,
                           const int64_t *end, const int64_t *steps, size_t count,
                           int64_t begin_mask, int64_t end_mask);

czm_dtype czm_keras_dtype(czm_keras_tensor x);

czm_keras_tensor czm_keras_cast(czm_keras_call *call, const char *suffix, czm_keras_tensor x,
                                czm_dtype dtype);

// Reductions over `axes`.
czm_keras_tensor czm_keras_reduce(czm_keras_call *call, const char *suffix, czm_op_kind op,
                                  czm_keras_tensor x, const int64_t *axes, size_t count,
                                  bool keeps);

czm_keras_tensor czm_keras_transpose(czm_keras_call *call, czm_keras_tensor x, const int64_t *order,
                                     size_t rank);

// A transposition that moves the axis `from` of `rank` axes to `to`; the others keep their order.
czm_keras_tensor czm_keras_move_axis(czm_keras_call *call, czm_keras_tensor x, size_t from,
                                     size_t to, size_t rank);

// ---- constants

czm_keras_tensor czm_keras_int(czm_keras_call *call, const char *suffix, int64_t value);
czm_keras_tensor czm_keras_ints(czm_keras_call *call, const char *suffix, const int64_t *values,
                                size_t count);
czm_keras_tensor czm_keras_matrix(czm_keras_call *call, const char *suffix, const int64_t *values,
                                  size_t rows); // of two columns
czm_keras_tensor czm_keras_number(czm_keras_call *call, const char *suffix, czm_dtype dtype,
                                  double value);
czm_keras_tensor czm_keras_numbers(czm_keras_call *call, const char *suffix, czm_dtype dtype,
                                   const double *values, const int64_t *dims, size_t rank);

// A number or nested lists of numbers of the configuration; false: it is neither.
bool czm_keras_constant(czm_keras_call *call, const char *suffix, czm_dtype dtype,
                        const json_t *value, czm_keras_tensor *out);

// ---- weights

bool czm_keras_has_weight(const czm_keras_call *call, const char *name);

// A weight of the layer, read as node `suffix`. It is a fault if it does not have `rank` dimensions.
czm_keras_tensor czm_keras_weight_as(czm_keras_call *call, const char *name, const char *suffix,
                                     size_t rank);

// Its dimensions; all 1 after a fault.
const int64_t *czm_keras_weight_dims(czm_keras_call *call, const char *name, size_t rank);

// ---- shapes

czm_shape czm_keras_shape(czm_keras_call *call, czm_keras_tensor x);

// The number of dimensions; 0, with a fault, if it is not known.
size_t czm_keras_rank(czm_keras_call *call, czm_keras_tensor x);

// A size that may only be known when the network runs.
typedef struct czm_keras_size {
    int64_t known;
    czm_keras_tensor tensor; // a scalar; NULL: the size is known
} czm_keras_size;

static inline czm_keras_size czm_keras_known(int64_t size) { return (czm_keras_size){size, NULL}; }

// The sizes of all dimensions, `rank` of them.
czm_keras_size *czm_keras_sizes(czm_keras_call *call, czm_keras_tensor x, size_t *rank);

// size OP number, where the op is Mul, AddV2, Sub or FloorDiv.
czm_keras_size czm_keras_size_with(czm_keras_call *call, czm_op_kind op, czm_keras_size size,
                                   int64_t number);

// A vector of sizes.
czm_keras_tensor czm_keras_pack(czm_keras_call *call, const char *suffix,
                                const czm_keras_size *sizes, size_t count);

czm_keras_tensor czm_keras_reshape(czm_keras_call *call, czm_keras_tensor x,
                                   const czm_keras_size *sizes, size_t count);
czm_keras_tensor czm_keras_reshape_to(czm_keras_call *call, czm_keras_tensor x, const int64_t *dims,
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
czm_keras_tensor czm_keras_activate(czm_keras_call *c, const json_t *value, czm_keras_tensor x);

// `parameter` is its alpha, slope or threshold; NULL: the default of Keras.
czm_keras_tensor czm_keras_activate_by_name(czm_keras_call *c, const char *name, czm_keras_tensor x,
                                            const double *parameter);

// ---- operations between layers

// An operation of Keras 3; those of Keras 2 are layers of special classes.
czm_keras_tensor czm_keras_operate(czm_keras_call *call);

#endif
