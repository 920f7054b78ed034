// SPDX-License-Identifier: Apache-2.0
//
// The receptive field: for each tensor, the pixels of the input that an element of it depends on, along all paths.
// ZEN segments an image tile by tile; a border as wide as the output's field removes every effect of a tile's edges.
//
// The image is assumed to be infinite, so pixels beyond the edge of a tile count too. The computed field is never
// smaller than the real one.
#ifndef CZM_ANALYSIS_RECEPTIVE_FIELD_H
#define CZM_ANALYSIS_RECEPTIVE_FIELD_H

#include "shape/shape.h"

typedef enum czm_field_kind {
    CZM_FIELD_NONE,      // does not depend on the input
    CZM_FIELD_BOUNDED,   // depends on the neighbourhood that `before` and `after` give
    CZM_FIELD_UNBOUNDED, // depends on the whole image
    CZM_FIELD_UNKNOWN,
} czm_field_kind;

enum { CZM_FIELD_AXES = 3 };

// By height, width and, in volumes, z. Index i of a tensor that has one element for k pixels belongs to pixel k * i.
// A number is negative if the whole field lies on the other side of that pixel.
typedef struct czm_receptive_field {
    czm_field_kind kind;
    int64_t before[CZM_FIELD_AXES], after[CZM_FIELD_AXES]; // pixels beyond its own, if bounded
    const czm_node *node;                                  // what makes it unbounded or unknown
} czm_receptive_field;

typedef struct czm_fields czm_fields;

// The fields of all tensors of the main graph, which must be sorted. Its input is [batch, height, width, channels] or
// [batch, z, height, width, channels]; `shapes` are inferred from it. An unknown size is assumed to be a multiple of
// every stride.
czm_fields *czm_fields_infer(czm_arena *arena, const czm_model *model, const czm_shapes *shapes);

czm_receptive_field czm_field_of(const czm_fields *fields, czm_tensor tensor);

// The border that a bounded field requires: the largest of the four numbers of height and width; and the same along
// z.
int64_t czm_field_border(const czm_receptive_field *field);
int64_t czm_field_slices(const czm_receptive_field *field);

#endif
