// SPDX-License-Identifier: Apache-2.0
//
// Functions for all operations; see import.h.
#include "read/onnx/import.h"

#include "op/number.h"

enum {
    LARGEST_CONST = 1024, // elements; more are a variable
    ATTR_FLOAT = 2,       // AttributeProto: f=2, i=3, s=4, t=5, g=6, floats=7, ints=8
    ATTR_INT = 3,
    ATTR_TEXT = 4,
    ATTR_FLOATS = 7,
    ATTR_INTS = 8,
};

// ---- attributes: NodeProto.attribute=5 {name=1, ...}

static czm_bytes find_attr(czm_bytes message, uint32_t field, czm_bytes name) {
    czm_wire wire = czm_wire_read(message);
    for (czm_field f; czm_wire_next(&wire, &f);)
        if (czm_field_is(&f, field, CZM_WIRE_BYTES) &&
            czm_bytes_compare(czm_wire_find(f.bytes, 1).bytes, name) == 0)
            return f.bytes;
    return (czm_bytes){0};
}

// AttributeProto.ref_attr_name=21: an attribute of the call; the function contains its default.
czm_bytes czm_import_attr(const czm_import_step *s, const char *name) {
    enum { NODE_ATTR = 5, FUNCTION_DEFAULT = 11, REFERENCE = 21 };
    czm_bytes attr = find_attr(s->operation->message, NODE_ATTR, czm_bytes_text(name));
    for (const czm_import_call *c = s->call; attr.size; c = c->caller) {
        czm_bytes reference = czm_wire_find(attr, REFERENCE).bytes;
        if (reference.size == 0) return attr;
        if (!c) break;
        attr = find_attr(c->operation->message, NODE_ATTR, reference);
        if (attr.size == 0) return find_attr(c->function->message, FUNCTION_DEFAULT, reference);
    }
    return (czm_bytes){0};
}

static bool holds(czm_bytes message, czm_bytes part) {
    uintptr_t begin = (uintptr_t)message.data, at = (uintptr_t)part.data;
    return at >= begin && at + part.size <= begin + message.size;
}

static czm_extent part_of(czm_bytes message, czm_extent extent, czm_bytes part) {
    return czm_extent_part(extent, (uint64_t)(part.data - message.data), part.size);
}

czm_extent czm_import_extent_of(const czm_import_step *s, czm_bytes part) {
    const czm_onnx_operation *o = s->operation;
    for (const czm_import_call *c = s->call; !holds(o->message, part) && c; c = c->caller) {
        if (holds(c->function->message, part))
            return part_of(c->function->message, c->function->extent, part);
        o = c->operation;
    }
    return part_of(o->message, o->extent, part);
}

bool czm_import_has(const czm_import_step *s, const char *name) {
    return czm_import_attr(s, name).size > 0;
}

static czm_field attr_field(const czm_import_step *s, const char *name, uint32_t number) {
    return czm_wire_find(czm_import_attr(s, name), number);
}

int64_t czm_import_int(const czm_import_step *s, const char *name, int64_t otherwise) {
    czm_field f = attr_field(s, name, ATTR_INT);
    return f.number ? (int64_t)f.value : czm_import_has(s, name) ? 0 : otherwise;
}

static double float_of(uint64_t bits) {
    uint32_t narrow = (uint32_t)bits;
    float number;
    memcpy(&number, &narrow, sizeof number);
    return (double)number;
}

double czm_import_float(const czm_import_step *s, const char *name, double otherwise) {
    czm_field f = attr_field(s, name, ATTR_FLOAT);
    return f.number ? float_of(f.value) : czm_import_has(s, name) ? 0 : otherwise;
}

czm_bytes czm_import_text(const czm_import_step *s, const char *name) {
    return attr_field(s, name, ATTR_TEXT).bytes;
}

bool czm_import_text_is(const czm_import_step *s, const char *name, const char *otherwise,
                        const char *text) {
    if (!czm_import_has(s, name)) return czm_text_equal(otherwise, text);
    return czm_bytes_is(czm_import_text(s, name), text);
}

