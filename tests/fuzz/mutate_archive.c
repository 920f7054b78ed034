// SPDX-License-Identifier: Apache-2.0
//
// Changes archives at random and then, mostly, makes the checksums of stored members right again,
// so that the code after them is reached.
#include "codec/checksum.h"
#include "fuzz.h"

enum { LOCAL_HEADER_SIZE = 30, DIRECTORY_ENTRY_SIZE = 46 };

static bool is_at(czm_bytes file, size_t at, const char *magic, size_t size) {
    return at <= file.size && size <= file.size - at && memcmp(file.data + at, magic, 4) == 0;
}

static void store(uint8_t *to, uint32_t value) {
    for (size_t i = 0; i < sizeof value; i++) to[i] = (uint8_t)(value >> 8 * i);
}

// The next directory entry of the same name.
static void repair_entry(uint8_t *data, size_t size, size_t at, czm_bytes name, uint32_t crc) {
    czm_bytes file = czm_bytes_of(data, size);
    for (; at + DIRECTORY_ENTRY_SIZE + name.size <= size; at++) {
        if (!is_at(file, at, "PK\1\2", DIRECTORY_ENTRY_SIZE + name.size) ||
            czm_load_le16(data + at + 28) != name.size ||
            memcmp(data + at + DIRECTORY_ENTRY_SIZE, name.data, name.size) != 0)
            continue;
        store(data + at + 16, crc);
        return;
    }
}

static void repair_member(uint8_t *data, size_t size, size_t at) {
    if (czm_load_le16(data + at + 8) != 0) return; // deflated
    size_t name_size = czm_load_le16(data + at + 26), content_size = czm_load_le32(data + at + 22);
    size_t content_at = at + LOCAL_HEADER_SIZE + name_size + czm_load_le16(data + at + 28);
    if (content_at > size || content_size > size - content_at) return;
    uint32_t crc = czm_crc32(0, czm_bytes_of(data + content_at, content_size));
    store(data + at + 14, crc);
    repair_entry(data, size, content_at + content_size,
                 czm_bytes_of(data + at + LOCAL_HEADER_SIZE, name_size), crc);
}

// From the end, so that an archive inside is right before the member that it is.
size_t LLVMFuzzerCustomMutator(uint8_t *data, size_t size, size_t max_size, unsigned seed) {
    size = LLVMFuzzerMutate(data, size, max_size);
    for (size_t at = size; seed % 8 && at-- > 0;)
        if (is_at(czm_bytes_of(data, size), at, "PK\3\4", LOCAL_HEADER_SIZE))
            repair_member(data, size, at);
    return size;
}
