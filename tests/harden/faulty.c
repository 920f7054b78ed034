// SPDX-License-Identifier: Apache-2.0
//
// A library to be preloaded, which lets one call of the C library fail as on a bad day:
//
//     FAULT="pread 3 EIO"    the third pread fails;  "pread 3+ EIO": and all later ones
//     FAULT_COUNTS=FILE      at the end, how often each was called is written to FILE
//
// Besides the names of errors there are SHORT (less is read or written than was asked for), END
// (the file ends there, as if it had shrunk) and CHANGED (a bit of what was read is another one).
#define _GNU_SOURCE
#include <dirent.h>
#include <dlfcn.h>
#include <errno.h>
#include <fcntl.h>
#include <stdarg.h>
#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

typedef enum effect { WORK, FAIL, SHORT, END, CHANGED } effect;

enum {
    CALL_open,
    CALL_stat,
    CALL_fstat,
    CALL_read,
    CALL_pread,
    CALL_pwrite,
    CALL_close,
    CALL_rename,
    CALL_mkdir,
    CALL_mkstemp,
    CALL_opendir,
    CALL_readdir,
    CALL_realpath,
    CALL_malloc,
    CALL_calloc,
    CALL_realloc,
    CALL_COUNT
};

// The names that FAULT has for them.
static const char *const call_names[CALL_COUNT] = {"open",     "stat",    "fstat",   "read",
                                                   "pread",    "pwrite",  "close",   "rename",
                                                   "mkdir",    "mkstemp", "opendir", "readdir",
                                                   "realpath", "malloc",  "calloc",  "realloc"};

static const struct {
    const char *name;
    effect effect;
    int error;
} effects[] = {{"SHORT", SHORT, 0},      {"END", END, 0},          {"CHANGED", CHANGED, 0},
               {"EIO", FAIL, EIO},       {"ENOSPC", FAIL, ENOSPC}, {"EINTR", FAIL, EINTR},
               {"EACCES", FAIL, EACCES}, {"EROFS", FAIL, EROFS},   {"ENOMEM", FAIL, ENOMEM},
               {"EMFILE", FAIL, EMFILE}, {"EDQUOT", FAIL, EDQUOT}};

static struct {
    bool is_on; // from main() on, until exit() begins
    size_t call, number;
    bool goes_on;
    effect effect;
    int error;
} fault = {.call = CALL_COUNT};

static size_t counts[CALL_COUNT];

static void look_up(const char *call, const char *effect_name) {
    for (size_t i = 0; i < CALL_COUNT; i++)
        if (strcmp(call, call_names[i]) == 0) fault.call = i;
    for (size_t i = 0; i < sizeof effects / sizeof *effects; i++)
        if (strcmp(effect_name, effects[i].name) == 0) {
            fault.effect = effects[i].effect;
            fault.error = effects[i].error;
        }
    if (fault.call == CALL_COUNT || fault.effect == WORK) abort();
}

// "pread 3+ EIO"
static void parse(char *text) {
    char *number = strchr(text, ' '), *end;
    if (!number) abort();
    *number++ = '\0';
    fault.number = strtoul(number, &end, 10);
    fault.goes_on = *end == '+';
    if (fault.goes_on) end++;
    if (*end != ' ') abort();
    look_up(text, end + 1);
}

__attribute__((constructor)) static void begin(void) {
    static char text[64];
    const char *wanted = getenv("FAULT");
    if (wanted && strlen(wanted) < sizeof text) parse(memcpy(text, wanted, strlen(wanted) + 1));
    fault.is_on = true;
}

__attribute__((destructor)) static void end(void) {
    fault.is_on = false;
    const char *path = getenv("FAULT_COUNTS");
    FILE *file = path ? fopen(path, "w") : NULL;
    if (!file) return;
    for (size_t i = 0; i < CALL_COUNT; i++) fprintf(file, "%s %zu\n", call_names[i], counts[i]);
    fclose(file);
}

