// SPDX-License-Identifier: Apache-2.0
//
// The convert command: options in, czm_convert(), one line out.
#include "cli/commands.h"

#include <stdio.h>
#include <string.h>

#include "base/os.h"
#include "cli/model_options.h"
#include "cli/terminal.h"

static int convert(const cli_model_options *m, bool quiet) {
    czm_report *report = cli_report_new();
    if (!report) return CZM_ERROR_IO;
    czm_report_set_memory(report, m->memory);
    czm_result result = CZM_RESULT_INIT;
    czm_signals_catch();
    czm_status status = czm_convert(&m->options, &result, report);
    cli_progress_end();
    cli_print_findings(report, quiet ? CZM_ERROR : CZM_NOTE);
    char size[32];
    if (!status && !quiet)
        cli_print(stdout, "%s: %s, %llu class%s, model id %s\n", result.path,
                  cli_size_text(size, result.size), (unsigned long long)result.class_count,
                  result.class_count == 1 ? "" : "es", result.model_id);
    czm_report_free(report);
    return cli_flush() ? cli_exit_status(status) : CZM_ERROR_IO;
}

int cli_convert_as(const char *name, const char *format, int argc, char **argv) {
    cli_model_options m = {.options = CZM_OPTIONS_INIT};
    czm_options *o = &m.options;
    bool quiet = false, shows_progress;
    cli_last last = {0};
    const cli_option own[] = {
        {"name", "NAME", "model name in the metadata (default: last part of ModelPath)",
         &o->model_name, NULL, NULL},
        {"license", "FILE", "licence file to pack (instead of LicenseFile)", &o->license_path, NULL,
         NULL},
        {"model-id", "UUID", "id of the model (default: computed from the content)", &o->model_id,
         NULL, NULL},
        CLI_FORMAT_ROWS(o),
        {"extension", "NAME", "file extension: czseg (default: that of the format)", &o->extension,
         NULL, NULL},
        {"as-is", NULL, "pack the files of the network unchanged", NULL, &o->as_is, NULL},
        {"quiet", NULL, "print nothing but errors", NULL, &quiet, NULL},
        CLI_LAST_ROWS(&last),
    };
    cli_option options[CLI_MODEL_OPTION_ROWS + CZM_COUNT_OF(own)];
    cli_model_option_rows(&m, options);
    memcpy(options + CLI_MODEL_OPTION_ROWS, own, sizeof own);
    const cli_command command = {
        .name = name,
        .arguments = "SPEC.json|CONTAINER OUTPUT_FOLDER [OUTPUT_NAME]",
        .purpose =
            "Converts the network that the JSON specification names (a SavedModel, a Keras\n"
            "file or an ONNX file) into OUTPUT_FOLDER/OUTPUT_NAME.czmodel (default name:\n"
            "DNNModel). The file contains a SavedModel for TensorFlow 2.0.0 (format 3.0.0), or\n"
            "the ONNX network if the input is an ONNX file (format 3.1.0). --format and --zen\n"
            "choose another format, for example a .czann. A .czmodel, .czseg or .czann can be\n"
            "converted to another format. savedmodel2czann writes czann-1.0.0 by default. Every\n"
            "rule is checked first; after an error, no file is written.\n\n" CLI_STEPS,
        .examples =
            "  savedmodel2czmodel model_spec.json out/ nuclei\n"
            "  savedmodel2czann model_spec.json out/ nuclei\n"
            "  czmodel convert model_spec.json out/ --spatial-dims 512,512 --preprocessing "
            "rgb-to-bgr\n"
            "  czmodel convert model_spec.json out/ nuclei --license LICENSE.txt --border auto\n"
            "  czmodel convert model_spec.json out/ --output probabilities --strict\n"
            "  czmodel convert nuclei.czmodel out/ --zen 3.13\n",
        .least = 2,
        .most = 3,
    };
    int status;
    int operands = cli_begin(argc, argv, &command, options, CZM_COUNT_OF(options), &last, &status);
    if (operands == CLI_DONE) return status;
    if (!o->format && !o->zen) o->format = format;
    o->source_path = argv[1];
    o->output_folder = argv[2];
    o->output_name = operands == 3 ? argv[3] : NULL;
    shows_progress = !quiet;
    o->progress = cli_progress;
    o->user = &shows_progress;
    status = cli_model_options_take(&m, name) ? convert(&m, quiet) : CZM_ERROR_USAGE;
    cli_model_options_free(&m);
    return status;
}

int cli_convert(int argc, char **argv) {
    return cli_convert_as("czmodel convert", NULL, argc, argv);
}
