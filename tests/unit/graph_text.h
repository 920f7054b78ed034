// SPDX-License-Identifier: Apache-2.0
//
// Graphs for unit tests, written as text, a statement each:
//
//     x:f[?,16,16,3]                  a Placeholder; `x:f` has unknown rank
//     a=i{1,-1}  b=i[2,2]{0,1,2,3}    a Const: a vector, or of any shape
//     c=i 7                           a scalar
//     v=var f[2]{1,2}                 a variable
//     run y                           a node that runs whether or not anybody reads it
//     y=Op(x,a:1) key=value           a node; values: 3 [1,2] true 'text' @f @f,i <?,3> f{1,2} &function
//     def f(a,b): ... return c,d      a function; its statements lie between
//
// separated by ";". Types are f float32, d float64, i int32, l int64, b bool, h float16, u uint8,
// s int8, w uint16, g bfloat16, c complex64, t string, r resource, v variant. A number with a point is a float. The attrs that TensorFlow derives from the inputs (T, N, Tin ...) need not
// be written.
#ifndef CZM_TESTS_GRAPH_TEXT_H
#define CZM_TESTS_GRAPH_TEXT_H

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <ctype.h>
#include <math.h>
#include <stdio.h>
#include <stdlib.h>

#include "graph/build.h"
#include "shape/ops.h"

typedef struct parser {
    const char *at;
    czm_arena *arena;
    czm_op_registry ops;
    czm_model model;
    czm_graph *graph; // being built
    bool is_plain;    // attributes are not derived, and operations may read what stands nowhere
} parser;

// Names that a plain graph reads from elsewhere: a name of the graph around it, or "_" for an input that is left out.
#define OUTER "_Outer"

static inline czm_dtype dtype_of(char letter) {
    static const struct {
        char letter;
        czm_dtype dtype;
    } types[] = {{'f', CZM_DTYPE_FLOAT},     {'d', CZM_DTYPE_DOUBLE},   {'i', CZM_DTYPE_INT32},
                 {'l', CZM_DTYPE_INT64},     {'b', CZM_DTYPE_BOOL},     {'h', CZM_DTYPE_HALF},
                 {'u', CZM_DTYPE_UINT8},     {'s', CZM_DTYPE_INT8},     {'w', CZM_DTYPE_UINT16},
                 {'c', CZM_DTYPE_COMPLEX64}, {'g', CZM_DTYPE_BFLOAT16}, {'t', CZM_DTYPE_STRING},
                 {'r', CZM_DTYPE_RESOURCE},  {'v', CZM_DTYPE_VARIANT}};
    for (size_t i = 0; i < CZM_COUNT_OF(types); i++)
        if (types[i].letter == letter) return types[i].dtype;
    fail_msg("no type is called %c", letter);
    return CZM_DTYPE_NONE;
}

static inline bool accept(parser *p, char c) {
    while (*p->at == ' ' || *p->at == '\n') p->at++;
    if (*p->at != c) return false;
    p->at++;
    return true;
}

static inline void need(parser *p, char c) {
    if (!accept(p, c)) fail_msg("a %c is missing before: %s", c, p->at);
}

static inline const char *word(parser *p) {
    accept(p, ' ');
    const char *begin = p->at;
    while (isalnum((unsigned char)*p->at) || *p->at == '_') p->at++;
    if (p->at == begin) fail_msg("a name is missing before: %s", begin);
    return czm_arena_string(p->arena, czm_bytes_of(begin, (size_t)(p->at - begin)));
}

static inline bool accept_word(parser *p, const char *text) {
    accept(p, ' ');
    size_t size = strlen(text);
    if (strncmp(p->at, text, size) != 0 || isalnum((unsigned char)p->at[size])) return false;
    p->at += size;
    return true;
}

static inline double number(parser *p) {
    accept(p, ' ');
    char *end;
    double value = strtod(p->at, &end);
    if (end == p->at) fail_msg("a number is missing before: %s", p->at);
    p->at = end;
    return value;
}

// [1,?,3] or <1,?,3>
static inline czm_dims dims(parser *p, char open, char close) {
    czm_dims result = {.rank = 0};
    need(p, open);
    while (!accept(p, close)) {
        czm_dims_add(&result, accept(p, '?') ? CZM_UNKNOWN : (int64_t)number(p));
        accept(p, ',');
    }
    return result;
}

