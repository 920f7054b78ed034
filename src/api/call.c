// SPDX-License-Identifier: Apache-2.0
//
// The frame of every public call; see call.h.
#include "api/call.h"

#include <setjmp.h>

#include "base/os.h"

static czm_status out_of_budget(czm_report *report, const czm_arena *arena) {
    static const char *const what[] = {"MB of memory", "million steps", "MB on the disk"};
    const czm_budget *b = czm_arena_budget(arena);
    return czm_report_add(report, CZM_RULE_TOO_LARGE, "", NULL,
                          "%s need more than %llu %s; the input has %llu bytes", b->structure,
                          (unsigned long long)(b->allowed[b->exceeded] / 1000000),
                          what[b->exceeded], (unsigned long long)b->input[b->exceeded]);
}

static czm_status run(czm_report *report, czm_task *task, void *data, bool keeps) {
    jmp_buf jump;
    czm_arena *volatile arena = czm_arena_new(&jump);
    if (!arena) return czm_report_out_of_memory(report);
    czm_arena_limit(arena);
    czm_budget_allow(arena, czm_report_memory(report));
    czm_file_forget_failure();
    czm_report_begin_call(report);
    jmp_buf *outer = czm_report_set_jump(report, &jump);
    volatile czm_status status;
    switch (setjmp(jump)) {
    case 0: status = task(&(czm_context){arena, report}, data); break;
    case CZM_JUMP_BUDGET: status = out_of_budget(report, arena); break;
    default: status = czm_report_out_of_memory(report);
    }
    czm_report_set_jump(report, outer);
    if (status == CZM_OK && keeps)
        return czm_report_adopt(report, arena) ? CZM_OK : czm_report_out_of_memory(report);
    czm_arena_free(arena);
    return status;
}

czm_status czm_call(czm_report *report, czm_task *task, void *data) {
    return run(report, task, data, false);
}

czm_status czm_call_and_keep(czm_report *report, czm_task *task, void *data) {
    return run(report, task, data, true);
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
