// SPDX-License-Identifier: Apache-2.0
//
// Normalization: FusedBatchNorm(x, scale, offset, mean, variance) and LRN.
#include <math.h>

#include "onnx/ops.h"

// ---- with statistics that are known: a factor and a shift per channel

static bool read_statistics(czm_onnx_step *step, const float **in, size_t *channels) {
    for (size_t i = 1; i < 5; i++) {
        size_t count;
        in[i] = czm_in_floats(step, i, &count);
        if (!in[i] || (i > 1 && count != *channels)) return false;
        *channels = count;
    }
    return true;
}

static bool normalize_by_constants(czm_onnx_step *step) {
    const float *in[5];
    size_t channels = 0;
    if (!read_statistics(step, in, &channels)) return false;
    float *scale = CZM_NEW_ARRAY(step->arena, float, channels);
    float *shift = CZM_NEW_ARRAY(step->arena, float, channels);
    double epsilon = czm_attr_float(step->node, "epsilon");
    for (size_t i = 0; i < channels; i++) {
        double factor = (double)in[1][i] / sqrt((double)in[4][i] + epsilon);
        scale[i] = (float)factor;
        shift[i] = (float)((double)in[2][i] - (double)in[3][i] * factor);
    }
    czm_emit_affine(step, 0, scale, shift, channels);
    return true;
}

// ---- with statistics that are computed, from the image itself in training mode

// A vector along the channels, ready to be broadcast over the image as TensorFlow has it.
static const char *along_channels(czm_onnx_step *step, size_t input, int rank, bool is_second) {
    const char *name = czm_in_plain(step, input);
    if (!is_second) return name;
    int64_t dims[CZM_ONNX_MOST_DIMS] = {-1};
    for (int i = 1; i < rank - 1; i++) dims[i] = 1;
    return czm_emit_reshape(step, name, dims, rank - 1);
}

static const char *mean_of(czm_onnx_step *step, const char *image, int rank, bool is_second) {
    int64_t axes[CZM_ONNX_MOST_DIMS];
    int count = 0;
    for (int i = 0; i < rank; i++)
        if (i != (is_second ? 1 : rank - 1)) axes[count++] = i;
    const char *mean = czm_emit_with_axes(step, "ReduceMean", image, axes, count, 18);
    czm_onnx_set_int(step->arena, czm_last(step), "keepdims", 1);
    return mean;
}

static void normalize_by_computed(czm_onnx_step *step, int rank, bool is_second) {
    bool is_training = czm_attr_bool(step->node, "is_training");
    const char *image = czm_in_plain(step, 0);
    const char *mean = is_training ? mean_of(step, image, rank, is_second)
                                   : along_channels(step, 3, rank, is_second);
    const char *centred = CZM_EMIT(step, "Sub", image, mean);
    const char *variance =
        is_training ? mean_of(step, CZM_EMIT(step, "Mul", centred, centred), rank, is_second)
                    : along_channels(step, 4, rank, is_second);
    const char *epsilon = czm_number(step, CZM_DTYPE_FLOAT, czm_attr_float(step->node, "epsilon"));
    const char *deviation = CZM_EMIT(step, "Sqrt", CZM_EMIT(step, "Add", variance, epsilon));
    const char *normal = CZM_EMIT(step, "Div", centred, deviation);
    const char *scaled = CZM_EMIT(step, "Mul", normal, along_channels(step, 1, rank, is_second));
    czm_out(step, 0, CZM_EMIT(step, "Add", scaled, along_channels(step, 2, rank, is_second)));
}

void czm_onnx_batch_norm(czm_onnx_step *step) {
    int rank = czm_in(step, 0)->shape.rank;
    bool is_second = czm_attr_is(step->node, "data_format", "NCHW") ||
                     czm_attr_is(step->node, "data_format", "NCDHW");
    bool is_fixed = !czm_attr_bool(step->node, "is_training") && !is_second;
    if (is_fixed && normalize_by_constants(step)) return;
    if (rank < 3 || rank > CZM_ONNX_MOST_DIMS)
        czm_refuse(step, "the rank of its image is not known");
    else
        normalize_by_computed(step, rank, is_second);
}

// ---- over neighbouring channels

// TensorFlow adds up 2 * radius + 1 squares, ONNX takes their mean (core/kernels/lrn_op.cc).
void czm_onnx_local_response(czm_onnx_step *step) {
    int64_t size = 2 * czm_attr_int(step->node, "depth_radius") + 1;
    if (czm_in(step, 0)->shape.rank != 4) {
        czm_refuse(step, "the rank of its image is not known");
        return;
    }
    const char *name = CZM_EMIT(step, "LRN", czm_in_planar(step, 0));
    czm_onnx_node *node = czm_last(step);
    czm_onnx_set_int(step->arena, node, "size", size);
    czm_onnx_set_float(step->arena, node, "alpha",
                       czm_attr_float(step->node, "alpha") * (double)size);
    czm_onnx_set_float(step->arena, node, "beta", czm_attr_float(step->node, "beta"));
    czm_onnx_set_float(step->arena, node, "bias", czm_attr_float(step->node, "bias"));
    czm_out_planar(step, 0, name);
}
