// SPDX-License-Identifier: Apache-2.0
//
// Element-wise ops. They work in the layout of their inputs.
#include "write/onnx/layout.h"

#include <math.h>

#include "passes/onnx/norms.h"
#include "view/window.h"
#include "write/onnx/ops.h"

// ---- one input

static czm_dtype in_dtype(const czm_onnx_step *step) { return czm_onnx_in(step, 0)->dtype; }

// Relu of integers is newer than opset 12.
void czm_onnx_relu(czm_onnx_step *step) {
    if (czm_dtype_is_floating(in_dtype(step))) {
        czm_onnx_unary(step);
        return;
    }
    czm_onnx_layout layout = czm_onnx_layout_of(step);
    czm_onnx_put(step, layout,
                 CZM_ONNX(step, "Max", czm_onnx_operand(step, 0, layout),
                          czm_onnx_number(step, in_dtype(step), 0)));
}

void czm_onnx_unary(czm_onnx_step *step) {
    czm_onnx_layout layout = czm_onnx_layout_of(step);
    czm_onnx_put(step, layout, CZM_ONNX(step, step->detail, czm_onnx_operand(step, 0, layout)));
}

// Two nodes, "First Second".
void czm_onnx_chain(czm_onnx_step *step) {
    czm_onnx_layout layout = czm_onnx_layout_of(step);
    const char *name = czm_onnx_operand(step, 0, layout), *gap = strchr(step->detail, ' ');
    name = czm_onnx_emit(step,
                         czm_arena_string(step->arena,
                                          czm_bytes_of(step->detail, (size_t)(gap - step->detail))),
                         (const char *const[]){name, NULL});
    czm_onnx_put(step, layout, CZM_ONNX(step, gap + 1, name));
}

void czm_onnx_square(czm_onnx_step *step) {
    czm_onnx_layout layout = czm_onnx_layout_of(step);
    const char *x = czm_onnx_operand(step, 0, layout);
    czm_onnx_put(step, layout, CZM_ONNX(step, "Mul", x, x));
}

void czm_onnx_relu6(czm_onnx_step *step) {
    czm_onnx_layout layout = czm_onnx_layout_of(step);
    czm_dtype dtype = in_dtype(step);
    czm_onnx_put(step, layout,
                 CZM_ONNX(step, "Clip", czm_onnx_operand(step, 0, layout),
                          czm_onnx_number(step, dtype, 0), czm_onnx_number(step, dtype, 6)));
}

void czm_onnx_leaky_relu(czm_onnx_step *step) {
    czm_onnx_unary(step);
    czm_onnx_set_float(step, "alpha", czm_attr_float(step->node, "alpha"));
}

// TensorFlow's constants of Selu (core/kernels/relu_op_functor.h) are ONNX's defaults.

void czm_onnx_plus_one(czm_onnx_step *step) { // log(1 + x)
    czm_onnx_layout layout = czm_onnx_layout_of(step);
    const char *sum = CZM_ONNX(step, "Add", czm_onnx_operand(step, 0, layout),
                               czm_onnx_number(step, in_dtype(step), 1));
    czm_onnx_put(step, layout, CZM_ONNX(step, step->detail, sum));
}

void czm_onnx_minus_one(czm_onnx_step *step) { // exp(x) - 1
    czm_onnx_layout layout = czm_onnx_layout_of(step);
    const char *value = CZM_ONNX(step, step->detail, czm_onnx_operand(step, 0, layout));
    czm_onnx_put(step, layout,
                 CZM_ONNX(step, "Sub", value, czm_onnx_number(step, in_dtype(step), 1)));
}

// An operation of a tensor and a number.
static bool is_with_number(czm_tensor t, czm_op_kind op, czm_tensor *x, double *number) {
    if (t.index || !czm_node_is(t.node, op) || t.node->inputs.count != 2) return false;
    czm_tensor other = t.node->inputs.items[1];
    czm_value known = ((const czm_onnx_value *)other.node->scratch)[other.index].known;
    bool is_number = known.elements && known.count == 1 && known.elements[0].is_known;
    if (is_number) *number = known.elements[0].number;
    *x = t.node->inputs.items[0];
    return is_number;
}

