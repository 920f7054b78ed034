// SPDX-License-Identifier: Apache-2.0
//
// Constants of an ONNX network; see weight.h.
#include "read/onnx/weight.h"

#include "codec/checksum.h"
#include "graph/reorder.h"
#include "op/number.h"

enum { BLOCK = 256 * 1024 };

typedef struct weight_source {
    czm_tensor_source base; // the first member, for callers
    const char *where;
    const czm_onnx_initializer *weight;
} weight_source;

static czm_status unreadable(czm_context *context, const char *where) {
    return czm_report_add(context->report, CZM_RULE_FILE_UNREADABLE, where, NULL,
                          "reading failed: %s", czm_file_error());
}

// Converts a packed list of varints to little-endian elements.
static bool unpack_varints(czm_bytes packed, size_t element, size_t count, uint8_t *out) {
    czm_wire wire = czm_wire_read(packed);
    for (size_t i = 0; i < count && !wire.damaged; i++)
        czm_store_le(out + i * element, czm_wire_varint(&wire), element);
    return !wire.damaged;
}

// Converts fields with one value each to little-endian elements.
static bool unpack_fields(czm_bytes fields, size_t element, size_t count, uint8_t *out) {
    czm_wire wire = czm_wire_read(fields);
    size_t found = 0;
    for (czm_field f; czm_wire_next(&wire, &f) && found < count; found++)
        czm_store_le(out + found * element, f.value, element);
    return !wire.damaged && found == count;
}

static size_t count_of(const czm_onnx_initializer *w) {
    int64_t count = czm_shape_count(w->shape);
    return count < 0 ? 0 : (size_t)count;
}

// The bytes in ONNX's order. Memory of the arena. NULL: reading failed.
static const uint8_t *load(czm_arena *arena, const czm_onnx_initializer *w) {
    size_t element = czm_dtype_size(w->dtype), size = count_of(w) * element;
    uint8_t *data = czm_arena_alloc(arena, (size_t)w->data.size + 1);
    if (!data) return NULL;
    if (w->data.size && !czm_file_read_at(w->data.file, w->data.offset, data, (size_t)w->data.size))
        return NULL;
    if (czm_onnx_is_ready(w)) return w->data.size == size ? data : NULL;
    uint8_t *unpacked = czm_arena_alloc(arena, size + 1);
    czm_bytes stored = czm_bytes_of(data, (size_t)w->data.size);
    bool is_whole = unpacked &&
                    (w->is_unpacked ? unpack_fields(stored, element, count_of(w), unpacked)
                                    : unpack_varints(stored, element, count_of(w), unpacked));
    return is_whole ? unpacked : NULL;
}

// ---- numbers

const double *czm_import_weight_numbers(czm_context *context, const czm_onnx_initializer *w,
                                        size_t most, size_t *count) {
    size_t element = czm_dtype_size(w->dtype);
    *count = count_of(w);
    if (*count > most || element == 0 || element > 8) return NULL;
    const uint8_t *data = load(context->arena, w);
    if (!data) return NULL;
    double *numbers = CZM_NEW_ARRAY(context->arena, double, *count);
    for (size_t i = 0; i < *count; i++)
        if (!czm_number_read(w->dtype, data + i * element, &numbers[i])) return NULL;
    return numbers;
}

// ---- other orders

static czm_reorder reorder_of(const czm_onnx_initializer *w, const czm_order *order) {
    czm_reorder r = {.element = czm_dtype_size(w->dtype), .rank = order->rank};
    for (int i = 0; i < r.rank; i++) r.dims[i] = w->shape.dims[i], r.order[i] = order->axis[i];
    return r;
}

czm_status czm_import_weight_load(czm_context *context, const czm_onnx_initializer *w,
                                  const czm_order *order, czm_bytes *bytes) {
    const uint8_t *data = load(context->arena, w);
    size_t size = count_of(w) * czm_dtype_size(w->dtype);
    *bytes = czm_bytes_of(data, data ? size : 0);
    if (!data) return unreadable(context, w->name);
    if (czm_order_is_plain(order)) return CZM_OK;
    uint8_t *ordered = czm_arena_alloc(context->arena, size);
    czm_reorder reorder = reorder_of(w, order);
    czm_reorder_copy(&reorder, data, ordered);
    *bytes = czm_bytes_of(ordered, size);
    return CZM_OK;
}

// ---- streaming

static czm_status stream_blocks(const weight_source *s, czm_context *context, czm_arena *scratch,
                                czm_sink sink, uint32_t *crc32c) {
    czm_extent data = s->weight->data;
    uint8_t *block = czm_arena_alloc(scratch, BLOCK);
    for (uint64_t at = 0; at < data.size; at += BLOCK) {
        size_t size = data.size - at < BLOCK ? (size_t)(data.size - at) : BLOCK;
        if (!czm_file_read_at(data.file, data.offset + at, block, size))
            return unreadable(context, s->where);
        *crc32c = czm_crc32c(*crc32c, czm_bytes_of(block, size));
        CZM_TRY(sink.take(sink.user, czm_bytes_of(block, size)));
    }
    return CZM_OK;
}

static czm_status stream_loaded(const weight_source *s, czm_context *context, czm_arena *scratch,
                                czm_sink sink, uint32_t *crc32c) {
    const uint8_t *data = load(scratch, s->weight);
    if (!data) return unreadable(context, s->where);
    czm_bytes bytes = czm_bytes_of(data, (size_t)s->base.size);
    *crc32c = czm_crc32c(0, bytes);
    return sink.take(sink.user, bytes);
}

static czm_status stream(const czm_tensor_source *self, czm_context *context, czm_sink sink,
                         uint32_t *crc32c) {
    const weight_source *s = (const weight_source *)self;
    czm_arena *scratch = czm_arena_child(context->arena);
    *crc32c = 0;
    czm_status status = czm_onnx_is_ready(s->weight)
                            ? stream_blocks(s, context, scratch, sink, crc32c)
                            : stream_loaded(s, context, scratch, sink, crc32c);
    czm_arena_free(scratch);
    return status;
}

const czm_tensor_source *czm_import_weight_source(czm_context *context, const char *where,
                                                  const czm_onnx_initializer *weight,
                                                  const czm_order *order) {
    weight_source *s = CZM_NEW(context->arena, weight_source);
    czm_extent data = weight->data;
    czm_budget_input(context->arena, CZM_MEMORY, czm_extent_on_disk(data, data.size));
    *s = (weight_source){.where = where, .weight = weight};
    s->base = (czm_tensor_source){count_of(weight) * czm_dtype_size(weight->dtype), stream};
    czm_reorder reorder = reorder_of(weight, order);
    return czm_reorder_source(context->arena, &s->base, &reorder);
}
