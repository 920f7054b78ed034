// SPDX-License-Identifier: Apache-2.0
//
// What is known of images, tiles, classes and pictures, for the verify command and for every other
// caller that runs networks. Nothing here runs one: the caller takes a tile, runs it, and hands back the
// output (cli/runtime/ is such a caller). Memory hangs on the arena of the caller. Functions that can
// fail return what is wrong, as text of the arena, or NULL.
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

// Copies what a network gave: batch, height, width, channels. `grid` is made the first time.
const char *cli_grid_take(czm_arena *arena, const int64_t dims[4], const float *from,
                          cli_grid *grid);

// The largest absolute difference of two grids of one shape; a NaN counts as infinity, and so does
// another shape.
double cli_grid_difference(const cli_grid *a, const cli_grid *b);

// ---- images (image.c, sample.c)

typedef struct cli_image {
    cli_grid pixels; // as in the file: grey, or red, green, blue; without alpha
    // The value that is white: of 8 and 16 bits the largest; of others the smallest of 1, 255 and 65535
    // that no sample exceeds, or else the largest sample.
    float most;
    const char *unused; // what of the file is not in `pixels`; NULL: nothing
    uint64_t file_size;
} cli_image;

// Reads PNG, JPEG or TIFF; which of them is told by the content.
const char *cli_image_read(czm_arena *arena, const char *path, cli_image *image);

// The libraries that read images; none where verify was left out (cli/verify_without.c). A version may be
// followed by further lines.
size_t cli_image_component_count(void);
czm_component cli_image_component_at(size_t index);

// An image of bright blobs on a dark ground, of whole numbers up to `most`, the same every time.
cli_image cli_image_generate(czm_arena *arena, size_t height, size_t width, float most);

// Up to which value a network with this metadata gets the pixels of an image whose white is `image_most`.
float cli_image_fed_most(const czm_metadata *metadata, float image_most);

// The values that a pixel type of the metadata can have; `otherwise` if it says nothing.
float cli_pixel_type_most(const char *type, float otherwise);

// The image as the network wants it: its number of channels, blue first, white at `most`.
const char *cli_image_prepare(czm_arena *arena, const cli_image *image, size_t channels, float most,
                              cli_grid *prepared);

// ---- tiles (tile.c)

typedef struct cli_tiling {
    size_t height, width; // of a tile
    size_t border;        // pixels at a tile's edges that are not used
    size_t multiple;      // tiles may be shifted by multiples of this
} cli_tiling;

// For a model and the input size of its network (`dims`: batch, height, width, channels; -1: open) and
// an image of `height` x `width` pixels (0: there is none).
cli_tiling cli_tiling_choose(const czm_inspection *model, const int64_t dims[4], size_t height,
                             size_t width);

// A walk over the tiles of an image, which overlap by the border. What lies beyond the image is its
// mirror image.
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
        next; // where a tile is used, and where the next one begins; 0: it is the last
} cli_span;

typedef struct cli_tiles {
    cli_tiling tiling;
    cli_grid image;
    cli_grid tile;   // the one to run now; overwritten by the next one
    cli_grid answer; // outputs put together; made by the first cli_tiles_put()
    size_t count;    // of the tiles so far
    cli_point at;
    cli_span rows, columns;
} cli_tiles;

const char *cli_tiles_begin(czm_arena *arena, const cli_tiling *tiling, const cli_grid *image,
                            cli_tiles *tiles);
bool cli_tiles_next(cli_tiles *tiles); // false after the last tile
const char *cli_tiles_put(czm_arena *arena, cli_tiles *tiles, const cli_grid *output);

// How far edge effects reach into a tile: two tiles that overlap are compared where both have pixels.
typedef struct cli_edges {
    bool is_known;        // false: the tile is too small to be shifted
    size_t reach;         // pixels from the edge within which the two differ noticeably
    size_t depth;         // pixels from the edge that the comparison sees at most
    double inside_border; // the largest difference beyond the border
} cli_edges;

// Differences up to this do not count: the sums of a convolution are added in another order.
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

// The class that most pixels have, and its share.
typedef struct cli_largest_class {
    size_t index;
    double share; // from 0 to 1
} cli_largest_class;

cli_largest_class cli_largest_class_of(czm_arena *arena, const cli_grid *answer);

typedef struct cli_probabilities {
    float least, most;
    double sum_off; // how far the sum of a pixel is from 1 at most
} cli_probabilities;

cli_probabilities cli_probabilities_of(const cli_grid *answer);

// The most probable class.
size_t cli_class_at(const cli_grid *answer, size_t y, size_t x);

// ---- the result (json.c)

// How the answer of another engine differs from the one that is judged.
typedef struct cli_comparison {
    const char *runtime; // NULL: it was not run
    const char *fault;   // why it could not be; NULL
    double difference;   // the largest
} cli_comparison;

typedef struct cli_result {
    const char *target;
    const char *network; // what was run
    const char *runtime;
    const char *image; // NULL: a generated one
    cli_range fed;     // values
    double factor;     // of the image's values, which made them
    bool has_classes;
    cli_largest_class largest_class;
    cli_tiling tiling;
    size_t tile_count;
    double seconds;  // of the quickest run of a tile
    uint64_t memory; // bytes that a tile needs; 0: not known
    cli_probabilities probabilities;
    cli_edges edges;
    cli_comparison payload, original;
    bool has_failed; // a check has
} cli_result;

// Prints it to standard output; docs/json.md tells the keys. false without memory.
bool cli_result_print(const cli_result *result, const czm_border_info *theory);

// ---- the picture (preview.c, font.c)

// Classes and confidence beside the image if `has_classes`, else the channels of the answer, as greys.
const char *cli_preview_write(czm_arena *arena, const char *path, const cli_image *image,
                              const cli_grid *answer, bool has_classes, const czm_class *classes,
                              size_t class_count);

// A glyph of CLI_GLYPH_WIDTH x CLI_GLYPH_HEIGHT pixels: four bits a row, the left one highest, the
// upper row in the highest bits.
enum { CLI_GLYPH_WIDTH = 4, CLI_GLYPH_HEIGHT = 8 };

uint32_t cli_glyph(char character);

#endif
