// SPDX-License-Identifier: Apache-2.0
//
// The report: a list of findings in its own arena, since it outlives the conversion. The flag out_of_memory needs no
// allocation, so the report can always state that memory ran out.
#include "report/report.h"

#include <stdio.h>

#include "base/list.h"
#include "base/os.h"
#include "base/printable.h"

typedef struct rule {
    czm_rule_info info;
    czm_subject subject;
    czm_status status;
} rule;

enum { FIXED = false, ALLOWABLE = true };

#define SUBJECT_TEXT_CALL "call"
#define SUBJECT_TEXT_CONTAINER "container"
#define SUBJECT_TEXT_METADATA "metadata"
#define SUBJECT_TEXT_NETWORK "network"
#define SUBJECT_TEXT_SAVED_MODEL "network"
#define SUBJECT_TEXT_ONNX "onnx"
#define SUBJECT_TEXT_KERAS "keras"
#define SUBJECT_TEXT_BOTH "both"
#define SUBJECT_TEXT_GRAPH "network"
#define SUBJECT_TEXT_METADATA_AND_GRAPH "both"

static const rule rules[CZM_RULE_COUNT] = {
#define NO_OPTION CZM_OPTION_NONE, NULL
#define OPTION(symbol, value) CZM_OPTION_##symbol, value
#define RULE(symbol, id, subject, severity, status, allowance, statement, why, hint, option)       \
    [CZM_RULE_##symbol] = {{id, SUBJECT_TEXT_##subject, severity, allowance, why, hint, statement, \
                            option},                                                               \
                           CZM_SUBJECT_##subject,                                                  \
                           status},
#include "report/rules.def"
#undef RULE
};

// How a caller of the C library writes the options.
static const czm_spelling members[CZM_OPTION_COUNT] = {
    [CZM_OPTION_NONE] = {"", "", ",", "", false},
    [CZM_OPTION_SIGNATURE] = {"signature", "signature = \"", ",", "\"", false},
    [CZM_OPTION_OUTPUT] = {"output", "output = \"", ",", "\"", false},
    [CZM_OPTION_SPATIAL_DIMS] = {"spatial_height and spatial_width",
                                 "{spatial_height, spatial_width} = {", ", ", "}", false},
    [CZM_OPTION_PREPROCESSING] = {"preprocessing", "preprocessing = \"", ",", "\"", false},
    [CZM_OPTION_POSTPROCESSING] = {"postprocessing", "postprocessing = \"", ",", "\"", false},
    [CZM_OPTION_BORDER] = {"border", "border = \"", ",", "\"", false},
    [CZM_OPTION_FORMAT] = {"format", "format = \"", ",", "\"", false},
    [CZM_OPTION_ZEN] = {"zen", "zen = \"", ",", "\"", false},
    [CZM_OPTION_EXTENSION] = {"extension", "extension = \"", ",", "\"", false},
    [CZM_OPTION_MODEL_NAME] = {"model_name", "model_name = \"", ",", "\"", false},
    [CZM_OPTION_MODEL_ID] = {"model_id", "model_id = \"", ",", "\"", false},
    [CZM_OPTION_LICENSE] = {"license_path", "license_path = \"", ",", "\"", false},
    [CZM_OPTION_ALLOW] = {"allow", "allow = \"", ",", "\"", false},
    [CZM_OPTION_STRICT] = {"strict", "strict", ",", "", false},
    [CZM_OPTION_AS_IS] = {"as_is", "as_is", ",", "", false},
    [CZM_OPTION_CONFIG] = {"config", "config = \"", ",", "\"", false},
    [CZM_OPTION_VALUE_RANGE] = {"value_range", "value_range = \"", ",", "\"", false},
    [CZM_OPTION_LAYOUT] = {"layout", "layout = \"", ",", "\"", false},
    [CZM_OPTION_MEMORY] = {"czm_report_set_memory()", "czm_report_set_memory(report, ", ",", ")",
                           false},
    [CZM_OPTION_VERIFY] = {"czmodel verify", "", ",", "", false},
    [CZM_OPTION_NEW] = {"czm_new_spec()", "", ",", "", false},
};

enum { SEVERITY_COUNT = CZM_ERROR + 1, REST_SIZE = 64 };

typedef struct entry {
    czm_finding finding;
    czm_status status;
    size_t moment;  // how many findings there were before it; of a rest, before its latest one
    char *changing; // the text of a rest
} entry;

