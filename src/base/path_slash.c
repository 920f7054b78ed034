// SPDX-License-Identifier: Apache-2.0
//
// Path arithmetic where '/' alone separates components: on POSIX systems and in WebAssembly; see os.h.
#include "base/os.h"

bool czm_path_is_absolute(const char *path) { return path[0] == '/'; }

const char *czm_path_join(czm_arena *arena, const char *folder, const char *path) {
    if (*folder == '\0' || czm_path_is_absolute(path)) return czm_arena_format(arena, "%s", path);
    const char *between = folder[strlen(folder) - 1] == '/' ? "" : "/";
    return czm_arena_format(arena, "%s%s%s", folder, between, path);
}

const char *czm_path_folder(czm_arena *arena, const char *path) {
    const char *last = strrchr(path, '/');
    if (!last) return "";
    return czm_arena_format(arena, "%.*s", (int)(last == path ? 1 : last - path), path);
}

const char *czm_path_base(const char *path) {
    const char *last = strrchr(path, '/');
    return last ? last + 1 : path;
}

const void *czm_path_native(czm_arena *arena, const char *path) {
    (void)arena;
    return path;
}
