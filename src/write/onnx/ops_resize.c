// SPDX-License-Identifier: Apache-2.0
//
// Resizing: ONNX's Resize or, if it has no such mode, products of the image with one matrix for its rows (from the
// left) and one for its columns (from the right). Bicubic resizes are in ops_cubic.c.
#include <math.h>

#include "shape/linear.h"
#include "view/resize.h"
#include "write/onnx/ops.h"
#include "write/onnx/scope.h"
#include "write/onnx/window.h"

// ---- ResizeBilinear(images, size), ResizeNearestNeighbor(images, size)

// The factor of the size along height (0) or width (1); 0: not a whole number, or not known.
static int64_t whole_factor(const czm_onnx_step *step, const czm_onnx_image *image, int space) {
    int64_t in = image->size[space], out = image->out_size[space];
    czm_linear size;
    if (in > 0 && out > 0) return out % in == 0 ? out / in : 0;
    bool is_multiple =
        czm_linear_of(step->scope->shapes, step->node->inputs.items[1], (size_t)space, &size) &&
        czm_tensor_equal(size.of, step->node->inputs.items[0]) && size.offset == 0 &&
        size.dim == czm_onnx_image_dim(image, space) && size.factor > 0;
    return is_multiple ? size.factor : 0;
}

// ONNX's coordinate_transformation_mode for bilinear resizes (core/kernels/image/resize_bilinear_op.cc of TensorFlow;
// docs/Operators.md, Resize).
static const char *resize_coordinates(const czm_onnx_step *step) {
    czm_resize resize = czm_resize_of(step->node);
    return resize.has_corners ? "align_corners" : resize.has_centers ? "half_pixel" : "asymmetric";
}

// Sizes as [batch, channels, height, width]; unknown ones are computed.
static const char *resize_sizes(czm_onnx_step *step, const czm_onnx_image *image) {
    const int64_t wanted[] = {0, image->channels, image->out_size[0], image->out_size[1]};
    const char *shape = CZM_ONNX(step, "Shape", image->name);
    // not Slice, whose result onnx.checker treats as empty in an inner graph
    const char *front =
        CZM_ONNX(step, "Gather", shape, czm_onnx_ints(step, (const int64_t[]){0, 1}, 2));
    const char *size = image->out_size[0] != CZM_UNKNOWN && image->out_size[1] != CZM_UNKNOWN
                           ? czm_onnx_ints(step, wanted + 2, 2)
                           : czm_onnx_in_int64(step, 1);
    const char *sizes = CZM_ONNX(step, "Concat", front, size);
    czm_onnx_set_int(step, "axis", 0);
    return sizes;
}

// Factors as [batch, channels, height, width], which some engines handle better than sizes; NULL: they
// are not known, or rounding would give another size.
static const char *resize_factors(czm_onnx_step *step, const czm_onnx_image *image) {
    static const int64_t dims[] = {4};
    float *factors = CZM_NEW_ARRAY(step->arena, float, 4);
    factors[0] = factors[1] = 1;
    for (int i = 0; i < 2; i++) {
        factors[2 + i] = (float)whole_factor(step, image, i);
        if (factors[2 + i] > 0) continue;
        if (image->size[i] < 1 || image->out_size[i] < 1) return NULL;
        float factor = (float)image->out_size[i] / (float)image->size[i];
        factors[2 + i] = factor;
        // engines multiply in single precision, checkers in double
        if (factor * (float)image->size[i] != (float)image->out_size[i] ||
            (int64_t)((double)factor * (double)image->size[i]) != image->out_size[i])
            return NULL;
    }
    return czm_onnx_floats(step, factors, dims, 1);
}

// ---- nearest pixels by their indices: engines compute the place by other roundings than TensorFlow, which matters
// where it lies exactly between two pixels

static const char *scalar(czm_onnx_step *step, double number) {
    return czm_onnx_number(step, CZM_DTYPE_FLOAT, number);
}

