// SPDX-License-Identifier: Apache-2.0
//
// The order in which the axes of an ONNX tensor are stored. ONNX numbers the axes of an image
// [batch, channels, height, width]; the graph stores it with the channels last, which is the order
// (0,2,3,1). A Transpose in ONNX only changes the numbers of the axes, so that it needs no node.
#ifndef CZM_READ_ONNX_ORDER_H
#define CZM_READ_ONNX_ORDER_H

#include "shape/step.h"

enum { CZM_MOST_AXES = 8 };

typedef struct czm_order {
    int rank;
    int axis[CZM_MOST_AXES]; // axis[k]: the ONNX axis that is stored at place k
} czm_order;

czm_order czm_order_plain(int rank);         // 0, 1, 2 ...; at most CZM_MOST_AXES
czm_order czm_order_channels_last(int rank); // 0, 2, 3 ..., 1; plain below rank 3
bool czm_order_is_plain(const czm_order *order);
bool czm_order_equal(const czm_order *a, const czm_order *b);

// The place at which an ONNX axis is stored.
int czm_order_place(const czm_order *order, int axis);

// The ONNX axis that is stored last; -1: a number has none.
int czm_order_last(const czm_order *order);

// The order with this axis moved to the last place.
czm_order czm_order_ending_with(const czm_order *order, int axis);

// The order of the remaining axes when the axes of a set (bit a: axis a) are removed.
czm_order czm_order_without(const czm_order *order, unsigned axes);

// Converts a shape in stored order to ONNX's order, and back. If the ranks do not agree, all sizes are unknown.
czm_dims czm_order_restore(const czm_order *order, czm_shape stored);
czm_dims czm_order_apply(const czm_order *order, czm_shape plain);

#endif
