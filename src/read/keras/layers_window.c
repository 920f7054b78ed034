// SPDX-License-Identifier: Apache-2.0
//
// Layers that slide a window over the image: convolutions and pools.
#include "read/keras/layers.h"

enum { MOST_SPATIAL = 3, MOST_STEPS = 256 };

typedef struct window {
    size_t rank;   // spatial dimensions
    bool is_first; // channels first
    const char *padding;
    int64_t strides[MOST_SPATIAL], dilations[MOST_SPATIAL];
} window;

static window window_of(czm_keras_call *c) {
    window w = {.rank = c->layer->class->rank, .is_first = czm_keras_is_channels_first(c)};
    czm_keras_get_sizes(c, "strides", w.rank, 1, w.strides);
    czm_keras_get_sizes(c, "dilation_rate", w.rank, 1, w.dilations);
    bool is_causal = czm_text_equal(czm_config_text(c->config, "padding", ""), "causal");
    w.padding = is_causal ? "VALID" : czm_keras_padding(c);
    return w;
}

// With padding "same", Theano begins half a window before the image, and for pools later. TensorFlow does the same if
// the window has an odd size and the strides are 1.
static void check_padding_of_theano(czm_keras_call *c, const window *w, const int64_t *size,
                                    bool is_pool) {
    if (!c->b->file->is_theano || !czm_text_equal(w->padding, "SAME")) return;
    for (size_t i = 0; i < w->rank; i++) {
        int64_t length = w->dilations[i] * (size[i] - 1) + 1;
        bool is_same = w->strides[i] == 1 && (is_pool ? length == 3 : length % 2 == 1);
        if (length == 1 || is_same) continue;
        czm_keras_fail(
            c, "load the model in Keras 2 with TensorFlow, compare its results, and save it",
            "padding \"same\" of Theano is supported for odd sizes without strides, and "
            "for pools of 3 pixels");
    }
}

// One value for each dimension, 1 for batch and channels.
static void set_list(czm_keras_call *c, czm_node *node, const char *name, const window *w,
                     const int64_t *values) {
    int64_t all[MOST_SPATIAL + 2] = {1, 1, 1, 1, 1};
    for (size_t i = 0; i < w->rank; i++) all[i + 1 + w->is_first] = values[i];
    czm_set_ints(c->graph, node, name, all, w->rank + 2);
}

static void set_format(czm_keras_call *c, czm_node *node, const window *w) {
    static const char *const formats[][2] = {{"NHWC", "NCHW"}, {"NDHWC", "NCDHW"}};
    czm_set_string(c->graph, node, "data_format", formats[w->rank == 3][w->is_first]);
}

static czm_keras_tensor with_window(czm_keras_call *c, czm_node *node, const window *w) {
    set_list(c, node, "strides", w, w->strides);
    set_list(c, node, "dilations", w, w->dilations);
    czm_set_string(c->graph, node, "padding", w->padding);
    set_format(c, node, w);
    return czm_keras_output(c, node, 0);
}

czm_keras_tensor czm_keras_finish(czm_keras_call *c, czm_keras_tensor y) {
    bool is_window = c->layer->class->rank > 0;
    if (czm_keras_has_weight(c, "bias")) {
        czm_node *node =
            CZM_KERAS_NODE(c, CZM_OP_BiasAdd, y,
                           czm_keras_weight_as(c, "bias", "BiasAdd/ReadVariableOp", 1));
        bool is_first = is_window && czm_keras_is_channels_first(c);
        czm_set_string(c->graph, node, "data_format", is_first ? "NCHW" : "NHWC");
        y = czm_keras_output(c, node, 0);
    }
    return czm_keras_activate(c, czm_config_get(c->config, "activation"), y);
}

// ---- one dimension, as an image of height 1

static czm_keras_tensor expand(czm_keras_call *c, czm_keras_tensor x, int64_t axis) {
    return CZM_KERAS_OP(c, CZM_OP_ExpandDims, x, czm_keras_int(c, "ExpandDims/dim", axis));
}

static czm_keras_tensor squeeze(czm_keras_call *c, czm_keras_tensor x, int64_t axis) {
    czm_node *node = CZM_KERAS_NODE(c, CZM_OP_Squeeze, x);
    czm_set_ints(c->graph, node, "squeeze_dims", &axis, 1);
    return czm_keras_output(c, node, 0);
}

