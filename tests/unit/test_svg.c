// SPDX-License-Identifier: Apache-2.0
//
// Pictures of layers: what becomes a block, where it stands, and that the SVG is XML.
#include "draw/svg.h"

#include <expat.h>

#include "draw/sheet.h"
#include "support.h"

// ---- networks in a few words

typedef struct net {
    czm_context *c;
    CZM_LIST(czm_layer_info) layers;
} net;

// A layer at a resolution, a square, that reads up to two others; -1: none.
static int layer(net *n, const char *op, int64_t side, int64_t channels, int a, int b) {
    czm_layer_info *info = CZM_APPEND(n->c->arena, &n->layers);
    int64_t *dims = CZM_NEW_ARRAY(n->c->arena, int64_t, 4);
    size_t *inputs = CZM_NEW_ARRAY(n->c->arena, size_t, 2);
    const int64_t shape[] = {-1, side, side, channels};
    memcpy(dims, shape, sizeof shape);
    *info = (czm_layer_info){.name = "layer", .op = op, .rank = 4, .dims = dims, .inputs = inputs};
    if (a >= 0) inputs[info->input_count++] = (size_t)a;
    if (b >= 0) inputs[info->input_count++] = (size_t)b;
    return (int)n->layers.count - 1;
}

// Two levels, one skip.
static net u_net(czm_context *c) {
    net n = {.c = c};
    int image = layer(&n, "Placeholder", 64, 1, -1, -1);
    int one = layer(&n, "Conv2D", 64, 8, image, -1);
    int two = layer(&n, "Conv2D", 64, 8, one, -1);
    int pool = layer(&n, "MaxPool", 32, 8, two, -1);
    int deep = layer(&n, "Conv2D", 32, 16, pool, -1);
    int up = layer(&n, "Conv2DBackpropInput", 64, 8, deep, -1);
    int join = layer(&n, "ConcatV2", 64, 16, two, up);
    int three = layer(&n, "Conv2D", 64, 8, join, -1);
    layer(&n, "Softmax", 64, 8, three, -1);
    return n;
}

static czm_blocks blocks_of(const net *n) {
    return czm_blocks_of(n->c->arena, n->layers.items, n->layers.count);
}

static void assert_term(const czm_block *block, size_t index, const char *label, size_t count) {
    assert_true(index < block->term_count);
    assert_string_equal(block->terms[index].label, label);
    assert_int_equal(block->terms[index].count, count);
}

// ---- blocks

static void runs_become_blocks(void **state) {
    net n = u_net(*state);
    czm_blocks blocks = blocks_of(&n);
    assert_int_equal(blocks.count, 7);
    assert_int_equal(blocks.row_count, 2);
    assert_term(&blocks.items[0], 0, "input", 1);
    assert_int_equal(blocks.items[1].term_count, 1);
    assert_term(&blocks.items[1], 0, "Conv2D", 2);
    assert_int_equal(blocks.items[1].channels, 8);
    assert_term(&blocks.items[2], 0, "MaxPool", 1);
    assert_term(&blocks.items[2], 1, "Conv2D", 1);
    assert_int_equal(blocks.items[2].row, 1);
    assert_term(&blocks.items[3], 0, "ConvTranspose", 1);
    assert_true(blocks.items[4].is_join);
    assert_int_equal(blocks.items[4].inputs.count, 2);
    assert_term(&blocks.items[5], 1, "Softmax", 1);
    assert_term(&blocks.items[6], 0, "output", 1);
    assert_int_equal(blocks.rows[1].height, 32);
}

static void other_channels_begin_a_block(void **state) {
    net n = {.c = *state};
    int image = layer(&n, "Placeholder", 64, 1, -1, -1);
    int one = layer(&n, "Conv2D", 64, 8, image, -1);
    int relu = layer(&n, "Relu", 64, 8, one, -1);
    layer(&n, "Conv2D", 64, 2, relu, -1);
    czm_blocks blocks = blocks_of(&n);
    assert_int_equal(blocks.count, 4);
    assert_int_equal(blocks.items[1].channels, 8);
    assert_int_equal(blocks.items[2].channels, 2);
}

