// SPDX-License-Identifier: Apache-2.0
//
// Rules about whether metadata and network fit: class-count, pixel-type-channels,
// pixel-range, metadata-shape, onnx-opset, onnx-ir-version.
#include "check/check.h"

#include "analysis/probability.h"
#include "base/decimal.h"
#include "spec/value_range.h"

static const char *key_where(const czm_check_subject *s, const char *key) {
    return czm_spec_where(s->arena, s->spec, key);
}

static const char *plural(int64_t count) { return count == 1 ? "" : "s"; }

// Two classes and one channel: the step that makes two channels is missing, not the names.
static const char *class_hint(czm_context *context, const czm_check_subject *s, int64_t channels) {
    czm_probability found = {0};
    bool is_pair = channels == 1 && s->spec->class_count == 2 && !s->model->opset;
    if (is_pair) found = czm_probability_of(s->arena, s->model, s->shapes, true);
    if (found.remedies[0])
        return czm_arena_format(s->arena, "compute both probabilities in the network: %s",
                                czm_check_steps_text(context, found.remedies));
    return czm_arena_format(s->arena, "name %lld class%s, in the order of the output channels",
                            (long long)channels, channels == 1 ? "" : "es");
}

static void check_classes(czm_context *context, const czm_check_subject *s) {
    const czm_port *output = &s->model->main.outputs.items[0];
    if (!czm_dtype_is_floating(output->dtype)) return; // labels, not probabilities; reported before
    if (!czm_type_is_segmentation(s->spec->model_type)) {
        czm_report_not_checked(context->report, CZM_RULE_CLASS_COUNT);
        return;
    }
    int64_t channels = s->output.rank > 0 ? s->output.dims[s->output.rank - 1] : CZM_UNKNOWN;
    const char *where = key_where(s, "Classes");
    if (channels == CZM_UNKNOWN) {
        czm_report_add_as(context->report, CZM_RULE_CLASS_COUNT, CZM_NOTE, where, NULL,
                          "the number of output channels cannot be computed: %s",
                          czm_check_stopped_at(s));
        return;
    }
    bool is_missing = s->spec->class_count == 0; // reported before
    if (is_missing || (uint64_t)channels == s->spec->class_count) return;
    if (czm_check_is_consequence(context)) return;
    czm_report_add(context->report, CZM_RULE_CLASS_COUNT, where, class_hint(context, s, channels),
                   "%zu class%s named, but the network's output \"%s\" has %lld channel%s: %s",
                   s->spec->class_count, s->spec->class_count == 1 ? " is" : "es are", output->name,
                   (long long)channels, plural(channels), czm_shape_text(s->arena, s->output));
}

int czm_pixel_type_channels(const char *pixel_type) {
    static const struct {
        const char *begin;
        int channels;
    } families[] = {
        {"Gray64Complex", 0}, {"Bgr192Complex", 0}, {"Gray", 1}, {"Bgra", 4}, {"Bgr", 3}};
    for (size_t i = 0; i < CZM_COUNT_OF(families); i++)
        if (czm_text_begins(pixel_type, families[i].begin)) return families[i].channels;
    return 0;
}

static const char *types_with(int64_t channels) {
    return channels == 1   ? "a PixelType of one channel is Gray8, Gray16 or Gray32Float"
           : channels == 3 ? "a PixelType of three channels is Bgr24, Bgr48 or Bgr96Float"
           : channels == 4 ? "the PixelType of four channels is Bgra32"
                           : "a PixelType has 1, 3 or 4 channels: export a network with as many";
}

static void check_pixel_type(czm_context *context, const czm_check_subject *s) {
    if (!s->spec->pixel_type) czm_report_not_checked(context->report, CZM_RULE_PIXEL_TYPE_CHANNELS);
    if (!s->spec->pixel_type || s->input.rank < 4 || s->input.rank > 5) return;
    if (czm_report_has(context->report, CZM_RULE_INPUT_LAYOUT)) return;
    int64_t actual = s->input.dims[s->input.rank - 1];
    if (actual == CZM_UNKNOWN) return; // reported before
    int expected = czm_pixel_type_channels(s->spec->pixel_type);
    for (size_t i = 1; i < s->spec->pixel_type_count; i++)
        expected += czm_pixel_type_channels(s->spec->pixel_types[i]);
    const char *where = key_where(s, "PixelType");
    if (expected == 0)
        czm_report_add_as(context->report, CZM_RULE_PIXEL_TYPE_CHANNELS, CZM_NOTE, where,
                          "try the model in ZEN with an image of this type",
                          "how ZEN feeds complex numbers (%s) to a network with %lld channel%s is "
                          "not specified",
                          s->spec->pixel_type, (long long)actual, plural(actual));
    else if (expected != actual)
        czm_report_add(context->report, CZM_RULE_PIXEL_TYPE_CHANNELS, where, types_with(actual),
                       "%s has %d channel%s, but the network's input has %lld: %s",
                       s->spec->pixel_type, expected, plural(expected), (long long)actual,
                       czm_shape_text(s->arena, s->input));
}

