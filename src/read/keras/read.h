// SPDX-License-Identifier: Apache-2.0
//
// A Keras file becomes a model: its layers are made into the nodes that Keras would make of them.
#ifndef CZM_KERAS_READ_H
#define CZM_KERAS_READ_H

#include "graph/graph.h"
#include "read/source.h"

// `config_path` names the architecture for a file that holds weights alone; `output` names the layer
// whose output counts. Both may be NULL.
CZM_MUST_CHECK czm_status czm_keras_read(czm_context *context, const czm_source *source,
                                         const char *config_path, const char *output,
                                         czm_model *model);

#endif
