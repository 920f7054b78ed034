// SPDX-License-Identifier: Apache-2.0
//
// Opens the target of a call; see target.h.
#include "api/target.h"

#include "base/decimal.h"
#include <stdlib.h>

#include "analysis/receptive_field.h"
#include "api/call.h"
#include "api/tile_size.h"
#include "edit/step.h"
#include "graph/reorder.h"
#include "passes/passes.h"
#include "read/network.h"
#include "spec/json_spec.h"
#include "spec/value_range.h"

static czm_status usage(czm_report *report, czm_option option, const char *hint, const char *text) {
    return czm_report_add(report, CZM_RULE_USAGE, czm_report_option(report, option, NULL), hint,
                          "%s", text);
}

static czm_status take_allowed(czm_report *report, const char *id) {
    czm_rule rule = czm_rule_find(id);
    const char *where = czm_report_option(report, CZM_OPTION_ALLOW, NULL);
    if (rule == CZM_RULE_COUNT)
        return czm_report_add(report, CZM_RULE_USAGE, where, "\"czmodel explain\" lists all rules",
                              "there is no rule \"%s\"", id);
    if (!czm_rule_at(rule)->can_be_allowed)
        return czm_report_add(
            report, CZM_RULE_USAGE, where, "correct the findings of this rule",
            "findings of the rule \"%s\" cannot be allowed: they prevent a correct file", id);
    czm_report_allow(report, rule);
    return CZM_OK;
}

// "90"
static bool is_number(const char *text) {
    size_t digits = strspn(text, "0123456789");
    return digits > 0 && digits <= 9 && text[digits] == '\0';
}

static const char *list_formats(czm_arena *arena) {
    const char *text = "";
    for (size_t i = 0; i < czm_format_count; i++)
        text = czm_arena_format(arena, "%s%s%s", text, i ? ", " : "", czm_formats[i].name);
    return text;
}

// NULL: no format is requested, or it is not known.
static const czm_format *wanted_format(const czm_options *o) {
    if (o->zen) return czm_format_for_zen(o->zen);
    return o->format ? czm_format_find(o->format) : NULL;
}

static czm_status check_format(czm_context *context, const czm_options *o) {
    const czm_format *format = wanted_format(o);
    if (o->format && o->zen)
        return usage(context->report, CZM_OPTION_ZEN, "omit this option or the format",
                     "the version of ZEN determines the format, but a format is given too");
    if (o->zen && !format)
        return czm_report_add(context->report, CZM_RULE_USAGE,
                              czm_report_option(context->report, CZM_OPTION_ZEN, NULL),
                              "name ZEN blue 3.2 or newer, or write \"core 3.1\" for ZEN core",
                              "no format is known for ZEN \"%s\"", o->zen);
    if (o->format && !format)
        return czm_report_add(context->report, CZM_RULE_USAGE,
                              czm_report_option(context->report, CZM_OPTION_FORMAT, NULL),
                              czm_arena_format(context->arena, "use one of %s",
                                               list_formats(context->arena)),
                              "there is no format \"%s\"", o->format);
    return CZM_OK;
}

static const char *size_hint(czm_report *report) {
    return czm_report_option(report, CZM_OPTION_SPATIAL_DIMS, "HEIGHT,WIDTH");
}

// The structs that the caller gave, complete.
static czm_status copy_options(czm_context *context, const czm_options **options) {
    czm_options *o = CZM_NEW(context->arena, czm_options);
    czm_metadata *metadata = CZM_NEW(context->arena, czm_metadata);
    *o = (czm_options)CZM_OPTIONS_INIT, *metadata = (czm_metadata)CZM_METADATA_INIT;
    CZM_TRY(
        czm_check_size(context->report, "options", *options, CZM_FIRST_OPTIONS, sizeof **options));
    czm_struct_take(o, *options);
    *options = o;
    if (o->source_path || !o->metadata) return CZM_OK;
    CZM_TRY(czm_check_size(context->report, "metadata", o->metadata, CZM_FIRST_METADATA,
                           sizeof *o->metadata));
    czm_struct_take(metadata, o->metadata);
    o->metadata = metadata;
    return CZM_OK;
}

