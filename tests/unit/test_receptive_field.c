// SPDX-License-Identifier: Apache-2.0
//
// How far networks see. Each case is a network of a few nodes over an image of 96 x 96 x 4; the table
// has the truth, worked out by hand and the same as what perturbed pixels show in TensorFlow.
#include "analysis/receptive_field.h"

#include "graphs.h"

enum { SIDE = 96, CHANNELS = 4 };

typedef struct net {
    czm_context *c;
    czm_model *model;
    czm_graph *g;
} net;

static const czm_tensor none;

static czm_tensor make(net *n, const char *op, czm_tensor a, czm_tensor b, czm_tensor d) {
    return make_node(n->g, op, (const czm_tensor[]){a, b, d}, 3);
}

static czm_tensor op1(net *n, const char *op, czm_tensor a) { return make(n, op, a, none, none); }

static czm_tensor op2(net *n, const char *op, czm_tensor a, czm_tensor b) {
    return make(n, op, a, b, none);
}

static czm_tensor scalar(net *n, int32_t value) {
    return czm_add_const_ints(n->g, "scalar", &value, 1, true);
}

#define VECTOR(n, ...)                                                 \
    czm_add_const_ints((n)->g, "ints", (const int32_t[]){__VA_ARGS__}, \
                       sizeof((const int32_t[]){__VA_ARGS__}) / sizeof(int32_t), false)

// Rows of two, the form of paddings and crops.
#define PAIRS(n, ...)                                                                         \
    czm_add_const(                                                                            \
        (n)->g, "pairs", CZM_DTYPE_INT32,                                                     \
        czm_bytes_of((const int32_t[]){__VA_ARGS__}, sizeof((const int32_t[]){__VA_ARGS__})), \
        (const int64_t[]){sizeof((const int32_t[]){__VA_ARGS__}) / sizeof(int32_t) / 2, 2}, 2)

static czm_tensor set_pair(net *n, czm_tensor x, const char *attr, int64_t height, int64_t width) {
    const int64_t values[] = {1, height, width, 1};
    czm_set_ints(n->g, x.node, attr, values, 4);
    return x;
}

static czm_tensor filter(net *n, int64_t height, int64_t width, int64_t in, int64_t out) {
    const int64_t dims[] = {height, width, in, out};
    size_t size = (size_t)(height * width * in * out) * sizeof(float);
    return czm_add_const(n->g, "filter", CZM_DTYPE_FLOAT,
                         czm_bytes_of(czm_arena_alloc(n->c->arena, size), size), dims, 4);
}

static czm_tensor window(net *n, const char *op, czm_tensor x, czm_tensor weights, int64_t stride,
                         const char *padding) {
    czm_tensor y = set_pair(n, op2(n, op, x, weights), "strides", stride, stride);
    czm_set_string(n->g, y.node, "padding", padding);
    return y;
}

static czm_tensor conv(net *n, czm_tensor x, int64_t size, int64_t stride) {
    return window(n, "Conv2D", x, filter(n, size, size, CHANNELS, CHANNELS), stride, "SAME");
}

static czm_tensor valid(net *n, czm_tensor x, int64_t size) {
    return window(n, "Conv2D", x, filter(n, size, size, CHANNELS, CHANNELS), 1, "VALID");
}

static czm_tensor dilated(net *n, czm_tensor x, int64_t size, int64_t rate) {
    return set_pair(n, conv(n, x, size, 1), "dilations", rate, rate);
}

static czm_tensor pool(net *n, czm_tensor x, int64_t size) {
    czm_tensor y = window(n, "MaxPool", x, none, size, "SAME");
    return set_pair(n, y, "ksize", size, size);
}

static czm_tensor transposed(net *n, czm_tensor x, int32_t side, int64_t size, int64_t stride) {
    czm_tensor y = make(n, "Conv2DBackpropInput", VECTOR(n, 1, side, side, CHANNELS),
                        filter(n, size, size, CHANNELS, CHANNELS), x);
    czm_set_string(n->g, y.node, "padding", "SAME");
    return set_pair(n, y, "strides", stride, stride);
}

