// SPDX-License-Identifier: Apache-2.0
//
// Checks that a network gives the same result twice: inference must not change a variable that the output depends on.
// Other changes (such as the moving averages of a batch norm that uses the statistics of its input) are removed.
#ifndef CZM_READ_SAVEDMODEL_STATE_H
#define CZM_READ_SAVEDMODEL_STATE_H

#include "graph/graph.h"

// Checks the effects of the model's graphs, and removes them: afterwards the main graph contains only the nodes that
// the output needs. `where` is the file, for messages.
CZM_MUST_CHECK czm_status czm_state_drop(czm_context *context, const char *where, czm_model *model);

#endif
