// SPDX-License-Identifier: Apache-2.0
//
// Protocol buffer wire format: writing and reading again, and every kind of damage.
#include "support.h"

static void fields_come_back(void **state) {
    czm_context *c = *state;
    czm_buffer b = czm_buffer_in(c->arena);
    czm_put_varint(&b, 1, 300);
    czm_put_varint(&b, 2, UINT64_MAX);
    czm_put_fixed32(&b, 3, 0x12345678);
    czm_put_text(&b, 16, "text");
    czm_put_bytes(&b, 536870911, (czm_bytes){0});
    assert_literal(czm_buffer_bytes(&b), "\x08\xac\x02"
                                         "\x10\xff\xff\xff\xff\xff\xff\xff\xff\xff\x01"
                                         "\x1d\x78\x56\x34\x12"
                                         "\x82\x01\x04text"
                                         "\xfa\xff\xff\xff\x0f\x00");
    czm_wire wire = czm_wire_read(czm_buffer_bytes(&b));
    czm_field f;
    assert_true(czm_wire_next(&wire, &f) && czm_field_is(&f, 1, CZM_WIRE_VARINT));
    assert_int_equal(f.value, 300);
    assert_true(czm_wire_next(&wire, &f) && f.value == UINT64_MAX);
    assert_true(czm_wire_next(&wire, &f) && czm_field_is(&f, 3, CZM_WIRE_FIXED32));
    assert_int_equal(f.value, 0x12345678);
    assert_true(czm_wire_next(&wire, &f) && czm_field_is(&f, 16, CZM_WIRE_BYTES));
    assert_text(f.bytes, "text");
    assert_true(czm_wire_next(&wire, &f) && czm_field_is(&f, 536870911, CZM_WIRE_BYTES));
    assert_false(czm_wire_next(&wire, &f));
    assert_false(wire.damaged);
}

static void nesting_moves_what_follows(void **state) {
    czm_context *c = *state;
    czm_buffer b = czm_buffer_in(c->arena);
    size_t outer = czm_put_begin(&b, 1), inner = czm_put_begin(&b, 2);
    for (int i = 0; i < 300; i++) czm_put_raw_le(&b, 'x', 1); // a length of two bytes
    czm_put_end(&b, inner);
    size_t empty = czm_put_begin(&b, 3);
    czm_put_end(&b, empty);
    czm_put_end(&b, outer);
    czm_bytes content = czm_wire_find(czm_buffer_bytes(&b), 1).bytes;
    assert_int_equal(content.size, 3 + 300 + 2);
    assert_int_equal(czm_wire_find(content, 2).bytes.size, 300);
    assert_int_equal(czm_wire_find(content, 3).number, 3);
}

static void the_last_occurrence_counts(void **state) {
    (void)state;
    czm_bytes message = czm_bytes_of("\x08\x01\x10\x07\x08\x02", 6);
    assert_int_equal(czm_wire_find(message, 1).value, 2);
    assert_int_equal(czm_wire_find(message, 5).number, 0);
    assert_int_equal(czm_wire_find((czm_bytes){0}, 1).number, 0);
}

static void damage_is_noticed(void **state) {
    (void)state;
    static const struct {
        const char *bytes;
        size_t size;
        bool is_valid;
    } cases[] = {
        {"", 0, true},
        {"\x08\x01", 2, true},
        {"\x09\1\2\3\4\5\6\7\x08", 9, true},
        {"\x08", 1, false},                                              // no value
        {"\x80", 1, false},                                              // half a tag
        {"\x00\x01", 2, false},                                          // field 0
        {"\x08\x80", 2, false},                                          // half a varint
        {"\x08\xff\xff\xff\xff\xff\xff\xff\xff\xff\xff\x01", 12, false}, // eleven bytes
        {"\x0a\x05"
         "abcd",
         6, false},                                                  // one byte too few
        {"\x0a\xff\xff\xff\xff\xff\xff\xff\xff\xff\x01", 11, false}, // 2^64 - 1 bytes
        {"\x0d\1\2\3", 4, false},
        {"\x09\1\2\3\4\5\6\7", 8, false},
        {"\x0b\x0c", 2, false}, // a group
        {"\x0e", 1, false},     // kinds 6 and 7 are none
        {"\x0f", 1, false},
        {"\x88\x80\x80\x80\x80\x01\x01", 7, false}, // a field number of 33 bits
    };
    for (size_t i = 0; i < CZM_COUNT_OF(cases); i++) {
        bool is_valid = czm_wire_is_valid(czm_bytes_of(cases[i].bytes, cases[i].size));
        if (is_valid != cases[i].is_valid) fail_msg("case %zu", i);
    }
}

static void damage_is_sticky(void **state) {
    (void)state;
    czm_wire wire = czm_wire_read(czm_bytes_of("\xff", 1));
    assert_int_equal(czm_wire_varint(&wire), 0);
    assert_true(wire.damaged);
    czm_field f;
    assert_false(czm_wire_next(&wire, &f));
    assert_int_equal(f.number, 0);
    assert_int_equal(czm_wire_varint(&wire), 0);
}

static void varints_of_every_length(void **state) {
    czm_context *c = *state;
    for (int bit = 0; bit < 64; bit++) {
        czm_buffer b = czm_buffer_in(c->arena);
        czm_put_raw_varint(&b, (uint64_t)1 << bit);
        assert_int_equal(b.size, bit / 7 + 1);
        czm_wire wire = czm_wire_read(czm_buffer_bytes(&b));
        assert_true(czm_wire_varint(&wire) == (uint64_t)1 << bit);
        assert_false(wire.damaged);
    }
}

int main(void) {
    const struct CMUnitTest tests[] = {
        TEST(fields_come_back),  TEST(nesting_moves_what_follows), TEST(the_last_occurrence_counts),
        TEST(damage_is_noticed), TEST(damage_is_sticky),           TEST(varints_of_every_length),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
