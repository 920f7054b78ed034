// SPDX-License-Identifier: Apache-2.0
//
// Shared by the ops that move numbers: images may be moved in planar layout, all other tensors are plain.
#ifndef CZM_ONNX_ARRAY_H
#define CZM_ONNX_ARRAY_H

#include "write/onnx/step.h"

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