static czm_tensor resize(net *n, const char *op, czm_tensor x, int32_t side, const char *places) {
    czm_tensor y = op2(n, op, x, VECTOR(n, side, side));
    if (places) czm_set_bool(n->g, y.node, places, true);
    return y;
}

static czm_tensor add_up(net *n, czm_tensor a, czm_tensor b) { return op2(n, "AddV2", a, b); }

static czm_tensor concat(net *n, czm_tensor a, czm_tensor b, int32_t axis) {
    czm_tensor y = make(n, "ConcatV2", a, b, scalar(n, axis));
    czm_set_int(n->g, y.node, "N", 2);
    return y;
}

static czm_tensor reshape(net *n, czm_tensor x, czm_tensor shape) {
    return op2(n, "Reshape", x, shape);
}

// ---- windows

static czm_tensor pixel(net *n, czm_tensor x) { return op1(n, "Relu", x); }
static czm_tensor conv_5(net *n, czm_tensor x) { return conv(n, x, 5, 1); }
static czm_tensor conv_4(net *n, czm_tensor x) { return conv(n, x, 4, 1); }
static czm_tensor conv_twice(net *n, czm_tensor x) { return conv(n, conv(n, x, 3, 1), 3, 1); }
static czm_tensor dilated_7(net *n, czm_tensor x) { return dilated(n, x, 3, 7); }
static czm_tensor valid_5(net *n, czm_tensor x) { return valid(n, x, 5); }
static czm_tensor wide(net *n, czm_tensor x) {
    return window(n, "Conv2D", x, filter(n, 1, 9, CHANNELS, CHANNELS), 1, "SAME");
}
static czm_tensor depthwise(net *n, czm_tensor x) {
    return window(n, "DepthwiseConv2dNative", x, filter(n, 3, 3, CHANNELS, 1), 1, "SAME");
}
static czm_tensor planes(net *n, czm_tensor x) {
    czm_tensor first = op2(n, "Transpose", x, VECTOR(n, 0, 3, 1, 2));
    czm_tensor y = window(n, "Conv2D", first, filter(n, 5, 3, CHANNELS, CHANNELS), 1, "SAME");
    czm_set_string(n->g, y.node, "data_format", "NCHW");
    return op2(n, "Transpose", y, VECTOR(n, 0, 2, 3, 1));
}
static czm_tensor strided(net *n, czm_tensor x) { return conv(n, x, 3, 2); }

// ---- down and up. Pixel 2i of a doubled image sees 2i and 2i + 1, as pixel 2i + 1 does.

static czm_tensor up(net *n, czm_tensor x, const char *op, const char *places) {
    return resize(n, op, x, SIDE, places);
}
static czm_tensor nearest(net *n, czm_tensor x) {
    return up(n, pool(n, x, 2), "ResizeNearestNeighbor", "half_pixel_centers");
}
static czm_tensor bilinear(net *n, czm_tensor x) {
    return up(n, pool(n, x, 2), "ResizeBilinear", "half_pixel_centers");
}
static czm_tensor bilinear_old(net *n, czm_tensor x) {
    return up(n, pool(n, x, 2), "ResizeBilinear", NULL);
}
static czm_tensor bilinear_corners(net *n, czm_tensor x) {
    return up(n, pool(n, x, 2), "ResizeBilinear", "align_corners");
}
static czm_tensor bicubic(net *n, czm_tensor x) {
    return up(n, pool(n, x, 2), "ResizeBicubic", "half_pixel_centers");
}
static czm_tensor uneven(net *n, czm_tensor x) { // two thirds of the size and back
    czm_tensor small = resize(n, "ResizeNearestNeighbor", x, 64, "half_pixel_centers");
    return up(n, small, "ResizeNearestNeighbor", "half_pixel_centers");
}
// As Keras enlarges volumes: single rows, each twice.
static czm_tensor repeated_rows(net *n, czm_tensor x) {
    enum { ROWS = SIDE / 2 };
    czm_tensor rows = op2(n, "Split", scalar(n, 1), pool(n, x, 2));
    czm_set_int(n->g, rows.node, "num_split", ROWS);
    czm_tensor y = make(n, "ConcatV2", rows, rows, none);
    for (uint32_t i = 2; i < 2 * ROWS; i++)
        *CZM_APPEND(n->c->arena, &y.node->inputs) = (czm_tensor){rows.node, i / 2};
    *CZM_APPEND(n->c->arena, &y.node->inputs) = scalar(n, 1);
    czm_set_int(n->g, y.node, "N", 2 * ROWS);
    return y;
}

