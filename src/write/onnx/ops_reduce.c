// SPDX-License-Identifier: Apache-2.0
//
// Ops along axes: reductions, softmax, arg max, cumulative sums.
#include <math.h>

#include "write/onnx/layout.h"
#include "write/onnx/ops.h"

typedef struct axes {
    int64_t at[CZM_ONNX_MOST_DIMS];
    int count;
} axes;

// The axes in an input, counted from 0, in ascending order; false if the node was rejected.
static bool find_axes(czm_onnx_step *step, size_t input, int rank, axes *a) {
    bool is_reduced[CZM_ONNX_MOST_DIMS] = {false};
    a->count = 0;
    if (rank == CZM_UNKNOWN || rank > CZM_ONNX_MOST_DIMS ||
        !czm_axes_mark(czm_onnx_in(step, input)->known, rank, is_reduced)) {
        czm_onnx_refuse(step, "its axes are not known");
        return false;
    }
    for (int i = 0; i < rank; i++)
        if (is_reduced[i]) a->at[a->count++] = i;
    return true;
}

// Whether the remaining dimensions of a planar tensor have the order of the plain one: only the channels, nothing
// after them, or no channels.
static bool keeps_order(const axes *a, int rank) {
    bool has_channels = true;
    int space = rank - 2;
    for (int i = 0; i < a->count; i++) {
        has_channels &= a->at[i] != rank - 1;
        space -= a->at[i] > 0 && a->at[i] < rank - 1;
    }
    return !has_channels || space == 0;
}

// ReduceSum takes its axes as an input since opset 13, the others since 18.
static const char *reduce(czm_onnx_step *step, const char *op, const char *of, const axes *a,
                          bool keeps_dims) {
    int since = czm_text_equal(op, "ReduceSum") ? 13 : 18;
    const char *name = czm_onnx_emit_with_axes(step, op, of, a->at, a->count, since);
    czm_onnx_set_int(step, "keepdims", keeps_dims);
    return name;
}

// The mean of all pixels of an image: ONNX Runtime computes it in the blocked layout of its convolutions.
static bool put_global_mean(czm_onnx_step *step, const axes *a, bool keeps_dims) {
    static const int64_t space[] = {2, 3};
    const czm_onnx_value *value = czm_onnx_in(step, 0);
    if (!czm_text_equal(step->detail, "ReduceMean") || value->shape.rank != 4 ||
        value->dtype != CZM_DTYPE_FLOAT || !czm_onnx_in_is_planar(step, 0) || a->count != 2 ||
        a->at[0] != 1 || a->at[1] != 2)
        return false;
    const char *name = CZM_ONNX(step, "GlobalAveragePool", czm_onnx_in_planar(step, 0));
    if (keeps_dims)
        czm_onnx_out_planar(step, 0, name);
    else
        czm_onnx_out(step, 0, czm_onnx_emit_with_axes(step, "Squeeze", name, space, 2, 13));
    return true;
}

// ---- reductions of as many elements as the image selects. Where these are none, versions of ONNX Runtime stop, keep the
// dimension, or give 0 for a mean. So one element is added that changes nothing.

// The axis along which there may be no elements; -1: there are some.
static int64_t empty_axis(const czm_onnx_value *value, const axes *a) {
    for (int i = 0; i < a->count && value->may_be_empty; i++)
        if (value->shape.dims[a->at[i]] == CZM_UNKNOWN) return a->at[i];
    return -1;
}

static double neutral_of(czm_dtype dtype, const char *op) {
    bool is_max = czm_text_equal(op, "ReduceMax");
    if (czm_text_equal(op, "ReduceProd")) return 1;
    if (!is_max && !czm_text_equal(op, "ReduceMin")) return 0;
    if (czm_dtype_is_floating(dtype)) return is_max ? -INFINITY : INFINITY;
    if (dtype == CZM_DTYPE_BOOL) return !is_max;
    int bits = 8 * (int)czm_dtype_size(dtype);
    bool is_signed = dtype != CZM_DTYPE_UINT8 && dtype != CZM_DTYPE_UINT16 &&
                     dtype != CZM_DTYPE_UINT32 && dtype != CZM_DTYPE_UINT64;
    if (is_max) return is_signed ? -ldexp(1, bits - 1) : 0;
    double above = ldexp(1, is_signed ? bits - 1 : bits);
    return above - 1 < above ? above - 1 : nextafter(above, 0); // 64 bits: what a double holds
}

