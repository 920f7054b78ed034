// SPDX-License-Identifier: Apache-2.0
//
// Writes the variables as a TensorBundle with one data file, which contains only the tensors that inference needs,
// and their objects (objects.h) as a string. The tensors are in the order of their keys. The layout is computed
// first: the index has its final size from the start, and gets the checksums after the data are written.
#ifndef CZM_WRITE_BUNDLE_H
#define CZM_WRITE_BUNDLE_H

#include "write/savedmodel/objects.h"

typedef struct czm_bundle_tensor {
    const char *key;
    czm_dtype dtype;
    const int64_t *dims;
    size_t rank;
    const czm_tensor_source *source;
    uint32_t crc32c; // filled while the data is written
} czm_bundle_tensor;

typedef struct czm_bundle_plan {
    czm_bundle_tensor *tensors; // sorted by key
    size_t count;
    uint64_t data_size;
} czm_bundle_plan;

czm_bundle_plan czm_bundle_plan_make(czm_arena *arena, const czm_model *model,
                                     const czm_object_tree *tree);

// variables.index; its size does not depend on the checksums.
czm_bytes czm_bundle_index(czm_arena *arena, const czm_bundle_plan *plan);

// Streams the data file and fills in the checksums.
CZM_MUST_CHECK czm_status czm_bundle_data(czm_context *context, const czm_bundle_plan *plan,
                                          czm_sink sink);

#endif
