// SPDX-License-Identifier: Apache-2.0
//
// czm_convert(): the whole way from a specification to a container, in the order of the work.
#include "api/call.h"
#include "api/content.h"
#include "api/loss.h"
#include "api/target.h"
#include "base/os.h"
#include "base/uuid.h"
#include "package/czmodel.h"

typedef struct conversion {
    czm_context context;
    const czm_options *options;
    czm_target target;
    czm_package package;
    czm_result result;
} conversion;

// `option` is the name, in messages, of the option to correct.
static czm_status usage(conversion *c, const char *option, const char *hint, const char *text) {
    return czm_report_add(c->context.report, CZM_RULE_USAGE, option, hint, "%s", text);
}

static const char *option_text(conversion *c, czm_option option, const char *value) {
    return czm_report_option(c->context.report, option, value);
}

static czm_status check_options(conversion *c) {
    CZM_TRY(czm_options_take(&c->context, &c->options));
    const czm_options *o = c->options;
    if (!o->output_folder || !*o->output_folder)
        return usage(c, "output folder", "name the folder for the result", "no folder is named");
    const char *name = o->output_name;
    if (name && (!*name || strpbrk(name, "/\\") || czm_path_base(name) != name))
        return usage(c, "output name",
                     "use a name without folders; the output folder is a separate argument",
                     "the name is empty or contains a path");
    if (o->as_is && (o->output || o->signature || o->spatial_height || o->preprocessing_count ||
                     o->postprocessing_count))
        return usage(c, option_text(c, CZM_OPTION_AS_IS, NULL),
                     "omit this option, or the option that changes the network",
                     "this option packs the files unchanged; another option changes the network");
    if (o->model_id && !czm_uuid_is_valid(o->model_id))
        return czm_report_add(c->context.report, CZM_RULE_MODEL_ID,
                              option_text(c, CZM_OPTION_MODEL_ID, NULL), NULL,
                              "\"%s\" is not a UUID in lower case hexadecimal", o->model_id);
    return CZM_OK;
}

// Whether a container is converted to another format and to nothing else.
static bool is_unchanged(const conversion *c) {
    const czm_target *t = &c->target;
    const czm_container *from = &t->container;
    const czm_edits *edits = &t->spec.edits;
    bool is_json = from->kind == CZM_CONTAINER_JSON;
    int64_t border = is_json ? from->metadata.border_size : from->manifest.border_size;
    const char *name = is_json ? from->metadata.model_name : from->manifest.model_name;
    return !edits->height && !edits->before_count && !edits->after_count && t->input.factor == 1 &&
           t->spec.border_size == border &&
           (!c->options->model_name || (name && czm_text_equal(c->options->model_name, name)));
}

// The given id, or else that of the metadata, or else that of an unchanged container. NULL: the id is derived from
// the written bytes.
static czm_status choose_id(conversion *c, const char **id) {
    const char *own = c->target.container.id, *stated = c->target.spec.model_id;
    if (stated && !c->options->model_id && !czm_uuid_is_valid(stated))
        return czm_report_add(c->context.report, CZM_RULE_MODEL_ID,
                              czm_arena_format(c->context.arena, "%s: Id", c->target.spec.where),
                              NULL, "\"%s\" is not a UUID in lower case hexadecimal", stated);
    bool is_kept = own && czm_uuid_is_valid(own) && is_unchanged(c);
    *id = c->options->model_id ? c->options->model_id : stated ? stated : is_kept ? own : NULL;
    return CZM_OK;
}

static const char *extension_of(conversion *c) {
    const char *wanted = c->options->extension;
    return wanted ? czm_arena_format(c->context.arena, ".%s", wanted) : c->target.format->extension;
}

static const char *output_path(conversion *c) {
    const char *name = c->options->output_name ? c->options->output_name : "DNNModel";
    const char *extension = extension_of(c);
    if (!czm_text_ends_but_case(name, extension))
        name = czm_arena_format(c->context.arena, "%s%s", name, extension);
    return czm_path_join(c->context.arena, c->options->output_folder, name);
}

