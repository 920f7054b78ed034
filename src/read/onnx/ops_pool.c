// SPDX-License-Identifier: Apache-2.0
//
// Pools. TensorFlow 2.0.0 has no dilated ones: they are the maximum or the sum of one strided slice for
// each pixel of the window.
#include <math.h>

#include "read/onnx/window.h"

// The number of pixels that ceil_mode adds at the end, so that the last window is complete.
static czm_status round_up(czm_import_step *s, const czm_import_value *x,
                           const czm_import_window *w, int64_t *more) {
    memset(more, 0, CZM_MOST_SPATIAL * sizeof *more);
    if (!czm_import_int(s, "ceil_mode", 0)) return CZM_OK;
    for (int i = czm_import_window_first(w); i < w->places; i++) {
        int64_t size = czm_import_dim(s, x, czm_import_window_axis(w, i)), stride = w->strides[i];
        int64_t extent = czm_import_window_extent(w, i);
        if (stride == 1) continue;
        if (size == CZM_UNKNOWN && !czm_import_is(s, "LpPool") && w->after[i] == 0 &&
            stride <= extent) {
            more[i] = stride - 1; // more than needed adds no window, and no pixel that counts
            continue;
        }
        if (size == CZM_UNKNOWN)
            return czm_import_reject(s, "export the network with a fixed size, or set the size",
                                     "ceil_mode depends on an open size");
        int64_t all = size + w->before[i] + w->after[i];
        int64_t out = (all - extent + stride - 1) / stride + 1;
        if ((out - 1) * stride >= size + w->before[i]) out--; // it would begin in the padding
        int64_t needed = (out - 1) * stride + extent - all;
        more[i] = needed > 0 ? needed : 0;
    }
    return CZM_OK;
}

static czm_status pool_window(czm_import_step *s, const czm_import_value *x, bool needs_numbers,
                              czm_import_window *w, int64_t *more) {
    CZM_TRY(czm_import_window_begin(s, x, w));
    CZM_TRY(czm_import_window_list(s, w, "kernel_shape", 1, w->kernel));
    CZM_TRY(czm_import_window_read(s, x, w));
    if (w->is_same && (needs_numbers || czm_import_window_is_dilated(w) || w->places > 2))
        CZM_TRY(czm_import_window_pad_same(s, x, w, true));
    return round_up(s, x, w, more);
}

static void add_at_end(czm_import_window *w, const int64_t *more) {
    for (int i = 0; i < CZM_MOST_SPATIAL; i++) w->after[i] += more[i];
}

// Of a window; CZM_UNKNOWN: more than 64 bits.
static int64_t pixels(const czm_import_window *w) {
    return czm_shape_count((czm_shape){CZM_MOST_SPATIAL, w->kernel});
}

// The pixels of the padded image that stand at one place of every window.
static czm_tensor tap(czm_import_step *s, czm_tensor x, const czm_import_window *w,
                      const int64_t *place) {
    int64_t begin[CZM_MOST_SPATIAL + 2] = {0}, end[CZM_MOST_SPATIAL + 2] = {0};
    int64_t stride[CZM_MOST_SPATIAL + 2] = {1, 1, 1, 1, 1}, end_mask = 0;
    size_t rank = (size_t)w->places + 2;
    for (int i = 0; i < w->places; i++) {
        begin[i + 1] = place[i] * w->dilations[i];
        end[i + 1] = begin[i + 1] - (czm_import_window_extent(w, i) - 1);
        stride[i + 1] = w->strides[i];
    }
    for (size_t k = 0; k < rank; k++)
        if (end[k] == 0) end_mask |= (int64_t)1 << k;
    czm_node *node = CZM_NODE(s, CZM_OP_StridedSlice, x, czm_import_const(s, begin, rank),
                              czm_import_const(s, end, rank), czm_import_const(s, stride, rank));
    czm_set_int(s->run->graph, node, "end_mask", end_mask);
    return czm_output(node);
}

static czm_status by_taps(czm_import_step *s, czm_op_kind op, czm_tensor x,
                          const czm_import_window *w, czm_tensor *y) {
    enum { MOST_TAPS = 1024 };
    int64_t count = pixels(w), place[CZM_MOST_SPATIAL];
    if (count == CZM_UNKNOWN || count > MOST_TAPS)
        return czm_import_reject(s, NULL, "a dilated pool of more than %d pixels is not supported",
                                 MOST_TAPS);
    for (int64_t n = 0; n < count; n++) {
        place[2] = n % w->kernel[2];
        place[1] = n / w->kernel[2] % w->kernel[1];
        place[0] = n / w->kernel[2] / w->kernel[1];
        czm_tensor t = tap(s, x, w, place);
        *y = n ? CZM_OUT(s, op, *y, t) : t;
    }
    return CZM_OK;
}

