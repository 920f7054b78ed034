// SPDX-License-Identifier: Apache-2.0
//
// The rules by name: each translates the TensorFlow ops that ops.def gives it.
#ifndef CZM_ONNX_OPS_H
#define CZM_ONNX_OPS_H

#include "onnx/step.h"

typedef struct czm_onnx_op {
    const char *op;
    void (*translate)(czm_onnx_step *step);
    const char *detail; // what makes the ops of one rule different: mostly the ONNX op
} czm_onnx_op;

#define OP(name, rule, detail) void czm_onnx_##rule(czm_onnx_step *step);
#include "onnx/ops.def"
#undef OP

// The same for nodes that read or make complex numbers; `translate` is the op's rule for real ones,
// or NULL.
bool czm_onnx_has_complex(const czm_onnx_step *step);
void czm_onnx_complex(czm_onnx_step *step, void (*translate)(czm_onnx_step *step));

#endif
