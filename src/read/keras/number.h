// SPDX-License-Identifier: Apache-2.0
//
// Single numbers of the element types that Keras' files and our constants have.
#ifndef CZM_KERAS_NUMBER_H
#define CZM_KERAS_NUMBER_H

#include "codec/hdf5.h"
#include "codec/wire.h"
#include "op/dtype.h"

// The number that an element of a dataset is; opaque ones of two bytes are bfloat16. 0: of no use.
double czm_number_read(czm_hdf5_type type, const uint8_t *element);

// Appends a number as an element of a constant, rounded to the nearest. false: not a plain number.
bool czm_number_put(czm_buffer *buffer, czm_dtype dtype, double value);

#endif
