// SPDX-License-Identifier: Apache-2.0
//
// Reading the JSON specification with jansson; see json_spec.h. The table `keys` is the format.
#include "spec/json_spec.h"

#include <jansson.h>

enum { LARGEST_SPEC = 16 << 20 };

typedef struct reader {
    czm_context *context;
    const char *path;
    czm_metadata *metadata;
} reader;

// Values are taken by functions of this form; false: of the wrong type, `expected` says which.
typedef bool take_value(reader *r, const json_t *value);

static bool copy_string(reader *r, const json_t *value, const char **to) {
    if (!json_is_string(value)) return false;
    *to = czm_arena_string(r->context->arena,
                           czm_bytes_of(json_string_value(value), json_string_length(value)));
    return true;
}

static bool take_color_handling(reader *r, const json_t *value) {
    return copy_string(r, value, &r->metadata->color_handling);
}

static bool take_pixel_type(reader *r, const json_t *value) {
    return copy_string(r, value, &r->metadata->pixel_type);
}

static bool take_model_path(reader *r, const json_t *value) {
    return copy_string(r, value, &r->metadata->model_path) && *r->metadata->model_path;
}

// null is how some programs write "no value".
static bool take_test_image(reader *r, const json_t *value) {
    return json_is_null(value) || copy_string(r, value, &r->metadata->test_image_path);
}

static bool take_license(reader *r, const json_t *value) {
    return json_is_null(value) || copy_string(r, value, &r->metadata->license_path);
}

static bool take_border(reader *r, const json_t *value) {
    if (json_is_integer(value)) r->metadata->border_size = json_integer_value(value);
    return json_is_integer(value);
}

static bool take_classes(reader *r, const json_t *value) {
    size_t count = json_array_size(value);
    if (count == 0) return false; // also when it is no array
    czm_class *classes = CZM_NEW_ARRAY(r->context->arena, czm_class, count);
    for (size_t i = 0; i < count; i++)
        if (!copy_string(r, json_array_get(value, i), &classes[i].name)) return false;
    r->metadata->classes = classes;
    r->metadata->class_count = count;
    return true;
}

static const struct {
    const char *name;
    bool is_required;
    take_value *take;
    const char *expected;
} keys[] = {
    {"BorderSize", true, take_border, "a whole number of pixels, such as 90"},
    {"ColorHandling", true, take_color_handling, "a string, such as \"ConvertToMonochrome\""},
    {"PixelType", true, take_pixel_type, "a string, such as \"Gray16\""},
    {"Classes", true, take_classes, "a list of strings, such as [\"Background\", \"Cell\"]"},
    {"ModelPath", true, take_model_path, "a string, the path of a SavedModel"},
    {"TestImageFile", false, take_test_image, "a string, the path of an image"},
    {"LicenseFile", false, take_license, "a string, the path of a text file"},
};

// ---- the nearest known key

static size_t smaller(size_t a, size_t b) { return a < b ? a : b; }

// How far a written name is from a known one: Levenshtein's distance (with one row) to the nearest
// beginning of it, and a little for what is missing at the end. Longer names are far from everything.
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

static const char *nearest_key(const char *name) {
    const char *best = keys[0].name;
    for (size_t i = 1; i < CZM_COUNT_OF(keys); i++)
        if (distance(name, keys[i].name) < distance(name, best)) best = keys[i].name;
    return best;
}

// ---- faults

static const char *where(reader *r, const char *key) {
    return czm_arena_format(r->context->arena, "%s: %s", r->path, key);
}

static bool line_has_backslash(czm_bytes text, int line) {
    const uint8_t *at = text.data, *end = text.data + text.size;
    for (; line > 1 && at < end; at++) line -= *at == '\n';
    for (; at < end && *at != '\n'; at++)
        if (*at == '\\') return true;
    return false;
}

