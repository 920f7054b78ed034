// SPDX-License-Identifier: Apache-2.0
//
// Writing the picture; see svg.h. blocks.c determines the blocks, sheet.c their places.
#include "draw/svg.h"

#include "codec/xml.h"
#include "draw/sheet.h"

enum {
    TEXT_BASELINE = 14, // in a band
    MOST_LETTERS = 16,  // of a label
    MOST_BYTES = 200,   // of any text that a file determines
    MOST_TITLES = 24,   // layers that a block's title names
    LEFT = 12,          // of labels and legend
    LEGEND_HEIGHT = 56,
    LEGEND_STEP = 124
};

static const char head[] =
    "<style>text{font:12px sans-serif;fill:#222}.l{text-anchor:start}.m{text-anchor:middle}"
    ".b{fill:none;stroke:#555;stroke-width:1}.c{fill:#fff}"
    ".f{fill:none;stroke:#555;stroke-width:1.5}"
    ".s{fill:none;stroke:#c2571a;stroke-width:1.5;stroke-dasharray:6 3}"
    "</style><defs>"
    "<marker id=\"a\" viewBox=\"0 0 8 8\" refX=\"8\" refY=\"4\" markerWidth=\"6\" "
    "markerHeight=\"6\" orient=\"auto\"><path d=\"M0 0L8 4L0 8z\" fill=\"#555\"/></marker>"
    "<marker id=\"o\" viewBox=\"0 0 8 8\" refX=\"8\" refY=\"4\" markerWidth=\"6\" "
    "markerHeight=\"6\" orient=\"auto\"><path d=\"M0 0L8 4L0 8z\" fill=\"#c2571a\"/></marker>"
    "</defs>\n";

typedef struct drawing {
    czm_arena *arena;
    const czm_layer_info *layers;
    czm_blocks blocks;
    czm_sheet sheet;
    int64_t width;
    czm_buffer svg;
} drawing;

CZM_PRINTF(2, 3) static void put(drawing *d, const char *format, ...) {
    va_list arguments;
    va_start(arguments, format);
    czm_xml_put(&d->svg, czm_arena_vformat(d->arena, format, arguments));
    va_end(arguments);
}

// Names come from files: characters that XML cannot contain become question marks.
static void put_text(drawing *d, const char *text) {
    char *fit = czm_arena_format(d->arena, "%.*s", MOST_BYTES, text);
    size_t at;
    for (char *rest = fit; !czm_xml_can_hold(czm_bytes_text(rest), &at); rest += at + 1)
        rest[at] = '?';
    czm_xml_put_text(&d->svg, fit);
}

static void put_label(drawing *d, int64_t x, int64_t y, const char *css, const char *text) {
    put(d, "<text class=\"%s\" x=\"%lld\" y=\"%lld\">", css, (long long)x, (long long)y);
    put_text(d, text);
    put(d, "</text>\n");
}

static void put_rectangle(drawing *d, int64_t x, int64_t y, int64_t width, int64_t height,
                          const char *look) {
    put(d, "<rect x=\"%lld\" y=\"%lld\" width=\"%lld\" height=\"%lld\" %s/>\n", (long long)x,
        (long long)y, (long long)width, (long long)height, look);
}

// ---- rows

static void draw_rows(drawing *d) {
    for (size_t i = 0; i < d->blocks.row_count; i++) {
        const czm_stripe *stripe = &d->sheet.rows[i];
        const czm_row *r = &d->blocks.rows[i];
        put_rectangle(d, 0, stripe->y, d->width, stripe->height,
                      i % 2 ? "fill=\"#ffffff\"" : "fill=\"#f4f6f8\"");
        if (r->height)
            put_label(d, LEFT, stripe->y + stripe->height / 2 + 4, "l",
                      czm_arena_format(d->arena, "%s%lld\u00d7%lld", r->is_mixed ? "\u2248 " : "",
                                       (long long)r->height, (long long)r->width));
    }
}

// ---- lines