czm_status czm_options_take(czm_context *context, const czm_options **options) {
    czm_report *report = context->report;
    CZM_TRY(copy_options(context, options));
    const czm_options *o = *options;
    if (!o->source_path && !o->metadata)
        return usage(report, CZM_OPTION_NONE, "set source_path or metadata", "there is no model");
    if ((o->spatial_height == 0) != (o->spatial_width == 0) || o->spatial_height < 0 ||
        o->spatial_width < 0 || o->spatial_height > INT32_MAX || o->spatial_width > INT32_MAX)
        return usage(report, CZM_OPTION_SPATIAL_DIMS, size_hint(report),
                     "height and width are not two positive numbers");
    if (o->layout && czm_onnx_layout_find(o->layout) == CZM_LAYOUT_UNKNOWN)
        return usage(report, CZM_OPTION_LAYOUT, "use nchw or nhwc",
                     "the layout is neither \"nchw\" nor \"nhwc\"");
    if (o->border && !is_number(o->border) && strcmp(o->border, "auto") != 0)
        return usage(report, CZM_OPTION_BORDER, "use auto, or a number of pixels",
                     "the border is neither \"auto\" nor a number");
    bool is_unit;
    if (o->value_range && !czm_value_range_parse(o->value_range, &is_unit))
        return usage(report, CZM_OPTION_VALUE_RANGE, "use raw or unit",
                     "the value range is neither \"raw\" nor \"unit\"");
    CZM_TRY(check_format(context, o));
    czm_report_set_policy(report, o->strict);
    if (o->as_is) czm_report_allow(report, CZM_RULE_OP_UNSUPPORTED); // nothing is rewritten
    for (size_t i = 0; i < o->allow_count; i++) CZM_TRY(take_allowed(report, o->allow[i]));
    return CZM_OK;
}

// ---- opening

static bool is_finished(const czm_target *target) {
    return target->kind == CZM_KIND_CZMODEL && !target->is_converted;
}

static bool is_named(const char *path, const char *ending) {
    size_t length = strlen(path), size = strlen(ending);
    return length > size && czm_text_equal_but_case(path + length - size, ending);
}

// By content: a JSON object begins with a brace, after white space or a byte order mark. A file of unknown kind also
// counts as a specification if its name ends with .json.
static bool looks_like_json(czm_context *context, const char *path) {
    uint8_t head[64];
    czm_file *file = czm_file_open(context->arena, path);
    if (is_named(path, ".json") || is_named(path, ".onnx") || !file) return is_named(path, ".json");
    size_t size = czm_file_size(file) < sizeof head ? (size_t)czm_file_size(file) : sizeof head;
    if (!czm_file_read_at(file, 0, head, size)) return false;
    size_t at = size >= 3 && memcmp(head, "\xef\xbb\xbf", 3) == 0 ? 3 : 0;
    while (at < size && strchr(" \t\r\n", head[at]) && head[at]) at++;
    return at < size && head[at] == '{';
}

// The default format of a model: its own, or the oldest that fits.
static const czm_format *usual_format(const czm_target *target) {
    const czm_container *c = &target->container;
    const czm_format *own = target->kind == CZM_KIND_CZMODEL ? czm_format_of(c->kind, c->version)
                                                             : NULL;
    bool is_czann = target->has_spec && target->spec.is_later;
    if (own) return own;
    if (is_czann)
        return czm_format_find(target->onnx.opset > CZM_OLD_OPSET ? "czann-2.1.0" : "czann-1.1.0");
    bool is_onnx = target->has_onnx || target->source.kind == CZM_SOURCE_ONNX;
    return czm_format_find(is_onnx ? "3.1.0" : "3.0.0");
}

// Whether a step changes the range of the pixels: then the user has settled the value range.
static bool is_scaled(const czm_options *o) {
    static const char *const steps[] = {"scale=", "normalize=", "standardize="};
    for (size_t i = 0; i < o->preprocessing_count; i++)
        for (size_t k = 0; k < CZM_COUNT_OF(steps); k++)
            if (czm_text_begins(o->preprocessing[i], steps[k])) return true;
    return false;
}

