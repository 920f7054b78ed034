// SPDX-License-Identifier: Apache-2.0
//
// czm_convert(): the whole way from a specification to a CZModel, in the order of the work.
#include <setjmp.h>

#include "base/os.h"
#include "check/check.h"
#include "czm.h"
#include "edit/edit.h"
#include "package/czmodel.h"
#include "package/manifest.h"
#include "passes/passes.h"
#include "read/source.h"
#include "shape/shape.h"
#include "spec/spec.h"
#include "write/bundle.h"
#include "write/saved_model.h"

typedef struct conversion {
    czm_context context;
    const czm_options *options;
    czm_spec spec;
    czm_source source;
    czm_model model;
    czm_package package;
    uint64_t size;
    char model_id[37];
} conversion;

static czm_status usage(conversion *c, const char *hint, const char *text) {
    return czm_report_add(c->context.report, CZM_RULE_USAGE, "options", hint, "%s", text);
}

static czm_status check_options(conversion *c) {
    const czm_options *o = c->options;
    if (o->struct_size != sizeof *o)
        return usage(c, "initialise it with CZM_OPTIONS_INIT", "the options have an unknown size");
    if (!o->spec_path && !o->metadata)
        return usage(c, "set spec_path or metadata", "there is no specification");
    if (!o->spec_path && o->metadata->struct_size != sizeof *o->metadata)
        return usage(c, "initialise it with CZM_METADATA_INIT", "the metadata has an unknown size");
    if (!o->output_folder || !*o->output_folder)
        return usage(c, "name the folder for the result", "there is no output folder");
    if (o->output_name && (!*o->output_name || strpbrk(o->output_name, "/\\")))
        return usage(c, "give a name without folders; the folder is an argument of its own",
                     "the output name is empty or holds a path");
    if ((o->spatial_height == 0) != (o->spatial_width == 0) || o->spatial_height < 0 ||
        o->spatial_width < 0 || o->spatial_height > INT32_MAX || o->spatial_width > INT32_MAX)
        return usage(c, "write --spatial-dims HEIGHT,WIDTH, in pixels",
                     "the spatial dims are not two positive sizes");
    if (o->as_is && (o->output || o->signature || o->spatial_height || o->preprocessing_count ||
                     o->postprocessing_count))
        return usage(c, "leave out --as-is, or the option that changes the graph",
                     "--as-is packs the files untouched and does not go with options that change "
                     "the graph");
    if (o->model_id && !czm_uuid_is_valid(o->model_id))
        return czm_report_add(c->context.report, CZM_RULE_MODEL_ID, "--model-id",
                              "write it like 6f1c3bd0-7a54-4b69-9e57-0c1d5c1f8a11",
                              "\"%s\" is no such UUID", o->model_id);
    return CZM_OK;
}

static czm_status choose_id(conversion *c) {
    if (c->options->model_id)
        memcpy(c->model_id, c->options->model_id, sizeof c->model_id);
    else if (!czm_uuid_make(c->model_id))
        return czm_report_add(c->context.report, CZM_RULE_FILE_UNREADABLE, "random numbers", NULL,
                              "the system gives none: %s", czm_file_error());
    return CZM_OK;
}

static bool ends_with_extension(const char *name) {
    static const char extension[] = ".czmodel";
    size_t size = strlen(name), extension_size = strlen(extension);
    if (size < extension_size) return false;
    for (size_t i = 0; i < extension_size; i++) {
        char c = name[size - extension_size + i];
        if ((c >= 'A' && c <= 'Z' ? c - 'A' + 'a' : c) != extension[i]) return false;
    }
    return true;
}

static const char *output_path(conversion *c) {
    const char *name = c->options->output_name ? c->options->output_name : "DNNModel";
    if (!ends_with_extension(name)) name = czm_arena_format(c->context.arena, "%s.czmodel", name);
    return czm_path_join(c->context.arena, c->options->output_folder, name);
}

// ---- the two kinds of content

static czm_status stream_data(const czm_payload *self, czm_context *context, czm_sink sink) {
    return czm_bundle_data(context, self->data, sink);
}

static czm_status stream_index(const czm_payload *self, czm_context *context, czm_sink sink) {
    return sink.take(sink.user, czm_bundle_index(context->arena, self->data));
}

