// SPDX-License-Identifier: Apache-2.0
//
// The protocol buffer wire format, both ways. A message is a sequence of fields:
//
//     tag     varint, number << 3 | kind
//     kind 0  varint                      (int32, int64, bool, enum)
//     kind 1  8 bytes, little endian      (fixed64, double)
//     kind 2  varint length, then bytes   (string, bytes, message, packed list)
//     kind 5  4 bytes, little endian      (fixed32, float)
//
// The reader gives views into its input and never copies. It is sticky: after the first damage every read returns the
// end, and the caller tests `damaged` once per message. Source: https://protobuf.dev/programming-guides/encoding/
#ifndef CZM_CODEC_WIRE_H
#define CZM_CODEC_WIRE_H

#include "base/arena.h"

typedef enum czm_wire_kind {
    CZM_WIRE_VARINT = 0,
    CZM_WIRE_FIXED64 = 1,
    CZM_WIRE_BYTES = 2,
    CZM_WIRE_FIXED32 = 5,
} czm_wire_kind;

typedef struct czm_wire {
    const uint8_t *at, *end;
    bool damaged;
} czm_wire;

typedef struct czm_field {
    uint32_t number;
    czm_wire_kind kind;
    uint64_t value;  // of a varint or fixed field
    czm_bytes bytes; // of a length-delimited field
} czm_field;

czm_wire czm_wire_read(czm_bytes message);

// The next field; false at the end and after damage.
bool czm_wire_next(czm_wire *wire, czm_field *field);

// The next bare varint, as in packed lists and in the index of a TensorBundle; 0 after damage.
uint64_t czm_wire_varint(czm_wire *wire);

// Whether the whole message consists of well-formed fields.
bool czm_wire_is_valid(czm_bytes message);

// The last occurrence of a field (the valid one in proto3), or an absent field, with number 0.
czm_field czm_wire_find(czm_bytes message, uint32_t number);

static inline bool czm_field_is(const czm_field *field, uint32_t number, czm_wire_kind kind) {
    return field->number == number && field->kind == kind;
}

// A growing message in memory of the arena.
typedef struct czm_buffer {
    czm_arena *arena;
    uint8_t *data;
    size_t size, capacity;
} czm_buffer;

czm_buffer czm_buffer_in(czm_arena *arena);
czm_bytes czm_buffer_bytes(const czm_buffer *buffer);
void czm_put_raw(czm_buffer *buffer, czm_bytes bytes);
void czm_put_raw_varint(czm_buffer *buffer, uint64_t value);
void czm_put_raw_le(czm_buffer *buffer, uint64_t value, size_t size);

void czm_put_varint(czm_buffer *buffer, uint32_t number, uint64_t value);
void czm_put_fixed32(czm_buffer *buffer, uint32_t number, uint32_t value);
void czm_put_bytes(czm_buffer *buffer, uint32_t number, czm_bytes bytes);
void czm_put_text(czm_buffer *buffer, uint32_t number, const char *text);

// A nested message: everything put between begin and end becomes its content.
size_t czm_put_begin(czm_buffer *buffer, uint32_t number);
void czm_put_end(czm_buffer *buffer, size_t begin);

#endif
