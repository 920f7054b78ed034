// SPDX-License-Identifier: Apache-2.0
//
// Applies the edits; see edit.h. The order is: read the network, insert a cast before it if its input is not float32,
// then preprocessing (last step first), then the factor of the value range, then postprocessing after it. Last, the
// size of the whole is changed.
#include "edit/edit.h"

#include "edit/spatial.h"
#include "edit/splice.h"
#include "edit/step.h"
#include "read/network.h"
#include "shape/shape.h"

typedef struct editing {
    czm_context *context;
    const czm_options *options;
    const czm_edit_input *input;
    const czm_source *source;
    const czm_spec *spec; // NULL: there is no metadata
    czm_model *model;
    czm_edit_step *before, *after;
    czm_baked_list baked;
    bool is_read_open; // an ONNX network of open size is not read for the size of the options
} editing;

static bool wants_size(const czm_options *o) { return o->spatial_height != 0; }

static czm_status parse_steps(czm_context *context, const char *const *texts, size_t count,
                              const char *where, bool is_before, czm_edit_step **steps) {
    enum { MOST_STEPS = 1000 }; // the whole network is looked at for each
    *steps = CZM_NEW_ARRAY(context->arena, czm_edit_step, count);
    for (size_t i = 0; i < count; i++) {
        (*steps)[i] = (czm_edit_step){.text = texts[i], .where = where, .is_before = is_before};
        if (i == MOST_STEPS)
            return czm_report_add(context->report, CZM_RULE_STEP,
                                  czm_step_option(context, &(*steps)[i]), NULL,
                                  "there are %zu steps, at most %d can be inserted", count,
                                  MOST_STEPS);
        CZM_TRY(czm_step_parse(context, &(*steps)[i]));
    }
    return CZM_OK;
}

static czm_status read_network(editing *e, const czm_source *source, czm_network_choice choice,
                               czm_model *part) {
    CZM_TRY(czm_network_read(e->context, source, choice, part));
    if (wants_size(e->options)) czm_spatial_record(e->context, part, &e->baked);
    return CZM_OK;
}

static czm_status read_part(editing *e, const char *path, czm_model *part) {
    czm_source *source = CZM_NEW(e->context->arena, czm_source);
    CZM_TRY(czm_source_open(e->context, path, source));
    return read_network(e, source, (czm_network_choice){0}, part);
}

static czm_shape input_shape(editing *e, const czm_model *model) {
    return czm_shape_read(e->context->arena,
                          czm_attr_shape(model->main.inputs.items[0].tensor.node, "shape"));
}

static czm_shape output_shape(editing *e, const czm_model *model) {
    const czm_shapes *shapes = czm_shapes_infer(e->context->arena, model, NULL);
    return czm_shape_of(shapes, model->main.outputs.items[0].tensor);
}

// ---- whether a step and the network fit

// Sizes need not agree if they will change.
static bool fits(const editing *e, czm_shape a, czm_shape b) {
    if (a.rank == CZM_UNKNOWN || b.rank == CZM_UNKNOWN) return true;
    if (a.rank != b.rank) return false;
    for (int i = 0; i < a.rank; i++) {
        bool is_size = i == 1 || i == 2;
        bool is_known = a.dims[i] != CZM_UNKNOWN && b.dims[i] != CZM_UNKNOWN;
        if (is_known && a.dims[i] != b.dims[i] && !(is_size && wants_size(e->options)))
            return false;
    }
    return true;
}

static czm_status check_sides(editing *e, const czm_edit_step *step, const char *from,
                              czm_shape from_shape, czm_dtype from_type, const char *to,
                              czm_shape to_shape, czm_dtype to_type) {
    if (from_type == to_type && fits(e, from_shape, to_shape)) return CZM_OK;
    czm_arena *arena = e->context->arena;
    return czm_report_add(e->context->report, CZM_RULE_STEP, czm_step_option(e->context, step),
                          "choose a step that fits the network",
                          "%s gives %s %s, but %s takes %s %s", from, czm_dtype_name(from_type),
                          czm_shape_text(arena, from_shape), to, czm_dtype_name(to_type),
                          czm_shape_text(arena, to_shape));
}

