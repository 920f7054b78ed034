// SPDX-License-Identifier: Apache-2.0
//
// Proofs that the values of a tensor are probabilities, whatever the weights are. A proof walks back from a claim
// about a tensor to claims about the tensors that it is computed from, until an op makes the claim true (Softmax) or
// nothing is known of the op. What is proven is true, up to rounding.
#ifndef CZM_ANALYSIS_PROVER_H
#define CZM_ANALYSIS_PROVER_H

#include "shape/shape.h"

// With an axis: the values along it are 0 and more and sum to 1. Without: all values lie in
// [low, high].
typedef struct czm_claim {
    czm_tensor tensor;
    int axis; // counted from the end: 1 is the last; 0: none
    double low, high;
} czm_claim;

typedef struct czm_ruling {
    bool is_proven;
    czm_claim last; // that the proof came to: the one that it rests on, or that cannot be proven
} czm_ruling;

czm_ruling czm_prove(czm_arena *arena, const czm_shapes *shapes, czm_claim claim);

// The tensor behind ops that only hand it on, such as Identity.
czm_tensor czm_behind(czm_tensor tensor);

#endif