static void tell_factor(czm_context *context, const czm_spec *spec, double factor, bool is_step) {
    czm_arena *arena = context->arena;
    bool is_unit = !spec->has_unit_range; // what the container feeds
    const char *raw = czm_arena_format(arena, "the values of %s", spec->pixel_type);
    const char *fed = is_unit ? "values from 0 to 1" : raw;
    const char *option =
        czm_report_option(context->report, CZM_OPTION_VALUE_RANGE, is_unit ? "unit" : "raw");
    czm_report_add_as(context->report, CZM_RULE_PIXEL_RANGE, CZM_NOTE,
                      czm_arena_format(arena, "%s: PixelType", spec->where),
                      czm_arena_format(arena, "if the network expects %s: %s", fed, option),
                      is_step
                          ? "%s feeds %s, and the network expects %s: the first step already "
                            "applies the factor %s, so no second factor is inserted"
                          : "%s feeds %s, and the network expects %s: the factor %s is inserted "
                            "before the network",
                      is_unit ? "a .czann" : "a CZModel", fed, is_unit ? raw : "values from 0 to 1",
                      czm_decimal_text(arena, factor, false, 9));
}

// Determines the factor for the pixels. A finished container gets none: its metadata state the range.
static void settle_range(czm_context *context, czm_target *target) {
    const czm_options *o = target->options;
    czm_spec *spec = &target->spec;
    double factor = is_finished(target) ? 1 : czm_value_factor(spec, target->format);
    bool is_needed = factor != 1, is_known = is_needed && factor != 0;
    bool is_step = is_known && o->preprocessing_count &&
                   czm_step_is_factor(o->preprocessing[0], factor);
    bool is_inserted = is_known && !is_step && !o->as_is && !o->no_factor;
    spec->is_range_settled = !is_needed || is_step || is_inserted || is_scaled(o);
    if (is_inserted) target->input.factor = factor;
    target->input.is_unit = spec->has_unit_range && !is_finished(target) && !o->as_is &&
                            !o->no_factor && !is_scaled(o);
    if (is_step || is_inserted) tell_factor(context, spec, factor, is_step);
}

static void choose_format(czm_context *context, czm_target *target) {
    const char *range = target->options->value_range;
    target->format = wanted_format(target->options);
    if (!target->format) target->format = usual_format(target);
    target->input = (czm_edit_input){.takes_float = !is_finished(target) && !target->options->as_is,
                                     .factor = 1};
    if (!target->has_spec) return;
    if (range) czm_value_range_parse(range, &target->spec.has_unit_range);
    settle_range(context, target);
}

static bool wants_changes(const czm_options *o) {
    return o->preprocessing_count || o->postprocessing_count || o->spatial_height || o->output ||
           o->signature;
}

static czm_status open_onnx(czm_context *context, czm_target *target, const char *where,
                            const czm_source *source, czm_extent extent) {
    if (wants_changes(target->options))
        return czm_report_add(context->report, CZM_RULE_NETWORK_KIND, where,
                              source ? "remove the change, or convert the original network"
                                     : "unpack the container, and convert the specification that "
                                       "it contains",
                              "an option or the specification changes the network, but this ONNX "
                              "network is packed unchanged");
    CZM_TRY(czm_onnx_file_read(context, where, source, extent, &target->onnx));
    target->has_onnx = true;
    return CZM_OK;
}

// An ONNX file becomes a graph like any other, unless it stays as it is: if it is packed so, or if
// it is only looked at (`is_bare`).
static czm_status open_network(czm_context *context, czm_target *target, const char *path,
                               bool is_bare) {
    const czm_options *o = target->options;
    czm_source *source = &target->source;
    CZM_TRY(czm_source_open(context, path, source));
    bool may_stay = o->as_is || !wants_changes(o);
    if (source->kind == CZM_SOURCE_ONNX && may_stay) {
        czm_extent extent;
        CZM_TRY(czm_source_extent(context, source, source->file, &extent));
        CZM_TRY(open_onnx(context, target, czm_source_where(context, source, source->file), source,
                          extent));
        if (o->as_is) CZM_TRY(czm_onnx_check_inner(context, &target->onnx));
        target->has_onnx = o->as_is || is_bare;
        source->onnx = &target->onnx;
        if (target->has_onnx) return CZM_OK;
    }
    if (source->kind == CZM_SOURCE_KERAS && o->as_is)
        return czm_report_add(
            context->report, CZM_RULE_USAGE, path, "omit the option",
            "%s requires a SavedModel or an ONNX file, but the network is a Keras file",
            czm_report_option(context->report, CZM_OPTION_AS_IS, NULL));
    target->has_source = true;
    return CZM_OK;
}

