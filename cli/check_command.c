// SPDX-License-Identifier: Apache-2.0
//
// The check command: every rule with its outcome as a table, as Markdown or as JSON.
#include <stdio.h>
#include <string.h>

#include "base/bytes.h"
#include "base/os.h"
#include "cli/commands.h"
#include "cli/model_options.h"
#include "cli/terminal.h"

typedef struct checked {
    const char *target;
    const czm_verdict *verdict;
    czm_report *report;
} checked;

static const char *const kinds[] = {
    [CZM_KIND_SPECIFICATION] = "specification",
    [CZM_KIND_SAVED_MODEL] = "SavedModel",
    [CZM_KIND_CZMODEL] = "CZModel",
    [CZM_KIND_ONNX] = "ONNX",
    [CZM_KIND_KERAS] = "Keras",
};

static const char *const marks[] = {
    [CZM_NOTE] = "\xe2\x84\xb9",    // an i
    [CZM_WARNING] = "\xe2\x9a\xa0", // a triangle
    [CZM_ERROR] = "\xe2\x9c\x97",   // a cross
};

static const char passed[] = "\xe2\x9c\x93"; // a tick

static size_t count_of(const checked *c, czm_severity severity) {
    size_t sum = 0;
    for (size_t i = 0; i < czm_report_count(c->report); i++) {
        const czm_finding *f = czm_report_at(c->report, i);
        if (f->severity == severity) sum += f->count;
    }
    return sum;
}

static void put_verdict(const checked *c) {
    size_t errors = count_of(c, CZM_ERROR), warnings = count_of(c, CZM_WARNING),
           notes = count_of(c, CZM_NOTE);
    cli_print(stdout, "%zu error%s, %zu warning%s, %zu note%s. ", errors, errors == 1 ? "" : "s",
              warnings, warnings == 1 ? "" : "s", notes, notes == 1 ? "" : "s");
    if (c->verdict->status) {
        cli_print(
            stdout,
            c->verdict->kind == CZM_KIND_CZMODEL
                ? "The file does not follow the specification of its format; whether a version "
                  "of ZEN accepts it is not known.\n"
                : "No file is written before the errors are corrected or allowed.\n");
        return;
    }
    cli_print(stdout,
              c->verdict->kind == CZM_KIND_CZMODEL ? "Model version %s; "
                                                   : "Once converted: model version %s; ",
              c->verdict->model_version);
    for (size_t i = 0; i < c->verdict->zen_count; i++)
        cli_print(stdout, "%s%s %s and newer", i ? ", " : "", c->verdict->zen[i].product,
                  c->verdict->zen[i].since);
    cli_print(stdout, c->verdict->zen_count
                          ? " accept it; older versions do not support this model version.\n"
                          : "it is not known which versions of ZEN accept it.\n");
}

// ---- as a table

static void put_findings(const checked *c, const czm_rule_info *rule) {
    for (size_t i = 0; i < czm_report_count(c->report); i++) {
        const czm_finding *f = czm_report_at(c->report, i);
        if (strcmp(f->rule, rule->id) != 0) continue;
        cli_print(stdout, "  %s  %s%s%s [%s]\n", marks[f->severity], f->where,
                  *f->where ? ": " : "", f->finding, f->rule);
        if (*f->hint) cli_print(stdout, "     fix: %s\n", f->hint);
    }
}

// Rules about parts that the target does not have are not shown; those about unreadable parts are.
static bool is_shown(const checked *c, const czm_rule_info *rule) {
    if (strcmp(rule->subject, "call") == 0) return false;
    bool is_container = strcmp(rule->subject, "container") == 0;
    bool needs_metadata = strcmp(rule->subject, "metadata") == 0 ||
                          strcmp(rule->subject, "both") == 0;
    czm_kind kind = c->verdict->kind;
    bool has_metadata = kind == CZM_KIND_SPECIFICATION || kind == CZM_KIND_CZMODEL;
    return is_container ? kind == CZM_KIND_CZMODEL : has_metadata || !needs_metadata;
}

static void put_rule(const checked *c, size_t index) {
    const czm_rule_info *rule = czm_rule_at(index);
    czm_outcome outcome = czm_report_outcome(c->report, index);
    if (outcome == CZM_FOUND) put_findings(c, rule);
    if (outcome == CZM_PASSED && is_shown(c, rule))
        cli_print(stdout, "  %s  %s [%s]\n", passed, rule->statement, rule->id);
}

