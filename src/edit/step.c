// SPDX-License-Identifier: Apache-2.0
//
// The table of built-in steps; see step.h. The first three preprocessing steps are the reference
// tool's layers, the others those of its later versions.
#include "edit/step.h"

#include <math.h>
#include <stdlib.h>

#include "base/decimal.h"
#include "graph/build.h"

typedef struct builder {
    czm_context *context;
    czm_graph *graph;
    const czm_edit_step *step;
    czm_shape shape; // of the image
} builder;

// The number of values of a step: exactly `count`, or as the flags state.
typedef enum value_rule {
    NO_VALUES,
    ONE_OR_PER_CHANNEL,
    LIMITS,      // low and high, once or per channel
    MEANS,       // mean and deviation, likewise
    PERMUTATION, // of the channels
    AN_OPTION,   // an optional word
} value_rule;

typedef struct czm_step_kind {
    const char *name;
    bool is_before, is_after; // before the network, after it, or both
    int64_t channels;         // that the image must have; 0: any number
    bool is_arithmetic;       // float32 only
    value_rule rule;
    const char *option; // the only valid word
    czm_tensor (*build)(builder *b, czm_tensor image);
} czm_step_kind;

static const char *name_of(builder *b, const char *suffix) {
    return czm_arena_format(b->context->arena, "%s/%s", b->step->kind->name, suffix);
}

static czm_node *add(builder *b, czm_op_kind op, const czm_tensor *inputs, size_t count) {
    return czm_build_node(b->graph, name_of(b, czm_op_name(op)), op, inputs, count);
}

#define ADD(b, op, ...) czm_output(add((b), (op), CZM_INPUTS(__VA_ARGS__)))

static czm_tensor ints(builder *b, const char *name, const int32_t *values, size_t count) {
    return czm_add_const_ints(b->graph, name_of(b, name), values, count, false);
}

static czm_tensor scalar(builder *b, const char *name, int32_t value) {
    return czm_add_const_ints(b->graph, name_of(b, name), &value, 1, true);
}

static czm_tensor floats(builder *b, const char *name, const double *values, size_t count) {
    czm_buffer bytes = czm_buffer_in(b->context->arena);
    for (size_t i = 0; i < count; i++) {
        float value = (float)values[i];
        uint32_t bits;
        memcpy(&bits, &value, sizeof bits);
        czm_put_raw_le(&bytes, bits, sizeof bits);
    }
    int64_t dim = (int64_t)count;
    return czm_add_const(b->graph, name_of(b, name), CZM_DTYPE_FLOAT, czm_buffer_bytes(&bytes),
                         &dim, count == 1 ? 0 : 1);
}

static czm_tensor gather_channels(builder *b, czm_tensor image, const int32_t *order,
                                  size_t count) {
    czm_tensor indices = ints(b, "order", order, count),
               axis = scalar(b, "axis", b->shape.rank - 1);
    return ADD(b, CZM_OP_GatherV2, image, indices, axis);
}

static czm_tensor swap_red_and_blue(builder *b, czm_tensor image) {
    const int32_t order[] = {2, 1, 0, 3};
    return gather_channels(b, image, order, (size_t)b->step->kind->channels);
}

static czm_tensor transpose_channels(builder *b, czm_tensor image) {
    int32_t *order = CZM_NEW_ARRAY(b->context->arena, int32_t, b->step->value_count);
    for (size_t i = 0; i < b->step->value_count; i++) order[i] = (int32_t)b->step->values[i];
    return gather_channels(b, image, order, b->step->value_count);
}

static czm_tensor scale(builder *b, czm_tensor image) {
    return ADD(b, CZM_OP_Mul, image, floats(b, "factor", b->step->values, b->step->value_count));
}

static czm_tensor shift(builder *b, czm_tensor image) {
    return ADD(b, CZM_OP_AddV2, image, floats(b, "offset", b->step->values, b->step->value_count));
}

static czm_tensor cast_to(builder *b, czm_tensor tensor, czm_dtype dtype) {
    return czm_build_cast(b->graph, name_of(b, czm_op_name(CZM_OP_Cast)), tensor, dtype);
}

static czm_tensor cast(builder *b, czm_tensor image) {
    if (!czm_dtype_is_floating(b->step->dtype)) image = ADD(b, CZM_OP_Round, image);
    return cast_to(b, image, b->step->dtype);
}

