// SPDX-License-Identifier: Apache-2.0
//
// Windows over images; see window.h.
#include "write/onnx/window.h"

#include "shape/linear.h"
#include "view/window.h"
#include "write/onnx/scope.h"

int czm_onnx_image_dim(const czm_onnx_image *image, int space) {
    return space + (image->is_planar_in_tensorflow ? 2 : 1);
}

static int64_t dim_of(czm_shape shape, int index) {
    return shape.rank == CZM_UNKNOWN || index >= shape.rank ? CZM_UNKNOWN : shape.dims[index];
}

bool czm_onnx_image_of(czm_onnx_step *step, size_t input, czm_onnx_image *image) {
    czm_onnx_value *value = czm_onnx_in(step, input);
    bool is_volume = strstr(step->node->op, "3D") != NULL;
    *image = (czm_onnx_image){.rank = is_volume ? 5 : 4};
    image->is_planar_in_tensorflow = czm_is_channels_first(step->node);
    if (value->shape.rank != image->rank) {
        czm_onnx_refuse(step, "the shape of its image is not known");
        return false;
    }
    image->channels = value->shape.dims[image->is_planar_in_tensorflow ? 1 : image->rank - 1];
    for (int i = 0; i < image->rank - 2; i++) {
        image->size[i] = dim_of(value->shape, czm_onnx_image_dim(image, i));
        image->out_size[i] = dim_of(czm_onnx_out_shape(step, 0), czm_onnx_image_dim(image, i));
        if (image->size[i] <= INT32_MAX && image->out_size[i] <= INT32_MAX) continue;
        czm_onnx_refuse(step, "TensorFlow has no images of more than 2^31 - 1 pixels in a row");
        return false;
    }
    image->name = image->is_planar_in_tensorflow ? czm_onnx_plain_of(step, value)
                                                 : czm_onnx_planar_of(step, value);
    return true;
}

void czm_onnx_image_out(czm_onnx_step *step, const czm_onnx_image *image, size_t output,
                        const char *name) {
    if (image->is_planar_in_tensorflow)
        czm_onnx_out(step, output, name);
    else
        czm_onnx_out_planar(step, output, name);
}

void czm_onnx_kernel_of(const czm_onnx_step *step, const czm_onnx_image *image, int64_t *kernel) {
    czm_windows all = czm_windows_of(step->node, image->rank);
    for (int i = 0; i < image->rank - 2; i++)
        kernel[i] = all.along[czm_onnx_image_dim(image, i)].size;
}

typedef struct windows {
    czm_padding padding;
    czm_window along[CZM_ONNX_MOST_DIMS]; // the spatial dimensions
    int64_t strides[CZM_ONNX_MOST_DIMS], dilations[CZM_ONNX_MOST_DIMS];
    int64_t pads[2 * CZM_ONNX_MOST_DIMS]; // all befores, then all afters
    bool is_open;                         // the pads depend on an unknown size
} windows;

static void set_pads(windows *w, int space, int i) {
    w->pads[i] = w->along[i].before;
    w->pads[i + space] = w->along[i].after;
}

static windows windows_of(const czm_onnx_step *step, const czm_onnx_image *image,
                          const int64_t *kernel) {
    czm_windows all = czm_windows_of(step->node, image->rank);
    windows w = {.padding = all.padding};
    for (int i = 0; i < image->rank - 2; i++) {
        czm_window *along = &w.along[i];
        int64_t size = image->size[i], count;
        *along = all.along[czm_onnx_image_dim(image, i)];
        along->size = kernel[i];
        w.strides[i] = along->stride;
        w.dilations[i] = along->dilation;
        if (all.padding == CZM_PADDING_SAME) {
            w.is_open |= size == CZM_UNKNOWN && along->stride > 1 && kernel[i] > 1;
            czm_window_count(along, all.padding, size, &count);
            czm_window_pad_same(along, size, count);
        }
        set_pads(&w, image->rank - 2, i);
    }
    return w;
}

