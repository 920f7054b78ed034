// SPDX-License-Identifier: Apache-2.0
//
// Constants of an ONNX network; see weight.h.
#include "read/onnx/weight.h"

#include "codec/checksum.h"
#include "op/number.h"

enum {
    BLOCK = 256 * 1024,
    FLOATS = 4, // TensorProto.float_data, int32_data, int64_data, raw_data, double_data,
    INT32S = 5, // uint64_data
    INT64S = 7,
    UINT64S = 11,
};

typedef struct weight_source {
    czm_tensor_source base; // the first member, for callers
    const char *where;
    const czm_onnx_initializer *weight;
    czm_order order;
} weight_source;

static czm_status unreadable(czm_context *context, const char *where) {
    return czm_report_add(context->report, CZM_RULE_FILE_UNREADABLE, where, NULL,
                          "reading failed: %s", czm_file_error());
}

static bool is_list_of_varints(const czm_onnx_initializer *w) {
    return w->field == INT32S || w->field == INT64S || w->field == UINT64S;
}

// Whether the bytes in the file are the elements.
static bool is_ready(const czm_onnx_initializer *w) {
    return !is_list_of_varints(w) && !w->is_unpacked;
}

// Converts a packed list of varints to little-endian elements.
static bool unpack_varints(czm_bytes packed, size_t element, size_t count, uint8_t *out) {
    czm_wire wire = czm_wire_read(packed);
    for (size_t i = 0; i < count; i++) {
        uint64_t value = czm_wire_varint(&wire);
        for (size_t b = 0; b < element; b++) *out++ = (uint8_t)(value >> 8 * b);
    }
    return !wire.damaged;
}

// Converts fields with one value each to little-endian elements.
static bool unpack_fields(czm_bytes fields, size_t element, size_t count, uint8_t *out) {
    czm_wire wire = czm_wire_read(fields);
    size_t found = 0;
    for (czm_field f; czm_wire_next(&wire, &f) && found < count; found++)
        for (size_t b = 0; b < element; b++) *out++ = (uint8_t)(f.value >> 8 * b);
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
    if (is_ready(w)) return w->data.size == size ? data : NULL;
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

// Copies the elements to the stored order.
static void put_in_order(const uint8_t *from, const czm_onnx_initializer *w, const czm_order *order,
                         uint8_t *to) {
    size_t element = czm_dtype_size(w->dtype), count = count_of(w), stride[CZM_MOST_AXES] = {0};
    int64_t at[CZM_MOST_AXES] = {0};
    size_t step = element, offset = 0;
    for (int a = w->shape.rank - 1; a >= 0; a--) {
        stride[a] = step;
        step *= (size_t)w->shape.dims[a];
    }
    for (size_t i = 0; i < count; i++, to += element) {
        memcpy(to, from + offset, element);
        for (int k = order->rank - 1; k >= 0; k--) {
            int a = order->axis[k];
            offset += stride[a];
            if (++at[a] < w->shape.dims[a]) break;
            offset -= stride[a] * (size_t)at[a];
            at[a] = 0;
        }
    }
}

static const uint8_t *load_in_order(czm_arena *arena, const czm_onnx_initializer *w,
                                    const czm_order *order) {
    const uint8_t *data = load(arena, w);
    if (!data || czm_order_is_plain(order)) return data;
    uint8_t *ordered = czm_arena_alloc(arena, count_of(w) * czm_dtype_size(w->dtype) + 1);
    if (ordered) put_in_order(data, w, order, ordered);
    return ordered;
}

czm_status czm_import_weight_load(czm_context *context, const czm_onnx_initializer *w,
                                  const czm_order *order, czm_bytes *bytes) {
    const uint8_t *data = load_in_order(context->arena, w, order);
    *bytes = czm_bytes_of(data, data ? count_of(w) * czm_dtype_size(w->dtype) : 0);
    return data ? CZM_OK : unreadable(context, w->name);
}

// ---- streaming

static czm_status stream_blocks(const weight_source *s, czm_context *context, czm_sink sink,
                                uint32_t *crc32c) {
    czm_extent data = s->weight->data;
    uint8_t *block = czm_arena_alloc(context->arena, BLOCK);
    for (uint64_t at = 0; at < data.size; at += BLOCK) {
        size_t size = data.size - at < BLOCK ? (size_t)(data.size - at) : BLOCK;
        if (!czm_file_read_at(data.file, data.offset + at, block, size))
            return unreadable(context, s->where);
        *crc32c = czm_crc32c(*crc32c, czm_bytes_of(block, size));
        CZM_TRY(sink.take(sink.user, czm_bytes_of(block, size)));
    }
    return CZM_OK;
}

static czm_status stream_ordered(const weight_source *s, czm_context *context, czm_arena *scratch,
                                 czm_sink sink, uint32_t *crc32c) {
    const uint8_t *data = scratch ? load_in_order(scratch, s->weight, &s->order) : NULL;
    if (!data) return unreadable(context, s->where);
    czm_bytes bytes = czm_bytes_of(data, (size_t)s->base.size);
    *crc32c = czm_crc32c(0, bytes);
    return sink.take(sink.user, bytes);
}

static czm_status stream(const czm_tensor_source *self, czm_context *context, czm_sink sink,
                         uint32_t *crc32c) {
    const weight_source *s = (const weight_source *)self;
    *crc32c = 0;
    if (czm_order_is_plain(&s->order) && is_ready(s->weight))
        return stream_blocks(s, context, sink, crc32c);
    czm_arena *scratch = czm_arena_child(context->arena);
    czm_status status = stream_ordered(s, context, scratch, sink, crc32c);
    czm_arena_free(scratch);
    return status;
}

const czm_tensor_source *czm_import_weight_source(czm_context *context, const char *where,
                                                  const czm_onnx_initializer *weight,
                                                  const czm_order *order) {
    weight_source *s = CZM_NEW(context->arena, weight_source);
    czm_extent data = weight->data;
    czm_budget_input(context->arena, CZM_MEMORY, czm_extent_on_disk(data, data.size));
    *s = (weight_source){{.size = count_of(weight) * czm_dtype_size(weight->dtype),
                          .stream = stream},
                         where,
                         weight,
                         *order};
    return &s->base;
}
