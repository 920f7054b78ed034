// SPDX-License-Identifier: Apache-2.0
//
// What verify needs of the operating system beside base/os.h: shared libraries, the clock, memory.
#define _XOPEN_SOURCE 700
#include <dlfcn.h>
#include <stdio.h>
#include <stdlib.h>
#include <time.h>

#include "cli/runtime/runtime.h"

void *cli_library_open(const char *path, bool is_shared) {
    return dlopen(path, RTLD_LAZY | (is_shared ? RTLD_GLOBAL : RTLD_LOCAL));
}

const char *cli_library_fault(void) {
    const char *fault = dlerror();
    return fault ? fault : "";
}

// C has no conversion from an object's address to a function's, POSIX says that they are alike.
bool cli_library_find(void *library, const char *name, void *function) {
    void *address = dlsym(library, name);
    memcpy(function, &address, sizeof address);
    return address != NULL;
}

const char *cli_python_package(czm_arena *arena, const char *name) {
    enum { LONGEST = 4096 };
    const char *command =
        czm_arena_format(arena,
                         "python3 -c 'import importlib.util as u\ns = u.find_spec(\"%s\")\n"
                         "print(s.submodule_search_locations[0] if s else \"\")' 2>/dev/null",
                         name);
    char *line = czm_arena_alloc(arena, LONGEST);
    FILE *output = popen(command, "r");
    if (!output) return NULL;
    bool is_read = fgets(line, LONGEST, output) != NULL;
    bool has_ended_well = pclose(output) == 0;
    line[strcspn(line, "\n")] = '\0';
    return is_read && has_ended_well && *line ? line : NULL;
}

void cli_environment_default(const char *name, const char *value) { setenv(name, value, 0); }

double cli_seconds(void) {
    struct timespec now;
    clock_gettime(CLOCK_MONOTONIC, &now);
    return (double)now.tv_sec + (double)now.tv_nsec * 1e-9;
}

// ---- memory, as Linux tells it: proc(5)

static uint64_t memory_of(const char *key) {
    enum { LONGEST = 256 };
    char line[LONGEST];
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
    fputs("5", references); // the peak becomes what there is now
    fclose(references);
}
