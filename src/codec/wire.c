// SPDX-License-Identifier: Apache-2.0
//
// Protocol buffer wire format; see wire.h for the layout.
#include "codec/wire.h"

czm_wire czm_wire_read(czm_bytes message) {
    if (message.size == 0) return (czm_wire){0}; // C does not allow NULL + 0
    return (czm_wire){message.data, message.data + message.size, false};
}

static void damage(czm_wire *wire) {
    wire->damaged = true;
    wire->at = wire->end;
}

uint64_t czm_wire_varint(czm_wire *wire) {
    uint64_t value = 0;
    for (unsigned shift = 0; wire->at < wire->end && shift < 64; shift += 7) {
        uint8_t byte = *wire->at++;
        value |= (uint64_t)(byte & 0x7f) << shift;
        if (byte < 0x80) return value;
    }
    damage(wire);
    return 0;
}

static uint64_t read_fixed(czm_wire *wire, size_t size) {
    if ((size_t)(wire->end - wire->at) < size) {
        damage(wire);
        return 0;
    }
    wire->at += size;
    return czm_load_le(wire->at - size, size);
}

static czm_bytes read_bytes(czm_wire *wire) {
    uint64_t size = czm_wire_varint(wire);
    if (size > (uint64_t)(wire->end - wire->at)) {
        damage(wire);
        return (czm_bytes){0};
    }
    wire->at += size;
    return czm_bytes_of(wire->at - size, (size_t)size);
}

bool czm_wire_next(czm_wire *wire, czm_field *field) {
    *field = (czm_field){0};
    if (wire->at == wire->end) return false;
    uint64_t tag = czm_wire_varint(wire);
    if (tag >> 3 == 0 || tag >> 3 > 0x1fffffff) damage(wire);
    field->number = (uint32_t)(tag >> 3);
    field->kind = (czm_wire_kind)(tag & 7);
    switch (field->kind) {
    case CZM_WIRE_VARINT: field->value = czm_wire_varint(wire); break;
    case CZM_WIRE_FIXED64: field->value = read_fixed(wire, 8); break;
    case CZM_WIRE_FIXED32: field->value = read_fixed(wire, 4); break;
    case CZM_WIRE_BYTES: field->bytes = read_bytes(wire); break;
    default: damage(wire); // groups (3, 4) are not used by TensorFlow
    }
    if (wire->damaged) *field = (czm_field){0};
    return !wire->damaged;
}

bool czm_wire_is_valid(czm_bytes message) {
    czm_wire wire = czm_wire_read(message);
    czm_field field;
    while (czm_wire_next(&wire, &field)) {}
    return !wire.damaged;
}

czm_field czm_wire_find(czm_bytes message, uint32_t number) {
    czm_wire wire = czm_wire_read(message);
    czm_field field, found = {0};
    while (czm_wire_next(&wire, &field))
        if (field.number == number) found = field;
    return found;
}

czm_buffer czm_buffer_in(czm_arena *arena) { return (czm_buffer){.arena = arena}; }

czm_bytes czm_buffer_bytes(const czm_buffer *buffer) {
    return czm_bytes_of(buffer->data, buffer->size);
}

enum { FIRST_CAPACITY = 16 }; // most buffers become an attribute

static uint8_t *reserve(czm_buffer *buffer, size_t size) {
    if (size == 0) return buffer->data; // the buffer may have no memory yet
    if (size > buffer->capacity - buffer->size) {
        size_t larger = buffer->capacity ? buffer->capacity : FIRST_CAPACITY;
        while (larger - buffer->size < size) larger = larger > SIZE_MAX / 2 ? SIZE_MAX : larger * 2;
        if (!buffer->data ||
            !czm_arena_extend(buffer->arena, buffer->data, buffer->capacity, larger)) {
            uint8_t *data = czm_arena_alloc(buffer->arena, larger);
            if (buffer->size) memcpy(data, buffer->data, buffer->size);
            buffer->data = data;
        }
        buffer->capacity = larger;
    }
    buffer->size += size;
    return buffer->data + buffer->size - size;
}

void czm_put_raw(czm_buffer *buffer, czm_bytes bytes) {
    if (bytes.size) memcpy(reserve(buffer, bytes.size), bytes.data, bytes.size);
}

static size_t encode_varint(uint8_t out[10], uint64_t value) {
    size_t size = 0;
    for (; value >= 0x80; value >>= 7) out[size++] = (uint8_t)(value | 0x80);
    out[size++] = (uint8_t)value;
    return size;
}

void czm_put_raw_varint(czm_buffer *buffer, uint64_t value) {
    uint8_t bytes[10];
    size_t size = encode_varint(bytes, value);
    czm_put_raw(buffer, czm_bytes_of(bytes, size));
}

void czm_put_raw_le(czm_buffer *buffer, uint64_t value, size_t size) {
    czm_store_le(reserve(buffer, size), value, size);
}

static void put_tag(czm_buffer *buffer, uint32_t number, czm_wire_kind kind) {
    czm_put_raw_varint(buffer, (uint64_t)number << 3 | kind);
}

void czm_put_varint(czm_buffer *buffer, uint32_t number, uint64_t value) {
    put_tag(buffer, number, CZM_WIRE_VARINT);
    czm_put_raw_varint(buffer, value);
}

void czm_put_fixed32(czm_buffer *buffer, uint32_t number, uint32_t value) {
    put_tag(buffer, number, CZM_WIRE_FIXED32);
    czm_put_raw_le(buffer, value, 4);
}

void czm_put_bytes(czm_buffer *buffer, uint32_t number, czm_bytes bytes) {
    put_tag(buffer, number, CZM_WIRE_BYTES);
    czm_put_raw_varint(buffer, bytes.size);
    czm_put_raw(buffer, bytes);
}

void czm_put_text(czm_buffer *buffer, uint32_t number, const char *text) {
    czm_put_bytes(buffer, number, czm_bytes_text(text));
}

size_t czm_put_begin(czm_buffer *buffer, uint32_t number) {
    put_tag(buffer, number, CZM_WIRE_BYTES);
    return buffer->size;
}

void czm_put_end(czm_buffer *buffer, size_t begin) {
    uint8_t length[10];
    size_t content = buffer->size - begin, size = encode_varint(length, content);
    reserve(buffer, size);
    memmove(buffer->data + begin + size, buffer->data + begin, content);
    memcpy(buffer->data + begin, length, size);
}
