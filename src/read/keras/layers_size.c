// SPDX-License-Identifier: Apache-2.0
//
// Layers that change sizes and nothing else: resizing, padding, cropping, reshaping.
#include "read/keras/layers.h"

enum { MOST_SPATIAL = 3, MOST_RANK = CZM_KERAS_HIGHEST_RANK };

// ---- resizing

czm_tensor czm_keras_resize(czm_keras_call *c, const char *how, czm_tensor x, czm_tensor size,
                            bool has_half_pixels) {
    static const char *const ops[][2] = {{"nearest", "ResizeNearestNeighbor"},
                                         {"bilinear", "ResizeBilinear"},
                                         {"bicubic", "ResizeBicubic"}};
    for (size_t i = 0; i < CZM_COUNT_OF(ops); i++) {
        if (!czm_text_equal(how, ops[i][0])) continue;
        const char *name = czm_arena_format(c->arena, "resize/%s", ops[i][1]);
        czm_node *node = czm_keras_node(c, name, ops[i][1], CZM_KERAS_INPUTS(x, size));
        czm_set_bool(c->graph, node, "align_corners", false);
        czm_set_bool(c->graph, node, "half_pixel_centers", has_half_pixels);
        return czm_output(node);
    }
    czm_keras_fail(c, "use nearest, bilinear or bicubic", "the interpolation \"%s\" is not supported",
                   how);
    return x;
}

// Multi-backend Keras 2 before 2.4 sampled as TensorFlow 1 did.
static bool samples_at_half_pixels(const czm_keras_call *c) {
    const czm_keras_file *f = c->b->file;
    return !(f->major == 2 && f->minor < 4 && !f->is_tensorflow_keras);
}

static czm_tensor spatial_part(czm_keras_call *c, czm_tensor x) {
    czm_node *node = czm_keras_node(
        c, "strided_slice", "StridedSlice",
        CZM_KERAS_INPUTS(CZM_KERAS_OP(c, "Shape", x),
                    czm_keras_ints(c, "strided_slice/stack", (const int64_t[]){1}, 1),
                    czm_keras_ints(c, "strided_slice/stack_1", (const int64_t[]){3}, 1),
                    czm_keras_ints(c, "strided_slice/stack_2", (const int64_t[]){1}, 1)));
    return czm_output(node);
}

czm_tensor czm_keras_build_upsample(czm_keras_call *c) {
    int64_t factors[2];
    czm_keras_get_sizes(c, "size", 2, 2, factors);
    bool is_first = czm_keras_is_channels_first(c);
    czm_tensor x = c->in[0];
    if (is_first) x = czm_keras_transpose(c, x, (const int64_t[]){0, 2, 3, 1}, 4);
    czm_shape shape = czm_keras_shape(c, x);
    bool is_known = shape.rank == 4 && shape.dims[1] != CZM_UNKNOWN && shape.dims[2] != CZM_UNKNOWN;
    czm_tensor size = is_known ? czm_keras_ints(c, "Const", shape.dims + 1, 2) : spatial_part(c, x);
    size = CZM_KERAS_AS(c, "mul", "Mul", size, czm_keras_ints(c, "Const", factors, 2));
    x = czm_keras_resize(c, czm_config_text(c->config, "interpolation", "nearest"), x, size,
                         samples_at_half_pixels(c));
    return is_first ? czm_keras_transpose(c, x, (const int64_t[]){0, 3, 1, 2}, 4) : x;
}

// Each slice along an axis several times: a new axis behind it, filled and folded again.
static czm_tensor repeat_along(czm_keras_call *c, czm_tensor x, size_t axis, int64_t times) {
    size_t rank;
    czm_keras_size *sizes = czm_keras_sizes(c, x, &rank), wide[MOST_RANK + 1];
    int64_t multiples[MOST_RANK + 1];
    if (axis >= rank || rank >= MOST_RANK) return x;
    for (size_t i = 0; i <= rank; i++) {
        wide[i] = i <= axis ? sizes[i] : i == axis + 1 ? czm_keras_known(1) : sizes[i - 1];
        multiples[i] = i == axis + 1 ? times : 1;
    }
    czm_tensor tiled = CZM_KERAS_OP(c, "Tile", czm_keras_reshape(c, x, wide, rank + 1),
                                    czm_keras_ints(c, "Tile/multiples", multiples, rank + 1));
    sizes[axis] = czm_keras_size_with(c, "Mul", sizes[axis], times);
    return czm_keras_reshape(c, tiled, sizes, rank);
}

