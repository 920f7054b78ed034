// SPDX-License-Identifier: Apache-2.0
//
// Operations between layers: TFOpLambda and SlicingOpLambda of Keras 2, keras.ops of Keras 3. The
// options of a call are arguments by name in Keras 2, and the layer's configuration in Keras 3.
#include <math.h>

#include "read/keras/layers.h"

enum { MOST_RANK = CZM_KERAS_HIGHEST_RANK };

typedef struct operation {
    const char *name, *names;
    czm_tensor (*build)(czm_keras_call *c, const char *detail);
    const char *detail;
} operation;

// ---- arguments

static const json_t *option(const czm_keras_call *c, const char *name) {
    for (size_t i = 0; c->arguments && i < c->arguments->count; i++) {
        const czm_keras_argument *a = &c->arguments->items[i];
        if (a->name && !a->is_tensor && czm_text_equal(a->name, name) && !json_is_null(a->value))
            return a->value;
    }
    return czm_config_get(c->config, name);
}

// Of two names for one thing.
static const json_t *either(const czm_keras_call *c, const char *a, const char *b) {
    const json_t *value = option(c, a);
    return value ? value : option(c, b);
}

static bool is_operand(const czm_keras_argument *a) {
    static const char *const names[] = {"x", "y", "a", "b", "x1", "x2", "values", "tensor"};
    if (!a->name || a->is_tensor) return true;
    for (size_t i = 0; i < CZM_COUNT_OF(names); i++)
        if (czm_text_equal(a->name, names[i])) return json_is_number(a->value) || json_is_array(a->value);
    return false;
}

// Operand `index`: a tensor, or a constant of the type that the tensors have.
static czm_tensor operand(czm_keras_call *c, size_t index) {
    czm_tensor out = c->in_count ? c->in[0] : (czm_tensor){0};
    size_t seen = 0;
    for (size_t i = 0; c->arguments && i < c->arguments->count; i++) {
        const czm_keras_argument *a = &c->arguments->items[i];
        if (!is_operand(a) || seen++ != index) continue;
        if (a->is_tensor) return c->tensors[i];
        if (czm_keras_constant(c, "Const", czm_tensor_dtype(c->in[0]), a->value, &out)) return out;
    }
    czm_keras_fail(c, NULL, "operand %zu of the operation is missing, or no number", index + 1);
    return out;
}

static bool flag(const czm_keras_call *c, const char *name) { return json_is_true(option(c, name)); }

// One axis, from 0.
static int64_t axis_of(czm_keras_call *c, const char *name, size_t rank, int64_t absent) {
    int64_t axes[MOST_RANK];
    const json_t *value = option(c, name);
    if (!value) return absent < 0 ? absent + (int64_t)rank : absent;
    czm_keras_axes(c, value, rank, axes);
    return axes[0];
}

// ---- arithmetic

static czm_tensor binary(czm_keras_call *c, const char *op) {
    static const char *const names[][2] = {
        {"AddV2", "add"}, {"Sub", "sub"}, {"Mul", "mul"}, {"RealDiv", "truediv"}};
    const char *name = op;
    for (size_t i = 0; i < CZM_COUNT_OF(names); i++)
        if (czm_text_equal(op, names[i][0])) name = names[i][1];
    czm_tensor a = operand(c, 0), b = operand(c, 1);
    return CZM_KERAS_AS(c, name, op, a, b);
}

static czm_tensor unary(czm_keras_call *c, const char *op) { return CZM_KERAS_OP(c, op, c->in[0]); }

static czm_tensor active(czm_keras_call *c, const char *name) {
    json_t *text = json_string(name);
    czm_tensor out = czm_keras_activate(c, text, c->in[0]);
    json_decref(text);
    return out;
}

static czm_tensor gelu(czm_keras_call *c, const char *name) {
    if (flag(c, "approximate")) czm_keras_fail(c, NULL, "the approximation of gelu is not supported");
    return active(c, name);
}

static czm_tensor leaky_relu(czm_keras_call *c, const char *op) {
    const json_t *slope = either(c, "alpha", "negative_slope");
    czm_node *node = CZM_KERAS_NODE(c, op, c->in[0]);
    czm_set_float(c->graph, node, "alpha", slope ? (float)json_number_value(slope) : 0.2f);
    return czm_output(node);
}

static czm_tensor softmax(czm_keras_call *c, const char *op) {
    (void)op;
    return czm_keras_softmax(c, c->in[0], axis_of(c, "axis", czm_keras_rank(c, c->in[0]), -1));
}

