// SPDX-License-Identifier: Apache-2.0
//
// SHA-256 (FIPS 180-4), piece by piece.
#ifndef CZM_CODEC_SHA256_H
#define CZM_CODEC_SHA256_H

#include "base/bytes.h"

enum { CZM_SHA256_SIZE = 32 };

typedef struct czm_sha256 {
    uint32_t state[8];
    uint8_t block[64];
    uint64_t size; // of all bytes so far
} czm_sha256;

czm_sha256 czm_sha256_begin(void);
void czm_sha256_add(czm_sha256 *sha, czm_bytes bytes);

// Nothing can be added afterwards.
void czm_sha256_end(czm_sha256 *sha, uint8_t digest[CZM_SHA256_SIZE]);

#endif
