// SPDX-License-Identifier: Apache-2.0
//
// Placing blocks and lines; see sheet.h. A line that passes columns stays in the lane of its source or target if
// there is no box; otherwise it uses a track above the row of its source, like the skips of a U-Net.
#include "draw/sheet.h"

enum { MOST_TRACKS = 12 }; // lines beyond share tracks

typedef struct lanes {
    size_t lane_count;
    int64_t lane_height[CZM_MOST_BLOCKS + 1], lane_y[CZM_MOST_BLOCKS + 1]; // + 1: the output
    size_t track_count;
    size_t track_end[MOST_TRACKS]; // the column at which it becomes free
} lanes;

typedef struct placing {
    czm_arena *arena;
    const czm_blocks *blocks;
    czm_sheet out;
    lanes *rows;
    size_t column_count;
} placing;

// ---- columns and lanes

static void find_column(placing *p, size_t index) {
    const czm_block *block = &p->blocks->items[index];
    czm_box *box = &p->out.boxes[index];
    for (size_t i = 0; i < block->inputs.count; i++) {
        size_t after = p->out.boxes[block->inputs.items[i]].column + 1;
        if (after > box->column) box->column = after;
    }
    if (box->column >= p->column_count) p->column_count = box->column + 1;
}

static int64_t height_of(const czm_block *block) {
    size_t bands = block->term_count + (block->is_join ? 0 : 1); // the last one shows the channels
    return (int64_t)bands * CZM_BAND_HEIGHT;
}

static void find_lane(placing *p, size_t index) {
    const czm_block *block = &p->blocks->items[index];
    czm_box *box = &p->out.boxes[index];
    lanes *r = &p->rows[block->row];
    for (size_t i = 0; i < index; i++)
        if (p->blocks->items[i].row == block->row && p->out.boxes[i].column == box->column)
            box->lane++;
    box->width = block->is_join ? CZM_JOIN_WIDTH : CZM_BLOCK_WIDTH;
    box->height = height_of(block);
    if (box->lane >= r->lane_count) r->lane_count = box->lane + 1;
    if (box->height > r->lane_height[box->lane]) r->lane_height[box->lane] = box->height;
}

static void place_columns(placing *p) {
    int64_t *x = CZM_NEW_ARRAY(p->arena, int64_t, p->column_count);
    int64_t *width = CZM_NEW_ARRAY(p->arena, int64_t, p->column_count);
    for (size_t i = 0; i < p->blocks->count; i++) {
        const czm_box *box = &p->out.boxes[i];
        if (box->width > width[box->column]) width[box->column] = box->width;
    }
    int64_t at = CZM_LEFT_MARGIN;
    for (size_t i = 0; i < p->column_count; i++) {
        x[i] = at;
        at += width[i] + CZM_COLUMN_GAP;
    }
    p->out.column_x = x;
    p->out.column_width = width;
    p->out.width = at;
}

// ---- lines

static bool is_free(const placing *p, size_t row, size_t lane, size_t from, size_t to) {
    for (size_t i = 0; i < p->blocks->count; i++) {
        const czm_box *box = &p->out.boxes[i];
        if (p->blocks->items[i].row == row && box->lane == lane && box->column > from &&
            box->column < to)
            return false;
    }
    return true;
}

// The free lane for a line: that of its source, else that of its target; NULL: neither is free.
static const czm_box *free_lane(const placing *p, size_t from, size_t to) {
    const czm_box *a = &p->out.boxes[from], *b = &p->out.boxes[to];
    if (is_free(p, p->blocks->items[from].row, a->lane, a->column, b->column)) return a;
    if (is_free(p, p->blocks->items[to].row, b->lane, a->column, b->column)) return b;
    return NULL;
}

// All lines of a box share a track.
static size_t take_track(lanes *r, size_t from, size_t to) {
    size_t i = 0;
    while (i < r->track_count && r->track_end[i] > from) i++;
    if (i == MOST_TRACKS) i--;
    if (i == r->track_count) r->track_count++;
    if (to > r->track_end[i]) r->track_end[i] = to;
    return i;
}

