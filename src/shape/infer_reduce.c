// SPDX-License-Identifier: Apache-2.0
//
// Reductions along some dimensions: shapes and values.
#include "shape/view.h"

#include <math.h>
#include <stdlib.h>

// Which dimensions input 1 names; false if that is not known, or after a fault.
static bool read_axes(czm_step *step, int rank, bool *is_reduced) {
    czm_value axes = czm_step_in_value(step, 1);
    int64_t value;
    if (!axes.elements) return false;
    for (size_t i = 0; i < axes.count; i++) {
        int axis;
        if (!czm_value_int(axes, i, &value) || !czm_step_find_axis(step, value, rank, &axis))
            return false;
        is_reduced[axis] = true;
    }
    return true;
}

void czm_infer_reduce(czm_step *step) {
    czm_shape shape = czm_step_in_shape(step, 0);
    bool keeps_rank = czm_attr_bool(step->node, "keep_dims");
    bool is_reduced[CZM_HIGHEST_RANK] = {false};
    if (shape.rank == CZM_UNKNOWN) return;
    if (!read_axes(step, shape.rank, is_reduced)) {
        if (keeps_rank) czm_step_set_rank(step, 0, shape.rank);
        return;
    }
    czm_dims dims = {.rank = 0};
    for (int i = 0; i < shape.rank; i++)
        if (!is_reduced[i] || keeps_rank) czm_dims_add(&dims, is_reduced[i] ? 1 : shape.dims[i]);
    czm_step_set_dims(step, 0, &dims);
}

// ArgMax and ArgMin: input 1 is one dimension, which is removed.
void czm_infer_arg_reduce(czm_step *step) {
    czm_shape shape = czm_step_in_shape(step, 0);
    int64_t value;
    int axis;
    if (shape.rank < 1) return;
    if (!czm_step_in_int(step, 1, &value)) {
        czm_step_set_rank(step, 0, shape.rank - 1);
        return;
    }
    if (!czm_step_find_axis(step, value, shape.rank, &axis)) return;
    czm_dims dims = {.rank = 0};
    czm_dims_add_all(&dims, shape, 0, axis);
    czm_dims_add_all(&dims, shape, axis + 1, shape.rank);
    czm_step_set_dims(step, 0, &dims);
}

// The k largest along the last dimension; k is an attr, or input 1 where there is one.
void czm_infer_top_k(czm_step *step) {
    czm_dims dims = czm_dims_of(czm_step_in_shape(step, 0));
    int64_t k = czm_attr_int(step->node, "k");
    bool is_known = czm_step_in_count(step) == 1 || czm_step_in_int(step, 1, &k);
    if (dims.rank < 1) return;
    int64_t *last = &dims.at[dims.rank - 1];
    if (is_known && k >= 0 && *last != CZM_UNKNOWN && *last < k) {
        czm_step_fault(step, "cannot take the %lld largest of %s", (long long)k,
                       czm_step_in_text(step, 0));
        return;
    }
    *last = is_known && k >= 0 ? k : CZM_UNKNOWN;
    czm_step_set_dims(step, 0, &dims);
    czm_step_set_dims(step, 1, &dims);
}

// ---- values

static double sum(double a, double b) { return a + b; }
static double product(double a, double b) { return a * b; }
static double greater(double a, double b) { return a > b ? a : b; }
static double smaller(double a, double b) { return a < b ? a : b; }

typedef struct reduction {
    double (*combine)(double a, double b);
    double of_nothing;
    bool is_rounding; // the last digits may depend on the order of the operations
} reduction;

static const reduction reductions[] = {
    [CZM_ADD] = {sum, 0, true},
    [CZM_MULTIPLY] = {product, 1, true},
    [CZM_MAXIMUM] = {greater, -INFINITY, false},
    [CZM_MINIMUM] = {smaller, INFINITY, false},
    [CZM_AND] = {smaller, 1, false},
    [CZM_OR] = {greater, 0, false},
};

// Sums and products of small integers are exact in any order.
static bool is_exact(czm_dtype dtype, double number) {
    double limit = czm_dtype_is_floating(dtype) ? 0x1p24 : 0x1p53;
    return floor(number) == number && fabs(number) < limit;
}

// The target of each element: reduced dimensions have stride 0.
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
    czm_fact in = czm_step_in_fact(step, 0);
    bool is_reduced[CZM_HIGHEST_RANK] = {false};
    size_t count = 0;
    if (!in.value.elements || !read_axes(step, in.shape.rank, is_reduced)) return;
    czm_element *elements = czm_step_new_elements(step, 0, &count);
    if (!elements) return;
    czm_dtype dtype = czm_tensor_dtype(czm_output((czm_node *)step->node));
    size_t *targets = CZM_NEW_ARRAY(step->arena, size_t, in.value.count);
    czm_view view = view_of_targets(in.shape, is_reduced);
    czm_view_positions(&view, in.value.count, targets);
    for (size_t i = 0; i < count; i++) elements[i] = (czm_element){true, r->of_nothing};
    for (size_t i = 0; i < in.value.count; i++) {
        czm_element *to = &elements[targets[i]], from = in.value.elements[i];
        to->number = r->combine(to->number, from.number);
        bool is_sure = step->computation || !r->is_rounding ||
                       (is_exact(dtype, from.number) && is_exact(dtype, to->number));
        if (!from.is_known || !is_sure) to->is_known = false;
    }
    for (size_t i = 0; i < count; i++)
        elements[i] = elements[i].is_known ? czm_element_of(dtype, elements[i].number)
                                           : (czm_element){0};
    czm_step_set_elements(step, 0, elements, count);
}

