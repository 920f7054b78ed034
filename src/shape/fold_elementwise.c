// SPDX-License-Identifier: Apache-2.0
//
// Values of element-wise ops. Numbers are doubles; czm_element_of() converts them to the op's type, and makes sums
// that wrap and lost digits unknown. An operation without a reliable result gives NAN.
#include "shape/view.h"

#include <math.h>

// ---- the range of a type

typedef struct range {
    double low, high;
} range;

// Of 64-bit integers, only those that a double represents exactly.
static const range ranges[] = {
    [CZM_DTYPE_INT8] = {-128, 127},
    [CZM_DTYPE_UINT8] = {0, 255},
    [CZM_DTYPE_INT16] = {-32768, 32767},
    [CZM_DTYPE_UINT16] = {0, 65535},
    [CZM_DTYPE_INT32] = {-2147483648.0, 2147483647.0},
    [CZM_DTYPE_UINT32] = {0, 4294967295.0},
    [CZM_DTYPE_INT64] = {-0x1p53 + 1, 0x1p53 - 1},
    [CZM_DTYPE_UINT64] = {0, 0x1p53 - 1},
    [CZM_DTYPE_BOOL] = {0, 1},
};

// To the nearest number of so many binary digits, halves to even.
static double round_digits(double number, int digits) {
    int exponent;
    double fraction = frexp(number, &exponent);
    return ldexp(rint(ldexp(fraction, digits)), exponent - digits);
}

czm_element czm_element_of(czm_dtype dtype, double number) {
    const czm_element unknown = {false, 0};
    if (dtype == CZM_DTYPE_FLOAT) { // kernels may or may not flush subnormal numbers to 0
        bool is_normal = number == 0 || (fabs(number) > 0x1p-125 && fabs(number) < 0x1p127);
        return is_normal ? (czm_element){true, (double)(float)number} : unknown;
    }
    if (dtype == CZM_DTYPE_HALF) { // 11 binary digits; subnormal numbers are unknown
        bool is_normal = number == 0 || (fabs(number) >= 0x1p-14 && fabs(number) < 65520);
        return is_normal ? (czm_element){true, round_digits(number, 11)} : unknown;
    }
    if (dtype == CZM_DTYPE_BFLOAT16) {
        bool is_normal = number == 0 || (fabs(number) > 0x1p-125 && fabs(number) < 0x1p127);
        return is_normal ? (czm_element){true, round_digits(number, 8)} : unknown;
    }
    if (dtype == CZM_DTYPE_DOUBLE) return isfinite(number) ? (czm_element){true, number} : unknown;
    range r = (size_t)dtype < CZM_COUNT_OF(ranges) ? ranges[dtype] : (range){0, 0};
    bool fits = r.high > 0 && number >= r.low && number <= r.high && floor(number) == number;
    return fits ? (czm_element){true, number} : unknown;
}

// ---- operations

typedef double unary(double a);
typedef double binary(czm_dtype dtype, double a, double b);

static bool is_integer(czm_dtype dtype) { return !czm_dtype_is_floating(dtype); }

static double negated(double a) { return -a; }
static double sign(double a) { return (a > 0) - (a < 0); }
static double square(double a) { return a * a; }
static double inverted(double a) { return a == 0; }
static double same(double a) { return a; }
static double inverse(double a) { return a == 0 ? NAN : 1 / a; }
static double inverse_root(double a) { return a > 0 ? 1 / sqrt(a) : NAN; }
static double rectified(double a) { return a > 0 ? a : 0; }
static double logistic(double a) { return 1 / (1 + exp(-a)); }
static double zero(double a) { return (void)a, 0; }
static double one(double a) { return (void)a, 1; }

