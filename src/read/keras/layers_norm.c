// SPDX-License-Identifier: Apache-2.0
//
// Layers that normalise: by stored statistics, or by those of the image.
#include "read/keras/layers.h"
#include "read/keras/weight_source.h"

enum { MOST_RANK = CZM_KERAS_HIGHEST_RANK };

// The factor and the offset of a normalisation; node NULL: none.
typedef struct affine {
    czm_keras_tensor scale, offset;
} affine;

// A weight over `axes`, reshaped to fit the input; unchanged if the axis is the last one.
static czm_keras_tensor weight_along(czm_keras_call *c, const char *name, const char *suffix,
                                     const int64_t *axes, size_t count, size_t rank) {
    czm_keras_size sizes[MOST_RANK];
    const int64_t *dims = czm_keras_weight_dims(c, name, count);
    const char *read = czm_arena_format(c->arena, "%s/ReadVariableOp", suffix);
    czm_keras_tensor weight = czm_keras_weight_as(c, name, read, count);
    bool is_last = count == 1 && axes[0] == (int64_t)rank - 1;
    if (is_last) return weight;
    for (size_t i = 0; i < rank; i++) sizes[i] = czm_keras_known(1);
    for (size_t i = 0; i < count; i++) sizes[axes[i]] = czm_keras_known(dims[i]);
    return czm_keras_reshape(c, weight, sizes, rank);
}

static affine affine_along(czm_keras_call *c, const int64_t *axes, size_t count, size_t rank) {
    affine a = {0};
    if (czm_keras_has_weight(c, "gamma"))
        a.scale = weight_along(c, "gamma", "batchnorm/mul", axes, count, rank);
    if (czm_keras_has_weight(c, "beta"))
        a.offset = weight_along(c, "beta", "batchnorm", axes, count, rank);
    return a;
}

// tf.nn.batch_normalization: x * (scale / sqrt(variance + epsilon)) + (offset - mean * that).
static czm_keras_tensor normalise(czm_keras_call *c, czm_keras_tensor x, czm_keras_tensor mean,
                                  czm_keras_tensor variance, affine a) {
    double epsilon = czm_config_number(c->config, "epsilon", 1e-3);
    czm_keras_tensor sum = czm_keras_with(c, CZM_OP_AddV2, variance, epsilon);
    czm_keras_tensor factor = CZM_KERAS_OP(c, CZM_OP_Rsqrt, sum);
    if (a.scale) factor = CZM_KERAS_OP(c, CZM_OP_Mul, factor, a.scale);
    czm_keras_tensor scaled = CZM_KERAS_OP(c, CZM_OP_Mul, x, factor);
    czm_keras_tensor shift = CZM_KERAS_OP(c, CZM_OP_Mul, mean, factor);
    shift = a.offset ? CZM_KERAS_OP(c, CZM_OP_Sub, a.offset, shift)
                     : CZM_KERAS_OP(c, CZM_OP_Neg, shift);
    return CZM_KERAS_OP(c, CZM_OP_AddV2, scaled, shift);
}

// The axes of the layer; the last one if it names none.
static size_t axes_of(czm_keras_call *c, size_t rank, int64_t *axes) {
    const json_t *axis = czm_config_get(c->config, "axis");
    axes[0] = (int64_t)rank - 1;
    return axis ? czm_keras_axes(c, axis, rank, axes) : 1;
}

// The input in single precision at least, in which the layer then computes.
static czm_keras_tensor in_single(czm_keras_call *c) {
    if (c->dtype == CZM_DTYPE_HALF || c->dtype == CZM_DTYPE_BFLOAT16) c->dtype = CZM_DTYPE_FLOAT;
    return czm_keras_cast(c, "Cast", c->in[0], c->dtype);
}

// ---- batch normalisation

// In single precision for every type of the layer.
static czm_keras_tensor statistic(czm_keras_call *c, const char *name, const char *suffix,
                                  double absent, int64_t channels) {
    if (czm_keras_has_weight(c, name)) return czm_keras_weight_as(c, name, suffix, 1);
    double *values = CZM_NEW_ARRAY(c->arena, double, (size_t)channels);
    for (int64_t i = 0; i < channels; i++) values[i] = absent;
    return czm_keras_numbers(c, CZM_KERAS_CONST, c->dtype, values, &channels, 1);
}

