// SPDX-License-Identifier: Apache-2.0
//
// Values of small constants. TensorProto: dtype=1, tensor_shape=2, tensor_content=4 (raw, little
// endian), or else a list of numbers, whose last stands for all that are missing; an absent list
// is zeros (tensorflow/core/framework/tensor.proto).
#include "shape/rules.h"

typedef enum number_encoding { SIGNED, UNSIGNED, FLOAT32, FLOAT64 } number_encoding;

// How an element type is stored; types without a row stay unknown.
typedef struct storage {
    uint32_t list; // number of the list's field; 0: no row
    number_encoding encoding;
} storage;

static const storage storages[] = {
    [CZM_DTYPE_FLOAT] = {5, FLOAT32},    [CZM_DTYPE_DOUBLE] = {6, FLOAT64},
    [CZM_DTYPE_INT32] = {7, SIGNED},     [CZM_DTYPE_INT16] = {7, SIGNED},
    [CZM_DTYPE_INT8] = {7, SIGNED},      [CZM_DTYPE_UINT16] = {7, UNSIGNED},
    [CZM_DTYPE_UINT8] = {7, UNSIGNED},   [CZM_DTYPE_INT64] = {10, SIGNED},
    [CZM_DTYPE_BOOL] = {11, UNSIGNED},   [CZM_DTYPE_UINT32] = {16, UNSIGNED},
    [CZM_DTYPE_UINT64] = {17, UNSIGNED},
};

static double number_of(number_encoding encoding, uint64_t bits) {
    uint32_t low = (uint32_t)bits;
    float single;
    double number;
    switch (encoding) {
    case FLOAT32: memcpy(&single, &low, sizeof single); return (double)single;
    case FLOAT64: memcpy(&number, &bits, sizeof number); return number;
    case SIGNED: return (double)(int64_t)bits;
    default: return (double)bits;
    }
}

// Raw integers come without their sign's higher bits.
static uint64_t extend_sign(uint64_t bits, size_t size) {
    uint64_t sign = (uint64_t)1 << (8 * size - 1);
    return (bits ^ sign) - sign;
}

static void read_raw(czm_bytes content, czm_dtype dtype, number_encoding encoding,
                     czm_element *elements, size_t count) {
    size_t size = czm_dtype_size(dtype);
    for (size_t i = 0; i < count; i++) {
        uint64_t bits = czm_load_le(content.data + i * size, size);
        if (encoding == SIGNED) bits = extend_sign(bits, size);
        elements[i] = czm_element_of(dtype, number_of(encoding, bits));
    }
}

// One field of the list: a single number, or several packed into bytes.
typedef struct reader {
    czm_dtype dtype;
    number_encoding encoding;
    czm_element *elements;
    size_t count, found;
} reader;

static void take(reader *r, uint64_t bits) {
    if (r->found < r->count)
        r->elements[r->found] = czm_element_of(r->dtype, number_of(r->encoding, bits));
    r->found++;
}

static void read_packed(reader *r, czm_bytes bytes) {
    size_t size = r->encoding == FLOAT32 ? 4 : 8;
    czm_wire varints = czm_wire_read(bytes);
    if (r->encoding == SIGNED || r->encoding == UNSIGNED) {
        while (varints.at < varints.end && r->found <= r->count) take(r, czm_wire_varint(&varints));
    } else {
        for (size_t i = 0; i + size <= bytes.size && r->found <= r->count; i += size)
            take(r, czm_load_le(bytes.data + i, size));
    }
}

static bool read_list(czm_bytes tensor, uint32_t field, reader *r) {
    czm_wire wire = czm_wire_read(tensor);
    for (czm_field f; czm_wire_next(&wire, &f) && r->found <= r->count;) {
        if (f.number != field) continue;
        if (f.kind == CZM_WIRE_BYTES)
            read_packed(r, f.bytes);
        else
            take(r, f.value);
    }
    for (size_t i = r->found; i < r->count; i++)
        r->elements[i] = i ? r->elements[i - 1] : czm_element_of(r->dtype, 0);
    return !wire.damaged && r->found <= r->count;
}

void czm_fold_const(czm_step *step) {
    czm_bytes tensor = czm_attr_tensor(step->node, "value");
    czm_dtype dtype = (czm_dtype)czm_wire_find(tensor, 1).value;
    czm_bytes content = czm_wire_find(tensor, 4).bytes;
    storage s = (size_t)dtype < CZM_COUNT_OF(storages) ? storages[dtype] : (storage){0, SIGNED};
    size_t count = 0;
    czm_element *elements = s.list ? czm_new_elements(step, 0, &count) : NULL;
    if (!elements) return;
    if (content.size) {
        if (content.size != count * czm_dtype_size(dtype)) return;
        read_raw(content, dtype, s.encoding, elements, count);
    } else {
        reader r = {dtype, s.encoding, elements, count, 0};
        if (!read_list(tensor, s.list, &r)) return;
    }
    czm_set_elements(step, 0, elements, count);
}
