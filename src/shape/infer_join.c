// SPDX-License-Identifier: Apache-2.0
//
// Ops that join several tensors, or split one tensor.
#include "shape/ops.h"

// ---- joining

// The inputs of a concatenation are those from `first` to `end`.
typedef struct concatenation {
    size_t first, end;
    int axis;
    bool is_axis_known;
} concatenation;

static bool add_part(const concatenation *c, czm_shape part, czm_dims *dims) {
    if (part.rank != dims->rank) return false;
    for (int i = 0; i < part.rank; i++) {
        if (c->is_axis_known && i == c->axis)
            dims->at[i] = czm_dim_add(dims->at[i], part.dims[i]);
        else if (c->is_axis_known && !czm_dim_merge(dims->at[i], part.dims[i], &dims->at[i]))
            return false;
    }
    return true;
}

static bool find_concat_axis(czm_step *step, concatenation *c, size_t axis_input, int rank) {
    int64_t axis;
    c->is_axis_known = czm_step_in_int(step, axis_input, &axis);
    return !c->is_axis_known || czm_step_find_axis(step, axis, rank, &c->axis);
}

static void concatenate(czm_step *step, concatenation c, size_t axis_input) {
    size_t end = c.end, known = c.first;
    while (known < end && czm_step_in_shape(step, known).rank == CZM_UNKNOWN) known++;
    if (known >= end) return;
    czm_dims dims = czm_dims_of(czm_step_in_shape(step, known));
    if (!find_concat_axis(step, &c, axis_input, dims.rank)) return;
    bool is_all_known = known == c.first;
    for (size_t i = known + 1; i < end; i++) {
        czm_shape part = czm_step_in_shape(step, i);
        if (part.rank == CZM_UNKNOWN) {
            is_all_known = false;
        } else if (!add_part(&c, part, &dims)) {
            const char *along =
                c.is_axis_known ? czm_arena_format(step->arena, " along dimension %d", c.axis) : "";
            czm_step_fault(step, "cannot concatenate %s and %s%s", czm_step_in_text(step, known),
                           czm_step_text_of(step, part), along);
            return;
        }
    }
    if (!c.is_axis_known)
        dims = czm_dims_unknown(dims.rank);
    else if (!is_all_known)
        dims.at[c.axis] = CZM_UNKNOWN;
    czm_step_set_dims(step, 0, &dims);
}

void czm_infer_concat(czm_step *step) {
    size_t last = czm_step_in_count(step) ? czm_step_in_count(step) - 1 : 0;
    concatenate(step, (concatenation){.first = 0, .end = last}, last);
}

void czm_infer_concat_axis_first(czm_step *step) {
    concatenate(step, (concatenation){.first = 1, .end = czm_step_in_count(step)}, 0);
}

// The inputs become slices along a new dimension.
void czm_infer_pack(czm_step *step) {
    czm_dims part = czm_dims_unknown(CZM_UNKNOWN), dims = {.rank = 0};
    for (size_t i = 0; i < czm_step_in_count(step); i++) {
        czm_dims before = part;
        if (czm_shape_merge(czm_dims_shape(&before), czm_step_in_shape(step, i), &part)) continue;
        czm_step_fault(step, "cannot stack %s and %s",
                       czm_step_text_of(step, czm_dims_shape(&before)), czm_step_in_text(step, i));
        return;
    }
    int axis;
    if (part.rank == CZM_UNKNOWN) return;
    if (!czm_step_find_axis(step, czm_attr_int(step->node, "axis"), part.rank + 1, &axis)) return;
    czm_dims_add_all(&dims, czm_dims_shape(&part), 0, axis);
    czm_dims_add(&dims, (int64_t)czm_step_in_count(step));
    czm_dims_add_all(&dims, czm_dims_shape(&part), axis, part.rank);
    czm_step_set_dims(step, 0, &dims);
}

// ---- splitting

