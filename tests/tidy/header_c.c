// SPDX-License-Identifier: Apache-2.0
//
// czm.h is enough by itself in C: compiled with all warnings as errors, and run. The test
// "header-example" compiles the example of its opening comment likewise.
#include "czm.h"

int main(void) {
    czm_options options = CZM_OPTIONS_INIT;
    czm_metadata metadata = CZM_METADATA_INIT;
    czm_result result = CZM_RESULT_INIT;
    czm_inspection inspection = CZM_INSPECTION_INIT;
    czm_differences differences = CZM_DIFFERENCES_INIT;
    czm_report *report = czm_report_new();
    if (!report) return 1;
    // Nothing is asked for: wrong usage, said in the report, and no result.
    int is_wrong = czm_convert(&options, &result, report) != CZM_ERROR_USAGE ||
                   czm_report_count(report) != 1 ||
                   czm_report_at(report, 0)->severity != CZM_ERROR || result.path ||
                   czm_report_at(report, 1) || metadata.struct_size != sizeof metadata ||
                   inspection.struct_size != sizeof inspection ||
                   differences.struct_size != sizeof differences;
    czm_report_free(report);
    return is_wrong || czm_version()[0] == '\0';
}
