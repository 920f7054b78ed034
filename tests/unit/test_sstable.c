// SPDX-License-Identifier: Apache-2.0
//
// Sorted tables: round trips over several blocks, every truncation and every flipped bit, and
// tables that are made to cost more than they hold.
#include "codec/sstable.h"

#include "codec/checksum.h"
#include "support.h"

static czm_record *make_records(czm_arena *arena, size_t count, size_t value_size) {
    czm_record *records = CZM_NEW_ARRAY(arena, czm_record, count);
    for (size_t i = 1; i < count; i++) { // the first key is empty, as in a TensorBundle
        uint8_t *value = czm_arena_alloc(arena, value_size);
        memset(value, (int)(i % 251), value_size);
        records[i].key = czm_bytes_text(czm_arena_format(arena, "layer%06zu/kernel", i));
        records[i].value = czm_bytes_of(value, value_size);
    }
    return records;
}

static void what_is_written_is_read(void **state) {
    czm_context *c = *state;
    static const struct {
        size_t count, value_size;
    } cases[] = {{0, 0}, {1, 0}, {2, 5}, {16, 3}, {17, 3}, {1000, 0}, {3000, 300}, {4, 300000}};
    for (size_t i = 0; i < CZM_COUNT_OF(cases); i++) {
        czm_record *records = make_records(c->arena, cases[i].count, cases[i].value_size);
        czm_bytes file = czm_sstable_write(c->arena, records, cases[i].count);
        czm_sstable table = czm_sstable_read(c->arena, file);
        assert_null(table.fault);
        assert_int_equal(table.count, cases[i].count);
        for (size_t k = 0; k < table.count; k++) {
            assert_true(czm_bytes_equal(table.records[k].key, records[k].key));
            assert_true(czm_bytes_equal(table.records[k].value, records[k].value));
        }
    }
}

static void a_table_ends_with_the_magic_number(void **state) {
    czm_context *c = *state;
    czm_record record = {czm_bytes_text("k"), czm_bytes_text("v")};
    czm_bytes file = czm_sstable_write(c->arena, &record, 1);
    assert_bytes(czm_bytes_of(file.data + file.size - 8, 8), "\x57\xfb\x80\x8b\x24\x75\x47\xdb", 8);
    // One entry, one restart point, not compressed.
    assert_bytes(czm_bytes_of(file.data, 14), "\0\1\1kv\0\0\0\0\1\0\0\0\0", 14);
}

static void no_truncation_is_accepted(void **state) {
    czm_context *c = *state;
    czm_bytes file = czm_sstable_write(c->arena, make_records(c->arena, 40, 4), 40);
    for (size_t size = 0; size < file.size; size++) {
        czm_sstable table = czm_sstable_read(c->arena, czm_bytes_of(file.data, size));
        assert_non_null(table.fault);
        assert_int_equal(table.count, 0);
    }
}

// Every bit of the blocks is under a checksum; the footer's padding alone may be anything.
static void no_flipped_byte_goes_unnoticed(void **state) {
    czm_context *c = *state;
    czm_bytes file = czm_sstable_write(c->arena, make_records(c->arena, 40, 4), 40);
    uint8_t *copy = czm_arena_alloc(c->arena, file.size);
    memcpy(copy, file.data, file.size);
    for (size_t i = 0; i < file.size - 48; i++) {
        copy[i] ^= 0x10;
        czm_sstable table = czm_sstable_read(c->arena, czm_bytes_of(copy, file.size));
        bool is_meta = !table.fault; // the meta index block, which is not read
        if (is_meta) assert_true(i + 48 + 60 > file.size);
        copy[i] ^= 0x10;
    }
}

// ---- tables made by hand

typedef struct span {
    uint64_t offset, size;
} span;

static span put_block(czm_buffer *file, czm_bytes entries, uint32_t restarts, uint8_t compression) {
    span s = {file->size, entries.size + 8};
    czm_put_raw(file, entries);
    czm_put_raw_le(file, 0, 4);
    czm_put_raw_le(file, restarts, 4);
    czm_put_raw_le(file, compression, 1);
    uint32_t crc = czm_crc32c(0, czm_bytes_of(file->data + s.offset, (size_t)s.size + 1));
    czm_put_raw_le(file, czm_crc32c_mask(crc), 4);
    return s;
}

static void put_entry(czm_buffer *b, uint64_t shared, const char *own, czm_bytes value) {
    czm_put_raw_varint(b, shared);
    czm_put_raw_varint(b, strlen(own));
    czm_put_raw_varint(b, value.size);
    czm_put_raw(b, czm_bytes_text(own));
    czm_put_raw(b, value);
}

static czm_bytes span_bytes(czm_arena *arena, span s) {
    czm_buffer b = czm_buffer_in(arena);
    czm_put_raw_varint(&b, s.offset);
    czm_put_raw_varint(&b, s.size);
    return czm_buffer_bytes(&b);
}

// A table whose index names the spans.
static czm_sstable read_by_hand(czm_arena *arena, czm_buffer *file, const span *spans,
                                size_t count) {
    czm_buffer entries = czm_buffer_in(arena), footer = czm_buffer_in(arena);
    for (size_t i = 0; i < count; i++)
        put_entry(&entries, 0, czm_arena_format(arena, "%06zu", i), span_bytes(arena, spans[i]));
    span index = put_block(file, czm_buffer_bytes(&entries), 1, 0);
    czm_put_raw(&footer, span_bytes(arena, index)); // the meta index is not looked at
    czm_put_raw(&footer, span_bytes(arena, index));
    while (footer.size < 40) czm_put_raw_le(&footer, 0, 1);
    czm_put_raw(file, czm_buffer_bytes(&footer));
    czm_put_raw(file, czm_bytes_of("\x57\xfb\x80\x8b\x24\x75\x47\xdb", 8));
    return czm_sstable_read(arena, czm_buffer_bytes(file));
}

