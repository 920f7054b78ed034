// SPDX-License-Identifier: Apache-2.0
//
// Reads an ONNX network as a model: the same kind of graph of TensorFlow operations as that of a SavedModel, with the
// channels last.
#ifndef CZM_READ_ONNX_NETWORK_H
#define CZM_READ_ONNX_NETWORK_H

#include "read/onnx/file.h"

// The order of the dimensions of images in the file.
typedef enum czm_onnx_layout {
    CZM_LAYOUT_UNKNOWN, // it follows from the operations, or is an error
    CZM_LAYOUT_NCHW,
    CZM_LAYOUT_NHWC,
} czm_onnx_layout;

// "nchw" or "nhwc"; NULL and everything else: unknown.
czm_onnx_layout czm_onnx_layout_find(const char *name);

// What a file leaves open.
typedef struct czm_onnx_choice {
    const char *output; // by name; NULL: the only one
    czm_onnx_layout layout;
    int64_t height, width; // of an input whose size is open, in pixels; 0: it stays open
} czm_onnx_choice;

// `file` must live as long as the model, which reads
// its weights from it.
CZM_MUST_CHECK czm_status czm_onnx_network_read(czm_context *context, czm_onnx_file *file,
                                                czm_onnx_choice choice, czm_model *model);

#endif
