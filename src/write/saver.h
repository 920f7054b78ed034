// SPDX-License-Identifier: Apache-2.0
//
// The nodes that save and restore a model's variables, as TensorFlow 1's Saver makes them: every
// loader of TensorFlow 2.0.0, the C API's included, runs them. And the description of the variables
// that Python's loaders look for.
#ifndef CZM_WRITE_SAVER_H
#define CZM_WRITE_SAVER_H

#include "graph/graph.h"

typedef struct czm_saver {
    czm_graph graph;    // its nodes come after the model's own; empty if there are no variables
    const char **reads; // names of the nodes that read the variables
    const char *scope;
    const czm_model *model;
} czm_saver;

czm_saver czm_saver_make(czm_arena *arena, const czm_model *model);

// Puts SaverDef and the collection "variables" as fields of a MetaGraphDef; nothing without variables.
void czm_saver_put(czm_buffer *out, const czm_saver *saver);

#endif