// Until rows have their places, `corridor` is the number of the track above the row, or -1.
static void find_lines_of(placing *p, size_t to) {
    const czm_block *block = &p->blocks->items[to];
    for (size_t i = 0; i < block->inputs.count; i++) {
        size_t from = block->inputs.items[i];
        bool is_skip = p->out.boxes[to].column > p->out.boxes[from].column + 1;
        *CZM_APPEND(p->arena, &p->out.lines) = (czm_line){from, to, is_skip, -1};
    }
}

// From left to right, so that free tracks are used again.
static void find_tracks(placing *p) {
    size_t *track = CZM_NEW_ARRAY(p->arena, size_t, p->blocks->count);
    for (size_t column = 0; column < p->column_count; column++)
        for (size_t i = 0; i < p->out.lines.count; i++) {
            czm_line *line = &p->out.lines.items[i];
            const czm_box *from = &p->out.boxes[line->from], *to = &p->out.boxes[line->to];
            if (from->column != column || free_lane(p, line->from, line->to)) continue;
            lanes *r = &p->rows[p->blocks->items[line->from].row];
            if (!track[line->from]) track[line->from] = 1 + take_track(r, column, to->column);
            size_t taken = track[line->from] - 1;
            if (to->column > r->track_end[taken]) r->track_end[taken] = to->column;
            line->corridor = (int64_t)taken;
        }
}

// ---- rows

static void place_rows(placing *p) {
    int64_t at = CZM_TOP_MARGIN;
    p->out.rows = CZM_NEW_ARRAY(p->arena, czm_stripe, p->blocks->row_count);
    for (size_t i = 0; i < p->blocks->row_count; i++) {
        lanes *r = &p->rows[i];
        p->out.rows[i].y = at;
        at += CZM_ROW_PADDING + (int64_t)r->track_count * CZM_TRACK_HEIGHT;
        for (size_t lane = 0; lane < r->lane_count; lane++) {
            r->lane_y[lane] = at + r->lane_height[lane] / 2;
            at += r->lane_height[lane] + (lane + 1 < r->lane_count ? CZM_LANE_GAP : 0);
        }
        at += CZM_ROW_PADDING;
        p->out.rows[i].height = at - p->out.rows[i].y;
    }
    p->out.height = at;
}

static void place_boxes(placing *p) {
    for (size_t i = 0; i < p->blocks->count; i++) {
        czm_box *box = &p->out.boxes[i];
        int64_t middle = p->rows[p->blocks->items[i].row].lane_y[box->lane];
        box->x = p->out.column_x[box->column] + (p->out.column_width[box->column] - box->width) / 2;
        box->y = middle - box->height / 2;
    }
}

static void place_lines(placing *p) {
    for (size_t i = 0; i < p->out.lines.count; i++) {
        czm_line *line = &p->out.lines.items[i];
        const czm_box *lane = free_lane(p, line->from, line->to);
        int64_t row_y = p->out.rows[p->blocks->items[line->from].row].y;
        line->corridor = lane ? lane->y + lane->height / 2
                              : row_y + CZM_ROW_PADDING / 2 + line->corridor * CZM_TRACK_HEIGHT;
    }
}

czm_sheet czm_sheet_of(czm_arena *arena, const czm_blocks *blocks) {
    placing p = {.arena = arena, .blocks = blocks};
    p.out.boxes = CZM_NEW_ARRAY(arena, czm_box, blocks->count);
    p.rows = CZM_NEW_ARRAY(arena, lanes, blocks->row_count);
    for (size_t i = 0; i < blocks->count; i++) {
        find_column(&p, i);
        find_lane(&p, i);
        find_lines_of(&p, i);
    }
    place_columns(&p);
    find_tracks(&p);
    place_rows(&p);
    place_boxes(&p);
    place_lines(&p);
    return p.out;
}
