// SPDX-License-Identifier: Apache-2.0
//
// Headers of image files; see image.h. Sources: PNG, W3C Recommendation; JPEG, ITU-T T.81; TIFF
// Revision 6.0 and the BigTIFF design; Microsoft's BITMAPFILEHEADER, BITMAPINFOHEADER and
// BITMAPV4HEADER; CZI, ZEISS's "ZISRAW (CZI) File Format".
#include "codec/image.h"

#include "codec/checksum.h"

static const char cut_off[] = "it is cut off";

typedef struct input {
    czm_arena *arena;
    czm_file *file;
    uint64_t size;
} input;

static bool read_at(const input *in, uint64_t offset, void *to, size_t size) {
    return offset <= in->size && size <= in->size - offset &&
           czm_file_read_at(in->file, offset, to, size);
}

static uint64_t load_be(const uint8_t *from, size_t size) {
    uint64_t value = 0;
    for (size_t i = 0; i < size; i++) value = value << 8 | from[i];
    return value;
}

static const char *set_size(czm_image *image, uint64_t width, uint64_t height) {
    if (width == 0 || height == 0 || width > INT32_MAX || height > INT32_MAX)
        return "it has no width or height, or an impossible one";
    image->width = (uint32_t)width;
    image->height = (uint32_t)height;
    return NULL;
}

// ---- PNG: signature, then the chunk IHDR: length, type, 13 bytes, CRC-32

enum { PNG_HEADER_AT = 8, PNG_HEADER_SIZE = 25, PNG_PALETTE = 3 };

// By colour type (table 11.1 of the specification): samples a pixel, and a bit for each bit depth.
static const struct {
    int channels;
    uint32_t depths;
} png_types[] = {
    {1, 1u << 1 | 1u << 2 | 1u << 4 | 1u << 8 | 1u << 16},
    {0, 0},
    {3, 1u << 8 | 1u << 16},
    {3, 1u << 1 | 1u << 2 | 1u << 4 | 1u << 8},
    {2, 1u << 8 | 1u << 16},
    {0, 0},
    {4, 1u << 8 | 1u << 16},
};

static const char *read_png(const input *in, czm_image *image) {
    uint8_t h[PNG_HEADER_SIZE];
    if (!read_at(in, PNG_HEADER_AT, h, sizeof h)) return cut_off;
    if (memcmp(h, "\0\0\0\15IHDR", 8) != 0) return "its first chunk is not IHDR";
    if (load_be(h + 21, 4) != czm_crc32(0, czm_bytes_of(h + 4, 17)))
        return "the checksum of its header does not match";
    uint8_t depth = h[16], type = h[17];
    if (type >= CZM_COUNT_OF(png_types) || depth > 16 || !(png_types[type].depths >> depth & 1))
        return "its header names a colour type or a bit depth that does not exist";
    image->channels = png_types[type].channels;
    image->bits = type == PNG_PALETTE ? 8 : depth; // palette colours have 8
    return set_size(image, load_be(h + 8, 4), load_be(h + 12, 4));
}

// ---- JPEG: segments, each a marker (0xff and a byte), a length and its content

enum {
    JPEG_MOST_SEGMENTS = 65536,
    JPEG_FRAME_FIRST = 0xc0, // SOF0
    JPEG_FRAME_LAST = 0xcf,
    JPEG_HUFFMAN_TABLES = 0xc4, // three markers in the range of the SOFs that are no SOF
    JPEG_EXTENSION = 0xc8,
    JPEG_ARITHMETIC_CODES = 0xcc,
    JPEG_ALONE_FIRST = 0xd0, // markers that only follow a frame header: RST0 to RST7, SOI, EOI
    JPEG_SCAN = 0xda,        // to SOS
    JPEG_FILL = 0xff,        // may stand before a marker, any number of times
};

static bool is_frame(uint8_t marker) {
    return marker >= JPEG_FRAME_FIRST && marker <= JPEG_FRAME_LAST &&
           marker != JPEG_HUFFMAN_TABLES && marker != JPEG_EXTENSION &&
           marker != JPEG_ARITHMETIC_CODES;
}

// Length, precision, height, width, number of components.
static const char *read_frame(const input *in, uint64_t at, czm_image *image) {
    uint8_t f[8];
    if (!read_at(in, at, f, sizeof f)) return cut_off;
    image->bits = f[2];
    image->channels = f[7];
    image->height = (uint32_t)load_be(f + 3, 2); // 0: it follows the first scan
    image->width = (uint32_t)load_be(f + 5, 2);
    bool is_possible = image->bits >= 2 && image->bits <= 16 && image->channels && image->width;
    return is_possible ? NULL : "its frame header is damaged";
}

