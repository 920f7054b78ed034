// SPDX-License-Identifier: Apache-2.0
//
// Operations that slide a window over an image without a filter of several channels.
#include "shape/ops.h"

bool czm_windows_fit(czm_step *step, const czm_windows *windows, czm_shape image, int from, int to,
                     czm_dims *dims) {
    for (int i = from; i < to; i++) {
        const czm_window *w = &windows->along[i];
        if (czm_window_count(w, windows->padding, dims->at[i], &dims->at[i])) continue;
        czm_step_fault(step, "%s is smaller than the window, which is %lld along dimension %d",
                       czm_step_text_of(step, image), (long long)(w->size - 1) * w->dilation + 1,
                       i);
        return false;
    }
    return true;
}

static void pool(czm_step *step, const czm_windows *windows, bool keeps_channels) {
    int rank = step->detail;
    czm_layout layout;
    czm_dims dims;
    if (!czm_layout_of(step->node, rank, &layout) || !czm_step_in_ranked(step, 0, rank, &dims))
        return;
    int64_t channels = dims.at[layout.channel];
    if (!czm_windows_fit(step, windows, czm_step_in_shape(step, 0), 1, rank, &dims)) return;
    if (keeps_channels) dims.at[layout.channel] = channels;
    for (size_t i = 0; i < step->output_count; i++) czm_step_set_dims(step, i, &dims);
}

// The row's detail is the rank. Maxima may be taken over channels as well.
void czm_infer_max_pool(czm_step *step) {
    czm_windows windows = czm_windows_of(step->node, step->detail);
    pool(step, &windows, false);
}

void czm_infer_average_pool(czm_step *step) {
    czm_windows windows = czm_windows_of(step->node, step->detail);
    pool(step, &windows, true);
}

// MaxPoolV2: inputs 1 and 2 replace ksize and strides.
void czm_infer_pool_by_inputs(czm_step *step) {
    int rank = step->detail;
    czm_windows windows = czm_windows_of(step->node, rank);
    czm_dims sizes = czm_step_in_sizes(step, 1), strides = czm_step_in_sizes(step, 2);
    for (int i = 0; i < rank; i++) {
        windows.along[i].size = sizes.rank == rank ? sizes.at[i] : CZM_UNKNOWN;
        windows.along[i].stride = strides.rank == rank ? strides.at[i] : CZM_UNKNOWN;
    }
    pool(step, &windows, false);
}

// Dilation2D: inputs are an image and a filter [height, width, channels].
void czm_infer_dilation(czm_step *step) {
    czm_dims dims, filter;
    if (!czm_step_in_ranked(step, 0, 4, &dims) || !czm_step_in_ranked(step, 1, 3, &filter)) return;
    czm_windows windows = czm_windows_of(step->node, 4);
    windows.along[1].size = filter.at[0];
    windows.along[2].size = filter.at[1];
    if (!czm_dim_merge(dims.at[3], filter.at[2], &dims.at[3])) {
        czm_step_fault(step, "input %s and filter %s have different numbers of channels",
                       czm_step_in_text(step, 0), czm_step_in_text(step, 1));
        return;
    }
    if (czm_windows_fit(step, &windows, czm_step_in_shape(step, 0), 1, 3, &dims))
        czm_step_set_dims(step, 0, &dims);
}

// ExtractImagePatches and ExtractVolumePatches: all values under a window become channels. An image smaller than the
// window is not a fault: TensorFlow returns an empty image.
void czm_infer_patches(czm_step *step) {
    int rank = step->detail;
    czm_dims dims;
    if (!czm_step_in_ranked(step, 0, rank, &dims)) return;
    czm_windows windows = czm_windows_of(step->node, rank);
    for (int i = 1; i < rank - 1; i++) {
        const czm_window *along = &windows.along[i];
        dims.at[rank - 1] =
            czm_dim_multiply(dims.at[rank - 1], along->size > 0 ? along->size : CZM_UNKNOWN);
        if (!czm_window_count(along, windows.padding, dims.at[i], &dims.at[i]))
            dims.at[i] = CZM_UNKNOWN;
    }
    czm_step_set_dims(step, 0, &dims);
}
