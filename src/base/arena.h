// SPDX-License-Identifier: Apache-2.0
//
// One arena per conversion owns every byte of memory and every open file that the conversion
// needs; a single czm_arena_free() at the only exit releases them all, on success and on failure.
//
// Out of memory is the one fault that does not travel as a status: an arena made with a jump
// buffer longjmps to it, so that no caller has to test an allocation. The system allocator itself
// is a seam (czm_arena_set_allocator) with which the tests let every allocation fail in turn.
#ifndef CZM_BASE_ARENA_H
#define CZM_BASE_ARENA_H

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>

#include "base/bytes.h"

typedef struct czm_arena czm_arena;

// Makes an arena. `out_of_memory` may be NULL: then allocations return NULL instead of jumping.
// Returns NULL when there is not even memory for the arena itself.
czm_arena *czm_arena_new(jmp_buf *out_of_memory);

// Runs the deferred closers, newest first, then frees all memory. NULL is allowed.
void czm_arena_free(czm_arena *arena);

// Zeroed memory, aligned for any type. A size of 0 gives a valid, unique pointer.
void *czm_arena_alloc(czm_arena *arena, size_t size);

// As czm_arena_alloc, for `count` elements of `size` bytes; an overflow counts as out of memory.
void *czm_arena_array(czm_arena *arena, size_t count, size_t size);

// Calls close(object) when the arena is freed: how files and foreign handles hang on an arena.
// false, which only an arena without a jump gives, when there is no memory.
bool czm_arena_defer(czm_arena *arena, void (*close)(void *), void *object);

// NUL-terminated copies and formatted strings, owned by the arena.
char *czm_arena_string(czm_arena *arena, czm_bytes text);
CZM_PRINTF(2, 3) char *czm_arena_format(czm_arena *arena, const char *format, ...);
char *czm_arena_vformat(czm_arena *arena, const char *format, va_list arguments);

#define CZM_NEW(arena, type) ((type *)czm_arena_alloc((arena), sizeof(type)))
#define CZM_NEW_ARRAY(arena, type, count) ((type *)czm_arena_array((arena), (count), sizeof(type)))

// Replaces malloc and free for all arenas of the process (tests only, before any arena exists).
void czm_arena_set_allocator(void *(*allocate)(size_t), void (*release)(void *));

#endif
