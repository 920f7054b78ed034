// SPDX-License-Identifier: Apache-2.0
//
// The diff command: compares two models.
#include <stdio.h>

#include "base/os.h"
#include "cli/commands.h"
#include "cli/model_options.h"
#include "cli/terminal.h"

static void put_differences(const czm_differences *d) {
    for (size_t i = 0; i < d->count; i++)
        cli_print(stdout, "%-8s  %s\n    - %s\n    + %s\n", d->items[i].section, d->items[i].where,
                  d->items[i].a, d->items[i].b);
    if (d->count)
        cli_print(stdout, "%zu difference%s\n", d->count, d->count == 1 ? "" : "s");
    else
        cli_print(stdout, "no difference\n");
}

static int diff(const char *a, const char *b, uint64_t memory, bool as_json) {
    czm_report *report = cli_report_new();
    if (!report) return CZM_ERROR_IO;
    czm_report_set_memory(report, memory);
    czm_differences differences = CZM_DIFFERENCES_INIT;
    czm_status status = czm_diff(a, b, &differences, report);
    cli_print_findings(report, CZM_WARNING);
    bool is_told = true;
    if (status == CZM_OK && as_json)
        is_told = cli_put_json(czm_differences_json(&differences, report));
    else if (status == CZM_OK)
        put_differences(&differences);
    czm_report_free(report);
    if (!cli_flush() || !is_told) return CZM_ERROR_IO;
    return status ? cli_exit_status(status) : differences.count > 0;
}

int cli_diff(int argc, char **argv) {
    bool as_json = false;
    const char *memory_text = NULL;
    uint64_t memory = 0;
    cli_last last = {0};
    const cli_option options[] = {
        {"json", NULL, "print JSON instead of text", NULL, &as_json, NULL},
        CLI_MEMORY_ROW(&memory_text),
        CLI_LAST_ROWS(&last),
    };
    const cli_command command = {
        .name = "czmodel diff",
        .arguments = "A B",
        .purpose =
            "Compares two models, each a specification, a SavedModel or a .czmodel: metadata,\n"
            "graph, and weights by their checksums. Exit status 0: no difference, 1: differences.",
        .examples = "  czmodel diff model_spec.json DNNModel.czmodel\n",
        .least = 2,
        .most = 2,
    };
    int status;
    if (cli_begin(argc, argv, &command, options, CZM_COUNT_OF(options), &last, &status) == CLI_DONE)
        return status;
    if (!cli_memory_take(memory_text, &memory, command.name)) return CZM_ERROR_USAGE;
    return diff(argv[1], argv[2], memory, as_json);
}
