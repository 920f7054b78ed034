// SPDX-License-Identifier: Apache-2.0
//
// Command line options from a table: one row for each option, for parsing and for the help.
#ifndef CZM_CLI_OPTIONS_H
#define CZM_CLI_OPTIONS_H

#include <stdbool.h>
#include <stddef.h>

// The values of an option that may be given several times.
enum { CLI_MOST_VALUES = 64 };

typedef struct cli_values {
    const char *items[CLI_MOST_VALUES];
    size_t count;
} cli_values;

// Exactly one of `text`, `flag` and `values` is set: the place of the value, the flag to set, or the place of all
// values in order.
typedef struct cli_option {
    const char *name;  // without the dashes
    const char *value; // the name of the value in the help; NULL for a flag
    const char *help;  // NULL: an old name, which works but is not shown
    const char **text;
    bool *flag;
    cli_values *values;
} cli_option;

typedef struct cli_command {
    const char *name;
    const char *arguments; // as the usage line shows them
    const char *purpose;
    const char *examples;
    int least, most; // number of operands
} cli_command;

// Parses options anywhere among the arguments, moves the rest to the front of argv + 1 and returns their number; -1
// after a fault, which has been reported on standard error.
int cli_parse(int argc, char **argv, const cli_option *options, size_t count);

// Prints usage, options and examples to standard output.
void cli_help(const cli_command *command, const cli_option *options, size_t count);

// The beginning of every command: parses options, and executes --help and --version, the last rows of every table
// (CLI_LAST_ROWS). Returns the number of operands, or CLI_DONE with *status set if the command is finished.
typedef struct cli_last {
    bool help, version;
} cli_last;

#define CLI_LAST_ROWS(last)                                                          \
    {"version", NULL, "print the version and stop", NULL, &(last)->version, NULL}, { \
        "help", NULL, "print this help and stop", NULL, &(last)->help, NULL          \
    }

enum { CLI_DONE = -1 };

int cli_begin(int argc, char **argv, const cli_command *command, const cli_option *options,
              size_t count, const cli_last *last, int *status);

// Calls `visit` for each row of a command's table, with the command's name. The command itself does nothing.
struct cli_command_row;
void cli_visit_options(const struct cli_command_row *command,
                       void (*visit)(const char *command, const cli_option *option));

#endif