// A window of one dimension as that of two, over channels last.
static window as_flat(const window *w) {
    window flat = *w;
    flat.rank = 2;
    flat.is_first = false;
    flat.strides[0] = flat.dilations[0] = 1;
    flat.strides[1] = w->strides[0];
    flat.dilations[1] = w->dilations[0];
    return flat;
}

static czm_keras_tensor swap_last(czm_keras_call *c, czm_keras_tensor x) {
    return czm_keras_transpose(c, x, (const int64_t[]){0, 2, 1}, 3);
}

// Causal padding: zeros before the first element, so that an output depends on no later input.
static czm_keras_tensor pad_causally(czm_keras_call *c, czm_keras_tensor x, const window *w,
                                     int64_t length) {
    int64_t before = w->dilations[0] * (length - 1);
    bool is_causal = czm_text_equal(czm_config_text(c->config, "padding", ""), "causal");
    if (!is_causal) return x;
    return CZM_KERAS_OP(c, CZM_OP_Pad, x,
                        czm_keras_matrix(c, "Pad/paddings",
                                         (const int64_t[]){0, 0, before, 0, 0, 0}, 3));
}

// ---- convolutions

// Checks that the kernel has the shape of the configuration.
static const int64_t *check_kernel(czm_keras_call *c, const char *name, const window *w) {
    int64_t size[MOST_SPATIAL];
    size_t rank = w->rank;
    const int64_t *dims = czm_keras_weight_dims(c, name, rank + 2);
    czm_keras_get_sizes(c, "kernel_size", rank, 1, size);
    check_padding_of_theano(c, w, size, false);
    for (size_t i = 0; i < rank && !c->b->status; i++)
        if (dims[i] != size[i])
            czm_keras_fail_damaged(c, "the weight \"%s\" does not have the layer's kernel_size",
                                   name);
    for (size_t i = 0; i < rank + 2 && !c->b->status; i++)
        if (dims[i] < 1) czm_keras_fail_damaged(c, "the weight \"%s\" is empty", name);
    return dims;
}

static czm_keras_tensor convolve_line(czm_keras_call *c, czm_keras_tensor x, const window *w) {
    const int64_t *dims = check_kernel(c, "kernel", w);
    window flat = as_flat(w);
    if (w->is_first) x = swap_last(c, x);
    x = expand(c, pad_causally(c, x, w, dims[0]), -3);
    czm_keras_tensor kernel =
        expand(c, czm_keras_weight_as(c, "kernel", "Conv1D/ExpandDims_1/ReadVariableOp", 3), 0);
    czm_node *node = czm_keras_node(c, "Conv1D", CZM_OP_Conv2D, CZM_KERAS_INPUTS(x, kernel));
    czm_keras_tensor y = squeeze(c, with_window(c, node, &flat), -3);
    return w->is_first ? swap_last(c, y) : y;
}

czm_keras_tensor czm_keras_build_convolution(czm_keras_call *c) {
    window w = window_of(c);
    czm_op_kind op = w.rank == 3 ? CZM_OP_Conv3D : CZM_OP_Conv2D;
    if (w.rank == 1) return czm_keras_finish(c, convolve_line(c, c->in[0], &w));
    check_kernel(c, "kernel", &w);
    const char *read = czm_arena_format(c->arena, "%s/ReadVariableOp", czm_op_name(op));
    czm_node *node =
        CZM_KERAS_NODE(c, op, c->in[0], czm_keras_weight_as(c, "kernel", read, w.rank + 2));
    return czm_keras_finish(c, with_window(c, node, &w));
}

static czm_keras_tensor depthwise(czm_keras_call *c, const char *name, czm_keras_tensor x,
                                  czm_keras_tensor kernel, const window *w) {
    czm_node *node =
        czm_keras_node(c, name, CZM_OP_DepthwiseConv2dNative, CZM_KERAS_INPUTS(x, kernel));
    return with_window(c, node, w);
}

