// SPDX-License-Identifier: Apache-2.0
//
// Factors of the operands of a product of matrices: attention multiplies the query, or query and key, by a number and
// transposes them afterwards. ONNX Runtime makes a factor a part of the product only if no operation is between them.
#ifndef CZM_PASSES_ONNX_SCALES_H
#define CZM_PASSES_ONNX_SCALES_H

#include "shape/shape.h"

// Moves such factors to the first operand of the product, as one number. Returns true if it did; then the graph was
// sorted again, and `shapes` are not valid any more.
bool czm_onnx_move_scales(czm_model *model, const czm_shapes *shapes);

#endif
