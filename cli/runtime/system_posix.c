// SPDX-License-Identifier: Apache-2.0
//
// Functions of the operating system for running a network, in addition to base/os.h: shared libraries, the clock,
// memory, and the place of the program's Python.
#define _XOPEN_SOURCE 700
#include <dlfcn.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/stat.h>
#include <time.h>

#include "cli/runtime/runtime.h"

// In a static program, these functions of the C library always fail.
bool cli_library_can_open(void) { return dlopen(NULL, RTLD_LAZY) != NULL; }

void *cli_library_open(czm_arena *arena, const char *path, bool is_shared) {
    (void)arena;
    return dlopen(path, RTLD_LAZY | (is_shared ? RTLD_GLOBAL : RTLD_LOCAL));
}

const char *cli_library_fault(czm_arena *arena) {
    (void)arena;
    const char *fault = dlerror();
    return fault ? fault : "";
}

// C has no conversion from an object's address to a function's; POSIX requires that they have the same
// representation.
bool cli_library_find(void *library, const char *name, void *function) {
    void *address = dlsym(library, name);
    memcpy(function, &address, sizeof address);
    return address != NULL;
}

bool cli_folder_is(czm_arena *arena, const char *folder, const char *other) {
    (void)arena;
    struct stat a, b;
    return stat(folder, &a) == 0 && stat(other, &b) == 0 && a.st_dev == b.st_dev &&
           a.st_ino == b.st_ino;
}

enum { LONGEST = 4096 }; // of a path

// In single quotes, for the shell.
static const char *quoted(czm_arena *arena, const char *text) {
    char *quoted = czm_arena_alloc(arena, 4 * strlen(text) + 3), *to = quoted;
    *to++ = '\'';
    for (; *text; *to++ = *text++)
        if (*text == '\'')
            for (const char *from = "'\\'"; *from; from++) *to++ = *from;
    *to = '\'';
    return quoted;
}

// The Python of the environment that contains the program, if there is one.
static const char *find_python(czm_arena *arena) {
    const char *folder = czm_program_folder(arena);
    const char *beside = folder ? czm_path_join(arena, folder, "python3") : "";
    return czm_path_look(beside) == CZM_PATH_FILE ? quoted(arena, beside) : "python3";
}

// Python runs isolated and in another folder, since it would load modules from the working folder.
const char *cli_python_package(czm_arena *arena, const char *name) {
    const char *command = czm_arena_format(
        arena,
        "cd / && exec %s -I -c 'import importlib.util as u\ns = u.find_spec(\"%s\")\n"
        "print(s.submodule_search_locations[0] if s else \"\")' 2>/dev/null",
        find_python(arena), name);
    char *line = czm_arena_alloc(arena, LONGEST);
    FILE *output = popen(command, "r");
    if (!output) return NULL;
    bool is_read = fgets(line, LONGEST, output) != NULL;
    bool has_ended_well = pclose(output) == 0;
    line[strcspn(line, "\n")] = '\0';
    return is_read && has_ended_well && *line ? line : NULL;
}

void cli_environment_default(const char *name, const char *value) { setenv(name, value, 0); }

const char *cli_temporary_folder(czm_arena *arena) {
    (void)arena;
    const char *folder = czm_environment("TMPDIR");
    return folder ? folder : "/tmp";
}

double cli_seconds(void) {
    struct timespec now;
    clock_gettime(CLOCK_MONOTONIC, &now);
    return (double)now.tv_sec + (double)now.tv_nsec * 1e-9;
}

// ---- memory on Linux: proc(5)

static uint64_t memory_of(const char *key) {
    enum { LONGEST_LINE = 256 };
    char line[LONGEST_LINE];
    uint64_t kibibytes = 0;
    FILE *status = fopen("/proc/self/status", "r");
    if (!status) return 0;
    while (fgets(line, sizeof line, status))
        if (czm_text_begins(line, key)) kibibytes = strtoull(line + strlen(key), NULL, 10);
    fclose(status);
    return kibibytes * 1024;
}

uint64_t cli_memory_now(void) { return memory_of("VmRSS:"); }

uint64_t cli_memory_most(void) { return memory_of("VmHWM:"); }

void cli_memory_begin(void) {
    FILE *references = fopen("/proc/self/clear_refs", "w");
    if (!references) return;
    fputs("5", references); // resets the peak to the present size
    fclose(references);
}
