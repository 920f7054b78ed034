// SPDX-License-Identifier: Apache-2.0
//
// The table of activations by their names in Keras' configuration.
#include "read/keras/layers.h"

typedef struct activation {
    const char *name;
    czm_op_kind op; // if it is one op
    czm_keras_tensor (*build)(czm_keras_call *c, czm_keras_tensor x, double parameter);
    double parameter; // of Keras
} activation;

static czm_keras_tensor linear(czm_keras_call *c, czm_keras_tensor x, double none) {
    return (void)c, (void)none, x;
}

static czm_keras_tensor softmax(czm_keras_call *c, czm_keras_tensor x, double none) {
    (void)none;
    return czm_keras_along_last(c, CZM_OP_Softmax, x, -1);
}

static czm_keras_tensor mul(czm_keras_call *c, czm_keras_tensor x, czm_keras_tensor y) {
    return CZM_KERAS_OP(c, CZM_OP_Mul, x, y);
}

static czm_keras_tensor times(czm_keras_call *c, czm_keras_tensor x, double factor) {
    return czm_keras_with(c, CZM_OP_Mul, x, factor);
}

static czm_keras_tensor plus(czm_keras_call *c, czm_keras_tensor x, double term) {
    return czm_keras_with(c, CZM_OP_AddV2, x, term);
}

// x where it is larger than `bound`, else y.
static czm_keras_tensor where_above(czm_keras_call *c, czm_keras_tensor tested, double bound,
                                    czm_keras_tensor x, czm_keras_tensor y) {
    return CZM_KERAS_OP(c, CZM_OP_SelectV2, czm_keras_with(c, CZM_OP_Greater, tested, bound), x, y);
}

static czm_keras_tensor zero(czm_keras_call *c, czm_keras_tensor like) {
    return czm_keras_number(c, "zero", czm_keras_dtype(like), 0);
}

// x * sigmoid(beta * x)
static czm_keras_tensor swish(czm_keras_call *c, czm_keras_tensor x, double beta) {
    return mul(c, x, CZM_KERAS_OP(c, CZM_OP_Sigmoid, beta == 1 ? x : times(c, x, beta)));
}

static czm_keras_tensor mish(czm_keras_call *c, czm_keras_tensor x, double none) {
    (void)none;
    return mul(c, x, CZM_KERAS_OP(c, CZM_OP_Tanh, CZM_KERAS_OP(c, CZM_OP_Softplus, x)));
}

// The exact one: x/2 * (1 + erf(x / sqrt(2))).
static czm_keras_tensor gelu(czm_keras_call *c, czm_keras_tensor x, double none) {
    (void)none;
    czm_keras_tensor half = mul(c, czm_keras_number(c, "mul/x", czm_keras_dtype(x), 0.5), x);
    czm_keras_tensor scaled = czm_keras_with(c, CZM_OP_RealDiv, x, 1.4142135623730951);
    czm_keras_tensor error = CZM_KERAS_OP(c, CZM_OP_Erf, scaled);
    czm_keras_tensor one = czm_keras_number(c, "add/x", czm_keras_dtype(x), 1);
    return mul(c, half, CZM_KERAS_OP(c, CZM_OP_AddV2, one, error));
}

// relu6(x + 3) / 6
static czm_keras_tensor hard_ramp(czm_keras_call *c, czm_keras_tensor x) {
    return times(c, CZM_KERAS_OP(c, CZM_OP_Relu6, plus(c, x, 3)), 1.0 / 6);
}

// Keras 3 has another slope than Keras 1 and 2.
static czm_keras_tensor hard_sigmoid(czm_keras_call *c, czm_keras_tensor x, double none) {
    (void)none;
    if (c->b->file->major >= 3) return hard_ramp(c, x);
    return czm_keras_clip(c, plus(c, times(c, x, 0.2), 0.5), 0, 1);
}

