// SPDX-License-Identifier: Apache-2.0
//
// Making nodes for a call of a layer; see build.h.
#include "read/keras/build.h"

#include <stdlib.h>

#include "graph/build.h"
#include "read/keras/number.h"
#include "read/keras/weight_source.h"

// ---- faults

static void fail(czm_keras_call *c, czm_rule rule, const char *hint, const char *text) {
    czm_keras_builder *b = c->b;
    if (!b->status)
        b->status = czm_keras_refuse(b->context, b->file, c->layer, rule, hint, "%s", text);
}

void czm_keras_fail(czm_keras_call *c, const char *hint, const char *format, ...) {
    va_list arguments;
    va_start(arguments, format);
    fail(c, CZM_RULE_KERAS_LAYER, hint, czm_arena_vformat(c->arena, format, arguments));
    va_end(arguments);
}

void czm_keras_fail_damaged(czm_keras_call *c, const char *format, ...) {
    va_list arguments;
    va_start(arguments, format);
    fail(c, CZM_RULE_KERAS_DAMAGED, NULL, czm_arena_vformat(c->arena, format, arguments));
    va_end(arguments);
}

// ---- nodes

static const char *name_of(czm_keras_call *c, const char *suffix) {
    return czm_arena_format(c->arena, "%s/%s", c->scope, suffix);
}

// What Keras calls the node of an operator; of another op its name.
static const char *usual_name(czm_op_kind op) {
    return op == CZM_OP_AddV2      ? "add"
           : op == CZM_OP_Sub      ? "sub"
           : op == CZM_OP_Mul      ? "mul"
           : op == CZM_OP_RealDiv  ? "truediv"
           : op == CZM_OP_FloorDiv ? "floordiv"
                                   : czm_op_name(op);
}

czm_node *czm_keras_node(czm_keras_call *c, const char *suffix, czm_op_kind op,
                         const czm_keras_tensor *inputs, size_t count) {
    czm_tensor *all = CZM_NEW_ARRAY(c->arena, czm_tensor, count);
    for (size_t i = 0; i < count; i++) all[i] = *inputs[i];
    return czm_build_node(c->graph, name_of(c, suffix ? suffix : usual_name(op)), op, all, count);
}

czm_keras_tensor czm_keras_keep(czm_arena *arena, czm_tensor tensor) {
    czm_tensor *kept = CZM_NEW(arena, czm_tensor);
    *kept = tensor;
    return kept;
}

czm_keras_tensor czm_keras_output(czm_keras_call *c, czm_node *node, uint32_t index) {
    return czm_keras_keep(c->arena, (czm_tensor){node, index});
}

czm_keras_tensor czm_keras_op(czm_keras_call *c, const char *suffix, czm_op_kind op,
                              czm_keras_tensor x, czm_keras_tensor y, czm_keras_tensor z) {
    const czm_keras_tensor inputs[] = {x, y, z};
    return czm_keras_output(c, czm_keras_node(c, suffix, op, inputs, z ? 3 : y ? 2 : 1), 0);
}

czm_dtype czm_keras_dtype(czm_keras_tensor x) { return czm_tensor_dtype(*x); }

czm_keras_tensor czm_keras_with(czm_keras_call *c, czm_op_kind op, czm_keras_tensor x,
                                double number) {
    const char *constant = czm_arena_format(c->arena, "%s/y", usual_name(op));
    return CZM_KERAS_OP(c, op, x, czm_keras_number(c, constant, czm_keras_dtype(x), number));
}

czm_keras_tensor czm_keras_clip(czm_keras_call *c, czm_keras_tensor x, double low, double high) {
    return czm_keras_with(c, CZM_OP_Maximum, czm_keras_with(c, CZM_OP_Minimum, x, high), low);
}

