// SPDX-License-Identifier: Apache-2.0
//
// A reader of the metadata inside a CZModel: the XML of model versions 3.0.0, 3.1.0 and 3.2.0, of any writer. The
// order of elements and attributes, line endings, byte order marks and the encoding do not matter; unknown elements
// are skipped. package/manifest.h describes the layout.
#ifndef CZM_READ_MANIFEST_H
#define CZM_READ_MANIFEST_H

#include "report/report.h"

// The contents of the XML, not checked yet. Texts are "" if an optional element is missing.
typedef struct czm_manifest {
    const char *version;
    const char *id;
    const char *model_name;
    const char *status;
    const char *feature_extractor;
    const char *postprocessing;
    const char *color_handling;
    const char *const
        *pixel_types;        // one per channel; each may name alternatives, separated by spaces
    size_t pixel_type_count; // at least 1
    czm_class *classes;      // with colours
    size_t class_count;      // at least 1
    int64_t border_size;
    const char *description;   // "" if there is none
    const char *const *others; // names of unknown elements that contain text
    size_t other_count;
    bool scales_inputs; // ScaleInputsByBitdepth (3.2.0): ZEN feeds values from 0 to 1
} czm_manifest;

// `where` is the name of the XML in messages.
CZM_MUST_CHECK czm_status czm_manifest_read(czm_context *context, const char *where, czm_bytes xml,
                                            czm_manifest *manifest);

// The metadata that a specification can state. If there are alternative pixel types, the first one is used.
czm_metadata czm_manifest_metadata(czm_arena *arena, const czm_manifest *manifest);

#endif
