// SPDX-License-Identifier: Apache-2.0
//
// Writing the JSON specification with jansson; see json_spec.h. Like those of jansson, the functions return 0 on
// success and another value without memory.
#include "codec/json.h"
#include "spec/json_spec.h"
#include "spec/spec.h"

static int add_text(json_t *spec, const char *name, const char *text) {
    return text ? json_object_set_new(spec, name, json_string(text)) : 0;
}

static json_t *class_name(const void *classes, size_t index) {
    return json_string(((const czm_class *)classes)[index].name);
}

static json_t *class_colour(const void *classes, size_t index) {
    const czm_class *c = &((const czm_class *)classes)[index];
    return json_sprintf("#%02x%02x%02x", c->red, c->green, c->blue);
}

// An open size is null.
static json_t *size_or_null(const void *sizes, size_t index) {
    int64_t size = ((const int64_t *)sizes)[index];
    return size < 0 ? json_null() : json_integer(size);
}

static int add_classes(json_t *spec, const czm_metadata *m) {
    return czm_json_add_list(spec, "Classes", class_name, m->classes, m->class_count);
}

static int add_sizes(json_t *object, const char *name, const int64_t *sizes, size_t count) {
    return czm_json_add_list(object, name, size_or_null, sizes, count);
}

// Only if it is not the default of the form.
static int add_range(json_t *spec, const czm_metadata *m) {
    bool is_usual = m->has_unit_range == (m->model_type != NULL);
    return is_usual ? 0 : add_text(spec, "ValueRange", m->has_unit_range ? "unit" : "raw");
}

// Only if a class has a colour other than the default of its position.
static int add_colours(json_t *spec, const czm_metadata *m) {
    bool has_own = false;
    for (size_t i = 0; i < m->class_count; i++)
        has_own |= czm_class_has_own_colour(&m->classes[i], i);
    if (!has_own) return 0;
    return czm_json_add_list(spec, "ClassColors", class_colour, m->classes, m->class_count);
}

static int add_pixel_types(json_t *spec, const czm_metadata *m) {
    if (m->pixel_type_count < 2) return add_text(spec, "PixelType", m->pixel_type);
    return czm_json_add_list(spec, "PixelType", czm_json_text, m->pixel_types, m->pixel_type_count);
}

static int add_first(json_t *spec, const czm_metadata *m) {
    return json_object_set_new(spec, "BorderSize", json_integer(m->border_size)) ||
           add_text(spec, "ColorHandling", m->color_handling) || add_pixel_types(spec, m) ||
           add_classes(spec, m);
}

static int add_later(json_t *spec, const czm_metadata *m) {
    const int64_t usual[] = {0, 2 * m->border_size, 2 * m->border_size}; // z, y, x
    size_t axes = m->input_rank == 4 ? 3 : 2;
    const int64_t *overlap = m->min_overlap_count ? m->min_overlap : usual + (3 - axes);
    size_t overlap_count = m->min_overlap_count ? m->min_overlap_count : axes;
    json_t *object = json_object();
    return json_object_set_new(spec, "ModelMetadata", object) ||
           add_text(object, "Type", m->model_type) || (m->class_count && add_classes(object, m)) ||
           add_sizes(object, "InputShape", m->input_shape, m->input_rank) ||
           add_sizes(object, "OutputShape", m->output_shape, m->output_rank) ||
           add_text(object, "ModelName", m->model_name) ||
           add_sizes(object, "MinOverlap", overlap, overlap_count) ||
           add_text(object, "ModelDescription", m->description) ||
           (m->scaling_count &&
            czm_json_add_list(object, "Scaling", czm_json_real, m->scaling, m->scaling_count));
}

static int add_steps(json_t *spec, const char *name, const char *const *steps, size_t count) {
    return count ? czm_json_add_list(spec, name, czm_json_text, steps, count) : 0;
}

static int add_edits(json_t *spec, const czm_edits *e) {
    const int64_t dims[] = {e->height, e->width};
    return (e->height && add_sizes(spec, "SpatialDims", dims, CZM_COUNT_OF(dims))) ||
           add_steps(spec, "Preprocessing", e->before, e->before_count) ||
           add_steps(spec, "Postprocessing", e->after, e->after_count);
}

const char *czm_json_spec_write(czm_arena *arena, const czm_metadata *m, const czm_edits *edits) {
    json_t *spec = czm_json_object(arena);
    if ((m->model_type ? add_later : add_first)(spec, m) || add_range(spec, m) ||
        add_colours(spec, m) || add_text(spec, "ModelPath", m->model_path) ||
        add_text(spec, "TestImageFile", m->test_image_path) ||
        add_text(spec, "LicenseFile", m->license_path) || add_edits(spec, edits))
        return NULL;
    czm_bytes text = czm_json_write(arena, spec, JSON_INDENT(4));
    return text.size ? czm_arena_format(arena, "%s\n", (const char *)text.data) : NULL;
}
