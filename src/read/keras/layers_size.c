// SPDX-License-Identifier: Apache-2.0
//
// Layers that change sizes and nothing else: resizing, padding, cropping, reshaping.
#include "read/keras/layers.h"

enum { MOST_SPATIAL = 3, MOST_RANK = CZM_KERAS_HIGHEST_RANK };

// ---- resizing

typedef struct method {
    const char *name;
    czm_op_kind op; // CZM_OP_ScaleAndTranslate: always by its kernel
    const char
        *kernel; // of ScaleAndTranslate, which replaces the op for antialias; NULL: not supported
} method;

static const method methods[] = {
    {"nearest", CZM_OP_ResizeNearestNeighbor, NULL},
    {"bilinear", CZM_OP_ResizeBilinear, "triangle"},
    {"bicubic", CZM_OP_ResizeBicubic, "keyscubic"},
    {"area", CZM_OP_ResizeArea, NULL},
    {"lanczos3", CZM_OP_ScaleAndTranslate, "lanczos3"},
    {"lanczos5", CZM_OP_ScaleAndTranslate, "lanczos5"},
    {"gaussian", CZM_OP_ScaleAndTranslate, "gaussian"},
    {"mitchellcubic", CZM_OP_ScaleAndTranslate, "mitchellcubic"},
};

// Height and width as they are when the network runs.
static czm_keras_tensor spatial_part(czm_keras_call *c, czm_keras_tensor x) {
    czm_keras_tensor shape = CZM_KERAS_OP(c, CZM_OP_Shape, x);
    return czm_keras_output(c,
                            czm_keras_slices(c, shape, &(int64_t){1}, &(int64_t){3}, NULL, 1, 0, 0),
                            0);
}

static czm_keras_tensor resize_by_kernel(czm_keras_call *c, const char *kernel, czm_keras_tensor x,
                                         czm_keras_tensor size, bool has_antialias) {
    static const double zeros[] = {0, 0};
    czm_keras_tensor before =
        czm_keras_cast(c, "resize/Cast_1", spatial_part(c, x), CZM_DTYPE_FLOAT);
    czm_keras_tensor after = czm_keras_cast(c, "resize/Cast", size, CZM_DTYPE_FLOAT);
    czm_keras_tensor scale = CZM_KERAS_AS(c, "resize/truediv", CZM_OP_RealDiv, after, before);
    czm_keras_tensor shift =
        czm_keras_numbers(c, "resize/zeros", CZM_DTYPE_FLOAT, zeros, &(int64_t){2}, 1);
    czm_node *node = czm_keras_node(c, "resize/ScaleAndTranslate", CZM_OP_ScaleAndTranslate,
                                    CZM_KERAS_INPUTS(x, size, scale, shift));
    czm_set_string(c->graph, node, "kernel_type", kernel);
    czm_set_bool(c->graph, node, "antialias", has_antialias);
    return czm_keras_output(c, node, 0);
}

static czm_keras_tensor resize_by_op(czm_keras_call *c, czm_op_kind op, czm_keras_tensor x,
                                     czm_keras_tensor size, bool has_half_pixels) {
    czm_node *node = czm_keras_node(c, czm_arena_format(c->arena, "resize/%s", czm_op_name(op)), op,
                                    CZM_KERAS_INPUTS(x, size));
    czm_set_bool(c->graph, node, "align_corners", false);
    if (op != CZM_OP_ResizeArea)
        czm_set_bool(c->graph, node, "half_pixel_centers", has_half_pixels);
    return czm_keras_output(c, node, 0);
}