static czm_tensor mean_of(builder *b, czm_tensor image) {
    const int32_t axes[] = {1, 2, 3, 4};
    czm_node *mean =
        add(b, CZM_OP_Mean, CZM_INPUTS(image, ints(b, "axes", axes, (size_t)b->shape.rank - 1)));
    czm_set_bool(b->graph, mean, "keep_dims", true);
    return czm_output(mean);
}

// 1 / sqrt(height * width * channels), from the image's size when the network runs.
static czm_tensor smallest_deviation(builder *b, czm_tensor image) {
    const int32_t begin[] = {1}, end[] = {b->shape.rank}, step[] = {1}, axis[] = {0};
    czm_node *shape = add(b, CZM_OP_Shape, CZM_INPUTS(image));
    czm_set_type(b->graph, shape, "out_type", CZM_DTYPE_INT32);
    czm_tensor size = ADD(b, CZM_OP_StridedSlice, czm_output(shape), ints(b, "begin", begin, 1),
                          ints(b, "end", end, 1), ints(b, "step", step, 1));
    czm_tensor count = ADD(b, CZM_OP_Prod, size, ints(b, "axis", axis, 1));
    return ADD(b, CZM_OP_Rsqrt, cast_to(b, count, CZM_DTYPE_FLOAT));
}

// tf.image.per_image_standardization: (x - mean) / max(deviation, 1 / sqrt(number of values)).
static czm_tensor standardise(builder *b, czm_tensor image) {
    czm_tensor centred = ADD(b, CZM_OP_Sub, image, mean_of(b, image));
    czm_tensor squares = ADD(b, CZM_OP_Square, centred);
    czm_tensor deviation = ADD(b, CZM_OP_Sqrt, mean_of(b, squares));
    czm_tensor divisor = ADD(b, CZM_OP_Maximum, deviation, smallest_deviation(b, image));
    return ADD(b, CZM_OP_RealDiv, centred, divisor);
}

// Each pixel minus the first number of its channel's pair, divided by the second.
static czm_tensor standardise_by_pairs(builder *b, czm_tensor image) {
    size_t count = b->step->value_count / 2;
    double *offsets = CZM_NEW_ARRAY(b->context->arena, double, count);
    double *divisors = CZM_NEW_ARRAY(b->context->arena, double, count);
    for (size_t i = 0; i < count; i++) {
        offsets[i] = b->step->values[2 * i];
        divisors[i] = b->step->values[2 * i + 1];
    }
    czm_tensor centred = ADD(b, CZM_OP_Sub, image, floats(b, "offset", offsets, count));
    return ADD(b, CZM_OP_RealDiv, centred, floats(b, "divisor", divisors, count));
}

static czm_tensor sigmoid(builder *b, czm_tensor image) { return ADD(b, CZM_OP_Sigmoid, image); }

static czm_tensor softmax(builder *b, czm_tensor image) { return ADD(b, CZM_OP_Softmax, image); }

// One probability p becomes the two of the classes: [p, 1 - p], or [1 - p, p].
static czm_tensor sigmoid_to_softmax(builder *b, czm_tensor image) {
    const double one = 1;
    czm_tensor other = ADD(b, CZM_OP_Sub, floats(b, "one", &one, 1), image);
    czm_tensor axis = scalar(b, "axis", b->shape.rank - 1);
    bool is_background_first = b->step->option != NULL;
    return is_background_first ? ADD(b, CZM_OP_ConcatV2, other, image, axis)
                               : ADD(b, CZM_OP_ConcatV2, image, other, axis);
}

// A step that the user does not write.
static const czm_step_kind factor_kind = {"value-range", .build = scale};
static const czm_step_kind cast_kind = {"input-type", .build = cast};

czm_edit_step czm_step_factor(czm_arena *arena, double factor) {
    double *value = CZM_NEW(arena, double);
    *value = factor;
    return (czm_edit_step){.kind = &factor_kind,
                           .values = value,
                           .value_count = 1,
                           .is_before = true,
                           .is_implied = true};
}

czm_edit_step czm_step_cast(czm_dtype dtype) {
    return (
        czm_edit_step){.kind = &cast_kind, .dtype = dtype, .is_before = true, .is_implied = true};
}

bool czm_step_is_factor(const char *text, double factor) {
    if (!czm_text_begins(text, "scale=")) return false;
    for (const char *at = text + strlen("scale=");; at++) {
        const char *end;
        double value = czm_decimal_read(at, &end);
        if (end == at || fabs(value / factor - 1) > 0.01) return false;
        if (*end == '\0') return true;
        if (*end != ',') return false;
        at = end;
    }
}

