// SPDX-License-Identifier: Apache-2.0
//
// Values in another order; see view.h.
#include "shape/view.h"

void czm_view_add(czm_view *view, int64_t dim, int64_t stride) {
    view->dims[view->rank] = dim;
    view->strides[view->rank++] = stride;
}

void czm_strides_of(czm_shape shape, int64_t *strides) {
    int64_t stride = 1;
    for (int i = shape.rank; i-- > 0; stride = czm_dim_multiply(stride, shape.dims[i]))
        strides[i] = stride;
}

czm_view czm_view_of(czm_shape shape) { return czm_view_broadcast(shape, shape); }

czm_view czm_view_broadcast(czm_shape shape, czm_shape target) {
    czm_view view = {.rank = 0};
    int64_t strides[CZM_HIGHEST_RANK];
    czm_strides_of(shape, strides);
    for (int i = 0; i < target.rank; i++) {
        int from = i - (target.rank - shape.rank);
        bool repeats = from < 0 || shape.dims[from] == 1;
        czm_view_add(&view, target.dims[i], repeats ? 0 : strides[from]);
    }
    return view;
}

void czm_view_positions(const czm_view *view, size_t count, size_t *positions) {
    int64_t at[2 * CZM_HIGHEST_RANK] = {0}, position = view->offset;
    for (size_t n = 0; n < count; n++) {
        positions[n] = (size_t)position;
        for (int i = view->rank; i-- > 0;) { // to the next element, as an odometer does
            position += view->strides[i];
            if (++at[i] < view->dims[i]) break;
            position -= at[i] * view->strides[i];
            at[i] = 0;
        }
    }
}

void czm_set_viewed(czm_step *step, size_t output, size_t input, const czm_view *view) {
    czm_value value = czm_step_in_value(step, input);
    size_t count = 0;
    czm_element *elements = value.elements ? czm_step_new_elements(step, output, &count) : NULL;
    if (!elements) return;
    size_t *positions = CZM_NEW_ARRAY(step->arena, size_t, count);
    czm_view_positions(view, count, positions);
    for (size_t i = 0; i < count; i++)
        if (positions[i] < value.count) elements[i] = value.elements[positions[i]];
    czm_step_set_elements(step, output, elements, count);
}