czm_node *czm_keras_slices(czm_keras_call *c, czm_keras_tensor x, const int64_t *begin,
                           const int64_t *end, const int64_t *steps, size_t count,
                           int64_t begin_mask, int64_t end_mask) {
    static const int64_t ones[CZM_KERAS_HIGHEST_RANK] = {1, 1, 1, 1, 1, 1, 1, 1};
    czm_node *node =
        czm_keras_node(c, "strided_slice", CZM_OP_StridedSlice,
                       CZM_KERAS_INPUTS(x, czm_keras_ints(c, "strided_slice/stack", begin, count),
                                        czm_keras_ints(c, "strided_slice/stack_1", end, count),
                                        czm_keras_ints(c, "strided_slice/stack_2",
                                                       steps ? steps : ones, count)));
    czm_set_int(c->graph, node, "begin_mask", begin_mask);
    czm_set_int(c->graph, node, "end_mask", end_mask);
    return node;
}

czm_keras_tensor czm_keras_cast(czm_keras_call *c, const char *suffix, czm_keras_tensor x,
                                czm_dtype dtype) {
    if (czm_keras_dtype(x) == dtype) return x;
    czm_node *node = czm_keras_node(c, suffix, CZM_OP_Cast, &x, 1);
    czm_set_type(c->graph, node, "DstT", dtype);
    return czm_keras_output(c, node, 0);
}

czm_keras_tensor czm_keras_reduce(czm_keras_call *c, const char *suffix, czm_op_kind op,
                                  czm_keras_tensor x, const int64_t *axes, size_t count,
                                  bool keeps) {
    const char *indices =
        czm_arena_format(c->arena, "%s/reduction_indices", suffix ? suffix : usual_name(op));
    czm_node *node =
        czm_keras_node(c, suffix, op, CZM_KERAS_INPUTS(x, czm_keras_ints(c, indices, axes, count)));
    czm_set_bool(c->graph, node, "keep_dims", keeps);
    return czm_keras_output(c, node, 0);
}

czm_keras_tensor czm_keras_transpose(czm_keras_call *c, czm_keras_tensor x, const int64_t *order,
                                     size_t rank) {
    return CZM_KERAS_AS(c, "transpose", CZM_OP_Transpose, x,
                        czm_keras_ints(c, "transpose/perm", order, rank));
}

czm_keras_tensor czm_keras_move_axis(czm_keras_call *c, czm_keras_tensor x, size_t from, size_t to,
                                     size_t rank) {
    int64_t order[CZM_KERAS_HIGHEST_RANK];
    for (size_t i = 0, next = 0; i < rank; i++) {
        if (next == from) next++;
        order[i] = i == to ? (int64_t)from : (int64_t)next++;
    }
    return czm_keras_transpose(c, x, order, rank);
}

// ---- constants

czm_keras_tensor czm_keras_numbers(czm_keras_call *c, const char *suffix, czm_dtype dtype,
                                   const double *values, const int64_t *dims, size_t rank) {
    czm_buffer content = czm_buffer_in(c->arena);
    size_t count = 1;
    for (size_t i = 0; i < rank; i++) count *= (size_t)dims[i];
    for (size_t i = 0; i < count; i++)
        if (!czm_number_put(&content, dtype, values[i])) {
            czm_keras_fail(c, NULL, "a constant of the layer does not fit into %s",
                           czm_dtype_name(dtype));
            break;
        }
    return czm_keras_keep(c->arena, czm_add_const(c->graph, name_of(c, suffix), dtype,
                                                  czm_buffer_bytes(&content), dims, rank));
}

// `count` is the product of `dims`.
static czm_keras_tensor add_ints(czm_keras_call *c, const char *suffix, const int64_t *values,
                                 size_t count, const int64_t *dims, size_t rank) {
    double *numbers = CZM_NEW_ARRAY(c->arena, double, count);
    for (size_t i = 0; i < count; i++) numbers[i] = (double)values[i];
    return czm_keras_numbers(c, suffix, CZM_DTYPE_INT32, numbers, dims, rank);
}

