// SPDX-License-Identifier: Apache-2.0
//
// Operations that join, cut and rearrange, and those on images.
#include "read/keras/operations.h"

enum { MOST_RANK = CZM_KERAS_HIGHEST_RANK, MOST_PARTS = 256 };

// ---- joining and cutting

czm_keras_tensor czm_keras_op_concat(czm_keras_call *c, czm_op_kind op) {
    (void)op;
    size_t count;
    int64_t axis = czm_keras_axis(c, "axis", czm_keras_rank(c, c->in[0]), 0);
    czm_keras_tensor *parts = czm_keras_operands(c, &count);
    return czm_keras_concatenate(c, parts, count, axis);
}

czm_keras_tensor czm_keras_op_stack(czm_keras_call *c, czm_op_kind op) {
    (void)op;
    size_t count;
    czm_keras_tensor *parts = czm_keras_operands(c, &count);
    czm_node *node = czm_keras_node(c, "stack", CZM_OP_Pack, parts, count);
    czm_set_int(c->graph, node, "axis",
                czm_keras_axis(c, "axis", czm_keras_rank(c, c->in[0]) + 1, 0));
    return czm_keras_output(c, node, 0);
}

// Equal parts, or the places where they begin (Keras 3), or their sizes (Keras 2).
czm_keras_tensor czm_keras_op_split(czm_keras_call *c, czm_op_kind op) {
    (void)op;
    int64_t sizes[MOST_PARTS], end;
    const json_t *value = czm_keras_either(c, "num_or_size_splits", "indices_or_sections");
    size_t rank = czm_keras_rank(c, c->in[0]),
           count = czm_config_ints(value, sizes, MOST_PARTS - 1);
    int64_t axis = czm_keras_axis(c, "axis", rank, 0);
    czm_keras_tensor dim = czm_keras_int(c, "split/split_dim", axis);
    if (json_is_integer(value) && count == 1 && sizes[0] > 0) {
        czm_node *node = czm_keras_node(c, "split", CZM_OP_Split, CZM_KERAS_INPUTS(dim, c->in[0]));
        czm_set_int(c->graph, node, "num_split", sizes[0]);
        return czm_keras_output(c, node, 0);
    }
    end = count && rank ? czm_keras_shape(c, c->in[0]).dims[axis] : CZM_UNKNOWN;
    if (count == 0 || (c->layer->is_operation && end == CZM_UNKNOWN)) {
        czm_keras_fail(c, NULL, "the sizes of the parts are not known");
        return c->in[0];
    }
    if (c->layer->is_operation) {
        sizes[count++] = end;
        for (size_t i = count; i-- > 1;) sizes[i] -= sizes[i - 1];
    }
    czm_node *node =
        czm_keras_node(c, "split", CZM_OP_SplitV,
                       CZM_KERAS_INPUTS(c->in[0],
                                        czm_keras_ints(c, "split/size_splits", sizes, count), dim));
    czm_set_int(c->graph, node, "num_split", (int64_t)count);
    return czm_keras_output(c, node, 0);
}

czm_keras_tensor czm_keras_op_unstack(czm_keras_call *c, czm_op_kind op) {
    (void)op;
    size_t rank = czm_keras_rank(c, c->in[0]);
    int64_t axis = czm_keras_axis(c, "axis", rank, 0);
    int64_t count = rank ? czm_keras_shape(c, c->in[0]).dims[axis] : 1;
    if (count < 1 || count > MOST_PARTS) {
        czm_keras_fail(c, NULL, "the number of its parts is not known, or too large");
        return c->in[0];
    }
    czm_node *node = czm_keras_node(c, "unstack", CZM_OP_Unpack, c->in, 1);
    czm_set_int(c->graph, node, "num", count);
    czm_set_int(c->graph, node, "axis", axis);
    return czm_keras_output(c, node, 0);
}