czm_keras_tensor czm_keras_resize(czm_keras_call *c, czm_keras_sampling how, czm_keras_tensor x,
                                  czm_keras_tensor size) {
    for (size_t i = 0; i < CZM_COUNT_OF(methods); i++) {
        const method *m = &methods[i];
        if (!czm_text_equal(how.method, m->name)) continue;
        bool is_by_kernel = m->op == CZM_OP_ScaleAndTranslate || (how.has_antialias && m->kernel);
        return is_by_kernel ? resize_by_kernel(c, m->kernel, x, size, how.has_antialias)
                            : resize_by_op(c, m->op, x, size, how.has_half_pixels);
    }
    czm_keras_fail(c, "use an interpolation of tf.image.resize",
                   "the interpolation \"%s\" is not supported", how.method);
    return x;
}

// Multi-backend Keras 2 before 2.4 sampled as TensorFlow 1 did.
static bool samples_at_half_pixels(const czm_keras_call *c) {
    const czm_keras_file *f = c->b->file;
    return !(f->major == 2 && f->minor < 4 && !f->is_tensorflow_keras);
}

czm_keras_tensor czm_keras_build_upsample(czm_keras_call *c) {
    int64_t factors[2];
    czm_keras_get_sizes(c, "size", 2, 2, factors);
    bool is_first = czm_keras_is_channels_first(c);
    czm_keras_tensor x = c->in[0];
    if (is_first) x = czm_keras_move_axis(c, x, 1, 3, 4);
    czm_shape shape = czm_keras_shape(c, x);
    bool is_known = shape.rank == 4 && shape.dims[1] != CZM_UNKNOWN && shape.dims[2] != CZM_UNKNOWN;
    czm_keras_tensor size = is_known ? czm_keras_ints(c, CZM_KERAS_CONST, shape.dims + 1, 2)
                                     : spatial_part(c, x);
    size = CZM_KERAS_OP(c, CZM_OP_Mul, size, czm_keras_ints(c, CZM_KERAS_CONST, factors, 2));
    czm_keras_sampling how = {czm_config_text(c->config, "interpolation", "nearest"),
                              samples_at_half_pixels(c), false};
    x = czm_keras_resize(c, how, x, size);
    return czm_keras_as_before(c, x);
}

// A new axis after this one, filled and folded again.
czm_keras_tensor czm_keras_repeat_along(czm_keras_call *c, czm_keras_tensor x, size_t axis,
                                        int64_t times) {
    size_t rank;
    czm_keras_size *sizes = czm_keras_sizes(c, x, &rank), wide[MOST_RANK + 1];
    int64_t multiples[MOST_RANK + 1];
    if (axis >= rank || rank >= MOST_RANK) return x;
    for (size_t i = 0; i <= rank; i++) {
        wide[i] = i <= axis ? sizes[i] : i == axis + 1 ? czm_keras_known(1) : sizes[i - 1];
        multiples[i] = i == axis + 1 ? times : 1;
    }
    czm_keras_tensor tiled = CZM_KERAS_OP(c, CZM_OP_Tile, czm_keras_reshape(c, x, wide, rank + 1),
                                          czm_keras_ints(c, "Tile/multiples", multiples, rank + 1));
    sizes[axis] = czm_keras_size_with(c, CZM_OP_Mul, sizes[axis], times);
    return czm_keras_reshape(c, tiled, sizes, rank);
}

czm_keras_tensor czm_keras_build_repeat(czm_keras_call *c) {
    int64_t factors[MOST_SPATIAL];
    size_t rank = c->layer->class->rank;
    czm_keras_get_sizes(c, "size", rank, 2, factors);
    bool is_first = czm_keras_is_channels_first(c);
    czm_keras_tensor x = c->in[0];
    for (size_t i = 0; i < rank; i++)
        x = czm_keras_repeat_along(c, x, i + 1 + is_first, factors[i]);
    return x;
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
    czm_keras_fail_damaged(c, "the value of %s is not valid for the layer", key);
    memset(pairs, 0, 2 * rank * sizeof *pairs);
}

