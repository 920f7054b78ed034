// SPDX-License-Identifier: Apache-2.0
//
// Which outputs of networks are probabilities. Each case is the end of a network after an image or
// logits `x` of known shape; the table contains the verdict.
#include "analysis/probability.h"

#include "graphs.h"

typedef struct tail {
    czm_context *c;
    czm_model *model;
    czm_graph *g;
} tail;

static czm_tensor make(tail *t, const char *op, czm_tensor a, czm_tensor b, czm_tensor d) {
    return make_node(t->g, op, (const czm_tensor[]){a, b, d}, 3);
}

static const czm_tensor none;

static czm_tensor op1(tail *t, const char *op, czm_tensor a) { return make(t, op, a, none, none); }

static czm_tensor op2(tail *t, const char *op, czm_tensor a, czm_tensor b) {
    return make(t, op, a, b, none);
}

static czm_tensor scalar(tail *t, int32_t value) {
    return czm_add_const_ints(t->g, "scalar", &value, 1, true);
}

#define VECTOR(t, ...)                                                   \
    czm_add_const_ints((t)->g, "vector", (const int32_t[]){__VA_ARGS__}, \
                       sizeof((const int32_t[]){__VA_ARGS__}) / sizeof(int32_t), false)

static czm_tensor floats(tail *t, float value, int64_t count) {
    czm_buffer bytes = czm_buffer_in(t->c->arena);
    uint32_t bits;
    memcpy(&bits, &value, sizeof bits);
    for (int64_t i = 0; i < (count ? count : 1); i++) czm_put_raw_le(&bytes, bits, 4);
    return czm_add_const(t->g, "float", CZM_DTYPE_FLOAT, czm_buffer_bytes(&bytes), &count,
                         count ? 1 : 0);
}

static czm_tensor number(tail *t, float value) { return floats(t, value, 0); }

static czm_tensor set_int(tail *t, czm_tensor x, const char *attr, int64_t value) {
    czm_set_int(t->g, x.node, attr, value);
    return x;
}

static czm_tensor set_types(tail *t, czm_tensor x, const char *attr, czm_dtype dtype) {
    czm_set_type(t->g, x.node, attr, dtype);
    return x;
}

static czm_tensor concat(tail *t, czm_tensor a, czm_tensor b, int32_t axis) {
    return set_int(t, make(t, "ConcatV2", a, b, scalar(t, axis)), "N", 2);
}

static czm_tensor pack(tail *t, czm_tensor a, czm_tensor b, int64_t axis) {
    return set_int(t, set_int(t, op2(t, "Pack", a, b), "N", 2), "axis", axis);
}

static czm_tensor reduce(tail *t, const char *op, czm_tensor x, int32_t axis, bool keep) {
    czm_tensor reduced = op2(t, op, x, VECTOR(t, axis));
    czm_set_bool(t->g, reduced.node, "keep_dims", keep);
    return reduced;
}

static czm_tensor cast(tail *t, czm_tensor x, czm_dtype from, czm_dtype to) {
    return set_types(t, set_types(t, op1(t, "Cast", x), "SrcT", from), "DstT", to);
}

static czm_tensor softmax(tail *t, czm_tensor x) { return op1(t, "Softmax", x); }
static czm_tensor sigmoid(tail *t, czm_tensor x) { return op1(t, "Sigmoid", x); }
static czm_tensor relu(tail *t, czm_tensor x) { return op1(t, "Relu", x); }
static czm_tensor relu6(tail *t, czm_tensor x) { return op1(t, "Relu6", x); }
static czm_tensor tanh_of(tail *t, czm_tensor x) { return op1(t, "Tanh", x); }
static czm_tensor log_softmax(tail *t, czm_tensor x) { return op1(t, "LogSoftmax", x); }
static czm_tensor nothing(tail *t, czm_tensor x) { return op1(t, "Identity", x); }

static czm_tensor in_parts(tail *t, czm_tensor x, int32_t max_axis, int32_t sum_axis, bool keep) {
    czm_tensor e = op1(t, "Exp", op2(t, "Sub", x, reduce(t, "Max", x, max_axis, true)));
    return op2(t, "RealDiv", e, reduce(t, "Sum", e, sum_axis, keep));
}

static czm_tensor parts(tail *t, czm_tensor x) { return in_parts(t, x, -1, 3, true); }
static czm_tensor parts_other_axes(tail *t, czm_tensor x) { return in_parts(t, x, -1, 2, true); }
static czm_tensor parts_wrong_max(tail *t, czm_tensor x) { return in_parts(t, x, 2, -1, true); }
static czm_tensor parts_dropped(tail *t, czm_tensor x) { return in_parts(t, x, -1, -1, false); }

