// SPDX-License-Identifier: Apache-2.0
//
// The functions for rules; see step.h.
#include "write/onnx/step.h"

#include <math.h>

#include "graph/layer_name.h"
#include "op/number.h"
#include "write/onnx/scope.h"
#include "write/onnx/write.h"

static czm_dtype type_named(const void *node, czm_bytes attr) {
    return czm_attr_type_named(node, attr);
}

// NULL: the hint of the rule, to keep the SavedModel. Another hint if TensorFlow 2.0.0 cannot run the op either.
static const char *usual_hint(const czm_node *node) {
    bool runs = node->def && node->def->in_target && czm_op_has_kernel(node->def, type_named, node);
    return runs ? NULL : "replace the layer";
}

static void refuse(czm_onnx_step *step, const char *hint, const char *reason) {
    czm_onnx_translator *t = step->translator;
    if (t->status != CZM_OK) return;
    t->status = czm_report_add(t->context->report, CZM_RULE_ONNX_UNSUPPORTED,
                               czm_layer_name(step->arena, step->node->name, t->model->layer_names),
                               hint, "operation %s: %s", step->node->op, reason);
}

void czm_onnx_refuse(czm_onnx_step *step, const char *format, ...) {
    va_list arguments;
    va_start(arguments, format);
    const char *reason = czm_arena_vformat(step->arena, format, arguments);
    va_end(arguments);
    refuse(step, usual_hint(step->node), reason);
}

static bool has_open_image(const czm_onnx_translator *t) {
    const czm_port *port = &t->model->main.inputs.items[0];
    czm_shape shape =
        ((const czm_onnx_value *)port->tensor.node->scratch)[port->tensor.index].shape;
    return shape.rank == 4 && !czm_shape_is_complete((czm_shape){3, shape.dims + 1});
}

void czm_onnx_refuse_size(czm_onnx_step *step, const char *reason) {
    const char *option = czm_report_option(step->translator->context->report,
                                           CZM_OPTION_SPATIAL_DIMS, "HEIGHT,WIDTH");
    bool is_open = has_open_image(step->translator);
    refuse(step,
           is_open ? czm_arena_format(step->arena, "set the size of the input: %s", option)
                   : usual_hint(step->node),
           reason);
}

void czm_onnx_refuse_opset(czm_onnx_step *step, const char *what) {
    const char *option =
        czm_report_option(step->translator->context->report, CZM_OPTION_FORMAT, "czann-2.1.0");
    refuse(step, czm_arena_format(step->arena, "choose the operator set that can: %s", option),
           czm_arena_format(step->arena, "opset %d %s", step->opset, what));
}

// ---- names

// The number of the last name that was tried is stored with the name, which keeps many nodes of one name linear.
const char *czm_onnx_unique_name(czm_onnx_translator *t, const char *wanted) {
    czm_arena *arena = t->context->arena;
    const char *name = wanted;
    czm_name_slot *slot = czm_name_slot_for(arena, &t->names, czm_bytes_text(name));
    for (unsigned *last = slot->value; slot->value;) {
        name = czm_arena_format(arena, "%s_%u", wanted, ++*last);
        slot = czm_name_slot_for(arena, &t->names, czm_bytes_text(name));
    }
    slot->value = CZM_NEW(arena, unsigned);
    return name;
}

const char *czm_onnx_new_name(czm_onnx_step *step, const char *suffix) {
    return czm_onnx_unique_name(step->translator,
                                czm_arena_format(step->arena, "%s/%s", step->node->name, suffix));
}

// ---- nodes

czm_onnx_node *czm_onnx_maker_of(const czm_onnx_translator *t, const char *name) {
    return czm_name_find(&t->makers, czm_bytes_text(name));
}

void czm_onnx_set_maker(czm_onnx_translator *t, const char *name, czm_onnx_node *node) {
    czm_name_slot_for(t->context->arena, &t->makers, czm_bytes_text(name))->value = node;
}

