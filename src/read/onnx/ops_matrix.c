// SPDX-License-Identifier: Apache-2.0
//
// Products of matrices, and attention.
#include "read/onnx/import.h"

#include <math.h>

// Whether the value exists with its last two axes exchanged: a Transpose that was left out.
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

static czm_tensor product(czm_import_step *s, czm_tensor a, czm_tensor b, int rank_a, int rank_b,
                          bool exchanges_a, bool exchanges_b) {
    bool is_plain = rank_a == 2 && rank_b == 2;
    czm_node *node = CZM_NODE(s, is_plain ? "MatMul" : "BatchMatMulV2", a, b);
    czm_set_bool(s->run->graph, node, is_plain ? "transpose_a" : "adj_x", exchanges_a);
    czm_set_bool(s->run->graph, node, is_plain ? "transpose_b" : "adj_y", exchanges_b);
    return czm_output(node);
}

static czm_tensor squeeze(czm_import_step *s, czm_tensor t, int64_t axis) {
    czm_node *node = CZM_NODE(s, "Squeeze", t);
    czm_set_ints(s->run->graph, node, "squeeze_dims", &axis, 1);
    return czm_output(node);
}

// A vector is a row on the left and a column on the right.
static czm_status product_with_vector(czm_import_step *s, czm_import_value *a, czm_import_value *b) {
    int rank_a = czm_import_order(s, a).rank, rank_b = czm_import_order(s, b).rank;
    czm_tensor x = czm_import_plain(s, a), y = czm_import_plain(s, b);
    if (rank_a == 1) x = CZM_OUT(s, "ExpandDims", x, czm_import_const_of(s, 0));
    if (rank_b == 1) y = CZM_OUT(s, "ExpandDims", y, czm_import_const_of(s, 1));
    czm_tensor z = product(s, x, y, rank_a == 1 ? 2 : rank_a, rank_b == 1 ? 2 : rank_b, false, false);
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
    czm_import_put(s, 0, product(s, x, y, rank_a, rank_b, exchanges_a, exchanges_b),
                 czm_order_plain(rank_a > rank_b ? rank_a : rank_b));
    return CZM_OK;
}

static czm_tensor times(czm_import_step *s, czm_tensor x, double number) {
    return number == 1 ? x : CZM_OUT(s, "Mul", x, czm_import_scalar(s, x, number));
}

czm_status czm_import_op_gemm(czm_import_step *s) {
    czm_import_value *c = czm_import_in(s, 2);
    czm_tensor a = czm_import_plain(s, czm_import_in(s, 0)), b = czm_import_plain(s, czm_import_in(s, 1));
    czm_tensor y = product(s, a, b, 2, 2, czm_import_int(s, "transA", 0) != 0,
                           czm_import_int(s, "transB", 0) != 0);
    y = times(s, y, czm_import_float(s, "alpha", 1));
    double beta = czm_import_float(s, "beta", 1);
    if (c && beta != 0) y = CZM_OUT(s, "AddV2", y, times(s, czm_import_plain(s, c), beta));
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
    czm_node *node = czm_import_node(s, "Einsum", t, s->input_count);
    czm_set_string(s->run->graph, node, "equation", equation);
    czm_shape shape = czm_import_stored_shape(s, czm_output(node));
    if (shape.rank < 0 || shape.rank > CZM_MOST_AXES)
        return czm_import_reject(s, NULL, "the shape of its result is not known");
    czm_import_put(s, 0, czm_output(node), czm_order_plain(shape.rank));
    return CZM_OK;
}

// ---- attention

// [batch, length, heads * size] to [batch, heads, length, size].
static czm_tensor split_heads(czm_import_step *s, czm_tensor t, int64_t heads) {
    czm_shape in = czm_import_stored_shape(s, t);
    const int64_t exchange[] = {0, 2, 1, 3};
    int64_t length = in.rank == 3 ? in.dims[1] : CZM_UNKNOWN;
    int64_t size = in.rank == 3 && in.dims[2] > 0 ? in.dims[2] / heads : CZM_UNKNOWN;
    int64_t dims[] = {CZM_UNKNOWN, length, heads, size};
    return CZM_OUT(s, "Transpose", czm_import_reshape(s, t, dims, 4), czm_import_const(s, exchange, 4));
}

static czm_tensor join_heads(czm_import_step *s, czm_tensor t) {
    czm_shape in = czm_import_stored_shape(s, t);
    const int64_t exchange[] = {0, 2, 1, 3};
    int64_t dims[] = {CZM_UNKNOWN, in.rank == 4 ? in.dims[2] : CZM_UNKNOWN,
                      in.rank == 4 ? czm_dim_multiply(in.dims[1], in.dims[3]) : CZM_UNKNOWN};
    return czm_import_reshape(s, CZM_OUT(s, "Transpose", t, czm_import_const(s, exchange, 4)), dims, 3);
}

// Where a mask is true, or adds nothing, the key takes part.
static czm_tensor masked(czm_import_step *s, czm_tensor scores, czm_import_value *mask) {
    czm_tensor m = czm_import_plain(s, mask);
    if (czm_tensor_dtype(m) == CZM_DTYPE_BOOL)
        m = CZM_OUT(s, "SelectV2", m, czm_import_scalar(s, scores, 0),
                    czm_import_scalar(s, scores, -1e30));
    return CZM_OUT(s, "AddV2", scores, m);
}

czm_status czm_import_op_attention(czm_import_step *s) {
    czm_import_value *q = czm_import_in(s, 0), *mask = czm_import_in(s, 3);
    bool is_flat = czm_import_order(s, q).rank == 3, is_causal = czm_import_int(s, "is_causal", 0) != 0;
    int64_t heads = czm_import_int(s, "q_num_heads", 0), others = czm_import_int(s, "kv_num_heads", heads);
    czm_tensor t[3];
    for (size_t i = 0; i < 3; i++) {
        if (!czm_import_in(s, i)) return czm_import_reject(s, NULL, "query, key or value is absent");
        t[i] = czm_import_plain(s, s->inputs[i]);
        if (is_flat && heads > 0) t[i] = split_heads(s, t[i], heads);
    }
    czm_shape shape = czm_import_stored_shape(s, t[0]), keys = czm_import_stored_shape(s, t[1]);
    bool has_more = s->input_count > 4 || is_causal || czm_import_float(s, "softcap", 0) != 0 ||
                    (s->output_count > 1 && s->outputs[1]);
    if (has_more || others != heads || shape.rank != 4 || shape.dims[3] <= 0 || keys.rank != 4 ||
        keys.dims[1] != shape.dims[1] || (is_flat && heads < 1))
        return czm_import_reject(s, NULL, "this form of attention is not supported: caches, causal "
                                        "masks, grouped heads or further outputs");
    double scale = czm_import_float(s, "scale", 1 / sqrt((double)shape.dims[3]));
    czm_tensor scores = product(s, times(s, t[0], scale), t[1], 4, 4, false, true);
    if (mask) scores = masked(s, scores, mask);
    czm_tensor y = product(s, CZM_OUT(s, "Softmax", scores), t[2], 4, 4, false, false);
    czm_import_put(s, 0, is_flat ? join_heads(s, y) : y, czm_order_plain(is_flat ? 3 : 4));
    return CZM_OK;
}
