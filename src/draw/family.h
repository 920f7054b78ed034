// SPDX-License-Identifier: Apache-2.0
//
// The kind of a layer in a drawing: its colour and its short name.
#ifndef CZM_DRAW_FAMILY_H
#define CZM_DRAW_FAMILY_H

#include "czm.h"

// The order is that of the legend. The label of a block names its layers of the families before
// CZM_FAMILY_NORMALISATION; it names others only if it has no such layers.
typedef enum czm_family {
    CZM_FAMILY_END, // input and output
    CZM_FAMILY_CONVOLUTION,
    CZM_FAMILY_MATRIX,
    CZM_FAMILY_POOLING,
    CZM_FAMILY_RESIZING,
    CZM_FAMILY_JOIN,
    CZM_FAMILY_SOFTMAX,
    CZM_FAMILY_NORMALISATION,
    CZM_FAMILY_ACTIVATION,
    CZM_FAMILY_OTHER,
    CZM_FAMILY_COUNT
} czm_family;

typedef struct czm_family_style {
    const char *name, *colour;
} czm_family_style;

typedef struct czm_op_style {
    czm_family family;
    const char *label;
} czm_op_style;

extern const czm_family_style czm_family_styles[CZM_FAMILY_COUNT];

czm_op_style czm_op_style_of(const czm_layer_info *layer);

static inline bool czm_family_is_light(czm_family family) {
    return family >= CZM_FAMILY_NORMALISATION;
}

#endif
