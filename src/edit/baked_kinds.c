// SPDX-License-Identifier: Apache-2.0
//
// The kinds of nodes that contain sizes as numbers, and the new values of these at another height and width.
#include "edit/baked.h"

#include "view/slice.h"
#include "view/window.h"

static size_t height_index(const czm_node *node) { return czm_is_channels_first(node) ? 2 : 1; }

// ---- transposed convolutions: out = in * stride + a rest that the padding fixes

static czm_status czm_baked_transposed(czm_editor *e, czm_baked *b, czm_shape image,
                                       const czm_sizes *now) {
    czm_windows windows = czm_windows_of(b->node, 4);
    size_t first = height_index(b->node), skipped = now->count == 4 ? 0 : first;
    if (now->count != 4 && now->count != 2) return CZM_OK;
    czm_sizes fresh = *now;
    for (size_t i = first; i < first + 2; i++) {
        size_t k = i - skipped;
        if (!now->is_known[k] || !b->sizes.is_known[k]) return CZM_OK;
        int64_t stride = windows.along[i].stride;
        if (stride == CZM_UNKNOWN) return CZM_OK;
        if (b->image.dims[i] == CZM_UNKNOWN) return CZM_OK; // the stored size is absolute
        int64_t scaled = czm_dim_multiply(image.dims[i], stride);
        int64_t before = czm_dim_multiply(b->image.dims[i], stride);
        if (scaled == CZM_UNKNOWN || before == CZM_UNKNOWN) return CZM_OK;
        fresh.values[k] = scaled + (b->sizes.values[k] - before);
    }
    if (czm_sizes_equal(&fresh, now)) return CZM_OK;
    if (!czm_sizes_equal(now, &b->sizes))
        return czm_baked_refuse(e, b->node,
                                "the output size of its transposed convolution is computed in a "
                                "way that czmodel does not support");
    czm_baked_replace(e, b->node, b->kind->sizes, &fresh);
    return CZM_OK;
}

// ---- resizes: the factor stays

// Keras 2 stores the size as a product of the input's size and the factor.
static bool is_product_of(const czm_editor *e, czm_tensor size, const czm_baked *b) {
    if (!czm_node_is(size.node, CZM_OP_Mul) || size.node->inputs.count != 2) return false;
    for (size_t i = 0; i < 2; i++) {
        czm_sizes factor = czm_sizes_read(e->shapes, size.node->inputs.items[i]);
        if (factor.count == 2 && factor.is_known[0] && factor.is_known[1] &&
            factor.values[0] == b->image.dims[1] && factor.values[1] == b->image.dims[2])
            return true;
    }
    return false;
}

// Whether the map does not follow the input, because it is pooled to a fixed size: a number that enlarges it again
// follows the input.
static bool is_pooled(const czm_baked *b, czm_shape image, czm_shape input, int axis) {
    return b->image.rank == 4 && image.rank == 4 && b->old_input.rank == 4 && input.rank == 4 &&
           b->image.dims[axis] == image.dims[axis] && b->old_input.dims[axis] != input.dims[axis] &&
           b->sizes.count == 2 && b->sizes.values[axis - 1] > image.dims[axis];
}

// ScaleAndTranslate also has the factors as an input.
static void replace_factors(czm_editor *e, czm_node *node, czm_shape image,
                            const czm_sizes *fresh) {
    czm_buffer content = czm_buffer_in(e->context->arena);
    const int64_t count = 2;
    for (size_t i = 0; i < 2; i++) {
        float factor = (float)fresh->values[i] / (float)image.dims[1 + i];
        uint32_t bits;
        memcpy(&bits, &factor, sizeof bits);
        czm_put_raw_le(&content, bits, sizeof bits);
    }
    node->inputs.items[2] =
        czm_add_const(&e->model->main, czm_arena_format(e->context->arena, "%s/scale", node->name),
                      CZM_DTYPE_FLOAT, czm_buffer_bytes(&content), &count, 1);
}