const char *czm_onnx_emit(czm_onnx_step *step, const char *op, const char *const *inputs) {
    czm_onnx_node *node = CZM_NEW(step->arena, czm_onnx_node);
    node->op = op;
    node->name = czm_onnx_new_name(step, op);
    node->source = step->node;
    while (inputs[node->input_count]) node->input_count++;
    node->inputs = CZM_NEW_ARRAY(step->arena, const char *, node->input_count);
    if (node->input_count) memcpy(node->inputs, inputs, node->input_count * sizeof *node->inputs);
    *CZM_APPEND(step->arena, &step->scope->graph->nodes) = node;
    return czm_onnx_emit_more(step);
}

czm_onnx_node *czm_onnx_last(const czm_onnx_step *step) {
    return step->scope->graph->nodes.items[step->scope->graph->nodes.count - 1];
}

const char *czm_onnx_emit_more(czm_onnx_step *step) {
    return czm_onnx_emit_more_of(step, czm_onnx_last(step));
}

const char *czm_onnx_emit_more_of(const czm_onnx_step *step, czm_onnx_node *node) {
    const char **outputs = CZM_NEW_ARRAY(step->arena, const char *, node->output_count + 1);
    if (node->output_count) memcpy(outputs, node->outputs, node->output_count * sizeof *outputs);
    outputs[node->output_count] =
        node->output_count == 0
            ? node->name
            : czm_onnx_unique_name(step->translator,
                                   czm_arena_format(step->arena, "%s:%zu", node->name,
                                                    node->output_count));
    node->outputs = outputs;
    czm_onnx_set_maker(step->translator, outputs[node->output_count], node);
    return outputs[node->output_count++];
}

// ---- attributes

static czm_onnx_attr *add_attr(const czm_onnx_step *step, const char *name,
                               czm_onnx_attr_kind kind) {
    czm_onnx_attr *attr = CZM_APPEND(step->arena, &czm_onnx_last(step)->attrs);
    *attr = (czm_onnx_attr){.name = name, .kind = kind};
    return attr;
}

static void set_whole(const czm_onnx_step *step, const char *name, czm_onnx_attr_kind kind,
                      const int64_t *values, size_t count) {
    int64_t *kept = CZM_NEW_ARRAY(step->arena, int64_t, count);
    if (count) memcpy(kept, values, count * sizeof *kept);
    czm_onnx_attr *attr = add_attr(step, name, kind);
    attr->ints = kept;
    attr->count = count;
}

void czm_onnx_set_int(const czm_onnx_step *step, const char *name, int64_t value) {
    set_whole(step, name, CZM_ONNX_INT, &value, 1);
}

void czm_onnx_set_ints(const czm_onnx_step *step, const char *name, const int64_t *values,
                       size_t count) {
    set_whole(step, name, CZM_ONNX_INTS, values, count);
}

void czm_onnx_set_float(const czm_onnx_step *step, const char *name, double value) {
    add_attr(step, name, CZM_ONNX_FLOAT)->number = (float)value;
}

void czm_onnx_set_text(const czm_onnx_step *step, const char *name, const char *text) {
    add_attr(step, name, CZM_ONNX_STRING)->text = text;
}

void czm_onnx_set_graph(const czm_onnx_step *step, const char *name, czm_onnx_graph *graph) {
    add_attr(step, name, CZM_ONNX_GRAPH)->graph = graph;
}

// ---- nodes that many rules need

const char *czm_onnx_emit_transpose(czm_onnx_step *step, const char *of, const int64_t *order,
                                    int rank) {
    const char *name = CZM_ONNX(step, "Transpose", of);
    czm_onnx_set_ints(step, "perm", order, (size_t)rank);
    return name;
}

const char *czm_onnx_emit_cast(czm_onnx_step *step, const char *of, czm_dtype to) {
    const char *name = CZM_ONNX(step, "Cast", of);
    czm_onnx_set_int(step, "to", czm_onnx_dtype(to));
    return name;
}

const char *czm_onnx_emit_reshape(czm_onnx_step *step, const char *of, const int64_t *dims,
                                  int rank) {
    return CZM_ONNX(step, "Reshape", of, czm_onnx_ints(step, dims, (size_t)rank));
}

const char *czm_onnx_emit_with_axes(czm_onnx_step *step, const char *op, const char *of,
                                    const int64_t *axes, int count, int since) {
    if (step->opset >= since)
        return CZM_ONNX(step, op, of, czm_onnx_ints(step, axes, (size_t)count));
    const char *name = CZM_ONNX(step, op, of);
    czm_onnx_set_ints(step, "axes", axes, (size_t)count);
    return name;
}

