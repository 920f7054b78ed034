// SPDX-License-Identifier: Apache-2.0
//
// From the path of a node to the name of the layer that its author knows: "model/block3/conv/Conv2D"
// is the layer "block3/conv".
#include "graph/layer_name.h"

// Scopes that TensorFlow and Keras open inside a layer.
static const char *const inner_scopes[] = {
    "Tensordot", "batchnorm", "moments",   "BiasAdd",  "ReadVariableOp", "einsum", "separable_conv2d",
    "depthwise", "Softmax",   "convolution", "cond",   "while",          "add",    "mul",        "resize",
};

static bool is_inner_scope(const char *component, size_t size) {
    for (size_t i = 0; i < CZM_COUNT_OF(inner_scopes); i++)
        if (strlen(inner_scopes[i]) == size && memcmp(inner_scopes[i], component, size) == 0)
            return true;
    return false;
}

static size_t last_slash(const char *text, size_t size) {
    while (size > 0 && text[size - 1] != '/') size--;
    return size ? size - 1 : 0;
}

// The end of the first component: "conv_1" of "conv_1/Conv2D".
static size_t first_component(const char *text) { return strcspn(text, "/"); }

static bool ends_with_echo(const char *component, size_t size) {
    return size > 2 && component[size - 2] == '_' && component[size - 1] == '1';
}

const char *czm_layer_name(czm_arena *arena, const char *name, czm_layer_names names) {
    size_t skip = strlen(names.scope);
    if (strncmp(name, names.scope, skip) == 0) name += skip;
    size_t size = last_slash(name, strlen(name));
    if (size == 0) return name;
    for (;;) {
        size_t outer = last_slash(name, size);
        size_t start = outer ? outer + 1 : 0;
        if (outer == 0 || !is_inner_scope(name + start, size - start)) break;
        size = outer;
    }
    size_t first = first_component(name);
    if (names.has_echo && first <= size && ends_with_echo(name, first))
        return czm_arena_format(arena, "%.*s%.*s", (int)first - 2, name, (int)(size - first),
                                name + first);
    return czm_arena_format(arena, "%.*s", (int)size, name);
}

// Constants, inputs and weights have names of their own and belong to no scope of the model.
static bool tells_scope(const czm_node *node) {
    return node->inputs.count > 0 && strchr(node->name, '/') &&
           !czm_node_is(node, "ReadVariableOp") && !czm_node_is(node, "Identity");
}

static const char *common_scope(czm_arena *arena, const czm_graph *graph) {
    const char *common = NULL;
    size_t size = 0;
    for (size_t i = 0; i < graph->nodes.count; i++) {
        const czm_node *node = graph->nodes.items[i];
        if (!tells_scope(node)) continue;
        if (!common) {
            common = node->name;
            size = first_component(common) + 1;
        } else if (strncmp(common, node->name, size) != 0) {
            return "";
        }
    }
    return common ? czm_arena_format(arena, "%.*s", (int)size, common) : "";
}

static bool all_have_echo(const czm_graph *graph, const char *scope) {
    bool is_any = false;
    for (size_t i = 0; i < graph->nodes.count; i++) {
        const czm_node *node = graph->nodes.items[i];
        if (!tells_scope(node)) continue;
        const char *layer = node->name + strlen(scope);
        if (!ends_with_echo(layer, first_component(layer))) return false;
        is_any = true;
    }
    return is_any;
}

czm_layer_names czm_layer_names_of(czm_arena *arena, const czm_graph *graph) {
    const char *scope = common_scope(arena, graph);
    return (czm_layer_names){scope, *scope && all_have_echo(graph, scope)};
}
