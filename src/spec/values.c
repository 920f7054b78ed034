// SPDX-License-Identifier: Apache-2.0
//
// The rules for the metadata, both in a JSON file and in the caller's struct. See spec.h.
#include "spec/spec.h"

#include "base/decimal.h"
#include "base/name_table.h"
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
void czm_spec_check_text(czm_context *context, const char *where, const char *text,
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
        czm_spec_check_text(context, class_where(context, spec, i), name, false);
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
    size_t since = czm_report_moment(context->report);
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
    return czm_report_status(context->report, since);
}