// Lists are packed or not.
size_t czm_import_ints(const czm_import_step *s, const char *name, int64_t *out, size_t most) {
    czm_wire wire = czm_wire_read(czm_import_attr(s, name));
    size_t count = 0;
    for (czm_field f; czm_wire_next(&wire, &f);) {
        if (f.number != ATTR_INTS) continue;
        czm_wire packed = czm_wire_read(f.bytes);
        if (f.kind == CZM_WIRE_VARINT && count++ < most) out[count - 1] = (int64_t)f.value;
        while (f.kind == CZM_WIRE_BYTES && packed.at < packed.end) {
            int64_t value = (int64_t)czm_wire_varint(&packed);
            if (count++ < most) out[count - 1] = value;
        }
    }
    return count;
}

size_t czm_import_floats(const czm_import_step *s, const char *name, double *out, size_t most) {
    czm_wire wire = czm_wire_read(czm_import_attr(s, name));
    size_t count = 0;
    for (czm_field f; czm_wire_next(&wire, &f);) {
        if (f.number != ATTR_FLOATS) continue;
        if (f.kind == CZM_WIRE_FIXED32 && count++ < most) out[count - 1] = float_of(f.value);
        for (size_t i = 0; f.kind == CZM_WIRE_BYTES && i + 4 <= f.bytes.size; i += 4)
            if (count++ < most) out[count - 1] = float_of(czm_load_le32(f.bytes.data + i));
    }
    return count;
}

// ---- faults

czm_status czm_import_reject(czm_import_step *s, const char *hint, const char *format, ...) {
    czm_arena *arena = s->run->context->arena;
    va_list arguments;
    va_start(arguments, format);
    const char *text = czm_arena_vformat(arena, format, arguments);
    va_end(arguments);
    return czm_report_add(s->run->context->report, CZM_RULE_ONNX_IMPORT,
                          czm_arena_format(arena, "%s: layer \"%s\" (op %s)", s->run->file->where,
                                           s->name, s->operation->op),
                          hint, "%s", text);
}

czm_status czm_import_axis(czm_import_step *s, int64_t axis, int rank, int *out) {
    if (axis < -rank || axis >= (rank ? rank : 1))
        return czm_import_reject(s, NULL, "axis %lld is outside a tensor of %d dimensions",
                                 (long long)axis, rank);
    *out = (int)(axis < 0 ? axis + rank : axis);
    return CZM_OK;
}

czm_status czm_import_axes(czm_import_step *s, int64_t since, size_t at, int rank, unsigned *axes,
                           bool *is_given) {
    int64_t list[CZM_MOST_AXES];
    const czm_import_value *v = czm_import_in(s, at);
    *axes = 0;
    *is_given = s->opset < since ? czm_import_has(s, "axes") : v != NULL;
    if (!*is_given) return CZM_OK;
    size_t count = s->opset < since ? czm_import_ints(s, "axes", list, CZM_MOST_AXES)
                                    : czm_import_vector(s, v, list, CZM_MOST_AXES);
    *is_given = count > 0;
    if (count > CZM_MOST_AXES)
        return czm_import_reject(s, NULL, "%zu axes are not supported", count);
    for (size_t i = 0; i < count; i++) {
        int axis = 0;
        if (list[i] == CZM_UNKNOWN_INT)
            return czm_import_reject(s, "export the network with constant axes",
                                     "its axes are computed while the network runs");
        CZM_TRY(czm_import_axis(s, list[i], rank, &axis));
        *axes |= 1u << axis;
    }
    return CZM_OK;
}

// ---- nodes

static const char *node_name(const czm_import_step *s, czm_op_kind op) {
    return czm_arena_format(s->run->context->arena, "%s/%s", s->name, czm_op_name(op));
}

czm_node *czm_import_node(czm_import_step *s, czm_op_kind op, const czm_tensor *inputs,
                          size_t count) {
    return czm_build_node(s->run->graph, node_name(s, op), op, inputs, count);
}

// Integers are cut off at 64 bits.
static void put_number(czm_buffer *b, czm_dtype dtype, double number) {
    if (czm_dtype_is_floating(dtype))
        czm_number_put(b, dtype, number);
    else
        czm_put_raw_le(b, (uint64_t)czm_number_to_int(number), czm_dtype_size(dtype));
}

