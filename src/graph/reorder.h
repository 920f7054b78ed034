// SPDX-License-Identifier: Apache-2.0
//
// The elements of a tensor in another order of its axes, in memory or streamed. The front ends store kernels as
// TensorFlow does, and the ONNX back end as ONNX does; a weight that passes through both is not moved at all.
#ifndef CZM_GRAPH_REORDER_H
#define CZM_GRAPH_REORDER_H

#include "graph/graph.h"

enum { CZM_REORDER_MOST_AXES = 8 };

typedef struct czm_reorder {
    size_t element; // its bytes
    int rank;
    int64_t dims[CZM_REORDER_MOST_AXES]; // as stored
    int order[CZM_REORDER_MOST_AXES];    // axis k of the result is the stored axis order[k]
} czm_reorder;

// `to` has room for as many bytes as `from` contains.
void czm_reorder_copy(const czm_reorder *reorder, const uint8_t *from, uint8_t *to);

// A source of the elements of `source` in the order of the result: `source` itself if no element moves. A source of
// this kind is not wrapped again: both orders become one. While it streams, it needs memory for the whole tensor and
// for 2 MiB.
const czm_tensor_source *czm_reorder_source(czm_arena *arena, const czm_tensor_source *source,
                                            const czm_reorder *reorder);

// The source whose bytes a source of this kind reorders; otherwise the source itself.
const czm_tensor_source *czm_reorder_origin(const czm_tensor_source *source);

#endif