static czm_keras_tensor fused(czm_keras_call *c, czm_keras_tensor x, bool is_first) {
    int64_t channels = czm_keras_weight_dims(c, "mean", 1)[0];
    czm_node *node =
        CZM_KERAS_NODE(c, CZM_OP_FusedBatchNormV3, x,
                       statistic(c, "gamma", CZM_KERAS_READ, 1, channels),
                       statistic(c, "beta", "ReadVariableOp_1", 0, channels),
                       statistic(c, "mean", "FusedBatchNormV3/ReadVariableOp", 0, channels),
                       statistic(c, "variance", "FusedBatchNormV3/ReadVariableOp_1", 0, channels));
    czm_set_bool(c->graph, node, "is_training", false);
    czm_set_string(c->graph, node, "data_format", is_first ? "NCHW" : "NHWC");
    czm_set_float(c->graph, node, "epsilon", (float)czm_config_number(c->config, "epsilon", 1e-3));
    return czm_keras_output(c, node, 0);
}

czm_keras_tensor czm_keras_build_batch_normalization(czm_keras_call *c) {
    int64_t axes[MOST_RANK];
    size_t rank = czm_keras_rank(c, c->in[0]);
    json_int_t mode = czm_config_int(c->config, "mode", 0);
    size_t count = axes_of(c, rank, axes);
    if (mode) czm_keras_fail(c, NULL, "mode %lld of Keras 1 is not supported", (long long)mode);
    czm_dtype outside = czm_keras_dtype(c->in[0]);
    bool is_half = outside == CZM_DTYPE_HALF || outside == CZM_DTYPE_BFLOAT16;
    bool is_fused = rank == 4 && count == 1 && (axes[0] == 3 || axes[0] == 1) &&
                    (outside == CZM_DTYPE_FLOAT || is_half);
    if (is_half) c->dtype = CZM_DTYPE_FLOAT;
    if (is_fused) return fused(c, c->in[0], axes[0] == 1);
    czm_keras_tensor x = czm_keras_cast(c, "Cast", c->in[0], c->dtype);
    czm_keras_tensor variance = weight_along(c, "variance", "batchnorm", axes, count, rank);
    czm_keras_tensor mean = weight_along(c, "mean", "batchnorm", axes, count, rank);
    czm_keras_tensor y = normalise(c, x, mean, variance, affine_along(c, axes, count, rank));
    return czm_keras_cast(c, "Cast", y, outside);
}

// ---- by the image's own statistics

typedef struct moments {
    czm_keras_tensor mean, variance;
} moments;

static moments moments_of(czm_keras_call *c, czm_keras_tensor x, const int64_t *axes,
                          size_t count) {
    moments m;
    m.mean = czm_keras_reduce(c, NULL, CZM_OP_Mean, x, axes, count, true);
    czm_keras_tensor mean = CZM_KERAS_OP(c, CZM_OP_StopGradient, m.mean);
    czm_keras_tensor squares = CZM_KERAS_OP(c, CZM_OP_SquaredDifference, x, mean);
    m.variance = czm_keras_reduce(c, NULL, CZM_OP_Mean, squares, axes, count, true);
    return m;
}

// x / sqrt(variance), without the mean.
static czm_keras_tensor rms_scaling(czm_keras_call *c, czm_keras_tensor x,
                                    czm_keras_tensor variance, const char *scale,
                                    const int64_t *axes, size_t count, double epsilon) {
    czm_keras_tensor sum = czm_keras_with(c, CZM_OP_AddV2, variance, epsilon);
    czm_keras_tensor y = CZM_KERAS_OP(c, CZM_OP_Mul, x, CZM_KERAS_OP(c, CZM_OP_Rsqrt, sum));
    return CZM_KERAS_OP(c, CZM_OP_Mul, y,
                        weight_along(c, scale, "mul_1", axes, count, czm_keras_rank(c, x)));
}

