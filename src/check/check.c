// SPDX-License-Identifier: Apache-2.0
//
// The table of checks, and their common functions.
#include "check/check.h"

#include "graph/layer_name.h"

enum { USUAL_SIDE = 1024 }; // a multiple of all usual strides

static const struct {
    void (*run)(czm_context *, const czm_check_subject *);
    bool is_of_ends; // needs only input and output of the network
} checks[] = {
    {czm_check_input, true},         {czm_check_output, true},
    {czm_check_metadata_fits, true}, {czm_check_stated_shapes, true},
    {czm_check_ops, false},          {czm_check_random_ops, false},
    {czm_check_loaders, false},      {czm_check_probabilities, false},
    {czm_check_tile_memory, false},  {czm_check_border, false},
    {czm_check_pixel_range, true},   {czm_check_opset, true},
    {czm_check_ir_version, true},    {czm_check_normalization, true},
};

// Findings that follow from another one would suggest the wrong repair.
bool czm_check_is_consequence(const czm_context *context) {
    static const czm_rule causes[] = {CZM_RULE_INPUT_RANK, CZM_RULE_INPUT_LAYOUT,
                                      CZM_RULE_OUTPUT_SIZE};
    for (size_t i = 0; i < CZM_COUNT_OF(causes); i++)
        if (czm_report_has(context->report, causes[i])) return true;
    return false;
}

void czm_checks_run(czm_context *context, const czm_check_subject *subject) {
    bool has_only_ends = subject->model->has_only_ends;
    for (size_t i = 0; i < CZM_COUNT_OF(checks); i++)
        if (checks[i].is_of_ends || !has_only_ends) checks[i].run(context, subject);
}

// The inferred shape of the output, or else that of the signature.
static czm_shape output_shape(czm_arena *arena, const czm_model *model, const czm_shapes *shapes) {
    czm_shape inferred = czm_shape_of(shapes, model->main.outputs.items[0].tensor);
    czm_shape declared = czm_shape_read(arena, model->output_shape);
    if (inferred.rank == CZM_UNKNOWN) return declared;
    if (declared.rank != inferred.rank) return inferred;
    int64_t *dims = CZM_NEW_ARRAY(arena, int64_t, (size_t)inferred.rank);
    for (int i = 0; i < inferred.rank; i++)
        dims[i] = inferred.dims[i] == CZM_UNKNOWN ? declared.dims[i] : inferred.dims[i];
    return (czm_shape){inferred.rank, dims};
}

// A size of the input in the specification of a .czann; CZM_UNKNOWN: not stated.
static int64_t stated_dim(const czm_check_subject *s, int dim) {
    const czm_spec *spec = s->spec;
    if (!spec || spec->input_rank + 1 != (size_t)s->input.rank || dim == 0) return CZM_UNKNOWN;
    return spec->input_shape[dim - 1] > 0 ? spec->input_shape[dim - 1] : CZM_UNKNOWN;
}

// The shapes for a batch of one, as ZEN feeds it. An open size is replaced by the stated one or, if `side` is not
// CZM_UNKNOWN, by that height and width.
static const czm_shapes *shapes_of_one_tile(czm_arena *arena, const czm_check_subject *s,
                                            int64_t side) {
    int rank = s->input.rank;
    if (rank != 4 && rank != 5) return s->shapes;
    int64_t *dims = CZM_NEW_ARRAY(arena, int64_t, (size_t)rank);
    for (int i = 0; i < rank; i++) {
        int64_t otherwise = i == 0                ? 1
                            : i + 1 == rank       ? CZM_UNKNOWN
                            : side == CZM_UNKNOWN ? stated_dim(s, i)
                                                  : side;
        dims[i] = s->input.dims[i] == CZM_UNKNOWN ? otherwise : s->input.dims[i];
    }
    if (memcmp(dims, s->input.dims, (size_t)rank * sizeof *dims) == 0) return s->shapes;
    const czm_shape tile = {rank, dims};
    return czm_shapes_infer(arena, s->model, &tile);
}