static const czm_options *with_edits(czm_context *context, const czm_options *options,
                                     const czm_edits *edits) {
    czm_options *result = CZM_NEW(context->arena, czm_options);
    *result = *options;
    result->spatial_height = edits->height, result->spatial_width = edits->width;
    result->preprocessing = edits->before, result->preprocessing_count = edits->before_count;
    result->postprocessing = edits->after, result->postprocessing_count = edits->after_count;
    return result;
}

static czm_status open_spec(czm_context *context, czm_target *target) {
    const czm_options *options = target->options;
    target->kind = CZM_KIND_SPECIFICATION;
    target->has_spec = true;
    czm_status status = czm_spec_read(context, options, &target->spec);
    target->options = with_edits(context, options, &target->spec.edits);
    if (target->spec.model_path) czm_report_judged(context->report, CZM_SUBJECT_METADATA);
    const char *path = target->spec.model_path;
    bool is_there = path && czm_path_is_there(context->arena, path); // else: said there
    czm_status network = is_there ? open_network(context, target, path, false) : CZM_OK;
    choose_format(context, target);
    czm_status complete = czm_spec_check_format(context, &target->spec, target->format);
    return network ? network : status ? status : complete;
}

static czm_status open_bare(czm_context *context, czm_target *target) {
    target->kind = CZM_KIND_SAVED_MODEL;
    czm_status status = open_network(context, target, target->options->source_path, true);
    if (target->source.kind == CZM_SOURCE_ONNX) target->kind = CZM_KIND_ONNX;
    if (target->source.kind == CZM_SOURCE_KERAS) target->kind = CZM_KIND_KERAS;
    choose_format(context, target);
    return status;
}

static czm_status take_metadata(czm_context *context, czm_target *target) {
    const czm_container *c = &target->container;
    czm_metadata metadata = c->kind == CZM_CONTAINER_JSON
                                ? c->metadata
                                : czm_manifest_metadata(context->arena, &c->manifest);
    if (target->is_converted && target->options->model_name)
        metadata.model_name = target->options->model_name;
    target->has_spec = true;
    const char *where = czm_arena_format(context->arena, "%s: metadata", target->container.path);
    czm_status status =
        czm_spec_of_metadata(context, target->options, where, &metadata, &target->spec);
    if (target->is_converted) target->spec.license_path = target->options->license_path;
    czm_report_judged(context->report, CZM_SUBJECT_METADATA);
    return status;
}

static czm_status open_container(czm_context *context, czm_target *target) {
    czm_container *c = &target->container;
    target->kind = CZM_KIND_CZMODEL;
    CZM_TRY(czm_container_open(context, target->options->source_path, c));
    czm_report_judged(context->report, CZM_SUBJECT_CONTAINER);
    czm_status status = take_metadata(context, target);
    target->has_source = !c->is_onnx;
    target->source = c->network;
    if (c->is_onnx) CZM_TRY(open_onnx(context, target, c->path, NULL, c->payload));
    choose_format(context, target);
    if (!status && target->is_converted)
        status = czm_spec_check_format(context, &target->spec, target->format);
    return status;
}

static czm_status missing(czm_context *context, const char *path) {
    return czm_report_add(context->report, CZM_RULE_FILE_MISSING, path, NULL,
                          "there is no such file or folder");
}

czm_status czm_target_open(czm_context *context, const czm_options *options, czm_target *target) {
    const char *path = options->source_path;
    *target = (czm_target){.options = options};
    if (!path) return open_spec(context, target);
    if (!czm_path_is_there(context->arena, path)) return missing(context, path);
    if (czm_path_look(path) == CZM_PATH_FILE) {
        if (looks_like_json(context, path)) return open_spec(context, target);
        if (czm_is_container(context, path)) return open_container(context, target);
    }
    return open_bare(context, target);
}

