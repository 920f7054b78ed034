// SPDX-License-Identifier: Apache-2.0
//
// Values in another order: element (i, j, ...) of a view is the element of the source at offset + i * strides[0] + j
// * strides[1] + ... Most ops that move values are such a view.
#ifndef CZM_SHAPE_VIEW_H
#define CZM_SHAPE_VIEW_H

#include "shape/ops.h"

typedef struct czm_view {
    int rank;
    int64_t offset;
    int64_t dims[2 * CZM_HIGHEST_RANK], strides[2 * CZM_HIGHEST_RANK];
} czm_view;

void czm_view_add(czm_view *view, int64_t dim, int64_t stride);

// The strides of a complete shape in row-major order.
void czm_strides_of(czm_shape shape, int64_t *strides);

// The view of a complete shape in row-major order.
czm_view czm_view_of(czm_shape shape);

// The view of the values of a complete shape that is broadcast to `target`.
czm_view czm_view_broadcast(czm_shape shape, czm_shape target);

// The position in the source of each element of the view, `count` of them.
void czm_view_positions(const czm_view *view, size_t count, size_t *positions);

// Sets the elements of an output, whose shape is set, to those of an input in the order of a view.
void czm_set_viewed(czm_step *step, size_t output, size_t input, const czm_view *view);

#endif
