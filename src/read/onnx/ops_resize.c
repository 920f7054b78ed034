// SPDX-License-Identifier: Apache-2.0
//
// Resize and Upsample. TensorFlow 2.0.0 has exact equivalents of some of ONNX's modes; the others become products
// with a matrix of weights for each axis, or, for nearest neighbours, an index for each axis.
#include "read/onnx/import.h"

#include <math.h>

enum { LARGEST_REGION = 1 << 20 }; // in parts of the image

typedef enum coordinates {
    HALF_PIXEL,
    PYTORCH_HALF_PIXEL,
    ASYMMETRIC,
    ALIGN_CORNERS,
    TF_HALF_PIXEL,
    HALF_PIXEL_SYMMETRIC,
    TF_CROP,
    COORDINATES_COUNT
} coordinates;

static const char *const coordinate_names[COORDINATES_COUNT] = {
    "half_pixel",           "pytorch_half_pixel",   "asymmetric",         "align_corners",
    "tf_half_pixel_for_nn", "half_pixel_symmetric", "tf_crop_and_resize",
};

typedef enum rounding { PREFER_FLOOR, PREFER_CEIL, FLOOR, CEIL, OLD, ROUNDING_COUNT } rounding;

static const char *const rounding_names[] = {"round_prefer_floor", "round_prefer_ceil", "floor",
                                             "ceil"};

typedef struct axis_resize {
    bool changes;
    int64_t in, out;   // CZM_UNKNOWN
    double scale;      // 0: follows from the sizes
    double begin, end; // of the region that is cut out, in parts of the axis
} axis_resize;

typedef struct resize {
    bool is_nearest, is_cubic, excludes_outside, has_antialias;
    coordinates at;
    rounding round;
    double cubic;
    int rank;
    axis_resize axes[CZM_MOST_AXES]; // by ONNX axis
    czm_import_value *computed;      // sizes that are computed; NULL
} resize;

// ---- the parameters of the operation

static czm_status read_modes(czm_import_step *s, resize *r) {
    bool is_old = s->opset < 11;
    int at = is_old ? ASYMMETRIC : 0, round = is_old ? OLD : 0;
    while (!is_old && at < COORDINATES_COUNT &&
           !czm_import_text_is(s, "coordinate_transformation_mode", "half_pixel",
                               coordinate_names[at]))
        at++;
    while (!is_old && round < OLD &&
           !czm_import_text_is(s, "nearest_mode", "round_prefer_floor", rounding_names[round]))
        round++;
    r->is_nearest = czm_import_text_is(s, "mode", "nearest", "nearest");
    r->is_cubic = czm_import_text_is(s, "mode", "nearest", "cubic");
    r->excludes_outside = czm_import_int(s, "exclude_outside", 0) != 0;
    r->has_antialias = czm_import_int(s, "antialias", 0) != 0;
    r->cubic = czm_import_float(s, "cubic_coeff_a", -0.75);
    if (at == COORDINATES_COUNT || (!is_old && round == OLD))
        return czm_import_reject(s, NULL, "its coordinate_transformation_mode is not supported");
    r->at = (coordinates)at;
    r->round = (rounding)round;
    return CZM_OK;
}

static bool is_present(czm_import_step *s, const czm_import_value *v) {
    return v && czm_shape_count(czm_import_shape(s, v)) != 0;
}

static czm_status check_sizes(czm_import_step *s, const axis_resize *a) {
    bool is_possible = a->in <= INT32_MAX && a->out >= CZM_UNKNOWN && a->out <= INT32_MAX;
    return is_possible ? CZM_OK
                       : czm_import_reject(s, NULL, "%lld pixels cannot become %lld",
                                           (long long)a->in, (long long)a->out);
}

