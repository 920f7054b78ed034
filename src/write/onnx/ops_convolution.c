// SPDX-License-Identifier: Apache-2.0
//
// Convolutions. TensorFlow's filters are [height, width, in, out], ONNX's [out, in, height, width];
// of transposed ones [height, width, out, in] and [in, out, height, width].
#include "write/onnx/ops.h"
#include "write/onnx/window.h"

// Reorders the filter; a computed one is transposed when the network runs.
static const char *filter_name(czm_onnx_step *step, size_t input, const int *order, int rank,
                               const int64_t *dims, int dims_rank, czm_onnx_weight **weight) {
    *weight = czm_onnx_in_weight(step, input);
    if (*weight) {
        const czm_onnx_weight *stored = *weight;
        czm_onnx_weight *w = czm_onnx_weight_copy(step, stored);
        for (int i = 0; i < rank; i++) w->order[i] = stored->order[order[i]];
        w->rank = dims_rank;
        for (int i = 0; i < dims_rank; i++) w->dims[i] = dims[i];
        *weight = w;
        return w->name;
    }
    int64_t wide[CZM_ONNX_MOST_DIMS];
    for (int i = 0; i < rank; i++) wide[i] = order[i];
    const char *name = czm_onnx_emit_transpose(step, czm_onnx_in_plain(step, input), wide, rank);
    return rank == dims_rank && dims[0] == czm_onnx_in(step, input)->shape.dims[order[0]]
               ? name
               : czm_onnx_emit_reshape(step, name, dims, dims_rank);
}

// The result of a convolution, to which a shift may still be added, and a factor if its channels are one dimension of
// the weight.
static void put_result(czm_onnx_step *step, const czm_onnx_image *image, const char *name,
                       czm_onnx_weight *weight, int scaled_dim, int64_t channels) {
    czm_onnx_image_out(step, image, 0, name);
    if (image->is_planar_in_tensorflow) return;
    czm_onnx_open *open = CZM_NEW(step->arena, czm_onnx_open);
    *open = (czm_onnx_open){czm_onnx_last(step), weight, scaled_dim, (size_t)channels, NULL};
    step->outputs[0].open = open;
}

static bool has_filter(czm_onnx_step *step, size_t input, int rank) {
    czm_shape filter = czm_onnx_in(step, input)->shape;
    if (filter.rank == rank && czm_shape_is_complete(filter)) return true;
    czm_onnx_refuse(step, "the size of its filter is not known");
    return false;
}

// The filter of a convolution, or of a transposed one: its last two dimensions come first, in reverse.
static const char *planar_filter(czm_onnx_step *step, const czm_onnx_image *image,
                                 czm_onnx_weight **weight) {
    const int64_t *f = czm_onnx_in(step, 1)->shape.dims;
    int space = image->rank - 2, order[CZM_ONNX_MOST_DIMS] = {space + 1, space};
    int64_t dims[CZM_ONNX_MOST_DIMS] = {f[space + 1], f[space]};
    for (int i = 0; i < space; i++) {
        order[i + 2] = i;
        dims[i + 2] = f[i];
    }
    return filter_name(step, 1, order, image->rank, dims, image->rank, weight);
}

static const char *emit_convolution(czm_onnx_step *step, czm_onnx_image *image, const char *filter,
                                    int64_t groups) {
    const int64_t *f = czm_onnx_in(step, 1)->shape.dims;
    czm_onnx_pad_open(step, image, f, 0);
    const char *name = CZM_ONNX(step, "Conv", image->name, filter);
    czm_onnx_set_windows(step, image, f);
    czm_onnx_set_int(step, "group", groups);
    return name;
}

// Conv2D and Conv3D; groups follow from the channels (core/util of TensorFlow's Conv2D kernels).
void czm_onnx_convolution(czm_onnx_step *step) {
    czm_onnx_image image;
    if (!czm_onnx_image_of(step, 0, &image) || !has_filter(step, 1, image.rank)) return;
    const int64_t *f = czm_onnx_in(step, 1)->shape.dims;
    const int space = image.rank - 2;
    if (image.channels == CZM_UNKNOWN || f[space] == 0 || image.channels % f[space]) {
        czm_onnx_refuse(step, "the number of its input's channels is not known");
        return;
    }
    czm_onnx_weight *weight;
    const char *filter = planar_filter(step, &image, &weight);
    const char *name = emit_convolution(step, &image, filter, image.channels / f[space]);
    put_result(step, &image, name, weight, 0, f[space + 1]);
}

// [height, width, channels, multiplier] -> [channels * multiplier, 1, height, width]
void czm_onnx_depthwise(czm_onnx_step *step) {
    static const int order[] = {2, 3, 0, 1};
    czm_onnx_image image;
    if (!czm_onnx_image_of(step, 0, &image) || !has_filter(step, 1, 4)) return;
    const int64_t *f = czm_onnx_in(step, 1)->shape.dims;
    const int64_t dims[] = {f[2] * f[3], 1, f[0], f[1]};
    czm_onnx_weight *weight;
    const char *filter = filter_name(step, 1, order, 4, dims, 4, &weight);
    const char *name = emit_convolution(step, &image, filter, f[2]);
    if (f[3] != 1 && weight) weight = NULL; // its channels are two dimensions of the weight
    put_result(step, &image, name, weight, 0, dims[0]);
}

static bool has_explicit_paddings(const czm_onnx_step *step) {
    return czm_attr_is(step->node, "padding", "EXPLICIT");
}

// Of a transposed convolution, whose filter has the channels of one group. 0: they do not fit.
static int64_t transposed_groups(const czm_onnx_step *step, const czm_onnx_image *image,
                                 int64_t channels_of_group) {
    czm_shape out = czm_onnx_out_shape(step, 0);
    int64_t channels = out.rank != image->rank          ? CZM_UNKNOWN
                       : image->is_planar_in_tensorflow ? out.dims[1]
                                                        : out.dims[out.rank - 1];
    if (channels == CZM_UNKNOWN) return 1;
    return channels_of_group > 0 && channels % channels_of_group == 0 ? channels / channels_of_group
                                                                      : 0;
}

// Conv2DBackpropInput(sizes, filter, gradient): ONNX's pads are those of the forward convolution, and output_padding
// is the remainder of that convolution.
void czm_onnx_transposed(czm_onnx_step *step) {
    czm_onnx_image image;
    if (!czm_onnx_image_of(step, 2, &image) || !has_filter(step, 1, image.rank)) return;
    const int64_t *f = czm_onnx_in(step, 1)->shape.dims;
    const int space = image.rank - 2;
    int64_t groups = transposed_groups(step, &image, f[space]);
    if (image.channels == CZM_UNKNOWN || f[space + 1] == 0 || image.channels != f[space + 1] ||
        groups == 0) {
        czm_onnx_refuse(step, "its number of groups is not known");
        return;
    }
    czm_onnx_weight *weight;
    const char *filter = planar_filter(step, &image, &weight);
    const char *name = CZM_ONNX(step, "ConvTranspose", image.name, filter);
    if (groups > 1) czm_onnx_set_int(step, "group", groups);
    if (groups > 1) weight = NULL; // its channels are two dimensions of the weight
    if (czm_onnx_set_transposed(step, &image, f)) {
        put_result(step, &image, name, weight, 1, groups * f[space]);
        return;
    }
    if (has_explicit_paddings(step)) {
        czm_onnx_refuse(step, "its output has no size that ONNX can express");
        return;
    }
    czm_onnx_image_out(step, &image, 0, czm_onnx_cut_transposed(step, &image, f, name));
}
