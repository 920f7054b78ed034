// SPDX-License-Identifier: Apache-2.0
//
// Files on POSIX systems; see os.h.
#define _XOPEN_SOURCE 700
#define _FILE_OFFSET_BITS 64

#include "base/os.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <ftw.h>
#include <signal.h>
#include <spawn.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/stat.h>
#include <time.h>
#include <unistd.h>

#ifdef __APPLE__
#include <mach-o/dyld.h>
#endif

#include "base/list.h"
#include "base/os_room.h"

struct czm_file {
    czm_arena *arena;
    int descriptor;
    uint64_t size;
    const char *temporary; // the path to remove unless published; NULL for files being read
    const char *final;
};

static _Thread_local char error_text[256], failure_text[256];

static bool failed(void) {
    int code = errno;
    if (strerror_r(code, error_text, sizeof error_text) != 0)
        snprintf(error_text, sizeof error_text, "error %d", code);
    if (code != ENOENT && code != ENOTDIR && code != EEXIST)
        memcpy(failure_text, error_text, sizeof error_text);
    return false;
}

static bool failed_with(const char *text) {
    snprintf(error_text, sizeof error_text, "%s", text);
    return false;
}

const char *czm_file_error(void) { return error_text; }

const char *czm_file_failure(void) { return failure_text; }

void czm_file_forget_failure(void) { failure_text[0] = '\0'; }

// false if it cannot be examined.
static bool look(const char *path, czm_path_kind *kind) {
    struct stat status;
    *kind = CZM_PATH_OTHER;
    if (stat(path, &status) != 0) {
        if (errno != ENOENT && errno != ENOTDIR) return failed();
        *kind = CZM_PATH_MISSING;
        failed();
    } else if (S_ISREG(status.st_mode)) {
        *kind = CZM_PATH_FILE;
    } else if (S_ISDIR(status.st_mode)) {
        *kind = CZM_PATH_FOLDER;
    }
    return true;
}

czm_path_kind czm_path_look(const char *path) {
    czm_path_kind kind;
    (void)look(path, &kind);
    return kind;
}

static void close_file(void *object) {
    czm_file *file = object;
    if (file->descriptor >= 0) close(file->descriptor);
    if (file->temporary) unlink(file->temporary);
}

// The record is on the arena before the descriptor exists, so no failure can leak it.
static czm_file *new_file(czm_arena *arena) {
    czm_file *file = CZM_NEW(arena, czm_file);
    file->arena = arena;
    file->descriptor = -1;
    czm_arena_defer(arena, close_file, file);
    return file;
}

czm_file *czm_file_open(czm_arena *arena, const char *path) {
    czm_file *file = new_file(arena);
    file->descriptor = open(path, O_RDONLY | O_CLOEXEC | O_NONBLOCK); // no waiting for a FIFO
    struct stat status;
    if (file->descriptor < 0 || fstat(file->descriptor, &status) != 0) {
        failed();
        return NULL;
    }
    if (!S_ISREG(status.st_mode)) {
        failed_with("not a regular file");
        return NULL;
    }
    file->size = (uint64_t)status.st_size;
    return file;
}

uint64_t czm_file_size(const czm_file *file) { return file->size; }

bool czm_file_read_at(czm_file *file, uint64_t offset, void *to, size_t size) {
    uint8_t *at = to;
    while (size > 0) {
        ssize_t got = pread(file->descriptor, at, size, (off_t)offset);
        if (got < 0 && errno == EINTR) continue;
        if (got < 0) return failed();
        if (got == 0) return failed_with("the file ends too early");
        at += got;
        offset += (uint64_t)got;
        size -= (size_t)got;
    }
    return true;
}

czm_file *czm_file_scratch(czm_arena *arena) {
    const char *folder = czm_environment("TMPDIR");
    czm_file *file = new_file(arena);
    char *path = czm_arena_format(arena, "%s/czm-XXXXXX", folder && *folder ? folder : "/tmp");
    file->descriptor = mkstemp(path);
    if (file->descriptor < 0) {
        failed();
        return NULL;
    }
    unlink(path);
    return file;
}

