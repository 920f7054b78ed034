// SPDX-License-Identifier: Apache-2.0
//
// A growable array whose memory comes from an arena. A list type is any struct with the members
// `items`, `count` and `capacity`; CZM_LIST(type) declares one:
//
//     typedef CZM_LIST(czm_node *) czm_node_list;
//     *CZM_APPEND(arena, &list) = node;
#ifndef CZM_BASE_LIST_H
#define CZM_BASE_LIST_H

#include "base/arena.h"

#define CZM_LIST(type)          \
    struct {                    \
        type *items;            \
        size_t count, capacity; \
    }

// A pointer to a new, zeroed last element.
#define CZM_APPEND(arena, list)                                                              \
    ((list)->items = czm_list_grow((arena), (list)->items, (list)->count, &(list)->capacity, \
                                   sizeof *(list)->items),                                   \
     &(list)->items[(list)->count++])

// Doubles `capacity` when `count` has reached it. Where the array cannot grow in its place, the old one stays in
// the arena: a list never costs more than twice its final size.
static inline void *czm_list_grow(czm_arena *arena, void *items, size_t count, size_t *capacity,
                                  size_t size) {
    if (count < *capacity) return items;
    size_t larger = *capacity ? *capacity * 2 : 2; // most nodes have one or two inputs
    void *grown = items;
    if (!items || larger > SIZE_MAX / size ||
        !czm_arena_extend(arena, items, count * size, larger * size)) {
        grown = czm_arena_array(arena, larger, size);
        if (items) memcpy(grown, items, count * size);
    }
    *capacity = larger;
    return grown;
}

#endif
