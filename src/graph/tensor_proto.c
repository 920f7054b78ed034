// SPDX-License-Identifier: Apache-2.0
//
// Numbers of constants; see tensor_proto.h.
#include "graph/tensor_proto.h"

// The list of numbers by element type (tensorflow/core/framework/tensor.proto).
typedef struct list {
    uint32_t field;
    bool is_varint;
} list;

static const list lists[] = {
    [CZM_DTYPE_FLOAT] = {5, false},    [CZM_DTYPE_DOUBLE] = {6, false},
    [CZM_DTYPE_INT32] = {7, true},     [CZM_DTYPE_INT16] = {7, true},
    [CZM_DTYPE_INT8] = {7, true},      [CZM_DTYPE_UINT16] = {7, true},
    [CZM_DTYPE_UINT8] = {7, true},     [CZM_DTYPE_INT64] = {10, true},
    [CZM_DTYPE_BOOL] = {11, true},     [CZM_DTYPE_HALF] = {13, true},
    [CZM_DTYPE_BFLOAT16] = {13, true}, [CZM_DTYPE_UINT32] = {16, true},
    [CZM_DTYPE_UINT64] = {17, true},   [CZM_DTYPE_COMPLEX64] = {9, false},
};

static void put_listed(czm_buffer *b, const czm_field *field, size_t size, bool is_varint) {
    czm_wire numbers = czm_wire_read(field->bytes);
    if (field->kind != CZM_WIRE_BYTES)
        czm_put_raw_le(b, field->value, size);
    else if (is_varint)
        while (numbers.at < numbers.end && !numbers.damaged)
            czm_put_raw_le(b, czm_wire_varint(&numbers), size);
    else
        czm_put_raw(b, field->bytes);
}

czm_bytes czm_tensor_content(czm_arena *arena, czm_bytes tensor, czm_dtype dtype, size_t count) {
    size_t size = czm_dtype_size(dtype);
    czm_bytes raw = czm_wire_find(tensor, 4).bytes;
    if (raw.size == count * size) return raw;
    if ((size_t)dtype >= CZM_COUNT_OF(lists) || !lists[dtype].field) return (czm_bytes){0};
    czm_buffer b = czm_buffer_in(arena);
    czm_wire wire = czm_wire_read(tensor);
    for (czm_field f; czm_wire_next(&wire, &f) && b.size < count * size;)
        if (f.number == lists[dtype].field) put_listed(&b, &f, size, lists[dtype].is_varint);
    b.size -= b.size % size; // an incomplete element of a damaged file
    while (b.size < size) czm_put_raw_le(&b, 0, 1);
    while (b.size < count * size) {
        uint8_t last[8];
        memcpy(last, b.data + b.size - size, size);
        czm_put_raw(&b, czm_bytes_of(last, size));
    }
    return czm_bytes_of(b.data, count * size);
}
