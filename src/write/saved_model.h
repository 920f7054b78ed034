// SPDX-License-Identifier: Apache-2.0
//
// A model becomes saved_model.pb, in the form that TensorFlow 2.0.0's loaders of all kinds take: one
// graph tagged "serve", one signature, a saver of TensorFlow 1's kind for the variables. The same
// model always gives the same bytes.
#ifndef CZM_WRITE_SAVED_MODEL_H
#define CZM_WRITE_SAVED_MODEL_H

#include "graph/graph.h"
#include "shape/shape.h"

// The shapes are those of the signature's input and output.
czm_bytes czm_saved_model_write(czm_arena *arena, const czm_model *model, czm_shape input,
                                czm_shape output);

#endif
