// SPDX-License-Identifier: Apache-2.0
//
// Writing ONNX; see write.h. The file is a list of pieces: prepared bytes, and weights between them.
#include "write/onnx/write.h"

#include "graph/reorder.h"
#include "op/number.h"

typedef struct piece {
    czm_bytes bytes;
    const czm_onnx_weight *weight; // NULL, or the weight that follows the bytes
    uint32_t *crc32c;              // of the weight in ONNX's order, once it was written
} piece;

struct czm_onnx_plan {
    CZM_LIST(piece) pieces;
};

// ---- sizes

static uint64_t weight_size(const czm_onnx_weight *w) {
    return (uint64_t)czm_onnx_weight_count(w) * czm_onnx_element_size(w->dtype);
}

// ---- messages

static void put_graph(czm_buffer *b, const czm_onnx_graph *graph);

static void put_attr(czm_buffer *b, const czm_onnx_attr *attr) {
    size_t message = czm_put_begin(b, 5);
    czm_put_text(b, 1, attr->name);
    uint32_t bits;
    memcpy(&bits, &attr->number, sizeof bits);
    if (attr->kind == CZM_ONNX_FLOAT) czm_put_fixed32(b, 2, bits);
    if (attr->kind == CZM_ONNX_INT) czm_put_varint(b, 3, (uint64_t)attr->ints[0]);
    if (attr->kind == CZM_ONNX_STRING) czm_put_text(b, 4, attr->text);
    if (attr->kind == CZM_ONNX_GRAPH) {
        size_t graph = czm_put_begin(b, 6);
        put_graph(b, attr->graph);
        czm_put_end(b, graph);
    }
    for (size_t i = 0; attr->kind == CZM_ONNX_INTS && i < attr->count; i++)
        czm_put_varint(b, 8, (uint64_t)attr->ints[i]);
    czm_put_varint(b, 20, (uint64_t)attr->kind);
    czm_put_end(b, message);
}

static void put_node(czm_buffer *b, const czm_onnx_node *node) {
    size_t message = czm_put_begin(b, 1);
    for (size_t i = 0; i < node->input_count; i++) czm_put_text(b, 1, node->inputs[i]);
    for (size_t i = 0; i < node->output_count; i++) czm_put_text(b, 2, node->outputs[i]);
    czm_put_text(b, 3, node->name);
    czm_put_text(b, 4, node->op);
    for (size_t i = 0; i < node->attrs.count; i++) put_attr(b, &node->attrs.items[i]);
    czm_put_end(b, message);
}

static void put_dim(czm_buffer *b, int64_t size, int index) {
    static const char *const free_dims[] = {"batch", "height", "width", "channels"};
    size_t dim = czm_put_begin(b, 1);
    if (size != CZM_UNKNOWN)
        czm_put_varint(b, 1, (uint64_t)size);
    else if (index < (int)CZM_COUNT_OF(free_dims))
        czm_put_text(b, 2, free_dims[index]);
    czm_put_end(b, dim);
}

// ValueInfoProto
static void put_port(czm_buffer *b, uint32_t field, const czm_onnx_port *port) {
    size_t info = czm_put_begin(b, field);
    czm_put_text(b, 1, port->name);
    size_t type = czm_put_begin(b, 2), tensor = czm_put_begin(b, 1);
    czm_put_varint(b, 1, (uint64_t)czm_onnx_dtype(port->dtype));
    if (port->shape.rank != CZM_UNKNOWN) {
        size_t shape = czm_put_begin(b, 2);
        for (int i = 0; i < port->shape.rank; i++) put_dim(b, port->shape.dims[i], i);
        czm_put_end(b, shape);
    }
    czm_put_end(b, tensor);
    czm_put_end(b, type);
    czm_put_end(b, info);
}

// TensorProto up to its numbers, which follow.
static void put_weight_head(czm_buffer *b, const czm_onnx_weight *w) {
    czm_buffer head = czm_buffer_in(b->arena);
    for (int i = 0; i < w->rank; i++) czm_put_varint(&head, 1, (uint64_t)w->dims[i]);
    czm_put_varint(&head, 2, (uint64_t)czm_onnx_dtype(w->dtype));
    czm_put_text(&head, 8, w->name);
    czm_put_raw_varint(&head, 9 << 3 | CZM_WIRE_BYTES);
    czm_put_raw_varint(&head, weight_size(w));
    czm_put_raw_varint(b, 5 << 3 | CZM_WIRE_BYTES);
    czm_put_raw_varint(b, head.size + weight_size(w));
    czm_put_raw(b, czm_buffer_bytes(&head));
}

static void put_head(czm_buffer *b, const czm_onnx_graph *graph) {
    for (size_t i = 0; i < graph->nodes.count; i++) put_node(b, graph->nodes.items[i]);
    czm_put_text(b, 2, graph->name);
}

