// SPDX-License-Identifier: Apache-2.0
//
// Computing with small weights; see fold.h. In single precision, as TensorFlow would.
#include "onnx/fold.h"

#include <math.h>

enum { MOST_NUMBERS = 1 << 16, MOST_INPUTS = 2 };

static float plus(float a, float b) { return a + b; }
static float minus(float a, float b) { return a - b; }
static float times(float a, float b) { return a * b; }
static float over(float a, float b) { return a / b; }
static float first_of(float a, float b) { return (void)b, a; }
static float root(float a, float b) { return (void)b, sqrtf(a); }
static float inverse_root(float a, float b) { return (void)b, 1 / sqrtf(a); }
static float inverse(float a, float b) { return (void)b, 1 / a; }
static float negated(float a, float b) { return (void)b, -a; }
static float square(float a, float b) { return (void)b, a * a; }

typedef struct folding {
    czm_op_kind op;
    float (*compute)(float a, float b);
    size_t inputs; // that hold numbers
} folding;

static const folding foldings[] = {
    {CZM_OP_Add, plus, 2},
    {CZM_OP_AddV2, plus, 2},
    {CZM_OP_Sub, minus, 2},
    {CZM_OP_Mul, times, 2},
    {CZM_OP_RealDiv, over, 2},
    {CZM_OP_Div, over, 2},
    {CZM_OP_Sqrt, root, 1},
    {CZM_OP_Rsqrt, inverse_root, 1},
    {CZM_OP_Reciprocal, inverse, 1},
    {CZM_OP_Inv, inverse, 1},
    {CZM_OP_Neg, negated, 1},
    {CZM_OP_Square, square, 1},
    {CZM_OP_Reshape, first_of, 1},
    {CZM_OP_Squeeze, first_of, 1},
    {CZM_OP_ExpandDims, first_of, 1},
};

static const folding *find(czm_op_kind op) {
    for (size_t i = 0; i < CZM_COUNT_OF(foldings); i++)
        if (foldings[i].op == op) return &foldings[i];
    return NULL;
}

static int64_t count_of(czm_shape shape) {
    int64_t count = 1;
    if (!czm_shape_is_complete(shape) || shape.rank > CZM_ONNX_MOST_DIMS) return CZM_UNKNOWN;
    for (int i = 0; i < shape.rank; i++) {
        if (shape.dims[i] > MOST_NUMBERS) return CZM_UNKNOWN;
        count *= shape.dims[i];
        if (count > MOST_NUMBERS) return CZM_UNKNOWN;
    }
    return count;
}

static bool is_small_weight(const czm_onnx_value *value) {
    return (value->weight || value->known.elements) && czm_dtype_is_floating(value->dtype) &&
           count_of(value->shape) > 0;
}

// The element of an operand for element `index` of the result: dimensions of 1 are repeated.
static size_t broadcast(czm_shape result, czm_shape operand, size_t index) {
    size_t at = 0, step = 1;
    for (int i = result.rank - 1, k = operand.rank - 1; k >= 0; i--, k--) {
        size_t size = (size_t)result.dims[i], here = index % size;
        if (operand.dims[k] != 1) at += here * step;
        step *= (size_t)operand.dims[k];
        index /= size;
    }
    return at;
}

static bool can_broadcast(czm_shape result, czm_shape operand) {
    if (operand.rank > result.rank) return false;
    for (int i = result.rank - 1, k = operand.rank - 1; k >= 0; i--, k--)
        if (operand.dims[k] != 1 && operand.dims[k] != result.dims[i]) return false;
    return true;
}

bool czm_onnx_fold(czm_onnx_step *step) {
    const folding *f = find(czm_node_kind(step->node));
    czm_shape shape = step->outputs[0].shape, from[MOST_INPUTS];
    int64_t count = count_of(shape);
    const float *in[MOST_INPUTS] = {NULL, NULL};
    if (!f || count < 1 || czm_in_count(step) < f->inputs) return false;
    bool is_shaped = f->compute == first_of;
    for (size_t i = 0; i < f->inputs; i++) {
        from[i] = is_shaped ? shape : czm_in(step, i)->shape;
        if (!is_small_weight(czm_in(step, i)) || !can_broadcast(shape, from[i])) return false;
    }
    for (size_t i = 0; i < f->inputs; i++) {
        size_t found;
        if (!(in[i] = czm_in_floats(step, i, &found))) return false;
    }
    czm_onnx_weight *w =
        czm_new_weight(step, step->node->name, CZM_DTYPE_FLOAT, shape.dims, shape.rank);
    float *numbers = CZM_NEW_ARRAY(step->arena, float, (size_t)count);
    for (size_t i = 0; i < (size_t)count; i++)
        numbers[i] = f->compute(in[0][broadcast(shape, from[0], i)],
                                f->inputs > 1 ? in[1][broadcast(shape, from[1], i)] : 0);
    w->content = czm_bytes_of(numbers, (size_t)count * sizeof *numbers);
    step->outputs[0].weight = w;
    return true;
}