czm_status czm_target_open_for_conversion(czm_context *context, const czm_options *options,
                                          czm_target *target) {
    const char *path = options->source_path;
    *target = (czm_target){.options = options, .is_converted = true};
    bool is_container = path && czm_path_look(path) == CZM_PATH_FILE &&
                        !looks_like_json(context, path) && czm_is_container(context, path);
    return is_container ? open_container(context, target) : open_spec(context, target);
}

// ---- the network

// A network by itself would go into a CZModel, but a three-dimensional one can only go into a .czann.
static void choose_format_of_volume(czm_context *context, czm_target *target) {
    czm_node *input = target->model.main.inputs.items[0].tensor.node;
    bool is_volume = czm_shape_read(context->arena, czm_attr_shape(input, "shape")).rank == 5;
    if (is_volume && !target->has_spec && !wanted_format(target->options))
        target->format =
            czm_format_find(target->onnx.opset > CZM_OLD_OPSET ? "czann-2.1.0" : "czann-1.1.0");
}

// Where the network could not be read, without the file's name.
static const char *reason_of(czm_arena *arena, const czm_onnx_file *file, const czm_finding *f) {
    const char *place = f->where;
    if (czm_text_begins(place, file->where)) place += strlen(file->where);
    if (czm_text_begins(place, ": ")) place += 2;
    return *place ? czm_arena_format(arena, "%s: %s", place, f->finding) : f->finding;
}

// Reads only input and output, if an operation is not supported.
static czm_status read_ends(czm_context *context, czm_target *target, const char *reason) {
    czm_report_not_checked(context->report, CZM_RULE_ONNX_IMPORT);
    CZM_TRY(czm_onnx_file_model(context, &target->onnx, &target->model));
    czm_report_add(
        context->report, CZM_RULE_NETWORK_UNCHECKED, target->onnx.where, NULL,
        "the network is ONNX (operator set %lld): only its input and output are checked: %s",
        (long long)target->onnx.opset, reason);
    return CZM_OK;
}

// An ONNX file that stays unchanged: its operations are read for the checks.
static czm_status read_kept_onnx(czm_context *context, czm_target *target) {
    czm_report *findings = czm_report_beside(context->arena, context->report);
    czm_context trial = {context->arena, findings};
    bool is_packed = target->kind == CZM_KIND_CZMODEL; // containers have their channels last
    czm_onnx_choice choice = {.layout = is_packed ? CZM_LAYOUT_NHWC
                                                  : czm_onnx_layout_find(target->options->layout)};
    if (czm_onnx_network_read(&trial, &target->onnx, choice, &target->model))
        return read_ends(context, target,
                         reason_of(context->arena, &target->onnx,
                                   czm_report_at(findings, czm_report_count(findings) - 1)));
    target->model.ir_version = target->onnx.ir_version;
    target->model.opset = target->onnx.opset;
    czm_passes_run(context, &target->model, CZM_FOR_ONNX);
    return CZM_OK;
}

static czm_status read_onnx(czm_context *context, czm_target *target) {
    CZM_TRY(read_kept_onnx(context, target));
    choose_format_of_volume(context, target);
    czm_port *input = &target->model.main.inputs.items[0];
    if (!target->input.takes_float || !czm_edit_can_cast(input->dtype)) return CZM_OK;
    czm_edit_tell_cast(context, input);
    if (target->input.is_unit) target->input.factor *= czm_edit_unit_factor(context, input);
    target->model.cast_to = input->dtype;
    input->dtype = CZM_DTYPE_FLOAT;
    return CZM_OK;
}

czm_status czm_target_read_model(czm_context *context, czm_target *target) {
    const czm_spec *spec = target->has_spec ? &target->spec : NULL;
    if (target->has_onnx) return read_onnx(context, target);
    CZM_TRY(czm_edit_model(context, target->options, &target->input, &target->source, spec,
                           &target->model));
    choose_format_of_volume(context, target);
    if (is_finished(target) || target->options->as_is) return CZM_OK;
    bool is_for_onnx = target->is_translated || (target->format && target->format->opset);
    czm_passes_run(context, &target->model, is_for_onnx ? CZM_FOR_ONNX : CZM_FOR_TF200);
    target->model.is_keras = true; // as what is written
    return CZM_OK;
}