static czm_keras_tensor hard_silu(czm_keras_call *c, czm_keras_tensor x, double none) {
    (void)none;
    return mul(c, x, hard_ramp(c, x));
}

static czm_keras_tensor hard_tanh(czm_keras_call *c, czm_keras_tensor x, double bound) {
    return czm_keras_clip(c, x, -bound, bound);
}

static czm_keras_tensor leaky_relu(czm_keras_call *c, czm_keras_tensor x, double slope) {
    czm_node *node = CZM_KERAS_NODE(c, CZM_OP_LeakyRelu, x);
    czm_set_float(c->graph, node, "alpha", (float)slope);
    return czm_keras_output(c, node, 0);
}

// x where it is positive, else alpha * (exp(x) - 1).
static czm_keras_tensor elu(czm_keras_call *c, czm_keras_tensor x, double alpha) {
    czm_keras_tensor y = CZM_KERAS_OP(c, CZM_OP_Elu, x);
    return alpha == 1 ? y : where_above(c, x, 0, y, times(c, y, alpha));
}

// alpha * Elu(x / alpha)
static czm_keras_tensor celu(czm_keras_call *c, czm_keras_tensor x, double alpha) {
    if (alpha == 1) return CZM_KERAS_OP(c, CZM_OP_Elu, x);
    if (alpha > 0) return times(c, CZM_KERAS_OP(c, CZM_OP_Elu, times(c, x, 1 / alpha)), alpha);
    czm_keras_fail(c, NULL, "alpha is not a positive number");
    return x;
}

// (x + sqrt(x^2 + b)) / 2
static czm_keras_tensor squareplus(czm_keras_call *c, czm_keras_tensor x, double b) {
    czm_keras_tensor root =
        CZM_KERAS_OP(c, CZM_OP_Sqrt, plus(c, CZM_KERAS_OP(c, CZM_OP_Square, x), b));
    return times(c, CZM_KERAS_OP(c, CZM_OP_AddV2, x, root), 0.5);
}

static czm_keras_tensor log_sigmoid(czm_keras_call *c, czm_keras_tensor x, double none) {
    (void)none;
    czm_keras_tensor below = CZM_KERAS_OP(c, CZM_OP_Softplus, CZM_KERAS_OP(c, CZM_OP_Neg, x));
    return CZM_KERAS_OP(c, CZM_OP_Neg, below);
}

static czm_keras_tensor tanh_shrink(czm_keras_call *c, czm_keras_tensor x, double none) {
    (void)none;
    return CZM_KERAS_OP(c, CZM_OP_Sub, x, CZM_KERAS_OP(c, CZM_OP_Tanh, x));
}

// What lies within the bounds, which both shrinking activations take away or move.
static czm_keras_tensor soft_shrink(czm_keras_call *c, czm_keras_tensor x, double bound) {
    return CZM_KERAS_OP(c, CZM_OP_Sub, x, czm_keras_clip(c, x, -bound, bound));
}

static czm_keras_tensor hard_shrink(czm_keras_call *c, czm_keras_tensor x, double bound) {
    czm_keras_tensor none = zero(c, x);
    return where_above(c, CZM_KERAS_OP(c, CZM_OP_Abs, x), bound, x, none);
}

// 0 below -1, x above 1, and a parabola between: ((clip(x) + 1) / 2)^2 + relu(x - 1).
static czm_keras_tensor sparse_plus(czm_keras_call *c, czm_keras_tensor x, double none) {
    (void)none;
    czm_keras_tensor ramp = times(c, plus(c, czm_keras_clip(c, x, -1, 1), 1), 0.5);
    return CZM_KERAS_OP(c, CZM_OP_AddV2, CZM_KERAS_OP(c, CZM_OP_Square, ramp),
                        CZM_KERAS_OP(c, CZM_OP_Relu, plus(c, x, -1)));
}

