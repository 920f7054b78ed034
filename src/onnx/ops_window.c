// SPDX-License-Identifier: Apache-2.0
//
// Pooling, and resizing.
#include "onnx/ops.h"
#include "onnx/window.h"

void czm_onnx_pool(czm_onnx_step *step) {
    czm_onnx_image image;
    int64_t kernel[CZM_ONNX_MOST_DIMS], all[CZM_ONNX_MOST_DIMS];
    if (!czm_onnx_image_of(step, 0, &image)) return;
    size_t count = czm_attr_ints(step->node, "ksize", all, CZM_ONNX_MOST_DIMS);
    for (int i = 0; i < image.rank - 2; i++) {
        size_t at = (size_t)czm_onnx_image_dim(&image, i);
        kernel[i] = at < count ? all[at] : 1;
    }
    size_t channel = image.is_planar_in_tensorflow ? 1 : (size_t)image.rank - 1;
    if (channel < count && all[channel] != 1) {
        czm_refuse(step, "ONNX cannot pool along channels");
        return;
    }
    const char *name = CZM_EMIT(step, step->detail, image.name);
    czm_onnx_set_windows(step, &image, kernel);
    czm_onnx_image_out(step, &image, 0, name);
}

// Where TensorFlow takes a pixel from, in ONNX's words (core/kernels/image/resize_*_op.cc of
// TensorFlow; docs/Operators.md, Resize).
static const char *resize_coordinates(const czm_onnx_step *step) {
    if (czm_attr_bool(step->node, "align_corners")) return "align_corners";
    if (!czm_attr_bool(step->node, "half_pixel_centers")) return "asymmetric";
    bool is_nearest = czm_text_equal(step->detail, "nearest");
    return is_nearest && step->opset < 13 ? "tf_half_pixel_for_nn" : "half_pixel";
}

// floor(), but for align_corners, which rounds half away from zero. With centers, what
// TensorFlow's floor((x + 0.5) * scale) means is the rounding of (x + 0.5) * scale - 0.5.
static const char *resize_rounding(const czm_onnx_step *step) {
    if (czm_attr_bool(step->node, "align_corners")) return "round_prefer_ceil";
    bool has_centers = czm_attr_bool(step->node, "half_pixel_centers");
    return has_centers && step->opset >= 13 ? "round_prefer_ceil" : "floor";
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
        if (image->size[i] < 1 || image->out_size[i] < 1) return NULL;
        float factor = (float)image->out_size[i] / (float)image->size[i];
        factors[2 + i] = factor;
        if (factor * (float)image->size[i] != (float)image->out_size[i]) return NULL;
    }
    return czm_floats(step, factors, dims, 1);
}

// Keys' kernel with centers, and then without what lies outside (resize_bicubic_op.cc).
static void set_cubic(czm_onnx_step *step, czm_onnx_node *node) {
    bool has_centers = czm_attr_bool(step->node, "half_pixel_centers");
    czm_onnx_set_float(step->arena, node, "cubic_coeff_a", has_centers ? -0.5 : -0.75);
    czm_onnx_set_int(step->arena, node, "exclude_outside", has_centers);
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
    czm_onnx_set_text(step->arena, node, "mode", step->detail);
    czm_onnx_set_text(step->arena, node, "coordinate_transformation_mode",
                      resize_coordinates(step));
    if (czm_text_equal(step->detail, "nearest"))
        czm_onnx_set_text(step->arena, node, "nearest_mode", resize_rounding(step));
    if (czm_text_equal(step->detail, "cubic")) set_cubic(step, node);
    czm_onnx_image_out(step, &image, 0, name);
}
