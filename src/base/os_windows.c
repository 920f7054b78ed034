// SPDX-License-Identifier: Apache-2.0
//
// os.h for Windows. Text is UTF-8 in this program and UTF-16 in Windows; every path is passed in the form
// "\\?\C:\..." (a share: "\\?\UNC\server\share\..."), for which the limit of 260 characters does not hold. Source:
// Microsoft's "Naming Files, Paths, and Namespaces".
#include "base/os.h"

#define WIN32_LEAN_AND_MEAN
#include <windows.h>
//
#include <bcrypt.h>
#include <shellapi.h>
#include <stdio.h>
#include <stdlib.h>

#include "base/device_name.h"
#include "base/list.h"
#include "base/os_windows.h"

struct czm_file {
    HANDLE handle; // INVALID_HANDLE_VALUE: closed
    uint64_t size;
    const wchar_t *temporary; // the path to remove unless published; NULL for files being read
    const wchar_t *final;
};

// ---- faults

static _Thread_local char error_text[256], failure_text[256];

// The messages of other systems for these errors, if there are any.
static const struct {
    DWORD code;
    const char *text;
} faults[] = {
    {ERROR_FILE_NOT_FOUND, "No such file or directory"},
    {ERROR_PATH_NOT_FOUND, "No such file or directory"},
    {ERROR_ACCESS_DENIED, "Permission denied"},
    {ERROR_SHARING_VIOLATION, "another program has the file open"},
    {ERROR_LOCK_VIOLATION, "another program has the file open"},
    {ERROR_DISK_FULL, "No space left on device"},
    {ERROR_HANDLE_DISK_FULL, "No space left on device"},
    {ERROR_INVALID_NAME, "Windows does not allow this name"},
    {ERROR_DIRECTORY, "Not a directory"},
    {ERROR_ALREADY_EXISTS, "File exists"},
    {ERROR_FILE_EXISTS, "File exists"},
    {ERROR_DIR_NOT_EMPTY, "Directory not empty"},
    {ERROR_WRITE_PROTECT, "Read-only file system"},
    {ERROR_NOT_READY, "the drive is empty"},
    {ERROR_INVALID_DRIVE, "there is no such drive"},
    {ERROR_BAD_NETPATH, "this server or share cannot be reached"},
    {ERROR_BAD_NET_NAME, "this server or share cannot be reached"},
    {ERROR_BAD_DEV_TYPE, "this server or share cannot be reached"},
    {ERROR_NETNAME_DELETED, "this server or share cannot be reached"},
    {ERROR_NETWORK_UNREACHABLE, "this server or share cannot be reached"},
};

static bool failed_with(const char *text) {
    snprintf(error_text, sizeof error_text, "%s", text);
    return false;
}

static bool is_failure(DWORD code) {
    static const DWORD answers[] = {ERROR_FILE_NOT_FOUND, ERROR_PATH_NOT_FOUND, ERROR_INVALID_NAME,
                                    ERROR_DIRECTORY,      ERROR_ALREADY_EXISTS, ERROR_FILE_EXISTS};
    for (size_t i = 0; i < CZM_COUNT_OF(answers); i++)
        if (answers[i] == code) return false;
    return true;
}

static bool failed_as(DWORD code) {
    snprintf(error_text, sizeof error_text, "error %lu of Windows", (unsigned long)code);
    for (size_t i = 0; i < CZM_COUNT_OF(faults); i++)
        if (faults[i].code == code) failed_with(faults[i].text);
    if (is_failure(code)) memcpy(failure_text, error_text, sizeof error_text);
    return false;
}

static bool failed(void) { return failed_as(GetLastError()); }

const char *czm_file_error(void) { return error_text; }

const char *czm_file_failure(void) { return failure_text; }

void czm_file_forget_failure(void) { failure_text[0] = '\0'; }

// ---- text

