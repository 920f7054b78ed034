// SPDX-License-Identifier: Apache-2.0
//
// Convolutions. They work on images with the channels last. Forms that TensorFlow 2.0.0 does not support (groups,
// dilations) are written in the form of newer versions, and pass "lower" rewrites them. Convolutions of volumes have
// no explicit padding: the image is padded before, or the result is cut.
#include "read/onnx/window.h"

static czm_tensor add_bias(czm_import_step *s, czm_tensor y) {
    czm_import_value *bias = czm_import_in(s, 2);
    return bias ? CZM_OUT(s, CZM_OP_BiasAdd, y, czm_import_plain(s, bias)) : y;
}

// ---- convolution

// The same numbers in other dimensions.
static czm_import_value *viewed(czm_import_step *s, const czm_import_value *w,
                                const czm_dims *dims) {
    czm_onnx_initializer *view = CZM_NEW(s->run->context->arena, czm_onnx_initializer);
    czm_import_value *value = CZM_NEW(s->run->scratch, czm_import_value);
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
    return axes == 1 ? CZM_OUT(s, CZM_OP_ExpandDims, t, czm_import_const_of(s, 0)) : t;
}

// A group for each channel: [channels * multiplier, 1, h, w] becomes [h, w, channels, multiplier].
static czm_tensor depthwise_filter(czm_import_step *s, czm_import_value *w, int64_t channels,
                                   int64_t out, const czm_import_window *win) {
    if (out == channels) return filter(s, w, win->axes, 0, 1);
    if (w->constant) {
        czm_dims dims = {.rank = 2, .at = {channels, out / channels}};
        czm_dims_add_all(&dims, w->constant->shape, 2, w->constant->shape.rank);
        return filter(s, viewed(s, w, &dims), win->axes, 0, 1);
    }
    int64_t dims[] = {win->kernel[0], win->kernel[1], channels, out / channels};
    return czm_import_reshape(s, filter(s, w, win->axes, 1, 0), dims, 4);
}

static czm_status filter_shape(czm_import_step *s, const czm_import_value *w,
                               czm_import_window *win, czm_shape *shape) {
    *shape = czm_import_shape(s, w);
    if (shape->rank != win->axes + 2 || !czm_shape_is_complete(*shape) ||
        czm_shape_count(*shape) <= 0)
        return czm_import_reject(s, NULL, "the shape %s of its filter is not supported",
                                 czm_shape_text(s->run->context->arena, *shape));
    for (int i = czm_import_window_first(win); i < win->places; i++)
        win->kernel[i] = shape->dims[czm_import_window_axis(win, i)];
    return CZM_OK;
}

// The image, with the number of channels of the filter, even if the inference does not know it.
static czm_tensor input_image(czm_import_step *s, czm_import_value *x, const czm_import_window *win,
                              int64_t channels) {
    czm_tensor t = czm_import_window_image(s, x, win);
    czm_dims dims = czm_dims_unknown(win->places + 2);
    if (czm_import_dim(s, x, 1) != CZM_UNKNOWN) return t;
    dims.at[dims.rank - 1] = channels;
    czm_node *node = CZM_NODE(s, CZM_OP_EnsureShape, t);
    czm_set_attr(s->run->graph, node, "shape",
                 czm_shape_attr(s->run->context->arena, czm_dims_shape(&dims)));
    return czm_output(node);
}

// Volumes: TensorFlow's operation has no explicit padding.
static czm_status conv_volume(czm_import_step *s, czm_import_value *x, czm_import_value *w,
                              czm_import_window *win) {
    czm_tensor in = czm_import_window_padded(s, czm_import_window_image(s, x, win), win, 0);
    czm_node *node = CZM_NODE(s, CZM_OP_Conv3D, in, filter(s, w, win->axes, 1, 0));
    czm_import_window_set(s, node, "strides", win, win->strides);
    czm_import_window_set(s, node, "dilations", win, win->dilations);
    czm_set_string(s->run->graph, node, "padding", win->is_same ? "SAME" : "VALID");
    czm_import_window_put(s, add_bias(s, czm_output(node)), win);
    return CZM_OK;
}

