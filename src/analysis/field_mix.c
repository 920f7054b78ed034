// SPDX-License-Identifier: Apache-2.0
//
// Receptive fields of ops that mix elements along whole dimensions: reductions and products.
#include "analysis/field_ops.h"
#include "view/einsum.h"
#include "view/window.h"

// The row's detail: how many of the last dimensions are mixed.
void czm_see_last(czm_field_step *step) {
    for (int i = step->in.rank - step->detail; i < step->in.rank; i++)
        if (i >= 0 && i < step->out.rank) czm_footprint_mix(&step->seen, i, step->out.dims[i]);
}

// ---- along axes that input 1 names; without one, along all

// An unknown axis may be any dimension, or all dimensions.
static void mark_mixed(const czm_field_step *step, bool *is_mixed) {
    bool is_known = step->node->inputs.count > 1 &&
                    czm_axes_mark(czm_see_value(step, 1), step->in.rank, is_mixed);
    for (int i = 0; i < step->in.rank && !is_known; i++) is_mixed[i] = true;
}

// Keeps all dimensions.
void czm_see_along(czm_field_step *step) {
    bool is_mixed[CZM_HIGHEST_RANK] = {false};
    mark_mixed(step, is_mixed);
    for (int i = 0; i < step->in.rank; i++)
        if (is_mixed[i]) czm_footprint_mix(&step->seen, i, step->in.dims[i]);
}

static void reduce(czm_field_step *step, bool keeps_dims) {
    bool is_mixed[CZM_HIGHEST_RANK] = {false};
    mark_mixed(step, is_mixed);
    for (int i = step->in.rank - 1; i >= 0; i--) {
        if (!is_mixed[i]) continue;
        czm_footprint_mix(&step->seen, i, 1);
        if (!keeps_dims) czm_footprint_remove(&step->seen, i);
    }
}

void czm_see_reduce(czm_field_step *step) { reduce(step, czm_attr_bool(step->node, "keep_dims")); }

void czm_see_arg_reduce(czm_field_step *step) { reduce(step, false); }

// In training mode, the statistics of each channel depend on all its pixels.
void czm_see_batch_norm(czm_field_step *step) {
    int channel = czm_is_channels_first(step->node) ? 1 : step->in.rank - 1;
    for (int i = 0; i < step->in.rank && czm_attr_bool(step->node, "is_training"); i++)
        if (i != channel) czm_footprint_mix(&step->seen, i, step->in.dims[i]);
}

// ---- products of tensors, as an einsum: a label for each dimension of both operands and the result

typedef struct labels {
    int count;
    int at[CZM_HIGHEST_RANK];
} labels;

enum { BEFORE_ALL = 256 }; // labels of the dimensions that "..." stands for, from the last on

static int find_label(const labels *l, int label) {
    for (int i = 0; i < l->count; i++)
        if (l->at[i] == label) return i;
    return -1;
}

static void add_label(labels *l, int label) {
    if (l->count < CZM_HIGHEST_RANK) l->at[l->count++] = label;
}

static void add_batch(labels *l, int rank) {
    for (int i = rank - 1; i >= 0; i--) add_label(l, BEFORE_ALL + i);
}

// An operand with the dimensions of the result; its other dimensions are summed.
static void spread(czm_field_step *step, czm_footprint *f, const labels *from, const labels *to,
                   czm_shape shape) {
    int order[CZM_HIGHEST_RANK], rest = to->count;
    if (from->count != shape.rank || to->count != step->out.rank) {
        czm_footprint_fail(f, CZM_FIELD_UNKNOWN);
        return;
    }
    for (int i = 0; i < from->count; i++) {
        order[i] = find_label(to, from->at[i]);
        bool is_repeated = find_label(from, from->at[i]) != i;
        if (order[i] < 0 || is_repeated) czm_footprint_mix(f, i, 1);
        if (order[i] < 0) order[i] = rest++;
    }
    czm_footprint_permute(f, order, rest);
    czm_footprint_broadcast(f, step->out.rank, step->out);
}

static void multiply(czm_field_step *step, const labels *a, const labels *b, const labels *out) {
    const labels *const operands[] = {a, b};
    for (size_t i = 0; i < step->node->inputs.count && i < 2; i++) {
        const czm_footprint *input = czm_see_input(step, i);
        if (!input) continue;
        czm_footprint seen = *input;
        spread(step, &seen, operands[i], out, czm_see_shape(step, i));
        czm_see_also(step, i, &seen);
    }
}

static void multiply_matrices(czm_field_step *step, bool flips_a, bool flips_b) {
    labels a = {0}, b = {0}, out = {0};
    add_batch(&a, czm_see_shape(step, 0).rank - 2);
    add_batch(&b, czm_see_shape(step, 1).rank - 2);
    add_batch(&out, step->out.rank - 2);
    add_label(&a, flips_a ? 'k' : 'i'), add_label(&a, flips_a ? 'i' : 'k');
    add_label(&b, flips_b ? 'j' : 'k'), add_label(&b, flips_b ? 'k' : 'j');
    add_label(&out, 'i'), add_label(&out, 'j');
    multiply(step, &a, &b, &out);
}

void czm_see_matmul(czm_field_step *step) {
    multiply_matrices(step, czm_attr_bool(step->node, "transpose_a"),
                      czm_attr_bool(step->node, "transpose_b"));
}

void czm_see_batch_matmul(czm_field_step *step) {
    multiply_matrices(step, czm_attr_bool(step->node, "adj_x"), czm_attr_bool(step->node, "adj_y"));
}

static labels labels_of(const czm_einsum_term *term, int rank) {
    labels l = {0};
    for (const uint8_t *label = term->labels; *label; label++) {
        if (*label == CZM_EINSUM_ELLIPSIS)
            add_batch(&l, rank - term->letters);
        else
            add_label(&l, *label);
    }
    return l;
}

void czm_see_einsum(czm_field_step *step) {
    czm_einsum equation;
    czm_einsum_term term;
    labels operands[2] = {{0}};
    size_t count = step->node->inputs.count;
    bool is_known = count <= 2 && czm_einsum_read(step->node, &equation);
    for (size_t i = 0; i < count && is_known; i++) {
        is_known = czm_einsum_next(&equation, &term);
        if (is_known) operands[i] = labels_of(&term, czm_see_shape(step, i).rank);
    }
    if (!is_known || !czm_einsum_is_at_end(&equation)) {
        czm_see_unknown(step);
        return;
    }
    const labels out = labels_of(&equation.output, step->out.rank);
    multiply(step, &operands[0], &operands[1], &out);
}