static wchar_t *wide(czm_arena *arena, const char *text) {
    int size = MultiByteToWideChar(CP_UTF8, 0, text, -1, NULL, 0);
    wchar_t *result = czm_arena_array(arena, (size_t)size + 1, sizeof *result);
    MultiByteToWideChar(CP_UTF8, 0, text, -1, result, size);
    return result;
}

char *czm_narrow(czm_arena *arena, const wchar_t *text) {
    int size = WideCharToMultiByte(CP_UTF8, 0, text, -1, NULL, 0, NULL, NULL);
    char *result = czm_arena_array(arena, (size_t)size + 1, 1);
    WideCharToMultiByte(CP_UTF8, 0, text, -1, result, size, NULL, NULL);
    return result;
}

// ---- paths

static bool is_separator(char c) { return c == '/' || c == '\\'; }

static bool has_drive(const char *path) {
    return ((path[0] >= 'A' && path[0] <= 'Z') || (path[0] >= 'a' && path[0] <= 'z')) &&
           path[1] == ':';
}

bool czm_path_is_absolute(const char *path) { return is_separator(path[0]) || has_drive(path); }

// The part after the last separator; the colon of a drive also separates: "C:x" is in the current folder of C.
static const char *last_component(const char *path) {
    const char *component = path + (has_drive(path) ? 2 : 0);
    for (const char *at = component; *at; at++)
        if (is_separator(*at)) component = at + 1;
    return component;
}

static char *with_slashes(char *path) {
    for (char *at = path; *at; at++)
        if (*at == '\\') *at = '/';
    return path;
}

// A path that begins with a single separator is on the drive of the folder.
const char *czm_path_join(czm_arena *arena, const char *folder, const char *path) {
    bool is_rooted = is_separator(path[0]) && !is_separator(path[1]);
    if (is_rooted && has_drive(folder))
        return with_slashes(czm_arena_format(arena, "%.2s%s", folder, path));
    if (*folder == '\0' || czm_path_is_absolute(path))
        return with_slashes(czm_arena_format(arena, "%s", path));
    const char *between = *last_component(folder) == '\0' ? "" : "/";
    return with_slashes(czm_arena_format(arena, "%s%s%s", folder, between, path));
}

const char *czm_path_folder(czm_arena *arena, const char *path) {
    size_t size = (size_t)(last_component(path) - path);
    size_t root = has_drive(path) ? 2 + is_separator(path[2]) : is_separator(path[0]);
    return czm_arena_format(arena, "%.*s", (int)(size > root ? size - 1 : size), path);
}

const char *czm_path_base(const char *path) { return last_component(path); }

static wchar_t *full_path(czm_arena *arena, const char *path) {
    const wchar_t *text = wide(arena, path);
    DWORD size = GetFullPathNameW(text, 0, NULL, NULL);
    wchar_t *full = czm_arena_array(arena, (size_t)size + 1, sizeof *full);
    GetFullPathNameW(text, size + 1, full, NULL);
    return full;
}

static bool refuse_device(void) { return failed_with("Windows reserves this name for a device"); }

// Whether a file or folder of this name may be made. A colon would name a stream of the file before it.
static bool may_create(const char *path) {
    const char *name = last_component(path);
    if (czm_is_device_name(name)) return refuse_device();
    return !strchr(name, ':') || failed_as(ERROR_INVALID_NAME);
}

// The form of a path without a length limit. Devices ("\\.\NUL") are unchanged.
static const wchar_t *system_path(czm_arena *arena, const char *path) {
    wchar_t *full = full_path(arena, path);
    if (wcsncmp(full, L"\\\\.\\", 4) == 0 || wcsncmp(full, L"\\\\?\\", 4) == 0) return full;
    bool is_share = wcsncmp(full, L"\\\\", 2) == 0;
    const wchar_t *begin = is_share ? L"\\\\?\\UNC\\" : L"\\\\?\\";
    const wchar_t *rest = is_share ? full + 2 : full;
    wchar_t *result = czm_arena_array(arena, wcslen(begin) + wcslen(rest) + 1, sizeof *result);
    return wcscat(wcscpy(result, begin), rest);
}

