// SPDX-License-Identifier: Apache-2.0
//
// ZIP writing: headers byte for byte, where ZIP64 begins (with sizes beyond any disk here), and
// DOS times.
#include "codec/zip.h"

#include "support.h"

#define GB ((uint64_t)1 << 30)

static void a_small_archive_byte_for_byte(void **state) {
    czm_context *c = *state;
    czm_zip_member members[] = {{.name = "a.xml", .size = 3, .crc = 0x01020304},
                                {.name = "modelid=\xc3\xa4", .size = 0}};
    czm_zip_archive archive = {.members = members, .count = 2, .dos_time = czm_zip_dos_time(0)};
    czm_zip_layout(&archive);
    assert_int_equal(members[0].data_at, 35);
    assert_int_equal(members[1].header_at, 38);
    assert_int_equal(members[1].data_at, 38 + 30 + 10);
    assert_int_equal(archive.directory_at, 78);
    assert_int_equal(archive.size, 78 + 46 + 5 + 46 + 10 + 22);

    czm_buffer local = czm_buffer_in(c->arena);
    czm_zip_put_local_header(&local, &archive, 0);
    assert_literal(czm_buffer_bytes(&local),
                   "PK\3\4\x14\0\0\0\0\0\0\0\x21\0\4\3\2\1\3\0\0\0\3\0\0\0"
                   "\5\0\0\0a.xml");
    czm_buffer end = czm_buffer_in(c->arena);
    czm_zip_put_directory(&end, &archive);
    assert_literal(
        czm_buffer_bytes(&end),
        "PK\1\2\x14\3\x14\0\0\0\0\0\0\0\x21\0\4\3\2\1\3\0\0\0\3\0\0\0\5\0\0\0\0\0\0\0\0\0"
        "\0\0\xa4\x81\0\0\0\0a.xml"
        "PK\1\2\x14\3\x14\0\0\x08\0\0\0\0\x21\0\0\0\0\0\0\0\0\0\0\0\0\0\x0a\0\0\0\0\0\0\0\0"
        "\0\0\0\xa4\x81\x26\0\0\0modelid=\xc3\xa4"
        "PK\5\6\0\0\0\0\2\0\2\0\x6b\0\0\0\x4e\0\0\0\0\0");
    assert_int_equal(archive.size, archive.directory_at + end.size);
}

static void an_empty_archive(void **state) {
    czm_context *c = *state;
    czm_zip_archive archive = {0};
    czm_zip_layout(&archive);
    czm_buffer end = czm_buffer_in(c->arena);
    czm_zip_put_directory(&end, &archive);
    assert_int_equal(archive.size, 22);
    assert_int_equal(end.size, 22);
}

// Pretended sizes: the layout must agree with the size of the headers.
static void zip64_begins_where_32_bits_end(void **state) {
    czm_context *c = *state;
    static const struct {
        uint64_t first, second;
        size_t locals[2]; // sizes of the local headers, names of one byte included
        size_t end;       // of the directory and the end records
    } cases[] = {
        {100, 100, {31, 31}, 47 + 47 + 22},
        {4 * GB - 2, 0, {31, 31}, 47 + (47 + 12) + 76 + 22},        // the second lies too far
        {4 * GB - 1, 0, {51, 31}, (47 + 20) + (47 + 12) + 76 + 22}, // 0xffffffff means "see below"
        {5 * GB, 6 * GB, {51, 51}, (47 + 20) + (47 + 28) + 76 + 22},
        {1, 5 * GB, {31, 51}, 47 + (47 + 20) + 76 + 22},
        {3 * GB, 2 * GB, {31, 31}, 47 + 47 + 76 + 22}, // only the directory lies too far
        {4 * GB - 100, 0, {31, 31}, 47 + 47 + 22},
    };
    for (size_t i = 0; i < CZM_COUNT_OF(cases); i++) {
        czm_zip_member members[] = {{.name = "a", .size = cases[i].first},
                                    {.name = "b", .size = cases[i].second}};
        czm_zip_archive archive = {.members = members, .count = 2};
        czm_zip_layout(&archive);
        for (size_t k = 0; k < 2; k++) {
            czm_buffer local = czm_buffer_in(c->arena);
            czm_zip_put_local_header(&local, &archive, k);
            assert_int_equal(local.size, cases[i].locals[k]);
            assert_true(members[k].data_at == members[k].header_at + local.size);
        }
        czm_buffer end = czm_buffer_in(c->arena);
        czm_zip_put_directory(&end, &archive);
        assert_int_equal(end.size, cases[i].end);
        assert_true(archive.directory_at == members[1].data_at + cases[i].second);
        assert_true(archive.size == archive.directory_at + end.size);
    }
}