static const char *known_places(czm_onnx_step *step, int64_t in, int64_t out) {
    const czm_resize resize = czm_resize_of(step->node);
    const float scale = czm_resize_scale(resize, in, out);
    int64_t *from = CZM_NEW_ARRAY(step->arena, int64_t, (size_t)out);
    for (int64_t i = 0; i < out; i++) {
        from[i] = czm_resize_nearest(resize, scale, i);
        if (from[i] >= in) from[i] = in - 1;
    }
    return czm_onnx_ints(step, from, (size_t)out);
}

// Entry `at` of a list of sizes, as float.
static const char *size_at(czm_onnx_step *step, const char *sizes, int at) {
    const char *index = czm_onnx_number(step, CZM_DTYPE_INT64, at);
    return czm_onnx_emit_cast(step, CZM_ONNX(step, "Gather", sizes, index), CZM_DTYPE_FLOAT);
}

// czm_resize_scale() of computed sizes
static const char *computed_scale(czm_onnx_step *step, const char *in, const char *out) {
    const char *ratio = CZM_ONNX(step, "Div", in, out), *one = scalar(step, 1);
    if (!czm_resize_of(step->node).has_corners) return ratio;
    const char *by_corners =
        CZM_ONNX(step, "Div", CZM_ONNX(step, "Sub", in, one), CZM_ONNX(step, "Sub", out, one));
    return CZM_ONNX(step, "Where", CZM_ONNX(step, "Greater", out, one), by_corners, ratio);
}

// czm_resize_nearest() of computed sizes
static const char *computed_places(czm_onnx_step *step, const char *in, const char *out) {
    czm_resize resize = czm_resize_of(step->node);
    const char *at = CZM_ONNX(step, "Range", scalar(step, 0), out, scalar(step, 1));
    if (resize.has_centers) at = CZM_ONNX(step, "Add", at, scalar(step, 0.5));
    at = CZM_ONNX(step, "Mul", at, computed_scale(step, in, out));
    const char *nearest = CZM_ONNX(step, "Floor", at);
    if (resize.has_corners) { // halves away from 0
        const char *rest = CZM_ONNX(step, "Sub", at, nearest);
        const char *is_up = CZM_ONNX(step, "GreaterOrEqual", rest, scalar(step, 0.5));
        nearest = CZM_ONNX(step, "Add", nearest, czm_onnx_emit_cast(step, is_up, CZM_DTYPE_FLOAT));
    }
    nearest = CZM_ONNX(step, "Min", nearest, CZM_ONNX(step, "Sub", in, scalar(step, 1)));
    return czm_onnx_emit_cast(step, nearest, CZM_DTYPE_INT64);
}

static const char *places_along(czm_onnx_step *step, const czm_onnx_image *image, int space) {
    enum { LARGEST = 1 << 16 };
    int64_t in = image->size[space], out = image->out_size[space];
    if (in > 0 && out > 0 && out <= LARGEST) return known_places(step, in, out);
    const char *shape = CZM_ONNX(step, "Shape", image->name);
    const char *wanted = size_at(step, czm_onnx_in_int64(step, 1), space);
    return computed_places(step, size_at(step, shape, space + 2), wanted);
}

// The columns first: most resizes enlarge, and rows are copied as blocks.
static void gather_nearest(czm_onnx_step *step, czm_onnx_image *image) {
    for (int space = 1; space >= 0; space--) {
        if (whole_factor(step, image, space) == 1) continue;
        const char *places = places_along(step, image, space);
        image->name = CZM_ONNX(step, "Gather", image->name, places);
        czm_onnx_set_int(step, "axis", 2 + space);
    }
    czm_onnx_image_out(step, image, 0, image->name);
}

// ---- Resize

