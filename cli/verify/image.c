// SPDX-License-Identifier: Apache-2.0
//
// Reads images through libpng, libjpeg and libtiff, with the values that are in the file: no gamma,
// no scaling. They read from memory, since not every system has files that C's functions could open.
#include <setjmp.h>
#include <stdio.h>

#include <jpeglib.h>
#include <png.h>
#include <tiffio.h>

#include "cli/verify/verify.h"

// The memory for an image is limited in proportion to its file, since headers may contain wrong sizes.
static bool is_too_large(uint64_t height, uint64_t width, uint64_t sample_count,
                         uint64_t file_size) {
    enum { BYTES_PER_SAMPLE = 8 }; // as stored in the file, and as a number
    return height > czm_budget_for(file_size) / width / sample_count / BYTES_PER_SAMPLE;
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
    image->unused = NULL;
    return NULL;
}

// Kinds of samples: how one of a row is read.
typedef double read_sample(const void *row, size_t index);

#define SAMPLE(type)                                            \
    static double sample_of_##type(const void *row, size_t i) { \
        return (double)((const type *)row)[i];                  \
    }
SAMPLE(uint8_t)
SAMPLE(uint16_t)
SAMPLE(uint32_t)
SAMPLE(int8_t)
SAMPLE(int16_t)
SAMPLE(int32_t)
SAMPLE(float)
SAMPLE(double)

// `from` counts samples, of `stride` a pixel; further samples of a pixel, such as alpha, are ignored.
static void put_row(const cli_grid *grid, cli_point to, size_t width, const void *row, size_t from,
                    size_t stride, read_sample *sample) {
    for (size_t x = 0; x < width && to.x + x < grid->width; x++)
        for (size_t c = 0; c < grid->channels; c++)
            cli_pixel(grid, to.y, to.x + x)[c] = (float)sample(row, (from + x) * stride + c);
}

static size_t colours_of(size_t channels) { return channels < 3 ? 1 : 3; }

// ---- PNG

typedef struct png_reading {
    char text[256]; // of a fault
    czm_bytes rest; // of the file
} png_reading;

static void png_take(png_structp png, png_bytep to, size_t size) {
    png_reading *r = png_get_io_ptr(png);
    if (size > r->rest.size) png_error(png, "the file ends too early");
    memcpy(to, r->rest.data, size);
    r->rest = czm_bytes_of(r->rest.data + size, r->rest.size - size);
}

// libpng and libjpeg require that this function does not return. It allocates nothing, since only libpng's own jump
// may cross the frames of libpng.
static void png_failed(png_structp png, png_const_charp text) {
    png_reading *r = png_get_error_ptr(png);
    snprintf(r->text, sizeof r->text, "%s", text);
    png_longjmp(png, 1);
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
    read_sample *sample = size == 1 ? sample_of_uint8_t : sample_of_uint16_t;
    for (size_t y = 0; y < height; y++)
        put_row(&image->pixels, (cli_point){y, 0}, image->pixels.width, rows + y * row_size, 0,
                channels, sample);
    return NULL;
}

static const char *read_png(czm_arena *arena, czm_bytes file, cli_image *image) {
    png_reading r = {.rest = file};
    png_structp png = png_create_read_struct(PNG_LIBPNG_VER_STRING, &r, png_failed, png_warned);
    png_infop info = png ? png_create_info_struct(png) : NULL;
    if (!info) return "there is not enough memory";
    const char *fault;
    if (setjmp(png_jmpbuf(png)) == 0) {
        png_set_read_fn(png, &r, png_take);
        // Only what the pixels need: texts and profiles may unpack to a thousand times their size.
        png_set_keep_unknown_chunks(png, PNG_HANDLE_CHUNK_NEVER, NULL, -1);
        fault = read_png_rows(arena, png, info, image);
    } else {
        fault = czm_arena_format(arena, "libpng: %s", r.text);
    }
    png_destroy_read_struct(&png, &info, NULL);
    return fault;
}

// ---- JPEG

typedef struct jpeg_reading {
    struct jpeg_error_mgr manager; // first, so that libjpeg's pointer to it is one to this
    struct jpeg_progress_mgr progress;
    jmp_buf fault;
    char text[JMSG_LENGTH_MAX];
} jpeg_reading;

static void jpeg_failed(j_common_ptr jpeg) {
    jpeg_reading *r = (jpeg_reading *)jpeg->err;
    jpeg->err->format_message(jpeg, r->text);
    longjmp(r->fault, 1);
}

