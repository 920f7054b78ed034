// SPDX-License-Identifier: Apache-2.0
//
// Reading a Keras configuration; see config.h.
#include "read/keras/config.h"

#include <math.h>

const char *czm_config_class(const json_t *object) {
    const char *name = json_string_value(json_object_get(object, "class_name"));
    return name ? name : "";
}

const json_t *czm_config_unwrap(const json_t *value) {
    const char *class = czm_config_class(value);
    const char *type = json_string_value(json_object_get(value, "type"));
    if (czm_text_equal(class, "__numpy__") || czm_text_equal(class, "__tensor__"))
        return json_object_get(json_object_get(value, "config"), "value");
    if (type && czm_text_equal(type, "ndarray")) return json_object_get(value, "value");
    return value;
}

const json_t *czm_config_get(const json_t *config, const char *key) {
    const json_t *value = czm_config_unwrap(json_object_get(config, key));
    return json_is_null(value) ? NULL : value;
}

const char *czm_config_text(const json_t *config, const char *key, const char *absent) {
    const char *text = json_string_value(czm_config_get(config, key));
    return text ? text : absent;
}

bool czm_config_bool(const json_t *config, const char *key, bool absent) {
    const json_t *value = czm_config_get(config, key);
    return json_is_boolean(value) ? json_is_true(value) : absent;
}

double czm_config_number(const json_t *config, const char *key, double absent) {
    const json_t *value = czm_config_get(config, key);
    return json_is_number(value) ? json_number_value(value) : absent;
}

static bool int_of(const json_t *value, int64_t *out) {
    double number = json_number_value(value);
    if (!json_is_number(value) || number != floor(number) || fabs(number) > INT32_MAX) return false;
    *out = (int64_t)number;
    return true;
}

int64_t czm_config_int(const json_t *config, const char *key, int64_t absent) {
    int64_t value;
    return int_of(czm_config_get(config, key), &value) ? value : absent;
}

size_t czm_config_ints(const json_t *value, int64_t *out, size_t most) {
    if (int_of(value, out)) return 1;
    size_t count = json_array_size(value);
    if (count > most) return 0;
    for (size_t i = 0; i < count; i++)
        if (!int_of(czm_config_unwrap(json_array_get(value, i)), &out[i])) return 0;
    return count;
}

bool czm_config_sizes(const json_t *config, const char *key, size_t rank, int64_t absent,
                      int64_t *out) {
    const json_t *value = czm_config_get(config, key);
    size_t count = value ? czm_config_ints(value, out, rank) : 1;
    if (!value) out[0] = absent;
    if (count != 1 && count != rank) return false;
    for (size_t i = count; i < rank; i++) out[i] = out[0];
    return true;
}

czm_dtype czm_config_dtype(const json_t *value) {
    const char *name = json_string_value(value);
    for (int i = 1; name && i <= CZM_DTYPE_UINT64; i++)
        if (czm_text_equal(czm_dtype_name((czm_dtype)i), name)) return (czm_dtype)i;
    return CZM_DTYPE_NONE;
}
