// SPDX-License-Identifier: Apache-2.0
//
// Slice and StridedSlice: shapes and values.
#include "shape/view.h"

// ---- Slice: inputs are the tensor, where to begin, and the size, where -1 is all that is left

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
    czm_dims dims = czm_dims_of(in_shape(step, 0)), sizes = czm_in_sizes(step, 2);
    if (sizes.rank == CZM_UNKNOWN) sizes = czm_in_sizes(step, 1);
    if (dims.rank == CZM_UNKNOWN) dims = czm_dims_unknown(sizes.rank);
    if (sizes.rank != CZM_UNKNOWN && sizes.rank != dims.rank) {
        czm_fault(step, "cannot cut a slice of %d dimensions from %s", sizes.rank,
                  in_text(step, 0));
        return;
    }
    for (int i = 0; i < dims.rank; i++) {
        if (slice_dim(dims.at[i], in_value(step, 1), in_value(step, 2), (size_t)i, &dims.at[i]))
            continue;
        czm_fault(step, "the slice does not lie inside dimension %d of %s", i, in_text(step, 0));
        return;
    }
    czm_set_dims(step, 0, &dims);
}

void czm_fold_slice(czm_step *step) {
    czm_shape shape = in_shape(step, 0), result = step->outputs[0].shape;
    czm_value begins = in_value(step, 1);
    int64_t strides[CZM_HIGHEST_RANK], begin;
    if (!in_value(step, 0).elements) return;
    czm_view view = {.rank = 0};
    czm_strides_of(shape, strides);
    for (int i = 0; i < result.rank; i++) {
        if (!czm_value_int(begins, (size_t)i, &begin) || begin < 0) return;
        czm_view_add(&view, result.dims[i], strides[i]);
        view.offset += begin * strides[i];
    }
    czm_set_viewed(step, 0, 0, &view);
}

// ---- StridedSlice: inputs are the tensor, begins, ends and strides; bit i of each mask is about
// entry i of these. An entry is an ellipsis, a new dimension, or a slice of one dimension.

typedef struct slicing {
    czm_shape shape;
    czm_value begins, ends, strides;
    int64_t begin_mask, end_mask, shrink_mask, ellipsis_mask, new_mask;
    int64_t steps[CZM_HIGHEST_RANK]; // from element to element of the source
    czm_dims dims;                   // of the result
    czm_view view;
    bool is_view_known;
} slicing;

static bool has_bit(int64_t mask, int bit) { return (uint64_t)mask >> bit & 1; }

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

// A single index, which takes the dimension away; false if it is outside.
static bool take_index(slicing *s, int entry, int dim) {
    int64_t size = s->shape.dims[dim], index;
    if (!czm_value_int(s->begins, (size_t)entry, &index) || size == CZM_UNKNOWN) {
        s->is_view_known = false;
        return true;
    }
    if (index < -size || index >= size) return false;
    if (s->is_view_known) s->view.offset += (index < 0 ? index + size : index) * s->steps[dim];
    return true;
}

// Where a slice begins or ends, counted from the front and kept within the dimension.
static bool find_bound(czm_value bounds, int entry, bool is_masked, int64_t masked, int64_t size,
                       int64_t low, int64_t high, int64_t *out) {
    *out = masked;
    if (is_masked) return true;
    if (!czm_value_int(bounds, (size_t)entry, out)) return false;
    if (*out < 0) *out += size;
    if (*out < low) *out = low;
    if (*out > high) *out = high;
    return true;
}

