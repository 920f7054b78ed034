// SPDX-License-Identifier: Apache-2.0
//
// Reading the JSON specification with jansson; see json_spec.h. The tables `first` and `later` are its two forms,
// `model` is the nested object of the later one.
#include "spec/json_spec.h"

#include <stdlib.h>

#include "codec/json.h"
#include "spec/spec.h"
#include "spec/value_range.h"

enum { LARGEST_SPEC = 16 << 20, MOST_SIZES = 4 };

typedef struct reader {
    czm_context *context;
    const char *path;
    czm_metadata *metadata;
    czm_edits *edits;         // NULL: of a model.json
    const char *id, *version; // of a model.json
    const json_t *colours;    // ClassColors, which may stand before Classes; NULL: none
} reader;

// The type of functions that read a value; false: it has the wrong type (`expected` describes the right one).
typedef bool take_value(reader *r, json_t *value);

typedef struct key {
    const char *name;
    bool is_required;
    take_value *take;
    const char *expected;
} key;

// The keys of one object. `name` is the key that contains the object, or NULL.
typedef struct key_table {
    const char *name;
    const key *keys;
    size_t count;
} key_table;

static void read_object(reader *r, json_t *object, const key_table *table);

// ---- values

static bool copy_string(reader *r, const json_t *value, const char **to) {
    if (!json_is_string(value)) return false;
    *to = czm_arena_string(r->context->arena,
                           czm_bytes_of(json_string_value(value), json_string_length(value)));
    return true;
}

static bool take_color_handling(reader *r, json_t *value) {
    return copy_string(r, value, &r->metadata->color_handling);
}

// A type, or a list of one for each channel, as czmodel 1.2.0 and newer have it.
static bool take_pixel_type(reader *r, json_t *value) {
    size_t count = json_array_size(value);
    const char **types = CZM_NEW_ARRAY(r->context->arena, const char *, count);
    if (!json_is_array(value)) return copy_string(r, value, &r->metadata->pixel_type);
    for (size_t i = 0; i < count; i++)
        if (!copy_string(r, json_array_get(value, i), &types[i])) return false;
    r->metadata->pixel_types = types;
    r->metadata->pixel_type_count = count;
    if (count) r->metadata->pixel_type = types[0];
    return count > 0;
}

static bool take_model_path(reader *r, json_t *value) {
    return copy_string(r, value, &r->metadata->model_path) && *r->metadata->model_path;
}

static bool take_range(reader *r, json_t *value) {
    const char *range = "";
    return copy_string(r, value, &range) &&
           czm_value_range_parse(range, &r->metadata->has_unit_range);
}

// null is how some programs write "no value".
static bool take_test_image(reader *r, json_t *value) {
    return json_is_null(value) || copy_string(r, value, &r->metadata->test_image_path);
}

static bool take_license(reader *r, json_t *value) {
    return json_is_null(value) || copy_string(r, value, &r->metadata->license_path);
}

static bool take_border(reader *r, json_t *value) {
    if (json_is_integer(value)) r->metadata->border_size = json_integer_value(value);
    return json_is_integer(value);
}

static bool take_classes(reader *r, json_t *value) {
    size_t count = json_array_size(value);
    if (count == 0) return false; // also when it is no array
    czm_class *classes = CZM_NEW_ARRAY(r->context->arena, czm_class, count);
    for (size_t i = 0; i < count; i++)
        if (!copy_string(r, json_array_get(value, i), &classes[i].name)) return false;
    r->metadata->classes = classes;
    r->metadata->class_count = count;
    return true;
}

static bool take_colours(reader *r, json_t *value) {
    r->colours = json_is_null(value) ? NULL : value;
    return json_is_null(value) || json_is_array(value);
}

