// SPDX-License-Identifier: Apache-2.0
//
// The subcommands of czmodel: each takes its own arguments, argv[0] being its name, and returns the
// exit status. What they have in common is in options.h, model_options.h and terminal.h.
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

// The same as convert under the name by which the user called it: the reference's programs have the
// same arguments. `format` is what is written unless options say another; NULL: as convert does.
int cli_convert_as(const char *name, const char *format, int argc, char **argv);

// czmodel PATH..., and whether there is something at each of the paths. The exit status is the worst.
bool cli_can_drop(int count, char **paths);
int cli_drop(int count, char **paths);

#endif
