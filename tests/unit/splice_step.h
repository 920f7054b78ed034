// SPDX-License-Identifier: Apache-2.0
//
// Inserts a step before or after a model, for the tables.
#ifndef CZM_TESTS_SPLICE_STEP_H
#define CZM_TESTS_SPLICE_STEP_H

#include "graph/graph.h"

// False if the step cannot be built: the report contains the reason.
bool splice_step(czm_context *context, czm_model *model, const char *text, bool is_before);

// Puts a model in front of another.
void splice_model(czm_model *model, const czm_model *before);

#endif