czm_keras_tensor czm_keras_build_depthwise(czm_keras_call *c) {
    window w = window_of(c);
    check_kernel(c, "kernel", &w);
    czm_keras_tensor x = c->in[0];
    czm_keras_tensor kernel =
        czm_keras_weight_as(c, "kernel", "depthwise/ReadVariableOp", w.rank + 2);
    if (w.rank == 2) return czm_keras_finish(c, depthwise(c, "depthwise", x, kernel, &w));
    window flat = as_flat(&w);
    flat.strides[0] = flat.strides[1]; // its op has one stride for both
    if (w.is_first) x = swap_last(c, x);
    kernel = expand(c, kernel, 0);
    czm_keras_tensor y = squeeze(c, depthwise(c, "depthwise", expand(c, x, 1), kernel, &flat), 1);
    return czm_keras_finish(c, w.is_first ? swap_last(c, y) : y);
}

static czm_keras_tensor separable(czm_keras_call *c, czm_keras_tensor x, czm_keras_tensor deep,
                                  czm_keras_tensor point, const window *w) {
    window small = {w->rank, w->is_first, "VALID", {1, 1, 1}, {1, 1, 1}};
    czm_keras_tensor y = depthwise(c, "separable_conv2d/depthwise", x, deep, w);
    czm_node *node =
        czm_keras_node(c, "separable_conv2d", CZM_OP_Conv2D, CZM_KERAS_INPUTS(y, point));
    return with_window(c, node, &small);
}

czm_keras_tensor czm_keras_build_separable(czm_keras_call *c) {
    window w = window_of(c);
    czm_keras_tensor x = c->in[0];
    const int64_t *dims = check_kernel(c, "depthwise", &w);
    czm_keras_tensor deep =
        czm_keras_weight_as(c, "depthwise", "separable_conv2d/ReadVariableOp", w.rank + 2);
    czm_keras_tensor point =
        czm_keras_weight_as(c, "pointwise", "separable_conv2d/ReadVariableOp_1", w.rank + 2);
    if (w.rank == 2) return czm_keras_finish(c, separable(c, x, deep, point, &w));
    window flat = as_flat(&w);
    flat.strides[0] = flat.strides[1];
    if (w.is_first) x = swap_last(c, x);
    x = expand(c, pad_causally(c, x, &w, dims[0]), 1);
    point = expand(c, point, 0);
    czm_keras_tensor y = squeeze(c, separable(c, x, expand(c, deep, 0), point, &flat), 1);
    return czm_keras_finish(c, w.is_first ? swap_last(c, y) : y);
}

// ---- transposed convolutions

// The size of the output along one dimension, as Keras computes it.
static czm_keras_size transposed_size(czm_keras_call *c, czm_keras_size size, int64_t kernel,
                                      int64_t stride, const char *padding, int64_t rest) {
    bool is_same = czm_text_equal(padding, "SAME");
    if (rest < 0) {
        size = czm_keras_size_with(c, CZM_OP_Mul, size, stride);
        int64_t more = kernel > stride ? kernel - stride : 0;
        return is_same ? size : czm_keras_size_with(c, CZM_OP_AddV2, size, more);
    }
    size = czm_keras_size_with(c, CZM_OP_Mul, czm_keras_size_with(c, CZM_OP_Sub, size, 1), stride);
    size = czm_keras_size_with(c, CZM_OP_AddV2, size, kernel);
    size = czm_keras_size_with(c, CZM_OP_Sub, size, is_same ? 2 * (kernel / 2) : 0);
    return czm_keras_size_with(c, CZM_OP_AddV2, size, rest);
}

static czm_keras_tensor transposed_shape(czm_keras_call *c, czm_keras_tensor x, const window *w,
                                         const int64_t *kernel) {
    int64_t rest[MOST_SPATIAL] = {-1, -1, -1};
    size_t rank;
    bool has_rest = czm_config_get(c->config, "output_padding") != NULL;
    if (has_rest && !czm_config_sizes(c->config, "output_padding", w->rank, 0, rest))
        czm_keras_fail_damaged(c, "output_padding must be %zu numbers", w->rank);
    if (has_rest && c->layer->class->rank == 1) rest[0] = -1; // a line has height 1
    czm_keras_size *sizes = czm_keras_sizes(c, x, &rank);
    if (rank != w->rank + 2) {
        czm_keras_fail_damaged(c, "the layer's input has %zu dimensions", rank);
        return czm_keras_int(c, "stack", 0);
    }
    for (size_t i = 0; i < w->rank; i++) {
        czm_keras_size *size = &sizes[i + 1 + w->is_first];
        int64_t length = w->dilations[i] * (kernel[i] - 1) + 1;
        *size = transposed_size(c, *size, length, w->strides[i], w->padding, rest[i]);
    }
    sizes[w->is_first ? 1 : rank - 1] = czm_keras_known(kernel[w->rank]);
    return czm_keras_pack(c, "stack", sizes, rank);
}

