// SPDX-License-Identifier: Apache-2.0
//
// The target of a call, of any kind: a specification and its network, a network alone, or a container.
#ifndef CZM_API_TARGET_H
#define CZM_API_TARGET_H

#include "check/check.h"
#include "edit/edit.h"
#include "read/container.h"
#include "read/onnx/file.h"
#include "read/source.h"
#include "report/report.h"
#include "spec/format.h"
#include "spec/spec.h"

typedef struct czm_target {
    const czm_options *options;
    czm_kind kind;
    bool is_converted;        // a container will be written
    bool is_translated;       // the network will be translated to ONNX, unless it is ONNX
    bool has_spec;            // there are metadata, valid or not
    bool has_source;          // the network is read as a graph from `source`
    bool has_onnx;            // the network is ONNX and stays unchanged: `onnx`
    const czm_format *format; // the requested format, or that of the container
    czm_spec spec;            // the metadata; also those of a container
    czm_container container;  // of CZM_KIND_CZMODEL
    czm_edit_input input;     // the factor and the cast before the network
    czm_source source;
    czm_onnx_file onnx;
    czm_model model; // after czm_target_read_model()
} czm_target;

// Detects the kind of options->source_path and reads everything except the network. All errors are in the report; the
// status is that of errors after which the call cannot continue.
CZM_MUST_CHECK czm_status czm_target_open(czm_context *context, const czm_options *options,
                                          czm_target *target);

// The same for a call that writes a container, which requires metadata.
CZM_MUST_CHECK czm_status czm_target_open_for_conversion(czm_context *context,
                                                         const czm_options *options,
                                                         czm_target *target);

static inline bool czm_target_has_network(const czm_target *target) {
    return target->has_source || target->has_onnx;
}

// Reads the network, applies the options' edits, and rewrites it for the target, unless it comes from a container or
// is packed unchanged.
CZM_MUST_CHECK czm_status czm_target_read_model(czm_context *context, czm_target *target);

// Applies options->border to the metadata, and runs every check.
const czm_check_subject *czm_target_judge(czm_context *context, czm_target *target);

// Reads the weights and compares them with the checkpoint's checksums.
CZM_MUST_CHECK czm_status czm_target_verify_weights(czm_context *context, const czm_target *target);

// Replaces *options, which may be those of an earlier release, by a complete copy. Reports faults of the
// options that are the same for every call, and sets the report's policy.
CZM_MUST_CHECK czm_status czm_options_take(czm_context *context, const czm_options **options);

#endif
