// SPDX-License-Identifier: Apache-2.0
//
// Operations that work in any layout: elementwise ones choose one for all of their inputs; those that move numbers
// move images in planar layout, and all other tensors plain.
#ifndef CZM_ONNX_LAYOUT_H
#define CZM_ONNX_LAYOUT_H

#include "write/onnx/step.h"

// One element, and a vector along the channels: [C], or [1,...,1,C].
bool czm_onnx_is_single(const czm_onnx_value *value);
bool czm_onnx_is_vector(const czm_onnx_value *value);

// The layout in which a node is computed: planar if an image among its inputs is, and the others cost no more
// transpositions than the plain layout does.
typedef struct czm_onnx_layout {
    int rank; // of the result; CZM_UNKNOWN
    bool is_planar;
} czm_onnx_layout;

// The layout for all inputs, or for `count` inputs from number `first` on.
czm_onnx_layout czm_onnx_layout_of(const czm_onnx_step *step);
czm_onnx_layout czm_onnx_layout_among(const czm_onnx_step *step, size_t first, size_t count);

// An input in that layout, ready to be broadcast.
const char *czm_onnx_operand(czm_onnx_step *step, size_t input, czm_onnx_layout layout);

// The result of output 0.
void czm_onnx_put(czm_onnx_step *step, czm_onnx_layout layout, const char *name);

// ---- moving numbers

static inline void czm_onnx_out_layout(czm_onnx_step *step, size_t output, bool is_planar,
                                       const char *name) {
    if (is_planar)
        czm_onnx_out_planar(step, output, name);
    else
        czm_onnx_out(step, output, name);
}

static inline bool czm_onnx_is_planar_image(const czm_onnx_step *step, size_t input) {
    int rank = czm_onnx_in(step, input)->shape.rank;
    return rank > 2 && rank <= CZM_ONNX_MOST_DIMS && czm_onnx_in_is_planar(step, input);
}

static inline const char *czm_onnx_in_layout(czm_onnx_step *step, size_t input, bool is_planar) {
    return is_planar ? czm_onnx_in_planar(step, input) : czm_onnx_in_plain(step, input);
}

static inline int64_t czm_onnx_axis_in_layout(int64_t axis, int rank, bool is_planar) {
    if (axis < 0) axis += rank;
    return is_planar ? czm_onnx_planar_axis(axis, rank) : axis;
}

// `parts` ends with NULL.
static inline const char *czm_onnx_emit_concat(czm_onnx_step *step, const char **parts,
                                               int64_t axis) {
    const char *name = czm_onnx_emit(step, "Concat", parts);
    czm_onnx_set_int(step, "axis", axis);
    return name;
}

#endif
