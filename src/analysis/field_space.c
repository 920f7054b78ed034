// SPDX-License-Identifier: Apache-2.0
//
// Receptive fields of windows that slide over images, of resizing, and of moving pixels between space,
// depth and batch.
#include <math.h>

#include "analysis/field_ops.h"
#include "view/resize.h"
#include "view/window.h"

// ---- windows

static bool has_input_sizes(const czm_field_step *step, czm_windows *windows) {
    for (int i = 0; i < step->in.rank; i++)
        if (!czm_see_int(step, 1, (size_t)i, &windows->along[i].size) ||
            !czm_see_int(step, 2, (size_t)i, &windows->along[i].stride))
            return false;
    return true;
}

// A filter is [space..., channels...].
static bool has_filter_sizes(const czm_field_step *step, const czm_layout *layout,
                             czm_windows *windows) {
    czm_shape filter = czm_see_shape(step, 1);
    for (int i = 0; i < layout->space_rank; i++) {
        if (i >= filter.rank) return false;
        windows->along[layout->space + i].size = filter.dims[i];
    }
    return true;
}

static bool read_windows(const czm_field_step *step, czm_layout *layout, czm_windows *windows) {
    if (step->in.rank < 3 || !czm_layout_of(step->node, step->in.rank, layout)) return false;
    *windows = czm_windows_of(step->node, step->in.rank);
    switch ((czm_window_size)step->detail) {
    case CZM_BY_FILTER: return has_filter_sizes(step, layout, windows);
    case CZM_BY_ATTRS: return true;
    case CZM_BY_INPUTS: return has_input_sizes(step, windows);
    }
    return false;
}

static bool is_plausible(const czm_window *w, czm_padding padding) {
    enum { LARGEST = 1 << 15 };
    return padding != CZM_PADDING_UNKNOWN && w->size > 0 && w->size <= LARGEST && w->stride > 0 &&
           w->stride <= LARGEST && w->dilation > 0 && w->dilation <= LARGEST && w->before >= 0 &&
           w->before <= INT32_MAX;
}

static void slide(czm_field_step *step, const czm_windows *windows, int dim) {
    czm_window w = windows->along[dim];
    if (!is_plausible(&w, windows->padding)) {
        czm_see_unknown(step);
        return;
    }
    if (windows->padding == CZM_PADDING_SAME)
        czm_window_pad_same(&w, step->in.dims[dim], step->out.dims[dim]);
    const czm_taps taps = {-w.before, czm_window_reach(&w) - 1 - w.before, w.dilation};
    const czm_slide slide = {1, w.stride, &taps};
    czm_footprint_slide(&step->seen, dim, &slide, step->out.dims[dim]);
}

void czm_see_window(czm_field_step *step) {
    czm_layout layout;
    czm_windows windows;
    if (!read_windows(step, &layout, &windows)) {
        czm_see_unknown(step);
        return;
    }
    for (int i = 0; i < layout.space_rank; i++) slide(step, &windows, layout.space + i);
    czm_footprint_mix(&step->seen, layout.channel, step->out.dims[layout.channel]);
}

// Output o, with the padding before, is input i under tap k if o + before = i * stride + k * dilation. For each
// remainder of o by the stride, only some taps, at equal distances, meet an input.
static czm_taps taps_back(const czm_window *w, int64_t place) {
    int64_t least = -1, most = -1;
    for (int64_t k = 0; k < w->size; k++) {
        if ((place - k * w->dilation) % w->stride != 0) continue;
        if (least < 0) least = k;
        most = k;
        if (most == least) continue;
        int64_t every = most - least;
        most = least + (w->size - 1 - least) / every * every;
        return (czm_taps){(place - most * w->dilation) / w->stride,
                          (place - least * w->dilation) / w->stride,
                          every * w->dilation / w->stride};
    }
    if (least < 0) return (czm_taps){0, -1, 1};
    int64_t only = (place - least * w->dilation) / w->stride;
    return (czm_taps){only, only, 1};
}

