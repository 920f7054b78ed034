// SPDX-License-Identifier: Apache-2.0
//
// Open addressing with linear probing, at most half full, capacity a power of two. The hash mixes
// eight bytes at a time: names in large graphs share long prefixes, so speed is in the length.
#include "base/name_table.h"

static uint64_t mix(uint64_t h) {
    h ^= h >> 32;
    h *= 0x9e3779b97f4a7c15u;
    return h ^ h >> 29;
}

static size_t hash(czm_bytes name) {
    uint64_t h = name.size;
    size_t i = 0;
    for (; name.size - i >= 8; i += 8) h = mix(h ^ czm_load_le64(name.data + i));
    return (size_t)mix(h ^ czm_load_le(name.data + i, name.size - i));
}

// An empty name may have no bytes to point at, but a slot without them is free.
static czm_bytes with_bytes(czm_bytes name) { return name.data ? name : czm_bytes_text(""); }

static czm_name_slot *probe(const czm_name_table *table, czm_bytes name) {
    size_t i = hash(name) & (table->capacity - 1);
    while (table->slots[i].name.data && !czm_bytes_equal(table->slots[i].name, name))
        i = (i + 1) & (table->capacity - 1);
    return &table->slots[i];
}

void *czm_name_find(const czm_name_table *table, czm_bytes name) {
    return table->capacity ? probe(table, with_bytes(name))->value : NULL;
}

static void grow(czm_arena *arena, czm_name_table *table) {
    czm_name_table larger = {.capacity = table->capacity ? table->capacity * 2 : 32};
    larger.slots = CZM_NEW_ARRAY(arena, czm_name_slot, larger.capacity);
    for (size_t i = 0; i < table->capacity; i++)
        if (table->slots[i].name.data) *probe(&larger, table->slots[i].name) = table->slots[i];
    larger.count = table->count;
    *table = larger;
}

czm_name_slot *czm_name_slot_for(czm_arena *arena, czm_name_table *table, czm_bytes name) {
    name = with_bytes(name);
    if (table->count * 2 >= table->capacity) grow(arena, table);
    czm_name_slot *slot = probe(table, name);
    if (!slot->name.data) {
        slot->name = name;
        table->count++;
    }
    return slot;
}
