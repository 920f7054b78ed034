// SPDX-License-Identifier: Apache-2.0
//
// The containers: archives of the metadata, the network, the licence and the id. A SavedModel is an archive again;
// all members are stored, so the inner archive is streamed to its place in the outer one, and each weight byte passes
// through memory once.
//
//     .czmodel, .czseg:
//     <uuid>.xml          metadata
//     <uuid>.model        ZIP of saved_model.pb, variables/variables.index, variables/variables.data-*;
//                         since 3.1.0 a network in ONNX
//     <licence file>      if there is one
//     modelid=<uuid>      empty
//
//     .czann:
//     model.json          metadata
//     model.model         a network in ONNX
//     <licence file>      if there is one
#ifndef CZM_PACKAGE_CZMODEL_H
#define CZM_PACKAGE_CZMODEL_H

#include "base/os.h"
#include "codec/sha256.h"
#include "codec/unzip.h"
#include "graph/graph.h"
#include "package/czann.h"
#include "spec/format.h"
#include "spec/spec.h"

// A member and the source of its bytes. `stream` must deliver exactly `size` bytes.
typedef struct czm_payload czm_payload;
struct czm_payload {
    const char *name;
    uint64_t size;
    bool is_late; // streamed after the others: its bytes depend on theirs
    czm_status (*stream)(const czm_payload *self, czm_context *context, czm_sink sink);
    const void *data; // what `stream` needs
    // Adds the data that identify the bytes to `sha`, after they were streamed. NULL: their size and CRC-32.
    void (*identify)(const czm_payload *self, czm_arena *arena, czm_sha256 *sha);
};

// A part of a file.
czm_payload czm_payload_extent(czm_arena *arena, const char *name, czm_extent extent);

// Bytes in memory.
czm_payload czm_payload_bytes(czm_arena *arena, const char *name, czm_bytes bytes);

typedef struct czm_package {
    const char *path; // of the container
    const czm_format *format;
    const char *model_id; // NULL: derived from the content, see docs/formats/model_id.md
    const czm_spec *spec;
    czm_czann_shapes shapes;     // for a .czann
    czm_payload license;         // without a name: none
    const czm_payload *payloads; // of the inner archive, in order; one, if the network is ONNX
    size_t payload_count;
    czm_progress progress; // may be NULL
    void *user;
} czm_package;

// Writes the file beside its final place and renames it there when it is complete. *size gets its
// size, `model_id` the id of the model.
CZM_MUST_CHECK czm_status czm_package_write(czm_context *context, const czm_package *package,
                                            uint64_t *size, char model_id[37]);

#endif