czm_status czm_import_op_conv(czm_import_step *s) {
    czm_import_value *x = czm_import_in(s, 0), *w = czm_import_in(s, 1);
    czm_import_window win;
    czm_shape shape;
    CZM_TRY(czm_import_window_begin(s, x, &win));
    CZM_TRY(filter_shape(s, w, &win, &shape));
    CZM_TRY(czm_import_window_read(s, x, &win));
    int64_t groups = czm_import_int(s, "group", 1),
            channels = czm_dim_multiply(shape.dims[1], groups);
    bool is_depthwise = groups > 1 && shape.dims[1] == 1 && shape.dims[0] % groups == 0;
    if (groups < 1 || shape.dims[0] % groups)
        return czm_import_reject(s, NULL, "%lld groups do not divide %lld channels",
                                 (long long)groups, (long long)shape.dims[0]);
    if (win.places == 3) return conv_volume(s, x, w, &win);
    czm_tensor kernel = is_depthwise ? depthwise_filter(s, w, channels, shape.dims[0], &win)
                                     : filter(s, w, win.axes, 1, 0);
    czm_node *node = CZM_NODE(s, is_depthwise ? CZM_OP_DepthwiseConv2dNative : CZM_OP_Conv2D,
                              input_image(s, x, &win, channels), kernel);
    czm_import_window_set(s, node, "strides", &win, win.strides);
    czm_import_window_set(s, node, "dilations", &win, win.dilations);
    czm_import_window_set_padding(s, node, &win);
    czm_import_window_put(s, add_bias(s, czm_output(node)), &win);
    return CZM_OK;
}

// ---- transposed convolution

static czm_status place_output(czm_import_step *s, const czm_import_value *x, czm_import_window *w,
                               int64_t *more) {
    int64_t shape[CZM_MOST_SPATIAL];
    bool is_given = czm_import_has(s, "output_shape");
    CZM_TRY(czm_import_window_list(s, w, "output_padding", 0, more));
    if (is_given) CZM_TRY(czm_import_window_list(s, w, "output_shape", 1, shape));
    bool is_same = w->is_same || czm_import_text_is(s, "auto_pad", "NOTSET", "SAME_LOWER");
    for (int i = czm_import_window_first(w); i < w->places && (is_given || is_same); i++) {
        int64_t size = czm_import_dim(s, x, czm_import_window_axis(w, i)),
                extent = czm_import_window_extent(w, i);
        if (is_given && size == CZM_UNKNOWN)
            return czm_import_reject(s, "export the network with a fixed size, or set the size",
                                     "output_shape is given for an open size");
        int64_t total = is_given ? w->strides[i] * (size - 1) + more[i] + extent - shape[i]
                                 : extent + more[i] - w->strides[i];
        if (total < 0) {
            more[i] -= total;
            total = 0;
        }
        w->before[i] = w->is_same ? total / 2 : total - total / 2;
        w->after[i] = total - w->before[i];
    }
    w->is_same = false;
    for (int i = 0; i < w->places; i++)
        if (more[i] >= w->strides[i] && more[i])
            return czm_import_reject(s, NULL,
                                     "its output padding %lld is not smaller than its stride %lld",
                                     (long long)more[i], (long long)w->strides[i]);
    return CZM_OK;
}

// The shape of the result, channels last: stride * size plus the pixels that the window adds.
static czm_tensor output_sizes(czm_import_step *s, czm_tensor x, const czm_import_window *w,
                               const int64_t *more, int64_t channels) {
    czm_shape in = czm_import_stored_shape(s, x);
    int rank = w->places + 2;
    czm_tensor parts[CZM_MOST_SPATIAL + 2], shape = {0};
    int64_t known[CZM_MOST_SPATIAL + 2], grow[CZM_MOST_SPATIAL + 2] = {0};
    bool is_known = true;
    for (int k = 0; k < rank; k++) {
        int i = k - 1;
        known[k] = k == rank - 1 ? channels : in.rank == rank ? in.dims[k] : CZM_UNKNOWN;
        is_known &= known[k] != CZM_UNKNOWN;
        if (i < 0 || i >= w->places) continue;
        grow[k] =
            czm_import_window_extent(w, i) + more[i] - w->before[i] - w->after[i] - w->strides[i];
        if (known[k] != CZM_UNKNOWN) known[k] = known[k] * w->strides[i] + grow[k];
    }
    if (is_known) return czm_import_const(s, known, (size_t)rank);
    shape = CZM_OUT(s, CZM_OP_Shape, x);
    for (int k = 0; k < rank; k++) {
        parts[k] = known[k] == CZM_UNKNOWN ? czm_import_element(s, shape, k)
                                           : czm_import_const_of(s, (int32_t)known[k]);
        if (known[k] != CZM_UNKNOWN || k == 0) continue;
        if (w->strides[k - 1] != 1)
            parts[k] = CZM_OUT(s, CZM_OP_Mul, parts[k],
                               czm_import_const_of(s, (int32_t)w->strides[k - 1]));
        if (grow[k])
            parts[k] = CZM_OUT(s, CZM_OP_AddV2, parts[k], czm_import_const_of(s, (int32_t)grow[k]));
    }
    return czm_output(czm_import_node(s, CZM_OP_Pack, parts, (size_t)rank));
}

