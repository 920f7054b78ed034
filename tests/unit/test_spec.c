// SPDX-License-Identifier: Apache-2.0
//
// The metadata: every rule of the JSON file and of the caller's struct, with the id of what is
// found.
#include "spec/spec.h"

#include "support.h"

#define BORDER "\"BorderSize\":8,"
#define HANDLING "\"ColorHandling\":\"SplitRgb\","
#define TYPE "\"PixelType\":\"Gray16\","
#define CLASSES "\"Classes\":[\"a\",\"b\"],"
#define MODEL "\"ModelPath\":\"model\""

typedef struct example {
    const char *json;
    czm_status status;
    const char *rules; // what is found, in order
    const char *text;  // somewhere in the first finding or its hint
} example;

static const example examples[] = {
    {"{" BORDER HANDLING TYPE CLASSES MODEL "}", CZM_OK, "", ""},
    {"\xef\xbb\xbf{" BORDER HANDLING TYPE CLASSES MODEL "}", CZM_OK, "", ""},
    {" \r\n\t{" BORDER HANDLING TYPE CLASSES MODEL "}\r\n", CZM_OK, "", ""},
    {"{" BORDER HANDLING TYPE CLASSES MODEL ",\"LicenseFile\":null,\"TestImageFile\":null}", CZM_OK,
     "", ""},
    // Missing keys.
    {"{}", CZM_ERROR_INVALID, "spec-key spec-key spec-key spec-key spec-key", "BorderSize"},
    {"{" HANDLING TYPE CLASSES MODEL "}", CZM_ERROR_INVALID, "spec-key", "BorderSize"},
    {"{" BORDER TYPE CLASSES MODEL "}", CZM_ERROR_INVALID, "spec-key", "ColorHandling"},
    {"{" BORDER HANDLING CLASSES MODEL "}", CZM_ERROR_INVALID, "spec-key", "PixelType"},
    {"{" BORDER HANDLING TYPE MODEL "}", CZM_ERROR_INVALID, "spec-key", "Classes"},
    {"{" BORDER HANDLING TYPE "\"Classes\":[\"a\"]}", CZM_ERROR_INVALID, "spec-key", "ModelPath"},
    // Keys that are wrong.
    {"{\"borderSize\":8," HANDLING TYPE CLASSES MODEL "}", CZM_ERROR_INVALID, "spec-key",
     "write \"BorderSize\""},
    {"{" BORDER HANDLING TYPE CLASSES MODEL ",\"Class\":1}", CZM_OK, "spec-unknown-key", "Classes"},
    {"{" BORDER BORDER HANDLING TYPE CLASSES MODEL "}", CZM_ERROR_INVALID, "spec-syntax",
     "duplicate"},
    // Values.
    {"{\"BorderSize\":0," HANDLING TYPE CLASSES MODEL "}", CZM_OK, "", ""},
    {"{\"BorderSize\":2147483647," HANDLING TYPE CLASSES MODEL "}", CZM_OK, "", ""},
    {"{\"BorderSize\":2147483648," HANDLING TYPE CLASSES MODEL "}", CZM_ERROR_INVALID, "spec-value",
     "2147483648"},
    {"{\"BorderSize\":-1," HANDLING TYPE CLASSES MODEL "}", CZM_ERROR_INVALID, "spec-value", "-1"},
    {"{\"BorderSize\":1.5," HANDLING TYPE CLASSES MODEL "}", CZM_ERROR_INVALID, "spec-value",
     "whole"},
    {"{\"BorderSize\":8.0," HANDLING TYPE CLASSES MODEL "}", CZM_ERROR_INVALID, "spec-value",
     "whole"},
    {"{\"BorderSize\":\"8\"," HANDLING TYPE CLASSES MODEL "}", CZM_ERROR_INVALID, "spec-value",
     "whole"},
    {"{\"BorderSize\":null," HANDLING TYPE CLASSES MODEL "}", CZM_ERROR_INVALID, "spec-value",
     "whole"},
    {"{" BORDER "\"ColorHandling\":\"splitrgb\"," TYPE CLASSES MODEL "}", CZM_ERROR_INVALID,
     "spec-value", "write \"SplitRgb\""},
    {"{" BORDER "\"ColorHandling\":\"\"," TYPE CLASSES MODEL "}", CZM_ERROR_INVALID, "spec-value",
     "ConvertToMonochrome, SplitRgb"},
    {"{" BORDER HANDLING "\"PixelType\":\"GRAY16\"," CLASSES MODEL "}", CZM_ERROR_INVALID,
     "spec-value", "write \"Gray16\""},
    {"{" BORDER HANDLING "\"PixelType\":\"Gray\"," CLASSES MODEL "}", CZM_ERROR_INVALID,
     "spec-value", "Bgr192ComplexFloat"},
    {"{" BORDER HANDLING TYPE "\"Classes\":\"a\"," MODEL "}", CZM_ERROR_INVALID, "spec-value",
     "list"},
    {"{" BORDER HANDLING TYPE "\"Classes\":[]," MODEL "}", CZM_ERROR_INVALID, "spec-value", "list"},
    {"{" BORDER HANDLING TYPE "\"Classes\":[1]," MODEL "}", CZM_ERROR_INVALID, "spec-value",
     "list"},
    {"{" BORDER HANDLING TYPE "\"Classes\":[\"\",\"b\"]," MODEL "}", CZM_ERROR_INVALID,
     "class-name", "empty"},
    {"{" BORDER HANDLING TYPE "\"Classes\":[\"a\",\"b\\u0001\"]," MODEL "}", CZM_ERROR_INVALID,
     "class-name", "0x01"},
    {"{" BORDER HANDLING TYPE "\"Classes\":[\"a\",\"\\uffff\"]," MODEL "}", CZM_ERROR_INVALID,
     "class-name", "XML"},
    {"{" BORDER HANDLING TYPE CLASSES "\"ModelPath\":\"\"}", CZM_ERROR_INVALID, "spec-value",
     "path"},
    {"{" BORDER HANDLING TYPE CLASSES "\"ModelPath\":7}", CZM_ERROR_INVALID, "spec-value", "path"},
    // Paths.
    {"{" BORDER HANDLING TYPE CLASSES "\"ModelPath\":\"gone\"}", CZM_ERROR_IO, "file-missing",
     "gone"},
    {"{" BORDER HANDLING TYPE CLASSES "\"ModelPath\":\"C:\\tf\"}", CZM_ERROR_IO,
     "spec-value file-missing", "\\\\"},
    {"{" BORDER HANDLING TYPE CLASSES "\"ModelPath\":\"C:\\models\"}", CZM_ERROR_INVALID,
     "spec-syntax", "\\\\"},
    {"{" BORDER HANDLING TYPE CLASSES MODEL ",\"LicenseFile\":\"gone\"}", CZM_ERROR_IO,
     "file-missing", "licence"},
    {"{" BORDER HANDLING TYPE CLASSES MODEL ",\"LicenseFile\":\"model\"}", CZM_ERROR_IO,
     "file-unreadable", "not a file"},
    {"{" BORDER HANDLING TYPE CLASSES MODEL ",\"TestImageFile\":\"gone\"}", CZM_OK, "test-image",
     "gone"},
    // Both the gravest status and every fault.
    {"{\"BorderSize\":-1," HANDLING TYPE "\"Classes\":[\"\"],\"ModelPath\":\"gone\"}", CZM_ERROR_IO,
     "file-missing spec-value class-name", "gone"},
    // No JSON.
    {"", CZM_ERROR_INVALID, "spec-syntax", ""},
    {"[]", CZM_ERROR_INVALID, "spec-syntax", "{"},
    {"7", CZM_ERROR_INVALID, "spec-syntax", ""},
    {"{}x", CZM_ERROR_INVALID, "spec-syntax", "end of file"},
    {"{" BORDER "}", CZM_ERROR_INVALID, "spec-syntax", ""},
    {"{\"BorderSize\":8", CZM_ERROR_INVALID, "spec-syntax", ""},
    {"{\"Classes\":[\"\\u0000\"]}", CZM_ERROR_INVALID, "spec-syntax", ""},
    {"{\"Classes\":[\"\xff\"]}", CZM_ERROR_INVALID, "spec-syntax", ""},
};