czm_tensor czm_keras_build_repeat(czm_keras_call *c) {
    int64_t factors[MOST_SPATIAL];
    size_t rank = c->layer->class->rank;
    czm_keras_get_sizes(c, "size", rank, 2, factors);
    bool is_first = czm_keras_is_channels_first(c);
    czm_tensor x = c->in[0];
    for (size_t i = 0; i < rank; i++) x = repeat_along(c, x, i + 1 + is_first, factors[i]);
    return x;
}

czm_tensor czm_keras_build_resizing(czm_keras_call *c) {
    static const char *const unsupported[] = {"crop_to_aspect_ratio", "pad_to_aspect_ratio",
                                              "antialias"};
    const int64_t size[] = {czm_config_int(c->config, "height", 0),
                            czm_config_int(c->config, "width", 0)};
    for (size_t i = 0; i < CZM_COUNT_OF(unsupported); i++)
        if (czm_config_bool(c->config, unsupported[i], false))
            czm_keras_fail(c, NULL, "%s is not supported", unsupported[i]);
    if (size[0] < 1 || size[1] < 1) czm_keras_fail_damaged(c, "the layer has no height and width");
    if (czm_keras_is_channels_first(c)) czm_keras_fail(c, NULL, "channels first are not supported");
    const char *how = czm_config_text(c->config, "interpolation", "bilinear");
    czm_tensor resized = czm_keras_resize(c, how, c->in[0],
                                          czm_keras_ints(c, "resize/size", size, 2), true);
    return czm_keras_cast(c, "Cast", resized, c->dtype);
}

// ---- padding and cropping

// 1, [1, 2], [[1, 2], [3, 4]], [1, 2, 3, 4] or {"top_pad": 1, ...}, as pairs.
static void get_borders(czm_keras_call *c, const char *key, size_t rank, int64_t *pairs) {
    static const char *const sides[] = {"top_pad", "bottom_pad", "left_pad", "right_pad"};
    const json_t *value = czm_config_get(c->config, key);
    int64_t flat[2 * MOST_SPATIAL];
    size_t count = czm_config_ints(value, flat, 2 * rank);
    bool is_good = count == 1 || count == rank || count == 2 * rank;
    for (size_t i = 0; i < 2 * rank && is_good; i++)
        pairs[i] = flat[count == 1 ? 0 : count == 2 * rank ? i : i / 2];
    if (json_is_object(value) && rank == 2) {
        for (size_t i = 0; i < 4; i++) pairs[i] = czm_config_int(value, sides[i], 0);
        is_good = true;
    } else if (json_array_size(value) == rank && json_is_array(json_array_get(value, 0))) {
        is_good = true;
        for (size_t i = 0; i < rank; i++)
            is_good &= czm_config_ints(json_array_get(value, i), pairs + 2 * i, 2) == 2;
    }
    for (size_t i = 0; i < 2 * rank && is_good; i++) is_good = pairs[i] >= 0;
    if (is_good) return;
    czm_keras_fail_damaged(c, "%s is not what the layer can use", key);
    memset(pairs, 0, 2 * rank * sizeof *pairs);
}

czm_tensor czm_keras_build_zero_padding(czm_keras_call *c) {
    int64_t pairs[2 * (MOST_SPATIAL + 2)] = {0};
    size_t rank = c->layer->class->rank;
    get_borders(c, "padding", rank, pairs + (czm_keras_is_channels_first(c) ? 4 : 2));
    return CZM_KERAS_OP(c, "Pad", c->in[0], czm_keras_matrix(c, "Pad/paddings", pairs, rank + 2));
}

// A slice from the front and from the end of each dimension.
static czm_tensor crop(czm_keras_call *c, czm_tensor x, const int64_t *pairs, size_t rank) {
    int64_t begin[MOST_RANK], end[MOST_RANK], steps[MOST_RANK], begin_mask = 0, end_mask = 0;
    for (size_t i = 0; i < rank; i++) {
        bool is_whole = pairs[2 * i] == 0 && pairs[2 * i + 1] == 0;
        begin[i] = pairs[2 * i];
        end[i] = -pairs[2 * i + 1];
        steps[i] = 1;
        bool is_spatial = i > 0 && i < rank - 1; // Keras writes those, even if nothing is cut off
        begin_mask |= is_whole && !is_spatial ? 1 << i : 0;
        end_mask |= end[i] == 0 ? 1 << i : 0;
    }
    czm_node *node = czm_keras_node(c, "strided_slice", "StridedSlice",
                                    CZM_KERAS_INPUTS(x, czm_keras_ints(c, "strided_slice/stack", begin, rank),
                                                czm_keras_ints(c, "strided_slice/stack_1", end, rank),
                                                czm_keras_ints(c, "strided_slice/stack_2", steps, rank)));
    czm_set_int(c->graph, node, "begin_mask", begin_mask);
    czm_set_int(c->graph, node, "end_mask", end_mask);
    return czm_output(node);
}

