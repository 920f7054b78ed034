// SPDX-License-Identifier: Apache-2.0
//
// Writing model.json; see czann.h. Like those of jansson, the functions return 0 on success and another value without
// memory.
#include "package/czann.h"

#include "codec/json.h"

static int add_text(json_t *object, const char *key, const char *text) {
    return json_object_set_new(object, key, json_string(text));
}

static int add_numbers(json_t *object, const char *key, const int64_t *numbers, size_t count) {
    json_t *list = json_array();
    int failed = json_object_set_new(object, key, list);
    for (size_t i = 0; i < count && !failed; i++)
        failed = json_array_append_new(list, json_integer(numbers[i]));
    return failed;
}

static int add_scaling(json_t *object, const czm_spec *spec) {
    json_t *list = json_array();
    int failed = json_object_set_new(object, "Scaling", list);
    for (size_t i = 0; i < spec->scaling_count && !failed; i++)
        failed = json_array_append_new(list, json_real(spec->scaling[i]));
    return failed;
}

static int add_classes(json_t *object, const czm_spec *spec) {
    json_t *names = json_array();
    int failed = json_object_set_new(object, "Classes", names);
    for (size_t i = 0; i < spec->class_count && !failed; i++)
        failed = json_array_append_new(names, json_string(spec->classes[i].name));
    return failed;
}

static bool has_scaling(const czm_format *format, const czm_spec *spec) {
    return spec->scaling_count && !czm_text_equal(format->version, "1.0.0");
}

// As stated, or twice the border in the plane of the image and nothing along z.
static int add_overlap(json_t *object, const czm_spec *spec, size_t sizes) {
    int64_t usual[CZM_CZANN_MOST_SIZES] = {0};
    size_t axes = sizes > 3 ? sizes - 1 : 2;
    for (size_t i = axes - 2; i < axes; i++) usual[i] = 2 * spec->border_size;
    return spec->min_overlap_count
               ? add_numbers(object, "MinOverlap", spec->min_overlap, spec->min_overlap_count)
               : add_numbers(object, "MinOverlap", usual, axes);
}

czm_bytes czm_czann_write(czm_arena *arena, const czm_format *format, const czm_spec *spec,
                          const czm_czann_shapes *shapes, const char *model_id) {
    json_t *root = czm_json_object(arena);
    bool has_version = czm_text_equal(format->version, "2.1.0");
    if ((has_version && add_text(root, "FormatVersion", format->version)) ||
        add_text(root, "Id", model_id) || add_text(root, "Type", spec->model_type) ||
        add_numbers(root, "InputShape", shapes->input, shapes->input_count) ||
        add_numbers(root, "OutputShape", shapes->output, shapes->output_count) ||
        add_overlap(root, spec, shapes->input_count) ||
        (spec->description && add_text(root, "ModelDescription", spec->description)) ||
        (spec->class_count && add_classes(root, spec)) ||
        add_text(root, "ModelName", spec->model_name) ||
        (has_scaling(format, spec) && add_scaling(root, spec)))
        return (czm_bytes){0};
    return czm_json_write(arena, root, JSON_ENSURE_ASCII);
}