static const char *read_jpeg(const input *in, czm_image *image) {
    uint64_t at = 2;
    for (int i = 0; i < JPEG_MOST_SEGMENTS; i++) {
        uint8_t segment[4];
        if (!read_at(in, at, segment, sizeof segment)) return cut_off;
        uint8_t marker = segment[1];
        uint64_t size = load_be(segment + 2, 2);
        if (segment[0] != 0xff) break;
        if (is_frame(marker)) return read_frame(in, at + 2, image);
        bool is_last = marker >= JPEG_ALONE_FIRST && marker <= JPEG_SCAN;
        if (marker != JPEG_FILL && (is_last || size < 2)) break;
        at += marker == JPEG_FILL ? 1 : 2 + size;
    }
    return "its segments are damaged: there is no frame header";
}

// ---- TIFF: byte order, version, where the first directory is; a directory has entries of a tag,
// a type, a count, and the values or where they are

typedef enum tiff_field {
    WIDTH,
    HEIGHT,
    BITS,
    PHOTOMETRIC,
    SAMPLES,
    SAMPLE_FORMAT,
    TIFF_FIELD_COUNT
} tiff_field;

static const uint16_t tiff_tags[TIFF_FIELD_COUNT] = {
    [WIDTH] = 256,       [HEIGHT] = 257,  [BITS] = 258,
    [PHOTOMETRIC] = 262, [SAMPLES] = 277, [SAMPLE_FORMAT] = 339,
};

enum {
    TIFF_BIG = 43,    // the version of BigTIFF, which counts with 8 bytes instead of 4
    TIFF_PALETTE = 3, // a PHOTOMETRIC
    TIFF_FLOAT = 3,   // a SAMPLE_FORMAT
    TIFF_MOST_ENTRIES = 65535,
    TIFF_MOST_SAMPLES = 65535,
    TIFF_MOST_BITS = 64,
};

typedef struct tiff {
    const input *in;
    bool is_big_endian;
    size_t word; // bytes of a count or an offset
    uint64_t fields[TIFF_FIELD_COUNT];
} tiff;

static uint64_t load(const tiff *t, const uint8_t *from, size_t size) {
    return t->is_big_endian ? load_be(from, size) : czm_load_le(from, size);
}

// Bytes of a value of the types that the tags above may have; 0: another type.
static size_t tiff_type_size(uint64_t type) {
    static const uint8_t sizes[] = {[1] = 1, [3] = 2, [4] = 4, [16] = 8};
    return type < CZM_COUNT_OF(sizes) ? sizes[type] : 0;
}

static uint64_t *find_field(tiff *t, uint64_t tag) {
    for (size_t i = 0; i < TIFF_FIELD_COUNT; i++)
        if (tiff_tags[i] == tag) return &t->fields[i];
    return NULL;
}

// If there is one value for each sample, they are equal, and the first one is used.
static const char *read_entry(tiff *t, const uint8_t *entry) {
    uint64_t *field = find_field(t, load(t, entry, 2));
    if (!field) return NULL;
    size_t size = tiff_type_size(load(t, entry + 2, 2));
    uint64_t count = load(t, entry + 4, t->word);
    const uint8_t *value = entry + 4 + t->word;
    uint8_t distant[8];
    if (size == 0 || count == 0) return "an entry of its directory is damaged";
    if (count > t->word / size) {
        if (!read_at(t->in, load(t, value, t->word), distant, size)) return cut_off;
        value = distant;
    }
    *field = load(t, value, size);
    return NULL;
}

static const char *read_directory(tiff *t, uint64_t at) {
    uint8_t number[8];
    size_t number_size = t->word == 8 ? 8 : 2, entry_size = 4 + 2 * t->word;
    if (!read_at(t->in, at, number, number_size)) return cut_off;
    uint64_t count = load(t, number, number_size);
    if (count > TIFF_MOST_ENTRIES) return "its directory is damaged";
    uint8_t *entries = czm_arena_array(t->in->arena, (size_t)count, entry_size);
    if (!read_at(t->in, at + number_size, entries, (size_t)count * entry_size)) return cut_off;
    const char *fault = NULL;
    for (size_t i = 0; i < count && !fault; i++) fault = read_entry(t, entries + i * entry_size);
    return fault;
}

static const char *describe_tiff(const tiff *t, czm_image *image) {
    uint64_t bits = t->fields[BITS], samples = t->fields[SAMPLES];
    if (bits == 0 || bits > TIFF_MOST_BITS || samples == 0 || samples > TIFF_MOST_SAMPLES)
        return "its directory is damaged";
    bool has_palette = t->fields[PHOTOMETRIC] == TIFF_PALETTE;
    image->channels = has_palette ? 3 : (int)samples;
    image->bits = has_palette ? 0 : (int)bits; // colours have 16, of which most programs take 8
    image->is_float = t->fields[SAMPLE_FORMAT] == TIFF_FLOAT;
    return set_size(image, t->fields[WIDTH], t->fields[HEIGHT]);
}

static const char *read_tiff(const input *in, czm_image *image) {
    uint8_t h[16];
    if (!read_at(in, 0, h, 8)) return cut_off;
    tiff t = {.in = in,
              .is_big_endian = h[0] == 'M',
              .word = 4,
              .fields = {[BITS] = 1, [SAMPLES] = 1}};
    if (load(&t, h + 2, 2) == TIFF_BIG) {
        t.word = 8;
        if (!read_at(in, 0, h, 16)) return cut_off;
        if (load(&t, h + 4, 2) != 8) return "its header is damaged";
    }
    const char *fault = read_directory(&t, load(&t, h + t.word, t.word));
    return fault ? fault : describe_tiff(&t, image);
}

