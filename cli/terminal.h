// SPDX-License-Identifier: Apache-2.0
//
// What the commands write: findings and progress to standard error, in colour only on a terminal
// that wants it (https://no-color.org).
#ifndef CZM_CLI_TERMINAL_H
#define CZM_CLI_TERMINAL_H

#include <stdio.h>

#include "base/os.h"
#include "czm.h"

// Prints as fprintf does, but texts (%s and %c) are made fit for a terminal: whatever a model, a file name or
// an argument holds, it stays text on its line. All that the commands print about models goes through here.
// Known: %% %c %d %u %zu %llu %lld %e %f %g %s, with "-", width and precision. Gives the number of
// bytes printed.
CZM_PRINTF(2, 3) int cli_print(FILE *to, const char *format, ...);

// Says that there is not enough memory; the exit status of that.
int cli_no_memory(void);

// What `task` gives; where its arena finds no memory, that is said.
int cli_with_arena(int (*task)(czm_arena *arena, void *data), void *data);

// A new report, whose findings write options as flags; without memory it says so and gives NULL.
czm_report *cli_report_new(void);

// Writes a text file, whole or not at all, or prints JSON; false after a fault, which has then been told. NULL
// is a text that found no memory.
bool cli_write_file(const char *path, const char *text);
bool cli_put_json(const char *json);

// Whether the name ends so, in any case.
bool cli_has_suffix(const char *name, const char *suffix);

// Prints the findings at and above `least`.
void cli_print_findings(const czm_report *report, czm_severity least);

// A progress callback: a bar for more than 100 MB if `user` (a bool) says so; false after a signal.
bool cli_progress(void *user, uint64_t done, uint64_t total);

// Removes the bar.
void cli_progress_end(void);

// "1.2 MB"
const char *cli_size_text(char buffer[32], uint64_t size);

// The version, and what the program is made of.
void cli_print_version(void);

// Whether all that was printed has arrived; tells on standard error if it has not.
bool cli_flush(void);

// The exit status for a result; ends the process if a signal was the cause.
int cli_exit_status(czm_status status);

#endif