// "#ff8000"; null: the library chooses.
static bool read_colour(const json_t *value, czm_class *c) {
    const char *text = json_string_value(value);
    char *end;
    if (json_is_null(value)) return true;
    if (!text || strlen(text) != 7 || text[0] != '#' || !strchr("0123456789abcdefABCDEF", text[1]))
        return false;
    unsigned long number = strtoul(text + 1, &end, 16);
    c->red = (uint8_t)(number >> 16), c->green = (uint8_t)(number >> 8), c->blue = (uint8_t)number;
    c->has_colour = true;
    return *end == '\0';
}

static bool apply_colours(reader *r) {
    czm_class *classes = (czm_class *)r->metadata->classes; // made by take_classes()
    size_t count = json_array_size(r->colours);
    bool is_good = count == r->metadata->class_count;
    for (size_t i = 0; i < count && is_good; i++)
        is_good = read_colour(json_array_get(r->colours, i), &classes[i]);
    return is_good;
}

static bool take_later_classes(reader *r, json_t *value) {
    return json_is_null(value) || take_classes(r, value);
}

static bool take_type(reader *r, json_t *value) {
    return copy_string(r, value, &r->metadata->model_type);
}

static bool take_model_id(reader *r, json_t *value) {
    return json_is_null(value) || copy_string(r, value, &r->metadata->model_id);
}

static bool take_name(reader *r, json_t *value) {
    return json_is_null(value) || copy_string(r, value, &r->metadata->model_name);
}

// Count 0: it is not a list of up to MOST_SIZES integers. null is an open size.
static size_t take_sizes(reader *r, const json_t *value, const int64_t **sizes) {
    size_t count = json_array_size(value);
    int64_t *found = CZM_NEW_ARRAY(r->context->arena, int64_t, MOST_SIZES);
    if (count > MOST_SIZES) return 0;
    for (size_t i = 0; i < count; i++) {
        const json_t *item = json_array_get(value, i);
        if (!json_is_integer(item) && !json_is_null(item)) return 0;
        found[i] = json_is_null(item) ? -1 : json_integer_value(item);
    }
    *sizes = found;
    return count;
}

static bool take_input_shape(reader *r, json_t *value) {
    r->metadata->input_rank = take_sizes(r, value, &r->metadata->input_shape);
    return r->metadata->input_rank > 0;
}

static bool take_output_shape(reader *r, json_t *value) {
    r->metadata->output_rank = take_sizes(r, value, &r->metadata->output_shape);
    return r->metadata->output_rank > 0;
}

// Twice the border, for each axis: [z,] y, x. The border is that of the image's plane.
static bool take_overlap(reader *r, json_t *value) {
    const int64_t *written;
    size_t count = take_sizes(r, value, &written);
    int64_t *overlaps = CZM_NEW_ARRAY(r->context->arena, int64_t, count), largest = 0;
    for (size_t i = 0; i < count; i++) {
        overlaps[i] = written[i] + written[i] % 2;
        if (i + 2 >= count && overlaps[i] > largest) largest = overlaps[i];
        if (written[i] % 2)
            czm_report_add(r->context->report, CZM_RULE_CZANN_VALUE,
                           czm_arena_format(r->context->arena, "%s: MinOverlap", r->path), NULL,
                           "%lld is odd: %lld is used", (long long)written[i],
                           (long long)overlaps[i]);
    }
    r->metadata->border_size = largest / 2;
    r->metadata->min_overlap = overlaps;
    r->metadata->min_overlap_count = count;
    return json_is_null(value) || count > 0;
}

static bool take_description(reader *r, json_t *value) {
    return json_is_null(value) || copy_string(r, value, &r->metadata->description);
}

static bool take_scaling(reader *r, json_t *value) {
    size_t count = json_array_size(value);
    if (json_is_null(value)) return true;
    double *scaling = CZM_NEW_ARRAY(r->context->arena, double, count);
    for (size_t i = 0; i < count; i++) {
        if (!json_is_number(json_array_get(value, i))) return false;
        scaling[i] = json_number_value(json_array_get(value, i));
    }
    r->metadata->scaling = scaling;
    r->metadata->scaling_count = count;
    return count == 2 || count == 3;
}