// ---- weights

// Initializers are in the outermost graph, where all inner graphs can read them.
static czm_onnx_weight *add_weight(czm_onnx_step *step, const char *name) {
    czm_onnx_weight *weight = CZM_NEW(step->arena, czm_onnx_weight);
    weight->name = czm_onnx_unique_name(step->translator, name);
    *CZM_APPEND(step->arena, &step->translator->result->graph.weights) = weight;
    return weight;
}

czm_onnx_weight *czm_onnx_weight_copy(czm_onnx_step *step, const czm_onnx_weight *weight) {
    czm_onnx_weight *copy = add_weight(step, weight->name);
    const char *name = copy->name;
    *copy = *weight;
    copy->name = name;
    return copy;
}

czm_onnx_weight *czm_onnx_new_weight(czm_onnx_step *step, const char *name, czm_dtype dtype,
                                     const int64_t *dims, int rank) {
    czm_onnx_weight *w = add_weight(step, name);
    w->dtype = dtype;
    w->rank = w->stored_rank = rank;
    for (int i = 0; i < rank; i++) {
        w->order[i] = i;
        w->dims[i] = w->stored_dims[i] = dims[i];
    }
    return w;
}

// Equal constants share one initializer.
static czm_onnx_weight *constant_weight(czm_onnx_step *step, czm_dtype dtype, const int64_t *dims,
                                        int rank, const void *content, size_t size) {
    czm_buffer key = czm_buffer_in(step->arena);
    czm_put_raw_varint(&key, (uint64_t)dtype);
    for (int i = 0; i < rank; i++) czm_put_raw_le(&key, (uint64_t)dims[i], 8);
    czm_put_raw_le(&key, (uint64_t)rank, 1);
    czm_put_raw(&key, czm_bytes_of(content, size));
    czm_bytes bytes = czm_buffer_bytes(&key);
    czm_name_slot *slot = czm_name_slot_for(step->arena, &step->translator->constants, bytes);
    if (!slot->value) {
        czm_onnx_weight *made = czm_onnx_new_weight(step, "constant", dtype, dims, rank);
        made->content = czm_bytes_of(bytes.data + bytes.size - size, size);
        slot->value = made;
    }
    czm_onnx_weight *w = slot->value;
    w->is_read = true;
    return w;
}

static const char *constant(czm_onnx_step *step, czm_dtype dtype, const int64_t *dims, int rank,
                            const void *content, size_t size) {
    return constant_weight(step, dtype, dims, rank, content, size)->name;
}

const char *czm_onnx_ints(czm_onnx_step *step, const int64_t *values, size_t count) {
    const int64_t dims[] = {(int64_t)count};
    czm_buffer b = czm_buffer_in(step->arena);
    for (size_t i = 0; i < count; i++) czm_put_raw_le(&b, (uint64_t)values[i], 8);
    return constant(step, CZM_DTYPE_INT64, dims, 1, b.data, b.size);
}

const char *czm_onnx_int(czm_onnx_step *step, int64_t value) {
    return czm_onnx_ints(step, &value, 1);
}

const char *czm_onnx_floats(czm_onnx_step *step, const float *values, const int64_t *dims,
                            int rank) {
    size_t count = 1;
    for (int i = 0; i < rank; i++) count *= (size_t)dims[i];
    uint8_t *bytes = czm_arena_alloc(step->arena, count * sizeof *values);
    for (size_t i = 0; i < count; i++) czm_store_float(bytes + i * sizeof *values, values[i]);
    return constant(step, CZM_DTYPE_FLOAT, dims, rank, bytes, count * sizeof *values);
}

// The element type of stored constants.
static czm_dtype stored_dtype(czm_dtype dtype) {
    return czm_dtype_is_floating(dtype) ? CZM_DTYPE_FLOAT : dtype;
}

static void put_number(czm_buffer *b, czm_dtype dtype, double value) {
    if (czm_dtype_is_floating(dtype))
        czm_number_put(b, stored_dtype(dtype), value);
    else if (dtype == CZM_DTYPE_UINT64 && value > 0 && value < 0x1p64)
        czm_put_raw_le(b, (uint64_t)value, 8);
    else
        czm_put_raw_le(b, (uint64_t)czm_number_to_int(value), czm_onnx_element_size(dtype));
}