// Convolutions without padding remove a few pixels and make no lower row, and neither does a vector.
static void rows_are_halvings(void **state) {
    net n = {.c = *state};
    int image = layer(&n, "Placeholder", 572, 1, -1, -1);
    int one = layer(&n, "Conv2D", 570, 8, image, -1);
    int two = layer(&n, "MaxPool", 285, 8, one, -1);
    int three = layer(&n, "MaxPool", 71, 8, two, -1);
    layer(&n, "Mean", 1, 8, three, -1);
    czm_blocks blocks = blocks_of(&n);
    assert_int_equal(blocks.row_count, 3);
    assert_int_equal(blocks.rows[0].height, 572);
    assert_true(blocks.rows[0].is_mixed);
    assert_int_equal(blocks.rows[1].height, 285);
    assert_false(blocks.rows[1].is_mixed);
    assert_int_equal(blocks.rows[2].height, 71);
    assert_int_equal(blocks.items[blocks.count - 1].row, 2);
}

static void unknown_sizes_share_a_row(void **state) {
    net n = {.c = *state};
    int image = layer(&n, "Placeholder", -1, 1, -1, -1);
    int one = layer(&n, "Conv2D", -1, 8, image, -1);
    layer(&n, "MaxPool", -1, 8, one, -1);
    czm_blocks blocks = blocks_of(&n);
    assert_int_equal(blocks.row_count, 1);
    assert_int_equal(blocks.rows[0].height, 0);
}

// Residual units, the first of which halves the resolution on both of its branches.
static int residual_stage(net *n, int from, int64_t side, int units) {
    for (int i = 0; i < units; i++) {
        int one = layer(n, "Conv2D", side, 4, from, -1);
        int two = layer(n, "Conv2D", side, 16, one, -1);
        int other = i ? from : layer(n, "Conv2D", side, 16, from, -1);
        from = layer(n, "AddV2", side, 16, two, other);
    }
    return from;
}

static void many_branches_are_folded(void **state) {
    net n = {.c = *state};
    int image = layer(&n, "Placeholder", 64, 1, -1, -1);
    int first = residual_stage(&n, image, 32, 8);
    residual_stage(&n, first, 16, 8);
    czm_blocks blocks = blocks_of(&n);
    assert_int_equal(blocks.count, 4);
    assert_int_equal(blocks.hidden_layers, 0);
    assert_term(&blocks.items[1], 0, "Conv2D", 17);
    assert_term(&blocks.items[1], 1, "Add", 8);
    assert_int_equal(blocks.items[1].channels, 16);
    assert_int_equal(blocks.items[2].inputs.count, 1);
    assert_int_equal(blocks.items[2].inputs.items[0], 1);
    assert_int_equal(blocks.items[3].inputs.items[0], 2);
}

// A branch that is read elsewhere too must stay.
static void what_is_read_later_is_not_folded(void **state) {
    net n = {.c = *state};
    int image = layer(&n, "Placeholder", 64, 1, -1, -1);
    int skip = layer(&n, "Conv2D", 64, 4, image, -1);
    int deep = residual_stage(&n, skip, 32, 12);
    int up = layer(&n, "Conv2DBackpropInput", 64, 4, deep, -1);
    layer(&n, "AddV2", 64, 4, skip, up);
    czm_blocks blocks = blocks_of(&n);
    assert_int_equal(blocks.count, 6);
    assert_term(&blocks.items[1], 0, "Conv2D", 1);
    assert_int_equal(blocks.items[4].inputs.count, 2);
    assert_int_equal(blocks.items[4].inputs.items[0], 1);
}