static const char *rules_found(czm_context *c) {
    const char *text = "";
    for (size_t i = 0; i < czm_report_count(c->report); i++)
        text = czm_arena_format(c->arena, "%s%s%s", text, i ? " " : "", rule_at(c, i));
    return text;
}

static czm_status read_json(czm_context *c, const char *json, czm_spec *spec) {
    write_file(c, "spec/model/saved_model.pb", (czm_bytes){0});
    write_file(c, "spec/spec.json", czm_bytes_text(json));
    czm_options options = CZM_OPTIONS_INIT;
    options.source_path = "spec/spec.json";
    return czm_spec_read(c, &options, spec);
}

static void every_rule(void **state) {
    czm_context *c = *state;
    for (size_t i = 0; i < CZM_COUNT_OF(examples); i++) {
        const example *e = &examples[i];
        czm_context inner = {c->arena, czm_report_new()};
        czm_spec spec;
        czm_status status = read_json(&inner, e->json, &spec);
        const char *rules = rules_found(&inner);
        if (status != e->status || strcmp(rules, e->rules) != 0)
            fail_msg("%s: status %d, found %s", e->json, (int)status, rules);
        const czm_finding *first = czm_report_at(inner.report, 0);
        if (first && !strstr(first->finding, e->text) && !strstr(first->hint, e->text))
            fail_msg("%s: %s, %s", e->json, first->finding, first->hint);
        czm_report_free(inner.report);
    }
}

