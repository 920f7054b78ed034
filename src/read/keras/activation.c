// SPDX-License-Identifier: Apache-2.0
//
// The table of activations by their names in Keras' configuration.
#include "read/keras/layers.h"

typedef struct activation {
    const char *name;
    czm_op_kind op; // if it is one op
    czm_tensor (*build)(czm_keras_call *c, czm_tensor x);
} activation;

static czm_tensor number(czm_keras_call *c, const char *suffix, czm_tensor like, double value) {
    return czm_keras_number(c, suffix, czm_tensor_dtype(like), value);
}

static czm_tensor linear(czm_keras_call *c, czm_tensor x) { return (void)c, x; }

static czm_tensor softmax(czm_keras_call *c, czm_tensor x) {
    return czm_keras_along_last(c, CZM_OP_Softmax, x, -1);
}

static czm_tensor mul(czm_keras_call *c, czm_tensor x, czm_tensor y) {
    return CZM_KERAS_AS(c, "mul", CZM_OP_Mul, x, y);
}

static czm_tensor times(czm_keras_call *c, czm_tensor x, double factor) {
    return CZM_KERAS_AS(c, "mul", CZM_OP_Mul, x, number(c, "mul/y", x, factor));
}

static czm_tensor plus(czm_keras_call *c, czm_tensor x, double term) {
    return CZM_KERAS_AS(c, "add", CZM_OP_AddV2, x, number(c, "add/y", x, term));
}

static czm_tensor clip(czm_keras_call *c, czm_tensor x, double low, double high) {
    czm_tensor y = CZM_KERAS_AS(c, "clip_by_value/Minimum", CZM_OP_Minimum, x,
                                number(c, "clip_by_value/Minimum/y", x, high));
    return CZM_KERAS_AS(c, "clip_by_value", CZM_OP_Maximum, y,
                        number(c, "clip_by_value/y", x, low));
}

static czm_tensor swish(czm_keras_call *c, czm_tensor x) {
    return mul(c, x, CZM_KERAS_OP(c, CZM_OP_Sigmoid, x));
}

static czm_tensor mish(czm_keras_call *c, czm_tensor x) {
    return mul(c, x, CZM_KERAS_OP(c, CZM_OP_Tanh, CZM_KERAS_OP(c, CZM_OP_Softplus, x)));
}

// The exact one: x/2 * (1 + erf(x / sqrt(2))).
static czm_tensor gelu(czm_keras_call *c, czm_tensor x) {
    czm_tensor half = CZM_KERAS_AS(c, "Gelu/mul", CZM_OP_Mul, number(c, "Gelu/mul/x", x, 0.5), x);
    czm_tensor scaled = CZM_KERAS_AS(c, "Gelu/truediv", CZM_OP_RealDiv, x,
                                     number(c, "Gelu/Cast/x", x, 1.4142135623730951));
    czm_tensor error = CZM_KERAS_AS(c, "Gelu/Erf", CZM_OP_Erf, scaled);
    czm_tensor sum =
        CZM_KERAS_AS(c, "Gelu/add", CZM_OP_AddV2, number(c, "Gelu/add/x", x, 1), error);
    return CZM_KERAS_AS(c, "Gelu/mul_1", CZM_OP_Mul, half, sum);
}

// relu6(x + 3) / 6
static czm_tensor hard_ramp(czm_keras_call *c, czm_tensor x) {
    return times(c, CZM_KERAS_OP(c, CZM_OP_Relu6, plus(c, x, 3)), 1.0 / 6);
}

// Keras 3 has another slope than Keras 1 and 2.
static czm_tensor hard_sigmoid(czm_keras_call *c, czm_tensor x) {
    if (c->b->file->major >= 3) return hard_ramp(c, x);
    return clip(c, plus(c, times(c, x, 0.2), 0.5), 0, 1);
}

static czm_tensor hard_silu(czm_keras_call *c, czm_tensor x) { return mul(c, x, hard_ramp(c, x)); }

static czm_tensor hard_tanh(czm_keras_call *c, czm_tensor x) { return clip(c, x, -1, 1); }

static czm_tensor leaky_relu(czm_keras_call *c, czm_tensor x) {
    czm_node *node = CZM_KERAS_NODE(c, CZM_OP_LeakyRelu, x);
    czm_set_float(c->graph, node, "alpha", 0.2f);
    return czm_output(node);
}

