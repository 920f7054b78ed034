// SPDX-License-Identifier: Apache-2.0
//
// The XML forms that a CZModel's metadata needs, escaped like Python's ElementTree: with equal content, our files are
// equal to those of the reference tool, byte for byte.
#ifndef CZM_CODEC_XML_H
#define CZM_CODEC_XML_H

#include "codec/wire.h"

// Whether XML 1.0 can contain the text (section 2.2, Char): UTF-8 without control characters other than tab, line
// feed and carriage return. *at gets the offset of the first invalid byte.
bool czm_xml_can_hold(czm_bytes text, size_t *at);

void czm_xml_put(czm_buffer *xml, const char *markup);    // verbatim
void czm_xml_put_text(czm_buffer *xml, const char *text); // character data
void czm_xml_put_attribute(czm_buffer *xml, const char *name, const char *value);

// <name>text</name>, or <name /> when the text is empty.
void czm_xml_put_element(czm_buffer *xml, const char *name, const char *text);

#endif
