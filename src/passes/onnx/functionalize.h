// SPDX-License-Identifier: Apache-2.0
//
// What stands before the translation: TensorFlow 1 makes conditionals and loops of nodes (Switch and
// Merge; Enter, NextIteration and Exit) that let tensors through or not. ONNX has If and Loop, which
// hold graphs, like TensorFlow 2's If and While, whose functions are graphs.
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

// Makes what is known of the elements that are put into lists known where they are taken out.
void czm_onnx_tell_elements(czm_model *model, const czm_shapes *shapes);

#endif
