// SPDX-License-Identifier: Apache-2.0
//
// czm_new_spec(): a specification from the values that the network contains. Other values are guessed,
// and each guess is a note. The specification also contains what makes the network usable in ZEN: a
// tile size where the network leaves it open, and a last step where the output is not probabilities.
#include "analysis/probability.h"
#include "api/call.h"
#include "api/target.h"
#include "api/tile_size.h"
#include "base/os.h"
#include "spec/json_spec.h"

#define SPLIT "sigmoid-to-softmax" // one probability becomes two

typedef struct drafting {
    const czm_options *options;
    const char *path;
    czm_context *context;
    czm_edits edits;
    czm_target target;
    const czm_check_subject *subject; // of the network with the edits
} drafting;

CZM_PRINTF(4, 5)
static void guess(drafting *d, const char *key, const char *hint, const char *format, ...) {
    va_list arguments;
    va_start(arguments, format);
    const char *finding = czm_arena_vformat(d->context->arena, format, arguments);
    va_end(arguments);
    czm_report_add(d->context->report, CZM_RULE_GUESS, key, hint, "%s", finding);
}

static int64_t last_dim(czm_shape shape) {
    return shape.rank > 0 ? shape.dims[shape.rank - 1] : CZM_UNKNOWN;
}

// ---- the network

// Reads the network with the edits so far.
static czm_status read_network(drafting *d) {
    czm_options *options = CZM_NEW(d->context->arena, czm_options);
    const czm_edits *e = &d->edits;
    *options = *d->options;
    options->spatial_height = e->height, options->spatial_width = e->width;
    options->postprocessing = e->after, options->postprocessing_count = e->after_count;
    CZM_TRY(czm_target_open(d->context, options, &d->target));
    if (d->target.has_spec)
        return czm_report_add(d->context->report, CZM_RULE_USAGE, d->options->source_path,
                              "name a SavedModel or an ONNX file",
                              "the file contains metadata already");
    CZM_TRY(czm_target_read_model(d->context, &d->target));
    d->subject = czm_check_subject_of(d->context->arena, &d->target.model, NULL, NULL);
    return CZM_OK;
}

static bool has_open_size(const drafting *d) {
    czm_shape input = d->subject->input;
    return input.rank == 4 && (input.dims[1] == CZM_UNKNOWN || input.dims[2] == CZM_UNKNOWN);
}

// Pixels that the result needs on each side; -1: not bounded or not known.
static int64_t required_border(const drafting *d) {
    if (d->target.model.has_only_ends) return -1;
    czm_receptive_field field = czm_check_output_field(d->subject);
    return field.kind == CZM_FIELD_BOUNDED ? czm_field_border(&field) : -1;
}

// The side of a tile of which the border leaves at least half, if the memory is enough for it.
static int64_t choose_side(czm_tile_size size, int64_t border) {
    enum { USUAL_SIDE = 512 };
    int64_t side = 4 * border > USUAL_SIDE ? 4 * border : USUAL_SIDE;
    side = (side + size.multiple - 1) / size.multiple * size.multiple;
    return side < size.largest ? side : size.largest;
}

// Chooses a tile size if the network leaves it open; it stays open if no size works.
static czm_status choose_tile(drafting *d) {
    if (!has_open_size(d) || d->target.model.has_only_ends) return CZM_OK;
    czm_tile_size size = czm_tile_size_find(d->context->arena, &d->target, d->subject);
    if (size.largest == 0) return CZM_OK;
    d->edits.height = d->edits.width = choose_side(size, required_border(d));
    guess(d, "SpatialDims", "correct the size if your images are smaller",
          "%lld x %lld pixels, since the network leaves the size open; the largest tile in 8 GiB "
          "is %lld x %lld, and each side must be a multiple of %lld",
          (long long)d->edits.height, (long long)d->edits.width, (long long)size.largest,
          (long long)size.largest, (long long)size.multiple);
    return read_network(d);
}

// Another format may have the operations, and the specification of a .czann states sizes.
static bool is_final(czm_rule rule) {
    return rule != CZM_RULE_OP_UNSUPPORTED && rule != CZM_RULE_INPUT_SIZE_UNDEFINED;
}

// Rules about the runtime matter only for an ONNX file that is packed unchanged: others are translated.
static bool is_of_file(const drafting *d, czm_rule rule) {
    bool is_volume = d->subject->input.rank == 5;
    return !is_volume && (rule == CZM_RULE_ONNX_OPSET || rule == CZM_RULE_ONNX_IR_VERSION);
}