static bool take_spatial_dims(reader *r, json_t *value) {
    const int64_t *sizes;
    if (take_sizes(r, value, &sizes) != 2) return false;
    r->edits->height = sizes[0], r->edits->width = sizes[1];
    return sizes[0] > 0 && sizes[1] > 0 && sizes[0] <= INT32_MAX && sizes[1] <= INT32_MAX;
}

// A step, or a list of steps.
static bool take_steps(reader *r, json_t *value, const char *const **steps, size_t *count) {
    size_t given = json_is_array(value) ? json_array_size(value) : 1;
    const char **texts = CZM_NEW_ARRAY(r->context->arena, const char *, given);
    for (size_t i = 0; i < given; i++)
        if (!copy_string(r, json_is_array(value) ? json_array_get(value, i) : value, &texts[i]))
            return false;
    *steps = texts, *count = given;
    return true;
}

static bool take_preprocessing(reader *r, json_t *value) {
    return take_steps(r, value, &r->edits->before, &r->edits->before_count);
}

static bool take_postprocessing(reader *r, json_t *value) {
    return take_steps(r, value, &r->edits->after, &r->edits->after_count);
}

// ---- keys

#define PATH_OF_MODEL "a string, the path of a SavedModel or of an ONNX file"
#define PATH_OF_IMAGE "a string, the path of an image"
#define PATH_OF_LICENSE "a string, the path of a text file"
#define SOME_COLOR_HANDLING "a string, such as \"ConvertToMonochrome\""
#define SOME_PIXEL_TYPE "a string, such as \"Gray16\""
#define SOME_CLASSES "a list of strings, such as [\"Background\", \"Cell\"]"
#define SOME_COLOURS \
    "a colour for each class, such as [\"#ff0000\", \"#00ff00\"], or null for a default colour"
#define SOME_RANGE "\"raw\" (the values of PixelType) or \"unit\" (0 to 1)"
#define SOME_SHAPE "height, width and channels, such as [512, 512, 1]"

// This program's own keys, in both forms.
#define EDIT_KEYS                                                                                  \
    {"SpatialDims", false, take_spatial_dims, "height and width in pixels, such as [512, 512]"},   \
        {"Preprocessing", false, take_preprocessing, "a list of steps, such as [\"rgb-to-bgr\"]"}, \
    {                                                                                              \
        "Postprocessing", false, take_postprocessing, "a list of steps, such as [\"softmax\"]"     \
    }

static const key first_keys[] = {
    {"BorderSize", true, take_border, "a whole number of pixels, such as 90"},
    {"ColorHandling", true, take_color_handling, SOME_COLOR_HANDLING},
    {"PixelType", true, take_pixel_type, SOME_PIXEL_TYPE},
    {"Classes", true, take_classes, SOME_CLASSES},
    {"ModelPath", true, take_model_path, PATH_OF_MODEL},
    {"TestImageFile", false, take_test_image, PATH_OF_IMAGE},
    {"LicenseFile", false, take_license, PATH_OF_LICENSE},
    {"ValueRange", false, take_range, SOME_RANGE},
    EDIT_KEYS,
    {"ClassColors", false, take_colours, SOME_COLOURS},
};

static const key model_keys[] = {
    {"Id", false, take_model_id, "a string, a UUID"},
    {"Type", true, take_type, "a string, such as \"" CZM_TYPE_SEGMENTATION "\""},
    {"Classes", false, take_later_classes, SOME_CLASSES},
    {"InputShape", true, take_input_shape, SOME_SHAPE},
    {"OutputShape", true, take_output_shape, SOME_SHAPE},
    {"ModelName", false, take_name, "a string"},
    {"MinOverlap", false, take_overlap, "twice the border in pixels, such as [180, 180]"},
    {"ModelDescription", false, take_description, "a string"},
    {"Scaling", false, take_scaling,
     "metres per pixel: two or three numbers, such as [1e-7, 1e-7]"},
};

