// SPDX-License-Identifier: Apache-2.0
//
// What the two halves of czm_diff() share: diff.c compares metadata and SavedModels, diff_onnx.c
// networks of which at least one is ONNX.
#ifndef CZM_API_DIFF_H
#define CZM_API_DIFF_H

#include "api/target.h"

typedef struct czm_diffing {
    czm_context *context;
    czm_target targets[2];
    CZM_LIST(czm_difference) found;
} czm_diffing;

// Notes a difference, up to a maximum number.
void czm_differ(czm_diffing *d, const char *section, const char *where, const char *a,
                const char *b);

// Compares the operations and, up to the first different operation, the weights that they read.
CZM_MUST_CHECK czm_status czm_diff_onnx(czm_diffing *d);

#endif
