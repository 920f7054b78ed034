// SPDX-License-Identifier: Apache-2.0
//
// The public structs of earlier releases: structs from a program that was compiled for 0.1.0 are accepted,
// and nothing is written beyond its end.
#include "api/call.h"
#include "support.h"

// czm_options as release 0.1.0 declared it.
typedef struct first_options {
    size_t struct_size;
    const char *source_path;
    const czm_metadata *metadata;
    const char *output_folder, *output_name, *model_name, *license_path, *signature, *output,
        *model_id;
    int64_t spatial_height, spatial_width;
    const char *const *preprocessing;
    size_t preprocessing_count;
    const char *const *postprocessing;
    size_t postprocessing_count;
    const char *border, *format, *zen, *extension;
    const char *const *allow;
    size_t allow_count;
    bool strict, as_is;
    czm_progress progress;
    void *user;
} first_options;

static void options_of_the_first_release(void **state) {
    czm_context *c = *state;
    assert_int_equal(sizeof(first_options), CZM_FIRST_OPTIONS);
    struct {
        first_options options;
        uint8_t after[64];
    } given = {{.struct_size = sizeof(first_options),
                .source_path = CZM_FIXTURES "/tf215-keras/model"},
               {0}};
    memset(given.after, 0xa5, sizeof given.after); // would be later members
    czm_verdict verdict = CZM_VERDICT_INIT;
    czm_status status = czm_check((const czm_options *)(void *)&given, &verdict, c->report);
    assert_int_equal(status, CZM_OK);
    assert_int_equal(verdict.kind, CZM_KIND_SAVED_MODEL);
}

static void results_end_where_the_caller_says(void **state) {
    czm_context *c = *state;
    czm_options options;
    uint8_t bytes[sizeof(czm_inspection) + 8];
    czm_options_init(&options, sizeof options);
    options.source_path = CZM_FIXTURES "/tf215-keras/model";
    memset(bytes, 0xa5, sizeof bytes);
    czm_inspection *inspection = (czm_inspection *)(void *)bytes;
    *inspection = (czm_inspection)CZM_INSPECTION_INIT;
    inspection->struct_size = CZM_FIRST_INSPECTION;
    inspection->metadata.struct_size = CZM_FIRST_METADATA;
    assert_int_equal(czm_inspect(&options, inspection, c->report), CZM_OK);
    assert_int_equal(inspection->struct_size, CZM_FIRST_INSPECTION);
    // What follows the metadata is nearer there, since those have grown.
    size_t before = offsetof(czm_inspection, metadata), behind = before + sizeof(czm_metadata);
    czm_inspection seen = CZM_INSPECTION_INIT;
    memcpy((char *)&seen + behind, bytes + before + CZM_FIRST_METADATA, sizeof seen - behind);
    assert_true(seen.has_network && seen.layer_count > 0);
    for (size_t i = sizeof(czm_inspection); i < sizeof bytes; i++) assert_int_equal(bytes[i], 0xa5);
}

static void unknown_sizes_are_usage_faults(void **state) {
    czm_context *c = *state;
    czm_options options = CZM_OPTIONS_INIT;
    const size_t sizes[] = {0, CZM_FIRST_OPTIONS - 1, sizeof(czm_options) + 8};
    for (size_t i = 0; i < CZM_COUNT_OF(sizes); i++) {
        options.struct_size = sizes[i];
        assert_int_equal(czm_check(&options, NULL, c->report), CZM_ERROR_USAGE);
        assert_string_equal(rule_at(c, i), "usage");
    }
}

static void a_name_for_the_macro(void **state) {
    (void)state;
    czm_options options, expected = CZM_OPTIONS_INIT;
    memset(&options, 0xa5, sizeof options);
    czm_options_init(&options, sizeof options);
    assert_int_equal(options.struct_size, expected.struct_size);
    assert_null(options.source_path);
    assert_null(options.user);
    assert_int_equal(options.spatial_height, 0);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        TEST(options_of_the_first_release),
        TEST(results_end_where_the_caller_says),
        TEST(unknown_sizes_are_usage_faults),
        TEST(a_name_for_the_macro),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
