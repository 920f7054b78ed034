// SPDX-License-Identifier: Apache-2.0
//
// Single numbers of each element type, as bytes.
#ifndef CZM_OP_NUMBER_H
#define CZM_OP_NUMBER_H

#include "codec/wire.h"
#include "op/dtype.h"

// The number that a little-endian element is. false: the type is not one of real numbers.
bool czm_number_read(czm_dtype dtype, const uint8_t *element, double *number);

// The integer of a number without its fraction; 0 for NaN, and the smallest or largest one outside of 64 bits.
int64_t czm_number_to_int(double number);

// Appends a number as an element, rounded to the nearest, ties to the even one. false: the type is not one of real
// numbers, or has no such number.
bool czm_number_put(czm_buffer *buffer, czm_dtype dtype, double number);

#endif
