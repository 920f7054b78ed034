// SPDX-License-Identifier: Apache-2.0
//
// Name table: finding, growing, keys that are prefixes of each other or hold NULs.
#include "base/name_table.h"
#include "support.h"

static void an_empty_table_finds_nothing(void **state) {
    (void)state;
    czm_name_table table = {0};
    assert_null(czm_name_find(&table, czm_bytes_text("a")));
    assert_null(czm_name_find(&table, (czm_bytes){0}));
}

static void many_names_stay_apart(void **state) {
    czm_context *c = *state;
    czm_name_table table = {0};
    enum { COUNT = 5000 };
    static int values[COUNT];
    for (int i = 0; i < COUNT; i++) {
        czm_bytes name = czm_bytes_text(czm_arena_format(c->arena, "block%d/conv", i));
        czm_name_slot *slot = czm_name_slot_for(c->arena, &table, name);
        assert_null(slot->value);
        slot->value = &values[i];
    }
    assert_int_equal(table.count, COUNT);
    for (int i = 0; i < COUNT; i++) {
        czm_bytes name = czm_bytes_text(czm_arena_format(c->arena, "block%d/conv", i));
        assert_ptr_equal(czm_name_find(&table, name), &values[i]);
    }
    assert_null(czm_name_find(&table, czm_bytes_text("block5000/conv")));
}

static void keys_are_bytes(void **state) {
    czm_context *c = *state;
    czm_name_table table = {0};
    static const czm_bytes keys[] = {
        {(const uint8_t *)"", 0},     {(const uint8_t *)"\0", 1},   {(const uint8_t *)"\0\0", 2},
        {(const uint8_t *)"a", 1},    {(const uint8_t *)"a\0b", 3}, {(const uint8_t *)"a\0c", 3},
        {(const uint8_t *)"\xff", 1},
    };
    for (size_t i = 0; i < CZM_COUNT_OF(keys); i++)
        czm_name_slot_for(c->arena, &table, keys[i])->value = (void *)&keys[i];
    for (size_t i = 0; i < CZM_COUNT_OF(keys); i++)
        assert_ptr_equal(czm_name_find(&table, keys[i]), &keys[i]);
    assert_ptr_equal(czm_name_slot_for(c->arena, &table, keys[4])->value, &keys[4]);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        TEST(an_empty_table_finds_nothing),
        TEST(many_names_stay_apart),
        TEST(keys_are_bytes),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
