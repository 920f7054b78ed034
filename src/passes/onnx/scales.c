// SPDX-License-Identifier: Apache-2.0
//
// Moving the factors of a product of matrices; see scales.h.
#include "passes/onnx/scales.h"

#include "graph/build.h"

typedef struct scales {
    const czm_shapes *shapes;
    const size_t *readers; // by a node's order
} scales;

static bool is(czm_tensor t, czm_op_kind op) { return t.index == 0 && czm_node_is(t.node, op); }

static bool has_one_reader(const scales *s, czm_tensor t) { return s->readers[t.node->order] == 1; }

// The input of a Mul that is not a number, or -1.
static int scaled_input(const scales *s, const czm_node *mul, double *factor) {
    for (int i = 0; i < 2; i++) {
        czm_tensor number = mul->inputs.items[1 - i];
        if (czm_shape_of(s->shapes, number).rank == 0 &&
            czm_value_number(czm_value_of(s->shapes, number), factor))
            return i;
    }
    return -1;
}

// A factor above an operand of a product.
typedef struct factor {
    czm_tensor *scaled; // where the result of the Mul is read
    czm_tensor plain;   // what it multiplies
    double number;
    bool is_apart; // another operation is between the factor and the product
} factor;

static bool find_factor(const scales *s, czm_tensor *operand, bool is_apart, factor *f) {
    *f = (factor){.number = 1, .is_apart = is_apart};
    while (is(*operand, CZM_OP_Transpose) && has_one_reader(s, *operand)) {
        operand = &operand->node->inputs.items[0];
        f->is_apart = true;
    }
    if (!is(*operand, CZM_OP_Mul) || !has_one_reader(s, *operand) ||
        czm_tensor_dtype(*operand) != CZM_DTYPE_FLOAT)
        return false;
    int at = scaled_input(s, operand->node, &f->number);
    if (at < 0) return false;
    f->scaled = operand;
    f->plain = operand->node->inputs.items[at];
    return true;
}

static bool is_product(const czm_node *node) {
    return czm_node_is(node, CZM_OP_BatchMatMul) || czm_node_is(node, CZM_OP_BatchMatMulV2) ||
           czm_node_is(node, CZM_OP_BatchMatMulV3);
}

static czm_tensor new_number(czm_graph *graph, const char *name, double number) {
    uint8_t *bytes = czm_arena_alloc(graph->arena, sizeof(float));
    czm_store_float(bytes, (float)number);
    return czm_add_const(graph, name, CZM_DTYPE_FLOAT, czm_bytes_of(bytes, sizeof(float)), NULL, 0);
}

// The Mul of one operand becomes that of the first one.
static bool move_scale(czm_graph *graph, const scales *s, czm_node *product) {
    czm_tensor *in = product->inputs.items;
    factor f[2];
    bool has[] = {find_factor(s, &in[0], false, &f[0]),
                  find_factor(s, &in[1], czm_attr_bool(product, "adj_y"), &f[1])};
    if (!(has[0] && f[0].is_apart) && !(has[1] && f[1].is_apart)) return false;
    czm_node *mul = f[!has[0]].scaled->node;
    for (int i = 0; i < 2; i++)
        if (has[i]) *f[i].scaled = f[i].plain;
    czm_build_anew(graph, mul, CZM_OP_Mul,
                   CZM_INPUTS(in[0], new_number(graph, mul->name, f[0].number * f[1].number)));
    in[0] = (czm_tensor){mul, 0};
    return true;
}

bool czm_onnx_move_scales(czm_model *model, const czm_shapes *shapes) {
    czm_graph *graph = &model->main;
    size_t count = graph->nodes.count;
    size_t *readers = CZM_NEW_ARRAY(graph->arena, size_t, count + 1);
    bool is_changed = false;
    for (size_t i = 0; i < count; i++)
        for (size_t k = 0; k < graph->nodes.items[i]->inputs.count; k++)
            readers[graph->nodes.items[i]->inputs.items[k].node->order]++;
    for (size_t i = 0; i < graph->outputs.count; i++)
        readers[graph->outputs.items[i].tensor.node->order]++;
    scales s = {shapes, readers};
    for (size_t i = 0; i < count; i++) {
        czm_node *node = graph->nodes.items[i];
        if (is_product(node) && !czm_attr_bool(node, "adj_x"))
            is_changed |= move_scale(graph, &s, node);
    }
    if (is_changed) czm_graph_sort(graph);
    return is_changed;
}