static void put_unchecked(const checked *c) {
    enum { LINE = 98 };
    size_t at = 0;
    for (size_t i = 0; i < czm_rule_count(); i++) {
        const czm_rule_info *rule = czm_rule_at(i);
        if (!is_shown(c, rule) || czm_report_outcome(c->report, i) != CZM_NOT_CHECKED) continue;
        if (strcmp(rule->subject, "onnx") == 0 || strcmp(rule->subject, "keras") == 0)
            continue; // it would appear in nearly every check
        bool begins = at == 0 || at + strlen(rule->id) > LINE;
        if (begins && at) cli_print(stdout, ",\n");
        if (begins)
            at = (size_t)cli_print(stdout, "  %s  %s ", at ? " " : "-",
                                   at ? "            " : "not checked:");
        else
            at += (size_t)cli_print(stdout, ", ");
        at += (size_t)cli_print(stdout, "%s", rule->id);
    }
    if (at) cli_print(stdout, "\n");
}

static bool put_table(const checked *c) {
    cli_print(stdout, "%s (%s), czmodel %s\n\n", c->target, kinds[c->verdict->kind], czm_version());
    for (size_t i = 0; i < czm_rule_count(); i++) put_rule(c, i);
    put_unchecked(c);
    cli_print(stdout, "\n");
    put_verdict(c);
    return cli_flush();
}

// ---- the command

// The name of the file determines the form.
static const char *report_text(const checked *c, const char *path) {
    return czm_text_ends_but_case(path, ".json")
               ? czm_check_json(c->verdict, c->report)
               : czm_check_markdown(c->target, c->verdict, c->report);
}

static bool is_report_name(const char *path) {
    return czm_text_ends_but_case(path, ".json") || czm_text_ends_but_case(path, ".md");
}

// If nothing could be checked, there is no table.
static bool was_checked(const czm_report *report) {
    for (size_t i = 0; i < czm_rule_count(); i++)
        if (strcmp(czm_rule_at(i)->subject, "call") != 0 &&
            czm_report_outcome(report, i) != CZM_NOT_CHECKED)
            return true;
    return false;
}

static int check(const cli_model_options *m, bool as_json, const char *file) {
    czm_report *report = cli_report_new();
    if (!report) return CZM_ERROR_IO;
    czm_verdict verdict = CZM_VERDICT_INIT;
    czm_report_set_memory(report, m->memory);
    czm_status status = czm_check(&m->options, &verdict, report);
    const checked c = {m->options.source_path, &verdict, report};
    bool is_told = true;
    if (as_json && status != CZM_ERROR_USAGE)
        is_told = cli_put_json(czm_check_json(&verdict, report)) && cli_flush();
    else if (was_checked(report) && status != CZM_ERROR_MEMORY)
        is_told = put_table(&c);
    else
        cli_print_findings(report, CZM_NOTE);
    if (status != CZM_ERROR_USAGE && file) is_told &= cli_write_file(file, report_text(&c, file));
    czm_report_free(report);
    return is_told ? cli_exit_status(status) : CZM_ERROR_IO;
}

int cli_check(int argc, char **argv) {
    cli_model_options m = {.options = CZM_OPTIONS_INIT};
    bool as_json = false;
    const char *file = NULL;
    cli_last last = {0};
    const cli_option own[] = {
        CLI_FORMAT_ROWS(&m.options),
        {"json", NULL, "print JSON instead of a table", NULL, &as_json, NULL},
        {"model-output", "NAME", NULL, &m.options.output, NULL, NULL}, // as version 0.1.0 called it
        {"report", "FILE", "also write the result to FILE.json or FILE.md", &file, NULL, NULL},
        CLI_LAST_ROWS(&last),
    };
    cli_option options[CLI_MODEL_OPTION_ROWS + CZM_COUNT_OF(own)];
    cli_model_option_rows(&m, options);
    memcpy(options + CLI_MODEL_OPTION_ROWS, own, sizeof own);
    const cli_command command = {
        .name = "czmodel check",
        .arguments = "TARGET",
        .purpose = "Checks a JSON specification with its network, a SavedModel (folder or ZIP\n"
                   "archive), an ONNX file, or a .czmodel, .czseg or .czann against every rule,\n"
                   "and reports which versions of ZEN accept it.\n\n" CLI_STEPS,
        .examples = "  czmodel check model_spec.json\n"
                    "  czmodel check DNNModel.czmodel --json\n"
                    "  czmodel check saved_model/ --spatial-dims 512,512 --report report.md\n",
        .least = 1,
        .most = 1,
    };
    int status;
    if (cli_begin(argc, argv, &command, options, CZM_COUNT_OF(options), &last, &status) == CLI_DONE)
        return status;
    if (!file && m.options.output &&
        is_report_name(m.options.output)) { // as version 0.1.0 called it
        file = m.options.output;
        m.options.output = NULL;
    }
    if (file && !is_report_name(file)) {
        cli_print(stderr, "czmodel check: --report requires a name that ends with .json or .md\n");
        return CZM_ERROR_USAGE;
    }
    m.options.source_path = argv[1];
    status = cli_model_options_take(&m, command.name) ? check(&m, as_json, file) : CZM_ERROR_USAGE;
    cli_model_options_free(&m);
    return status;
}
