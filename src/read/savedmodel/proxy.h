// SPDX-License-Identifier: Apache-2.0
//
// The outputs of a call represent the returned tensors of an instance of its function, and an argument of the instance
// represents an input of the call. When all names are resolved, one sweep replaces these proxies by the tensors that
// they represent.
#ifndef CZM_PROXY_H
#define CZM_PROXY_H

#include "graph/graph.h"

// In node->scratch until the sweep.
typedef struct czm_proxy {
    const czm_tensor_list *targets;
    bool is_argument;
    size_t index; // of the argument; an output of a call represents the target of its own number
} czm_proxy;

// Replaces the proxies among the inputs of nodes and the outputs of the graph. A path of more than `most_steps` proxies
// is a circle. `where` is the name of the file in messages.
CZM_MUST_CHECK czm_status czm_proxies_follow(czm_context *context, const char *where,
                                             czm_graph *graph, size_t most_steps);

#endif
