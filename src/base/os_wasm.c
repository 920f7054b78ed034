// SPDX-License-Identifier: Apache-2.0
//
// os.h in WebAssembly: the host provides files and folders. The host is the program that loads the module
// (page/src/host.ts). The host keeps a tree of files in memory and of files that it reads in blocks. Calls block, as
// everywhere else. There is one thread. Functions that only the commands need are missing.
#include "base/os.h"

#include <string.h>

#include "base/list.h"

// The functions of the host. Paths end with NUL. Offsets and sizes are doubles: exact up to 2^53, which is more than
// any file has, and the type of JavaScript's numbers.
#define HOST(name) __attribute__((import_module("host"), import_name(name)))
HOST("look") int32_t host_look(const char *path); // a czm_path_kind
HOST("open") int32_t host_open(const char *path); // a handle; -1: failed
HOST("create") int32_t host_create(void);         // a new file without a name; likewise
HOST("size") double host_size(int32_t handle);
// 1: done; 0: the file ends before; -1: it cannot be read.
HOST("read") int32_t host_read(int32_t handle, double offset, void *to, size_t size);
HOST("write") bool host_write(int32_t handle, double offset, const void *from, size_t size);
HOST("publish") bool host_publish(int32_t handle, const char *path); // names a file
HOST("close") void host_close(int32_t handle);                       // -1: nothing happens
HOST("make_folder") bool host_make_folder(const char *path);         // and its parents
HOST("move") bool host_move(const char *from, const char *to);
HOST("remove") void host_remove(const char *path); // with all that is below
// The names in a folder, or the paths of all files below it, in the order of os.h, each with its NUL. Copies them if
// `size` is enough, and returns the required size; -1: failed.
HOST("list") int32_t host_list(const char *path, bool is_deep, char *to, size_t size);
HOST("error") void host_error(char *to, size_t size); // the last failure, with its NUL
HOST("random") int32_t host_random(void *to, size_t size);

// The exception tag of setjmp; compilers expect the runtime to define it.
__asm__(".globl __c_longjmp\n.tagtype __c_longjmp i32\n__c_longjmp:\n");

struct czm_file {
    int32_t handle;
    const char *final;
};

static char error_text[256], failure_text[256];

const char *czm_file_error(void) {
    host_error(error_text, sizeof error_text);
    return error_text;
}

const char *czm_file_failure(void) { return failure_text; }

void czm_file_forget_failure(void) { failure_text[0] = '\0'; }

czm_path_kind czm_path_look(const char *path) { return (czm_path_kind)host_look(path); }

static void close_file(void *object) { host_close(((czm_file *)object)->handle); }

// The record is on the arena before the handle exists, so no failure can leak it.
static czm_file *new_file(czm_arena *arena, const char *final) {
    czm_file *file = CZM_NEW(arena, czm_file);
    *file = (czm_file){-1, final};
    czm_arena_defer(arena, close_file, file);
    return file;
}

static czm_file *opened(czm_file *file, int32_t handle) {
    file->handle = handle;
    return handle < 0 ? NULL : file;
}

czm_file *czm_file_open(czm_arena *arena, const char *path) {
    return opened(new_file(arena, NULL), host_open(path));
}

uint64_t czm_file_size(const czm_file *file) { return (uint64_t)host_size(file->handle); }

bool czm_file_read_at(czm_file *file, uint64_t offset, void *to, size_t size) {
    int32_t result = host_read(file->handle, (double)offset, to, size);
    if (result < 0) host_error(failure_text, sizeof failure_text);
    return result > 0;
}

czm_file *czm_file_scratch(czm_arena *arena) {
    return opened(new_file(arena, NULL), host_create());
}

czm_file *czm_file_create_beside(czm_arena *arena, const char *path) {
    return opened(new_file(arena, path), host_create());
}

bool czm_file_reserve(czm_file *file, uint64_t size) {
    (void)file, (void)size;
    return true;
}

bool czm_file_write_at(czm_file *file, uint64_t offset, const void *from, size_t size) {
    return host_write(file->handle, (double)offset, from, size);
}

bool czm_file_publish(czm_file *file) { return host_publish(file->handle, file->final); }

// ---- no second thread: callers do its work themselves

czm_pipe *czm_pipe_open(czm_arena *arena, bool (*end)(void *user, czm_bytes block), void *user) {
    (void)arena, (void)end, (void)user;
    return NULL;
}

bool czm_pipe_put(czm_pipe *pipe, czm_bytes block) {
    (void)pipe, (void)block;
    return false;
}

bool czm_pipe_drain(czm_pipe *pipe) {
    (void)pipe;
    return false;
}

// ---- folders

bool czm_folder_create(czm_arena *arena, const char *path) {
    (void)arena;
    return host_make_folder(path);
}

static void remove_folder(void *object) {
    const czm_new_folder *folder = object;
    if (folder->path) host_remove(folder->path);
}

czm_new_folder *czm_folder_create_beside(czm_arena *arena, const char *final) {
    czm_new_folder *folder = CZM_NEW(arena, czm_new_folder);
    uint32_t random;
    czm_random_bytes(&random, sizeof random);
    const char *temporary = czm_arena_format(arena, "%s.czm-%08x.tmp", final, random);
    if (!host_make_folder(temporary)) return NULL;
    *folder = (czm_new_folder){.path = temporary, .final = final};
    czm_arena_defer(arena, remove_folder, folder);
    return folder;
}

bool czm_folder_publish(czm_new_folder *folder) {
    if (!host_move(folder->path, folder->final)) return false;
    folder->path = NULL;
    return true;
}

static bool list(czm_arena *arena, const char *path, bool is_deep, czm_path_list *list) {
    int32_t size = host_list(path, is_deep, NULL, 0);
    if (size < 0) return false;
    char *text = czm_arena_alloc(arena, (size_t)size);
    host_list(path, is_deep, text, (size_t)size);
    CZM_LIST(const char *) names = {0};
    for (const char *name = text; name < text + size; name += strlen(name) + 1)
        *CZM_APPEND(arena, &names) = name;
    *list = (czm_path_list){names.items, names.count};
    return true;
}

bool czm_folder_list(czm_arena *arena, const char *path, czm_path_list *paths) {
    return list(arena, path, true, paths);
}

bool czm_folder_names(czm_arena *arena, const char *path, czm_path_list *names) {
    return list(arena, path, false, names);
}

// ---- the rest

const char *czm_path_absolute(czm_arena *arena, const char *path) {
    if (czm_path_look(path) == CZM_PATH_MISSING) return NULL;
    return czm_path_is_absolute(path) ? path : czm_arena_format(arena, "/%s", path);
}

void czm_memory_use_large_pages(void *memory, size_t size) { (void)memory, (void)size; }

void czm_random_bytes(void *to, size_t size) { host_random(to, size); }

const char *czm_environment(const char *name) {
    (void)name;
    return NULL;
}
