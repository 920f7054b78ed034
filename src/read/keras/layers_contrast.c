// SPDX-License-Identifier: Apache-2.0
//
// Layers that change the contrast of each image by its own values, in training and at inference. They compute
// with values from 0 to 255.
#include <math.h>

#include "read/keras/layers.h"

static const double bytes[] = {0, 255};

// The range of the values in the image.
static void get_range(czm_keras_call *c, double *range) {
    const json_t *value = czm_config_get(c->config, "value_range");
    memcpy(range, bytes, sizeof bytes);
    for (size_t i = 0; i < 2 && json_array_size(value) == 2; i++)
        range[i] = json_number_value(json_array_get(value, i));
    if (czm_keras_rank(c, c->in[0]) != 4 || range[0] >= range[1])
        czm_keras_fail_damaged(c, "the layer needs an image and a value_range of two numbers");
}

static czm_keras_tensor number(czm_keras_call *c, const char *suffix, double value) {
    return czm_keras_number(c, suffix, c->dtype, value);
}

// 1 more where it is 0, so that it can be divided by.
static czm_keras_tensor without_zero(czm_keras_call *c, czm_keras_tensor x,
                                     czm_keras_tensor is_zero) {
    return CZM_KERAS_OP(c, CZM_OP_AddV2, x, czm_keras_cast(c, "Cast", is_zero, c->dtype));
}

// Keras' way from one range of values to another.
static czm_keras_tensor to_range(czm_keras_call *c, czm_keras_tensor x, const double *from,
                                 const double *to) {
    if (from[0] == to[0] && from[1] == to[1]) return x;
    x = czm_keras_with(c, CZM_OP_Sub, x, from[0]);
    x = czm_keras_with(c, CZM_OP_RealDiv, x, from[1] - from[0]);
    x = czm_keras_with(c, CZM_OP_Mul, x, to[1] - to[0]);
    return czm_keras_with(c, CZM_OP_AddV2, x, to[0]);
}

// ---- AutoContrast

// The smallest value of each channel becomes 0 and the largest 255. A channel with a single value does not change:
// Keras divides by 0 and then replaces results that are not numbers.
czm_keras_tensor czm_keras_build_auto_contrast(czm_keras_call *c) {
    static const int64_t axes[] = {1, 2};
    double range[2];
    get_range(c, range);
    if (c->b->status) return c->in[0];
    czm_keras_tensor x = czm_keras_cast(c, "Cast", c->in[0], c->dtype),
                     y = to_range(c, x, range, bytes);
    czm_keras_tensor low = czm_keras_reduce(c, NULL, CZM_OP_Min, y, axes, 2, true);
    czm_keras_tensor high = czm_keras_reduce(c, NULL, CZM_OP_Max, y, axes, 2, true);
    czm_keras_tensor is_flat = CZM_KERAS_OP(c, CZM_OP_Equal, low, high);
    czm_keras_tensor span = without_zero(c, CZM_KERAS_OP(c, CZM_OP_Sub, high, low), is_flat);
    czm_keras_tensor scale =
        CZM_KERAS_OP(c, CZM_OP_RealDiv, number(c, "truediv/x", bytes[1]), span);
    czm_keras_tensor offset = CZM_KERAS_OP(c, CZM_OP_Mul, CZM_KERAS_OP(c, CZM_OP_Neg, low), scale);
    y = czm_keras_clip(c,
                       CZM_KERAS_OP(c, CZM_OP_AddV2, CZM_KERAS_OP(c, CZM_OP_Mul, y, scale), offset),
                       bytes[0], bytes[1]);
    return CZM_KERAS_OP(c, CZM_OP_SelectV2, is_flat, x, to_range(c, y, bytes, range));
}

// ---- ContrastLimitedAdaptiveHistogramEqualization

enum { ROWS, COLUMNS, LEVELS = 256, LARGEST_SIZE = 1 << 16 };