static czm_status check_extension(conversion *c) {
    static const char *const known[][2] = {{"czmodel", "czseg"}, {"czann", "czann"}};
    const char *wanted = c->options->extension;
    const char *const *fitting = known[c->target.format->container];
    if (!wanted || czm_text_equal(wanted, fitting[0]) || czm_text_equal(wanted, fitting[1]))
        return CZM_OK;
    return usage(c, option_text(c, CZM_OPTION_EXTENSION, NULL),
                 "use czmodel or czseg for 3.0.0 and 3.1.0, czann for the other formats",
                 "the extension does not belong to the format");
}

// Finds all faults before the call ends.
static czm_status read_and_judge(conversion *c, const czm_check_subject **subject) {
    size_t since = czm_report_moment(c->context.report);
    czm_status status = czm_target_open_for_conversion(&c->context, c->options, &c->target);
    if (czm_target_has_network(&c->target) &&
        czm_target_read_model(&c->context, &c->target) == CZM_OK)
        *subject = czm_target_judge(&c->context, &c->target);
    czm_status worst = czm_report_status(c->context.report, since);
    return worst ? worst : status;
}

// Checks that the kind of network fits the format.
static czm_status check_kinds(conversion *c) {
    const czm_format *format = c->target.format;
    if (c->target.has_onnx && !format->opset)
        return czm_report_add(c->context.report, CZM_RULE_NETWORK_KIND, c->target.onnx.where,
                              czm_arena_format(c->context.arena,
                                               "convert the SavedModel, or choose a format with "
                                               "ONNX: %s",
                                               option_text(c, CZM_OPTION_FORMAT, "3.1.0")),
                              "the network is ONNX, but format %s contains a SavedModel",
                              format->name);
    if (c->options->as_is && format->opset && !c->target.has_onnx)
        return usage(c, option_text(c, CZM_OPTION_AS_IS, NULL), "omit this option",
                     "this option packs a SavedModel, but the network of this format is ONNX");
    return CZM_OK;
}

// Weights that share bytes could become any size.
static void count_network(const conversion *c) {
    for (size_t i = 0; i < c->package.payload_count; i++)
        czm_budget_use(c->context.arena, CZM_DISK, c->package.payloads[i].size, "the weights");
}

static czm_status fill_package(conversion *c, const czm_check_subject *subject) {
    czm_context *context = &c->context;
    c->package.format = c->target.format;
    if (c->target.format->opset)
        CZM_TRY(czm_content_onnx(context, &c->target, subject, &c->package));
    else if (c->options->as_is)
        CZM_TRY(czm_content_as_is(context, &c->target, &c->package));
    else
        CZM_TRY(czm_content_rewritten(context, &c->target, subject, &c->package));
    CZM_TRY(czm_content_license(context, &c->target, &c->package.license));
    c->package.path = output_path(c);
    c->package.spec = &c->target.spec;
    c->package.progress = c->options->progress;
    c->package.user = c->options->user;
    return CZM_OK;
}

static czm_status convert(czm_context *context, void *data) {
    conversion *c = data;
    const czm_check_subject *subject = NULL;
    c->context = *context;
    CZM_TRY(check_options(c));
    CZM_TRY(read_and_judge(c, &subject));
    CZM_TRY(check_extension(c));
    CZM_TRY(check_kinds(c));
    CZM_TRY(choose_id(c, &c->package.model_id));
    CZM_TRY(fill_package(c, subject));
    count_network(c);
    czm_report_loss(&c->context, &c->target);
    CZM_TRY(czm_package_write(&c->context, &c->package, &c->result.size, c->result.model_id));
    c->result.path = czm_report_keep(context->report, c->package.path);
    c->result.class_count = c->target.spec.class_count;
    return CZM_OK;
}

czm_status czm_convert(const czm_options *options, czm_result *result, czm_report *report) {
    if (result) CZM_TRY(czm_check_size(report, "result", result, CZM_FIRST_RESULT, sizeof *result));
    conversion c = {.options = options, .result = CZM_RESULT_INIT};
    CZM_TRY(czm_call(report, convert, &c));
    if (result) czm_struct_give(result, &c.result);
    return CZM_OK;
}
