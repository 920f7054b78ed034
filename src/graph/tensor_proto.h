// SPDX-License-Identifier: Apache-2.0
//
// The numbers in a TensorProto, which contains them as bytes or as a list.
#ifndef CZM_GRAPH_TENSOR_PROTO_H
#define CZM_GRAPH_TENSOR_PROTO_H

#include "graph/graph.h"

// All `count` elements, little endian; a list that is too short repeats its last element. A view of `tensor`
// or memory of the arena. Empty: the tensor is damaged.
czm_bytes czm_tensor_content(czm_arena *arena, czm_bytes tensor, czm_dtype dtype, size_t count);

#endif
