// SPDX-License-Identifier: Apache-2.0
//
// Layers that multiply with matrices, and wrappers of layers.
#include <math.h>

#include "read/keras/layers.h"

enum { MOST_RANK = CZM_KERAS_HIGHEST_RANK };

static czm_keras_tensor gather(czm_keras_call *c, czm_keras_tensor shape, czm_keras_tensor places) {
    return CZM_KERAS_AS(c, "Tensordot/GatherV2", CZM_OP_GatherV2, shape, places,
                        czm_keras_int(c, "Tensordot/GatherV2/axis", 0));
}

static czm_keras_tensor product(czm_keras_call *c, czm_keras_tensor sizes) {
    czm_node *node =
        czm_keras_node(c, "Tensordot/Prod", CZM_OP_Prod,
                       CZM_KERAS_INPUTS(sizes, czm_keras_ints(c, "Tensordot/Const",
                                                              (const int64_t[]){0}, 1)));
    czm_set_bool(c->graph, node, "keep_dims", false);
    return czm_keras_output(c, node, 0);
}

static czm_keras_tensor join(czm_keras_call *c, czm_keras_tensor a, czm_keras_tensor b) {
    return CZM_KERAS_AS(c, "Tensordot/concat", CZM_OP_ConcatV2, a, b,
                        czm_keras_int(c, "Tensordot/concat/axis", 0));
}

// tf.tensordot over the last axis: reshape to a matrix, multiply, reshape back, as TensorFlow does.
static czm_keras_tensor tensordot(czm_keras_call *c, czm_keras_tensor x, size_t rank) {
    int64_t axes[MOST_RANK];
    for (size_t i = 0; i < rank; i++) axes[i] = (int64_t)i;
    const int64_t *dims = czm_keras_weight_dims(c, "kernel", 2);
    czm_keras_tensor kernel = czm_keras_weight_as(c, "kernel", "Tensordot/ReadVariableOp", 2);
    czm_keras_tensor free = czm_keras_ints(c, "Tensordot/free", axes, rank - 1);
    czm_keras_tensor last = czm_keras_ints(c, "Tensordot/axes", axes + rank - 1, 1);
    czm_keras_tensor shape = CZM_KERAS_AS(c, "Tensordot/Shape", CZM_OP_Shape, x);
    czm_keras_tensor outer = gather(c, shape, free), inner = gather(c, shape, last);
    czm_node *sizes = czm_keras_node(c, "Tensordot/stack", CZM_OP_Pack,
                                     CZM_KERAS_INPUTS(product(c, outer), product(c, inner)));
    czm_set_int(c->graph, sizes, "axis", 0);
    czm_keras_tensor turned =
        CZM_KERAS_AS(c, "Tensordot/transpose", CZM_OP_Transpose, x, join(c, free, last));
    czm_keras_tensor matrix =
        CZM_KERAS_AS(c, "Tensordot/Reshape", CZM_OP_Reshape, turned, czm_keras_output(c, sizes, 0));
    czm_keras_tensor units = czm_keras_ints(c, "Tensordot/Const_2", dims + 1, 1);
    czm_keras_tensor result = join(c, outer, units);
    czm_keras_tensor rows = CZM_KERAS_AS(c, "Tensordot/MatMul", CZM_OP_MatMul, matrix, kernel);
    return CZM_KERAS_AS(c, "Tensordot", CZM_OP_Reshape, rows, result);
}

czm_keras_tensor czm_keras_build_dense(czm_keras_call *c) {
    size_t rank = czm_keras_rank(c, c->in[0]);
    if (rank > 2) return czm_keras_finish(c, tensordot(c, c->in[0], rank));
    czm_keras_tensor kernel = czm_keras_weight_as(c, "kernel", "MatMul/ReadVariableOp", 2);
    return czm_keras_finish(c, CZM_KERAS_OP(c, CZM_OP_MatMul, c->in[0], kernel));
}