static const int64_t last = 4; // the axis inside a tile: pixels, then levels

// The image in tiles of one size. The last ones may lie outside in part.
typedef struct tiling {
    int64_t size[2];   // of the image: height and width
    int64_t counts[2]; // of tiles
    int64_t tile[2];   // height and width of one
    int64_t channels;
} tiling;

static tiling tiling_of(czm_keras_call *c, czm_keras_tensor x) {
    tiling t = {.size = {1, 1}, .tile = {1, 1}, .channels = 1};
    czm_shape shape = czm_keras_shape(c, x);
    czm_keras_get_sizes(c, "tile_grid_size", 2, 8, t.counts);
    for (size_t i = 1; i < 4; i++)
        if (shape.dims[i] < 1 || shape.dims[i] > LARGEST_SIZE) {
            czm_keras_fail(c, "give the input of the network a fixed size",
                           "the size of its input is not known, or too large");
            return t;
        }
    t.channels = shape.dims[3];
    for (size_t i = 0; i < 2; i++) {
        t.size[i] = shape.dims[i + 1];
        t.tile[i] = (t.size[i] + t.counts[i] - 1) / t.counts[i];
        if (t.counts[i] * t.tile[i] > 2 * t.size[i]) // the mirror image is no larger than the image
            czm_keras_fail_damaged(c, "the image is too small for the layer's tile_grid_size");
    }
    if ((t.counts[ROWS] + 2) * (t.counts[COLUMNS] + 2) > INT32_MAX / LEVELS / t.channels)
        czm_keras_fail(c, NULL, "the layer has too many tiles");
    return t;
}

static czm_keras_tensor mirror(czm_keras_call *c, czm_keras_tensor x, const int64_t *pairs,
                               size_t rank) {
    czm_node *node = CZM_KERAS_NODE(c, CZM_OP_MirrorPad, x,
                                    czm_keras_matrix(c, "MirrorPad/paddings", pairs, rank));
    czm_set_string(c->graph, node, "mode", "SYMMETRIC");
    return czm_keras_output(c, node, 0);
}

// [batch, rows of tiles, columns of tiles, channels, pixels of a tile]
static czm_keras_tensor cut_into_tiles(czm_keras_call *c, czm_keras_tensor x, const tiling *t) {
    const int64_t *counts = t->counts, *tile = t->tile;
    int64_t pairs[8] = {[3] = counts[ROWS] * tile[ROWS] - t->size[ROWS],
                        [5] = counts[COLUMNS] * tile[COLUMNS] - t->size[COLUMNS]};
    const int64_t cut[] = {-1,         counts[ROWS], tile[ROWS], counts[COLUMNS], tile[COLUMNS],
                           t->channels};
    const int64_t flat[] = {-1, counts[ROWS], counts[COLUMNS], t->channels,
                            tile[ROWS] * tile[COLUMNS]};
    czm_keras_tensor y = czm_keras_reshape_to(c, mirror(c, x, pairs, 4), cut, 6);
    y = czm_keras_transpose(c, y, (const int64_t[]){0, 1, 3, 5, 2, 4}, 6);
    return czm_keras_reshape_to(c, y, flat, 5);
}

static czm_keras_tensor sum_of(czm_keras_call *c, czm_keras_tensor x, bool keeps) {
    return czm_keras_reduce(c, NULL, CZM_OP_Sum, x, &last, 1, keeps);
}

// How many pixels of each tile have each level.
static czm_keras_tensor count_levels(czm_keras_call *c, czm_keras_tensor levels) {
    czm_node *node =
        CZM_KERAS_NODE(c, CZM_OP_OneHot, levels, czm_keras_int(c, "one_hot/depth", LEVELS),
                       number(c, "one_hot/on_value", 1), number(c, "one_hot/off_value", 0));
    czm_set_int(c->graph, node, "axis", -1);
    return sum_of(c, czm_keras_output(c, node, 0), false);
}