static czm_tensor back_2(net *n, czm_tensor x) { return transposed(n, pool(n, x, 2), SIDE, 2, 2); }
static czm_tensor back_3(net *n, czm_tensor x) { return transposed(n, pool(n, x, 2), SIDE, 3, 2); }
static czm_tensor back_deep(net *n, czm_tensor x) {
    return transposed(n, conv(n, pool(n, x, 4), 3, 1), SIDE, 4, 4);
}
static czm_tensor skipped(net *n, czm_tensor x) {
    return concat(n, back_deep(n, x), conv(n, x, 15, 1), 3);
}
static czm_tensor repeated(net *n, czm_tensor x) {
    czm_tensor small = reshape(n, pool(n, x, 2), VECTOR(n, 1, 48, 1, 48, 1, CHANNELS));
    czm_tensor tiled = op2(n, "Tile", small, VECTOR(n, 1, 1, 2, 1, 2, 1));
    return reshape(n, tiled, VECTOR(n, 1, SIDE, SIDE, CHANNELS));
}
static czm_tensor pack_twice(net *n, czm_tensor x, int64_t axis) {
    czm_tensor y = op2(n, "Pack", x, x);
    czm_set_int(n->g, y.node, "N", 2);
    czm_set_int(n->g, y.node, "axis", axis);
    return y;
}
static czm_tensor packed(net *n, czm_tensor x) {
    czm_tensor rows = reshape(n, pack_twice(n, pool(n, x, 2), 2), VECTOR(n, 1, SIDE, 48, CHANNELS));
    return reshape(n, pack_twice(n, rows, 3), VECTOR(n, 1, SIDE, SIDE, CHANNELS));
}

// ---- blocks

static czm_tensor dealt(net *n, czm_tensor x) { // a dilation of 4, as TensorFlow 1 writes it
    czm_tensor many = make(n, "SpaceToBatchND", x, VECTOR(n, 4, 4), PAIRS(n, 4, 4, 4, 4));
    return make(n, "BatchToSpaceND", valid(n, many, 3), VECTOR(n, 4, 4), PAIRS(n, 0, 0, 0, 0));
}
static czm_tensor blocked(net *n, czm_tensor x, const char *op, int64_t size) {
    czm_tensor y = op1(n, op, x);
    czm_set_int(n->g, y.node, "block_size", size);
    return y;
}
static czm_tensor there_and_back(net *n, czm_tensor x) {
    return blocked(n, blocked(n, x, "SpaceToDepth", 2), "DepthToSpace", 2);
}
static czm_tensor shuffled(net *n, czm_tensor x) {
    czm_tensor deep = blocked(n, x, "SpaceToDepth", 2);
    czm_tensor mixed = window(n, "Conv2D", deep, filter(n, 1, 1, 16, 16), 1, "SAME");
    return blocked(n, mixed, "DepthToSpace", 2);
}
static czm_tensor halves(net *n, czm_tensor x) { // the larger of each block, by reshaping
    czm_tensor blocks = reshape(n, x, VECTOR(n, 1, 48, 2, 48, 2, CHANNELS));
    return op2(n, "Max", blocks, VECTOR(n, 2, 4));
}

// ---- pieces