static effect strike(size_t call) {
    if (!fault.is_on) return WORK;
    size_t number = ++counts[call];
    if (call != fault.call) return WORK;
    if (number != fault.number && !(fault.goes_on && number > fault.number)) return WORK;
    if (fault.effect == FAIL) errno = fault.error;
    return fault.effect;
}

// Finds the real function; not for the allocator, which this function itself needs.
#define REAL(type, name, ...)         \
    static type (*real)(__VA_ARGS__); \
    if (!real) *(void **)&real = dlsym(RTLD_NEXT, #name)

static ssize_t partly(ssize_t (*work)(int, void *, size_t, off64_t), effect e, int descriptor,
                      void *to, size_t size, off64_t offset) {
    if (e == FAIL) return -1;
    if (e == END) return 0;
    ssize_t done = work(descriptor, to, e == SHORT && size > 1 ? size / 2 : size, offset);
    if (e == CHANGED && done > 0) ((uint8_t *)to)[done / 2] ^= 0x10;
    return done;
}

ssize_t pread64(int descriptor, void *to, size_t size, off64_t offset) {
    REAL(ssize_t, pread64, int, void *, size_t, off64_t);
    return partly(real, strike(CALL_pread), descriptor, to, size, offset);
}

ssize_t pwrite64(int descriptor, const void *from, size_t size, off64_t offset) {
    REAL(ssize_t, pwrite64, int, void *, size_t, off64_t);
    effect e = strike(CALL_pwrite);
    return partly(real, e == CHANGED || e == END ? WORK : e, descriptor, (void *)from, size,
                  offset);
}

ssize_t read(int descriptor, void *to, size_t size) {
    REAL(ssize_t, read, int, void *, size_t);
    effect e = strike(CALL_read);
    return e == FAIL ? -1 : e == END ? 0 : real(descriptor, to, e == SHORT ? 1 : size);
}

int open64(const char *path, int flags, ...) {
    REAL(int, open64, const char *, int, ...);
    va_list more;
    va_start(more, flags);
    mode_t mode = flags & O_CREAT ? va_arg(more, mode_t) : 0;
    va_end(more);
    return strike(CALL_open) == FAIL ? -1 : real(path, flags, mode);
}

// On Linux the descriptor is closed, even if close() fails.
int close(int descriptor) {
    REAL(int, close, int);
    effect e = strike(CALL_close);
    int result = real(descriptor), error = fault.error;
    if (e != FAIL) return result;
    errno = error;
    return -1;
}

#define FAILING(type, name, call, failure, parameters, arguments, ...)   \
    type name parameters {                                               \
        REAL(type, name, __VA_ARGS__);                                   \
        return strike(CALL_##call) == FAIL ? (failure) : real arguments; \
    }

FAILING(int, stat64, stat, -1, (const char *path, struct stat64 *to), (path, to), const char *,
        struct stat64 *)
FAILING(int, fstat64, fstat, -1, (int descriptor, struct stat64 *to), (descriptor, to), int,
        struct stat64 *)
FAILING(int, rename, rename, -1, (const char *from, const char *to), (from, to), const char *,
        const char *)
FAILING(int, mkdir, mkdir, -1, (const char *path, mode_t mode), (path, mode), const char *, mode_t)
FAILING(int, mkstemp64, mkstemp, -1, (char *path), (path), char *)
FAILING(DIR *, opendir, opendir, NULL, (const char *path), (path), const char *)
FAILING(struct dirent64 *, readdir64, readdir, NULL, (DIR * folder), (folder), DIR *)
FAILING(char *, realpath, realpath, NULL, (const char *path, char *to), (path, to), const char *,
        char *)

// glibc's allocator under its other names.
extern void *__libc_malloc(size_t size);
extern void *__libc_calloc(size_t count, size_t size);
extern void *__libc_realloc(void *memory, size_t size);

void *malloc(size_t size) { return strike(CALL_malloc) == FAIL ? NULL : __libc_malloc(size); }

void *calloc(size_t count, size_t size) {
    return strike(CALL_calloc) == FAIL ? NULL : __libc_calloc(count, size);
}

void *realloc(void *memory, size_t size) {
    return strike(CALL_realloc) == FAIL ? NULL : __libc_realloc(memory, size);
}