static czm_keras_tensor transpose_line(czm_keras_call *c, const window *w) {
    const int64_t *dims = check_kernel(c, "kernel", w);
    const int64_t flat_dims[] = {1, dims[0], dims[1], dims[2]};
    window flat = as_flat(w);
    czm_keras_tensor x = w->is_first ? swap_last(c, c->in[0]) : c->in[0];
    czm_keras_tensor kernel =
        czm_keras_weight_as(c, "kernel", "conv1d_transpose/ReadVariableOp", 3);
    x = expand(c, x, 1);
    kernel = expand(c, kernel, 0);
    window line = flat; // along the height nothing happens
    line.padding = w->padding;
    czm_keras_tensor shape = transposed_shape(c, x, &line, flat_dims);
    czm_node *node = czm_keras_node(c, "conv1d_transpose", CZM_OP_Conv2DBackpropInput,
                                    CZM_KERAS_INPUTS(shape, kernel, x));
    czm_keras_tensor y = squeeze(c, with_window(c, node, &flat), 1);
    return w->is_first ? swap_last(c, y) : y;
}

czm_keras_tensor czm_keras_build_transposed(czm_keras_call *c) {
    window w = window_of(c);
    if (w.rank == 1) return czm_keras_finish(c, transpose_line(c, &w));
    const int64_t *dims = check_kernel(c, "kernel", &w);
    const char *name = w.rank == 3 ? "conv3d_transpose" : "conv2d_transpose";
    czm_op_kind op = w.rank == 3 ? CZM_OP_Conv3DBackpropInputV2 : CZM_OP_Conv2DBackpropInput;
    czm_keras_tensor shape = transposed_shape(c, c->in[0], &w, dims);
    const char *read = czm_arena_format(c->arena, "%s/ReadVariableOp", name);
    czm_keras_tensor kernel = czm_keras_weight_as(c, "kernel", read, w.rank + 2);
    czm_node *node = czm_keras_node(c, name, op, CZM_KERAS_INPUTS(shape, kernel, c->in[0]));
    return czm_keras_finish(c, with_window(c, node, &w));
}

// ---- pools

static czm_keras_tensor pool(czm_keras_call *c, czm_keras_tensor x, const window *w,
                             const int64_t *size) {
    czm_op_kind op = c->layer->class->op;
    czm_node *node = CZM_KERAS_NODE(c, op, x);
    set_list(c, node, "ksize", w, size);
    set_list(c, node, "strides", w, w->strides);
    czm_set_string(c->graph, node, "padding", w->padding);
    set_format(c, node, w);
    return czm_keras_output(c, node, 0);
}

czm_keras_tensor czm_keras_build_pool(czm_keras_call *c) {
    window w = window_of(c);
    int64_t size[MOST_SPATIAL] = {1, 1, 1};
    czm_keras_get_sizes(c, "pool_size", w.rank, 2, size);
    if (!czm_config_get(c->config, "strides")) memcpy(w.strides, size, sizeof size);
    check_padding_of_theano(c, &w, size, true);
    if (w.rank > 1) return pool(c, c->in[0], &w, size);
    window column = {2, false, w.padding, {w.strides[0], 1}, {1, 1}};
    czm_keras_tensor x = w.is_first ? swap_last(c, c->in[0]) : c->in[0];
    czm_keras_tensor y =
        squeeze(c, pool(c, expand(c, x, 2), &column, (const int64_t[]){size[0], 1}), 2);
    return w.is_first ? swap_last(c, y) : y;
}

