// SPDX-License-Identifier: Apache-2.0
//
// Networks of tools whose Python code does a part of the work: it scales each image before the network, and computes
// the result from the network's output. An export contains neither. The tools are recognised by the names of layers,
// which all exporters keep.
#ifndef CZM_ANALYSIS_FAMILY_H
#define CZM_ANALYSIS_FAMILY_H

#include "graph/graph.h"

typedef struct czm_family {
    const char *tool;          // "StarDist"
    const char *layers[2];     // both must exist
    bool may_have_prefix;      // a layer's name may also end with one of these names
    const char *normalisation; // what the tool does to an image, as a sentence
    const char *step;          // the preprocessing step that does it, with the names of its numbers
    const char *output;        // what the output contains; a clause
} czm_family;

// `names` are those of nodes, or of the operations and weights of an ONNX file. Returns NULL if no family is known.
const czm_family *czm_family_of(const char *const *names, size_t count);

#endif
