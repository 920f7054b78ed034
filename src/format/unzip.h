// SPDX-License-Identifier: Apache-2.0
//
// ZIP archives being read: the central directory is trusted only after it agrees with the file's
// size and with each local header. Stored and deflated members, ZIP64, any writer. The layout is
// in zip.h.
#ifndef CZM_FORMAT_UNZIP_H
#define CZM_FORMAT_UNZIP_H

#include "base/os.h"
#include "format/wire.h"

// A stretch of a file: an archive may itself be a stored member of another one.
typedef struct czm_extent {
    czm_file *file;
    uint64_t offset, size;
} czm_extent;

typedef struct czm_unzip_member {
    const char *name; // as stored
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

czm_unzip czm_unzip_read(czm_arena *arena, czm_extent archive);

// Makes a member's bytes readable at any offset: a stored one where it lies, a deflated one through
// a scratch file that is checked against size and CRC-32 while it is inflated. NULL, or what is
// wrong. (The CRC-32 of a stored member is not checked: the formats inside have better ones.)
const char *czm_unzip_open(czm_arena *arena, const czm_unzip_member *member, czm_extent *content);

#endif
