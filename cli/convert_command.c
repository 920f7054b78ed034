// SPDX-License-Identifier: Apache-2.0
//
// The convert command: options in, czm_convert(), one line out.
#include "cli/convert_command.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/os.h"
#include "cli/terminal.h"

static int convert(const czm_options *options, bool quiet) {
    czm_report *report = czm_report_new();
    if (!report) {
        fprintf(stderr, "error: there is not enough memory\n");
        return CZM_ERROR_IO;
    }
    czm_result result = CZM_RESULT_INIT;
    czm_signals_catch();
    czm_status status = czm_convert(options, &result, report);
    cli_progress_end();
    cli_print_findings(report, quiet ? CZM_ERROR : CZM_NOTE);
    char size[32];
    if (!status && !quiet)
        printf("%s: %s, %llu classes, model id %s\n", result.path, cli_size_text(size, result.size),
               (unsigned long long)result.class_count, result.model_id);
    czm_report_free(report);
    return cli_flush() ? cli_exit_status(status) : CZM_ERROR_IO;
}

// "512,512"
static bool parse_dims(const char *text, czm_options *o) {
    char *end;
    if (strspn(text, "0123456789,") != strlen(text)) return false;
    o->spatial_height = strtoll(text, &end, 10);
    if (*end != ',' || o->spatial_height < 1) return false;
    o->spatial_width = strtoll(end + 1, &end, 10);
    return *end == '\0' && o->spatial_width >= 1;
}

int cli_convert_as(const char *name, int argc, char **argv) {
    czm_options o = CZM_OPTIONS_INIT;
    const char *spatial_dims = NULL;
    cli_values before = {0}, after = {0};
    bool quiet = false, help = false, version = false, shows_progress;
    const cli_option options[] = {
        {"name", "NAME", "model name in the metadata (else the last part of ModelPath)",
         &o.model_name, NULL, NULL},
        {"license", "FILE", "licence file to pack (instead of LicenseFile)", &o.license_path, NULL,
         NULL},
        {"signature", "NAME", "signature to take (else serving_default, serve, the only one)",
         &o.signature, NULL, NULL},
        {"output", "NAME", "output to take, if the signature has several", &o.output, NULL, NULL},
        {"model-id", "UUID", "id of the model (else a new random one)", &o.model_id, NULL, NULL},
        {"spatial-dims", "H,W", "height and width of the new input, in pixels", &spatial_dims, NULL,
         NULL},
        {"preprocessing", "STEP", "put a step before the network; may be repeated", NULL, NULL,
         &before},
        {"postprocessing", "STEP", "put a step after the network; may be repeated", NULL, NULL,
         &after},
        {"as-is", NULL, "pack the SavedModel's files untouched", NULL, &o.as_is, NULL},
        {"quiet", NULL, "print nothing but errors", NULL, &quiet, NULL},
        {"version", NULL, "print the version and stop", NULL, &version, NULL},
        {"help", NULL, "print this help and stop", NULL, &help, NULL},
    };
    const cli_command command = {
        name,
        "SPEC.json OUTPUT_FOLDER [OUTPUT_NAME]",
        "Converts the SavedModel that the JSON specification names into\n"
        "OUTPUT_FOLDER/OUTPUT_NAME.czmodel (OUTPUT_NAME: DNNModel), whose network runs in\n"
        "TensorFlow 2.0.0.\n\n"
        "A preprocessing STEP is rgb-to-bgr, rgba-to-bgra, per-image-standardization,\n"
        "scale=V[,V...], shift=V[,V...], transpose-channels=2,1,0 or model=PATH of a SavedModel;\n"
        "a postprocessing STEP is softmax, sigmoid-to-softmax[=background-first] or model=PATH.",
        "  savedmodel2czmodel model_spec.json out/ nuclei\n"
        "  czmodel convert model_spec.json out/ --spatial-dims 512,512 --preprocessing rgb-to-bgr\n"
        "  czmodel convert model_spec.json out/ nuclei --license LICENSE.txt\n"
        "  czmodel convert model_spec.json out/ --output probabilities\n",
        NULL,
    };
    argv[0] = (char *)name; // how getopt begins its messages
    int operands = cli_parse(argc, argv, options, CZM_COUNT_OF(options));
    if (help) {
        cli_help(&command, options, CZM_COUNT_OF(options));
        return cli_flush() ? CZM_OK : CZM_ERROR_IO;
    }
    if (version) {
        printf("czmodel %s\n", czm_version());
        return cli_flush() ? CZM_OK : CZM_ERROR_IO;
    }
    if (operands != 2 && operands != 3) {
        fprintf(stderr, "usage: %s [options] %s\n(%s --help explains)\n", name, command.arguments,
                name);
        return CZM_ERROR_USAGE;
    }
    if (spatial_dims && !parse_dims(spatial_dims, &o)) {
        fprintf(stderr, "%s: --spatial-dims wants HEIGHT,WIDTH in pixels, such as 512,512\n", name);
        return CZM_ERROR_USAGE;
    }
    o.preprocessing = before.items;
    o.preprocessing_count = before.count;
    o.postprocessing = after.items;
    o.postprocessing_count = after.count;
    o.spec_path = argv[1];
    o.output_folder = argv[2];
    o.output_name = operands == 3 ? argv[3] : NULL;
    shows_progress = !quiet;
    o.progress = cli_progress;
    o.user = &shows_progress;
    return convert(&o, quiet);
}

int cli_convert(int argc, char **argv) { return cli_convert_as("czmodel convert", argc, argv); }