static void jpeg_told(j_common_ptr jpeg) { (void)jpeg; }

// A scan of a progressive image goes through all of its blocks, and needs only a few bytes. Encoders write about ten.
static void jpeg_limit_scans(j_common_ptr jpeg) {
    enum { MOST_SCANS = 100 };
    jpeg_reading *r = (jpeg_reading *)jpeg->err;
    if (((j_decompress_ptr)jpeg)->input_scan_number <= MOST_SCANS) return;
    snprintf(r->text, sizeof r->text, "it has more than %d scans", MOST_SCANS);
    longjmp(r->fault, 1);
}

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
        put_row(&image->pixels, (cli_point){y, 0}, image->pixels.width, row, 0, channels,
                sample_of_uint8_t);
    }
    jpeg_finish_decompress(jpeg);
    return NULL;
}

static const char *read_jpeg(czm_arena *arena, czm_bytes file, cli_image *image) {
    struct jpeg_decompress_struct jpeg;
    jpeg_reading r;
    jpeg.err = jpeg_std_error(&r.manager);
    r.manager.error_exit = jpeg_failed;
    r.manager.output_message = jpeg_told;
    const char *fault;
    jpeg_create_decompress(&jpeg);
    r.progress = (struct jpeg_progress_mgr){.progress_monitor = jpeg_limit_scans};
    jpeg.progress = &r.progress;
    if (setjmp(r.fault) == 0) {
        jpeg_mem_src(&jpeg, file.data, (unsigned long)file.size);
        fault = read_jpeg_rows(arena, &jpeg, image);
    } else {
        fault = czm_arena_format(arena, "libjpeg: %s", r.text);
    }
    jpeg_destroy_decompress(&jpeg);
    return fault;
}

// ---- TIFF

typedef struct tiff_kind {
    uint16_t format, bits;
    read_sample *sample;
    float most; // 0: depends on the values
} tiff_kind;

// Integers of 8 and 16 bits have the range of ZEN's pixel types, also signed ones; for other kinds the values
// determine the range.
static const tiff_kind tiff_kinds[] = {
    {SAMPLEFORMAT_UINT, 8, sample_of_uint8_t, 255},
    {SAMPLEFORMAT_UINT, 16, sample_of_uint16_t, 65535},
    {SAMPLEFORMAT_UINT, 32, sample_of_uint32_t, 0},
    {SAMPLEFORMAT_INT, 8, sample_of_int8_t, 255},
    {SAMPLEFORMAT_INT, 16, sample_of_int16_t, 65535},
    {SAMPLEFORMAT_INT, 32, sample_of_int32_t, 0},
    {SAMPLEFORMAT_IEEEFP, 32, sample_of_float, 0},
    {SAMPLEFORMAT_IEEEFP, 64, sample_of_double, 0},
};

typedef struct tiff_reading {
    czm_arena *arena;
    TIFF *tiff;
    const tiff_kind *kind;
    uint16_t stored, used; // channels of the file, and of the grid
    bool is_planar;        // each channel in its own plane
    cli_image *image;
} tiff_reading;

static const char *begin_tiff(tiff_reading *r) {
    uint32_t width = 0, height = 0;
    uint16_t bits, format, planes, photometric = PHOTOMETRIC_MINISBLACK;
    TIFFGetField(r->tiff, TIFFTAG_IMAGEWIDTH, &width);
    TIFFGetField(r->tiff, TIFFTAG_IMAGELENGTH, &height);
    TIFFGetField(r->tiff, TIFFTAG_PHOTOMETRIC, &photometric);
    TIFFGetFieldDefaulted(r->tiff, TIFFTAG_BITSPERSAMPLE, &bits);
    TIFFGetFieldDefaulted(r->tiff, TIFFTAG_SAMPLESPERPIXEL, &r->stored);
    TIFFGetFieldDefaulted(r->tiff, TIFFTAG_SAMPLEFORMAT, &format);
    TIFFGetFieldDefaulted(r->tiff, TIFFTAG_PLANARCONFIG, &planes);
    for (size_t i = 0; i < CZM_COUNT_OF(tiff_kinds); i++)
        if (tiff_kinds[i].format == format && tiff_kinds[i].bits == bits) r->kind = &tiff_kinds[i];
    bool is_colour = photometric == PHOTOMETRIC_RGB;
    if (!r->kind || r->stored == 0 || (!is_colour && photometric != PHOTOMETRIC_MINISBLACK))
        return "this kind of TIFF is not supported; save it as grey or RGB, as integers of 8, 16 "
               "or 32 "
               "bits or as floating point of 32 or 64 bits";
    if (height == 0 || width == 0 || is_too_large(height, width, r->stored, r->image->file_size))
        return start(r->arena, r->image, height, width, r->stored, r->kind->most);
    r->used = (is_colour && r->stored >= 3) || r->stored == 3 ? 3 : 1;
    r->is_planar = planes != PLANARCONFIG_CONTIG && r->stored > 1;
    return start(r->arena, r->image, height, width, r->used, r->kind->most);
}