static inline void put_shape(czm_buffer *b, uint32_t field, const czm_dims *shape) {
    size_t message = czm_put_begin(b, field);
    for (int i = 0; i < shape->rank; i++) {
        size_t dim = czm_put_begin(b, 2);
        czm_put_varint(b, 1, (uint64_t)shape->at[i]);
        czm_put_end(b, dim);
    }
    if (shape->rank == CZM_UNKNOWN) czm_put_varint(b, 3, 1);
    czm_put_end(b, message);
}

static inline void set_shape(parser *p, czm_node *node, const char *name, const czm_dims *shape) {
    czm_buffer b = czm_buffer_in(p->arena);
    put_shape(&b, 7, shape);
    czm_set_attr(p->graph, node, name, czm_buffer_bytes(&b));
}

static inline czm_node *find_node(parser *p, const char *name) {
    for (size_t i = p->graph->nodes.count; i-- > 0;)
        if (czm_text_equal(p->graph->nodes.items[i]->name, name)) return p->graph->nodes.items[i];
    if (p->is_plain) return czm_graph_add_named(p->graph, name, OUTER);
    fail_msg("no node is called %s", name);
    return NULL;
}

static inline czm_tensor reference(parser *p) {
    const char *name = word(p);
    czm_node *node = find_node(p, p->is_plain && czm_text_equal(name, "_") ? "" : name);
    return (czm_tensor){node, accept(p, ':') ? (uint32_t)number(p) : 0};
}

// Of a number that half precision holds exactly, and that is not tiny.
static inline uint64_t half_bits(double value) {
    int exponent;
    double fraction = frexp(fabs(value), &exponent);
    if (value == 0) return 0;
    return (uint64_t)(value < 0) << 15 | (uint64_t)(exponent + 14) << 10 |
           (uint64_t)((2 * fraction - 1) * 1024);
}

// A number of an element type as TensorProto.tensor_content has it.
static inline void put_number(czm_buffer *b, czm_dtype dtype, double value) {
    float single = (float)value;
    uint64_t bits = (uint64_t)(int64_t)value;
    if (dtype == CZM_DTYPE_HALF) bits = half_bits(value);
    if (dtype == CZM_DTYPE_DOUBLE) memcpy(&bits, &value, sizeof value);
    if (dtype == CZM_DTYPE_FLOAT) memcpy(&bits, &single, sizeof single);
    czm_put_raw_le(b, bits, czm_dtype_size(dtype));
}

static inline czm_node *constant(parser *p, const char *name, czm_dtype dtype) {
    czm_dims shape = {.rank = 0};
    czm_buffer content = czm_buffer_in(p->arena);
    bool has_shape = *p->at == '[';
    if (has_shape) shape = dims(p, '[', ']');
    if (accept(p, '{')) {
        int64_t count = 0;
        for (; !accept(p, '}'); accept(p, ','), count++) put_number(&content, dtype, number(p));
        if (!has_shape) czm_dims_add(&shape, count);
    } else {
        put_number(&content, dtype, number(p));
    }
    return czm_add_const(p->graph, name, dtype, czm_buffer_bytes(&content), shape.at,
                         (size_t)shape.rank)
        .node;
}

typedef struct held { // a source in memory
    czm_tensor_source source;
    czm_bytes bytes;
} held;

static inline czm_status stream_held(const czm_tensor_source *self, czm_context *context,
                                     czm_sink sink, uint32_t *crc32c) {
    (void)context;
    *crc32c = 0; // nobody compares it
    return sink.take(sink.user, ((const held *)self)->bytes);
}

// A variable with the numbers of a constant.
static inline void variable(parser *p, const char *name, czm_dtype dtype) {
    czm_node *handle = constant(p, name, dtype);
    czm_bytes tensor = czm_attr_tensor(handle, "value");
    czm_shape shape = czm_shape_read(p->arena, czm_wire_find(tensor, 2).bytes);
    held *h = CZM_NEW(p->arena, held);
    *h = (held){{0, stream_held}, czm_wire_find(tensor, 4).bytes};
    h->source.size = h->bytes.size;
    handle->op = "VarHandleOp";
    handle->def = czm_op_find(&p->ops, czm_bytes_text(handle->op));
    handle->attrs = (czm_attr_list){0};
    czm_set_type(p->graph, handle, "dtype", dtype);
    czm_set_attr(p->graph, handle, "shape", czm_shape_attr(p->arena, shape));
    *CZM_APPEND(p->arena, &p->model.variables) = (czm_variable){.handle = handle,
                                                                .name = name,
                                                                .dtype = dtype,
                                                                .dims = shape.dims,
                                                                .rank = (size_t)shape.rank,
                                                                .source = &h->source};
}

