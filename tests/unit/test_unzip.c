// SPDX-License-Identifier: Apache-2.0
//
// ZIP reading: archives of our own writer and of others, and archives that lie.
#include "codec/unzip.h"

#include <zlib.h>

#include "codec/checksum.h"
#include "codec/zip.h"
#include "support.h"

static czm_extent extent_of(czm_context *c, const char *path, czm_bytes content) {
    write_file(c, path, content);
    czm_file *file = czm_file_open(c->arena, path);
    assert_non_null(file);
    return (czm_extent){.file = file, .size = content.size};
}

// How an archive is to be made, right or wrong.
typedef struct recipe {
    bool is_deflated, has_zip64, has_descriptor;
    const char *front, *comment;
    uint16_t flags, method; // instead of the right ones, if not 0
    int size_lie, crc_lie, offset_lie, directory_lie, count_lie;
} recipe;

static const char text[] = "the quick brown fox jumps over the quick brown dog";

static czm_bytes deflated(czm_arena *arena, czm_bytes plain) {
    z_stream z = {0};
    assert_int_equal(deflateInit2(&z, 9, Z_DEFLATED, -MAX_WBITS, 8, Z_DEFAULT_STRATEGY), Z_OK);
    uint8_t *out = czm_arena_alloc(arena, plain.size + 100);
    z.next_in = (Bytef *)(uintptr_t)plain.data;
    z.avail_in = (uInt)plain.size;
    z.next_out = out;
    z.avail_out = (uInt)plain.size + 100;
    assert_int_equal(deflate(&z, Z_FINISH), Z_STREAM_END);
    deflateEnd(&z);
    return czm_bytes_of(out, z.total_out);
}

// Flags to name size, which both headers have.
static void put_common(czm_buffer *b, const recipe *r, uint32_t crc, uint64_t packed, uint64_t size,
                       uint64_t name_size, uint64_t extra_size) {
    czm_put_raw_le(b, r->flags, 2);
    czm_put_raw_le(b, r->method ? r->method : r->is_deflated ? 8 : 0, 2);
    czm_put_raw_le(b, 0, 4);
    czm_put_raw_le(b, crc, 4);
    czm_put_raw_le(b, packed, 4);
    czm_put_raw_le(b, size, 4);
    czm_put_raw_le(b, name_size, 2);
    czm_put_raw_le(b, extra_size, 2);
}

// An archive of one member "m/a" with the content `text`.
static czm_bytes make(czm_arena *arena, const recipe *r) {
    czm_bytes plain = czm_bytes_text(text),
              packed = r->is_deflated ? deflated(arena, plain) : plain;
    uint32_t crc = czm_crc32(0, plain) + (uint32_t)r->crc_lie;
    uint64_t size = (uint64_t)((int64_t)plain.size + r->size_lie);
    czm_buffer b = czm_buffer_in(arena);
    czm_put_raw(&b, czm_bytes_text(r->front ? r->front : ""));
    uint64_t header_at = b.size;
    czm_put_raw(&b, czm_bytes_of("PK\3\4\x14\0", 6));
    put_common(&b, r, r->has_descriptor ? 0 : crc, r->has_descriptor ? 0 : packed.size,
               r->has_descriptor ? 0 : size, 3, 5);
    czm_put_raw(&b,
                czm_bytes_of("m/a\x99\x99\1\0x", 8)); // an extra field of the local header alone
    czm_put_raw(&b, packed);
    if (r->has_descriptor) czm_put_raw(&b, czm_bytes_of("PK\7\x08............", 16));

    uint64_t directory_at = b.size, wide = 0xffffffff;
    czm_put_raw(&b, czm_bytes_of("PK\1\2\x14\3\x14\0", 8));
    put_common(&b, r, crc, r->has_zip64 ? wide : packed.size, r->has_zip64 ? wide : size, 3,
               r->has_zip64 ? 28 : 0);
    czm_put_raw_le(&b, 0, 2);
    czm_put_raw_le(&b, 0, 8);
    uint64_t offset = (uint64_t)((int64_t)header_at + r->offset_lie);
    czm_put_raw_le(&b, r->has_zip64 ? wide : offset, 4);
    czm_put_raw(&b, czm_bytes_text("m/a"));
    if (r->has_zip64) {
        czm_put_raw(&b, czm_bytes_of("\1\0\x18\0", 4));
        czm_put_raw_le(&b, size, 8);
        czm_put_raw_le(&b, packed.size, 8);
        czm_put_raw_le(&b, offset, 8);
    }
    uint64_t directory_size = b.size - directory_at, end64_at = b.size;
    uint64_t count = 1 + (uint64_t)r->count_lie;
    directory_at = (uint64_t)((int64_t)directory_at + r->directory_lie);
    if (r->has_zip64) {
        czm_put_raw(&b, czm_bytes_of("PK\6\6", 4));
        czm_put_raw_le(&b, 44, 8);
        czm_put_raw_le(&b, 0, 4);
        czm_put_raw_le(&b, 0, 8);
        czm_put_raw_le(&b, count, 8);
        czm_put_raw_le(&b, count, 8);
        czm_put_raw_le(&b, directory_size, 8);
        czm_put_raw_le(&b, directory_at, 8);
        czm_put_raw(&b, czm_bytes_of("PK\6\7\0\0\0\0", 8));
        czm_put_raw_le(&b, end64_at, 8);
        czm_put_raw_le(&b, 1, 4);
    }
    czm_put_raw(&b, czm_bytes_of("PK\5\6\0\0\0\0", 8));
    czm_put_raw_le(&b, r->has_zip64 ? 0xffff : count, 2);
    czm_put_raw_le(&b, r->has_zip64 ? 0xffff : count, 2);
    czm_put_raw_le(&b, r->has_zip64 ? wide : directory_size, 4);
    czm_put_raw_le(&b, r->has_zip64 ? wide : directory_at, 4);
    const char *comment = r->comment ? r->comment : "";
    czm_put_raw_le(&b, strlen(comment), 2);
    czm_put_raw(&b, czm_bytes_text(comment));
    return czm_buffer_bytes(&b);
}