static const key_table model = {"ModelMetadata", model_keys, CZM_COUNT_OF(model_keys)};

static bool take_model(reader *r, json_t *value) {
    if (!json_is_object(value)) return false;
    read_object(r, value, &model);
    return true;
}

// Values that a .czmodel needs and the later form does not have are beside ModelMetadata.
static const key later_keys[] = {
    {"ModelMetadata", true, take_model, "an object with Type, InputShape and OutputShape"},
    {"ModelPath", true, take_model_path, PATH_OF_MODEL},
    {"LicenseFile", false, take_license, PATH_OF_LICENSE},
    {"TestImageFile", false, take_test_image, PATH_OF_IMAGE},
    {"ColorHandling", false, take_color_handling, SOME_COLOR_HANDLING},
    {"PixelType", false, take_pixel_type, SOME_PIXEL_TYPE},
    {"ValueRange", false, take_range, SOME_RANGE},
    EDIT_KEYS,
    {"ClassColors", false, take_colours, SOME_COLOURS},
};

static bool take_id(reader *r, json_t *value) { return copy_string(r, value, &r->id); }

static bool take_version(reader *r, json_t *value) { return copy_string(r, value, &r->version); }

// The keys of a model.json in addition to those of `model`.
static const key file_keys[] = {
    {"FormatVersion", false, take_version, "a string, such as \"2.1.0\""},
    {"Id", true, take_id, "a string, a UUID"},
};

static const key_table first = {NULL, first_keys, CZM_COUNT_OF(first_keys)};
static const key_table later = {NULL, later_keys, CZM_COUNT_OF(later_keys)};

static key_table table_of_file(czm_arena *arena) {
    size_t count = CZM_COUNT_OF(file_keys) + CZM_COUNT_OF(model_keys);
    key *keys = CZM_NEW_ARRAY(arena, key, count);
    memcpy(keys, file_keys, sizeof file_keys);
    memcpy(keys + CZM_COUNT_OF(file_keys), model_keys, sizeof model_keys);
    return (key_table){NULL, keys, count};
}

// ---- the nearest known key

static size_t smaller(size_t a, size_t b) { return a < b ? a : b; }

// The distance of a written name from a known one: Levenshtein's distance (with one row) to the nearest prefix of the
// known name, plus a small amount for its missing end. Very long names match nothing.
static size_t distance(const char *a, const char *b) {
    enum { LONGEST = 64 };
    size_t row[LONGEST + 1], b_size = strlen(b);
    if (strlen(a) > LONGEST || b_size > LONGEST) return SIZE_MAX;
    for (size_t k = 0; k <= b_size; k++) row[k] = k;
    for (size_t i = 0; a[i]; i++) {
        size_t diagonal = row[0];
        row[0] = i + 1;
        for (size_t k = 0; k < b_size; k++) {
            size_t change = diagonal + (a[i] != b[k]);
            diagonal = row[k + 1];
            row[k + 1] = smaller(change, smaller(row[k], row[k + 1]) + 1);
        }
    }
    size_t best = SIZE_MAX;
    for (size_t k = 0; k <= b_size; k++) best = smaller(best, 4 * row[k] + (b_size - k));
    return best;
}

static const char *nearest_key(const key_table *table, const char *name) {
    const char *best = table->keys[0].name;
    for (size_t i = 1; i < table->count; i++)
        if (distance(name, table->keys[i].name) < distance(name, best)) best = table->keys[i].name;
    return best;
}

// ---- faults

// `name` may be NULL.
static const char *where(reader *r, const key_table *table, const char *name) {
    czm_arena *arena = r->context->arena;
    const char *place = r->path;
    if (table->name) place = czm_arena_format(arena, "%s: %s", place, table->name);
    if (!name) return place;
    return czm_arena_format(arena, table->name ? "%s/%s" : "%s: %s", place, name);
}