// A tensor that is not an input of the node, in its own layout; NULL: a factor that went into a convolution has
// changed it.
static const char *read_above(czm_onnx_step *step, czm_tensor x, czm_onnx_layout *layout) {
    czm_onnx_value *value = (czm_onnx_value *)x.node->scratch + x.index;
    if (value->open && value->readers == 1) return NULL;
    *layout = (czm_onnx_layout){value->shape.rank, value->planar && value->shape.rank > 2};
    return layout->is_planar ? value->planar : czm_onnx_plain_of(step, value);
}

// 1 - erf(-x * factor), as newer TensorFlows write GELU, is 1 + erf(x / divisor), which engines join with the rest of it.
static bool put_erf_of_negative(czm_onnx_step *step) {
    double factor;
    czm_tensor negative;
    czm_onnx_layout layout;
    if (!is_with_number(step->node->inputs.items[0], CZM_OP_Mul, &negative, &factor) ||
        !czm_node_is(negative.node, CZM_OP_Neg) || factor == 0)
        return false;
    const char *x = read_above(step, negative.node->inputs.items[0], &layout);
    if (!x) return false;
    const char *quotient =
        CZM_ONNX(step, "Div", x, czm_onnx_number(step, in_dtype(step), 1 / factor));
    czm_onnx_put(step, layout,
                 CZM_ONNX(step, "Add", CZM_ONNX(step, "Erf", quotient),
                          czm_onnx_number(step, in_dtype(step), 1)));
    return true;
}

void czm_onnx_one_minus(czm_onnx_step *step) { // 1 - erf(x)
    if (put_erf_of_negative(step)) return;
    czm_onnx_layout layout = czm_onnx_layout_of(step);
    const char *value = CZM_ONNX(step, step->detail, czm_onnx_operand(step, 0, layout));
    czm_onnx_put(step, layout,
                 CZM_ONNX(step, "Sub", czm_onnx_number(step, in_dtype(step), 1), value));
}

void czm_onnx_is_finite(czm_onnx_step *step) { // x - x == 0
    czm_onnx_layout layout = czm_onnx_layout_of(step);
    const char *x = czm_onnx_operand(step, 0, layout);
    const char *difference = CZM_ONNX(step, "Sub", x, x);
    czm_onnx_put(step, layout,
                 CZM_ONNX(step, "Equal", difference, czm_onnx_number(step, in_dtype(step), 0)));
}

void czm_onnx_like(czm_onnx_step *step) { // ZerosLike, OnesLike
    const char *shape = CZM_ONNX(step, "Shape", czm_onnx_in_plain(step, 0));
    const char *number = czm_onnx_number(step, in_dtype(step), step->detail[0] == '1');
    czm_onnx_out(step, 0, CZM_ONNX(step, "Expand", number, shape));
}

// ---- two inputs

typedef struct affine {
    size_t image; // which input is the image
    const float *numbers;
    size_t channels;
} affine;

// Finds an operand with one number for each channel of the other input, which is the result of a convolution.
static bool find_affine(czm_onnx_step *step, bool is_factor, affine *a) {
    for (a->image = 0; a->image < 2; a->image++) {
        const czm_onnx_value *image = czm_onnx_in(step, a->image),
                             *other = czm_onnx_in(step, 1 - a->image);
        if (!image->open || image->readers != 1 || (is_factor && !image->open->weight)) continue;
        if (!czm_onnx_is_single(other) && !czm_onnx_is_vector(other)) continue;
        if (other->shape.rank > image->shape.rank) continue;
        size_t count;
        const float *numbers = czm_onnx_in_floats(step, 1 - a->image, &count);
        a->channels = image->open->channels;
        if (!numbers || (count != 1 && count != a->channels)) continue;
        float *each = CZM_NEW_ARRAY(step->arena, float, a->channels);
        for (size_t i = 0; i < a->channels; i++) each[i] = numbers[count == 1 ? 0 : i];
        a->numbers = each;
        return true;
    }
    return false;
}

