// SPDX-License-Identifier: Apache-2.0
//
// Checksums: published vectors, pieces, and the processor's form against the portable one, which
// are static: the source itself is included.
#include "../../src/codec/checksum.c" // NOLINT
#include "support.h"

static const char digits[] = "123456789";

static void known_values(void **state) {
    (void)state;
    uint8_t zeros[32] = {0}, ones[32], up[32];
    memset(ones, 0xff, sizeof ones);
    for (size_t i = 0; i < sizeof up; i++) up[i] = (uint8_t)i;
    assert_int_equal(czm_crc32(0, czm_bytes_text(digits)), 0xcbf43926);
    assert_int_equal(czm_crc32(0, (czm_bytes){0}), 0);
    // RFC 3720, appendix B.4.
    assert_int_equal(czm_crc32c(0, czm_bytes_text(digits)), 0xe3069283);
    assert_int_equal(czm_crc32c(0, czm_bytes_of(zeros, sizeof zeros)), 0x8a9136aa);
    assert_int_equal(czm_crc32c(0, czm_bytes_of(ones, sizeof ones)), 0x62a8ab43);
    assert_int_equal(czm_crc32c(0, czm_bytes_of(up, sizeof up)), 0x46dd794e);
    assert_int_equal(czm_crc32c(0, (czm_bytes){0}), 0);
    // leveldb's crc32c_test: the mask of "foo".
    uint32_t foo = czm_crc32c(0, czm_bytes_text("foo")), masked = czm_crc32c_mask(foo);
    uint32_t rotated = masked - 0xa282ead8u;
    assert_int_not_equal(masked, foo);
    assert_int_equal(rotated >> 17 | rotated << 15, foo);
}

// The form without a processor instruction is tested on every machine.
static void portable_known_values(void **state) {
    (void)state;
    uint8_t up[32];
    for (size_t i = 0; i < sizeof up; i++) up[i] = (uint8_t)i;
    assert_true(~portable_crc32c(~0u, czm_bytes_text(digits)) == 0xe3069283);
    assert_true(~portable_crc32c(~0u, czm_bytes_of(up, sizeof up)) == 0x46dd794e);
}

static void fill(uint8_t *bytes, size_t size) {
    uint32_t random = 1;
    for (size_t i = 0; i < size; i++) {
        random = random * 1664525u + 1013904223u;
        bytes[i] = (uint8_t)(random >> 24);
    }
}

static void pieces_add_up(void **state) {
    (void)state;
    uint8_t bytes[200];
    fill(bytes, sizeof bytes);
    czm_bytes whole = czm_bytes_of(bytes, sizeof bytes);
    for (size_t i = 0; i <= sizeof bytes; i++) {
        czm_bytes head = czm_bytes_of(bytes, i), tail = czm_bytes_of(bytes + i, sizeof bytes - i);
        assert_int_equal(czm_crc32c(czm_crc32c(0, head), tail), czm_crc32c(0, whole));
        assert_int_equal(czm_crc32(czm_crc32(0, head), tail), czm_crc32(0, whole));
        assert_int_equal(czm_crc32_combine(czm_crc32(0, head), czm_crc32(0, tail), tail.size),
                         czm_crc32(0, whole));
    }
}

// Long enough for several streams at once, and for a rest.
static void long_pieces_equal_portable(void **state) {
    (void)state;
    enum { LONG = 130003 };
    static uint8_t bytes[LONG];
    fill(bytes, sizeof bytes);
    if (!has_hardware()) skip();
    for (size_t size = LONG - 60000; size <= LONG; size += 4999) {
        czm_bytes part = czm_bytes_of(bytes + LONG - size, size);
        assert_int_equal(hardware_crc32c(0x9e3779b9, part), portable_crc32c(0x9e3779b9, part));
    }
}

static void hardware_equals_portable(void **state) {
    (void)state;
    uint8_t bytes[300];
    fill(bytes, sizeof bytes);
    if (!has_hardware()) skip();
    for (size_t from = 0; from < 9; from++)
        for (size_t size = 0; size + from <= sizeof bytes; size += 1 + size / 9) {
            czm_bytes part = czm_bytes_of(bytes + from, size);
            assert_int_equal(hardware_crc32c(0x12345678, part), portable_crc32c(0x12345678, part));
        }
}

// Combining over more than 4 GB of zeros, against squaring: twice 2^k zeros are 2^(k+1).
static void large_sizes_combine(void **state) {
    (void)state;
    uint32_t zero = czm_crc32(0, czm_bytes_of("", 1));
    uint32_t zeros = zero;
    for (int power = 0; power < 33; power++)
        zeros = czm_crc32_combine(zeros, zeros, (uint64_t)1 << power);
    uint64_t size = (uint64_t)1 << 33;
    uint32_t first = czm_crc32(0, czm_bytes_text(digits));
    uint32_t at_once = czm_crc32_combine(first, zeros, size);
    uint32_t half = zero;
    for (int power = 0; power < 32; power++)
        half = czm_crc32_combine(half, half, (uint64_t)1 << power);
    uint32_t in_halves =
        czm_crc32_combine(czm_crc32_combine(first, half, size / 2), half, size / 2);
    assert_int_equal(at_once, in_halves);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        TEST(known_values),
        TEST(portable_known_values),
        TEST(pieces_add_up),
        TEST(hardware_equals_portable),
        TEST(long_pieces_equal_portable),
        TEST(large_sizes_combine),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
