// SPDX-License-Identifier: Apache-2.0
//
// The interface for a shape rule: one node, the facts about its inputs, and functions that set facts about its
// outputs.
//
// A rule asks with czm_step_in_* and answers with czm_step_set_*. Outputs that it does
// not set are unknown. When it meets a contradiction it calls czm_step_fault(), and its outputs become
// unknown whatever it set. A rule runs only for a node that has an output and as many inputs as the
// op's definition says; asking for other inputs, or setting other outputs, does no harm.
//
// Shapes inside the analysis have at most CZM_HIGHEST_RANK dimensions; the rank of others is unknown. So rules build
// shapes in a czm_dims on the stack, and shapes cannot grow from node to node in a hostile graph.
#ifndef CZM_SHAPE_STEP_H
#define CZM_SHAPE_STEP_H

#include "shape/shape.h"

// The contents of a handle: a variable, or a list of tensors with the same shape and type.
typedef struct czm_content {
    czm_shape shape;  // of the variable, or of each element
    int64_t count;    // of the elements; CZM_UNKNOWN
    bool is_reserved; // the list is empty: the first element may determine more of the shape
} czm_content;

// The facts about one tensor. If its value is known, its shape is complete and has as many elements.
typedef struct czm_fact {
    czm_shape shape;
    czm_value value;
    const czm_content *content; // of a handle; NULL: not known
} czm_fact;

typedef struct czm_engine czm_engine;
typedef struct czm_instance czm_instance;

typedef struct czm_step {
    czm_arena *arena;
    const czm_node *node;
    int detail; // of the op's FOLD or NUMBER in op/ops.def
    czm_fact *outputs;
    size_t output_count;
    const czm_fact *assumed; // of a Merge that closes a loop: its facts in earlier rounds
    unsigned branches;       // in how many old-style conditionals and loops the node lies
    bool is_faulty;
    size_t most_elements;               // that the value of an output may have
    const czm_computation *computation; // NULL: a value must be exact
    czm_engine *engine;
    const czm_instance *instance; // the graph that the node is in
    size_t position;              // of the node in its graph
} czm_step;

// ---- inputs

czm_fact czm_step_in_fact(const czm_step *step, size_t input);

static inline czm_shape czm_step_in_shape(const czm_step *step, size_t input) {
    return czm_step_in_fact(step, input).shape;
}

static inline czm_value czm_step_in_value(const czm_step *step, size_t input) {
    return czm_step_in_fact(step, input).value;
}

static inline czm_content czm_step_in_content(const czm_step *step, size_t input) {
    const czm_content *content = czm_step_in_fact(step, input).content;
    return content ? *content : (czm_content){.shape = czm_shape_unknown(), .count = CZM_UNKNOWN};
}

static inline size_t czm_step_in_count(const czm_step *step) { return step->node->inputs.count; }

// The value of an input with one element, a scalar or not.
bool czm_step_in_int(const czm_step *step, size_t input, int64_t *out);

// The shape that the elements of an input state; unknown or negative elements are unknown dimensions. It is enough
// that the number of elements is known.
czm_dims czm_step_in_sizes(const czm_step *step, size_t input);

// The shape of an input, with exactly `rank` dimensions, which are unknown if the shape is. Any other rank is a
// fault, and the result is false.
bool czm_step_in_ranked(czm_step *step, size_t input, int rank, czm_dims *dims);

// The shape in an attribute; unknown if it is absent.
czm_shape czm_step_in_attr_shape(const czm_step *step, const char *name);

// ---- outputs

void czm_step_set_shape(czm_step *step, size_t output,
                        czm_shape shape); // its dims must live as long as the analysis
void czm_step_set_dims(czm_step *step, size_t output, const czm_dims *dims);
void czm_step_set_rank(czm_step *step, size_t output, int rank); // with unknown dims
void czm_step_set_fact(czm_step *step, size_t output, czm_fact fact);
void czm_step_set_content(czm_step *step, size_t output, czm_shape shape,
                          int64_t count); // likewise

// The elements must live as long as the analysis. Their number must be that of the output's shape, which must be set
// before.
void czm_step_set_elements(czm_step *step, size_t output, const czm_element *elements,
                           size_t count);

// Memory for the value of an output whose shape is set; NULL if the shape is not complete or too large.
czm_element *czm_step_new_elements(czm_step *step, size_t output, size_t *count);

// The elements of an input, if all are known; else NULL.
const czm_element *czm_step_in_known(const czm_step *step, size_t input);

CZM_PRINTF(2, 3) void czm_step_fault(czm_step *step, const char *format, ...);

static inline const char *czm_step_text_of(const czm_step *step, czm_shape shape) {
    return czm_shape_text(step->arena, shape);
}

static inline const char *czm_step_in_text(const czm_step *step, size_t input) {
    return czm_step_text_of(step, czm_step_in_shape(step, input));
}

// Finds dimension `axis`, counted from the end if negative, among `rank`. false: the rank is not known, or the
// dimension does not exist, which is a fault.
bool czm_step_find_axis(czm_step *step, int64_t axis, int rank, int *out);

// ---- facts

czm_fact czm_fact_unknown(void);
bool czm_fact_equal(const czm_fact *a, const czm_fact *b);

// The facts that hold for both of two tensors.
czm_fact czm_fact_join(czm_arena *arena, const czm_fact *a, const czm_fact *b);

// ---- functions

// The facts of the inputs from number `first` on, which live as long as the analysis.
czm_fact *czm_step_inputs_from(const czm_step *step, size_t first, size_t *count);

// Infers a function for these arguments. Returns the facts of its results, or NULL if they are not known.
// `surely_runs`: the node always runs, so a fault inside is a fault of the graph.
czm_fact *czm_step_call_function(czm_step *step, czm_bytes name, const czm_fact *arguments,
                                 size_t argument_count, bool surely_runs, size_t *result_count);

#endif
