// SPDX-License-Identifier: Apache-2.0
//
// A program of somebody else, who has installed libczm: converts SPEC.json into FOLDER/made.czmodel,
// with an id that is always the same, so that the bytes are.
#include <czm.h>
#include <stdio.h>

int main(int count, char **arguments) {
    if (count != 3) return CZM_ERROR_USAGE;
    czm_options options = CZM_OPTIONS_INIT;
    options.source_path = arguments[1];
    options.output_folder = arguments[2];
    options.output_name = "made";
    options.model_id = "00000000-0000-4000-8000-000000000000";
    czm_result result = CZM_RESULT_INIT;
    czm_report *report = czm_report_new();
    if (!report) return CZM_ERROR_MEMORY;
    czm_status status = czm_convert(&options, &result, report);
    if (status == CZM_OK) printf("%s\n", czm_version());
    for (size_t i = 0; i < czm_report_count(report); i++)
        fprintf(stderr, "%s\n", czm_report_at(report, i)->finding);
    czm_report_free(report);
    return (int)status;
}