static czm_status czm_baked_resize(czm_editor *e, czm_baked *b, czm_shape image,
                                   const czm_sizes *now) {
    if (now->count != 2 || !czm_sizes_equal(now, &b->sizes)) return CZM_OK;
    if (!now->is_known[0] || !now->is_known[1]) return CZM_OK;
    bool is_factor = is_product_of(e, b->node->inputs.items[b->kind->sizes], b);
    czm_shape input = czm_shape_of(e->shapes, b->input);
    int64_t map[2]; // an image that was enlarged to the size of a map follows the map
    bool is_map = czm_baked_find_map(e, b, b->sizes.values, map);
    czm_sizes fresh = *now;
    for (int i = 0; i < 2; i++) {
        bool follows_picture = (!is_factor || is_map) && is_pooled(b, image, input, 1 + i);
        czm_shape from = follows_picture ? b->old_input : b->image;
        czm_shape to = follows_picture ? input : image;
        int64_t old_in = from.dims[1 + i];
        int64_t product = czm_dim_multiply(to.dims[1 + i], b->sizes.values[i]);
        if (old_in == CZM_UNKNOWN || to.dims[1 + i] == CZM_UNKNOWN) continue; // absolute
        if (old_in == 0 || product == CZM_UNKNOWN || product % old_in != 0)
            return czm_baked_refuse(e, b->node,
                                    "it would have to resize %s by the factor %lld/%lld, which "
                                    "does not give a whole number of pixels",
                                    czm_shape_text(e->context->arena, to),
                                    (long long)b->sizes.values[i], (long long)old_in);
        fresh.values[i] = product / old_in;
    }
    if (czm_sizes_equal(&fresh, now)) return CZM_OK;
    int64_t follows = czm_dim_multiply(now->values[0], image.dims[1]);
    if (!is_factor || b->image.dims[1] < 1 || fresh.values[0] != follows / b->image.dims[1])
        czm_baked_assume(
            e, b->node,
            "its size %lld x %lld is assumed to follow its input, and becomes %lld x %lld",
            (long long)now->values[0], (long long)now->values[1], (long long)fresh.values[0],
            (long long)fresh.values[1]);
    czm_baked_replace(e, b->node, b->kind->sizes, &fresh);
    if (czm_node_is(b->node, CZM_OP_ScaleAndTranslate)) replace_factors(e, b->node, image, &fresh);
    return CZM_OK;
}

// ---- dilated convolutions: the image is padded to a multiple of the dilation, and cropped again.
// Padding beyond the crop is the convolution's own padding; a transposed convolution crops more.

static czm_status czm_baked_dealing(czm_editor *e, czm_baked *b, czm_shape image,
                                    const czm_sizes *now) {
    czm_sizes blocks = czm_sizes_read(e->shapes, b->node->inputs.items[1]);
    if (!b->partner || !czm_sizes_equal(now, &b->sizes) || now->count != 2 * blocks.count)
        return CZM_OK;
    int64_t paddings[CZM_MOST_SIZES], crops[CZM_MOST_SIZES];
    const int64_t dims[] = {(int64_t)blocks.count, 2};
    for (size_t i = 0; i < blocks.count; i++) {
        int64_t before = b->sizes.values[2 * i], block = blocks.values[i];
        int64_t end = b->sizes.values[2 * i + 1] - b->crops.values[2 * i + 1];
        int64_t own = end > 0 ? end : 0, cut = end < 0 ? -end : 0;
        bool is_known = b->sizes.is_known[2 * i] && b->sizes.is_known[2 * i + 1] &&
                        blocks.is_known[i] && block > 0 && (int)i + 1 < image.rank;
        if (!is_known) return CZM_OK;
        int64_t over = (image.dims[i + 1] + before + own) % block;
        int64_t extra = over ? block - over : 0;
        paddings[2 * i] = before;
        paddings[2 * i + 1] = own + extra;
        crops[2 * i] = b->crops.values[2 * i];
        crops[2 * i + 1] = cut + extra;
    }
    czm_dtype dtype = czm_tensor_dtype(b->node->inputs.items[2]);
    e->is_changed = true;
    b->node->inputs.items[2] = czm_baked_ints(e, b->node, dtype, paddings, dims, 2);
    dtype = czm_tensor_dtype(b->partner->inputs.items[2]);
    b->partner->inputs.items[2] = czm_baked_ints(e, b->partner, dtype, crops, dims, 2);
    return CZM_OK;
}

// ---- crops: the remaining size was that of a map, or a part of the input's size, and follows it. The begin does not
// change, unless it is a multiple of the remaining size.