typedef struct hostile {
    const char *name, *fault;
    const char *entries;
    size_t entries_size;
    uint32_t restarts;
    uint8_t compression;
} hostile;

#define ENTRIES(literal) (literal), sizeof(literal) - 1

static const hostile hostiles[] = {
    {"compressed", "a compressed block is damaged", ENTRIES("\0\1\0k"), 1, 1},
    {"compression", "the compression of a block is not known", ENTRIES("\0\1\0k"), 1, 2},
    {"restarts", "a block has more restart points than bytes", ENTRIES("\0\1\0k"), 4, 0},
    {"shared", "an entry is longer than its block", ENTRIES("\5\1\0k"), 1, 0},
    {"own", "an entry is longer than its block", ENTRIES("\0\x50\0k"), 1, 0},
    {"value", "an entry is longer than its block", ENTRIES("\0\1\x50k"), 1, 0},
    {"varint", "an entry is longer than its block", ENTRIES("\0\xff\xff\xff"), 1, 0},
    {"order", "the keys are not in order", ENTRIES("\0\1\0b\0\1\0a"), 1, 0},
    {"twice", "the keys are not in order", ENTRIES("\0\1\0a\0\1\0a"), 1, 0},
};

static void hostile_blocks_are_rejected(void **state) {
    czm_context *c = *state;
    for (size_t i = 0; i < CZM_COUNT_OF(hostiles); i++) {
        const hostile *h = &hostiles[i];
        czm_buffer file = czm_buffer_in(c->arena);
        span s = put_block(&file, czm_bytes_of(h->entries, h->entries_size), h->restarts,
                           h->compression);
        czm_sstable table = read_by_hand(c->arena, &file, &s, 1);
        if (!table.fault) fail_msg("%s is accepted", h->name);
        assert_string_equal(table.fault, h->fault);
        assert_int_equal(table.count, 0);
    }
}

// A compressed block: one literal of "\0\1\1kv" and its restart points.
static void compressed_blocks_are_read(void **state) {
    czm_context *c = *state;
    static const char packed[] = "\x0d\x30\0\1\1kv\0\0\0\0\1\0\0\0";
    czm_buffer file = czm_buffer_in(c->arena);
    span s = {0, sizeof packed - 1};
    czm_put_raw(&file, czm_bytes_of(packed, s.size));
    czm_put_raw_le(&file, 1, 1);
    czm_put_raw_le(&file, czm_crc32c_mask(czm_crc32c(0, czm_buffer_bytes(&file))), 4);
    czm_sstable table = read_by_hand(c->arena, &file, &s, 1);
    assert_null(table.fault);
    assert_int_equal(table.count, 1);
    assert_true(czm_bytes_is(table.records[0].key, "k"));
    assert_true(czm_bytes_is(table.records[0].value, "v"));

    span *spans = CZM_NEW_ARRAY(c->arena, span, 1000);
    for (size_t i = 0; i < 1000; i++) spans[i] = s;
    file.size = s.size + 5;
    assert_string_equal(read_by_hand(c->arena, &file, spans, 1000).fault,
                        "the index lists a block more than once");
}

static void spans_outside_the_file_are_rejected(void **state) {
    czm_context *c = *state;
    static const span spans[] = {{0, 1000}, {1000, 0}, {UINT64_MAX, 1}, {1, UINT64_MAX}, {0, 0}};
    for (size_t i = 0; i < CZM_COUNT_OF(spans); i++) {
        czm_buffer file = czm_buffer_in(c->arena);
        put_block(&file, czm_bytes_of("\0\1\0k", 4), 1, 0);
        assert_non_null(read_by_hand(c->arena, &file, &spans[i], 1).fault);
    }
}

// One block that the index names many times: work must stay in proportion to the file.
static void blocks_named_twice_are_rejected(void **state) {
    czm_context *c = *state;
    czm_buffer file = czm_buffer_in(c->arena), entries = czm_buffer_in(c->arena);
    for (int i = 0; i < 1000; i++)
        put_entry(&entries, 0, czm_arena_format(c->arena, "%04d", i), (czm_bytes){0});
    span s = put_block(&file, czm_buffer_bytes(&entries), 1, 0);
    span *spans = CZM_NEW_ARRAY(c->arena, span, 1000);
    for (size_t i = 0; i < 1000; i++) spans[i] = s;
    assert_non_null(read_by_hand(c->arena, &file, spans, 1000).fault);
}

// Keys that grow by a byte each: a small file would unfold to a quadratic one.
static void unfolding_is_bounded(void **state) {
    czm_context *c = *state;
    czm_buffer file = czm_buffer_in(c->arena), entries = czm_buffer_in(c->arena);
    for (uint64_t i = 0; i < 50000; i++) put_entry(&entries, i, "k", (czm_bytes){0});
    span s = put_block(&file, czm_buffer_bytes(&entries), 1, 0);
    assert_non_null(read_by_hand(c->arena, &file, &s, 1).fault);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        TEST(what_is_written_is_read),         TEST(a_table_ends_with_the_magic_number),
        TEST(no_truncation_is_accepted),       TEST(no_flipped_byte_goes_unnoticed),
        TEST(hostile_blocks_are_rejected),     TEST(spans_outside_the_file_are_rejected),
        TEST(blocks_named_twice_are_rejected), TEST(unfolding_is_bounded),
        TEST(compressed_blocks_are_read),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