// For whole factors, the nearest pixel is the same with and without centers; engines are up to 15 times as fast without.
static bool is_repetition(const czm_onnx_step *step, const czm_onnx_image *image) {
    czm_dtype dtype = czm_onnx_in(step, 0)->dtype; // Resize has no kernel for the largest
    return !czm_resize_of(step->node).has_corners && dtype != CZM_DTYPE_INT64 &&
           dtype != CZM_DTYPE_DOUBLE && whole_factor(step, image, 0) &&
           whole_factor(step, image, 1);
}

static const char *resized(czm_onnx_step *step, const czm_onnx_image *image,
                           const char *coordinates) {
    const char *factors = resize_factors(step, image);
    const char *none = step->opset < 13 ? czm_onnx_floats(step, NULL, (const int64_t[]){0}, 1) : "";
    const char *name =
        factors ? CZM_ONNX(step, "Resize", image->name, none, factors)
                : CZM_ONNX(step, "Resize", image->name, none, none, resize_sizes(step, image));
    czm_onnx_set_text(step, "mode", step->detail);
    czm_onnx_set_text(step, "coordinate_transformation_mode", coordinates);
    return name;
}

void czm_onnx_resize_nearest(czm_onnx_step *step) {
    czm_onnx_image image;
    if (!czm_onnx_image_of(step, 0, &image)) return;
    if (!is_repetition(step, &image)) {
        gather_nearest(step, &image);
        return;
    }
    const char *name = resized(step, &image, "asymmetric");
    czm_onnx_set_text(step, "nearest_mode", "floor");
    czm_onnx_image_out(step, &image, 0, name);
}

void czm_onnx_resize(czm_onnx_step *step) {
    czm_onnx_image image;
    if (!czm_onnx_image_of(step, 0, &image)) return;
    if (czm_onnx_in(step, 0)->dtype != step->outputs[0].dtype)
        image.name = czm_onnx_emit_cast(step, image.name, CZM_DTYPE_FLOAT);
    czm_onnx_image_out(step, &image, 0, resized(step, &image, resize_coordinates(step)));
}

// ---- two matrices

// The weight of each pixel of a row or column (`in`) for each pixel of the result (`out`).
typedef struct matrix {
    float *weights; // [out, in]
    int64_t out, in;
} matrix;

static matrix new_matrix(czm_onnx_step *step, int64_t out, int64_t in) {
    return (matrix){CZM_NEW_MATRIX(step->arena, float, out, in), out, in};
}

static const char *matrix_name(czm_onnx_step *step, const matrix *m) {
    return czm_onnx_floats(step, m->weights, (const int64_t[]){m->out, m->in}, 2);
}

static const char *transposed_name(czm_onnx_step *step, const matrix *m) {
    matrix t = new_matrix(step, m->in, m->out);
    for (int64_t i = 0; i < m->out; i++)
        for (int64_t k = 0; k < m->in; k++) t.weights[k * t.in + i] = m->weights[i * m->in + k];
    return matrix_name(step, &t);
}

// The image, if its size and that of the result are known and not too large.
static bool find_image(czm_onnx_step *step, czm_onnx_image *image) {
    enum { LARGEST = 1 << 14 };
    if (!czm_onnx_image_of(step, 0, image)) return false;
    for (int i = 0; i < 2; i++)
        if (image->size[i] < 1 || image->out_size[i] < 1 || image->size[i] > LARGEST ||
            image->out_size[i] > LARGEST) {
            czm_onnx_refuse_size(step, "the size of its image, or of its result, is not known");
            return false;
        }
    if (czm_onnx_in(step, 0)->dtype != CZM_DTYPE_FLOAT)
        image->name = czm_onnx_emit_cast(step, image->name, CZM_DTYPE_FLOAT);
    return true;
}

static void put_product(czm_onnx_step *step, const czm_onnx_image *image, const matrix *rows,
                        const matrix *columns) {
    const char *name = CZM_ONNX(step, "MatMul", image->name, transposed_name(step, columns));
    czm_onnx_out_planar(step, 0, CZM_ONNX(step, "MatMul", matrix_name(step, rows), name));
}

// ---- ScaleAndTranslate(images, size, scale, translation)