czm_keras_tensor czm_keras_build_global_pool(czm_keras_call *c) {
    int64_t axes[MOST_SPATIAL];
    size_t rank = c->layer->class->rank;
    bool is_first = czm_keras_is_channels_first(c);
    for (size_t i = 0; i < rank; i++) axes[i] = (int64_t)i + 1 + is_first;
    czm_op_kind op = c->layer->class->op;
    return czm_keras_reduce(c, NULL, op, c->in[0], axes, rank,
                            czm_config_bool(c->config, "keepdims", false));
}

// The window of each output from floor(i n / m) to ceil((i + 1) n / m), along one axis.
static czm_keras_tensor pool_evenly(czm_keras_call *c, czm_keras_tensor x, int64_t axis,
                                    int64_t size, int64_t count) {
    czm_op_kind op = c->layer->class->op;
    czm_keras_tensor *parts = CZM_NEW_ARRAY(c->arena, czm_keras_tensor, (size_t)count);
    for (int64_t i = 0; i < count; i++) {
        int64_t begin = i * size / count, end = ((i + 1) * size + count - 1) / count;
        parts[i] =
            czm_keras_reduce(c, NULL, op, czm_keras_slice(c, x, axis, begin, end), &axis, 1, true);
    }
    return count > 1 ? czm_keras_concatenate(c, parts, (size_t)count, axis) : parts[0];
}

czm_keras_tensor czm_keras_build_adaptive_pool(czm_keras_call *c) {
    int64_t counts[MOST_SPATIAL];
    size_t rank = c->layer->class->rank;
    bool is_first = czm_keras_is_channels_first(c);
    czm_keras_tensor x = c->in[0];
    czm_shape shape = czm_keras_shape(c, x);
    czm_keras_get_sizes(c, "output_size", rank, 1, counts);
    for (size_t i = 0; i < rank && !c->b->status; i++) {
        int64_t axis = (int64_t)i + 1 + is_first;
        int64_t size = shape.rank == (int)rank + 2 ? shape.dims[axis] : CZM_UNKNOWN;
        if (size < 1 || size > INT32_MAX || counts[i] > MOST_STEPS)
            czm_keras_fail(c, "give the input of the network a fixed size",
                           "the size of its input is not known, or its result is too large");
        else
            x = pool_evenly(c, x, axis, size, counts[i]);
    }
    return x;
}

// ---- locally connected layers

// As [rows, columns, pixels and channels, filters]. `pixels` is the number of pixels of one window. With
// channels first, Keras stores the channels before the pixels.
static czm_keras_tensor local_kernel(czm_keras_call *c, bool is_first, const int64_t *places,
                                     int64_t pixels) {
    const int64_t *dims = czm_keras_weight_dims(c, "kernel", 3);
    int64_t channels = dims[1] / pixels;
    czm_keras_tensor kernel = czm_keras_weight_as(c, "kernel", CZM_KERAS_READ, 3);
    if (dims[0] != places[0] * places[1] || channels * pixels != dims[1])
        czm_keras_fail_damaged(c, "the weight \"kernel\" is not of the layer's kernel_size");
    if (is_first) {
        const int64_t stored[] = {dims[0], channels, pixels, dims[2]}, order[] = {0, 2, 1, 3};
        kernel = czm_keras_reshape_to(c, kernel, stored, 4);
        kernel = czm_keras_transpose(c, kernel, order, 4);
    }
    const int64_t used[] = {places[0], places[1], dims[1], dims[2]};
    return czm_keras_reshape_to(c, kernel, used, 4);
}

static czm_keras_tensor local_bias(czm_keras_call *c, czm_keras_tensor y, size_t rank,
                                   bool is_first) {
    const int64_t *dims = czm_keras_weight_dims(c, "bias", rank + 1);
    czm_keras_tensor bias = czm_keras_weight_as(c, "bias", "add/ReadVariableOp", rank + 1);
    int64_t turned[MOST_SPATIAL + 1] = {dims[rank]};
    memcpy(turned + 1, dims, rank * sizeof *dims);
    if (is_first) // Keras reshapes it, and does not transpose it
        bias = czm_keras_reshape_to(c, bias, turned, rank + 1);
    return CZM_KERAS_OP(c, CZM_OP_AddV2, y, bias);
}

