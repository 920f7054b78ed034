// SPDX-License-Identifier: Apache-2.0
//
// Pooling, and resizing.
#include <float.h>
#include <math.h>

#include "onnx/linear.h"
#include "onnx/ops.h"
#include "onnx/scope.h"
#include "onnx/window.h"
#include "view/window.h"

// The least number of an element type that can be pooled.
static double lowest(czm_dtype dtype) {
    if (czm_dtype_is_floating(dtype)) return -FLT_MAX;
    bool is_unsigned = dtype == CZM_DTYPE_UINT8 || dtype == CZM_DTYPE_UINT16;
    return is_unsigned ? 0 : -ldexp(1, 8 * (int)czm_dtype_size(dtype) - 1);
}

// Optimisers remove these nodes, or move them to another place.
static bool is_transparent(const czm_onnx_node *node) {
    static const char *const ops[] = {"Identity", "Cast",      "Transpose", "Reshape",
                                      "Squeeze",  "Unsqueeze", "Slice"};
    for (size_t i = 0; node && i < CZM_COUNT_OF(ops); i++)
        if (czm_text_equal(node->op, ops[i])) return true;
    return false;
}

// ONNX Runtime 1.18 to 1.22 merge the zeros of a Pad into a MaxPool, whose own padding is the lowest number.
// A comparison with the lowest number changes nothing, and keeps both apart.
static const char *apart_from_padding(czm_onnx_step *step, const char *image) {
    const czm_onnx_node *maker = czm_maker_of(step->translator, image);
    while (is_transparent(maker)) maker = czm_maker_of(step->translator, maker->inputs[0]);
    if (!maker || !czm_text_equal(maker->op, "Pad")) return image;
    czm_dtype dtype = czm_in(step, 0)->dtype;
    return CZM_EMIT(step, "Max", image, czm_number(step, dtype, lowest(dtype)));
}

static const char *emit_pool(czm_onnx_step *step, const czm_onnx_image *image,
                             const int64_t *kernel) {
    const char *name = CZM_EMIT(step, step->detail, image->name);
    czm_onnx_set_windows(step, image, kernel);
    return name;
}

// [1, 1, height, width] of the image, all 1.
static const char *ones_like(czm_onnx_step *step, const char *image, int rank) {
    int64_t axes[CZM_ONNX_MOST_DIMS];
    for (int i = 0; i < rank - 2; i++) axes[i] = i + 2;
    const char *size = CZM_EMIT(step, "Gather", CZM_EMIT(step, "Shape", image),
                                czm_ints(step, axes, (size_t)rank - 2));
    const char *shape = CZM_EMIT(step, "Concat", czm_ints(step, (const int64_t[]){1, 1}, 2), size);
    czm_onnx_set_int(step->arena, czm_last(step), "axis", 0);
    return CZM_EMIT(step, "Expand", czm_number(step, CZM_DTYPE_FLOAT, 1), shape);
}

// TensorFlow's mean of a window leaves the padding out. Where the padding is added to the image, the share of
// each window that lies in the image divides the mean of the whole window.
void czm_onnx_pool(czm_onnx_step *step) {
    czm_onnx_image image;
    int64_t kernel[CZM_ONNX_MOST_DIMS];
    czm_layout layout;
    if (!czm_onnx_image_of(step, 0, &image)) return;
    czm_onnx_kernel_of(step, &image, kernel);
    if (!czm_layout_of(step->node, image.rank, &layout) ||
        czm_windows_of(step->node, image.rank).along[layout.channel].size != 1) {
        czm_refuse(step, "ONNX cannot pool along channels");
        return;
    }
    bool is_max = czm_text_equal(step->detail, "MaxPool");
    if (is_max) image.name = apart_from_padding(step, image.name);
    czm_dtype dtype = czm_in(step, 0)->dtype;
    if (is_max && image.rank == 4 && czm_dtype_size(dtype) == 8 && !czm_dtype_is_floating(dtype)) {
        czm_onnx_pool_slices(step, &image, kernel, lowest(dtype));
        return;
    }
    const char *bare = image.name;
    const char *amounts =
        czm_onnx_pad_open(step, &image, kernel, is_max ? lowest(czm_in(step, 0)->dtype) : 0);
    const char *name = emit_pool(step, &image, kernel);
    if (amounts && !is_max) {
        czm_onnx_image mask = image;
        mask.name =
            czm_onnx_pad_by(step, ones_like(step, bare, image.rank), CZM_DTYPE_FLOAT, amounts, 0);
        name = CZM_EMIT(step, "Div", name, emit_pool(step, &mask, kernel));
    }
    czm_onnx_image_out(step, &image, 0, name);
}

