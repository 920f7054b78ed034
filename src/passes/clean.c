// SPDX-License-Identifier: Apache-2.0
//
// Pass "clean": removes the attributes that TensorFlow 2.0.0 does not support if this changes nothing. The check
// rejects the others.
//
//   * attrs that begin with "_" are notes of a runtime or compiler to itself
//   * an attr with its default value in the newer TensorFlow states what 2.0.0 does anyway
//   * the attrs in the table below have no influence on any output that is read
#include "passes/passes.h"

// `only_outputs`: the outputs that the attr can change, as a set of bits; 0: none at all.
typedef struct harmless_attr {
    const char *attr;
    unsigned only_outputs;
} harmless_attr;

static const harmless_attr harmless[] = {
    {"debug_name", 0},      // of a variable, for error messages
    {"allowed_devices", 0}, // a hint for placement
    // The weight of the running mean and variance, which only affects outputs 1 and 2 of a norm.
    {"exponential_avg_factor", 1u << 1 | 1u << 2},
    {"parallel_iterations", 0}, // how many iterations of a loop may overlap
};

// Which outputs of each node are read, as bits; the last bit represents all higher outputs.
static void mark_reads(czm_graph *graph, uint32_t *reads) {
    for (size_t i = 0; i < graph->nodes.count; i++) {
        const czm_tensor_list *inputs = &graph->nodes.items[i]->inputs;
        for (size_t k = 0; k < inputs->count; k++) {
            uint32_t index = inputs->items[k].index;
            reads[inputs->items[k].node->order] |= 1u << (index < 31 ? index : 31);
        }
    }
    for (size_t i = 0; i < graph->outputs.count; i++) {
        uint32_t index = graph->outputs.items[i].tensor.index;
        reads[graph->outputs.items[i].tensor.node->order] |= 1u << (index < 31 ? index : 31);
    }
}

static bool is_harmless(const czm_attr *attr, uint32_t reads) {
    for (size_t i = 0; i < CZM_COUNT_OF(harmless); i++)
        if (czm_bytes_is(attr->name, harmless[i].attr))
            return (harmless[i].only_outputs & reads) == 0;
    return false;
}

static bool is_removable(const czm_node *node, const czm_attr *attr, uint32_t reads) {
    if (attr->name.size && attr->name.data[0] == '_') return true;
    const czm_op_attr *known = node->def ? czm_op_attr_find(node->def, attr->name) : NULL;
    if (!known) return is_harmless(attr, reads);
    if (!known->is_new) return false;
    bool is_default = known->has_default && czm_bytes_equal(known->default_value, attr->value);
    return is_default || is_harmless(attr, reads);
}

static void clean_graph(czm_context *context, czm_model *model, czm_graph *graph) {
    (void)model;
    uint32_t *reads = CZM_NEW_ARRAY(context->arena, uint32_t, graph->nodes.count + 1);
    mark_reads(graph, reads);
    for (size_t i = 0; i < graph->nodes.count; i++) {
        czm_node *node = graph->nodes.items[i];
        size_t kept = 0;
        for (size_t k = 0; k < node->attrs.count; k++)
            if (!is_removable(node, &node->attrs.items[k], reads[node->order]))
                node->attrs.items[kept++] = node->attrs.items[k];
        node->attrs.count = kept;
    }
}

void czm_pass_clean(czm_context *context, czm_model *model, czm_pass_target target) {
    (void)target;
    czm_each_graph(context, model, clean_graph);
}