static void sound_archives_are_read(void **state) {
    czm_context *c = *state;
    static const recipe recipes[] = {
        {0},
        {.is_deflated = true},
        {.has_zip64 = true},
        {.is_deflated = true, .has_zip64 = true},
        {.comment = "a comment with PK\5\6 in it, and more behind: 0123456789abcdef"},
        {.flags = 0x808, .is_deflated = true, .has_descriptor = true}, // as streaming writers do
        {.front = "#!/bin/sh, an archive that unpacks itself\n"},
    };
    for (size_t i = 0; i < CZM_COUNT_OF(recipes); i++) {
        czm_extent whole = extent_of(c, "sound.zip", make(c->arena, &recipes[i]));
        assert_int_equal(czm_unzip_is_archive(whole), recipes[i].front == NULL);
        czm_unzip zip = czm_unzip_read(c->arena, whole);
        if (zip.fault) fail_msg("%zu: %s", i, zip.fault);
        assert_int_equal(zip.count, 1);
        assert_string_equal(zip.members[0].name, "m/a");
        czm_extent content;
        assert_null(czm_unzip_open(&zip.members[0], &content));
        char read[sizeof text] = {0};
        assert_int_equal(content.size, sizeof text - 1);
        assert_true(czm_file_read_at(content.file, content.offset, read, sizeof text - 1));
        assert_string_equal(read, text);
    }
}

static void lies_are_found(void **state) {
    czm_context *c = *state;
    static const recipe recipes[] = {
        {.flags = 1},
        {.method = 12},
        {.size_lie = 1},
        {.size_lie = -1},
        {.offset_lie = 1},
        {.offset_lie = 1000},
        {.directory_lie = 1},
        {.directory_lie = 100000},
        {.count_lie = 1},
        {.count_lie = 1000},
        {.has_zip64 = true, .directory_lie = -60},
        {.has_zip64 = true, .count_lie = 1 << 30},
        {.has_zip64 = true, .offset_lie = -1},
        {.is_deflated = true, .size_lie = 1 << 30}, // more than deflate can make of so few bytes
    };
    for (size_t i = 0; i < CZM_COUNT_OF(recipes); i++) {
        czm_extent whole = extent_of(c, "lies.zip", make(c->arena, &recipes[i]));
        czm_unzip zip = czm_unzip_read(c->arena, whole);
        if (!zip.fault) fail_msg("lie %zu is accepted", i);
        assert_int_equal(zip.count, 0);
    }
}

static void lies_are_found_while_inflating(void **state) {
    czm_context *c = *state;
    static const recipe recipes[] = {
        {.is_deflated = true, .size_lie = 1},
        {.is_deflated = true, .size_lie = -1},
        {.is_deflated = true, .size_lie = -50},
        {.is_deflated = true, .crc_lie = 1},
    };
    for (size_t i = 0; i < CZM_COUNT_OF(recipes); i++) {
        czm_extent content, whole = extent_of(c, "inflating.zip", make(c->arena, &recipes[i]));
        czm_unzip zip = czm_unzip_read(c->arena, whole);
        assert_null(zip.fault);
        if (!czm_unzip_open(&zip.members[0], &content)) fail_msg("lie %zu is accepted", i);
    }
}

