// SPDX-License-Identifier: Apache-2.0
//
// Values of ops that rearrange, repeat, join, split or select elements.
#include "shape/view.h"

// ---- one input in another order

// The same elements in the same order: Reshape, Squeeze, ExpandDims and the like.
void czm_fold_first(czm_step *step) {
    czm_value value = czm_step_in_value(step, 0);
    if (value.elements) czm_step_set_elements(step, 0, value.elements, value.count);
}

void czm_fold_fill(czm_step *step) {
    czm_view view = czm_view_broadcast(czm_step_in_shape(step, 1), step->outputs[0].shape);
    if (czm_step_in_shape(step, 1).rank == 0) czm_set_viewed(step, 0, 1, &view);
}

void czm_fold_broadcast_to(czm_step *step) {
    if (!czm_step_in_value(step, 0).elements) return;
    czm_view view = czm_view_broadcast(czm_step_in_shape(step, 0), step->outputs[0].shape);
    czm_set_viewed(step, 0, 0, &view);
}

void czm_fold_transpose(czm_step *step) {
    czm_value order = czm_step_in_value(step, 1);
    int64_t strides[CZM_HIGHEST_RANK], from;
    czm_shape shape = step->outputs[0].shape;
    if (!czm_step_in_value(step, 0).elements) return;
    czm_view view = {.rank = 0};
    czm_strides_of(czm_step_in_shape(step, 0), strides);
    for (int i = 0; i < shape.rank; i++) {
        if (!czm_value_int(order, (size_t)i, &from) || from < 0 || from >= shape.rank) return;
        czm_view_add(&view, shape.dims[i], strides[from]);
    }
    czm_set_viewed(step, 0, 0, &view);
}

// Each dimension becomes two: the repetition, and the position in it.
void czm_fold_tile(czm_step *step) {
    czm_shape shape = czm_step_in_shape(step, 0);
    int64_t strides[CZM_HIGHEST_RANK], times;
    if (!czm_step_in_value(step, 0).elements) return;
    czm_view view = {.rank = 0};
    czm_strides_of(shape, strides);
    for (int i = 0; i < shape.rank; i++) {
        if (!czm_value_int(czm_step_in_value(step, 1), (size_t)i, &times)) return;
        czm_view_add(&view, times, 0);
        czm_view_add(&view, shape.dims[i], strides[i]);
    }
    czm_set_viewed(step, 0, 0, &view);
}

// ReverseV2: input 1 names the dimensions.
void czm_fold_reverse(czm_step *step) {
    czm_value axes = czm_step_in_value(step, 1);
    int64_t value;
    int axis;
    if (!czm_step_in_value(step, 0).elements || !axes.elements) return;
    czm_view view = czm_view_of(czm_step_in_shape(step, 0));
    for (size_t i = 0; i < axes.count; i++) {
        if (!czm_value_int(axes, i, &value) || !czm_step_find_axis(step, value, view.rank, &axis))
            return;
        if (view.strides[axis] < 0) return; // named twice
        view.offset += (view.dims[axis] - 1) * view.strides[axis];
        view.strides[axis] = -view.strides[axis];
    }
    if (czm_shape_count(czm_step_in_shape(step, 0)) > 0) czm_set_viewed(step, 0, 0, &view);
}

// Inputs are start, limit and delta. Sums of fractions depend on the kernel: integers only.
void czm_fold_range(czm_step *step) {
    int64_t start, delta;
    size_t count = 0;
    if (!czm_step_in_int(step, 0, &start) || !czm_step_in_int(step, 2, &delta)) return;
    czm_element *elements = czm_step_new_elements(step, 0, &count);
    czm_dtype dtype = czm_attr_type(step->node, "Tidx");
    for (size_t i = 0; elements && i < count; i++)
        elements[i] = czm_element_of(dtype, (double)start + (double)i * (double)delta);
    if (elements) czm_step_set_elements(step, 0, elements, count);
}

// Inputs are the first value, the last value and their number; like 2.0.0's kernel, it does not compute the last
// value.
void czm_fold_linspace(czm_step *step) {
    const czm_element *first = czm_step_in_known(step, 0), *last = czm_step_in_known(step, 1);
    czm_dtype dtype = czm_attr_type(step->node, "T");
    size_t count = 0;
    czm_element *elements =
        step->computation && first && last ? czm_step_new_elements(step, 0, &count) : NULL;
    if (!elements || count == 0) return;
    double width = count > 1 ? (last->number - first->number) / (double)(count - 1) : 0;
    for (size_t i = 0; i < count; i++)
        elements[i] = czm_element_of(dtype, first->number + (double)i * width);
    if (count > 1) elements[count - 1] = *last;
    czm_step_set_elements(step, 0, elements, count);
}

// ---- several inputs joined: rows of blocks, one block an input

static int64_t product_from(czm_shape shape, int from) {
    int64_t size = 1;
    for (int i = from; i < shape.rank; i++) size = czm_dim_multiply(size, shape.dims[i]);
    return size;
}