const void *czm_path_native(czm_arena *arena, const char *path) { return system_path(arena, path); }

const char *czm_path_absolute(czm_arena *arena, const char *path) {
    if (GetFileAttributesW(system_path(arena, path)) == INVALID_FILE_ATTRIBUTES) {
        failed();
        return NULL;
    }
    return with_slashes(czm_narrow(arena, full_path(arena, path)));
}

static czm_path_kind look(const wchar_t *path) {
    if (wcsncmp(path, L"\\\\.\\", 4) == 0) {
        refuse_device();
        return CZM_PATH_OTHER;
    }
    DWORD attributes = GetFileAttributesW(path);
    if (attributes == INVALID_FILE_ATTRIBUTES) {
        DWORD code = GetLastError();
        failed_as(code);
        bool is_missing = code == ERROR_FILE_NOT_FOUND || code == ERROR_PATH_NOT_FOUND ||
                          code == ERROR_INVALID_NAME || code == ERROR_BAD_NETPATH ||
                          code == ERROR_BAD_NET_NAME;
        return is_missing ? CZM_PATH_MISSING : CZM_PATH_OTHER;
    }
    if (attributes & FILE_ATTRIBUTE_DEVICE) {
        refuse_device();
        return CZM_PATH_OTHER;
    }
    return attributes & FILE_ATTRIBUTE_DIRECTORY ? CZM_PATH_FOLDER : CZM_PATH_FILE;
}

// A temporary arena, since this function gets none.
czm_path_kind czm_path_look(const char *path) {
    czm_arena *arena = czm_arena_new(NULL);
    if (!arena) {
        failed_with("there is not enough memory");
        return CZM_PATH_OTHER;
    }
    czm_path_kind kind = look(system_path(arena, path));
    czm_arena_free(arena);
    return kind;
}

// ---- files

static void close_file(void *object) {
    czm_file *file = object;
    if (file->handle != INVALID_HANDLE_VALUE) CloseHandle(file->handle);
    if (file->temporary) DeleteFileW(file->temporary);
}

// The record is on the arena before the handle exists, so no failure can leak it.
static czm_file *new_file(czm_arena *arena) {
    czm_file *file = CZM_NEW(arena, czm_file);
    file->handle = INVALID_HANDLE_VALUE;
    czm_arena_defer(arena, close_file, file);
    return file;
}

czm_file *czm_file_open(czm_arena *arena, const char *path) {
    czm_file *file = new_file(arena);
    const wchar_t *name = system_path(arena, path);
    LARGE_INTEGER size;
    czm_path_kind kind = look(name);
    if (kind == CZM_PATH_OTHER) return NULL;
    if (kind == CZM_PATH_FOLDER) {
        failed_with("not a regular file");
        return NULL;
    }
    file->handle = CreateFileW(name, GENERIC_READ,
                               FILE_SHARE_READ | FILE_SHARE_WRITE | FILE_SHARE_DELETE, NULL,
                               OPEN_EXISTING, FILE_ATTRIBUTE_NORMAL, NULL);
    if (file->handle == INVALID_HANDLE_VALUE || !GetFileSizeEx(file->handle, &size)) {
        failed();
        return NULL;
    }
    if (GetFileType(file->handle) != FILE_TYPE_DISK) {
        failed_with("not a regular file");
        return NULL;
    }
    file->size = (uint64_t)size.QuadPart;
    return file;
}

uint64_t czm_file_size(const czm_file *file) { return file->size; }

enum { MOST_AT_ONCE = 1 << 30 }; // bytes; the system counts them in 32 bits

