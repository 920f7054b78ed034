// SPDX-License-Identifier: Apache-2.0
//
// Rewrites of ops that are newer than TensorFlow 2.0.0 into older ones that do the same.
#include "passes/lower.h"

// ---- BatchMatMulV3, which differs from V2 in that its three types may differ

bool czm_matmul_v3_applies(czm_lowering *l, czm_node *node) {
    (void)l;
    return node->inputs.count == 2;
}

void czm_matmul_v3_rewrite(czm_lowering *l, czm_node *node) {
    static const char *const gone[] = {"Ta", "Tb", "Tout"};
    czm_dtype dtype = czm_attr_type(node, "Tout");
    for (size_t i = 0; i < node->inputs.count; i++)
        node->inputs.items[i] = czm_lower_cast(l, node, node->inputs.items[i], dtype);
    for (size_t i = 0; i < CZM_COUNT_OF(gone); i++) czm_remove_attr(node, gone[i]);
    czm_node_become(l->graph, node, CZM_OP_BatchMatMulV2);
    czm_set_type(l->graph, node, "T", dtype);
}

// ---- MatrixDiagV3 and similar ops: for the main diagonal they equal the older ops

static const struct {
    czm_op_kind op, older;
    size_t inputs; // of the older one; the next is the diagonal's number
} rows[CZM_OP_KIND_COUNT] = {
#define OP(name, ...) [CZM_OP_##name] = {.op = CZM_OP_##name, __VA_ARGS__},
#define OLDER(name, count) .older = CZM_OP_##name, .inputs = count,
#include "op/ops.def"
};

static bool is_number(const czm_lowering *l, czm_tensor tensor, double number) {
    double known;
    return czm_value_number(czm_lower_value(l, tensor), &known) && known == number;
}

// Inputs 2 and 3 of MatrixDiagV3 may be the numbers of rows and columns; -1: not given.
bool czm_diagonal_applies(czm_lowering *l, czm_node *node) {
    size_t diagonal = rows[czm_node_kind(node)].inputs;
    if (node->inputs.count <= diagonal || !is_number(l, node->inputs.items[diagonal], 0))
        return false;
    bool is_sized = rows[czm_node_kind(node)].older == CZM_OP_MatrixDiag;
    return !is_sized || (node->inputs.count > 3 && is_number(l, node->inputs.items[2], -1) &&
                         is_number(l, node->inputs.items[3], -1));
}

void czm_diagonal_rewrite(czm_lowering *l, czm_node *node) {
    node->inputs.count = rows[czm_node_kind(node)].inputs;
    czm_node_become(l->graph, node, rows[czm_node_kind(node)].older);
    czm_remove_attr(node, "align");
}
