// SPDX-License-Identifier: Apache-2.0
//
// The ZIP archive, written with stored members only and complete local headers:
//
//     per member   local header (30 bytes), name, [ZIP64 extra], data
//     at the end   central directory (46 bytes + name + [ZIP64 extra] a member),
//                  [ZIP64 end record and locator], end record (22 bytes)
//
// All sizes are known at the beginning, so the layout is computed first, and the bytes are then written to their
// places in any order: headers last, when the checksums are known. By default the date of members is 1980-01-01.
// ZIP64 fields appear only where 32 bits are not enough. Source: PKWARE's APPNOTE.TXT 6.3.9.
#ifndef CZM_CODEC_ZIP_H
#define CZM_CODEC_ZIP_H

#include "codec/wire.h"

typedef struct czm_zip_member {
    const char *name; // relative, '/' between components
    uint64_t size;
    uint32_t crc;       // needed by the headers only
    uint64_t header_at; // where the local header begins: set by czm_zip_layout
    uint64_t data_at;   // where the data begins: set by czm_zip_layout
    size_t name_size;
} czm_zip_member;

typedef struct czm_zip_archive {
    czm_zip_member *members;
    size_t count;
    uint64_t directory_at; // where the central directory begins
    uint64_t size;         // of the whole archive
    uint32_t dos_time;     // date << 16 | time
} czm_zip_archive;

// Seconds since 1970 as a DOS time, clamped to 1980 .. 2107; even seconds only.
uint32_t czm_zip_dos_time(int64_t seconds);

// Computes every offset and the archive's size from names and sizes.
void czm_zip_layout(czm_zip_archive *archive);

// The local header of a member, and everything after the last member's data.
void czm_zip_put_local_header(czm_buffer *buffer, const czm_zip_archive *archive, size_t index);
void czm_zip_put_directory(czm_buffer *buffer, const czm_zip_archive *archive);

#endif
