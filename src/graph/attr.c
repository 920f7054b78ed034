// SPDX-License-Identifier: Apache-2.0
//
// Attributes of nodes. AttrValue is a oneof: list=1, s=2, i=3, f=4, b=5, type=6, shape=7,
// tensor=8, placeholder=9, func=10; ListValue: s=2, i=3, f=4, b=5, type=6, shape=7, tensor=8,
// func=9, numbers packed or not (tensorflow/core/framework/attr_value.proto).
#include "graph/graph.h"

enum {
    VALUE_LIST = 1,
    VALUE_STRING = 2,
    VALUE_INT = 3,
    VALUE_FLOAT = 4,
    VALUE_BOOL = 5,
    VALUE_TYPE = 6,
    VALUE_SHAPE = 7,
    VALUE_TENSOR = 8,
    VALUE_FUNCTION = 10,
    LIST_FUNCTION = 9,
};

static czm_attr *find(const czm_node *node, czm_bytes name) {
    for (size_t i = 0; i < node->attrs.count; i++)
        if (czm_bytes_equal(node->attrs.items[i].name, name)) return &node->attrs.items[i];
    return NULL;
}

czm_bytes czm_node_attr_named(const czm_node *node, czm_bytes name) {
    const czm_attr *own = find(node, name);
    if (own) return own->value;
    const czm_op_attr *known = node->def ? czm_op_attr_find(node->def, name) : NULL;
    return known && known->has_default ? known->default_value : (czm_bytes){0};
}

czm_bytes czm_node_attr(const czm_node *node, const char *name) {
    return czm_node_attr_named(node, czm_bytes_text(name));
}

bool czm_node_has_attr(const czm_node *node, const char *name) {
    return find(node, czm_bytes_text(name)) != NULL;
}

static czm_field value_of(const czm_node *node, const char *name, uint32_t number) {
    return czm_wire_find(czm_node_attr(node, name), number);
}

int64_t czm_attr_int(const czm_node *node, const char *name) {
    return (int64_t)value_of(node, name, VALUE_INT).value;
}

double czm_attr_float(const czm_node *node, const char *name) {
    uint32_t bits = (uint32_t)value_of(node, name, VALUE_FLOAT).value;
    float number;
    memcpy(&number, &bits, sizeof number);
    return (double)number;
}

bool czm_attr_bool(const czm_node *node, const char *name) {
    return value_of(node, name, VALUE_BOOL).value != 0;
}

// Reference types count as their base types: reading turns references into values.
static czm_dtype base_type(uint64_t value) { return (czm_dtype)(value % CZM_DTYPE_REF); }

czm_dtype czm_attr_type_named(const czm_node *node, czm_bytes name) {
    return base_type(czm_wire_find(czm_node_attr_named(node, name), VALUE_TYPE).value);
}

czm_dtype czm_attr_type(const czm_node *node, const char *name) {
    return czm_attr_type_named(node, czm_bytes_text(name));
}

czm_bytes czm_attr_string(const czm_node *node, const char *name) {
    return value_of(node, name, VALUE_STRING).bytes;
}

czm_bytes czm_attr_tensor(const czm_node *node, const char *name) {
    return value_of(node, name, VALUE_TENSOR).bytes;
}

czm_bytes czm_attr_shape(const czm_node *node, const char *name) {
    return value_of(node, name, VALUE_SHAPE).bytes;
}

czm_bytes czm_attr_function(const czm_node *node, const char *name) {
    return czm_wire_find(value_of(node, name, VALUE_FUNCTION).bytes, 1).bytes;
}

bool czm_attr_is(const czm_node *node, const char *name, const char *string) {
    return czm_bytes_is(czm_attr_string(node, name), string);
}

// Walks the elements of a ListValue of any kind; integers arrive one by one, packed or not.
typedef void element_visitor(void *user, const czm_field *element);

static void each_element(czm_bytes value, element_visitor *visit, void *user) {
    czm_wire list = czm_wire_read(czm_wire_find(value, VALUE_LIST).bytes);
    for (czm_field f; czm_wire_next(&list, &f);) {
        bool is_packed =
            f.kind == CZM_WIRE_BYTES &&
            (f.number == VALUE_INT || f.number == VALUE_BOOL || f.number == VALUE_TYPE);
        if (f.kind == CZM_WIRE_BYTES && f.number == VALUE_FLOAT) {
            for (size_t i = 0; i + 4 <= f.bytes.size; i += 4)
                visit(user, &(czm_field){
                                f.number, CZM_WIRE_FIXED32, czm_load_le32(f.bytes.data + i), {0}});
        } else if (is_packed) {
            for (czm_wire packed = czm_wire_read(f.bytes); packed.at < packed.end;)
                visit(user, &(czm_field){f.number, CZM_WIRE_VARINT, czm_wire_varint(&packed), {0}});
        } else {
            visit(user, &f);
        }
    }
}

