// SPDX-License-Identifier: Apache-2.0
//
// Single numbers of the element types that Keras' files and our constants have.
#ifndef CZM_KERAS_NUMBER_H
#define CZM_KERAS_NUMBER_H

#include "codec/hdf5.h"
#include "op/number.h"

// The value of an element of a dataset; opaque elements of two bytes are bfloat16. 0: not supported.
double czm_keras_number_read(czm_hdf5_type type, const uint8_t *element);

#endif
