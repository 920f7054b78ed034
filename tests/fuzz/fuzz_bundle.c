// SPDX-License-Identifier: Apache-2.0
//
// The input is a checkpoint:
//
//     1 byte    flags; 1: repair the checksums of the index first, which random changes never meet
//     1 byte    length of a slice as RestoreV2 spells it, then the slice
//     2 bytes   size of the index, then the index; the rest is the data
//
// Every tensor is found and streamed, as a whole and by the slice.
#include "api/call.h"
#include "codec/checksum.h"
#include "codec/sstable.h"
#include "fuzz.h"
#include "read/savedmodel/bundle.h"

enum { FOOTER_SIZE = 48, TRAILER_SIZE = 5 };

static const char *folder, *index_file, *data_file;

// ---- the input

typedef struct input {
    bool repairs;
    czm_bytes slice, index, data;
} input;

static czm_bytes take(czm_bytes *rest, size_t size) {
    if (size > rest->size) size = rest->size;
    czm_bytes taken = czm_bytes_of(rest->data, size);
    *rest = czm_bytes_of(rest->data + size, rest->size - size);
    return taken;
}

static size_t take_number(czm_bytes *rest, size_t size) {
    czm_bytes bytes = take(rest, size);
    return (size_t)czm_load_le(bytes.data, bytes.size);
}

static input read_input(czm_bytes bytes) {
    input in;
    in.repairs = take_number(&bytes, 1) & 1;
    in.slice = take(&bytes, take_number(&bytes, 1));
    in.index = take(&bytes, take_number(&bytes, 2));
    in.data = bytes;
    return in;
}

// ---- checksums

static bool repair_block(uint8_t *file, size_t size, uint64_t offset, uint64_t block_size) {
    if (size < TRAILER_SIZE || offset > size - TRAILER_SIZE ||
        block_size > size - TRAILER_SIZE - offset)
        return false;
    czm_bytes covered = czm_bytes_of(file + offset, (size_t)block_size + 1);
    uint32_t crc = czm_crc32c_mask(czm_crc32c(0, covered));
    for (size_t i = 0; i < sizeof crc; i++)
        file[offset + block_size + 1 + i] = (uint8_t)(crc >> 8 * i);
    return true;
}

// The blocks are those that the footer and the entries of the index block name.
static void repair(uint8_t *file, size_t size) {
    if (size < FOOTER_SIZE) return;
    czm_wire footer = czm_wire_read(czm_bytes_of(file + size - FOOTER_SIZE, FOOTER_SIZE));
    uint64_t handles[4];
    for (size_t i = 0; i < CZM_COUNT_OF(handles); i++) handles[i] = czm_wire_varint(&footer);
    repair_block(file, size, handles[0], handles[1]);
    if (!repair_block(file, size, handles[2], handles[3])) return;
    czm_wire block = czm_wire_read(czm_bytes_of(file + handles[2], (size_t)handles[3]));
    while (block.at < block.end && !block.damaged) {
        czm_wire_varint(&block);
        uint64_t key_size = czm_wire_varint(&block);
        czm_wire_varint(&block); // of the value, which is a handle
        if (key_size > (uint64_t)(block.end - block.at)) return;
        block.at += key_size;
        uint64_t offset = czm_wire_varint(&block), block_size = czm_wire_varint(&block);
        if (!block.damaged) repair_block(file, size, offset, block_size);
    }
    repair_block(file, size, handles[2], handles[3]); // it may overlap those
}

// ---- reading

static czm_status discard(void *user, czm_bytes bytes) {
    uint64_t *size = user;
    *size += bytes.size;
    return CZM_OK;
}

static void read_tensor(czm_context *context, czm_bundle *bundle, czm_bytes name, czm_bytes slice) {
    czm_variable variable = {0};
    uint32_t crc32c;
    uint64_t size = 0;
    czm_checkpoint_key key = {name, slice};
    if (czm_bundle_find(context, bundle, key, &variable) != CZM_OK) return;
    const czm_tensor_source *source = variable.source;
    if (source->stream(source, context, (czm_sink){discard, &size}, &crc32c) == CZM_OK)
        FUZZ_EXPECT(size == source->size);
}

static czm_status read_all(czm_context *context, void *data) {
    const input *in = data;
    czm_source source;
    czm_bundle *bundle;
    CZM_TRY(czm_source_open(context, folder, &source));
    CZM_TRY(czm_bundle_open(context, &source, &bundle));
    czm_sstable table = czm_sstable_read(context->arena, in->index);
    for (size_t i = 0; i < table.count; i++) {
        czm_bytes key = table.records[i].key;
        read_tensor(context, bundle, key, (czm_bytes){0});
        read_tensor(context, bundle, key, in->slice);
        czm_bytes string;
        if (czm_bundle_string(context, bundle, czm_arena_string(context->arena, key), &string))
            continue;
    }
    return CZM_OK;
}

static void find_files(void) {
    folder = fuzz_path("model");
    index_file = fuzz_path("model/variables/variables.index");
    data_file = fuzz_path("model/variables/variables.data-00000-of-00001");
    fuzz_write(fuzz_path("model/saved_model.pb"), (czm_bytes){0});
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size) {
    if (!folder) find_files();
    czm_arena *arena = czm_arena_new(NULL);
    input in = read_input(czm_bytes_of(data, size));
    uint8_t *index = czm_arena_alloc(arena, in.index.size);
    if (in.index.size) memcpy(index, in.index.data, in.index.size);
    if (in.repairs) repair(index, in.index.size);
    in.index.data = index;
    fuzz_write(index_file, in.index);
    fuzz_write(data_file, in.data);
    czm_report *report = czm_report_new();
    if (czm_call(report, read_all, &in) != CZM_OK) FUZZ_EXPECT(czm_report_count(report) > 0);
    czm_report_free(report);
    czm_arena_free(arena);
    return 0;
}
