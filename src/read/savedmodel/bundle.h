// SPDX-License-Identifier: Apache-2.0
//
// TensorFlow's checkpoint format, the TensorBundle:
//
//     variables.index                 a sorted table (codec/sstable.h): "" -> BundleHeaderProto
//                                     {num_shards=1, endianness=2}, key -> BundleEntryProto
//     variables.data-00000-of-00001   the tensors' bytes, little endian, row-major, no padding
//
//     BundleEntryProto {dtype=1, shape=2, shard_id=3, offset=4, size=5, crc32c=6 (masked), slices=7}
//
// A partitioned variable has an entry without bytes that lists its slices; each slice has an entry of its own under a
// key in OrderedCode. Weights are streamed in blocks; they are neither mapped nor kept in memory. Source:
// tensorflow/core/util/tensor_bundle, core/util/tensor_slice_util, core/lib/strings/ordered_code.cc.
#ifndef CZM_READ_SAVEDMODEL_BUNDLE_H
#define CZM_READ_SAVEDMODEL_BUNDLE_H

#include "graph/graph.h"
#include "read/source.h"

typedef struct czm_bundle czm_bundle;

// The source of a variable: a tensor of the checkpoint, or a part of it in the notation of RestoreV2, "3 3 8
// 0,3:0,3:4,4" (the full shape, then start,length or - per dimension); "": all of it.
typedef struct czm_checkpoint_key {
    czm_bytes name, slice;
} czm_checkpoint_key;

// Opens <folder of the SavedModel>/variables/variables.*.
CZM_MUST_CHECK czm_status czm_bundle_open(czm_context *context, const czm_source *source,
                                          czm_bundle **bundle);

// Finds the tensor and sets dtype, dims, rank and source of `variable`.
CZM_MUST_CHECK czm_status czm_bundle_find(czm_context *context, czm_bundle *bundle,
                                          czm_checkpoint_key key, czm_variable *variable);

// The bytes of a scalar string tensor; empty if there is none.
CZM_MUST_CHECK czm_status czm_bundle_string(czm_context *context, czm_bundle *bundle,
                                            const char *key, czm_bytes *string);

#endif