czm_tensor czm_import_numbers_const(czm_import_step *s, czm_dtype dtype, const double *numbers,
                                    const int64_t *dims, size_t rank) {
    bool is_short = dtype == CZM_DTYPE_HALF || dtype == CZM_DTYPE_BFLOAT16;
    czm_dtype stored = is_short ? CZM_DTYPE_FLOAT : dtype;
    czm_buffer content = czm_buffer_in(s->run->context->arena);
    size_t count = 1;
    for (size_t i = 0; i < rank; i++) count *= (size_t)dims[i];
    for (size_t i = 0; i < count; i++) put_number(&content, stored, numbers[i]);
    const char *name = czm_arena_format(s->run->context->arena, "%s/Const", s->name);
    czm_tensor t =
        czm_add_const(s->run->graph, name, stored, czm_buffer_bytes(&content), dims, rank);
    return is_short ? czm_import_cast(s, t, dtype) : t;
}

czm_tensor czm_import_const(czm_import_step *s, const int64_t *values, size_t count) {
    int32_t *narrow = CZM_NEW_ARRAY(s->run->context->arena, int32_t, count);
    for (size_t i = 0; i < count; i++)
        narrow[i] = values[i] > INT32_MAX   ? INT32_MAX
                    : values[i] < INT32_MIN ? INT32_MIN
                                            : (int32_t)values[i];
    const char *name = czm_arena_format(s->run->context->arena, "%s/Const", s->name);
    return czm_add_const_ints(s->run->graph, name, narrow, count, false);
}

czm_tensor czm_import_const_of(czm_import_step *s, int32_t value) {
    const char *name = czm_arena_format(s->run->context->arena, "%s/Const", s->name);
    return czm_add_const_ints(s->run->graph, name, &value, 1, true);
}

czm_tensor czm_import_scalar(czm_import_step *s, czm_tensor like, double number) {
    return czm_import_numbers_const(s, czm_tensor_dtype(like), &number, NULL, 0);
}

czm_tensor czm_import_with(czm_import_step *s, czm_op_kind op, czm_tensor x, double number) {
    return CZM_OUT(s, op, x, czm_import_scalar(s, x, number));
}

czm_tensor czm_import_cast(czm_import_step *s, czm_tensor x, czm_dtype dtype) {
    return czm_build_cast(s->run->graph, node_name(s, CZM_OP_Cast), x, dtype);
}

czm_shape czm_import_stored_shape(czm_import_step *s, czm_tensor x) {
    czm_shapes_catch_up(s->run->shapes);
    return czm_shape_of(s->run->shapes, x);
}

// One element of a vector, as a scalar.
czm_tensor czm_import_element(czm_import_step *s, czm_tensor vector, int64_t index) {
    int64_t next = index + 1, one = 1;
    czm_node *node = CZM_NODE(s, CZM_OP_StridedSlice, vector, czm_import_const(s, &index, 1),
                              czm_import_const(s, &next, 1), czm_import_const(s, &one, 1));
    czm_set_int(s->run->graph, node, "shrink_axis_mask", 1);
    return czm_output(node);
}

czm_tensor czm_import_sizes(czm_import_step *s, czm_tensor x, const int64_t *dims, size_t rank) {
    czm_tensor parts[CZM_MOST_AXES], shape = {0};
    bool is_known = true;
    for (size_t i = 0; i < rank; i++) is_known &= dims[i] != CZM_UNKNOWN;
    if (is_known) return czm_import_const(s, dims, rank);
    for (size_t i = 0; i < rank; i++) {
        if (dims[i] == CZM_UNKNOWN && !shape.node) shape = CZM_OUT(s, CZM_OP_Shape, x);
        parts[i] = dims[i] == CZM_UNKNOWN ? czm_import_element(s, shape, (int64_t)i)
                                          : czm_import_const_of(s, (int32_t)dims[i]);
    }
    return czm_output(czm_import_node(s, CZM_OP_Pack, parts, rank));
}

// At most one size may be unknown: it follows from the others.
czm_tensor czm_import_reshape(czm_import_step *s, czm_tensor x, const int64_t *dims, size_t rank) {
    return CZM_OUT(s, CZM_OP_Reshape, x, czm_import_const(s, dims, rank));
}

