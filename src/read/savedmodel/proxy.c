// SPDX-License-Identifier: Apache-2.0
//
// Following proxies; see proxy.h.
#include "read/savedmodel/proxy.h"

// The place of the tensor that a proxy represents, or NULL.
static czm_tensor *target_of(czm_tensor t) {
    const czm_proxy *p = t.node->scratch;
    size_t index = p->is_argument ? p->index : t.index;
    return index < p->targets->count ? &p->targets->items[index] : NULL;
}

static czm_tensor follow(czm_tensor t, size_t most_steps) {
    czm_tensor end = t;
    for (czm_tensor *target; end.node && end.node->scratch; end = *target)
        if (most_steps-- == 0 || !(target = target_of(end))) return (czm_tensor){0};
    // All proxies on the path get the final tensor, so that the path is followed only once.
    while (t.node && t.node->scratch) {
        czm_tensor *target = target_of(t);
        t = *target;
        *target = end;
    }
    return end;
}

static czm_status follow_all(czm_context *context, const char *where, const czm_node *reader,
                             czm_tensor_list *tensors, size_t most_steps) {
    for (size_t i = 0; i < tensors->count; i++) {
        czm_tensor t = follow(tensors->items[i], most_steps);
        size_t outputs;
        bool is_known = t.node && czm_node_output_count(t.node, &outputs);
        if (!t.node || (is_known && t.index >= outputs))
            return czm_report_add(context->report, CZM_RULE_MODEL_DAMAGED,
                                  czm_arena_format(context->arena, "%s: node \"%s\"", where,
                                                   reader ? reader->name : ""),
                                  "export the model again",
                                  "its input %zu is an output that does not exist", i);
        tensors->items[i] = t;
    }
    return CZM_OK;
}

// Proxies still carry their targets: swept inputs must not be followed twice.
czm_status czm_proxies_follow(czm_context *context, const char *where, czm_graph *graph,
                              size_t most_steps) {
    for (size_t i = 0; i < graph->nodes.count; i++) {
        czm_node *node = graph->nodes.items[i];
        if (!node->scratch) CZM_TRY(follow_all(context, where, node, &node->inputs, most_steps));
    }
    for (size_t i = 0; i < graph->outputs.count; i++) {
        czm_tensor_list one = {&graph->outputs.items[i].tensor, 1, 1};
        CZM_TRY(follow_all(context, where, NULL, &one, most_steps));
    }
    return CZM_OK;
}
