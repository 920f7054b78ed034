// SPDX-License-Identifier: Apache-2.0
//
// Single numbers; see number.h. Half precision: sign, 5 bits of exponent, 10 of fraction (IEEE 754); bfloat16 is the
// upper half of single precision.
#include "op/number.h"

#include <math.h>

static float float_of_bits(uint32_t bits) {
    float value;
    memcpy(&value, &bits, sizeof value);
    return value;
}

static double double_of_bits(uint64_t bits) {
    double value;
    memcpy(&value, &bits, sizeof value);
    return value;
}

// Processors give different signs to a result that is not a number.
static uint64_t bits_of_double(double value) {
    uint64_t bits;
    memcpy(&bits, &value, sizeof bits);
    return isnan(value) ? (uint64_t)0x7ff8 << 48 : bits;
}

static double half_to_double(uint32_t bits) {
    double sign = bits >> 15 ? -1 : 1;
    int exponent = (int)(bits >> 10 & 31);
    uint32_t fraction = bits & 0x3ff;
    if (exponent == 31) return fraction ? NAN : sign * INFINITY;
    if (exponent == 0) return sign * ldexp(fraction, -24);
    return sign * ldexp(0x400 + fraction, exponent - 25);
}

bool czm_number_read(czm_dtype dtype, const uint8_t *element, double *number) {
    uint64_t bits = czm_load_le(element, czm_dtype_size(dtype));
    switch (dtype) {
    case CZM_DTYPE_FLOAT: *number = float_of_bits((uint32_t)bits); return true;
    case CZM_DTYPE_DOUBLE: *number = double_of_bits(bits); return true;
    case CZM_DTYPE_HALF: *number = half_to_double((uint32_t)bits); return true;
    case CZM_DTYPE_BFLOAT16: *number = float_of_bits((uint32_t)bits << 16); return true;
    case CZM_DTYPE_INT8: *number = (int8_t)bits; return true;
    case CZM_DTYPE_INT16: *number = (int16_t)bits; return true;
    case CZM_DTYPE_INT32: *number = (int32_t)bits; return true;
    case CZM_DTYPE_INT64: *number = (double)(int64_t)bits; return true;
    case CZM_DTYPE_BOOL:
    case CZM_DTYPE_UINT8:
    case CZM_DTYPE_UINT16:
    case CZM_DTYPE_UINT32:
    case CZM_DTYPE_UINT64: *number = (double)bits; return true;
    default: return false;
    }
}

// Rounds to the nearest, ties to the even one.
static uint16_t half_of(double value) {
    uint16_t sign = signbit(value) ? 0x8000 : 0;
    double size = fabs(value);
    if (isnan(value)) return 0x7e00;
    if (size >= 65520) return sign | 0x7c00;
    int exponent;
    frexp(size, &exponent);
    if (size == 0 || exponent < -13) return sign | (uint16_t)nearbyint(ldexp(size, 24));
    return (uint16_t)(sign + ((exponent + 13) << 10) + (int)nearbyint(ldexp(size, 11 - exponent)));
}

int64_t czm_number_to_int(double number) {
    if (isnan(number)) return 0;
    if (fabs(number) < 0x1p63) return (int64_t)number;
    return number < 0 ? INT64_MIN : INT64_MAX;
}

static uint16_t bfloat_of(double value) {
    uint32_t bits = czm_float_bits((float)value);
    if (isnan(value)) return 0x7fc0;
    return (uint16_t)((bits + 0x7fff + (bits >> 16 & 1)) >> 16);
}

bool czm_number_put(czm_buffer *buffer, czm_dtype dtype, double value) {
    size_t size = czm_dtype_size(dtype);
    uint64_t bits;
    switch (dtype) {
    case CZM_DTYPE_FLOAT: bits = czm_float_bits((float)value); break;
    case CZM_DTYPE_DOUBLE: bits = bits_of_double(value); break;
    case CZM_DTYPE_HALF: bits = half_of(value); break;
    case CZM_DTYPE_BFLOAT16: bits = bfloat_of(value); break;
    case CZM_DTYPE_BOOL:
    case CZM_DTYPE_INT8:
    case CZM_DTYPE_INT16:
    case CZM_DTYPE_INT32:
    case CZM_DTYPE_INT64:
    case CZM_DTYPE_UINT8:
    case CZM_DTYPE_UINT16:
    case CZM_DTYPE_UINT32:
    case CZM_DTYPE_UINT64:
        if (!(fabs(value) < 9e18)) return false;
        bits = (uint64_t)(int64_t)value;
        break;
    default: return false;
    }
    czm_put_raw_le(buffer, bits, size);
    return true;
}
