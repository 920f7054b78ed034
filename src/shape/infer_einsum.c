// SPDX-License-Identifier: Apache-2.0
//
// Einsum.
#include "shape/ops.h"
#include "view/einsum.h"

typedef struct einsum {
    czm_step *step;
    int64_t dims[256]; // by letter
    czm_dims ellipsis; // what the ellipses of all inputs broadcast to
} einsum;

// Broadcasts the dimensions of one input's ellipsis to those of all inputs.
static bool add_ellipsis(einsum *e, czm_shape shape, int from, int count) {
    if (count == 0) return true;
    czm_dims before = e->ellipsis;
    czm_shape part = {count, shape.dims + from};
    return czm_shape_broadcast(czm_dims_shape(&before), part, &e->ellipsis);
}

static bool match(einsum *e, const czm_einsum_term *term, czm_shape shape) {
    int at = 0, hidden = shape.rank - term->letters;
    for (const uint8_t *label = term->labels; *label; label++) {
        if (*label == CZM_EINSUM_ELLIPSIS) {
            if (!add_ellipsis(e, shape, at, hidden)) return false;
            at += hidden;
        } else if (!czm_dim_merge(e->dims[*label], shape.dims[at++], &e->dims[*label])) {
            return false;
        }
    }
    return true;
}

// Learns the dimensions of one input; false after a fault.
static bool read_input(einsum *e, const czm_einsum_term *term, size_t input) {
    czm_shape shape = czm_step_in_shape(e->step, input);
    if (shape.rank == CZM_UNKNOWN) {
        if (term->has_ellipsis) e->ellipsis.rank = CZM_UNKNOWN;
        return true;
    }
    bool fits = term->has_ellipsis ? shape.rank >= term->letters : shape.rank == term->letters;
    if (fits && match(e, term, shape)) return true;
    czm_step_fault(e->step, "%s does not fit into \"%.*s\" of the equation",
                   czm_step_text_of(e->step, shape), (int)term->text.size,
                   (const char *)term->text.data);
    return false;
}

static void set_output(einsum *e, const czm_einsum_term *term) {
    czm_dims dims = {.rank = 0};
    for (const uint8_t *label = term->labels; *label; label++) {
        if (*label == CZM_EINSUM_ELLIPSIS)
            czm_dims_add_all(&dims, czm_dims_shape(&e->ellipsis), 0, e->ellipsis.rank);
        else
            czm_dims_add(&dims, e->dims[*label]);
    }
    czm_step_set_dims(e->step, 0, &dims);
}

void czm_infer_einsum(czm_step *step) {
    czm_einsum equation;
    czm_einsum_term term;
    if (!czm_einsum_read(step->node, &equation)) return;
    einsum e = {.step = step};
    for (size_t i = 0; i < CZM_COUNT_OF(e.dims); i++) e.dims[i] = CZM_UNKNOWN;
    for (size_t i = 0; i < czm_step_in_count(step); i++)
        if (!czm_einsum_next(&equation, &term) || !read_input(&e, &term, i)) return;
    if (czm_einsum_is_at_end(&equation)) set_output(&e, &equation.output);
}