static czm_node *pool(czm_import_step *s, czm_op_kind op, czm_tensor x,
                      const czm_import_window *w) {
    czm_node *node = CZM_NODE(s, op, x);
    czm_import_window_set(s, node, "ksize", w, w->kernel);
    czm_import_window_set(s, node, "strides", w, w->strides);
    czm_set_string(s->run->graph, node, "padding", w->is_same ? "SAME" : "VALID");
    return node;
}

czm_status czm_import_op_max_pool(czm_import_step *s) {
    czm_import_value *x = czm_import_in(s, 0);
    czm_import_window w;
    int64_t more[CZM_MOST_SPATIAL];
    if (s->output_count > 1 && s->outputs[1])
        return czm_import_reject(s, NULL, "the positions of its maxima are not supported");
    CZM_TRY(pool_window(s, x, false, &w, more));
    add_at_end(&w, more);
    czm_tensor t = czm_import_window_image(s, x, &w), y;
    bool is_dilated = czm_import_window_is_dilated(&w);
    if (!is_dilated && w.places == 2) {
        czm_node *node = pool(s, CZM_OP_MaxPool, t, &w);
        czm_import_window_set_padding(s, node, &w);
        y = czm_output(node);
    } else {
        if (!czm_dtype_is_floating(czm_tensor_dtype(t)) && czm_import_window_has_pads(&w))
            return czm_import_reject(s, NULL, "this padded pool of integers is not supported");
        t = czm_import_window_padded(s, t, &w, -HUGE_VAL);
        y = (czm_tensor){0};
        if (is_dilated)
            CZM_TRY(by_taps(s, CZM_OP_Maximum, t, &w, &y));
        else
            y = czm_output(pool(s, CZM_OP_MaxPool3D, t, &w));
    }
    czm_import_window_put(s, y, &w);
    return CZM_OK;
}

// ---- means

// The number of counted pixels of a window at each position of one axis.
static void count_pixels(const czm_import_window *w, int place, int64_t size, bool with_padding,
                         double *counts, int64_t out) {
    int64_t low = with_padding ? 0 : w->before[place];
    int64_t high = with_padding ? w->before[place] + size + w->after[place] : low + size;
    for (int64_t i = 0; i < out; i++)
        for (int64_t k = 0; k < w->kernel[place]; k++) {
            int64_t at = i * w->strides[place] + k * w->dilations[place];
            counts[i] += at >= low && at < high;
        }
}

static czm_status mean_of_windows(czm_import_step *s, czm_tensor x, const czm_import_window *w,
                                  czm_tensor *y) {
    if (!czm_import_window_is_dilated(w)) {
        *y = czm_output(pool(s, w->places == 2 ? CZM_OP_AvgPool : CZM_OP_AvgPool3D, x, w));
        return CZM_OK;
    }
    CZM_TRY(by_taps(s, CZM_OP_AddV2, x, w, y));
    *y = czm_import_with(s, CZM_OP_Mul, *y, 1.0 / (double)pixels(w));
    return CZM_OK;
}

// The same of an open size: 1 / the mean of ones, surrounded by zeros.
static czm_status open_correction(czm_import_step *s, czm_tensor x, const czm_import_window *w,
                                  bool with_padding, czm_tensor *map) {
    const int64_t zeros[CZM_MOST_SPATIAL + 2] = {0};
    int64_t sizes[CZM_MOST_SPATIAL + 2] = {-1, -1, -1, -1, -1};
    size_t rank = (size_t)w->places + 2;
    if (with_padding)
        return czm_import_reject(s, "export the network with a fixed size, or set the size",
                                 "a mean of an open size counts the padding, but not all of it");
    sizes[rank - 1] = 1;
    czm_tensor channel = CZM_OUT(s, CZM_OP_Slice, x, czm_import_const(s, zeros, rank),
                                 czm_import_const(s, sizes, rank));
    czm_tensor ones = CZM_OUT(s, CZM_OP_OnesLike, channel), mean = {0};
    CZM_TRY(mean_of_windows(s, czm_import_window_padded(s, ones, w, 0), w, &mean));
    *map = CZM_OUT(s, CZM_OP_Reciprocal, mean);
    return CZM_OK;
}