czm_tensor czm_keras_build_cropping(czm_keras_call *c) {
    int64_t pairs[2 * (MOST_SPATIAL + 2)] = {0};
    size_t rank = c->layer->class->rank;
    get_borders(c, "cropping", rank, pairs + (czm_keras_is_channels_first(c) ? 4 : 2));
    return crop(c, c->in[0], pairs, rank + 2);
}

czm_tensor czm_keras_build_center_crop(czm_keras_call *c) {
    int64_t pairs[8] = {0};
    const int64_t wanted[] = {czm_config_int(c->config, "height", 0),
                              czm_config_int(c->config, "width", 0)};
    czm_shape shape = czm_keras_shape(c, c->in[0]);
    if (czm_keras_is_channels_first(c)) czm_keras_fail(c, NULL, "channels first are not supported");
    for (size_t i = 0; i < 2; i++) {
        int64_t size = shape.rank == 4 ? shape.dims[i + 1] : CZM_UNKNOWN;
        if (size == CZM_UNKNOWN || size < wanted[i] || wanted[i] < 1) {
            czm_keras_fail(c, "use Cropping2D, or fix the size of the input",
                           "the size of its input is not known, or smaller than its result");
            return c->in[0];
        }
        pairs[2 + 2 * i] = (size - wanted[i]) / 2;
        pairs[3 + 2 * i] = size - wanted[i] - pairs[2 + 2 * i];
    }
    return crop(c, c->in[0], pairs, 4);
}

// ---- reshaping

czm_tensor czm_keras_build_reshape(czm_keras_call *c) {
    int64_t dims[MOST_RANK];
    size_t rank;
    const json_t *target = czm_config_get(c->config, "target_shape");
    size_t count = czm_config_ints(target, dims, MOST_RANK - 1);
    if (count == 0 && json_array_size(target)) {
        czm_keras_fail_damaged(c, "target_shape is not a list of sizes");
        return c->in[0];
    }
    czm_keras_size sizes[MOST_RANK] = {czm_keras_sizes(c, c->in[0], &rank)[0]};
    for (size_t i = 0; i < count; i++) sizes[i + 1] = czm_keras_known(dims[i]);
    return rank ? CZM_KERAS_OP(c, "Reshape", c->in[0],
                               czm_keras_pack(c, "Reshape/shape", sizes, count + 1))
                : c->in[0];
}

static czm_tensor channels_last(czm_keras_call *c, czm_tensor x, size_t rank) {
    int64_t order[MOST_RANK] = {0};
    for (size_t i = 1; i + 1 < rank; i++) order[i] = (int64_t)i + 1;
    order[rank - 1] = 1;
    return czm_keras_transpose(c, x, order, rank);
}

czm_tensor czm_keras_build_flatten(czm_keras_call *c) {
    size_t rank = czm_keras_rank(c, c->in[0]);
    czm_tensor x = c->in[0];
    if (rank > 2 && czm_keras_is_channels_first(c)) x = channels_last(c, x, rank);
    czm_shape shape = czm_keras_shape(c, x);
    int64_t product = 1;
    for (size_t i = 1; i < rank; i++)
        product = shape.dims[i] == CZM_UNKNOWN || product == CZM_UNKNOWN ? CZM_UNKNOWN
                                                                       : product * shape.dims[i];
    if (product != CZM_UNKNOWN)
        return CZM_KERAS_OP(c, "Reshape", x,
                            czm_keras_ints(c, "Const", (const int64_t[]){-1, product}, 2));
    czm_keras_size sizes[] = {czm_keras_sizes(c, x, &rank)[0], czm_keras_known(-1)};
    return czm_keras_reshape(c, x, sizes, 2);
}

czm_tensor czm_keras_build_permute(czm_keras_call *c) {
    int64_t order[MOST_RANK] = {0};
    size_t count = czm_config_ints(czm_config_get(c->config, "dims"), order + 1, MOST_RANK - 1);
    if (count && count + 1 == czm_keras_rank(c, c->in[0]))
        return czm_keras_transpose(c, c->in[0], order, count + 1);
    czm_keras_fail_damaged(c, "dims does not name each dimension of the layer's input");
    return c->in[0];
}

czm_tensor czm_keras_build_repeat_vector(czm_keras_call *c) {
    int64_t times = czm_config_int(c->config, "n", 1);
    czm_tensor wide = CZM_KERAS_OP(c, "ExpandDims", c->in[0], czm_keras_int(c, "ExpandDims/dim", 1));
    return CZM_KERAS_OP(c, "Tile", wide,
                        czm_keras_ints(c, "stack", (const int64_t[]){1, times, 1}, 3));
}
