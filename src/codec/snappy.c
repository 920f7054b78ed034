// SPDX-License-Identifier: Apache-2.0
//
// The reader of Snappy; see snappy.h for the format.
#include "codec/snappy.h"

#include "codec/wire.h"

typedef struct expansion {
    const uint8_t *at, *end; // of the packed bytes
    uint8_t *out;
    size_t filled, size;
} expansion;

// A number of `count` bytes, the lowest first.
static bool take_number(expansion *e, size_t count, uint64_t *number) {
    if (count > (size_t)(e->end - e->at)) return false;
    *number = czm_load_le(e->at, count);
    e->at += count;
    return true;
}

static bool literal(expansion *e, uint8_t tag) {
    uint64_t length = tag >> 2;
    if (length >= 60 && !take_number(e, (size_t)length - 59, &length)) return false;
    length++;
    if (length > (uint64_t)(e->end - e->at) || length > e->size - e->filled) return false;
    memcpy(e->out + e->filled, e->at, (size_t)length);
    e->at += length;
    e->filled += (size_t)length;
    return true;
}

// The copied bytes may begin less than `length` bytes before their copy: then they repeat.
static bool copy(expansion *e, size_t length, uint64_t distance) {
    if (distance == 0 || distance > e->filled || length > e->size - e->filled) return false;
    for (size_t i = 0; i < length; i++, e->filled++)
        e->out[e->filled] = e->out[e->filled - (size_t)distance];
    return true;
}

static bool take_element(expansion *e) {
    uint8_t tag = *e->at++;
    uint64_t distance;
    switch (tag & 3) {
    case 0: return literal(e, tag);
    case 1:
        return take_number(e, 1, &distance) &&
               copy(e, (size_t)(tag >> 2 & 7) + 4, (uint64_t)(tag >> 5) << 8 | distance);
    default:
        return take_number(e, (tag & 3) == 2 ? 2 : 4, &distance) &&
               copy(e, (size_t)(tag >> 2) + 1, distance);
    }
}

bool czm_snappy_expand(czm_arena *arena, czm_bytes packed, czm_bytes *content) {
    czm_wire wire = czm_wire_read(packed);
    uint64_t size = czm_wire_varint(&wire);
    if (wire.damaged || size / CZM_SNAPPY_MOST > packed.size) return false;
    expansion e = {wire.at, wire.end, czm_arena_alloc(arena, (size_t)size), 0, (size_t)size};
    while (e.at < e.end)
        if (!take_element(&e)) return false;
    *content = czm_bytes_of(e.out, e.size);
    return e.filled == e.size;
}