czm_keras_tensor czm_keras_build_zero_padding(czm_keras_call *c) {
    int64_t pairs[2 * (MOST_SPATIAL + 2)] = {0};
    size_t rank = c->layer->class->rank;
    get_borders(c, "padding", rank, pairs + (czm_keras_is_channels_first(c) ? 4 : 2));
    return CZM_KERAS_OP(c, CZM_OP_Pad, c->in[0],
                        czm_keras_matrix(c, "Pad/paddings", pairs, rank + 2));
}

// A slice from the front and from the end of each dimension.
static czm_keras_tensor crop(czm_keras_call *c, czm_keras_tensor x, const int64_t *pairs,
                             size_t rank) {
    int64_t begin[MOST_RANK], end[MOST_RANK], begin_mask = 0, end_mask = 0;
    for (size_t i = 0; i < rank; i++) {
        bool is_whole = pairs[2 * i] == 0 && pairs[2 * i + 1] == 0;
        begin[i] = pairs[2 * i];
        end[i] = -pairs[2 * i + 1];
        bool is_spatial = i > 0 && i < rank - 1; // Keras writes those, even if nothing is cut off
        begin_mask |= is_whole && !is_spatial ? 1 << i : 0;
        end_mask |= end[i] == 0 ? 1 << i : 0;
    }
    return czm_keras_output(c, czm_keras_slices(c, x, begin, end, NULL, rank, begin_mask, end_mask),
                            0);
}

czm_keras_tensor czm_keras_build_cropping(czm_keras_call *c) {
    int64_t pairs[2 * (MOST_SPATIAL + 2)] = {0};
    size_t rank = c->layer->class->rank;
    get_borders(c, "cropping", rank, pairs + (czm_keras_is_channels_first(c) ? 4 : 2));
    return crop(c, c->in[0], pairs, rank + 2);
}

czm_keras_tensor czm_keras_slice(czm_keras_call *c, czm_keras_tensor x, int64_t axis, int64_t begin,
                                 int64_t end) {
    int64_t begins[MOST_RANK] = {0}, ends[MOST_RANK] = {0};
    size_t count = (size_t)axis + 1;
    begins[axis] = begin;
    ends[axis] = end;
    int64_t whole = (1 << axis) - 1; // the axes before it
    return czm_keras_output(c, czm_keras_slices(c, x, begins, ends, NULL, count, whole, whole), 0);
}

// ---- resizing to the size of the configuration

// Height and width of [batch, height, width, channels], which must be known.
static const int64_t *known_size(czm_keras_call *c, czm_keras_tensor x) {
    static const int64_t ones[] = {1, 1};
    czm_shape shape = czm_keras_shape(c, x);
    if (shape.rank == 4 && shape.dims[1] > 0 && shape.dims[2] > 0) return shape.dims + 1;
    czm_keras_fail(c, "give the input of the network a fixed size",
                   "the size of its input is not known");
    return ones;
}

// The wanted height and width.
static void get_size(czm_keras_call *c, int64_t *size) {
    size[0] = czm_config_int(c->config, "height", 0);
    size[1] = czm_config_int(c->config, "width", 0);
    if (size[0] > 0 && size[1] > 0) return;
    czm_keras_fail_damaged(c, "the layer has no height and width");
    size[0] = size[1] = 1;
}

// TensorFlow returns an image of the requested size unchanged, for every method.
static czm_keras_tensor resize_to(czm_keras_call *c, czm_keras_tensor x, czm_keras_sampling how,
                                  const int64_t *size) {
    czm_shape shape = czm_keras_shape(c, x);
    if (shape.rank == 4 && shape.dims[1] == size[0] && shape.dims[2] == size[1]) return x;
    czm_keras_tensor y = czm_keras_resize(c, how, x, czm_keras_ints(c, "resize/size", size, 2));
    return czm_keras_cast(c, "Cast", y, c->dtype);
}

