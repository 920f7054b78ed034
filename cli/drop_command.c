// SPDX-License-Identifier: Apache-2.0
//
// czmodel PATH...: processes files or folders that were dropped on the program. The results are written beside them.
#include <stdio.h>
#include <string.h>

#include "base/bytes.h"
#include "base/os.h"
#include "cli/commands.h"
#include "cli/model_options.h"
#include "cli/terminal.h"

// "archive.zip/folder" is a network too.
static int is_there(czm_arena *arena, void *path) {
    return czm_path_is_there(arena, path) ? CZM_OK : 1;
}

bool cli_can_drop(int count, char **paths) {
    for (int i = 0; i < count; i++)
        if (cli_with_arena(is_there, paths[i]) != CZM_OK) return false;
    return count > 0;
}

static int convert(czm_arena *arena, const char *spec, const char *name) {
    const char *folder = czm_path_folder(arena, spec);
    char *arguments[] = {"convert", (char *)spec, *folder ? (char *)folder : ".", (char *)name,
                         NULL};
    return cli_convert(4, arguments);
}

// Unpacked archives are often a folder in a folder: the only SavedModel one level further down, if `path` itself is
// none; else `path`.
static const char *find_saved_model(czm_arena *arena, const char *path) {
    static const char name[] = "/saved_model.pb";
    czm_path_list list = {0};
    const char *found = NULL;
    if (czm_path_look(path) != CZM_PATH_FOLDER || !czm_folder_list(arena, path, &list)) return path;
    for (size_t i = 0; i < list.count; i++) {
        const char *below = strchr(list.paths[i], '/');
        if (!below && strcmp(list.paths[i], name + 1) == 0) return path;
        if (!below || strcmp(below, name) != 0) continue;
        if (found) return path;
        found = czm_path_folder(arena, czm_path_join(arena, path, list.paths[i]));
    }
    return found ? found : path;
}

// First writes a specification for a SavedModel, which the user can correct later.
static int convert_saved_model(czm_arena *arena, const char *path) {
    const char *inside, *archive = czm_path_file_part(arena, path, &inside);
    const char *folder = czm_path_folder(arena, archive ? archive : path);
    const char *spec =
        czm_path_join(arena, folder, czm_arena_format(arena, "%s.json", czm_path_base(path)));
    if (czm_path_look(spec) == CZM_PATH_MISSING) {
        char *arguments[] = {"new", (char *)find_saved_model(arena, path), (char *)spec, NULL};
        int status = cli_new(3, arguments);
        if (status != CZM_OK) return status;
    }
    return convert(arena, spec, cli_name_of(arena, path));
}

static int drop(czm_arena *arena, void *path) {
    const char *clean = cli_without_separators(arena, path);
    if (czm_text_ends_but_case(clean, ".json"))
        return convert(arena, clean, cli_name_of(arena, clean));
    if (czm_text_ends_but_case(clean, ".czmodel") || czm_text_ends_but_case(clean, ".czseg") ||
        czm_text_ends_but_case(clean, ".czann")) {
        char *arguments[] = {"check", (char *)clean, NULL};
        return cli_check(2, arguments);
    }
    return convert_saved_model(arena, clean);
}

int cli_drop(int count, char **paths) {
    int worst = CZM_OK;
    for (int i = 0; i < count; i++) {
        int status = cli_with_arena(drop, paths[i]);
        if (status > worst) worst = status;
    }
    return worst;
}
