// SPDX-License-Identifier: Apache-2.0
//
// Bicubic resizing. TensorFlow reads the weights of the four neighbours from a table with 1024 steps between two
// pixels (core/kernels/image/resize_bicubic_op.cc); ONNX's Resize computes them exactly: the results differ by up to
// 0.8 %. Therefore the four neighbours are gathered and weighted, first along the rows, then along the columns. All
// sizes may be open.
#include "view/resize.h"
#include "write/onnx/ops.h"
#include "write/onnx/window.h"

enum { NEIGHBOURS = 4 };

typedef struct direction {
    int axis;             // of the planar image
    const char *in, *out; // its sizes, as floating numbers
} direction;

static const char *number(czm_onnx_step *step, double value) {
    return czm_onnx_number(step, CZM_DTYPE_FLOAT, value);
}

static const char *element(czm_onnx_step *step, const char *of, int index) {
    return CZM_ONNX(step, "Gather", of, czm_onnx_number(step, CZM_DTYPE_INT64, index));
}

static const char *size_of(czm_onnx_step *step, int64_t known, const char *sizes, int index) {
    if (known != CZM_UNKNOWN) return number(step, (double)known);
    return czm_onnx_emit_cast(step, element(step, sizes, index), CZM_DTYPE_FLOAT);
}

static direction direction_of(czm_onnx_step *step, const czm_onnx_image *image, int space) {
    direction d = {.axis = space + 2};
    bool is_known = image->size[space] != CZM_UNKNOWN;
    const char *shape = is_known ? NULL : CZM_ONNX(step, "Shape", image->name);
    d.in = size_of(step, image->size[space], shape, d.axis);
    is_known = image->out_size[space] != CZM_UNKNOWN;
    const char *wanted = is_known ? NULL : czm_onnx_in_int64(step, 1);
    d.out = size_of(step, image->out_size[space], wanted, space);
    return d;
}

// The positions of the result's pixels in the image.
static const char *places(czm_onnx_step *step, const direction *d) {
    const char *in = d->in, *out = d->out, *one = number(step, 1), *half = number(step, 0.5);
    if (czm_resize_of(step->node).has_corners) {
        in = CZM_ONNX(step, "Sub", in, one);
        out = CZM_ONNX(step, "Max", CZM_ONNX(step, "Sub", out, one), one);
    }
    const char *pixels = CZM_ONNX(step, "Range", number(step, 0), d->out, one);
    const char *scale = CZM_ONNX(step, "Div", in, out);
    if (!czm_resize_of(step->node).has_centers) return CZM_ONNX(step, "Mul", pixels, scale);
    const char *centres = CZM_ONNX(step, "Mul", CZM_ONNX(step, "Add", pixels, half), scale);
    return CZM_ONNX(step, "Sub", centres, half);
}

// Keys' kernel at distances of 0 to 2: ((a + 2) d - (a + 3)) d^2 + 1 up to 1, a (d - 1) (d - 2)^2 after that.
static const char *kernel_at(czm_onnx_step *step, const char *d, double a) {
    const char *slope = CZM_ONNX(step, "Mul", d, number(step, a + 2));
    const char *inner = CZM_ONNX(step, "Sub", slope, number(step, a + 3));
    inner = CZM_ONNX(step, "Mul", inner, CZM_ONNX(step, "Mul", d, d));
    inner = CZM_ONNX(step, "Add", inner, number(step, 1));
    const char *left = CZM_ONNX(step, "Sub", d, number(step, 2));
    const char *outer = CZM_ONNX(step, "Sub", d, number(step, 1));
    outer = CZM_ONNX(step, "Mul", outer, CZM_ONNX(step, "Mul", left, left));
    outer = CZM_ONNX(step, "Mul", outer, number(step, a));
    return CZM_ONNX(step, "Where", CZM_ONNX(step, "LessOrEqual", d, number(step, 1)), inner, outer);
}

// Pixels outside the image have weight 0; the other weights add up to 1.
static const char *weights_inside(czm_onnx_step *step, const direction *d, const char *weights,
                                  const char *from) {
    const char *inside = CZM_ONNX(step, "And",
                                  CZM_ONNX(step, "GreaterOrEqual", from, number(step, 0)),
                                  CZM_ONNX(step, "Less", from, d->in));
    weights = CZM_ONNX(step, "Mul", weights, czm_onnx_emit_cast(step, inside, CZM_DTYPE_FLOAT));
    const char *sum =
        czm_onnx_emit_with_axes(step, "ReduceSum", weights, (const int64_t[]){0}, 1, 13);
    return CZM_ONNX(step, "Div", weights, sum);
}

// Along one direction: the sum of the neighbours, [4, out], by their weights, likewise.
static const char *weighted_sum(czm_onnx_step *step, const char *image, const direction *d,
                                const char *from, const char *weights) {
    const char *sum = NULL;
    for (int i = 0; i < NEIGHBOURS; i++) {
        const char *part = CZM_ONNX(step, "Gather", image, element(step, from, i));
        czm_onnx_set_int(step, "axis", d->axis);
        part = CZM_ONNX(step, "Mul", part, element(step, weights, i));
        sum = sum ? CZM_ONNX(step, "Add", sum, part) : part;
    }
    return sum;
}

static const char *resize_along(czm_onnx_step *step, const char *image, const direction *d) {
    static const float offsets[NEIGHBOURS] = {-1, 0, 1, 2};
    bool has_centers = czm_resize_of(step->node).has_centers;
    const char *at = places(step, d), *low = CZM_ONNX(step, "Floor", at);
    const char *steps = CZM_ONNX(step, "Mul", CZM_ONNX(step, "Sub", at, low), number(step, 1024));
    const char *rest = CZM_ONNX(step, "Div", CZM_ONNX(step, "Round", steps), number(step, 1024));
    const char *offset = czm_onnx_floats(step, offsets, (const int64_t[]){NEIGHBOURS, 1}, 2);
    const char *from = CZM_ONNX(step, "Add", low, offset);
    const char *distance = CZM_ONNX(step, "Abs", CZM_ONNX(step, "Sub", rest, offset));
    const char *weights = kernel_at(step, distance, has_centers ? -0.5 : -0.75);
    if (has_centers) weights = weights_inside(step, d, weights, from);
    if (d->axis == 2)
        weights = czm_onnx_emit_reshape(step, weights, (const int64_t[]){NEIGHBOURS, -1, 1}, 3);
    const char *last = CZM_ONNX(step, "Sub", d->in, number(step, 1));
    from = CZM_ONNX(step, "Min", CZM_ONNX(step, "Max", from, number(step, 0)), last);
    from = czm_onnx_emit_cast(step, from, CZM_DTYPE_INT64);
    return weighted_sum(step, image, d, from, weights);
}

void czm_onnx_resize_cubic(czm_onnx_step *step) {
    czm_onnx_image image;
    if (!czm_onnx_image_of(step, 0, &image)) return;
    const char *name = image.name;
    if (czm_onnx_in(step, 0)->dtype != CZM_DTYPE_FLOAT)
        name = czm_onnx_emit_cast(step, name, CZM_DTYPE_FLOAT);
    direction rows = direction_of(step, &image, 0), columns = direction_of(step, &image, 1);
    name = resize_along(step, name, &columns);
    czm_onnx_image_out(step, &image, 0, resize_along(step, name, &rows));
}