static const czm_step_kind kinds[] = {
    {"rgb-to-bgr", true, false, 3, false, NO_VALUES, NULL, swap_red_and_blue},
    {"rgba-to-bgra", true, false, 4, false, NO_VALUES, NULL, swap_red_and_blue},
    {"per-image-standardization", true, false, 0, true, NO_VALUES, NULL, standardise},
    {"normalize", true, false, 0, true, LIMITS, NULL, standardise_by_pairs},
    {"standardize", true, false, 0, true, MEANS, NULL, standardise_by_pairs},
    {"scale", true, false, 0, true, ONE_OR_PER_CHANNEL, NULL, scale},
    {"shift", true, false, 0, true, ONE_OR_PER_CHANNEL, NULL, shift},
    {"transpose-channels", true, false, 0, false, PERMUTATION, NULL, transpose_channels},
    {"sigmoid", false, true, 0, true, NO_VALUES, NULL, sigmoid},
    {"softmax", false, true, 0, true, NO_VALUES, NULL, softmax},
    {"sigmoid-to-softmax", false, true, 1, true, AN_OPTION, "background-first", sigmoid_to_softmax},
};

const char *czm_step_option(czm_context *context, const czm_edit_step *step) {
    czm_option option = step->is_before ? CZM_OPTION_PREPROCESSING : CZM_OPTION_POSTPROCESSING;
    return step->where ? czm_arena_format(context->arena, "%s: \"%s\"", step->where, step->text)
                       : czm_report_option(context->report, option, step->text);
}

static czm_status usage(czm_context *context, const czm_edit_step *step, const char *hint,
                        const char *what) {
    return czm_report_add(context->report, step->where ? CZM_RULE_SPEC_VALUE : CZM_RULE_USAGE,
                          czm_step_option(context, step), hint, "%s", what);
}

static const char *list_kinds(czm_arena *arena, bool is_before) {
    const char *text = "";
    for (size_t i = 0; i < CZM_COUNT_OF(kinds); i++)
        if (is_before ? kinds[i].is_before : kinds[i].is_after)
            text = czm_arena_format(arena, "%s%s, ", text, kinds[i].name);
    return czm_arena_format(arena, "use one of %smodel=PATH", text);
}

// "1,2.5,-3e4"
static bool parse_numbers(czm_arena *arena, const char *text, czm_edit_step *step) {
    step->values = CZM_NEW_ARRAY(arena, double, strlen(text) / 2 + 1);
    for (;;) {
        const char *end;
        double value = czm_decimal_read(text, &end);
        bool is_finite = value - value == 0;
        if (end == text || !is_finite || step->value_count == CZM_MOST_STEP_VALUES) return false;
        step->values[step->value_count++] = value;
        if (*end == '\0') return true;
        if (*end != ',') return false;
        text = end + 1;
    }
}

static bool is_permutation(const czm_edit_step *step) {
    for (size_t i = 0; i < step->value_count; i++) {
        size_t found = 0;
        for (size_t k = 0; k < step->value_count; k++) found += step->values[k] == (double)i;
        if (found != 1) return false;
    }
    return true;
}

static bool is_of_pairs(const czm_step_kind *kind) {
    return kind->rule == LIMITS || kind->rule == MEANS;
}

// Limits become an offset and a divisor, as means and deviations are. The network computes in float32.
static bool take_pairs(czm_edit_step *step) {
    if (step->value_count % 2) return false;
    for (size_t i = 0; i < step->value_count; i += 2) {
        if (step->kind->rule == LIMITS) step->values[i + 1] -= step->values[i];
        if (!((float)step->values[i + 1] > 0)) return false;
    }
    return true;
}

static const char *const examples[] = {
    [ONE_OR_PER_CHANNEL] = "0.5 or 0.5,1,2",
    [LIMITS] = "LOW,HIGH",
    [MEANS] = "MEAN,DEVIATION",
    [PERMUTATION] = "2,1,0",
};

static czm_status parse_values(czm_context *context, czm_edit_step *step, const char *values) {
    const czm_step_kind *kind = step->kind;
    if (kind->rule == NO_VALUES)
        return values ? usage(context, step, "remove \"=\" and the text after it",
                              "this step accepts no values")
                      : CZM_OK;
    if (kind->rule == AN_OPTION) {
        step->option = values;
        bool fits = !values || czm_text_equal(values, kind->option);
        return fits ? CZM_OK
                    : usage(context, step,
                            czm_arena_format(context->arena, "write %s or %s=%s", kind->name,
                                             kind->name, kind->option),
                            "the step has no such value");
    }
    if (!values || !parse_numbers(context->arena, values, step))
        return usage(context, step,
                     czm_arena_format(context->arena, "write %s=%s", kind->name,
                                      examples[kind->rule]),
                     "this step requires numbers, separated by commas");
    if (kind->rule == PERMUTATION && !is_permutation(step))
        return usage(context, step, "list each channel once; the first channel is 0",
                     "the channels are not a permutation");
    if (is_of_pairs(kind) && !take_pairs(step))
        return usage(context, step,
                     czm_arena_format(context->arena, "write %s=%s, for all channels or for each",
                                      kind->name, examples[kind->rule]),
                     kind->rule == LIMITS
                         ? "the limits are not pairs of a low and a higher number"
                         : "the numbers are not pairs of a mean and a positive deviation");
    return CZM_OK;
}

