// SPDX-License-Identifier: Apache-2.0
//
// The report command: the output of inspect, check and verify, and questions that only a user of ZEN can answer, as
// one text to send; see docs/zen.md.
#include <stdio.h>
#include <string.h>

#include "base/os.h"
#include "cli/commands.h"
#include "cli/model_options.h"
#include "cli/terminal.h"

#if defined(_WIN32)
#define SYSTEM "Windows"
#elif defined(__APPLE__)
#define SYSTEM "macOS"
#elif defined(__linux__)
#define SYSTEM "Linux"
#else
#define SYSTEM "another system"
#endif

static const char questions[] =
    "== in ZEN (please answer)\n"
    "edition and version of ZEN:\n"
    "graphics card and its memory:\n"
    "the import gave no message (else the message):\n"
    "the test image gave the expected classes (else what is different):\n"
    "the seams of tiles are invisible:\n"
    "time for one image, and its size:\n";

static const struct {
    const char *name;
    int (*run)(int argc, char **argv);
} sections[] = {{"inspect", cli_inspect}, {"check", cli_check}, {"verify", cli_verify}};

// Messages about faults go to standard error; their exit status is part of the text. `memory` is the value of the
// option, or NULL.
static void put_section(size_t index, const char *target, const char *memory) {
    char *arguments[] = {(char *)sections[index].name, (char *)target,
                         memory ? (char *)"--memory" : NULL, (char *)memory, NULL};
    cli_print(stdout, "== czmodel %s\n", sections[index].name);
    fflush(stdout);
    int status = sections[index].run(memory ? 4 : 2, arguments);
    cli_print(stdout, "(exit status %d)\n\n", status);
}

int cli_report(int argc, char **argv) {
    const char *memory_text = NULL;
    uint64_t memory = 0;
    cli_last last = {0};
    const cli_option options[] = {CLI_MEMORY_ROW(&memory_text), CLI_LAST_ROWS(&last)};
    const cli_command command = {
        .name = "czmodel report",
        .arguments = "TARGET",
        .purpose =
            "Prints the output of inspect, check and verify for a model, and questions about ZEN,\n"
            "as one text that you can send to the author of the model or of this program.",
        .examples = "  czmodel report DNNModel.czmodel > report.txt\n",
        .least = 1,
        .most = 1,
    };
    int status;
    if (cli_begin(argc, argv, &command, options, CZM_COUNT_OF(options), &last, &status) == CLI_DONE)
        return status;
    if (!cli_memory_take(memory_text, &memory, command.name)) return CZM_ERROR_USAGE;
    if (czm_path_look(argv[1]) == CZM_PATH_MISSING) {
        cli_print(stderr, "czmodel report: %s: there is no such file or folder\n", argv[1]);
        return CZM_ERROR_IO;
    }
    cli_print(stdout, "czmodel %s on %s: report about %s\n\n", czm_version(), SYSTEM,
              czm_path_base(argv[1]));
    for (size_t i = 0; i < CZM_COUNT_OF(sections); i++) put_section(i, argv[1], memory_text);
    fputs(questions, stdout);
    return cli_flush() ? CZM_OK : CZM_ERROR_IO;
}
