// SPDX-License-Identifier: Apache-2.0
//
// Convolutions and pools. They work on images with the channels last. What TensorFlow 2.0.0 cannot do
// of it (groups, dilations, explicit padding of pools) is written as TensorFlow writes it today: pass
// "lower" rewrites it.
#include "read/onnx/import.h"

enum { MOST_SPATIAL = 2 };

// The window of a convolution or pool: by height and width. A row of pixels has height 1.
typedef struct window {
    int axes; // of the image: 1 or 2
    int64_t kernel[MOST_SPATIAL], strides[MOST_SPATIAL], dilations[MOST_SPATIAL];
    int64_t before[MOST_SPATIAL], after[MOST_SPATIAL];
    bool is_same; // as TensorFlow pads: the sizes decide
} window;

// A list by axis; the missing height of a row of pixels is `otherwise`.
static czm_status read_axes(czm_import_step *s, const char *name, int axes, int64_t otherwise,
                            int64_t *out) {
    int64_t list[MOST_SPATIAL];
    size_t count = czm_import_ints(s, name, list, MOST_SPATIAL);
    if (count && count != (size_t)axes)
        return czm_import_reject(s, NULL, "%s has %zu numbers for %d axes", name, count, axes);
    for (int i = 0; i < MOST_SPATIAL; i++) {
        int own = i - (MOST_SPATIAL - axes);
        out[i] = count && own >= 0 ? list[own] : otherwise;
        if (out[i] < otherwise || out[i] > INT32_MAX / 4)
            return czm_import_reject(s, NULL, "%s contains %lld", name, (long long)out[i]);
    }
    return CZM_OK;
}

static czm_status read_pads(czm_import_step *s, window *w) {
    int64_t pads[2 * MOST_SPATIAL] = {0};
    size_t count = czm_import_ints(s, "pads", pads, CZM_COUNT_OF(pads));
    bool is_valid = czm_import_text_is(s, "auto_pad", "NOTSET", "VALID");
    if (count && count != 2 * (size_t)w->axes)
        return czm_import_reject(s, NULL, "pads has %zu numbers for %d axes", count, w->axes);
    for (int i = 0; i < w->axes && count && !is_valid; i++) {
        int at = i + MOST_SPATIAL - w->axes;
        w->before[at] = pads[i];
        w->after[at] = pads[i + w->axes];
        if (pads[i] < 0 || pads[i + w->axes] < 0 || pads[i] > INT32_MAX / 4 ||
            pads[i + w->axes] > INT32_MAX / 4)
            return czm_import_reject(s, NULL, "negative padding is not supported");
    }
    return CZM_OK;
}

static int64_t extent(const window *w, int i) { return (w->kernel[i] - 1) * w->dilations[i] + 1; }

// SAME_LOWER has the odd pixel first: the sizes must be known.
static czm_status pad_lower(czm_import_step *s, const czm_import_value *x, window *w) {
    for (int i = MOST_SPATIAL - w->axes; i < MOST_SPATIAL; i++) {
        int64_t size = czm_import_dim(s, x, 2 + i - (MOST_SPATIAL - w->axes));
        if (size == CZM_UNKNOWN && w->strides[i] > 1)
            return czm_import_reject(s, "export the network with a fixed size",
                                   "auto_pad SAME_LOWER with strides depends on an open size");
        int64_t out = size == CZM_UNKNOWN ? 0 : (size + w->strides[i] - 1) / w->strides[i];
        int64_t total = size == CZM_UNKNOWN ? extent(w, i) - 1
                                            : (out - 1) * w->strides[i] + extent(w, i) - size;
        if (total < 0) total = 0;
        w->before[i] = total - total / 2;
        w->after[i] = total / 2;
    }
    return CZM_OK;
}

static czm_status read_window(czm_import_step *s, const czm_import_value *x, window *w) {
    CZM_TRY(read_axes(s, "strides", w->axes, 1, w->strides));
    CZM_TRY(read_axes(s, "dilations", w->axes, 1, w->dilations));
    CZM_TRY(read_pads(s, w));
    w->is_same = czm_import_text_is(s, "auto_pad", "NOTSET", "SAME_UPPER");
    if (czm_import_text_is(s, "auto_pad", "NOTSET", "SAME_LOWER")) return pad_lower(s, x, w);
    return CZM_OK;
}