static void what_a_good_one_becomes(void **state) {
    czm_context *c = *state;
    czm_spec spec;
    write_file(c, "spec/LICENSE.txt", czm_bytes_text("CC0"));
    assert_int_equal(read_json(c,
                               "{" BORDER HANDLING TYPE CLASSES "\"ModelPath\":\"./model/\","
                               "\"LicenseFile\":\"LICENSE.txt\"}",
                               &spec),
                     CZM_OK);
    assert_string_equal(spec.model_name, "model");
    assert_string_equal(spec.license_path, "spec/LICENSE.txt");
    assert_string_equal(spec.postprocessing, "");
    assert_int_equal(spec.border_size, 8);
    assert_int_equal(spec.class_count, 2);
    assert_int_equal(spec.classes[1].green, 255);
    assert_null(spec.test_image_path);
}

static void names_come_from_the_path(void **state) {
    czm_context *c = *state;
    static const struct {
        const char *path, *name;
    } cases[] = {
        {"model", "model"},          {"model/", "model"},    {"model//", "model"},
        {"model\\\\", "model"},      {"./model/.", "model"}, {"../spec/model", "model"},
        {"model/../model", "model"}, {"model.zip", "model"}, {"model.ZIP", "model"},
        {"unet.v2", "unet.v2"},      {".zip", ".zip"},
    };
    write_file(c, "spec/model.zip", (czm_bytes){0});
    write_file(c, "spec/model.ZIP", (czm_bytes){0});
    write_file(c, "spec/.zip", (czm_bytes){0});
    write_file(c, "spec/unet.v2", (czm_bytes){0});
    for (size_t i = 0; i < CZM_COUNT_OF(cases); i++) {
        czm_spec spec;
        const char *json =
            czm_arena_format(c->arena, "{" BORDER HANDLING TYPE CLASSES "\"ModelPath\":\"%s\"}",
                             cases[i].path);
        czm_status status = read_json(c, json, &spec);
        if (status) fail_msg("%s: %s", cases[i].path, czm_report_at(c->report, 0)->finding);
        if (strcmp(spec.model_name, cases[i].name) != 0)
            fail_msg("%s: %s", cases[i].path, spec.model_name);
    }
}

