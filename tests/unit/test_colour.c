// SPDX-License-Identifier: Apache-2.0
//
// Class colours: the first three are the reference tool's, and none ever repeats.
#include "spec/spec.h"
#include "support.h"

static void the_first_three_are_red_green_blue(void **state) {
    (void)state;
    static const uint8_t expected[3][3] = {{255, 0, 0}, {0, 255, 0}, {0, 0, 255}};
    for (size_t i = 0; i < 3; i++) {
        uint8_t rgb[3];
        czm_class_colour(i, rgb);
        assert_memory_equal(rgb, expected[i], 3);
    }
}

static void none_repeats(void **state) {
    (void)state;
    static uint8_t seen[CZM_MOST_CLASSES][3];
    for (size_t i = 0; i < CZM_MOST_CLASSES; i++) {
        czm_class_colour(i, seen[i]);
        for (size_t k = 0; k < i; k++)
            if (memcmp(seen[i], seen[k], 3) == 0) fail_msg("classes %zu and %zu", k + 1, i + 1);
    }
}

// The colours of a usual number of classes must be distinguishable by eye.
static void the_first_twelve_are_far_apart(void **state) {
    (void)state;
    for (size_t i = 0; i < 12; i++)
        for (size_t k = 0; k < i; k++) {
            uint8_t a[3], b[3];
            czm_class_colour(i, a);
            czm_class_colour(k, b);
            int distance = 0;
            for (size_t n = 0; n < 3; n++) distance += a[n] > b[n] ? a[n] - b[n] : b[n] - a[n];
            if (distance < 60) fail_msg("classes %zu and %zu: %d", k + 1, i + 1, distance);
        }
}

int main(void) {
    const struct CMUnitTest tests[] = {
        TEST(the_first_three_are_red_green_blue),
        TEST(none_repeats),
        TEST(the_first_twelve_are_far_apart),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
