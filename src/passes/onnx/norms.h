// SPDX-License-Identifier: Apache-2.0
//
// What stands before the translation: normalisation by the image's own statistics is a dozen operations in
// TensorFlow. ONNX says it in one, which engines compute in one go.
#ifndef CZM_PASSES_ONNX_NORMS_H
#define CZM_PASSES_ONNX_NORMS_H

#include "shape/shape.h"

// TensorFlow has no such operation: the joined node is a ClipByValue, whose result has the shape of its first
// input too, with this attribute. Its inputs are image, scale and shift. 0: layer normalisation of the last
// dimension; else the number of groups of channels that have statistics in common for each image (as many as
// channels: instance normalisation).
#define CZM_ONNX_NORM_GROUPS "_groups"

// Makes one operation of each normalisation of the main graph. Then true, and the graph is sorted anew:
// `shapes` do not fit it any more.
bool czm_onnx_join_norms(czm_model *model, const czm_shapes *shapes);

#endif
