// SPDX-License-Identifier: Apache-2.0
//
// Writes a model as saved_model.pb, in the form that TensorFlow 2.0.0 itself gives to a Keras model, so that every
// loader opens it: one graph tagged "serve", one signature, the network as a function that the graph calls (calls.h),
// a saver for the variables (saver.h), and the objects of Keras (objects.h). The same model always gives the same
// bytes.
#ifndef CZM_WRITE_SAVED_MODEL_H
#define CZM_WRITE_SAVED_MODEL_H

#include "write/savedmodel/objects.h"

// The shapes are those of the signature's input and output.
czm_bytes czm_saved_model_write(czm_arena *arena, const czm_model *model,
                                const czm_object_tree *tree, czm_shape input, czm_shape output);

#endif