static const char *temporary_beside(czm_arena *arena, const char *path) {
    const char *last = strrchr(path, '/');
    size_t folder_size = last ? (size_t)(last - path) + 1 : 0;
    uint32_t random;
    czm_random_bytes(&random, sizeof random);
    return czm_arena_format(arena, "%.*s.czm-%08x.tmp", (int)folder_size, path, random);
}

// A rename would put a file in the place of a device or a FIFO.
static bool can_be_replaced(const char *path) {
    czm_path_kind kind;
    if (!look(path, &kind)) return false;
    if (kind == CZM_PATH_FOLDER) return failed_with("a folder has this name");
    return kind != CZM_PATH_OTHER || failed_with("it is not a regular file");
}

czm_file *czm_file_create_beside(czm_arena *arena, const char *path) {
    czm_file *file = new_file(arena);
    if (!can_be_replaced(path)) return NULL;
    for (int attempt = 0; attempt < 100; attempt++) {
        const char *temporary = temporary_beside(arena, path);
        file->descriptor = open(temporary, O_RDWR | O_CREAT | O_EXCL | O_CLOEXEC, 0666);
        if (file->descriptor >= 0) {
            file->temporary = temporary;
            file->final = path;
            return file;
        }
        if (errno != EEXIST) break;
    }
    failed();
    return NULL;
}

bool czm_file_reserve(czm_file *file, uint64_t size) {
    return czm_room_reserve(file->descriptor, size) || failed();
}

bool czm_file_write_at(czm_file *file, uint64_t offset, const void *from, size_t size) {
    const uint8_t *at = from;
    while (size > 0) {
        ssize_t put = pwrite(file->descriptor, at, size, (off_t)offset);
        if (put < 0 && errno == EINTR) continue;
        if (put < 0) return failed();
        at += put;
        offset += (uint64_t)put;
        size -= (size_t)put;
    }
    if (offset > file->size) file->size = offset;
    return true;
}

bool czm_file_publish(czm_file *file) {
    int descriptor = file->descriptor;
    file->descriptor = -1;
    if (close(descriptor) != 0) return failed(); // where network file systems report a full disk
    if (rename(file->temporary, file->final) != 0) return failed();
    file->temporary = NULL;
    return true;
}

bool czm_folder_create(czm_arena *arena, const char *path) {
    char *folder = czm_arena_format(arena, "%s", path);
    for (size_t i = 1, length = strlen(path); i <= length; i++) {
        if (path[i] != '/' && path[i] != '\0') continue;
        folder[i] = '\0';
        // Existing paths, and parents without permission, are examined below.
        if (mkdir(folder, 0777) != 0) failed();
        folder[i] = path[i];
    }
    struct stat status;
    if (stat(path, &status) == 0)
        return S_ISDIR(status.st_mode) || failed_with("a file has this name");
    return false; // with the error of mkdir
}

static int remove_entry(const char *path, const struct stat *status, int kind, struct FTW *walk) {
    (void)status, (void)kind, (void)walk;
    return remove(path);
}

static void remove_folder(void *object) {
    enum { MOST_OPEN_FOLDERS = 16 };
    const czm_new_folder *folder = object;
    if (folder->path) nftw(folder->path, remove_entry, MOST_OPEN_FOLDERS, FTW_DEPTH | FTW_PHYS);
}

// File systems without permissions reject this call; then nothing has to be kept.
static void set_mode(const czm_new_folder *folder, uint32_t mode) {
    if (chmod(folder->path, (mode_t)mode) != 0) errno = 0;
}

static void keep_private(czm_new_folder *folder) {
    struct stat status;
    folder->mode = stat(folder->path, &status) == 0 ? status.st_mode & 07777 : 0700;
    set_mode(folder, 0700);
}