// What exceeds the limit is spread over all levels.
static czm_keras_tensor limit_counts(czm_keras_call *c, czm_keras_tensor counts, double most) {
    czm_keras_tensor limited = czm_keras_with(c, CZM_OP_Minimum, counts, most);
    czm_keras_tensor excess = sum_of(c, CZM_KERAS_OP(c, CZM_OP_Sub, counts, limited), true);
    return CZM_KERAS_OP(c, CZM_OP_AddV2, limited,
                        czm_keras_with(c, CZM_OP_RealDiv, excess, LEVELS));
}

// What each level becomes in each tile: the share of pixels that have at most this level.
static czm_keras_tensor curves_of(czm_keras_call *c, czm_keras_tensor counts, double pixels) {
    czm_keras_tensor sums =
        CZM_KERAS_OP(c, CZM_OP_Cumsum, counts, czm_keras_int(c, "Cumsum/axis", last));
    czm_keras_tensor low = czm_keras_reduce(c, NULL, CZM_OP_Min, sums, &last, 1, true);
    czm_keras_tensor above =
        czm_keras_with(c, CZM_OP_Mul, CZM_KERAS_OP(c, CZM_OP_Sub, sums, low), bytes[1]);
    czm_keras_tensor span = CZM_KERAS_OP(c, CZM_OP_Sub, number(c, "sub/x", pixels), low);
    czm_keras_tensor is_flat = czm_keras_with(c, CZM_OP_Equal, span, 0);
    czm_keras_tensor share = CZM_KERAS_OP(c, CZM_OP_RealDiv, above, without_zero(c, span, is_flat));
    return czm_keras_clip(c, share, bytes[0], bytes[1]);
}

// The two tiles between whose centres a row or a column of pixels lies: where they begin in the list of all
// curves, and the weight of the second. One more tile of the same curves lies around all others.
typedef struct neighbours {
    czm_keras_tensor begins[2], weight;
} neighbours;

// `stride`: from tile to tile in the list.
static neighbours neighbours_of(czm_keras_call *c, const tiling *t, size_t axis, int64_t stride) {
    size_t count = (size_t)t->size[axis];
    int64_t dims[] = {1, 1, 1, 1};
    double *numbers[3]; // of the first tile, the second, and the weight
    dims[1 + axis] = t->size[axis];
    for (size_t k = 0; k < 3; k++) numbers[k] = CZM_NEW_ARRAY(c->arena, double, count);
    for (size_t i = 0; i < count; i++) {
        float tile = (float)t->tile[axis], place = ((float)i - tile / 2) / tile + 1;
        numbers[0][i] = floorf(place) * (double)stride;
        numbers[1][i] = numbers[0][i] + (double)stride;
        numbers[2][i] = place - floorf(place);
    }
    neighbours n;
    for (size_t k = 0; k < 2; k++)
        n.begins[k] = czm_keras_numbers(c, CZM_KERAS_CONST, CZM_DTYPE_INT32, numbers[k], dims, 4);
    n.weight = czm_keras_numbers(c, CZM_KERAS_CONST, c->dtype, numbers[2], dims, 4);
    return n;
}

// Where the curves of each image begin in the list of all curves.
static czm_keras_tensor begins_of_images(czm_keras_call *c, czm_keras_tensor x, int64_t stride) {
    size_t rank;
    czm_keras_size batch = czm_keras_sizes(c, x, &rank)[0];
    czm_keras_tensor count = batch.tensor ? batch.tensor : czm_keras_int(c, "limit", batch.known);
    czm_keras_tensor images = CZM_KERAS_OP(c, CZM_OP_Range, czm_keras_int(c, "start", 0), count,
                                           czm_keras_int(c, "delta", 1));
    images = czm_keras_reshape_to(c, images, (const int64_t[]){-1, 1, 1, 1}, 4);
    return CZM_KERAS_OP(c, CZM_OP_Mul, images, czm_keras_int(c, "mul/y", stride));
}

