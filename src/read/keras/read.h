// SPDX-License-Identifier: Apache-2.0
//
// Reads a Keras file as a model: each layer becomes the nodes that Keras makes for it.
#ifndef CZM_KERAS_READ_H
#define CZM_KERAS_READ_H

#include "graph/graph.h"
#include "read/source.h"

// `config_path` names the architecture for a file that contains weights alone; `output` names the output layer to
// use. Both may be NULL.
CZM_MUST_CHECK czm_status czm_keras_read(czm_context *context, const czm_source *source,
                                         const char *config_path, const char *output,
                                         czm_model *model);

#endif
