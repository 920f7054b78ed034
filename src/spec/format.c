// SPDX-License-Identifier: Apache-2.0
//
// The table of formats; see format.h. The newest is last.
#include "spec/format.h"

#include <stdlib.h>

#define ZEN(blue, core)                          \
    {                                            \
        {"ZEN blue", blue}, { "ZEN core", core } \
    }

const czm_format czm_formats[] = {
    {"3.0.0", "3.0.0", CZM_CONTAINER_XML, ".czmodel", 0, ZEN("3.2", "3.1")},
    {"3.1.0", "3.1.0", CZM_CONTAINER_XML, ".czmodel", CZM_OLD_OPSET, ZEN("3.4", "3.3")},
    {"czann-1.0.0", "1.0.0", CZM_CONTAINER_JSON, ".czann", CZM_OLD_OPSET, ZEN("3.5", "3.4")},
    {"czann-1.1.0", "1.1.0", CZM_CONTAINER_JSON, ".czann", CZM_OLD_OPSET, ZEN("3.5", "3.4")},
    {"czann-2.0.0", "2.0.0", CZM_CONTAINER_JSON, ".czann", CZM_OLD_OPSET, ZEN("3.13", "3.13")},
    {"czann-2.1.0", "2.1.0", CZM_CONTAINER_JSON, ".czann", 18, ZEN("3.13", "3.13")},
};

const size_t czm_format_count = CZM_COUNT_OF(czm_formats);

const czm_format *czm_format_find(const char *name) {
    for (size_t i = 0; i < czm_format_count; i++)
        if (czm_text_equal(czm_formats[i].name, name)) return &czm_formats[i];
    return NULL;
}

const czm_format *czm_format_of(czm_container_kind container, const char *version) {
    for (size_t i = 0; i < czm_format_count; i++)
        if (czm_formats[i].container == container &&
            czm_text_equal(czm_formats[i].version, version))
            return &czm_formats[i];
    return NULL;
}

// "3.13" as 3013; -1: no version.
static long number_of(const char *version) {
    char *end;
    if (*version < '0' || *version > '9') return -1;
    long major = strtol(version, &end, 10), minor = 0;
    if (*end == '.' && end[1] >= '0' && end[1] <= '9') minor = strtol(end + 1, &end, 10);
    return (*end == '\0' || *end == '.') && major < 1000 && minor < 1000 ? major * 1000 + minor
                                                                         : -1;
}

const czm_format *czm_format_for_zen(const char *zen) {
    if (czm_text_begins(zen, "ZEN ")) zen += strlen("ZEN ");
    bool is_core = czm_text_begins(zen, "core ");
    if (is_core || czm_text_begins(zen, "blue ")) zen += strlen("core ");
    long version = number_of(zen);
    for (size_t i = czm_format_count; version >= 0 && i-- > 0;)
        if (number_of(czm_formats[i].zen[is_core].since) <= version) return &czm_formats[i];
    return NULL;
}
