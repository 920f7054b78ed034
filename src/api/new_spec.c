// SPDX-License-Identifier: Apache-2.0
//
// czm_new_spec(): a specification from what the network tells. What it does not tell is guessed,
// and each guess is a note.
#include "api/call.h"
#include "api/target.h"
#include "base/os.h"
#include "spec/json_spec.h"

typedef struct drafting {
    const czm_options *options;
    const char *path;
} drafting;

static void guess(czm_context *context, const char *key, const char *hint, const char *finding) {
    czm_report_add(context->report, CZM_RULE_GUESS, key, hint, "%s", finding);
}

// ---- the values

static const char *choose_pixel_type(czm_context *context, const czm_check_subject *s) {
    static const struct {
        int64_t channels;
        const char *type, *others;
    } types[] = {
        {1, "Gray8", "Gray16 or Gray32Float"},
        {3, "Bgr24", "Bgr48 or Bgr96Float"},
        {4, "Bgra32", "no other type has four channels"},
    };
    int64_t channels = s->input.rank == 4 ? s->input.dims[3] : CZM_UNKNOWN;
    for (size_t i = 0; i < CZM_COUNT_OF(types); i++) {
        if (types[i].channels != channels) continue;
        guess(context, "PixelType",
              czm_arena_format(s->arena, "for images of another depth: %s", types[i].others),
              czm_arena_format(s->arena, "%s: %lld channel%s of 8 bits", types[i].type,
                               (long long)channels, channels == 1 ? "" : "s"));
        return types[i].type;
    }
    guess(context, "PixelType", "a pixel type has 1, 3 or 4 channels",
          czm_arena_format(s->arena, "Gray8, but the input's shape is %s",
                           czm_shape_text(s->arena, s->input)));
    return "Gray8";
}

static const char *choose_color_handling(czm_context *context, const char *pixel_type) {
    bool has_colour = czm_text_begins(pixel_type, "Bgr");
    const char *handling = has_colour ? "SplitRgb" : "ConvertToMonochrome";
    guess(context, "ColorHandling", "the other choice is the other of the two",
          has_colour ? "SplitRgb, since the network takes colours"
                     : "ConvertToMonochrome, so that colour images become grey");
    return handling;
}

static void name_classes(czm_context *context, const czm_check_subject *s, czm_metadata *m) {
    enum { MOST = CZM_MOST_CLASSES };
    int64_t count = s->output.rank > 0 ? s->output.dims[s->output.rank - 1] : CZM_UNKNOWN;
    if (count < 1 || count > MOST) count = 2;
    czm_class *classes = CZM_NEW_ARRAY(s->arena, czm_class, (size_t)count);
    for (int64_t i = 0; i < count; i++)
        classes[i].name = i == 0 ? "Background"
                                 : czm_arena_format(s->arena, "Class %lld", (long long)i);
    m->classes = classes;
    m->class_count = (size_t)count;
    guess(context, "Classes", "name them, in the order of the output's channels",
          czm_arena_format(s->arena, "%lld names; the output's shape is %s", (long long)count,
                           czm_shape_text(s->arena, s->output)));
}

static int64_t choose_border(czm_context *context, const czm_check_subject *s) {
    czm_receptive_field field = czm_check_output_field(s);
    if (field.kind == CZM_FIELD_BOUNDED) return czm_field_border(&field);
    guess(context, "BorderSize", "give the pixels at a tile's edge that you do not trust",
          "0, since the network does not tell how far it sees");
    return 0;
}

// The path from the new file to the model: what the user wrote, if both are relative to the same
// folder; else it is absolute.
static const char *model_path(czm_context *context, const drafting *d) {
    const char *path = d->options->source_path, *folder = czm_path_folder(context->arena, d->path);
    if (czm_path_is_absolute(path) || *folder == '\0' || czm_text_equal(folder, ".")) return path;
    const char *absolute = czm_path_absolute(context->arena, path);
    return absolute ? absolute : path;
}

// ---- the file

static const char *compose(czm_context *context, const drafting *d, const czm_check_subject *s) {
    czm_metadata m = CZM_METADATA_INIT;
    m.pixel_type = choose_pixel_type(context, s);
    m.color_handling = choose_color_handling(context, m.pixel_type);
    m.border_size = choose_border(context, s);
    name_classes(context, s, &m);
    m.model_path = model_path(context, d);
    return czm_json_spec_write(context->arena, &m);
}

static czm_status write(czm_context *context, const char *path, const char *text) {
    if (czm_path_look(path) != CZM_PATH_MISSING)
        return czm_report_add(context->report, CZM_RULE_FILE_UNWRITABLE, path,
                              "name another file, or remove this one", "it is there already");
    czm_file *file = czm_file_create_beside(context->arena, path);
    if (file && czm_file_write_at(file, 0, text, strlen(text)) && czm_file_publish(file))
        return CZM_OK;
    return czm_report_add(context->report, CZM_RULE_FILE_UNWRITABLE, path, NULL,
                          "writing failed: %s", czm_file_error());
}

static czm_status draft(czm_context *context, void *data) {
    const drafting *d = data;
    czm_target target;
    CZM_TRY(czm_options_take(context, d->options));
    CZM_TRY(czm_target_open(context, d->options, &target));
    if (target.has_spec)
        return czm_report_add(context->report, CZM_RULE_USAGE, d->options->source_path,
                              "name a SavedModel or an ONNX file", "it has metadata already");
    CZM_TRY(czm_target_read_model(context, &target));
    const czm_check_subject *s = czm_check_subject_of(context->arena, &target.model, NULL, NULL);
    const char *text = compose(context, d, s);
    return text ? write(context, d->path, text) : czm_report_out_of_memory(context->report);
}

czm_status czm_new_spec(const czm_options *options, const char *json_path, czm_report *report) {
    drafting d = {options, json_path};
    return czm_call(report, draft, &d);
}