// Divides the weights of each result by their sum.
static void normalize(float *weights, int64_t count) {
    float sum = 0;
    for (int64_t i = 0; i < count; i++) sum += weights[i];
    if (fabsf(sum) < 1e-35F) return;
    for (int64_t i = 0; i < count; i++) weights[i] /= sum;
}

static int64_t clamped(float at, int64_t last) {
    return at < 0 ? 0 : at > (float)last ? last : (int64_t)at;
}

// ComputeSpansCore in core/kernels/image/scale_and_translate_op.cc.
static matrix spans(czm_onnx_step *step, const czm_scale_kernel *k, int64_t out, int64_t in,
                    float scale, float translation) {
    matrix m = new_matrix(step, out, in);
    float inverse = 1 / scale, shift = -inverse * translation;
    float width = czm_attr_bool(step->node, "antialias") && inverse > 1 ? inverse : 1;
    for (int64_t i = 0; i < out; i++) {
        float centre = ((float)i + 0.5F) * inverse + shift;
        if (centre < 0 || centre > (float)in) continue; // outside: black
        int64_t first = clamped(ceilf(centre - k->radius * width - 0.5F), in - 1);
        int64_t last = clamped(floorf(centre + k->radius * width - 0.5F), in - 1);
        for (int64_t at = first; at <= last; at++)
            m.weights[i * in + at] =
                k->weight(fabsf(((float)at + 0.5F - centre) / width), k->radius);
        normalize(m.weights + i * in, in);
    }
    return m;
}

void czm_onnx_scale(czm_onnx_step *step) {
    czm_onnx_image image;
    size_t scales, translations;
    const float *scale = czm_onnx_in_floats(step, 2, &scales);
    const float *translation = czm_onnx_in_floats(step, 3, &translations);
    const czm_scale_kernel *k = czm_scale_kernel_of(step->node);
    if (!find_image(step, &image)) return;
    if (!scale || !translation || !k || scales != 2 || translations != 2) {
        czm_onnx_refuse(step, "its scale, translation or kernel is not known");
        return;
    }
    matrix rows = spans(step, k, image.out_size[0], image.size[0], scale[0], translation[0]);
    matrix columns = spans(step, k, image.out_size[1], image.size[1], scale[1], translation[1]);
    put_product(step, &image, &rows, &columns);
}

// ---- ResizeArea(images, size)

// The share of each pixel in an area (core/kernels/image/resize_area_op.cc).
static matrix shares(czm_onnx_step *step, int64_t out, int64_t in) {
    matrix m = new_matrix(step, out, in);
    float scale = czm_resize_scale(czm_resize_of(step->node), in, out);
    for (int64_t i = 0; i < out; i++) {
        float begin = (float)i * scale, end = (float)(i + 1) * scale;
        int64_t last = (int64_t)ceilf(end) - 1;
        for (int64_t at = (int64_t)floorf(begin); at <= last; at++) {
            float share = fminf((float)at + 1, end) - fmaxf((float)at, begin);
            m.weights[i * in + (at < in ? at : in - 1)] += share / scale;
        }
    }
    return m;
}

void czm_onnx_resize_area(czm_onnx_step *step) {
    czm_onnx_image image;
    if (!find_image(step, &image)) return;
    matrix rows = shares(step, image.out_size[0], image.size[0]);
    matrix columns = shares(step, image.out_size[1], image.size[1]);
    put_product(step, &image, &rows, &columns);
}

// ---- CropAndResize(image, boxes, box_ind, crop_size)

// One direction of the crop: boxes and matrices are computed when the network runs.
typedef struct direction {
    int number; // 0 for rows, 1 for columns
    int64_t in, out;
    const char *matrix; // [boxes, 1, out, in] for rows, [boxes, 1, in, out] for columns
    const char *inside; // 1 for positions inside the image; the same shape with in = 1
} direction;

