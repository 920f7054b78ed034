// SPDX-License-Identifier: Apache-2.0
//
// A reader of containers (.czmodel, .czseg and .czann) of any writer: archives of metadata, network and licence.
// package/czmodel.h describes the layouts. Names, sizes and checksums are verified before they are used.
#ifndef CZM_READ_CONTAINER_H
#define CZM_READ_CONTAINER_H

#include "read/manifest.h"
#include "read/source.h"
#include "spec/format.h"

typedef struct czm_container {
    const char *path;
    czm_container_kind kind;
    const char *version;
    const char *id; // from the name of the member modelid=<id>, or from model.json
    czm_unzip archive;
    czm_manifest manifest; // of CZM_CONTAINER_XML
    czm_metadata metadata; // of CZM_CONTAINER_JSON
    czm_bytes text;        // of the metadata, as stored
    czm_extent payload;
    bool is_onnx; // `payload` is a network in ONNX, not the archive of a SavedModel
    czm_source network;
    const char *license_name; // NULL: none
    czm_extent license;
} czm_container;

// Whether the file is a container, valid or damaged, and not the archive of a SavedModel.
bool czm_is_container(czm_context *context, const char *path);

CZM_MUST_CHECK czm_status czm_container_open(czm_context *context, const char *path,
                                             czm_container *container);

// Reads every member, those of the network's archive too, and compares the CRC-32s.
CZM_MUST_CHECK czm_status czm_container_verify(czm_context *context,
                                               const czm_container *container);

#endif