static void put_ports(czm_buffer *b, const czm_onnx_graph *graph) {
    for (size_t i = 0; i < graph->inputs.count; i++) put_port(b, 11, &graph->inputs.items[i]);
    for (size_t i = 0; i < graph->outputs.count; i++) put_port(b, 12, &graph->outputs.items[i]);
}

// The graph of a branch or of a loop's body, whose weights are small and in memory.
static void put_graph(czm_buffer *b, const czm_onnx_graph *graph) {
    put_head(b, graph);
    for (size_t i = 0; i < graph->weights.count; i++) {
        if (!graph->weights.items[i]->is_read) continue;
        put_weight_head(b, graph->weights.items[i]);
        czm_put_raw(b, graph->weights.items[i]->content);
    }
    put_ports(b, graph);
}

// ---- the plan

static czm_bytes model_head(czm_arena *arena, const czm_onnx_model *model, uint64_t graph_size) {
    czm_buffer b = czm_buffer_in(arena);
    czm_put_varint(&b, 1, (uint64_t)czm_ir_version_for(model->opset));
    czm_put_text(&b, 2, "czmodel");
    czm_put_text(&b, 3, czm_version());
    size_t opset = czm_put_begin(&b, 8);
    czm_put_text(&b, 1, "");
    czm_put_varint(&b, 2, (uint64_t)model->opset);
    czm_put_end(&b, opset);
    if (*model->exporter) { // StringStringEntryProto {key=1, value=2}
        size_t entry = czm_put_begin(&b, 14);
        czm_put_text(&b, 1, "exporter");
        czm_put_text(&b, 2, model->exporter);
        czm_put_end(&b, entry);
    }
    czm_put_raw_varint(&b, 7 << 3 | CZM_WIRE_BYTES);
    czm_put_raw_varint(&b, graph_size);
    return czm_buffer_bytes(&b);
}

czm_status czm_onnx_plan_make(czm_context *context, const czm_onnx_model *model,
                              const czm_onnx_plan **result, uint64_t *size) {
    czm_arena *arena = context->arena;
    czm_onnx_plan *plan = CZM_NEW(arena, czm_onnx_plan);
    czm_buffer b = czm_buffer_in(arena);
    CZM_APPEND(arena, &plan->pieces); // the head, which has the size of all others
    put_head(&b, &model->graph);
    uint64_t graph_size = 0;
    for (size_t i = 0; i < model->graph.weights.count; i++) {
        const czm_onnx_weight *w = model->graph.weights.items[i];
        if (!w->is_read) continue;
        put_weight_head(&b, w);
        *CZM_APPEND(arena, &plan->pieces) =
            (piece){czm_buffer_bytes(&b), w, CZM_NEW(arena, uint32_t)};
        graph_size += b.size + weight_size(w);
        b = czm_buffer_in(arena);
    }
    put_ports(&b, &model->graph);
    *CZM_APPEND(arena, &plan->pieces) = (piece){czm_buffer_bytes(&b), NULL, NULL};
    graph_size += b.size;
    piece *head = &plan->pieces.items[0];
    *head = (piece){model_head(arena, model, graph_size), NULL, NULL};
    *size = head->bytes.size + graph_size;
    *result = plan;
    if (*size <= INT32_MAX) return CZM_OK;
    return czm_report_add(context->report, CZM_RULE_ONNX_SIZE, "", NULL,
                          "the ONNX file would have %llu bytes", (unsigned long long)*size);
}

// ---- weights

typedef struct filling {
    uint8_t *at, *end;
} filling;

static czm_status fill(void *user, czm_bytes block) {
    filling *f = user;
    if (block.size > (size_t)(f->end - f->at)) return CZM_ERROR_INVALID;
    memcpy(f->at, block.data, block.size);
    f->at += block.size;
    return CZM_OK;
}

// The order of ONNX, whose shape may differ from the stored one.
static czm_reorder reorder_of(const czm_onnx_weight *w) {
    czm_reorder r = {.element = czm_dtype_size(w->dtype), .rank = w->stored_rank};
    for (int i = 0; i < r.rank; i++) r.dims[i] = w->stored_dims[i], r.order[i] = w->order[i];
    return r;
}

static czm_status stream_ordered(czm_context *context, const czm_onnx_weight *w, czm_sink sink,
                                 uint32_t *crc32c) {
    czm_reorder reorder = reorder_of(w);
    czm_arena *arena = czm_arena_child(context->arena);
    czm_status status;
    if (w->source) {
        const czm_tensor_source *source = czm_reorder_source(arena, w->source, &reorder);
        status = source->stream(source, context, sink, crc32c);
    } else {
        uint8_t *ordered = czm_arena_alloc(arena, w->content.size);
        czm_reorder_copy(&reorder, w->content.data, ordered);
        status = sink.take(sink.user, czm_bytes_of(ordered, w->content.size));
    }
    czm_arena_free(arena);
    return status;
}