static const char *with_neutral(czm_onnx_step *step, const char *of, int64_t axis,
                                const char *neutral) {
    int rank = czm_onnx_in(step, 0)->shape.rank;
    int64_t is_here[CZM_ONNX_MOST_DIMS] = {0};
    is_here[axis] = 1;
    const char *chosen =
        CZM_ONNX(step, "Equal", czm_onnx_ints(step, is_here, (size_t)rank), czm_onnx_int(step, 1));
    const char *shape =
        CZM_ONNX(step, "Where", chosen, czm_onnx_int(step, 1), CZM_ONNX(step, "Shape", of));
    const char *parts[] = {of, CZM_ONNX(step, "Expand", neutral, shape), NULL};
    return czm_onnx_emit_concat(step, parts, axis);
}

// The number of elements along the axes, in the type of the input.
static const char *count_along(czm_onnx_step *step, const char *of, const axes *a) {
    const char *sizes = CZM_ONNX(step, "Gather", CZM_ONNX(step, "Shape", of),
                                 czm_onnx_ints(step, a->at, (size_t)a->count));
    const axes all = {{0}, 1};
    const char *count =
        reduce(step, "ReduceProd", czm_onnx_emit_cast(step, sizes, CZM_DTYPE_FLOAT), &all, false);
    czm_dtype dtype = czm_onnx_in(step, 0)->dtype;
    return dtype == CZM_DTYPE_FLOAT ? count : czm_onnx_emit_cast(step, count, dtype);
}

static void reduce_selected(czm_onnx_step *step, const axes *a, int64_t axis) {
    czm_dtype dtype = czm_onnx_in(step, 0)->dtype;
    bool is_mean = czm_text_equal(step->detail, "ReduceMean"), is_logical = dtype == CZM_DTYPE_BOOL;
    const char *of = czm_onnx_in_plain(step, 0), *op = is_mean ? "ReduceSum" : step->detail;
    if (is_logical) of = czm_onnx_emit_cast(step, of, CZM_DTYPE_INT32);
    const char *neutral =
        czm_onnx_number(step, is_logical ? CZM_DTYPE_INT32 : dtype, neutral_of(dtype, op));
    const char *name = reduce(step, op, with_neutral(step, of, axis, neutral), a,
                              czm_attr_bool(step->node, "keep_dims"));
    if (is_mean) name = CZM_ONNX(step, "Div", name, count_along(step, of, a));
    if (is_logical) name = czm_onnx_emit_cast(step, name, CZM_DTYPE_BOOL);
    czm_onnx_out(step, 0, name);
}

// ---- all reductions

void czm_onnx_reduce(czm_onnx_step *step) {
    const czm_onnx_value *value = czm_onnx_in(step, 0);
    int rank = value->shape.rank;
    bool keeps_dims = czm_attr_bool(step->node, "keep_dims");
    bool is_logical = value->dtype == CZM_DTYPE_BOOL;
    axes a;
    if (!find_axes(step, 1, rank, &a)) return;
    if (a.count == 0 && !czm_text_equal(step->detail, "ReduceL2")) {
        czm_onnx_pass(step);
        return;
    }
    if (a.count == 0 && !czm_dtype_is_floating(value->dtype) && czm_dtype_size(value->dtype) < 4) {
        czm_onnx_refuse(step, "over no axis, its squares exceed the element type");
        return;
    }
    if (a.count == 0) { // the norm of a single number
        czm_onnx_out(step, 0, CZM_ONNX(step, "Abs", czm_onnx_in_plain(step, 0)));
        return;
    }
    int64_t empty = empty_axis(value, &a);
    if (empty >= 0) {
        reduce_selected(step, &a, empty);
        return;
    }
    if (put_global_mean(step, &a, keeps_dims)) return;
    bool is_planar = rank > 2 && czm_onnx_in_is_planar(step, 0) &&
                     (keeps_dims || keeps_order(&a, rank));
    const char *of = czm_onnx_in_layout(step, 0, is_planar);
    for (int i = 0; is_planar && i < a.count; i++) a.at[i] = czm_onnx_planar_axis(a.at[i], rank);
    if (is_logical) of = czm_onnx_emit_cast(step, of, CZM_DTYPE_INT32);
    const char *name = reduce(step, step->detail, of, &a, keeps_dims);
    if (is_logical) name = czm_onnx_emit_cast(step, name, CZM_DTYPE_BOOL);
    czm_onnx_out_layout(step, 0, is_planar && keeps_dims, name);
}

void czm_onnx_half_square(czm_onnx_step *step) { // L2Loss: of all elements
    const char *sum = CZM_ONNX(step, "ReduceSumSquare", czm_onnx_in_plain(step, 0));
    czm_onnx_set_int(step, "keepdims", 0);
    czm_onnx_out(step, 0, CZM_ONNX(step, "Mul", sum, czm_onnx_number(step, CZM_DTYPE_FLOAT, 0.5)));
}

// ---- softmax over the last axis

// Attention has more channels than pixels, so its rows stay in plain layout.
static bool is_image(czm_shape shape) {
    if (shape.rank < 3) return false;
    int64_t pixels = czm_shape_count((czm_shape){shape.rank - 2, shape.dims + 1});
    return pixels == CZM_UNKNOWN || shape.dims[shape.rank - 1] <= pixels;
}

