// SPDX-License-Identifier: Apache-2.0
//
// JSON texts in memory, read and written with jansson. Results live as long as the arena.
#ifndef CZM_CODEC_JSON_H
#define CZM_CODEC_JSON_H

#include <jansson.h>

#include "base/arena.h"

// NULL: `error` tells why; its code is json_error_out_of_memory where there was no memory. A byte
// order mark is passed over; a key that occurs twice is an error.
json_t *czm_json_read(czm_arena *arena, czm_bytes text, json_error_t *error);

// A new object for what is to be written.
json_t *czm_json_object(czm_arena *arena);

// The text with a zero byte behind it; empty without memory. `flags` are json_dumpb()'s.
czm_bytes czm_json_write(czm_arena *arena, const json_t *root, size_t flags);

#endif