static bool follow_slice(const czm_editor *e, const czm_baked *b, int axis, int64_t now,
                         int64_t *begin, int64_t *end) {
    int64_t left = *end - *begin, fresh = 0;
    if (axis > 2 || left < 1 || b->old_input.rank != 4 || b->old_input.dims[axis] % left != 0 ||
        !czm_baked_scale(e, b, axis, left, &fresh))
        return false;
    int64_t first = *begin % left == 0 ? *begin / left * fresh : *begin;
    if (fresh < 1 || first + fresh > now) return false;
    *begin = first;
    *end = first + fresh;
    return true;
}

static bool is_spatial(const czm_baked *b, czm_shape image, int axis) {
    return axis > 0 && axis < image.rank && image.dims[axis] != b->image.dims[axis] &&
           image.dims[axis] > 0 && b->image.dims[axis] > 0;
}

static bool has_grown(const czm_baked *b, czm_shape image) {
    return is_spatial(b, image, 1) || is_spatial(b, image, 2);
}

static void tell_slice(czm_editor *e, const czm_baked *b, int axis, int64_t old, int64_t fresh) {
    czm_baked_assume(e, b->node, "it cuts dimension %d at position %lld, which becomes %lld", axis,
                     (long long)old, (long long)fresh);
}

// Ranges of the dimensions of their numbers; other slices do not change.
static czm_status czm_baked_strided_slice(czm_editor *e, czm_baked *b, czm_shape image,
                                          const czm_sizes *now) {
    const czm_tensor *inputs = b->node->inputs.items;
    czm_sizes begins = czm_sizes_read(e->shapes, inputs[1]), ends = *now;
    czm_slicing slicing;
    if (!czm_sizes_equal(now, &b->sizes) || begins.count != ends.count ||
        !czm_slicing_read(b->node, image.rank, (int)ends.count, czm_value_of(e->shapes, inputs[1]),
                          czm_value_of(e->shapes, inputs[2]), czm_value_of(e->shapes, inputs[3]),
                          &slicing))
        return CZM_OK;
    bool is_changed = false;
    for (int i = 0; i < slicing.count; i++) {
        const czm_part *part = &slicing.parts[i];
        int entry = part->entry;
        if (part->kind == CZM_PART_NEW || part->dim != entry) break;
        if (!is_spatial(b, image, entry) || part->kind != CZM_PART_RANGE || part->end.is_open ||
            !part->end.is_known || part->end.at <= 0 || !part->begin.is_known ||
            part->begin.at < 0 || part->stride <= 0)
            continue;
        int64_t old = b->image.dims[entry], end = part->end.at < old ? part->end.at : old;
        int64_t begin = part->begin.is_open ? 0 : part->begin.at;
        if (!follow_slice(e, b, entry, image.dims[entry], &begin, &end)) continue;
        tell_slice(e, b, entry, part->end.at, end);
        begins.values[entry] = begin;
        ends.values[entry] = end;
        is_changed = true;
    }
    if (!is_changed) return CZM_OK;
    czm_baked_replace(e, b->node, 1, &begins);
    czm_baked_replace(e, b->node, 2, &ends);
    return CZM_OK;
}

static czm_status czm_baked_slice(czm_editor *e, czm_baked *b, czm_shape image,
                                  const czm_sizes *now) {
    czm_sizes begins = czm_sizes_read(e->shapes, b->node->inputs.items[1]), fresh = *now;
    if (!czm_sizes_equal(now, &b->sizes) || begins.count != fresh.count) return CZM_OK;
    for (int i = 0; i < (int)fresh.count; i++) {
        if (!is_spatial(b, image, i) || !fresh.is_known[i] || !begins.is_known[i] ||
            fresh.values[i] < 0)
            continue;
        int64_t begin = begins.values[i], end = begin + fresh.values[i];
        if (!follow_slice(e, b, i, image.dims[i], &begin, &end)) continue;
        tell_slice(e, b, i, begins.values[i] + now->values[i], end);
        begins.values[i] = begin;
        fresh.values[i] = end - begin;
    }
    if (czm_sizes_equal(&fresh, now)) return CZM_OK;
    czm_baked_replace(e, b->node, 1, &begins);
    czm_baked_replace(e, b->node, 2, &fresh);
    return CZM_OK;
}

// ---- repeating one pixel over a map: Tile and BroadcastTo

static bool repeats(const czm_baked *b, czm_shape image, const czm_sizes *now, int i) {
    int from = image.rank - (int)now->count + i; // BroadcastTo may add dimensions in front
    bool has_one = from < 0 || (image.dims[from] == 1 && b->image.dims[from] == 1);
    return has_one && now->is_known[i] && now->values[i] > 1;
}

