// SPDX-License-Identifier: Apache-2.0
//
// Operations that work element by element. They keep the order in which their input is stored.
#include "read/onnx/import.h"

#include <math.h>

static czm_tensor minimum(czm_import_step *s, czm_tensor x, double number) {
    return czm_import_with(s, CZM_OP_Minimum, x, number);
}

static czm_tensor times(czm_import_step *s, czm_tensor x, double number) {
    return number == 1 ? x : czm_import_with(s, CZM_OP_Mul, x, number);
}

static czm_tensor plus(czm_import_step *s, czm_tensor x, double number) {
    return number == 0 ? x : czm_import_with(s, CZM_OP_AddV2, x, number);
}

static czm_status put(czm_import_step *s, czm_tensor y) {
    czm_import_put(s, 0, y, czm_import_order(s, czm_import_in(s, 0)));
    return CZM_OK;
}

static czm_tensor input(czm_import_step *s) { return czm_import_made(s, czm_import_in(s, 0)); }

czm_status czm_import_op_unary(czm_import_step *s) { return put(s, CZM_OUT(s, s->op, input(s))); }

czm_status czm_import_op_is_inf(czm_import_step *s) {
    bool is_high = czm_import_int(s, "detect_positive", 1) != 0;
    bool is_low = czm_import_int(s, "detect_negative", 1) != 0;
    czm_tensor x = input(s);
    if (is_high != is_low)
        return put(s, czm_import_with(s, CZM_OP_Equal, x, is_high ? HUGE_VAL : -HUGE_VAL));
    if (is_high) return put(s, CZM_OUT(s, CZM_OP_IsInf, x));
    return put(s, CZM_OUT(s, CZM_OP_NotEqual, CZM_OUT(s, CZM_OP_IsInf, x),
                          CZM_OUT(s, CZM_OP_IsInf, x)));
}

// ---- activations

czm_status czm_import_op_leaky_relu(czm_import_step *s) {
    czm_node *node = CZM_NODE(s, CZM_OP_LeakyRelu, input(s));
    czm_set_float(s->run->graph, node, "alpha", (float)czm_import_float(s, "alpha", 0.01));
    return put(s, czm_output(node));
}

// gamma * (x > 0 ? x : alpha * (exp(x * inner) - 1))
czm_status czm_import_op_elu(czm_import_step *s) {
    const double selu_alpha = 1.67326319217681884765625, selu_gamma = 1.05070102214813232421875;
    bool is_selu = czm_import_is(s, "Selu"), is_celu = czm_import_is(s, "Celu");
    double alpha = czm_import_float(s, "alpha", is_selu ? selu_alpha : 1);
    double gamma = is_selu ? czm_import_float(s, "gamma", selu_gamma) : 1;
    czm_tensor x = input(s);
    if (alpha == selu_alpha && gamma == selu_gamma) return put(s, CZM_OUT(s, CZM_OP_Selu, x));
    czm_tensor elu = CZM_OUT(s, CZM_OP_Elu, times(s, x, is_celu ? 1 / alpha : 1));
    if (alpha == 1 && gamma == 1) return put(s, elu);
    czm_tensor negative = times(s, minimum(s, elu, 0), gamma * alpha);
    return put(s, CZM_OUT(s, CZM_OP_AddV2, times(s, CZM_OUT(s, CZM_OP_Relu, x), gamma), negative));
}

czm_status czm_import_op_hard_sigmoid(czm_import_step *s) {
    bool is_swish = czm_import_is(s, "HardSwish");
    czm_tensor x = input(s);
    double alpha = is_swish ? 1.0 / 6 : czm_import_float(s, "alpha", 0.2);
    double beta = is_swish ? 0.5 : czm_import_float(s, "beta", 0.5);
    czm_tensor line = plus(s, times(s, x, alpha), beta);
    czm_tensor clipped = CZM_OUT(s, CZM_OP_ClipByValue, line, czm_import_scalar(s, line, 0),
                                 czm_import_scalar(s, line, 1));
    return put(s, is_swish ? CZM_OUT(s, CZM_OP_Mul, x, clipped) : clipped);
}