// A kernel for each place of the image.
czm_keras_tensor czm_keras_build_local(czm_keras_call *c) {
    window w = window_of(c);
    size_t rank = w.rank;
    bool is_first = w.is_first;
    int64_t size[MOST_SPATIAL + 1] = {1, 1};
    czm_keras_get_sizes(c, "kernel_size", rank, 1, size + (rank == 1));
    if (czm_config_int(c->config, "implementation", 1) != 1)
        czm_keras_fail(c, "build the layer with implementation=1",
                       "only implementation 1 is supported");
    czm_keras_tensor x = is_first ? czm_keras_move_axis(c, c->in[0], 1, rank + 1, rank + 2)
                                  : c->in[0];
    w.is_first = false;
    if (rank == 1) {
        x = expand(c, x, 1);
        w = as_flat(&w);
    }
    czm_node *node = CZM_KERAS_NODE(c, CZM_OP_ExtractImagePatches, x);
    set_list(c, node, "ksizes", &w, size);
    set_list(c, node, "strides", &w, w.strides);
    set_list(c, node, "rates", &w, w.dilations);
    czm_set_string(c->graph, node, "padding", w.padding);
    czm_shape shape = czm_keras_shape(c, czm_keras_output(c, node, 0));
    if (shape.rank != 4) czm_keras_fail_damaged(c, "the layer's input is not an image or a line");
    if (c->b->status) return c->in[0];
    czm_node *product = czm_keras_node(c, "einsum/Einsum", CZM_OP_Einsum,
                                       CZM_KERAS_INPUTS(czm_keras_output(c, node, 0),
                                                        local_kernel(c, is_first, shape.dims + 1,
                                                                     size[0] * size[1])));
    czm_set_string(c->graph, product, "equation", "bhwk,hwkf->bhwf");
    czm_keras_tensor y = czm_keras_output(c, product, 0);
    if (rank == 1) y = squeeze(c, y, 1);
    if (is_first) y = czm_keras_move_axis(c, y, rank + 1, 1, rank + 2);
    if (czm_keras_has_weight(c, "bias")) y = local_bias(c, y, rank, is_first);
    return czm_keras_activate(c, czm_config_get(c->config, "activation"), y);
}

// ---- ConvLSTM: its steps in time, one after the other

typedef struct gates {
    czm_keras_tensor input, forget, candidate, output;
} gates;

static czm_keras_tensor slice_time(czm_keras_call *c, czm_keras_tensor x, int64_t step) {
    const int64_t begin[] = {0, step}, end[] = {0, step + 1};
    czm_node *node = czm_keras_slices(c, x, begin, end, NULL, 2, 1, 1);
    czm_set_int(c->graph, node, "shrink_axis_mask", 2);
    return czm_keras_output(c, node, 0);
}

static czm_keras_tensor convolve_state(czm_keras_call *c, czm_keras_tensor x, const char *weight,
                                       const window *w) {
    czm_op_kind op = w->rank == 3 ? CZM_OP_Conv3D : CZM_OP_Conv2D;
    czm_keras_tensor kernel =
        czm_keras_weight_as(c, weight, "convolution/ReadVariableOp", c->layer->class->rank + 2);
    if (c->layer->class->rank == 1) kernel = expand(c, kernel, 0);
    return with_window(c, czm_keras_node(c, "convolution", op, CZM_KERAS_INPUTS(x, kernel)), w);
}

static gates split_gates(czm_keras_call *c, czm_keras_tensor z, size_t rank) {
    czm_node *node =
        CZM_KERAS_NODE(c, CZM_OP_Split, czm_keras_int(c, "split/split_dim", (int64_t)rank + 1), z);
    czm_set_int(c->graph, node, "num_split", 4);
    const json_t *gate = czm_config_get(c->config, "recurrent_activation");
    return (gates){czm_keras_activate(c, gate, czm_keras_output(c, node, 0)),
                   czm_keras_activate(c, gate, czm_keras_output(c, node, 1)),
                   czm_keras_activate(c, czm_config_get(c->config, "activation"),
                                      czm_keras_output(c, node, 2)),
                   czm_keras_activate(c, gate, czm_keras_output(c, node, 3))};
}