static inline void placeholder(parser *p, const char *name) {
    czm_node *node = czm_graph_add(p->graph, name, CZM_OP_Placeholder);
    czm_set_type(p->graph, node, "dtype", dtype_of(*p->at++));
    czm_dims shape = *p->at == '[' ? dims(p, '[', ']') : czm_dims_unknown(CZM_UNKNOWN);
    set_shape(p, node, "shape", &shape);
    if (p->graph != &p->model.main) return;
    *CZM_APPEND(p->arena, &p->graph->inputs) = (czm_port){name, czm_output(node), CZM_DTYPE_NONE};
}

// Whether the op's definition calls the attr a list.
static inline bool is_list(const czm_node *node, const char *name) {
    const czm_op_attr *attr = node->def ? czm_op_attr_find(node->def, czm_bytes_text(name)) : NULL;
    return attr && attr->kind.size > 4 && memcmp(attr->kind.data, "list", 4) == 0;
}

static inline void set_functions(parser *p, czm_node *node, const char *name) {
    czm_buffer b = czm_buffer_in(p->arena), list = czm_buffer_in(p->arena);
    size_t count = 0;
    do {
        const char *function = word(p);
        size_t one = czm_put_begin(&list, 9);
        czm_put_text(&list, 1, function);
        czm_put_end(&list, one);
        if (count++ == 0) {
            one = czm_put_begin(&b, 10);
            czm_put_text(&b, 1, function);
            czm_put_end(&b, one);
        }
    } while (accept(p, ','));
    if (count > 1 || is_list(node, name)) {
        b = czm_buffer_in(p->arena);
        czm_put_bytes(&b, 1, czm_buffer_bytes(&list));
    }
    czm_set_attr(p->graph, node, name, czm_buffer_bytes(&b));
}

static inline void set_types(parser *p, czm_node *node, const char *name) {
    czm_dtype types[16];
    size_t count = 0;
    do types[count++] = dtype_of(*p->at++);
    while (accept(p, ','));
    if (count == 1 && !is_list(node, name))
        czm_set_type(p->graph, node, name, types[0]);
    else
        czm_set_types(p->graph, node, name, types, count);
}

// An AttrValue: list=1 {f=4}
static inline void set_floats(parser *p, czm_node *node, const char *name) {
    czm_buffer b = czm_buffer_in(p->arena), list = czm_buffer_in(p->arena);
    need(p, '[');
    for (; !accept(p, ']'); accept(p, ',')) put_number(&list, CZM_DTYPE_FLOAT, number(p));
    size_t message = czm_put_begin(&b, 1);
    czm_put_bytes(&b, 4, czm_buffer_bytes(&list));
    czm_put_end(&b, message);
    czm_set_attr(p->graph, node, name, czm_buffer_bytes(&b));
}

static inline void attribute(parser *p, czm_node *node) {
    const char *name = word(p);
    need(p, '=');
    if (accept(p, '@')) {
        set_types(p, node, name);
    } else if (accept(p, '&')) {
        set_functions(p, node, name);
    } else if (accept(p, '\'')) {
        const char *end = strchr(p->at, '\'');
        czm_set_string(p->graph, node, name,
                       czm_arena_string(p->arena, czm_bytes_of(p->at, (size_t)(end - p->at))));
        p->at = end + 1;
    } else if (*p->at == '[' && memchr(p->at, '.', strcspn(p->at, "]"))) {
        set_floats(p, node, name);
    } else if (*p->at == '[') {
        czm_dims list = dims(p, '[', ']');
        czm_set_ints(p->graph, node, name, list.at, (size_t)list.rank);
    } else if (*p->at == '<') {
        czm_dims shape = dims(p, '<', '>');
        set_shape(p, node, name, &shape);
    } else if (accept_word(p, "true")) {
        czm_set_bool(p->graph, node, name, true);
    } else if (accept_word(p, "false")) {
        czm_set_bool(p->graph, node, name, false);
    } else if (islower((unsigned char)*p->at)) {
        czm_node *made = constant(p, "value", dtype_of(*p->at++));
        p->graph->nodes.count--;
        czm_set_attr(p->graph, node, name, czm_node_attr(made, "value"));
    } else {
        const char *begin = p->at;
        double value = number(p);
        if (memchr(begin, '.', (size_t)(p->at - begin)))
            czm_set_float(p->graph, node, name, (float)value);
        else
            czm_set_int(p->graph, node, name, (int64_t)value);
    }
}

