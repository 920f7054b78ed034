// SPDX-License-Identifier: Apache-2.0
//
// Terminal output; see terminal.h.
#include "cli/terminal.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>

#include "base/printable.h"
#include "cli/verify/verify.h"

enum { BAR_FROM = 100 * 1000 * 1000, BAR_WIDTH = 40 };

#define SPELLING(flag) \
    { "--" flag, "--" flag " ", ",", "", true }

static const czm_spelling spellings[CZM_OPTION_COUNT] = {
    [CZM_OPTION_NONE] = {"", "", ",", "", true},
    [CZM_OPTION_SIGNATURE] = SPELLING("signature"),
    [CZM_OPTION_OUTPUT] = SPELLING("output"),
    [CZM_OPTION_SPATIAL_DIMS] = SPELLING("spatial-dims"),
    [CZM_OPTION_PREPROCESSING] = SPELLING("preprocessing"),
    [CZM_OPTION_POSTPROCESSING] = SPELLING("postprocessing"),
    [CZM_OPTION_BORDER] = SPELLING("border"),
    [CZM_OPTION_FORMAT] = SPELLING("format"),
    [CZM_OPTION_ZEN] = SPELLING("zen"),
    [CZM_OPTION_EXTENSION] = SPELLING("extension"),
    [CZM_OPTION_MODEL_NAME] = SPELLING("name"),
    [CZM_OPTION_MODEL_ID] = SPELLING("model-id"),
    [CZM_OPTION_LICENSE] = SPELLING("license"),
    [CZM_OPTION_ALLOW] = SPELLING("allow"),
    [CZM_OPTION_STRICT] = SPELLING("strict"),
    [CZM_OPTION_AS_IS] = SPELLING("as-is"),
    [CZM_OPTION_CONFIG] = SPELLING("config"),
    [CZM_OPTION_VALUE_RANGE] = SPELLING("value-range"),
    [CZM_OPTION_LAYOUT] = SPELLING("layout"),
    [CZM_OPTION_MEMORY] = SPELLING("memory"),
    [CZM_OPTION_VERIFY] = {"czmodel verify", "", ",", "", true},
    [CZM_OPTION_NEW] = {"czmodel new", "", ",", "", true},
};

// ---- printing

enum { LONGEST_NUMBER = 64, PIECE = 256 };

// The part between a percent sign and the letter of the conversion.
typedef struct conversion {
    bool is_left;         // "-"
    int width, precision; // precision -1: none
    char size, letter;    // size 'z', 'l' for long long, or 0
} conversion;

static int put_spaces(FILE *to, int count) { return count > 0 ? fprintf(to, "%*s", count, "") : 0; }

// The largest number of bytes, at most `size`, that does not split a character.
static size_t whole_characters(const char *text, size_t size) {
    for (size_t cut = size; cut > 0 && size - cut < 4; cut--)
        if (((unsigned char)text[cut] & 0xc0) != 0x80) return cut;
    return size;
}

// The text may come from a file: a copy is made printable, piece by piece, since this must work without memory.
static void put_printable(FILE *to, const char *text, size_t size) {
    char piece[PIECE + 1];
    for (size_t part; size > 0; text += part, size -= part) {
        part = size <= PIECE ? size : whole_characters(text, PIECE);
        memcpy(piece, text, part);
        piece[part] = '\0';
        fputs(czm_make_printable(piece), to);
    }
}

static int put_text(FILE *to, const conversion *c, const char *text) {
    size_t size = 0;
    while ((c->precision < 0 || size < (size_t)c->precision) && text[size]) size++;
    int spaces = c->width - (int)size, printed = c->is_left ? 0 : put_spaces(to, spaces);
    put_printable(to, text, size);
    return printed + (int)size + (c->is_left ? put_spaces(to, spaces) : 0);
}

static int put_float(FILE *to, const conversion *c, double value) {
    char text[LONGEST_NUMBER];
    const char *format = c->letter == 'e' ? "%.*e" : c->letter == 'f' ? "%.*f" : "%.*g";
    snprintf(text, sizeof text, format, c->precision, value);
    return put_text(to, &(conversion){c->is_left, c->width, -1, 0, 's'}, text);
}

static int put_integer(FILE *to, const conversion *c, long long value) {
    char text[LONGEST_NUMBER];
    snprintf(text, sizeof text, c->letter == 'd' ? "%lld" : "%llu", value);
    return put_text(to, c, text);
}

// The value of a "*", or the number in the format.
static int take_number(const char **at, va_list *arguments) {
    int number = 0;
    if (**at == '*') return (*at)++, va_arg(*arguments, int);
    for (; **at >= '0' && **at <= '9'; (*at)++) number = number * 10 + (**at - '0');
    return number;
}