static void a_branch_that_is_read_later_stays(void **state) {
    net n = {.c = *state};
    int image = layer(&n, "Placeholder", 64, 1, -1, -1);
    int a = layer(&n, "Conv2D", 64, 4, image, -1), b = layer(&n, "MaxPool", 64, 4, image, -1);
    int both = layer(&n, "AddV2", 64, 4, a, b);
    int deep = residual_stage(&n, both, 32, 12);
    int up = layer(&n, "Conv2DBackpropInput", 64, 4, deep, -1);
    layer(&n, "AddV2", 64, 4, a, up);
    czm_blocks blocks = blocks_of(&n);
    assert_int_equal(blocks.count, 8);
    assert_term(&blocks.items[2], 0, "MaxPool", 1);
    assert_int_equal(blocks.items[6].inputs.items[0], 1);
}

static void too_many_blocks_are_cut(void **state) {
    net n = {.c = *state};
    int last = layer(&n, "Placeholder", 64, 1, -1, -1);
    for (int i = 0; i < 1000; i++) last = layer(&n, "Conv2D", i % 2 ? 64 : 32, 4, last, -1);
    czm_blocks blocks = blocks_of(&n);
    assert_int_equal(blocks.count, CZM_MOST_BLOCKS);
    assert_int_equal(blocks.hidden_layers, 1001 - CZM_MOST_BLOCKS);
    czm_bytes svg = czm_svg_draw(n.c->arena, n.layers.items, n.layers.count);
    const char *text = czm_arena_string(n.c->arena, svg);
    assert_non_null(strstr(text, "601 more layers are not drawn"));
}

// ---- places

static bool overlap(const czm_box *a, const czm_box *b) {
    return a->x < b->x + b->width && b->x < a->x + a->width && a->y < b->y + b->height &&
           b->y < a->y + a->height;
}

static bool crosses(const czm_sheet *sheet, const czm_line *line, const czm_box *box) {
    const czm_box *from = &sheet->boxes[line->from], *to = &sheet->boxes[line->to];
    return line->is_skip && box->column > from->column && box->column < to->column &&
           line->corridor > box->y && line->corridor < box->y + box->height;
}

static void assert_clear(const czm_blocks *blocks, const czm_sheet *sheet) {
    for (size_t i = 0; i < blocks->count; i++) {
        const czm_box *box = &sheet->boxes[i];
        const czm_stripe *row = &sheet->rows[blocks->items[i].row];
        assert_true(box->y >= row->y && box->y + box->height <= row->y + row->height);
        assert_true(box->x >= CZM_LEFT_MARGIN && box->x + box->width <= sheet->width);
        for (size_t k = 0; k < i; k++) assert_false(overlap(box, &sheet->boxes[k]));
        for (size_t k = 0; k < sheet->lines.count; k++)
            assert_false(crosses(sheet, &sheet->lines.items[k], box));
    }
}

static void data_flows_to_the_right(void **state) {
    net n = u_net(*state);
    czm_blocks blocks = blocks_of(&n);
    czm_sheet sheet = czm_sheet_of(n.c->arena, &blocks);
    assert_int_equal(sheet.lines.count, 7);
    size_t skips = 0;
    for (size_t i = 0; i < sheet.lines.count; i++) {
        const czm_line *line = &sheet.lines.items[i];
        assert_true(sheet.boxes[line->from].column < sheet.boxes[line->to].column);
        skips += line->is_skip;
    }
    assert_int_equal(skips, 1);
    assert_true(sheet.boxes[1].y < sheet.boxes[2].y);
    assert_clear(&blocks, &sheet);
}

static void branches_stand_in_lanes(void **state) {
    net n = {.c = *state};
    int image = layer(&n, "Placeholder", 64, 1, -1, -1);
    int a = layer(&n, "Conv2D", 64, 2, image, -1), b = layer(&n, "MaxPool", 64, 2, image, -1);
    int deep = layer(&n, "Conv2D", 64, 4, b, -1), ab = layer(&n, "ConcatV2", 64, 4, a, deep);
    int all = layer(&n, "ConcatV2", 64, 5, image, ab);
    layer(&n, "AddV2", 64, 5, all, b);
    czm_blocks blocks = blocks_of(&n);
    czm_sheet sheet = czm_sheet_of(n.c->arena, &blocks);
    assert_int_equal(sheet.boxes[1].column, sheet.boxes[2].column);
    assert_int_equal(sheet.boxes[1].lane, 0);
    assert_int_equal(sheet.boxes[2].lane, 1);
    assert_clear(&blocks, &sheet);
}

