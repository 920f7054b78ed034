// SPDX-License-Identifier: Apache-2.0
//
// system_posix.c for Windows.
#define WIN32_LEAN_AND_MEAN
#include <windows.h>

#include "cli/runtime/runtime.h"

bool cli_library_can_open(void) { return true; }

// Dependencies of the library are searched beside it and in the system's folder, never in the working folder.
void *cli_library_open(czm_arena *arena, const char *path, bool is_shared) {
    (void)is_shared;
    return LoadLibraryExW(czm_path_native(arena, path), NULL,
                          LOAD_LIBRARY_SEARCH_DLL_LOAD_DIR | LOAD_LIBRARY_SEARCH_SYSTEM32);
}

const char *cli_library_fault(czm_arena *arena) {
    return czm_arena_format(arena, "error %lu of Windows", (unsigned long)GetLastError());
}

bool cli_library_find(void *library, const char *name, void *function) {
    FARPROC address = GetProcAddress(library, name);
    memcpy(function, &address, sizeof address);
    return address != NULL;
}

// Names may differ in case, be short names, or lead through links: the number of the folder is the same.
static bool identify(czm_arena *arena, const char *folder, BY_HANDLE_FILE_INFORMATION *identity) {
    HANDLE handle = CreateFileW(czm_path_native(arena, folder), 0,
                                FILE_SHARE_READ | FILE_SHARE_WRITE | FILE_SHARE_DELETE, NULL,
                                OPEN_EXISTING, FILE_FLAG_BACKUP_SEMANTICS, NULL);
    if (handle == INVALID_HANDLE_VALUE) return false;
    bool is_known = GetFileInformationByHandle(handle, identity);
    CloseHandle(handle);
    return is_known;
}

bool cli_folder_is(czm_arena *arena, const char *folder, const char *other) {
    BY_HANDLE_FILE_INFORMATION a, b;
    return identify(arena, folder, &a) && identify(arena, other, &b) &&
           a.dwVolumeSerialNumber == b.dwVolumeSerialNumber &&
           a.nFileIndexHigh == b.nFileIndexHigh && a.nFileIndexLow == b.nFileIndexLow;
}

// No Python is run: in an environment, the program is in the folder Scripts, and the packages are in
// Lib/site-packages (or in site-packages for a user's own installation).
const char *cli_python_package(czm_arena *arena, const char *name) {
    static const char *const places[] = {"Lib/site-packages", "site-packages"};
    const char *folder = czm_program_folder(arena);
    for (size_t i = 0; folder && i < CZM_COUNT_OF(places); i++) {
        const char *package =
            czm_arena_format(arena, "%s/%s/%s", czm_path_folder(arena, folder), places[i], name);
        if (czm_path_look(package) == CZM_PATH_FOLDER) return package;
    }
    return NULL;
}

void cli_environment_default(const char *name, const char *value) {
    if (!GetEnvironmentVariableA(name, NULL, 0)) SetEnvironmentVariableA(name, value);
}

const char *cli_temporary_folder(czm_arena *arena) {
    wchar_t path[MAX_PATH + 2];
    char *narrow = czm_arena_array(arena, CZM_COUNT_OF(path), 3);
    if (!GetTempPathW(CZM_COUNT_OF(path), path)) return ".";
    WideCharToMultiByte(CP_UTF8, 0, path, -1, narrow, 3 * CZM_COUNT_OF(path), NULL, NULL);
    return czm_path_join(arena, "", narrow);
}

double cli_seconds(void) {
    LARGE_INTEGER count, frequency;
    QueryPerformanceCounter(&count);
    QueryPerformanceFrequency(&frequency);
    return (double)count.QuadPart / (double)frequency.QuadPart;
}

// Windows reports the peak of the whole life of a process, not of one call.
uint64_t cli_memory_now(void) { return 0; }

uint64_t cli_memory_most(void) { return 0; }

void cli_memory_begin(void) {}