// Each input has a block in each row: its elements from dimension `axis` of the output on. Slices for a new dimension
// do not have this dimension.
static void join_blocks(czm_step *step, size_t first, size_t end, int axis) {
    czm_shape joined = step->outputs[0].shape;
    size_t count = 0;
    czm_element *elements = czm_step_new_elements(step, 0, &count);
    if (!elements || count == 0) return;
    size_t at = 0, row = (size_t)product_from(joined, axis);
    size_t inner = (size_t)product_from(joined, axis + 1);
    for (size_t i = first; i < end; i++) {
        czm_shape shape = czm_step_in_shape(step, i);
        czm_value value = czm_step_in_value(step, i);
        size_t size = shape.rank == joined.rank ? (size_t)shape.dims[axis] * inner : inner;
        for (size_t k = 0; value.elements && k < value.count; k++)
            elements[k / size * row + at + k % size] = value.elements[k];
        at += size;
    }
    czm_step_set_elements(step, 0, elements, count);
}

static void fold_concat(czm_step *step, size_t first, size_t end, size_t axis_input) {
    int64_t value;
    int axis;
    bool is_known = czm_step_in_int(step, axis_input, &value) &&
                    czm_step_find_axis(step, value, step->outputs[0].shape.rank, &axis);
    if (is_known) join_blocks(step, first, end, axis);
}

void czm_fold_concat(czm_step *step) {
    fold_concat(step, 0, czm_step_in_count(step) - 1, czm_step_in_count(step) - 1);
}

void czm_fold_concat_axis_first(czm_step *step) {
    fold_concat(step, 1, czm_step_in_count(step), 0);
}

void czm_fold_pack(czm_step *step) {
    int axis;
    if (czm_step_find_axis(step, czm_attr_int(step->node, "axis"), step->outputs[0].shape.rank,
                           &axis))
        join_blocks(step, 0, czm_step_in_count(step), axis);
}

// ---- one input split

// Each output is a block of every row; `input` is split along dimension `axis`.
static void part_blocks(czm_step *step, size_t input, int axis) {
    czm_shape shape = czm_step_in_shape(step, input);
    if (!czm_step_in_value(step, input).elements) return;
    czm_view view = czm_view_of(shape);
    for (size_t i = 0; i < step->output_count; i++) {
        czm_shape part = step->outputs[i].shape;
        bool is_slice = part.rank < shape.rank;
        int64_t size = is_slice ? 1 : part.dims[axis];
        view.dims[axis] = size;
        if (size == CZM_UNKNOWN) return;
        czm_set_viewed(step, i, input, &view);
        view.offset += size * view.strides[axis];
    }
}

static void fold_split(czm_step *step, size_t input, size_t axis_input) {
    int64_t value;
    int axis;
    bool is_known = czm_step_in_int(step, axis_input, &value) &&
                    czm_step_find_axis(step, value, czm_step_in_shape(step, input).rank, &axis);
    if (is_known) part_blocks(step, input, axis);
}

void czm_fold_split(czm_step *step) { fold_split(step, 1, 0); }
void czm_fold_split_sizes(czm_step *step) { fold_split(step, 0, 2); }

void czm_fold_unpack(czm_step *step) {
    int axis;
    if (czm_step_find_axis(step, czm_attr_int(step->node, "axis"), czm_step_in_shape(step, 0).rank,
                           &axis))
        part_blocks(step, 0, axis);
}

// ---- elements selected by their indices along one dimension

static void pick(czm_step *step, int axis) {
    czm_shape params = czm_step_in_shape(step, 0);
    czm_value from = czm_step_in_value(step, 0), indices = czm_step_in_value(step, 1);
    size_t count = 0;
    if (!from.elements || !indices.elements) return;
    czm_element *elements = czm_step_new_elements(step, 0, &count);
    size_t inner = (size_t)product_from(params, axis + 1), size = (size_t)params.dims[axis];
    for (size_t i = 0; elements && i < count; i++) {
        size_t row = i / inner / indices.count;
        int64_t index;
        bool is_inside = czm_value_int(indices, i / inner % indices.count, &index) && index >= 0 &&
                         index < (int64_t)size;
        if (is_inside)
            elements[i] = from.elements[(row * size + (size_t)index) * inner + i % inner];
    }
    if (elements) czm_step_set_elements(step, 0, elements, count);
}

void czm_fold_gather(czm_step *step) { pick(step, 0); }

void czm_fold_gather_axis(czm_step *step) {
    int64_t value;
    int axis;
    bool is_plain = czm_attr_int(step->node, "batch_dims") == 0;
    bool is_known = czm_step_in_int(step, 2, &value) &&
                    czm_step_find_axis(step, value, czm_step_in_shape(step, 0).rank, &axis);
    if (is_plain && is_known) pick(step, axis);
}