czm_new_folder *czm_folder_create_beside(czm_arena *arena, const char *final) {
    czm_new_folder *folder = CZM_NEW(arena, czm_new_folder);
    folder->final = final;
    czm_arena_defer(arena, remove_folder, folder);
    for (int attempt = 0; attempt < 100; attempt++) {
        const char *temporary = temporary_beside(arena, final);
        if (mkdir(temporary, 0777) == 0) {
            folder->path = temporary;
            keep_private(folder);
            return folder;
        }
        if (errno != EEXIST) break;
    }
    failed();
    return NULL;
}

bool czm_folder_publish(czm_new_folder *folder) {
    set_mode(folder, folder->mode);
    if (rename(folder->path, folder->final) != 0) return failed();
    folder->path = NULL;
    return true;
}

// The identity of a folder on the path down, so that a link to a parent cannot loop.
typedef struct walk {
    const struct walk *parent;
    dev_t device;
    ino_t inode;
} walk;

typedef CZM_LIST(const char *) name_list;

static int compare_names(const void *a, const void *b) {
    return strcmp(*(const char *const *)a, *(const char *const *)b);
}

static void close_folder(void *object) { closedir(object); }

static bool read_names(czm_arena *arena, const char *path, name_list *names) {
    DIR *folder = opendir(path);
    if (!folder) return failed();
    czm_arena_defer(arena, close_folder, folder);
    errno = 0;
    for (struct dirent *entry; (entry = readdir(folder)); errno = 0)
        if (!czm_text_equal(entry->d_name, ".") && !czm_text_equal(entry->d_name, ".."))
            *CZM_APPEND(arena, names) = czm_arena_format(arena, "%s", entry->d_name);
    if (errno) return failed();
    if (names->count) qsort(names->items, names->count, sizeof *names->items, compare_names);
    return true;
}

bool czm_folder_names(czm_arena *arena, const char *path, czm_path_list *list) {
    name_list names = {0};
    if (!read_names(arena, path, &names)) return false;
    *list = (czm_path_list){names.items, names.count};
    return true;
}

static bool is_above(const walk *place, const struct stat *status) {
    for (; place; place = place->parent)
        if (place->device == status->st_dev && place->inode == status->st_ino) return true;
    return false;
}

static bool list_folder(czm_arena *arena, const char *root, const char *below, const walk *parent,
                        name_list *found) {
    const char *path = *below ? czm_path_join(arena, root, below) : root;
    struct stat status;
    if (stat(path, &status) != 0) return failed();
    if (is_above(parent, &status)) return true;
    walk here = {parent, status.st_dev, status.st_ino};
    name_list names = {0};
    if (!read_names(arena, path, &names)) return false;
    for (int folders = 0; folders <= 1; folders++) {
        for (size_t i = 0; i < names.count; i++) {
            const char *name = names.items[i];
            const char *relative = *below ? czm_path_join(arena, below, name) : name;
            czm_path_kind kind;
            if (!look(czm_path_join(arena, root, relative), &kind)) return false;
            if (!folders && kind == CZM_PATH_FILE) *CZM_APPEND(arena, found) = relative;
            if (folders && kind == CZM_PATH_FOLDER &&
                !list_folder(arena, root, relative, &here, found))
                return false;
        }
    }
    return true;
}

bool czm_folder_list(czm_arena *arena, const char *path, czm_path_list *list) {
    name_list found = {0};
    bool done = list_folder(arena, path, "", NULL, &found);
    *list = (czm_path_list){found.items, found.count};
    return done;
}

const char *czm_path_absolute(czm_arena *arena, const char *path) {
    char *absolute = realpath(path, NULL);
    if (!absolute) return NULL;
    czm_arena_defer(arena, free, absolute);
    return absolute;
}