czm_status czm_step_parse(czm_context *context, czm_edit_step *step) {
    const char *text = step->text;
    const char *equals = strchr(text, '=');
    size_t size = equals ? (size_t)(equals - text) : strlen(text);
    if (size == strlen("model") && strncmp(text, "model", size) == 0) {
        step->path = equals ? equals + 1 : "";
        return *step->path ? CZM_OK
                           : usage(context, step, "write model=PATH", "the path is missing");
    }
    for (size_t i = 0; i < CZM_COUNT_OF(kinds); i++) {
        bool may_stand = step->is_before ? kinds[i].is_before : kinds[i].is_after;
        if (!may_stand || strlen(kinds[i].name) != size || strncmp(kinds[i].name, text, size) != 0)
            continue;
        step->kind = &kinds[i];
        return parse_values(context, step, equals ? equals + 1 : NULL);
    }
    return usage(context, step, list_kinds(context->arena, step->is_before),
                 "there is no such step");
}

static czm_status refuse(czm_context *context, const czm_edit_step *step, const char *text) {
    return czm_report_add(context->report, CZM_RULE_STEP, czm_step_option(context, step), NULL,
                          "%s", text);
}

static czm_status check_fit(czm_context *context, const czm_edit_step *step, czm_shape shape,
                            czm_dtype dtype) {
    const czm_step_kind *kind = step->kind;
    const char *side = step->is_before ? "network's input" : "network's output";
    if (shape.rank != 4 && shape.rank != 5)
        return refuse(context, step,
                      czm_arena_format(context->arena,
                                       "the step works on [batch, height, width, channels]; the %s "
                                       "is %s",
                                       side, czm_shape_text(context->arena, shape)));
    int64_t channels = shape.dims[shape.rank - 1];
    size_t count = is_of_pairs(kind) ? step->value_count / 2 : step->value_count;
    bool per_channel = kind->rule == PERMUTATION || count > 1;
    int64_t wanted = per_channel ? (int64_t)count : kind->channels;
    if (wanted && channels != CZM_UNKNOWN && channels != wanted)
        return refuse(context, step,
                      czm_arena_format(context->arena,
                                       "the step is for %lld channel%s; the %s has "
                                       "%lld: %s",
                                       (long long)wanted, wanted == 1 ? "" : "s", side,
                                       (long long)channels, czm_shape_text(context->arena, shape)));
    if (kind->is_arithmetic && dtype != CZM_DTYPE_FLOAT)
        return refuse(context, step,
                      czm_arena_format(context->arena, "the step computes in float32; the %s is %s",
                                       side, czm_dtype_name(dtype)));
    return CZM_OK;
}

bool czm_step_uses_statistics(const czm_edit_step *step) {
    return step->kind && step->kind->build == standardise;
}

bool czm_step_splits_probability(const czm_edit_step *step) {
    return step->kind && step->kind->build == sigmoid_to_softmax;
}

czm_status czm_step_build(czm_context *context, const czm_edit_step *step, czm_op_registry *ops,
                          czm_shape shape, czm_dtype dtype, czm_model *model) {
    if (!step->is_implied) CZM_TRY(check_fit(context, step, shape, dtype));
    if (step->dtype) dtype = CZM_DTYPE_FLOAT;
    czm_arena *arena = context->arena;
    *model = (czm_model){.arena = arena, .ops = ops, .exporter = ""};
    model->main = (czm_graph){.arena = arena, .ops = ops};
    builder b = {context, &model->main, step, shape};
    czm_tensor result = step->kind->build(&b, czm_build_input(&model->main, name_of(&b, "input"),
                                                              dtype, czm_shape_attr(arena, shape)));
    *CZM_APPEND(arena, &model->main.outputs) =
        (czm_port){"output", result, czm_tensor_dtype(result)};
    czm_graph_sort(&model->main);
    return CZM_OK;
}