// Scales repetition `i` alone: the number of tokens is that of the pixels of a map, or, since Keras 3 repeats rows
// and columns one after the other, that of the rows or columns of the input.
static bool scale_one(const czm_editor *e, const czm_baked *b, const czm_sizes *now, int i,
                      int64_t *fresh) {
    int64_t half, times = now->values[i];
    czm_shape old = b->old_input;
    if (old.rank != 4) return false;
    if (times == czm_dim_multiply(old.dims[1], old.dims[2]))
        return czm_baked_scale(e, b, 1, times, &half) && czm_baked_scale(e, b, 2, half, fresh);
    bool is_side = now->count == 5 && (i == 2 || i == 3) && times == old.dims[i - 1];
    return is_side && czm_baked_scale(e, b, i - 1, times, fresh);
}

static czm_status czm_baked_repetition(czm_editor *e, czm_baked *b, czm_shape image,
                                       const czm_sizes *now) {
    czm_sizes fresh = *now;
    if (!czm_sizes_equal(now, &b->sizes) || image.rank > (int)now->count) return CZM_OK;
    if (now->count == 4 && repeats(b, image, now, 1) && repeats(b, image, now, 2))
        czm_baked_scale_pair(e, b, &now->values[1], &fresh.values[1]);
    for (int i = 0; i < (int)now->count && czm_sizes_equal(&fresh, now); i++)
        if (repeats(b, image, now, i)) scale_one(e, b, now, i, &fresh.values[i]);
    for (int i = 0; i < (int)now->count; i++)
        if (fresh.values[i] != now->values[i])
            czm_baked_assume(e, b->node,
                             "it repeats one pixel %lld times, which becomes %lld times",
                             (long long)now->values[i], (long long)fresh.values[i]);
    if (!czm_sizes_equal(&fresh, now)) czm_baked_replace(e, b->node, b->kind->sizes, &fresh);
    return CZM_OK;
}

// tf.ones((1, height, width, 1)): no input of Fill follows the size of the network's input.
static czm_status czm_baked_fill(czm_editor *e, czm_baked *b, czm_shape image,
                                 const czm_sizes *now) {
    czm_sizes fresh = *now;
    (void)image;
    if (!czm_sizes_equal(now, &b->sizes)) return CZM_OK;
    for (size_t i = 0; i + 1 < now->count; i++) {
        bool is_picture = now->is_known[i] && now->is_known[i + 1] && b->old_input.rank == 4 &&
                          now->values[i] == b->old_input.dims[1] &&
                          now->values[i + 1] == b->old_input.dims[2];
        if (!is_picture) continue;
        fresh.values[i] = e->height;
        fresh.values[i + 1] = e->width;
        break;
    }
    if (czm_sizes_equal(&fresh, now)) return CZM_OK;
    czm_baked_assume(e, b->node, "it fills %lld x %lld pixels, which become %lld x %lld",
                     (long long)b->old_input.dims[1], (long long)b->old_input.dims[2],
                     (long long)e->height, (long long)e->width);
    czm_baked_replace(e, b->node, b->kind->sizes, &fresh);
    return CZM_OK;
}

// ---- pools that divide the map into a fixed number of windows

static bool is_pool(const czm_node *node) {
    return czm_node_is(node, CZM_OP_AvgPool) || czm_node_is(node, CZM_OP_MaxPool);
}

void czm_baked_count_windows(czm_baked *b) {
    if (!is_pool(b->node) || b->image.rank != 4 || height_index(b->node) != 1) return;
    czm_windows windows = czm_windows_of(b->node, 4);
    for (int i = 1; i < 3; i++) {
        const czm_window *w = &windows.along[i];
        int64_t size = b->image.dims[i];
        bool parts = w->size > 0 && w->stride > 0 && size > 0 && size % w->size == 0 &&
                     (w->size == w->stride || w->size == size);
        b->windows[i - 1] = parts ? size / w->size : 0;
    }
}

bool czm_baked_covers_map(const czm_baked *b) {
    return b->windows[0] == 1 && b->windows[1] == 1 &&
           (b->image.dims[1] > 1 || b->image.dims[2] > 1);
}

