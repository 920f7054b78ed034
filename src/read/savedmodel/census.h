// SPDX-License-Identifier: Apache-2.0
//
// A survey of the whole SavedModel, not only of the network of one signature: its exporter, all signatures, and the
// operations and attributes that TensorFlow 2.0.0 does not support. TensorFlow rejects a file for an unknown op even
// in a function that never runs, such as the one that saves checkpoints.
#ifndef CZM_READ_SAVEDMODEL_CENSUS_H
#define CZM_READ_SAVEDMODEL_CENSUS_H

#include "read/savedmodel/meta_graph.h"

typedef struct czm_census {
    czm_meta_graph meta;          // its exporter and signatures
    CZM_LIST(const char *) newer; // such as "attribute debug_name of VarHandleOp"
} czm_census;

CZM_MUST_CHECK czm_status czm_census_read(czm_context *context, const czm_source *source,
                                          czm_census *census);

#endif
