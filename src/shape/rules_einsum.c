// SPDX-License-Identifier: Apache-2.0
//
// Einsum: "abc,cd->abd" names the dimensions of inputs and output by letters; "..." stands for any
// number of dimensions, which are broadcast.
#include "shape/rules.h"

typedef struct einsum {
    czm_step *step;
    int64_t dims[256]; // by letter
    czm_dims ellipsis; // what the ellipses of all inputs broadcast to
} einsum;

static bool is_letter(uint8_t c) { return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z'); }

// Takes the next letter off the front, or '.' for an ellipsis; 0 at the end, '?' for anything else.
static uint8_t next_label(czm_bytes *labels) {
    while (labels->size && labels->data[0] == ' ')
        *labels = czm_bytes_of(labels->data + 1, labels->size - 1);
    if (labels->size == 0) return 0;
    uint8_t c = labels->data[0];
    bool is_ellipsis = labels->size >= 3 && memcmp(labels->data, "...", 3) == 0;
    size_t size = is_ellipsis ? 3 : 1;
    *labels = czm_bytes_of(labels->data + size, labels->size - size);
    return is_ellipsis ? '.' : is_letter(c) ? c : '?';
}

// Cuts off what comes before `end`; when `end` does not occur, all, and nothing (NULL) is left.
static czm_bytes cut(czm_bytes *rest, czm_bytes end) {
    for (size_t i = 0; i + end.size <= rest->size; i++) {
        if (memcmp(rest->data + i, end.data, end.size) != 0) continue;
        czm_bytes head = czm_bytes_of(rest->data, i);
        *rest = czm_bytes_of(rest->data + i + end.size, rest->size - i - end.size);
        return head;
    }
    czm_bytes all = *rest;
    *rest = (czm_bytes){0};
    return all;
}

// How many letters there are, and whether there is an ellipsis; false if it makes no sense.
static bool count_labels(czm_bytes labels, int *letters, bool *has_ellipsis) {
    *letters = 0;
    *has_ellipsis = false;
    for (uint8_t c; (c = next_label(&labels)) != 0;) {
        if (c == '?' || (c == '.' && *has_ellipsis) || *letters > CZM_HIGHEST_RANK) return false;
        if (c == '.') *has_ellipsis = true;
        if (c != '.') (*letters)++;
    }
    return true;
}

// Broadcasts what the ellipsis of one input stands for into that of all.
static bool add_ellipsis(einsum *e, czm_shape shape, int from, int count) {
    if (count == 0) return true;
    czm_dims before = e->ellipsis;
    czm_shape part = {count, shape.dims + from};
    return czm_shape_broadcast(czm_dims_shape(&before), part, &e->ellipsis);
}

static bool match(einsum *e, czm_bytes labels, czm_shape shape, int hidden) {
    int at = 0;
    for (uint8_t c; (c = next_label(&labels)) != 0;) {
        if (c == '.') {
            if (!add_ellipsis(e, shape, at, hidden)) return false;
            at += hidden;
        } else if (!czm_dim_merge(e->dims[c], shape.dims[at++], &e->dims[c])) {
            return false;
        }
    }
    return true;
}

// Learns the dimensions of one input; false if the labels make no sense or after a fault.
static bool read_input(einsum *e, czm_bytes labels, size_t input) {
    czm_shape shape = in_shape(e->step, input);
    int letters;
    bool has_ellipsis;
    if (!count_labels(labels, &letters, &has_ellipsis)) return false;
    if (shape.rank == CZM_UNKNOWN) {
        if (has_ellipsis) e->ellipsis.rank = CZM_UNKNOWN;
        return true;
    }
    bool fits = has_ellipsis ? shape.rank >= letters : shape.rank == letters;
    if (fits && match(e, labels, shape, shape.rank - letters)) return true;
    czm_fault(e->step, "%s does not fit into \"%.*s\" of the equation", text_of(e->step, shape),
              (int)labels.size, (const char *)labels.data);
    return false;
}

static void set_output(einsum *e, czm_bytes labels) {
    czm_dims dims = {.rank = 0};
    for (uint8_t c; (c = next_label(&labels)) != 0;) {
        if (c == '.')
            czm_dims_add_all(&dims, czm_dims_shape(&e->ellipsis), 0, e->ellipsis.rank);
        else
            czm_dims_add(&dims, e->dims[c]);
    }
    czm_set_dims(e->step, 0, &dims);
}

void czm_infer_einsum(czm_step *step) {
    czm_bytes output = czm_attr_string(step->node, "equation");
    czm_bytes inputs = cut(&output, czm_bytes_text("->"));
    int letters;
    bool has_ellipsis;
    if (!output.data || !count_labels(output, &letters, &has_ellipsis)) return;
    einsum e = {.step = step};
    for (size_t i = 0; i < CZM_COUNT_OF(e.dims); i++) e.dims[i] = CZM_UNKNOWN;
    for (size_t i = 0; i < in_count(step); i++) {
        if (!inputs.data) return; // fewer terms than inputs
        if (!read_input(&e, cut(&inputs, czm_bytes_text(",")), i)) return;
    }
    if (!inputs.data) set_output(&e, output);
}