static OVERLAPPED position(uint64_t offset) {
    OVERLAPPED at = {0};
    at.Offset = (DWORD)offset;
    at.OffsetHigh = (DWORD)(offset >> 32);
    return at;
}

bool czm_file_read_at(czm_file *file, uint64_t offset, void *to, size_t size) {
    uint8_t *at = to;
    while (size > 0) {
        OVERLAPPED place = position(offset);
        DWORD got = 0, wanted = size < MOST_AT_ONCE ? (DWORD)size : MOST_AT_ONCE;
        bool is_read = ReadFile(file->handle, at, wanted, &got, &place);
        if (!is_read && GetLastError() != ERROR_HANDLE_EOF) return failed();
        if (got == 0) return failed_with("the file ends too early");
        at += got;
        offset += got;
        size -= got;
    }
    return true;
}

bool czm_file_reserve(czm_file *file, uint64_t size) {
    (void)file, (void)size;
    return true;
}

bool czm_file_write_at(czm_file *file, uint64_t offset, const void *from, size_t size) {
    const uint8_t *at = from;
    while (size > 0) {
        OVERLAPPED place = position(offset);
        DWORD put = 0, wanted = size < MOST_AT_ONCE ? (DWORD)size : MOST_AT_ONCE;
        if (!WriteFile(file->handle, at, wanted, &put, &place)) return failed();
        at += put;
        offset += put;
        size -= put;
    }
    if (offset > file->size) file->size = offset;
    return true;
}

static const wchar_t *temporary_in(czm_arena *arena, const char *folder) {
    uint32_t random;
    czm_random_bytes(&random, sizeof random);
    return system_path(arena, czm_path_join(arena, folder,
                                            czm_arena_format(arena, ".czm-%08x.tmp", random)));
}

// A new file of a random name; NULL on failure.
static czm_file *create_in(czm_arena *arena, const char *folder, DWORD flags) {
    czm_file *file = new_file(arena);
    for (int attempt = 0; attempt < 100; attempt++) {
        const wchar_t *temporary = temporary_in(arena, folder);
        if (!temporary) return NULL;
        file->handle = CreateFileW(temporary, GENERIC_READ | GENERIC_WRITE | DELETE, 0, NULL,
                                   CREATE_NEW, FILE_ATTRIBUTE_NORMAL | flags, NULL);
        if (file->handle != INVALID_HANDLE_VALUE) {
            if (!(flags & FILE_FLAG_DELETE_ON_CLOSE)) file->temporary = temporary;
            return file;
        }
        if (GetLastError() != ERROR_FILE_EXISTS) break;
    }
    failed();
    return NULL;
}

czm_file *czm_file_scratch(czm_arena *arena) {
    wchar_t folder[MAX_PATH + 2];
    if (!GetTempPathW(CZM_COUNT_OF(folder), folder)) {
        failed();
        return NULL;
    }
    return create_in(arena, czm_narrow(arena, folder), FILE_FLAG_DELETE_ON_CLOSE);
}

czm_file *czm_file_create_beside(czm_arena *arena, const char *path) {
    if (!may_create(path)) return NULL;
    czm_file *file = create_in(arena, czm_path_folder(arena, path), 0);
    if (file) file->final = system_path(arena, path);
    return file;
}

bool czm_file_publish(czm_file *file) {
    HANDLE handle = file->handle;
    file->handle = INVALID_HANDLE_VALUE;
    if (!CloseHandle(handle)) return failed();
    if (!MoveFileExW(file->temporary, file->final, MOVEFILE_REPLACE_EXISTING)) {
        // The earlier file of this name: "access denied" may mean that too.
        DWORD code = GetLastError();
        bool is_open = code == ERROR_SHARING_VIOLATION || code == ERROR_ACCESS_DENIED;
        return is_open && look(file->final) == CZM_PATH_FILE
                   ? failed_with("another program has the file open, or it is read-only")
                   : failed_as(code);
    }
    file->temporary = NULL;
    return true;
}