czm_keras_tensor czm_keras_op_take(czm_keras_call *c, czm_op_kind op) {
    (void)op;
    int64_t places[MOST_PARTS];
    const json_t *value = czm_keras_option(c, "indices");
    for (size_t i = 0; !value && i < c->arguments->count; i++) // by position
        if (!c->arguments->items[i].is_tensor) value = c->arguments->items[i].value;
    size_t count = czm_config_ints(value, places, MOST_PARTS), rank = czm_keras_rank(c, c->in[0]);
    bool has_axis = czm_keras_option(c, "axis") || !c->layer->is_operation;
    int64_t axis = czm_keras_axis(c, "axis", rank, 0),
            size = rank ? czm_keras_shape(c, c->in[0]).dims[axis] : 0;
    bool is_good = count > 0 && has_axis && c->in_count == 1;
    for (size_t i = 0; i < count; i++) {
        if (places[i] < 0 && size != CZM_UNKNOWN) places[i] += size;
        is_good &= places[i] >= 0;
    }
    if (!is_good) czm_keras_fail(c, NULL, "its indices are not numbers along one axis");
    czm_keras_tensor indices = json_is_array(value)
                                   ? czm_keras_ints(c, "indices", places, count)
                                   : czm_keras_int(c, "indices", count ? places[0] : 0);
    return CZM_KERAS_OP(c, CZM_OP_GatherV2, c->in[0], indices,
                        czm_keras_int(c, "GatherV2/axis", axis));
}

// A slice of one dimension, an ellipsis, or a new axis.
typedef struct slicing {
    int64_t begin[2 * MOST_RANK], end[2 * MOST_RANK], step[2 * MOST_RANK];
    int64_t begin_mask, end_mask, ellipsis_mask, new_axis_mask, shrink_mask;
    size_t count;
} slicing;

static bool set_bound(const json_t *slice, const char *key, int64_t absent, int64_t *out,
                      bool *is_open) {
    const json_t *value = json_object_get(slice, key);
    *is_open = !value || json_is_null(value);
    *out = absent;
    return *is_open || czm_config_ints(value, out, 1) == 1;
}

// {"class_name": "__slice__", "config": {"start", "stop", "step"}}, the inner object alone (Keras 2),
// an ellipsis, a number, or null for a new axis.
static bool add_slice(slicing *s, const json_t *value) {
    size_t i = s->count++;
    bool is_open;
    s->begin[i] = s->end[i] = 0;
    s->step[i] = 1;
    if (json_is_null(value)) {
        s->new_axis_mask |= 1 << i;
    } else if (czm_text_equal(czm_config_class(value), "__ellipsis__")) {
        s->ellipsis_mask |= 1 << i;
    } else if (json_is_integer(value)) {
        if (czm_config_ints(value, &s->begin[i], 1) != 1) return false;
        s->end[i] = s->begin[i] + 1;
        s->shrink_mask |= 1 << i;
        if (s->begin[i] == -1) s->end_mask |= 1 << i;
    } else if (json_is_object(value)) {
        const json_t *inner = json_object_get(value, "config");
        if (!json_is_object(inner)) inner = value;
        if (!set_bound(inner, "start", 0, &s->begin[i], &is_open)) return false;
        s->begin_mask |= is_open ? 1 << i : 0;
        if (!set_bound(inner, "stop", 0, &s->end[i], &is_open)) return false;
        s->end_mask |= is_open ? 1 << i : 0;
        return set_bound(inner, "step", 1, &s->step[i], &is_open);
    } else {
        return false;
    }
    return true;
}

static const json_t *slices_of(const czm_keras_call *c) {
    const json_t *named = czm_keras_either(c, "slice_spec", "key");
    if (named) return named;
    for (size_t i = 0; i < c->arguments->count; i++)
        if (!c->arguments->items[i].name && !c->arguments->items[i].is_tensor)
            return c->arguments->items[i].value;
    return NULL;
}

