// SPDX-License-Identifier: Apache-2.0
//
// The parts of the verify command that need no engine: images of each format, value by value, and
// tiles, by networks that are functions of a few lines.
#include "cli/verify/verify.h"

#include <math.h>
#include <stdio.h>

#include <jpeglib.h>
#include <png.h>
#include <tiffio.h>

#include "support.h"

enum { HEIGHT = 5, WIDTH = 7 };

static void assert_no_fault(const char *fault) {
    if (fault) fail_msg("%s", fault);
}

// ---- images

static uint16_t value_at(size_t y, size_t x, size_t channel) {
    return (uint16_t)(y * 9001 + x * 257 + channel * 77);
}

static void assert_pixels(const cli_image *image, size_t channels, unsigned shift) {
    assert_int_equal(image->pixels.height, HEIGHT);
    assert_int_equal(image->pixels.width, WIDTH);
    assert_int_equal(image->pixels.channels, channels);
    for (size_t y = 0; y < HEIGHT; y++)
        for (size_t x = 0; x < WIDTH; x++)
            for (size_t c = 0; c < channels; c++)
                assert_int_equal(cli_pixel(&image->pixels, y, x)[c], value_at(y, x, c) >> shift);
}

// `stored` samples a pixel, of 8 or 16 bits.
static void write_png(int type, int bits, size_t stored) {
    FILE *file = fopen("image.png", "wb");
    png_structp png = png_create_write_struct(PNG_LIBPNG_VER_STRING, NULL, NULL, NULL);
    png_infop info = png_create_info_struct(png);
    png_init_io(png, file);
    png_set_IHDR(png, info, WIDTH, HEIGHT, bits, type, PNG_INTERLACE_ADAM7,
                 PNG_COMPRESSION_TYPE_DEFAULT, PNG_FILTER_TYPE_DEFAULT);
    png_write_info(png, info);
    int passes = png_set_interlace_handling(png);
    for (int pass = 0; pass < passes; pass++)
        for (size_t y = 0; y < HEIGHT; y++) {
            uint8_t row[WIDTH * 4 * 2], *to = row;
            for (size_t i = 0; i < WIDTH * stored; i++) {
                uint16_t value = value_at(y, i / stored, i % stored);
                *to++ = (uint8_t)(value >> 8);
                if (bits == 16) *to++ = (uint8_t)value;
            }
            png_write_row(png, row);
        }
    png_write_end(png, NULL);
    png_destroy_write_struct(&png, &info);
    fclose(file);
}

static void png_values_are_kept(void **state) {
    czm_context *c = *state;
    static const struct {
        int type, bits;
        size_t stored, channels;
    } cases[] = {
        {PNG_COLOR_TYPE_GRAY, 8, 1, 1},        {PNG_COLOR_TYPE_GRAY, 16, 1, 1},
        {PNG_COLOR_TYPE_GRAY_ALPHA, 16, 2, 1}, {PNG_COLOR_TYPE_RGB, 8, 3, 3},
        {PNG_COLOR_TYPE_RGB, 16, 3, 3},        {PNG_COLOR_TYPE_RGB_ALPHA, 8, 4, 3},
    };
    for (size_t i = 0; i < CZM_COUNT_OF(cases); i++) {
        cli_image image;
        write_png(cases[i].type, cases[i].bits, cases[i].stored);
        assert_no_fault(cli_image_read(c->arena, "image.png", &image));
        assert_pixels(&image, cases[i].channels, cases[i].bits == 8 ? 8 : 0);
        assert_true(image.most == (cases[i].bits == 8 ? 255.0f : 65535.0f));
    }
}

static void write_tiff(const char *mode, uint16_t channels, int compression) {
    TIFF *tiff = TIFFOpen("image.tif", mode);
    TIFFSetField(tiff, TIFFTAG_IMAGEWIDTH, WIDTH);
    TIFFSetField(tiff, TIFFTAG_IMAGELENGTH, HEIGHT);
    TIFFSetField(tiff, TIFFTAG_BITSPERSAMPLE, 16);
    TIFFSetField(tiff, TIFFTAG_SAMPLESPERPIXEL, channels);
    TIFFSetField(tiff, TIFFTAG_PLANARCONFIG, PLANARCONFIG_CONTIG);
    TIFFSetField(tiff, TIFFTAG_COMPRESSION, compression);
    TIFFSetField(tiff, TIFFTAG_PHOTOMETRIC,
                 channels == 1 ? PHOTOMETRIC_MINISBLACK : PHOTOMETRIC_RGB);
    for (uint32_t y = 0; y < HEIGHT; y++) {
        uint16_t row[WIDTH * 3];
        for (size_t i = 0; i < (size_t)WIDTH * channels; i++)
            row[i] = value_at(y, i / channels, i % channels);
        assert_int_equal(TIFFWriteScanline(tiff, row, y, 0), 1);
    }
    TIFFClose(tiff);
}