// clip((x + 1) / 2)
static czm_keras_tensor sparse_sigmoid(czm_keras_call *c, czm_keras_tensor x, double none) {
    (void)none;
    return czm_keras_clip(c, times(c, plus(c, x, 1), 0.5), 0, 1);
}

czm_keras_tensor czm_keras_glu(czm_keras_call *c, czm_keras_tensor x, int64_t axis) {
    czm_node *node = czm_keras_node(c, "split", CZM_OP_Split,
                                    CZM_KERAS_INPUTS(czm_keras_int(c, "split/split_dim", axis), x));
    czm_set_int(c->graph, node, "num_split", 2);
    return mul(c, czm_keras_output(c, node, 0),
               CZM_KERAS_OP(c, CZM_OP_Sigmoid, czm_keras_output(c, node, 1)));
}

static czm_keras_tensor glu(czm_keras_call *c, czm_keras_tensor x, double none) {
    (void)none;
    return czm_keras_glu(c, x, (int64_t)czm_keras_rank(c, x) - 1);
}

// max(x - t, 0) as Keras 3.15 has it: with the values sorted in descending order, the support are those with k x_k >
// x_1 + ... + x_k - 1, and t is (the sum of the support - 1) / its size.
static czm_keras_tensor sparsemax(czm_keras_call *c, czm_keras_tensor x, double none) {
    (void)none;
    size_t rank = czm_keras_rank(c, x);
    int64_t last = (int64_t)rank - 1, count = rank ? czm_keras_shape(c, x).dims[last] : CZM_UNKNOWN;
    if (count < 1) {
        czm_keras_fail(c, NULL, "sparsemax needs a known number of channels");
        return x;
    }
    double *numbers = CZM_NEW_ARRAY(c->arena, double, (size_t)count);
    for (int64_t i = 0; i < count; i++) numbers[i] = (double)(i + 1);
    czm_keras_tensor places = czm_keras_numbers(c, "range", czm_keras_dtype(x), numbers, &count, 1);
    czm_node *sort = CZM_KERAS_NODE(c, CZM_OP_TopKV2, x, czm_keras_int(c, "k", count));
    czm_set_bool(c->graph, sort, "sorted", true);
    czm_keras_tensor sorted = czm_keras_output(c, sort, 0);
    czm_keras_tensor sums =
        CZM_KERAS_OP(c, CZM_OP_Cumsum, sorted, czm_keras_int(c, "Cumsum/axis", last));
    czm_keras_tensor is_above =
        CZM_KERAS_OP(c, CZM_OP_Greater, mul(c, sorted, places), plus(c, sums, -1));
    czm_keras_tensor support = czm_keras_cast(c, "Cast", is_above, czm_keras_dtype(x));
    czm_keras_tensor size = czm_keras_reduce(c, NULL, CZM_OP_Sum, support, &last, 1, true);
    czm_keras_tensor above =
        czm_keras_reduce(c, NULL, CZM_OP_Sum, mul(c, sums, support), &last, 1, true);
    czm_keras_tensor bound = CZM_KERAS_OP(c, CZM_OP_RealDiv, plus(c, above, -1), size);
    return CZM_KERAS_OP(c, CZM_OP_Relu, CZM_KERAS_OP(c, CZM_OP_Sub, x, bound));
}

