// SPDX-License-Identifier: Apache-2.0
//
// Values of ops that put elements into a tensor of another size: Pad, OneHot, scattering, and the like; and of
// GatherNd, which reads them.
#include "shape/view.h"

static czm_element *filled(czm_step *step, czm_element with, size_t *count) {
    czm_element *elements = czm_step_new_elements(step, 0, count);
    for (size_t i = 0; elements && i < *count; i++) elements[i] = with;
    return elements;
}

// Element 0 of an input, or 0 if the input is absent.
static czm_element first_or_zero(const czm_step *step, size_t input) {
    if (czm_step_in_count(step) <= input) return (czm_element){true, 0};
    const czm_element *given = czm_step_in_value(step, input).count ? czm_step_in_known(step, input)
                                                                    : NULL;
    return given ? *given : (czm_element){0};
}

// ---- Pad and PadV2: input 1 contains the numbers of added elements before and after each dimension

void czm_fold_pad(czm_step *step) {
    czm_shape shape = czm_step_in_shape(step, 0), result = step->outputs[0].shape;
    czm_value value = czm_step_in_value(step, 0), paddings = czm_step_in_value(step, 1);
    int64_t strides[CZM_HIGHEST_RANK], before;
    size_t count = 0;
    czm_element *elements = value.elements ? filled(step, first_or_zero(step, 2), &count) : NULL;
    if (!elements || !paddings.elements) return;
    czm_view view = {.rank = 0};
    czm_strides_of(result, strides);
    for (int i = 0; i < shape.rank; i++) {
        if (!czm_value_int(paddings, 2 * (size_t)i, &before) || before < 0) return;
        czm_view_add(&view, shape.dims[i], strides[i]);
        view.offset += before * strides[i];
    }
    size_t *positions = CZM_NEW_ARRAY(step->arena, size_t, value.count);
    czm_view_positions(&view, value.count, positions);
    for (size_t i = 0; i < value.count; i++)
        if (positions[i] < count) elements[positions[i]] = value.elements[i];
    czm_step_set_elements(step, 0, elements, count);
}

// ---- Roll: inputs 1 and 2 are the shifts and their dimensions

void czm_fold_roll(czm_step *step) {
    czm_shape shape = czm_step_in_shape(step, 0);
    czm_value value = czm_step_in_value(step, 0), shifts = czm_step_in_value(step, 1),
              axes = czm_step_in_value(step, 2);
    int64_t by[CZM_HIGHEST_RANK] = {0}, strides[CZM_HIGHEST_RANK], shift, axis;
    size_t count = 0;
    int found;
    if (!value.elements || !shifts.elements || shifts.count != axes.count) return;
    for (size_t i = 0; i < axes.count; i++) {
        if (!czm_value_int(shifts, i, &shift) || !czm_value_int(axes, i, &axis) ||
            !czm_step_find_axis(step, axis, shape.rank, &found))
            return;
        by[found] += shift;
    }
    czm_element *elements = czm_step_new_elements(step, 0, &count);
    czm_strides_of(shape, strides);
    for (size_t i = 0; elements && i < count; i++) {
        int64_t from = 0;
        for (int k = 0; k < shape.rank; k++) {
            int64_t size = shape.dims[k], at = (int64_t)i / strides[k] % size;
            from += (((at - by[k]) % size + size) % size) * strides[k];
        }
        elements[i] = value.elements[from];
    }
    if (elements) czm_step_set_elements(step, 0, elements, count);
}

// ---- OneHot: inputs are the positions, the depth, and the two values

void czm_fold_one_hot(czm_step *step) {
    czm_value places = czm_step_in_value(step, 0);
    czm_element on = first_or_zero(step, 2), off = first_or_zero(step, 3);
    int64_t depth, place, axis = czm_attr_int(step->node, "axis");
    czm_shape shape = czm_step_in_shape(step, 0);
    size_t count = 0, inner = 1;
    if (!places.elements || !czm_step_in_int(step, 1, &depth) || depth < 1) return;
    czm_element *elements = czm_step_new_elements(step, 0, &count);
    for (int i = axis < 0 ? shape.rank : (int)axis; i < shape.rank; i++)
        inner *= (size_t)shape.dims[i];
    for (size_t i = 0; elements && i < count; i++) {
        size_t at = i / (inner * (size_t)depth) * inner + i % inner;
        int64_t here = (int64_t)(i / inner % (size_t)depth);
        if (czm_value_int(places, at, &place)) elements[i] = place == here ? on : off;
    }
    if (elements) czm_step_set_elements(step, 0, elements, count);
}

void czm_fold_invert_permutation(czm_step *step) {
    czm_value order = czm_step_in_value(step, 0);
    size_t count = 0;
    int64_t place;
    czm_element *elements = order.elements ? czm_step_new_elements(step, 0, &count) : NULL;
    if (!elements || count != order.count) return;
    for (size_t i = 0; i < count; i++)
        if (czm_value_int(order, i, &place) && place >= 0 && place < (int64_t)count)
            elements[place] = (czm_element){true, (double)i};
    czm_step_set_elements(step, 0, elements, count);
}

// ---- indices of slices: the last dimension of the indices names the first dimensions of a tensor

typedef struct places {
    czm_value indices;
    czm_shape shape; // of the tensor that they are about
    size_t depth, count, slice;
} places;