static void tiff_values_are_kept(void **state) {
    czm_context *c = *state;
    static const char *const modes[] = {"wl", "wb", "w8"}; // byte orders, and BigTIFF
    for (size_t i = 0; i < CZM_COUNT_OF(modes); i++)
        for (uint16_t channels = 1; channels <= 3; channels += 2) {
            cli_image image;
            write_tiff(modes[i], channels, i ? COMPRESSION_LZW : COMPRESSION_NONE);
            assert_no_fault(cli_image_read(c->arena, "image.tif", &image));
            assert_pixels(&image, channels, 0);
        }
}

static void float_tiff_is_read(void **state) {
    czm_context *c = *state;
    float row[] = {-1.5f, 0.25f, 3e8f};
    TIFF *tiff = TIFFOpen("image.tif", "w");
    TIFFSetField(tiff, TIFFTAG_IMAGEWIDTH, 3);
    TIFFSetField(tiff, TIFFTAG_IMAGELENGTH, 1);
    TIFFSetField(tiff, TIFFTAG_BITSPERSAMPLE, 32);
    TIFFSetField(tiff, TIFFTAG_SAMPLEFORMAT, SAMPLEFORMAT_IEEEFP);
    TIFFSetField(tiff, TIFFTAG_PHOTOMETRIC, PHOTOMETRIC_MINISBLACK);
    TIFFWriteScanline(tiff, row, 0, 0);
    TIFFClose(tiff);
    cli_image image;
    assert_no_fault(cli_image_read(c->arena, "image.tif", &image));
    assert_memory_equal(image.pixels.values, row, sizeof row);
    assert_true(image.most == 3e8f); // beyond all usual ranges
}

// A grey image of one kind of sample, in tiles or in rows, in one plane or in one for each channel.
static void write_kind(uint16_t format, uint16_t bits, bool is_tiled, uint16_t planes, int pages) {
    enum { TILE = 16 };
    TIFF *tiff = TIFFOpen("image.tif", "w");
    for (int page = 0; page < pages; page++) {
        TIFFSetField(tiff, TIFFTAG_IMAGEWIDTH, WIDTH);
        TIFFSetField(tiff, TIFFTAG_IMAGELENGTH, HEIGHT);
        TIFFSetField(tiff, TIFFTAG_BITSPERSAMPLE, bits);
        TIFFSetField(tiff, TIFFTAG_SAMPLEFORMAT, format);
        TIFFSetField(tiff, TIFFTAG_SAMPLESPERPIXEL, planes);
        TIFFSetField(tiff, TIFFTAG_PLANARCONFIG,
                     planes > 1 ? PLANARCONFIG_SEPARATE : PLANARCONFIG_CONTIG);
        TIFFSetField(tiff, TIFFTAG_PHOTOMETRIC, PHOTOMETRIC_MINISBLACK);
        if (is_tiled) TIFFSetField(tiff, TIFFTAG_TILEWIDTH, TILE);
        if (is_tiled) TIFFSetField(tiff, TIFFTAG_TILELENGTH, TILE);
        for (uint16_t plane = 0; plane < planes; plane++) {
            double samples[TILE * TILE] = {0};
            size_t row_size = is_tiled ? TILE : WIDTH;
            for (size_t i = 0; i < (size_t)HEIGHT * WIDTH; i++) {
                size_t at = i / WIDTH * row_size + i % WIDTH;
                int value = value_at(i / WIDTH, i % WIDTH, plane) >> (bits == 8 ? 9 : 1);
                if (format == SAMPLEFORMAT_IEEEFP && bits == 64) samples[at] = value;
                if (format == SAMPLEFORMAT_IEEEFP && bits == 32)
                    ((float *)samples)[at] = (float)value;
                if (format != SAMPLEFORMAT_IEEEFP && bits == 32) ((int32_t *)samples)[at] = value;
                if (format != SAMPLEFORMAT_IEEEFP && bits == 16)
                    ((int16_t *)samples)[at] = (int16_t)value;
                if (format != SAMPLEFORMAT_IEEEFP && bits == 8)
                    ((int8_t *)samples)[at] = (int8_t)value;
            }
            if (is_tiled) TIFFWriteTile(tiff, samples, 0, 0, 0, plane);
            for (uint32_t y = 0; y < HEIGHT && !is_tiled; y++)
                TIFFWriteScanline(tiff, (uint8_t *)samples + y * WIDTH * (bits / 8), y, plane);
        }
        TIFFWriteDirectory(tiff);
    }
    TIFFClose(tiff);
}

