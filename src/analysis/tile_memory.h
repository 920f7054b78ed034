// SPDX-License-Identifier: Apache-2.0
//
// The memory that a network needs to compute one tile: its weights, and the largest set of tensors that exist at the
// same time when the nodes run in the order of the graph. It is an estimate: docs/tile-memory.md states its
// assumptions, and compares it with the memory of TensorFlow 2.0.0.
#ifndef CZM_ANALYSIS_TILE_MEMORY_H
#define CZM_ANALYSIS_TILE_MEMORY_H

#include "shape/shape.h"

// Sizes in bytes; sums that are too large are UINT64_MAX.
typedef struct czm_tile_memory {
    bool is_known;
    const czm_node *unknown_at; // the first node whose output has an unknown size; NULL if known
    uint64_t weights;           // variables and constants
    uint64_t activations;       // the largest set of tensors that exist at once
    uint64_t workspace;         // the largest temporary memory of a single node
    uint64_t peak;              // weights, plus tensors and workspace at the moment that needs most
    const czm_node *peak_at;    // the node that runs at that moment
} czm_tile_memory;

// The main graph must be sorted; `shapes` are those of one tile: infer them for a batch of one.
czm_tile_memory czm_tile_memory_of(czm_arena *arena, const czm_model *model,
                                   const czm_shapes *shapes);

#endif