static const float *map(czm_onnx_step *step, const affine *a, float (*function)(float)) {
    float *numbers = CZM_NEW_ARRAY(step->arena, float, a->channels);
    for (size_t i = 0; i < a->channels; i++) numbers[i] = function(a->numbers[i]);
    return numbers;
}

static float negated(float number) { return -number; }
static float inverse(float number) { return 1 / number; }

static bool fold_into_convolution(czm_onnx_step *step, const char *op) {
    affine a;
    bool is_factor = czm_text_equal(op, "Mul") || czm_text_equal(op, "Div");
    if (!find_affine(step, is_factor, &a)) return false;
    if (czm_text_equal(op, "Add"))
        czm_onnx_emit_affine(step, a.image, NULL, a.numbers, a.channels);
    else if (czm_text_equal(op, "Mul"))
        czm_onnx_emit_affine(step, a.image, a.numbers, NULL, a.channels);
    else if (czm_text_equal(op, "Sub") && a.image == 0)
        czm_onnx_emit_affine(step, a.image, NULL, map(step, &a, negated), a.channels);
    else if (czm_text_equal(op, "Div") && a.image == 0)
        czm_onnx_emit_affine(step, a.image, map(step, &a, inverse), NULL, a.channels);
    else
        return false;
    return true;
}

// The maximum or minimum of an image and a number.
void czm_onnx_limit(czm_onnx_step *step) {
    double number;
    if (in_dtype(step) != CZM_DTYPE_FLOAT || czm_onnx_in(step, 1)->shape.rank != 0 ||
        !czm_onnx_in_number(step, 1, &number)) {
        czm_onnx_binary(step);
        return;
    }
    czm_onnx_layout layout = czm_onnx_layout_of(step);
    const char *limit = czm_onnx_number(step, CZM_DTYPE_FLOAT, number);
    const char *x = czm_onnx_operand(step, 0, layout);
    bool is_low = czm_text_equal(step->detail, "Max");
    czm_onnx_put(step, layout,
                 is_low ? CZM_ONNX(step, "Clip", x, limit) : CZM_ONNX(step, "Clip", x, "", limit));
}

// The number of each channel that an input holds; NULL: it holds something else.
static const float *numbers_of(czm_onnx_step *step, size_t input, int64_t channels) {
    size_t count;
    const float *numbers = czm_onnx_is_vector(czm_onnx_in(step, input))
                               ? czm_onnx_in_floats(step, input, &count)
                               : NULL;
    return numbers && (int64_t)count == channels ? numbers : NULL;
}

// An image times a number for each channel, plus another: a batch norm as Keras 3 writes it, which is one operation.
static bool put_batch_norm(czm_onnx_step *step) {
    czm_tensor product = step->node->inputs.items[0];
    const czm_onnx_value *value = czm_onnx_in(step, 0);
    if (!czm_text_equal(step->detail, "Add") || !czm_node_is(product.node, CZM_OP_Mul) ||
        value->readers != 1 || value->open || value->shape.rank != 4)
        return false;
    czm_onnx_step above = *step; // the product, whose result becomes that of the sum
    above.node = product.node;
    int64_t channels = value->shape.dims[3];
    const float *scale = numbers_of(&above, 1, channels), *shift = numbers_of(step, 1, channels);
    const czm_onnx_value *image = czm_onnx_in(&above, 0);
    if (!scale || !shift || !czm_onnx_in_is_planar(&above, 0) || image->shape.rank != 4 ||
        (image->open && image->open->weight))
        return false;
    czm_onnx_emit_affine(&above, 0, scale, shift, (size_t)channels);
    return true;
}

