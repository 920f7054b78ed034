// SPDX-License-Identifier: Apache-2.0
//
// Element types and attributes of ONNX models; see onnx.h.
#include "write/onnx/onnx.h"

int czm_onnx_dtype(czm_dtype dtype) {
    bool is_number = dtype != CZM_DTYPE_STRING && dtype != CZM_DTYPE_COMPLEX64 &&
                     dtype != CZM_DTYPE_COMPLEX128;
    return czm_dtype_in_onnx(czm_dtype_is_floating(dtype) ? CZM_DTYPE_FLOAT
                             : is_number                  ? dtype
                                                          : CZM_DTYPE_NONE);
}

size_t czm_onnx_element_size(czm_dtype dtype) {
    return czm_dtype_is_floating(dtype) ? sizeof(float) : czm_dtype_size(dtype);
}

int64_t czm_onnx_weight_count(const czm_onnx_weight *weight) {
    int64_t count = 1;
    for (int i = 0; i < weight->rank; i++) count *= weight->dims[i];
    return count;
}
