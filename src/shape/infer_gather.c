// SPDX-License-Identifier: Apache-2.0
//
// Ops that select slices by their indices, or assemble slices by indices.
#include "shape/ops.h"

// ---- slices along one dimension

// params[:axis] + indices[batch_dims:] + params[axis + 1:], where the first `batch` dimensions of
// both are the same.
static void gather(czm_step *step, czm_shape params, czm_shape indices, int axis, int batch) {
    czm_dims dims = {.rank = 0};
    for (int i = 0; i < axis; i++) {
        int64_t merged = params.dims[i];
        if (i < batch && !czm_dim_merge(merged, indices.dims[i], &merged)) {
            czm_step_fault(step,
                           "cannot gather from %s by indices of shape %s: dimension %d differs",
                           czm_step_text_of(step, params), czm_step_text_of(step, indices), i);
            return;
        }
        czm_dims_add(&dims, merged);
    }
    czm_dims_add_all(&dims, indices, batch, indices.rank);
    czm_dims_add_all(&dims, params, axis + 1, params.rank);
    czm_step_set_dims(step, 0, &dims);
}

// As far as the ranks go: batch_dims counts from the end of the indices if negative.
static bool find_batch(czm_step *step, czm_shape params, czm_shape indices, int *batch) {
    int64_t value = czm_attr_int(step->node, "batch_dims");
    if (params.rank == CZM_UNKNOWN || indices.rank == CZM_UNKNOWN) return false;
    if (value < 0) value += indices.rank;
    if (value < 0 || value > indices.rank || value > params.rank) {
        czm_step_fault(step, "%s and indices of shape %s cannot share %lld dimensions",
                       czm_step_text_of(step, params), czm_step_text_of(step, indices),
                       (long long)value);
        return false;
    }
    *batch = (int)value;
    return true;
}

// Gather: inputs are the parameters and the indices of slices along dimension 0.
void czm_infer_gather(czm_step *step) {
    czm_shape params = czm_step_in_shape(step, 0), indices = czm_step_in_shape(step, 1);
    int axis;
    if (params.rank == CZM_UNKNOWN || indices.rank == CZM_UNKNOWN) return;
    if (czm_step_find_axis(step, 0, params.rank, &axis)) gather(step, params, indices, 0, 0);
}

// GatherV2: input 2 is the dimension.
void czm_infer_gather_axis(czm_step *step) {
    czm_shape params = czm_step_in_shape(step, 0), indices = czm_step_in_shape(step, 1);
    int64_t value;
    int axis, batch;
    if (!find_batch(step, params, indices, &batch)) return;
    if (!czm_step_in_int(step, 2, &value)) {
        czm_step_set_rank(step, 0, params.rank + indices.rank - 1 - batch);
        return;
    }
    if (!czm_step_find_axis(step, value, params.rank, &axis)) return;
    if (batch > axis)
        czm_step_fault(step, "cannot gather along dimension %d, which the indices share", axis);
    else
        gather(step, params, indices, axis, batch);
}

// Input 0 is the variable that holds the parameters.
void czm_infer_resource_gather(czm_step *step) {
    czm_shape params = czm_step_in_content(step, 0).shape, indices = czm_step_in_shape(step, 1);
    int axis, batch;
    if (!find_batch(step, params, indices, &batch)) return;
    if (czm_step_find_axis(step, batch, params.rank, &axis))
        gather(step, params, indices, axis, batch);
}

// ---- slices by several indices each: the last dimension of the indices

static void gather_nd(czm_step *step, czm_shape params, czm_shape indices) {
    if (params.rank == CZM_UNKNOWN || indices.rank < 1) return;
    int64_t depth = indices.dims[indices.rank - 1];
    if (depth == CZM_UNKNOWN) return;
    if (depth > params.rank) {
        czm_step_fault(step, "cannot gather from %s by %lld indices each",
                       czm_step_text_of(step, params), (long long)depth);
        return;
    }
    czm_dims dims = {.rank = 0};
    czm_dims_add_all(&dims, indices, 0, indices.rank - 1);
    czm_dims_add_all(&dims, params, (int)depth, params.rank);
    czm_step_set_dims(step, 0, &dims);
}

void czm_infer_gather_nd(czm_step *step) {
    gather_nd(step, czm_step_in_shape(step, 0), czm_step_in_shape(step, 1));
}

void czm_infer_resource_gather_nd(czm_step *step) {
    gather_nd(step, czm_step_in_content(step, 0).shape, czm_step_in_shape(step, 1));
}

// ---- parts of unknown size

// [first] + data without the dimensions that the indices have.
static void set_rest(czm_step *step, size_t output, int64_t first, czm_shape data,
                     czm_shape indices) {
    if (data.rank == CZM_UNKNOWN || indices.rank == CZM_UNKNOWN) return;
    czm_dims dims = {.rank = 0};
    czm_dims_add(&dims, first);
    czm_dims_add_all(&dims, data, indices.rank, data.rank);
    czm_step_set_dims(step, output, &dims);
}

// DynamicPartition: inputs are the data and the number of the part for each.
void czm_infer_partition(czm_step *step) {
    czm_shape data = czm_step_in_shape(step, 0), numbers = czm_step_in_shape(step, 1);
    set_rest(step, 0, CZM_UNKNOWN, data, numbers);
    for (size_t i = 1; i < step->output_count; i++)
        czm_step_set_shape(step, i, step->outputs[0].shape);
}

// DynamicStitch: the first half of the inputs are indices, the second the data.
void czm_infer_stitch(czm_step *step) {
    size_t half = czm_step_in_count(step) / 2;
    if (half)
        set_rest(step, 0, CZM_UNKNOWN, czm_step_in_shape(step, half), czm_step_in_shape(step, 0));
}

// SegmentSum and similar ops: inputs are the data and the segment of each slice.
void czm_infer_segments(czm_step *step) {
    set_rest(step, 0, CZM_UNKNOWN, czm_step_in_shape(step, 0), czm_step_in_shape(step, 1));
}

// UnsortedSegmentSum and similar ops: input 2 says how many segments there are.
void czm_infer_numbered_segments(czm_step *step) {
    int64_t count;
    bool is_known = czm_step_in_int(step, 2, &count) && count >= 0;
    set_rest(step, 0, is_known ? count : CZM_UNKNOWN, czm_step_in_shape(step, 0),
             czm_step_in_shape(step, 1));
}
