// SPDX-License-Identifier: Apache-2.0
//
// Findings: errors, warnings and notes. Code that finds a fault names its rule; the rule book (rules.def) gives
// severity, status and reason. Nothing here prints.
#ifndef CZM_REPORT_REPORT_H
#define CZM_REPORT_REPORT_H

#include "base/arena.h"
#include "czm.h"

typedef enum czm_rule {
#define RULE(symbol, id, subject, severity, status, allowance, statement, why, hint, option) \
    CZM_RULE_##symbol,
#include "report/rules.def"
#undef RULE
    CZM_RULE_COUNT
} czm_rule;

// What a rule judges. A rule without findings has passed once its subject was judged.
typedef enum czm_subject {
    CZM_SUBJECT_CALL,      // options, files, the requested edits
    CZM_SUBJECT_CONTAINER, // a CZModel that was read
    CZM_SUBJECT_METADATA,
    CZM_SUBJECT_NETWORK,
    CZM_SUBJECT_SAVED_MODEL, // what only a SavedModel has
    CZM_SUBJECT_GRAPH,       // what is computed from the network's operations
    CZM_SUBJECT_ONNX,        // what only an ONNX file has
    CZM_SUBJECT_KERAS,       // what only a Keras file has
    CZM_SUBJECT_BOTH,        // metadata and network together
    CZM_SUBJECT_METADATA_AND_GRAPH,
    CZM_SUBJECT_COUNT
} czm_subject;

// What every stage of a conversion may use: memory, and a report for its findings.
typedef struct czm_context {
    czm_arena *arena;
    czm_report *report;
} czm_context;

// Adds a finding and returns the status of its rule (CZM_OK for warnings and notes), so a function can end with
// `return czm_report_add(...)`. After a failure of the system (czm_file_failure), that failure is reported instead of
// a fault of the input. `where` and `hint` are copied; NULL means the rule's own hint. Texts name an option by
// czm_report_option(), never by a flag.
CZM_PRINTF(5, 6)
czm_status czm_report_add(czm_report *report, czm_rule rule, const char *where, const char *hint,
                          const char *format, ...);

// The same with at most the severity `most`: some rules also have less serious findings.
CZM_PRINTF(6, 7)
czm_status czm_report_add_as(czm_report *report, czm_rule rule, czm_severity most,
                             const char *where, const char *hint, const char *format, ...);

// From now on, the findings of each rule are counted anew: in a call, so many of a rule and severity are listed, and
// one more finding states the number of the others.
enum { CZM_MOST_OF_RULE = 100 };
void czm_report_begin_call(czm_report *report);

// Whether the next finding of the rule will be listed, so that a hint that is expensive to compute is of use.
bool czm_report_lists(const czm_report *report, czm_rule rule);

// What czm_report_set_memory() set.
uint64_t czm_report_memory(const czm_report *report);

// Sets the user's policy for later findings: `is_strict` makes warnings errors; errors of allowed rules become
// warnings.
void czm_report_set_policy(czm_report *report, bool is_strict);
void czm_report_allow(czm_report *report, czm_rule id);

// Records that all rules of this subject were checked, or that one of them was not.
void czm_report_judged(czm_report *report, czm_subject subject);
void czm_report_not_checked(czm_report *report, czm_rule id);

// Whether there is a finding of this rule.
bool czm_report_has(const czm_report *report, czm_rule id);

// The rule of this id; CZM_RULE_COUNT if there is none.
czm_rule czm_rule_find(const char *id);

// The most serious status among the findings since a moment that czm_report_moment() gave; 0: among all.
size_t czm_report_moment(const czm_report *report);
czm_status czm_report_status(const czm_report *report, size_t since);

// Replaces the hint of finding `index`, for a hint that is expensive to compute.
void czm_report_set_hint(czm_report *report, size_t index, const char *hint);

// A copy of `text` that lives as long as the report and is safe for a terminal: control characters and invalid UTF-8
// become question marks. "" without memory, which is then noted.
const char *czm_report_keep(czm_report *report, const char *text);

// Makes an arena, with everything in it, live as long as the report. false: there was no memory, and the arena was
// freed.
bool czm_report_adopt(czm_report *report, czm_arena *arena);

// A report for findings that are discarded; freed with the arena.
czm_report *czm_report_in(czm_arena *arena);

// The same with the spellings of `report`, to which some findings are passed on.
czm_report *czm_report_beside(czm_arena *arena, const czm_report *report);

// Sets the place to which the report jumps without memory for a text (NULL: it notes that memory ran out), and
// returns the earlier one. So no text is missing within a call.
jmp_buf *czm_report_set_jump(czm_report *report, jmp_buf *out_of_memory);

// Notes that memory ran out; always succeeds.
czm_status czm_report_out_of_memory(czm_report *report);

#define CZM_TRY(expression)                        \
    do {                                           \
        czm_status czm_try_status = (expression);  \
        if (czm_try_status) return czm_try_status; \
    } while (0)

#endif
