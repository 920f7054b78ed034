// SPDX-License-Identifier: Apache-2.0
//
// A TensorFlow graph becomes an ONNX graph of the same numbers.
//
// Input and output stay channels last, as in TensorFlow. Inside, ONNX requires channels first. Each tensor may exist
// in both layouts; a layout is made when a rule first requests it, and nodes that work in both layouts use the
// existing one. So there is no transposition between two convolutions, and none has to be removed.
#ifndef CZM_ONNX_TRANSLATE_H
#define CZM_ONNX_TRANSLATE_H

#include "write/onnx/onnx.h"

// The model must be sorted, and must not be used afterwards. An operation that ONNX cannot express is reported by
// name (onnx-unsupported). opset: CZM_ONNX_OLD or CZM_ONNX_NEW. The input is called "input", the output "output".
CZM_MUST_CHECK czm_status czm_onnx_translate(czm_context *context, czm_model *model, int opset,
                                             czm_onnx_model *result);

#endif
