// SPDX-License-Identifier: Apache-2.0
//
// Finding ops that draw random numbers; see randomness.h.
#include "analysis/randomness.h"

static void collect(czm_arena *arena, const czm_graph *graph, czm_node_list *found) {
    for (size_t i = 0; i < graph->nodes.count; i++)
        if (czm_node_traits(graph->nodes.items[i])->is_random)
            *CZM_APPEND(arena, found) = graph->nodes.items[i];
}

czm_node_list czm_random_nodes(czm_arena *arena, const czm_model *model) {
    czm_node_list found = {0};
    collect(arena, &model->main, &found);
    for (size_t i = 0; i < model->functions.count; i++)
        collect(arena, model->functions.items[i], &found);
    return found;
}
