// SPDX-License-Identifier: Apache-2.0
//
// Report: order, the gravest status, relaxed rules, and texts that a terminal can show.
#include "support.h"

static void findings_keep_their_order(void **state) {
    czm_context *c = *state;
    for (int i = 0; i < 40; i++)
        czm_report_add(c->report, CZM_RULE_SPEC_VALUE, "here", NULL, "number %d", i);
    assert_int_equal(czm_report_count(c->report), 40);
    assert_string_equal(czm_report_at(c->report, 0)->finding, "number 0");
    assert_string_equal(czm_report_at(c->report, 39)->finding, "number 39");
    assert_string_equal(czm_report_at(c->report, 39)->where, "here");
    assert_string_equal(czm_report_at(c->report, 39)->hint, czm_rule_at(CZM_RULE_SPEC_VALUE)->hint);
    assert_null(czm_report_at(c->report, 40));
}

static void of_many_findings_of_a_rule_the_first_are_listed(void **state) {
    czm_context *c = *state;
    for (int i = 0; i < 1000; i++)
        czm_report_add(c->report, CZM_RULE_SPEC_VALUE, "here", NULL, "number %d", i);
    size_t since = czm_report_moment(c->report);
    assert_int_equal(czm_report_count(c->report), CZM_MOST_OF_RULE + 1);
    const czm_finding *last = czm_report_at(c->report, CZM_MOST_OF_RULE);
    assert_string_equal(last->finding, "and 900 more findings of this rule");
    assert_int_equal(last->count, 900);
    assert_int_equal(czm_report_status(c->report, since), CZM_OK);
    czm_report_add(c->report, CZM_RULE_SPEC_VALUE, "here", NULL, "one more");
    assert_int_equal(czm_report_status(c->report, since), CZM_ERROR_INVALID);
    czm_report_add(c->report, CZM_RULE_CLASS_COUNT, "", NULL, "another rule");
    assert_string_equal(czm_report_at(c->report, CZM_MOST_OF_RULE + 1)->finding, "another rule");
    czm_report_begin_call(c->report);
    czm_report_add(c->report, CZM_RULE_SPEC_VALUE, "", NULL, "the next call");
    assert_string_equal(czm_report_at(c->report, CZM_MOST_OF_RULE + 2)->finding, "the next call");
}

static void status_and_severity_come_from_the_rule(void **state) {
    czm_context *c = *state;
    assert_int_equal(czm_report_add(c->report, CZM_RULE_TEST_IMAGE, "", "", "x"), CZM_OK);
    assert_int_equal(czm_report_at(c->report, 0)->severity, CZM_WARNING);
    assert_int_equal(czm_report_add(c->report, CZM_RULE_CLASS_COUNT, "", "", "x"),
                     CZM_ERROR_INVALID);
    assert_int_equal(czm_report_add(c->report, CZM_RULE_FILE_MISSING, "", "", "x"), CZM_ERROR_IO);
    assert_int_equal(czm_report_add(c->report, CZM_RULE_USAGE, "", "", "x"), CZM_ERROR_USAGE);
}

static void a_missing_file_is_graver_than_a_broken_rule(void **state) {
    czm_context *c = *state;
    czm_report_add(c->report, CZM_RULE_FILE_MISSING, "", "", "x");
    czm_report_add(c->report, CZM_RULE_CLASS_COUNT, "", "", "x");
    assert_int_equal(czm_report_status(c->report, 0), CZM_ERROR_IO);
    assert_int_equal(czm_report_status(c->report, 1), CZM_ERROR_INVALID);
    assert_int_equal(czm_report_status(c->report, 2), CZM_OK);
}

static void an_allowed_error_is_a_warning(void **state) {
    czm_context *c = *state;
    czm_report_allow(c->report, CZM_RULE_OP_UNSUPPORTED);
    assert_int_equal(czm_report_add(c->report, CZM_RULE_OP_UNSUPPORTED, "", "", "x"), CZM_OK);
    assert_int_equal(czm_report_at(c->report, 0)->severity, CZM_WARNING);
    assert_int_equal(czm_report_add(c->report, CZM_RULE_OUTPUT_TYPE, "", "", "x"),
                     CZM_ERROR_INVALID);
    assert_int_equal(czm_report_status(c->report, 0), CZM_ERROR_INVALID);
}