static czm_status take_scales(czm_import_step *s, resize *r, const int *axes, size_t count) {
    double attr[CZM_MOST_AXES];
    const double *scales = attr;
    size_t have = czm_import_floats(s, "scales", attr, CZM_MOST_AXES);
    size_t at = s->opset < 11 ? 1 : 2;
    if (have == 0)
        scales = czm_import_in(s, at)
                     ? czm_import_numbers(s, czm_import_in(s, at), CZM_MOST_AXES, &have)
                     : NULL;
    if (!scales || have != count)
        return czm_import_reject(s, "export the network with constant scales",
                                 "its scales are computed while the network runs");
    for (size_t i = 0; i < count; i++) {
        axis_resize *a = &r->axes[axes[i]];
        if (!(scales[i] > 0 && scales[i] < 4096))
            return czm_import_reject(s, NULL, "a scale of %g is not supported", scales[i]);
        CZM_TRY(check_sizes(s, a));
        a->changes = scales[i] != 1;
        a->scale = scales[i];
        a->out = a->in == CZM_UNKNOWN ? CZM_UNKNOWN
                                      : (int64_t)floorf((float)a->in * (float)scales[i]);
    }
    return CZM_OK;
}

static czm_status keep_aspect(czm_import_step *s, resize *r, const int *axes, size_t count) {
    bool is_larger = czm_import_text_is(s, "keep_aspect_ratio_policy", "stretch", "not_smaller");
    if (czm_import_text_is(s, "keep_aspect_ratio_policy", "stretch", "stretch")) return CZM_OK;
    double chosen = is_larger ? 0 : HUGE_VAL;
    for (size_t i = 0; i < count; i++) {
        const axis_resize *a = &r->axes[axes[i]];
        if (a->in <= 0 || a->out <= 0)
            return czm_import_reject(s, NULL, "keep_aspect_ratio_policy depends on an open size");
        double scale = (double)a->out / (double)a->in;
        if (is_larger ? scale > chosen : scale < chosen) chosen = scale;
    }
    for (size_t i = 0; i < count; i++) {
        axis_resize *a = &r->axes[axes[i]];
        a->scale = chosen;
        a->out = (int64_t)floor(chosen * (double)a->in + 0.5);
        a->changes = a->out != a->in;
    }
    return CZM_OK;
}

static czm_status take_sizes(czm_import_step *s, resize *r, const int *axes, size_t count) {
    int64_t sizes[CZM_MOST_AXES];
    czm_import_value *v = czm_import_in(s, 3);
    size_t have = czm_import_vector(s, v, sizes, CZM_MOST_AXES);
    if (have != count)
        return czm_import_reject(s, NULL, "it has %zu sizes for %zu axes", have, count);
    for (size_t i = 0; i < count; i++) {
        axis_resize *a = &r->axes[axes[i]];
        bool is_pixel = axes[i] >= 2 || r->rank != 4;
        a->out = sizes[i] == CZM_UNKNOWN_INT ? CZM_UNKNOWN : sizes[i];
        CZM_TRY(check_sizes(s, a));
        a->changes = is_pixel && (a->out == CZM_UNKNOWN || a->out != a->in);
        if (a->changes && a->out == CZM_UNKNOWN) r->computed = v;
    }
    return keep_aspect(s, r, axes, count);
}

// tf_crop_and_resize: all begins, then all ends.
static czm_status read_region(czm_import_step *s, resize *r, const int *axes, size_t count) {
    size_t have = 0;
    const double *region = czm_import_numbers(s, czm_import_in(s, 1), 2 * CZM_MOST_AXES, &have);
    if (!region || have != 2 * count)
        return czm_import_reject(s, "export the network with a constant region",
                                 "its region is computed while the network runs");
    for (size_t i = 0; i < count; i++) {
        double largest = fmax(fabs(region[i]), fabs(region[i + count]));
        if (!(largest <= LARGEST_REGION))
            return czm_import_reject(s, NULL, "a region from %g to %g is not supported", region[i],
                                     region[i + count]);
        r->axes[axes[i]].begin = region[i];
        r->axes[axes[i]].end = region[i + count];
    }
    return CZM_OK;
}

