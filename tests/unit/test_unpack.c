// SPDX-License-Identifier: Apache-2.0
//
// Unpacking CZModels: the files in the folder, the note, and that a failure leaves no files.
#include "archives.h"

static const char *load(czm_context *c, const char *path) {
    czm_file *file = czm_file_open(c->arena, path);
    if (!file) fail_msg("%s is not there", path);
    char *text = czm_arena_alloc(c->arena, (size_t)czm_file_size(file) + 1);
    assert_true(czm_file_read_at(file, 0, text, (size_t)czm_file_size(file)));
    return text;
}

// Archives `xml`, `network` and a licence of that name, and unpacks them into the folder.
static czm_status unpack(czm_context *c, const char *xml, czm_bytes network, const char *license,
                         const char *folder) {
    const member members[] = {{.name = ID ".xml", .content = czm_bytes_text(xml)},
                              {.name = ID ".model", .content = network},
                              {.name = "modelid=" ID},
                              {.name = license ? license : "", .content = czm_bytes_text("free")}};
    size_t count = license ? 4 : 3;
    write_file(c, "in/test.czmodel", archive_of(c->arena, members, count, true));
    return czm_unpack("in/test.czmodel", folder, NULL, NULL, c->report);
}

// A folder of its own for each run of a test.
static const char *fresh(czm_context *c, const char *name) {
    uint32_t random;
    czm_random_bytes(&random, sizeof random);
    return czm_arena_format(c->arena, "out-%08x/%s", random, name);
}

static const char *below(czm_context *c, const char *folder, const char *name) {
    return czm_path_join(c->arena, folder, name);
}

static size_t count_files(czm_context *c, const char *folder) {
    czm_path_list list;
    assert_true(czm_folder_list(c->arena, folder, &list));
    return list.count;
}

static void all_parts_are_there(void **state) {
    czm_context *c = *state;
    const char *folder = fresh(c, "model");
    assert_int_equal(unpack(c, XML("3.0.0", ""), network_archive(c->arena), "LICENSE.txt",
                            czm_arena_format(c->arena, "%s//", folder)),
                     CZM_OK);
    assert_int_equal(count_files(c, czm_path_folder(c->arena, folder)), 5);
    assert_string_equal(load(c, below(c, folder, "metadata.xml")), XML("3.0.0", ""));
    assert_string_equal(load(c, below(c, folder, "LICENSE.txt")), "free");
    assert_string_equal(load(c, below(c, folder, "U-Net/saved_model.pb")), "graph");
    assert_string_equal(load(c, below(c, folder, "U-Net/variables/variables.index")), "index");
    assert_string_equal(load(c, below(c, folder, "model_spec.json")),
                        "{\n    \"BorderSize\": 24,\n    \"ColorHandling\": \"SplitRgb\",\n"
                        "    \"PixelType\": \"Gray16\",\n    \"Classes\": [\n"
                        "        \"Background\",\n        \"Cell\"\n    ],\n"
                        "    \"ModelPath\": \"U-Net\",\n    \"LicenseFile\": \"LICENSE.txt\"\n}\n");
    assert_only_rule(c, "unpack-loss");
    assert_string_equal(czm_report_at(c->report, 0)->finding,
                        "it does not contain the id \"" ID "\"");
}

static const char *with(czm_context *c, const char *from, const char *to) {
    static const char xml[] = XML("3.0.0", "");
    const char *at = strstr(xml, from);
    assert_non_null(at);
    return czm_arena_format(c->arena, "%.*s%s%s", (int)(at - xml), xml, to, at + strlen(from));
}

static void what_is_lost_is_said(void **state) {
    czm_context *c = *state;
    static const struct {
        const char *from, *to, *said;
    } changes[] = {
        {">U-Net<", ">a/b<", "the model name \"a/b\""},
        {">U-Net<", ">a.zip<", "the model name \"a.zip\""},
        {"<Postprocessing />", "<Postprocessing>CRF</Postprocessing>", "Postprocessing \"CRF\""},
        {"\"Gray16\"", "\"Gray16 Gray8\"", "all pixel types of \"Gray16 Gray8\""},
        {"<Status>", "<TotalTileWidth>64</TotalTileWidth><Status>", "TotalTileWidth"},
        {"3.0.0", "3.1.0", "the model version \"3.1.0\""},
    };
    for (size_t i = 0; i < CZM_COUNT_OF(changes); i++) {
        assert_int_equal(unpack(c, with(c, changes[i].from, changes[i].to),
                                network_archive(c->arena), NULL, fresh(c, "model")),
                         CZM_OK);
        assert_int_equal(czm_report_count(c->report), i + 1);
        const char *finding = czm_report_at(c->report, i)->finding;
        if (!strstr(finding, changes[i].said)) fail_msg("%s: %s", changes[i].said, finding);
    }
}