// The negative part of x: min(x, 0), or -relu(-x) without its sign.
static bool is_negative_part(czm_tensor t, czm_tensor x, bool *has_sign) {
    double zero;
    czm_tensor of;
    *has_sign = is_with_number(t, CZM_OP_Minimum, &of, &zero);
    if (*has_sign) return zero == 0 && czm_tensor_equal(of, x);
    if (t.index || !czm_node_is(t.node, CZM_OP_Relu)) return false;
    of = t.node->inputs.items[0];
    return !of.index && czm_node_is(of.node, CZM_OP_Neg) &&
           czm_tensor_equal(of.node->inputs.items[0], x);
}

// relu(x) + slope * min(x, 0), as Keras and the reader of ONNX write PRelu, is one operation.
static bool put_prelu(czm_onnx_step *step) {
    czm_tensor positive = step->node->inputs.items[0], product = step->node->inputs.items[1];
    if (!czm_text_equal(step->detail, "Add") || in_dtype(step) != CZM_DTYPE_FLOAT ||
        !czm_node_is(positive.node, CZM_OP_Relu) || !czm_node_is(product.node, CZM_OP_Mul))
        return false;
    czm_tensor x = positive.node->inputs.items[0];
    bool has_sign;
    czm_onnx_layout layout;
    czm_onnx_step above = *step; // which reads the slope
    above.node = product.node;
    size_t at = is_negative_part(product.node->inputs.items[1], x, &has_sign) ? 0 : 1;
    if (at == 1 && !is_negative_part(product.node->inputs.items[0], x, &has_sign)) return false;
    czm_shape slope = czm_onnx_in(&above, at)->shape;
    const char *name = read_above(step, x, &layout);
    if (!name || layout.rank < 1 || slope.rank < 0 || slope.rank > layout.rank) return false;
    const char *slopes = czm_onnx_operand(&above, at, layout);
    if (!has_sign) slopes = CZM_ONNX(step, "Neg", slopes);
    czm_onnx_put(step, layout, CZM_ONNX(step, "PRelu", name, slopes));
    return true;
}

void czm_onnx_binary(czm_onnx_step *step) {
    if (fold_into_convolution(step, step->detail) || put_batch_norm(step) || put_prelu(step))
        return;
    czm_onnx_layout layout = czm_onnx_layout_of(step);
    const char *a = czm_onnx_operand(step, 0, layout), *b = czm_onnx_operand(step, 1, layout);
    czm_onnx_put(step, layout, CZM_ONNX(step, step->detail, a, b));
}

// BiasAdd: a vector along the channels, which are the second dimension with data_format NCHW.
void czm_onnx_bias_add(czm_onnx_step *step) {
    const czm_onnx_value *image = czm_onnx_in(step, 0);
    bool is_second = czm_is_channels_first(step->node) && image->shape.rank > 2;
    if (!is_second) {
        czm_onnx_binary(step);
        return;
    }
    int64_t dims[CZM_ONNX_MOST_DIMS] = {-1};
    for (int i = 1; i < image->shape.rank - 1; i++) dims[i] = 1;
    const char *bias =
        czm_onnx_emit_reshape(step, czm_onnx_in_plain(step, 1), dims, image->shape.rank - 1);
    czm_onnx_out(step, 0, CZM_ONNX(step, "Add", czm_onnx_in_plain(step, 0), bias));
}

void czm_onnx_squared_difference(czm_onnx_step *step) {
    czm_onnx_layout layout = czm_onnx_layout_of(step);
    const char *difference =
        CZM_ONNX(step, "Sub", czm_onnx_operand(step, 0, layout), czm_onnx_operand(step, 1, layout));
    czm_onnx_put(step, layout, CZM_ONNX(step, "Mul", difference, difference));
}

void czm_onnx_negated(czm_onnx_step *step) { // NotEqual
    czm_onnx_layout layout = czm_onnx_layout_of(step);
    const char *a = czm_onnx_operand(step, 0, layout), *b = czm_onnx_operand(step, 1, layout);
    czm_onnx_put(step, layout, CZM_ONNX(step, "Not", CZM_ONNX(step, step->detail, a, b)));
}

