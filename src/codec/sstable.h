// SPDX-License-Identifier: Apache-2.0
//
// The sorted table of leveldb, the format of a TensorBundle's index file:
//
//     data blocks, one empty meta index block, one index block, footer (last 48 bytes)
//     footer   meta index handle, index handle (each varint offset, varint size), zeros up to
//              byte 40, magic number 57 fb 80 8b 24 75 47 db
//     block    content, 1 byte compression (0 none, 1 snappy), masked CRC-32C of both (4 bytes)
//     content  entries, then restart offsets (4 bytes each), then their number (4 bytes)
//     entry    varint shared, varint own, varint value size, own key bytes, value
//              (a key begins with the first `shared` bytes of the key before it)
//     index    one entry a data block: key not below its last key, value = its handle
//
// Source: leveldb's doc/table_format.md and tensorflow/core/lib/io/table*. TensorFlow reads compressed blocks, and its
// public releases never write them into a checkpoint; others do (the SavedModels of TensorFlow Serving's tests).
#ifndef CZM_CODEC_SSTABLE_H
#define CZM_CODEC_SSTABLE_H

#include "codec/wire.h"

typedef struct czm_record {
    czm_bytes key, value;
} czm_record;

typedef struct czm_sstable {
    const czm_record *records; // in key order
    size_t count;
    const char *fault; // NULL if the table is valid, else what is wrong with it
    uint64_t fault_at; // the byte offset of the damaged block
} czm_sstable;

// Reads the whole table; values are views into `file` or into an expanded block, keys belong to the arena. All checksums
// are verified and keys must ascend.
czm_sstable czm_sstable_read(czm_arena *arena, czm_bytes file);

// Writes a table of the records, which must be sorted by key.
czm_bytes czm_sstable_write(czm_arena *arena, const czm_record *records, size_t count);

#endif
