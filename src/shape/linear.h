// SPDX-License-Identifier: Apache-2.0
//
// Sizes that are computed from other sizes: layers compute them for images of open size.
#ifndef CZM_SHAPE_LINEAR_H
#define CZM_SHAPE_LINEAR_H

#include "shape/shape.h"

// factor * (dimension `dim` of `of`) + offset
typedef struct czm_linear {
    czm_tensor of;
    int64_t dim, factor, offset;
} czm_linear;

// Element `index` of a vector of sizes; false if it does not have this form.
bool czm_linear_of(const czm_shapes *shapes, czm_tensor sizes, size_t index, czm_linear *out);

#endif
