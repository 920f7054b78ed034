// SPDX-License-Identifier: Apache-2.0
//
// Pooling.
#include <float.h>
#include <math.h>

#include "view/window.h"
#include "write/onnx/ops.h"
#include "write/onnx/scope.h"
#include "write/onnx/window.h"

// The lowest number of an element type that can be pooled.
static double lowest(czm_dtype dtype) {
    if (czm_dtype_is_floating(dtype)) return -FLT_MAX;
    bool is_unsigned = dtype == CZM_DTYPE_UINT8 || dtype == CZM_DTYPE_UINT16;
    return is_unsigned ? 0 : -ldexp(1, 8 * (int)czm_dtype_size(dtype) - 1);
}

// Optimisers remove or move these nodes.
static bool is_transparent(const czm_onnx_node *node) {
    static const char *const ops[] = {"Identity", "Cast",      "Transpose", "Reshape",
                                      "Squeeze",  "Unsqueeze", "Slice"};
    for (size_t i = 0; node && i < CZM_COUNT_OF(ops); i++)
        if (czm_text_equal(node->op, ops[i])) return true;
    return false;
}

// ONNX Runtime 1.18 to 1.22 merge the zeros of a Pad into a pool, whose own padding is the lowest number or does not
// count. A comparison with the lowest number changes nothing, and keeps both apart.
static const char *apart_from_padding(czm_onnx_step *step, const char *image) {
    const czm_onnx_node *maker = czm_onnx_maker_of(step->translator, image);
    while (is_transparent(maker)) maker = czm_onnx_maker_of(step->translator, maker->inputs[0]);
    if (!maker || !czm_text_equal(maker->op, "Pad")) return image;
    czm_dtype dtype = czm_onnx_in(step, 0)->dtype;
    return CZM_ONNX(step, "Max", image, czm_onnx_number(step, dtype, lowest(dtype)));
}

static const char *emit_pool(czm_onnx_step *step, const czm_onnx_image *image,
                             const int64_t *kernel) {
    const char *name = CZM_ONNX(step, step->detail, image->name);
    czm_onnx_set_windows(step, image, kernel);
    return name;
}

// [1, 1, height, width] of the image, all 1.
static const char *ones_like(czm_onnx_step *step, const char *image, int rank) {
    int64_t axes[CZM_ONNX_MOST_DIMS];
    for (int i = 0; i < rank - 2; i++) axes[i] = i + 2;
    const char *size = CZM_ONNX(step, "Gather", CZM_ONNX(step, "Shape", image),
                                czm_onnx_ints(step, axes, (size_t)rank - 2));
    const char *shape =
        CZM_ONNX(step, "Concat", czm_onnx_ints(step, (const int64_t[]){1, 1}, 2), size);
    czm_onnx_set_int(step, "axis", 0);
    return CZM_ONNX(step, "Expand", czm_onnx_number(step, CZM_DTYPE_FLOAT, 1), shape);
}

// TensorFlow's mean of a window excludes the padding. If the padding is added to the image, the mean of the whole
// window is divided by the share of the window inside the image.
void czm_onnx_pool(czm_onnx_step *step) {
    czm_onnx_image image;
    int64_t kernel[CZM_ONNX_MOST_DIMS];
    czm_layout layout;
    if (!czm_onnx_image_of(step, 0, &image)) return;
    czm_onnx_kernel_of(step, &image, kernel);
    if (!czm_layout_of(step->node, image.rank, &layout) ||
        czm_windows_of(step->node, image.rank).along[layout.channel].size != 1) {
        czm_onnx_refuse(step, "ONNX cannot pool along channels");
        return;
    }
    bool is_max = czm_text_equal(step->detail, "MaxPool");
    bool is_whole = !is_max && czm_windows_of(step->node, image.rank).padding == CZM_PADDING_VALID;
    if (!is_whole) image.name = apart_from_padding(step, image.name);
    czm_dtype dtype = czm_onnx_in(step, 0)->dtype;
    if (is_max && image.rank == 4 && czm_dtype_size(dtype) == 8 && !czm_dtype_is_floating(dtype)) {
        czm_onnx_pool_slices(step, &image, kernel, lowest(dtype));
        return;
    }
    const char *bare = image.name;
    const char *amounts =
        czm_onnx_pad_open(step, &image, kernel, is_max ? lowest(czm_onnx_in(step, 0)->dtype) : 0);
    const char *name = emit_pool(step, &image, kernel);
    if (is_whole) czm_onnx_set_int(step, "count_include_pad", 1); // zeros of a Pad before it count
    if (amounts && !is_max) {
        czm_onnx_image mask = image;
        mask.name =
            czm_onnx_pad_by(step, ones_like(step, bare, image.rank), CZM_DTYPE_FLOAT, amounts, 0);
        name = CZM_ONNX(step, "Div", name, emit_pool(step, &mask, kernel));
    }
    czm_onnx_image_out(step, &image, 0, name);
}
