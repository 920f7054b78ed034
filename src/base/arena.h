// SPDX-License-Identifier: Apache-2.0
//
// One arena per conversion owns every byte of memory and every open file that the conversion
// needs; a single czm_arena_free() at the only exit releases them all, on success and on failure.
//
// Lack of memory is the only fault that is not returned as a status: an arena with a jump buffer longjmps to it, so
// no caller has to test an allocation. Tests replace the system allocator (czm_arena_set_allocator) to make every
// allocation fail in turn.
//
// A budget limits what a call may use, in proportion to the size of its input on the disk, so that a
// small hostile file cannot cost much. The arena counts its memory against it; loops that follow the
// structure of a file count their steps. An exceeded budget jumps as well.
#ifndef CZM_BASE_ARENA_H
#define CZM_BASE_ARENA_H

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>

#include "base/bytes.h"

typedef struct czm_arena czm_arena;

// The values with which an arena jumps.
enum { CZM_JUMP_MEMORY = 1, CZM_JUMP_BUDGET };

// Makes an arena. `out_of_memory` may be NULL: then allocations return NULL instead of jumping.
// Returns NULL when there is not even memory for the arena itself.
czm_arena *czm_arena_new(jmp_buf *out_of_memory);

// Makes an arena for a part of the work. It shares jump and budget with its parent, which frees it unless it was
// freed before.
czm_arena *czm_arena_child(czm_arena *parent);

// Sets the place to which the arena jumps without memory (NULL: allocations return NULL), and returns the earlier
// one. For an arena that outlives the frames that use it.
jmp_buf *czm_arena_set_jump(czm_arena *arena, jmp_buf *out_of_memory);

// Calls work(data) inside a callback of another library. Without memory it returns false instead of jumping across
// the library's frames. The callback then makes the library stop, and czm_arena_rethrow() jumps after the library has
// returned; it does nothing if nothing was caught.
bool czm_arena_catch(czm_arena *arena, void (*work)(void *), void *data);
void czm_arena_rethrow(czm_arena *arena);

// Runs the deferred closers, newest first, then frees all memory. NULL is allowed.
void czm_arena_free(czm_arena *arena);

// Zeroed memory, aligned for any type. A size of 0 gives a valid, unique pointer.
void *czm_arena_alloc(czm_arena *arena, size_t size);

// As czm_arena_alloc, for `count` elements of `size` bytes; an overflow counts as out of memory.
void *czm_arena_array(czm_arena *arena, size_t count, size_t size);

// As czm_arena_array, for `rows` times `columns` elements; a negative number counts as out of memory.
void *czm_arena_matrix(czm_arena *arena, int64_t rows, int64_t columns, size_t size);

// Enlarges `memory` from `size` to `larger` bytes in place, if it was the last allocation; new bytes are zero.
// Returns whether it did.
bool czm_arena_extend(czm_arena *arena, const void *memory, size_t size, size_t larger);

// Calls close(object) when the arena is freed: files and handles of other libraries belong to an arena. Without
// memory for this entry, it calls close(object) at once, and then jumps or returns false.
bool czm_arena_defer(czm_arena *arena, void (*close)(void *), void *object);

// NUL-terminated copies and formatted strings, owned by the arena.
char *czm_arena_string(czm_arena *arena, czm_bytes text);
CZM_PRINTF(2, 3) char *czm_arena_format(czm_arena *arena, const char *format, ...);
char *czm_arena_vformat(czm_arena *arena, const char *format, va_list arguments);

// ---- the budget

typedef enum czm_resource {
    CZM_MEMORY, // bytes of all arenas that share the budget
    CZM_WORK,   // steps
    CZM_DISK,   // bytes of temporary files
    CZM_RESOURCE_COUNT
} czm_resource;

// Each byte of input allows so many bytes of memory and of temporary files, and half as many steps. The largest graph
// of docs/benchmarks.md needs this factor (docs/hardness.md has the figures).
#define CZM_BUDGET_FACTOR 56u
#define CZM_BUDGET_SPARE (64u << 20) // for any input

static inline uint64_t czm_budget_for(uint64_t input) {
    return input * CZM_BUDGET_FACTOR + CZM_BUDGET_SPARE;
}

typedef struct czm_budget {
    uint64_t input[CZM_RESOURCE_COUNT]; // bytes on the disk
    uint64_t used[CZM_RESOURCE_COUNT];
    uint64_t allowed[CZM_RESOURCE_COUNT];
    uint64_t least;        // the minimum that the user allows
    const char *structure; // the structure that was processed last
    czm_resource exceeded;
} czm_budget;

// From now on the arena has a budget, at first for an input of 0 bytes.
void czm_arena_limit(czm_arena *arena);
const czm_budget *czm_arena_budget(const czm_arena *arena);

// Allows at least `least` bytes of memory and of temporary files, and the corresponding work.
void czm_budget_allow(czm_arena *arena, uint64_t least);

// Raises the limit for `size` bytes of input: CZM_MEMORY (and work), or CZM_DISK. A child has no effect, since it
// reads again what its parent has read.
void czm_budget_input(czm_arena *arena, czm_resource resource, uint64_t size);

// Counts an amount that is used for `structure`, a part of the file as a plural: "nodes".
void czm_budget_use(czm_arena *arena, czm_resource resource, uint64_t amount,
                    const char *structure);

// Counts memory that another library allocates, until the arena is freed.
void czm_arena_count(czm_arena *arena, uint64_t size, const char *structure);

static inline void czm_work(czm_arena *arena, uint64_t steps, const char *structure) {
    czm_budget_use(arena, CZM_WORK, steps, structure);
}

// 16 unpredictable bytes, the same for the arena's life: the key of its hash tables.
const uint64_t *czm_arena_key(czm_arena *arena);

#define CZM_NEW(arena, type) ((type *)czm_arena_alloc((arena), sizeof(type)))
#define CZM_NEW_ARRAY(arena, type, count) ((type *)czm_arena_array((arena), (count), sizeof(type)))
#define CZM_NEW_MATRIX(arena, type, rows, columns) \
    ((type *)czm_arena_matrix((arena), (rows), (columns), sizeof(type)))

// Replaces malloc and free for all arenas of the process (tests only, before any arena exists).
void czm_arena_set_allocator(void *(*allocate)(size_t), void (*release)(void *));

#endif
