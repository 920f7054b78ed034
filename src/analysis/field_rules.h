// SPDX-License-Identifier: Apache-2.0
//
// What ops do to footprints, by name; which op does what is in field_rules.def.
//
// A rule turns the footprint of the node's image, which it finds in `seen`, into that of one of its
// outputs. It runs only if it is needed: where the image is bounded, no other input depends on
// pixels (unless the row says EVERY) and the shapes are complete. What it makes must have the shape
// of the output, or it counts for nothing.
#ifndef CZM_ANALYSIS_FIELD_RULES_H
#define CZM_ANALYSIS_FIELD_RULES_H

#include "analysis/footprint.h"

enum { CZM_EVERY_INPUT = -1 };

typedef struct czm_field_step {
    const czm_node *node;
    const czm_shapes *shapes;
    const czm_footprint *const *inputs; // of all inputs
    size_t image;                       // the first input that depends on pixels
    uint32_t output;                    // the one that is asked for
    int detail;                         // the last column of the op's row
    czm_shape in, out;                  // of the image and of the output
    czm_footprint seen;
} czm_field_step;

typedef struct czm_field_rule {
    const char *op;
    void (*see)(czm_field_step *step); // NULL: the output depends on no pixel
    int image;                         // number of the only input that may depend on pixels
    int detail;
} czm_field_rule;

extern const czm_field_rule czm_field_rules[];
extern const size_t czm_field_rule_count;

// Details of resizing: how many pixels around a place count.
typedef enum czm_resizing {
    CZM_NEAREST,
    CZM_LINEAR,
    CZM_CUBIC,
    CZM_AREA,
    CZM_BY_KERNEL
} czm_resizing;

// Details of windows: where their size is found.
typedef enum czm_window_size {
    CZM_BY_FILTER,
    CZM_BY_KSIZE,
    CZM_BY_KSIZES,
    CZM_BY_INPUTS
} czm_window_size;

// field_rules.c
void czm_see_elementwise(czm_field_step *step);
void czm_see_identities(czm_field_step *step);
void czm_see_reshape(czm_field_step *step);
void czm_see_transpose(czm_field_step *step);
void czm_see_concat(czm_field_step *step);
void czm_see_pack(czm_field_step *step);
void czm_see_split(czm_field_step *step);
void czm_see_unpack(czm_field_step *step);
void czm_see_slice(czm_field_step *step);
void czm_see_strided_slice(czm_field_step *step);
void czm_see_pad(czm_field_step *step);
void czm_see_roll(czm_field_step *step);
void czm_see_tile(czm_field_step *step);
void czm_see_gather(czm_field_step *step);
void czm_see_one_hot(czm_field_step *step);

// field_space.c
void czm_see_window(czm_field_step *step);
void czm_see_transposed_window(czm_field_step *step);
void czm_see_resize(czm_field_step *step);
void czm_see_space_to_batch(czm_field_step *step);
void czm_see_batch_to_space(czm_field_step *step);
void czm_see_space_to_depth(czm_field_step *step);
void czm_see_depth_to_space(czm_field_step *step);

// field_mix.c
void czm_see_last(czm_field_step *step);
void czm_see_along(czm_field_step *step);
void czm_see_reduce(czm_field_step *step);
void czm_see_arg_reduce(czm_field_step *step);
void czm_see_batch_norm(czm_field_step *step);
void czm_see_matmul(czm_field_step *step);
void czm_see_batch_matmul(czm_field_step *step);
void czm_see_einsum(czm_field_step *step);

// ---- for the rules

static inline void czm_see_unknown(czm_field_step *step) {
    czm_footprint_fail(&step->seen, CZM_FIELD_UNKNOWN);
}

// Element `index` of the value of an input; false if it is not known.
static inline bool czm_see_int(const czm_field_step *step, size_t input, size_t index,
                               int64_t *out) {
    if (input >= step->node->inputs.count) return false;
    czm_value value = czm_value_of(step->shapes, step->node->inputs.items[input]);
    return czm_value_int(value, index, out);
}

static inline czm_shape czm_see_shape(const czm_field_step *step, size_t input) {
    if (input >= step->node->inputs.count) return czm_shape_unknown();
    return czm_shape_of(step->shapes, step->node->inputs.items[input]);
}

// The footprint of an input, if it depends on pixels, else NULL.
static inline const czm_footprint *czm_see_input(const czm_field_step *step, size_t input) {
    return step->inputs[input]->kind == CZM_FIELD_NONE ? NULL : step->inputs[input];
}

// Outputs see what input number `input` does: `seen`, which has the dimensions of the output.
static inline void czm_see_also(czm_field_step *step, size_t input, const czm_footprint *seen) {
    if (input == step->image)
        step->seen = *seen;
    else
        czm_footprint_join(&step->seen, seen);
}

// A dimension as a number from 0 on; false if there is none such.
static inline bool czm_see_axis(int64_t axis, int rank, int *out) {
    *out = (int)(axis < 0 ? axis + rank : axis);
    return axis >= -rank && axis < rank;
}

#endif