static czm_tensor padded(net *n, czm_tensor x) {
    return valid(n, op2(n, "Pad", x, PAIRS(n, 0, 0, 3, 3, 3, 3, 0, 0)), 7);
}
static czm_tensor cropped(net *n, czm_tensor x) {
    return make(n, "Slice", x, VECTOR(n, 0, 3, 5, 0), VECTOR(n, 1, 90, 86, CHANNELS));
}
static czm_tensor rolled(net *n, czm_tensor x) {
    return make(n, "Roll", x, VECTOR(n, 3, -5), VECTOR(n, 1, 2));
}
static czm_tensor one_dimension(net *n, czm_tensor x) { // along each row
    czm_tensor rows = reshape(n, x, VECTOR(n, SIDE, SIDE, CHANNELS));
    czm_tensor image = op2(n, "ExpandDims", rows, scalar(n, 1));
    czm_tensor y = window(n, "Conv2D", image, filter(n, 1, 7, CHANNELS, CHANNELS), 1, "SAME");
    return reshape(n, y, VECTOR(n, 1, SIDE, SIDE, CHANNELS));
}
static czm_tensor flat(net *n, czm_tensor x) {
    czm_tensor pixels = reshape(n, conv(n, x, 3, 1), VECTOR(n, SIDE * SIDE, CHANNELS));
    return reshape(n, op1(n, "Softmax", pixels), VECTOR(n, 1, SIDE, SIDE, CHANNELS));
}
static czm_tensor mean(net *n, czm_tensor x, czm_tensor axes) {
    czm_tensor y = op2(n, "Mean", x, axes);
    czm_set_bool(n->g, y.node, "keep_dims", true);
    return op2(n, "Sub", x, y);
}
static czm_tensor over_channels(net *n, czm_tensor x) { return mean(n, x, VECTOR(n, -1)); }
static czm_tensor of_sizes(net *n, czm_tensor x) { return op1(n, "Shape", x); }

// ---- unbounded or unknown

static czm_tensor over_space(net *n, czm_tensor x) { return mean(n, x, VECTOR(n, 1, 2)); }
static czm_tensor all_at_once(net *n, czm_tensor x) {
    return op1(n, "Softmax", reshape(n, x, VECTOR(n, 1, SIDE * SIDE * CHANNELS)));
}
static czm_tensor turned(net *n, czm_tensor x) {
    return add_up(n, x, op2(n, "Transpose", x, VECTOR(n, 0, 2, 1, 3)));
}
static czm_tensor two_scales(net *n, czm_tensor x) {
    czm_tensor corner = make(n, "Slice", x, VECTOR(n, 0, 0, 0, 0), VECTOR(n, 1, 48, 48, CHANNELS));
    return add_up(n, pool(n, x, 2), corner);
}
static czm_tensor attention(net *n, czm_tensor x) {
    czm_tensor pixels = reshape(n, x, VECTOR(n, 1, SIDE * SIDE, CHANNELS));
    czm_tensor y = op2(n, "BatchMatMulV2", pixels, pixels);
    czm_set_bool(n->g, y.node, "adj_y", true);
    return y;
}
static czm_tensor in_windows(net *n, czm_tensor x) { // attention within blocks of 8 by 8
    czm_tensor blocks = reshape(n, x, VECTOR(n, 12, 8, 12, 8, CHANNELS));
    czm_tensor moved = op2(n, "Transpose", blocks, VECTOR(n, 0, 2, 1, 3, 4));
    czm_tensor pixels = reshape(n, moved, VECTOR(n, 144, 64, CHANNELS));
    czm_tensor y = op2(n, "BatchMatMulV2", pixels, pixels);
    czm_set_bool(n->g, y.node, "adj_y", true);
    return y;
}
static czm_tensor strange(net *n, czm_tensor x) { return op1(n, "NobodyKnows", conv(n, x, 3, 1)); }

typedef struct row {
    const char *name;
    czm_tensor (*build)(net *n, czm_tensor x);
    czm_field_kind kind;
    const char *op; // the unbounded or unknown op
    int64_t before[2], after[2];
} row;

#define SEES(build, top, left, bottom, right)                                   \
    {                                                                           \
#build, build, CZM_FIELD_BOUNDED, NULL, {top, left }, { bottom, right } \
    }
