// SPDX-License-Identifier: Apache-2.0
//
// The metadata of a model, from the JSON specification or the caller's struct, and every rule that can be checked
// without the network. Read-only afterwards.
#ifndef CZM_SPEC_SPEC_H
#define CZM_SPEC_SPEC_H

#include "report/report.h"
#include "spec/format.h"
#include "spec/json_spec.h"

typedef struct czm_spec {
    const char *where; // its name in messages: the JSON file, or "metadata"
    bool is_struct;    // its keys have the names of struct members
    const char *model_path;
    const char *model_name;
    const char *color_handling; // NULL: not stated; only a .czann does not require it
    const char *pixel_type;     // likewise
    const char *postprocessing;
    czm_class *classes; // with colours
    size_t class_count;
    int64_t border_size;
    const char *test_image_path; // NULL: none
    const char *license_path;    // NULL: none
    const char *model_type;      // as a .czann calls it
    const double *scaling;       // metres per pixel: x, y[, z]
    size_t scaling_count;        // 0: not stated
    const int64_t *input_shape;  // height, width, channels as the author states them
    size_t input_rank;           // 0: not stated
    const int64_t *output_shape; // likewise
    size_t output_rank;
    bool
        is_later; // of the later form, for .czann files: values that only a .czmodel requires may be missing
    bool has_unit_range;  // the network expects pixels from 0 to 1, not the values of pixel_type
    const char *model_id; // NULL: not stated
    const int64_t *min_overlap; // by axis; if there is none, it is twice the border
    size_t min_overlap_count;
    const char *description;        // NULL: none
    const char *const *pixel_types; // of each channel; 0: there is only pixel_type
    size_t pixel_type_count;
    bool
        is_range_settled; // multiplied with the container's pixel values, it gives the values that the network expects
    bool has_before, has_after; // the steps of `edits` come from the specification
    czm_edits edits;            // those of the options, or else of the specification
} czm_spec;

// The name in messages of a key: as in the JSON, or, if the metadata are a struct, by its member: "BorderSize",
// "border_size".
const char *czm_spec_key(czm_arena *arena, const czm_spec *spec, const char *key);

// The place of a key, for messages: "spec.json: BorderSize".
const char *czm_spec_where(czm_arena *arena, const czm_spec *spec, const char *key);

// Reads options->source_path or options->metadata, and reports all faults.
CZM_MUST_CHECK czm_status czm_spec_read(czm_context *context, const czm_options *options,
                                        czm_spec *spec);

// The same for a struct, without checking the files that it names. `where` is its name in messages.
CZM_MUST_CHECK czm_status czm_spec_of_metadata(czm_context *context, const czm_options *options,
                                               const char *where, const czm_metadata *metadata,
                                               czm_spec *spec);

// Checks the rules of the values; findings are in the report.
void czm_spec_check(czm_context *context, const czm_spec *spec);

// A text for the XML; `where` is its place in messages.
void czm_spec_check_text(czm_context *context, const char *where, const char *text,
                         bool may_be_empty);

// Whether one of the steps before the network begins with this text.
bool czm_spec_has_step(const czm_spec *spec, const char *begin);

// Checks that the format's required values are present; missing ones are in the report.
CZM_MUST_CHECK czm_status czm_spec_check_format(czm_context *context, const czm_spec *spec,
                                                const czm_format *format);

// Whether the classes are those of pixels, so that the output has a channel for each; and whether the output is an
// image as large as the input. Both are false for unknown types.
bool czm_type_is_segmentation(const char *model_type);
bool czm_type_gives_image(const char *model_type);

// What the type requires of the output's values.
typedef enum czm_type_values {
    CZM_VALUES_FREE,
    CZM_VALUES_SUM_TO_ONE, // of each pixel's channels, each from 0 to 1
    CZM_VALUES_UNIT,       // each from 0 to 1
} czm_type_values;

czm_type_values czm_type_values_of(const char *name);

// The `index`-th colour: red, green, blue, then further ones; no colour repeats.
void czm_class_colour(size_t index, uint8_t rgb[3]);

// Whether a class has a colour other than the default colour of its position.
bool czm_class_has_own_colour(const czm_class *item, size_t index);

enum { CZM_MOST_CLASSES = 1530 };

#endif