const char *czm_onnx_number(czm_onnx_step *step, czm_dtype dtype, double value) {
    czm_buffer b = czm_buffer_in(step->arena);
    put_number(&b, dtype, value);
    return constant(step, stored_dtype(dtype), NULL, 0, b.data, b.size);
}

// NULL: the value has no type of weights, or is not completely known.
static czm_onnx_weight *known_weight(czm_onnx_step *step, const czm_onnx_value *value) {
    bool is_known = value->known.elements && czm_shape_is_complete(value->shape) &&
                    value->shape.rank <= CZM_ONNX_MOST_DIMS;
    for (size_t i = 0; is_known && i < value->known.count; i++)
        is_known = value->known.elements[i].is_known;
    if (!is_known) return NULL;
    czm_buffer b = czm_buffer_in(step->arena);
    for (size_t i = 0; i < value->known.count; i++)
        put_number(&b, value->dtype, value->known.elements[i].number);
    return constant_weight(step, stored_dtype(value->dtype), value->shape.dims, value->shape.rank,
                           b.data, b.size);
}

czm_onnx_weight *czm_onnx_weight_of(czm_onnx_step *step, czm_onnx_value *value) {
    bool is_made = value->weight || value->plain || value->planar;
    if (!is_made) value->weight = known_weight(step, value);
    return czm_onnx_weight_is_movable(value->weight) ? value->weight : NULL;
}

const char *czm_onnx_weight_name(czm_onnx_weight *weight) { return weight->name; }

// ---- layouts

static void planar_order(int rank, bool to_planar, int64_t *order) {
    for (int i = 0; i < rank; i++) {
        int64_t planar = czm_onnx_planar_axis(i, rank);
        order[to_planar ? planar : i] = to_planar ? i : planar;
    }
}

static bool has_layouts(int rank) { return rank > 2 && rank <= CZM_ONNX_MOST_DIMS; }

static const char *unknown_rank(czm_onnx_step *step) {
    czm_onnx_refuse(step, "the rank of its input is not known");
    return "";
}

// Whether both layouts have the same order of elements, because there is one channel or one pixel, and at most one
// size is open.
static bool stays_in_order(czm_shape shape) {
    int open = 0;
    bool has_one_pixel = true;
    for (int i = 0; i < shape.rank; i++) {
        open += shape.dims[i] == CZM_UNKNOWN;
        if (i > 0 && i < shape.rank - 1) has_one_pixel &= shape.dims[i] == 1;
    }
    return open <= 1 && (has_one_pixel || shape.dims[shape.rank - 1] == 1);
}

// From one layout to the other.
static const char *emit_layout(czm_onnx_step *step, const char *of, czm_shape shape,
                               bool to_planar) {
    int64_t order[CZM_ONNX_MOST_DIMS], dims[CZM_ONNX_MOST_DIMS];
    planar_order(shape.rank, to_planar, order);
    if (!stays_in_order(shape)) return czm_onnx_emit_transpose(step, of, order, shape.rank);
    for (int i = 0; i < shape.rank; i++) dims[i] = shape.dims[to_planar ? order[i] : i];
    return czm_onnx_emit_reshape(step, of, dims, shape.rank);
}

const char *czm_onnx_plain_of(czm_onnx_step *step, czm_onnx_value *value) {
    if (value->plain) return value->plain;
    if (value->list) {
        czm_onnx_refuse(step, "the list is read before it is filled");
        return "";
    }
    if (!value->weight && !value->planar) value->weight = known_weight(step, value);
    if (value->weight) return value->plain = value->weight->name;
    if (!value->planar || !has_layouts(value->shape.rank)) return unknown_rank(step);
    return value->plain = emit_layout(step, value->planar, value->shape, false);
}

static const char *planar_weight(czm_onnx_step *step, const czm_onnx_value *value) {
    czm_onnx_weight *w = czm_onnx_weight_copy(step, value->weight);
    for (int i = 0; i < w->rank; i++) {
        int64_t axis = czm_onnx_planar_axis(i, w->rank);
        w->order[axis] = value->weight->order[i];
        w->dims[axis] = value->weight->dims[i];
    }
    return w->name;
}

