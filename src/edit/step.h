// SPDX-License-Identifier: Apache-2.0
//
// Preprocessing and postprocessing steps. A step is a small model with one input and one output: built here from a
// row of a table, or read from a file. All are joined to the network in the same way.
#ifndef CZM_EDIT_STEP_H
#define CZM_EDIT_STEP_H

#include "graph/graph.h"
#include "shape/shape.h"

enum { CZM_MOST_STEP_VALUES = 4096 };

// "name", "name=values" or "model=PATH", parsed.
typedef struct czm_edit_step {
    const char *text;  // as the user wrote it
    const char *where; // the key of the specification that contains it; NULL: an option
    const struct czm_step_kind *kind; // NULL: a model
    const char *path;                 // of the model
    const char *option; // the text after =, if it is not a list of numbers; NULL: none
    double *values;
    size_t value_count;
    bool is_before;  // preprocessing
    bool is_implied; // required by the network and the format, not by the user
    czm_dtype dtype; // the type to which the float32 pixels are cast; CZM_DTYPE_NONE: no cast
} czm_edit_step;

// Whether the step replaces one probability by those of two classes.
bool czm_step_splits_probability(const czm_edit_step *step);

// The step as the user wrote it: an option of the front end, or a key.
const char *czm_step_option(czm_context *context, const czm_edit_step *step);

// Whether the result depends on the mean of the whole tile.
bool czm_step_uses_statistics(const czm_edit_step *step);

// Steps for any rank, before all others: a factor for the pixels, and a cast of float32 pixels to another type,
// rounded for integers.
czm_edit_step czm_step_factor(czm_arena *arena, double factor);
czm_edit_step czm_step_cast(czm_dtype dtype);

// Whether the text of a step is this factor, within one percent (users write 1/256 for 1/255).
bool czm_step_is_factor(const char *text, double factor);

// Parses a step whose text, where and is_before are set. Wrong names and values are usage faults, or faults of the
// value in a specification.
CZM_MUST_CHECK czm_status czm_step_parse(czm_context *context, czm_edit_step *step);

// Makes the model of a step that works on images of this shape and type.
CZM_MUST_CHECK czm_status czm_step_build(czm_context *context, const czm_edit_step *step,
                                         czm_op_registry *ops, czm_shape shape, czm_dtype dtype,
                                         czm_model *model);

#endif
