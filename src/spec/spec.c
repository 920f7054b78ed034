// SPDX-License-Identifier: Apache-2.0
//
// The metadata from a JSON file or from the caller's struct, and the files that they name; see spec.h.
#include "spec/spec.h"

#include "codec/image.h"

// ---- paths

static bool has_control_character(const char *path) {
    for (; *path; path++)
        if ((uint8_t)*path < 0x20) return true;
    return false;
}

// The file system decides: backslashes are a part of the name if such a file exists; otherwise they separate folders.
static const char *understand(czm_context *context, const char *path) {
    if (!strchr(path, '\\') || czm_path_is_there(context->arena, path)) return path;
    char *forward = czm_arena_format(context->arena, "%s", path);
    for (char *c = forward; *c; c++)
        if (*c == '\\') *c = '/';
    return czm_path_is_there(context->arena, forward) ? forward : path;
}

static const char *locate(czm_context *context, const czm_spec *spec, const char *key,
                          const char *folder, const char *path) {
    if (has_control_character(path))
        czm_report_add(context->report, CZM_RULE_SPEC_VALUE,
                       czm_spec_where(context->arena, spec, key),
                       "in JSON, write \\\\ for each backslash of a path: \"C:\\\\tf\" is C:\\tf",
                       "the path contains a control character");
    return understand(context, czm_path_join(context->arena, folder, path));
}

static void check_license(czm_context *context, const czm_spec *spec, const char *where) {
    if (!spec->license_path) return;
    const char *path = spec->license_path;
    czm_path_kind kind = czm_path_look(path);
    if (kind == CZM_PATH_MISSING)
        czm_report_add(context->report, CZM_RULE_FILE_MISSING, where,
                       "name an existing text file, or omit the licence",
                       "the licence file \"%s\" does not exist", path);
    else if (kind != CZM_PATH_FILE || !czm_file_open(context->arena, path))
        czm_report_add(context->report, CZM_RULE_FILE_UNREADABLE, where,
                       "name a text file that can be read, or omit the licence",
                       "the licence file \"%s\" cannot be read: %s", path,
                       kind == CZM_PATH_FILE ? czm_file_error() : "it is not a file");
}

static void check_model_path(czm_context *context, const czm_spec *spec) {
    if (czm_path_is_there(context->arena, spec->model_path)) return;
    czm_report_add(context->report, CZM_RULE_FILE_MISSING,
                   czm_spec_where(context->arena, spec, "ModelPath"),
                   "name a SavedModel, a Keras file or an ONNX file; a relative path is relative "
                   "to the JSON file",
                   "there is no \"%s\"", spec->model_path);
}

// ---- the test image

// The channels and bits of an image file for each pixel type.
static const struct {
    const char *pixel_type;
    int channels, bits;
} layouts[] = {
    {"Gray8", 1, 8},  {"Gray16", 1, 16},     {"Gray32Float", 1, 32}, {"Bgr24", 3, 8},
    {"Bgr48", 3, 16}, {"Bgr96Float", 3, 32}, {"Bgra32", 4, 8},
};

static void suspect(czm_context *context, const czm_spec *spec, const char *finding) {
    czm_report_add(context->report, CZM_RULE_TEST_IMAGE,
                   czm_spec_where(context->arena, spec, "TestImageFile"), NULL, "%s", finding);
}

static void compare_layout(czm_context *context, const czm_spec *spec, const czm_image *image) {
    if (!spec->pixel_type || image->channels == 0) return;
    for (size_t i = 0; i < CZM_COUNT_OF(layouts); i++) {
        if (!czm_text_equal(spec->pixel_type, layouts[i].pixel_type)) continue;
        if (image->channels == layouts[i].channels && image->bits == layouts[i].bits) return;
        suspect(context, spec,
                czm_arena_format(context->arena,
                                 "\"%s\" has %d channel%s of %d bits, but %s has %d of %d",
                                 spec->test_image_path, image->channels,
                                 image->channels == 1 ? "" : "s", image->bits, spec->pixel_type,
                                 layouts[i].channels, layouts[i].bits));
    }
}

static void check_test_image(czm_context *context, const czm_spec *spec) {
    const char *path = spec->test_image_path;
    if (!path) return;
    czm_file *file = czm_path_look(path) == CZM_PATH_FILE ? czm_file_open(context->arena, path)
                                                          : NULL;
    if (!file) {
        suspect(context, spec, czm_arena_format(context->arena, "there is no image \"%s\"", path));
        return;
    }
    czm_image image = czm_image_read(context->arena, file);
    if (!image.format)
        suspect(context, spec,
                czm_arena_format(context->arena,
                                 "\"%s\" is not a PNG, JPEG, TIFF, BMP or CZI image", path));
    else if (image.fault)
        suspect(context, spec,
                czm_arena_format(context->arena, "\"%s\" is a damaged %s image: %s", path,
                                 image.format, image.fault));
    else
        compare_layout(context, spec, &image);
}

