// SPDX-License-Identifier: Apache-2.0
//
// The completion command: prints scripts with which bash, zsh and fish complete commands and options, from the tables
// that parse them.
#include <stdio.h>
#include <string.h>

#include "base/bytes.h"
#include "cli/commands.h"
#include "cli/options.h"
#include "cli/terminal.h"

// Within single quotes of a shell; a backslash stands before each character of `special`.
static void put_text(const char *text, const char *special) {
    for (; *text; text++) {
        if (strchr(special, *text)) putchar('\\');
        printf(*text == '\'' ? "'\\''" : "%c", *text);
    }
}

static void put_names(void) {
    for (size_t i = 0; i < cli_command_count; i++) printf("%s ", cli_commands[i].name);
}

// ---- bash: a case for each command, in which options are words

static void begin_bash(void) {
    printf("_czmodel() {\n"
           "    local current=${COMP_WORDS[COMP_CWORD]} words=\n"
           "    COMPREPLY=()\n"
           "    case ${COMP_WORDS[1]} in\n");
}

static void begin_bash_command(const cli_command_row *row) {
    printf("        %s) words='", row->name);
}

static void put_bash_option(const char *command, const cli_option *option) {
    (void)command;
    printf("--%s ", option->name);
}

static void end_bash_command(void) { printf("' ;;\n"); }

static void end_bash(void) {
    printf("    esac\n    if [ \"$COMP_CWORD\" = 1 ]; then words='");
    put_names();
    printf("'\n    elif [[ $current != -* ]]; then words=; fi\n"
           "    [ -z \"$words\" ] || COMPREPLY=($(compgen -W \"$words\" -- \"$current\"))\n"
           "}\n"
           "complete -o bashdefault -o default -F _czmodel czmodel\n");
}

// ---- zsh: a case for each command, in which options are specifications of _arguments

static void begin_zsh(void) {
    printf("#compdef czmodel\n"
           "if (( CURRENT == 2 )); then\n"
           "    compadd -- ");
    put_names();
    printf("\n    _files\n    return\nfi\n"
           "local command=$words[2]\nshift words\n(( CURRENT-- ))\ncase $command in\n");
}

static void begin_zsh_command(const cli_command_row *row) {
    printf("    %s) _arguments '*:file:_files'", row->name);
}

static void put_zsh_option(const char *command, const cli_option *option) {
    (void)command;
    printf(" \\\n        '%s--%s[", option->values ? "*" : "", option->name);
    put_text(option->help, "[]:\\");
    printf("]%s", option->value ? ":" : "");
    put_text(option->value ? option->value : "", "[]:\\");
    printf("%s'", option->value ? ":_files" : "");
}

static void end_zsh_command(void) { printf(" ;;\n"); }

static void end_zsh(void) { printf("esac\n"); }

// ---- fish: a line for each command and each option

static void begin_fish(void) {}

static void begin_fish_command(const cli_command_row *row) {
    printf("complete -c czmodel -n __fish_use_subcommand -a %s -d '", row->name);
    put_text(row->purpose, "\\");
    printf("'\n");
}

static void put_fish_option(const char *command, const cli_option *option) {
    printf("complete -c czmodel -n '__fish_seen_subcommand_from %s' -l %s%s -d '", command,
           option->name, option->value ? " -r" : "");
    put_text(option->help, "\\");
    printf("'\n");
}

static void end_fish_command(void) {}

static void end_fish(void) {}

// ---- the command

static const struct {
    const char *name;
    void (*begin)(void);
    void (*begin_command)(const cli_command_row *row);
    void (*put_option)(const char *command, const cli_option *option);
    void (*end_command)(void);
    void (*end)(void);
} shells[] = {
    {"bash", begin_bash, begin_bash_command, put_bash_option, end_bash_command, end_bash},
    {"zsh", begin_zsh, begin_zsh_command, put_zsh_option, end_zsh_command, end_zsh},
    {"fish", begin_fish, begin_fish_command, put_fish_option, end_fish_command, end_fish},
};

static void print(size_t shell) {
    shells[shell].begin();
    for (size_t i = 0; i < cli_command_count; i++) {
        shells[shell].begin_command(&cli_commands[i]);
        cli_visit_options(&cli_commands[i], shells[shell].put_option);
        shells[shell].end_command();
    }
    shells[shell].end();
}

int cli_completion(int argc, char **argv) {
    cli_last last = {0};
    const cli_option options[] = {CLI_LAST_ROWS(&last)};
    const cli_command command = {
        .name = "czmodel completion",
        .arguments = "bash|zsh|fish",
        .purpose = "Prints a script with which a shell completes commands and options.",
        .examples =
            "  czmodel completion bash > ~/.local/share/bash-completion/completions/czmodel\n",
        .least = 1,
        .most = 1,
    };
    int status;
    if (cli_begin(argc, argv, &command, options, CZM_COUNT_OF(options), &last, &status) == CLI_DONE)
        return status;
    for (size_t i = 0; i < CZM_COUNT_OF(shells); i++) {
        if (strcmp(argv[1], shells[i].name) != 0) continue;
        print(i);
        return cli_flush() ? CZM_OK : CZM_ERROR_IO;
    }
    fprintf(stderr,
            "czmodel completion: the shell \"%s\" is not supported; use bash, zsh or fish\n",
            argv[1]);
    return CZM_ERROR_USAGE;
}