static inline void operation(parser *p, const char *name, const char *op) {
    czm_node *node = czm_graph_add_named(p->graph, name, op);
    need(p, '(');
    while (!accept(p, ')')) {
        czm_node_add_input(p->graph, node, reference(p));
        accept(p, ',');
    }
    accept(p, ' ');
    while (isalpha((unsigned char)*p->at)) {
        attribute(p, node);
        accept(p, ' ');
    }
    if (!p->is_plain) czm_node_derive_attrs(p->graph, node);
}

static inline void begin_function(parser *p) {
    czm_graph *function = CZM_NEW(p->arena, czm_graph);
    *function = (czm_graph){.arena = p->arena, .ops = &p->ops, .name = word(p)};
    czm_model_add_function(&p->model, function);
    p->graph = function;
    need(p, '(');
    while (!accept(p, ')')) {
        czm_node *node = czm_graph_add(function, word(p), CZM_OP__Arg);
        if (accept(p, ':')) czm_set_type(function, node, "T", dtype_of(*p->at++));
        *CZM_APPEND(p->arena, &function->inputs) =
            (czm_port){node->name, czm_output(node), czm_attr_type(node, "T")};
        accept(p, ',');
    }
    need(p, ':');
}

static inline void add_output(parser *p, czm_tensor tensor) {
    czm_port *port = CZM_APPEND(p->arena, &p->graph->outputs);
    *port = (czm_port){tensor.node->name, tensor, czm_tensor_dtype(tensor)};
}

static inline void end_function(parser *p) {
    do add_output(p, reference(p));
    while (accept(p, ','));
    p->graph = &p->model.main;
}

// NextIteration comes after the Merge that it feeds: `loop m n` adds n to the inputs of m.
static inline void close_loop(parser *p) {
    czm_node *merge = find_node(p, word(p));
    czm_node_add_input(p->graph, merge, czm_output(find_node(p, word(p))));
    czm_remove_attr(merge, "N");
    czm_node_derive_attrs(p->graph, merge);
}

static inline void statement(parser *p) {
    if (accept_word(p, "def")) begin_function(p);
    if (accept_word(p, "return")) {
        end_function(p);
    } else if (accept_word(p, "loop")) {
        close_loop(p);
    } else if (accept_word(p, "run")) {
        *CZM_APPEND(p->arena, &p->graph->effects) = find_node(p, word(p));
    } else {
        const char *name = word(p);
        if (accept(p, ':')) {
            placeholder(p, name);
            return;
        }
        need(p, '=');
        bool is_variable = accept_word(p, "var");
        accept(p, ' ');
        bool is_constant = islower((unsigned char)*p->at);
        if (is_variable)
            variable(p, name, dtype_of(*p->at++));
        else if (is_constant)
            constant(p, name, dtype_of(*p->at++));
        else
            operation(p, name, word(p));
    }
}

// Every node of the main graph counts as an output, so that none is lost.
static inline parser parse(const char *text) {
    parser p = {.at = text, .arena = czm_arena_new(NULL)};
    p.ops.arena = p.model.arena = p.model.main.arena = p.arena;
    return p;
}

static inline void build(parser *p) {
    p->graph = &p->model.main;
    p->model.ops = p->model.main.ops = &p->ops;
    while (*p->at) {
        statement(p);
        if (!accept(p, ';') && *p->at) fail_msg("this is too much: %s", p->at);
    }
    czm_graph *graph = &p->model.main;
    for (size_t i = 0; i < graph->nodes.count; i++)
        add_output(p, czm_output(graph->nodes.items[i]));
    czm_graph_sort(graph);
    for (size_t i = 0; i < p->model.functions.count; i++)
        czm_graph_sort(p->model.functions.items[i]);
}

#endif