// The remainder has the sign of the divisor.
static const char *floor_mod(czm_onnx_step *step, const char *a, const char *b, bool is_floating) {
    if (!is_floating) return CZM_ONNX(step, "Mod", a, b);
    const char *quotient = CZM_ONNX(step, "Floor", CZM_ONNX(step, "Div", a, b));
    return CZM_ONNX(step, "Sub", a, CZM_ONNX(step, "Mul", quotient, b));
}

void czm_onnx_floor_mod(czm_onnx_step *step) {
    czm_onnx_layout layout = czm_onnx_layout_of(step);
    const char *a = czm_onnx_operand(step, 0, layout), *b = czm_onnx_operand(step, 1, layout);
    czm_onnx_put(step, layout, floor_mod(step, a, b, czm_dtype_is_floating(in_dtype(step))));
}

void czm_onnx_floor_div(czm_onnx_step *step) {
    czm_onnx_layout layout = czm_onnx_layout_of(step);
    const char *a = czm_onnx_operand(step, 0, layout), *b = czm_onnx_operand(step, 1, layout);
    if (czm_dtype_is_floating(in_dtype(step))) {
        czm_onnx_put(step, layout, CZM_ONNX(step, "Floor", CZM_ONNX(step, "Div", a, b)));
        return;
    }
    const char *whole = CZM_ONNX(step, "Sub", a, floor_mod(step, a, b, false));
    czm_onnx_put(step, layout, CZM_ONNX(step, "Div", whole, b));
}

// ONNX's quotient of integers is truncated; that of floating-point numbers is not.
void czm_onnx_truncate_div(czm_onnx_step *step) {
    if (!czm_dtype_is_floating(in_dtype(step))) {
        czm_onnx_binary(step);
        return;
    }
    czm_onnx_layout layout = czm_onnx_layout_of(step);
    const char *a = czm_onnx_operand(step, 0, layout), *b = czm_onnx_operand(step, 1, layout);
    const char *quotient = CZM_ONNX(step, step->detail, a, b);
    const char *whole = CZM_ONNX(step, "Floor", CZM_ONNX(step, "Abs", quotient));
    czm_onnx_put(step, layout, CZM_ONNX(step, "Mul", whole, CZM_ONNX(step, "Sign", quotient)));
}

void czm_onnx_truncate_mod(czm_onnx_step *step) {
    czm_onnx_layout layout = czm_onnx_layout_of(step);
    const char *a = czm_onnx_operand(step, 0, layout), *b = czm_onnx_operand(step, 1, layout);
    const char *name = CZM_ONNX(step, "Mod", a, b);
    czm_onnx_set_int(step, "fmod", 1);
    czm_onnx_put(step, layout, name);
}

// A shift of int64 by at most 32 bits is a product with a power of two, or a quotient, rounded down.
static const char *shift_by(czm_onnx_step *step, const char *x, const char *by) {
    int64_t powers[33];
    for (size_t i = 0; i < CZM_COUNT_OF(powers); i++) powers[i] = INT64_C(1) << i;
    const char *all = czm_onnx_ints(step, powers, CZM_COUNT_OF(powers));
    const char *power = CZM_ONNX(step, "Gather", all, by);
    if (czm_text_equal(step->detail, "Div"))
        x = CZM_ONNX(step, "Sub", x, floor_mod(step, x, power, false));
    return CZM_ONNX(step, step->detail, x, power);
}

