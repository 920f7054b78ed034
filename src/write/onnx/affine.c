// SPDX-License-Identifier: Apache-2.0
//
// x * scale + shift for each channel: folded into the convolution before it if nothing else reads that, else as nodes.
#include "write/onnx/layout.h"

static bool is_foldable(const czm_onnx_value *value, const float *scale, size_t channels) {
    return value->open && value->readers == 1 && value->open->channels == channels &&
           (value->open->weight || !scale);
}

// Merges into the convolution: (w * x + b) * scale + shift.
static void fold_affine(czm_onnx_step *step, czm_onnx_open *open, const float *scale,
                        const float *shift) {
    size_t count = open->channels;
    float *bias = CZM_NEW_ARRAY(step->arena, float, count);
    for (size_t i = 0; i < count; i++) {
        float before = open->bias ? open->bias[i] : 0, by = scale ? scale[i] : 1;
        bias[i] = before * by + (shift ? shift[i] : 0);
    }
    if (scale) {
        float *factor = CZM_NEW_ARRAY(step->arena, float, count);
        for (size_t i = 0; i < count; i++)
            factor[i] = (open->weight->scale ? open->weight->scale[i] : 1) * scale[i];
        open->weight->scale = factor;
        open->weight->scaled_dim = open->scaled_dim;
    }
    open->bias = bias;
    const int64_t dims[] = {(int64_t)count};
    const char **inputs = CZM_NEW_ARRAY(step->arena, const char *, 3);
    memcpy(inputs, open->node->inputs, 2 * sizeof *inputs);
    inputs[2] = czm_onnx_floats(step, bias, dims, 1);
    open->node->inputs = inputs;
    open->node->input_count = 3;
}

// [C] -> [C,1,1], or [C] unchanged for plain layout.
static const char *per_channel(czm_onnx_step *step, const float *numbers, size_t channels,
                               int space) {
    int64_t dims[CZM_ONNX_MOST_DIMS] = {(int64_t)channels};
    for (int i = 1; i <= space; i++) dims[i] = 1;
    return czm_onnx_floats(step, numbers, dims, 1 + space);
}

// One operation, with a mean of 0 and a deviation of 1, which engines join with neighbouring nodes.
static const char *emit_batch_norm(czm_onnx_step *step, const char *image, const float *scale,
                                   const float *shift, size_t channels) {
    float *none = CZM_NEW_ARRAY(step->arena, float, channels);
    float *one = CZM_NEW_ARRAY(step->arena, float, channels);
    for (size_t i = 0; i < channels; i++) one[i] = 1;
    const char *name =
        CZM_ONNX(step, "BatchNormalization", image, per_channel(step, scale, channels, 0),
                 per_channel(step, shift ? shift : none, channels, 0),
                 per_channel(step, none, channels, 0), per_channel(step, one, channels, 0));
    czm_onnx_set_float(step, "epsilon", 0);
    return name;
}

void czm_onnx_emit_affine(czm_onnx_step *step, size_t input, const float *scale, const float *shift,
                          size_t channels) {
    czm_onnx_value *value = czm_onnx_in(step, input);
    if (is_foldable(value, scale, channels)) {
        fold_affine(step, value->open, scale, shift);
        czm_onnx_out_value(step, 0, value);
        return;
    }
    bool is_planar = czm_onnx_in_is_planar(step, input);
    const char *name = is_planar ? value->planar : czm_onnx_plain_of(step, value);
    int space = is_planar ? value->shape.rank - 2 : 0;
    bool is_image = is_planar && space == 2 && scale;
    if (is_image) name = emit_batch_norm(step, name, scale, shift, channels);
    if (is_image) scale = shift = NULL;
    if (scale) name = CZM_ONNX(step, "Mul", name, per_channel(step, scale, channels, space));
    if (shift) name = CZM_ONNX(step, "Add", name, per_channel(step, shift, channels, space));
    czm_onnx_out_layout(step, 0, is_planar, name);
}
