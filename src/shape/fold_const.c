// SPDX-License-Identifier: Apache-2.0
//
// Values of small constants. TensorProto: dtype=1, tensor_shape=2, tensor_content=4 (raw, little
// endian), or else a list of numbers, whose last stands for all that are missing; an absent list
// is zeros (tensorflow/core/framework/tensor.proto).
#include "shape/ops.h"

#include <math.h>

typedef enum number_encoding {
    SIGNED,
    UNSIGNED,
    FLOAT32,
    FLOAT64,
    FLOAT16,
    BFLOAT16
} number_encoding;

// How an element type is stored; types without a row stay unknown.
typedef struct storage {
    uint32_t list; // number of the list's field; 0: no row
    number_encoding encoding;
} storage;

static const storage storages[] = {
    [CZM_DTYPE_FLOAT] = {5, FLOAT32},      [CZM_DTYPE_DOUBLE] = {6, FLOAT64},
    [CZM_DTYPE_INT32] = {7, SIGNED},       [CZM_DTYPE_INT16] = {7, SIGNED},
    [CZM_DTYPE_INT8] = {7, SIGNED},        [CZM_DTYPE_UINT16] = {7, UNSIGNED},
    [CZM_DTYPE_UINT8] = {7, UNSIGNED},     [CZM_DTYPE_INT64] = {10, SIGNED},
    [CZM_DTYPE_BOOL] = {11, UNSIGNED},     [CZM_DTYPE_UINT32] = {16, UNSIGNED},
    [CZM_DTYPE_UINT64] = {17, UNSIGNED},   [CZM_DTYPE_HALF] = {13, FLOAT16},
    [CZM_DTYPE_BFLOAT16] = {13, BFLOAT16},
};

// Sign, 5 bits of exponent, 10 of fraction (IEEE 754).
static double half_of(uint64_t bits) {
    int exponent = (int)(bits >> 10 & 31);
    double fraction = (double)(bits & 1023), sign = bits >> 15 & 1 ? -1 : 1;
    if (exponent == 31) return NAN;
    return sign * (exponent ? ldexp(fraction + 1024, exponent - 25) : ldexp(fraction, -24));
}

static double number_of(number_encoding encoding, uint64_t bits) {
    uint32_t low = (uint32_t)bits;
    float single;
    double number;
    switch (encoding) {
    case FLOAT32: memcpy(&single, &low, sizeof single); return (double)single;
    case FLOAT16: return half_of(bits);
    case BFLOAT16:
        low <<= 16;
        memcpy(&single, &low, sizeof single);
        return (double)single;
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
    if (r->encoding != FLOAT32 && r->encoding != FLOAT64) {
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

// Raw elements as the value of output 0, whose shape is set; nothing if they are not as many.
static void set_raw(czm_step *step, czm_dtype dtype, czm_bytes content) {
    size_t count = 0;
    storage s = (size_t)dtype < CZM_COUNT_OF(storages) ? storages[dtype] : (storage){0, SIGNED};
    czm_element *elements = s.list ? czm_new_elements(step, 0, &count) : NULL;
    if (!elements || content.size != count * czm_dtype_size(dtype)) return;
    read_raw(content, dtype, s.encoding, elements, count);
    czm_set_elements(step, 0, elements, count);
}

// A variable's value, where weights are computed with.
void czm_fold_read(czm_step *step) {
    const czm_computation *c = step->computation;
    int64_t count = czm_shape_count(step->outputs[0].shape);
    if (!c || !c->read || count < 0 || (uint64_t)count > step->most_elements) return;
    set_raw(step, czm_tensor_dtype(czm_output((czm_node *)step->node)),
            c->read(c->user, step->node->inputs.items[0].node));
}

void czm_fold_const(czm_step *step) {
    czm_bytes tensor = czm_attr_tensor(step->node, "value");
    czm_dtype dtype = (czm_dtype)czm_wire_find(tensor, 1).value;
    czm_bytes content = czm_wire_find(tensor, 4).bytes;
    if (content.size) {
        set_raw(step, dtype, content);
        return;
    }
    storage s = (size_t)dtype < CZM_COUNT_OF(storages) ? storages[dtype] : (storage){0, SIGNED};
    size_t count = 0;
    czm_element *elements = s.list ? czm_new_elements(step, 0, &count) : NULL;
    reader r = {dtype, s.encoding, elements, count, 0};
    if (elements && read_list(tensor, s.list, &r)) czm_set_elements(step, 0, elements, count);
}
