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
    return czm_json_add_list(object, key, czm_json_integer, numbers, count);
}

static json_t *class_name(const void *classes, size_t index) {
    return json_string(((const czm_class *)classes)[index].name);
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
        (spec->class_count &&
         czm_json_add_list(root, "Classes", class_name, spec->classes, spec->class_count)) ||
        add_text(root, "ModelName", spec->model_name) ||
        (has_scaling(format, spec) &&
         czm_json_add_list(root, "Scaling", czm_json_real, spec->scaling, spec->scaling_count)))
        return (czm_bytes){0};
    return czm_json_write(arena, root, JSON_ENSURE_ASCII);
}
