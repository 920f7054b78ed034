// SPDX-License-Identifier: Apache-2.0
//
// Graphs for unit tests: an empty model, and nodes in one line.
#ifndef CZM_TESTS_GRAPHS_H
#define CZM_TESTS_GRAPHS_H

#include "graph/graph.h"
#include "support.h"

static inline czm_model *new_model(czm_context *c) {
    czm_model *model = CZM_NEW(c->arena, czm_model);
    model->arena = c->arena;
    model->ops = CZM_NEW(c->arena, czm_op_registry);
    model->ops->arena = c->arena;
    model->main.arena = c->arena;
    model->main.ops = model->ops;
    model->exporter = "2.4.0";
    return model;
}

// A node of the op of this name, with one element type.
static inline czm_tensor make_node(czm_graph *g, const char *op, const czm_tensor *inputs,
                                   size_t count) {
    const char *name = czm_arena_format(g->arena, "%s_%zu", op, g->nodes.count);
    czm_node *node = czm_graph_add_named(g, name, op);
    for (size_t i = 0; i < count; i++)
        if (inputs[i].node) czm_node_add_input(g, node, inputs[i]);
    czm_set_type(g, node, "T", CZM_DTYPE_FLOAT);
    return czm_output(node);
}

// A node that reads output 0 of `a` and `b`, which may be NULL.
static inline czm_node *add(czm_graph *g, const char *name, const char *op, czm_node *a,
                            czm_node *b) {
    czm_node *node = czm_graph_add_named(g, name, op);
    if (a) czm_node_add_input(g, node, czm_output(a));
    if (b) czm_node_add_input(g, node, czm_output(b));
    return node;
}

static inline void add_output(czm_graph *g, czm_node *node, uint32_t index) {
    *CZM_APPEND(g->arena, &g->outputs) = (czm_port){"out", {node, index}, CZM_DTYPE_FLOAT};
}

static inline void add_input(czm_graph *g, czm_node *node) {
    *CZM_APPEND(g->arena, &g->inputs) = (czm_port){"in", {node, 0}, CZM_DTYPE_FLOAT};
}

#endif
