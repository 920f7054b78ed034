// SPDX-License-Identifier: Apache-2.0
//
// TensorFlow 1 writes conditionals and loops as nodes (Switch and Merge; Enter, NextIteration and Exit) that pass
// tensors on or not. This pass replaces them by If and While of TensorFlow 2, whose functions become the graphs in
// ONNX's If and Loop.
#ifndef CZM_PASSES_ONNX_FUNCTIONALIZE_H
#define CZM_PASSES_ONNX_FUNCTIONALIZE_H

#include "shape/shape.h"

// Replaces the main graph's old control flow by If and While, the inner ones first. Forms that tf.cond and
// tf.while_loop do not make stay unchanged, and the translation rejects them. This function and the next one return
// true if they changed anything; then `shapes` are not valid any more.
bool czm_onnx_functionalize(czm_model *model);

// Replaces the main graph's TensorArrays by TensorLists: the flow of an array becomes the list.
bool czm_onnx_list_arrays(czm_model *model, const czm_shapes *shapes);

// Gives each operation that reads from a list the shape of the elements that were put into it.
void czm_onnx_tell_elements(czm_model *model, const czm_shapes *shapes);

#endif
