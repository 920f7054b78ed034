// SPDX-License-Identifier: Apache-2.0
//
// The places of blocks in a drawing, and the lines between them. Columns are by depth, rows by resolution; branches
// of one depth and resolution are below each other in lanes.
#ifndef CZM_DRAW_SHEET_H
#define CZM_DRAW_SHEET_H

#include "draw/blocks.h"

// Pixels.
enum {
    CZM_BAND_HEIGHT = 20, // a line of text in a block
    CZM_BLOCK_WIDTH = 118,
    CZM_JOIN_WIDTH = 64,
    CZM_COLUMN_GAP = 40,
    CZM_LANE_GAP = 14,
    CZM_ROW_PADDING = 16,
    CZM_TRACK_HEIGHT = 10, // between lines that pass above a row
    CZM_LEFT_MARGIN = 116, // for the labels of rows
    CZM_TOP_MARGIN = 16
};

typedef struct czm_box {
    size_t column, lane;
    int64_t x, y, width, height;
} czm_box;

typedef struct czm_stripe {
    int64_t y, height;
} czm_stripe;

// A line from the right side of one box to the left side of another, along `corridor`, a height without boxes.
typedef struct czm_line {
    size_t from, to;
    bool is_skip; // it passes a column
    int64_t corridor;
} czm_line;

typedef struct czm_sheet {
    czm_box *boxes; // as many as blocks
    czm_stripe *rows;
    const int64_t *column_x, *column_width;
    CZM_LIST(czm_line) lines;
    int64_t width, height;
} czm_sheet;

czm_sheet czm_sheet_of(czm_arena *arena, const czm_blocks *blocks);

#endif
