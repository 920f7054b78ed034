// SPDX-License-Identifier: Apache-2.0
//
// Which tool made a network, by the names of its layers.
#include "analysis/family.h"

#include "support.h"

static void each_family(void **state) {
    static const struct {
        const char *names[3];
        const char *tool; // NULL: none
    } cases[] = {
        {{"down_level_0_no_0", "prob", "dist"}, "StarDist"},
        {{"model_1/prob/Sigmoid", "model_1/dist/BiasAdd", "x"}, "StarDist"},
        {{"probability", "distance", "prob"}, NULL},
        {{"down_level_0_no_0/Conv2D", "up_level_0_no_0/Conv2D", "x"}, "CSBDeep"},
        {{"channel_0down_level_0_no_0", "channel_0up_level_0_no_0", "x"}, "Noise2Void"},
        {{"down_level_0_no_00", "up_level_0_no_0", "x"}, NULL},
        {{"/downsample/down/res_down_0/conv/Conv", "/upsample/up/res_up_0/Add", "x"}, "Cellpose"},
        {{"downsample.down.res_down_0.proj.0.weight", "upsample.up.res_up_0.proj", ""}, "Cellpose"},
        {{"encoder.patch_embed.proj.weight", "W2", "out.weight"}, "Cellpose"},
        {{"W2", "W1", ""}, NULL},
        {{"conv2d", "//", "."}, NULL},
    };
    (void)state;
    for (size_t i = 0; i < CZM_COUNT_OF(cases); i++) {
        const czm_family *found = czm_family_of(cases[i].names, 3);
        const char *tool = found ? found->tool : "none";
        assert_string_equal(tool, cases[i].tool ? cases[i].tool : "none");
    }
    assert_null(czm_family_of(NULL, 0));
}

int main(void) {
    const struct CMUnitTest tests[] = {cmocka_unit_test(each_family)};
    return cmocka_run_group_tests(tests, NULL, NULL);
}
