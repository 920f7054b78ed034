// SPDX-License-Identifier: Apache-2.0
//
// The input is an archive, of a SavedModel or a CZModel. It is checked, and unpacked: nothing but
// the folder that was asked for may appear, and nothing at all after a fault.
#include "czm.h"
#include "fuzz.h"

static const char *file, *folder;

static void check(czm_report *report) {
    czm_options options = CZM_OPTIONS_INIT;
    czm_verdict verdict = CZM_VERDICT_INIT;
    options.source_path = file;
    if (czm_check(&options, &verdict, report) != CZM_OK) FUZZ_EXPECT(czm_report_count(report) > 0);
}

static void unpack(czm_arena *arena, czm_report *report) {
    czm_new_folder *place = czm_folder_create_beside(arena, folder);
    FUZZ_EXPECT(place);
    const char *target = czm_path_join(arena, place->path, "target");
    czm_status status = czm_unpack(file, target, NULL, NULL, report);
    FUZZ_EXPECT(czm_path_look(target) == (status ? CZM_PATH_MISSING : CZM_PATH_FOLDER));
    FUZZ_EXPECT(status == CZM_OK || czm_folder_is_empty(arena, place->path));
}

static void expect_only_input(void) {
    czm_arena *arena = czm_arena_new(NULL);
    czm_path_list files;
    FUZZ_EXPECT(czm_folder_list(arena, folder, &files));
    FUZZ_EXPECT(files.count == 1);
    czm_arena_free(arena);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size) {
    if (!file) {
        file = fuzz_path("work/model.czmodel");
        folder = fuzz_path("work");
    }
    fuzz_write(file, czm_bytes_of(data, size));
    czm_arena *arena = czm_arena_new(NULL);
    czm_report *report = czm_report_new();
    check(report);
    unpack(arena, report);
    czm_report_free(report);
    czm_arena_free(arena);
    expect_only_input();
    return 0;
}
