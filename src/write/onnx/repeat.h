// SPDX-License-Identifier: Apache-2.0
//
// Pixels that are repeated along height or width. Keras 3 writes a nearest UpSampling2D as ExpandDims, Tile and
// Reshape for each direction; ONNX resizes an image in one node.
#ifndef CZM_ONNX_REPEAT_H
#define CZM_ONNX_REPEAT_H

#include "write/onnx/step.h"

// Translates the step's Reshape if it ends such repetitions; otherwise returns false and changes nothing. The nodes
// before it are translated too, and removed if they have no other readers.
bool czm_onnx_put_repeated(czm_onnx_step *step);

#endif
