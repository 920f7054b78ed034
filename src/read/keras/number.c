// SPDX-License-Identifier: Apache-2.0
//
// Numbers of HDF5; see number.h.
#include "read/keras/number.h"

static czm_dtype dtype_of(czm_hdf5_type type) {
    if (type.class == CZM_HDF5_SIGNED) return CZM_DTYPE_INT64;
    if (type.class == CZM_HDF5_UNSIGNED) return CZM_DTYPE_UINT64;
    if (type.class == CZM_HDF5_OPAQUE) return CZM_DTYPE_BFLOAT16;
    if (type.class != CZM_HDF5_FLOAT) return CZM_DTYPE_NONE;
    return type.size == 8 ? CZM_DTYPE_DOUBLE : type.size == 4 ? CZM_DTYPE_FLOAT : CZM_DTYPE_HALF;
}

double czm_keras_number_read(czm_hdf5_type type, const uint8_t *element) {
    uint8_t bytes[8] = {0}; // little-endian
    double number = 0;
    if (type.size == 0 || type.size > sizeof bytes) return 0;
    for (size_t i = 0; i < type.size; i++)
        bytes[i] = element[type.is_big_endian ? type.size - 1 - i : i];
    bool is_negative = type.class == CZM_HDF5_SIGNED && bytes[type.size - 1] >> 7;
    for (size_t i = type.size; i < sizeof bytes && is_negative; i++) bytes[i] = 0xff;
    return czm_number_read(dtype_of(type), bytes, &number) ? number : 0;
}
