// SPDX-License-Identifier: Apache-2.0
//
// leveldb table reader and writer; see sstable.h for the layout.
#include "codec/sstable.h"

#include "base/list.h"
#include "codec/checksum.h"
#include "codec/snappy.h"

enum {
    FOOTER_SIZE = 48,
    TRAILER_SIZE = 5,        // compression byte and checksum after each block
    SNAPPY = 1,              // the compression byte; 0: none
    RESTART_INTERVAL = 16,   // entries between two full keys, as TensorFlow writes
    BLOCK_SIZE = 256 * 1024, // tensorflow/core/lib/io/table_options.h
};

static const uint8_t magic[8] = {0x57, 0xfb, 0x80, 0x8b, 0x24, 0x75, 0x47, 0xdb};

typedef struct handle {
    uint64_t offset, size;
} handle;

typedef CZM_LIST(czm_record) record_list;

typedef struct reader {
    czm_arena *arena;
    czm_bytes file;
    czm_sstable *table;
    uint64_t unfolded; // bytes of keys built from shared prefixes
    uint64_t expanded; // bytes of compressed blocks
} reader;

static bool fail(reader *r, const char *fault, uint64_t at) {
    r->table->fault = fault;
    r->table->fault_at = at;
    return false;
}

static handle read_handle(czm_wire *wire) {
    handle h = {czm_wire_varint(wire), 0};
    h.size = czm_wire_varint(wire);
    return h;
}

// The blocks of a valid table do not overlap, so that its size limits that of their content.
static bool expand(reader *r, handle h, czm_bytes packed, czm_bytes *content) {
    r->expanded += packed.size;
    if (r->expanded > r->file.size)
        return fail(r, "the index lists a block more than once", h.offset);
    return czm_snappy_expand(r->arena, packed, content) ||
           fail(r, "a compressed block is damaged", h.offset);
}

static bool read_block(reader *r, handle h, czm_bytes *content) {
    uint64_t end;
    if (!czm_add_u64(h.offset, h.size, &end) || r->file.size < TRAILER_SIZE ||
        end > r->file.size - TRAILER_SIZE)
        return fail(r, "a block lies outside the file", h.offset);
    const uint8_t *block = r->file.data + h.offset, *trailer = block + h.size;
    uint32_t crc = czm_crc32c(0, czm_bytes_of(block, (size_t)h.size + 1));
    if (czm_crc32c_mask(crc) != czm_load_le32(trailer + 1))
        return fail(r, "the checksum of a block does not match", h.offset);
    *content = czm_bytes_of(block, (size_t)h.size);
    if (*trailer == SNAPPY) return expand(r, h, *content, content);
    return *trailer == 0 || fail(r, "the compression of a block is not known", h.offset);
}

// A key is a view if possible, else it is built from the previous key. The size of built keys is limited by that of
// the input: otherwise shared prefixes could expand a small file to a quadratic size.
static bool next_key(reader *r, czm_wire *wire, czm_bytes last, uint64_t shared, uint64_t own,
                     czm_bytes *key) {
    if (shared > last.size || own > (uint64_t)(wire->end - wire->at)) return false;
    if (shared == 0) { // a view suffices
        *key = czm_bytes_of(wire->at, (size_t)own);
    } else {
        r->unfolded += shared + own;
        if (r->unfolded / 32 > r->file.size + (1u << 15)) return false;
        uint8_t *bytes = czm_arena_alloc(r->arena, (size_t)(shared + own));
        memcpy(bytes, last.data, (size_t)shared);
        if (own) memcpy(bytes + shared, wire->at, (size_t)own);
        *key = czm_bytes_of(bytes, (size_t)(shared + own));
    }
    wire->at += own;
    return true;
}

static bool read_entries(reader *r, handle h, record_list *records) {
    czm_bytes content;
    if (!read_block(r, h, &content)) return false;
    if (content.size < 4) return fail(r, "a block is too short", h.offset);
    size_t restarts = czm_load_le32(content.data + content.size - 4);
    if (restarts > (content.size - 4) / 4)
        return fail(r, "a block has more restart points than bytes", h.offset);
    czm_wire wire = czm_wire_read(czm_bytes_of(content.data, content.size - 4 - restarts * 4));
    czm_bytes last = {0};
    while (wire.at < wire.end) {
        uint64_t shared = czm_wire_varint(&wire), own = czm_wire_varint(&wire);
        uint64_t size = czm_wire_varint(&wire);
        czm_bytes key;
        if (wire.damaged || !next_key(r, &wire, last, shared, own, &key) ||
            size > (uint64_t)(wire.end - wire.at))
            return fail(r, "an entry is longer than its block", h.offset);
        *CZM_APPEND(r->arena, records) = (czm_record){key, czm_bytes_of(wire.at, (size_t)size)};
        wire.at += size;
        last = key;
    }
    return true;
}

