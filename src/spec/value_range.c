// SPDX-License-Identifier: Apache-2.0
//
// The largest values of the pixel types; see value_range.h.
#include "spec/value_range.h"

bool czm_value_range_parse(const char *text, bool *is_unit) {
    *is_unit = czm_text_equal(text, "unit");
    return *is_unit || czm_text_equal(text, "raw");
}

double czm_pixel_type_most(const char *pixel_type) {
    static const struct {
        const char *name;
        double most;
    } types[] = {
        {"Gray8", 255}, {"Bgr24", 255}, {"Bgra32", 255}, {"Gray16", 65535}, {"Bgr48", 65535}};
    for (size_t i = 0; pixel_type && i < CZM_COUNT_OF(types); i++)
        if (czm_text_equal(types[i].name, pixel_type)) return types[i].most;
    return 0;
}

double czm_value_factor(const czm_spec *spec, const czm_format *format) {
    bool feeds_unit = format->container == CZM_CONTAINER_JSON;
    if (feeds_unit == spec->has_unit_range) return 1;
    double most = czm_pixel_type_most(spec->pixel_type);
    for (size_t i = 1; i < spec->pixel_type_count; i++)
        if (czm_pixel_type_most(spec->pixel_types[i]) != most) most = 0; // no common factor
    if (most == 0) return 0;
    return feeds_unit ? most : 1 / most;
}
