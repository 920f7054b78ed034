// SPDX-License-Identifier: Apache-2.0
//
// Images, tiles, classes and previews, for every caller that runs networks. Nothing here runs one: the caller
// requests a tile, runs it, and returns the output (cli/runtime/ is such a caller). Memory belongs to the arena of
// the caller. Functions that can fail return NULL or what is wrong, as text of the arena, or NULL.
#ifndef CZM_CLI_VERIFY_H
#define CZM_CLI_VERIFY_H

#include "base/os.h"
#include "czm.h"

#define CLI_TRY(call)                \
    do {                             \
        const char *fault_ = (call); \
        if (fault_) return fault_;   \
    } while (0)

// ---- pixels

// Row by row, the channels of a pixel side by side.
typedef struct cli_grid {
    size_t height, width, channels;
    float *values;
} cli_grid;

typedef struct cli_point {
    size_t y, x;
} cli_point;

cli_grid cli_grid_new(czm_arena *arena, size_t height, size_t width, size_t channels);

static inline float *cli_pixel(const cli_grid *grid, size_t y, size_t x) {
    return grid->values + (y * grid->width + x) * grid->channels;
}

// Copies a network's output: batch, height, width, channels. `grid` is made at the first call.
const char *cli_grid_take(czm_arena *arena, const int64_t dims[4], const float *from,
                          cli_grid *grid);

// The largest absolute difference of two grids of one shape; a NaN counts as infinity, and so does
// another shape.
double cli_grid_difference(const cli_grid *a, const cli_grid *b);

// ---- images (image.c, sample.c)

typedef struct cli_image {
    cli_grid pixels; // as in the file: grey, or red, green, blue; without alpha
    // The value of white: the largest value of 8 or 16 bits; otherwise the smallest of 1, 255 and 65535 that no
    // sample exceeds, or else the largest sample.
    float most;
    const char *unused; // the parts of the file that are not in `pixels`; NULL: none
    uint64_t file_size;
} cli_image;

// Reads PNG, JPEG or TIFF; the content determines the kind.
const char *cli_image_read(czm_arena *arena, const char *path, cli_image *image);

// The libraries that read images; none if verify was not built (cli/verify_without.c). A version may be followed by
// further lines.
size_t cli_image_component_count(void);
czm_component cli_image_component_at(size_t index);

// An image of bright blobs on a dark background, with integers up to `most`; always the same.
cli_image cli_image_generate(czm_arena *arena, size_t height, size_t width, float most);

// The value of white at the input of a network with these metadata, for an image whose white is `image_most`.
float cli_image_fed_most(const czm_metadata *metadata, float image_most);

// The largest value of the pixel type in the metadata; `otherwise` if it has none.
float cli_pixel_type_most(const char *type, float otherwise);

// The image in the form that the network expects: its number of channels, blue first, white at `most`.
const char *cli_image_prepare(czm_arena *arena, const cli_image *image, size_t channels, float most,
                              cli_grid *prepared);

// ---- tiles (tile.c)

typedef struct cli_tiling {
    size_t height, width; // of a tile
    size_t border;        // discarded pixels at each side of a tile
    size_t multiple;      // tiles may be shifted by multiples of this
} cli_tiling;

// For a model and the input size of its network (`dims`: batch, height, width, channels; -1: open) and
// an image of `height` x `width` pixels (0: there is none).
cli_tiling cli_tiling_choose(const czm_inspection *model, const int64_t dims[4], size_t height,
                             size_t width);

// An iteration over the tiles of an image, which overlap by the border. Beyond the image, tiles contain its mirror
// image.
//
//     cli_tiles_begin(arena, &tiling, &image, &tiles);
//     while (cli_tiles_next(&tiles)) {
//         ... run tiles.tile, giving output ...
//         cli_tiles_put(arena, &tiles, &output);
//     }
//     ... use tiles.answer ...
//
// Outputs need not come at once: a caller that has to wait keeps the walk and goes on later.
typedef struct cli_span {
    size_t begin, end,
        next; // the used part of a tile, and the begin of the next one; 0: it is the last
} cli_span;

