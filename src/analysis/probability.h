// SPDX-License-Identifier: Apache-2.0
//
// Whether the network's output is what ZEN requires: class probabilities from 0 to 1 for each pixel, along the last
// axis; those of a single-class segmentation sum to 1. The proof uses only the graph: it holds for any weights and
// any image.
#ifndef CZM_ANALYSIS_PROBABILITY_H
#define CZM_ANALYSIS_PROBABILITY_H

#include "shape/shape.h"

typedef enum czm_proof { CZM_PROVEN, CZM_REFUTED, CZM_UNDECIDED } czm_proof;

typedef struct czm_probability {
    czm_proof proof;
    const czm_node *node; // the node that decided: the softmax, or the op that ends the proof
    const char
        *finding; // one clause for a message; NULL: nothing is wrong. Of proven probabilities
                  // it states that the last softmax or sigmoid was applied to probabilities
    const char
        *remedies[2]; // the postprocessing steps that correct the output, in order; NULL: no more
} czm_probability;

// The graph must be sorted, and `shapes` inferred from it.
czm_probability czm_probability_of(czm_arena *arena, const czm_model *model,
                                   const czm_shapes *shapes, bool sums_to_one);

#endif
