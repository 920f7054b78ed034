// SPDX-License-Identifier: Apache-2.0
//
// The rules of op/ops.def by the kind of op; see ops.h for what a row means.
#include "shape/ops.h"

const czm_shape_op czm_shape_ops[CZM_OP_KIND_COUNT] = {
#define OP(name, ...) [CZM_OP_##name] = {.op = CZM_OP_##name, __VA_ARGS__},
#define INFER(rule) .infer = czm_infer_##rule,
#define FOLD(rule, number) .fold = czm_fold_##rule, .detail = number,
#define NUMBER(number) .detail = number,
#include "op/ops.def"
};
