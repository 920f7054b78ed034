// SPDX-License-Identifier: Apache-2.0
//
// Converts and describes a model in the locale of the environment, as a program in Qt does; see comma.py.
//
//     comma SPEC.json OUTPUT_FOLDER
#include <locale.h>
#include <stdio.h>
#include <stdlib.h>

#include "czm.h"

static const char *const before[] = {"scale=0.5,2.25", "shift=-0.125,1.5"};

static void print_findings(const czm_report *report) {
    for (size_t i = 0; i < czm_report_count(report); i++)
        printf("%s\n", czm_report_at(report, i)->finding);
}

int main(int argc, char **argv) {
    if (argc != 3 || !setlocale(LC_ALL, "")) return EXIT_FAILURE;
    fprintf(stderr, "%s", localeconv()->decimal_point);
    czm_report *report = czm_report_new();
    czm_options options = CZM_OPTIONS_INIT;
    options.source_path = argv[1];
    options.output_folder = argv[2];
    options.preprocessing = before;
    options.preprocessing_count = sizeof before / sizeof *before;
    czm_result result = CZM_RESULT_INIT;
    czm_inspection inspection = CZM_INSPECTION_INIT;
    czm_verdict verdict = CZM_VERDICT_INIT;
    czm_status status = czm_convert(&options, &result, report);
    if (!status) status = czm_inspect(&options, &inspection, report);
    if (!status) status = czm_check(&options, &verdict, report);
    if (!status)
        printf("%s\n%s\n%s\n", czm_inspection_json(&inspection, report),
               czm_inspection_svg(&inspection, report), czm_check_json(&verdict, report));
    print_findings(report);
    czm_report_free(report);
    return (int)status;
}