czm_keras_tensor czm_keras_op_get_item(czm_keras_call *c, czm_op_kind op) {
    (void)op;
    slicing s = {.count = 0};
    const json_t *slices = slices_of(c);
    bool is_list = json_is_array(slices), is_good = slices != NULL;
    size_t count = is_list ? json_array_size(slices) : 1;
    if (count > CZM_COUNT_OF(s.begin)) is_good = false;
    for (size_t i = 0; i < count && is_good; i++)
        is_good = add_slice(&s, is_list ? json_array_get(slices, i) : slices);
    if (!is_good || s.count == 0) {
        czm_keras_fail(c, NULL, "a slice of the operation does not consist of numbers");
        return c->in[0];
    }
    czm_node *node =
        czm_keras_slices(c, c->in[0], s.begin, s.end, s.step, s.count, s.begin_mask, s.end_mask);
    czm_set_int(c->graph, node, "ellipsis_mask", s.ellipsis_mask);
    czm_set_int(c->graph, node, "new_axis_mask", s.new_axis_mask);
    czm_set_int(c->graph, node, "shrink_axis_mask", s.shrink_mask);
    return czm_keras_output(c, node, 0);
}

// ---- shapes

// The sizes of a list, of which some may be tensors; false: a size is no number.
static bool new_sizes(const czm_keras_call *c, czm_keras_size *sizes, size_t *count) {
    int64_t dims[MOST_RANK];
    const json_t *target = czm_keras_either(c, "newshape", "shape");
    *count = 0;
    for (size_t i = 0; i < c->arguments->count; i++) {
        const czm_keras_argument *a = &c->arguments->items[i];
        if (!a->name || !czm_text_equal(a->name, "shape")) continue;
        if (!a->is_tensor && json_is_array(a->value)) continue; // the whole list
        if (*count == MOST_RANK || (!a->is_tensor && czm_config_ints(a->value, dims, 1) != 1))
            return false;
        sizes[(*count)++] = a->is_tensor ? (czm_keras_size){CZM_UNKNOWN, c->tensors[i]}
                                         : czm_keras_known(dims[0]);
    }
    if (*count == 0 && target) *count = czm_config_ints(target, dims, MOST_RANK);
    for (size_t i = 0; i < *count && json_is_array(target); i++)
        sizes[i] = czm_keras_known(dims[i]);
    return *count > 0;
}

czm_keras_tensor czm_keras_op_ravel(czm_keras_call *c, czm_op_kind op) {
    (void)op;
    return czm_keras_reshape(c, c->in[0], &(czm_keras_size){-1, NULL}, 1);
}

czm_keras_tensor czm_keras_op_reshape(czm_keras_call *c, czm_op_kind op) {
    (void)op;
    size_t rank, open = 0, count;
    czm_keras_size sizes[MOST_RANK] = {{0}}, *own = czm_keras_sizes(c, c->in[0], &rank);
    bool is_good = new_sizes(c, sizes, &count);
    for (size_t i = 0; i < count; i++) open += !sizes[i].tensor && sizes[i].known == -1;
    if (open > 1 && sizes[0].known == -1)
        sizes[0] = own[0]; // Keras 3 writes null or -1 for the batch
    bool is_whole = count == 1 && sizes[0].tensor &&
                    czm_keras_shape(c, sizes[0].tensor).rank == 1; // a tensor is all of it
    if (is_whole) return CZM_KERAS_OP(c, CZM_OP_Reshape, c->in[0], sizes[0].tensor);
    if (is_good && rank) return czm_keras_reshape(c, c->in[0], sizes, count);
    czm_keras_fail(c, NULL, "the new shape is not a list of sizes");
    return c->in[0];
}

czm_keras_tensor czm_keras_op_transpose(czm_keras_call *c, czm_op_kind op) {
    (void)op;
    int64_t order[MOST_RANK];
    size_t rank = czm_keras_rank(c, c->in[0]);
    const json_t *axes = czm_keras_either(c, "axes", "perm");
    for (size_t i = 0; i < rank; i++) order[i] = (int64_t)(rank - 1 - i);
    if (axes && czm_config_ints(axes, order, MOST_RANK) != rank)
        czm_keras_fail_damaged(c, "the order must list each dimension of its input once");
    return czm_keras_transpose(c, c->in[0], order, rank);
}