static void slide_back(czm_field_step *step, const czm_windows *windows, int dim) {
    czm_window w = windows->along[dim];
    czm_taps taps[CZM_LONGEST_PERIOD];
    if (!is_plausible(&w, windows->padding) || w.stride > CZM_LONGEST_PERIOD) {
        czm_see_unknown(step);
        return;
    }
    if (windows->padding == CZM_PADDING_SAME)
        czm_window_pad_same(&w, step->out.dims[dim], step->in.dims[dim]);
    for (int64_t i = 0; i < w.stride; i++) taps[i] = taps_back(&w, i + w.before);
    const czm_slide slide = {w.stride, 1, taps};
    czm_footprint_slide(&step->seen, dim, &slide, step->out.dims[dim]);
}

void czm_see_transposed_window(czm_field_step *step) {
    czm_layout layout;
    czm_windows windows;
    if (!read_windows(step, &layout, &windows)) {
        czm_see_unknown(step);
        return;
    }
    for (int i = 0; i < layout.space_rank; i++) slide_back(step, &windows, layout.space + i);
    czm_footprint_mix(&step->seen, layout.channel, step->out.dims[layout.channel]);
}

// ---- resizing

typedef struct resizing {
    czm_resizing kind;
    czm_resize by;
    int64_t from, to;    // sizes
    float scale, origin; // TensorFlow computes places in float
    float radius;        // of ScaleAndTranslate's kernel; below 0: not known
} resizing;

// Input 2 contains the scales, input 3 the new positions of the image's origin.
static void read_kernel(const czm_field_step *step, int dim, resizing *r) {
    czm_value scales = czm_see_value(step, 2), origins = czm_see_value(step, 3);
    const czm_scale_kernel *kernel = czm_scale_kernel_of(step->node);
    size_t i = (size_t)dim - 1;
    r->radius = kernel ? kernel->reach : -1;
    if (i >= scales.count || i >= origins.count || !scales.elements || !origins.elements ||
        !scales.elements[i].is_known || !origins.elements[i].is_known ||
        !(scales.elements[i].number > 0)) {
        r->radius = -1;
        return;
    }
    r->scale = 1 / (float)scales.elements[i].number;
    r->origin = -r->scale * (float)origins.elements[i].number;
    if (czm_attr_bool(step->node, "antialias") && r->scale > 1) r->radius *= r->scale;
}

static resizing read_resizing(const czm_field_step *step, int dim) {
    resizing r = {.kind = (czm_resizing)step->detail,
                  .by = czm_resize_of(step->node),
                  .from = step->in.dims[dim],
                  .to = step->out.dims[dim]};
    r.scale = czm_resize_scale(r.by, r.from, r.to);
    if (r.kind == CZM_BY_KERNEL) read_kernel(step, dim, &r);
    return r;
}

static const double slight = 1.0 / 4096; // a weight is 0 this near to the end of its kernel

// The neighbours that an interpolated value depends on.
static czm_taps taps_between(const resizing *r, double place) {
    double low = floor(place + slight), high = ceil(place - slight);
    int64_t more = r->kind == CZM_CUBIC && low < high;
    return (czm_taps){(int64_t)low - more, (int64_t)high + more, 1};
}

// The inputs that an output depends on, in an infinite image (tensorflow/core/util/image_resizer_state.h,
// core/kernels/image/resize_*_op.cc and scale_and_translate_op.cc).
static czm_taps taps_of_resize(const resizing *r, int64_t output) {
    float edge = (float)output * r->scale, centre = ((float)output + 0.5f) * r->scale;
    float sample = centre + r->origin;
    double low = 0, high = 0;
    switch (r->kind) {
    case CZM_NEAREST: low = high = (double)czm_resize_nearest(r->by, r->scale, output); break;
    case CZM_AREA: low = floorf(edge), high = ceilf(edge + r->scale) - 1; break;
    case CZM_BY_KERNEL:
        low = ceil((double)(sample - r->radius - 0.5f) + slight);
        high = floor((double)(sample + r->radius - 0.5f) - slight);
        break;
    case CZM_LINEAR:
    case CZM_CUBIC: return taps_between(r, r->by.has_centers ? centre - 0.5f : edge);
    }
    return (czm_taps){(int64_t)low, (int64_t)high, 1};
}

