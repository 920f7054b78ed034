// SPDX-License-Identifier: Apache-2.0
//
// Compares the metadata with those that a format can contain; see loss.h.
#include "api/loss.h"

#include "base/enumeration.h"

const char *czm_losses_text(czm_arena *arena, const czm_loss *losses, size_t count) {
    const char *text = "";
    for (size_t i = 0; i < count; i++) {
        if (!losses[i].is_lost) continue;
        text = czm_arena_format(arena, "%s%s%s", text, *text ? ", " : "", losses[i].what);
        if (losses[i].value) text = czm_arena_format(arena, "%s \"%s\"", text, losses[i].value);
    }
    return text;
}

const char *czm_losses_of_elements(czm_arena *arena, const czm_manifest *manifest) {
    czm_enumeration list = czm_enumeration_in(arena);
    for (size_t i = 0; i < manifest->other_count; i++)
        czm_enumerate(&list, "", czm_bytes_text(manifest->others[i]), "");
    return czm_enumeration_text(&list);
}

bool czm_loss_has_alternatives(const czm_manifest *manifest) {
    for (size_t i = 0; i < manifest->pixel_type_count; i++)
        if (strchr(manifest->pixel_types[i], ' ')) return true;
    return false;
}

static bool is_empty(const char *postprocessing) {
    return *postprocessing == '\0' || czm_text_equal(postprocessing, "None");
}

static bool has_own_colours(const czm_spec *spec) {
    for (size_t i = 0; i < spec->class_count; i++)
        if (czm_class_has_own_colour(&spec->classes[i], i)) return true;
    return false;
}

static bool differs_by_axis(const czm_spec *spec) {
    for (size_t i = 1; i < spec->min_overlap_count; i++)
        if (spec->min_overlap[i] != spec->min_overlap[0]) return true;
    return false;
}

static const char *pixel_types(czm_arena *arena, const czm_spec *spec) {
    if (spec->pixel_type_count < 2) return spec->pixel_type;
    czm_enumeration list = czm_enumeration_in(arena);
    for (size_t i = 0; i < spec->pixel_type_count; i++)
        czm_enumerate(&list, "", czm_bytes_text(spec->pixel_types[i]), "");
    return czm_enumeration_text(&list);
}

static const char *losses_of(czm_arena *arena, const czm_target *target) {
    const czm_spec *spec = &target->spec;
    const czm_container *c = &target->container;
    bool is_xml = c->kind == CZM_CONTAINER_XML,
         to_xml = target->format->container == CZM_CONTAINER_XML;
    bool is_single = to_xml && czm_text_equal(target->format->version, "3.0.0");
    bool has_scaling = !to_xml && !czm_text_equal(target->format->version, "1.0.0");
    const char *others = is_xml ? czm_losses_of_elements(arena, &c->manifest) : "";
    const czm_loss losses[] = {
        {!to_xml && !is_empty(spec->postprocessing), "Postprocessing", spec->postprocessing},
        {!to_xml && has_own_colours(spec), "the colours of the classes", NULL},
        {!to_xml && spec->color_handling, "ColorHandling", spec->color_handling},
        {!to_xml && spec->pixel_type, "PixelType", pixel_types(arena, spec)},
        {is_xml && to_xml && czm_loss_has_alternatives(&c->manifest),
         "all pixel types but the first of", is_xml ? c->manifest.pixel_types[0] : ""},
        {is_single && spec->pixel_type_count > 1, "the pixel types of the other channels", NULL},
        {to_xml && spec->description, "the description", spec->description},
        {to_xml && differs_by_axis(spec), "the MinOverlap of each axis", NULL},
        {!has_scaling && spec->scaling_count, "Scaling", NULL},
        {*others != '\0', others, NULL},
    };
    return czm_losses_text(arena, losses, CZM_COUNT_OF(losses));
}

// For a specification, only values that affect the result.
static const char *losses_of_spec(const czm_target *target) {
    bool to_json = target->format->container == CZM_CONTAINER_JSON;
    return to_json && has_own_colours(&target->spec) ? "the colours of the classes" : "";
}

void czm_report_loss(czm_context *context, const czm_target *target) {
    bool is_container = target->kind == CZM_KIND_CZMODEL;
    const char *text = is_container ? losses_of(context->arena, target) : losses_of_spec(target);
    if (*text)
        czm_report_add(context->report, CZM_RULE_METADATA_LOSS,
                       is_container ? target->container.path : target->spec.where, NULL,
                       "a file of version %s cannot contain %s", target->format->name, text);
}
