// SPDX-License-Identifier: Apache-2.0
//
// The functions that translate, by name; rows of op/ops.def name them.
#ifndef CZM_ONNX_OPS_H
#define CZM_ONNX_OPS_H

#include "write/onnx/step.h"

typedef struct czm_onnx_op {
    czm_op_kind op;
    void (*translate)(czm_onnx_step *step); // NULL: no translation is known
    const char *detail; // the parameter that distinguishes the ops of one rule: mostly the ONNX op
} czm_onnx_op;

#define OP(name, ...) __VA_ARGS__
#define ONNX(rule, number) void czm_onnx_##rule(czm_onnx_step *step);
#include "op/ops.def"

// The angle of the point (x, y), -pi..pi.
const char *czm_onnx_angle_of(czm_onnx_step *step, const char *y, const char *x);

// A normalisation that norms.h has joined.
void czm_onnx_norm_by_image(czm_onnx_step *step);

// The same for nodes that read or make complex numbers; `translate` is the op's rule for real ones,
// or NULL.
bool czm_onnx_has_complex(const czm_onnx_step *step);
void czm_onnx_complex(czm_onnx_step *step, void (*translate)(czm_onnx_step *step));

#endif