static void no_truncation_is_accepted(void **state) {
    czm_context *c = *state;
    czm_bytes archive = make(c->arena, &(recipe){.has_zip64 = true});
    czm_extent whole = extent_of(c, "cut.zip", archive);
    for (uint64_t size = 0; size < archive.size; size++) {
        czm_extent cut = {.file = whole.file, .size = size};
        assert_non_null(czm_unzip_read(c->arena, cut).fault);
    }
}

// Whatever is in a byte: an answer, and no access outside (AddressSanitizer looks).
static void no_byte_can_crash_it(void **state) {
    czm_context *c = *state;
    czm_bytes archive = make(c->arena, &(recipe){.is_deflated = true, .has_zip64 = true});
    uint8_t *copy = czm_arena_alloc(c->arena, archive.size);
    memcpy(copy, archive.data, archive.size);
    for (size_t i = 0; i < archive.size; i++) {
        copy[i] ^= 0xff;
        czm_arena *arena = czm_arena_new(NULL);
        czm_context inner = {arena, c->report};
        czm_extent content, whole = extent_of(&inner, "byte.zip", czm_bytes_of(copy, archive.size));
        czm_unzip zip = czm_unzip_read(arena, whole);
        if (zip.count) (void)czm_unzip_open(&zip.members[0], &content);
        czm_arena_free(arena);
        copy[i] ^= 0xff;
    }
}

static void our_own_archives_are_read(void **state) {
    czm_context *c = *state;
    czm_zip_member members[] = {{.name = "saved_model.pb", .size = 5}, {.name = "empty"}};
    czm_zip_archive archive = {.members = members, .count = 2};
    czm_zip_layout(&archive);
    czm_buffer b = czm_buffer_in(c->arena);
    czm_zip_put_local_header(&b, &archive, 0);
    czm_put_raw(&b, czm_bytes_text("bytes"));
    czm_zip_put_local_header(&b, &archive, 1);
    czm_zip_put_directory(&b, &archive);
    czm_unzip zip = czm_unzip_read(c->arena, extent_of(c, "own.zip", czm_buffer_bytes(&b)));
    assert_null(zip.fault);
    assert_int_equal(zip.count, 2);
    assert_int_equal(zip.members[0].packed.offset, members[0].data_at);
    assert_int_equal(zip.members[1].size, 0);
    assert_false(zip.members[0].is_deflated || zip.members[0].is_link);
}

// How a small archive unpacks to terabytes: many entries for one member.
static void members_that_share_bytes_are_rejected(void **state) {
    czm_context *c = *state;
    czm_zip_member members[] = {{.name = "a", .size = 100}, {.name = "b", .size = 100}};
    for (size_t count = 1; count <= 2; count++) {
        czm_zip_archive archive = {.members = members, .count = 1};
        czm_zip_layout(&archive);
        czm_buffer b = czm_buffer_in(c->arena);
        czm_zip_put_local_header(&b, &archive, 0);
        czm_put_raw(&b, czm_bytes_of(czm_arena_alloc(c->arena, 100), 100));
        archive.count = count;
        members[1].header_at = members[0].header_at;
        members[1].name_size = 1;
        czm_zip_put_directory(&b, &archive);
        czm_unzip zip = czm_unzip_read(c->arena, extent_of(c, "own.zip", czm_buffer_bytes(&b)));
        if (count == 1)
            assert_null(zip.fault);
        else
            assert_string_equal(zip.fault, "its members overlap");
    }
}

static void checksums_of_stored_members_too(void **state) {
    czm_context *c = *state;
    for (int lie = 0; lie <= 1; lie++) {
        recipe r = {.crc_lie = lie};
        czm_unzip zip = czm_unzip_read(c->arena, extent_of(c, "crc.zip", make(c->arena, &r)));
        assert_null(zip.fault);
        const char *fault = czm_unzip_extract(czm_extraction_in(c->arena), &zip.members[0], NULL);
        if (lie)
            assert_string_equal(fault, "its checksum does not match");
        else
            assert_null(fault);
    }
}

int main(void) {
    const struct CMUnitTest tests[] = {
        TEST(sound_archives_are_read),
        TEST(lies_are_found),
        TEST(lies_are_found_while_inflating),
        TEST(no_truncation_is_accepted),
        TEST(no_byte_can_crash_it),
        TEST(our_own_archives_are_read),
        TEST(members_that_share_bytes_are_rejected),
        TEST(checksums_of_stored_members_too),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