typedef struct int_sink {
    int64_t *out;
    size_t count, most;
} int_sink;

static void take_int(void *user, const czm_field *element) {
    int_sink *sink = user;
    if (sink->count < sink->most) sink->out[sink->count] = (int64_t)element->value;
    sink->count++;
}

static size_t read_ints(czm_bytes value, int64_t *out, size_t most) {
    int_sink sink = {out, 0, most};
    each_element(value, take_int, &sink);
    return sink.count;
}

size_t czm_attr_ints(const czm_node *node, const char *name, int64_t *out, size_t most) {
    return read_ints(czm_node_attr(node, name), out, most);
}

// TensorProto: dtype=1.
size_t czm_attr_types(czm_bytes value, int64_t *out, size_t most) {
    czm_field type = czm_wire_find(value, VALUE_TYPE), tensor = czm_wire_find(value, VALUE_TENSOR);
    if (tensor.number) type = czm_wire_find(tensor.bytes, 1);
    if (!type.number) return read_ints(value, out, most);
    if (most) out[0] = (int64_t)type.value;
    return 1;
}

typedef struct float_sink {
    float *out;
    size_t most, count;
} float_sink;

// The bits of a float.
static void take_float(void *user, const czm_field *element) {
    float_sink *sink = user;
    uint32_t bits = (uint32_t)element->value;
    float value;
    if (element->number != VALUE_FLOAT) return;
    memcpy(&value, &bits, sizeof value);
    if (sink->count < sink->most) sink->out[sink->count] = value;
    sink->count++;
}

size_t czm_attr_floats(const czm_node *node, const char *name, float *out, size_t most) {
    float_sink sink = {out, most, 0};
    each_element(czm_node_attr(node, name), take_float, &sink);
    return sink.count;
}

size_t czm_attr_list_size(const czm_node *node, const char *name) {
    return read_ints(czm_node_attr(node, name), NULL, 0);
}

// ---- lists of types, whose elements are read one by one

// The elements of a list of types in its usual form: one byte each, one packed field.
static czm_bytes types_of(czm_bytes value) {
    return czm_wire_find(czm_wire_find(value, VALUE_LIST).bytes, VALUE_TYPE).bytes;
}

static bool is_usual(czm_bytes list) {
    czm_wire wire = czm_wire_read(list);
    czm_field types;
    bool is_packed = czm_wire_next(&wire, &types) &&
                     czm_field_is(&types, VALUE_TYPE, CZM_WIRE_BYTES);
    if (!is_packed || wire.at < wire.end) return false;
    for (size_t i = 0; i < types.bytes.size; i++)
        if (types.bytes.data[i] >= CZM_DTYPE_REF) return false;
    return true;
}

static void put_type(void *user, const czm_field *element) {
    if (element->number == VALUE_TYPE)
        czm_put_raw_varint(user, (uint64_t)base_type(element->value));
}

czm_bytes czm_attr_with_usual_types(czm_arena *arena, czm_bytes value) {
    czm_bytes list = czm_wire_find(value, VALUE_LIST).bytes;
    if (!czm_wire_find(list, VALUE_TYPE).number || is_usual(list)) return value;
    czm_buffer b = czm_buffer_in(arena);
    size_t outer = czm_put_begin(&b, VALUE_LIST), packed = czm_put_begin(&b, VALUE_TYPE);
    each_element(value, put_type, &b);
    czm_put_end(&b, packed);
    czm_put_end(&b, outer);
    return czm_buffer_bytes(&b);
}

// ---- arguments of ops: the number and the types of their tensors, from the attrs

bool czm_arg_size(const czm_node *node, const czm_op_arg *arg, size_t *size) {
    uint64_t count = 1;
    if (arg->list_attr.size)
        count = types_of(czm_node_attr_named(node, arg->list_attr)).size;
    else if (arg->count_attr.size)
        count = czm_wire_find(czm_node_attr_named(node, arg->count_attr), VALUE_INT).value;
    *size = (size_t)count;
    return count <= UINT32_MAX;
}

