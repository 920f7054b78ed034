// SPDX-License-Identifier: Apache-2.0
//
// The rules for the metadata, both in a JSON file and in the caller's struct. See spec.h.
#include "spec/spec.h"

#include "base/decimal.h"
#include "base/name_table.h"
#include "codec/image.h"
#include "codec/xml.h"

static const char *const colour_handlings[] = {"ConvertToMonochrome", "SplitRgb"};

static const char *const pixel_types[] = {
    "Gray8",
    "Gray16",
    "Gray32Float",
    "Bgr24",
    "Bgr48",
    "Bgr96Float",
    "Bgra32",
    "Gray64ComplexFloat",
    "Bgr192ComplexFloat",
};

// The types of models in a .czann.
typedef struct model_type {
    const char *name;
    bool is_segmentation, gives_image;
    czm_type_values values;
} model_type;

static const model_type model_types[] = {
    {CZM_TYPE_SEGMENTATION, true, true, CZM_VALUES_SUM_TO_ONE},
    {"MultiClassSemanticSegmentation", true, true, CZM_VALUES_UNIT},
    {"SingleClassInstanceSegmentation", false, false, CZM_VALUES_FREE},
    {"MultiClassInstanceSegmentation", false, false, CZM_VALUES_FREE},
    {"SingleClassClassification", false, false, CZM_VALUES_FREE},
    {"MultiClassClassification", false, false, CZM_VALUES_FREE},
    {"ObjectDetection", false, false, CZM_VALUES_FREE},
    {"Regression", false, true, CZM_VALUES_FREE},
};

// All false if there is none.
static model_type find_type(const char *name) {
    if (!name) return (model_type){0};
    for (size_t i = 0; i < CZM_COUNT_OF(model_types); i++)
        if (czm_text_equal(model_types[i].name, name)) return model_types[i];
    return (model_type){0};
}

bool czm_type_is_segmentation(const char *name) { return find_type(name).is_segmentation; }
bool czm_type_gives_image(const char *name) { return find_type(name).gives_image; }
czm_type_values czm_type_values_of(const char *name) { return find_type(name).values; }

const char *czm_spec_key(czm_arena *arena, const czm_spec *spec, const char *key) {
    const char *text = "";
    if (!spec->is_struct) return key;
    if (czm_text_equal(key, "Type")) return "model_type";
    for (const char *c = key; *c; c++)
        text = czm_arena_format(arena, "%s%s%c", text, c > key && czm_lower(*c) != *c ? "_" : "",
                                czm_lower(*c));
    return text;
}

const char *czm_spec_where(czm_arena *arena, const czm_spec *spec, const char *key) {
    return czm_arena_format(arena, "%s: %s", spec->where, czm_spec_key(arena, spec, key));
}

static const char *key_where(czm_context *context, const czm_spec *spec, const char *key) {
    return czm_spec_where(context->arena, spec, key);
}

static const char *list(czm_arena *arena, const char *const *values, size_t count) {
    const char *text = "";
    for (size_t i = 0; i < count; i++)
        text = czm_arena_format(arena, "%s%s%s", text, i ? ", " : "", values[i]);
    return text;
}

static void check_choice(czm_context *context, const czm_spec *spec, const char *key,
                         const char *value, const char *const *values, size_t count) {
    if (!value) return; // reported as missing
    const char *hint =
        czm_arena_format(context->arena, "use one of %s", list(context->arena, values, count));
    for (size_t i = 0; i < count; i++) {
        if (czm_text_equal(value, values[i])) return;
        if (czm_text_equal_but_case(value, values[i]))
            hint = czm_arena_format(context->arena, "write \"%s\"", values[i]);
    }
    czm_report_add(context->report, CZM_RULE_SPEC_VALUE, key_where(context, spec, key), hint,
                   "\"%s\" is not a valid value of %s", value,
                   czm_spec_key(context->arena, spec, key));
}

// Names are written to XML; `where` names the class.
static void check_xml_text(czm_context *context, const char *where, const char *text,
                           bool may_be_empty) {
    size_t at;
    if (*text == '\0' && !may_be_empty)
        czm_report_add(context->report, CZM_RULE_CLASS_NAME, where, "give it a name",
                       "the name is empty");
    else if (!czm_xml_can_hold(czm_bytes_text(text), &at))
        czm_report_add(context->report, CZM_RULE_CLASS_NAME, where,
                       "remove control characters; text must be UTF-8",
                       "byte %zu of the text (0x%02x) cannot be stored in XML", at,
                       (unsigned)(uint8_t)text[at]);
}

