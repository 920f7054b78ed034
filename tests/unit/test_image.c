// SPDX-License-Identifier: Apache-2.0
//
// Headers of images: each format in its variants, and files that are damaged or cut off anywhere.
#include "codec/image.h"

#include "codec/checksum.h"
#include "support.h"

static czm_image read_image(czm_context *c, czm_bytes content) {
    write_file(c, "image", content);
    czm_file *file = czm_file_open(c->arena, "image");
    assert_non_null(file);
    return czm_image_read(c->arena, file);
}

static void put_be(czm_buffer *b, uint64_t value, size_t size) {
    for (size_t i = size; i-- > 0;) czm_put_raw_le(b, value >> 8 * i & 0xff, 1);
}

static void put_text(czm_buffer *b, const char *text) { czm_put_raw(b, czm_bytes_text(text)); }

static void assert_image(const czm_image *image, const char *format, int channels, int bits,
                         bool is_float, uint32_t width, uint32_t height) {
    assert_null(image->fault);
    assert_non_null(image->format);
    assert_string_equal(image->format, format);
    assert_int_equal(image->channels, channels);
    assert_int_equal(image->bits, bits);
    assert_int_equal(image->is_float, is_float);
    assert_int_equal(image->width, width);
    assert_int_equal(image->height, height);
}

static void assert_fault(const czm_image *image, const char *fault) {
    assert_non_null(image->format);
    assert_non_null(image->fault);
    assert_string_equal(image->fault, fault);
}

static czm_bytes without_end(czm_bytes bytes, size_t size) {
    return czm_bytes_of(bytes.data, bytes.size - size);
}

// ---- PNG

static czm_bytes make_png(czm_arena *arena, uint32_t width, uint32_t height, uint8_t depth,
                          uint8_t type) {
    czm_buffer chunk = czm_buffer_in(arena), b = czm_buffer_in(arena);
    put_text(&chunk, "IHDR");
    put_be(&chunk, width, 4);
    put_be(&chunk, height, 4);
    put_be(&chunk, depth, 1);
    put_be(&chunk, type, 1);
    put_be(&chunk, 0, 3);
    put_text(&b, "\x89PNG\r\n\x1a\n");
    put_be(&b, 13, 4);
    czm_put_raw(&b, czm_buffer_bytes(&chunk));
    put_be(&b, czm_crc32(0, czm_buffer_bytes(&chunk)), 4);
    return czm_buffer_bytes(&b);
}

static void png_of_each_colour_type(void **state) {
    czm_context *c = *state;
    static const struct {
        uint8_t type, depth;
        int channels, bits;
    } kinds[] = {
        {0, 1, 1, 1}, {0, 16, 1, 16}, {2, 8, 3, 8},   {2, 16, 3, 16}, {3, 4, 3, 8},
        {3, 8, 3, 8}, {4, 8, 2, 8},   {6, 16, 4, 16}, {0, 8, 1, 8},
    };
    for (size_t i = 0; i < CZM_COUNT_OF(kinds); i++) {
        czm_image image =
            read_image(c, make_png(c->arena, 300, 70000, kinds[i].depth, kinds[i].type));
        assert_image(&image, "PNG", kinds[i].channels, kinds[i].bits, false, 300, 70000);
    }
}

static void damaged_png(void **state) {
    czm_context *c = *state;
    static const uint8_t impossible[][2] = {{0, 3}, {2, 4}, {3, 16}, {1, 8},
                                            {5, 8}, {7, 8}, {0, 40}, {6, 1}};
    for (size_t i = 0; i < CZM_COUNT_OF(impossible); i++) {
        czm_image image =
            read_image(c, make_png(c->arena, 3, 4, impossible[i][1], impossible[i][0]));
        assert_fault(&image, "its header names a colour type or a bit depth that does not exist");
    }
    czm_bytes png = make_png(c->arena, 3, 4, 8, 0);
    czm_image image = read_image(c, make_png(c->arena, 0, 4, 8, 0));
    assert_fault(&image, "it has no width or height, or an impossible one");
    image = read_image(c, make_png(c->arena, 3, 0x80000000u, 8, 0));
    assert_fault(&image, "it has no width or height, or an impossible one");
    image = read_image(c, without_end(png, 1));
    assert_fault(&image, "it is cut off");
    uint8_t *bytes = (uint8_t *)czm_arena_string(c->arena, png);
    bytes[19] ^= 1; // the width
    image = read_image(c, czm_bytes_of(bytes, png.size));
    assert_fault(&image, "the checksum of its header does not match");
    bytes[12] ^= 1; // the type of the chunk
    image = read_image(c, czm_bytes_of(bytes, png.size));
    assert_fault(&image, "its first chunk is not IHDR");
}

