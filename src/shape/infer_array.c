// SPDX-License-Identifier: Apache-2.0
//
// Ops that change the shape or order of one tensor's values, or add others around them.
#include "shape/ops.h"

// ---- the same values in another shape

// A target size of -1 means the remaining size. An unknown target size may be a size or -1; if there is only one, it
// is the remaining size in both cases.
void czm_infer_reshape(czm_step *step) {
    czm_shape shape = czm_step_in_shape(step, 0);
    czm_dims target = czm_step_in_sizes(step, 1);
    int64_t count = czm_shape_count(shape), product = 1;
    int holes = 0, hole = 0;
    for (int i = 0; i < target.rank; i++) {
        if (target.at[i] != CZM_UNKNOWN) {
            product = czm_dim_multiply(product, target.at[i]);
        } else {
            holes++;
            hole = i;
        }
    }
    bool is_checkable = target.rank != CZM_UNKNOWN && count != CZM_UNKNOWN &&
                        product != CZM_UNKNOWN && (holes == 0 || product != 0);
    if (is_checkable && (holes ? count % product != 0 : count != product)) {
        czm_step_fault(step, "cannot reshape %s (%lld values) to %s", czm_step_text_of(step, shape),
                       (long long)count, czm_step_text_of(step, czm_dims_shape(&target)));
        return;
    }
    if (is_checkable && holes == 1) target.at[hole] = count / product;
    czm_step_set_dims(step, 0, &target);
}

// Without a list of dimensions, all dimensions of size 1 are removed.
void czm_infer_squeeze(czm_step *step) {
    czm_shape shape = czm_step_in_shape(step, 0);
    int64_t axes[CZM_HIGHEST_RANK];
    bool goes[CZM_HIGHEST_RANK] = {false};
    size_t count = czm_attr_ints(step->node, "squeeze_dims", axes, CZM_HIGHEST_RANK);
    if (shape.rank == CZM_UNKNOWN || count > CZM_HIGHEST_RANK) return;
    if (count == 0 && !czm_shape_is_complete(shape)) return;
    for (size_t i = 0; i < count; i++) {
        int axis;
        if (!czm_step_find_axis(step, axes[i], shape.rank, &axis)) return;
        goes[axis] = true;
        if (shape.dims[axis] != 1 && shape.dims[axis] != CZM_UNKNOWN) {
            czm_step_fault(step, "cannot drop dimension %d of %s: it is not 1", axis,
                           czm_step_text_of(step, shape));
            return;
        }
    }
    czm_dims dims = {.rank = 0};
    for (int i = 0; i < shape.rank; i++)
        if (count ? !goes[i] : shape.dims[i] != 1) czm_dims_add(&dims, shape.dims[i]);
    czm_step_set_dims(step, 0, &dims);
}

void czm_infer_expand_dims(czm_step *step) {
    czm_shape shape = czm_step_in_shape(step, 0);
    int64_t value;
    int axis;
    if (shape.rank == CZM_UNKNOWN) return;
    if (!czm_step_in_int(step, 1, &value)) {
        czm_step_set_rank(step, 0, shape.rank + 1);
        return;
    }
    if (!czm_step_find_axis(step, value, shape.rank + 1, &axis)) return;
    czm_dims dims = {.rank = 0};
    czm_dims_add_all(&dims, shape, 0, axis);
    czm_dims_add(&dims, 1);
    czm_dims_add_all(&dims, shape, axis, shape.rank);
    czm_step_set_dims(step, 0, &dims);
}

// ---- the same values in another order

void czm_infer_transpose(czm_step *step) {
    czm_shape shape = czm_step_in_shape(step, 0);
    czm_dims order = czm_step_in_sizes(step, 1);
    bool is_taken[CZM_HIGHEST_RANK] = {false};
    if (shape.rank == CZM_UNKNOWN) {
        czm_step_set_rank(step, 0, order.rank);
        return;
    }
    czm_dims dims = czm_dims_unknown(shape.rank);
    bool fits = order.rank == shape.rank || order.rank == CZM_UNKNOWN;
    for (int i = 0; i < order.rank && fits; i++) {
        int64_t from = order.at[i];
        if (from == CZM_UNKNOWN) continue;
        fits = from < shape.rank && !is_taken[from];
        if (fits) is_taken[from] = true;
        if (fits) dims.at[i] = shape.dims[from];
    }
    if (fits)
        czm_step_set_dims(step, 0, &dims);
    else
        czm_step_fault(step, "cannot transpose %s by %s", czm_step_text_of(step, shape),
                       czm_step_text_of(step, czm_dims_shape(&order)));
}

// ---- more values

void czm_infer_tile(czm_step *step) {
    czm_shape shape = czm_step_in_shape(step, 0);
    czm_dims times = czm_step_in_sizes(step, 1);
    if (shape.rank == CZM_UNKNOWN || times.rank == CZM_UNKNOWN) {
        czm_step_set_rank(step, 0, shape.rank == CZM_UNKNOWN ? times.rank : shape.rank);
        return;
    }
    if (shape.rank != times.rank) {
        czm_step_fault(step, "cannot tile %s by %s", czm_step_text_of(step, shape),
                       czm_step_text_of(step, czm_dims_shape(&times)));
        return;
    }
    for (int i = 0; i < shape.rank; i++) times.at[i] = czm_dim_multiply(times.at[i], shape.dims[i]);
    czm_step_set_dims(step, 0, &times);
}

static int64_t padded(int64_t dim, czm_value paddings, int i) {
    int64_t before, after;
    bool is_known = czm_value_int(paddings, 2 * (size_t)i, &before) &&
                    czm_value_int(paddings, 2 * (size_t)i + 1, &after);
    if (!is_known || before < 0 || after < 0) return CZM_UNKNOWN;
    return czm_dim_add(dim, czm_dim_add(before, after));
}

// Input 1 has a row [before, after] for each dimension.
void czm_infer_pad(czm_step *step) {
    czm_shape shape = czm_step_in_shape(step, 0), paddings = czm_step_in_shape(step, 1);
    int64_t rows = paddings.rank == 2 ? paddings.dims[0] : CZM_UNKNOWN;
    if (shape.rank == CZM_UNKNOWN) {
        czm_step_set_rank(step, 0, rows > CZM_HIGHEST_RANK ? CZM_UNKNOWN : (int)rows);
        return;
    }
    if (rows != CZM_UNKNOWN && rows != shape.rank) {
        czm_step_fault(step, "cannot pad %s by paddings of shape %s", czm_step_text_of(step, shape),
                       czm_step_text_of(step, paddings));
        return;
    }
    czm_dims dims = czm_dims_unknown(shape.rank);
    for (int i = 0; i < shape.rank; i++)
        dims.at[i] = padded(shape.dims[i], czm_step_in_value(step, 1), i);
    czm_step_set_dims(step, 0, &dims);
}

// A new dimension of `depth` (input 1) at attr "axis", where -1 is the end.
void czm_infer_one_hot(czm_step *step) {
    czm_shape shape = czm_step_in_shape(step, 0);
    int64_t depth;
    int axis;
    if (shape.rank == CZM_UNKNOWN) return;
    if (!czm_step_find_axis(step, czm_attr_int(step->node, "axis"), shape.rank + 1, &axis)) return;
    czm_dims dims = {.rank = 0};
    czm_dims_add_all(&dims, shape, 0, axis);
    czm_dims_add(&dims, czm_step_in_int(step, 1, &depth) && depth >= 0 ? depth : CZM_UNKNOWN);
    czm_dims_add_all(&dims, shape, axis, shape.rank);
    czm_step_set_dims(step, 0, &dims);
}
