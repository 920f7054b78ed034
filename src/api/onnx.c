// SPDX-License-Identifier: Apache-2.0
//
// czm_write_onnx(): writes the network of a model of any kind as an ONNX file.
#include "api/call.h"
#include "api/content.h"
#include "api/target.h"
#include "write/onnx/translate.h"
#include "write/onnx/write.h"

typedef struct writing {
    czm_context *context;
    const czm_options *options;
    const char *path;
    czm_file *file;
    uint64_t at;
} writing;

static czm_status unwritable(const writing *w) {
    return czm_report_add(w->context->report, CZM_RULE_FILE_UNWRITABLE, w->path, NULL, "%s",
                          czm_file_error());
}

static czm_status put(void *user, czm_bytes block) {
    writing *w = user;
    if (!czm_file_write_at(w->file, w->at, block.data, block.size)) return unwritable(w);
    w->at += block.size;
    return CZM_OK;
}

static czm_status translate(writing *w, czm_target *target) {
    czm_onnx_model *onnx = CZM_NEW(w->context->arena, czm_onnx_model);
    const czm_onnx_plan *plan;
    uint64_t size;
    target->is_translated = true;
    CZM_TRY(czm_target_read_model(w->context, target));
    int opset = target->format->opset ? target->format->opset : CZM_ONNX_OLD;
    CZM_TRY(czm_onnx_translate(w->context, &target->model, opset, onnx));
    CZM_TRY(czm_onnx_plan_make(w->context, onnx, &plan, &size));
    return czm_onnx_write(w->context, plan, (czm_sink){put, w});
}

static czm_status copy(writing *w, const czm_target *target) {
    czm_payload payload;
    CZM_TRY(czm_content_onnx_file(w->context, target, &payload));
    return payload.stream(&payload, w->context, (czm_sink){put, w});
}

static czm_status write(czm_context *context, void *data) {
    writing *w = data;
    w->context = context;
    czm_target *target = CZM_NEW(context->arena, czm_target);
    CZM_TRY(czm_options_take(context, &w->options));
    CZM_TRY(czm_target_open(context, w->options, target));
    w->file = czm_file_create_beside(context->arena, w->path);
    if (!w->file) return unwritable(w);
    CZM_TRY(target->has_onnx ? copy(w, target) : translate(w, target));
    return czm_file_publish(w->file) ? CZM_OK : unwritable(w);
}

czm_status czm_write_onnx(const czm_options *options, const char *path, czm_report *report) {
    writing w = {.options = options, .path = path};
    return czm_call(report, write, &w);
}