czm_keras_tensor czm_keras_op_swap_axes(czm_keras_call *c, czm_op_kind op) {
    (void)op;
    int64_t order[MOST_RANK];
    size_t rank = czm_keras_rank(c, c->in[0]);
    int64_t a = czm_keras_axis(c, "axis1", rank, 0), b = czm_keras_axis(c, "axis2", rank, 0);
    for (size_t i = 0; i < rank; i++)
        order[i] = (int64_t)i == a ? b : (int64_t)i == b ? a : (int64_t)i;
    return czm_keras_transpose(c, c->in[0], order, rank);
}

czm_keras_tensor czm_keras_op_move_axis(czm_keras_call *c, czm_op_kind op) {
    (void)op;
    size_t rank = czm_keras_rank(c, c->in[0]);
    int64_t from = czm_keras_axis(c, "source", rank, 0),
            to = czm_keras_axis(c, "destination", rank, 0);
    if (json_array_size(czm_keras_option(c, "source")) > 1)
        czm_keras_fail(c, NULL, "only one axis can be moved");
    return czm_keras_move_axis(c, c->in[0], (size_t)from, (size_t)to, rank);
}

czm_keras_tensor czm_keras_op_repeat(czm_keras_call *c, czm_op_kind op) {
    (void)op;
    int64_t times;
    const json_t *value = czm_keras_option(c, "repeats");
    bool is_good = czm_keras_option(c, "axis") && json_is_integer(value) &&
                   czm_config_ints(value, &times, 1) == 1;
    if (is_good && times > 0)
        return czm_keras_repeat_along(
            c, c->in[0], (size_t)czm_keras_axis(c, "axis", czm_keras_rank(c, c->in[0]), 0), times);
    czm_keras_fail(c, NULL, "only whole repeats along one axis are supported");
    return c->in[0];
}

czm_keras_tensor czm_keras_op_flip(czm_keras_call *c, czm_op_kind op) {
    (void)op;
    int64_t axes[MOST_RANK];
    size_t count = czm_keras_all_axes(c, axes);
    return CZM_KERAS_OP(c, CZM_OP_ReverseV2, c->in[0],
                        czm_keras_ints(c, "ReverseV2/axis", axes, count));
}

czm_keras_tensor czm_keras_op_roll(czm_keras_call *c, czm_op_kind op) {
    (void)op;
    int64_t axes[MOST_RANK], shifts[MOST_RANK];
    size_t count = czm_keras_all_axes(c, axes);
    if (!czm_keras_option(c, "axis") || count != 1 ||
        czm_config_ints(czm_keras_option(c, "shift"), shifts, MOST_RANK) != 1)
        czm_keras_fail(c, NULL, "only one shift along one axis is supported");
    return CZM_KERAS_OP(c, CZM_OP_Roll, c->in[0], czm_keras_ints(c, "Roll/shift", shifts, 1),
                        czm_keras_ints(c, "Roll/axis", axes, 1));
}

czm_keras_tensor czm_keras_op_expand_dims(czm_keras_call *c, czm_op_kind op) {
    (void)op;
    int64_t axis = czm_keras_axis(c, "axis", czm_keras_rank(c, c->in[0]) + 1, 0);
    return CZM_KERAS_OP(c, CZM_OP_ExpandDims, c->in[0], czm_keras_int(c, "ExpandDims/dim", axis));
}

czm_keras_tensor czm_keras_op_squeeze(czm_keras_call *c, czm_op_kind op) {
    (void)op;
    int64_t axes[MOST_RANK];
    const json_t *axis = czm_keras_option(c, "axis");
    size_t count = axis ? czm_keras_axes(c, axis, czm_keras_rank(c, c->in[0]), axes) : 0;
    czm_node *node = CZM_KERAS_NODE(c, CZM_OP_Squeeze, c->in[0]);
    czm_set_ints(c->graph, node, "squeeze_dims", axes, count);
    return czm_keras_output(c, node, 0);
}