static czm_tensor reduce(czm_keras_call *c, const char *op) {
    int64_t axes[MOST_RANK];
    size_t rank = czm_keras_rank(c, c->in[0]), count = rank;
    const json_t *axis = option(c, "axis");
    for (size_t i = 0; i < rank; i++) axes[i] = (int64_t)i;
    if (axis) count = czm_keras_axes(c, axis, rank, axes);
    return czm_keras_reduce(c, op, op, c->in[0], axes, count, flag(c, "keepdims"));
}

static czm_tensor clip(czm_keras_call *c, const char *detail) {
    (void)detail;
    czm_dtype dtype = czm_tensor_dtype(c->in[0]);
    const json_t *low = either(c, "x_min", "clip_value_min"), *high = either(c, "x_max", "clip_value_max");
    if (!json_is_number(low) || !json_is_number(high))
        czm_keras_fail(c, NULL, "the bounds of the operation are not numbers");
    czm_tensor y = CZM_KERAS_AS(c, "clip_by_value/Minimum", "Minimum", c->in[0],
                                czm_keras_number(c, "clip_by_value/Minimum/y", dtype,
                                                 json_number_value(high)));
    return CZM_KERAS_AS(c, "clip_by_value", "Maximum", y,
                        czm_keras_number(c, "clip_by_value/y", dtype, json_number_value(low)));
}

static czm_tensor normalize(czm_keras_call *c, const char *detail) {
    (void)detail;
    int64_t axes[MOST_RANK];
    czm_tensor x = c->in[0];
    size_t rank = czm_keras_rank(c, x);
    const json_t *axis = option(c, "axis"), *order = option(c, "order");
    size_t count = axis ? czm_keras_axes(c, axis, rank, axes) : 1;
    if (!axis) axes[0] = (int64_t)rank - 1;
    if (order && json_number_value(order) != 2) czm_keras_fail(c, NULL, "only order 2 is supported");
    double floor = json_number_value(option(c, "epsilon"));
    czm_tensor sum = czm_keras_reduce(c, "Sum", "Sum", CZM_KERAS_OP(c, "Square", x), axes, count, true);
    sum = CZM_KERAS_OP(c, "Maximum", sum,
                       czm_keras_number(c, "Maximum/y", czm_tensor_dtype(x), floor > 0 ? floor : 1e-12));
    return CZM_KERAS_AS(c, "mul", "Mul", x, CZM_KERAS_OP(c, "Rsqrt", sum));
}

static czm_tensor cast(czm_keras_call *c, const char *detail) {
    (void)detail;
    const json_t *value = option(c, "dtype");
    const char *name = json_string_value(value);
    for (int i = 1; name && i < 24; i++)
        if (czm_text_equal(czm_dtype_name((czm_dtype)i), name))
            return czm_keras_cast(c, "Cast", c->in[0], (czm_dtype)i);
    czm_keras_fail(c, NULL, "the type that it casts to is not supported");
    return c->in[0];
}

// ---- joining and cutting

static czm_tensor concat(czm_keras_call *c, const char *detail) {
    (void)detail;
    int64_t axis = axis_of(c, "axis", czm_keras_rank(c, c->in[0]), 0);
    return czm_keras_concatenate(c, c->in, c->in_count, axis);
}

static czm_tensor stack(czm_keras_call *c, const char *detail) {
    (void)detail;
    czm_node *node = czm_keras_node(c, "stack", "Pack", c->in, c->in_count);
    czm_set_int(c->graph, node, "axis", axis_of(c, "axis", czm_keras_rank(c, c->in[0]) + 1, 0));
    return czm_output(node);
}

static czm_tensor split(czm_keras_call *c, const char *detail) {
    (void)detail;
    int64_t count;
    const json_t *value = either(c, "num_or_size_splits", "indices_or_sections");
    size_t rank = czm_keras_rank(c, c->in[0]);
    if (!json_is_integer(value) || czm_config_ints(value, &count, 1) != 1 || count < 1) {
        czm_keras_fail(c, NULL, "only splits into equal parts are supported");
        return c->in[0];
    }
    czm_node *node = czm_keras_node(
        c, "split", "Split",
        CZM_KERAS_INPUTS(czm_keras_int(c, "split/split_dim", axis_of(c, "axis", rank, 0)), c->in[0]));
    czm_set_int(c->graph, node, "num_split", count);
    return czm_output(node);
}

// A slice of one dimension, or what stands for none.
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
    const json_t *named = either(c, "slice_spec", "key");
    if (named) return named;
    for (size_t i = 0; c->arguments && i < c->arguments->count; i++)
        if (!c->arguments->items[i].name && !c->arguments->items[i].is_tensor)
            return c->arguments->items[i].value;
    return NULL;
}

