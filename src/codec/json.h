// SPDX-License-Identifier: Apache-2.0
//
// JSON texts in memory, read and written with jansson. Results live as long as the arena.
#ifndef CZM_CODEC_JSON_H
#define CZM_CODEC_JSON_H

#include <jansson.h>

#include "base/arena.h"

// On failure NULL, and `error` contains the reason; its code is json_error_out_of_memory if memory ran out. A byte
// order mark is skipped; a duplicate key is an error.
json_t *czm_json_read(czm_arena *arena, czm_bytes text, json_error_t *error);

// A new object for writing.
json_t *czm_json_object(czm_arena *arena);

// The value of an element of a list: of the `index`-th of `items`. NULL without memory.
typedef json_t *czm_json_value(const void *items, size_t index);

czm_json_value czm_json_text;    // of const char *
czm_json_value czm_json_real;    // of double
czm_json_value czm_json_integer; // of int64_t

// Adds a list of `count` values as the member `key` of `object`. 0 on success, as jansson's functions return.
int czm_json_add_list(json_t *object, const char *key, czm_json_value *value, const void *items,
                      size_t count);

// The text, followed by a zero byte; empty without memory. `flags` are those of json_dumpb().
czm_bytes czm_json_write(czm_arena *arena, const json_t *root, size_t flags);

#endif
