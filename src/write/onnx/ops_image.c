// SPDX-License-Identifier: Apache-2.0
//
// Ops that use one slice of the image for each position of a window: patches, and the dilation of grey morphology.
// And max pooling with positions.
#include <float.h>

#include "view/window.h"
#include "write/onnx/ops.h"
#include "write/onnx/window.h"

// ---- the positions of a window

enum { DIRECTIONS = 2 };

typedef struct places {
    czm_onnx_image image;
    int64_t kernel[DIRECTIONS], strides[DIRECTIONS], rates[DIRECTIONS];
} places;

// Height and width are the two dimensions in the middle.
static void read_steps(const czm_onnx_step *step, places *p) {
    czm_windows windows = czm_windows_of(step->node, 4);
    for (int i = 0; i < DIRECTIONS; i++) {
        p->strides[i] = windows.along[1 + i].stride;
        p->rates[i] = windows.along[1 + i].dilation;
    }
}

static int64_t extent_of(const places *p, int i) { return (p->kernel[i] - 1) * p->rates[i] + 1; }

// With `kernel` set, determines all other values, and pads the image with `outside`.
static bool find_places(czm_onnx_step *step, places *p, double outside) {
    enum { MOST_PLACES = 1024 };
    if (!czm_onnx_image_of(step, 0, &p->image)) return false;
    read_steps(step, p);
    if (p->kernel[0] < 1 || p->kernel[1] < 1 || p->kernel[0] > MOST_PLACES / p->kernel[1]) {
        czm_onnx_refuse_size(step, "its window is too large, or its size is not known");
        return false;
    }
    czm_onnx_pad_image(step, &p->image, p->kernel, outside);
    return true;
}

// The pixels at one position of each window; ends count from the end of the image.
static const char *slice_at(czm_onnx_step *step, const places *p, int64_t y, int64_t x) {
    const int64_t at[] = {y, x}, axes[] = {2, 3};
    int64_t begin[DIRECTIONS], end[DIRECTIONS];
    for (int i = 0; i < DIRECTIONS; i++) {
        begin[i] = at[i] * p->rates[i];
        end[i] = begin[i] + 1 - extent_of(p, i);
        if (end[i] == 0) end[i] = INT32_MAX;
    }
    return CZM_ONNX(step, "Slice", p->image.name, czm_onnx_ints(step, begin, DIRECTIONS),
                    czm_onnx_ints(step, end, DIRECTIONS), czm_onnx_ints(step, axes, DIRECTIONS),
                    czm_onnx_ints(step, p->strides, DIRECTIONS));
}

// The slices of all positions, row by row.
static const char **all_slices(czm_onnx_step *step, const places *p) {
    size_t count = (size_t)(p->kernel[0] * p->kernel[1]), used = 0;
    const char **slices = CZM_NEW_ARRAY(step->arena, const char *, count + 1);
    for (int64_t y = 0; y < p->kernel[0]; y++)
        for (int64_t x = 0; x < p->kernel[1]; x++) slices[used++] = slice_at(step, p, y, x);
    return slices;
}

// ---- patches, and morphology

void czm_onnx_patches(czm_onnx_step *step) { // ExtractImagePatches
    czm_windows windows = czm_windows_of(step->node, 4);
    places p = {.kernel = {windows.along[1].size, windows.along[2].size}};
    if (!find_places(step, &p, 0)) return;
    const char *name = czm_onnx_emit(step, "Concat", all_slices(step, &p));
    czm_onnx_set_int(step, "axis", 1);
    czm_onnx_out_planar(step, 0, name);
}

// The maximum of pixel plus filter, without pixels outside the image (core/kernels/dilation_ops.cc).
void czm_onnx_dilation(czm_onnx_step *step) { // Dilation2D(input, filter)
    places p = {.kernel = {0}};
    if (!czm_dtype_is_floating(czm_onnx_in(step, 0)->dtype)) { // integers have no minus infinity
        czm_onnx_refuse(step, "it dilates integers, which is not supported");
        return;
    }
    czm_shape filter = czm_onnx_in(step, 1)->shape; // [height, width, channels]
    for (int i = 0; i < DIRECTIONS && filter.rank == 3; i++) p.kernel[i] = filter.dims[i];
    if (!find_places(step, &p, -(double)FLT_MAX)) return;
    const char **slices = all_slices(step, &p);
    const int64_t dims[] = {p.kernel[0] * p.kernel[1], -1, 1, 1}, axis = 0;
    const char *rows = czm_onnx_emit_reshape(step, czm_onnx_in_plain(step, 1), dims, 4);
    for (int64_t i = 0; i < dims[0]; i++) {
        const char *row = CZM_ONNX(step, "Gather", rows, czm_onnx_int(step, i));
        czm_onnx_set_int(step, "axis", axis);
        slices[i] = CZM_ONNX(step, "Add", slices[i], row);
    }
    czm_onnx_out_planar(step, 0, czm_onnx_emit(step, "Max", slices));
}

void czm_onnx_pool_slices(czm_onnx_step *step, czm_onnx_image *image, const int64_t *kernel,
                          double lowest) {
    places p = {.image = *image, .kernel = {kernel[0], kernel[1]}};
    read_steps(step, &p);
    czm_onnx_pad_image(step, &p.image, kernel, lowest);
    czm_onnx_out_planar(step, 0, czm_onnx_emit(step, "Max", all_slices(step, &p)));
}

// ---- positions of maxima

// ONNX numbers elements as [n, c, h, w], TensorFlow as [h, w, c] of each image or of all images.
static const char *place_in_tensorflow(czm_onnx_step *step, const czm_onnx_image *image,
                                       const char *place) {
    int64_t channels = image->channels;
    int64_t area = czm_dim_multiply(image->size[0], image->size[1]);
    const char *pixel = CZM_ONNX(step, "Mod", place, czm_onnx_int(step, area));
    const char *plane = CZM_ONNX(step, "Div", place, czm_onnx_int(step, area));
    const char *channel = CZM_ONNX(step, "Mod", plane, czm_onnx_int(step, channels));
    const char *first = CZM_ONNX(step, "Mul", pixel, czm_onnx_int(step, channels));
    const char *result = CZM_ONNX(step, "Add", first, channel);
    if (!czm_attr_bool(step->node, "include_batch_in_index")) return result;
    const char *picture = CZM_ONNX(step, "Div", plane, czm_onnx_int(step, channels));
    const char *before =
        CZM_ONNX(step, "Mul", picture, czm_onnx_int(step, czm_dim_multiply(area, channels)));
    return CZM_ONNX(step, "Add", result, before);
}

void czm_onnx_pool_places(czm_onnx_step *step) { // MaxPoolWithArgmax
    czm_onnx_image image;
    int64_t kernel[DIRECTIONS];
    if (!czm_onnx_image_of(step, 0, &image)) return;
    if (image.size[0] < 1 || image.size[1] < 1 || image.channels < 1) {
        czm_onnx_refuse_size(step, "the size of its image is not known");
        return;
    }
    czm_onnx_kernel_of(step, &image, kernel);
    czm_onnx_out_planar(step, 0, CZM_ONNX(step, "MaxPool", image.name));
    czm_onnx_set_windows(step, &image, kernel);
    const char *place = place_in_tensorflow(step, &image, czm_onnx_emit_more(step));
    czm_dtype dtype = czm_attr_type(step->node, "Targmax");
    czm_onnx_out_planar(step, 1,
                        dtype == CZM_DTYPE_INT64 ? place : czm_onnx_emit_cast(step, place, dtype));
}
