// SPDX-License-Identifier: Apache-2.0
//
// Where faults and remarks go. Code that finds a fault names its rule; severity, status and the
// sentence of why come from the rule book (rules.def). Nothing here prints.
#ifndef CZM_REPORT_REPORT_H
#define CZM_REPORT_REPORT_H

#include "base/arena.h"
#include "czm.h"

typedef enum czm_rule {
#define RULE(symbol, id, severity, status, why) CZM_RULE_##symbol,
#include "report/rules.def"
#undef RULE
    CZM_RULE_COUNT
} czm_rule;

// What every stage of a conversion may use: memory, and somewhere to say what is wrong.
typedef struct czm_context {
    czm_arena *arena;
    czm_report *report;
} czm_context;

// Adds a finding and returns the status of its rule (CZM_OK for warnings and notes), so that
// `return czm_report_add(...)` is how a function gives up. `where` and `hint` are copied and may
// be NULL.
CZM_PRINTF(5, 6)
czm_status czm_report_add(czm_report *report, czm_rule rule, const char *where, const char *hint,
                          const char *format, ...);

// Makes errors that are found from now on warnings, so that --as-is can report them; returns the
// former setting.
bool czm_report_relax(czm_report *report, czm_rule rule);

// The gravest status among the findings since finding number `first`.
czm_status czm_report_status(const czm_report *report, size_t first);

// Replaces the hint of finding `index`, for a hint that takes work to find.
void czm_report_set_hint(czm_report *report, size_t index, const char *hint);

// A copy of `text` that lives as long as the report; "" when there is no memory.
const char *czm_report_keep(czm_report *report, const char *text);

// Notes that memory ran out; always succeeds.
czm_status czm_report_out_of_memory(czm_report *report);

#define CZM_TRY(expression)                        \
    do {                                           \
        czm_status czm_try_status = (expression);  \
        if (czm_try_status) return czm_try_status; \
    } while (0)

#endif