const char *czm_onnx_planar_of(czm_onnx_step *step, czm_onnx_value *value) {
    if (value->planar) return value->planar;
    if (czm_onnx_weight_of(step, value)) return value->planar = planar_weight(step, value);
    if (!has_layouts(value->shape.rank)) return unknown_rank(step);
    return value->planar = emit_layout(step, czm_onnx_plain_of(step, value), value->shape, true);
}

// ---- inputs

czm_onnx_value *czm_onnx_in(const czm_onnx_step *step, size_t input) {
    czm_tensor tensor = step->node->inputs.items[input];
    return (czm_onnx_value *)tensor.node->scratch + tensor.index;
}

const char *czm_onnx_in_plain(czm_onnx_step *step, size_t input) {
    return czm_onnx_plain_of(step, czm_onnx_in(step, input));
}

const char *czm_onnx_in_planar(czm_onnx_step *step, size_t input) {
    return czm_onnx_planar_of(step, czm_onnx_in(step, input));
}

bool czm_onnx_in_is_planar(const czm_onnx_step *step, size_t input) {
    return czm_onnx_in(step, input)->planar != NULL;
}

int czm_onnx_in_ints(const czm_onnx_step *step, size_t input, int64_t *out, int most) {
    return czm_value_ints(czm_onnx_in(step, input)->known, out, (size_t)most);
}

bool czm_onnx_in_number(const czm_onnx_step *step, size_t input, double *out) {
    return czm_value_number(czm_onnx_in(step, input)->known, out);
}

bool czm_onnx_weight_is_movable(const czm_onnx_weight *w) {
    return w && !w->scale && w->rank == w->stored_rank && czm_dtype_is_floating(w->dtype);
}

czm_onnx_weight *czm_onnx_in_weight(czm_onnx_step *step, size_t input) {
    return czm_onnx_weight_of(step, czm_onnx_in(step, input));
}

// What is known, as floats.
static const float *known_floats(czm_onnx_step *step, czm_value known) {
    float *numbers = CZM_NEW_ARRAY(step->arena, float, known.count);
    for (size_t i = 0; i < known.count; i++) {
        if (!known.elements[i].is_known) return NULL;
        numbers[i] = (float)known.elements[i].number;
    }
    return numbers;
}

const int64_t *czm_onnx_in_places(czm_onnx_step *step, size_t input, size_t *count) {
    const czm_onnx_value *value = czm_onnx_in(step, input);
    size_t size = czm_dtype_size(value->dtype);
    bool is_whole = value->dtype == CZM_DTYPE_INT32 || value->dtype == CZM_DTYPE_INT64;
    if (!is_whole || value->shape.rank != 1) return NULL;
    *count = value->known.count;
    int64_t *places = CZM_NEW_ARRAY(step->arena, int64_t, *count + 1);
    if (czm_value_ints(value->known, places, *count) >= 0) return places;
    if (!value->weight || !value->weight->content.size) return NULL;
    *count = value->weight->content.size / size;
    places = CZM_NEW_ARRAY(step->arena, int64_t, *count);
    for (size_t i = 0; i < *count; i++) {
        const uint8_t *at = value->weight->content.data + i * size;
        places[i] = size == 4 ? (int32_t)czm_load_le32(at) : (int64_t)czm_load_le64(at);
    }
    return places;
}

const float *czm_onnx_in_floats(czm_onnx_step *step, size_t input, size_t *count) {
    enum { MOST = 1 << 20 };
    const czm_onnx_value *value = czm_onnx_in(step, input);
    uint8_t *bytes;
    *count = value->known.count;
    if (!czm_dtype_is_floating(value->dtype)) return NULL;
    if (value->known.elements) return known_floats(step, value->known);
    if (!value->weight || czm_onnx_weight_count(value->weight) > MOST) return NULL;
    *count = (size_t)czm_onnx_weight_count(value->weight);
    czm_onnx_translator *t = step->translator;
    czm_status status = czm_onnx_weight_read(t->context, value->weight, &bytes);
    if (status != CZM_OK) t->status = status;
    float *numbers = (float *)(void *)bytes;
    for (size_t i = 0; i < *count; i++) numbers[i] = czm_load_float(bytes + i * sizeof *numbers);
    return status == CZM_OK ? numbers : NULL;
}

