// SPDX-License-Identifier: Apache-2.0
//
// Functions on paths that are the same on every system.
#include "base/os.h"

bool czm_folder_is_empty(czm_arena *arena, const char *path) {
    czm_path_list names;
    return czm_folder_names(arena, path, &names) && names.count == 0;
}

const char *czm_path_file_part(czm_arena *arena, const char *path, const char **inside) {
    size_t size = strlen(path);
    for (const char *part = path; *part; part = czm_path_folder(arena, part)) {
        if (czm_path_look(part) == CZM_PATH_FILE && strlen(part) + 1 < size) {
            *inside = path + strlen(part) + 1;
            return part;
        }
        if (czm_path_look(part) == CZM_PATH_FOLDER) return NULL;
    }
    return NULL;
}

bool czm_path_is_there(czm_arena *arena, const char *path) {
    const char *inside;
    return czm_path_look(path) != CZM_PATH_MISSING || czm_path_file_part(arena, path, &inside);
}
