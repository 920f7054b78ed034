// SPDX-License-Identifier: Apache-2.0
//
// Preprocessing and postprocessing steps. A step is a small model with one input and one output:
// built here from a row of a table, or read from a SavedModel. Splicing it in is the same for all.
#ifndef CZM_EDIT_STEP_H
#define CZM_EDIT_STEP_H

#include "graph/graph.h"
#include "shape/shape.h"

enum { CZM_MOST_STEP_VALUES = 4096 };

// "name", "name=values" or "model=PATH", taken apart.
typedef struct czm_edit_step {
    const char *text;                 // as the user wrote it
    const char *where;                // the key of the specification that has it; NULL: an option
    const struct czm_step_kind *kind; // NULL: a model
    const char *path;                 // of the model
    const char *option; // what stands behind = where it is no list of numbers; NULL: nothing
    double *values;
    size_t value_count;
    bool is_before;  // preprocessing
    bool is_implied; // the network and the format need it; nobody asked for it
    czm_dtype dtype; // what the pixels, in float32, are cast to; CZM_DTYPE_NONE: they are not
} czm_edit_step;

// Whether the step makes two classes' probabilities of one.
bool czm_step_splits_probability(const czm_edit_step *step);

// The step as the user gave it: in the words of the front end, or with its key.
const char *czm_step_option(czm_context *context, const czm_edit_step *step);

// Whether the result depends on the mean of the whole tile.
bool czm_step_uses_statistics(const czm_edit_step *step);

// What a network needs before all steps, whatever its rank: pixels times a factor; pixels in float32 as
// numbers of another type, rounded for integers.
czm_edit_step czm_step_factor(czm_arena *arena, double factor);
czm_edit_step czm_step_cast(czm_dtype dtype);

// Whether the text of a step is this factor, within a percent (1/256 is meant as 1/255).
bool czm_step_is_factor(const char *text, double factor);

// Takes apart a step of which text, where and is_before are set. Wrong names and values are usage
// faults, in a specification faults of the value.
CZM_MUST_CHECK czm_status czm_step_parse(czm_context *context, czm_edit_step *step);

// Makes the model of a step that works on images of this shape and type.
CZM_MUST_CHECK czm_status czm_step_build(czm_context *context, const czm_edit_step *step,
                                         czm_op_registry *ops, czm_shape shape, czm_dtype dtype,
                                         czm_model *model);

#endif
