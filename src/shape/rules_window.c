// SPDX-License-Identifier: Apache-2.0
//
// Windows, and the ops that slide one over an image without a filter of several channels.
#include "shape/window.h"

bool czm_layout_of(const czm_step *step, int rank, czm_layout *layout) {
    czm_bytes format = czm_attr_string(step->node, "data_format");
    if (memchr(format.data ? format.data : (const void *)"", '_', format.size)) return false;
    bool is_first = format.size > 1 && format.data[1] == 'C';
    *layout = (czm_layout){is_first ? 1 : rank - 1, is_first ? 2 : 1, rank - 2};
    return rank >= 2;
}

static czm_padding padding_of(const czm_node *node) {
    static const char *const names[] = {[CZM_PADDING_SAME] = "SAME",
                                        [CZM_PADDING_VALID] = "VALID",
                                        [CZM_PADDING_EXPLICIT] = "EXPLICIT"};
    for (int i = CZM_PADDING_SAME; i <= CZM_PADDING_EXPLICIT; i++)
        if (czm_attr_is(node, "padding", names[i])) return (czm_padding)i;
    return CZM_PADDING_UNKNOWN;
}

// A list attr with an entry a dimension; false if it has another length.
static bool attr_by_dimension(const czm_step *step, const char *name, int count, int64_t *out) {
    return czm_attr_ints(step->node, name, out, (size_t)count) == (size_t)count;
}

czm_windows czm_windows_of(const czm_step *step, int rank, const char *dilations) {
    int64_t ints[2 * CZM_HIGHEST_RANK];
    czm_windows windows = {.padding = padding_of(step->node)};
    for (int i = 0; i < rank; i++) windows.along[i] = (czm_window){1, CZM_UNKNOWN, 1, 0, 0};
    if (attr_by_dimension(step, "strides", rank, ints))
        for (int i = 0; i < rank; i++) windows.along[i].stride = ints[i];
    if (dilations && attr_by_dimension(step, dilations, rank, ints))
        for (int i = 0; i < rank; i++) windows.along[i].dilation = ints[i];
    if (windows.padding != CZM_PADDING_EXPLICIT) return windows;
    if (!attr_by_dimension(step, "explicit_paddings", 2 * rank, ints))
        windows.padding = CZM_PADDING_UNKNOWN;
    for (int i = 0; i < rank && windows.padding == CZM_PADDING_EXPLICIT; i++) {
        windows.along[i].before = ints[2 * i];
        windows.along[i].after = ints[2 * i + 1];
    }
    return windows;
}

// SAME: ceil(image / stride). Else: the last window ends where the padded image does or before.
bool czm_window_count(const czm_window *w, czm_padding padding, int64_t image, int64_t *out) {
    *out = CZM_UNKNOWN;
    if (image == CZM_UNKNOWN || w->stride <= 0 || padding == CZM_PADDING_UNKNOWN) return true;
    if (padding == CZM_PADDING_SAME) {
        *out = image / w->stride + (image % w->stride != 0);
        return true;
    }
    if (w->size <= 0 || w->dilation <= 0 || w->before < 0 || w->after < 0) return true;
    int64_t reach = czm_dim_add(czm_dim_multiply(w->size - 1, w->dilation), 1);
    int64_t padded = czm_dim_add(image, czm_dim_add(w->before, w->after));
    if (reach == CZM_UNKNOWN || padded == CZM_UNKNOWN) return true;
    if (padded < reach) return false;
    *out = (padded - reach) / w->stride + 1;
    return true;
}

bool czm_windows_fit(czm_step *step, const czm_windows *windows, czm_shape image, int from, int to,
                     czm_dims *dims) {
    for (int i = from; i < to; i++) {
        const czm_window *w = &windows->along[i];
        if (czm_window_count(w, windows->padding, dims->at[i], &dims->at[i])) continue;
        czm_fault(step, "%s is smaller than the window, which is %lld along dimension %d",
                  text_of(step, image), (long long)(w->size - 1) * w->dilation + 1, i);
        return false;
    }
    return true;
}

