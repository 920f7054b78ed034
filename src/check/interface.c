// SPDX-License-Identifier: Apache-2.0
//
// Rules about what goes in and comes out: input-rank, input-type, output-type, class-count.
#include "check/check.h"

czm_shape czm_check_output_shape(czm_arena *arena, const czm_check_subject *subject) {
    czm_shape inferred =
        czm_shape_of(subject->shapes, subject->model->main.outputs.items[0].tensor);
    czm_shape declared = czm_shape_read(arena, subject->model->output_shape);
    if (inferred.rank == CZM_UNKNOWN) return declared;
    if (declared.rank != inferred.rank) return inferred;
    int64_t *dims = CZM_NEW_ARRAY(arena, int64_t, (size_t)inferred.rank);
    for (int i = 0; i < inferred.rank; i++)
        dims[i] = inferred.dims[i] == CZM_UNKNOWN ? declared.dims[i] : inferred.dims[i];
    return (czm_shape){inferred.rank, dims};
}

static void check_input(czm_context *context, const czm_check_subject *subject) {
    const czm_port *input = &subject->model->main.inputs.items[0];
    czm_shape shape = czm_shape_of(subject->shapes, input->tensor);
    const char *where = czm_arena_format(context->arena, "input \"%s\"", input->name);
    if (shape.rank != 4)
        czm_report_add(context->report, CZM_RULE_INPUT_RANK, where,
                       "export a network that takes [batch, height, width, channels]",
                       "its shape is %s", czm_shape_text(context->arena, shape));
    if (input->dtype != CZM_DTYPE_FLOAT)
        czm_report_add(context->report, CZM_RULE_INPUT_TYPE, where,
                       "export a network that takes float32 and casts inside",
                       "its element type is %s", czm_dtype_name(input->dtype));
}

static void check_classes(czm_context *context, const czm_check_subject *subject) {
    czm_shape shape = czm_check_output_shape(context->arena, subject);
    int64_t channels = shape.rank > 0 ? shape.dims[shape.rank - 1] : CZM_UNKNOWN;
    if (channels == CZM_UNKNOWN || (uint64_t)channels == subject->spec->class_count) return;
    czm_report_add(context->report, CZM_RULE_CLASS_COUNT,
                   czm_arena_format(context->arena, "%s: Classes", subject->spec->where),
                   czm_arena_format(context->arena,
                                    "name %lld class%s, in the order of the output's channels",
                                    (long long)channels, channels == 1 ? "" : "es"),
                   "%zu class%s named, but the network's output \"%s\" has %lld channel%s: %s",
                   subject->spec->class_count, subject->spec->class_count == 1 ? " is" : "es are",
                   subject->model->main.outputs.items[0].name, (long long)channels,
                   channels == 1 ? "" : "s", czm_shape_text(context->arena, shape));
}

void czm_check_interface(czm_context *context, const czm_check_subject *subject) {
    check_input(context, subject);
    const czm_port *output = &subject->model->main.outputs.items[0];
    if (!czm_dtype_is_floating(output->dtype))
        czm_report_add(context->report, CZM_RULE_OUTPUT_TYPE,
                       czm_arena_format(context->arena, "output \"%s\"", output->name),
                       "export the network without its final ArgMax or Cast: ZEN wants the "
                       "probabilities",
                       "its element type is %s", czm_dtype_name(output->dtype));
    else
        check_classes(context, subject);
}
