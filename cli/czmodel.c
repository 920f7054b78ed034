// SPDX-License-Identifier: Apache-2.0
//
// The command "czmodel": finds the subcommand in a table and runs it.
#include <stdio.h>
#include <string.h>

#include "base/bytes.h"
#include "cli/convert_command.h"
#include "czm.h"

static const cli_command commands[] = {
    {"convert", NULL, "make a .czmodel from a JSON specification and its SavedModel", NULL,
     cli_convert},
};

static void print_usage(FILE *to) {
    fprintf(to, "usage: czmodel COMMAND [options] ...\n\ncommands:\n");
    for (size_t i = 0; i < CZM_COUNT_OF(commands); i++)
        fprintf(to, "  %-10s %s\n", commands[i].name, commands[i].purpose);
    fprintf(to, "\nczmodel COMMAND --help explains a command; czmodel --version tells the version\n");
}

int main(int argc, char **argv) {
    const char *name = argc > 1 ? argv[1] : "";
    for (size_t i = 0; i < CZM_COUNT_OF(commands); i++)
        if (strcmp(name, commands[i].name) == 0) return commands[i].run(argc - 1, argv + 1);
    bool wants_help = strcmp(name, "--help") == 0 || strcmp(name, "-h") == 0;
    if (strcmp(name, "--version") == 0)
        printf("czmodel %s\n", czm_version());
    else
        print_usage(wants_help ? stdout : stderr);
    return wants_help || strcmp(name, "--version") == 0 ? CZM_OK : CZM_ERROR_USAGE;
}
