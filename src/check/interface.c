// SPDX-License-Identifier: Apache-2.0
//
// Rules about what goes in and comes out: input-rank, input-layout, input-batch, input-channels,
// input-size-undefined, input-type, output-type, output-size.
#include "check/check.h"

enum { VECTOR_RANK = 2, IMAGE_RANK = 4, VOLUME_RANK = 5 };

// Counted from the end, so it also works for [batch, z, height, width, channels].
static int64_t height_of(czm_shape shape) { return shape.dims[shape.rank - 3]; }
static int64_t width_of(czm_shape shape) { return shape.dims[shape.rank - 2]; }
static int64_t channels_of(czm_shape shape) { return shape.dims[shape.rank - 1]; }

static const char *port_where(const czm_check_subject *s, const char *end, const czm_port *port) {
    return czm_arena_format(s->arena, "%s \"%s\"", end, port->name);
}

// A small number first and a large one last: the channels come first.
static bool is_channels_first(czm_shape shape) {
    const int64_t *d = shape.dims;
    bool is_few = d[1] == 1 || d[1] == 3 || d[1] == 4;
    return is_few && d[2] > 4 && (d[3] > 4 || (d[3] == CZM_UNKNOWN && d[2] == CZM_UNKNOWN));
}

// A .czann may leave the sizes to its metadata; ZEISS's own networks for restoration do.
static bool has_stated_size(const czm_check_subject *s) {
    const czm_spec *spec = s->spec;
    return spec && s->format && s->format->container == CZM_CONTAINER_JSON &&
           spec->input_rank + 1 == (size_t)s->input.rank &&
           spec->input_shape[spec->input_rank - 3] > 0 &&
           spec->input_shape[spec->input_rank - 2] > 0;
}

static void check_dims(czm_context *context, const czm_check_subject *s, const char *where) {
    czm_shape in = s->input;
    const char *shape = czm_shape_text(s->arena, s->input);
    if (in.dims[0] != CZM_UNKNOWN && in.dims[0] != 1)
        czm_report_add(context->report, CZM_RULE_INPUT_BATCH, where, NULL,
                       "its batch size is %lld: %s", (long long)in.dims[0], shape);
    if (channels_of(in) == CZM_UNKNOWN)
        czm_report_add(context->report, CZM_RULE_INPUT_CHANNELS, where, NULL,
                       "its number of channels is not defined: %s", shape);
    if (height_of(in) == CZM_UNKNOWN || width_of(in) == CZM_UNKNOWN)
        czm_report_add_as(context->report, CZM_RULE_INPUT_SIZE_UNDEFINED,
                          has_stated_size(s) ? CZM_NOTE : CZM_ERROR, where,
                          has_stated_size(s) ? "no action is necessary: InputShape states it"
                          : in.rank == VOLUME_RANK
                              ? "state InputShape in the specification of .czann "
                                "files, or export the network with its size"
                              : NULL,
                          "its height or width is not defined: %s", shape);
    if (in.rank == IMAGE_RANK && is_channels_first(in))
        czm_report_add(context->report, CZM_RULE_INPUT_LAYOUT, where,
                       s->model->has_only_ends
                           ? "replace the operation that is not supported, or export a network "
                             "with channels last (NHWC)"
                           : NULL,
                       "its shape %s looks like channels first (NCHW)", shape);
}

void czm_check_input(czm_context *context, const czm_check_subject *subject) {
    const czm_port *input = &subject->model->main.inputs.items[0];
    const char *where = port_where(subject, "input", input);
    bool is_volume = subject->input.rank == VOLUME_RANK;
    bool takes_volume = subject->format && subject->format->container == CZM_CONTAINER_JSON;
    if (subject->input.rank == IMAGE_RANK || (is_volume && takes_volume))
        check_dims(context, subject, where);
    else
        czm_report_add(context->report, CZM_RULE_INPUT_RANK, where,
                       is_volume
                           ? czm_arena_format(subject->arena,
                                              "convert a three-dimensional network to a .czann: %s",
                                              czm_report_option(context->report, CZM_OPTION_FORMAT,
                                                                "czann-1.1.0"))
                           : NULL,
                       "its shape is %s", czm_shape_text(subject->arena, subject->input));
    if (input->dtype != CZM_DTYPE_FLOAT)
        czm_report_add(context->report, CZM_RULE_INPUT_TYPE, where, NULL, "its element type is %s",
                       czm_dtype_name(input->dtype));
}

static void check_output_size(czm_context *context, const czm_check_subject *s, const char *where) {
    czm_shape in = s->input, out = s->output;
    if (s->spec && !czm_type_gives_image(s->spec->model_type)) {
        czm_report_not_checked(context->report, CZM_RULE_OUTPUT_SIZE);
        return;
    }
    if ((in.rank != IMAGE_RANK && in.rank != VOLUME_RANK) || height_of(in) == CZM_UNKNOWN ||
        width_of(in) == CZM_UNKNOWN)
        return; // nothing to compare with; reported before
    if (czm_report_has(context->report, CZM_RULE_INPUT_LAYOUT)) return; // it would follow from it
    const char *shape = czm_shape_text(s->arena, out);
    bool is_image = out.rank == in.rank;
    if (out.rank == CZM_UNKNOWN ||
        (is_image && (height_of(out) == CZM_UNKNOWN || width_of(out) == CZM_UNKNOWN)))
        czm_report_add_as(context->report, CZM_RULE_OUTPUT_SIZE, CZM_NOTE, where,
                          "run the network once and compare the shapes",
                          "its height and width are known only while the network runs (%s): %s",
                          shape, czm_check_stopped_at(s));
    else if (!is_image)
        czm_report_add(context->report, CZM_RULE_OUTPUT_SIZE, where,
                       out.rank <= VECTOR_RANK
                           ? "choose a network with a result for each pixel: this one has one "
                             "result for the whole image"
                           : NULL,
                       "its shape %s is not that of an image", shape);
    else if (height_of(out) != height_of(in) || width_of(out) != width_of(in))
        czm_report_add(context->report, CZM_RULE_OUTPUT_SIZE, where, NULL,
                       "it is %lld x %lld pixels, but the input is %lld x %lld",
                       (long long)height_of(out), (long long)width_of(out),
                       (long long)height_of(in), (long long)width_of(in));
}

void czm_check_output(czm_context *context, const czm_check_subject *subject) {
    const czm_port *output = &subject->model->main.outputs.items[0];
    const char *where = port_where(subject, "output", output);
    if (!czm_dtype_is_floating(output->dtype))
        czm_report_add(context->report, CZM_RULE_OUTPUT_TYPE, where, NULL, "its element type is %s",
                       czm_dtype_name(output->dtype));
    check_output_size(context, subject, where);
}