typedef struct cli_tiles {
    cli_tiling tiling;
    cli_grid image;
    cli_grid tile;   // the one to run now; overwritten by the next one
    cli_grid answer; // the merged outputs; made by the first cli_tiles_put()
    size_t count;    // of the tiles so far
    cli_point at;
    cli_span rows, columns;
} cli_tiles;

const char *cli_tiles_begin(czm_arena *arena, const cli_tiling *tiling, const cli_grid *image,
                            cli_tiles *tiles);
bool cli_tiles_next(cli_tiles *tiles); // false after the last tile
const char *cli_tiles_put(czm_arena *arena, cli_tiles *tiles, const cli_grid *output);

// The reach of edge effects into a tile: two overlapping tiles are compared in their common part.
typedef struct cli_edges {
    bool is_known;        // false: the tile is too small to be shifted
    size_t reach;         // pixels from the edge within which the two differ noticeably
    size_t depth;         // the largest distance from the edge that was compared
    double inside_border; // the largest difference beyond the border
} cli_edges;

// Smaller differences are ignored: a convolution may add its terms in another order.
#define CLI_TOLERANCE 1e-4

typedef struct cli_edge_tiles {
    cli_grid here, there; // both to be run
    cli_point shift;      // of the second against the first
    size_t border;
} cli_edge_tiles;

// false: the tile is too small to be shifted.
bool cli_edges_begin(czm_arena *arena, const cli_tiling *tiling, const cli_grid *image,
                     cli_edge_tiles *tiles);
const char *cli_edges_compare(czm_arena *arena, const cli_edge_tiles *tiles, const cli_grid *here,
                              const cli_grid *there, cli_edges *edges);

// The least and the largest value of a grid.
typedef struct cli_range {
    float least, most;
} cli_range;

cli_range cli_range_of(const cli_grid *grid);

// The class of most pixels, and its share.
typedef struct cli_largest_class {
    size_t index;
    double share; // from 0 to 1
} cli_largest_class;

cli_largest_class cli_largest_class_of(czm_arena *arena, const cli_grid *answer);

typedef struct cli_probabilities {
    float least, most;
    double sum_off; // the largest distance of the sum of a pixel from 1
} cli_probabilities;

cli_probabilities cli_probabilities_of(const cli_grid *answer);

// The most probable class.
size_t cli_class_at(const cli_grid *answer, size_t y, size_t x);

// ---- the result (json.c)

// The difference of another engine's output from the checked one.
typedef struct cli_comparison {
    const char *runtime; // NULL: it was not run
    const char *fault;   // why it could not be run; or NULL
    double difference;   // the largest
} cli_comparison;

typedef struct cli_result {
    const char *target;
    const char *network; // what was run
    const char *runtime;
    const char *image; // NULL: a generated one
    cli_range fed;     // values
    double factor;     // the factor between the image's values and the fed ones
    bool has_classes;
    cli_largest_class largest_class;
    cli_tiling tiling;
    size_t tile_count;
    double seconds;  // of the fastest run of a tile
    uint64_t memory; // bytes that a tile needs; 0: not known
    cli_probabilities probabilities;
    cli_edges edges;
    cli_comparison payload, original;
    bool has_failed; // a check has failed
} cli_result;

// Prints it to standard output; docs/json.md lists the keys. false without memory.
bool cli_result_print(const cli_result *result, const czm_border_info *theory);

// ---- the picture (preview.c, font.c)

// Draws classes and confidence beside the image if `has_classes`, else the channels of the output in grey. Writes and
// publishes `file`, a PNG. Returns what is wrong, or NULL.
const char *cli_preview_write(czm_arena *arena, czm_file *file, const cli_image *image,
                              const cli_grid *answer, bool has_classes, const czm_class *classes,
                              size_t class_count);

// A glyph of CLI_GLYPH_WIDTH x CLI_GLYPH_HEIGHT pixels: four bits per row, the leftmost pixel in the highest bit, the
// top row in the highest bits.
enum { CLI_GLYPH_WIDTH = 4, CLI_GLYPH_HEIGHT = 8 };

uint32_t cli_glyph(char character);

#endif