static czm_tensor parts_by_inverse(tail *t, czm_tensor x) {
    czm_tensor max = op1(t, "StopGradient", reduce(t, "Max", x, -1, true));
    czm_tensor e = op1(t, "Exp", op2(t, "Sub", x, max));
    return op2(t, "Mul", op1(t, "Reciprocal", reduce(t, "Sum", e, -1, true)), e);
}

static czm_tensor exp_alone(tail *t, czm_tensor x) {
    czm_tensor e = op1(t, "Exp", x); // may overflow
    return op2(t, "RealDiv", e, reduce(t, "Sum", e, -1, true));
}

static czm_tensor exp_of_log(tail *t, czm_tensor x) { return op1(t, "Exp", log_softmax(t, x)); }

static czm_tensor cast_to_half(tail *t, czm_tensor x) {
    czm_tensor half = cast(t, softmax(t, x), CZM_DTYPE_FLOAT, CZM_DTYPE_HALF);
    return cast(t, half, CZM_DTYPE_HALF, CZM_DTYPE_FLOAT);
}

static czm_tensor cast_to_int(tail *t, czm_tensor x) {
    return cast(t, softmax(t, x), CZM_DTYPE_FLOAT, CZM_DTYPE_INT32);
}

static czm_tensor to_first(tail *t, czm_tensor x) {
    return op2(t, "Transpose", softmax(t, x), VECTOR(t, 0, 3, 1, 2));
}

static czm_tensor there_and_back(tail *t, czm_tensor x) {
    return op2(t, "Transpose", to_first(t, x), VECTOR(t, 0, 2, 3, 1));
}

static czm_tensor parts_in_first(tail *t, czm_tensor x) {
    czm_tensor first = op2(t, "Transpose", x, VECTOR(t, 0, 3, 1, 2));
    return op2(t, "Transpose", in_parts(t, first, 1, -3, true), VECTOR(t, 0, 2, 3, 1));
}

static czm_tensor flat(tail *t, czm_tensor x) {
    czm_tensor rows = op2(t, "Reshape", x, VECTOR(t, -1, 3));
    return op2(t, "Reshape", softmax(t, rows), VECTOR(t, -1, 8, 8, 3));
}

static czm_tensor mixed_up(tail *t, czm_tensor x) {
    czm_tensor rows = op2(t, "Reshape", x, VECTOR(t, -1, 6));
    return op2(t, "Reshape", softmax(t, rows), VECTOR(t, -1, 8, 8, 3));
}

static czm_tensor flat_first(tail *t, czm_tensor x) { // as many channels as rows and columns
    czm_tensor y = op2(t, "Reshape", to_first(t, x), VECTOR(t, -1, 8, 64));
    return op2(t, "Transpose", y, VECTOR(t, 0, 2, 1));
}

static czm_tensor scrambled(tail *t, czm_tensor x) {
    return op2(t, "Reshape", to_first(t, x), VECTOR(t, -1, 8, 8, 3));
}

static czm_tensor slice(tail *t, czm_tensor x, int32_t top, int32_t channels) {
    return make(t, "Slice", x, VECTOR(t, 0, top, 0, 0), VECTOR(t, -1, -1, -1, channels));
}

static czm_tensor cropped(tail *t, czm_tensor x) { return slice(t, softmax(t, x), 2, 3); }
static czm_tensor fewer_channels(tail *t, czm_tensor x) { return slice(t, softmax(t, x), 2, 2); }

static czm_tensor strided(tail *t, czm_tensor x, int32_t last_step) {
    czm_tensor cut = make(t, "StridedSlice", x, VECTOR(t, 0, 1, 1, 0), VECTOR(t, 0, 7, 7, 3));
    czm_node_add_input(t->g, cut.node, VECTOR(t, 1, 1, 1, last_step));
    czm_set_type(t->g, cut.node, "Index", CZM_DTYPE_INT32);
    return set_int(t, set_int(t, cut, "begin_mask", 1), "end_mask", 1);
}

static czm_tensor strided_crop(tail *t, czm_tensor x) { return strided(t, softmax(t, x), 1); }
static czm_tensor every_second(tail *t, czm_tensor x) { return strided(t, softmax(t, x), 2); }

static czm_tensor width_instead(tail *t, czm_tensor x) { // takes channel 0
    czm_tensor cut =
        make(t, "StridedSlice", softmax(t, x), VECTOR(t, 0, 0, 0, 0), VECTOR(t, 0, 0, 0, 1));
    czm_node_add_input(t->g, cut.node, VECTOR(t, 1, 1, 1, 1));
    czm_set_type(t->g, cut.node, "Index", CZM_DTYPE_INT32);
    set_int(t, set_int(t, cut, "begin_mask", 7), "end_mask", 7);
    return set_int(t, cut, "shrink_axis_mask", 8);
}

