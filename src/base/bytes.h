// SPDX-License-Identifier: Apache-2.0
//
// Views of bytes that somebody else owns, little-endian loads and stores, checked sums of sizes. No I/O and no
// allocation: everything here is safe to use from any layer.
#ifndef CZM_BASE_BYTES_H
#define CZM_BASE_BYTES_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#if defined(__GNUC__) || defined(__clang__)
#define CZM_MUST_CHECK __attribute__((warn_unused_result))
#if defined(__MINGW32__)
#define CZM_PRINTF(text, first) __attribute__((format(gnu_printf, text, first)))
#else
#define CZM_PRINTF(text, first) __attribute__((format(printf, text, first)))
#endif
#else
#define CZM_MUST_CHECK
#define CZM_PRINTF(text, first)
#endif

#define CZM_COUNT_OF(array) (sizeof(array) / sizeof((array)[0]))

typedef struct czm_bytes {
    const uint8_t *data;
    size_t size;
} czm_bytes;

static inline czm_bytes czm_bytes_of(const void *data, size_t size) {
    return (czm_bytes){(const uint8_t *)data, size};
}

static inline czm_bytes czm_bytes_text(const char *text) {
    return czm_bytes_of(text, strlen(text));
}

static inline bool czm_bytes_equal(czm_bytes a, czm_bytes b) {
    return a.size == b.size && (a.size == 0 || memcmp(a.data, b.data, a.size) == 0);
}

static inline bool czm_bytes_is(czm_bytes a, const char *text) {
    return czm_bytes_equal(a, czm_bytes_text(text));
}

// Bytewise order, with a prefix before longer texts: the order of keys in a TensorBundle index.
static inline int czm_bytes_compare(czm_bytes a, czm_bytes b) {
    size_t shared = a.size < b.size ? a.size : b.size;
    int order = shared ? memcmp(a.data, b.data, shared) : 0;
    return order ? order : (a.size > b.size) - (a.size < b.size);
}

static inline bool czm_text_equal(const char *a, const char *b) { return strcmp(a, b) == 0; }

static inline char czm_lower(char c) { return c >= 'A' && c <= 'Z' ? (char)(c - 'A' + 'a') : c; }

static inline bool czm_text_equal_but_case(const char *a, const char *b) {
    for (; *a && czm_lower(*a) == czm_lower(*b); a++, b++) {}
    return czm_lower(*a) == czm_lower(*b);
}

static inline bool czm_text_begins(const char *text, const char *prefix) {
    return strncmp(text, prefix, strlen(prefix)) == 0;
}

static inline bool czm_text_ends(const char *text, const char *end) {
    size_t size = strlen(text), end_size = strlen(end);
    return size >= end_size && czm_text_equal(text + size - end_size, end);
}

static inline bool czm_text_ends_but_case(const char *text, const char *end) {
    size_t size = strlen(text), end_size = strlen(end);
    return size >= end_size && czm_text_equal_but_case(text + size - end_size, end);
}

static inline uint64_t czm_load_le(const uint8_t *from, size_t size) {
    uint64_t value = 0;
    for (size_t i = size; i-- > 0;) value = value << 8 | from[i];
    return value;
}

static inline uint16_t czm_load_le16(const uint8_t *from) { return (uint16_t)czm_load_le(from, 2); }

// Written out, so that compilers make one load or one store of it.
static inline uint32_t czm_load_le32(const uint8_t *from) {
    return (uint32_t)from[3] << 24 | (uint32_t)from[2] << 16 | (uint32_t)from[1] << 8 | from[0];
}

static inline uint64_t czm_load_le64(const uint8_t *from) {
#if defined(__BYTE_ORDER__) && __BYTE_ORDER__ == __ORDER_LITTLE_ENDIAN__
    uint64_t value; // one load instead of eight: the inner loop of the checksums
    memcpy(&value, from, sizeof value);
    return value;
#else
    return czm_load_le(from, 8);
#endif
}

static inline void czm_store_le(uint8_t *to, uint64_t value, size_t size) {
    for (size_t i = 0; i < size; i++) to[i] = (uint8_t)(value >> 8 * i);
}

static inline float czm_load_float(const uint8_t *from) {
    uint32_t bits = czm_load_le32(from);
    float number;
    memcpy(&number, &bits, sizeof number);
    return number;
}

// Processors give different signs to a result that is not a number.
static inline uint32_t czm_float_bits(float number) {
    uint32_t bits;
    memcpy(&bits, &number, sizeof bits);
    return number != number ? 0x7fc00000 : bits;
}

static inline void czm_store_float(uint8_t *to, float number) {
    uint32_t bits = czm_float_bits(number);
    to[0] = (uint8_t)bits;
    to[1] = (uint8_t)(bits >> 8);
    to[2] = (uint8_t)(bits >> 16);
    to[3] = (uint8_t)(bits >> 24);
}

// Returns false, and leaves `out` unchanged, if the sum or product does not fit.
static inline bool czm_add_u64(uint64_t a, uint64_t b, uint64_t *out) {
    if (b > UINT64_MAX - a) return false;
    *out = a + b;
    return true;
}

static inline bool czm_mul_u64(uint64_t a, uint64_t b, uint64_t *out) {
    if (a != 0 && b > UINT64_MAX / a) return false;
    *out = a * b;
    return true;
}

#endif