// a * (1 - weight) + b * weight
static czm_keras_tensor between(czm_keras_call *c, czm_keras_tensor a, czm_keras_tensor b,
                                czm_keras_tensor weight) {
    czm_keras_tensor rest = CZM_KERAS_OP(c, CZM_OP_Sub, number(c, "sub/x", 1), weight);
    return CZM_KERAS_OP(c, CZM_OP_AddV2, CZM_KERAS_OP(c, CZM_OP_Mul, a, rest),
                        CZM_KERAS_OP(c, CZM_OP_Mul, b, weight));
}

// The levels of the pixels on the curves of the four tiles around each, between them by distance.
static czm_keras_tensor interpolate(czm_keras_call *c, czm_keras_tensor levels,
                                    czm_keras_tensor curves, const tiling *t) {
    const int64_t around[] = {0, 0, 1, 1, 1, 1, 0, 0, 0, 0}, all = -1;
    int64_t of_tile = LEVELS * t->channels, of_row = of_tile * (t->counts[COLUMNS] + 2),
            of_image = of_row * (t->counts[ROWS] + 2);
    double *of_channels = CZM_NEW_ARRAY(c->arena, double, (size_t)t->channels);
    for (int64_t i = 0; i < t->channels; i++) of_channels[i] = (double)(i * LEVELS);
    czm_keras_tensor list = czm_keras_reshape_to(c, mirror(c, curves, around, 5), &all, 1);
    czm_keras_tensor place =
        CZM_KERAS_OP(c, CZM_OP_AddV2, levels, begins_of_images(c, levels, of_image));
    place = CZM_KERAS_OP(c, CZM_OP_AddV2, place,
                         czm_keras_numbers(c, "channels", CZM_DTYPE_INT32, of_channels,
                                           &t->channels, 1));
    neighbours rows = neighbours_of(c, t, ROWS, of_row);
    neighbours columns = neighbours_of(c, t, COLUMNS, of_tile);
    czm_keras_tensor of_rows[2];
    for (size_t i = 0; i < 2; i++) {
        czm_keras_tensor row = CZM_KERAS_OP(c, CZM_OP_AddV2, place, rows.begins[i]), values[2];
        for (size_t k = 0; k < 2; k++)
            values[k] = CZM_KERAS_OP(c, CZM_OP_GatherV2, list,
                                     CZM_KERAS_OP(c, CZM_OP_AddV2, row, columns.begins[k]),
                                     czm_keras_int(c, "GatherV2/axis", 0));
        of_rows[i] = between(c, values[0], values[1], columns.weight);
    }
    return between(c, of_rows[0], of_rows[1], rows.weight);
}

// In single precision, as in Keras.
czm_keras_tensor czm_keras_build_clahe(czm_keras_call *c) {
    double range[2], limit = czm_config_number(c->config, "clip_limit", 4);
    czm_dtype outside = czm_keras_dtype(c->in[0]);
    c->dtype = CZM_DTYPE_FLOAT;
    get_range(c, range);
    if (c->b->status) return c->in[0];
    czm_keras_tensor x = to_range(c, czm_keras_images(c), range, bytes);
    tiling t = tiling_of(c, x);
    if (c->b->status) return c->in[0];
    double pixels = (double)(t.tile[ROWS] * t.tile[COLUMNS]);
    czm_keras_tensor levels =
        czm_keras_cast(c, "Cast", czm_keras_clip(c, x, bytes[0], bytes[1]), CZM_DTYPE_INT32);
    czm_keras_tensor counts = count_levels(c, cut_into_tiles(c, levels, &t));
    if (limit > 0) counts = limit_counts(c, counts, limit * pixels / LEVELS);
    czm_keras_tensor y = interpolate(c, levels, curves_of(c, counts, pixels), &t);
    y = czm_keras_cast(c, "Cast", to_range(c, y, bytes, range), outside);
    return czm_keras_as_before(c, y);
}
