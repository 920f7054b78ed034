// SPDX-License-Identifier: Apache-2.0
//
// The functions that rows of op/ops.def name. INFER infers the shapes of a node's outputs; FOLD runs after it, and
// computes the values of small outputs.
#ifndef CZM_SHAPE_OPS_H
#define CZM_SHAPE_OPS_H

#include "shape/step.h"
#include "view/window.h"

typedef struct czm_shape_op {
    czm_op_kind op;
    void (*infer)(czm_step *step); // NULL: the outputs have unknown shapes
    void (*fold)(czm_step *step);  // NULL: values are not propagated
    int detail;                    // the parameter that distinguishes the ops of one rule
} czm_shape_op;

extern const czm_shape_op czm_shape_ops[CZM_OP_KIND_COUNT];

// Details of element-wise ops and reductions: the arithmetic.
typedef enum czm_arithmetic {
    CZM_NO_ARITHMETIC,
    CZM_ADD,
    CZM_SUBTRACT,
    CZM_MULTIPLY,
    CZM_DIVIDE,
    CZM_DIVIDE_REAL,
    CZM_DIVIDE_TRUNCATING,
    CZM_DIVIDE_FLOORING,
    CZM_MODULO_TRUNCATING,
    CZM_MODULO_FLOORING,
    CZM_MAXIMUM,
    CZM_MINIMUM,
    CZM_POWER,
    CZM_EQUAL,
    CZM_NOT_EQUAL,
    CZM_LESS,
    CZM_LESS_EQUAL,
    CZM_GREATER,
    CZM_GREATER_EQUAL,
    CZM_AND,
    CZM_OR,
    CZM_NEGATE,
    CZM_ABSOLUTE,
    CZM_SIGN,
    CZM_FLOOR,
    CZM_CEILING,
    CZM_ROUND,
    CZM_SQUARE_ROOT,
    CZM_SQUARE,
    CZM_NOT,
    CZM_CAST,
    CZM_RECTIFY,
    CZM_ZERO,
    CZM_ONE,
    CZM_RECIPROCAL,
    CZM_SQUARED_DIFFERENCE,
    CZM_DIVIDE_OR_ZERO,
    CZM_AND_BITS,
    CZM_OR_BITS,
    CZM_DIFFERING_BITS,
    CZM_SHIFT_LEFT,
    CZM_SHIFT_RIGHT,
    CZM_ROOT_RECIPROCAL, // the results of these and the following ones may differ in the last digit
    CZM_EXPONENTIAL,
    CZM_LOGARITHM,
    CZM_SINE,
    CZM_COSINE,
    CZM_HYPERBOLIC_TANGENT,
    CZM_LOGISTIC,
    CZM_ERROR_FUNCTION,
} czm_arithmetic;

// The element of this type for the result of a computation; unknown if it is not exact.
czm_element czm_element_of(czm_dtype dtype, double number);

#define OP(name, ...) __VA_ARGS__
#define INFER(rule) void czm_infer_##rule(czm_step *step);
#define FOLD(rule, number) void czm_fold_##rule(czm_step *step);
#include "op/ops.def"

// Replaces the image's dims, from `from` to `to`, by the numbers of windows that fit; false after a fault. `image` is
// for the message.
bool czm_windows_fit(czm_step *step, const czm_windows *windows, czm_shape image, int from, int to,
                     czm_dims *dims);

#endif
