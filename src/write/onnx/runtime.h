// SPDX-License-Identifier: Apache-2.0
//
// Changes of the finished ONNX graph for requirements of ONNX Runtime that are not in the standard.
#ifndef CZM_ONNX_RUNTIME_H
#define CZM_ONNX_RUNTIME_H

#include "write/onnx/scope.h"

// Changes the nodes so that every supported version of ONNX Runtime loads the network and computes the same numbers,
// without and with graph optimisation. If this is impossible, the translator's status is an error.
void czm_onnx_fit_runtime(czm_onnx_translator *translator);

#endif
