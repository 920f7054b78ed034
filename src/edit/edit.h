// SPDX-License-Identifier: Apache-2.0
//
// What the user asks to change in a network before it is converted: steps before and after it, and
// a new height and width. The rewrites that TensorFlow 2.0.0 needs are passes/'s and come later.
#ifndef CZM_EDIT_EDIT_H
#define CZM_EDIT_EDIT_H

#include "graph/graph.h"
#include "read/source.h"
#include "spec/spec.h"

// Reads the network and applies the options' steps and spatial dims. `spec` may be NULL.
CZM_MUST_CHECK czm_status czm_edit_model(czm_context *context, const czm_options *options,
                                         const czm_source *source, const czm_spec *spec,
                                         czm_model *model);

// The same for another height and width, without a word: whether the network takes them.
bool czm_edit_try_size(czm_context *context, const czm_options *options, const czm_source *source,
                       int64_t height, int64_t width, czm_model *model);

#endif
