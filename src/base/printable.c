// SPDX-License-Identifier: Apache-2.0
//
// Characters that may be printed; see printable.h.
#include "base/printable.h"

#include "base/utf8.h"

typedef struct range {
    uint32_t first, last;
} range;

// Unicode: categories Cc, Zl and Zp, and the property Bidi_Control.
static const range hidden[] = {
    {0, 0x1f}, {0x7f, 0x9f}, {0x61c, 0x61c}, {0x200e, 0x200f}, {0x2028, 0x202e}, {0x2066, 0x2069},
};

static bool is_hidden(uint32_t code) {
    for (size_t i = 0; i < CZM_COUNT_OF(hidden); i++)
        if (code >= hidden[i].first && code <= hidden[i].last) return true;
    return false;
}

char *czm_make_printable(char *text) {
    czm_bytes bytes = czm_bytes_text(text);
    for (size_t length, i = 0; i < bytes.size; i += length)
        if (is_hidden(czm_utf8_decode(bytes, i, &length))) memset(text + i, '?', length);
    return text;
}
