// SPDX-License-Identifier: Apache-2.0
//
// A SavedModel becomes a model: the graph behind one signature, the functions it keeps, and the
// variables with the place of their bytes.
#ifndef CZM_READ_SAVEDMODEL_MODEL_H
#define CZM_READ_SAVEDMODEL_MODEL_H

#include "graph/graph.h"
#include "read/source.h"

// `signature` and `output` choose by key; NULL: the usual one, the only one.
CZM_MUST_CHECK czm_status czm_model_read(czm_context *context, const czm_source *source,
                                         const char *signature, const char *output,
                                         czm_model *model);

#endif
