// SPDX-License-Identifier: Apache-2.0
//
// ZIP archives being read: the central directory is trusted only after it agrees with the file's
// size and with each local header. Stored and deflated members, ZIP64, any writer. The layout is
// in zip.h.
#ifndef CZM_CODEC_UNZIP_H
#define CZM_CODEC_UNZIP_H

#include "base/os.h"
#include "codec/wire.h"

// A stretch of a file: an archive may itself be a stored member of another one.
typedef struct czm_extent {
    czm_file *file;
    uint64_t offset, size;
    uint64_t
        ratio; // of unpacking: so many bytes at least are one byte on the disk; 0: it is there as it is
} czm_extent;

static inline czm_extent czm_extent_whole(czm_file *file) {
    return (czm_extent){file, 0, czm_file_size(file), 0};
}

static inline czm_extent czm_extent_part(czm_extent extent, uint64_t offset, uint64_t size) {
    return (czm_extent){extent.file, extent.offset + offset, size, extent.ratio};
}

// How many bytes of the user's file `size` bytes of the stretch come from.
static inline uint64_t czm_extent_on_disk(czm_extent extent, uint64_t size) {
    return extent.ratio ? size / extent.ratio : size;
}

// Deflate makes nothing smaller than this fraction: larger sizes are lies.
#define CZM_BEST_RATIO 1032u

typedef struct czm_unzip_member {
    const char *name; // as stored, but for backslashes: '/' between components
    bool is_deflated;
    bool is_link; // a symbolic link
    uint32_t crc;
    uint64_t packed_size, size;
    czm_extent packed; // where the stored or deflated bytes lie
} czm_unzip_member;

typedef struct czm_unzip {
    const czm_unzip_member *members; // in the order of the central directory
    size_t count;
    const char *fault; // NULL, or what is wrong with the archive
} czm_unzip;

// Whether the stretch begins as a ZIP archive does.
bool czm_unzip_is_archive(czm_extent extent);

// The name that stands at an archive's beginning: what one still tells that is cut off. "" if none.
const char *czm_unzip_first_name(czm_arena *arena, czm_extent archive);

czm_unzip czm_unzip_read(czm_arena *arena, czm_extent archive);

// What one extraction after another works with.
typedef struct czm_extraction czm_extraction;

czm_extraction *czm_extraction_in(czm_arena *arena);

// Writes a member's content to a file, or, if `to` is NULL, only looks whether it agrees with the
// member's size and CRC-32. NULL, or what is wrong.
const char *czm_unzip_extract(czm_extraction *x, const czm_unzip_member *member, czm_file *to);

// Makes a member's bytes readable at any offset: a stored one where it lies, a deflated one through
// a scratch file. NULL, or what is wrong. (A stored member's CRC-32 is not looked at here: the
// formats inside have better ones.)
const char *czm_unzip_open(czm_arena *arena, const czm_unzip_member *member, czm_extent *content);

#endif