static bool line_has_backslash(czm_bytes text, int line) {
    const uint8_t *at = text.data, *end = text.data + text.size;
    for (; line > 1 && at < end; at++) line -= *at == '\n';
    for (; at < end && *at != '\n'; at++)
        if (*at == '\\') return true;
    return false;
}

static czm_status syntax_fault(reader *r, czm_bytes text, const json_error_t *error) {
    const char *hint = "see RFC 8259; common mistakes are a missing comma and an extra comma";
    enum json_error_code code = json_error_code(error);
    if (code == json_error_out_of_memory) return czm_report_out_of_memory(r->context->report);
    if (code == json_error_duplicate_key)
        hint = "keep one of the two";
    else if (code == json_error_invalid_utf8)
        hint = "save the file as UTF-8";
    else if (code == json_error_numeric_overflow)
        hint = "give a smaller number";
    else if (line_has_backslash(text, error->line))
        hint = "in JSON, write \\\\ for each backslash of a path: \"C:\\\\models\\\\unet\"";
    return czm_report_add(r->context->report, CZM_RULE_SPEC_SYNTAX,
                          czm_arena_format(r->context->arena, "%s:%d:%d", r->path, error->line,
                                           error->column),
                          hint, "%s", error->text);
}

static const key *find_key(const key_table *table, const char *name) {
    for (size_t i = 0; i < table->count; i++)
        if (czm_text_equal(table->keys[i].name, name)) return &table->keys[i];
    return NULL;
}

static void unknown_key(reader *r, const key_table *table, const char *name) {
    for (size_t i = 0; i < table->count; i++) {
        if (!czm_text_equal_but_case(name, table->keys[i].name)) continue;
        czm_report_add(r->context->report, CZM_RULE_SPEC_KEY, where(r, table, name),
                       czm_arena_format(r->context->arena, "write \"%s\"", table->keys[i].name),
                       "the key \"%s\" is in the wrong case", name);
        return;
    }
    const char *hint = NULL;
    if (czm_report_lists(r->context->report, CZM_RULE_SPEC_UNKNOWN_KEY))
        hint = czm_arena_format(r->context->arena, "the nearest known key is \"%s\"",
                                nearest_key(table, name));
    czm_report_add(r->context->report, CZM_RULE_SPEC_UNKNOWN_KEY, where(r, table, name), hint,
                   "the key \"%s\" is unknown and has no effect", name);
}

static bool has_key_in_any_case(json_t *object, const char *name) {
    const char *found;
    json_t *value;
    json_object_foreach(object, found, value) {
        (void)value;
        if (czm_text_equal_but_case(found, name)) return true;
    }
    return false;
}

static void read_object(reader *r, json_t *object, const key_table *table) {
    const char *name;
    json_t *value;
    json_object_foreach(object, name, value) {
        const key *k = find_key(table, name);
        if (!k)
            unknown_key(r, table, name);
        else if (!k->take(r, value))
            czm_report_add(r->context->report, CZM_RULE_SPEC_VALUE, where(r, table, name),
                           czm_arena_format(r->context->arena, "write %s", k->expected),
                           "the value of %s is of the wrong type or empty", name);
    }
    for (size_t i = 0; i < table->count; i++)
        if (table->keys[i].is_required && !has_key_in_any_case(object, table->keys[i].name))
            czm_report_add(r->context->report, CZM_RULE_SPEC_KEY, where(r, table, NULL),
                           czm_arena_format(r->context->arena, "add \"%s\": %s",
                                            table->keys[i].name, table->keys[i].expected),
                           "the key \"%s\" is missing", table->keys[i].name);
}

// Only the later form has ModelMetadata; its networks expect pixels from 0 to 1.
static void read_spec(reader *r, json_t *object) {
    bool is_later = has_key_in_any_case(object, model.name);
    if (is_later) r->metadata->border_size = 0;
    r->metadata->has_unit_range = is_later;
    read_object(r, object, is_later ? &later : &first);
    if (r->colours && !apply_colours(r))
        czm_report_add(r->context->report, CZM_RULE_SPEC_VALUE, where(r, &first, "ClassColors"),
                       "write " SOME_COLOURS, "ClassColors must contain one colour for each class");
}

