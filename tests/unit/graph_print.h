// SPDX-License-Identifier: Apache-2.0
//
// Graphs as text, for comparison: one node a line, a constant where it is read.
//
//     name=Op(input,input:1,i{2,2}) attribute=value          as graph_text.h reads it
//     1=Conv(x,f[1,1,1,1]{2}) strides=[1,1]                  in ONNX, where nodes are numbered
//
// Element types of inputs are left out: they follow from them.
#ifndef CZM_TESTS_GRAPH_PRINT_H
#define CZM_TESTS_GRAPH_PRINT_H

#include <math.h>

#include "graph/tensor_proto.h"
#include "graph_text.h"
#include "write/onnx/write.h"

typedef struct printer {
    czm_context context;
    const char *indent;
    const czm_graph *graph; // that is printed
    const czm_model *model; // whose variables have numbers; NULL: none has
    czm_buffer out;
    CZM_LIST(const char *) makers; // of ONNX nodes: their outputs, in order
} printer;

static inline printer new_printer(czm_context context) {
    return (printer){.context = context, .indent = "  ", .out = czm_buffer_in(context.arena)};
}

static inline void print(printer *p, const char *format, ...) {
    char text[4096];
    va_list arguments;
    va_start(arguments, format);
    vsnprintf(text, sizeof text, format, arguments);
    va_end(arguments);
    czm_put_raw(&p->out, czm_bytes_text(text));
}

static inline const char *printed(printer *p) {
    return czm_arena_string(p->context.arena, czm_buffer_bytes(&p->out));
}

static inline const char *letter_of(czm_dtype dtype) {
    static const struct {
        czm_dtype dtype;
        const char *letter;
    } letters[] = {{CZM_DTYPE_FLOAT, "f"}, {CZM_DTYPE_DOUBLE, "d"},   {CZM_DTYPE_INT32, "i"},
                   {CZM_DTYPE_INT64, "l"}, {CZM_DTYPE_BOOL, "b"},     {CZM_DTYPE_HALF, "h"},
                   {CZM_DTYPE_UINT8, "u"}, {CZM_DTYPE_RESOURCE, "r"}, {CZM_DTYPE_VARIANT, "v"}};
    for (size_t i = 0; i < CZM_COUNT_OF(letters); i++)
        if (letters[i].dtype == dtype) return letters[i].letter;
    return czm_dtype_name(dtype);
}

// Half precision is printed as its value.
static inline double half_number(uint64_t bits) {
    int exponent = (int)(bits >> 10 & 31);
    double fraction = (double)(bits & 1023) / 1024;
    double number = exponent ? ldexp(1 + fraction, exponent - 15) : ldexp(fraction, -14);
    if (exponent == 31) number = fraction > 0 ? NAN : INFINITY;
    return bits >> 15 ? -number : number;
}

static inline double single_of(uint64_t bits) {
    uint32_t low = (uint32_t)bits;
    float number;
    memcpy(&number, &low, sizeof number);
    return (double)number;
}

static inline double number_at(czm_dtype dtype, const uint8_t *data, size_t index) {
    size_t size = czm_dtype_size(dtype);
    uint64_t bits = 0;
    for (size_t i = 0; i < size && i < 8; i++) bits |= (uint64_t)data[index * size + i] << 8 * i;
    double number = (double)bits;
    if (dtype == CZM_DTYPE_FLOAT) number = single_of(bits);
    if (dtype == CZM_DTYPE_DOUBLE) memcpy(&number, &bits, sizeof number);
    if (dtype == CZM_DTYPE_HALF) number = half_number(bits);
    if (dtype == CZM_DTYPE_INT32) number = (int32_t)bits;
    if (dtype == CZM_DTYPE_INT64) number = (double)(int64_t)bits;
    if (dtype == CZM_DTYPE_INT8) number = (int8_t)bits;
    if (dtype == CZM_DTYPE_INT16) number = (int16_t)bits;
    return number == 0 ? 0 : number; // no negative zero
}

static inline void print_dims(printer *p, int rank, const int64_t *dims) {
    print(p, "[");
    for (int i = 0; i < rank; i++)
        print(p, dims[i] < 0 ? "%s?" : "%s%lld", i ? "," : "", (long long)dims[i]);
    print(p, "]");
}

