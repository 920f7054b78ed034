// SPDX-License-Identifier: Apache-2.0
//
// What is known of each TensorFlow operation: arguments, attributes with their defaults, whether
// TensorFlow 2.0.0 has it, and for which element types 2.0.0 has a CPU kernel. The facts come from
// op_table.inc, which tools/make_op_table.py generates from the registries of TensorFlow 2.0.0
// and the newest release; ops that neither knows come from the SavedModel's own op list.
#ifndef CZM_GRAPH_OP_H
#define CZM_GRAPH_OP_H

#include "base/name_table.h"
#include "graph/dtype.h"

// One input or output argument; it may stand for several tensors.
typedef struct czm_op_arg {
    czm_bytes name;
    czm_bytes type_attr; // the attr that holds the element type; empty if `dtype` is fixed
    czm_dtype dtype;
    czm_bytes count_attr; // the int attr that says how many tensors; empty: one
    czm_bytes list_attr;  // the list(type) attr, one tensor an element; empty: not a list
} czm_op_arg;

typedef struct czm_op_attr {
    czm_bytes name, kind; // kind as in OpDef: "type", "list(int)" ...
    bool has_default;
    czm_bytes default_value; // a serialised AttrValue
    bool is_new;             // TensorFlow 2.0.0 does not know this attr
    bool has_minimum;
    int minimum;       // of an int, or of a list's length
    czm_bytes allowed; // what a type or a text may be, "1,2" or "SAME,VALID"; empty: anything
} czm_op_attr;

typedef struct czm_op {
    const char *name;
    bool in_target; // TensorFlow 2.0.0 knows the op
    bool is_stateful;
    const czm_op_arg *inputs, *outputs;
    size_t input_count, output_count;
    const czm_op_attr *attrs;
    size_t attr_count;
    czm_bytes kernels; // of TensorFlow 2.0.0's CPU: see czm_op_has_kernel
} czm_op;

// The ops seen by one conversion; rows of the table are decoded on first use.
typedef struct czm_op_registry {
    czm_arena *arena;
    czm_name_table ops;
} czm_op_registry;

// The op of this name, or NULL.
const czm_op *czm_op_find(czm_op_registry *registry, czm_bytes name);

// An op from a serialised OpDef, outside the registry; NULL if the bytes are damaged.
czm_op *czm_op_read_definition(czm_op_registry *registry, czm_bytes op_def);

// Adds an op from a serialised OpDef unless the table has it. false if the bytes are damaged.
bool czm_op_add_definition(czm_op_registry *registry, czm_bytes op_def);

const czm_op_attr *czm_op_attr_find(const czm_op *op, czm_bytes name);

// Whether TensorFlow 2.0.0 has a CPU kernel of this op for the element types that `dtype_of` gives
// for its attrs.
bool czm_op_has_kernel(const czm_op *op, czm_dtype (*dtype_of)(const void *node, czm_bytes attr),
                       const void *node);

#endif
