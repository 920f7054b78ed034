// SPDX-License-Identifier: Apache-2.0
//
// Sources of tensors: inputs, constants, variables, ops whose output shape is the value of an input (Fill, Range,
// random numbers), and ops whose value is a shape (Shape, Size, Rank).
#include "shape/ops.h"

#include <math.h>

// An argument of a function, whose facts the caller sets.
void czm_infer_given(czm_step *step) { (void)step; }

void czm_infer_shape_attr(czm_step *step) {
    czm_step_set_shape(step, 0, czm_step_in_attr_shape(step, "shape"));
}

// Variable is older than unknown ranks: its scalar shape also means an unknown one.
void czm_infer_old_variable(czm_step *step) {
    czm_infer_shape_attr(step);
    if (step->outputs[0].shape.rank == 0) czm_step_set_shape(step, 0, czm_shape_unknown());
}

// TensorProto: tensor_shape=2; if it is absent, the tensor is a scalar.
void czm_infer_const(czm_step *step) {
    czm_bytes tensor = czm_attr_tensor(step->node, "value");
    if (tensor.size == 0) return;
    czm_step_set_shape(step, 0, czm_shape_read(step->arena, czm_wire_find(tensor, 2).bytes));
}

// ---- variables: their facts are stored with their handles

void czm_infer_handle(czm_step *step) {
    czm_step_set_rank(step, 0, 0);
    czm_step_set_content(step, 0, czm_step_in_attr_shape(step, "shape"), 1);
}

void czm_infer_read(czm_step *step) {
    czm_step_set_shape(step, 0, czm_step_in_content(step, 0).shape);
}

static void set_shape_value(czm_step *step, size_t output, czm_shape shape) {
    if (shape.rank == CZM_UNKNOWN) {
        czm_step_set_rank(step, output, 1);
        return;
    }
    czm_dims dims = {.rank = 1, .at = {shape.rank}};
    czm_step_set_dims(step, output, &dims);
    size_t count = 0;
    czm_element *elements = czm_step_new_elements(step, output, &count);
    czm_dtype dtype = czm_tensor_dtype((czm_tensor){(czm_node *)step->node, (uint32_t)output});
    for (size_t i = 0; elements && i < count; i++)
        if (shape.dims[i] != CZM_UNKNOWN)
            elements[i] = czm_element_of(dtype, (double)shape.dims[i]);
    if (elements) czm_step_set_elements(step, output, elements, count);
}

void czm_infer_variable_shape(czm_step *step) {
    set_shape_value(step, 0, czm_step_in_content(step, 0).shape);
}

// ---- shapes as values

void czm_infer_shape(czm_step *step) {
    for (size_t i = 0; i < step->output_count; i++)
        set_shape_value(step, i, czm_step_in_shape(step, i));
}

static void set_number(czm_step *step, int64_t number) {
    czm_step_set_rank(step, 0, 0);
    czm_element *element = CZM_NEW(step->arena, czm_element);
    czm_dtype dtype = czm_tensor_dtype(czm_output((czm_node *)step->node));
    if (number != CZM_UNKNOWN) *element = czm_element_of(dtype, (double)number);
    czm_step_set_elements(step, 0, element, 1);
}

void czm_infer_size(czm_step *step) {
    set_number(step, czm_shape_count(czm_step_in_shape(step, 0)));
}

void czm_infer_rank(czm_step *step) { set_number(step, czm_step_in_shape(step, 0).rank); }

// ---- shapes from values

// The sizes are the value of the input in the row.
void czm_infer_sizes(czm_step *step) {
    czm_dims dims = czm_step_in_sizes(step, (size_t)step->detail);
    czm_step_set_dims(step, 0, &dims);
}

void czm_infer_scatter_nd(czm_step *step) {
    czm_dims dims = czm_step_in_sizes(step, 2);
    czm_step_set_dims(step, 0, &dims);
}

