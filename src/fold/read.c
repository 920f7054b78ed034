// SPDX-License-Identifier: Apache-2.0
//
// The inputs of folding: the bytes of small variables, and the nodes that depend only on constants and variables.
#include "fold/fold.h"

static czm_status collect(void *user, czm_bytes block) {
    czm_put_raw(user, block);
    return CZM_OK;
}

// A damaged file is reported when the weights are written; here the variable is unknown.
czm_bytes czm_fold_read_weight(czm_context *context, const czm_variable *variable, uint64_t most) {
    czm_report *quiet = variable && variable->source->size <= most ? czm_report_new() : NULL;
    if (!quiet) return (czm_bytes){0};
    czm_buffer bytes = czm_buffer_in(context->arena);
    czm_context silent = {context->arena, quiet};
    uint32_t crc32c;
    czm_status status =
        variable->source->stream(variable->source, &silent, (czm_sink){collect, &bytes}, &crc32c);
    czm_report_free(quiet);
    return status ? (czm_bytes){0} : czm_buffer_bytes(&bytes);
}

bool *czm_fold_find_open(czm_arena *arena, const czm_graph *graph, const bool *seeds) {
    bool *is_open = CZM_NEW_ARRAY(arena, bool, graph->nodes.count + 1);
    for (size_t i = 0; i < graph->nodes.count; i++) {
        const czm_node *node = graph->nodes.items[i];
        is_open[node->order] = czm_node_traits(node)->is_open || (seeds && seeds[node->order]);
        for (size_t k = 0; k < node->inputs.count; k++)
            is_open[node->order] |= is_open[node->inputs.items[k].node->order];
    }
    return is_open;
}
