// SPDX-License-Identifier: Apache-2.0
//
// TensorFlow 1 writes conditionals and loops as nodes (Switch and Merge; Enter, NextIteration and Exit) that pass
// tensors on or not. This pass replaces them by If and While of TensorFlow 2, whose functions become the graphs in
// ONNX's If and Loop.
#ifndef CZM_PASSES_ONNX_FUNCTIONALIZE_H
#define CZM_PASSES_ONNX_FUNCTIONALIZE_H

#include "shape/shape.h"

// Makes If and While of the main graph's old control flow, the inner ones first. What is of another
// form than TensorFlow's own tf.cond and tf.while_loop make is left as it is, for the translation to
// refuse.
// True if anything was changed, here and below: `shapes` do not fit any more.
bool czm_onnx_functionalize(czm_model *model);

// Makes TensorLists of the main graph's TensorArrays: what was an array's flow is the list.
bool czm_onnx_list_arrays(czm_model *model, const czm_shapes *shapes);

// Gives each operation that reads from a list the shape of the elements that were put into it.
void czm_onnx_tell_elements(czm_model *model, const czm_shapes *shapes);

#endif
