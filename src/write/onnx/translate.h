// SPDX-License-Identifier: Apache-2.0
//
// A TensorFlow graph becomes an ONNX graph of the same numbers.
//
// Input and output stay as TensorFlow has them, channels last. Inside, ONNX wants channels first:
// each tensor may exist in both layouts, each is made when a rule first asks for it, and what can
// be computed in either is computed in the one that is there. So no transposition stands between two
// convolutions, and none has to be removed.
#ifndef CZM_ONNX_TRANSLATE_H
#define CZM_ONNX_TRANSLATE_H

#include "write/onnx/onnx.h"

// The model must be sorted, and is of no other use afterwards. An operation that ONNX cannot express
// is reported by name (onnx-unsupported). opset: CZM_ONNX_OLD or CZM_ONNX_NEW. The input is called
// "input", the output "output".
CZM_MUST_CHECK czm_status czm_onnx_translate(czm_context *context, czm_model *model, int opset,
                                             czm_onnx_model *result);

#endif
