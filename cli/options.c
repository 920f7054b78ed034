// SPDX-License-Identifier: Apache-2.0
//
// getopt_long driven by a table; see options.h.
#include "cli/options.h"

#include <getopt.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "cli/commands.h"
#include "cli/terminal.h"

static bool store(const cli_option *option, const char *value) {
    if (option->flag) {
        *option->flag = true;
    } else if (option->text) {
        *option->text = value;
    } else if (option->values->count < CLI_MOST_VALUES) {
        option->values->items[option->values->count++] = value;
    } else {
        cli_print(stderr, "--%s is given more than %d times\n", option->name, CLI_MOST_VALUES);
        return false;
    }
    return true;
}

static size_t count_matches(const char *name, size_t size, const cli_option *options,
                            size_t count) {
    size_t matches = 0;
    for (size_t i = 0; i < count; i++) matches += strncmp(options[i].name, name, size) == 0;
    return matches;
}

// getopt's own messages differ between systems. `given` is the argument at which it stopped.
static void tell_fault(const char *program, const char *given, int found, const cli_option *options,
                       size_t count) {
    const char *name = given + strspn(given, "-");
    int size = (int)strcspn(name, "=");
    size_t matches = count_matches(name, (size_t)size, options, count);
    if (found == '?' && (optopt || matches == 0))
        cli_print(stderr, "%s: unrecognized option '%s'\n", program, given);
    else
        cli_print(stderr, "%s: option '--%.*s' %s\n", program, size, name,
                  found == ':'  ? "requires an argument"
                  : matches > 1 ? "is ambiguous"
                                : "doesn't allow an argument");
}

int cli_parse(int argc, char **argv, const cli_option *options, size_t count) {
    struct option *longs = calloc(count + 1, sizeof *longs);
    if (!longs) {
        cli_print(stderr, "error: there is not enough memory\n");
        return -1;
    }
    for (size_t i = 0; i < count; i++)
        longs[i] = (struct option){options[i].name,
                                   options[i].value ? required_argument : no_argument, NULL, 0};
    int index = 0, found;
    opterr = 0;
    optind = 0; // this also makes getopt move the operands after the options
    while ((found = getopt_long(argc, argv, ":h", longs, &index)) == 0 || found == 'h') {
        for (size_t i = 0; found == 'h' && i < count; i++)
            if (options[i].name[0] == 'h') index = (int)i; // --help
        if (!store(&options[index], optarg)) break;
    }
    free(longs);
    if (found == '?' || found == ':') tell_fault(argv[0], argv[optind - 1], found, options, count);
    if (found != -1) return -1;
    int operands = argc - optind;
    for (int i = 0; i < operands; i++) argv[1 + i] = argv[optind + i];
    return operands;
}

void cli_help(const cli_command *command, const cli_option *options, size_t count) {
    cli_print(stdout, "usage: %s [options] %s\n\n", command->name, command->arguments);
    fputs(command->purpose, stdout); // its lines are ours: cli_print() would replace their ends
    cli_print(stdout, "\n\noptions:\n");
    for (size_t i = 0; i < count; i++) {
        if (!options[i].help) continue;
        int width = cli_print(stdout, "  --%s%s%s", options[i].name, options[i].value ? " " : "",
                              options[i].value ? options[i].value : "");
        cli_print(stdout, "%*s%s\n", width < 26 ? 26 - width : 1, "", options[i].help);
    }
    cli_print(stdout, "\nexamples:\n");
    fputs(command->examples, stdout);
    cli_print(
        stdout,
        "\nexit status: 0 done, 1 the model or the specification breaks a rule or is damaged,\n"
        "2 wrong usage, 3 a file or folder is missing or cannot be read or written\n");
}

// Tables are inside the commands, because they refer to local variables: while this is set, a command passes its
// table to the visitor and does nothing else.
static void (*visitor)(const char *command, const cli_option *option);

void cli_visit_options(const cli_command_row *command,
                       void (*visit)(const char *command, const cli_option *option)) {
    char name[32], *arguments[] = {name, NULL};
    snprintf(name, sizeof name, "%s", command->name);
    visitor = visit;
    command->run(1, arguments);
    visitor = NULL;
}

int cli_begin(int argc, char **argv, const cli_command *command, const cli_option *options,
              size_t count, const cli_last *last, int *status) {
    *status = CZM_OK;
    for (size_t i = 0; visitor && i < count; i++)
        if (options[i].help) visitor(argv[0], &options[i]);
    if (visitor) return CLI_DONE;
    argv[0] = (char *)command->name; // the beginning of messages about options
    int operands = cli_parse(argc, argv, options, count);
    if (last->help) cli_help(command, options, count);
    if (last->version && !last->help) cli_print_version();
    if (last->help || last->version) {
        *status = cli_flush() ? CZM_OK : CZM_ERROR_IO;
        return CLI_DONE;
    }
    if (operands >= command->least && operands <= command->most) return operands;
    cli_print(stderr, "usage: %s [options] %s\n(%s --help explains)\n", command->name,
              command->arguments, command->name);
    *status = CZM_ERROR_USAGE;
    return CLI_DONE;
}
