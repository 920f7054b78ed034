// SPDX-License-Identifier: Apache-2.0
//
// Facts about each TensorFlow operation.
//
// Its definition: arguments, attributes with their defaults, whether TensorFlow 2.0.0 has it, and for which element
// types 2.0.0 has a CPU kernel. These facts come from op_table.inc, which tools/make_op_table.py generates from the
// registries of TensorFlow 2.0.0 and the newest release; ops that are in neither come from the SavedModel's own op
// list.
//
// Its kind and its traits: a row of ops.def, written by hand, for each supported op. A node reaches its row in one
// step, through its definition.
#ifndef CZM_OP_OP_H
#define CZM_OP_OP_H

#include "base/name_table.h"
#include "op/dtype.h"

// CZM_OP_Conv2D and so on; CZM_OP_OTHER: an op without a row in ops.def.
typedef enum czm_op_kind {
    CZM_OP_OTHER,
#define OP(name, ...) CZM_OP_##name,
#include "op/ops.def"
    CZM_OP_KIND_COUNT
} czm_op_kind;

// What happens to memory at a node (tensorflow/core/framework/op_kernel.cc: forward_input).
typedef enum czm_op_memory {
    CZM_OP_ALLOCATES,  // new buffers for all outputs
    CZM_OP_HANDS_ON,   // output 0 is input 0
    CZM_OP_OVERWRITES, // output 0 overwrites an input of its size that no later node reads
    CZM_OP_IS_WEIGHT,  // constants and variables: in memory all the time
} czm_op_memory;

// The kind of values of an op in a trained network, if known.
typedef enum czm_op_values {
    CZM_OP_ANY_VALUES,
    CZM_OP_SUMS,        // of a linear layer: logits
    CZM_OP_ACTIVATIONS, // of an activation that gives no probabilities
    CZM_OP_LOGARITHMS,  // of probabilities
    CZM_OP_LIKELIHOODS, // between 0 and 1, each independently
    CZM_OP_SHARES,      // between 0 and 1, with a sum of 1 along an axis
} czm_op_values;

// The role of an op in a layer, the most important ones first. ROOT_NORM: Rsqrt, because batch and layer
// normalisation consist of small ops.
typedef enum czm_op_role {
    CZM_ROLE_NONE, // less important than all others
    CZM_ROLE_WHILE,
    CZM_ROLE_IF,
    CZM_ROLE_CASE,
    CZM_ROLE_DEPTHWISE,
    CZM_ROLE_CONVOLUTION,
    CZM_ROLE_TRANSPOSED_CONVOLUTION,
    CZM_ROLE_PRODUCT,
    CZM_ROLE_EINSUM,
    CZM_ROLE_POOL,
    CZM_ROLE_RESIZE,
    CZM_ROLE_NORM,
    CZM_ROLE_ROOT_NORM,
    CZM_ROLE_RESPONSE_NORM,
    CZM_ROLE_CONCAT,
    CZM_ROLE_STACK,
    CZM_ROLE_SPLIT,
    CZM_ROLE_SIGMOID,
    CZM_ROLE_TANH,
    CZM_ROLE_SOFTMAX,
    CZM_ROLE_SOFT,
    CZM_ROLE_RELU,
    CZM_ROLE_ELU,
    CZM_ROLE_ERF,
    CZM_ROLE_MEAN,
    CZM_ROLE_MAX,
    CZM_ROLE_MAXIMUM,
    CZM_ROLE_MIN,
    CZM_ROLE_MINIMUM,
    CZM_ROLE_SUM,
    CZM_ROLE_FROM_DEPTH,
    CZM_ROLE_TO_DEPTH,
    CZM_ROLE_WITH_BATCH,
    CZM_ROLE_REVERSE,
    CZM_ROLE_MULTIPLY,
    CZM_ROLE_DIVIDE,
    CZM_ROLE_ADD,
    CZM_ROLE_SUBTRACT,
    CZM_ROLE_POWER,
    CZM_ROLE_SQUARE_ROOT,
    CZM_ROLE_PAD,
    CZM_ROLE_SLICE,
    CZM_ROLE_GATHER,
    CZM_ROLE_SELECT,
    CZM_ROLE_TRANSPOSE,
    CZM_ROLE_RESHAPE,
    CZM_ROLE_CAST,
    CZM_ROLE_INPUT,
    CZM_ROLE_COUNT
} czm_op_role;