// Equal numbers are written once; of many numbers, the first ones and their sum.
static inline void print_numbers(printer *p, czm_dtype dtype, const uint8_t *data, size_t count) {
    enum { MOST = 24, FIRST = 4 };
    double first = count ? number_at(dtype, data, 0) : 0, sum = 0;
    bool is_uniform = count > 3;
    for (size_t i = 0; i < count; i++) {
        is_uniform &= number_at(dtype, data, i) == first;
        sum += number_at(dtype, data, i);
    }
    size_t shown = is_uniform ? 1 : count > MOST ? FIRST : count;
    print(p, "{");
    for (size_t i = 0; i < shown; i++) print(p, "%s%.6g", i ? "," : "", number_at(dtype, data, i));
    if (shown < count && !is_uniform) print(p, ",... sum %.6g", sum);
    if (is_uniform) print(p, "..");
    print(p, "}");
}

static inline void print_array(printer *p, czm_dtype dtype, int rank, const int64_t *dims,
                               const uint8_t *data) {
    size_t count = 1;
    for (int i = 0; i < rank; i++) count *= (size_t)dims[i];
    print(p, "%s", letter_of(dtype));
    if (rank == 0) {
        print(p, " %.6g", number_at(dtype, data, 0));
        return;
    }
    if (rank > 1 || count == 0 || count > 3) print_dims(p, rank, dims);
    print_numbers(p, dtype, data, count);
}

static inline void print_tensor_proto(printer *p, czm_bytes tensor, czm_dtype dtype) {
    czm_shape shape = czm_shape_read(p->context.arena, czm_wire_find(tensor, 2).bytes);
    size_t count = 1;
    for (int i = 0; i < shape.rank; i++) count *= (size_t)shape.dims[i];
    czm_bytes content = {0};
    if (czm_dtype_size(dtype)) content = czm_tensor_content(p->context.arena, tensor, dtype, count);
    if (content.size)
        print_array(p, dtype, shape.rank, shape.dims, content.data);
    else
        print(p, "%s[0]{}", letter_of(dtype));
}

// ---- TensorFlow's graphs

static inline void print_list(printer *p, czm_bytes list) {
    czm_wire wire = czm_wire_read(list);
    czm_field field;
    bool is_first = true;
    print(p, "[");
    while (czm_wire_next(&wire, &field)) {
        czm_wire packed = czm_wire_read(field.bytes);
        bool is_packed = field.kind == CZM_WIRE_BYTES && field.number >= 3 && field.number <= 6;
        do {
            bool is_float = field.number == 4;
            uint64_t value = !is_packed ? field.value : is_float ? 0 : czm_wire_varint(&packed);
            if (is_packed && is_float) {
                value = (uint64_t)packed.at[0] | (uint64_t)packed.at[1] << 8 |
                        (uint64_t)packed.at[2] << 16 | (uint64_t)packed.at[3] << 24;
                packed.at += 4;
            }
            print(p, "%s", is_first ? "" : ",");
            is_first = false;
            if (field.number == 2)
                print(p, "'%.*s'", (int)field.bytes.size, (const char *)field.bytes.data);
            else if (is_float)
                print(p, "%g", single_of(value));
            else if (field.number == 6)
                print(p, "@%s", letter_of((czm_dtype)value));
            else if (field.number == 7)
                print(p, "%s",
                      czm_shape_text(p->context.arena,
                                     czm_shape_read(p->context.arena, field.bytes)));
            else if (field.number == 9)
                print(p, "&%.*s", (int)czm_wire_find(field.bytes, 1).bytes.size,
                      (const char *)czm_wire_find(field.bytes, 1).bytes.data);
            else
                print(p, "%lld", (long long)value);
        } while (is_packed && packed.at < packed.end);
    }
    print(p, "]");
}

static inline void print_attribute(printer *p, const czm_node *node, const czm_attr *attr) {
    czm_wire wire = czm_wire_read(attr->value);
    czm_field field = {0};
    czm_wire_next(&wire, &field);
    if (*attr->name.data == 'T' || czm_bytes_equal(attr->name, czm_bytes_text("N"))) return;
    print(p, " %.*s=", (int)attr->name.size, (const char *)attr->name.data);
    switch (field.number) {
    case 1: print_list(p, field.bytes); break;
    case 2: print(p, "'%.*s'", (int)field.bytes.size, (const char *)field.bytes.data); break;
    case 4: print(p, "%g", single_of(field.value)); break;
    case 5: print(p, field.value ? "true" : "false"); break;
    case 6: print(p, "@%s", letter_of((czm_dtype)field.value)); break;
    case 7:
        print(p, "%s",
              czm_shape_text(p->context.arena, czm_shape_read(p->context.arena, field.bytes)));
        break;
    case 8: print_tensor_proto(p, field.bytes, czm_attr_type(node, "dtype")); break;
    case 10:
        print(p, "&%.*s", (int)czm_wire_find(field.bytes, 1).bytes.size,
              (const char *)czm_wire_find(field.bytes, 1).bytes.data);
        break;
    default: print(p, "%lld", (long long)field.value);
    }
}

