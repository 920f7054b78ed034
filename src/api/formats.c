// SPDX-License-Identifier: Apache-2.0
//
// The names of the formats, for callers.
#include "spec/format.h"

const char *czm_format_at(size_t index) {
    return index < czm_format_count ? czm_formats[index].name : NULL;
}
