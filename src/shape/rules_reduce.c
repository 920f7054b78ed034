// SPDX-License-Identifier: Apache-2.0
//
// Ops that make one value of all values along some dimensions, and their values.
#include "shape/view.h"

#include <math.h>

// Which dimensions input 1 names; false if that is not known, or after a fault.
static bool read_axes(czm_step *step, int rank, bool *is_reduced) {
    czm_value axes = in_value(step, 1);
    int64_t value;
    if (!axes.elements) return false;
    for (size_t i = 0; i < axes.count; i++) {
        int axis;
        if (!czm_value_int(axes, i, &value) || !czm_find_axis(step, value, rank, &axis))
            return false;
        is_reduced[axis] = true;
    }
    return true;
}

void czm_infer_reduce(czm_step *step) {
    czm_shape shape = in_shape(step, 0);
    bool keeps_rank = czm_attr_bool(step->node, "keep_dims");
    bool is_reduced[CZM_HIGHEST_RANK] = {false};
    if (shape.rank == CZM_UNKNOWN) return;
    if (!read_axes(step, shape.rank, is_reduced)) {
        if (keeps_rank) czm_set_rank(step, 0, shape.rank);
        return;
    }
    czm_dims dims = {.rank = 0};
    for (int i = 0; i < shape.rank; i++)
        if (!is_reduced[i] || keeps_rank) czm_dims_add(&dims, is_reduced[i] ? 1 : shape.dims[i]);
    czm_set_dims(step, 0, &dims);
}

// ArgMax and ArgMin: input 1 is one dimension, which goes.
void czm_infer_arg_reduce(czm_step *step) {
    czm_shape shape = in_shape(step, 0);
    int64_t value;
    int axis;
    if (shape.rank < 1) return;
    if (!czm_in_int(step, 1, &value)) {
        czm_set_rank(step, 0, shape.rank - 1);
        return;
    }
    if (!czm_find_axis(step, value, shape.rank, &axis)) return;
    czm_dims dims = {.rank = 0};
    czm_dims_add_all(&dims, shape, 0, axis);
    czm_dims_add_all(&dims, shape, axis + 1, shape.rank);
    czm_set_dims(step, 0, &dims);
}

// The k largest along the last dimension; k is an attr, or input 1 where there is one.
void czm_infer_top_k(czm_step *step) {
    czm_dims dims = czm_dims_of(in_shape(step, 0));
    int64_t k = czm_attr_int(step->node, "k");
    bool is_known = in_count(step) == 1 || czm_in_int(step, 1, &k);
    if (dims.rank < 1) return;
    int64_t *last = &dims.at[dims.rank - 1];
    if (is_known && k >= 0 && *last != CZM_UNKNOWN && *last < k) {
        czm_fault(step, "cannot take the %lld largest of %s", (long long)k, in_text(step, 0));
        return;
    }
    *last = is_known && k >= 0 ? k : CZM_UNKNOWN;
    czm_set_dims(step, 0, &dims);
    czm_set_dims(step, 1, &dims);
}

// ---- values

static double sum(double a, double b) { return a + b; }
static double product(double a, double b) { return a * b; }
static double greater(double a, double b) { return a > b ? a : b; }
static double smaller(double a, double b) { return a < b ? a : b; }

typedef struct reduction {
    double (*combine)(double a, double b);
    double of_nothing;
    bool is_rounding; // the order of the operations may show in the last digits
} reduction;

static const reduction reductions[] = {
    [CZM_ADD] = {sum, 0, true},
    [CZM_MULTIPLY] = {product, 1, true},
    [CZM_MAXIMUM] = {greater, -INFINITY, false},
    [CZM_MINIMUM] = {smaller, INFINITY, false},
    [CZM_AND] = {smaller, 1, false},
    [CZM_OR] = {greater, 0, false},
};

// Small integers are exact in whatever order they are added and multiplied.
static bool is_exact(czm_dtype dtype, double number) {
    double limit = czm_dtype_is_floating(dtype) ? 0x1p24 : 0x1p53;
    return floor(number) == number && fabs(number) < limit;
}

// Where each element goes: dimensions that are reduced have no stride.
static czm_view view_of_targets(czm_shape shape, const bool *is_reduced) {
    czm_view view = czm_view_of(shape);
    int64_t stride = 1;
    for (int i = shape.rank; i-- > 0;) {
        view.strides[i] = is_reduced[i] ? 0 : stride;
        if (!is_reduced[i]) stride *= shape.dims[i];
    }
    return view;
}

void czm_fold_reduce(czm_step *step) {
    const reduction *r = &reductions[step->detail];
    czm_fact in = czm_in_fact(step, 0);
    bool is_reduced[CZM_HIGHEST_RANK] = {false};
    size_t count = 0, targets[CZM_LARGEST_VALUE];
    if (!in.value.elements || !read_axes(step, in.shape.rank, is_reduced)) return;
    czm_element *elements = czm_new_elements(step, 0, &count);
    if (!elements) return;
    czm_dtype dtype = czm_tensor_dtype(czm_output((czm_node *)step->node));
    czm_view view = view_of_targets(in.shape, is_reduced);
    czm_view_positions(&view, in.value.count, targets);
    for (size_t i = 0; i < count; i++) elements[i] = (czm_element){true, r->of_nothing};
    for (size_t i = 0; i < in.value.count; i++) {
        czm_element *to = &elements[targets[i]], from = in.value.elements[i];
        to->number = r->combine(to->number, from.number);
        bool is_sure = !r->is_rounding ||
                       (is_exact(dtype, from.number) && is_exact(dtype, to->number));
        if (!from.is_known || !is_sure) to->is_known = false;
    }
    for (size_t i = 0; i < count; i++)
        elements[i] = elements[i].is_known ? czm_element_of(dtype, elements[i].number)
                                           : (czm_element){0};
    czm_set_elements(step, 0, elements, count);
}
