// SPDX-License-Identifier: Apache-2.0
//
// The passes that only the translation to ONNX needs. They run after the checks: only the translation can use their
// result.
#ifndef CZM_PASSES_ONNX_PREPARE_H
#define CZM_PASSES_ONNX_PREPARE_H

#include "shape/shape.h"

// Joins groups of TensorFlow nodes that are one node in ONNX. Returns the shapes of the new graph.
const czm_shapes *czm_onnx_prepare(czm_arena *arena, czm_model *model);

#endif
