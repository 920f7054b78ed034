// SPDX-License-Identifier: Apache-2.0
//
// Which elements of each dimension a StridedSlice selects. Its inputs are the tensor, begins, ends and strides; bit i
// of each mask concerns entry i of these lists. An entry is an ellipsis, a new dimension, an index or a range.
#ifndef CZM_VIEW_SLICE_H
#define CZM_VIEW_SLICE_H

#include "view/value.h"

typedef enum czm_part_kind {
    CZM_PART_WHOLE, // a dimension that the ellipsis stands for
    CZM_PART_NEW,   // a new dimension of size 1
    CZM_PART_INDEX, // one element; the dimension is removed
    CZM_PART_RANGE,
} czm_part_kind;

// The begin or end of a range: negative numbers count from the end.
typedef struct czm_bound {
    bool is_open; // set by a mask: the range begins or ends at the end of the dimension
    bool is_known;
    int64_t at;
} czm_bound;

typedef struct czm_part {
    czm_part_kind kind;
    int entry;            // of the lists
    int dim;              // of the tensor; not of NEW
    czm_bound begin, end; // of RANGE; INDEX has a begin only
    int64_t stride;       // of RANGE; 0: not known
} czm_part;

typedef struct czm_slicing {
    int named; // the number of dimensions that the entries concern, without the ellipsis
    int count,
        dim; // parts, and dimensions of the tensor that they cover; the other dimensions are selected whole
    czm_part parts[2 * CZM_HIGHEST_RANK];
} czm_slicing;

// `entries` is the length of the lists. false: the rank or `entries` is not known, there are two ellipses, or the
// tensor has fewer dimensions than `named`.
bool czm_slicing_read(const czm_node *node, int rank, int entries, czm_value begins, czm_value ends,
                      czm_value strides, czm_slicing *slicing);

#endif
