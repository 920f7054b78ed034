// SPDX-License-Identifier: Apache-2.0
//
// Shared by the unit tests: a fresh context for each test, and short forms of expectations.
#ifndef CZM_TESTS_SUPPORT_H
#define CZM_TESTS_SUPPORT_H

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>

#include <cmocka.h>

#include "base/os.h"
#include "codec/wire.h"
#include "report/report.h"

// A test gets its context by `czm_context *c = *state;`.
static inline int make_context(void **state) {
    static czm_context context;
    context = (czm_context){czm_arena_new(NULL), czm_report_new()};
    *state = &context;
    return context.arena && context.report ? 0 : -1;
}

static inline int free_context(void **state) {
    czm_context *context = *state;
    czm_arena_free(context->arena);
    czm_report_free(context->report);
    return 0;
}

#define TEST(function) cmocka_unit_test_setup_teardown(function, make_context, free_context)

static inline void assert_bytes(czm_bytes actual, const void *expected, size_t size) {
    assert_int_equal(actual.size, size);
    if (size) assert_memory_equal(actual.data, expected, size);
}

#define assert_literal(actual, literal) assert_bytes((actual), (literal), sizeof(literal) - 1)

static inline void assert_text(czm_bytes actual, const char *expected) {
    assert_bytes(actual, expected, strlen(expected));
}

// The rule of finding `index`; "" if there is none.
static inline const char *rule_at(const czm_context *c, size_t index) {
    const czm_finding *finding = czm_report_at(c->report, index);
    return finding ? finding->rule : "";
}

static inline void assert_only_rule(const czm_context *c, const char *rule) {
    assert_int_equal(czm_report_count(c->report), 1);
    assert_string_equal(rule_at(c, 0), rule);
}

// Writes a file below the working directory, which belongs to the test.
static inline void write_file(czm_context *c, const char *path, czm_bytes content) {
    const char *folder = czm_path_folder(c->arena, path);
    assert_true(*folder == '\0' || czm_folder_create(c->arena, folder));
    FILE *file = fopen(path, "wb");
    assert_non_null(file);
    assert_int_equal(fwrite(content.data ? content.data : (const uint8_t *)"", 1, content.size,
                            file),
                     content.size);
    assert_int_equal(fclose(file), 0);
}

#endif