czm_keras_tensor czm_keras_int(czm_keras_call *c, const char *suffix, int64_t value) {
    return add_ints(c, suffix, &value, 1, NULL, 0);
}

czm_keras_tensor czm_keras_ints(czm_keras_call *c, const char *suffix, const int64_t *values,
                                size_t count) {
    return add_ints(c, suffix, values, count, &(int64_t){(int64_t)count}, 1);
}

czm_keras_tensor czm_keras_matrix(czm_keras_call *c, const char *suffix, const int64_t *values,
                                  size_t rows) {
    return add_ints(c, suffix, values, 2 * rows, (const int64_t[]){(int64_t)rows, 2}, 2);
}

czm_keras_tensor czm_keras_number(czm_keras_call *c, const char *suffix, czm_dtype dtype,
                                  double value) {
    return czm_keras_numbers(c, suffix, dtype, &value, NULL, 0);
}

// The shape of nested lists, from their first elements, and the number of elements; SIZE_MAX: they are no tensor.
static size_t list_dims(const json_t *value, int64_t *dims, size_t *count) {
    size_t rank = 0;
    for (*count = 1; json_is_array(value) && rank < CZM_KERAS_HIGHEST_RANK; rank++) {
        size_t size = json_array_size(value);
        if (size && *count > INT32_MAX / size) return SIZE_MAX;
        *count *= size;
        dims[rank] = (int64_t)size;
        value = json_array_get(value, 0);
    }
    return json_is_array(value) ? SIZE_MAX : rank;
}

// Element `index` of nested lists in row-major order; NULL: the lists do not all have this shape.
static const json_t *list_element(const json_t *value, size_t index, const int64_t *dims,
                                  size_t rank, size_t count) {
    for (size_t i = 0; i < rank; i++) {
        if (json_array_size(value) != (size_t)dims[i]) return NULL;
        count /= (size_t)dims[i];
        value = json_array_get(value, index / count);
        index %= count;
    }
    return value;
}

bool czm_keras_constant(czm_keras_call *c, const char *suffix, czm_dtype dtype, const json_t *value,
                        czm_keras_tensor *out) {
    int64_t dims[CZM_KERAS_HIGHEST_RANK];
    size_t count, rank = list_dims(value, dims, &count);
    CZM_LIST(double) numbers = {0}; // grows: the lists may be shorter than the first ones promise
    for (size_t i = 0; rank != SIZE_MAX && i < count; i++) {
        const json_t *element = list_element(value, i, dims, rank, count);
        if (!json_is_number(element) && !json_is_boolean(element)) return false;
        *CZM_APPEND(c->arena, &numbers) = json_is_boolean(element) ? json_is_true(element)
                                                                   : json_number_value(element);
    }
    if (rank == SIZE_MAX) return false;
    *out = czm_keras_numbers(c, suffix, dtype, numbers.items, dims, rank);
    return true;
}

// ---- weights

bool czm_keras_has_weight(const czm_keras_call *c, const char *name) {
    size_t index;
    return czm_keras_layer_weight(c->layer, name, &index);
}

static czm_keras_weight *weight_of(czm_keras_call *c, const char *name, size_t rank) {
    size_t index;
    if (!czm_keras_layer_weight(c->layer, name, &index)) {
        czm_keras_fail_damaged(c, "the layer has no weight \"%s\"", name);
        return NULL;
    }
    czm_keras_weight *w = &c->layer->weights.items[index];
    if (w->rank == rank) return w;
    czm_keras_fail_damaged(c, "the weight \"%s\" has %zu dimensions, and %zu are expected", name,
                           w->rank, rank);
    return NULL;
}

const int64_t *czm_keras_weight_dims(czm_keras_call *c, const char *name, size_t rank) {
    static const int64_t ones[CZM_KERAS_HIGHEST_RANK] = {1, 1, 1, 1, 1, 1, 1, 1};
    const czm_keras_weight *w = weight_of(c, name, rank);
    return w ? w->dims : ones;
}

