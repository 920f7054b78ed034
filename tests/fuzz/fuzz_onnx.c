// SPDX-License-Identifier: Apache-2.0
//
// The input is a network in ONNX. It is looked at, packed and compared with itself: what can be
// packed is sound to every other call, and equals itself.
#include "czm.h"
#include "fuzz.h"

static const char *file, *folder;

// As a network for restoration, which asks least of it.
static czm_status pack(czm_report *report, bool as_is, czm_result *result) {
    czm_metadata metadata = CZM_METADATA_INIT;
    metadata.model_path = file;
    metadata.model_type = "Regression";
    metadata.has_unit_range = true;
    czm_options options = CZM_OPTIONS_INIT;
    options.metadata = &metadata;
    options.output_folder = folder;
    options.format = "czann-2.1.0";
    options.as_is = as_is;
    return czm_convert(&options, result, report);
}

static void compare(czm_report *report, const char *container) {
    czm_differences differences = CZM_DIFFERENCES_INIT;
    FUZZ_EXPECT(czm_diff(file, container, &differences, report) == CZM_OK);
    FUZZ_EXPECT(differences.count == 0);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size) {
    if (!file) {
        file = fuzz_path("network.onnx");
        folder = fuzz_path("out");
    }
    fuzz_write(file, czm_bytes_of(data, size));
    czm_report *report = czm_report_new();
    czm_result result = CZM_RESULT_INIT;
    czm_inspection inspection;
    if (fuzz_inspect(file, report, &inspection) == CZM_OK) FUZZ_EXPECT(inspection.opset > 0);
    if (pack(report, true, &result) == CZM_OK) compare(report, result.path);
    (void)pack(report, false, &result); // its operations are read, checked and written anew
    czm_report_free(report);
    return 0;
}
