// SPDX-License-Identifier: Apache-2.0
//
// A graph with its functions as a GraphDef, for tests that run it in TensorFlow.
#ifndef CZM_TESTS_GRAPH_DEF_H
#define CZM_TESTS_GRAPH_DEF_H

#include "write/savedmodel/graph_def.h"

// GraphDef: node=1, library=2 {function=1}, versions=4 {producer=1}. `producer`: the version of TensorFlow's graphs.
static inline czm_bytes graph_def(czm_arena *arena, const czm_model *model, uint64_t producer) {
    czm_buffer out = czm_buffer_in(arena);
    for (size_t i = 0; i < model->main.nodes.count; i++)
        czm_put_node(&out, CZM_GRAPH_NODE, model->main.nodes.items[i], czm_put_graph_tensor);
    size_t part = czm_put_begin(&out, 2);
    for (size_t i = 0; i < model->functions.count; i++)
        czm_put_function(&out, model->functions.items[i]);
    czm_put_end(&out, part);
    part = czm_put_begin(&out, 4);
    czm_put_varint(&out, 1, producer);
    czm_put_end(&out, part);
    return czm_buffer_bytes(&out);
}

#endif