static czm_tensor from_batch(tail *t, czm_tensor x) {
    czm_tensor flat_crops = VECTOR(t, 0, 0, 0, 0);
    czm_tensor crops = op2(t, "Reshape", flat_crops, VECTOR(t, 2, 2));
    czm_set_type(t->g, crops.node, "T", CZM_DTYPE_INT32);
    return make(t, "BatchToSpaceND", x, VECTOR(t, 1, 1), crops);
}

static czm_tensor out_of_batch(tail *t, czm_tensor x) { return from_batch(t, softmax(t, x)); }

static czm_tensor mirrored(tail *t, czm_tensor x) {
    czm_tensor flat_paddings = VECTOR(t, 0, 0, 2, 2, 2, 2, 0, 0);
    czm_tensor paddings = op2(t, "Reshape", flat_paddings, VECTOR(t, 4, 2));
    czm_set_type(t->g, paddings.node, "T", CZM_DTYPE_INT32);
    return op2(t, "MirrorPad", softmax(t, x), paddings);
}

static czm_tensor padded(tail *t, czm_tensor x) {
    czm_tensor flat_paddings = VECTOR(t, 0, 0, 2, 2, 2, 2, 0, 0);
    czm_tensor paddings = op2(t, "Reshape", flat_paddings, VECTOR(t, 4, 2));
    czm_set_type(t->g, paddings.node, "T", CZM_DTYPE_INT32);
    return op2(t, "Pad", softmax(t, x), paddings);
}

static czm_tensor resize(tail *t, const char *op, czm_tensor x) {
    return op2(t, op, x, VECTOR(t, 16, 16));
}

static czm_tensor bilinear(tail *t, czm_tensor x) {
    return resize(t, "ResizeBilinear", softmax(t, x));
}
static czm_tensor nearest(tail *t, czm_tensor x) {
    return resize(t, "ResizeNearestNeighbor", softmax(t, x));
}
static czm_tensor bicubic(tail *t, czm_tensor x) {
    return resize(t, "ResizeBicubic", softmax(t, x));
}
static czm_tensor resized_rows(tail *t, czm_tensor x) { // the softmax is along the width
    czm_tensor swapped = op2(t, "Transpose", softmax(t, x), VECTOR(t, 0, 1, 3, 2));
    czm_tensor resized = op2(t, "ResizeBilinear", swapped, VECTOR(t, 8, 3));
    return op2(t, "Transpose", resized, VECTOR(t, 0, 1, 3, 2));
}

static czm_tensor rows_out_of_batch(tail *t, czm_tensor x) {
    czm_tensor swapped = op2(t, "Transpose", softmax(t, x), VECTOR(t, 0, 1, 3, 2));
    return op2(t, "Transpose", from_batch(t, swapped), VECTOR(t, 0, 1, 3, 2));
}

static czm_tensor pooled(tail *t, czm_tensor x) {
    czm_tensor y = op1(t, "AvgPool", softmax(t, x));
    const int64_t size[] = {1, 2, 2, 1};
    czm_set_ints(t->g, y.node, "ksize", size, 4);
    czm_set_ints(t->g, y.node, "strides", size, 4);
    czm_set_string(t->g, y.node, "padding", "VALID");
    return y;
}

static czm_tensor rows_of_two(tail *t, czm_tensor x) {
    return concat(t, softmax(t, x), parts(t, x), 1);
}
static czm_tensor one_row_not(tail *t, czm_tensor x) { return concat(t, softmax(t, x), x, 1); }
static czm_tensor channels_of_two(tail *t, czm_tensor x) {
    return concat(t, softmax(t, x), softmax(t, x), -1);
}
static czm_tensor packed(tail *t, czm_tensor x) { return pack(t, softmax(t, x), parts(t, x), 1); }
static czm_tensor packed_apart(tail *t, czm_tensor x) {
    return pack(t, softmax(t, x), parts(t, x), -1);
}

static czm_tensor packed_behind(tail *t, czm_tensor x) {
    return op2(t, "Transpose", packed_apart(t, x), VECTOR(t, 0, 1, 2, 4, 3));
}

