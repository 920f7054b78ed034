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

static size_t size_of(const void *given) { return *(const size_t *)given; }

czm_status czm_check_size(czm_report *report, const char *what, const void *given, size_t first,
                          size_t size) {
    if (size_of(given) >= first && size_of(given) <= size) return CZM_OK;
    return czm_report_add(report, CZM_RULE_USAGE, what, "initialise it with its _INIT macro",
                          "the struct has %zu bytes; this release supports %zu to %zu bytes",
                          size_of(given), first, size);
}

void czm_struct_take(void *own, const void *given) {
    memcpy((size_t *)own + 1, (const size_t *)given + 1, size_of(given) - sizeof(size_t));
}

void czm_struct_give(void *given, const void *own) {
    memcpy((size_t *)given + 1, (const size_t *)own + 1, size_of(given) - sizeof(size_t));
}

void czm_options_init(czm_options *options, size_t struct_size) {
    memset(options, 0, struct_size);
    options->struct_size = struct_size;
}
