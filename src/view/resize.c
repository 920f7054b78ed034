// SPDX-License-Identifier: Apache-2.0
//
// Resizes; see resize.h. Sources: TensorFlow's core/util/image_resizer_state.h and core/kernels/image/sampling_kernels.h.
#include "view/resize.h"

#include <math.h>

czm_resize czm_resize_of(const czm_node *node) {
    return (czm_resize){czm_attr_bool(node, "align_corners"),
                        czm_attr_bool(node, "half_pixel_centers")};
}

float czm_resize_scale(czm_resize resize, int64_t from, int64_t to) {
    bool is_by_corners = resize.has_corners && to > 1;
    return is_by_corners ? (float)(from - 1) / (float)(to - 1) : (float)from / (float)to;
}

int64_t czm_resize_nearest(czm_resize resize, float scale, int64_t output) {
    float place = ((float)output + (resize.has_centers ? 0.5F : 0)) * scale;
    return (int64_t)(resize.has_corners ? roundf(place) : floorf(place));
}

static float lanczos(float x, float radius) {
    const float pi = 3.14159265359F;
    if (x > radius) return 0;
    if (x <= 1e-3F) return 1;
    return radius * sinf(pi * x) * sinf(pi * x / radius) / (pi * pi * x * x);
}

static float gaussian(float x, float radius) { // of deviation 1/2
    return x < radius ? expf(-2 * x * x) : 0;
}

static float box(float x, float radius) {
    (void)radius;
    return x < 0.5F ? 1 : x > 0.5F ? 0 : 0.5F;
}

static float triangle(float x, float radius) { return x < radius ? 1 - x : 0; }

static float keys(float x, float radius) {
    if (x >= radius) return 0;
    if (x >= 1) return ((-0.5F * x + 2.5F) * x - 4) * x + 2;
    return (1.5F * x - 2.5F) * x * x + 1;
}

static float mitchell(float x, float radius) {
    if (x >= radius) return 0;
    if (x >= 1) return ((-7.0F / 18 * x + 2) * x - 10.0F / 3) * x + 16.0F / 9;
    return (7.0F / 6 * x - 2) * x * x + 8.0F / 9;
}

// The weight of a box is 0.5 at a distance of 0.5.
static const czm_scale_kernel kernels[] = {
    {"lanczos1", 1, 1, lanczos}, {"lanczos3", 3, 3, lanczos},
    {"lanczos5", 5, 5, lanczos}, {"gaussian", 1.5F, 1.5F, gaussian},
    {"box", 1, 0.501F, box},     {"triangle", 1, 1, triangle},
    {"keyscubic", 2, 2, keys},   {"mitchellcubic", 2, 2, mitchell},
};

const czm_scale_kernel *czm_scale_kernel_of(const czm_node *node) {
    for (size_t i = 0; i < CZM_COUNT_OF(kernels); i++)
        if (czm_attr_is(node, "kernel_type", kernels[i].name)) return &kernels[i];
    return NULL;
}