static void names_that_no_folder_can_have(void **state) {
    czm_context *c = *state;
    static const char *const names[] = {"a/b",        "..", "/etc", "C:",   "a\\b", "x.zip",
                                        "",           " ",  "a.",   "a\tb", ".git", "metadata.xml",
                                        "LICENSE.TXT"};
    for (size_t i = 0; i < CZM_COUNT_OF(names); i++) {
        const char *folder = fresh(c, "model");
        const char *xml = with(c, ">U-Net<", czm_arena_format(c->arena, ">%s<", names[i]));
        assert_int_equal(unpack(c, xml, network_archive(c->arena), "license.txt", folder), CZM_OK);
        assert_string_equal(load(c, below(c, folder, "model/saved_model.pb")), "graph");
        assert_non_null(
            strstr(load(c, below(c, folder, "model_spec.json")), "\"ModelPath\": \"model\""));
    }
}

static void licences_take_no_other_name(void **state) {
    czm_context *c = *state;
    static const char *const names[][3] = {{"model_spec.json", "license.txt", "U-Net"},
                                           {"METADATA.xml", "license.txt", "U-Net"},
                                           {"latin\xe9", "license.txt", "U-Net"},
                                           {"u-net", "u-net", "model"}};
    for (size_t i = 0; i < CZM_COUNT_OF(names); i++) {
        const char *folder = fresh(c, "model");
        assert_int_equal(unpack(c, XML("3.0.0", ""), network_archive(c->arena), names[i][0],
                                folder),
                         CZM_OK);
        assert_string_equal(load(c, below(c, folder, names[i][1])), "free");
        assert_string_equal(load(c, below(c, below(c, folder, names[i][2]), "saved_model.pb")),
                            "graph");
        const char *key = czm_arena_format(c->arena, "\"LicenseFile\": \"%s\"", names[i][1]);
        assert_non_null(strstr(load(c, below(c, folder, "model_spec.json")), key));
    }
}

static void onnx_is_written_as_it_is(void **state) {
    czm_context *c = *state;
    const char *folder = fresh(c, "model");
    assert_int_equal(unpack(c, XML("3.2.0", ""), czm_bytes_text("\x08\x07onnx"), NULL, folder),
                     CZM_OK);
    assert_string_equal(load(c, below(c, folder, "U-Net.onnx")), "\x08\x07onnx");
    assert_string_equal(rule_at(c, 0), "unpack-loss");
}

static void an_empty_folder_will_do(void **state) {
    czm_context *c = *state;
    const char *folder = fresh(c, "model");
    assert_true(czm_folder_create(c->arena, folder));
    assert_int_equal(unpack(c, XML("3.0.0", ""), network_archive(c->arena), NULL, folder), CZM_OK);
    assert_int_equal(count_files(c, folder), 4);
    // and now it is not empty
    assert_int_equal(unpack(c, XML("3.0.0", ""), network_archive(c->arena), NULL, folder),
                     CZM_ERROR_IO);
    assert_string_equal(rule_at(c, 1), "file-unwritable");
    assert_int_equal(count_files(c, folder), 4);
    assert_int_equal(czm_unpack("in/test.czmodel", "in/test.czmodel", NULL, NULL, c->report),
                     CZM_ERROR_IO);
    assert_int_equal(czm_unpack("in/test.czmodel", "", NULL, NULL, c->report), CZM_ERROR_IO);
}

static void failures_leave_nothing(void **state) {
    czm_context *c = *state;
    const char *folder = fresh(c, "model"), *parent = czm_path_folder(c->arena, folder);
    // damaged: nothing is made, not even the parent
    const member files[] = {{.name = "saved_model.pb", .crc_lie = 1}};
    assert_int_equal(unpack(c, XML("3.0.0", ""), archive_of(c->arena, files, 1, false), NULL,
                            folder),
                     CZM_ERROR_INVALID);
    assert_int_equal(czm_path_look(parent), CZM_PATH_MISSING);
    // a file where a folder is due: found while writing
    const member clash[] = {{.name = "saved_model.pb"}, {.name = "saved_model.pb/x"}};
    assert_int_equal(unpack(c, XML("3.0.0", ""), archive_of(c->arena, clash, 2, false), NULL,
                            folder),
                     CZM_ERROR_IO);
    assert_true(czm_folder_is_empty(c->arena, parent));
}

int main(void) {
    const struct CMUnitTest tests[] = {
        TEST(all_parts_are_there),           TEST(what_is_lost_is_said),
        TEST(names_that_no_folder_can_have), TEST(licences_take_no_other_name),
        TEST(onnx_is_written_as_it_is),      TEST(an_empty_folder_will_do),
        TEST(failures_leave_nothing),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
