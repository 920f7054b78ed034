// SPDX-License-Identifier: Apache-2.0
//
// TensorFlow may write a dilated convolution as a rearrangement of pixels into the batch, a convolution of neighbours
// there, and the way back. This pass replaces them by one dilated convolution.
#ifndef CZM_PASSES_ONNX_DILATE_H
#define CZM_PASSES_ONNX_DILATE_H

#include "shape/shape.h"

// Makes one operation of the three, in the main graph, or two where the paddings are computed. Then true,
// and the graph is sorted anew: `shapes` do not fit it any more.
bool czm_onnx_join_dilations(czm_model *model, const czm_shapes *shapes);

#endif
