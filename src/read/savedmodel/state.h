// SPDX-License-Identifier: Apache-2.0
//
// Whether a network gives the same answer twice: inference must not change a variable that the output
// depends on. What is changed for somebody else (the moving averages of a batch norm that takes the
// statistics of its input) is left out.
#ifndef CZM_READ_SAVEDMODEL_STATE_H
#define CZM_READ_SAVEDMODEL_STATE_H

#include "graph/graph.h"

// Judges the effects of the model's graphs, and drops them: from then on the main graph holds what the
// output needs. `where` is the file, for messages.
CZM_MUST_CHECK czm_status czm_state_drop(czm_context *context, const char *where, czm_model *model);

#endif