static bool has_open_size(czm_shape input) {
    return input.rank == 4 && (input.dims[1] == CZM_UNKNOWN || input.dims[2] == CZM_UNKNOWN);
}

static const czm_family *family_of(czm_arena *arena, const czm_model *model) {
    const czm_node_list *nodes = &model->main.nodes;
    const char **names = CZM_NEW_ARRAY(arena, const char *, nodes->count);
    if (model->has_only_ends) return czm_family_of(model->names.items, model->names.count);
    for (size_t i = 0; i < nodes->count; i++)
        names[i] = czm_layer_name(arena, nodes->items[i]->name, model->layer_names);
    return czm_family_of(names, nodes->count);
}

const czm_check_subject *czm_check_subject_of(czm_arena *arena, const czm_model *model,
                                              const czm_spec *spec, const czm_format *format) {
    czm_check_subject *s = CZM_NEW(arena, czm_check_subject);
    *s = (czm_check_subject){.arena = arena, .model = model, .spec = spec, .format = format};
    s->family = family_of(arena, model);
    s->shapes = czm_shapes_infer(arena, model, NULL);
    s->input = czm_shape_of(s->shapes, model->main.inputs.items[0].tensor);
    s->output = output_shape(arena, model, s->shapes);
    s->tile_shapes = shapes_of_one_tile(arena, s, CZM_UNKNOWN);
    // The receptive field does not depend on the size: an open size may have any value.
    const czm_shapes *sized = has_open_size(s->input) ? shapes_of_one_tile(arena, s, USUAL_SIDE)
                                                      : s->tile_shapes;
    s->fields = czm_fields_infer(arena, model, sized);
    s->memory = czm_tile_memory_of(arena, model, s->tile_shapes);
    return s;
}

czm_receptive_field czm_check_output_field(const czm_check_subject *subject) {
    return czm_field_of(subject->fields, subject->model->main.outputs.items[0].tensor);
}

static const czm_graph *graph_of(const czm_model *model, const czm_node *node) {
    for (size_t f = 0; f < model->functions.count; f++) {
        const czm_graph *graph = model->functions.items[f];
        for (size_t i = 0; i < graph->nodes.count; i++)
            if (graph->nodes.items[i] == node) return graph;
    }
    return &model->main;
}

const char *czm_check_layer(const czm_check_subject *subject, const czm_node *node) {
    const czm_graph *graph = graph_of(subject->model, node);
    czm_layer_names names = graph == &subject->model->main
                                ? subject->model->layer_names
                                : czm_layer_names_of(subject->arena, graph);
    return czm_layer_name(subject->arena, node->name, names);
}

static bool is_known(const czm_check_subject *subject, czm_tensor tensor) {
    return czm_shape_is_complete(czm_shape_of(subject->tile_shapes, tensor));
}

static const czm_tensor *unknown_input(const czm_check_subject *subject, const czm_node *node) {
    for (size_t i = 0; i < node->inputs.count; i++)
        if (!is_known(subject, node->inputs.items[i])) return &node->inputs.items[i];
    return NULL;
}

// Walks back from the output along unknown shapes to the first unknown one. A circle (of old-style loops) ends after
// as many steps as there are nodes.
const char *czm_check_stopped_at(const czm_check_subject *subject) {
    if (subject->model->has_only_ends) return "the ONNX file does not contain it";
    const czm_node *node = subject->model->main.outputs.items[0].tensor.node;
    for (size_t step = 0; step < subject->model->main.nodes.count; step++) {
        const czm_tensor *back = unknown_input(subject, node);
        if (!back) break;
        node = back->node;
    }
    return czm_arena_format(subject->arena, "the analysis stops at layer \"%s\" (op %s)",
                            czm_check_layer(subject, node), node->op);
}