// Input 1 is the size to broadcast to; the tensor may determine its unknown sizes.
void czm_infer_broadcast_to(czm_step *step) {
    czm_shape shape = czm_step_in_shape(step, 0);
    czm_dims target = czm_step_in_sizes(step, 1), result, dims = target;
    bool fits = czm_shape_broadcast(shape, czm_dims_shape(&target), &result) &&
                result.rank <= target.rank;
    for (int i = 0; fits && i < result.rank; i++)
        fits = czm_dim_merge(target.at[i], result.at[i], &dims.at[i]);
    if (fits)
        czm_step_set_dims(step, 0, &dims);
    else
        czm_step_fault(step, "cannot broadcast %s to %s", czm_step_text_of(step, shape),
                       czm_step_text_of(step, czm_dims_shape(&target)));
}

// The shape that two shapes broadcast to, as a value.
void czm_infer_broadcast_args(czm_step *step) {
    czm_dims a = czm_step_in_sizes(step, 0), b = czm_step_in_sizes(step, 1), result;
    if (czm_shape_broadcast(czm_dims_shape(&a), czm_dims_shape(&b), &result))
        set_shape_value(step, 0, czm_dims_shape(&result));
    else
        czm_step_fault(step, "cannot combine %s and %s", czm_step_text_of(step, czm_dims_shape(&a)),
                       czm_step_text_of(step, czm_dims_shape(&b)));
}

static bool in_number(const czm_step *step, size_t input, double *number) {
    czm_value value = czm_step_in_value(step, input);
    bool is_known = value.count == 1 && value.elements && value.elements[0].is_known;
    if (is_known) *number = value.elements[0].number;
    return is_known;
}

// Inputs are start, limit and delta. The quotient is rounded as TensorFlow rounds it.
void czm_infer_range(czm_step *step) {
    double start, limit, delta;
    czm_dims dims = czm_dims_unknown(1);
    czm_dtype dtype = czm_attr_type(step->node, "Tidx");
    if (in_number(step, 0, &start) && in_number(step, 1, &limit) && in_number(step, 2, &delta) &&
        delta != 0) {
        czm_element difference = czm_element_of(dtype, limit - start);
        double quotient = difference.number / delta;
        if (dtype == CZM_DTYPE_FLOAT) quotient = (double)(float)quotient;
        bool is_size = difference.is_known && quotient >= 0 && quotient < (double)INT32_MAX;
        if (is_size) dims.at[0] = (int64_t)ceil(quotient);
    }
    czm_step_set_dims(step, 0, &dims);
}

void czm_infer_linspace(czm_step *step) {
    int64_t count;
    czm_dims dims = czm_dims_unknown(1);
    if (czm_step_in_int(step, 2, &count) && count >= 0) dims.at[0] = count;
    czm_step_set_dims(step, 0, &dims);
}

// ---- shapes of which only the rank is known

// The row's detail is the rank of each output, a decimal digit each, that of output 0 the last.
void czm_infer_ranks(czm_step *step) {
    int ranks = step->detail;
    for (size_t i = 0; i < step->output_count; i++, ranks /= 10)
        czm_step_set_rank(step, i, ranks % 10);
}

// Unique and similar ops: the different values, the index of each element's value among them, their counts.
void czm_infer_unique(czm_step *step) {
    czm_step_set_rank(step, 0, czm_step_in_shape(step, 0).rank);
    if (czm_step_in_shape(step, 0).rank == 1)
        czm_step_set_shape(step, 1, czm_step_in_shape(step, 0));
    czm_step_set_rank(step, 2, 1);
}

// The positions of all true elements.
void czm_infer_where(czm_step *step) {
    czm_dims dims = {.rank = 2, .at = {CZM_UNKNOWN, czm_step_in_shape(step, 0).rank}};
    czm_step_set_dims(step, 0, &dims);
}

void czm_infer_multinomial(czm_step *step) {
    czm_dims dims;
    if (!czm_step_in_ranked(step, 0, 2, &dims)) return;
    int64_t count;
    dims.at[1] = czm_step_in_int(step, 1, &count) && count >= 0 ? count : CZM_UNKNOWN;
    czm_step_set_dims(step, 0, &dims);
}
