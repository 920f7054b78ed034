// SPDX-License-Identifier: Apache-2.0
//
// The input is a JSON specification. Its metadata are written as XML, which must give the same values when it is read.
#include "api/call.h"
#include "fuzz.h"
#include "read/manifest.h"

typedef struct round_trip {
    const czm_metadata *metadata;
    const char *xml;
} round_trip;

static czm_status read_back(czm_context *context, void *data) {
    const round_trip *trip = data;
    czm_manifest manifest;
    CZM_TRY(czm_manifest_read(context, "xml", czm_bytes_text(trip->xml), &manifest));
    FUZZ_EXPECT(manifest.class_count == trip->metadata->class_count);
    FUZZ_EXPECT(manifest.border_size == trip->metadata->border_size);
    for (size_t i = 0; i < manifest.class_count; i++)
        FUZZ_EXPECT(czm_text_equal(manifest.classes[i].name, trip->metadata->classes[i].name));
    return CZM_OK;
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size) {
    static const char *path;
    if (!path) path = fuzz_path("model_spec.json");
    fuzz_write(path, czm_bytes_of(data, size));
    czm_report *report = czm_report_new();
    czm_metadata metadata = CZM_METADATA_INIT;
    const char *xml = NULL;
    if (czm_metadata_from_json(path, &metadata, report) == CZM_OK)
        xml = czm_metadata_xml(&metadata, NULL, report);
    else
        FUZZ_EXPECT(czm_report_count(report) > 0);
    round_trip trip = {&metadata, xml};
    if (xml) FUZZ_EXPECT(czm_call(report, read_back, &trip) == CZM_OK);
    czm_report_free(report);
    return 0;
}