#define GIVES_UP(build, kind, op)                              \
    {                                                          \
#build, build, CZM_FIELD_##kind, op, {0, 0 }, { 0, 0 } \
    }

static const row rows[] = {
    SEES(pixel, 0, 0, 0, 0),
    SEES(conv_5, 2, 2, 2, 2),
    SEES(conv_4, 1, 1, 2, 2),
    SEES(conv_twice, 2, 2, 2, 2),
    SEES(dilated_7, 7, 7, 7, 7),
    SEES(valid_5, 0, 0, 4, 4),
    SEES(wide, 0, 4, 0, 4),
    SEES(depthwise, 1, 1, 1, 1),
    SEES(planes, 2, 1, 2, 1),
    SEES(strided, 0, 0, 2, 2),
    SEES(nearest, 1, 1, 1, 1),
    SEES(bilinear, 2, 2, 2, 2),
    SEES(bilinear_old, 1, 1, 2, 2), // pixel 2i + 1 lies between blocks i and i + 1
    SEES(bilinear_corners, 2, 2, 2, 2),
    SEES(bicubic, 4, 4, 4, 4),
    SEES(uneven, 0, 0, 1, 1),
    SEES(back_2, 1, 1, 1, 1),
    SEES(repeated_rows, 1, 0, 1, 1), // along the width nothing is enlarged again
    SEES(back_3, 2, 2, 1, 1),        // taps of SAME lie before: pixel 2i sees blocks i - 1 and i
    SEES(back_deep, 7, 7, 7, 7),
    SEES(skipped, 7, 7, 7, 7),
    SEES(repeated, 1, 1, 1, 1),
    SEES(packed, 1, 1, 1, 1),
    SEES(dealt, 4, 4, 4, 4),
    SEES(there_and_back, 0, 0, 0, 0),
    SEES(shuffled, 1, 1, 1, 1),
    SEES(halves, 0, 0, 1, 1),
    SEES(padded, 3, 3, 3, 3),
    SEES(cropped, -3, -5, 3, 5),
    SEES(rolled, 3, -5, -3, 5),
    SEES(one_dimension, 0, 3, 0, 3),
    SEES(flat, 1, 1, 1, 1),
    SEES(over_channels, 0, 0, 0, 0),
    SEES(in_windows, 0, 0, 7, 7),
    GIVES_UP(of_sizes, NONE, NULL),
    GIVES_UP(over_space, UNBOUNDED, "Mean"),
    GIVES_UP(all_at_once, UNBOUNDED, "Softmax"),
    GIVES_UP(turned, UNBOUNDED, "AddV2"),
    GIVES_UP(two_scales, UNBOUNDED, "AddV2"),
    GIVES_UP(attention, UNBOUNDED, "BatchMatMulV2"),
    GIVES_UP(strange, UNKNOWN, "NobodyKnows"),
};

static czm_receptive_field field_in(czm_context *c, czm_tensor (*build)(net *n, czm_tensor x),
                                    czm_shape image) {
    net n = {c, new_model(c), NULL};
    n.g = &n.model->main;
    czm_node *x = czm_graph_add(n.g, "x", CZM_OP_Placeholder);
    czm_set_type(n.g, x, "dtype", CZM_DTYPE_FLOAT);
    czm_set_attr(n.g, x, "shape", czm_shape_attr(c->arena, image));
    add_input(n.g, x);
    czm_tensor output = build(&n, czm_output(x));
    add_output(n.g, output.node, output.index);
    assert_null(czm_graph_sort(n.g));
    const czm_shapes *shapes = czm_shapes_infer(c->arena, n.model, NULL);
    assert_null(czm_shapes_fault(shapes));
    return czm_field_of(czm_fields_infer(c->arena, n.model, shapes), output);
}

static czm_receptive_field field_of(czm_context *c, const row *r, int64_t side) {
    const int64_t dims[] = {1, side, side, CHANNELS};
    return field_in(c, r->build, (czm_shape){4, dims});
}

