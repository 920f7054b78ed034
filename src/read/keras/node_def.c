// SPDX-License-Identifier: Apache-2.0
//
// TensorFlowOpLayer (TensorFlow 1.13 to 2.3): a node of TensorFlow's graph as protobuf's JSON, with the constants
// among its inputs beside it. It becomes the same node here.
#include <stdlib.h>

#include "read/keras/layers.h"

static czm_keras_tensor stand_in(czm_keras_call *c) {
    return c->in_count ? c->in[0] : czm_keras_number(c, CZM_KERAS_CONST, c->dtype, 0);
}

// ---- attributes

static czm_dtype type_of(const json_t *value) {
    static const struct {
        const char *name;
        czm_dtype dtype;
    } types[] = {
#define DTYPE(symbol, ...) {"DT_" #symbol, CZM_DTYPE_##symbol},
#include "op/dtype.def"
#undef DTYPE
    };
    const char *name = json_string_value(value);
    for (size_t i = 0; name && i < CZM_COUNT_OF(types); i++)
        if (czm_text_equal(name, types[i].name)) return types[i].dtype;
    return CZM_DTYPE_NONE;
}

// 64-bit integers are text in protobuf's JSON.
static int64_t integer_of(const json_t *value) {
    const char *text = json_string_value(value);
    return text ? strtoll(text, NULL, 10) : (int64_t)json_integer_value(value);
}

static int base64_digit(char c) {
    static const char digits[] = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";
    const char *found = c ? strchr(digits, c) : NULL;
    return found ? (int)(found - digits) : -1;
}

static const char *base64_text(czm_arena *arena, const char *text) {
    char *out = czm_arena_alloc(arena, strlen(text) + 1);
    uint32_t bits = 0;
    size_t at = 0;
    for (size_t i = 0; base64_digit(text[i]) >= 0; i++) {
        bits = bits << 6 | (uint32_t)base64_digit(text[i]);
        if (i % 4) out[at++] = (char)(bits >> (6 - 2 * (i % 4)));
    }
    return out;
}

static void set_list(czm_keras_call *c, czm_node *node, const char *name, const json_t *list) {
    const json_t *numbers = json_object_get(list, "i"), *types = json_object_get(list, "type");
    size_t count = json_array_size(numbers), type_count = json_array_size(types);
    int64_t *values = CZM_NEW_ARRAY(c->arena, int64_t, count);
    czm_dtype *dtypes = CZM_NEW_ARRAY(c->arena, czm_dtype, type_count);
    for (size_t i = 0; i < count; i++) values[i] = integer_of(json_array_get(numbers, i));
    for (size_t i = 0; i < type_count; i++) dtypes[i] = type_of(json_array_get(types, i));
    if (type_count)
        czm_set_types(c->graph, node, name, dtypes, type_count);
    else
        czm_set_ints(c->graph, node, name, values, count);
}

static void set_attr(czm_keras_call *c, czm_node *node, const char *name, const json_t *value) {
    const json_t *found;
    if (name[0] == '_') return; // notes to a runtime
    if ((found = json_object_get(value, "type")))
        czm_set_type(c->graph, node, name, type_of(found));
    else if ((found = json_object_get(value, "b")))
        czm_set_bool(c->graph, node, name, json_is_true(found));
    else if ((found = json_object_get(value, "i")))
        czm_set_int(c->graph, node, name, integer_of(found));
    else if ((found = json_object_get(value, "f")))
        czm_set_float(c->graph, node, name, (float)json_number_value(found));
    else if ((found = json_object_get(value, "s")))
        czm_set_string(c->graph, node, name,
                       base64_text(c->arena,
                                   json_string_value(found) ? json_string_value(found) : ""));
    else if ((found = json_object_get(value, "list")))
        set_list(c, node, name, found);
    else
        czm_keras_fail(c, NULL, "the attribute \"%s\" of its op is not supported", name);
}

// ---- inputs

// The type of input `index` in the op's definition.
static czm_dtype input_type(const czm_node *node, size_t index) {
    size_t at = 0;
    for (size_t i = 0; node->def && i < node->def->input_count; i++) {
        size_t count;
        if (!czm_arg_size(node, &node->def->inputs[i], &count)) return CZM_DTYPE_NONE;
        if (index < at + count) return czm_arg_dtype(node, &node->def->inputs[i], index - at);
        at += count;
    }
    return CZM_DTYPE_NONE;
}

static czm_keras_tensor input_at(czm_keras_call *c, const czm_node *node, size_t index,
                                 size_t *used) {
    const char *key = czm_arena_format(c->arena, "%zu", index);
    const json_t *constants = czm_config_get(c->config, "constants");
    const json_t *value = json_object_get(constants, key);
    czm_keras_tensor out = stand_in(c);
    if (!value) {
        if (*used < c->in_count) return c->in[(*used)++];
        czm_keras_fail_damaged(c, "input %zu of its op is missing", index);
    } else if (!czm_keras_constant(c, czm_arena_format(c->arena, "constant_%zu", index),
                                   input_type(node, index), value, &out)) {
        czm_keras_fail(c, NULL, "constant %zu of its op does not consist of numbers", index);
    }
    return out;
}

// ---- the node

// Early versions store the object as text.
static const json_t *read_node(czm_keras_call *c) {
    json_error_t error;
    const json_t *node = czm_config_get(c->config, "node_def");
    const char *text = json_string_value(node);
    return text ? czm_json_read(c->arena, czm_bytes_text(text), &error) : node;
}

czm_keras_tensor czm_keras_build_node_def(czm_keras_call *c) {
    const json_t *json = read_node(c);
    const char *op = json_string_value(json_object_get(json, "op")), *name;
    json_t *attrs = json_object_get(json, "attr"), *value;
    size_t count = json_array_size(json_object_get(json, "input")), used = 0;
    if (!op) {
        czm_keras_fail(c, NULL, "the form of its op's description is not supported");
        return stand_in(c);
    }
    czm_node *node =
        czm_graph_add_named(c->graph, czm_arena_format(c->arena, "%s/%s", c->scope, op), op);
    if (!node->def || node->def->is_stateful)
        czm_keras_fail(c, NULL, "its op \"%s\" is not supported", op);
    json_object_foreach(attrs, name, value) set_attr(c, node, name, value);
    c->graph->nodes.count--; // its constants come before it
    czm_keras_tensor *inputs = CZM_NEW_ARRAY(c->arena, czm_keras_tensor, count);
    for (size_t i = 0; i < count; i++) inputs[i] = input_at(c, node, i, &used);
    for (size_t i = 0; i < count; i++) czm_node_add_input(c->graph, node, *inputs[i]);
    *CZM_APPEND(c->arena, &c->graph->nodes) = node;
    return czm_keras_output(c, node, 0);
}
