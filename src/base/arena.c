// SPDX-License-Identifier: Apache-2.0
//
// The arena: blocks that grow geometrically, a list of deferred closers, one jump without memory. Requests larger
// than a block get their own block, so that no tail is wasted.
#include "base/arena.h"

#include <stdalign.h>
#include <stdio.h>
#include <stdlib.h>

#include "base/os.h"

enum { FIRST_BLOCK = 16 * 1024, LARGEST_BLOCK = 1024 * 1024 };

typedef struct block {
    struct block *next;
    size_t used, size;
    alignas(max_align_t) uint8_t data[];
} block;

typedef struct closer {
    struct closer *next;
    void (*close)(void *);
    void *object;
} closer;

struct czm_arena {
    block *blocks;
    closer *closers;
    jmp_buf *out_of_memory;
    int caught;              // the value of a jump that czm_arena_catch() caught; 0: none
    czm_budget own, *budget; // `budget` is `own`, the parent's, or NULL
    uint64_t size;           // of all blocks
    closer *in_parent;       // NULL: it has none
    uint64_t key[2];
    bool has_key;
};

static void *(*allocate)(size_t) = malloc;
static void (*release)(void *) = free;

void czm_arena_set_allocator(void *(*new_allocate)(size_t), void (*new_release)(void *)) {
    allocate = new_allocate;
    release = new_release;
}

czm_arena *czm_arena_new(jmp_buf *out_of_memory) {
    czm_arena *arena = allocate(sizeof *arena);
    if (arena) *arena = (czm_arena){.out_of_memory = out_of_memory};
    return arena;
}

jmp_buf *czm_arena_set_jump(czm_arena *arena, jmp_buf *out_of_memory) {
    jmp_buf *before = arena->out_of_memory;
    arena->out_of_memory = out_of_memory;
    return before;
}

bool czm_arena_catch(czm_arena *arena, void (*work)(void *), void *data) {
    jmp_buf here, *before = czm_arena_set_jump(arena, &here);
    switch (setjmp(here)) {
    case 0: work(data); break;
    case CZM_JUMP_BUDGET: arena->caught = CZM_JUMP_BUDGET; break;
    default: arena->caught = CZM_JUMP_MEMORY;
    }
    arena->out_of_memory = before;
    return !arena->caught;
}

void czm_arena_rethrow(czm_arena *arena) {
    int caught = arena->caught;
    arena->caught = 0;
    if (caught && arena->out_of_memory) longjmp(*arena->out_of_memory, caught);
}

void czm_arena_free(czm_arena *arena) {
    if (!arena) return;
    if (arena->in_parent) arena->in_parent->object = NULL;
    for (closer *c = arena->closers; c; c = c->next) c->close(c->object);
    if (arena->budget) arena->budget->used[CZM_MEMORY] -= arena->size;
    for (block *b = arena->blocks; b;) {
        block *next = b->next;
        release(b);
        b = next;
    }
    release(arena);
}

static void *fail(czm_arena *arena) {
    if (arena->out_of_memory) longjmp(*arena->out_of_memory, CZM_JUMP_MEMORY);
    return NULL;
}

// ---- the budget

static void set_allowed(czm_budget *b) {
    for (int i = 0; i < CZM_RESOURCE_COUNT; i++) {
        uint64_t allowed = czm_budget_for(b->input[i]);
        if (allowed < b->least) allowed = b->least;
        b->allowed[i] = i == CZM_WORK ? allowed / 2 : allowed;
    }
}

void czm_arena_limit(czm_arena *arena) {
    arena->budget = &arena->own;
    arena->own = (czm_budget){.structure = "the parts of the model"};
    set_allowed(&arena->own);
}

const czm_budget *czm_arena_budget(const czm_arena *arena) { return arena->budget; }

void czm_budget_allow(czm_arena *arena, uint64_t least) {
    if (arena->budget != &arena->own) return;
    arena->own.least = least;
    set_allowed(&arena->own);
}

void czm_budget_input(czm_arena *arena, czm_resource resource, uint64_t size) {
    if (arena->budget != &arena->own) return;
    arena->own.input[resource] += size;
    if (resource == CZM_MEMORY) arena->own.input[CZM_WORK] += size;
    set_allowed(&arena->own);
}

void czm_budget_use(czm_arena *arena, czm_resource resource, uint64_t amount,
                    const char *structure) {
    czm_budget *b = arena->budget;
    if (!b) return;
    if (structure) b->structure = structure;
    if (amount <= b->allowed[resource] && b->used[resource] <= b->allowed[resource] - amount) {
        b->used[resource] += amount;
        return;
    }
    b->exceeded = resource;
    if (arena->out_of_memory) longjmp(*arena->out_of_memory, CZM_JUMP_BUDGET);
}

void czm_arena_count(czm_arena *arena, uint64_t size, const char *structure) {
    czm_budget_use(arena, CZM_MEMORY, size, structure);
    arena->size += size;
}