// UTF-16: "Unicode" in older versions of Notepad, and the output of ">" in PowerShell 5.
static bool is_utf16(czm_bytes text) {
    return text.size >= 2 &&
           (memcmp(text.data, "\xff\xfe", 2) == 0 || memcmp(text.data, "\xfe\xff", 2) == 0);
}

static czm_status parse(reader *r, czm_bytes text, json_t **object) {
    json_error_t error;
    if (is_utf16(text))
        return czm_report_add(r->context->report, CZM_RULE_SPEC_SYNTAX, r->path,
                              "save the file as UTF-8", "the file is in UTF-16");
    *object = czm_json_read(r->context->arena, text, &error);
    if (!*object) return syntax_fault(r, text, &error);
    if (json_is_object(*object)) return CZM_OK;
    return czm_report_add(r->context->report, CZM_RULE_SPEC_SYNTAX, r->path,
                          "begin with { and end with }", "the file does not contain a JSON object");
}

static const char *name_one(czm_context *context) {
    return czm_arena_format(context->arena, "name the JSON file with the metadata, or make one: %s",
                            czm_report_option(context->report, CZM_OPTION_NEW, NULL));
}

czm_status czm_json_spec_read(czm_context *context, const char *path, czm_metadata *metadata,
                              czm_edits *edits) {
    reader r = {.context = context, .path = path, .metadata = metadata, .edits = edits};
    *edits = (czm_edits){0};
    metadata->border_size = CZM_NO_BORDER;
    czm_path_kind kind = czm_path_look(path);
    if (kind == CZM_PATH_MISSING)
        return czm_report_add(context->report, CZM_RULE_FILE_MISSING, path, name_one(context),
                              "the specification does not exist");
    czm_file *file = czm_file_open(context->arena, path);
    if (!file)
        return czm_report_add(context->report, CZM_RULE_FILE_UNREADABLE, path, name_one(context),
                              "the specification cannot be opened: %s", czm_file_error());
    if (czm_file_size(file) > LARGEST_SPEC)
        return czm_report_add(context->report, CZM_RULE_SPEC_SYNTAX, path,
                              "name the JSON file with the metadata",
                              "the file has %llu bytes, too many for a specification",
                              (unsigned long long)czm_file_size(file));
    size_t size = (size_t)czm_file_size(file);
    czm_budget_input(context->arena, CZM_MEMORY, size);
    uint8_t *text = czm_arena_alloc(context->arena, size);
    if (!czm_file_read_at(file, 0, text, size))
        return czm_report_add(context->report, CZM_RULE_FILE_UNREADABLE, path, NULL,
                              "reading failed: %s", czm_file_error());
    json_t *object;
    CZM_TRY(parse(&r, czm_bytes_of(text, size), &object));
    read_spec(&r, object);
    return CZM_OK;
}

// Before 2.1.0, the file contains no version: it is the oldest one that can contain these keys.
static const char *version_of(const reader *r) {
    if (r->version) return r->version;
    return r->metadata->scaling_count == 3 ? "2.0.0"
           : r->metadata->scaling_count    ? "1.1.0"
                                           : "1.0.0";
}

czm_status czm_json_model_read(czm_context *context, const char *where, czm_bytes text,
                               czm_metadata *metadata, const char **id, const char **version) {
    reader r = {.context = context, .path = where, .metadata = metadata, .id = ""};
    json_t *object;
    CZM_TRY(parse(&r, text, &object));
    metadata->has_unit_range = true;
    key_table table = table_of_file(context->arena);
    size_t since = czm_report_moment(context->report);
    read_object(&r, object, &table);
    *id = r.id;
    *version = version_of(&r);
    return czm_report_status(context->report, since);
}
