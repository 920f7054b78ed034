// SPDX-License-Identifier: Apache-2.0
//
// Nodes that run for what they change. In a graph that is being read, `effects` lists them: assignments,
// and If, While and their kin, whose functions may hold assignments.
#include "fold/fold.h"

enum { DEEPEST_NEST = 32 }; // functions that use each other in a circle

typedef struct look {
    const czm_model *model;
    const czm_node *node;
    size_t input;
    unsigned depth;
    bool is_functional, changes;
} look;

static bool changes_input(const czm_model *model, const czm_node *effect, size_t input,
                          unsigned depth);

static bool changes_argument(const look *l, const czm_graph *function, size_t argument) {
    const czm_node *wanted = function->inputs.items[argument].tensor.node;
    for (size_t i = 0; i < function->effects.count; i++) {
        const czm_node *effect = function->effects.items[i];
        for (size_t k = 0; k < effect->inputs.count; k++)
            if (effect->inputs.items[k].node == wanted &&
                changes_input(l->model, effect, k, l->depth + 1))
                return true;
    }
    return false;
}

static void look_into(void *user, czm_bytes name) {
    look *l = user;
    const czm_graph *function = czm_model_function(l->model, name);
    size_t inputs = l->node->inputs.count;
    l->is_functional = true;
    if (!function || function->inputs.count > inputs || l->depth > DEEPEST_NEST) return;
    size_t skipped = inputs - function->inputs.count; // the condition of If, the index of Case
    if (l->input >= skipped && changes_argument(l, function, l->input - skipped)) l->changes = true;
}

static bool changes_input(const czm_model *model, const czm_node *effect, size_t input,
                          unsigned depth) {
    look l = {model, effect, input, depth, false, false};
    for (size_t i = 0; i < effect->attrs.count; i++)
        czm_attr_each_function(effect->attrs.items[i].value, look_into, &l);
    return l.is_functional ? l.changes : input == 0;
}

bool czm_effect_changes(const czm_model *model, const czm_node *effect, size_t input) {
    return changes_input(model, effect, input, 0);
}

bool czm_function_changes(const czm_model *model, const czm_graph *function, size_t argument) {
    const look l = {.model = model};
    return changes_argument(&l, function, argument);
}

const czm_node *czm_effect_variable(const czm_node *effect, size_t input) {
    const czm_node *variable = effect->inputs.items[input].node;
    while (czm_node_is(variable, "Identity") && variable->inputs.count)
        variable = variable->inputs.items[0].node;
    return variable;
}
