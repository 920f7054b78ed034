// SPDX-License-Identifier: Apache-2.0
//
// os.h for Windows: the program, its console, and Ctrl+C.
#include "base/os.h"

#define WIN32_LEAN_AND_MEAN
#include <windows.h>
//
#include <fcntl.h>
#include <io.h>
#include <shellapi.h>
#include <stdio.h>

#include "base/os_windows.h"

bool czm_stderr_is_terminal(void) {
    DWORD mode;
    return GetConsoleMode(GetStdHandle(STD_ERROR_HANDLE), &mode);
}

bool czm_program_has_own_window(void) {
    DWORD processes[2];
    return czm_stderr_is_terminal() && GetConsoleProcessList(processes, 2) == 1;
}

static UINT code_page; // of the console before; 0: there is none

// The console continues after the program, so its code page is restored.
static void restore_console(void) {
    if (code_page) SetConsoleOutputCP(code_page);
}

static volatile LONG caught;

// If the window is closed or the user logs off, the process ends as soon as this function returns. So it waits for
// the other thread, which removes unfinished files and exits.
static BOOL WINAPI note_event(DWORD event) {
    caught = 2; // SIGINT's number, as elsewhere
    if (event != CTRL_C_EVENT && event != CTRL_BREAK_EVENT) Sleep(INFINITE);
    return TRUE;
}

void czm_signals_catch(void) { SetConsoleCtrlHandler(note_event, TRUE); }

int czm_signal_caught(void) { return (int)caught; }

// The exit status of a program that Ctrl+C ended (STATUS_CONTROL_C_EXIT).
void czm_signal_die(int number) {
    (void)number;
    restore_console();
    ExitProcess(0xC000013A);
}

// ---- the program

// Sets LF line endings, UTF-8 and colours in a console.
static void prepare_output(void) {
    static const DWORD outputs[] = {STD_OUTPUT_HANDLE, STD_ERROR_HANDLE};
    _setmode(_fileno(stdout), _O_BINARY);
    _setmode(_fileno(stderr), _O_BINARY);
    code_page = GetConsoleOutputCP();
    SetConsoleOutputCP(CP_UTF8);
    for (size_t i = 0; i < CZM_COUNT_OF(outputs); i++) {
        DWORD mode;
        HANDLE output = GetStdHandle(outputs[i]);
        if (GetConsoleMode(output, &mode))
            SetConsoleMode(output, mode | ENABLE_VIRTUAL_TERMINAL_PROCESSING);
    }
}

// A console that belongs to this program alone would close before the user has read it.
static void keep_window(void) {
    SetConsoleCtrlHandler(note_event, FALSE); // nothing is unfinished any more
    if (!czm_program_has_own_window()) return;
    fprintf(stderr, "\npress Enter to close this window\n");
    (void)getchar();
}

int czm_program_run(int argc, char **argv, int (*run)(int argc, char **argv)) {
    (void)argv;
    czm_arena *arena = czm_arena_new(NULL);
    wchar_t **words = CommandLineToArgvW(GetCommandLineW(), &argc);
    if (!arena || !words) return 3; // as for a file that cannot be read
    char **arguments = czm_arena_array(arena, (size_t)argc + 1, sizeof *arguments);
    for (int i = 0; i < argc; i++) arguments[i] = czm_narrow(arena, words[i]);
    LocalFree(words);
    prepare_output();
    int status = run(argc, arguments);
    fflush(stdout);
    keep_window();
    restore_console();
    czm_arena_free(arena);
    return status;
}
