// SPDX-License-Identifier: Apache-2.0
//
// Changes that the user requests before the conversion: steps before and after the network, and a new height and
// width. The rewrites for TensorFlow 2.0.0 are in passes/ and run later.
#ifndef CZM_EDIT_EDIT_H
#define CZM_EDIT_EDIT_H

#include "graph/graph.h"
#include "read/source.h"
#include "spec/spec.h"

// What is put before the network without being asked for.
typedef struct czm_edit_input {
    bool takes_float; // the input is float32, and cast to the type that the network has
    double factor;    // the pixels are multiplied by it before all steps; 1: not
    bool is_unit;     // what then arrives are values from 0 to 1; a network for integers needs more
} czm_edit_input;

// What values from 0 to 1 must be multiplied by for an input of this type: 255 for uint8, 1 for
// floating point. It is reported.
double czm_edit_unit_factor(czm_context *context, const czm_port *input);

// Whether an input of this type can be given float32 instead.
bool czm_edit_can_cast(czm_dtype dtype);

// Says that it is.
void czm_edit_tell_cast(czm_context *context, const czm_port *input);

// Reads the network and applies the options' steps and spatial dims. `spec` may be NULL.
CZM_MUST_CHECK czm_status czm_edit_model(czm_context *context, const czm_options *options,
                                         const czm_edit_input *input, const czm_source *source,
                                         const czm_spec *spec, czm_model *model);

// The same for another height and width, without a word: whether the network takes them.
bool czm_edit_try_size(czm_context *context, const czm_options *options, const czm_source *source,
                       int64_t height, int64_t width, czm_model *model);

#endif