static czm_status spatial_axes(czm_import_step *s, const czm_import_value *x, window *w) {
    czm_shape shape = czm_import_shape(s, x);
    *w = (window){.axes = czm_import_order(s, x).rank - 2};
    for (int i = 0; i < shape.rank; i++)
        if (shape.dims[i] > INT32_MAX)
            return czm_import_reject(s, NULL, "an image of the shape %s is not supported",
                                     czm_shape_text(s->run->context->arena, shape));
    if (w->axes == 1 || w->axes == MOST_SPATIAL) return CZM_OK;
    return czm_import_reject(s, NULL, "a %s of %d dimensions is not supported", s->operation->op,
                           w->axes);
}

// The image with channels last and a height.
static czm_tensor image(czm_import_step *s, czm_import_value *x, const window *w) {
    czm_tensor t = czm_import_get(s, x, czm_order_channels_last(w->axes + 2));
    return w->axes == 1 ? CZM_OUT(s, "ExpandDims", t, czm_import_const_of(s, 1)) : t;
}

static void put_image(czm_import_step *s, czm_tensor y, const window *w) {
    const int64_t height = 1;
    if (w->axes == 1) {
        czm_node *node = CZM_NODE(s, "Squeeze", y);
        czm_set_ints(s->run->graph, node, "squeeze_dims", &height, 1);
        y = czm_output(node);
    }
    czm_import_put(s, 0, y, czm_order_channels_last(w->axes + 2));
}

static void set_quad(czm_import_step *s, czm_node *node, const char *name, const int64_t *pair) {
    int64_t list[] = {1, pair[0], pair[1], 1};
    czm_set_ints(s->run->graph, node, name, list, 4);
}

static bool has_pads(const window *w) {
    return w->before[0] || w->before[1] || w->after[0] || w->after[1];
}

static void set_padding(czm_import_step *s, czm_node *node, const window *w) {
    int64_t pads[] = {0, 0, w->before[0], w->after[0], w->before[1], w->after[1], 0, 0};
    const char *kind = w->is_same ? "SAME" : has_pads(w) ? "EXPLICIT" : "VALID";
    czm_set_string(s->run->graph, node, "padding", kind);
    if (!w->is_same && has_pads(w))
        czm_set_ints(s->run->graph, node, "explicit_paddings", pads, CZM_COUNT_OF(pads));
}

static czm_tensor add_bias(czm_import_step *s, czm_tensor y) {
    czm_import_value *bias = czm_import_in(s, 2);
    return bias ? CZM_OUT(s, "BiasAdd", y, czm_import_plain(s, bias)) : y;
}

// ---- convolution

// The same numbers in other dimensions.
static czm_import_value *viewed(czm_import_step *s, const czm_import_value *w, const czm_dims *dims) {
    czm_onnx_initializer *view = CZM_NEW(s->run->context->arena, czm_onnx_initializer);
    czm_import_value *value = CZM_NEW(s->run->context->arena, czm_import_value);
    *view = *w->constant;
    view->shape = czm_dims_keep(s->run->context->arena, dims);
    *value = (czm_import_value){.name = w->name, .constant = view};
    return value;
}

// The filter [out, in, height, width] with the last two axes in front, then these two axes.
static czm_tensor filter(czm_import_step *s, czm_import_value *w, int axes, int first, int second) {
    czm_order order = {.rank = axes + 2};
    for (int i = 0; i < axes; i++) order.axis[i] = i + 2;
    order.axis[axes] = first;
    order.axis[axes + 1] = second;
    czm_tensor t = czm_import_get(s, w, order);
    return axes == 1 ? CZM_OUT(s, "ExpandDims", t, czm_import_const_of(s, 0)) : t;
}

// A group for each channel: [channels * multiplier, 1, h, w] becomes [h, w, channels, multiplier].
static czm_tensor depthwise_filter(czm_import_step *s, czm_import_value *w, int64_t channels,
                                   int64_t out, const window *win) {
    if (out == channels) return filter(s, w, win->axes, 0, 1);
    if (w->constant) {
        czm_dims dims = {.rank = 2, .at = {channels, out / channels}};
        czm_dims_add_all(&dims, w->constant->shape, 2, w->constant->shape.rank);
        return filter(s, viewed(s, w, &dims), win->axes, 0, 1);
    }
    int64_t dims[] = {win->kernel[0], win->kernel[1], channels, out / channels};
    return czm_import_reshape(s, filter(s, w, win->axes, 1, 0), dims, 4);
}