static void assert_row(const row *r, const czm_receptive_field *f) {
    if (f->kind != r->kind) fail_msg("%s: kind %d", r->name, (int)f->kind);
    for (int i = 0; i < 2 && r->kind == CZM_FIELD_BOUNDED; i++)
        if (f->before[i] != r->before[i] || f->after[i] != r->after[i])
            fail_msg("%s: axis %d sees %lld before and %lld after", r->name, i,
                     (long long)f->before[i], (long long)f->after[i]);
    if (r->op) assert_string_equal(f->node->op, r->op);
}

static void each_network(void **state) {
    for (size_t i = 0; i < CZM_COUNT_OF(rows); i++) {
        czm_receptive_field f = field_of(*state, &rows[i], SIDE);
        assert_row(&rows[i], &f);
    }
}

static void the_border_is_the_largest(void **state) {
    const row cropped_row = SEES(cropped, -3, -5, 3, 5);
    czm_receptive_field f = field_of(*state, &cropped_row, SIDE);
    assert_int_equal(czm_field_border(&f), 5);
}

// Where the size is open, strides divide it.
static void images_of_any_size(void **state) {
    static const row open[] = {SEES(conv_5, 2, 2, 2, 2), SEES(strided, 0, 0, 2, 2),
                               SEES(dilated_7, 7, 7, 7, 7)};
    for (size_t i = 0; i < CZM_COUNT_OF(open); i++) {
        czm_receptive_field f = field_of(*state, &open[i], CZM_UNKNOWN);
        assert_row(&open[i], &f);
    }
}

// SAME padding goes by the size: 97 pixels are padded on both sides.
static void odd_sizes(void **state) {
    const row odd = SEES(strided, 1, 1, 1, 1);
    czm_receptive_field f = field_of(*state, &odd, 97);
    assert_row(&odd, &f);
}

static czm_tensor volume_window(net *n, const char *op, czm_tensor x, czm_tensor weights,
                                const char *attr, const int64_t sizes[5]) {
    static const int64_t ones[] = {1, 1, 1, 1, 1};
    czm_tensor y = op2(n, op, x, weights);
    czm_set_ints(n->g, y.node, "strides", ones, 5);
    czm_set_ints(n->g, y.node, attr, sizes, 5);
    czm_set_string(n->g, y.node, "padding", "SAME");
    return y;
}

// A convolution of 3 x 5 x 7, of every second slice, and a pool of 1 x 3 x 1.
static czm_tensor volume(net *n, czm_tensor x) {
    const int64_t dims[] = {3, 5, 7, 1, 1}, rates[] = {1, 2, 1, 1, 1}, pool[] = {1, 1, 3, 1, 1};
    size_t size = 3 * 5 * 7 * sizeof(float);
    czm_tensor kernel = czm_add_const(n->g, "kernel", CZM_DTYPE_FLOAT,
                                      czm_bytes_of(czm_arena_alloc(n->c->arena, size), size), dims,
                                      5);
    czm_tensor y = volume_window(n, "Conv3D", x, kernel, "dilations", rates);
    return volume_window(n, "MaxPool3D", y, none, "ksize", pool);
}

static void volumes_have_a_field_along_z(void **state) {
    const int64_t fixed[] = {1, 16, 32, 32, 1};
    const int64_t open[] = {CZM_UNKNOWN, CZM_UNKNOWN, CZM_UNKNOWN, CZM_UNKNOWN, 1};
    const int64_t *const images[] = {fixed, open};
    for (size_t i = 0; i < CZM_COUNT_OF(images); i++) {
        czm_receptive_field f = field_in(*state, volume, (czm_shape){5, images[i]});
        assert_int_equal(f.kind, CZM_FIELD_BOUNDED);
        assert_int_equal(f.before[0], 3);
        assert_int_equal(f.after[1], 3);
        assert_int_equal(czm_field_border(&f), 3);
        assert_int_equal(czm_field_slices(&f), 2);
    }
}

int main(void) {
    const struct CMUnitTest tests[] = {
        TEST(each_network), TEST(the_border_is_the_largest),    TEST(images_of_any_size),
        TEST(odd_sizes),    TEST(volumes_have_a_field_along_z),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