static void pool(czm_step *step, const czm_windows *windows, bool keeps_channels) {
    int rank = step->detail;
    czm_layout layout;
    czm_dims dims;
    if (!czm_layout_of(step, rank, &layout) || !czm_in_ranked(step, 0, rank, &dims)) return;
    int64_t channels = dims.at[layout.channel];
    if (!czm_windows_fit(step, windows, in_shape(step, 0), 1, rank, &dims)) return;
    if (keeps_channels) dims.at[layout.channel] = channels;
    for (size_t i = 0; i < step->output_count; i++) czm_set_dims(step, i, &dims);
}

static czm_windows windows_by_attrs(const czm_step *step) {
    int64_t sizes[CZM_HIGHEST_RANK];
    czm_windows windows = czm_windows_of(step, step->detail, NULL);
    bool has_sizes = attr_by_dimension(step, "ksize", step->detail, sizes);
    for (int i = 0; i < step->detail; i++)
        windows.along[i].size = has_sizes ? sizes[i] : CZM_UNKNOWN;
    return windows;
}

// The row's detail is the rank. Maxima may be taken over channels as well.
void czm_infer_max_pool(czm_step *step) {
    czm_windows windows = windows_by_attrs(step);
    pool(step, &windows, false);
}

void czm_infer_average_pool(czm_step *step) {
    czm_windows windows = windows_by_attrs(step);
    pool(step, &windows, true);
}

// MaxPoolV2: inputs 1 and 2 are what ksize and strides are elsewhere.
void czm_infer_pool_by_inputs(czm_step *step) {
    int rank = step->detail;
    czm_windows windows = czm_windows_of(step, rank, NULL);
    czm_dims sizes = czm_in_sizes(step, 1), strides = czm_in_sizes(step, 2);
    for (int i = 0; i < rank; i++) {
        windows.along[i].size = sizes.rank == rank ? sizes.at[i] : CZM_UNKNOWN;
        windows.along[i].stride = strides.rank == rank ? strides.at[i] : CZM_UNKNOWN;
    }
    pool(step, &windows, false);
}

// Dilation2D: inputs are an image and a filter [height, width, channels].
void czm_infer_dilation(czm_step *step) {
    czm_dims dims, filter;
    if (!czm_in_ranked(step, 0, 4, &dims) || !czm_in_ranked(step, 1, 3, &filter)) return;
    czm_windows windows = czm_windows_of(step, 4, "rates");
    windows.along[1].size = filter.at[0];
    windows.along[2].size = filter.at[1];
    if (!czm_dim_merge(dims.at[3], filter.at[2], &dims.at[3])) {
        czm_fault(step, "input %s and filter %s have different numbers of channels",
                  in_text(step, 0), in_text(step, 1));
        return;
    }
    if (czm_windows_fit(step, &windows, in_shape(step, 0), 1, 3, &dims))
        czm_set_dims(step, 0, &dims);
}

// ExtractImagePatches and ExtractVolumePatches: all values under a window become channels. No fault
// when there is not one window: TensorFlow takes that for an empty image here.
void czm_infer_patches(czm_step *step) {
    int rank = step->detail;
    int64_t sizes[CZM_HIGHEST_RANK];
    czm_dims dims;
    if (!czm_in_ranked(step, 0, rank, &dims)) return;
    czm_windows windows = czm_windows_of(step, rank, "rates");
    bool has_sizes = attr_by_dimension(step, "ksizes", rank, sizes);
    for (int i = 1; i < rank - 1; i++) {
        czm_window *along = &windows.along[i];
        along->size = has_sizes && sizes[i] > 0 ? sizes[i] : CZM_UNKNOWN;
        dims.at[rank - 1] = czm_dim_multiply(dims.at[rank - 1], along->size);
        if (!czm_window_count(along, windows.padding, dims.at[i], &dims.at[i]))
            dims.at[i] = CZM_UNKNOWN;
    }
    czm_set_dims(step, 0, &dims);
}