// A model before the network with an open size gets the network's size, if its output then has this size.
static void adopt_size(editing *e, czm_model *part, czm_shape wanted) {
    czm_node *input = part->main.inputs.items[0].tensor.node;
    czm_shape own = input_shape(e, part);
    if (own.rank != 4 || wanted.rank != 4 || own.dims[1] != CZM_UNKNOWN ||
        own.dims[2] != CZM_UNKNOWN)
        return;
    int64_t dims[4] = {own.dims[0], wanted.dims[1], wanted.dims[2], own.dims[3]};
    const czm_shape sized = {4, dims};
    const czm_shapes *shapes = czm_shapes_infer(e->context->arena, part, &sized);
    czm_shape result = czm_shape_of(shapes, part->main.outputs.items[0].tensor);
    if (result.rank == 4 && result.dims[1] == wanted.dims[1] && result.dims[2] == wanted.dims[2])
        czm_set_attr(&part->main, input, "shape", czm_shape_attr(e->context->arena, sized));
}

// ---- steps

static czm_status splice_before(editing *e, const czm_edit_step *step) {
    czm_model part;
    const czm_port *input = &e->model->main.inputs.items[0];
    czm_shape shape = input_shape(e, e->model);
    if (step->kind) {
        CZM_TRY(czm_step_build(e->context, step, e->model->ops, shape, input->dtype, &part));
    } else {
        CZM_TRY(read_part(e, step->path, &part));
        adopt_size(e, &part, shape);
        CZM_TRY(check_sides(e, step, "the step", output_shape(e, &part),
                            part.main.outputs.items[0].dtype, "the network", shape, input->dtype));
    }
    if (czm_step_uses_statistics(step))
        czm_report_add(
            e->context->report, CZM_RULE_TILE_STATISTICS, czm_step_option(e->context, step), NULL,
            "the mean and the deviation of each tile differ, so that the edges of the tiles "
            "may be visible in the result");
    czm_splice_before(e->model, &part);
    return CZM_OK;
}

static void tell_order(editing *e, const czm_edit_step *step) {
    if (!e->spec || e->spec->class_count != 2) return; // the class count has its own rule
    size_t first = step->option ? 1 : 0;
    czm_report_add(e->context->report, CZM_RULE_CLASS_ORDER, czm_step_option(e->context, step),
                   step->option ? "if this is wrong, swap the names in Classes"
                                : "if this is wrong, swap the names in Classes, or use "
                                  "sigmoid-to-softmax=background-first",
                   "the class \"%s\" receives the probability p of the network, \"%s\" receives "
                   "1 - p",
                   e->spec->classes[first].name, e->spec->classes[1 - first].name);
}

static czm_status splice_behind(editing *e, const czm_edit_step *step) {
    czm_model part;
    const czm_port *output = &e->model->main.outputs.items[0];
    czm_shape shape = output_shape(e, e->model);
    if (step->kind) {
        CZM_TRY(czm_step_build(e->context, step, e->model->ops, shape, output->dtype, &part));
        if (czm_step_splits_probability(step)) tell_order(e, step);
    } else {
        CZM_TRY(read_part(e, step->path, &part));
        CZM_TRY(check_sides(e, step, "the network", shape, output->dtype, "the step",
                            input_shape(e, &part), part.main.inputs.items[0].dtype));
    }
    czm_splice_behind(e->model, &part);
    return CZM_OK;
}

bool czm_edit_can_cast(czm_dtype dtype) {
    return dtype != CZM_DTYPE_FLOAT && dtype != CZM_DTYPE_COMPLEX64 &&
           dtype != CZM_DTYPE_COMPLEX128 && czm_dtype_size(dtype) > 0;
}

void czm_edit_tell_cast(czm_context *context, const czm_port *input) {
    czm_report_add_as(context->report, CZM_RULE_INPUT_TYPE, CZM_NOTE,
                      czm_arena_format(context->arena, "input \"%s\"", input->name),
                      "no action is necessary",
                      "its element type is %s: a cast from float32 is inserted before it",
                      czm_dtype_name(input->dtype));
}