// The rewritten network: three members, of which the index is written last.
static void add_network(conversion *c, const czm_shapes *shapes, czm_shape output) {
    czm_arena *arena = c->context.arena;
    czm_shape input = czm_shape_of(shapes, c->model.main.inputs.items[0].tensor);
    czm_payload *payloads = CZM_NEW_ARRAY(arena, czm_payload, 3);
    czm_bundle_plan *plan = CZM_NEW(arena, czm_bundle_plan);
    *plan = czm_bundle_plan_make(arena, &c->model);
    payloads[0] = czm_payload_bytes(arena, "saved_model.pb",
                                    czm_saved_model_write(arena, &c->model, input, output));
    payloads[1] = (czm_payload){"variables/variables.index", czm_bundle_index(arena, plan).size,
                                true, stream_index, plan};
    payloads[2] = (czm_payload){"variables/variables.data-00000-of-00001", plan->data_size, false,
                                stream_data, plan};
    c->package.payloads = payloads;
    c->package.payload_count = plan->count ? 3 : 1;
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

static czm_status discard(void *user, czm_bytes block) {
    (void)user, (void)block;
    return CZM_OK;
}

// Untouched files are not looked into while they are packed: the weights are verified before.
static czm_status verify_weights(conversion *c) {
    for (size_t i = 0; i < c->model.variables.count; i++) {
        const czm_tensor_source *source = c->model.variables.items[i].source;
        uint32_t crc32c;
        CZM_TRY(source->stream(source, &c->context, (czm_sink){discard, NULL}, &crc32c));
    }
    return CZM_OK;
}

// The SavedModel's files, untouched.
static czm_status add_files(conversion *c) {
    czm_arena *arena = c->context.arena;
    CZM_TRY(verify_weights(c));
    czm_path_list files;
    CZM_TRY(czm_source_open(&c->context, c->spec.model_path, &c->source));
    CZM_TRY(czm_source_list(&c->context, &c->source, &files));
    czm_payload *payloads = CZM_NEW_ARRAY(arena, czm_payload, files.count);
    for (size_t i = 0; i < files.count; i++) {
        if (!is_safe_name(files.paths[i]))
            return czm_report_add(c->context.report, CZM_RULE_MEMBER_NAME, files.paths[i], NULL,
                                  "the name of a file leads out of the model's folder");
        source_file *f = CZM_NEW(arena, source_file);
        *f = (source_file){.source = &c->source, .name = files.paths[i]};
        CZM_TRY(czm_source_extent(&c->context, &c->source, f->name, &f->extent));
        payloads[i] = (czm_payload){f->name, f->extent.size, false, stream_source_file, f};
    }
    c->package.payloads = payloads;
    c->package.payload_count = files.count;
    return CZM_OK;
}

// ---- the pipeline

// With --as-is nothing is rewritten: what TensorFlow 2.0.0 lacks is then worth a warning only.
static void relax(conversion *c) {
    if (c->options->as_is) czm_report_relax(c->context.report, CZM_RULE_OP_UNSUPPORTED);
}

static czm_status check(conversion *c, const czm_shapes *shapes) {
    size_t first = czm_report_count(c->context.report);
    czm_check_subject subject = {&c->model, shapes, &c->spec};
    relax(c);
    czm_checks_run(&c->context, &subject);
    CZM_TRY(czm_report_status(c->context.report, first));
    if (c->options->as_is) return add_files(c);
    add_network(c, shapes, czm_check_output_shape(c->context.arena, &subject));
    return CZM_OK;
}

static czm_status run(conversion *c) {
    CZM_TRY(check_options(c));
    CZM_TRY(choose_id(c));
    CZM_TRY(czm_spec_read(&c->context, c->options, &c->spec));
    CZM_TRY(czm_edit_model(&c->context, c->options, &c->spec, &c->model));
    if (!c->options->as_is) czm_passes_run(&c->context, &c->model);
    CZM_TRY(check(c, czm_shapes_infer(c->context.arena, &c->model, NULL)));
    c->package.path = output_path(c);
    c->package.model_id = c->model_id;
    c->package.spec = &c->spec;
    c->package.progress = c->options->progress;
    c->package.user = c->options->user;
    return czm_package_write(&c->context, &c->package, &c->size);
}

static void fill_result(const conversion *c, czm_result *result) {
    result->path = czm_report_keep(c->context.report, c->package.path);
    memcpy(result->model_id, c->model_id, sizeof result->model_id);
    result->size = c->size;
    result->class_count = c->spec.class_count;
}

czm_status czm_convert(const czm_options *options, czm_result *result, czm_report *report) {
    jmp_buf out_of_memory;
    if (result && result->struct_size != sizeof *result)
        return czm_report_add(report, CZM_RULE_USAGE, "result",
                              "initialise it with CZM_RESULT_INIT",
                              "the result has an unknown size");
    czm_arena *volatile arena = czm_arena_new(&out_of_memory);
    if (!arena) return czm_report_out_of_memory(report);
    czm_status status;
    if (setjmp(out_of_memory) == 0) {
        conversion *c = CZM_NEW(arena, conversion);
        c->context = (czm_context){arena, report};
        c->options = options;
        status = run(c);
        if (!status && result) fill_result(c, result);
    } else {
        status = czm_report_out_of_memory(report);
    }
    czm_arena_free(arena);
    return status;
}
