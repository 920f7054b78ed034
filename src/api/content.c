// SPDX-License-Identifier: Apache-2.0
//
// The two kinds of content that a CZModel gets; see content.h.
#include "api/content.h"

#include "base/os.h"
#include "onnx/translate.h"
#include "onnx/write.h"
#include "write/bundle.h"
#include "write/saved_model.h"

static czm_status stream_data(const czm_payload *self, czm_context *context, czm_sink sink) {
    return czm_bundle_data(context, self->data, sink);
}

static czm_status stream_index(const czm_payload *self, czm_context *context, czm_sink sink) {
    return sink.take(sink.user, czm_bundle_index(context->arena, self->data));
}

// The rewritten network: three members, of which the index is written last.
czm_status czm_content_rewritten(czm_context *context, czm_target *target,
                                 const czm_check_subject *subject, czm_package *package) {
    czm_arena *arena = context->arena;
    czm_payload *payloads = CZM_NEW_ARRAY(arena, czm_payload, 3);
    czm_bundle_plan *plan = CZM_NEW(arena, czm_bundle_plan);
    *plan = czm_bundle_plan_make(arena, &target->model);
    payloads[0] = czm_payload_bytes(arena, "saved_model.pb",
                                    czm_saved_model_write(arena, &target->model, subject->input,
                                                          subject->output));
    payloads[1] = (czm_payload){"variables/variables.index", czm_bundle_index(arena, plan).size,
                                true, stream_index, plan};
    payloads[2] = (czm_payload){"variables/variables.data-00000-of-00001", plan->data_size, false,
                                stream_data, plan};
    package->payloads = payloads;
    package->payload_count = plan->count ? 3 : 1;
    return CZM_OK;
}

static czm_status stream_onnx(const czm_payload *self, czm_context *context, czm_sink sink) {
    return czm_onnx_write(context, self->data, sink);
}

// Without the batch.
static void copy_sizes(czm_shape shape, int64_t sizes[3]) {
    for (int i = 0; i < 3; i++) sizes[i] = shape.rank == 4 ? shape.dims[i + 1] : CZM_UNKNOWN;
}

czm_status czm_content_onnx(czm_context *context, czm_target *target,
                            const czm_check_subject *subject, czm_package *package) {
    czm_onnx_model *onnx = CZM_NEW(context->arena, czm_onnx_model);
    czm_payload *payload = CZM_NEW(context->arena, czm_payload);
    const czm_onnx_plan *plan;
    CZM_TRY(
        czm_onnx_translate(context, &target->model, subject->shapes, target->format->opset, onnx));
    *payload = (czm_payload){.name = "network", .stream = stream_onnx};
    CZM_TRY(czm_onnx_plan_make(context, onnx, &plan, &payload->size));
    payload->data = plan;
    package->payloads = payload;
    package->payload_count = 1;
    copy_sizes(subject->input, package->shapes.input);
    copy_sizes(subject->output, package->shapes.output);
    return CZM_OK;
}

typedef struct source_file {
    const czm_source *source;
    const char *name;
    czm_extent extent;
} source_file;

static czm_status stream_source_file(const czm_payload *self, czm_context *context, czm_sink sink) {
    enum { BLOCK = 256 * 1024 };
    const source_file *f = self->data;
    uint8_t *block = czm_arena_alloc(context->arena, BLOCK);
    for (uint64_t at = 0; at < self->size;) {
        size_t size = self->size - at < BLOCK ? (size_t)(self->size - at) : BLOCK;
        if (!czm_file_read_at(f->extent.file, f->extent.offset + at, block, size))
            return czm_report_add(context->report, CZM_RULE_FILE_UNREADABLE,
                                  czm_source_where(context, f->source, f->name), NULL,
                                  "reading failed: %s", czm_file_error());
        CZM_TRY(sink.take(sink.user, czm_bytes_of(block, size)));
        at += size;
    }
    return CZM_OK;
}

static bool is_safe_name(const char *name) {
    if (czm_path_is_absolute(name) || strchr(name, '\\') || strchr(name, ':')) return false;
    for (const char *at = name; at; at = strchr(at, '/') ? strchr(at, '/') + 1 : NULL)
        if (strncmp(at, "../", 3) == 0 || czm_text_equal(at, "..")) return false;
    return true;
}

// The files are not looked into while they are packed: the weights are verified before.
czm_status czm_content_as_is(czm_context *context, czm_target *target, czm_package *package) {
    czm_arena *arena = context->arena;
    CZM_TRY(czm_target_verify_weights(context, target));
    czm_path_list files;
    CZM_TRY(czm_source_list(context, &target->source, &files));
    czm_payload *payloads = CZM_NEW_ARRAY(arena, czm_payload, files.count);
    for (size_t i = 0; i < files.count; i++) {
        if (!is_safe_name(files.paths[i]))
            return czm_report_add(context->report, CZM_RULE_MEMBER_NAME, files.paths[i], NULL,
                                  "the name of a file leads out of the model's folder");
        source_file *f = CZM_NEW(arena, source_file);
        *f = (source_file){.source = &target->source, .name = files.paths[i]};
        CZM_TRY(czm_source_extent(context, &target->source, f->name, &f->extent));
        payloads[i] = (czm_payload){f->name, f->extent.size, false, stream_source_file, f};
    }
    package->payloads = payloads;
    package->payload_count = files.count;
    return CZM_OK;
}
