// SPDX-License-Identifier: Apache-2.0
//
// Attention (operator set 23): softmax(query * key + bias) * value, by heads. The bias is minus infinity for keys
// that a query must not use: masks, windows, later keys (causal), padding of the keys.
#include "read/onnx/import.h"

#include <math.h>

enum { MOST_SCORES = 1 << 22 };
enum { CAPPED = 1, BIASED, NORMALISED }; // qk_matmul_output_mode; 0: the product

typedef struct attention {
    czm_tensor query, key, value;     // [batch, heads, length, size]
    czm_import_value *mask, *lengths; // of the keys that are no padding; NULL
    int64_t queries, keys, past;      // how many: CZM_UNKNOWN
    bool is_flat;                     // inputs are [batch, length, heads * size]
    bool is_causal, may_see_nothing;
    int64_t left, right; // of a window; -1: open
    czm_tensor bias;     // no node: none
} attention;

// [batch, length, heads * size] to [batch, heads, length, size].
static czm_tensor split_heads(czm_import_step *s, czm_tensor t, int64_t heads) {
    czm_shape in = czm_import_stored_shape(s, t);
    const int64_t exchange[] = {0, 2, 1, 3};
    int64_t length = in.rank == 3 ? in.dims[1] : CZM_UNKNOWN;
    int64_t size = in.rank == 3 && in.dims[2] > 0 ? in.dims[2] / heads : CZM_UNKNOWN;
    int64_t dims[] = {CZM_UNKNOWN, length, heads, size};
    return CZM_OUT(s, CZM_OP_Transpose, czm_import_reshape(s, t, dims, 4),
                   czm_import_const(s, exchange, 4));
}

static czm_tensor join_heads(czm_import_step *s, czm_tensor t) {
    czm_shape in = czm_import_stored_shape(s, t);
    const int64_t exchange[] = {0, 2, 1, 3};
    int64_t dims[] = {CZM_UNKNOWN, in.rank == 4 ? in.dims[2] : CZM_UNKNOWN,
                      in.rank == 4 ? czm_dim_multiply(in.dims[1], in.dims[3]) : CZM_UNKNOWN};
    return czm_import_reshape(s, CZM_OUT(s, CZM_OP_Transpose, t, czm_import_const(s, exchange, 4)),
                              dims, 3);
}

// Puts the keys or values of earlier calls before the new ones.
static czm_tensor join_past(czm_import_step *s, czm_import_value *past, czm_tensor t,
                            size_t output) {
    if (past)
        t = CZM_OUT(s, CZM_OP_ConcatV2, czm_import_plain(s, past), t, czm_import_const_of(s, 2));
    czm_import_put(s, output, t, czm_order_plain(4));
    return t;
}

// Repeats each head of the keys for consecutive heads of the queries.
static czm_status repeat_heads(czm_import_step *s, czm_tensor *t, int64_t heads) {
    czm_shape in = czm_import_stored_shape(s, *t);
    if (in.rank != 4 || in.dims[1] < 1 || heads < 1 || heads % in.dims[1])
        return czm_import_reject(s, NULL,
                                 "%lld heads of the keys do not divide %lld heads of the queries",
                                 (long long)(in.rank == 4 ? in.dims[1] : -1), (long long)heads);
    if (in.dims[1] == heads) return CZM_OK;
    int64_t times[] = {1, 1, heads / in.dims[1], 1, 1};
    int64_t dims[] = {CZM_UNKNOWN, heads, in.dims[2], in.dims[3]};
    if (in.dims[2] == CZM_UNKNOWN || in.dims[3] == CZM_UNKNOWN)
        return czm_import_reject(s, "export the network with a fixed size, or set the size",
                                 "grouped heads of an open size are not supported");
    czm_tensor wide = CZM_OUT(s, CZM_OP_ExpandDims, *t, czm_import_const_of(s, 2));
    *t = czm_import_reshape(s, CZM_OUT(s, CZM_OP_Tile, wide, czm_import_const(s, times, 5)), dims,
                            4);
    return CZM_OK;
}