// Copies the samples of a plane to one channel of the grid.
static void put_samples(const tiff_reading *r, cli_point to, size_t width, const void *row,
                        size_t from, uint16_t plane) {
    const cli_grid *g = &r->image->pixels;
    if (!r->is_planar) {
        put_row(g, to, width, row, from, r->stored, r->kind->sample);
        return;
    }
    for (size_t x = 0; x < width && to.x + x < g->width; x++)
        cli_pixel(g, to.y, to.x + x)[plane] = (float)r->kind->sample(row, from + x);
}

static const char *read_tiff_rows(const tiff_reading *r, uint16_t plane) {
    const cli_grid *g = &r->image->pixels;
    void *row = czm_arena_alloc(r->arena, (size_t)TIFFScanlineSize(r->tiff));
    for (size_t y = 0; y < g->height; y++) {
        if (TIFFReadScanline(r->tiff, row, (uint32_t)y, plane) < 0)
            return "libtiff: the image is damaged";
        put_samples(r, (cli_point){y, 0}, g->width, row, 0, plane);
    }
    return NULL;
}

static uint64_t round_up(uint64_t size, uint64_t unit) { return (size + unit - 1) / unit * unit; }

static const char *read_tiff_tiles(const tiff_reading *r, uint16_t plane) {
    const cli_grid *g = &r->image->pixels;
    uint32_t width = 0, height = 0;
    TIFFGetField(r->tiff, TIFFTAG_TILEWIDTH, &width);
    TIFFGetField(r->tiff, TIFFTAG_TILELENGTH, &height);
    tmsize_t size = TIFFTileSize(r->tiff), samples = r->is_planar ? 1 : r->stored;
    uint64_t expected = (uint64_t)width * height * (uint64_t)samples * (r->kind->bits / 8);
    if (size <= 0 || width == 0 || height == 0 || (uint64_t)size != expected)
        return "libtiff: the tiles of the image are damaged";
    // Tiles may be larger than the image, and each is unpacked.
    if (is_too_large(round_up(g->height, height), round_up(g->width, width), r->stored,
                     r->image->file_size))
        return "the tiles of the image are much larger than the image; save it without tiles";
    void *tile = czm_arena_alloc(r->arena, (size_t)size);
    for (size_t y = 0; y < g->height; y += height)
        for (size_t x = 0; x < g->width; x += width) {
            if (TIFFReadTile(r->tiff, tile, (uint32_t)x, (uint32_t)y, 0, plane) < 0)
                return "libtiff: the image is damaged";
            for (size_t row = 0; row < height && y + row < g->height; row++)
                put_samples(r, (cli_point){y + row, x}, width, tile, row * width, plane);
        }
    return NULL;
}

// Smaller copies of the image (pyramids) are not counted as pages.
static size_t count_pages(TIFF *tiff) {
    enum { MOST_PAGES = 100000 };
    size_t pages = 0;
    for (size_t i = 0; i < MOST_PAGES; i++) {
        uint32_t type = 0;
        TIFFGetField(tiff, TIFFTAG_SUBFILETYPE, &type);
        pages += !(type & FILETYPE_REDUCEDIMAGE);
        if (!TIFFReadDirectory(tiff)) break;
    }
    return pages;
}

static void tell_unused(tiff_reading *r) {
    size_t pages = count_pages(r->tiff), channels = r->stored - r->used;
    const char *of_pages = czm_arena_format(r->arena, "page 1 of %zu is used", pages);
    const char *of_channels = czm_arena_format(r->arena, "%s %d of %d %s used",
                                               r->used == 1 ? "channel" : "channels 1 to", r->used,
                                               r->stored, r->used == 1 ? "is" : "are");
    if (pages > 1 && channels)
        r->image->unused = czm_arena_format(r->arena, "%s, %s", of_pages, of_channels);
    else if (pages > 1 || channels)
        r->image->unused = pages > 1 ? of_pages : of_channels;
}

