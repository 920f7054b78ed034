// SPDX-License-Identifier: Apache-2.0
//
// The input is a Keras file, HDF5 as a rule. It is looked at and converted for TensorFlow and for ONNX Runtime:
// the written file must be valid.
#include "czm.h"
#include "fuzz.h"

static const char *file, *folder;

static void convert(const char *format, czm_report *report) {
    static const czm_class classes[] = {{"a", 0, 0, 0, false}, {"b", 0, 0, 0, false}};
    static const char *const allowed[] = {
        "input-channels", "probabilities", "pixel-type-channels",
        "class-count",    "border",        "input-size-undefined"};
    czm_metadata metadata = CZM_METADATA_INIT;
    metadata.model_path = file;
    metadata.color_handling = "ConvertToMonochrome";
    metadata.pixel_type = "Gray16";
    metadata.classes = classes;
    metadata.class_count = CZM_COUNT_OF(classes);
    czm_options options = CZM_OPTIONS_INIT;
    options.metadata = &metadata;
    options.output_folder = folder;
    options.format = format;
    options.allow = allowed;
    options.allow_count = CZM_COUNT_OF(allowed);
    czm_result result = CZM_RESULT_INIT;
    if (czm_convert(&options, &result, report) == CZM_OK) fuzz_expect_sound(result.path);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size) {
    if (!file) {
        file = fuzz_path("network.h5");
        folder = fuzz_path("out");
    }
    fuzz_write(file, czm_bytes_of(data, size));
    czm_report *report = czm_report_new();
    czm_inspection inspection;
    (void)fuzz_inspect(file, report, &inspection);
    convert("3.0.0", report);
    convert("czann-2.1.0", report);
    czm_report_free(report);
    return 0;
}