// ---- memory

static void free_child(void *arena) { czm_arena_free(arena); }

czm_arena *czm_arena_child(czm_arena *parent) {
    czm_arena_defer(parent, free_child, NULL);
    closer *in_parent = parent->closers;
    czm_arena *child = czm_arena_new(parent->out_of_memory);
    if (!child) return fail(parent);
    child->budget = parent->budget;
    child->in_parent = in_parent;
    in_parent->object = child;
    return child;
}

static block *add_block(czm_arena *arena, size_t at_least) {
    size_t size = arena->blocks ? arena->blocks->size * 2 : FIRST_BLOCK;
    if (size > LARGEST_BLOCK) size = LARGEST_BLOCK;
    if (size < at_least) size = at_least;
    if (size > SIZE_MAX - sizeof(block)) return NULL;
    czm_arena_count(arena, sizeof(block) + size, NULL);
    block *b = allocate(sizeof(block) + size);
    if (!b) return NULL;
    if (size > LARGEST_BLOCK) czm_memory_use_large_pages(b, sizeof(block) + size);
    *b = (block){.size = size};
    // A block for one large request is inserted after the current block, whose tail stays usable.
    if (arena->blocks && at_least > LARGEST_BLOCK / 4) {
        b->next = arena->blocks->next;
        arena->blocks->next = b;
    } else {
        b->next = arena->blocks;
        arena->blocks = b;
    }
    return b;
}

// The bytes that an allocation of this size needs.
static size_t rounded(size_t size) {
    const size_t unit = alignof(max_align_t);
    return size ? (size + unit - 1) / unit * unit : unit;
}

void *czm_arena_alloc(czm_arena *arena, size_t size) {
    if (size > SIZE_MAX - alignof(max_align_t)) return fail(arena);
    size = rounded(size);
    block *b = arena->blocks;
    if (!b || b->size - b->used < size) b = add_block(arena, size);
    if (!b) return fail(arena);
    void *memory = b->data + b->used;
    b->used += size;
    return memset(memory, 0, size);
}

void *czm_arena_array(czm_arena *arena, size_t count, size_t size) {
    if (size != 0 && count > SIZE_MAX / size) return fail(arena);
    return czm_arena_alloc(arena, count * size);
}

void *czm_arena_matrix(czm_arena *arena, int64_t rows, int64_t columns, size_t size) {
    if (rows < 0 || columns < 0 || (uint64_t)columns > SIZE_MAX / size) return fail(arena);
    return czm_arena_array(arena, (size_t)rows, (size_t)columns * size);
}

bool czm_arena_extend(czm_arena *arena, const void *memory, size_t size, size_t larger) {
    block *b = arena->blocks;
    if (!b || larger > SIZE_MAX - alignof(max_align_t)) return false;
    uint8_t *end = b->data + b->used;
    size_t more = rounded(larger) - rounded(size);
    if ((const uint8_t *)memory + rounded(size) != end || b->size - b->used < more) return false;
    b->used += more;
    memset(end, 0, more);
    return true;
}

typedef struct deferral {
    czm_arena *arena;
    closer *made;
} deferral;

static void make_closer(void *data) {
    deferral *d = data;
    d->made = CZM_NEW(d->arena, closer);
}

bool czm_arena_defer(czm_arena *arena, void (*close)(void *), void *object) {
    deferral d = {arena, NULL};
    if (!czm_arena_catch(arena, make_closer, &d)) {
        close(object);
        czm_arena_rethrow(arena);
        return false;
    }
    *d.made = (closer){arena->closers, close, object};
    arena->closers = d.made;
    return true;
}

char *czm_arena_string(czm_arena *arena, czm_bytes text) {
    char *copy = czm_arena_alloc(arena, text.size + 1);
    if (copy && text.size) memcpy(copy, text.data, text.size);
    return copy;
}

char *czm_arena_vformat(czm_arena *arena, const char *format, va_list arguments) {
    char usual[256]; // most texts are names: formatted once, and copied
    va_list again;
    va_copy(again, arguments);
    int length = vsnprintf(usual, sizeof usual, format, again);
    va_end(again);
    if (length < 0) return czm_arena_string(arena, czm_bytes_text("(text cannot be formatted)"));
    if ((size_t)length < sizeof usual)
        return czm_arena_string(arena, czm_bytes_of(usual, (size_t)length));
    char *text = czm_arena_alloc(arena, (size_t)length + 1);
    if (text) vsnprintf(text, (size_t)length + 1, format, arguments);
    return text;
}

char *czm_arena_format(czm_arena *arena, const char *format, ...) {
    va_list arguments;
    va_start(arguments, format);
    char *text = czm_arena_vformat(arena, format, arguments);
    va_end(arguments);
    return text;
}

const uint64_t *czm_arena_key(czm_arena *arena) {
    if (!arena->has_key) czm_random_bytes(arena->key, sizeof arena->key);
    arena->has_key = true;
    return arena->key;
}
