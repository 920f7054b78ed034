// SPDX-License-Identifier: Apache-2.0
//
// The formats in which ZEN takes networks, and which ZEN takes which: the table that czmodel 6.2.0's
// documentation gives.
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
    const char *version; // as the file tells it
    czm_container_kind container;
    const char *extension; // ".czmodel"
    int opset;             // of a network in ONNX; 0: it is a SavedModel for TensorFlow 2.0.0
    czm_zen_info zen[2];   // ZEN blue, ZEN core
} czm_format;

extern const czm_format czm_formats[];
extern const size_t czm_format_count;

// By name; NULL: there is none.
const czm_format *czm_format_find(const char *name);

// The newest that a ZEN takes: "3.4", "ZEN 3.4" and "blue 3.4" are ZEN blue, "core 3.3" and "ZEN core 3.3" are
// ZEN core. NULL: it takes none, or this is no version.
const czm_format *czm_format_for_zen(const char *zen);

// That of a container that says this version; NULL: an unknown one.
const czm_format *czm_format_of(czm_container_kind container, const char *version);

#endif
