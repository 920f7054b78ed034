// SPDX-License-Identifier: Apache-2.0
//
// The only access to the operating system: files, folders, randomness, terminals, signals. Every other source file is
// plain C17. os_posix.c, os_windows.c and os_wasm.c implement this header for one system each, os_pipe.c for the
// first two. Paths are UTF-8 with '/' between components; on Windows '\\' separates too, and a path may be of any
// length, begin with a drive letter or name a share.
//
// Functions that fail return false (or NULL) and leave the reason for czm_file_error(), as text.
#ifndef CZM_BASE_OS_H
#define CZM_BASE_OS_H

#include "base/arena.h"

typedef struct czm_file czm_file;

typedef enum czm_path_kind {
    CZM_PATH_MISSING,
    CZM_PATH_FILE,
    CZM_PATH_FOLDER,
    CZM_PATH_OTHER, // exists, but is neither or cannot be examined
} czm_path_kind;

czm_path_kind czm_path_look(const char *path);

// The last failure of this thread as text, such as "No such file or directory".
const char *czm_file_error(void);

// The same, except for missing and already existing files; "" after czm_file_forget_failure(). After such a failure,
// a finding about a file may not be the file's fault.
const char *czm_file_failure(void);
void czm_file_forget_failure(void);

// Opens a file for reading; closed with the arena. NULL on failure.
czm_file *czm_file_open(czm_arena *arena, const char *path);

uint64_t czm_file_size(const czm_file *file);

// Reads exactly `size` bytes at `offset`; false if the file ends earlier or reading fails.
bool czm_file_read_at(czm_file *file, uint64_t offset, void *to, size_t size);

// A file without a name that vanishes when it is closed (with the arena).
czm_file *czm_file_scratch(czm_arena *arena);

// A file that appears only when it is complete: czm_file_create_beside() makes a temporary file in the folder of
// `path`, and czm_file_publish() renames it to `path`. If it is not published, it is removed with the arena.
czm_file *czm_file_create_beside(czm_arena *arena, const char *path);
// Reserves room for the `size` bytes that will be written, where the system can do that: writing
// then takes half as long, and a full disk is reported before any byte is written (false).
bool czm_file_reserve(czm_file *file, uint64_t size);
bool czm_file_write_at(czm_file *file, uint64_t offset, const void *from, size_t size);
bool czm_file_publish(czm_file *file);

// Asks for large pages where the system has them, which takes a fraction of the time for memory that will be used
// completely.
void czm_memory_use_large_pages(void *memory, size_t size);

// A second thread that receives a stream of blocks. Blocks that are put into a pipe are copied, and `end` gets them
// in the same order while the caller continues. `end` may use only `user`, and neither an arena nor a report. NULL if
// no thread can be made. The pipe is closed with the arena; `user` must live as long.
typedef struct czm_pipe czm_pipe;

czm_pipe *czm_pipe_open(czm_arena *arena, bool (*end)(void *user, czm_bytes block), void *user);

// false: `end` has returned false, and is not called any more.
bool czm_pipe_put(czm_pipe *pipe, czm_bytes block);
bool czm_pipe_drain(czm_pipe *pipe); // waits until `end` has received everything

// Makes a folder and its missing parents.
bool czm_folder_create(czm_arena *arena, const char *path);

// A folder that appears only when it is complete, like a file of czm_file_create_beside(): files are made below
// `path`, and czm_folder_publish() renames it to `final`; otherwise it is removed with the arena. An empty folder at
// `final` is replaced. Only the owner may open the new folder before it is published, if the file system has
// permissions.
typedef struct czm_new_folder {
    const char *path, *final;
    uint32_t mode; // the permissions that it gets, of POSIX
} czm_new_folder;

czm_new_folder *czm_folder_create_beside(czm_arena *arena, const char *final);
bool czm_folder_publish(czm_new_folder *folder);

// The paths of all regular files below a folder, relative, sorted: files of a folder before its
// subfolders, each in bytewise order. Symbolic links are followed, but no folder is entered twice.
typedef struct czm_path_list {
    const char **paths;
    size_t count;
} czm_path_list;

bool czm_folder_list(czm_arena *arena, const char *path, czm_path_list *list);

// The names of everything in a folder, not below it, sorted.
bool czm_folder_names(czm_arena *arena, const char *path, czm_path_list *names);

// false also when it cannot be read.
bool czm_folder_is_empty(czm_arena *arena, const char *path);

// Whether there is a file or folder, or a file inside which the path continues.
bool czm_path_is_there(czm_arena *arena, const char *path);

// The part of a path that is a file, for a path that continues inside it: "a.zip" of "a.zip/unet", with
// *inside "unet". NULL if there is no such file.
const char *czm_path_file_part(czm_arena *arena, const char *path, const char **inside);

// Path arithmetic, without access to the disk.
bool czm_path_is_absolute(const char *path);
const char *czm_path_join(czm_arena *arena, const char *folder, const char *path);
const char *czm_path_folder(czm_arena *arena, const char *path);   // "" when there is none
const char *czm_path_base(const char *path);                       // the last component
const char *czm_path_absolute(czm_arena *arena, const char *path); // NULL if there is no such path

// The path in the form that functions of the operating system and of other libraries require: text, or wchar_t on
// Windows.
const void *czm_path_native(czm_arena *arena, const char *path);

// Unpredictable bytes from the operating system; without a source of them, bytes that differ each time.
void czm_random_bytes(void *to, size_t size);

// A variable of the environment, or NULL.
const char *czm_environment(const char *name);

// For the command: calls `run` with arguments in UTF-8.
int czm_program_run(int argc, char **argv, int (*run)(int argc, char **argv));

// For the command: whether it has its own console window because it was started by a double click.
bool czm_program_has_own_window(void);

// For the command: the folder of the program, or NULL if it is not known.
const char *czm_program_folder(czm_arena *arena);

// For the command: opens a file in the user's default program for files of its kind, without waiting for that. That
// program gets the absolute path unchanged, without a shell.
bool czm_file_show(czm_arena *arena, const char *path);

// For the command: whether standard error is a terminal, and the signals that ask a
// program to stop. After czm_signals_catch() they no longer end the process; czm_signal_caught() is
// the number of the one that came, or 0, and czm_signal_die() ends the process as it would have.
bool czm_stderr_is_terminal(void);
void czm_signals_catch(void);
int czm_signal_caught(void);
void czm_signal_die(int number);

#endif
