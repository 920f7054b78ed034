// SPDX-License-Identifier: Apache-2.0
//
// Normalisation by the image's own statistics: a dozen operations in TensorFlow, one operation in ONNX, which engines
// compute in one pass over the data.
#ifndef CZM_PASSES_ONNX_NORMS_H
#define CZM_PASSES_ONNX_NORMS_H

#include "shape/shape.h"

// TensorFlow has no such operation, so the joined node is a ClipByValue with this attribute, because its result also
// has the shape of its first input. Its inputs are image, scale and shift. 0: layer normalisation of the last
// dimension; else the number of groups of channels that share statistics in each image (with one group for each
// channel: instance normalisation).
#define CZM_ONNX_NORM_GROUPS "_groups"

// Joins each normalisation of the main graph into one operation. Returns true if it did; then the graph was sorted
// again, and `shapes` are not valid any more.
bool czm_onnx_join_norms(czm_model *model, const czm_shapes *shapes);

#endif
