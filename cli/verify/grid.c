// SPDX-License-Identifier: Apache-2.0
//
// Pixels in memory.
#include <math.h>

#include "cli/verify/verify.h"

cli_grid cli_grid_new(czm_arena *arena, size_t height, size_t width, size_t channels) {
    float *values = czm_arena_array(arena, height * width, channels * sizeof(float));
    return (cli_grid){height, width, channels, values};
}

static bool is_of(const cli_grid *grid, const int64_t dims[4]) {
    return grid->height == (size_t)dims[1] && grid->width == (size_t)dims[2] &&
           grid->channels == (size_t)dims[3];
}

const char *cli_grid_take(czm_arena *arena, const int64_t dims[4], const float *from,
                          cli_grid *grid) {
    if (dims[0] != 1 || dims[1] < 1 || dims[2] < 1 || dims[3] < 1)
        return "the network does not output one image for one input image";
    if (!grid->values)
        *grid = cli_grid_new(arena, (size_t)dims[1], (size_t)dims[2], (size_t)dims[3]);
    if (!is_of(grid, dims)) return "the network outputs another size for a tile of the same size";
    memcpy(grid->values, from, grid->height * grid->width * grid->channels * sizeof(float));
    return NULL;
}

double cli_grid_difference(const cli_grid *a, const cli_grid *b) {
    double largest = 0;
    if (a->height != b->height || a->width != b->width || a->channels != b->channels)
        return INFINITY;
    for (size_t i = 0; i < a->height * a->width * a->channels; i++) {
        double difference = fabs((double)a->values[i] - (double)b->values[i]);
        if (isnan(difference)) return INFINITY;
        if (difference > largest) largest = difference;
    }
    return largest;
}