// The result of a volume, without the pixels that the padding removes.
static czm_tensor without_pads(czm_import_step *s, czm_tensor y, const czm_import_window *w) {
    int64_t begin[CZM_MOST_SPATIAL + 2] = {0}, end[CZM_MOST_SPATIAL + 2] = {0}, end_mask = 0;
    const int64_t ones[CZM_MOST_SPATIAL + 2] = {1, 1, 1, 1, 1};
    size_t rank = (size_t)w->places + 2;
    if (!czm_import_window_has_pads(w)) return y;
    for (int i = 0; i < w->places; i++) {
        begin[i + 1] = w->before[i];
        end[i + 1] = -w->after[i];
    }
    for (size_t k = 0; k < rank; k++)
        if (end[k] == 0) end_mask |= (int64_t)1 << k;
    czm_node *node = CZM_NODE(s, CZM_OP_StridedSlice, y, czm_import_const(s, begin, rank),
                              czm_import_const(s, end, rank), czm_import_const(s, ones, rank));
    czm_set_int(s->run->graph, node, "end_mask", end_mask);
    return czm_output(node);
}

static czm_status transposed_volume(czm_import_step *s, czm_import_value *x, czm_import_value *w,
                                    const czm_import_window *win, const int64_t *more,
                                    int64_t channels) {
    czm_import_window whole = *win;
    if (czm_import_int(s, "group", 1) != 1)
        return czm_import_reject(s, NULL,
                                 "this transposed convolution of volumes is not supported");
    memset(whole.before, 0, sizeof whole.before);
    memset(whole.after, 0, sizeof whole.after);
    czm_tensor in = czm_import_window_image(s, x, win);
    czm_node *node = CZM_NODE(s, CZM_OP_Conv3DBackpropInputV2,
                              output_sizes(s, in, &whole, more, channels),
                              filter(s, w, win->axes, 1, 0), in);
    czm_import_window_set(s, node, "strides", win, win->strides);
    czm_import_window_set(s, node, "dilations", win, win->dilations);
    czm_set_string(s->run->graph, node, "padding", "VALID");
    czm_import_window_put(s, add_bias(s, without_pads(s, czm_output(node), win)), win);
    return CZM_OK;
}

czm_status czm_import_op_conv_transpose(czm_import_step *s) {
    czm_import_value *x = czm_import_in(s, 0), *w = czm_import_in(s, 1);
    czm_import_window win;
    czm_shape shape;
    int64_t more[CZM_MOST_SPATIAL] = {0};
    CZM_TRY(czm_import_window_begin(s, x, &win));
    CZM_TRY(filter_shape(s, w, &win, &shape));
    CZM_TRY(czm_import_window_list(s, &win, "strides", 1, win.strides));
    CZM_TRY(czm_import_window_list(s, &win, "dilations", 1, win.dilations));
    CZM_TRY(czm_import_window_pads(s, &win));
    win.is_same = czm_import_text_is(s, "auto_pad", "NOTSET", "SAME_UPPER");
    CZM_TRY(place_output(s, x, &win, more));
    int64_t groups = czm_import_int(s, "group", 1);
    if (groups < 1 || groups > INT32_MAX)
        return czm_import_reject(s, NULL, "%lld groups are not supported", (long long)groups);
    int64_t channels = czm_dim_multiply(shape.dims[1], groups);
    if (win.places == 3) return transposed_volume(s, x, w, &win, more, channels);
    czm_tensor in = czm_import_window_image(s, x, &win);
    czm_node *node = CZM_NODE(s, CZM_OP_Conv2DBackpropInput,
                              output_sizes(s, in, &win, more, channels),
                              filter(s, w, win.axes, 1, 0), in);
    czm_import_window_set(s, node, "strides", &win, win.strides);
    czm_import_window_set(s, node, "dilations", &win, win.dilations);
    czm_import_window_set_padding(s, node, &win);
    czm_import_window_put(s, add_bias(s, czm_output(node)), &win);
    return CZM_OK;
}