static czm_status read_resize(czm_import_step *s, resize *r) {
    czm_import_value *x = czm_import_in(s, 0);
    czm_shape shape = czm_import_shape(s, x);
    int64_t chosen[CZM_MOST_AXES];
    int axes[CZM_MOST_AXES];
    *r = (resize){.rank = czm_import_order(s, x).rank};
    size_t count = s->opset >= 18 ? czm_import_ints(s, "axes", chosen, CZM_MOST_AXES) : 0;
    if (count > CZM_MOST_AXES)
        return czm_import_reject(s, NULL, "%zu axes are not supported", count);
    for (int i = 0; i < r->rank; i++) {
        r->axes[i].in = r->axes[i].out = i < shape.rank ? shape.dims[i] : CZM_UNKNOWN;
        r->axes[i].end = 1;
        if (count == 0) axes[i] = i;
    }
    for (size_t i = 0; i < count; i++) CZM_TRY(czm_import_axis(s, chosen[i], r->rank, &axes[i]));
    if (count == 0) count = (size_t)r->rank;
    CZM_TRY(read_modes(s, r));
    if (r->at == TF_CROP) CZM_TRY(read_region(s, r, axes, count));
    CZM_TRY(s->opset >= 11 && is_present(s, czm_import_in(s, 3)) ? take_sizes(s, r, axes, count)
                                                                 : take_scales(s, r, axes, count));
    for (int i = 0; i < r->rank; i++)
        r->axes[i].changes |= r->axes[i].begin != 0 || r->axes[i].end != 1;
    return CZM_OK;
}

// ---- TensorFlow's own

static bool is_whole(double scale) { return scale >= 1 && scale == floor(scale); }

static double scale_of(const axis_resize *a) {
    if (a->scale > 0) return a->scale;
    return a->in > 0 && a->out > 0 ? (double)a->out / (double)a->in : 0;
}

// Whether output size and scale agree: TensorFlow has only sizes.
static bool is_exact(const axis_resize *a) {
    if (a->scale <= 0 || !a->changes) return true;
    if (a->in == CZM_UNKNOWN) return is_whole(a->scale);
    return fabs((double)a->out - (double)a->in * a->scale) < 1e-6;
}

static bool is_open(const resize *r) {
    return r->axes[2].in == CZM_UNKNOWN || r->axes[3].in == CZM_UNKNOWN || r->computed;
}

// What TensorFlow's nearest pixel with half_pixel_centers is: floor((i + 0.5) * in / out).
static bool rounds_centers(const resize *r) {
    return (r->at == HALF_PIXEL && r->round == PREFER_CEIL) ||
           (r->at == TF_HALF_PIXEL && r->round == FLOOR);
}

static bool rounds_corners(const resize *r) {
    return r->at == ALIGN_CORNERS && r->round == PREFER_CEIL;
}

// The operation that samples in the same way, or CZM_OP_OTHER.
static czm_op_kind own_operation(const resize *r) {
    const axis_resize *h = &r->axes[2], *w = &r->axes[3];
    bool grows = (!h->changes || scale_of(h) >= 1) && (!w->changes || scale_of(w) >= 1);
    bool is_repeated = (!h->changes || is_whole(scale_of(h))) &&
                       (!w->changes || is_whole(scale_of(w)));
    bool has_one = h->out == 1 || w->out == 1 || (r->computed != NULL);
    if (r->rank != 4 || r->axes[0].changes || r->axes[1].changes || r->is_cubic ||
        r->has_antialias || !is_exact(h) || !is_exact(w))
        return CZM_OP_OTHER;
    if (!r->is_nearest) {
        bool is_half = r->at == HALF_PIXEL || r->at == HALF_PIXEL_SYMMETRIC ||
                       (r->at == PYTORCH_HALF_PIXEL && !has_one);
        return is_half || r->at == ASYMMETRIC || r->at == ALIGN_CORNERS ? CZM_OP_ResizeBilinear
                                                                        : CZM_OP_OTHER;
    }
    bool is_floor = r->at == ASYMMETRIC && (r->round == FLOOR || (r->round == OLD && grows));
    bool is_half = (r->at == HALF_PIXEL || r->at == PYTORCH_HALF_PIXEL) &&
                   (r->round == PREFER_FLOOR || r->round == PREFER_CEIL);
    bool is_own = (is_repeated && (is_floor || is_half || rounds_centers(r))) ||
                  (is_open(r) && (is_floor || rounds_centers(r) || rounds_corners(r)));
    return is_own ? CZM_OP_ResizeNearestNeighbor : CZM_OP_OTHER;
}

