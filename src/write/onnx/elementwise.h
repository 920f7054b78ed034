// SPDX-License-Identifier: Apache-2.0
//
// Operands of ops that work in any layout.
#ifndef CZM_ONNX_ELEMENTWISE_H
#define CZM_ONNX_ELEMENTWISE_H

#include "write/onnx/step.h"

// The layout in which a node is computed: planar if an image among its inputs is, and the others cost no more
// transpositions than the plain layout does.
typedef struct czm_onnx_layout {
    int rank; // of the result; CZM_UNKNOWN
    bool is_planar;
} czm_onnx_layout;

// The layout for all inputs, or for `count` inputs from number `first` on.
czm_onnx_layout czm_onnx_layout_of(const czm_onnx_step *step);
czm_onnx_layout czm_onnx_layout_among(const czm_onnx_step *step, size_t first, size_t count);

// An input in that layout, ready to be broadcast.
const char *czm_onnx_operand(czm_onnx_step *step, size_t input, czm_onnx_layout layout);

// The result of output 0.
void czm_onnx_put(czm_onnx_step *step, czm_onnx_layout layout, const char *name);

// The angle of the point (x, y), -pi..pi.
const char *czm_onnx_angle_of(czm_onnx_step *step, const char *y, const char *x);

#endif
