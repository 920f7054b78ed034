// SPDX-License-Identifier: Apache-2.0
//
// StructuredValue: the description of the arguments and results of functions in a SavedModel.
//
//     none=1, string=13, bool=14, tensor_spec=33 {name=1, shape=2, dtype=3}, list=51 {values=1},
//     tuple=52 {values=1}, dict=53 {fields=1 (map)}, named_tuple=54 {name=1, values=2 {key=1, value=2}}
//
// Each function puts a value into field `field` of the message that is being written.
// Source: tensorflow/core/protobuf/struct.proto.
#ifndef CZM_WRITE_STRUCTURED_H
#define CZM_WRITE_STRUCTURED_H

#include "write/savedmodel/graph_def.h"

void czm_put_none(czm_buffer *out, uint32_t field);
void czm_put_string_value(czm_buffer *out, uint32_t field, const char *text);
void czm_put_bool_value(czm_buffer *out, uint32_t field, bool is_true);
void czm_put_spec(czm_buffer *out, uint32_t field, const char *name, czm_shape shape,
                  czm_dtype dtype);

// Values that contain others, which are put between begin and end: those of lists and tuples into field CZM_ELEMENT,
// those of a dict or named tuple between czm_begin_pair and czm_put_end, into CZM_VALUE.
typedef enum czm_structure {
    CZM_LIST_VALUE = 51,
    CZM_TUPLE_VALUE = 52,
    CZM_DICT_VALUE = 53,
    CZM_NAMED_TUPLE_VALUE = 54,
} czm_structure;

enum { CZM_ELEMENT = 1, CZM_VALUE = 2 };

typedef struct czm_open_structure {
    size_t value, content;
} czm_open_structure;

czm_open_structure czm_begin_structure(czm_buffer *out, uint32_t field, czm_structure structure);
void czm_end_structure(czm_buffer *out, czm_open_structure open);
size_t czm_begin_pair(czm_buffer *out, czm_structure structure, const char *key);

// A structure without elements.
void czm_put_empty(czm_buffer *out, uint32_t field, czm_structure structure);

#endif