static czm_status syntax_fault(reader *r, czm_bytes text, const json_error_t *error) {
    const char *hint = "see RFC 8259; common slips are a missing comma and a comma too many";
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

static size_t find_key(const char *name) {
    for (size_t i = 0; i < CZM_COUNT_OF(keys); i++)
        if (czm_text_equal(keys[i].name, name)) return i;
    return CZM_COUNT_OF(keys);
}

static void unknown_key(reader *r, const char *name) {
    const char *nearest = nearest_key(name);
    for (size_t i = 0; i < CZM_COUNT_OF(keys); i++) {
        if (!czm_text_equal_but_case(name, keys[i].name)) continue;
        czm_report_add(r->context->report, CZM_RULE_SPEC_KEY, where(r, name),
                       czm_arena_format(r->context->arena, "write \"%s\"", keys[i].name),
                       "the key \"%s\" is in the wrong case", name);
        return;
    }
    czm_report_add(r->context->report, CZM_RULE_SPEC_UNKNOWN_KEY, where(r, name),
                   czm_arena_format(r->context->arena, "the nearest known key is \"%s\"", nearest),
                   "the key \"%s\" is unknown and has no effect", name);
}

static bool has_key_in_any_case(json_t *object, const char *name) {
    const char *key;
    json_t *value;
    json_object_foreach(object, key, value) {
        (void)value;
        if (czm_text_equal_but_case(key, name)) return true;
    }
    return false;
}

static void read_object(reader *r, json_t *object) {
    const char *name;
    json_t *value;
    json_object_foreach(object, name, value) {
        size_t i = find_key(name);
        if (i == CZM_COUNT_OF(keys))
            unknown_key(r, name);
        else if (!keys[i].take(r, value))
            czm_report_add(r->context->report, CZM_RULE_SPEC_VALUE, where(r, name),
                           czm_arena_format(r->context->arena, "write %s", keys[i].expected),
                           "the value of %s is of the wrong type or empty", name);
    }
    for (size_t i = 0; i < CZM_COUNT_OF(keys); i++)
        if (keys[i].is_required && !has_key_in_any_case(object, keys[i].name))
            czm_report_add(r->context->report, CZM_RULE_SPEC_KEY, r->path,
                           czm_arena_format(r->context->arena, "add \"%s\": %s", keys[i].name,
                                            keys[i].expected),
                           "the key \"%s\" is missing", keys[i].name);
}

static void release(void *object) { json_decref(object); }

static json_t *load(reader *r, czm_bytes text, json_error_t *error) {
    json_t *root = json_loadb((const char *)text.data, text.size, JSON_REJECT_DUPLICATES, error);
    if (root) czm_arena_defer(r->context->arena, release, root);
    return root;
}

// Where jansson 2.14 lacks memory for a long string, it leaves out a letter and says nothing: only
// what two readings agree on is what the file says.
static czm_status parse(reader *r, czm_bytes text) {
    json_error_t error;
    // RFC 8259 lets a reader ignore a byte order mark, which Notepad and PowerShell write.
    if (text.size >= 3 && memcmp(text.data, "\xef\xbb\xbf", 3) == 0)
        text = czm_bytes_of(text.data + 3, text.size - 3);
    json_t *root = load(r, text, &error), *again = root ? load(r, text, &error) : NULL;
    if (!again) return syntax_fault(r, text, &error);
    if (!json_equal(root, again)) return czm_report_out_of_memory(r->context->report);
    if (!json_is_object(root))
        return czm_report_add(r->context->report, CZM_RULE_SPEC_SYNTAX, r->path,
                              "begin with { and end with }", "the file holds no JSON object");
    read_object(r, root);
    return CZM_OK;
}

czm_status czm_json_spec_read(czm_context *context, const char *path, czm_metadata *metadata) {
    reader r = {context, path, metadata};
    metadata->border_size = CZM_NO_BORDER;
    czm_path_kind kind = czm_path_look(path);
    if (kind == CZM_PATH_MISSING)
        return czm_report_add(
            context->report, CZM_RULE_FILE_MISSING, path,
            "name the JSON file with the metadata; \"czmodel new\" writes one for a SavedModel",
            "the specification is not there");
    czm_file *file = czm_file_open(context->arena, path);
    if (!file)
        return czm_report_add(
            context->report, CZM_RULE_FILE_UNREADABLE, path,
            "name the JSON file with the metadata; \"czmodel new\" writes one for a SavedModel",
            "the specification cannot be opened: %s", czm_file_error());
    if (czm_file_size(file) > LARGEST_SPEC)
        return czm_report_add(context->report, CZM_RULE_SPEC_SYNTAX, path,
                              "name the JSON file with the metadata",
                              "the file has %llu bytes, too many for a specification",
                              (unsigned long long)czm_file_size(file));
    size_t size = (size_t)czm_file_size(file);
    uint8_t *text = czm_arena_alloc(context->arena, size);
    if (!czm_file_read_at(file, 0, text, size))
        return czm_report_add(context->report, CZM_RULE_FILE_UNREADABLE, path, NULL,
                              "reading failed: %s", czm_file_error());
    return parse(&r, czm_bytes_of(text, size));
}

// ---- writing: these return 0 when there was memory for everything, as jansson has it

static int add_text(json_t *spec, const char *key, const char *text) {
    return text ? json_object_set_new(spec, key, json_string(text)) : 0;
}

static int add_classes(json_t *spec, const czm_metadata *metadata) {
    json_t *names = json_array();
    int failed = json_object_set_new(spec, "Classes", names);
    for (size_t i = 0; i < metadata->class_count && !failed; i++)
        failed = json_array_append_new(names, json_string(metadata->classes[i].name));
    return failed;
}

const char *czm_json_spec_write(czm_arena *arena, const czm_metadata *m) {
    json_t *spec = json_object();
    czm_arena_defer(arena, release, spec);
    if (json_object_set_new(spec, "BorderSize", json_integer(m->border_size)) ||
        add_text(spec, "ColorHandling", m->color_handling) ||
        add_text(spec, "PixelType", m->pixel_type) || add_classes(spec, m) ||
        add_text(spec, "ModelPath", m->model_path) ||
        add_text(spec, "TestImageFile", m->test_image_path) ||
        add_text(spec, "LicenseFile", m->license_path))
        return NULL;
    // json_dumps() would leave out letters where it lacks memory; this needs none for the text.
    size_t size = json_dumpb(spec, NULL, 0, JSON_INDENT(4));
    char *text = czm_arena_alloc(arena, size + sizeof "\n");
    if (size == 0 || json_dumpb(spec, text, size, JSON_INDENT(4)) != size) return NULL;
    text[size] = '\n';
    return text;
}