// kernel size / pixels that count, at each place.
static czm_status correction(czm_import_step *s, const czm_import_value *x,
                             const czm_import_window *w, const int64_t *more, bool with_padding,
                             czm_tensor *map) {
    enum { MOST_PIXELS = 1 << 22 };
    int64_t out[CZM_MOST_SPATIAL] = {1, 1, 1}, count = 1;
    double *counts[CZM_MOST_SPATIAL] = {NULL};
    for (int i = 0; i < w->places; i++) {
        int64_t size =
            i < czm_import_window_first(w) ? 1 : czm_import_dim(s, x, czm_import_window_axis(w, i));
        int64_t all = size + w->before[i] + w->after[i] + more[i];
        out[i] = (all - czm_import_window_extent(w, i)) / w->strides[i] + 1;
        if (all < czm_import_window_extent(w, i) || out[i] > MOST_PIXELS / count)
            return czm_import_reject(s, NULL, "its window does not fit into the image");
        count *= out[i];
        counts[i] = CZM_NEW_ARRAY(s->run->context->arena, double, (size_t)out[i]);
        count_pixels(w, i, size, with_padding, counts[i], out[i]);
    }
    double *factors = CZM_NEW_ARRAY(s->run->context->arena, double, (size_t)count);
    for (int64_t n = 0; n < count; n++) {
        factors[n] = (double)pixels(w);
        for (int64_t i = w->places - 1, rest = n; i >= 0; rest /= out[i], i--)
            factors[n] /= counts[i][rest % out[i]];
    }
    int64_t dims[CZM_MOST_SPATIAL + 2] = {1, out[0], out[1], 1, 1};
    if (w->places == 3) dims[3] = out[2];
    *map = czm_import_numbers_const(s, czm_import_type(x), factors, dims, (size_t)w->places + 2);
    return CZM_OK;
}

static bool is_open(czm_import_step *s, const czm_import_value *x, const czm_import_window *w) {
    for (int i = czm_import_window_first(w); i < w->places; i++)
        if (czm_import_dim(s, x, czm_import_window_axis(w, i)) == CZM_UNKNOWN) return true;
    return false;
}

// Whether the windows are those of TensorFlow's SAME, whatever the size: it leaves the padding out of the mean, as
// ONNX does unless count_include_pad is set, and always does with what ceil_mode adds.
static bool has_same_windows(czm_import_step *s, const czm_import_window *w, bool with_padding) {
    bool rounds_up = czm_import_int(s, "ceil_mode", 0) != 0;
    if (czm_import_window_is_dilated(w) || w->places > 2) return false;
    for (int i = czm_import_window_first(w); i < w->places; i++) {
        int64_t before = w->before[i], after = w->after[i], kernel = w->kernel[i];
        bool is_halved = rounds_up && w->strides[i] == 2 && kernel == 2 && !before && !after;
        bool is_centred = w->strides[i] == 1 && before == (kernel - 1) / 2 && after == kernel / 2 &&
                          (!with_padding || kernel == 1);
        if (!is_halved && !is_centred) return false;
    }
    return true;
}

czm_status czm_import_op_average_pool(czm_import_step *s) {
    czm_import_value *x = czm_import_in(s, 0);
    czm_import_window w;
    int64_t more[CZM_MOST_SPATIAL];
    bool counts_padding = czm_import_int(s, "count_include_pad", 0) != 0;
    CZM_TRY(pool_window(s, x, counts_padding, &w, more));
    if (has_same_windows(s, &w, counts_padding)) {
        memset(w.before, 0, sizeof w.before);
        memset(w.after, 0, sizeof w.after);
        memset(more, 0, sizeof more);
        w.is_same = true;
    }
    bool pads = czm_import_window_has_pads(&w);
    bool needs_map = more[0] || more[1] || more[2] || (pads && !counts_padding);
    czm_tensor map = {0}, y = {0}, t = czm_import_window_image(s, x, &w);
    bool is_computed = needs_map && is_open(s, x, &w);
    if (needs_map && !is_computed) CZM_TRY(correction(s, x, &w, more, counts_padding, &map));
    add_at_end(&w, more);
    if (is_computed) CZM_TRY(open_correction(s, t, &w, counts_padding && pads, &map));
    CZM_TRY(mean_of_windows(s, czm_import_window_padded(s, t, &w, 0), &w, &y));
    czm_import_window_put(s, map.node ? CZM_OUT(s, CZM_OP_Mul, y, map) : y, &w);
    return CZM_OK;
}

// (sum of |x|^p)^(1/p)
czm_status czm_import_op_lp_pool(czm_import_step *s) {
    czm_import_value *x = czm_import_in(s, 0);
    czm_import_window w;
    int64_t more[CZM_MOST_SPATIAL], p = czm_import_int(s, "p", 2);
    CZM_TRY(pool_window(s, x, true, &w, more));
    add_at_end(&w, more);
    if (p < 1) return czm_import_reject(s, NULL, "p is %lld, but must be at least 1", (long long)p);
    czm_tensor y = {0}, t = CZM_OUT(s, CZM_OP_Abs, czm_import_window_image(s, x, &w));
    if (p > 1)
        t = p == 2 ? CZM_OUT(s, CZM_OP_Square, t) : czm_import_with(s, CZM_OP_Pow, t, (double)p);
    CZM_TRY(mean_of_windows(s, czm_import_window_padded(s, t, &w, 0), &w, &y));
    y = czm_import_with(s, CZM_OP_Mul, y, (double)pixels(&w));
    if (p > 1)
        y = p == 2 ? CZM_OUT(s, CZM_OP_Sqrt, y) : czm_import_with(s, CZM_OP_Pow, y, 1 / (double)p);
    czm_import_window_put(s, y, &w);
    return CZM_OK;
}