// Errors of the network, with which no specification would convert.
static czm_status judge(drafting *d) {
    size_t since = czm_report_moment(d->context->report);
    czm_report *findings = czm_report_beside(d->context->arena, d->context->report);
    czm_context trial = {d->context->arena, findings};
    czm_target_judge(&trial, &d->target);
    for (size_t i = 0; i < czm_report_count(findings); i++) {
        const czm_finding *f = czm_report_at(findings, i);
        czm_rule rule = czm_rule_find(f->rule);
        bool is_stated = rule == CZM_RULE_INPUT_SIZE_UNDEFINED && d->subject->input.rank == 5;
        if (f->severity == CZM_ERROR && !is_stated && !is_of_file(d, rule))
            czm_report_add_as(d->context->report, rule, is_final(rule) ? CZM_ERROR : CZM_WARNING,
                              f->where, f->hint, "%s", f->finding);
    }
    return czm_report_status(d->context->report, since);
}

// The steps that turn the output into probabilities.
static czm_status choose_steps(drafting *d) {
    if (d->edits.after_count || d->target.model.has_only_ends || d->subject->family) return CZM_OK;
    czm_probability found =
        czm_probability_of(d->context->arena, &d->target.model, d->subject->shapes, true);
    if (found.proof == CZM_PROVEN || !found.remedies[0]) return CZM_OK;
    const char **steps = CZM_NEW_ARRAY(d->context->arena, const char *, 2);
    d->edits.after = steps;
    for (size_t i = 0; i < 2 && found.remedies[i]; i++) {
        bool is_split = czm_text_equal(found.remedies[i], SPLIT); // of the foreground's probability
        steps[d->edits.after_count++] = is_split ? SPLIT "=background-first" : found.remedies[i];
    }
    guess(d, "Postprocessing", "remove the steps if the output values do not belong to classes",
          "%s%s%s, since %s", steps[0], steps[1] ? " and " : "", steps[1] ? steps[1] : "",
          found.finding);
    return read_network(d);
}

// ---- the values

static const char *choose_pixel_type(drafting *d) {
    static const struct {
        int64_t channels;
        int bits;
        const char *type, *others;
    } types[] = {
        {1, 8, "Gray8", "Gray16 or Gray32Float"},
        {1, 16, "Gray16", "Gray8 or Gray32Float"},
        {3, 8, "Bgr24", "Bgr48 or Bgr96Float"},
        {3, 16, "Bgr48", "Bgr24 or Bgr96Float"},
        {4, 8, "Bgra32", "no other type has four channels"},
    };
    czm_shape input = d->subject->input;
    int64_t channels = input.rank == 4 ? input.dims[3] : CZM_UNKNOWN;
    int bits = d->target.model.cast_to == CZM_DTYPE_UINT16 && channels < 4 ? 16 : 8;
    for (size_t i = 0; i < CZM_COUNT_OF(types); i++) {
        if (types[i].channels != channels || types[i].bits != bits) continue;
        guess(d, "PixelType",
              czm_arena_format(d->context->arena, "for images of another bit depth: %s",
                               types[i].others),
              "%s: %lld channel%s of %d bits", types[i].type, (long long)channels,
              channels == 1 ? "" : "s", bits);
        return types[i].type;
    }
    guess(d, "PixelType", "a pixel type has 1, 3 or 4 channels",
          "Gray8, but the shape of the input is %s", czm_shape_text(d->context->arena, input));
    return "Gray8";
}

static const char *choose_color_handling(drafting *d, const char *pixel_type) {
    bool has_colour = czm_text_begins(pixel_type, "Bgr");
    const char *handling = has_colour ? "SplitRgb" : "ConvertToMonochrome";
    guess(d, "ColorHandling",
          czm_arena_format(d->context->arena, "the other value is %s",
                           has_colour ? "ConvertToMonochrome" : "SplitRgb"),
          has_colour ? "%s, since the network receives colours"
                     : "%s, which converts colour images to grey",
          handling);
    return handling;
}

// Of two classes, the first one has the network's own probability: it is the foreground.
static bool has_foreground_first(const drafting *d) {
    const czm_edits *e = &d->edits;
    return e->after_count && czm_text_equal(e->after[e->after_count - 1], SPLIT);
}

static void name_classes(drafting *d, czm_metadata *m) {
    czm_arena *arena = d->context->arena;
    int64_t count = last_dim(d->subject->output);
    if (count < 1 || count > CZM_MOST_CLASSES) count = 2;
    int64_t background = count == 1 ? -1 : has_foreground_first(d) ? 1 : 0;
    czm_class *classes = CZM_NEW_ARRAY(arena, czm_class, (size_t)count);
    for (int64_t i = 0; i < count; i++)
        classes[i].name = i == background ? "Background"
                          : count <= 2    ? "Foreground"
                                          : czm_arena_format(arena, "Class %lld", (long long)i);
    m->classes = classes;
    m->class_count = (size_t)count;
    guess(d, "Classes", "write the names of your classes, in the order of the output channels",
          "%lld name%s; the shape of the output is %s", (long long)count, count == 1 ? "" : "s",
          czm_shape_text(arena, d->subject->output));
}