static void take_range(slicing *s, int entry, int dim) {
    int64_t size = s->shape.dims[dim], step, begin, end;
    bool knows_step = czm_value_int(s->strides, (size_t)entry, &step) && step != 0;
    if (!knows_step || size == CZM_UNKNOWN) {
        keep_dim(s, dim, CZM_UNKNOWN, 0, false);
        return;
    }
    int64_t low = step > 0 ? 0 : -1, high = step > 0 ? size : size - 1;
    int64_t first = step > 0 ? low : high, last = step > 0 ? high : low;
    if (!find_bound(s->begins, entry, has_bit(s->begin_mask, entry), first, size, low, high,
                    &begin) ||
        !find_bound(s->ends, entry, has_bit(s->end_mask, entry), last, size, low, high, &end)) {
        keep_dim(s, dim, CZM_UNKNOWN, 0, false);
        return;
    }
    int64_t length = step > 0 ? end - begin : begin - end, stride = step > 0 ? step : -step;
    int64_t count = length > 0 ? (length - 1) / stride + 1 : 0;
    if (s->is_view_known && count > 0) s->view.offset += begin * s->steps[dim];
    keep_dim(s, dim, count, step, true);
}

static slicing read_slicing(const czm_step *step) {
    const czm_node *node = step->node;
    slicing s = {.shape = in_shape(step, 0),
                 .begins = in_value(step, 1),
                 .ends = in_value(step, 2),
                 .strides = in_value(step, 3),
                 .begin_mask = czm_attr_int(node, "begin_mask"),
                 .end_mask = czm_attr_int(node, "end_mask"),
                 .shrink_mask = czm_attr_int(node, "shrink_axis_mask"),
                 .ellipsis_mask = czm_attr_int(node, "ellipsis_mask"),
                 .new_mask = czm_attr_int(node, "new_axis_mask"),
                 .is_view_known = in_value(step, 0).elements != NULL};
    if (s.is_view_known) czm_strides_of(s.shape, s.steps);
    return s;
}

// How many entries there are, if it is known.
static int entry_count(const czm_step *step) {
    for (size_t i = 1; i <= 3; i++) {
        czm_dims sizes = czm_in_sizes(step, i);
        if (sizes.rank != CZM_UNKNOWN) return sizes.rank;
    }
    return CZM_UNKNOWN;
}

// How many dimensions of the tensor the entries are about, ellipsis apart.
static int named_dims(const slicing *s, int entries) {
    int named = 0;
    for (int i = 0; i < entries; i++)
        named += !has_bit(s->ellipsis_mask, i) && !has_bit(s->new_mask, i);
    return named;
}

static bool take_entry(czm_step *step, slicing *s, int entry, int dim) {
    if (has_bit(s->shrink_mask, entry)) {
        if (take_index(s, entry, dim)) return true;
        czm_fault(step, "there is no such index along dimension %d of %s", dim,
                  text_of(step, s->shape));
        return false;
    }
    take_range(s, entry, dim);
    return true;
}

// What the entries make of the tensor; false if that is unknown or after a fault.
static bool apply_slicing(czm_step *step, slicing *s) {
    int entries = entry_count(step), dim = 0, named = named_dims(s, entries);
    if (entries == CZM_UNKNOWN || s->shape.rank == CZM_UNKNOWN) return false;
    if (named > s->shape.rank) {
        czm_fault(step, "cannot slice %s along %d dimensions", text_of(step, s->shape), named);
        return false;
    }
    bool has_ellipsis = false;
    for (int i = 0; i < entries; i++) {
        if (has_bit(s->ellipsis_mask, i)) {
            if (has_ellipsis) return false;
            has_ellipsis = true;
            for (int n = s->shape.rank - named; n > 0; n--) keep_whole(s, dim++);
        } else if (has_bit(s->new_mask, i)) {
            czm_dims_add(&s->dims, 1);
            czm_view_add(&s->view, 1, 0);
        } else if (!take_entry(step, s, i, dim++)) {
            return false;
        }
    }
    while (dim < s->shape.rank) keep_whole(s, dim++);
    return true;
}

void czm_infer_strided_slice(czm_step *step) {
    slicing s = read_slicing(step);
    if (apply_slicing(step, &s)) czm_set_dims(step, 0, &s.dims);
}

void czm_fold_strided_slice(czm_step *step) {
    if (!in_value(step, 0).elements) return;
    slicing s = read_slicing(step);
    if (apply_slicing(step, &s) && s.is_view_known) czm_set_viewed(step, 0, 0, &s.view);
}