static czm_tensor squareplus(czm_keras_call *c, czm_tensor x) {
    czm_tensor root = CZM_KERAS_OP(c, CZM_OP_Sqrt, plus(c, CZM_KERAS_OP(c, CZM_OP_Square, x), 4));
    return times(c, CZM_KERAS_AS(c, "add", CZM_OP_AddV2, x, root), 0.5);
}

static czm_tensor log_sigmoid(czm_keras_call *c, czm_tensor x) {
    return CZM_KERAS_AS(c, "Neg_1", CZM_OP_Neg,
                        CZM_KERAS_OP(c, CZM_OP_Softplus, CZM_KERAS_OP(c, CZM_OP_Neg, x)));
}

static czm_tensor tanh_shrink(czm_keras_call *c, czm_tensor x) {
    return CZM_KERAS_AS(c, "sub", CZM_OP_Sub, x, CZM_KERAS_OP(c, CZM_OP_Tanh, x));
}

// What lies between -1/2 and 1/2, which both shrinking activations take away or move.
static czm_tensor soft_shrink(czm_keras_call *c, czm_tensor x) {
    return CZM_KERAS_AS(c, "sub", CZM_OP_Sub, x, clip(c, x, -0.5, 0.5));
}

static czm_tensor hard_shrink(czm_keras_call *c, czm_tensor x) {
    czm_tensor is_kept = CZM_KERAS_OP(c, CZM_OP_Greater, CZM_KERAS_OP(c, CZM_OP_Abs, x),
                                      number(c, "Greater/y", x, 0.5));
    return mul(c, x, czm_keras_cast(c, "Cast", is_kept, czm_tensor_dtype(x)));
}

// 0 below -1, x above 1, and a parabola between: ((clip(x) + 1) / 2)^2 + relu(x - 1).
static czm_tensor sparse_plus(czm_keras_call *c, czm_tensor x) {
    czm_tensor ramp = times(c, plus(c, clip(c, x, -1, 1), 1), 0.5);
    return CZM_KERAS_AS(c, "add", CZM_OP_AddV2, CZM_KERAS_OP(c, CZM_OP_Square, ramp),
                        CZM_KERAS_OP(c, CZM_OP_Relu, plus(c, x, -1)));
}

// clip((x + 1) / 2)
static czm_tensor sparse_sigmoid(czm_keras_call *c, czm_tensor x) {
    return clip(c, times(c, plus(c, x, 1), 0.5), 0, 1);
}

czm_tensor czm_keras_glu(czm_keras_call *c, czm_tensor x, int64_t axis) {
    czm_node *node = czm_keras_node(c, "split", CZM_OP_Split,
                                    CZM_KERAS_INPUTS(czm_keras_int(c, "split/split_dim", axis), x));
    czm_set_int(c->graph, node, "num_split", 2);
    return mul(c, czm_output(node), CZM_KERAS_OP(c, CZM_OP_Sigmoid, ((czm_tensor){node, 1})));
}

static czm_tensor glu(czm_keras_call *c, czm_tensor x) {
    return czm_keras_glu(c, x, (int64_t)czm_keras_rank(c, x) - 1);
}

// max(x - t, 0) as Keras 3.15 has it: of the values sorted down, those are the support with
// k x_k > x_1 + ... + x_k - 1, and t is the sum over the support of these sums, less 1, by its size.
static czm_tensor sparsemax(czm_keras_call *c, czm_tensor x) {
    size_t rank = czm_keras_rank(c, x);
    int64_t last = (int64_t)rank - 1, count = rank ? czm_keras_shape(c, x).dims[last] : CZM_UNKNOWN;
    if (count < 1) {
        czm_keras_fail(c, NULL, "sparsemax needs a known number of channels");
        return x;
    }
    double *numbers = CZM_NEW_ARRAY(c->arena, double, (size_t)count);
    for (int64_t i = 0; i < count; i++) numbers[i] = (double)(i + 1);
    czm_tensor places = czm_keras_numbers(c, "range", czm_tensor_dtype(x), numbers, &count, 1);
    czm_node *sort = CZM_KERAS_NODE(c, CZM_OP_TopKV2, x, czm_keras_int(c, "k", count));
    czm_set_bool(c->graph, sort, "sorted", true);
    czm_tensor sorted = czm_output(sort);
    czm_tensor sums = CZM_KERAS_OP(c, CZM_OP_Cumsum, sorted, czm_keras_int(c, "Cumsum/axis", last));
    czm_tensor is_above =
        CZM_KERAS_OP(c, CZM_OP_Greater, mul(c, sorted, places), plus(c, sums, -1));
    czm_tensor support = czm_keras_cast(c, "Cast", is_above, czm_tensor_dtype(x));
    czm_tensor size = czm_keras_reduce(c, "Sum", CZM_OP_Sum, support, &last, 1, true);
    czm_tensor above =
        czm_keras_reduce(c, "Sum_1", CZM_OP_Sum, mul(c, sums, support), &last, 1, true);
    czm_tensor bound = CZM_KERAS_AS(c, "truediv", CZM_OP_RealDiv, plus(c, above, -1), size);
    return CZM_KERAS_OP(c, CZM_OP_Relu, CZM_KERAS_AS(c, "sub", CZM_OP_Sub, x, bound));
}