static const char *class_where(czm_context *context, const czm_spec *spec, size_t index) {
    return czm_arena_format(context->arena, "%s: Classes[%zu]", spec->where, index);
}

static void check_class_names(czm_context *context, const czm_spec *spec) {
    czm_name_table seen = {0};
    for (size_t i = 0; i < spec->class_count; i++) {
        const char *name = spec->classes[i].name;
        check_xml_text(context, class_where(context, spec, i), name, false);
        czm_name_slot *slot = czm_name_slot_for(context->arena, &seen, czm_bytes_text(name));
        if (slot->value)
            czm_report_add(context->report, CZM_RULE_CLASS_DUPLICATE, class_where(context, spec, i),
                           NULL, "another class has the name \"%s\" too", name);
        slot->value = (void *)name;
    }
}

static void check_classes(czm_context *context, const czm_spec *spec) {
    if (spec->class_count > CZM_MOST_CLASSES)
        czm_report_add(context->report, CZM_RULE_SPEC_VALUE, key_where(context, spec, "Classes"),
                       "use fewer classes", "there are %zu classes; at most %d are supported",
                       spec->class_count, CZM_MOST_CLASSES);
    check_class_names(context, spec);
}

static bool has_colour(const czm_spec *spec) {
    return spec->pixel_type && czm_text_begins(spec->pixel_type, "Bgr");
}

bool czm_spec_has_step(const czm_spec *spec, const char *begin) {
    for (size_t i = 0; i < spec->edits.before_count; i++)
        if (czm_text_begins(spec->edits.before[i], begin)) return true;
    return false;
}

static bool reorders_colours(const czm_spec *spec) {
    return czm_spec_has_step(spec, "rgb") || czm_spec_has_step(spec, "transpose-channels");
}

static void check_colours(czm_context *context, const czm_spec *spec) {
    if (!has_colour(spec)) return;
    if (!reorders_colours(spec))
        czm_report_add(context->report, CZM_RULE_COLOR_ORDER, key_where(context, spec, "PixelType"),
                       NULL, "the network receives the channels of %s as blue, green, red",
                       spec->pixel_type);
    if (spec->color_handling && czm_text_equal(spec->color_handling, "ConvertToMonochrome"))
        czm_report_add(context->report, CZM_RULE_COLOR_HANDLING,
                       key_where(context, spec, "ColorHandling"), NULL,
                       "ConvertToMonochrome removes the colours of %s", spec->pixel_type);
}

static void check_border(czm_context *context, const czm_spec *spec) {
    bool is_told = spec->border_size != CZM_NO_BORDER;
    if (!is_told || (spec->border_size >= 0 && spec->border_size <= INT32_MAX)) return;
    czm_report_add(context->report, CZM_RULE_SPEC_VALUE, key_where(context, spec, "BorderSize"),
                   "give the border in pixels, 0 or more", "%lld is not a valid border",
                   (long long)spec->border_size);
}

static void check_type(czm_context *context, const czm_spec *spec) {
    const char *names[CZM_COUNT_OF(model_types)];
    for (size_t i = 0; i < CZM_COUNT_OF(model_types); i++) names[i] = model_types[i].name;
    check_choice(context, spec, "Type", spec->model_type, names, CZM_COUNT_OF(names));
}

// The pixels of a microscope are smaller than a millimetre.
static void check_scaling(czm_context *context, const czm_spec *spec) {
    for (size_t i = 0; i < spec->scaling_count; i++)
        if (!(spec->scaling[i] > 0 && spec->scaling[i] < 1e-3)) {
            czm_report_add(context->report, CZM_RULE_CZANN_VALUE,
                           key_where(context, spec, "Scaling"),
                           "write 1e-6 for one micrometre per pixel, or omit Scaling",
                           "a pixel size of %s metres is not plausible",
                           czm_decimal_text(context->arena, spec->scaling[i], false, 6));
            return;
        }
}

// One number for each axis of the image, without the channels.
static void check_overlap(czm_context *context, const czm_spec *spec) {
    size_t count = spec->min_overlap_count, axes = spec->input_rank ? spec->input_rank - 1 : 0;
    if (count < 2 || axes == 0 || count == axes) return;
    czm_report_add(context->report, CZM_RULE_CZANN_VALUE, key_where(context, spec, "MinOverlap"),
                   NULL, "it has %zu values, but InputShape has %zu axes without the channels",
                   count, axes);
}