double czm_edit_unit_factor(czm_context *context, const czm_port *input) {
    double factor = input->dtype == CZM_DTYPE_UINT8    ? 255
                    : input->dtype == CZM_DTYPE_UINT16 ? 65535
                                                       : 1;
    if (factor != 1)
        czm_report_add_as(
            context->report, CZM_RULE_PIXEL_RANGE, CZM_NOTE,
            czm_arena_format(context->arena, "input \"%s\"", input->name), "no action is necessary",
            "values from 0 to 1 are fed, but its element type is %s: the factor %.9g is "
            "inserted before the cast",
            czm_dtype_name(input->dtype), factor);
    else if (!czm_dtype_is_floating(input->dtype))
        czm_report_add(context->report, CZM_RULE_PIXEL_RANGE,
                       czm_arena_format(context->arena, "input \"%s\"", input->name),
                       czm_arena_format(context->arena,
                                        "multiply them by the largest value that the network "
                                        "expects: %s",
                                        czm_report_option(context->report, CZM_OPTION_PREPROCESSING,
                                                          "scale=255")),
                       "values from 0 to 1 are fed, but its element type is %s: every pixel "
                       "becomes 0 or 1",
                       czm_dtype_name(input->dtype));
    return factor;
}

static czm_status splice_factor(editing *e, double factor) {
    const czm_edit_step step = czm_step_factor(e->context->arena, factor);
    return factor == 1 ? CZM_OK : splice_before(e, &step);
}

static czm_status take_float(editing *e) {
    const czm_port *input = &e->model->main.inputs.items[0];
    if (!e->input->takes_float || !czm_edit_can_cast(input->dtype)) return CZM_OK;
    czm_edit_tell_cast(e->context, input);
    e->model->cast_to = input->dtype;
    double factor = e->input->is_unit ? czm_edit_unit_factor(e->context, input) : 1;
    const czm_edit_step step = czm_step_cast(input->dtype);
    CZM_TRY(splice_before(e, &step));
    return splice_factor(e, factor);
}

static czm_status read_all(editing *e) {
    const czm_options *o = e->options;
    e->baked = (czm_baked_list){0};
    const czm_network_choice choice = {.signature = o->signature,
                                       .output = o->output,
                                       .layout = czm_onnx_layout_find(o->layout),
                                       .config = o->config,
                                       .height = e->is_read_open ? 0 : o->spatial_height,
                                       .width = e->is_read_open ? 0 : o->spatial_width};
    CZM_TRY(read_network(e, e->source, choice, e->model));
    CZM_TRY(take_float(e));
    for (size_t i = o->preprocessing_count; i-- > 0;) CZM_TRY(splice_before(e, &e->before[i]));
    CZM_TRY(splice_factor(e, e->input->factor));
    for (size_t i = 0; i < o->postprocessing_count; i++) CZM_TRY(splice_behind(e, &e->after[i]));
    return CZM_OK;
}

static czm_status parse_all_steps(editing *e) {
    const czm_options *o = e->options;
    const czm_spec *s = e->spec;
    czm_arena *arena = e->context->arena;
    const char *before = s && s->has_before ? czm_spec_where(arena, s, "Preprocessing") : NULL;
    const char *after = s && s->has_after ? czm_spec_where(arena, s, "Postprocessing") : NULL;
    CZM_TRY(parse_steps(e->context, o->preprocessing, o->preprocessing_count, before, true,
                        &e->before));
    return parse_steps(e->context, o->postprocessing, o->postprocessing_count, after, false,
                       &e->after);
}

// ---- size

static czm_status apply_size(editing *e, int64_t height, int64_t width) {
    czm_shape shape = input_shape(e, e->model);
    if (shape.rank == 4) return czm_spatial_apply(e->context, e->model, &e->baked, height, width);
    bool is_volume = shape.rank == 5;
    return czm_report_add(e->context->report, CZM_RULE_SPATIAL_DIMS, "input",
                          is_volume
                              ? "export the network with the size of the tile"
                              : "export a network whose input is [batch, height, width, channels]",
                          is_volume ? "the size of a three-dimensional network is not changed: %s"
                                    : "an input of the shape %s has no height and width",
                          czm_shape_text(e->context->arena, shape));
}

struct czm_edit_trials {
    editing read;
    czm_model model;
};

