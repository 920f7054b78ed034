// SPDX-License-Identifier: Apache-2.0
//
// Random numbers that the output depends on, for example those of a dropout that was exported in training mode. The
// same tile then gives different results.
#ifndef CZM_ANALYSIS_RANDOMNESS_H
#define CZM_ANALYSIS_RANDOMNESS_H

#include "graph/graph.h"

// The nodes that draw random numbers, in the order of the graphs, the main graph's first. The main graph must be
// sorted, so that it contains only the nodes that the output needs.
czm_node_list czm_random_nodes(czm_arena *arena, const czm_model *model);

#endif
