// SPDX-License-Identifier: Apache-2.0
//
// The subcommands of czmodel: each gets its own arguments, with its name as argv[0], and returns the exit status.
// options.h, model_options.h and terminal.h contain their common code.
#ifndef CZM_CLI_COMMANDS_H
#define CZM_CLI_COMMANDS_H

#include <stdbool.h>
#include <stddef.h>

int cli_convert(int argc, char **argv);
int cli_check(int argc, char **argv);
int cli_inspect(int argc, char **argv);
int cli_unpack(int argc, char **argv);
int cli_new(int argc, char **argv);
int cli_diff(int argc, char **argv);
int cli_verify(int argc, char **argv);
int cli_explain(int argc, char **argv);
int cli_report(int argc, char **argv);
int cli_page(int argc, char **argv);
int cli_completion(int argc, char **argv);

// The table of all of them (czmodel.c).
typedef struct cli_command_row {
    const char *name, *purpose;
    int (*run)(int argc, char **argv);
} cli_command_row;

extern const cli_command_row cli_commands[];
extern const size_t cli_command_count;

// The convert command under the name by which the user called it: the reference's programs have the same arguments.
// `format` is the default format; NULL: that of convert.
int cli_convert_as(const char *name, const char *format, int argc, char **argv);

// czmodel PATH..., and whether each of the paths exists. The exit status is the most serious one.
bool cli_can_drop(int count, char **paths);
int cli_drop(int count, char **paths);

#endif