// Mish and Swish: x times a bounded function of x.
czm_status czm_import_op_times_itself(czm_import_step *s) {
    czm_tensor x = input(s);
    czm_tensor bounded =
        s->op ? CZM_OUT(s, CZM_OP_Tanh, CZM_OUT(s, s->op, x))
              : CZM_OUT(s, CZM_OP_Sigmoid, times(s, x, czm_import_float(s, "alpha", 1)));
    return put(s, CZM_OUT(s, CZM_OP_Mul, x, bounded));
}

// Swish of the first operand times the second one.
czm_status czm_import_op_swiglu(czm_import_step *s) {
    czm_tensor t[2];
    czm_order order = czm_import_align(s, s->inputs, 2, t);
    czm_tensor gate = CZM_OUT(s, CZM_OP_Sigmoid, times(s, t[0], czm_import_float(s, "alpha", 1)));
    czm_import_put(s, 0, CZM_OUT(s, CZM_OP_Mul, CZM_OUT(s, CZM_OP_Mul, t[0], gate), t[1]), order);
    return CZM_OK;
}

// An operation of the first exporters, which ONNX Runtime still computes.
czm_status czm_import_op_affine(czm_import_step *s) {
    czm_tensor scaled = times(s, input(s), czm_import_float(s, "alpha", 1));
    return put(s, plus(s, scaled, czm_import_float(s, "beta", 0)));
}

czm_status czm_import_op_gelu(czm_import_step *s) {
    czm_tensor x = input(s), inner;
    if (czm_import_text_is(s, "approximate", "none", "tanh")) {
        czm_tensor cube = CZM_OUT(s, CZM_OP_Mul, x, CZM_OUT(s, CZM_OP_Square, x));
        czm_tensor sum = CZM_OUT(s, CZM_OP_AddV2, x, times(s, cube, 0.044715));
        inner = CZM_OUT(s, CZM_OP_Tanh, times(s, sum, 0.7978845608028654));
    } else {
        inner = CZM_OUT(s, CZM_OP_Erf, czm_import_with(s, CZM_OP_RealDiv, x, 1.4142135623730951));
    }
    return put(s, CZM_OUT(s, CZM_OP_Mul, times(s, x, 0.5), plus(s, inner, 1)));
}

czm_status czm_import_op_thresholded_relu(czm_import_step *s) {
    czm_tensor x = input(s);
    czm_tensor is_above =
        CZM_OUT(s, CZM_OP_Greater, x, czm_import_scalar(s, x, czm_import_float(s, "alpha", 1)));
    return put(s, CZM_OUT(s, CZM_OP_Mul, x, czm_import_cast(s, is_above, czm_tensor_dtype(x))));
}

// Whole numbers are computed as floats, since limit and bias need not be whole.
czm_status czm_import_op_shrink(czm_import_step *s) {
    czm_dtype dtype = czm_tensor_dtype(input(s));
    czm_tensor x = czm_dtype_is_floating(dtype) ? input(s)
                                                : czm_import_cast(s, input(s), CZM_DTYPE_FLOAT);
    double limit = czm_import_float(s, "lambd", 0.5), bias = czm_import_float(s, "bias", 0);
    czm_tensor is_low = CZM_OUT(s, CZM_OP_Less, x, czm_import_scalar(s, x, -limit));
    czm_tensor is_high = CZM_OUT(s, CZM_OP_Greater, x, czm_import_scalar(s, x, limit));
    czm_tensor high =
        CZM_OUT(s, CZM_OP_SelectV2, is_high, plus(s, x, -bias), CZM_OUT(s, CZM_OP_ZerosLike, x));
    czm_tensor y = CZM_OUT(s, CZM_OP_SelectV2, is_low, plus(s, x, bias), high);
    return put(s, czm_import_cast(s, y, dtype));
}

// Up to operator set 10 the limits are attributes, then inputs that may be absent.
static czm_tensor limit(czm_import_step *s, czm_tensor x, size_t at, const char *name) {
    czm_import_value *v = czm_import_in(s, at);
    if (s->opset >= 11) return v ? czm_import_plain(s, v) : (czm_tensor){0};
    return czm_import_has(s, name) ? czm_import_scalar(s, x, czm_import_float(s, name, 0))
                                   : (czm_tensor){0};
}

