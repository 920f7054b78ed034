// SPDX-License-Identifier: Apache-2.0
//
// Writes an ONNX model as a file (ModelProto, onnx/onnx.proto). All sizes are known before the first byte; weights
// are in memory one at a time.
#ifndef CZM_ONNX_WRITE_H
#define CZM_ONNX_WRITE_H

#include "codec/sha256.h"
#include "write/onnx/onnx.h"

typedef struct czm_onnx_plan czm_onnx_plan;

// Computes the layout of the file and its *size. Reports a fault if it is larger than protobuf allows.
CZM_MUST_CHECK czm_status czm_onnx_plan_make(czm_context *context, const czm_onnx_model *model,
                                             const czm_onnx_plan **plan, uint64_t *size);

CZM_MUST_CHECK czm_status czm_onnx_write(czm_context *context, const czm_onnx_plan *plan,
                                         czm_sink sink);

// Adds the data that identify the written file: the graph, and sizes and checksums of the weights, but not the
// version of this program.
void czm_onnx_plan_identify(const czm_onnx_plan *plan, czm_sha256 *sha);

// The numbers of a weight, in the order and the type of ONNX.
CZM_MUST_CHECK czm_status czm_onnx_weight_read(czm_context *context, const czm_onnx_weight *weight,
                                               uint8_t **bytes);

#endif
