// SPDX-License-Identifier: Apache-2.0
//
// The preview: the image, the classes in their colours with a legend, and the confidence, side by side.
#include <math.h>

#include <png.h>

#include "cli/verify/verify.h"

// In pixels of the preview.
enum {
    LEAST_PANEL = 192, // smaller images are enlarged,
    MOST_PANEL = 512,  // larger ones reduced, by whole numbers
    MARGIN = 10,
    SCALE = 2, // of the letters
    ADVANCE = (CLI_GLYPH_WIDTH + 1) * SCALE,
    LINE = (CLI_GLYPH_HEIGHT + 1) * SCALE,
    SWATCH = 6 * SCALE,
};

typedef struct colour {
    uint8_t rgb[3];
} colour;

static const colour black = {{0, 0, 0}};

typedef struct picture {
    size_t height, width;
    uint8_t *rgb;
    size_t panel_height, panel_width, enlarge, reduce;
    const cli_image *image;
    cli_range shown; // the values of the image that become black and white
    const cli_grid *answer;
    bool has_classes;
    cli_range levels; // without classes: the values of the output that become black and white
    const czm_class *classes;
    size_t class_count;
} picture;

static void put(const picture *p, size_t y, size_t x, colour c) {
    if (y < p->height && x < p->width) memcpy(p->rgb + (y * p->width + x) * 3, c.rgb, 3);
}

static void put_text(const picture *p, size_t y, size_t x, const char *text) {
    enum { SIZE = CLI_GLYPH_WIDTH * CLI_GLYPH_HEIGHT };
    for (; *text; text++, x += ADVANCE) {
        uint32_t glyph = cli_glyph(*text);
        for (size_t i = 0; i < SIZE * SCALE * SCALE; i++) {
            size_t row = i / (CLI_GLYPH_WIDTH * SCALE), column = i % (CLI_GLYPH_WIDTH * SCALE);
            size_t bit = row / SCALE * CLI_GLYPH_WIDTH + column / SCALE;
            if (glyph >> (SIZE - 1 - bit) & 1) put(p, y + row, x + column, black);
        }
    }
}

// The letters of a text in UTF-8, one glyph each; a box if the font lacks a letter.
static const char *plain(czm_arena *arena, const char *text) {
    char *copy = czm_arena_alloc(arena, strlen(text) + 1), *to = copy;
    for (; *text; text++)
        if (((unsigned char)*text & 0xc0) != 0x80) *to++ = *text;
    return copy;
}

// ---- panels

static uint8_t level(float value, float dark, float bright) {
    float scaled = (value - dark) / (bright > dark ? bright - dark : 1);
    return (uint8_t)lrintf(255 * fminf(fmaxf(scaled, 0), 1));
}

static colour image_at(const picture *p, size_t y, size_t x) {
    const float *pixel = cli_pixel(&p->image->pixels, y, x);
    bool is_grey = p->image->pixels.channels == 1;
    colour c;
    for (size_t i = 0; i < 3; i++)
        c.rgb[i] = level(pixel[is_grey ? 0 : i], p->shown.least, p->shown.most);
    return c;
}

static colour class_at(const picture *p, size_t y, size_t x) {
    size_t index = cli_class_at(p->answer, y, x);
    if (index >= p->class_count) return black;
    const czm_class *c = &p->classes[index];
    return (colour){{c->red, c->green, c->blue}};
}

static colour confidence_at(const picture *p, size_t y, size_t x) {
    uint8_t grey = level(cli_pixel(p->answer, y, x)[cli_class_at(p->answer, y, x)], 0, 1);
    return (colour){{grey, grey, grey}};
}

static colour output_at(const picture *p, size_t y, size_t x, size_t channel) {
    uint8_t grey = level(cli_pixel(p->answer, y, x)[channel], p->levels.least, p->levels.most);
    return (colour){{grey, grey, grey}};
}

static colour first_output_at(const picture *p, size_t y, size_t x) {
    return output_at(p, y, x, 0);
}
static colour second_output_at(const picture *p, size_t y, size_t x) {
    return output_at(p, y, x, 1);
}
static colour third_output_at(const picture *p, size_t y, size_t x) {
    return output_at(p, y, x, 2);
}

typedef struct panel {
    const char *title;
    colour (*at)(const picture *p, size_t y, size_t x);
} panel;

static const panel panels_of_classes[] = {
    {"image", image_at},
    {"classes", class_at},
    {"confidence (white: 1)", confidence_at},
};

static const panel panels_of_outputs[] = {
    {"image", image_at},
    {"output 1", first_output_at},
    {"output 2", second_output_at},
    {"output 3", third_output_at},
};

static size_t panel_count(const picture *p) {
    if (p->has_classes) return CZM_COUNT_OF(panels_of_classes);
    size_t most = CZM_COUNT_OF(panels_of_outputs), wanted = 1 + p->answer->channels;
    return wanted < most ? wanted : most;
}

