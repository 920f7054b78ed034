// SPDX-License-Identifier: Apache-2.0
//
// Lists in messages: "a", "b", "c". Files may contain any number of names, so a message shows some and counts the
// others.
#ifndef CZM_BASE_ENUMERATION_H
#define CZM_BASE_ENUMERATION_H

#include "base/list.h"

typedef struct czm_enumeration {
    czm_arena *arena;
    size_t count;
    CZM_LIST(char) text;
} czm_enumeration;

czm_enumeration czm_enumeration_in(czm_arena *arena);

// Adds an item, `text` between `before` and `after`.
void czm_enumerate(czm_enumeration *list, const char *before, czm_bytes text, const char *after);

// The items with commas between them; if there are many, the first ones and the number of the others. "" if there are
// none.
const char *czm_enumeration_text(czm_enumeration *list);

#endif