// ---- values

czm_dtype czm_import_type(const czm_import_value *v) {
    return v->constant ? v->constant->dtype : czm_tensor_dtype(v->forms.items[0].tensor);
}

czm_shape czm_import_shape(const czm_import_step *s, const czm_import_value *v) {
    if (v->constant) return v->constant->shape;
    const czm_import_form *made = &v->forms.items[0];
    czm_shapes_catch_up(s->run->shapes);
    czm_dims dims = czm_order_restore(&made->order, czm_shape_of(s->run->shapes, made->tensor));
    return czm_dims_keep(s->run->context->arena, &dims);
}

int64_t czm_import_dim(const czm_import_step *s, const czm_import_value *v, int axis) {
    czm_shape shape = czm_import_shape(s, v);
    return axis >= 0 && axis < shape.rank ? shape.dims[axis] : CZM_UNKNOWN;
}

czm_order czm_import_order(const czm_import_step *s, const czm_import_value *v) {
    (void)s;
    return v->constant ? czm_order_plain(v->constant->shape.rank) : v->forms.items[0].order;
}

czm_tensor czm_import_keep(czm_import *run, czm_import_value *v, czm_order order,
                           czm_tensor tensor) {
    *CZM_APPEND(run->scratch, &v->forms) = (czm_import_form){order, tensor};
    return tensor;
}

czm_import_value *czm_import_value_of(czm_import *run, czm_order order, czm_tensor tensor) {
    czm_import_value *v = CZM_NEW(run->scratch, czm_import_value);
    v->name = "";
    czm_import_keep(run, v, order, tensor);
    return v;
}

// TensorFlow's names match [A-Za-z0-9.][A-Za-z0-9_.\/-]*: passes/names repairs the rest.
static const char *weight_name(czm_import_step *s, const czm_onnx_initializer *w) {
    const char *name = *w->name == '/' ? w->name + 1 : w->name;
    return *name ? name : czm_arena_format(s->run->context->arena, "%s/weight", s->name);
}

static czm_tensor variable(czm_import_step *s, const czm_onnx_initializer *w, const czm_dims *dims,
                           const czm_order *order) {
    czm_import *run = s->run;
    czm_shape stored = czm_dims_keep(run->context->arena, dims);
    const char *name = weight_name(s, w);
    czm_node *handle =
        czm_build_variable(run->graph, name, w->dtype, czm_shape_attr(run->context->arena, stored));
    czm_set_string(run->graph, handle, "shared_name", name);
    *CZM_APPEND(run->context->arena, &run->model->variables) =
        (czm_variable){.handle = handle,
                       .name = name,
                       .is_trainable = true, // an ONNX file does not contain it
                       .dtype = w->dtype,
                       .dims = stored.dims,
                       .rank = (size_t)stored.rank,
                       .source =
                           czm_import_weight_source(run->context, run->file->where, w, order)};
    return czm_build_read(run->graph,
                          czm_arena_format(run->context->arena, "%s/ReadVariableOp", name), handle);
}

// Small tensors, and tensors that are not weights, become a Const; weights become variables.
static czm_tensor materialise(czm_import_step *s, const czm_onnx_initializer *w, czm_order order) {
    czm_dims dims = czm_order_apply(&order, w->shape);
    int64_t count = czm_shape_count(w->shape);
    bool is_weight = czm_dtype_is_floating(w->dtype) && w->shape.rank > 0 && count > 1;
    if ((is_weight && *w->name) || count > LARGEST_CONST) return variable(s, w, &dims, &order);
    czm_bytes bytes;
    if (czm_import_weight_load(s->run->context, w, &order, &bytes))
        bytes = (czm_bytes){0}; // reported
    return czm_add_const(s->run->graph, weight_name(s, w), w->dtype, bytes, dims.at,
                         (size_t)dims.rank);
}

static czm_tensor transpose(czm_import_step *s, const czm_import_form *from, const czm_order *to) {
    int64_t permutation[CZM_MOST_AXES];
    for (int k = 0; k < to->rank; k++) permutation[k] = czm_order_place(&from->order, to->axis[k]);
    return CZM_OUT(s, CZM_OP_Transpose, from->tensor,
                   czm_import_const(s, permutation, (size_t)to->rank));
}