static czm_status filter_shape(czm_import_step *s, const czm_import_value *w, window *win,
                               czm_shape *shape) {
    *shape = czm_import_shape(s, w);
    if (shape->rank != win->axes + 2 || !czm_shape_is_complete(*shape) ||
        czm_shape_count(*shape) <= 0)
        return czm_import_reject(s, NULL, "the shape of its filter is %s",
                               czm_shape_text(s->run->context->arena, *shape));
    for (int i = 0; i < MOST_SPATIAL; i++) {
        int own = i - (MOST_SPATIAL - win->axes);
        win->kernel[i] = own >= 0 ? shape->dims[own + 2] : 1;
    }
    return CZM_OK;
}

czm_status czm_import_op_conv(czm_import_step *s) {
    czm_import_value *x = czm_import_in(s, 0), *w = czm_import_in(s, 1);
    window win;
    czm_shape shape;
    CZM_TRY(spatial_axes(s, x, &win));
    CZM_TRY(filter_shape(s, w, &win, &shape));
    CZM_TRY(read_window(s, x, &win));
    int64_t groups = czm_import_int(s, "group", 1), channels = czm_dim_multiply(shape.dims[1], groups);
    bool is_depthwise = groups > 1 && shape.dims[1] == 1 && shape.dims[0] % groups == 0;
    if (groups < 1 || shape.dims[0] % groups)
        return czm_import_reject(s, NULL, "%lld groups do not divide %lld channels",
                               (long long)groups, (long long)shape.dims[0]);
    czm_tensor kernel = is_depthwise ? depthwise_filter(s, w, channels, shape.dims[0], &win)
                                     : filter(s, w, win.axes, 1, 0);
    czm_node *node = CZM_NODE(s, is_depthwise ? "DepthwiseConv2dNative" : "Conv2D",
                              image(s, x, &win), kernel);
    set_quad(s, node, "strides", win.strides);
    set_quad(s, node, "dilations", win.dilations);
    set_padding(s, node, &win);
    put_image(s, add_bias(s, czm_output(node)), &win);
    return CZM_OK;
}

// ---- transposed convolution

static czm_status place_output(czm_import_step *s, const czm_import_value *x, window *w,
                               int64_t *more) {
    int64_t shape[MOST_SPATIAL];
    bool is_given = czm_import_has(s, "output_shape");
    CZM_TRY(read_axes(s, "output_padding", w->axes, 0, more));
    if (is_given) CZM_TRY(read_axes(s, "output_shape", w->axes, 1, shape));
    bool is_same = w->is_same || czm_import_text_is(s, "auto_pad", "NOTSET", "SAME_LOWER");
    for (int i = MOST_SPATIAL - w->axes; i < MOST_SPATIAL && (is_given || is_same); i++) {
        int64_t size = czm_import_dim(s, x, 2 + i - (MOST_SPATIAL - w->axes));
        if (is_given && size == CZM_UNKNOWN)
            return czm_import_reject(s, "export the network with a fixed size",
                                   "output_shape is given for an open size");
        int64_t total = is_given ? w->strides[i] * (size - 1) + more[i] + extent(w, i) - shape[i]
                                 : extent(w, i) + more[i] - w->strides[i];
        if (total < 0) {
            more[i] -= total;
            total = 0;
        }
        w->before[i] = w->is_same ? total / 2 : total - total / 2;
        w->after[i] = total - w->before[i];
    }
    w->is_same = false;
    for (int i = 0; i < MOST_SPATIAL; i++)
        if (more[i] >= w->strides[i] && more[i])
            return czm_import_reject(s, NULL, "output padding of %lld with stride %lld",
                                   (long long)more[i], (long long)w->strides[i]);
    return CZM_OK;
}

// [batch, height, width, channels] of the result: stride * size + what the window adds.
static czm_tensor output_sizes(czm_import_step *s, czm_tensor x, const window *w, const int64_t *more,
                               int64_t channels) {
    czm_shape in = czm_import_stored_shape(s, x);
    czm_tensor parts[4], shape = {0};
    int64_t known[4] = {in.rank == 4 ? in.dims[0] : CZM_UNKNOWN, 0, 0, channels};
    int64_t grow[MOST_SPATIAL];
    bool is_known = known[0] != CZM_UNKNOWN;
    for (int i = 0; i < MOST_SPATIAL; i++) {
        int64_t size = in.rank == 4 ? in.dims[i + 1] : CZM_UNKNOWN;
        grow[i] = extent(w, i) + more[i] - w->before[i] - w->after[i] - w->strides[i];
        known[i + 1] = size == CZM_UNKNOWN ? CZM_UNKNOWN : size * w->strides[i] + grow[i];
        is_known &= size != CZM_UNKNOWN;
    }
    if (is_known) return czm_import_const(s, known, 4);
    shape = CZM_OUT(s, "Shape", x);
    for (int i = 0; i < 4; i++) {
        parts[i] = known[i] == CZM_UNKNOWN ? czm_import_element(s, shape, i)
                                           : czm_import_const_of(s, (int32_t)known[i]);
        if (known[i] != CZM_UNKNOWN || i == 0 || i == 3) continue;
        if (w->strides[i - 1] != 1)
            parts[i] = CZM_OUT(s, "Mul", parts[i],
                               czm_import_const_of(s, (int32_t)w->strides[i - 1]));
        if (grow[i - 1])
            parts[i] = CZM_OUT(s, "AddV2", parts[i], czm_import_const_of(s, (int32_t)grow[i - 1]));
    }
    return czm_output(czm_import_node(s, "Pack", parts, 4));
}

