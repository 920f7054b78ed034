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

// In ONNX, for formats that want that: translated, or the file as it is.
CZM_MUST_CHECK czm_status czm_content_onnx(czm_context *context, czm_target *target,
                                           const czm_check_subject *subject, czm_package *package);

// The network of a target that is ONNX already: its file, or that with operations before it.
CZM_MUST_CHECK czm_status czm_content_onnx_file(czm_context *context, const czm_target *target,
                                                czm_payload *payload);

CZM_MUST_CHECK czm_status czm_content_as_is(czm_context *context, czm_target *target,
                                            czm_package *package);

// The licence: a file, or that of the container that is converted. Without a name: none.
CZM_MUST_CHECK czm_status czm_content_license(czm_context *context, const czm_target *target,
                                              czm_payload *license);

#endif