static czm_tensor plain_image(czm_import_step *s, czm_import_value *v) {
    czm_order plain = czm_order_plain(4);
    for (size_t i = 0; i < v->forms.count; i++)
        if (czm_order_is_plain(&v->forms.items[i].order)) return v->forms.items[i].tensor;
    return czm_import_keep(s->run, v, plain, transpose(s, &v->forms.items[0], &plain));
}

// The reshaped value in ONNX's order, made from its source in ONNX's order. This also needs one Transpose, but of an
// image, which is free in an engine with channels first.
static bool reshape_plain(czm_import_step *s, const czm_import_value *v, czm_tensor *t) {
    czm_shape shape = czm_import_shape(s, v);
    int unknown = 0;
    for (int i = 0; i < shape.rank; i++) unknown += shape.dims[i] == CZM_UNKNOWN;
    if (!v->source || v->source->constant || v->source->forms.count == 0 || unknown > 1)
        return false;
    czm_order order = v->source->forms.items[0].order, image = czm_order_channels_last(4);
    if (!czm_order_equal(&order, &image)) return false;
    *t = czm_import_reshape(s, plain_image(s, v->source), shape.dims, (size_t)shape.rank);
    return true;
}

czm_tensor czm_import_get(czm_import_step *s, czm_import_value *v, czm_order order) {
    czm_tensor t;
    for (size_t i = 0; i < v->forms.count; i++)
        if (czm_order_equal(&v->forms.items[i].order, &order)) return v->forms.items[i].tensor;
    if (v->constant)
        t = materialise(s, v->constant, order);
    else if (!czm_order_is_plain(&order) || !reshape_plain(s, v, &t))
        t = transpose(s, &v->forms.items[0], &order);
    return czm_import_keep(s->run, v, order, t);
}

czm_tensor czm_import_plain(czm_import_step *s, czm_import_value *v) {
    return czm_import_get(s, v, czm_order_plain(czm_import_order(s, v).rank));
}

czm_tensor czm_import_made(czm_import_step *s, czm_import_value *v) {
    return czm_import_get(s, v, czm_import_order(s, v));
}

// Without leading dimensions of size 1: a bias is a vector, and a factor a scalar.
static czm_tensor materialise_narrow(czm_import_step *s, czm_onnx_initializer *w, czm_order order) {
    czm_dims dims = {0};
    unsigned gone = 0;
    for (int k = 0; k < order.rank && w->shape.dims[order.axis[k]] == 1; k++)
        gone |= 1u << order.axis[k];
    for (int a = 0; a < order.rank; a++)
        if (!(gone >> a & 1)) czm_dims_add(&dims, w->shape.dims[a]);
    w->shape = czm_dims_keep(s->run->context->arena, &dims);
    return materialise(s, w, czm_order_without(&order, gone));
}

czm_tensor czm_import_widened(czm_import_step *s, czm_import_value *v, czm_order order) {
    int rank = czm_import_order(s, v).rank, missing = order.rank - rank;
    if (missing == 0) return czm_import_get(s, v, order);
    if (v->constant) { // a view of the same numbers with the dimensions that it needs
        czm_onnx_initializer *wide = CZM_NEW(s->run->context->arena, czm_onnx_initializer);
        czm_dims dims = {0};
        for (int i = 0; i < missing; i++) czm_dims_add(&dims, 1);
        czm_dims_add_all(&dims, v->constant->shape, 0, rank);
        *wide = *v->constant;
        wide->shape = czm_dims_keep(s->run->context->arena, &dims);
        return materialise_narrow(s, wide, order);
    }
    czm_import_form form = {czm_order_plain(order.rank), czm_import_plain(s, v)};
    for (int i = 0; i < missing; i++)
        form.tensor = CZM_OUT(s, CZM_OP_ExpandDims, form.tensor, czm_import_const_of(s, 0));
    return czm_order_is_plain(&order) ? form.tensor : transpose(s, &form, &order);
}