// How many times as large the result is along height (0) or width (1); 0: not a whole number, or not known.
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

// Where TensorFlow takes a pixel from, in ONNX's words (core/kernels/image/resize_*_op.cc of
// TensorFlow; docs/Operators.md, Resize). The nearest pixel in an image that grows by whole factors is the same with
// centers or without, and engines are up to 15 times as fast without.
static const char *resize_coordinates(const czm_onnx_step *step, const czm_onnx_image *image) {
    if (czm_attr_bool(step->node, "align_corners")) return "align_corners";
    if (!czm_attr_bool(step->node, "half_pixel_centers")) return "asymmetric";
    if (!czm_text_equal(step->detail, "nearest")) return "half_pixel";
    if (whole_factor(step, image, 0) && whole_factor(step, image, 1)) return "asymmetric";
    return step->opset < 13 ? "tf_half_pixel_for_nn" : "half_pixel";
}

// floor(), but for align_corners, which rounds half away from zero. With centers, what
// TensorFlow's floor((x + 0.5) * scale) means is the rounding of (x + 0.5) * scale - 0.5.
static const char *resize_rounding(const char *coordinates) {
    bool is_floor = czm_text_equal(coordinates, "asymmetric") ||
                    czm_text_equal(coordinates, "tf_half_pixel_for_nn");
    return is_floor ? "floor" : "round_prefer_ceil";
}

// Sizes as [batch, channels, height, width]; those that are not known come from the network.
static const char *resize_sizes(czm_onnx_step *step, const czm_onnx_image *image) {
    const int64_t wanted[] = {0, image->channels, image->out_size[0], image->out_size[1]};
    const char *shape = CZM_EMIT(step, "Shape", image->name);
    // not Slice, of which onnx.checker thinks in an inner graph that nothing comes out
    const char *front = CZM_EMIT(step, "Gather", shape, czm_ints(step, (const int64_t[]){0, 1}, 2));
    const char *size = image->out_size[0] != CZM_UNKNOWN && image->out_size[1] != CZM_UNKNOWN
                           ? czm_ints(step, wanted + 2, 2)
                           : czm_in_int64(step, 1);
    const char *sizes = CZM_EMIT(step, "Concat", front, size);
    czm_onnx_set_int(step->arena, czm_last(step), "axis", 0);
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
    return czm_floats(step, factors, dims, 1);
}

void czm_onnx_resize(czm_onnx_step *step) {
    czm_onnx_image image;
    if (!czm_onnx_image_of(step, 0, &image)) return;
    if (czm_in(step, 0)->dtype != CZM_DTYPE_FLOAT)
        image.name = czm_emit_cast(step, image.name, CZM_DTYPE_FLOAT);
    const char *factors = resize_factors(step, &image);
    const char *none = step->opset < 13 ? czm_floats(step, NULL, (const int64_t[]){0}, 1) : "";
    const char *name =
        factors ? CZM_EMIT(step, "Resize", image.name, none, factors)
                : CZM_EMIT(step, "Resize", image.name, none, none, resize_sizes(step, &image));
    czm_onnx_node *node = czm_last(step);
    const char *coordinates = resize_coordinates(step, &image);
    czm_onnx_set_text(step->arena, node, "mode", step->detail);
    czm_onnx_set_text(step->arena, node, "coordinate_transformation_mode", coordinates);
    if (czm_text_equal(step->detail, "nearest"))
        czm_onnx_set_text(step->arena, node, "nearest_mode", resize_rounding(coordinates));
    czm_onnx_image_out(step, &image, 0, name);
}
