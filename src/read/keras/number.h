// SPDX-License-Identifier: Apache-2.0
//
// Single numbers of the element types that Keras' files and our constants have.
#ifndef CZM_KERAS_NUMBER_H
#define CZM_KERAS_NUMBER_H

#include "codec/hdf5.h"
#include "op/number.h"

// The number that an element of a dataset is; opaque ones of two bytes are bfloat16. 0: of no use.
double czm_keras_number_read(czm_hdf5_type type, const uint8_t *element);

#endif
