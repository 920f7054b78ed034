// SPDX-License-Identifier: Apache-2.0
//
// The passes that only the translation to ONNX needs. They run after the checks: what they make of the graph is for
// the translation alone.
#ifndef CZM_PASSES_ONNX_PREPARE_H
#define CZM_PASSES_ONNX_PREPARE_H

#include "shape/shape.h"

// Makes one node of what TensorFlow says in many and ONNX in one. Returns the shapes after that.
const czm_shapes *czm_onnx_prepare(czm_arena *arena, czm_model *model);

#endif