static bool is_number(czm_import_step *s, czm_tensor t, double number) {
    if (!t.node) return false;
    czm_shapes_catch_up(s->run->shapes);
    czm_value value = czm_value_of(s->run->shapes, t);
    return value.elements && value.count == 1 && value.elements[0].is_known &&
           value.elements[0].number == number;
}

czm_status czm_import_op_clip(czm_import_step *s) {
    czm_tensor x = input(s);
    czm_tensor low = limit(s, x, 1, "min"), high = limit(s, x, 2, "max");
    if (is_number(s, low, 0) && is_number(s, high, 6)) return put(s, CZM_OUT(s, CZM_OP_Relu6, x));
    if (low.node) x = CZM_OUT(s, CZM_OP_Maximum, x, low);
    if (high.node) x = CZM_OUT(s, CZM_OP_Minimum, x, high);
    return put(s, x);
}

czm_status czm_import_op_cast(czm_import_step *s) {
    const czm_import_value *like = czm_import_in(s, 1);
    int64_t number = czm_import_int(s, "to", 0);
    czm_dtype to = like ? czm_import_type(like) : czm_dtype_of_onnx((uint64_t)number);
    if (to == CZM_DTYPE_NONE || to == CZM_DTYPE_STRING)
        return czm_import_reject(s, NULL,
                                 "it casts to type %lld, which TensorFlow 2.0.0 does not have",
                                 (long long)number);
    return put(s, czm_import_cast(s, input(s), to));
}

czm_status czm_import_op_identity(czm_import_step *s) {
    czm_import_pass(s, 0, czm_import_in(s, 0));
    return CZM_OK;
}

czm_status czm_import_op_dropout(czm_import_step *s) {
    size_t count;
    const czm_import_value *mode = czm_import_in(s, 2), *ratio = czm_import_in(s, 1);
    const double *is_training = mode ? czm_import_numbers(s, mode, 1, &count) : NULL;
    const double *share = ratio ? czm_import_numbers(s, ratio, 1, &count) : NULL;
    if (mode && (!is_training || *is_training != 0) && !(share && *share == 0))
        return czm_import_reject(s, "export the network in evaluation mode: model.eval()",
                                 "its dropout is active");
    czm_tensor x = input(s);
    czm_import_pass(s, 0, czm_import_in(s, 0));
    if (s->output_count > 1 && s->outputs[1])
        czm_import_put(s, 1, CZM_OUT(s, CZM_OP_OnesLike, czm_import_cast(s, x, CZM_DTYPE_BOOL)),
                       czm_import_order(s, czm_import_in(s, 0)));
    return CZM_OK;
}

// ---- several operands

// Before operator set 7 the axes of the second operand were named: "axis" is the first of them.
static void place_old_operand(czm_import_step *s) {
    czm_import_value *b = czm_import_in(s, 1);
    if (s->opset >= 7 || !czm_import_has(s, "axis") || !b || !b->constant) return;
    int rank = czm_import_order(s, s->inputs[0]).rank, own = b->constant->shape.rank;
    int64_t axis = czm_import_int(s, "axis", 0);
    czm_dims dims = czm_dims_of(b->constant->shape);
    for (int64_t i = (axis < 0 ? axis + rank : axis) + own; i < rank; i++) czm_dims_add(&dims, 1);
    czm_onnx_initializer *wide = CZM_NEW(s->run->context->arena, czm_onnx_initializer);
    *wide = *b->constant;
    wide->shape = czm_dims_keep(s->run->context->arena, &dims);
    czm_import_value *placed = CZM_NEW(s->run->scratch, czm_import_value);
    *placed = (czm_import_value){.name = b->name, .constant = wide};
    s->inputs[1] = placed;
}

typedef czm_tensor combine(czm_import_step *s, czm_tensor a, czm_tensor b);

