// SPDX-License-Identifier: Apache-2.0
//
// The command "czmodel": finds the subcommand in a table and runs it. It is also each of the reference's commands, if
// it is called by their name or with it as the subcommand.
#include <stdio.h>
#include <string.h>

#include "base/os.h"
#include "cli/commands.h"
#include "cli/terminal.h"
#include "czm.h"

const cli_command_row cli_commands[] = {
    {"convert", "convert a network and its JSON specification to a .czmodel or .czann",
     cli_convert},
    {"check", "check a specification, a network or a container against every rule", cli_check},
    {"inspect", "report layers, memory and border of a model; draw its graph", cli_inspect},
    {"verify", "run the network: check its output and tile edges, measure, draw", cli_verify},
    {"unpack", "unpack a container into a specification and a network", cli_unpack},
    {"new", "write a complete specification for a network", cli_new},
    {"diff", "compare two models", cli_diff},
    {"explain", "explain the rules", cli_explain},
    {"report", "collect the output of inspect, check and verify in one text", cli_report},
    {"page", "open czmodel as a page in the browser", cli_page},
    {"completion", "print a completion script for a shell", cli_completion},
};
const size_t cli_command_count = CZM_COUNT_OF(cli_commands);

// Names with the arguments of "convert". The format; NULL: that of "convert".
static const struct {
    const char *name, *format;
} aliases[] = {
    {"savedmodel2czmodel", NULL},
    {"savedmodel2czann", "czann-1.0.0"},
};

// Ignores the end of the name (Windows adds ".exe", a browser " (1)") and, on Windows, the case.
static bool is_called(const char *program, const char *name) {
    for (; *name; name++, program++)
        if ((*program >= 'A' && *program <= 'Z' ? *program - 'A' + 'a' : *program) != *name)
            return false;
    return true;
}

static void print_usage(FILE *to) {
    cli_print(to, "usage: czmodel COMMAND [options] ...\n\ncommands:\n");
    for (size_t i = 0; i < cli_command_count; i++)
        cli_print(to, "  %-10s %s\n", cli_commands[i].name, cli_commands[i].purpose);
    cli_print(
        to,
        "\nczmodel PATH... converts each specification or network; the result appears beside it\n"
        "czmodel COMMAND --help explains a command; czmodel --version prints the version\n");
}

// The text for a user who double-clicked the program.
static int welcome(void) {
    printf("czmodel %s makes CZModels for ZEISS ZEN.\n\n"
           "Close this window, and drop one of these on the program's icon:\n\n"
           "  the folder or ZIP archive of a SavedModel,\n"
           "  a Keras file (.keras, .h5), or an ONNX file   it is converted\n"
           "  the JSON file of a model's metadata           it is converted\n"
           "  a .czmodel, .czseg or .czann file             it is checked\n\n"
           "The result appears beside the dropped file.\n",
           czm_version());
    return cli_flush() ? CZM_OK : CZM_ERROR_IO;
}

static int run(int argc, char **argv) {
    const char *program = argc > 0 ? czm_path_base(argv[0]) : "";
    const char *name = argc > 1 ? argv[1] : "";
    for (size_t i = 0; i < CZM_COUNT_OF(aliases); i++) {
        int at = strcmp(name, aliases[i].name) == 0 ? 1 : 0;
        if (at == 1 || is_called(program, aliases[i].name))
            return cli_convert_as(aliases[i].name, aliases[i].format, argc - at, argv + at);
    }
    for (size_t i = 0; i < cli_command_count; i++)
        if (strcmp(name, cli_commands[i].name) == 0) return cli_commands[i].run(argc - 1, argv + 1);
    bool wants_help = strcmp(name, "--help") == 0 || strcmp(name, "-h") == 0;
    bool wants_version = strcmp(name, "--version") == 0;
    if (wants_version) cli_print_version();
    if (wants_help) print_usage(stdout);
    if (wants_help || wants_version) return cli_flush() ? CZM_OK : CZM_ERROR_IO;
    if (cli_can_drop(argc - 1, argv + 1)) return cli_drop(argc - 1, argv + 1);
    if (argc < 2 && czm_program_has_own_window()) return welcome();
    if (*name) cli_print(stderr, "czmodel: there is no command \"%s\"\n", name);
    print_usage(stderr);
    return CZM_ERROR_USAGE;
}

int main(int argc, char **argv) { return czm_program_run(argc, argv, run); }
