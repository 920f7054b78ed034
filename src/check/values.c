// SPDX-License-Identifier: Apache-2.0
//
// Rules about the numbers that come out: probabilities, random-op.
#include "analysis/probability.h"
#include "analysis/randomness.h"
#include "check/check.h"

void czm_check_probabilities(czm_context *context, const czm_check_subject *subject) {
    if (!czm_dtype_is_floating(subject->model->main.outputs.items[0].dtype)) return; // said before
    czm_probability found = czm_probability_of(subject->arena, subject->model, subject->shapes);
    if (found.proof == CZM_PROVEN) return;
    const char *hint = "end the network with a softmax over the classes";
    if (found.remedy)
        hint = czm_arena_format(subject->arena, "add a step: %s",
                                czm_report_option(context->report, CZM_OPTION_POSTPROCESSING,
                                                  found.remedy));
    czm_report_add(context->report, CZM_RULE_PROBABILITIES,
                   czm_arena_format(subject->arena, "output \"%s\"",
                                    subject->model->main.outputs.items[0].name),
                   hint, "%s", found.finding);
}

static bool is_told(const char *const *layers, size_t count, const char *layer) {
    for (size_t i = 0; i < count; i++)
        if (czm_text_equal(layers[i], layer)) return true;
    return false;
}

void czm_check_random_ops(czm_context *context, const czm_check_subject *subject) {
    czm_node_list nodes = czm_random_nodes(subject->arena, subject->model);
    const char **told = CZM_NEW_ARRAY(subject->arena, const char *, nodes.count);
    size_t count = 0;
    for (size_t i = 0; i < nodes.count; i++) {
        const char *layer = czm_check_layer(subject, nodes.items[i]);
        if (is_told(told, count, layer)) continue;
        told[count++] = layer;
        czm_report_add(context->report, CZM_RULE_RANDOM_OP,
                       czm_arena_format(subject->arena, "layer \"%s\"", layer), NULL,
                       "it draws random numbers (op %s)", nodes.items[i]->op);
    }
}
