// SPDX-License-Identifier: Apache-2.0
//
// What can be computed from weights alone is computed now: the factors of a normalization that an
// exporter wrote as a row of small operations, biases that are reshaped before they are added.
#ifndef CZM_ONNX_FOLD_H
#define CZM_ONNX_FOLD_H

#include "onnx/step.h"

// Makes the node's output a weight; false if it is not one, or a large one.
bool czm_onnx_fold(czm_onnx_step *step);

#endif