// One window of each row, or of each column, from edge to edge.
static bool is_strip(const czm_baked *b) {
    for (int along = 1; along < 3; along++) {
        int across = 3 - along;
        if (b->windows[along - 1] == 1 && b->image.dims[along] > 1 &&
            b->windows[across - 1] == b->image.dims[across])
            return true;
    }
    return false;
}

static void resize_windows(czm_editor *e, czm_baked *b, const int64_t fresh[4]) {
    e->is_changed = true;
    czm_set_ints(&e->model->main, b->node, "ksize", fresh, 4);
    czm_set_ints(&e->model->main, b->node, "strides", fresh, 4);
}

static void resize_strip(czm_editor *e, czm_baked *b, czm_shape image) {
    bool is_row = b->windows[1] == 1;
    const int64_t fresh[4] = {1, is_row ? 1 : image.dims[1], is_row ? image.dims[2] : 1, 1};
    resize_windows(e, b, fresh);
    czm_baked_assume(
        e, b->node,
        "its windows extend from edge to edge of the feature map, which is assumed for "
        "every size: they become %lld x %lld",
        (long long)fresh[1], (long long)fresh[2]);
}

static czm_status czm_baked_pool(czm_editor *e, czm_baked *b, czm_shape image,
                                 const czm_sizes *now) {
    (void)now;
    if (!has_grown(b, image)) return CZM_OK;
    if (is_strip(b)) {
        resize_strip(e, b, image);
        return CZM_OK;
    }
    if (!b->is_adaptive) return CZM_OK;
    int64_t rows = b->windows[0], columns = b->windows[1];
    if (image.dims[1] % rows || image.dims[2] % columns) return CZM_OK;
    const int64_t fresh[4] = {1, image.dims[1] / rows, image.dims[2] / columns, 1};
    resize_windows(e, b, fresh);
    czm_baked_assume(e, b->node,
                     "its windows divide the feature map into %lld x %lld parts, which is assumed "
                     "for every size: the windows become %lld x %lld",
                     (long long)rows, (long long)columns, (long long)fresh[1], (long long)fresh[2]);
    return CZM_OK;
}

// ---- the shape of the elements of lists of maps

static czm_status czm_baked_elements(czm_editor *e, czm_baked *b, czm_shape image,
                                     const czm_sizes *now) {
    czm_sizes fresh = *now;
    int64_t pair[2];
    (void)image;
    if (!czm_sizes_equal(now, &b->sizes) || now->count != 4 || !now->is_known[1] ||
        !now->is_known[2] || now->values[1] < 1 || now->values[2] < 1)
        return CZM_OK;
    if (czm_baked_scale_pair(e, b, &now->values[1], pair))
        memcpy(&fresh.values[1], pair, sizeof pair);
    if (!czm_sizes_equal(&fresh, now)) czm_baked_replace(e, b->node, b->kind->sizes, &fresh);
    return CZM_OK;
}

// ---- padding that differs before and after may have been computed from the size

static czm_status czm_baked_padding(czm_editor *e, czm_baked *b, czm_shape image,
                                    const czm_sizes *now) {
    for (int i = 1; i + 1 < image.rank && 2 * (size_t)i + 1 < now->count; i++) {
        int64_t before = now->values[2 * i], behind = now->values[2 * i + 1];
        if (!is_spatial(b, image, i) || !now->is_known[2 * i] || before == behind ||
            before + behind < 2)
            continue;
        czm_baked_assume(e, b->node, "it adds %lld and %lld pixels to dimension %d at any size",
                         (long long)before, (long long)behind, i);
        break;
    }
    return CZM_OK;
}

// ---- TopK: the number may have been computed from the size

static czm_status czm_baked_ranking(czm_editor *e, czm_baked *b, czm_shape image,
                                    const czm_sizes *now) {
    int last = image.rank - 1;
    if (now->count != 1 || !is_spatial(b, image, last) || now->values[0] < 2) return CZM_OK;
    return czm_baked_refuse(e, b->node,
                            "it sorts %lld values instead of %lld, and the network selects values "
                            "by their old positions",
                            (long long)image.dims[last], (long long)b->image.dims[last]);
}

const czm_baked_kind czm_baked_kinds[CZM_OP_KIND_COUNT] = {
#define OP(name, ...) [CZM_OP_##name] = {.op = CZM_OP_##name, __VA_ARGS__},
#define TAKES_SIZES(rule, a, b) .image = a, .sizes = b, .recompute = czm_baked_##rule,
#include "op/ops.def"
};