static const char *range_hint(czm_context *context, double factor) {
    const char *step = factor == 0
                           ? "scale=FACTOR"
                           : czm_arena_format(context->arena, "scale=%s",
                                              czm_decimal_text(context->arena, factor, false, 9));
    return czm_arena_format(context->arena, "%s: %s",
                            factor == 0 ? "if the network was trained on scaled values, apply the "
                                          "same factor"
                                        : "scale the pixels",
                            czm_report_option(context->report, CZM_OPTION_PREPROCESSING, step));
}

// Reports a value range of the format that differs from that of the training and is not corrected.
void czm_check_pixel_range(czm_context *context, const czm_check_subject *s) {
    if (!s->spec || !s->format || s->spec->is_range_settled) return;
    double factor = czm_value_factor(s->spec, s->format);
    bool is_missing = !s->spec->pixel_type && s->format->container == CZM_CONTAINER_XML;
    if (is_missing) return; // reported before
    const char *type = s->spec->pixel_type ? s->spec->pixel_type : "the pixel type";
    czm_report_add(context->report, CZM_RULE_PIXEL_RANGE, key_where(s, "PixelType"),
                   range_hint(context, factor),
                   s->spec->has_unit_range ? "a CZModel feeds the values of %s, but the network "
                                             "expects values from 0 to 1%s"
                                           : "a .czann feeds values from 0 to 1, but the network "
                                             "expects those of %s%s",
                   type, factor == 0 ? "; no factor follows from this pixel type" : "");
}

static void compare_shape(czm_context *context, const czm_check_subject *s, const char *key,
                          const int64_t *stated, size_t stated_rank, czm_shape actual) {
    if (stated_rank == 0 || actual.rank == CZM_UNKNOWN) return;
    bool fits = (size_t)actual.rank == stated_rank + 1; // the batch is not stated
    for (size_t i = 0; fits && i < stated_rank; i++)
        fits = stated[i] < 0 || actual.dims[i + 1] == CZM_UNKNOWN ||
               stated[i] == actual.dims[i + 1];
    if (fits) return;
    const czm_shape shape = {(int)stated_rank, stated};
    czm_report_add(context->report, CZM_RULE_METADATA_SHAPE, key_where(s, key), NULL,
                   "it is %s, but the shape in the network is %s (batch included)",
                   czm_shape_text(s->arena, shape), czm_shape_text(s->arena, actual));
}

void czm_check_stated_shapes(czm_context *context, const czm_check_subject *s) {
    const czm_spec *spec = s->spec;
    if (!spec) return;
    compare_shape(context, s, "InputShape", spec->input_shape, spec->input_rank, s->input);
    compare_shape(context, s, "OutputShape", spec->output_shape, spec->output_rank, s->output);
}

void czm_check_opset(czm_context *context, const czm_check_subject *s) {
    if (!s->format || s->format->opset == 0 || s->model->opset <= s->format->opset) return;
    czm_report_add(context->report, CZM_RULE_ONNX_OPSET, s->format->name, NULL,
                   "it requires operator set %d, but the network uses %lld", s->format->opset,
                   (long long)s->model->opset);
}

void czm_check_ir_version(czm_context *context, const czm_check_subject *s) {
    if (!s->format || s->format->opset == 0) return;
    int most = czm_ir_version_for(s->format->opset);
    if (s->model->ir_version <= most) return;
    czm_report_add(context->report, CZM_RULE_ONNX_IR_VERSION, s->format->name, NULL,
                   "its runtime reads files up to IR version %d, but the network has %lld", most,
                   (long long)s->model->ir_version);
}

void czm_check_metadata_fits(czm_context *context, const czm_check_subject *subject) {
    if (!subject->spec) return;
    check_classes(context, subject);
    check_pixel_type(context, subject);
}