static unary *const unaries[] = {
    [CZM_NEGATE] = negated,
    [CZM_ABSOLUTE] = fabs,
    [CZM_SIGN] = sign,
    [CZM_FLOOR] = floor,
    [CZM_CEILING] = ceil,
    [CZM_ROUND] = rint, // halves to even
    [CZM_SQUARE_ROOT] = sqrt,
    [CZM_SQUARE] = square,
    [CZM_NOT] = inverted,
    [CZM_CAST] = same,
    [CZM_RECTIFY] = rectified,
    [CZM_ZERO] = zero,
    [CZM_ONE] = one,
    [CZM_RECIPROCAL] = inverse,
    [CZM_ROOT_RECIPROCAL] = inverse_root,
    [CZM_EXPONENTIAL] = exp,
    [CZM_LOGARITHM] = log,
    [CZM_SINE] = sin,
    [CZM_COSINE] = cos,
    [CZM_HYPERBOLIC_TANGENT] = tanh,
    [CZM_LOGISTIC] = logistic,
    [CZM_ERROR_FUNCTION] = erf,
};

// Their last digits depend on the kernel.
static bool is_rounding(int arithmetic) { return arithmetic >= CZM_ROOT_RECIPROCAL; }

static double add(czm_dtype t, double a, double b) { return (void)t, a + b; }
static double subtract(czm_dtype t, double a, double b) { return (void)t, a - b; }
static double multiply(czm_dtype t, double a, double b) { return (void)t, a * b; }
static double greater(czm_dtype t, double a, double b) { return (void)t, a > b ? a : b; }
static double smaller(czm_dtype t, double a, double b) { return (void)t, a < b ? a : b; }

static double squared_difference(czm_dtype t, double a, double b) {
    return (void)t, (a - b) * (a - b);
}

static double or_zero(czm_dtype t, double a, double b) { return (void)t, b == 0 ? 0 : a / b; }

static double divide_real(czm_dtype t, double a, double b) {
    return is_integer(t) || b == 0 ? NAN : a / b;
}

// In a damaged graph, an op on integers may get fractions.
static bool is_whole(double a) { return floor(a) == a && fabs(a) < 0x1p53; }

// Integers are divided as int64_t: the quotient of large ones is not exact as a double.
static double divide_truncating(czm_dtype t, double a, double b) {
    if (!is_integer(t) || b == 0 || !is_whole(a) || !is_whole(b)) return NAN;
    int64_t quotient = (int64_t)a / (int64_t)b;
    return (double)quotient;
}

static double divide(czm_dtype t, double a, double b) {
    return is_integer(t) ? divide_truncating(t, a, b) : divide_real(t, a, b);
}

static double modulo_truncating(czm_dtype t, double a, double b) {
    return (void)t, b == 0 ? NAN : fmod(a, b);
}

static double modulo_flooring(czm_dtype t, double a, double b) {
    double rest = modulo_truncating(t, a, b);
    return rest != 0 && (rest < 0) != (b < 0) ? rest + b : rest;
}

static double divide_flooring(czm_dtype t, double a, double b) {
    if (b == 0) return NAN;
    if (!is_integer(t)) {
        czm_element quotient = czm_element_of(t, a / b);
        return quotient.is_known ? floor(quotient.number) : NAN;
    }
    return divide_truncating(t, a - modulo_flooring(t, a, b), b);
}

// Only exact powers: integral numbers of any type.
static double power(czm_dtype t, double a, double b) {
    double result = 1, limit = is_integer(t) ? 0x1p53 : 0x1p24;
    if (!is_whole(a) || !is_whole(b) || b < 0 || b > 64) return NAN;
    for (int i = 0; i < (int)b; i++) result *= a;
    return fabs(result) < limit ? result : NAN;
}

// Bits of integers that a double holds: of two's complement, whatever the type.
static double and_bits(czm_dtype t, double a, double b) {
    return (void)t, is_whole(a) && is_whole(b) ? (double)((int64_t)a & (int64_t)b) : NAN;
}

static double or_bits(czm_dtype t, double a, double b) {
    return (void)t, is_whole(a) && is_whole(b) ? (double)((int64_t)a | (int64_t)b) : NAN;
}

static double differing_bits(czm_dtype t, double a, double b) {
    return (void)t, is_whole(a) && is_whole(b) ? (double)((int64_t)a ^ (int64_t)b) : NAN;
}

// Kernels limit the shift to 0 .. number of bits - 1.
static double shift_count(czm_dtype t, double count) {
    double most = (double)(8 * czm_dtype_size(t)) - 1;
    return count < 0 ? 0 : count > most ? most : count;
}

