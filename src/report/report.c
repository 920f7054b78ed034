// SPDX-License-Identifier: Apache-2.0
//
// The report: a list of findings in an arena of its own, since it outlives the conversion. A slot
// inside the report itself lets it say that memory ran out when there is none left to say it with.
#include "report/report.h"

#include "base/list.h"
#include "base/utf8.h"

typedef struct rule {
    const char *id;
    czm_severity severity;
    czm_status status;
    const char *why;
} rule;

static const rule rules[CZM_RULE_COUNT] = {
#define RULE(symbol, id, severity, status, why) [CZM_RULE_##symbol] = {id, severity, status, why},
#include "report/rules.def"
#undef RULE
};

typedef struct entry {
    czm_finding finding;
    czm_status status;
} entry;

struct czm_report {
    czm_arena *arena;
    CZM_LIST(entry) entries;
    bool relaxed[CZM_RULE_COUNT];
    bool out_of_memory;
};

static const czm_finding memory_finding = {
    .severity = CZM_ERROR,
    .rule = "memory",
    .where = "",
    .finding = "there is not enough memory",
    .why = "a conversion needs a few times the size of saved_model.pb",
    .hint = "close other programs, or convert on a machine with more memory",
};

czm_report *czm_report_new(void) {
    czm_arena *arena = czm_arena_new(NULL);
    if (!arena) return NULL;
    czm_report *report = CZM_NEW(arena, czm_report);
    if (!report)
        czm_arena_free(arena);
    else
        report->arena = arena;
    return report;
}

void czm_report_free(czm_report *report) {
    if (report) czm_arena_free(report->arena);
}

size_t czm_report_count(const czm_report *report) {
    return report->entries.count + report->out_of_memory;
}

const czm_finding *czm_report_at(const czm_report *report, size_t index) {
    if (index < report->entries.count) return &report->entries.items[index].finding;
    return index < czm_report_count(report) ? &memory_finding : NULL;
}

czm_status czm_report_out_of_memory(czm_report *report) {
    report->out_of_memory = true;
    return CZM_ERROR_MEMORY;
}

// Room for one more entry, or NULL. Lists assume an arena that jumps; this one does not.
static entry *add_entry(czm_report *report) {
    if (report->entries.count == report->entries.capacity) {
        size_t larger = report->entries.capacity ? report->entries.capacity * 2 : 16;
        entry *items = CZM_NEW_ARRAY(report->arena, entry, larger);
        if (!items) return NULL;
        for (size_t i = 0; i < report->entries.count; i++) items[i] = report->entries.items[i];
        report->entries.items = items;
        report->entries.capacity = larger;
    }
    return &report->entries.items[report->entries.count];
}

// Texts quote names from files, which may hold anything: what could disturb a terminal or is not
// UTF-8 becomes a question mark.
static char *make_printable(char *text) {
    czm_bytes bytes = czm_bytes_text(text);
    for (size_t length, i = 0; i < bytes.size; i += length) {
        uint32_t code = czm_utf8_decode(bytes, i, &length);
        bool is_control = code < 0x20 || (code >= 0x7f && code < 0xa0);
        if (is_control) memset(text + i, '?', length);
    }
    return text;
}

const char *czm_report_keep(czm_report *report, const char *text) {
    char *copy = czm_arena_string(report->arena, czm_bytes_text(text ? text : ""));
    return copy ? make_printable(copy) : "";
}

czm_status czm_report_add(czm_report *report, czm_rule id, const char *where, const char *hint,
                          const char *format, ...) {
    const rule *r = &rules[id];
    bool relaxed = report->relaxed[id] && r->severity == CZM_ERROR;
    va_list arguments;
    va_start(arguments, format);
    char *finding = czm_arena_vformat(report->arena, format, arguments);
    va_end(arguments);
    entry *e = add_entry(report);
    if (!e || !finding) return czm_report_out_of_memory(report);
    make_printable(finding);
    *e = (entry){{relaxed ? CZM_WARNING : r->severity, r->id, czm_report_keep(report, where),
                  finding, r->why, czm_report_keep(report, hint)},
                 relaxed ? CZM_OK : r->status};
    report->entries.count++;
    return e->status;
}

void czm_report_set_hint(czm_report *report, size_t index, const char *hint) {
    if (index < report->entries.count)
        report->entries.items[index].finding.hint = czm_report_keep(report, hint);
}

bool czm_report_relax(czm_report *report, czm_rule id) {
    bool before = report->relaxed[id];
    report->relaxed[id] = true;
    return before;
}

// Who can act decides the order: a missing file (3) hides what could be said about its content.
static int gravity(czm_status status) {
    static const int order[] = {
        [CZM_OK] = 0,          [CZM_ERROR_INVALID] = 1, [CZM_ERROR_IO] = 2,
        [CZM_ERROR_USAGE] = 3, [CZM_ERROR_MEMORY] = 4,  [CZM_ERROR_CANCELLED] = 5,
    };
    return order[status];
}

czm_status czm_report_status(const czm_report *report, size_t first) {
    czm_status worst = report->out_of_memory ? CZM_ERROR_MEMORY : CZM_OK;
    for (size_t i = first; i < report->entries.count; i++)
        if (gravity(report->entries.items[i].status) > gravity(worst))
            worst = report->entries.items[i].status;
    return worst;
}
