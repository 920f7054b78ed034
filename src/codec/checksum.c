// SPDX-License-Identifier: Apache-2.0
//
// Checksums. CRC-32 is libdeflate's, three to four times as fast as zlib's; combining is zlib's.
// CRC-32C has no package, so the SSE4.2 and ARMv8 forms and a portable one are here.
#include "codec/checksum.h"

#include <libdeflate.h>
#include <zlib.h>

uint32_t czm_crc32(uint32_t crc, czm_bytes bytes) {
    return libdeflate_crc32(crc, bytes.data ? (const void *)bytes.data : "", bytes.size);
}

uint32_t czm_crc32_combine(uint32_t first, uint32_t second, uint64_t size) {
    // z_off_t may have 32 bits: large pieces are combined in steps that fit.
    const uint64_t step = 1u << 30;
    for (; size > step; size -= step) first = (uint32_t)crc32_combine(first, 0, (z_off_t)step);
    return (uint32_t)crc32_combine(first, second, (z_off_t)size);
}

#if defined(__x86_64__) && (defined(__GNUC__) || defined(__clang__))

#include <cpuid.h>
#include <nmmintrin.h>

// The instruction takes three cycles, and another may begin in each: three streams keep it busy.
enum { STREAM = 8192 };

// The effect of STREAM zero bytes on each bit of a checksum.
static const uint32_t skipped[32] = {
    0xe040e0ac, 0xc56db7a9, 0x8f3719a3, 0x1b8245b7, 0x37048b6e, 0x6e0916dc, 0xdc122db8, 0xbdc82d81,
    0x7e7c2df3, 0xfcf85be6, 0xfc1cc13d, 0xfdd5f48b, 0xfe479fe7, 0xf963493f, 0xf72ae48f, 0xebb9bfef,
    0xd29f092f, 0xa0d264af, 0x4448bfaf, 0x88917f5e, 0x14ce884d, 0x299d109a, 0x533a2134, 0xa6744268,
    0x4904f221, 0x9209e442, 0x21ffbe75, 0x43ff7cea, 0x87fef9d4, 0x0a118559, 0x14230ab2, 0x28461564,
};

static uint32_t skip_stream(uint32_t crc) {
    uint32_t result = 0;
    for (int bit = 0; bit < 32; bit++) result ^= skipped[bit] & (0 - (crc >> bit & 1));
    return result;
}

__attribute__((target("sse4.2,crc32"))) static uint32_t three_streams(uint32_t crc,
                                                                      const uint8_t *bytes) {
    uint64_t a = crc, b = 0, c = 0;
    for (size_t i = 0; i < STREAM; i += 8) {
        a = _mm_crc32_u64(a, czm_load_le64(bytes + i));
        b = _mm_crc32_u64(b, czm_load_le64(bytes + STREAM + i));
        c = _mm_crc32_u64(c, czm_load_le64(bytes + 2 * STREAM + i));
    }
    return skip_stream(skip_stream((uint32_t)a) ^ (uint32_t)b) ^ (uint32_t)c;
}

__attribute__((target("sse4.2,crc32"))) static uint32_t hardware_crc32c(uint32_t crc,
                                                                        czm_bytes bytes) {
    size_t i = 0;
    for (; bytes.size - i >= 3 * STREAM; i += 3 * STREAM) crc = three_streams(crc, bytes.data + i);
    uint64_t wide = crc;
    for (; bytes.size - i >= 8; i += 8) wide = _mm_crc32_u64(wide, czm_load_le64(bytes.data + i));
    crc = (uint32_t)wide;
    for (; i < bytes.size; i++) crc = _mm_crc32_u8(crc, bytes.data[i]);
    return crc;
}

static const char hardware_name[] = "SSE4.2";

// CPUID is called directly: __builtin_cpu_supports() needs a start-up function that not every compiler's run-time
// library has, and always answers 0 without it. It is asked once, because that takes about 10 us in a virtual
// machine; threads that ask at the same time get the same answer.
static bool has_hardware(void) {
    static _Atomic signed char answer; // 0: not asked yet
    unsigned a, b, c, d;
    if (answer == 0) answer = __get_cpuid(1, &a, &b, &c, &d) && (c & bit_SSE4_2) ? 1 : -1;
    return answer > 0;
}

#elif defined(__aarch64__) && (defined(__linux__) || defined(__ARM_FEATURE_CRC32))

// Inline assembly, since arm_acle.h declares its functions only if the whole program is compiled for them.
static uint32_t add_word(uint32_t crc, uint64_t word) {
    __asm__(".arch_extension crc\n\tcrc32cx %w0, %w0, %x1" : "+r"(crc) : "r"(word));
    return crc;
}

static uint32_t add_byte(uint32_t crc, uint8_t byte) {
    __asm__(".arch_extension crc\n\tcrc32cb %w0, %w0, %w1" : "+r"(crc) : "r"(byte));
    return crc;
}

static uint32_t hardware_crc32c(uint32_t crc, czm_bytes bytes) {
    size_t i = 0;
    for (; bytes.size - i >= 8; i += 8) crc = add_word(crc, czm_load_le64(bytes.data + i));
    for (; i < bytes.size; i++) crc = add_byte(crc, bytes.data[i]);
    return crc;
}

static const char hardware_name[] = "ARMv8 CRC";

#ifdef __ARM_FEATURE_CRC32

static bool has_hardware(void) { return true; }

#else

#include <sys/auxv.h>

// HWCAP_CRC32 of Linux (arch/arm64/include/uapi/asm/hwcap.h).
static bool has_hardware(void) { return getauxval(AT_HWCAP) >> 7 & 1; }

#endif

#else

static const char hardware_name[] = "";

static uint32_t hardware_crc32c(uint32_t crc, czm_bytes bytes) {
    (void)bytes;
    return crc;
}

static bool has_hardware(void) { return false; }

#endif

// tables[k][b]: the effect of byte b after 7 - k further bytes (slicing-by-8: M. Kounavis and F. Berry, "Novel Table
// Lookup-Based Algorithms for High-Performance CRC Generation", 2008).
static const uint32_t tables[8][256] = {
#include "codec/crc32c_tables.inc"
};

static uint32_t portable_crc32c(uint32_t crc, czm_bytes bytes) {
    size_t i = 0;
    for (; bytes.size - i >= 8; i += 8) {
        uint64_t word = czm_load_le64(bytes.data + i) ^ crc;
        crc = 0;
        for (size_t k = 0; k < 8; k++) crc ^= tables[k][word >> 8 * k & 0xff];
    }
    for (; i < bytes.size; i++) crc = crc >> 8 ^ tables[7][(crc ^ bytes.data[i]) & 0xff];
    return crc;
}

uint32_t czm_crc32c(uint32_t crc, czm_bytes bytes) {
    return ~(has_hardware() ? hardware_crc32c(~crc, bytes) : portable_crc32c(~crc, bytes));
}

static uint32_t add_number(uint32_t crc, uint32_t number) {
    uint8_t bytes[4];
    czm_store_le(bytes, number, sizeof bytes);
    return czm_crc32c(crc, czm_bytes_of(bytes, sizeof bytes));
}

uint32_t czm_crc32c_string(czm_bytes text, uint32_t *masked_length) {
    uint32_t crc = add_number(0, (uint32_t)text.size);
    *masked_length = czm_crc32c_mask(crc);
    return czm_crc32c(add_number(crc, *masked_length), text);
}

const char *czm_crc32c_method(void) { return has_hardware() ? hardware_name : "table"; }