static czm_tensor get_item(czm_keras_call *c, const char *detail) {
    (void)detail;
    slicing s = {.count = 0};
    const json_t *slices = slices_of(c);
    bool is_list = json_is_array(slices), is_good = slices != NULL;
    size_t count = is_list ? json_array_size(slices) : 1;
    if (count > CZM_COUNT_OF(s.begin)) is_good = false;
    for (size_t i = 0; i < count && is_good; i++)
        is_good = add_slice(&s, is_list ? json_array_get(slices, i) : slices);
    if (!is_good || s.count == 0) {
        czm_keras_fail(c, NULL, "a slice of the operation is not made of numbers");
        return c->in[0];
    }
    czm_node *node = czm_keras_node(
        c, "strided_slice", "StridedSlice",
        CZM_KERAS_INPUTS(c->in[0], czm_keras_ints(c, "strided_slice/stack", s.begin, s.count),
                    czm_keras_ints(c, "strided_slice/stack_1", s.end, s.count),
                    czm_keras_ints(c, "strided_slice/stack_2", s.step, s.count)));
    czm_set_int(c->graph, node, "begin_mask", s.begin_mask);
    czm_set_int(c->graph, node, "end_mask", s.end_mask);
    czm_set_int(c->graph, node, "ellipsis_mask", s.ellipsis_mask);
    czm_set_int(c->graph, node, "new_axis_mask", s.new_axis_mask);
    czm_set_int(c->graph, node, "shrink_axis_mask", s.shrink_mask);
    return czm_output(node);
}

// ---- shapes

static czm_tensor reshape(czm_keras_call *c, const char *detail) {
    (void)detail;
    int64_t dims[MOST_RANK];
    size_t rank, open = 0;
    const json_t *target = either(c, "newshape", "shape");
    size_t count = czm_config_ints(target, dims, MOST_RANK);
    czm_keras_size sizes[MOST_RANK], *own = czm_keras_sizes(c, c->in[0], &rank);
    for (size_t i = 0; i < count; i++) open += dims[i] == -1;
    for (size_t i = 0; i < count; i++) // Keras 3 writes null or -1 for the batch
        sizes[i] = i == 0 && dims[0] == -1 && open > 1 ? own[0] : czm_keras_known(dims[i]);
    if (count && rank) return czm_keras_reshape(c, c->in[0], sizes, count);
    czm_keras_fail(c, NULL, "the new shape is not a list of sizes");
    return c->in[0];
}

static czm_tensor transpose(czm_keras_call *c, const char *detail) {
    (void)detail;
    int64_t order[MOST_RANK];
    size_t rank = czm_keras_rank(c, c->in[0]);
    const json_t *axes = either(c, "axes", "perm");
    for (size_t i = 0; i < rank; i++) order[i] = (int64_t)(rank - 1 - i);
    if (axes && czm_config_ints(axes, order, MOST_RANK) != rank)
        czm_keras_fail_damaged(c, "the order does not name each dimension of its input");
    return czm_keras_transpose(c, c->in[0], order, rank);
}

static czm_tensor expand_dims(czm_keras_call *c, const char *detail) {
    (void)detail;
    int64_t axis = axis_of(c, "axis", czm_keras_rank(c, c->in[0]) + 1, 0);
    return CZM_KERAS_OP(c, "ExpandDims", c->in[0], czm_keras_int(c, "ExpandDims/dim", axis));
}

static czm_tensor squeeze(czm_keras_call *c, const char *detail) {
    (void)detail;
    int64_t axes[MOST_RANK];
    const json_t *axis = option(c, "axis");
    size_t count = axis ? czm_keras_axes(c, axis, czm_keras_rank(c, c->in[0]), axes) : 0;
    czm_node *node = CZM_KERAS_NODE(c, "Squeeze", c->in[0]);
    czm_set_ints(c->graph, node, "squeeze_dims", axes, count);
    return czm_output(node);
}

static czm_tensor tile(czm_keras_call *c, const char *detail) {
    (void)detail;
    int64_t repeats[MOST_RANK];
    size_t rank = czm_keras_rank(c, c->in[0]);
    size_t count = czm_config_ints(either(c, "repeats", "multiples"), repeats, MOST_RANK);
    if (count != rank) czm_keras_fail(c, NULL, "its repeats are not one for each dimension");
    return CZM_KERAS_OP(c, "Tile", c->in[0], czm_keras_ints(c, "multiples", repeats, count));
}

static bool is_mode(const char *mode, const char *small, const char *large) {
    return czm_text_equal(mode, small) || czm_text_equal(mode, large);
}

