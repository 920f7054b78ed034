// SPDX-License-Identifier: Apache-2.0
//
// The explain command: the rule book. docs/rules.md and the list in czmodel(1) are made of its
// --json (tools/make_rules.py).
#include <stdio.h>
#include <string.h>

#include "base/bytes.h"
#include "cli/commands.h"
#include "cli/options.h"
#include "cli/terminal.h"

static const char *const severities[] = {
    [CZM_NOTE] = "note", [CZM_WARNING] = "warning", [CZM_ERROR] = "error"};

static void put_json_text(const char *key, const char *text) {
    printf("\"%s\": \"", key);
    for (; *text; text++) printf(strchr("\"\\", *text) ? "\\%c" : "%c", *text);
    printf("\"");
}

static void put_json(czm_report *report) {
    for (size_t i = 0; i < czm_rule_count(); i++) {
        const czm_rule_info *rule = czm_rule_at(i);
        printf("%s{", i ? ",\n " : "[");
        put_json_text("rule", rule->id);
        printf(", \"severity\": \"%s\", \"subject\": \"%s\", \"can_be_allowed\": %s, ",
               severities[rule->severity], rule->subject, rule->can_be_allowed ? "true" : "false");
        put_json_text("statement", rule->statement);
        printf(", ");
        put_json_text("why", rule->why);
        printf(", ");
        put_json_text("hint", czm_rule_hint(i, report));
        printf("}");
    }
    printf("]\n");
}

static void put_list(void) {
    for (size_t i = 0; i < czm_rule_count(); i++)
        printf("%-22s %-8s %s\n", czm_rule_at(i)->id, severities[czm_rule_at(i)->severity],
               czm_rule_at(i)->why);
}

static bool put_rule(czm_report *report, const char *id) {
    for (size_t i = 0; i < czm_rule_count(); i++) {
        const czm_rule_info *rule = czm_rule_at(i);
        if (strcmp(rule->id, id) != 0) continue;
        printf("%s (%s; %s)\n  rule: %s\n  fix:  %s\n", rule->id, severities[rule->severity],
               rule->can_be_allowed ? "can be allowed" : "cannot be allowed", rule->why,
               czm_rule_hint(i, report));
        return true;
    }
    fprintf(stderr,
            "czmodel explain: there is no rule \"%s\"; without an argument all are listed\n", id);
    return false;
}

int cli_explain(int argc, char **argv) {
    bool as_json = false;
    cli_last last = {0};
    const cli_option options[] = {
        {"json", NULL, "print all rules as JSON", NULL, &as_json, NULL},
        CLI_LAST_ROWS(&last),
    };
    const cli_command command = {
        .name = "czmodel explain",
        .arguments = "[RULE]",
        .purpose =
            "Explains a rule: its reason, and what usually fixes its findings. Without RULE, it\n"
            "lists all rules.",
        .examples = "  czmodel explain probabilities\n",
        .least = 0,
        .most = 1,
    };
    int status;
    int operands = cli_begin(argc, argv, &command, options, CZM_COUNT_OF(options), &last, &status);
    if (operands == CLI_DONE) return status;
    bool is_found = true;
    czm_report *report = cli_report_new();
    if (!report) return CZM_ERROR_IO;
    if (as_json)
        put_json(report);
    else if (operands == 0)
        put_list();
    else
        is_found = put_rule(report, argv[1]);
    czm_report_free(report);
    if (!is_found) return CZM_ERROR_USAGE;
    return cli_flush() ? CZM_OK : CZM_ERROR_IO;
}
