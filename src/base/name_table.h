// SPDX-License-Identifier: Apache-2.0
//
// A hash table from names to pointers, owned by an arena. Keys are views: their bytes must live as long as the table.
// The cost of a lookup does not depend on the names. Names cannot be removed.
#ifndef CZM_BASE_NAME_TABLE_H
#define CZM_BASE_NAME_TABLE_H

#include "base/arena.h"

typedef struct czm_name_slot {
    czm_bytes name;
    size_t hash; // of the name; comparing hashes first avoids a memory access
    void *value;
} czm_name_slot;

typedef struct czm_name_table {
    const uint64_t *key; // the arena's key of the hash
    czm_name_slot *slots;
    size_t count, capacity;
} czm_name_table;

// The value stored under `name`, or NULL.
void *czm_name_find(const czm_name_table *table, czm_bytes name);

// The slot of `name`, made with a NULL value if it is new. The pointer is valid until the next call of this function.
czm_name_slot *czm_name_slot_for(czm_arena *arena, czm_name_table *table, czm_bytes name);

#endif