const char *czm_onnx_in_int64(czm_onnx_step *step, size_t input) {
    const czm_onnx_value *value = czm_onnx_in(step, input);
    int64_t values[CZM_LARGEST_VALUE];
    int count = czm_onnx_in_ints(step, input, values, CZM_LARGEST_VALUE);
    if (count >= 0 && value->shape.rank == 1) return czm_onnx_ints(step, values, (size_t)count);
    const czm_node *cast = step->node->inputs.items[input].node;
    czm_onnx_step above = *step;
    above.node = cast;
    if (czm_node_is(cast, CZM_OP_Cast) && czm_onnx_in(&above, 0)->dtype == CZM_DTYPE_INT64)
        return czm_onnx_in_plain(&above, 0); // sizes, which fit both types
    const char *name = czm_onnx_in_plain(step, input);
    return value->dtype == CZM_DTYPE_INT64 ? name : czm_onnx_emit_cast(step, name, CZM_DTYPE_INT64);
}

// ---- outputs

void czm_onnx_out(czm_onnx_step *step, size_t output, const char *plain) {
    if (output < step->output_count) step->outputs[output].plain = plain;
}

// In functions, shapes are unknown; a planar tensor has the rank of a tensor that the node reads.
static czm_shape shape_of_rank(const czm_onnx_step *step) {
    static const int64_t unknown[CZM_ONNX_MOST_DIMS] = {
        CZM_UNKNOWN, CZM_UNKNOWN, CZM_UNKNOWN, CZM_UNKNOWN,
        CZM_UNKNOWN, CZM_UNKNOWN, CZM_UNKNOWN, CZM_UNKNOWN,
    };
    for (size_t i = 0; i < czm_onnx_in_count(step); i++)
        if (czm_onnx_in_is_planar(step, i))
            return (czm_shape){czm_onnx_in(step, i)->shape.rank, unknown};
    return czm_shape_unknown();
}

void czm_onnx_out_planar(czm_onnx_step *step, size_t output, const char *planar) {
    if (output >= step->output_count) return;
    czm_onnx_value *value = &step->outputs[output];
    value->planar = planar;
    if (value->shape.rank == CZM_UNKNOWN) value->shape = shape_of_rank(step);
}

void czm_onnx_out_value(czm_onnx_step *step, size_t output, const czm_onnx_value *same) {
    czm_onnx_value *value = &step->outputs[output];
    value->plain = same->plain;
    value->planar = same->planar;
    value->weight = same->weight;
    value->list = same->list;
    if (value->shape.rank == CZM_UNKNOWN) value->shape = same->shape;
    value->open = same->readers == 1 ? same->open : NULL;
    if (!same->plain && !same->planar && !same->weight) value->known = same->known;
}

czm_shape czm_onnx_out_shape(const czm_onnx_step *step, size_t output) {
    return step->outputs[output].shape;
}

// ---- inner graphs

czm_onnx_graph *czm_onnx_begin_graph(czm_onnx_step *step, czm_onnx_scope *inner, const char *name) {
    czm_onnx_graph *graph = CZM_NEW(step->arena, czm_onnx_graph);
    graph->name = czm_onnx_new_name(step, name);
    *inner = *step->scope;
    inner->graph = graph;
    inner->is_inner = true;
    step->scope = inner;
    return graph;
}

void czm_onnx_end_graph(czm_onnx_step *step, czm_onnx_scope *outer) { step->scope = outer; }

void czm_onnx_graph_input(czm_onnx_step *step, const char *name, czm_dtype dtype, czm_shape shape) {
    *CZM_APPEND(step->arena, &step->scope->graph->inputs) = (czm_onnx_port){name, dtype, shape};
}

void czm_onnx_graph_output(czm_onnx_step *step, const char *name, czm_dtype dtype,
                           czm_shape shape) {
    *CZM_APPEND(step->arena, &step->scope->graph->outputs) = (czm_onnx_port){name, dtype, shape};
}