// Height and width of the result, int32.
static czm_tensor own_size(czm_import_step *s, const resize *r, czm_tensor x) {
    czm_tensor parts[2], shape = {0}, computed = {0};
    int64_t known[] = {r->axes[2].out, r->axes[3].out};
    if (known[0] != CZM_UNKNOWN && known[1] != CZM_UNKNOWN) return czm_import_const(s, known, 2);
    size_t count = r->computed ? (size_t)czm_shape_count(czm_import_shape(s, r->computed)) : 0;
    if (count >= 2 && known[0] == CZM_UNKNOWN && known[1] == CZM_UNKNOWN) {
        int64_t begin = (int64_t)count - 2, end = (int64_t)count, one = 1;
        return czm_import_cast(s,
                               CZM_OUT(s, CZM_OP_StridedSlice, czm_import_plain(s, r->computed),
                                       czm_import_const(s, &begin, 1), czm_import_const(s, &end, 1),
                                       czm_import_const(s, &one, 1)),
                               CZM_DTYPE_INT32);
    }
    if (count) computed = czm_import_cast(s, czm_import_plain(s, r->computed), CZM_DTYPE_INT32);
    if (!count) shape = CZM_OUT(s, CZM_OP_Shape, x);
    for (int i = 0; i < 2; i++) {
        const axis_resize *a = &r->axes[2 + i];
        if (a->out != CZM_UNKNOWN) {
            parts[i] = czm_import_const_of(s, (int32_t)a->out);
        } else if (count) {
            parts[i] = czm_import_element(s, computed, (int64_t)count - 2 + i);
        } else {
            parts[i] = czm_import_element(s, shape, i + 1);
            if (a->changes)
                parts[i] =
                    CZM_OUT(s, CZM_OP_Mul, parts[i], czm_import_const_of(s, (int32_t)a->scale));
        }
    }
    return czm_output(czm_import_node(s, CZM_OP_Pack, parts, 2));
}

static czm_status resize_as_tensorflow(czm_import_step *s, const resize *r, czm_op_kind op) {
    czm_order order = czm_order_channels_last(4);
    czm_tensor x = czm_import_get(s, czm_import_in(s, 0), order);
    czm_node *node = CZM_NODE(s, op, x, own_size(s, r, x));
    bool is_half = r->at == HALF_PIXEL || r->at == HALF_PIXEL_SYMMETRIC ||
                   r->at == PYTORCH_HALF_PIXEL;
    if (r->is_nearest) is_half = is_open(r) && rounds_centers(r);
    if (!r->is_nearest || is_half || rounds_corners(r)) {
        czm_set_bool(s->run->graph, node, "half_pixel_centers", is_half);
        czm_set_bool(s->run->graph, node, "align_corners", r->at == ALIGN_CORNERS);
    }
    czm_tensor y = czm_output(node);
    czm_dtype dtype = czm_import_type(czm_import_in(s, 0)); // bilinear sampling gives float
    czm_import_put(s, 0, czm_import_cast(s, y, dtype), order);
    return CZM_OK;
}

// ---- by numbers

