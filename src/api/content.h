// SPDX-License-Identifier: Apache-2.0
//
// What goes into a container: the rewritten network, the network in ONNX, or the SavedModel's files
// as they are.
#ifndef CZM_API_CONTENT_H
#define CZM_API_CONTENT_H

#include "api/target.h"
#include "package/czmodel.h"

CZM_MUST_CHECK czm_status czm_content_rewritten(czm_context *context, czm_target *target,
                                                const czm_check_subject *subject,
                                                czm_package *package);

// Translated to ONNX, for formats that want that.
CZM_MUST_CHECK czm_status czm_content_onnx(czm_context *context, czm_target *target,
                                           const czm_check_subject *subject, czm_package *package);

CZM_MUST_CHECK czm_status czm_content_as_is(czm_context *context, czm_target *target,
                                            czm_package *package);

#endif
