// SPDX-License-Identifier: Apache-2.0
//
// Changes that the user requests before the conversion: steps before and after the network, and a new height and
// width. The rewrites for TensorFlow 2.0.0 are in passes/ and run later.
#ifndef CZM_EDIT_EDIT_H
#define CZM_EDIT_EDIT_H

#include "graph/graph.h"
#include "read/source.h"
#include "spec/spec.h"

// Operations before the network that the user did not request.
typedef struct czm_edit_input {
    bool takes_float; // the input is float32, and is cast to the type of the network
    double factor;    // the pixels are multiplied by it before all steps; 1: none
    bool is_unit; // the result are values from 0 to 1, and a network for integers needs a factor
} czm_edit_input;

// The factor for values from 0 to 1 at an input of this type: 255 for uint8, 1 for floating point. It is reported.
double czm_edit_unit_factor(czm_context *context, const czm_port *input);

// Whether an input of this type can be given float32 instead.
bool czm_edit_can_cast(czm_dtype dtype);

// Reports the cast.
void czm_edit_tell_cast(czm_context *context, const czm_port *input);

// Reads the network and applies the options' steps and spatial dims. `spec` may be NULL.
CZM_MUST_CHECK czm_status czm_edit_model(czm_context *context, const czm_options *options,
                                         const czm_edit_input *input, const czm_source *source,
                                         const czm_spec *spec, czm_model *model);

// The network with the options' steps, read once so that sizes can be tried; NULL: it cannot be read. Reports nothing.
typedef struct czm_edit_trials czm_edit_trials;
const czm_edit_trials *czm_edit_trials_begin(czm_arena *arena, const czm_options *options,
                                             const czm_source *source);

// Whether the network accepts the height and width; `model` is then a copy of that size. Reports nothing.
bool czm_edit_try_size(const czm_edit_trials *trials, czm_arena *arena, int64_t height,
                       int64_t width, czm_model *model);

#endif