czm_keras_tensor czm_keras_build_rms_normalization(czm_keras_call *c) {
    int64_t axes[MOST_RANK];
    czm_dtype outside = c->dtype;
    czm_keras_tensor x = in_single(c);
    size_t rank = czm_keras_rank(c, x), count = axes_of(c, rank, axes);
    if (axes[0] != (int64_t)(rank - count)) // Keras does not reshape its weight for other axes
        czm_keras_fail(c, NULL, "only the last axes are supported");
    czm_keras_tensor mean = czm_keras_reduce(c, NULL, CZM_OP_Mean,
                                             CZM_KERAS_OP(c, CZM_OP_Square, x), axes, count, true);
    czm_keras_tensor y = rms_scaling(c, x, mean, "scale", axes, count,
                                     czm_config_number(c->config, "epsilon", 1e-6));
    return czm_keras_cast(c, "Cast", y, outside);
}

// Keras 2 normalises single precision over the last axes with the operation of batch normalisation, which
// has a smallest epsilon.
static bool is_by_batch(const czm_keras_call *c, const int64_t *axes, size_t count, size_t rank) {
    return c->b->file->major < 3 && axes[0] > 0 && axes[0] == (int64_t)(rank - count) &&
           c->dtype == CZM_DTYPE_FLOAT && czm_keras_dtype(c->in[0]) == CZM_DTYPE_FLOAT &&
           czm_config_number(c->config, "epsilon", 1e-3) >= 1.001e-5;
}

// How many elements the dimensions from `begin` to before `end` have together; end 0: to the last.
static czm_keras_tensor count_elements(czm_keras_call *c, czm_keras_tensor shape, int64_t begin,
                                       int64_t end) {
    czm_node *part =
        czm_keras_slices(c, shape, &begin, &end, NULL, 1, begin ? 0 : 1, begin ? 1 : 0);
    czm_node *product = CZM_KERAS_NODE(c, CZM_OP_Prod, czm_keras_output(c, part, 0),
                                       czm_keras_ints(c, CZM_KERAS_CONST, (const int64_t[]){0}, 1));
    czm_set_bool(c->graph, product, "keep_dims", false);
    return czm_keras_output(c, product, 0);
}

static czm_keras_tensor filled(czm_keras_call *c, const char *name, czm_keras_tensor count,
                               double value) {
    const char *packed = czm_arena_format(c->arena, "%s/packed", name);
    const char *constant = czm_arena_format(c->arena, "%s/Const", name);
    czm_node *shape = czm_keras_node(c, packed, CZM_OP_Pack, &count, 1);
    czm_set_int(c->graph, shape, "axis", 0);
    return CZM_KERAS_AS(c, name, CZM_OP_Fill, czm_keras_output(c, shape, 0),
                        czm_keras_number(c, constant, c->dtype, value));
}

// Reshapes the dimensions before the axes to channels, which are normalised, and the axes to pixels.
static czm_keras_tensor normalise_by_batch(czm_keras_call *c, czm_keras_tensor x,
                                           const int64_t *axes, size_t count, size_t rank) {
    czm_keras_tensor shape = CZM_KERAS_OP(c, CZM_OP_Shape, x);
    czm_keras_tensor before = count_elements(c, shape, 0, axes[0]);
    czm_keras_size sizes[] = {czm_keras_known(1),
                              {CZM_UNKNOWN, before},
                              {CZM_UNKNOWN, count_elements(c, shape, axes[0], 0)},
                              czm_keras_known(1)};
    czm_keras_tensor none[2]; // statistics, which this operation does not read
    for (size_t i = 0; i < 2; i++)
        none[i] = czm_keras_numbers(c, CZM_KERAS_CONST, c->dtype, NULL, &(int64_t){0}, 1);
    czm_node *node = CZM_KERAS_NODE(c, CZM_OP_FusedBatchNormV3, czm_keras_reshape(c, x, sizes, 4),
                                    filled(c, "ones", before, 1), filled(c, "zeros", before, 0),
                                    none[0], none[1]);
    czm_set_bool(c->graph, node, "is_training", true);
    czm_set_string(c->graph, node, "data_format", "NCHW");
    czm_set_float(c->graph, node, "epsilon", (float)czm_config_number(c->config, "epsilon", 1e-3));
    czm_keras_tensor y = CZM_KERAS_OP(c, CZM_OP_Reshape, czm_keras_output(c, node, 0), shape);
    if (czm_keras_has_weight(c, "gamma"))
        y = CZM_KERAS_OP(c, CZM_OP_Mul, y, weight_along(c, "gamma", "mul", axes, count, rank));
    if (czm_keras_has_weight(c, "beta"))
        y = CZM_KERAS_OP(c, CZM_OP_AddV2, y, weight_along(c, "beta", "add", axes, count, rank));
    return y;
}

