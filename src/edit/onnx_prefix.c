// SPDX-License-Identifier: Apache-2.0
//
// Putting operations before a network in ONNX; see onnx_prefix.h. The operations are inserted at the beginning of the
// graph and compute the tensor that was the input; the graph gets an input with another name. Facts: onnx/onnx.proto.
// Integers are rounded by Add and Floor, since Round is newer than operator set 7.
#include "edit/onnx_prefix.h"

enum { TENSOR = 4, INT = 2 }; // AttributeProto.AttributeType

typedef struct builder {
    czm_arena *arena;
    czm_buffer nodes;
    const char *from;    // the tensor that the next operation reads
    const char *to;      // what the last one makes
    size_t count, total; // of operations
} builder;

// NodeProto {input=1, output=2, name=3, op_type=4, attribute=5}
static size_t begin_node(builder *b, const char *op, const char *output) {
    size_t node = czm_put_begin(&b->nodes, 1);
    czm_put_text(&b->nodes, 2, output);
    czm_put_text(&b->nodes, 3, output);
    czm_put_text(&b->nodes, 4, op);
    return node;
}

// A scalar. AttributeProto {name=1, t=5, type=20}; TensorProto {data_type=2, raw_data=9}
static const char *add_constant(builder *b, double number) {
    const char *name = czm_arena_format(b->arena, "%s/value", b->from);
    uint8_t raw[sizeof(float)];
    czm_store_float(raw, (float)number);
    size_t node = begin_node(b, "Constant", name), attribute = czm_put_begin(&b->nodes, 5);
    czm_put_text(&b->nodes, 1, "value");
    size_t tensor = czm_put_begin(&b->nodes, 5);
    czm_put_varint(&b->nodes, 2, (uint64_t)czm_dtype_in_onnx(CZM_DTYPE_FLOAT));
    czm_put_bytes(&b->nodes, 9, czm_bytes_of(raw, sizeof raw));
    czm_put_end(&b->nodes, tensor);
    czm_put_varint(&b->nodes, 20, TENSOR);
    czm_put_end(&b->nodes, attribute);
    czm_put_end(&b->nodes, node);
    return name;
}

// `constant`: the second input; NULL: there is none. `cast`: what Cast makes.
static void add(builder *b, const char *op, const char *constant, czm_dtype cast) {
    const char *output = czm_arena_format(b->arena, "%s/%s", b->from, op);
    if (++b->count == b->total) output = b->to;
    size_t node = begin_node(b, op, output);
    czm_put_text(&b->nodes, 1, b->from);
    if (constant) czm_put_text(&b->nodes, 1, constant);
    if (cast) {
        size_t attribute = czm_put_begin(&b->nodes, 5);
        czm_put_text(&b->nodes, 1, "to");
        czm_put_varint(&b->nodes, 3, (uint64_t)czm_dtype_in_onnx(cast));
        czm_put_varint(&b->nodes, 20, INT);
        czm_put_end(&b->nodes, attribute);
    }
    czm_put_end(&b->nodes, node);
    b->from = output;
}

static void add_all(builder *b, double factor, czm_dtype dtype) {
    bool is_scaled = factor != 1, is_cast = dtype != CZM_DTYPE_FLOAT;
    bool is_rounded = is_cast && !czm_dtype_is_floating(dtype);
    b->total = (size_t)is_scaled + 2 * (size_t)is_rounded + (size_t)is_cast;
    if (is_scaled) add(b, "Mul", add_constant(b, factor), CZM_DTYPE_NONE);
    if (is_rounded) add(b, "Add", add_constant(b, 0.5), CZM_DTYPE_NONE);
    if (is_rounded) add(b, "Floor", NULL, CZM_DTYPE_NONE);
    if (is_cast) add(b, "Cast", NULL, dtype);
}

// ValueInfoProto {name=1, type=2 {tensor_type=1 {elem_type=1, shape=2}}}, in the graph's field 11.
static void put_input(czm_buffer *b, const char *name, czm_bytes old) {
    czm_bytes type = czm_wire_find(czm_wire_find(old, 2).bytes, 1).bytes;
    czm_field shape = czm_wire_find(type, 2);
    size_t info = czm_put_begin(b, 11);
    czm_put_text(b, 1, name);
    size_t outer = czm_put_begin(b, 2), inner = czm_put_begin(b, 1);
    czm_put_varint(b, 1, (uint64_t)czm_dtype_in_onnx(CZM_DTYPE_FLOAT));
    if (shape.number) czm_put_bytes(b, 2, shape.bytes);
    czm_put_end(b, inner);
    czm_put_end(b, outer);
    czm_put_end(b, info);
}

static const char *free_name(czm_arena *arena, const czm_onnx_file *file, const char *input) {
    const char *name = czm_arena_format(arena, "%s/pixels", input);
    while (czm_onnx_origin_of(file, czm_bytes_text(name)))
        name = czm_arena_format(arena, "%s_", name);
    return name;
}

static czm_status load(czm_context *context, const czm_onnx_file *file, czm_extent extent,
                       czm_bytes *bytes) {
    uint8_t *data = czm_arena_alloc(context->arena, (size_t)extent.size + 1);
    *bytes = czm_bytes_of(data, (size_t)extent.size);
    return czm_file_read_at(extent.file, extent.offset, data, (size_t)extent.size)
               ? CZM_OK
               : czm_report_add(context->report, CZM_RULE_FILE_UNREADABLE, file->where, NULL,
                                "reading failed: %s", czm_file_error());
}

// The part of the file between two positions.
static czm_extent between(const czm_onnx_file *file, uint64_t begin, uint64_t end) {
    return (czm_extent){.file = file->extent.file, .offset = begin, .size = end - begin};
}

static uint64_t end_of(czm_extent extent) { return extent.offset + extent.size; }

czm_status czm_onnx_prefix(czm_context *context, const czm_onnx_file *file, double factor,
                           czm_onnx_prefixed *prefixed) {
    czm_arena *arena = context->arena;
    const czm_onnx_end *input = &file->inputs.items[0];
    czm_bytes field;
    CZM_TRY(load(context, file, input->field, &field));
    const char *name = free_name(arena, file, input->name);
    builder b = {.arena = arena, .nodes = czm_buffer_in(arena), .from = name, .to = input->name};
    czm_buffer port = czm_buffer_in(arena), head = czm_buffer_in(arena);
    add_all(&b, factor, input->dtype);
    put_input(&port, name, czm_wire_find(field, 11).bytes);
    czm_put_raw_varint(&head, 7 << 3 | CZM_WIRE_BYTES);
    czm_put_raw_varint(&head, file->graph.size - field.size + port.size + b.nodes.size);
    czm_put_raw(&head, czm_buffer_bytes(&b.nodes));
    *prefixed = (czm_onnx_prefixed){
        {{{0}, between(file, file->extent.offset, file->graph_field.offset)},
         {czm_buffer_bytes(&head), between(file, file->graph.offset, input->field.offset)},
         {czm_buffer_bytes(&port), between(file, end_of(input->field), end_of(file->extent))}},
        0};
    for (size_t i = 0; i < CZM_COUNT_OF(prefixed->pieces); i++)
        prefixed->size += prefixed->pieces[i].bytes.size + prefixed->pieces[i].extent.size;
    return CZM_OK;
}
