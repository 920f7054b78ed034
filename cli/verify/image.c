// SPDX-License-Identifier: Apache-2.0
//
// Reads images through libpng, libjpeg and libtiff, with the values that are in the file: no gamma,
// no scaling.
#define _XOPEN_SOURCE 700
#include <errno.h>
#include <setjmp.h>
#include <stdio.h>

#include <jpeglib.h>
#include <png.h>
#include <tiffio.h>

#include "cli/verify/verify.h"

// Memory for an image is in proportion to its file, as that of a call is, since headers may lie.
static bool is_too_large(uint64_t height, uint64_t width, uint64_t sample_count, uint64_t file_size) {
    enum { BYTES_PER_SAMPLE = 8 }; // as it is in the file, and as a number
    uint64_t most = file_size * CZM_BUDGET_FACTOR + CZM_BUDGET_SPARE;
    return height > most / width / sample_count / BYTES_PER_SAMPLE;
}

static const char *start(czm_arena *arena, cli_image *image, uint64_t height, uint64_t width,
                         size_t channels, float most) {
    if (height == 0 || width == 0 || is_too_large(height, width, channels, image->file_size))
        return czm_arena_format(arena,
                                "%llu x %llu pixels (height x width) of %zu samples are too many "
                                "for a file of %llu bytes; save the image without compression",
                                (unsigned long long)height, (unsigned long long)width, channels,
                                (unsigned long long)image->file_size);
    image->pixels = cli_grid_new(arena, (size_t)height, (size_t)width, channels);
    image->most = most;
    return NULL;
}

// One row of samples becomes one of the grid; samples beyond its channels are alpha and the like.
static void put_row(cli_image *image, size_t y, const void *row, size_t channels, size_t size) {
    const uint8_t *bytes = row;
    const uint16_t *words = row;
    const float *floats = row;
    const cli_grid *grid = &image->pixels;
    for (size_t x = 0; x < grid->width; x++)
        for (size_t c = 0; c < grid->channels; c++) {
            size_t i = x * channels + c;
            cli_pixel(grid, y, x)[c] = size == 1 ? bytes[i] : size == 2 ? words[i] : floats[i];
        }
}

static size_t colours_of(size_t channels) { return channels < 3 ? 1 : 3; }

// ---- PNG

typedef struct png_reading {
    jmp_buf fault;
    const char *text;
    czm_arena *arena;
} png_reading;

static void png_failed(png_structp png, png_const_charp text) {
    png_reading *r = png_get_error_ptr(png);
    r->text = czm_arena_format(r->arena, "libpng: %s", text);
    longjmp(r->fault, 1);
}

static void png_warned(png_structp png, png_const_charp text) {
    (void)png;
    (void)text;
}

static const char *read_png_rows(czm_arena *arena, png_structp png, png_infop info,
                                 cli_image *image) {
    png_read_info(png, info);
    png_set_expand(png); // palettes, and grey of less than 8 bits
    png_set_swap(png);   // 16 bits are big-endian in the file
    png_set_strip_alpha(png);
    int passes = png_set_interlace_handling(png);
    png_read_update_info(png, info);
    size_t channels = png_get_channels(png, info), size = png_get_bit_depth(png, info) / 8;
    uint32_t height = png_get_image_height(png, info);
    CLI_TRY(start(arena, image, height, png_get_image_width(png, info), colours_of(channels),
                  size == 1 ? 255 : 65535));
    size_t row_size = png_get_rowbytes(png, info);
    uint8_t *rows = czm_arena_array(arena, height, row_size);
    for (int pass = 0; pass < passes; pass++)
        for (size_t y = 0; y < height; y++) png_read_row(png, rows + y * row_size, NULL);
    for (size_t y = 0; y < height; y++) put_row(image, y, rows + y * row_size, channels, size);
    return NULL;
}

