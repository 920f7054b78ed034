// SPDX-License-Identifier: Apache-2.0
//
// From the path of a node to the author's name of the layer: "model/block3/conv/Conv2D" is the layer "block3/conv".
#include "graph/layer_name.h"

// Scopes that TensorFlow and Keras open inside a layer.
static const char *const inner_scopes[] = {
    "BiasAdd",
    "Conv1D",
    "Conv2D",
    "Conv3D",
    "FusedBatchNormV3",
    "Gelu",
    "PartitionedCall",
    "ReadVariableOp",
    "Softmax",
    "Tensordot",
    "add",
    "batchnorm",
    "cond",
    "convolution",
    "einsum",
    "moments",
    "mul",
    "resize",
    "separable_conv2d",
    "while",
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

// The size of a component without the number that tracing twice added: "conv_1" of "conv_1_2".
static size_t without_echo(const char *component, size_t size) {
    size_t end = size;
    while (end > 0 && component[end - 1] >= '0' && component[end - 1] <= '9') end--;
    return end > 1 && end < size && component[end - 1] == '_' ? end - 1 : size;
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
    size_t kept = names.has_echo && first <= size ? without_echo(name, first) : first;
    if (kept < first)
        return czm_arena_format(arena, "%.*s%.*s", (int)kept, name, (int)(size - first),
                                name + first);
    return czm_arena_format(arena, "%.*s", (int)size, name);
}

// Constants, inputs and weights have separate names and belong to no scope of the model.
static bool tells_scope(const czm_node *node) {
    return node->inputs.count > 0 && strchr(node->name, '/') &&
           !czm_node_is(node, CZM_OP_ReadVariableOp) && !czm_node_is(node, CZM_OP_Identity);
}

// A scope that all nodes share belongs to the model if most nodes have a layer's scope inside it; otherwise it
// belongs to the only layer.
static const char *common_scope(czm_arena *arena, const czm_graph *graph) {
    const char *common = NULL;
    size_t size = 0, in_layers = 0, count = 0;
    for (size_t i = 0; i < graph->nodes.count; i++) {
        const czm_node *node = graph->nodes.items[i];
        if (!tells_scope(node)) continue;
        if (!common) {
            common = node->name;
            size = first_component(common) + 1;
        } else if (strncmp(common, node->name, size) != 0) {
            return "";
        }
        in_layers += strchr(node->name + size, '/') != NULL;
        count++;
    }
    return common && in_layers * 2 > count ? czm_arena_format(arena, "%.*s", (int)size, common)
                                           : "";
}

// Variables have their layer's own name: if "model/conv_1/.../ReadVariableOp" reads "conv/kernel", the 1 was added by
// tracing.
static bool has_echo(const czm_graph *graph, const char *scope) {
    bool is_seen = false;
    size_t skip = strlen(scope);
    for (size_t i = 0; i < graph->nodes.count; i++) {
        const czm_node *node = graph->nodes.items[i];
        if (!czm_node_is(node, CZM_OP_ReadVariableOp) || node->inputs.count != 1 ||
            !czm_text_begins(node->name, scope))
            continue;
        const char *layer = node->name + skip, *own = node->inputs.items[0].node->name;
        size_t layer_size = first_component(layer), own_size = first_component(own);
        size_t kept = without_echo(layer, layer_size);
        if (layer_size == own_size && strncmp(layer, own, own_size) == 0) return false;
        is_seen |= kept == own_size && strncmp(layer, own, own_size) == 0;
    }
    return is_seen;
}

czm_layer_names czm_layer_names_of(czm_arena *arena, const czm_graph *graph) {
    const char *scope = common_scope(arena, graph);
    return (czm_layer_names){scope, *scope && has_echo(graph, scope)};
}