// Whether one size is k times the other except for a fraction of a pixel, for example after halving an odd size.
static bool is_multiple(int64_t large, int64_t small, int64_t *k) {
    *k = (2 * large + small) / (2 * small);
    int64_t rest = large - *k * small;
    return *k > 0 && rest < *k && -rest < *k;
}

// The ratio of outputs to inputs.
static void ratio_of(const resizing *r, int64_t *outputs, int64_t *inputs) {
    int64_t k;
    *outputs = r->to, *inputs = r->from;
    if (is_multiple(r->to, r->from, &k))
        *outputs = k, *inputs = 1;
    else if (is_multiple(r->from, r->to, &k))
        *outputs = 1, *inputs = k;
    for (k = *outputs; k > 1; k--)
        if (*outputs % k == 0 && *inputs % k == 0) *outputs /= k, *inputs /= k;
}

// With aligned corners the positions differ from the ratio, so each output is computed.
static void resize(czm_field_step *step, int dim) {
    enum { LARGEST_SIZE = 1 << 16 };
    czm_taps taps[CZM_LONGEST_PERIOD];
    resizing r = read_resizing(step, dim);
    int64_t outputs = 0, inputs = 0;
    bool is_sane = r.from > 0 && r.to > 0 && r.from <= LARGEST_SIZE && r.to <= LARGEST_SIZE &&
                   r.radius >= 0;
    if (is_sane) ratio_of(&r, &outputs, &inputs);
    if (!is_sane || outputs > CZM_LONGEST_PERIOD) {
        czm_see_unknown(step);
        return;
    }
    for (int64_t i = 0; i < r.to; i++) {
        czm_taps seen = taps_of_resize(&r, i), *all = &taps[i % outputs];
        int64_t first = seen.first - i / outputs * inputs, last = seen.last - i / outputs * inputs;
        if (i < outputs || first < all->first) all->first = first;
        if (i < outputs || last > all->last) all->last = last;
        all->step = 1;
    }
    for (int64_t i = r.to; i < outputs; i++) taps[i] = taps[0];
    const czm_slide slide = {outputs, inputs, taps};
    czm_footprint_slide(&step->seen, dim, &slide, r.to);
}

void czm_see_resize(czm_field_step *step) {
    if (step->in.rank != 4) czm_see_unknown(step);
    for (int dim = 1; dim < 3 && step->in.rank == 4; dim++)
        if (step->in.dims[dim] != step->out.dims[dim] || step->detail == CZM_BY_KERNEL)
            resize(step, dim);
}

// ---- space and batch. The V1 ops have a block size as attr and margins as input 1, the ND ops have
// both as inputs.

typedef struct blocks {
    int rank;
    int64_t total;
    int64_t size[CZM_HIGHEST_RANK], before[CZM_HIGHEST_RANK];
} blocks;

static bool read_blocks(const czm_field_step *step, blocks *b) {
    bool is_nd = step->node->inputs.count == 3;
    czm_shape sizes = czm_see_shape(step, 1);
    *b = (blocks){.rank = 2, .total = 1};
    if (is_nd) b->rank = sizes.rank == 1 && sizes.dims[0] < step->in.rank ? (int)sizes.dims[0] : 0;
    for (int i = 0; i < b->rank; i++) {
        b->size[i] = czm_attr_int(step->node, "block_size");
        if (is_nd && !czm_see_int(step, 1, (size_t)i, &b->size[i])) return false;
        if (!czm_see_int(step, is_nd ? 2 : 1, 2 * (size_t)i, &b->before[i])) return false;
        if (b->size[i] < 1) return false;
        b->total = czm_dim_multiply(b->total, b->size[i]);
    }
    return b->rank > 0 && b->rank < step->in.rank && b->total != CZM_UNKNOWN;
}

