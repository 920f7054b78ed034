// SPDX-License-Identifier: Apache-2.0
//
// Copies of models, so that a change can be tried. Names, attributes' values and weights are shared, for nothing
// changes them in place.
#include "graph/graph.h"

czm_node *czm_graph_copied(const czm_graph *copy, const czm_node *node) {
    return node->order ? copy->nodes.items[node->order - 1] : NULL;
}

static void *copy_items(czm_arena *arena, const void *items, size_t count, size_t size,
                        size_t *capacity) {
    *capacity = count;
    if (count == 0) return NULL;
    return memcpy(czm_arena_array(arena, count, size), items, count * size);
}

// Gives a list memory of its own.
#define COPY_LIST(arena, list)                                                              \
    ((list)->items = copy_items(arena, (list)->items, (list)->count, sizeof *(list)->items, \
                                &(list)->capacity))

static void copy_tensor(const czm_graph *graph, czm_tensor *tensor) {
    czm_node *copy = czm_graph_copied(graph, tensor->node);
    if (copy) tensor->node = copy;
}

static void copy_node(const czm_graph *graph, czm_node *node) {
    COPY_LIST(graph->arena, &node->inputs);
    COPY_LIST(graph->arena, &node->controls);
    COPY_LIST(graph->arena, &node->attrs);
    for (size_t i = 0; i < node->inputs.count; i++) copy_tensor(graph, &node->inputs.items[i]);
    for (size_t i = 0; i < node->controls.count; i++)
        node->controls.items[i] = czm_graph_copied(graph, node->controls.items[i]);
}

static void copy_ports(const czm_graph *graph, czm_port_list *ports) {
    COPY_LIST(graph->arena, ports);
    for (size_t i = 0; i < ports->count; i++) copy_tensor(graph, &ports->items[i].tensor);
}

static void copy_graph(czm_arena *arena, czm_graph *graph) {
    czm_node *nodes = CZM_NEW_ARRAY(arena, czm_node, graph->nodes.count);
    graph->arena = arena;
    COPY_LIST(arena, &graph->nodes);
    for (size_t i = 0; i < graph->nodes.count; i++) {
        nodes[i] = *graph->nodes.items[i];
        graph->nodes.items[i] = &nodes[i];
    }
    for (size_t i = 0; i < graph->nodes.count; i++) copy_node(graph, &nodes[i]);
    copy_ports(graph, &graph->inputs);
    copy_ports(graph, &graph->outputs);
}

czm_model czm_model_copy(czm_arena *arena, const czm_model *model) {
    czm_model copy = *model;
    copy.arena = arena;
    copy_graph(arena, &copy.main);
    copy.functions = (czm_graph_list){0};
    copy.functions_by_name = (czm_name_table){0};
    for (size_t i = 0; i < model->functions.count; i++) {
        czm_graph *function = CZM_NEW(arena, czm_graph);
        *function = *model->functions.items[i];
        copy_graph(arena, function);
        czm_model_add_function(&copy, function);
    }
    COPY_LIST(arena, &copy.variables);
    for (size_t i = 0; i < copy.variables.count; i++) {
        czm_node *handle = czm_graph_copied(&copy.main, copy.variables.items[i].handle);
        if (handle) copy.variables.items[i].handle = handle;
    }
    return copy;
}