// The border that the network requires, if it leaves something of the tile.
static int64_t choose_border(drafting *d) {
    czm_shape input = d->subject->input;
    int64_t border = required_border(d);
    if (border < 0) {
        guess(d, "BorderSize", "enter the width of the margin in which the result is unreliable",
              "0, since the receptive field is not known, or is the whole tile");
        return 0;
    }
    if (input.rank < 4) return border;
    int64_t height = input.dims[input.rank - 3], width = input.dims[input.rank - 2];
    if (height == CZM_UNKNOWN || width == CZM_UNKNOWN) return border;
    int64_t side = height < width ? height : width;
    if (2 * border < side) return border;
    long long least = 4 * (long long)border;
    const char *size = czm_arena_format(d->context->arena, "%lld,%lld", least, least);
    guess(d, "BorderSize",
          czm_arena_format(d->context->arena, "use a larger tile, if the network accepts it: %s",
                           czm_report_option(d->context->report, CZM_OPTION_SPATIAL_DIMS, size)),
          "%lld pixels, which leave half of the tile (%lld x %lld pixels); the receptive field "
          "requires %lld, which would leave nothing",
          (long long)(side / 4), (long long)height, (long long)width, (long long)border);
    return side / 4;
}

// The path from the new file to the model: as the user wrote it, if both are relative to the same folder; else
// absolute.
static const char *model_path(const drafting *d) {
    czm_arena *arena = d->context->arena;
    const char *path = d->options->source_path, *folder = czm_path_folder(arena, d->path);
    if (czm_path_is_absolute(path) || *folder == '\0' || czm_text_equal(folder, ".")) return path;
    const char *inside, *archive = czm_path_file_part(arena, path, &inside);
    const char *absolute = czm_path_absolute(arena, archive ? archive : path);
    if (!absolute) return path;
    return archive ? czm_path_join(arena, absolute, inside) : absolute;
}

// ---- the file

// Whether a tool computes its result from the output.
static bool is_raw_output(const drafting *d) {
    const czm_check_subject *s = d->subject;
    return s->family && !d->target.model.has_only_ends &&
           czm_probability_of(s->arena, s->model, s->shapes, true).proof != CZM_PROVEN;
}

// Why the network goes into a .czann; NULL: it need not.
static const char *reason_for_czann(const drafting *d) {
    const czm_check_subject *s = d->subject;
    int64_t channels = last_dim(s->input);
    bool has_pixel_type = channels == 1 || channels == 3 || channels == 4 ||
                          channels == CZM_UNKNOWN;
    if (is_raw_output(d))
        return czm_arena_format(s->arena, "the output of %s is %s", s->family->tool,
                                s->family->output);
    if (s->input.rank == 5) return "the network is three-dimensional";
    return s->input.rank != 4 || has_pixel_type
               ? NULL
               : czm_arena_format(s->arena, "no pixel type of a CZModel has %lld channels",
                                  (long long)channels);
}

static void without_batch(czm_shape shape, const int64_t **sizes, size_t *count) {
    *sizes = shape.rank > 1 ? shape.dims + 1 : NULL;
    *count = shape.rank > 1 ? (size_t)shape.rank - 1 : 0;
}

static bool has_open_block(const drafting *d) {
    czm_shape input = d->subject->input;
    for (int i = 1; i < 4 && input.rank == 5; i++)
        if (input.dims[i] == CZM_UNKNOWN) return true;
    return false;
}

// A power of two, of which the border leaves at least half.
static int64_t choose_extent(int64_t usual, int64_t border) {
    enum { MOST_TIMES = 4 };
    int64_t extent = usual;
    while (extent < 4 * border && extent < MOST_TIMES * usual) extent *= 2;
    return extent;
}

// Sets the open sizes of a three-dimensional network to those of a block, which determines all shapes.
static void choose_block(drafting *d, const czm_receptive_field *field) {
    enum { USUAL_SLICES = 16, USUAL_SIDE = 64 };
    czm_check_subject *s = CZM_NEW(d->context->arena, czm_check_subject);
    int64_t *block = CZM_NEW_ARRAY(d->context->arena, int64_t, 5);
    memcpy(block, d->subject->input.dims, 5 * sizeof *block);
    for (int i = 1; i < 4; i++) {
        int64_t border = field->kind != CZM_FIELD_BOUNDED ? 0
                         : i == 1                         ? czm_field_slices(field)
                                                          : czm_field_border(field);
        if (block[i] == CZM_UNKNOWN)
            block[i] = choose_extent(i == 1 ? USUAL_SLICES : USUAL_SIDE, border);
    }
    *s = *d->subject;
    s->input = (czm_shape){5, block};
    s->shapes = czm_shapes_infer(d->context->arena, s->model, &s->input);
    if (!d->target.model.has_only_ends)
        s->output = czm_shape_of(s->shapes, s->model->main.outputs.items[0].tensor);
    d->subject = s;
    guess(d, "InputShape", "correct the sizes if your images are smaller",
          "%s, since the network leaves sizes open", czm_shape_text(d->context->arena, s->input));
}