// What is reported goes to reports of their own.
static const czm_edit_trials *begin_trials(czm_arena *arena, editing e) {
    czm_edit_trials *trials = CZM_NEW(arena, czm_edit_trials);
    czm_context *context = CZM_NEW(arena, czm_context);
    *context = (czm_context){arena, czm_report_in(arena)};
    e.context = context;
    e.model = &trials->model;
    e.is_read_open = true; // then each size is tried on a network that knows no other
    if (parse_all_steps(&e) != CZM_OK) return NULL;
    if (read_all(&e) != CZM_OK) {
        e.is_read_open = false; // it can only be read for a size
        trials->model = (czm_model){0};
        if (read_all(&e) != CZM_OK) return NULL;
    }
    trials->read = e;
    return trials;
}

bool czm_edit_try_size(const czm_edit_trials *trials, czm_arena *arena, int64_t height,
                       int64_t width, czm_model *model) {
    if (height < 1 || width < 1) return false;
    czm_context context = {arena, czm_report_in(arena)};
    editing e = trials->read;
    *model = czm_model_copy(arena, &trials->model);
    e.context = &context;
    e.model = model;
    e.baked = czm_spatial_copy(arena, &trials->read.baked, model);
    return apply_size(&e, height, width) == CZM_OK;
}

static bool works(const czm_edit_trials *trials, czm_arena *parent, int64_t height, int64_t width) {
    czm_model model;
    czm_arena *arena = czm_arena_child(parent);
    bool is_ok = czm_edit_try_size(trials, arena, height, width, &model);
    czm_arena_free(arena);
    return is_ok;
}

static int64_t round_down(int64_t size, int64_t unit) { return size / unit * unit; }
static int64_t round_up(int64_t size, int64_t unit) { return (size + unit - 1) / unit * unit; }

// The nearest sizes that work, if the size only has to be a multiple of a power of two.
static const char *size_hint(const editing *e, int64_t height, int64_t width) {
    czm_arena *arena = e->context->arena;
    const czm_edit_trials *trials = begin_trials(arena, *e);
    for (int64_t unit = 2; trials && unit <= 256; unit *= 2) {
        int64_t low[] = {round_down(height, unit), round_down(width, unit)};
        int64_t high[] = {round_up(height, unit), round_up(width, unit)};
        bool low_works = works(trials, arena, low[0], low[1]);
        bool high_works = works(trials, arena, high[0], high[1]);
        if (!low_works && !high_works) continue;
        if (!low_works) memcpy(low, high, sizeof low);
        if (!high_works) memcpy(high, low, sizeof high);
        bool is_one = low[0] == high[0] && low[1] == high[1];
        const char *first =
            czm_arena_format(arena, "%lld,%lld", (long long)low[0], (long long)low[1]);
        if (is_one) return czm_arena_format(arena, "the nearest size that works is %s", first);
        return czm_arena_format(arena, "the nearest sizes that work are %s and %lld,%lld", first,
                                (long long)high[0], (long long)high[1]);
    }
    return "the network requires its size: build it again for another size, or keep the size";
}

static czm_status change_size(editing *e) {
    const czm_options *o = e->options;
    size_t first = czm_report_count(e->context->report);
    czm_status status = apply_size(e, o->spatial_height, o->spatial_width);
    if (status != CZM_ERROR_INVALID) return status;
    const char *hint = size_hint(e, o->spatial_height, o->spatial_width);
    for (size_t i = first; i < czm_report_count(e->context->report); i++)
        if (czm_report_at(e->context->report, i)->severity == CZM_ERROR)
            czm_report_set_hint(e->context->report, i, hint);
    return status;
}

czm_status czm_edit_model(czm_context *context, const czm_options *options,
                          const czm_edit_input *input, const czm_source *source,
                          const czm_spec *spec, czm_model *model) {
    editing e = {.context = context,
                 .options = options,
                 .input = input,
                 .source = source,
                 .spec = spec,
                 .model = model};
    CZM_TRY(parse_all_steps(&e));
    CZM_TRY(read_all(&e));
    return wants_size(options) ? change_size(&e) : CZM_OK;
}

const czm_edit_trials *czm_edit_trials_begin(czm_arena *arena, const czm_options *options,
                                             const czm_source *source) {
    static const czm_edit_input input = {.takes_float = true, .factor = 1};
    czm_options *sized = CZM_NEW(arena, czm_options);
    *sized = *options;
    sized->spatial_height = sized->spatial_width = 1; // any: what stores sizes is recorded
    return begin_trials(arena, (editing){.options = sized, .input = &input, .source = source});
}