static void zip64_fields_hold_the_values(void **state) {
    czm_context *c = *state;
    czm_zip_member members[] = {{.name = "a", .size = 5 * GB}, {.name = "b", .size = 1}};
    czm_zip_archive archive = {.members = members, .count = 2};
    czm_zip_layout(&archive);
    czm_buffer local = czm_buffer_in(c->arena);
    czm_zip_put_local_header(&local, &archive, 0);
    assert_bytes(czm_bytes_of(local.data + 4, 2), "\x2d\0", 2); // version 4.5
    assert_bytes(czm_bytes_of(local.data + 18, 8), "\xff\xff\xff\xff\xff\xff\xff\xff", 8);
    assert_bytes(czm_bytes_of(local.data + 31, 4), "\1\0\x10\0", 4);
    assert_true(czm_load_le64(local.data + 35) == 5 * GB);
    czm_buffer end = czm_buffer_in(c->arena);
    czm_zip_put_directory(&end, &archive);
    const uint8_t *second = end.data + 47 + 20; // its offset alone is too wide
    assert_int_equal(czm_load_le32(second + 42), 0xffffffff);
    assert_bytes(czm_bytes_of(second + 47, 4), "\1\0\x08\0", 4);
    assert_true(czm_load_le64(second + 51) == members[1].header_at);
    const uint8_t *record = second + 47 + 12, *locator = record + 56;
    assert_memory_equal(record, "PK\6\6", 4);
    assert_int_equal(czm_load_le64(record + 4), 44);
    assert_int_equal(czm_load_le64(record + 32), 2);
    assert_true(czm_load_le64(record + 48) == archive.directory_at);
    assert_memory_equal(locator, "PK\6\7", 4);
    assert_true(czm_load_le64(locator + 8) == archive.directory_at + (uint64_t)(record - end.data));
}

static void many_members_need_zip64(void **state) {
    czm_context *c = *state;
    static czm_zip_member members[0xffff];
    for (size_t i = 0; i < CZM_COUNT_OF(members); i++) members[i].name = "a";
    for (size_t count = 0xfffe; count <= 0xffff; count++) {
        czm_zip_archive archive = {.members = members, .count = count};
        czm_zip_layout(&archive);
        czm_buffer end = czm_buffer_in(c->arena);
        czm_zip_put_directory(&end, &archive);
        assert_int_equal(end.size, count * 47 + 22 + (count == 0xffff ? 76 : 0));
        assert_int_equal(czm_load_le16(end.data + end.size - 12), count);
    }
}

static void dos_times(void **state) {
    (void)state;
    static const struct {
        int64_t seconds;
        unsigned year, month, day, hour, minute, second;
    } cases[] = {
        {INT64_MIN, 1980, 1, 1, 0, 0, 0},
        {0, 1980, 1, 1, 0, 0, 0},
        {315532800, 1980, 1, 1, 0, 0, 0},
        {320716801, 1980, 3, 1, 0, 0, 0}, // odd seconds are cut off
        {320716799, 1980, 2, 29, 23, 59, 58},
        {951782400, 2000, 2, 29, 0, 0, 0},
        {1580702706, 2020, 2, 3, 4, 5, 6},
        {4107542399, 2100, 2, 28, 23, 59, 58},
        {4107542400, 2100, 3, 1, 0, 0, 0}, // 2100 has no leap day
        {4354819199, 2107, 12, 31, 23, 59, 58},
        {INT64_MAX, 2107, 12, 31, 23, 59, 58},
    };
    for (size_t i = 0; i < CZM_COUNT_OF(cases); i++) {
        uint32_t date = (cases[i].year - 1980) << 9 | cases[i].month << 5 | cases[i].day;
        uint32_t time = cases[i].hour << 11 | cases[i].minute << 5 | cases[i].second / 2;
        assert_int_equal(czm_zip_dos_time(cases[i].seconds), date << 16 | time);
    }
}

int main(void) {
    const struct CMUnitTest tests[] = {
        TEST(a_small_archive_byte_for_byte),  TEST(an_empty_archive),
        TEST(zip64_begins_where_32_bits_end), TEST(zip64_fields_hold_the_values),
        TEST(many_members_need_zip64),        TEST(dos_times),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
