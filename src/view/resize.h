// SPDX-License-Identifier: Apache-2.0
//
// Which pixels of an image each pixel of a resized image depends on.
#ifndef CZM_VIEW_RESIZE_H
#define CZM_VIEW_RESIZE_H

#include "view/value.h"

typedef struct czm_resize {
    bool
        has_corners; // align_corners: the first and last pixels of both images lie at the same places
    bool has_centers; // half_pixel_centers: places are those of the centres of pixels
} czm_resize;

czm_resize czm_resize_of(const czm_node *node);

// The ratio of `from` pixels of the image to `to` pixels of the result. TensorFlow computes positions in float.
float czm_resize_scale(czm_resize resize, int64_t from, int64_t to);

// The pixel that is nearest to pixel `output` of the result, in an image without ends.
int64_t czm_resize_nearest(czm_resize resize, float scale, int64_t output);

// A kernel of ScaleAndTranslate.
typedef struct czm_scale_kernel {
    const char *name;
    float radius;
    float reach; // the distance from which on the weight is 0
    float (*weight)(float distance, float radius);
} czm_scale_kernel;

const czm_scale_kernel *czm_scale_kernel_of(const czm_node *node); // NULL: there is no such kernel

#endif
