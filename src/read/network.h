// SPDX-License-Identifier: Apache-2.0
//
// Reads a network of any kind of file: the only code that uses all front ends.
#ifndef CZM_READ_NETWORK_H
#define CZM_READ_NETWORK_H

#include "read/onnx/network.h"
#include "read/source.h"

// The user's choices that a file leaves open.
typedef struct czm_network_choice {
    const char *signature; // of a SavedModel, by key; NULL: the usual one
    const char *output;    // by name; NULL: the only one
    czm_onnx_layout layout;
    const char *config; // the architecture for a Keras file that contains weights alone; NULL
    int64_t height,
        width; // of an ONNX network whose input has an open size, in pixels; 0: it stays open
} czm_network_choice;

CZM_MUST_CHECK czm_status czm_network_read(czm_context *context, const czm_source *source,
                                           czm_network_choice choice, czm_model *model);

#endif