static bool read_random(uint8_t *at, size_t size) {
    int descriptor = open("/dev/urandom", O_RDONLY | O_CLOEXEC);
    if (descriptor < 0) return false;
    while (size > 0) {
        ssize_t got = read(descriptor, at, size);
        if (got < 0 && errno == EINTR) continue;
        if (got <= 0) break;
        at += got;
        size -= (size_t)got;
    }
    close(descriptor);
    return size == 0;
}

// Without /dev/urandom, for example in a bare chroot, clocks give bytes that are not secret, but different in each
// process.
static void mix_clocks(uint8_t *to, size_t size) {
    static _Thread_local uint64_t state;
    struct timespec now;
    for (size_t i = 0; i < size; i++) {
        clock_gettime(CLOCK_REALTIME, &now);
        state ^= (uint64_t)now.tv_nsec << 32 ^ (uint64_t)now.tv_sec ^ (uint64_t)getpid() << 16;
        state = (state ^ state >> 31) * 0x9e3779b97f4a7c15u;
        to[i] = (uint8_t)(state >> 56);
    }
}

void czm_random_bytes(void *to, size_t size) {
    if (!read_random(to, size)) mix_clocks(to, size);
}

const char *czm_environment(const char *name) { return getenv(name); }

bool czm_program_has_own_window(void) { return false; }

enum { LONGEST = 4096 }; // of a path

#ifdef __APPLE__

static const char opener[] = "open"; // open(1)

static bool read_own_path(char path[LONGEST]) {
    uint32_t size = LONGEST;
    return _NSGetExecutablePath(path, &size) == 0;
}

#else

static const char opener[] = "xdg-open"; // of xdg-utils, which every desktop has

static bool read_own_path(char path[LONGEST]) {
    return realpath("/proc/self/exe", path) != NULL; // proc(5); LONGEST is PATH_MAX
}

#endif

const char *czm_program_folder(czm_arena *arena) {
    char *path = czm_arena_alloc(arena, LONGEST);
    return read_own_path(path) ? czm_path_folder(arena, path) : NULL;
}

extern char **environ; // POSIX, which declares it in no header

// A separate process group: a signal that stops this program in the terminal does not stop the browser.
bool czm_file_show(czm_arena *arena, const char *path) {
    char *const words[] = {czm_arena_format(arena, "%s", opener),
                           czm_arena_format(arena, "%s", path), NULL};
    posix_spawnattr_t attributes;
    pid_t process;
    posix_spawnattr_init(&attributes);
    posix_spawnattr_setflags(&attributes, POSIX_SPAWN_SETPGROUP);
    errno = posix_spawnp(&process, opener, NULL, &attributes, words, environ);
    posix_spawnattr_destroy(&attributes);
    if (errno == ENOENT) return failed_with("the program xdg-open is not installed");
    return errno == 0 || failed();
}

bool czm_stderr_is_terminal(void) { return isatty(STDERR_FILENO); }

static const int stopping_signals[] = {SIGINT, SIGTERM, SIGHUP};
static volatile sig_atomic_t caught;

static void note_signal(int number) { caught = number; }

void czm_signals_catch(void) {
    struct sigaction action = {.sa_handler = note_signal};
    sigemptyset(&action.sa_mask);
    for (size_t i = 0; i < CZM_COUNT_OF(stopping_signals); i++) {
        struct sigaction before;
        // A signal that was ignored (nohup) stays ignored.
        if (sigaction(stopping_signals[i], NULL, &before) == 0 && before.sa_handler != SIG_IGN)
            sigaction(stopping_signals[i], &action, NULL);
    }
    signal(SIGXFSZ, SIG_IGN); // a file larger than allowed is a failed write, not the end
}

int czm_signal_caught(void) { return caught; }

void czm_signal_die(int number) {
    signal(number, SIG_DFL);
    raise(number);
}

int czm_program_run(int argc, char **argv, int (*run)(int argc, char **argv)) {
    return run(argc, argv);
}
