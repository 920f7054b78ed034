// SPDX-License-Identifier: Apache-2.0
//
// Writing ONNX; see write.h. The file is a list of pieces: prepared bytes, and weights between them.
#include "write/onnx/write.h"

#include "op/number.h"

typedef struct piece {
    czm_bytes bytes;
    const czm_onnx_weight *weight; // NULL, or the weight that follows the bytes
    uint32_t *crc32c;              // of the weight as it is stored, once it was written
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

// The bytes as they are stored, all at once.
static czm_status load(czm_context *context, const czm_onnx_weight *w, uint8_t *to,
                       uint32_t *crc32c) {
    if (!w->source) {
        if (w->content.size) memcpy(to, w->content.data, w->content.size);
        return CZM_OK;
    }
    filling f = {to, to + w->source->size};
    return w->source->stream(w->source, context, (czm_sink){fill, &f}, crc32c);
}

static void to_singles(czm_dtype dtype, uint8_t *bytes, size_t count) {
    size_t size = czm_dtype_size(dtype);
    // Narrower types are converted from the end, wider types from the beginning, in place.
    for (size_t i = 0; i < count; i++) {
        size_t at = size < sizeof(float) ? count - 1 - i : i;
        double exact = 0;
        czm_number_read(dtype, bytes + at * size, &exact);
        float number = (float)exact;
        memcpy(bytes + at * sizeof number, &number, sizeof number);
    }
}

static size_t buffer_size(const czm_onnx_weight *w) {
    uint64_t written = weight_size(w), stored = w->source ? w->source->size : w->content.size;
    return (size_t)(written > stored ? written : stored);
}

static bool is_in_order(const czm_onnx_weight *w) {
    for (int i = 0; i < w->stored_rank; i++)
        if (w->order[i] != i) return false;
    return true;
}

// The positions in the stored order of the rows of a reordered weight. A row are all elements with the same index in
// the first dimension.
typedef struct rows {
    size_t count, length;
    size_t step; // the stored distance between the first elements of neighbouring rows
    int rank;    // of a row
    int64_t dims[CZM_ONNX_MOST_DIMS], steps[CZM_ONNX_MOST_DIMS];
} rows;

static rows rows_of(const czm_onnx_weight *w) {
    int64_t steps[CZM_ONNX_MOST_DIMS] = {0}, step = 1;
    for (int i = w->stored_rank - 1; i >= 0; i--) {
        steps[i] = step;
        step *= w->stored_dims[i];
    }
    rows r = {1, 1, 0, 0, {0}, {0}};
    if (w->stored_rank == 0) return r;
    r.count = (size_t)w->stored_dims[w->order[0]];
    r.step = (size_t)steps[w->order[0]];
    for (int i = 1; i < w->stored_rank; i++) {
        r.dims[r.rank] = w->stored_dims[w->order[i]];
        r.steps[r.rank++] = steps[w->order[i]];
        r.length *= (size_t)w->stored_dims[w->order[i]];
    }
    return r;
}

// Gathers rows from number `first` on. Neighbours in a row are far apart in the stored order, but elements of
// neighbouring rows are close: several rows at once use each cache line completely.
static void gather_rows(const rows *r, const float *stored, size_t first, size_t count,
                        float *out) {
    int64_t at[CZM_ONNX_MOST_DIMS] = {0}, from = 0;
    for (size_t i = 0; i < r->length; i++) {
        const float *source = stored + from + (int64_t)(first * r->step);
        for (size_t k = 0; k < count; k++) out[k * r->length + i] = source[k * r->step];
        for (int dim = r->rank - 1; dim >= 0; dim--) {
            from += r->steps[dim];
            if (++at[dim] < r->dims[dim]) break;
            from -= r->dims[dim] * r->steps[dim];
            at[dim] = 0;
        }
    }
}

static size_t scale_count(const czm_onnx_weight *w) {
    return (size_t)w->stored_dims[w->order[w->scaled_dim]];
}

// The factor of the element `index` of rows that begin with number `first`.
static void scale_rows(const czm_onnx_weight *w, const rows *r, size_t first, size_t count,
                       float *out) {
    if (!w->scale) return;
    size_t inner = 1; // elements that share an index along the scaled dimension
    for (int i = w->scaled_dim + 1; i < w->stored_rank; i++)
        inner *= (size_t)w->stored_dims[w->order[i]];
    size_t channels = scale_count(w);
    for (size_t i = 0, at = first * r->length; i < count * r->length; i++, at++)
        out[i] *= w->scale[at / inner % channels];
}

static czm_status stream_reordered(czm_context *context, const czm_onnx_weight *w, uint8_t *buffer,
                                   czm_sink sink, uint32_t *crc32c) {
    enum { TOGETHER = 16, BLOCK = 1 << 20 };
    CZM_TRY(load(context, w, buffer, crc32c));
    size_t element = czm_dtype_size(w->dtype), count = (size_t)czm_onnx_weight_count(w);
    if (element != sizeof(float)) to_singles(w->dtype, buffer, count);
    const float *stored = (const float *)(void *)buffer;
    rows r = rows_of(w);
    size_t most = r.step == 1 ? TOGETHER : 1;
    float *block = CZM_NEW_ARRAY(context->arena, float, most *r.length);
    for (size_t first = 0; first < r.count; first += most) {
        size_t now = r.count - first < most ? r.count - first : most;
        gather_rows(&r, stored, first, now, block);
        scale_rows(w, &r, first, now, block);
        CZM_TRY(sink.take(sink.user, czm_bytes_of(block, now * r.length * sizeof *block)));
    }
    return CZM_OK;
}

static czm_status stream_weight(czm_context *context, const czm_onnx_weight *w, uint8_t *buffer,
                                czm_sink sink, uint32_t *crc32c) {
    bool is_plain = is_in_order(w) && !w->scale &&
                    czm_dtype_size(w->dtype) == czm_onnx_element_size(w->dtype);
    if (!is_plain) return stream_reordered(context, w, buffer, sink, crc32c);
    if (!w->source) return sink.take(sink.user, w->content);
    return w->source->stream(w->source, context, sink, crc32c);
}

czm_status czm_onnx_weight_read(czm_context *context, const czm_onnx_weight *weight,
                                uint8_t **bytes) {
    *bytes = czm_arena_alloc(context->arena, (size_t)weight_size(weight) + 1);
    uint8_t *buffer = czm_arena_alloc(context->arena, buffer_size(weight) + 1);
    filling f = {*bytes, *bytes + weight_size(weight)};
    uint32_t ignored;
    return stream_weight(context, weight, buffer, (czm_sink){fill, &f}, &ignored);
}

czm_status czm_onnx_write(czm_context *context, const czm_onnx_plan *plan, czm_sink sink) {
    size_t largest = 1;
    for (size_t i = 0; i < plan->pieces.count; i++) {
        const czm_onnx_weight *w = plan->pieces.items[i].weight;
        if (w && buffer_size(w) > largest) largest = buffer_size(w);
    }
    uint8_t *buffer = czm_arena_alloc(context->arena, largest);
    for (size_t i = 0; i < plan->pieces.count; i++) {
        const piece *p = &plan->pieces.items[i];
        CZM_TRY(sink.take(sink.user, p->bytes));
        if (p->weight) CZM_TRY(stream_weight(context, p->weight, buffer, sink, p->crc32c));
    }
    return CZM_OK;
}

// The first piece is not hashed: it contains the version of this program, and the name of the format implies the
// operator set.
void czm_onnx_plan_identify(const czm_onnx_plan *plan, czm_sha256 *sha) {
    for (size_t i = 1; i < plan->pieces.count; i++) {
        const piece *p = &plan->pieces.items[i];
        czm_sha256_add(sha, p->bytes);
        if (!p->weight) continue;
        if (p->weight->scale)
            czm_sha256_add(sha, czm_bytes_of(p->weight->scale,
                                             scale_count(p->weight) * sizeof *p->weight->scale));
        if (p->weight->source)
            czm_sha256_add(sha, czm_bytes_of(p->crc32c, sizeof *p->crc32c));
        else
            czm_sha256_add(sha, p->weight->content);
    }
}
