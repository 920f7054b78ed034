// SPDX-License-Identifier: Apache-2.0
//
// Element types, numbered as TensorFlow's DataType (tensorflow/core/framework/types.proto).
#ifndef CZM_GRAPH_DTYPE_H
#define CZM_GRAPH_DTYPE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

typedef enum czm_dtype {
#define DTYPE(symbol, number, name, size, is_floating, onnx) CZM_DTYPE_##symbol = number,
#include "op/dtype.def"
#undef DTYPE
    CZM_DTYPE_NONE = 0,
} czm_dtype;

// A reference type is its base type plus this (TF 1.x variables).
enum { CZM_DTYPE_REF = 100 };

const char *czm_dtype_name(czm_dtype dtype); // "float32"; "type 77" has no name: "unknown"
size_t czm_dtype_size(czm_dtype dtype);      // bytes per element; 0: not a plain number
bool czm_dtype_is_floating(czm_dtype dtype);

// The number in ONNX (TensorProto.DataType), and the type of such a number; 0 and CZM_DTYPE_NONE: there is none.
int czm_dtype_in_onnx(czm_dtype dtype);
czm_dtype czm_dtype_of_onnx(uint64_t number);

#endif