bool czm_import_is_made_of(czm_tensor t, czm_op_kind kind) {
    enum { MOST = 64 };
    czm_tensor open[MOST] = {t};
    size_t count = 1;
    for (size_t at = 0; at < count; at++) {
        const czm_node *node = open[at].node;
        if (czm_node_is(node, kind) || czm_node_is(node, CZM_OP_Const)) continue;
        if (node->inputs.count == 0 || count + node->inputs.count > MOST) return false;
        for (size_t i = 0; i < node->inputs.count; i++) open[count++] = node->inputs.items[i];
    }
    return true;
}

const double *czm_import_numbers(czm_import_step *s, const czm_import_value *v, size_t most,
                                 size_t *count) {
    czm_arena *arena = s->run->context->arena;
    if (!v) return NULL;
    if (v->constant) return czm_import_weight_numbers(s->run->context, v->constant, most, count);
    if (!czm_order_is_plain(&v->forms.items[0].order)) return NULL;
    czm_shapes_catch_up(s->run->shapes);
    czm_value value = czm_value_of(s->run->shapes, v->forms.items[0].tensor);
    if (!value.elements || value.count > most) return NULL;
    double *numbers = CZM_NEW_ARRAY(arena, double, value.count);
    for (size_t i = 0; i < value.count; i++) {
        if (!value.elements[i].is_known) return NULL;
        numbers[i] = value.elements[i].number;
    }
    *count = value.count;
    return numbers;
}

size_t czm_import_vector(czm_import_step *s, const czm_import_value *v, int64_t *out, size_t most) {
    size_t count = 0;
    const double *numbers = czm_import_numbers(s, v, most, &count);
    if (!v) return 0;
    if (numbers) {
        for (size_t i = 0; i < count && i < most; i++) {
            int64_t number = czm_number_to_int(numbers[i]);
            out[i] = number == CZM_UNKNOWN_INT ? number + 1 : number;
        }
        return count;
    }
    int64_t size = czm_shape_count(czm_import_shape(s, v));
    czm_value value = v->constant ? (czm_value){0}
                                  : czm_value_of(s->run->shapes, v->forms.items[0].tensor);
    count = size < 0 ? most + 1 : (size_t)size;
    for (size_t i = 0; i < count && i < most; i++)
        out[i] = value.elements && i < value.count && value.elements[i].is_known
                     ? czm_number_to_int(value.elements[i].number)
                     : CZM_UNKNOWN_INT;
    return count;
}

// ---- outputs

static czm_import_value *output_at(czm_import_step *s, size_t i) {
    return i < s->output_count ? s->outputs[i] : NULL;
}

void czm_import_put(czm_import_step *s, size_t output, czm_tensor tensor, czm_order order) {
    czm_import_value *v = output_at(s, output);
    if (v) czm_import_keep(s->run, v, order, tensor);
}

void czm_import_copy(czm_import_value *to, const czm_import_value *from) {
    const char *name = to->name;
    *to = *from;
    to->name = name;
    to->forms.capacity = to->forms.count; // the list is not shared when it grows
}

void czm_import_pass(czm_import_step *s, size_t output, const czm_import_value *v) {
    czm_import_value *to = output_at(s, output);
    if (!to) return;
    czm_import_copy(to, v);
}

// The order of the first computed value of full rank that is not plain, so that constants are transposed rather than
// images.
czm_order czm_import_align(czm_import_step *s, czm_import_value **values, size_t count,
                           czm_tensor *out) {
    int rank = 0;
    bool is_chosen = false;
    for (size_t i = 0; i < count; i++) {
        czm_order own = czm_import_order(s, values[i]);
        if (own.rank > rank) rank = own.rank;
    }
    czm_order order = czm_order_plain(rank);
    for (size_t i = 0; i < count && !is_chosen; i++) {
        czm_order own = czm_import_order(s, values[i]);
        is_chosen = !values[i]->constant && own.rank == rank && !czm_order_is_plain(&own);
        if (is_chosen) order = own;
    }
    for (size_t i = 0; i < count; i++) {
        bool is_scalar = czm_import_order(s, values[i]).rank == 0;
        out[i] = is_scalar ? czm_import_plain(s, values[i])
                           : czm_import_widened(s, values[i], order);
    }
    return order;
}