// In single precision, like ONNX Runtime: a rounding difference could select another pixel.
static float coordinate(const resize *r, const axis_resize *a, int64_t i) {
    float scale = (float)scale_of(a), in = (float)a->in, out = (float)a->out, x = (float)i;
    float half = (x + 0.5f) / scale - 0.5f, adjustment = out / (scale * in);
    switch (r->at) {
    case PYTORCH_HALF_PIXEL: return a->out > 1 ? half : 0;
    case ASYMMETRIC: return x / scale;
    case TF_HALF_PIXEL: return (x + 0.5f) / scale;
    case ALIGN_CORNERS: return a->out > 1 ? x * (in - 1) / (out - 1) : 0;
    case HALF_PIXEL_SYMMETRIC: return in / 2 * (1 - adjustment) + half;
    case TF_CROP:
        if (a->out == 1) return 0.5f * (float)(a->begin + a->end) * (in - 1);
        return (float)a->begin * (in - 1) + x * (float)(a->end - a->begin) * (in - 1) / (out - 1);
    default: return half;
    }
}

static bool is_outside(const resize *r, const axis_resize *a, int64_t i) {
    float x = r->at == TF_CROP ? coordinate(r, a, i) : 0;
    return x < 0 || x > (float)(a->in - 1);
}

static int64_t clamp(int64_t i, int64_t size) { return i < 0 ? 0 : i >= size ? size - 1 : i; }

static int64_t nearest(const resize *r, const axis_resize *a, int64_t i) {
    double x = (double)coordinate(r, a, i), at;
    switch (r->round) {
    case PREFER_FLOOR: at = ceil(x - 0.5); break;
    case PREFER_CEIL: at = floor(x + 0.5); break;
    case FLOOR: at = floor(x); break;
    case CEIL: at = ceil(x); break;
    default: at = scale_of(a) >= 1 ? floor(x) : ceil(x);
    }
    return clamp((int64_t)at, a->in);
}

static double kernel(const resize *r, double distance) {
    double d = fabs(distance), c = r->cubic;
    if (!r->is_cubic) return d < 1 ? 1 - d : 0;
    if (d <= 1) return ((c + 2) * d - (c + 3)) * d * d + 1;
    return d < 2 ? ((c * d - 5 * c) * d + 8 * c) * d - 4 * c : 0;
}

// One row of the matrix: the weight of each pixel for output pixel i.
static void fill_row(const resize *r, const axis_resize *a, int64_t i, double *row) {
    double x = (double)coordinate(r, a, i), scale = scale_of(a);
    double narrow = r->has_antialias && scale < 1 ? scale : 1;
    double reach = (r->is_cubic ? 2 : 1) / narrow, sum = 0;
    bool normalises = r->excludes_outside || narrow < 1;
    for (int64_t j = (int64_t)ceil(x - reach); j <= (int64_t)floor(x + reach); j++) {
        double weight = kernel(r, (x - (double)j) * narrow);
        if (r->excludes_outside && (j < 0 || j >= a->in)) weight = 0;
        row[clamp(j, a->in)] += weight;
        sum += weight;
    }
    for (int64_t j = 0; j < a->in && normalises && sum != 0; j++) row[j] /= sum;
}

static czm_tensor by_index(czm_import_step *s, const resize *r, int axis, czm_tensor x, int place) {
    const axis_resize *a = &r->axes[axis];
    int64_t *index = CZM_NEW_ARRAY(s->run->context->arena, int64_t, (size_t)a->out);
    for (int64_t i = 0; i < a->out; i++) index[i] = nearest(r, a, i);
    return CZM_OUT(s, CZM_OP_GatherV2, x, czm_import_const(s, index, (size_t)a->out),
                   czm_import_const_of(s, place));
}

// The axis as rows of a matrix: [before, in, after], times [out, in].
static czm_tensor by_matrix(czm_import_step *s, const resize *r, int axis, czm_tensor x,
                            int place) {
    const axis_resize *a = &r->axes[axis];
    czm_shape shape = czm_import_stored_shape(s, x);
    double *matrix = CZM_NEW_MATRIX(s->run->context->arena, double, a->out, a->in);
    for (int64_t i = 0; i < a->out; i++) fill_row(r, a, i, matrix + i * a->in);
    int64_t dims[] = {a->out, a->in}, after = 1;
    for (int k = place + 1; k < shape.rank; k++) after = czm_dim_multiply(after, shape.dims[k]);
    int64_t flat[] = {CZM_UNKNOWN, a->in, after}, back[CZM_MOST_AXES];
    czm_tensor rows = czm_import_reshape(s, x, flat, 3);
    czm_tensor y = CZM_OUT(s, CZM_OP_BatchMatMulV2,
                           czm_import_numbers_const(s, czm_tensor_dtype(x), matrix, dims, 2), rows);
    for (int k = 0; k < shape.rank; k++) back[k] = k == place ? a->out : shape.dims[k];
    return czm_import_reshape(s, y, back, (size_t)shape.rank);
}

