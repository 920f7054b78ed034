// SPDX-License-Identifier: Apache-2.0
//
// Reading the metadata: the variants of writers, and rejections.
#include "archives.h"
#include "package/manifest.h"
#include "read/manifest.h"

static czm_status read_text(czm_context *c, const char *xml, czm_manifest *manifest) {
    return czm_manifest_read(c, "xml", czm_bytes_text(xml), manifest);
}

static void what_is_written_is_read(void **state) {
    czm_context *c = *state;
    czm_class classes[] = {{"Back\tground", 255, 1, 2, true}, {"A \"cell\" <b>", 3, 4, 5, true}};
    czm_spec spec = {.model_name = "U&Net",
                     .color_handling = "SplitRgb",
                     .pixel_type = "Bgr24",
                     .postprocessing = "CRF",
                     .classes = classes,
                     .class_count = 2,
                     .border_size = 90};
    czm_manifest m;
    assert_int_equal(czm_manifest_read(c, "xml", czm_manifest_write(c->arena, &spec, "3.0.0", ID),
                                       &m),
                     CZM_OK);
    assert_string_equal(m.version, "3.0.0");
    assert_string_equal(m.id, ID);
    assert_string_equal(m.model_name, "U&Net");
    assert_string_equal(m.status, "Trained");
    assert_string_equal(m.feature_extractor, "DeepNeuralNetwork");
    assert_string_equal(m.postprocessing, "CRF");
    assert_string_equal(m.color_handling, "SplitRgb");
    assert_int_equal(m.pixel_type_count, 1);
    assert_string_equal(m.pixel_types[0], "Bgr24");
    assert_int_equal(m.border_size, 90);
    assert_int_equal(m.class_count, 2);
    for (size_t i = 0; i < 2; i++) {
        assert_string_equal(m.classes[i].name, classes[i].name);
        assert_int_equal(m.classes[i].red, classes[i].red);
        assert_int_equal(m.classes[i].green, classes[i].green);
        assert_int_equal(m.classes[i].blue, classes[i].blue);
        assert_true(m.classes[i].has_colour);
    }
}

// As ZEN writes version 3.2.0: byte order mark, CRLF, another order, more elements, alternatives.
static const char zen[] =
    "\xef\xbb\xbf<?xml version=\"1.0\" encoding=\"utf-8\"?>\r\n<Model Version=\"3.2.0\">\r\n"
    "  <BorderSize>64</BorderSize>\r\n  <Description>https://example.org/<!-- a "
    "-->b</Description>\r\n"
    "  <Deep><Id>not this one</Id><Item PixelType=\"nor this\" /></Deep>\r\n"
    "  <Id>" ID "</Id>\r\n  <ModelName><![CDATA[a & b]]> c&#228;</ModelName>\r\n"
    "  <ColorHandling>SplitRgb</ColorHandling>\r\n"
    "  <Channels IsAfterColorHandling=\"true\">\r\n"
    "    <Item PixelType=\"Gray8 Gray16 Gray32Float\" />\r\n    <Item PixelType=\"Gray8\" />\r\n"
    "  </Channels>\r\n  <TrainingClasses>\r\n"
    "    <Item colR=\"7\" colG=\"8\" colB=\"9\" LabelValue=\"1\" Name=\"x\" />\r\n"
    "  </TrainingClasses>\r\n  <TotalTileHeight>1024</TotalTileHeight>\r\n</Model>\r\n";

static void the_layout_of_zen_is_read(void **state) {
    czm_context *c = *state;
    czm_manifest m;
    assert_int_equal(read_text(c, zen, &m), CZM_OK);
    assert_int_equal(czm_report_count(c->report), 0);
    assert_string_equal(m.version, "3.2.0");
    assert_string_equal(m.id, ID);
    assert_string_equal(m.model_name, "a & b c\xc3\xa4");
    assert_string_equal(m.status, "");
    assert_int_equal(m.border_size, 64);
    assert_int_equal(m.pixel_type_count, 2);
    assert_string_equal(m.pixel_types[0], "Gray8 Gray16 Gray32Float");
    assert_string_equal(czm_manifest_metadata(c->arena, &m).pixel_type, "Gray8");
    assert_int_equal(m.class_count, 1);
    assert_int_equal(m.classes[0].red * 10000 + m.classes[0].green * 100 + m.classes[0].blue,
                     70809);
}

static void utf_16_is_read(void **state) {
    czm_context *c = *state;
    const char *plain = strchr(XML("3.1.0", ""), '\n') + 1;
    czm_buffer wide = czm_buffer_in(c->arena);
    czm_put_raw_le(&wide, 0xfeff, 2);
    for (; *plain; plain++) czm_put_raw_le(&wide, (uint8_t)*plain, 2);
    czm_manifest m;
    assert_int_equal(czm_manifest_read(c, "xml", czm_buffer_bytes(&wide), &m), CZM_OK);
    assert_string_equal(m.version, "3.1.0");
    assert_string_equal(m.model_name, "U-Net");
}