// ((in - 1) / stride * stride + extent - in), or 0 if that is negative: half of it, rounded down, before.
static const char *open_amounts(czm_onnx_step *step, const czm_onnx_image *image,
                                const windows *w) {
    size_t space = (size_t)image->rank - 2;
    int64_t extents[CZM_ONNX_MOST_DIMS], axes[CZM_ONNX_MOST_DIMS];
    for (size_t i = 0; i < space; i++) {
        extents[i] = czm_window_reach(&w->along[i]);
        axes[i] = (int64_t)i + 2;
    }
    const char *strides = czm_onnx_ints(step, w->strides, space);
    const char *in = CZM_ONNX(step, "Gather", CZM_ONNX(step, "Shape", image->name),
                              czm_onnx_ints(step, axes, space));
    const char *last =
        CZM_ONNX(step, "Div", CZM_ONNX(step, "Sub", in, czm_onnx_int(step, 1)), strides);
    const char *reached = CZM_ONNX(step, "Add", CZM_ONNX(step, "Mul", last, strides),
                                   czm_onnx_ints(step, extents, space));
    const char *total =
        CZM_ONNX(step, "Max", CZM_ONNX(step, "Sub", reached, in), czm_onnx_int(step, 0));
    const char *before = CZM_ONNX(step, "Div", total, czm_onnx_int(step, 2));
    const char *none = czm_onnx_ints(step, (const int64_t[]){0, 0}, 2);
    const char *amounts =
        CZM_ONNX(step, "Concat", none, before, none, CZM_ONNX(step, "Sub", total, before));
    czm_onnx_set_int(step, "axis", 0);
    return amounts;
}

const char *czm_onnx_pad_by(czm_onnx_step *step, const char *of, czm_dtype dtype,
                            const char *amounts, double value) {
    const char *name = CZM_ONNX(step, "Pad", of, amounts, czm_onnx_number(step, dtype, value));
    czm_onnx_set_text(step, "mode", "constant");
    return name;
}

const char *czm_onnx_pad_open(czm_onnx_step *step, czm_onnx_image *image, const int64_t *kernel,
                              double value) {
    windows w = windows_of(step, image, kernel);
    if (!w.is_open) return NULL;
    const char *amounts = open_amounts(step, image, &w);
    image->name = czm_onnx_pad_by(step, image->name, czm_onnx_in(step, 0)->dtype, amounts, value);
    image->is_padded = true;
    return amounts;
}

void czm_onnx_pad_image(czm_onnx_step *step, czm_onnx_image *image, const int64_t *kernel,
                        double value) {
    int64_t pads[2 * CZM_ONNX_MOST_DIMS] = {0};
    int space = image->rank - 2;
    if (czm_onnx_pad_open(step, image, kernel, value)) return;
    windows w = windows_of(step, image, kernel);
    for (int i = 0; i < space; i++) {
        pads[2 + i] = w.pads[i];
        pads[image->rank + 2 + i] = w.pads[space + i];
    }
    const char *amounts = czm_onnx_ints(step, pads, 2 * (size_t)image->rank);
    image->name = czm_onnx_pad_by(step, image->name, czm_onnx_in(step, 0)->dtype, amounts, value);
    image->is_padded = true;
}

void czm_onnx_set_windows(czm_onnx_step *step, const czm_onnx_image *image, const int64_t *kernel) {
    size_t space = (size_t)image->rank - 2;
    windows w = windows_of(step, image, kernel);
    bool is_dilated = false;
    if (image->is_padded) memset(w.pads, 0, sizeof w.pads);
    for (size_t i = 0; i < space; i++) is_dilated |= w.dilations[i] != 1;
    czm_onnx_set_ints(step, "kernel_shape", kernel, space);
    czm_onnx_set_ints(step, "strides", w.strides, space);
    if (is_dilated) czm_onnx_set_ints(step, "dilations", w.dilations, space);
    czm_onnx_set_ints(step, "pads", w.pads, 2 * space);
}

static void set_transposed(czm_onnx_step *step, const czm_onnx_image *image, const windows *w,
                           const int64_t *kernel, const int64_t *over) {
    size_t space = (size_t)image->rank - 2;
    czm_onnx_set_ints(step, "kernel_shape", kernel, space);
    czm_onnx_set_ints(step, "strides", w->strides, space);
    czm_onnx_set_ints(step, "dilations", w->dilations, space);
    czm_onnx_set_ints(step, "pads", w->pads, 2 * space);
    czm_onnx_set_ints(step, "output_padding", over, space);
}

// If a size is open, the output must be the stride times the input plus a fixed number of pixels.
static bool find_offset(const czm_onnx_step *step, const czm_onnx_image *image, const windows *w,
                        int i, int64_t *offset) {
    czm_linear size;
    czm_tensor sizes = step->node->inputs.items[0], of = step->node->inputs.items[2];
    bool is_short = czm_onnx_in(step, 0)->shape.rank == 1 &&
                    czm_onnx_in(step, 0)->shape.dims[0] == image->rank - 2;
    int dim = czm_onnx_image_dim(image, i);
    if (!czm_linear_of(step->scope->shapes, sizes, (size_t)(is_short ? i : dim), &size) ||
        !czm_tensor_equal(size.of, of) || size.dim != dim || size.factor != w->strides[i])
        return false;
    *offset = size.offset;
    return true;
}

