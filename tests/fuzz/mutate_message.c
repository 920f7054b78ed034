// SPDX-License-Identifier: Apache-2.0
//
// Changes a protobuf message as such: one field, at any depth, is left out, repeated, numbered anew,
// exchanged, or gets another value; all lengths stay right.
#include "codec/wire.h"
#include "fuzz.h"

typedef struct mutation {
    czm_arena *arena;
    czm_bytes whole;
    uint32_t random;
} mutation;

typedef struct part {
    czm_field field;
    czm_bytes bytes; // with tag and length
} part;

typedef struct part_list {
    part *items;
    size_t count;
} part_list;

// A number below `limit`, which is not 0: xorshift32.
static size_t below(mutation *m, size_t limit) {
    m->random ^= m->random << 13;
    m->random ^= m->random >> 17;
    m->random ^= m->random << 5;
    return m->random % limit;
}

static part_list split(mutation *m, czm_bytes message) {
    part_list parts = {CZM_NEW_ARRAY(m->arena, part, message.size / 2 + 1), 0};
    czm_wire wire = czm_wire_read(message);
    for (const uint8_t *at = wire.at; czm_wire_next(&wire, &parts.items[parts.count].field);) {
        parts.items[parts.count++].bytes = czm_bytes_of(at, (size_t)(wire.at - at));
        at = wire.at;
    }
    return parts;
}

static bool is_message(const part *p) {
    return p->field.kind == CZM_WIRE_BYTES && p->field.bytes.size > 1 &&
           czm_wire_is_valid(p->field.bytes);
}

static void put_as(czm_buffer *out, uint32_t number, const czm_field *value) {
    switch (value->kind) {
    case CZM_WIRE_VARINT: czm_put_varint(out, number, value->value); break;
    case CZM_WIRE_FIXED32: czm_put_fixed32(out, number, (uint32_t)value->value); break;
    case CZM_WIRE_BYTES: czm_put_bytes(out, number, value->bytes); break;
    default:
        czm_put_raw_varint(out, number << 3 | CZM_WIRE_FIXED64);
        czm_put_raw_le(out, value->value, 8);
    }
}

// ---- changes: each writes the replacement of the part

static void leave_out(mutation *m, const part *p, czm_buffer *out) { (void)m, (void)p, (void)out; }

// A list becomes longer, perhaps longer than any tensor has dimensions.
static void put_often(mutation *m, const part *p, czm_buffer *out) {
    static const size_t times[] = {2, 2, 3, 9, 40};
    size_t count = times[below(m, CZM_COUNT_OF(times))];
    for (size_t i = 0; i < count; i++) czm_put_raw(out, p->bytes);
}

static void put_renumbered(mutation *m, const part *p, czm_buffer *out) {
    put_as(out, 1 + (uint32_t)below(m, 16), &p->field);
}

static void put_new_value(mutation *m, const part *p, czm_buffer *out) {
    static const uint64_t interesting[] = {0,
                                           1,
                                           2,
                                           3,
                                           4,
                                           7,
                                           8,
                                           16,
                                           127,
                                           128,
                                           255,
                                           65535,
                                           INT32_MAX,
                                           (uint64_t)INT32_MIN,
                                           UINT32_MAX,
                                           UINT64_C(1) << 32,
                                           UINT64_C(1) << 33,
                                           UINT64_C(1) << 61,
                                           INT64_MAX,
                                           (uint64_t)INT64_MIN,
                                           UINT64_MAX,
                                           UINT64_MAX - 1};
    czm_field changed = p->field;
    changed.value = interesting[below(m, CZM_COUNT_OF(interesting))];
    if (changed.kind == CZM_WIRE_BYTES) {
        size_t room = changed.bytes.size + 16;
        uint8_t *bytes = czm_arena_alloc(m->arena, room);
        if (changed.bytes.size) memcpy(bytes, changed.bytes.data, changed.bytes.size);
        changed.bytes = czm_bytes_of(bytes, LLVMFuzzerMutate(bytes, changed.bytes.size, room));
    }
    put_as(out, changed.number, &changed);
}

// Any field of any depth, such as an attr of another node or another node's name.
static void put_foreign(mutation *m, const part *p, czm_buffer *out) {
    czm_bytes message = m->whole;
    part found = *p;
    do {
        part_list parts = split(m, message);
        if (parts.count == 0) break;
        found = parts.items[below(m, parts.count)];
        message = found.field.bytes;
    } while (is_message(&found) && below(m, 4));
    put_as(out, below(m, 4) ? p->field.number : found.field.number, &found.field);
    if (below(m, 2)) czm_put_raw(out, p->bytes);
}

static void (*const changes[])(mutation *m, const part *p,
                               czm_buffer *out) = {leave_out,     put_often,     put_renumbered,
                                                   put_new_value, put_new_value, put_foreign,
                                                   put_foreign};

static void mutate(mutation *m, czm_bytes message, czm_buffer *out) {
    part_list parts = split(m, message);
    if (parts.count == 0) return;
    size_t chosen = below(m, parts.count), second = below(m, parts.count);
    bool exchanges = below(m, 8) == 0;
    for (size_t i = 0; i < parts.count; i++) {
        const part *p = &parts.items[i];
        if (exchanges && (i == chosen || i == second)) {
            czm_put_raw(out, parts.items[i == chosen ? second : chosen].bytes);
        } else if (i != chosen || exchanges) {
            czm_put_raw(out, p->bytes);
        } else if (is_message(p) && below(m, 6)) {
            size_t begin = czm_put_begin(out, p->field.number);
            mutate(m, p->field.bytes, out);
            czm_put_end(out, begin);
        } else {
            changes[below(m, CZM_COUNT_OF(changes))](m, p, out);
        }
    }
}

size_t LLVMFuzzerCustomMutator(uint8_t *data, size_t size, size_t max_size, unsigned seed) {
    czm_bytes whole = czm_bytes_of(data, size);
    if (seed % 16 == 0 || !czm_wire_is_valid(whole)) return LLVMFuzzerMutate(data, size, max_size);
    czm_arena *arena = czm_arena_new(NULL);
    mutation m = {arena, whole, seed};
    czm_buffer out = czm_buffer_in(arena);
    mutate(&m, whole, &out);
    size_t new_size = out.size <= max_size ? out.size : size;
    if (out.size && out.size <= max_size) memcpy(data, out.data, out.size);
    czm_arena_free(arena);
    return new_size;
}
