// SPDX-License-Identifier: Apache-2.0
//
// The formats that ZEN accepts, and the versions of ZEN that accept each: the table in the documentation of czmodel
// 6.2.0.
#ifndef CZM_SPEC_FORMAT_H
#define CZM_SPEC_FORMAT_H

#include "report/report.h"

enum { CZM_OLD_OPSET = 12 }; // of all formats with ONNX but the newest

typedef enum czm_container_kind {
    CZM_CONTAINER_XML,  // .czmodel, .czseg: metadata as XML
    CZM_CONTAINER_JSON, // .czann: metadata as JSON, in model.json
} czm_container_kind;

typedef struct czm_format {
    const char *name;    // as an option: "3.1.0", "czann-2.1.0"
    const char *version; // as in the file
    czm_container_kind container;
    const char *extension; // ".czmodel"
    int opset;             // of a network in ONNX; 0: it is a SavedModel for TensorFlow 2.0.0
    czm_zen_info zen[2];   // ZEN blue, ZEN core
} czm_format;

extern const czm_format czm_formats[];
extern const size_t czm_format_count;

// The format of this name; NULL: there is none.
const czm_format *czm_format_find(const char *name);

// The newest format that a version of ZEN accepts: "3.4", "ZEN 3.4" and "blue 3.4" are ZEN blue, "core 3.3" and "ZEN
// core 3.3" are ZEN core. NULL: it accepts none, or this is not a version.
const czm_format *czm_format_for_zen(const char *zen);

// The format of a container with this version; NULL: not supported.
const czm_format *czm_format_of(czm_container_kind container, const char *version);

#endif
