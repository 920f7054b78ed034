// SPDX-License-Identifier: Apache-2.0
//
// Lists of names in messages; see enumeration.h.
#include "base/enumeration.h"

enum { MOST_ITEMS = 20, LONGEST_ITEM = 1000 };

czm_enumeration czm_enumeration_in(czm_arena *arena) { return (czm_enumeration){.arena = arena}; }

static void put(czm_enumeration *list, czm_bytes text) {
    for (size_t i = 0; i < text.size; i++)
        *CZM_APPEND(list->arena, &list->text) = (char)text.data[i];
}

void czm_enumerate(czm_enumeration *list, const char *before, czm_bytes text, const char *after) {
    if (list->count++ >= MOST_ITEMS) return;
    if (text.size > LONGEST_ITEM) text.size = LONGEST_ITEM;
    if (list->count > 1) put(list, czm_bytes_text(", "));
    put(list, czm_bytes_text(before));
    put(list, text);
    put(list, czm_bytes_text(after));
}

const char *czm_enumeration_text(czm_enumeration *list) {
    czm_bytes shown = czm_bytes_of(list->text.items, list->text.count);
    const char *text = czm_arena_string(list->arena, shown);
    if (list->count <= MOST_ITEMS) return text;
    return czm_arena_format(list->arena, "%s and %zu more", text, list->count - MOST_ITEMS);
}