static double shift_right(czm_dtype t, double a, double b) {
    return is_whole(a) && is_whole(b) ? floor(ldexp(a, -(int)shift_count(t, b))) : NAN;
}

// Bits that are shifted out at the left are lost, also the sign.
static double shift_left(czm_dtype t, double a, double b) {
    double span = ldexp(1, 8 * (int)czm_dtype_size(t));
    if (!is_whole(a) || !is_whole(b)) return NAN;
    double number = fmod(ldexp(a, (int)shift_count(t, b)), span);
    double high = (size_t)t < CZM_COUNT_OF(ranges) ? ranges[t].high : 0;
    if (number > high) return number - span;
    return number < high + 1 - span ? number + span : number;
}

static double equal(czm_dtype t, double a, double b) { return (void)t, a == b; }
static double not_equal(czm_dtype t, double a, double b) { return (void)t, a != b; }
static double less(czm_dtype t, double a, double b) { return (void)t, a < b; }
static double less_equal(czm_dtype t, double a, double b) { return (void)t, a <= b; }
static double is_greater(czm_dtype t, double a, double b) { return (void)t, a > b; }
static double greater_equal(czm_dtype t, double a, double b) { return (void)t, a >= b; }
static double both(czm_dtype t, double a, double b) { return (void)t, a != 0 && b != 0; }
static double either(czm_dtype t, double a, double b) { return (void)t, a != 0 || b != 0; }

static binary *const binaries[] = {
    [CZM_ADD] = add,
    [CZM_SUBTRACT] = subtract,
    [CZM_MULTIPLY] = multiply,
    [CZM_DIVIDE] = divide,
    [CZM_DIVIDE_REAL] = divide_real,
    [CZM_DIVIDE_TRUNCATING] = divide_truncating,
    [CZM_DIVIDE_FLOORING] = divide_flooring,
    [CZM_MODULO_TRUNCATING] = modulo_truncating,
    [CZM_MODULO_FLOORING] = modulo_flooring,
    [CZM_MAXIMUM] = greater,
    [CZM_MINIMUM] = smaller,
    [CZM_POWER] = power,
    [CZM_EQUAL] = equal,
    [CZM_NOT_EQUAL] = not_equal,
    [CZM_LESS] = less,
    [CZM_LESS_EQUAL] = less_equal,
    [CZM_GREATER] = is_greater,
    [CZM_GREATER_EQUAL] = greater_equal,
    [CZM_AND] = both,
    [CZM_OR] = either,
    [CZM_SQUARED_DIFFERENCE] = squared_difference,
    [CZM_DIVIDE_OR_ZERO] = or_zero,
    [CZM_AND_BITS] = and_bits,
    [CZM_OR_BITS] = or_bits,
    [CZM_DIFFERING_BITS] = differing_bits,
    [CZM_SHIFT_LEFT] = shift_left,
    [CZM_SHIFT_RIGHT] = shift_right,
};

// ---- rules

static czm_dtype output_dtype(const czm_step *step) {
    return czm_tensor_dtype(czm_output((czm_node *)step->node));
}

static czm_dtype input_dtype(const czm_step *step, size_t input) {
    return czm_tensor_dtype(step->node->inputs.items[input]);
}

// Conversion to integers or booleans removes fractions.
static double convert(czm_dtype from, czm_dtype to, double number) {
    if (to == CZM_DTYPE_BOOL) return number != 0;
    return czm_dtype_is_floating(from) && is_integer(to) ? trunc(number) : number;
}

void czm_fold_unary(czm_step *step) {
    czm_value value = czm_step_in_value(step, 0);
    size_t count = 0;
    czm_element *elements = value.elements ? czm_step_new_elements(step, 0, &count) : NULL;
    if (!elements || count != value.count) return;
    if (is_rounding(step->detail) && !step->computation) return;
    czm_dtype from = input_dtype(step, 0), to = output_dtype(step);
    for (size_t i = 0; i < count; i++) {
        if (!value.elements[i].is_known) continue;
        double number = unaries[step->detail](value.elements[i].number);
        elements[i] = czm_element_of(to, convert(from, to, number));
    }
    czm_step_set_elements(step, 0, elements, count);
}