// ---- JPEG

static czm_bytes make_jpeg(czm_arena *arena, uint8_t frame, uint8_t precision, uint8_t channels) {
    czm_buffer b = czm_buffer_in(arena);
    czm_put_raw(&b, czm_bytes_of("\xff\xd8\xff\xe0\0\x10JFIF\0\1\1\0\0\1\0\1\0\0", 20));
    czm_put_raw(&b, czm_bytes_of("\xff\xff\xff\xc4\0\3x", 7));        // fill bytes, Huffman tables
    czm_put_raw(&b, czm_bytes_of("\xff\xc8\0\3x\xff\xcc\0\4xy", 11)); // no frames either
    put_be(&b, 0xff00u | frame, 2);
    put_be(&b, 8 + 3u * channels, 2);
    put_be(&b, precision, 1);
    put_be(&b, 480, 2);
    put_be(&b, 640, 2);
    put_be(&b, channels, 1);
    return czm_buffer_bytes(&b);
}

static void jpeg_of_each_frame(void **state) {
    czm_context *c = *state;
    static const uint8_t frames[] = {0xc0, 0xc1, 0xc2, 0xc3, 0xc9, 0xcf};
    for (size_t i = 0; i < CZM_COUNT_OF(frames); i++) {
        czm_image image = read_image(c, make_jpeg(c->arena, frames[i], 8, 3));
        assert_image(&image, "JPEG", 3, 8, false, 640, 480);
    }
    czm_image image = read_image(c, make_jpeg(c->arena, 0xc1, 12, 1));
    assert_image(&image, "JPEG", 1, 12, false, 640, 480);
}

static void damaged_jpeg(void **state) {
    czm_context *c = *state;
    static const char no_frame[] = "its segments are damaged: there is no frame header";
    static const uint8_t others[] = {0xd9, 0xda, 0xd0};
    for (size_t i = 0; i < CZM_COUNT_OF(others); i++) {
        czm_image image = read_image(c, make_jpeg(c->arena, others[i], 8, 3));
        assert_fault(&image, no_frame);
    }
    czm_image image = read_image(c, make_jpeg(c->arena, 0xc0, 8, 0));
    assert_fault(&image, "its frame header is damaged");
    image = read_image(c, make_jpeg(c->arena, 0xc0, 77, 3));
    assert_fault(&image, "its frame header is damaged");
    image = read_image(c, without_end(make_jpeg(c->arena, 0xc0, 8, 3), 1));
    assert_fault(&image, "it is cut off");
    image = read_image(c, czm_bytes_of("\xff\xd8\xff\xe0\0\1abcd", 10)); // shorter than itself
    assert_fault(&image, no_frame);
    image = read_image(c, czm_bytes_of("\xff\xd8\xff\xe0\0\3abcdef", 12)); // no marker behind it
    assert_fault(&image, no_frame);
    size_t size = 1u << 20;
    uint8_t *fill = czm_arena_alloc(c->arena, size);
    memset(fill, 0xff, size);
    fill[1] = 0xd8;
    image = read_image(c, czm_bytes_of(fill, size));
    assert_fault(&image, no_frame);
}

// ---- TIFF

typedef struct tiff_writer {
    czm_buffer bytes;
    bool is_big_endian, is_big_tiff;
} tiff_writer;