// One step: updates the cell's state and returns the output. A cell without a node is at the first step.
static czm_keras_tensor step_of(czm_keras_call *c, czm_keras_tensor x, const window *w,
                                czm_keras_tensor *cell, czm_keras_tensor state) {
    window small = {w->rank, false, "SAME", {1, 1, 1}, {1, 1, 1}};
    czm_keras_tensor z = convolve_state(c, x, "kernel", w);
    if (czm_keras_has_weight(c, "bias"))
        z = CZM_KERAS_OP(c, CZM_OP_BiasAdd, z,
                         czm_keras_weight_as(c, "bias", "BiasAdd/ReadVariableOp", 1));
    if (*cell)
        z = CZM_KERAS_OP(c, CZM_OP_AddV2, z, convolve_state(c, state, "recurrent_kernel", &small));
    gates g = split_gates(c, z, w->rank);
    czm_keras_tensor fresh = CZM_KERAS_OP(c, CZM_OP_Mul, g.input, g.candidate);
    if (*cell)
        fresh = CZM_KERAS_AS(c, "add", CZM_OP_AddV2, CZM_KERAS_OP(c, CZM_OP_Mul, g.forget, *cell),
                             fresh);
    *cell = fresh;
    czm_keras_tensor shown = czm_keras_activate(c, czm_config_get(c->config, "activation"), fresh);
    return CZM_KERAS_OP(c, CZM_OP_Mul, g.output, shown);
}

// How many steps there are; 0 after a fault.
static int64_t count_steps(czm_keras_call *c, size_t rank) {
    static const char *const unsupported[] = {"stateful", "return_state"};
    czm_shape shape = czm_keras_shape(c, c->in[0]);
    int64_t steps = shape.rank == (int)rank + 3 ? shape.dims[1] : CZM_UNKNOWN;
    for (size_t i = 0; i < CZM_COUNT_OF(unsupported); i++)
        if (czm_config_bool(c->config, unsupported[i], false))
            czm_keras_fail(c, NULL, "%s is not supported", unsupported[i]);
    if (steps < 1 || steps > MOST_STEPS)
        czm_keras_fail(c, NULL, "the number of steps in time is not known, or too large");
    return c->b->status ? 0 : steps;
}

czm_keras_tensor czm_keras_build_convolution_lstm(czm_keras_call *c) {
    window w = window_of(c), small = {w.rank, false, "SAME", {1, 1, 1}, {1, 1, 1}};
    size_t rank = w.rank;
    int64_t steps = count_steps(c, rank);
    check_kernel(c, "kernel", &w);
    check_kernel(c, "recurrent_kernel", &small);
    if (c->b->status) return c->in[0];
    bool is_first = w.is_first, is_line = rank == 1;
    bool is_backward = czm_config_bool(c->config, "go_backwards", false);
    czm_keras_tensor x = is_first ? czm_keras_move_axis(c, c->in[0], 2, rank + 2, rank + 3)
                                  : c->in[0];
    w.is_first = false;
    if (is_line) w = as_flat(&w);
    czm_keras_tensor *all = CZM_NEW_ARRAY(c->arena, czm_keras_tensor, (size_t)steps), cell = NULL,
                     state = NULL;
    for (int64_t t = 0; t < steps && !c->b->status; t++) {
        czm_keras_tensor image = slice_time(c, x, is_backward ? steps - 1 - t : t);
        state = step_of(c, is_line ? expand(c, image, 1) : image, &w, &cell, state);
        all[t] = is_line ? squeeze(c, state, 1) : state;
    }
    if (c->b->status) return c->in[0];
    if (!czm_config_bool(c->config, "return_sequences", false))
        return is_first ? czm_keras_move_axis(c, all[steps - 1], rank + 1, 1, rank + 2)
                        : all[steps - 1];
    czm_node *node = czm_keras_node(c, "stack", CZM_OP_Pack, all, (size_t)steps);
    czm_set_int(c->graph, node, "axis", 1);
    return is_first ? czm_keras_move_axis(c, czm_keras_output(c, node, 0), rank + 2, 2, rank + 3)
                    : czm_keras_output(c, node, 0);
}
