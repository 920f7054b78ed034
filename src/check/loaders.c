// SPDX-License-Identifier: Apache-2.0
//
// Rule "loaders": whether each of TensorFlow's loaders opens the SavedModel. docs/formats/saved_model.md
// has the ways, and what each of them reads.
#include "check/check.h"

// Python's loader does not load functions that an attribute lists; pass "lower" replaces Case by If if possible.
static const czm_node *find_case(const czm_graph *graph) {
    for (size_t i = 0; i < graph->nodes.count; i++)
        if (czm_node_is(graph->nodes.items[i], CZM_OP_Case)) return graph->nodes.items[i];
    return NULL;
}

static const czm_node *find_any_case(const czm_model *model) {
    const czm_node *found = find_case(&model->main);
    for (size_t i = 0; i < model->functions.count && !found; i++)
        found = find_case(model->functions.items[i]);
    return found;
}

void czm_check_loaders(czm_context *context, const czm_check_subject *subject) {
    const czm_model *model = subject->model;
    if (model->opset || (subject->format && subject->format->opset)) return; // ONNX
    const czm_node *choice = find_any_case(model);
    if (!model->is_keras)
        czm_report_add(context->report, CZM_RULE_LOADERS, "saved_model.pb", NULL,
                       "the SavedModel describes no Keras model: tf.keras.models.load_model of "
                       "TensorFlow 2.0.0 cannot use it");
    else if (choice)
        czm_report_add(context->report, CZM_RULE_LOADERS,
                       czm_arena_format(subject->arena, "layer \"%s\"",
                                        czm_check_layer(subject, choice)),
                       "give each branch of tf.switch_case a function of its own",
                       "two operations Case share a branch: in TensorFlow 2.0.0 only TensorFlow "
                       "1's loader and the C API open the network, tf.saved_model.load and "
                       "tf.keras.models.load_model do not");
}