// ---- folders

bool czm_folder_create(czm_arena *arena, const char *path) {
    char *folder = czm_arena_format(arena, "%s", path);
    for (size_t i = 1, length = strlen(path); i <= length; i++) {
        if (!is_separator(path[i]) && path[i] != '\0') continue;
        folder[i] = '\0';
        if (czm_is_device_name(last_component(folder)) &&
            look(system_path(arena, folder)) != CZM_PATH_FOLDER)
            return refuse_device();
        // Existing paths, and parents without permission, are examined below.
        if (!CreateDirectoryW(system_path(arena, folder), NULL)) failed();
        folder[i] = path[i];
    }
    czm_path_kind kind = look(system_path(arena, path));
    if (kind == CZM_PATH_FILE) return failed_with("a file has this name");
    return kind == CZM_PATH_FOLDER;
}

typedef CZM_LIST(const char *) name_list;

static int compare_names(const void *a, const void *b) {
    return strcmp(*(const char *const *)a, *(const char *const *)b);
}

static bool read_names(czm_arena *arena, const char *path, name_list *names) {
    WIN32_FIND_DATAW entry;
    HANDLE search = FindFirstFileW(system_path(arena, czm_path_join(arena, path, "*")), &entry);
    if (search == INVALID_HANDLE_VALUE) return failed();
    do {
        const char *name = czm_narrow(arena, entry.cFileName);
        if (!czm_text_equal(name, ".") && !czm_text_equal(name, ".."))
            *CZM_APPEND(arena, names) = name;
    } while (FindNextFileW(search, &entry));
    DWORD code = GetLastError();
    FindClose(search);
    if (code != ERROR_NO_MORE_FILES) return failed_as(code);
    if (names->count) qsort(names->items, names->count, sizeof *names->items, compare_names);
    return true;
}

bool czm_folder_names(czm_arena *arena, const char *path, czm_path_list *list) {
    name_list names = {0};
    if (!read_names(arena, path, &names)) return false;
    *list = (czm_path_list){names.items, names.count};
    return true;
}

// The identity of a folder on the path down, so that a link to a parent cannot loop.
typedef struct walk {
    const struct walk *parent;
    DWORD volume;
    uint64_t index;
} walk;

static bool identify(czm_arena *arena, const char *path, walk *here) {
    BY_HANDLE_FILE_INFORMATION information = {0};
    HANDLE folder = CreateFileW(system_path(arena, path), 0,
                                FILE_SHARE_READ | FILE_SHARE_WRITE | FILE_SHARE_DELETE, NULL,
                                OPEN_EXISTING, FILE_FLAG_BACKUP_SEMANTICS, NULL);
    if (folder == INVALID_HANDLE_VALUE) return failed();
    bool is_known = GetFileInformationByHandle(folder, &information);
    if (!is_known) failed();
    CloseHandle(folder);
    here->volume = information.dwVolumeSerialNumber;
    here->index = (uint64_t)information.nFileIndexHigh << 32 | information.nFileIndexLow;
    return is_known;
}

static bool is_above(const walk *place, const walk *here) {
    for (; place; place = place->parent)
        if (place->volume == here->volume && place->index == here->index) return true;
    return false;
}