// The variable has the name of the layer alone, as in Keras.
static void make_variable(czm_keras_call *c, czm_keras_weight *w) {
    const char *name = czm_arena_format(c->arena, "%s/%s", c->layer->name, w->name);
    czm_shape shape = {(int)w->rank, w->dims};
    w->handle = czm_build_variable(c->graph, name, c->stored, czm_shape_attr(c->arena, shape));
    czm_variable *variable = w->handle->scratch = CZM_NEW(c->arena, czm_variable);
    *variable = (czm_variable){.handle = w->handle,
                               .name = name,
                               .is_trainable = w->is_trainable && c->layer->is_trainable,
                               .dtype = c->stored,
                               .dims = w->dims,
                               .rank = w->rank,
                               .source = czm_weight_source(c->b->context, c->b->file,
                                                           c->layer->path, w, c->stored)};
}

czm_keras_tensor czm_keras_weight_as(czm_keras_call *c, const char *name, const char *suffix,
                                     size_t rank) {
    czm_keras_weight *w = weight_of(c, name, rank);
    if (!w) return czm_keras_number(c, suffix, c->dtype, 0);
    if (!w->handle) make_variable(c, w);
    czm_tensor read = czm_build_read(c->graph, name_of(c, suffix), w->handle);
    return czm_keras_cast(c, czm_arena_format(c->arena, "%s/Cast", suffix),
                          czm_keras_keep(c->arena, read), c->dtype);
}

// ---- shapes

czm_shape czm_keras_shape(czm_keras_call *c, czm_keras_tensor x) {
    czm_shapes_catch_up(c->b->shapes);
    return czm_shape_of(c->b->shapes, *x);
}

size_t czm_keras_rank(czm_keras_call *c, czm_keras_tensor x) {
    int rank = czm_keras_shape(c, x).rank;
    if (rank > 0 && rank <= CZM_KERAS_HIGHEST_RANK) return (size_t)rank;
    czm_keras_fail(c, NULL, "the number of dimensions of the layer's input is not known");
    return 0;
}

static czm_keras_tensor element_of(czm_keras_call *c, czm_keras_tensor vector, int64_t index) {
    czm_node *node = czm_keras_slices(c, vector, &index, &(int64_t){index + 1}, NULL, 1, 0, 0);
    czm_set_int(c->graph, node, "shrink_axis_mask", 1);
    return czm_keras_output(c, node, 0);
}

czm_keras_size *czm_keras_sizes(czm_keras_call *c, czm_keras_tensor x, size_t *rank) {
    *rank = czm_keras_rank(c, x);
    czm_shape shape = czm_keras_shape(c, x);
    czm_keras_size *sizes = CZM_NEW_ARRAY(c->arena, czm_keras_size, *rank + 1); // never empty
    czm_keras_tensor vector = NULL;
    for (size_t i = 0; i < *rank; i++) {
        sizes[i].known = shape.dims[i];
        if (sizes[i].known != CZM_UNKNOWN) continue;
        if (!vector) vector = CZM_KERAS_OP(c, CZM_OP_Shape, x);
        sizes[i].tensor = element_of(c, vector, (int64_t)i);
    }
    return sizes;
}

static int64_t compute(czm_op_kind op, int64_t a, int64_t b) {
    return op == CZM_OP_Mul ? a * b : op == CZM_OP_AddV2 ? a + b : op == CZM_OP_Sub ? a - b : a / b;
}

static bool is_size(int64_t number) { return number > -INT32_MAX && number < INT32_MAX; }

czm_keras_size czm_keras_size_with(czm_keras_call *c, czm_op_kind op, czm_keras_size size,
                                   int64_t number) {
    if (!is_size(size.known) || !is_size(number)) {
        czm_keras_fail_damaged(c, "the layer computes a size of more than 32 bits");
        return czm_keras_known(0);
    }
    if (size.tensor)
        return (czm_keras_size){CZM_UNKNOWN, czm_keras_with(c, op, size.tensor, (double)number)};
    bool is_quotient = number || op != CZM_OP_FloorDiv;
    return czm_keras_known(is_quotient ? compute(op, size.known, number) : 0);
}