static void strictly_taken_a_warning_is_an_error(void **state) {
    czm_context *c = *state;
    czm_report_set_policy(c->report, true);
    czm_report_allow(c->report, CZM_RULE_BORDER);
    assert_int_equal(czm_report_add(c->report, CZM_RULE_BORDER, "", "", "x"), CZM_OK);
    assert_int_equal(czm_report_add(c->report, CZM_RULE_TEST_IMAGE, "", "", "x"),
                     CZM_ERROR_INVALID);
    assert_int_equal(czm_report_add(c->report, CZM_RULE_COLOR_ORDER, "", "", "x"), CZM_OK);
    assert_int_equal(czm_report_at(c->report, 0)->severity, CZM_WARNING);
    assert_int_equal(czm_report_at(c->report, 1)->severity, CZM_ERROR);
    assert_int_equal(czm_report_at(c->report, 2)->severity, CZM_NOTE);
}

static void a_finding_may_be_lesser_than_its_rule(void **state) {
    czm_context *c = *state;
    assert_int_equal(czm_report_add_as(c->report, CZM_RULE_CLASS_COUNT, CZM_NOTE, "", "", "x"),
                     CZM_OK);
    assert_int_equal(czm_report_at(c->report, 0)->severity, CZM_NOTE);
    assert_int_equal(czm_report_add_as(c->report, CZM_RULE_COLOR_ORDER, CZM_ERROR, "", "", "x"),
                     CZM_OK);
    assert_int_equal(czm_report_at(c->report, 1)->severity, CZM_NOTE);
}

static void a_rule_passes_when_its_subject_was_judged(void **state) {
    czm_context *c = *state;
    assert_int_equal(czm_report_outcome(c->report, CZM_RULE_BORDER), CZM_NOT_CHECKED);
    czm_report_judged(c->report, CZM_SUBJECT_BOTH);
    assert_int_equal(czm_report_outcome(c->report, CZM_RULE_BORDER), CZM_NOT_CHECKED);
    czm_report_judged(c->report, CZM_SUBJECT_METADATA_AND_GRAPH);
    assert_int_equal(czm_report_outcome(c->report, CZM_RULE_BORDER), CZM_PASSED);
    assert_int_equal(czm_report_outcome(c->report, CZM_RULE_SPEC_KEY), CZM_NOT_CHECKED);
    czm_report_add(c->report, CZM_RULE_BORDER, "", NULL, "x");
    assert_int_equal(czm_report_outcome(c->report, CZM_RULE_BORDER), CZM_FOUND);
    assert_string_equal(czm_report_at(c->report, 0)->hint,
                        czm_rule_hint(CZM_RULE_BORDER, c->report));
    assert_int_equal(czm_report_outcome(c->report, CZM_RULE_COUNT), CZM_NOT_CHECKED);
    assert_int_equal(czm_rule_find("border"), CZM_RULE_BORDER);
    assert_int_equal(czm_rule_find("no such rule"), CZM_RULE_COUNT);
}

static void texts_are_printable(void **state) {
    czm_context *c = *state;
    // Escape, line feed, DEL, a C1 control, a byte that is no UTF-8, a cut-off character.
    czm_report_add(c->report, CZM_RULE_SPEC_VALUE, "a\x1b[31m", "\xc3", "%s",
                   "1\n2\x7f"
                   "3\xc2\x9b"
                   "4\xff"
                   "5\xc3\xa4 \xe4\xb8\xad");
    assert_string_equal(czm_report_at(c->report, 0)->where, "a?[31m");
    assert_string_equal(czm_report_at(c->report, 0)->hint, "?");
    assert_string_equal(czm_report_at(c->report, 0)->finding, "1?2?3??4?5\xc3\xa4 \xe4\xb8\xad");
}

