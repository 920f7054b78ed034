// SPDX-License-Identifier: Apache-2.0
//
// The numbers of a weight as the bytes of a variable. If type and order in the file are the required ones, the bytes
// are streamed from the file; otherwise they are converted in memory, once.
#ifndef CZM_KERAS_WEIGHT_SOURCE_H
#define CZM_KERAS_WEIGHT_SOURCE_H

#include "read/keras/layer.h"

const czm_tensor_source *czm_weight_source(czm_context *context, const czm_keras_file *file,
                                           const char *where, const czm_keras_weight *weight,
                                           czm_dtype dtype);

// All numbers of a weight that becomes a constant.
CZM_MUST_CHECK czm_status czm_weight_numbers(czm_context *context, const czm_keras_file *file,
                                             const czm_keras_weight *weight, double **numbers,
                                             size_t *count);

#endif