typedef struct czm_op_traits {
    const char *name;
    czm_op_role role;
    czm_op_memory memory;
    czm_op_values values;
    czm_op_kind by_value; // the same op for values; OTHER: this op does not work on references
    bool passes_on;       // output 0 is input 0
    bool is_random;       // draws random numbers, or takes a seed that is drawn
    bool is_open;         // its value is only known when the network runs
    bool is_variable;     // a variable of the network
    bool assigns;         // changes the variable that is its first input
    bool calls;           // calls the function of its attribute "f"
    bool is_pivot;        // the control input of nodes inside a conditional or loop of TensorFlow 1
    bool looks_up;        // works on a table, which an initialiser fills
    bool is_rare;         // other formats may have no equivalent
    bool widens;          // computes the same with wider integers
    bool keeps_rows;      // may stand between products of matrices
    bool multiplies;      // a product of matrices
    bool shifts;          // adds to its first input, or divides it
    bool measures;        // depends on the size of its input alone
    bool
        selects; // the values of its input decide how many elements its result has: there may be none
} czm_op_traits;

extern const czm_op_traits czm_op_traits_of[CZM_OP_KIND_COUNT];

// One input or output argument, which may be several tensors.
typedef struct czm_op_arg {
    czm_bytes name;
    czm_bytes type_attr; // the attr with the element type; empty if `dtype` is fixed
    czm_dtype dtype;
    czm_bytes count_attr; // the int attr with the number of tensors; empty: one
    czm_bytes list_attr;  // the list(type) attr, one tensor an element; empty: not a list
} czm_op_arg;

typedef struct czm_op_attr {
    czm_bytes name, kind; // kind as in OpDef: "type", "list(int)" ...
    bool has_default;
    czm_bytes default_value; // a serialised AttrValue
    bool is_new;             // TensorFlow 2.0.0 does not have this attr
    bool has_minimum;
    int minimum;       // of an int, or of a list's length
    czm_bytes allowed; // what a type or a text may be, "1,2" or "SAME,VALID"; empty: anything
} czm_op_attr;

typedef struct czm_op {
    const char *name;
    czm_op_kind kind;
    bool in_target; // TensorFlow 2.0.0 has the op
    bool is_stateful;
    const czm_op_arg *inputs, *outputs;
    size_t input_count, output_count;
    const czm_op_attr *attrs;
    size_t attr_count;
    czm_bytes kernels; // of TensorFlow 2.0.0's CPU: see czm_op_has_kernel
} czm_op;

// The ops of one conversion; rows of the table are decoded on first use.
typedef struct czm_op_registry {
    czm_arena *arena;
    czm_name_table ops;
    const czm_op *of_kind[CZM_OP_KIND_COUNT]; // found before
} czm_op_registry;

// The op of this name, or NULL.
const czm_op *czm_op_find(czm_op_registry *registry, czm_bytes name);

// The op with this row in ops.def.
const czm_op *czm_op_of(czm_op_registry *registry, czm_op_kind kind);

// CZM_OP_OTHER: the op of this name has none.
czm_op_kind czm_op_kind_named(czm_bytes name);

static inline const char *czm_op_name(czm_op_kind kind) { return czm_op_traits_of[kind].name; }

// An op from a serialised OpDef, outside the registry; NULL if the bytes are damaged.
czm_op *czm_op_read_definition(czm_op_registry *registry, czm_bytes op_def);

// Adds an op from a serialised OpDef unless the table has it. false if the bytes are damaged.
bool czm_op_add_definition(czm_op_registry *registry, czm_bytes op_def);

const czm_op_attr *czm_op_attr_find(const czm_op *op, czm_bytes name);

// Whether TensorFlow 2.0.0 has a CPU kernel of this op for the element types of its attrs, which `dtype_of` returns.
bool czm_op_has_kernel(const czm_op *op, czm_dtype (*dtype_of)(const void *node, czm_bytes attr),
                       const void *node);

#endif
