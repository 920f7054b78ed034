// SPDX-License-Identifier: Apache-2.0
//
// From a signature to a model; see model.h.
#include "read/savedmodel/model.h"

#include "base/enumeration.h"
#include "fold/fold.h"
#include "graph/layer_name.h"
#include "read/savedmodel/flatten.h"
#include "read/savedmodel/meta_graph.h"
#include "read/savedmodel/object_graph.h"
#include "read/savedmodel/state.h"
#include "read/savedmodel/variables.h"

static const char *list_keys(czm_arena *arena, const czm_signature_tensors *tensors) {
    czm_enumeration list = czm_enumeration_in(arena);
    for (size_t i = 0; i < tensors->count; i++)
        czm_enumerate(&list, "\"", czm_bytes_text(tensors->items[i].key), "\"");
    return czm_enumeration_text(&list);
}

// Exporters also write signatures for loading and training.
static bool is_internal(const czm_signature *s) {
    return czm_text_begins(s->key, "__saved_model_");
}

static bool is_usable(const czm_signature *s) { return s->outputs.count && !is_internal(s); }

static const char *list_signatures(czm_arena *arena, const czm_meta_graph *meta) {
    czm_enumeration list = czm_enumeration_in(arena);
    for (size_t i = 0; i < meta->signatures.count; i++)
        if (is_usable(&meta->signatures.items[i]))
            czm_enumerate(&list, "\"", czm_bytes_text(meta->signatures.items[i].key), "\"");
    return list.count ? czm_enumeration_text(&list) : "none";
}

static const czm_signature *find_signature(const czm_meta_graph *meta, const char *key) {
    for (size_t i = 0; i < meta->signatures.count; i++)
        if (czm_text_equal(meta->signatures.items[i].key, key)) return &meta->signatures.items[i];
    return NULL;
}

// serving_default, else serve (Keras 3), else the only one that has outputs.
static const czm_signature *usual_signature(const czm_meta_graph *meta) {
    static const char *const usual[] = {"serving_default", "serve"};
    for (size_t i = 0; i < CZM_COUNT_OF(usual); i++) {
        const czm_signature *found = find_signature(meta, usual[i]);
        if (found && found->outputs.count) return found;
    }
    const czm_signature *only = NULL;
    for (size_t i = 0; i < meta->signatures.count; i++) {
        const czm_signature *s = &meta->signatures.items[i];
        if (!is_usable(s)) continue;
        if (only) return NULL;
        only = s;
    }
    return only;
}

static czm_status choose_signature(czm_context *context, const czm_meta_graph *meta,
                                   const char *wanted, const czm_signature **chosen) {
    *chosen = wanted ? find_signature(meta, wanted) : usual_signature(meta);
    if (*chosen && (*chosen)->outputs.count) return CZM_OK;
    const char *there = list_signatures(context->arena, meta);
    if (wanted)
        return czm_report_add(context->report, CZM_RULE_SIGNATURE, meta->where,
                              "choose one of these signatures",
                              "there is no signature \"%s\" with outputs; there is %s", wanted,
                              there);
    if (czm_text_equal(there, "none"))
        return czm_report_add(context->report, CZM_RULE_SIGNATURE, meta->where,
                              "export it again with a signature for serving",
                              "no signature has an output");
    return czm_report_add(context->report, CZM_RULE_SIGNATURE, meta->where, NULL,
                          "several signatures have outputs and none has a default name: %s", there);
}

static czm_status choose_output(czm_context *context, const czm_meta_graph *meta,
                                const czm_signature *s, const char *wanted,
                                const czm_signature_tensor **chosen) {
    *chosen = !wanted && s->outputs.count == 1 ? &s->outputs.items[0] : NULL;
    for (size_t i = 0; wanted && i < s->outputs.count; i++)
        if (czm_text_equal(s->outputs.items[i].key, wanted)) *chosen = &s->outputs.items[i];
    if (*chosen) return CZM_OK;
    const char *keys = list_keys(context->arena, &s->outputs);
    const char *where =
        czm_arena_format(context->arena, "%s: signature \"%s\"", meta->where, s->key);
    if (wanted)
        return czm_report_add(context->report, CZM_RULE_ONE_OUTPUT, where,
                              "choose one of these outputs", "it has no output \"%s\", only %s",
                              wanted, keys);
    return czm_report_add(
        context->report, CZM_RULE_ONE_OUTPUT, where,
        czm_arena_format(context->arena, "choose the output with the class probabilities: %s",
                         czm_report_option(context->report, CZM_OPTION_OUTPUT, "NAME")),
        "it has %zu outputs: %s", s->outputs.count, keys);
}

// ---- functions that stay

