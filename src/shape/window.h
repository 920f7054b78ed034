// SPDX-License-Identifier: Apache-2.0
//
// Windows that slide over images: what convolution, pooling and their kin have in common.
#ifndef CZM_SHAPE_WINDOW_H
#define CZM_SHAPE_WINDOW_H

#include "shape/rules.h"

// Along one dimension. Sizes may be unknown.
typedef struct czm_window {
    int64_t size, stride, dilation, before, after;
} czm_window;

typedef enum czm_padding {
    CZM_PADDING_UNKNOWN,
    CZM_PADDING_SAME,
    CZM_PADDING_VALID,
    CZM_PADDING_EXPLICIT,
} czm_padding;

typedef struct czm_windows {
    czm_padding padding;
    czm_window along[CZM_HIGHEST_RANK]; // by dimension of the image, batch and channels included
} czm_windows;

// Where the dimensions of an image lie: by data_format, channels last if there is none.
typedef struct czm_layout {
    int channel, space; // positions of the channels and of the first spatial dimension
    int space_rank;     // how many spatial dimensions
} czm_layout;

// false for the layouts of vectorised int8, which have one dimension more.
bool czm_layout_of(const czm_step *step, int rank, czm_layout *layout);

// Windows of size 1 with the strides, dilations and paddings that the node's attrs give.
czm_windows czm_windows_of(const czm_step *step, int rank, const char *dilations);

// How often a window fits, or CZM_UNKNOWN. false: it is larger than the image.
bool czm_window_count(const czm_window *window, czm_padding padding, int64_t image, int64_t *out);

// Turns the image's dims, from `from` to `to`, into how often the windows fit; false after a
// fault. `image` is for the message.
bool czm_windows_fit(czm_step *step, const czm_windows *windows, czm_shape image, int from, int to,
                     czm_dims *dims);

#endif
