// SPDX-License-Identifier: Apache-2.0
//
// XML writing; see xml.h.
#include "codec/xml.h"

#include "base/utf8.h"

static bool is_char(uint32_t code) {
    return code == 9 || code == 10 || code == 13 || (code >= 0x20 && code <= 0xd7ff) ||
           (code >= 0xe000 && code <= 0xfffd) || (code >= 0x10000 && code <= 0x10ffff);
}

bool czm_xml_can_hold(czm_bytes text, size_t *at) {
    for (size_t length, i = 0; i < text.size; i += length) {
        *at = i;
        if (!is_char(czm_utf8_decode(text, i, &length))) return false;
    }
    return true;
}

void czm_xml_put(czm_buffer *xml, const char *markup) { czm_put_raw(xml, czm_bytes_text(markup)); }

static const char *escape(char c, bool in_attribute) {
    switch (c) {
    case '&': return "&amp;";
    case '<': return "&lt;";
    case '>': return "&gt;";
    case '"': return in_attribute ? "&quot;" : NULL;
    case '\t': return in_attribute ? "&#09;" : NULL;
    case '\n': return in_attribute ? "&#10;" : NULL;
    case '\r': return "&#13;"; // a bare one would be read back as a line feed
    default: return NULL;
    }
}

static void put_escaped(czm_buffer *xml, const char *text, bool in_attribute) {
    for (const char *c = text; *c; c++) {
        const char *escaped = escape(*c, in_attribute);
        czm_put_raw(xml, escaped ? czm_bytes_text(escaped) : czm_bytes_of(c, 1));
    }
}

void czm_xml_put_text(czm_buffer *xml, const char *text) { put_escaped(xml, text, false); }

void czm_xml_put_attribute(czm_buffer *xml, const char *name, const char *value) {
    czm_xml_put(xml, " ");
    czm_xml_put(xml, name);
    czm_xml_put(xml, "=\"");
    put_escaped(xml, value, true);
    czm_xml_put(xml, "\"");
}

void czm_xml_put_element(czm_buffer *xml, const char *name, const char *text) {
    czm_xml_put(xml, "<");
    czm_xml_put(xml, name);
    if (*text) {
        czm_xml_put(xml, ">");
        czm_xml_put_text(xml, text);
        czm_xml_put(xml, "</");
        czm_xml_put(xml, name);
        czm_xml_put(xml, ">");
    } else {
        czm_xml_put(xml, " />");
    }
}
