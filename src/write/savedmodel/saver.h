// SPDX-License-Identifier: Apache-2.0
//
// The nodes that save and restore a model's variables, as TensorFlow 1's Saver makes them, and the description of the
// variables that Python's loaders read. Every loader of TensorFlow 2.0.0 runs these nodes, also that of the C API.
#ifndef CZM_WRITE_SAVER_H
#define CZM_WRITE_SAVER_H

#include "write/savedmodel/objects.h"

typedef struct czm_saver {
    czm_graph graph;
    const char *scope;
    const czm_model *model;
} czm_saver;

// `outer` are the other nodes of the main graph, whose names are in use.
czm_saver czm_saver_make(czm_arena *arena, const czm_model *model, const czm_object_tree *tree,
                         const czm_node_list *outer);

// Puts SaverDef and the collection "variables" as fields of a MetaGraphDef.
void czm_saver_put(czm_buffer *out, const czm_saver *saver);

#endif
