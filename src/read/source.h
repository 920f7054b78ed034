// SPDX-License-Identifier: Apache-2.0
//
// The source of a network's files: a folder, or a ZIP archive that contains one (at its root or in a folder). This
// module detects the kind of network, and what a path is if it is no network; it does not read the contents of the
// files.
#ifndef CZM_READ_SOURCE_H
#define CZM_READ_SOURCE_H

#include "codec/unzip.h"
#include "report/report.h"

// Files whose size allows more reading and writing of weights, each once; lives in the arena.
typedef struct czm_counted czm_counted;
czm_counted *czm_counted_in(czm_arena *arena);

typedef enum czm_source_kind {
    CZM_SOURCE_SAVED_MODEL,
    CZM_SOURCE_ONNX,
    CZM_SOURCE_KERAS, // an archive of Keras, or an HDF5 file
} czm_source_kind;

typedef struct czm_source {
    const char
        *path; // of the folder or archive, as the user wrote it, without a folder in an archive
    czm_source_kind kind;
    const char *file; // that contains the graph, in the folder or archive
    bool is_archive;
    czm_unzip archive;
    const char *prefix;         // inside the archive: "" or "folder/"
    struct czm_onnx_file *onnx; // if it was read already; NULL
    czm_counted *counted;       // NULL: no file is counted
} czm_source;

// Opens `path`, a folder, an archive, "archive.zip/folder", an ONNX or a Keras file; if there is no network, reports
// what it is instead.
CZM_MUST_CHECK czm_status czm_source_open(czm_context *context, const char *path,
                                          czm_source *source);

// The same for an archive that is a part of a file; `where` is its name in messages.
CZM_MUST_CHECK czm_status czm_source_open_extent(czm_context *context, const char *where,
                                                 czm_extent extent, czm_source *source);

// Whether the file exists.
bool czm_source_has(czm_context *context, const czm_source *source, const char *name);

// The size of a file, which must exist; it is counted as if it were opened.
uint64_t czm_source_size(czm_context *context, const czm_source *source, const char *name);

// Makes a file readable at any offset.
CZM_MUST_CHECK czm_status czm_source_extent(czm_context *context, const czm_source *source,
                                            const char *name, czm_extent *extent);

// Reads a whole file into memory.
CZM_MUST_CHECK czm_status czm_source_load(czm_context *context, const czm_source *source,
                                          const char *name, czm_bytes *bytes);

// Reports a Git LFS pointer in the place of a file, and nothing about other files.
CZM_MUST_CHECK czm_status czm_source_check_pointer(czm_context *context, const czm_source *source,
                                                   const char *name, czm_extent extent);

// All files, saved_model.pb first, then in the order of czm_folder_list().
CZM_MUST_CHECK czm_status czm_source_list(czm_context *context, const czm_source *source,
                                          czm_path_list *files);

// The name in messages of a file: "model/saved_model.pb", "model.zip/saved_model.pb".
const char *czm_source_where(czm_context *context, const czm_source *source, const char *name);

#endif