static czm_keras_tensor einsum(czm_keras_call *c, const char *suffix, const char *equation,
                               czm_keras_tensor x, czm_keras_tensor y) {
    czm_node *node = czm_keras_node(c, suffix, CZM_OP_Einsum, CZM_KERAS_INPUTS(x, y));
    czm_set_string(c->graph, node, "equation", equation);
    return czm_keras_output(c, node, 0);
}

static size_t weight_rank(czm_keras_call *c, const char *name) {
    size_t index;
    return czm_keras_layer_weight(c->layer, name, &index) ? c->layer->weights.items[index].rank : 0;
}

czm_keras_tensor czm_keras_build_einsum_dense(czm_keras_call *c) {
    const char *equation = czm_config_text(c->config, "equation", "");
    czm_keras_tensor kernel =
        czm_keras_weight_as(c, "kernel", "einsum/Einsum/ReadVariableOp", weight_rank(c, "kernel"));
    czm_keras_tensor y = einsum(c, "einsum/Einsum", equation, c->in[0], kernel);
    if (czm_keras_has_weight(c, "bias"))
        y = CZM_KERAS_OP(c, CZM_OP_AddV2, y,
                         czm_keras_weight_as(c, "bias", "add/ReadVariableOp",
                                             weight_rank(c, "bias")));
    return czm_keras_activate(c, czm_config_get(c->config, "activation"), y);
}

// ---- attention

// One of the four projections: its weights belong to a separate layer.
static czm_keras_tensor project(czm_keras_call *c, size_t index, const char *equation,
                                size_t bias_rank, czm_keras_tensor x) {
    czm_keras_call inner = *c;
    inner.layer = c->layer->inner.items[index];
    inner.scope = czm_arena_format(c->arena, "%s/%s", c->scope, inner.layer->name);
    czm_keras_tensor kernel =
        czm_keras_weight_as(&inner, "kernel", "einsum/Einsum/ReadVariableOp", 3);
    czm_keras_tensor y = einsum(&inner, "einsum/Einsum", equation, x, kernel);
    if (!czm_keras_has_weight(&inner, "bias")) return y;
    return CZM_KERAS_AS(&inner, "add", CZM_OP_AddV2, y,
                        czm_keras_weight_as(&inner, "bias", "add/ReadVariableOp", bias_rank));
}

czm_keras_tensor czm_keras_build_attention(czm_keras_call *c) {
    enum { QUERY, KEY, VALUE, OUTPUT };
    czm_keras_tensor query = c->in[0], value = c->in[c->in_count > 1],
                     key = c->in_count > 2 ? c->in[2] : value;
    int64_t key_dim = czm_config_int(c->config, "key_dim", 1), axis = 1;
    const json_t *axes = czm_config_get(c->config, "attention_axes");
    bool is_over_pixels = !axes || (czm_config_ints(axes, &axis, 1) == 1 && axis == 1);
    if (czm_keras_rank(c, query) != 3 || czm_keras_rank(c, value) != 3 || !is_over_pixels)
        czm_keras_fail(c, "reshape the image to [batch, pixels, channels] before the layer",
                       "attention over another axis than that of the pixels is not supported");
    if (key_dim < 1) czm_keras_fail_damaged(c, "key_dim is not a positive number");
    czm_keras_tensor q = project(c, QUERY, "abc,cde->abde", 2, query);
    czm_keras_tensor k = project(c, KEY, "abc,cde->abde", 2, key);
    czm_keras_tensor v = project(c, VALUE, "abc,cde->abde", 2, value);
    q = CZM_KERAS_OP(c, CZM_OP_Mul, q,
                     czm_keras_number(c, "Mul/y", c->dtype, 1 / sqrt((double)key_dim)));
    czm_keras_tensor scores = einsum(c, "einsum/Einsum", "aecd,abcd->acbe", k, q);
    czm_keras_tensor weights = CZM_KERAS_AS(c, "softmax/Softmax", CZM_OP_Softmax, scores);
    weights = CZM_KERAS_AS(c, "dropout/Identity", CZM_OP_Identity, weights);
    czm_keras_tensor mixed = einsum(c, "einsum_1/Einsum", "acbe,aecd->abcd", weights, v);
    return project(c, OUTPUT, "abcd,cde->abe", 1, mixed);
}

