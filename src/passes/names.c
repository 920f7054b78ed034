// SPDX-License-Identifier: Apache-2.0
//
// Pass "names": nodes get unique names of the form that TensorFlow 2.0.0 accepts ([A-Za-z0-9.][A-Za-z0-9_.\\/>-]*
// without '>', which only newer versions allow; source: tensorflow/core/framework/node_def_util.cc). Valid names do
// not change, so converting twice gives the same names.
#include "passes/passes.h"

static bool is_letter_or_digit(char c) {
    return (c >= 'A' && c <= 'Z') || (c >= 'a' && c <= 'z') || (c >= '0' && c <= '9');
}

static bool is_allowed(char c, bool is_first) {
    return is_letter_or_digit(c) || c == '.' || (!is_first && strchr("_-/\\", c));
}

static char *acceptable(czm_arena *arena, const char *name) {
    bool needs_prefix = *name == '\0' || (!is_letter_or_digit(*name) && *name != '.');
    char *copy = czm_arena_format(arena, "%s%s", needs_prefix ? "n" : "", name);
    for (char *c = copy; *c; c++)
        if (!is_allowed(*c, c == copy)) *c = '_';
    return copy;
}

// The last tried suffix for each base name, which keeps many nodes of one name linear.
static const char *make_unique(czm_arena *arena, czm_name_table *taken, const char *base) {
    czm_name_slot *slot = czm_name_slot_for(arena, taken, czm_bytes_text(base));
    if (!slot->value) {
        slot->value = CZM_NEW(arena, size_t);
        return base;
    }
    size_t *last = slot->value;
    for (;;) {
        const char *name = czm_arena_format(arena, "%s_%zu", base, ++*last);
        czm_name_slot *other = czm_name_slot_for(arena, taken, czm_bytes_text(name));
        if (other->value) continue;
        other->value = CZM_NEW(arena, size_t);
        return name;
    }
}

// The shared name of a variable: two handles with the same one would be the same variable.
static void name_resource(czm_graph *graph, czm_node *handle) {
    czm_set_string(graph, handle, "shared_name", handle->name);
    czm_remove_attr(handle, "container");
}

static void name_nodes(czm_graph *graph, czm_name_table *taken, bool are_handles) {
    for (size_t i = 0; i < graph->nodes.count; i++) {
        czm_node *node = graph->nodes.items[i];
        if (czm_node_is(node, CZM_OP__Arg) || czm_node_is(node, CZM_OP_VarHandleOp) != are_handles)
            continue;
        node->name = make_unique(graph->arena, taken, acceptable(graph->arena, node->name));
        if (are_handles) name_resource(graph, node);
    }
}

// Arguments of functions are named first, since their names are part of the function; then the
// variables, whose names Keras shows.
static void name_graph(czm_context *context, czm_model *model, czm_graph *graph) {
    (void)model;
    czm_name_table taken = {0};
    for (size_t i = 0; graph->name && i < graph->inputs.count; i++)
        make_unique(context->arena, &taken, graph->inputs.items[i].name);
    name_nodes(graph, &taken, true);
    name_nodes(graph, &taken, false);
}

void czm_pass_names(czm_context *context, czm_model *model, czm_pass_target target) {
    (void)target;
    for (size_t i = 0; i < model->variables.count; i++)
        model->variables.items[i].handle->name = model->variables.items[i].name;
    czm_each_graph(context, model, name_graph);
}