czm_keras_tensor czm_keras_op_tile(czm_keras_call *c, czm_op_kind op) {
    (void)op;
    int64_t repeats[MOST_RANK];
    size_t rank = czm_keras_rank(c, c->in[0]);
    size_t count = czm_config_ints(czm_keras_either(c, "repeats", "multiples"), repeats, MOST_RANK);
    if (count != rank)
        czm_keras_fail(c, NULL, "its list of repeats does not have one number for each dimension");
    return CZM_KERAS_OP(c, CZM_OP_Tile, c->in[0], czm_keras_ints(c, "multiples", repeats, count));
}

static bool is_mode(const char *mode, const char *small, const char *large) {
    return czm_text_equal(mode, small) || czm_text_equal(mode, large);
}

czm_keras_tensor czm_keras_op_pad(czm_keras_call *c, czm_op_kind op) {
    (void)op;
    int64_t pairs[2 * MOST_RANK];
    size_t rank = czm_keras_rank(c, c->in[0]);
    const json_t *widths = czm_keras_either(c, "pad_width", "paddings"),
                 *mode = czm_keras_option(c, "mode");
    const json_t *constant = czm_keras_option(c, "constant_values");
    const char *how = mode ? json_string_value(mode) : "constant";
    bool is_good = json_array_size(widths) == rank;
    for (size_t i = 0; i < rank && is_good; i++)
        is_good = czm_config_ints(json_array_get(widths, i), pairs + 2 * i, 2) == 2;
    if (!is_good || !how) {
        czm_keras_fail(c, NULL, "its paddings must be one pair of numbers for each dimension");
        return c->in[0];
    }
    czm_keras_tensor paddings = czm_keras_matrix(c, "Pad/paddings", pairs, rank);
    bool is_constant = is_mode(how, "constant", "CONSTANT");
    if (is_constant && json_number_value(constant) != 0)
        return CZM_KERAS_OP(c, CZM_OP_PadV2, c->in[0], paddings,
                            czm_keras_number(c, "PadV2/constant_values", czm_keras_dtype(c->in[0]),
                                             json_number_value(constant)));
    if (is_constant) return CZM_KERAS_OP(c, CZM_OP_Pad, c->in[0], paddings);
    bool is_reflected = is_mode(how, "reflect", "REFLECT");
    if (!is_reflected && !is_mode(how, "symmetric", "SYMMETRIC"))
        czm_keras_fail(c, NULL, "the mode \"%s\" is not supported", how);
    czm_node *node = CZM_KERAS_NODE(c, CZM_OP_MirrorPad, c->in[0], paddings);
    czm_set_string(c->graph, node, "mode", is_reflected ? "REFLECT" : "SYMMETRIC");
    return czm_keras_output(c, node, 0);
}

czm_keras_tensor czm_keras_op_resize(czm_keras_call *c, czm_op_kind op) {
    (void)op;
    int64_t size[2];
    static const char *const unsupported[] = {"preserve_aspect_ratio", "pad_to_aspect_ratio",
                                              "crop_to_aspect_ratio"};
    for (size_t i = 0; i < CZM_COUNT_OF(unsupported); i++)
        if (czm_keras_flag(c, unsupported[i]))
            czm_keras_fail(c, NULL, "%s is not supported", unsupported[i]);
    const char *how = json_string_value(czm_keras_either(c, "interpolation", "method"));
    czm_keras_tensor wanted = c->in[0];
    if (c->in_count == 2 && c->arguments->items[1].is_tensor)
        wanted = c->in[1];
    else if (c->in_count == 1 && czm_config_ints(czm_keras_option(c, "size"), size, 2) == 2)
        wanted = czm_keras_ints(c, "resize/size", size, 2);
    else
        czm_keras_fail(c, NULL, "the new size is not two numbers");
    czm_keras_sampling sampling = {how ? how : "bilinear", true, czm_keras_flag(c, "antialias")};
    return czm_keras_resize(c, sampling, c->in[0], wanted);
}

