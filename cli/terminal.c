// SPDX-License-Identifier: Apache-2.0
//
// Terminal output; see terminal.h.
#include "cli/terminal.h"

#include <stdio.h>
#include <string.h>

#include "base/os.h"
#include "cli/verify/verify.h"

enum { BAR_FROM = 100 * 1000 * 1000, BAR_WIDTH = 40 };

#define SPELLING(flag) {"--" flag, "--" flag " ", ",", ""}

static const czm_spelling spellings[CZM_OPTION_COUNT] = {
    [CZM_OPTION_NONE] = {"", "", ",", ""},
    [CZM_OPTION_SIGNATURE] = SPELLING("signature"),
    [CZM_OPTION_OUTPUT] = SPELLING("output"),
    [CZM_OPTION_SPATIAL_DIMS] = SPELLING("spatial-dims"),
    [CZM_OPTION_PREPROCESSING] = SPELLING("preprocessing"),
    [CZM_OPTION_POSTPROCESSING] = SPELLING("postprocessing"),
    [CZM_OPTION_BORDER] = SPELLING("border"),
    [CZM_OPTION_FORMAT] = SPELLING("format"),
    [CZM_OPTION_ZEN] = SPELLING("zen"),
    [CZM_OPTION_EXTENSION] = SPELLING("extension"),
    [CZM_OPTION_MODEL_NAME] = {"--name", "--name \"", ",", "\""},
    [CZM_OPTION_MODEL_ID] = SPELLING("model-id"),
    [CZM_OPTION_LICENSE] = SPELLING("license"),
    [CZM_OPTION_ALLOW] = SPELLING("allow"),
    [CZM_OPTION_STRICT] = SPELLING("strict"),
    [CZM_OPTION_AS_IS] = SPELLING("as-is"),
    [CZM_OPTION_CONFIG] = SPELLING("config"),
    [CZM_OPTION_VALUE_RANGE] = SPELLING("value-range"),
    [CZM_OPTION_LAYOUT] = SPELLING("layout"),
    [CZM_OPTION_MEMORY] = SPELLING("memory"),
};

czm_report *cli_report_new(void) {
    czm_report *report = czm_report_new();
    if (!report)
        fprintf(stderr, "error: there is not enough memory\n");
    else
        czm_report_set_spelling(report, spellings, CZM_OPTION_COUNT);
    return report;
}

bool cli_write_file(const char *path, const char *text) {
    czm_arena *arena = czm_arena_new(NULL);
    czm_file *file = arena ? czm_file_create_beside(arena, path) : NULL;
    bool is_written = file && czm_file_write_at(file, 0, text, strlen(text)) &&
                      czm_file_publish(file);
    if (!is_written) fprintf(stderr, "error: %s: writing failed: %s\n", path, czm_file_error());
    if (arena) czm_arena_free(arena);
    return is_written;
}

bool cli_has_suffix(const char *name, const char *suffix) {
    size_t size = strlen(name), suffix_size = strlen(suffix);
    if (size < suffix_size) return false;
    for (size_t i = 0; i < suffix_size; i++) {
        char c = name[size - suffix_size + i];
        if ((c >= 'A' && c <= 'Z' ? c - 'A' + 'a' : c) != suffix[i]) return false;
    }
    return true;
}

static const struct {
    const char *word, *colour;
} severities[] = {
    [CZM_NOTE] = {"note", "\033[36m"},
    [CZM_WARNING] = {"warning", "\033[33m"},
    [CZM_ERROR] = {"error", "\033[31m"},
};

static bool use_colour(void) {
    const char *no_color = czm_environment("NO_COLOR");
    return czm_stderr_is_terminal() && !(no_color && *no_color);
}

void cli_print_findings(const czm_report *report, czm_severity least) {
    bool colour = use_colour();
    for (size_t i = 0; i < czm_report_count(report); i++) {
        const czm_finding *f = czm_report_at(report, i);
        if (f->severity < least) continue;
        fprintf(stderr, "%s%s%s: %s%s%s [%s]\n", colour ? severities[f->severity].colour : "",
                severities[f->severity].word, colour ? "\033[0m" : "", f->where,
                *f->where ? ": " : "", f->finding, f->rule);
        fprintf(stderr, "  rule: %s\n", f->why);
        if (*f->hint) fprintf(stderr, "  fix:  %s\n", f->hint);
    }
}

static bool bar_is_shown;

bool cli_progress(void *user, uint64_t done, uint64_t total) {
    static int shown_percent = -1;
    const bool *wanted = user;
    if (*wanted && total >= BAR_FROM && czm_stderr_is_terminal()) {
        int percent = (int)(done * 100 / total), filled = percent * BAR_WIDTH / 100;
        if (percent != shown_percent)
            fprintf(stderr, "\r[%.*s%*s] %3d %%", filled,
                    "########################################", BAR_WIDTH - filled, "", percent);
        shown_percent = percent;
        bar_is_shown = true;
    }
    return czm_signal_caught() == 0;
}

void cli_progress_end(void) {
    if (bar_is_shown) fprintf(stderr, "\r%*s\r", BAR_WIDTH + 8, "");
    bar_is_shown = false;
}

const char *cli_size_text(char buffer[32], uint64_t size) {
    static const char *const units[] = {"kB", "MB", "GB", "TB"};
    double value = (double)size / 1000;
    size_t unit = 0;
    for (; value >= 1000 && unit + 1 < CZM_COUNT_OF(units); unit++) value /= 1000;
    snprintf(buffer, 32, "%.1f %s", value, units[unit]);
    return buffer;
}

static void print_component(czm_component c) {
    printf("  %-14s %-8.*s (%s)\n", c.name, (int)strcspn(c.version, "\n"), c.version, c.license);
}

void cli_print_version(void) {
    printf("czmodel %s\nlicence Apache-2.0, CRC-32C by %s\nlinked libraries:\n", czm_version(),
           czm_acceleration());
    for (size_t i = 0; i < czm_component_count(); i++) print_component(czm_component_at(i));
    for (size_t i = 0; i < cli_image_component_count(); i++)
        print_component(cli_image_component_at(i));
}

bool cli_flush(void) {
    if (fflush(stdout) == 0 && !ferror(stdout)) return true;
    fprintf(stderr, "error: standard output cannot be written\n");
    return false;
}

int cli_exit_status(czm_status status) {
    if (status == CZM_ERROR_CANCELLED && czm_signal_caught()) {
        fprintf(stderr, "stopped; nothing was written\n");
        czm_signal_die(czm_signal_caught());
    }
    return status <= CZM_ERROR_IO ? (int)status : CZM_ERROR_IO;
}