static conversion take_conversion(const char **at, va_list *arguments) {
    conversion c = {.precision = -1};
    for (; **at == '-'; (*at)++) c.is_left = true;
    c.width = take_number(at, arguments);
    if (**at == '.') (*at)++, c.precision = take_number(at, arguments);
    for (; **at == 'l' || **at == 'z'; (*at)++) c.size = **at;
    c.letter = *(*at)++;
    return c;
}

static long long take_integer(const conversion *c, va_list *arguments) {
    if (c->size == 'z') return (long long)va_arg(*arguments, size_t);
    if (c->size == 'l') return va_arg(*arguments, long long);
    return c->letter == 'd' ? va_arg(*arguments, int) : (long long)va_arg(*arguments, unsigned);
}

static int put_one(FILE *to, const conversion *c, va_list *arguments) {
    switch (c->letter) {
    case '%': return fputc('%', to) < 0 ? -1 : 1;
    case 's': return put_text(to, c, va_arg(*arguments, const char *));
    case 'c': return put_text(to, c, (const char[]){(char)va_arg(*arguments, int), '\0'});
    case 'e':
    case 'f':
    case 'g': return put_float(to, c, va_arg(*arguments, double));
    default: return put_integer(to, c, take_integer(c, arguments));
    }
}

int cli_print(FILE *to, const char *format, ...) {
    int printed = 0;
    va_list arguments;
    va_start(arguments, format);
    while (*format) {
        size_t plain = strcspn(format, "%");
        printed += (int)fwrite(format, 1, plain, to);
        format += plain;
        if (!*format) break;
        format++;
        conversion c = take_conversion(&format, &arguments);
        printed += put_one(to, &c, &arguments);
    }
    va_end(arguments);
    return printed;
}

int cli_no_memory(void) {
    cli_print(stderr, "error: there is not enough memory\n");
    return CZM_ERROR_IO;
}

int cli_with_arena(int (*task)(czm_arena *arena, void *data), void *data) {
    jmp_buf out_of_memory;
    czm_arena *volatile arena = czm_arena_new(&out_of_memory);
    volatile int status = CZM_ERROR_IO;
    if (arena && setjmp(out_of_memory) == 0)
        status = task(arena, data);
    else
        cli_no_memory();
    czm_arena_free(arena);
    return status;
}

czm_report *cli_report_new(void) {
    czm_report *report = czm_report_new();
    if (!report)
        cli_no_memory();
    else
        czm_report_set_spelling(report, spellings, CZM_OPTION_COUNT);
    return report;
}

typedef struct text_file {
    const char *path, *text;
} text_file;

static int write_file(czm_arena *arena, void *data) {
    const text_file *f = data;
    czm_file *file = czm_file_create_beside(arena, f->path);
    if (file && czm_file_write_at(file, 0, f->text, strlen(f->text)) && czm_file_publish(file))
        return CZM_OK;
    cli_print(stderr, "error: %s: writing failed: %s\n", f->path, czm_file_error());
    return CZM_ERROR_IO;
}

bool cli_write_file(const char *path, const char *text) {
    if (!text) return cli_no_memory(), false;
    return cli_with_arena(write_file, &(text_file){path, text}) == CZM_OK;
}

bool cli_put_json(const char *json) {
    if (!json) return cli_no_memory(), false;
    return puts(json) >= 0;
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
        fputs(colour ? severities[f->severity].colour : "", stderr);
        fputs(severities[f->severity].word, stderr);
        fputs(colour ? "\033[0m" : "", stderr);
        cli_print(stderr, ": %s%s%s [%s]\n", f->where, *f->where ? ": " : "", f->finding, f->rule);
        cli_print(stderr, "  rule: %s\n", f->why);
        if (*f->hint) cli_print(stderr, "  fix:  %s\n", f->hint);
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
    cli_print(stdout, "  %-14s %-8.*s (%s)\n", c.name, (int)strcspn(c.version, "\n"), c.version,
              c.license);
}

void cli_print_version(void) {
    cli_print(stdout, "czmodel %s\nlicence Apache-2.0, CRC-32C by %s\nlinked libraries:\n",
              czm_version(), czm_acceleration());
    for (size_t i = 0; i < czm_component_count(); i++) print_component(czm_component_at(i));
    for (size_t i = 0; i < cli_image_component_count(); i++)
        print_component(cli_image_component_at(i));
}

bool cli_flush(void) {
    if (fflush(stdout) == 0 && !ferror(stdout)) return true;
    cli_print(stderr,
              "error: standard output cannot be written; the files of the command are complete\n");
    return false;
}

int cli_exit_status(czm_status status) {
    if (status == CZM_ERROR_CANCELLED && czm_signal_caught()) {
        cli_print(stderr, "stopped; nothing was written\n");
        czm_signal_die(czm_signal_caught());
    }
    return status <= CZM_ERROR_IO ? (int)status : CZM_ERROR_IO;
}
