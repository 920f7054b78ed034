// SPDX-License-Identifier: Apache-2.0
//
// The new command: writes a specification.
#include <stdio.h>
#include <string.h>

#include "base/os.h"
#include "cli/commands.h"
#include "cli/model_options.h"
#include "cli/terminal.h"

typedef struct drafting {
    czm_options options;
    uint64_t memory; // bytes that --memory allows
    const char *path;
    czm_report *report;
} drafting;

// The command that converts with the new specification, which has no keys for the last two options.
static const char *next_command(czm_arena *arena, const drafting *d) {
    const struct {
        const char *option, *value;
    } words[] = {
        {"", d->path},
        {"", "out"},
        {"", cli_name_of(arena, d->options.source_path)},
        {"--signature ", d->options.signature},
        {"--output ", d->options.output},
    };
    const char *text = "czmodel convert";
    for (size_t i = 0; i < CZM_COUNT_OF(words); i++)
        if (words[i].value)
            text = czm_arena_format(arena, "%s %s%s", text, words[i].option,
                                    czm_report_quoted(d->report, words[i].value));
    return text;
}

// The final text is made first, so that nothing is written without memory for it.
static int draft_in(czm_arena *arena, void *data) {
    const drafting *d = data;
    const char *next = next_command(arena, d);
    if (czm_report_count(d->report) > 0) return cli_no_memory();
    czm_status status = czm_new_spec(&d->options, d->path, d->report);
    cli_print_findings(d->report, CZM_NOTE);
    if (status == CZM_OK)
        cli_print(
            stdout,
            "%s: written. SpatialDims, Preprocessing and Postprocessing in it are keys of czmodel; "
            "ZEN's own import\nof a folder with a JSON file ignores them. Correct the guesses, "
            "then "
            "run\n\n    %s\n",
            d->path, next);
    return cli_exit_status(status);
}

static int draft(drafting *d) {
    d->report = cli_report_new();
    if (!d->report) return CZM_ERROR_IO;
    czm_report_set_memory(d->report, d->memory);
    int status = cli_with_arena(draft_in, d);
    czm_report_free(d->report);
    return cli_flush() ? status : CZM_ERROR_IO;
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
            "Writes a complete specification for a network (default: model_spec.json), and\n"
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
    status = CZM_ERROR_USAGE;
    if (cli_model_options_take(&m, command.name)) {
        drafting d = {.options = m.options,
                      .memory = m.memory,
                      .path = operands == 2 ? argv[2] : "model_spec.json"};
        d.options.source_path = argv[1];
        status = draft(&d);
    }
    cli_model_options_free(&m);
    return status;
}