czm_keras_tensor czm_keras_op_blocks(czm_keras_call *c, czm_op_kind op) {
    int64_t size;
    if (czm_config_ints(czm_keras_option(c, "block_size"), &size, 1) != 1) size = 0;
    czm_node *node = CZM_KERAS_NODE(c, op, c->in[0]);
    czm_set_int(c->graph, node, "block_size", size);
    return czm_keras_output(c, node, 0);
}

// ---- others

czm_keras_tensor czm_keras_op_einsum(czm_keras_call *c, czm_op_kind op) {
    (void)op;
    const json_t *equation = czm_keras_either(c, "equation", "subscripts");
    for (size_t i = 0; i < c->arguments->count; i++) {
        const czm_keras_argument *a = &c->arguments->items[i];
        if (json_is_string(a->value) && !equation) equation = a->value;
        if (json_is_array(a->value) && !a->is_tensor)
            czm_keras_fail(c, NULL, "an operand of the operation is a constant");
    }
    if (!equation) czm_keras_fail(c, NULL, "the operation has no equation");
    czm_node *node = czm_keras_node(c, "einsum/Einsum", CZM_OP_Einsum, c->in, c->in_count);
    czm_set_string(c->graph, node, "equation", equation ? json_string_value(equation) : "");
    return czm_keras_output(c, node, 0);
}

// A number, or one for each dimension; for TensorFlow's also for batch and channels.
static bool pool_sizes(const json_t *value, int64_t *sizes) {
    int64_t read[4];
    size_t count = czm_config_ints(value, read, 4);
    sizes[0] = sizes[3] = 1;
    for (size_t i = 0; i < 2; i++) sizes[i + 1] = read[count == 4 ? i + 1 : count == 2 ? i : 0];
    return count == 1 || count == 2 || (count == 4 && read[0] == 1 && read[3] == 1);
}

czm_keras_tensor czm_keras_op_pool(czm_keras_call *c, czm_op_kind op) {
    int64_t size[4], strides[4];
    const json_t *step = czm_keras_option(c, "strides"),
                 *window = czm_keras_either(c, "pool_size", "ksize");
    const char *padding = json_string_value(czm_keras_option(c, "padding"));
    bool is_same = padding && (czm_text_equal(padding, "same") || czm_text_equal(padding, "SAME"));
    if (czm_keras_rank(c, c->in[0]) != 4 || !pool_sizes(window, size) ||
        !pool_sizes(step ? step : window, strides)) {
        czm_keras_fail(c, NULL, "the operation must pool an image by a window of height and width");
        return c->in[0];
    }
    czm_node *node = CZM_KERAS_NODE(c, op, c->in[0]);
    czm_set_ints(c->graph, node, "ksize", size, 4);
    czm_set_ints(c->graph, node, "strides", strides, 4);
    czm_set_string(c->graph, node, "padding", is_same ? "SAME" : "VALID");
    return czm_keras_output(c, node, 0);
}

// The weights of ITU-R BT.601.
czm_keras_tensor czm_keras_op_grayscale(czm_keras_call *c, czm_op_kind op) {
    (void)op;
    static const double weights[] = {0.2989, 0.587, 0.114};
    czm_keras_tensor x = c->in[0];
    int64_t last = (int64_t)czm_keras_rank(c, x) - 1, count = CZM_COUNT_OF(weights);
    czm_keras_tensor scaled =
        CZM_KERAS_OP(c, CZM_OP_Mul, x,
                     czm_keras_numbers(c, "mul/y", czm_keras_dtype(x), weights, &count, 1));
    return czm_keras_reduce(c, NULL, CZM_OP_Sum, scaled, &last, 1, true);
}