czm_status czm_import_op_conv_transpose(czm_import_step *s) {
    czm_import_value *x = czm_import_in(s, 0), *w = czm_import_in(s, 1);
    window win;
    czm_shape shape;
    int64_t more[MOST_SPATIAL] = {0};
    CZM_TRY(spatial_axes(s, x, &win));
    CZM_TRY(filter_shape(s, w, &win, &shape));
    CZM_TRY(read_axes(s, "strides", win.axes, 1, win.strides));
    CZM_TRY(read_axes(s, "dilations", win.axes, 1, win.dilations));
    CZM_TRY(read_pads(s, &win));
    win.is_same = czm_import_text_is(s, "auto_pad", "NOTSET", "SAME_UPPER");
    CZM_TRY(place_output(s, x, &win, more));
    int64_t groups = czm_import_int(s, "group", 1);
    if (groups < 1 || groups > INT32_MAX)
        return czm_import_reject(s, NULL, "it has %lld groups", (long long)groups);
    czm_tensor in = image(s, x, &win);
    czm_node *node = CZM_NODE(s, "Conv2DBackpropInput",
                              output_sizes(s, in, &win, more, czm_dim_multiply(shape.dims[1], groups)),
                              filter(s, w, win.axes, 1, 0), in);
    set_quad(s, node, "strides", win.strides);
    set_quad(s, node, "dilations", win.dilations);
    set_padding(s, node, &win);
    put_image(s, add_bias(s, czm_output(node)), &win);
    return CZM_OK;
}

// ---- pools

// How many pixels ceil_mode adds at the end, so that the last window is whole.
static czm_status round_up(czm_import_step *s, const czm_import_value *x, const window *w,
                           int64_t *more) {
    memset(more, 0, MOST_SPATIAL * sizeof *more);
    if (!czm_import_int(s, "ceil_mode", 0)) return CZM_OK;
    for (int i = MOST_SPATIAL - w->axes; i < MOST_SPATIAL; i++) {
        int64_t size = czm_import_dim(s, x, 2 + i - (MOST_SPATIAL - w->axes)), stride = w->strides[i];
        if (stride == 1) continue;
        if (size == CZM_UNKNOWN && czm_import_is(s, "MaxPool") && w->after[i] == 0 && stride <= extent(w, i)) {
            more[i] = stride - 1; // more than needed does no harm to a maximum
            continue;
        }
        if (size == CZM_UNKNOWN)
            return czm_import_reject(s, "export the network with a fixed size",
                                   "ceil_mode depends on an open size");
        int64_t all = size + w->before[i] + w->after[i];
        int64_t out = (all - extent(w, i) + stride - 1) / stride + 1;
        if ((out - 1) * stride >= size + w->before[i]) out--; // it would begin in the padding
        int64_t needed = (out - 1) * stride + extent(w, i) - all;
        more[i] = needed > 0 ? needed : 0;
    }
    return CZM_OK;
}

static czm_status pool_window(czm_import_step *s, const czm_import_value *x, window *w, int64_t *more) {
    CZM_TRY(spatial_axes(s, x, w));
    CZM_TRY(read_axes(s, "kernel_shape", w->axes, 1, w->kernel));
    CZM_TRY(read_window(s, x, w));
    if (w->dilations[0] != 1 || w->dilations[1] != 1)
        return czm_import_reject(s, NULL, "a dilated pool is not supported");
    return round_up(s, x, w, more);
}