static void put(tiff_writer *w, uint64_t value, size_t size) {
    if (w->is_big_endian)
        put_be(&w->bytes, value, size);
    else
        czm_put_raw_le(&w->bytes, value, size);
}

static void put_word(tiff_writer *w, uint64_t value) { put(w, value, w->is_big_tiff ? 8 : 4); }

static tiff_writer begin_tiff(czm_arena *arena, bool is_big_endian, bool is_big_tiff,
                              size_t entries) {
    tiff_writer w = {czm_buffer_in(arena), is_big_endian, is_big_tiff};
    put_text(&w.bytes, is_big_endian ? "MM" : "II");
    put(&w, is_big_tiff ? 43 : 42, 2);
    if (is_big_tiff) put(&w, 8, 2), put(&w, 0, 2);
    put_word(&w, is_big_tiff ? 16 : 8);
    put(&w, entries, is_big_tiff ? 8 : 2);
    return w;
}

static void put_entry(tiff_writer *w, uint64_t tag, uint64_t type, uint64_t count, uint64_t value) {
    size_t size = type == 3 ? 2 : type == 16 ? 8 : 4, word = w->is_big_tiff ? 8 : 4;
    put(w, tag, 2);
    put(w, type, 2);
    put_word(w, count);
    put(w, value, count * size <= word ? size : word);
    for (size_t i = size; count * size <= word && i < word; i++) put(w, 0, 1);
}

// Samples of `bits` bits; the bits of three and more do not fit into the entry.
static czm_bytes make_tiff(czm_arena *arena, bool is_big_endian, bool is_big_tiff, uint64_t samples,
                           uint64_t bits, uint64_t format) {
    tiff_writer w = begin_tiff(arena, is_big_endian, is_big_tiff, 5);
    size_t word = is_big_tiff ? 8 : 4;
    uint64_t end = w.bytes.size + 5 * (4 + 2 * word) + word;
    put_entry(&w, 256, 3, 1, 512);
    put_entry(&w, 257, is_big_tiff ? 16 : 4, 1, 70000);
    put_entry(&w, 258, 3, samples, samples * 2 > word ? end : bits);
    put_entry(&w, 277, 3, 1, samples);
    put_entry(&w, 339, 3, 1, format);
    put_word(&w, 8); // the next directory is this one again
    for (uint64_t i = 0; i < samples; i++) put(&w, bits, 2);
    return czm_buffer_bytes(&w.bytes);
}

static void tiff_of_each_kind(void **state) {
    czm_context *c = *state;
    for (int kind = 0; kind < 4; kind++) {
        bool is_big_endian = kind & 1, is_big_tiff = kind & 2;
        for (uint64_t samples = 1; samples <= 5; samples++) {
            czm_image image =
                read_image(c, make_tiff(c->arena, is_big_endian, is_big_tiff, samples, 16, 1));
            assert_image(&image, "TIFF", (int)samples, 16, false, 512, 70000);
        }
        czm_image image = read_image(c, make_tiff(c->arena, is_big_endian, is_big_tiff, 1, 32, 3));
        assert_image(&image, "TIFF", 1, 32, true, 512, 70000);
    }
}

static void tiff_with_little_in_it(void **state) {
    czm_context *c = *state;
    tiff_writer w = begin_tiff(c->arena, false, false, 2);
    put_entry(&w, 256, 3, 1, 5);
    put_entry(&w, 257, 3, 1, 6);
    czm_image image = read_image(c, czm_buffer_bytes(&w.bytes));
    assert_image(&image, "TIFF", 1, 1, false, 5, 6); // the defaults
    w = begin_tiff(c->arena, false, false, 4);
    put_entry(&w, 256, 3, 1, 5);
    put_entry(&w, 257, 3, 1, 6);
    put_entry(&w, 258, 3, 1, 8);
    put_entry(&w, 262, 3, 1, 3);
    image = read_image(c, czm_buffer_bytes(&w.bytes));
    assert_image(&image, "TIFF", 3, 0, false, 5, 6); // a palette
}

