// SPDX-License-Identifier: Apache-2.0
//
// The new command: every user's first hurdle, the specification.
#include <stdio.h>
#include <string.h>

#include "base/os.h"
#include "cli/commands.h"
#include "cli/model_options.h"
#include "cli/terminal.h"

static int draft(czm_options *options, const char *model, const char *path) {
    czm_report *report = cli_report_new();
    if (!report) return CZM_ERROR_IO;
    options->source_path = model;
    czm_status status = czm_new_spec(options, path, report);
    cli_print_findings(report, CZM_NOTE);
    if (status == CZM_OK)
        printf("%s: written; correct what was guessed, then: czmodel convert %s OUTPUT_FOLDER\n",
               path, path);
    czm_report_free(report);
    return cli_flush() ? cli_exit_status(status) : CZM_ERROR_IO;
}

int cli_new(int argc, char **argv) {
    cli_model_options m = {.options = CZM_OPTIONS_INIT};
    cli_last last = {0};
    const cli_option own[] = {CLI_LAST_ROWS(&last)};
    cli_option options[CLI_MODEL_OPTION_ROWS + CZM_COUNT_OF(own)];
    cli_model_option_rows(&m, options);
    memcpy(options + CLI_MODEL_OPTION_ROWS, own, sizeof own);
    const cli_command command = {
        .name = "czmodel new",
        .arguments = "SAVEDMODEL [FILE.json]",
        .purpose =
            "Writes a filled specification for a SavedModel (FILE.json: model_spec.json), and\n"
            "tells which of its values are guesses.",
        .examples = "  czmodel new saved_model/\n"
                    "  czmodel new saved_model/ nuclei.json --output probabilities\n",
        .least = 1,
        .most = 2,
    };
    int status;
    int operands = cli_begin(argc, argv, &command, options, CZM_COUNT_OF(options), &last, &status);
    if (operands == CLI_DONE) return status;
    status = cli_model_options_take(&m, command.name)
                 ? draft(&m.options, argv[1], operands == 2 ? argv[2] : "model_spec.json")
                 : CZM_ERROR_USAGE;
    cli_model_options_free(&m);
    return status;
}
