// SPDX-License-Identifier: Apache-2.0
//
// A reader of ZIP archives of any writer: stored and deflated members, ZIP64. The central directory is used only
// after it agrees with the file's size and with each local header. zip.h describes the layout.
#ifndef CZM_CODEC_UNZIP_H
#define CZM_CODEC_UNZIP_H

#include "base/name_table.h"
#include "base/os.h"
#include "codec/wire.h"

// A part of a file: an archive may itself be a stored member of another archive.
typedef struct czm_extent {
    czm_file *file;
    uint64_t offset, size;
    uint64_t ratio; // unpacked bytes for each byte on the disk, at least; 0: not compressed
} czm_extent;

static inline czm_extent czm_extent_whole(czm_file *file) {
    return (czm_extent){file, 0, czm_file_size(file), 0};
}

static inline czm_extent czm_extent_part(czm_extent extent, uint64_t offset, uint64_t size) {
    return (czm_extent){extent.file, extent.offset + offset, size, extent.ratio};
}

// The number of bytes of the user's file that `size` bytes of the extent come from.
static inline uint64_t czm_extent_on_disk(czm_extent extent, uint64_t size) {
    return extent.ratio ? size / extent.ratio : size;
}

// The largest ratio that deflate can reach; a larger size is not valid.
#define CZM_BEST_RATIO 1032u

// Where a deflated member is unpacked once its content is needed.
typedef struct czm_unpacked {
    czm_arena *arena;   // the archive's
    czm_extent content; // file NULL: not yet
} czm_unpacked;

typedef struct czm_unzip_member {
    const char *name; // as stored, with '/' instead of backslashes
    bool is_deflated;
    bool is_link; // a symbolic link
    uint32_t crc;
    uint64_t packed_size, size;
    czm_extent packed;      // where the stored or deflated bytes lie
    czm_unpacked *unpacked; // NULL: it is stored
} czm_unzip_member;

typedef struct czm_unzip {
    const czm_unzip_member *members; // in the order of the central directory
    size_t count;
    czm_name_table by_name; // members; of several with one name, the first
    const char *fault;      // NULL, or what is wrong with the archive
} czm_unzip;

// Whether the extent begins like a ZIP archive.
bool czm_unzip_is_archive(czm_extent extent);

// The name in the first local header, which a truncated archive still has. "" if there is none.
const char *czm_unzip_first_name(czm_arena *arena, czm_extent archive);

czm_unzip czm_unzip_read(czm_arena *arena, czm_extent archive);

// The member of this name, or NULL.
const czm_unzip_member *czm_unzip_find(const czm_unzip *zip, const char *name);

// Working memory that several extractions share.
typedef struct czm_extraction czm_extraction;

czm_extraction *czm_extraction_in(czm_arena *arena);

// Writes a member's content to a file, or, if `to` is NULL, only checks its size and CRC-32. Returns NULL, or what is
// wrong.
const char *czm_unzip_extract(czm_extraction *x, const czm_unzip_member *member, czm_file *to);

// Makes a member's bytes readable at any offset, as long as the archive lives: a stored one in place, a deflated one in a
// scratch file, to which the first call unpacks it. Returns NULL, or what is wrong. (The CRC-32 of a stored member is not
// checked: the formats inside have better checksums.)
const char *czm_unzip_open(const czm_unzip_member *member, czm_extent *content);

#endif
