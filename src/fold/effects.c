// SPDX-License-Identifier: Apache-2.0
//
// Nodes that change variables. While a graph is read, `effects` lists them: assignments, and If, While and similar
// nodes whose functions may contain assignments. Changes are propagated from the assignments of a function to its
// arguments, and to the arguments of its callers.
#include "fold/fold.h"

typedef CZM_LIST(const czm_node *) use_list;

// A function, and which of its arguments it changes.
typedef struct changes {
    const czm_graph *function;
    bool *is_changed;
    use_list uses; // effects of functions that name it
} changes;

typedef struct changed_argument {
    changes *function;
    size_t index;
} changed_argument;

struct czm_effects {
    czm_arena *arena;
    czm_name_table functions;        // name -> changes
    CZM_LIST(changed_argument) todo; // changed arguments; grows while it is processed
    const czm_node *node;            // the node whose functions are examined
    bool is_functional;              // whether it has functions
};

// The input of a call for an argument: the condition of If and the index of Case come before the first argument.
// NULL: the call has too few inputs.
static const czm_tensor *given_for(const czm_node *call, changed_argument a) {
    size_t count = a.function->function->inputs.count;
    if (call->inputs.count < count) return NULL;
    return &call->inputs.items[call->inputs.count - count + a.index];
}

static void mark(czm_effects *e, const czm_tensor *given) {
    const changed_argument *a = given->node->scratch;
    if (!a || a->function->is_changed[a->index]) return;
    a->function->is_changed[a->index] = true;
    *CZM_APPEND(e->arena, &e->todo) = *a;
}

static void note_use(void *user, czm_bytes name) {
    czm_effects *e = user;
    changes *called = czm_name_find(&e->functions, name);
    e->is_functional = true;
    if (!called) return;
    use_list *uses = &called->uses;
    if (uses->count && uses->items[uses->count - 1] == e->node) return; // both branches of an If
    *CZM_APPEND(e->arena, uses) = e->node;
}

static void note_effect(czm_effects *e, const czm_node *effect) {
    e->node = effect;
    e->is_functional = false;
    for (size_t i = 0; i < effect->attrs.count; i++)
        czm_attr_each_function(effect->attrs.items[i].value, note_use, e);
    if (!e->is_functional && effect->inputs.count) mark(e, &effect->inputs.items[0]);
}

static changes *add_function(czm_effects *e, const czm_graph *function) {
    changes *c = CZM_NEW(e->arena, changes);
    changed_argument *arguments = CZM_NEW_ARRAY(e->arena, changed_argument, function->inputs.count);
    c->function = function;
    c->is_changed = CZM_NEW_ARRAY(e->arena, bool, function->inputs.count);
    for (size_t i = 0; i < function->inputs.count; i++) {
        arguments[i] = (changed_argument){c, i};
        function->inputs.items[i].tensor.node->scratch = &arguments[i];
    }
    return c;
}

static void spread(czm_effects *e) {
    for (size_t i = 0; i < e->todo.count; i++) {
        changed_argument a = e->todo.items[i]; // a copy: the list moves while it grows
        const use_list *uses = &a.function->uses;
        for (size_t k = 0; k < uses->count; k++) {
            const czm_tensor *given = given_for(uses->items[k], a);
            if (given) mark(e, given);
        }
        czm_work(e->arena, 1 + uses->count, "the arguments of functions");
    }
}

czm_effects *czm_effects_find(czm_arena *arena, const czm_model *model) {
    czm_effects *e = CZM_NEW(arena, czm_effects);
    e->arena = arena;
    for (size_t i = 0; i < model->functions.count; i++) {
        const czm_graph *function = model->functions.items[i];
        czm_name_slot_for(arena, &e->functions, czm_bytes_text(function->name))->value =
            add_function(e, function);
    }
    for (size_t i = 0; i < model->functions.count; i++) {
        const czm_node_list *effects = &model->functions.items[i]->effects;
        for (size_t k = 0; k < effects->count; k++) note_effect(e, effects->items[k]);
        czm_work(arena, 1 + effects->count, "the functions of the graph");
    }
    spread(e);
    for (size_t i = 0; i < model->functions.count; i++)
        for (size_t k = 0; k < model->functions.items[i]->inputs.count; k++)
            model->functions.items[i]->inputs.items[k].tensor.node->scratch = NULL;
    return e;
}

typedef struct look {
    const czm_effects *effects;
    const czm_node *call;
    size_t input;
    bool is_functional, changes;
} look;

static void look_into(void *user, czm_bytes name) {
    look *l = user;
    const changes *called = czm_name_find(&l->effects->functions, name);
    l->is_functional = true;
    if (!called || called->function->inputs.count > l->call->inputs.count) return;
    size_t skipped = l->call->inputs.count - called->function->inputs.count;
    if (l->input >= skipped && called->is_changed[l->input - skipped]) l->changes = true;
}

bool czm_effect_changes(const czm_effects *effects, const czm_node *effect, size_t input) {
    look l = {effects, effect, input, false, false};
    for (size_t i = 0; i < effect->attrs.count; i++)
        czm_attr_each_function(effect->attrs.items[i].value, look_into, &l);
    return l.is_functional ? l.changes : input == 0;
}

bool czm_function_changes(const czm_effects *effects, const czm_graph *function, size_t argument) {
    const changes *c = czm_name_find(&effects->functions, czm_bytes_text(function->name));
    return c && argument < function->inputs.count && c->is_changed[argument];
}

const czm_node *czm_effect_variable(const czm_node *effect, size_t input) {
    return czm_identity_source(effect->inputs.items[input]).node;
}