// A shift by more bits than the type has is a shift by all bits but one (core/kernels/cwise_ops.h); a left shift
// loses the bits beyond the type. 64 bits are shifted in two steps.
void czm_onnx_shift(czm_onnx_step *step) {
    czm_dtype dtype = in_dtype(step);
    if (dtype == CZM_DTYPE_UINT64) {
        czm_onnx_refuse(step, "ONNX Runtime cannot shift uint64");
        return;
    }
    czm_onnx_layout layout = czm_onnx_layout_of(step);
    const char *x = czm_onnx_emit_cast(step, czm_onnx_operand(step, 0, layout), CZM_DTYPE_INT64);
    const char *by = czm_onnx_emit_cast(step, czm_onnx_operand(step, 1, layout), CZM_DTYPE_INT64);
    double most = 8 * (double)czm_dtype_size(dtype) - 1;
    by = CZM_ONNX(step, "Max", by, czm_onnx_number(step, CZM_DTYPE_INT64, 0));
    by = CZM_ONNX(step, "Min", by, czm_onnx_number(step, CZM_DTYPE_INT64, most));
    if (dtype == CZM_DTYPE_INT64) {
        const char *half = CZM_ONNX(step, "Div", by, czm_onnx_number(step, CZM_DTYPE_INT64, 2));
        x = shift_by(step, x, half);
        by = CZM_ONNX(step, "Sub", by, half);
    }
    czm_onnx_put(step, layout, czm_onnx_emit_cast(step, shift_by(step, x, by), dtype));
}

// Ops with the result 0 where one operand is 0: DivNoNan, MulNoNan, Xdivy, Xlogy.
void czm_onnx_unless_zero(czm_onnx_step *step) {
    czm_onnx_layout layout = czm_onnx_layout_of(step);
    const char *a = czm_onnx_operand(step, 0, layout), *b = czm_onnx_operand(step, 1, layout);
    const char *zero = czm_onnx_number(step, in_dtype(step), 0);
    bool is_second = czm_node_is(step->node, CZM_OP_DivNoNan) ||
                     czm_node_is(step->node, CZM_OP_MulNoNan);
    const char *is_zero = CZM_ONNX(step, "Equal", is_second ? b : a, zero);
    if (czm_node_is(step->node, CZM_OP_Xlog1py))
        b = CZM_ONNX(step, "Add", b, czm_onnx_number(step, in_dtype(step), 1));
    if (strncmp(step->node->op, "Xlog", 4) == 0) b = CZM_ONNX(step, "Log", b);
    const char *result = CZM_ONNX(step, step->detail, a, b);
    czm_onnx_put(step, layout, CZM_ONNX(step, "Where", is_zero, zero, result));
}

void czm_onnx_approximate(czm_onnx_step *step) { // ApproximateEqual
    czm_onnx_layout layout = czm_onnx_layout_of(step);
    const char *difference =
        CZM_ONNX(step, "Sub", czm_onnx_operand(step, 0, layout), czm_onnx_operand(step, 1, layout));
    const char *limit =
        czm_onnx_number(step, in_dtype(step), czm_attr_float(step->node, "tolerance"));
    czm_onnx_put(step, layout, CZM_ONNX(step, "Less", CZM_ONNX(step, "Abs", difference), limit));
}

void czm_onnx_bitwise(czm_onnx_step *step) {
    enum { SINCE = 18 };
    if (step->opset < SINCE) {
        czm_onnx_refuse_opset(step, "has no operations on bits");
        return;
    }
    czm_onnx_layout layout = czm_onnx_layout_of(step);
    const char *inputs[3] = {NULL};
    for (size_t i = 0; i < czm_onnx_in_count(step) && i < 2; i++)
        inputs[i] = czm_onnx_operand(step, i, layout);
    czm_onnx_put(step, layout, czm_onnx_emit(step, step->detail, inputs));
}

// Zero has a sign too: that of 1 / x.
static const char *is_negative(czm_onnx_step *step, const char *x) {
    const char *zero = czm_onnx_number(step, CZM_DTYPE_FLOAT, 0);
    const char *inverse = CZM_ONNX(step, "Reciprocal", x);
    return CZM_ONNX(step, "Or", CZM_ONNX(step, "Less", x, zero),
                    CZM_ONNX(step, "Less", inverse, zero));
}