void czm_spec_check(czm_context *context, const czm_spec *spec) {
    check_type(context, spec);
    check_scaling(context, spec);
    check_choice(context, spec, "ColorHandling", spec->color_handling, colour_handlings,
                 CZM_COUNT_OF(colour_handlings));
    check_choice(context, spec, "PixelType", spec->pixel_type, pixel_types,
                 CZM_COUNT_OF(pixel_types));
    for (size_t i = 1; i < spec->pixel_type_count; i++)
        check_choice(context, spec, "PixelType", spec->pixel_types[i], pixel_types,
                     CZM_COUNT_OF(pixel_types));
    check_overlap(context, spec);
    check_border(context, spec);
    check_classes(context, spec);
    check_colours(context, spec);
}

// The later form of the specification may lack values that only a .czmodel needs.
czm_status czm_spec_check_format(czm_context *context, const czm_spec *spec,
                                 const czm_format *format) {
    bool is_xml = format->container == CZM_CONTAINER_XML;
    bool is_segmentation = czm_type_is_segmentation(spec->model_type);
    const struct {
        const char *key, *example;
        bool is_missing;
    } keys[] = {
        {"PixelType", "Gray16", is_xml && !spec->pixel_type},
        {"ColorHandling", "ConvertToMonochrome", is_xml && !spec->color_handling},
        {"Classes", NULL, is_segmentation && spec->class_count == 0},
    };
    size_t first = czm_report_count(context->report);
    const char *czann_option = czm_report_option(context->report, CZM_OPTION_FORMAT, "czann-1.1.0");
    if (!spec->is_later || !spec->model_type) return CZM_OK; // reported before
    for (size_t i = 0; i < CZM_COUNT_OF(keys); i++)
        if (keys[i].is_missing)
            czm_report_add(context->report, CZM_RULE_SPEC_KEY,
                           key_where(context, spec, keys[i].key),
                           keys[i].example
                               ? czm_arena_format(context->arena,
                                                  "add \"%s\": \"%s\" beside ModelPath in "
                                                  "the specification (unpack a .czann first), or "
                                                  "choose a .czann: %s",
                                                  keys[i].key, keys[i].example, czann_option)
                               : NULL,
                           "%s is missing, but %s requires it", keys[i].key,
                           is_xml ? "a .czmodel" : "a segmentation");
    if (is_xml && !is_segmentation)
        czm_report_add(context->report, CZM_RULE_SPEC_VALUE, key_where(context, spec, "Type"),
                       czm_arena_format(context->arena, "choose a .czann: %s", czann_option),
                       "a .czmodel cannot contain a model of type %s", spec->model_type);
    return czm_report_status(context->report, first);
}

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
        czm_report_add(context->report, CZM_RULE_SPEC_VALUE, key_where(context, spec, key),
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
    czm_report_add(context->report, CZM_RULE_FILE_MISSING, key_where(context, spec, "ModelPath"),
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
    czm_report_add(context->report, CZM_RULE_TEST_IMAGE, key_where(context, spec, "TestImageFile"),
                   NULL, "%s", finding);
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
                           key_where(context, spec, required[i].key), NULL, "%s is missing",
                           czm_spec_key(context->arena, spec, required[i].key));
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
    check_xml_text(context, key_where(context, spec, "Postprocessing"), spec->postprocessing, true);
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
    check_xml_text(context, key_where(context, spec, "ModelName"), spec->model_name, false);
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
                      : key_where(context, spec, "LicenseFile"));
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
    size_t first = czm_report_count(context->report);
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
    return czm_report_status(context->report, first);
}

czm_status czm_spec_of_metadata(czm_context *context, const czm_options *options, const char *where,
                                const czm_metadata *metadata, czm_spec *spec) {
    size_t first = czm_report_count(context->report);
    *spec = (czm_spec){.where = where};
    CZM_TRY(take_edits(context, options, "", spec));
    spec->model_name = metadata->model_name   ? metadata->model_name
                       : metadata->model_path ? name_of_path(context->arena, metadata->model_path)
                                              : "";
    check_xml_text(context, key_where(context, spec, "ModelName"), spec->model_name, true);
    take_values(context, metadata, spec);
    return czm_report_status(context->report, first);
}
