// SPDX-License-Identifier: Apache-2.0
//
// Snappy, which compresses the blocks of some tables (sstable.h):
//
//     varint size of the content, then elements
//     element   tag (1 byte), whose lowest 2 bits are the kind
//     0         upper 6 bits: length - 1 of a literal; 60 to 63: it is in the next 1 to 4 bytes; then its bytes
//     1         3 bits: length - 4 of a copy; 3 bits and the next byte: its distance
//     2, 3      6 bits: length - 1 of a copy; the next 2 or 4 bytes: its distance
//
// Source: snappy's format_description.txt.
#ifndef CZM_CODEC_SNAPPY_H
#define CZM_CODEC_SNAPPY_H

#include "base/arena.h"
#include "base/bytes.h"

// An element of 3 bytes expands to 64, one of 2 bytes to 11.
enum { CZM_SNAPPY_MOST = 32 };

// false: it is damaged. The content belongs to the arena, and is at most CZM_SNAPPY_MOST times as large.
bool czm_snappy_expand(czm_arena *arena, czm_bytes packed, czm_bytes *content);

#endif
