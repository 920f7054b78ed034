// SPDX-License-Identifier: Apache-2.0
//
// Values of element-wise ops. Numbers are doubles; what a tensor of the op's type would hold is
// told by czm_element_of(), so that nothing is known of sums that wrap or digits that are lost.
// An operation without a result that can be relied on gives NAN.
#include "shape/view.h"

#include <math.h>

// ---- what a type can hold

typedef struct range {
    double low, high;
} range;

// Of 64 bit integers only those that a double holds exactly.
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

czm_element czm_element_of(czm_dtype dtype, double number) {
    const czm_element unknown = {false, 0};
    if (dtype == CZM_DTYPE_FLOAT) { // kernels may or may not take the tiniest numbers for 0
        bool is_normal = number == 0 || (fabs(number) > 0x1p-125 && fabs(number) < 0x1p127);
        return is_normal ? (czm_element){true, (double)(float)number} : unknown;
    }
    if (dtype == CZM_DTYPE_DOUBLE) return isfinite(number) ? (czm_element){true, number} : unknown;
    range r = (size_t)dtype < CZM_COUNT_OF(ranges) ? ranges[dtype] : (range){0, 0};
    bool fits = r.high > 0 && number >= r.low && number <= r.high && floor(number) == number;
    return fits ? (czm_element){true, number} : unknown;
}

// ---- operations

typedef double unary(double a);
typedef double binary(czm_dtype dtype, double a, double b);

static double negated(double a) { return -a; }
static double sign(double a) { return (a > 0) - (a < 0); }
static double square(double a) { return a * a; }
static double inverted(double a) { return a == 0; }
static double same(double a) { return a; }

static unary *const unaries[] = {
    [CZM_NEGATE] = negated,   [CZM_ABSOLUTE] = fabs, [CZM_SIGN] = sign,    [CZM_FLOOR] = floor,
    [CZM_CEILING] = ceil,     [CZM_ROUND] = rint, // halves to even
    [CZM_SQUARE_ROOT] = sqrt, [CZM_SQUARE] = square, [CZM_NOT] = inverted, [CZM_CAST] = same,
};

static bool is_integer(czm_dtype dtype) { return !czm_dtype_is_floating(dtype); }

static double add(czm_dtype t, double a, double b) { return (void)t, a + b; }
static double subtract(czm_dtype t, double a, double b) { return (void)t, a - b; }
static double multiply(czm_dtype t, double a, double b) { return (void)t, a * b; }
static double greater(czm_dtype t, double a, double b) { return (void)t, a > b ? a : b; }
static double smaller(czm_dtype t, double a, double b) { return (void)t, a < b ? a : b; }

static double divide_real(czm_dtype t, double a, double b) {
    return is_integer(t) || b == 0 ? NAN : a / b;
}

// A damaged graph may feed fractions to an op on integers.
static bool is_whole(double a) { return floor(a) == a && fabs(a) < 0x1p53; }

// Integers go through int64_t: the quotient of large ones is no exact double.
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

// Only powers that come out exactly: whole numbers, whatever their type.
static double power(czm_dtype t, double a, double b) {
    double result = 1, limit = is_integer(t) ? 0x1p53 : 0x1p24;
    if (!is_whole(a) || !is_whole(b) || b < 0 || b > 64) return NAN;
    for (int i = 0; i < (int)b; i++) result *= a;
    return fabs(result) < limit ? result : NAN;
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
};

// ---- rules

static czm_dtype output_dtype(const czm_step *step) {
    return czm_tensor_dtype(czm_output((czm_node *)step->node));
}

static czm_dtype input_dtype(const czm_step *step, size_t input) {
    return czm_tensor_dtype(step->node->inputs.items[input]);
}

// Numbers that become integers or booleans lose what these cannot hold.
static double convert(czm_dtype from, czm_dtype to, double number) {
    if (to == CZM_DTYPE_BOOL) return number != 0;
    return czm_dtype_is_floating(from) && is_integer(to) ? trunc(number) : number;
}

void czm_fold_unary(czm_step *step) {
    czm_value value = in_value(step, 0);
    size_t count = 0;
    czm_element *elements = value.elements ? czm_new_elements(step, 0, &count) : NULL;
    if (!elements || count != value.count) return;
    czm_dtype from = input_dtype(step, 0), to = output_dtype(step);
    for (size_t i = 0; i < count; i++) {
        if (!value.elements[i].is_known) continue;
        double number = unaries[step->detail](value.elements[i].number);
        elements[i] = czm_element_of(to, convert(from, to, number));
    }
    czm_set_elements(step, 0, elements, count);
}

// The positions that the elements of an input have when it is broadcast to the output's shape.
static void broadcast_positions(const czm_step *step, size_t input, size_t count,
                                size_t *positions) {
    czm_view view = czm_view_broadcast(in_shape(step, input), step->outputs[0].shape);
    czm_view_positions(&view, count, positions);
}

static czm_element element_at(czm_value value, size_t position) {
    return position < value.count ? value.elements[position] : (czm_element){0};
}

void czm_fold_binary(czm_step *step) {
    czm_value a = in_value(step, 0), b = in_value(step, 1);
    size_t count = 0, at_a[CZM_LARGEST_VALUE], at_b[CZM_LARGEST_VALUE];
    czm_element *elements = a.elements && b.elements ? czm_new_elements(step, 0, &count) : NULL;
    if (!elements) return;
    broadcast_positions(step, 0, count, at_a);
    broadcast_positions(step, 1, count, at_b);
    czm_dtype from = input_dtype(step, 0), to = output_dtype(step);
    for (size_t i = 0; i < count; i++) {
        czm_element x = element_at(a, at_a[i]), y = element_at(b, at_b[i]);
        if (!x.is_known || !y.is_known) continue;
        elements[i] = czm_element_of(to, binaries[step->detail](from, x.number, y.number));
    }
    czm_set_elements(step, 0, elements, count);
}

static czm_element choose(czm_element condition, czm_element yes, czm_element no) {
    bool is_same = yes.is_known && no.is_known && yes.number == no.number;
    if (!condition.is_known) return is_same ? yes : (czm_element){0};
    return condition.number != 0 ? yes : no;
}

// Inputs are the condition and what to choose from. In Select, which does not broadcast, a vector
// of conditions is about whole slices.
void czm_fold_select(czm_step *step) {
    czm_value condition = in_value(step, 0), yes = in_value(step, 1), no = in_value(step, 2);
    size_t count = 0, at[3][CZM_LARGEST_VALUE];
    if (!condition.elements || !yes.elements || !no.elements) return;
    bool is_by_slice = step->detail && in_shape(step, 0).rank != in_shape(step, 1).rank &&
                       in_shape(step, 0).rank != 0;
    czm_element *elements = is_by_slice ? NULL : czm_new_elements(step, 0, &count);
    if (!elements) return;
    for (size_t i = 0; i < 3; i++) broadcast_positions(step, i, count, at[i]);
    for (size_t i = 0; i < count; i++)
        elements[i] = choose(element_at(condition, at[0][i]), element_at(yes, at[1][i]),
                             element_at(no, at[2][i]));
    czm_set_elements(step, 0, elements, count);
}