static const activation activations[] = {
    {"linear", CZM_OP_OTHER, linear, 0},
    {"relu", CZM_OP_Relu, NULL, 0},
    {"relu6", CZM_OP_Relu6, NULL, 0},
    {"sigmoid", CZM_OP_Sigmoid, NULL, 0},
    {"tanh", CZM_OP_Tanh, NULL, 0},
    {"softmax", CZM_OP_OTHER, softmax, 0},
    {"log_softmax", CZM_OP_LogSoftmax, NULL, 0},
    {"elu", CZM_OP_OTHER, elu, 1},
    {"celu", CZM_OP_OTHER, celu, 1},
    {"selu", CZM_OP_Selu, NULL, 0},
    {"softplus", CZM_OP_Softplus, NULL, 0},
    {"softsign", CZM_OP_Softsign, NULL, 0},
    {"soft_sign", CZM_OP_Softsign, NULL, 0},
    {"exponential", CZM_OP_Exp, NULL, 0},
    {"swish", CZM_OP_OTHER, swish, 1},
    {"silu", CZM_OP_OTHER, swish, 1},
    {"gelu", CZM_OP_OTHER, gelu, 0},
    {"mish", CZM_OP_OTHER, mish, 0},
    {"leaky_relu", CZM_OP_OTHER, leaky_relu, 0.2},
    {"hard_sigmoid", CZM_OP_OTHER, hard_sigmoid, 0},
    {"hard_silu", CZM_OP_OTHER, hard_silu, 0},
    {"hard_swish", CZM_OP_OTHER, hard_silu, 0},
    {"hard_tanh", CZM_OP_OTHER, hard_tanh, 1},
    {"squareplus", CZM_OP_OTHER, squareplus, 4},
    {"log_sigmoid", CZM_OP_OTHER, log_sigmoid, 0},
    {"tanh_shrink", CZM_OP_OTHER, tanh_shrink, 0},
    {"soft_shrink", CZM_OP_OTHER, soft_shrink, 0.5},
    {"hard_shrink", CZM_OP_OTHER, hard_shrink, 0.5},
    {"sparse_plus", CZM_OP_OTHER, sparse_plus, 0},
    {"sparse_sigmoid", CZM_OP_OTHER, sparse_sigmoid, 0},
    {"sparsemax", CZM_OP_OTHER, sparsemax, 0},
    {"glu", CZM_OP_OTHER, glu, 0},
};

czm_keras_tensor czm_keras_activate_by_name(czm_keras_call *c, const char *name, czm_keras_tensor x,
                                            const double *parameter) {
    for (size_t i = 0; i < CZM_COUNT_OF(activations); i++) {
        const activation *a = &activations[i];
        if (!czm_text_equal(a->name, name)) continue;
        return a->op ? CZM_KERAS_OP(c, a->op, x)
                     : a->build(c, x, parameter ? *parameter : a->parameter);
    }
    czm_keras_fail(c, "use one of Keras' own activations, or save the model as a SavedModel",
                   "the activation \"%s\" is not supported", name);
    return x;
}

// A layer as activation: LeakyReLU, ReLU ... without weights.
static czm_keras_tensor activate_by_layer(czm_keras_call *c, const json_t *value,
                                          czm_keras_tensor x) {
    czm_keras_layer layer = *c->layer;
    layer.class_name = czm_config_class(value);
    layer.config = json_object_get(value, "config");
    layer.class = czm_keras_class_find(layer.class_name);
    layer.weights.count = 0;
    if (!layer.class || *layer.class->weights || layer.class->rank) {
        czm_keras_fail(c, NULL, "the activation \"%s\" is not supported", layer.class_name);
        return x;
    }
    czm_keras_call inner = *c;
    inner.layer = &layer;
    inner.config = layer.config;
    inner.scope = czm_arena_format(c->arena, "%s/%s", c->scope,
                                   czm_config_text(layer.config, "name", layer.class_name));
    inner.in = &x;
    inner.in_count = 1;
    return layer.class->build(&inner);
}

czm_keras_tensor czm_keras_activate(czm_keras_call *c, const json_t *value, czm_keras_tensor x) {
    if (!value) return x;
    const char *name = json_string_value(value);
    if (!name && czm_text_equal(czm_config_class(value), "function"))
        name = json_string_value(json_object_get(value, "config"));
    if (name) return czm_keras_activate_by_name(c, name, x, NULL);
    if (json_is_object(value)) return activate_by_layer(c, value, x);
    czm_keras_fail_damaged(c, "the activation has no name");
    return x;
}
