// SPDX-License-Identifier: Apache-2.0
//
// The rules by which ops change footprints. Each op's row in op/ops.def names its rule.
//
// A rule changes `seen` from the footprint of the node's image to the footprint of one output. It runs only if the
// image is bounded, no other input depends on pixels (unless the row says EVERY) and the shapes are complete. If the
// result does not have the shape of the output, it is ignored.
#ifndef CZM_ANALYSIS_FIELD_OPS_H
#define CZM_ANALYSIS_FIELD_OPS_H

#include "analysis/footprint.h"

enum { CZM_EVERY_INPUT = -1 };

typedef struct czm_field_step {
    const czm_node *node;
    const czm_shapes *shapes;
    const czm_footprint *const *inputs; // of all inputs
    size_t image;                       // the first input that depends on pixels
    uint32_t output;                    // the requested one
    int detail;                         // the last column of the op's row
    czm_shape in, out;                  // of the image and of the output
    czm_footprint seen;
} czm_field_step;

typedef struct czm_field_op {
    czm_op_kind op;
    void (*see)(czm_field_step *step); // NULL: it is not known what the output depends on
    int image;                         // number of the only input that may depend on pixels
    int detail;
} czm_field_op;

extern const czm_field_op czm_field_ops[CZM_OP_KIND_COUNT];

// Details of resizing: which neighbours an output pixel depends on.
typedef enum czm_resizing {
    CZM_NEAREST,
    CZM_LINEAR,
    CZM_CUBIC,
    CZM_AREA,
    CZM_BY_KERNEL
} czm_resizing;

// Details of windows: the source of their size.
typedef enum czm_window_size { CZM_BY_FILTER, CZM_BY_ATTRS, CZM_BY_INPUTS } czm_window_size;

// In field_array.c, field_space.c and field_mix.c.
#define OP(name, ...) __VA_ARGS__
#define SEE(rule, input, number) void czm_see_##rule(czm_field_step *step);
#include "op/ops.def"

// ---- for the rules

static inline void czm_see_unknown(czm_field_step *step) {
    czm_footprint_fail(&step->seen, CZM_FIELD_UNKNOWN);
}

static inline czm_value czm_see_value(const czm_field_step *step, size_t input) {
    if (input >= step->node->inputs.count) return (czm_value){0};
    return czm_value_of(step->shapes, step->node->inputs.items[input]);
}

// Element `index` of the value of an input; false if it is not known.
static inline bool czm_see_int(const czm_field_step *step, size_t input, size_t index,
                               int64_t *out) {
    return czm_value_int(czm_see_value(step, input), index, out);
}

static inline czm_shape czm_see_shape(const czm_field_step *step, size_t input) {
    if (input >= step->node->inputs.count) return czm_shape_unknown();
    return czm_shape_of(step->shapes, step->node->inputs.items[input]);
}

// The footprint of an input, if it depends on pixels, else NULL.
static inline const czm_footprint *czm_see_input(const czm_field_step *step, size_t input) {
    return step->inputs[input]->kind == CZM_FIELD_NONE ? NULL : step->inputs[input];
}

// Adds the pixels that input number `input` depends on: `seen`, which has the dimensions of the output.
static inline void czm_see_also(czm_field_step *step, size_t input, const czm_footprint *seen) {
    if (input == step->image)
        step->seen = *seen;
    else
        czm_footprint_join(&step->seen, seen);
}

#endif
