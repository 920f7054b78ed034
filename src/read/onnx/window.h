// SPDX-License-Identifier: Apache-2.0
//
// The window of a convolution or pool, from ONNX's attributes. It moves along two or three dimensions ("places") of
// the image with the channels last; a row of pixels gets a height of 1.
#ifndef CZM_READ_ONNX_WINDOW_H
#define CZM_READ_ONNX_WINDOW_H

#include "read/onnx/import.h"

enum { CZM_MOST_SPATIAL = 3 };

typedef struct czm_import_window {
    int axes;   // of the ONNX image: 1 to 3
    int places; // of the stored image: 2 or 3
    int64_t kernel[CZM_MOST_SPATIAL], strides[CZM_MOST_SPATIAL], dilations[CZM_MOST_SPATIAL];
    int64_t before[CZM_MOST_SPATIAL], after[CZM_MOST_SPATIAL];
    bool is_same; // SAME padding of TensorFlow: the sizes determine it
} czm_import_window;

// The number of the first place that is an axis of the ONNX image, and the axis of a place.
static inline int czm_import_window_first(const czm_import_window *w) {
    return w->places - w->axes;
}
static inline int czm_import_window_axis(const czm_import_window *w, int place) {
    return place - czm_import_window_first(w) + 2;
}
// The number of pixels that the window spans.
static inline int64_t czm_import_window_extent(const czm_import_window *w, int place) {
    return (w->kernel[place] - 1) * w->dilations[place] + 1;
}
static inline bool czm_import_window_is_dilated(const czm_import_window *w) {
    return w->dilations[0] != 1 || w->dilations[1] != 1 || w->dilations[2] != 1;
}
bool czm_import_window_has_pads(const czm_import_window *w);

// Initialises the window of a step whose image is `x`; the next functions read the rest.
CZM_MUST_CHECK czm_status czm_import_window_begin(czm_import_step *s, const czm_import_value *x,
                                                  czm_import_window *w);
// Reads a list, by place; `otherwise` is the default and the smallest valid number.
CZM_MUST_CHECK czm_status czm_import_window_list(czm_import_step *s, const czm_import_window *w,
                                                 const char *name, int64_t otherwise, int64_t *out);
CZM_MUST_CHECK czm_status czm_import_window_pads(czm_import_step *s, czm_import_window *w);
// Strides, dilations and padding; the kernel must be known.
CZM_MUST_CHECK czm_status czm_import_window_read(czm_import_step *s, const czm_import_value *x,
                                                 czm_import_window *w);
// Computes the padding of SAME as numbers, with the odd pixel last or first. Sizes are required if strides are not 1.
CZM_MUST_CHECK czm_status czm_import_window_pad_same(czm_import_step *s, const czm_import_value *x,
                                                     czm_import_window *w, bool is_upper);

czm_tensor czm_import_window_image(czm_import_step *s, czm_import_value *x,
                                   const czm_import_window *w);
void czm_import_window_put(czm_import_step *s, czm_tensor y, const czm_import_window *w);
// The image with its padding, filled with `filler`.
czm_tensor czm_import_window_padded(czm_import_step *s, czm_tensor x, const czm_import_window *w,
                                    double filler);

// Attributes of a TensorFlow operation; batch and channels have 1.
void czm_import_window_set(czm_import_step *s, czm_node *node, const char *name,
                           const czm_import_window *w, const int64_t *list);
void czm_import_window_set_padding(czm_import_step *s, czm_node *node, const czm_import_window *w);

#endif
