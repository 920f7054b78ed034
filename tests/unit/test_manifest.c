// SPDX-License-Identifier: Apache-2.0
//
// The XML byte for byte, and UUIDs.
#include "base/uuid.h"
#include "package/manifest.h"

#include "support.h"

static void the_xml_byte_for_byte(void **state) {
    czm_context *c = *state;
    czm_class classes[] = {{"Background", 255, 0, 0, true}, {"A \"cell\" <b>", 1, 2, 3, true}};
    czm_spec spec = {.model_name = "U&Net",
                     .color_handling = "SplitRgb",
                     .pixel_type = "Bgr24",
                     .postprocessing = "",
                     .classes = classes,
                     .class_count = 2,
                     .border_size = 90};
    assert_text(czm_manifest_write(c->arena, &spec, "3.0.0",
                                   "6f1c3bd0-7a54-4b69-9e57-0c1d5c1f8a11"),
                "<?xml version='1.0' encoding='utf-8'?>\n"
                "<Model Version=\"3.0.0\"><Id>6f1c3bd0-7a54-4b69-9e57-0c1d5c1f8a11</Id>"
                "<ModelName>U&amp;Net</ModelName><Status>Trained</Status>"
                "<FeatureExtractor>DeepNeuralNetwork</FeatureExtractor><Postprocessing />"
                "<ColorHandling>SplitRgb</ColorHandling>"
                "<Channels><Item PixelType=\"Bgr24\" /></Channels><TrainingClasses>"
                "<Item colB=\"0\" colG=\"0\" colR=\"255\" LabelValue=\"1\" Name=\"Background\" />"
                "<Item colB=\"3\" colG=\"2\" colR=\"1\" LabelValue=\"2\" "
                "Name=\"A &quot;cell&quot; &lt;b&gt;\" />"
                "</TrainingClasses><BorderSize>90</BorderSize></Model>");
    spec.postprocessing = "CRF";
    const char *text =
        czm_arena_string(c->arena, czm_manifest_write(c->arena, &spec, "3.0.0", "x"));
    assert_non_null(strstr(text, "<Postprocessing>CRF</Postprocessing>"));
}

static void new_uuids_are_random_and_of_version_4(void **state) {
    (void)state;
    char a[37], b[37];
    for (int i = 0; i < 50; i++) {
        czm_uuid_make(a);
        czm_uuid_make(b);
        assert_string_not_equal(a, b);
        assert_true(czm_uuid_is_valid(a));
        assert_int_equal(a[14], '4');
        assert_non_null(strchr("89ab", a[19]));
    }
}

static void what_is_a_uuid(void **state) {
    (void)state;
    assert_true(czm_uuid_is_valid("00000000-0000-0000-0000-000000000000"));
    static const char *const wrong[] = {
        "",
        "6f1c3bd0",
        "6F1C3BD0-7A54-4B69-9E57-0C1D5C1F8A11",
        "6f1c3bd0-7a54-4b69-9e57-0c1d5c1f8a1",
        "6f1c3bd0-7a54-4b69-9e57-0c1d5c1f8a111",
        "6f1c3bd007a54-4b69-9e57-0c1d5c1f8a11",
        "6f1c3bd0-7a54-4b69-9e57-0c1d5c1f8a1g",
        "{f1c3bd0-7a54-4b69-9e57-0c1d5c1f8a1}",
        "../../../../../../../../../../../aaa",
    };
    for (size_t i = 0; i < CZM_COUNT_OF(wrong); i++) assert_false(czm_uuid_is_valid(wrong[i]));
}

int main(void) {
    const struct CMUnitTest tests[] = {
        TEST(the_xml_byte_for_byte),
        TEST(new_uuids_are_random_and_of_version_4),
        TEST(what_is_a_uuid),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