czm_keras_tensor czm_keras_pack(czm_keras_call *c, const char *suffix, const czm_keras_size *sizes,
                                size_t count) {
    czm_keras_tensor *parts = CZM_NEW_ARRAY(c->arena, czm_keras_tensor, count);
    for (size_t i = 0; i < count; i++)
        parts[i] =
            sizes[i].tensor
                ? sizes[i].tensor
                : czm_keras_int(c, czm_arena_format(c->arena, "%s/%zu", suffix, i), sizes[i].known);
    czm_node *node = czm_keras_node(c, suffix, CZM_OP_Pack, parts, count);
    czm_set_int(c->graph, node, "axis", 0);
    return czm_keras_output(c, node, 0);
}

static bool all_known(const czm_keras_size *sizes, size_t count) {
    for (size_t i = 0; i < count; i++)
        if (sizes[i].tensor) return false;
    return true;
}

czm_keras_tensor czm_keras_reshape(czm_keras_call *c, czm_keras_tensor x,
                                   const czm_keras_size *sizes, size_t count) {
    int64_t known[2 * CZM_KERAS_HIGHEST_RANK];
    bool is_constant = all_known(sizes, count) && count <= CZM_COUNT_OF(known);
    for (size_t i = 0; i < count && is_constant; i++) known[i] = sizes[i].known;
    if (is_constant) return czm_keras_reshape_to(c, x, known, count);
    return CZM_KERAS_OP(c, CZM_OP_Reshape, x, czm_keras_pack(c, "Reshape/shape", sizes, count));
}

czm_keras_tensor czm_keras_reshape_to(czm_keras_call *c, czm_keras_tensor x, const int64_t *dims,
                                      size_t count) {
    return CZM_KERAS_OP(c, CZM_OP_Reshape, x, czm_keras_ints(c, "Reshape/shape", dims, count));
}

// ---- configuration

bool czm_keras_is_channels_first(czm_keras_call *c) {
    return czm_text_equal(czm_config_text(c->config, "data_format", ""), "channels_first");
}

const char *czm_keras_padding(czm_keras_call *c) {
    const char *padding = czm_config_text(c->config, "padding", "valid");
    if (czm_text_equal(padding, "same")) return "SAME";
    if (!czm_text_equal(padding, "valid"))
        czm_keras_fail(c, NULL, "the padding \"%s\" is not supported", padding);
    return "VALID";
}

void czm_keras_get_sizes(czm_keras_call *c, const char *key, size_t rank, int64_t absent,
                         int64_t *out) {
    bool is_good = czm_config_sizes(c->config, key, rank, absent, out);
    for (size_t i = 0; i < rank && is_good; i++) is_good = out[i] > 0;
    if (is_good) return;
    czm_keras_fail_damaged(c, "%s must be %zu positive numbers", key, rank);
    for (size_t i = 0; i < rank; i++) out[i] = 1;
}

static int compare_axes(const void *a, const void *b) {
    int64_t x = *(const int64_t *)a, y = *(const int64_t *)b;
    return (x > y) - (x < y);
}

size_t czm_keras_axes(czm_keras_call *c, const json_t *value, size_t rank, int64_t *axes) {
    size_t count = czm_config_ints(value, axes, rank);
    bool is_good = count > 0;
    for (size_t i = 0; i < count; i++) {
        if (axes[i] < 0) axes[i] += (int64_t)rank;
        is_good &= axes[i] >= 0 && axes[i] < (int64_t)rank;
    }
    if (!is_good) {
        czm_keras_fail_damaged(c,
                               "an axis of the layer does not exist: its input has %zu dimensions",
                               rank);
        axes[0] = 0;
        return 1;
    }
    qsort(axes, count, sizeof *axes, compare_axes);
    return count;
}
