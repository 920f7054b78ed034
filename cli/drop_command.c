// SPDX-License-Identifier: Apache-2.0
//
// czmodel PATH: what happens when somebody drops a file or folder on the program. The result is
// written beside it.
#include <stdio.h>
#include <string.h>

#include "base/os.h"
#include "cli/commands.h"
#include "cli/terminal.h"

bool cli_can_drop(const char *path) { return czm_path_look(path) != CZM_PATH_MISSING; }

// The name of a file without its last ending: of the result.
static const char *stem(czm_arena *arena, const char *path) {
    const char *name = czm_path_base(path), *dot = strrchr(name, '.');
    return czm_arena_format(arena, "%.*s",
                            (int)(dot && dot != name ? (size_t)(dot - name) : strlen(name)), name);
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

int cli_drop(const char *path) {
    czm_arena *arena = czm_arena_new(NULL);
    char *clean = arena ? czm_arena_format(arena, "%s", czm_path_join(arena, "", path)) : NULL;
    if (!clean) {
        fprintf(stderr, "error: there is not enough memory\n");
        return CZM_ERROR_IO;
    }
    for (size_t size = strlen(clean); size > 1 && clean[size - 1] == '/';) clean[--size] = '\0';
    int status;
    if (cli_has_suffix(clean, ".json")) {
        status = convert(arena, clean, stem(arena, clean));
    } else if (cli_has_suffix(clean, ".czmodel") || cli_has_suffix(clean, ".czseg") ||
               cli_has_suffix(clean, ".czann")) {
        char *arguments[] = {"check", clean, NULL};
        status = cli_check(2, arguments);
    } else {
        status = convert_saved_model(arena, clean);
    }
    czm_arena_free(arena);
    return status;
}
