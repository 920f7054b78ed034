// SPDX-License-Identifier: Apache-2.0
//
// The equation of an Einsum: "abc,cd->abd" names the dimensions of inputs and output by letters; "..." stands for any
// number of dimensions, which are broadcast.
#ifndef CZM_VIEW_EINSUM_H
#define CZM_VIEW_EINSUM_H

#include "view/value.h"

enum { CZM_EINSUM_ELLIPSIS = '.' }; // the label of "..."

// The labels of one input, or of the output, ended by 0.
typedef struct czm_einsum_term {
    int letters; // how many labels are letters
    bool has_ellipsis;
    uint8_t labels[CZM_HIGHEST_RANK + 2];
    czm_bytes text; // as the equation has it
} czm_einsum_term;

typedef struct czm_einsum {
    czm_bytes inputs; // the terms that have not been read
    czm_einsum_term output;
} czm_einsum;

// false: the equation has no output, or a term is not valid.
bool czm_einsum_read(const czm_node *node, czm_einsum *einsum);

// The term of the next input; false: there is none, or it is not valid.
bool czm_einsum_next(czm_einsum *einsum, czm_einsum_term *term);
bool czm_einsum_is_at_end(const czm_einsum *einsum);

#endif