static czm_tensor average(tail *t, czm_tensor x) {
    czm_tensor sum = op2(t, "AddV2", op2(t, "Add", softmax(t, x), parts(t, x)), exp_of_log(t, x));
    return op2(t, "Mul", sum, number(t, 1.0f / 3));
}
static czm_tensor weighted(tail *t, czm_tensor x) {
    return op2(t, "AddV2", op2(t, "Mul", number(t, 0.25f), softmax(t, x)),
               op2(t, "RealDiv", op2(t, "Mul", parts(t, x), number(t, 3)), number(t, 4)));
}
static czm_tensor too_heavy(tail *t, czm_tensor x) {
    return op2(t, "Mul", op2(t, "AddV2", softmax(t, x), parts(t, x)), number(t, 0.6f));
}
static czm_tensor negative_weight(tail *t, czm_tensor x) {
    return op2(t, "AddV2", op2(t, "Mul", number(t, -1), softmax(t, x)),
               op2(t, "Mul", number(t, 2), parts(t, x)));
}
static czm_tensor with_broadcast(tail *t, czm_tensor x) { // 1 everywhere, and a softmax
    czm_tensor one = slice(t, x, 0, 1);
    return op2(t, "Mul", op2(t, "AddV2", softmax(t, one), softmax(t, x)), number(t, 0.5f));
}
static czm_tensor doubled(tail *t, czm_tensor x) { return op2(t, "Mul", x, x); }

static czm_tensor complement(tail *t, float one, czm_tensor p) {
    return op2(t, "Sub", number(t, one), p);
}

static czm_tensor pair_of(tail *t, czm_tensor p, float one) {
    return concat(t, p, complement(t, one, p), 3);
}
static czm_tensor pair(tail *t, czm_tensor x) { return pair_of(t, sigmoid(t, x), 1); }
static czm_tensor pair_of_two(tail *t, czm_tensor x) { return pair_of(t, sigmoid(t, x), 2); }
static czm_tensor pair_of_linear(tail *t, czm_tensor x) {
    return pair_of(t, op2(t, "BiasAdd", x, floats(t, 1, 1)), 1);
}
static czm_tensor pair_reversed(tail *t, czm_tensor x) {
    czm_tensor p = sigmoid(t, x);
    return concat(t, complement(t, 1, p), p, -1);
}
static czm_tensor pair_of_different(tail *t, czm_tensor x) {
    return concat(t, sigmoid(t, x), complement(t, 1, sigmoid(t, op1(t, "Neg", x))), -1);
}
static czm_tensor pair_packed(tail *t, czm_tensor x) {
    czm_tensor p = op2(t, "Reshape", sigmoid(t, x), VECTOR(t, -1, 8, 8));
    return pack(t, p, complement(t, 1, p), -1);
}
static czm_tensor hard_sigmoid_pair(tail *t, czm_tensor x) {
    czm_tensor y = op1(t, "Relu6", op2(t, "AddV2", x, number(t, 3)));
    return pair_of(t, op2(t, "Mul", y, number(t, 1.0f / 6)), 1);
}
static czm_tensor too_hard_sigmoid_pair(tail *t, czm_tensor x) {
    czm_tensor y = op1(t, "Relu6", op2(t, "AddV2", x, number(t, 3)));
    return pair_of(t, op2(t, "Mul", y, number(t, 1.0f / 5)), 1);
}
static czm_tensor clipped_pair(tail *t, czm_tensor x) {
    return pair_of(t, make(t, "ClipByValue", x, number(t, 0), number(t, 1)), 1);
}
static czm_tensor clamped_pair(tail *t, czm_tensor x) {
    czm_tensor below = op2(t, "Minimum", relu(t, x), number(t, 1));
    return pair_of(t, below, 1);
}
static czm_tensor loosely_clamped_pair(tail *t, czm_tensor x) {
    return pair_of(t, op2(t, "Maximum", op2(t, "Minimum", x, number(t, 2)), number(t, 0)), 1);
}
static czm_tensor complement_pair(tail *t, czm_tensor x) {
    return pair_of(t, complement(t, 1, sigmoid(t, x)), 1);
}
static czm_tensor moved_pair(tail *t, czm_tensor x) {
    czm_tensor moved = op2(t, "AddV2", number(t, 0.5f), sigmoid(t, x));
    return pair_of(t, op2(t, "Sub", moved, number(t, 0.5f)), 1);
}
static czm_tensor upper_half_pair(tail *t, czm_tensor x) {
    czm_tensor half = op2(t, "Mul", sigmoid(t, x), number(t, 0.5f));
    return pair_of(t, op2(t, "AddV2", half, number(t, 0.5f)), 1);
}
static czm_tensor divided_pair(tail *t, czm_tensor x) {
    return pair_of(t, op2(t, "RealDiv", relu6(t, x), number(t, 6)), 1);
}
static czm_tensor doubled_pair(tail *t, czm_tensor x) {
    return pair_of(t, op2(t, "Mul", sigmoid(t, x), number(t, 2)), 1);
}
static czm_tensor loosely_clipped_pair(tail *t, czm_tensor x) {
    return pair_of(t, make(t, "ClipByValue", x, number(t, 0), number(t, 2)), 1);
}
static czm_tensor clamped_below_zero(tail *t, czm_tensor x) {
    return pair_of(t, op2(t, "Maximum", op2(t, "Minimum", x, number(t, 1)), number(t, -1)), 1);
}
static czm_tensor tanh_pair(tail *t, czm_tensor x) { // its range is not used: [-1, 1]
    return pair_of(t, tanh_of(t, x), 1);
}