static czm_status fold(czm_import_step *s, combine *function) {
    czm_tensor *t = CZM_NEW_ARRAY(s->run->context->arena, czm_tensor, s->input_count);
    for (size_t i = 0; i < s->input_count; i++)
        if (!s->inputs[i]) return czm_import_reject(s, NULL, "operand %zu is absent", i);
    place_old_operand(s);
    czm_order order = czm_import_align(s, s->inputs, s->input_count, t);
    czm_tensor y = t[0];
    for (size_t i = 1; i < s->input_count; i++) y = function(s, y, t[i]);
    if (czm_import_is(s, "Mean")) y = times(s, y, 1.0 / (double)s->input_count);
    czm_import_put(s, 0, y, order);
    return CZM_OK;
}

static czm_tensor combine_simply(czm_import_step *s, czm_tensor a, czm_tensor b) {
    return CZM_OUT(s, s->op, a, b);
}

// Integers are divided with rounding towards zero.
static czm_tensor combine_quotient(czm_import_step *s, czm_tensor a, czm_tensor b) {
    return CZM_OUT(s,
                   czm_dtype_is_floating(czm_tensor_dtype(a)) ? CZM_OP_RealDiv : CZM_OP_TruncateDiv,
                   a, b);
}

static czm_tensor combine_power(czm_import_step *s, czm_tensor a, czm_tensor b) {
    return CZM_OUT(s, CZM_OP_Pow, a, czm_import_cast(s, b, czm_tensor_dtype(a)));
}

static czm_tensor combine_modulo(czm_import_step *s, czm_tensor a, czm_tensor b) {
    return CZM_OUT(s, czm_import_int(s, "fmod", 0) ? CZM_OP_Mod : CZM_OP_FloorMod, a, b);
}

static czm_tensor combine_prelu(czm_import_step *s, czm_tensor x, czm_tensor slope) {
    czm_tensor negative = CZM_OUT(s, CZM_OP_Mul, minimum(s, x, 0), slope);
    return CZM_OUT(s, CZM_OP_AddV2, CZM_OUT(s, CZM_OP_Relu, x), negative);
}

czm_status czm_import_op_binary(czm_import_step *s) { return fold(s, combine_simply); }
czm_status czm_import_op_divide(czm_import_step *s) { return fold(s, combine_quotient); }
czm_status czm_import_op_power(czm_import_step *s) { return fold(s, combine_power); }
czm_status czm_import_op_modulo(czm_import_step *s) { return fold(s, combine_modulo); }
czm_status czm_import_op_prelu(czm_import_step *s) { return fold(s, combine_prelu); }

czm_status czm_import_op_where(czm_import_step *s) {
    czm_tensor t[3];
    czm_order order = czm_import_align(s, s->inputs, 3, t);
    czm_import_put(s, 0, CZM_OUT(s, CZM_OP_SelectV2, t[0], t[1], t[2]), order);
    return CZM_OK;
}

// A negative amount, or one that is not less than the number of bits of the type, gives 0; TensorFlow then shifts by
// all bits but one.
czm_status czm_import_op_bit_shift(czm_import_step *s) {
    czm_tensor t[2];
    czm_order order = czm_import_align(s, s->inputs, 2, t);
    czm_dtype dtype = czm_tensor_dtype(t[0]);
    double bits = 8 * (double)czm_dtype_size(dtype);
    bool is_left = czm_import_text_is(s, "direction", "", "LEFT");
    bool is_signed = dtype == CZM_DTYPE_INT8 || dtype == CZM_DTYPE_INT16 ||
                     dtype == CZM_DTYPE_INT32 || dtype == CZM_DTYPE_INT64;
    czm_tensor by = czm_import_cast(s, t[1], CZM_DTYPE_INT64);
    czm_tensor is_all = CZM_OUT(s, CZM_OP_LogicalOr, czm_import_with(s, CZM_OP_Less, by, 0),
                                czm_import_with(s, CZM_OP_GreaterEqual, by, bits));
    czm_tensor most =
        CZM_OUT(s, CZM_OP_SelectV2, is_all, czm_import_scalar(s, t[1], bits - 1), t[1]);
    czm_tensor y = CZM_OUT(s, is_left ? CZM_OP_LeftShift : CZM_OP_RightShift, t[0], most);
    if (is_left || !is_signed)
        y = CZM_OUT(s, CZM_OP_SelectV2, is_all, czm_import_scalar(s, y, 0), y);
    czm_import_put(s, 0, y, order);
    return CZM_OK;
}
