// SPDX-License-Identifier: Apache-2.0
//
// What the user asks to change in a network before it is converted: steps before and after it, and
// a new height and width. The rewrites that TensorFlow 2.0.0 needs are passes/'s and come later.
#ifndef CZM_EDIT_EDIT_H
#define CZM_EDIT_EDIT_H

#include "graph/graph.h"
#include "spec/spec.h"

// Reads the network and applies the options' steps and spatial dims; `source_path` is the network's.
CZM_MUST_CHECK czm_status czm_edit_model(czm_context *context, const czm_options *options,
                                         const czm_spec *spec, czm_model *model);

#endif
