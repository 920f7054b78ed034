// SPDX-License-Identifier: Apache-2.0
//
// Open addressing with linear probing, at most half full, capacity a power of two. Names come from files, so the hash
// has an unpredictable key: SipHash-1-3 (Aumasson and Bernstein, "SipHash: a fast short-input PRF"). No order in the
// output may depend on that of the slots.
#include "base/name_table.h"

static uint64_t rotate(uint64_t x, unsigned bits) { return x << bits | x >> (64 - bits); }

static void sip_round(uint64_t v[4]) {
    v[0] += v[1], v[1] = rotate(v[1], 13) ^ v[0], v[0] = rotate(v[0], 32);
    v[2] += v[3], v[3] = rotate(v[3], 16) ^ v[2];
    v[0] += v[3], v[3] = rotate(v[3], 21) ^ v[0];
    v[2] += v[1], v[1] = rotate(v[1], 17) ^ v[2], v[2] = rotate(v[2], 32);
}

static void sip_word(uint64_t v[4], uint64_t word) {
    v[3] ^= word;
    sip_round(v);
    v[0] ^= word;
}

static size_t hash(const uint64_t key[2], czm_bytes name) {
    uint64_t v[4] = {key[0] ^ 0x736f6d6570736575u, key[1] ^ 0x646f72616e646f6du,
                     key[0] ^ 0x6c7967656e657261u, key[1] ^ 0x7465646279746573u};
    size_t i = 0;
    for (; name.size - i >= 8; i += 8) sip_word(v, czm_load_le64(name.data + i));
    sip_word(v, czm_load_le(name.data + i, name.size - i) | (uint64_t)name.size << 56);
    v[2] ^= 0xff;
    for (int round = 0; round < 3; round++) sip_round(v);
    return (size_t)(v[0] ^ v[1] ^ v[2] ^ v[3]);
}

// An empty name may have no bytes to point at, but a slot without them is free.
static czm_bytes with_bytes(czm_bytes name) { return name.data ? name : czm_bytes_text(""); }

static czm_name_slot *probe(const czm_name_table *table, czm_bytes name, size_t hash) {
    size_t i = hash & (table->capacity - 1);
    for (;; i = (i + 1) & (table->capacity - 1)) {
        czm_name_slot *slot = &table->slots[i];
        if (!slot->name.data || (slot->hash == hash && czm_bytes_equal(slot->name, name)))
            return slot;
    }
}

void *czm_name_find(const czm_name_table *table, czm_bytes name) {
    if (table->capacity == 0) return NULL;
    name = with_bytes(name);
    return probe(table, name, hash(table->key, name))->value;
}

static void grow(czm_arena *arena, czm_name_table *table) {
    czm_name_table larger = {.key = czm_arena_key(arena),
                             .capacity = table->capacity ? table->capacity * 2 : 32};
    larger.slots = CZM_NEW_ARRAY(arena, czm_name_slot, larger.capacity);
    for (size_t i = 0; i < table->capacity; i++) {
        const czm_name_slot *slot = &table->slots[i];
        if (slot->name.data) *probe(&larger, slot->name, slot->hash) = *slot;
    }
    larger.count = table->count;
    *table = larger;
}

czm_name_slot *czm_name_slot_for(czm_arena *arena, czm_name_table *table, czm_bytes name) {
    name = with_bytes(name);
    if (table->count * 2 >= table->capacity) grow(arena, table);
    size_t h = hash(table->key, name);
    czm_name_slot *slot = probe(table, name, h);
    if (!slot->name.data) {
        slot->name = name;
        slot->hash = h;
        table->count++;
    }
    return slot;
}
