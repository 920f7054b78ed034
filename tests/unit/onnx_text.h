// SPDX-License-Identifier: Apache-2.0
//
// A graph of graph_text.h, parsed with is_plain, as a file in ONNX (onnx/onnx.proto). Constants become
// initializers, Placeholders the inputs, y is the output. Output 1 of node a is called a.1. A function that an
// attribute names becomes a graph in it; the others are functions of the file, in the domain "own".
#ifndef CZM_TESTS_ONNX_TEXT_H
#define CZM_TESTS_ONNX_TEXT_H

#include "graph_text.h"

typedef struct onnx_text {
    parser *parser;
    czm_buffer out;
    czm_name_table named; // functions that attributes name
} onnx_text;

static inline uint64_t onnx_type_of(czm_dtype dtype) { // TensorProto.DataType
    static const struct {
        czm_dtype dtype;
        uint64_t type;
    } types[] = {{CZM_DTYPE_FLOAT, 1},   {CZM_DTYPE_UINT8, 2},    {CZM_DTYPE_INT8, 3},
                 {CZM_DTYPE_UINT16, 4},  {CZM_DTYPE_INT32, 6},    {CZM_DTYPE_INT64, 7},
                 {CZM_DTYPE_STRING, 8},  {CZM_DTYPE_BOOL, 9},     {CZM_DTYPE_HALF, 10},
                 {CZM_DTYPE_DOUBLE, 11}, {CZM_DTYPE_BFLOAT16, 16}};
    for (size_t i = 0; i < CZM_COUNT_OF(types); i++)
        if (types[i].dtype == dtype) return types[i].type;
    fail_msg("ONNX has no %s", czm_dtype_name(dtype));
    return 0;
}

static inline const char *onnx_name(onnx_text *t, czm_tensor tensor) {
    if (!tensor.index) return tensor.node->name;
    return czm_arena_format(t->parser->arena, "%s.%u", tensor.node->name, tensor.index);
}

// TensorProto: dims=1, data_type=2, name=8, raw_data=9; from TensorFlow's.
static inline void put_onnx_tensor(onnx_text *t, uint32_t field, czm_bytes tensor,
                                   const char *name) {
    czm_shape shape = czm_shape_read(t->parser->arena, czm_wire_find(tensor, 2).bytes);
    size_t message = czm_put_begin(&t->out, field);
    for (int i = 0; i < shape.rank; i++) czm_put_varint(&t->out, 1, (uint64_t)shape.dims[i]);
    czm_put_varint(&t->out, 2, onnx_type_of((czm_dtype)czm_wire_find(tensor, 1).value));
    if (name) czm_put_text(&t->out, 8, name);
    czm_put_bytes(&t->out, 9, czm_wire_find(tensor, 4).bytes);
    czm_put_end(&t->out, message);
}

// ValueInfoProto: name=1, type=2 {tensor_type=1 {elem_type=1, shape=2 {dim=1 {value=1, param=2}}}}; without a type, only the name.
static inline void put_onnx_end(onnx_text *t, uint32_t field, const char *name, czm_dtype dtype,
                                const czm_shape *shape) {
    size_t message = czm_put_begin(&t->out, field);
    czm_put_text(&t->out, 1, name);
    if (dtype == CZM_DTYPE_NONE) {
        czm_put_end(&t->out, message);
        return;
    }
    size_t type = czm_put_begin(&t->out, 2), tensor = czm_put_begin(&t->out, 1);
    czm_put_varint(&t->out, 1, onnx_type_of(dtype));
    if (shape && shape->rank >= 0) {
        size_t all = czm_put_begin(&t->out, 2);
        for (int i = 0; i < shape->rank; i++) {
            size_t dim = czm_put_begin(&t->out, 1);
            if (shape->dims[i] < 0)
                czm_put_text(&t->out, 2, czm_arena_format(t->parser->arena, "size%d", i));
            else
                czm_put_varint(&t->out, 1, (uint64_t)shape->dims[i]);
            czm_put_end(&t->out, dim);
        }
        czm_put_end(&t->out, all);
    }
    czm_put_end(&t->out, tensor);
    czm_put_end(&t->out, type);
    czm_put_end(&t->out, message);
}

static inline void put_onnx_body(onnx_text *t, const czm_graph *graph, uint32_t node_field);

