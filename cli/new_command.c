// SPDX-License-Identifier: Apache-2.0
//
// The new command: every user's first hurdle, the specification.
#include <stdio.h>
#include <string.h>

#include "base/os.h"
#include "cli/commands.h"
#include "cli/model_options.h"
#include "cli/terminal.h"

static void put_argument(czm_report *report, const char *option, const char *text) {
    if (text) cli_print(stdout, " %s%s", option, czm_report_quoted(report, text));
}

// The command that converts with the new specification, which has no keys for these two options.
static void put_next(czm_report *report, const czm_options *options, const char *path) {
    czm_arena *arena = czm_arena_new(NULL);
    if (!arena) return;
    cli_print(stdout,
              "%s: written. SpatialDims, Preprocessing and Postprocessing in it are read by czmodel; "
              "ZEN's own import\nof a folder with a JSON file ignores them. Correct the guesses, then "
              "run\n\n    czmodel convert",
              path);
    put_argument(report, "", path);
    put_argument(report, "", "out");
    put_argument(report, "", cli_name_of(arena, options->source_path));
    put_argument(report, "--signature ", options->signature);
    put_argument(report, "--output ", options->output);
    cli_print(stdout, "\n");
    czm_arena_free(arena);
}

static int draft(czm_options *options, const char *model, const char *path) {
    czm_report *report = cli_report_new();
    if (!report) return CZM_ERROR_IO;
    options->source_path = model;
    czm_status status = czm_new_spec(options, path, report);
    cli_print_findings(report, CZM_NOTE);
    if (status == CZM_OK) put_next(report, options, path);
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
        .arguments = "NETWORK [FILE.json]",
        .purpose =
            "Writes a complete specification for a network (FILE.json: model_spec.json), and\n"
            "reports which of its values are guesses. It also contains the tile size and the\n"
            "steps (SpatialDims, Preprocessing, Postprocessing): those of the options, or what\n"
            "ZEN requires. These three keys belong to czmodel: ZEN's own import of a folder\n"
            "with a JSON file ignores them.\n\n" CLI_STEPS,
        .examples = "  czmodel new saved_model/\n"
                    "  czmodel new saved_model/ nuclei.json --output probabilities\n"
                    "  czmodel new networks.zip/unet --spatial-dims 256,256\n",
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
