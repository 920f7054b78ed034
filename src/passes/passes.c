// SPDX-License-Identifier: Apache-2.0
//
// The table of passes.
#include "passes/passes.h"

#include <stdlib.h>

#include "fold/fold.h"

typedef void pass(czm_context *context, czm_model *model, czm_pass_target target);

static pass *const passes[] = {
    czm_pass_variables, // TensorFlow 1's reference variables become resource variables
    czm_fold_constants, // results that depend on constants alone and that the target cannot compute become constants
    czm_pass_lower, // ops that TensorFlow 2.0.0 cannot run are replaced by ops that it can run
    czm_pass_clean, // attributes that TensorFlow 2.0.0 does not support and that change nothing are removed
    czm_pass_names, // every node gets a unique name that TensorFlow 2.0.0 accepts
};

void czm_each_graph(czm_context *context, czm_model *model,
                    void (*run)(czm_context *context, czm_model *model, czm_graph *graph)) {
    run(context, model, &model->main);
    for (size_t i = 0; i < model->functions.count; i++)
        run(context, model, model->functions.items[i]);
}

static void sort(czm_context *context, czm_model *model, czm_graph *graph) {
    (void)context, (void)model;
    czm_graph_sort(graph);
}

// The functions that If and While need change with their bodies: functions that no node names are removed.
static void mark_function(void *user, czm_bytes name) {
    czm_graph *function = czm_model_function(user, name);
    if (!function) return;
    function->is_shared = function->is_used;
    function->is_used = true;
}

static void mark_functions(czm_context *context, czm_model *model, czm_graph *graph) {
    (void)context;
    for (size_t i = 0; i < graph->nodes.count; i++)
        for (size_t k = 0; k < graph->nodes.items[i]->attrs.count; k++)
            czm_attr_each_function(graph->nodes.items[i]->attrs.items[k].value, mark_function,
                                   model);
}

static bool is_used(const czm_graph *function) { return function->is_used; }

static void drop_unused_functions(czm_context *context, czm_model *model) {
    for (size_t i = 0; i < model->functions.count; i++)
        model->functions.items[i]->is_used = model->functions.items[i]->is_shared = false;
    czm_each_graph(context, model, mark_functions);
    czm_model_keep_functions(model, is_used);
}

static int compare_variables(const void *a, const void *b) {
    uint32_t first = ((const czm_variable *)a)->handle->order;
    uint32_t second = ((const czm_variable *)b)->handle->order;
    return (first > second) - (first < second);
}

// After a rewrite, a variable may have no reader: it is not saved. The order of the nodes may have changed: the
// variables get the same order, as when they are read.
static void settle_variables(czm_model *model) {
    size_t kept = 0;
    for (size_t i = 0; i < model->variables.count; i++)
        if (model->variables.items[i].handle->order)
            model->variables.items[kept++] = model->variables.items[i];
    model->variables.count = kept;
    if (kept)
        qsort(model->variables.items, kept, sizeof *model->variables.items, compare_variables);
}

void czm_passes_run(czm_context *context, czm_model *model, czm_pass_target target) {
    drop_unused_functions(context, model);
    for (size_t i = 0; i < CZM_COUNT_OF(passes); i++) {
        passes[i](context, model, target);
        czm_each_graph(context, model, sort);
    }
    settle_variables(model);
}