static czm_tensor bias(tail *t, czm_tensor x) { return op2(t, "BiasAdd", x, floats(t, 1, 3)); }
static czm_tensor added_bias(tail *t, czm_tensor x) {
    return op2(t, "AddV2", x, op2(t, "Reshape", floats(t, 1, 3), VECTOR(t, 1, 1, 1, 3)));
}
static czm_tensor residual(tail *t, czm_tensor x) { return op2(t, "AddV2", relu(t, x), x); }
static czm_tensor with_epsilon(tail *t, czm_tensor x) {
    return op2(t, "AddV2", softmax(t, x), number(t, 1e-7f));
}
static czm_tensor added_number(tail *t, czm_tensor x) { return op2(t, "AddV2", x, number(t, 1)); }
static czm_tensor resized_logits(tail *t, czm_tensor x) {
    return resize(t, "ResizeBilinear", bias(t, x));
}
static czm_tensor flat_bias(tail *t, czm_tensor x) {
    return op2(t, "Reshape", bias(t, x), VECTOR(t, -1, 3));
}
static czm_tensor one_bias(tail *t, czm_tensor x) { return op2(t, "BiasAdd", x, floats(t, 1, 1)); }
static czm_tensor one_of_softmax(tail *t, czm_tensor x) { return slice(t, softmax(t, x), 0, 1); }
static czm_tensor blurred(tail *t, czm_tensor x) {
    const int64_t dims[] = {1, 1, 3, 3}, strides[] = {1, 1, 1, 1};
    static const uint8_t zeros[36] = {0};
    czm_tensor kernel =
        czm_add_const(t->g, "kernel", CZM_DTYPE_FLOAT, czm_bytes_of(zeros, sizeof zeros), dims, 4);
    czm_tensor y = op2(t, "Conv2D", x, kernel);
    czm_set_ints(t->g, y.node, "strides", strides, 4);
    czm_set_string(t->g, y.node, "padding", "SAME");
    return y;
}
static czm_tensor blurred_probabilities(tail *t, czm_tensor x) { return blurred(t, softmax(t, x)); }
static czm_tensor needless_relu(tail *t, czm_tensor x) { return relu(t, softmax(t, x)); }
static czm_tensor strange(tail *t, czm_tensor x) { return op1(t, "Einsum", x); }

typedef struct expectation {
    const char *name;
    czm_tensor (*build)(tail *t, czm_tensor x);
    int64_t channels; // of x
    czm_proof proof;
    const char *op; // where the decision fell
    const char *remedy;
} expectation;

