// SPDX-License-Identifier: Apache-2.0
//
// Ops that choose, count and group: unique numbers, boxes after suppression, segments.
#include "write/onnx/ops.h"

static const char *unsqueeze(czm_onnx_step *step, const char *of, int64_t axis) {
    return czm_onnx_emit_with_axes(step, "Unsqueeze", of, &axis, 1, 13);
}

static const char *sum_along(czm_onnx_step *step, const char *of, int64_t axis) {
    const char *sum = czm_onnx_emit_with_axes(step, "ReduceSum", of, &axis, 1, 13);
    czm_onnx_set_int(step, "keepdims", 0);
    return sum;
}

static const char *as_numbers(czm_onnx_step *step, const char *truths) {
    return czm_onnx_emit_cast(step, truths, CZM_DTYPE_INT32);
}

static void put_as(czm_onnx_step *step, size_t output, const char *name, czm_dtype is) {
    czm_dtype wanted = step->outputs[output].dtype;
    czm_onnx_out(step, output, wanted == is ? name : czm_onnx_emit_cast(step, name, wanted));
}

// ---- unique numbers

// Unique(x) and UniqueWithCounts: in the order of their first occurrence.
void czm_onnx_unique(czm_onnx_step *step) {
    bool is_whole = !czm_dtype_is_floating(czm_onnx_in(step, 0)->dtype); // engines have int64 only
    const char *name = CZM_ONNX(step, "Unique",
                                is_whole ? czm_onnx_in_int64(step, 0) : czm_onnx_in_plain(step, 0));
    czm_onnx_node *node = czm_onnx_last(step);
    czm_onnx_set_int(step, "sorted", 0);
    czm_onnx_emit_more_of(step, node); // the first positions, which TensorFlow does not return
    const char *places = czm_onnx_emit_more_of(step, node), *counts = NULL;
    if (step->output_count > 2) counts = czm_onnx_emit_more_of(step, node);
    put_as(step, 0, name, is_whole ? CZM_DTYPE_INT64 : step->outputs[0].dtype);
    put_as(step, 1, places, CZM_DTYPE_INT64);
    if (counts) put_as(step, 2, counts, CZM_DTYPE_INT64);
}

// ---- numbers of smaller elements

// Bucketize(input): the number of boundaries that are at most the input.
void czm_onnx_bucketize(czm_onnx_step *step) {
    enum { MOST = 1024 };
    float bounds[MOST];
    size_t count = czm_attr_floats(step->node, "boundaries", bounds, MOST);
    int rank = czm_onnx_in(step, 0)->shape.rank;
    if (rank == CZM_UNKNOWN || count > MOST) {
        czm_onnx_refuse(step, "the rank of its input is not known, or its boundaries are too many");
        return;
    }
    const int64_t dims[] = {(int64_t)count};
    const char *value =
        unsqueeze(step, czm_onnx_emit_cast(step, czm_onnx_in_plain(step, 0), CZM_DTYPE_FLOAT),
                  rank);
    const char *below = CZM_ONNX(step, "Less", value, czm_onnx_floats(step, bounds, dims, 1));
    czm_onnx_out(step, 0, sum_along(step, as_numbers(step, CZM_ONNX(step, "Not", below)), rank));
}

// LowerBound and UpperBound(sorted [n, m], values [n, k]): the number of elements before the value.
void czm_onnx_bound(czm_onnx_step *step) {
    const char *sorted = unsqueeze(step, czm_onnx_in_plain(step, 0), 1);
    const char *values = unsqueeze(step, czm_onnx_in_plain(step, 1), 2);
    bool is_lower = czm_text_equal(step->detail, "lower");
    const char *is_before = is_lower
                                ? CZM_ONNX(step, "Less", sorted, values)
                                : CZM_ONNX(step, "Not", CZM_ONNX(step, "Less", values, sorted));
    put_as(step, 0, sum_along(step, as_numbers(step, is_before), 2), CZM_DTYPE_INT32);
}

// ---- boxes