// The last component, whichever separator was used; without the ending of a file that holds a network.
static const char *name_of_path(czm_arena *arena, const char *path) {
    static const char *const endings[] = {".zip", ".onnx", ".keras", ".h5", ".hdf5"};
    size_t end = strlen(path);
    while (end > 0 && strchr("/\\", path[end - 1])) end--;
    size_t start = end;
    while (start > 0 && !strchr("/\\", path[start - 1])) start--;
    const char *name = // without a drive, where there are such
        czm_path_base(czm_arena_format(arena, "%.*s", (int)(end - start), path + start));
    for (size_t i = 0, size = strlen(name); i < CZM_COUNT_OF(endings); i++) {
        size_t ending = strlen(endings[i]);
        if (size > ending && czm_text_equal_but_case(name + size - ending, endings[i]))
            return czm_arena_format(arena, "%.*s", (int)(size - ending), name);
    }
    return name;
}

static const char *model_name(czm_context *context, const char *written, const char *resolved) {
    const char *name = name_of_path(context->arena, written);
    bool says_nothing = *name == '\0' || czm_text_equal(name, ".") || czm_text_equal(name, "..");
    if (!says_nothing) return name;
    const char *absolute = czm_path_absolute(context->arena, resolved);
    name = name_of_path(context->arena, absolute ? absolute : "");
    return *name ? name : "model";
}

// ---- from either source to a spec

static void take_classes(czm_context *context, const czm_metadata *metadata, czm_spec *spec) {
    spec->class_count = metadata->class_count;
    spec->classes = CZM_NEW_ARRAY(context->arena, czm_class, metadata->class_count);
    for (size_t i = 0; i < metadata->class_count; i++) {
        czm_class *c = &spec->classes[i];
        *c = metadata->classes[i];
        if (!c->name) c->name = "";
        if (c->has_colour) continue;
        uint8_t rgb[3];
        czm_class_colour(i % CZM_MOST_CLASSES, rgb);
        c->red = rgb[0], c->green = rgb[1], c->blue = rgb[2];
    }
}

static void check_required(czm_context *context, const czm_spec *spec,
                           const czm_metadata *metadata) {
    bool is_first = !metadata->model_type;
    const struct {
        const char *key;
        bool is_there;
    } required[] = {
        {"ColorHandling", metadata->color_handling || !is_first},
        {"PixelType", metadata->pixel_type || !is_first},
        {"Classes", metadata->class_count > 0 || !is_first},
        {"ModelPath", metadata->model_path && *metadata->model_path},
    };
    for (size_t i = 0; i < CZM_COUNT_OF(required); i++)
        if (!required[i].is_there)
            czm_report_add(context->report, CZM_RULE_SPEC_KEY,
                           czm_spec_where(context->arena, spec, required[i].key), NULL,
                           "%s is missing", czm_spec_key(context->arena, spec, required[i].key));
}

static void take_values(czm_context *context, const czm_metadata *metadata, czm_spec *spec) {
    spec->color_handling = metadata->color_handling;
    spec->pixel_type = metadata->pixel_type;
    spec->border_size = metadata->border_size;
    spec->model_type = metadata->model_type ? metadata->model_type : CZM_TYPE_SEGMENTATION;
    spec->scaling = metadata->scaling;
    spec->scaling_count = metadata->scaling_count;
    spec->input_shape = metadata->input_shape;
    spec->input_rank = metadata->input_rank;
    spec->output_shape = metadata->output_shape;
    spec->output_rank = metadata->output_rank;
    spec->is_later = metadata->model_type != NULL;
    spec->has_unit_range = metadata->has_unit_range;
    spec->model_id = metadata->model_id;
    spec->min_overlap = metadata->min_overlap;
    spec->min_overlap_count = metadata->min_overlap_count;
    spec->description = metadata->description;
    spec->pixel_types = metadata->pixel_types;
    spec->pixel_type_count = metadata->pixel_type_count;
    spec->postprocessing = metadata->postprocessing ? metadata->postprocessing : "";
    czm_spec_check_text(context, czm_spec_where(context->arena, spec, "Postprocessing"),
                        spec->postprocessing, true);
    take_classes(context, metadata, spec);
    czm_spec_check(context, spec);
}

