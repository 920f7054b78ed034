// SPDX-License-Identifier: Apache-2.0
//
// Adds operations before an ONNX network: a factor for its pixels, a cast to the type of its input. All other bytes
// of the file are unchanged.
#ifndef CZM_EDIT_ONNX_PREFIX_H
#define CZM_EDIT_ONNX_PREFIX_H

#include "read/onnx/file.h"

// The bytes of the result in order: those of each piece, and then those of its stretch of the file.
typedef struct czm_onnx_prefixed {
    struct {
        czm_bytes bytes;
        czm_extent extent;
    } pieces[3];
    uint64_t size; // of all
} czm_onnx_prefixed;

// The input of the result is float32 and has another name; its shape is that of the file's. `factor` may
// be 1.
CZM_MUST_CHECK czm_status czm_onnx_prefix(czm_context *context, const czm_onnx_file *file,
                                          double factor, czm_onnx_prefixed *prefixed);

#endif