// Elements that become float32, and are multiplied by the factors.
typedef struct conversion {
    const czm_onnx_weight *weight;
    czm_sink sink;
    size_t at;    // the number of the next element
    size_t inner; // neighbouring elements that share a factor
    size_t factors;
    uint8_t *block;
} conversion;

enum { CONVERTED_TOGETHER = 16 * 1024 };

static size_t scale_count(const czm_onnx_weight *w) {
    return (size_t)w->stored_dims[w->order[w->scaled_dim]];
}

static float single_of(czm_dtype dtype, const uint8_t *element) {
    double number = 0;
    if (dtype == CZM_DTYPE_FLOAT) return czm_load_float(element);
    czm_number_read(dtype, element, &number);
    return (float)number;
}

// Blocks consist of whole elements.
static czm_status convert(void *user, czm_bytes block) {
    conversion *c = user;
    const czm_onnx_weight *w = c->weight;
    size_t size = czm_dtype_size(w->dtype);
    for (size_t count; block.size;
         block = czm_bytes_of(block.data + count * size, block.size - count * size)) {
        count = block.size / size < CONVERTED_TOGETHER ? block.size / size : CONVERTED_TOGETHER;
        for (size_t i = 0; i < count; i++, c->at++) {
            float number = single_of(w->dtype, block.data + i * size);
            if (w->scale) number *= w->scale[c->at / c->inner % c->factors];
            czm_store_float(c->block + i * sizeof number, number);
        }
        CZM_TRY(c->sink.take(c->sink.user, czm_bytes_of(c->block, count * sizeof(float))));
    }
    return CZM_OK;
}

static czm_status stream_converted(czm_context *context, const czm_onnx_weight *w, czm_sink sink,
                                   uint32_t *crc32c) {
    czm_arena *arena = czm_arena_child(context->arena);
    conversion c = {w, sink, 0, 1, 1, czm_arena_alloc(arena, CONVERTED_TOGETHER * sizeof(float))};
    for (int i = w->scaled_dim + 1; i < w->stored_rank; i++)
        c.inner *= (size_t)w->stored_dims[w->order[i]];
    if (w->scale) c.factors = scale_count(w);
    czm_status status = stream_ordered(context, w, (czm_sink){convert, &c}, crc32c);
    czm_arena_free(arena);
    return status;
}

static czm_status stream_weight(czm_context *context, const czm_onnx_weight *w, czm_sink sink,
                                uint32_t *crc32c) {
    bool is_converted = w->scale || czm_dtype_size(w->dtype) != czm_onnx_element_size(w->dtype);
    return is_converted ? stream_converted(context, w, sink, crc32c)
                        : stream_ordered(context, w, sink, crc32c);
}

czm_status czm_onnx_weight_read(czm_context *context, const czm_onnx_weight *weight,
                                uint8_t **bytes) {
    *bytes = czm_arena_alloc(context->arena, (size_t)weight_size(weight) + 1);
    filling f = {*bytes, *bytes + weight_size(weight)};
    uint32_t ignored;
    return stream_weight(context, weight, (czm_sink){fill, &f}, &ignored);
}

czm_status czm_onnx_write(czm_context *context, const czm_onnx_plan *plan, czm_sink sink) {
    for (size_t i = 0; i < plan->pieces.count; i++) {
        const piece *p = &plan->pieces.items[i];
        CZM_TRY(sink.take(sink.user, p->bytes));
        if (p->weight) CZM_TRY(stream_weight(context, p->weight, sink, p->crc32c));
    }
    return CZM_OK;
}

static void identify_weight(const piece *p, czm_sha256 *sha) {
    const czm_onnx_weight *w = p->weight;
    uint8_t bytes[sizeof(uint32_t)];
    for (size_t i = 0; w->scale && i < scale_count(w); i++) {
        czm_store_float(bytes, w->scale[i]);
        czm_sha256_add(sha, czm_bytes_of(bytes, sizeof bytes));
    }
    if (w->source) czm_store_le(bytes, *p->crc32c, sizeof bytes);
    czm_sha256_add(sha, w->source ? czm_bytes_of(bytes, sizeof bytes) : w->content);
}

// The first piece is not hashed: it contains the version of this program, and the name of the format implies the
// operator set.
void czm_onnx_plan_identify(const czm_onnx_plan *plan, czm_sha256 *sha) {
    for (size_t i = 1; i < plan->pieces.count; i++) {
        const piece *p = &plan->pieces.items[i];
        czm_sha256_add(sha, p->bytes);
        if (p->weight) identify_weight(p, sha);
    }
}
