// SPDX-License-Identifier: Apache-2.0
//
// The constants of an ONNX network: initializers and the tensors of Constant nodes, as numbers, as a
// Const, or as a variable whose bytes are streamed from the file.
#ifndef CZM_READ_ONNX_WEIGHT_H
#define CZM_READ_ONNX_WEIGHT_H

#include "read/onnx/file.h"
#include "read/onnx/order.h"

// All elements in ONNX's order. NULL: they are not numbers, there are more than `most`, or reading failed. `count` is
// their number.
const double *czm_import_weight_numbers(czm_context *context, const czm_onnx_initializer *weight,
                                        size_t most, size_t *count);

// The bytes of the elements, in memory, little endian, stored in this order.
CZM_MUST_CHECK czm_status czm_import_weight_load(czm_context *context,
                                                 const czm_onnx_initializer *weight,
                                                 const czm_order *order, czm_bytes *bytes);

// A source that streams the elements. If the file has this order, they are read in blocks; otherwise they are
// reordered in memory, one weight at a time.
const czm_tensor_source *czm_import_weight_source(czm_context *context, const char *where,
                                                  const czm_onnx_initializer *weight,
                                                  const czm_order *order);

#endif