static bool read_table(reader *r) {
    if (r->file.size < FOOTER_SIZE) return fail(r, "the file is too short for a table", 0);
    const uint8_t *footer = r->file.data + r->file.size - FOOTER_SIZE;
    if (memcmp(footer + FOOTER_SIZE - sizeof magic, magic, sizeof magic) != 0)
        return fail(r, "the file does not end as a TensorBundle index does", r->file.size);
    czm_wire wire = czm_wire_read(czm_bytes_of(footer, FOOTER_SIZE - sizeof magic));
    read_handle(&wire); // the meta index, which is empty
    handle index = read_handle(&wire);
    if (wire.damaged) return fail(r, "the footer is damaged", r->file.size - FOOTER_SIZE);

    record_list blocks = {0}, records = {0};
    if (!read_entries(r, index, &blocks)) return false;
    for (size_t i = 0; i < blocks.count; i++) {
        wire = czm_wire_read(blocks.items[i].value);
        handle h = read_handle(&wire);
        if (wire.damaged) return fail(r, "the index block is damaged", index.offset);
        if (!read_entries(r, h, &records)) return false;
        if (records.count > r->file.size)
            return fail(r, "the index lists a block more than once", index.offset);
    }
    for (size_t k = 1; k < records.count; k++)
        if (czm_bytes_compare(records.items[k - 1].key, records.items[k].key) >= 0)
            return fail(r, "the keys are not in order", 0);
    r->table->records = records.items;
    r->table->count = records.count;
    return true;
}

czm_sstable czm_sstable_read(czm_arena *arena, czm_bytes file) {
    czm_sstable table = {0};
    reader r = {.arena = arena, .file = file, .table = &table};
    if (!read_table(&r)) table.count = 0;
    return table;
}

// One block under construction.
typedef struct block_writer {
    czm_buffer content;
    czm_buffer restarts;
    size_t count, interval;
    czm_bytes last_key;
} block_writer;

static block_writer begin_block(czm_arena *arena, size_t interval) {
    return (block_writer){czm_buffer_in(arena), czm_buffer_in(arena), 0, interval, {0}};
}

static size_t shared_prefix(czm_bytes a, czm_bytes b) {
    size_t most = a.size < b.size ? a.size : b.size, i = 0;
    while (i < most && a.data[i] == b.data[i]) i++;
    return i;
}

static void put_entry(block_writer *block, czm_bytes key, czm_bytes value) {
    size_t shared = 0;
    if (block->count++ % block->interval == 0)
        czm_put_raw_le(&block->restarts, block->content.size, 4);
    else
        shared = shared_prefix(block->last_key, key);
    czm_put_raw_varint(&block->content, shared);
    czm_put_raw_varint(&block->content, key.size - shared);
    czm_put_raw_varint(&block->content, value.size);
    czm_put_raw(&block->content, czm_bytes_of(key.data + shared, key.size - shared));
    czm_put_raw(&block->content, value);
    block->last_key = key;
}

static handle end_block(block_writer *block, czm_buffer *file) {
    if (block->restarts.size == 0) czm_put_raw_le(&block->restarts, 0, 4);
    size_t restarts = block->restarts.size / 4;
    handle h = {file->size, block->content.size + block->restarts.size + 4};
    czm_put_raw(file, czm_buffer_bytes(&block->content));
    czm_put_raw(file, czm_buffer_bytes(&block->restarts));
    czm_put_raw_le(file, restarts, 4);
    czm_put_raw_le(file, 0, 1);
    uint32_t crc = czm_crc32c(0, czm_bytes_of(file->data + h.offset, (size_t)h.size + 1));
    czm_put_raw_le(file, czm_crc32c_mask(crc), 4);
    return h;
}

static void put_handle(czm_buffer *buffer, handle h) {
    czm_put_raw_varint(buffer, h.offset);
    czm_put_raw_varint(buffer, h.size);
}

static void put_index_entry(czm_arena *arena, block_writer *index, czm_bytes key, handle h) {
    czm_buffer value = czm_buffer_in(arena);
    put_handle(&value, h);
    put_entry(index, key, czm_buffer_bytes(&value));
}

czm_bytes czm_sstable_write(czm_arena *arena, const czm_record *records, size_t count) {
    czm_buffer file = czm_buffer_in(arena);
    block_writer index = begin_block(arena, 1), data = begin_block(arena, RESTART_INTERVAL);
    for (size_t i = 0; i < count; i++) {
        put_entry(&data, records[i].key, records[i].value);
        if (i + 1 < count && data.content.size < BLOCK_SIZE) continue;
        put_index_entry(arena, &index, records[i].key, end_block(&data, &file));
        data = begin_block(arena, RESTART_INTERVAL);
    }
    block_writer meta = begin_block(arena, 1);
    czm_buffer footer = czm_buffer_in(arena);
    put_handle(&footer, end_block(&meta, &file));
    put_handle(&footer, end_block(&index, &file));
    while (footer.size < FOOTER_SIZE - sizeof magic) czm_put_raw_le(&footer, 0, 1);
    czm_put_raw(&footer, czm_bytes_of(magic, sizeof magic));
    czm_put_raw(&file, czm_buffer_bytes(&footer));
    return czm_buffer_bytes(&file);
}
