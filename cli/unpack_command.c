// SPDX-License-Identifier: Apache-2.0
//
// The unpack command.
#include <stdio.h>

#include "base/os.h"
#include "cli/commands.h"
#include "cli/model_options.h"
#include "cli/terminal.h"

static int unpack(const char *file, const char *folder, uint64_t memory) {
    czm_report *report = cli_report_new();
    if (!report) return CZM_ERROR_IO;
    bool shows_progress = true;
    czm_report_set_memory(report, memory);
    czm_signals_catch();
    czm_status status = czm_unpack(file, folder, cli_progress, &shows_progress, report);
    cli_progress_end();
    cli_print_findings(report, CZM_NOTE);
    if (status == CZM_OK) cli_print(stdout, "%s: unpacked into %s\n", file, folder);
    czm_report_free(report);
    return cli_flush() ? cli_exit_status(status) : CZM_ERROR_IO;
}

int cli_unpack(int argc, char **argv) {
    const char *memory_text = NULL;
    uint64_t memory = 0;
    cli_last last = {0};
    const cli_option options[] = {CLI_MEMORY_ROW(&memory_text), CLI_LAST_ROWS(&last)};
    const cli_command command = {
        .name = "czmodel unpack",
        .arguments = "FILE FOLDER",
        .purpose = "Unpacks a .czmodel or .czseg file into a new or empty folder: a specification\n"
                   "that converts back, the network, the licence and the original metadata.",
        .examples = "  czmodel unpack DNNModel.czmodel unpacked/\n",
        .least = 2,
        .most = 2,
    };
    int status;
    if (cli_begin(argc, argv, &command, options, CZM_COUNT_OF(options), &last, &status) == CLI_DONE)
        return status;
    if (!cli_memory_take(memory_text, &memory, command.name)) return CZM_ERROR_USAGE;
    return unpack(argv[1], argv[2], memory);
}