static void each_kind_of_tiff_is_read(void **state) {
    czm_context *c = *state;
    static const struct {
        uint16_t format, bits;
        float most;
    } kinds[] = {
        {SAMPLEFORMAT_UINT, 8, 255},      {SAMPLEFORMAT_UINT, 16, 65535},
        {SAMPLEFORMAT_UINT, 32, 65535},   {SAMPLEFORMAT_INT, 8, 255},
        {SAMPLEFORMAT_INT, 16, 65535},    {SAMPLEFORMAT_INT, 32, 65535},
        {SAMPLEFORMAT_IEEEFP, 32, 65535}, {SAMPLEFORMAT_IEEEFP, 64, 65535},
    };
    for (size_t i = 0; i < CZM_COUNT_OF(kinds) * 4; i++) {
        uint16_t format = kinds[i / 4].format, bits = kinds[i / 4].bits, planes = i & 2 ? 5 : 1;
        cli_image image;
        write_kind(format, bits, i & 1, planes, planes > 1 ? 2 : 1);
        assert_no_fault(cli_image_read(c->arena, "image.tif", &image));
        assert_pixels(&image, 1, bits == 8 ? 9 : 1);
        assert_true(image.most == kinds[i / 4].most);
        if (planes > 1)
            assert_string_equal(image.unused, "page 1 of 2 is used, channel 1 of 5 is used");
        else
            assert_null(image.unused);
    }
}

// JPEG keeps an even surface within a level or two.
static void jpeg_is_read(void **state) {
    czm_context *c = *state;
    struct jpeg_compress_struct jpeg;
    struct jpeg_error_mgr errors;
    uint8_t row[16 * 3];
    JSAMPROW rows = row;
    for (size_t i = 0; i < sizeof row; i++) row[i] = (uint8_t)(200 - 50 * (i % 3));
    FILE *file = fopen("image.jpg", "wb");
    jpeg.err = jpeg_std_error(&errors);
    jpeg_create_compress(&jpeg);
    jpeg_stdio_dest(&jpeg, file);
    jpeg.image_width = jpeg.image_height = 16;
    jpeg.input_components = 3;
    jpeg.in_color_space = JCS_RGB;
    jpeg_set_defaults(&jpeg);
    jpeg_start_compress(&jpeg, TRUE);
    for (int y = 0; y < 16; y++) jpeg_write_scanlines(&jpeg, &rows, 1);
    jpeg_finish_compress(&jpeg);
    jpeg_destroy_compress(&jpeg);
    fclose(file);
    cli_image image;
    assert_no_fault(cli_image_read(c->arena, "image.jpg", &image));
    assert_int_equal(image.pixels.channels, 3);
    for (size_t i = 0; i < 3; i++)
        assert_true(fabsf(cli_pixel(&image.pixels, 15, 15)[i] - (200 - 50 * (float)i)) <= 2);
}

// A file cut off anywhere is a fault or an image, never a crash.
static void damaged_images_are_rejected(void **state) {
    czm_context *c = *state;
    write_png(PNG_COLOR_TYPE_GRAY, 16, 1);
    czm_file *file = czm_file_open(c->arena, "image.png");
    size_t size = (size_t)czm_file_size(file);
    uint8_t *bytes = czm_arena_alloc(c->arena, size);
    assert_true(czm_file_read_at(file, 0, bytes, size));
    for (size_t part = 0; part + 12 < size; part++) { // without the end mark it is whole
        cli_image image;
        write_file(c, "cut.png", czm_bytes_of(bytes, part));
        assert_non_null(cli_image_read(c->arena, "cut.png", &image));
    }
}

