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

static const char *mean_of(czm_onnx_step *step, const char *image, int rank, int channels) {
    int64_t axes[CZM_ONNX_MOST_DIMS] = {0};
    int count = 0;
    for (int i = 0; i < rank; i++)
        if (i != channels) axes[count++] = i;
    const char *mean = czm_emit_with_axes(step, "ReduceMean", image, axes, count, 18);
    czm_onnx_set_int(step->arena, czm_last(step), "keepdims", 1);
    return mean;
}

typedef struct statistics {
    const char *centred, *mean, *variance; // an image; ready to be broadcast over it
} statistics;

static statistics statistics_of(czm_onnx_step *step, const char *image, int rank, int channels) {
    statistics s = {0};
    s.mean = mean_of(step, image, rank, channels);
    s.centred = CZM_EMIT(step, "Sub", image, s.mean);
    s.variance = mean_of(step, CZM_EMIT(step, "Mul", s.centred, s.centred), rank, channels);
    return s;
}

static const char *as_vector(czm_onnx_step *step, const char *name) {
    return czm_emit_reshape(step, name, (const int64_t[]){-1}, 1);
}

// Channels first, as ONNX's own operation wants them.
static void normalize_planar(czm_onnx_step *step, int rank) {
    const char *image = czm_in_plain(step, 0), *mean, *variance;
    if (czm_attr_bool(step->node, "is_training")) {
        statistics s = statistics_of(step, image, rank, 1);
        mean = as_vector(step, s.mean);
        variance = as_vector(step, s.variance);
    } else {
        mean = czm_in_plain(step, 3);
        variance = czm_in_plain(step, 4);
    }
    czm_out(step, 0,
            CZM_EMIT(step, "BatchNormalization", image, czm_in_plain(step, 1),
                     czm_in_plain(step, 2), mean, variance));
    czm_onnx_set_float(step->arena, czm_last(step), "epsilon",
                       czm_attr_float(step->node, "epsilon"));
}

static void normalize_plain(czm_onnx_step *step, int rank) {
    const char *image = czm_in_plain(step, 0);
    statistics s;
    if (czm_attr_bool(step->node, "is_training"))
        s = statistics_of(step, image, rank, rank - 1);
    else
        s = (statistics){.centred = CZM_EMIT(step, "Sub", image, czm_in_plain(step, 3)),
                         .variance = czm_in_plain(step, 4)};
    const char *epsilon = czm_number(step, CZM_DTYPE_FLOAT, czm_attr_float(step->node, "epsilon"));
    const char *deviation = CZM_EMIT(step, "Sqrt", CZM_EMIT(step, "Add", s.variance, epsilon));
    const char *normal = CZM_EMIT(step, "Div", s.centred, deviation);
    const char *scaled = CZM_EMIT(step, "Mul", normal, czm_in_plain(step, 1));
    czm_out(step, 0, CZM_EMIT(step, "Add", scaled, czm_in_plain(step, 2)));
}

void czm_onnx_batch_norm(czm_onnx_step *step) {
    int rank = czm_in(step, 0)->shape.rank;
    bool is_second = czm_attr_is(step->node, "data_format", "NCHW") ||
                     czm_attr_is(step->node, "data_format", "NCDHW");
    bool is_fixed = !czm_attr_bool(step->node, "is_training") && !is_second;
    if (is_fixed && normalize_by_constants(step)) return;
    if (rank < 3 || rank > CZM_ONNX_MOST_DIMS)
        czm_refuse(step, "the rank of its image is not known");
    else if (is_second)
        normalize_planar(step, rank);
    else
        normalize_plain(step, rank);
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
