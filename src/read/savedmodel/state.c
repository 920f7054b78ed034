// SPDX-License-Identifier: Apache-2.0
//
// Checks and removes the effects of a graph; see state.h.
#include "read/savedmodel/state.h"

#include "fold/fold.h"

// The state of a random number generator, which the augmentation layers of Keras 3 change.
static bool is_seed(const czm_node *by) {
    return strstr(by->name, "random") || strstr(by->name, "Random") || strstr(by->name, "seed");
}

static czm_status refuse(czm_context *context, const char *where, const czm_node *variable,
                         const czm_node *by) {
    return czm_report_add(
        context->report, CZM_RULE_STATEFUL_INFERENCE,
        czm_arena_format(context->arena, "%s: variable \"%s\"", where, variable->name),
        is_seed(by)
            ? "export it without augmentation: keras.Model(x, model(x, training=False)).export(...)"
            : "export the network for inference: training=False, no counters that the result "
              "depends on",
        "inference reads the variable, and the node \"%s\" (%s) changes it", by->name, by->op);
}

// ---- batch norms that use the statistics of their input do not read the moving ones

static bool is_training_norm(const czm_node *node) {
    return (czm_node_is(node, CZM_OP_FusedBatchNorm) ||
            czm_node_is(node, CZM_OP_FusedBatchNormV2) ||
            czm_node_is(node, CZM_OP_FusedBatchNormV3)) &&
           node->inputs.count == 5 && czm_attr_bool(node, "is_training");
}

// Outputs 1 and 2 are the new moving statistics.
static void mark_read(const czm_tensor *tensor) {
    if (tensor->index == 1 || tensor->index == 2) tensor->node->scratch = tensor->node;
}

static void cut_statistics(czm_graph *graph) {
    const int64_t empty = 0;
    size_t count = graph->nodes.count;
    for (size_t i = 0; i < count; i++) graph->nodes.items[i]->scratch = NULL;
    for (size_t i = 0; i < count; i++)
        for (size_t k = 0; k < graph->nodes.items[i]->inputs.count; k++)
            mark_read(&graph->nodes.items[i]->inputs.items[k]);
    for (size_t i = 0; i < graph->outputs.count; i++) mark_read(&graph->outputs.items[i].tensor);
    for (size_t i = 0; i < count; i++) {
        czm_node *node = graph->nodes.items[i];
        for (size_t k = 3; is_training_norm(node) && !node->scratch && k < 5; k++)
            if (!czm_node_is(node->inputs.items[k].node, CZM_OP_Const))
                node->inputs.items[k] =
                    czm_add_const(graph,
                                  czm_arena_format(graph->arena, "%s/no_statistics", node->name),
                                  CZM_DTYPE_FLOAT, czm_bytes_of("", 0), &empty, 1);
    }
    for (size_t i = 0; i < count; i++) graph->nodes.items[i]->scratch = NULL;
    czm_graph_sort(graph);
}

// ---- judging

// A program for XLA, which is not analysed, returns all variables, changed or not.
static bool holds_program(const czm_graph *graph) {
    for (size_t i = 0; i < graph->nodes.count; i++)
        if (czm_node_is(graph->nodes.items[i], CZM_OP_XlaCallModule)) return true;
    return false;
}

// The variable that an effect changes through an input, if the output depends on it.
static const czm_node *changed_variable(const czm_effects *all, const czm_node *effect, size_t k) {
    const czm_node *variable = czm_effect_variable(effect, k);
    return variable->order && czm_effect_changes(all, effect, k) ? variable : NULL;
}

static czm_status judge(czm_context *context, const char *where, const czm_model *model,
                        const czm_node_list *effects) {
    czm_status worst = CZM_OK;
    const czm_effects *all = czm_effects_find(context->arena, model);
    for (size_t i = 0; i < effects->count; i++) {
        const czm_node *by = effects->items[i];
        for (size_t k = 0; k < by->inputs.count; k++) {
            const czm_node *variable = changed_variable(all, by, k);
            if (variable) worst = refuse(context, where, variable, by);
        }
    }
    return worst;
}

// A variable that Keras' batch normalisation updates in training, where the output does not depend on it.
static const czm_node *moving_mean(const czm_node_list *effects) {
    for (size_t i = 0; i < effects->count; i++)
        for (size_t k = 0; k < effects->items[i]->inputs.count; k++) {
            const czm_node *variable = czm_effect_variable(effects->items[i], k);
            if (variable && !variable->order && strstr(variable->name, "moving_mean"))
                return variable;
        }
    return NULL;
}

static void tell_training(czm_context *context, const char *where, const czm_node *mean) {
    czm_report_add(context->report, CZM_RULE_TILE_STATISTICS,
                   czm_arena_format(context->arena, "%s: variable \"%s\"", where, mean->name),
                   "if this is not intended, export the network with training=False: "
                   "keras.Model(x, model(x, training=False)).export(...)",
                   "the batch normalisation that updates it is in training mode: it uses the "
                   "statistics of each tile");
}

czm_status czm_state_drop(czm_context *context, const char *where, czm_model *model) {
    czm_node_list effects = model->main.effects;
    model->main.effects.count = 0;
    czm_graph_sort(&model->main);
    cut_statistics(&model->main);
    czm_status status = CZM_OK;
    if (!holds_program(&model->main)) {
        const czm_node *mean = moving_mean(&effects);
        status = judge(context, where, model, &effects);
        if (mean && !status) tell_training(context, where, mean);
    }
    for (size_t i = 0; i < model->functions.count; i++) {
        model->functions.items[i]->effects.count = 0;
        czm_graph_sort(model->functions.items[i]);
    }
    return status;
}
