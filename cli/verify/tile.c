// SPDX-License-Identifier: Apache-2.0
//
// Tiles: choosing their size, cutting the image, merging the outputs; and the checks of the output.
#include <float.h>
#include <math.h>

#include "cli/verify/verify.h"

static size_t smaller(size_t a, size_t b) { return a < b ? a : b; }

// The mirror image beyond the last pixel, which is not repeated.
static size_t mirrored(size_t at, size_t size) {
    if (size == 1) return 0;
    at %= 2 * size - 2;
    return at < size ? at : 2 * size - 2 - at;
}

static void cut(const cli_grid *image, cli_point from, const cli_grid *tile) {
    for (size_t y = 0; y < tile->height; y++)
        for (size_t x = 0; x < tile->width; x++)
            memcpy(cli_pixel(tile, y, x),
                   cli_pixel(image, mirrored(from.y + y, image->height),
                             mirrored(from.x + x, image->width)),
                   tile->channels * sizeof(float));
}

static size_t choose_side(int64_t side, size_t image, size_t multiple) {
    enum { MOST = 512, USUAL_MULTIPLE = 32 };
    if (side > 0) return (size_t)side;
    if (multiple == 0) multiple = USUAL_MULTIPLE;
    size_t wanted = image && image < MOST ? image : MOST;
    return wanted < multiple ? multiple : wanted / multiple * multiple;
}

cli_tiling cli_tiling_choose(const czm_inspection *model, const int64_t dims[4], size_t height,
                             size_t width) {
    size_t multiple = (size_t)model->memory.tile_multiple;
    return (cli_tiling){
        .height = choose_side(dims[1], height, multiple),
        .width = choose_side(dims[2], width, multiple),
        .border =
            (size_t)(model->has_metadata ? model->metadata.border_size : model->border.border),
        .multiple = multiple,
    };
}

static const char *check_size(czm_arena *arena, const cli_grid *tile, const cli_grid *output) {
    if (output->height == tile->height && output->width == tile->width) return NULL;
    return czm_arena_format(arena,
                            "a tile of %zu x %zu pixels (height x width) gives %zu x %zu; the "
                            "output must have the size of the input",
                            tile->height, tile->width, output->height, output->width);
}

// ---- the whole image

static cli_span span_at(size_t at, size_t tile, size_t border, size_t size) {
    cli_span s = {at ? at + border : 0, at + tile - border, at + tile - 2 * border};
    if (s.next + tile > size) s.next = size - smaller(tile, size);
    if (at + tile >= size) s = (cli_span){s.begin, size, 0};
    return s;
}

static const char *check_tiling(czm_arena *arena, const cli_tiling *t, const cli_grid *image) {
    bool is_one = image->height <= t->height && image->width <= t->width;
    if (is_one || (t->height > 2 * t->border && t->width > 2 * t->border)) return NULL;
    return czm_arena_format(arena,
                            "a tile of %zu x %zu pixels (height x width) has no pixel that is more "
                            "than %zu pixels from its edges",
                            t->height, t->width, t->border);
}

const char *cli_tiles_begin(czm_arena *arena, const cli_tiling *tiling, const cli_grid *image,
                            cli_tiles *tiles) {
    CLI_TRY(check_tiling(arena, tiling, image));
    *tiles = (cli_tiles){
        .tiling = *tiling,
        .image = *image,
        .tile = cli_grid_new(arena, tiling->height, tiling->width, image->channels),
    };
    return NULL;
}

bool cli_tiles_next(cli_tiles *t) {
    if (t->count > 0) {
        t->at.x = t->columns.next;
        if (t->at.x == 0) t->at.y = t->rows.next;
        if (t->at.x == 0 && t->at.y == 0) return false;
    }
    t->count++;
    t->rows = span_at(t->at.y, t->tiling.height, t->tiling.border, t->image.height);
    t->columns = span_at(t->at.x, t->tiling.width, t->tiling.border, t->image.width);
    cut(&t->image, t->at, &t->tile);
    return true;
}

const char *cli_tiles_put(czm_arena *arena, cli_tiles *t, const cli_grid *output) {
    CLI_TRY(check_size(arena, &t->tile, output));
    if (!t->answer.values)
        t->answer = cli_grid_new(arena, t->image.height, t->image.width, output->channels);
    if (output->channels != t->answer.channels)
        return "the number of output channels changes from tile to tile";
    size_t size = (t->columns.end - t->columns.begin) * output->channels * sizeof(float);
    for (size_t y = t->rows.begin; y < t->rows.end; y++)
        memcpy(cli_pixel(&t->answer, y, t->columns.begin),
               cli_pixel(output, y - t->at.y, t->columns.begin - t->at.x), size);
    return NULL;
}

// ---- the edges of a tile