// An S between two heights, level at both ends.
static void put_bend(drawing *d, int64_t from_x, int64_t from_y, int64_t to_x, int64_t to_y) {
    if (from_y == to_y) {
        put(d, "H%lld", (long long)to_x);
        return;
    }
    long long middle = (from_x + to_x) / 2;
    put(d, "C%lld %lld %lld %lld %lld %lld", middle, (long long)from_y, middle, (long long)to_y,
        (long long)to_x, (long long)to_y);
}

static void draw_line(drawing *d, const czm_line *line) {
    const czm_box *from = &d->sheet.boxes[line->from], *to = &d->sheet.boxes[line->to];
    int64_t from_y = from->y + from->height / 2, to_y = to->y + to->height / 2;
    int64_t right = d->sheet.column_x[from->column] + d->sheet.column_width[from->column];
    int64_t left = d->sheet.column_x[to->column];
    put(d, "<path d=\"M%lld %lldH%lld", (long long)from->x + from->width, (long long)from_y,
        (long long)right);
    if (line->is_skip) {
        put_bend(d, right, from_y, right + CZM_COLUMN_GAP, line->corridor);
        put(d, "H%lld", (long long)(left - CZM_COLUMN_GAP));
        put_bend(d, left - CZM_COLUMN_GAP, line->corridor, left, to_y);
    } else {
        put_bend(d, right, from_y, left, to_y);
    }
    put(d, "H%lld\"/>\n", (long long)to->x);
}

static void draw_lines(drawing *d, bool is_skip, const char *look) {
    put(d, "<g %s>\n", look);
    for (size_t i = 0; i < d->sheet.lines.count; i++)
        if (d->sheet.lines.items[i].is_skip == is_skip) draw_line(d, &d->sheet.lines.items[i]);
    put(d, "</g>\n");
}

// ---- blocks

static const char *shape_text(czm_arena *arena, const czm_layer_info *layer) {
    const char *text = "";
    for (int i = 1; i < layer->rank; i++) {
        const char *sign = i > 1 ? "\u00d7" : "";
        if (layer->dims[i] < 0)
            text = czm_arena_format(arena, "%s%s?", text, sign);
        else
            text = czm_arena_format(arena, "%s%s%lld", text, sign, (long long)layer->dims[i]);
    }
    return text;
}

static void put_title(drawing *d, const czm_block *block) {
    put(d, "<title>");
    for (size_t i = 0; i < block->layers.count && i < MOST_TITLES; i++) {
        const czm_layer_info *layer = &d->layers[block->layers.items[i]];
        put_text(d, layer->name);
        put(d, " (");
        put_text(d, layer->op);
        put(d, ") %s\n", shape_text(d->arena, layer));
    }
    if (block->layers.count > MOST_TITLES)
        put(d, "and %zu more", block->layers.count - MOST_TITLES);
    put(d, "</title>\n");
}

static const char *term_text(czm_arena *arena, const czm_term *term) {
    const char *count = term->count > 1 ? czm_arena_format(arena, " \u00d7%zu", term->count) : "";
    size_t most = MOST_LETTERS - strlen(count);
    if (strlen(term->label) <= most) return czm_arena_format(arena, "%s%s", term->label, count);
    return czm_arena_format(arena, "%.*s\u2026%s", (int)most - 1, term->label, count);
}

static const char *last_line(czm_arena *arena, const czm_block *block,
                             const czm_layer_info *layer) {
    if (block->terms[0].family == CZM_FAMILY_END) return shape_text(arena, layer);
    if (block->channels < 0) return "";
    return czm_arena_format(arena, "%lld channel%s", (long long)block->channels,
                            block->channels == 1 ? "" : "s");
}

