// SPDX-License-Identifier: Apache-2.0
//
// Runs a fuzzer on every file of some folders, and prints their number:
//
//     replay_graph corpus/graph ../fixtures/models
#include <stdio.h>

#include "fuzz.h"

static size_t replay_folder(czm_arena *arena, const char *folder) {
    czm_path_list files;
    FUZZ_EXPECT(czm_folder_list(arena, folder, &files));
    for (size_t i = 0; i < files.count; i++) {
        czm_file *file = czm_file_open(arena, czm_path_join(arena, folder, files.paths[i]));
        FUZZ_EXPECT(file);
        size_t size = (size_t)czm_file_size(file);
        uint8_t *bytes = czm_arena_alloc(arena, size);
        FUZZ_EXPECT(czm_file_read_at(file, 0, bytes, size));
        LLVMFuzzerTestOneInput(bytes, size);
    }
    return files.count;
}

int main(int count, char **arguments) {
    size_t inputs = 0;
    czm_arena *arena = czm_arena_new(NULL);
    FUZZ_EXPECT(arena);
    for (int i = 1; i < count; i++) inputs += replay_folder(arena, arguments[i]);
    czm_arena_free(arena);
    printf("%zu inputs\n", inputs);
    return inputs == 0;
}