static czm_tensor pad(czm_keras_call *c, const char *detail) {
    (void)detail;
    int64_t pairs[2 * MOST_RANK];
    size_t rank = czm_keras_rank(c, c->in[0]);
    const json_t *widths = either(c, "pad_width", "paddings"), *mode = option(c, "mode");
    const json_t *constant = option(c, "constant_values");
    const char *how = mode ? json_string_value(mode) : "constant";
    bool is_good = json_array_size(widths) == rank;
    for (size_t i = 0; i < rank && is_good; i++)
        is_good = czm_config_ints(json_array_get(widths, i), pairs + 2 * i, 2) == 2;
    if (!is_good || !how) {
        czm_keras_fail(c, NULL, "its paddings are not a pair for each dimension");
        return c->in[0];
    }
    czm_tensor paddings = czm_keras_matrix(c, "Pad/paddings", pairs, rank);
    bool is_constant = is_mode(how, "constant", "CONSTANT");
    if (is_constant && json_number_value(constant) != 0)
        return CZM_KERAS_OP(c, "PadV2", c->in[0], paddings,
                            czm_keras_number(c, "PadV2/constant_values", czm_tensor_dtype(c->in[0]),
                                             json_number_value(constant)));
    if (is_constant) return CZM_KERAS_OP(c, "Pad", c->in[0], paddings);
    bool is_reflected = is_mode(how, "reflect", "REFLECT");
    if (!is_reflected && !is_mode(how, "symmetric", "SYMMETRIC"))
        czm_keras_fail(c, NULL, "the mode \"%s\" is not supported", how);
    czm_node *node = CZM_KERAS_NODE(c, "MirrorPad", c->in[0], paddings);
    czm_set_string(c->graph, node, "mode", is_reflected ? "REFLECT" : "SYMMETRIC");
    return czm_output(node);
}

static czm_tensor resize(czm_keras_call *c, const char *detail) {
    (void)detail;
    int64_t size[2];
    static const char *const unsupported[] = {"antialias", "preserve_aspect_ratio", "pad_to_aspect_ratio",
                                              "crop_to_aspect_ratio"};
    for (size_t i = 0; i < CZM_COUNT_OF(unsupported); i++)
        if (flag(c, unsupported[i])) czm_keras_fail(c, NULL, "%s is not supported", unsupported[i]);
    const char *how = json_string_value(either(c, "interpolation", "method"));
    if (czm_config_ints(option(c, "size"), size, 2) != 2) {
        czm_keras_fail(c, NULL, "the new size is not two numbers");
        return c->in[0];
    }
    return czm_keras_resize(c, how ? how : "bilinear", c->in[0],
                            czm_keras_ints(c, "resize/size", size, 2), true);
}

static czm_tensor blocks(czm_keras_call *c, const char *op) {
    int64_t size;
    if (czm_config_ints(option(c, "block_size"), &size, 1) != 1) size = 0;
    czm_node *node = CZM_KERAS_NODE(c, op, c->in[0]);
    czm_set_int(c->graph, node, "block_size", size);
    return czm_output(node);
}

// ---- the table

static const operation operations[] = {
#define OPERATION(name, names, function, detail) {name, names, function, detail},
#include "read/keras/operations.def"
#undef OPERATION
};

static bool has_word(const char *list, const char *word) {
    size_t size = strlen(word);
    for (const char *at = list; *at;) {
        size_t length = strcspn(at, " ");
        if (length == size && strncmp(at, word, size) == 0) return true;
        at += length + strspn(at + length, " ");
    }
    return false;
}

static czm_tensor run(czm_keras_call *c, const operation *o) {
    if (c->in_count) return o->build(c, o->detail);
    czm_keras_fail_damaged(c, "the operation has no input");
    return czm_keras_number(c, "Const", c->dtype, 0);
}

static czm_tensor unknown(czm_keras_call *c, const char *name) {
    czm_keras_fail(c, "save the model as a SavedModel: then the operation itself is in the file",
                   "the operation \"%s\" is not supported", name);
    return c->in_count ? c->in[0] : czm_keras_number(c, "Const", c->dtype, 0);
}

// TFOpLambda, SlicingOpLambda.
czm_tensor czm_keras_build_operation(czm_keras_call *c) {
    const char *name = czm_config_text(c->config, "function", "__operators__.getitem");
    for (size_t i = 0; i < CZM_COUNT_OF(operations); i++)
        if (has_word(operations[i].names, name)) return run(c, &operations[i]);
    return unknown(c, name);
}

czm_tensor czm_keras_operate(czm_keras_call *c) {
    for (size_t i = 0; i < CZM_COUNT_OF(operations); i++)
        if (czm_text_equal(operations[i].name, c->layer->class_name)) return run(c, &operations[i]);
    return unknown(c, c->layer->class_name);
}