static inline void put_onnx_inner(onnx_text *t, czm_bytes name) {
    const czm_graph *graph = czm_model_function(&t->parser->model, name);
    assert_non_null(graph);
    size_t message = czm_put_begin(&t->out, 6);
    put_onnx_body(t, graph, 1);
    czm_put_bytes(&t->out, 2, name);
    for (size_t i = 0; i < graph->inputs.count; i++)
        put_onnx_end(t, 11, graph->inputs.items[i].name, graph->inputs.items[i].dtype, NULL);
    for (size_t i = 0; i < graph->outputs.count; i++)
        put_onnx_end(t, 12, onnx_name(t, graph->outputs.items[i].tensor), CZM_DTYPE_NONE, NULL);
    czm_put_end(&t->out, message);
}

enum { // AttributeProto.AttributeType
    ONNX_FLOAT = 1,
    ONNX_INT,
    ONNX_STRING,
    ONNX_TENSOR,
    ONNX_GRAPH,
    ONNX_FLOATS,
    ONNX_INTS,
    ONNX_STRINGS
};

static inline uint64_t put_onnx_list(onnx_text *t, czm_bytes list) {
    czm_wire wire = czm_wire_read(list);
    uint64_t type = ONNX_INTS;
    for (czm_field f; czm_wire_next(&wire, &f);) {
        if (f.number == 2) {
            czm_put_bytes(&t->out, 9, f.bytes);
            type = ONNX_STRINGS;
        } else if (f.number == 4) {
            czm_put_bytes(&t->out, 7, f.bytes);
            type = ONNX_FLOATS;
        } else if (f.kind == CZM_WIRE_BYTES) {
            czm_put_bytes(&t->out, 8, f.bytes);
        } else {
            czm_put_varint(&t->out, 8, f.value);
        }
    }
    return type;
}

// AttributeProto: name=1, f=2, i=3, s=4, t=5, g=6, floats=7, ints=8, strings=9, type=20
static inline void put_onnx_attr(onnx_text *t, const czm_attr *attr) {
    czm_field f = {0};
    czm_wire wire = czm_wire_read(attr->value);
    czm_wire_next(&wire, &f);
    size_t message = czm_put_begin(&t->out, 5);
    uint64_t type = ONNX_INT;
    czm_put_bytes(&t->out, 1, attr->name);
    switch (f.number) {
    case 1: type = put_onnx_list(t, f.bytes); break;
    case 2:
        czm_put_bytes(&t->out, 4, f.bytes);
        type = ONNX_STRING;
        break;
    case 4:
        czm_put_fixed32(&t->out, 2, (uint32_t)f.value);
        type = ONNX_FLOAT;
        break;
    case 6: czm_put_varint(&t->out, 3, onnx_type_of((czm_dtype)f.value)); break;
    case 8:
        put_onnx_tensor(t, 5, f.bytes, NULL);
        type = ONNX_TENSOR;
        break;
    case 10:
        put_onnx_inner(t, czm_wire_find(f.bytes, 1).bytes);
        type = ONNX_GRAPH;
        break;
    default: czm_put_varint(&t->out, 3, f.value);
    }
    czm_put_varint(&t->out, 20, type);
    czm_put_end(&t->out, message);
}

static inline size_t onnx_output_count(const czm_graph *graph, const czm_node *node) {
    size_t count = 1;
    for (size_t i = 0; i < graph->nodes.count; i++)
        for (size_t k = 0; k < graph->nodes.items[i]->inputs.count; k++) {
            czm_tensor read = graph->nodes.items[i]->inputs.items[k];
            if (read.node == node && read.index >= count) count = read.index + 1;
        }
    for (size_t i = 0; i < graph->outputs.count; i++) {
        czm_tensor read = graph->outputs.items[i].tensor;
        if (read.node == node && read.index >= count) count = read.index + 1;
    }
    return count;
}

// NodeProto: input=1, output=2, name=3, op_type=4, attribute=5, domain=7
static inline void put_onnx_node(onnx_text *t, uint32_t field, const czm_graph *graph,
                                 czm_node *node) {
    size_t message = czm_put_begin(&t->out, field);
    for (size_t i = 0; i < node->inputs.count; i++)
        czm_put_text(&t->out, 1, onnx_name(t, node->inputs.items[i]));
    for (uint32_t i = 0; i < onnx_output_count(graph, node); i++)
        czm_put_text(&t->out, 2, onnx_name(t, (czm_tensor){node, i}));
    czm_put_text(&t->out, 3, node->name);
    czm_put_text(&t->out, 4, node->op);
    for (size_t i = 0; i < node->attrs.count; i++) put_onnx_attr(t, &node->attrs.items[i]);
    if (czm_model_function(&t->parser->model, czm_bytes_text(node->op)))
        czm_put_text(&t->out, 7, "own");
    czm_put_end(&t->out, message);
}

