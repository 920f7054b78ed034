// SPDX-License-Identifier: Apache-2.0
//
// The output of the commands: findings and progress on standard error, in colour only on a terminal without NO_COLOR
// (https://no-color.org).
#ifndef CZM_CLI_TERMINAL_H
#define CZM_CLI_TERMINAL_H

#include <stdio.h>

#include "base/os.h"
#include "czm.h"

// Prints as fprintf does, but texts (%s and %c) are made printable: text from a model, a file name or an argument
// stays text on its line. All output of the commands about models uses this function. Known: %% %c %d %u %zu %llu
// %lld %e %f %g %s, with "-", width and precision. Gives the number of bytes printed.
CZM_PRINTF(2, 3) int cli_print(FILE *to, const char *format, ...);

// Reports that there is not enough memory, and returns the exit status for it.
int cli_no_memory(void);

// Returns the result of `task`; reports a lack of memory.
int cli_with_arena(int (*task)(czm_arena *arena, void *data), void *data);

// A new report, whose findings write options as flags; without memory it reports this and returns NULL.
czm_report *cli_report_new(void);

// Writes a complete text file or none, or prints JSON; false after a fault, which has been reported. A NULL text
// means that memory ran out.
bool cli_write_file(const char *path, const char *text);
bool cli_put_json(const char *json);

// Prints the findings at and above `least`.
void cli_print_findings(const czm_report *report, czm_severity least);

// A progress callback: shows a bar for more than 100 MB if `user` (a bool) is true; false after a signal.
bool cli_progress(void *user, uint64_t done, uint64_t total);

// Removes the bar.
void cli_progress_end(void);

// "1.2 MB"
const char *cli_size_text(char buffer[32], uint64_t size);

// The version, and the linked libraries.
void cli_print_version(void);

// Whether all output was written; if not, reports this on standard error.
bool cli_flush(void);

// The exit status for a result; ends the process if a signal was the cause.
int cli_exit_status(czm_status status);

#endif