#define CASE(build, ...) \
    { #build, build, __VA_ARGS__ }

static const expectation cases[] = {
    CASE(softmax, 3, CZM_PROVEN, "Softmax", NULL),
    CASE(parts, 3, CZM_PROVEN, "RealDiv", NULL),
    CASE(parts_by_inverse, 3, CZM_PROVEN, "Mul", NULL),
    CASE(parts_other_axes, 3, CZM_UNDECIDED, "RealDiv", NULL),
    CASE(parts_wrong_max, 3, CZM_UNDECIDED, "RealDiv", NULL),
    CASE(parts_dropped, 8, CZM_UNDECIDED, "RealDiv", NULL),
    CASE(exp_alone, 3, CZM_UNDECIDED, "RealDiv", NULL),
    CASE(exp_of_log, 3, CZM_PROVEN, "Exp", NULL),
    CASE(cast_to_half, 3, CZM_PROVEN, "Softmax", NULL),
    CASE(cast_to_int, 3, CZM_UNDECIDED, "Cast", NULL),
    CASE(there_and_back, 3, CZM_PROVEN, "Softmax", NULL),
    CASE(to_first, 3, CZM_REFUTED, "Softmax", NULL),
    CASE(parts_in_first, 3, CZM_PROVEN, "RealDiv", NULL),
    CASE(flat, 3, CZM_PROVEN, "Softmax", NULL),
    CASE(mixed_up, 3, CZM_UNDECIDED, "Reshape", NULL),
    CASE(flat_first, 8, CZM_PROVEN, "Softmax", NULL),
    CASE(scrambled, 3, CZM_UNDECIDED, "Reshape", NULL),
    CASE(cropped, 3, CZM_PROVEN, "Softmax", NULL),
    CASE(fewer_channels, 3, CZM_UNDECIDED, "Slice", NULL),
    CASE(strided_crop, 3, CZM_PROVEN, "Softmax", NULL),
    CASE(every_second, 3, CZM_UNDECIDED, "StridedSlice", NULL),
    CASE(width_instead, 8, CZM_UNDECIDED, "StridedSlice", NULL),
    CASE(out_of_batch, 3, CZM_PROVEN, "Softmax", NULL),
    CASE(rows_out_of_batch, 3, CZM_UNDECIDED, "BatchToSpaceND", NULL),
    CASE(mirrored, 3, CZM_PROVEN, "Softmax", NULL),
    CASE(padded, 3, CZM_UNDECIDED, "Pad", NULL),
    CASE(bilinear, 3, CZM_PROVEN, "Softmax", NULL),
    CASE(nearest, 3, CZM_PROVEN, "Softmax", NULL),
    CASE(bicubic, 3, CZM_UNDECIDED, "ResizeBicubic", NULL),
    CASE(resized_rows, 3, CZM_UNDECIDED, "ResizeBilinear", NULL),
    CASE(pooled, 3, CZM_PROVEN, "Softmax", NULL),
    CASE(rows_of_two, 3, CZM_PROVEN, "RealDiv", NULL),
    CASE(one_row_not, 3, CZM_UNDECIDED, "Placeholder", NULL),
    CASE(channels_of_two, 3, CZM_UNDECIDED, "ConcatV2", NULL),
    CASE(packed, 3, CZM_PROVEN, "RealDiv", NULL),
    CASE(packed_apart, 3, CZM_UNDECIDED, "Pack", NULL),
    CASE(packed_behind, 3, CZM_PROVEN, "RealDiv", NULL),
    CASE(average, 3, CZM_PROVEN, "RealDiv", NULL),
    CASE(weighted, 3, CZM_PROVEN, "RealDiv", NULL),
    CASE(too_heavy, 3, CZM_UNDECIDED, "Mul", NULL),
    CASE(negative_weight, 3, CZM_UNDECIDED, "AddV2", NULL),
    CASE(with_broadcast, 3, CZM_UNDECIDED, "Mul", NULL),
    CASE(doubled, 3, CZM_UNDECIDED, "Mul", NULL),
    CASE(pair, 1, CZM_PROVEN, "Sigmoid", NULL),
    CASE(pair, 2, CZM_UNDECIDED, "ConcatV2", NULL), // four channels, which sum to 2
    CASE(pair_of_two, 1, CZM_UNDECIDED, "ConcatV2", NULL),
    CASE(pair_of_linear, 1, CZM_REFUTED, "BiasAdd", NULL),
    CASE(pair_reversed, 1, CZM_PROVEN, "Sigmoid", NULL),
    CASE(pair_of_different, 1, CZM_UNDECIDED, "ConcatV2", NULL),
    CASE(pair_packed, 1, CZM_PROVEN, "Sigmoid", NULL),
    CASE(hard_sigmoid_pair, 1, CZM_PROVEN, "Relu6", NULL),
    CASE(too_hard_sigmoid_pair, 1, CZM_REFUTED, "Relu6", NULL),
    CASE(clipped_pair, 1, CZM_PROVEN, "ClipByValue", NULL),
    CASE(clamped_pair, 1, CZM_PROVEN, "Placeholder", NULL), // whose values do not matter
    CASE(loosely_clamped_pair, 1, CZM_UNDECIDED, "Placeholder", NULL),
    CASE(complement_pair, 1, CZM_PROVEN, "Sigmoid", NULL),
    CASE(moved_pair, 1, CZM_PROVEN, "Sigmoid", NULL),
    CASE(upper_half_pair, 1, CZM_PROVEN, "Sigmoid", NULL),
    CASE(divided_pair, 1, CZM_PROVEN, "Relu6", NULL),
    CASE(doubled_pair, 1, CZM_UNDECIDED, "Sigmoid", NULL),
    CASE(loosely_clipped_pair, 1, CZM_UNDECIDED, "ClipByValue", NULL),
    CASE(clamped_below_zero, 1, CZM_UNDECIDED, "Placeholder", NULL),
    CASE(tanh_pair, 1, CZM_REFUTED, "Tanh", NULL),
    CASE(relu, 3, CZM_REFUTED, "Relu", NULL),
    CASE(relu6, 3, CZM_REFUTED, "Relu6", NULL),
    CASE(tanh_of, 3, CZM_REFUTED, "Tanh", NULL),
    CASE(sigmoid, 2, CZM_REFUTED, "Sigmoid", NULL),
    CASE(log_softmax, 3, CZM_REFUTED, "LogSoftmax", "softmax"),
    CASE(bias, 3, CZM_REFUTED, "BiasAdd", "softmax"),
    CASE(added_bias, 3, CZM_REFUTED, "AddV2", "softmax"),
    CASE(residual, 3, CZM_UNDECIDED, "AddV2", NULL),
    CASE(with_epsilon, 3, CZM_UNDECIDED, "AddV2", NULL),
    CASE(added_number, 3, CZM_UNDECIDED, "AddV2", NULL),
    CASE(resized_logits, 3, CZM_REFUTED, "BiasAdd", "softmax"),
    CASE(flat_bias, 3, CZM_REFUTED, "BiasAdd", NULL), // no image, which the step requires
    CASE(blurred, 3, CZM_REFUTED, "Conv2D", "softmax"),
    CASE(blurred_probabilities, 3, CZM_UNDECIDED, "Conv2D", NULL),
    CASE(needless_relu, 3, CZM_UNDECIDED, "Relu", NULL),
    CASE(strange, 3, CZM_UNDECIDED, "Einsum", NULL),
    CASE(nothing, 3, CZM_UNDECIDED, "Placeholder", NULL),
    CASE(sigmoid, 1, CZM_REFUTED, "Sigmoid", "sigmoid-to-softmax"),
    CASE(one_of_softmax, 3, CZM_REFUTED, "Softmax", "sigmoid-to-softmax"),
    CASE(softmax, 1, CZM_REFUTED, "Softmax", NULL),
    CASE(one_bias, 1, CZM_REFUTED, "BiasAdd", "sigmoid"),
    CASE(nothing, 1, CZM_REFUTED, "Placeholder", NULL),
    CASE(softmax, CZM_UNKNOWN, CZM_UNDECIDED, "Softmax", NULL),
};

static tail begin(czm_context *c) {
    tail t = {.c = c, .model = new_model(c)};
    t.g = &t.model->main;
    t.model->layer_names = (czm_layer_names){"", false};
    czm_model_forget_output_shape(t.model);
    return t;
}

static czm_probability judge(tail *t, czm_tensor (*build)(tail *t, czm_tensor x),
                             int64_t channels) {
    const int64_t dims[] = {CZM_UNKNOWN, 8, 8, channels};
    czm_node *x = czm_graph_add(t->g, "x", CZM_OP_Placeholder);
    czm_set_type(t->g, x, "dtype", CZM_DTYPE_FLOAT);
    czm_set_attr(t->g, x, "shape", czm_shape_attr(t->c->arena, (czm_shape){4, dims}));
    add_input(t->g, x);
    add_output(t->g, build(t, czm_output(x)).node, 0);
    assert_null(czm_graph_sort(t->g));
    const czm_shapes *shapes = czm_shapes_infer(t->c->arena, t->model, NULL);
    const czm_shape_fault *fault = czm_shapes_fault(shapes);
    if (fault) fail_msg("%s: %s", fault->node->op, fault->text);
    return czm_probability_of(t->c->arena, t->model, shapes, true);
}

static void each_end_of_a_network(void **state) {
    czm_context *c = *state;
    for (size_t i = 0; i < CZM_COUNT_OF(cases); i++) {
        const expectation *e = &cases[i];
        tail t = begin(c);
        czm_probability p = judge(&t, e->build, e->channels);
        const char *remedy = p.remedies[0] ? p.remedies[0] : "none",
                   *wanted = e->remedy ? e->remedy : "none";
        if (p.proof != e->proof || !czm_text_equal(p.node->op, e->op) ||
            !czm_text_equal(remedy, wanted))
            fail_msg("%s of %d channels: %d at %s, remedy %s: %s", e->name, (int)e->channels,
                     p.proof, p.node->op, remedy, p.finding ? p.finding : "");
        assert_int_equal(p.finding == NULL, p.proof == CZM_PROVEN);
    }
}

static void what_is_found_in_words(void **state) {
    static const struct {
        czm_tensor (*build)(tail *t, czm_tensor x);
        int64_t channels;
        const char *finding;
    } words[] = {
        {relu, 3, "the output is the result of Relu, not of a softmax"},
        {sigmoid, 3, "the output is the result of Sigmoid, whose channels need not sum to 1"},
        {log_softmax, 3,
         "the output is the result of LogSoftmax, which gives logarithms of probabilities"},
        {to_first, 3, "the output is the result of Softmax, but along another axis than the last"},
        {pair_of_linear, 1, "the output is the result of BiasAdd, not of a sigmoid"},
        {sigmoid, 1, "the output has one channel: a single probability does not sum to 1"},
        {softmax, 1, "the output has one channel, and a softmax over one channel is 1 everywhere"},
        {one_bias, 1,
         "the output has one channel, the result of BiasAdd, not of a sigmoid, and a single "
         "probability would not sum to 1"},
        {strange, 3,
         "the output comes from Einsum in layer \"Einsum_1\": it is not known "
         "whether its values are probabilities"},
        {softmax, CZM_UNKNOWN, "the number of output channels is not known"},
    };
    for (size_t i = 0; i < CZM_COUNT_OF(words); i++) {
        tail t = begin(*state);
        assert_string_equal(judge(&t, words[i].build, words[i].channels).finding, words[i].finding);
    }
}

// A softmax or a sigmoid of values from 0 to 1 is proven, and still reported.
static czm_tensor softmax_twice(tail *t, czm_tensor x) { return softmax(t, softmax(t, x)); }
static czm_tensor softmax_of_sigmoid(tail *t, czm_tensor x) { return softmax(t, sigmoid(t, x)); }
static czm_tensor softmax_of_scaled(tail *t, czm_tensor x) {
    return softmax(t, op2(t, "Mul", softmax(t, x), number(t, 10)));
}

static void probabilities_of_probabilities(void **state) {
    static const struct {
        czm_tensor (*build)(tail *t, czm_tensor x);
        bool is_found;
    } ends[] = {{softmax_twice, true},
                {softmax_of_sigmoid, true},
                {softmax_of_scaled, false},
                {softmax, false}};
    for (size_t i = 0; i < CZM_COUNT_OF(ends); i++) {
        tail t = begin(*state);
        czm_probability p = judge(&t, ends[i].build, 3);
        assert_int_equal(p.proof, CZM_PROVEN);
        assert_int_equal(p.finding != NULL, ends[i].is_found);
    }
}

// Of a multi-class segmentation, where channels need not sum to 1.
static void values_from_0_to_1(void **state) {
    static const struct {
        czm_tensor (*build)(tail *t, czm_tensor x);
        int64_t channels;
        czm_proof proof;
        const char *remedy;
    } ends[] = {{sigmoid, 3, CZM_PROVEN, NULL},        {sigmoid, 1, CZM_PROVEN, NULL},
                {softmax, 3, CZM_PROVEN, NULL},        {bias, 3, CZM_REFUTED, "sigmoid"},
                {one_bias, 1, CZM_REFUTED, "sigmoid"}, {nothing, 3, CZM_UNDECIDED, NULL}};
    for (size_t i = 0; i < CZM_COUNT_OF(ends); i++) {
        czm_context *c = *state;
        tail t = begin(c);
        judge(&t, ends[i].build, ends[i].channels);
        const czm_shapes *shapes = czm_shapes_infer(c->arena, t.model, NULL);
        czm_probability p = czm_probability_of(c->arena, t.model, shapes, false);
        assert_int_equal(p.proof, ends[i].proof);
        assert_string_equal(p.remedies[0] ? p.remedies[0] : "none",
                            ends[i].remedy ? ends[i].remedy : "none");
    }
}

static void the_signature_may_tell_the_channels(void **state) {
    czm_context *c = *state;
    tail t = begin(c);
    const int64_t dims[] = {CZM_UNKNOWN, 8, 8, 3};
    czm_bytes attr = czm_shape_attr(c->arena, (czm_shape){4, dims});
    t.model->output_shape = czm_wire_find(attr, 7).bytes; // AttrValue.shape
    assert_int_equal(judge(&t, softmax, CZM_UNKNOWN).proof, CZM_PROVEN);
}

static void steps_need_float32(void **state) {
    czm_context *c = *state;
    tail t = begin(c);
    assert_string_equal(judge(&t, bias, 3).remedies[0], "softmax");
    t.g->outputs.items[0].dtype = CZM_DTYPE_HALF;
    const czm_shapes *shapes = czm_shapes_infer(c->arena, t.model, NULL);
    assert_null(czm_probability_of(c->arena, t.model, shapes, true).remedies[0]);
}

static czm_tensor long_chain(tail *t, czm_tensor x) {
    x = softmax(t, x);
    for (int i = 0; i < 200000; i++) x = op1(t, "Identity", x);
    return x;
}

// x + x of x + x ... doubles with each step: the proof stops instead of expanding it.
static czm_tensor unfolding(tail *t, czm_tensor x) {
    x = softmax(t, x);
    for (int i = 0; i < 60; i++) x = concat(t, x, x, 0);
    return x;
}

static void graphs_that_unfold(void **state) {
    czm_context *c = *state;
    tail t = begin(c);
    assert_int_equal(judge(&t, unfolding, 3).proof, CZM_UNDECIDED);
    t = begin(c);
    assert_int_equal(judge(&t, long_chain, 3).proof, CZM_UNDECIDED);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        TEST(each_end_of_a_network),
        TEST(what_is_found_in_words),
        TEST(the_signature_may_tell_the_channels),
        TEST(probabilities_of_probabilities),
        TEST(values_from_0_to_1),
        TEST(steps_need_float32),
        TEST(graphs_that_unfold),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