// Sets output_padding if a size is open. SAME padding is known only for the stride times the input.
static bool find_open_over(const czm_onnx_step *step, const czm_onnx_image *image, const windows *w,
                           int i, int64_t *over) {
    int64_t offset, left = czm_window_reach(&w->along[i]) - w->strides[i];
    if (!find_offset(step, image, w, i, &offset)) return false;
    if (w->padding == CZM_PADDING_SAME) {
        *over = left < 0 ? -left : 0;
        return offset == 0;
    }
    *over = offset - left + w->pads[i] + w->pads[i + image->rank - 2];
    return true;
}

bool czm_onnx_set_transposed(czm_onnx_step *step, const czm_onnx_image *image,
                             const int64_t *kernel) {
    int space = image->rank - 2;
    int64_t over[CZM_ONNX_MOST_DIMS] = {0};
    windows w = windows_of(step, image, kernel);
    for (int i = 0; i < space; i++) {
        int64_t extent = czm_window_reach(&w.along[i]);
        bool is_known = image->size[i] != CZM_UNKNOWN && image->out_size[i] != CZM_UNKNOWN;
        if (!is_known && !find_open_over(step, image, &w, i, &over[i])) return false;
        if (w.padding == CZM_PADDING_SAME)
            czm_window_pad_same(&w.along[i], image->out_size[i], image->size[i]);
        set_pads(&w, space, i);
        int64_t least =
            (image->size[i] - 1) * w.strides[i] + extent - w.pads[i] - w.pads[i + space];
        if (is_known) over[i] = image->out_size[i] - least;
        if (over[i] < 0 ||
            over[i] >= (w.strides[i] > w.dilations[i] ? w.strides[i] : w.dilations[i]))
            return false;
    }
    set_transposed(step, image, &w, kernel, over);
    return true;
}

// ---- transposed, of a size that is computed

// The spatial sizes in the node's input, [height, width].
static const char *told_sizes(czm_onnx_step *step, const czm_onnx_image *image) {
    const char *sizes = czm_onnx_in_int64(step, 0);
    int64_t picks[CZM_ONNX_MOST_DIMS];
    int space = image->rank - 2;
    for (int i = 0; i < space; i++) picks[i] = czm_onnx_image_dim(image, i);
    if (czm_onnx_in(step, 0)->shape.rank == 1 && czm_onnx_in(step, 0)->shape.dims[0] == space)
        return sizes;
    return CZM_ONNX(step, "Gather", sizes, czm_onnx_ints(step, picks, (size_t)space));
}

// Computes all pixels that the windows reach, plus the largest possible output padding, and selects the part that
// remains after TensorFlow removes the paddings, half of them at the beginning.
const char *czm_onnx_cut_transposed(czm_onnx_step *step, const czm_onnx_image *image,
                                    const int64_t *kernel, const char *name) {
    size_t space = (size_t)image->rank - 2;
    int64_t over[CZM_ONNX_MOST_DIMS] = {0}, axes[CZM_ONNX_MOST_DIMS];
    windows w = windows_of(step, image, kernel);
    memset(w.pads, 0, sizeof w.pads);
    for (size_t i = 0; i < space; i++) {
        over[i] = w.strides[i] - 1;
        axes[i] = (int64_t)i + 2;
    }
    set_transposed(step, image, &w, kernel, over);
    const char *all =
        CZM_ONNX(step, "Gather", CZM_ONNX(step, "Shape", name), czm_onnx_ints(step, axes, space));
    const char *reached = CZM_ONNX(step, "Sub", all, czm_onnx_ints(step, over, space));
    const char *wanted = told_sizes(step, image);
    const char *zero = czm_onnx_number(step, CZM_DTYPE_INT64, 0);
    const char *paddings = CZM_ONNX(step, "Max", CZM_ONNX(step, "Sub", reached, wanted), zero);
    bool is_same = w.padding == CZM_PADDING_SAME;
    const char *two = czm_onnx_number(step, CZM_DTYPE_INT64, 2);
    const char *begin = is_same ? CZM_ONNX(step, "Div", paddings, two)
                                : CZM_ONNX(step, "Mul", paddings, zero);
    return CZM_ONNX(step, "Slice", name, begin, CZM_ONNX(step, "Add", begin, wanted),
                    czm_onnx_ints(step, axes, space));
}
