// SPDX-License-Identifier: Apache-2.0
//
// Which tensor of the checkpoint each variable is restored from.
//
// The names of variables do not determine their keys in the checkpoint. The node that SaverDef names does, which
// TensorFlow runs to restore variables. It is flattened like any other graph, and ends in assignments (variable <-
// RestoreV2), in functions (TensorFlow 2) or as plain nodes (TensorFlow 1). If it restores other variables than
// inference reads, object_graph.h has a second way.
#ifndef CZM_READ_SAVEDMODEL_VARIABLES_H
#define CZM_READ_SAVEDMODEL_VARIABLES_H

#include "read/savedmodel/flatten.h"

// Finds the source of every variable node (VarHandleOp, VariableV2) of the sorted graph.
CZM_MUST_CHECK czm_status czm_variables_resolve(czm_context *context, const czm_source *source,
                                                czm_meta_graph *meta, const czm_graph *graph,
                                                czm_variable_list *variables);

#endif
