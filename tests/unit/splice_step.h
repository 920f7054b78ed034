// SPDX-License-Identifier: Apache-2.0
//
// Puts a step in front of a model, or behind it, for the tables.
#ifndef CZM_TESTS_SPLICE_STEP_H
#define CZM_TESTS_SPLICE_STEP_H

#include "graph/graph.h"

// False if the step cannot be built: the report says why.
bool splice_step(czm_context *context, czm_model *model, const char *text, bool is_before);

// Puts a model in front of another.
void splice_model(czm_model *model, const czm_model *before);

#endif
