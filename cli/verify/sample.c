// SPDX-License-Identifier: Apache-2.0
//
// The generated image, and the preparation of every image for the network.
#include <math.h>

#include "cli/verify/verify.h"

// ---- the generated image

enum { SPACING = 24 }; // of the blobs, in pixels

// A number from 0 to 1 that depends only on the position: an integer hash.
static float noise(size_t y, size_t x, uint32_t seed) {
    uint32_t h = (uint32_t)y * 0x9e3779b1u ^ (uint32_t)x * 0x85ebca77u ^ seed * 0xc2b2ae3du;
    h = (h ^ h >> 15) * 0x2c1b3c6du;
    h = (h ^ h >> 12) * 0x297a2d39u;
    return (float)((h ^ h >> 15) & 0xffff) / 0xffff;
}

// One blob in each square of a raster, with its own position, radius and brightness.
static float blob(size_t row, size_t column, float y, float x) {
    float dy = y - ((float)row + noise(row, column, 1)) * SPACING;
    float dx = x - ((float)column + noise(row, column, 2)) * SPACING;
    float radius = SPACING * (0.15f + 0.3f * noise(row, column, 3));
    float inside = radius - sqrtf(dy * dy + dx * dx);
    float edge = inside > 1 ? 1 : inside > 0 ? inside : 0;
    return edge * (0.3f + 0.5f * noise(row, column, 4));
}

// From 0 to 1.
static float sample_at(size_t y, size_t x) {
    float value = 0.04f + 0.03f * noise(y, x, 5);
    for (size_t row = y / SPACING; row < y / SPACING + 3; row++)
        for (size_t column = x / SPACING; column < x / SPACING + 3; column++)
            value = fmaxf(value, blob(row, column, (float)(y + SPACING), (float)(x + SPACING)));
    return value;
}

cli_image cli_image_generate(czm_arena *arena, size_t height, size_t width, float most) {
    cli_image image = {.pixels = cli_grid_new(arena, height, width, 1), .most = most};
    for (size_t y = 0; y < height; y++)
        for (size_t x = 0; x < width; x++)
            *cli_pixel(&image.pixels, y, x) = floorf(sample_at(y, x) * most);
    return image;
}

// ---- the input of the network

float cli_pixel_type_most(const char *type, float otherwise) {
    static const struct {
        const char *type;
        float most;
    } known[] = {
        {"Gray8", 255}, {"Gray16", 65535}, {"Bgr24", 255}, {"Bgr48", 65535}, {"Bgra32", 255}};
    for (size_t i = 0; i < CZM_COUNT_OF(known); i++)
        if (type && czm_text_equal(type, known[i].type)) return known[i].most;
    return otherwise;
}

float cli_image_fed_most(const czm_metadata *metadata, float image_most) {
    return metadata->has_unit_range ? 1 : cli_pixel_type_most(metadata->pixel_type, image_most);
}

// Brightness with the weights of ITU-R BT.601.
static float grey_of(const float *pixel, size_t channels) {
    return channels == 1 ? pixel[0] : 0.299f * pixel[0] + 0.587f * pixel[1] + 0.114f * pixel[2];
}

// Networks expect blue, green, red and, with four channels, alpha.
static void put_colours(const float *from, size_t channels, float opaque, size_t wanted,
                        float *to) {
    for (size_t c = 0; c < 3; c++) to[c] = channels == 1 ? from[0] : from[2 - c];
    if (wanted == 4) to[3] = opaque;
}

const char *cli_image_prepare(czm_arena *arena, const cli_image *image, size_t channels, float most,
                              cli_grid *prepared) {
    const cli_grid *p = &image->pixels;
    if (channels != 1 && channels != 3 && channels != 4)
        return czm_arena_format(arena,
                                "the network requires images with %zu channels; verify generates "
                                "images with 1, 3 or 4 channels",
                                channels);
    *prepared = cli_grid_new(arena, p->height, p->width, channels);
    float factor = image->most > 0 ? most / image->most : 1;
    for (size_t i = 0; i < p->height * p->width; i++) {
        const float *from = p->values + i * p->channels;
        float *to = prepared->values + i * channels;
        if (channels == 1)
            to[0] = grey_of(from, p->channels);
        else
            put_colours(from, p->channels, image->most, channels, to);
        for (size_t c = 0; c < channels; c++) to[c] *= factor;
    }
    return NULL;
}
