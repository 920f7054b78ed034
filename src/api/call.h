// SPDX-License-Identifier: Apache-2.0
//
// The frame of every public call: an arena for what it makes, and one place where running out of
// memory arrives.
#ifndef CZM_API_CALL_H
#define CZM_API_CALL_H

#include "report/report.h"

typedef czm_status czm_work(czm_context *context, void *data);

// Runs `work` and frees all memory and files that it made.
czm_status czm_call(czm_report *report, czm_work *work, void *data);

// The same, but on CZM_OK all that it made lives as long as the report.
czm_status czm_call_and_keep(czm_report *report, czm_work *work, void *data);

// Every public struct bears its size: that of another release of this library is not understood.
CZM_MUST_CHECK czm_status czm_check_size(czm_report *report, const char *what, size_t size,
                                         size_t expected);

#endif
