// SPDX-License-Identifier: Apache-2.0
//
// The input is a saved_model.pb: all its functions and signatures are read, used or not.
#include "api/call.h"
#include "fuzz.h"
#include "read/savedmodel/census.h"
#include "read/savedmodel/flatten.h"

static void read_functions(czm_context *context, czm_meta_graph *graph) {
    for (size_t i = 0; i < graph->functions.capacity; i++) {
        const czm_name_slot *slot = &graph->functions.slots[i];
        czm_flat_graph flat;
        czm_status status = slot->value ? czm_flatten_function(context, graph, slot->name, &flat)
                                        : CZM_OK;
        if (status == CZM_OK && slot->value) czm_graph_sort(&flat.graph);
    }
}

static void read_signatures(czm_context *context, czm_meta_graph *graph) {
    for (size_t i = 0; i < graph->signatures.count; i++) {
        const czm_signature_tensors *outputs = &graph->signatures.items[i].outputs;
        for (size_t k = 0; k < outputs->count; k++) {
            czm_flat_graph flat;
            const czm_bytes *tensor = &outputs->items[k].tensor;
            if (tensor->size == 0) continue;
            if (czm_flatten_main(context, graph, tensor, 1, graph->restore_op, &flat) == CZM_OK)
                czm_graph_sort(&flat.graph);
        }
    }
}

static czm_status read_all(czm_context *context, void *data) {
    czm_source source;
    czm_meta_graph graph;
    czm_census census;
    CZM_TRY(czm_source_open(context, data, &source));
    CZM_TRY(czm_meta_graph_read(context, &source, &graph));
    read_functions(context, &graph);
    read_signatures(context, &graph);
    return czm_census_read(context, &source, &census);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size) {
    static const char *folder, *file;
    if (!folder) {
        folder = fuzz_path("model");
        file = fuzz_path("model/saved_model.pb");
    }
    fuzz_write(file, czm_bytes_of(data, size));
    czm_report *report = czm_report_new();
    if (czm_call(report, read_all, (void *)folder) != CZM_OK)
        FUZZ_EXPECT(czm_report_count(report) > 0);
    czm_report_free(report);
    return 0;
}
