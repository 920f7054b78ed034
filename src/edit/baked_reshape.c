// SPDX-License-Identifier: Apache-2.0
//
// Reshapes whose target the exporter stored. The old sizes show how a Reshape works: the dimensions form groups with
// the same product in the input and the target. Each group determines its new numbers when the input's dimensions
// change:
//
//     [16] -> [16]        they are copied             [4,8] -> [32]    multiplied
//     [32] -> [4,8]       a height and a width, where there is a map of that size; else the first
//                         number that may follow does: blocks of a fixed size become more
//     [8,4,8] -> [2,128]  the number that contains all dimensions that change
//
// The groups are found for two batches at once, so that the batch is not mistaken for a size.
#include "edit/baked.h"

typedef struct group {
    int in, in_end, out, out_end; // dimensions of the input, and of the target
} group;

typedef struct reshaping {
    const czm_baked *b;
    czm_shape in, out, more_in, more_out, now; // old, old for another batch, new
} reshaping;

static int64_t product(czm_shape shape, int from, int to) {
    int64_t result = 1;
    for (int i = from; i < to; i++) {
        if (shape.dims[i] < 0 || (shape.dims[i] > 0 && result > INT64_MAX / shape.dims[i]))
            return CZM_UNKNOWN;
        result *= shape.dims[i];
    }
    return result;
}

static bool is_closed(const reshaping *r, const group *g) {
    return product(r->in, g->in, g->in_end) == product(r->out, g->out, g->out_end) &&
           product(r->more_in, g->in, g->in_end) == product(r->more_out, g->out, g->out_end);
}

// The group that begins where the last one ended; false at the end, or if none closes.
static bool next_group(const reshaping *r, group *g) {
    g->in = g->in_end;
    g->out = g->out_end;
    if (g->in < r->in.rank) g->in_end++;
    if (g->out < r->out.rank) g->out_end++;
    if (g->in == g->in_end && g->out == g->out_end) return false;
    while (!is_closed(r, g)) {
        bool is_less = product(r->in, g->in, g->in_end) < product(r->out, g->out, g->out_end) ||
                       (g->out_end == r->out.rank && g->in_end < r->in.rank);
        if (is_less && g->in_end < r->in.rank)
            g->in_end++;
        else if (g->out_end < r->out.rank)
            g->out_end++;
        else
            return false;
    }
    return true;
}

static bool is_batch(const reshaping *r, int out) {
    return r->out.dims[out] != r->more_out.dims[out];
}

// Whether the dimensions that change come first in the group, before those that stay.
static bool begins_with_change(const reshaping *r, const group *g) {
    for (int i = g->in; i < g->in_end; i++) {
        if (r->now.dims[i] != r->in.dims[i]) return true;
        if (r->in.dims[i] > 1 && r->in.dims[i] == r->more_in.dims[i]) return false;
    }
    return true;
}

// A height and a width, side by side: on the side of the group where the dimensions change. The size of a known map
// counts more than one that only has the ratio of the input.
static bool scale_map(const czm_editor *e, const reshaping *r, const group *g, int64_t rest,
                      int64_t *fresh) {
    int pairs = g->out_end - g->out - 1;
    bool is_forward = begins_with_change(r, g);
    for (int k = 0; k < 2 * pairs; k++) {
        int i = is_forward ? g->out + k % pairs : g->out_end - 2 - k % pairs;
        const int64_t *old = &r->out.dims[i];
        int64_t pair[2];
        if (is_batch(r, i) || is_batch(r, i + 1)) continue;
        if (!(k < pairs ? czm_baked_find_map : czm_baked_scale_pair)(e, r->b, old, pair)) continue;
        int64_t pixels = czm_dim_multiply(pair[0], pair[1]);
        if (czm_dim_multiply(rest / old[0] / old[1], pixels) != product(r->now, g->in, g->in_end))
            continue;
        fresh[i] = pair[0];
        fresh[i + 1] = pair[1];
        return true;
    }
    return false;
}

static bool can_follow(const reshaping *r, int out, int64_t old, int64_t now) {
    int64_t number = r->out.dims[out];
    return !is_batch(r, out) && number > 1 && now <= INT64_MAX / number && number * now % old == 0;
}

// One number follows the ratio of the group: one that contains all dimensions that change, or else the first that can.
static bool scale_one(czm_editor *e, const reshaping *r, const group *g, int64_t old, int64_t now,
                      int64_t *fresh) {
    int64_t changed = 1;
    int first = -1, whole = -1;
    for (int i = g->in; i < g->in_end; i++)
        if (r->now.dims[i] != r->in.dims[i]) changed *= r->in.dims[i];
    for (int i = g->out_end; i-- > g->out;)
        if (can_follow(r, i, old, now)) {
            first = i;
            if (r->out.dims[i] % changed == 0) whole = i;
        }
    if (first < 0) return false;
    int follower = whole < 0 ? first : whole;
    fresh[follower] = r->out.dims[follower] * now / old;
    if (whole < 0)
        czm_baked_assume(e, r->b->node,
                         "it divides %lld values into %lld blocks, which become %lld blocks",
                         (long long)old, (long long)r->out.dims[first], (long long)fresh[first]);
    return true;
}

static bool scale_group(czm_editor *e, const reshaping *r, const group *g, int64_t *fresh) {
    int64_t old = product(r->in, g->in, g->in_end), now = product(r->now, g->in, g->in_end);
    if (old <= 0 || now <= 0) return false;
    for (int i = g->out; i < g->out_end; i++) fresh[i] = r->out.dims[i];
    if (old == now) return true;
    if (g->out_end - g->out == 1) {
        fresh[g->out] = now;
        return true;
    }
    return scale_map(e, r, g, old, fresh) || scale_one(e, r, g, old, now, fresh);
}

static bool is_complete(const reshaping *r) {
    return czm_shape_is_complete(r->in) && czm_shape_is_complete(r->out) &&
           czm_shape_is_complete(r->more_in) && czm_shape_is_complete(r->more_out) &&
           czm_shape_is_complete(r->now) && r->now.rank == r->in.rank &&
           r->in.rank == r->more_in.rank && r->out.rank == r->more_out.rank;
}

// If the result does not fit, the inference reports it.
czm_status czm_baked_reshape(czm_editor *e, czm_baked *b, czm_shape image, const czm_sizes *now) {
    reshaping r = {b, b->image, b->result, b->more_image, b->more_result, image};
    int64_t dims[CZM_MOST_SIZES] = {0};
    group g = {0, 0, 0, 0};
    if (now->count != b->sizes.count || now->count == 0 || !is_complete(&r) ||
        r.out.rank != (int)now->count)
        return CZM_OK;
    while (next_group(&r, &g))
        if (!scale_group(e, &r, &g, dims)) return CZM_OK;
    if (g.in_end != r.in.rank || g.out_end != r.out.rank) return CZM_OK;
    czm_sizes fresh = *now;
    for (size_t i = 0; i < fresh.count; i++)
        if (fresh.is_known[i] && fresh.values[i] >= 0 && fresh.values[i] == b->sizes.values[i])
            fresh.values[i] = dims[i]; // the changed dimension is not stored
    if (!czm_sizes_equal(&fresh, now)) czm_baked_replace(e, b->node, b->kind->sizes, &fresh);
    return CZM_OK;
}
