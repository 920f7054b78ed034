// SPDX-License-Identifier: Apache-2.0
//
// The frame of every public call; see call.h.
#include "api/call.h"

#include <setjmp.h>

static czm_status run(czm_report *report, czm_work *work, void *data, bool keeps) {
    jmp_buf out_of_memory;
    czm_arena *volatile arena = czm_arena_new(&out_of_memory);
    if (!arena) return czm_report_out_of_memory(report);
    volatile czm_status status;
    if (setjmp(out_of_memory) == 0) {
        czm_context context = {arena, report};
        status = work(&context, data);
    } else {
        status = czm_report_out_of_memory(report);
    }
    if (status == CZM_OK && keeps) {
        if (czm_report_adopt(report, arena)) return CZM_OK;
        status = czm_report_out_of_memory(report);
    }
    czm_arena_free(arena);
    return status;
}

czm_status czm_call(czm_report *report, czm_work *work, void *data) {
    return run(report, work, data, false);
}

czm_status czm_call_and_keep(czm_report *report, czm_work *work, void *data) {
    return run(report, work, data, true);
}

czm_status czm_check_size(czm_report *report, const char *what, size_t size, size_t expected) {
    if (size == expected) return CZM_OK;
    return czm_report_add(report, CZM_RULE_USAGE, what, "initialise it with its _INIT macro",
                          "the struct has an unknown size: %zu instead of %zu bytes", size,
                          expected);
}