static const activation activations[] = {
    {"linear", CZM_OP_OTHER, linear},
    {"relu", CZM_OP_Relu, NULL},
    {"relu6", CZM_OP_Relu6, NULL},
    {"sigmoid", CZM_OP_Sigmoid, NULL},
    {"tanh", CZM_OP_Tanh, NULL},
    {"softmax", CZM_OP_OTHER, softmax},
    {"log_softmax", CZM_OP_LogSoftmax, NULL},
    {"elu", CZM_OP_Elu, NULL},
    {"celu", CZM_OP_Elu, NULL}, // with alpha 1 they are the same
    {"selu", CZM_OP_Selu, NULL},
    {"softplus", CZM_OP_Softplus, NULL},
    {"softsign", CZM_OP_Softsign, NULL},
    {"soft_sign", CZM_OP_Softsign, NULL},
    {"exponential", CZM_OP_Exp, NULL},
    {"swish", CZM_OP_OTHER, swish},
    {"silu", CZM_OP_OTHER, swish},
    {"gelu", CZM_OP_OTHER, gelu},
    {"mish", CZM_OP_OTHER, mish},
    {"leaky_relu", CZM_OP_OTHER, leaky_relu},
    {"hard_sigmoid", CZM_OP_OTHER, hard_sigmoid},
    {"hard_silu", CZM_OP_OTHER, hard_silu},
    {"hard_swish", CZM_OP_OTHER, hard_silu},
    {"hard_tanh", CZM_OP_OTHER, hard_tanh},
    {"squareplus", CZM_OP_OTHER, squareplus},
    {"log_sigmoid", CZM_OP_OTHER, log_sigmoid},
    {"tanh_shrink", CZM_OP_OTHER, tanh_shrink},
    {"soft_shrink", CZM_OP_OTHER, soft_shrink},
    {"hard_shrink", CZM_OP_OTHER, hard_shrink},
    {"sparse_plus", CZM_OP_OTHER, sparse_plus},
    {"sparse_sigmoid", CZM_OP_OTHER, sparse_sigmoid},
    {"sparsemax", CZM_OP_OTHER, sparsemax},
    {"glu", CZM_OP_OTHER, glu},
};

czm_tensor czm_keras_activate_by_name(czm_keras_call *c, const char *name, czm_tensor x) {
    for (size_t i = 0; i < CZM_COUNT_OF(activations); i++) {
        const activation *a = &activations[i];
        if (!czm_text_equal(a->name, name)) continue;
        return a->op ? CZM_KERAS_OP(c, a->op, x) : a->build(c, x);
    }
    czm_keras_fail(c, "use one of Keras' own activations, or save the model as a SavedModel",
                   "the activation \"%s\" is not supported", name);
    return x;
}

// A layer as activation: LeakyReLU, ReLU ... without weights.
static czm_tensor activate_by_layer(czm_keras_call *c, const json_t *value, czm_tensor x) {
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

czm_tensor czm_keras_activate(czm_keras_call *c, const json_t *value, czm_tensor x) {
    if (!value) return x;
    const char *name = json_string_value(value);
    if (!name && czm_text_equal(czm_config_class(value), "function"))
        name = json_string_value(json_object_get(value, "config"));
    if (name) return czm_keras_activate_by_name(c, name, x);
    if (json_is_object(value)) return activate_by_layer(c, value, x);
    czm_keras_fail_damaged(c, "the activation has no name");
    return x;
}