// ---- the caller's struct

static czm_class two_classes[] = {{"a", 0, 0, 0, false}, {"b", 1, 2, 3, true}};

static czm_metadata sound_metadata(czm_context *c) {
    write_file(c, "spec/model/saved_model.pb", (czm_bytes){0});
    czm_metadata m = CZM_METADATA_INIT;
    m.model_path = "spec/model";
    m.color_handling = "ConvertToMonochrome";
    m.pixel_type = "Bgr24";
    m.classes = two_classes;
    m.class_count = 2;
    return m;
}

static czm_status read_metadata(czm_context *c, const czm_metadata *metadata, czm_spec *spec) {
    czm_options options = CZM_OPTIONS_INIT;
    options.metadata = metadata;
    return czm_spec_read(c, &options, spec);
}

static void a_struct_is_read_likewise(void **state) {
    czm_context *c = *state;
    czm_metadata m = sound_metadata(c);
    czm_spec spec;
    assert_int_equal(read_metadata(c, &m, &spec), CZM_OK);
    assert_string_equal(spec.model_name, "model");
    assert_int_equal(spec.classes[0].red, 255);
    assert_int_equal(spec.classes[1].blue, 3); // the caller's colour stays
    m.model_name = "U-Net";
    assert_int_equal(read_metadata(c, &m, &spec), CZM_OK);
    assert_string_equal(spec.model_name, "U-Net");
}

static void an_empty_struct_lacks_everything(void **state) {
    czm_context *c = *state;
    czm_metadata m = CZM_METADATA_INIT;
    czm_spec spec;
    assert_int_equal(read_metadata(c, &m, &spec), CZM_ERROR_INVALID);
    assert_string_equal(rules_found(c), "spec-key spec-key spec-key spec-key");
}

static void names_that_xml_cannot_hold(void **state) {
    czm_context *c = *state;
    czm_metadata m = sound_metadata(c);
    czm_class wrong[] = {{NULL, 0, 0, 0, false}, {"\xff", 0, 0, 0, false}};
    m.classes = wrong;
    m.model_name = "a\x1b";
    czm_spec spec;
    assert_int_equal(read_metadata(c, &m, &spec), CZM_ERROR_INVALID);
    assert_string_equal(rules_found(c),
                        "class-name class-name class-name color-order color-handling");
}

// The text of Postprocessing goes into the XML as well.
static void postprocessing_must_be_text(void **state) {
    czm_context *c = *state;
    czm_metadata m = sound_metadata(c);
    m.postprocessing = "a\x01";
    czm_spec spec;
    assert_int_equal(read_metadata(c, &m, &spec), CZM_ERROR_INVALID);
}

static void more_classes_than_colours(void **state) {
    czm_context *c = *state;
    czm_metadata m = sound_metadata(c);
    czm_class *many = CZM_NEW_ARRAY(c->arena, czm_class, CZM_MOST_CLASSES + 1);
    for (size_t i = 0; i <= CZM_MOST_CLASSES; i++) many[i].name = "x";
    m.classes = many;
    m.class_count = CZM_MOST_CLASSES;
    czm_spec spec;
    assert_int_equal(read_metadata(c, &m, &spec), CZM_OK);
    m.class_count++;
    assert_int_equal(read_metadata(c, &m, &spec), CZM_ERROR_INVALID);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        TEST(every_rule),
        TEST(what_a_good_one_becomes),
        TEST(names_come_from_the_path),
        TEST(a_struct_is_read_likewise),
        TEST(an_empty_struct_lacks_everything),
        TEST(names_that_xml_cannot_hold),
        TEST(postprocessing_must_be_text),
        TEST(more_classes_than_colours),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