// What lies around the largest part in the middle that has the wanted ratio, or what the smallest image with
// it adds around the image, as Keras rounds these.
static void get_ratio_borders(czm_keras_call *c, czm_keras_tensor x, const int64_t *wanted,
                              bool is_padded, int64_t *pairs) {
    const int64_t *size = known_size(c, x);
    for (size_t i = 0; i < 2; i++) {
        int64_t scaled = (int64_t)((float)(size[1 - i] * wanted[i]) / (float)wanted[1 - i]);
        int64_t more = is_padded ? scaled - size[i] : size[i] - (scaled > 0 ? scaled : 1);
        if (more <= 0) continue;
        pairs[2 + 2 * i] = more / 2;
        pairs[3 + 2 * i] = is_padded ? more / 2 : more - more / 2;
    }
}

// Crops or pads to the wanted ratio.
static czm_keras_tensor with_ratio(czm_keras_call *c, czm_keras_tensor x, const int64_t *wanted,
                                   bool is_padded) {
    int64_t pairs[8] = {0};
    get_ratio_borders(c, x, wanted, is_padded, pairs);
    if (!is_padded) return crop(c, x, pairs, 4);
    double fill = czm_config_number(c->config, "fill_value", 0);
    return CZM_KERAS_OP(c, CZM_OP_PadV2, x, czm_keras_matrix(c, "PadV2/paddings", pairs, 4),
                        czm_keras_number(c, "PadV2/constant_values", czm_keras_dtype(x), fill));
}

czm_keras_tensor czm_keras_images(czm_keras_call *c) {
    bool is_first = czm_keras_is_channels_first(c);
    czm_keras_tensor x = czm_keras_cast(c, "Cast", c->in[0], c->dtype);
    return is_first ? czm_keras_move_axis(c, x, 1, 3, 4) : x;
}

czm_keras_tensor czm_keras_as_before(czm_keras_call *c, czm_keras_tensor x) {
    bool is_first = czm_keras_is_channels_first(c);
    return is_first ? czm_keras_move_axis(c, x, 3, 1, 4) : x;
}

czm_keras_tensor czm_keras_build_resizing(czm_keras_call *c) {
    int64_t size[2];
    czm_keras_tensor x = czm_keras_images(c);
    get_size(c, size);
    if (czm_config_bool(c->config, "crop_to_aspect_ratio", false))
        x = with_ratio(c, x, size, false);
    if (czm_config_bool(c->config, "pad_to_aspect_ratio", false)) x = with_ratio(c, x, size, true);
    czm_keras_sampling how = {czm_config_text(c->config, "interpolation", "bilinear"), true,
                              czm_config_bool(c->config, "antialias", false)};
    return czm_keras_as_before(c, resize_to(c, x, how, size));
}

static czm_keras_tensor resize_smartly(czm_keras_call *c, czm_keras_tensor x, const int64_t *size) {
    czm_keras_sampling how = {"bilinear", true, false};
    return czm_keras_as_before(c, resize_to(c, with_ratio(c, x, size, false), how, size));
}

// An image that is too small is cropped to the wanted ratio and enlarged.
czm_keras_tensor czm_keras_build_center_crop(czm_keras_call *c) {
    int64_t wanted[2], pairs[8] = {0};
    czm_keras_tensor x = czm_keras_images(c);
    const int64_t *size = known_size(c, x);
    get_size(c, wanted);
    for (size_t i = 0; i < 2; i++) {
        if (size[i] < wanted[i]) return resize_smartly(c, x, wanted);
        pairs[2 + 2 * i] = (size[i] - wanted[i]) / 2;
        pairs[3 + 2 * i] = size[i] - wanted[i] - pairs[2 + 2 * i];
    }
    return czm_keras_as_before(c, crop(c, x, pairs, 4));
}