static const char *column_of(czm_onnx_step *step, const char *boxes, int64_t at) {
    return CZM_ONNX(step, "Slice", boxes, czm_onnx_int(step, at), czm_onnx_int(step, at + 1),
                    czm_onnx_int(step, 1));
}

static const char *numbers_upto(czm_onnx_step *step, int64_t count, bool is_column) {
    float *numbers = CZM_NEW_ARRAY(step->arena, float, (size_t)count);
    for (int64_t i = 0; i < count; i++) numbers[i] = (float)i;
    return czm_onnx_floats(step, numbers, (const int64_t[]){count, 1}, is_column ? 2 : 1);
}

// The positions of the result's pixels in the image, computed in the same order as in
// core/kernels/image/crop_and_resize_op.cc: the last bit may decide whether a position is outside.
static const char *places(czm_onnx_step *step, const direction *d) {
    const char *begin = column_of(step, czm_onnx_in_plain(step, 1), d->number);
    const char *end = column_of(step, czm_onnx_in_plain(step, 1), d->number + 2);
    const char *last = scalar(step, (double)(d->in - 1));
    if (d->out == 1) {
        const char *middle =
            CZM_ONNX(step, "Mul", CZM_ONNX(step, "Add", begin, end), scalar(step, 0.5));
        return CZM_ONNX(step, "Mul", middle, last);
    }
    const char *length = CZM_ONNX(step, "Mul", CZM_ONNX(step, "Sub", end, begin), last);
    const char *pace = CZM_ONNX(step, "Div", length, scalar(step, (double)(d->out - 1)));
    return CZM_ONNX(step, "Add", CZM_ONNX(step, "Mul", begin, last),
                    CZM_ONNX(step, "Mul", pace, numbers_upto(step, d->out, false)));
}

static const char *weights_at(czm_onnx_step *step, const char *at, const char *pixels) {
    if (czm_attr_is(step->node, "method", "nearest")) {
        const char *nearest = CZM_ONNX(step, "Floor", CZM_ONNX(step, "Add", at, scalar(step, 0.5)));
        return czm_onnx_emit_cast(step, CZM_ONNX(step, "Equal", nearest, pixels), CZM_DTYPE_FLOAT);
    }
    const char *distance = CZM_ONNX(step, "Abs", CZM_ONNX(step, "Sub", at, pixels));
    return CZM_ONNX(step, "Relu", CZM_ONNX(step, "Sub", scalar(step, 1), distance));
}

static void find_direction(czm_onnx_step *step, direction *d) {
    const int64_t rows[] = {-1, 1, d->out, 1}, columns[] = {-1, 1, 1, d->out};
    const char *at =
        czm_onnx_emit_reshape(step, places(step, d), d->number == 0 ? rows : columns, 4);
    const char *last = scalar(step, (double)(d->in - 1));
    d->matrix = weights_at(step, at, numbers_upto(step, d->in, d->number == 1));
    d->inside = CZM_ONNX(step, "And", CZM_ONNX(step, "GreaterOrEqual", at, scalar(step, 0)),
                         CZM_ONNX(step, "LessOrEqual", at, last));
}

void czm_onnx_crop(czm_onnx_step *step) {
    czm_onnx_image image;
    if (!find_image(step, &image)) return;
    direction rows = {.number = 0, .in = image.size[0], .out = image.out_size[0]};
    direction columns = {.number = 1, .in = image.size[1], .out = image.out_size[1]};
    find_direction(step, &rows);
    find_direction(step, &columns);
    const char *chosen = CZM_ONNX(step, "Gather", image.name, czm_onnx_in_plain(step, 2));
    const char *crops = CZM_ONNX(step, "MatMul", chosen, columns.matrix);
    crops = CZM_ONNX(step, "MatMul", rows.matrix, crops);
    const char *outside = scalar(step, czm_attr_float(step->node, "extrapolation_value"));
    const char *inside = CZM_ONNX(step, "And", rows.inside, columns.inside);
    czm_onnx_out_planar(step, 0, CZM_ONNX(step, "Where", inside, crops, outside));
}