typedef struct function_work {
    czm_context *context;
    czm_meta_graph *meta;
    czm_model *model;
    CZM_LIST(czm_flat_graph) flats; // beside model->functions, for what they call
    czm_name_table seen;
    czm_status status;
} function_work;

// Notes the nodes that run even if nothing reads them.
static void note_effects(czm_arena *arena, czm_flat_graph *flat) {
    for (size_t i = 0; i < flat->assigns.count; i++)
        *CZM_APPEND(arena, &flat->graph.effects) = flat->assigns.items[i];
    for (size_t i = 0; i < flat->functional.count; i++)
        *CZM_APPEND(arena, &flat->graph.effects) = flat->functional.items[i];
}

static void keep_function(void *user, czm_bytes name) {
    function_work *w = user;
    czm_name_slot *slot = czm_name_slot_for(w->context->arena, &w->seen, name);
    if (slot->value || w->status) return;
    czm_flat_graph *flat = CZM_NEW(w->context->arena, czm_flat_graph);
    slot->value = flat;
    w->status = czm_flatten_function(w->context, w->meta, name, flat);
    note_effects(w->context->arena, flat);
    *CZM_APPEND(w->context->arena, &w->flats) = *flat;
}

static void keep_functions_of(function_work *w, const czm_node_list *functional) {
    for (size_t i = 0; i < functional->count; i++)
        for (size_t k = 0; k < functional->items[i]->attrs.count; k++)
            czm_attr_each_function(functional->items[i]->attrs.items[k].value, keep_function, w);
}

static czm_status damaged(czm_context *context, const czm_meta_graph *meta, const czm_node *node,
                          const char *fault) {
    const char *where =
        czm_arena_format(context->arena, "%s: node \"%s\"", meta->where, node->name);
    return czm_report_add(context->report, CZM_RULE_MODEL_DAMAGED, where, "export the model again",
                          "%s", fault);
}

// What changes or measures a supported operation reads the inputs that its definition has.
static czm_status check_inputs(czm_context *context, const czm_meta_graph *meta,
                               const czm_node *node) {
    size_t count;
    if (czm_node_kind(node) == CZM_OP_OTHER || !node->def) return CZM_OK;
    const char *fault =
        czm_node_input_count(node, &count)
            ? czm_node_inputs_fault(context->arena, node)
            : "has an unknown number of inputs, since an attribute is missing or wrong";
    if (!fault) return CZM_OK;
    return damaged(context, meta, node,
                   czm_arena_format(context->arena, "the operation %s %s", node->op, fault));
}

// Sorts the graph, and checks its structure.
static czm_status settle(czm_context *context, const czm_meta_graph *meta, czm_graph *graph) {
    const czm_node *in_circle = czm_graph_sort(graph);
    if (in_circle)
        return damaged(context, meta, in_circle, "the input of the node depends on its own output");
    for (size_t i = 0; i < graph->nodes.count; i++)
        CZM_TRY(check_inputs(context, meta, graph->nodes.items[i]));
    return CZM_OK;
}

static czm_status keep_functions(function_work *w, const czm_flat_graph *main_flat) {
    keep_functions_of(w, &main_flat->functional);
    for (size_t i = 0; i < w->flats.count; i++) {
        czm_node_list functional = w->flats.items[i].functional; // the list may move
        keep_functions_of(w, &functional);
    }
    CZM_TRY(w->status);
    for (size_t i = 0; i < w->flats.count; i++) {
        czm_graph *graph = CZM_NEW(w->context->arena, czm_graph);
        *graph = w->flats.items[i].graph;
        CZM_TRY(settle(w->context, w->meta, graph));
        czm_model_add_function(w->model, graph);
    }
    return CZM_OK;
}

// ---- nodes that need an initialisation

static bool holds_asset(czm_arena *arena, const czm_meta_graph *meta, const czm_node *node) {
    const char *tensor = czm_arena_format(arena, "%s:0", node->name);
    return czm_name_find(&meta->assets, czm_bytes_text(tensor)) != NULL;
}

static czm_status check_initialisers(czm_context *context, const czm_meta_graph *meta,
                                     const czm_graph *graph) {
    czm_status worst = CZM_OK;
    for (size_t i = 0; i < graph->nodes.count; i++) {
        const czm_node *node = graph->nodes.items[i];
        bool is_asset = meta->assets.count && holds_asset(context->arena, meta, node);
        if (!is_asset && !czm_node_traits(node)->looks_up) continue;
        worst = czm_report_add(context->report, CZM_RULE_NEEDS_INITIALISER,
                               czm_arena_format(context->arena, "%s: node \"%s\"", meta->where,
                                                node->name),
                               "move the lookup out of the network",
                               is_asset ? "inference needs the path of an asset file"
                                        : "inference uses a lookup table (%s)",
                               node->op);
    }
    return worst;
}