static void damaged_tiff(void **state) {
    czm_context *c = *state;
    czm_bytes whole = make_tiff(c->arena, false, false, 3, 8, 1);
    czm_image image = read_image(c, without_end(whole, 6)); // the bits are missing
    assert_fault(&image, "it is cut off");
    image = read_image(c, czm_bytes_of("II*\0\xff\xff\xff\xff", 8));
    assert_fault(&image, "it is cut off");
    image = read_image(c, czm_bytes_of("MM\0+\0\7\0\0\0\0\0\0\0\0\0\0", 16));
    assert_fault(&image, "its header is damaged");
    image = read_image(c, czm_bytes_of("MM\0+\0\10\0\0\xff\xff\xff\xff\xff\xff\xff\xff", 16));
    assert_fault(&image, "it is cut off");
    tiff_writer w = begin_tiff(c->arena, true, true, UINT64_MAX);
    put(&w, 0, 8);
    image = read_image(c, czm_buffer_bytes(&w.bytes));
    assert_fault(&image, "its directory is damaged");
    w = begin_tiff(c->arena, true, false, 65535);
    image = read_image(c, czm_buffer_bytes(&w.bytes));
    assert_fault(&image, "it is cut off");
    w = begin_tiff(c->arena, false, false, 1);
    put_entry(&w, 256, 2, 1, 5); // a text
    image = read_image(c, czm_buffer_bytes(&w.bytes));
    assert_fault(&image, "an entry of its directory is damaged");
    w = begin_tiff(c->arena, false, false, 0);
    image = read_image(c, czm_buffer_bytes(&w.bytes));
    assert_fault(&image, "it has no width or height, or an impossible one");
    image = read_image(c, make_tiff(c->arena, false, false, 1, 65, 1));
    assert_fault(&image, "its directory is damaged");
}

// ---- BMP

static czm_bytes make_bmp(czm_arena *arena, uint32_t info_size, int32_t height, uint16_t bits,
                          uint32_t compression, uint32_t alpha_mask) {
    czm_buffer b = czm_buffer_in(arena);
    put_text(&b, "BM");
    czm_put_raw_le(&b, 0, 8);
    czm_put_raw_le(&b, 14 + info_size, 4);
    czm_put_raw_le(&b, info_size, 4);
    size_t field = info_size == 12 ? 2 : 4;
    czm_put_raw_le(&b, 640, field);
    czm_put_raw_le(&b, (uint32_t)height & (info_size == 12 ? 0xffffu : 0xffffffffu), field);
    czm_put_raw_le(&b, 1, 2);
    czm_put_raw_le(&b, bits, 2);
    for (size_t at = 16; at < info_size; at += 4)
        czm_put_raw_le(&b, at == 16 ? compression : at == 52 ? alpha_mask : 0, 4);
    czm_put_raw_le(&b, 0, 4); // pixels
    return czm_buffer_bytes(&b);
}

static void bmp_of_each_kind(void **state) {
    czm_context *c = *state;
    static const struct {
        uint32_t info_size;
        uint16_t given_bits;
        uint32_t compression, alpha_mask;
        int channels, bits;
    } kinds[] = {
        {12, 24, 0, 0, 3, 8},  {40, 1, 0, 0, 3, 8},
        {40, 8, 0, 0, 3, 8},   {40, 8, 1, 0, 3, 8},
        {40, 16, 0, 0, 3, 0},  {40, 24, 0, 0, 3, 8},
        {40, 32, 0, 0, 3, 8},  {124, 32, 3, 0xff000000, 4, 8},
        {108, 32, 3, 0, 3, 8}, {108, 32, 0, 1, 3, 8},
        {40, 0, 4, 0, 0, 0},
    };
    for (size_t i = 0; i < CZM_COUNT_OF(kinds); i++) {
        czm_image image =
            read_image(c, make_bmp(c->arena, kinds[i].info_size, 480, kinds[i].given_bits,
                                   kinds[i].compression, kinds[i].alpha_mask));
        assert_image(&image, "BMP", kinds[i].channels, kinds[i].bits, false, 640, 480);
    }
    czm_image image = read_image(c, make_bmp(c->arena, 40, -480, 24, 0, 0));
    assert_image(&image, "BMP", 3, 8, false, 640, 480); // from the top down
}

