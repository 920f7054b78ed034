// SPDX-License-Identifier: Apache-2.0
//
// op/number: reading and writing are inverse for every number of two bytes; rounding; limits.
#include "op/number.h"

#include <math.h>

#include "support.h"

static double read_number(czm_dtype dtype, uint64_t bits) {
    uint8_t bytes[8];
    double number = 0;
    for (size_t i = 0; i < sizeof bytes; i++) bytes[i] = (uint8_t)(bits >> 8 * i);
    assert_true(czm_number_read(dtype, bytes, &number));
    return number;
}

static uint64_t put_number(czm_context *c, czm_dtype dtype, double number) {
    czm_buffer buffer = czm_buffer_in(c->arena);
    assert_true(czm_number_put(&buffer, dtype, number));
    assert_int_equal(buffer.size, czm_dtype_size(dtype));
    return czm_load_le(buffer.data, buffer.size);
}

static void what_is_read_is_written(void **state) {
    czm_context *c = *state;
    static const czm_dtype types[] = {CZM_DTYPE_HALF, CZM_DTYPE_BFLOAT16, CZM_DTYPE_INT16,
                                      CZM_DTYPE_UINT16};
    for (size_t i = 0; i < CZM_COUNT_OF(types); i++)
        for (uint64_t bits = 0; bits <= UINT16_MAX; bits++) {
            double number = read_number(types[i], bits);
            if (!isnan(number)) assert_int_equal(put_number(c, types[i], number), bits);
        }
}

static void known_numbers(void **state) {
    (void)state;
    assert_true(read_number(CZM_DTYPE_HALF, 0x3c01) == 1 + 0x1p-10);
    assert_true(read_number(CZM_DTYPE_HALF, 0x0001) == 0x1p-24);
    assert_true(isinf(read_number(CZM_DTYPE_HALF, 0xfc00)));
    assert_true(isnan(read_number(CZM_DTYPE_HALF, 0x7c01)));
    assert_true(read_number(CZM_DTYPE_BFLOAT16, 0xbf80) == -1);
    assert_true(read_number(CZM_DTYPE_INT8, 0xff) == -1);
    assert_true(read_number(CZM_DTYPE_INT64, UINT64_MAX) == -1);
    assert_true(read_number(CZM_DTYPE_UINT64, (uint64_t)1 << 63) == 0x1p63);
    assert_true(read_number(CZM_DTYPE_BOOL, 1) == 1);
}

static void ties_go_to_the_even_number(void **state) {
    czm_context *c = *state;
    assert_int_equal(put_number(c, CZM_DTYPE_HALF, 1 + 0x1p-11), 0x3c00);
    assert_int_equal(put_number(c, CZM_DTYPE_HALF, 1 + 3 * 0x1p-11), 0x3c02);
    assert_int_equal(put_number(c, CZM_DTYPE_HALF, 65519.9), 0x7bff);
    assert_int_equal(put_number(c, CZM_DTYPE_HALF, 65520), 0x7c00);
    assert_int_equal(put_number(c, CZM_DTYPE_BFLOAT16, 1 + 0x1p-8), 0x3f80);
    assert_int_equal(put_number(c, CZM_DTYPE_BFLOAT16, 1 + 3 * 0x1p-8), 0x3f82);
}

// Whatever sign the processor gave it.
static void one_value_is_no_number(void **state) {
    czm_context *c = *state;
    for (int sign = -1; sign <= 1; sign += 2) {
        uint8_t bytes[4];
        czm_store_float(bytes, copysignf(NAN, (float)sign));
        assert_int_equal(czm_load_le32(bytes), 0x7fc00000);
        assert_int_equal(put_number(c, CZM_DTYPE_FLOAT, copysign(NAN, sign)), 0x7fc00000);
        assert_int_equal(put_number(c, CZM_DTYPE_DOUBLE, copysign(NAN, sign)),
                         (uint64_t)0x7ff8 << 48);
    }
}

static void other_types_have_no_numbers(void **state) {
    czm_context *c = *state;
    static const uint8_t bytes[16] = {0};
    czm_buffer buffer = czm_buffer_in(c->arena);
    double number;
    assert_false(czm_number_read(CZM_DTYPE_COMPLEX64, bytes, &number));
    assert_false(czm_number_put(&buffer, CZM_DTYPE_COMPLEX64, 1));
    assert_false(czm_number_put(&buffer, CZM_DTYPE_INT32, NAN));
    assert_int_equal(buffer.size, 0);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        TEST(what_is_read_is_written),     TEST(known_numbers),
        TEST(ties_go_to_the_even_number),  TEST(one_value_is_no_number),
        TEST(other_types_have_no_numbers),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