// The sum, divided by the number of its elements.
void czm_fold_mean(czm_step *step) {
    czm_fact in = czm_step_in_fact(step, 0);
    if (!step->computation) return;
    czm_fold_reduce(step);
    czm_value sums = step->outputs[0].value;
    czm_dtype dtype = czm_tensor_dtype(czm_output((czm_node *)step->node));
    if (!sums.elements || !sums.count || !czm_dtype_is_floating(dtype)) {
        step->outputs[0].value = (czm_value){0};
        return;
    }
    czm_element *means = CZM_NEW_ARRAY(step->arena, czm_element, sums.count);
    const size_t each = in.value.count / sums.count;
    const double size = (double)each;
    for (size_t i = 0; i < sums.count; i++)
        if (sums.elements[i].is_known)
            means[i] = czm_element_of(dtype, sums.elements[i].number / size);
    step->outputs[0].value.elements = means;
}

// ---- along one dimension: rows of elements that lie `inner` apart

typedef struct rows {
    const czm_element *elements;
    size_t count, size, inner; // how many rows, of how many elements
} rows;

static bool read_rows(const czm_step *step, czm_shape shape, int axis, rows *r) {
    *r = (rows){.elements = czm_step_in_known(step, 0), .count = 1, .inner = 1};
    for (int i = 0; r->elements && i < shape.rank; i++) {
        if (i != axis) r->count *= (size_t)shape.dims[i];
        if (i > axis) r->inner *= (size_t)shape.dims[i];
    }
    if (r->elements) r->size = (size_t)shape.dims[axis];
    return r->elements != NULL;
}

// Where row `row` begins.
static size_t row_begin(const rows *r, size_t row) {
    return row / r->inner * r->size * r->inner + row % r->inner;
}

// The position of the first largest or smallest element; the detail determines which.
void czm_fold_arg_reduce(czm_step *step) {
    czm_shape shape = czm_step_in_shape(step, 0);
    int64_t value;
    int axis;
    rows r;
    size_t count = 0;
    if (!czm_step_in_int(step, 1, &value) || !czm_step_find_axis(step, value, shape.rank, &axis) ||
        !read_rows(step, shape, axis, &r) || r.size == 0)
        return;
    czm_element *elements = czm_step_new_elements(step, 0, &count);
    for (size_t i = 0; elements && i < count; i++) {
        size_t best = 0, begin = row_begin(&r, i);
        for (size_t k = 1; k < r.size; k++) {
            double now = r.elements[begin + k * r.inner].number;
            double then = r.elements[begin + best * r.inner].number;
            if (step->detail == CZM_MAXIMUM ? now > then : now < then) best = k;
        }
        elements[i] = (czm_element){true, (double)best};
    }
    if (elements) czm_step_set_elements(step, 0, elements, count);
}

typedef struct ranked {
    double number;
    size_t place;
} ranked;

static int compare_ranked(const void *a, const void *b) {
    const ranked *x = a, *y = b;
    if (x->number != y->number) return x->number < y->number ? 1 : -1;
    return (x->place > y->place) - (x->place < y->place);
}

// The largest first; among equal elements, the one with the lower index.
void czm_fold_top_k(czm_step *step) {
    czm_shape shape = czm_step_in_shape(step, 0);
    size_t count = 0;
    rows r;
    if (shape.rank < 1 || !read_rows(step, shape, shape.rank - 1, &r)) return;
    czm_element *values = czm_step_new_elements(step, 0, &count);
    czm_element *places = czm_step_new_elements(step, 1, &count);
    if (!values || !places || !r.count || !r.size) return;
    ranked *row = CZM_NEW_ARRAY(step->arena, ranked, r.size);
    size_t k = count / r.count;
    for (size_t i = 0; i < r.count; i++) {
        for (size_t n = 0; n < r.size; n++) row[n] = (ranked){r.elements[i * r.size + n].number, n};
        qsort(row, r.size, sizeof *row, compare_ranked);
        for (size_t n = 0; n < k; n++) {
            values[i * k + n] = (czm_element){true, row[n].number};
            places[i * k + n] = (czm_element){true, (double)row[n].place};
        }
    }
    czm_step_set_elements(step, 0, values, count);
    czm_step_set_elements(step, 1, places, count);
}

// Cumsum and Cumprod: the sum or product of all elements up to this one, or before it.
void czm_fold_cumulate(czm_step *step) {
    const reduction *r = &reductions[step->detail];
    bool is_reverse = czm_attr_bool(step->node, "reverse");
    bool is_exclusive = czm_attr_bool(step->node, "exclusive");
    czm_dtype dtype = czm_tensor_dtype(czm_output((czm_node *)step->node));
    int64_t value;
    int axis;
    rows in;
    size_t count = 0;
    if (!czm_step_in_int(step, 1, &value) ||
        !czm_step_find_axis(step, value, czm_step_in_shape(step, 0).rank, &axis) ||
        !read_rows(step, czm_step_in_shape(step, 0), axis, &in))
        return;
    czm_element *elements = czm_step_new_elements(step, 0, &count);
    for (size_t row = 0; elements && row < in.count; row++) {
        double sum_so_far = r->of_nothing;
        for (size_t k = 0; k < in.size; k++) {
            size_t at = row_begin(&in, row) + (is_reverse ? in.size - 1 - k : k) * in.inner;
            double before = sum_so_far;
            sum_so_far = r->combine(sum_so_far, in.elements[at].number);
            bool is_sure = step->computation || is_exact(dtype, sum_so_far);
            elements[at] = is_sure ? czm_element_of(dtype, is_exclusive ? before : sum_so_far)
                                   : (czm_element){0};
        }
    }
    if (elements) czm_step_set_elements(step, 0, elements, count);
}
