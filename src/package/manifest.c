// SPDX-License-Identifier: Apache-2.0
//
// The XML of a CZModel; see manifest.h.
#include "package/manifest.h"

#include <stdio.h>

#include "codec/xml.h"

static void put_number(czm_buffer *xml, const char *attribute, long long number) {
    char text[24];
    snprintf(text, sizeof text, "%lld", number);
    czm_xml_put_attribute(xml, attribute, text);
}

static void put_class(czm_buffer *xml, const czm_class *c, size_t label) {
    czm_xml_put(xml, "<Item");
    put_number(xml, "colB", c->blue);
    put_number(xml, "colG", c->green);
    put_number(xml, "colR", c->red);
    put_number(xml, "LabelValue", (long long)label);
    czm_xml_put_attribute(xml, "Name", c->name);
    czm_xml_put(xml, " />");
}

// One item; since 3.1.0 one for each channel.
static void put_channels(czm_buffer *xml, const czm_spec *spec, const char *version) {
    bool is_one = spec->pixel_type_count < 2 || czm_text_equal(version, "3.0.0");
    for (size_t i = 0; i < (is_one ? 1 : spec->pixel_type_count); i++) {
        czm_xml_put(xml, "<Item");
        czm_xml_put_attribute(xml, "PixelType", is_one ? spec->pixel_type : spec->pixel_types[i]);
        czm_xml_put(xml, " />");
    }
}

czm_bytes czm_manifest_write(czm_arena *arena, const czm_spec *spec, const char *version,
                             const char *model_id) {
    czm_buffer xml = czm_buffer_in(arena);
    czm_xml_put(&xml, "<?xml version='1.0' encoding='utf-8'?>\n<Model");
    czm_xml_put_attribute(&xml, "Version", version);
    czm_xml_put(&xml, ">");
    czm_xml_put_element(&xml, "Id", model_id);
    czm_xml_put_element(&xml, "ModelName", spec->model_name);
    czm_xml_put_element(&xml, "Status", "Trained");
    czm_xml_put_element(&xml, "FeatureExtractor", "DeepNeuralNetwork");
    czm_xml_put_element(&xml, "Postprocessing", spec->postprocessing);
    czm_xml_put_element(&xml, "ColorHandling", spec->color_handling);
    czm_xml_put(&xml, "<Channels>");
    put_channels(&xml, spec, version);
    czm_xml_put(&xml, "</Channels><TrainingClasses>");
    for (size_t i = 0; i < spec->class_count; i++) put_class(&xml, &spec->classes[i], i + 1);
    czm_xml_put(&xml, "</TrainingClasses>");
    czm_xml_put_element(&xml, "BorderSize",
                        czm_arena_format(arena, "%lld", (long long)spec->border_size));
    czm_xml_put(&xml, "</Model>");
    return czm_buffer_bytes(&xml);
}