// Before opset 13, the axis and all axes after it count as one, so only the last dimension is possible.
void czm_onnx_softmax(czm_onnx_step *step) {
    czm_shape shape = czm_onnx_in(step, 0)->shape;
    int rank = shape.rank;
    bool is_planar = step->opset >= 13 && is_image(shape) && czm_onnx_in_is_planar(step, 0);
    if (rank == CZM_UNKNOWN && step->opset < 13) {
        czm_onnx_refuse(step, "the rank of its input is not known");
        return;
    }
    const char *of = czm_onnx_in_layout(step, 0, is_planar);
    const char *name = CZM_ONNX(step, step->detail, of);
    int64_t axis = is_planar ? 1 : step->opset >= 13 ? -1 : rank - 1;
    czm_onnx_set_int(step, "axis", axis);
    czm_onnx_out_layout(step, 0, is_planar, name);
}

// ---- the position of the maximum

static bool is_wide(czm_dtype dtype) {
    return dtype == CZM_DTYPE_INT64 || dtype == CZM_DTYPE_UINT64 || dtype == CZM_DTYPE_UINT32;
}

// ONNX Runtime has ArgMax for numbers up to 32 bits, and TopK for 64; equal elements keep their order.
static const char *place_by_order(czm_onnx_step *step, const char *of, int64_t axis) {
    CZM_ONNX(step, "TopK", of, czm_onnx_int(step, 1));
    czm_onnx_set_int(step, "axis", axis);
    czm_onnx_set_int(step, "largest", czm_text_equal(step->detail, "ArgMax"));
    return czm_onnx_emit_with_axes(step, "Squeeze", czm_onnx_emit_more(step), &axis, 1, 13);
}

static const char *place(czm_onnx_step *step, const char *of, int64_t axis) {
    const char *name = CZM_ONNX(step, step->detail, of);
    czm_onnx_set_int(step, "axis", axis);
    czm_onnx_set_int(step, "keepdims", 0);
    return name;
}

void czm_onnx_arg(czm_onnx_step *step) {
    int rank = czm_onnx_in(step, 0)->shape.rank;
    axes a;
    if (!find_axes(step, 1, rank, &a) || a.count != 1) {
        czm_onnx_refuse(step, "its axis is not known");
        return;
    }
    bool is_planar = rank > 2 && czm_onnx_in_is_planar(step, 0) && keeps_order(&a, rank);
    const char *of = czm_onnx_in_layout(step, 0, is_planar);
    int64_t axis = czm_onnx_axis_in_layout(a.at[0], rank, is_planar);
    const char *name = is_wide(czm_onnx_in(step, 0)->dtype) ? place_by_order(step, of, axis)
                                                            : place(step, of, axis);
    czm_dtype dtype = czm_attr_type(step->node, "output_type");
    czm_onnx_out(step, 0, dtype == CZM_DTYPE_INT64 ? name : czm_onnx_emit_cast(step, name, dtype));
}

// ---- cumulative sums

void czm_onnx_cumulative(czm_onnx_step *step) {
    double axis;
    if (!czm_onnx_in_number(step, 1, &axis)) {
        czm_onnx_refuse(step, "its axis is not known");
        return;
    }
    const char *name = CZM_ONNX(step, "CumSum", czm_onnx_in_plain(step, 0),
                                czm_onnx_number(step, CZM_DTYPE_INT64, axis));
    czm_onnx_set_int(step, "exclusive", czm_attr_bool(step->node, "exclusive"));
    czm_onnx_set_int(step, "reverse", czm_attr_bool(step->node, "reverse"));
    czm_onnx_out(step, 0, name);
}

// ---- the largest k of the last axis

void czm_onnx_top_k(czm_onnx_step *step) {
    static const int64_t one[] = {1};
    double known = (double)czm_attr_int(step->node, "k"); // of the first version
    bool is_known = czm_onnx_in_count(step) < 2 || czm_onnx_in_number(step, 1, &known);
    const char *k = is_known ? czm_onnx_int(step, (int64_t)known)
                             : czm_onnx_emit_reshape(step, czm_onnx_in_int64(step, 1), one, 1);
    const char *largest = CZM_ONNX(step, "TopK", czm_onnx_in_plain(step, 0), k),
               *places = czm_onnx_emit_more(step);
    czm_onnx_out(step, 0, largest);
    czm_dtype dtype = czm_attr_type(step->node, "index_type"); // newer than TensorFlow 2.0.0
    if (dtype != CZM_DTYPE_NONE) step->outputs[1].dtype = dtype;
    czm_onnx_out(step, 1, czm_onnx_emit_cast(step, places, step->outputs[1].dtype));
}
