// SPDX-License-Identifier: Apache-2.0
//
// Reads a SavedModel as a model: the graph of one signature, the functions that stay functions, and the variables
// with the places of their bytes.
#ifndef CZM_READ_SAVEDMODEL_MODEL_H
#define CZM_READ_SAVEDMODEL_MODEL_H

#include "graph/graph.h"
#include "read/source.h"

// `signature` and `output` are keys; NULL: the default signature, the only output.
CZM_MUST_CHECK czm_status czm_model_read(czm_context *context, const czm_source *source,
                                         const char *signature, const char *output,
                                         czm_model *model);

#endif
