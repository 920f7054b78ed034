// SPDX-License-Identifier: Apache-2.0
//
// The pipe to a second thread: order, faults at its far end, and an end before all was taken.
#include "base/os.h"
#include "codec/checksum.h"
#include "support.h"

typedef struct drain {
    uint32_t crc;
    uint64_t taken, most; // it breaks when more than `most` has come
} drain;

static bool take(void *user, czm_bytes block) {
    drain *d = user;
    if (d->taken + block.size > d->most) return false;
    d->crc = czm_crc32(d->crc, block);
    d->taken += block.size;
    return true;
}

static const uint8_t *noise(czm_context *c, size_t size) {
    uint8_t *bytes = czm_arena_alloc(c->arena, size);
    for (size_t i = 0; i < size; i++) bytes[i] = (uint8_t)(i * 2654435761u >> 13);
    return bytes;
}

static void all_arrives_in_order(void **state) {
    czm_context *c = *state;
    enum { SIZE = 5 << 20, STEP = 77777 };
    const uint8_t *bytes = noise(c, SIZE);
    drain *d = CZM_NEW(c->arena, drain);
    d->most = SIZE;
    czm_pipe *pipe = czm_pipe_open(c->arena, take, d);
    assert_non_null(pipe);
    for (size_t at = 0; at < SIZE; at += STEP)
        assert_true(
            czm_pipe_put(pipe, czm_bytes_of(bytes + at, SIZE - at < STEP ? SIZE - at : STEP)));
    assert_true(czm_pipe_drain(pipe));
    assert_int_equal(d->taken, SIZE);
    assert_int_equal(d->crc, czm_crc32(0, czm_bytes_of(bytes, SIZE)));
    // After a drain it continues; one block may be larger than the pipe.
    d->taken = d->crc = 0;
    assert_true(czm_pipe_put(pipe, czm_bytes_of(bytes, SIZE)));
    assert_true(czm_pipe_drain(pipe));
    assert_int_equal(d->crc, czm_crc32(0, czm_bytes_of(bytes, SIZE)));
}

static void a_broken_end_is_told_and_called_no_more(void **state) {
    czm_context *c = *state;
    enum { SIZE = 100000 };
    drain *d = CZM_NEW(c->arena, drain);
    d->most = 3 * SIZE;
    czm_pipe *pipe = czm_pipe_open(c->arena, take, d);
    bool is_sound = true;
    for (int i = 0; i < 50; i++) is_sound &= czm_pipe_put(pipe, czm_bytes_of(noise(c, SIZE), SIZE));
    assert_false(is_sound);
    assert_false(czm_pipe_drain(pipe));
    assert_int_equal(d->taken, 3 * SIZE);
}

// The arena ends while blocks wait: they are still taken, and nothing hangs.
static void it_ends_with_its_arena(void **state) {
    czm_context *c = *state;
    drain d = {.most = UINT64_MAX};
    czm_arena *arena = czm_arena_new(NULL);
    czm_pipe *pipe = czm_pipe_open(arena, take, &d);
    assert_true(czm_pipe_put(pipe, czm_bytes_of(noise(c, 900000), 900000)));
    czm_arena_free(arena);
    assert_int_equal(d.taken, 900000);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        TEST(all_arrives_in_order),
        TEST(a_broken_end_is_told_and_called_no_more),
        TEST(it_ends_with_its_arena),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