void czm_see_space_to_batch(czm_field_step *step) {
    blocks b;
    int to[CZM_HIGHEST_RANK];
    if (!read_blocks(step, &b) || step->in.rank + b.rank > CZM_HIGHEST_RANK) {
        czm_see_unknown(step);
        return;
    }
    for (int i = b.rank - 1; i >= 0; i--) {
        czm_footprint_pick(&step->seen, 1 + i, -b.before[i], 1,
                           czm_dim_multiply(step->out.dims[1 + i], b.size[i]));
        czm_footprint_split(&step->seen, 1 + i, b.size[i]);
    }
    // [batch, (rows, block)..., rest] becomes [block..., batch, rows..., rest].
    int rank = step->in.rank + b.rank;
    for (int i = 0; i < rank; i++) to[i] = i;
    to[0] = b.rank;
    for (int i = 0; i < b.rank; i++) to[1 + 2 * i] = b.rank + 1 + i, to[2 + 2 * i] = i;
    czm_footprint_permute(&step->seen, to, rank);
    for (int i = 0; i < b.rank; i++) czm_footprint_fuse(&step->seen, 0);
}

void czm_see_batch_to_space(czm_field_step *step) {
    blocks b;
    int from[CZM_HIGHEST_RANK];
    if (!read_blocks(step, &b) || step->in.rank + b.rank > CZM_HIGHEST_RANK) {
        czm_see_unknown(step);
        return;
    }
    int64_t inner = step->in.dims[0];
    for (int i = 0; i < b.rank; i++) {
        inner /= b.size[i];
        czm_footprint_split(&step->seen, i, inner);
    }
    // [block..., batch, rows..., rest] becomes [batch, (rows, block)..., rest].
    int rank = step->in.rank + b.rank;
    for (int i = 0; i < rank; i++) from[i] = i;
    from[b.rank] = 0;
    for (int i = 0; i < b.rank; i++) from[b.rank + 1 + i] = 1 + 2 * i, from[i] = 2 + 2 * i;
    czm_footprint_permute(&step->seen, from, rank);
    for (int i = 0; i < b.rank; i++) {
        czm_footprint_fuse(&step->seen, 1 + i);
        czm_footprint_pick(&step->seen, 1 + i, b.before[i], 1, step->out.dims[1 + i]);
    }
}

// ---- space and depth. Among the channels, the place in the block comes first: row, then column.

static bool read_depth(const czm_field_step *step, czm_layout *layout, int64_t *size) {
    *size = czm_attr_int(step->node, "block_size");
    return step->in.rank == 4 && *size > 0 && czm_layout_of(step->node, 4, layout);
}

void czm_see_space_to_depth(czm_field_step *step) {
    // [batch, rows, y, columns, x, channels], or [batch, channels, rows, y, columns, x]
    static const int last[] = {0, 1, 3, 2, 4, 5}, first[] = {0, 3, 4, 1, 5, 2};
    czm_layout layout;
    int64_t size;
    if (!read_depth(step, &layout, &size)) {
        czm_see_unknown(step);
        return;
    }
    bool is_last = layout.channel == 3;
    czm_footprint_split(&step->seen, layout.space + 1, size);
    czm_footprint_split(&step->seen, layout.space, size);
    czm_footprint_permute(&step->seen, is_last ? last : first, 6);
    czm_footprint_fuse(&step->seen, is_last ? 3 : 1);
    czm_footprint_fuse(&step->seen, is_last ? 3 : 1);
}

void czm_see_depth_to_space(czm_field_step *step) {
    // [batch, rows, columns, y, x, channels], or [batch, y, x, channels, rows, columns]
    static const int last[] = {0, 1, 3, 2, 4, 5}, first[] = {0, 3, 5, 1, 2, 4};
    czm_layout layout;
    int64_t size;
    if (!read_depth(step, &layout, &size)) {
        czm_see_unknown(step);
        return;
    }
    bool is_last = layout.channel == 3;
    int64_t channels = step->out.dims[layout.channel];
    czm_footprint_split(&step->seen, layout.channel, czm_dim_multiply(channels, size));
    czm_footprint_split(&step->seen, layout.channel + 1, channels);
    czm_footprint_permute(&step->seen, is_last ? last : first, 6);
    czm_footprint_fuse(&step->seen, is_last ? 1 : 2);
    czm_footprint_fuse(&step->seen, is_last ? 2 : 3);
}