static bool read_places(const czm_step *step, size_t input, czm_shape shape, places *p) {
    czm_shape indices = czm_step_in_shape(step, input);
    *p = (places){.indices = czm_step_in_value(step, input), .shape = shape, .slice = 1};
    if (!p->indices.elements || indices.rank < 1 || !czm_shape_is_complete(shape)) return false;
    p->depth = (size_t)indices.dims[indices.rank - 1];
    if (p->depth == 0 || p->depth > (size_t)shape.rank) return false;
    p->count = p->indices.count / p->depth;
    for (int i = (int)p->depth; i < shape.rank; i++) p->slice *= (size_t)shape.dims[i];
    return true;
}

// The begin of slice `number` in the tensor; false if it is not known, or outside.
static bool find_place(const places *p, size_t number, size_t *begin) {
    size_t at = 0;
    for (size_t k = 0; k < p->depth; k++) {
        int64_t index;
        if (!czm_value_int(p->indices, number * p->depth + k, &index) || index < 0 ||
            index >= p->shape.dims[k])
            return false;
        at = at * (size_t)p->shape.dims[k] + (size_t)index;
    }
    *begin = at * p->slice;
    return true;
}

void czm_fold_gather_nd(czm_step *step) {
    czm_value value = czm_step_in_value(step, 0);
    size_t count = 0, begin;
    places p;
    if (!value.elements || !read_places(step, 1, czm_step_in_shape(step, 0), &p)) return;
    czm_element *elements = czm_step_new_elements(step, 0, &count);
    for (size_t i = 0; elements && i < count; i++)
        if (find_place(&p, i / p.slice, &begin)) elements[i] = value.elements[begin + i % p.slice];
    if (elements) czm_step_set_elements(step, 0, elements, count);
}

// Slices replace the elements of the tensor, or are added to them.
static void put_slices(czm_step *step, const places *p, czm_value slices, bool is_added,
                       czm_element *elements, size_t count) {
    czm_dtype dtype = czm_tensor_dtype(czm_output((czm_node *)step->node));
    for (size_t i = 0; i < p->count; i++) {
        size_t begin;
        if (!find_place(p, i, &begin)) return;
        for (size_t k = 0; k < p->slice && begin + k < count; k++) {
            czm_element *to = &elements[begin + k];
            czm_element from = slices.elements[(i * p->slice + k) % slices.count];
            if (!is_added)
                *to = from;
            else
                *to = to->is_known && from.is_known
                          ? czm_element_of(dtype, to->number + from.number)
                          : (czm_element){0};
        }
    }
    czm_step_set_elements(step, 0, elements, count);
}

// ScatterNd, which adds to zeros (indices, updates, shape; detail 0), and TensorScatterUpdate and
// TensorScatterAdd (tensor, indices, updates; detail 1 and 2).
void czm_fold_scatter(czm_step *step) {
    size_t indices = step->detail ? 1 : 0, count = 0;
    czm_value slices = czm_step_in_value(step, indices + 1), old = czm_step_in_value(step, 0);
    places p;
    if (!slices.elements || !slices.count || (step->detail && !old.elements) ||
        !read_places(step, indices, step->outputs[0].shape, &p) || slices.count < p.count * p.slice)
        return;
    czm_element *elements = filled(step, (czm_element){true, 0}, &count);
    if (!elements) return;
    if (step->detail) memcpy(elements, old.elements, count * sizeof *elements);
    put_slices(step, &p, slices, step->detail != 1, elements, count);
}

// Inputs are the positions (a number, a vector, or rows), the shape, the values, and the default value.
void czm_fold_sparse_to_dense(czm_step *step) {
    czm_shape shape = step->outputs[0].shape;
    czm_value slices = czm_step_in_value(step, 2);
    size_t count = 0;
    places p = {.indices = czm_step_in_value(step, 0), .shape = shape, .slice = 1};
    if (!p.indices.elements || !slices.elements || !slices.count || shape.rank < 1) return;
    p.depth = czm_step_in_shape(step, 0).rank == 2 ? (size_t)czm_step_in_shape(step, 0).dims[1] : 1;
    if (p.depth != (size_t)shape.rank) return;
    p.count = p.indices.count / p.depth;
    czm_element *elements = filled(step, first_or_zero(step, 3), &count);
    if (elements) put_slices(step, &p, slices, false, elements, count);
}

// XlaDynamicUpdateSlice: the tensor, the slice, and its begin, which is moved so that the slice fits.
void czm_fold_slice_update(czm_step *step) {
    czm_shape shape = czm_step_in_shape(step, 0), part = czm_step_in_shape(step, 1);
    czm_value value = czm_step_in_value(step, 0), update = czm_step_in_value(step, 1);
    int64_t strides[CZM_HIGHEST_RANK], begin;
    size_t count = 0;
    if (!value.elements || !update.elements || shape.rank != part.rank) return;
    czm_view view = {.rank = 0};
    czm_strides_of(shape, strides);
    for (int i = 0; i < shape.rank; i++) {
        int64_t most = shape.dims[i] - part.dims[i];
        if (!czm_value_int(czm_step_in_value(step, 2), (size_t)i, &begin) || most < 0) return;
        czm_view_add(&view, part.dims[i], strides[i]);
        view.offset += (begin < 0 ? 0 : begin > most ? most : begin) * strides[i];
    }
    czm_element *elements = czm_step_new_elements(step, 0, &count);
    if (!elements) return;
    memcpy(elements, value.elements, count * sizeof *elements);
    size_t *positions = CZM_NEW_ARRAY(step->arena, size_t, update.count);
    czm_view_positions(&view, update.count, positions);
    for (size_t i = 0; i < update.count; i++) elements[positions[i]] = update.elements[i];
    czm_step_set_elements(step, 0, elements, count);
}