// NonMaxSuppression, V2 and V3 (boxes [n, 4], scores [n], most, overlap, least score).
void czm_onnx_suppress(czm_onnx_step *step) {
    const char *boxes = unsqueeze(step, czm_onnx_in_plain(step, 0), 0);
    const int64_t ends[] = {0, 1}, number[] = {2};
    const char *scores =
        czm_onnx_emit_with_axes(step, "Unsqueeze", czm_onnx_in_plain(step, 1), ends, 2, 13);
    const char *most =
        czm_onnx_emit_reshape(step, czm_onnx_in_int64(step, 2), (const int64_t[]){1}, 1);
    const char *overlap =
        czm_onnx_in_count(step) > 3
            ? czm_onnx_emit_reshape(step, czm_onnx_in_plain(step, 3), (const int64_t[]){1}, 1)
            : czm_onnx_floats(step,
                              (const float[]){(float)czm_attr_float(step->node, "iou_threshold")},
                              (const int64_t[]){1}, 1);
    const char *found = czm_onnx_in_count(step) > 4
                            ? CZM_ONNX(step, "NonMaxSuppression", boxes, scores, most, overlap,
                                       czm_onnx_emit_reshape(step, czm_onnx_in_plain(step, 4),
                                                             (const int64_t[]){1}, 1))
                            : CZM_ONNX(step, "NonMaxSuppression", boxes, scores, most, overlap);
    const char *place = CZM_ONNX(step, "Gather", found, czm_onnx_ints(step, number, 1)); // [n, 1]
    czm_onnx_set_int(step, "axis", 1);
    put_as(step, 0, czm_onnx_emit_reshape(step, place, (const int64_t[]){-1}, 1), CZM_DTYPE_INT64);
}

// ---- segments

// A row for each group, with a 1 for each of its members.
static const char *members(czm_onnx_step *step, const char *groups, const char *count,
                           czm_dtype dtype) {
    const char *numbers = CZM_ONNX(step, "Range", czm_onnx_number(step, CZM_DTYPE_INT64, 0),
                                   czm_onnx_emit_reshape(step, count, NULL, 0),
                                   czm_onnx_number(step, CZM_DTYPE_INT64, 1));
    return czm_onnx_emit_cast(step, CZM_ONNX(step, "Equal", unsqueeze(step, numbers, 1), groups),
                              dtype);
}

// The number of groups: the largest number plus 1.
static const char *count_groups(czm_onnx_step *step, const char *groups) {
    const char *last = CZM_ONNX(step, "ReduceMax", groups);
    czm_onnx_set_int(step, "keepdims", 0);
    return CZM_ONNX(step, "Add", last, czm_onnx_number(step, CZM_DTYPE_INT64, 1));
}

// SegmentSum, SegmentMean, UnsortedSegmentSum(data, groups, count): a product with the matrix of members.
void czm_onnx_segment_sum(czm_onnx_step *step) {
    czm_dtype dtype = czm_onnx_in(step, 0)->dtype;
    bool is_mean = czm_text_equal(step->detail, "mean");
    if (czm_onnx_in(step, 1)->shape.rank != 1 || (is_mean && !czm_dtype_is_floating(dtype))) {
        czm_onnx_refuse(step,
                        "only one list of groups is supported, and means of integers are not");
        return;
    }
    const char *groups = czm_onnx_in_int64(step, 1);
    const char *count = czm_onnx_in_count(step) > 2 ? czm_onnx_in_int64(step, 2)
                                                    : count_groups(step, groups);
    const char *data = czm_onnx_in_plain(step, 0);
    const char *rows = czm_onnx_emit_reshape(step, data, (const int64_t[]){0, -1}, 2);
    const char *in = members(step, groups, count, dtype);
    const char *sums = CZM_ONNX(step, "MatMul", in, rows);
    if (is_mean) {
        const char *sizes = unsqueeze(step, sum_along(step, in, 1), 1);
        sums = CZM_ONNX(step, "Div", sums,
                        CZM_ONNX(step, "Max", sizes, czm_onnx_number(step, dtype, 1)));
    }
    const char *first = czm_onnx_emit_reshape(step, count, (const int64_t[]){1}, 1);
    const char *rest = CZM_ONNX(step, "Slice", CZM_ONNX(step, "Shape", data), czm_onnx_int(step, 1),
                                czm_onnx_int(step, CZM_ONNX_MOST_DIMS));
    const char *dims = CZM_ONNX(step, "Concat", first, rest);
    czm_onnx_set_int(step, "axis", 0);
    czm_onnx_out(step, 0, CZM_ONNX(step, "Reshape", sums, dims));
}

// DynamicPartition(data, partitions): one output for each number.
void czm_onnx_partition(czm_onnx_step *step) {
    if (czm_onnx_in(step, 1)->shape.rank != 1) {
        czm_onnx_refuse(step, "only a list of partitions is supported");
        return;
    }
    const char *data = czm_onnx_in_plain(step, 0), *numbers = czm_onnx_in_int64(step, 1);
    for (size_t i = 0; i < step->output_count; i++) {
        const char *is_here =
            CZM_ONNX(step, "Equal", numbers, czm_onnx_number(step, CZM_DTYPE_INT64, (double)i));
        czm_onnx_out(step, i, CZM_ONNX(step, "Compress", data, is_here));
        czm_onnx_set_int(step, "axis", 0);
    }
}