// Twice the required border along each axis, unless it removes the whole block.
static void choose_overlap(drafting *d, const czm_receptive_field *field, czm_metadata *m) {
    int64_t *overlap = CZM_NEW_ARRAY(d->context->arena, int64_t, 3);
    int64_t depth = d->subject->input.dims[1], slices = 0;
    if (field->kind == CZM_FIELD_BOUNDED) slices = czm_field_slices(field);
    long long required = 2 * (long long)slices;
    if (required >= depth) {
        guess(
            d, "MinOverlap", "use a deeper block, if the network accepts it",
            "%lld slices along z, which leave half of the block (%lld slices); the receptive field "
            "requires %lld, which would leave nothing",
            2 * (long long)(depth / 4), (long long)depth, required);
        slices = depth / 4;
    }
    overlap[0] = 2 * slices, overlap[1] = overlap[2] = 2 * m->border_size;
    m->min_overlap = overlap, m->min_overlap_count = 3;
}

static const char *compose_for_czann(drafting *d, const char *reason) {
    czm_metadata m = CZM_METADATA_INIT;
    m.has_unit_range = true;
    m.model_type = is_raw_output(d) ? "Regression" : CZM_TYPE_SEGMENTATION;
    if (!is_raw_output(d)) name_classes(d, &m);
    bool is_volume = d->subject->input.rank == 5;
    czm_receptive_field field = {.kind = CZM_FIELD_UNKNOWN};
    if (!d->target.model.has_only_ends) field = czm_check_output_field(d->subject);
    if (has_open_block(d)) choose_block(d, &field);
    m.border_size = choose_border(d);
    if (is_volume) choose_overlap(d, &field, &m);
    without_batch(d->subject->input, &m.input_shape, &m.input_rank);
    without_batch(d->subject->output, &m.output_shape, &m.output_rank);
    m.model_path = model_path(d);
    guess(d, "Type", "correct the type; a .czann may have others", "%s, for a .czann, since %s",
          m.model_type, reason);
    return czm_json_spec_write(d->context->arena, &m, &d->edits);
}

static const char *compose(drafting *d) {
    czm_metadata m = CZM_METADATA_INIT;
    const char *reason = reason_for_czann(d);
    if (reason) return compose_for_czann(d, reason);
    m.pixel_type = choose_pixel_type(d);
    m.color_handling = choose_color_handling(d, m.pixel_type);
    m.border_size = choose_border(d);
    name_classes(d, &m);
    m.model_path = model_path(d);
    return czm_json_spec_write(d->context->arena, &m, &d->edits);
}

static czm_status write(czm_context *context, const char *path, const char *text) {
    if (czm_path_look(path) != CZM_PATH_MISSING)
        return czm_report_add(context->report, CZM_RULE_FILE_UNWRITABLE, path,
                              "name another file, or remove this one", "the file exists already");
    czm_file *file = czm_file_create_beside(context->arena, path);
    if (file && czm_file_write_at(file, 0, text, strlen(text)) && czm_file_publish(file))
        return CZM_OK;
    return czm_report_add(context->report, CZM_RULE_FILE_UNWRITABLE, path, NULL,
                          "writing failed: %s", czm_file_error());
}

static czm_edits edits_of(const czm_options *o) {
    return (czm_edits){o->spatial_height,      o->spatial_width,  o->preprocessing,
                       o->preprocessing_count, o->postprocessing, o->postprocessing_count};
}

static czm_status draft(czm_context *context, void *data) {
    drafting *d = data;
    d->context = context;
    CZM_TRY(czm_options_take(context, &d->options));
    d->edits = edits_of(d->options);
    CZM_TRY(read_network(d));
    CZM_TRY(choose_tile(d));
    CZM_TRY(judge(d));
    CZM_TRY(choose_steps(d));
    const char *text = compose(d);
    return text ? write(context, d->path, text) : czm_report_out_of_memory(context->report);
}

czm_status czm_new_spec(const czm_options *options, const char *json_path, czm_report *report) {
    drafting d = {.options = options, .path = json_path};
    return czm_call(report, draft, &d);
}
