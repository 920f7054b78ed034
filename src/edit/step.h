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
typedef struct czm_step {
    const char *text;                 // as the user wrote it
    const struct czm_step_kind *kind; // NULL: a model
    const char *path;                 // of the model
    const char *option; // what stands behind = where it is no list of numbers; NULL: nothing
    double *values;
    size_t value_count;
    bool is_before; // preprocessing
} czm_step;

// Whether the step makes two classes' probabilities of one.
bool czm_step_splits_probability(const czm_step *step);

// The step as the user gave it, in the words of the front end.
const char *czm_step_option(czm_context *context, const czm_step *step);

// Wrong names and values are usage faults.
CZM_MUST_CHECK czm_status czm_step_parse(czm_context *context, const char *text, bool is_before,
                                         czm_step *step);

// Makes the model of a step that works on images of this shape and type.
CZM_MUST_CHECK czm_status czm_step_build(czm_context *context, const czm_step *step,
                                         czm_op_registry *ops, czm_shape shape, czm_dtype dtype,
                                         czm_model *model);

#endif