// The overlap of a volume has a number for z.
static void set_border(czm_context *context, czm_spec *spec, bool is_volume, int64_t border,
                       int64_t slices) {
    spec->border_size = border;
    spec->min_overlap_count = 0;
    if (!is_volume) return;
    int64_t *overlap = CZM_NEW_ARRAY(context->arena, int64_t, 3);
    overlap[0] = 2 * slices, overlap[1] = overlap[2] = 2 * border;
    spec->min_overlap = overlap, spec->min_overlap_count = 3;
}

static void apply_border(czm_context *context, czm_target *target,
                         const czm_check_subject *subject) {
    const char *wanted = target->options->border;
    if (!wanted || !target->has_spec) return;
    bool is_volume = subject->input.rank == 5;
    if (is_number(wanted)) {
        int64_t stated = target->spec.min_overlap_count == 3 ? target->spec.min_overlap[0] / 2 : 0;
        set_border(context, &target->spec, is_volume, strtoll(wanted, NULL, 10), stated);
        return;
    }
    czm_receptive_field field = czm_check_output_field(subject);
    if (field.kind == CZM_FIELD_BOUNDED)
        set_border(context, &target->spec, is_volume, czm_field_border(&field),
                   czm_field_slices(&field));
    else
        czm_report_add(context->report, CZM_RULE_BORDER,
                       czm_report_option(context->report, CZM_OPTION_BORDER, "auto"),
                       "set the border to a number of pixels",
                       "no border removes every edge effect of this network; %s stays %lld",
                       czm_spec_key(context->arena, &target->spec, "BorderSize"),
                       (long long)target->spec.border_size);
}

// If the output is not as large as the input, another input size may solve this: names the nearest ones.
static void name_nearest_sizes(czm_context *context, const czm_target *target,
                               const czm_check_subject *subject, size_t first) {
    for (size_t i = first; i < czm_report_count(context->report); i++) {
        const czm_finding *found = czm_report_at(context->report, i);
        if (!czm_text_equal(found->rule, czm_rule_at(CZM_RULE_OUTPUT_SIZE)->id) ||
            found->severity == CZM_NOTE || subject->output.rank != 4)
            continue;
        const char *hint = czm_tile_size_hint(context->arena, target, subject);
        if (hint) czm_report_set_hint(context->report, i, hint);
    }
}

const czm_check_subject *czm_target_judge(czm_context *context, czm_target *target) {
    const czm_check_subject *subject = czm_check_subject_of(context->arena, &target->model,
                                                            target->has_spec ? &target->spec : NULL,
                                                            target->format);
    apply_border(context, target, subject);
    size_t first = czm_report_count(context->report);
    czm_checks_run(context, subject);
    static const czm_subject own[] = {
        [CZM_SOURCE_SAVED_MODEL] = CZM_SUBJECT_SAVED_MODEL,
        [CZM_SOURCE_ONNX] = CZM_SUBJECT_ONNX,
        [CZM_SOURCE_KERAS] = CZM_SUBJECT_KERAS,
    };
    bool has_graph = !target->model.has_only_ends;
    if (has_graph) name_nearest_sizes(context, target, subject, first);
    czm_report_judged(context->report, CZM_SUBJECT_NETWORK);
    czm_report_judged(context->report, own[target->source.kind]);
    if (has_graph) czm_report_judged(context->report, CZM_SUBJECT_GRAPH);
    if (!target->has_spec) return subject;
    czm_report_judged(context->report, CZM_SUBJECT_BOTH);
    if (has_graph) czm_report_judged(context->report, CZM_SUBJECT_METADATA_AND_GRAPH);
    return subject;
}

static czm_status discard(void *user, czm_bytes block) {
    (void)user, (void)block;
    return CZM_OK;
}

czm_status czm_target_verify_weights(czm_context *context, const czm_target *target) {
    for (size_t i = 0; i < target->model.variables.count; i++) {
        const czm_tensor_source *source =
            czm_reorder_origin(target->model.variables.items[i].source);
        uint32_t crc32c;
        czm_budget_use(context->arena, CZM_DISK, source->size, "the weights");
        CZM_TRY(source->stream(source, context, (czm_sink){discard, NULL}, &crc32c));
    }
    return CZM_OK;
}
