// SPDX-License-Identifier: Apache-2.0
//
// The network of a SavedModel as a file in ONNX, for the tests:
//
//     translate SAVED_MODEL OPSET FILE.onnx [SIGNATURE [HEIGHT WIDTH]]
#include <setjmp.h>
#include <stdio.h>
#include <stdlib.h>

#include "api/target.h"
#include "write/onnx/translate.h"
#include "write/onnx/write.h"

static czm_status put(void *user, czm_bytes block) {
    return fwrite(block.data, 1, block.size, user) == block.size ? CZM_OK : CZM_ERROR_IO;
}

static czm_status translate(czm_context *context, const czm_options *options, int opset,
                            const char *path) {
    czm_target target;
    czm_onnx_model onnx;
    const czm_onnx_plan *plan;
    uint64_t size;
    CZM_TRY(czm_target_open(context, options, &target));
    target.is_translated = true;
    CZM_TRY(czm_target_read_model(context, &target));
    CZM_TRY(czm_onnx_translate(context, &target.model, opset, &onnx));
    CZM_TRY(czm_onnx_plan_make(context, &onnx, &plan, &size));
    FILE *file = fopen(path, "wb");
    if (!file) return CZM_ERROR_IO;
    czm_status status = czm_onnx_write(context, plan, (czm_sink){put, file});
    bool is_whole = ftell(file) == (long)size;
    if (fclose(file) != 0 || !is_whole) return CZM_ERROR_IO;
    return status;
}

int main(int argc, char **argv) {
    jmp_buf out_of_memory;
    if (argc < 4) return CZM_ERROR_USAGE;
    czm_options options = CZM_OPTIONS_INIT;
    options.source_path = argv[1];
    if (argc > 4) options.signature = argv[4];
    if (argc > 6) {
        options.spatial_height = atoi(argv[5]);
        options.spatial_width = atoi(argv[6]);
    }
    czm_report *report = czm_report_new();
    if (setjmp(out_of_memory)) return CZM_ERROR_MEMORY;
    czm_context context = {czm_arena_new(&out_of_memory), report};
    czm_status status = translate(&context, &options, atoi(argv[2]), argv[3]);
    for (size_t i = 0; i < czm_report_count(report); i++) {
        const czm_finding *f = czm_report_at(report, i);
        fprintf(stderr, "%s: %s [%s]\n", f->where, f->finding, f->rule);
    }
    czm_arena_free(context.arena);
    czm_report_free(report);
    return (int)status;
}
