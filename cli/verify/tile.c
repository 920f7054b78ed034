// SPDX-License-Identifier: Apache-2.0
//
// Images are larger than tiles: cutting, running, putting together; and what the answer must hold.
#include <float.h>
#include <math.h>

#include "cli/verify/verify.h"

static size_t smaller(size_t a, size_t b) { return a < b ? a : b; }

// Beyond the last pixel the image goes back, without repeating it.
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

// ---- the whole image

// Along an axis: where the tile that begins at `at` is used, and where the next one begins.
typedef struct span {
    size_t begin, end, next; // `next` is 0 after the last tile
} span;

static span span_at(size_t at, size_t tile, size_t border, size_t size) {
    span s = {at ? at + border : 0, at + tile - border, at + tile - 2 * border};
    if (s.next + tile > size) s.next = size - smaller(tile, size);
    if (at + tile >= size) s = (span){s.begin, size, 0};
    return s;
}

static void put(const cli_grid *output, cli_point from, span rows, span columns,
                const cli_grid *answer) {
    size_t size = (columns.end - columns.begin) * answer->channels * sizeof(float);
    for (size_t y = rows.begin; y < rows.end; y++)
        memcpy(cli_pixel(answer, y, columns.begin),
               cli_pixel(output, y - from.y, columns.begin - from.x), size);
}

static const char *check_tiling(czm_arena *arena, const cli_tiling *t, const cli_grid *image) {
    bool is_one = image->height <= t->height && image->width <= t->width;
    if (is_one || (t->height > 2 * t->border && t->width > 2 * t->border)) return NULL;
    return czm_arena_format(arena,
                            "a tile of %zu x %zu pixels (height x width) has no pixel further "
                            "than %zu from its edges",
                            t->height, t->width, t->border);
}

const char *cli_tiles_run(czm_arena *arena, cli_network *network, const cli_tiling *tiling,
                          const cli_grid *image, cli_grid *answer, size_t *tile_count) {
    CLI_TRY(check_tiling(arena, tiling, image));
    cli_grid tile = cli_grid_new(arena, tiling->height, tiling->width, image->channels);
    cli_grid output = {0};
    cli_point at = {0};
    *tile_count = 0;
    do {
        span rows = span_at(at.y, tiling->height, tiling->border, image->height);
        do {
            if (czm_signal_caught()) return "stopped";
            span columns = span_at(at.x, tiling->width, tiling->border, image->width);
            cut(image, at, &tile);
            CLI_TRY(cli_network_run(network, arena, &tile, &output));
            if (++*tile_count == 1)
                *answer = cli_grid_new(arena, image->height, image->width, output.channels);
            put(&output, at, rows, columns, answer);
            at.x = columns.next;
        } while (at.x);
        at.y = rows.next;
    } while (at.y);
    return NULL;
}

// ---- the edges of a tile

// Large enough for the two to be different tiles, and a multiple, so that both are pooled alike.
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

// The distance of a position from the nearer end of what both tiles have.
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

const char *cli_edges_measure(czm_arena *arena, cli_network *network, const cli_tiling *tiling,
                              const cli_grid *image, cli_edges *edges) {
    cli_point shift = {shift_of(tiling->height, tiling->multiple),
                       shift_of(tiling->width, tiling->multiple)};
    *edges = (cli_edges){0};
    if (shift.y >= tiling->height || shift.x >= tiling->width) return NULL;
    cli_grid tile = cli_grid_new(arena, tiling->height, tiling->width, image->channels);
    cli_grid here = {0}, there = {0};
    cut(image, (cli_point){0}, &tile);
    CLI_TRY(cli_network_run(network, arena, &tile, &here));
    cut(image, shift, &tile);
    CLI_TRY(cli_network_run(network, arena, &tile, &there));
    edges->is_known = true;
    edges->depth = (smaller(tiling->height - shift.y, tiling->width - shift.x) + 1) / 2;
    compare(&here, &there, shift, tiling->border, edges);
    return NULL;
}

// ---- the answer

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
