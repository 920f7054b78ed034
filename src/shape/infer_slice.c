// SPDX-License-Identifier: Apache-2.0
//
// Slice and StridedSlice: shapes and values.
#include "shape/view.h"
#include "view/slice.h"

// ---- Slice: inputs are the tensor, the begin, and the size, where -1 means all remaining elements

static bool slice_dim(int64_t whole, czm_value begins, czm_value sizes, size_t i, int64_t *out) {
    int64_t begin, size;
    *out = CZM_UNKNOWN;
    bool knows_begin = czm_value_int(begins, i, &begin) && begin >= 0;
    if (!czm_value_int(sizes, i, &size)) return true;
    bool fits = whole == CZM_UNKNOWN || (size <= whole && (!knows_begin || begin <= whole));
    if (size >= 0) *out = size;
    if (!fits || !knows_begin || whole == CZM_UNKNOWN) return fits;
    if (size < 0) *out = whole - begin;
    return size <= whole - begin;
}

void czm_infer_slice(czm_step *step) {
    czm_dims dims = czm_dims_of(czm_step_in_shape(step, 0)), sizes = czm_step_in_sizes(step, 2);
    if (sizes.rank == CZM_UNKNOWN) sizes = czm_step_in_sizes(step, 1);
    if (dims.rank == CZM_UNKNOWN) dims = czm_dims_unknown(sizes.rank);
    if (sizes.rank != CZM_UNKNOWN && sizes.rank != dims.rank) {
        czm_step_fault(step, "cannot cut a slice of %d dimensions from %s", sizes.rank,
                       czm_step_in_text(step, 0));
        return;
    }
    for (int i = 0; i < dims.rank; i++) {
        if (slice_dim(dims.at[i], czm_step_in_value(step, 1), czm_step_in_value(step, 2), (size_t)i,
                      &dims.at[i]))
            continue;
        czm_step_fault(step, "the slice does not lie inside dimension %d of %s", i,
                       czm_step_in_text(step, 0));
        return;
    }
    czm_step_set_dims(step, 0, &dims);
}

void czm_fold_slice(czm_step *step) {
    czm_shape shape = czm_step_in_shape(step, 0), result = step->outputs[0].shape;
    czm_value begins = czm_step_in_value(step, 1);
    int64_t strides[CZM_HIGHEST_RANK], begin;
    if (!czm_step_in_value(step, 0).elements) return;
    czm_view view = {.rank = 0};
    czm_strides_of(shape, strides);
    for (int i = 0; i < result.rank; i++) {
        if (!czm_value_int(begins, (size_t)i, &begin) || begin < 0) return;
        czm_view_add(&view, result.dims[i], strides[i]);
        view.offset += begin * strides[i];
    }
    czm_set_viewed(step, 0, 0, &view);
}

// ---- StridedSlice

typedef struct slicing {
    czm_shape shape;
    int64_t steps[CZM_HIGHEST_RANK]; // from element to element of the source
    czm_dims dims;                   // of the result
    czm_view view;
    bool is_view_known;
} slicing;

static void keep_dim(slicing *s, int dim, int64_t size, int64_t step, bool is_known) {
    czm_dims_add(&s->dims, size);
    if (is_known)
        czm_view_add(&s->view, size, step * s->steps[dim]);
    else
        s->is_view_known = false;
}

static void keep_whole(slicing *s, int dim) {
    keep_dim(s, dim, s->shape.dims[dim], 1, s->shape.dims[dim] != CZM_UNKNOWN);
}

// A single index, which removes the dimension; false if it is outside.
static bool take_index(slicing *s, const czm_part *part) {
    int64_t size = s->shape.dims[part->dim], index = part->begin.at;
    if (!part->begin.is_known || size == CZM_UNKNOWN) {
        s->is_view_known = false;
        return true;
    }
    if (index < -size || index >= size) return false;
    if (s->is_view_known)
        s->view.offset += (index < 0 ? index + size : index) * s->steps[part->dim];
    return true;
}