czm_dtype czm_arg_dtype(const czm_node *node, const czm_op_arg *arg, size_t index) {
    if (arg->type_attr.size) return czm_attr_type_named(node, arg->type_attr);
    if (!arg->list_attr.size) return arg->dtype;
    czm_bytes types = types_of(czm_node_attr_named(node, arg->list_attr));
    return index < types.size ? (czm_dtype)types.data[index] : CZM_DTYPE_NONE;
}

typedef struct function_sink {
    void (*visit)(void *user, czm_bytes name);
    void *user;
} function_sink;

static void take_function(void *user, const czm_field *element) {
    function_sink *sink = user;
    if (czm_field_is(element, LIST_FUNCTION, CZM_WIRE_BYTES))
        sink->visit(sink->user, czm_wire_find(element->bytes, 1).bytes);
}

void czm_attr_each_function(czm_bytes value, void (*visit)(void *user, czm_bytes name),
                            void *user) {
    czm_field function = czm_wire_find(value, VALUE_FUNCTION);
    if (function.number) visit(user, czm_wire_find(function.bytes, 1).bytes);
    each_element(value, take_function, &(function_sink){visit, user});
}

void czm_set_attr(czm_graph *graph, czm_node *node, const char *name, czm_bytes value) {
    czm_attr *attr = find(node, czm_bytes_text(name));
    if (!attr) attr = CZM_APPEND(graph->arena, &node->attrs);
    *attr = (czm_attr){czm_bytes_text(name), value};
}

static void set_number(czm_graph *graph, czm_node *node, const char *name, uint32_t field,
                       uint64_t value) {
    czm_buffer b = czm_buffer_in(graph->arena);
    czm_put_varint(&b, field, value);
    czm_set_attr(graph, node, name, czm_buffer_bytes(&b));
}

void czm_set_int(czm_graph *graph, czm_node *node, const char *name, int64_t value) {
    set_number(graph, node, name, VALUE_INT, (uint64_t)value);
}

void czm_set_float(czm_graph *graph, czm_node *node, const char *name, float value) {
    czm_buffer b = czm_buffer_in(graph->arena);
    uint32_t bits;
    memcpy(&bits, &value, sizeof bits);
    czm_put_fixed32(&b, VALUE_FLOAT, bits);
    czm_set_attr(graph, node, name, czm_buffer_bytes(&b));
}

void czm_set_bool(czm_graph *graph, czm_node *node, const char *name, bool value) {
    set_number(graph, node, name, VALUE_BOOL, value);
}

void czm_set_type(czm_graph *graph, czm_node *node, const char *name, czm_dtype value) {
    set_number(graph, node, name, VALUE_TYPE, (uint64_t)value);
}

void czm_set_string(czm_graph *graph, czm_node *node, const char *name, const char *value) {
    czm_buffer b = czm_buffer_in(graph->arena);
    czm_put_text(&b, VALUE_STRING, value);
    czm_set_attr(graph, node, name, czm_buffer_bytes(&b));
}

void czm_set_ints(czm_graph *graph, czm_node *node, const char *name, const int64_t *values,
                  size_t count) {
    czm_buffer b = czm_buffer_in(graph->arena);
    size_t list = czm_put_begin(&b, VALUE_LIST), packed = count ? czm_put_begin(&b, VALUE_INT) : 0;
    for (size_t i = 0; i < count; i++) czm_put_raw_varint(&b, (uint64_t)values[i]);
    if (count) czm_put_end(&b, packed);
    czm_put_end(&b, list);
    czm_set_attr(graph, node, name, czm_buffer_bytes(&b));
}

void czm_set_types(czm_graph *graph, czm_node *node, const char *name, const czm_dtype *values,
                   size_t count) {
    czm_buffer b = czm_buffer_in(graph->arena);
    size_t list = czm_put_begin(&b, VALUE_LIST), packed = czm_put_begin(&b, VALUE_TYPE);
    for (size_t i = 0; i < count; i++) czm_put_raw_varint(&b, (uint64_t)values[i]);
    czm_put_end(&b, packed);
    czm_put_end(&b, list);
    czm_set_attr(graph, node, name, czm_buffer_bytes(&b));
}

void czm_remove_attr(czm_node *node, const char *name) {
    czm_attr *attr = find(node, czm_bytes_text(name));
    if (!attr) return;
    *attr = node->attrs.items[--node->attrs.count];
}