// ---- BMP: a file header of 14 bytes, then an information header that begins with its size

enum {
    BMP_INFO_AT = 14,
    BMP_OLD_SIZE = 12,      // BITMAPCOREHEADER
    BMP_ALPHA_SIZE = 56,    // from this size on it may have a mask for alpha
    BMP_LARGEST_SIZE = 124, // BITMAPV5HEADER
    BMP_MASKS = 3,          // BI_BITFIELDS
};

static bool is_bmp_info(uint32_t size) {
    static const uint32_t sizes[] = {BMP_OLD_SIZE,    40, 52, BMP_ALPHA_SIZE, 64, 108,
                                     BMP_LARGEST_SIZE};
    for (size_t i = 0; i < CZM_COUNT_OF(sizes); i++)
        if (sizes[i] == size) return true;
    return false;
}

// By bits a pixel: up to 8 are an index into a palette, and 16 are five or six a sample.
static const char *set_bmp_pixels(czm_image *image, uint32_t bits, bool has_alpha) {
    static const uint8_t depths[] = {1, 4, 8, 16, 24, 32};
    if (bits == 0) return NULL; // a JPEG or PNG inside
    if (bits > 32 || !memchr(depths, (int)bits, sizeof depths))
        return "its number of bits per pixel does not exist";
    image->channels = bits == 32 && has_alpha ? 4 : 3;
    image->bits = bits == 16 ? 0 : 8;
    return NULL;
}

static const char *describe_old_bmp(const uint8_t *h, czm_image *image) {
    const char *fault = set_bmp_pixels(image, czm_load_le16(h + 10), false);
    return fault ? fault : set_size(image, czm_load_le16(h + 4), czm_load_le16(h + 6));
}

static const char *describe_bmp(const uint8_t *h, uint32_t size, czm_image *image) {
    bool has_masks = czm_load_le32(h + 16) == BMP_MASKS && size >= BMP_ALPHA_SIZE;
    bool has_alpha = has_masks && czm_load_le32(h + 52) != 0;
    const char *fault = set_bmp_pixels(image, czm_load_le16(h + 14), has_alpha);
    uint32_t height = czm_load_le32(h + 8);
    bool is_upside_down = height > INT32_MAX; // a negative number
    if (is_upside_down) height = 0u - height;
    return fault ? fault : set_size(image, czm_load_le32(h + 4), height);
}

static const char *read_bmp(const input *in, czm_image *image) {
    uint8_t head[BMP_INFO_AT + 4], h[BMP_LARGEST_SIZE] = {0};
    if (!read_at(in, 0, head, sizeof head)) return cut_off;
    uint32_t size = czm_load_le32(head + BMP_INFO_AT);
    // Checked again, because the file may have changed.
    if (size > sizeof h || !read_at(in, BMP_INFO_AT, h, size)) return cut_off;
    if (czm_load_le32(head + 10) >= in->size) return cut_off; // where the pixels begin
    return size == BMP_OLD_SIZE ? describe_old_bmp(h, image) : describe_bmp(h, size, image);
}

// ---- which format it is

static const char *read_nothing(const input *in, czm_image *image) {
    (void)in, (void)image;
    return NULL;
}

static const struct format {
    const char *name;
    const char *magic;
    size_t size;
    const char *(*read)(const input *in, czm_image *image);
} formats[] = {
    {"BMP", "BM", 2, read_bmp},
    {"CZI", "ZISRAWFILE", 10, read_nothing},
    {"JPEG", "\xff\xd8\xff", 3, read_jpeg},
    {"PNG", "\x89PNG\r\n\x1a\n", 8, read_png},
    {"TIFF", "II*\0", 4, read_tiff},
    {"TIFF", "II+\0", 4, read_tiff},
    {"TIFF", "MM\0*", 4, read_tiff},
    {"TIFF", "MM\0+", 4, read_tiff},
};

// Texts may also begin with the two letters of BMP.
static bool is_format(const struct format *format, const input *in) {
    uint8_t head[BMP_INFO_AT + 4];
    if (!read_at(in, 0, head, format->size)) return false;
    if (memcmp(head, format->magic, format->size) != 0) return false;
    return format->read != read_bmp ||
           (read_at(in, 0, head, sizeof head) && is_bmp_info(czm_load_le32(head + BMP_INFO_AT)));
}

czm_image czm_image_read(czm_arena *arena, czm_file *file) {
    const input in = {arena, file, czm_file_size(file)};
    czm_image image = {0};
    for (size_t i = 0; i < CZM_COUNT_OF(formats); i++) {
        if (!is_format(&formats[i], &in)) continue;
        const char *fault = formats[i].read(&in, &image);
        if (fault) image = (czm_image){.fault = fault};
        image.format = formats[i].name;
        break;
    }
    return image;
}