// First the angle of the absolute values.
const char *czm_onnx_angle_of(czm_onnx_step *step, const char *y, const char *x) {
    const char *zero = czm_onnx_number(step, CZM_DTYPE_FLOAT, 0);
    const char *pi = czm_onnx_number(step, CZM_DTYPE_FLOAT, 3.141592653589793);
    const char *slope = CZM_ONNX(step, "Abs", CZM_ONNX(step, "Div", y, x));
    const char *angle = CZM_ONNX(step, "Where", CZM_ONNX(step, "Equal", y, zero), zero,
                                 CZM_ONNX(step, "Atan", slope));
    angle = CZM_ONNX(step, "Where", is_negative(step, x), CZM_ONNX(step, "Sub", pi, angle), angle);
    return CZM_ONNX(step, "Where", is_negative(step, y), CZM_ONNX(step, "Neg", angle), angle);
}

void czm_onnx_atan2(czm_onnx_step *step) {
    czm_onnx_layout layout = czm_onnx_layout_of(step);
    const char *y = czm_onnx_operand(step, 0, layout), *x = czm_onnx_operand(step, 1, layout);
    czm_onnx_put(step, layout, czm_onnx_angle_of(step, y, x));
}

// ---- more inputs

void czm_onnx_sum(czm_onnx_step *step) { // AddN
    czm_onnx_layout layout = czm_onnx_layout_of(step);
    const char *sum = czm_onnx_operand(step, 0, layout);
    for (size_t i = 1; i < czm_onnx_in_count(step); i++)
        sum = CZM_ONNX(step, "Add", sum, czm_onnx_operand(step, i, layout));
    if (czm_onnx_in_count(step) == 1)
        czm_onnx_pass(step);
    else
        czm_onnx_put(step, layout, sum);
}

// x * alpha + beta between 0 and 1.
static bool put_hard_sigmoid(czm_onnx_step *step) {
    double alpha, beta;
    czm_tensor product, x;
    if (!is_with_number(step->node->inputs.items[0], CZM_OP_AddV2, &product, &beta) ||
        !is_with_number(product, CZM_OP_Mul, &x, &alpha))
        return false;
    czm_onnx_layout layout;
    const char *name = read_above(step, x, &layout);
    if (!name) return false;
    name = CZM_ONNX(step, "HardSigmoid", name);
    czm_onnx_set_float(step, "alpha", alpha);
    czm_onnx_set_float(step, "beta", beta);
    czm_onnx_put(step, layout, name);
    return true;
}

void czm_onnx_clip(czm_onnx_step *step) { // ClipByValue
    if (czm_node_has_attr(step->node, CZM_ONNX_NORM_GROUPS)) {
        czm_onnx_norm_by_image(step);
        return;
    }
    czm_onnx_layout layout = czm_onnx_layout_of(step);
    double least, most;
    if (in_dtype(step) == CZM_DTYPE_FLOAT && czm_onnx_in_number(step, 1, &least) && least == 0 &&
        czm_onnx_in_number(step, 2, &most) && most == 1 && put_hard_sigmoid(step))
        return;
    if (in_dtype(step) == CZM_DTYPE_FLOAT && czm_onnx_in_number(step, 1, &least) &&
        czm_onnx_in_number(step, 2, &most) && least <= most) { // two constants, as ONNX requires
        czm_onnx_put(step, layout,
                     CZM_ONNX(step, "Clip", czm_onnx_operand(step, 0, layout),
                              czm_onnx_number(step, CZM_DTYPE_FLOAT, least),
                              czm_onnx_number(step, CZM_DTYPE_FLOAT, most)));
        return;
    }
    const char *low =
        CZM_ONNX(step, "Min", czm_onnx_operand(step, 0, layout), czm_onnx_operand(step, 2, layout));
    czm_onnx_put(step, layout, CZM_ONNX(step, "Max", low, czm_onnx_operand(step, 1, layout)));
}

// The range is moved so that 0 is one of the steps (core/kernels/fake_quant_ops_functor.h).
typedef struct quantization {
    const char *low, *high, *step, *least, *most; // least and most: of the steps
    const char *divisor;                          // the step, or 1 if the range is empty
} quantization;

static const char *scalar(czm_onnx_step *step, double number) {
    return czm_onnx_number(step, CZM_DTYPE_FLOAT, number);
}

