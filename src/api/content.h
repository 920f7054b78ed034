// SPDX-License-Identifier: Apache-2.0
//
// The contents of a container: the rewritten network, the ONNX network, or the unchanged files of the SavedModel.
#ifndef CZM_API_CONTENT_H
#define CZM_API_CONTENT_H

#include "api/target.h"
#include "package/czmodel.h"

CZM_MUST_CHECK czm_status czm_content_rewritten(czm_context *context, czm_target *target,
                                                const czm_check_subject *subject,
                                                czm_package *package);

// The network in ONNX, for formats that require it: the translation, or the unchanged file.
CZM_MUST_CHECK czm_status czm_content_onnx(czm_context *context, czm_target *target,
                                           const czm_check_subject *subject, czm_package *package);

// The network of a target that already is ONNX: its file, possibly with operations added before it.
CZM_MUST_CHECK czm_status czm_content_onnx_file(czm_context *context, const czm_target *target,
                                                czm_payload *payload);

CZM_MUST_CHECK czm_status czm_content_as_is(czm_context *context, czm_target *target,
                                            czm_package *package);

// The licence: a file, or the licence of the container that is converted. If the name is NULL, there is none.
CZM_MUST_CHECK czm_status czm_content_license(czm_context *context, const czm_target *target,
                                              czm_payload *license);

#endif