// Relative paths are relative to `folder`.
static void take_model(czm_context *context, const czm_options *options,
                       const czm_metadata *metadata, const char *folder, czm_spec *spec) {
    if (!metadata->model_path || !*metadata->model_path) return; // reported as missing
    spec->model_path = locate(context, spec, "ModelPath", folder, metadata->model_path);
    spec->model_name = options->model_name ? options->model_name
                       : metadata->model_name
                           ? metadata->model_name
                           : model_name(context, metadata->model_path, spec->model_path);
    czm_spec_check_text(context, czm_spec_where(context->arena, spec, "ModelName"),
                        spec->model_name, false);
    check_model_path(context, spec);
}

static void take_files(czm_context *context, const czm_options *options,
                       const czm_metadata *metadata, const char *folder, czm_spec *spec) {
    if (metadata->test_image_path)
        spec->test_image_path =
            locate(context, spec, "TestImageFile", folder, metadata->test_image_path);
    if (options->license_path)
        spec->license_path = options->license_path;
    else if (metadata->license_path)
        spec->license_path = locate(context, spec, "LicenseFile", folder, metadata->license_path);
    check_license(context, spec,
                  options->license_path
                      ? czm_report_option(context->report, CZM_OPTION_LICENSE, NULL)
                      : czm_spec_where(context->arena, spec, "LicenseFile"));
    check_test_image(context, spec);
}

// A model in a step is a path, which is relative to the JSON file.
static const char *const *locate_steps(czm_context *context, const char *folder,
                                       const char *const *steps, size_t count) {
    const char **located = CZM_NEW_ARRAY(context->arena, const char *, count);
    for (size_t i = 0; i < count; i++) {
        bool is_model = czm_text_begins(steps[i], "model=") && steps[i][strlen("model=")];
        const char *path = steps[i] + (is_model ? strlen("model=") : 0);
        located[i] = !is_model ? path
                               : czm_arena_format(context->arena, "model=%s",
                                                  understand(context, czm_path_join(context->arena,
                                                                                    folder, path)));
    }
    return located;
}

// Options replace the values of the specification.
static czm_status take_edits(czm_context *context, const czm_options *o, const char *folder,
                             czm_spec *spec) {
    czm_edits *e = &spec->edits;
    if (o->as_is && (e->height || e->before_count || e->after_count))
        return czm_report_add(context->report, CZM_RULE_USAGE,
                              czm_report_option(context->report, CZM_OPTION_AS_IS, NULL),
                              "omit this option, or remove the keys SpatialDims, Preprocessing and "
                              "Postprocessing",
                              "this option packs the files unchanged, but %s changes the network",
                              spec->where);
    e->before = locate_steps(context, folder, e->before, e->before_count);
    e->after = locate_steps(context, folder, e->after, e->after_count);
    spec->has_before = e->before_count && !o->preprocessing_count;
    spec->has_after = e->after_count && !o->postprocessing_count;
    if (o->spatial_height) e->height = o->spatial_height, e->width = o->spatial_width;
    if (o->preprocessing_count)
        e->before = o->preprocessing, e->before_count = o->preprocessing_count;
    if (o->postprocessing_count)
        e->after = o->postprocessing, e->after_count = o->postprocessing_count;
    return CZM_OK;
}

czm_status czm_spec_read(czm_context *context, const czm_options *options, czm_spec *spec) {
    size_t since = czm_report_moment(context->report);
    czm_metadata metadata = CZM_METADATA_INIT;
    const char *folder = "";
    *spec = (czm_spec){.where = "metadata"};
    if (options->source_path) {
        spec->where = options->source_path;
        folder = czm_path_folder(context->arena, options->source_path);
        CZM_TRY(czm_json_spec_read(context, options->source_path, &metadata, &spec->edits));
    } else {
        metadata = *options->metadata;
        spec->is_struct = true;
        check_required(context, spec, &metadata);
    }
    CZM_TRY(take_edits(context, options, folder, spec));
    take_model(context, options, &metadata, folder, spec);
    take_values(context, &metadata, spec);
    take_files(context, options, &metadata, folder, spec);
    return czm_report_status(context->report, since);
}

czm_status czm_spec_of_metadata(czm_context *context, const czm_options *options, const char *where,
                                const czm_metadata *metadata, czm_spec *spec) {
    size_t since = czm_report_moment(context->report);
    *spec = (czm_spec){.where = where};
    CZM_TRY(take_edits(context, options, "", spec));
    spec->model_name = metadata->model_name   ? metadata->model_name
                       : metadata->model_path ? name_of_path(context->arena, metadata->model_path)
                                              : "";
    czm_spec_check_text(context, czm_spec_where(context->arena, spec, "ModelName"),
                        spec->model_name, true);
    take_values(context, metadata, spec);
    return czm_report_status(context->report, since);
}