// The begin or end of a slice, counted from the front and limited to the dimension; `open` if a mask sets it.
static bool find_bound(czm_bound bound, int64_t open, int64_t size, int64_t low, int64_t high,
                       int64_t *out) {
    *out = bound.is_open ? open : bound.at;
    if (bound.is_open || !bound.is_known) return bound.is_open;
    if (*out < 0) *out += size;
    if (*out < low) *out = low;
    if (*out > high) *out = high;
    return true;
}

static void take_range(slicing *s, const czm_part *part) {
    int64_t size = s->shape.dims[part->dim], step = part->stride, begin, end;
    int64_t low = step > 0 ? 0 : -1, high = step > 0 ? size : size - 1;
    int64_t first = step > 0 ? low : high, last = step > 0 ? high : low;
    if (step == 0 || size == CZM_UNKNOWN ||
        !find_bound(part->begin, first, size, low, high, &begin) ||
        !find_bound(part->end, last, size, low, high, &end)) {
        keep_dim(s, part->dim, CZM_UNKNOWN, 0, false);
        return;
    }
    int64_t length = step > 0 ? end - begin : begin - end, stride = step > 0 ? step : -step;
    int64_t count = length > 0 ? (length - 1) / stride + 1 : 0;
    if (s->is_view_known && count > 0) s->view.offset += begin * s->steps[part->dim];
    keep_dim(s, part->dim, count, step, true);
}

// The number of entries, if it is known.
static int entry_count(const czm_step *step) {
    for (size_t i = 1; i <= 3; i++) {
        czm_dims sizes = czm_step_in_sizes(step, i);
        if (sizes.rank != CZM_UNKNOWN) return sizes.rank;
    }
    return CZM_UNKNOWN;
}

static bool take_part(czm_step *step, slicing *s, const czm_part *part) {
    switch (part->kind) {
    case CZM_PART_WHOLE: keep_whole(s, part->dim); return true;
    case CZM_PART_RANGE: take_range(s, part); return true;
    case CZM_PART_NEW:
        czm_dims_add(&s->dims, 1);
        czm_view_add(&s->view, 1, 0);
        return true;
    case CZM_PART_INDEX: break;
    }
    if (take_index(s, part)) return true;
    czm_step_fault(step, "there is no such index along dimension %d of %s", part->dim,
                   czm_step_text_of(step, s->shape));
    return false;
}

// Applies the entries to the tensor's shape; false if it is unknown, or after a fault.
static bool apply_slicing(czm_step *step, slicing *s) {
    czm_slicing parts;
    *s = (slicing){.shape = czm_step_in_shape(step, 0),
                   .is_view_known = czm_step_in_value(step, 0).elements != NULL};
    if (s->is_view_known) czm_strides_of(s->shape, s->steps);
    if (!czm_slicing_read(step->node, s->shape.rank, entry_count(step), czm_step_in_value(step, 1),
                          czm_step_in_value(step, 2), czm_step_in_value(step, 3), &parts)) {
        if (s->shape.rank != CZM_UNKNOWN && parts.named > s->shape.rank)
            czm_step_fault(step, "cannot slice %s along %d dimensions",
                           czm_step_text_of(step, s->shape), parts.named);
        return false;
    }
    for (int i = 0; i < parts.count; i++)
        if (!take_part(step, s, &parts.parts[i])) return false;
    for (int dim = parts.dim; dim < s->shape.rank; dim++) keep_whole(s, dim);
    return true;
}

void czm_infer_strided_slice(czm_step *step) {
    slicing s;
    if (apply_slicing(step, &s)) czm_step_set_dims(step, 0, &s.dims);
}

void czm_fold_strided_slice(czm_step *step) {
    slicing s;
    if (!czm_step_in_value(step, 0).elements) return;
    if (apply_slicing(step, &s) && s.is_view_known) czm_set_viewed(step, 0, 0, &s.view);
}