static inline int compare_attrs(const void *a, const void *b) {
    const czm_attr *first = a, *second = b;
    size_t least = first->name.size < second->name.size ? first->name.size : second->name.size;
    int order = memcmp(first->name.data, second->name.data, least);
    return order ? order
                 : (first->name.size > second->name.size) - (first->name.size < second->name.size);
}

static inline bool is_constant(const czm_node *node) { return czm_text_equal(node->op, "Const"); }

static inline void print_constant(printer *p, const czm_node *node) {
    print_tensor_proto(p, czm_attr_tensor(node, "value"), czm_attr_type(node, "dtype"));
}

// Before names are made unique, the second node of a name is called name#2.
static inline void print_name(printer *p, const czm_node *node) {
    size_t same = 1;
    for (size_t i = 0; p->graph->nodes.items[i] != node && i + 1 < p->graph->nodes.count; i++)
        same += czm_text_equal(p->graph->nodes.items[i]->name, node->name);
    print(p, same > 1 ? "%s#%zu" : "%s", node->name, same);
}

static inline void print_input(printer *p, czm_tensor input) {
    if (is_constant(input.node)) {
        print_constant(p, input.node);
        return;
    }
    print_name(p, input.node);
    if (input.index) print(p, ":%u", input.index);
}

static inline void print_node(printer *p, const czm_node *node) {
    print(p, "%s", p->indent);
    print_name(p, node);
    print(p, "=%s(", node->op);
    for (size_t i = 0; i < node->inputs.count; i++) {
        if (i) print(p, ",");
        print_input(p, node->inputs.items[i]);
    }
    print(p, ")");
    czm_attr *attrs = CZM_NEW_ARRAY(p->context.arena, czm_attr, node->attrs.count + 1);
    if (node->attrs.count) memcpy(attrs, node->attrs.items, node->attrs.count * sizeof *attrs);
    qsort(attrs, node->attrs.count, sizeof *attrs, compare_attrs);
    for (size_t i = 0; i < node->attrs.count; i++) print_attribute(p, node, &attrs[i]);
    print(p, "\n");
}

static inline czm_status collect_bytes(void *user, czm_bytes block) {
    czm_put_raw(user, block);
    return CZM_OK;
}

// name=var f{1,2}; false if the node is the handle of no variable that is known.
static inline bool print_variable(printer *p, const czm_node *node) {
    for (size_t i = 0; p->model && i < p->model->variables.count; i++) {
        const czm_variable *v = &p->model->variables.items[i];
        czm_buffer bytes = czm_buffer_in(p->context.arena);
        uint32_t crc32c;
        if (v->handle != node) continue;
        print(p, "%s%s=var ", p->indent, node->name);
        czm_sink sink = {collect_bytes, &bytes};
        assert_int_equal(v->source->stream(v->source, &p->context, sink, &crc32c), CZM_OK);
        print_array(p, v->dtype, (int)v->rank, v->dims, bytes.data);
        print(p, "\n");
        return true;
    }
    return false;
}

// Constants stand where they are read; one that is the result itself has a line.
static inline void print_graph(printer *p, const czm_graph *graph) {
    p->graph = graph;
    for (size_t i = 0; i < graph->nodes.count; i++) {
        const czm_node *node = graph->nodes.items[i];
        bool is_given = czm_text_equal(node->op, "_Arg") || czm_text_equal(node->op, "Placeholder");
        if (!is_given && !is_constant(node) && !print_variable(p, node)) print_node(p, node);
    }
    for (size_t i = 0; i < graph->outputs.count; i++) {
        const czm_port *port = &graph->outputs.items[i];
        if (!is_constant(port->tensor.node)) continue;
        print(p, "%s%s=", p->indent, port->tensor.node->name);
        print_constant(p, port->tensor.node);
        print(p, "\n");
    }
}

static inline void print_function(printer *p, const czm_graph *function) {
    print(p, "  def %s(", function->name);
    for (size_t i = 0; i < function->inputs.count; i++)
        print(p, "%s%s", i ? "," : "", function->inputs.items[i].name);
    print(p, "):\n");
    p->indent = "    ";
    print_graph(p, function);
    print(p, "    return ");
    for (size_t i = 0; i < function->outputs.count; i++) {
        if (i) print(p, ",");
        print_input(p, function->outputs.items[i].tensor);
    }
    print(p, "\n");
    p->indent = "  ";
}

// The line of an input.
static inline void print_input_of(printer *p, const czm_node *node) {
    czm_shape shape = czm_shape_read(p->context.arena, czm_attr_shape(node, "shape"));
    print(p, "%s%s:%s", p->indent, node->name, letter_of(czm_attr_type(node, "dtype")));
    if (shape.rank >= 0) print_dims(p, shape.rank, shape.dims);
    print(p, "\n");
}

