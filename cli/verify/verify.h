// SPDX-License-Identifier: Apache-2.0
//
// What the parts of the verify command share: pixels in memory, and a network that can be run.
// Memory hangs on the arena of the command. Functions that can fail return what is wrong, as text of
// the arena, or NULL.
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
    float most;      // the largest value that a sample can have; 0: floating point, any
} cli_image;

// Reads PNG, JPEG or TIFF; which of them is told by the content.
const char *cli_image_read(czm_arena *arena, const char *path, cli_image *image);

// An image of bright blobs on a dark ground, of whole numbers up to `most`, the same every time.
cli_image cli_image_generate(czm_arena *arena, size_t height, size_t width, float most);

// The image as the network wants it: its number of channels, blue first, values up to `most` (0: as
// they are).
const char *cli_image_prepare(czm_arena *arena, const cli_image *image, size_t channels, float most,
                              cli_grid *prepared);

// ---- networks (runtime_*.c)

typedef struct cli_network {
    const char *runtime; // such as "ONNX Runtime 1.23.2"
    int64_t dims[4];     // of the input: batch, height, width, channels; -1: open
    void *session;
    // Runs one tile. `output` is made by the first run and used again.
    const char *(*run)(void *session, czm_arena *arena, const cli_grid *tile, cli_grid *output);
    size_t runs;
    double seconds;  // of the quickest run
    uint64_t memory; // bytes that the first run needed more than there were before; 0: not known
} cli_network;

// What to run: a SavedModel's signature and the keys of its ends.
typedef struct cli_signature {
    const char *name, *input, *output;
} cli_signature;

// Both load their library when they are called, and not before; network->runtime is set once there is
// one, whatever becomes of the model. `engine` is a library or the folder of one.
const char *cli_onnx_open(czm_arena *arena, const char *path, cli_network *network);
const char *cli_tensorflow_open(czm_arena *arena, const char *engine, const char *folder,
                                const cli_signature *signature, cli_network *network);

// The folder of the SavedModel that stands in the CZModel `target`, or would if it were converted;
// what is made for that lies in `scratch`.
czm_status cli_payload_unpack(czm_arena *arena, const char *target, const czm_inspection *model,
                              const char *scratch, czm_report *report, const char **folder);

// Runs a tile, with an eye on the clock and the memory.
const char *cli_network_run(cli_network *network, czm_arena *arena, const cli_grid *tile,
                            cli_grid *output);

// ---- tiles (tile.c)

typedef struct cli_tiling {
    size_t height, width; // of a tile
    size_t border;        // pixels at a tile's edges that are not used
    size_t multiple;      // tiles may be shifted by multiples of this
} cli_tiling;

// The network's answer for the whole image, put together of tiles that overlap by the border. What
// lies beyond the image is its mirror image.
const char *cli_tiles_run(czm_arena *arena, cli_network *network, const cli_tiling *tiling,
                          const cli_grid *image, cli_grid *answer, size_t *tile_count);

// How far the edges of a tile are felt: two tiles that overlap are compared where both have pixels.
typedef struct cli_edges {
    bool is_known;        // false: the tile is too small to be shifted
    size_t reach;         // pixels from the edge within which the two differ noticeably
    size_t depth;         // pixels from the edge that the comparison sees at most
    double inside_border; // the largest difference beyond the border
} cli_edges;

// Differences up to this do not count: the sums of a convolution are added in another order.
#define CLI_TOLERANCE 1e-4

const char *cli_edges_measure(czm_arena *arena, cli_network *network, const cli_tiling *tiling,
                              const cli_grid *image, cli_edges *edges);

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
    cli_tiling tiling;
    size_t tile_count;
    double seconds; // as of cli_network
    uint64_t memory;
    cli_probabilities probabilities;
    cli_edges edges;
    cli_comparison payload, original;
    bool has_failed; // a check has
} cli_result;

// Prints it to standard output; docs/json.md tells the keys. false without memory.
bool cli_result_print(const cli_result *result, const czm_border_info *theory);

// ---- the picture (preview.c, font.c)

const char *cli_preview_write(czm_arena *arena, const char *path, const cli_image *image,
                              const cli_grid *answer, const czm_class *classes, size_t class_count);

// A glyph of CLI_GLYPH_WIDTH x CLI_GLYPH_HEIGHT pixels: four bits a row, the left one highest, the
// upper row in the highest bits.
enum { CLI_GLYPH_WIDTH = 4, CLI_GLYPH_HEIGHT = 8 };

uint32_t cli_glyph(char character);

// ---- the system (system.c)

// A shared library; its symbols serve later ones too if they are shared. NULL: cli_library_fault().
void *cli_library_open(const char *path, bool is_shared);
const char *cli_library_fault(void);

// Stores the address of a function of a library in `*function`; false: there is none.
bool cli_library_find(void *library, const char *name, void *function);

// The folder of a package of the Python that "python3" starts; NULL: there is none.
const char *cli_python_package(czm_arena *arena, const char *name);

// Sets a variable of the environment, unless it is there.
void cli_environment_default(const char *name, const char *value);

double cli_seconds(void);

// Bytes of the process in memory, now and at most since cli_memory_begin(); 0: not known.
uint64_t cli_memory_now(void);
void cli_memory_begin(void);
uint64_t cli_memory_most(void);

#endif