// ---- the inputs that the output needs

// A tensor as the key of a table.
typedef struct tensor_key {
    const czm_node *node;
    uint64_t index;
} tensor_key;

static czm_name_slot *slot_of(czm_arena *arena, czm_name_table *table, czm_tensor t) {
    tensor_key *key = CZM_NEW(arena, tensor_key);
    *key = (tensor_key){t.node, t.index};
    return czm_name_slot_for(arena, table, czm_bytes_of(key, sizeof *key));
}

// The tensors among the graph's inputs that a node of the sorted graph reads.
static czm_name_table find_read(const czm_graph *graph) {
    czm_name_table read = {0};
    for (size_t i = 0; i < graph->inputs.count; i++)
        graph->inputs.items[i].tensor.node->scratch = graph->inputs.items[i].tensor.node;
    for (size_t i = 0; i < graph->nodes.count; i++) {
        const czm_tensor_list *inputs = &graph->nodes.items[i]->inputs;
        for (size_t k = 0; k < inputs->count; k++)
            if (inputs->items[k].node->scratch)
                slot_of(graph->arena, &read, inputs->items[k])->value = inputs->items[k].node;
    }
    for (size_t i = 0; i < graph->inputs.count; i++)
        graph->inputs.items[i].tensor.node->scratch = NULL;
    return read;
}

// The network begins at the tensor that the signature feeds: a Placeholder, a placeholder with a default, or the
// output of a decoder that is not run.
static czm_status begin_at(czm_context *context, const czm_meta_graph *meta, czm_graph *graph,
                           czm_port *input, czm_bytes declared_shape) {
    czm_node *node = input->tensor.node;
    if (input->tensor.index != 0)
        return czm_report_add(context->report, CZM_RULE_SIGNATURE,
                              czm_arena_format(context->arena, "%s: input \"%s\"", meta->where,
                                               input->name),
                              "feed a placeholder", "it feeds output %u of the node \"%s\"",
                              (unsigned)input->tensor.index, node->name);
    if (!czm_node_is(node, CZM_OP_Placeholder)) {
        czm_node_become(graph, node, CZM_OP_Placeholder);
        node->inputs.count = node->controls.count = node->attrs.count = 0;
        czm_set_type(graph, node, "dtype", input->dtype);
    }
    czm_bytes shape = czm_attr_shape(node, "shape");
    bool is_known = czm_node_has_attr(node, "shape") && !czm_wire_find(shape, 3).value;
    if (is_known) return CZM_OK;
    czm_buffer value = czm_buffer_in(context->arena);
    czm_put_bytes(&value, 7, declared_shape); // AttrValue.shape
    czm_set_attr(graph, node, "shape", czm_buffer_bytes(&value));
    return CZM_OK;
}

// Whether an input must be fed. Others are not needed for the output, or have a default (such as is_training of
// TensorFlow 1), which is then used.
static bool must_be_fed(const czm_graph *graph, czm_name_table *read, const czm_port *input) {
    return !czm_node_is(input->tensor.node, CZM_OP_PlaceholderWithDefault) &&
           slot_of(graph->arena, read, input->tensor)->value != NULL;
}

static czm_status choose_input(czm_context *context, const czm_meta_graph *meta,
                               const czm_signature *s, czm_graph *graph, size_t *chosen) {
    size_t count = 0;
    czm_name_table read = find_read(graph);
    *chosen = 0;
    for (size_t i = 0; i < s->inputs.count; i++) {
        bool is_needed = s->inputs.count == 1 || must_be_fed(graph, &read, &graph->inputs.items[i]);
        if (is_needed && count++ == 0) *chosen = i;
    }
    if (s->inputs.count == 0 || count != 1)
        return czm_report_add(context->report, CZM_RULE_ONE_INPUT,
                              czm_arena_format(context->arena, "%s: signature \"%s\"", meta->where,
                                               s->key),
                              "export a network whose only input is the image",
                              "it has %zu inputs%s%s", s->inputs.count, s->inputs.count ? ": " : "",
                              list_keys(context->arena, &s->inputs));
    graph->inputs.items[0] = graph->inputs.items[*chosen];
    graph->inputs.count = 1;
    return CZM_OK;
}

// Only the chosen input may need a value.
static czm_status check_feeds(czm_context *context, const czm_meta_graph *meta,
                              const czm_graph *graph) {
    const czm_node *input = graph->inputs.items[0].tensor.node;
    czm_status worst = CZM_OK;
    for (size_t i = 0; i < graph->nodes.count; i++) {
        const czm_node *node = graph->nodes.items[i];
        if (node == input ||
            (!czm_node_is(node, CZM_OP_Placeholder) && !czm_node_is(node, CZM_OP_PlaceholderV2)))
            continue;
        worst =
            czm_report_add(context->report, CZM_RULE_INPUT_UNFED,
                           czm_arena_format(context->arena, "%s: node \"%s\"", meta->where,
                                            node->name),
                           "make it a constant or a placeholder_with_default, and export again",
                           "the output depends on a placeholder that is not the signature's input");
    }
    return worst;
}

