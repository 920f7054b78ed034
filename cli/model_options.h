// SPDX-License-Identifier: Apache-2.0
//
// The options that several commands share: the choice of the network, changes to it, and the strictness of the
// checks.
#ifndef CZM_CLI_MODEL_OPTIONS_H
#define CZM_CLI_MODEL_OPTIONS_H

#include "base/os.h"
#include "cli/options.h"
#include "czm.h"

typedef struct cli_model_options {
    czm_options options; // complete after cli_model_options_take()
    uint64_t memory;     // likewise: bytes, for czm_report_set_memory()
    const char *spatial_dims, *memory_text;
    cli_values before, after, allow_lists;
    const char *allowed[CLI_MOST_VALUES];
    char *allow_text; // the text into which `allowed` points
} cli_model_options;

enum { CLI_MODEL_OPTION_ROWS = 11 };

// Rows of the commands for which the format matters; `o` points to czm_options.
#define CLI_FORMAT_ROWS(o)                                                                      \
    {"format",                                                                                  \
     "FORMAT",                                                                                  \
     "3.0.0, 3.1.0, czann-1.0.0, czann-1.1.0, czann-2.0.0 or czann-2.1.0 (default: what fits)", \
     &(o)->format,                                                                              \
     NULL,                                                                                      \
     NULL},                                                                                     \
        {"value-range",                                                                         \
         "RANGE",                                                                               \
         "what the network expects: raw (values of the pixel type) or unit (0 to 1)",           \
         &(o)->value_range,                                                                     \
         NULL,                                                                                  \
         NULL},                                                                                 \
    {                                                                                           \
        "zen", "VERSION", "the newest format that this ZEN accepts: 3.4, or \"core 3.3\"",      \
            &(o)->zen, NULL, NULL                                                               \
    }

// The row of the limit of memory, which every command that reads a model has, for cli_memory_take().
#define CLI_MEMORY_ROW(text)                                                                 \
    {                                                                                        \
        "memory", "MB", "memory that a model may need (default: in proportion to its size)", \
            (text), NULL, NULL                                                               \
    }

// Converts megabytes to bytes, unless `text` is NULL; false: it is not a number above 0, which is then reported.
bool cli_memory_take(const char *text, uint64_t *bytes, const char *command);

// The explanation of steps in the help of these commands.
#define CLI_STEPS                                                                              \
    "A preprocessing STEP is rgb-to-bgr, rgba-to-bgra, normalize=LOW,HIGH,\n"                  \
    "standardize=MEAN,DEVIATION, per-image-standardization, scale=V[,V...], shift=V[,V...],\n" \
    "transpose-channels=2,1,0 or model=PATH of a SavedModel;\n"                                \
    "a postprocessing STEP is softmax, sigmoid, sigmoid-to-softmax[=background-first] or\n"    \
    "model=PATH."

// Writes CLI_MODEL_OPTION_ROWS rows to `rows`.
void cli_model_option_rows(cli_model_options *m, cli_option *rows);

// Converts the parsed values to options; false after a fault, which was reported under the name `command`.
bool cli_model_options_take(cli_model_options *m, const char *command);

void cli_model_options_free(cli_model_options *m);

// A path without the separators at its end; those of a root, such as "C:/", belong to it.
const char *cli_without_separators(czm_arena *arena, const char *path);

// The name of a model from its path: the last part, without the extension of a file. (The "1" of a folder "unet-1.1"
// is not an ending.)
const char *cli_name_of(czm_arena *arena, const char *path);

#endif