czm_keras_tensor czm_keras_build_layer_normalization(czm_keras_call *c) {
    int64_t axes[MOST_RANK];
    czm_dtype outside = c->dtype;
    czm_keras_tensor x = in_single(c), y;
    size_t rank = czm_keras_rank(c, x), count = axes_of(c, rank, axes);
    if (is_by_batch(c, axes, count, rank)) return normalise_by_batch(c, x, axes, count, rank);
    moments m = moments_of(c, x, axes, count);
    if (czm_config_bool(c->config, "rms_scaling", false))
        y = rms_scaling(c, x, m.variance, "gamma", axes, count,
                        czm_config_number(c->config, "epsilon", 1e-3));
    else
        y = normalise(c, x, m.mean, m.variance, affine_along(c, axes, count, rank));
    return czm_keras_cast(c, "Cast", y, outside);
}

// The axis is split into the groups and the channels of a group.
czm_keras_tensor czm_keras_build_group_normalization(czm_keras_call *c) {
    int64_t axis, axes[MOST_RANK];
    size_t rank;
    czm_dtype outside = c->dtype;
    czm_keras_tensor x = in_single(c);
    czm_keras_size *sizes = czm_keras_sizes(c, x, &rank), wide[MOST_RANK + 1], own[MOST_RANK + 1];
    axes_of(c, rank, &axis);
    int64_t channels = rank ? sizes[axis].known : 0,
            groups = czm_config_int(c->config, "groups", 32);
    if (groups == -1) groups = channels;
    if (rank < 2 || rank >= MOST_RANK || axis < 1 || groups < 1 || channels < groups ||
        channels % groups) {
        czm_keras_fail_damaged(c, "%lld channels cannot be divided into %lld groups",
                               (long long)channels, (long long)groups);
        return c->in[0];
    }
    for (size_t i = 0, n = 0; i <= rank; i++) {
        bool is_group = i == (size_t)axis, is_rest = i == (size_t)axis + 1;
        wide[i] = is_group  ? czm_keras_known(groups)
                  : is_rest ? czm_keras_known(channels / groups)
                            : sizes[i - (i > (size_t)axis)];
        own[i] = is_group || is_rest ? wide[i] : czm_keras_known(1);
        if (i && !is_group) axes[n++] = (int64_t)i;
    }
    x = czm_keras_reshape(c, x, wide, rank + 1);
    moments m = moments_of(c, x, axes, rank - 1);
    affine a = {0};
    if (czm_keras_has_weight(c, "gamma"))
        a.scale = czm_keras_reshape(c, czm_keras_weight_as(c, "gamma", "Reshape/ReadVariableOp", 1),
                                    own, rank + 1);
    if (czm_keras_has_weight(c, "beta"))
        a.offset = czm_keras_reshape(c, czm_keras_weight_as(c, "beta", "Reshape/ReadVariableOp", 1),
                                     own, rank + 1);
    czm_keras_tensor y = czm_keras_reshape(c, normalise(c, x, m.mean, m.variance, a), sizes, rank);
    return czm_keras_cast(c, "Cast", y, outside);
}

czm_keras_tensor czm_keras_unit(czm_keras_call *c, czm_keras_tensor x, const int64_t *axes,
                                size_t count, double least) {
    czm_keras_tensor squares = CZM_KERAS_OP(c, CZM_OP_Square, x);
    czm_keras_tensor sum = czm_keras_reduce(c, NULL, CZM_OP_Sum, squares, axes, count, true);
    sum = czm_keras_with(c, CZM_OP_Maximum, sum, least > 0 ? least : 1e-12);
    return CZM_KERAS_OP(c, CZM_OP_Mul, x, CZM_KERAS_OP(c, CZM_OP_Rsqrt, sum));
}

czm_keras_tensor czm_keras_build_unit_normalization(czm_keras_call *c) {
    int64_t axes[MOST_RANK];
    size_t count = axes_of(c, czm_keras_rank(c, c->in[0]), axes);
    return czm_keras_unit(c, c->in[0], axes, count, 0);
}

// ---- by numbers of the configuration or the file

