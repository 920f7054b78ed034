// SPDX-License-Identifier: Apache-2.0
//
// The linked libraries.
#include <expat.h>
#include <jansson.h>
#include <libdeflate.h>
#include <zlib.h>

#include "base/bytes.h"
#include "codec/checksum.h"
#include "czm.h"

static const char *jansson_version(void) { return jansson_version_str(); }

static const char *libdeflate_version(void) { return LIBDEFLATE_VERSION_STRING; }

// Its own begins with "expat_".
static const char *expat_version(void) {
    const char *version = XML_ExpatVersion();
    return version + strcspn(version, "0123456789");
}

static const struct {
    const char *name, *license;
    const char *(*version)(void);
} components[] = {
    {"expat", "MIT", expat_version},
    {"jansson", "MIT", jansson_version},
    {"libdeflate", "MIT", libdeflate_version},
    {"zlib", "Zlib", zlibVersion},
};

size_t czm_component_count(void) { return CZM_COUNT_OF(components); }

czm_component czm_component_at(size_t index) {
    return (czm_component){components[index].name, components[index].version(),
                           components[index].license};
}

const char *czm_acceleration(void) { return czm_crc32c_method(); }