// Beyond the image, the result is a fixed number: x * inside + number * (1 - inside).
static czm_tensor extrapolated(czm_import_step *s, const resize *r, czm_tensor x,
                               const czm_order *order) {
    double number = czm_import_float(s, "extrapolation_value", 0);
    for (int axis = 0; axis < r->rank && r->at == TF_CROP; axis++) {
        const axis_resize *a = &r->axes[axis];
        int64_t dims[CZM_MOST_AXES];
        double *inside = CZM_NEW_ARRAY(s->run->context->arena, double, (size_t)a->out + 1);
        bool is_whole_axis = true;
        for (int64_t i = 0; i < a->out && a->changes; i++) {
            inside[i] = !is_outside(r, a, i);
            is_whole_axis &= inside[i] != 0;
        }
        if (!a->changes || is_whole_axis) continue;
        for (int k = 0; k < r->rank; k++) dims[k] = order->axis[k] == axis ? a->out : 1;
        czm_tensor is_inside =
            czm_import_numbers_const(s, CZM_DTYPE_BOOL, inside, dims, (size_t)r->rank);
        x = CZM_OUT(s, CZM_OP_SelectV2, is_inside, x, czm_import_scalar(s, x, number));
    }
    return x;
}

static czm_status resize_by_numbers(czm_import_step *s, const resize *r) {
    enum { LARGEST = 1 << 22 };
    czm_import_value *v = czm_import_in(s, 0);
    czm_order order = r->rank == 4 ? czm_order_channels_last(4) : czm_import_order(s, v);
    czm_shape shape = czm_import_shape(s, v);
    czm_tensor x = czm_import_get(s, v, order);
    for (int axis = 0; axis < r->rank; axis++) {
        const axis_resize *a = &r->axes[axis];
        if (!a->changes) continue;
        bool is_open = r->computed || a->in < 1 || a->out < 1;
        for (int i = 1; i < shape.rank && !r->is_nearest; i++)
            is_open |= shape.dims[i] == CZM_UNKNOWN;
        is_open |= czm_import_stored_shape(s, x).rank != r->rank;
        if (is_open || a->in > LARGEST || a->out > LARGEST / a->in)
            return czm_import_reject(s, "export the network with a fixed size, or set the size",
                                     "this way of resizing is not supported for an open size");
        if (r->at == ALIGN_CORNERS && !is_exact(a))
            return czm_import_reject(s, "export the network with sizes in the place of scales",
                                     "align_corners with a scale of %g for %lld pixels: ONNX and "
                                     "ONNX Runtime compute different results",
                                     a->scale, (long long)a->in);
        int place = czm_order_place(&order, axis);
        x = r->is_nearest ? by_index(s, r, axis, x, place) : by_matrix(s, r, axis, x, place);
    }
    czm_import_put(s, 0, extrapolated(s, r, x, &order), order);
    return CZM_OK;
}

czm_status czm_import_op_resize(czm_import_step *s) {
    resize r;
    CZM_TRY(read_resize(s, &r));
    bool changes = false;
    for (int i = 0; i < r.rank; i++) changes |= r.axes[i].changes;
    czm_op_kind op = own_operation(&r);
    if (!changes) {
        czm_import_pass(s, 0, czm_import_in(s, 0));
        return CZM_OK;
    }
    return op ? resize_as_tensorflow(s, &r, op) : resize_by_numbers(s, &r);
}
