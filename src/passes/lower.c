// SPDX-License-Identifier: Apache-2.0
//
// Pass "lower": replaces nodes that TensorFlow 2.0.0's CPU kernels reject or compute wrongly by ops that they
// support, with the same values. docs/tf200-gaps.md has the measurements.
#include "passes/lower.h"

typedef enum rewrite_name {
    NO_REWRITE,
#define REWRITE(name, ...) name,
#include "passes/rewrites.def"
    REWRITE_COUNT
} rewrite_name;

static const czm_rewrite rewrites[REWRITE_COUNT] = {
#define REWRITE(name, is_for, why) \
    [name] = {czm_##name##_applies, czm_##name##_rewrite, CZM_FOR_##is_for, why},
#include "passes/rewrites.def"
};

enum { MOST_OF_ONE = 4 };

static const struct {
    czm_op_kind op;
    uint8_t names[MOST_OF_ONE];
} rows[CZM_OP_KIND_COUNT] = {
#define OP(name, ...) [CZM_OP_##name] = {.op = CZM_OP_##name, __VA_ARGS__},
#define LOWER(...) .names = {__VA_ARGS__},
#include "op/ops.def"
};

const char *czm_lower_name(czm_lowering *l, const czm_node *node, const char *suffix) {
    return czm_arena_format(l->context->arena, "%s/%s", node->name, suffix);
}

czm_node *czm_lower_split(czm_lowering *l, czm_node *node, const char *suffix) {
    czm_node *core = czm_graph_add_named(l->graph, czm_lower_name(l, node, suffix), node->op);
    core->def = node->def;
    core->inputs = node->inputs;
    core->attrs = node->attrs;
    core->controls = node->controls;
    node->inputs = (czm_tensor_list){0};
    node->attrs = (czm_attr_list){0};
    node->scratch = core;
    return core;
}

czm_node *czm_lower_add(czm_lowering *l, const czm_node *node, const char *suffix, czm_op_kind op,
                        const czm_tensor *inputs, size_t count) {
    return czm_build_node(l->graph, czm_lower_name(l, node, suffix), op, inputs, count);
}

czm_tensor czm_lower_ints(czm_lowering *l, const czm_node *node, const char *suffix,
                          const int32_t *values, size_t count) {
    return czm_add_const_ints(l->graph, czm_lower_name(l, node, suffix), values, count, false);
}

czm_tensor czm_lower_int(czm_lowering *l, const czm_node *node, const char *suffix, int32_t value) {
    return czm_add_const_ints(l->graph, czm_lower_name(l, node, suffix), &value, 1, true);
}

czm_tensor czm_lower_reshape(czm_lowering *l, const czm_node *node, const char *suffix,
                             czm_tensor value, czm_tensor dims) {
    czm_node *reshape = czm_lower_add(l, node, suffix, CZM_OP_Reshape, CZM_INPUTS(value, dims));
    czm_remove_attr(reshape, "Tshape"); // int32, its default
    return czm_output(reshape);
}

czm_tensor czm_lower_cast(czm_lowering *l, const czm_node *node, czm_tensor value, czm_dtype to) {
    return czm_build_cast(l->graph, czm_lower_name(l, node, "cast"), value, to);
}

czm_shape czm_lower_shape(const czm_lowering *l, czm_tensor tensor) {
    return l->shapes ? czm_shape_of(l->shapes, tensor) : czm_shape_unknown();
}

czm_value czm_lower_value(const czm_lowering *l, czm_tensor tensor) {
    return l->shapes ? czm_value_of(l->shapes, tensor) : (czm_value){0};
}

bool czm_lower_read_filter(const czm_lowering *l, const czm_node *node, size_t input,
                           int64_t dims[4]) {
    if (input >= node->inputs.count) return false;
    czm_shape shape = czm_lower_shape(l, node->inputs.items[input]);
    if (shape.rank != 4) return false;
    for (int i = 0; i < 4; i++) {
        dims[i] = shape.dims[i];
        if (dims[i] <= 0 || dims[i] > 1 << 24) return false;
    }
    return true;
}

int czm_lower_rank(const czm_node *node) {
    return czm_lower_is_channels_last(node) ? 4 : czm_attr_is(node, "data_format", "NDHWC") ? 5 : 0;
}

czm_node *czm_lower_copy(czm_lowering *l, const czm_node *node, const char *suffix) {
    czm_node *copy = czm_graph_add(l->graph, czm_lower_name(l, node, suffix), czm_node_kind(node));
    for (size_t i = 0; i < node->attrs.count; i++)
        *CZM_APPEND(l->context->arena, &copy->attrs) = node->attrs.items[i];
    return copy;
}

static bool apply(czm_lowering *l, czm_node *node, rewrite_name name) {
    const czm_rewrite *r = &rewrites[name];
    bool is_meant = r->target == CZM_FOR_ALL || r->target == l->target;
    if (name == NO_REWRITE || !is_meant || !r->applies(l, node)) return false;
    r->rewrite(l, node);
    return true;
}

static bool rewrite(czm_lowering *l, czm_node *node) {
    const uint8_t *own = rows[czm_node_kind(node)].names;
    if (!node->def) return false;
    bool is_done = apply(l, node, layout);
    for (size_t i = 0; i < MOST_OF_ONE && !is_done; i++) is_done = apply(l, node, own[i]);
    return is_done || apply(l, node, promotion);
}

// Readers of outputs 1 and higher of a split node read the node that was split off.
static void follow_splits(czm_tensor *t) {
    while (t->index > 0 && t->node->scratch) t->node = t->node->scratch;
}

static bool rewrite_all(czm_lowering *l) {
    czm_graph *graph = l->graph;
    size_t count = graph->nodes.count; // new nodes are processed in the next round
    bool is_changed = false;
    for (size_t i = 0; i < count; i++) graph->nodes.items[i]->scratch = NULL;
    for (size_t i = 0; i < count; i++) is_changed |= rewrite(l, graph->nodes.items[i]);
    if (!is_changed) return false;
    for (size_t i = 0; i < graph->nodes.count; i++)
        for (size_t k = 0; k < graph->nodes.items[i]->inputs.count; k++)
            follow_splits(&graph->nodes.items[i]->inputs.items[k]);
    for (size_t i = 0; i < graph->outputs.count; i++)
        follow_splits(&graph->outputs.items[i].tensor);
    czm_graph_sort(graph);
    return true;
}

// A rewrite may require another one, so rounds continue until nothing changes. Shapes are inferred again in each
// round, so a rewrite can use the shape of every tensor.
static void lower_graph(czm_lowering *l, czm_graph *graph, bool is_main) {
    enum { MOST_ROUNDS = 16 };
    l->graph = graph;
    for (int round = 0; round < MOST_ROUNDS; round++) {
        l->shapes = is_main ? czm_shapes_infer(l->context->arena, l->model, NULL) : NULL;
        if (!rewrite_all(l)) return;
    }
}

void czm_pass_lower(czm_context *context, czm_model *model, czm_pass_target target) {
    czm_lowering l = {.context = context, .model = model, .target = target};
    lower_graph(&l, &model->main, true);
    for (size_t i = 0; i < model->functions.count; i++)
        lower_graph(&l, model->functions.items[i], false);
}