// The findings of a rule with one severity in the present call. A file can have a million of them.
typedef struct tally {
    uint32_t listed;
    uint32_t rest; // the index of the entry that counts the others; 0: there is none yet
} tally;

struct czm_report {
    czm_arena *arena;
    CZM_LIST(entry) entries;
    size_t made; // findings, listed or counted
    tally tallies[CZM_RULE_COUNT][SEVERITY_COUNT];
    const czm_spelling *spellings;
    size_t spelling_count;
    uint64_t memory; // that each call may use at least
    bool is_strict;
    bool is_allowed[CZM_RULE_COUNT];
    bool is_judged[CZM_SUBJECT_COUNT];
    bool is_left_out[CZM_RULE_COUNT];
    bool out_of_memory;
};

static const czm_finding memory_finding = {
    .severity = CZM_ERROR,
    .rule = "memory",
    .where = "",
    .finding = "there is not enough memory",
    .why = "a conversion needs a few times the size of saved_model.pb",
    .hint = "close other programs, or convert on a machine with more memory",
    .count = 1,
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

czm_report *czm_report_in(czm_arena *arena) {
    czm_report *report = CZM_NEW(arena, czm_report);
    report->arena = czm_arena_child(arena);
    return report;
}

czm_report *czm_report_beside(czm_arena *arena, const czm_report *report) {
    czm_report *beside = czm_report_in(arena);
    czm_report_set_spelling(beside, report->spellings, report->spelling_count);
    return beside;
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

jmp_buf *czm_report_set_jump(czm_report *report, jmp_buf *out_of_memory) {
    return czm_arena_set_jump(report->arena, out_of_memory);
}

// For functions that are used outside of calls.
static const char *or_note(czm_report *report, const char *text) {
    if (!text) czm_report_out_of_memory(report);
    return text ? text : "";
}

// Memory for one more entry, or NULL. The list functions assume an arena that jumps; this one does not.
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

const char *czm_report_keep(czm_report *report, const char *text) {
    char *copy = czm_arena_string(report->arena, czm_bytes_text(text ? text : ""));
    return or_note(report, copy ? czm_make_printable(copy) : NULL);
}

// ---- options

void czm_report_set_memory(czm_report *report, uint64_t bytes) { report->memory = bytes; }

uint64_t czm_report_memory(const czm_report *report) { return report->memory; }

void czm_report_set_spelling(czm_report *report, const czm_spelling *spellings, size_t count) {
    report->spellings = spellings;
    report->spelling_count = count;
}

// A name may contain anything, so names in printed commands and source text are quoted.
static const char *escape(czm_arena *arena, const char *text, const char *escaped,
                          const char *before) {
    char *copy = czm_arena_alloc(arena, strlen(text) * (strlen(before) + 1) + 1), *to = copy;
    for (; copy && *text; *to++ = *text++)
        if (strchr(escaped, *text))
            for (const char *from = before; *from; from++) *to++ = *from;
    return copy ? czm_make_printable(copy) : NULL;
}

static const char *shell_word(czm_arena *arena, const char *text) {
    static const char plain[] =
        "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789_-+=.,:/@%";
    size_t size = strspn(text, plain);
    if (size && !text[size]) return czm_arena_format(arena, "%s", text);
    const char *inner = escape(arena, text, "'", "'\\'"); // ends the quotes, and begins them again
    return inner ? czm_arena_format(arena, "'%s'", inner) : NULL;
}

const char *czm_report_quoted(czm_report *report, const char *text) {
    return or_note(report, shell_word(report->arena, text));
}

const char *czm_report_option(czm_report *report, czm_option option, const char *value) {
    size_t row = (size_t)option;
    if (row >= CZM_OPTION_COUNT) return "";
    const czm_spelling *s = row < report->spelling_count ? &report->spellings[row] : &members[row];
    if (!value) return s->alone;
    const char *text = s->before;
    value = s->is_shell ? shell_word(report->arena, value)
                        : escape(report->arena, value, "\"\\", "\\");
    if (!value) text = NULL;
    for (size_t size; value && text; value = value[size] ? value + size + 1 : NULL) {
        size = strcspn(value, ",");
        text = czm_arena_format(report->arena, "%s%.*s%s", text, (int)size, value,
                                value[size] ? s->comma : s->after);
    }
    return or_note(report, text);
}

const char *czm_rule_hint(size_t index, czm_report *report) {
    const czm_rule_info *info = czm_rule_at(index);
    if (!info || !info->option) return info ? info->hint : "";
    const char *option = czm_report_option(report, info->option, info->value);
    return or_note(report, czm_arena_format(report->arena, "%s: %s", info->hint, option));
}

// ---- findings

static czm_severity severity_of(const czm_report *report, czm_rule id, czm_severity most) {
    czm_severity severity = rules[id].info.severity < most ? rules[id].info.severity : most;
    if (severity == CZM_NOTE) return CZM_NOTE;
    if (report->is_allowed[id]) return CZM_WARNING;
    return report->is_strict ? CZM_ERROR : severity;
}

static czm_status status_of(czm_rule id, czm_severity severity) {
    if (severity != CZM_ERROR) return CZM_OK;
    return rules[id].status ? rules[id].status
                            : CZM_ERROR_INVALID; // a warning that became an error by --strict
}

// A network that is read twice makes the same notes twice.
static bool is_repeated_note(const czm_report *report, const entry *e) {
    for (size_t i = 0; i < report->entries.count && e->finding.severity == CZM_NOTE; i++) {
        const czm_finding *f = &report->entries.items[i].finding;
        if (f->rule == e->finding.rule && czm_text_equal(f->where, e->finding.where) &&
            czm_text_equal(f->finding, e->finding.finding))
            return true;
    }
    return false;
}

// Names in a file may have any length. Of a long text, the beginning and the end remain; what is cut through is made
// printable later. NULL if memory ends.
static char *shorten(czm_report *report, char *text) {
    enum { LONGEST = 4000, KEPT = 1500 };
    size_t size = strlen(text);
    if (size <= LONGEST) return text;
    return czm_arena_format(report->arena, "%.*s ... %s", KEPT, text, text + size - KEPT);
}

static const char *keep_short(czm_report *report, const char *text) {
    char *copy = czm_arena_string(report->arena, czm_bytes_text(text ? text : ""));
    if (copy) copy = shorten(report, copy);
    return or_note(report, copy ? czm_make_printable(copy) : NULL);
}

// Adds the entry of findings that are only counted; NULL if memory ends.
static entry *add_rest(czm_report *report, czm_rule id, czm_severity severity) {
    const czm_rule_info *info = &rules[id].info;
    char *text = czm_arena_alloc(report->arena, REST_SIZE);
    entry *e = add_entry(report);
    if (!e || !text) return NULL;
    *e = (entry){.finding = {severity, info->id, "", text, info->why, czm_rule_hint(id, report), 0},
                 .status = status_of(id, severity),
                 .changing = text};
    report->tallies[id][severity].rest = (uint32_t)report->entries.count++;
    return e;
}

static czm_status count_rest(czm_report *report, czm_rule id, czm_severity severity) {
    const tally *t = &report->tallies[id][severity];
    entry *e = t->rest ? &report->entries.items[t->rest] : add_rest(report, id, severity);
    if (!e) return czm_report_out_of_memory(report);
    snprintf(e->changing, REST_SIZE, "and %zu more findings of this rule", ++e->finding.count);
    e->moment = report->made++;
    return e->status;
}

static czm_status add(czm_report *report, czm_rule id, czm_severity severity, const char *where,
                      const char *hint, const char *format, va_list arguments) {
    const rule *r = &rules[id];
    if (report->tallies[id][severity].listed >= CZM_MOST_OF_RULE)
        return count_rest(report, id, severity);
    char *finding = czm_arena_vformat(report->arena, format, arguments);
    if (finding) finding = shorten(report, finding);
    entry *e = add_entry(report);
    if (!e || !finding) return czm_report_out_of_memory(report);
    czm_make_printable(finding);
    *e = (entry){.finding = {severity, r->info.id, keep_short(report, where), finding, r->info.why,
                             keep_short(report, hint ? hint : czm_rule_hint(id, report)), 1},
                 .status = status_of(id, severity),
                 .moment = report->made};
    if (is_repeated_note(report, e)) return e->status;
    report->entries.count++;
    report->made++;
    report->tallies[id][severity].listed++;
    return e->status;
}

CZM_PRINTF(3, 4)
static czm_status add_unreadable(czm_report *report, const char *where, const char *format, ...) {
    va_list arguments;
    va_start(arguments, format);
    czm_status status =
        add(report, CZM_RULE_FILE_UNREADABLE, CZM_ERROR, where, NULL, format, arguments);
    va_end(arguments);
    return status;
}

// The first fault of the input after a failure of the system is replaced by that failure.
static czm_status judge(czm_report *report, czm_rule id, czm_severity most, const char *where,
                        const char *hint, const char *format, va_list arguments) {
    czm_severity severity = severity_of(report, id, most);
    if (status_of(id, severity) != CZM_ERROR_INVALID || !*czm_file_failure())
        return add(report, id, severity, where, hint, format, arguments);
    czm_status status = add_unreadable(report, where, "reading failed: %s", czm_file_failure());
    czm_file_forget_failure();
    return status;
}

czm_status czm_report_add(czm_report *report, czm_rule id, const char *where, const char *hint,
                          const char *format, ...) {
    va_list arguments;
    va_start(arguments, format);
    czm_status status = judge(report, id, CZM_ERROR, where, hint, format, arguments);
    va_end(arguments);
    return status;
}

czm_status czm_report_add_as(czm_report *report, czm_rule id, czm_severity most, const char *where,
                             const char *hint, const char *format, ...) {
    va_list arguments;
    va_start(arguments, format);
    czm_status status = judge(report, id, most, where, hint, format, arguments);
    va_end(arguments);
    return status;
}

void czm_report_set_hint(czm_report *report, size_t index, const char *hint) {
    if (index < report->entries.count)
        report->entries.items[index].finding.hint = czm_report_keep(report, hint);
}

void czm_report_set_policy(czm_report *report, bool is_strict) {
    report->is_strict = is_strict;
    memset(report->is_allowed, 0, sizeof report->is_allowed);
}

void czm_report_begin_call(czm_report *report) {
    memset(report->tallies, 0, sizeof report->tallies);
}

bool czm_report_lists(const czm_report *report, czm_rule id) {
    return report->tallies[id][severity_of(report, id, CZM_ERROR)].listed < CZM_MOST_OF_RULE;
}

void czm_report_allow(czm_report *report, czm_rule id) { report->is_allowed[id] = true; }

void czm_report_judged(czm_report *report, czm_subject subject) {
    report->is_judged[subject] = true;
}

void czm_report_not_checked(czm_report *report, czm_rule id) { report->is_left_out[id] = true; }

static void free_arena(void *arena) { czm_arena_free(arena); }

bool czm_report_adopt(czm_report *report, czm_arena *arena) {
    return czm_arena_defer(report->arena, free_arena, arena);
}

// ---- the rule book

size_t czm_rule_count(void) { return CZM_RULE_COUNT; }

const czm_rule_info *czm_rule_at(size_t index) {
    return index < CZM_RULE_COUNT ? &rules[index].info : NULL;
}

czm_rule czm_rule_find(const char *id) {
    for (size_t i = 0; i < CZM_RULE_COUNT; i++)
        if (strcmp(rules[i].info.id, id) == 0) return (czm_rule)i;
    return CZM_RULE_COUNT;
}

bool czm_report_has(const czm_report *report, czm_rule id) {
    for (size_t i = 0; i < report->entries.count; i++)
        if (report->entries.items[i].finding.rule == rules[id].info.id) return true;
    return false;
}

czm_outcome czm_report_outcome(const czm_report *report, size_t index) {
    if (index >= CZM_RULE_COUNT) return CZM_NOT_CHECKED;
    if (czm_report_has(report, (czm_rule)index)) return CZM_FOUND;
    bool is_checked = report->is_judged[rules[index].subject] && !report->is_left_out[index];
    return is_checked ? CZM_PASSED : CZM_NOT_CHECKED;
}

// The order of severity: a missing file (3) comes first, since its content cannot be checked.
static int gravity(czm_status status) {
    static const int order[] = {
        [CZM_OK] = 0,          [CZM_ERROR_INVALID] = 1, [CZM_ERROR_IO] = 2,
        [CZM_ERROR_USAGE] = 3, [CZM_ERROR_MEMORY] = 4,  [CZM_ERROR_CANCELLED] = 5,
    };
    return order[status];
}

size_t czm_report_moment(const czm_report *report) { return report->made; }

czm_status czm_report_status(const czm_report *report, size_t since) {
    czm_status worst = report->out_of_memory ? CZM_ERROR_MEMORY : CZM_OK;
    for (size_t i = 0; i < report->entries.count; i++) {
        const entry *e = &report->entries.items[i];
        if (e->moment >= since && gravity(e->status) > gravity(worst)) worst = e->status;
    }
    return worst;
}