static bool list_folder(czm_arena *arena, const char *root, const char *below, const walk *parent,
                        name_list *found) {
    const char *path = *below ? czm_path_join(arena, root, below) : root;
    walk here = {.parent = parent};
    name_list names = {0};
    if (!identify(arena, path, &here)) return false;
    if (is_above(parent, &here)) return true;
    if (!read_names(arena, path, &names)) return false;
    for (int folders = 0; folders <= 1; folders++) {
        for (size_t i = 0; i < names.count; i++) {
            const char *name = names.items[i];
            const char *relative = *below ? czm_path_join(arena, below, name) : name;
            czm_path_kind kind = look(system_path(arena, czm_path_join(arena, root, relative)));
            if (kind == CZM_PATH_OTHER) return false;
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

// ---- new folders

// The folder contains only our own files: no links, few levels.
static void remove_tree(czm_arena *arena, const char *path) {
    name_list names = {0};
    read_names(arena, path, &names);
    for (size_t i = 0; i < names.count; i++) {
        const char *inner = czm_path_join(arena, path, names.items[i]);
        if (look(system_path(arena, inner)) == CZM_PATH_FOLDER)
            remove_tree(arena, inner);
        else
            DeleteFileW(system_path(arena, inner));
    }
    RemoveDirectoryW(system_path(arena, path));
}

static void remove_folder(void *object) {
    const czm_new_folder *folder = object;
    czm_arena *arena = folder->path ? czm_arena_new(NULL) : NULL;
    if (!arena) return;
    remove_tree(arena, folder->path);
    czm_arena_free(arena);
}

czm_new_folder *czm_folder_create_beside(czm_arena *arena, const char *final) {
    czm_new_folder *folder = CZM_NEW(arena, czm_new_folder);
    folder->final = final;
    czm_arena_defer(arena, remove_folder, folder);
    if (!may_create(final)) return NULL;
    for (int attempt = 0; attempt < 100; attempt++) {
        uint32_t random;
        czm_random_bytes(&random, sizeof random);
        const char *path = czm_path_join(arena, czm_path_folder(arena, final),
                                         czm_arena_format(arena, ".czm-%08x.tmp", random));
        if (CreateDirectoryW(system_path(arena, path), NULL)) {
            folder->path = path;
            return folder;
        }
        if (GetLastError() != ERROR_ALREADY_EXISTS) break;
    }
    failed();
    return NULL;
}

// A folder does not replace another, not even an empty one.
bool czm_folder_publish(czm_new_folder *folder) {
    czm_arena *arena = czm_arena_new(NULL);
    if (!arena) return failed_with("there is not enough memory");
    const wchar_t *from = system_path(arena, folder->path), *to = system_path(arena, folder->final);
    bool is_free = look(to) != CZM_PATH_FOLDER || RemoveDirectoryW(to);
    bool is_moved = is_free && MoveFileExW(from, to, 0);
    if (!is_moved) failed();
    czm_arena_free(arena);
    if (is_moved) folder->path = NULL;
    return is_moved;
}

// ---- randomness, environment

void czm_memory_use_large_pages(void *memory, size_t size) { (void)memory, (void)size; }

void czm_random_bytes(void *to, size_t size) {
    FILETIME now;
    if (BCryptGenRandom(NULL, to, (ULONG)size, BCRYPT_USE_SYSTEM_PREFERRED_RNG) >= 0) return;
    GetSystemTimePreciseAsFileTime(&now); // no longer secret, but different each time
    for (size_t i = 0; i < size; i++) ((uint8_t *)to)[i] = ((uint8_t *)&now)[i % sizeof now];
}

const char *czm_environment(const char *name) { return getenv(name); }

// ---- the program

const char *czm_program_folder(czm_arena *arena) {
    enum { LONGEST = 32768 }; // characters of a path
    wchar_t *path = czm_arena_array(arena, LONGEST, sizeof *path);
    DWORD size = GetModuleFileNameW(NULL, path, LONGEST);
    if (size == 0 || size == LONGEST) return NULL;
    return with_slashes(
        czm_arena_format(arena, "%s", czm_path_folder(arena, czm_narrow(arena, path))));
}

// ShellExecute does not support the form without a length limit. It is not a command line.
bool czm_file_show(czm_arena *arena, const char *path) {
    INT_PTR result =
        (INT_PTR)ShellExecuteW(NULL, L"open", full_path(arena, path), NULL, NULL, SW_SHOWNORMAL);
    return result > 32 || failed_with("no program is set for files of this kind"); // as documented
}
