// SPDX-License-Identifier: Apache-2.0
//
// What a rule sees: one node, what is known of its inputs, and where to put what it concludes.
//
// A rule asks with czm_step_in_* and answers with czm_step_set_*. Outputs that it does
// not set are unknown. When it meets a contradiction it calls czm_step_fault(), and its outputs become
// unknown whatever it set. A rule runs only for a node that has an output and as many inputs as the
// op's definition says; asking for other inputs, or setting other outputs, does no harm.
//
// Shapes inside the analysis never have more than CZM_HIGHEST_RANK dimensions; what has more is
// unknown. So rules build shapes in a czm_dims on the stack, and hostile graphs cannot make them
// grow from node to node.
#ifndef CZM_SHAPE_STEP_H
#define CZM_SHAPE_STEP_H

#include "shape/shape.h"

// What a handle stands for: a variable, or a list of tensors that are alike.
typedef struct czm_content {
    czm_shape shape;  // of the variable, or of each element
    int64_t count;    // of the elements; CZM_UNKNOWN
    bool is_reserved; // nothing is in the list yet: what is put in may say more of the shape
} czm_content;

// What is known of one tensor. If its value is, its shape is complete and has as many elements.
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
    const czm_fact *assumed; // of a Merge that closes a loop: what earlier rounds found it to be
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

// The shape that the value of an input spells out; elements that are unknown or negative are
// unknown dimensions. Of the value nothing but the number of elements may be known.
czm_dims czm_step_in_sizes(const czm_step *step, size_t input);

// As the shape of an input, with exactly `rank` dimensions: unknown ones if the shape is unknown.
// Any other rank is a fault, and the result false.
bool czm_step_in_ranked(czm_step *step, size_t input, int rank, czm_dims *dims);

// A shape attr; unknown when absent.
czm_shape czm_step_in_attr_shape(const czm_step *step, const char *name);

// ---- outputs

void czm_step_set_shape(czm_step *step, size_t output, czm_shape shape); // its dims must be lasting
void czm_step_set_dims(czm_step *step, size_t output, const czm_dims *dims);
void czm_step_set_rank(czm_step *step, size_t output, int rank); // with unknown dims
void czm_step_set_fact(czm_step *step, size_t output, czm_fact fact);
void czm_step_set_content(czm_step *step, size_t output, czm_shape shape,
                          int64_t count); // likewise

// The elements must be lasting and as many as the output's shape, which must be set before, says.
void czm_step_set_elements(czm_step *step, size_t output, const czm_element *elements,
                           size_t count);

// Room for the value of an output whose shape is set: NULL when that is not complete or too large.
czm_element *czm_step_new_elements(czm_step *step, size_t output, size_t *count);

// The elements of an input that are all known; NULL if one is not.
const czm_element *czm_step_in_known(const czm_step *step, size_t input);

CZM_PRINTF(2, 3) void czm_step_fault(czm_step *step, const char *format, ...);

static inline const char *czm_step_text_of(const czm_step *step, czm_shape shape) {
    return czm_shape_text(step->arena, shape);
}

static inline const char *czm_step_in_text(const czm_step *step, size_t input) {
    return czm_step_text_of(step, czm_step_in_shape(step, input));
}

// Finds dimension `axis`, counted from the end if negative, among `rank`. false: the rank is not
// known, or there is no such dimension, which is a fault.
bool czm_step_find_axis(czm_step *step, int64_t axis, int rank, int *out);

// ---- facts

czm_fact czm_fact_unknown(void);
bool czm_fact_equal(const czm_fact *a, const czm_fact *b);

// One of two tensors, nobody knows which: keeps what holds of both.
czm_fact czm_fact_join(czm_arena *arena, const czm_fact *a, const czm_fact *b);

// ---- functions

// The facts of the inputs from number `first` on, lasting.
czm_fact *czm_step_inputs_from(const czm_step *step, size_t first, size_t *count);

// Infers a function for these arguments: facts of what it returns, or NULL if that cannot be
// known. `surely_runs`: if the node does, so that a fault inside is a fault of the graph.
czm_fact *czm_step_call_function(czm_step *step, czm_bytes name, const czm_fact *arguments,
                                 size_t argument_count, bool surely_runs, size_t *result_count);

#endif
