// SPDX-License-Identifier: Apache-2.0
//
// Windows that slide over images: what convolution, pooling and similar operations have in common.
#ifndef CZM_VIEW_WINDOW_H
#define CZM_VIEW_WINDOW_H

#include "view/value.h"

// Along one dimension. Numbers may be unknown.
typedef struct czm_window {
    int64_t size, stride, dilation;
    int64_t before, after; // padding
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

// The positions of the dimensions of an image, by data_format; channels last if there is none.
typedef struct czm_layout {
    int channel, space; // positions of the channels and of the first spatial dimension
    int space_rank;     // how many spatial dimensions
} czm_layout;

bool czm_is_channels_first(const czm_node *node); // "NCHW" or "NCDHW"

// false for the layouts of vectorised int8, which have one dimension more.
bool czm_layout_of(const czm_node *node, int rank, czm_layout *layout);

// The windows that the node's attributes give: strides, dilations (or rates), paddings, and sizes if there is ksize
// (or ksizes); sizes are 1 if there is neither, and unknown if the list has another length. Paddings are those of
// EXPLICIT.
czm_windows czm_windows_of(const czm_node *node, int rank);

// The size of a dilated window.
int64_t czm_window_reach(const czm_window *window);

// Sets the paddings of SAME: the window fits `count` times on an image of this size. If one of the two is unknown,
// the size is assumed to be a multiple of the stride.
void czm_window_pad_same(czm_window *window, int64_t image, int64_t count);

// The number of windows that fit, or CZM_UNKNOWN. false: the window is larger than the image.
bool czm_window_count(const czm_window *window, czm_padding padding, int64_t image, int64_t *out);

#endif
