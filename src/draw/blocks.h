// SPDX-License-Identifier: Apache-2.0
//
// Blocks of a drawing: runs of layers at one resolution without a branch between them.
#ifndef CZM_DRAW_BLOCKS_H
#define CZM_DRAW_BLOCKS_H

#include "base/list.h"
#include "draw/family.h"

enum {
    CZM_MOST_TERMS = 4,   // names in a block
    CZM_MANY_BLOCKS = 32, // from this number on, branches that stay at one resolution are merged
    CZM_MOST_BLOCKS = 400 // further blocks are not drawn
};

// Layers of one kind in a block: "Conv2D x 2".
typedef struct czm_term {
    const char *label;
    czm_family family;
    size_t count;
} czm_term;

typedef CZM_LIST(size_t) czm_index_list;

typedef struct czm_block {
    czm_index_list layers;
    czm_index_list inputs; // earlier blocks
    czm_term terms[CZM_MOST_TERMS];
    size_t term_count;
    size_t row;       // index into czm_blocks.rows
    int64_t channels; // of its output; -1: not known
    bool is_join;     // a small node where branches meet
} czm_block;

// A resolution, and sizes that are nearer to it than to half of it.
typedef struct czm_row {
    int64_t height, width; // those of the first block; 0: not known
    bool is_mixed;         // others in the row differ a little
} czm_row;

typedef struct czm_blocks {
    czm_block *items;
    size_t count;
    const czm_row *rows; // the largest first
    size_t row_count;
    size_t hidden_layers; // layers that are not drawn because of the limit
} czm_blocks;

czm_blocks czm_blocks_of(czm_arena *arena, const czm_layer_info *layers, size_t count);

#endif
