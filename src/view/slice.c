// SPDX-License-Identifier: Apache-2.0
//
// Strided slices; see slice.h and TensorFlow's core/util/strided_slice_op.cc.
#include "view/slice.h"

static bool has_bit(int64_t mask, int bit) { return (uint64_t)mask >> bit & 1; }

static czm_bound bound_of(czm_value values, int entry, bool is_open) {
    czm_bound bound = {.is_open = is_open};
    bound.is_known = czm_value_int(values, (size_t)entry, &bound.at);
    return bound;
}

static void add_whole(czm_slicing *s, int entry, int count) {
    for (int i = 0; i < count; i++)
        s->parts[s->count++] = (czm_part){.entry = entry, .dim = s->dim++};
}

bool czm_slicing_read(const czm_node *node, int rank, int entries, czm_value begins, czm_value ends,
                      czm_value strides, czm_slicing *s) {
    int64_t dots = czm_attr_int(node, "ellipsis_mask"), fresh = czm_attr_int(node, "new_axis_mask");
    int64_t begin_mask = czm_attr_int(node, "begin_mask");
    int64_t end_mask = czm_attr_int(node, "end_mask");
    int64_t shrink = czm_attr_int(node, "shrink_axis_mask");
    int ellipses = 0;
    *s = (czm_slicing){.named = 0};
    for (int i = 0; i < entries; i++) {
        ellipses += has_bit(dots, i);
        s->named += !has_bit(dots, i) && !has_bit(fresh, i);
    }
    if (rank < s->named || rank > CZM_HIGHEST_RANK || entries == CZM_UNKNOWN ||
        entries > CZM_HIGHEST_RANK || ellipses > 1)
        return false;
    for (int i = 0; i < entries; i++) {
        if (has_bit(dots, i)) {
            add_whole(s, i, rank - s->named);
            continue;
        }
        czm_part *part = &s->parts[s->count++];
        bool is_new = has_bit(fresh, i), is_index = has_bit(shrink, i);
        *part = (czm_part){.kind = is_new     ? CZM_PART_NEW
                                   : is_index ? CZM_PART_INDEX
                                              : CZM_PART_RANGE,
                           .entry = i,
                           .dim = s->dim};
        part->begin = bound_of(begins, i, !is_index && has_bit(begin_mask, i));
        part->end = bound_of(ends, i, has_bit(end_mask, i));
        if (!czm_value_int(strides, (size_t)i, &part->stride)) part->stride = 0;
        s->dim += !is_new;
    }
    return true;
}