static czm_status read_operands(czm_import_step *s, attention *a) {
    czm_tensor t[3];
    int64_t heads = czm_import_int(s, "q_num_heads", 0);
    int64_t of_keys = czm_import_int(s, "kv_num_heads", heads);
    a->is_flat = czm_import_order(s, s->inputs[0]).rank == 3;
    if (a->is_flat && (heads < 1 || of_keys < 1))
        return czm_import_reject(s, NULL, "the number of its heads is not given");
    for (size_t i = 0; i < 3; i++) {
        t[i] = czm_import_plain(s, s->inputs[i]);
        if (a->is_flat) t[i] = split_heads(s, t[i], i ? of_keys : heads);
    }
    czm_import_value *past = czm_import_in(s, 4);
    a->past = past ? czm_import_dim(s, past, 2) : 0;
    a->query = t[0];
    a->key = join_past(s, past, t[1], 1);
    a->value = join_past(s, czm_import_in(s, 5), t[2], 2);
    czm_shape shape = czm_import_stored_shape(s, a->query),
              keys = czm_import_stored_shape(s, a->key);
    if (shape.rank != 4 || shape.dims[3] <= 0 || keys.rank != 4)
        return czm_import_reject(s, NULL, "the size of its heads is not known");
    a->queries = shape.dims[2];
    a->keys = keys.dims[2];
    CZM_TRY(repeat_heads(s, &a->key, shape.dims[1]));
    return repeat_heads(s, &a->value, shape.dims[1]);
}

// ---- the bias

static czm_tensor minus_infinity_unless(czm_import_step *s, const attention *a,
                                        czm_tensor is_seen) {
    return CZM_OUT(s, CZM_OP_SelectV2, is_seen, czm_import_scalar(s, a->query, 0),
                   czm_import_scalar(s, a->query, -HUGE_VAL));
}

static void add_bias(czm_import_step *s, attention *a, czm_tensor bias) {
    a->bias = a->bias.node ? CZM_OUT(s, CZM_OP_AddV2, a->bias, bias) : bias;
}

// A mask for fewer keys excludes the last ones.
static czm_status add_mask(czm_import_step *s, attention *a) {
    int rank = czm_import_order(s, a->mask).rank;
    int64_t covered = czm_import_dim(s, a->mask, rank - 1);
    czm_tensor m = czm_import_plain(s, a->mask);
    if (czm_tensor_dtype(m) == CZM_DTYPE_BOOL) m = minus_infinity_unless(s, a, m);
    if (covered != a->keys && covered > 1 && a->keys != CZM_UNKNOWN) {
        double amounts[2 * CZM_MOST_AXES] = {0};
        int64_t dims[] = {rank, 2};
        if (covered > a->keys)
            return czm_import_reject(s, NULL, "its mask has more columns than there are keys");
        amounts[2 * rank - 1] = (double)(a->keys - covered);
        m = CZM_OUT(s, CZM_OP_PadV2, m,
                    czm_import_numbers_const(s, CZM_DTYPE_INT32, amounts, dims, 2),
                    czm_import_scalar(s, m, -HUGE_VAL));
    }
    a->may_see_nothing = true;
    add_bias(s, a, m);
    return CZM_OK;
}

// Whether a query uses a key that is `distance` positions after it.
static bool is_seen(const attention *a, int64_t distance) {
    return !(a->is_causal && distance > 0) && !(a->right >= 0 && distance > a->right) &&
           !(a->left >= 0 && -distance > a->left);
}

static void add_places(czm_import_step *s, attention *a) {
    int64_t dims[] = {a->queries, a->keys};
    double *bias = CZM_NEW_MATRIX(s->run->context->arena, double, a->queries, a->keys);
    for (int64_t i = 0; i < a->queries; i++) {
        bool sees = false;
        for (int64_t j = 0; j < a->keys; j++) {
            bool is_in = is_seen(a, j - i - a->past);
            bias[i * a->keys + j] = is_in ? 0 : -HUGE_VAL;
            sees |= is_in;
        }
        a->may_see_nothing |= !sees;
    }
    add_bias(s, a, czm_import_numbers_const(s, czm_tensor_dtype(a->query), bias, dims, 2));
}

// The same if the number of padded keys determines the first key of the queries, which then differs between images.
static void add_moved_places(czm_import_step *s, attention *a, czm_tensor lengths) {
    int64_t dims[] = {a->queries, a->keys};
    double *distance = CZM_NEW_MATRIX(s->run->context->arena, double, a->queries, a->keys);
    for (int64_t query = 0, i = 0; query < a->queries; query++)
        for (int64_t key = 0; key < a->keys; key++)
            distance[i++] = (double)(key - query + a->queries);
    czm_tensor d =
        CZM_OUT(s, CZM_OP_Sub,
                czm_import_numbers_const(s, czm_tensor_dtype(lengths), distance, dims, 2), lengths);
    double high = a->is_causal ? 0 : (double)a->right;
    if (a->is_causal || a->right >= 0)
        add_bias(s, a, minus_infinity_unless(s, a, czm_import_with(s, CZM_OP_LessEqual, d, high)));
    if (a->left >= 0)
        add_bias(s, a,
                 minus_infinity_unless(s, a,
                                       czm_import_with(s, CZM_OP_GreaterEqual, d,
                                                       -(double)a->left)));
}