static inline void print_model(printer *p, const czm_model *model) {
    p->model = model;
    for (size_t i = 0; i < model->functions.count; i++)
        print_function(p, model->functions.items[i]);
    print_graph(p, &model->main);
}

// ---- ONNX

static inline void print_onnx_input(printer *p, const czm_onnx_graph *const *graphs, size_t depth,
                                    const char *name) {
    for (size_t i = 0; i < p->makers.count; i++)
        if (czm_text_equal(p->makers.items[i], name)) {
            print(p, "%zu", i + 1);
            return;
        }
    for (size_t d = 0; d < depth; d++)
        for (size_t i = 0; i < graphs[d]->weights.count; i++) {
            const czm_onnx_weight *w = graphs[d]->weights.items[i];
            uint8_t *bytes;
            if (!czm_text_equal(w->name, name)) continue;
            assert_int_equal(czm_onnx_weight_read(&p->context, w, &bytes), CZM_OK);
            czm_dtype dtype = czm_dtype_is_floating(w->dtype) ? CZM_DTYPE_FLOAT : w->dtype;
            print_array(p, dtype, w->rank, w->dims, bytes);
            return;
        }
    print(p, "%s", name);
}

enum { DEEPEST_PRINTED = 8 };

static inline void print_onnx_graph(printer *p, const czm_onnx_graph **graphs, size_t depth);

static inline void print_onnx_attr(printer *p, const czm_onnx_attr *attr) {
    print(p, " %s=", attr->name);
    switch (attr->kind) {
    case CZM_ONNX_FLOAT: print(p, "%g", (double)attr->number); break;
    case CZM_ONNX_STRING: print(p, "'%s'", attr->text); break;
    case CZM_ONNX_INT: print(p, "%lld", (long long)attr->ints[0]); break;
    case CZM_ONNX_INTS: print_dims(p, (int)attr->count, attr->ints); break;
    case CZM_ONNX_GRAPH: print(p, "below"); break;
    }
}

static inline void print_onnx_inner(printer *p, const czm_onnx_graph **graphs, size_t depth,
                                    const czm_onnx_attr *attr) {
    assert_true(depth < DEEPEST_PRINTED);
    const char *outside = p->indent;
    graphs[depth] = attr->graph;
    p->indent = czm_arena_format(p->context.arena, "%s  ", outside);
    print(p, "%s%s(", p->indent, attr->name);
    for (size_t i = 0; i < attr->graph->inputs.count; i++)
        print(p, "%s%s", i ? "," : "", attr->graph->inputs.items[i].name);
    print(p, "):\n");
    print_onnx_graph(p, graphs, depth + 1);
    print(p, "%sreturn ", p->indent);
    for (size_t i = 0; i < attr->graph->outputs.count; i++) {
        if (i) print(p, ",");
        print_onnx_input(p, graphs, depth + 1, attr->graph->outputs.items[i].name);
    }
    print(p, "\n");
    p->indent = outside;
}

static inline void print_onnx_node(printer *p, const czm_onnx_graph **graphs, size_t depth,
                                   const czm_onnx_node *node) {
    size_t first = p->makers.count + 1;
    print(p, "%s", p->indent);
    for (size_t k = 0; k < node->output_count; k++) print(p, "%s%zu", k ? "," : "", first + k);
    print(p, "=%s(", node->op);
    for (size_t k = 0; k < node->input_count; k++) {
        if (k) print(p, ",");
        print_onnx_input(p, graphs, depth, node->inputs[k]);
    }
    print(p, ")");
    for (size_t k = 0; k < node->attrs.count; k++) print_onnx_attr(p, &node->attrs.items[k]);
    print(p, "\n");
    for (size_t k = 0; k < node->output_count; k++)
        *CZM_APPEND(p->context.arena, &p->makers) = node->outputs[k];
    for (size_t k = 0; k < node->attrs.count; k++)
        if (node->attrs.items[k].graph) print_onnx_inner(p, graphs, depth, &node->attrs.items[k]);
}

static inline void print_onnx_graph(printer *p, const czm_onnx_graph **graphs, size_t depth) {
    for (size_t i = 0; i < graphs[depth - 1]->nodes.count; i++)
        print_onnx_node(p, graphs, depth, graphs[depth - 1]->nodes.items[i]);
}

static inline void print_onnx(printer *p, const czm_onnx_model *model) {
    const czm_onnx_graph *graphs[DEEPEST_PRINTED] = {&model->graph};
    print_onnx_graph(p, graphs, 1);
}

#endif