static const char *read_png(czm_arena *arena, const char *path, FILE *file, cli_image *image) {
    (void)path;
    png_reading r = {.arena = arena};
    png_structp png = png_create_read_struct(PNG_LIBPNG_VER_STRING, &r, png_failed, png_warned);
    png_infop info = png ? png_create_info_struct(png) : NULL;
    if (!info) return "there is not enough memory";
    const char *fault;
    if (setjmp(r.fault) == 0) {
        png_init_io(png, file);
        fault = read_png_rows(arena, png, info, image);
    } else {
        fault = r.text;
    }
    png_destroy_read_struct(&png, &info, NULL);
    return fault;
}

// ---- JPEG

typedef struct jpeg_reading {
    struct jpeg_error_mgr manager; // first, so that libjpeg's pointer to it is one to this
    jmp_buf fault;
    char text[JMSG_LENGTH_MAX];
} jpeg_reading;

static void jpeg_failed(j_common_ptr jpeg) {
    jpeg_reading *r = (jpeg_reading *)jpeg->err;
    jpeg->err->format_message(jpeg, r->text);
    longjmp(r->fault, 1);
}

static void jpeg_told(j_common_ptr jpeg) { (void)jpeg; }

static const char *read_jpeg_rows(czm_arena *arena, struct jpeg_decompress_struct *jpeg,
                                  cli_image *image) {
    jpeg_read_header(jpeg, TRUE);
    size_t samples = (size_t)jpeg->num_components;
    if (is_too_large(jpeg->image_height, jpeg->image_width, samples, image->file_size))
        return start(arena, image, jpeg->image_height, jpeg->image_width, samples, 255);
    jpeg->out_color_space = jpeg->num_components == 1 ? JCS_GRAYSCALE : JCS_RGB;
    jpeg_start_decompress(jpeg);
    size_t channels = (size_t)jpeg->output_components;
    CLI_TRY(start(arena, image, jpeg->output_height, jpeg->output_width, channels, 255));
    JSAMPROW row = czm_arena_array(arena, jpeg->output_width, channels);
    for (size_t y = 0; y < jpeg->output_height; y++) {
        jpeg_read_scanlines(jpeg, &row, 1);
        put_row(image, y, row, channels, 1);
    }
    jpeg_finish_decompress(jpeg);
    return NULL;
}

static const char *read_jpeg(czm_arena *arena, const char *path, FILE *file, cli_image *image) {
    (void)path;
    struct jpeg_decompress_struct jpeg;
    jpeg_reading r;
    jpeg.err = jpeg_std_error(&r.manager);
    r.manager.error_exit = jpeg_failed;
    r.manager.output_message = jpeg_told;
    const char *fault;
    jpeg_create_decompress(&jpeg);
    if (setjmp(r.fault) == 0) {
        jpeg_stdio_src(&jpeg, file);
        fault = read_jpeg_rows(arena, &jpeg, image);
    } else {
        fault = czm_arena_format(arena, "libjpeg: %s", r.text);
    }
    jpeg_destroy_decompress(&jpeg);
    return fault;
}

// ---- TIFF

static const char *read_tiff_rows(czm_arena *arena, TIFF *tiff, cli_image *image) {
    uint32_t width = 0, height = 0;
    uint16_t bits, channels, kind, planes, photometric = PHOTOMETRIC_MINISBLACK;
    TIFFGetField(tiff, TIFFTAG_IMAGEWIDTH, &width);
    TIFFGetField(tiff, TIFFTAG_IMAGELENGTH, &height);
    TIFFGetField(tiff, TIFFTAG_PHOTOMETRIC, &photometric);
    TIFFGetFieldDefaulted(tiff, TIFFTAG_BITSPERSAMPLE, &bits);
    TIFFGetFieldDefaulted(tiff, TIFFTAG_SAMPLESPERPIXEL, &channels);
    TIFFGetFieldDefaulted(tiff, TIFFTAG_SAMPLEFORMAT, &kind);
    TIFFGetFieldDefaulted(tiff, TIFFTAG_PLANARCONFIG, &planes);
    bool is_float = kind == SAMPLEFORMAT_IEEEFP && bits == 32;
    bool is_integer = kind == SAMPLEFORMAT_UINT && (bits == 8 || bits == 16);
    bool is_plain = photometric == PHOTOMETRIC_MINISBLACK || photometric == PHOTOMETRIC_RGB;
    if (TIFFIsTiled(tiff) || !is_plain || (!is_float && !is_integer) ||
        (planes != PLANARCONFIG_CONTIG && channels > 1))
        return "this kind of TIFF is not read here; save it as grey or RGB, of 8 or 16 bits or "
               "32 bits floating point, without tiles, channels side by side";
    CLI_TRY(start(arena, image, height, width, colours_of(channels),
                  is_float    ? 0
                  : bits == 8 ? 255
                              : 65535));
    void *row = czm_arena_alloc(arena, (size_t)TIFFScanlineSize(tiff));
    for (uint32_t y = 0; y < height; y++) {
        if (TIFFReadScanline(tiff, row, y, 0) < 0) return "libtiff: the image is damaged";
        put_row(image, y, row, channels, bits / 8);
    }
    return NULL;
}