static void find_range(czm_onnx_step *step, czm_onnx_layout layout, quantization *q) {
    bool is_told = czm_text_equal(step->detail, "args");
    q->low = is_told ? scalar(step, czm_attr_float(step->node, "min"))
                     : czm_onnx_operand(step, 1, layout);
    q->high = is_told ? scalar(step, czm_attr_float(step->node, "max"))
                      : czm_onnx_operand(step, 2, layout);
    q->least = scalar(step, czm_attr_bool(step->node, "narrow_range"));
    q->most = scalar(step, (double)((INT64_C(1) << czm_attr_int(step->node, "num_bits")) - 1));
    const char *steps = CZM_ONNX(step, "Sub", q->most, q->least);
    q->step = CZM_ONNX(step, "Div", CZM_ONNX(step, "Sub", q->high, q->low), steps);
    q->divisor = CZM_ONNX(step, "Where", CZM_ONNX(step, "Equal", q->step, scalar(step, 0)),
                          scalar(step, 1), q->step);
}

// floor(x + 0.5): half a step is rounded up.
static const char *nearest(czm_onnx_step *step, const char *x) {
    return CZM_ONNX(step, "Floor", CZM_ONNX(step, "Add", x, scalar(step, 0.5)));
}

static const char *between(czm_onnx_step *step, const char *x, const char *low, const char *high) {
    return CZM_ONNX(step, "Max", CZM_ONNX(step, "Min", x, high), low);
}

static void nudge(czm_onnx_step *step, quantization *q) {
    const char *zero = CZM_ONNX(step, "Sub", q->least, CZM_ONNX(step, "Div", q->low, q->divisor));
    zero = between(step, nearest(step, zero), q->least, q->most);
    q->low = CZM_ONNX(step, "Mul", CZM_ONNX(step, "Sub", q->least, zero), q->step);
    q->high = CZM_ONNX(step, "Mul", CZM_ONNX(step, "Sub", q->most, zero), q->step);
}

void czm_onnx_fake_quant(czm_onnx_step *step) {
    int64_t bits = czm_attr_int(step->node, "num_bits");
    czm_onnx_layout layout = czm_onnx_layout_of(step);
    quantization q;
    if (bits < 2 || bits > 16) {
        czm_onnx_refuse(step, "TensorFlow has steps of 2 to 16 bits, not of %lld", (long long)bits);
        return;
    }
    find_range(step, layout, &q);
    nudge(step, &q);
    const char *x = between(step, czm_onnx_operand(step, 0, layout), q.low, q.high);
    const char *above = CZM_ONNX(step, "Sub", x, q.low);
    const char *steps = nearest(step, CZM_ONNX(step, "Div", above, q.divisor));
    czm_onnx_put(step, layout, CZM_ONNX(step, "Add", CZM_ONNX(step, "Mul", steps, q.step), q.low));
}

void czm_onnx_select(czm_onnx_step *step) {
    czm_onnx_layout layout = czm_onnx_layout_of(step);
    const czm_onnx_value *condition = czm_onnx_in(step, 0), *value = czm_onnx_in(step, 1);
    bool is_by_row = czm_node_is(step->node, CZM_OP_Select) && condition->shape.rank == 1 &&
                     value->shape.rank > 1;
    if (is_by_row) { // one condition for each row, not for each column
        int64_t dims[CZM_ONNX_MOST_DIMS] = {-1};
        for (int i = 1; i < value->shape.rank; i++) dims[i] = 1;
        const char *rows =
            czm_onnx_emit_reshape(step, czm_onnx_in_plain(step, 0), dims, value->shape.rank);
        czm_onnx_out(step, 0,
                     CZM_ONNX(step, "Where", rows, czm_onnx_in_plain(step, 1),
                              czm_onnx_in_plain(step, 2)));
        return;
    }
    czm_onnx_put(step, layout,
                 CZM_ONNX(step, "Where", czm_onnx_operand(step, 0, layout),
                          czm_onnx_operand(step, 1, layout), czm_onnx_operand(step, 2, layout)));
}
