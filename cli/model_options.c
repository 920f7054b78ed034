// SPDX-License-Identifier: Apache-2.0
//
// Options that several commands share; see model_options.h.
#include "cli/model_options.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/bytes.h"
#include "cli/terminal.h"

void cli_model_option_rows(cli_model_options *m, cli_option *rows) {
    czm_options *o = &m->options;
    const cli_option shared[CLI_MODEL_OPTION_ROWS] = {
        {"signature", "NAME", "signature to use (default: serving_default, serve, or the only one)",
         &o->signature, NULL, NULL},
        {"output", "NAME", "output to use, if the signature has several", &o->output, NULL, NULL},
        {"layout", "ORDER",
         "image layout in an ONNX file: nchw or nhwc (default: from its operations)", &o->layout,
         NULL, NULL},
        {"config", "FILE", "JSON of model.to_json(), the architecture of a Keras file in HDF5",
         &o->config, NULL, NULL},
        {"spatial-dims", "H,W", "height and width of the new input, in pixels", &m->spatial_dims,
         NULL, NULL},
        {"preprocessing", "STEP", "insert a step before the network; may be repeated", NULL, NULL,
         &m->before},
        {"postprocessing", "STEP", "insert a step after the network; may be repeated", NULL, NULL,
         &m->after},
        {"border", "N|auto", "border in pixels, or auto: the required one (default: BorderSize)",
         &o->border, NULL, NULL},
        {"allow", "ID[,ID]", "treat errors of these rules as warnings; may be repeated", NULL, NULL,
         &m->allow_lists},
        {"strict", NULL, "treat warnings as errors, except those of --allow", NULL, &o->strict,
         NULL},
        CLI_MEMORY_ROW(&m->memory_text),
    };
    memcpy(rows, shared, sizeof shared);
}

// "512,512"
static bool parse_dims(const char *text, czm_options *o) {
    char *end;
    if (strspn(text, "0123456789,") != strlen(text)) return false;
    o->spatial_height = strtoll(text, &end, 10);
    if (*end != ',' || o->spatial_height < 1) return false;
    o->spatial_width = strtoll(end + 1, &end, 10);
    return *end == '\0' && o->spatial_width >= 1;
}

// Joins all lists and splits the result at its commas.
static bool split_allowed(cli_model_options *m) {
    size_t size = 1;
    for (size_t i = 0; i < m->allow_lists.count; i++) size += strlen(m->allow_lists.items[i]) + 1;
    m->allow_text = calloc(size, 1);
    if (!m->allow_text) return false;
    char *end = m->allow_text;
    for (size_t i = 0; i < m->allow_lists.count; i++) {
        size_t length = strlen(m->allow_lists.items[i]);
        if (i) *end++ = ',';
        memcpy(end, m->allow_lists.items[i], length);
        end += length;
    }
    size_t count = 0;
    for (char *at = m->allow_text; m->allow_lists.count && at; count++) {
        if (count == CLI_MOST_VALUES) return false;
        m->allowed[count] = at;
        at = strchr(at, ',');
        if (at) *at++ = '\0';
    }
    m->options.allow_count = count;
    return true;
}

bool cli_memory_take(const char *text, uint64_t *bytes, const char *command) {
    enum { MOST_DIGITS = 9, MEGABYTE = 1000000 };
    if (!text) return true;
    size_t digits = strspn(text, "0123456789");
    if (digits > 0 && digits <= MOST_DIGITS && text[digits] == '\0')
        *bytes = (uint64_t)strtoull(text, NULL, 10) * MEGABYTE;
    if (*bytes == 0)
        cli_print(stderr, "%s: --memory requires a number of MB, such as 500\n", command);
    return *bytes > 0;
}

bool cli_model_options_take(cli_model_options *m, const char *command) {
    czm_options *o = &m->options;
    if (m->spatial_dims && !parse_dims(m->spatial_dims, o)) {
        cli_print(stderr, "%s: --spatial-dims requires HEIGHT,WIDTH in pixels, such as 512,512\n",
                  command);
        return false;
    }
    if (!cli_memory_take(m->memory_text, &m->memory, command)) return false;
    if (!split_allowed(m)) {
        cli_print(stderr, "%s: --allow has too many values\n", command);
        return false;
    }
    o->preprocessing = m->before.items;
    o->preprocessing_count = m->before.count;
    o->postprocessing = m->after.items;
    o->postprocessing_count = m->after.count;
    o->allow = m->allowed;
    return true;
}

const char *cli_without_separators(czm_arena *arena, const char *path) {
    const char *clean = czm_path_join(arena, "", path);
    while (*czm_path_base(clean) == '\0') {
        const char *folder = czm_path_folder(arena, clean);
        if (strlen(folder) == strlen(clean)) break;
        clean = folder;
    }
    return clean;
}

const char *cli_name_of(czm_arena *arena, const char *path) {
    static const char *const endings[] = {".json", ".zip", ".onnx", ".keras", ".h5", ".hdf5"};
    const char *name = czm_path_base(cli_without_separators(arena, path));
    size_t size = strlen(name), ending = 0;
    for (size_t i = 0; i < CZM_COUNT_OF(endings); i++)
        if (czm_text_ends_but_case(name, endings[i])) ending = strlen(endings[i]);
    return czm_arena_format(arena, "%.*s", (int)(ending < size ? size - ending : size), name);
}

void cli_model_options_free(cli_model_options *m) { free(m->allow_text); }
