// SPDX-License-Identifier: Apache-2.0
//
// The functions of operations.def, and how they read the arguments of a call. Options are arguments by name
// in Keras 2, and the layer's configuration in Keras 3; operands are tensors, or constants in their place.
#ifndef CZM_KERAS_OPERATIONS_H
#define CZM_KERAS_OPERATIONS_H

#include "read/keras/layers.h"

#define OPERATION(name, names, function, kind, operands, options) \
    czm_keras_tensor czm_keras_op_##function(czm_keras_call *c, czm_op_kind op);
#include "read/keras/operations.def"
#undef OPERATION

// NULL: not set. If an option has two names, the one that is set counts.
const json_t *czm_keras_option(const czm_keras_call *c, const char *name);
const json_t *czm_keras_either(const czm_keras_call *c, const char *a, const char *b);

bool czm_keras_flag(const czm_keras_call *c, const char *name);
double czm_keras_number_or(const json_t *value, double absent);

// The axis that an option names, from 0; the axes of the option "axis", or all.
int64_t czm_keras_axis(czm_keras_call *c, const char *name, size_t rank, int64_t absent);
size_t czm_keras_all_axes(czm_keras_call *c, int64_t *axes);

// Operand `index`; a constant gets this type, or that of the first tensor.
const czm_keras_argument *czm_keras_operand_at(const czm_keras_call *c, size_t index);
czm_keras_tensor czm_keras_operand_as(czm_keras_call *c, size_t index, czm_dtype dtype);
czm_keras_tensor czm_keras_operand(czm_keras_call *c, size_t index);

// All of them.
czm_keras_tensor *czm_keras_operands(czm_keras_call *c, size_t *count);

#endif
