// SPDX-License-Identifier: Apache-2.0
//
// Rules about the numbers that go in and come out: normalization, probabilities, random-op.
#include "analysis/probability.h"
#include "analysis/randomness.h"
#include "check/check.h"

const char *czm_check_steps_text(czm_context *context, const char *const steps[2]) {
    const char *first = czm_report_option(context->report, CZM_OPTION_POSTPROCESSING, steps[0]);
    if (!steps[1]) return first;
    return czm_arena_format(context->arena, "%s and %s", first,
                            czm_report_option(context->report, CZM_OPTION_POSTPROCESSING,
                                              steps[1]));
}

static const char *regression_text(czm_context *context) {
    return czm_arena_format(context->arena,
                            "use it as Regression in a .czann: \"Type\": \"Regression\" in "
                            "the specification of .czann files, and %s",
                            czm_report_option(context->report, CZM_OPTION_FORMAT, "czann-1.1.0"));
}

static const char *end_hint(const czm_probability *found, czm_type_values wanted) {
    if (wanted == CZM_VALUES_UNIT) return "end the network with a sigmoid";
    if (czm_node_is(found->node, CZM_OP_Sigmoid) && found->proof == CZM_REFUTED)
        return "end the network with a softmax over the classes; if a pixel may have several "
               "classes, use "
               "MultiClassSemanticSegmentation in a .czann";
    return "end the network with a softmax over the classes";
}

static const char *probability_hint(czm_context *context, const czm_probability *found,
                                    czm_type_values wanted) {
    if (found->proof == CZM_PROVEN)
        return "remove the last softmax or sigmoid, or the step that adds it";
    if (!found->remedies[0]) return end_hint(found, wanted);
    const char *steps = czm_arena_format(context->arena, "add %s: %s",
                                         found->remedies[1] ? "steps" : "a step",
                                         czm_check_steps_text(context, found->remedies));
    // One number per pixel may also be an intensity.
    if (!czm_text_equal(found->remedies[0], "sigmoid")) return steps;
    return czm_arena_format(context->arena, "%s; if the output is an image, %s", steps,
                            regression_text(context));
}

void czm_check_probabilities(czm_context *context, const czm_check_subject *s) {
    const czm_port *output = &s->model->main.outputs.items[0];
    if (!czm_dtype_is_floating(output->dtype) ||
        czm_report_has(context->report, CZM_RULE_INPUT_LAYOUT))
        return; // reported before
    czm_type_values wanted = s->spec ? czm_type_values_of(s->spec->model_type)
                                     : CZM_VALUES_SUM_TO_ONE;
    if (wanted == CZM_VALUES_FREE) {
        czm_report_not_checked(context->report, CZM_RULE_PROBABILITIES);
        return;
    }
    czm_probability found =
        czm_probability_of(s->arena, s->model, s->shapes, wanted == CZM_VALUES_SUM_TO_ONE);
    bool is_single = found.remedies[0] && czm_text_begins(found.remedies[0], "sigmoid");
    if (!found.finding || (is_single && czm_report_has(context->report, CZM_RULE_CLASS_COUNT)))
        return; // the finding about the class count suggests the same steps
    const char *where = czm_arena_format(s->arena, "output \"%s\"", output->name);
    if (s->family && found.proof != CZM_PROVEN)
        czm_report_add(context->report, CZM_RULE_PROBABILITIES, where, regression_text(context),
                       "this is not a segmentation network: the output of %s is %s",
                       s->family->tool, s->family->output);
    else
        czm_report_add(context->report, CZM_RULE_PROBABILITIES, where,
                       probability_hint(context, &found, wanted), "%s", found.finding);
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

// ---- normalisation in a tool's Python code

// Whether the input is first shifted or divided. A factor alone is no normalisation.
static bool is_normalised_inside(const czm_graph *graph, const czm_node *input) {
    const czm_node *at = input;
    for (size_t i = 0; i < graph->nodes.count; i++) { // in topological order
        const czm_node *node = graph->nodes.items[i];
        if (node->inputs.count == 0 || node->inputs.items[0].node != at) continue;
        if (czm_node_traits(node)->shifts) return true;
        if (czm_node_is(node, CZM_OP_Mul) || czm_node_is(node, CZM_OP_Identity) ||
            czm_node_is(node, CZM_OP_Cast))
            at = node;
    }
    return false;
}

void czm_check_normalization(czm_context *context, const czm_check_subject *s) {
    const czm_port *input = &s->model->main.inputs.items[0];
    if (!s->family || is_normalised_inside(&s->model->main, input->tensor.node)) return;
    czm_report_add(
        context->report, CZM_RULE_NORMALIZATION,
        czm_arena_format(s->arena, "input \"%s\"", input->name),
        czm_arena_format(s->arena,
                         "add a step with fixed numbers for all tiles (numbers of each tile "
                         "would make the tile edges visible): %s",
                         czm_report_option(context->report, CZM_OPTION_PREPROCESSING,
                                           s->family->step)),
        "this is a network of %s: %s in Python, but the exported network does not", s->family->tool,
        s->family->normalisation);
}