// ---- Dot

// Products along an axis of each, for each image: "abcz,adz->abcd".
static const char *dot_equation(czm_keras_call *c, const size_t *ranks, const int64_t *axes,
                                size_t *out_rank) {
    char in[2][MOST_RANK + 1] = {0}, out[2 * MOST_RANK + 1] = {0};
    *out_rank = 0;
    for (size_t k = 0; k < 2; k++)
        for (size_t i = 0; i < ranks[k]; i++) {
            bool is_summed = (int64_t)i == axes[k];
            in[k][i] = (char)(is_summed ? 'z' : i == 0 ? 'a' : 'b' + k * MOST_RANK + i);
            if (!is_summed && (i || k == 0)) out[(*out_rank)++] = in[k][i];
        }
    return czm_arena_format(c->arena, "%s,%s->%s", in[0], in[1], out);
}

czm_keras_tensor czm_keras_build_dot(czm_keras_call *c) {
    int64_t axes[2];
    size_t ranks[2], rank;
    czm_keras_tensor parts[2];
    bool is_good = c->in_count == 2 && czm_config_sizes(c->config, "axes", 2, -1, axes);
    for (size_t i = 0; i < 2 && is_good; i++) {
        parts[i] = c->in[i];
        ranks[i] = czm_keras_rank(c, parts[i]);
        if (axes[i] < 0) axes[i] += (int64_t)ranks[i];
        is_good = axes[i] > 0 && axes[i] < (int64_t)ranks[i];
        if (is_good && czm_config_bool(c->config, "normalize", false))
            parts[i] = czm_keras_unit(c, parts[i], &axes[i], 1, 0);
    }
    if (!is_good) {
        czm_keras_fail_damaged(c, "the layer needs two inputs, and an axis of each");
        return c->in[0];
    }
    const char *equation = dot_equation(c, ranks, axes, &rank);
    czm_keras_tensor y = einsum(c, "einsum/Einsum", equation, parts[0], parts[1]);
    return rank > 1 ? y : CZM_KERAS_OP(c, CZM_OP_ExpandDims, y, czm_keras_int(c, "dim", 1));
}

// ---- wrappers

czm_keras_tensor czm_keras_build_wrapped(czm_keras_call *c) {
    if (c->layer->inner.count)
        return czm_keras_run(c->b, c->layer->inner.items[0], c->scope, c->in, 1);
    czm_keras_fail_damaged(c, "the layer that it wraps is missing");
    return c->in[0];
}

// The second axis is folded into the batch.
czm_keras_tensor czm_keras_build_time_distributed(czm_keras_call *c) {
    size_t rank, inner_rank;
    czm_keras_size *sizes = czm_keras_sizes(c, c->in[0], &rank);
    if (rank < 3) {
        czm_keras_fail_damaged(c, "the layer's input has %zu dimensions", rank);
        return c->in[0];
    }
    czm_keras_size steps = sizes[1];
    sizes[1] = czm_keras_known(-1);
    czm_keras_tensor folded = czm_keras_reshape(c, c->in[0], sizes + 1, rank - 1);
    czm_keras_call inner = *c;
    inner.in = &folded;
    czm_keras_tensor y = czm_keras_build_wrapped(&inner);
    if (c->b->status) return c->in[0];
    czm_keras_size *after = czm_keras_sizes(c, y, &inner_rank), whole[MOST_RANK + 1];
    whole[0] = czm_keras_known(-1);
    whole[1] = steps;
    for (size_t i = 1; i < inner_rank; i++) whole[i + 1] = after[i];
    return czm_keras_reshape(c, y, whole, inner_rank + 1);
}