static void colours_are_blue_first(void **state) {
    czm_context *c = *state;
    float rgb[] = {10, 20, 30};
    const cli_image image = {.pixels = {1, 1, 3, rgb}, .most = 255};
    cli_grid prepared;
    assert_no_fault(cli_image_prepare(c->arena, &image, 4, 65535, &prepared));
    const float expected[] = {30 * 257, 20 * 257, 10 * 257, 65535};
    assert_memory_equal(prepared.values, expected, sizeof expected);
    assert_no_fault(cli_image_prepare(c->arena, &image, 1, 255, &prepared));
    assert_true(fabsf(prepared.values[0] - 18.15f) < 1e-3f);
    assert_non_null(cli_image_prepare(c->arena, &image, 2, 255, &prepared));
}

static void generated_image_is_the_same(void **state) {
    czm_context *c = *state;
    cli_image a = cli_image_generate(c->arena, 64, 48, 65535),
              b = cli_image_generate(c->arena, 64, 48, 65535);
    assert_memory_equal(a.pixels.values, b.pixels.values, 64 * 48 * sizeof(float));
    float least = 65535, most = 0;
    for (size_t i = 0; i < 64 * 48; i++) {
        least = fminf(least, a.pixels.values[i]);
        most = fmaxf(most, a.pixels.values[i]);
    }
    assert_true(least >= 0 && least < 10000 && most > 30000 && most <= 65535);
}

// ---- tiles

// The mean over a square that reaches `reach` pixels to each side, zeros beyond the tile: what a
// convolution with SAME padding is.
static cli_grid blur(czm_arena *arena, int reach, const cli_grid *tile) {
    const int height = (int)tile->height, width = (int)tile->width;
    cli_grid result = cli_grid_new(arena, tile->height, tile->width, 2);
    for (int y = 0; y < height; y++)
        for (int x = 0; x < width; x++) {
            float sum = 0;
            for (int v = y - reach; v <= y + reach; v++)
                for (int u = x - reach; u <= x + reach; u++)
                    if (v >= 0 && v < height && u >= 0 && u < width)
                        sum += *cli_pixel(tile, (size_t)v, (size_t)u);
            float mean = sum / (float)((2 * reach + 1) * (2 * reach + 1)) / 65535;
            cli_pixel(&result, (size_t)y, (size_t)x)[0] = mean;
            cli_pixel(&result, (size_t)y, (size_t)x)[1] = 1 - mean;
        }
    return result;
}

static const char *run_in_tiles(czm_arena *arena, int reach, size_t tile, size_t border,
                                const cli_grid *image, cli_grid *answer, size_t *count) {
    cli_tiling tiling = {tile, tile, border, 1};
    cli_tiles tiles;
    CLI_TRY(cli_tiles_begin(arena, &tiling, image, &tiles));
    while (cli_tiles_next(&tiles)) {
        cli_grid output = blur(arena, reach, &tiles.tile);
        CLI_TRY(cli_tiles_put(arena, &tiles, &output));
    }
    *answer = tiles.answer;
    *count = tiles.count;
    return NULL;
}

static void tiles_give_the_whole(void **state) {
    czm_context *c = *state;
    cli_image image = cli_image_generate(c->arena, 50, 61, 65535);
    cli_grid whole, parts;
    size_t count;
    assert_no_fault(run_in_tiles(c->arena, 3, 61, 3, &image.pixels, &whole, &count));
    assert_int_equal(count, 1);
    for (size_t tile = 20; tile < 50; tile += 7) {
        assert_no_fault(run_in_tiles(c->arena, 3, tile, 3, &image.pixels, &parts, &count));
        assert_true(count > 1);
        double largest = 0; // the first run saw a mirror image below the last row, not zeros
        for (size_t y = 0; y < 47; y++)
            for (size_t i = 0; i < 61 * 2; i++)
                largest = fmax(largest,
                               fabsf(whole.values[y * 61 * 2 + i] - parts.values[y * 61 * 2 + i]));
        assert_true(largest < 1e-6);
    }
    // A border that is too small shows.
    assert_no_fault(run_in_tiles(c->arena, 3, 20, 1, &image.pixels, &parts, &count));
    assert_true(cli_grid_difference(&whole, &parts) > 1e-3);
}

static void tile_without_inside_is_rejected(void **state) {
    czm_context *c = *state;
    cli_image image = cli_image_generate(c->arena, 50, 50, 65535);
    cli_grid answer;
    size_t count;
    assert_non_null(run_in_tiles(c->arena, 1, 20, 10, &image.pixels, &answer, &count));
    assert_no_fault(run_in_tiles(c->arena, 1, 50, 30, &image.pixels, &answer, &count));
}

