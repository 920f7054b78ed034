// SPDX-License-Identifier: Apache-2.0
//
// The frame of every public call: an arena for its results, and the one place to which it jumps when memory or the
// budget is exhausted.
#ifndef CZM_API_CALL_H
#define CZM_API_CALL_H

#include "report/report.h"

typedef czm_status czm_task(czm_context *context, void *data);

// Runs `task` and frees all memory and files that it made.
czm_status czm_call(czm_report *report, czm_task *task, void *data);

// The same, but on CZM_OK all that it made lives as long as the report.
czm_status czm_call_and_keep(czm_report *report, czm_task *task, void *data);

// The public structs begin with their size and grow only at their end, so that a caller may have been
// compiled for an earlier release. `first` is the size in release 0.1.0.
#define CZM_SIZE_TO(type, member) (offsetof(type, member) + sizeof(((type *)0)->member))

enum {
    CZM_FIRST_METADATA = CZM_SIZE_TO(czm_metadata, model_id),
    CZM_FIRST_OPTIONS = CZM_SIZE_TO(czm_options, user),
    CZM_FIRST_RESULT = CZM_SIZE_TO(czm_result, class_count),
    CZM_FIRST_INSPECTION =
        CZM_SIZE_TO(czm_inspection, layer_count) - sizeof(czm_metadata) + CZM_FIRST_METADATA,
    CZM_FIRST_VERDICT = CZM_SIZE_TO(czm_verdict, zen_count),
    CZM_FIRST_DIFFERENCES = CZM_SIZE_TO(czm_differences, count),
};

// Checks that the struct `given`, called `what` in messages, has a size from `first` to `size`.
CZM_MUST_CHECK czm_status czm_check_size(czm_report *report, const char *what, const void *given,
                                         size_t first, size_t size);

// Copies the members that the caller's struct has, but for its size: into ours, and back.
void czm_struct_take(void *own, const void *given);
void czm_struct_give(void *given, const void *own);

#endif
