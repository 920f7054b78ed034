// SPDX-License-Identifier: Apache-2.0
//
// Products of matrices.
#include "read/onnx/import.h"

// Uses a value with its last two axes exchanged if it exists, so that no Transpose is needed.
static czm_tensor operand(czm_import_step *s, czm_import_value *v, bool *is_exchanged) {
    czm_order plain = czm_order_plain(czm_import_order(s, v).rank), exchanged = plain;
    int last = plain.rank - 1;
    exchanged.axis[last] = last - 1;
    exchanged.axis[last - 1] = last;
    bool has_exchanged = false;
    *is_exchanged = false;
    for (size_t i = 0; i < v->forms.count && !v->constant; i++) {
        if (czm_order_is_plain(&v->forms.items[i].order)) return v->forms.items[i].tensor;
        has_exchanged |= czm_order_equal(&v->forms.items[i].order, &exchanged);
    }
    *is_exchanged = has_exchanged;
    return czm_import_get(s, v, has_exchanged ? exchanged : plain);
}

czm_tensor czm_import_product(czm_import_step *s, czm_tensor a, czm_tensor b, int rank_a,
                              int rank_b, bool exchanges_a, bool exchanges_b) {
    bool is_plain = rank_a == 2 && rank_b == 2;
    czm_node *node = CZM_NODE(s, is_plain ? CZM_OP_MatMul : CZM_OP_BatchMatMulV2, a, b);
    czm_set_bool(s->run->graph, node, is_plain ? "transpose_a" : "adj_x", exchanges_a);
    czm_set_bool(s->run->graph, node, is_plain ? "transpose_b" : "adj_y", exchanges_b);
    return czm_output(node);
}

static czm_tensor squeeze(czm_import_step *s, czm_tensor t, int64_t axis) {
    czm_node *node = CZM_NODE(s, CZM_OP_Squeeze, t);
    czm_set_ints(s->run->graph, node, "squeeze_dims", &axis, 1);
    return czm_output(node);
}

// A vector is a row on the left and a column on the right.
static czm_status product_with_vector(czm_import_step *s, czm_import_value *a,
                                      czm_import_value *b) {
    int rank_a = czm_import_order(s, a).rank, rank_b = czm_import_order(s, b).rank;
    czm_tensor x = czm_import_plain(s, a), y = czm_import_plain(s, b);
    if (rank_a == 1) x = CZM_OUT(s, CZM_OP_ExpandDims, x, czm_import_const_of(s, 0));
    if (rank_b == 1) y = CZM_OUT(s, CZM_OP_ExpandDims, y, czm_import_const_of(s, 1));
    czm_tensor z = czm_import_product(s, x, y, rank_a == 1 ? 2 : rank_a, rank_b == 1 ? 2 : rank_b,
                                      false, false);
    if (rank_b == 1) z = squeeze(s, z, -1);
    if (rank_a == 1) z = squeeze(s, z, rank_b == 1 ? -1 : -2);
    int rank = rank_a > rank_b ? rank_a - 1 : rank_a == 1 && rank_b == 1 ? 0 : rank_b - 1;
    czm_import_put(s, 0, z, czm_order_plain(rank));
    return CZM_OK;
}

czm_status czm_import_op_matmul(czm_import_step *s) {
    czm_import_value *a = czm_import_in(s, 0), *b = czm_import_in(s, 1);
    int rank_a = czm_import_order(s, a).rank, rank_b = czm_import_order(s, b).rank;
    bool exchanges_a, exchanges_b;
    if (rank_a < 2 || rank_b < 2) return product_with_vector(s, a, b);
    czm_tensor x = operand(s, a, &exchanges_a), y = operand(s, b, &exchanges_b);
    czm_import_put(s, 0, czm_import_product(s, x, y, rank_a, rank_b, exchanges_a, exchanges_b),
                   czm_order_plain(rank_a > rank_b ? rank_a : rank_b));
    return CZM_OK;
}

czm_status czm_import_op_determinant(czm_import_step *s) {
    czm_import_value *x = czm_import_in(s, 0);
    int rank = czm_import_order(s, x).rank;
    if (rank < 2) return czm_import_reject(s, NULL, "its input is not a matrix");
    czm_import_put(s, 0, CZM_OUT(s, CZM_OP_MatrixDeterminant, czm_import_plain(s, x)),
                   czm_order_plain(rank - 2));
    return CZM_OK;
}

static czm_tensor times(czm_import_step *s, czm_tensor x, double number) {
    return number == 1 ? x : czm_import_with(s, CZM_OP_Mul, x, number);
}

czm_status czm_import_op_gemm(czm_import_step *s) {
    czm_import_value *c = czm_import_in(s, 2);
    czm_tensor a = czm_import_plain(s, czm_import_in(s, 0)),
               b = czm_import_plain(s, czm_import_in(s, 1));
    czm_tensor y = czm_import_product(s, a, b, 2, 2, czm_import_int(s, "transA", 0) != 0,
                                      czm_import_int(s, "transB", 0) != 0);
    y = times(s, y, czm_import_float(s, "alpha", 1));
    double beta = czm_import_float(s, "beta", 1);
    if (c && beta != 0) y = CZM_OUT(s, CZM_OP_AddV2, y, times(s, czm_import_plain(s, c), beta));
    czm_import_put(s, 0, y, czm_order_plain(2));
    return CZM_OK;
}

// Without "->" the result has the letters that occur once, sorted.
static const char *equation_of(czm_import_step *s) {
    czm_bytes given = czm_import_text(s, "equation");
    char *text = czm_arena_alloc(s->run->context->arena, given.size + 64);
    size_t used = 0;
    for (size_t i = 0; i < given.size; i++)
        if (given.data[i] != ' ') text[used++] = (char)given.data[i];
    if (strstr(text, "->")) return text;
    unsigned counts[128] = {0};
    for (size_t i = 0; i < used; i++) counts[text[i] & 127]++;
    text[used++] = '-';
    text[used++] = '>';
    for (int i = 0; i < 3 && strchr(text, '.'); i++) text[used + (size_t)i] = '.';
    used = strlen(text);
    for (int c = 'A'; c <= 'z'; c++)
        if (counts[c] == 1 && (c <= 'Z' || c >= 'a')) text[used++] = (char)c;
    return text;
}

czm_status czm_import_op_einsum(czm_import_step *s) {
    czm_tensor t[2];
    if (s->input_count < 1 || s->input_count > 2)
        return czm_import_reject(s, NULL, "an Einsum of %zu operands is not supported",
                                 s->input_count);
    const char *equation = equation_of(s);
    for (size_t i = 0; i < s->input_count; i++) t[i] = czm_import_plain(s, s->inputs[i]);
    czm_node *node = czm_import_node(s, CZM_OP_Einsum, t, s->input_count);
    czm_set_string(s->run->graph, node, "equation", equation);
    czm_shape shape = czm_import_stored_shape(s, czm_output(node));
    if (shape.rank < 0 || shape.rank > CZM_MOST_AXES)
        return czm_import_reject(s, NULL, "the shape of its result is not known");
    czm_import_put(s, 0, czm_output(node), czm_order_plain(shape.rank));
    return CZM_OK;
}