static void set_all(czm_step *step, const czm_dims *dims) {
    czm_shape shape = czm_dims_keep(step->arena, dims);
    for (size_t i = 0; i < step->output_count; i++) czm_step_set_shape(step, i, shape);
}

void czm_infer_unpack(czm_step *step) {
    czm_shape shape = czm_step_in_shape(step, 0);
    int64_t parts = czm_attr_int(step->node, "num"), merged;
    int axis;
    if (shape.rank == CZM_UNKNOWN || parts < 0) return;
    if (!czm_step_find_axis(step, czm_attr_int(step->node, "axis"), shape.rank, &axis)) return;
    if (!czm_dim_merge(shape.dims[axis], parts, &merged)) {
        czm_step_fault(step, "cannot split %s into %lld slices along dimension %d",
                       czm_step_text_of(step, shape), (long long)parts, axis);
        return;
    }
    czm_dims dims = {.rank = 0};
    czm_dims_add_all(&dims, shape, 0, axis);
    czm_dims_add_all(&dims, shape, axis + 1, shape.rank);
    set_all(step, &dims);
}

// Inputs are the dimension and the tensor. All parts are alike.
void czm_infer_split(czm_step *step) {
    czm_dims dims = czm_dims_of(czm_step_in_shape(step, 1));
    int64_t parts = czm_attr_int(step->node, "num_split"), value;
    int axis;
    if (dims.rank == CZM_UNKNOWN || parts <= 0) return;
    if (!czm_step_in_int(step, 0, &value)) {
        dims = czm_dims_unknown(dims.rank);
    } else {
        if (!czm_step_find_axis(step, value, dims.rank, &axis)) return;
        if (dims.at[axis] % parts != 0 && dims.at[axis] != CZM_UNKNOWN) {
            czm_step_fault(step, "cannot split %s into %lld along dimension %d",
                           czm_step_in_text(step, 1), (long long)parts, axis);
            return;
        }
        if (dims.at[axis] != CZM_UNKNOWN) dims.at[axis] /= parts;
    }
    set_all(step, &dims);
}

// One of the sizes may be -1, which means the remaining size.
static bool find_rest(const czm_step *step, int64_t whole, int64_t *rest) {
    czm_value sizes = czm_step_in_value(step, 1);
    int64_t size;
    bool has_rest = false;
    *rest = whole;
    if (!sizes.elements) return true;
    for (size_t i = 0; i < sizes.count; i++) {
        if (!czm_value_int(sizes, i, &size) || (size < 0 && has_rest)) {
            *rest = CZM_UNKNOWN;
            return true;
        }
        if (size < 0) has_rest = true;
        if (size > 0 && *rest != CZM_UNKNOWN && *rest < size) return false;
        if (size > 0) *rest = czm_dim_subtract(*rest, size);
    }
    return has_rest || *rest == CZM_UNKNOWN || *rest == 0;
}

// Inputs are the tensor, the size of each part, and the dimension.
void czm_infer_split_sizes(czm_step *step) {
    czm_dims dims = czm_dims_of(czm_step_in_shape(step, 0));
    int64_t value, rest, size;
    int axis;
    if (dims.rank == CZM_UNKNOWN) return;
    if (!czm_step_in_int(step, 2, &value)) {
        dims = czm_dims_unknown(dims.rank);
        set_all(step, &dims);
        return;
    }
    if (!czm_step_find_axis(step, value, dims.rank, &axis)) return;
    if (!find_rest(step, dims.at[axis], &rest)) {
        czm_dims sizes = czm_step_in_sizes(step, 1);
        czm_step_fault(step, "cannot split %s into %s along dimension %d",
                       czm_step_in_text(step, 0), czm_step_text_of(step, czm_dims_shape(&sizes)),
                       axis);
        return;
    }
    for (size_t i = 0; i < step->output_count; i++) {
        bool is_known = czm_value_int(czm_step_in_value(step, 1), i, &size);
        dims.at[axis] = !is_known ? CZM_UNKNOWN : size < 0 ? rest : size;
        czm_step_set_dims(step, i, &dims);
    }
}