// The positions of the input's elements after broadcasting to the output's shape.
static const size_t *broadcast_positions(const czm_step *step, size_t input, size_t count) {
    size_t *positions = CZM_NEW_ARRAY(step->arena, size_t, count);
    czm_view view = czm_view_broadcast(czm_step_in_shape(step, input), step->outputs[0].shape);
    czm_view_positions(&view, count, positions);
    return positions;
}

static czm_element element_at(czm_value value, size_t position) {
    return position < value.count ? value.elements[position] : (czm_element){0};
}

void czm_fold_binary(czm_step *step) {
    czm_value a = czm_step_in_value(step, 0), b = czm_step_in_value(step, 1);
    size_t count = 0;
    czm_element *elements = a.elements && b.elements ? czm_step_new_elements(step, 0, &count)
                                                     : NULL;
    if (!elements) return;
    const size_t *at_a = broadcast_positions(step, 0, count);
    const size_t *at_b = broadcast_positions(step, 1, count);
    czm_dtype from = input_dtype(step, 0), to = output_dtype(step);
    for (size_t i = 0; i < count; i++) {
        czm_element x = element_at(a, at_a[i]), y = element_at(b, at_b[i]);
        if (!x.is_known || !y.is_known) continue;
        elements[i] = czm_element_of(to, binaries[step->detail](from, x.number, y.number));
    }
    czm_step_set_elements(step, 0, elements, count);
}

// Tensors whose shapes do not fit are not equal.
void czm_fold_compare(czm_step *step) {
    czm_dims dims;
    if (czm_shape_broadcast(czm_step_in_shape(step, 0), czm_step_in_shape(step, 1), &dims)) {
        czm_fold_binary(step);
        return;
    }
    size_t count;
    czm_element *differ = czm_step_new_elements(step, 0, &count);
    if (!differ) return;
    *differ = (czm_element){true, step->detail == CZM_NOT_EQUAL};
    czm_step_set_elements(step, 0, differ, count);
}

static czm_element choose(czm_element condition, czm_element yes, czm_element no) {
    bool is_same = yes.is_known && no.is_known && yes.number == no.number;
    if (!condition.is_known) return is_same ? yes : (czm_element){0};
    return condition.number != 0 ? yes : no;
}

// AddN: all inputs have one shape.
void czm_fold_sum(czm_step *step) {
    size_t count = 0;
    czm_element *elements = czm_step_new_elements(step, 0, &count);
    czm_dtype dtype = output_dtype(step);
    for (size_t i = 0; i < count && elements; i++) elements[i] = (czm_element){true, 0};
    for (size_t k = 0; elements && k < czm_step_in_count(step); k++) {
        const czm_element *in = czm_step_in_known(step, k);
        if (!in || czm_step_in_value(step, k).count != count) return;
        for (size_t i = 0; i < count; i++)
            if (elements[i].is_known)
                elements[i] = czm_element_of(dtype, elements[i].number + in[i].number);
    }
    if (elements && czm_step_in_count(step)) czm_step_set_elements(step, 0, elements, count);
}

// Inputs are the condition and the two alternatives. In Select, which does not broadcast, a vector of conditions
// chooses whole slices.
void czm_fold_select(czm_step *step) {
    czm_value condition = czm_step_in_value(step, 0), yes = czm_step_in_value(step, 1),
              no = czm_step_in_value(step, 2);
    size_t count = 0;
    const size_t *at[3];
    if (!condition.elements || !yes.elements || !no.elements) return;
    bool is_by_slice = step->detail &&
                       czm_step_in_shape(step, 0).rank != czm_step_in_shape(step, 1).rank &&
                       czm_step_in_shape(step, 0).rank != 0;
    czm_element *elements = is_by_slice ? NULL : czm_step_new_elements(step, 0, &count);
    if (!elements) return;
    for (size_t i = 0; i < 3; i++) at[i] = broadcast_positions(step, i, count);
    for (size_t i = 0; i < count; i++)
        elements[i] = choose(element_at(condition, at[0][i]), element_at(yes, at[1][i]),
                             element_at(no, at[2][i]));
    czm_step_set_elements(step, 0, elements, count);
}
