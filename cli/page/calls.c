// SPDX-License-Identifier: Apache-2.0
//
// One exported function for all calls: the table below contains the names. The answer is
//
//     {"status": 0, "report": ..., "result": ...}
//
// where "report" is the JSON of czm_check_json(), and "result" depends on the call.
#include "cli/page/page.h"

#include <setjmp.h>
#include <stdlib.h>
#include <string.h>

// ---- options: the members of czm_options by their names

typedef enum kind { TEXT, TEXTS, FLAG, NUMBER } kind;

#define MEMBER(kind, name) \
    { #name, kind, offsetof(czm_options, name), 0 }
#define LIST(name, count) \
    { #name, TEXTS, offsetof(czm_options, name), offsetof(czm_options, count) }

static const struct {
    const char *name;
    kind kind;
    size_t place, count_place;
} members[] = {
    MEMBER(TEXT, source_path),
    MEMBER(TEXT, output_folder),
    MEMBER(TEXT, output_name),
    MEMBER(TEXT, model_name),
    MEMBER(TEXT, license_path),
    MEMBER(TEXT, signature),
    MEMBER(TEXT, output),
    MEMBER(TEXT, model_id),
    MEMBER(NUMBER, spatial_height),
    MEMBER(NUMBER, spatial_width),
    LIST(preprocessing, preprocessing_count),
    LIST(postprocessing, postprocessing_count),
    MEMBER(TEXT, border),
    MEMBER(TEXT, format),
    MEMBER(TEXT, zen),
    MEMBER(TEXT, extension),
    LIST(allow, allow_count),
    MEMBER(FLAG, strict),
    MEMBER(FLAG, as_is),
    MEMBER(FLAG, no_factor),
    MEMBER(TEXT, value_range),
    MEMBER(TEXT, layout),
    MEMBER(TEXT, config),
};

static const char **texts_of(czm_arena *arena, const json_t *list, size_t *count) {
    *count = json_array_size(list);
    const char **texts = CZM_NEW_ARRAY(arena, const char *, *count);
    for (size_t i = 0; i < *count; i++) {
        const char *text = json_string_value(json_array_get(list, i));
        texts[i] = text ? text : "";
    }
    return texts;
}

static void set_member(page_request *r, size_t row, const json_t *value) {
    char *place = (char *)&r->options + members[row].place;
    switch (members[row].kind) {
    case TEXT: *(const char **)place = json_string_value(value); break;
    case FLAG: *(bool *)place = json_is_true(value); break;
    case NUMBER: *(int64_t *)place = json_integer_value(value); break;
    case TEXTS:
        *(const char ***)place =
            texts_of(r->arena, value, (size_t *)((char *)&r->options + members[row].count_place));
    }
}

static void read_options(page_request *r) {
    const json_t *given = json_object_get(r->json, "options");
    czm_options_init(&r->options, sizeof r->options);
    for (size_t i = 0; i < CZM_COUNT_OF(members); i++) {
        const json_t *value = json_object_get(given, members[i].name);
        if (value && !json_is_null(value)) set_member(r, i, value);
    }
}

const char *page_text(const page_request *request, const char *key) {
    return json_string_value(json_object_get(request->json, key));
}

// An option in a text: the page shows ⟦name=value⟧ as a button that sets it.
#define SPELLED(name) \
    { "\u27e6" name "\u27e7", "\u27e6" name "=", ",", "\u27e7", false }

static const czm_spelling spelling[] = {
    [CZM_OPTION_NONE] = {"", "", "", "", false},
    [CZM_OPTION_SIGNATURE] = SPELLED("signature"),
    [CZM_OPTION_OUTPUT] = SPELLED("output"),
    [CZM_OPTION_SPATIAL_DIMS] = SPELLED("spatial_dims"),
    [CZM_OPTION_PREPROCESSING] = SPELLED("preprocessing"),
    [CZM_OPTION_POSTPROCESSING] = SPELLED("postprocessing"),
    [CZM_OPTION_BORDER] = SPELLED("border"),
    [CZM_OPTION_FORMAT] = SPELLED("format"),
    [CZM_OPTION_ZEN] = SPELLED("zen"),
    [CZM_OPTION_EXTENSION] = SPELLED("extension"),
    [CZM_OPTION_MODEL_NAME] = SPELLED("model_name"),
    [CZM_OPTION_MODEL_ID] = SPELLED("model_id"),
    [CZM_OPTION_LICENSE] = SPELLED("license"),
    [CZM_OPTION_ALLOW] = SPELLED("allow"),
    [CZM_OPTION_STRICT] = SPELLED("strict"),
    [CZM_OPTION_AS_IS] = SPELLED("as_is"),
    [CZM_OPTION_VALUE_RANGE] = SPELLED("value_range"),
    [CZM_OPTION_LAYOUT] = SPELLED("layout"),
    [CZM_OPTION_CONFIG] = SPELLED("config"),
    [CZM_OPTION_MEMORY] = SPELLED("memory"),
    [CZM_OPTION_VERIFY] = SPELLED("verify"),
    [CZM_OPTION_NEW] = SPELLED("new"),
};

// ---- the calls

__attribute__((import_module("host"), import_name("progress"))) bool host_progress(double done,
                                                                                   double total);

static bool tell_progress(void *user, uint64_t done, uint64_t total) {
    (void)user;
    return host_progress((double)done, (double)total);
}

static json_t *parsed(const char *text) { return text ? json_loads(text, 0, NULL) : NULL; }

static czm_status check(page_request *r, json_t **result) {
    czm_verdict verdict = CZM_VERDICT_INIT;
    czm_status status = czm_check(&r->options, &verdict, r->report);
    *result = parsed(czm_check_json(&verdict, r->report));
    return status;
}

static czm_status inspect(page_request *r, json_t **result) {
    czm_inspection inspection = CZM_INSPECTION_INIT;
    czm_status status = czm_inspect(&r->options, &inspection, r->report);
    if (status == CZM_OK)
        *result = json_pack("{s:o?, s:s?}", "inspection",
                            parsed(czm_inspection_json(&inspection, r->report)), "svg",
                            czm_inspection_svg(&inspection, r->report));
    return status;
}

static czm_status convert(page_request *r, json_t **result) {
    czm_result made = CZM_RESULT_INIT;
    r->options.progress = tell_progress;
    czm_status status = czm_convert(&r->options, &made, r->report);
    if (status == CZM_OK)
        *result = json_pack("{s:s, s:s, s:I, s:I}", "path", made.path, "model_id", made.model_id,
                            "size", (json_int_t)made.size, "class_count",
                            (json_int_t)made.class_count);
    return status;
}

static czm_status new_spec(page_request *r, json_t **result) {
    (void)result;
    return czm_new_spec(&r->options, page_text(r, "path"), r->report);
}

static czm_status unpack(page_request *r, json_t **result) {
    (void)result;
    return czm_unpack(page_text(r, "path"), page_text(r, "folder"), tell_progress, NULL, r->report);
}

// With their usual remedies, for which the page may have a translation.
static json_t *rules(czm_report *report) {
    json_t *list = json_array();
    for (size_t i = 0; czm_rule_at(i); i++)
        json_array_append_new(list, json_pack("{s:s, s:s}", "rule", czm_rule_at(i)->id, "hint",
                                              czm_rule_hint(i, report)));
    return list;
}

static czm_status about(page_request *r, json_t **result) {
    json_t *formats = json_array();
    for (size_t i = 0; czm_format_at(i); i++)
        json_array_append_new(formats, json_string(czm_format_at(i)));
    *result = json_pack("{s:s, s:o, s:o}", "version", czm_version(), "formats", formats, "rules",
                        rules(r->report));
    return CZM_OK;
}

static const struct {
    const char *name;
    page_call *call;
} calls[] = {
    {"about", about},
    {"check", check},
    {"convert", convert},
    {"inspect", inspect},
    {"new_spec", new_spec},
    {"tryout_begin", page_tryout_begin},
    {"tryout_end", page_tryout_end},
    {"tryout_open", page_tryout_open},
    {"unpack", unpack},
};

// ---- the answer

static czm_status run(page_request *r, json_t **result) {
    const char *name = page_text(r, "call");
    read_options(r);
    for (size_t i = 0; i < CZM_COUNT_OF(calls); i++)
        if (name && czm_text_equal(name, calls[i].name)) return calls[i].call(r, result);
    return CZM_ERROR_USAGE;
}

static czm_status run_in_arena(page_request *r, json_t **result) {
    jmp_buf out_of_memory;
    r->arena = czm_arena_new(&out_of_memory);
    if (!r->arena || setjmp(out_of_memory) != 0) return CZM_ERROR_MEMORY;
    return run(r, result);
}

static char *answer_with(page_request *r, czm_status status, json_t *result) {
    czm_verdict none = CZM_VERDICT_INIT;
    none.status = status;
    json_t *report = parsed(czm_check_json(&none, r->report));
    json_t *answer =
        json_pack("{s:i, s:o?, s:o?}", "status", (int)status, "report", report, "result", result);
    char *text = answer ? json_dumps(answer, JSON_COMPACT) : NULL;
    json_decref(answer);
    return text;
}

PAGE_EXPORT("allocate") void *page_allocate(size_t size) { return malloc(size); }

PAGE_EXPORT("release") void page_release(void *memory) { free(memory); }

// The caller releases the answer; NULL without memory.
PAGE_EXPORT("call") char *page_run(const char *text) {
    json_t *result = NULL;
    uint32_t seed;
    czm_random_bytes(&seed, sizeof seed);
    json_object_seed(seed ? seed
                          : 1); // where it cannot be read from a device; the first seed counts
    page_request r = {.json = parsed(text), .report = czm_report_new()};
    if (!r.report) return NULL;
    czm_report_set_spelling(r.report, spelling, CZM_COUNT_OF(spelling));
    czm_status status = run_in_arena(&r, &result);
    char *answer = answer_with(&r, status, result);
    czm_arena_free(r.arena);
    czm_report_free(r.report);
    json_decref(r.json);
    return answer;
}