// Nodes and, where they may stand, initializers; in a function a constant is a node.
static inline void put_onnx_body(onnx_text *t, const czm_graph *graph, uint32_t node_field) {
    for (size_t i = 0; i < graph->nodes.count; i++) {
        czm_node *node = graph->nodes.items[i];
        bool is_given = czm_text_equal(node->op, "_Arg") || czm_text_equal(node->op, OUTER) ||
                        czm_text_equal(node->op, "Placeholder");
        if (czm_text_equal(node->op, "Const"))
            put_onnx_tensor(t, 5, czm_attr_tensor(node, "value"), node->name);
        else if (!is_given)
            put_onnx_node(t, node_field, graph, node);
    }
}

static inline void put_onnx_opset(onnx_text *t, uint32_t field, const char *domain, int version) {
    size_t message = czm_put_begin(&t->out, field);
    czm_put_text(&t->out, 1, domain);
    czm_put_varint(&t->out, 2, (uint64_t)version);
    czm_put_end(&t->out, message);
}

// FunctionProto: name=1, input=4, output=5, node=7, opset_import=9, domain=10
static inline void put_onnx_function(onnx_text *t, const czm_graph *graph, int opset) {
    size_t message = czm_put_begin(&t->out, 25);
    czm_put_text(&t->out, 1, graph->name);
    for (size_t i = 0; i < graph->inputs.count; i++)
        czm_put_text(&t->out, 4, graph->inputs.items[i].name);
    for (size_t i = 0; i < graph->outputs.count; i++)
        czm_put_text(&t->out, 5, onnx_name(t, graph->outputs.items[i].tensor));
    put_onnx_body(t, graph, 7);
    put_onnx_opset(t, 9, "", opset);
    put_onnx_opset(t, 9, "own", 1);
    czm_put_text(&t->out, 10, "own");
    czm_put_end(&t->out, message);
}

static inline void note_named(void *user, czm_bytes name) {
    onnx_text *t = user;
    czm_name_slot_for(t->parser->arena, &t->named, name)->value = t;
}

static inline void find_named(onnx_text *t, const czm_graph *graph) {
    for (size_t i = 0; i < graph->nodes.count; i++)
        for (size_t k = 0; k < graph->nodes.items[i]->attrs.count; k++)
            czm_attr_each_function(graph->nodes.items[i]->attrs.items[k].value, note_named, t);
}

static inline void put_onnx_main(onnx_text *t) {
    const czm_graph *graph = &t->parser->model.main;
    size_t message = czm_put_begin(&t->out, 7);
    put_onnx_body(t, graph, 1);
    czm_put_text(&t->out, 2, "graph");
    for (size_t i = 0; i < graph->inputs.count; i++) {
        const czm_node *node = graph->inputs.items[i].tensor.node;
        czm_shape shape = czm_shape_read(t->parser->arena, czm_attr_shape(node, "shape"));
        put_onnx_end(t, 11, node->name, czm_attr_type(node, "dtype"), &shape);
    }
    put_onnx_end(t, 12, onnx_name(t, czm_output(find_node(t->parser, "y"))), CZM_DTYPE_NONE, NULL);
    czm_put_end(&t->out, message);
}

// ModelProto: ir_version=1, producer_name=2, graph=7, opset_import=8, functions=25
static inline czm_bytes onnx_file_of(parser *p, int opset) {
    onnx_text t = {.parser = p, .out = czm_buffer_in(p->arena)};
    find_named(&t, &p->model.main);
    for (size_t i = 0; i < p->model.functions.count; i++)
        find_named(&t, p->model.functions.items[i]);
    czm_put_varint(&t.out, 1, opset < 9 ? 4 : opset < 22 ? 8 : 10);
    czm_put_text(&t.out, 2, "test");
    put_onnx_main(&t);
    put_onnx_opset(&t, 8, "", opset);
    put_onnx_opset(&t, 8, "own", 1);
    for (size_t i = 0; i < p->model.functions.count; i++) {
        const czm_graph *function = p->model.functions.items[i];
        if (!czm_name_find(&t.named, czm_bytes_text(function->name)))
            put_onnx_function(&t, function, opset);
    }
    return czm_buffer_bytes(&t.out);
}

#endif
