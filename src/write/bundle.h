// SPDX-License-Identifier: Apache-2.0
//
// The variables become a fresh TensorBundle of one data file, which holds only what inference
// needs. Keys are the names of the variables' nodes; the tensors lie in the order of their keys. The
// layout is known before the bytes are: the index has its final size from the start and gets
// the checksums when the data has been written.
#ifndef CZM_WRITE_BUNDLE_H
#define CZM_WRITE_BUNDLE_H

#include "graph/graph.h"

typedef struct czm_bundle_plan {
    const czm_variable **variables; // sorted by key
    size_t count;
    uint32_t *crc32c; // of each, filled while the data is written
    uint64_t data_size;
} czm_bundle_plan;

czm_bundle_plan czm_bundle_plan_make(czm_arena *arena, const czm_model *model);

// variables.index; its size does not depend on the checksums.
czm_bytes czm_bundle_index(czm_arena *arena, const czm_bundle_plan *plan);

// Streams the data file and fills plan->crc32c.
CZM_MUST_CHECK czm_status czm_bundle_data(czm_context *context, const czm_bundle_plan *plan,
                                          czm_sink sink);

#endif