static void edge_effects_are_measured(void **state) {
    czm_context *c = *state;
    cli_image image = cli_image_generate(c->arena, 64, 64, 65535);
    for (int reach = 0; reach <= 5; reach++) {
        cli_tiling tiling = {64, 64, 4, 1};
        cli_edge_tiles tiles;
        cli_edges edges;
        assert_true(cli_edges_begin(c->arena, &tiling, &image.pixels, &tiles));
        cli_grid here = blur(c->arena, reach, &tiles.here),
                 there = blur(c->arena, reach, &tiles.there);
        assert_no_fault(cli_edges_compare(c->arena, &tiles, &here, &there, &edges));
        assert_true(edges.is_known);
        assert_int_equal(edges.reach, reach);
        assert_int_equal(edges.inside_border > CLI_TOLERANCE, reach > 4);
        assert_int_equal(edges.depth, 24);
    }
}

static void output_of_another_size_is_rejected(void **state) {
    czm_context *c = *state;
    cli_image image = cli_image_generate(c->arena, 64, 64, 65535);
    const cli_tiling tiling = {64, 64, 4, 1};
    cli_grid half = cli_grid_new(c->arena, 32, 64, 2);
    cli_tiles tiles;
    assert_no_fault(cli_tiles_begin(c->arena, &tiling, &image.pixels, &tiles));
    assert_true(cli_tiles_next(&tiles));
    assert_string_equal(cli_tiles_put(c->arena, &tiles, &half),
                        "a tile of 64 x 64 pixels (height x width) gives 32 x 64; the output must "
                        "have the size of the input");
    cli_edge_tiles pair;
    cli_edges edges;
    assert_true(cli_edges_begin(c->arena, &tiling, &image.pixels, &pair));
    assert_non_null(cli_edges_compare(c->arena, &pair, &half, &half, &edges));
}

static void probabilities_are_judged(void **state) {
    (void)state;
    float values[] = {0.25f, 0.75f, -0.5f, 1.25f};
    const cli_grid answer = {1, 2, 2, values};
    cli_probabilities p = cli_probabilities_of(&answer);
    assert_true(p.least == -0.5f && p.most == 1.25f && p.sum_off == 0.25);
    assert_int_equal(cli_class_at(&answer, 0, 0), 1);
    values[2] = NAN;
    assert_true(isinf(cli_probabilities_of(&answer).sum_off));
}

// ---- the picture

static void preview_shows_classes(void **state) {
    czm_context *c = *state;
    enum { SIDE = 192 };
    cli_image image = cli_image_generate(c->arena, SIDE, SIDE, 65535);
    cli_grid answer = cli_grid_new(c->arena, SIDE, SIDE, 2);
    for (size_t i = 0; i < SIDE * SIDE; i++) answer.values[2 * i + (i % SIDE >= SIDE / 2)] = 1;
    const czm_class classes[] = {{"Left", 200, 10, 20, true}, {"R\xc3\xa9st", 0, 30, 250, true}};
    czm_file *file = czm_file_create_beside(c->arena, "preview.png");
    assert_no_fault(cli_preview_write(c->arena, file, &image, &answer, true, classes, 2));
    cli_image picture;
    assert_no_fault(cli_image_read(c->arena, "preview.png", &picture));
    size_t row = picture.pixels.height / 2, middle = picture.pixels.width / 2;
    const float *left = cli_pixel(&picture.pixels, row, middle - 40),
                *right = cli_pixel(&picture.pixels, row, middle + 40),
                *confidence = cli_pixel(&picture.pixels, row, picture.pixels.width - 40);
    assert_true(left[0] == 200 && left[1] == 10 && left[2] == 20);
    assert_true(right[0] == 0 && right[1] == 30 && right[2] == 250);
    assert_true(confidence[0] == 255 && confidence[2] == 255);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        TEST(png_values_are_kept),
        TEST(tiff_values_are_kept),
        TEST(float_tiff_is_read),
        TEST(each_kind_of_tiff_is_read),
        TEST(jpeg_is_read),
        TEST(damaged_images_are_rejected),
        TEST(colours_are_blue_first),
        TEST(generated_image_is_the_same),
        TEST(tiles_give_the_whole),
        TEST(tile_without_inside_is_rejected),
        TEST(edge_effects_are_measured),
        TEST(output_of_another_size_is_rejected),
        TEST(probabilities_are_judged),
        TEST(preview_shows_classes),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