// The XML in which the first `from` is `to`.
static const char *with(czm_context *c, const char *from, const char *to) {
    static const char xml[] = XML("3.0.0", "");
    const char *at = strstr(xml, from);
    assert_non_null(at);
    return czm_arena_format(c->arena, "%.*s%s%s", (int)(at - xml), xml, to, at + strlen(from));
}

static void damage_is_rejected(void **state) {
    czm_context *c = *state;
    static const struct {
        const char *from, *to;
    } changes[] = {
        {"</Model>", ""},
        {"</Model>", "</Model><Model/>"},
        {"<Model ", "<!DOCTYPE Model [<!ENTITY a \"b\">]><Model "},
        {"<Model ", "<!DOCTYPE Model SYSTEM \"file:///etc/passwd\"><Model "},
        {"encoding='utf-8'", "encoding='klingon'"},
        {"U-Net", "\xff"},
        {"U-Net", "&a;"},
        {" Version=\"3.0.0\"", ""},
        {"<Id>" ID "</Id>", ""},
        {"<ModelName>U-Net</ModelName>", ""},
        {"<ColorHandling>SplitRgb</ColorHandling>", ""},
        {"<BorderSize>24</BorderSize>", ""},
        {"<BorderSize>24", "<BorderSize>2.4"},
        {"<BorderSize>24", "<BorderSize>"},
        {"<BorderSize>24", "<BorderSize>99999999999999999999"},
        {"<BorderSize>", "<BorderSize>1</BorderSize><BorderSize>"},
        {"<Item PixelType=\"Gray16\" />", ""},
        {"PixelType=", "Pixel="},
        {"LabelValue=\"2\"", "LabelValue=\"3\""},
        {"LabelValue=\"1\"", "LabelValue=\"0\""},
        {"LabelValue=\"1\"", ""},
        {"Name=\"Cell\"", ""},
        {"colR=\"255\"", "colR=\"256\""},
        {"colG=\"0\"", "colG=\"-1\""},
        {"colB=\"0\"", "colB=\"red\""},
        {"colB=\"0\"", ""},
        {">DeepNeuralNetwork<", ">BasicFeatures<"},
    };
    for (size_t i = 0; i < CZM_COUNT_OF(changes); i++) {
        czm_manifest m;
        if (read_text(c, with(c, changes[i].from, changes[i].to), &m) != CZM_ERROR_INVALID)
            fail_msg("change %zu is accepted", i);
        assert_int_equal(czm_report_count(c->report), i + 1);
        assert_string_equal(rule_at(c, i), "metadata-damaged");
    }
}

static void a_place_is_told(void **state) {
    czm_context *c = *state;
    czm_manifest m;
    assert_int_equal(read_text(c, with(c, "</Status>", "\n</Stat>"), &m), CZM_ERROR_INVALID);
    assert_string_equal(czm_report_at(c->report, 0)->where, "xml:3:2");
}

static void another_version_is_named(void **state) {
    czm_context *c = *state;
    czm_manifest m;
    assert_int_equal(read_text(c, "<Model Version=\"4.0.0\" />", &m), CZM_ERROR_INVALID);
    assert_only_rule(c, "model-version");
}

static void no_truncation_is_accepted(void **state) {
    czm_context *c = *state;
    static const char xml[] = XML("3.0.0", "");
    czm_manifest m;
    for (size_t size = 0; size < sizeof xml - 1; size++)
        assert_int_equal(czm_manifest_read(c, "xml", czm_bytes_of(xml, size), &m),
                         CZM_ERROR_INVALID);
    assert_int_equal(czm_manifest_read(c, "xml", czm_bytes_of(xml, sizeof xml - 1), &m), CZM_OK);
}

static void too_much_is_rejected(void **state) {
    czm_context *c = *state;
    size_t size = 5 << 20;
    uint8_t *spaces = czm_arena_alloc(c->arena, size);
    memset(spaces, ' ', size);
    czm_manifest m;
    assert_int_equal(czm_manifest_read(c, "xml", czm_bytes_of(spaces, size), &m),
                     CZM_ERROR_INVALID);
    assert_only_rule(c, "metadata-damaged");
}

int main(void) {
    const struct CMUnitTest tests[] = {
        TEST(what_is_written_is_read),
        TEST(the_layout_of_zen_is_read),
        TEST(utf_16_is_read),
        TEST(damage_is_rejected),
        TEST(a_place_is_told),
        TEST(another_version_is_named),
        TEST(no_truncation_is_accepted),
        TEST(too_much_is_rejected),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
