// SPDX-License-Identifier: Apache-2.0
//
// The equation of an Einsum; see einsum.h.
#include "view/einsum.h"

static bool is_letter(uint8_t c) { return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z'); }

static bool read_term(czm_bytes text, czm_einsum_term *term) {
    *term = (czm_einsum_term){.text = text};
    for (size_t i = 0, count = 0; i < text.size; i++) {
        uint8_t c = text.data[i];
        if (c == ' ') continue;
        bool is_ellipsis = text.size - i >= 3 && memcmp(text.data + i, "...", 3) == 0;
        if ((!is_letter(c) && !is_ellipsis) || (is_ellipsis && term->has_ellipsis)) return false;
        if (!is_ellipsis && term->letters == CZM_HIGHEST_RANK) return false;
        term->has_ellipsis |= is_ellipsis;
        term->letters += !is_ellipsis;
        term->labels[count++] = is_ellipsis ? CZM_EINSUM_ELLIPSIS : c;
        if (is_ellipsis) i += 2;
    }
    return true;
}

// Removes and returns the text before `end`; without `end`, the whole text, and NULL remains.
static czm_bytes cut(czm_bytes *rest, const char *end) {
    czm_bytes all = *rest;
    size_t size = strlen(end);
    for (size_t i = 0; i + size <= all.size; i++) {
        if (memcmp(all.data + i, end, size) != 0) continue;
        *rest = czm_bytes_of(all.data + i + size, all.size - i - size);
        return czm_bytes_of(all.data, i);
    }
    *rest = (czm_bytes){0};
    return all;
}

bool czm_einsum_read(const czm_node *node, czm_einsum *einsum) {
    czm_bytes output = czm_attr_string(node, "equation");
    einsum->inputs = cut(&output, "->");
    return output.data && read_term(output, &einsum->output);
}

bool czm_einsum_next(czm_einsum *einsum, czm_einsum_term *term) {
    return einsum->inputs.data && read_term(cut(&einsum->inputs, ","), term);
}

bool czm_einsum_is_at_end(const czm_einsum *einsum) { return !einsum->inputs.data; }