static void a_hint_can_come_later(void **state) {
    czm_context *c = *state;
    czm_report_add(c->report, CZM_RULE_SPEC_VALUE, NULL, NULL, "x");
    czm_report_set_hint(c->report, 0, "do that");
    czm_report_set_hint(c->report, 1, "there is no such finding");
    assert_string_equal(czm_report_at(c->report, 0)->hint, "do that");
    assert_string_equal(czm_report_at(c->report, 0)->where, "");
}

// Each front end has its own words for an option; the library's own are the members of czm_options.
static void options_are_in_the_words_of_the_front_end(void **state) {
    czm_context *c = *state;
    static const czm_spelling python[] = {
        [CZM_OPTION_SPATIAL_DIMS] = {"spatial_dims", "spatial_dims=(", ", ", ")", false},
        [CZM_OPTION_PREPROCESSING] = {"preprocessing", "preprocessing='", ",", "'", false},
    };
    assert_string_equal(czm_report_option(c->report, CZM_OPTION_BORDER, "auto"),
                        "border = \"auto\"");
    czm_report_set_spelling(c->report, python, CZM_COUNT_OF(python));
    assert_string_equal(czm_report_option(c->report, CZM_OPTION_SPATIAL_DIMS, "512,256"),
                        "spatial_dims=(512, 256)");
    assert_string_equal(czm_report_option(c->report, CZM_OPTION_SPATIAL_DIMS, NULL),
                        "spatial_dims");
    assert_string_equal(czm_report_option(c->report, CZM_OPTION_PREPROCESSING, "scale=1,2"),
                        "preprocessing='scale=1,2'");
    assert_string_equal(czm_report_option(c->report, CZM_OPTION_PREPROCESSING, ""),
                        "preprocessing=''");
    assert_string_equal(czm_report_option(c->report, CZM_OPTION_BORDER, NULL), "border");
    assert_string_equal(czm_report_option(c->report, CZM_OPTION_COUNT, "x"), "");
    czm_report_add(c->report, CZM_RULE_COLOR_ORDER, "", NULL, "x");
    assert_string_equal(czm_report_at(c->report, 0)->hint,
                        "if the network was trained on red, green, blue, swap the colours: "
                        "preprocessing='rgb-to-bgr'");
}

static void memory_is_always_told(void **state) {
    czm_context *c = *state;
    assert_int_equal(czm_report_out_of_memory(c->report), CZM_ERROR_MEMORY);
    assert_only_rule(c, "memory");
    assert_int_equal(czm_report_status(c->report, 0), CZM_ERROR_MEMORY);
}

// Each rule of the book has a unique id and a reason, and only errors have a status.
static void the_rule_book_is_sound(void **state) {
    czm_context *c = *state;
    for (int i = 0; i < CZM_RULE_COUNT; i++) {
        czm_status status = czm_report_add(c->report, (czm_rule)i, "", "", "x");
        const czm_finding *f = czm_report_at(c->report, (size_t)i);
        assert_int_equal(f->severity == CZM_ERROR, status != CZM_OK);
        assert_true(strlen(f->why) > 20);
        assert_non_null(strstr(czm_rule_at((size_t)i)->statement, ": "));
        for (int k = 0; k < i; k++) assert_string_not_equal(f->rule, rule_at(c, (size_t)k));
    }
}

int main(void) {
    const struct CMUnitTest tests[] = {
        TEST(findings_keep_their_order),
        TEST(of_many_findings_of_a_rule_the_first_are_listed),
        TEST(status_and_severity_come_from_the_rule),
        TEST(a_missing_file_is_graver_than_a_broken_rule),
        TEST(an_allowed_error_is_a_warning),
        TEST(strictly_taken_a_warning_is_an_error),
        TEST(a_finding_may_be_lesser_than_its_rule),
        TEST(a_rule_passes_when_its_subject_was_judged),
        TEST(texts_are_printable),
        TEST(a_hint_can_come_later),
        TEST(options_are_in_the_words_of_the_front_end),
        TEST(memory_is_always_told),
        TEST(the_rule_book_is_sound),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
