// SPDX-License-Identifier: Apache-2.0
//
// Shapes of tensors, as far as they are known, and their inference over a whole graph.
//
// An analysis, not a pass: it reads the graph and changes nothing. Beside shapes it propagates the
// values of small constant tensors (sizes, paddings, axes), for shapes depend on them. A dimension that cannot be
// inferred is marked unknown. Every other dimension is exact.
#ifndef CZM_SHAPE_SHAPE_H
#define CZM_SHAPE_SHAPE_H

#include "view/value.h"

enum { CZM_LARGEST_VALUE = 64 }; // elements of a tensor whose value is propagated

// A contradiction that inference met: the graph cannot run with these shapes.
typedef struct czm_shape_fault {
    const czm_node *node; // where; it may lie in a function
    const char *text;     // the message, with both shapes: "cannot add [1,32,32,8] and [1,33,33,8]"
} czm_shape_fault;

typedef struct czm_shapes czm_shapes;

// Infers every tensor of the main graph (which must be sorted), and of its functions as far as necessary. `input`
// replaces the shape of the main graph's first input; NULL: that of its Placeholder. A fault does not stop the
// inference: tensors that depend on a faulty node are unknown.
czm_shapes *czm_shapes_infer(czm_arena *arena, const czm_model *model, const czm_shape *input);

// The same if the batch, or the size of the input, is open: a dimension that is equal for several concrete sizes,
// small and large ones, is assumed to be equal for all, for example the channels after a Reshape to [N, 1, 1, -1].
czm_shapes *czm_shapes_infer_any(czm_arena *arena, const czm_model *model, const czm_shape *input);
// The same for a graph that is being built: each call infers the nodes that were added to the main graph since the
// last one. Each node must be complete, and come after the nodes that it reads.
czm_shapes *czm_shapes_follow(czm_arena *arena, const czm_model *model);
void czm_shapes_catch_up(czm_shapes *shapes);
// Inference that can follow changes of the graph. Before the graph is sorted again, czm_shapes_catch_up() infers nodes
// that were added, and czm_shapes_again() a node whose attributes, inputs or facts of inputs have changed; it returns
// whether the facts of the node have changed. A node of an old loop cannot be inferred alone.
czm_shapes *czm_shapes_infer_live(czm_arena *arena, const czm_model *model, const czm_shape *input);
bool czm_shapes_again(czm_shapes *shapes, const czm_node *node);
// Gives a tensor, which has been inferred, another shape, before any node that reads it is inferred.
void czm_shapes_assume(czm_shapes *shapes, czm_tensor tensor, czm_shape shape);

// What is known of an argument of a function.
typedef struct czm_argument {
    czm_shape shape; // of the variable, if it is the handle of one
    czm_value value;
    bool is_variable;
} czm_argument;

// Infers a function for `arguments`, as many as it has inputs. The result is about the function's
// own tensors.
czm_shapes *czm_shapes_infer_function(czm_arena *arena, const czm_model *model,
                                      const czm_graph *function, const czm_argument *arguments);

// Inference that computes nodes that depend on constants alone. The values of chosen nodes may be large, and need not
// be exact: sums are rounded like those of a kernel.
typedef struct czm_computation {
    const bool *is_chosen; // by a node's order
    size_t most_elements;  // of a chosen node's value
    // The bytes of a variable, by its handle; empty: not available. NULL: no variable can be read.
    czm_bytes (*read)(void *user, const czm_node *handle);
    void *user;
} czm_computation;

czm_shapes *czm_shapes_compute(czm_arena *arena, const czm_model *model, const czm_graph *graph,
                               const czm_computation *computation);

czm_shape czm_shape_of(const czm_shapes *shapes, czm_tensor tensor);
czm_value czm_value_of(const czm_shapes *shapes, czm_tensor tensor);

// The shape for one size of an open input: what is still unknown depends on the values of the input.
czm_shape czm_shape_of_sample(const czm_shapes *shapes, czm_tensor tensor);

// The first fault in topological order, or NULL.
const czm_shape_fault *czm_shapes_fault(const czm_shapes *shapes);

// The first node in topological order with known inputs and an unknown output (the node that stopped a proof), or
// NULL: its op has no rule, or it has a contradiction but may never run. It may lie in a function.
const czm_node *czm_shapes_stopped_at(const czm_shapes *shapes);

#endif
