// SPDX-License-Identifier: Apache-2.0
//
// Arena: alignment, zeros, closers; and every allocation of a conversion failing in turn.
#include <stdalign.h>
#include <stdlib.h>

#include "support.h"

static void memory_is_zero_and_aligned(void **state) {
    czm_context *c = *state;
    static const size_t sizes[] = {0, 1, 15, 16, 17, 4096, 16 * 1024, 300 * 1024, 3 * 1024 * 1024};
    for (size_t i = 0; i < CZM_COUNT_OF(sizes); i++) {
        uint8_t *memory = czm_arena_alloc(c->arena, sizes[i]);
        assert_int_equal((uintptr_t)memory % alignof(max_align_t), 0);
        for (size_t k = 0; k < sizes[i]; k++) assert_int_equal(memory[k], 0);
        if (sizes[i]) memset(memory, 0xff, sizes[i]); // what follows must be zero all the same
    }
}

static void no_size_gives_distinct_pointers(void **state) {
    czm_context *c = *state;
    assert_ptr_not_equal(czm_arena_alloc(c->arena, 0), czm_arena_alloc(c->arena, 0));
}

static void overflow_is_out_of_memory(void **state) {
    czm_context *c = *state;
    assert_null(czm_arena_array(c->arena, SIZE_MAX / 2, 3));
    assert_null(czm_arena_alloc(c->arena, SIZE_MAX));
    assert_non_null(czm_arena_array(c->arena, SIZE_MAX, 0));
}

static void formats_and_copies(void **state) {
    czm_context *c = *state;
    assert_string_equal(czm_arena_format(c->arena, "%s-%05d", "shard", 7), "shard-00007");
    assert_string_equal(czm_arena_string(c->arena, czm_bytes_of("abcdef", 3)), "abc");
    assert_string_equal(czm_arena_string(c->arena, (czm_bytes){0}), "");
}

static char closed[8];

static void note_closing(void *object) { closed[strlen(closed)] = *(const char *)object; }

static void closers_run_newest_first(void **state) {
    (void)state;
    czm_arena *arena = czm_arena_new(NULL);
    memset(closed, 0, sizeof closed);
    czm_arena_defer(arena, note_closing, "a");
    czm_arena_defer(arena, note_closing, "b");
    czm_arena_defer(arena, note_closing, "c");
    czm_arena_free(arena);
    assert_string_equal(closed, "cba");
    czm_arena_free(NULL);
}

// ---- the failing allocator

static long allocations_left;
static long blocks_held;

static void *allocate(size_t size) {
    if (allocations_left-- <= 0) return NULL;
    void *memory = malloc(size);
    blocks_held += memory != NULL;
    return memory;
}

static void release(void *memory) {
    blocks_held -= memory != NULL;
    free(memory);
}

static void without_memory_a_closer_runs_at_once(void **state) {
    (void)state;
    czm_arena_set_allocator(allocate, release);
    allocations_left = 1; // the arena
    memset(closed, 0, sizeof closed);
    czm_arena *arena = czm_arena_new(NULL);
    assert_false(czm_arena_defer(arena, note_closing, "a"));
    assert_string_equal(closed, "a");
    czm_arena_free(arena);
    assert_string_equal(closed, "a");
    czm_arena_set_allocator(malloc, free);
    assert_int_equal(blocks_held, 0);
}

static void out_of_memory_jumps(void **state) {
    (void)state;
    czm_arena_set_allocator(allocate, release);
    allocations_left = 2; // the arena and one block
    static jmp_buf out_of_memory;
    czm_arena *volatile arena = czm_arena_new(&out_of_memory);
    volatile int jumps = 0;
    if (setjmp(out_of_memory) == 0) {
        czm_arena_alloc(arena, 100);
        for (;;) czm_arena_alloc(arena, 1000);
    } else {
        jumps++;
    }
    czm_arena_free(arena);
    czm_arena_set_allocator(malloc, free);
    assert_int_equal(jumps, 1);
    assert_int_equal(blocks_held, 0);
}

static czm_status convert(void) {
    czm_class classes[] = {{"a", 0, 0, 0, false}, {"b", 0, 0, 0, false}, {"c", 0, 0, 0, false}};
    czm_metadata metadata = CZM_METADATA_INIT;
    metadata.model_path = CZM_FIXTURES "/tf221-keras3/model";
    metadata.color_handling = "SplitRgb";
    metadata.pixel_type = "Bgr24";
    metadata.classes = classes;
    metadata.class_count = CZM_COUNT_OF(classes);
    czm_options options = CZM_OPTIONS_INIT;
    options.metadata = &metadata;
    options.output_folder = "arena-out";
    czm_report *report = czm_report_new();
    if (!report) return CZM_ERROR_MEMORY;
    czm_status status = czm_convert(&options, NULL, report);
    size_t count = czm_report_count(report);
    if (status == CZM_ERROR_MEMORY) assert_true(count > 0);
    if (status == CZM_ERROR_MEMORY)
        assert_string_equal(czm_report_at(report, count - 1)->rule, "memory");
    czm_report_free(report);
    return status;
}

// The allocator may be exchanged only while no arena is there: these tests have no context.
static void each_allocation_may_fail(void **state) {
    (void)state;
    czm_status status = CZM_ERROR_MEMORY;
    czm_arena_set_allocator(allocate, release);
    long most = 0;
    for (; status == CZM_ERROR_MEMORY && most < 1000; most++) {
        allocations_left = most;
        status = convert();
        assert_int_equal(blocks_held, 0);
    }
    czm_arena_set_allocator(malloc, free);
    assert_int_equal(status, CZM_OK);
    assert_true(most > 3);
    czm_arena *arena = czm_arena_new(NULL);
    czm_path_list files;
    assert_true(czm_folder_list(arena, "arena-out", &files));
    assert_int_equal(files.count, 1); // the last conversion's; the failed ones left nothing
    czm_arena_free(arena);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        TEST(memory_is_zero_and_aligned),
        TEST(no_size_gives_distinct_pointers),
        TEST(overflow_is_out_of_memory),
        TEST(formats_and_copies),
        TEST(closers_run_newest_first),
        cmocka_unit_test(without_memory_a_closer_runs_at_once),
        cmocka_unit_test(out_of_memory_jumps),
        cmocka_unit_test(each_allocation_may_fail),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