czm_status czm_import_op_max_pool(czm_import_step *s) {
    czm_import_value *x = czm_import_in(s, 0);
    window w;
    int64_t more[MOST_SPATIAL] = {0};
    if (s->output_count > 1 && s->outputs[1])
        return czm_import_reject(s, NULL, "the positions of its maxima are not supported");
    CZM_TRY(pool_window(s, x, &w, more));
    for (int i = 0; i < MOST_SPATIAL; i++) w.after[i] += more[i];
    czm_node *node = CZM_NODE(s, "MaxPool", image(s, x, &w));
    set_quad(s, node, "ksize", w.kernel);
    set_quad(s, node, "strides", w.strides);
    set_padding(s, node, &w);
    put_image(s, czm_output(node), &w);
    return CZM_OK;
}

// How many pixels of a window count at each place of one axis.
static void count_pixels(const window *w, int axis, int64_t size, bool with_padding,
                         double *counts, int64_t out) {
    int64_t low = with_padding ? 0 : w->before[axis];
    int64_t high = with_padding ? w->before[axis] + size + w->after[axis] : low + size;
    for (int64_t i = 0; i < out; i++) {
        int64_t begin = i * w->strides[axis], end = begin + w->kernel[axis];
        counts[i] = (double)((end < high ? end : high) - (begin > low ? begin : low));
    }
}

// kernel size / pixels that count, at each place.
static czm_status correction(czm_import_step *s, const czm_import_value *x, const window *w,
                             const int64_t *more, bool with_padding, czm_tensor *map) {
    enum { MOST_PIXELS = 1 << 22 };
    int64_t out[MOST_SPATIAL] = {1, 1};
    double *counts[MOST_SPATIAL];
    for (int i = 0; i < MOST_SPATIAL; i++) {
        int own = i - (MOST_SPATIAL - w->axes);
        int64_t size = own >= 0 ? czm_import_dim(s, x, own + 2) : 1;
        if (size == CZM_UNKNOWN)
            return czm_import_reject(s, "export the network with a fixed size",
                                   "a mean that leaves out the padding depends on an open size");
        int64_t all = size + w->before[i] + w->after[i] + more[i];
        out[i] = (all - w->kernel[i]) / w->strides[i] + 1;
        if (out[i] < 1 || out[i] > MOST_PIXELS / out[0])
            return czm_import_reject(s, NULL, "its window does not fit into the image");
        counts[i] = CZM_NEW_ARRAY(s->run->context->arena, double, (size_t)out[i]);
        count_pixels(w, i, size, with_padding, counts[i], out[i]);
    }
    double *factors = CZM_NEW_ARRAY(s->run->context->arena, double, (size_t)(out[0] * out[1]));
    for (int64_t y = 0; y < out[0]; y++)
        for (int64_t z = 0; z < out[1]; z++)
            factors[y * out[1] + z] =
                (double)(w->kernel[0] * w->kernel[1]) / (counts[0][y] * counts[1][z]);
    int64_t dims[] = {1, out[0], out[1], 1};
    *map = czm_import_numbers_const(s, czm_import_type(x), factors, dims, 4);
    return CZM_OK;
}

static czm_tensor pad_with_zeros(czm_import_step *s, czm_tensor x, const window *w,
                                 const int64_t *more) {
    double amounts[] = {0, 0, (double)w->before[0], (double)(w->after[0] + more[0]),
                        (double)w->before[1], (double)(w->after[1] + more[1]), 0, 0};
    int64_t dims[] = {4, 2};
    return CZM_OUT(s, "Pad", x, czm_import_numbers_const(s, CZM_DTYPE_INT32, amounts, dims, 2));
}

// TensorFlow's SAME leaves the padding out of the mean, as ONNX does unless count_include_pad is set.
czm_status czm_import_op_average_pool(czm_import_step *s) {
    czm_import_value *x = czm_import_in(s, 0);
    window w;
    int64_t more[MOST_SPATIAL] = {0};
    CZM_TRY(pool_window(s, x, &w, more));
    bool counts_padding = czm_import_int(s, "count_include_pad", 0) != 0;
    bool grows = more[0] || more[1], needs_map = grows || (has_pads(&w) && !counts_padding);
    czm_tensor map = {0}, t = image(s, x, &w);
    if (needs_map) CZM_TRY(correction(s, x, &w, more, counts_padding, &map));
    if (grows || has_pads(&w)) t = pad_with_zeros(s, t, &w, more);
    czm_node *node = CZM_NODE(s, "AvgPool", t);
    set_quad(s, node, "ksize", w.kernel);
    set_quad(s, node, "strides", w.strides);
    czm_set_string(s->run->graph, node, "padding", w.is_same ? "SAME" : "VALID");
    czm_tensor y = czm_output(node);
    put_image(s, map.node ? CZM_OUT(s, "Mul", y, map) : y, &w);
    return CZM_OK;
}