static void damaged_bmp(void **state) {
    czm_context *c = *state;
    czm_bytes whole = make_bmp(c->arena, 40, 480, 24, 0, 0);
    czm_image image = read_image(c, without_end(whole, 4));
    assert_fault(&image, "it is cut off");
    image = read_image(c, without_end(whole, 5));
    assert_fault(&image, "it is cut off");
    image = read_image(c, make_bmp(c->arena, 40, INT32_MIN, 24, 0, 0));
    assert_fault(&image, "it has no width or height, or an impossible one");
    static const uint16_t depths[] = {7, 33, 264, 65535};
    for (size_t i = 0; i < CZM_COUNT_OF(depths); i++) {
        image = read_image(c, make_bmp(c->arena, 40, 480, depths[i], 0, 0));
        assert_fault(&image, "its number of bits per pixel does not exist");
    }
}

// ---- all

static void what_is_recognised_or_not(void **state) {
    czm_context *c = *state;
    czm_image image = read_image(c, czm_bytes_of("ZISRAWFILE\0\0\0\0\0\0", 16));
    assert_image(&image, "CZI", 0, 0, false, 0, 0);
    static const char *const others[] = {"",       "B",       "BM",  "BMW is a make of motor cars",
                                         "GIF89a", "\x89PNG", "II*", "\xff\xd8"};
    for (size_t i = 0; i < CZM_COUNT_OF(others); i++) {
        image = read_image(c, czm_bytes_text(others[i]));
        assert_null(image.format);
        assert_null(image.fault);
    }
}

// For any bytes, the result is possible: no crash, and a fault or a sensible size.
static void assert_sensible(czm_bytes bytes) {
    czm_context own = {czm_arena_new(NULL), NULL}; // each call closes its file
    czm_image image = read_image(&own, bytes);
    assert_true(image.channels >= 0 && image.channels <= 65535);
    assert_true(image.bits >= 0 && image.bits <= 64);
    assert_true(image.width <= INT32_MAX && image.height <= INT32_MAX);
    if (!image.format) assert_null(image.fault);
    czm_arena_free(own.arena);
}

static void every_damage_is_survived(void **state) {
    czm_context *c = *state;
    const czm_bytes images[] = {
        make_png(c->arena, 3, 4, 8, 0),
        make_jpeg(c->arena, 0xc0, 8, 3),
        make_tiff(c->arena, true, false, 3, 8, 1),
        make_tiff(c->arena, false, true, 5, 16, 1),
        make_bmp(c->arena, 12, 4, 24, 0, 0),
        make_bmp(c->arena, 124, 4, 32, 3, 1),
    };
    for (size_t i = 0; i < CZM_COUNT_OF(images); i++) {
        uint8_t *bytes = (uint8_t *)czm_arena_string(c->arena, images[i]);
        for (size_t size = 0; size < images[i].size; size++)
            assert_sensible(czm_bytes_of(bytes, size));
        for (size_t at = 0; at < images[i].size; at++) {
            static const uint8_t values[] = {0, 1, 0x7f, 0xff};
            uint8_t former = bytes[at];
            for (size_t k = 0; k < CZM_COUNT_OF(values); k++) {
                bytes[at] = values[k];
                assert_sensible(czm_bytes_of(bytes, images[i].size));
            }
            bytes[at] = former;
        }
    }
}

int main(void) {
    const struct CMUnitTest tests[] = {
        TEST(png_of_each_colour_type),
        TEST(damaged_png),
        TEST(jpeg_of_each_frame),
        TEST(damaged_jpeg),
        TEST(tiff_of_each_kind),
        TEST(tiff_with_little_in_it),
        TEST(damaged_tiff),
        TEST(bmp_of_each_kind),
        TEST(damaged_bmp),
        TEST(what_is_recognised_or_not),
        TEST(every_damage_is_survived),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
