// SPDX-License-Identifier: Apache-2.0
//
// The contents of a container; see content.h.
#include "api/content.h"

#include "base/os.h"
#include "edit/onnx_prefix.h"
#include "write/onnx/translate.h"
#include "write/onnx/write.h"
#include "write/savedmodel/bundle.h"
#include "write/savedmodel/saved_model.h"

static czm_status stream_data(const czm_payload *self, czm_context *context, czm_sink sink) {
    return czm_bundle_data(context, self->data, sink);
}

static czm_status stream_index(const czm_payload *self, czm_context *context, czm_sink sink) {
    return sink.take(sink.user, czm_bundle_index(context->arena, self->data));
}

// The index has the sizes and checksums of all weights.
static void identify_index(const czm_payload *self, czm_arena *arena, czm_sha256 *sha) {
    czm_sha256_add(sha, czm_bundle_index(arena, self->data));
}

static void identify_data(const czm_payload *self, czm_arena *arena, czm_sha256 *sha) {
    (void)self, (void)arena, (void)sha;
}

// The rewritten network: three members, of which the index is written last.
czm_status czm_content_rewritten(czm_context *context, czm_target *target,
                                 const czm_check_subject *subject, czm_package *package) {
    czm_arena *arena = context->arena;
    czm_payload *payloads = CZM_NEW_ARRAY(arena, czm_payload, 3);
    czm_bundle_plan *plan = CZM_NEW(arena, czm_bundle_plan);
    czm_object_tree tree = czm_object_tree_make(arena, &target->model);
    *plan = czm_bundle_plan_make(arena, &target->model, &tree);
    payloads[0] = czm_payload_bytes(arena, "saved_model.pb",
                                    czm_saved_model_write(arena, &target->model, &tree,
                                                          subject->input, subject->output));
    payloads[1] = (czm_payload){"variables/variables.index",
                                czm_bundle_index(arena, plan).size,
                                true,
                                stream_index,
                                plan,
                                identify_index};
    payloads[2] = (czm_payload){"variables/variables.data-00000-of-00001",
                                plan->data_size,
                                false,
                                stream_data,
                                plan,
                                identify_data};
    package->payloads = payloads;
    package->payload_count = 3;
    return CZM_OK;
}

static czm_status stream_onnx(const czm_payload *self, czm_context *context, czm_sink sink) {
    return czm_onnx_write(context, self->data, sink);
}

static void identify_onnx(const czm_payload *self, czm_arena *arena, czm_sha256 *sha) {
    (void)arena;
    czm_onnx_plan_identify(self->data, sha);
}

// The sizes without the batch; for open sizes, those that the author states.
static size_t tell_sizes(czm_shape shape, const int64_t *stated, size_t stated_rank,
                         int64_t sizes[CZM_CZANN_MOST_SIZES]) {
    size_t count = shape.rank == 5 || stated_rank == 4 ? 4 : 3;
    bool is_known = shape.rank == (int)count + 1;
    for (size_t i = 0; i < count; i++) {
        sizes[i] = is_known ? shape.dims[i + 1] : CZM_UNKNOWN;
        if (sizes[i] == CZM_UNKNOWN && stated_rank == count) sizes[i] = stated[i];
    }
    return count;
}

static czm_status check_sizes(czm_context *context, const czm_target *target, const char *key,
                              const int64_t *sizes, size_t count) {
    for (size_t i = 0; i < count; i++)
        if (sizes[i] < 1)
            return czm_report_add(
                context->report, CZM_RULE_METADATA_SHAPE,
                czm_arena_format(context->arena, "%s: %s", target->spec.where, key),
                czm_arena_format(context->arena,
                                 "state the sizes in the specification, or set them: %s",
                                 czm_report_option(context->report, CZM_OPTION_SPATIAL_DIMS,
                                                   "HEIGHT,WIDTH")),
                "a .czann needs every size, but the network leaves %s open",
                i + 1 == count ? "the number of channels" : "the height or the width");
    return CZM_OK;
}

// Sets sizes of the output that are only known while the network runs, from the type of the model.
static void complete_output(const czm_spec *spec, czm_czann_shapes *shapes) {
    size_t count = shapes->output_count;
    if (!czm_type_gives_image(spec->model_type) || count != shapes->input_count) return;
    for (size_t i = 0; i + 1 < count; i++)
        if (shapes->output[i] == CZM_UNKNOWN) shapes->output[i] = shapes->input[i];
    if (shapes->output[count - 1] == CZM_UNKNOWN && czm_type_is_segmentation(spec->model_type))
        shapes->output[count - 1] = (int64_t)spec->class_count;
}