static void add_padding(czm_import_step *s, attention *a, czm_tensor lengths) {
    double *place = CZM_NEW_ARRAY(s->run->context->arena, double, (size_t)a->keys + 1);
    for (int64_t j = 0; j < a->keys; j++) place[j] = (double)j;
    czm_tensor j = czm_import_numbers_const(s, czm_tensor_dtype(lengths), place, &a->keys, 1);
    add_bias(s, a, minus_infinity_unless(s, a, CZM_OUT(s, CZM_OP_Less, j, lengths)));
    a->may_see_nothing = true;
}

static czm_status make_bias(czm_import_step *s, attention *a) {
    bool needs_places = a->is_causal || a->left >= 0 || a->right >= 0;
    if (a->mask) CZM_TRY(add_mask(s, a));
    if (!needs_places && !a->lengths) return CZM_OK;
    if (a->queries < 1 || a->keys < 1 || a->past < 0 || a->keys > MOST_SCORES / a->queries)
        return czm_import_reject(
            s, "export the network with a fixed size, or set the size",
            "causal masks, windows and padding of an open size are not supported");
    if (!a->lengths) return add_places(s, a), CZM_OK;
    const int64_t column[] = {CZM_UNKNOWN, 1, 1, 1};
    czm_tensor lengths = czm_import_reshape(s, czm_import_plain(s, a->lengths), column, 4);
    if (needs_places) add_moved_places(s, a, lengths);
    return add_padding(s, a, lengths), CZM_OK;
}

// ---- the result

// A query without keys gives 0.
static czm_tensor weights(czm_import_step *s, const attention *a, czm_tensor scores) {
    czm_dtype own = czm_tensor_dtype(scores);
    int64_t precision = czm_import_int(s, "softmax_precision", 0), last = -1;
    czm_dtype dtype = precision ? czm_dtype_of_onnx((uint64_t)precision) : own;
    czm_tensor y =
        czm_import_cast(s, CZM_OUT(s, CZM_OP_Softmax, czm_import_cast(s, scores, dtype)), own);
    if (!a->may_see_nothing) return y;
    czm_node *most = CZM_NODE(s, CZM_OP_Max, a->bias, czm_import_const(s, &last, 1));
    czm_set_bool(s->run->graph, most, "keep_dims", true);
    czm_tensor sees_nothing = czm_import_with(s, CZM_OP_Equal, czm_output(most), -HUGE_VAL);
    return CZM_OUT(s, CZM_OP_SelectV2, sees_nothing, CZM_OUT(s, CZM_OP_ZerosLike, y), y);
}

czm_status czm_import_op_attention(czm_import_step *s) {
    attention a = {.mask = czm_import_in(s, 3),
                   .lengths = czm_import_in(s, 6),
                   .is_causal = czm_import_int(s, "is_causal", 0) != 0,
                   .left = czm_import_int(s, "left_window_size", -1),
                   .right = czm_import_int(s, "right_window_size", -1)};
    CZM_TRY(read_operands(s, &a));
    CZM_TRY(make_bias(s, &a));
    double size = (double)czm_import_stored_shape(s, a.query).dims[3],
           cap = czm_import_float(s, "softcap", 0);
    double scale = czm_import_float(s, "scale", 1 / sqrt(size));
    czm_tensor stages[NORMALISED + 1];
    czm_tensor scaled = scale == 1 ? a.query : czm_import_with(s, CZM_OP_Mul, a.query, scale);
    czm_tensor scores = czm_import_product(s, scaled, a.key, 4, 4, false, true);
    stages[0] = scores;
    if (cap > 0) {
        czm_tensor bounded =
            CZM_OUT(s, CZM_OP_Tanh, czm_import_with(s, CZM_OP_RealDiv, scores, cap));
        scores = czm_import_with(s, CZM_OP_Mul, bounded, cap);
    }
    stages[CAPPED] = scores;
    if (a.bias.node) scores = CZM_OUT(s, CZM_OP_AddV2, scores, a.bias);
    stages[BIASED] = scores;
    stages[NORMALISED] = weights(s, &a, scores);
    czm_tensor y = czm_import_product(s, stages[NORMALISED], a.value, 4, 4, false, false);
    int64_t mode = czm_import_int(s, "qk_matmul_output_mode", 0);
    if (mode < 0 || mode > NORMALISED)
        return czm_import_reject(s, NULL, "qk_matmul_output_mode is %lld, but must be 0 to 3",
                                 (long long)mode);
    czm_import_put(s, 0, a.is_flat ? join_heads(s, y) : y, czm_order_plain(a.is_flat ? 3 : 4));
    czm_import_put(s, 3, stages[mode], czm_order_plain(4));
    return CZM_OK;
}