// The smallest common range that contains the values, else the range of the values.
static float choose_most(const cli_grid *pixels) {
    static const float usual[] = {1, 255, 65535};
    float most = cli_range_of(pixels).most;
    for (size_t i = 0; i < CZM_COUNT_OF(usual); i++)
        if (most <= usual[i]) return usual[i];
    return most;
}

static const char *read_tiff_image(tiff_reading *r) {
    CLI_TRY(begin_tiff(r));
    uint16_t planes = r->is_planar ? r->used : 1;
    for (uint16_t plane = 0; plane < planes; plane++)
        CLI_TRY(TIFFIsTiled(r->tiff) ? read_tiff_tiles(r, plane) : read_tiff_rows(r, plane));
    if (r->image->most == 0) r->image->most = choose_most(&r->image->pixels);
    tell_unused(r);
    return NULL;
}

typedef struct tiff_file {
    czm_bytes file;
    uint64_t at;
    uint64_t left; // bytes that may still be read, since pages and tiles may share theirs
} tiff_file;

static tmsize_t tiff_take(thandle_t handle, void *to, tmsize_t size) {
    tiff_file *f = handle;
    uint64_t left = f->at < f->file.size ? f->file.size - f->at : 0;
    if (left > f->left) left = f->left;
    size_t taken = (uint64_t)size < left ? (size_t)size : (size_t)left;
    memcpy(to, f->file.data + (left ? f->at : 0), taken);
    f->at += taken;
    f->left -= taken;
    return (tmsize_t)taken;
}

static tmsize_t tiff_put(thandle_t handle, void *from, tmsize_t size) {
    (void)handle, (void)from, (void)size;
    return 0;
}

static toff_t tiff_seek(thandle_t handle, toff_t offset, int whence) {
    tiff_file *f = handle;
    f->at = offset + (whence == SEEK_CUR ? f->at : whence == SEEK_END ? f->file.size : 0);
    return f->at;
}

static toff_t tiff_size(thandle_t handle) { return ((tiff_file *)handle)->file.size; }

static int tiff_close(thandle_t handle) {
    (void)handle;
    return 0;
}

static const char *read_tiff(czm_arena *arena, czm_bytes file, cli_image *image) {
    tiff_file whole = {.file = file, .left = czm_budget_for(file.size)};
    TIFFSetErrorHandler(NULL); // the default handler prints
    TIFFSetWarningHandler(NULL);
    TIFF *tiff = TIFFClientOpen("", "rm", &whole, tiff_take, tiff_put, tiff_seek, tiff_close,
                                tiff_size, NULL, NULL);
    if (!tiff) return "libtiff: the file is damaged";
    tiff_reading r = {.arena = arena, .tiff = tiff, .image = image};
    const char *fault = read_tiff_image(&r);
    TIFFClose(tiff);
    return fault;
}

// ---- the kind of file

static const struct {
    const char *begin;
    size_t size;
    const char *(*read)(czm_arena *arena, czm_bytes file, cli_image *image);
} formats[] = {
    {"\x89PNG", 4, read_png}, {"\xff\xd8\xff", 3, read_jpeg}, {"II*\0", 4, read_tiff},
    {"MM\0*", 4, read_tiff},  {"II+\0", 4, read_tiff}, // BigTIFF
    {"MM\0+", 4, read_tiff},
};

static bool read_file(czm_arena *arena, const char *path, czm_bytes *bytes) {
    czm_file *file = czm_file_open(arena, path); // closed with the arena
    if (!file) return false;
    size_t size = czm_file_size(file) < SIZE_MAX ? (size_t)czm_file_size(file) : SIZE_MAX;
    uint8_t *data = czm_arena_alloc(arena, size);
    *bytes = czm_bytes_of(data, size);
    return czm_file_read_at(file, 0, data, size);
}

const char *cli_image_read(czm_arena *arena, const char *path, cli_image *image) {
    czm_bytes file;
    if (czm_path_look(path) == CZM_PATH_OTHER) return "it is not a regular file";
    if (!read_file(arena, path, &file))
        return czm_arena_format(arena, "it cannot be read: %s", czm_file_error());
    image->file_size = file.size;
    for (size_t i = 0; i < CZM_COUNT_OF(formats); i++)
        if (file.size >= 4 && memcmp(file.data, formats[i].begin, formats[i].size) == 0)
            return formats[i].read(arena, file, image);
    return file.size >= 4 && memcmp(file.data, "ZISR", 4) == 0
               ? "it is a CZI file; export the image as OME-TIFF in ZEN"
               : "it is neither PNG, JPEG nor TIFF";
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