static void draw_block(drawing *d, const czm_block *block, const czm_box *box) {
    int64_t middle = box->x + box->width / 2, y = box->y;
    put(d, "<g>\n");
    put_title(d, block);
    put_rectangle(d, box->x, box->y, box->width, box->height, "class=\"c\"");
    for (size_t i = 0; i < block->term_count; i++, y += CZM_BAND_HEIGHT) {
        const czm_term *term = &block->terms[i];
        put_rectangle(d, box->x, y, box->width, CZM_BAND_HEIGHT,
                      czm_arena_format(d->arena, "fill=\"%s\"",
                                       czm_family_styles[term->family].colour));
        put_label(d, middle, y + TEXT_BASELINE, "m", term_text(d->arena, term));
    }
    const czm_layer_info *last = &d->layers[block->layers.items[block->layers.count - 1]];
    if (!block->is_join)
        put_label(d, middle, y + TEXT_BASELINE, "m", last_line(d->arena, block, last));
    put_rectangle(d, box->x, box->y, box->width, box->height, "class=\"b\"");
    put(d, "</g>\n");
}

// ---- legend

static bool has_family(const czm_blocks *blocks, czm_family family) {
    for (size_t i = 0; i < blocks->count; i++)
        for (size_t k = 0; k < blocks->items[i].term_count; k++)
            if (blocks->items[i].terms[k].family == family) return true;
    return false;
}

static bool has_skip(const czm_sheet *sheet) {
    for (size_t i = 0; i < sheet->lines.count; i++)
        if (sheet->lines.items[i].is_skip) return true;
    return false;
}

static int64_t legend_width(const drawing *d) {
    int64_t width = LEFT + (has_skip(&d->sheet) ? LEGEND_STEP : 0);
    for (czm_family family = 0; family < CZM_FAMILY_COUNT; family++)
        if (has_family(&d->blocks, family)) width += LEGEND_STEP;
    return width;
}

static int64_t larger(int64_t a, int64_t b) { return a > b ? a : b; }

static void draw_legend(drawing *d) {
    int64_t x = LEFT, y = d->sheet.height + 14;
    for (czm_family family = 0; family < CZM_FAMILY_COUNT; family++) {
        if (!has_family(&d->blocks, family)) continue;
        put_rectangle(d, x, y, 14, 14,
                      czm_arena_format(d->arena, "fill=\"%s\" stroke=\"#555\"",
                                       czm_family_styles[family].colour));
        put_label(d, x + 20, y + 12, "l", czm_family_styles[family].name);
        x += LEGEND_STEP;
    }
    if (has_skip(&d->sheet)) {
        put(d, "<path class=\"s\" d=\"M%lld %lldh30\"/>\n", (long long)x, (long long)y + 7);
        put_label(d, x + 36, y + 12, "l", "skip");
    }
    if (d->blocks.hidden_layers)
        put_label(d, LEFT, y + 34, "l",
                  czm_arena_format(d->arena, "%zu more layers are not drawn",
                                   d->blocks.hidden_layers));
}

czm_bytes czm_svg_draw(czm_arena *arena, const czm_layer_info *layers, size_t count) {
    drawing d = {.arena = arena, .layers = layers, .svg = czm_buffer_in(arena)};
    d.blocks = czm_blocks_of(arena, layers, count);
    d.sheet = czm_sheet_of(arena, &d.blocks);
    d.width = larger(d.sheet.width, legend_width(&d));
    long long width = d.width, height = d.sheet.height + LEGEND_HEIGHT;
    put(&d,
        "<svg xmlns=\"http://www.w3.org/2000/svg\" width=\"%lld\" height=\"%lld\" "
        "viewBox=\"0 0 %lld %lld\">\n",
        width, height, width, height);
    czm_xml_put(&d.svg, head);
    put_rectangle(&d, 0, 0, width, height, "fill=\"#ffffff\"");
    draw_rows(&d);
    draw_lines(&d, false, "class=\"f\" marker-end=\"url(#a)\"");
    draw_lines(&d, true, "class=\"s\" marker-end=\"url(#o)\"");
    for (size_t i = 0; i < d.blocks.count; i++)
        draw_block(&d, &d.blocks.items[i], &d.sheet.boxes[i]);
    draw_legend(&d);
    put(&d, "</svg>\n");
    return czm_buffer_bytes(&d.svg);
}