// At inference Keras 2 and 3.0 to 3.5 crop to the wanted ratio and resize. Keras 3.6 and 3.7 begin where that part
// begins, and resize only if less than the wanted size is left. Later versions do nothing.
czm_keras_tensor czm_keras_build_random_crop(czm_keras_call *c) {
    int64_t wanted[2], pairs[8] = {0};
    const czm_keras_file *file = c->b->file;
    if (file->major > 3 || (file->major == 3 && file->minor > 7)) return c->in[0];
    czm_keras_tensor x = czm_keras_images(c);
    get_size(c, wanted);
    if (file->major < 3 || file->minor < 6) return resize_smartly(c, x, wanted);
    get_ratio_borders(c, x, wanted, false, pairs);
    const int64_t *size = known_size(c, x);
    for (size_t i = 0; i < 2; i++) {
        int64_t rest = size[i] - pairs[2 + 2 * i] - wanted[i];
        pairs[3 + 2 * i] = rest > 0 ? rest : 0;
    }
    czm_keras_sampling how = {"bilinear", true, false};
    return czm_keras_as_before(c, resize_to(c, crop(c, x, pairs, 4), how, wanted));
}

// ---- reshaping

czm_keras_tensor czm_keras_build_reshape(czm_keras_call *c) {
    int64_t dims[MOST_RANK];
    size_t rank;
    const json_t *target = czm_config_get(c->config, "target_shape");
    size_t count = czm_config_ints(target, dims, MOST_RANK - 1);
    if (count == 0 && json_array_size(target)) {
        czm_keras_fail_damaged(c, "target_shape is not a list of sizes");
        return c->in[0];
    }
    czm_keras_size *sizes = CZM_NEW_ARRAY(c->arena, czm_keras_size, count + 1);
    sizes[0] = czm_keras_sizes(c, c->in[0], &rank)[0];
    for (size_t i = 0; i < count; i++) sizes[i + 1] = czm_keras_known(dims[i]);
    return rank ? CZM_KERAS_OP(c, CZM_OP_Reshape, c->in[0],
                               czm_keras_pack(c, "Reshape/shape", sizes, count + 1))
                : c->in[0];
}

czm_keras_tensor czm_keras_build_flatten(czm_keras_call *c) {
    size_t rank = czm_keras_rank(c, c->in[0]);
    czm_keras_tensor x = c->in[0];
    if (rank > 2 && czm_keras_is_channels_first(c))
        x = czm_keras_move_axis(c, x, 1, rank - 1, rank);
    czm_shape shape = czm_keras_shape(c, x);
    int64_t product = 1;
    for (size_t i = 1; i < rank; i++) product = czm_dim_multiply(product, shape.dims[i]);
    if (product != CZM_UNKNOWN)
        return CZM_KERAS_OP(c, CZM_OP_Reshape, x,
                            czm_keras_ints(c, CZM_KERAS_CONST, (const int64_t[]){-1, product}, 2));
    czm_keras_size sizes[] = {czm_keras_sizes(c, x, &rank)[0], czm_keras_known(-1)};
    return czm_keras_reshape(c, x, sizes, 2);
}

czm_keras_tensor czm_keras_build_permute(czm_keras_call *c) {
    int64_t order[MOST_RANK] = {0};
    size_t count = czm_config_ints(czm_config_get(c->config, "dims"), order + 1, MOST_RANK - 1);
    if (count && count + 1 == czm_keras_rank(c, c->in[0]))
        return czm_keras_transpose(c, c->in[0], order, count + 1);
    czm_keras_fail_damaged(c, "dims must list each dimension of the layer's input once");
    return c->in[0];
}

czm_keras_tensor czm_keras_build_repeat_vector(czm_keras_call *c) {
    int64_t times = czm_config_int(c->config, "n", 1);
    czm_keras_tensor wide =
        CZM_KERAS_OP(c, CZM_OP_ExpandDims, c->in[0], czm_keras_int(c, "ExpandDims/dim", 1));
    return CZM_KERAS_OP(c, CZM_OP_Tile, wide,
                        czm_keras_ints(c, "stack", (const int64_t[]){1, times, 1}, 3));
}
