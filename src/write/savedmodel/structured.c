// SPDX-License-Identifier: Apache-2.0
//
// StructuredValues; see structured.h.
#include "write/savedmodel/structured.h"

void czm_put_none(czm_buffer *out, uint32_t field) {
    size_t value = czm_put_begin(out, field);
    czm_put_text(out, 1, "");
    czm_put_end(out, value);
}

void czm_put_string_value(czm_buffer *out, uint32_t field, const char *text) {
    size_t value = czm_put_begin(out, field);
    czm_put_text(out, 13, text);
    czm_put_end(out, value);
}

void czm_put_bool_value(czm_buffer *out, uint32_t field, bool is_true) {
    size_t value = czm_put_begin(out, field);
    czm_put_varint(out, 14, is_true);
    czm_put_end(out, value);
}

void czm_put_spec(czm_buffer *out, uint32_t field, const char *name, czm_shape shape,
                  czm_dtype dtype) {
    size_t value = czm_put_begin(out, field);
    size_t spec = czm_put_begin(out, 33);
    if (*name) czm_put_text(out, 1, name);
    czm_put_shape(out, 2, shape);
    czm_put_varint(out, 3, (uint64_t)dtype);
    czm_put_end(out, spec);
    czm_put_end(out, value);
}

czm_open_structure czm_begin_structure(czm_buffer *out, uint32_t field, czm_structure structure) {
    czm_open_structure open = {.value = czm_put_begin(out, field)};
    open.content = czm_put_begin(out, (uint32_t)structure);
    return open;
}

void czm_end_structure(czm_buffer *out, czm_open_structure open) {
    czm_put_end(out, open.content);
    czm_put_end(out, open.value);
}

size_t czm_begin_pair(czm_buffer *out, czm_structure structure, const char *key) {
    size_t pair = czm_put_begin(out, structure == CZM_NAMED_TUPLE_VALUE ? 2 : 1);
    czm_put_text(out, 1, key);
    return pair;
}

void czm_put_empty(czm_buffer *out, uint32_t field, czm_structure structure) {
    czm_end_structure(out, czm_begin_structure(out, field, structure));
}