// A shift that is large enough for two different tiles, and a multiple, so that pooling is the same in both.
static size_t shift_of(size_t tile, size_t multiple) {
    size_t shift = 1;
    if (multiple) return tile / 4 > multiple ? tile / 4 / multiple * multiple : multiple;
    while (shift * 2 <= tile / 4) shift *= 2;
    return shift;
}

static double pixel_difference(const float *a, const float *b, size_t channels) {
    double largest = 0;
    for (size_t c = 0; c < channels; c++) {
        double difference = fabs((double)a[c] - (double)b[c]);
        largest = isnan(difference) ? INFINITY : fmax(largest, difference);
    }
    return largest;
}

// The distance of a position from the nearer end of the common part of both tiles.
static size_t depth_at(size_t at, size_t shift, size_t size) {
    return smaller(at - shift, size - 1 - at);
}

static void compare(const cli_grid *a, const cli_grid *b, cli_point shift, size_t border,
                    cli_edges *edges) {
    for (size_t y = shift.y; y < a->height; y++)
        for (size_t x = shift.x; x < a->width; x++) {
            size_t depth = smaller(depth_at(y, shift.y, a->height), depth_at(x, shift.x, a->width));
            double difference = pixel_difference(cli_pixel(a, y, x),
                                                 cli_pixel(b, y - shift.y, x - shift.x),
                                                 a->channels);
            if (difference > CLI_TOLERANCE && depth >= edges->reach) edges->reach = depth + 1;
            if (depth >= border) edges->inside_border = fmax(edges->inside_border, difference);
        }
}

bool cli_edges_begin(czm_arena *arena, const cli_tiling *tiling, const cli_grid *image,
                     cli_edge_tiles *tiles) {
    cli_point shift = {shift_of(tiling->height, tiling->multiple),
                       shift_of(tiling->width, tiling->multiple)};
    if (shift.y >= tiling->height || shift.x >= tiling->width) return false;
    *tiles = (cli_edge_tiles){
        .here = cli_grid_new(arena, tiling->height, tiling->width, image->channels),
        .there = cli_grid_new(arena, tiling->height, tiling->width, image->channels),
        .shift = shift,
        .border = tiling->border,
    };
    cut(image, (cli_point){0}, &tiles->here);
    cut(image, shift, &tiles->there);
    return true;
}

const char *cli_edges_compare(czm_arena *arena, const cli_edge_tiles *tiles, const cli_grid *here,
                              const cli_grid *there, cli_edges *edges) {
    CLI_TRY(check_size(arena, &tiles->here, here));
    CLI_TRY(check_size(arena, &tiles->there, there));
    if (here->channels != there->channels)
        return "the number of output channels changes from tile to tile";
    cli_point rest = {here->height - tiles->shift.y, here->width - tiles->shift.x};
    *edges = (cli_edges){.is_known = true, .depth = (smaller(rest.y, rest.x) + 1) / 2};
    compare(here, there, tiles->shift, tiles->border, edges);
    return NULL;
}

// ---- the output

cli_range cli_range_of(const cli_grid *grid) {
    cli_range range = {FLT_MAX, -FLT_MAX};
    for (size_t i = 0; i < grid->height * grid->width * grid->channels; i++) {
        range.least = fminf(range.least, grid->values[i]);
        range.most = fmaxf(range.most, grid->values[i]);
    }
    return range;
}

cli_largest_class cli_largest_class_of(czm_arena *arena, const cli_grid *answer) {
    size_t *counts = CZM_NEW_ARRAY(arena, size_t, answer->channels),
           pixels = answer->height * answer->width;
    cli_largest_class largest = {0};
    for (size_t i = 0; i < pixels; i++)
        counts[cli_class_at(answer, i / answer->width, i % answer->width)]++;
    for (size_t i = 0; i < answer->channels; i++)
        if (counts[i] > counts[largest.index]) largest.index = i;
    largest.share = (double)counts[largest.index] / (double)pixels;
    return largest;
}

cli_probabilities cli_probabilities_of(const cli_grid *answer) {
    cli_probabilities p = {.least = FLT_MAX, .most = -FLT_MAX};
    for (size_t i = 0; i < answer->height * answer->width; i++) {
        const float *pixel = answer->values + i * answer->channels;
        double sum = 0;
        for (size_t c = 0; c < answer->channels; c++) {
            p.least = fminf(p.least, pixel[c]);
            p.most = fmaxf(p.most, pixel[c]);
            sum += pixel[c];
        }
        p.sum_off = isnan(sum) ? INFINITY : fmax(p.sum_off, fabs(sum - 1));
    }
    return p;
}

size_t cli_class_at(const cli_grid *answer, size_t y, size_t x) {
    const float *pixel = cli_pixel(answer, y, x);
    size_t best = 0;
    for (size_t c = 1; c < answer->channels; c++)
        if (pixel[c] > pixel[best]) best = c;
    return best;
}
