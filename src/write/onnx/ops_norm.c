// SPDX-License-Identifier: Apache-2.0
//
// Normalization: FusedBatchNorm(x, scale, offset, mean, variance), the joined norms of passes/onnx/norms.h, and LRN.
#include <math.h>

#include "passes/onnx/norms.h"
#include "view/window.h"
#include "write/onnx/ops.h"
#include "write/onnx/scope.h"

// ---- with known statistics: a factor and a shift per channel

static bool read_statistics(czm_onnx_step *step, const float **in, size_t *channels) {
    for (size_t i = 1; i < 5; i++) {
        size_t count;
        in[i] = czm_onnx_in_floats(step, i, &count);
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
    czm_onnx_emit_affine(step, 0, scale, shift, channels);
    return true;
}

// ---- with computed statistics, in training mode from the image itself

static const char *mean_of(czm_onnx_step *step, const char *image, int rank, int channels) {
    int64_t axes[CZM_ONNX_MOST_DIMS] = {0};
    int count = 0;
    for (int i = 0; i < rank; i++)
        if (i != channels) axes[count++] = i;
    const char *mean = czm_onnx_emit_with_axes(step, "ReduceMean", image, axes, count, 18);
    czm_onnx_set_int(step, "keepdims", 1);
    return mean;
}

typedef struct statistics {
    const char *centred, *mean, *variance; // an image; ready to be broadcast over it
} statistics;

static statistics statistics_of(czm_onnx_step *step, const char *image, int rank, int channels) {
    statistics s = {0};
    s.mean = mean_of(step, image, rank, channels);
    s.centred = CZM_ONNX(step, "Sub", image, s.mean);
    s.variance = mean_of(step, CZM_ONNX(step, "Mul", s.centred, s.centred), rank, channels);
    return s;
}

static const char *as_vector(czm_onnx_step *step, const char *name) {
    return czm_onnx_emit_reshape(step, name, (const int64_t[]){-1}, 1);
}

// Channels first, as ONNX's own operation requires.
static void normalize_planar(czm_onnx_step *step, int rank) {
    const char *image = czm_onnx_in_plain(step, 0), *mean, *variance;
    if (czm_attr_bool(step->node, "is_training")) {
        statistics s = statistics_of(step, image, rank, 1);
        mean = as_vector(step, s.mean);
        variance = as_vector(step, s.variance);
    } else {
        mean = czm_onnx_in_plain(step, 3);
        variance = czm_onnx_in_plain(step, 4);
    }
    czm_onnx_out(step, 0,
                 CZM_ONNX(step, "BatchNormalization", image, czm_onnx_in_plain(step, 1),
                          czm_onnx_in_plain(step, 2), mean, variance));
    czm_onnx_set_float(step, "epsilon", czm_attr_float(step->node, "epsilon"));
}

static void normalize_plain(czm_onnx_step *step, int rank) {
    const char *image = czm_onnx_in_plain(step, 0);
    statistics s;
    if (czm_attr_bool(step->node, "is_training"))
        s = statistics_of(step, image, rank, rank - 1);
    else
        s = (statistics){.centred = CZM_ONNX(step, "Sub", image, czm_onnx_in_plain(step, 3)),
                         .variance = czm_onnx_in_plain(step, 4)};
    const char *epsilon =
        czm_onnx_number(step, CZM_DTYPE_FLOAT, czm_attr_float(step->node, "epsilon"));
    const char *deviation = CZM_ONNX(step, "Sqrt", CZM_ONNX(step, "Add", s.variance, epsilon));
    const char *normal = CZM_ONNX(step, "Div", s.centred, deviation);
    const char *scaled = CZM_ONNX(step, "Mul", normal, czm_onnx_in_plain(step, 1));
    czm_onnx_out(step, 0, CZM_ONNX(step, "Add", scaled, czm_onnx_in_plain(step, 2)));
}

void czm_onnx_batch_norm(czm_onnx_step *step) {
    int rank = czm_onnx_in(step, 0)->shape.rank;
    bool is_second = czm_is_channels_first(step->node);
    bool is_fixed = !czm_attr_bool(step->node, "is_training") && !is_second;
    if (is_fixed && normalize_by_constants(step)) return;
    if (rank < 3 || rank > CZM_ONNX_MOST_DIMS)
        czm_onnx_refuse(step, "the rank of its image is not known");
    else if (is_second)
        normalize_planar(step, rank);
    else
        normalize_plain(step, rank);
}

// ---- with statistics of each image (norms.h)

// [C] of a scale or shift.
static const char *vector_of(czm_onnx_step *step, size_t input) {
    const int64_t all = -1;
    size_t count;
    const float *numbers = czm_onnx_in_floats(step, input, &count);
    const int64_t dims[] = {numbers ? (int64_t)count : 0};
    return numbers ? czm_onnx_floats(step, numbers, dims, 1)
                   : czm_onnx_emit_reshape(step, czm_onnx_in_plain(step, input), &all, 1);
}

// The form of PyTorch's exporters, which ONNX Runtime joins; one operation from opset 17 on. ONNX Runtime moves a
// transposition through the mean, and then does not join the rest: after one, the rows become a matrix.
static const char *normal_rows(czm_onnx_step *step) {
    czm_shape shape = czm_onnx_in(step, 0)->shape;
    const int64_t rows[] = {-1, shape.dims[shape.rank - 1]};
    const char *x = czm_onnx_in_plain(step, 0), *scale = vector_of(step, 1),
               *shift = vector_of(step, 2);
    double epsilon = czm_attr_float(step->node, "epsilon");
    if (step->opset >= 17) {
        const char *y = CZM_ONNX(step, "LayerNormalization", x, scale, shift);
        czm_onnx_set_float(step, "epsilon", epsilon);
        return y;
    }
    const czm_onnx_node *maker = czm_onnx_maker_of(step->translator, x);
    const char *sizes = maker && czm_text_equal(maker->op, "Transpose") ? CZM_ONNX(step, "Shape", x)
                                                                        : NULL;
    if (sizes) x = czm_onnx_emit_reshape(step, x, rows, 2);
    const int64_t last = -1; // ONNX Runtime joins only this form
    const char *d =
        CZM_ONNX(step, "Sub", x, czm_onnx_emit_with_axes(step, "ReduceMean", x, &last, 1, 18));
    const char *squares = CZM_ONNX(step, "Pow", d, czm_onnx_number(step, CZM_DTYPE_FLOAT, 2));
    const char *variance = czm_onnx_emit_with_axes(step, "ReduceMean", squares, &last, 1, 18);
    const char *sum =
        CZM_ONNX(step, "Add", variance, czm_onnx_number(step, CZM_DTYPE_FLOAT, epsilon));
    const char *normal = CZM_ONNX(step, "Div", d, CZM_ONNX(step, "Sqrt", sum));
    const char *y = CZM_ONNX(step, "Add", CZM_ONNX(step, "Mul", normal, scale), shift);
    return sizes ? CZM_ONNX(step, "Reshape", y, sizes) : y;
}

static const char *emit_instance_norm(czm_onnx_step *step, const char *x, const char *scale,
                                      const char *shift) {
    const char *y = CZM_ONNX(step, "InstanceNormalization", x, scale, shift);
    czm_onnx_set_float(step, "epsilon", czm_attr_float(step->node, "epsilon"));
    return y;
}

static const char *constants(czm_onnx_step *step, int64_t count, float number) {
    float *numbers = CZM_NEW_ARRAY(step->arena, float, (size_t)count);
    for (int64_t i = 0; i < count; i++) numbers[i] = number;
    return czm_onnx_floats(step, numbers, &count, 1);
}

// Combines with a vector as [C,1,1]; omitted if all its elements are `neutral`.
static const char *with_vector(czm_onnx_step *step, const char *op, const char *image, size_t input,
                               float neutral) {
    const int64_t dims[] = {czm_onnx_in(step, 0)->shape.dims[3], 1, 1};
    size_t count = 0, same = 0;
    const float *numbers = czm_onnx_in_floats(step, input, &count);
    while (numbers && same < count && numbers[same] == neutral) same++;
    if (numbers && same == count) return image;
    return CZM_ONNX(step, op, image,
                    numbers ? czm_onnx_floats(step, numbers, dims, 3)
                            : czm_onnx_emit_reshape(step, czm_onnx_in_plain(step, input), dims, 3));
}

static const char *normal_channels(czm_onnx_step *step) {
    const char *shift = vector_of(step, 2), *scale = vector_of(step, 1);
    return emit_instance_norm(step, czm_onnx_in_planar(step, 0), scale, shift);
}

// Reshapes the image so that groups are its channels.
static const char *normal_groups(czm_onnx_step *step, int64_t groups) {
    const int64_t grouped[] = {0, groups, -1};
    const char *x = czm_onnx_in_planar(step, 0), *sizes = CZM_ONNX(step, "Shape", x);
    const char *zeros = constants(step, groups, 0), *ones = constants(step, groups, 1);
    const char *y =
        emit_instance_norm(step, czm_onnx_emit_reshape(step, x, grouped, 3), ones, zeros);
    y = CZM_ONNX(step, "Reshape", y, sizes);
    return with_vector(step, "Add", with_vector(step, "Mul", y, 1, 1), 2, 0);
}

void czm_onnx_norm_by_image(czm_onnx_step *step) {
    int64_t groups = czm_attr_int(step->node, CZM_ONNX_NORM_GROUPS);
    if (groups == 0)
        czm_onnx_out(step, 0, normal_rows(step));
    else if (groups == czm_onnx_in(step, 0)->shape.dims[3])
        czm_onnx_out_planar(step, 0, normal_channels(step));
    else
        czm_onnx_out_planar(step, 0, normal_groups(step, groups));
}

// ---- over neighbouring channels

// TensorFlow uses the sum of 2 * radius + 1 squares, ONNX their mean (core/kernels/lrn_op.cc).
void czm_onnx_local_response(czm_onnx_step *step) {
    int64_t size = 2 * czm_attr_int(step->node, "depth_radius") + 1;
    if (czm_onnx_in(step, 0)->shape.rank != 4) {
        czm_onnx_refuse(step, "the rank of its image is not known");
        return;
    }
    const char *name = CZM_ONNX(step, "LRN", czm_onnx_in_planar(step, 0));
    czm_onnx_set_int(step, "size", size);
    czm_onnx_set_float(step, "alpha", czm_attr_float(step->node, "alpha") * (double)size);
    czm_onnx_set_float(step, "beta", czm_attr_float(step->node, "beta"));
    czm_onnx_set_float(step, "bias", czm_attr_float(step->node, "bias"));
    czm_onnx_out_planar(step, 0, name);
}
