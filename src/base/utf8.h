// SPDX-License-Identifier: Apache-2.0
//
// UTF-8, one character at a time (RFC 3629).
#ifndef CZM_BASE_UTF8_H
#define CZM_BASE_UTF8_H

#include "base/bytes.h"

// The character at `at` and the number of its bytes; 0 when there is none: not UTF-8, an overlong
// form, or U+0000. *length is then 1, or that of U+0000.
static inline uint32_t czm_utf8_decode(czm_bytes text, size_t at, size_t *length) {
    static const uint32_t smallest[] = {0, 0, 0x80, 0x800, 0x10000};
    uint8_t lead = text.data[at];
    size_t size = lead < 0x80       ? 1
                  : lead >> 5 == 6  ? 2
                  : lead >> 4 == 14 ? 3
                  : lead >> 3 == 30 ? 4
                                    : 0;
    *length = 1;
    if (size == 0 || size > text.size - at) return 0;
    uint32_t code = size == 1 ? lead : lead & (0x7fu >> size);
    for (size_t i = 1; i < size; i++) {
        if (text.data[at + i] >> 6 != 2) return 0;
        code = code << 6 | (text.data[at + i] & 0x3f);
    }
    bool is_surrogate = code >= 0xd800 && code <= 0xdfff;
    if (code < smallest[size] || code > 0x10ffff || is_surrogate) return 0;
    *length = size;
    return code;
}

#endif