// A skip within a skip: two heights above the row.
static void skips_have_tracks_of_their_own(void **state) {
    net n = {.c = *state};
    int image = layer(&n, "Placeholder", 64, 1, -1, -1);
    int a = layer(&n, "Conv2D", 64, 2, image, -1), b = layer(&n, "Conv2D", 64, 2, a, -1);
    int c = layer(&n, "Conv2D", 64, 2, b, -1), inner = layer(&n, "AddV2", 64, 2, b, c);
    layer(&n, "AddV2", 64, 2, a, inner);
    czm_blocks blocks = blocks_of(&n);
    czm_sheet sheet = czm_sheet_of(n.c->arena, &blocks);
    int64_t corridors[2];
    size_t count = 0;
    for (size_t i = 0; i < sheet.lines.count; i++) {
        if (!sheet.lines.items[i].is_skip) continue;
        assert_true(count < 2);
        corridors[count++] = sheet.lines.items[i].corridor;
    }
    assert_int_equal(count, 2);
    assert_int_equal(corridors[0] - corridors[1], CZM_TRACK_HEIGHT);
    assert_clear(&blocks, &sheet);
}

// ---- text

static czm_bytes draw(const net *n) {
    return czm_svg_draw(n->c->arena, n->layers.items, n->layers.count);
}

static void assert_xml(czm_bytes svg) {
    XML_Parser parser = XML_ParserCreate("UTF-8");
    assert_int_equal(XML_Parse(parser, (const char *)svg.data, (int)svg.size, 1), XML_STATUS_OK);
    XML_ParserFree(parser);
}

static void a_picture_says_what_it_shows(void **state) {
    static const char *const wanted[] = {"<svg ",          "64\u00d764<", "32\u00d732<",
                                         "Conv2D \u00d72", "16 channels", "64\u00d764\u00d71<",
                                         "class=\"s\"",    "softmax"};
    net n = u_net(*state);
    czm_bytes svg = draw(&n);
    assert_xml(svg);
    const char *text = czm_arena_string(n.c->arena, svg);
    for (size_t i = 0; i < CZM_COUNT_OF(wanted); i++) assert_non_null(strstr(text, wanted[i]));
    czm_bytes again = draw(&n);
    assert_bytes(again, svg.data, svg.size);
}

static void names_are_escaped(void **state) {
    net n = u_net(*state);
    n.layers.items[1].name = "<a & \x01\xff\"b>";
    n.layers.items[2].op = "<Odd&VeryLongOperation>";
    czm_bytes svg = draw(&n);
    assert_xml(svg);
    const char *text = czm_arena_string(n.c->arena, svg);
    assert_non_null(strstr(text, "&lt;a &amp; ??\"b&gt;"));
    assert_null(strstr(text, "<a"));
}

static void a_network_without_layers(void **state) {
    net n = {.c = *state};
    assert_xml(draw(&n));
}

int main(void) {
    const struct CMUnitTest tests[] = {
        TEST(runs_become_blocks),
        TEST(other_channels_begin_a_block),
        TEST(rows_are_halvings),
        TEST(unknown_sizes_share_a_row),
        TEST(many_branches_are_folded),
        TEST(what_is_read_later_is_not_folded),
        TEST(a_branch_that_is_read_later_stays),
        TEST(skips_have_tracks_of_their_own),
        TEST(too_many_blocks_are_cut),
        TEST(data_flows_to_the_right),
        TEST(branches_stand_in_lanes),
        TEST(a_picture_says_what_it_shows),
        TEST(names_are_escaped),
        TEST(a_network_without_layers),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