// The statistics of "mean" or "variance": from the file, or from the configuration.
static double *statistics(czm_keras_call *c, const char *name, size_t *count) {
    size_t index;
    double *numbers = NULL;
    *count = 0;
    if (czm_keras_layer_weight(c->layer, name, &index)) {
        czm_status status = czm_weight_numbers(c->b->context, c->b->file,
                                               &c->layer->weights.items[index], &numbers, count);
        if (status && !c->b->status) c->b->status = status;
        return numbers;
    }
    const json_t *value = czm_config_get(c->config, name);
    while (json_is_array(value) && json_is_array(json_array_get(value, 0)))
        value = json_array_get(value, 0);
    *count = json_is_array(value) ? json_array_size(value) : 1;
    numbers = CZM_NEW_ARRAY(c->arena, double, *count);
    for (size_t i = 0; i < *count; i++)
        numbers[i] = json_number_value(json_is_array(value) ? json_array_get(value, i) : value);
    return numbers;
}

// A constant that fits the input, over the axes that the layer normalises separately.
static czm_keras_tensor statistics_as(czm_keras_call *c, const char *name, const char *suffix,
                                      czm_keras_tensor x) {
    int64_t axes[MOST_RANK], dims[MOST_RANK];
    size_t count, rank = czm_keras_rank(c, x), kept = 0, product = 1;
    double *numbers = statistics(c, name, &count);
    const json_t *axis = czm_config_get(c->config, "axis");
    czm_shape shape = czm_keras_shape(c, x);
    if (axis && json_array_size(axis) + json_is_integer(axis))
        kept = czm_keras_axes(c, axis, rank, axes);
    for (size_t i = 0; i < rank; i++) dims[i] = 1;
    for (size_t i = 0; i < kept && count > 1; i++) {
        dims[axes[i]] = kept == 1 ? (int64_t)count : shape.dims[axes[i]];
        product *= (size_t)(dims[axes[i]] > 0 ? dims[axes[i]] : 0);
    }
    if (count == product && rank)
        return czm_keras_numbers(c, suffix, c->dtype, numbers, dims, rank);
    czm_keras_fail_damaged(c, "the layer has %zu numbers \"%s\", and %zu are expected", count, name,
                           product);
    return x;
}

czm_keras_tensor czm_keras_build_normalization(czm_keras_call *c) {
    czm_keras_tensor x = czm_keras_cast(c, "Cast", c->in[0], c->dtype);
    bool is_inverted = czm_config_bool(c->config, "invert", false);
    czm_keras_tensor mean = statistics_as(c, "mean", is_inverted ? "add/x" : "sub/y", x);
    czm_keras_tensor deviation =
        CZM_KERAS_OP(c, CZM_OP_Sqrt, statistics_as(c, "variance", "Sqrt/x", x));
    deviation = czm_keras_with(c, CZM_OP_Maximum, deviation, 1e-7);
    if (is_inverted)
        return CZM_KERAS_OP(c, CZM_OP_AddV2, mean, CZM_KERAS_OP(c, CZM_OP_Mul, x, deviation));
    return CZM_KERAS_OP(c, CZM_OP_RealDiv, CZM_KERAS_OP(c, CZM_OP_Sub, x, mean), deviation);
}

// A whole number is an integer in Keras' graph, and cast there.
static czm_keras_tensor factor(czm_keras_call *c, const char *key, double absent) {
    const json_t *value = czm_config_get(c->config, key);
    czm_keras_tensor out;
    if (json_is_integer(value))
        return czm_keras_cast(c, "Cast", czm_keras_int(c, "Cast/x", json_integer_value(value)),
                              c->dtype);
    if (!value) return czm_keras_number(c, "Cast/x", c->dtype, absent);
    if (czm_keras_constant(c, "Cast/x", c->dtype, value, &out)) return out;
    czm_keras_fail_damaged(c, "%s is not a number", key);
    return c->in[0];
}

czm_keras_tensor czm_keras_build_rescaling(czm_keras_call *c) {
    czm_keras_tensor x = czm_keras_cast(c, "Cast", c->in[0], c->dtype);
    czm_keras_tensor scaled = CZM_KERAS_OP(c, CZM_OP_Mul, x, factor(c, "scale", 1));
    return CZM_KERAS_OP(c, CZM_OP_AddV2, scaled, factor(c, "offset", 0));
}
