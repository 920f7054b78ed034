// SPDX-License-Identifier: Apache-2.0
//
// TensorFlow may write a dilated convolution as a rearrangement of pixels into the batch, a convolution of neighbours
// there, and the way back. This pass replaces them by one dilated convolution.
#ifndef CZM_PASSES_ONNX_DILATE_H
#define CZM_PASSES_ONNX_DILATE_H

#include "shape/shape.h"

// Joins the three operations of the main graph into one, or two if the paddings are computed. Returns true if it did;
// then the graph was sorted again, and `shapes` are not valid any more.
bool czm_onnx_join_dilations(czm_model *model, const czm_shapes *shapes);

#endif
