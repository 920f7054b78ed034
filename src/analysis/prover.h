// SPDX-License-Identifier: Apache-2.0
//
// Proofs that the values of a tensor are probabilities for any weights. A proof replaces a claim about a tensor by
// claims about the inputs of its op, until an op makes the claim true (Softmax) or has no rule. Every proven claim is
// true, up to rounding.
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
    czm_claim
        last; // the last claim of the proof: the one that is true by its op, or that cannot be proven
} czm_ruling;

czm_ruling czm_prove(czm_arena *arena, const czm_shapes *shapes, czm_claim claim);

// The source of a tensor that ops such as Identity pass on unchanged.
czm_tensor czm_behind(czm_tensor tensor);

#endif