static void put_panel(const picture *p, size_t index) {
    size_t left = MARGIN + index * (p->panel_width + MARGIN), top = MARGIN + LINE;
    const panel *panels = p->has_classes ? panels_of_classes : panels_of_outputs;
    put_text(p, MARGIN, left, panels[index].title);
    for (size_t y = 0; y < p->panel_height; y++)
        for (size_t x = 0; x < p->panel_width; x++)
            put(p, top + y, left + x,
                panels[index].at(p, y * p->reduce / p->enlarge, x * p->reduce / p->enlarge));
}

// ---- legend

// Calls a function for each class in turn, or only counts; returns the end of the legend.
static size_t lay_legend(czm_arena *arena, const picture *p, size_t top, bool draws) {
    size_t y = top, x = MARGIN;
    for (size_t i = 0; i < p->class_count; i++) {
        const char *name = plain(arena, p->classes[i].name);
        size_t width = SWATCH + ADVANCE * (strlen(name) + 3);
        if (x > MARGIN && x + width > p->width) {
            x = MARGIN;
            y += LINE;
        }
        const czm_class *c = &p->classes[i];
        for (size_t at = 0; draws && at < SWATCH * SWATCH; at++)
            put(p, y + at / SWATCH, x + at % SWATCH, (colour){{c->red, c->green, c->blue}});
        if (draws) put_text(p, y, x + SWATCH + ADVANCE / 2, name);
        x += width;
    }
    return y + LINE;
}

// ---- the whole

// 1 in 200 pixels may be outside the shown range: one hot pixel must not make all others black.
static cli_range choose_levels(czm_arena *arena, const cli_grid *g) {
    enum { BINS = 4096, OUTLIERS = 200 };
    size_t count = g->height * g->width * g->channels, below = 0, above = 0, first = 0,
           last = BINS - 1;
    float least = INFINITY, most = -INFINITY;
    for (size_t i = 0; i < count; i++) {
        least = fminf(least, g->values[i]);
        most = fmaxf(most, g->values[i]);
    }
    float step = (most - least) / BINS;
    size_t *bins = CZM_NEW_ARRAY(arena, size_t, BINS);
    for (size_t i = 0; i < count; i++) {
        float bin = step > 0 ? (g->values[i] - least) / step : 0;
        bins[bin >= BINS ? BINS - 1 : bin >= 0 ? (size_t)bin : 0]++;
    }
    while (first < last && (below += bins[first]) < count / OUTLIERS) first++;
    while (last > first && (above += bins[last]) < count / OUTLIERS) last--;
    return (cli_range){least + step * (float)first, least + step * (float)(last + 1)};
}

static void choose_size(czm_arena *arena, picture *p) {
    size_t height = p->answer->height, width = p->answer->width;
    size_t longer = height > width ? height : width;
    p->enlarge = longer < LEAST_PANEL ? (LEAST_PANEL + longer - 1) / longer : 1;
    p->reduce = (longer + MOST_PANEL - 1) / MOST_PANEL;
    p->panel_height = height * p->enlarge / p->reduce;
    p->panel_width = width * p->enlarge / p->reduce;
    if (p->panel_height == 0) p->panel_height = 1;
    if (p->panel_width == 0) p->panel_width = 1;
    p->width = MARGIN + panel_count(p) * (p->panel_width + MARGIN);
    p->height = lay_legend(arena, p, MARGIN + LINE + p->panel_height + MARGIN, false) + MARGIN;
}

static const char *write(czm_arena *arena, const picture *p, czm_file *file) {
    png_image png = {.version = PNG_IMAGE_VERSION,
                     .width = (png_uint_32)p->width,
                     .height = (png_uint_32)p->height,
                     .format = PNG_FORMAT_RGB};
    png_alloc_size_t size = PNG_IMAGE_PNG_SIZE_MAX(png);
    void *bytes = czm_arena_alloc(arena, size);
    if (!png_image_write_to_memory(&png, bytes, &size, 0, p->rgb, 0, NULL))
        return czm_arena_format(arena, "libpng: %s", png.message);
    bool is_written = czm_file_write_at(file, 0, bytes, size) && czm_file_publish(file);
    return is_written ? NULL : czm_file_error();
}

const char *cli_preview_write(czm_arena *arena, czm_file *file, const cli_image *image,
                              const cli_grid *answer, bool has_classes, const czm_class *classes,
                              size_t class_count) {
    picture p = {.image = image,
                 .answer = answer,
                 .has_classes = has_classes,
                 .classes = classes,
                 .class_count = has_classes ? class_count : 0};
    p.shown = choose_levels(arena, &image->pixels);
    p.levels = choose_levels(arena, answer);
    choose_size(arena, &p);
    p.rgb = czm_arena_array(arena, p.height * p.width, 3);
    memset(p.rgb, 255, p.height * p.width * 3);
    for (size_t i = 0; i < panel_count(&p); i++) put_panel(&p, i);
    lay_legend(arena, &p, MARGIN + LINE + p.panel_height + MARGIN, true);
    return write(arena, &p, file);
}
