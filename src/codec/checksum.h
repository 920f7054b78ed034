// SPDX-License-Identifier: Apache-2.0
//
// The two checksums of the formats, both updated piece by piece from 0:
//   CRC-32 (ZIP, polynomial 0x04c11db7) through libdeflate, CRC-32C (TensorBundle, 0x1edc6f41)
//   by the processor's instruction where it has one.
#ifndef CZM_CODEC_CHECKSUM_H
#define CZM_CODEC_CHECKSUM_H

#include "base/bytes.h"

uint32_t czm_crc32(uint32_t crc, czm_bytes bytes);

// The CRC-32 of two pieces of which the second, `size` bytes long, has the CRC-32 `second`.
uint32_t czm_crc32_combine(uint32_t first, uint32_t second, uint64_t size);

uint32_t czm_crc32c(uint32_t crc, czm_bytes bytes);

// How this machine computes CRC-32C: the name of the instruction, or "table".
const char *czm_crc32c_method(void);

// TensorFlow and leveldb mask CRC-32Cs, since a checksum of data that contains checksums is weak
// (tensorflow/core/lib/hash/crc32c.h).
static inline uint32_t czm_crc32c_mask(uint32_t crc) {
    return (crc >> 15 | crc << 17) + 0xa282ead8u;
}

// The CRC-32C of a string tensor of one string: of the length as 4 bytes, although a varint is
// stored, then of the masked CRC-32C of these, which *masked_length gets, then of the string
// (WriteStringTensor in tensorflow/core/util/tensor_bundle/tensor_bundle.cc).
uint32_t czm_crc32c_string(czm_bytes text, uint32_t *masked_length);

#endif
