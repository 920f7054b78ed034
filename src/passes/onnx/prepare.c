// SPDX-License-Identifier: Apache-2.0
//
// The order of the passes before the translation to ONNX; see prepare.h.
#include "passes/onnx/prepare.h"

#include "passes/onnx/dilate.h"
#include "passes/onnx/functionalize.h"
#include "passes/onnx/norms.h"
#include "passes/onnx/scales.h"

const czm_shapes *czm_onnx_prepare(czm_arena *arena, czm_model *model) {
    enum { ROUNDS = 2 }; // elements that are made of other lists' elements
    const czm_shapes *shapes = czm_shapes_infer_any(arena, model, NULL);
    if (czm_onnx_join_dilations(model, shapes)) shapes = czm_shapes_infer_any(arena, model, NULL);
    if (czm_onnx_join_norms(model, shapes)) shapes = czm_shapes_infer_any(arena, model, NULL);
    if (czm_onnx_move_scales(model, shapes)) shapes = czm_shapes_infer_any(arena, model, NULL);
    bool has_arrays = czm_onnx_list_arrays(model, shapes);
    for (int i = 0; i < ROUNDS && has_arrays; i++)
        czm_onnx_tell_elements(model, czm_shapes_infer_any(arena, model, NULL));
    if (czm_onnx_functionalize(model) || has_arrays)
        shapes = czm_shapes_infer_any(arena, model, NULL);
    return shapes;
}
