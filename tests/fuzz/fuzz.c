// SPDX-License-Identifier: Apache-2.0
//
// Files for the fuzzers; see fuzz.h.
#include "fuzz.h"

#include <stdio.h>
#include <stdlib.h>

static czm_arena *arena;

static void remove_folder(void) { czm_arena_free(arena); }

static const char *private_folder(void) {
    static const czm_new_folder *folder;
    if (folder) return folder->path;
    const char *parent = czm_environment("TMPDIR");
    arena = czm_arena_new(NULL);
    FUZZ_EXPECT(arena);
    folder =
        czm_folder_create_beside(arena, czm_path_join(arena, parent ? parent : "/tmp", "fuzz"));
    FUZZ_EXPECT(folder);
    FUZZ_EXPECT(atexit(remove_folder) == 0);
    return folder->path;
}

const char *fuzz_path(const char *name) {
    const char *folder = private_folder();
    const char *path = czm_path_join(arena, folder, name);
    FUZZ_EXPECT(czm_folder_create(arena, czm_path_folder(arena, path)));
    return path;
}

void fuzz_write(const char *path, czm_bytes content) {
    FILE *file = fopen(path, "wb");
    FUZZ_EXPECT(file);
    FUZZ_EXPECT(content.size == 0 || fwrite(content.data, content.size, 1, file) == 1);
    FUZZ_EXPECT(fclose(file) == 0);
}

void fuzz_copy(const char *from, const char *to) {
    czm_arena *local = czm_arena_new(NULL);
    czm_file *file = czm_file_open(local, from);
    FUZZ_EXPECT(file);
    size_t size = (size_t)czm_file_size(file);
    uint8_t *bytes = czm_arena_alloc(local, size);
    FUZZ_EXPECT(czm_file_read_at(file, 0, bytes, size));
    fuzz_write(to, czm_bytes_of(bytes, size));
    czm_arena_free(local);
}

void fuzz_fail(const char *file, int line, const char *condition) {
    fprintf(stderr, "%s:%d: it does not hold that %s\n", file, line, condition);
    abort();
}

czm_status fuzz_inspect(const char *path, czm_report *report, czm_inspection *inspection) {
    czm_options options = CZM_OPTIONS_INIT;
    options.source_path = path;
    *inspection = (czm_inspection)CZM_INSPECTION_INIT;
    czm_status status = czm_inspect(&options, inspection, report);
    if (status == CZM_OK) FUZZ_EXPECT(czm_inspection_json(inspection, report));
    return status;
}

static bool finds_damage(const czm_report *report) {
    static const char *const rules[] = {"container-damaged", "container-member", "container-id",
                                        "metadata-damaged",  "model-damaged",    "weights-damaged",
                                        "file-missing",      "file-unreadable"};
    for (size_t i = 0; i < czm_report_count(report); i++)
        for (size_t k = 0; k < CZM_COUNT_OF(rules); k++)
            if (czm_text_equal(czm_report_at(report, i)->rule, rules[k])) return true;
    return false;
}

void fuzz_expect_sound(const char *container) {
    czm_report *report = czm_report_new();
    czm_options options = CZM_OPTIONS_INIT;
    czm_verdict verdict = CZM_VERDICT_INIT;
    options.source_path = container;
    (void)czm_check(&options, &verdict, report); // of what was allowed, the conversion has warned
    if (finds_damage(report)) fuzz_fail(container, 0, czm_check_json(&verdict, report));
    czm_report_free(report);
}
