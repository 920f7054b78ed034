// SPDX-License-Identifier: Apache-2.0
//
// The result of a check as a page in Markdown, for issues and lab books.
#include <string.h>

#include "api/call.h"
#include "base/printable.h"
#include "codec/wire.h"

typedef struct page {
    const char *target;
    const czm_verdict *verdict;
    const czm_report *findings;
    const char *text;
} page;

static void put(czm_buffer *to, const char *text) { czm_put_raw(to, czm_bytes_text(text)); }

// Escapes Markdown: names must become neither images nor links (GitHub also makes links of bare addresses).
static void put_plain(czm_buffer *to, const char *text) {
    const char *plain = czm_make_printable(czm_arena_string(to->arena, czm_bytes_text(text)));
    for (const char *at = plain; *at; at++) {
        bool is_address = *at == '.' && at - plain >= 3 && strncmp(at - 3, "www", 3) == 0;
        bool is_scheme = *at == ':' && at[1] == '/';
        if (strchr("|\\<>*_`[]!#&~@", *at) || is_address || is_scheme) put(to, "\\");
        czm_put_raw(to, czm_bytes_of(at, 1));
    }
}

static void put_findings(czm_buffer *to, const czm_report *report) {
    static const char *const severities[] = {
        [CZM_NOTE] = "note", [CZM_WARNING] = "warning", [CZM_ERROR] = "error"};
    put(to, "\n| | rule | where | finding | hint |\n|---|---|---|---|---|\n");
    for (size_t i = 0; i < czm_report_count(report); i++) {
        const czm_finding *f = czm_report_at(report, i);
        const char *const cells[] = {severities[f->severity], f->rule, f->where, f->finding,
                                     f->hint};
        for (size_t k = 0; k < CZM_COUNT_OF(cells); k++) {
            put(to, "| ");
            put_plain(to, cells[k]);
            put(to, " ");
        }
        put(to, "|\n");
    }
}

static void put_passed(czm_buffer *to, const czm_report *report) {
    put(to, "\nPassed:");
    for (size_t i = 0; i < czm_rule_count(); i++) {
        if (czm_report_outcome(report, i) != CZM_PASSED) continue;
        put(to, " ");
        put(to, czm_rule_at(i)->id);
    }
    put(to, "\n");
}

static czm_status compose(czm_context *context, void *data) {
    page *p = data;
    czm_buffer to = czm_buffer_in(context->arena);
    put(&to, "# ");
    put_plain(&to, p->target);
    put(&to, czm_arena_format(context->arena, "\n\nChecked by czmodel %s: %s.\n", czm_version(),
                              p->verdict->status ? "not fit for ZEN" : "fit for ZEN"));
    if (czm_report_count(p->findings)) put_findings(&to, p->findings);
    put_passed(&to, p->findings);
    p->text = czm_arena_string(context->arena, czm_buffer_bytes(&to));
    return CZM_OK;
}

const char *czm_check_markdown(const char *target, const czm_verdict *verdict, czm_report *report) {
    page p = {target, verdict, report, NULL};
    return czm_call_and_keep(report, compose, &p) == CZM_OK ? p.text : NULL;
}