static const char *read_tiff(czm_arena *arena, const char *path, FILE *file, cli_image *image) {
    (void)file;
    TIFFSetErrorHandler(NULL); // it would print
    TIFFSetWarningHandler(NULL);
    TIFF *tiff = TIFFOpen(path, "r");
    if (!tiff) return "libtiff: the file is damaged";
    const char *fault = read_tiff_rows(arena, tiff, image);
    TIFFClose(tiff);
    return fault;
}

// ---- which of them

static const struct {
    const char *begin;
    size_t size;
    const char *(*read)(czm_arena *arena, const char *path, FILE *file, cli_image *image);
} formats[] = {
    {"\x89PNG", 4, read_png}, {"\xff\xd8\xff", 3, read_jpeg}, {"II*\0", 4, read_tiff},
    {"MM\0*", 4, read_tiff},  {"II+\0", 4, read_tiff}, // BigTIFF
    {"MM\0+", 4, read_tiff},
};

const char *cli_image_read(czm_arena *arena, const char *path, cli_image *image) {
    char begin[4] = {0};
    if (czm_path_look(path) == CZM_PATH_OTHER) return "it is not a regular file";
    czm_file *looked_at = czm_file_open(arena, path); // closed with the arena
    image->file_size = looked_at ? czm_file_size(looked_at) : 0;
    FILE *file = fopen(path, "rb");
    if (!file) return czm_arena_format(arena, "it cannot be read: %s", strerror(errno));
    size_t size = fread(begin, 1, sizeof begin, file);
    const char *fault = "it is neither PNG, JPEG nor TIFF";
    rewind(file);
    for (size_t i = 0; i < CZM_COUNT_OF(formats); i++) {
        if (size < sizeof begin || memcmp(begin, formats[i].begin, formats[i].size) != 0) continue;
        fault = formats[i].read(arena, path, file, image);
        break;
    }
    fclose(file);
    return fault;
}

// ---- the libraries

#define TEXT_OF_VALUE(value) #value
#define TEXT_OF(name) TEXT_OF_VALUE(name)
#ifdef LIBJPEG_TURBO_VERSION
#define JPEG_NAME "libjpeg-turbo"
#define JPEG_VERSION TEXT_OF(LIBJPEG_TURBO_VERSION)
#else
#define JPEG_NAME "libjpeg"
#define JPEG_VERSION TEXT_OF(JPEG_LIB_VERSION)
#endif

static const char *jpeg_version(void) { return JPEG_VERSION; }

static const char *png_version(void) { return png_get_libpng_ver(NULL); }

// "LIBTIFF, Version 4.5.0\nCopyright ..."
static const char *tiff_version(void) {
    const char *text = TIFFGetVersion();
    return text + strcspn(text, "0123456789");
}

static const struct {
    const char *name, *license;
    const char *(*version)(void);
} libraries[] = {
    {JPEG_NAME, "IJG AND BSD-3-Clause AND Zlib", jpeg_version},
    {"libpng", "libpng-2.0", png_version},
    {"libtiff", "libtiff", tiff_version},
};

size_t cli_image_component_count(void) { return CZM_COUNT_OF(libraries); }

czm_component cli_image_component_at(size_t index) {
    return (czm_component){libraries[index].name, libraries[index].version(),
                           libraries[index].license};
}
