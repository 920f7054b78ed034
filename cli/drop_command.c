// SPDX-License-Identifier: Apache-2.0
//
// czmodel PATH...: what happens when somebody drops files or folders on the program. The results
// are written beside them.
#include <stdio.h>
#include <string.h>

#include "base/os.h"
#include "cli/commands.h"
#include "cli/terminal.h"

bool cli_can_drop(int count, char **paths) {
    for (int i = 0; i < count; i++)
        if (czm_path_look(paths[i]) == CZM_PATH_MISSING) return false;
    return count > 0;
}

// The name of the result: without the ending of a file, but a folder's "unet-1.1" is no ending.
static const char *stem(czm_arena *arena, const char *path) {
    static const char *const endings[] = {".json", ".zip", ".onnx"};
    const char *name = czm_path_base(path);
    size_t size = strlen(name), ending = 0;
    for (size_t i = 0; i < CZM_COUNT_OF(endings); i++)
        if (cli_has_suffix(name, endings[i])) ending = strlen(endings[i]);
    return czm_arena_format(arena, "%.*s", (int)(ending < size ? size - ending : size), name);
}

static int convert(czm_arena *arena, const char *spec, const char *name) {
    const char *folder = czm_path_folder(arena, spec);
    char *arguments[] = {"convert", (char *)spec, *folder ? (char *)folder : ".", (char *)name,
                         NULL};
    return cli_convert(4, arguments);
}

// A SavedModel without a specification gets one first, which its owner can then correct.
static int convert_saved_model(czm_arena *arena, const char *path) {
    const char *spec = czm_arena_format(arena, "%s.json", path);
    if (czm_path_look(spec) == CZM_PATH_MISSING) {
        char *arguments[] = {"new", (char *)path, (char *)spec, NULL};
        int status = cli_new(3, arguments);
        if (status != CZM_OK) return status;
    }
    return convert(arena, spec, stem(arena, path));
}

// At the end; those of a root, such as "C:/", belong to it.
static const char *without_separators(czm_arena *arena, const char *path) {
    const char *clean = czm_path_join(arena, "", path);
    while (*czm_path_base(clean) == '\0') {
        const char *folder = czm_path_folder(arena, clean);
        if (strlen(folder) == strlen(clean)) break;
        clean = folder;
    }
    return clean;
}

static int drop(const char *path) {
    czm_arena *arena = czm_arena_new(NULL);
    const char *clean = arena ? without_separators(arena, path) : NULL;
    if (!clean) {
        fprintf(stderr, "error: there is not enough memory\n");
        return CZM_ERROR_IO;
    }
    int status;
    if (cli_has_suffix(clean, ".json")) {
        status = convert(arena, clean, stem(arena, clean));
    } else if (cli_has_suffix(clean, ".czmodel") || cli_has_suffix(clean, ".czseg") ||
               cli_has_suffix(clean, ".czann")) {
        char *arguments[] = {"check", (char *)clean, NULL};
        status = cli_check(2, arguments);
    } else {
        status = convert_saved_model(arena, clean);
    }
    czm_arena_free(arena);
    return status;
}

int cli_drop(int count, char **paths) {
    int worst = CZM_OK;
    for (int i = 0; i < count; i++) {
        int status = drop(paths[i]);
        if (status > worst) worst = status;
    }
    return worst;
}