// The inputs come after the output: the first tensor is the output.
static czm_status flatten(czm_context *context, czm_meta_graph *meta, const czm_signature *s,
                          const czm_signature_tensor *output, czm_flat_graph *flat) {
    czm_bytes *tensors = CZM_NEW_ARRAY(context->arena, czm_bytes, s->inputs.count + 1);
    tensors[0] = output->tensor;
    for (size_t i = 0; i < s->inputs.count; i++) tensors[i + 1] = s->inputs.items[i].tensor;
    for (size_t i = 0; i <= s->inputs.count; i++)
        if (tensors[i].size == 0)
            return czm_report_add(context->report, CZM_RULE_SIGNATURE,
                                  czm_arena_format(context->arena, "%s: signature \"%s\"",
                                                   meta->where, s->key),
                                  "export a network whose input and output are dense tensors",
                                  "an input or output is not a dense tensor");
    CZM_TRY(czm_flatten_main(context, meta, tensors, s->inputs.count + 1, NULL, flat));
    czm_graph *graph = &flat->graph;
    for (size_t i = 0; i < s->inputs.count; i++)
        *CZM_APPEND(context->arena, &graph->inputs) = (czm_port){s->inputs.items[i].key,
                                                                 graph->outputs.items[i + 1].tensor,
                                                                 s->inputs.items[i].dtype};
    graph->outputs.count = 1;
    graph->outputs.items[0].name = output->key;
    graph->outputs.items[0].dtype = output->dtype;
    return CZM_OK;
}

// Whether a variable may decide what runs.
static bool has_effects(const czm_model *model) {
    for (size_t i = 0; i < model->main.effects.count; i++)
        if (model->main.effects.items[i]->order) return true;
    return false;
}

// Decides conditionals that depend on constants, defaults and small variables. A variable that is not saved is
// unknown here, and reported later.
static czm_status decide(czm_context *context, const czm_source *source, czm_meta_graph *meta,
                         czm_model *model) {
    czm_fold_defaults(model);
    CZM_TRY(settle(context, meta, &model->main));
    czm_fold_branches(context, model);
    if (has_effects(model)) {
        czm_report *quiet = czm_report_new();
        czm_context silent = {context->arena, quiet};
        czm_status status =
            quiet ? czm_variables_resolve(&silent, source, meta, &model->main, &model->variables)
                  : CZM_OK;
        (void)status; // missing variables are unknown
        czm_report_free(quiet);
        czm_fold_branches(context, model);
    }
    return settle(context, meta, &model->main);
}

czm_status czm_model_read(czm_context *context, const czm_source *source, const char *signature,
                          const char *output, czm_model *model) {
    czm_meta_graph meta;
    const czm_signature *s;
    const czm_signature_tensor *chosen_output;
    CZM_TRY(czm_meta_graph_read(context, source, &meta));
    *model = (czm_model){.arena = context->arena, .ops = meta.ops, .exporter = meta.exporter};
    CZM_TRY(choose_signature(context, &meta, signature, &s));
    CZM_TRY(choose_output(context, &meta, s, output, &chosen_output));
    model->signature = s->key;

    czm_flat_graph flat;
    CZM_TRY(flatten(context, &meta, s, chosen_output, &flat));
    note_effects(context->arena, &flat);
    function_work functions = {.context = context, .meta = &meta, .model = model};
    CZM_TRY(keep_functions(&functions, &flat));
    CZM_TRY(settle(context, &meta, &flat.graph));
    size_t input;
    CZM_TRY(choose_input(context, &meta, s, &flat.graph, &input));
    CZM_TRY(begin_at(context, &meta, &flat.graph, &flat.graph.inputs.items[0],
                     s->inputs.items[input].shape));
    model->main = flat.graph;
    model->output_shape = chosen_output->shape;
    model->is_keras = czm_objects_are_keras(meta.object_graph);
    CZM_TRY(decide(context, source, &meta, model));
    model->layer_names = czm_layer_names_of(context->arena, &model->main);
    czm_status state = czm_state_drop(context, meta.where, model);
    czm_status initialisers = check_initialisers(context, &meta, &model->main);
    czm_status feeds = check_feeds(context, &meta, &model->main);
    CZM_TRY(state ? state : initialisers ? initialisers : feeds);
    return czm_variables_resolve(context, source, &meta, &model->main, &model->variables);
}