static czm_status tell_shapes(czm_context *context, const czm_target *target,
                              const czm_check_subject *subject, czm_czann_shapes *shapes) {
    const czm_spec *spec = &target->spec;
    shapes->input_count =
        tell_sizes(subject->input, spec->input_shape, spec->input_rank, shapes->input);
    shapes->output_count =
        tell_sizes(subject->output, spec->output_shape, spec->output_rank, shapes->output);
    if (target->format->container != CZM_CONTAINER_JSON) return CZM_OK;
    complete_output(spec, shapes);
    CZM_TRY(check_sizes(context, target, "InputShape", shapes->input, shapes->input_count));
    return check_sizes(context, target, "OutputShape", shapes->output, shapes->output_count);
}

static czm_status translate(czm_context *context, czm_target *target, czm_payload *payload) {
    czm_onnx_model *onnx = CZM_NEW(context->arena, czm_onnx_model);
    const czm_onnx_plan *plan;
    CZM_TRY(czm_onnx_translate(context, &target->model, target->format->opset, onnx));
    *payload = (czm_payload){.name = "network", .stream = stream_onnx, .identify = identify_onnx};
    CZM_TRY(czm_onnx_plan_make(context, onnx, &plan, &payload->size));
    payload->data = plan;
    return CZM_OK;
}

static czm_status stream_prefixed(const czm_payload *self, czm_context *context, czm_sink sink) {
    const czm_onnx_prefixed *prefixed = self->data;
    for (size_t i = 0; i < CZM_COUNT_OF(prefixed->pieces); i++) {
        const czm_payload rest =
            czm_payload_extent(context->arena, self->name, prefixed->pieces[i].extent);
        CZM_TRY(sink.take(sink.user, prefixed->pieces[i].bytes));
        CZM_TRY(rest.stream(&rest, context, sink));
    }
    return CZM_OK;
}

czm_status czm_content_onnx_file(czm_context *context, const czm_target *target,
                                 czm_payload *payload) {
    const czm_onnx_file *file = &target->onnx;
    *payload = czm_payload_extent(context->arena, "network", file->extent);
    bool is_cast = target->input.takes_float && czm_edit_can_cast(file->inputs.items[0].dtype);
    if (!is_cast && target->input.factor == 1) return CZM_OK;
    czm_onnx_prefixed *prefixed = CZM_NEW(context->arena, czm_onnx_prefixed);
    CZM_TRY(czm_onnx_prefix(context, file, target->input.factor, prefixed));
    *payload = (czm_payload){"network", prefixed->size, false, stream_prefixed, prefixed, NULL};
    return CZM_OK;
}

czm_status czm_content_onnx(czm_context *context, czm_target *target,
                            const czm_check_subject *subject, czm_package *package) {
    czm_payload *payload = CZM_NEW(context->arena, czm_payload);
    if (target->has_onnx)
        CZM_TRY(czm_content_onnx_file(context, target, payload));
    else
        CZM_TRY(translate(context, target, payload));
    package->payloads = payload;
    package->payload_count = 1;
    return tell_shapes(context, target, subject, &package->shapes);
}

static bool is_safe_name(const char *name) {
    if (czm_path_is_absolute(name) || strchr(name, '\\') || strchr(name, ':')) return false;
    for (const char *at = name; at; at = strchr(at, '/') ? strchr(at, '/') + 1 : NULL)
        if (strncmp(at, "../", 3) == 0 || czm_text_equal(at, "..")) return false;
    return true;
}

// The files are packed without reading their contents: the weights were verified before.
czm_status czm_content_as_is(czm_context *context, czm_target *target, czm_package *package) {
    czm_arena *arena = context->arena;
    CZM_TRY(czm_target_verify_weights(context, target));
    czm_path_list files;
    CZM_TRY(czm_source_list(context, &target->source, &files));
    czm_payload *payloads = CZM_NEW_ARRAY(arena, czm_payload, files.count);
    for (size_t i = 0; i < files.count; i++) {
        if (!is_safe_name(files.paths[i]))
            return czm_report_add(context->report, CZM_RULE_MEMBER_NAME, files.paths[i], NULL,
                                  "the path of a file lies outside the model's folder");
        czm_extent extent;
        CZM_TRY(czm_source_extent(context, &target->source, files.paths[i], &extent));
        payloads[i] = czm_payload_extent(arena, files.paths[i], extent);
    }
    package->payloads = payloads;
    package->payload_count = files.count;
    return CZM_OK;
}

czm_status czm_content_license(czm_context *context, const czm_target *target,
                               czm_payload *license) {
    const char *path = target->spec.license_path;
    const czm_container *c = &target->container;
    if (!path && c->license_name)
        *license = czm_payload_extent(context->arena, c->license_name, c->license);
    if (!path) return CZM_OK;
    czm_file *file = czm_file_open(context->arena, path);
    if (!file)
        return czm_report_add(context->report, CZM_RULE_FILE_UNREADABLE, path, NULL,
                              "the licence cannot be opened: %s", czm_file_error());
    *license = czm_payload_extent(context->arena, czm_path_base(path), czm_extent_whole(file));
    return CZM_OK;
}
